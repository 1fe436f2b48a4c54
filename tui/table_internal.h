/* table_internal.h: what table.c (selection, marks, order) and table_draw.c (widths, cells) share.
 */
#ifndef TUI_TABLE_INTERNAL_H
#define TUI_TABLE_INTERNAL_H

#include <uthash.h>

#include "tui/table.h"

struct mark {
	UT_hash_handle hh;
	char id[];
};

struct table {
	const struct panel *panel; /* borrowed */
	size_t n_columns;
	const struct row *const *rows; /* borrowed until the next table_set_rows; NULL: let go */
	size_t n;

	char *cursor_id;    /* owned; NULL none */
	size_t index;       /* of the cursor */
	struct mark *marks; /* owned set */

	int sort; /* column; -1: as the panel orders it */
	bool reverse;
	struct fuzzy match;
	bool hidden[TABLE_COLUMNS_MAX];
	bool headless; /* rows alone */

	/* From the last drawing. */
	size_t top, page;                   /* rows on the screen: top .. top + page - 1 */
	int drawn[TABLE_COLUMNS_MAX];       /* cells it had; 0: not drawn */
	int seen[TABLE_COLUMNS_MAX];        /* its widest text, in cells, */
	int64_t seen_ms[TABLE_COLUMNS_MAX]; /* and the wall clock when a text was last as wide */
	bool lent_on_change;                /* table_lent_on_change */
	bool age_known, any_old;            /* a row is old; known since table_set_rows */
	int64_t aged_ms;                    /* wall clock when a row was stale last; 0: none was */
	int64_t changes_ms;
	struct cell *cells; /* page * n_columns, owned, reused */
	size_t cells_cap;
};

bool table_sort_descending(const struct table *); /* of the chosen column, reversal included */

#endif
