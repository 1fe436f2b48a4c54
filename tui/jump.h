/* jump.h: the box that goes anywhere by a few letters: to a server, to a row of any panel, to a
 * panel, or to something that can be done now. */
#ifndef TUI_JUMP_H
#define TUI_JUMP_H

struct console;

/* Opens the box. What it went to before comes first, then what needs the user, then the rest by
 * name. "server:sese", "kind:unit" and "state:bad" narrow the list. */
void jump_open(struct console *);
/* Frees what the box keeps between two uses. */
void jump_finish(struct console *);

#endif
