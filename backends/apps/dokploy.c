/* dokploy.c: the Dokploys of one server: their projects are asked for as one list, each application
 * for its domains and deployments when something about it changed or it is looked at. What it
 * answers goes in by source_feed, without secrets, so that a recording needs no Dokploy. */
#include "backends/apps/dokploy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/doc.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"

#define SHOWN_MS 5000
#define HIDDEN_MS 60000
#define BUSY_MS 2000 /* something is being deployed */
#define RETRY_MS 10000
#define ONE_AGAIN 6 /* lists after which a shown one is asked about again */

static struct doks *doks_of(struct source *s)
{
	return (struct doks *)s;
}

static struct app *next_to_ask(struct dok *);
static void ask_one(struct dok *, struct app *);

/* --- rows ---------------------------------------------------------------- */

struct app *dok_row(struct dok *d)
{
	struct app *a = app_row(d->source, &platform_dokploy, d, d->name, NULL, NULL, NULL, "",
	                        d->round);
	snprintf(a->type, sizeof(a->type), "platform");
	snprintf(a->state, sizeof(a->state), "%s", d->version);
	return a;
}

void dok_judge(struct dok *d)
{
	struct app *a = dok_row(d);
	const struct dokploy_config *c = dok_config(d);
	char why[240];
	snprintf(a->domain, sizeof(a->domain), "%.190s", c && c->url ? c->url : "");
	a->asked = true;
	if (d->err.code) {
		app_settle(a, HEALTH_BAD, d->err.text);
		return;
	}
	snprintf(why, sizeof(why),
	         "%zu %s of %.60s %s left of a new stack that is not whole; \"new stack\" goes on "
	         "with it, \"remove what was made\" "
	         "takes it away",
	         d->n_made, d->n_made == 1 ? "thing" : "things",
	         d->n_made ? d->made[d->n_made - 1].stack : "", d->n_made == 1 ? "is" : "are");
	bool runs = a->row.order && a->row.order->state == ORDER_RUNNING;
	app_settle(a, d->n_made && !runs ? HEALTH_ATTENTION : HEALTH_GOOD,
	           d->n_made && !runs ? why : NULL);
}

/* "running" is said of a deployment, "done" of one that ended well: whether its container is up it
 * does not tell. */
static void judge(struct app *a)
{
	const struct app_deployment *last = app_last(a);
	const char *why = NULL;
	enum health health = HEALTH_UNKNOWN;
	if (!strcmp(a->state, "running"))
		health = HEALTH_BUSY;
	else if (!strcmp(a->state, "done"))
		health = HEALTH_GOOD;
	else if (!strcmp(a->state, "idle"))
		health = HEALTH_IDLE;
	else if (!strcmp(a->state, "error")) {
		health = HEALTH_BAD;
		why = last && last->health == HEALTH_BAD && *last->error
		              ? last->error
		              : "its last deployment failed";
	}
	if (!last)
		a->state_ms = 0;
	else if (health == HEALTH_BUSY)
		a->state_ms = last->created_ms;
	else if (last->ended_ms)
		a->state_ms = last->ended_ms;
	else
		a->state_ms = last->created_ms;
	app_settle(a, health, why);
}

static void set_row(struct dok *d, const struct dp_tree *t, const struct dp_app *p)
{
	const struct dp_env *env = &t->envs[p->env];
	struct app *a = app_row(d->source, &platform_dokploy, d, d->name,
	                        t->projects[env->project].name, env->usual ? "" : env->name,
	                        p->name, p->id, d->round);
	bool changed = strcmp(a->state, p->status) != 0;
	snprintf(a->type, sizeof(a->type), "%s", p->compose ? "compose" : "application");
	snprintf(a->state, sizeof(a->state), "%s", p->status);
	if (changed)
		a->asked_round = 0;
	judge(a);
}

