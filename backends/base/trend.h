/* trend.h: one figure over the last hour, for graphs. A ring of fixed size in memory only.
 *
 * Time is cut into steps of TREND_STEP_MS. A point is the mean of the values that came in its step.
 * A step without a value stays unknown, so a gap is seen as a gap. */
#ifndef BASE_TREND_H
#define BASE_TREND_H

#include <stddef.h>
#include <stdint.h>

#define TREND_POINTS 120
#define TREND_STEP_MS 30000

/* Zeroed: no value yet. */
struct trend {
	float points[TREND_POINTS]; /* by step modulo TREND_POINTS; below 0: unknown */
	int64_t step;               /* of the newest point; valid when newest is above 0 */
	double sum;                 /* of the values of the newest step */
	unsigned newest;            /* how many values; 0: none ever came */
};

/* Adds a value at that time of a clock that never goes back, ms. Below 0 is unknown and adds
 * nothing. */
void trend_add(struct trend *, int64_t now_ms, double value);
/* Writes the points of the hour that ends now, oldest first; below 0: unknown. out has
 * TREND_POINTS. Returns how many of them are known. */
size_t trend_read(const struct trend *, int64_t now_ms, float *out);

#endif
