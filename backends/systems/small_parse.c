#include "backends/systems/small_parse.h"

#include <stdio.h>
#include <string.h>

#include "backends/base/json.h"
#include "backends/base/wash.h"

bool ntfy_parse(const char *json, size_t len, bool *healthy, struct err *err)
{
	cJSON *root = vj_read(json, len, "ntfy", err);
	const cJSON *v = vj_get(root, "healthy", NULL);
	bool good = cJSON_IsBool(v);
	*healthy = cJSON_IsTrue(v);
	if (root && !good)
		err_set(err, ERR_GARBLED,
		        "what answers /v1/health does not say whether it is "
		        "healthy, so it is not ntfy");
	cJSON_Delete(root);
	return good;
}

bool n8n_parse(const char *json, size_t len, char *status, size_t size, struct err *err)
{
	cJSON *root = vj_read(json, len, "n8n", err);
	bool good = vj_text(root, "status", NULL, status, size);
	if (root && !good)
		err_set(err, ERR_GARBLED,
		        "what answers /healthz gives no status, so it is not n8n");
	cJSON_Delete(root);
	return good;
}

bool qdrant_is_ready(const char *text, size_t len)
{
	char word[40];
	wash(word, sizeof(word), text, len < 39 ? len : 39);
	return strstr(word, "ready") && !strstr(word, "not ready");
}

void qdrant_version(const char *json, size_t len, char *buf, size_t size)
{
	cJSON *root = json_parse(json, len);
	vj_text(root, "version", NULL, buf, size);
	cJSON_Delete(root);
}

bool qdrant_collections_parse(const char *json, size_t len, size_t *n, struct err *err)
{
	cJSON *root = vj_read(json, len, "Qdrant", err);
	const cJSON *list = vj_get(vj_get(root, "result", NULL), "collections", NULL);
	bool good = cJSON_IsArray(list);
	*n = good ? (size_t)cJSON_GetArraySize(list) : 0;
	if (root && !good)
		err_set(err, ERR_GARBLED, "the answer is not a list of collections");
	cJSON_Delete(root);
	return good;
}

bool caddy_parse(const char *json, size_t len, struct caddy_upstreams *u, struct err *err)
{
	cJSON *root = vj_read(json, len, "Caddy", err);
	bool good = cJSON_IsArray(root) || cJSON_IsNull(root); /* null: none */
	*u = (struct caddy_upstreams){ 0 };
	if (root && !good)
		err_set(err, ERR_GARBLED, "the answer is not a list of upstreams");
	for (const cJSON *v = good ? root->child : NULL; v; v = v->next) {
		u->n++;
		if (vj_int(v, "fails", NULL, 0) <= 0)
			continue;
		if (!u->failing++)
			vj_text(v, "address", NULL, u->first, sizeof(u->first));
	}
	cJSON_Delete(root);
	return good;
}
