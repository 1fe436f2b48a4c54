/* fold.h: rows of a pane under head lines, one for each tag of the servers ("@prod").
 *
 * A server belongs to the first of its tags; servers without a tag come last. A head is a struct
 * row outside the store, as a remembered row is: no id leads to it, and no count knows it. What
 * works on marked rows works on all rows under a head. Which panes are folded, and which heads are
 * closed, look.c keeps in the state folder. */
#ifndef TUI_FOLD_H
#define TUI_FOLD_H

#include <stdbool.h>
#include <stddef.h>

struct action;
struct buf;
struct cell;
struct console;
struct pane;
struct row;

/* Puts the sorted rows of the pane under their heads. Call it for a pane with pane->fold. */
void fold_arrange(struct console *, struct pane *);
/* The rows of the pane are about to be freed: the heads must not lead to them. */
void fold_clear(struct pane *);
void fold_finish(struct pane *);

bool row_is_head(const struct row *);
/* "- @prod  3 up, 1 down, 2 need you": the line of a head. */
void fold_cell(const struct row *head, struct cell *);
/* "sese, pi, seko": the names of the servers under a head. */
void fold_names(const struct row *head, struct cell *);
/* The head under the cursor of the focused pane; NULL: another row, or a view is open. */
const struct row *fold_at(struct console *);
/* The rows under a head, without those that are only remembered. Returns how many. */
size_t fold_rows(struct console *, const struct row *head, struct row **out, size_t max);
/* How many rows are under all heads of the pane. */
size_t fold_count(const struct pane *);
/* Opens the head of the row; row NULL: all heads. */
void fold_open(struct pane *, const struct row *);

/* For the table: the rows under a head, borrowed; 0 for any other row. */
size_t fold_under(const struct row *, const struct row *const **rows);
/* Does what the action means on the head under the cursor. False: it means nothing there. */
bool fold_take(struct console *, const struct action *);

/* [o] and [M-o]. */
void fold_toggle(struct console *);
void fold_cycle(struct console *);

/* The line of the file "look": "fold fleet @prod @home", the pane and its closed heads. */
void fold_write(const struct pane *, struct buf *);
void fold_read(struct pane *, const char *tags);

#endif
