/* coolify.c: the Coolify instances of one server: their servers, applications, services and
 * databases, deployments and logs. Orders: deploy, redeploy, start, stop, restart, cancel.
 *
 * Source: Coolify's openapi.yaml of 4.1 and 4.2.
 *
 * Every change is a POST: GET worked up to 4.1 and is refused from 4.2. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/apps/coolify_parse.h"
#include "backends/apps/platform.h"
#include "backends/base/mem.h"
#include "backends/link/loop.h"
#include "backends/store/action.h"
#include "backends/store/settings.h"

/* A visible row's deployments are fetched at most this often, even if viewed. */
#define HISTORY_MS 10000
/* For rows not on the screen: Coolify allows 200 calls a minute by default. */
#define HISTORY_HIDDEN_MS 300000
#define HISTORY_AGAIN 6 /* rounds between two fetches of a visible row's deployments */

/* --- rows ---------------------------------------------------------------- */

static bool coolify_is_application(const struct app *a)
{
	return !strcmp(a->type, "application");
}

/* Health of a state such as "running:healthy": state and health check. A stopped one is
 * "exited:unhealthy". */
static enum health coolify_state(const char *state, const char **why)
{
	static const struct {
		const char *state;
		enum health health;
		const char *why;
	} states[] = {
		{ "running:unhealthy", HEALTH_ATTENTION, "its check says unhealthy" },
		{ "running", HEALTH_GOOD, NULL },
		{ "restarting", HEALTH_BUSY, NULL },
		{ "starting", HEALTH_BUSY, NULL },
		{ "degraded", HEALTH_ATTENTION, "some of its containers are not running" },
		{ "exited", HEALTH_IDLE, NULL },
	};
	*why = NULL;
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (!strncmp(state, states[i].state, strlen(states[i].state))) {
			*why = states[i].why;
			return states[i].health;
		}
	return HEALTH_UNKNOWN;
}

static void coolify_judge(struct app *a)
{
	const struct app_deployment *last = app_last(a);
	const char *why;
	enum health health = coolify_state(a->state, &why);
	if (last && last->health == HEALTH_BUSY) {
		bool queued = !strcmp(last->state, "queued");
		health = HEALTH_BUSY;
		why = queued ? "a deployment is waiting in the queue" : "it is being deployed";
	} else if (last && last->health == HEALTH_BAD && health == HEALTH_GOOD) {
		health = HEALTH_ATTENTION;
		why = "it is running, but its last deployment failed";
	} else if (last && last->health == HEALTH_BAD && health != HEALTH_BUSY) {
		health = HEALTH_BAD;
		why = "its last deployment failed";
	}
	a->state_ms = health == HEALTH_BUSY && last ? last->created_ms : 0;
	app_settle(a, health, why);
}

static void coolify_set_item(struct site *s, const struct coolify_item *it)
{
	static const char *const types[] = { "application", "service", "database", "server" };
	bool server = it->kind == COOLIFY_SERVER;
	struct app *a = site_app(s, server ? "servers" : it->server, NULL, it->name, it->id);
	snprintf(a->type, sizeof(a->type), "%s", types[it->kind]);
	snprintf(a->domain, sizeof(a->domain), "%s", it->domain);
	snprintf(a->image, sizeof(a->image), "%s", it->image);
	if (server) {
		const char *state = "reachable", *why = NULL;
		enum health health = HEALTH_GOOD;
		if (!it->reachable) {
			state = "not reachable";
			why = "Coolify does not reach it";
			health = HEALTH_BAD;
		} else if (!it->usable) {
			state = "not usable";
			why = "Coolify reaches it, but cannot use it";
			health = HEALTH_ATTENTION;
		}
		snprintf(a->state, sizeof(a->state), "%s", state);
		app_settle(a, health, why);
		return;
	}
	if (strcmp(a->state, it->status) != 0)
		a->asked_round = 0;
	snprintf(a->state, sizeof(a->state), "%s", it->status);
	coolify_judge(a);
}

/* --- answers ------------------------------------------------------------- */

static bool coolify_take_version(struct site *s, const char *ref, const char *json, size_t len,
                                 struct err *err)
{
	coolify_version(json, len, s->version, sizeof(s->version));
	return true;
}

static void coolify_set_items(struct site *s, struct coolify_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		coolify_set_item(s, &l->items[i]);
	s->left_out += l->left_out;
	if (*l->unfit)
		site_unfit(s, l->unfit);
	coolify_list_finish(l);
}

static bool coolify_take_resources(struct site *s, const char *ref, const char *json, size_t len,
                                   struct err *err)
{
	struct coolify_list l;
	if (!coolify_resources_parse(json, len, &l, err))
		return false;
	site_answered(s);
	coolify_set_items(s, &l);
	return true;
}

