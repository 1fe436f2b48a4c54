/* oc_parse.c: see oc_parse.h. */
#include "backends/sessions/oc_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"

/* --- small things ------------------------------------------------------------------------------------------ */

static const cJSON *get(const cJSON *o, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(o, name);
}

static const char *text(const cJSON *o, const char *name)
{
	const cJSON *v = get(o, name);
	return cJSON_IsString(v) ? v->valuestring : NULL;
}

static double number(const cJSON *o, const char *name, double otherwise)
{
	const cJSON *v = get(o, name);
	return cJSON_IsNumber(v) ? v->valuedouble : otherwise;
}

/* A number that came from outside may be anything; what no clock or counter can say is unknown. */
static int64_t whole(const cJSON *o, const char *name, int64_t otherwise)
{
	double d = number(o, name, -1);
	return d >= 0 && d < 9e15 ? (int64_t)d : otherwise;
}

static bool id_copy(char *out, const char *id)
{
	size_t n = id ? strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") : 0;
	out[0] = '\0';
	if (!n || n >= SESSION_ID_SIZE || id[n] || id[0] == '.' || id[0] == '-')
		return false;
	memcpy(out, id, n + 1);
	return true;
}

static void washed(char *out, size_t size, const char *s)
{
	wash(out, size, s, s ? strlen(s) : 0);
}

static cJSON *parse(const char *json, size_t len, struct err *err)
{
	cJSON *root = json_parse(json, len);
	if (!root)
		err_set(err, ERR_GARBLED, "the answer is not JSON: %.80s", len ? json : "(empty)");
	return root;
}

/* --- sessions ------------------------------------------------------------------------------------------------ */

static int64_t sum_tokens(const cJSON *t)
{
	const cJSON *cache = get(t, "cache");
	if (!cJSON_IsObject(t))
		return -1;
	return whole(t, "input", 0) + whole(t, "output", 0) + whole(t, "reasoning", 0) + whole(cache, "read", 0) +
	       whole(cache, "write", 0);
}

static bool session_of(const cJSON *o, struct oc_session *s)
{
	const cJSON *time = get(o, "time"), *model = get(o, "model");
	*s = (struct oc_session){ .cost = -1, .tokens = -1 };
	if (!cJSON_IsObject(o) || !id_copy(s->id, text(o, "id")))
		return false;
	id_copy(s->parent, text(o, "parentID"));
	s->directory = xstrdup(text(o, "directory"));
	s->title = xstrdup(text(o, "title"));
	s->agent = xstrdup(text(o, "agent"));
	s->model = xstrdup(text(model, "id"));
	s->provider = xstrdup(text(model, "providerID"));
	s->share = xstrdup(text(get(o, "share"), "url"));
	s->reverted = cJSON_IsObject(get(o, "revert"));
	s->created_ms = whole(time, "created", 0);
	s->updated_ms = whole(time, "updated", s->created_ms);
	s->archived_ms = whole(time, "archived", 0);
	s->cost = number(o, "cost", -1);
	s->tokens = sum_tokens(get(o, "tokens"));
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
	cJSON *root = parse(json, len, err);
	if (!root)
		return false;
	if (!cJSON_IsArray(root) && !text(root, "id")) {
		cJSON_Delete(root);
		return err_set(err, ERR_GARBLED, "the answer is no list of sessions");
	}
	int n = cJSON_IsArray(root) ? cJSON_GetArraySize(root) : 1;
	out->left_out = n > OC_SESSIONS_MAX ? (size_t)n - OC_SESSIONS_MAX : 0;
	n = n > OC_SESSIONS_MAX ? OC_SESSIONS_MAX : n;
	out->v = xcalloc((size_t)n + 1, sizeof(*out->v));
	if (cJSON_IsArray(root)) {
		cJSON_ArrayForEach(o, root)
			if (out->n < (size_t)n && session_of(o, &out->v[out->n]))
				out->n++;
	} else if (session_of(root, &out->v[0])) {
		out->n = 1;
	}
	cJSON_Delete(root);
	return true;
}

