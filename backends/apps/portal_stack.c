/* portal_stack.c: the stacks that this machine asked a portal for, and the progress that it
 * streams.
 *
 * Source: no published document; streams use the format of "Server-sent events" in the WHATWG HTML
 * standard.
 *
 * The portal has no list endpoint and loses its state at a restart. So this machine keeps the
 * stacks that it asked for. The portal deploys to Dokploy. If it has forgotten a stack, Dokploy's
 * projects show the result. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/apps/journal.h"
#include "backends/apps/portal.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"
#include "backends/link/loop.h"
#include "backends/store/action.h"

#define STREAM_AGAIN_MS 1000
#define STREAM_TRIES 60 /* attempts without an event in between */
#define DROPPED_MAX 10000

static void portal_stream_open(struct portal_stack *);

/* --- rows ---------------------------------------------------------------- */

/* The stack's row in Dokploy, on any server. NULL none. */
static const struct app *portal_in_dokploy(const struct portal_stack *t)
{
	char project[48];
	snprintf(project, sizeof(project), "ai-stack-%s", t->name);
	const struct store *store = t->portal->site.source->store;
	for (struct row *r = store_first(store, &kind_app, NULL); r;
	     r = store_next(r, &kind_app, NULL))
		if (app_of(r)->platform != &t->portal->site.platform->app &&
		    !strcmp(app_of(r)->project, project))
			return app_of(r);
	return NULL;
}

static bool portal_is(const struct portal_stack *t, const char *status)
{
	return !strcmp(t->state.status, status);
}

static const char *portal_why_failed(const struct portal_stack *t)
{
	return *t->state.error ? t->state.error : "it gave no reason";
}

static enum health portal_health(const struct portal_stack *t, char *why, size_t size)
{
	const struct app *there = t->lost ? portal_in_dokploy(t) : NULL;
	char bar[32];
	if (portal_is(t, "completed"))
		return HEALTH_GOOD;
	if (t->over) {
		snprintf(why, size, "%s%s", *t->state.error ? "" : "it failed, ",
		         portal_why_failed(t));
		return HEALTH_BAD;
	}
	if (there) {
		snprintf(why, size, "the portal no longer knows it; Dokploy says %s: %.60s",
		         there->row.id, there->state);
		return there->row.health;
	}
	if (t->lost) {
		snprintf(why, size,
		         "the portal no longer knows it; project ai-stack-%s in Dokploy shows how "
		         "it went",
		         t->name);
		return HEALTH_UNKNOWN;
	}
	portal_bar(t->state.progress, bar, sizeof(bar));
	snprintf(why, size, "%s%s%s", bar, *bar ? " " : "", t->state.step);
	return HEALTH_BUSY;
}

static void portal_judge(struct portal_stack *t)
{
	struct app *a = site_app(&t->portal->site, NULL, NULL, t->name, t->id);
	char why[240] = "";
	enum health health = portal_health(t, why, sizeof(why));
	struct app_deployment d = { .health = t->lost ? HEALTH_UNKNOWN : health,
		                    .created_ms = t->began_ms,
		                    .ended_ms = t->ended_ms };
	snprintf(a->type, sizeof(a->type), "stack");
	wash(a->state, sizeof(a->state), t->state.status, strlen(t->state.status));
	snprintf(a->domain, sizeof(a->domain), "%s", t->url);
	snprintf(d.id, sizeof(d.id), "%s", t->id);
	wash(d.state, sizeof(d.state), t->state.status, strlen(t->state.status));
	snprintf(d.error, sizeof(d.error), "%s", t->state.error);
	a->asked = true;
	a->state_ms = t->ended_ms ? t->ended_ms : t->began_ms;
	app_set_deployments(a, &d, 1);
	app_settle(a, health, why);
}

/* --- stacks -------------------------------------------------------------- */

/* The order that waits for the stack. NULL none. */
static struct portal_job *portal_job_of(const struct portal_stack *t)
{
	struct portal_job *w = (struct portal_job *)t->portal->site.jobs;
	while (w && (!w->asked || strcmp(w->name, t->name) != 0))
		w = (struct portal_job *)w->job.next;
	return w;
}

void portal_stack_rest(struct portal_stack *t)
{
	api_cancel(t->call);
	t->call = NULL;
	sse_finish(&t->sse);
	loop_timer_remove(t->timer);
	t->timer = NULL;
}

static void portal_note_dropped(struct portal *p, const char *name)
{
	if (p->n_dropped == DROPPED_MAX)
		return;
	p->dropped = xrealloc(p->dropped, (p->n_dropped + 1) * sizeof(*p->dropped));
	snprintf(p->dropped[p->n_dropped++], PORTAL_NAME, "%s", name);
	site_left_out(&p->site, p->n_dropped);
}

/* It has a row again. */
static void portal_forget_dropped(struct portal *p, const char *name)
{
	for (size_t i = 0; i < p->n_dropped; i++)
		if (!strcmp(p->dropped[i], name)) {
			memcpy(p->dropped[i], p->dropped[--p->n_dropped], PORTAL_NAME);
			site_left_out(&p->site, p->n_dropped);
			return;
		}
}

