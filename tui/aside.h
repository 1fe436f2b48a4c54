/* aside.h: setting conditions of the queue "Needs you" aside, and the one that waits longest. */
#ifndef TUI_ASIDE_H
#define TUI_ASIDE_H

#include "tui/console_internal.h"

bool aside_applies(const struct row *);   /* the row has a condition */
void aside_acknowledge(struct console *); /* until it changes; what is set aside comes back */
/* On a head of that name: asks, then acknowledges what stands in the queue now, of the marked rows,
 * else of those under the head. */
void aside_ask(struct console *, const char *head);
void aside_snooze(struct console *);      /* opens the menu of times */
void aside_go_to_longest(struct console *);
/* Goes to a row that needs the user, and says why: "2 of 5: pi broken.service: exit code 1". */
void aside_go_to(struct console *, const struct row *, const char *which);
/* Shows what is set aside in the pane of the needs, or hides it again. */
void aside_toggle(struct console *, struct pane *);
/* "2 are set aside: ! shows them." Nothing when there are none. */
void aside_say(const struct console *, const struct server *, char *buf, size_t size);

#endif
