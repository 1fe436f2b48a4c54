/* metric.c: one PromQL query as a row: its last value, its line over time, and two limits.
 *
 * Source: prometheus.io/docs/prometheus/latest/querying/api, "Range queries".
 *
 * Prometheus keeps the points. A range query of 60 points brings the whole line each time. So the
 * line is complete from the first answer on, also after a restart. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/http.h"
#include "backends/store/settings.h"
#include "backends/systems/prometheus_parse.h"
#include "backends/systems/system.h"

#define METRIC_LAST 3 /* so many of the last points may lack a value until the value is gone */

struct metric_site {
	struct system_site system;
	double start, step; /* s, of the running question */
};

static struct metric_site *metric_site(struct site *s)
{
	return (struct metric_site *)s;
}

/* NAN: not set */
static double metric_limit(const char *text)
{
	return text ? strtod(text, NULL) : NAN;
}

/* The limits count downwards when the bad one is the lower one. */
static bool metric_is_from_below(const struct metric_config *c)
{
	return metric_limit(c->bad) < metric_limit(c->warn);
}

static bool metric_is_over(double value, double limit, bool below)
{
	if (isnan(limit))
		return false;
	return below ? value <= limit : value >= limit;
}

/* --- the question ---------------------------------------------------------- */

static char *metric_path(const struct site *s, const struct platform_step *step)
{
	const struct metric_config *c = site_section(s);
	if (strcmp(step->what, "line") != 0 || !c)
		return NULL;
	struct metric_site *m = metric_site((struct site *)s);
	double now = (double)(now_wall_ms() + s->skew_ms) / 1000;
	m->step = floor((double)c->over * 60 / (PROMETHEUS_POINTS - 1));
	double end = floor(now);
	m->start = end - m->step * (PROMETHEUS_POINTS - 1);
	char *query = http_encode(c->query ? c->query : "");
	char *path = xasprintf("/api/v1/query_range?query=%s&start=%.0f&end=%.0f&step=%.0f"
	                       "&nocache=1",
	                       query, m->start, end, m->step);
	free(query);
	return path;
}

static bool metric_take_version(struct site *s, const char *ref, const char *json, size_t len,
                                struct err *err)
{
	char version[sizeof(s->version)];
	if (prometheus_version_parse(json, len, version, sizeof(version), err))
		snprintf(s->version, sizeof(s->version), "%s", version);
	return true;
}

/* --- the answer -------------------------------------------------------------- */

static char *metric_words(char *buf, size_t size, double value, const char *unit)
{
	char text[HUMAN_SIZE];
	const char *word = unit ? unit : "";
	if (!strcmp(word, "bytes") && value >= 0 && value < 1e18)
		snprintf(buf, size, "%s", human_bytes(text, (uint64_t)value));
	else if (!strcmp(word, "seconds") && value >= 60 && value < 1e12)
		snprintf(buf, size, "%s", human_span(text, (int64_t)(value * 1000)));
	else if (!strcmp(word, "seconds"))
		snprintf(buf, size, "%.3gs", value);
	else if (!strcmp(word, "percent"))
		snprintf(buf, size, "%.3g %%", value);
	else
		snprintf(buf, size, "%.4g%s%s", value, *word ? " " : "", word);
	return buf;
}

static void metric_show(struct system *y, const struct metric_config *c,
                        const struct prometheus_line *l, double value, enum doc_tone tone)
{
	double low = INFINITY, high = -INFINITY;
	char text[60], from[60], to[60];
	for (size_t i = 0; i < PROMETHEUS_POINTS; i++) {
		if (!isfinite(l->at[i]))
			continue;
		low = l->at[i] < low ? l->at[i] : low;
		high = l->at[i] > high ? l->at[i] : high;
	}
	/* Draws it between its lowest and its highest value. */
	if (!y->line)
		y->line = xcalloc(PROMETHEUS_POINTS, sizeof(*y->line));
	y->n_line = PROMETHEUS_POINTS;
	for (size_t i = 0; i < PROMETHEUS_POINTS; i++) {
		double share = high > low ? (l->at[i] - low) / (high - low) : 0.5;
		y->line[i] = isfinite(l->at[i]) && isfinite(share) ? (float)share : -1;
	}
	system_figure(y, "value", tone, "%s",
	              isnan(value) ? "" : metric_words(text, sizeof(text), value, c->unit));
	system_figure(y, "range", DOC_DIM, "%s", "");
	if (low <= high)
		system_figure(y, "range", DOC_DIM, "%s to %s",
		              metric_words(from, sizeof(from), low, c->unit),
		              metric_words(to, sizeof(to), high, c->unit));
	system_figure(y, "series", DOC_DIM, "%s", "");
	if (l->series > 1)
		system_figure(y, "series", DOC_DIM, "%zu", l->series);
}

