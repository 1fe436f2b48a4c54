/* ollama.c: an Ollama: version, its models with their size, which are loaded, how much of one is on
 * the GPU, and until when. Orders: load, unload, pull, delete.
 *
 * Source: as in ollama_parse.h. Delete took "name" before it took "model": both are sent. A load
 * answers when the model is in memory, which takes minutes for a big one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/store/action.h"
#include "backends/store/settings.h"
#include "backends/systems/ollama_parse.h"
#include "backends/systems/system.h"

#define MODEL_TYPE "model"
#define LOAD_MS 600000
#define SILENT_MS 300000 /* the longest silence of a pull: a layer is verified without a word */
#define LINE_MAX (64u << 10)

/* --- answers ------------------------------------------------------------- */

static bool ollama_take_version(struct site *s, const char *ref, const char *json, size_t len,
                                struct err *err)
{
	if (!ollama_version_parse(json, len, s->version, sizeof(s->version), err))
		return false;
	site_answered(s);
	return true;
}

static bool ollama_take_tags(struct site *s, const char *ref, const char *json, size_t len,
                             struct err *err)
{
	struct ollama_models l;
	if (!ollama_models_parse(json, len, &l, err))
		return false;
	system_begin(s, MODEL_TYPE);
	for (size_t i = 0; i < l.n; i++) {
		struct system *y = system_row(s, MODEL_TYPE, l.at[i].name, l.at[i].name, true);
		y->inexact = !l.at[i].exact;
		char size[HUMAN_SIZE] = "";
		if (l.at[i].size >= 0 && !*l.at[i].remote)
			human_bytes(size, (uint64_t)l.at[i].size);
		system_figure(y, "size", DOC_PLAIN, "%s", size);
		system_figure(y, "params", DOC_PLAIN, "%s", l.at[i].params);
		system_figure(y, "quant", DOC_DIM, "%s", l.at[i].quant);
		system_figure(y, "runs at", DOC_PLAIN, "%s", l.at[i].remote);
		if (!*y->state)
			system_settle(y, "on disk", HEALTH_IDLE, NULL);
	}
	system_end(s, MODEL_TYPE, l.left_out);
	system_figure(system_own(s), "models", DOC_PLAIN, "%zu", l.n + l.left_out);
	ollama_models_finish(&l);
	return true;
}

static bool ollama_take_ps(struct site *s, const char *ref, const char *json, size_t len,
                           struct err *err)
{
	struct ollama_models l;
	if (!ollama_models_parse(json, len, &l, err))
		return false;
	for (struct system *y = system_next(s, NULL); y; y = system_next(s, y)) {
		const struct ollama_model *m = NULL;
		for (size_t i = 0; i < l.n && !m; i++)
			if (!strcmp(l.at[i].name, y->ref))
				m = &l.at[i];
		char left[HUMAN_SIZE] = "";
		int64_t ms = m && m->until_ms ? m->until_ms - now_wall_ms() - y->site->skew_ms : 0;
		bool sized = m && m->size > 0 && m->vram >= 0 && m->vram <= m->size;
		if (ms > 0 && ms < INT64_C(10) * 365 * 86400000)
			human_age(left, ms);
		system_figure(y, "GPU", DOC_PLAIN, "%s", "");
		if (sized)
			system_figure(y, "GPU", DOC_PLAIN, "%d%%",
			              (int)((double)m->vram * 100 / (double)m->size));
		system_figure(y, "unloads in", DOC_DIM, "%s", left);
		if (m)
			system_settle(y, "loaded", HEALTH_GOOD, NULL);
		else
			system_settle(y, "on disk", HEALTH_IDLE, NULL);
	}
	system_figure(system_own(s), "loaded", DOC_PLAIN, "%zu", l.n + l.left_out);
	ollama_models_finish(&l);
	return true;
}

/* --- orders -------------------------------------------------------------- */

/* A name that was cut could be that of another model. */
static bool ollama_is_model(const struct system_act *act, const struct system *y)
{
	return !y->is_site && !y->inexact;
}
static bool ollama_is_loaded(const struct system_act *act, const struct system *y)
{
	return ollama_is_model(act, y) && !strcmp(y->state, "loaded");
}
static bool ollama_may_load(const struct system_act *act, const struct system *y)
{
	return ollama_is_model(act, y) && !ollama_is_loaded(act, y) &&
	       !*system_figure_text(y, "runs at");
}
static bool ollama_is_itself(const struct system_act *act, const struct system *y)
{
	return y->is_site;
}

/* Loads, unloads or deletes a model. A model that is kept for 0 s is unloaded. */
static void ollama_run(const struct system_act *act, struct order *order, struct system *y)
{
	struct job *j = job_begin(y->site, order, sizeof(*j), act->verb);
	if (!j)
		return;
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "model", y->ref);
	cJSON_AddStringToObject(o, "name", y->ref);
	if (act->can == ollama_is_loaded)
		cJSON_AddNumberToObject(o, "keep_alive", 0);
	cJSON_AddBoolToObject(o, "stream", false);
	char *body = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	j->timeout_ms = LOAD_MS;
	job_call(j, act->method, act->path, body, job_answer);
	free(body);
}

