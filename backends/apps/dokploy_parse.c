#include "backends/apps/dokploy_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"

#define MOST 4000

/* --- the tree ------------------------------------------------------------ */

static void *dp_grown(void *list, size_t n, size_t one)
{
	if (n && (n & (n - 1)))
		return list;
	return xrealloc(list, (n ? n * 2 : 1) * one);
}

/* Reads an id. False: none, or one that cannot be kept. Then the item is left out. */
static bool dp_add_id(struct dp_tree *t, const cJSON *o, const char *member, const char *name,
                      char id[APP_ID_SIZE])
{
	enum app_id read = app_id_read(o, member, NULL, id);
	if (read == APP_ID_UNFIT) {
		t->left_out++;
		snprintf(t->unfit, sizeof(t->unfit), "%s", name);
	}
	return read == APP_ID_READ;
}

static void dp_add_app(struct dp_tree *t, const cJSON *o, bool compose)
{
	t->left_out += t->n_apps >= MOST;
	if (t->n_apps >= MOST || !cJSON_IsObject(o))
		return;
	t->apps = dp_grown(t->apps, t->n_apps, sizeof(*t->apps));
	struct dp_app *a = &t->apps[t->n_apps];
	*a = (struct dp_app){ .env = t->n_envs - 1, .compose = compose };
	vj_text(o, compose ? "composeStatus" : "applicationStatus", NULL, a->status,
	        sizeof(a->status));
	vj_text(o, "name", "appName", a->name, sizeof(a->name));
	t->n_apps += dp_add_id(t, o, compose ? "composeId" : "applicationId", a->name, a->id);
}

static void dp_add_apps(struct dp_tree *t, const cJSON *o)
{
	const cJSON *v;
	cJSON_ArrayForEach (v, vj_get(o, "applications", NULL))
		dp_add_app(t, v, false);
	cJSON_ArrayForEach (v, vj_get(o, "compose", NULL))
		dp_add_app(t, v, true);
}

/* Databases are lists under their own names: postgres, mysql, mariadb, mongo, redis, libsql, and
 * whatever a later version adds. So each list counts that is not known to hold something else. */
static void dp_note_others(struct dp_project *p, const cJSON *o)
{
	static const char *const known[] = { "applications", "compose", "environments",
		                             "projectTags",  "tags",    "domains" };
	char name[DP_NAME];
	const cJSON *list;
	/* the members of a list have no names */
	if (!cJSON_IsObject(o))
		return;
	cJSON_ArrayForEach(list, o) {
		const cJSON *first = cJSON_IsArray(list) ? list->child : NULL;
		bool plain = !cJSON_IsObject(first);
		for (size_t i = 0; i < ARRAY_LEN(known) && !plain; i++)
			plain = !strcmp(list->string, known[i]);
		if (plain || *p->other)
			continue;
		if (!vj_text(first, "name", "appName", name, sizeof(name)))
			snprintf(name, sizeof(name), "without a name");
		char text[sizeof(p->other)];
		snprintf(text, sizeof(text), "%.30s %s", list->string, name);
		wash(p->other, sizeof(p->other), text, strlen(text));
	}
}

/* False: it is left out, and its applications with it. */
static bool dp_add_env(struct dp_tree *t, const cJSON *o, bool only)
{
	t->left_out += t->n_envs >= MOST;
	if (t->n_envs >= MOST)
		return false;
	t->envs = dp_grown(t->envs, t->n_envs, sizeof(*t->envs));
	struct dp_env *e = &t->envs[t->n_envs];
	*e = (struct dp_env){ .project = t->n_projects - 1,
		              .usual = only || vj_true(o, "isDefault", NULL) };
	if (!only)
		vj_text(o, "name", NULL, e->name, sizeof(e->name));
	/* one without an id is an environment all the same: its applications have theirs */
	size_t before = t->left_out;
	bool good = only || dp_add_id(t, o, "environmentId", e->name, e->id) ||
	            t->left_out == before;
	t->n_envs += good;
	return good;
}

static void dp_add_project(struct dp_tree *t, const cJSON *o)
{
	const cJSON *envs = vj_get(o, "environments", NULL), *v;
	t->left_out += t->n_projects >= MOST;
	if (t->n_projects >= MOST)
		return;
	t->projects = dp_grown(t->projects, t->n_projects, sizeof(*t->projects));
	struct dp_project *p = &t->projects[t->n_projects];
	*p = (struct dp_project){ .id = "" };
	vj_text(o, "name", NULL, p->name, sizeof(p->name));
	if (!dp_add_id(t, o, "projectId", p->name, p->id))
		return;
	t->n_projects++;
	dp_note_others(p, o);
	cJSON_ArrayForEach(v, envs)
		dp_note_others(p, v);
	if (!cJSON_IsArray(envs)) {
		if (dp_add_env(t, o, true))
			dp_add_apps(t, o);
		return;
	}
	t->by_environment = true;
	cJSON_ArrayForEach (v, envs)
		if (cJSON_IsObject(v) && dp_add_env(t, v, false))
			dp_add_apps(t, v);
}

