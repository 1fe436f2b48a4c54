#include "backends/link/relay.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/link/loop.h"

#define RELAY_CHUNK (32u << 10)
#define COMPLAINT_MAX 256

struct relay {
	struct stream *stream;
	int fd; /* the relay's end */
	struct loop_io *io;
	struct buf out; /* bytes from fd that the stream has not taken yet */
	bool full;      /* the stream pauses until fd takes more */
	bool command;   /* ENDPOINT_EXEC */
	/* the library closed its end: stop reading and watching */
	bool deaf;
	char complaint[COMPLAINT_MAX];
	size_t complaint_len;
	size_t seen;            /* bytes that inspect has seen but fd has not taken yet */
	relay_inspect *inspect; /* or NULL */
	relay_closed *closed;
	void *arg;
};

static void relay_out(struct relay *p)
{
	if (p->out.len)
		buf_consume(&p->out, stream_write(p->stream, p->out.data, p->out.len));
}

static void relay_set_interest(struct relay *p)
{
	unsigned events = 0;
	/* While the stream takes nothing, nothing is read, and the library has to wait. */
	if (!p->deaf && !p->out.len)
		events |= POLLIN;
	/* poll would report a closed end forever */
	if (!p->deaf && p->full)
		events |= POLLOUT;
	loop_io_set(p->io, events);
}

static void relay_on_local(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	struct relay *p = arg;
	if (revents & POLLIN) {
		char chunk[RELAY_CHUNK];
		ssize_t n = read(p->fd, chunk, sizeof chunk);
		p->deaf = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
		if (n > 0)
			buf_add(&p->out, chunk, (size_t)n);
		if (n > 0)
			relay_out(p);
	}
	bool resume = p->full && (p->deaf || revents & POLLOUT);
	if (resume)
		p->full = false;
	relay_set_interest(p);
	if (resume)
		stream_resume(p->stream); /* last: new data may end the relay */
}

static size_t relay_on_data(struct stream *stream, const char *bytes, size_t len, void *arg)
{
	struct relay *p = arg;
	if (p->inspect && len > p->seen) {
		size_t seen = p->seen;
		p->seen = len;
		if (!p->inspect(bytes + seen, len - seen, p->arg))
			return len;
	}
	ssize_t n = p->deaf ? (ssize_t)len : send(p->fd, bytes, len, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		p->deaf = true;
		n = (ssize_t)len;
		relay_set_interest(p);
	}
	size_t taken = n < 0 ? 0 : (size_t)n;
	p->seen -= p->inspect ? taken : 0;
	if (taken < len) {
		p->full = true;
		relay_set_interest(p);
	}
	return taken;
}

static void relay_on_error_data(struct stream *stream, const char *bytes, size_t len, void *arg)
{
	struct relay *p = arg;
	size_t room = sizeof p->complaint - 1 - p->complaint_len;
	len = len < room ? len : room;
	memcpy(p->complaint + p->complaint_len, bytes, len);
	p->complaint_len += len;
	p->complaint[p->complaint_len] = '\0';
}

static void relay_on_drained(struct stream *stream, void *arg)
{
	struct relay *p = arg;
	relay_out(p);
	relay_set_interest(p);
}

static void relay_on_closed(struct stream *stream, const struct stream_end *end, void *arg)
{
	struct relay *p = arg;
	relay_closed *closed = p->closed;
	void *user = p->arg;
	char complaint[COMPLAINT_MAX];
	memcpy(complaint, p->complaint, sizeof complaint);
	struct stream_end told = *end;
	/* the exit code belongs to the login shell and means nothing here */
	if (p->command && !told.began && !told.err.code)
		err_set(&told.err, ERR_REFUSED,
		        "the login ran no command and ended with code %d%s%s", told.exit_code,
		        *complaint ? ": " : "", complaint);
	p->stream = NULL;
	relay_close(p);
	closed(&told, complaint, user);
}

struct relay *relay_open(struct link *link, const struct endpoint *endpoint, int *fd,
                         relay_inspect *inspect, relay_closed *closed, void *arg, struct err *err)
{
	static const struct stream_events events = {
		.data = relay_on_data,
		.error_data = relay_on_error_data,
		.drained = relay_on_drained,
		.closed = relay_on_closed,
	};
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0) {
		err_set(err, ERR_SYSTEM, "no socketpair: %s", strerror(errno));
		return NULL;
	}
	struct relay *p = xcalloc(1, sizeof *p);
	*p = (struct relay){ .fd = pair[0], .inspect = inspect, .closed = closed, .arg = arg };
	buf_init(&p->out, 2 * RELAY_CHUNK);
	p->out.secret = true; /* a database's password may be in this buffer */
	p->io = loop_io_add(link->loop, p->fd, POLLIN, relay_on_local, p);
	p->command = endpoint->kind == ENDPOINT_EXEC;
	p->stream = link_open(link, endpoint, &events, p, err);
	if (!p->stream) {
		close(pair[1]);
		relay_close(p);
		return NULL;
	}
	*fd = pair[1];
	return p;
}

void relay_close(struct relay *p)
{
	if (!p)
		return;
	stream_close(p->stream);
	loop_io_remove(p->io);
	close(p->fd);
	buf_finish(&p->out);
	free(p);
}
