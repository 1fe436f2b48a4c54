/* door.h: what http.c and door.c share: the way to one HTTP server through a link. */
#ifndef LINK_DOOR_H
#define LINK_DOOR_H

#include "backends/link/http.h"
#include "backends/link/loop.h"

#define DOOR_ROADS_MAX 4
#define DOOR_EXEC_MAX 5      /* commands at once on an exec road: sshd's MaxSessions is 10 for everything */

struct pump;

struct door {
	struct http *http;               /* borrowed */
	struct loop *loop;               /* borrowed */
	struct link *link;               /* borrowed */
	struct road roads[DOOR_ROADS_MAX]; /* with strings of our own */
	struct err why[DOOR_ROADS_MAX];  /* why that road did not open */
	size_t n, at;                    /* roads[at] is the one in use or tried now */
	size_t first;                    /* the first road that may be tried */
	bool decided;                    /* roads[at] answered once */
	struct err err;                  /* why none opened */
	struct err last;                 /* how the last connection ended badly */
	char *dir, *path;                /* the private folder and the socket in it; owned; NULL until needed */
	int fd;                          /* listening; -1 */
	struct loop_io *io;
	struct pump *pumps;
};

/* The Unix socket that leads to the server now, for curl to connect to; NULL and err when no road is left. */
const char *door_socket(struct door *, struct err *);

/* The connections that arrived at listener are led to the server, those that are not ours closed. */
void door_accept(struct door *, int listener, bool (*ours)(int fd));

/* Of door_port.c: the door goes; and the program ends. */
void door_ports_gone(struct door *);
void http_ports_end(struct http *);

/* Does each connection cost a command on the server, or may it yet? */
bool door_is_narrow(const struct door *);

/* Of http.c: ends the calls of a door without telling. */
void http_drop_calls(struct http *, const struct door *);
struct loop *http_loop(const struct http *);
struct door_port **http_ports(struct http *);

#endif
