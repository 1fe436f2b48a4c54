/* oc_parse.c: parses OpenCode's answers and events: see oc_parse.h. */
#include "backends/sessions/oc_read.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"

#define QUOTED_MAX 80 /* bytes of an answer that a sentence shows */

/* --- helpers -------------------------------------------------------------- */

const cJSON *oc_parse_get(const cJSON *o, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(o, name);
}

const char *oc_parse_text(const cJSON *o, const char *name)
{
	const cJSON *v = oc_parse_get(o, name);
	return cJSON_IsString(v) ? v->valuestring : NULL;
}

double oc_parse_number(const cJSON *o, const char *name, double otherwise)
{
	const cJSON *v = oc_parse_get(o, name);
	return cJSON_IsNumber(v) && isfinite(v->valuedouble) ? v->valuedouble : otherwise;
}

int64_t oc_parse_whole(const cJSON *o, const char *name, int64_t otherwise)
{
	double d = oc_parse_number(o, name, -1);
	return d >= 0 && d < 9e15 ? (int64_t)d : otherwise;
}

bool oc_parse_id_copy(char *out, const char *id)
{
	size_t n = id ? strspn(id,
	                       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.")
	              : 0;
	out[0] = '\0';
	if (!n || n >= SESSION_ID_SIZE || id[n] || id[0] == '.' || id[0] == '-')
		return false;
	memcpy(out, id, n + 1);
	return true;
}

void oc_parse_washed(char *out, size_t size, const char *s)
{
	wash(out, size, s, s ? strlen(s) : 0);
}

cJSON *oc_parse_parse(const char *json, size_t len, struct err *err)
{
	cJSON *root = json_parse(json, len);
	int quoted = len < QUOTED_MAX ? (int)len : QUOTED_MAX;
	if (!root)
		err_set(err, ERR_GARBLED, "the answer is not JSON: %.*s%s", quoted, json,
		        len ? "" : "(empty)");
	return root;
}

/* --- sessions ------------------------------------------------------------ */

int64_t oc_parse_sum_tokens(const cJSON *t)
{
	const cJSON *cache = oc_parse_get(t, "cache");
	if (!cJSON_IsObject(t))
		return -1;
	return oc_parse_whole(t, "input", 0) + oc_parse_whole(t, "output", 0) +
	       oc_parse_whole(t, "reasoning", 0) + oc_parse_whole(cache, "read", 0) +
	       oc_parse_whole(cache, "write", 0);
}

bool oc_parse_session_of(const cJSON *o, struct oc_session *s)
{
	const cJSON *time = oc_parse_get(o, "time"), *model = oc_parse_get(o, "model");
	*s = (struct oc_session){ .cost = -1, .tokens = -1 };
	if (!cJSON_IsObject(o) || !oc_parse_id_copy(s->id, oc_parse_text(o, "id")))
		return false;
	oc_parse_id_copy(s->parent, oc_parse_text(o, "parentID"));
	s->directory = xstrdup(oc_parse_text(o, "directory"));
	s->title = xstrdup(oc_parse_text(o, "title"));
	s->agent = xstrdup(oc_parse_text(o, "agent"));
	s->model = xstrdup(oc_parse_text(model, "id"));
	s->provider = xstrdup(oc_parse_text(model, "providerID"));
	s->share = xstrdup(oc_parse_text(oc_parse_get(o, "share"), "url"));
	s->reverted = cJSON_IsObject(oc_parse_get(o, "revert"));
	s->created_ms = oc_parse_whole(time, "created", 0);
	s->updated_ms = oc_parse_whole(time, "updated", s->created_ms);
	s->archived_ms = oc_parse_whole(time, "archived", 0);
	s->cost = oc_parse_number(o, "cost", -1);
	s->tokens = oc_parse_sum_tokens(oc_parse_get(o, "tokens"));
	return true;
}

void oc_session_free(struct oc_session *s)
{
	char *owned[] = { s->directory, s->title, s->agent, s->model, s->provider, s->share };
	for (size_t i = 0; i < ARRAY_LEN(owned); i++)
		free(owned[i]);
	*s = (struct oc_session){ 0 };
}

void oc_sessions_free(struct oc_sessions *list)
{
	for (size_t i = 0; i < list->n; i++)
		oc_session_free(&list->v[i]);
	free(list->v);
	*list = (struct oc_sessions){ 0 };
}

bool oc_parse_sessions(const char *json, size_t len, struct oc_sessions *out, struct err *err)
{
	const cJSON *o;
	*out = (struct oc_sessions){ 0 };
	cJSON *root = oc_parse_parse(json, len, err);
	if (!root)
		return false;
	if (!cJSON_IsArray(root) && !oc_parse_text(root, "id")) {
		cJSON_Delete(root);
		return err_set(err, ERR_GARBLED, "the answer is not a list of sessions");
	}
	int n = cJSON_IsArray(root) ? cJSON_GetArraySize(root) : 1;
	out->left_out = n > OC_SESSIONS_MAX ? (size_t)n - OC_SESSIONS_MAX : 0;
	n = n > OC_SESSIONS_MAX ? OC_SESSIONS_MAX : n;
	out->v = xcalloc((size_t)n + 1, sizeof(*out->v));
	if (cJSON_IsArray(root)) {
		cJSON_ArrayForEach (o, root)
			if (out->n < (size_t)n && oc_parse_session_of(o, &out->v[out->n]))
				out->n++;
	} else if (oc_parse_session_of(root, &out->v[0])) {
		out->n = 1;
	}
	cJSON_Delete(root);
	return true;
}

static bool oc_parse_stored_of(const cJSON *o, struct oc_session *s)
{
	*s = (struct oc_session){ .cost = oc_parse_number(o, "cost", -1),
		                  .tokens = oc_parse_whole(o, "tokens", -1) };
	if (!oc_parse_id_copy(s->id, oc_parse_text(o, "id")))
		return false;
	oc_parse_id_copy(s->parent, oc_parse_text(o, "parent"));
	s->directory = xstrdup(oc_parse_text(o, "directory"));
	s->title = xstrdup(oc_parse_text(o, "title"));
	s->created_ms = oc_parse_whole(o, "created", 0);
	s->updated_ms = oc_parse_whole(o, "updated", s->created_ms);
	s->archived_ms = oc_parse_whole(o, "archived", 0);
	return true;
}

bool oc_parse_stored(const char *json, size_t len, struct oc_sessions *out, struct err *err)
{
	const cJSON *o;
	*out = (struct oc_sessions){ 0 };
	cJSON *root = oc_parse_parse(json, len, err);
	int n = cJSON_IsArray(root) ? cJSON_GetArraySize(root) : -1;
	/* every row says how many the database has; the answer has the newest */
	int64_t all = oc_parse_whole(cJSON_GetArrayItem(root, 0), "of_all", 0);
	all = all > n && all < INT32_MAX ? all : n;
	n = n > OC_SESSIONS_MAX ? OC_SESSIONS_MAX : n;
	out->left_out = n > 0 ? (size_t)(all - n) : 0;
	out->v = n >= 0 ? xcalloc((size_t)n + 1, sizeof(*out->v)) : NULL;
	cJSON_ArrayForEach (o, root)
		if (n > 0 && out->n < (size_t)n && oc_parse_stored_of(o, &out->v[out->n]))
			out->n++;
	cJSON_Delete(root);
	return n >= 0 || err_set(err, ERR_GARBLED, "the database's answer is not a list");
}

/* --- status -------------------------------------------------------------- */

static bool oc_parse_status_of(const cJSON *o, struct oc_status *s)
{
	static const char *const names[] = {
		[OC_RUN_IDLE] = "idle", [OC_RUN_BUSY] = "busy", [OC_RUN_RETRY] = "retry"
	};
	const char *type = oc_parse_text(o, "type");
	*s = (struct oc_status){ 0 };
	if (!type)
		return false;
	s->run = OC_RUN_BUSY; /* an unknown status is some kind of work */
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i], type))
			s->run = (enum oc_run)i;
	s->attempt = (int)(oc_parse_whole(o, "attempt", 0) % 1000000);
	s->next_ms = oc_parse_whole(o, "next", 0);
	oc_parse_washed(s->message, sizeof(s->message), oc_parse_text(o, "message"));
	return true;
}

