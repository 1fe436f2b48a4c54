/* attach.c: runs the real program full screen over the live connection: OpenCode's TUI, tmux or
 * Claude Code. OpenCode's TUI runs on the server and connects to the server's loopback port. If the
 * server lacks the program (its OpenCode is in a container, or was replaced), this machine's
 * program runs instead. It connects to a local port that is relayed to the server.
 *
 * OpenCode's password goes over the terminal's standard input, after the far side has confirmed
 * that echo is off. It is never in argv and never in a file. The program is the executable that
 * serves, so the versions match. A shell ends it with TERM when the terminal closes, because older
 * versions survive a hang-up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/link/origin.h"
#include "backends/sessions/oc_dialect.h"
#include "backends/sessions/program.h"

#define MARK "mocr-opencode-now"
#define NONE "mocr-no-opencode-here"
#define HEAD_MAX 4096
#define TERM_MAX 64

struct attach_stream {
	struct stream stream;     /* the stream that the caller holds */
	struct stream *under;     /* NULL while this machine's link connects */
	struct buf head;          /* output before the mark */
	char *secret;             /* ends with a newline; NULL: none, or sent */
	bool over;                /* the mark was seen: pass everything through */
	bool none;                /* the far side lacks the program */
	struct link *here;        /* link of this machine, if the program runs here; owned */
	struct origin_port *port; /* local port relayed to the server; owned */
	char *command;            /* the command to run on this machine; owned */
	struct store *store;      /* borrowed */
	char *row_id;             /* owned */
	char term[TERM_MAX];
	int cols, rows;
};

/* --- the stream: passes everything through after the mark ----------------- */

static void attach_wipe_secret(struct attach_stream *a)
{
	if (a->secret)
		wipe(a->secret, strlen(a->secret));
	free(a->secret);
	a->secret = NULL;
}

static void attach_end_lost(void *arg);

static void attach_release(struct attach_stream *a)
{
	loop_defer_cancel(store_loop(a->store), attach_end_lost, a);
	attach_wipe_secret(a);
	link_destroy(a->here);
	origin_port_close(a->port);
	buf_finish(&a->head);
	free(a->command);
	free(a->row_id);
	free(a);
}

static void attach_on_opened(struct stream *s, void *arg)
{
	struct attach_stream *a = arg;
	if (a->stream.events->opened && !a->here)
		a->stream.events->opened(&a->stream, a->stream.arg);
}

static size_t attach_told(struct attach_stream *a, const char *bytes, size_t len)
{
	return len ? a->stream.events->data(&a->stream, bytes, len, a->stream.arg) : 0;
}

static size_t attach_on_data(struct stream *s, const char *bytes, size_t len, void *arg)
{
	struct attach_stream *a = arg;
	if (a->over)
		return attach_told(a, bytes, len);
	size_t had = a->head.len, n = len < HEAD_MAX - had ? len : HEAD_MAX - had;
	buf_add(&a->head, bytes, n);
	char *mark = memmem(a->head.data, a->head.len, MARK, strlen(MARK));
	if (mark) {
		/* end of the mark within bytes */
		size_t end = (size_t)(mark - a->head.data) + strlen(MARK) - had;
		/* The program has the terminal now. Send its password, then let the caller send
		 * what was typed meanwhile. */
		a->over = true;
		if (a->secret)
			stream_write(a->under, a->secret, strlen(a->secret));
		attach_wipe_secret(a);
		if (a->stream.events->drained)
			a->stream.events->drained(&a->stream, a->stream.arg);
		return end + attach_told(a, bytes + end, len - end);
	}
	if (memmem(a->head.data, a->head.len, NONE, strlen(NONE))) {
		a->none = true;
	} else if (a->head.len == HEAD_MAX) {
		a->over = true; /* something else is talking: show its output */
		attach_told(a, a->head.data, a->head.len);
		return n + attach_told(a, bytes + n, len - n);
	}
	return len;
}

static void attach_on_drained(struct stream *s, void *arg)
{
	struct attach_stream *a = arg;
	if (a->stream.events->drained)
		a->stream.events->drained(&a->stream, a->stream.arg);
}

static bool attach_go_on_here(struct attach_stream *a, struct err *err);

