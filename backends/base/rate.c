/* rate.c: see rate.h. */
#include "backends/base/rate.h"

#include <stdbool.h>

#define RATE_STEP_US ((int64_t)RATE_STEP_S * 1000000)

void rate_add(struct rate *r, int64_t time_us, int64_t now_us)
{
	int64_t step = time_us / RATE_STEP_US;
	bool early = r->newest && step <= r->newest - RATE_POINTS;
	if (early || step <= 0 || step >= now_us / RATE_STEP_US + RATE_POINTS)
		return;
	if (!r->newest)
		r->first = r->newest = step;
	/* steps without an event between the newest one and this */
	int64_t gap = step - r->newest;
	for (int64_t i = 1; i <= gap && i <= RATE_POINTS; i++)
		r->counts[(r->newest + i) % RATE_POINTS] = 0;
	r->newest = step > r->newest ? step : r->newest;
	r->first = step < r->first ? step : r->first;
	r->counts[step % RATE_POINTS]++;
}

double rate_read(const struct rate *r, int64_t now_us, float *out)
{
	int64_t end = now_us / RATE_STEP_US;
	/* a clock that is a little ahead of ours */
	if (r->newest > end && r->newest < end + RATE_POINTS)
		end = r->newest;
	for (int64_t i = 0; i < RATE_POINTS; i++) {
		int64_t step = end - RATE_POINTS + 1 + i;
		out[i] = 0;
		if (!r->newest || step < r->first)
			out[i] = -1;
		else if (step <= r->newest && step > r->newest - RATE_POINTS)
			out[i] = (float)r->counts[step % RATE_POINTS] / RATE_STEP_S;
	}
	if (out[RATE_POINTS - 1] < 0)
		return -1;
	/* the newest step is not over; the one before it makes a minute of it, if it is known */
	double part = (double)(now_us % RATE_STEP_US) / 1000000;
	if (end != now_us / RATE_STEP_US || part < 1)
		part = 1;
	double events = (double)out[RATE_POINTS - 1] * RATE_STEP_S, seconds = part;
	if (out[RATE_POINTS - 2] >= 0) {
		events += (double)out[RATE_POINTS - 2] * RATE_STEP_S;
		seconds += RATE_STEP_S;
	}
	return events / seconds;
}
