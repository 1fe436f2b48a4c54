/* beside.h: the details of the row under the cursor, drawn beside the lists (LAYOUT_AS_BESIDE).
 * They are made once the cursor rests, because the details of some rows ask their server for
 * more. */
#ifndef TUI_BESIDE_H
#define TUI_BESIDE_H

#include "tui/console_internal.h"

#define BESIDE_REST_MS 300

void beside_draw(struct console *, const struct canvas *);
void beside_finish(struct console *);

#endif
