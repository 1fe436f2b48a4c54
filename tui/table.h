/* table.h: rows in columns, the widget of most panes.
 *
 * The table keeps its cursor and marks by row id, never by index or pointer. The rows are borrowed.
 * After each change of the store, call table_set_rows before any key or drawing, with filtered and
 * sorted rows. table_filter and table_sort prepare them. */
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
#define TABLE_KEEP_MS 30000  /* a column keeps the width of a vanished text that long */
#define TABLE_BRIEF_CELLS 60 /* below this width a panel's brief is drawn */

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

struct table *table_create(const struct panel *); /* borrows a constant panel */
void table_destroy(struct table *);               /* NULL is fine */

/* Keeps the matching rows in the array, in order, and returns how many. A row's text is its id, its
 * name, its cells and its why. */
size_t table_filter(const struct table *, const struct fuzzy *, const struct row **rows, size_t n);
bool table_row_matches(const struct table *, const struct fuzzy *, const struct row *);
/* Sorts rows by the chosen column, else by the panel's order, else worst first and then by name.
 * Equal rows are sorted by id. */
void table_sort(const struct table *, const struct row **rows, size_t n);
/* In sorted rows: is the changed row at index still in order with its neighbours? */
bool table_in_order(const struct table *, const struct row *const *rows, size_t n, size_t index);
/* In sorted rows: the index at which to insert the row. */
size_t table_place(const struct table *, const struct row *const *rows, size_t n,
                   const struct row *);
/* the chosen column is sorted by the text of its cells */
bool table_sorts_by_text(const struct table *);
/* Lends rows to the table. The array and the rows belong to the caller and must live until the next
 * table_set_rows. n 0 returns them. The cursor follows its row's id. If that row is gone, the
 * cursor keeps its index. */
void table_set_rows(struct table *, const struct row *const *rows, size_t n);
/* The same after a few rows came, left or moved. changes: these rows. Unlike table_set_rows it
 * keeps what is known about stale rows. */
void table_move_rows(struct table *, const struct row *const *rows, size_t n,
                     const struct row *const *changes, size_t n_changes);
size_t table_count(const struct table *);

/* Promise of the caller to call table_set_rows when a link or source changes. The table then checks
 * for stale rows once per table_set_rows, not per drawing. */
void table_lent_on_change(struct table *);

/* The cursor. */
const struct row *table_cursor(const struct table *); /* NULL: no rows */
const char *table_cursor_id(const struct table *);    /* "": none */
size_t table_index(const struct table *);             /* from 0 */
bool table_seek(struct table *, const char *id);      /* false: no such row now */
void table_move(struct table *, enum table_move);
/* Moves the cursor to the row that the last drawing has on that line of its canvas. False: none. */
bool table_click(struct table *, int line);
/* The move of a key by table_actions; false: none. */
bool table_move_of(const struct key *, enum table_move *);
/* Handles the keys of every table. True: handled. */
bool table_key(struct table *, const struct key *);

/* Marks. They stay while a filter hides their rows. */
void table_mark(struct table *, const char *id, bool on);
bool table_marked(const struct table *, const char *id);
/* The same of a row. A head (fold.h) is marked when all live rows under it are, and it has one. A
 * row that is only remembered is never marked. */
bool table_row_marked(const struct table *, const struct row *);
/* toggles the mark at the cursor, then moves down */
void table_mark_toggle(struct table *);
/* marks all rows that are shown; when all of them are marked, takes these marks away */
void table_mark_shown(struct table *);
void table_marks_clear(struct table *);
/* returns the number of marks; ids are borrowed until the marks change */
size_t table_marks(const struct table *, const char **ids, size_t max);

/* Sorts by the next (+1) or previous (-1) visible column. The panel's own order is one of the
 * steps. table_sort_reverse reverses the order. */
void table_sort_step(struct table *, int step);
void table_sort_reverse(struct table *);
/* NULL: the panel's order; false: no such column */
bool table_sort_by(struct table *, const char *column, bool reverse);
bool table_sort_is_reversed(const struct table *);
const char *table_sort_name(const struct table *); /* NULL: the panel's order */

/* Draws matches of the filter in TONE_MATCH. Copied; NULL: none. */
void table_set_match(struct table *, const struct fuzzy *);
/* Hides a redundant column, such as the server's name inside a server. */
void table_hide(struct table *, const char *column, bool hidden);
/* Shows these columns only, in this order; names are separated by blanks or commas. The glyph of
 * the health comes first unless it is named, and the age of stale rows stays at the end. On a
 * narrow screen those that come first stay longest. NULL or "": the panel's own. False: a name is
 * unknown, which is copied to bad (size bytes); nothing changes. */
bool table_choose_columns(struct table *, const char *names, char *bad, size_t size);
/* The name of the column at index, and whether the user wants it; false: no such column. The age of
 * stale rows is none of these. */
bool table_column(const struct table *, size_t index, const char **name, bool *shown);
const char *table_column_title(const struct table *, size_t index);
bool table_columns_chosen(const struct table *); /* the user chose them */
/* The next name of a list with blanks or commas. False: the end. */
bool table_next_name(const char **names, char *name, size_t size);
/* measures the widths again (after a change of view) */
void table_columns_reset(struct table *);

/* Draws head and rows. The head is left out on one or two lines. focused: this pane has the keys.
 *
 * A column without a title and with max 1 is a glyph. An empty column with min 0 takes no space.
 * The table draws the glyph and the age of a brief row. Stale rows (row_stale) are dim. A column is
 * as wide as its content. It grows at once, and shrinks TABLE_KEEP_MS after its widest text has
 * gone. */
void table_draw(struct table *, const struct canvas *, bool focused);
/* for later drawings; default: with a head */
void table_without_head(struct table *, bool);
/* for later drawings: the last line ends with the number of the rows below it, "+3 more" */
void table_says_more(struct table *, bool);
/* Writes the cells of the cursor's row that the last drawing cut or dropped: "image nginx:1.27 ·
 * ports 80". False: none. */
bool table_left_out(const struct table *, struct cell *);
/* Rows of the last drawing, for store_shown: top .. top+shown-1 of the array. */
size_t table_top(const struct table *);
size_t table_shown(const struct table *);
/* Wall clock, ms, when a cell of the last drawing changes with time (ages); 0 never. */
int64_t table_changes_ms(const struct table *);

#endif
