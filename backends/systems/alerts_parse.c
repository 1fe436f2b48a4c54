#include "backends/systems/alerts_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"

#define LABELS_MAX 64
#define LABEL_MAX 400 /* bytes of one name or value */
#define MINUTE_MS INT64_C(60000)
#define SILENCE_LONGEST_MS (366 * 24 * 60 * MINUTE_MS)

/* --- labels -------------------------------------------------------------- */

static int labels_by_name(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;
	return strcmp((*x)->string, (*y)->string);
}

/* False: the text had to be changed or cut. */
static bool labels_add(struct buf *out, const char *text)
{
	char *clean = wash_dup(text, LABEL_MAX);
	bool same = !strcmp(clean, text);
	buf_puts(out, clean);
	free(clean);
	return same;
}

static char *labels_of(const cJSON *labels, bool *exact)
{
	const cJSON *sorted[LABELS_MAX] = { NULL }, *v;
	struct buf out = { 0 };
	size_t n = 0;
	*exact = true;
	cJSON_ArrayForEach (v, labels) {
		bool good = n < LABELS_MAX && cJSON_IsString(v) && v->string;
		if (good)
			sorted[n++] = v;
		*exact = *exact && good;
	}
	qsort(sorted, n, sizeof(sorted[0]), labels_by_name);
	buf_puts(&out, "\n");
	for (size_t i = 0; i < n; i++) {
		/* the first "=" of a line ends the name, and a name stands once */
		bool name = !strchr(sorted[i]->string, '=');
		name = name && (!i || strcmp(sorted[i]->string, sorted[i - 1]->string) != 0);
		name = labels_add(&out, sorted[i]->string) && name;
		buf_puts(&out, "=");
		bool value = labels_add(&out, sorted[i]->valuestring);
		buf_puts(&out, "\n");
		*exact = *exact && name && value;
	}
	return buf_take(&out);
}

bool alert_labels_in(const char *few, const char *many)
{
	if (!few[0] || !few[1]) /* no label at all says nothing */
		return false;
	for (const char *line = few + 1; *line;) {
		size_t n = strcspn(line, "\n");
		if (!memmem(many, strlen(many), line - 1, n + 2))
			return false;
		line += n + (line[n] == '\n');
	}
	return true;
}

/* --- alerts -------------------------------------------------------------- */

static void alert_read_state(const cJSON *o, struct alert *a)
{
	const cJSON *status = vj_get(o, "status", NULL);
	const cJSON *silences = vj_get(status, "silencedBy", NULL);
	char word[24];
	vj_text(cJSON_IsObject(status) ? status : o, "state", NULL, word, sizeof(word));
	a->state = !strcmp(word, "pending") ? ALERT_PENDING : ALERT_FIRING;
	if (strcmp(word, "suppressed") != 0)
		return;
	a->state = ALERT_INHIBITED;
	const cJSON *first = cJSON_IsArray(silences) ? silences->child : NULL;
	if (cJSON_IsString(first) && *first->valuestring) {
		a->state = ALERT_SILENCED;
		wash(a->silence, sizeof(a->silence), first->valuestring,
		     strlen(first->valuestring));
		if (strcmp(a->silence, first->valuestring) != 0)
			a->silence[0] = '\0'; /* an order must not name a part of it */
	}
}

static bool alert_read(const cJSON *o, struct alert *a)
{
	static const char *const words[] = { "summary", "message", "description" };
	const cJSON *labels = vj_get(o, "labels", NULL);
	const cJSON *annotations = vj_get(o, "annotations", NULL);
	*a = (struct alert){ .unique = true };
	if (!cJSON_IsObject(o) || !cJSON_IsObject(labels))
		return false;
	if (!vj_text(labels, "alertname", NULL, a->name, sizeof(a->name)))
		snprintf(a->name, sizeof(a->name), "unnamed");
	vj_text(labels, "severity", NULL, a->severity, sizeof(a->severity));
	vj_text(labels, "instance", NULL, a->instance, sizeof(a->instance));
	for (size_t i = 0; i < ARRAY_LEN(words) && !*a->summary; i++)
		vj_text(annotations, words[i], NULL, a->summary, sizeof(a->summary));
	alert_read_state(o, a);
	a->since_ms = vj_time(o, "activeAt", "startsAt");
	a->labels = labels_of(labels, &a->exact);
	/* FNV-1a */
	uint64_t h = UINT64_C(14695981039346656037);
	for (const char *c = a->labels; *c; c++)
		h = (h ^ (unsigned char)*c) * UINT64_C(1099511628211);
	snprintf(a->id, sizeof(a->id), "%016llx", (unsigned long long)h);
	return true;
}

bool alerts_parse(const char *json, size_t len, const char *who, struct alert_list *l,
                  struct err *err)
{
	cJSON *root = vj_read(json, len, who, err);
	const cJSON *list = root;
	*l = (struct alert_list){ 0 };
	if (cJSON_IsObject(root))
		list = vj_get(vj_get(root, "data", NULL), "alerts", NULL);
	bool good = cJSON_IsArray(list);
	if (root && !good)
		err_set(err, ERR_GARBLED, "the answer is not a list of alerts");
	if (good) {
		const cJSON *v;
		l->at = xcalloc(ALERTS_MAX, sizeof(*l->at));
		cJSON_ArrayForEach (v, list) {
			if (l->n == ALERTS_MAX)
				l->left_out++;
			else
				l->n += alert_read(v, &l->at[l->n]);
		}
	}
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < l->n; k++)
			if (i != k && !strcmp(l->at[i].name, l->at[k].name) &&
			    !strcmp(l->at[i].instance, l->at[k].instance))
				l->at[i].unique = false;
	cJSON_Delete(root);
	return good;
}

