/* openclaw_parse.c: see openclaw_parse.h. */
#include "backends/systems/openclaw_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"
#include "backends/base/wash.h"
#include "backends/link/ws.h"

#define HEAD_MAX (16u << 10)
#define MESSAGE_MAX (4u << 20)
#define REQUESTS 4
#define COMMAND_MAX 4000 /* bytes of a command that are kept; a longer one ends in U+2026 */

/* What a round asks. */
static const char *const asks[REQUESTS][2] = { { "sessions", "sessions.list" },
	                                       { "agents", "agents.list" },
	                                       { "cost", "usage.cost" },
	                                       { "approvals", "exec.approval.list" } };

struct claw_talk {
	enum { CLAW_HEAD, CLAW_CHALLENGE, CLAW_HELLO, CLAW_ASKED } at;
	struct ws_frames *frames;
	struct buf message; /* of the JSON text that comes */
	size_t depth;       /* of its brackets */
	enum { CLAW_PLAIN, CLAW_QUOTED, CLAW_ESCAPED } quoting;
	size_t waiting; /* requests without an answer */
	cJSON *report;
	/* while bytes are heard */
	const struct wire_login *login;
	struct buf *out;
	struct err *err;
	enum wire_next next;
};

/* --- sending ---------------------------------------------------------------- */

static void claw_request(struct claw_talk *t, const char *id, const char *method, cJSON *params)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "type", "req");
	cJSON_AddStringToObject(o, "id", id);
	cJSON_AddStringToObject(o, "method", method);
	cJSON_AddItemToObject(o, "params", params);
	char *text = cJSON_PrintUnformatted(o);
	ws_text(t->out, text, strlen(text));
	wipe(text, strlen(text)); /* connect has the token */
	free(text);
	const cJSON *token = vj_get(vj_get(params, "auth", NULL), "token", NULL);
	if (token)
		wipe(token->valuestring, strlen(token->valuestring));
	cJSON_Delete(o);
}

/* The gateway keeps the scopes of a client without a device only for "gateway-client" in mode
 * "backend" at a loopback address (docs/gateway/protocol/handshake.md of OpenClaw 2026.9.6). Every
 * other client gets "missing scope" for whatever it asks, seen on 2026.9.6. */
static void claw_connect(struct claw_talk *t)
{
	cJSON *p = cJSON_CreateObject();
	cJSON_AddNumberToObject(p, "minProtocol", 3);
	cJSON_AddNumberToObject(p, "maxProtocol", 4);
	cJSON *client = cJSON_AddObjectToObject(p, "client");
	cJSON_AddStringToObject(client, "id", "gateway-client");
	cJSON_AddStringToObject(client, "version", "1.0.0");
	cJSON_AddStringToObject(client, "platform", "linux");
	cJSON_AddStringToObject(client, "mode", "backend");
	cJSON_AddStringToObject(p, "role", "operator");
	cJSON *scopes = cJSON_AddArrayToObject(p, "scopes");
	cJSON_AddItemToArray(scopes, cJSON_CreateString("operator.read"));
	cJSON_AddItemToArray(scopes, cJSON_CreateString("operator.write"));
	cJSON_AddItemToArray(scopes, cJSON_CreateString("operator.approvals"));
	/* without it the gateway lists only what this client asked for itself */
	cJSON_AddItemToArray(scopes, cJSON_CreateString("operator.admin"));
	if (t->login->password) {
		cJSON *auth = cJSON_AddObjectToObject(p, "auth");
		cJSON_AddStringToObject(auth, "token", t->login->password);
	}
	claw_request(t, "connect", "connect", p);
	t->at = CLAW_HELLO;
}

static void claw_fail(struct claw_talk *t, enum wire_next how, enum err_code code, const char *text)
{
	if (t->next != WIRE_MORE)
		return;
	t->next = how;
	err_set(t->err, code, "%s", text);
}

/* An old gateway names no methods: then all are tried. */
static bool claw_has(const cJSON *methods, const char *method)
{
	const cJSON *m = cJSON_IsArray(methods) ? methods->child : NULL;
	if (!m)
		return true;
	for (; m; m = m->next)
		if (cJSON_IsString(m) && !strcmp(m->valuestring, method))
			return true;
	return false;
}

