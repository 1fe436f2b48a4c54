/* portal.c: the portals of AI stacks of one server: their health, and orders for new stacks.
 *
 * Source: no published document. */
#include "backends/apps/portal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/store/action.h"
#include "backends/store/settings.h"

/* --- health and events --------------------------------------------------- */

static enum health portal_opinion(const struct site *s, char *why, size_t size)
{
	if (!strncmp(s->version, "healthy", 7))
		return HEALTH_GOOD;
	snprintf(why, size, "it reports: %s", s->version);
	return HEALTH_BAD;
}

static bool portal_take_health(struct site *s, const char *ref, const char *json, size_t len,
                               struct err *err)
{
	struct portal_health h;
	char said[sizeof(s->version)], more[32] = "";
	if (!portal_health_parse(json, len, &h, err))
		return false;
	if (h.deploying > 0)
		snprintf(more, sizeof(more), ", %d deploying", h.deploying);
	snprintf(said, sizeof(said), "%s %s%s", h.status, h.version, more);
	wash(s->version, sizeof(s->version), said, strlen(said));
	site_answered(s);
	site_left_out(s, ((struct portal *)s)->n_dropped);
	return true;
}

/* An event of a stack's stream, by its name there. */
static bool portal_take_event(struct site *s, const char *name, const char *json, size_t len,
                              const char *ending)
{
	struct portal_stack *t = portal_stack((struct portal *)s, name);
	if (t)
		portal_stack_take(t, json, len, ending);
	return true;
}

static bool portal_take_progress(struct site *s, const char *name, const char *json, size_t len,
                                 struct err *err)
{
	return portal_take_event(s, name, json, len, "");
}

static bool portal_take_complete(struct site *s, const char *name, const char *json, size_t len,
                                 struct err *err)
{
	return portal_take_event(s, name, json, len, "completed");
}

static bool portal_take_error(struct site *s, const char *name, const char *json, size_t len,
                              struct err *err)
{
	return portal_take_event(s, name, json, len, "failed");
}

/* --- a new stack --------------------------------------------------------- */

static void portal_made(struct job *j, const struct api_answer *r)
{
	struct portal_job *w = (struct portal_job *)j;
	struct portal *p = (struct portal *)j->site;
	struct portal_made m = { .id = "" };
	struct err err = r->err, said;
	if (!err.code)
		portal_made_parse(r->body, r->len, &m, &err);
	if (err.code) {
		err_set(&said, err.code,
		        r->unsure ? "%.260s; whether %s is being deployed is not known: asking for "
		                    "it "
		                    "again says so"
		                  : "%.260s",
		        err.text, w->name);
		job_end(j, &said, NULL);
		return;
	}
	struct portal_stack *t = portal_stack(p, w->name);
	if (!t) {
		err_set(&said, ERR_TOO_BIG,
		        "%s is deployed there, but %d stacks are followed already", w->name,
		        PORTAL_STACKS_MAX);
		job_end(j, &said, NULL);
		return;
	}
	w->asked = true;
	portal_stack_begin(t, &m);
}

static void portal_checked(struct job *j, const struct api_answer *r)
{
	struct portal_job *w = (struct portal_job *)j;
	struct portal_check c = { .valid = true, .available = true };
	struct err err = r->err;
	const char *why = "a stack of that name is there already";
	if (!err.code)
		portal_check_parse(r->body, r->len, &c, &err);
	if (!c.valid)
		why = "the portal refuses the name";
	if (!err.code && (!c.valid || !c.available))
		err_set(&err, ERR_REFUSED, "%s is not available; nothing was changed: %s", w->name,
		        *c.error ? c.error : why);
	if (err.code) {
		job_end(j, &err, NULL);
		return;
	}
	order_progress(j->order, "%s: asked for", w->name);
	/* valid names need no escaping */
	char *body = xasprintf("{\"name\":\"%s\"}", w->name);
	job_call(j, "POST", "/api/deploy", body, portal_made);
	free(body);
}

static void portal_run(struct order *order, struct app *a, enum app_do what)
{
	struct portal *p = a->instance;
	const char *name = a->row.name;
	/* The order that is requesting a stack now: there is one at a time. NULL: none. */
	const struct portal_job *other = (const struct portal_job *)p->site.jobs;
	while (other && other->asked)
		other = (const struct portal_job *)other->job.next;
	struct err err = { 0 };
	if (a->is_platform)
		name = order->argument ? order->argument : "";
	if (other)
		err_set(&err, ERR_REFUSED, "portal %s is already being asked for %s", p->site.name,
		        other->name);
	else
		stack_name_check(name, &err);
	if (err.code) {
		order_end(order, &err, NULL);
		return;
	}
	struct portal_job *w = job_begin(&p->site, order, sizeof(*w), "deploy");
	if (!w)
		return;
	snprintf(w->name, sizeof(w->name), "%s", name);
	order_progress(order, "%s: is the name free?", name);
	char *path = platform_path("/api/check/", name, "");
	job_call(&w->job, "GET", path, NULL, portal_checked);
	free(path);
}

static bool portal_can(const struct app *a, enum app_do what)
{
	struct site_config c;
	if (a->is_platform)
		return what == APP_NEW && site_config(a->instance, &c);
	return what == APP_DEPLOY && !strcmp(a->state, "failed");
}

static void portal_command(const struct app *a, enum app_do what, char *buf, size_t size)
{
	const struct site *s = a->instance;
	snprintf(buf, size, "GET /api/check/%s, then POST /api/deploy, portal %s",
	         a->is_platform ? "NAME" : a->row.name, s->name);
}

/* --- the platform -------------------------------------------------------- */

static void portal_close(struct site *s, const struct err *why)
{
	struct portal *p = (struct portal *)s;
	for (size_t i = 0; i < p->n; i++)
		portal_stack_rest(p->stacks[i]);
}

static void portal_free(struct site *s)
{
	struct portal *p = (struct portal *)s;
	for (size_t i = 0; i < p->n; i++)
		free(p->stacks[i]);
	free(p->dropped);
}

static const struct platform platform_portal = {
	.app = { .name = "Portal",
	         .can = portal_can,
	         .command = portal_command,
	         .run = portal_run },
	.product = "The portal",
	.section = "portal",
	PLATFORM_SECTION(portals, platform_config),
	.site_size = sizeof(struct portal),
	.steps = (const struct platform_step[]){ { "health", "/health", STEP_MUST | STEP_OPEN,
	                                           portal_take_health },
	                                         { "progress", NULL, 0, portal_take_progress },
	                                         { "complete", NULL, 0, portal_take_complete },
	                                         { "error", NULL, 0, portal_take_error },
	                                         { .what = NULL } },
	.shown_ms = 10000,
	.hidden_ms = 60000,
	.retry_ms = 5000,
	.opinion = portal_opinion,
	.open = portal_stacks_open,
	.over = portal_stacks_again,
	.close = portal_close,
	.free = portal_free,
};
const struct backend backend_portal = PLATFORM_BACKEND("portal", platform_portal);
