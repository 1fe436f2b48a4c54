/* ci.c: Gitea Actions and GitHub Actions: the runs of the repositories that [ci NAME] names.
 * Orders: run again, cancel, dispatch.
 *
 * A repository is one question in a round. A Gitea before 1.25 and a Forgejo do not know
 * actions/runs; they are asked for actions/tasks until the link or the section is made again. A
 * task has a number of its own, which names no run: it is not run again and not cancelled. A run
 * that failed needs the user until a newer run of its workflow and branch has ended, or for a week.
 *
 * Source: as in ci_parse.h. Running again and cancelling came to Gitea after 1.25. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/http.h"
#include "backends/store/action.h"
#include "backends/store/settings.h"
#include "backends/systems/ci_log.h"
#include "backends/systems/ci_parse.h"
#include "backends/systems/system.h"

#define RUN_TYPE "run"
#define TASK_MARK "task " /* in a ref, before the id of a task */
#define CI_REPOSITORIES_MAX 16
#define CI_SHOWN_MAX 6 /* ended runs of one repository; those that wait or run are all shown */
#define CI_WEEK_MS (INT64_C(7) * 86400000)

struct ci_place {
	char name[120]; /* OWNER/NAME */
	bool tasks;     /* asked for actions/tasks */
	bool neither;   /* the last of its 404s was about tasks */
};
struct ci_site {
	struct system_site system;
	/* the repositories of the running round. A :reload counts from the next one on. */
	struct ci_place places[CI_REPOSITORIES_MAX];
	size_t n_places;
	bool heard;     /* in this round something other than a failure answered */
	struct err err; /* the first failure of this round: a timeout, a 500 */
	char lack[400]; /* why a repository cannot be read; "" none */
	struct ci_log *logs;
};

static struct ci_site *ci_of(struct site *s)
{
	return (struct ci_site *)s;
}

static bool ci_is_gitea(const struct site *s)
{
	const struct ci_config *c = site_section(s);
	return c && (!c->kind || strcmp(c->kind, "github") != 0);
}

/* The repository of that place in the section. False: there are fewer. */
static bool ci_repository(const struct site *s, size_t place, char *buf, size_t size)
{
	static const char blanks[] = " \t,";
	const struct ci_config *c = site_section(s);
	const char *p = c && c->repositories ? c->repositories : "";
	for (p += strspn(p, blanks); *p; p += strspn(p, blanks)) {
		size_t n = strcspn(p, blanks);
		if (ci_is_repository(p, n) && !place--) {
			snprintf(buf, size, "%.*s", (int)n, p);
			return true;
		}
		p += n;
	}
	return false;
}

/* --- rows ----------------------------------------------------------------- */

static void ci_settle(struct system *y, const struct ci_run *r)
{
	static const enum health health[] = {
		[CI_QUEUED] = HEALTH_BUSY,       [CI_RUNNING] = HEALTH_BUSY,
		[CI_WAITS] = HEALTH_ATTENTION,   [CI_GOOD] = HEALTH_GOOD,
		[CI_BAD] = HEALTH_BAD,           [CI_NEITHER] = HEALTH_IDLE,
		[CI_UNKNOWN] = HEALTH_UNKNOWN,
	};
	static const char *const shown[] = { [CI_QUEUED] = "queued", [CI_RUNNING] = "running",
		                             [CI_UNKNOWN] = NULL };
	char why[300] = "";
	int64_t now = now_wall_ms() + y->site->skew_ms;
	bool old = r->superseded || (r->ended_ms && now - r->ended_ms > CI_WEEK_MS);
	enum health h = health[r->state];
	if (h == HEALTH_BAD && old)
		h = HEALTH_IDLE;
	if (h == HEALTH_BAD) {
		const char *on = *r->branch ? " on " : "";
		const char *of = *r->title ? ": " : "";
		const char *by = *r->by ? " by " : "";
		snprintf(why, sizeof(why), "%s%s%s failed%s%s, %s%s%s",
		         *r->workflow ? r->workflow : "a run", on, r->branch, of, r->title,
		         r->commit, by, r->by);
	} else if (h == HEALTH_ATTENTION)
		snprintf(why, sizeof(why), "waits for somebody to approve it: %s", r->title);
	y->state_ms = r->ended_ms ? r->ended_ms : r->began_ms;
	if (y->state_ms)
		y->state_ms -= y->site->skew_ms;
	system_settle(y, shown[r->state] ? shown[r->state] : r->word, h, why);
}

