/* local.c: this machine as a link: its sockets and commands directly, without SSH.
 *
 * A stream has one descriptor (socket, terminal) or three (a command's stdin, stdout, stderr).
 * Bytes that the owner does not take stay in `held`, at most one read. The descriptor then pauses
 * until stream_resume.
 *
 * A stream may be closed inside any of its own events. The close then only marks it, and the stream
 * is freed after the event. */
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/link/spawn.h"

#define READ_SIZE (64u << 10)
#define READS_A_TURN 16 /* of one stream, before other streams get a turn */
#define AFTER_EXIT_MS \
	500 /* ms that a grandchild may hold the pipes open after the command has ended */

struct local_stream {
	struct stream stream;
	struct link_local *local;
	struct local_stream *next;
	enum endpoint_kind kind;
	/* owned; in_io equals out_io for sockets and terminals */
	struct loop_io *in_io, *out_io, *err_io;
	int in, out, err; /* owned; -1: none, or at EOF */
	struct buf queue, held;
	struct loop_timer *timer; /* until opened: the timeout; then AFTER_EXIT_MS after the exit */
	struct loop_child *child;
	pid_t pid; /* 0: none, or already reaped */
	struct stream_end end;
	char what[128]; /* the endpoint, for sentences */
	enum { LOCAL_STARTING, LOCAL_CONNECTING, LOCAL_OPEN } step;
	bool paused, eof_wanted, exited, wrote;
	bool closed;   /* by its owner: no more events */
	unsigned busy; /* depth of running events */
};

struct link_local {
	struct link link;
	struct local_stream *streams;
	char buf[READ_SIZE];
};

static const struct stream_ops local_stream_ops;

/* --- ends ---------------------------------------------------------------- */

static void local_fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Ends the writing side: closes a pipe, shuts down a socket, does nothing on a terminal. */
static void local_input_close(struct local_stream *s)
{
	if (s->kind == ENDPOINT_EXEC) {
		loop_io_remove(s->in_io);
		s->in_io = NULL;
		local_fd_close(&s->in);
	} else if (s->kind != ENDPOINT_TERMINAL && s->in >= 0) {
		shutdown(s->in, SHUT_WR);
	}
}

static void local_on_later(void *arg);

static void local_stream_free(struct local_stream *s)
{
	LIST_DROP(s->local->streams, s);
	loop_defer_cancel(s->local->link.loop, local_on_later, s);
	if (s->in_io != s->out_io)
		loop_io_remove(s->in_io);
	loop_io_remove(s->out_io);
	loop_io_remove(s->err_io);
	if (s->in != s->out)
		local_fd_close(&s->in);
	local_fd_close(&s->out);
	local_fd_close(&s->err);
	loop_timer_remove(s->timer);
	if (s->pid) {
		kill(-s->pid, SIGHUP);
		kill(-s->pid, SIGCONT);
	}
	loop_child_remove(s->child);
	buf_finish(&s->queue);
	buf_finish(&s->held);
	free(s);
}

static void local_close(struct stream *stream)
{
	struct local_stream *s = (struct local_stream *)stream;
	s->closed = true;
	if (!s->busy)
		local_stream_free(s);
}

/* Reports the end to the owner and frees the stream. */
static void local_tell_end(struct local_stream *s)
{
	s->busy++;
	if (!s->closed) {
		s->closed = true;
		s->stream.events->closed(&s->stream, &s->end, s->stream.arg);
	}
	s->busy--;
	if (!s->busy)
		local_stream_free(s);
}

static void local_fail(struct local_stream *s, const struct err *err)
{
	s->end.err = *err;
	local_tell_end(s);
}

/* --- reading ------------------------------------------------------------- */

static void local_watch(struct local_stream *s)
{
	if (s->step == LOCAL_STARTING)
		return;
	unsigned out_events = s->paused ? 0 : POLLIN;
	unsigned in_events = s->queue.len || s->wrote || s->step == LOCAL_CONNECTING ? POLLOUT : 0;
	if (s->step == LOCAL_CONNECTING)
		out_events = 0;
	if (s->in_io && s->in_io == s->out_io) {
		loop_io_set(s->in_io, out_events | in_events);
		return;
	}
	if (s->in_io)
		loop_io_set(s->in_io, in_events);
	if (s->out_io)
		loop_io_set(s->out_io, out_events);
	if (s->err_io)
		loop_io_set(s->err_io, POLLIN);
}

