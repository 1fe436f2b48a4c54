/* quiet.c: see quiet.h. */
#include "backends/store/quiet.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/store/report.h"

#define MS_MAX 9e15 /* upper bound for a plausible wall clock */
#define MORNING_HOUR 8
#define NIGHT_ENDS_HOUR 4
#define HOUR_MS 3600000

static const char *const how_names[QUIET_HOWS] = {
	[QUIET_ACKNOWLEDGED] = "acknowledged",
	[QUIET_UNTIL] = "snoozed",
	[QUIET_MORNING] = "snoozed_until_morning",
	[QUIET_CLEARED] = "snoozed_until_clear",
};

const char *quiet_how_name(enum quiet_how how)
{
	return how_names[how];
}

/* --- the list ------------------------------------------------------------ */

static void quiet_free(struct quiets *q, struct quiet *one)
{
	HASH_DEL(q->all, one);
	free(one->id);
	free(one->gist);
	free(one);
}

void quiets_finish(struct quiets *q)
{
	while (q->all)
		quiet_free(q, q->all);
}

const struct quiet *quiet_find(const struct quiets *q, const char *id)
{
	const struct quiet *one = NULL;
	HASH_FIND_STR(q->all, id, one);
	return one;
}

void quiet_drop(struct quiets *q, const char *id)
{
	struct quiet *one = NULL;
	HASH_FIND_STR(q->all, id, one);
	if (one)
		quiet_free(q, one);
}

void quiet_copy(struct quiets *q, const struct quiet *facts)
{
	struct quiet *one = xcalloc(1, sizeof(*one));
	*one = *facts;
	one->id = xstrdup(facts->id);
	one->gist = xstrdup(facts->gist);
	quiet_drop(q, facts->id);
	HASH_ADD_KEYPTR(hh, q->all, one->id, strlen(one->id), one);
	if (HASH_COUNT(q->all) > QUIET_MAX)
		quiet_free(q, q->all);
}

void quiet_set(struct quiets *q, const char *id, enum health health, const char *gist,
               enum quiet_how how, int64_t now_ms, int64_t until_ms)
{
	struct quiet one = {
		.id = (char *)id,
		.gist = (char *)gist,
		.health = health,
		.how = how,
		.at_ms = now_ms,
	};
	if (how == QUIET_UNTIL)
		one.until_ms = until_ms;
	if (how == QUIET_MORNING)
		one.until_ms = quiet_morning_ms(now_ms);
	quiet_copy(q, &one);
}

/* --- the file ------------------------------------------------------------ */

/* 0: missing, or no plausible time. */
static int64_t quiet_time(const cJSON *o, const char *member)
{
	const cJSON *item = cJSON_GetObjectItem(o, member);
	bool good = cJSON_IsNumber(item) && fabs(item->valuedouble) < MS_MAX;
	return good ? number_whole(item->valuedouble, 0) : 0;
}

static const char *quiet_text(const cJSON *o, const char *member)
{
	const cJSON *item = cJSON_GetObjectItem(o, member);
	return cJSON_IsString(item) ? item->valuestring : NULL;
}

void quiets_read(struct quiets *q, const char *text)
{
	for (const char *line = text; *line; line += *line == '\n') {
		size_t len = strcspn(line, "\n");
		cJSON *o = json_parse(line, len);
		const char *id = quiet_text(o, "id"), *gist = quiet_text(o, "gist");
		const char *how = quiet_text(o, "how"), *health = quiet_text(o, "health");
		struct quiet one = {
			.how = QUIET_HOWS,
			.health = HEALTHS,
			.at_ms = quiet_time(o, "at_ms"),
			.until_ms = quiet_time(o, "until_ms"),
		};
		for (unsigned i = 0; how && i < QUIET_HOWS; i++)
			if (strcmp(how, how_names[i]) == 0)
				one.how = i;
		for (unsigned i = 0; health && i < HEALTHS; i++)
			if (strcmp(health, health_name(i)) == 0)
				one.health = i;
		bool timed = one.how == QUIET_UNTIL || one.how == QUIET_MORNING;
		if (id && gist && one.how < QUIET_HOWS && one.health < HEALTHS && one.at_ms > 0 &&
		    timed == (one.until_ms > one.at_ms)) {
			/* quiet_copy copies both */
			one.id = (char *)id;
			one.gist = (char *)gist;
			quiet_copy(q, &one);
		}
		cJSON_Delete(o);
		line += len;
	}
}

void quiets_write(const struct quiets *q, struct buf *out)
{
	for (const struct quiet *one = q->all; one; one = one->hh.next) {
		cJSON *o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "id", one->id);
		cJSON_AddStringToObject(o, "how", how_names[one->how]);
		cJSON_AddStringToObject(o, "health", health_name(one->health));
		cJSON_AddStringToObject(o, "gist", one->gist);
		cJSON_AddNumberToObject(o, "at_ms", (double)one->at_ms);
		if (one->until_ms)
			cJSON_AddNumberToObject(o, "until_ms", (double)one->until_ms);
		char *line = cJSON_PrintUnformatted(o);
		buf_addf(out, "%s\n", line);
		cJSON_free(line);
		cJSON_Delete(o);
	}
}

/* --- time ---------------------------------------------------------------- */

int64_t quiet_morning_ms(int64_t now_ms)
{
	time_t now = (time_t)(now_ms / 1000);
	struct tm tm;
	if (!localtime_r(&now, &tm))
		return now_ms + 12 * (int64_t)HOUR_MS;
	tm.tm_mday += tm.tm_hour >= NIGHT_ENDS_HOUR;
	tm.tm_hour = MORNING_HOUR;
	tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1; /* the clock may change in the night */
	return (int64_t)mktime(&tm) * 1000;
}

