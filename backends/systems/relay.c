/* relay.c: an AI relay: its health, each of its legs asked from the server that it runs on, and how
 * the last test webhook went. Order: test webhook.
 *
 * Source: as in relay_parse.h. The relay's health says nothing of its legs, which are far ends of
 * tunnels: each has a row, and GET /health of each is asked after every round. No token is sent to
 * a leg. The relay remembers no webhook, so only those sent from here are known. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/link/loop.h"
#include "backends/store/action.h"
#include "backends/store/settings.h"
#include "backends/systems/relay_parse.h"
#include "backends/systems/system.h"

#define LEG_TYPE "leg"
#define LEG_MS 5000      /* the longest wait for a leg */
#define WEBHOOK_MS 60000 /* the relay waits 30 s for a leg */

struct relay_leg {
	struct relay_place place;
	struct site *site;     /* borrowed */
	struct api *api;       /* owned; NULL: not asked */
	struct api_call *call; /* NULL: none runs */
	int64_t asked_ms;      /* loop clock */
};
struct relay {
	struct system_site system;
	struct relay_health health; /* as told last */
	struct relay_leg legs[RELAY_LEGS_MAX];
	char missed[160]; /* what the last webhook did not reach, a sentence; "" nothing */
};

static struct relay *relay_of(struct site *s)
{
	return (struct relay *)s;
}

/* --- rows ---------------------------------------------------------------- */

static void relay_judge(struct site *s)
{
	const struct relay *r = relay_of(s);
	char why[60] = "";
	if (strcmp(r->health.status, "healthy") != 0 && *r->health.status) {
		snprintf(why, sizeof(why), "it reports: %s", r->health.status);
		system_note(s, HEALTH_BAD, why);
	} else {
		system_note(s, *r->missed ? HEALTH_ATTENTION : HEALTH_GOOD, r->missed);
	}
}

static bool relay_take_health(struct site *s, const char *ref, const char *json, size_t len,
                              struct err *err)
{
	struct relay *r = relay_of(s);
	struct relay_health h;
	if (!relay_health_parse(json, len, &h, err))
		return false;
	r->health = h;
	snprintf(s->version, sizeof(s->version), "%s", h.version);
	site_answered(s);
	system_begin(s, LEG_TYPE);
	for (size_t i = 0; i < h.n; i++) {
		const char *name = h.legs[i].name;
		struct system *y = system_row(s, LEG_TYPE, name, name, true);
		system_figure(y, "at", DOC_DIM, "%.59s", h.legs[i].url);
		if (!*y->state)
			system_settle(y, "not asked yet", HEALTH_UNKNOWN, NULL);
	}
	system_end(s, LEG_TYPE, h.left_out);
	relay_judge(s);
	return true;
}

/* ref: the name of the leg */
static bool relay_take_leg(struct site *s, const char *ref, const char *json, size_t len,
                           struct err *err)
{
	struct relay_probe p;
	char why[340] = "";
	struct system *y = system_next(s, NULL);
	while (y && strcmp(y->row.name, ref) != 0)
		y = system_next(s, y);
	if (!relay_leg_read(json, len, &p, err))
		return false;
	if (!y) /* the relay no longer names it */
		return true;
	system_figure(y, "latency", DOC_PLAIN, "%s", "");
	if (p.ms >= 0)
		system_figure(y, "latency", DOC_PLAIN, "%lld ms", (long long)p.ms);
	system_figure(y, "service", DOC_DIM, "%s", p.service);
	if (*p.error) {
		system_settle(y, "no answer", HEALTH_BAD, p.error);
	} else if (strcmp(p.status, "healthy") != 0) {
		snprintf(why, sizeof(why), "it reports: %s", p.status);
		system_settle(y, p.status, HEALTH_BAD, why);
	} else {
		system_settle(y, p.status, HEALTH_GOOD, NULL);
	}
	return true;
}

static bool relay_take_webhook(struct site *s, const char *ref, const char *json, size_t len,
                               struct err *err)
{
	struct relay *r = relay_of(s);
	struct relay_webhook w;
	if (!relay_webhook_parse(json, len, &w, err))
		return true; /* the order says so */
	r->missed[0] = '\0';
	if (*w.failed)
		snprintf(r->missed, sizeof(r->missed), "the last test webhook did not reach: %s",
		         w.failed);
	if (*w.failed)
		system_figure(system_own(s), "webhook", DOC_WARN, "%.8s, failed: %.30s", w.duration,
		              w.failed);
	else
		system_figure(system_own(s), "webhook", DOC_PLAIN, "%.20s, reached %zu", w.duration,
		              w.reached);
	relay_judge(s);
	return true;
}

/* --- legs ---------------------------------------------------------------- */

static void relay_feed_leg(const struct relay_leg *leg, const struct relay_probe *p)
{
	struct buf text = { 0 };
	char *what = xasprintf("%s\tleg\t%s", leg->site->name, leg->place.name);
	relay_leg_write(p, &text);
	source_feed(leg->site->source, what, text.data, text.len);
	buf_finish(&text);
	free(what);
}

static void relay_leg_came(const struct api_answer *r, void *arg)
{
	struct relay_leg *leg = arg;
	struct relay_probe p = { .ms = -1 };
	struct err err = r->err;
	int64_t ms = loop_now(store_loop(leg->site->source->store)) - leg->asked_ms;
	leg->call = NULL;
	if (!err.code && relay_leg_parse(r->body, r->len, &p, &err))
		p.ms = ms;
	if (err.code)
		snprintf(p.error, sizeof(p.error), "%s", err.text);
	relay_feed_leg(leg, &p);
}

