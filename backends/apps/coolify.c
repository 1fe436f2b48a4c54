/* coolify.c: the Coolifys of one server: servers, applications, services and databases with their
 * state, deployments with their logs; deploy, redeploy, start, stop, restart, cancel.
 *
 * Everything that changes something is a POST: the same by GET worked up to 4.1 and is refused
 * from 4.2 on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/apps/app.h"
#include "backends/apps/coolify_parse.h"
#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/api.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/action.h"
#include "backends/store/doc.h"
#include "backends/store/log.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"

#define SHOWN_MS 5000
#define HIDDEN_MS 60000
#define BUSY_MS 2000
#define RETRY_MS 10000
#define POLL_MS 2000 /* of a deployment: nothing is pushed */
#define WHOLE_MS 3600000
#define HISTORY_MS 10000 /* and not sooner than that, however often it is looked */
#define HISTORY_HIDDEN_MS                                                                        \
	300000 /* the same, of those out of sight: Coolify lets in 200 calls a minute by default \
	        */
#define HISTORY_AGAIN 6 /* looks after which a shown one's deployments are asked for again */

struct coact;
struct co { /* one [coolify NAME] */
	struct co *next;
	size_t left_out; /* of its two lists, beyond what is read */
	struct source *source;
	char name[64], version[24];
	struct api *api;
	struct api_call *call; /* of a look */
	struct loop_timer *timer;
	bool up, again, answered, detailed;
	unsigned fails;
	uint32_t round;
	struct err err;
	char one_id[200];
	struct coact *acts;
};
struct cos { /* the source */
	struct source source;
	struct co *first;
	bool shown;
};
struct coact { /* an order that runs */
	struct coact *next;
	struct co *co;
	struct order *order;
	struct api_call *call;
	struct loop_timer *timer;
	int64_t began_ms;
	char id[CO_ID];                 /* of the deployment */
	char ref[CO_ID], before[CO_ID]; /* the application; the newest deployment until then */
	struct err unsure;              /* it was told, and no answer came */
	const char *verb;
	bool deploys;
};

static const struct app_platform platform_coolify;
static struct cos *cos_of(struct source *s)
{
	return (struct cos *)s;
}

/* --- rows ---------------------------------------------------------------- */

static const struct platform_config *config(const struct co *c)
{
	const struct platform_config *p = store_settings(c->source->store)->coolifys;
	while (p && strcmp(p->name, c->name) != 0)
		p = p->next;
	return p;
}

static void judge_platform(struct co *c)
{
	struct app *a = app_row(c->source, &platform_coolify, c, c->name, NULL, NULL, NULL, "",
	                        c->round);
	const struct platform_config *p = config(c);
	snprintf(a->type, sizeof(a->type), "platform");
	snprintf(a->state, sizeof(a->state), "%s", c->version);
	snprintf(a->domain, sizeof(a->domain), "%.190s", p && p->url ? p->url : "");
	a->asked = true;
	app_settle(a, c->err.code ? HEALTH_BAD : HEALTH_GOOD, c->err.code ? c->err.text : NULL);
}

/* "running:healthy": a state and what its check says, "exited:unhealthy" for what was stopped. */
static void judge(struct app *a)
{
	const struct app_deployment *last = app_last(a);
	const char *s = a->state, *check = strchr(s, ':'), *why = NULL;
	enum health health = HEALTH_UNKNOWN;
	if (last && last->health == HEALTH_BUSY) {
		health = HEALTH_BUSY;
		why = !strcmp(last->state, "queued") ? "a deployment waits in the queue"
		                                     : "it is being deployed";
	} else if (!strncmp(s, "running", 7)) {
		health = check && !strcmp(check, ":unhealthy") ? HEALTH_ATTENTION : HEALTH_GOOD;
		why = health == HEALTH_GOOD ? NULL : "its check says unhealthy";
	} else if (!strncmp(s, "restarting", 10) || !strncmp(s, "starting", 8))
		health = HEALTH_BUSY;
	else if (!strncmp(s, "degraded", 8)) {
		health = HEALTH_ATTENTION;
		why = "some of its containers do not run";
	} else if (!strncmp(s, "exited", 6))
		health = HEALTH_IDLE;
	if (last && last->health == HEALTH_BAD && health != HEALTH_BUSY) {
		why = health == HEALTH_GOOD ? "it runs, but its last deployment failed"
		                            : "its last deployment failed";
		health = health == HEALTH_GOOD ? HEALTH_ATTENTION : HEALTH_BAD;
	}
	a->state_ms = health == HEALTH_BUSY && last ? last->created_ms : 0;
	app_settle(a, health, why);
}

