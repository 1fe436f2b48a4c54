/* pull.c: sends POST /images/create for one image after another. An error may come inside an answer
 * with status 200. */
#include "backends/containers/pull.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"
#include "backends/containers/engine.h"

#define ANSWER_MS (60 * 1000) /* the engine asks the registry before it answers */
/* after that, the longest silence between two progress lines */
#define SILENCE_MS (3 * 60 * 1000)

/* --- one progress line --------------------------------------------------- */

static const char *pull_text(const cJSON *o, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));
}

static int64_t pull_bytes(const cJSON *o, const char *name)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(o, name);
	return cJSON_IsNumber(n) && n->valuedouble > 0 ? number_whole(n->valuedouble, 0) : 0;
}

static struct pull_layer *pull_layer_of(struct pull_progress *p, const char *id)
{
	size_t i = 0;
	while (i < p->n && strncmp(p->layers[i].id, id, sizeof(p->layers[i].id) - 1) != 0)
		i++;
	if (i == PULL_LAYERS)
		return NULL;
	if (i == p->n) {
		p->layers[p->n++] = (struct pull_layer){ 0 };
		snprintf(p->layers[i].id, sizeof(p->layers[i].id), "%s", id);
	}
	return &p->layers[i];
}

static void pull_layer_line(struct pull_progress *p, const char *id, const char *status,
                            const cJSON *detail)
{
	static const struct {
		const char *word;
		enum pull_layer_state state;
	} words[] = {
		{ "Pulling fs layer", PULL_WAITS },   { "Waiting", PULL_WAITS },
		{ "Downloading", PULL_LOADS },        { "Verifying Checksum", PULL_LOADED },
		{ "Download complete", PULL_LOADED }, { "Extracting", PULL_UNPACKS },
		{ "Pull complete", PULL_THERE },      { "Already exists", PULL_THERE },
	};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct pull_layer *l = strcmp(words[i].word, status) == 0 ? pull_layer_of(p, id)
		                                                          : NULL;
		if (!l)
			continue;
		l->state = words[i].state;
		if (l->state == PULL_LOADS) {
			l->have = pull_bytes(detail, "current");
			l->size = pull_bytes(detail, "total");
		} else if (l->state >= PULL_LOADED) {
			l->have = l->size;
		}
	}
}

bool pull_line(struct pull_progress *p, const char *line, size_t len)
{
	cJSON *o = json_parse(line, len);
	bool ok = cJSON_IsObject(o);
	const char *id = pull_text(o, "id"), *status = pull_text(o, "status");
	const char *error = pull_text(cJSON_GetObjectItemCaseSensitive(o, "errorDetail"),
	                              "message");
	if (!error)
		error = pull_text(o, "error");
	if (error)
		wash(p->error, sizeof(p->error), error, strlen(error));
	else if (ok && id && status)
		pull_layer_line(p, id, status,
		                cJSON_GetObjectItemCaseSensitive(o, "progressDetail"));
	else if (ok && status)
		p->newer |= strncmp(status, "Status: Downloaded newer", 24) == 0;
	cJSON_Delete(o);
	return ok;
}

void pull_words(const struct pull_progress *p, char *buf, size_t size)
{
	size_t there = 0;
	int64_t have = 0, all = 0;
	char a[HUMAN_SIZE], b[HUMAN_SIZE];
	for (size_t i = 0; i < p->n; i++) {
		there += p->layers[i].state == PULL_THERE;
		have += p->layers[i].have;
		all += p->layers[i].size;
	}
	if (!p->n)
		snprintf(buf, size, "asking");
	else if (!all)
		snprintf(buf, size, "%zu/%zu layers", there, p->n);
	else
		snprintf(buf, size, "%zu/%zu layers, %s of %s", there, p->n,
		         human_bytes(a, (uint64_t)have), human_bytes(b, (uint64_t)all));
}

/* --- pulling ------------------------------------------------------------- */

struct pull {
	struct engine *engine;
	struct pull *next; /* in engine->pulls */
	char **images;
	size_t n, at, pulled;
	bool refused;
	const struct pull_events *events;
	void *arg;
	struct call *call;
	struct loop_timer *silence;
	struct json_lines lines;
	struct pull_progress told;
	char said[160]; /* last words reported, to skip repeats */
};

static void pull_begin(struct pull *);

void pull_cancel(struct pull *p)
{
	if (!p)
		return;
	LIST_DROP(p->engine->pulls, p);
	call_cancel(p->call);
	loop_timer_remove(p->silence);
	json_lines_finish(&p->lines);
	for (size_t i = 0; i < p->n; i++)
		free(p->images[i]);
	free(p->images);
	free(p);
}

