/* portal.c: the portals of AI stacks of one server: whether each is well, a new stack by name, its
 * progress as the portal streams it.
 *
 * A portal tells no list and forgets all when it is restarted: the stacks that this machine asked
 * for are kept here, and what has become of one that the portal does not know any more is looked up
 * among the projects of Dokploy, which it deploys to. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/apps/app.h"
#include "backends/apps/portal_parse.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/state_file.h"
#include "backends/base/sse.h"
#include "backends/base/wash.h"
#include "backends/link/api.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/action.h"
#include "backends/store/activity.h"
#include "backends/store/doc.h"
#include "backends/store/record.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"

#define SHOWN_MS 10000
#define HIDDEN_MS 60000
#define RETRY_MS 5000
#define STREAM_AGAIN_MS 1000
#define STREAM_TRIES 60 /* without a word in between */
#define STACKS_MAX 64
#define FILE_MOST (256u << 10) /* of the file's end: the newest are there */

struct portal;
struct pstack { /* one stack that was asked for here */
	struct portal *portal;
	char name[24], id[80], url[200];
	struct portal_state state;
	int64_t began_ms, ended_ms; /* wall clock */
	bool over, lost;            /* lost: the portal does not know it any more */
	struct api_call *call;      /* its stream */
	struct sse sse;
	struct loop_timer *timer;
	unsigned tries;
	struct order *order; /* that waits for it; NULL */
};
struct portal { /* one [portal NAME] */
	struct portal *next;
	struct source *source;
	char name[64], state[80];
	struct api *api;
	struct api_call *call; /* /health */
	struct loop_timer *timer;
	bool up, answered, read;
	unsigned fails;
	struct err err;
	struct pstack *stacks[STACKS_MAX];
	size_t n;
	struct order *order; /* that checks and asks; one at a time, by its row */
	struct api_call *asking;
	char asked[24]; /* the name it is about */
};
struct portals {
	struct source source;
	struct portal *first;
	bool shown;
};

static const struct app_platform platform_portal;
static struct portals *portals_of(struct source *s)
{
	return (struct portals *)s;
}
static void stream_open(struct pstack *);

/* --- rows ---------------------------------------------------------------- */

static const struct platform_config *config(const struct portal *p)
{
	const struct platform_config *c = store_settings(p->source->store)->portals;
	while (c && strcmp(c->name, p->name) != 0)
		c = c->next;
	return c;
}

static void judge_portal(struct portal *p)
{
	struct app *a = app_row(p->source, &platform_portal, p, p->name, NULL, NULL, NULL, "", 1);
	const struct platform_config *c = config(p);
	bool well = !strncmp(p->state, "healthy", 7);
	char why[140];
	snprintf(a->type, sizeof(a->type), "platform");
	wash(a->state, sizeof(a->state), p->state, strlen(p->state));
	wash(a->domain, sizeof(a->domain), c && c->url ? c->url : "",
	     c && c->url ? strlen(c->url) : 0);
	snprintf(why, sizeof(why), "it says of itself: %s", p->state);
	a->asked = true;
	app_settle(a, p->err.code || !well ? HEALTH_BAD : HEALTH_GOOD,
	           p->err.code ? p->err.text
	           : well      ? NULL
	                       : why);
}

/* What Dokploy has of it, wherever that is seen; NULL. */
static const struct app *in_dokploy(const struct pstack *s)
{
	char project[48];
	snprintf(project, sizeof(project), "ai-stack-%s", s->name);
	for (struct row *r = store_first(s->portal->source->store, &kind_app, NULL); r;
	     r = store_next(r, &kind_app, NULL))
		if (app_of(r)->platform != &platform_portal && !strcmp(app_of(r)->project, project))
			return app_of(r);
	return NULL;
}

