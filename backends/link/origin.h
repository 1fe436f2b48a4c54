/* origin.h: internals of an origin, shared by http.c and origin*.c. */
#ifndef LINK_ORIGIN_H
#define LINK_ORIGIN_H

#include "backends/link/http.h"
#include "backends/link/loop.h"

#define ORIGIN_ENDPOINTS_MAX 4
#define ORIGIN_EXEC_MAX \
	5 /* parallel commands on an exec endpoint; sshd's MaxSessions is 10 in total */

struct origin_relay;

struct origin {
	struct http *http;                               /* borrowed */
	struct loop *loop;                               /* borrowed */
	struct link *link;                               /* borrowed */
	struct endpoint endpoints[ORIGIN_ENDPOINTS_MAX]; /* strings are copies */
	struct err why[ORIGIN_ENDPOINTS_MAX];            /* why that endpoint did not open */
	size_t n, at;    /* endpoints[at] is in use or being tried */
	size_t first;    /* the first endpoint that may be tried */
	bool decided;    /* endpoints[at] answered once */
	struct err err;  /* why no endpoint opened */
	struct err last; /* error of the last failed connection */
	/* the private folder and the socket in it; owned; NULL until needed */
	char *dir, *path;
	int fd; /* listening socket; -1 */
	struct loop_io *io;
	struct origin_relay *relays;
};

/* Returns the Unix socket for curl to connect to. NULL and err when no endpoint is left. */
const char *origin_socket(struct origin *, struct err *);

/* Accepts the connections at listener and relays them to the server. Closes connections that ours
 * rejects. */
void origin_accept(struct origin *, int listener, bool (*ours)(int fd));

/* The folder number i, from 0, that may hold the private folder: $XDG_RUNTIME_DIR, $TMPDIR or /tmp.
 * NULL when unset. */
#define ORIGIN_BASES 3
const char *origin_base(size_t i);

/* In origin_sweep.c: removes what killed consoles left in a base folder; NULL is fine. Reads the
 * folder once and never waits for a process. */
void origin_sweep(const char *base);

/* In origin_port.c: the origin is destroyed; the program ends. */
void origin_ports_gone(struct origin *);
void http_ports_end(struct http *);

/* Does each connection cost a command on the server, or is that still possible? */
bool origin_is_exec_only(const struct origin *);

/* In http.c: ends the calls of an origin without calling done. */
void http_drop_calls(struct http *, const struct origin *);
struct loop *http_loop(const struct http *);
struct origin_port **http_ports(struct http *);

#endif