bool dp_tree_parse(const char *json, size_t len, struct dp_tree *out, struct err *err)
{
	cJSON *list = vj_read(json, len, "Dokploy", err);
	const cJSON *v;
	*out = (struct dp_tree){ 0 };
	bool good = cJSON_IsArray(list);
	if (good)
		cJSON_ArrayForEach (v, list)
			if (cJSON_IsObject(v))
				dp_add_project(out, v);
	if (list && !good)
		err_set(err, ERR_GARBLED, "Dokploy's answer is not a list of projects");
	cJSON_Delete(list);
	return good;
}

void dp_tree_finish(struct dp_tree *t)
{
	free(t->projects);
	free(t->envs);
	free(t->apps);
	*t = (struct dp_tree){ 0 };
}

/* --- one application ----------------------------------------------------- */

enum health dp_health(const char *state)
{
	static const struct {
		const char *state;
		enum health health;
	} states[] = {
		{ "running", HEALTH_BUSY }, { "done", HEALTH_GOOD },      { "error", HEALTH_BAD },
		{ "idle", HEALTH_IDLE },    { "cancelled", HEALTH_IDLE },
	};
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (!strcmp(state, states[i].state))
			return states[i].health;
	return HEALTH_UNKNOWN;
}

/* Keeps the newest deployments and sorts them newest first. */
static size_t dp_read_deployments(const cJSON *list, struct app_deployment *out)
{
	const cJSON *v;
	size_t n = 0;
	if (!cJSON_IsArray(list))
		return 0;
	cJSON_ArrayForEach (v, list) {
		struct app_deployment d = { .id = "" };
		if (!cJSON_IsObject(v))
			continue;
		app_id_read(v, "deploymentId", NULL, d.id);
		vj_text(v, "status", NULL, d.state, sizeof(d.state));
		vj_text(v, "title", NULL, d.title, sizeof(d.title));
		vj_text(v, "errorMessage", NULL, d.error, sizeof(d.error));
		vj_text(v, "logPath", NULL, d.log, sizeof(d.log));
		d.health = dp_health(d.state);
		d.created_ms = vj_time(v, "startedAt", NULL);
		if (!d.created_ms)
			d.created_ms = vj_time(v, "createdAt", NULL);
		d.ended_ms = vj_time(v, "finishedAt", NULL);
		size_t at = n;
		while (at > 0 && out[at - 1].created_ms < d.created_ms)
			at--;
		if (!*d.id || at >= APP_DEPLOYMENTS_MAX)
			continue;
		size_t behind = (n < APP_DEPLOYMENTS_MAX ? n : APP_DEPLOYMENTS_MAX - 1) - at;
		memmove(&out[at + 1], &out[at], behind * sizeof(*out));
		out[at] = d;
		n += n < APP_DEPLOYMENTS_MAX;
	}
	return n;
}

static size_t dp_read_domains(const cJSON *list, struct dp_domain *out)
{
	const cJSON *v;
	size_t n = 0;
	if (!cJSON_IsArray(list))
		return 0;
	cJSON_ArrayForEach (v, list) {
		struct dp_domain *d = &out[n];
		if (n >= DP_DOMAINS || !cJSON_IsObject(v))
			continue;
		*d = (struct dp_domain){ .https = vj_true(v, "https", NULL),
			                 .port = (int)(vj_int(v, "port", NULL, 0) & 0xffff) };
		app_id_read(v, "domainId", NULL, d->id);
		vj_text(v, "path", NULL, d->path, sizeof(d->path));
		n += vj_text(v, "host", NULL, d->host, sizeof(d->host));
	}
	return n;
}

