/* mission.c: a Mission Control (Autensa), versions 1 and 2: whether it and its gateway are well,
 * its tasks by state, live. Its tasks are in mission_tasks.c.
 *
 * Source: as in mission_parse.h. From 2.2.1 on /api/health answers. An older one is well when it
 * gives its tasks; if they may not be read, its page tells. /api/health does not connect to the
 * gateway but only says whether it is connected. /api/openclaw/status tries, and is asked if not.
 *
 * Tasks that are done are not asked for: there may be thousands, each with all of its planning. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/apps/site_stream.h"
#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/link/loop.h"
#include "backends/store/settings.h"
#include "backends/systems/mission_tasks.h"
#include "backends/systems/mission_parse.h"
#include "backends/systems/system.h"

#define AGAIN_MS 2000   /* from a round that an event overtook to the next */
#define SILENT_MS 95000 /* three keep-alives of 30 s */

enum mission_way { MISSION_UNKNOWN, MISSION_HEALTH, MISSION_OLD };

struct mission {
	struct system_site system;
	struct site_stream stream;
	enum mission_way way; /* how this version says that it is well */
	bool alive;           /* in this round something answered as it does */
	bool connected;       /* its gateway, as told in this round */
	/* An event came while a round ran: the list may be older than the event. */
	bool overtaken;
	struct err err; /* the first failure of this round */
	char ill[200], gateway[200], agents[80], cap[80]; /* what is wrong; "" nothing */
};

static struct mission *mission_of(struct site *s)
{
	return (struct mission *)s;
}

void mission_answered(struct site *s)
{
	if (!mission_of(s)->alive || s->err.code)
		site_answered(s);
	mission_of(s)->alive = true;
}

/* The worst of what is wrong. */
static void mission_judge(struct site *s)
{
	const struct mission *m = mission_of(s);
	const char *const less[] = { m->gateway, m->agents, m->cap };
	size_t i = 0;
	while (i < ARRAY_LEN(less) - 1 && !*less[i])
		i++;
	if (*m->ill)
		system_note(s, HEALTH_BAD, m->ill);
	else
		system_note(s, *less[i] ? HEALTH_ATTENTION : HEALTH_GOOD, less[i]);
}

/* --- answers ------------------------------------------------------------- */

static bool mission_take_health(struct site *s, const char *ref, const char *json, size_t len,
                                struct err *err)
{
	struct mission *m = mission_of(s);
	struct mission_health h;
	struct system *own;
	if (!mission_health_parse(json, len, &h, err))
		return false;
	if (*h.version)
		snprintf(s->version, sizeof(s->version), "%s", h.version);
	mission_answered(s);
	own = system_own(s);
	m->way = MISSION_HEALTH;
	m->connected = h.gateway;
	m->ill[0] = m->agents[0] = m->cap[0] = '\0';
	if (strcmp(h.status, "ok") != 0)
		snprintf(m->ill, sizeof(m->ill), "it reports: %s%s%s", h.status,
		         *h.error ? ", its database: " : "", h.error);
	if (h.gateway)
		m->gateway[0] = '\0';
	if (h.gateway)
		system_figure(own, "gateway", DOC_PLAIN, "connected");
	if (h.ill)
		snprintf(m->agents, sizeof(m->agents), "%lld of its agents are stuck or stalled",
		         (long long)h.ill);
	if (h.cap >= 100)
		snprintf(m->cap, sizeof(m->cap), "a budget cap is used up: %.0f %%", h.cap);
	system_figure(own, "agents", DOC_PLAIN, "%s", "");
	if (h.active >= 0 && h.total >= 0)
		system_figure(own, "agents", DOC_PLAIN, "%lld of %lld", (long long)h.active,
		              (long long)h.total);
	system_figure(own, "cap", DOC_PLAIN, "%s", "");
	if (h.cap >= 0) {
		system_figure(own, "cap", h.cap >= 90 ? DOC_WARN : DOC_PLAIN, "%.0f %%", h.cap);
		system_figure_share(own, "cap", h.cap, 100);
	}
	mission_judge(s);
	return true;
}

static bool mission_take_gateway(struct site *s, const char *ref, const char *json, size_t len,
                                 struct err *err)
{
	struct mission *m = mission_of(s);
	struct mission_gateway g;
	if (!mission_gateway_parse(json, len, &g, err))
		return false;
	mission_answered(s);
	m->gateway[0] = '\0';
	if (!g.connected)
		snprintf(m->gateway, sizeof(m->gateway), "its gateway is not connected%s%s",
		         *g.error ? ": " : "", g.error);
	if (!g.connected)
		system_figure(system_own(s), "gateway", DOC_WARN, "not connected");
	else if (g.sessions >= 0)
		system_figure(system_own(s), "gateway", DOC_PLAIN, "%lld sessions",
		              (long long)g.sessions);
	else
		system_figure(system_own(s), "gateway", DOC_PLAIN, "connected");
	mission_judge(s);
	return true;
}

/* Its page has its name. */
static bool mission_take_page(struct site *s, const char *ref, const char *text, size_t len,
                              struct err *err)
{
	mission_answered(s);
	return true;
}

/* --- a round ------------------------------------------------------------- */

