/* others.c: tmux sessions of the login, and Claude Code sessions from the files in its home.
 *
 * Source for tmux: tmux(1), FORMATS. Claude Code's files have no published format: see scan.c for
 * what was seen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/quote.h"
#include "backends/base/tmux.h"
#include "backends/base/wash.h"
#include "backends/sessions/sessions.h"

#define PREVIEW_MAX (256u << 10)
#define PREVIEW_GAP_MS 1000

/* Private data of these rows, beyond struct session. */
struct other {
	char target[64]; /* session id in tmux: "$3" */
	/* socket of its tmux server, owned; NULL: the default */
	char *socket;
	char *home; /* owned: its CLAUDE_CONFIG_DIR; NULL: ~/.claude */
	/* "%5": the active pane of a tmux session, or the pane that runs Claude Code; "" none */
	char pane[32];
	int pane_pid;
	bool named; /* the user named the session */
	int pid;    /* of a live Claude Code session; 0 none */
	int parent_pid, was_pid;
	enum session_status was_status;
	char *preview; /* text of the pane, not washed; NULL */
	size_t preview_len;
	struct run *run;
	int64_t asked_ms; /* loop clock */
	uint32_t seen;
};

/* Splits line at tabs into at most n fields. The last field takes the rest. Returns the number of
 * fields. */
static size_t others_fields_of(char *line, char **fields, size_t n)
{
	size_t got = 0;
	while (got < n) {
		fields[got++] = line;
		char *tab = got < n ? strchr(line, '\t') : NULL;
		if (!tab)
			break;
		*tab = '\0';
		line = tab + 1;
	}
	return got;
}

static void others_set_washed(char **slot, const char *text)
{
	char *w = text && *text ? wash_dup(text, 0) : NULL;
	free(*slot);
	*slot = w;
}

static struct session *others_make(struct sessions *ss, enum session_type type,
                                   const char *local_id, const char *name)
{
	struct session *r = (struct session *)store_row(&ss->source, &kind_session, local_id, name);
	if (!r->priv) {
		r->priv = xcalloc(1, sizeof(struct other));
		r->cost = r->tokens = r->context_used = r->context_limit = r->memory = r->cpu = -1;
	}
	r->type = type;
	((struct other *)r->priv)->seen = 1;
	return r;
}

static struct other *others_of(const struct row *row)
{
	const struct session *s = (const struct session *)row;
	return s->type == SESSION_TMUX || s->type == SESSION_CLAUDE ? s->priv : NULL;
}

static void others_show(struct session *r, enum session_status status, enum health health,
                        int64_t since, const char *why)
{
	if (r->shown != status || !r->status_ms)
		r->status_ms = since;
	r->status = r->shown = status;
	r->hidden = !r->status_ms || (status == SESSION_NOT_SERVED &&
	                              now_wall_ms() - r->updated_ms > SESSION_OLD_MS);
	store_row_health(&r->row, health, r->status_ms, why);
	store_touch(&r->row);
}

/* --- tmux ---------------------------------------------------------------- */

/* The socket of the session lines that follow, and the default socket folder. */
struct tmux_socket {
	const char *path, *usual;
};

/* "socket PATH FOLDER". Only an absolute path is kept, because it goes into shell commands
 * later. */
static void others_tmux_socket(struct tmux_socket *socket, char *line)
{
	char *f[3];
	*socket = (struct tmux_socket){ NULL, NULL };
	if (others_fields_of(line, f, 3) == 3 && f[1][0] == '/')
		*socket = (struct tmux_socket){ f[1], f[2] };
}

/* "" for the default socket, "agents:" for another in the same folder, else the whole path. Session
 * names contain no colon. */
static void others_tmux_label(const struct tmux_socket *socket, char *label, size_t size)
{
	size_t n = socket->path ? strlen(socket->usual) : 0;
	snprintf(label, size, "%s", "");
	if (!socket->path)
		return;
	bool beside = !strncmp(socket->path, socket->usual, n) && socket->path[n] == '/';
	const char *name = beside ? socket->path + n + 1 : socket->path;
	if (!beside || strcmp(name, "default") != 0)
		snprintf(label, size, "%s:", name);
}