static struct app *item_row(struct co *c, const struct co_item *it)
{
	static const char *const types[] = { "application", "service", "database", "server" };
	struct app *a = app_row(c->source, &platform_coolify, c, c->name,
	                        it->kind == CO_SERVER ? "servers" : it->server, NULL, it->name,
	                        it->id, c->round);
	snprintf(a->type, sizeof(a->type), "%s", types[it->kind]);
	snprintf(a->domain, sizeof(a->domain), "%s", it->domain);
	snprintf(a->image, sizeof(a->image), "%s", it->image);
	return a;
}

static void set_item(struct co *c, const struct co_item *it)
{
	struct app *a = item_row(c, it);
	if (it->kind == CO_SERVER) {
		snprintf(a->state, sizeof(a->state), "%s",
		         it->reachable ? it->usable ? "reachable" : "not usable" : "not reachable");
		app_settle(a,
		           !it->reachable ? HEALTH_BAD
		           : it->usable   ? HEALTH_GOOD
		                          : HEALTH_ATTENTION,
		           !it->reachable ? "Coolify does not reach it"
		           : it->usable   ? NULL
		                          : "Coolify reaches it, but cannot use it");
		return;
	}
	if (strcmp(a->state, it->status) != 0)
		a->asked_round = 0;
	snprintf(a->state, sizeof(a->state), "%s", it->status);
	judge(a);
}

static void set_state(struct cos *cs)
{
	const struct err *bad = NULL;
	bool all = true, any = false;
	for (struct co *c = cs->first; c; c = c->next) {
		any = any || c->answered;
		all = all && (c->detailed || c->err.code);
		if (!bad)
			bad = c->err.code ? &c->err : NULL;
	}
	if (!cs->first)
		source_set_state(&cs->source, SOURCE_ABSENT, NULL);
	else if (!all && cs->source.state == SOURCE_WAITING)
		return;
	else if (bad)
		source_set_state(&cs->source,
		                 bad->code == ERR_DENIED ? SOURCE_DENIED
		                 : any                   ? SOURCE_STALE
		                                         : SOURCE_FAILED,
		                 bad);
	else if (all)
		source_set_state(&cs->source, SOURCE_LIVE, NULL);
}

static void failed(struct co *c, const struct err *err)
{
	c->err = *err;
	c->fails++;
	judge_platform(c);
	set_state(cos_of(c->source));
}

/* --- answers ------------------------------------------------------------- */

static void garbled(struct co *c, const struct err *why)
{
	struct err err;
	err_set(&err, why->code, "Coolify %s: %s", c->name, why->text);
	failed(c, &err);
}

static void feed_resources(struct co *c, const char *json, size_t len)
{
	struct co_list l;
	struct err err;
	if (!co_resources_parse(json, len, &l, &err)) {
		garbled(c, &err);
		return;
	}
	err_clear(&c->err);
	c->fails = 0;
	c->answered = true;
	c->round++;
	judge_platform(c);
	for (size_t i = 0; i < l.n; i++)
		set_item(c, &l.items[i]);
	c->left_out = l.left_out;
	co_list_finish(&l);
	snprintf(c->source->detail, sizeof(c->source->detail), "Coolify %.20s %.60s",
	         *c->version ? c->version : "of an unknown version", c->name);
}