/* Passes bytes to the owner and holds the rest. */
static void local_give(struct local_stream *s, const char *data, size_t len)
{
	size_t taken = s->stream.events->data
	                       ? s->stream.events->data(&s->stream, data, len, s->stream.arg)
	                       : len;
	if (!s->closed && taken < len) {
		buf_add(&s->held, data + taken, len - taken);
		s->paused = true;
	}
}

static void local_maybe_ended(struct local_stream *s)
{
	if (s->closed || s->held.len || s->out >= 0 || s->err >= 0)
		return;
	if (s->kind == ENDPOINT_EXEC || s->kind == ENDPOINT_TERMINAL)
		if (!s->exited)
			return;
	local_tell_end(s);
}

static void local_output_ended(struct local_stream *s)
{
	if (s->in_io == s->out_io) {
		s->in_io = NULL;
		s->in = -1;
	}
	loop_io_remove(s->out_io);
	s->out_io = NULL;
	local_fd_close(&s->out);
}

static void local_read_output(struct local_stream *s)
{
	struct link_local *l = s->local;
	for (int i = 0; i < READS_A_TURN && !s->closed && !s->paused && s->out >= 0; i++) {
		ssize_t n = read(s->out, l->buf, sizeof(l->buf));
		if (n > 0) {
			local_give(s, l->buf, (size_t)n);
			if ((size_t)n < sizeof(l->buf) && s->kind != ENDPOINT_EXEC)
				break;
		} else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			break;
		} else {
			/* A terminal returns EIO after its last program exits. A reset socket is an
			 * end too. */
			if (n < 0 && s->kind != ENDPOINT_TERMINAL)
				err_set(&s->end.err, ERR_REFUSED, "%s: %s", s->what,
				        strerror(errno));
			local_output_ended(s);
		}
	}
}

static void local_read_errors(struct local_stream *s)
{
	struct link_local *l = s->local;
	ssize_t n = read(s->err, l->buf, sizeof(l->buf));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		loop_io_remove(s->err_io);
		s->err_io = NULL;
		local_fd_close(&s->err);
	} else if (s->stream.events->error_data) {
		s->stream.events->error_data(&s->stream, l->buf, (size_t)n, s->stream.arg);
	}
}

/* --- writing ------------------------------------------------------------- */

static void local_flush(struct local_stream *s)
{
	if (s->queue.len && s->in >= 0) {
		ssize_t n;
		if (s->kind == ENDPOINT_UNIX || s->kind == ENDPOINT_TCP)
			n = send(s->in, s->queue.data, s->queue.len, MSG_NOSIGNAL);
		else
			n = write(s->in, s->queue.data, s->queue.len);
		if (n > 0) {
			buf_consume(&s->queue, (size_t)n);
		} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			/* The program reads no more input. Its remaining output and its exit still
			 * matter. */
			buf_clear(&s->queue);
			local_input_close(s);
		}
	}
	if (s->queue.len)
		return;
	bool told = s->wrote;
	s->wrote = false;
	if (told && !s->eof_wanted && s->stream.events->drained)
		s->stream.events->drained(&s->stream, s->stream.arg);
	if (!s->closed && s->eof_wanted && !s->queue.len)
		local_input_close(s);
}

static size_t local_write(struct stream *stream, const void *data, size_t len)
{
	struct local_stream *s = (struct local_stream *)stream;
	if (s->closed || s->eof_wanted)
		return 0;
	size_t room = STREAM_QUEUE_MAX - s->queue.len;
	len = len < room ? len : room;
	if (s->in < 0 && s->step == LOCAL_OPEN)
		/* the reader has closed; the end of the stream follows */
		return len;
	buf_add(&s->queue, data, len);
	s->wrote = true;
	local_watch(s);
	return len;
}

static void local_write_eof(struct stream *stream)
{
	struct local_stream *s = (struct local_stream *)stream;
	if (s->closed || s->eof_wanted)
		return;
	s->eof_wanted = true;
	if (!s->queue.len && s->step == LOCAL_OPEN)
		local_input_close(s);
}