static void attach_on_closed(struct stream *s, const struct stream_end *end, void *arg)
{
	struct attach_stream *a = arg;
	struct stream_end ours = *end;
	a->under = NULL;
	if (a->none && attach_go_on_here(a, &ours.err))
		return;
	end = &ours;
	if (!a->over && !a->none && a->head.len) /* the output says why it ended */
		a->stream.events->data(&a->stream, a->head.data, a->head.len, a->stream.arg);
	a->stream.events->closed(&a->stream, end, a->stream.arg);
	attach_release(a);
}

static const struct stream_events under_events = { .opened = attach_on_opened,
	                                           .data = attach_on_data,
	                                           .drained = attach_on_drained,
	                                           .closed = attach_on_closed };

static struct attach_stream *attach_of(struct stream *s)
{
	return container_of(s, struct attach_stream, stream);
}

static size_t attach_do_write(struct stream *s, const void *bytes, size_t len)
{
	return attach_of(s)->over ? stream_write(attach_of(s)->under, bytes, len) : 0;
}

static void attach_do_write_eof(struct stream *s)
{
	if (attach_of(s)->under)
		stream_write_eof(attach_of(s)->under);
}

static void attach_do_resume(struct stream *s)
{
	if (attach_of(s)->under)
		stream_resume(attach_of(s)->under);
}

static void attach_do_resize(struct stream *s, int cols, int rows)
{
	struct attach_stream *a = attach_of(s);
	a->cols = cols;
	a->rows = rows;
	if (a->under)
		stream_resize(a->under, cols, rows);
}

static void attach_do_close(struct stream *s)
{
	struct attach_stream *a = attach_of(s);
	stream_close(a->under);
	attach_release(a);
}

static const struct stream_ops attach_ops = {
	.write = attach_do_write,
	.write_eof = attach_do_write_eof,
	.resume = attach_do_resume,
	.resize = attach_do_resize,
	.close = attach_do_close,
};

/* --- the command --------------------------------------------------------- */

#define PATHS "PATH=$PATH:$HOME/.opencode/bin:$HOME/.local/bin:/usr/local/bin; "
#define TERM_GUARD                                                                                \
	"c=; trap \"kill -TERM \\$c 2>/dev/null; sleep 2; kill -KILL \\$c 2>/dev/null; exit 1\" " \
	"HUP TERM; exec 3<&0; "
#define FIND_PROGRAM                                                                       \
	"; [ -x \"$p\" ] || p=opencode; command -v \"$p\" >/dev/null || { printf %s " NONE \
	"; exit 127; }; "
#define ONLY_1 OC_ONLY_1("printf %s " NONE "; exit 127")
#define ONLY_2 OC_MAJOR "[ \"$v\" = 2 ] || { printf %s " NONE "; exit 127; }; "
#define READ_SECRET                                                                          \
	"stty -echo; printf %s " MARK "; IFS= read -r OPENCODE_SERVER_PASSWORD; stty echo; " \
	"OPENCODE_PASSWORD=$OPENCODE_SERVER_PASSWORD; "                                      \
	"export OPENCODE_SERVER_PASSWORD OPENCODE_PASSWORD; "
#define NO_SECRET "unset OPENCODE_SERVER_PASSWORD OPENCODE_PASSWORD; printf %s " MARK "; "

/* The arguments of 1.x. */
static void attach_words_v1(const struct ses *s, const char *url, bool secret, struct buf *script)
{
	const struct oc *oc = s->home;
	buf_puts(script, "attach ");
	quote_word(script, url);
	buf_puts(script, " --dir ");
	quote_word(script, s->directory ? s->directory : "/");
	buf_puts(script, " --session ");
	quote_word(script, s->id);
	if (secret && strcmp(oc->user, "opencode") != 0) {
		buf_puts(script, " -u ");
		quote_word(script, oc->user);
	}
}

/* The script prints NONE if the program is missing, or is of the other generation. Otherwise it
 * prints MARK and runs OpenCode. */
