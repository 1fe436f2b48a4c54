#include "backends/systems/alerts.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/store/action.h"
#include "backends/systems/alerts_parse.h"

#define ALERT_TYPE "alert"

/* --- rows ---------------------------------------------------------------- */

bool alert_is(const struct system *y)
{
	return !y->is_site && !strcmp(y->type, ALERT_TYPE);
}

bool alert_site_silences(const struct system *y)
{
	const struct system_ops *ops = system_ops(y);
	return ops && ops->acts[SYSTEM_SILENCE].run;
}

static enum health alert_health(const struct alert *a)
{
	static const struct {
		const char *severity;
		enum health health;
	} levels[] = {
		{ "critical", HEALTH_BAD }, { "page", HEALTH_BAD },      { "error", HEALTH_BAD },
		{ "high", HEALTH_BAD },     { "emergency", HEALTH_BAD }, { "fatal", HEALTH_BAD },
		{ "none", HEALTH_IDLE },    { "info", HEALTH_IDLE },     { "debug", HEALTH_IDLE },
	};
	if (a->state != ALERT_FIRING)
		return HEALTH_IDLE;
	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (!strcmp(a->severity, levels[i].severity))
			return levels[i].health;
	return HEALTH_ATTENTION;
}

static void alert_say(struct system *y, const struct alert *a)
{
	static const char *const states[] = { [ALERT_FIRING] = "firing",
		                              [ALERT_PENDING] = "pending",
		                              [ALERT_SILENCED] = "silenced",
		                              [ALERT_INHIBITED] = "inhibited" };
	y->own_health = alert_health(a);
	y->state_ms = a->since_ms;
	snprintf(y->own_state, sizeof(y->own_state), "%s", states[a->state]);
	snprintf(y->own_why, sizeof(y->own_why), "%s", a->summary);
	if (!*a->summary && y->own_health >= HEALTH_ATTENTION)
		snprintf(y->own_why, sizeof(y->own_why), "the alert %s fires%s%s", a->name,
		         *a->instance ? " for " : "", a->instance);
	xreplace(&y->labels, a->labels);
	y->inexact = !a->exact;
	system_figure(y, "severity", DOC_PLAIN, "%s", a->severity);
	system_figure(y, "instance", DOC_PLAIN, "%s", a->instance);
	system_figure(y, "silence", DOC_DIM, "%s", a->silence);
	if (!*a->silence)
		system_figure(y, "until", DOC_DIM, "%s", "");
}

static void alerts_apply(struct site *s, const struct alert_list *l)
{
	size_t firing = 0, held = 0;
	system_begin(s, ALERT_TYPE);
	for (size_t i = 0; i < l->n; i++) {
		const struct alert *a = &l->at[i];
		char name[200];
		snprintf(name, sizeof(name), "%s%s%s", a->name, *a->instance ? " " : "",
		         a->instance);
		alert_say(system_row(s, ALERT_TYPE, name, a->id, a->unique), a);
		firing += l->at[i].state == ALERT_FIRING;
		held += l->at[i].state == ALERT_SILENCED;
	}
	system_end(s, ALERT_TYPE, l->left_out);
	struct system *own = system_own(s);
	system_figure(own, "alerts", firing ? DOC_WARN : DOC_PLAIN, "%zu firing",
	              firing + l->left_out);
	if (held)
		system_figure(own, "silenced", DOC_PLAIN, "%zu", held);
	else
		system_figure(own, "silenced", DOC_PLAIN, "%s", "");
	alerts_join(s->source->store);
}

bool alerts_take(struct site *s, const char *ref, const char *json, size_t len, struct err *err)
{
	struct alert_list l;
	if (!alerts_parse(json, len, s->platform->product, &l, err))
		return false;
	alerts_apply(s, &l);
	alert_list_finish(&l);
	return true;
}

bool alerts_take_first(struct site *s, const char *ref, const char *json, size_t len,
                       struct err *err)
{
	struct alert_list l;
	if (!alerts_parse(json, len, s->platform->product, &l, err))
		return false;
	site_answered(s);
	alerts_apply(s, &l);
	alert_list_finish(&l);
	return true;
}

