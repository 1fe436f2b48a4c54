/* http.h: HTTP by libcurl on the event loop, through a link.
 *
 * An origin is one HTTP server reached through a link. Over SSH libcurl connects to a private Unix
 * socket in a 0700 folder, and relays copy each connection to a stream. On this machine libcurl
 * connects to the server's own socket or port. An origin tries its endpoints in order until one
 * opens, and remembers that one. */
#ifndef LINK_HTTP_H
#define LINK_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"
#include "backends/link/link.h"

struct http;
struct origin;
struct call;
struct reply;

/* One per program: holds the curl multi handle and its connections. Creating it also removes the
 * private folders that killed consoles left. */
struct http *http_create(struct loop *);
void http_destroy(struct http *);

/* Makes an origin on link; nothing is opened before the first call. The n endpoints (copied) are
 * tried in order. While the link is lost, calls fail with ERR_LOST. The origin works again once the
 * link is back. */
struct origin *origin_create(struct http *, struct link *, const struct endpoint *endpoints,
                             size_t n);
void origin_destroy(struct origin *); /* ends its calls without calling done */
/* Excludes endpoints[0], which is known not to open, and stores why. */
void origin_shut(struct origin *, const struct err *why);
/* the endpoint in use; NULL before the first answer */
const struct endpoint *origin_endpoint(const struct origin *);
const struct err *origin_err(const struct origin *); /* why no endpoint opened */

/* Opens a connection ahead for a call that needs its own (call_spec.once). The call then costs one
 * round trip instead of two. Does nothing when a connection costs a command on the server, before
 * the origin has answered once, or when a connection is ready already. The connection closes when a
 * call takes it, when the server closes it, or after 45 s. */
void origin_ready(struct origin *);

/* Opens a port on this machine's loopback that leads through the origin, for a local program of
 * ours. Only our own user may connect. NULL and err when no port can be opened. gone: the origin
 * was destroyed with all its connections; the callback must not close the port. After the close the
 * number stays reserved for ten seconds, so that the program has ended by then. */
struct origin_port;
typedef void origin_port_gone(void *arg);
struct origin_port *origin_port_open(struct origin *, origin_port_gone *, void *arg, struct err *);
int origin_port_number(const struct origin_port *);
void origin_port_close(struct origin_port *); /* NULL is fine */

struct call_spec {
	const char *method;         /* NULL: GET */
	const char *path;           /* "/v1.41/containers/json?all=1", encoded by the caller */
	const char *const *headers; /* "Name: value", NULL-terminated; or NULL */
	const char *body;           /* copied; or NULL */
	size_t body_len;
	const char *content_type; /* of body; NULL: application/json */
	/* size limit of the answer in bytes; 0: 16 MB. Ignored for streams. */
	size_t max;
	/* Never send twice. Without it curl repeats a request that a reused connection took without
	 * answering. */
	bool once;
	/* Uses a connection of its own, and closes the connection afterwards. The name of the host
	 * is looked up again. */
	bool alone;
	/* With alone: accepts any certificate. */
	bool insecure;
	/* of the whole call; 0: 30 s. A stream has no timeout once its head came. */
	int64_t timeout_ms;

	/* For a stream: receives each piece of a 2xx answer. Return false to pause until
	 * call_resume. NULL: done gets the whole answer. */
	bool (*data)(struct call *, const char *, size_t, void *arg);
	/* The head of a stream's 2xx answer came, before any data; or NULL. */
	void (*answered)(struct call *, void *arg);
	/* Called once at the end, unless the call is cancelled. reply is borrowed. */
	void (*done)(struct call *, const struct reply *, void *arg);
	void *arg;
};
struct reply {
	int status;       /* HTTP status; 0: no answer, see err */
	const char *body; /* NUL-terminated, not washed */
	size_t len;
	const char *content_type; /* "" when missing */
	/* code ERR_NONE when the server answered, with any status */
	struct err err;
};

struct call *call_start(struct origin *, const struct call_spec *);
void call_cancel(struct call *); /* NULL is fine; done is not called */
void call_resume(struct call *);
/* A header of the answer, valid inside done and data; or NULL. */
const char *call_header(struct call *, const char *name);
/* The same for: the status; the absolute URL that a redirect names, or NULL; the end of the
 * server's certificate in ms since 1970, 0 unknown (alone only). */
int call_status(const struct call *);
const char *call_redirect(const struct call *);
int64_t call_certificate_end_ms(const struct call *);

/* Percent-encodes one path segment or query value. The caller frees the result. */
char *http_encode(const char *);

#endif