static void set_state(struct doks *ds)
{
	const struct err *bad = NULL;
	bool all = true, any = false;
	for (struct dok *d = ds->first; d; d = d->next) {
		any = any || d->answered;
		all = all && (d->detailed || d->err.code);
		if (!bad)
			bad = d->err.code ? &d->err : NULL;
	}
	if (!ds->first)
		source_set_state(&ds->source, SOURCE_ABSENT, NULL);
	else if (!all && ds->source.state == SOURCE_WAITING)
		return;
	else if (bad)
		source_set_state(&ds->source,
		                 bad->code == ERR_DENIED ? SOURCE_DENIED
		                 : any                   ? SOURCE_STALE
		                                         : SOURCE_FAILED,
		                 bad);
	else if (all)
		source_set_state(&ds->source, SOURCE_LIVE, NULL);
}

/* --- answers ------------------------------------------------------------- */

static void failed(struct dok *d, const struct err *err)
{
	d->err = *err;
	d->fails++;
	dok_judge(d);
	set_state(doks_of(d->source));
}

static void feed_tree(struct dok *d, const char *json, size_t len)
{
	struct dp_tree tree;
	struct err err;
	if (!dp_tree_parse(json, len, &tree, &err)) {
		dp_tree_finish(&tree);
		struct err said;
		err_set(&said, err.code, "Dokploy %s: %s", d->name, err.text);
		failed(d, &said);
		return;
	}
	err_clear(&d->err);
	d->fails = 0;
	d->answered = true;
	d->round++;
	if (tree.n_projects)
		d->by_environment = tree.by_environment;
	dok_judge(d);
	for (size_t i = 0; i < tree.n_apps; i++)
		set_row(d, &tree, &tree.apps[i]);
	app_sweep(d->source, d, d->round);
	size_t left_out = 0;
	d->left_out = tree.left_out;
	for (const struct dok *each = doks_of(d->source)->first; each; each = each->next)
		left_out += each->left_out;
	source_left_out(d->source, &kind_app, left_out);
	dp_tree_finish(&tree);
	snprintf(d->source->detail, sizeof(d->source->detail), "Dokploy %.20s %.60s",
	         *d->version ? d->version : "of an unknown version", d->name);
}

static struct app *by_ref(struct dok *d, const char *ref)
{
	for (struct row *r = store_first(d->source->store, &kind_app, d->source->server); r;
	     r = store_next(r, &kind_app, d->source->server))
		if (app_of(r)->instance == d && !app_of(r)->is_platform &&
		    !strcmp(app_of(r)->ref, ref))
			return app_of(r);
	return NULL;
}

static void set_domain(struct app *a, const struct dp_one *one)
{
	const struct dp_domain *d = &one->domains[0];
	char more[24] = "", text[sizeof(a->domain)] = "";
	if (one->n_domains > 1)
		snprintf(more, sizeof(more), " +%zu", one->n_domains - 1);
	if (one->n_domains)
		snprintf(text, sizeof(text), "%s%.150s%.16s%s", d->https ? "https://" : "http://",
		         d->host, strcmp(d->path, "/") ? d->path : "", more);
	/* what is cut may be cut within a character */
	wash(a->domain, sizeof(a->domain), text, strlen(text));
}

static void feed_one(struct dok *d, const char *ref, const char *json, size_t len)
{
	struct app *a = by_ref(d, ref);
	struct dp_one *one = xcalloc(1, sizeof(*one));
	struct err err;
	if (a && dp_one_parse(json, len, one, &err)) {
		a->asked = true;
		if (*one->status)
			snprintf(a->state, sizeof(a->state), "%s", one->status);
		snprintf(a->image, sizeof(a->image), "%s",
		         strcmp(one->source, "docker") && *one->source ? one->source : one->image);
		set_domain(a, one);
		app_set_deployments(a, one->deployments, one->n_deployments);
		judge(a);
	}
	free(one);
}

static struct dok *find(struct doks *ds, const char *name, size_t n)
{
	struct dok **slot = &ds->first;
	for (; *slot; slot = &(*slot)->next)
		if (strlen((*slot)->name) == n && !strncmp((*slot)->name, name, n))
			return *slot;
	struct dok *d = xcalloc(1, sizeof(*d));
	d->source = &ds->source;
	snprintf(d->name, sizeof(d->name), "%.*s", (int)n, name);
	return *slot = d;
}