static void judge(struct pstack *s)
{
	struct app *a = app_row(s->portal->source, &platform_portal, s->portal, s->portal->name,
	                        NULL, NULL, s->name, s->id, 1);
	char bar[32], why[240] = "";
	enum health health = HEALTH_BUSY;
	const struct app *there = s->lost ? in_dokploy(s) : NULL;
	portal_bar(s->state.progress, bar, sizeof(bar));
	snprintf(a->type, sizeof(a->type), "stack");
	wash(a->state, sizeof(a->state), s->state.status, strlen(s->state.status));
	snprintf(a->domain, sizeof(a->domain), "%s", s->url);
	if (!s->over && !s->lost)
		snprintf(why, sizeof(why), "%s%s%s", bar, *bar ? " " : "", s->state.step);
	else if (!strcmp(s->state.status, "completed"))
		health = HEALTH_GOOD;
	else if (s->over) {
		health = HEALTH_BAD;
		snprintf(why, sizeof(why), "%s",
		         *s->state.error ? s->state.error : "it failed, without a word why");
	} else if (there) {
		health = there->row.health;
		snprintf(why, sizeof(why),
		         "the portal does not know it any more; Dokploy says %s: %.60s",
		         there->row.id, there->state);
	} else {
		health = HEALTH_UNKNOWN;
		snprintf(why, sizeof(why),
		         "the portal does not know it any more; project "
		         "ai-stack-%s in Dokploy would tell",
		         s->name);
	}
	struct app_deployment d = { .health = s->lost ? HEALTH_UNKNOWN : health,
		                    .created_ms = s->began_ms,
		                    .ended_ms = s->ended_ms };
	snprintf(d.id, sizeof(d.id), "%s", s->id);
	wash(d.state, sizeof(d.state), s->state.status, strlen(s->state.status));
	snprintf(d.error, sizeof(d.error), "%s", s->state.error);
	a->asked = true;
	a->state_ms = s->ended_ms ? s->ended_ms : s->began_ms;
	app_set_deployments(a, &d, 1);
	app_settle(a, health, why);
}

static void set_state(struct portals *ps)
{
	const struct err *bad = NULL;
	bool all = true, any = false;
	for (struct portal *p = ps->first; p; p = p->next) {
		any |= p->answered;
		all &= p->answered || p->err.code;
		if (!bad)
			bad = p->err.code ? &p->err : NULL;
	}
	if (!ps->first)
		source_set_state(&ps->source, SOURCE_ABSENT, NULL);
	else if (bad)
		source_set_state(&ps->source, any ? SOURCE_STALE : SOURCE_FAILED, bad);
	else if (all)
		source_set_state(&ps->source, SOURCE_LIVE, NULL);
}

static void failed(struct portal *p, const struct err *err)
{
	p->err = *err;
	p->fails++;
	judge_portal(p);
	set_state(portals_of(p->source));
}

/* --- stacks -------------------------------------------------------------- */

static void stack_rest(struct pstack *s)
{
	api_cancel(s->call);
	s->call = NULL;
	sse_finish(&s->sse);
	loop_timer_remove(s->timer);
	s->timer = NULL;
}

/* The oldest that is not followed any more makes room. */
static bool drop_oldest(struct portal *p)
{
	size_t old = p->n;
	for (size_t i = 0; i < p->n; i++)
		if ((p->stacks[i]->over || p->stacks[i]->lost) && !p->stacks[i]->order &&
		    (old == p->n || p->stacks[i]->began_ms < p->stacks[old]->began_ms))
			old = i;
	if (old == p->n)
		return false;
	struct pstack *s = p->stacks[old];
	for (struct row *r = store_first(p->source->store, &kind_app, p->source->server), *next; r;
	     r = next) {
		next = store_next(r, &kind_app, p->source->server);
		if (app_of(r)->instance == p && !app_of(r)->is_platform &&
		    !strcmp(r->name, s->name))
			store_row_remove(r);
	}
	stack_rest(s);
	free(s);
	memmove(&p->stacks[old], &p->stacks[old + 1], (--p->n - old) * sizeof(p->stacks[0]));
	return true;
}

