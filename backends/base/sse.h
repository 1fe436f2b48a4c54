/* sse.h: a parser for server-sent events (text/event-stream of the WHATWG HTML standard). The
 * stream may be cut into pieces anywhere. Pure. */
#ifndef BASE_SSE_H
#define BASE_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"

#define SSE_LINE_MAX (256u << 10)

/* A zeroed struct is valid. */
struct sse {
	struct buf line, data;
	char event[48];
	bool after_cr, skip, begun; /* skip: the line is too long, ignore it to its end */
};
/* event: "message" if the event has no name. data: NUL-ended, not washed, borrowed. The callback
 * must not call sse_finish. */
typedef void sse_fn(const char *event, const char *data, size_t len, void *arg);
void sse_feed(struct sse *, const char *bytes, size_t len, sse_fn *, void *arg);
/* drops an unfinished event; the struct stays usable */
void sse_finish(struct sse *);

#endif