/* The second half of the list: rows in neither half are gone. */
static bool coolify_take_servers(struct site *s, const char *ref, const char *json, size_t len,
                                 struct err *err)
{
	struct coolify_list l;
	if (!coolify_servers_parse(json, len, &l, err))
		return false;
	coolify_set_items(s, &l);
	site_listed(s);
	return true;
}

/* Running deployments give only the name of their application, not its id. */
static bool coolify_take_running(struct site *s, const char *ref, const char *json, size_t len,
                                 struct err *err)
{
	struct app_deployment list[APP_DEPLOYMENTS_MAX];
	char names[APP_DEPLOYMENTS_MAX][COOLIFY_NAME];
	size_t n;
	if (!coolify_deployments_parse(json, len, list, names, &n, err))
		return true;
	for (struct app *a = site_next_app(s, NULL); a; a = site_next_app(s, a))
		for (size_t i = 0; i < n; i++) {
			const struct app_deployment *last = app_last(a);
			bool known = last && !strcmp(last->id, list[i].id);
			if (coolify_is_application(a) && !strcmp(a->row.name, names[i]) && !known)
				a->asked_round = 0;
		}
	return true;
}

static bool coolify_take_history(struct site *s, const char *ref, const char *json, size_t len,
                                 struct err *err)
{
	struct app_deployment list[APP_DEPLOYMENTS_MAX];
	struct app *a = site_app_by_ref(s, ref);
	size_t n;
	if (!a || !coolify_deployments_parse(json, len, list, NULL, &n, err))
		return true;
	a->asked = true;
	app_set_deployments(a, list, n);
	coolify_judge(a);
	return true;
}

/* Hidden rows are asked too, but rarely. A deployment may fail between two rounds while the old
 * container keeps running. Only the history shows that. */
static bool coolify_is_due(const struct site *s, const struct app *a)
{
	int64_t since = loop_now(store_loop(s->source->store)) - a->asked_ms;
	if (!coolify_is_application(a))
		return false;
	if (!a->asked_round || since >= HISTORY_HIDDEN_MS)
		return true;
	if (a->row.shown && s->round - a->asked_round >= HISTORY_AGAIN && since >= HISTORY_MS)
		return true;
	return a->row.health == HEALTH_BUSY && a->asked_round != s->round;
}

static char *coolify_history_path(const char *ref)
{
	return platform_path("/deployments/applications/", ref, "?skip=0&take=20");
}

static char *coolify_about(const struct app *a, const char **what)
{
	*what = "history";
	return coolify_history_path(a->ref);
}

/* --- orders -------------------------------------------------------------- */

/* One row per action: the request, and what follows from its answer. */
static const struct coolify_request {
	const char *verb;
	/* around the id of the application, or of its deployment; before NULL: the type of the row,
	 * "/applications/" */
	const char *before, *after;
	enum { COOLIFY_OF_APP, COOLIFY_OF_DEPLOYMENT } of;
	bool deploys; /* it starts a deployment, which is followed */
} coolify_requests[] = {
	[APP_DEPLOY] = { "deploy", "/deploy?uuid=", "", COOLIFY_OF_APP, true },
	[APP_REDEPLOY] = { "redeploy", "/deploy?uuid=", "&force=true", COOLIFY_OF_APP, true },
	[APP_START] = { "start", NULL, "/start", COOLIFY_OF_APP, true },
	[APP_STOP] = { "stop", NULL, "/stop", COOLIFY_OF_APP, false },
	[APP_RESTART] = { "restart", NULL, "/restart", COOLIFY_OF_APP, true },
	[APP_CANCEL] = { "cancel", "/deployments/", "/cancel", COOLIFY_OF_DEPLOYMENT, false },
};

struct coolify_job {
	struct rollout rollout;
	const struct coolify_request *request;
};

static char *coolify_order_path(const struct app *a, const struct coolify_request *q)
{
	const struct app_deployment *last = app_last(a);
	char folder[32];
	if (q->of == COOLIFY_OF_DEPLOYMENT)
		return platform_path(q->before, last ? last->id : "", q->after);
	snprintf(folder, sizeof(folder), "/%.23ss/", a->type);
	return platform_path(q->before ? q->before : folder, a->ref, q->after);
}

static void coolify_queued(struct job *j, const struct api_answer *answer)
{
	struct rollout *r = (struct rollout *)j;
	const struct coolify_request *q = ((const struct coolify_job *)j)->request;
	char said[160];
	if (answer->unsure && *r->ref) {
		r->unsure = answer->err;
		rollout_follow(r); /* the history shows whether it began */
	} else if (answer->err.code) {
		job_end(j, &answer->err, NULL);
	} else if (!coolify_deployment_queued(answer->body, answer->len, r->id, said,
	                                      sizeof(said)) ||
	           !*r->id || q->of == COOLIFY_OF_DEPLOYMENT) {
		/* services and databases have no deployments */
		job_end(j, NULL, *said ? said : "done");
	} else {
		order_progress(j->order, "%s: queued", j->verb);
		rollout_follow(r);
	}
}