bool oc_parse_statuses(const char *json, size_t len, oc_status_fn *fn, void *arg, struct err *err)
{
	const cJSON *o;
	char id[SESSION_ID_SIZE];
	struct oc_status s;
	cJSON *root = oc_parse_parse(json, len, err);
	if (!root)
		return false;
	bool good = cJSON_IsObject(root);
	if (good)
		cJSON_ArrayForEach (o, root)
			if (oc_parse_id_copy(id, o->string) && oc_parse_status_of(o, &s))
				fn(id, &s, arg);
	cJSON_Delete(root);
	return good || err_set(err, ERR_GARBLED, "the answer is not a table of statuses");
}

/* --- requests ------------------------------------------------------------ */

char *oc_parse_lines_of(const cJSON *array)
{
	struct buf b;
	const cJSON *o;
	buf_init(&b, 256u << 10);
	cJSON_ArrayForEach (o, array)
		if (cJSON_IsString(o))
			buf_addf(&b, "%s%s", b.len ? "\n" : "", o->valuestring);
	char *s = b.len ? xstrdup(b.data) : NULL;
	buf_finish(&b);
	return s;
}

char *oc_parse_diff(const cJSON *meta)
{
	const char *diff = oc_parse_text(meta, "diff");
	if (!diff || strncmp(diff, "Index: ", 7))
		return xstrdup(diff);
	const char *line = diff + strcspn(diff, "\n");
	line += *line == '\n';
	const char *names = line + strspn(line, "=");
	return xstrdup(names > line && !strncmp(names, "\n--- ", 5) ? names + 1 : diff);
}

