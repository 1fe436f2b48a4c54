/* dokploy_act.c: deploy, redeploy, start, stop, and the log of a deployment.
 *
 * A deploy has no answer: the newest deployment before it is remembered, and one that was not there
 * is waited for and followed to its end. The console may go meanwhile: Dokploy goes on by itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/apps/dokploy.h"
#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/http.h"
#include "backends/link/loop.h"
#include "backends/link/ws.h"
#include "backends/store/log.h"

#define POLL_MS 1000
#define BEGIN_MS 120000 /* until its queue begins with it */
#define WHOLE_MS 3600000
#define LOG_TAIL 2000
#define READ_LOGS_SINCE 2905 /* deployment.readLogs */

/* --- an order of many calls ---------------------------------------------- */

struct act *dok_act_begin(struct dok *d, struct order *order)
{
	struct act *a = xcalloc(1, sizeof(*a));
	a->dok = d;
	a->order = order;
	a->began_ms = loop_now(store_loop(d->source->store));
	a->next = d->acts;
	d->acts = a;
	order->run = a;
	return a;
}

void dok_act_end(struct act *a, const struct err *err, const char *output)
{
	struct dok *d = a->dok;
	struct order *order = a->order;
	for (struct act **slot = &d->acts; *slot; slot = &(*slot)->next)
		if (*slot == a) {
			*slot = a->next;
			break;
		}
	api_cancel(a->call);
	loop_timer_remove(a->timer);
	stack_free(a->stack);
	free(a);
	dok_poll_now(d);
	order_end(order, err, output);
}

void dok_acts_end(struct dok *d, const char *why)
{
	struct err err;
	err_set(&err, ERR_LOST, "Dokploy %s: %s", d->name, why);
	d->up = false;
	while (d->acts)
		dok_act_end(d->acts, &err, NULL);
}

static void on_waits(struct api_call *call, int64_t ms, void *arg)
{
	struct act *a = arg;
	char span[HUMAN_SIZE];
	(void)call;
	order_progress(a->order, "waits %s, as Dokploy %s asks (429)", human_span(span, ms),
	               a->dok->name);
}

void dok_act_call(struct act *a, const char *method, const char *path, const char *body,
                  void (*done)(const struct api_answer *, void *))
{
	char *full = xasprintf("/api/%s", path);
	a->call = api_call(a->dok->api, &(struct api_request){ .method = method,
	                                                       .path = full,
	                                                       .body = body,
	                                                       .waits = on_waits,
	                                                       .done = done,
	                                                       .arg = a });
	free(full);
}

char *json_id(const char *member, const char *id)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, member, id);
	char *text = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	return text;
}

static const char *what_of(const struct act *a)
{
	return a->compose ? "compose" : "application";
}

static const char *member_of(const struct act *a)
{
	return a->compose ? "composeId" : "applicationId";
}

static void post(struct act *a, const char *verb, void (*done)(const struct api_answer *, void *))
{
	char *path = xasprintf("%s.%s", what_of(a), verb), *body = json_id(member_of(a), a->ref);
	dok_act_call(a, "POST", path, body, done);
	free(path);
	free(body);
}

/* --- a deployment, to its end -------------------------------------------- */

static void poll(struct act *a);

static void say(struct act *a, const char *how)
{
	if (a->stack)
		stack_say(a, how);
	else
		order_progress(a->order, "%s: %.120s", a->verb, how);
}

static void on_timer(struct loop_timer *t, void *arg)
{
	poll(arg);
}

static void later(struct act *a)
{
	if (!a->timer)
		a->timer = loop_timer_add(store_loop(a->dok->source->store), POLL_MS, on_timer, a);
	else
		loop_timer_set(a->timer, POLL_MS);
}