/* Drops the oldest stack that needs no following. False: none. */
static bool portal_drop_oldest(struct portal *p)
{
	size_t old = p->n;
	for (size_t i = 0; i < p->n; i++) {
		const struct portal_stack *t = p->stacks[i];
		bool may_go = (t->over || t->lost) && !portal_job_of(t);
		if (may_go && (old == p->n || t->began_ms < p->stacks[old]->began_ms))
			old = i;
	}
	if (old == p->n)
		return false;
	struct portal_stack *t = p->stacks[old];
	struct app *a = site_next_app(&p->site, NULL);
	while (a && strcmp(a->row.name, t->name) != 0)
		a = site_next_app(&p->site, a);
	if (a)
		store_row_remove(&a->row);
	portal_stack_rest(t);
	portal_note_dropped(p, t->name);
	free(t);
	memmove(&p->stacks[old], &p->stacks[old + 1], (--p->n - old) * sizeof(p->stacks[0]));
	return true;
}

struct portal_stack *portal_stack(struct portal *p, const char *name)
{
	struct err err;
	if (!stack_name_check(name, &err))
		return NULL;
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->stacks[i]->name, name))
			return p->stacks[i];
	portal_forget_dropped(p, name);
	if (p->n == PORTAL_STACKS_MAX && !portal_drop_oldest(p)) {
		portal_note_dropped(p, name);
		return NULL;
	}
	struct portal_stack *t = p->stacks[p->n++] = xcalloc(1, sizeof(*t));
	t->portal = p;
	t->state.progress = -1;
	snprintf(t->name, sizeof(t->name), "%s", name);
	return t;
}

/* Appends to $XDG_STATE_HOME/mocr/portals: stack, id, url, start time, status. The last line of a
 * stack counts. */
static void portal_keep(const struct portal_stack *t)
{
	struct journal_line l = { .word = { "" } };
	const char *status = t->lost ? "lost" : "";
	snprintf(l.word[0], JOURNAL_SIZE, "%s", t->name);
	snprintf(l.word[1], JOURNAL_SIZE, "%s", t->id);
	snprintf(l.word[2], JOURNAL_SIZE, "%s", t->url);
	snprintf(l.word[3], JOURNAL_SIZE, "%lld", (long long)t->began_ms);
	snprintf(l.word[4], JOURNAL_SIZE, "%s", t->over ? t->state.status : status);
	journal_add(&t->portal->site, "portals", &l);
}

static void portal_read_line(const struct journal_line *l, void *arg)
{
	const char *status = l->word[4];
	struct portal_stack *t = *l->word[1] ? portal_stack(arg, l->word[0]) : NULL;
	if (!t)
		return;
	wash(t->id, sizeof(t->id), l->word[1], strlen(l->word[1]));
	wash(t->url, sizeof(t->url), l->word[2], strlen(l->word[2]));
	t->began_ms = number_long(l->word[3]);
	/* a portal never remembers a forgotten stack again */
	t->lost = !strcmp(status, "lost");
	t->over = *status && !t->lost;
	if (t->over)
		wash(t->state.status, sizeof(t->state.status), status, strlen(status));
}

void portal_stack_take(struct portal_stack *t, const char *json, size_t len, const char *ending)
{
	struct portal_state now;
	if (t->over)
		return;
	bool good = portal_state_parse(json, len, &now), failed = !strcmp(ending, "failed");
	if (!good && !failed)
		return; /* an event of another kind, or an incomplete one */
	if (good)
		t->state = now;
	else
		wash(t->state.error, sizeof(t->state.error), json, len);
	if (*ending)
		snprintf(t->state.status, sizeof(t->state.status), "%s", ending);
	if (*t->state.url)
		memcpy(t->url, t->state.url, sizeof(t->url));
	t->over = portal_is(t, "completed") || portal_is(t, "failed");
	t->ended_ms = t->over ? now_wall_ms() : 0;
	portal_judge(t);
}

/* --- the stream ---------------------------------------------------------- */

static void portal_on_event(const char *event, const char *data, size_t len, void *arg)
{
	struct portal_stack *t = arg;
	const struct site *s = &t->portal->site;
	char *what = xasprintf("%s\t%s\t%s", s->name, strcmp(event, "message") ? event : "progress",
	                       t->name);
	t->tries = 0;
	source_feed(s->source, what, data, len);
	free(what);
	struct portal_job *w = portal_job_of(t);
	const char *step = *t->state.step ? t->state.step : t->state.status;
	char bar[32];
	portal_bar(t->state.progress, bar, sizeof(bar));
	if (w && !t->over)
		order_progress(w->job.order, "%s: %s%s%s", t->name, bar, *bar ? " " : "", step);
}