static void mission_on_event(const char *event, const char *data, size_t len, void *arg)
{
	struct site *s = arg;
	struct buf clean = { 0 };
	char *what = xasprintf("%s\tevent", s->name);
	mission_of(s)->overtaken = s->call != NULL || mission_of(s)->overtaken;
	mission_reduce(data, len, &clean);
	if (clean.len)
		source_feed(s->source, what, clean.data, clean.len);
	buf_finish(&clean);
	free(what);
}

static void mission_stream_changed(struct site *s)
{
	if (mission_of(s)->stream.live)
		system_figure(system_own(s), "events", DOC_DIM, "live");
	else
		system_figure(system_own(s), "events", DOC_WARN, "away");
}

void mission_detail(const struct system *y, struct doc *doc)
{
	const struct site_stream *t = &mission_of(y->site)->stream;
	if (y->is_site && t->err.code)
		doc_pair(doc, DOC_WARN, "no events", "%s", t->err.text);
}

static bool mission_begin(struct site *s)
{
	struct mission *m = mission_of(s);
	m->alive = m->connected = m->overtaken = false;
	err_clear(&m->err);
	return true;
}

static void mission_open(struct site *s)
{
	struct mission *m = mission_of(s);
	m->way = MISSION_UNKNOWN;
	m->stream.site = s;
	m->stream.path = "/api/events/stream";
	m->stream.silent_ms = SILENT_MS;
	m->stream.event = mission_on_event;
	m->stream.changed = mission_stream_changed;
}

static void mission_close(struct site *s, const struct err *why)
{
	site_stream_stop(&mission_of(s)->stream);
}

static bool mission_wants(const struct site *s, const struct platform_step *step)
{
	const struct mission *m = (const struct mission *)s;
	if (!strcmp(step->what, "health"))
		return m->way != MISSION_OLD;
	if (!strcmp(step->what, "gateway"))
		return !m->connected && m->err.code != ERR_DENIED;
	if (!strcmp(step->what, "page"))
		return !m->alive && m->err.code == ERR_DENIED;
	return true;
}

static void mission_came(struct site *s, const struct platform_step *step,
                         const struct api_answer *r)
{
	struct mission *m = mission_of(s);
	bool is_health = !strcmp(step->what, "health"), is_page = !strcmp(step->what, "page");
	struct buf clean = { 0 };
	char *what = xasprintf("%s\t%s", s->name, step->what);
	if (is_page) {
		const char *name = strstr(r->body, "Autensa") ? "Autensa" : "Mission Control";
		if (r->status == 200 && strstr(r->body, name))
			source_feed(s->source, what, name, strlen(name));
	} else if (!r->err.code) {
		mission_reduce(r->body, r->len, &clean);
		if (clean.len)
			source_feed(s->source, what, clean.data, clean.len);
		else
			source_feed(s->source, what, r->body, r->len);
	} else if (is_health && r->err.code == ERR_ABSENT) {
		m->way = MISSION_OLD;
	} else if (r->err.code == ERR_TIMEOUT && !m->alive) {
		site_fail(s, &r->err);
	} else if (!m->err.code) {
		m->err = r->err;
	}
	buf_finish(&clean);
	free(what);
}

static void mission_over(struct site *s)
{
	struct mission *m = mission_of(s);
	if (!site_round_failed(s) && !m->alive) {
		if (!m->err.code || m->err.code == ERR_ABSENT)
			err_set(&m->err, ERR_ABSENT,
			        "Mission Control %s: what answers there knows neither /api/health "
			        "nor /api/tasks",
			        s->name);
		site_fail(s, &m->err);
	}
	if (site_round_failed(s)) {
		m->way = MISSION_UNKNOWN; /* it may come back as another version */
		return;
	}
	m->system.lack[0] = '\0';
	if (m->err.code)
		snprintf(m->system.lack, sizeof(m->system.lack), "%s", m->err.text);
	m->system.lack_step = s->round;
	mission_judge(s);
	if (m->err.code != ERR_DENIED)
		site_stream_open(&m->stream);
	if (m->overtaken)
		site_soon(s, AGAIN_MS);
}

/* --- the system ---------------------------------------------------------- */

#define MISSION_TASKS                                                                           \
	"/api/tasks?status=planning,inbox,pending_dispatch,assigned,in_progress,convoy_active," \
	"testing,verification,review"
static const struct platform platform_mission = {
	SYSTEM_PLATFORM_OF("Mission Control", "mission", missions, platform_config, &mission_ops,
	                   struct mission, NULL),
	.token_help = "its MC_API_TOKEN is what it wants",
	.steps = (const struct platform_step[]){ { "health", "/api/health", 0,
	                                           mission_take_health },
	                                         { "tasks", MISSION_TASKS, 0, mission_take_tasks },
	                                         { "gateway", "/api/openclaw/status", 0,
	                                           mission_take_gateway },
	                                         { "page", "/", STEP_OPEN | STEP_RAW,
	                                           mission_take_page },
	                                         { "event", NULL, 0, mission_take_event },
	                                         { .what = NULL } },
	.shown_ms = 15000,
	.hidden_ms = 60000,
	.retry_ms = 10000,
	.timeout_ms = 15000,
	.open = mission_open,
	.close = mission_close,
	.begin = mission_begin,
	.wants = mission_wants,
	.came = mission_came,
	.over = mission_over,
};
const struct backend backend_mission = PLATFORM_BACKEND("mission", platform_mission);
