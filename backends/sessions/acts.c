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
#include "backends/sessions/oc_dialect.h"
#include "backends/sessions/program.h"

#define ACT_LONG_MS 600000 /* timeout of calls that block until the model is done */
#define SEEN_TIMES 4       /* most waits for events before the session's messages are read */
#define SEEN_MESSAGES 20   /* number of newest messages searched for the prompt */
#define LOAD_MS 500        /* between two looks for the models of a directory */
#define LOADS 8
#define CONFIRM_MS 3000 /* wait for the server's event that confirms an answer */

static void act_free(struct act *a)
{
	LIST_DROP(*a->list, a);
	api_cancel(a->call);
	run_cancel(a->run);
	sudo_run_cancel(a->sudo);
	loop_timer_remove(a->timer);
	free(a->directory);
	free(a->prompt);
	free(a->agent);
	free(a->model);
	free(a->variant);
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
	if (!oc || !oc->api || oc->state != OC_LIVE) {
		oc_act_fail(order, ERR_LOST,
		            "its OpenCode server cannot be reached now; nothing was sent");
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
		err_set(&err, ERR_LOST, "%s: the link was lost while it ran; %s",
		        oc->owner->source.server->name,
		        oc->acts->looks ? "nothing was sent" : "whether it arrived is not known");
		oc_act_end(oc->acts, &err, NULL);
	}
}

/* --- simple orders: one call, one answer ---------------------------------- */

/* What a session must be, besides served by a server that knows the call. */
enum oc_needs {
	NEEDS_NOTHING,
	NEEDS_REST,     /* no turn runs */
	NEEDS_MESSAGES, /* no turn runs, and its conversation was read */
	NEEDS_UNARCHIVED,
	NEEDS_SHARED,
	NEEDS_UNSHARED,
};

