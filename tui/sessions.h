/* sessions.h: what the console asks before an action on a session: the answer to what it asks, a
 * prompt, a title. */
#ifndef TUI_SESSIONS_H
#define TUI_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/store/action.h"

/* Opens the box in which the action's words are given; it goes on to order_begin_rows. False: it
 * needs none. */
bool sessions_ask(struct console *, const struct action *, struct row **, size_t n);
/* Can the row be attached to? Sessions and panes, not the server that serves them. */
bool session_attachable(const struct row *);
/* Enter on a session: what it asks is answered, else it is read. */
bool session_open(struct console *, struct row *);
void session_show_children(struct console *);
void session_show_all(struct console *);
/* The store changed: names that a line waits for may have come. */
void sessions_names_came(struct console *);
/* The end of what is shown of a conversation was reached: older ones are asked for; false: there
 * are none. */
bool session_show_older(struct console *, struct row *);

#endif