/* Sends the first line of request that the gateway has. */
static void claw_order(struct claw_talk *t, const cJSON *methods)
{
	for (const char *line = t->login->request; *line;) {
		size_t n = strcspn(line, "\n"), name = strcspn(line, "\t\n");
		char method[80];
		snprintf(method, sizeof(method), "%.*s", (int)name, line);
		if (claw_has(methods, method) && name < n) {
			cJSON *params = json_parse(line + name + 1, n - name - 1);
			claw_request(t, "order", method, params ? params : cJSON_CreateObject());
			t->waiting = 1;
			return;
		}
		line += n + (line[n] == '\n');
	}
	claw_fail(t, WIRE_FAILED, ERR_REFUSED, "this version has no method for that");
}

/* --- answers ---------------------------------------------------------------- */

static void claw_hello(struct claw_talk *t, const cJSON *payload)
{
	const cJSON *methods = vj_get(vj_get(payload, "features", NULL), "methods", NULL);
	char version[60];
	t->at = CLAW_ASKED;
	vj_text(vj_get(payload, "server", NULL), "version", NULL, version, sizeof(version));
	cJSON_AddStringToObject(t->report, "version", version);
	if (t->login->request) {
		claw_order(t, methods);
		return;
	}
	for (size_t i = 0; i < REQUESTS; i++) {
		if (!claw_has(methods, asks[i][1]))
			continue;
		claw_request(t, asks[i][0], asks[i][1], cJSON_CreateObject());
		t->waiting++;
	}
	if (!t->waiting)
		t->next = WIRE_DONE;
}

/* The refusal in words. False: it asks to come back later. */
static void claw_refused(struct claw_talk *t, const cJSON *error)
{
	char code[60], why[60], message[200], text[300];
	vj_text(error, "code", NULL, code, sizeof(code));
	vj_text(vj_get(error, "details", NULL), "code", NULL, why, sizeof(why));
	vj_text(error, "message", NULL, message, sizeof(message));
	if (!strncmp(why, "AUTH_", 5)) {
		claw_fail(t, WIRE_REFUSED, ERR_DENIED,
		          t->login->password ? "it refuses the token of password_command"
		                             : "it wants a token: password_command = a command "
		                               "that prints it");
	} else if (!strcmp(code, "UNAVAILABLE")) {
		claw_fail(t, WIRE_FAILED, ERR_REFUSED, "it still starts");
	} else if (!strcmp(why, "PROTOCOL_MISMATCH")) {
		claw_fail(t, WIRE_FAILED, ERR_REFUSED, "it speaks another protocol than 3 and 4");
	} else {
		snprintf(text, sizeof(text), "it refuses: %s", *message ? message : code);
		claw_fail(t, WIRE_FAILED, ERR_REFUSED, text);
	}
}

/* Takes only what the parser reads: labels and last words of sessions stay out. */
static cJSON *claw_kept(const char *id, const cJSON *payload)
{
	static const char *const members[] = { "key",         "model", "updatedAt",
		                               "totalTokens", "id",    "createdAtMs",
		                               "expiresAtMs", "date",  "totalCost" };
	static const char *const request[] = { "command", "cwd", "agentId" };
	const cJSON *list = payload, *cache = vj_get(payload, "cacheStatus", NULL);
	/* Until 2026.9.6 has read its files once, it says that nothing was spent (seen for half a
	 * minute). */
	if (vj_int(cache, "pendingFiles", NULL, 0) > 0 &&
	    vj_int(cache, "cachedFiles", NULL, 1) == 0)
		return cJSON_CreateNull();
	cJSON *kept = cJSON_CreateArray();
	if (!strcmp(id, "sessions") || !strcmp(id, "agents"))
		list = vj_get(payload, id, NULL);
	else if (!strcmp(id, "cost"))
		list = vj_get(payload, "daily", NULL);
	for (const cJSON *v = list ? list->child : NULL; v; v = v->next) {
		cJSON *one = cJSON_CreateObject();
		const cJSON *of = vj_get(v, "request", NULL);
		for (size_t i = 0; i < ARRAY_LEN(members); i++) {
			const cJSON *m = vj_get(v, members[i], NULL);
			if (cJSON_IsString(m) || cJSON_IsNumber(m))
				cJSON_AddItemToObject(one, members[i], cJSON_Duplicate(m, false));
		}
		for (size_t i = 0; i < ARRAY_LEN(request); i++) {
			const cJSON *m = vj_get(of, request[i], NULL);
			if (cJSON_IsString(m))
				cJSON_AddItemToObject(one, request[i], cJSON_Duplicate(m, false));
		}
		cJSON_AddItemToArray(kept, one);
	}
	return kept;
}

