#include "backends/systems/ci_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/logs/stamp.h"
#include "backends/store/log.h"
#include "backends/systems/ci_parse.h"

#define CI_LOG_AGAIN_MS 5000
#define CI_LOG_RETRY_MOST_MS 60000
#define CI_LOG_TIMEOUT_MS 60000
#define CI_LOG_BYTES (16u << 20) /* of the log of one job */
/* The address of a log lives for minutes: it may have ended between two answers. */
#define CI_LOG_REFUSED_MOST 2

struct ci_log_job {
	int64_t id;
	unsigned source;
	size_t shown;    /* bytes of its text */
	int64_t time_us; /* of its last line */
	int refused;     /* how often the server refused its log */
	bool over;       /* all of its text is shown, or it has no text */
};

struct ci_log {
	struct follow follow;
	struct ci_log *next;
	struct ci_log **home; /* NULL: the site is gone */
	struct site *site;
	struct loop *loop; /* borrowed */
	char *id;          /* owned: of the row */
	char *actions, *run;
	struct loop_timer *timer;
	struct api_call *call;
	/* the host that a redirect names; no token is sent there. NULL none */
	struct api *other;
	struct ci_jobs list; /* as the last round named them */
	size_t at;           /* the job that is asked for */
	struct ci_log_job jobs[CI_JOBS_MAX];
	size_t n;
	struct backoff pause;
	bool over; /* all jobs have ended and are shown, or nothing more is wanted */
	bool paused;
};

static void ci_log_next(struct ci_log *);

static bool ci_log_is_connected(const struct ci_log *l)
{
	return l->home && l->site->up && l->site->api;
}

static void ci_log_later(struct ci_log *l, int64_t ms)
{
	if (!l->over && !l->paused && ci_log_is_connected(l))
		loop_timer_set(l->timer, (int)ms);
}

static void ci_log_failed(struct ci_log *l, const struct err *err)
{
	bool is_final = err->code == ERR_ABSENT || log_until(l->follow.log);
	l->over = is_final;
	log_set_status(l->follow.log, l->follow.source, "%s%s", err->text,
	               is_final ? "" : "; it is tried again");
	ci_log_later(l, backoff_ms(&l->pause, CI_LOG_AGAIN_MS, CI_LOG_RETRY_MOST_MS));
}

/* --- the text of a job -------------------------------------------------------- */

static struct ci_log_job *ci_log_job(struct ci_log *l, const struct ci_job *job)
{
	char name[600];
	for (size_t i = 0; i < l->n; i++)
		if (l->jobs[i].id == job->id)
			return &l->jobs[i];
	if (l->n == CI_JOBS_MAX)
		return NULL;
	int n = snprintf(name, sizeof(name), "%s/", l->id);
	for (const char *p = job->name; *p && (size_t)n + 1 < sizeof(name); p++)
		name[n++] = (char)(*p == '/' || *p == ' ' ? '_' : *p);
	name[n] = '\0';
	l->jobs[l->n] = (struct ci_log_job){ .id = job->id,
		                             .source = log_source_add(l->follow.log, name) };
	return &l->jobs[l->n++];
}

/* Shows the new lines of the text. Its last line may be incomplete until the job has ended. */
static void ci_log_show(struct ci_log *l, struct ci_log_job *j, const char *text, size_t len,
                        bool ended)
{
	static const char mark[] = "\xef\xbb\xbf"; /* GitHub's texts begin with a byte order mark */
	const char *end = text + len;
	if (j->shown > len)
		j->shown = len; /* it was cut there */
	for (const char *p = text + j->shown; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end;
		if (!nl && !ended)
			break;
		size_t n = (size_t)(stop - p);
		if (n && p[n - 1] == '\r')
			n--;
		if (p == text && n >= strlen(mark) && !memcmp(p, mark, strlen(mark))) {
			p += strlen(mark);
			n -= strlen(mark);
		}
		int64_t us = stamp_find(p, n, (struct zone){ .known = true });
		if (us)
			j->time_us = us;
		log_add(l->follow.log, j->source, j->time_us, LOG_LEVEL_UNKNOWN, LOG_LINE, p, n);
		p = stop + (nl != NULL);
		j->shown = (size_t)(p - text);
	}
}

/* Whether the answer is about this log alone. */
static bool ci_log_is_about_job(const struct api_answer *r)
{
	if (r->err.code == ERR_TOO_BIG)
		return true;
	if (r->status < 300 || r->status >= 500 || r->status == 401 || r->status == 408 ||
	    r->status == 429)
		return false;
	/* GitHub refuses with 403 also who asks too often: REST API, "Rate limits". */
	const char *left = r->call ? call_header(r->call, "x-ratelimit-remaining") : NULL;
	bool pauses = r->call && call_header(r->call, "retry-after");
	if (r->status != 403)
		return true;
	return !pauses && !(left && !strcmp(left, "0")) && !strstr(r->body, "rate limit");
}