/* "NAME\ttree", "NAME\tversion", "NAME\tone\tID" */
static void feed(struct source *source, const char *what, const char *bytes, size_t len)
{
	const char *tab = strchr(what, '\t');
	if (!tab || tab == what || tab - what > 60)
		return;
	struct dok *d = find(doks_of(source), what, (size_t)(tab - what));
	if (!strcmp(tab, "\ttree")) {
		feed_tree(d, bytes, len);
	} else if (!strcmp(tab, "\tversion")) {
		d->release = dp_version(bytes, len, d->version, sizeof(d->version));
		if (d->answered)
			dok_judge(d);
	} else if (!strncmp(tab, "\tone\t", 5)) {
		feed_one(d, tab + 5, bytes, len);
	}
}

/* --- asking -------------------------------------------------------------- */

const struct dokploy_config *dok_config(const struct dok *d)
{
	const struct dokploy_config *c = store_settings(d->source->store)->dokploys;
	while (c && strcmp(c->name, d->name) != 0)
		c = c->next;
	return c;
}

struct api_call *dok_call(struct dok *d, const char *method, const char *path, const char *body,
                          void (*done)(const struct api_answer *, void *), void *arg)
{
	char *full = xasprintf("/api/%s", path);
	struct api_call *call = api_call(d->api, &(struct api_request){ .method = method,
	                                                                .path = full,
	                                                                .body = body,
	                                                                .done = done,
	                                                                .arg = arg });
	free(full);
	return call;
}

/* Only what is read goes in, and so into a recording: an application's answer has its environment.
 */
static void take(struct dok *d, const char *what, const char *json, size_t len)
{
	struct buf clean;
	char *name = xasprintf("%s\t%s", d->name, what);
	buf_init(&clean, 0);
	dp_reduce(json, len, &clean);
	/* no JSON: its words are the complaint */
	source_feed(d->source, name, clean.len ? clean.data : json, clean.len ? clean.len : len);
	buf_finish(&clean);
	free(name);
}

static bool is_busy(const struct dok *d)
{
	for (struct row *r = store_first(d->source->store, &kind_app, d->source->server); r;
	     r = store_next(r, &kind_app, d->source->server))
		if (app_of(r)->instance == d && r->health == HEALTH_BUSY)
			return true;
	return d->acts != NULL;
}

static void look_later(struct dok *d)
{
	bool shown = doks_of(d->source)->shown;
	int64_t wait;
	if (d->again)
		wait = 0;
	else if (d->err.code)
		wait = RETRY_MS * (d->fails < 6 ? d->fails : 6);
	else if (is_busy(d))
		wait = BUSY_MS;
	else if (shown)
		wait = SHOWN_MS;
	else
		wait = HIDDEN_MS;
	if (!d->up)
		return;
	d->again = false;
	loop_timer_set(d->timer, wait);
}

static void look_over(struct dok *d)
{
	if (!d->err.code)
		d->detailed = true;
	set_state(doks_of(d->source));
	look_later(d);
}

static void go_on(struct dok *d)
{
	struct app *next = d->again ? NULL : next_to_ask(d);
	if (next)
		ask_one(d, next);
	else
		look_over(d);
}

static void one_came(const struct api_answer *r, void *arg)
{
	struct dok *d = arg;
	struct app *a = app_of(store_find(d->source->store, d->one_id));
	d->one = NULL;
	if (!r->err.code && a) {
		char *what = xasprintf("one\t%s", a->ref);
		take(d, what, r->body, r->len);
		free(what);
		/* gone meanwhile: the next list tells */
	} else if (r->err.code && r->err.code != ERR_ABSENT) {
		failed(d, &r->err);
		look_later(d);
		return;
	}
	go_on(d);
}

static bool is_due(const struct dok *d, const struct app *a)
{
	bool old = !a->asked_round || (a->row.shown && d->round - a->asked_round >= ONE_AGAIN) ||
	           (a->row.health == HEALTH_BUSY && a->asked_round != d->round);
	return a->instance == d && !a->is_platform && old;
}

