/* victorialogs.c: a VictoriaLogs: whether it is well, version, how many lines it stores, whether
 * its disk is full, and its lines for the log view.
 *
 * Source: docs.victoriametrics.com/victorialogs/querying; a real 1.52 was asked. limit= gives the
 * newest lines, and end= is not included. Its tail skips lines that reach it after a later line of
 * the same stream; so the questions go on beside it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/mem.h"
#include "backends/link/http.h"
#include "backends/store/settings.h"
#include "backends/systems/logdb.h"

static bool victorialogs_take_health(struct site *s, const char *ref, const char *text, size_t len,
                                     struct err *err)
{
	if (len < 2 || memcmp(text, "OK", 2) != 0)
		return err_set(err, ERR_GARBLED,
		               "what answers /health does not say OK, so it is not VictoriaLogs");
	site_answered(s);
	return true;
}

static bool victorialogs_take_metrics(struct site *s, const char *ref, const char *text, size_t len,
                                      struct err *err)
{
	struct vlogs_metrics m;
	vlogs_metrics_parse(text, len, &m);
	snprintf(s->version, sizeof(s->version), "%s", m.version);
	system_figure(system_own(s), "lines", DOC_PLAIN, "%s", "");
	if (m.lines >= 0)
		system_figure(system_own(s), "lines", DOC_PLAIN, "%.0f", m.lines);
	if (m.read_only)
		system_note(s, HEALTH_BAD, "its disk is full: it takes no more lines");
	else
		system_note(s, HEALTH_GOOD, "");
	return true;
}

/* A time that each version takes: 2026-11-30T20:27:27.000000001Z. */
static void victorialogs_stamp(char *buf, size_t size, int64_t ns)
{
	time_t s = (time_t)(ns / 1000000000);
	struct tm tm;
	gmtime_r(&s, &tm);
	size_t n = strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, size - n, ".%09dZ", (int)(ns % 1000000000));
}

static char *victorialogs_path(const char *query, int64_t start_ns, int64_t end_ns, unsigned limit)
{
	static const char end_word[] = "&end=";
	char start[60], end[80] = "", *encoded = http_encode(query);
	victorialogs_stamp(start, sizeof(start), start_ns);
	if (end_ns) {
		memcpy(end, end_word, sizeof(end_word));
		victorialogs_stamp(end + strlen(end_word), sizeof(end) - strlen(end_word), end_ns);
	}
	char *path = xasprintf("/select/logsql/query?query=%s&limit=%u&start=%s%s", encoded, limit,
	                       start, end);
	free(encoded);
	return path;
}

static char *victorialogs_tail_path(const char *query)
{
	char *encoded = http_encode(query);
	char *path = xasprintf("/select/logsql/tail?query=%s&offset=1s", encoded);
	free(encoded);
	return path;
}

static bool victorialogs_parse(const char *body, size_t len, const char *query,
                               struct logdb_page *page, struct err *err)
{
	size_t ill;
	return vlogs_page_parse(body, len, query, page, &ill, err);
}

/* "12:34" */
static size_t victorialogs_tenant(const char *tenant, char headers[2][120])
{
	size_t n = strcspn(tenant, ":");
	snprintf(headers[0], sizeof(headers[0]), "AccountID: %.*s", (int)n, tenant);
	snprintf(headers[1], sizeof(headers[1]), "ProjectID: %s", tenant[n] ? tenant + n + 1 : "0");
	return 2;
}

static const struct logdb_ops victorialogs_ops = {
	.system = { .asks = "health; on the screen version, lines, whether its disk is full",
	            .has_log = logdb_has_log,
	            .follow = logdb_follow,
	            .takes_queries = true },
	.path = victorialogs_path,
	.parse = victorialogs_parse,
	.tail_path = victorialogs_tail_path,
	.tenant = victorialogs_tenant,
	.everything = "*",
};

static const struct platform platform_victorialogs = {
	SYSTEM_PLATFORM_OF("VictoriaLogs", "victorialogs", victorialogses, logs_config,
	                   &victorialogs_ops, struct logdb_site, system_lacks),
	.steps = (const struct platform_step[]){ { "health", "/health", STEP_MUST | STEP_RAW,
	                                           victorialogs_take_health },
	                                         { "metrics", "/metrics", STEP_SHOWN | STEP_RAW,
	                                           victorialogs_take_metrics },
	                                         { .what = NULL } },
	LOGDB_PLATFORM,
};
const struct backend backend_victorialogs = PLATFORM_BACKEND("victorialogs", platform_victorialogs);