bool dp_one_parse(const char *json, size_t len, struct dp_one *out, struct err *err)
{
	cJSON *o = vj_read(json, len, "Dokploy", err);
	*out = (struct dp_one){ .id = "" };
	if (!o)
		return false;
	app_id_read(o, "applicationId", "composeId", out->id);
	vj_text(o, "applicationStatus", "composeStatus", out->status, sizeof(out->status));
	vj_text(o, "dockerImage", NULL, out->image, sizeof(out->image));
	vj_text(o, "sourceType", NULL, out->source, sizeof(out->source));
	vj_text(o, "appName", NULL, out->app_name, sizeof(out->app_name));
	out->n_domains = dp_read_domains(vj_get(o, "domains", NULL), out->domains);
	out->n_deployments = dp_read_deployments(vj_get(o, "deployments", NULL), out->deployments);
	cJSON_Delete(o);
	return *out->id || err_set(err, ERR_GARBLED, "Dokploy's answer names no application");
}

bool dp_deployments_parse(const char *json, size_t len, struct app_deployment *out, size_t *n,
                          struct err *err)
{
	cJSON *list = vj_read(json, len, "Dokploy", err);
	bool good = cJSON_IsArray(list);
	*n = good ? dp_read_deployments(list, out) : 0;
	if (list && !good)
		err_set(err, ERR_GARBLED, "Dokploy's answer is not a list of deployments");
	cJSON_Delete(list);
	return good;
}

/* --- answers to create calls ---------------------------------------------- */

bool dp_project_made(const char *json, size_t len, char project[APP_ID_SIZE], char env[APP_ID_SIZE],
                     struct err *err)
{
	cJSON *o = vj_read(json, len, "Dokploy", err);
	const cJSON *inner = vj_get(o, "project", NULL);
	project[0] = env[0] = '\0';
	app_id_read(cJSON_IsObject(inner) ? inner : o, "projectId", NULL, project);
	app_id_read(vj_get(o, "environment", NULL), "environmentId", NULL, env);
	bool any = o != NULL;
	cJSON_Delete(o);
	if (any && !*project)
		err_set(err, ERR_GARBLED, "Dokploy's answer names no project");
	return *project != '\0';
}

bool dp_id_made(const char *json, size_t len, const char *member, char id[APP_ID_SIZE],
                struct err *err)
{
	cJSON *o = vj_read(json, len, "Dokploy", err);
	bool any = o != NULL;
	enum app_id read = app_id_read(o, member, NULL, id);
	cJSON_Delete(o);
	if (read == APP_ID_UNFIT)
		err_set(err, ERR_GARBLED, "Dokploy's answer has a malformed %s", member);
	else if (any && read == APP_ID_NONE)
		err_set(err, ERR_GARBLED, "Dokploy's answer has no %s", member);
	return *id != '\0';
}

int dp_version(const char *json, size_t len, char *text, size_t size)
{
	cJSON *o = json_parse(json, len);
	int major = 0, minor = 0, patch = 0;
	text[0] = '\0';
	if (cJSON_IsString(o))
		wash(text, size, o->valuestring, strlen(o->valuestring));
	cJSON_Delete(o);
	if (sscanf(text + (*text == 'v'), "%3d.%3d.%3d", &major, &minor, &patch) < 2 || major < 0 ||
	    minor < 0 || patch < 0)
		return 0;
	minor = minor < 100 ? minor : 99;
	patch = patch < 100 ? patch : 99;
	return major * 10000 + minor * 100 + patch;
}

char *dp_log_text(const char *json, size_t len)
{
	cJSON *o = json_parse(json, len);
	const cJSON *logs = cJSON_IsObject(o) ? vj_get(o, "logs", NULL) : o, *v;
	struct buf b = { 0 };
	if (cJSON_IsString(logs))
		buf_puts(&b, logs->valuestring);
	else if (cJSON_IsArray(logs))
		cJSON_ArrayForEach (v, logs)
			if (cJSON_IsString(v))
				buf_addf(&b, "%s\n", v->valuestring);
	if (!o)
		buf_add(&b, json, len);
	cJSON_Delete(o);
	return buf_take(&b);
}

/* --- what a recording may keep -------------------------------------------- */

static enum json_keep dokploy_keeps(cJSON *v)
{
	static const char *const names[] = {
		"projectId",     "name",
		"environments",  "environmentId",
		"isDefault",     "applications",
		"compose",       "applicationId",
		"composeId",     "applicationStatus",
		"composeStatus", "appName",
		"dockerImage",   "sourceType",
		"domains",       "domainId",
		"host",          "https",
		"path",          "port",
		"deployments",   "deploymentId",
		"status",        "title",
		"errorMessage",  "logPath",
		"createdAt",     "startedAt",
		"finishedAt",
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(v->string, names[i]))
			return JSON_KEEP;
	return JSON_DROP;
}

void dp_reduce(const char *json, size_t len, struct buf *out)
{
	json_reduce(json, len, dokploy_keeps, out);
}