static enum health metric_judge(const struct metric_config *c, const struct prometheus_line *l,
                                double value, char *why, size_t size)
{
	double warn = metric_limit(c->warn), bad = metric_limit(c->bad);
	bool below = metric_is_from_below(c), limits = !isnan(warn) || !isnan(bad);
	char now[60], edge[60];
	if (isnan(value)) {
		snprintf(why, size, "its query has no result now");
		return limits ? HEALTH_ATTENTION : HEALTH_IDLE;
	}
	bool is_bad = metric_is_over(value, bad, below);
	if (!is_bad && !metric_is_over(value, warn, below))
		return HEALTH_GOOD;
	metric_words(now, sizeof(now), value, c->unit);
	metric_words(edge, sizeof(edge), is_bad ? bad : warn, c->unit);
	snprintf(why, size, "%s, the limit is %s%s%s", now, edge, *l->labels ? ": " : "",
	         l->labels);
	return is_bad ? HEALTH_BAD : HEALTH_ATTENTION;
}

static bool metric_take_line(struct site *s, const char *ref, const char *json, size_t len,
                             struct err *err)
{
	static const enum doc_tone tones[] = { [HEALTH_ATTENTION] = DOC_WARN,
		                               [HEALTH_BAD] = DOC_BAD };
	const struct metric_config *c = site_section(s);
	struct metric_site *m = metric_site(s);
	struct prometheus_line l;
	char why[300] = "";
	if (!c || m->step <= 0)
		return true; /* a recording: nobody knows what was asked */
	if (!prometheus_range_parse(json, len, m->start, m->step, metric_is_from_below(c), &l, err))
		return false;
	/* The last value that is there, of the last few points; NAN none. */
	double value = NAN;
	for (size_t i = PROMETHEUS_POINTS - METRIC_LAST; i < PROMETHEUS_POINTS; i++)
		if (!isnan(l.at[i]))
			value = l.at[i];
	enum health health = metric_judge(c, &l, value, why, sizeof(why));
	enum doc_tone tone = health >= HEALTH_ATTENTION ? tones[health] : DOC_PLAIN;
	site_answered(s);
	metric_show(system_own(s), c, &l, value, tone);
	system_note(s, health, why);
	return true;
}

/* A wrong query is the fault of this row. The Prometheus answers, so the others are fresh. */
static void metric_lacks(struct site *s, const struct platform_step *step, const struct err *err)
{
	if (strcmp(step->what, "line") != 0)
		return;
	site_answered(s);
	struct system *y = system_own(s);
	y->n_line = 0;
	system_figure(y, "value", DOC_PLAIN, "%s", "");
	system_figure(y, "range", DOC_PLAIN, "%s", "");
	system_note(s, HEALTH_BAD, err->text);
}

/* --- in the details of the row that it is about --------------------------------- */

void metric_details(const struct row *row, struct doc *doc)
{
	bool headed = false;
	for (struct row *r = store_first(row->server->store, &kind_system, NULL); r;
	     r = store_next(r, &kind_system, NULL)) {
		const struct system *y = system_const(r);
		const struct metric_config *c = NULL;
		if (y->is_site && !strcmp(y->type, "metric"))
			c = site_section(y->site);
		if (!c || !c->of)
			continue;
		/* A server is named without its kind. */
		bool is_server = row->kind == &kind_server && server_is_called(row->server, c->of);
		if (!is_server && strcmp(c->of, row->id) != 0)
			continue;
		if (!headed)
			doc_head(doc, "Metrics");
		headed = true;
		const char *value = system_figure_text(y, "value");
		const char *range = system_figure_text(y, "range");
		enum doc_tone tone = r->health == HEALTH_BAD ? DOC_BAD : DOC_PLAIN;
		if (!*value)
			value = "unknown";
		doc_pair(doc, tone, r->name, "%s%s%s", value, *range ? "; " : "", range);
	}
}

static void metric_detail(const struct system *y, struct doc *doc)
{
	const struct metric_config *c = site_section(y->site);
	if (!c)
		return;
	doc_pair(doc, DOC_PLAIN, "query", "%s", c->query ? c->query : "");
	doc_pair(doc, DOC_DIM, "line", "%d minutes", c->over);
	if (c->warn)
		doc_pair(doc, DOC_PLAIN, "warn", "%s", c->warn);
	if (c->bad)
		doc_pair(doc, DOC_PLAIN, "bad", "%s", c->bad);
	if (c->of)
		doc_pair(doc, DOC_PLAIN, "of", "%s", c->of);
}

static const struct system_ops metric_ops = { .asks = "its query, 60 points",
	                                      .detail = metric_detail };

static const struct platform platform_metric = {
	SYSTEM_PLATFORM_OF("Metric", "metric", metrics, metric_config, &metric_ops,
	                   struct metric_site, metric_lacks),
	.token_help = "a proxy in front of it asks for one",
	/* the first answer also tells how far this machine's clock is off */
	.steps = (const struct platform_step[]){ { "version", "/api/v1/status/buildinfo", STEP_ONCE,
	                                           metric_take_version },
	                                         { "line", "/api/v1/query_range", 0,
	                                           metric_take_line },
	                                         { .what = NULL } },
	.path = metric_path,
	.shown_ms = 15000,
	.hidden_ms = 60000,
	.retry_ms = 10000,
	.timeout_ms = 10000,
};
const struct backend backend_metric = PLATFORM_BACKEND("metric", platform_metric);
