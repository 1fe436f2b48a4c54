/* acts.c: the orders on sessions, each a row of a table. Every call passes the session's own
 * directory, byte for byte.
 *
 * Source: OpenCode server docs (opencode.ai/docs/server); seen on 1.2.6, 1.2.11 and 1.18.33. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/quote.h"
#include "backends/base/wash.h"
#include "backends/sessions/acts.h"

#define ACT_LONG_MS 600000 /* timeout of calls that block until the model is done */
#define SEEN_TIMES 4       /* most waits for events before the session's messages are read */
#define SEEN_MESSAGES 20   /* number of newest messages searched for the prompt */
#define CONFIRM_MS 3000    /* wait for the server's event that confirms an answer */

static void act_free(struct act *a)
{
	LIST_DROP(*a->list, a);
	call_cancel(a->call);
	run_cancel(a->run);
	loop_timer_remove(a->timer);
	free(a->directory);
	free(a->prompt);
	free(a->agent);
	free(a->model);
	free(a->text);
	free(a->to);
	free(a);
}

void oc_act_end(struct act *a, const struct err *err, const char *output)
{
	struct order *order = a->order;
	act_free(a);
	order_end(order, err, output);
}

struct act *oc_act_add(struct order *order, struct oc *oc, struct act **list)
{
	struct act *a = xcalloc(1, sizeof(*a));
	*a = (struct act){ .order = order, .oc = oc, .list = list, .next = *list };
	*list = a;
	order->run = a;
	return a;
}

void oc_act_fail(struct order *order, enum err_code code, const char *words)
{
	struct err err;
	err_set(&err, code, "%s: %s", order->action->verb, words);
	order_end(order, &err, NULL);
}

/* Finds the session of an order and creates its act. On failure, ends the order and returns
 * NULL. */
struct act *oc_act_begin(struct order *order, struct ses **s)
{
	struct row *row = order_row(order);
	*s = row ? ses_of(row) : NULL;
	struct oc *oc = *s ? (*s)->home : NULL;
	if (!oc || !oc->origin || oc->state != OC_LIVE) {
		oc_act_fail(order, ERR_LOST,
		            "its OpenCode server is not reached now; nothing was sent");
		return NULL;
	}
	struct act *a = oc_act_add(order, oc, &oc->acts);
	memcpy(a->sid, (*s)->id, sizeof(a->sid));
	return a;
}

void acts_lost(struct oc *oc)
{
	while (oc->acts) {
		struct err err;
		err_set(&err, ERR_LOST,
		        "%s: the link was lost while it ran; whether it arrived is not known",
		        oc->owner->source.server->name);
		oc_act_end(oc->acts, &err, NULL);
	}
}

/* --- simple orders: one call, one answer ---------------------------------- */

static char *session_act_body_of(cJSON *o)
{
	char *text = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	return text;
}

static char *session_act_empty_body(const struct ses *s, const struct order *order)
{
	return session_act_body_of(cJSON_CreateObject());
}
static char *session_act_no_body(const struct ses *s, const struct order *order)
{
	return NULL;
}

static char *session_act_title_body(const struct ses *s, const struct order *order)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "title", order->argument ? order->argument : "");
	return session_act_body_of(o);
}

static char *session_act_archive_body(const struct ses *s, const struct order *order)
{
	cJSON *o = cJSON_CreateObject(), *time = cJSON_AddObjectToObject(o, "time");
	cJSON_AddNumberToObject(time, "archived", (double)now_wall_ms());
	return session_act_body_of(o);
}

static char *session_act_prompt_text(const char *text, const char *agent, const char *model)
{
	cJSON *o = cJSON_CreateObject(), *parts = cJSON_AddArrayToObject(o, "parts"),
	      *part = cJSON_CreateObject();
	cJSON_AddStringToObject(part, "type", "text");
	cJSON_AddStringToObject(part, "text", text);
	cJSON_AddItemToArray(parts, part);
	const char *slash = model ? strchr(model, '/') : NULL;
	if (slash) {
		cJSON *m = cJSON_AddObjectToObject(o, "model");
		char *provider = xstrndup(model, (size_t)(slash - model));
		cJSON_AddStringToObject(m, "providerID", provider);
		cJSON_AddStringToObject(m, "modelID", slash + 1);
		free(provider);
	}
	if (agent)
		cJSON_AddStringToObject(o, "agent", agent);
	return session_act_body_of(o);
}

static char *session_act_prompt_body(const struct ses *s, const struct order *order)
{
	return session_act_prompt_text(order->argument, NULL, NULL);
}

static char *session_act_command_body(const struct ses *s, const struct order *order)
{
	const char *words = order->argument + (*order->argument == '/');
	size_t n = strcspn(words, " ");
	cJSON *o = cJSON_CreateObject();
	char *name = xstrndup(words, n);
	cJSON_AddStringToObject(o, "command", name);
	cJSON_AddStringToObject(o, "arguments", words[n] ? words + n + 1 : "");
	free(name);
	return session_act_body_of(o);
}

