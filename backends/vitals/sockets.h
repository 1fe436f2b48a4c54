/* sockets.h: which of the sockets that sources look for exist on a server.
 *
 * sshd logs "error: connect to ... failed" in its server's journal for every forwarded socket that
 * it cannot open. To avoid these lines, the shell of the vitals checks first, since it is open
 * anyway. It checks with builtins at login and with every sample. A source opens a socket only if
 * server_socket returns SOCKET_OPEN. A backend's sockets() is called when more is known.
 *
 * Some logins have no shell that ever answered. Then each socket is tried once, and after a failure
 * only when the user refreshes. A shell may also be lost after it has answered. Then all sockets
 * are tried again after 5 minutes, then 10, with pauses of up to an hour. The retries end when the
 * shell answers again.
 *
 * A start trusts the last known state until the shell reports, which saves a round trip. The file
 * $XDG_STATE_HOME/mocr/sockets keeps that state for the next console. */
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
	SOCKET_WAIT, /* not known yet; sockets() will be called */
	/* missing, or nobody listens; sockets() will be called when that changes */
	SOCKET_ABSENT,
	SOCKET_STOPPED, /* as absent, but server_socket_is_set_up: engines only */
	SOCKET_DENIED, /* exists, but this login may not connect */
	/* may be opened; always so on this machine, where a failed try leaves no trace */
	SOCKET_OPEN
};
enum socket_say server_socket(const struct server *, enum socket_id);
/* Whether path is the path that the shell checks. A user's socket may be elsewhere, by
 * DOCKER_HOST. */
bool server_socket_is_told(const struct server *, enum socket_id, const char *path);

/* Whether the shell saw that a container engine is meant to run: its socket's file exists, or
 * systemd starts its unit at boot. If nobody listens, that engine is stopped and not absent. A unit
 * that is disabled or masked does not count. Podman's packages install units that few servers use.
 * False for the sockets of other programs. */
bool server_socket_is_set_up(const struct server *, enum socket_id);

/* no shell answers: every try is a guess */
bool server_sockets_untellable(const struct server *);

/* Asks the shell whether anybody listens, before a try that may fail. The sockets() of all sources
 * is called with the answer. False: no shell can be asked, or its last sample already said that the
 * socket does not exist. */
bool server_sockets_ask(struct server *, enum socket_id);

/* Reports that opening a SOCKET_OPEN socket failed, or (worked) that a working connection has
 * ended. The socket counts as absent until the shell sees a listener. If worked, the socket is also
 * tried again after five minutes. The reason is that the kernel's list omits sockets of another
 * namespace, as in a container. */
void server_socket_failed(struct server *, enum socket_id, bool worked);

/* --- for the vitals and server.c ----------------------------------------- */
void server_sockets_up(struct server *); /* the link came up: the shell has not reported yet */
void server_sockets_down(struct server *);
void server_sockets_forgive(struct server *); /* the user wants to retry all sockets */
/* Takes the shell's lines: "docker ready\n...". */
void server_sockets_feed(struct server *, const char *lines, size_t len);
void server_sockets_unknown(struct server *); /* the shell cannot report sockets, or not now */
void server_sockets_free(struct server *);

/* ms until the first retry after the shell was lost; tests shorten it */
extern int64_t sockets_lost_ms;

#endif