static void pull_over(struct pull *p, const struct err *err)
{
	const struct pull_events *events = p->events;
	void *arg = p->arg;
	size_t pulled = p->pulled;
	bool refused = p->refused;
	pull_cancel(p);
	events->done(err, pulled, refused, arg);
}

void pulls_end(struct engine *e)
{
	struct err err;
	err_set(&err, ERR_LOST,
	        "%s: the link was lost during the pull; nothing that runs was changed",
	        e->source.server->name);
	while (e->pulls)
		pull_over(e->pulls, &err);
}

static void pull_on_line(const char *line, size_t len, void *arg)
{
	struct pull *p = arg;
	pull_line(&p->told, line, len);
}

static bool pull_on_data(struct call *call, const char *data, size_t len, void *arg)
{
	struct pull *p = arg;
	loop_timer_set(p->silence, SILENCE_MS);
	json_lines_feed(&p->lines, data, len, pull_on_line, p);
	char words[100], said[160];
	const char *slash = strrchr(p->images[p->at], '/');
	pull_words(&p->told, words, sizeof(words));
	snprintf(said, sizeof(said), "%.50s %s", slash ? slash + 1 : p->images[p->at], words);
	if (strcmp(said, p->said) != 0)
		p->events->progress(memcpy(p->said, said, sizeof(said)), p->arg);
	return true;
}

static void pull_on_done(struct call *call, const struct reply *r, void *arg)
{
	static const char *const words[] = {
		"denied",        "unauthorized", "authentication required",
		"no basic auth", "not found",    "manifest unknown"
	};
	struct pull *p = arg;
	struct err err = r->err;
	char said[300];
	p->call = NULL;
	snprintf(said, sizeof(said), "%s", p->told.error);
	if (!err.code && r->status / 100 != 2)
		ctr_message(said, sizeof(said), r->body, r->len);
	/* The registry requires a login, or the image was built locally and is in no registry. */
	bool refused = r->status == 401 || r->status == 403 || r->status == 404;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		refused = refused || strcasestr(said, words[i]);
	if (!err.code && *said && refused)
		p->refused = true;
	else if (!err.code && *said)
		err_set(&err, ERR_REFUSED, "%s was not pulled; nothing that runs was changed: %s",
		        p->images[p->at], said);
	else if (!err.code)
		p->pulled += p->told.newer;
	if (err.code || ++p->at == p->n)
		pull_over(p, &err);
	else
		pull_begin(p);
}

static void pull_on_silence(struct loop_timer *t, void *arg)
{
	struct pull *p = arg;
	struct err err;
	err_set(&err, ERR_TIMEOUT,
	        "%s: the engine said nothing more for %d s during the pull; nothing that runs was "
	        "changed",
	        p->images[p->at], SILENCE_MS / 1000);
	pull_over(p, &err);
}

static void pull_begin(struct pull *p)
{
	/* Adds ":latest" to a name without a tag. Otherwise the engine would pull all tags. */
	const char *image = p->images[p->at];
	const char *slash = strrchr(image, '/');
	bool has_tag = strchr(slash ? slash : image, ':') || strchr(image, '@');
	char *ref = has_tag ? xstrdup(image) : xasprintf("%s:latest", image);
	char *word = http_encode(ref), *path = xasprintf("/images/create?fromImage=%s", word);
	p->told = (struct pull_progress){ 0 };
	json_lines_finish(&p->lines);
	p->call = engine_get(p->engine, path,
	                     (struct call_spec){ .method = "POST",
	                                         .data = pull_on_data,
	                                         .done = pull_on_done,
	                                         .arg = p,
	                                         .timeout_ms = ANSWER_MS });
	loop_timer_set(p->silence, -1);
	free(path);
	free(word);
	free(ref);
}

struct pull *pull_start(struct source *source, const char *const *images, size_t n,
                        const struct pull_events *events, void *arg, struct err *err)
{
	struct engine *e = engine_of(source);
	if (!e->origin) {
		err_set(err, ERR_LOST, "%s: its engine cannot be reached now",
		        source->server->name);
		return NULL;
	}
	struct pull *p = xcalloc(1, sizeof(*p));
	*p = (struct pull){ .engine = e,
		            .events = events,
		            .arg = arg,
		            .n = n,
		            .images = xcalloc(n, sizeof(char *)),
		            .next = e->pulls };
	for (size_t i = 0; i < n; i++)
		p->images[i] = xstrdup(images[i]);
	e->pulls = p;
	p->silence = loop_timer_add(store_loop(source->store), -1, pull_on_silence, p);
	pull_begin(p);
	return p;
}