/* --- events -------------------------------------------------------------- */

static void local_be_open(struct local_stream *s)
{
	s->step = LOCAL_OPEN;
	loop_timer_set(s->timer, -1);
	if (s->stream.events->opened)
		s->stream.events->opened(&s->stream, s->stream.arg);
}

/* Ends every event of a stream: frees a closed stream, updates the watches, reports the end. */
static void local_settle(struct local_stream *s)
{
	s->busy--;
	if (s->closed) {
		if (!s->busy)
			local_stream_free(s);
		return;
	}
	local_watch(s);
	local_maybe_ended(s);
}

static bool local_connect_err(struct local_stream *s, int error, const char *path, struct err *err)
{
	static const struct {
		int error;
		enum err_code code;
	} codes[] = {
		{ ENOENT, ERR_ABSENT },     { ECONNREFUSED, ERR_ABSENT }, { ENOTDIR, ERR_ABSENT },
		{ ENOTSOCK, ERR_ABSENT },   { EACCES, ERR_DENIED },       { EPERM, ERR_DENIED },
		{ ETIMEDOUT, ERR_TIMEOUT }, { EMFILE, ERR_SYSTEM },       { ENFILE, ERR_SYSTEM },
	};
	char hint[160] = "";
	if (error == EACCES && path) {
		/* Names the owner of the socket at path, as the end of a sentence. */
		struct stat st;
		if (stat(path, &st) >= 0) {
			struct passwd *pw = getpwuid(st.st_uid);
			struct group *gr = getgrgid(st.st_gid);
			const char *user = pw ? pw->pw_name : "?";
			const char *group = gr ? gr->gr_name : "?";
			snprintf(hint, sizeof(hint),
			         "; it belongs to %s:%s: become a member of that group, "
			         "or use sudo",
			         user, group);
		}
	}
	if (error == ECONNREFUSED)
		return err_set(err, ERR_ABSENT, "%s: nothing listens there (connection refused)",
		               s->what);
	enum err_code code = ERR_REFUSED;
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].error == error)
			code = codes[i].code;
	return err_set(err, code, "%s: %s%s", s->what, strerror(error), hint);
}

static void local_on_io(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	struct local_stream *s = arg;
	s->busy++;
	if (s->step == LOCAL_CONNECTING) {
		int error = 0;
		socklen_t len = sizeof(error);
		struct err err;
		getsockopt(s->in, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error) {
			local_connect_err(s, error, NULL, &err);
			local_fail(s, &err);
		} else {
			local_be_open(s);
		}
	}
	if (!s->closed && io == s->in_io && (revents & (POLLOUT | POLLERR)))
		local_flush(s);
	if (!s->closed && io == s->out_io && (revents & ~(unsigned)POLLOUT))
		local_read_output(s);
	else if (!s->closed && io == s->err_io)
		local_read_errors(s);
	local_settle(s);
}

/* Events that must not run inside the caller's own function: opened, and held bytes after
 * stream_resume. */
static void local_on_later(void *arg)
{
	struct local_stream *s = arg;
	s->busy++;
	if (s->step == LOCAL_STARTING)
		local_be_open(s);
	if (!s->closed && !s->paused && s->held.len) {
		struct buf held = s->held;
		s->held = (struct buf){ 0 };
		local_give(s, held.data, held.len);
		buf_finish(&held);
	}
	if (!s->closed && s->eof_wanted && !s->queue.len)
		local_input_close(s);
	local_settle(s);
}

static void local_resume(struct stream *stream)
{
	struct local_stream *s = (struct local_stream *)stream;
	if (s->closed || !s->paused)
		return;
	s->paused = false;
	loop_defer(s->local->link.loop, local_on_later, s);
}

static void local_on_child(struct loop_child *c, pid_t pid, int status, void *arg)
{
	struct local_stream *s = arg;
	s->busy++;
	s->pid = 0;
	s->exited = true;
	if (WIFEXITED(status))
		s->end.exit_code = WEXITSTATUS(status);
	else if (WIFSIGNALED(status))
		snprintf(s->end.signal, sizeof(s->end.signal), "%s",
		         sigabbrev_np(WTERMSIG(status)) ?: "?");
	if (s->kind == ENDPOINT_TERMINAL && s->out >= 0 && !s->paused)
		local_read_output(s);
	loop_timer_set(s->timer, AFTER_EXIT_MS);
	local_settle(s);
}

