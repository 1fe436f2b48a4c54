/* sse.h: server-sent events out of bytes as they come, cut anywhere. Pure. */
#ifndef BASE_SSE_H
#define BASE_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"

#define SSE_LINE_MAX (256u << 10)

/* Zeroed is ready. */
struct sse {
	struct buf line, data;
	char event[48];
	bool after_cr, skip, begun; /* skip: this line is too long: up to its end */
};
/* event: "message" when it has no name. data: NUL-ended, not washed, borrowed. It must not end the
 * sse. */
typedef void sse_fn(const char *event, const char *data, size_t len, void *arg);
void sse_feed(struct sse *, const char *bytes, size_t len, sse_fn *, void *arg);
/* what was not ended by an empty line is no event; ready again */
void sse_finish(struct sse *);

#endif
