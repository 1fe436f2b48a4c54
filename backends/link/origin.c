/* origin.c: a private Unix socket that relays its connections through a link.
 *
 * libcurl must connect by itself. So it gets a socket in a private folder (0700). A relay copies
 * each connection there to a stream of the link, with back-pressure both ways. On this machine a
 * Unix socket needs no relay: curl gets its path.
 *
 * Endpoints are tried in order. A forwarded socket works once it is open. A command may still print
 * "permission denied" and exit, so an exec endpoint counts only after the first byte of an answer.
 * Until then curl's bytes are kept. The same request can then go to the next endpoint, and the
 * caller sees one call. */
#include "backends/link/origin.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/link/socket_probe.h"

#define RELAY_READ \
	65536 /* bytes read from curl at once, and held at most until the endpoint is open */
#define REPLAY_MAX \
	(256u << 10) /* bytes of a request that can be sent again through another endpoint */
#define BACKLOG 64
#define READY_MS \
	(45 * 1000) /* limit for a connection opened ahead; Node's servers hang up after 60 s */

struct origin_relay {
	struct origin *origin;
	struct origin_relay *next;
	int fd; /* accepted; owned; -1: opened ahead, no call yet */
	struct loop_io *io;
	struct loop_timer *stale; /* ends a connection opened ahead */
	struct stream *stream;    /* NULL: waits for its turn */
	size_t endpoint;          /* index of the stream's endpoint */
	bool heard;               /* a byte came back */
	bool full;                /* curl takes no more bytes for now */
	struct buf held;          /* from curl, not yet taken by the stream */
	struct buf sent;          /* sent to an endpoint that has not proved to work yet */
	char complaint[256];      /* the end of the command's stderr */
};

static void origin_relay_start(struct origin_relay *);

/* --- the origin's endpoints ---------------------------------------------- */

static const char *origin_endpoint_words(const struct endpoint *r, char *buf, size_t size)
{
	if (r->kind == ENDPOINT_UNIX)
		snprintf(buf, size, "%s", r->path);
	else if (r->kind == ENDPOINT_TCP)
		snprintf(buf, size, "%s port %d", r->host, r->port);
	else {
		const char *shown;
		if (r->shown)
			shown = r->shown;
		else
			shown = r->command + (strncmp(r->command, "exec ", 5) ? 0 : 5);
		snprintf(buf, size, "`%s`", shown);
	}
	return buf;
}

/* Picks the error to report when all endpoints failed.
 *
 * ERR_ABSENT of a first Unix socket wins: the link saw that the socket is missing or has no
 * listener (over SSH by socket_probe.h). A command that was denied proves nothing then. Otherwise
 * an exec endpoint has the most precise error, ERR_DENIED before others. ERR_ABSENT remains only
 * when no endpoint has a better error. */
static const struct err *origin_telling(const struct origin *d)
{
	const struct err *best = &d->why[0];
	if (d->endpoints[0].kind == ENDPOINT_UNIX && best->code == ERR_ABSENT)
		return best;
	bool local = link_is_local(d->link);
	for (size_t i = d->n; i-- > 0;) {
		const struct err *e = &d->why[i];
		bool knows = local || d->endpoints[i].kind == ENDPOINT_EXEC;
		if (knows && e->code == ERR_DENIED)
			return e;
		bool better = best->code == ERR_ABSENT || best == &d->why[0];
		if (knows && better && e->code != ERR_ABSENT && e->code != ERR_NONE)
			best = e;
	}
	return best;
}

/* Endpoint i did not open. True: another endpoint is left to try. */
static bool origin_endpoint_failed(struct origin *d, size_t i, const struct err *why)
{
	d->why[i] = *why;
	if (why->code == ERR_LOST) { /* a fault of the link, not of the endpoint */
		d->err = *why;
		return false;
	}
	if (d->decided || i != d->at) /* another relay has moved on already */
		return i != d->at;
	if (d->at + 1 < d->n) {
		d->at++;
		return true;
	}
	d->err = *origin_telling(d);
	d->at = d->first; /* the next call starts again with the first endpoint */
	return false;
}

static void origin_endpoint_works(struct origin *d, size_t i)
{
	if (d->decided)
		return;
	d->decided = true;
	d->at = i;
	err_clear(&d->err);
}

