#include "backends/logs/stamp.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "backends/base/human.h"
#include "backends/logs/fold.h"

/* Reads n digits. -1 if any is not a digit. */
static int stamp_digits(const char *s, int n)
{
	int value = 0;
	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		value = value * 10 + (s[i] - '0');
	}
	return value;
}

/* Days since 1970 of a Gregorian date. Years begin in March here, so that the leap day comes
 * last. */
static int64_t stamp_days(int year, int month, int day)
{
	year -= month <= 2;
	int64_t era = year / 400, of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Reads "YYYY-MM-DD?HH:MM:SS" as seconds, without a zone. -1: not a date. */
static int64_t stamp_date_time(const char *s)
{
	int year = stamp_digits(s, 4), month = stamp_digits(s + 5, 2), day = stamp_digits(s + 8, 2);
	int hour = stamp_digits(s + 11, 2), minute = stamp_digits(s + 14, 2),
	    second = stamp_digits(s + 17, 2);
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 ||
	    hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 ||
	    (s[4] != '-' && s[4] != '/') || s[7] != s[4] || s[13] != ':' || s[16] != ':')
		return -1;
	return stamp_days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
}

#define DATE_TIME 19

#define EAST_MOST 14 /* hours; used in Kiribati */
/* Reads "+0200" and "+02:00". False: not an offset. */
static bool stamp_offset_of(const char *p, const char *end, int *east_s)
{
	if (end - p < 5 || (*p != '+' && *p != '-'))
		return false;
	bool colon = p[3] == ':';
	int hours = stamp_digits(p + 1, 2), minutes = -1;
	if (!colon)
		minutes = stamp_digits(p + 3, 2);
	else if (end - p >= 6)
		minutes = stamp_digits(p + 4, 2);
	*east_s = (*p == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return hours >= 0 && hours <= EAST_MOST && minutes >= 0 && minutes < 60;
}

/* Seconds since 1970, in 2262: later nanoseconds do not fit. A day is left for the zone. */
#define LATEST_NS_S (INT64_MAX / 1000000000 - 86400)

int64_t stamp_utc_ns(const char *text, size_t len)
{
	int64_t s = len > DATE_TIME && text[10] == 'T' ? stamp_date_time(text) : -1, ns = 0,
		unit = 100000000;
	size_t i = DATE_TIME;
	if (s < 0 || s > LATEST_NS_S)
		return 0;
	if (text[i] == '.')
		for (i++; i < len && text[i] >= '0' && text[i] <= '9'; i++, unit /= 10)
			ns += (text[i] - '0') * unit;
	if (i + 1 == len && text[i] == 'Z')
		return s * 1000000000 + ns;
	int east_s;
	bool offset = i + 6 == len && text[i + 3] == ':' &&
	              stamp_offset_of(text + i, text + len, &east_s);
	return offset ? (s - east_s) * 1000000000 + ns : 0;
}

static int64_t stamp_in_zone(int64_t wall, struct zone zone)
{
	if (zone.known)
		return wall - zone.east_s;
	time_t t = (time_t)wall;
	struct tm tm;
	gmtime_r(&t, &tm);
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm);
}

struct zone zone_parse(const char *text)
{
	struct zone z = { 0 };
	z.known = stamp_offset_of(text, text + strlen(text), &z.east_s);
	return z;
}

/* Reads what follows the seconds: a fraction and a zone. */
static int64_t stamp_with_rest(int64_t s, const char *p, const char *end, struct zone zone)
{
	int64_t us = 0, unit = 100000;
	int east_s;
	if (p < end && (*p == '.' || *p == ','))
		for (p++; p < end && *p >= '0' && *p <= '9'; p++, unit /= 10)
			us += (*p - '0') * unit;
	if (p < end && *p == 'Z')
		return s * 1000000 + us;
	if (p < end && (*p == '+' || *p == '-'))
		return stamp_offset_of(p, end, &east_s) ? (s - east_s) * 1000000 + us : 0;
	if (p < end && *p == ' ' && stamp_offset_of(p + 1, end, &east_s))
		return (s - east_s) * 1000000 + us;
	return stamp_in_zone(s, zone) * 1000000 + us;
}

static int stamp_month_of(const char *p)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	for (int i = 0; i < 12; i++)
		if (memcmp(names + 3 * i, p, 3) == 0)
			return i + 1;
	return 0;
}