/* Row ids turn "/" into "-", so tmux's names a/b and a-b collide. A name already taken in this look
 * gets tmux's number. */
static struct session *others_tmux_row(struct sessions *ss, const char *label, const char *name,
                                       const char *target)
{
	char id[256], whole[320];
	snprintf(id, sizeof(id), "tmux-%.100s%.120s", label, name);
	for (char *c = id; *c; c++)
		*c = *c == '/' ? '-' : *c;
	snprintf(whole, sizeof(whole), "%s/%s/%s", ss->source.server->name, kind_session.name, id);
	struct row *row = store_find(ss->source.store, whole);
	struct other *o = row && row->kind == &kind_session ? others_of(row) : NULL;
	if (o && o->seen)
		snprintf(id + strlen(id), sizeof(id) - strlen(id), "-%.8s", target + 1);
	return others_make(ss, SESSION_TMUX, id, name);
}

static void others_tmux_session(struct sessions *ss, const struct tmux_socket *socket, char *line)
{
	char *f[8], label[128], words[240];
	if (others_fields_of(line, f, 8) < 8 || f[1][0] != '$' ||
	    f[1][1 + strspn(f[1] + 1, "0123456789")])
		return;
	others_tmux_label(socket, label, sizeof(label));
	struct session *r = others_tmux_row(ss, label, f[7], f[1]);
	struct other *o = r->priv;
	int windows = number_int(f[5]), attached = number_int(f[4]);
	snprintf(o->target, sizeof(o->target), "%s", f[1]);
	xreplace(&o->socket, socket->path);
	snprintf(r->sid, sizeof(r->sid), "%s", f[1]);
	int n = snprintf(words, sizeof(words), "%d window%s%s", windows, windows == 1 ? "" : "s",
	                 attached ? ", attached" : "");
	if (*label)
		snprintf(words + n, sizeof(words) - (size_t)n, ", socket %.*s",
		         (int)strlen(label) - 1, label);
	others_set_washed(&r->words, words);
	others_set_washed(&r->directory, f[6]);
	r->created_ms = 1000 * number_long(f[2]);
	r->updated_ms = 1000 * number_long(f[3]);
	others_show(r, SESSION_IDLE, HEALTH_IDLE, r->updated_ms, NULL);
}

