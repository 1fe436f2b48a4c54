/* kind.c: the session as a kind of row: names, JSON, details, completion. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json_write.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/wash.h"
#include "backends/sessions/oc_dialect.h"
#include "backends/sessions/program.h"

#define MESSAGES_SHOWN 60
#define MESSAGES_MAX (12u << 20) /* the answer is copied into the session */
#define SERVICE_LOOK_MS 3000     /* between two looks while a server's details are open */
#define MESSAGES_GAP_MS 700      /* between two fetches while the conversation streams */
#define MESSAGES_PAUSE_MS 5000   /* after a failed fetch */

const char *session_type_name(enum session_type t)
{
	static const char *const names[] = { "new",    "opencode", "claude", "tmux",
		                             "server", "herdr",    "agent",  "spend" };
	return names[t];
}

const char *session_status_name(enum session_status s)
{
	static const char *const names[] = {
		[SESSION_UNKNOWN] = "unknown",
		[SESSION_NOT_SERVED] = "not served",
		[SESSION_IDLE] = "idle",
		[SESSION_ABORTED] = "aborted",
		[SESSION_UNANSWERED] = "unanswered",
		[SESSION_INTERRUPTED] = "interrupted",
		[SESSION_BUSY] = "busy",
		[SESSION_RETRY] = "retry",
		[SESSION_ERROR] = "error",
		[SESSION_PERMISSION] = "permission",
		[SESSION_QUESTION] = "question",
	};
	return names[s];
}

static void session_finish(struct row *row)
{
	struct session *s = ROW_AS(session, row);
	if (s->priv && s->type == SESSION_OPENCODE)
		ses_unlink(s->priv);
	else if (s->priv && s->type == SESSION_SERVICE)
		((struct oc *)s->priv)->row = NULL;
	else if (session_is_program(row))
		program_finish(s);
	if (s->type == SESSION_SPEND)
		sessions_of(row->source)->spend = NULL;
	char *owned[] = { s->git.branch, s->directory, s->agent, s->model, s->words, s->unit };
	for (size_t i = 0; i < ARRAY_LEN(owned); i++)
		free(owned[i]);
}

/* --- JSON ---------------------------------------------------------------- */

static void session_add_request(cJSON *o, const struct row *row)
{
	const struct request *r = session_request(row);
	char phrase[400] = "";
	if (!r) {
		cJSON_AddNullToObject(o, "asks");
		return;
	}
	cJSON *a = cJSON_AddObjectToObject(o, "asks");
	request_phrase(r, phrase, sizeof(phrase));
	json_add_filled(a, "id", r->id);
	json_add_filled(a, "type", r->is_question ? "question" : "permission");
	json_add_filled(a, "session", r->session);
	json_add_filled(a, "text", phrase);
}

static void session_add_git(cJSON *o, const struct session_git *git)
{
	if (!git->branch) {
		cJSON_AddNullToObject(o, "git");
		return;
	}
	cJSON *g = cJSON_AddObjectToObject(o, "git");
	json_add_filled(g, "branch", git->branch);
	cJSON_AddBoolToObject(g, "worktree", git->worktree);
	json_add_number(g, "changes", git->changes, true);
	json_add_number(g, "ahead", git->ahead, git->tracks);
	json_add_number(g, "behind", git->behind, git->tracks);
	json_add_time(g, "at_ms", git->at_ms);
}

static void session_add_plan(cJSON *o, const struct plan *plan)
{
	cJSON *windows = plan ? cJSON_AddArrayToObject(o, "plan") : NULL;
	for (size_t i = 0; plan && i < plan->n; i++) {
		cJSON *w = cJSON_CreateObject();
		json_add_number(w, "used_percent", plan->windows[i].used_percent, true);
		json_add_number(w, "window_minutes", plan->windows[i].minutes, true);
		json_add_time(w, "resets_ms", plan->windows[i].resets_ms);
		json_add_time(w, "at_ms", plan->at_ms);
		cJSON_AddItemToArray(windows, w);
	}
}