/* The second half of a look: rows that neither list named are gone. */
static void feed_servers(struct co *c, const char *json, size_t len)
{
	struct co_list l;
	struct err err;
	if (!co_servers_parse(json, len, &l, &err)) {
		garbled(c, &err);
		return;
	}
	for (size_t i = 0; i < l.n; i++)
		set_item(c, &l.items[i]);
	c->left_out += l.left_out;
	co_list_finish(&l);
	app_sweep(c->source, c, c->round);
	size_t left_out = 0;
	for (const struct co *each = cos_of(c->source)->first; each; each = each->next)
		left_out += each->left_out;
	source_left_out(c->source, &kind_app, left_out);
}

static struct app *next_of(struct co *c, struct app *after)
{
	struct row *r = after ? store_next(&after->row, &kind_app, c->source->server)
	                      : store_first(c->source->store, &kind_app, c->source->server);
	while (r && (app_of(r)->instance != c || app_of(r)->is_platform))
		r = store_next(r, &kind_app, c->source->server);
	return r ? app_of(r) : NULL;
}

/* Those that run now: whose they are is told by name. */
static void feed_running(struct co *c, const char *json, size_t len)
{
	struct app_deployment list[APP_DEPLOYMENTS_MAX];
	char names[APP_DEPLOYMENTS_MAX][CO_NAME];
	struct err err;
	size_t n;
	if (!co_deployments_parse(json, len, list, names, &n, &err))
		return;
	for (struct app *a = next_of(c, NULL); a; a = next_of(c, a))
		for (size_t i = 0; i < n; i++)
			if (!strcmp(a->type, "application") && !strcmp(a->row.name, names[i]) &&
			    (!app_last(a) || strcmp(app_last(a)->id, list[i].id) != 0))
				a->asked_round = 0;
}

static struct app *by_ref(struct co *c, const char *ref)
{
	struct app *a = next_of(c, NULL);
	while (a && strcmp(a->ref, ref) != 0)
		a = next_of(c, a);
	return a;
}

static void feed_history(struct co *c, const char *ref, const char *json, size_t len)
{
	struct app_deployment list[APP_DEPLOYMENTS_MAX];
	struct app *a = by_ref(c, ref);
	struct err err;
	size_t n;
	if (!a || !co_deployments_parse(json, len, list, NULL, &n, &err))
		return;
	a->asked = true;
	app_set_deployments(a, list, n);
	judge(a);
}

static struct co *find(struct cos *cs, const char *name, size_t n)
{
	struct co **slot = &cs->first;
	for (; *slot; slot = &(*slot)->next)
		if (strlen((*slot)->name) == n && !strncmp((*slot)->name, name, n))
			return *slot;
	struct co *c = xcalloc(1, sizeof(*c));
	c->source = &cs->source;
	snprintf(c->name, sizeof(c->name), "%.*s", (int)n, name);
	return *slot = c;
}

/* "NAME\tversion", "NAME\tresources", "NAME\tservers", "NAME\trunning", "NAME\thistory\tUUID" */
static void feed(struct source *source, const char *what, const char *bytes, size_t len)
{
	static const struct {
		const char *what;
		void (*take)(struct co *, const char *, size_t);
	} rows[] = {
		{ "\tresources", feed_resources },
		{ "\tservers", feed_servers },
		{ "\trunning", feed_running },
	};
	const char *tab = strchr(what, '\t');
	if (!tab || tab == what || tab - what > 60)
		return;
	struct co *c = find(cos_of(source), what, (size_t)(tab - what));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (!strcmp(tab, rows[i].what))
			rows[i].take(c, bytes, len);
	if (!strcmp(tab, "\tversion"))
		co_version(bytes, len, c->version, sizeof(c->version));
	else if (!strncmp(tab, "\thistory\t", 9))
		feed_history(c, tab + 9, bytes, len);
}

