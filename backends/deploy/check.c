/* check.c: checks after a deploy, evaluated once a second until all are true or the time is over.
 * Units and containers are rows that the store follows anyway. A URL is requested through the
 * server's link, so the result is the server's view. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/deploy/internal.h"
#include "backends/link/http.h"
#include "backends/link/url.h"
#include "backends/store/activity.h"
#include "backends/store/settings.h"

#define LOOK_EVERY_MS 1000
#define URL_TIMEOUT_MS 5000

struct url_check {
	struct origin *origin;
	struct call *call;
	char *path, *host;
	bool answered;
	char said[120];
};
struct checking {
	struct dep *dep;
	struct loop_timer *timer;
	struct check_word words[CHECKS_MAX];
	struct url_check urls[CHECKS_MAX];
	size_t n;
};

/* --- a URL --------------------------------------------------------------- */

static void check_url_done(struct call *call, const struct reply *r, void *arg)
{
	struct url_check *u = arg;
	u->call = NULL;
	u->answered = r->status >= 200 && r->status < 400;
	if (r->status)
		snprintf(u->said, sizeof(u->said), "answers %d", r->status);
	else
		snprintf(u->said, sizeof(u->said), "%.110s", r->err.text);
}

static void check_url_ask(struct checking *k, size_t i)
{
	struct url_check *u = &k->urls[i];
	struct deploy *d = k->dep->row;
	char host[URL_HOST_SIZE];
	struct endpoint endpoint;
	if (u->call)
		return;
	if (!u->origin) {
		free(u->path);
		u->path = NULL;
		if (!url_read(k->words[i].name, &endpoint, host, sizeof(host), &u->path)) {
			snprintf(u->said, sizeof(u->said), "is not an http:// or https:// address");
			return;
		}
		u->origin = origin_create(store_http(d->row.server->store), d->row.server->link,
		                          &endpoint, 1);
	}
	struct call_spec spec = { .path = u->path,
		                  .timeout_ms = URL_TIMEOUT_MS,
		                  .max = 64 << 10,
		                  .done = check_url_done,
		                  .arg = u };
	u->call = call_start(u->origin, &spec);
}

/* --- evaluating ---------------------------------------------------------- */

/* Is the check true? If not, why receives the reason. */
static bool check_holds(struct checking *k, size_t i, char *why, size_t size)
{
	const struct check_word *w = &k->words[i];
	const struct deploy *d = k->dep->row;
	if (w->what == CHECK_URL) {
		bool ok = k->urls[i].answered;
		snprintf(why, size, "%s %s", w->name,
		         k->urls[i].said[0] ? k->urls[i].said : "does not answer");
		if (!ok)
			check_url_ask(k, i);
		return ok;
	}
	const char *kind = w->what == CHECK_UNIT ? "unit" : "container";
	char id[700];
	snprintf(id, sizeof(id), "%s/%s/%s", d->row.server->name, kind, w->name);
	const struct row *r = store_find_written(d->row.server->store, id);
	if (!r && w->what == CHECK_UNIT && !strchr(w->name, '.')) {
		snprintf(id, sizeof(id), "%s/unit/%s.service", d->row.server->name, w->name);
		r = store_find_written(d->row.server->store, id);
	}
	const char *state;
	if (!r)
		state = "is not there";
	else if (r->why)
		state = r->why;
	else
		state = "is not running well";
	snprintf(why, size, "%s %s %s", kind, w->name, state);
	return r && r->health == HEALTH_GOOD;
}

static void check_verdict(struct dep *p, int checked, const char *why)
{
	struct deploy *d = p->row;
	p->runs[0].checked = checked;
	snprintf(p->runs[0].failed_check, sizeof(p->runs[0].failed_check), "%s",
	         checked < 0 ? why : "");
	d->run = p->runs[0];
	if (checked > 0)
		activity_add(d->row.server->store, ACTIVITY_CHANGE, HEALTH_GOOD, d->row.id,
		             "checks: all true");
	else
		activity_add(d->row.server->store, ACTIVITY_CHANGE, HEALTH_BAD, d->row.id, "%s",
		             why);
	deploy_history_add(d, &d->run);
	deploy_judge(d); /* ends the checks */
	watches_run_ended(deploys_of(d->row.source));
}

static void check_look(struct loop_timer *t, void *arg)
{
	struct checking *k = arg;
	struct dep *p = k->dep;
	char why[700] = "", all[200] = "";
	size_t ok = 0;
	if (p->row->row.server->link->state != LINK_UP) {
		loop_timer_set(t, LOOK_EVERY_MS);
		return;
	}
	for (size_t i = 0; i < k->n; i++)
		if (check_holds(k, i, why, sizeof(why)))
			ok++;
		else if (!*all)
			snprintf(all, sizeof(all), "%.190s", why);
	if (ok == k->n) {
		check_verdict(p, 1, "");
	} else if (now_wall_ms() >= p->row->check_until_ms) {
		char text[260];
		const struct deploy_config *c = deploy_config_of(p->row);
		snprintf(text, sizeof(text), "after %d s %s", c ? c->within : 0, all);
		check_verdict(p, -1, text);
	} else {
		loop_timer_set(t, LOOK_EVERY_MS);
	}
}

void check_begin(struct dep *p)
{
	const struct deploy_config *c = deploy_config_of(p->row);
	struct err err;
	if (p->checking || !c)
		return;
	struct checking *k = p->checking = xcalloc(1, sizeof(*k));
	k->dep = p;
	k->n = checks_read(c->check, k->words, CHECKS_MAX, &err);
	p->row->check_until_ms = now_wall_ms() + c->within * 1000;
	k->timer = loop_timer_add(store_loop(p->row->row.server->store), 200, check_look, k);
}

void check_end(struct dep *p)
{
	struct checking *k = p->checking;
	if (!k)
		return;
	p->checking = NULL;
	loop_timer_remove(k->timer);
	for (size_t i = 0; i < k->n; i++) {
		call_cancel(k->urls[i].call);
		origin_destroy(k->urls[i].origin);
		free(k->urls[i].path);
	}
	free(k);
}