static char *session_act_summarize_body(const struct ses *s, const struct order *order)
{
	cJSON *o = cJSON_CreateObject();
	const char *model = s->row->model ? s->row->model : "", *slash = strchr(model, '/');
	char *provider = xstrndup(model, slash ? (size_t)(slash - model) : 0);
	cJSON_AddStringToObject(o, "providerID", provider);
	cJSON_AddStringToObject(o, "modelID", slash ? slash + 1 : model);
	free(provider);
	return session_act_body_of(o);
}

/* Reverts to the newest user message of the fetched conversation. */
static char *session_act_revert_body(const struct ses *s, const struct order *order)
{
	const cJSON *m;
	cJSON *o = cJSON_CreateObject(),
	      *root = s->messages ? json_parse(s->messages, s->messages_len) : NULL;
	const char *id = "";
	cJSON_ArrayForEach (m, root) {
		const cJSON *info = cJSON_GetObjectItemCaseSensitive(m, "info");
		const cJSON *role = cJSON_GetObjectItemCaseSensitive(info, "role"),
			    *mid = cJSON_GetObjectItemCaseSensitive(info, "id");
		if (cJSON_IsString(role) && cJSON_IsString(mid) &&
		    !strcmp(role->valuestring, "user"))
			id = mid->valuestring;
	}
	cJSON_AddStringToObject(o, "messageID", id);
	cJSON_Delete(root);
	return session_act_body_of(o);
}

/* action->data of a simple order. */
struct oc_request {
	const char *method, *path; /* path after /session/ID */
	char *(*body)(const struct ses *, const struct order *);
	bool needs_words; /* the argument is required */
	bool slow;
	const char *said; /* output of the finished order */
};

static const struct oc_request *session_act_request(const struct order *order)
{
	return order->action->data;
}

/* Is the typed command in the server's list? The list is that of the server's own directory, so a
 * project may have more. */
static bool session_act_knows_command(const struct oc *oc, const char *words)
{
	words += *words == '/';
	size_t n = strcspn(words, " ");
	const char *line = oc->commands;
	while (line && *line) {
		size_t len = strcspn(line, "\n");
		if (len == n && !strncmp(line, words, n))
			return true;
		line += len + (line[len] == '\n');
	}
	return !oc->commands;
}

/* Older servers answer an unknown command with an internal error, so explain it here. */
static void session_act_say_unknown_command(const struct act *a, struct err *err)
{
	const char *words = a->order->argument;
	if (session_act_request(a->order)->body != session_act_command_body ||
	    err->code == ERR_LOST ||
	    session_act_knows_command(a->oc, words))
		return;
	struct err said = *err;
	words += *words == '/';
	err_set(err, ERR_ABSENT,
	        "/%.*s is none of the slash commands of its server (Tab lists them). %.90s",
	        (int)strcspn(words, " "), words, said.text);
}

/* A 204 for a prompt does not mean that the prompt is stored. With a locked database or a full
 * disk, the prompt is lost without an error (seen on 1.2.11 and 1.18.33). So the order waits for
 * the prompt's message in the events, or else looks for it in the session. Ids cannot show which
 * message is newer: OpenCode's own TUI makes them from the clock of its own machine. */
static bool session_act_is_of_prompt(const struct act *a, bool user, const char *id,
                                     int64_t created_ms)
{
	return user && strcmp(id, a->before) != 0 && created_ms >= a->before_ms;
}

static bool session_act_has_its_message(const struct act *a, const char *json, size_t len)
{
	const cJSON *m;
	cJSON *root = json_parse(json, len);
	bool has = false;
	cJSON_ArrayForEach (m, root) {
		const cJSON *info = cJSON_GetObjectItemCaseSensitive(m, "info"),
			    *id = cJSON_GetObjectItemCaseSensitive(info, "id");
		const cJSON *role = cJSON_GetObjectItemCaseSensitive(info, "role");
		const cJSON *created =
			cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(info,
		                                                                          "time"),
		                                         "created");
		has |= cJSON_IsString(role) && cJSON_IsString(id) && cJSON_IsNumber(created) &&
		       session_act_is_of_prompt(a, !strcmp(role->valuestring, "user"),
		                                id->valuestring,
		                                number_whole(created->valuedouble, 0));
	}
	cJSON_Delete(root);
	return has;
}

int64_t oc_seen_ms = OC_SEEN_MS;

