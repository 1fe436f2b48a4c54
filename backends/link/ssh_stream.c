/* ssh_stream.c: streams over channels of a live SSH session (RFC 4254).
 *
 * Each stream is a state machine that ssh_streams_step advances. It opens the channel and requests
 * a terminal, variables and a command. Then it copies bytes both ways until the channel closes.
 * libssh's callbacks only record what arrived: bytes waiting, exit status, EOF, close. All work
 * happens in the step, so that no event of ours runs inside libssh.
 *
 * A channel with a pending open request cannot be dropped, because the server would keep it open
 * forever. So a stream that is closed early stays, detached and without events, until the server
 * answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libssh/callbacks.h>

#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/link/loop.h"
#include "backends/link/preamble.h"
#include "backends/link/socket_probe.h"
#include "backends/link/ssh_internal.h"

/* libssh's first channel number; used only to match a refusal to its channel */
#define FIRST_CHANNEL 43
#define OPEN_TRIES 2
#define AGAIN_MS 200 /* ms before the next try when the server had no free session */
#define ROOM_TRIES 5 /* failed tries in a row while no session of ours is open that could end */
#define AFTER_EXIT_MS \
	3000 /* of silence after the exit, while a child process keeps the pipes open */
#define PROBE_TIMEOUT_MS 5000
#define PROBED_MS 30000
#define ENV_NAME_MAX 64

enum step {
	STEP_OPEN,
	STEP_PTY,
	STEP_ENV,
	STEP_START,
	STEP_RUN,
	/* ssh_streams_step leaves the next ones alone */
	STEP_PROBE, /* socket_probe.h runs */
	STEP_WAIT,  /* no free session: waits before the next try */
	STEP_END
};

/* What is known of the socket to open. */
enum trial {
	TRIAL_FIRST,
	TRIAL_AGAIN, /* a probe found a listener after the first try */
	TRIAL_BARRED /* sshd forbids forwarded sockets, or just failed to open this one */
};

/* The owner's input. */
enum input {
	INPUT_DRAINED, /* the owner wrote nothing since drained was called last */
	INPUT_WRITTEN, /* drained is to be called once the queue is empty */
	INPUT_ENDS,    /* EOF follows the queue */
	INPUT_ENDED    /* EOF was sent */
};

enum reader {
	READER_FAST,
	READER_PAUSED, /* takes nothing until stream_resume */
	READER_SLOW    /* paused once and takes bytes again */
};

/* How far the server closed its side. */
enum far_side { FAR_OPEN, FAR_EOF, FAR_CLOSED };

enum command_state {
	COMMAND_RUNS,
	COMMAND_EXITED,
	COMMAND_LEAVING /* exited; the timer measures the silence since */
};

struct ssh_stream {
	struct stream stream;
	struct link_ssh *l;
	struct ssh_stream *next;
	enum endpoint_kind kind;
	enum step step;
	ssh_channel channel;
	struct ssh_channel_callbacks_struct callbacks;
	char *path, *host, *command, *term; /* of the endpoint; owned */
	char **env;                         /* owned, NULL-terminated */
	size_t env_at;
	int port, cols, rows;
	unsigned number, tries; /* channel number; tries to open it */
	/* refusals in a row for lack of a session while none of ours was open */
	unsigned refused;
	int64_t asked_ms; /* loop clock, when the open request was sent; 0 not yet */
	int64_t until_ms; /* loop clock, deadline for the open */
	enum trial trial;
	struct loop_timer *timer;
	struct run *probe;
	size_t waiting[2]; /* bytes in libssh's buffers: output, errors */
	struct buf queue, held;
	struct preamble before[2]; /* preamble of output and errors */
	struct stream_end end;
	enum input input;
	enum reader reader;
	enum far_side far;
	enum command_state command_state;
	bool resized;  /* the server does not know cols and rows yet */
	bool detached; /* no more events */
};

/* --- callbacks of libssh -------------------------------------------------- */

static int ssh_stream_note_data(ssh_session session, ssh_channel channel, void *data, uint32_t len,
                                int is_stderr, void *arg)
{
	struct ssh_stream *s = arg;
	/* len counts all waiting bytes, not only the new ones */
	s->waiting[is_stderr ? 1 : 0] = len;
	return 0;
}

static void ssh_stream_note_eof(ssh_session session, ssh_channel channel, void *arg)
{
	struct ssh_stream *s = arg;
	if (s->far == FAR_OPEN)
		s->far = FAR_EOF;
}

