/* server.h: servers come and go: by name, with their link and their sources. */
#ifndef SERVERS_SERVER_H
#define SERVERS_SERVER_H

#include "backends/base/err.h"
#include "backends/store/store.h"

/* Opens the server called by dest: the NAME of a [server NAME] section, a Host of ssh_config,
 * "[user@]host[:port]", or "local" or its host name for this machine. Makes its link and its
 * sources and connects. One that is there already is retried. NULL and err when dest cannot be a
 * server. */
struct server *server_open(struct store *, const char *dest, struct err *);

/* A server with its row and its sources; the caller makes its link. */
struct server *server_add(struct store *, const char *name);

/* A backend's question to the user; ask_answer removes it. */
void server_ask(struct server *, struct ask *);
/* Not needed any more: forgets and frees it unanswered. */
void server_ask_drop(struct server *, struct ask *);

/* Disconnects it and forgets its rows. */
void server_close(struct server *);

/* What another room knows about the health of a server. */
struct server_opinion {
	enum health about; /* asked where the link alone says HEALTH_GOOD, or HEALTH_BAD */
	/* True: it has something to say, in why (at most SERVER_OPINION_MAX bytes). About
	 * HEALTH_GOOD the server then needs attention; about HEALTH_BAD the phrase is added to the
	 * link's. */
	bool (*say)(const struct server *, char *why, size_t size);
};
#define SERVER_OPINION_MAX 256
/* Ends at .say NULL. backends.c */
extern const struct server_opinion server_opinions[];

/* Asks everything again: a lost link is tried now, a live one fetches all lists again. */
void server_refresh(struct server *);

/* "local" and all [server] sections that are not switched off. */
void servers_open_configured(struct store *);

/* Other settings from now on, which the store keeps; those before it lets go: what is read at its
 * use counts at once; servers take what their section says of protect, units and sudo. Sections
 * that the settings before did not have are opened when open_new. */
void servers_reconfigure(struct store *, const struct settings *, bool open_new);

/* Every plain Host of ssh_config (no pattern, no duplicate), its Includes too; returns how many. */
size_t servers_open_all_hosts(struct store *, struct err *);

/* Calls each with every one of those names, until the file ends; a name that stands there twice
 * comes twice. Returns how many each called good; 0 and err: there is none. */
size_t hosts_each(const struct settings *, bool (*each)(const char *name, void *arg), void *arg,
                  struct err *);

/* --- this machine's names: local_names.c --------------------------------- */
struct server_config;
bool here_is(const struct settings *,
             const char *word); /* "local", its host name, or its [server] section */
/* what its ids begin with; the caller frees it */
char *here_name(const struct settings *);
/* the [server] section of this machine; NULL */
const struct server_config *here_section(const struct settings *);
/* server_ops.is_called */
bool local_name_is_called(const struct server *, const char *word);

#endif