static void session_act_looked_for_message(struct call *call, const struct reply *r, void *arg)
{
	struct act *a = arg;
	struct err err;
	const char *server = a->oc->owner->source.server->name;
	a->call = NULL;
	if (!oc_is_answer(a->oc, r, &err)) {
		struct err said = err;
		err_set(&err, ERR_TIMEOUT,
		        "OpenCode on %s took the prompt, but whether it arrived is not known; look "
		        "before you send it again. %.200s",
		        server, said.text);
		oc_act_end(a, &err, NULL);
	} else if (a->confirmed || session_act_has_its_message(a, r->body, r->len)) {
		oc_act_end(a, NULL, "sent");
	} else {
		err_set(&err, ERR_TIMEOUT,
		        "OpenCode on %s took the prompt, but its session has no such message: its "
		        "database may be locked, or its disk "
		        "full. What was typed is offered again",
		        server);
		oc_act_end(a, &err, NULL);
	}
}

/* During a snapshot events are held, and without a stream there are none. Wait longer then. */
static void session_act_on_unseen(struct loop_timer *t, void *arg)
{
	struct act *a = arg;
	struct ses *s = ses_find(a->oc->owner, a->sid);
	if ((sync_is_asked(&a->oc->sync) || !a->oc->stream) && ++a->waits < SEEN_TIMES) {
		loop_timer_set(a->timer, oc_seen_ms);
		return;
	}
	char *part = xasprintf("/session/%s/message?limit=%d", a->sid, SEEN_MESSAGES),
	     *path = s ? oc_path(s, "%s", part) : part;
	a->call = oc_call(a->oc, "GET", path, NULL, ACT_MS, 0, session_act_looked_for_message, a);
	if (path != part)
		free(path);
	free(part);
}

void acts_message_heard(struct oc *oc, const struct ses *s, const struct oc_message *m)
{
	for (struct act *a = oc->acts, *next; a; a = next) {
		next = a->next;
		if (!a->prompts || strcmp(a->sid, s->id) != 0 ||
		    !session_act_is_of_prompt(a, m->role == OC_ROLE_USER, m->id, m->created_ms))
			continue;
		if (a->call)
			a->confirmed = true;
		else
			oc_act_end(a, NULL, "sent");
	}
}

static void session_act_simple_done(struct call *call, const struct reply *r, void *arg)
{
	struct act *a = arg;
	struct err err;
	struct oc *oc = a->oc;
	a->call = NULL;
	if (!oc_is_answer(oc, r, &err)) {
		session_act_say_unknown_command(a, &err);
		oc_act_end(a, &err, NULL);
		return;
	}
	const char *said = session_act_request(a->order)->said;
	struct ses *s = ses_find(oc->owner, a->sid);
	if (a->prompts && !a->confirmed) {
		a->timer = loop_timer_add(store_loop(oc->owner->source.store), oc_seen_ms,
		                          session_act_on_unseen, a);
		return;
	}
	if (s)
		ses_want_last(s);
	oc_act_end(a, NULL, said);
}

static void session_act_simple(struct order *order)
{
	const struct oc_request *request = session_act_request(order);
	struct ses *s;
	if (request->needs_words && (!order->argument || !*order->argument)) {
		oc_act_fail(order, ERR_USAGE,
		            "it needs words, as in `mocr do prompt SERVER/session/ID \"the "
		            "text\"`");
		return;
	}
	struct act *a = oc_act_begin(order, &s);
	if (!a)
		return;
	a->prompts = request->body == session_act_prompt_body;
	if (s->last_known) {
		memcpy(a->before, s->last.id, sizeof(a->before));
		a->before_ms = s->last.created_ms;
	}
	char *path = oc_path(s, "/session/%s%s", s->id, request->path);
	char *body = request->body(s, order);
	a->call = oc_call(a->oc, request->method, path, body,
	                  request->slow ? ACT_LONG_MS : ACT_MS, 0,
	                  session_act_simple_done, a);
	free(path);
	free(body);
}

/* --- answers -------------------------------------------------------------- */

static void session_act_on_unconfirmed(struct loop_timer *t, void *arg)
{
	struct act *a = arg;
	struct ses *s = ses_find(a->oc->owner, a->sid);
	if (s && s->directory)
		oc_ask_directory(a->oc, s->directory);
	oc_act_end(a, NULL, "sent, but its server has not confirmed it yet; the row tells");
}

/* Requests disappeared: confirm the orders that answered them. */
void acts_requests_changed(struct oc *oc)
{
	for (struct act *a = oc->acts, *next; a; a = next) {
		next = a->next;
		if (!a->request[0] || oc_request_find(oc, a->request))
			continue;
		if (a->call)
			a->confirmed = true;
		else
			oc_act_end(a, NULL, "answered");
	}
}

