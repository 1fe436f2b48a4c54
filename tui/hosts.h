/* hosts.h: offers the hosts of the user's ssh_config. Those chosen are kept in the configuration
 * and connected, and a box then says which of them answer. */
#ifndef TUI_HOSTS_H
#define TUI_HOSTS_H

struct console;

/* At a start without a configuration: opens the list of hosts, or says how to add a server. */
void hosts_first(struct console *);
/* Opens the list, or says that there is none. */
void hosts_open(struct console *);
/* Something changed in the store: the chosen hosts may have answered. */
void hosts_changed(struct console *);
void hosts_finish(struct console *);

#endif
