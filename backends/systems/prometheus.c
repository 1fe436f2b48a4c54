/* prometheus.c: Prometheus, or VictoriaMetrics, which answers the same API: version, how many
 * targets are up, which are down and why, alerts.
 *
 * Source: prometheus.io/docs/prometheus/latest/querying/api.
 *
 * Two small queries stand for the list of targets, which may have megabytes. The list is asked for
 * only while a target is down and on the screen. VictoriaMetrics leaves the last 30 s out of an
 * answer without nocache=1; Prometheus ignores that word. */
#include <stdio.h>
#include <string.h>

#include "backends/store/settings.h"
#include "backends/systems/alerts.h"
#include "backends/systems/alerts_parse.h"
#include "backends/systems/prometheus_parse.h"
#include "backends/systems/system.h"

#define TARGET_TYPE "target"

static bool prom_take_version(struct site *s, const char *ref, const char *json, size_t len,
                              struct err *err)
{
	char version[sizeof(s->version)];
	if (!prometheus_version_parse(json, len, version, sizeof(version), err))
		return true; /* a proxy may lack the path */
	snprintf(s->version, sizeof(s->version), "%s", version);
	return true;
}

static void prom_settle(struct system *y, const char *error)
{
	const char *why = *error ? error : "its last scrape failed";
	system_settle(y, "down", HEALTH_ATTENTION, why);
}

static bool prom_take_down(struct site *s, const char *ref, const char *json, size_t len,
                           struct err *err)
{
	struct prometheus_targets l;
	if (!prometheus_series_parse(json, len, &l, err))
		return false;
	site_answered(s);
	system_begin(s, TARGET_TYPE);
	for (size_t i = 0; i < l.n; i++) {
		char name[sizeof(l.at[i].job) + sizeof(l.at[i].instance) + 1];
		snprintf(name, sizeof(name), "%s%s%s", l.at[i].job,
		         *l.at[i].job && *l.at[i].instance ? " " : "", l.at[i].instance);
		struct system *y = system_row(s, TARGET_TYPE, name, name, true);
		if (y->row.health != HEALTH_ATTENTION)
			prom_settle(y, "");
	}
	system_end(s, TARGET_TYPE, l.left_out);
	system_figure(system_own(s), "down", DOC_WARN, "%s", "");
	if (l.n)
		system_figure(system_own(s), "down", DOC_WARN, "%zu", l.n + l.left_out);
	prometheus_targets_finish(&l);
	return true;
}

static bool prom_take_count(struct site *s, const char *ref, const char *json, size_t len,
                            struct err *err)
{
	double n;
	if (!prometheus_value_parse(json, len, &n, err))
		return true;
	system_figure(system_own(s), "targets", DOC_PLAIN, "%.0f", n < 0 ? 0 : n);
	return true;
}

/* The list of targets tells why one is down. */
static bool prom_wants(const struct site *s, const struct platform_step *step)
{
	if (strcmp(step->what, "targets") != 0)
		return true;
	const struct system *y = system_next(s, NULL);
	while (y && strcmp(y->type, TARGET_TYPE) != 0)
		y = system_next(s, y);
	return y != NULL;
}

static bool prom_take_targets(struct site *s, const char *ref, const char *json, size_t len,
                              struct err *err)
{
	struct prometheus_targets l;
	if (!prometheus_targets_parse(json, len, &l, err))
		return true;
	for (size_t i = 0; i < l.n; i++) {
		char name[sizeof(l.at[i].job) + sizeof(l.at[i].instance) + 1];
		snprintf(name, sizeof(name), "%s%s%s", l.at[i].job,
		         *l.at[i].job && *l.at[i].instance ? " " : "", l.at[i].instance);
		for (struct system *y = system_next(s, NULL); y; y = system_next(s, y))
			if (!strcmp(y->type, TARGET_TYPE) && !strcmp(y->ref, name))
				prom_settle(y, l.at[i].error);
	}
	prometheus_targets_finish(&l);
	return true;
}

static const struct system_ops prom_ops = { .asks = "targets that are down, alerts" };

static const struct platform platform_prometheus = {
	SYSTEM_PLATFORM("Prometheus", "prometheus", prometheuses, platform_config, &prom_ops),
	.token_help = "a proxy in front of it asks for one",
	.steps = (const struct platform_step[]){ { "version", "/api/v1/status/buildinfo", STEP_ONCE,
	                                           prom_take_version },
	                                         { "down",
	                                           "/api/v1/query?query=up%20%3D%3D%200&nocache=1",
	                                           STEP_MUST, prom_take_down },
	                                         { "count",
	                                           "/api/v1/query?query=count%28up%29&nocache=1",
	                                           STEP_SHOWN, prom_take_count },
	                                         { "targets", "/api/v1/targets?state=active",
	                                           STEP_SHOWN, prom_take_targets },
	                                         { "alerts", "/api/v1/alerts", 0, alerts_take },
	                                         { .what = NULL } },
	.shown_ms = 5000,
	.hidden_ms = 30000,
	.retry_ms = 10000,
	.timeout_ms = 10000,
	.wants = prom_wants,
	.reduce = alerts_reduce,
};
const struct backend backend_prometheus = PLATFORM_BACKEND("prometheus", platform_prometheus);
