/* peek.h: a pane beside the list that follows the cursor, for panels that fill it
 * (panel_extra.peek).
 *
 * It takes its place from the focused pane: the right half where the screen is wide, else the lower
 * half. Keys stay those of the list. */
#ifndef TUI_PEEK_H
#define TUI_PEEK_H

#include "tui/console_internal.h"

struct peek;
void peek_toggle(struct console *);
/* Takes the place from the focused pane of the layout. Call after layout(). */
void peek_lay_out(struct console *);
void peek_draw(struct console *);
void peek_destroy(struct peek *); /* NULL is fine */

#endif
