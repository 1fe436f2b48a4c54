/* lately.h: what a check keeps of its runs: the last latencies, and how many of the last 24 hours
 * were good. A fixed size for each check. Pure: the caller passes the time. */
#ifndef CHECKS_LATELY_H
#define CHECKS_LATELY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LATELY_LINE 30  /* latencies kept */
#define LATELY_SLOTS 96 /* of 15 minutes: 24 hours */
#define LATELY_SLOT_MS (15 * 60 * 1000)

/* Zeroed: no run yet. */
struct lately {
	float line[LATELY_LINE]; /* ms; ring; below 0: a bad run */
	size_t n, next;
	struct {
		uint16_t good, all;
	} slots[LATELY_SLOTS]; /* by number modulo LATELY_SLOTS */
	int64_t newest;        /* number of the newest slot, plus 1; 0 none */
};

/* now_ms: a monotonic clock. */
void lately_add(struct lately *, int64_t now_ms, bool good, double ms);
/* Runs of the last 24 hours, to the quarter of an hour. Returns how many; *good of them were good.
 */
unsigned lately_count(const struct lately *, int64_t now_ms, unsigned *good);
/* What a slot holds, for a file that outlives the program. slot: of lately_slot, within the last 24
 * hours; *start_ms: when it began, on the clock of now_ms. False: no run. */
int64_t lately_slot(int64_t now_ms);
bool lately_at(const struct lately *, int64_t slot, int64_t *start_ms, unsigned *good,
               unsigned *all);
/* Puts such a slot back, instead of what is known of that quarter of an hour. start_ms may lie
 * before the beginning of the clock. One that is no longer, or not yet, of the last 24 hours is
 * left out. */
void lately_restore(struct lately *, int64_t now_ms, int64_t start_ms, unsigned good, unsigned all);
/* The last latencies, oldest first, into out (at most max). Returns how many. */
size_t lately_line(const struct lately *, float *out, size_t max);

#endif
