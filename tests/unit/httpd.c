#include "tests/unit/httpd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define TLS_HANDSHAKE 0x16 /* the first byte of a ClientHello */

struct httpd {
	const struct httpd_route *routes;
	void *arg;
	int listener, port;
	pthread_t acceptor;
	pthread_mutex_t lock; /* for all below */
	const char *greeting;
	unsigned accepted, requests, hellos;
	char *last;
	size_t last_len;
	struct connection {
		struct httpd *h;
		int fd;
		pthread_t thread;
	} at[CONNECTIONS_MAX];
	size_t n;
};

/* --- what is said -------------------------------------------------------- */

bool httpd_send(int fd, const void *bytes, size_t len)
{
	for (const char *at = bytes; len;) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

bool httpd_say(int fd, const char *text)
{
	return httpd_send(fd, text, strlen(text));
}

bool httpd_answer(int fd, const char *status, const char *headers, const char *body)
{
	char head[2048];
	size_t len = body ? strlen(body) : 0;
	snprintf(head, sizeof(head), "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n",
	         status ? status : "200 OK", headers ? headers : "", len);
	return httpd_say(fd, head) && (!len || httpd_send(fd, body, len));
}

/* httpd_stop shuts the connection down: that ends a pause. Bytes that come meanwhile do not. */
bool httpd_pause(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };
	return poll(&p, 1, ms) == 0;
}

/* --- what is asked ------------------------------------------------------- */

static size_t httpd_body_len(const char *head)
{
	for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
		if (!strncasecmp(line + 2, "content-length:", 15))
			return strtoul(line + 17, NULL, 10);
	return 0;
}

/* One whole request into buf, behind the `have` bytes that are there; its length, 0 at the end.
 * *have: what came beyond it too. */
static size_t httpd_read(int fd, char *buf, size_t *have)
{
	for (;;) {
		buf[*have] = '\0';
		if (*have && buf[0] == TLS_HANDSHAKE)
			return 0;
		char *end = strstr(buf, "\r\n\r\n");
		if (end) {
			char kept = end[4];
			end[4] = '\0';
			size_t whole = (size_t)(end + 4 - buf) + httpd_body_len(buf);
			end[4] = kept;
			if (whole > HTTPD_REQUEST_MAX)
				return 0;
			if (*have >= whole)
				return whole;
		}
		ssize_t n = *have < HTTPD_REQUEST_MAX
		                    ? recv(fd, buf + *have, HTTPD_REQUEST_MAX - *have, 0)
		                    : 0;
		if (n <= 0)
			return 0;
		*have += (size_t)n;
	}
}

static void httpd_note(struct httpd *h, const char *bytes, size_t len)
{
	pthread_mutex_lock(&h->lock);
	h->requests++;
	memcpy(h->last, bytes, len);
	h->last[len] = '\0';
	h->last_len = len;
	pthread_mutex_unlock(&h->lock);
}

static bool httpd_fits(const struct httpd_route *r, const struct httpd_request *q)
{
	size_t n = strlen(r->path);
	bool begins = n && r->path[n - 1] == '*' && !strncmp(q->path, r->path, n - 1);
	return (begins || !strcmp(q->path, r->path)) &&
	       (!r->method || !strcmp(r->method, q->method));
}

static bool httpd_serve(struct httpd *h, int fd, const struct httpd_request *q)
{
	const struct httpd_route *r = h->routes;
	while (r->path && !httpd_fits(r, q))
		r++;
	if (!r->path)
		return httpd_answer(fd, "404 Not Found", NULL, "");
	if (r->delay_ms && !httpd_pause(fd, r->delay_ms))
		return false;
	bool stays;
	if (r->answer) {
		stays = r->answer(fd, q);
	} else if (r->raw) {
		stays = httpd_say(fd, r->raw);
	} else {
		stays = httpd_answer(fd, r->status, r->headers, r->body);
	}
	return stays && !r->hangs_up;
}

/* bytes: exactly one request, ended by NUL. */
static bool httpd_understand(struct httpd *h, int fd, char *bytes, size_t len)
{
	struct httpd_request q = { .arg = h->arg };
	httpd_note(h, bytes, len);
	char *end = strstr(bytes, "\r\n\r\n");
	char *head = strndup(bytes, (size_t)(end + 4 - bytes));
	q.head = head;
	q.body = end + 4;
	q.body_len = len - (size_t)(end + 4 - bytes);
	sscanf(bytes, "%15s %1023[^ ?]?%1023[^ ]", q.method, q.path, q.query);
	bool stays = httpd_serve(h, fd, &q);
	free(head);
	return stays;
}

