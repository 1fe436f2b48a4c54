/* coolify_parse.c: parses Coolify's answers. By version and filter a list is an array, an object
 * with numbers as names, or inside another object.
 *
 * Source: Coolify's openapi.yaml of 4.1 and 4.2. */
#include "backends/apps/coolify_parse.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"

#define MOST 4000

/* --- resources and servers ----------------------------------------------- */

static struct coolify_item *coolify_add(struct coolify_list *l)
{
	if (l->n >= MOST) {
		l->left_out++;
		return NULL;
	}
	if (!(l->n & (l->n - 1)))
		l->items = xrealloc(l->items, (l->n ? l->n * 2 : 1) * sizeof(*l->items));
	l->items[l->n] = (struct coolify_item){ .kind = COOLIFY_APPLICATION };
	return &l->items[l->n];
}

/* The item counts if it has a name and an id. */
static void coolify_add_id(struct coolify_list *l, const cJSON *o, struct coolify_item *it)
{
	enum app_id id = app_id_read(o, "uuid", NULL, it->id);
	if (id == APP_ID_UNFIT) {
		l->left_out++;
		memcpy(l->unfit, it->name, sizeof(l->unfit));
	}
	l->n += id == APP_ID_READ && *it->name;
}

static void coolify_add_resource(struct coolify_list *l, const cJSON *o)
{
	struct coolify_item *it = cJSON_IsObject(o) ? coolify_add(l) : NULL;
	if (!it)
		return;
	/* The type: "application", "service", "standalone-postgresql". Some versions omit it, so
	 * guess from other members. */
	char type[64];
	bool has_type = vj_text(o, "type", NULL, type, sizeof(type));
	if (has_type ? !strcmp(type, "application") : vj_get(o, "build_pack", NULL) != NULL)
		it->kind = COOLIFY_APPLICATION;
	else if (has_type ? !strcmp(type, "service") : vj_get(o, "service_type", NULL) != NULL)
		it->kind = COOLIFY_SERVICE;
	else
		it->kind = COOLIFY_DATABASE;
	vj_text(o, "name", NULL, it->name, sizeof(it->name));
	vj_text(o, "status", NULL, it->status, sizeof(it->status));
	vj_text(o, "fqdn", NULL, it->domain, sizeof(it->domain));
	it->domain[strcspn(it->domain, ",")] = '\0';
	/* The image, else the repository without its login, which may hold a token. */
	char repo[120], branch[32];
	vj_text(o, "git_repository", NULL, repo, sizeof(repo));
	vj_text(o, "git_branch", NULL, branch, sizeof(branch));
	const char *at = strrchr(repo, '@'), *shown = at ? at + 1 : repo;
	if (!vj_text(o, "docker_registry_image_name", NULL, it->image, sizeof(it->image)) && *repo)
		snprintf(it->image, sizeof(it->image), "%s%s%s", shown, *branch ? " " : "", branch);
	if (!*it->image)
		vj_text(o, "image", NULL, it->image, sizeof(it->image));
	const cJSON *server = vj_get(vj_get(o, "destination", NULL), "server", NULL);
	vj_text(server, "name", NULL, it->server, sizeof(it->server));
	coolify_add_id(l, o, it);
}

static void coolify_add_server(struct coolify_list *l, const cJSON *o)
{
	struct coolify_item *it = cJSON_IsObject(o) ? coolify_add(l) : NULL;
	const cJSON *settings = vj_get(o, "settings", NULL);
	if (!it)
		return;
	it->kind = COOLIFY_SERVER;
	vj_text(o, "name", NULL, it->name, sizeof(it->name));
	vj_text(o, "ip", NULL, it->domain, sizeof(it->domain));
	it->reachable = vj_true(settings ? settings : o, "is_reachable", NULL);
	it->usable = vj_true(settings ? settings : o, "is_usable", NULL);
	coolify_add_id(l, o, it);
}

