/* send_run.c: a command of the user, and sendmail: a child with a time limit.
 *
 * The desktop gets its message from a child, too: this program again, which loads libnotify. When
 * the message has buttons, that child says so and stays. It is then no longer of its channel: it
 * waits in a list of the notify, for a button, the end of the message, or its end.
 *
 * What the message says is in the environment and in the input, never in the command line. */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/base/base64.h"
#include "backends/base/buf.h"
#include "backends/base/list.h"
#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/wash.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/link/spawn.h"
#include "backends/notify/desktop.h"
#include "backends/notify/senders.h"

#define RUN_KILL_MS 2000 /* between TERM and KILL */
#define SAID_MAX 2048
#define SAID_SHOWN 280
#define HEARD_MAX 64  /* all that a child on the desktop may say */
#define WAITING_MOST 8 /* messages with buttons; beyond, the oldest has no buttons any more */
#define SENDMAIL "PATH=\"$PATH:/usr/sbin:/usr/lib\" exec sendmail -t -i"

struct run_job {
	struct channel *channel; /* NULL: cancelled, the child is still to be ended */
	struct loop *loop;
	const char *what; /* "the command" */
	bool speaks;      /* its words are a sentence: this program itself */
	pid_t pid;
	int in, out, err;
	struct loop_io *in_io, *out_io, *err_io;
	struct loop_child *child;
	struct loop_timer *timer;
	struct buf input, said;
	int limit_s;
	bool late;
	struct sent sent; /* of a child that could not be started */
	/* a message on the desktop */
	struct buf heard;          /* from its output: lines of desktop.h */
	struct notify *notify;     /* it waits for a button in the list of this one; NULL */
	enum desktop_choice choice; /* while it waits */
	char **ids;                /* owned: of the rows that the message is about */
	size_t n_ids;
	struct run_job *next;
};

