/* claude.c: sessions of Claude Code, from the files in its home.
 *
 * Source: the files have no published format. Seen on 2.1.332: sessions/PID.json says what a
 * running process does. jobs/ID/state.json says what a background session came to. The last lines
 * of a transcript hold its model, its tokens and, after an orderly end, its cost. `claude agents
 * --json` prints the first two; it takes a quarter of a second and a process of 400 MB, so the
 * files are read instead. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/quote.h"
#include "backends/base/wash.h"
#include "backends/sessions/claude_parse.h"
#include "backends/sessions/program.h"

#define CLAUDE_NEWS_MS 86400000LL /* a failure older than this needs nobody */

static const char *claude_text(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
	return cJSON_IsString(v) ? v->valuestring : NULL;
}

static double claude_number(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
	return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

static bool claude_is_uuid(const char *s)
{
	return s && strlen(s) == 36 && strspn(s, "0123456789abcdefABCDEF-") == 36;
}

static struct session *claude_row(struct sessions *ss, const char *uuid)
{
	char id[256];
	snprintf(id, sizeof(id), "%s/%s/%s", ss->source.server->name, kind_session.name, uuid);
	struct row *known = store_find(ss->source.store, id);
	/* keep the name found before */
	char *name = xstrdup(known && known->kind == &kind_session ? known->name : uuid);
	struct session *r = program_make(ss, SESSION_CLAUDE, uuid, name);
	free(name);
	snprintf(r->sid, sizeof(r->sid), "%s", uuid);
	return r;
}

/* The file counts only if the running process wrote it: compare the start time, field 22 of stat in
 * proc(5). */
static struct session *claude_live(struct sessions *ss, const char *start, const char *parent,
                                   const char *json)
{
	static const struct {
		const char *name;
		enum session_status status;
		enum health health;
	} states[] = {
		{ "idle", SESSION_IDLE, HEALTH_IDLE },
		{ "busy", SESSION_BUSY, HEALTH_BUSY },
		{ "waiting", SESSION_PERMISSION, HEALTH_ASKS },
	};
	cJSON *o = json_parse(json, strlen(json));
	const char *uuid = claude_text(o, "sessionId"), *status = claude_text(o, "status"),
		   *what = claude_text(o, "waitingFor");
	const cJSON *proc = cJSON_GetObjectItemCaseSensitive(o, "procStart");
	char wrote[32] = "", why[420], phrase[300];
	if (cJSON_IsString(proc))
		snprintf(wrote, sizeof(wrote), "%s", proc->valuestring);
	else if (cJSON_IsNumber(proc))
		snprintf(wrote, sizeof(wrote), "%.0f", proc->valuedouble);
	if (!claude_is_uuid(uuid) || strcmp(start, "0") == 0 || strcmp(wrote, start) != 0) {
		cJSON_Delete(o);
		return NULL;
	}
	struct session *r = claude_row(ss, uuid);
	struct program *other = r->priv;
	size_t i = 0;
	while (i < ARRAY_LEN(states) && (!status || strcmp(states[i].name, status) != 0))
		i++;
	other->pid = number_small(claude_number(o, "pid"), 0);
	other->parent_pid = number_int(parent);
	program_set_washed(&r->agent, "claude");
	if (other->was_pid != other->pid)
		other->pane[0] = '\0';
	program_set_washed(&r->directory, claude_text(o, "cwd"));
	bool named = claude_text(o, "name") &&
	             (!claude_text(o, "nameSource") ||
	              strcmp(claude_text(o, "nameSource"), "derived") != 0);
	/* a derived name says less than the last prompt */
	if (claude_text(o, "name") && (named || claude_is_uuid(r->row.name)))
		program_set_washed(&r->row.name, claude_text(o, "name"));
	other->named = named;
	r->created_ms = number_whole(claude_number(o, "startedAt"), 0);
	r->updated_ms = number_whole(claude_number(o, "statusUpdatedAt"), 0);
	bool waits = i < ARRAY_LEN(states) && states[i].status == SESSION_PERMISSION;
	other->told_ms = r->updated_ms;
	program_set_washed(&r->words, waits && what ? what : NULL);
	if (!waits || !claude_text(o, "jobId"))
		program_set_washed(&other->needs, NULL);
	prompt_phrase(other, phrase, sizeof(phrase));
	const char *whom = what ? what : "you";
	snprintf(why, sizeof(why), "Claude Code waits for: %.100s%s%.280s", whom,
	         *phrase ? ": " : "", phrase);
	bool known = i < ARRAY_LEN(states);
	enum session_status now = known ? states[i].status : SESSION_UNKNOWN;
	enum health health = known ? states[i].health : HEALTH_UNKNOWN;
	int64_t since = r->updated_ms ? r->updated_ms : r->created_ms;
	program_show(r, now, health, since, waits ? why : NULL);
	cJSON_Delete(o);
	return r;
}

static void claude_kept(struct session *r, const char *home)
{
	if (r)
		xreplace(&((struct program *)r->priv)->home, home);
}

/* All tokens of a conversation, as an orderly end counts them by model. There the program also
 * says how large the window of each model is. */
static void claude_count(struct session *r, const cJSON *models)
{
	static const char *const sorts[] = { "inputTokens", "outputTokens", "cacheReadInputTokens",
		                             "cacheCreationInputTokens" };
	const cJSON *model;
	double sum = 0;
	if (!cJSON_IsObject(models)) /* the members of an array have no names */
		return;
	cJSON_ArrayForEach (model, models) {
		for (size_t i = 0; i < ARRAY_LEN(sorts); i++)
			sum += claude_number(model, sorts[i]);
		double window = claude_number(model, "contextWindow");
		size_t n = strcspn(model->string, "[");
		bool ours = r->model && strlen(r->model) == n &&
		            strncmp(r->model, model->string, n) == 0;
		if (ours && window > 0)
			r->context_limit = number_whole(window, 0);
	}
	r->tokens = number_whole(sum, 0);
}

static void claude_line(struct session *r, const char *line)
{
	cJSON *o = json_parse(line, strlen(line));
	const cJSON *message = cJSON_GetObjectItemCaseSensitive(o, "message");
	const cJSON *usage = cJSON_GetObjectItemCaseSensitive(message, "usage");
	if (claude_text(o, "cwd") && !r->directory)
		program_set_washed(&r->directory, claude_text(o, "cwd"));
	const cJSON *cost = cJSON_GetObjectItemCaseSensitive(o, "totalCostUSD");
	if (cJSON_IsNumber(cost) && cost->valuedouble >= 0)
		r->cost = cost->valuedouble;
	if (!r->created_ms)
		r->created_ms = number_whole(claude_number(o, "startTime"), 0);
	claude_count(r, cJSON_GetObjectItemCaseSensitive(o, "modelUsage"));
	if (claude_text(o, "lastPrompt") && !((struct program *)r->priv)->named)
		program_set_washed(&r->row.name, claude_text(o, "lastPrompt"));
	if (claude_text(o, "summary"))
		program_set_washed(&r->row.name, claude_text(o, "summary"));
	/* A sub-agent has a model and a window of its own. A message of the program itself, as one
	 * about an error, has neither. */
	const char *model = claude_text(message, "model");
	bool aside = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "isSidechain")) ||
	             (model && strcmp(model, "<synthetic>") == 0);
	if (model && !aside)
		program_set_washed(&r->model, model);
	if (cJSON_IsObject(usage) && !aside) {
		r->context_used = number_whole(claude_number(usage, "input_tokens") +
		                                       claude_number(usage, "output_tokens") +
		                                       claude_number(usage,
		                                                     "cache_read_input_tokens") +
		                                       claude_number(usage,
		                                                     "cache_creation_input_tokens"),
		                               0);
		r->context_limit = claude_window(r->model, r->context_used);
	}
	cJSON_Delete(o);
}