/* Tells what the newest deployment says; true: it is over, one way or the other. */
static bool tell(struct act *a, const struct app_deployment *list, size_t n)
{
	char span[HUMAN_SIZE], said[160];
	struct err err;
	int64_t ms = loop_now(store_loop(a->dok->source->store)) - a->began_ms;
	const struct app_deployment *d = n && strcmp(list[0].id, a->before) ? &list[0] : NULL;
	human_span(span, ms);
	if (!d && ms < BEGIN_MS) {
		say(a, "waiting in its queue");
		return false;
	}
	if (!d) {
		err_set(&err, ERR_TIMEOUT,
		        "Dokploy %s took the %s, but no deployment has begun within %s; its queue "
		        "may be full or stuck",
		        a->dok->name, a->verb, span);
		a->deployed(a, &err, NULL);
		return true;
	}
	if (d->health == HEALTH_BUSY || d->health == HEALTH_UNKNOWN) {
		say(a, d->state);
		if (ms < WHOLE_MS)
			return false;
		err_set(&err, ERR_TIMEOUT, "it is not over within %s; it goes on there", span);
		a->deployed(a, &err, NULL);
		return true;
	}
	if (d->health == HEALTH_GOOD) {
		snprintf(said, sizeof(said), "deployed within %s", span);
		a->deployed(a, NULL, said);
		return true;
	}
	err_set(&err, d->health == HEALTH_BAD ? ERR_REFUSED : ERR_CANCELLED,
	        "the deployment %s after %s%s%s; l shows its log",
	        d->health == HEALTH_BAD ? "failed" : "was cancelled there", span,
	        *d->error ? ": " : "", d->error);
	a->deployed(a, &err, NULL);
	return true;
}

/* Its row has the new deployment at once, so that its log can be followed. */
static void show(const struct act *a, const struct app_deployment *list, size_t n)
{
	struct row *r = order_row(a->order);
	if (r && !strcmp(app_of(r)->ref, a->ref))
		app_set_deployments(app_of(r), list, n);
}

/* A look that fails once does not end what goes on there. */
static void polled(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct app_deployment list[APP_DEPLOYMENTS_MAX];
	struct err err;
	size_t n;
	a->call = NULL;
	if (r->err.code == ERR_DENIED || r->err.code == ERR_ABSENT) {
		err_set(&err, r->err.code,
		        "it was told to %s, but how that goes cannot be seen: %.200s", a->verb,
		        r->err.text);
		a->deployed(a, &err, NULL);
	} else if (r->err.code) {
		say(a, r->err.text);
		later(a);
	} else if (!dp_deployments_parse(r->body, r->len, list, &n, &err)) {
		later(a);
	} else {
		show(a, list, n);
		if (!tell(a, list, n))
			later(a);
	}
}

static void poll(struct act *a)
{
	char *id = http_encode(a->ref);
	char *path = xasprintf("deployment.%s?%s=%s", a->compose ? "allByCompose" : "all",
	                       member_of(a), id);
	int64_t ms = loop_now(store_loop(a->dok->source->store)) - a->began_ms;
	struct err err;
	if (ms >= WHOLE_MS + BEGIN_MS) {
		err_set(&err, ERR_TIMEOUT,
		        "it is not known how it went: Dokploy %s does not answer any more",
		        a->dok->name);
		a->deployed(a, &err, NULL);
	} else {
		dok_act_call(a, "GET", path, NULL, polled);
	}
	free(path);
	free(id);
}

/* No answer to "deploy" is no reason to do it twice: whether it began is seen in the list. */
static void told(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	a->call = NULL;
	if (r->err.code && !r->unsure)
		a->deployed(a, &r->err, NULL);
	else
		poll(a);
}

static void before_came(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct app_deployment list[APP_DEPLOYMENTS_MAX];
	struct err err = r->err;
	size_t n = 0;
	a->call = NULL;
	if (err.code || !dp_deployments_parse(r->body, r->len, list, &n, &err)) {
		a->deployed(a, &err, NULL);
		return;
	}
	snprintf(a->before, sizeof(a->before), "%s", n ? list[0].id : "");
	say(a, "asked for");
	post(a, a->verb, told);
}

