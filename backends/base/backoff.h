/* backoff.h: growing pauses between retries. Each pause is twice the last one. */
#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H

#include <stdint.h>

/* A zeroed struct is valid: no failure yet. */
struct backoff {
	unsigned fails; /* in a row */
};
/* Counts a failure and returns the pause in ms. The first pause is least_ms. Each further one is
 * twice as long, at most most_ms. Any number of failures is fine. */
int64_t backoff_ms(struct backoff *, int64_t least_ms, int64_t most_ms);
void backoff_reset(struct backoff *); /* after a success */

#endif