static void session_json(const struct row *row, void *out)
{
	const struct session *s = ROW_AS(session, row);
	cJSON *o = out;
	json_add_filled(o, "type", session_type_name(s->type));
	json_add_filled(o, "session", s->sid);
	json_add_filled(o, "parent", s->parent);
	json_add_filled(o, "directory", s->directory);
	json_add_filled(o, "agent", s->agent);
	json_add_filled(o, "model", s->model);
	json_add_filled(o, "status", session_status_name(s->shown));
	json_add_time(o, "status_since_ms", s->status_ms);
	json_add_time(o, "finished_ms", s->finished_ms);
	json_add_number(o, "next_try_ms", (double)s->next_ms, s->shown == SESSION_RETRY);
	json_add_filled(o, "words", s->words);
	session_add_request(o, row);
	json_add_time(o, "created_ms", s->created_ms);
	json_add_time(o, "updated_ms", s->updated_ms);
	json_add_time(o, "archived_ms", s->archived_ms);
	json_add_number(o, "cost", s->cost, s->cost >= 0);
	json_add_number(o, "tokens", (double)s->tokens, s->tokens >= 0);
	json_add_number(o, "context_tokens", (double)s->context_used, s->context_used >= 0);
	json_add_number(o, "context_limit", (double)s->context_limit, s->context_limit > 0);
	json_add_number(o, "port", s->port, s->port > 0);
	session_add_git(o, &s->git);
	session_add_plan(o, program_plan(row));
	if (s->type != SESSION_SERVICE)
		return;
	json_add_filled(o, "unit", s->unit);
	json_add_filled(o, "version", ((const struct oc *)s->priv)->version);
	json_add_number(o, "uptime_s", (double)s->uptime_s, s->uptime_s >= 0);
	json_add_number(o, "memory_bytes", (double)s->memory, s->memory >= 0);
	json_add_number(o, "cpu_percent", s->cpu, s->cpu >= 0);
	json_add_number(o, "sessions", s->sessions, true);
	json_add_number(o, "waiting", s->waiting, true);
}

/* --- details ------------------------------------------------------------- */

static void session_diff_done(const struct api_answer *r, void *arg)
{
	struct ses *s = arg;
	struct err err = r->err;
	s->diff_call = NULL;
	char *what = xasprintf("%s diff %s", s->home->name, s->id);
	if (!err.code) /* else it stays as it was: the conversation is there */
		source_feed(s->row->row.source, what, r->body, r->len);
	free(what);
}

/* 1.x tells the changes with the messages, 2.x by themselves. A running turn is not asked for them:
 * the server would compare all files each time. */
static void session_want_diff(struct ses *s)
{
	const char *rest = s->home->dialect->diff;
	if (!rest || s->diff_call || s->run.run != OC_RUN_IDLE)
		return;
	char *path = oc_path(s, rest);
	s->diff_call = oc_call(s->home, "GET", path, NULL, 15000, MESSAGES_MAX, session_diff_done,
	                       s);
	free(path);
}

static void session_messages_done(const struct api_answer *r, void *arg)
{
	struct ses *s = arg;
	struct err err = r->err;
	s->messages_call = NULL;
	s->messages_more = false;
	char *what = xasprintf("%s messages %s", s->home->name, s->id);
	bool good = !err.code;
	xreplace(&s->messages_err, good ? NULL : err.text);
	if (good || err.code == ERR_TOO_BIG) /* too big again if retried */
		fetch_answer(&s->messages_fetch, &s->home->sync, SYNC_NEVER);
	else
		fetch_failed(&s->messages_fetch, oc_now(s->home));
	if (good) {
		oc_feed_messages(s->home, what, r);
		session_want_diff(s);
	} else {
		follow_unanswered(s, &err);
		store_touch(&s->row->row);
	}
	free(what);
}

void ses_want_messages(struct ses *s)
{
	if (!s->home) {
		stored_want_messages(s);
		return;
	}
	struct fetch *f = &s->messages_fetch;
	int64_t now = oc_now(s->home);
	bool failed = s->messages_err && f->asked.ms <= f->failed_ms;
	if (failed && now - f->failed_ms < MESSAGES_PAUSE_MS)
		return;
	if (f->state == FETCH_IDLE || f->state == FETCH_FAILED || fetch_is_stale(f, &s->home->sync))
		fetch_want(f);
	if (!oc_is_heard(s->home) || fetch_wait(f, MESSAGES_GAP_MS, now) != 0)
		return;
	size_t max = s->home->dialect->messages_max;
	if (!s->messages_asked)
		s->messages_asked = MESSAGES_SHOWN;
	if (max && s->messages_asked > max) /* asked of an earlier version, which had no limit */
		s->messages_asked = max;
	char *part = xasprintf("%s%zu", s->home->dialect->messages, s->messages_asked),
	     *path = oc_path(s, part);
	fetch_ask(f, sync_now(&s->home->sync, now));
	s->messages_call = oc_call(s->home, "GET", path, NULL, 15000, MESSAGES_MAX,
	                           session_messages_done, s);
	if (!s->messages_call)
		fetch_cancel(f);
	free(part);
	free(path);
}