/* The id holds the repository and the id there: a number repeats in each workflow of GitHub and in
 * each task of a run. No repository holds a ":", so no two ids are alike. */
static void ci_row(struct site *s, const char *repository, const struct ci_run *r, bool is_task)
{
	char name[200], key[200], ref[140];
	const char *slash = strchr(repository, '/');
	long long id = (long long)r->id, number = (long long)(r->number > 0 ? r->number : r->id);
	int n = snprintf(name, sizeof(name), "%s #%lld", repository, number);
	if (is_task)
		snprintf(name + n, sizeof(name) - (size_t)n, " task %lld", id);
	snprintf(key, sizeof(key), "%.*s:%s #%lld~%lld", (int)(slash - repository), repository,
	         slash + 1, number, id);
	snprintf(ref, sizeof(ref), "%s:%s%lld", repository, is_task ? TASK_MARK : "", id);
	struct system *y = system_row_as(s, RUN_TYPE, key, name, ref);
	y->inexact = strcmp(y->ref, ref) != 0;
	system_figure(y, "branch", DOC_PLAIN, "%s", r->branch);
	char span[HUMAN_SIZE] = "";
	int64_t end = r->ended_ms;
	if (r->state == CI_RUNNING)
		end = now_wall_ms() + y->site->skew_ms;
	if (r->began_ms && end > r->began_ms)
		human_span(span, end - r->began_ms);
	system_figure(y, "for", DOC_PLAIN, "%s", span);
	system_figure(y, "commit", DOC_DIM, "%s", r->commit);
	system_figure(y, "by", DOC_DIM, "%s", r->by);
	system_figure(y, "workflow", DOC_PLAIN, "%s", r->workflow);
	system_figure(y, "event", DOC_DIM, "%s", r->event);
	system_figure(y, "title", DOC_PLAIN, "%s", r->title);
	ci_settle(y, r);
}

static bool ci_is_of(const struct system *y, const char *repository)
{
	size_t n = strlen(repository);
	return !strcmp(y->type, RUN_TYPE) && !strncmp(y->ref, repository, n) && y->ref[n] == ':';
}

static void ci_count(struct site *s)
{
	size_t running = 0, failed = 0;
	for (const struct system *y = system_next(s, NULL); y; y = system_next(s, y)) {
		running += y->row.health == HEALTH_BUSY;
		failed += y->row.health == HEALTH_BAD;
	}
	struct system *own = system_own(s);
	system_figure(own, "running", DOC_PLAIN, "%s", "");
	system_figure(own, "failed", DOC_WARN, "%s", "");
	if (running)
		system_figure(own, "running", DOC_PLAIN, "%zu", running);
	if (failed)
		system_figure(own, "failed", DOC_WARN, "%zu", failed);
}