bool quiet_is_over(const struct quiet *one, int64_t now_ms)
{
	return one->until_ms && now_ms >= one->until_ms;
}

void quiets_follow_clock(struct quiets *q, int64_t now_ms)
{
	for (struct quiet *one = q->all; one; one = one->hh.next) {
		int64_t back = one->at_ms - now_ms;
		if (one->differs_ms > now_ms)
			one->differs_ms = now_ms;
		if (back <= 0)
			continue;
		one->at_ms = now_ms;
		if (one->how == QUIET_MORNING)
			one->until_ms = quiet_morning_ms(now_ms);
		else if (one->until_ms)
			one->until_ms -= back;
	}
}

int64_t quiets_next_ms(const struct quiets *q, int64_t now_ms)
{
	int64_t next = -1;
	for (const struct quiet *one = q->all; one; one = one->hh.next) {
		int64_t left = one->until_ms - now_ms;
		if (one->until_ms && (next < 0 || left < next))
			next = left > 0 ? left : 0;
	}
	return next;
}

/* --- the verdict --------------------------------------------------------- */

/* Length of a per cent at the start, without its sign; 0: there is none. */
static size_t gist_percent(const char *text)
{
	size_t n = strspn(text, "0123456789.");
	return n && text[n] == '%' ? n : 0;
}

bool quiet_holds(const struct quiet *one, enum health health, const char *gist, int64_t now_ms)
{
	if (quiet_is_over(one, now_ms) || health > one->health)
		return false;
	if (one->how == QUIET_CLEARED)
		return true;
	/* The same reason, and no per cent that grew by more than a step. */
	for (const char *old = one->gist, *new = gist; *old || *new;) {
		size_t n = gist_percent(old), m = gist_percent(new);
		if (n && m) {
			if (number_int(new) > number_int(old) + QUIET_PERCENT_STEP)
				return false;
			old += n;
			new += m;
		} else if (*old++ != *new ++) {
			return false;
		}
	}
	return true;
}

bool quiet_cleared(const struct quiet *one, enum health was, enum health now, int64_t now_ms)
{
	if (now >= HEALTH_ATTENTION || now == HEALTH_UNKNOWN)
		return false;
	bool seen = was >= HEALTH_ATTENTION;
	bool sure = now_ms - one->at_ms >= QUIET_SURE_MS;
	return seen || (sure && now != HEALTH_BUSY);
}

/* --- the gist of a reason ------------------------------------------------ */

/* What follows one of these is a phase, or the last words of a log. */
static const char *const gist_ends[] = { " loop: ", " again and again", "; last: \"" };
/* A number after one of these says what went wrong. */
static const char *const gist_codes[] = { "code ", "status ", "stopped (", "HTTP " };

static bool gist_is_code(const char *why, size_t at)
{
	for (size_t i = 0; i < ARRAY_LEN(gist_codes); i++) {
		size_t n = strlen(gist_codes[i]);
		if (at >= n && strncmp(why + at - n, gist_codes[i], n) == 0)
			return true;
	}
	return false;
}

/* Length of a number with its unit: "1.5G", "2h", "12". */
static size_t gist_number(const char *text)
{
	size_t n = strspn(text, "0123456789.:");
	size_t unit = strspn(text + n, "kKMGTBsmhdw");
	/* the letters of a word are no unit */
	return isalnum((unsigned char)text[n + unit]) ? n : n + unit;
}

void quiet_gist(const char *why, char *out, size_t size)
{
	const char *text = why ? why : "";
	size_t len = strlen(text), n = 0;
	for (size_t i = 0; i < ARRAY_LEN(gist_ends); i++) {
		const char *at = strstr(text, gist_ends[i]);
		if (at && (size_t)(at - text) < len)
			len = (size_t)(at - text);
	}
	for (size_t i = 0; i < len && n + 1 < size;) {
		bool begins = isdigit((unsigned char)text[i]) &&
		              (i == 0 || !isalnum((unsigned char)text[i - 1]));
		size_t digits = begins ? gist_number(text + i) : 0;
		size_t kept = gist_is_code(text, i) || text[i + digits] == '%' ? digits : 0;
		if (!digits || kept) {
			size_t step = kept ? kept : 1;
			step = step < size - 1 - n ? step : size - 1 - n;
			memcpy(out + n, text + i, step);
			n += step;
			i += step;
			continue;
		}
		out[n++] = '#';
		i += digits;
		/* "2h 10m" and "3s" are one duration; "8G 80%" is a size and a per cent */
		while (text[i] == ' ' && isdigit((unsigned char)text[i + 1])) {
			size_t more = 1 + gist_number(text + i + 1);
			if (text[i + more] == '%')
				break;
			i += more;
		}
	}
	out[n] = '\0';
}

/* --- words --------------------------------------------------------------- */

void quiet_say(const struct quiet *one, int64_t now_ms, char *buf, size_t size)
{
	if (one->how == QUIET_ACKNOWLEDGED)
		snprintf(buf, size, "acknowledged until it changes");
	else if (one->how == QUIET_CLEARED)
		snprintf(buf, size, "snoozed until it clears");
	else {
		time_t at = (time_t)(one->until_ms / 1000), now = (time_t)(now_ms / 1000);
		struct tm then, today;
		char clock[32];
		localtime_r(&at, &then);
		localtime_r(&now, &today);
		bool same = then.tm_yday == today.tm_yday && then.tm_year == today.tm_year;
		strftime(clock, sizeof(clock), same ? "%H:%M" : "%a %H:%M", &then);
		snprintf(buf, size, "snoozed until %s", clock);
	}
}
