/* table_internal.h: shared by table.c (cursor, marks, order), table_columns.c (which columns) and
 * table_draw.c (widths, cells). */
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
	/* the panel's columns in the order of the user; those that he left out come last */
	struct column columns[TABLE_COLUMNS_MAX];
	bool off[TABLE_COLUMNS_MAX]; /* left out */
	size_t n_columns;
	const struct row *const *rows; /* borrowed until the next table_set_rows; NULL: none */
	size_t n;

	char *cursor_id;    /* owned; NULL none */
	size_t index;       /* index of the cursor */
	struct mark *marks; /* owned set */

	int sort; /* index of the column; -1: the panel's order */
	bool reverse;
	struct fuzzy match;
	bool hidden[TABLE_COLUMNS_MAX];
	bool headless;  /* no head */
	bool says_more; /* set by table_says_more */

	/* From the last drawing. */
	size_t top, page;                   /* rows on the screen: top .. top + page - 1 */
	int head;                           /* lines of the head above them */
	int drawn[TABLE_COLUMNS_MAX];       /* width in cells; 0: not drawn */
	int seen[TABLE_COLUMNS_MAX];        /* width of its widest text, in cells */
	int64_t seen_ms[TABLE_COLUMNS_MAX]; /* wall clock, ms, when a text was last that wide */
	/* are there stale rows? Looked for at each drawing, or after table_lent_on_change once */
	enum { OLD_EACH_TIME, OLD_UNKNOWN, OLD_NONE, OLD_SOME } old;
	int64_t aged_ms; /* wall clock, ms, when some row was last stale; 0: never */
	int64_t changes_ms;
	struct cell *cells; /* page * n_columns, owned, reused */
	size_t cells_cap;
};

/* Takes the panel's own columns. In table_columns.c. */
void table_columns_default(struct table *);
/* Neither hidden as redundant nor left out by the user. */
bool table_has_column(const struct table *, size_t i);
/* order of the chosen column, including the reversal */
bool table_sort_descending(const struct table *);

#endif
