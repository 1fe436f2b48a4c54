/* attach.c: lends the terminal to a remote program.
 *
 * The terminal is opened a second time, with a file description of its own. So it can be
 * non-blocking without any effect on the shell that started mocr. Output waits in a small buffer
 * while the terminal takes none. When that buffer is full, further data is refused and waits on the
 * server. Input is always read, so that the key that leaves works even when the remote side has
 * stopped reading. */
#include "tui/attach.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"
#include "backends/base/wash.h"
#include "backends/link/loop.h"
#include "tui/attach_modes.h"
#include "tui/canvas.h"
#include "tui/keymap.h"
#include "tui/keys.h"

#define READ_MAX 4096
#define OUT_MAX (64u << 10) /* output waiting for the terminal */
#define IN_MAX (64u << 10)  /* input waiting for the remote side; more is dropped with a beep */
/* bytes of kept output beyond ATTACH_KEEP that are tolerated before the next cut */
#define KEEP_SLACK (64u << 10)
#define LEFT_BY_MAX 32
#define LAST_WORDS_MS 300     /* how long the last output may take to reach the terminal */
#define REPAINT_MS 60         /* between the two size changes that make a program repaint */
#define AGAIN_MAX (32u << 10) /* bytes of kept output shown again on entering */

struct attach {
	struct loop *loop; /* borrowed */
	struct keys *keys; /* borrowed */
	char *title;       /* owned */
	attach_fn *fn;
	void *arg;
	struct stream *stream; /* owned; NULL: before the start or after the end */
	struct stream_end end;
	bool ended, refused; /* refused: data waits on the remote side */
	unsigned visits;
	int tty; /* -1: not attached */
	struct termios before;
	struct loop_io *io;
	struct loop_timer *repaint;
	struct buf out, in, keep;
	struct modes modes;
	char left_by[LEFT_BY_MAX]; /* the bytes of the key that left it last */
	size_t left_by_len;
};

/* There is one terminal, so at most one attached program. */
static struct attach *current;

const struct action shell_actions[] = {
	{ .name = "shell-leave",
	  .verb = "leave",
	  .key = "C-]",
	  .context = CONTEXT_SHELL,
	  .help = "come back to mocr, which asks whether the program keeps running" },
	{ .name = NULL },
};

/* Without any other key the table's key leaves, even if the user took it away: nobody is locked
 * in. */
const char *attach_leave_key(char *buf)
{
	struct key key;

	if (!action_key(shell_actions, buf) && key_parse(shell_actions->key, &key))
		key_words(&key, buf);
	return buf;
}

static bool attach_is_leave_key(const struct key *k)
{
	char name[KEY_NAME_SIZE];

	if (action_key(shell_actions, name))
		return keymap_is(shell_actions, k, "shell-leave");
	return action_has_key(shell_actions, k);
}

/* --- the terminal -------------------------------------------------------- */