/* --- background jobs ------------------------------------------------------ */

/* What the file of a job says when no process runs it. */
static void claude_job_state(struct session *r, const char *state, const char *detail)
{
	static const struct {
		const char *name;
		enum session_status status;
		enum health health;
	} states[] = {
		{ "done", SESSION_IDLE, HEALTH_IDLE },
		{ "stopped", SESSION_ABORTED, HEALTH_IDLE },
		{ "failed", SESSION_ERROR, HEALTH_BAD },
	};
	struct program *o = r->priv;
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (strcmp(states[i].name, state) != 0)
			continue;
		bool failed = states[i].status == SESSION_ERROR;
		bool old = now_wall_ms() - o->told_ms > CLAUDE_NEWS_MS;
		char why[200];
		snprintf(why, sizeof(why), "%.180s", detail ? detail : "its last turn failed");
		enum health health = failed && old ? HEALTH_IDLE : states[i].health;
		program_show(r, states[i].status, health, o->told_ms, failed ? why : NULL);
		o->job_says = true;
	}
}

/* "job ID JSON". The process that runs it, if any, was read before and says more. */
static struct session *claude_job(struct sessions *ss, char *line)
{
	char *f[3];
	if (program_fields(line, f, 3) < 3 || !*f[1] || strlen(f[1]) > 16 ||
	    f[1][strspn(f[1], "0123456789abcdef")])
		return NULL;
	cJSON *json = json_parse(f[2], strlen(f[2]));
	const char *uuid = claude_text(json, "sessionId"), *state = claude_text(json, "state");
	const char *needs = claude_text(json, "needs"), *when = claude_text(json, "updatedAt");
	struct session *r = NULL;
	if (claude_is_uuid(uuid) && state) {
		r = claude_row(ss, uuid);
		struct program *o = r->priv;
		snprintf(o->job, sizeof(o->job), "%s", f[1]);
		program_set_washed(&r->agent, "claude");
		if (!r->directory)
			program_set_washed(&r->directory, claude_text(json, "cwd"));
		if (claude_text(json, "intent") && claude_is_uuid(r->row.name))
			program_set_washed(&r->row.name, claude_text(json, "intent"));
		if (!o->pid) {
			o->told_ms = when ? parse_rfc3339_ms(when) : 0;
			r->updated_ms = o->told_ms > r->updated_ms ? o->told_ms : r->updated_ms;
			claude_job_state(r, state, claude_text(json, "detail"));
		} else if (needs && r->status == SESSION_PERMISSION) {
			program_set_washed(&o->needs, needs);
			program_waits(&r->row, o->needs);
		}
	}
	cJSON_Delete(json);
	return r;
}

