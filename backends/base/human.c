#include "backends/base/human.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backends/base/mem.h"

static const struct unit {
	int64_t ms;
	const char *name;
} units[] = {
	{ 7 * 86400000LL, "w" }, { 86400000LL, "d" }, { 3600000LL, "h" },
	{ 60000LL, "m" },        { 1000LL, "s" },
};

char *human_age(char *buf, int64_t ms)
{
	if (ms < 0)
		return strcpy(buf, "-");
	/* The best unit for ms. Units from an hour up are used from twice their size on, so that
	 * 34h stays 34h and 48h is 2d. */
	const struct unit *u = &units[ARRAY_LEN(units) - 1];
	for (size_t i = 0; i + 1 < ARRAY_LEN(units); i++)
		if (ms >= units[i].ms * (units[i].ms > 60000 ? 2 : 1)) {
			u = &units[i];
			break;
		}
	snprintf(buf, HUMAN_SIZE, "%lld%s", (long long)(ms / u->ms), u->name);
	return buf;
}

char *human_span(char *buf, int64_t ms)
{
	if (ms < 0)
		return strcpy(buf, "-");
	for (size_t i = 0; i + 1 < ARRAY_LEN(units); i++) {
		if (ms < units[i].ms)
			continue;
		int64_t rest = ms % units[i].ms / units[i + 1].ms;
		int n = snprintf(buf, HUMAN_SIZE, "%lld%s", (long long)(ms / units[i].ms),
		                 units[i].name);
		if (rest)
			snprintf(buf + n, (size_t)(HUMAN_SIZE - n), " %lld%s", (long long)rest,
			         units[i + 1].name);
		return buf;
	}
	snprintf(buf, HUMAN_SIZE, "%llds", (long long)(ms / 1000));
	return buf;
}

char *human_bytes(char *buf, uint64_t bytes)
{
	static const char names[] = "\0KMGTPE";
	size_t i = 0;
	double v = (double)bytes;
	while (v >= 999.5 && i < 6) {
		v /= 1024;
		i++;
	}
	snprintf(buf, HUMAN_SIZE, i && v < 9.95 ? "%.1f%.1s" : "%.0f%.1s", v, names + i);
	return buf;
}

char *human_rate(char *buf, double per_s)
{
	static const char *const names[] = { "", "k", "M", "G", "T" };
	size_t i = 0;
	if (per_s < 0)
		return strcpy(buf, "-");
	while (per_s >= 999.5 && i + 1 < ARRAY_LEN(names)) {
		per_s /= 1000;
		i++;
	}
	snprintf(buf, HUMAN_SIZE, i && per_s < 9.95 ? "%.1f%s/s" : "%.0f%s/s", per_s, names[i]);
	return buf;
}

char *human_clock(char *buf, int64_t wall_ms)
{
	time_t t = (time_t)(wall_ms / 1000);
	struct tm tm;
	localtime_r(&t, &tm);
	strftime(buf, HUMAN_SIZE, "%H:%M:%S", &tm);
	return buf;
}

static int64_t human_clock_ms(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t wall_offset; /* from the machine's clock to a replay's clock */

int64_t now_wall_ms(void)
{
	return human_clock_ms(CLOCK_REALTIME) + wall_offset;
}

void now_wall_set(int64_t wall_ms)
{
	wall_offset = wall_ms ? wall_ms - human_clock_ms(CLOCK_REALTIME) : 0;
}

int64_t now_mono_ms(void)
{
	return human_clock_ms(CLOCK_BOOTTIME);
}

int64_t parse_rfc3339_ms(const char *s)
{
	struct tm tm = { 0 };
	int n = 0;
	if (!s ||
	    sscanf(s, "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
	           &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &n) != 6 ||
	    !n || tm.tm_year < 1970)
		return -1;
	s += n;
	int64_t ms = 0, scale = 100;
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++, scale /= 10)
			ms += (*s - '0') * scale;
	int hours = 0, minutes = 0;
	if (*s == '+' || *s == '-') {
		if (sscanf(s + 1, "%2d:%2d", &hours, &minutes) != 2)
			return -1;
		if (*s == '-') {
			hours = -hours;
			minutes = -minutes;
		}
	} else if (*s != 'Z' && *s != 'z') {
		return -1;
	}
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return ((int64_t)timegm(&tm) - hours * 3600 - minutes * 60) * 1000 + ms;
}