static struct pstack *stack_of(struct portal *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->stacks[i]->name, name))
			return p->stacks[i];
	if (strlen(name) >= sizeof(p->stacks[0]->name) || (p->n == STACKS_MAX && !drop_oldest(p)))
		return NULL;
	struct pstack *s = p->stacks[p->n++] = xcalloc(1, sizeof(*s));
	s->portal = p;
	s->state.progress = -1;
	snprintf(s->name, sizeof(s->name), "%s", name);
	return s;
}

/* $XDG_STATE_HOME/mocr/portals: "NAME TAB stack TAB id TAB url TAB began TAB status"; the last line
 * of a stack counts. */
static void keep(const struct pstack *s)
{
	const struct store *store = s->portal->source->store;
	if (replay_is_on(store))
		return;
	char *path = xasprintf("%s/portals", store_settings(store)->state_dir);
	char *line = xasprintf("%s\t%s\t%s\t%s\t%lld\t%s\n", s->portal->name, s->name, s->id,
	                       s->url, (long long)s->began_ms,
	                       s->over   ? s->state.status
	                       : s->lost ? "lost"
	                                 : "");
	struct err err;
	if (!state_append(path, line, true, &err) && err.code)
		activity_add((struct store *)store, ACTIVITY_NOTE, HEALTH_ATTENTION,
		             s->portal->source->server->row.id, "%s", err.text);
	free(path);
	free(line);
}

static const char *word(const char *at, char *buf, size_t size)
{
	size_t n = strcspn(at, "\t\n");
	wash(buf, size, at, n);
	return at + n + (at[n] == '\t');
}

static void read_line(struct portal *p, const char *line)
{
	char name[24], id[80], url[200], began[24], status[32];
	const char *at = word(word(word(word(line, name, sizeof(name)), id, sizeof(id)), url,
	                           sizeof(url)),
	                      began, sizeof(began));
	struct err err;
	word(at, status, sizeof(status));
	struct pstack *s = *id && stack_name_check(name, &err) ? stack_of(p, name) : NULL;
	if (!s)
		return;
	memcpy(s->id, id, sizeof(id));
	memcpy(s->url, url, sizeof(url));
	s->began_ms = number_long(began);
	/* what a portal has forgotten it will not know again */
	s->lost = !strcmp(status, "lost");
	s->over = *status && !s->lost;
	snprintf(s->state.status, sizeof(s->state.status), "%s", s->over ? status : "");
}

static void read_kept(struct portal *p)
{
	if (p->read || replay_is_on(p->source->store))
		return;
	p->read = true;
	char *path = xasprintf("%s/portals", store_settings(p->source->store)->state_dir),
	     *save = NULL;
	char *text = state_read(path, FILE_MOST, NULL, NULL);
	size_t n = strlen(p->name);
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, p->name, n) && line[n] == '\t')
			read_line(p, line + n + 1);
	free(text);
	free(path);
	for (size_t i = 0; i < p->n; i++)
		judge(p->stacks[i]);
}

static void order_over(struct order **slot, const struct err *err, const char *said)
{
	struct order *order = *slot;
	*slot = NULL;
	if (order)
		order_end(order, err, said);
}

/* It is over, or it cannot be known: whoever waits is told. */
static void stack_over(struct pstack *s)
{
	char said[340], span[HUMAN_SIZE];
	struct err err;
	const struct app *there = s->lost ? in_dokploy(s) : NULL;
	human_span(span, now_wall_ms() - s->began_ms);
	if (s->over && !strcmp(s->state.status, "completed")) {
		snprintf(said, sizeof(said), "%s is deployed within %s; it answers at %s", s->name,
		         span, *s->url ? s->url : "an address that was not told");
		order_over(&s->order, NULL, said);
		return;
	}
	if (s->over)
		err_set(&err, ERR_REFUSED, "%s failed at %s: %s", s->name,
		        *s->state.step ? s->state.step : "a step that was not told",
		        *s->state.error ? s->state.error : "without a word why");
	else
		err_set(&err, ERR_ABSENT,
		        "the portal does not know the deployment of %s any more, it was restarted; "
		        "%s%s%s",
		        s->name, there ? "Dokploy has it: " : "project ai-stack-",
		        there ? there->row.id : s->name, there ? "" : " in Dokploy would tell");
	order_over(&s->order, &err, NULL);
}

