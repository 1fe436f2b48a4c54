#include "backends/systems/zlh_parse.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"

static const char *const members[ZLH_MEMBERS] = {
	[ZLH_STATE] = "state",
	[ZLH_PROVISIONED] = "provisioned",
	[ZLH_CODE_SERVER] = "code_server",
	[ZLH_VERSION] = "version",
	[ZLH_BACKOFF] = "backoff",
	[ZLH_CRASH_TIME] = "crash_time",
	[ZLH_CRASH_CLASS] = "crash_class",
	[ZLH_CRASH_EXIT] = "crash_exit",
	[ZLH_CRASH_SIGNAL] = "crash_signal",
	[ZLH_CRASH_UPTIME] = "crash_uptime",
	[ZLH_CRASH_LOG] = "crash_log",
};

static const struct {
	const char *word;
	enum zlh_state state;
} zlh_words[] = {
	{ "running", ZLH_WELL },    { "online", ZLH_WELL },       { "ready", ZLH_WELL },
	{ "healthy", ZLH_WELL },    { "ok", ZLH_WELL },           { "up", ZLH_WELL },
	{ "starting", ZLH_BUSY },   { "stopping", ZLH_BUSY },     { "restarting", ZLH_BUSY },
	{ "installing", ZLH_BUSY }, { "provisioning", ZLH_BUSY }, { "stopped", ZLH_STOPPED },
	{ "offline", ZLH_STOPPED }, { "idle", ZLH_STOPPED },      { "error", ZLH_FAILED },
	{ "crashed", ZLH_FAILED },  { "failed", ZLH_FAILED },
};

/* --- what the pointers name ---------------------------------------------- */

bool zlh_pick(const char *json, size_t len, const char *const pointers[ZLH_MEMBERS],
              struct buf *out, struct err *err)
{
	cJSON *root = vj_read(json, len, "the agent", err), *o = cJSON_CreateObject();
	bool found = false;
	for (size_t i = 0; root && i < ZLH_MEMBERS; i++) {
		const char *pointer = pointers[i];
		const cJSON *v = pointer && *pointer ? json_pointer(root, pointer) : NULL;
		if (!v || cJSON_IsNull(v))
			continue;
		found = found || i != ZLH_VERSION;
		cJSON_AddItemToObject(o, members[i], cJSON_Duplicate(v, true));
	}
	char *text = found ? cJSON_PrintUnformatted(o) : NULL;
	if (text)
		buf_puts(out, text);
	else if (root)
		err_set(err, ERR_GARBLED,
		        "nothing in the answer is where the pointers of its section lead: state, "
		        "provisioned, code_server, backoff, crash_...");
	free(text);
	cJSON_Delete(o);
	cJSON_Delete(root);
	return text != NULL;
}

/* --- what was picked ----------------------------------------------------- */

static enum zlh_state zlh_state(const char *word)
{
	if (!*word)
		return ZLH_UNTOLD;
	for (size_t i = 0; i < ARRAY_LEN(zlh_words); i++)
		if (!strcasecmp(word, zlh_words[i].word))
			return zlh_words[i].state;
	return ZLH_OTHER;
}

/* true, "running", a process id: yes. */
static enum zlh_answer zlh_answer(const cJSON *o, const char *name)
{
	char word[40];
	const cJSON *v = vj_get(o, name, NULL);
	if (cJSON_IsBool(v))
		return cJSON_IsTrue(v) ? ZLH_YES : ZLH_NO;
	if (cJSON_IsNumber(v))
		return v->valuedouble > 0 ? ZLH_YES : ZLH_NO;
	if (!vj_text(o, name, NULL, word, sizeof(word)))
		return ZLH_UNKNOWN;
	if (!strcasecmp(word, "true") || !strcasecmp(word, "yes") || zlh_state(word) == ZLH_WELL)
		return ZLH_YES;
	if (!strcasecmp(word, "false") || !strcasecmp(word, "no") || zlh_state(word) == ZLH_STOPPED)
		return ZLH_NO;
	return ZLH_UNKNOWN;
}

/* Adds the lines of text. Only the last of all are kept. */
static void zlh_add_lines(struct buf *lines, const char *text)
{
	while (*text) {
		char clean[300];
		size_t n = strcspn(text, "\n");
		wash(clean, sizeof(clean), text, n);
		if (*clean)
			buf_addf(lines, "%s\n", clean);
		text += n + (text[n] == '\n');
	}
}