/* --- asking -------------------------------------------------------------- */

static struct api_call *ask(struct co *c, const char *method, const char *path,
                            void (*done)(const struct api_answer *, void *), void *arg)
{
	char *full = xasprintf("/api/v1%s", path);
	struct api_call *call = api_call(c->api, &(struct api_request){ .method = method,
	                                                                .path = full,
	                                                                .done = done,
	                                                                .arg = arg });
	free(full);
	return call;
}

/* Only what is read goes in, and so into a recording. */
static void take(struct co *c, const char *what, const char *json, size_t len)
{
	struct buf clean = { 0 };
	char *name = xasprintf("%s\t%s", c->name, what);
	if (strcmp(what, "version") != 0)
		co_reduce(json, len, &clean);
	source_feed(c->source, name, clean.len ? clean.data : json, clean.len ? clean.len : len);
	buf_finish(&clean);
	free(name);
}

static bool is_busy(struct co *c)
{
	for (struct app *a = next_of(c, NULL); a; a = next_of(c, a))
		if (a->row.health == HEALTH_BUSY)
			return true;
	return c->acts != NULL;
}

static void look_later(struct co *c)
{
	int64_t wait;
	if (c->again)
		wait = 0;
	else if (c->err.code)
		wait = RETRY_MS * (c->fails < 6 ? c->fails : 6);
	else if (is_busy(c))
		wait = BUSY_MS;
	else if (cos_of(c->source)->shown)
		wait = SHOWN_MS;
	else
		wait = HIDDEN_MS;
	c->again = false;
	if (c->up)
		loop_timer_set(c->timer, wait);
}

static void poll_now(struct co *c)
{
	c->again = true;
	if (!c->call && c->up)
		look_later(c);
}

static bool is_due(const struct co *c, const struct app *a)
{
	/* Those out of sight too, if seldom: one that failed between two looks while the old
	 * container runs on is told by its history alone. */
	int64_t since = loop_now(store_loop(c->source->store)) - a->asked_ms;
	return !strcmp(a->type, "application") &&
	       (!a->asked_round || since >= HISTORY_HIDDEN_MS ||
	        (a->row.shown && c->round - a->asked_round >= HISTORY_AGAIN &&
	         since >= HISTORY_MS) ||
	        (a->row.health == HEALTH_BUSY && a->asked_round != c->round));
}

static void ask_histories(struct co *);

static void history_came(const struct api_answer *r, void *arg)
{
	struct co *c = arg;
	struct row *row = store_find(c->source->store, c->one_id);
	c->call = NULL;
	if (!r->err.code && row) {
		char *what = xasprintf("history\t%s", app_of(row)->ref);
		take(c, what, r->body, r->len);
		free(what);
	} else if (row) {
		app_of(row)->asked = true; /* old versions have none: then it stays unknown */
	}
	ask_histories(c);
}

static void ask_histories(struct co *c)
{
	struct app *a = next_of(c, NULL);
	while (a && !is_due(c, a))
		a = next_of(c, a);
	if (!a) {
		c->detailed = true;
		set_state(cos_of(c->source));
		look_later(c);
		return;
	}
	char *id = http_encode(a->ref),
	     *path = xasprintf("/deployments/applications/%s?skip=0&take=%d", id,
	                       APP_DEPLOYMENTS_MAX);
	a->asked_round = c->round;
	a->asked_ms = loop_now(store_loop(c->source->store));
	snprintf(c->one_id, sizeof(c->one_id), "%.199s", a->row.id);
	c->call = ask(c, "GET", path, history_came, c);
	free(path);
	free(id);
}

/* What a look asks for, one after another; what may be missing in a version or to a token does not
 * end it. */
