/* cadvisor_parse.c: see cadvisor_parse.h. */
#include "backends/systems/cadvisor_parse.h"

#include <stdlib.h>
#include <string.h>

#include "backends/base/json.h"
#include "backends/base/mem.h"

bool cadvisor_machine_parse(const char *json, size_t len, struct cadvisor_machine *m,
                            struct err *err)
{
	cJSON *root = vj_read(json, len, "cAdvisor", err);
	*m = (struct cadvisor_machine){ .cores = -1, .memory = -1 };
	bool good = vj_text(root, "cadvisor_version", NULL, m->version, sizeof(m->version));
	if (root && !good)
		err_set(err, ERR_GARBLED,
		        "what answers /api/v2.1/attributes names no version of cAdvisor");
	vj_text(root, "container_os_version", NULL, m->system, sizeof(m->system));
	m->cores = vj_int(root, "num_cores", NULL, -1);
	m->memory = vj_int(root, "memory_capacity", NULL, -1);
	cJSON_Delete(root);
	return good;
}

/* The first alias is the name of the container, the second its id. */
static void cadvisor_read(const cJSON *o, struct cadvisor_container *c)
{
	const cJSON *latest = vj_get(o, "latest_usage", NULL),
		    *aliases = vj_get(o, "aliases", NULL);
	*c = (struct cadvisor_container){ .cpu = -1, .memory = -1 };
	if (cJSON_IsArray(aliases) && cJSON_GetArraySize(aliases) > 0) {
		cJSON *first = cJSON_CreateObject();
		cJSON_AddItemReferenceToObject(first, "name", aliases->child);
		vj_text(first, "name", NULL, c->name, sizeof(c->name));
		cJSON_Delete(first);
	}
	vj_text(o, "image", NULL, c->image, sizeof(c->image));
	/* thousandths of a core */
	int64_t milli = vj_int(latest, "cpu", NULL, -1);
	c->cpu = milli >= 0 ? (double)milli / 10 : -1;
	c->memory = vj_int(latest, "memory", NULL, -1);
}

bool cadvisor_list_parse(const char *json, size_t len, struct cadvisor_list *l, struct err *err)
{
	cJSON *root = vj_read(json, len, "cAdvisor", err);
	bool good = cJSON_IsObject(root);
	*l = (struct cadvisor_list){ 0 };
	if (root && !good)
		err_set(err, ERR_GARBLED, "the answer is not a map of containers");
	if (good)
		l->at = xcalloc(CADVISOR_MAX, sizeof(*l->at));
	for (const cJSON *v = good ? root->child : NULL; v; v = v->next) {
		if (!cJSON_IsObject(v) || strlen(v->string) >= sizeof(l->at->cgroup))
			continue;
		if (l->n == CADVISOR_MAX) {
			l->left_out++;
			continue;
		}
		cadvisor_read(v, &l->at[l->n]);
		memcpy(l->at[l->n].cgroup, v->string, strlen(v->string) + 1);
		l->n++;
	}
	cJSON_Delete(root);
	return good;
}

void cadvisor_list_finish(struct cadvisor_list *l)
{
	free(l->at);
	l->at = NULL;
}

/* The keys of the maps are cgroups, which begin with a slash. */
static enum json_keep cadvisor_keeps(cJSON *member)
{
	static const char *const plain[] = { "cadvisor_version",
		                             "container_os_version",
		                             "num_cores",
		                             "memory_capacity",
		                             "image",
		                             "cpu",
		                             "memory" };
	if (member->string[0] == '/')
		return JSON_KEEP;
	if (!strcmp(member->string, "aliases") || !strcmp(member->string, "latest_usage"))
		return JSON_KEEP_WHOLE;
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (!strcmp(member->string, plain[i]) && !cJSON_IsObject(member))
			return JSON_KEEP_WHOLE;
	return JSON_DROP;
}

void cadvisor_reduce(const char *json, size_t len, struct buf *out)
{
	json_reduce(json, len, cadvisor_keeps, out);
}