static void relay_forget_leg(struct relay_leg *leg)
{
	api_destroy(leg->api);
	*leg = (struct relay_leg){ .site = NULL };
}

/* Why the leg cannot be asked from here; "" it can. */
static void relay_cannot(const struct site *s, const struct relay_place *place, char *buf,
                         size_t size)
{
	struct site_config c;
	bool elsewhere = site_config(s, &c) && !c.server && c.url && !relay_is_loopback(c.url);
	*buf = '\0';
	if (!*place->url)
		snprintf(buf, size, "the relay names no http:// address for it that can be asked");
	else if (elsewhere && relay_is_loopback(place->url))
		snprintf(buf, size,
		         "%.80s is an address on the relay's own server, which server = of "
		         "[relay %s] must name",
		         place->url, s->name);
}

static void relay_ask_leg(struct site *s, struct relay_leg *leg, const struct relay_place *place)
{
	struct relay_probe p = { .ms = -1 };
	struct err err = { 0 };
	char who[120];
	bool same = !strcmp(leg->place.name, place->name) && !strcmp(leg->place.url, place->url);
	if (leg->call && same)
		return;
	if (!same)
		relay_forget_leg(leg);
	leg->site = s;
	leg->place = *place;
	relay_cannot(s, place, p.error, sizeof(p.error));
	snprintf(who, sizeof(who), "the leg %s of AI relay %s", place->name, s->name);
	if (!*p.error && !leg->api) {
		leg->api = api_create(store_http(s->source->store), source_link(s->source),
		                      &(struct api_config){ .who = who,
		                                            .product = "a leg of an AI relay",
		                                            .url = place->url },
		                      &err);
		snprintf(p.error, sizeof(p.error), "%s", err.text);
	}
	if (*p.error || !leg->api) {
		relay_feed_leg(leg, &p);
		return;
	}
	leg->asked_ms = loop_now(store_loop(s->source->store));
	leg->call = api_call(leg->api, &(struct api_request){ .path = "/health",
	                                                      .timeout_ms = LEG_MS,
	                                                      .open = true,
	                                                      .once = true,
	                                                      .done = relay_leg_came,
	                                                      .arg = leg });
}

/* Also when the relay itself is away: the legs that it named last may be well. */
static void relay_over(struct site *s)
{
	struct relay *r = relay_of(s);
	for (size_t i = 0; i < RELAY_LEGS_MAX; i++) {
		if (i >= r->health.n)
			relay_forget_leg(&r->legs[i]);
		else
			relay_ask_leg(s, &r->legs[i], &r->health.legs[i]);
	}
}

static void relay_close(struct site *s, const struct err *why)
{
	for (size_t i = 0; i < RELAY_LEGS_MAX; i++)
		relay_forget_leg(&relay_of(s)->legs[i]);
}

/* --- orders -------------------------------------------------------------- */

static bool relay_is_itself(const struct system_act *act, const struct system *y)
{
	return y->is_site;
}

static void relay_command(const struct system_act *act, const struct system *y, char *buf,
                          size_t size)
{
	snprintf(buf, size, "POST /test-webhook, AI relay %s; it notifies all legs", y->site->name);
}

static void relay_tested(struct job *j, const struct api_answer *r)
{
	struct relay_webhook w = { .reached = 0 };
	struct site *s = j->site;
	struct err err = r->err, why;
	char said[80], *what = xasprintf("%s\twebhook", s->name);
	if (!err.code && !relay_webhook_parse(r->body, r->len, &w, &why))
		err_set(&err, why.code, "AI relay %s: %.250s", s->name, why.text);
	else if (!err.code)
		source_feed(s->source, what, r->body, r->len);
	if (*w.failed)
		err_set(&err, ERR_REFUSED, "AI relay %s took it, but did not reach: %s", s->name,
		        w.failed);
	snprintf(said, sizeof(said), "reached %zu legs in %s", w.reached, w.duration);
	job_end(j, err.code ? &err : NULL, said);
	free(what);
}

static void relay_test(const struct system_act *act, struct order *order, struct system *y)
{
	struct job *j = job_begin(y->site, order, sizeof(*j), act->verb);
	if (!j)
		return;
	j->timeout_ms = WEBHOOK_MS;
	job_call(j, "POST", "/test-webhook",
	         "{\"branch\":\"mocr-test\",\"message\":\"Test webhook from mocr\"}", relay_tested);
}

/* --- the system ---------------------------------------------------------- */

static const struct system_ops relay_ops = {
	.asks = "its health, then that of each leg from its server",
	.acts = { [SYSTEM_TEST] = { relay_is_itself, relay_command, relay_test,
	                            .verb = "test webhook" } },
};

static const struct platform platform_relay = {
	SYSTEM_PLATFORM_OF("AI relay", "relay", relays, platform_config, &relay_ops, struct relay,
	                   system_lacks),
	.token_help = "a proxy in front of it asks for one",
	.steps = (const struct platform_step[]){ { "health", "/health", STEP_MUST,
	                                           relay_take_health },
	                                         { "leg", NULL, 0, relay_take_leg },
	                                         { "webhook", NULL, 0, relay_take_webhook },
	                                         { .what = NULL } },
	.shown_ms = 10000,
	.hidden_ms = 60000,
	.retry_ms = 10000,
	.timeout_ms = 10000,
	.over = relay_over,
	.close = relay_close,
};
const struct backend backend_relay = PLATFORM_BACKEND("relay", platform_relay);