static bool coolify_read_list(const char *json, size_t len, struct coolify_list *out,
                              const char *what, void (*each)(struct coolify_list *, const cJSON *),
                              struct err *err)
{
	cJSON *root = vj_read(json, len, "Coolify", err);
	const cJSON *v, *list = root;
	*out = (struct coolify_list){ 0 };
	if (cJSON_IsObject(root) && vj_get(root, "data", NULL))
		list = vj_get(root, "data", NULL);
	bool good = cJSON_IsArray(list) ||
	            (cJSON_IsObject(list) && !cJSON_IsString(vj_get(list, "message", NULL)));
	if (good)
		cJSON_ArrayForEach (v, list)
			each(out, v);
	if (root && !good)
		err_set(err, ERR_GARBLED, "Coolify's answer is not a list of %s", what);
	cJSON_Delete(root);
	return good;
}

bool coolify_resources_parse(const char *json, size_t len, struct coolify_list *out,
                             struct err *err)
{
	return coolify_read_list(json, len, out, "resources", coolify_add_resource, err);
}

bool coolify_servers_parse(const char *json, size_t len, struct coolify_list *out, struct err *err)
{
	return coolify_read_list(json, len, out, "servers", coolify_add_server, err);
}

void coolify_list_finish(struct coolify_list *l)
{
	free(l->items);
	*l = (struct coolify_list){ 0 };
}

/* --- deployments --------------------------------------------------------- */

static enum health coolify_health_of(const char *state)
{
	static const struct {
		const char *state;
		enum health health;
	} states[] = {
		{ "finished", HEALTH_GOOD },  { "failed", HEALTH_BAD },
		{ "queued", HEALTH_BUSY },    { "in_progress", HEALTH_BUSY },
		{ "cancelled", HEALTH_IDLE }, /* "cancelled-by-user" */
	};
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (!strncmp(state, states[i].state, strlen(states[i].state)))
			return states[i].health;
	return HEALTH_UNKNOWN;
}

static bool coolify_read_deployment(const cJSON *o, struct app_deployment *d)
{
	char commit[48], message[80];
	*d = (struct app_deployment){ .id = "" };
	vj_text(o, "status", NULL, d->state, sizeof(d->state));
	vj_text(o, "commit", NULL, commit, sizeof(commit));
	vj_text(o, "commit_message", NULL, message, sizeof(message));
	d->health = coolify_health_of(d->state);
	snprintf(d->title, sizeof(d->title), "%.12s%s%.80s", commit, *message ? " " : "", message);
	d->created_ms = vj_time(o, "created_at", NULL);
	if (d->health != HEALTH_BUSY) {
		d->ended_ms = vj_time(o, "finished_at", NULL);
		if (!d->ended_ms)
			d->ended_ms = vj_time(o, "updated_at", NULL);
	}
	return app_id_read(o, "deployment_uuid", NULL, d->id) == APP_ID_READ;
}

bool coolify_deployments_parse(const char *json, size_t len, struct app_deployment *out,
                               char (*names)[COOLIFY_NAME], size_t *n, struct err *err)
{
	cJSON *root = vj_read(json, len, "Coolify", err);
	const cJSON *v, *list = cJSON_IsObject(root) && vj_get(root, "deployments", NULL)
	                                ? vj_get(root, "deployments", NULL)
	                                : root;
	bool good = cJSON_IsArray(list) || cJSON_IsObject(list);
	*n = 0;
	if (good)
		cJSON_ArrayForEach (v, list) {
			if (*n == APP_DEPLOYMENTS_MAX || !cJSON_IsObject(v) ||
			    !coolify_read_deployment(v, &out[*n]))
				continue;
			if (names)
				vj_text(v, "application_name", NULL, names[*n], COOLIFY_NAME);
			++*n;
		}
	if (root && !good)
		err_set(err, ERR_GARBLED, "Coolify's answer is not a list of deployments");
	cJSON_Delete(root);
	return good;
}

