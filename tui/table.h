/* table.h: rows in columns: the widget of most panes.
 *
 * It keeps a selection and marks by the ids of rows, never by line numbers or pointers. The rows
 * themselves are lent: after every change of the store and before any key or drawing,
 * table_set_rows gives them again, filtered and ordered (table_filter and table_sort do both).
 * Nothing of a row is kept but its id. */
#ifndef TUI_TABLE_H
#define TUI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tui/canvas.h"
#include "tui/fuzzy.h"
#include "tui/keys.h"
#include "tui/panel.h"

#define TABLE_COLUMNS_MAX 32
#define TABLE_KEEP_MS 30000  /* how long a column keeps the width of a text that has gone */
#define TABLE_BRIEF_CELLS 60 /* narrower than this a panel's brief is used */

struct table;

enum table_move {
	TABLE_UP,
	TABLE_DOWN,
	TABLE_FIRST,
	TABLE_LAST,
	TABLE_PAGE_UP,
	TABLE_PAGE_DOWN,
	TABLE_HALF_UP,
	TABLE_HALF_DOWN
};

struct table *table_create(const struct panel *); /* borrowed: const data */
void table_destroy(struct table *);               /* NULL is fine */

/* Keeps in rows (in place, order kept) those that match, and returns how many. The text of a row is
 * its id, its cells and its why. */
size_t table_filter(const struct table *, const struct fuzzy *, const struct row **rows, size_t n);
bool table_row_matches(const struct table *, const struct fuzzy *, const struct row *);
/* Orders rows by the chosen column, else by the panel's order, else worst first and then by name.
 * Stable: equal rows go by id. */
void table_sort(const struct table *, const struct row **rows, size_t n);
/* Of rows in order, the one at index changed: it still belongs there. */
bool table_in_order(const struct table *, const struct row *const *rows, size_t n, size_t index);
/* Of rows in order: the index before which the row belongs. */
size_t table_place(const struct table *, const struct row *const *rows, size_t n,
                   const struct row *);
/* the chosen column has no order but that of its cells */
bool table_sorts_by_text(const struct table *);
/* Lends the rows: the array is the caller's and must live (with its rows) until the next
 * table_set_rows; n 0 lets go. The cursor follows its row's id; when that row is gone it stays at
 * the same place in the list. */
void table_set_rows(struct table *, const struct row *const *rows, size_t n);
/* The same after a few rows came, left or moved: those are changes. Whether the rest is old is
 * known. */
void table_move_rows(struct table *, const struct row *const *rows, size_t n,
                     const struct row *const *changes, size_t n_changes);
size_t table_count(const struct table *);

/* Whoever lends the rows does so again when a link or a source changes: until then, whether one is
 * old is asked once. */
void table_lent_on_change(struct table *);

/* The cursor. */
const struct row *table_cursor(const struct table *); /* NULL: no rows */
const char *table_cursor_id(const struct table *);    /* "": none */
size_t table_index(const struct table *);             /* from 0 */
bool table_seek(struct table *, const char *id);      /* false: no such row now */
void table_move(struct table *, enum table_move);
/* The keys every table knows (j k arrows g G Home End PgUp PgDn C-d C-u C-f C-b): true: it was one.
 */
bool table_key(struct table *, const struct key *);

/* Marks. They stay while a filter hides their rows. */
void table_mark(struct table *, const char *id, bool on);
bool table_marked(const struct table *, const char *id);
/* of the cursor's row, which then goes one down */
void table_mark_toggle(struct table *);
void table_marks_clear(struct table *);
/* returns how many there are; borrowed until changed */
size_t table_marks(const struct table *, const char **ids, size_t max);

/* Sorting: the next (+1) or previous (-1) of the columns shown, through "as the panel orders it";
 * reverse turns it. */
void table_sort_step(struct table *, int step);
void table_sort_reverse(struct table *);
/* NULL: as the panel orders it; false: no such */
bool table_sort_by(struct table *, const char *column, bool reverse);
const char *table_sort_name(const struct table *); /* NULL: as the panel orders it */

/* What of the filter's pattern is in a cell is drawn in TONE_MATCH. Copied; NULL: nothing. */
void table_set_match(struct table *, const struct fuzzy *);
/* A column that says nothing in this place can be hidden: the server's, inside a server. */
void table_hide(struct table *, const char *column, bool hidden);
/* widths are measured again (another view) */
void table_columns_reset(struct table *);

/* A column without a title, of max 1, is a glyph; one of min 0 that says nothing takes no place. In
 * a brief row the glyph and, at the end, the age are drawn by the table. Rows that are stale
 * (row_stale) are drawn dim. A column is as wide as what stands in it now. It grows at once and
 * shrinks TABLE_KEEP_MS after its widest text has gone. Draws head and rows, or rows alone when the
 * canvas is one or two lines high, or without a head. focused: this pane has the keys. */
void table_draw(struct table *, const struct canvas *, bool focused);
/* for the next drawings; at first there is one */
void table_without_head(struct table *, bool);
/* Writes what the last drawing left out of the cursor's row, or cut: "image nginx:1.27 · ports 80".
 * False: nothing. */
bool table_left_out(const struct table *, struct cell *);
/* What the last drawing showed, for store_shown: rows top .. top+shown-1 of the array. */
size_t table_top(const struct table *);
size_t table_shown(const struct table *);
/* Wall clock at which some cell of the last drawing will read differently by itself (ages); 0:
 * never. */
int64_t table_changes_ms(const struct table *);

#endif