/* The 1.2 dialect sends no command, so only the patterns remain. */
static void oc_parse_permission_of(const cJSON *o, struct request *r)
{
	static const char *const tells[] = { "command", "url", "filepath", "filePath", "path" };
	const cJSON *meta = oc_parse_get(o, "metadata");
	r->tool = xstrdup(oc_parse_text(o, "permission") ? oc_parse_text(o, "permission")
	                                                 : oc_parse_text(o, "type"));
	r->always = oc_parse_lines_of(oc_parse_get(o, "always"));
	r->diff = oc_parse_diff(meta);
	for (size_t i = 0; i < ARRAY_LEN(tells) && !r->what; i++)
		r->what = xstrdup(oc_parse_text(meta, tells[i]));
	r->by_patterns = !r->what && !r->diff;
	if (!r->what)
		r->what = oc_parse_lines_of(oc_parse_get(o, "patterns"));
	if (!r->tool)
		r->tool = xstrdup("something");
}

static void oc_parse_question_of(const cJSON *o, struct question *q)
{
	const cJSON *options = oc_parse_get(o, "options"), *p;
	int n = cJSON_GetArraySize(options);
	q->text = xstrdup(oc_parse_text(o, "question") ? oc_parse_text(o, "question") : "");
	q->header = xstrdup(oc_parse_text(o, "header"));
	q->multiple = cJSON_IsTrue(oc_parse_get(o, "multiple"));
	q->custom = !cJSON_IsFalse(oc_parse_get(o, "custom"));
	q->options = xcalloc((size_t)(n > 0 ? n : 0) + 1, sizeof(*q->options));
	cJSON_ArrayForEach (p, options)
		if (q->n_options < OPTIONS_MAX && oc_parse_text(p, "label")) {
			q->options[q->n_options].label = xstrdup(oc_parse_text(p, "label"));
			q->options[q->n_options++].description = xstrdup(
				oc_parse_text(p, "description"));
		}
}

static void oc_parse_questions_of(const cJSON *o, struct request *r)
{
	const cJSON *list = oc_parse_get(o, "questions"), *q;
	int n = cJSON_GetArraySize(list);
	r->questions = xcalloc((size_t)(n > 0 ? n : 0) + 1, sizeof(*r->questions));
	cJSON_ArrayForEach (q, list)
		if (r->n_questions < QUESTIONS_MAX)
			oc_parse_question_of(q, &r->questions[r->n_questions++]);
}

