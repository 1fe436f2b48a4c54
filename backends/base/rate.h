/* rate.h: how many events came in each half minute of the last hour, for graphs. A ring of fixed
 * size in memory only. Events carry their own times, which may be late or out of order. */
#ifndef BASE_RATE_H
#define BASE_RATE_H

#include <stddef.h>
#include <stdint.h>

#define RATE_POINTS 120
#define RATE_STEP_S 30

/* Zeroed: no event yet. */
struct rate {
	uint32_t counts[RATE_POINTS]; /* by step modulo RATE_POINTS */
	/* steps since 1970 of the earliest and the newest event; 0: none */
	int64_t first, newest;
};

/* Counts an event of that wall clock time, us. One that is an hour older than the newest counts
 * nothing, nor does one that is an hour ahead of now. */
void rate_add(struct rate *, int64_t time_us, int64_t now_us);
/* Writes the events per second of each step of the hour that ends now, oldest first. Before the
 * first event nothing is known: below 0. out has RATE_POINTS. Returns the events per second of the
 * last minute; below 0: nothing is known. */
double rate_read(const struct rate *, int64_t now_us, float *out);

#endif