static bool stored_of(const cJSON *o, struct oc_session *s)
{
	*s = (struct oc_session){ .cost = number(o, "cost", -1), .tokens = whole(o, "tokens", -1) };
	if (!id_copy(s->id, text(o, "id")))
		return false;
	id_copy(s->parent, text(o, "parent"));
	s->directory = xstrdup(text(o, "directory"));
	s->title = xstrdup(text(o, "title"));
	s->created_ms = whole(o, "created", 0);
	s->updated_ms = whole(o, "updated", s->created_ms);
	s->archived_ms = whole(o, "archived", 0);
	return true;
}

bool oc_parse_stored(const char *json, size_t len, struct oc_sessions *out, struct err *err)
{
	const cJSON *o;
	*out = (struct oc_sessions){ 0 };
	cJSON *root = parse(json, len, err);
	int n = cJSON_IsArray(root) ? cJSON_GetArraySize(root) : -1;
	out->left_out = n > OC_SESSIONS_MAX ? (size_t)n - OC_SESSIONS_MAX : 0;
	n = n > OC_SESSIONS_MAX ? OC_SESSIONS_MAX : n;
	out->v = n >= 0 ? xcalloc((size_t)n + 1, sizeof(*out->v)) : NULL;
	cJSON_ArrayForEach(o, root)
		if (n > 0 && out->n < (size_t)n && stored_of(o, &out->v[out->n]))
			out->n++;
	cJSON_Delete(root);
	return n >= 0 || err_set(err, ERR_GARBLED, "the database's answer is no list");
}

/* --- status ---------------------------------------------------------------------------------------------------- */

static bool status_of(const cJSON *o, struct oc_status *s)
{
	static const char *const names[] = { [OC_RUN_IDLE] = "idle", [OC_RUN_BUSY] = "busy", [OC_RUN_RETRY] = "retry" };
	const char *type = text(o, "type");
	*s = (struct oc_status){ 0 };
	if (!type)
		return false;
	s->run = OC_RUN_BUSY;                 /* one we do not know yet is some kind of work */
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i], type))
			s->run = (enum oc_run)i;
	s->attempt = (int)(whole(o, "attempt", 0) % 1000000);
	s->next_ms = whole(o, "next", 0);
	washed(s->message, sizeof(s->message), text(o, "message"));
	return true;
}

bool oc_parse_statuses(const char *json, size_t len, oc_status_fn *fn, void *arg, struct err *err)
{
	const cJSON *o;
	char id[SESSION_ID_SIZE];
	struct oc_status s;
	cJSON *root = parse(json, len, err);
	if (!root)
		return false;
	bool good = cJSON_IsObject(root);
	if (good)
		cJSON_ArrayForEach(o, root)
			if (id_copy(id, o->string) && status_of(o, &s))
				fn(id, &s, arg);
	cJSON_Delete(root);
	return good || err_set(err, ERR_GARBLED, "the answer is no table of statuses");
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

/* The strings of an array, one a line. */
static char *lines_of(const cJSON *array)
{
	struct buf b;
	const cJSON *o;
	buf_init(&b, 256u << 10);
	cJSON_ArrayForEach(o, array)
		if (cJSON_IsString(o))
			buf_addf(&b, "%s%s", b.len ? "\n" : "", o->valuestring);
	char *s = b.len ? xstrdup(b.data) : NULL;
	buf_finish(&b);
	return s;
}

/* The old dialect tells no command: its patterns are all there is. */
static void permission_of(const cJSON *o, struct request *r)
{
	static const char *const tells[] = { "command", "url", "filepath", "filePath", "path" };
	const cJSON *meta = get(o, "metadata");
	r->tool = xstrdup(text(o, "permission") ? text(o, "permission") : text(o, "type"));
	r->always = lines_of(get(o, "always"));
	r->diff = xstrdup(text(meta, "diff"));
	for (size_t i = 0; i < ARRAY_LEN(tells) && !r->what; i++)
		r->what = xstrdup(text(meta, tells[i]));
	r->by_patterns = !r->what && !r->diff;
	if (!r->what)
		r->what = lines_of(get(o, "patterns"));
	if (!r->tool)
		r->tool = xstrdup("something");
}

#define QUESTIONS_MAX 20
#define OPTIONS_MAX 50

static void question_of(const cJSON *o, struct question *q)
{
	const cJSON *options = get(o, "options"), *p;
	int n = cJSON_GetArraySize(options);
	q->text = xstrdup(text(o, "question") ? text(o, "question") : "");
	q->header = xstrdup(text(o, "header"));
	q->multiple = cJSON_IsTrue(get(o, "multiple"));
	q->custom = !cJSON_IsFalse(get(o, "custom"));
	q->options = xcalloc((size_t)(n > 0 ? n : 0) + 1, sizeof(*q->options));
	cJSON_ArrayForEach(p, options)
		if (q->n_options < OPTIONS_MAX && text(p, "label")) {
			q->options[q->n_options].label = xstrdup(text(p, "label"));
			q->options[q->n_options++].description = xstrdup(text(p, "description"));
		}
}

static void questions_of(const cJSON *o, struct request *r)
{
	const cJSON *list = get(o, "questions"), *q;
	int n = cJSON_GetArraySize(list);
	r->questions = xcalloc((size_t)(n > 0 ? n : 0) + 1, sizeof(*r->questions));
	cJSON_ArrayForEach(q, list)
		if (r->n_questions < QUESTIONS_MAX)
			question_of(q, &r->questions[r->n_questions++]);
}

static struct request *request_of(const cJSON *o)
{
	struct request *r = xcalloc(1, sizeof(*r));
	if (!cJSON_IsObject(o) || !id_copy(r->id, text(o, "id")) || !id_copy(r->session, text(o, "sessionID"))) {
		free(r);
		return NULL;
	}
	id_copy(r->call, text(get(o, "tool"), "callID"));
	r->is_question = cJSON_IsArray(get(o, "questions"));
	if (r->is_question)
		questions_of(o, r);
	else
		permission_of(o, r);
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
		}
		free(q->options);
		free(q->text);
		free(q->header);
	}
	free(r->questions);
	free(r->tool);
	free(r->what);
	free(r->diff);
	free(r->always);
	free(r);
}