static void session_act_answer_done(struct call *call, const struct reply *r, void *arg)
{
	struct act *a = arg;
	struct err err;
	struct ses *s = ses_find(a->oc->owner, a->sid);
	a->call = NULL;
	if (!oc_is_answer(a->oc, r, &err)) {
		if (err.code == ERR_ABSENT)
			err_set(&err, ERR_ABSENT, "it was answered elsewhere already");
		if (s && s->directory && !r->err.code)
			oc_ask_directory(a->oc, s->directory);
		oc_act_end(a, &err, NULL);
	} else if (a->confirmed || !oc_request_find(a->oc, a->request)) {
		oc_act_end(a, NULL, "answered");
	} else {
		a->timer = loop_timer_add(store_loop(a->oc->owner->source.store), CONFIRM_MS,
		                          session_act_on_unconfirmed, a);
	}
}

/* "per_... once" answers the request that the user saw. Without an id, answers the request that
 * ses_request returns. */
static const struct request *session_act_meant(const struct ses *s, const char **words)
{
	size_t n = strcspn(*words, " ");
	struct sessions *ss = s->home->owner;
	if (strncmp(*words, "per_", 4) != 0 && strncmp(*words, "que_", 4) != 0)
		return ses_request(s);
	char *id = xstrndup(*words, n);
	const struct request *r = NULL;
	for (struct oc *oc = ss->ocs; oc && !r; oc = oc->next)
		r = oc_request_find(oc, id);
	free(id);
	*words += n + strspn(*words + n, " ");
	return r;
}

static void session_act_answer(struct order *order)
{
	struct ses *s;
	struct err err;
	struct act *a = oc_act_begin(order, &s);
	if (!a)
		return;
	const char *words = order->argument ? order->argument : "";
	const struct request *r = session_act_meant(s, &words);
	struct ses *asks = r ? ses_find(a->oc->owner, r->session) : NULL;
	struct buf body;
	buf_init(&body, 1u << 20);
	if (!asks || !asks->home) {
		err_set(&err, ERR_ABSENT,
		        "it does not ask that any more: it was answered elsewhere, or stopped");
	} else if (!strcmp(words, "reject") && r->is_question) {
		buf_puts(&body, "{}");
		err_clear(&err);
	} else if (request_answers(r, words, &body, &err)) {
		err_clear(&err);
	}
	if (!body.len) {
		buf_finish(&body);
		oc_act_end(a, &err, NULL);
		return;
	}
	bool reject = r->is_question && !strcmp(words, "reject");
	char *path = oc_path(asks, "/%s/%s/%s", r->is_question ? "question" : "permission", r->id,
	                     reject ? "reject" : "reply");
	memcpy(a->request, r->id, sizeof(a->request));
	memcpy(a->sid, asks->id, sizeof(a->sid));
	a->call = oc_call(a->oc, "POST", path, body.data, ACT_MS, 0, session_act_answer_done, a);
	free(path);
	buf_finish(&body);
}

/* --- abort and delete ----------------------------------------------------- */

static void session_act_ignored(struct call *call, const struct reply *r, void *arg)
{
	(void)call;
	(void)r;
	(void)arg;
}

static bool session_act_under(const struct sessions *ss, const char *id, const char *top)
{
	for (int i = 0; i < 16; i++) {
		const struct ses *s = ses_find(ss, id);
		if (!strcmp(id, top))
			return true;
		if (!s || !s->row->parent[0])
			return false;
		id = s->row->parent;
	}
	return false;
}

static void session_act_reject_pending(struct oc *oc, const char *top)
{
	for (struct request *r = oc->requests; r; r = r->next) {
		struct ses *s = ses_find(oc->owner, r->session);
		if (!s || !session_act_under(oc->owner, r->session, top))
			continue;
		char *path = oc_path(s, "/%s/%s/%s", r->is_question ? "question" : "permission",
		                     r->id, r->is_question ? "reject" : "reply");
		oc_call(oc, "POST", path, r->is_question ? "{}" : "{\"reply\":\"reject\"}", ACT_MS,
		        0, session_act_ignored, NULL);
		free(path);
	}
}

static void session_act_delete_done(struct call *call, const struct reply *r, void *arg)
{
	struct act *a = arg;
	struct err err;
	a->call = NULL;
	bool good = oc_is_answer(a->oc, r, &err) || err.code == ERR_ABSENT;
	oc_act_end(a, good ? NULL : &err, "deleted");
}

/* action->data of session-abort and session-delete: is the session deleted then? */
static const bool only_stops = false, stops_and_deletes = true;

static bool session_act_removes(const struct order *order)
{
	return *(const bool *)order->action->data;
}