static void ssh_stream_note_close(ssh_session session, ssh_channel channel, void *arg)
{
	((struct ssh_stream *)arg)->far = FAR_CLOSED;
}

static void ssh_stream_note_status(ssh_session session, ssh_channel channel, int status, void *arg)
{
	struct ssh_stream *s = arg;
	s->end.exit_code = status;
	if (s->command_state == COMMAND_RUNS)
		s->command_state = COMMAND_EXITED;
}

static void ssh_stream_note_signal(ssh_session session, ssh_channel channel, const char *signal,
                                   int core, const char *errmsg, const char *lang, void *arg)
{
	struct ssh_stream *s = arg;
	snprintf(s->end.signal, sizeof(s->end.signal), "%s", signal ? signal : "?");
	if (s->command_state == COMMAND_RUNS)
		s->command_state = COMMAND_EXITED;
}

static void ssh_stream_make_channel(struct ssh_stream *s)
{
	s->channel = ssh_channel_new(s->l->session);
	s->callbacks = (struct ssh_channel_callbacks_struct){
		.userdata = s,
		.channel_data_function = ssh_stream_note_data,
		.channel_eof_function = ssh_stream_note_eof,
		.channel_close_function = ssh_stream_note_close,
		.channel_exit_status_function = ssh_stream_note_status,
		.channel_exit_signal_function = ssh_stream_note_signal,
	};
	ssh_callbacks_init(&s->callbacks);
	if (s->channel)
		ssh_add_channel_callbacks(s->channel, &s->callbacks);
}

/* libssh may keep a channel until the server has closed it too. The removed callbacks can no longer
 * reach the freed stream. */
static void ssh_stream_drop_channel(struct ssh_stream *s)
{
	if (!s->channel)
		return;
	ssh_remove_channel_callbacks(s->channel, &s->callbacks);
	ssh_channel_free(s->channel);
	s->channel = NULL;
}

/* --- ends ---------------------------------------------------------------- */

/* Whether the stream can be freed. */
static bool ssh_stream_is_over(const struct ssh_stream *s)
{
	return s->step == STEP_END || (s->detached && s->step != STEP_OPEN);
}

void ssh_streams_sweep(struct link_ssh *l)
{
	struct ssh_stream *s, *next;
	LL_FOREACH_SAFE (l->streams, s, next)
		if (ssh_stream_is_over(s)) {
			LIST_DROP(l->streams, s);
			ssh_stream_drop_channel(s);
			run_cancel(s->probe);
			loop_timer_remove(s->timer);
			buf_finish(&s->queue);
			buf_finish(&s->held);
			preamble_finish(&s->before[0]);
			preamble_finish(&s->before[1]);
			for (size_t i = 0; s->env && s->env[i]; i++)
				free(s->env[i]);
			free(s->env);
			free(s->path);
			free(s->host);
			free(s->command);
			free(s->term);
			free(s);
		}
}

/* Reports the end to the owner; ssh_streams_sweep frees the stream later. A stream with a pending
 * open request stays until the answer. */
static void ssh_stream_end(struct ssh_stream *s, const struct err *err)
{
	if (err)
		s->end.err = *err;
	s->end.began = s->kind != ENDPOINT_EXEC || s->before[0].over;
	if (s->step != STEP_OPEN || !s->channel)
		s->step = STEP_END;
	loop_timer_set(s->timer, -1);
	ssh_kick(s->l);
	if (!s->detached) {
		s->detached = true;
		/* last: the owner may destroy the link, and s with it */
		s->stream.events->closed(&s->stream, &s->end, s->stream.arg);
	}
}

void ssh_streams_end(struct link_ssh *l, const struct err *err)
{
	for (struct ssh_stream *s = l->streams; s; s = s->next) {
		if (s->step == STEP_END)
			continue;
		s->step = STEP_END;
		ssh_stream_end(s, err);
	}
}

static void ssh_stream_close(struct stream *stream)
{
	struct ssh_stream *s = (struct ssh_stream *)stream;
	s->detached = true;
	loop_timer_set(s->timer, -1);
	bool runs = s->step == STEP_RUN && s->command_state == COMMAND_RUNS;
	if (runs && s->kind == ENDPOINT_EXEC && s->channel)
		ssh_channel_request_send_signal(s->channel, "HUP");
	bool on_its_way = s->step == STEP_OPEN && s->asked_ms;
	if (!on_its_way) {
		ssh_stream_drop_channel(s);
		s->step = STEP_END;
	}
	ssh_kick(s->l);
}