bool oc_parse_requests(const char *json, size_t len, bool questions, struct request **out, struct err *err)
{
	const cJSON *o;
	struct request **end = out;
	size_t n = 0;
	*out = NULL;
	cJSON *root = parse(json, len, err);
	if (!root)
		return false;
	bool good = cJSON_IsArray(root);
	if (good)
		cJSON_ArrayForEach(o, root) {
			struct request *r = n < OC_REQUESTS_MAX ? request_of(o) : NULL;
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
	return good || err_set(err, ERR_GARBLED, "the answer is no list of requests");
}

/* --- messages ------------------------------------------------------------------------------------------------------ */

static void error_of(const cJSON *error, struct oc_message *m)
{
	const cJSON *data = get(error, "data");
	const char *words = text(data, "message");
	if (!cJSON_IsObject(error))
		return;
	washed(m->error, sizeof(m->error), text(error, "name") ? text(error, "name") : "Error");
	washed(m->words, sizeof(m->words), words ? words : text(error, "message") ? text(error, "message") : m->error);
}

static bool message_of(const cJSON *o, struct oc_message *m)
{
	const cJSON *time = get(o, "time"), *tokens = get(o, "tokens"), *model = get(o, "model");
	const char *role = text(o, "role");
	*m = (struct oc_message){ .cost = -1, .context = -1, .tokens = -1 };
	if (!role || !id_copy(m->id, text(o, "id")))
		return false;
	id_copy(m->session, text(o, "sessionID"));
	m->role = !strcmp(role, "user") ? OC_ROLE_USER : !strcmp(role, "assistant") ? OC_ROLE_ASSISTANT : OC_ROLE_NONE;
	m->created_ms = whole(time, "created", 0);
	m->completed_ms = whole(time, "completed", 0);
	m->completed = cJSON_IsNumber(get(time, "completed"));
	error_of(get(o, "error"), m);
	washed(m->agent, sizeof(m->agent), text(o, "agent"));
	washed(m->model, sizeof(m->model), text(o, "modelID") ? text(o, "modelID") : text(model, "modelID"));
	washed(m->provider, sizeof(m->provider), text(o, "providerID") ? text(o, "providerID") : text(model, "providerID"));
	m->cost = number(o, "cost", -1);
	m->tokens = sum_tokens(tokens);
	m->reasoning = whole(tokens, "reasoning", 0);
	if (m->tokens > 0)
		m->context = m->tokens - m->reasoning;
	return m->role != OC_ROLE_NONE;
}

static bool id_time(const char *id, uint64_t *time)
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
	if (!id_time(a, &x) || !id_time(b, &y) || x == y)
		return strcmp(a, b);
	return ((x - y) & 0xffffffffffff) < 1ull << 47 ? 1 : -1;
}