/* Fetches all messages again with a higher limit, because older servers have no cursor. */
bool session_older(struct row *row)
{
	struct ses *s = ses_of(row);
	if (!s || !s->home || !s->messages || s->messages_n < s->messages_asked || s->messages_more)
		return false;
	size_t max = s->home->dialect->messages_max;
	if (max && s->messages_asked >= max)
		return false;
	s->messages_asked *= 4;
	s->messages_more = true;
	fetch_hurry(&s->messages_fetch);
	ses_want_messages(s);
	return true;
}

static void session_when(struct doc *doc, const char *label, int64_t ms)
{
	char clock[HUMAN_SIZE], age[HUMAN_SIZE];
	if (ms > 0)
		doc_pair(doc, DOC_PLAIN, label, "%s  (%s ago)", human_clock(clock, ms),
		         human_age(age, now_wall_ms() - ms));
}

/* Why is there no answer from here, though it asks? false: there is one, or nothing is known. */
static bool session_only_attached(const struct row *row, char *buf, size_t size)
{
	const struct program *o = session_is_program(row) ? program_of(row) : NULL;
	if (!o || ROW_AS(session, row)->status != SESSION_PERMISSION || session_request(row) ||
	    program_has_pane(row))
		return false;
	if (o->job[0])
		snprintf(buf, size, "asks in the background, and Claude Code has no command for an "
		                    "answer: [a] attaches to it");
	else if (o->herdr_pane[0])
		snprintf(buf, size, "asks in its herdr pane: [a] attaches to it");
	else
		return false;
	return true;
}

static bool session_not_now(const struct row *row, const struct action *a, char *buf, size_t size)
{
	return !strcmp(a->name, "session-answer") && session_only_attached(row, buf, size);
}

static void session_kind_detail(struct session *s, struct doc *doc)
{
	char how[160];
	doc_pair(doc, DOC_PLAIN, "title", "%s", s->row.name);
	doc_pair(doc, DOC_PLAIN, "status", "%s", session_status_name(s->shown));
	if (s->row.why)
		doc_pair(doc, s->row.health >= HEALTH_ATTENTION ? DOC_WARN : DOC_DIM, "why", "%s",
		         s->row.why);
	if (session_only_attached(&s->row, how, sizeof(how)))
		doc_pair(doc, DOC_PLAIN, "answer", "it %s", how);
	doc_pair(doc, DOC_PLAIN, "directory", "%s", s->directory ? s->directory : "unknown");
	git_detail(s, doc);
	const char *agent = s->agent ? s->agent : "";
	if (s->agent || s->model)
		doc_pair(doc, DOC_PLAIN, "agent, model", "%s  %s", agent, s->model ? s->model : "");
	if (s->cost >= 0)
		doc_pair(doc, DOC_PLAIN, "cost", "$%.4f", s->cost);
	if (s->tokens >= 0)
		doc_pair(doc, DOC_PLAIN, "tokens", "%lld", (long long)s->tokens);
	if (s->context_used >= 0 && s->context_limit > 0)
		doc_pair(doc, DOC_PLAIN, "context", "%lld of %lld (%lld%%)",
		         (long long)s->context_used, (long long)s->context_limit,
		         (long long)(100 * s->context_used / s->context_limit));
	else if (s->context_used >= 0)
		doc_pair(doc, DOC_PLAIN, "context", "%lld tokens", (long long)s->context_used);
	session_when(doc, "created", s->created_ms);
	session_when(doc, "last activity", s->updated_ms);
	session_when(doc, "archived", s->archived_ms);
	doc_pair(doc, DOC_DIM, "id", "%s", s->sid);
}

