/* server.h: open, close and configure servers by name, with their link and their sources. */
#ifndef SERVERS_SERVER_H
#define SERVERS_SERVER_H

#include "backends/base/err.h"
#include "backends/store/store.h"

/* Opens the server that dest names. dest is the NAME of a [server NAME] section, a Host of
 * ssh_config, or "[user@]host[:port]". "local" and this machine's host name mean this machine.
 *
 * Makes the link and the sources, and connects. If the server is already open, retries it. NULL and
 * err: dest is no valid server. */
struct server *server_open(struct store *, const char *dest, struct err *);

/* Adds a server with its row and its sources. The caller makes the link. */
struct server *server_add(struct store *, const char *name);

/* Shows a backend's question to the user. ask_answer removes it. */
void server_ask(struct server *, struct ask *);
/* Removes and frees a question that is no longer needed, unanswered. */
void server_ask_drop(struct server *, struct ask *);

/* Disconnects the server and removes its rows. */
void server_close(struct server *);

/* What another room adds to the health of a server. */
struct server_opinion {
	/* called if the health by the link alone is this: HEALTH_GOOD or HEALTH_BAD */
	enum health about;
	/* True: why has a phrase (at most SERVER_OPINION_MAX bytes). If about is HEALTH_GOOD, the
	 * server then needs attention. If about is HEALTH_BAD, the phrase stands before the
	 * link's sentence. */
	bool (*say)(const struct server *, char *why, size_t size);
};
#define SERVER_OPINION_MAX 256
/* Ends at .say NULL. Defined in backends.c. */
extern const struct server_opinion server_opinions[];

/* Fetches everything again. A lost link reconnects now, and a live link fetches all lists. */
void server_refresh(struct server *);

/* Opens "local" and all [server] sections that are not switched off. */
void servers_open_configured(struct store *);

/* Replaces the settings. The store keeps the new ones and releases the old ones. Values that are
 * read at each use change at once. Servers update protect, units and sudo from their section.
 * open_new: also opens sections that the old settings did not have. */
void servers_reconfigure(struct store *, const struct settings *, bool open_new);

/* Opens every plain Host of ssh_config(5) (no pattern, no duplicate), also of included files.
 * Returns their number. */
size_t servers_open_all_hosts(struct store *, struct err *);

/* Calls each for every one of those names, in order. A duplicate name comes twice. Returns how
 * often each returned true. 0 and err: no name, or the file cannot be read. */
size_t hosts_each(const struct settings *, bool (*each)(const char *name, void *arg), void *arg,
                  struct err *);

/* The hosts of ssh_config that could be watched, too: each plain Host once, in order, without the
 * sections of the configuration, the open servers and this machine. The caller frees the names and
 * the array. NULL: none. */
char **hosts_unwatched(const struct store *, size_t *n);

/* The name of a section, a Host or a server that a mistyped name is most like. The caller frees
 * it. NULL: none is like it. */
char *hosts_nearest(const struct store *, const char *name);

/* --- this machine's names: local_names.c --------------------------------- */
struct server_config;
/* Whether word is "local", this machine's host name, or its [server] section. */
bool here_is(const struct settings *, const char *word);
/* prefix of its ids; the caller frees it */
char *here_name(const struct settings *);
/* the [server] section of this machine; NULL: none */
const struct server_config *here_section(const struct settings *);
/* the [server NAME] section; NULL: none */
const struct server_config *server_section(const struct settings *, const char *name);
/* server_ops.is_called */
bool local_name_is_called(const struct server *, const char *word);

#endif
