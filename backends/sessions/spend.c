/* spend.c: what sessions cost today, per server and in sum, against the budget of the settings.
 *
 * Programs tell what a session cost in all, not when. So a session that began today counts whole,
 * and an older one counts from what it had cost when mocr first saw it today. The sum is the least
 * that was spent. The file "spend" of the state folder keeps what older ones had cost, so that a
 * restart forgets nothing of the day. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/state_file.h"
#include "backends/sessions/sessions.h"
#include "backends/store/record.h"

#define SPEND_FILE_MAX (256u << 10) /* bytes */
#define SPEND_WARN 0.8              /* share of the budget from which it needs attention */

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

/* --- over a restart -------------------------------------------------------- */

/* The file has a line for each older session that went on today: "MIDNIGHT_MS TAB COST TAB ID",
 * the cost in dollars before. Read at the first look and on each new day. */
static struct {
	char *path; /* NULL: not read yet */
	int64_t day_ms;
	char *text;  /* as read, "" for none */
	char *saved; /* our lines, as written last; NULL */
} spend_book;

static char *spend_file(const struct store *store)
{
	const struct settings *s = store_settings(store);
	return s->state_dir && !replay_is_on(store) ? xasprintf("%s/spend", s->state_dir) : NULL;
}

static void spend_open(const struct store *store, int64_t midnight_ms)
{
	char *path = spend_file(store);
	size_t len;
	bool same = path && spend_book.path && !strcmp(path, spend_book.path) &&
	            spend_book.day_ms == midnight_ms;
	if (!same) {
		free(spend_book.text);
		spend_book.text = path ? state_read(path, SPEND_FILE_MAX, &len, NULL) : NULL;
		xreplace(&spend_book.saved, NULL);
		xreplace(&spend_book.path, path);
		spend_book.day_ms = midnight_ms;
	}
	free(path);
}

/* Reads one line. False: it is of another day, or damaged. *id has *n bytes within the line. */
static bool spend_line(const char *line, int64_t midnight_ms, double *base, const char **id,
                       size_t *n)
{
	long long day = 0;
	int at = 0;
	bool good = sscanf(line, "%lld\t%lf\t%n", &day, base, &at) == 2 && at && *base >= 0;
	*id = line + at;
	*n = strcspn(*id, "\n");
	return good && day == midnight_ms && *n;
}

/* What the session had cost when its day began, as an earlier start saw it. Below 0: not known. */
static double spend_known(const char *text, const char *id, int64_t midnight_ms)
{
	double base, known = -1;
	const char *line = text ? text : "", *of;
	size_t n;
	for (; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (spend_line(line, midnight_ms, &base, &of, &n) && strlen(id) == n &&
		    !memcmp(of, id, n))
			known = base;
	return known;
}

/* Two consoles may have seen a session for the first time at different costs: the lower one counts,
 * for this day. Lines of other days go. */
static bool spend_merge(const char *old, size_t len, struct buf *out, void *arg)
{
	const char *ours = arg, *line, *of;
	size_t n;
	double base;
	(void)len;
	for (line = ours; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (!spend_line(line, spend_book.day_ms, &base, &of, &n))
			continue;
		char *id = xstrndup(of, n);
		double theirs = spend_known(old, id, spend_book.day_ms);
		base = theirs >= 0 && theirs < base ? theirs : base;
		buf_addf(out, "%lld\t%.6f\t%s\n", (long long)spend_book.day_ms, base, id);
		free(id);
	}
	for (line = old; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		char *id = spend_line(line, spend_book.day_ms, &base, &of, &n) ? xstrndup(of, n)
		                                                               : NULL;
		if (id && spend_known(ours, id, spend_book.day_ms) < 0)
			buf_addf(out, "%.*s\n", (int)strcspn(line, "\n"), line);
		free(id);
	}
	return true;
}

static void spend_save(const struct store *store, int64_t midnight_ms)
{
	struct buf b;
	buf_init(&b, SPEND_FILE_MAX / 2);
	for (struct row *row = spend_book.path ? store_first(store, &kind_session, NULL) : NULL;
	     row; row = store_next(row, &kind_session, NULL)) {
		const struct session *s = ROW_AS(session, row);
		bool went_on = s->type != SESSION_SPEND && s->created_ms < midnight_ms &&
		               s->spend.day_ms == midnight_ms && s->cost > s->spend.base;
		if (went_on)
			buf_addf(&b, "%lld\t%.6f\t%s\n", (long long)midnight_ms, s->spend.base,
			         row->id);
	}
	if (b.len && (!spend_book.saved || strcmp(spend_book.saved, b.data) != 0)) {
		size_t len;
		state_update(spend_book.path, SPEND_FILE_MAX, spend_merge, b.data, NULL);
		xreplace(&spend_book.saved, b.data);
		free(spend_book.text);
		spend_book.text = state_read(spend_book.path, SPEND_FILE_MAX, &len, NULL);
	}
	buf_finish(&b);
}

/* --- sums ------------------------------------------------------------------ */

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
		double base = -1;
		if (!s->spend.day_ms && s->created_ms < midnight_ms)
			base = spend_known(spend_book.text, row->id, midnight_ms);
		if (base >= 0)
			s->spend = (struct session_spend){ .day_ms = midnight_ms, .base = base };
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
	if (t->budget <= 0)
		return HEALTH_IDLE;
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
	if (t->budget > 0)
		snprintf(words, sizeof(words), "$%.2f here, $%.2f of $%.2f", sum, t->sum,
		         t->budget);
	else
		snprintf(words, sizeof(words), "$%.2f here, $%.2f in all", sum, t->sum);
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

/* Without a budget a server has the row once something was spent there. */
static bool spend_is_shown(const struct server *v, int64_t midnight_ms, double budget, double *sum)
{
	return spend_sum(v, midnight_ms, sum) && (budget > 0 || *sum > 0);
}

void spend_judge(struct store *store)
{
	int64_t midnight_ms = spend_midnight(now_wall_ms());
	struct spend_total t = { .budget = store_settings(store)->budget / 100.0, .most = -1 };
	double sum;
	spend_open(store, midnight_ms);
	for (struct server *v = store_servers(store); v; v = v->next) {
		if (!spend_is_shown(v, midnight_ms, t.budget, &sum)) {
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
		if (spend_is_shown(v, midnight_ms, t.budget, &sum))
			spend_show(v, sum, &t);
	spend_save(store, midnight_ms);
}

void spend_detail(const struct session *s, struct doc *doc)
{
	doc_pair(doc, DOC_PLAIN, "here", "at least $%.2f", s->cost);
	doc_pair(doc, DOC_PLAIN, "all servers", "at least $%.2f", s->spend.all);
	if (s->spend.budget > 0)
		doc_pair(doc, DOC_PLAIN, "budget", "$%.2f a day", s->spend.budget);
	else
		doc_pair(doc, DOC_DIM, "budget",
		         "none; budget = 2000 in [settings] warns from $16 and at $20 a day");
	doc_add(doc, DOC_DIM,
	        "A session that began today counts whole. An older one counts from what it had "
	        "cost "
	        "when mocr first saw it today.");
	doc_add(doc, DOC_DIM,
	        "OpenCode before 1.18 and a Claude Code session that still runs tell no cost.");
}