/* --- answers ------------------------------------------------------------- */

static void feed_health(struct portal *p, const char *json, size_t len)
{
	struct portal_health h;
	struct err err, said;
	if (!portal_health_parse(json, len, &h, &err)) {
		err_set(&said, err.code, "portal %s: %s", p->name, err.text);
		failed(p, &said);
		return;
	}
	err_clear(&p->err);
	p->fails = 0;
	p->answered = true;
	snprintf(p->state, sizeof(p->state), h.deploying > 0 ? "%s %s, %d deploying" : "%s %s",
	         h.status, h.version, h.deploying);
	judge_portal(p);
	char told[160];
	snprintf(told, sizeof(told), "portal %s %s", p->name, p->state);
	wash(p->source->detail, sizeof(p->source->detail), told, strlen(told));
}

static void feed_state(struct portal *p, const char *event, const char *name, const char *json,
                       size_t len)
{
	struct err err;
	struct pstack *s = stack_name_check(name, &err) ? stack_of(p, name) : NULL;
	struct portal_state now;
	if (!s || s->over)
		return;
	bool good = portal_state_parse(json, len, &now);
	if (!good && strcmp(event, "error") != 0)
		/* a word of another kind, or half of one */
		return;
	if (good)
		s->state = now;
	else
		wash(s->state.error, sizeof(s->state.error), json, len);
	if (!strcmp(event, "complete"))
		snprintf(s->state.status, sizeof(s->state.status), "completed");
	else if (!strcmp(event, "error"))
		snprintf(s->state.status, sizeof(s->state.status), "failed");
	if (*s->state.url)
		memcpy(s->url, s->state.url, sizeof(s->url));
	s->over = !strcmp(s->state.status, "completed") || !strcmp(s->state.status, "failed");
	s->ended_ms = s->over ? now_wall_ms() : 0;
	judge(s);
}

static struct portal *find(struct portals *ps, const char *name, size_t n)
{
	struct portal **slot = &ps->first;
	for (; *slot; slot = &(*slot)->next)
		if (strlen((*slot)->name) == n && !strncmp((*slot)->name, name, n))
			return *slot;
	struct portal *p = xcalloc(1, sizeof(*p));
	p->source = &ps->source;
	snprintf(p->name, sizeof(p->name), "%.*s", (int)n, name);
	return *slot = p;
}

/* "NAME\thealth", "NAME\tprogress\tSTACK", "NAME\tcomplete\tSTACK", "NAME\terror\tSTACK" */
static void feed(struct source *source, const char *what, const char *bytes, size_t len)
{
	static const char *const events[] = { "progress", "complete", "error" };
	const char *tab = strchr(what, '\t');
	if (!tab || tab == what || tab - what > 60)
		return;
	struct portal *p = find(portals_of(source), what, (size_t)(tab - what));
	if (!strcmp(tab, "\thealth"))
		feed_health(p, bytes, len);
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		size_t n = strlen(events[i]);
		if (!strncmp(tab + 1, events[i], n) && tab[1 + n] == '\t')
			feed_state(p, events[i], tab + 2 + n, bytes, len);
	}
}

/* --- the stream ---------------------------------------------------------- */

