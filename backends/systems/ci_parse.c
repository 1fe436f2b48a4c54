/* ci_parse.c: runs of a continuous integration, of three dialects. Pure. */
#include "backends/systems/ci_parse.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"

static const struct ci_word {
	const char *word;
	enum ci_state state;
} words[] = {
	{ "queued", CI_QUEUED },      { "waiting", CI_QUEUED },      { "pending", CI_QUEUED },
	{ "requested", CI_QUEUED },   { "blocked", CI_WAITS },       { "in_progress", CI_RUNNING },
	{ "running", CI_RUNNING },    { "success", CI_GOOD },        { "failure", CI_BAD },
	{ "timed_out", CI_BAD },      { "startup_failure", CI_BAD }, { "cancelled", CI_NEITHER },
	{ "skipped", CI_NEITHER },    { "neutral", CI_NEITHER },     { "stale", CI_NEITHER },
	{ "action_required", CI_WAITS },
};

static enum ci_state ci_state_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(words[i].word, word))
			return words[i].state;
	return CI_UNKNOWN;
}

static bool ci_run_read(const cJSON *o, struct ci_run *r)
{
	char path[200], sha[64], conclusion[24];
	const cJSON *actor = vj_get(o, "actor", "triggering_actor");
	*r = (struct ci_run){ .id = vj_int(o, "id", NULL, 0),
		              .number = vj_int(o, "run_number", NULL, 0) };
	vj_text(o, "display_title", "name", r->title, sizeof(r->title));
	if (vj_text(o, "path", "workflow_id", path, sizeof(path))) {
		/* ".github/workflows/build.yml@refs/heads/main" and "build.yml" both give
		 * "build.yml". */
		const char *at = strchr(path, '@');
		size_t n = at ? (size_t)(at - path) : strlen(path);
		const char *name = path;
		for (size_t i = 0; i < n; i++)
			if (path[i] == '/')
				name = path + i + 1;
		wash(r->workflow, sizeof(r->workflow), name, (size_t)(path + n - name));
	}
	vj_text(o, "head_branch", NULL, r->branch, sizeof(r->branch));
	vj_text(o, "head_sha", NULL, sha, sizeof(sha));
	snprintf(r->commit, sizeof(r->commit), "%.8s", sha);
	vj_text(actor, "login", "username", r->by, sizeof(r->by));
	vj_text(o, "event", NULL, r->event, sizeof(r->event));
	vj_text(o, "status", NULL, r->word, sizeof(r->word));
	if (vj_text(o, "conclusion", NULL, conclusion, sizeof(conclusion)))
		snprintf(r->word, sizeof(r->word), "%s", conclusion);
	r->state = ci_state_of(r->word);
	r->began_ms = vj_time(o, "run_started_at", "started_at");
	if (!r->began_ms)
		r->began_ms = vj_time(o, "created_at", NULL);
	if (r->state >= CI_GOOD)
		r->ended_ms = vj_time(o, "completed_at", "updated_at");
	return r->id > 0 && *r->word;
}

bool ci_runs_parse(const char *json, size_t len, struct ci_runs *l, struct err *err)
{
	l->n = 0;
	cJSON *root = vj_read(json, len, "the CI", err);
	const cJSON *list = vj_get(root, "workflow_runs", NULL);
	bool good = cJSON_IsArray(list) || (list && cJSON_IsNull(list));
	if (root && !good)
		err_set(err, ERR_GARBLED, "the answer is not a list of runs");
	for (const cJSON *v = good ? list->child : NULL; v && l->n < CI_RUNS_MAX; v = v->next)
		l->n += ci_run_read(v, &l->at[l->n]);
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < i && !l->at[i].superseded; k++)
			l->at[i].superseded = (l->at[k].state == CI_GOOD ||
			                       l->at[k].state == CI_BAD) &&
			                      !(l->at[k].number > 0 &&
			                        l->at[k].number == l->at[i].number) &&
			                      !strcmp(l->at[k].workflow, l->at[i].workflow) &&
			                      !strcmp(l->at[k].branch, l->at[i].branch);
	cJSON_Delete(root);
	return good;
}

bool ci_jobs_parse(const char *json, size_t len, struct ci_jobs *l, struct err *err)
{
	cJSON *root = vj_read(json, len, "the CI", err);
	const cJSON *list = vj_get(root, "jobs", NULL);
	bool good = cJSON_IsArray(list) || (list && cJSON_IsNull(list));
	*l = (struct ci_jobs){ 0 };
	if (root && !good)
		err_set(err, ERR_GARBLED, "the answer is not a list of jobs");
	for (const cJSON *v = good ? list->child : NULL; v; v = v->next) {
		struct ci_job job = { .id = vj_int(v, "id", NULL, 0) };
		char conclusion[24];
		if (!vj_text(v, "name", NULL, job.name, sizeof(job.name)))
			snprintf(job.name, sizeof(job.name), "job %lld", (long long)job.id);
		vj_text(v, "status", NULL, job.word, sizeof(job.word));
		if (vj_text(v, "conclusion", NULL, conclusion, sizeof(conclusion)))
			snprintf(job.word, sizeof(job.word), "%s", conclusion);
		job.state = ci_state_of(job.word);
		if (job.id > 0 && l->n < CI_JOBS_MAX)
			l->at[l->n++] = job;
		else
			l->left_out++;
	}
	cJSON_Delete(root);
	return good;
}

bool ci_url_split(const char *url, char **base, const char **path)
{
	static const char *const schemes[] = { "https://", "http://" };
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t n = strlen(schemes[i]);
		if (strncasecmp(url, schemes[i], n) != 0)
			continue;
		size_t host = strcspn(url + n, "/?#");
		if (!host)
			return false;
		*base = xstrndup(url, n + host);
		*path = url + n + host;
		return true;
	}
	return false;
}

static const char ci_signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

static bool ci_is_part(const char *text, size_t len)
{
	return len && len <= 100 && strspn(text, ci_signs) >= len && text[0] != '.' &&
	       text[0] != '-';
}

bool ci_is_repository(const char *text, size_t len)
{
	const char *slash = memchr(text, '/', len);
	if (!slash || len > 110)
		return false;
	size_t n = (size_t)(slash - text);
	return ci_is_part(text, n) && ci_is_part(slash + 1, len - n - 1);
}

bool ci_is_branch(const char *text)
{
	size_t n = text ? strlen(text) : 0;
	for (size_t i = 0; i < n; i++)
		if (!strchr(ci_signs, text[i]) && text[i] != '/')
			return false;
	return n && n < 80 && text[0] != '-' && text[0] != '/' && !strstr(text, "..");
}

static enum json_keep ci_keep(cJSON *member)
{
	static const char *const kept[] = {
		"workflow_runs", "id",           "run_number", "display_title", "path",
		"head_branch",   "head_sha",     "actor",      "login",         "username",
		"event",         "status",       "conclusion", "run_started_at", "started_at",
		"created_at",    "completed_at", "updated_at", "workflow_id",   "name",
		"triggering_actor",
	};
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (member->string && !strcmp(member->string, kept[i]))
			return JSON_KEEP;
	return JSON_DROP;
}

void ci_reduce(const char *json, size_t len, struct buf *out)
{
	json_reduce(json, len, ci_keep, out);
}