static const struct step {
	const char *what, *path;
	bool must;
} steps[] = {
	{ "version", "/version", false },
	{ "resources", "/resources", true },
	{ "servers", "/servers", true },
	{ "running", "/deployments", false },
};

static void step_done(struct co *c, size_t i, const struct api_answer *r);
#define STEP(n)                                                     \
	static void step_##n(const struct api_answer *r, void *arg) \
	{                                                           \
		step_done(arg, n, r);                               \
	}
STEP(0)
STEP(1)
STEP(2)
STEP(3)

static void step_ask(struct co *c, size_t i)
{
	static void (*const done[])(const struct api_answer *, void *) = { step_0, step_1, step_2,
		                                                           step_3 };
	c->call = ask(c, "GET", steps[i].path, done[i], c);
}

static void step_done(struct co *c, size_t i, const struct api_answer *r)
{
	c->call = NULL;
	if (!r->err.code)
		take(c, steps[i].what, r->body, r->len);
	else if (steps[i].must || r->err.code == ERR_DENIED || r->err.code == ERR_LOST)
		failed(c, &r->err);
	if ((r->err.code || steps[i].must) && c->err.code)
		look_later(c);
	else if (i + 1 < ARRAY_LEN(steps))
		step_ask(c, i + 1);
	else
		ask_histories(c);
}

static void look(struct loop_timer *t, void *arg)
{
	struct co *c = arg;
	if (!c->call && c->api)
		step_ask(c, *c->version ? 1 : 0);
}

/* --- an order ------------------------------------------------------------ */

static void act_end(struct coact *a, const struct err *err, const char *output)
{
	struct co *c = a->co;
	struct order *order = a->order;
	struct row *r = order_row(order);
	for (struct coact **slot = &c->acts; *slot; slot = &(*slot)->next)
		if (*slot == a) {
			*slot = a->next;
			break;
		}
	api_cancel(a->call);
	loop_timer_remove(a->timer);
	free(a);
	if (r)
		app_of(r)->asked_round = 0;
	poll_now(c);
	order_end(order, err, output);
}

static void acts_end(struct co *c, const char *why)
{
	struct err err;
	err_set(&err, ERR_LOST, "Coolify %s: %s", c->name, why);
	c->up = false;
	while (c->acts)
		act_end(c->acts, &err, NULL);
}

static void poll(struct loop_timer *t, void *arg);

static void later(struct coact *a)
{
	loop_timer_set(a->timer, POLL_MS);
}

/* Its row has the deployment at once, so that its log can be followed. */
static void show(const struct coact *a, const struct app_deployment *d)
{
	struct row *r = order_row(a->order);
	struct app_deployment list[APP_DEPLOYMENTS_MAX] = { *d };
	size_t n = 1;
	if (!r)
		return;
	const struct app *app = app_of(r);
	for (size_t i = 0; i < app->n_deployments && n < APP_DEPLOYMENTS_MAX; i++)
		if (strcmp(app->deployments[i].id, d->id) != 0)
			list[n++] = app->deployments[i];
	app_set_deployments(app_of(r), list, n);
	judge(app_of(r));
}

static void ended(struct coact *a, const struct app_deployment *d)
{
	char span[HUMAN_SIZE], said[120];
	struct err err;
	human_span(span, loop_now(store_loop(a->co->source->store)) - a->began_ms);
	if (d->health == HEALTH_GOOD) {
		snprintf(said, sizeof(said), "%s within %s", a->deploys ? "deployed" : "done",
		         span);
		act_end(a, NULL, said);
		return;
	}
	err_set(&err, d->health == HEALTH_BAD ? ERR_REFUSED : ERR_CANCELLED,
	        "the deployment %s after %s; l shows its log",
	        d->health == HEALTH_BAD ? "failed" : "was cancelled there", span);
	act_end(a, &err, NULL);
}