bool silences_take(struct site *s, const char *ref, const char *json, size_t len, struct err *err)
{
	struct silence *list = xcalloc(SILENCES_MAX, sizeof(*list));
	size_t n;
	bool good = silences_parse(json, len, s->platform->product, list, &n, err);
	if (good)
		system_figure(system_own(s), "silences", DOC_PLAIN, "%zu", n);
	for (struct system *y = system_next(s, NULL); good && y; y = system_next(s, y))
		for (size_t i = 0; i < n && i < SILENCES_MAX; i++) {
			char left[HUMAN_SIZE];
			if (strcmp(system_figure_text(y, "silence"), list[i].id) != 0)
				continue;
			human_age(left, list[i].until_ms - now_wall_ms() - s->skew_ms);
			system_figure(y, "until", DOC_DIM, "%s more", left);
		}
	free(list);
	return good;
}

/* --- orders -------------------------------------------------------------- */

/* Where the API v2 of Alertmanager is below the site's prefix. */
static const char *alert_base(const struct system *y)
{
	return !strcmp(y->site->platform->section, "grafana") ? "/api/alertmanager/grafana" : "";
}

bool alert_can_silence(const struct system_act *act, const struct system *y)
{
	return alert_is(y) && !y->inexact && strcmp(y->own_state, "silenced") != 0;
}

bool alert_can_unsilence(const struct system_act *act, const struct system *y)
{
	return alert_is(y) && *system_figure_text(y, "silence");
}

/* The id stands for all labels, however many there are. */
void alert_silence_command(const struct system_act *act, const struct system *y, char *buf,
                           size_t size)
{
	char others[80] = "";
	size_t n = 0;
	/* A silence holds back every alert that has all of its labels: also others of this list. */
	for (const struct system *z = system_next(y->site, NULL); z && y->labels;
	     z = system_next(y->site, z))
		n += z != y && z->labels && alert_labels_in(y->labels, z->labels);
	if (n)
		snprintf(others, sizeof(others), "; it also holds back %zu other%s of the list", n,
		         n > 1 ? "s" : "");
	snprintf(buf, size, "silence %s: POST %s/api/v2/silences, %s %s, labels %s%s", y->row.name,
	         alert_base(y), system_product(y), y->site->name, y->ref, others);
}

void alert_unsilence_command(const struct system_act *act, const struct system *y, char *buf,
                             size_t size)
{
	snprintf(buf, size, "end the silence of %s: DELETE %s/api/v2/silence/%s, %s %s",
	         y->row.name, alert_base(y), system_figure_text(y, "silence"), system_product(y),
	         y->site->name);
}

bool alert_silence_fits(const struct system_act *act, const char *argument, struct err *err)
{
	int64_t ms;
	const char *why;
	return silence_argument(argument, &ms, &why, err);
}

static void alert_silenced(struct job *j, const struct api_answer *r)
{
	char id[64], said[120];
	struct err err = r->err;
	if (!err.code && !silence_id_parse(r->body, r->len, id))
		err_set(&err, ERR_GARBLED, "%s %s answered without the id of a silence",
		        j->site->platform->product, j->site->name);
	snprintf(said, sizeof(said), "silenced; [x] has \"end silence\"");
	job_end(j, &err, said);
}

void alert_silence(const struct system_act *act, struct order *order, struct system *y)
{
	int64_t ms, from = now_wall_ms() + y->site->skew_ms - 1000;
	const char *why;
	char by[80];
	struct err err;
	if (!silence_argument(order->argument, &ms, &why, &err)) {
		order_end(order, &err, NULL);
		return;
	}
	struct job *j = job_begin(y->site, order, sizeof(*j), "silence");
	if (!j)
		return;
	/* "ops with mocr": the user of this machine. */
	const struct passwd *me = getpwuid(getuid());
	snprintf(by, sizeof(by), "%s with mocr", me && me->pw_name ? me->pw_name : "someone");
	char *path = xasprintf("%s/api/v2/silences", alert_base(y));
	char *body = silence_body(y->labels, from, from + ms, by, *why ? why : "by mocr");
	job_call(j, "POST", path, body, alert_silenced);
	free(body);
	free(path);
}

void alert_unsilence(const struct system_act *act, struct order *order, struct system *y)
{
	struct job *j = job_begin(y->site, order, sizeof(*j), "end silence");
	if (!j)
		return;
	char *before = xasprintf("%s/api/v2/silence/", alert_base(y));
	char *path = platform_path(before, system_figure_text(y, "silence"), "");
	job_call(j, "DELETE", path, NULL, job_answer);
	free(path);
	free(before);
}