bool oc_message_over(const struct oc_message *m)
{
	return m->role == OC_ROLE_ASSISTANT && (m->completed || m->error[0]);
}

bool oc_parse_last(const char *json, size_t len, struct oc_message *m, struct err *err)
{
	*m = (struct oc_message){ .cost = -1, .context = -1, .tokens = -1 };
	cJSON *root = parse(json, len, err);
	if (!root)
		return false;
	bool good = cJSON_IsArray(root);
	int n = good ? cJSON_GetArraySize(root) : 0;
	const cJSON *last = n > 0 ? get(cJSON_GetArrayItem(root, n - 1), "info") : NULL;
	if (last)
		good = message_of(last, m);
	cJSON_Delete(root);
	return good || err_set(err, ERR_GARBLED, "the answer is no list of messages");
}

struct oc_sums oc_parse_sums(const char *json, size_t len)
{
	const cJSON *o;
	struct oc_message m;
	struct oc_sums sums = { .cost = -1, .tokens = -1 };
	cJSON *root = json_parse(json, len);
	if (cJSON_IsArray(root))
		cJSON_ArrayForEach(o, root) {
			sums.messages++;
			if (!message_of(get(o, "info"), &m) || m.role != OC_ROLE_ASSISTANT)
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
	cJSON_ArrayForEach(message, root)
		cJSON_ArrayForEach(part, get(message, "parts")) {
			const char *id = text(part, "callID"), *command = text(get(get(part, "state"), "input"), "command");
			if (id && command && !strcmp(id, call)) {
				free(found);
				found = xstrdup(command);
			}
		}
	cJSON_Delete(root);
	return found;
}

/* --- events ---------------------------------------------------------------------------------------------------------- */

static const struct event_name {
	const char *name;
	enum oc_event_type type;
} event_names[] = {
	{ "server.connected", OC_CONNECTED }, { "server.heartbeat", OC_HEARTBEAT }, { "session.created", OC_SESSION_UPDATED },
	{ "session.updated", OC_SESSION_UPDATED }, { "session.deleted", OC_SESSION_DELETED }, { "session.status", OC_STATUS },
	{ "session.idle", OC_IDLE }, { "session.error", OC_ERROR }, { "session.compacted", OC_COMPACTED },
	{ "message.updated", OC_MESSAGE }, { "message.removed", OC_MESSAGE_REMOVED }, { "message.part.updated", OC_PART },
	{ "message.part.delta", OC_DELTA }, { "permission.asked", OC_ASKED }, { "permission.updated", OC_ASKED },
	{ "question.asked", OC_ASKED }, { "permission.replied", OC_REPLIED }, { "question.replied", OC_REPLIED },
	{ "question.rejected", OC_REPLIED }, { "server.instance.disposed", OC_DISPOSED }, { "todo.updated", OC_TODO },
	{ "session.diff", OC_DIFF },
};

static enum oc_event_type event_type(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(event_names); i++)
		if (!strcmp(event_names[i].name, name))
			return event_names[i].type;
	return OC_OTHER;
}

static void part_of(const cJSON *part, struct oc_event *e)
{
	const cJSON *state = get(part, "state");
	id_copy(e->part_id, text(part, "id"));
	id_copy(e->message_id, text(part, "messageID"));
	if (!e->session[0])
		id_copy(e->session, text(part, "sessionID"));
	e->part_type = xstrdup(text(part, "type"));
	e->text = xstrdup(text(part, "text"));
	e->tool = xstrdup(text(part, "tool"));
	e->tool_state = xstrdup(text(state, "status"));
	if (!e->text)
		e->text = xstrdup(text(state, "title") ? text(state, "title") : text(get(state, "input"), "command"));
}