static char *attach_opencode_command(const struct ses *s, const char *program, const char *url,
                                     bool secret)
{
	bool old = s->home->dialect->has_program;
	struct buf script;
	buf_init(&script, 16384);
	buf_puts(&script, PATHS "p=");
	quote_word(&script, program);
	buf_puts(&script, FIND_PROGRAM);
	buf_puts(&script, old ? ONLY_1 : ONLY_2);
	buf_puts(&script, secret ? READ_SECRET : NO_SECRET);
	buf_puts(&script, TERM_GUARD "\"$p\" ");
	if (old)
		attach_words_v1(s, url, secret, &script);
	else {
		/* The arguments of 2.x. Without --server it might stop the user's background
		 * service and start its own. */
		buf_puts(&script, "--server ");
		quote_word(&script, url);
		buf_puts(&script, " --session ");
		quote_word(&script, s->id);
		if (s->directory) {
			buf_puts(&script, " ");
			quote_word(&script, s->directory);
		}
	}
	buf_puts(&script, " <&3 3<&- & c=$!; wait $c");
	return buf_take(&script);
}

static char *attach_command_there(const struct ses *s)
{
	const struct oc *oc = s->home;
	const char *scheme = oc->tls ? "https" : "http";
	bool six = strchr(oc->host, ':') != NULL;
	char *url = xasprintf(six ? "%s://[%s]:%d" : "%s://%s:%d", scheme, oc->host, oc->port);
	char *command = attach_opencode_command(s, oc->program ? oc->program : "opencode", url,
	                                        oc_password(oc));
	free(url);
	return command;
}

#define NOT_THERE                                                           \
	"command -v opencode >/dev/null || { printf \"%s\\n\" "             \
	"\"there is no program opencode there: npm install -g opencode-ai " \
	"brings it\"; exit 127; }; "
#define OTHER_VERSION                                                                 \
	"printf \"%s\\n\" \"the program opencode there is of version ${v:-unknown}; " \
	"mocr resumes sessions by versions 1 and 2 only\"; exit 1"

/* For a session that no server serves: starts OpenCode in its directory and resumes it. Version 2
 * gets a server of its own, which ends with it: the user's background service is left alone. */
static char *attach_resume_command(const struct ses *s)
{
	struct buf script;
	buf_init(&script, 16384);
	buf_puts(&script, PATHS);
	program_enter(s->directory ? s->directory : "/", &script);
	buf_puts(&script, "p=opencode; " NOT_THERE OC_MAJOR
	                  "case $v in 0|1) o=;; 2) o=--standalone;; *) " OTHER_VERSION
	                  ";; esac; " TERM_GUARD "opencode $o --session ");
	quote_word(&script, s->id);
	buf_puts(&script, " <&3 3<&- & c=$!; wait $c");
	return buf_take(&script);
}

/* --- program missing on the server: run this machine's, relayed over the link --- */

static void attach_end_with(struct attach_stream *a, const struct err *err)
{
	struct stream_end end = { .exit_code = -1, .err = *err };
	stream_close(a->under);
	a->stream.events->closed(&a->stream, &end, a->stream.arg);
	attach_release(a);
}

/* Deferred, because the caller is still destroying the origin. */
static void attach_end_lost(void *arg)
{
	struct attach_stream *a = arg;
	struct err err;
	err_set(&err, ERR_LOST, "the way to the server was lost; the session goes on there");
	attach_end_with(a, &err);
}

static void attach_on_gone(void *arg)
{
	struct attach_stream *a = arg;
	loop_defer(store_loop(a->store), attach_end_lost, a);
}

static void attach_on_here(struct link *link, void *arg)
{
	struct attach_stream *a = arg;
	struct endpoint endpoint = { .kind = ENDPOINT_TERMINAL,
		                     .command = a->command,
		                     .term = a->term,
		                     .cols = a->cols,
		                     .rows = a->rows };
	struct err err;
	if (a->under || link->state != LINK_UP)
		return;
	a->under = link_open(link, &endpoint, &under_events, a, &err);
	if (!a->under)
		attach_end_with(a, &err);
}

