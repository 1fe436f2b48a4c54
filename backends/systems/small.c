/* small.c: systems that tell little more than whether they are well, by their cheapest question:
 * ntfy, n8n, Qdrant, Caddy.
 *
 * Caddy's whole configuration is never asked: it may hold passwords. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/store/settings.h"
#include "backends/systems/small_parse.h"
#include "backends/systems/system.h"

/* --- ntfy, n8n ----------------------------------------------------------- */

static bool ntfy_take(struct site *s, const char *ref, const char *json, size_t len,
                      struct err *err)
{
	bool healthy;
	if (!ntfy_parse(json, len, &healthy, err))
		return false;
	site_answered(s);
	if (healthy)
		system_note(s, HEALTH_GOOD, "");
	else
		system_note(s, HEALTH_BAD, "it reports that it is not healthy");
	return true;
}

/* /healthz says "ok" also while the database is away, so /healthz/readiness is asked before. */
struct n8n {
	struct system_site base;
	bool unready; /* what /healthz/readiness said in this round */
};

static bool n8n_take_ready(struct site *s, const char *ref, const char *json, size_t len,
                           struct err *err)
{
	char status[40];
	/* What is no such answer comes from a proxy before it: /healthz decides. */
	bool reads = n8n_parse(json, len, status, sizeof(status), err);
	((struct n8n *)s)->unready = reads && strcmp(status, "ok") != 0;
	return true;
}

/* An n8n that is not ready says so with 503. An older one has no such page. */
static void n8n_came(struct site *s, const struct platform_step *step, const struct api_answer *r)
{
	if (step->take == n8n_take_ready)
		((struct n8n *)s)->unready = false;
	if (r->err.code && r->status != 503)
		return;
	char *what = xasprintf("%s\t%s", s->name, step->what);
	source_feed(s->source, what, r->body, r->len);
	free(what);
}

static bool n8n_take(struct site *s, const char *ref, const char *json, size_t len, struct err *err)
{
	bool unready = ((struct n8n *)s)->unready;
	char status[40], why[80] = "";
	if (!n8n_parse(json, len, status, sizeof(status), err))
		return false;
	bool well = !strcmp(status, "ok");
	if (!well)
		snprintf(why, sizeof(why), "it reports: %s", status);
	else if (unready)
		snprintf(why, sizeof(why), "it is not ready: its database is away or it starts");
	site_answered(s);
	system_note(s, well && !unready ? HEALTH_GOOD : HEALTH_BAD, why);
	return true;
}

/* --- Qdrant -------------------------------------------------------------- */

static bool qdrant_take_ready(struct site *s, const char *ref, const char *text, size_t len,
                              struct err *err)
{
	if (!qdrant_is_ready(text, len))
		return err_set(err, ERR_GARBLED,
		               "what answers /readyz is not ready, or is not Qdrant");
	site_answered(s);
	return true;
}

static bool qdrant_take_version(struct site *s, const char *ref, const char *json, size_t len,
                                struct err *err)
{
	qdrant_version(json, len, s->version, sizeof(s->version));
	return true;
}

static bool qdrant_take_collections(struct site *s, const char *ref, const char *json, size_t len,
                                    struct err *err)
{
	size_t n;
	if (!qdrant_collections_parse(json, len, &n, err))
		return false;
	system_figure(system_own(s), "collections", DOC_PLAIN, "%zu", n);
	return true;
}

/* --- Caddy --------------------------------------------------------------- */

static bool caddy_take(struct site *s, const char *ref, const char *json, size_t len,
                       struct err *err)
{
	struct caddy_upstreams u;
	char why[160] = "";
	if (!caddy_parse(json, len, &u, err))
		return false;
	site_answered(s);
	system_figure(system_own(s), "upstreams", DOC_PLAIN, "%zu", u.n);
	system_figure(system_own(s), "failing", DOC_WARN, "%s", "");
	if (u.failing) {
		system_figure(system_own(s), "failing", DOC_WARN, "%zu", u.failing);
		snprintf(why, sizeof(why), "%zu of %zu upstreams fail: %s%s", u.failing, u.n,
		         u.first, u.failing > 1 ? " and others" : "");
	}
	system_note(s, u.failing ? HEALTH_ATTENTION : HEALTH_GOOD, why);
	return true;
}

/* --- the systems --------------------------------------------------------- */

#define SMALL_TIMES .shown_ms = 10000, .hidden_ms = 60000, .retry_ms = 10000, .timeout_ms = 10000

static const struct system_ops ntfy_ops = { .asks = "health" };
static const struct platform platform_ntfy = {
	SYSTEM_PLATFORM("ntfy", "ntfy", ntfys, platform_config, &ntfy_ops),
	.steps = (const struct platform_step[]){ { "health", "/v1/health", STEP_MUST, ntfy_take },
	                                         { .what = NULL } },
	SMALL_TIMES,
};
const struct backend backend_ntfy = PLATFORM_BACKEND("ntfy", platform_ntfy);

static const struct system_ops n8n_ops = { .asks = "readiness, health" };
static const struct platform platform_n8n = {
	SYSTEM_PLATFORM_OF("n8n", "n8n", n8ns, platform_config, &n8n_ops, struct n8n, NULL),
	.came = n8n_came,
	.steps = (const struct platform_step[]){ { "ready", "/healthz/readiness", 0,
	                                           n8n_take_ready },
	                                         { "health", "/healthz", STEP_MUST, n8n_take },
	                                         { .what = NULL } },
	SMALL_TIMES,
};
const struct backend backend_n8n = PLATFORM_BACKEND("n8n", platform_n8n);

static const struct system_ops qdrant_ops = {
	.asks = "whether it is ready; on the screen its collections"
};
static const struct platform platform_qdrant = {
	SYSTEM_PLATFORM("Qdrant", "qdrant", qdrants, platform_config, &qdrant_ops),
	.token_header = "api-key: ",
	.token_word = "API key",
	.steps = (const struct platform_step[]){ { "ready", "/readyz",
	                                           STEP_MUST | STEP_OPEN | STEP_RAW,
	                                           qdrant_take_ready },
	                                         { "version", "/", STEP_ONCE, qdrant_take_version },
	                                         { "collections", "/collections", STEP_SHOWN,
	                                           qdrant_take_collections },
	                                         { .what = NULL } },
	SMALL_TIMES,
};
const struct backend backend_qdrant = PLATFORM_BACKEND("qdrant", platform_qdrant);

static const struct system_ops caddy_ops = { .asks = "its upstreams" };
static const struct platform platform_caddy = {
	SYSTEM_PLATFORM("Caddy", "caddy", caddies, platform_config, &caddy_ops),
	.steps = (const struct platform_step[]){ { "upstreams", "/reverse_proxy/upstreams",
	                                           STEP_MUST, caddy_take },
	                                         { .what = NULL } },
	SMALL_TIMES,
};
const struct backend backend_caddy = PLATFORM_BACKEND("caddy", platform_caddy);