static bool ci_take(struct site *s, const char *ref, const char *json, size_t len, bool are_tasks,
                    struct err *err)
{
	struct ci_runs l;
	size_t ended = 0;
	if (!ci_is_repository(ref, strlen(ref)))
		return true;
	if (!ci_runs_parse(json, len, &l, err))
		return false;
	site_answered(s);
	system_begin(s, RUN_TYPE);
	for (size_t i = 0; i < l.n; i++) {
		bool shown = l.at[i].state < CI_GOOD || ended < CI_SHOWN_MAX;
		ended += l.at[i].state >= CI_GOOD;
		if (shown)
			ci_row(s, ref, &l.at[i], are_tasks);
	}
	/* The runs of this repository that its newest list does not name. */
	for (struct system *y = system_next(s, NULL), *next; y; y = next) {
		next = system_next(s, y);
		if (ci_is_of(y, ref) && y->round != system_site(s)->lists)
			store_row_remove(&y->row);
	}
	ci_count(s);
	return true;
}
static bool ci_take_runs(struct site *s, const char *ref, const char *json, size_t len,
                         struct err *err)
{
	return ci_take(s, ref, json, len, false, err);
}
static bool ci_take_tasks(struct site *s, const char *ref, const char *json, size_t len,
                          struct err *err)
{
	return ci_take(s, ref, json, len, true, err);
}

/* --- a round -------------------------------------------------------------- */

static bool ci_wants(const struct site *s, const struct platform_step *step)
{
	return (size_t)(step - s->platform->steps) < ((const struct ci_site *)s)->n_places;
}

static char *ci_path(const struct site *s, const struct platform_step *step)
{
	const struct ci_site *c = (const struct ci_site *)s;
	const struct ci_place *p = &c->places[step - s->platform->steps];
	const char *list = p->tasks ? "tasks" : "runs";
	if (ci_is_gitea(s))
		return xasprintf("/api/v1/repos/%s/actions/%s?limit=20", p->name, list);
	return xasprintf("/repos/%s/actions/%s?per_page=20", p->name, list);
}

/* What is known of a repository goes with its name, wherever the section names it now. */
static bool ci_begin(struct site *s)
{
	struct ci_site *c = ci_of(s);
	struct ci_place old[CI_REPOSITORIES_MAX];
	size_t n_old = c->n_places;
	memcpy(old, c->places, sizeof(old));
	c->n_places = 0;
	for (size_t i = 0; i < CI_REPOSITORIES_MAX; i++) {
		struct ci_place now = { .tasks = false };
		if (!ci_repository(s, i, now.name, sizeof(now.name)))
			break;
		for (size_t k = 0; k < n_old; k++)
			if (!strcmp(old[k].name, now.name))
				now = old[k];
		c->places[c->n_places++] = now;
	}
	c->lack[0] = '\0';
	c->heard = false;
	err_clear(&c->err);
	return true;
}

/* A new link or a :reload: what said 404 may have had its reason in rights. */
static void ci_open(struct site *s)
{
	struct ci_site *c = ci_of(s);
	for (size_t i = 0; i < c->n_places; i++)
		c->places[i].tasks = c->places[i].neither = false;
	ci_logs_open(c->logs);
}
static void ci_close(struct site *s, const struct err *why)
{
	ci_logs_close(ci_of(s)->logs, why);
}
static void ci_free(struct site *s)
{
	ci_logs_forget(&ci_of(s)->logs);
}

static void ci_refused(struct site *s, struct ci_place *p, const struct api_answer *r)
{
	struct ci_site *c = ci_of(s);
	struct err err;
	bool is_failure = r->status >= 500 || r->err.code == ERR_TIMEOUT;
	/* GitHub answers 403 to too many questions. No other repository would be answered either.
	 */
	bool is_too_much = r->status == 429 ||
	                   (r->status == 403 && strcasestr(r->body, "rate limit"));
	/* Runs and tasks are asked for in turn while both answer 404. Without rights for a while,
	 * runs are found again that way. The first time another round follows at once. */
	bool turns = r->status == 404 && ci_is_gitea(s);
	bool first = turns && !p->tasks && !p->neither;
	if (turns) {
		p->neither = p->tasks;
		p->tasks = !p->tasks;
	}
	if (first) {
		fetch_want(&s->poll);
	} else if (is_too_much) {
		err_set(&err, ERR_REFUSED, "CI %s was asked too often and waits: %s", s->name,
		        r->err.text);
		site_fail(s, &err);
	} else if (r->status == 401) {
		site_fail(s, &r->err);
	} else if (!*c->lack) {
		snprintf(c->lack, sizeof(c->lack), "%s: %.270s", p->name, r->err.text);
	}
	c->heard = c->heard || !is_failure;
	if (is_failure && !c->err.code)
		c->err = r->err;
}