static struct app *next_to_ask(struct dok *d)
{
	struct app *best = NULL;
	for (struct row *r = store_first(d->source->store, &kind_app, d->source->server); r;
	     r = store_next(r, &kind_app, d->source->server))
		if (is_due(d, app_of(r)) && (!best || (r->shown && !best->row.shown)))
			best = app_of(r);
	return best;
}

static void ask_one(struct dok *d, struct app *a)
{
	bool compose = !strcmp(a->type, "compose");
	char *id = http_encode(a->ref);
	char *path = xasprintf("%s.one?%sId=%s", compose ? "compose" : "application",
	                       compose ? "compose" : "application", id);
	a->asked_round = d->round;
	snprintf(d->one_id, sizeof(d->one_id), "%.199s", a->row.id);
	d->one = dok_call(d, "GET", path, NULL, one_came, d);
	free(path);
	free(id);
}

static void version_came(const struct api_answer *r, void *arg)
{
	struct dok *d = arg;
	d->look = NULL;
	if (!r->err.code) /* some keys may not ask: then it stays unknown */
		take(d, "version", r->body, r->len);
	go_on(d);
}

static void tree_came(const struct api_answer *r, void *arg)
{
	struct dok *d = arg;
	d->look = NULL;
	if (r->err.code) {
		failed(d, &r->err);
		look_later(d);
		return;
	}
	take(d, "tree", r->body, r->len);
	if (d->err.code) {
		look_later(d);
	} else if (!d->version_asked) {
		d->version_asked = true;
		d->look = dok_call(d, "GET", "settings.getDokployVersion", NULL, version_came, d);
	} else {
		go_on(d);
	}
}

static void look(struct loop_timer *t, void *arg)
{
	struct dok *d = arg;
	if (d->look || d->one || !d->api)
		return;
	d->look = dok_call(d, "GET", "project.all", NULL, tree_came, d);
}

void dok_poll_now(struct dok *d)
{
	d->again = true;
	if (!d->look && !d->one && d->up)
		look_later(d);
}

void dok_ask_about(struct app *a)
{
	a->asked_round = 0;
	dok_poll_now(a->instance);
}

/* --- the backend --------------------------------------------------------- */

static bool concerns(const struct dokploy_config *c, const struct server *v)
{
	return c->server ? server_is_called(v, c->server) : v->is_local;
}

static void open_one(struct doks *ds, const struct dokploy_config *c)
{
	struct dok *d = find(ds, c->name, strlen(c->name));
	struct err err;
	made_read(d);
	if (!d->timer)
		d->timer = loop_timer_add(store_loop(ds->source.store), -1, look, d);
	if (!d->api)
		d->api = api_create(store_http(ds->source.store), source_link(&ds->source),
		                    &(struct api_config){ .section = "dokploy",
		                                          .name = d->name,
		                                          .product = "Dokploy",
		                                          .url = c->url,
		                                          .token_command = c->token_command,
		                                          .token_header = "x-api-key: ",
		                                          .token_help = "its Settings, Profile, "
		                                                        "API Keys makes one" },
		                    &err);
	d->up = d->api != NULL;
	if (d->up)
		dok_poll_now(d);
	else
		failed(d, &err);
}

static void up(struct source *source)
{
	struct doks *ds = doks_of(source);
	for (const struct dokploy_config *c = store_settings(source->store)->dokploys; c;
	     c = c->next)
		if (concerns(c, source->server))
			open_one(ds, c);
	set_state(ds);
}

static void down(struct source *source)
{
	for (struct dok *d = doks_of(source)->first; d; d = d->next) {
		api_cancel(d->look);
		api_cancel(d->one);
		d->look = d->one = NULL;
		d->up = false;
		if (d->timer)
			loop_timer_set(d->timer, -1);
		if (source_link(source)->state == LINK_UP)
			continue;
		dok_acts_end(d, "the link was lost; what was begun goes on there, and the list "
		                "shows it when the link is back");
		api_destroy(d->api);
		d->api = NULL;
		d->version_asked = false;
	}
	if (source->state == SOURCE_LIVE)
		source_set_state(source, SOURCE_STALE, NULL);
}

