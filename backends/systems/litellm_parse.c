#include "backends/systems/litellm_parse.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"

#define MARK_LOOK 0.7
#define MARK_BAD 0.9

static double litellm_number(const cJSON *o, const char *name)
{
	const cJSON *v = vj_get(o, name, NULL);
	bool good = cJSON_IsNumber(v) && isfinite(v->valuedouble) && v->valuedouble >= 0;
	return good ? v->valuedouble : -1;
}

bool litellm_ready_parse(const char *json, size_t len, struct litellm_ready *r, struct err *err)
{
	cJSON *root = vj_read(json, len, "LiteLLM", err);
	*r = (struct litellm_ready){ .status = "" };
	bool good = vj_text(root, "status", NULL, r->status, sizeof(r->status));
	vj_text(root, "db", NULL, r->db, sizeof(r->db));
	vj_text(root, "litellm_version", NULL, r->version, sizeof(r->version));
	if (root && !good)
		err_set(err, ERR_GARBLED,
		        "what answers /health/readiness gives no status, so it is not LiteLLM");
	cJSON_Delete(root);
	return good;
}

bool litellm_models_parse(const char *json, size_t len, size_t *n, struct err *err)
{
	cJSON *root = vj_read(json, len, "LiteLLM", err);
	const cJSON *list = vj_get(root, "data", NULL);
	bool good = cJSON_IsArray(list);
	*n = good ? (size_t)cJSON_GetArraySize(list) : 0;
	if (root && !good)
		err_set(err, ERR_GARBLED, "the answer is not a list of models");
	cJSON_Delete(root);
	return good;
}

/* --- keys ---------------------------------------------------------------- */

static void litellm_read_key(const cJSON *o, struct litellm_key *k)
{
	*k = (struct litellm_key){ .spend = litellm_number(o, "spend"),
		                   .budget = litellm_number(o, "max_budget"),
		                   .reset_ms = vj_time(o, "budget_reset_at", NULL),
		                   .blocked = vj_true(o, "blocked", NULL) };
	vj_text(o, "key_alias", NULL, k->alias, sizeof(k->alias));
	vj_text(o, "budget_duration", NULL, k->duration, sizeof(k->duration));
	vj_text(o, "token", NULL, k->id, sizeof(k->id));
	const cJSON *id = vj_get(o, "token", NULL);
	if (!cJSON_IsString(id) || strcmp(id->valuestring, k->id) != 0)
		k->id[0] = '\0'; /* an order must not name a part of it */
}

bool litellm_key_parse(const char *json, size_t len, struct litellm_key *k, struct err *err)
{
	cJSON *root = vj_read(json, len, "LiteLLM", err);
	const cJSON *info = vj_get(root, "info", NULL);
	bool good = cJSON_IsObject(info);
	litellm_read_key(info, k);
	if (root && !good)
		err_set(err, ERR_GARBLED, "the answer about the key has no info");
	cJSON_Delete(root);
	return good;
}

bool litellm_keys_parse(const char *json, size_t len, struct litellm_keys *l, struct err *err)
{
	cJSON *root = vj_read(json, len, "LiteLLM", err);
	const cJSON *list = vj_get(root, "keys", NULL);
	bool good = cJSON_IsArray(list);
	*l = (struct litellm_keys){ 0 };
	if (root && !good)
		err_set(err, ERR_GARBLED, "the answer is not a list of keys");
	if (good)
		l->at = xcalloc(LITELLM_KEYS_MAX, sizeof(*l->at));
	for (const cJSON *v = good ? list->child : NULL; v; v = v->next) {
		if (!cJSON_IsObject(v))
			continue;
		if (l->n == LITELLM_KEYS_MAX)
			l->left_out++;
		else
			litellm_read_key(v, &l->at[l->n++]);
	}
	int64_t total = vj_int(root, "total_count", NULL, 0);
	if (total > (int64_t)(l->n + l->left_out) && total < 1000000)
		l->left_out = (size_t)total - l->n;
	cJSON_Delete(root);
	return good;
}

bool litellm_is_day(const char *duration)
{
	return !strcmp(duration, "1d") || !strcmp(duration, "24h");
}

bool litellm_key_is_unique(const struct litellm_keys *l, size_t index)
{
	bool unique = *l->at[index].alias != '\0';
	for (size_t i = 0; i < l->n; i++)
		unique = unique && (i == index || strcmp(l->at[i].alias, l->at[index].alias) != 0);
	return unique;
}

void litellm_keys_finish(struct litellm_keys *l)
{
	free(l->at);
	*l = (struct litellm_keys){ 0 };
}