/* --- refusals ------------------------------------------------------------ */

static void ssh_stream_describe(const struct ssh_stream *s, char *buf, size_t size)
{
	if (s->kind == ENDPOINT_UNIX)
		snprintf(buf, size, "%s", s->path);
	else if (s->kind == ENDPOINT_TCP)
		snprintf(buf, size, "%s port %d", s->host, s->port);
	else
		snprintf(buf, size, "%.80s", s->command ? s->command : "the login shell");
}

static void ssh_stream_forbidden(struct ssh_stream *s, struct err *err)
{
	const char *what = "forwarded ports", *setting = "AllowTcpForwarding yes";
	if (s->kind == ENDPOINT_UNIX) {
		what = "forwarded sockets";
		setting = "AllowStreamLocalForwarding yes";
	}
	err_set(err, ERR_DENIED, "%s: " LINK_FORBIDS " %s (%s in sshd_config would allow them)",
	        s->l->link.name, what, setting);
}

/* A probe costs a process on the server. When sshd forbids all forwarded sockets, a missing socket
 * is probed again only after PROBED_MS. Meanwhile a new socket would be unusable anyway. */
static struct ssh_probed *ssh_stream_probed(struct link_ssh *l, const char *path)
{
	struct ssh_probed *k = l->probed;
	while (k && strcmp(k->path, path) != 0)
		k = k->next;
	return k;
}

static void ssh_stream_keep_probe(struct link_ssh *l, const char *path, bool listens)
{
	struct ssh_probed *k = ssh_stream_probed(l, path);
	if (!k) {
		k = xcalloc(1, sizeof(*k));
		*k = (struct ssh_probed){ .path = xstrdup(path), .next = l->probed };
		l->probed = k;
	}
	k->at_ms = loop_now(l->link.loop);
	k->listens = listens;
}

static bool ssh_stream_seen_lately(struct link_ssh *l, const char *path, bool listens)
{
	const struct ssh_probed *k = ssh_stream_probed(l, path);
	return k && k->listens == listens && loop_now(l->link.loop) - k->at_ms < PROBED_MS;
}

void ssh_probed_forget(struct link_ssh *l)
{
	struct ssh_probed *k, *next;
	LL_FOREACH_SAFE (l->probed, k, next) {
		free(k->path);
		free(k);
	}
	l->probed = NULL;
}

/* sshd does not say why it failed to open a socket, so a command on the server probes the socket.
 * When sshd forbids all forwarded sockets, the probe tells whether the socket exists at all. */
static void ssh_stream_probe_err(struct ssh_stream *s, enum socket_seen seen, const char *owner,
                                 const struct run_result *r, struct err *err)
{
	const char *name = s->l->link.name, *unheard = r->end.err.code
	                                                       ? r->end.err.text
	                                                       : "the login runs no shell commands";
	switch (seen) {
	case SEEN_ABSENT: err_set(err, ERR_ABSENT, "%s: there is no %s", name, s->path); break;
	case SEEN_SILENT:
		err_set(err, ERR_ABSENT, "%s: nothing answers at %s", name, s->path);
		break;
	case SEEN_NO_RIGHT:
		err_set(err, ERR_DENIED,
		        "%s: no permission to open %s, which belongs to %s: become a member of "
		        "that "
		        "group, or use sudo",
		        name, s->path, *owner ? owner : "another user");
		break;
	case SEEN_LISTENS:
		if (s->l->sockets != SOCKETS_OPEN) {
			ssh_stream_forbidden(s, err);
			/* A process listens at path, but sshd failed to open the socket twice. Its
			 * queue may be full. Only a second such socket proves that sshd forbids
			 * them all. */
			for (const struct ssh_probed *k = s->l->probed; k; k = k->next)
				if (strcmp(k->path, s->path) != 0 &&
				    ssh_stream_seen_lately(s->l, k->path, true))
					s->l->sockets = SOCKETS_FORBIDDEN;
			ssh_stream_keep_probe(s->l, s->path, true);
			break;
		}
		err_set(err, ERR_REFUSED,
		        "%s: its sshd opens sockets, but not %s, where somebody listens: is that "
		        "one overloaded?",
		        name, s->path);
		break;
	case SEEN_THERE:
		err_set(err, ERR_REFUSED,
		        "%s: its sshd did not open %s; the server does not say why", name, s->path);
		break;
	case SEEN_UNSEEN:
		err_set(err, r->end.err.code ? r->end.err.code : ERR_REFUSED,
		        "%s: its sshd did not open %s, and a look at it failed: %s", name, s->path,
		        unheard);
	}
}

