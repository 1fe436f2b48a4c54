#include "backends/logs/when.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backends/base/mem.h"
#include "backends/logs/stamp.h"

#define DAY_MS 86400000
#define DIGITS_MAX 6

/* Reads "1h30m" as ms. -1: not a time span. */
static int64_t when_span(const char *s)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {
		{ 's', 1000 },
		{ 'm', 60000 },
		{ 'h', 3600000 },
		{ 'd', DAY_MS },
		{ 'w', 7 * (int64_t)DAY_MS },
	};
	int64_t sum = 0;
	if (!*s)
		return -1;
	while (*s) {
		int64_t n = 0, unit = 0;
		int digits = 0;
		for (; isdigit((unsigned char)*s) && digits < DIGITS_MAX; s++, digits++)
			n = n * 10 + (*s - '0');
		for (size_t i = 0; i < ARRAY_LEN(units); i++)
			if (units[i].unit == *s)
				unit = units[i].ms;
		if (!digits || !unit)
			return -1;
		sum += n * unit;
		s++;
	}
	return sum;
}

static bool when_clock_time(const char *text, int64_t now_ms, int64_t *wall_ms)
{
	int hour, minute, second = 0, end = 0;
	char rest;
	time_t now = (time_t)(now_ms / 1000);
	struct tm tm;
	if (sscanf(text, "%2d:%2d%n", &hour, &minute, &end) != 2 || !end)
		return false;
	if (text[end] && sscanf(text + end, ":%2d%c", &second, &rest) != 1)
		return false;
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
		return false;
	localtime_r(&now, &tm);
	tm.tm_hour = hour;
	tm.tm_min = minute;
	tm.tm_sec = second;
	tm.tm_isdst = -1;
	*wall_ms = (int64_t)mktime(&tm) * 1000;
	if (*wall_ms > now_ms) /* later than now: take yesterday */
		*wall_ms -= DAY_MS;
	return true;
}

bool when_parse(const char *text, int64_t now_ms, int64_t *wall_ms)
{
	text += strspn(text, " ");
	int64_t ago = when_span(text + (*text == '-'));
	if (ago >= 0) {
		*wall_ms = now_ms - ago;
		return true;
	}
	*wall_ms = stamp_find(text, strlen(text), (struct zone){ .known = false }) / 1000;
	return *wall_ms > 0 || when_clock_time(text, now_ms, wall_ms);
}