static void session_detail_service(struct session *s, struct doc *doc)
{
	const struct oc *oc = s->priv;
	char size[HUMAN_SIZE];
	doc_pair(doc, DOC_PLAIN, "version", "%s", oc->version[0] ? oc->version : "unknown");
	doc_pair(doc, DOC_PLAIN, "listens on", "%s port %d of %s", oc->host, oc->port,
	         s->row.server->name);
	if (oc->pid)
		doc_pair(doc, DOC_PLAIN, "process", "%d", oc->pid);
	if (oc->unit)
		doc_pair(doc, DOC_PLAIN, "unit", "%s%s", oc->unit,
		         oc->manager == OC_USER_UNIT ? "  (of the user's own systemd)" : "");
	else
		doc_pair(doc, DOC_PLAIN, "unit", "none: it was not started by systemd");
	if (s->uptime_s >= 0)
		doc_pair(doc, DOC_PLAIN, "up", "%s", human_span(size, s->uptime_s * 1000));
	if (s->memory >= 0)
		doc_pair(doc, s->row.health == HEALTH_ATTENTION ? DOC_WARN : DOC_PLAIN, "memory",
		         "%s of %d MB from which it is marked",
		         human_bytes(size, (uint64_t)s->memory),
		         store_settings(s->row.source->store)->opencode_memory);
	if (s->cpu >= 0)
		doc_pair(doc, DOC_PLAIN, "processor", "%.1f%% of one", s->cpu);
	else if (oc->pid)
		doc_pair(doc, DOC_DIM, "processor", "a second look tells");
	if (oc->cwd)
		doc_pair(doc, DOC_PLAIN, "directory", "%s", s->directory);
	doc_pair(doc, DOC_PLAIN, "sessions", "%d, waiting for you %d", s->sessions, s->waiting);
	doc_pair(doc, DOC_PLAIN, "login", "%s",
	         oc_password(oc) ? "with a password"
	                         : "no password: whoever is on that machine may use it");
	if (oc->err.text[0] && oc->state != OC_LIVE)
		doc_pair(doc, DOC_WARN, "state", "%s", oc->err.text);
}

void session_detail(struct row *row, struct doc *doc, bool reveal)
{
	struct session *s = ROW_AS(session, row);
	const struct request *r = session_request(row);
	struct ses *ses = ses_of(row);
	session_looked_at(row);
	if (s->type == SESSION_SPEND) {
		spend_detail(s, doc);
		return;
	}
	if (s->type == SESSION_SERVICE) {
		session_detail_service(s, doc);
		sessions_look(sessions_of(row->source), SERVICE_LOOK_MS);
		return;
	}
	session_git_want(row);
	session_kind_detail(s, doc);
	if (r) {
		doc_head(doc, r->is_question ? "It asks ([Enter] answers)"
		                             : "It wants to ([Enter] answers)");
		request_doc(r, doc);
	}
	if (!ses) {
		programs_detail(row, doc);
		return;
	}
	ses_want_messages(ses);
	session_conversation(ses, doc);
}

#define PEEK_LINES 60

void session_peek(struct row *row, struct doc *doc)
{
	struct session *s = ROW_AS(session, row);
	const struct request *r = session_request(row);
	struct ses *ses = ses_of(row);
	struct doc words;
	char how[160];
	/* the pane of a program shows the question itself */
	bool of_pane = !ses;
	if (s->type == SESSION_SERVICE || s->type == SESSION_SPEND) {
		session_detail(row, doc, false);
		return;
	}
	session_looked_at(row);
	if (row->why)
		doc_add(doc, row->health >= HEALTH_ATTENTION ? DOC_WARN : DOC_DIM, "%s", row->why);
	if (session_only_attached(row, how, sizeof(how)))
		doc_add(doc, DOC_PLAIN, "It %s", how);
	git_detail(s, doc);
	if (r) {
		doc_head(doc, r->is_question ? "It asks ([r] answers)"
		                             : "It wants to ([r] answers)");
		request_doc(r, doc);
	}
	doc_init(&words);
	if (ses) {
		ses_want_messages(ses);
		session_conversation(ses, &words);
	} else {
		programs_detail(row, &words);
	}
	if (!r || !of_pane) {
		/* a conversation begins with its newest words, a pane ends with them */
		size_t n = words.n < PEEK_LINES ? words.n : PEEK_LINES;
		size_t first = of_pane ? words.n - n : 0;
		for (size_t i = first; i < first + n; i++) {
			const struct doc_line *line = &words.lines[i];
			const char *text = line->text ? line->text : "";
			if (line->label)
				doc_pair(doc, line->tone, line->label, "%s", text);
			else
				doc_add(doc, line->tone, "%s", text);
		}
	}
	doc_finish(&words);
}