static void ci_log_take(struct ci_log *l, const struct api_answer *r)
{
	const struct ci_job *job = &l->list.at[l->at];
	struct ci_log_job *j = ci_log_job(l, job);
	bool ended = job->state >= CI_GOOD;
	if (r->err.code && !ci_log_is_about_job(r)) {
		ci_log_failed(l, &r->err);
		return;
	}
	l->at++;
	if (!r->err.code) {
		ci_log_show(l, j, r->body, r->len, ended);
		if (ended)
			log_gap(l->follow.log, j->source, "%s ended: %s", job->name, job->word);
		j->over = ended;
	} else if (r->err.code == ERR_TOO_BIG) {
		log_gap(l->follow.log, j->source, "%s: %s, and its log is over %u MB: not shown",
		        job->name, job->word, CI_LOG_BYTES >> 20);
		j->over = true;
	} else if (ended && (r->err.code == ERR_ABSENT || r->status == 410)) {
		/* a job that runs may have no log yet */
		log_gap(l->follow.log, j->source, "%s: %s, and its log is not there", job->name,
		        job->word);
		j->over = true;
	} else if (ended && (++j->refused >= CI_LOG_REFUSED_MOST || log_until(l->follow.log))) {
		log_gap(l->follow.log, j->source, "%s: %s, and its log is refused (%d)",
		        job->name, job->word, r->status);
		j->over = true;
	}
	ci_log_next(l);
}

static void ci_log_other_came(const struct api_answer *r, void *arg)
{
	struct ci_log *l = arg;
	struct api *other = l->other;
	l->call = NULL;
	l->other = NULL;
	ci_log_take(l, r);
	api_destroy(other);
}

/* Asks another host, as GitHub wants it. What was fetched with TLS is not fetched without. */
static void ci_log_go_elsewhere(struct ci_log *l, const char *url)
{
	const char *path;
	char *base = NULL;
	struct err err;
	bool good = ci_url_split(url, &base, &path);
	if (good && strchr(base, '@')) {
		err_set(&err, ERR_REFUSED,
		        "CI %s sends the log to an address with a user name; it is not fetched",
		        l->site->name);
		good = false;
	} else if (good && !strncmp(site_url(l->site), "https:", 6) &&
	    strncasecmp(base, "https:", 6) != 0) {
		err_set(&err, ERR_REFUSED,
		        "CI %s sends the log to %s, which has no TLS; it is not fetched",
		        l->site->name, base);
		good = false;
	} else if (good) {
		l->other = api_create(store_http(l->site->source->store),
		                      source_link(l->site->source),
		                      &(struct api_config){ .who = "the store of the logs",
		                                            .product = "CI",
		                                            .url = base },
		                      &err);
		good = l->other != NULL;
	} else {
		err_set(&err, ERR_GARBLED, "CI %s sends the log to no web address", l->site->name);
	}
	free(base);
	if (!good) {
		ci_log_failed(l, &err);
		return;
	}
	char *asked = xasprintf("%s%s", *path == '/' ? "" : "/", path);
	asked[strcspn(asked, "#")] = '\0';
	l->call = api_call(l->other, &(struct api_request){ .path = asked,
	                                                    .max = CI_LOG_BYTES,
	                                                    .timeout_ms = CI_LOG_TIMEOUT_MS,
	                                                    .once = true,
	                                                    .done = ci_log_other_came,
	                                                    .arg = l });
	free(asked);
}

static void ci_log_text_came(const struct api_answer *r, void *arg)
{
	struct ci_log *l = arg;
	const char *where = r->call && r->status / 100 == 3 ? call_redirect(r->call) : NULL;
	l->call = NULL;
	if (where)
		ci_log_go_elsewhere(l, where);
	else
		ci_log_take(l, r);
}

/* --- a round ------------------------------------------------------------------ */

static void ci_log_ask(struct ci_log *l, char *path,
                       void (*done)(const struct api_answer *, void *))
{
	l->call = site_call(l->site, &(struct api_request){ .path = path,
	                                                    .max = CI_LOG_BYTES,
	                                                    .timeout_ms = CI_LOG_TIMEOUT_MS,
	                                                    .once = true,
	                                                    .done = done,
	                                                    .arg = l });
	free(path);
}

