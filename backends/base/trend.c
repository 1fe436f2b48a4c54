/* trend.c: see trend.h. */
#include "backends/base/trend.h"

/* Both hold for times before the clock began: an hour back from a machine that just started. */
static int64_t trend_step(int64_t ms)
{
	return ms / TREND_STEP_MS - (ms % TREND_STEP_MS < 0);
}

static size_t trend_place(int64_t step)
{
	return (size_t)((step % TREND_POINTS + TREND_POINTS) % TREND_POINTS);
}

void trend_add(struct trend *t, int64_t now_ms, double value)
{
	int64_t step = trend_step(now_ms);
	if (!(value >= 0) || (t->newest && step < t->step))
		return;
	if (!t->newest || step > t->step) {
		/* Makes the steps between the newest one and this one unknown. */
		int64_t first = step - TREND_POINTS + 1;
		if (t->newest && t->step >= first)
			first = t->step + 1;
		for (int64_t i = first; i <= step; i++)
			t->points[trend_place(i)] = -1;
		t->step = step;
		t->sum = 0;
		t->newest = 0;
	}
	t->sum += value;
	t->newest++;
	t->points[trend_place(step)] = (float)(t->sum / t->newest);
}

size_t trend_read(const struct trend *t, int64_t now_ms, float *out)
{
	int64_t last = trend_step(now_ms);
	size_t known = 0;
	for (int i = 0; i < TREND_POINTS; i++) {
		int64_t step = last - TREND_POINTS + 1 + i;
		out[i] = -1;
		if (t->newest && step <= t->step && t->step - step < TREND_POINTS)
			out[i] = t->points[trend_place(step)];
		known += out[i] >= 0;
	}
	return known;
}