static void on_event(const char *event, const char *data, size_t len, void *arg)
{
	struct pstack *s = arg;
	char *what = xasprintf("%s\t%s\t%s", s->portal->name,
	                       strcmp(event, "message") ? event : "progress", s->name),
	     bar[32];
	s->tries = 0;
	source_feed(s->portal->source, what, data, len);
	free(what);
	portal_bar(s->state.progress, bar, sizeof(bar));
	if (s->order && !s->over)
		order_progress(s->order, "%s: %s%s%s", s->name, bar, *bar ? " " : "",
		               *s->state.step ? s->state.step : s->state.status);
}

static void stream_later(struct pstack *, int64_t ms);

/* A stream that stays open after its last word is closed from here. */
static bool stream_data(struct api_call *call, const char *bytes, size_t len, void *arg)
{
	struct pstack *s = arg;
	sse_feed(&s->sse, bytes, len, on_event, s);
	if (s->over)
		stream_later(s, 0);
	return true;
}

static void stream_end(struct pstack *s)
{
	stack_rest(s);
	judge(s);
	keep(s);
	stack_over(s);
}

static void stream_again(struct loop_timer *t, void *arg)
{
	struct pstack *s = arg;
	if (s->over)
		stream_end(s);
	else
		stream_open(s);
}

static void stream_later(struct pstack *s, int64_t ms)
{
	if (!s->timer)
		s->timer = loop_timer_add(store_loop(s->portal->source->store), ms, stream_again,
		                          s);
	else
		loop_timer_set(s->timer, ms);
}

static void stream_done(const struct api_answer *r, void *arg)
{
	struct pstack *s = arg;
	struct err err;
	s->call = NULL;
	sse_finish(&s->sse);
	/* Its own words; a proxy's page, or a endpoint that is refused for a moment, says nothing
	 * about the stack. */
	if (!s->over && r->status == 404 && r->body[strspn(r->body, " \t\r\n")] == '{')
		s->lost = true;
	if (s->over || s->lost) {
		stream_end(s);
	} else if (!s->portal->up) {
		return;
	} else if (++s->tries < STREAM_TRIES) {
		if (s->order && r->err.code)
			order_progress(s->order, "%s: its progress cannot be seen now: %.100s",
			               s->name, r->err.text);
		stream_later(s, STREAM_AGAIN_MS);
	} else {
		err_set(&err, ERR_TIMEOUT,
		        "%s was asked for, but how it goes cannot be seen: %.200s", s->name,
		        r->err.code ? r->err.text : "the stream ends without a word");
		order_over(&s->order, &err, NULL);
	}
}

static void stream_open(struct pstack *s)
{
	static const char *const headers[] = { "Accept: text/event-stream", NULL };
	if (s->call || s->over || !s->portal->api)
		return;
	char *id = http_encode(s->id), *path = xasprintf("/api/status/%s", id);
	s->call = api_call(s->portal->api, &(struct api_request){ .path = path,
	                                                          .headers = headers,
	                                                          .open = true,
	                                                          .data = stream_data,
	                                                          .done = stream_done,
	                                                          .arg = s });
	free(path);
	free(id);
}

/* --- a new stack --------------------------------------------------------- */

static void made(const struct api_answer *r, void *arg)
{
	struct portal *p = arg;
	struct portal_made m = { .id = "" };
	struct err err = r->err, said;
	p->asking = NULL;
	if (!err.code)
		portal_made_parse(r->body, r->len, &m, &err);
	if (err.code) {
		err_set(&said, err.code,
		        r->unsure ? "%.260s; whether %s is being deployed is not known: asking for "
		                    "it again says so"
		                  : "%.260s",
		        err.text, p->asked);
		order_over(&p->order, &said, NULL);
		return;
	}
	struct pstack *s = stack_of(p, p->asked);
	if (!s) {
		err_set(&said, ERR_TOO_BIG,
		        "%s is deployed there, but %d stacks are followed already", p->asked,
		        STACKS_MAX);
		order_over(&p->order, &said, NULL);
		return;
	}
	stack_rest(s);
	memcpy(s->id, m.id, sizeof(s->id));
	memcpy(s->url, m.url, sizeof(s->url));
	s->state = (struct portal_state){ .status = "initializing", .progress = -1 };
	s->over = s->lost = false;
	s->tries = 0;
	s->began_ms = now_wall_ms();
	s->ended_ms = 0;
	s->order = p->order;
	s->order->run = s;
	p->order = NULL;
	keep(s);
	judge(s);
	stream_open(s);
}

