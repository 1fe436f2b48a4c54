/* cause.h: one cause, one row in the queue. While a server is not connected, the old faults on it
 * fold under its row. A server that is reached through another one folds under that, while that one
 * is down: ProxyJump of ssh_config, parent of its section, or a route of the VPN.
 * While a source is silent, as a container engine that was stopped, the old faults that it reported
 * fold under the row of that source. */
#ifndef STORE_CAUSE_H
#define STORE_CAUSE_H

#include "backends/store/store.h"

/* Cannot be reached. A server that asks, or that was disconnected here, is not down. */
bool server_is_down(const struct server *);
/* The server that explains why this one is down: the farthest on its way that is down, too. NULL:
 * there is none. */
const struct server *cause_of(const struct server *);
/* The VPN of this machine reaches the server through the server called hub, by route; "" none. */
void cause_set_hub(struct server *, const char *hub, const char *route);
/* Whether the server is behind another one because the VPN reaches it through that: hub and
 * hub_route. */
bool cause_is_hub(const struct server *);
/* Whether the condition of the row is explained by another row: facts from before the link was
 * lost, or a server behind one that is down. */
bool cause_folds(const struct row *);
/* The id of the row that explains a row with NEED_FOLDED. The caller frees it. */
char *cause_id(const struct row *);
/* How many servers fold under this one. */
size_t cause_behind(const struct server *);
/* "down since 14:03, 31 things on it unknown, 2 servers behind it". False: it is not down, or hides
 * nothing. */
bool cause_says(const struct server *, char *buf, size_t size);
/* The source under whose own row this row folds: the source as a whole fell silent or refuses, and
 * has such a row. NULL: none. */
const struct source *cause_source_of(const struct row *);
/* "stopped since 14:03, 12 containers unknown". False: no row of it is old. */
bool cause_source_says(const struct source *, char *buf, size_t size);

#endif