static void claw_answer(struct claw_talk *t, const cJSON *o)
{
	const cJSON *payload = vj_get(o, "payload", NULL), *error = vj_get(o, "error", NULL);
	char id[40], message[200];
	bool good = cJSON_IsTrue(vj_get(o, "ok", NULL));
	vj_text(o, "id", NULL, id, sizeof(id));
	if (t->at == CLAW_HELLO && !strcmp(id, "connect")) {
		if (good)
			claw_hello(t, payload);
		else
			claw_refused(t, error);
		return;
	}
	if (t->at != CLAW_ASKED || !t->waiting)
		return;
	t->waiting--;
	if (!good && t->login->request) {
		claw_refused(t, error);
	} else if (!good) {
		vj_text(error, "message", NULL, message, sizeof(message));
		if (!vj_get(t->report, "lacks", NULL))
			cJSON_AddStringToObject(t->report, "lacks", message);
	} else if (!t->login->request) {
		cJSON_AddItemToObject(t->report, id, claw_kept(id, payload));
	} else {
		char status[60];
		vj_text(payload, "status", NULL, status, sizeof(status));
		cJSON_AddStringToObject(t->report, "status", status);
	}
	if (!t->waiting && t->next == WIRE_MORE)
		t->next = WIRE_DONE;
}

static void claw_message(struct claw_talk *t)
{
	cJSON *o = json_parse(t->message.data, t->message.len);
	char type[20], event[60];
	vj_text(o, "type", NULL, type, sizeof(type));
	vj_text(o, "event", NULL, event, sizeof(event));
	if (!o)
		claw_fail(t, WIRE_FAILED, ERR_GARBLED, "a message of it is not JSON");
	else if (t->at == CLAW_CHALLENGE && !strcmp(event, "connect.challenge"))
		claw_connect(t);
	else if (!strcmp(type, "res"))
		claw_answer(t, o);
	cJSON_Delete(o);
	buf_clear(&t->message);
}

/* A message is one JSON object: it is whole when its brackets are closed. */
static void claw_on_data(const char *bytes, size_t len, void *arg)
{
	struct claw_talk *t = arg;
	for (size_t i = 0; i < len && t->next == WIRE_MORE; i++) {
		char c = bytes[i];
		if (!buf_add(&t->message, &c, 1))
			claw_fail(t, WIRE_FAILED, ERR_TOO_BIG, "a message of it has no end");
		if (t->quoting == CLAW_ESCAPED) {
			t->quoting = CLAW_QUOTED;
		} else if (t->quoting == CLAW_QUOTED) {
			if (c == '\\')
				t->quoting = CLAW_ESCAPED;
			else if (c == '"')
				t->quoting = CLAW_PLAIN;
		} else if (c == '"') {
			t->quoting = CLAW_QUOTED;
		} else if (c == '{' || c == '[') {
			t->depth++;
		} else if (c == '}' || c == ']') {
			t->depth -= t->depth > 0;
			if (!t->depth)
				claw_message(t);
		}
	}
}

static void claw_on_send(const char *bytes, size_t len, void *arg)
{
	buf_add(((struct claw_talk *)arg)->out, bytes, len);
}

static void claw_on_close(unsigned code, const char *reason, size_t len, void *arg)
{
	char clean[120], text[200];
	wash(clean, sizeof(clean), reason, len);
	snprintf(text, sizeof(text), "it closed the connection with code %u%s%s", code,
	         *clean ? ": " : "", clean);
	claw_fail(arg, WIRE_FAILED, ERR_LOST, text);
}

/* --- the exchange ------------------------------------------------------------ */

static void claw_begin(void *state, const struct wire_login *login, struct buf *out)
{
	struct claw_talk *t = state;
	char key[25];
	buf_init(&t->message, MESSAGE_MAX);
	t->report = cJSON_CreateObject();
	ws_make_key(key);
	buf_addf(out,
	         "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: "
	         "Upgrade\r\n"
	         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n",
	         key);
}