bool coolify_deployment_parse(const char *json, size_t len, struct app_deployment *out,
                              struct err *err)
{
	cJSON *o = vj_read(json, len, "Coolify", err);
	bool good = cJSON_IsObject(o) && coolify_read_deployment(o, out) && *out->state;
	if (o && !good)
		err_set(err, ERR_GARBLED, "Coolify's answer about the deployment has no state");
	cJSON_Delete(o);
	return good;
}

char *coolify_log_text(const char *json, size_t len)
{
	struct err err;
	struct buf b;
	cJSON *o = vj_read(json, len, "Coolify", &err), *list = NULL;
	const cJSON *logs = vj_get(o, "logs", NULL), *v;
	const char *text = cJSON_GetStringValue(logs);
	buf_init(&b, 16u << 20);
	if (text) /* a string that contains JSON */
		list = json_parse(text, strlen(text));
	const cJSON *entries = list;
	if (!list && cJSON_IsArray(logs))
		entries = logs;
	cJSON_ArrayForEach (v, entries) {
		const char *output = cJSON_GetStringValue(vj_get(v, "output", NULL));
		if (vj_true(v, "hidden", NULL) || !output)
			continue;
		buf_puts(&b, output);
		if (!*output || output[strlen(output) - 1] != '\n')
			buf_puts(&b, "\n");
	}
	if (text && !list)
		buf_puts(&b, text);
	char *out = text || cJSON_IsArray(logs) ? buf_take(&b) : NULL;
	buf_finish(&b);
	cJSON_Delete(list);
	cJSON_Delete(o);
	return out;
}

bool coolify_deployment_queued(const char *json, size_t len, char id[APP_ID_SIZE], char *said,
                               size_t size)
{
	struct err err;
	cJSON *root = vj_read(json, len, "Coolify", &err);
	const cJSON *o = cJSON_GetArrayItem(vj_get(root, "deployments", NULL), 0);
	o = o ? o : root;
	vj_text(o, "message", NULL, said, size);
	if (app_id_read(o, "deployment_uuid", NULL, id) == APP_ID_UNFIT)
		snprintf(said, size, "queued; the id of its deployment is too long to follow it");
	bool good = cJSON_IsObject(o);
	cJSON_Delete(root);
	return good;
}

bool coolify_version(const char *text, size_t len, char *out, size_t size)
{
	size_t n = 0;
	*out = '\0';
	while (len && (isspace((unsigned char)*text) || *text == '"' || *text == 'v')) {
		text++;
		len--;
	}
	while (n < len &&
	       (isalnum((unsigned char)text[n]) || strchr(".-", text[n] ? text[n] : ' ')))
		n++;
	if (!n || n >= size || !isdigit((unsigned char)text[0]))
		return false;
	memcpy(out, text, n);
	out[n] = '\0';
	return true;
}

/* --- what a recording may keep -------------------------------------------- */

static enum json_keep coolify_keeps(cJSON *v)
{
	static const char *const names[] = {
		"uuid",
		"name",
		"type",
		"status",
		"fqdn",
		"build_pack",
		"service_type",
		"git_repository",
		"git_branch",
		"docker_registry_image_name",
		"image",
		"destination",
		"server",
		"ip",
		"settings",
		"is_reachable",
		"is_usable",
		"deployments",
		"deployment_uuid",
		"commit",
		"commit_message",
		"created_at",
		"updated_at",
		"finished_at",
		"application_name",
		"server_name",
		"count",
		"data",
		"message",
	};
	if (!strcmp(v->string, "git_repository")) {
		/* Drops the part before "@" of a URL, which may be a token. */
		const char *at = cJSON_IsString(v) ? strrchr(v->valuestring, '@') : NULL;
		char *rest = at ? xstrdup(at + 1) : NULL;
		if (rest)
			cJSON_SetValuestring(v, rest);
		free(rest);
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(v->string, names[i]))
			return JSON_KEEP;
	/* a list given as an object with numbers as names */
	if (*v->string && !v->string[strspn(v->string, "0123456789")])
		return JSON_KEEP;
	return JSON_DROP;
}

void coolify_reduce(const char *json, size_t len, struct buf *out)
{
	json_reduce(json, len, coolify_keeps, out);
}