static void checked(const struct api_answer *r, void *arg)
{
	struct portal *p = arg;
	struct portal_check c;
	struct err err = r->err;
	p->asking = NULL;
	if (!err.code && portal_check_parse(r->body, r->len, &c, &err) &&
	    (!c.valid || !c.available))
		err_set(&err, ERR_REFUSED, "%s cannot be had, nothing was changed: %s", p->asked,
		        *c.error  ? c.error
		        : c.valid ? "a stack of that name is there already"
		                  : "the portal does not like the name");
	if (err.code) {
		order_over(&p->order, &err, NULL);
		return;
	}
	order_progress(p->order, "%s: asked for", p->asked);
	/* the rules of names leave nothing to escape */
	char *body = xasprintf("{\"name\":\"%s\"}", p->asked);
	p->asking = api_call(p->api, &(struct api_request){ .method = "POST",
	                                                    .path = "/api/deploy",
	                                                    .body = body,
	                                                    .open = true,
	                                                    .done = made,
	                                                    .arg = p });
	free(body);
}

static void run(struct order *order, struct app *app, enum app_do what)
{
	struct portal *p = app->instance;
	const char *name;
	if (app->is_platform)
		name = order->argument ? order->argument : "";
	else
		name = app->row.name;
	struct err err;
	if (!p->api)
		err_set(&err, ERR_LOST, "portal %s is not connected", p->name);
	else if (p->order)
		err_set(&err, ERR_REFUSED, "portal %s is just being asked for %s", p->name,
		        p->asked);
	else if (stack_name_check(name, &err))
		err_clear(&err);
	if (err.code) {
		order_end(order, &err, NULL);
		return;
	}
	snprintf(p->asked, sizeof(p->asked), "%s", name);
	p->order = order;
	order->run = p;
	order_progress(order, "%s: is the name free?", name);
	char *path = xasprintf("/api/check/%s", p->asked);
	p->asking = api_call(p->api,
	                     &(struct api_request){
				     .path = path, .open = true, .done = checked, .arg = p });
	free(path);
}

static bool can(const struct app *a, enum app_do what)
{
	const struct portal *p = a->instance;
	if (a->is_platform)
		return what == APP_NEW && config(p);
	return what == APP_DEPLOY && !strcmp(a->state, "failed");
}

static void command(const struct app *a, enum app_do what, char *buf, size_t size)
{
	snprintf(buf, size, "GET /api/check/%s, then POST /api/deploy, portal %s",
	         a->is_platform ? "NAME" : a->row.name, ((const struct portal *)a->instance)->name);
}

static const struct app_platform platform_portal = {
	.name = "Portal", .can = can, .command = command, .run = run
};

/* --- the backend --------------------------------------------------------- */

static void look_later(struct portal *p)
{
	int64_t wait;
	if (p->err.code)
		wait = RETRY_MS * (p->fails < 6 ? p->fails : 6);
	else if (portals_of(p->source)->shown)
		wait = SHOWN_MS;
	else
		wait = HIDDEN_MS;
	if (p->up)
		loop_timer_set(p->timer, wait);
}