static void ssh_stream_on_probe(const struct run_result *r, void *arg)
{
	struct ssh_stream *s = arg;
	struct err err;
	char owner[64];
	s->probe = NULL;
	enum socket_seen seen = socket_probe_read(r->out, owner, sizeof(owner));
	bool gone = seen == SEEN_ABSENT || seen == SEEN_SILENT;
	/* the listener may have started after the first try */
	if (seen == SEEN_LISTENS && s->trial == TRIAL_FIRST) {
		s->trial = TRIAL_AGAIN;
		s->step = STEP_OPEN;
		ssh_stream_make_channel(s);
		ssh_kick(s->l);
		return;
	}
	bool barred = s->trial == TRIAL_BARRED;
	if (barred && gone)
		ssh_stream_keep_probe(s->l, s->path, false);
	if (barred && !gone && seen != SEEN_NO_RIGHT && r->end.err.code != ERR_LOST)
		ssh_stream_forbidden(s, &err);
	else
		ssh_stream_probe_err(s, seen, owner, r, &err);
	ssh_stream_end(s, &err);
}

static void ssh_stream_start_probe(struct ssh_stream *s)
{
	char *command = socket_probe_command(s->path);
	s->step = STEP_PROBE;
	ssh_stream_drop_channel(s);
	s->probe = link_run(&s->l->link, command, NULL, 0, 65536, PROBE_TIMEOUT_MS,
	                    ssh_stream_on_probe, s);
	free(command);
}

static bool ssh_stream_is_session(const struct ssh_stream *s)
{
	return s->kind == ENDPOINT_EXEC || s->kind == ENDPOINT_TERMINAL;
}

static bool ssh_stream_session_open(const struct link_ssh *l)
{
	for (const struct ssh_stream *s = l->streams; s; s = s->next)
		if (ssh_stream_is_session(s) && s->channel && s->step > STEP_OPEN)
			return true;
	return false;
}

static void ssh_stream_no_room(struct ssh_stream *s)
{
	struct err err;
	err_set(&err, ERR_REFUSED,
	        "%s: its sshd opens no more sessions; MaxSessions in sshd_config limits them (10 "
	        "by default)",
	        s->l->link.name);
	ssh_stream_drop_channel(s);
	ssh_stream_end(s, &err);
}

static void ssh_stream_open_refused(struct ssh_stream *s)
{
	struct err err;
	char what[128];
	const char *words = ssh_get_error(s->l->session), *error = strstr(words, "error (");
	unsigned code = error ? (unsigned)strtoul(error + 7, NULL, 10) : 0;
	const char *text = error && strchr(error, ')') ? strchr(error, ')') + 1 : words;
	text += strspn(text, " ");
	ssh_stream_describe(s, what, sizeof(what));
	ssh_stream_drop_channel(s);
	/* libssh keeps only the last refusal; its text names the channel. */
	unsigned number = 0;
	if (!(sscanf(words, "Channel opening failure: channel %u", &number) != 1 ||
	      number == s->number) &&
	    s->tries < OPEN_TRIES) {
		ssh_stream_make_channel(s); /* the refusal belonged to another channel: retry */
		return;
	}
	if (ssh_stream_is_session(s)) {
		/* sshd allows 10 sessions on a connection (MaxSessions), and most of ours end
		 * within a moment. So a refused session retries. One refusal while no session of
		 * ours is open proves little. Our own sessions may have ended since, or the
		 * server's messages about others may still be unread. */
		int64_t left = s->until_ms - loop_now(s->l->link.loop);
		s->refused = ssh_stream_session_open(s->l) ? 0 : s->refused + 1;
		if (s->detached) {
			s->step = STEP_END;
		} else if (left <= 0 || s->refused >= ROOM_TRIES) {
			ssh_stream_no_room(s);
		} else {
			s->step = STEP_WAIT;
			loop_timer_set(s->timer, left < AGAIN_MS ? left : AGAIN_MS);
		}
		return;
	}
	if (s->detached) {
		s->step = STEP_END;
		return;
	}
	/* With DisableForwarding sshd says only "open failed". For a closed port sshd sends the
	 * system's error text instead. The codes are those of RFC 4254 section 5.1. */
	bool forbids = code == 1 ||
	               (s->kind == ENDPOINT_TCP && code == 2 && strcmp(text, "open failed") == 0);
	if (forbids && s->kind == ENDPOINT_UNIX) {
		if (s->l->sockets != SOCKETS_OPEN)
			s->l->sockets = SOCKETS_FORBIDDEN;
		s->trial = TRIAL_BARRED;
		ssh_stream_start_probe(s);
		return;
	} else if (forbids) {
		ssh_stream_forbidden(s, &err);
	} else if (s->kind == ENDPOINT_UNIX && code == 2) {
		ssh_stream_start_probe(s);
		return;
	} else if (code == 2) {
		err_set(&err, ERR_ABSENT, "%s: nothing answers at %s (%s)", s->l->link.name, what,
		        text);
	} else {
		err_set(&err, ERR_REFUSED, "%s: %s could not be opened: %s", s->l->link.name, what,
		        text);
	}
	ssh_stream_end(s, &err);
}