const struct kind kind_session = {
	.name = "session",
	.plural = "sessions",
	.row_size = sizeof(struct session),
	.by_work = true,
	.actions = session_actions,
	.finish = session_finish,
	.detail = session_detail,
	.follow = session_follow,
	.shell = session_attach,
	.attaches = true,
	.not_now = session_not_now,
	.json = session_json,
};

/* --- names for completion ------------------------------------------------ */

static size_t session_lines_into(char *lines, const char **out, size_t max)
{
	static char names[200][160]; /* borrowed by callers until the next call */
	size_t n = 0;
	for (const char *at = lines ? lines : ""; *at && n < max && n < ARRAY_LEN(names);) {
		size_t len = strcspn(at, "\n"), name = strcspn(at, "\t\n");
		if (name && name < sizeof(names[0])) {
			memcpy(names[n], at, name);
			names[n][name] = '\0';
			out[n] = names[n];
			n++;
		}
		at += len + (at[len] == '\n');
	}
	return n;
}

static size_t session_directories(struct sessions *ss, const char **out, size_t max)
{
	struct ses *s, *next;
	size_t n = 0;
	HASH_ITER (hh, ss->table, s, next) {
		size_t i = 0;
		while (i < n && s->row->directory && strcmp(out[i], s->row->directory) != 0)
			i++;
		if (i == n && n < max && s->row->directory)
			out[n++] = s->row->directory;
	}
	return n;
}

size_t session_names(const struct row *row, enum session_list list, const char **out, size_t max)
{
	const struct session *s = ROW_AS(session, row);
	const struct ses *ses = ses_of(row);
	struct oc *oc;
	if (s->type == SESSION_SERVICE)
		oc = s->priv;
	else if (ses)
		oc = ses->home;
	else
		oc = NULL;
	if (list == SESSION_DIRECTORIES)
		return session_directories(sessions_of(row->source), out, max);
	if (!oc)
		return 0;
	if (list == SESSION_AGENTS)
		return session_lines_into(oc->agents, out, max);
	if (list == SESSION_MODELS)
		return session_lines_into(oc->models, out, max);
	return session_lines_into(oc->commands, out, max);
}

/* --- folders over the link ----------------------------------------------- */

#define FOLDERS_MS 5000

static void folders_done(const struct run_result *r, void *arg)
{
	struct sessions *ss = arg;
	ss->folders_run = NULL;
	free(ss->folders);
	ss->folders = r->end.err.code ? xstrdup("") : wash_dup(r->out, 0);
	/* The names are separated by slashes, because washing removes line ends and no name
	 * contains a slash. */
	for (char *c = ss->folders; *c; c++)
		*c = *c == '/' ? '\n' : *c;
	struct row *any = store_first(ss->source.store, &kind_session, ss->source.server);
	if (any)
		store_touch(any);
}

void folders_end(struct sessions *ss)
{
	run_cancel(ss->folders_run);
	ss->folders_run = NULL;
	free(ss->folders_of);
	free(ss->folders);
	ss->folders_of = ss->folders = NULL;
}

bool session_directories_come(const struct row *row)
{
	return sessions_of(row->source)->folders_run != NULL;
}

bool session_directories_in(struct row *row, const char *parent, const char **out, size_t max,
                            size_t *n)
{
	static const char script[] = "cd \"$1\" 2>/dev/null && for d in */; do [ -d \"$d\" ] && "
				     "printf %s \"$d\"; done | head -c 60000";
	struct sessions *ss = sessions_of(row->source);
	const char *argv[] = { "sh", "-c", script, "sh", parent, NULL };
	*n = 0;
	if (ss->folders && ss->folders_of && !strcmp(ss->folders_of, parent)) {
		*n = session_lines_into(ss->folders, out, max);
		return true;
	}
	if (row->server->link->state != LINK_UP)
		return true;
	folders_end(ss);
	ss->folders_of = xstrdup(parent);
	char *command = quote_command(argv);
	ss->folders_run = link_run(row->server->link, command, NULL, 0, 65536, FOLDERS_MS,
	                           folders_done, ss);
	run_name(ss->folders_run, "the list of folders");
	free(command);
	return false;
}
