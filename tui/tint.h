/* tint.h: a server that must be told apart, such as production, looks different wherever its name
 * stands: a # before the name, and a colour (`tint` in [server NAME] or [tag NAME]). */
#ifndef TUI_TINT_H
#define TUI_TINT_H

#include <stddef.h>

#include "backends/store/store.h"
#include "tui/canvas.h"

#define TINT_NAME 160

/* TONE_PLAIN: none. server may be NULL. */
enum tone tint_of(const struct server *);
/* Writes the name with its sign, "#pi" or "pi", into buf (TINT_NAME bytes) and returns buf. */
const char *tint_name(const struct server *, char *buf);
/* Tints the name where it first stands in a text that was drawn at y, x. */
void tint_drawn(const struct server *, const struct canvas *, int y, int x, const char *text);

#endif