static void health_came(const struct api_answer *r, void *arg)
{
	struct portal *p = arg;
	p->call = NULL;
	if (r->err.code) {
		failed(p, &r->err);
	} else {
		char *what = xasprintf("%s\thealth", p->name);
		source_feed(p->source, what, r->body, r->len);
		free(what);
		set_state(portals_of(p->source));
	}
	for (size_t i = 0; i < p->n; i++) {
		struct pstack *s = p->stacks[i];
		if (s->lost) {
			judge(s); /* what Dokploy says may have changed */
		} else if (!r->err.code && s->tries >= STREAM_TRIES) {
			/* it was given up, and the portal is well: once for each of its words */
			s->tries = STREAM_TRIES - 1;
			stream_open(s);
		}
	}
	look_later(p);
}

static void look(struct loop_timer *t, void *arg)
{
	struct portal *p = arg;
	if (!p->call && p->api)
		p->call = api_call(p->api, &(struct api_request){ .path = "/health",
		                                                  .open = true,
		                                                  .done = health_came,
		                                                  .arg = p });
}

static void open_one(struct portals *ps, const struct platform_config *c)
{
	struct portal *p = find(ps, c->name, strlen(c->name));
	struct err err;
	read_kept(p);
	if (!p->timer)
		p->timer = loop_timer_add(store_loop(ps->source.store), -1, look, p);
	if (!p->api)
		p->api = api_create(store_http(ps->source.store), source_link(&ps->source),
		                    &(struct api_config){ .section = "portal",
		                                          .name = p->name,
		                                          .product = "The portal",
		                                          .url = c->url },
		                    &err);
	p->up = p->api != NULL;
	if (!p->up) {
		failed(p, &err);
		return;
	}
	loop_timer_set(p->timer, 0);
	for (size_t i = 0; i < p->n; i++)
		if (!p->stacks[i]->lost)
			stream_open(p->stacks[i]);
}

static void up(struct source *source)
{
	struct portals *ps = portals_of(source);
	for (const struct platform_config *c = store_settings(source->store)->portals; c;
	     c = c->next)
		if (c->server ? server_is_called(source->server, c->server)
		              : source->server->is_local)
			open_one(ps, c);
	set_state(ps);
}

static void leave(struct portal *p, const char *why)
{
	struct err err;
	err_set(&err, ERR_LOST, "portal %s: %s", p->name, why);
	api_cancel(p->call);
	api_cancel(p->asking);
	p->call = p->asking = NULL;
	p->up = false;
	for (size_t i = 0; i < p->n; i++) {
		stack_rest(p->stacks[i]);
		order_over(&p->stacks[i]->order, &err, NULL);
	}
	order_over(&p->order, &err, NULL);
	api_destroy(p->api);
	p->api = NULL;
}

static void down(struct source *source)
{
	for (struct portal *p = portals_of(source)->first; p; p = p->next) {
		if (p->timer)
			loop_timer_set(p->timer, -1);
		if (source_link(source)->state != LINK_UP)
			leave(p, "the link was lost; what was begun goes on there, and is followed "
			         "again when the link is back");
		api_cancel(p->call);
		p->call = NULL;
	}
	if (source->state == SOURCE_LIVE)
		source_set_state(source, SOURCE_STALE, NULL);
}

static void shown(struct source *source)
{
	struct portals *ps = portals_of(source);
	bool now = false;
	for (struct row *r = store_first(source->store, &kind_app, source->server); r;
	     r = store_next(r, &kind_app, source->server))
		now = now || (r->source == source && r->shown);
	for (struct portal *p = ps->first; p && now && !ps->shown; p = p->next)
		if (p->up)
			loop_timer_set(p->timer, 0);
	ps->shown = now;
}

static void finish(struct source *source)
{
	for (struct portal *p = portals_of(source)->first, *next; p; p = next) {
		next = p->next;
		leave(p, "the server was closed while it ran; what was begun goes on there");
		loop_timer_remove(p->timer);
		for (size_t i = 0; i < p->n; i++)
			free(p->stacks[i]);
		free(p);
	}
}

const struct backend backend_portal = {
	.name = "portal",
	.source_size = sizeof(struct portals),
	.up = up,
	.down = down,
	.feed = feed,
	.shown = shown,
	.finish = finish,
};