static void polled(const struct api_answer *r, void *arg)
{
	struct coact *a = arg;
	struct app_deployment d;
	struct err err;
	a->call = NULL;
	if (r->err.code == ERR_DENIED || r->err.code == ERR_ABSENT) {
		err_set(&err, r->err.code,
		        "it was told to %s, but how that goes cannot be seen: %.200s", a->verb,
		        r->err.text);
		act_end(a, &err, NULL);
	} else if (r->err.code || !co_deployment_parse(r->body, r->len, &d, &err)) {
		order_progress(a->order, "%s: %.120s", a->verb,
		               r->err.code ? r->err.text : err.text);
		later(a);
	} else {
		show(a, &d);
		if (d.health == HEALTH_BUSY || d.health == HEALTH_UNKNOWN) {
			order_progress(a->order, "%s: %s", a->verb,
			               !strcmp(d.state, "in_progress") ? "in progress" : d.state);
			later(a);
		} else {
			ended(a, &d);
		}
	}
}

static void poll(struct loop_timer *t, void *arg)
{
	struct coact *a = arg;
	struct err err;
	if (loop_now(store_loop(a->co->source->store)) - a->began_ms > WHOLE_MS) {
		err_set(&err, ERR_TIMEOUT, "it is not over within an hour; it goes on there");
		act_end(a, &err, NULL);
		return;
	}
	char *id = http_encode(a->id), *path = xasprintf("/deployments/%s", id);
	a->call = ask(a->co, "GET", path, polled, a);
	free(path);
	free(id);
}

/* No answer is no reason to do it twice: whether it began is seen in the list. */
static void searched(const struct api_answer *r, void *arg)
{
	struct coact *a = arg;
	struct app_deployment list[APP_DEPLOYMENTS_MAX];
	struct err err;
	size_t n = 0;
	a->call = NULL;
	if (!r->err.code && co_deployments_parse(r->body, r->len, list, NULL, &n, &err) && n &&
	    strcmp(list[0].id, a->before) != 0) {
		snprintf(a->id, sizeof(a->id), "%s", list[0].id);
		loop_timer_set(a->timer, 0);
	} else {
		struct err said = a->unsure;
		act_end(a, &said, NULL);
	}
}

static void search(struct coact *a, const struct err *err)
{
	char *id = http_encode(a->ref),
	     *path = xasprintf("/deployments/applications/%s?skip=0&take=5", id);
	a->unsure = *err;
	a->call = ask(a->co, "GET", path, searched, a);
	free(path);
	free(id);
}

static void queued(const struct api_answer *r, void *arg)
{
	struct coact *a = arg;
	char said[160];
	a->call = NULL;
	if (r->err.code && r->unsure && *a->ref) {
		search(a, &r->err);
	} else if (r->err.code) {
		act_end(a, &r->err, NULL);
	} else if (!co_queued(r->body, r->len, a->id, said, sizeof(said)) || !*a->id ||
	           !strcmp(a->verb, "cancel")) {
		/* services and databases have no deployment to follow */
		act_end(a, NULL, *said ? said : "done");
	} else {
		order_progress(a->order, "%s: queued", a->verb);
		loop_timer_set(a->timer, 0);
	}
}

static const char *const verbs[] = {
	[APP_DEPLOY] = "deploy", [APP_REDEPLOY] = "redeploy", [APP_START] = "start",
	[APP_STOP] = "stop",     [APP_RESTART] = "restart",   [APP_CANCEL] = "cancel"
};

static const char *folder(const struct app *a)
{
	if (!strcmp(a->type, "application"))
		return "applications";
	if (!strcmp(a->type, "service"))
		return "services";
	return "databases";
}

static char *path_for(const struct app *a, enum app_do what)
{
	const struct app_deployment *last = app_last(a);
	char *id = http_encode(what == APP_CANCEL && last ? last->id : a->ref), *path;
	if (what == APP_DEPLOY || what == APP_REDEPLOY)
		path = xasprintf("/deploy?uuid=%s%s", id,
		                 what == APP_REDEPLOY ? "&force=true" : "");
	else if (what == APP_CANCEL)
		path = xasprintf("/deployments/%s/cancel", id);
	else
		path = xasprintf("/%s/%s/%s", folder(a), id, verbs[what]);
	free(id);
	return path;
}

