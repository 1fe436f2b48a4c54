/* sessions.h: input boxes for actions on sessions: answers, prompts, titles. */
#ifndef TUI_SESSIONS_H
#define TUI_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/store/action.h"

/* Opens the input box for the action. The box later calls order_begin_rows. False: the action needs
 * no input. */
bool sessions_ask(struct console *, const struct action *, struct row **, size_t n);
/* Can the terminal attach to the row? True for sessions and tmux panes on a live link. False for
 * the row of the OpenCode server itself. */
bool session_attachable(const struct row *);
/* Enter on a session: answers its request. False: the session asks nothing. */
bool session_open(struct console *, struct row *);
void session_show_children(struct console *);
void session_show_all(struct console *);
/* Call when the store changed: names for a waiting completion may have arrived. */
void sessions_names_came(struct console *);
/* Call at the top of a conversation: fetches older messages. False: there are none. */
bool session_show_older(struct console *, struct row *);

#endif