static void session_act_abort_done(struct call *call, const struct reply *r, void *arg)
{
	struct act *a = arg;
	struct err err;
	struct ses *s = ses_find(a->oc->owner, a->sid);
	bool remove = session_act_removes(a->order);
	a->call = NULL;
	if (!oc_is_answer(a->oc, r, &err)) {
		oc_act_end(a, &err, NULL);
		return;
	}
	session_act_reject_pending(a->oc, a->sid);
	if (s)
		s->stopped = true;
	if (!remove || !s) {
		oc_act_end(a, NULL, remove ? "deleted" : "stopped");
		return;
	}
	char *path = oc_path(s, "/session/%s", s->id);
	a->call = oc_call(a->oc, "DELETE", path, NULL, ACT_MS, 0, session_act_delete_done, a);
	free(path);
}

static void session_act_stop_session(struct order *order)
{
	struct ses *s;
	struct act *a = oc_act_begin(order, &s);
	if (!a)
		return;
	char *path = oc_path(s, "/session/%s/abort", s->id);
	a->call = oc_call(a->oc, "POST", path, "{}", ACT_MS, 0, session_act_abort_done, a);
	free(path);
}

/* --- a new session ------------------------------------------------------- */

static void session_act_first_prompt_done(struct call *call, const struct reply *r, void *arg)
{
	struct act *a = arg;
	struct err err;
	a->call = NULL;
	bool good = oc_is_answer(a->oc, r, &err);
	oc_act_end(a, good ? NULL : &err, "made, and its first prompt is sent");
}

static void session_act_made(struct call *call, const struct reply *r, void *arg)
{
	struct act *a = arg;
	struct err err;
	struct oc_sessions list;
	a->call = NULL;
	if (!oc_is_answer(a->oc, r, &err) || !oc_parse_sessions(r->body, r->len, &list, &err)) {
		oc_act_end(a, &err, NULL);
		return;
	}
	if (!list.n || !a->prompt) {
		oc_act_end(a, NULL, list.n ? list.v[0].id : "made");
		oc_sessions_free(&list);
		return;
	}
	struct ses like = { .directory = list.v[0].directory };
	char *path = oc_path(&like, "/session/%s/prompt_async", list.v[0].id),
	     *body = session_act_prompt_text(a->prompt, a->agent, a->model);
	a->call = oc_call(a->oc, "POST", path, body, ACT_MS, 0, session_act_first_prompt_done, a);
	free(path);
	free(body);
	oc_sessions_free(&list);
}

/* The server would accept a missing directory, and the session would work in the wrong place. */
static void session_act_directory_looked(const struct run_result *r, void *arg)
{
	struct act *a = arg;
	struct err err;
	a->run = NULL;
	if (r->end.err.code || r->end.exit_code != 0) {
		if (r->end.err.code)
			err = r->end.err;
		else
			err_set(&err, ERR_ABSENT,
			        "there is no directory %.120s on %s; nothing was made",
			        a->directory, a->oc->owner->source.server->name);
		oc_act_end(a, &err, NULL);
		return;
	}
	struct ses like = { .directory = a->directory };
	char *path = oc_path(&like, "/session");
	a->call = oc_call(a->oc, "POST", path, "{}", ACT_MS, 0, session_act_made, a);
	free(path);
}

/* Reads a path from the start of words, where a backslash escapes a blank. Drops trailing slashes,
 * because 1.2.x treats "/srv/a" and "/srv/a/" as two directories. Returns the rest of words. */
const char *act_path(const char *words, char **path)
{
	char *out = xcalloc(1, strlen(words) + 1), *o = out;
	for (; *words && *words != ' '; words++) {
		if (*words == '\\' && words[1])
			words++;
		*o++ = *words;
	}
	while (o > out + 1 && o[-1] == '/')
		o--;
	*o = '\0';
	*path = out;
	return words + strspn(words, " ");
}

/* "DIRECTORY [agent=NAME] [model=PROVIDER/MODEL] [PROMPT]" */
static void session_act_new_words(struct act *a, const char *words)
{
	size_t n;
	words = act_path(words, &a->directory);
	for (;;) {
		char **slot;
		if (!strncmp(words, "agent=", 6))
			slot = &a->agent;
		else if (!strncmp(words, "model=", 6))
			slot = &a->model;
		else
			slot = NULL;
		n = strcspn(words, " ");
		if (!slot)
			break;
		free(*slot);
		*slot = xstrndup(words + 6, n - 6);
		words += n + strspn(words + n, " ");
	}
	if (*words)
		a->prompt = xstrdup(words);
}

static void session_act_make(struct order *order)
{
	struct row *row = order_row(order);
	const struct session *r = (const struct session *)row;
	struct ses *s = row ? ses_of(row) : NULL;
	struct oc *oc;
	if (s)
		oc = s->home;
	else if (row && r->type == SESSION_SERVICE)
		oc = r->priv;
	else
		oc = NULL;
	if (!order->argument || *order->argument != '/') {
		oc_act_fail(order, ERR_USAGE,
		            "it needs a directory: \"/srv/app [agent=NAME] [model=PROVIDER/MODEL] "
		            "[PROMPT]\"");
		return;
	}
	if (!oc || !oc->origin || oc->state != OC_LIVE) {
		oc_act_fail(order, ERR_LOST,
		            "its OpenCode server is not reached now; nothing was made");
		return;
	}
	struct act *a = oc_act_add(order, oc, &oc->acts);
	session_act_new_words(a, order->argument);
	const char *argv[] = { "test", "-d", a->directory, NULL };
	char *command = quote_command(argv);
	a->run = link_run(row->server->link, command, NULL, 0, 4096, ACT_MS,
	                  session_act_directory_looked, a);
	free(command);
}

