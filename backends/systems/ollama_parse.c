#include "backends/systems/ollama_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"

bool ollama_version_parse(const char *json, size_t len, char *buf, size_t size, struct err *err)
{
	cJSON *root = vj_read(json, len, "Ollama", err);
	bool good = vj_text(root, "version", NULL, buf, size);
	if (root && !good)
		err_set(err, ERR_GARBLED,
		        "what answers /api/version gives no version, so it is not Ollama");
	cJSON_Delete(root);
	return good;
}

static bool ollama_read(const cJSON *o, struct ollama_model *m)
{
	const cJSON *details = vj_get(o, "details", NULL);
	*m = (struct ollama_model){ .name = "" };
	vj_text(details, "parameter_size", NULL, m->params, sizeof(m->params));
	vj_text(details, "quantization_level", NULL, m->quant, sizeof(m->quant));
	vj_text(o, "remote_host", NULL, m->remote, sizeof(m->remote));
	m->size = vj_int(o, "size", NULL, -1);
	m->vram = vj_int(o, "size_vram", NULL, -1);
	m->until_ms = vj_time(o, "expires_at", NULL);
	bool named = vj_text(o, "name", "model", m->name, sizeof(m->name));
	const cJSON *name = vj_get(o, "name", "model");
	m->exact = named && cJSON_IsString(name) && !strcmp(name->valuestring, m->name);
	return named;
}

bool ollama_models_parse(const char *json, size_t len, struct ollama_models *l, struct err *err)
{
	cJSON *root = vj_read(json, len, "Ollama", err);
	const cJSON *list = vj_get(root, "models", NULL);
	bool good = cJSON_IsArray(list);
	*l = (struct ollama_models){ 0 };
	if (cJSON_IsNull(list)) /* as old versions say for none */
		good = true;
	if (root && !good)
		err_set(err, ERR_GARBLED, "the answer is not a list of models");
	if (good)
		l->at = xcalloc(OLLAMA_MODELS_MAX, sizeof(*l->at));
	for (const cJSON *v = good ? list->child : NULL; v; v = v->next) {
		if (l->n == OLLAMA_MODELS_MAX)
			l->left_out++;
		else
			l->n += ollama_read(v, &l->at[l->n]);
	}
	cJSON_Delete(root);
	return good;
}

void ollama_models_finish(struct ollama_models *l)
{
	free(l->at);
	*l = (struct ollama_models){ 0 };
}

bool ollama_pull_line(const char *line, size_t len, char *says, size_t size, bool *over)
{
	cJSON *root = json_parse(line, len);
	char status[80] = "", whole[HUMAN_SIZE];
	bool failed = vj_text(root, "error", NULL, says, size);
	*over = false;
	if (!failed) {
		vj_text(root, "status", NULL, status, sizeof(status));
		*over = !strcmp(status, "success");
		int64_t total = vj_int(root, "total", NULL, 0);
		int64_t done = vj_int(root, "completed", NULL, 0);
		snprintf(says, size, "%s", status);
		if (total > 0 && done >= 0 && done <= total)
			snprintf(says, size, "%.30s %d%% of %s", status,
			         (int)((double)done * 100 / (double)total),
			         human_bytes(whole, (uint64_t)total));
	}
	cJSON_Delete(root);
	return !failed;
}