/* The next job whose text is not shown whole. After the last one the round ends. */
static void ci_log_next(struct ci_log *l)
{
	bool all_over = l->list.n > 0;
	for (; l->at < l->list.n; l->at++) {
		const struct ci_job *job = &l->list.at[l->at];
		struct ci_log_job *j = ci_log_job(l, job);
		if (!j || j->over || job->state == CI_QUEUED || job->state == CI_WAITS)
			continue;
		ci_log_ask(l, xasprintf("%s/jobs/%lld/logs", l->actions, (long long)job->id),
		           ci_log_text_came);
		return;
	}
	for (size_t i = 0; i < l->list.n; i++) {
		const struct ci_log_job *j = ci_log_job(l, &l->list.at[i]);
		all_over = all_over && l->list.at[i].state >= CI_GOOD && (!j || j->over);
	}
	backoff_reset(&l->pause);
	log_set_status(l->follow.log, l->follow.source, "%s", "");
	if (all_over)
		log_set_rest(l->follow.log, l->follow.source, "all jobs have ended");
	else if (!l->list.n)
		log_set_rest(l->follow.log, l->follow.source, "the run has no jobs yet");
	else if (!log_total(l->follow.log))
		log_set_rest(l->follow.log, l->follow.source,
		             "no job has written a line yet; GitHub has the log of a job when the "
		             "job has ended");
	l->over = all_over || log_until(l->follow.log);
	ci_log_later(l, CI_LOG_AGAIN_MS);
}

static void ci_log_jobs_came(const struct api_answer *r, void *arg)
{
	struct ci_log *l = arg;
	struct err err = r->err, why;
	l->call = NULL;
	if (!err.code && !ci_jobs_parse(r->body, r->len, &l->list, &why))
		err_set(&err, why.code, "CI %s: %s", l->site->name, why.text);
	if (err.code) {
		ci_log_failed(l, &err);
		return;
	}
	l->at = 0;
	ci_log_next(l);
}

static void ci_log_on_timer(struct loop_timer *t, void *arg)
{
	struct ci_log *l = arg;
	if (!l->call && !l->over && ci_log_is_connected(l))
		ci_log_ask(l, xasprintf("%s/runs/%s/jobs?per_page=50&limit=50", l->actions, l->run),
		           ci_log_jobs_came);
}

/* --- the follower --------------------------------------------------------------- */

static void ci_log_stop_call(struct ci_log *l)
{
	api_cancel(l->call);
	api_destroy(l->other);
	l->call = NULL;
	l->other = NULL;
	loop_timer_set(l->timer, -1);
}

static void ci_log_stop(struct follow *follow)
{
	struct ci_log *l = container_of(follow, struct ci_log, follow);
	ci_log_stop_call(l);
	if (l->home)
		LIST_DROP(*l->home, l);
	loop_timer_remove(l->timer);
	free(l->id);
	free(l->actions);
	free(l->run);
	free(l);
}

static void ci_log_pause(struct follow *follow, bool on)
{
	struct ci_log *l = container_of(follow, struct ci_log, follow);
	l->paused = on;
	loop_timer_set(l->timer, on || l->over ? -1 : 0);
}

static bool ci_log_owes(const struct follow *follow)
{
	const struct ci_log *l = container_of((struct follow *)follow, struct ci_log, follow);
	return log_until(follow->log) && !l->over && ci_log_is_connected(l);
}

struct follow *ci_log_follow(struct system *y, const char *actions, const char *run,
                             struct ci_log **home, struct log *log)
{
	struct ci_log *l = xcalloc(1, sizeof(*l));
	l->follow = (struct follow){ .log = log,
		                     .source = log_source_add(log, y->row.id),
		                     .stop = ci_log_stop,
		                     .pause = ci_log_pause,
		                     .owes = ci_log_owes };
	l->home = home;
	l->site = y->site;
	l->loop = store_loop(y->row.server->store);
	l->id = xstrdup(y->row.id);
	l->actions = xstrdup(actions);
	l->run = xstrdup(run);
	l->timer = loop_timer_add(l->loop, 0, ci_log_on_timer, l);
	LIST_APPEND(*home, l);
	log_follow(log, &l->follow);
	if (!ci_log_is_connected(l))
		log_set_status(log, l->follow.source, "CI %s is not connected", y->site->name);
	return &l->follow;
}

void ci_logs_open(struct ci_log *first)
{
	for (struct ci_log *l = first; l; l = l->next)
		if (!l->call && !l->over && !l->paused)
			loop_timer_set(l->timer, 0);
}

void ci_logs_close(struct ci_log *first, const struct err *why)
{
	for (struct ci_log *l = first; l; l = l->next) {
		ci_log_stop_call(l);
		if (!l->over)
			log_set_status(l->follow.log, l->follow.source, "%s", why->text);
	}
}

void ci_logs_forget(struct ci_log **home)
{
	while (*home) {
		struct ci_log *l = *home;
		LIST_DROP(*home, l);
		ci_log_stop_call(l);
		l->home = NULL;
		log_set_status(l->follow.log, l->follow.source,
		               "its section is not in the configuration any more");
	}
}
