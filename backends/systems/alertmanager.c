/* alertmanager.c: an Alertmanager: its alerts, what is silenced and until when. Orders: silence an
 * alert, end a silence.
 *
 * Source: Alertmanager's api/v2/openapi.yaml, 0.25. Its status holds the whole configuration with
 * passwords: only the version is read, and the rest is dropped before anything is kept. */
#include <stdio.h>
#include <string.h>

#include "backends/base/json.h"
#include "backends/store/settings.h"
#include "backends/systems/alerts.h"
#include "backends/systems/alerts_parse.h"
#include "backends/systems/system.h"

static bool am_take_status(struct site *s, const char *ref, const char *json, size_t len,
                           struct err *err)
{
	cJSON *root = json_parse(json, len);
	vj_text(vj_get(root, "versionInfo", NULL), "version", NULL, s->version, sizeof(s->version));
	cJSON_Delete(root);
	return true;
}

static const struct system_ops am_ops = { .asks = "alerts", .acts = { ALERT_ACTS } };

static const struct platform platform_alertmanager = {
	SYSTEM_PLATFORM("Alertmanager", "alertmanager", alertmanagers, platform_config, &am_ops),
	.token_help = "a proxy in front of it asks for one",
	.steps = (const struct platform_step[]){ { "status", "/api/v2/status", STEP_ONCE,
	                                           am_take_status },
	                                         { "alerts", "/api/v2/alerts", STEP_MUST,
	                                           alerts_take_first },
	                                         { "silences", "/api/v2/silences", STEP_SHOWN,
	                                           silences_take },
	                                         { .what = NULL } },
	.shown_ms = 5000,
	.hidden_ms = 30000,
	.retry_ms = 10000,
	.timeout_ms = 10000,
	.reduce = alerts_reduce,
};
const struct backend backend_alertmanager = PLATFORM_BACKEND("alertmanager", platform_alertmanager);
