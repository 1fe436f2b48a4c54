/* backoff.h: pauses between tries of what keeps failing. Each pause is twice the last one. */
#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H

#include <stdint.h>

/* Zeroed is ready: nothing failed yet. */
struct backoff {
	unsigned fails; /* in a row */
};
/* The pause in ms after a failure, which is counted: least_ms for the first one, twice that for the
 * next, never more than most_ms. Any number of failures is fine. */
int64_t backoff_ms(struct backoff *, int64_t least_ms, int64_t most_ms);
void backoff_reset(struct backoff *); /* after a success */

#endif