static void shown(struct source *source)
{
	struct doks *ds = doks_of(source);
	bool now = false;
	for (struct row *r = store_first(source->store, &kind_app, source->server); r;
	     r = store_next(r, &kind_app, source->server))
		now = now || (r->source == source && r->shown);
	if (now && !ds->shown) {
		ds->shown = true;
		for (struct dok *d = ds->first; d; d = d->next)
			dok_poll_now(d);
	}
	ds->shown = now;
}

static void finish(struct source *source)
{
	for (struct dok *d = doks_of(source)->first, *next; d; d = next) {
		next = d->next;
		dok_acts_end(d, "the server was closed while it ran; what was begun goes on there");
		api_destroy(d->api);
		loop_timer_remove(d->timer);
		free(d);
	}
}

const struct backend backend_dokploy = {
	.name = "dokploy",
	.source_size = sizeof(struct doks),
	.up = up,
	.down = down,
	.feed = feed,
	.shown = shown,
	.finish = finish,
};

/* --- what it can do ------------------------------------------------------ */

static bool can(const struct app *a, enum app_do what)
{
	const struct dok *d = a->instance;
	switch (what) {
	case APP_NEW: return a->is_platform && dok_config(d);
	case APP_UNDO: return a->is_platform && d->n_made;
	case APP_DEPLOY: return !a->is_platform && strcmp(a->state, "running");
	case APP_REDEPLOY:
		return !a->is_platform && strcmp(a->state, "running") &&
		       (a->n_deployments || !a->asked);
	case APP_START:
		return !a->is_platform && strcmp(a->state, "running") && strcmp(a->state, "done");
	case APP_STOP: return !a->is_platform && !strcmp(a->state, "done");
	default: return false;
	}
}

static void command(const struct app *a, enum app_do what, char *buf, size_t size)
{
	static const char *const verbs[] = { [APP_DEPLOY] = "deploy",
		                             [APP_REDEPLOY] = "redeploy",
		                             [APP_START] = "start",
		                             [APP_STOP] = "stop" };
	const struct dok *d = a->instance;
	if (what == APP_NEW)
		dok_new_command(a, buf, size);
	else if (what == APP_UNDO)
		dok_undo_command(a, buf, size);
	else if ((size_t)what < ARRAY_LEN(verbs))
		snprintf(buf, size, "%s.%s of %s in project %s%s%s, Dokploy %s", a->type,
		         verbs[what], a->row.name, a->project, *a->environment ? ", " : "",
		         a->environment, d->name);
}

static void run(struct order *order, struct app *a, enum app_do what)
{
	struct dok *d = a->instance;
	struct err err;
	if (!d->api) {
		err_set(&err, ERR_LOST, "Dokploy %s is not connected", d->name);
		order_end(order, &err, NULL);
	} else if (what == APP_NEW) {
		dok_new(order, a);
	} else if (what == APP_UNDO) {
		dok_undo(order, a);
	} else {
		dok_run(order, a, what);
	}
}

static void detail(struct app *a, struct doc *doc)
{
	const struct dok *d = a->instance;
	const struct dokploy_config *c = dok_config(d);
	if (!a->is_platform)
		return;
	doc_head(doc, "New stacks");
	doc_pair(doc, DOC_PLAIN, "image", "%s",
	         c && c->stack_image ? c->stack_image
	                             : "none is configured (stack_image): image= says it");
	doc_pair(doc, DOC_PLAIN, "domain", "%s%s", c && c->stack_domain ? "NAME." : "",
	         c && c->stack_domain ? c->stack_domain
	                              : "none is configured (stack_domain): host= says it");
	if (d->n_made)
		doc_head(doc, "Made by a new stack that is not whole");
	for (size_t i = 0; i < d->n_made; i++)
		doc_pair(doc, DOC_WARN, d->made[i].what, "%s  %s", d->made[i].name, d->made[i].id);
}

const struct app_platform platform_dokploy = {
	.name = "Dokploy",
	.can = can,
	.command = command,
	.run = run,
	.detail = detail,
	.follow = dok_follow,
};