struct request *oc_parse_request_of(const cJSON *o)
{
	struct request *r = xcalloc(1, sizeof(*r));
	if (!cJSON_IsObject(o) || !oc_parse_id_copy(r->id, oc_parse_text(o, "id")) ||
	    !oc_parse_id_copy(r->session, oc_parse_text(o, "sessionID"))) {
		free(r);
		return NULL;
	}
	oc_parse_id_copy(r->call, oc_parse_text(oc_parse_get(o, "tool"), "callID"));
	r->is_question = cJSON_IsArray(oc_parse_get(o, "questions"));
	if (r->is_question)
		oc_parse_questions_of(o, r);
	else
		oc_parse_permission_of(o, r);
	return r;
}

void request_free(struct request *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_questions; i++) {
		struct question *q = &r->questions[i];
		for (size_t k = 0; k < q->n_options; k++) {
			free(q->options[k].label);
			free(q->options[k].description);
			free(q->options[k].value);
		}
		free(q->options);
		free(q->text);
		free(q->header);
		free(q->key);
	}
	free(r->questions);
	free(r->tool);
	free(r->what);
	free(r->diff);
	free(r->always);
	free(r->note);
	free(r);
}

bool oc_parse_requests(const char *json, size_t len, bool questions, struct request **out,
                       struct err *err)
{
	const cJSON *o;
	struct request **end = out;
	size_t n = 0;
	*out = NULL;
	cJSON *root = oc_parse_parse(json, len, err);
	if (!root)
		return false;
	bool good = cJSON_IsArray(root);
	if (good)
		cJSON_ArrayForEach (o, root) {
			struct request *r = n < OC_REQUESTS_MAX ? oc_parse_request_of(o) : NULL;
			if (r && r->is_question != questions) {
				request_free(r);
				r = NULL;
			}
			if (!r)
				continue;
			*end = r;
			end = &r->next;
			n++;
		}
	cJSON_Delete(root);
	return good || err_set(err, ERR_GARBLED, "the answer is not a list of requests");
}

/* --- messages ------------------------------------------------------------ */

static void oc_parse_error_of(const cJSON *error, struct oc_message *m)
{
	const cJSON *data = oc_parse_get(error, "data");
	const char *words = oc_parse_text(data, "message");
	if (!cJSON_IsObject(error))
		return;
	oc_parse_washed(m->error, sizeof(m->error),
	                oc_parse_text(error, "name") ? oc_parse_text(error, "name") : "Error");
	const char *said;
	if (words)
		said = words;
	else if (oc_parse_text(error, "message"))
		said = oc_parse_text(error, "message");
	else
		said = m->error;
	oc_parse_washed(m->words, sizeof(m->words), said);
}

static bool oc_parse_message_of(const cJSON *o, struct oc_message *m)
{
	const cJSON *time = oc_parse_get(o, "time"), *tokens = oc_parse_get(o, "tokens"),
		    *model = oc_parse_get(o, "model");
	const char *role = oc_parse_text(o, "role");
	*m = (struct oc_message){ .cost = -1, .context = -1, .tokens = -1 };
	if (!role || !oc_parse_id_copy(m->id, oc_parse_text(o, "id")))
		return false;
	oc_parse_id_copy(m->session, oc_parse_text(o, "sessionID"));
	if (!strcmp(role, "user"))
		m->role = OC_ROLE_USER;
	else if (!strcmp(role, "assistant"))
		m->role = OC_ROLE_ASSISTANT;
	else
		m->role = OC_ROLE_NONE;
	m->created_ms = oc_parse_whole(time, "created", 0);
	m->completed_ms = oc_parse_whole(time, "completed", 0);
	m->completed = cJSON_IsNumber(oc_parse_get(time, "completed"));
	oc_parse_error_of(oc_parse_get(o, "error"), m);
	oc_parse_washed(m->agent, sizeof(m->agent), oc_parse_text(o, "agent"));
	oc_parse_washed(m->model, sizeof(m->model),
	                oc_parse_text(o, "modelID") ? oc_parse_text(o, "modelID")
	                                            : oc_parse_text(model, "modelID"));
	oc_parse_washed(m->provider, sizeof(m->provider),
	                oc_parse_text(o, "providerID") ? oc_parse_text(o, "providerID")
	                                               : oc_parse_text(model, "providerID"));
	m->cost = oc_parse_number(o, "cost", -1);
	m->tokens = oc_parse_sum_tokens(tokens);
	m->reasoning = oc_parse_whole(tokens, "reasoning", 0);
	if (m->tokens > 0)
		m->context = m->tokens - m->reasoning;
	return m->role != OC_ROLE_NONE;
}