static int64_t stamp_clock_of(const char *p)
{
	int hour = stamp_digits(p, 2), minute = stamp_digits(p + 3, 2),
	    second = stamp_digits(p + 6, 2);
	return p[2] != ':' || p[5] != ':' || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
	                       second < 0 || second > 60
	               ? -1
	               : hour * 3600 + minute * 60 + second;
}

#define SYSLOG 15 /* "Nov  1 14:02:58" */
/* syslog has no year. Takes the last such day, with a day of tolerance for clocks and zones. */
static int64_t stamp_syslog_time(const char *p, const char *end, struct zone zone)
{
	int month = end - p >= SYSLOG ? stamp_month_of(p) : 0;
	int day;
	if (month && p[3] == ' ')
		day = stamp_digits(p + 4 + (p[4] == ' '), p[4] == ' ' ? 1 : 2);
	else
		day = -1;
	int64_t clock = day > 0 && day < 32 && p[6] == ' ' ? stamp_clock_of(p + 7) : -1;
	time_t now = (time_t)(now_wall_ms() / 1000);
	struct tm tm;
	if (clock < 0)
		return 0;
	gmtime_r(&now, &tm);
	/* at New Year a zone or a clock ahead of ours is in the next year already */
	int year = tm.tm_year + 1901;
	int64_t s = stamp_days(year, month, day) * 86400 + clock;
	while (s > (int64_t)now + 86400)
		s = stamp_days(--year, month, day) * 86400 + clock;
	return stamp_in_zone(s, zone) * 1000000;
}

#define WEB 20        /* "21/Nov/2026:14:02:58" */
#define WEB_REACH 200 /* names and addresses precede the timestamp */
static int64_t stamp_web_time(const char *p, const char *end, struct zone zone)
{
	if (end - p > WEB_REACH)
		end = p + WEB_REACH;
	p = memchr(p, '[', (size_t)(end - p));
	if (!p || end - ++p < WEB || p[2] != '/' || p[6] != '/' || p[11] != ':')
		return 0;
	int day = stamp_digits(p, 2), month = stamp_month_of(p + 3), year = stamp_digits(p + 7, 4);
	int64_t clock = stamp_clock_of(p + 12);
	if (day < 1 || day > 31 || !month || year < 1970 || clock < 0)
		return 0;
	p += WEB;
	return stamp_with_rest(stamp_days(year, month, day) * 86400 + clock,
	                       p + (p < end && *p == ' '), end, zone);
}

int64_t stamp_find(const char *line, size_t len, struct zone zone)
{
	const char *p = line, *end = line + len;
	if (p < end && *p == '{')
		return json_time(line, len, zone);
	if (p < end && *p == '[')
		p++;
	int64_t s = end - p >= DATE_TIME && (p[10] == 'T' || p[10] == ' ') ? stamp_date_time(p)
	                                                                   : -1;
	if (s >= 0)
		return stamp_with_rest(s, p + DATE_TIME, end, zone);
	int64_t us = p < end ? stamp_syslog_time(p, end, zone) : 0;
	return us ? us : stamp_web_time(line, end, zone);
}

/* The position after a fraction and a zone. */
static const char *stamp_rest_end(const char *p, const char *end)
{
	int east_s;
	if (p < end && (*p == '.' || *p == ','))
		for (p++; p < end && *p >= '0' && *p <= '9';)
			p++;
	if (p < end && *p == 'Z')
		return p + 1;
	const char *zone = p < end && *p == ' ' ? p + 1 : p;
	if (stamp_offset_of(zone, end, &east_s))
		return zone + (zone[3] == ':' ? 6 : 5);
	return p;
}

size_t stamp_len(const char *line, size_t len)
{
	const char *p = line, *end = line + len;
	bool bracket = p < end && *p == '[';
	p += bracket;
	if (end - p >= DATE_TIME && (p[10] == 'T' || p[10] == ' ') && stamp_date_time(p) >= 0)
		p = stamp_rest_end(p + DATE_TIME, end);
	else if (!bracket && end - p > SYSLOG &&
	         stamp_syslog_time(p, end, (struct zone){ .known = true }))
		p += SYSLOG;
	else
		return 0;
	if (bracket && (p == end || *p++ != ']'))
		return 0;
	const char *text = p;
	while (text < end && *text == ' ')
		text++;
	return text > p && text < end ? (size_t)(text - line) : 0;
}

size_t stamp_said(const char *line, size_t len, int64_t time_us, int64_t unit_us)
{
	size_t n = stamp_len(line, len);
	return n && stamp_find(line, len, (struct zone){ 0 }) / unit_us == time_us / unit_us ? n
	                                                                                     : 0;
}