static void *httpd_connection(void *arg)
{
	struct connection *c = arg;
	struct httpd *h = c->h;
	pthread_mutex_lock(&h->lock);
	const char *greeting = h->greeting;
	pthread_mutex_unlock(&h->lock);
	char *buf = malloc(HTTPD_REQUEST_MAX + 1);
	size_t have = 0, len;
	if (greeting)
		httpd_say(c->fd, greeting);
	while (!greeting && (len = httpd_read(c->fd, buf, &have)) > 0) {
		char next = buf[len];
		buf[len] = '\0';
		bool stays = httpd_understand(h, c->fd, buf, len);
		buf[len] = next;
		have -= len;
		memmove(buf, buf + len, have);
		if (!stays)
			break;
	}
	bool hello = have && buf[0] == TLS_HANDSHAKE;
	free(buf);
	/* httpd_stop must not shut down what has this number next */
	pthread_mutex_lock(&h->lock);
	h->hellos += hello;
	close(c->fd);
	c->fd = -1;
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

/* --- its life ------------------------------------------------------------ */

static void *httpd_accept(void *arg)
{
	struct httpd *h = arg;
	for (int fd; (fd = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
		pthread_mutex_lock(&h->lock);
		h->accepted++;
		if (h->n == CONNECTIONS_MAX)
			abort();
		struct connection *c = &h->at[h->n++];
		*c = (struct connection){ .h = h, .fd = fd };
		pthread_mutex_unlock(&h->lock);
		if (pthread_create(&c->thread, NULL, httpd_connection, c) != 0)
			abort();
	}
	return NULL;
}

static int httpd_listen_unix(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && !bind(fd, (struct sockaddr *)&sun, sizeof(sun)) && !listen(fd, 64) ? fd
	                                                                                     : -1;
}

static int httpd_listen_port(int *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, len) || listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)&sin, &len))
		return -1;
	*port = ntohs(sin.sin_port);
	return fd;
}

struct httpd *httpd_start(const char *unix_path, const struct httpd_route *routes, void *arg)
{
	struct httpd *h = calloc(1, sizeof(*h));
	h->routes = routes;
	h->arg = arg;
	h->last = calloc(1, HTTPD_REQUEST_MAX + 1);
	pthread_mutex_init(&h->lock, NULL);
	h->listener = unix_path ? httpd_listen_unix(unix_path) : httpd_listen_port(&h->port);
	if (h->listener < 0 || pthread_create(&h->acceptor, NULL, httpd_accept, h) != 0) {
		perror("httpd_start");
		abort();
	}
	return h;
}

void httpd_stop(struct httpd *h)
{
	if (!h)
		return;
	shutdown(h->listener, SHUT_RDWR);
	pthread_join(h->acceptor, NULL);
	close(h->listener);
	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->n; i++)
		if (h->at[i].fd >= 0)
			shutdown(h->at[i].fd, SHUT_RDWR);
	pthread_mutex_unlock(&h->lock);
	for (size_t i = 0; i < h->n; i++)
		pthread_join(h->at[i].thread, NULL);
	pthread_mutex_destroy(&h->lock);
	free(h->last);
	free(h);
}

int httpd_port(const struct httpd *h)
{
	return h->port;
}

void httpd_greet(struct httpd *h, const char *bytes)
{
	pthread_mutex_lock(&h->lock);
	h->greeting = bytes;
	pthread_mutex_unlock(&h->lock);
}

unsigned httpd_connections(struct httpd *h)
{
	pthread_mutex_lock(&h->lock);
	unsigned n = h->accepted;
	pthread_mutex_unlock(&h->lock);
	return n;
}

unsigned httpd_requests(struct httpd *h)
{
	pthread_mutex_lock(&h->lock);
	unsigned n = h->requests;
	pthread_mutex_unlock(&h->lock);
	return n;
}

unsigned httpd_hellos(struct httpd *h)
{
	pthread_mutex_lock(&h->lock);
	unsigned n = h->hellos;
	pthread_mutex_unlock(&h->lock);
	return n;
}

size_t httpd_last(struct httpd *h, char *buf, size_t size)
{
	pthread_mutex_lock(&h->lock);
	size_t n = h->last_len < size ? h->last_len : size - 1;
	memcpy(buf, h->last, n);
	buf[n] = '\0';
	pthread_mutex_unlock(&h->lock);
	return n;
}