static bool oc_parse_id_time(const char *id, uint64_t *time)
{
	const char *hex = strchr(id, '_');
	char digits[13] = "";
	if (!hex || strspn(hex + 1, "0123456789abcdef") < 12)
		return false;
	memcpy(digits, hex + 1, 12);
	*time = strtoull(digits, NULL, 16);
	return true;
}

int oc_id_order(const char *a, const char *b)
{
	uint64_t x, y;
	if (!oc_parse_id_time(a, &x) || !oc_parse_id_time(b, &y) || x == y)
		return strcmp(a, b);
	return ((x - y) & 0xffffffffffff) < 1ull << 47 ? 1 : -1;
}

bool oc_message_over(const struct oc_message *m)
{
	return m->role == OC_ROLE_ASSISTANT && (m->completed || m->error[0]);
}

/* The newest message of the user or the model. 2.x has other messages too, marked as notes. */
static const cJSON *oc_parse_newest(const cJSON *messages)
{
	static const char *const others[] = { "note", "shell", "synthetic", "compaction" };
	for (int i = cJSON_GetArraySize(messages) - 1; i >= 0; i--) {
		const cJSON *info = oc_parse_get(cJSON_GetArrayItem(messages, i), "info");
		const char *role = oc_parse_text(info, "role");
		bool other = false;
		for (size_t k = 0; role && k < ARRAY_LEN(others); k++)
			other |= !strcmp(others[k], role);
		if (!other)
			return info;
	}
	return NULL;
}

bool oc_parse_last(const char *json, size_t len, struct oc_message *m, struct err *err)
{
	*m = (struct oc_message){ .cost = -1, .context = -1, .tokens = -1 };
	cJSON *root = oc_parse_parse(json, len, err);
	if (!root)
		return false;
	bool good = cJSON_IsArray(root);
	const cJSON *last = good ? oc_parse_newest(root) : NULL;
	if (last)
		good = oc_parse_message_of(last, m);
	cJSON_Delete(root);
	return good || err_set(err, ERR_GARBLED, "the answer is not a list of messages");
}

struct oc_sums oc_parse_sums(const char *json, size_t len)
{
	const cJSON *o;
	struct oc_message m;
	struct oc_sums sums = { .cost = -1, .tokens = -1 };
	cJSON *root = json_parse(json, len);
	if (cJSON_IsArray(root))
		cJSON_ArrayForEach (o, root) {
			sums.messages++;
			if (!oc_parse_message_of(oc_parse_get(o, "info"), &m) ||
			    m.role != OC_ROLE_ASSISTANT)
				continue;
			if (m.cost >= 0)
				sums.cost = (sums.cost < 0 ? 0 : sums.cost) + m.cost;
			if (m.tokens >= 0)
				sums.tokens = (sums.tokens < 0 ? 0 : sums.tokens) + m.tokens;
			if (m.reasoning > 0)
				sums.reasoning += m.reasoning;
			memcpy(sums.last, m.id, sizeof(sums.last));
		}
	cJSON_Delete(root);
	return sums;
}

char *oc_parse_command(const char *json, size_t len, const char *call)
{
	const cJSON *message, *part;
	char *found = NULL;
	cJSON *root = json_parse(json, len);
	cJSON_ArrayForEach (message, root)
		cJSON_ArrayForEach (part, oc_parse_get(message, "parts")) {
			const char *id = oc_parse_text(part, "callID"),
				   *command = oc_parse_text(oc_parse_get(oc_parse_get(part,
			                                                              "state"),
			                                                 "input"),
			                                    "command");
			if (id && command && !strcmp(id, call)) {
				free(found);
				found = xstrdup(command);
			}
		}
	cJSON_Delete(root);
	return found;
}

