/* sockets.h: which of the sockets that sources look for are there on a server.
 *
 * sshd writes "error: connect to ... failed" into its server's journal for every forwarded socket
 * that it cannot open. So the shell of the vitals, which is open anyway, looks first: with builtins
 * at the login, and with every sample after that. A source opens a socket only when server_socket
 * says so, and hears by its backend's sockets() when more is known.
 *
 * Where no shell ever answered (a login without one) each socket is tried once, and one that failed
 * is left alone until the user refreshes. Where a shell has answered before and is lost, all are
 * tried again after 5 minutes, then 10, at the latest after each hour, until it answers again. What
 * was seen of a server before is believed until its shell speaks, so that a start takes no round
 * trip longer; $XDG_STATE_HOME/mocr/sockets keeps it for the next console. */
#ifndef VITALS_SOCKETS_H
#define VITALS_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"

struct server;

enum socket_id {
	SOCKET_DOCKER,
	SOCKET_DOCKER_USER,
	SOCKET_PODMAN,
	SOCKET_PODMAN_USER,
	SOCKET_BUS,
	SOCKET_BUS_USER,
	SOCKET_TAILSCALE,
	SOCKET_IDS
};

enum socket_say {
	SOCKET_WAIT, /* not known yet: sockets() will be called */
	/* there is none, or nobody listens there: sockets() will be called when that changes */
	SOCKET_ABSENT,
	SOCKET_DENIED, /* it is there, and this login may not connect */
	SOCKET_OPEN    /* it may be opened; on this machine always, as a try leaves no trace here */
};
enum socket_say server_socket(const struct server *, enum socket_id);
/* Whether that is the path which the shell looks at: a user's socket may be elsewhere, as
 * DOCKER_HOST says. */
bool server_socket_is_told(const struct server *, enum socket_id, const char *path);

/* no shell answers there: every try is a guess */
bool server_sockets_untellable(const struct server *);

/* Asks the shell whether anybody listens, before a try that may be in vain; sockets() of all
 * sources is called with its answer. False: no shell can be asked, or its last sample said already
 * that the socket is not there. */
bool server_sockets_ask(struct server *, enum socket_id);

/* A try of a socket that server_socket called open was in vain, or (worked) what it led to has
 * ended. It counts as absent until the shell sees that somebody listens. One that worked is tried
 * again after five minutes all the same: the kernel's list does not name sockets that come from
 * another namespace, as in a container. */
void server_socket_failed(struct server *, enum socket_id, bool worked);

/* --- for the vitals and server.c ----------------------------------------- */
void server_sockets_up(struct server *); /* the link came up: nothing is told yet */
void server_sockets_down(struct server *);
void server_sockets_forgive(struct server *); /* the user wants all tried again */
void server_sockets_feed(struct server *, const char *lines,
                         size_t len);         /* "docker ready\n..." as the shell wrote it */
void server_sockets_unknown(struct server *); /* the shell cannot tell, or not now */
void server_sockets_free(struct server *);

/* until the first such try, in ms; tests shorten it */
extern int64_t sockets_lost_ms;

#endif
