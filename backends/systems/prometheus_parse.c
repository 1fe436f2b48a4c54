#include "backends/systems/prometheus_parse.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"

/* The data of a successful answer. NULL and err: something else. *root is to be deleted. */
static const cJSON *prometheus_data(const char *json, size_t len, const char *what, cJSON **root,
                                    struct err *err)
{
	char word[16], why[200];
	*root = vj_read(json, len, "Prometheus", err);
	if (!*root)
		return NULL;
	const cJSON *data = vj_get(*root, "data", NULL);
	bool good = vj_text(*root, "status", NULL, word, sizeof(word)) && !strcmp(word, "success");
	if (good && cJSON_IsObject(data))
		return data;
	if (vj_text(*root, "error", NULL, why, sizeof(why)))
		err_set(err, ERR_REFUSED, "%s: %s", what, why);
	else
		err_set(err, ERR_GARBLED, "%s is not an answer of Prometheus", what);
	return NULL;
}

bool prometheus_version_parse(const char *json, size_t len, char *buf, size_t size, struct err *err)
{
	cJSON *root;
	const cJSON *data = prometheus_data(json, len, "the build information", &root, err);
	bool good = data != NULL;
	vj_text(data, "version", NULL, buf, size);
	cJSON_Delete(root);
	return good;
}

static const cJSON *prometheus_result(const cJSON *data, struct err *err)
{
	const cJSON *result = vj_get(data, "result", NULL);
	if (data && !cJSON_IsArray(result))
		err_set(err, ERR_GARBLED, "the answer to a query has no list of results");
	return cJSON_IsArray(result) ? result : NULL;
}

bool prometheus_value_parse(const char *json, size_t len, double *value, struct err *err)
{
	cJSON *root;
	const cJSON *data = prometheus_data(json, len, "the answer to a query", &root, err);
	const cJSON *result = prometheus_result(data, err);
	const cJSON *pair = result ? vj_get(result->child, "value", NULL) : NULL;
	const cJSON *text = cJSON_IsArray(pair) ? cJSON_GetArrayItem(pair, 1) : NULL;
	*value = -1;
	if (cJSON_IsString(text))
		*value = strtod(text->valuestring, NULL);
	if (!isfinite(*value))
		*value = -1;
	cJSON_Delete(root);
	return result != NULL;
}

/* --- the line of a range query ------------------------------------------------ */

static void prometheus_name_series(const cJSON *labels, char *buf, size_t size)
{
	const cJSON *label;
	size_t used = 0;
	*buf = '\0';
	cJSON_ArrayForEach (label, labels) {
		char text[120];
		/* in a list, which Prometheus never sends, the members have no names */
		if (!label->string || !strcmp(label->string, "__name__") ||
		    !vj_text(labels, label->string, NULL, text, sizeof(text)) || used >= size)
			continue;
		char raw[200];
		snprintf(raw, sizeof(raw), "%s%.60s=%s", used ? " " : "", label->string, text);
		used += wash(buf + used, size - used, raw, strlen(raw));
	}
}

static void prometheus_add_series(const cJSON *series, double start, double step, bool lowest,
                                  struct prometheus_line *l)
{
	const cJSON *pair;
	cJSON_ArrayForEach (pair, vj_get(series, "values", NULL)) {
		const cJSON *when = cJSON_GetArrayItem(pair, 0);
		const cJSON *text = cJSON_GetArrayItem(pair, 1);
		if (!cJSON_IsNumber(when) || !cJSON_IsString(text))
			continue;
		double place = floor((when->valuedouble - start) / step + 0.5);
		double value = strtod(text->valuestring, NULL);
		if (!(place >= 0 && place < PROMETHEUS_POINTS) || isnan(value))
			continue;
		size_t i = (size_t)place;
		bool nearer = lowest ? value < l->at[i] : value > l->at[i];
		if (!nearer && !isnan(l->at[i]))
			continue;
		l->at[i] = value;
		if (i == PROMETHEUS_POINTS - 1)
			prometheus_name_series(vj_get(series, "metric", NULL), l->labels,
			                       sizeof(l->labels));
	}
	l->series++;
}

bool prometheus_range_parse(const char *json, size_t len, double start, double step, bool lowest,
                            struct prometheus_line *l, struct err *err)
{
	cJSON *root;
	const cJSON *data = prometheus_data(json, len, "the answer to its query", &root, err), *v;
	const cJSON *result = prometheus_result(data, err);
	*l = (struct prometheus_line){ .series = 0 };
	for (size_t i = 0; i < PROMETHEUS_POINTS; i++)
		l->at[i] = NAN;
	cJSON_ArrayForEach (v, result)
		prometheus_add_series(v, start, step, lowest, l);
	cJSON_Delete(root);
	return result != NULL;
}

/* --- targets ------------------------------------------------------------- */

static void prometheus_add(struct prometheus_targets *l, const cJSON *labels, const cJSON *error)
{
	char text[240] = "";
	if (l->n == PROMETHEUS_TARGETS_MAX) {
		l->left_out++;
		return;
	}
	if (!l->at)
		l->at = xcalloc(PROMETHEUS_TARGETS_MAX, sizeof(*l->at));
	struct prometheus_target *t = &l->at[l->n];
	*t = (struct prometheus_target){ .job = "" };
	bool job = vj_text(labels, "job", NULL, t->job, sizeof(t->job));
	bool instance = vj_text(labels, "instance", NULL, t->instance, sizeof(t->instance));
	if (cJSON_IsString(error)) {
		/* the error has the address, which may have a token in its query */
		struct buf masked = { 0 };
		mask_text(&masked, error->valuestring, strlen(error->valuestring));
		wash(text, sizeof(text), masked.data, masked.len);
		buf_finish(&masked);
	}
	memcpy(t->error, text, sizeof(t->error));
	l->n += job || instance;
}

bool prometheus_series_parse(const char *json, size_t len, struct prometheus_targets *l,
                             struct err *err)
{
	cJSON *root;
	const cJSON *data = prometheus_data(json, len, "the answer to a query", &root, err), *v;
	const cJSON *result = prometheus_result(data, err);
	*l = (struct prometheus_targets){ 0 };
	cJSON_ArrayForEach (v, result)
		prometheus_add(l, vj_get(v, "metric", NULL), NULL);
	cJSON_Delete(root);
	return result != NULL;
}

bool prometheus_targets_parse(const char *json, size_t len, struct prometheus_targets *l,
                              struct err *err)
{
	cJSON *root;
	const cJSON *data = prometheus_data(json, len, "the list of targets", &root, err), *v;
	const cJSON *list = vj_get(data, "activeTargets", NULL);
	bool good = cJSON_IsArray(list);
	char health[16];
	*l = (struct prometheus_targets){ 0 };
	if (data && !good)
		err_set(err, ERR_GARBLED, "the answer is not a list of targets");
	for (v = good ? list->child : NULL; v; v = v->next)
		if (vj_text(v, "health", NULL, health, sizeof(health)) && !strcmp(health, "down"))
			prometheus_add(l, vj_get(v, "labels", NULL), vj_get(v, "lastError", NULL));
	cJSON_Delete(root);
	return good;
}

void prometheus_targets_finish(struct prometheus_targets *l)
{
	free(l->at);
	*l = (struct prometheus_targets){ 0 };
}