void alert_list_finish(struct alert_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->at[i].labels);
	free(l->at);
	*l = (struct alert_list){ 0 };
}

/* --- silences ------------------------------------------------------------ */

bool silences_parse(const char *json, size_t len, const char *who,
                    struct silence list[SILENCES_MAX], size_t *n, struct err *err)
{
	cJSON *root = vj_read(json, len, who, err);
	const cJSON *v, *array = cJSON_IsArray(root) ? root : NULL;
	bool good = array != NULL;
	*n = 0;
	if (root && !good)
		err_set(err, ERR_GARBLED, "the answer is not a list of silences");
	cJSON_ArrayForEach (v, array) {
		char state[16];
		vj_text(vj_get(v, "status", NULL), "state", NULL, state, sizeof(state));
		if (strcmp(state, "active") != 0)
			continue;
		if (*n < SILENCES_MAX) {
			vj_text(v, "id", NULL, list[*n].id, sizeof(list[*n].id));
			list[*n].until_ms = vj_time(v, "endsAt", NULL);
		}
		++*n;
	}
	cJSON_Delete(root);
	return good;
}

bool silence_id_parse(const char *json, size_t len, char id[64])
{
	cJSON *root = json_parse(json, len);
	bool good = vj_text(root, "silenceID", NULL, id, 64);
	cJSON_Delete(root);
	return good;
}

bool silence_argument(const char *argument, int64_t *ms, const char **why, struct err *err)
{
	static const struct {
		char letter;
		int64_t ms;
	} units[] = { { 'm', MINUTE_MS },
		      { 'h', 60 * MINUTE_MS },
		      { 'd', 24 * 60 * MINUTE_MS },
		      { 'w', 7 * 24 * 60 * MINUTE_MS } };
	const char *text = argument ? argument + strspn(argument, " ") : "";
	size_t digits = strspn(text, "0123456789");
	int64_t n = digits ? number_read(text, 1, 1000000, 0) : 0;
	*ms = 0;
	for (size_t i = 0; i < ARRAY_LEN(units) && digits; i++)
		if (text[digits] == units[i].letter)
			*ms = n * units[i].ms;
	bool ends = *ms && (!text[digits + 1] || text[digits + 1] == ' ');
	if (!ends || *ms > SILENCE_LONGEST_MS)
		return err_set(err, ERR_USAGE,
		               "\"%.40s\" is not a time: expected 30m, 2h, 3d or 1w, at most a "
		               "year; "
		               "then, if you like, why",
		               text);
	*why = text + digits + 1;
	*why += strspn(*why, " ");
	return true;
}

static void silence_add_time(cJSON *o, const char *name, int64_t ms)
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;
	char text[40];
	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
	cJSON_AddStringToObject(o, name, text);
}

static void silence_add_matcher(cJSON *list, const char *line, size_t n)
{
	size_t name = strcspn(line, "=");
	cJSON *o = name < n ? cJSON_CreateObject() : NULL;
	if (!o)
		return;
	char *label = xstrndup(line, name), *value = xstrndup(line + name + 1, n - name - 1);
	cJSON_AddStringToObject(o, "name", label);
	cJSON_AddStringToObject(o, "value", value);
	cJSON_AddBoolToObject(o, "isRegex", false);
	cJSON_AddBoolToObject(o, "isEqual", true);
	cJSON_AddItemToArray(list, o);
	free(label);
	free(value);
}

char *silence_body(const char *labels, int64_t from_ms, int64_t until_ms, const char *by,
                   const char *why)
{
	cJSON *o = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(o, "matchers");
	for (const char *line = labels + 1; *line;) {
		size_t n = strcspn(line, "\n");
		silence_add_matcher(list, line, n);
		line += n + (line[n] == '\n');
	}
	silence_add_time(o, "startsAt", from_ms);
	silence_add_time(o, "endsAt", until_ms);
	cJSON_AddStringToObject(o, "createdBy", by);
	cJSON_AddStringToObject(o, "comment", why);
	bool any = cJSON_GetArraySize(list) > 0;
	char *body = any ? cJSON_PrintUnformatted(o) : NULL;
	cJSON_Delete(o);
	return body;
}

/* --- what a recording may keep -------------------------------------------- */

static enum json_keep alerts_keep(cJSON *v)
{
	static const char *const drops[] = {
		"config",    "discoveredLabels", "droppedTargets", "receivers", "generatorURL",
		"globalUrl", "scrapeUrl",        "createdBy",      "comment",
	};
	/* their names are the user's: "config" is a label, and a silence needs all of them */
	static const char *const whole[] = { "labels", "metric", "annotations" };
	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		if (!strcmp(v->string, whole[i]))
			return JSON_KEEP_WHOLE;
	for (size_t i = 0; i < ARRAY_LEN(drops); i++)
		if (!strcmp(v->string, drops[i]))
			return JSON_DROP;
	return JSON_KEEP;
}

void alerts_reduce(const char *json, size_t len, struct buf *out)
{
	json_reduce(json, len, alerts_keep, out);
}