/* The origin to relay to. NULL and err: none, or relaying is not possible. */
static struct origin *attach_origin_of(const struct attach_stream *a, struct ses **s,
                                       struct err *err)
{
	struct row *row = store_find(a->store, a->row_id);
	*s = row && row->kind == &kind_session ? ses_of(row) : NULL;
	struct oc *oc = *s ? (*s)->home : NULL;
	bool old = !oc || oc->dialect->has_program;
	const char *version = old ? "1" : "2";
	const char *package = old ? "opencode-ai@1" : "@opencode/cli";
	const char *neither = a->here ? ", and none on this machine" : "";
	if (a->here || !oc || !oc->api || oc->tls || link_is_local(row->server->link))
		err_set(err, ERR_ABSENT,
		        "there is no program opencode of version %s on %s%s. `npm install -g %s` "
		        "brings it",
		        version, row ? row->server->name : "the server", neither, package);
	/* its few channels are needed for the list */
	else if (origin_is_exec_only(api_origin(oc->api)))
		err_set(err, ERR_ABSENT,
		        "there is no program opencode of version %s on %s, and this machine's "
		        "cannot be led there, for its sshd forbids forwarding",
		        version, row->server->name);
	else
		return api_origin(oc->api);
	return NULL;
}

static bool attach_go_on_here(struct attach_stream *a, struct err *err)
{
	static const struct link_events events = { .changed = attach_on_here };
	struct ses *s;
	struct origin *origin = attach_origin_of(a, &s, err);
	struct origin_port *port = origin ? origin_port_open(origin, attach_on_gone, a, err) : NULL;
	if (!port)
		return false;
	a->port = port;
	char *url = xasprintf("http://127.0.0.1:%d", origin_port_number(a->port));
	a->command = attach_opencode_command(s, "opencode", url, a->secret);
	free(url);
	a->none = false;
	buf_clear(&a->head);
	a->here = link_create_local(store_loop(a->store), "this machine", &events, a);
	link_connect(a->here);
	return true;
}

static struct stream *attach_open_opencode(struct row *row, const struct ses *s,
                                           const struct endpoint *endpoint,
                                           const struct stream_events *events, void *arg,
                                           struct err *err)
{
	struct attach_stream *a = xcalloc(1, sizeof(*a));
	a->stream = (struct stream){ .ops = &attach_ops, .events = events, .arg = arg };
	buf_init(&a->head, 2 * HEAD_MAX);
	a->store = s->home->owner->source.store;
	a->row_id = xstrdup(row->id);
	a->cols = endpoint->cols;
	a->rows = endpoint->rows;
	snprintf(a->term, sizeof(a->term), "%s", endpoint->term ? endpoint->term : "");
	const struct secret *password = oc_password(s->home);
	if (password)
		a->secret = xasprintf("%s\n", password->text);
	a->under = link_open(row->server->link, endpoint, &under_events, a, err);
	if (a->under)
		return &a->stream;
	attach_release(a);
	return NULL;
}

struct stream *session_attach(struct row *row, const char *term, int cols, int rows,
                              const struct stream_events *events, void *arg, struct err *err)
{
	struct session *r = ROW_AS(session, row);
	struct ses *s = ses_of(row);
	struct endpoint endpoint = {
		.kind = ENDPOINT_TERMINAL, .term = term, .cols = cols, .rows = rows
	};
	char *command;
	session_looked_at(row);
	if (r->type == SESSION_AGENT && !program_has_pane(row)) {
		err_set(err, ERR_ABSENT,
		        "%s: its terminal is no tmux pane, so nothing can attach to it", row->id);
		return NULL;
	}
	if (r->type == SESSION_SERVICE || r->type == SESSION_SPEND ||
	    (r->type == SESSION_OPENCODE && (!s || (s->home && s->home->state != OC_LIVE)))) {
		err_set(err, ERR_ABSENT,
		        "%s: there is nothing to attach to; an OpenCode session must be served by "
		        "a server that is reached",
		        row->name);
		return NULL;
	}
	if (s && s->home && !s->home->dialect->attaches) {
		err_set(err, ERR_ABSENT,
		        "%s: the preview of OpenCode 2 has no program that attaches; its "
		        "conversation is in the details, and [p] sends a prompt",
		        row->name);
		return NULL;
	}
	if (s) {
		command = s->home ? attach_command_there(s) : attach_resume_command(s);
	} else {
		struct buf b;
		buf_init(&b, 16384);
		program_command(row, &b);
		command = buf_take(&b);
	}
	endpoint.command = command;
	struct stream *stream = s && s->home
	                                ? attach_open_opencode(row, s, &endpoint, events, arg, err)
	                                : link_open(row->server->link, &endpoint, events, arg, err);
	free(command);
	return stream;
}