static void local_on_timer(struct loop_timer *t, void *arg)
{
	struct local_stream *s = arg;
	if (s->exited && s->paused) { /* its last output waits for the reader */
		loop_timer_set(t, AFTER_EXIT_MS);
		return;
	}
	if (s->exited) {
		/* A process the command left behind holds the pipes, but the command itself has
		 * ended. The owner may still take held bytes. */
		local_output_ended(s);
		loop_io_remove(s->err_io);
		s->err_io = NULL;
		local_fd_close(&s->err);
		local_maybe_ended(s);
		return;
	}
	struct err err;
	err_set(&err, ERR_TIMEOUT, "%s: did not open in time", s->what);
	local_fail(s, &err);
}

static void local_resize(struct stream *stream, int cols, int rows)
{
	struct local_stream *s = (struct local_stream *)stream;
	struct winsize size = { .ws_col = (unsigned short)cols, .ws_row = (unsigned short)rows };
	if (s->kind == ENDPOINT_TERMINAL && s->out >= 0)
		ioctl(s->out, TIOCSWINSZ, &size);
}

static const struct stream_ops local_stream_ops = {
	.write = local_write,
	.write_eof = local_write_eof,
	.resume = local_resume,
	.resize = local_resize,
	.close = local_close,
};

/* --- opening ------------------------------------------------------------- */

static bool local_connect_to(struct local_stream *s, const struct sockaddr *addr, socklen_t len,
                             const char *path, struct err *err)
{
	int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return local_connect_err(s, errno, NULL, err);
	if (connect(fd, addr, len) < 0) {
		int error = errno;
		if (error != EINPROGRESS) {
			close(fd);
			return local_connect_err(s, error, path, err);
		}
		s->step = LOCAL_CONNECTING;
	}
	s->in = s->out = fd;
	return true;
}

static bool local_open_unix(struct local_stream *s, const struct endpoint *endpoint,
                            struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	snprintf(s->what, sizeof(s->what), "%s", endpoint->path);
	if (strlen(endpoint->path) >= sizeof(addr.sun_path))
		return err_set(err, ERR_USAGE, "%s: the path of a socket has at most %zu bytes",
		               endpoint->path, sizeof(addr.sun_path) - 1);
	strcpy(addr.sun_path, endpoint->path);
	return local_connect_to(s, (struct sockaddr *)&addr, sizeof(addr), endpoint->path, err);
}

/* Accepts an IP address or localhost only. A name lookup would block the loop, and endpoints on
 * this machine use loopback. */
static bool local_open_tcp(struct local_stream *s, const struct endpoint *endpoint, struct err *err)
{
	char port[16];
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		                  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV },
			*list = NULL;
	const char *host = endpoint->host && strcmp(endpoint->host, "localhost") != 0
	                           ? endpoint->host
	                           : "127.0.0.1";
	snprintf(s->what, sizeof(s->what), "%.90s port %d", host, endpoint->port);
	snprintf(port, sizeof(port), "%d", endpoint->port);
	int r = getaddrinfo(host, port, &hints, &list);
	if (r)
		return err_set(err, ERR_USAGE,
		               "%s: an endpoint on this machine needs an IP address or localhost",
		               s->what);
	bool ok = local_connect_to(s, list->ai_addr, list->ai_addrlen, NULL, err);
	freeaddrinfo(list);
	int one = 1;
	if (ok)
		setsockopt(s->in, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return ok;
}

static bool local_open_command(struct local_stream *s, const struct endpoint *endpoint,
                               struct err *err)
{
	struct spawned p;
	snprintf(s->what, sizeof(s->what), "%.100s",
	         endpoint->command ? endpoint->command : "the login shell");
	if (!spawn_endpoint(endpoint, &p, err))
		return false;
	s->pid = p.pid;
	s->in = p.in;
	s->out = p.out;
	s->err = p.err;
	s->child = loop_child_add(s->local->link.loop, p.pid, local_on_child, s);
	return true;
}