static void ollama_command(const struct system_act *act, const struct system *y, char *buf,
                           size_t size)
{
	const char *bytes = system_figure_text(y, "size");
	const char *more = act->can == ollama_is_loaded ? " with keep_alive 0" : "";
	snprintf(buf, size, "%s %s (%s): %s %s%s, Ollama %s", act->verb, y->ref,
	         *bytes ? bytes : "size unknown", act->method, act->path, more, y->site->name);
}
static void ollama_pull_command(const struct system_act *act, const struct system *y, char *buf,
                                size_t size)
{
	snprintf(buf, size, "POST /api/pull, Ollama %s", y->site->name);
}

/* --- pull ---------------------------------------------------------------- */

struct ollama_pull {
	struct job job;
	struct buf line;
	bool over;       /* it said success */
	char error[200]; /* what it said instead; "" nothing */
};

static void ollama_pull_finish(struct job *j)
{
	buf_finish(&((struct ollama_pull *)j)->line);
}

static void ollama_pull_says(struct ollama_pull *p)
{
	char says[160];
	bool over;
	if (!ollama_pull_line(p->line.data, p->line.len, says, sizeof(says), &over))
		snprintf(p->error, sizeof(p->error), "%s", says);
	else if (*says)
		order_progress(p->job.order, "%s", says);
	p->over = p->over || over;
}

static void ollama_pull_data(struct job *j, const char *bytes, size_t len)
{
	struct ollama_pull *p = (struct ollama_pull *)j;
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != '\n') {
			buf_add(&p->line, &bytes[i], 1);
			continue;
		}
		if (p->line.len)
			ollama_pull_says(p);
		buf_clear(&p->line);
	}
}

static void ollama_pulled(struct job *j, const struct api_answer *r)
{
	struct ollama_pull *p = (struct ollama_pull *)j;
	struct err err = r->err;
	if (!err.code && p->line.len)
		ollama_pull_says(p);
	if (!err.code && *p->error)
		err_set(&err, ERR_REFUSED, "Ollama %s: %s", j->site->name, p->error);
	else if (!err.code && !p->over)
		err_set(&err, ERR_LOST,
		        "Ollama %s ended its answer before the model was whole; "
		        "the next pull continues there",
		        j->site->name);
	job_end(j, &err, "pulled");
}

static bool ollama_pull_fits(const struct system_act *act, const char *argument, struct err *err)
{
	static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-:/@";
	size_t n = argument ? strlen(argument) : 0;
	if (n && n < 200 && strspn(argument, signs) == n)
		return true;
	return err_set(err, ERR_USAGE,
	               "\"%.60s\" is not a model name: expected llama3.2, qwen2.5-coder:7b, "
	               "hf.co/USER/MODEL",
	               argument ? argument : "");
}

static void ollama_pull(const struct system_act *act, struct order *order, struct system *y)
{
	struct ollama_pull *p = job_begin(y->site, order, sizeof(*p), "pull");
	if (!p)
		return;
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "model", order->argument);
	cJSON_AddStringToObject(o, "name", order->argument);
	cJSON_AddBoolToObject(o, "stream", true);
	char *body = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	buf_init(&p->line, LINE_MAX);
	p->job.finish = ollama_pull_finish;
	job_stream(&p->job, "/api/pull", body, SILENT_MS, ollama_pull_data, ollama_pulled);
	free(body);
}

/* --- the system ---------------------------------------------------------- */

static const struct system_ops ollama_ops = {
	.asks = "version; on the screen models, loaded ones",
	.acts = { [SYSTEM_LOAD] = { ollama_may_load, ollama_command, ollama_run, .verb = "load",
	                            .method = "POST", .path = "/api/generate" },
	          [SYSTEM_UNLOAD] = { ollama_is_loaded, ollama_command, ollama_run,
	                              .verb = "unload", .method = "POST", .path = "/api/generate" },
	          [SYSTEM_DELETE] = { ollama_is_model, ollama_command, ollama_run, .verb = "delete",
	                              .method = "DELETE", .path = "/api/delete" },
	          [SYSTEM_PULL] = { ollama_is_itself, ollama_pull_command, ollama_pull,
	                            ollama_pull_fits, .verb = "pull" } },
};

static const struct platform platform_ollama = {
	SYSTEM_PLATFORM("Ollama", "ollama", ollamas, platform_config, &ollama_ops),
	.token_help = "a proxy in front of it asks for one",
	.steps = (const struct platform_step[]){ { "version", "/api/version", STEP_MUST,
	                                           ollama_take_version },
	                                         { "tags", "/api/tags", STEP_SHOWN,
	                                           ollama_take_tags },
	                                         { "ps", "/api/ps", STEP_SHOWN, ollama_take_ps },
	                                         { .what = NULL } },
	.shown_ms = 5000,
	.hidden_ms = 60000,
	.retry_ms = 10000,
	.timeout_ms = 10000,
};
const struct backend backend_ollama = PLATFORM_BACKEND("ollama", platform_ollama);