static void properties_of(const cJSON *p, struct oc_event *e)
{
	const cJSON *info = get(p, "info");
	id_copy(e->session, text(p, "sessionID"));
	switch (e->type) {
	case OC_SESSION_UPDATED: case OC_SESSION_DELETED:
		if (!session_of(info, &e->info))
			e->type = OC_OTHER;
		else if (!e->session[0])
			memcpy(e->session, e->info.id, sizeof(e->session));
		break;
	case OC_STATUS:
		if (!status_of(get(p, "status"), &e->status))
			e->type = OC_OTHER;
		break;
	case OC_MESSAGE:
		if (!message_of(info, &e->message))
			e->type = OC_OTHER;
		else if (!e->session[0])
			memcpy(e->session, e->message.session, sizeof(e->session));
		break;
	case OC_ERROR:
		error_of(get(p, "error"), &e->message);
		break;
	case OC_PART:
		part_of(get(p, "part"), e);
		break;
	case OC_DELTA:
		id_copy(e->part_id, text(p, "partID"));
		id_copy(e->message_id, text(p, "messageID"));
		e->text = xstrdup(text(p, "delta"));
		break;
	case OC_ASKED:
		e->asked = request_of(p);
		if (!e->asked)
			e->type = OC_OTHER;
		break;
	case OC_REPLIED:
		if (!id_copy(e->request, text(p, "requestID")))
			id_copy(e->request, text(p, "permissionID"));
		break;
	case OC_DISPOSED:
		if (text(p, "directory"))
			xreplace(&e->directory, text(p, "directory"));
		break;
	default:
		break;
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
	const cJSON *payload = cJSON_IsObject(get(root, "payload")) ? get(root, "payload") : root;
	e->directory = xstrdup(text(root, "directory"));
	id_copy(e->id, text(payload, "id"));
	e->type = event_type(text(payload, "type"));
	properties_of(get(payload, "properties"), e);
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

/* --- the rest ---------------------------------------------------------------------------------------------------------- */

bool oc_parse_health(const char *json, size_t len, char *version, size_t size)
{
	cJSON *root = json_parse(json, len);
	const char *v = text(root, "version");
	washed(version, size, v ? v : "");
	cJSON_Delete(root);
	return v != NULL;
}

bool oc_reduce_models(const char *json, size_t len, struct buf *out)
{
	const cJSON *p, *m;
	cJSON *root = json_parse(json, len);
	bool good = cJSON_IsArray(get(root, "providers"));
	cJSON_ArrayForEach(p, get(root, "providers"))
		cJSON_ArrayForEach(m, get(p, "models")) {
			char provider[64], model[128];
			washed(provider, sizeof(provider), text(p, "id"));
			washed(model, sizeof(model), m->string);
			if (provider[0] && model[0])
				buf_addf(out, "%s/%s\t%lld\n", provider, model, (long long)whole(get(m, "limit"), "context", 0));
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
		cJSON_ArrayForEach(o, root) {
			char name[96];
			const char *mode = text(o, "mode");
			washed(name, sizeof(name), text(o, "name"));
			if (name[0] && !cJSON_IsTrue(get(o, "hidden")) && (!mode || strcmp(mode, "subagent") != 0))
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
		cJSON_ArrayForEach(o, root) {
			const char *id = text(o, "id"), *tree = text(o, "worktree");
			bool global = id && !strcmp(id, "global");
			if ((global || tree) && !strchr(global ? "/" : tree, '\n'))
				buf_addf(out, "%s\n", global ? "/" : tree);
		}
	cJSON_Delete(root);
	return good;
}

const char *oc_words(char *buf, size_t size, int status, const char *body, size_t len)
{
	cJSON *root = json_parse(body, len);
	const char *words = text(get(root, "data"), "message");
	if (!words)
		words = text(root, "message");
	if (!words)
		words = text(cJSON_GetArrayItem(get(root, "error"), 0), "message");
	if (!words)
		words = text(root, "name");
	if (words)
		washed(buf, size, words);
	else
		snprintf(buf, size, "it answered %d", status);
	cJSON_Delete(root);
	return buf;
}