static struct stream *local_open(struct link *link, const struct endpoint *endpoint,
                                 const struct stream_events *events, void *arg, struct err *err)
{
	static bool (*const openers[])(struct local_stream *, const struct endpoint *,
	                               struct err *) = {
		[ENDPOINT_UNIX] = local_open_unix,
		[ENDPOINT_TCP] = local_open_tcp,
		[ENDPOINT_EXEC] = local_open_command,
		[ENDPOINT_TERMINAL] = local_open_command,
	};
	struct link_local *l = (struct link_local *)link;
	struct local_stream *s = xcalloc(1, sizeof(*s));
	s->stream = (struct stream){ .ops = &local_stream_ops, .events = events, .arg = arg };
	s->local = l;
	s->kind = endpoint->kind;
	s->in = s->out = s->err = -1;
	s->end.exit_code = -1;
	s->end.began = true;
	buf_init(&s->queue, STREAM_QUEUE_MAX);
	s->queue.secret = true; /* sudo's password may be in this queue */
	s->next = l->streams;
	l->streams = s;
	if (!openers[endpoint->kind](s, endpoint, err)) {
		local_stream_free(s);
		return NULL;
	}
	s->timer = loop_timer_add(link->loop,
	                          endpoint->timeout_ms > 0 ? endpoint->timeout_ms
	                                                   : LINK_OPEN_TIMEOUT_MS,
	                          local_on_timer, s);
	s->out_io = loop_io_add(link->loop, s->out, 0, local_on_io, s);
	s->in_io = s->in == s->out ? s->out_io : loop_io_add(link->loop, s->in, 0, local_on_io, s);
	if (s->err >= 0)
		s->err_io = loop_io_add(link->loop, s->err, 0, local_on_io, s);
	if (s->step == LOCAL_CONNECTING)
		local_watch(s);
	else
		loop_defer(link->loop, local_on_later, s);
	return &s->stream;
}

/* --- the link ------------------------------------------------------------ */

static void local_be_up(void *arg)
{
	struct link *link = arg;
	struct passwd *pw = getpwuid(getuid());
	link->latency_ms = 0;
	snprintf(link->detail, sizeof(link->detail), "this machine, as %s", pw ? pw->pw_name : "?");
	link->heard_ms = loop_now(link->loop);
	link_set_state(link, LINK_UP, NULL);
}

static void local_connect(struct link *link)
{
	loop_defer(link->loop, local_be_up, link);
	link_set_state(link, LINK_CONNECTING, NULL);
}

static void local_end_streams(struct link_local *l)
{
	struct err err;
	err_set(&err, ERR_LOST, "%s: disconnected", l->link.name);
	while (l->streams) {
		struct local_stream *s = l->streams;
		/* a stream inside its own event is freed after that event */
		LIST_DROP(l->streams, s);
		local_fail(s, &err);
	}
}

static void local_disconnect(struct link *link)
{
	loop_defer_cancel(link->loop, local_be_up, link);
	link->state = LINK_DOWN; /* no new stream opens while the others end */
	local_end_streams((struct link_local *)link);
	link_set_state(link, LINK_DOWN, NULL);
}

static void local_free(void *arg)
{
	struct link_local *l = arg;
	free(l->link.name);
	free(l);
}

static void local_destroy(struct link *link)
{
	struct link_local *l = (struct link_local *)link;
	bool busy = false;
	for (struct local_stream *s = l->streams; s; s = s->next)
		busy |= s->busy > 0;
	loop_defer_cancel(link->loop, local_be_up, link);
	link->state = LINK_DOWN;
	local_end_streams(l);
	/* called inside a stream's event, which needs l until it returns */
	if (busy)
		loop_defer(link->loop, local_free, l);
	else
		local_free(l);
}

static const struct link_ops local_ops = {
	.name = "local",
	.connect = local_connect,
	.disconnect = local_disconnect,
	.open = local_open,
	.destroy = local_destroy,
};

bool link_is_local(const struct link *link)
{
	return link->ops == &local_ops;
}

struct link *link_create_local(struct loop *loop, const char *name,
                               const struct link_events *events, void *arg)
{
	struct link_local *l = xcalloc(1, sizeof(*l));
	link_init(&l->link, &local_ops, loop, name, events, arg);
	return &l->link;
}