/* --- events -------------------------------------------------------------- */

static const struct event_name {
	const char *name;
	enum oc_event_type type;
} event_names[] = {
	{ "server.connected", OC_CONNECTED },
	{ "server.heartbeat", OC_HEARTBEAT },
	{ "session.created", OC_SESSION_UPDATED },
	{ "session.updated", OC_SESSION_UPDATED },
	{ "session.deleted", OC_SESSION_DELETED },
	{ "session.status", OC_STATUS },
	{ "session.idle", OC_IDLE },
	{ "session.error", OC_ERROR },
	{ "session.compacted", OC_COMPACTED },
	{ "message.updated", OC_MESSAGE },
	{ "message.removed", OC_MESSAGE_REMOVED },
	{ "message.part.updated", OC_PART },
	{ "message.part.delta", OC_DELTA },
	{ "permission.asked", OC_ASKED },
	{ "permission.updated", OC_ASKED },
	{ "question.asked", OC_ASKED },
	{ "permission.replied", OC_REPLIED },
	{ "question.replied", OC_REPLIED },
	{ "question.rejected", OC_REPLIED },
	{ "server.instance.disposed", OC_DISPOSED },
	{ "todo.updated", OC_TODO },
	{ "session.diff", OC_DIFF },
};

static enum oc_event_type oc_parse_event_type(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(event_names); i++)
		if (!strcmp(event_names[i].name, name))
			return event_names[i].type;
	return OC_OTHER;
}

static void oc_parse_part_of(const cJSON *part, struct oc_event *e)
{
	const cJSON *state = oc_parse_get(part, "state");
	oc_parse_id_copy(e->part_id, oc_parse_text(part, "id"));
	oc_parse_id_copy(e->message_id, oc_parse_text(part, "messageID"));
	if (!e->session[0])
		oc_parse_id_copy(e->session, oc_parse_text(part, "sessionID"));
	e->part_type = xstrdup(oc_parse_text(part, "type"));
	e->text = xstrdup(oc_parse_text(part, "text"));
	e->tool = xstrdup(oc_parse_text(part, "tool"));
	e->tool_state = xstrdup(oc_parse_text(state, "status"));
	if (!e->text)
		e->text = xstrdup(oc_parse_text(state, "title")
		                          ? oc_parse_text(state, "title")
		                          : oc_parse_text(oc_parse_get(state, "input"), "command"));
}

static void oc_parse_properties_of(const cJSON *p, struct oc_event *e)
{
	const cJSON *info = oc_parse_get(p, "info");
	oc_parse_id_copy(e->session, oc_parse_text(p, "sessionID"));
	switch (e->type) {
	case OC_SESSION_UPDATED:
	case OC_SESSION_DELETED:
		if (!oc_parse_session_of(info, &e->info))
			e->type = OC_OTHER;
		else if (!e->session[0])
			memcpy(e->session, e->info.id, sizeof(e->session));
		break;
	case OC_STATUS:
		if (!oc_parse_status_of(oc_parse_get(p, "status"), &e->status))
			e->type = OC_OTHER;
		break;
	case OC_MESSAGE:
		if (!oc_parse_message_of(info, &e->message))
			e->type = OC_OTHER;
		else if (!e->session[0])
			memcpy(e->session, e->message.session, sizeof(e->session));
		break;
	case OC_ERROR: oc_parse_error_of(oc_parse_get(p, "error"), &e->message); break;
	case OC_PART: oc_parse_part_of(oc_parse_get(p, "part"), e); break;
	case OC_DELTA:
		oc_parse_id_copy(e->part_id, oc_parse_text(p, "partID"));
		oc_parse_id_copy(e->message_id, oc_parse_text(p, "messageID"));
		e->text = xstrdup(oc_parse_text(p, "delta"));
		break;
	case OC_ASKED:
		e->asked = oc_parse_request_of(p);
		if (!e->asked)
			e->type = OC_OTHER;
		break;
	case OC_REPLIED:
		if (!oc_parse_id_copy(e->request, oc_parse_text(p, "requestID")))
			oc_parse_id_copy(e->request, oc_parse_text(p, "permissionID"));
		break;
	case OC_DISPOSED:
		if (oc_parse_text(p, "directory"))
			xreplace(&e->directory, oc_parse_text(p, "directory"));
		break;
	default: break;
	}
}

