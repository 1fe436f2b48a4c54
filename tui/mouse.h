/* mouse.h: what the mouse does (`mouse = yes`): a click gives a pane the keys and moves its cursor,
 * or takes a panel from the bar; the wheel scrolls what is under it; borders between panes are
 * dragged. */
#ifndef TUI_MOUSE_H
#define TUI_MOUSE_H

#include "tui/console_internal.h"

/* asks the terminal for the mouse, or gives it back */
void mouse_use(struct console *, bool on);
void mouse_take(struct console *, const struct mouse *);

#endif
