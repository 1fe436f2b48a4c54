/* job.c: orders that need several calls, and deployments followed to their end.
 *
 * Nothing is requested twice if it may already have been done. The newest deployment before the
 * order is remembered. Any other newest deployment is then the new one. If mocr ends meanwhile, the
 * platform continues. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/apps/platform.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/loop.h"
#include "backends/store/action.h"

#define WHOLE_MS 3600000 /* longest time to follow a deployment */

/* --- jobs ---------------------------------------------------------------- */

static int64_t job_now(const struct job *j)
{
	return loop_now(store_loop(j->site->source->store));
}

void *job_begin(struct site *s, struct order *order, size_t size, const char *verb)
{
	struct err err;
	if (!s->api) {
		err_set(&err, ERR_LOST, "%s %s is not connected", s->platform->product, s->name);
		order_end(order, &err, NULL);
		return NULL;
	}
	struct job *j = xcalloc(1, size);
	j->site = s;
	j->order = order;
	j->verb = verb;
	j->began_ms = job_now(j);
	j->next = s->jobs;
	s->jobs = j;
	order->run = j;
	return j;
}

static void job_waits(struct api_call *call, int64_t ms, void *arg)
{
	struct job *j = arg;
	char span[HUMAN_SIZE];
	order_progress(j->order, "waits %s, as %s %s asks (429)", human_span(span, ms),
	               j->site->platform->product, j->site->name);
}

static void job_done(const struct api_answer *r, void *arg)
{
	struct job *j = arg;
	j->call = NULL;
	j->answered(j, r);
}

void job_call(struct job *j, const char *method, const char *path, const char *body,
              job_answered *answered)
{
	assert(!j->call);
	j->answered = answered;
	j->call = site_call(j->site, &(struct api_request){ .method = method,
	                                                    .path = path,
	                                                    .body = body,
	                                                    .timeout_ms = j->timeout_ms,
	                                                    .waits = job_waits,
	                                                    .done = job_done,
	                                                    .arg = j });
}

static void job_on_timer(struct loop_timer *t, void *arg)
{
	struct job *j = arg;
	j->woken(j);
}

void job_wake(struct job *j, int64_t ms, void (*woken)(struct job *))
{
	j->woken = woken;
	if (j->timer)
		loop_timer_set(j->timer, ms);
	else
		j->timer = loop_timer_add(store_loop(j->site->source->store), ms, job_on_timer, j);
}

/* --- a stream ------------------------------------------------------------ */

static void job_silent(struct job *j)
{
	struct err err;
	char span[HUMAN_SIZE];
	err_set(&err, ERR_TIMEOUT, "%s %s said nothing more for %s", j->site->platform->product,
	        j->site->name, human_span(span, j->silent_ms));
	job_end(j, &err, NULL);
}

static bool job_data(struct api_call *call, const char *bytes, size_t len, void *arg)
{
	struct job *j = arg;
	job_wake(j, j->silent_ms, job_silent);
	j->data(j, bytes, len);
	return true;
}

void job_stream(struct job *j, const char *path, const char *body, int64_t silent_ms,
                void (*data)(struct job *, const char *, size_t), job_answered *answered)
{
	assert(!j->call);
	j->data = data;
	j->silent_ms = silent_ms;
	j->answered = answered;
	job_wake(j, silent_ms, job_silent);
	j->call = site_call(j->site, &(struct api_request){ .method = "POST",
	                                                    .path = path,
	                                                    .body = body,
	                                                    .timeout_ms = j->timeout_ms,
	                                                    .data = job_data,
	                                                    .waits = job_waits,
	                                                    .done = job_done,
	                                                    .arg = j });
}

void job_end(struct job *j, const struct err *err, const char *output)
{
	struct site *s = j->site;
	struct order *order = j->order;
	struct row *row = order_row(order);
	struct job **slot = &s->jobs;
	while (*slot != j)
		slot = &(*slot)->next;
	*slot = j->next;
	api_cancel(j->call);
	loop_timer_remove(j->timer);
	if (j->finish)
		j->finish(j);
	free(j);
	if (row && row->kind == &kind_app)
		app_of(row)->asked_round = 0;
	site_poke(s);
	order_end(order, err, output);
}

void job_answer(struct job *j, const struct api_answer *r)
{
	job_end(j, &r->err, NULL);
}

void site_jobs_end(struct site *s, const struct err *err)
{
	while (s->jobs)
		job_end(s->jobs, err, NULL);
}

/* --- rollouts ------------------------------------------------------------ */

bool deployment_runs(const struct app_deployment *d)
{
	return d->health == HEALTH_BUSY || d->health == HEALTH_UNKNOWN;
}

static void rollout_look(struct job *);

void rollout_say(struct rollout *r, const char *how)
{
	if (r->say)
		r->say(r, how);
	else
		order_progress(r->job.order, "%s: %.120s", r->job.verb, how);
}

void rollout_over(struct rollout *r, const struct err *err, const char *said)
{
	if (r->over)
		r->over(r, err, said);
	else
		job_end(&r->job, err, said);
}

