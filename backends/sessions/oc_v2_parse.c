/* oc_v2_parse.c: parses the answers and events of OpenCode 2.x: see oc_v2_parse.h. */
#include "backends/sessions/oc_v2_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/sessions/oc_read.h"

/* Error text of the preview for a turn that its user stopped. */
#define PREVIEW_INTERRUPTED "Provider turn interrupted"
#define ABORTED "MessageAbortedError" /* its name in 1.x, which judge.c knows */

/* --- sessions ------------------------------------------------------------- */

static enum oc_outcome oc_v2_outcome_of(const char *word)
{
	static const struct {
		const char *word;
		enum oc_outcome outcome;
	} known[] = { { "succeeded", OC_OUTCOME_SUCCEEDED },
		      { "failed", OC_OUTCOME_FAILED },
		      { "interrupted", OC_OUTCOME_STOPPED } };
	for (size_t i = 0; word && i < ARRAY_LEN(known); i++)
		if (!strcmp(known[i].word, word))
			return known[i].outcome;
	return OC_OUTCOME_NONE;
}

static bool oc_v2_session_of(const cJSON *o, struct oc_session *s)
{
	const char *directory = oc_parse_text(oc_parse_get(o, "location"), "directory");
	if (!oc_parse_session_of(o, s))
		return false;
	if (directory)
		xreplace(&s->directory, directory);
	s->outcome = oc_v2_outcome_of(oc_parse_text(o, "outcome"));
	return true;
}

bool oc_v2_sessions(const char *json, size_t len, struct oc_sessions *out, struct err *err)
{
	const cJSON *o;
	*out = (struct oc_sessions){ 0 };
	cJSON *root = oc_parse_parse(json, len, err);
	const cJSON *data = oc_parse_get(root, "data");
	bool one = oc_parse_text(data, "id") != NULL;
	if (root && !cJSON_IsArray(data) && !one)
		err_set(err, ERR_GARBLED, "the answer is not a list of sessions");
	if (!cJSON_IsArray(data) && !one) {
		cJSON_Delete(root);
		return false;
	}
	int n = one ? 1 : cJSON_GetArraySize(data);
	out->left_out = n > OC_SESSIONS_MAX ? (size_t)n - OC_SESSIONS_MAX : 0;
	n = n > OC_SESSIONS_MAX ? OC_SESSIONS_MAX : n;
	out->v = xcalloc((size_t)n + 1, sizeof(*out->v));
	if (one) {
		out->n = oc_v2_session_of(data, &out->v[0]);
	} else {
		cJSON_ArrayForEach (o, data)
			if (out->n < (size_t)n && oc_v2_session_of(o, &out->v[out->n]))
				out->n++;
	}
	cJSON_Delete(root);
	return true;
}

bool oc_preview_sessions(const char *json, size_t len, struct oc_sessions *out, struct err *err)
{
	if (!oc_v2_sessions(json, len, out, err))
		return false;
	for (size_t i = 0; i < out->n; i++) {
		out->v[i].cost = -1;
		out->v[i].tokens = -1;
	}
	return true;
}