bool litellm_providers_parse(const char *json, size_t len, double *spend, double *budget)
{
	cJSON *root = json_parse(json, len);
	const cJSON *all = vj_get(root, "providers", NULL);
	bool good = cJSON_IsObject(all) && all->child;
	*spend = 0;
	*budget = 0;
	for (const cJSON *v = good ? all->child : NULL; v; v = v->next) {
		char period[16];
		double spent = litellm_number(v, "spend"),
		       limit = litellm_number(v, "budget_limit");
		bool day = vj_text(v, "time_period", NULL, period, sizeof(period)) &&
		           litellm_is_day(period);
		good = good && day && limit >= 0;
		*spend += spent > 0 ? spent : 0;
		*budget += limit > 0 ? limit : 0;
	}
	cJSON_Delete(root);
	return good;
}

/* --- a day --------------------------------------------------------------- */

static int litellm_dearest_first(const void *a, const void *b)
{
	const struct litellm_model *x = a, *y = b;
	if (x->spend != y->spend)
		return x->spend < y->spend ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void litellm_read_model(const cJSON *v, struct litellm_day *d)
{
	const cJSON *metrics = vj_get(v, "metrics", NULL);
	if (d->n == LITELLM_MODELS_MAX || !v->string || !cJSON_IsObject(metrics))
		return;
	struct litellm_model *m = &d->models[d->n];
	*m = (struct litellm_model){ .spend = litellm_number(metrics, "spend"),
		                     .requests = vj_int(metrics, "api_requests", NULL, -1),
		                     .failed = vj_int(metrics, "failed_requests", NULL, -1) };
	cJSON name = { .type = cJSON_Object };
	cJSON text = { .type = cJSON_String, .string = (char *)"n", .valuestring = v->string };
	name.child = &text;
	d->n += vj_text(&name, "n", NULL, m->name, sizeof(m->name));
}

bool litellm_day_parse(const char *json, size_t len, struct litellm_day *d, struct err *err)
{
	cJSON *root = vj_read(json, len, "LiteLLM", err);
	const cJSON *results = vj_get(root, "results", NULL);
	const cJSON *meta = vj_get(root, "metadata", NULL);
	bool good = cJSON_IsArray(results) && cJSON_IsObject(meta);
	*d = (struct litellm_day){ .spend = litellm_number(meta, "total_spend") };
	if (root && !good)
		err_set(err, ERR_GARBLED, "the answer about today's use has no results");
	const cJSON *first = good ? results->child : NULL;
	const cJSON *models = vj_get(vj_get(first, "breakdown", NULL), "models", NULL);
	if (cJSON_IsObject(models))
		d->models = xcalloc(LITELLM_MODELS_MAX, sizeof(*d->models));
	for (const cJSON *v = d->models ? models->child : NULL; v; v = v->next)
		litellm_read_model(v, d);
	if (d->n)
		qsort(d->models, d->n, sizeof(*d->models), litellm_dearest_first);
	cJSON_Delete(root);
	return good;
}

void litellm_day_finish(struct litellm_day *d)
{
	free(d->models);
	*d = (struct litellm_day){ 0 };
}

void litellm_money(char *buf, size_t size, double spend, double budget)
{
	char spent[40];
	snprintf(spent, sizeof(spent), spend > 0 && spend < 0.01 ? "$%.4f" : "$%.2f", spend);
	if (budget >= 0)
		snprintf(buf, size, "%s of $%.2f", spent, budget);
	else
		snprintf(buf, size, "%s", spent);
}

int litellm_level(double spend, double budget)
{
	if (budget < 0 || spend < 0)
		return 0;
	return (spend >= MARK_LOOK * budget) + (spend >= MARK_BAD * budget);
}

void litellm_why(char *buf, size_t size, const char *what, double spend, double budget)
{
	char money[60];
	litellm_money(money, sizeof(money), spend, budget);
	snprintf(buf, size, "%s: %s spent, %.0f %%", what, money,
	         budget > 0 ? spend * 100 / budget : 100.0);
}

/* --- what a recording may keep -------------------------------------------- */

static enum json_keep litellm_keeps(cJSON *v)
{
	static const char *const drops[] = {
		"key",
		"key_name",
		"user_id",
		"user_email",
		"metadata",
		"success_callbacks",
		"failure_callbacks",
		"api_keys",
		"entities",
		"config",
		"permissions",
		"created_by",
	};
	/* the day's sums are in metadata */
	if (!strcmp(v->string, "metadata") && vj_get(v, "total_spend", NULL))
		return JSON_KEEP;
	for (size_t i = 0; i < ARRAY_LEN(drops); i++)
		if (!strcmp(v->string, drops[i]))
			return JSON_DROP;
	return JSON_KEEP;
}

void litellm_reduce(const char *json, size_t len, struct buf *out)
{
	json_reduce(json, len, litellm_keeps, out);
}