static void run(struct order *order, struct app *app, enum app_do what)
{
	struct co *c = app->instance;
	struct err err;
	if (!c->api) {
		err_set(&err, ERR_LOST, "Coolify %s is not connected", c->name);
		order_end(order, &err, NULL);
		return;
	}
	struct coact *a = xcalloc(1, sizeof(*a));
	*a = (struct coact){ .co = c,
		             .order = order,
		             .next = c->acts,
		             .verb = verbs[what],
		             .deploys = what == APP_DEPLOY || what == APP_REDEPLOY,
		             .began_ms = loop_now(store_loop(c->source->store)) };
	a->timer = loop_timer_add(store_loop(c->source->store), -1, poll, a);
	c->acts = a;
	order->run = a;
	if (!strcmp(app->type, "application") && what != APP_STOP && what != APP_CANCEL)
		snprintf(a->ref, sizeof(a->ref), "%s", app->ref);
	snprintf(a->before, sizeof(a->before), "%s", app_last(app) ? app_last(app)->id : "");
	char *path = path_for(app, what);
	a->call = ask(c, "POST", path, queued, a);
	free(path);
}

static bool can(const struct app *a, enum app_do what)
{
	const struct app_deployment *last = app_last(a);
	bool application = !strcmp(a->type, "application"),
	     runs = strncmp(a->state, "exited", 6) != 0;
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

static void command(const struct app *a, enum app_do what, char *buf, size_t size)
{
	char *path = path_for(a, what);
	snprintf(buf, size, "%s %s: POST %s, Coolify %s", verbs[what], a->row.name, path,
	         ((const struct co *)a->instance)->name);
	free(path);
}

/* --- the log of its last deployment -------------------------------------- */

struct co_log {
	struct store *store;
	struct api_call *call;
	struct app_log *log;
	char row[200], id[CO_ID];
};

static void log_came(const struct api_answer *r, void *arg)
{
	struct co_log *l = arg;
	struct app_deployment d;
	struct err err = r->err;
	char how[100];
	l->call = NULL;
	char *text = err.code || !co_deployment_parse(r->body, r->len, &d, &err)
	                     ? NULL
	                     : co_log_text(r->body, r->len);
	if (!err.code && !text)
		err_set(&err, ERR_DENIED,
		        "the deployment is %s, but this token may not read its log: one with the "
		        "ability read:sensitive may",
		        d.state);
	if (err.code) {
		app_log_fail(l->log, &err);
		return;
	}
	snprintf(how, sizeof(how), "deployment %s", d.state);
	app_log_take(l->log, text, strlen(text),
	             d.health != HEALTH_BUSY && d.health != HEALTH_UNKNOWN, how);
	free(text);
}

static void log_ask(struct app_log *log, void *arg)
{
	struct co_log *l = arg;
	struct row *r = store_find(l->store, l->row);
	struct co *c = r ? app_of(r)->instance : NULL;
	const struct app_deployment *last = r ? app_last(app_of(r)) : NULL;
	struct err err;
	l->log = log;
	if (!*l->id && last)
		snprintf(l->id, sizeof(l->id), "%s", last->id);
	if (!c || !c->api)
		err_set(&err, ERR_LOST, "%s", r ? "the link is away" : "it is not there any more");
	else if (!*l->id && app_of(r)->asked)
		err_set(&err, ERR_ABSENT, "Coolify knows no deployment of %s, so there is no log",
		        r->name);
	else
		err_clear(&err);
	if (err.code) {
		app_log_fail(log, &err);
		return;
	}
	if (!*l->id) {
		app_log_later(log);
		return;
	}
	char *id = http_encode(l->id), *path = xasprintf("/deployments/%s", id);
	l->call = ask(c, "GET", path, log_came, l);
	free(path);
	free(id);
}

static void log_stop(void *arg)
{
	struct co_log *l = arg;
	api_cancel(l->call);
	free(l);
}

static struct follow *follow(struct app *a, struct log *log, struct err *err)
{
	static const struct app_log_ops ops = { .ask = log_ask, .stop = log_stop };
	if (strcmp(a->type, "application") != 0) {
		err_set(err, ERR_ABSENT,
		        "%s: Coolify keeps deployments and their logs of applications",
		        a->row.name);
		return NULL;
	}
	struct co_log *l = xcalloc(1, sizeof(*l));
	l->store = a->row.server->store;
	snprintf(l->row, sizeof(l->row), "%.199s", a->row.id);
	l->log = app_log_follow(a, log, a->row.id, &ops, l);
	return app_log_handle(l->log);
}

static const struct app_platform platform_coolify = {
	.name = "Coolify", .can = can, .command = command, .run = run, .follow = follow
};

/* --- the backend --------------------------------------------------------- */

static void open_one(struct cos *cs, const struct platform_config *p)
{
	struct co *c = find(cs, p->name, strlen(p->name));
	struct err err;
	if (!c->timer)
		c->timer = loop_timer_add(store_loop(cs->source.store), -1, look, c);
	if (!c->api)
		c->api = api_create(store_http(cs->source.store), source_link(&cs->source),
		                    &(struct api_config){
					    .section = "coolify",
					    .name = c->name,
					    .product = "Coolify",
					    .url = p->url,
					    .token_command = p->token_command,
					    .token_help =
						    "its Keys & Tokens, API tokens makes one; the "
						    "API itself is switched on in its Settings" },
		                    &err);
	c->up = c->api != NULL;
	if (c->up)
		poll_now(c);
	else
		failed(c, &err);
}

static void up(struct source *source)
{
	struct cos *cs = cos_of(source);
	for (const struct platform_config *p = store_settings(source->store)->coolifys; p;
	     p = p->next)
		if (p->server ? server_is_called(source->server, p->server)
		              : source->server->is_local)
			open_one(cs, p);
	set_state(cs);
}

static void down(struct source *source)
{
	for (struct co *c = cos_of(source)->first; c; c = c->next) {
		api_cancel(c->call);
		c->call = NULL;
		c->up = false;
		if (c->timer)
			loop_timer_set(c->timer, -1);
		if (source_link(source)->state == LINK_UP)
			continue;
		acts_end(c, "the link was lost; what was begun goes on there, and the list shows "
		            "it when the link is back");
		api_destroy(c->api);
		c->api = NULL;
		c->version[0] = '\0';
	}
	if (source->state == SOURCE_LIVE)
		source_set_state(source, SOURCE_STALE, NULL);
}

static void shown(struct source *source)
{
	struct cos *cs = cos_of(source);
	bool now = false;
	for (struct row *r = store_first(source->store, &kind_app, source->server); r;
	     r = store_next(r, &kind_app, source->server))
		now = now || (r->source == source && r->shown);
	for (struct co *c = cs->first; c && now && !cs->shown; c = c->next)
		poll_now(c);
	cs->shown = now;
}

static void finish(struct source *source)
{
	for (struct co *c = cos_of(source)->first, *next; c; c = next) {
		next = c->next;
		api_cancel(c->call);
		c->call = NULL;
		acts_end(c, "the server was closed while it ran; what was begun goes on there");
		api_destroy(c->api);
		loop_timer_remove(c->timer);
		free(c);
	}
}

const struct backend backend_coolify = {
	.name = "coolify",
	.source_size = sizeof(struct cos),
	.up = up,
	.down = down,
	.feed = feed,
	.shown = shown,
	.finish = finish,
};