static void portal_stream_end(struct portal_stack *t)
{
	portal_stack_rest(t);
	portal_judge(t);
	portal_keep(t);
	/* The stack ended or is lost: end the order that waits for it. */
	const struct app *there = t->lost ? portal_in_dokploy(t) : NULL;
	struct portal_job *w = portal_job_of(t);
	char said[340], span[HUMAN_SIZE];
	struct err err = { 0 };
	human_span(span, now_wall_ms() - t->began_ms);
	snprintf(said, sizeof(said), "%s is deployed within %s; it answers at %s", t->name, span,
	         *t->url ? t->url : "an unknown address");
	if (t->over && !portal_is(t, "completed"))
		err_set(&err, ERR_REFUSED, "%s failed at %s: %s", t->name,
		        *t->state.step ? t->state.step : "an unknown step", portal_why_failed(t));
	else if (!t->over && there)
		err_set(&err, ERR_ABSENT,
		        "the portal does not know the deployment of %s any more, it was restarted; "
		        "Dokploy has it: %s",
		        t->name, there->row.id);
	else if (!t->over)
		err_set(&err, ERR_ABSENT,
		        "the portal does not know the deployment of %s any more, it was restarted; "
		        "project ai-stack-%s in Dokploy shows how it went",
		        t->name, t->name);
	if (w)
		job_end(&w->job, &err, err.code ? NULL : said);
}

static void portal_stream_again(struct loop_timer *timer, void *arg)
{
	struct portal_stack *t = arg;
	if (t->over)
		portal_stream_end(t);
	else
		portal_stream_open(t);
}

static void portal_stream_later(struct portal_stack *t, int64_t ms)
{
	if (t->timer)
		loop_timer_set(t->timer, ms);
	else
		t->timer = loop_timer_add(store_loop(t->portal->site.source->store), ms,
		                          portal_stream_again, t);
}

/* Closes a stream that stays open after its last event. */
static bool portal_stream_data(struct api_call *call, const char *bytes, size_t len, void *arg)
{
	struct portal_stack *t = arg;
	sse_feed(&t->sse, bytes, len, portal_on_event, t);
	if (t->over)
		portal_stream_later(t, 0);
	return true;
}

static void portal_stream_broke(struct portal_stack *t, const struct err *err)
{
	struct portal_job *w = portal_job_of(t);
	struct err said;
	if (++t->tries < STREAM_TRIES) {
		if (w && err->code)
			order_progress(w->job.order, "%s: its progress cannot be seen now: %.100s",
			               t->name, err->text);
		portal_stream_later(t, STREAM_AGAIN_MS);
		return;
	}
	err_set(&said, ERR_TIMEOUT, "%s was requested, but its progress cannot be seen: %.200s",
	        t->name, err->code ? err->text : "the stream ended without a result");
	if (w)
		job_end(&w->job, &said, NULL);
}

static void portal_stream_done(const struct api_answer *r, void *arg)
{
	struct portal_stack *t = arg;
	t->call = NULL;
	sse_finish(&t->sse);
	/* A 404 counts only with a JSON body. A proxy's page or a temporary refusal says nothing
	 * about the stack. */
	if (!t->over && r->status == 404 && r->body[strspn(r->body, " \t\r\n")] == '{')
		t->lost = true;
	if (t->over || t->lost)
		portal_stream_end(t);
	else if (t->portal->site.up)
		portal_stream_broke(t, &r->err);
}

static void portal_stream_open(struct portal_stack *t)
{
	struct site *s = &t->portal->site;
	if (t->call || t->over || !s->api)
		return;
	char *path = platform_path("/api/status/", t->id, "");
	t->call = site_call(s, &(struct api_request){ .path = path,
	                                              .data = portal_stream_data,
	                                              .done = portal_stream_done,
	                                              .arg = t });
	free(path);
}

void portal_stack_begin(struct portal_stack *t, const struct portal_made *m)
{
	portal_stack_rest(t);
	memcpy(t->id, m->id, sizeof(t->id));
	memcpy(t->url, m->url, sizeof(t->url));
	t->state = (struct portal_state){ .status = "initializing", .progress = -1 };
	t->over = t->lost = false;
	t->tries = 0;
	t->began_ms = now_wall_ms();
	t->ended_ms = 0;
	/* a new list, because the row's new id would otherwise make a second row */
	t->portal->site.round++;
	portal_keep(t);
	portal_judge(t);
	portal_stream_open(t);
}

void portal_stacks_open(struct site *s)
{
	struct portal *p = (struct portal *)s;
	bool first = !p->read;
	p->read = true;
	if (first)
		journal_read(s, "portals", portal_read_line, p);
	for (size_t i = 0; i < p->n; i++) {
		if (first)
			portal_judge(p->stacks[i]);
		if (!p->stacks[i]->lost)
			portal_stream_open(p->stacks[i]);
	}
}

void portal_stacks_again(struct site *s)
{
	struct portal *p = (struct portal *)s;
	for (size_t i = 0; i < p->n; i++) {
		struct portal_stack *t = p->stacks[i];
		if (t->lost) {
			portal_judge(t); /* Dokploy's row may have changed */
		} else if (!site_round_failed(s) && t->tries >= STREAM_TRIES) {
			/* its stream was given up but the portal is well: try once per health
			 * answer */
			t->tries = STREAM_TRIES - 1;
			portal_stream_open(t);
		}
	}
}