/* --- steps --------------------------------------------------------------- */

static void ssh_stream_be_open(struct ssh_stream *s)
{
	s->step = STEP_RUN;
	loop_timer_set(s->timer, -1);
	if (s->stream.events->opened)
		s->stream.events->opened(&s->stream, s->stream.arg);
}

static bool ssh_stream_step_open(struct ssh_stream *s)
{
	if (!s->asked_ms) {
		s->number = FIRST_CHANNEL + s->l->channels++;
		s->asked_ms = loop_now(s->l->link.loop);
		s->tries++;
	}
	int rc;
	if (s->kind == ENDPOINT_UNIX)
		rc = ssh_channel_open_forward_unix(s->channel, s->path, "mocr", 0);
	else if (s->kind == ENDPOINT_TCP)
		rc = ssh_channel_open_forward(s->channel, s->host, s->port, "127.0.0.1", 0);
	else
		rc = ssh_channel_open_session(s->channel);
	if (rc == SSH_AGAIN)
		return false;
	if (rc != SSH_OK) {
		s->asked_ms = 0;
		ssh_stream_open_refused(s);
		return true;
	}
	if (s->detached) {
		ssh_stream_drop_channel(s);
		s->step = STEP_END;
		return true;
	}
	if (s->kind == ENDPOINT_UNIX || s->kind == ENDPOINT_TCP) {
		ssh_measured(s->l, loop_now(s->l->link.loop) - s->asked_ms);
		if (s->kind == ENDPOINT_UNIX)
			s->l->sockets = SOCKETS_OPEN;
		ssh_stream_be_open(s);
	} else {
		s->step = s->kind == ENDPOINT_TERMINAL ? STEP_PTY : STEP_ENV;
	}
	return true;
}

static bool ssh_stream_step_pty(struct ssh_stream *s)
{
	int rc = ssh_channel_request_pty_size(s->channel, s->term ? s->term : "xterm", s->cols,
	                                      s->rows);
	if (rc == SSH_AGAIN)
		return false;
	if (rc != SSH_OK) {
		struct err err;
		err_set(&err, ERR_DENIED,
		        "%s: its sshd gives no terminal (PermitTTY in sshd_config)",
		        s->l->link.name);
		ssh_stream_end(s, &err);
		return true;
	}
	s->step = STEP_ENV;
	return true;
}

/* sshd accepts few names (AcceptEnv), so a refusal is not an error. */
static bool ssh_stream_step_env(struct ssh_stream *s)
{
	const char *word = s->env ? s->env[s->env_at] : NULL;
	if (!word) {
		s->step = STEP_START;
		return true;
	}
	char name[ENV_NAME_MAX];
	size_t len = strcspn(word, "=");
	if (len < sizeof(name) && word[len]) {
		memcpy(name, word, len);
		name[len] = '\0';
		if (ssh_channel_request_env(s->channel, name, word + len + 1) == SSH_AGAIN)
			return false;
	}
	s->env_at++;
	return true;
}