static void run_close(struct loop_io **io, int *fd)
{
	loop_io_remove(*io);
	*io = NULL;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void run_job_free(struct run_job *j)
{
	run_close(&j->in_io, &j->in);
	run_close(&j->out_io, &j->out);
	run_close(&j->err_io, &j->err);
	loop_timer_remove(j->timer);
	loop_child_remove(j->child);
	buf_finish(&j->input);
	buf_finish(&j->said);
	buf_finish(&j->heard);
	for (size_t i = 0; i < j->n_ids; i++)
		free(j->ids[i]);
	free(j->ids);
	free(j);
}

static void run_tell(struct run_job *j, const struct sent *sent)
{
	struct channel *c = j->channel;
	if (c)
		c->job = NULL;
	run_job_free(j);
	if (c)
		channel_sent(c, sent);
}

/* --- the child ----------------------------------------------------------- */

static void run_on_input(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	struct run_job *j = arg;
	(void)io;
	(void)revents;
	ssize_t n = j->input.len ? write(fd, j->input.data, j->input.len) : 0;
	if (n > 0)
		buf_consume(&j->input, (size_t)n);
	bool later = n < 0 && (errno == EAGAIN || errno == EINTR);
	if (!j->input.len || (n < 0 && !later))
		run_close(&j->in_io, &j->in);
}

enum run_read { READ_SOME, READ_LATER, READ_OVER };

/* keep: where the bytes go; NULL: nowhere. */
static enum run_read run_read(int fd, struct buf *keep)
{
	char bytes[512];
	ssize_t n = read(fd, bytes, sizeof(bytes));
	if (n > 0 && keep)
		buf_add(keep, bytes, (size_t)n);
	if (n > 0)
		return READ_SOME;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? READ_LATER : READ_OVER;
}

static void run_hear(struct run_job *);

static void run_on_output(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	struct run_job *j = arg;
	bool is_error = fd == j->err;
	struct buf *keep = is_error ? &j->said : NULL;
	if (!is_error && j->speaks)
		keep = &j->heard;
	enum run_read how = run_read(fd, keep);
	if (how == READ_OVER && is_error)
		run_close(&j->err_io, &j->err);
	else if (how == READ_OVER)
		run_close(&j->out_io, &j->out);
	else if (how == READ_SOME && keep == &j->heard)
		run_hear(j);
}

/* --- a message with buttons ---------------------------------------------- */

/* Nobody waits for the child any more. */
static void run_stop_waiting(struct run_job *j, bool ended)
{
	if (!ended)
		kill(-j->pid, SIGTERM);
	LIST_DROP(j->notify->waiting, j);
	run_job_free(j);
}

void run_end_waiting(struct notify *n)
{
	while (n->waiting)
		run_stop_waiting(n->waiting, false);
}

/* The message is on the desktop, and its child waits for a button. */
static void run_wait(struct run_job *j)
{
	struct channel *c = j->channel;
	struct notify *n = c->notify;
	const struct message *m = c->sending;
	size_t waiting = 0;
	j->n_ids = teller_told(c->teller, m->number, &j->ids);
	if (!j->n_ids && *m->word[WORD_ID])
		j->ids[j->n_ids++] = xstrdup(m->word[WORD_ID]);
	c->job = NULL;
	j->channel = NULL;
	j->notify = n;
	loop_timer_set(j->timer, 1000 * (int64_t)DESKTOP_WAIT_S + RUN_KILL_MS);
	LIST_APPEND(n->waiting, j);
	for (const struct run_job *one = n->waiting; one; one = one->next)
		waiting++;
	if (waiting > WAITING_MOST)
		run_stop_waiting(n->waiting, false);
	channel_sent(c, &(struct sent){ .how = SENT_WELL });
}

/* Takes whole lines of what the child said. Lines that it should not say mean nothing. */
static void run_take_lines(struct run_job *j)
{
	char *end;
	while (j->heard.len && (end = memchr(j->heard.data, '\n', j->heard.len))) {
		*end = '\0';
		if (!j->notify && j->channel && strcmp(j->heard.data, DESKTOP_WAITS) == 0)
			run_wait(j);
		bool listens = j->notify && j->choice == DESKTOP_CHOICES;
		for (int i = 0; i < DESKTOP_CHOICES && listens; i++)
			if (strcmp(j->heard.data, desktop_choices[i]) == 0)
				j->choice = i;
		buf_consume(&j->heard, (size_t)(end + 1 - j->heard.data));
	}
}

/* One button is all that a message has to say. */
static void run_hear(struct run_job *j)
{
	run_take_lines(j);
	if (!j->notify || (j->choice == DESKTOP_CHOICES && !j->heard.overflowed))
		return;
	if (j->choice != DESKTOP_CHOICES)
		notify_pressed(j->notify, j->choice, j->ids, j->n_ids);
	run_stop_waiting(j, false);
}

static void run_explain(struct run_job *j, int status, struct sent *sent)
{
	char words[SAID_SHOWN] = "";
	const char *said = j->said.data ? j->said.data : "";
	said += strspn(said, " \t\r\n");
	wash(words, sizeof(words), said, strcspn(said, "\n"));
	mask_sentence(words, sizeof(words));
	const char *colon = *words ? ": " : "";
	sent->how = SENT_AGAIN;
	sent->unsure = j->late;
	if (j->late)
		err_set(&sent->err, ERR_TIMEOUT, "%s did not end within %d s and was killed%s%s",
		        j->what, j->limit_s, colon, words);
	else if (j->speaks && *words)
		err_set(&sent->err, ERR_REFUSED, "%s", words);
	else if (WIFEXITED(status))
		err_set(&sent->err, ERR_REFUSED, "%s ended with code %d%s%s", j->what,
		        WEXITSTATUS(status), colon, words);
	else
		err_set(&sent->err, ERR_REFUSED, "%s was ended by signal %d%s%s", j->what,
		        WTERMSIG(status), colon, words);
}

static void run_on_end(struct loop_child *child, pid_t pid, int status, void *arg)
{
	struct run_job *j = arg;
	struct sent sent = { .how = SENT_WELL };
	(void)child;
	(void)pid;
	while (j->err >= 0 && !j->said.overflowed && run_read(j->err, &j->said) == READ_SOME)
		;
	while (j->speaks && j->out >= 0 && !j->heard.overflowed &&
	       run_read(j->out, &j->heard) == READ_SOME)
		;
	run_take_lines(j);
	if (j->notify) {
		if (j->choice != DESKTOP_CHOICES)
			notify_pressed(j->notify, j->choice, j->ids, j->n_ids);
		run_stop_waiting(j, true);
		return;
	}
	if (j->late || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		run_explain(j, status, &sent);
	run_tell(j, &sent);
}

static void run_on_limit(struct loop_timer *timer, void *arg)
{
	struct run_job *j = arg;
	kill(-j->pid, j->late ? SIGKILL : SIGTERM);
	j->late = true;
	loop_timer_set(timer, RUN_KILL_MS);
}

static void run_not_started(void *arg)
{
	struct run_job *j = arg;
	struct sent sent = j->sent;
	run_tell(j, &sent);
}

static void run_job_start(struct channel *c, const char *what, const char *command,
                          const char *const *env, struct buf *input)
{
	struct run_job *j = xcalloc(1, sizeof(*j));
	struct spawned child;
	struct endpoint endpoint = { .kind = ENDPOINT_EXEC, .command = command, .env = env };
	*j = (struct run_job){ .channel = c,
		               .loop = c->notify->loop,
		               .what = what,
		               .limit_s = c->config->timeout,
		               .in = -1,
		               .out = -1,
		               .err = -1,
		               .input = *input };
	j->said.max = SAID_MAX;
	j->heard.max = HEARD_MAX;
	j->choice = DESKTOP_CHOICES;
	c->job = j;
	if (!spawn_endpoint(&endpoint, &child, &j->sent.err)) {
		j->sent.how = SENT_AGAIN;
		loop_defer(j->loop, run_not_started, j);
		return;
	}
	j->pid = child.pid;
	j->speaks = c->sender == &sender_desktop;
	j->in = child.in;
	j->out = child.out;
	j->err = child.err;
	j->in_io = loop_io_add(j->loop, j->in, POLLOUT, run_on_input, j);
	j->out_io = loop_io_add(j->loop, j->out, POLLIN, run_on_output, j);
	j->err_io = loop_io_add(j->loop, j->err, POLLIN, run_on_output, j);
	j->child = loop_child_add(j->loop, j->pid, run_on_end, j);
	j->timer = loop_timer_add(j->loop, 1000 * (int64_t)j->limit_s, run_on_limit, j);
}

/* The program ends or the section went: the child is ended, and nobody waits for it. */
static void run_cancel_job(struct channel *c)
{
	struct run_job *j = c->job;
	c->job = NULL;
	if (!j)
		return;
	loop_defer_cancel(j->loop, run_not_started, j);
	if (j->pid)
		kill(-j->pid, SIGTERM);
	run_job_free(j);
}

/* --- the environment ----------------------------------------------------- */

static char **run_make_env(const struct channel *c, const struct message *m)
{
	char **env = xcalloc(WORDS + 3, sizeof(*env));
	size_t n = 0;
	for (size_t i = 0; i < WORDS; i++) {
		char *text = i == WORD_TEXT ? message_text(m) : xstrdup(m->word[i]);
		char *word = xasprintf("MOCR_%s=%s", message_words[i], text);
		for (char *at = word; *at != '='; at++)
			*at = (char)toupper((unsigned char)*at);
		env[n++] = word;
		free(text);
	}
	env[n++] = xasprintf("MOCR_CHANNEL=%s", c->config->name);
	return env;
}

static void run_free_env(char **env)
{
	for (size_t i = 0; env[i]; i++)
		free(env[i]);
	free(env);
}

static void run_send_command(struct channel *c, const struct message *m)
{
	struct buf input = { 0 };
	char **env = run_make_env(c, m), *text = message_text(m);
	buf_addf(&input, "%s\n%s\n", m->word[WORD_TITLE], text);
	run_job_start(c, "the command", c->config->command, (const char *const *)env, &input);
	run_free_env(env);
	free(text);
}

/* --- mail ---------------------------------------------------------------- */

/* A header with other letters than ASCII is one or more encoded words (RFC 2047), each of at most
 * 75 bytes. A cut must not split a character. */
#define ENCODED_BYTES 42
static void mail_add_subject(struct buf *out, const char *text)
{
	bool ascii = true;
	for (const char *s = text; *s; s++)
		ascii &= (unsigned char)*s < 0x80;
	buf_puts(out, "Subject:");
	if (ascii)
		buf_addf(out, " %s", text);
	for (size_t len = strlen(text); !ascii && len;) {
		size_t n = len < ENCODED_BYTES ? len : ENCODED_BYTES;
		while (n < len && n > 1 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
		char *code = base64_encode(text, n);
		buf_addf(out, " =?UTF-8?B?%s?=%s", code, n < len ? "\n" : "");
		free(code);
		text += n;
		len -= n;
	}
	buf_puts(out, "\n");
}

static void run_send_mail(struct channel *c, const struct message *m)
{
	struct buf input = { 0 };
	char *to = wash_dup(c->config->to, 0), *from = wash_dup(c->config->from, 0);
	char *text = message_text(m);
	buf_addf(&input, "To: %s\n", to);
	if (from)
		buf_addf(&input, "From: %s\n", from);
	mail_add_subject(&input, m->word[WORD_TITLE]);
	buf_puts(&input, "Auto-Submitted: auto-generated\nMIME-Version: 1.0\n"
	                 "Content-Type: text/plain; charset=UTF-8\n"
	                 "Content-Transfer-Encoding: 8bit\n\n");
	buf_addf(&input, "%s\n", text);
	char **env = run_make_env(c, m);
	const char *what = "sendmail", *command = SENDMAIL;
	if (c->config->command) {
		what = "the command";
		command = c->config->command;
	}
	run_job_start(c, what, command, (const char *const *)env, &input);
	run_free_env(env);
	free(text);
	free(to);
	free(from);
}

/* --- the desktop --------------------------------------------------------- */

static void run_send_desktop(struct channel *c, const struct message *m)
{
	struct buf input = { 0 };
	struct err err;
	/* a bus may come later: the user logs in at the desktop */
	if (!desktop_has_bus(&err)) {
		struct run_job *j = xcalloc(1, sizeof(*j));
		*j = (struct run_job){ .channel = c,
			               .loop = c->notify->loop,
			               .in = -1,
			               .out = -1,
			               .err = -1,
			               .sent = { .how = SENT_AGAIN, .err = err } };
		c->job = j;
		loop_defer(j->loop, run_not_started, j);
		return;
	}
	/* The path of this program. After an upgrade the kernel adds " (deleted)", and the new one
	 * stands there. */
	static const char deleted[] = " (deleted)";
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n > 0 ? n : 0] = '\0';
	size_t len = strlen(self), tail = strlen(deleted);
	if (len > tail && strcmp(self + len - tail, deleted) == 0)
		self[len - tail] = '\0';
	const char *const argv[] = { "exec", self, "--show-on-desktop", NULL };
	char *command = quote_command(argv);
	char **env = run_make_env(c, m), **last = env;
	while (*last)
		last++;
	/* What is over needs nothing, and a test is about nothing. */
	const char *buttons = "";
	if (message_is(m, MESSAGE_NEED) || message_is(m, MESSAGE_STILL))
		buttons = c->notify->hooks.show ? "show snooze" : "snooze";
	*last = xasprintf("MOCR_BUTTONS=%s", buttons);
	run_job_start(c, "the desktop", command, (const char *const *)env, &input);
	run_free_env(env);
	free(command);
}

const struct sender sender_desktop = {
	.type = "desktop",
	.send = run_send_desktop,
	.cancel = run_cancel_job,
};
const struct sender sender_command = {
	.type = "command",
	.key = "command",
	.send = run_send_command,
	.cancel = run_cancel_job,
};
const struct sender sender_mail = {
	.type = "mail",
	.key = "to",
	.send = run_send_mail,
	.cancel = run_cancel_job,
};
