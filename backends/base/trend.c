/* trend.c: see trend.h. */
#include "backends/base/trend.h"

static float *trend_point(struct trend *t, int64_t step)
{
	return &t->points[step % TREND_POINTS];
}

void trend_add(struct trend *t, int64_t now_ms, double value)
{
	int64_t step = now_ms / TREND_STEP_MS;
	if (!(value >= 0) || now_ms < 0 || (t->newest && step < t->step))
		return;
	if (!t->newest || step > t->step) {
		/* Makes the steps between the newest one and this one unknown. */
		int64_t first = t->newest ? t->step + 1 : step - TREND_POINTS + 1;
		if (step - first >= TREND_POINTS)
			first = step - TREND_POINTS + 1;
		for (int64_t i = first < 0 ? 0 : first; i <= step; i++)
			*trend_point(t, i) = -1;
		if (!t->newest && step < TREND_POINTS)
			for (int64_t i = step + 1; i < TREND_POINTS; i++)
				*trend_point(t, i) = -1;
		t->step = step;
		t->sum = 0;
		t->newest = 0;
	}
	t->sum += value;
	t->newest++;
	*trend_point(t, step) = (float)(t->sum / t->newest);
}

size_t trend_read(const struct trend *t, int64_t now_ms, float *out)
{
	int64_t last = now_ms / TREND_STEP_MS;
	size_t known = 0;
	for (int i = 0; i < TREND_POINTS; i++) {
		int64_t step = last - TREND_POINTS + 1 + i;
		out[i] = -1;
		if (t->newest && step >= 0 && step <= t->step && t->step - step < TREND_POINTS)
			out[i] = t->points[step % TREND_POINTS];
		known += out[i] >= 0;
	}
	return known;
}