static enum wire_next claw_heard(void *state, const struct wire_login *login, const char *bytes,
                                 size_t len, size_t *used, struct buf *out, struct err *err)
{
	static const struct ws_frames_events events = { claw_on_data, claw_on_send, claw_on_close };
	struct claw_talk *t = state;
	t->login = login;
	t->out = out;
	t->err = err;
	t->next = WIRE_MORE;
	*used = 0;
	if (t->at == CLAW_HEAD) {
		const char *end = memmem(bytes, len, "\r\n\r\n", 4);
		char line[80], text[160];
		wash(line, sizeof(line), bytes, len);
		line[strcspn(line, "\r\n")] = '\0';
		if (!end && len < HEAD_MAX)
			return WIRE_MORE;
		if (!end || strncmp(bytes, "HTTP/1.1 101 ", 13) != 0) {
			snprintf(text, sizeof(text), "it opens no WebSocket: %.40s", line);
			claw_fail(t, WIRE_FAILED, ERR_GARBLED, text);
			return t->next;
		}
		*used = (size_t)(end + 4 - bytes);
		t->at = CLAW_CHALLENGE;
		t->frames = ws_frames_create(&events, t);
	}
	if (!ws_frames_feed(t->frames, bytes + *used, len - *used))
		claw_fail(t, WIRE_FAILED, ERR_GARBLED, "it sends no WebSocket frames");
	*used = len;
	return t->next;
}

static void claw_report(const void *state, double ms, struct buf *out)
{
	const struct claw_talk *t = state;
	char *text = cJSON_PrintUnformatted(t->report);
	buf_puts(out, text);
	free(text);
}

static void claw_finish(void *state)
{
	struct claw_talk *t = state;
	ws_frames_destroy(t->frames);
	buf_finish(&t->message);
	cJSON_Delete(t->report);
}

static bool claw_is_open(const void *state)
{
	const struct claw_talk *t = state;
	return t->at == CLAW_ASKED && t->waiting;
}

const struct wire_talk openclaw_talk = {
	.scheme = "openclaw",
	.size = sizeof(struct claw_talk),
	.begin = claw_begin,
	.heard = claw_heard,
	.report = claw_report,
	.finish = claw_finish,
	.is_open = claw_is_open,
};

/* --- reading the report -------------------------------------------------------- */

/* Is the member exactly this text? Only then may an order name it. */
static bool claw_is_exact(const cJSON *o, const char *name, const char *text)
{
	const cJSON *v = vj_get(o, name, NULL);
	return cJSON_IsString(v) && !strcmp(v->valuestring, text);
}

static void claw_read_sessions(const cJSON *list, struct openclaw_facts *f)
{
	f->sessions = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : -1;
	f->listed = xcalloc(OPENCLAW_LISTED, sizeof(*f->listed));
	for (const cJSON *v = list ? list->child : NULL; v && f->n_listed < OPENCLAW_LISTED;
	     v = v->next) {
		struct openclaw_session *s = &f->listed[f->n_listed];
		if (!vj_text(v, "key", NULL, s->key, sizeof(s->key)))
			continue;
		s->exact = claw_is_exact(v, "key", s->key);
		vj_text(v, "model", NULL, s->model, sizeof(s->model));
		s->tokens = vj_int(v, "totalTokens", NULL, -1);
		s->ms = vj_int(v, "updatedAt", NULL, 0);
		f->n_listed++;
	}
}

/* Washes the text and shows its newlines. *exact becomes false if anything else was changed. The
 * caller frees. */
static char *claw_shown(const char *text, bool *exact)
{
	struct buf signs = { 0 };
	for (const char *p = text; *p; p++) {
		if (*p == '\n')
			buf_puts(&signs, "\u23ce");
		else
			buf_add(&signs, p, 1);
	}
	const char *all = signs.len ? signs.data : "";
	char *clean = wash_dup(all, COMMAND_MAX);
	if (strcmp(clean, all) != 0)
		*exact = false;
	buf_finish(&signs);
	return clean;
}