/* Each command costs a session. One command is enough to find out whether commands work. */
static bool origin_must_wait(const struct origin *d)
{
	if (d->endpoints[d->at].kind != ENDPOINT_EXEC)
		return false;
	unsigned running = 0;
	for (const struct origin_relay *p = d->relays; p; p = p->next)
		running += p->stream != NULL;
	return running >= (d->decided ? ORIGIN_EXEC_MAX : 1);
}

/* Starts waiting relays while sessions are free. A started relay has a stream or is freed. */
static void origin_wake(struct origin *d)
{
	for (;;) {
		struct origin_relay *oldest = NULL;
		for (struct origin_relay *p = d->relays; p; p = p->next)
			if (!p->stream)
				oldest = p;
		if (!oldest || origin_must_wait(d))
			return;
		origin_relay_start(oldest);
	}
}

/* --- one connection ------------------------------------------------------ */

static void origin_relay_destroy(struct origin_relay *p)
{
	LIST_DROP(p->origin->relays, p);
	stream_close(p->stream);
	loop_timer_remove(p->stale);
	loop_io_remove(p->io);
	if (p->fd >= 0)
		close(p->fd);
	buf_finish(&p->held);
	buf_finish(&p->sent);
	free(p);
}

/* Ends p; another relay may be waiting for its session. */
static void origin_relay_end(void *arg)
{
	struct origin_relay *p = arg;
	struct origin *d = p->origin;
	origin_relay_destroy(p);
	origin_wake(d);
}

/* No endpoint is left for p. When no endpoint opened at all, the waiting relays fail too. */
static void origin_relay_give_up(struct origin_relay *p)
{
	struct origin *d = p->origin;
	if (d->decided || !d->err.code) {
		origin_relay_end(p);
		return;
	}
	for (struct origin_relay *next, *k = d->relays; k; k = next) {
		next = k->next;
		if (!k->stream)
			origin_relay_destroy(k);
	}
}

static void origin_relay_watch(struct origin_relay *p)
{
	unsigned events = p->held.len < RELAY_READ ? POLLIN : 0;
	if (!p->io)
		return;
	loop_io_set(p->io, events | (p->full ? POLLOUT : 0));
}

/* Gives curl's bytes to the stream. */
static void origin_relay_flush(struct origin_relay *p)
{
	while (p->stream && p->held.len) {
		size_t n = stream_write(p->stream, p->held.data, p->held.len);
		if (!n)
			break;
		if (!p->heard)
			buf_add(&p->sent, p->held.data, n);
		buf_consume(&p->held, n);
	}
	origin_relay_watch(p);
}

static void origin_on_io(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	struct origin_relay *p = arg;
	if (revents & POLLOUT) {
		p->full = false;
		origin_relay_watch(p);
		if (p->stream)
			stream_resume(p->stream);
		return; /* stream_resume may have ended p */
	}
	char bytes[RELAY_READ];
	ssize_t n = recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) { /* curl closed it */
		origin_relay_end(p);
		return;
	}
	buf_add(&p->held, bytes, (size_t)n);
	origin_relay_flush(p);
}

static void origin_on_opened(struct stream *s, void *arg)
{
	struct origin_relay *p = arg;
	if (p->origin->endpoints[p->endpoint].kind != ENDPOINT_EXEC) {
		origin_endpoint_works(p->origin, p->endpoint);
		buf_finish(&p->sent);
		p->heard = true;
		origin_wake(p->origin);
	}
}