bool oc_parse_event(const char *json, size_t len, struct oc_event *e)
{
	*e = (struct oc_event){ 0 };
	cJSON *root = json_parse(json, len);
	if (!cJSON_IsObject(root)) {
		cJSON_Delete(root);
		return false;
	}
	const cJSON *payload = cJSON_IsObject(oc_parse_get(root, "payload"))
	                               ? oc_parse_get(root, "payload")
	                               : root;
	e->directory = xstrdup(oc_parse_text(root, "directory"));
	oc_parse_id_copy(e->id, oc_parse_text(payload, "id"));
	e->type = oc_parse_event_type(oc_parse_text(payload, "type"));
	oc_parse_properties_of(oc_parse_get(payload, "properties"), e);
	cJSON_Delete(root);
	return true;
}

void oc_event_free(struct oc_event *e)
{
	oc_session_free(&e->info);
	request_free(e->asked);
	free(e->directory);
	free(e->part_type);
	free(e->text);
	free(e->tool);
	free(e->tool_state);
	*e = (struct oc_event){ 0 };
}

/* --- health, lists, errors ------------------------------------------------ */

bool oc_parse_health(const char *json, size_t len, char *version, size_t size)
{
	cJSON *root = json_parse(json, len);
	const char *v = oc_parse_text(root, "version");
	oc_parse_washed(version, size, v ? v : "");
	cJSON_Delete(root);
	return v != NULL;
}

bool oc_reduce_models(const char *json, size_t len, struct buf *out)
{
	const cJSON *p, *m;
	cJSON *root = json_parse(json, len);
	bool good = cJSON_IsArray(oc_parse_get(root, "providers"));
	cJSON_ArrayForEach (p, oc_parse_get(root, "providers"))
		cJSON_ArrayForEach (m, oc_parse_get(p, "models")) {
			char provider[64], model[128];
			oc_parse_washed(provider, sizeof(provider), oc_parse_text(p, "id"));
			oc_parse_washed(model, sizeof(model), m->string);
			if (provider[0] && model[0])
				buf_addf(out, "%s/%s\t%lld\n", provider, model,
				         (long long)oc_parse_whole(oc_parse_get(m, "limit"),
				                                   "context", 0));
		}
	cJSON_Delete(root);
	return good;
}

bool oc_reduce_names(const char *json, size_t len, struct buf *out)
{
	const cJSON *o;
	cJSON *root = json_parse(json, len);
	bool good = cJSON_IsArray(root);
	if (good)
		cJSON_ArrayForEach (o, root) {
			char name[96];
			const char *mode = oc_parse_text(o, "mode");
			oc_parse_washed(name, sizeof(name), oc_parse_text(o, "name"));
			if (name[0] && !cJSON_IsTrue(oc_parse_get(o, "hidden")) &&
			    (!mode || strcmp(mode, "subagent") != 0))
				buf_addf(out, "%s\n", name);
		}
	cJSON_Delete(root);
	return good;
}

bool oc_parse_projects(const char *json, size_t len, struct buf *out)
{
	const cJSON *o;
	cJSON *root = json_parse(json, len);
	bool good = cJSON_IsArray(root);
	if (good)
		cJSON_ArrayForEach (o, root) {
			const char *id = oc_parse_text(o, "id"),
				   *tree = oc_parse_text(o, "worktree");
			bool global = id && !strcmp(id, "global");
			if (global)
				tree = "/";
			if (tree && !strchr(tree, '\n'))
				buf_addf(out, "%s\n", tree);
		}
	cJSON_Delete(root);
	return good;
}
