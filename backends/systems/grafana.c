/* grafana.c: a Grafana: whether it and its database are well, version, alerts that it manages.
 * Orders: silence an alert, end a silence.
 *
 * Source: Grafana's HTTP API: /api/health is open; /api/alertmanager/grafana/api/v2 is that of
 * Alertmanager, and needs a service account token. */
#include <stdio.h>
#include <string.h>

#include "backends/base/json.h"
#include "backends/store/settings.h"
#include "backends/systems/alerts.h"
#include "backends/systems/alerts_parse.h"
#include "backends/systems/system.h"

static bool grafana_take_health(struct site *s, const char *ref, const char *json, size_t len,
                                struct err *err)
{
	char database[40], why[100];
	cJSON *root = vj_read(json, len, "Grafana", err);
	bool good = vj_text(root, "database", NULL, database, sizeof(database));
	if (root && !good)
		err_set(err, ERR_GARBLED,
		        "what answers /api/health names no database, so it is not Grafana");
	if (good)
		vj_text(root, "version", NULL, s->version, sizeof(s->version));
	cJSON_Delete(root);
	if (!good)
		return false;
	snprintf(why, sizeof(why), "its database is %s", database);
	site_answered(s);
	if (!strcmp(database, "ok"))
		system_note(s, HEALTH_GOOD, "");
	else
		system_note(s, HEALTH_BAD, why);
	return true;
}

static const struct system_ops grafana_ops = { .asks = "health, alerts", .acts = { ALERT_ACTS } };

static const struct platform platform_grafana = {
	SYSTEM_PLATFORM("Grafana", "grafana", grafanas, platform_config, &grafana_ops),
	.token_help = "Administration, Service accounts there makes a new one",
	.steps =
		(const struct platform_step[]){
			{ "health", "/api/health", STEP_MUST | STEP_OPEN, grafana_take_health },
			{ "alerts", "/api/alertmanager/grafana/api/v2/alerts", 0, alerts_take },
			{ "silences", "/api/alertmanager/grafana/api/v2/silences", STEP_SHOWN,
	                  silences_take },
			{ .what = NULL } },
	.shown_ms = 5000,
	.hidden_ms = 30000,
	.retry_ms = 10000,
	.timeout_ms = 10000,
	.wants = system_wants_token,
	.reduce = alerts_reduce,
};
const struct backend backend_grafana = PLATFORM_BACKEND("grafana", platform_grafana);
