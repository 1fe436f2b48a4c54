/* tmux.c: tmux sessions of the login, and the panes that agents run in.
 *
 * Source: tmux(1), FORMATS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/quote.h"
#include "backends/base/tmux.h"
#include "backends/sessions/program.h"

/* The socket of the session lines that follow, and the default socket folder. */
struct tmux_socket {
	const char *path, *usual;
};

/* "socket PATH FOLDER". Only an absolute path is kept, because it goes into shell commands
 * later. */
static void tmux_socket_line(struct tmux_socket *socket, char *line)
{
	char *f[3];
	*socket = (struct tmux_socket){ NULL, NULL };
	if (program_fields(line, f, 3) == 3 && f[1][0] == '/')
		*socket = (struct tmux_socket){ f[1], f[2] };
}

/* "" for the default socket, "agents:" for another in the same folder, else the whole path. Session
 * names contain no colon. */
static void tmux_label(const struct tmux_socket *socket, char *label, size_t size)
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
static struct session *tmux_row(struct sessions *ss, const char *label, const char *name,
                                const char *target)
{
	char id[256], whole[320];
	snprintf(id, sizeof(id), "tmux-%.100s%.120s", label, name);
	for (char *c = id; *c; c++)
		*c = *c == '/' ? '-' : *c;
	snprintf(whole, sizeof(whole), "%s/%s/%s", ss->source.server->name, kind_session.name, id);
	struct row *row = store_find(ss->source.store, whole);
	struct program *o = row && row->kind == &kind_session ? program_of(row) : NULL;
	if (o && o->seen)
		snprintf(id + strlen(id), sizeof(id) - strlen(id), "-%.8s", target + 1);
	return program_make(ss, SESSION_TMUX, id, name);
}

static void tmux_session_line(struct sessions *ss, const struct tmux_socket *socket, char *line)
{
	char *f[8], label[128], words[240];
	if (program_fields(line, f, 8) < 8 || f[1][0] != '$' ||
	    f[1][1 + strspn(f[1] + 1, "0123456789")])
		return;
	tmux_label(socket, label, sizeof(label));
	struct session *r = tmux_row(ss, label, f[7], f[1]);
	struct program *o = r->priv;
	int windows = number_int(f[5]), attached = number_int(f[4]);
	snprintf(o->target, sizeof(o->target), "%s", f[1]);
	xreplace(&o->socket, socket->path);
	snprintf(r->sid, sizeof(r->sid), "%s", f[1]);
	const char *plural = windows == 1 ? "" : "s";
	int n = snprintf(words, sizeof(words), "%d window%s%s", windows, plural,
	                 attached ? ", attached" : "");
	if (*label)
		snprintf(words + n, sizeof(words) - (size_t)n, ", socket %.*s",
		         (int)strlen(label) - 1, label);
	program_set_washed(&r->words, words);
	program_set_washed(&r->directory, f[6]);
	r->created_ms = 1000 * number_long(f[2]);
	r->updated_ms = 1000 * number_long(f[3]);
	program_show(r, SESSION_IDLE, HEALTH_IDLE, r->updated_ms, NULL);
}