bool oc_v2_cursor(const char *json, size_t len, char *buf, size_t size)
{
	cJSON *root = json_parse(json, len);
	const char *next = oc_parse_text(oc_parse_get(root, "cursor"), "next");
	bool any = cJSON_GetArraySize(oc_parse_get(root, "data")) > 0;
	buf[0] = '\0';
	/* base64url; what else comes is no cursor */
	if (any && next && strlen(next) < size &&
	    !next[strspn(next,
	                 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=")])
		memcpy(buf, next, strlen(next) + 1);
	cJSON_Delete(root);
	return buf[0] != '\0';
}

/* --- status --------------------------------------------------------------- */

/* Lists only sessions that run. Whatever they wait for, their type is "running". */
bool oc_v2_statuses(const char *json, size_t len, oc_status_fn *fn, void *arg, struct err *err)
{
	const cJSON *o;
	char id[SESSION_ID_SIZE];
	struct oc_status busy = { .run = OC_RUN_BUSY };
	cJSON *root = oc_parse_parse(json, len, err);
	if (!root)
		return false;
	const cJSON *data = oc_parse_get(root, "data");
	bool good = cJSON_IsObject(data);
	if (good)
		cJSON_ArrayForEach (o, data)
			if (oc_parse_id_copy(id, o->string))
				fn(id, &busy, arg);
	cJSON_Delete(root);
	return good || err_set(err, ERR_GARBLED, "the answer is not a table of running sessions");
}

/* --- requests ------------------------------------------------------------- */

static enum question_type oc_v2_question_type(const char *word)
{
	static const struct {
		const char *word;
		enum question_type type;
	} known[] = { { "string", QUESTION_WORDS },
		      { "multiselect", QUESTION_WORDS },
		      { "number", QUESTION_NUMBER },
		      { "integer", QUESTION_NUMBER },
		      { "boolean", QUESTION_YES_NO } };
	for (size_t i = 0; word && i < ARRAY_LEN(known); i++)
		if (!strcmp(known[i].word, word))
			return known[i].type;
	return QUESTION_UNKNOWN;
}

static void oc_v2_option_add(struct question *q, const char *label, const char *value,
                             const char *help)
{
	struct question_option *o = &q->options[q->n_options++];
	o->label = xstrdup(label);
	o->value = xstrdup(value);
	o->description = xstrdup(help);
}

/* A field of a form, as a question. "key" names its answer. */
static void oc_v2_field_of(const cJSON *o, struct question *q)
{
	const cJSON *options = oc_parse_get(o, "options"), *p;
	int n = cJSON_GetArraySize(options);
	const char *type = oc_parse_text(o, "type"), *title = oc_parse_text(o, "title"),
		   *words = oc_parse_text(o, "description");
	q->key = xstrdup(oc_parse_text(o, "key"));
	q->header = xstrdup(words ? title : NULL);
	if (!words)
		words = title;
	q->text = xstrdup(words ? words : q->key);
	q->type = oc_v2_question_type(type);
	q->multiple = type && !strcmp(type, "multiselect");
	q->optional = cJSON_IsFalse(oc_parse_get(o, "required"));
	q->custom = cJSON_IsTrue(oc_parse_get(o, "custom")) || n <= 0;
	q->options = xcalloc((size_t)(n > 0 ? n : 0) + 2, sizeof(*q->options));
	if (q->type == QUESTION_YES_NO) {
		oc_v2_option_add(q, "yes", "yes", NULL);
		oc_v2_option_add(q, "no", "no", NULL);
		q->custom = false;
		return;
	}
	cJSON_ArrayForEach (p, options) {
		const char *value = oc_parse_text(p, "value"), *label = oc_parse_text(p, "label");
		if (!label)
			label = value;
		if (!value)
			value = label;
		if (q->n_options < OPTIONS_MAX && value)
			oc_v2_option_add(q, label, value, oc_parse_text(p, "description"));
	}
}

/* Can mocr fill in this field? Some open a page elsewhere, or depend on other answers. */
static bool oc_v2_can_fill(const cJSON *o, const struct question *q)
{
	return q->key && q->type != QUESTION_UNKNOWN && !oc_parse_get(o, "when");
}

static void oc_v2_form_of(const cJSON *o, struct request *r)
{
	const cJSON *fields = oc_parse_get(o, "fields"), *f;
	const char *title = oc_parse_text(o, "title");
	int n = cJSON_GetArraySize(fields);
	r->is_question = r->is_form = true;
	r->questions = xcalloc((size_t)(n > 0 ? n : 0) + 1, sizeof(*r->questions));
	if (title && strcmp(title, "Questions") != 0)
		r->note = xstrdup(title);
	r->cannot_fill = n <= 0 || n > QUESTIONS_MAX;
	cJSON_ArrayForEach (f, fields) {
		if (cJSON_IsTrue(oc_parse_get(f, "hidden")) || r->n_questions == QUESTIONS_MAX)
			continue;
		struct question *q = &r->questions[r->n_questions++];
		oc_v2_field_of(f, q);
		r->cannot_fill |= !oc_v2_can_fill(f, q);
	}
}

/* The names of 1.x for the members of a permission. The tree is changed. */
static void oc_v2_permission_of(const cJSON *o, struct request *r)
{
	static const char *const tells[] = { "command", "url", "filepath", "filePath", "path" };
	const cJSON *meta = oc_parse_get(o, "metadata");
	r->tool = xstrdup(oc_parse_text(o, "action") ? oc_parse_text(o, "action") : "something");
	r->always = oc_parse_lines_of(oc_parse_get(o, "save"));
	r->diff = oc_parse_diff(meta);
	r->note = xstrdup(oc_parse_text(o, "message"));
	for (size_t i = 0; i < ARRAY_LEN(tells) && !r->what; i++)
		r->what = xstrdup(oc_parse_text(meta, tells[i]));
	r->by_patterns = !r->what && !r->diff;
	if (!r->what)
		r->what = oc_parse_lines_of(oc_parse_get(o, "resources"));
	r->is_lasting = true;
}

static struct request *oc_v2_request_of(const cJSON *o)
{
	const cJSON *source = oc_parse_get(o, "source");
	if (cJSON_IsArray(oc_parse_get(o, "questions")))
		return oc_parse_request_of(o);
	struct request *r = xcalloc(1, sizeof(*r));
	if (!cJSON_IsObject(o) || !oc_parse_id_copy(r->id, oc_parse_text(o, "id")) ||
	    !oc_parse_id_copy(r->session, oc_parse_text(o, "sessionID"))) {
		free(r);
		return NULL;
	}
	if (!oc_parse_id_copy(r->call, oc_parse_text(source, "callID")))
		oc_parse_id_copy(r->call, oc_parse_text(source, "id"));
	if (cJSON_IsArray(oc_parse_get(o, "fields")))
		oc_v2_form_of(o, r);
	else
		oc_v2_permission_of(o, r);
	return r;
}

bool oc_v2_requests(const char *json, size_t len, bool questions, struct request **out,
                    struct err *err)
{
	const cJSON *o;
	struct request **end = out;
	size_t n = 0;
	*out = NULL;
	cJSON *root = oc_parse_parse(json, len, err);
	if (!root)
		return false;
	const cJSON *data = oc_parse_get(root, "data");
	bool good = cJSON_IsArray(data);
	cJSON_ArrayForEach (o, data) {
		struct request *r = good && n < OC_REQUESTS_MAX ? oc_v2_request_of(o) : NULL;
		if (r && r->is_question == questions) {
			*end = r;
			end = &r->next;
			n++;
		} else {
			request_free(r);
		}
	}
	cJSON_Delete(root);
	return good || err_set(err, ERR_GARBLED, "the answer is not a list of requests");
}

/* --- messages: into the shape of 1.x --------------------------------------- */

static void oc_v2_copy(cJSON *to, const char *name, const cJSON *value)
{
	if (value)
		cJSON_AddItemToObject(to, name, cJSON_Duplicate(value, true));
}

static cJSON *oc_v2_part(cJSON *parts, const char *message, const char *id, const char *type)
{
	cJSON *part = cJSON_CreateObject();
	char whole[2 * SESSION_ID_SIZE];
	snprintf(whole, sizeof(whole), "%.90s.%.90s", message, id);
	cJSON_AddStringToObject(part, "id", whole);
	cJSON_AddStringToObject(part, "messageID", message);
	cJSON_AddStringToObject(part, "type", type);
	cJSON_AddItemToArray(parts, part);
	return part;
}

static void oc_v2_text_part(cJSON *parts, const char *message, const char *id, const char *type,
                            const char *text)
{
	cJSON_AddStringToObject(oc_v2_part(parts, message, id, type), "text", text ? text : "");
}

/* An error of 2.x as 1.x tells it. */
static cJSON *oc_v2_error(const cJSON *error)
{
	const char *type = oc_parse_text(error, "type"), *words = oc_parse_text(error, "message");
	cJSON *out = cJSON_CreateObject(), *data = cJSON_AddObjectToObject(out, "data");
	bool stopped = words && !strcmp(words, PREVIEW_INTERRUPTED);
	stopped |= type && !strcmp(type, "aborted");
	if (stopped)
		type = ABORTED;
	cJSON_AddStringToObject(out, "name", type ? type : "Error");
	if (words)
		cJSON_AddStringToObject(data, "message", words);
	return out;
}

static void oc_v2_tool_part(cJSON *parts, const char *message, const cJSON *item)
{
	static const struct {
		const char *here, *there;
	} states[] = { { "streaming", "pending" } };
	const cJSON *state = oc_parse_get(item, "state"), *error = oc_parse_get(state, "error");
	const char *id = oc_parse_text(item, "id"), *name = oc_parse_text(item, "name"),
		   *status = oc_parse_text(state, "status"),
		   *words = oc_parse_text(error, "message");
	cJSON *part = oc_v2_part(parts, message, id ? id : "tool", "tool"),
	      *to = cJSON_AddObjectToObject(part, "state");
	for (size_t i = 0; status && i < ARRAY_LEN(states); i++)
		if (!strcmp(states[i].here, status))
			status = states[i].there;
	cJSON_AddStringToObject(part, "tool", name ? name : "tool");
	if (id)
		cJSON_AddStringToObject(part, "callID", id);
	if (status)
		cJSON_AddStringToObject(to, "status", status);
	oc_v2_copy(to, "input", oc_parse_get(state, "input"));
	if (cJSON_IsString(error))
		words = error->valuestring;
	if (words)
		cJSON_AddStringToObject(to, "error", words);
}

/* Texts and reasonings are told apart by their own id (preview), or by their place among those of
 * their type, as the events count them. */
static void oc_v2_content(cJSON *parts, const char *message, const cJSON *content)
{
	const cJSON *item;
	unsigned texts = 0, thoughts = 0;
	cJSON_ArrayForEach (item, content) {
		const char *type = oc_parse_text(item, "type"), *id = oc_parse_text(item, "id");
		bool text = type && !strcmp(type, "text"),
		     thought = type && !strcmp(type, "reasoning");
		char number[24];
		if (text || thought) {
			snprintf(number, sizeof(number), "%s-%u", type,
			         text ? texts++ : thoughts++);
			oc_v2_text_part(parts, message, id ? id : number, type,
			                oc_parse_text(item, "text"));
		} else if (type && !strcmp(type, "tool")) {
			oc_v2_tool_part(parts, message, item);
		}
	}
}

static void oc_v2_assistant(const cJSON *o, const char *id, cJSON *info, cJSON *parts)
{
	static const char *const same[] = { "agent", "cost", "tokens", "finish" };
	const cJSON *model = oc_parse_get(o, "model"), *error = oc_parse_get(o, "error");
	cJSON_AddStringToObject(info, "role", "assistant");
	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		oc_v2_copy(info, same[i], oc_parse_get(o, same[i]));
	oc_v2_copy(info, "modelID", oc_parse_get(model, "id"));
	oc_v2_copy(info, "providerID", oc_parse_get(model, "providerID"));
	if (cJSON_IsObject(error))
		cJSON_AddItemToObject(info, "error", oc_v2_error(error));
	oc_v2_copy(info, "retry", oc_parse_get(o, "retry"));
	oc_v2_content(parts, id, oc_parse_get(o, "content"));
}

static void oc_v2_user(const cJSON *o, const char *id, cJSON *info, cJSON *parts)
{
	const cJSON *file;
	cJSON_AddStringToObject(info, "role", "user");
	oc_v2_text_part(parts, id, "user", "text", oc_parse_text(o, "text"));
	cJSON_ArrayForEach (file, oc_parse_get(o, "files")) {
		const char *name = oc_parse_text(file, "name");
		char *line = xasprintf("[file %.200s]", name ? name : "");
		oc_v2_text_part(parts, id, "file", "text", line);
		free(line);
	}
}

static void oc_v2_shell(const cJSON *o, const char *id, cJSON *info, cJSON *parts)
{
	const cJSON *output = oc_parse_get(o, "output");
	const char *command = oc_parse_text(o, "command");
	const char *said = cJSON_IsString(output) ? output->valuestring
	                                          : oc_parse_text(output, "output");
	command = command ? command : "";
	char *text = xasprintf("$ %s\n%s", command, said ? said : "");
	cJSON_AddStringToObject(info, "role", "shell");
	cJSON_AddStringToObject(info, "modelID", "shell");
	oc_v2_text_part(parts, id, "shell", "text", text);
	free(text);
}

static void oc_v2_synthetic(const cJSON *o, const char *id, cJSON *info, cJSON *parts)
{
	cJSON_AddStringToObject(info, "role", "synthetic");
	cJSON_AddStringToObject(info, "modelID", "added by OpenCode");
	oc_v2_text_part(parts, id, "synthetic", "text", oc_parse_text(o, "text"));
}

static void oc_v2_compaction(const cJSON *o, const char *id, cJSON *info, cJSON *parts)
{
	const char *summary = oc_parse_text(o, "summary");
	cJSON_AddStringToObject(info, "role", "compaction");
	cJSON_AddStringToObject(info, "modelID", "summary");
	oc_v2_part(parts, id, "compaction", "compaction");
	if (summary)
		oc_v2_text_part(parts, id, "summary", "text", summary);
}

static const struct {
	const char *type;
	void (*read)(const cJSON *, const char *id, cJSON *info, cJSON *parts);
} oc_v2_kinds[] = { { "assistant", oc_v2_assistant },
	            { "user", oc_v2_user },
	            { "shell", oc_v2_shell },
	            { "synthetic", oc_v2_synthetic },
	            { "compaction", oc_v2_compaction } };

/* A message of another type stays as an empty one, so that messages can be counted. */
static cJSON *oc_v2_message(const cJSON *o)
{
	char id[SESSION_ID_SIZE];
	const char *type = oc_parse_text(o, "type");
	cJSON *message = cJSON_CreateObject(), *info = cJSON_AddObjectToObject(message, "info"),
	      *parts = cJSON_AddArrayToObject(message, "parts");
	oc_parse_id_copy(id, oc_parse_text(o, "id"));
	cJSON_AddStringToObject(info, "id", id);
	oc_v2_copy(info, "time", oc_parse_get(o, "time"));
	for (size_t i = 0; type && i < ARRAY_LEN(oc_v2_kinds); i++)
		if (!strcmp(oc_v2_kinds[i].type, type)) {
			oc_v2_kinds[i].read(o, id, info, parts);
			return message;
		}
	cJSON_AddStringToObject(info, "role", "note");
	return message;
}

bool oc_v2_conversation(const char *json, size_t len, struct buf *out)
{
	const cJSON *o;
	cJSON *root = json_parse(json, len), *list = cJSON_CreateArray();
	const cJSON *data = oc_parse_get(root, "data");
	bool good = cJSON_IsArray(data);
	if (good)
		cJSON_ArrayForEach (o, data)
			cJSON_InsertItemInArray(list, 0, oc_v2_message(o));
	char *text = good ? cJSON_PrintUnformatted(list) : NULL;
	good = text && buf_puts(out, text);
	free(text);
	cJSON_Delete(list);
	cJSON_Delete(root);
	return good;
}

/* --- models, agents, commands ---------------------------------------------- */

/* The answer holds API keys in clear: only these members are taken. */
bool oc_v2_models(const char *json, size_t len, struct buf *out)
{
	const cJSON *m;
	cJSON *root = json_parse(json, len);
	const cJSON *data = oc_parse_get(root, "data");
	bool good = cJSON_IsArray(data);
	cJSON_ArrayForEach (m, data) {
		char provider[64], model[128];
		oc_parse_washed(provider, sizeof(provider), oc_parse_text(m, "providerID"));
		oc_parse_washed(model, sizeof(model), oc_parse_text(m, "id"));
		if (good && provider[0] && model[0] && !cJSON_IsFalse(oc_parse_get(m, "enabled"))) {
			/* "provider/model", the context, the variants separated by blanks */
			const cJSON *v;
			buf_addf(out, "%s/%s\t%lld\t", provider, model,
			         (long long)oc_parse_whole(oc_parse_get(m, "limit"), "context", 0));
			cJSON_ArrayForEach (v, oc_parse_get(m, "variants")) {
				char name[64];
				oc_parse_washed(name, sizeof(name), oc_parse_text(v, "id"));
				buf_addf(out, "%s ", name);
			}
			buf_puts(out, "\n");
		}
	}
	cJSON_Delete(root);
	return good;
}

/* Agents are named by their id, commands by their name. */
bool oc_v2_names(const char *json, size_t len, struct buf *out)
{
	const cJSON *o;
	cJSON *root = json_parse(json, len);
	const cJSON *data = oc_parse_get(root, "data");
	bool good = cJSON_IsArray(data);
	cJSON_ArrayForEach (o, data) {
		char name[96];
		const char *mode = oc_parse_text(o, "mode"), *id = oc_parse_text(o, "id");
		oc_parse_washed(name, sizeof(name), id ? id : oc_parse_text(o, "name"));
		if (good && name[0] && !cJSON_IsTrue(oc_parse_get(o, "hidden")) &&
		    (!mode || strcmp(mode, "subagent") != 0))
			buf_addf(out, "%s\n", name);
	}
	cJSON_Delete(root);
	return good;
}

/* --- events ---------------------------------------------------------------- */

/* Only the members that the event states. */
static void oc_v2_on_facts(const cJSON *data, const char *word, struct oc_event *e)
{
	const cJSON *model = oc_parse_get(data, "model");
	struct oc_session *s = &e->info;
	*s = (struct oc_session){ .cost = oc_parse_number(data, "cost", -1),
		                  .tokens = oc_parse_sum_tokens(oc_parse_get(data, "tokens")) };
	s->title = xstrdup(oc_parse_text(data, "title"));
	s->directory = xstrdup(oc_parse_text(oc_parse_get(data, "location"), "directory"));
	s->agent = xstrdup(oc_parse_text(data, "agent"));
	s->model = xstrdup(oc_parse_text(model, "id"));
	s->provider = xstrdup(oc_parse_text(model, "providerID"));
}

/* session.created: the session itself in the preview, which states no costs of sessions. Flat
 * members later, with the id by another name. */
static void oc_v2_on_created(const cJSON *data, const char *word, struct oc_event *e)
{
	const cJSON *info = oc_parse_get(data, "info");
	struct oc_session *s = &e->info;
	e->is_new = true;
	if (oc_v2_session_of(info, s)) {
		s->cost = s->tokens = -1;
		return;
	}
	oc_session_free(s);
	oc_v2_on_facts(data, NULL, e);
	memcpy(s->id, e->session, sizeof(s->id));
	oc_parse_id_copy(s->parent, oc_parse_text(data, "parentID"));
	s->created_ms = s->updated_ms = e->at_ms;
	s->cost = 0;
	s->tokens = 0;
	if (!s->id[0])
		e->type = OC_OTHER;
}

static void oc_v2_message_id(const cJSON *data, struct oc_event *e)
{
	static const char *const names[] = { "assistantMessageID", "messageID", "inboxID" };
	for (size_t i = 0; i < ARRAY_LEN(names) && !e->message_id[0]; i++)
		oc_parse_id_copy(e->message_id, oc_parse_text(data, names[i]));
}

/* word: who says it. */
static void oc_v2_on_message(const cJSON *data, const char *word, struct oc_event *e)
{
	struct oc_message *m = &e->message;
	const cJSON *model = oc_parse_get(data, "model");
	*m = (struct oc_message){ .cost = -1, .context = -1, .tokens = -1 };
	memcpy(m->id, e->message_id, sizeof(m->id));
	memcpy(m->session, e->session, sizeof(m->session));
	m->role = !strcmp(word, "user") ? OC_ROLE_USER : OC_ROLE_ASSISTANT;
	m->created_ms = e->at_ms;
	oc_parse_washed(m->agent, sizeof(m->agent), oc_parse_text(data, "agent"));
	oc_parse_washed(m->model, sizeof(m->model), oc_parse_text(model, "id"));
	oc_parse_washed(m->provider, sizeof(m->provider), oc_parse_text(model, "providerID"));
	if (!m->id[0])
		e->type = OC_OTHER;
}

/* The words of the user, perhaps before they reach the model. */
static void oc_v2_on_enqueued(const cJSON *data, const char *word, struct oc_event *e)
{
	const cJSON *item = oc_parse_get(data, "item"), *prompt = oc_parse_get(data, "prompt");
	const char *type = oc_parse_text(item, "type"),
		   *text = oc_parse_text(oc_parse_get(item, "payload"), "text");
	if (prompt)
		text = oc_parse_text(prompt, "text");
	if (!text || (type && strcmp(type, "user") != 0)) {
		e->type = OC_OTHER;
		return;
	}
	e->of_user = true;
	e->part_type = xstrdup("text");
	e->text = xstrdup(text);
	snprintf(e->part_id, sizeof(e->part_id), "%.90s.user", e->message_id);
}

static void oc_v2_error_words(const cJSON *error, struct oc_message *m)
{
	const char *words = oc_parse_text(error, "message"), *type = oc_parse_text(error, "type");
	bool stopped = words && !strcmp(words, PREVIEW_INTERRUPTED);
	if (!cJSON_IsObject(error))
		return;
	if (stopped)
		type = ABORTED;
	oc_parse_washed(m->error, sizeof(m->error), type ? type : "Error");
	oc_parse_washed(m->words, sizeof(m->words), words ? words : m->error);
}

/* word: how the turn ended. */
static void oc_v2_on_ended(const cJSON *data, const char *word, struct oc_event *e)
{
	e->outcome = oc_v2_outcome_of(word);
	oc_v2_error_words(oc_parse_get(data, "error"), &e->message);
}

/* Reasons: user, shutdown, superseded, inactivity. */
static void oc_v2_on_interrupted(const cJSON *data, const char *word, struct oc_event *e)
{
	const char *reason = oc_parse_text(data, "reason");
	e->outcome = OC_OUTCOME_INTERRUPTED;
	if (!reason)
		e->outcome = OC_OUTCOME_STOPPED;
	else if (!strcmp(reason, "user"))
		e->outcome = OC_OUTCOME_ABORTED;
}

static void oc_v2_on_step_ended(const cJSON *data, const char *word, struct oc_event *e)
{
	struct oc_message *m = &e->message;
	const cJSON *tokens = oc_parse_get(data, "tokens");
	oc_v2_on_message(data, word, e);
	m->completed = true;
	m->completed_ms = e->at_ms;
	m->cost = oc_parse_number(data, "cost", -1);
	m->tokens = oc_parse_sum_tokens(tokens);
	m->reasoning = oc_parse_whole(tokens, "reasoning", 0);
	if (m->tokens > 0)
		m->context = m->tokens - m->reasoning;
	oc_v2_error_words(oc_parse_get(data, "error"), m);
}

static void oc_preview_on_step_ended(const cJSON *data, const char *word, struct oc_event *e)
{
	const char *finish = oc_parse_text(data, "finish");
	oc_v2_on_step_ended(data, word, e);
	e->tells_run = !finish || strcmp(finish, "tool-calls") != 0;
}

static void oc_v2_on_retry(const cJSON *data, const char *word, struct oc_event *e)
{
	e->status = (struct oc_status){ .run = OC_RUN_RETRY };
	e->status.attempt = (int)(oc_parse_whole(data, "attempt", 0) % 1000000);
	e->status.next_ms = oc_parse_whole(data, "at", 0);
	oc_parse_washed(e->status.message, sizeof(e->status.message),
	                oc_parse_text(oc_parse_get(data, "error"), "message"));
}

/* word: the type of the part. */
static void oc_v2_on_text(const cJSON *data, const char *word, struct oc_event *e)
{
	const char *text = oc_parse_text(data, "text");
	/* The id of a text within its message: by name in the preview, by number later. */
	const char *id = oc_parse_text(data, "textID");
	if (!id)
		id = oc_parse_text(data, "reasoningID");
	if (id)
		snprintf(e->part_id, sizeof(e->part_id), "%.60s.%.30s", e->message_id, id);
	else
		snprintf(e->part_id, sizeof(e->part_id), "%.60s.%s-%d", e->message_id, word,
		         (int)(oc_parse_whole(data, "ordinal", 0) % 1000000));
	e->part_type = xstrdup(word);
	if (e->type == OC_DELTA)
		text = oc_parse_text(data, "delta");
	e->text = xstrdup(text ? text : "");
}

/* word: the state of the tool. */
static void oc_v2_on_tool(const cJSON *data, const char *word, struct oc_event *e)
{
	const char *id = oc_parse_text(data, "id"), *name = oc_parse_text(data, "tool"),
		   *words = oc_parse_text(oc_parse_get(data, "error"), "message");
	if (!id)
		id = oc_parse_text(data, "callID");
	if (!name)
		name = oc_parse_text(data, "name");
	snprintf(e->part_id, sizeof(e->part_id), "%.45s.%.45s", e->message_id, id ? id : "tool");
	e->part_type = xstrdup("tool");
	e->tool = xstrdup(name);
	e->tool_state = xstrdup(word);
	if (!words)
		words = oc_parse_text(oc_parse_get(data, "input"), "command");
	e->text = xstrdup(words);
}

static void oc_v2_on_asked(const cJSON *data, const char *word, struct oc_event *e)
{
	const cJSON *form = oc_parse_get(data, "form");
	e->asked = oc_v2_request_of(form ? form : data);
	if (!e->asked)
		e->type = OC_OTHER;
	else
		memcpy(e->session, e->asked->session, sizeof(e->session));
}

static void oc_v2_on_replied(const cJSON *data, const char *word, struct oc_event *e)
{
	if (!oc_parse_id_copy(e->request, oc_parse_text(data, "requestID")))
		oc_parse_id_copy(e->request, oc_parse_text(data, "id"));
}

/* What an event says about the turn of its session. */
enum oc_v2_turn { TURN_UNTOLD, TURN_RUNS, TURN_IS_OVER };

struct oc_v2_name {
	const char *name;
	enum oc_event_type type;
	void (*read)(const cJSON *data, const char *word, struct oc_event *);
	const char *word; /* for read; NULL: it needs none */
	enum oc_v2_turn turn;
};

static const struct oc_v2_name oc_v2_names_of[] = {
	{ "server.connected", OC_CONNECTED, NULL, NULL, TURN_UNTOLD },
	{ "session.created", OC_SESSION_UPDATED, oc_v2_on_created, NULL, TURN_UNTOLD },
	{ "session.deleted", OC_SESSION_DELETED, NULL, NULL, TURN_UNTOLD },
	{ "session.renamed", OC_FACTS, oc_v2_on_facts, NULL, TURN_UNTOLD },
	{ "session.moved", OC_FACTS, oc_v2_on_facts, NULL, TURN_UNTOLD },
	{ "session.agent.selected", OC_FACTS, oc_v2_on_facts, NULL, TURN_UNTOLD },
	{ "session.model.selected", OC_FACTS, oc_v2_on_facts, NULL, TURN_UNTOLD },
	{ "session.usage.updated", OC_FACTS, oc_v2_on_facts, NULL, TURN_UNTOLD },
	{ "session.inbox.enqueued", OC_PART, oc_v2_on_enqueued, NULL, TURN_UNTOLD },
	{ "session.inbox.delivered", OC_MESSAGE, oc_v2_on_message, "user", TURN_RUNS },
	{ "session.execution.started", OC_STATUS, NULL, NULL, TURN_RUNS },
	{ "session.execution.succeeded", OC_ENDED, oc_v2_on_ended, "succeeded", TURN_IS_OVER },
	{ "session.execution.failed", OC_ENDED, oc_v2_on_ended, "failed", TURN_IS_OVER },
	{ "session.execution.interrupted", OC_ENDED, oc_v2_on_interrupted, NULL, TURN_IS_OVER },
	{ "session.step.started", OC_MESSAGE, oc_v2_on_message, "assistant", TURN_RUNS },
	{ "session.step.ended", OC_MESSAGE, oc_v2_on_step_ended, "assistant", TURN_UNTOLD },
	{ "session.step.failed", OC_MESSAGE, oc_v2_on_step_ended, "assistant", TURN_UNTOLD },
	{ "session.text.started", OC_PART, oc_v2_on_text, "text", TURN_UNTOLD },
	{ "session.text.delta", OC_DELTA, oc_v2_on_text, "text", TURN_UNTOLD },
	{ "session.text.ended", OC_PART, oc_v2_on_text, "text", TURN_UNTOLD },
	{ "session.reasoning.started", OC_PART, oc_v2_on_text, "reasoning", TURN_UNTOLD },
	{ "session.reasoning.delta", OC_DELTA, oc_v2_on_text, "reasoning", TURN_UNTOLD },
	{ "session.reasoning.ended", OC_PART, oc_v2_on_text, "reasoning", TURN_UNTOLD },
	{ "session.tool.called", OC_PART, oc_v2_on_tool, "running", TURN_UNTOLD },
	{ "session.tool.success", OC_PART, oc_v2_on_tool, "completed", TURN_UNTOLD },
	{ "session.tool.failed", OC_PART, oc_v2_on_tool, "error", TURN_UNTOLD },
	{ "session.retry.scheduled", OC_STATUS, oc_v2_on_retry, NULL, TURN_UNTOLD },
	{ "session.compaction.ended", OC_COMPACTED, NULL, NULL, TURN_UNTOLD },
	{ "permission.asked", OC_ASKED, oc_v2_on_asked, NULL, TURN_UNTOLD },
	{ "permission.replied", OC_REPLIED, oc_v2_on_replied, NULL, TURN_UNTOLD },
	{ "form.created", OC_ASKED, oc_v2_on_asked, NULL, TURN_UNTOLD },
	{ "form.replied", OC_REPLIED, oc_v2_on_replied, NULL, TURN_UNTOLD },
	{ "form.cancelled", OC_REPLIED, oc_v2_on_replied, NULL, TURN_UNTOLD },
	{ "location.shutdown", OC_DISPOSED, NULL, NULL, TURN_UNTOLD },
	{ NULL, OC_OTHER, NULL, NULL, TURN_UNTOLD },
};

static const struct oc_v2_name oc_preview_names_of[] = {
	{ "server.connected", OC_CONNECTED, NULL, NULL, TURN_UNTOLD },
	{ "session.created", OC_SESSION_UPDATED, oc_v2_on_created, NULL, TURN_UNTOLD },
	{ "session.deleted", OC_SESSION_DELETED, NULL, NULL, TURN_UNTOLD },
	{ "session.next.agent.switched", OC_FACTS, oc_v2_on_facts, NULL, TURN_UNTOLD },
	{ "session.next.model.switched", OC_FACTS, oc_v2_on_facts, NULL, TURN_UNTOLD },
	{ "session.next.prompt.admitted", OC_PART, oc_v2_on_enqueued, NULL, TURN_UNTOLD },
	{ "session.next.prompted", OC_MESSAGE, oc_v2_on_message, "user", TURN_RUNS },
	{ "session.next.step.started", OC_MESSAGE, oc_v2_on_message, "assistant", TURN_RUNS },
	{ "session.next.step.ended", OC_MESSAGE, oc_preview_on_step_ended, "assistant",
	  TURN_IS_OVER },
	{ "session.next.step.failed", OC_MESSAGE, oc_v2_on_step_ended, "assistant", TURN_IS_OVER },
	{ "session.next.text.started", OC_PART, oc_v2_on_text, "text", TURN_UNTOLD },
	{ "session.next.text.delta", OC_DELTA, oc_v2_on_text, "text", TURN_UNTOLD },
	{ "session.next.text.ended", OC_PART, oc_v2_on_text, "text", TURN_UNTOLD },
	{ "session.next.reasoning.started", OC_PART, oc_v2_on_text, "reasoning", TURN_UNTOLD },
	{ "session.next.reasoning.delta", OC_DELTA, oc_v2_on_text, "reasoning", TURN_UNTOLD },
	{ "session.next.reasoning.ended", OC_PART, oc_v2_on_text, "reasoning", TURN_UNTOLD },
	{ "session.next.tool.called", OC_PART, oc_v2_on_tool, "running", TURN_UNTOLD },
	{ "session.next.tool.success", OC_PART, oc_v2_on_tool, "completed", TURN_UNTOLD },
	{ "session.next.tool.failed", OC_PART, oc_v2_on_tool, "error", TURN_UNTOLD },
	{ "permission.v2.asked", OC_ASKED, oc_v2_on_asked, NULL, TURN_UNTOLD },
	{ "permission.v2.replied", OC_REPLIED, oc_v2_on_replied, NULL, TURN_UNTOLD },
	{ "question.v2.asked", OC_ASKED, oc_v2_on_asked, NULL, TURN_UNTOLD },
	{ "question.v2.replied", OC_REPLIED, oc_v2_on_replied, NULL, TURN_UNTOLD },
	{ "question.v2.rejected", OC_REPLIED, oc_v2_on_replied, NULL, TURN_UNTOLD },
	{ NULL, OC_OTHER, NULL, NULL, TURN_UNTOLD },
};

static bool oc_v2_read_event(const char *json, size_t len, const struct oc_v2_name *names,
                             struct oc_event *e)
{
	*e = (struct oc_event){ 0 };
	cJSON *root = json_parse(json, len);
	const cJSON *data = oc_parse_get(root, "data");
	const char *type = oc_parse_text(root, "type");
	if (!cJSON_IsObject(root) || !type) {
		cJSON_Delete(root);
		return false;
	}
	while (names->name && strcmp(names->name, type) != 0)
		names++;
	e->type = names->type;
	e->at_ms = oc_parse_whole(root, "created", oc_parse_whole(data, "timestamp", 0));
	e->directory = xstrdup(oc_parse_text(oc_parse_get(root, "location"), "directory"));
	oc_parse_id_copy(e->id, oc_parse_text(root, "id"));
	oc_parse_id_copy(e->session, oc_parse_text(data, "sessionID"));
	oc_v2_message_id(data, e);
	e->tells_run = names->turn != TURN_UNTOLD;
	e->status.run = names->turn == TURN_RUNS ? OC_RUN_BUSY : OC_RUN_IDLE;
	if (names->read)
		names->read(data, names->word, e);
	cJSON_Delete(root);
	return true;
}

bool oc_v2_event(const char *json, size_t len, struct oc_event *e)
{
	return oc_v2_read_event(json, len, oc_v2_names_of, e);
}

bool oc_preview_event(const char *json, size_t len, struct oc_event *e)
{
	return oc_v2_read_event(json, len, oc_preview_names_of, e);
}