/* A text of lines, or an array of them. */
static void zlh_log(const cJSON *v, char *buf, size_t size)
{
	struct buf lines = { 0 };
	size_t n = 0;
	buf_puts(&lines, "");
	if (cJSON_IsString(v))
		zlh_add_lines(&lines, v->valuestring);
	for (const cJSON *line = cJSON_IsArray(v) ? v->child : NULL; line; line = line->next)
		if (cJSON_IsString(line))
			zlh_add_lines(&lines, line->valuestring);
	const char *from = lines.data + lines.len;
	for (const char *c = from; c > lines.data; c--) {
		bool begins = c == lines.data + 1 || c[-2] == '\n';
		if (begins && (size_t)(lines.data + lines.len - c + 1) < size) {
			from = c - 1;
			if (++n == ZLH_LOG_LINES)
				break;
		}
	}
	snprintf(buf, size, "%s", from);
	buf_finish(&lines);
}

bool zlh_parse(const char *json, size_t len, struct zlh_status *s, struct err *err)
{
	cJSON *o = vj_read(json, len, "the agent", err);
	const cJSON *uptime = vj_get(o, members[ZLH_CRASH_UPTIME], NULL);
	const cJSON *backoff = vj_get(o, members[ZLH_BACKOFF], NULL);
	bool good = cJSON_IsObject(o);
	*s = (struct zlh_status){ .backoff_ms = -1 };
	if (o && !good)
		err_set(err, ERR_GARBLED, "the answer is not a status");
	vj_text(o, members[ZLH_STATE], NULL, s->word, sizeof(s->word));
	s->state = zlh_state(s->word);
	s->provisioned = zlh_answer(o, members[ZLH_PROVISIONED]);
	s->code_server = zlh_answer(o, members[ZLH_CODE_SERVER]);
	vj_text(o, members[ZLH_VERSION], NULL, s->version, sizeof(s->version));
	if (cJSON_IsNumber(backoff) && backoff->valuedouble >= 0 && backoff->valuedouble < 1e6)
		s->backoff_ms = vj_int(o, members[ZLH_BACKOFF], NULL, 0) * 1000;
	/* RFC 3339, seconds, or milliseconds */
	const cJSON *crash = vj_get(o, members[ZLH_CRASH_TIME], NULL);
	if (cJSON_IsNumber(crash) && crash->valuedouble >= 1e11 && crash->valuedouble < 1e14)
		s->crash_ms = vj_int(o, members[ZLH_CRASH_TIME], NULL, 0);
	else
		s->crash_ms = vj_time(o, members[ZLH_CRASH_TIME], NULL);
	vj_text(o, members[ZLH_CRASH_CLASS], NULL, s->crash_class, sizeof(s->crash_class));
	vj_text(o, members[ZLH_CRASH_EXIT], NULL, s->crash_exit, sizeof(s->crash_exit));
	vj_text(o, members[ZLH_CRASH_SIGNAL], NULL, s->crash_signal, sizeof(s->crash_signal));
	if (cJSON_IsNumber(uptime) && uptime->valuedouble >= 0 && uptime->valuedouble < 1e10)
		human_span(s->crash_uptime, vj_int(o, members[ZLH_CRASH_UPTIME], NULL, 0) * 1000);
	else
		vj_text(o, members[ZLH_CRASH_UPTIME], NULL, s->crash_uptime,
		        sizeof(s->crash_uptime));
	zlh_log(vj_get(o, members[ZLH_CRASH_LOG], NULL), s->log, sizeof(s->log));
	s->crashed = s->crash_ms || *s->crash_class || *s->crash_exit || *s->crash_signal;
	cJSON_Delete(o);
	return good;
}

void zlh_crash_words(const struct zlh_status *s, char *buf, size_t size)
{
	static const struct {
		const char *class, *words;
	} classes[] = {
		{ "oom", "out of memory" },
		{ "mod_or_plugin_error", "a mod or a plugin failed" },
		{ "missing_dependency", "a dependency is missing" },
		{ "nonzero_exit", "it ended with an error" },
		{ "unexpected_exit", "it ended unexpectedly" },
	};
	const char *class = *s->crash_class ? s->crash_class : "why is not told";
	struct buf b = { 0 };
	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		if (!strcmp(classes[i].class, s->crash_class))
			class = classes[i].words;
	buf_puts(&b, class);
	if (*s->crash_exit)
		buf_addf(&b, ", exit code %s", s->crash_exit);
	if (*s->crash_signal)
		buf_addf(&b, ", signal %s", s->crash_signal);
	if (*s->crash_uptime)
		buf_addf(&b, ", after %s", s->crash_uptime);
	snprintf(buf, size, "%s", b.data);
	buf_finish(&b);
}