static bool ssh_stream_step_start(struct ssh_stream *s)
{
	char *line = s->command ? quote_login(s->command, s->kind == ENDPOINT_EXEC) : NULL;
	int rc = line ? ssh_channel_request_exec(s->channel, line)
	              : ssh_channel_request_shell(s->channel);
	free(line);
	if (rc == SSH_AGAIN)
		return false;
	if (rc == SSH_OK) {
		ssh_stream_be_open(s);
		return true;
	}
	struct err err;
	char what[128];
	ssh_stream_describe(s, what, sizeof(what));
	/* libssh tells a refusal from a connection that ends meanwhile by this code only */
	if (ssh_get_error_code(s->l->session) == SSH_REQUEST_DENIED)
		err_set(&err, ERR_REFUSED, "%s: its sshd would not run %s", s->l->link.name, what);
	else
		err_set(&err, ERR_LOST, "%s: the connection was cut before it ran %s",
		        s->l->link.name, what);
	ssh_stream_end(s, &err);
	return true;
}

/* --- bytes --------------------------------------------------------------- */

static void ssh_stream_give(struct ssh_stream *s, const char *data, size_t len)
{
	size_t taken = s->stream.events->data
	                       ? s->stream.events->data(&s->stream, data, len, s->stream.arg)
	                       : len;
	if (!s->detached && taken < len) {
		buf_add(&s->held, data + taken, len - taken);
		s->reader = READER_PAUSED;
	}
}

static void ssh_stream_give_one(struct ssh_stream *s, int which, const char *data, size_t len)
{
	if (which == 0)
		ssh_stream_give(s, data, len);
	else if (s->stream.events->error_data)
		s->stream.events->error_data(&s->stream, data, len, s->stream.arg);
}

/* Reads what waits in libssh's buffer, at most room bytes. which: 0 output, 1 errors. */
static bool ssh_stream_read_into(struct ssh_stream *s, int which, char *bytes, size_t room)
{
	uint32_t want = (uint32_t)(s->waiting[which] < room ? s->waiting[which] : room);
	/* libssh may read more packets during the call. ssh_stream_note_data then sets the count
	 * again. */
	s->waiting[which] -= want;
	size_t left = s->waiting[which];
	int n = ssh_channel_read_nonblocking(s->channel, bytes, want, which);
	if (n <= 0) {
		s->waiting[which] = 0;
		return false;
	}
	if (s->waiting[which] == left)
		s->waiting[which] += want - (uint32_t)n;
	else
		/* the callback counted before this read took n bytes */
		s->waiting[which] -= (uint32_t)n;
	size_t before = s->kind == ENDPOINT_EXEC
	                        ? preamble_take(&s->before[which], bytes, (size_t)n)
	                        : 0;
	if (before < (size_t)n)
		ssh_stream_give_one(s, which, bytes + before, (size_t)n - before);
	return true;
}

static bool ssh_stream_read_some(struct ssh_stream *s, int which)
{
	/* On the stack: no buffer per link, and a callback may read another stream meanwhile. */
	char bytes[SSH_READ_SIZE];
	return s->waiting[which] && s->channel &&
	       ssh_stream_read_into(s, which, bytes, sizeof(bytes));
}

/* For a reader that is slower than the server: reads all waiting bytes in one call.
 *
 * Every read, however small, makes libssh open the window again (ssh_channel_read_timeout,
 * "Authorize some buffering while userapp is busy"). With small reads its buffer would grow without
 * limit. Bytes that the reader does not take stay in held, and no more are read until held is
 * empty. */
static bool ssh_stream_read_all(struct ssh_stream *s)
{
	if (s->waiting[0] <= SSH_READ_SIZE || !s->channel)
		return ssh_stream_read_some(s, 0);
	size_t room = s->waiting[0] < SSH_WAITING_MAX ? s->waiting[0] : SSH_WAITING_MAX;
	char *bytes = xcalloc(1, room);
	bool any = ssh_stream_read_into(s, 0, bytes, room);
	free(bytes);
	return any;
}

static bool ssh_stream_write_some(struct ssh_stream *s)
{
	if (!s->queue.len || !s->channel || s->far == FAR_CLOSED || s->l->output != OUTPUT_FREE)
		return false;
	size_t window = ssh_channel_window_size(s->channel),
	       n = s->queue.len < window ? s->queue.len : window;
	n = n < SSH_WRITE_ONCE ? n : SSH_WRITE_ONCE;
	uint64_t packets = s->l->packets.out_packets;
	int sent = n ? ssh_channel_write(s->channel, s->queue.data, (uint32_t)n) : 0;
	if (sent <= 0)
		return false;
	if (s->l->packets.out_packets == packets) {
		s->l->output = OUTPUT_QUEUED;
		s->l->queued_at = packets;
	}
	buf_consume(&s->queue, (size_t)sent);
	return true;
}

