#include "backends/sessions/plan_parse.h"

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"

#define DAY_MINUTES 1440
#define HOUR_MINUTES 60

static double plan_number(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
	return cJSON_IsNumber(v) ? v->valuedouble : -1;
}

static const char *plan_text(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
	return cJSON_IsString(v) ? v->valuestring : NULL;
}

/* Before version 0.48 a window said in how many seconds it resets, counted from the event. */
static void plan_take_window(struct plan *p, const cJSON *o)
{
	struct plan_window w = { .used_percent = plan_number(o, "used_percent"),
		                 .minutes = number_small(plan_number(o, "window_minutes"), 0) };
	int64_t at_s = number_whole(plan_number(o, "resets_at"), 0);
	int64_t in_s = number_whole(plan_number(o, "resets_in_seconds"), -1);
	if (w.used_percent < 0 || w.used_percent > 1000 || w.minutes <= 0)
		return;
	if (at_s > 0)
		w.resets_ms = at_s * 1000;
	else if (in_s >= 0 && p->at_ms > 0)
		w.resets_ms = p->at_ms + in_s * 1000;
	p->windows[p->n++] = w;
}

bool plan_parse(struct plan *plan, const char *line, size_t len)
{
	static const char *const names[PLAN_WINDOWS] = { "primary", "secondary" };
	cJSON *o = json_parse(line, len);
	const cJSON *payload = cJSON_GetObjectItemCaseSensitive(o, "payload");
	const cJSON *limits = cJSON_GetObjectItemCaseSensitive(payload, "rate_limits");
	const char *when = plan_text(o, "timestamp"), *type = plan_text(limits, "plan_type");
	struct plan p = { .at_ms = when ? parse_rfc3339_ms(when) : 0 };
	for (size_t i = 0; i < PLAN_WINDOWS; i++)
		plan_take_window(&p, cJSON_GetObjectItemCaseSensitive(limits, names[i]));
	if (type)
		wash(p.type, sizeof(p.type), type, strlen(type));
	cJSON_Delete(o);
	if (p.n)
		*plan = p;
	return p.n > 0;
}

char *plan_words(const struct plan *p, int64_t now_ms, char *buf, size_t size)
{
	size_t at = 0;
	snprintf(buf, size, "%s", "");
	for (size_t i = 0; i < p->n && at < size; i++) {
		const struct plan_window *w = &p->windows[i];
		char length[24], age[HUMAN_SIZE];
		int64_t left_ms = w->resets_ms - now_ms;
		const char *sep = i ? "; " : "";
		if (w->minutes % DAY_MINUTES == 0)
			snprintf(length, sizeof(length), "%dd", w->minutes / DAY_MINUTES);
		else if (w->minutes % HOUR_MINUTES == 0)
			snprintf(length, sizeof(length), "%dh", w->minutes / HOUR_MINUTES);
		else
			snprintf(length, sizeof(length), "%dm", w->minutes);
		int n = snprintf(buf + at, size - at, "%s%.0f%% of %s", sep, w->used_percent,
		                 length);
		at += n > 0 ? (size_t)n : 0;
		if (!w->resets_ms || at >= size)
			continue;
		if (left_ms > 0)
			n = snprintf(buf + at, size - at, ", resets in %s",
			             human_span(age, left_ms));
		else
			n = snprintf(buf + at, size - at, ", was reset %s ago",
			             human_span(age, -left_ms));
		at += n > 0 ? (size_t)n : 0;
	}
	return buf;
}
