/* remember.h: what a console keeps for the next one: where the user was, and the last known rows.
 *
 * The file is XDG_STATE_HOME/mocr/last, lines of fields between tabs, mode 0600. It is written when
 * a console ends, and of two consoles the last to end wins. Texts are masked as in a recording. Of
 * rows that hold what people said (panel_keeps of panel.h) neither name nor reason is kept.
 *
 * A remembered row is a struct row outside the store: no id leads to it, it has no action, and no
 * count knows it. It stands in its pane, dim and with its age, behind the live rows, until its
 * source has answered or its server is gone. A source that fails from the beginning has not
 * answered. The row of a server is live from the start: what its cells said last stands in those
 * that are still unknown. */
#ifndef TUI_REMEMBER_H
#define TUI_REMEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cell;
struct console;
struct pane;
struct column;
struct panel;
struct row;
struct server;

#define REMEMBER_ROWS 2000            /* most rows in the file, the worst of each panel first */
#define REMEMBER_BYTES (512u << 10) /* most bytes of the file */

/* Reads the file and puts the user back where he was. The console writes it when it ends. Does
 * nothing with remember = no, or where no state is kept. */
void remember_start(struct console *);
void remember_save(struct console *);
void remember_finish(struct console *);

/* at_ms: wall clock, when the row was last known; may be NULL. */
bool row_is_remembered(const struct row *, int64_t *at_ms);
/* Fills the cell of a column of the panel: a live one or the text of last time. */
void row_cell(const struct panel *, const struct column *, const struct row *, struct cell *);
/* The one line of a remembered row for a narrow pane. False: the row is live. */
bool remember_brief(const struct panel *, const struct row *, struct cell *);
/* Did the last console know the server, and has nothing been heard of it since? *at_ms (may be
 * NULL): wall clock, when it was last known. */
bool remember_of_server(const struct server *, int64_t *at_ms);
/* Writes its one line for a narrow pane. False: none is known. */
bool remember_server_brief(const struct server *, struct cell *);
/* "caddy.service, as of 2h ago: ...". False: the row is live. */
bool remember_says(const struct row *, struct cell *);

/* Adds the rows of the pane that nothing live has replaced to its array, by push. server NULL: all.
 * Sets pane->remembered. */
void remember_gather(struct console *, struct pane *,
                     void (*push)(struct pane *, const struct row *));
/* " · as of 2h ago" for the pane's title; "" without remembered rows. */
void remember_title(const struct pane *, char *buf, size_t size);
/* The server is about to be freed. True: rows of it were remembered, and are forgotten. */
bool remember_row_gone(const struct row *);
/* Compares two rows of which one is remembered at least: live rows first, then as last time. */
int remember_order(const struct row *, const struct row *);

#endif