static bool others_same_socket(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static struct session *others_by_target(struct sessions *ss, const struct tmux_socket *socket,
                                        const char *target)
{
	struct row *row = store_first(ss->source.store, &kind_session, ss->source.server);
	for (; row; row = store_next(row, &kind_session, ss->source.server)) {
		struct other *o = others_of(row);
		if (o && ((struct session *)row)->type == SESSION_TMUX &&
		    !strcmp(o->target, target) && others_same_socket(o->socket, socket->path))
			return (struct session *)row;
	}
	return NULL;
}

/* Assigns the pane to the Claude Code session that runs as the pane's process or as a child of that
 * process. */
static void others_pane_of_claude(struct sessions *ss, const struct tmux_socket *socket,
                                  const char *pane, const char *target, int pid)
{
	struct row *row = store_first(ss->source.store, &kind_session, ss->source.server);
	for (; row; row = store_next(row, &kind_session, ss->source.server)) {
		struct other *o = others_of(row);
		if (o && ((struct session *)row)->type == SESSION_CLAUDE && o->pid &&
		    (o->pid == pid || o->parent_pid == pid)) {
			snprintf(o->pane, sizeof(o->pane), "%s", pane);
			snprintf(o->target, sizeof(o->target), "%s", target);
			xreplace(&o->socket, socket->path);
		}
	}
}

static void others_tmux_pane(struct sessions *ss, const struct tmux_socket *socket, char *line)
{
	char *f[8];
	if (others_fields_of(line, f, 8) < 8 || f[2][0] != '%' ||
	    f[2][1 + strspn(f[2] + 1, "0123456789")])
		return;
	struct session *r = others_by_target(ss, socket, f[1]);
	others_pane_of_claude(ss, socket, f[2], f[1], number_int(f[3]));
	if (!r || strcmp(f[5], "1") != 0)
		return;
	struct other *o = r->priv;
	snprintf(o->pane, sizeof(o->pane), "%s", f[2]);
	o->pane_pid = number_int(f[3]);
	others_set_washed(&r->agent, f[4]);
	others_set_washed(&r->model, f[7]);
}

/* --- Claude Code --------------------------------------------------------- */

static const char *others_text(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
	return cJSON_IsString(v) ? v->valuestring : NULL;
}

static double others_number(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
	return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

static bool others_is_uuid(const char *s)
{
	return s && strlen(s) == 36 && strspn(s, "0123456789abcdefABCDEF-") == 36;
}

static struct session *others_claude_row(struct sessions *ss, const char *uuid)
{
	char id[256];
	snprintf(id, sizeof(id), "%s/%s/%s", ss->source.server->name, kind_session.name, uuid);
	struct row *known = store_find(ss->source.store, id);
	/* keep the name found before */
	char *name = xstrdup(known && known->kind == &kind_session ? known->name : uuid);
	struct session *r = others_make(ss, SESSION_CLAUDE, uuid, name);
	free(name);
	snprintf(r->sid, sizeof(r->sid), "%s", uuid);
	return r;
}

/* The file counts only if the running process wrote it: compare the start time, field 22 of stat in
 * proc(5). */
static struct session *others_claude_live(struct sessions *ss, const char *start,
                                          const char *parent, const char *json)
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
	const char *uuid = others_text(o, "sessionId"), *status = others_text(o, "status"),
		   *what = others_text(o, "waitingFor");
	const cJSON *proc = cJSON_GetObjectItemCaseSensitive(o, "procStart");
	char wrote[32] = "", why[200];
	if (cJSON_IsString(proc))
		snprintf(wrote, sizeof(wrote), "%s", proc->valuestring);
	else if (cJSON_IsNumber(proc))
		snprintf(wrote, sizeof(wrote), "%.0f", proc->valuedouble);
	if (!others_is_uuid(uuid) || strcmp(start, "0") == 0 || strcmp(wrote, start) != 0) {
		cJSON_Delete(o);
		return NULL;
	}
	struct session *r = others_claude_row(ss, uuid);
	struct other *other = r->priv;
	size_t i = 0;
	while (i < ARRAY_LEN(states) && (!status || strcmp(states[i].name, status) != 0))
		i++;
	other->pid = number_small(others_number(o, "pid"), 0);
	other->parent_pid = number_int(parent);
	if (other->was_pid != other->pid)
		other->pane[0] = '\0';
	others_set_washed(&r->directory, others_text(o, "cwd"));
	bool named = others_text(o, "name") &&
	             (!others_text(o, "nameSource") ||
	              strcmp(others_text(o, "nameSource"), "derived") != 0);
	/* a derived name says less than the last prompt */
	if (others_text(o, "name") && (named || others_is_uuid(r->row.name)))
		others_set_washed(&r->row.name, others_text(o, "name"));
	other->named = named;
	r->created_ms = number_whole(others_number(o, "startedAt"), 0);
	r->updated_ms = number_whole(others_number(o, "statusUpdatedAt"), 0);
	snprintf(why, sizeof(why), "Claude Code waits for: %.120s", what ? what : "you");
	bool waits = i < ARRAY_LEN(states) && states[i].status == SESSION_PERMISSION;
	others_set_washed(&r->words, waits && what ? what : NULL);
	others_show(r, i < ARRAY_LEN(states) ? states[i].status : SESSION_UNKNOWN,
	            i < ARRAY_LEN(states) ? states[i].health : HEALTH_UNKNOWN,
	            r->updated_ms ? r->updated_ms : r->created_ms, waits ? why : NULL);
	cJSON_Delete(o);
	return r;
}

static void others_claude_kept(struct session *r, const char *home)
{
	if (r)
		xreplace(&((struct other *)r->priv)->home, home);
}

static void others_claude_line(struct session *r, const char *line)
{
	cJSON *o = json_parse(line, strlen(line));
	const cJSON *message = cJSON_GetObjectItemCaseSensitive(o, "message");
	const cJSON *usage = cJSON_GetObjectItemCaseSensitive(message, "usage");
	if (others_text(o, "cwd") && !r->directory)
		others_set_washed(&r->directory, others_text(o, "cwd"));
	const cJSON *cost = cJSON_GetObjectItemCaseSensitive(o, "totalCostUSD");
	if (cJSON_IsNumber(cost) && cost->valuedouble >= 0)
		r->cost = cost->valuedouble;
	if (others_text(o, "lastPrompt") && !((struct other *)r->priv)->named)
		others_set_washed(&r->row.name, others_text(o, "lastPrompt"));
	if (others_text(o, "summary"))
		others_set_washed(&r->row.name, others_text(o, "summary"));
	if (others_text(message, "model"))
		others_set_washed(&r->model, others_text(message, "model"));
	if (cJSON_IsObject(usage))
		r->context_used = number_whole(others_number(usage, "input_tokens") +
		                                       others_number(usage, "output_tokens") +
		                                       others_number(usage,
		                                                     "cache_read_input_tokens") +
		                                       others_number(usage,
		                                                     "cache_creation_input_tokens"),
		                               0);
	cJSON_Delete(o);
}

/* A transcript: its time and name. Lines with its working directory and last messages follow. */
static struct session *others_claude_file(struct sessions *ss, char *line)
{
	char *f[3], uuid[40] = "";
	if (others_fields_of(line, f, 3) < 3 || strlen(f[2]) < 36)
		return NULL;
	memcpy(uuid, f[2], 36);
	if (!others_is_uuid(uuid))
		return NULL;
	struct session *r = others_claude_row(ss, uuid);
	struct other *o = r->priv;
	int64_t ms = 1000 * number_long(f[1]);
	if (ms > r->updated_ms)
		r->updated_ms = ms;
	others_set_washed(&r->agent, "claude");
	if (!o->pid)
		others_show(r, SESSION_NOT_SERVED, HEALTH_IDLE, r->updated_ms, NULL);
	return r;
}

/* The process that ran in the pane is gone. */
static void others_leave_pane(struct session *r, struct other *o)
{
	if (r->type == SESSION_CLAUDE)
		o->pane[0] = o->target[0] = '\0';
}

static void others_was_live(struct row *row, struct other *o)
{
	o->was_pid = o->pid;
	o->was_status = ((struct session *)row)->status;
	o->pid = 0;
}

static void others_ended(struct row *row, struct other *o)
{
	struct session *r = (struct session *)row;
	if (r->type == SESSION_CLAUDE && o->was_pid && !o->pid) {
		others_leave_pane(r, o);
		others_show(r, SESSION_NOT_SERVED, HEALTH_IDLE, now_wall_ms(), NULL);
	} else if (r->type == SESSION_CLAUDE && o->pid &&
	           (o->pid != o->was_pid ||
	            (r->status != o->was_status && r->status == SESSION_IDLE)))
		/* a look finds the pane of a new session, and its last prompt */
		sessions_look(sessions_of(row->source), 0);
}

static void others_each(struct sessions *ss, void (*fn)(struct row *, struct other *));
static void others_claude_lines(struct sessions *ss, char *lines);

void others_live(struct sessions *ss, const char *now)
{
	char *lines = xstrdup(now);
	others_each(ss, others_was_live);
	others_claude_lines(ss, lines);
	others_each(ss, others_ended);
	free(lines);
}

static void others_claude_lines(struct sessions *ss, char *lines)
{
	struct session *file = NULL;
	const char *home = NULL;
	for (char *line = lines; line && *line;) {
		char *nl = strchr(line, '\n'), *f[4];
		if (nl)
			*nl = '\0';
		if (!strncmp(line, "live\t", 5)) {
			if (others_fields_of(line, f, 4) == 4)
				others_claude_kept(others_claude_live(ss, f[1], f[2], f[3]), home);
		} else if (!strncmp(line, "home\t", 5)) {
			home = line[5] == '/' ? line + 5 : NULL;
		} else if (!strncmp(line, "file\t", 5)) {
			file = others_claude_file(ss, line);
			others_claude_kept(file, home);
		} else if (file && !strncmp(line, "\"cwd\":\"", 7)) {
			char *whole = xasprintf("{%s}", line);
			others_claude_line(file, whole);
			free(whole);
		} else if (file && *line == '{') {
			others_claude_line(file, line);
		}
		line = nl ? nl + 1 : NULL;
	}
}

/* --- apply a whole look --------------------------------------------------- */

static void others_each(struct sessions *ss, void (*fn)(struct row *, struct other *))
{
	struct row *row = store_first(ss->source.store, &kind_session, ss->source.server), *next;
	for (; row; row = next) {
		next = store_next(row, &kind_session, ss->source.server);
		if (others_of(row))
			fn(row, others_of(row));
	}
}

static void others_unsee(struct row *row, struct other *o)
{
	o->seen = 0;
	o->pid = o->was_pid = 0;
	others_leave_pane((struct session *)row, o); /* the look lists the panes again */
}

static void others_forget_unseen(struct row *row, struct other *o)
{
	if (!o->seen)
		store_row_remove(row);
}

void others_apply(struct sessions *ss, const char *tmux, const char *claude)
{
	char *lines = xstrdup(claude), *copy = xstrdup(tmux);
	struct tmux_socket socket = { NULL, NULL };
	others_each(ss, others_unsee);
	others_claude_lines(ss, lines);
	for (char *line = copy; line && *line;) {
		char *nl = strchr(line, '\n');
		if (nl)
			*nl = '\0';
		if (!strncmp(line, "session\t", 8))
			others_tmux_session(ss, &socket, line);
		else if (!strncmp(line, "pane\t", 5))
			others_tmux_pane(ss, &socket, line);
		else if (!strncmp(line, "socket\t", 7))
			others_tmux_socket(&socket, line);
		line = nl ? nl + 1 : NULL;
	}
	others_each(ss, others_forget_unseen);
	free(lines);
	free(copy);
}

void others_finish(struct session *s)
{
	struct other *o = s->priv;
	if (!o)
		return;
	run_cancel(o->run);
	free(o->preview);
	free(o->socket);
	free(o->home);
	free(o);
}

/* --- details, attaching, acting ------------------------------------------ */

/* Appends a quoted tmux command for the socket of that session. */
static void others_tmux_words(struct buf *b, const struct other *o, const char *const *argv)
{
	enum { MOST = 16 };
	const char *all[MOST + 1] = { "tmux" };
	size_t n = 1;
	if (o && o->socket) {
		all[n++] = "-S";
		all[n++] = o->socket;
	}
	while (*argv && n < MOST)
		all[n++] = *argv++;
	quote_argv(b, all);
}

static void others_preview_done(const struct run_result *r, void *arg)
{
	struct row *row = arg;
	struct other *o = others_of(row);
	o->run = NULL;
	if (r->end.err.code || r->end.exit_code != 0)
		return;
	free(o->preview);
	o->preview = xstrndup(r->out, r->out_len);
	o->preview_len = r->out_len;
	store_touch(row);
}

static void others_want_preview(struct row *row, struct other *o)
{
	int64_t now = loop_now(store_loop(row->source->store));
	if (!o->pane[0] || o->run || row->server->link->state != LINK_UP ||
	    (o->asked_ms && now - o->asked_ms < PREVIEW_GAP_MS))
		return;
	struct buf command = { 0 };
	others_tmux_words(&command, o,
	                  (const char *[]){ "capture-pane", "-p", "-t", o->pane, NULL });
	o->asked_ms = now;
	o->run = link_run(row->server->link, command.data, NULL, 0, PREVIEW_MAX, 10000,
	                  others_preview_done, row);
	buf_finish(&command);
}

void others_detail(struct row *row, struct doc *doc)
{
	struct session *s = (struct session *)row;
	struct other *o = others_of(row);
	if (s->words)
		doc_pair(doc, DOC_PLAIN, s->type == SESSION_TMUX ? "tmux" : "waits for", "%s",
		         s->words);
	if (!o->pane[0]) {
		doc_add(doc, DOC_DIM, "It runs in no tmux pane.");
		return;
	}
	doc_pair(doc, DOC_PLAIN, "pane", "%s", o->pane);
	others_want_preview(row, o);
	doc_head(doc, "What its pane shows");
	if (o->preview)
		doc_text(doc, DOC_CODE, o->preview, o->preview_len);
	else
		doc_add(doc, DOC_DIM, "asking for it...");
}

bool others_pane(const struct row *row)
{
	return others_of(row) && others_of(row)->pane[0];
}

void others_command(const struct row *row, struct buf *b)
{
	const struct session *s = (const struct session *)row;
	const struct other *o = others_of(row);
	if (o->target[0] && (s->type == SESSION_TMUX || o->pane[0])) {
		if (s->type == SESSION_CLAUDE) {
			others_tmux_words(b, o,
			                  (const char *[]){ "select-window", "-t", o->pane, NULL });
			buf_puts(b, "; ");
			others_tmux_words(b, o,
			                  (const char *[]){ "select-pane", "-t", o->pane, NULL });
			buf_puts(b, "; ");
		}
		buf_puts(b, "unset TMUX; exec ");
		others_tmux_words(b, o, (const char *[]){ "attach", "-t", o->target, NULL });
	} else {
		if (o->home) {
			buf_puts(b, "export CLAUDE_CONFIG_DIR=");
			quote_word(b, o->home);
			buf_puts(b, "; ");
		}
		buf_puts(b, "PATH=$PATH:$HOME/.local/bin:$HOME/.claude/local:/usr/local/bin; cd ");
		quote_word(b, s->directory ? s->directory : ".");
		buf_puts(b, " && exec claude --resume ");
		quote_word(b, s->sid);
	}
}

/* Appends one more command, joined by &&. */
static void others_next_words(struct buf *b, const struct other *o, const char *const *argv)
{
	if (b->len)
		buf_puts(b, " && ");
	others_tmux_words(b, o, argv);
}

/* Builds the command line of a tmux action. False: the argument is missing. */
bool others_act(const struct row *row, const enum tmux_act *act, const char *argument,
                struct buf *b)
{
	const struct other *o = others_of(row);
	bool has = argument && *argument;
	if (!o && *act != TMUX_NEW)
		return false;
	if (*act == TMUX_KILL) {
		others_next_words(b, o, (const char *[]){ "kill-session", "-t", o->target, NULL });
	} else if (*act == TMUX_RENAME && has) {
		char *name = tmux_name(argument);
		others_next_words(b, o,
		                  (const char *[]){ "rename-session", "-t", o->target, "--", name,
		                                    NULL });
		free(name);
	} else if (*act == TMUX_SEND && has) {
		char *typed = tmux_word(argument);
		others_next_words(b, o,
		                  (const char *[]){ "send-keys", "-t", o->pane, "-l", "--", typed,
		                                    NULL });
		others_next_words(b, o,
		                  (const char *[]){ "send-keys", "-t", o->pane, "Enter", NULL });
		free(typed);
	} else if (*act == TMUX_NEW && has) {
		size_t n = strcspn(argument, " ");
		char *first = xstrndup(argument, n), *name = tmux_name(first);
		const char *dir = argument + n + strspn(argument + n, " ");
		char *folder = tmux_name(dir);
		/* tmux silently falls back to the home folder if the folder is missing */
		if (*dir)
			quote_argv(b, (const char *[]){ "cd", "--", dir, NULL });
		others_next_words(b, o,
		                  (const char *[]){ "new-session", "-d", "-s", name,
		                                    *dir ? "-c" : NULL, folder, NULL });
		free(folder);
		free(name);
		free(first);
	} else {
		return false;
	}
	return true;
}