/* --- commands over the link: tmux, and the unit of a server -------------- */

static void session_act_command_done(const struct run_result *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->end.err;
	a->run = NULL;
	struct row *row = order_row(a->order);
	if (!err.code && r->end.exit_code != 0)
		err_set(&err, ERR_REFUSED, "%.200s",
		        r->err_len ? r->err_out : "it ended badly and said nothing");
	if (row)
		row->source->backend->up(row->source);
	oc_act_end(a, &err, NULL);
}

static void session_act_run_command(struct order *order, const char *command)
{
	struct row *row = order_row(order);
	struct act *a = oc_act_add(order, NULL, &sessions_of(row->source)->others_acts);
	a->run = link_run(row->server->link, command, NULL, 0, 16384, ACT_MS,
	                  session_act_command_done, a);
}

static void session_act_tmux_act(struct order *order)
{
	struct row *row = order_row(order);
	struct buf b;
	if (!row)
		return;
	buf_init(&b, 65536);
	if (others_act(row, order->action->data, order->argument, &b))
		session_act_run_command(order, b.data);
	else
		oc_act_fail(order, ERR_USAGE, "it needs words");
	buf_finish(&b);
}

static void session_act_restarted(const struct run_result *r, void *arg)
{
	session_act_command_done(r, arg);
}

static void session_act_restart(struct order *order)
{
	struct row *row = order_row(order);
	const struct session *s = (const struct session *)row;
	if (!row || !s->unit)
		return;
	bool own = ((const struct oc *)s->priv)->user_unit;
	const char *argv[] = { "systemctl", own ? "--user" : "restart", own ? "restart" : s->unit,
		               own ? s->unit : NULL, NULL };
	if (own) {
		struct buf b;
		buf_init(&b, 4096);
		buf_puts(&b, "XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}; export "
		             "XDG_RUNTIME_DIR; ");
		quote_argv(&b, argv);
		session_act_run_command(order, b.data);
		buf_finish(&b);
		return;
	}
	if (row->server->uid == 0) {
		char *command = quote_command(argv);
		session_act_run_command(order, command);
		free(command);
		return;
	}
	struct act *a = oc_act_add(order, NULL, &sessions_of(row->source)->others_acts);
	sudo_run(row->server->sudo, argv, 16384, 120000, session_act_restarted, a);
}

/* --- which actions apply -------------------------------------------------- */

static const struct session *session_act_of(const struct row *row)
{
	return (const struct session *)row;
}
static bool session_act_is_opencode(const struct row *row)
{
	return session_act_of(row)->type == SESSION_OPENCODE &&
	       session_act_of(row)->status != SESSION_NOT_SERVED;
}
static bool session_act_asks(const struct row *row)
{
	return session_request(row) != NULL;
}
static bool session_act_works(const struct row *row)
{
	return session_act_is_opencode(row) && session_act_of(row)->shown >= SESSION_BUSY &&
	       session_act_of(row)->shown != SESSION_ERROR;
}
static bool session_act_rests(const struct row *row)
{
	return session_act_is_opencode(row) && !session_act_works(row);
}
static bool session_act_not_archived(const struct row *row)
{
	return session_act_is_opencode(row) && !session_act_of(row)->archived_ms;
}
static bool session_act_shared(const struct row *row)
{
	return session_act_is_opencode(row) && ses_of(row)->share;
}
static bool session_act_not_shared(const struct row *row)
{
	return session_act_is_opencode(row) && !ses_of(row)->share;
}
static bool session_act_can_make(const struct row *row)
{
	return session_act_is_opencode(row) || session_act_of(row)->type == SESSION_SERVICE;
}
static bool session_act_can_tmux(const struct row *row)
{
	return session_act_of(row)->type == SESSION_TMUX ||
	       session_act_of(row)->type == SESSION_SERVICE;
}
static bool session_act_is_tmux(const struct row *row)
{
	return session_act_of(row)->type == SESSION_TMUX;
}
static bool session_act_has_pane(const struct row *row)
{
	return session_act_is_tmux(row) ||
	       (session_act_of(row)->type == SESSION_CLAUDE && others_pane(row));
}
static bool session_act_has_unit(const struct row *row)
{
	return session_act_of(row)->type == SESSION_SERVICE && session_act_of(row)->unit;
}
static bool session_act_reverts(const struct row *row)
{
	return session_act_rests(row) && ses_of(row)->messages;
}