void dok_act_deploy(struct act *a, const char *ref, bool compose, const char *verb)
{
	snprintf(a->ref, sizeof(a->ref), "%s", ref);
	a->compose = compose;
	a->verb = verb;
	a->began_ms = loop_now(store_loop(a->dok->source->store));
	char *id = http_encode(a->ref);
	char *path = xasprintf("deployment.%s?%s=%s", a->compose ? "allByCompose" : "all",
	                       member_of(a), id);
	dok_act_call(a, "GET", path, NULL, before_came);
	free(path);
	free(id);
}

/* --- the orders ---------------------------------------------------------- */

static void ask_again(struct act *a)
{
	struct row *r = order_row(a->order);
	if (r)
		dok_ask_about(app_of(r));
}

static void deploy_ended(struct act *a, const struct err *err, const char *said)
{
	ask_again(a);
	dok_act_end(a, err, said);
}

static void switched(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	a->call = NULL;
	ask_again(a);
	dok_act_end(a, r->err.code ? &r->err : NULL, NULL);
}

void dok_run(struct order *order, struct app *app, enum app_do what)
{
	struct act *a = dok_act_begin(app->instance, order);
	bool compose = !strcmp(app->type, "compose");
	a->deployed = deploy_ended;
	if (what == APP_DEPLOY || what == APP_REDEPLOY) {
		dok_act_deploy(a, app->ref, compose, what == APP_DEPLOY ? "deploy" : "redeploy");
		return;
	}
	snprintf(a->ref, sizeof(a->ref), "%s", app->ref);
	a->compose = compose;
	post(a, what == APP_START ? "start" : "stop", switched);
}

/* --- the log of its last deployment
 ----------------------------------------------------------------------------------------------------

 * From 0.29.5 it is asked for as text. Before, a WebSocket tells the file from its beginning, then
 what comes; it does not end with the
 * deployment: what came is looked at each time, and once the deployment is over and nothing more
 came it is closed. */

struct dok_log {
	struct store *store;
	struct api_call *call;
	struct app_log *log;
	struct ws *ws;
	struct buf all;                      /* what the WebSocket told since it was opened */
	size_t seen;                         /* bytes of it when it was looked at last */
	char row[200], id[DP_ID], path[256]; /* of the row; of the deployment; where its file is */
};
#define WS_KEPT (4u << 20)

/* How the deployment is now, by what is known of it. */
static bool is_over(const struct dok_log *l, char *how, size_t size)
{
	const struct row *r = store_find(l->store, l->row);
	const struct app *a = (const struct app *)r;
	for (size_t i = 0; a && i < a->n_deployments; i++) {
		const struct app_deployment *d = &a->deployments[i];
		if (strcmp(d->id, l->id) != 0)
			continue;
		snprintf(how, size, "deployment %s%s%s", d->state, *d->error ? ": " : "", d->error);
		return d->health != HEALTH_BUSY && d->health != HEALTH_UNKNOWN;
	}
	snprintf(how, size, "it is not listed any more");
	return true;
}

static void log_came(const struct api_answer *r, void *arg)
{
	struct dok_log *l = arg;
	char how[320];
	l->call = NULL;
	if (r->err.code) {
		app_log_fail(l->log, &r->err);
		return;
	}
	char *text = dp_log_text(r->body, r->len);
	bool over = is_over(l, how, sizeof(how));
	app_log_take(l->log, text, strlen(text), over, how);
	free(text);
}

static void ws_data(struct ws *w, const char *bytes, size_t len, void *arg)
{
	struct dok_log *l = arg;
	bool first = !l->all.len;
	if (!buf_add(&l->all, bytes, len)) {
		buf_consume(&l->all, l->all.len / 2);
		buf_add(&l->all, bytes, len);
	}
	if (first)
		app_log_now(l->log);
}