static void ci_came(struct site *s, const struct platform_step *step, const struct api_answer *r)
{
	struct ci_place *p = &ci_of(s)->places[step - s->platform->steps];
	if (r->err.code) {
		ci_refused(s, p, r);
		return;
	}
	struct buf clean = { 0 };
	char *what = xasprintf("%s\t%s\t%s", s->name, p->tasks ? "tasks" : "runs", p->name);
	ci_of(s)->heard = true;
	p->neither = false;
	ci_reduce(r->body, r->len, &clean);
	if (clean.len)
		source_feed(s->source, what, clean.data, clean.len);
	else
		source_feed(s->source, what, r->body, r->len);
	buf_finish(&clean);
	free(what);
}

static void ci_over(struct site *s)
{
	struct ci_site *c = ci_of(s);
	/* the runs of repositories that the section no longer names are gone */
	for (struct system *y = system_next(s, NULL), *next; y; y = next) {
		bool named = false;
		next = system_next(s, y);
		for (size_t i = 0; i < c->n_places; i++)
			named = named || ci_is_of(y, c->places[i].name);
		if (!named)
			store_row_remove(&y->row);
	}
	ci_count(s);
	if (site_round_failed(s))
		return;
	if (!c->heard && c->err.code) {
		site_fail(s, &c->err);
		return;
	}
	if (s->err.code)
		site_answered(s); /* it answers again, with refusals only */
	system_note(s, *c->lack ? HEALTH_ATTENTION : HEALTH_GOOD, c->lack);
	system_own_row(s);
}

/* --- orders --------------------------------------------------------------- */

static bool ci_is_run(const struct system *y)
{
	return !y->is_site && !y->inexact && strchr(y->ref, ':');
}
/* A task has no id of a run. */
static bool ci_may_cancel(const struct system_act *act, const struct system *y)
{
	return ci_is_run(y) && !strstr(y->ref, ":" TASK_MARK) && y->row.health == HEALTH_BUSY;
}
static bool ci_may_rerun(const struct system_act *act, const struct system *y)
{
	return ci_is_run(y) && !strstr(y->ref, ":" TASK_MARK) && y->row.health != HEALTH_BUSY;
}
static bool ci_may_dispatch(const struct system_act *act, const struct system *y)
{
	return ci_is_run(y) && ci_is_branch(system_figure_text(y, "workflow"));
}

/* A task names no run, so its jobs cannot be asked for. */
static bool ci_has_log(const struct system *y)
{
	return ci_is_run(y) && !strstr(y->ref, ":" TASK_MARK);
}

static struct follow *ci_follow(struct system *y, const char *query, struct log *log,
                                struct err *err)
{
	const char *colon = strchr(y->ref, ':');
	const char *api = ci_is_gitea(y->site) ? "/api/v1" : "";
	char actions[200];
	snprintf(actions, sizeof(actions), "%s/repos/%.*s/actions", api, (int)(colon - y->ref),
	         y->ref);
	return ci_log_follow(y, actions, colon + 1, &ci_of(y->site)->logs, log);
}

/* "/api/v1/repos/OWNER/NAME/actions/runs/51/cancel". After a failure only what failed is run
 * again. */