static bool ssh_stream_step_write(struct ssh_stream *s)
{
	bool moved = ssh_stream_write_some(s);
	if (s->queue.len)
		return moved;
	if (s->input == INPUT_WRITTEN) {
		s->input = INPUT_DRAINED;
		moved = true;
		if (s->stream.events->drained)
			s->stream.events->drained(&s->stream, s->stream.arg);
	}
	if (!s->detached && s->input == INPUT_ENDS && !s->queue.len && s->channel) {
		s->input = INPUT_ENDED;
		ssh_channel_send_eof(s->channel);
	}
	return moved;
}

static bool ssh_stream_step_run(struct ssh_stream *s)
{
	bool moved = s->reader != READER_PAUSED && s->held.len;
	if (moved) {
		struct buf held = s->held;
		s->held = (struct buf){ 0 };
		ssh_stream_give(s, held.data, held.len);
		buf_finish(&held);
	}
	while (!s->detached && s->reader != READER_PAUSED &&
	       (s->reader == READER_SLOW ? ssh_stream_read_all(s) : ssh_stream_read_some(s, 0)))
		moved = true;
	while (!s->detached && ssh_stream_read_some(s, 1))
		moved = true;
	if (s->resized && !s->detached &&
	    ssh_channel_change_pty_size(s->channel, s->cols, s->rows) != SSH_AGAIN)
		s->resized = false; /* before the input typed after the resize */
	if (!s->detached && !s->resized)
		moved |= ssh_stream_step_write(s);
	if (s->detached)
		return true;
	/* EOF ends a socket. A command's exit status comes after its EOF and before its close. */
	bool is_socket = s->kind == ENDPOINT_UNIX || s->kind == ENDPOINT_TCP;
	bool ended = s->far == FAR_CLOSED || (s->far == FAR_EOF && is_socket);
	if (ended && !s->held.len && !s->waiting[0] && !s->waiting[1]) {
		/* The command did not start. The bytes that came instead explain it (a login
		 * without a shell, a device that is not Unix). They count as error output, never as
		 * the command's output. */
		bool any = false;
		for (int which = 0; which < 2 && !s->detached; which++) {
			struct buf kept = s->before[which].kept;
			s->before[which].kept = (struct buf){ 0 };
			any |= kept.len > 0;
			if (kept.len)
				ssh_stream_give_one(s, 1, kept.data, kept.len);
			buf_finish(&kept);
		}
		if (any)
			return true;
		ssh_stream_end(s, NULL);
		return true;
	}
	/* Only the stream's own bytes restart the timer: other streams on the link may never be
	 * silent. */
	if (s->command_state == COMMAND_EXITED || (s->command_state == COMMAND_LEAVING && moved)) {
		s->command_state = COMMAND_LEAVING;
		loop_timer_set(s->timer, AFTER_EXIT_MS);
	}
	return moved;
}

size_t ssh_streams_count(const struct link_ssh *l)
{
	size_t n = 0;
	for (const struct ssh_stream *s = l->streams; s; s = s->next)
		n++;
	return n;
}

bool ssh_streams_step(struct link_ssh *l)
{
	static bool (*const steps[])(struct ssh_stream *) = {
		[STEP_OPEN] = ssh_stream_step_open, [STEP_PTY] = ssh_stream_step_pty,
		[STEP_ENV] = ssh_stream_step_env,   [STEP_START] = ssh_stream_step_start,
		[STEP_RUN] = ssh_stream_step_run,
	};
	bool moved = false;
	/* Once for all: while one of them writes, each may write. */
	ssh_note_output(l);
	for (struct ssh_stream *s = l->streams; s && l->link.state == LINK_UP; s = s->next)
		if (!ssh_stream_is_over(s) && s->step < STEP_PROBE)
			moved |= steps[s->step](s);
	return moved;
}

static void ssh_stream_on_timer(struct loop_timer *t, void *arg)
{
	struct ssh_stream *s = arg;
	if (s->step == STEP_RUN) {
		/* The command exited a while ago. The process that holds its pipes open is not
		 * ours. */
		if (!s->held.len && !s->waiting[0])
			ssh_stream_end(s, NULL);
		return;
	}
	int64_t left = s->until_ms - loop_now(s->l->link.loop);
	if (s->step == STEP_WAIT && left <= 0) {
		ssh_stream_no_room(s);
		return;
	}
	if (s->step == STEP_WAIT) {
		s->step = STEP_OPEN;
		ssh_stream_make_channel(s);
		loop_timer_set(t, left);
		ssh_kick(s->l);
		return;
	}
	struct err err;
	char what[128];
	ssh_stream_describe(s, what, sizeof(what));
	err_set(&err, ERR_TIMEOUT, "%s: %s did not open in time", s->l->link.name, what);
	ssh_stream_end(s, &err);
}