/* A transcript: its time and name. Lines with its working directory and last messages follow. */
static struct session *claude_file(struct sessions *ss, char *line)
{
	char *f[3], uuid[40] = "";
	if (program_fields(line, f, 3) < 3 || strlen(f[2]) < 36)
		return NULL;
	memcpy(uuid, f[2], 36);
	if (!claude_is_uuid(uuid))
		return NULL;
	struct session *r = claude_row(ss, uuid);
	struct program *o = r->priv;
	int64_t ms = 1000 * number_long(f[1]);
	if (ms > r->updated_ms)
		r->updated_ms = ms;
	program_set_washed(&r->agent, "claude");
	if (!o->pid && !o->job_says)
		program_show(r, SESSION_NOT_SERVED, HEALTH_IDLE, r->updated_ms, NULL);
	return r;
}

void claude_apply(struct sessions *ss, char *lines)
{
	struct session *file = NULL;
	const char *home = NULL;
	for (char *line = lines; line && *line;) {
		char *nl = strchr(line, '\n'), *f[4];
		if (nl)
			*nl = '\0';
		if (!strncmp(line, "live\t", 5)) {
			if (program_fields(line, f, 4) == 4)
				claude_kept(claude_live(ss, f[1], f[2], f[3]), home);
		} else if (!strncmp(line, "home\t", 5)) {
			home = line[5] == '/' ? line + 5 : NULL;
		} else if (!strncmp(line, "job\t", 4)) {
			claude_kept(claude_job(ss, line), home);
		} else if (!strncmp(line, "file\t", 5)) {
			file = claude_file(ss, line);
			claude_kept(file, home);
		} else if (file && !strncmp(line, "\"cwd\":\"", 7)) {
			char *whole = xasprintf("{%s}", line);
			claude_line(file, whole);
			free(whole);
		} else if (file && *line == '{') {
			claude_line(file, line);
		}
		line = nl ? nl + 1 : NULL;
	}
}

/* Appends what every command of Claude Code needs. */
static void claude_begin(const struct program *o, struct buf *b)
{
	if (o->home) {
		buf_puts(b, "export CLAUDE_CONFIG_DIR=");
		quote_word(b, o->home);
		buf_puts(b, "; ");
	}
	buf_puts(b, "PATH=$PATH:$HOME/.local/bin:$HOME/.claude/local:/usr/local/bin; ");
}

/* A background session is opened by its own id, also after it ended. */
static void claude_command(const struct row *row, struct buf *b)
{
	const struct session *s = ROW_AS(session, row);
	const struct program *o = program_of(row);
	claude_begin(o, b);
	program_enter(s->directory ? s->directory : ".", b);
	buf_puts(b, "exec claude ");
	buf_puts(b, o->job[0] ? "attach " : "--resume ");
	quote_word(b, o->job[0] ? o->job : s->sid);
}

/* Escape interrupts the turn in a pane. A background session has a command for it. */
static bool claude_stop(const struct row *row, struct buf *b)
{
	const struct program *o = program_of(row);
	if (!o->pid)
		return false;
	if (o->job[0]) {
		claude_begin(o, b);
		buf_puts(b, "claude stop ");
		quote_word(b, o->job);
		return true;
	}
	if (!o->pane[0])
		return false;
	tmux_words(b, o, (const char *[]){ "send-keys", "-t", o->pane, "Escape", NULL });
	return true;
}

const struct program_kind program_claude = {
	.type = SESSION_CLAUDE,
	.command = claude_command,
	.words_label = "waits for",
	.stop = claude_stop,
};
