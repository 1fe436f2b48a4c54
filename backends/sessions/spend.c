/* spend.c: what sessions cost today, per server and in sum, against the budget of the settings.
 *
 * Programs tell what a session cost in all, not when. So a session that began today counts whole,
 * and an older one counts from what it had cost when mocr first saw it today. The sum is the least
 * that was spent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/sessions/sessions.h"

#define SPEND_WARN 0.8 /* share of the budget from which it needs attention */

/* Wall clock, ms: when the day of now began here. */
int64_t spend_midnight(int64_t now_ms)
{
	time_t now = now_ms / 1000;
	struct tm day;
	localtime_r(&now, &day);
	day.tm_hour = day.tm_min = day.tm_sec = 0;
	day.tm_isdst = -1;
	return 1000 * (int64_t)mktime(&day);
}

double spend_of(struct session *s, int64_t midnight_ms)
{
	struct session_spend *p = &s->spend;
	if (s->cost < 0)
		return 0;
	if (p->day_ms != midnight_ms) {
		bool new = s->created_ms >= midnight_ms;
		double known = p->day_ms ? p->last : s->cost;
		p->base = new ? 0 : known;
		p->day_ms = midnight_ms;
	}
	if (p->base > s->cost) /* turns were taken back */
		p->base = s->cost;
	p->last = s->cost;
	return s->cost - p->base;
}

static struct sessions *spend_sessions(const struct server *v)
{
	struct source *s = server_source(v, backend_sessions.name);
	return s ? sessions_of(s) : NULL;
}

/* Sums up one server. False: no session of it tells what it costs. */
static bool spend_sum(const struct server *v, int64_t midnight_ms, double *sum)
{
	struct sessions *ss = spend_sessions(v);
	bool known = false;
	*sum = 0;
	if (!ss)
		return false;
	struct row *row = store_first(ss->source.store, &kind_session, v);
	for (; row; row = store_next(row, &kind_session, v)) {
		struct session *s = ROW_AS(session, row);
		if (s->type == SESSION_SPEND || s->cost < 0)
			continue;
		known = true;
		*sum += spend_of(s, midnight_ms);
	}
	return known;
}

/* What all servers together come to. */
struct spend_total {
	double sum, most, budget;
	const struct server *dearest;
};

static enum health spend_health(const struct spend_total *t)
{
	if (t->sum >= t->budget)
		return HEALTH_BAD;
	return t->sum >= SPEND_WARN * t->budget ? HEALTH_ATTENTION : HEALTH_IDLE;
}

/* One need for the whole budget: at the server that spent most. */
static void spend_show(const struct server *v, double sum, const struct spend_total *t)
{
	struct sessions *ss = spend_sessions(v);
	struct session *s = session_row_of(ss, SESSION_SPEND, "spent-today", "spent today");
	struct row *row = &s->row;
	enum health health = v == t->dearest ? spend_health(t) : HEALTH_IDLE;
	char why[200] = "", words[80];
	ss->spend = s;
	s->tokens = s->context_used = s->context_limit = s->memory = s->cpu = -1;
	s->cost = sum;
	snprintf(words, sizeof(words), "$%.2f here, $%.2f of $%.2f", sum, t->sum, t->budget);
	xreplace(&s->words, words);
	s->spend.all = t->sum;
	s->spend.budget = t->budget;
	if (health >= HEALTH_ATTENTION)
		snprintf(why, sizeof(why),
		         "sessions of all servers cost at least $%.2f today, of a budget of $%.2f; "
		         "most "
		         "of it here",
		         t->sum, t->budget);
	if (row->health != health || !s->status_ms)
		s->status_ms = now_wall_ms();
	store_row_health(row, health, s->status_ms, *why ? why : NULL);
	store_touch(row);
}

void spend_judge(struct store *store)
{
	int64_t midnight_ms = spend_midnight(now_wall_ms());
	struct spend_total t = { .budget = store_settings(store)->budget / 100.0, .most = -1 };
	double sum;
	for (struct server *v = store_servers(store); v; v = v->next) {
		if (t.budget <= 0 || !spend_sum(v, midnight_ms, &sum)) {
			struct sessions *ss = spend_sessions(v);
			if (ss && ss->spend)
				store_row_remove(&ss->spend->row);
			continue;
		}
		t.sum += sum;
		t.dearest = sum > t.most ? v : t.dearest;
		t.most = sum > t.most ? sum : t.most;
	}
	for (struct server *v = store_servers(store); v && t.dearest; v = v->next)
		if (spend_sum(v, midnight_ms, &sum))
			spend_show(v, sum, &t);
}

void spend_detail(const struct session *s, struct doc *doc)
{
	doc_pair(doc, DOC_PLAIN, "here", "at least $%.2f", s->cost);
	doc_pair(doc, DOC_PLAIN, "all servers", "at least $%.2f", s->spend.all);
	doc_pair(doc, DOC_PLAIN, "budget", "$%.2f a day", s->spend.budget);
	doc_add(doc, DOC_DIM,
	        "A session that began today counts whole. An older one counts from what it had "
	        "cost "
	        "when mocr first saw it today.");
	doc_add(doc, DOC_DIM,
	        "OpenCode before 1.18 and a Claude Code session that still runs tell no cost.");
}
