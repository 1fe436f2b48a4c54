/* origin.h: what http.c and origin.c share: the way to one HTTP server through a link. */
#ifndef LINK_ORIGIN_H
#define LINK_ORIGIN_H

#include "backends/link/http.h"
#include "backends/link/loop.h"

#define ORIGIN_ENDPOINTS_MAX 4
#define ORIGIN_EXEC_MAX \
	5 /* commands at once on an exec endpoint: sshd's MaxSessions is 10 for everything */

struct relay;

struct origin {
	struct http *http;                               /* borrowed */
	struct loop *loop;                               /* borrowed */
	struct link *link;                               /* borrowed */
	struct endpoint endpoints[ORIGIN_ENDPOINTS_MAX]; /* with strings of our own */
	struct err why[ORIGIN_ENDPOINTS_MAX];            /* why that endpoint did not open */
	size_t n, at;    /* endpoints[at] is the one in use or tried now */
	size_t first;    /* the first endpoint that may be tried */
	bool decided;    /* endpoints[at] answered once */
	struct err err;  /* why none opened */
	struct err last; /* how the last connection ended badly */
	/* the private folder and the socket in it; owned; NULL until needed */
	char *dir, *path;
	int fd; /* listening; -1 */
	struct loop_io *io;
	struct relay *relays;
};

/* The Unix socket that leads to the server now, for curl to connect to; NULL and err when no
 * endpoint is left. */
const char *origin_socket(struct origin *, struct err *);

/* The connections that arrived at listener are led to the server, those that are not ours closed.
 */
void origin_accept(struct origin *, int listener, bool (*ours)(int fd));

/* Of origin_port.c: the origin goes; and the program ends. */
void origin_ports_gone(struct origin *);
void http_ports_end(struct http *);

/* Does each connection cost a command on the server, or may it yet? */
bool origin_is_exec_only(const struct origin *);

/* Of http.c: ends the calls of a origin without telling. */
void http_drop_calls(struct http *, const struct origin *);
struct loop *http_loop(const struct http *);
struct origin_port **http_ports(struct http *);

#endif