/* --- the owner's side ---------------------------------------------------- */

static size_t ssh_stream_write(struct stream *stream, const void *data, size_t len)
{
	struct ssh_stream *s = (struct ssh_stream *)stream;
	if (s->detached || s->input >= INPUT_ENDS)
		return 0;
	size_t room = STREAM_QUEUE_MAX - s->queue.len;
	len = len < room ? len : room;
	buf_add(&s->queue, data, len);
	s->input = INPUT_WRITTEN;
	ssh_kick(s->l);
	return len;
}

static void ssh_stream_write_eof(struct stream *stream)
{
	struct ssh_stream *s = (struct ssh_stream *)stream;
	if (s->input != INPUT_ENDED)
		s->input = INPUT_ENDS;
	ssh_kick(s->l);
}

static void ssh_stream_resume(struct stream *stream)
{
	struct ssh_stream *s = (struct ssh_stream *)stream;
	if (s->reader == READER_PAUSED)
		s->reader = READER_SLOW;
	ssh_kick(s->l);
}

static void ssh_stream_resize(struct stream *stream, int cols, int rows)
{
	struct ssh_stream *s = (struct ssh_stream *)stream;
	s->cols = cols;
	s->rows = rows;
	s->resized = s->kind == ENDPOINT_TERMINAL;
	ssh_kick(s->l);
}

static const struct stream_ops ssh_stream_ops = {
	.write = ssh_stream_write,
	.write_eof = ssh_stream_write_eof,
	.resume = ssh_stream_resume,
	.resize = ssh_stream_resize,
	.close = ssh_stream_close,
};

struct stream *ssh_stream_open(struct link_ssh *l, const struct endpoint *endpoint,
                               const struct stream_events *events, void *arg, struct err *err)
{
	struct ssh_stream *s = xcalloc(1, sizeof(*s));
	s->stream = (struct stream){ .ops = &ssh_stream_ops, .events = events, .arg = arg };
	s->l = l;
	s->kind = endpoint->kind;
	if (endpoint->kind == ENDPOINT_UNIX && l->sockets == SOCKETS_FORBIDDEN &&
	    ssh_stream_seen_lately(l, endpoint->path, false)) {
		err_set(err, ERR_ABSENT, "%s: there is no %s", l->link.name, endpoint->path);
		free(s);
		return NULL;
	}
	s->path = xstrdup(endpoint->path);
	s->host = xstrdup(endpoint->host ? endpoint->host : "127.0.0.1");
	s->command = xstrdup(endpoint->command);
	s->term = xstrdup(endpoint->term);
	size_t n = 0;
	while (endpoint->env && endpoint->env[n])
		n++;
	s->env = n ? xcalloc(n + 1, sizeof(*s->env)) : NULL;
	for (size_t i = 0; i < n; i++)
		s->env[i] = xstrdup(endpoint->env[i]);
	s->port = endpoint->port;
	s->cols = endpoint->cols > 0 ? endpoint->cols : 80;
	s->rows = endpoint->rows > 0 ? endpoint->rows : 24;
	s->end.exit_code = -1;
	buf_init(&s->queue, STREAM_QUEUE_MAX);
	s->queue.secret = true; /* sudo's password may be in this queue */
	if (endpoint->kind == ENDPOINT_UNIX && l->sockets != SOCKETS_OPEN &&
	    (l->sockets == SOCKETS_FORBIDDEN || ssh_stream_seen_lately(l, endpoint->path, true)))
		s->trial = TRIAL_BARRED;
	int64_t timeout_ms = endpoint->timeout_ms > 0 ? endpoint->timeout_ms : LINK_OPEN_TIMEOUT_MS;
	s->until_ms = loop_now(l->link.loop) + timeout_ms;
	s->timer = loop_timer_add(l->link.loop, timeout_ms, ssh_stream_on_timer, s);
	s->next = l->streams;
	l->streams = s;
	if (s->trial == TRIAL_BARRED)
		ssh_stream_start_probe(s);
	else
		ssh_stream_make_channel(s);
	ssh_kick(l);
	return &s->stream;
}