static size_t origin_on_data(struct stream *s, const char *bytes, size_t len, void *arg)
{
	struct origin_relay *p = arg;
	if (p->fd < 0) { /* a byte before any request: an error message */
		origin_relay_end(p);
		return len;
	}
	if (!p->heard) {
		p->heard = true;
		buf_finish(&p->sent);
		origin_endpoint_works(p->origin, p->endpoint);
		origin_wake(p->origin);
	}
	ssize_t n = send(p->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return len; /* curl has closed the connection; origin_on_io will notice */
	size_t took = n < 0 ? 0 : (size_t)n;
	if (took < len) {
		p->full = true;
		origin_relay_watch(p);
	}
	return took;
}

/* Keeps the last bytes of stderr: the last line gives the reason. */
static void origin_on_error_data(struct stream *s, const char *bytes, size_t len, void *arg)
{
	struct origin_relay *p = arg;
	size_t max = sizeof(p->complaint) - 1, have = strlen(p->complaint);
	if (len >= max) {
		bytes += len - max;
		len = max;
	}
	if (have + len > max) {
		memmove(p->complaint, p->complaint + (have + len - max), max - len);
		have = max - len;
	}
	memcpy(p->complaint + have, bytes, len);
	p->complaint[have + len] = '\0';
}

static void origin_on_drained(struct stream *s, void *arg)
{
	origin_relay_flush(arg);
}

/* sudo, sudo-rs and doas begin their own messages with their name. Such a last line means that the
 * command behind the tool never started. Some servers mail each refused sudo to root, so this must
 * not count as a temporary failure. */
static bool origin_is_refused_by_tool(const char *words)
{
	size_t end = strlen(words);
	while (end && strchr(" \r\n", words[end - 1]))
		end--;
	size_t from = end;
	while (from && words[from - 1] != '\n')
		from--;
	return strncmp(words + from, "sudo:", 5) == 0 || strncmp(words + from, "doas:", 5) == 0;
}

/* Builds the error of an ended stream, with the command's stderr. */
static void origin_end_err(const struct origin_relay *p, const struct stream_end *end,
                           struct err *err)
{
	static const char *const denials[] = { "permission denied",  "password is required",
		                               "not in the sudoers", "terminal is required",
		                               "not allowed",        "may not run" };
	char endpoint[256];
	const struct origin *d = p->origin;
	*err = end->err;
	if (d->endpoints[p->endpoint].kind != ENDPOINT_EXEC || end->err.code == ERR_LOST)
		return;
	origin_endpoint_words(&d->endpoints[p->endpoint], endpoint, sizeof(endpoint));
	bool denied = end->exit_code == 1 && origin_is_refused_by_tool(p->complaint);
	for (size_t i = 0; i < ARRAY_LEN(denials); i++)
		denied = denied || strcasestr(p->complaint, denials[i]);
	enum err_code code = denied ? ERR_DENIED : ERR_REFUSED;
	const char *said = "nothing";
	if (end->began && end->exit_code == 127)
		code = ERR_ABSENT;
	if (p->complaint[0])
		said = p->complaint;
	else if (end->err.text[0])
		said = end->err.text;
	else if (!end->began)
		said = "nothing, so the login may run no shell commands";
	size_t n = strlen(said); /* without the blanks at the end */
	while (n && isspace((unsigned char)said[n - 1]))
		n--;
	if (end->exit_code >= 0 || p->complaint[0])
		err_set(err, code, "%s: %s said: %.*s (exit code %d)", d->link->name, endpoint,
		        (int)n, said, end->exit_code);
}

static void origin_on_closed(struct stream *s, const struct stream_end *end, void *arg)
{
	struct origin_relay *p = arg;
	struct err err;
	p->stream = NULL;
	if (p->fd < 0) {
		origin_relay_end(p);
		return;
	}
	origin_end_err(p, end, &err);
	if (p->heard) {
		if (err.code)
			p->origin->last = err;
		origin_relay_end(p);
		return;
	}
	if (!err.code)
		err_set(&err, ERR_REFUSED, "%s: the connection was closed without a word",
		        p->origin->link->name);
	struct origin *d = p->origin;
	d->last = err;
	bool again = origin_endpoint_failed(d, p->endpoint, &err) && !p->sent.overflowed;
	if (!again) {
		origin_relay_give_up(p);
		return;
	}
	buf_add(&p->sent, p->held.data, p->held.len);
	struct buf all = p->sent;
	p->sent = p->held;
	p->held = all;
	buf_clear(&p->sent);
	p->complaint[0] = '\0';
	origin_relay_start(p);
}

static const struct stream_events origin_relay_events = {
	.opened = origin_on_opened,
	.data = origin_on_data,
	.error_data = origin_on_error_data,
	.drained = origin_on_drained,
	.closed = origin_on_closed,
};

static void origin_relay_start(struct origin_relay *p)
{
	struct origin *d = p->origin;
	struct err err = { 0 };
	while (!origin_must_wait(d)) {
		p->endpoint = d->at;
		p->heard = false;
		p->stream = link_open(d->link, &d->endpoints[p->endpoint], &origin_relay_events, p,
		                      &err);
		if (p->stream) {
			origin_relay_flush(p);
			return;
		}
		d->last = err;
		if (!origin_endpoint_failed(d, p->endpoint, &err)) {
			origin_relay_give_up(p);
			return;
		}
	}
	origin_relay_watch(p);
}

/* --- the listening socket ------------------------------------------------ */

static bool origin_same_user(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 && cred.uid == geteuid();
}

static struct origin_relay *origin_relay_create(struct origin *d, int fd)
{
	struct origin_relay *p = xcalloc(1, sizeof(*p));
	*p = (struct origin_relay){ .origin = d, .fd = fd, .next = d->relays };
	buf_init(&p->held, 2 * REPLAY_MAX);
	buf_init(&p->sent, REPLAY_MAX);
	p->held.secret = p->sent.secret = true; /* a request may hold a token */
	d->relays = p;
	return p;
}

static struct origin_relay *origin_ready_one(const struct origin *d)
{
	struct origin_relay *p = d->relays;
	while (p && p->fd >= 0)
		p = p->next;
	return p;
}

void origin_ready(struct origin *d)
{
	bool relayed = !link_is_local(d->link) || d->endpoints[d->at].kind == ENDPOINT_TCP;
	if (d->link->state != LINK_UP || !d->decided || d->endpoints[d->at].kind == ENDPOINT_EXEC ||
	    !relayed || origin_ready_one(d))
		return;
	struct origin_relay *p = origin_relay_create(d, -1);
	p->stale = loop_timer_call(d->loop, READY_MS, origin_relay_end, p);
	origin_relay_start(p);
}

void origin_accept(struct origin *d, int listener, bool (*ours)(int fd))
{
	for (int i = 0; i < BACKLOG; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return;
		if (!ours(fd)) {
			close(fd);
			continue;
		}
		struct origin_relay *ready = origin_ready_one(d);
		struct origin_relay *p = ready ? ready : origin_relay_create(d, fd);
		p->fd = fd;
		p->io = loop_io_add(d->loop, fd, POLLIN, origin_on_io, p);
		loop_timer_remove(p->stale);
		p->stale = NULL;
		if (!ready)
			origin_relay_start(p);
	}
}

static void origin_on_listen(struct loop_io *io, int listener, unsigned revents, void *arg)
{
	origin_accept(arg, listener, origin_same_user);
}

static void origin_close_listener(struct origin *d)
{
	loop_io_remove(d->io);
	d->io = NULL;
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	if (d->path)
		unlink(d->path);
	if (d->dir)
		rmdir(d->dir);
	xreplace(&d->path, NULL);
	xreplace(&d->dir, NULL);
}

static bool origin_bind_listener(struct origin *d, const char *base)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	d->dir = xasprintf("%s/mocr-XXXXXX", base);
	/* mkdtemp creates it with mode 0700 */
	if (strlen(d->dir) + 3 > sizeof(sun.sun_path) || !mkdtemp(d->dir)) {
		xreplace(&d->dir, NULL);
		return false;
	}
	d->path = xasprintf("%s/s", d->dir);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", d->path);
	d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return d->fd >= 0 && bind(d->fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 &&
	       listen(d->fd, BACKLOG) == 0;
}

const char *origin_base(size_t i)
{
	static const char *const names[ORIGIN_BASES] = { "XDG_RUNTIME_DIR", "TMPDIR", NULL };
	const char *base = names[i] ? getenv(names[i]) : "/tmp";
	return base && base[0] == '/' ? base : NULL;
}

static bool origin_open_listener(struct origin *d, struct err *err)
{
	for (size_t i = 0; i < ORIGIN_BASES; i++) {
		const char *base = origin_base(i);
		if (!base)
			continue;
		if (origin_bind_listener(d, base)) {
			d->io = loop_io_add(d->loop, d->fd, POLLIN, origin_on_listen, d);
			return true;
		}
		int saved = errno;
		origin_close_listener(d);
		errno = saved;
	}
	return err_set(err, ERR_SYSTEM,
	               "no private socket can be made in $XDG_RUNTIME_DIR or /tmp: %s",
	               strerror(errno));
}

/* --- the direct way on this machine -------------------------------------- */

static bool origin_reachable(const struct origin *d, const char *path, struct err *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int n = snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	int fd = n > 0 && (size_t)n < sizeof(sun.sun_path)
	                 ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
	                 : -1;
	bool ok = fd >= 0 &&
	          (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 || errno == EAGAIN);
	int saved = errno;
	if (fd >= 0)
		close(fd);
	if (ok)
		return true;
	enum err_code code = ERR_REFUSED;
	struct stat st;
	bool left_behind = saved == ECONNREFUSED && stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
	if (saved == ENOENT || saved == ENOTDIR || left_behind)
		code = ERR_ABSENT;
	else if (saved == EACCES || saved == EPERM)
		code = socket_is_listed(path) ? ERR_DENIED : ERR_ABSENT;
	return err_set(err, code, "%s: connecting to %s: %s", d->link->name, path, strerror(saved));
}

static const char *origin_direct(struct origin *d)
{
	struct err err;
	while (link_is_local(d->link) && d->endpoints[d->at].kind == ENDPOINT_UNIX) {
		if (d->decided || origin_reachable(d, d->endpoints[d->at].path, &err)) {
			origin_endpoint_works(d, d->at);
			return d->endpoints[d->at].path;
		}
		if (!origin_endpoint_failed(d, d->at, &err))
			break;
	}
	return NULL;
}

bool origin_is_exec_only(const struct origin *d)
{
	if (d->decided)
		return d->endpoints[d->at].kind == ENDPOINT_EXEC;
	for (size_t i = 0; i < d->n; i++)
		if (d->endpoints[i].kind == ENDPOINT_EXEC)
			return true;
	return false;
}

const char *origin_socket(struct origin *d, struct err *err)
{
	if (d->link->state != LINK_UP) {
		err_set(err, ERR_LOST, "%s: not connected", d->link->name);
		return NULL;
	}
	bool first = d->at == d->first && !d->decided;
	const char *path = origin_direct(d);
	if (path)
		return path;
	/* all endpoints were tried and failed */
	if (first && d->at == d->first && link_is_local(d->link) &&
	    d->endpoints[0].kind == ENDPOINT_UNIX) {
		*err = d->err;
		return NULL;
	}
	if (!d->path && !origin_open_listener(d, err))
		return NULL;
	return d->path;
}

/* --- create and destroy -------------------------------------------------- */

struct origin *origin_create(struct http *http, struct link *link, const struct endpoint *endpoints,
                             size_t n)
{
	assert(n > 0 && n <= ORIGIN_ENDPOINTS_MAX);
	struct origin *d = xcalloc(1, sizeof(*d));
	*d = (struct origin){ .http = http, .loop = http_loop(http), .link = link, .fd = -1 };
	d->n = n < ORIGIN_ENDPOINTS_MAX ? n : ORIGIN_ENDPOINTS_MAX;
	for (size_t i = 0; i < d->n; i++) {
		d->endpoints[i] = endpoints[i];
		d->endpoints[i].path = xstrdup(endpoints[i].path);
		d->endpoints[i].host = xstrdup(endpoints[i].host);
		d->endpoints[i].command = xstrdup(endpoints[i].command);
		d->endpoints[i].term = NULL;
		d->endpoints[i].env = NULL;
	}
	return d;
}

void origin_shut(struct origin *d, const struct err *why)
{
	if (d->decided || d->n < 2 || d->first)
		return;
	d->why[0] = *why;
	d->first = d->at = 1;
}

void origin_destroy(struct origin *d)
{
	if (!d)
		return;
	http_drop_calls(d->http, d);
	while (d->relays)
		origin_relay_destroy(d->relays);
	origin_close_listener(d);
	origin_ports_gone(d);
	for (size_t i = 0; i < d->n; i++) {
		free((char *)d->endpoints[i].path);
		free((char *)d->endpoints[i].host);
		free((char *)d->endpoints[i].command);
	}
	free(d);
}

const struct endpoint *origin_endpoint(const struct origin *d)
{
	return d->decided ? &d->endpoints[d->at] : NULL;
}

const struct err *origin_err(const struct origin *d)
{
	return &d->err;
}