static bool tmux_same_socket(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static struct session *tmux_by_target(struct sessions *ss, const struct tmux_socket *socket,
                                      const char *target)
{
	struct row *row = store_first(ss->source.store, &kind_session, ss->source.server);
	for (; row; row = store_next(row, &kind_session, ss->source.server)) {
		struct program *o = program_of(row);
		if (o && ROW_AS(session, row)->type == SESSION_TMUX && !strcmp(o->target, target) &&
		    tmux_same_socket(o->socket, socket->path))
			return ROW_AS(session, row);
	}
	return NULL;
}

static void tmux_pane_line(struct sessions *ss, const struct tmux_socket *socket, char *line)
{
	char *f[8];
	if (program_fields(line, f, 8) < 8 || f[2][0] != '%' ||
	    f[2][1 + strspn(f[2] + 1, "0123456789")])
		return;
	const char *target = f[1], *pane = f[2], *title = f[7];
	struct session *r = tmux_by_target(ss, socket, target);
	/* The agent in the pane is its process, or a child of that process. */
	int pid = number_int(f[3]);
	struct row *row = store_first(ss->source.store, &kind_session, ss->source.server);
	for (; row; row = store_next(row, &kind_session, ss->source.server)) {
		struct program *o = program_of(row);
		if (o && ROW_AS(session, row)->type != SESSION_TMUX && o->pid &&
		    (o->pid == pid || o->parent_pid == pid)) {
			snprintf(o->pane, sizeof(o->pane), "%s", pane);
			snprintf(o->target, sizeof(o->target), "%s", target);
			xreplace(&o->socket, socket->path);
			if (ROW_AS(session, row)->type == SESSION_AGENT)
				program_set_washed(&ROW_AS(session, row)->words, title);
		}
	}
	if (!r || strcmp(f[5], "1") != 0)
		return;
	struct program *o = r->priv;
	snprintf(o->pane, sizeof(o->pane), "%s", pane);
	o->pane_pid = pid;
	program_set_washed(&r->agent, f[4]);
	program_set_washed(&r->model, title);
}

void tmux_apply(struct sessions *ss, char *lines)
{
	struct tmux_socket socket = { NULL, NULL };
	for (char *line = lines; line && *line;) {
		char *nl = strchr(line, '\n');
		if (nl)
			*nl = '\0';
		if (!strncmp(line, "session\t", 8))
			tmux_session_line(ss, &socket, line);
		else if (!strncmp(line, "pane\t", 5))
			tmux_pane_line(ss, &socket, line);
		else if (!strncmp(line, "socket\t", 7))
			tmux_socket_line(&socket, line);
		line = nl ? nl + 1 : NULL;
	}
}

/* --- commands ------------------------------------------------------------ */

void tmux_words(struct buf *b, const struct program *o, const char *const *argv)
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

/* Appends the command that attaches to the session of the row's pane. A pane that runs an agent is
 * selected first. */
void tmux_attach(const struct row *row, struct buf *b)
{
	const struct program *o = program_of(row);
	if (ROW_AS(session, row)->type != SESSION_TMUX) {
		tmux_words(b, o, (const char *[]){ "select-window", "-t", o->pane, NULL });
		buf_puts(b, "; ");
		tmux_words(b, o, (const char *[]){ "select-pane", "-t", o->pane, NULL });
		buf_puts(b, "; ");
	}
	buf_puts(b, "unset TMUX; exec ");
	tmux_words(b, o, (const char *[]){ "attach", "-t", o->target, NULL });
}

/* Appends one more command, joined by &&. */
static void tmux_next_words(struct buf *b, const struct program *o, const char *const *argv)
{
	if (b->len)
		buf_puts(b, " && ");
	tmux_words(b, o, argv);
}

/* Builds the command line of a tmux action. False: the argument is missing. */
bool tmux_act_command(const struct row *row, const enum tmux_act *act, const char *argument,
                      struct buf *b)
{
	const struct program *o = program_of(row);
	bool has = argument && *argument;
	if (!o && *act != TMUX_NEW)
		return false;
	if (*act == TMUX_KILL) {
		tmux_next_words(b, o, (const char *[]){ "kill-session", "-t", o->target, NULL });
	} else if (*act == TMUX_RENAME && has) {
		char *name = tmux_name(argument);
		tmux_next_words(b, o,
		                (const char *[]){ "rename-session", "-t", o->target, "--", name,
		                                  NULL });
		free(name);
	} else if (*act == TMUX_SEND && has) {
		char *typed = tmux_word(argument);
		tmux_next_words(b, o,
		                (const char *[]){ "send-keys", "-t", o->pane, "-l", "--", typed,
		                                  NULL });
		tmux_next_words(b, o,
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
		tmux_next_words(b, o,
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

const struct program_kind program_tmux = {
	.type = SESSION_TMUX,
	.command = tmux_attach,
	.words_label = "tmux",
};