static void coolify_run(struct order *order, struct app *a, enum app_do what)
{
	const struct coolify_request *q = &coolify_requests[what];
	struct coolify_job *c = job_begin(a->instance, order, sizeof(*c), q->verb);
	if (!c)
		return;
	struct rollout *r = &c->rollout;
	c->request = q;
	if (coolify_is_application(a) && q->deploys)
		rollout_begin(r, a->ref);
	if (app_last(a))
		memcpy(r->before, app_last(a)->id, sizeof(r->before));
	char *path = coolify_order_path(a, q);
	job_call(&r->job, "POST", path, NULL, coolify_queued);
	free(path);
}

static char *coolify_deployment_path(const struct rollout *r)
{
	return *r->id ? platform_path("/deployments/", r->id, "") : coolify_history_path(r->ref);
}

static bool coolify_deployment_read(const struct rollout *r, const char *json, size_t len,
                                    struct app_deployment *list, size_t *n, struct err *err)
{
	*n = 1;
	return *r->id ? coolify_deployment_parse(json, len, list, err)
	              : coolify_deployments_parse(json, len, list, NULL, n, err);
}

static bool coolify_can(const struct app *a, enum app_do what)
{
	const struct app_deployment *last = app_last(a);
	bool application = coolify_is_application(a), runs = strncmp(a->state, "exited", 6) != 0;
	bool deploying = last && last->health == HEALTH_BUSY;
	if (a->is_platform || !strcmp(a->type, "server"))
		return false;
	switch (what) {
	case APP_DEPLOY: return !deploying;
	case APP_REDEPLOY: return application && !deploying;
	case APP_START: return !runs && !deploying;
	case APP_STOP: return runs;
	case APP_RESTART: return runs && !deploying;
	case APP_CANCEL: return application && deploying;
	default: return false;
	}
}

static void coolify_command(const struct app *a, enum app_do what, char *buf, size_t size)
{
	const struct site *s = a->instance;
	if ((size_t)what >= ARRAY_LEN(coolify_requests))
		return;
	const struct coolify_request *q = &coolify_requests[what];
	char *path = coolify_order_path(a, q);
	snprintf(buf, size, "%s %s: POST %s, Coolify %s", q->verb, a->row.name, path, s->name);
	free(path);
}

/* --- logs ---------------------------------------------------------------- */

static char *coolify_log_path(struct site_log *l)
{
	return platform_path("/deployments/", l->id, "");
}

static void coolify_log_read(struct site_log *l, const struct api_answer *r)
{
	struct app_deployment d;
	struct err err;
	char how[100];
	bool good = coolify_deployment_parse(r->body, r->len, &d, &err);
	char *text = good ? coolify_log_text(r->body, r->len) : NULL;
	if (good && !text)
		err_set(&err, ERR_DENIED,
		        "the deployment is %s, but this token may not read its log: one with the "
		        "ability read:sensitive may",
		        d.state);
	if (!text) {
		app_log_fail(l->log, &err);
		return;
	}
	snprintf(how, sizeof(how), "deployment %s", d.state);
	app_log_take(l->log, text, strlen(text), !deployment_runs(&d), how);
	free(text);
}

static struct follow *coolify_follow(struct app *a, struct log *log, struct err *err)
{
	if (coolify_is_application(a))
		return site_follow(a, log, err);
	err_set(err, ERR_ABSENT, "%s: Coolify keeps deployments and their logs of applications",
	        a->row.name);
	return NULL;
}

/* --- the platform -------------------------------------------------------- */

static const struct platform platform_coolify = {
	.app = { .name = "Coolify",
	         .can = coolify_can,
	         .command = coolify_command,
	         .run = coolify_run,
	         .follow = coolify_follow },
	.product = "Coolify",
	.section = "coolify",
	PLATFORM_SECTION(coolifys, platform_config),
	.prefix = "/api/v1",
	.token_help = "its Keys & Tokens, API tokens makes one; the API itself is switched on in "
		      "its Settings",
	.steps =
		(const struct platform_step[]){
			{ "version", "/version", STEP_ONCE | STEP_RAW, coolify_take_version },
			{ "resources", "/resources", STEP_MUST, coolify_take_resources },
			{ "servers", "/servers", STEP_MUST, coolify_take_servers },
			{ "running", "/deployments", 0, coolify_take_running },
			{ "history", NULL, 0, coolify_take_history },
			{ .what = NULL } },
	.shown_ms = 5000,
	.hidden_ms = 60000,
	.busy_ms = 2000,
	.retry_ms = 10000,
	.poll_ms = 2000,
	.reduce = coolify_reduce,
	.is_due = coolify_is_due,
	.about = coolify_about,
	.judge_app = coolify_judge,
	.deployment_path = coolify_deployment_path,
	.deployment_read = coolify_deployment_read,
	.log_path = coolify_log_path,
	.log_read = coolify_log_read,
};
const struct backend backend_coolify = PLATFORM_BACKEND("coolify", platform_coolify);
