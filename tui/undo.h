/* undo.h: takes back the last change of place: of the pane, the server, a filter, "problems only",
 * an order, zoom, or a jump to another row. */
#ifndef TUI_UNDO_H
#define TUI_UNDO_H

#include <stdbool.h>
#include <stddef.h>

struct console;
struct undo;

/* Call after each key. Notes a change of place once no line, box or view is open. */
void undo_note(struct console *);
/* Goes back to the place before. Says so when there is none. */
void undo_step(struct console *);
void undo_finish(struct console *);

#endif