static void claw_read_approvals(const cJSON *list, struct openclaw_facts *f)
{
	f->asks_known = cJSON_IsArray(list);
	f->asked = xcalloc(OPENCLAW_LISTED, sizeof(*f->asked));
	for (const cJSON *v = list ? list->child : NULL; v && f->n_asked < OPENCLAW_LISTED;
	     v = v->next) {
		struct openclaw_approval *a = &f->asked[f->n_asked];
		if (!vj_text(v, "id", NULL, a->id, sizeof(a->id)))
			continue;
		a->exact = claw_is_exact(v, "id", a->id);
		const cJSON *whole = vj_get(v, "command", NULL), *cwd = vj_get(v, "cwd", NULL);
		bool has_cwd = cJSON_IsString(cwd) && *cwd->valuestring;
		a->command = claw_shown(cJSON_IsString(whole) ? whole->valuestring : "", &a->exact);
		char *where = claw_shown(has_cwd ? cwd->valuestring : "", &a->exact);
		if (has_cwd)
			a->shown = xasprintf("in %s: %s", where, a->command);
		else
			a->shown = xstrdup(a->command);
		free(where);
		if (!*a->command || strlen(a->shown) > OPENCLAW_SHOWN_MAX)
			a->exact = false;
		vj_text(v, "agentId", NULL, a->agent, sizeof(a->agent));
		a->made_ms = vj_int(v, "createdAtMs", NULL, 0);
		a->ends_ms = vj_int(v, "expiresAtMs", NULL, 0);
		f->n_asked++;
	}
}

bool openclaw_parse(const char *text, size_t len, const char *today, struct openclaw_facts *f,
                    struct err *err)
{
	cJSON *root = vj_read(text, len, "OpenClaw", err);
	*f = (struct openclaw_facts){ .sessions = -1, .agents = -1, .cost = -1 };
	if (!root)
		return false;
	const cJSON *agents = vj_get(root, "agents", NULL), *cost = vj_get(root, "cost", NULL);
	vj_text(root, "version", NULL, f->version, sizeof(f->version));
	vj_text(root, "lacks", NULL, f->lacks, sizeof(f->lacks));
	claw_read_sessions(vj_get(root, "sessions", NULL), f);
	claw_read_approvals(vj_get(root, "approvals", NULL), f);
	if (cJSON_IsArray(agents))
		f->agents = cJSON_GetArraySize(agents);
	if (cJSON_IsArray(cost))
		f->cost = 0;
	for (const cJSON *v = cJSON_IsArray(cost) ? cost->child : NULL; v; v = v->next) {
		const cJSON *spent = vj_get(v, "totalCost", NULL);
		char date[20];
		/* the gateway's day may be ahead of this machine's */
		if (vj_text(v, "date", NULL, date, sizeof(date)) && strcmp(date, today) >= 0 &&
		    cJSON_IsNumber(spent))
			f->cost += spent->valuedouble;
	}
	cJSON_Delete(root);
	return true;
}

void openclaw_finish(struct openclaw_facts *f)
{
	for (size_t i = 0; i < f->n_asked; i++) {
		free(f->asked[i].command);
		free(f->asked[i].shown);
	}
	free(f->listed);
	free(f->asked);
	f->listed = NULL;
	f->asked = NULL;
}

/* --- orders --------------------------------------------------------------------- */

/* One line; takes a and b as members of the parameters. */
static char *claw_line(const char *method, const char *const members[][2], size_t n)
{
	cJSON *o = cJSON_CreateObject();
	for (size_t i = 0; i < n; i++)
		cJSON_AddStringToObject(o, members[i][0], members[i][1]);
	char *text = cJSON_PrintUnformatted(o), *line = xasprintf("%s\t%s\n", method, text);
	free(text);
	cJSON_Delete(o);
	return line;
}

char *openclaw_send(const char *key, const char *message, const char *once)
{
	return claw_line("chat.send",
	                 (const char *const[][2]){ { "sessionKey", key },
	                                           { "message", message },
	                                           { "idempotencyKey", once } },
	                 3);
}

char *openclaw_abort(const char *key)
{
	char *now = claw_line("sessions.abort", (const char *const[][2]){ { "key", key } }, 1);
	char *old = claw_line("chat.abort", (const char *const[][2]){ { "sessionKey", key } }, 1);
	char *both = xasprintf("%s%s", now, old);
	free(now);
	free(old);
	return both;
}

char *openclaw_resolve(const char *id, const char *decision)
{
	return claw_line("exec.approval.resolve",
	                 (const char *const[][2]){ { "id", id }, { "decision", decision } }, 2);
}
