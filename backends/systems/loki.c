/* loki.c: a Loki: whether it answers and is ready, its version, and its lines for the log view.
 *
 * Source: grafana.com/docs/loki/latest/reference/loki-http-api. The same paths work through the
 * proxy of a Grafana, whose tail (a WebSocket) is not promised there: so lines are asked for.
 * Without a tenant, a Loki that wants one answers 401 "no org id". Other errors are plain text. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/link/http.h"
#include "backends/store/settings.h"
#include "backends/systems/logdb.h"

static bool loki_take_version(struct site *s, const char *ref, const char *json, size_t len,
                              struct err *err)
{
	cJSON *root = vj_read(json, len, "Loki", err);
	bool good = vj_text(root, "version", NULL, s->version, sizeof(s->version));
	if (root && !good)
		err_set(err, ERR_GARBLED,
		        "what answers /loki/api/v1/status/buildinfo has no version, so it is not "
		        "Loki");
	cJSON_Delete(root);
	if (good)
		site_answered(s);
	return good;
}

static bool loki_take_ready(struct site *s, const char *ref, const char *text, size_t len,
                            struct err *err)
{
	bool ready = len >= 5 && !memcmp(text, "ready", 5);
	if (ready)
		system_note(s, HEALTH_GOOD, "");
	else
		system_note(s, HEALTH_ATTENTION, "it answers, and says that it is not ready");
	return true;
}

static char *loki_path(const char *query, int64_t start_ns, int64_t end_ns, unsigned limit)
{
	char end[40] = "", *encoded = http_encode(query);
	if (end_ns)
		snprintf(end, sizeof(end), "&end=%" PRId64, end_ns);
	char *path = xasprintf("/loki/api/v1/query_range?query=%s&start=%" PRId64
	                       "%s&limit=%u&direction=backward",
	                       encoded, start_ns, end, limit);
	free(encoded);
	return path;
}

static size_t loki_tenant(const char *tenant, char headers[2][120])
{
	snprintf(headers[0], sizeof(headers[0]), "X-Scope-OrgID: %s", tenant);
	return 1;
}

static const struct logdb_ops loki_ops = {
	.system = { .asks = "version; on the screen whether it is ready",
	            .has_log = logdb_has_log,
	            .follow = logdb_follow,
	            .takes_queries = true },
	.path = loki_path,
	.parse = loki_page_parse,
	.tenant = loki_tenant,
	.everything = "{service_name=~\".+\"}",
};

static const struct platform platform_loki = {
	SYSTEM_PLATFORM_OF("Loki", "loki", lokis, logs_config, &loki_ops, struct logdb_site,
	                   system_lacks),
	.token_help = "tenant in its section names whose logs are read",
	.steps = (const struct platform_step[]){ { "version", "/loki/api/v1/status/buildinfo",
	                                           STEP_MUST, loki_take_version },
	                                         { "ready", "/ready", STEP_SHOWN | STEP_RAW,
	                                           loki_take_ready },
	                                         { .what = NULL } },
	LOGDB_PLATFORM,
};
const struct backend backend_loki = PLATFORM_BACKEND("loki", platform_loki);
