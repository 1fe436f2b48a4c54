/* relay.h: a stream of a link as a file descriptor, for libraries that want one.
 *
 * One end of a socketpair is the library's, the other is pumped to the stream, both ways. Each
 * direction stops where the other side's buffers end: nothing grows here. */
#ifndef LINK_RELAY_H
#define LINK_RELAY_H

#include "backends/link/link.h"

struct relay;

/* The far side ended it: complaint is what a command said on stderr, "" when nothing. The relay is
 * gone after that. */
typedef void relay_closed(const struct stream_end *, const char *complaint, void *arg);

/* Sees the bytes that come before the library does. False: they are not passed on, and the relay
 * may be closed already. NULL is fine. */
typedef bool relay_look(const char *bytes, size_t len, void *arg);

/* Opens endpoint on link. *fd gets the library's end, non-blocking and close-on-exec, which is the
 * caller's to close. NULL and err when it is impossible at once; closed never comes from inside
 * this call. */
struct relay *relay_open(struct link *, const struct endpoint *, int *fd, relay_look *,
                         relay_closed *, void *arg, struct err *);
void relay_close(struct relay *); /* NULL is fine; tells nothing */

#endif