static bool attach_take_tty(struct attach *a)
{
	struct termios raw;

	a->tty = open("/dev/tty", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	/* no controlling terminal: use standard input */
	if (a->tty < 0)
		a->tty = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (a->tty < 0 || tcgetattr(a->tty, &a->before))
		return false;
	raw = a->before;
	cfmakeraw(&raw);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	return tcsetattr(a->tty, TCSANOW, &raw) == 0;
}

static void attach_tty_size(const struct attach *a, int *cols, int *rows)
{
	struct winsize ws = { 0 };

	ioctl(a->tty, TIOCGWINSZ, &ws);
	*cols = ws.ws_col ? ws.ws_col : 80;
	*rows = ws.ws_row ? ws.ws_row : 24;
}

/* Writes waiting output, as much as the terminal takes now. */
static void attach_write_out(struct attach *a)
{
	while (a->out.len && a->tty >= 0) {
		ssize_t n = write(a->tty, a->out.data, a->out.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			/* the terminal is gone; its input reports that too */
			buf_clear(&a->out);
		if (n <= 0)
			break;
		buf_consume(&a->out, (size_t)n);
	}
	if (a->io)
		loop_io_set(a->io, POLLIN | (a->out.len ? POLLOUT : 0));
}

/* Writes all waiting output, but waits at most LAST_WORDS_MS. Used before the screen changes
 * hands. */
static void attach_write_last(struct attach *a)
{
	int64_t until = now_mono_ms() + LAST_WORDS_MS;

	for (attach_write_out(a); a->out.len; attach_write_out(a)) {
		struct pollfd p = { a->tty, POLLOUT, 0 };
		int64_t left = until - now_mono_ms();
		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			break;
	}
	buf_clear(&a->out);
}

/* --- what the program writes --------------------------------------------- */

static size_t attach_do_on_data(struct stream *s, const char *bytes, size_t len, void *arg)
{
	struct attach *a = arg;
	size_t take = len, room;

	if (a->tty >= 0) {
		room = a->out.len < OUT_MAX ? OUT_MAX - a->out.len : 0;
		take = len < room ? len : room;
		buf_add(&a->out, bytes, take);
		attach_write_out(a);
	}
	/* in pieces, so that the kept output never overflows */
	for (size_t at = 0; at < take; at += READ_MAX) {
		modes_feed(&a->modes, bytes + at, take - at < READ_MAX ? take - at : READ_MAX,
		           &a->keep);
		if (a->keep.len > ATTACH_KEEP + KEEP_SLACK) {
			size_t drop = a->keep.len - ATTACH_KEEP;
			char *line = memchr(a->keep.data + drop, '\n', a->keep.len - drop);
			if (line)
				drop = (size_t)(line + 1 - a->keep.data);
			buf_consume(&a->keep, drop);
		}
	}
	a->refused = take < len;
	return take;
}

/* --- entering and leaving ------------------------------------------------ */

static void attach_on_tty(struct loop_io *, int fd, unsigned revents, void *arg);

/* A full-screen program repaints after a size change. So the size changes for a moment and back. */
static void attach_on_repaint(struct loop_timer *t, void *arg)
{
	struct attach *a = arg;

	attach_resized(a);
}

static void attach_ask_repaint(struct attach *a, int cols, int rows)
{
	if (!a->stream)
		return;
	if (!a->visits || rows < 3) {
		stream_resize(a->stream, cols, rows);
		return;
	}
	stream_resize(a->stream, cols, rows - 1);
	if (!a->repaint)
		a->repaint = loop_timer_add(a->loop, REPAINT_MS, attach_on_repaint, a);
	else
		loop_timer_set(a->repaint, REPAINT_MS);
}

static void attach_type(struct attach *, const char *, size_t);

void attach_enter(struct attach *a)
{
	char leave[KEY_NAME_SIZE];
	int cols, rows;

	if (current || a->ended)
		return;
	canvas_suspend();
	if (!attach_take_tty(a)) {
		if (a->tty >= 0)
			close(a->tty);
		a->tty = -1;
		canvas_resume();
		return;
	}
	current = a;
	a->io = loop_io_add(a->loop, a->tty, POLLIN, attach_on_tty, a);
	attach_tty_size(a, &cols, &rows);
	/* Clears the screen without losing its content: the lines are scrolled into the terminal's
	 * history. */
	for (int i = 0; i < rows; i++)
		buf_puts(&a->out, "\r\n");
	buf_puts(&a->out, "\033[H\033[2J");
	buf_addf(&a->out, "\033[7m %s. [%s] leaves it \033[m\r\n", a->title,
	         attach_leave_key(leave));
	modes_restore(&a->modes, &a->out);
	if (!modes_alt_screen(&a->modes)) {
		/* Repeats whole lines from the end of the kept output. */
		size_t from = a->keep.len > AGAIN_MAX ? a->keep.len - AGAIN_MAX : 0;
		const char *line;

		if (a->keep.len) {
			line = from ? memchr(a->keep.data + from, '\n', a->keep.len - from) : NULL;
			if (line)
				from = (size_t)(line + 1 - a->keep.data);
			buf_add(&a->out, a->keep.data + from, a->keep.len - from);
		}
	}
	attach_ask_repaint(a, cols, rows);
	a->visits++;
	attach_write_out(a);
	/* Bytes typed right after the key that opened the shell were read together with this key.
	 * They are meant for the shell. */
	char rest[4096];
	size_t n = a->keys ? keys_take(a->keys, rest, sizeof(rest)) : 0;

	if (n)
		attach_type(a, rest, n);
	wipe(rest, sizeof(rest));
}

/* While detached, all output is taken and kept. Deferred, because incoming data may end the
 * stream. */
static void attach_take_again(void *arg)
{
	struct attach *a = arg;

	if (!a->refused || !a->stream)
		return;
	a->refused = false;
	stream_resume(a->stream);
}

void attach_leave(struct attach *a)
{
	if (current != a)
		return;
	loop_io_remove(a->io);
	a->io = NULL;
	if (a->repaint)
		loop_timer_set(a->repaint, -1);
	attach_write_last(a);
	modes_reset(&a->modes, &a->out);
	attach_write_last(a);
	tcsetattr(a->tty, TCSANOW, &a->before);
	close(a->tty);
	a->tty = -1;
	current = NULL;
	if (a->keys)
		keys_flush(a->keys);
	canvas_resume();
	if (a->refused)
		loop_defer(a->loop, attach_take_again, a);
}

/* --- what the user types ------------------------------------------------- */

static void attach_write_in(struct attach *a)
{
	size_t n;

	if (!a->stream || !a->in.len)
		return;
	n = stream_write(a->stream, a->in.data, a->in.len);
	wipe(a->in.data, n); /* may be a password */
	buf_consume(&a->in, n);
}

static void attach_type(struct attach *a, const char *bytes, size_t len)
{
	if (!buf_add(&a->in, bytes, len)) {
		buf_puts(&a->out, "\a");
		attach_write_out(a);
	}
	attach_write_in(a);
}

static void attach_tell(struct attach *a, enum attach_how how)
{
	if (a->fn)
		a->fn(a, how, a->arg); /* may destroy a */
}

static void attach_on_tty(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	struct attach *a = arg;
	char bytes[READ_MAX];
	ssize_t n;

	if (revents & POLLOUT)
		attach_write_out(a);
	if (a->refused && a->out.len < OUT_MAX / 2 && a->stream) {
		a->refused = false;
		stream_resume(a->stream);
		if (current != a) /* the received data ended it */
			return;
	}
	if (!(revents & (POLLIN | POLLHUP | POLLERR)))
		return;
	n = read(fd, bytes, sizeof(bytes));
	if (n > 0) {
		size_t len = (size_t)n, key_len = 0;
		const char *leave = keys_find(bytes, len, attach_is_leave_key, &key_len);
		struct keys *keys = a->keys;

		attach_type(a, bytes, leave ? (size_t)(leave - bytes) : len);
		if (leave) {
			a->left_by_len = key_len < LEFT_BY_MAX ? key_len : 0;
			memcpy(a->left_by, leave, a->left_by_len);
			attach_leave(a);
			/* the rest was typed for the console */
			if (keys)
				keys_feed(keys, leave + key_len,
				          len - (size_t)(leave + key_len - bytes), now_mono_ms());
			attach_tell(a, ATTACH_LEFT);
		}
		wipe(bytes, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		/* the terminal is gone; keys.c reports that to the console */
		attach_leave(a);
		attach_tell(a, ATTACH_LEFT);
	}
}

/* --- the stream's events ------------------------------------------------- */

/* The stream is open, or has room again. */
static void attach_do_on_room(struct stream *s, void *arg)
{
	attach_write_in(arg);
}

static void attach_do_on_closed(struct stream *s, const struct stream_end *end, void *arg)
{
	struct attach *a = arg;

	assert(!a->ended); /* stream.h: closed comes exactly once */
	a->stream = NULL;
	a->ended = true;
	a->end = *end;
	attach_leave(a);
	attach_tell(a, ATTACH_ENDED);
}

const struct stream_events attach_events = {
	.opened = attach_do_on_room,
	.data = attach_do_on_data,
	.drained = attach_do_on_room,
	.closed = attach_do_on_closed,
};

/* --- the rest ------------------------------------------------------------ */

struct attach *attach_create(struct loop *loop, struct keys *keys, const char *title, attach_fn *fn,
                             void *arg)
{
	struct attach *a = xcalloc(1, sizeof(*a));

	a->loop = loop;
	a->keys = keys;
	a->title = wash_dup(title, 0);
	a->fn = fn;
	a->arg = arg;
	a->tty = -1;
	buf_init(&a->out, OUT_MAX + AGAIN_MAX + READ_MAX);
	buf_init(&a->in, IN_MAX);
	buf_init(&a->keep, ATTACH_KEEP + 2 * KEEP_SLACK);
	return a;
}

void attach_set_stream(struct attach *a, struct stream *s)
{
	assert(!a->stream); /* the one before would leak */
	a->stream = s;
}

void attach_destroy(struct attach *a)
{
	if (!a)
		return;
	attach_leave(a);
	stream_close(a->stream);
	loop_defer_cancel(a->loop, attach_take_again, a);
	loop_timer_remove(a->repaint);
	wipe(a->in.data, a->in.len);
	buf_finish(&a->out);
	buf_finish(&a->in);
	buf_finish(&a->keep);
	free(a->title);
	free(a);
}

void attach_send_leave_key(struct attach *a)
{
	attach_type(a, a->left_by, a->left_by_len);
}

void attach_resized(struct attach *a)
{
	int cols, rows;

	if (a->tty < 0 || !a->stream)
		return;
	attach_tty_size(a, &cols, &rows);
	stream_resize(a->stream, cols, rows);
}

bool attach_running(const struct attach *a)
{
	return !a->ended;
}

const struct stream_end *attach_end(const struct attach *a)
{
	return a->ended ? &a->end : NULL;
}

const char *attach_title(const struct attach *a)
{
	return a->title;
}

struct attach *attach_current(void)
{
	return current;
}

const char *attach_term(void)
{
	/* In the terminfo of the smallest installation of every distribution. */
	static const char *const known[] = {
		"xterm",           "xterm-256color", "xterm-color",   "screen",
		"screen-256color", "tmux",           "tmux-256color", "linux",
		"vt100",           "vt220",          "rxvt",          "ansi",
	};
	const char *term = getenv("TERM");

	for (size_t i = 0; term && i < ARRAY_LEN(known); i++)
		if (!strcmp(term, known[i]))
			return known[i];
	return "xterm-256color";
}

void attach_last_line(const struct attach *a, char *buf, size_t size)
{
	const char *s = a->keep.data;
	size_t end = a->keep.len, start;

	if (size)
		*buf = 0;
	while (s && end > 0) {
		while (end > 0 && strchr("\r\n ", s[end - 1]))
			end--;
		for (start = end; start > 0 && s[start - 1] != '\n';)
			start--;
		if (wash(buf, size, s + start, end - start))
			return;
		end = start;
	}
}

struct dialog *attach_choice(const struct attach *a, dialog_fn *fn, void *arg)
{
	char key[KEY_NAME_SIZE], send[KEY_NAME_SIZE + 16];
	const struct dialog_item items[] = {
		[LEFT_KEEP] = { "k", "keep it running", NULL, false },
		[LEFT_CLOSE] = { "c", "close it", NULL, false },
		[LEFT_BACK] = { "b", "back to it", NULL, false },
		[LEFT_SEND_KEY] = { attach_leave_key(key), send, NULL, false },
	};
	char *title = xasprintf("%s still runs", a->title);
	struct dialog *d;

	snprintf(send, sizeof(send), "send it [%s]", key);
	d = dialog_question(title,
	                    "Kept: it continues without you, and its last output waits for you.",
	                    items, ARRAY_LEN(items), LEFT_KEEP, fn, arg);
	free(title);
	return d;
}
