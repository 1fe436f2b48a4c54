/* hours.c: spans of minutes of a day, which may go over midnight. */
#include "backends/notify/hours.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY 1440

struct span {
	int from, to; /* minutes of the day */
};

/* Reads the next span of text and moves past it. False: no span is left, or it is wrong (then
 * *text is not at the end). */
static bool hours_next(const char **text, struct span *span)
{
	int h1, m1, h2, m2, n = 0;
	const char *at = *text + strspn(*text, " ");
	*text = at;
	if (sscanf(at, "%2d:%2d-%2d:%2d%n", &h1, &m1, &h2, &m2, &n) != 4 || !n)
		return false;
	if (at[n] && at[n] != ' ')
		return false;
	if (h1 < 0 || h1 > 24 || h2 < 0 || h2 > 24 || m1 < 0 || m1 > 59 || m2 < 0 || m2 > 59)
		return false;
	*span = (struct span){ (h1 * 60 + m1) % DAY, (h2 * 60 + m2) % DAY };
	*text = at + n;
	return true;
}

bool hours_are_good(const char *text)
{
	struct span span;
	while (hours_next(&text, &span))
		;
	return !*text;
}

int64_t hours_left_ms(const char *text, int64_t wall_ms)
{
	int64_t left = 0;
	struct span span;
	struct tm tm;
	time_t at = (time_t)(wall_ms / 1000);
	localtime_r(&at, &tm);
	int now = tm.tm_hour * 60 + tm.tm_min;
	while (text && hours_next(&text, &span)) {
		bool over_midnight = span.from >= span.to;
		bool after = now >= span.from, before = now < span.to;
		if (over_midnight ? !after && !before : !after || !before)
			continue;
		int minutes = (span.to - now + DAY) % DAY;
		int64_t ms = 60000 * (int64_t)(minutes ? minutes : DAY) - wall_ms % 60000;
		left = ms > left ? ms : left;
	}
	return left;
}

bool hours_are_quiet(const char *text, int64_t wall_ms)
{
	return hours_left_ms(text, wall_ms) > 0;
}
