/* relay.h: presents a stream of a link as a file descriptor, for libraries that need one.
 *
 * The library gets one end of a socketpair. The relay copies bytes both ways between the other end
 * and the stream. Each direction pauses when the receiver's buffers are full, so nothing grows
 * here. */
#ifndef LINK_RELAY_H
#define LINK_RELAY_H

#include "backends/link/link.h"

struct relay;

/* The server ended the stream; the relay is freed afterwards. complaint is the command's stderr, or
 * "". */
typedef void relay_closed(const struct stream_end *, const char *complaint, void *arg);

/* Inspects bytes before the library gets them. False: drop them; the relay may be closed already.
 * NULL is fine. */
typedef bool relay_inspect(const char *bytes, size_t len, void *arg);

/* Opens endpoint on link. *fd becomes the library's end, non-blocking and close-on-exec; the caller
 * closes it. NULL and err when the endpoint is impossible at once. closed is never called inside
 * this call. */
struct relay *relay_open(struct link *, const struct endpoint *, int *fd, relay_inspect *,
                         relay_closed *, void *arg, struct err *);
void relay_close(struct relay *); /* NULL is fine; closed is not called */

#endif