static void session_act_say_share(const struct row *row, char *buf, size_t size)
{
	snprintf(buf, size,
	         "uploads the whole conversation of %.100s to OpenCode's public site, where "
	         "whoever has the link reads it",
	         row->name);
}

static void session_act_say_restart(const struct row *row, char *buf, size_t size)
{
	const struct oc *oc = session_act_of(row)->priv;
	snprintf(buf, size, "systemctl %srestart %s   (%d waiting; what runs in it is interrupted)",
	         oc->user_unit ? "--user " : "", session_act_of(row)->unit,
	         session_act_of(row)->waiting);
}

/* Returns the part of an answer that the user wrote: "per_1 reject: WHY" gives WHY, "que_1 2;words"
 * gives all after the id. A mere choice gives "": it is not worth keeping. */
static const char *session_act_answer_words(const char *argument)
{
	const char *words = strchr(argument, ' ');
	if (!words || !strcmp(words, " once") || !strcmp(words, " always") ||
	    !strcmp(words, " reject"))
		return "";
	if (!strncmp(words, " reject: ", 9))
		return words + 9;
	return words[strspn(words, " 0123456789,;")] ? words + 1 : "";
}

#define CHANGES ACTION_CHANGES
#define ASKS (ACTION_CHANGES | ACTION_CONFIRM)
#define MARKED ACTION_MARKED
#define WORDS ACTION_FREE_TEXT
#define SIMPLE(...) .run = session_act_simple, .data = &(const struct oc_request){ __VA_ARGS__ }
const struct action session_actions[] = {
	{ .name = "session-answer",
	  .verb = "reply",
	  .key = "r",
	  .flags = CHANGES | WORDS,
	  .applies = session_act_asks,
	  .run = session_act_answer,
	  .doing = "answering",
	  .written = session_act_answer_words,
	  .help = "Answer what it asks: a permission (once, always, reject, reject: WHY) or a "
	          "question" },
	{ .name = "session-prompt",
	  .verb = "prompt",
	  .key = "p",
	  .flags = CHANGES | MARKED | WORDS,
	  .applies = session_act_is_opencode,
	  SIMPLE("POST", "/prompt_async", session_act_prompt_body, true, false, "sent"),
	  .doing = "sending",
	  .help = "Send a prompt to it, or to all that are marked" },
	{ .name = "session-compose",
	  .verb = "compose",
	  .key = "P",
	  .flags = CHANGES | MARKED | WORDS,
	  .applies = session_act_is_opencode,
	  SIMPLE("POST", "/prompt_async", session_act_prompt_body, true, false, "sent"),
	  .doing = "sending",
	  .help = "Write a long prompt in $EDITOR and send it to it, or to all that are marked" },
	{ .name = "session-abort",
	  .verb = "abort",
	  .key = "b",
	  .flags = ASKS | MARKED,
	  .applies = session_act_works,
	  .run = session_act_stop_session,
	  .data = &only_stops,
	  .doing = "stopping",
	  .help = "Stop what it does and reject what it asks" },
	{ .name = "session-new",
	  .verb = "new",
	  .key = "N",
	  .flags = CHANGES | WORDS,
	  .applies = session_act_can_make,
	  .run = session_act_make,
	  .doing = "making",
	  .help = "Begin a session there: directory, agent, model, first prompt" },
	{ .name = "session-rename",
	  .verb = "rename",
	  .key = "R",
	  .flags = CHANGES | WORDS,
	  .applies = session_act_is_opencode,
	  SIMPLE("PATCH", "", session_act_title_body, true, false, "renamed"),
	  .doing = "renaming",
	  .help = "Give it another title" },
	{ .name = "session-command",
	  .verb = "command",
	  .flags = CHANGES | WORDS,
	  .applies = session_act_rests,
	  SIMPLE("POST", "/command", session_act_command_body, true, true, "done"),
	  .doing = "running",
	  .help = "Run one of its slash commands" },
	{ .name = "session-fork",
	  .verb = "fork",
	  .flags = CHANGES,
	  .applies = session_act_is_opencode,
	  SIMPLE("POST", "/fork", session_act_empty_body, false, false, "a copy was made"),
	  .doing = "forking",
	  .help = "Make a copy of it that goes its own way" },
	{ .name = "session-archive",
	  .verb = "archive",
	  .flags = CHANGES | MARKED,
	  .applies = session_act_not_archived,
	  SIMPLE("PATCH", "", session_act_archive_body, false, false, "archived"),
	  .doing = "archiving",
	  .help = "Put it away; nothing is lost" },
	{ .name = "session-export",
	  .verb = "export",
	  .flags = WORDS,
	  .applies = session_act_is_opencode,
	  .run = session_export,
	  .doing = "exporting",
	  .help = "Write it to a file of this machine, as OpenCode's own export does" },
	{ .name = "session-import",
	  .verb = "import",
	  .flags = CHANGES | WORDS,
	  .applies = session_act_can_make,
	  .run = session_import,
	  .doing = "importing",
	  .help = "Make a copy of an exported session there: FILE DIRECTORY" },
	{ .name = "session-move",
	  .verb = "move",
	  .flags = ASKS | WORDS,
	  .applies = session_act_is_opencode,
	  .run = session_move,
	  .doing = "moving",
	  .help = "Take it to another server or directory: SERVER [DIRECTORY]; the one here is "
	          "archived once the copy is whole" },
	{ .name = "session-summarize",
	  .verb = "summarize",
	  .flags = ASKS,
	  .applies = session_act_rests,
	  SIMPLE("POST", "/summarize", session_act_summarize_body, false, true, "summarized"),
	  .doing = "summarizing",
	  .help = "Let the model summarize it, so that its context is free again" },
	{ .name = "session-revert",
	  .verb = "revert",
	  .flags = ASKS,
	  .applies = session_act_reverts,
	  SIMPLE("POST", "/revert",
	         session_act_revert_body, false, false, "the last turn is taken back, files too"),
	  .doing = "reverting",
	  .help = "Take back its last turn, in its files too" },
	{ .name = "session-unrevert",
	  .verb = "unrevert",
	  .flags = ASKS,
	  .applies = session_act_rests,
	  SIMPLE("POST", "/unrevert",
	         session_act_no_body, false, false, "the turn is back, files too"),
	  .doing = "unreverting",
	  .help = "Bring back the turn that was taken back" },
	{ .name = "session-share",
	  .verb = "share",
	  .flags = ASKS,
	  .applies = session_act_not_shared,
	  .command = session_act_say_share,
	  SIMPLE("POST", "/share", session_act_empty_body, false, true, "shared"),
	  .doing = "sharing",
	  .help = "Put it on OpenCode's public site" },
	{ .name = "session-unshare",
	  .verb = "unshare",
	  .flags = ASKS,
	  .applies = session_act_shared,
	  SIMPLE("DELETE", "/share", session_act_no_body, false, false, "not shared any more"),
	  .doing = "unsharing",
	  .help = "Take it off OpenCode's public site" },
	{ .name = "session-delete",
	  .verb = "delete",
	  .flags = ASKS | MARKED | ACTION_DANGER,
	  .applies = session_act_is_opencode,
	  .run = session_act_stop_session,
	  .data = &stops_and_deletes,
	  .doing = "deleting",
	  .help = "Delete it with all it said, and its children" },
	{ .name = "tmux-send",
	  .verb = "send",
	  .flags = CHANGES | MARKED | WORDS | ACTION_SECRET,
	  .applies = session_act_has_pane,
	  .run = session_act_tmux_act,
	  .data = &(const enum tmux_act){ TMUX_SEND },
	  .doing = "sending",
	  .help = "Type a line into its tmux pane, with Enter" },
	{ .name = "tmux-rename",
	  .verb = "rename tmux",
	  .flags = CHANGES | WORDS,
	  .applies = session_act_is_tmux,
	  .run = session_act_tmux_act,
	  .data = &(const enum tmux_act){ TMUX_RENAME },
	  .doing = "renaming",
	  .help = "Give the tmux session another name" },
	{ .name = "tmux-new",
	  .verb = "new tmux",
	  .flags = CHANGES | WORDS,
	  .applies = session_act_can_tmux,
	  .run = session_act_tmux_act,
	  .data = &(const enum tmux_act){ TMUX_NEW },
	  .doing = "making",
	  .help = "Begin another tmux session there: NAME [DIRECTORY]" },
	{ .name = "tmux-kill",
	  .verb = "kill",
	  .flags = ASKS | MARKED | ACTION_DANGER,
	  .applies = session_act_is_tmux,
	  .run = session_act_tmux_act,
	  .data = &(const enum tmux_act){ TMUX_KILL },
	  .doing = "ending",
	  .help = "End the tmux session and what runs in it" },
	{ .name = "opencode-restart",
	  .verb = "restart",
	  .flags = ASKS,
	  .applies = session_act_has_unit,
	  .command = session_act_say_restart,
	  .run = session_act_restart,
	  .doing = "restarting",
	  .help = "Restart the systemd unit of the OpenCode server" },
	{ 0 }
};

void acts_others_end(struct sessions *ss)
{
	while (ss->others_acts) {
		struct err err;
		err_set(&err, ERR_LOST,
		        "%s: the link was lost while it ran; whether it was done is not known",
		        ss->source.server->name);
		oc_act_end(ss->others_acts, &err, NULL);
	}
}