static void ws_closed(struct ws *w, const struct err *err, void *arg)
{
	struct dok_log *l = arg;
	l->ws = NULL;
	if (err->code)
		app_log_fail(l->log, err);
}

static void ask_ws(struct dok *d, struct dok_log *l)
{
	static const struct ws_events events = { .data = ws_data, .closed = ws_closed };
	struct err err;
	char how[320];
	if (l->ws) {
		bool over = l->all.len && l->seen == l->all.len && is_over(l, how, sizeof(how));
		l->seen = l->all.len;
		app_log_take(l->log, l->all.data ? l->all.data : "", l->all.len, over, how);
		if (over) {
			ws_close(l->ws);
			l->ws = NULL;
		}
		return;
	}
	char *file = http_encode(l->path), *path = xasprintf("/listen-deployment?logPath=%s", file);
	buf_clear(&l->all);
	l->seen = 0;
	l->ws = api_ws(d->api, path, &events, l, &err);
	if (l->ws)
		app_log_later(l->log);
	else
		app_log_fail(l->log, &err);
	free(path);
	free(file);
}

static void no_log(const struct dok *d, const struct app *a, struct err *err)
{
	err_set(err, ERR_ABSENT,
	        a->is_platform ? "Dokploy %s: the log is that of an application; it is on its row"
	                       : "%s was never deployed, so there is no log",
	        a->is_platform ? d->name : a->row.name);
}

static void ask_text(struct dok *d, struct dok_log *l)
{
	char *id = http_encode(l->id),
	     *path = xasprintf("deployment.readLogs?deploymentId=%s&tail=%d", id, LOG_TAIL);
	l->call = dok_call(d, "GET", path, NULL, log_came, l);
	free(path);
	free(id);
}

static void ask(struct app_log *log, void *arg)
{
	struct dok_log *l = arg;
	struct row *r = store_find(l->store, l->row);
	struct dok *d = r ? app_of(r)->instance : NULL;
	struct err err;
	l->log = log;
	if (!d || !d->api) {
		err_set(&err, ERR_LOST, "%s", r ? "the link is away" : "it is not there any more");
		app_log_fail(log, &err);
		return;
	}
	const struct app_deployment *last = app_last(app_of(r));
	if (!*l->id && last) {
		snprintf(l->id, sizeof(l->id), "%s", last->id);
		snprintf(l->path, sizeof(l->path), "%s", last->log);
	}
	if (!*l->id && !app_of(r)->asked) { /* its deployments come first */
		dok_ask_about(app_of(r));
		app_log_later(log);
	} else if (!*l->id) {
		no_log(d, app_of(r), &err);
		app_log_fail(log, &err);
	} else if (d->release && d->release < READ_LOGS_SINCE) {
		ask_ws(d, l);
	} else {
		ask_text(d, l);
	}
}

static void stop(void *arg)
{
	struct dok_log *l = arg;
	api_cancel(l->call);
	ws_close(l->ws);
	buf_finish(&l->all);
	free(l);
}

struct follow *dok_follow(struct app *a, struct log *log, struct err *err)
{
	static const struct app_log_ops ops = { .ask = ask, .stop = stop };
	const struct app_deployment *last = app_last(a);
	if (a->is_platform || (a->asked && !last)) {
		no_log(a->instance, a, err);
		return NULL;
	}
	struct dok_log *l = xcalloc(1, sizeof(*l));
	l->store = a->row.server->store;
	buf_init(&l->all, WS_KEPT);
	snprintf(l->row, sizeof(l->row), "%.199s", a->row.id);
	snprintf(l->id, sizeof(l->id), "%s", last ? last->id : "");
	snprintf(l->path, sizeof(l->path), "%s", last ? last->log : "");
	l->log = app_log_follow(a, log, a->row.id, &ops, l);
	return app_log_handle(l->log);
}