/* Puts the new deployment into its row at once, so that its log can be followed. */
static void rollout_show(const struct rollout *r, const struct app_deployment *list, size_t n)
{
	struct row *row = order_row(r->job.order);
	struct app_deployment all[APP_DEPLOYMENTS_MAX];
	if (!row || strcmp(app_of(row)->ref, r->ref) != 0)
		return;
	struct app *a = app_of(row);
	size_t known = n;
	memcpy(all, list, n * sizeof(*list));
	for (size_t i = 0; i < a->n_deployments && n < APP_DEPLOYMENTS_MAX; i++) {
		bool newer = false;
		for (size_t k = 0; k < known; k++)
			newer = newer || !strcmp(a->deployments[i].id, list[k].id);
		if (!newer)
			all[n++] = a->deployments[i];
	}
	app_set_deployments(a, all, n);
	if (r->job.site->platform->judge_app)
		r->job.site->platform->judge_app(a);
}

static void rollout_ended(struct rollout *r, const struct app_deployment *d, const char *span)
{
	enum err_code code = ERR_CANCELLED;
	const char *how = "was cancelled there";
	char said[160];
	struct err err;
	if (d->health == HEALTH_GOOD) {
		snprintf(said, sizeof(said), "%s within %s",
		         strstr(r->job.verb, "deploy") ? "deployed" : "done", span);
		rollout_over(r, NULL, said);
		return;
	}
	if (d->health == HEALTH_BAD) {
		code = ERR_REFUSED;
		how = "failed";
	}
	err_set(&err, code, "the deployment %s after %s%s%s; [l] shows its log", how, span,
	        *d->error ? ": " : "", d->error);
	rollout_over(r, &err, NULL);
}

static void rollout_not_begun(struct rollout *r, int64_t ms, const char *span)
{
	const struct site *s = r->job.site;
	struct err err = r->unsure;
	if (ms < s->platform->begin_ms) {
		rollout_say(r, "waiting in its queue");
		job_wake(&r->job, s->platform->poll_ms, rollout_look);
		return;
	}
	if (!err.code)
		err_set(&err, ERR_TIMEOUT,
		        "%s %s took the %s, but no deployment has begun within %s; its queue may "
		        "be "
		        "full or stuck",
		        s->platform->product, s->name, r->job.verb, span);
	rollout_over(r, &err, NULL);
}

static void rollout_goes_on(struct rollout *r, const char *how)
{
	rollout_say(r, how);
	job_wake(&r->job, r->job.site->platform->poll_ms, rollout_look);
}

/* One failed look does not end the rollout. */
static void rollout_came(struct job *j, const struct api_answer *answer)
{
	struct rollout *r = (struct rollout *)j;
	struct app_deployment list[APP_DEPLOYMENTS_MAX];
	struct err err = answer->err;
	int64_t ms = job_now(j) - j->began_ms;
	char span[HUMAN_SIZE];
	size_t n = 0;
	human_span(span, ms);
	r->silent = err.code != ERR_NONE;
	if (err.code == ERR_DENIED || err.code == ERR_ABSENT) {
		err_set(&err, answer->err.code,
		        "the %s was requested, but its progress cannot be seen: %.200s", j->verb,
		        answer->err.text);
		rollout_over(r, &err, NULL);
		return;
	}
	if (err.code ||
	    !j->site->platform->deployment_read(r, answer->body, answer->len, list, &n, &err)) {
		rollout_goes_on(r, err.text);
		return;
	}
	rollout_show(r, list, n);
	if (!n || !strcmp(list[0].id, r->before)) {
		rollout_not_begun(r, ms, span);
		return;
	}
	memcpy(r->id, list[0].id, sizeof(r->id));
	if (deployment_runs(&list[0]))
		rollout_goes_on(r, !strcmp(list[0].state, "in_progress") ? "in progress"
		                                                         : list[0].state);
	else
		rollout_ended(r, &list[0], span);
}

static void rollout_look(struct job *j)
{
	struct rollout *r = (struct rollout *)j;
	const struct site *s = j->site;
	char span[HUMAN_SIZE];
	struct err err;
	if (job_now(j) - j->began_ms < WHOLE_MS) {
		char *path = s->platform->deployment_path(r);
		job_call(j, "GET", path, NULL, rollout_came);
		free(path);
		return;
	}
	if (r->silent)
		err_set(&err, ERR_TIMEOUT, "the result is not known: %s %s no longer answers",
		        s->platform->product, s->name);
	else
		err_set(&err, ERR_TIMEOUT, "it did not end within %s; it continues there",
		        human_span(span, WHOLE_MS));
	rollout_over(r, &err, NULL);
}

void rollout_begin(struct rollout *r, const char *ref)
{
	snprintf(r->ref, sizeof(r->ref), "%s", ref);
	r->job.began_ms = job_now(&r->job);
}

void rollout_follow(struct rollout *r)
{
	rollout_look(&r->job);
}