/* action->data of an order on an OpenCode session, most of which are one call. */
struct oc_request {
	enum oc_act act;
	enum oc_needs needs;
	bool needs_words; /* the argument is required */
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
	if (session_act_request(a->order)->act != OC_COMMAND || err->code == ERR_LOST ||
	    session_act_knows_command(a->oc, words))
		return;
	struct err said = *err;
	words += *words == '/';
	err_set(err, ERR_ABSENT,
	        "/%.*s is not one of the slash commands of its server ([Tab] lists them). %.90s",
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

static void session_act_looked_for_message(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->err;
	const char *server = a->oc->owner->source.server->name;
	a->call = NULL;
	if (err.code) {
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
	struct ses like = { .home = a->oc };
	memcpy(like.id, a->sid, sizeof(like.id));
	char *rest = xasprintf("%s%d", a->oc->dialect->messages, SEEN_MESSAGES),
	     *path = oc_path(s ? s : &like, rest);
	a->call = oc_call(a->oc, "GET", path, NULL, ACT_MS, 0, session_act_looked_for_message, a);
	free(path);
	free(rest);
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

static void session_act_simple_done(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->err;
	struct oc *oc = a->oc;
	a->call = NULL;
	if (err.code) {
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

#define NOTHING_SENT "nothing was sent"

const struct oc_how *oc_act_how(struct act *a, enum oc_act act, const char *done)
{
	const struct oc_how *how = &a->oc->dialect->acts[act];
	struct err err;
	if (how->method)
		return how;
	err_set(&err, ERR_ABSENT, "OpenCode %s has no way to do that; %s", a->oc->version, done);
	oc_act_end(a, &err, NULL);
	return NULL;
}

static void session_act_simple_now(struct act *a)
{
	const struct oc_request *request = session_act_request(a->order);
	const char *words = a->order->argument ? a->order->argument : "";
	const struct oc_how *call = oc_act_how(a, request->act, NOTHING_SENT);
	if (!call)
		return; /* a is gone */
	struct ses *s = ses_find(a->oc->owner, a->sid);
	if (!s || s->home != a->oc || !a->oc->api) {
		struct err err;
		err_set(&err, ERR_LOST, "its OpenCode server serves it no more; " NOTHING_SENT);
		oc_act_end(a, &err, NULL);
		return;
	}
	a->prompts = request->act == OC_PROMPT && !a->oc->dialect->stores_prompts;
	if (s->last_known) {
		memcpy(a->before, s->last.id, sizeof(a->before));
		a->before_ms = s->last.created_ms;
	}
	char *path = oc_path(s, call->path), *body = call->body ? call->body(s, words) : NULL;
	a->call = oc_call(a->oc, call->method, path, body, call->slow ? ACT_LONG_MS : ACT_MS, 0,
	                  session_act_simple_done, a);
	free(path);
	free(body);
}

/* What OpenCode does in a directory that is gone (seen on 1.2.11, 1.18.33 and the preview): it
 * takes the prompt and says nothing. Commands fail, and a file that the model writes creates
 * the directory again, with nothing else in it.
 *
 * Exit code 1: the directory $1 is gone. 2: this login cannot tell. The server may run in a
 * container, on another machine or as another user, or the path may be hidden from this login: a
 * mount of that user's own, or a link into such a place. $2 is the server's process, $3 its start:
 * field 22 of stat in proc(5), 0 unknown. */
#define DIRECTORY_GONE 1
#define DIRECTORY_MS 5000
static const char session_act_directory[] =
	"[ -d \"$1\" ] && exit 0; d=$1; n=$3; p=/proc/$2; "
	"{ read -r s <\"$p/stat\"; } 2>/dev/null || exit 2; set -- ${s##*) }; "
	"[ -O \"$p\" ] || exit 2; [ \"$n\" = 0 ] || [ \"$n\" = \"${20}\" ] || exit 2; "
	"m=$(readlink \"$p/ns/mnt\") && [ \"$m\" = \"$(readlink /proc/self/ns/mnt)\" ] && "
	"[ \"$(readlink \"$p/root\")\" = / ] || exit 2; "
	"while [ ! -d \"$d\" ]; do [ -L \"$d\" ] && exit 2; d=${d%/*}; d=${d:-/}; done; "
	"[ -x \"$d\" ] || exit 2; exit 1";

static void session_act_directory_known(const struct run_result *r, void *arg)
{
	struct act *a = arg;
	struct sessions *ss = a->oc->owner;
	struct ses *s = ses_find(ss, a->sid);
	bool told = !r->end.err.code && r->end.exit_code <= DIRECTORY_GONE;
	bool gone = told && r->end.exit_code == DIRECTORY_GONE;
	a->run = NULL;
	a->looks = false;
	/* the details say it too */
	if (told && s && s->row->directory && gone != s->row->git.gone) {
		char *line = xasprintf("%s\t%s\nover\n", gone ? "gone" : "is", s->row->directory);
		source_feed(&ss->source, "git", line, strlen(line));
		free(line);
	}
	if (!gone) {
		session_act_simple_now(a);
		return;
	}
	struct err err;
	err_set(&err, ERR_ABSENT,
	        "the directory of this session is gone on %.60s: %.100s. OpenCode would fail "
	        "there, or begin an empty one, so " NOTHING_SENT ". Make the directory again, or "
	        "begin a session in another one",
	        ss->source.server->name, s && s->directory ? s->directory : "");
	oc_act_end(a, &err, NULL);
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
	struct link *link = source_link(&a->oc->owner->source);
	bool turns = request->act == OC_PROMPT || request->act == OC_COMMAND;
	if (!turns || !a->oc->pid || !s->directory || *s->directory != '/' ||
	    link->state != LINK_UP) {
		session_act_simple_now(a);
		return;
	}
	char pid[24], start[24];
	snprintf(pid, sizeof(pid), "%d", a->oc->pid);
	snprintf(start, sizeof(start), "%lld", (long long)a->oc->started_ticks);
	const char *argv[] = { "sh", "-c", session_act_directory, "sh", s->directory, pid, start,
		               NULL };
	char *command = quote_command(argv);
	a->run = link_run(link, command, NULL, 0, 4096, DIRECTORY_MS, session_act_directory_known,
	                  a);
	run_name(a->run, "the look for its directory");
	a->looks = true;
	free(command);
}

/* --- answers -------------------------------------------------------------- */

static void session_act_on_unconfirmed(struct loop_timer *t, void *arg)
{
	struct act *a = arg;
	struct ses *s = ses_find(a->oc->owner, a->sid);
	if (s)
		oc_ask_about(a->oc, s);
	oc_act_end(a, NULL, "sent, but its server has not confirmed it yet; the row shows it");
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

static void session_act_answer_done(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->err;
	struct ses *s = ses_find(a->oc->owner, a->sid);
	a->call = NULL;
	if (err.code) {
		/* 2.x: FormAlreadySettledError */
		if (err.code == ERR_ABSENT || r->status == 409)
			err_set(&err, ERR_ABSENT, "it was answered elsewhere already");
		if (s && r->status)
			oc_ask_about(a->oc, s);
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
	if (strncmp(*words, "per_", 4) && strncmp(*words, "que_", 4) && strncmp(*words, "frm_", 4))
		return ses_request(s);
	char *id = xstrndup(*words, n);
	const struct request *r = NULL;
	for (struct oc *oc = ss->ocs; oc && !r; oc = oc->next)
		r = oc_request_find(oc, id);
	free(id);
	*words += n + strspn(*words + n, " ");
	return r;
}

/* "reject", or "reject: WHY" */
static bool session_act_refuses(const char *words, const char **why)
{
	if (!strncmp(words, "reject:", 7)) {
		*why = words + 7 + strspn(words + 7, " ");
		return true;
	}
	return !strcmp(words, "reject");
}

static void session_act_answer(struct order *order)
{
	struct ses *s;
	struct err err;
	struct row *row = order_row(order);
	if (row && session_is_program(row)) {
		prompt_answer(order);
		return;
	}
	struct act *a = oc_act_begin(order, &s);
	if (!a)
		return;
	const char *words = order->argument ? order->argument : "";
	const struct request *r = session_act_meant(s, &words);
	struct ses *asks = r ? ses_find(a->oc->owner, r->session) : NULL;
	const char *why = NULL;
	bool refuses = r && r->is_question && session_act_refuses(words, &why);
	struct buf body;
	buf_init(&body, 1u << 20);
	if (!asks || asks->home != a->oc) {
		err_set(&err, ERR_ABSENT,
		        "it does not ask that any more: it was answered elsewhere, or stopped");
	} else if (refuses || request_answers(r, words, &body, &err)) {
		err_clear(&err);
	}
	if (err.code) {
		buf_finish(&body);
		oc_act_end(a, &err, NULL);
		return;
	}
	struct oc_sent sent;
	a->oc->dialect->reply(asks, r, refuses ? NULL : body.data, why, &sent);
	memcpy(a->request, r->id, sizeof(a->request));
	memcpy(a->sid, asks->id, sizeof(a->sid));
	a->call = oc_call(a->oc, sent.method, sent.path, sent.body, ACT_MS, 0,
	                  session_act_answer_done, a);
	oc_sent_free(&sent);
	buf_finish(&body);
}

/* --- abort and delete ----------------------------------------------------- */

static void session_act_ignored(const struct api_answer *r, void *arg)
{
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
		struct oc_sent sent;
		oc->dialect->reply(s, r, NULL, NULL, &sent);
		oc_call(oc, sent.method, sent.path, sent.body, ACT_MS, 0, session_act_ignored,
		        NULL);
		oc_sent_free(&sent);
	}
}

static void session_act_delete_done(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->err;
	a->call = NULL;
	bool good = !err.code || err.code == ERR_ABSENT;
	oc_act_end(a, good ? NULL : &err, "deleted");
}

static void session_act_abort_done(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->err;
	struct ses *s = ses_find(a->oc->owner, a->sid);
	bool remove = session_act_request(a->order)->act == OC_DELETE;
	a->call = NULL;
	if (err.code) {
		oc_act_end(a, &err, NULL);
		return;
	}
	if (!a->oc->dialect->drops_requests)
		session_act_reject_pending(a->oc, a->sid);
	if (s)
		s->turn = TURN_STOPPED;
	if (s && a->oc->dialect->running)
		oc_ask_about(a->oc, s);
	if (!remove || !s) {
		oc_act_end(a, NULL, remove ? "deleted" : "stopped");
		return;
	}
	const struct oc_how *how = oc_act_how(a, OC_DELETE, "it was stopped, and not deleted");
	if (!how)
		return;
	char *path = oc_path(s, how->path);
	a->call = oc_call(a->oc, how->method, path, NULL, ACT_MS, 0, session_act_delete_done, a);
	free(path);
}

static void session_act_stop_session(struct order *order)
{
	struct ses *s;
	struct act *a = oc_act_begin(order, &s);
	bool remove = session_act_request(order)->act == OC_DELETE;
	if (!a || (remove && !oc_act_how(a, OC_DELETE, NOTHING_SENT)))
		return;
	const struct oc_how *call = oc_act_how(a, OC_ABORT, NOTHING_SENT);
	if (!call)
		return;
	char *path = oc_path(s, call->path), *body = call->body ? call->body(s, "") : NULL;
	a->call = oc_call(a->oc, call->method, path, body, ACT_MS, 0, session_act_abort_done, a);
	free(path);
	free(body);
}

/* --- do the agent and the model exist? ------------------------------------ */

/* The line of a name in a reduced list; NULL: it is not there. */
static const char *session_act_line_of(const char *lines, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = lines; at && *at;) {
		if (strcspn(at, "\t\n") == len && !strncmp(at, name, len))
			return at;
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	return NULL;
}

/* Is the variant in the third field of a model's line? */
static bool session_act_has_variant(const char *line, const char *variant)
{
	size_t len = strlen(variant), end = strcspn(line, "\n");
	const char *at = memrchr(line, '\t', end);
	for (at = at ? at + 1 : line + end; at < line + end;) {
		size_t n = strcspn(at, " \n");
		if (n == len && !strncmp(at, variant, len))
			return true;
		at += n + (at[n] == ' ');
	}
	return false;
}

/* The first names of a list, as "build, plan". */
static const char *session_act_some_of(const char *lines, char *buf, size_t size)
{
	size_t len = 0;
	buf[0] = '\0';
	if (!lines)
		return buf;
	for (const char *at = lines; *at && len + 2 < size;) {
		int n = snprintf(buf + len, size - len, "%s%.*s", len ? ", " : "",
		                 (int)strcspn(at, "\t\n"), at);
		len += n > 0 ? (size_t)n : 0;
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	return buf;
}

static bool session_act_names_exist(struct act *a, bool models, const char *lines, struct err *err)
{
	const char *name = models ? a->model : a->agent;
	const char *line = name ? session_act_line_of(lines, name) : NULL;
	char some[120];
	if (name && !line)
		return err_set(err, ERR_USAGE,
		               "there is no %s \"%.80s\" in %.100s; there are %s. Nothing was sent",
		               models ? "model" : "agent", name, a->directory,
		               session_act_some_of(lines, some, sizeof(some)));
	if (models && line && a->variant && !session_act_has_variant(line, a->variant))
		return err_set(err, ERR_USAGE,
		               "the model %.80s has no variant \"%.40s\"; nothing was sent", name,
		               a->variant);
	return true;
}

/* A directory that the server opens for the first time has few or no models for some seconds. */
static void session_act_on_loaded(struct loop_timer *timer, void *arg)
{
	struct act *a = arg;
	(void)timer;
	act_check(a, a->then);
}

static void session_act_names_came(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->err;
	struct buf lines;
	bool models = a->knows_agent;
	a->call = NULL;
	buf_init(&lines, 1u << 20);
	bool good = !err.code;
	if (good && models)
		good = a->oc->dialect->read_models(r->body, r->len, &lines);
	else if (good)
		good = a->oc->dialect->read_names(r->body, r->len, &lines);
	if (!good && !err.code)
		err_set(&err, ERR_GARBLED,
		        "its lists of agents and models could not be understood");
	bool lacks = good && models && a->model && !session_act_line_of(lines.data, a->model);
	if (lacks && ++a->waits < LOADS) {
		buf_finish(&lines);
		if (!a->timer)
			a->timer = loop_timer_add(store_loop(a->order->store), -1,
			                          session_act_on_loaded, a);
		loop_timer_set(a->timer, LOAD_MS);
		return;
	}
	good = good && session_act_names_exist(a, models, lines.data, &err);
	buf_finish(&lines);
	if (!good) {
		oc_act_end(a, &err, NULL);
		return;
	}
	a->knows_model = models;
	a->knows_agent = true;
	act_check(a, a->then);
}

/* Asks the models also when none is named: the preview refuses a model until its list for that
 * directory was asked for once. */
void act_check(struct act *a, void (*then)(struct act *))
{
	const struct oc_dialect *d = a->oc->dialect;
	a->then = then;
	a->knows_agent |= !a->agent;
	if (!d->list_in || (a->knows_agent && a->knows_model)) {
		then(a);
		return;
	}
	char *path = d->list_in(a->knows_agent ? d->models : d->agents, a->directory);
	a->call = oc_call(a->oc, "GET", path, NULL, ACT_MS, 0, session_act_names_came, a);
	free(path);
}

/* --- agent and model of a session that exists ------------------------------ */

static void session_act_set_now(struct act *a)
{
	bool model = a->model != NULL;
	struct ses *s = ses_find(a->oc->owner, a->sid);
	const struct oc_how *how = oc_act_how(a, model ? OC_MODEL : OC_AGENT, NOTHING_SENT);
	if (!how)
		return;
	if (!s) {
		struct err err;
		err_set(&err, ERR_ABSENT, "the session is gone");
		oc_act_end(a, &err, NULL);
		return;
	}
	char *path = oc_path(s, how->path), *body = how->body(s, a->order->argument);
	a->call = oc_call(a->oc, how->method, path, body, ACT_MS, 0, session_act_simple_done, a);
	free(path);
	free(body);
}

static void session_act_set(struct order *order)
{
	struct ses *s;
	bool model = session_act_request(order)->act == OC_MODEL;
	const char *words = order->argument ? order->argument : "";
	size_t n = strcspn(words, " ");
	if (!n || (model && !memchr(words, '/', n))) {
		oc_act_fail(order, ERR_USAGE,
		            model ? "it needs words: \"PROVIDER/MODEL [VARIANT]\""
		                  : "it needs the name of an agent");
		return;
	}
	struct act *a = oc_act_begin(order, &s);
	if (!a || !oc_act_how(a, model ? OC_MODEL : OC_AGENT, NOTHING_SENT))
		return;
	a->directory = xstrdup(s->directory ? s->directory : "/");
	*(model ? &a->model : &a->agent) = xstrndup(words, n);
	words += n + strspn(words + n, " ");
	if (model && *words)
		a->variant = xstrdup(words);
	act_check(a, session_act_set_now);
}

/* --- a new session ------------------------------------------------------- */

static void session_act_first_prompt_done(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->err;
	a->call = NULL;
	bool good = !err.code;
	oc_act_end(a, good ? NULL : &err, "made, and its first prompt is sent");
}

static struct oc_wish session_act_wish_of(const struct act *a)
{
	return (struct oc_wish){ .directory = a->directory,
		                 .agent = a->agent,
		                 .model = a->model,
		                 .variant = a->variant };
}

static void session_act_made(const struct api_answer *r, void *arg)
{
	struct act *a = arg;
	struct err err = r->err;
	struct oc_sessions list;
	a->call = NULL;
	if (err.code || !a->oc->dialect->sessions(r->body, r->len, &list, &err)) {
		oc_act_end(a, &err, NULL);
		return;
	}
	if (!list.n || !a->prompt) {
		oc_act_end(a, NULL, list.n ? list.v[0].id : "made");
		oc_sessions_free(&list);
		return;
	}
	const struct oc_how *how = oc_act_how(a, OC_PROMPT, "it was made, without its prompt");
	if (!how) {
		oc_sessions_free(&list);
		return;
	}
	struct ses like = { .home = a->oc, .directory = list.v[0].directory };
	memcpy(like.id, list.v[0].id, sizeof(like.id));
	struct oc_wish wish = session_act_wish_of(a);
	char *path = oc_path(&like, how->path), *body;
	if (a->oc->dialect->first_prompt)
		body = a->oc->dialect->first_prompt(&wish, a->prompt);
	else
		body = how->body(&like, a->prompt);
	a->call = oc_call(a->oc, how->method, path, body, ACT_MS, 0, session_act_first_prompt_done,
	                  a);
	free(path);
	free(body);
	oc_sessions_free(&list);
}

static void session_act_make_now(struct act *a)
{
	struct oc_wish wish = session_act_wish_of(a);
	struct oc_sent sent;
	a->oc->dialect->make(&wish, &sent);
	a->call = oc_call(a->oc, sent.method, sent.path, sent.body, ACT_MS, 0, session_act_made, a);
	oc_sent_free(&sent);
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
	act_check(a, session_act_make_now);
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

/* "DIRECTORY [agent=NAME] [model=PROVIDER/MODEL] [variant=NAME] [PROMPT]" */
static void session_act_new_words(struct act *a, const char *words)
{
	const struct {
		const char *name;
		char **slot;
	} known[] = { { "agent=", &a->agent },
		      { "model=", &a->model },
		      { "variant=", &a->variant } };
	words = act_path(words, &a->directory);
	for (size_t i = 0; i < ARRAY_LEN(known);) {
		size_t name = strlen(known[i].name), n = strcspn(words, " ");
		if (strncmp(words, known[i].name, name) != 0) {
			i++;
			continue;
		}
		free(*known[i].slot);
		*known[i].slot = xstrndup(words + name, n - name);
		words += n + strspn(words + n, " ");
		i = 0;
	}
	if (*words)
		a->prompt = xstrdup(words);
}

static void session_act_make(struct order *order)
{
	struct row *row = order_row(order);
	const struct session *r = ROW_AS(session, row);
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
		            "[variant=NAME] [PROMPT]\"");
		return;
	}
	if (!oc || !oc->api || oc->state != OC_LIVE) {
		oc_act_fail(order, ERR_LOST,
		            "its OpenCode server cannot be reached now; nothing was made");
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
	struct act *a = oc_act_add(order, NULL, &sessions_of(row->source)->program_acts);
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
	if (tmux_act_command(row, order->action->data, order->argument, &b))
		session_act_run_command(order, b.data);
	else
		oc_act_fail(order, ERR_USAGE, "it needs words");
	buf_finish(&b);
}

/* Stops an OpenCode session, or a program by its own means. */
static void session_act_stop(struct order *order)
{
	struct row *row = order_row(order);
	struct buf b;
	if (!row || !session_is_program(row)) {
		session_act_stop_session(order);
		return;
	}
	buf_init(&b, 65536);
	if (program_stop_command(row, &b))
		session_act_run_command(order, b.data);
	else
		oc_act_fail(order, ERR_ABSENT, "it does not run any more");
	buf_finish(&b);
}

static void session_act_restarted(const struct run_result *r, void *arg)
{
	struct act *a = arg;
	a->sudo = NULL;
	session_act_command_done(r, a);
}

static void session_act_restart(struct order *order)
{
	struct row *row = order_row(order);
	const struct session *s = ROW_AS(session, row);
	if (!row || !s->unit)
		return;
	bool own = ((const struct oc *)s->priv)->manager == OC_USER_UNIT;
	const char *const user[] = { "systemctl", "--user", "restart", s->unit, NULL };
	const char *const system[] = { "systemctl", "restart", s->unit, NULL };
	const char *const *argv = own ? user : system;
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
	struct act *a = oc_act_add(order, NULL, &sessions_of(row->source)->program_acts);
	a->sudo = sudo_run(row->server->sudo, argv, 16384, 120000, session_act_restarted, a);
}

/* --- which actions apply -------------------------------------------------- */

static bool session_act_is_opencode(const struct row *row)
{
	const struct session *r = ROW_AS(session, row);
	return r->type == SESSION_OPENCODE && r->status != SESSION_NOT_SERVED;
}

static bool session_act_works(const struct row *row)
{
	enum session_status shown = ROW_AS(session, row)->shown;
	return session_act_is_opencode(row) && shown >= SESSION_BUSY && shown != SESSION_ERROR;
}

/* applies_of the actions with an oc_request. */
static bool session_act_applies(const struct action *action, const struct row *row)
{
	const struct oc_request *request = action->data;
	const struct ses *s = session_act_is_opencode(row) ? ses_of(row) : NULL;
	bool rests = !session_act_works(row);
	if (!s || !s->home || !s->home->dialect->acts[request->act].method)
		return false;
	switch (request->needs) {
	case NEEDS_NOTHING: return true;
	case NEEDS_REST: return rests;
	case NEEDS_MESSAGES: return rests && s->messages;
	case NEEDS_UNARCHIVED: return !s->row->archived_ms;
	case NEEDS_SHARED: return s->share;
	case NEEDS_UNSHARED: return !s->share;
	}
	return false;
}

static bool session_act_asks(const struct row *row)
{
	return session_request(row) != NULL;
}

static bool session_act_stops(const struct row *row)
{
	struct buf b = { 0 };
	enum session_status status = ROW_AS(session, row)->status;
	bool works = status == SESSION_BUSY || status == SESSION_PERMISSION;
	bool can = session_is_program(row) && works && program_stop_command(row, &b);
	buf_finish(&b);
	return can || session_act_works(row);
}

static bool session_act_can_make(const struct row *row)
{
	return session_act_is_opencode(row) || ROW_AS(session, row)->type == SESSION_SERVICE;
}

static bool session_act_exports(const struct oc *oc)
{
	return oc && (oc->dialect->has_program || oc->dialect->import);
}

static bool session_act_can_export(const struct row *row)
{
	return session_act_is_opencode(row) && session_act_exports(ses_of(row)->home);
}

static bool session_act_can_import(const struct row *row)
{
	if (ROW_AS(session, row)->type == SESSION_SERVICE)
		return session_act_exports(ROW_AS(session, row)->priv);
	return session_act_can_export(row);
}

static bool session_act_can_tmux(const struct row *row)
{
	return ROW_AS(session, row)->type == SESSION_TMUX ||
	       ROW_AS(session, row)->type == SESSION_SERVICE;
}

static bool session_act_is_tmux(const struct row *row)
{
	return ROW_AS(session, row)->type == SESSION_TMUX;
}

static bool session_act_has_pane(const struct row *row)
{
	return session_act_is_tmux(row) || program_has_pane(row);
}

static bool session_act_has_unit(const struct row *row)
{
	return ROW_AS(session, row)->type == SESSION_SERVICE && ROW_AS(session, row)->unit;
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
	const struct oc *oc = ROW_AS(session, row)->priv;
	snprintf(buf, size, "systemctl %srestart %s   (%d waiting; what runs in it is interrupted)",
	         oc->manager == OC_USER_UNIT ? "--user " : "", ROW_AS(session, row)->unit,
	         ROW_AS(session, row)->waiting);
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
#define BOX(...) .box = &(const struct session_box){ __VA_ARGS__ }
const struct action session_actions[] = {
	{ .name = "session-answer",
	  BOX(.how = SESSION_BOX_ANSWER),
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
	  BOX(.title = "Prompt", .prompt = "> "),
	  .verb = "prompt",
	  .key = "p",
	  .flags = CHANGES | MARKED | WORDS,
	  .applies_of = session_act_applies,
	  SIMPLE(OC_PROMPT, NEEDS_NOTHING, true, "sent"),
	  .doing = "sending",
	  .help = "Send a prompt to it, or to all that are marked" },
	{ .name = "session-compose",
	  BOX(.how = SESSION_BOX_EDITOR),
	  .verb = "compose",
	  .key = "P",
	  .flags = CHANGES | MARKED | WORDS,
	  .applies_of = session_act_applies,
	  SIMPLE(OC_PROMPT, NEEDS_NOTHING, true, "sent"),
	  .doing = "sending",
	  .draft_of = "session-prompt",
	  .help = "Write a long prompt in $EDITOR and send it to it, or to all that are marked" },
	{ .name = "session-abort",
	  .verb = "abort",
	  .key = "b",
	  .flags = ASKS | MARKED,
	  .applies = session_act_stops,
	  .run = session_act_stop,
	  .data = &(const struct oc_request){ .act = OC_ABORT },
	  .doing = "stopping",
	  .help = "Stop what it does and reject what it asks" },
	{ .name = "session-new",
	  BOX(.title = "New session",
	      .text = "DIRECTORY [agent=NAME] [model=PROVIDER/MODEL] [variant=NAME] [PROMPT]; "
	              "[Tab] completes",
	      .prompt = "> ",
	      .start = SESSION_STARTS_DIRECTORY,
	      .tab = SESSION_TAB_NEW),
	  .verb = "new",
	  .key = "N",
	  .flags = CHANGES | WORDS,
	  .applies = session_act_can_make,
	  .run = session_act_make,
	  .doing = "making",
	  .help = "Begin a session there: directory, agent, model, first prompt" },
	{ .name = "session-rename",
	  BOX(.title = "New title", .prompt = "title: ", .start = SESSION_STARTS_NAME),
	  .verb = "rename",
	  .key = "R",
	  .flags = CHANGES | WORDS,
	  .applies_of = session_act_applies,
	  SIMPLE(OC_RENAME, NEEDS_NOTHING, true, "renamed"),
	  .doing = "renaming",
	  .help = "Give it another title" },
	{ .name = "session-command",
	  BOX(.title = "Slash command",
	      .text = "NAME [ARGUMENTS]; [Tab] completes",
	      .prompt = "/",
	      .tab = SESSION_TAB_COMMAND),
	  .verb = "command",
	  .flags = CHANGES | WORDS,
	  .applies_of = session_act_applies,
	  SIMPLE(OC_COMMAND, NEEDS_REST, true, "done"),
	  .doing = "running",
	  .help = "Run one of its slash commands" },
	{ .name = "session-agent",
	  BOX(.title = "Agent",
	      .text = "NAME; [Tab] completes",
	      .prompt = "agent: ",
	      .tab = SESSION_TAB_AGENT),
	  .verb = "agent",
	  .flags = CHANGES | WORDS,
	  .applies_of = session_act_applies,
	  .run = session_act_set,
	  .data = &(const struct oc_request){ OC_AGENT, NEEDS_NOTHING, true,
	                                      "from its next step on" },
	  .doing = "setting",
	  .help = "Choose the agent of it for its next steps (OpenCode 2)" },
	{ .name = "session-model",
	  BOX(.title = "Model",
	      .text = "PROVIDER/MODEL [VARIANT]; [Tab] completes",
	      .prompt = "model: ",
	      .tab = SESSION_TAB_MODEL),
	  .verb = "model",
	  .flags = CHANGES | WORDS,
	  .applies_of = session_act_applies,
	  .run = session_act_set,
	  .data = &(const struct oc_request){ OC_MODEL, NEEDS_NOTHING, true,
	                                      "from its next step on" },
	  .doing = "setting",
	  .help = "Choose its model for its next steps: PROVIDER/MODEL [VARIANT] (OpenCode 2)" },
	{ .name = "session-fork",
	  .verb = "fork",
	  .flags = CHANGES,
	  .applies_of = session_act_applies,
	  SIMPLE(OC_FORK, NEEDS_NOTHING, false, "a copy was made"),
	  .doing = "forking",
	  .help = "Make a copy of it that goes its own way" },
	{ .name = "session-archive",
	  .verb = "archive",
	  .flags = CHANGES | MARKED,
	  .applies_of = session_act_applies,
	  SIMPLE(OC_ARCHIVE, NEEDS_UNARCHIVED, false, "archived"),
	  .doing = "archiving",
	  .help = "Put it away; nothing is lost" },
	{ .name = "session-export",
	  BOX(.title = "Export", .text = "FILE on this machine", .prompt = "> "),
	  .verb = "export",
	  .flags = WORDS,
	  .applies = session_act_can_export,
	  .run = session_export,
	  .doing = "exporting",
	  .help = "Write it to a file of this machine, as OpenCode's own export does" },
	{ .name = "session-import",
	  BOX(.title = "Import",
	      .text = "FILE on this machine, then the DIRECTORY over there; [Tab] completes",
	      .prompt = "> ",
	      .tab = SESSION_TAB_NEW),
	  .verb = "import",
	  .flags = CHANGES | WORDS,
	  .applies = session_act_can_import,
	  .run = session_import,
	  .doing = "importing",
	  .help = "Make a copy of an exported session there: FILE DIRECTORY" },
	{ .name = "session-move",
	  BOX(.title = "Move",
	      .text = "SERVER [DIRECTORY] with an OpenCode of the same generation: exported, "
	              "imported there, checked, then archived here",
	      .prompt = "> ",
	      .tab = SESSION_TAB_SERVER),
	  .verb = "move",
	  .flags = ASKS | WORDS,
	  .applies = session_act_can_export,
	  .run = session_move,
	  .doing = "moving",
	  .help = "Take it to another server or directory: SERVER [DIRECTORY], with an OpenCode of "
	          "the same generation; once the copy is whole, OpenCode 1 archives the one here "
	          "(2 cannot)" },
	{ .name = "session-summarize",
	  .verb = "summarize",
	  .flags = ASKS,
	  .applies_of = session_act_applies,
	  SIMPLE(OC_SUMMARIZE, NEEDS_REST, false, "summarized"),
	  .doing = "summarizing",
	  .help = "Let the model summarize it, so that its context is free again" },
	{ .name = "session-revert",
	  .verb = "revert",
	  .flags = ASKS,
	  .applies_of = session_act_applies,
	  SIMPLE(OC_REVERT, NEEDS_MESSAGES, false, "the last turn is taken back, files too"),
	  .doing = "reverting",
	  .help = "Take back its last turn, in its files too" },
	{ .name = "session-unrevert",
	  .verb = "unrevert",
	  .flags = ASKS,
	  .applies_of = session_act_applies,
	  SIMPLE(OC_UNREVERT, NEEDS_REST, false, "the turn is back, files too"),
	  .doing = "unreverting",
	  .help = "Bring back the turn that was taken back" },
	{ .name = "session-share",
	  .verb = "share",
	  .flags = ASKS,
	  .applies_of = session_act_applies,
	  .command = session_act_say_share,
	  SIMPLE(OC_SHARE, NEEDS_UNSHARED, false, "shared"),
	  .doing = "sharing",
	  .help = "Put it on OpenCode's public site" },
	{ .name = "session-unshare",
	  .verb = "unshare",
	  .flags = ASKS,
	  .applies_of = session_act_applies,
	  SIMPLE(OC_UNSHARE, NEEDS_SHARED, false, "not shared any more"),
	  .doing = "unsharing",
	  .help = "Take it off OpenCode's public site" },
	{ .name = "session-delete",
	  .verb = "delete",
	  .flags = ASKS | MARKED | ACTION_DANGER,
	  .applies_of = session_act_applies,
	  .run = session_act_stop_session,
	  .data = &(const struct oc_request){ .act = OC_DELETE },
	  .doing = "deleting",
	  .help = "Delete it with all it said, and its children" },
	{ .name = "tmux-send",
	  BOX(.title = "Type into its pane",
	      .text = "a line; [Enter] is sent after it",
	      .prompt = "> "),
	  .verb = "send",
	  .flags = CHANGES | MARKED | WORDS | ACTION_SECRET,
	  .applies = session_act_has_pane,
	  .run = session_act_tmux_act,
	  .data = &(const enum tmux_act){ TMUX_SEND },
	  .doing = "sending",
	  .help = "Type a line into its tmux pane, with [Enter]" },
	{ .name = "tmux-rename",
	  BOX(.title = "New name", .prompt = "name: ", .start = SESSION_STARTS_NAME),
	  .verb = "rename tmux",
	  .flags = CHANGES | WORDS,
	  .applies = session_act_is_tmux,
	  .run = session_act_tmux_act,
	  .data = &(const enum tmux_act){ TMUX_RENAME },
	  .doing = "renaming",
	  .help = "Give the tmux session another name" },
	{ .name = "tmux-new",
	  BOX(.title = "New tmux session", .text = "NAME [DIRECTORY]", .prompt = "> "),
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

void acts_programs_end(struct sessions *ss)
{
	while (ss->program_acts) {
		struct err err;
		err_set(&err, ERR_LOST,
		        "%s: the link was lost while it ran; whether it was done is not known",
		        ss->source.server->name);
		oc_act_end(ss->program_acts, &err, NULL);
	}
}
