/* httpd.h: a small HTTP server for unit tests: a table of routes, in threads of its own, on
 * loopback or on a socket.
 *
 *   static const struct httpd_route routes[] = {
 *           { .path = "/good", .body = "{\"a\":1}" },
 *           { .path = "/busy", .status = "429 Too Many Requests", .headers = "Age: 1\r\n" },
 *           { .path = "/cut", .raw = "HTTP/1.1 200 OK\r\n", .hangs_up = true },
 *           { .path = "/late", .raw = "", .delay_ms = 3000 },
 *           { 0 }
 *   };
 *   struct httpd *h = httpd_start(NULL, routes, NULL);
 *
 * What no route has is answered with 404. Each connection has a thread: a route's `answer` may run
 * in many at once. */
#ifndef TESTS_HTTPD_H
#define TESTS_HTTPD_H

#include <stdbool.h>
#include <stddef.h>

#define HTTPD_REQUEST_MAX (64u << 10)

struct httpd;
struct httpd_request {
	char method[16];
	char path[1024];  /* without its query */
	char query[1024]; /* behind the "?"; "" */
	const char *head; /* the request line and all headers, with the empty line */
	const char *body; /* ended by NUL */
	size_t body_len;
	void *arg; /* of httpd_start */
};
struct httpd_route {
	const char *path;    /* all of it; "/x*": whatever begins so; the first that fits counts */
	const char *method;  /* NULL: any */
	const char *status;  /* NULL: "200 OK" */
	const char *headers; /* each ended by \r\n; NULL: none */
	const char *body;    /* NULL: "" */
	const char *raw;     /* these bytes instead of an answer in HTTP; "": none at all */
	int delay_ms;        /* before the answer; httpd_stop breaks it off */
	bool hangs_up;       /* after the answer */
	/* Writes the answer itself, with httpd_say and its like; false: hang up. */
	bool (*answer)(int fd, const struct httpd_request *);
};

/* unix_path: listens there; NULL: on a free port of 127.0.0.1. routes (ended by a path of NULL) are
 * borrowed. Fails the test. */
struct httpd *httpd_start(const char *unix_path, const struct httpd_route *routes, void *arg);
/* hangs up on all; NULL is fine; leaves the socket's file */
void httpd_stop(struct httpd *);
int httpd_port(const struct httpd *);
/* From now on these bytes are said to whoever connects, who is then hung up on; NULL: no more.
 * Borrowed. */
void httpd_greet(struct httpd *, const char *bytes);

/* What it saw. */
unsigned httpd_connections(struct httpd *); /* accepted so far */
unsigned httpd_requests(struct httpd *);
/* connections that began with TLS (RFC 8446, 5.1), which it does not speak: it hung up */
unsigned httpd_hellos(struct httpd *);
/* the last request, head and body; returns its length */
size_t httpd_last(struct httpd *, char *buf, size_t size);

/* For routes that answer by themselves. false: the other side has gone. */
bool httpd_send(int fd, const void *bytes, size_t len);
bool httpd_say(int fd, const char *text);
bool httpd_answer(int fd, const char *status, const char *headers, const char *body);
/* false: it was stopped, or the other side has gone */
bool httpd_pause(int fd, int ms);

#endif