static void ci_act_path(const struct system_act *act, const struct system *y, char *buf,
                        size_t size)
{
	const char *colon = strchr(y->ref, ':');
	const char *api = ci_is_gitea(y->site) ? "/api/v1" : "";
	bool failed = !strcmp(y->state, "failure") || !strcmp(y->state, "timed_out");
	const char *what = act->path;
	if (failed && !strcmp(what, "rerun"))
		what = "rerun-failed-jobs";
	if (act->fits) /* of a workflow, not of a run */
		snprintf(buf, size, "%s/repos/%.*s/actions/workflows/%s/%s", api,
		         (int)(colon - y->ref), y->ref, system_figure_text(y, "workflow"), what);
	else
		snprintf(buf, size, "%s/repos/%.*s/actions/runs/%s/%s", api, (int)(colon - y->ref),
		         y->ref, colon + 1, what);
}

static void ci_command(const struct system_act *act, const struct system *y, char *buf, size_t size)
{
	char path[300];
	ci_act_path(act, y, path, sizeof(path));
	snprintf(buf, size, "POST %s, CI %s%s", path, y->site->name,
	         act->fits ? ", for branch" : "");
}

static bool ci_dispatch_fits(const struct system_act *act, const char *argument, struct err *err)
{
	if (ci_is_branch(argument))
		return true;
	return err_set(err, ERR_USAGE, "\"%.60s\" is not a branch: expected main, release/2",
	               argument ? argument : "");
}

static void ci_run(const struct system_act *act, struct order *order, struct system *y)
{
	char path[300], *body = NULL;
	struct job *j = job_begin(y->site, order, sizeof(*j), act->verb);
	if (!j)
		return;
	if (act->fits) {
		cJSON *o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "ref", order->argument);
		cJSON_AddItemToObject(o, "inputs", cJSON_CreateObject());
		body = cJSON_PrintUnformatted(o);
		cJSON_Delete(o);
	}
	ci_act_path(act, y, path, sizeof(path));
	job_call(j, "POST", path, body, job_answer);
	free(body);
}

/* --- the system ----------------------------------------------------------- */

static const struct system_ops ci_ops = {
	.asks = "the newest runs, one question for each repository",
	.has_log = ci_has_log,
	.follow = ci_follow,
	.acts = { [SYSTEM_RERUN] = { ci_may_rerun, ci_command, ci_run, .verb = "rerun",
	                             .path = "rerun" },
	          [SYSTEM_CANCEL] = { ci_may_cancel, ci_command, ci_run, .verb = "cancel",
	                              .path = "cancel" },
	          [SYSTEM_DISPATCH] = { ci_may_dispatch, ci_command, ci_run, ci_dispatch_fits,
	                                .verb = "dispatch", .path = "dispatches" } },
};

/* The place of a step is that of its repository. The path comes from ci_path. */
#define CI_REPO(n) { "repo" #n, "/", 0, ci_take_runs }
static const struct platform_step ci_steps[] = {
	CI_REPO(0),  CI_REPO(1),  CI_REPO(2),  CI_REPO(3),
	CI_REPO(4),  CI_REPO(5),  CI_REPO(6),  CI_REPO(7),
	CI_REPO(8),  CI_REPO(9),  CI_REPO(10), CI_REPO(11),
	CI_REPO(12), CI_REPO(13), CI_REPO(14), CI_REPO(15),
	{ "runs", NULL, 0, ci_take_runs },
	{ "tasks", NULL, 0, ci_take_tasks },
	{ .what = NULL }
};

static const struct platform platform_ci = {
	SYSTEM_PLATFORM_OF("CI", "ci", cis, ci_config, &ci_ops, struct ci_site, system_lacks),
	.token_help = "it needs to read, and to write for running again, actions",
	.steps = ci_steps,
	.shown_ms = 20000,
	.hidden_ms = 120000,
	.retry_ms = 60000,
	.timeout_ms = 15000,
	.open = ci_open,
	.close = ci_close,
	.free = ci_free,
	.begin = ci_begin,
	.wants = ci_wants,
	.path = ci_path,
	.came = ci_came,
	.over = ci_over,
};
const struct backend backend_ci = PLATFORM_BACKEND("ci", platform_ci);
