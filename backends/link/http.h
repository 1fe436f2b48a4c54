/* http.h: HTTP by libcurl on the event loop, over whatever endpoint leads there.
 *
 * A origin is the way to one HTTP server through a link: over SSH a private Unix socket (folder
 * 0700) whose accepted connections are pumped to streams, on this machine the socket itself. A
 * origin tries its endpoints in their order until one opens, and remembers which did. */
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

/* One for the program: the multi handle and its connections. */
struct http *http_create(struct loop *);
void http_destroy(struct http *);

/* Makes a origin on link; nothing is opened before the first call. endpoints (n of them, copied)
 * are tried in turn. A origin whose link is lost fails its calls with ERR_LOST; it is used again
 * after the link is back. */
struct origin *origin_create(struct http *, struct link *, const struct endpoint *endpoints,
                             size_t n);
void origin_destroy(struct origin *); /* ends its calls without telling */
/* endpoints[0] is known not to open: it is not tried */
void origin_shut(struct origin *, const struct err *why);
/* the endpoint in use; NULL before the first answer */
const struct endpoint *origin_endpoint(const struct origin *);
const struct err *origin_err(const struct origin *); /* why no endpoint opened */

/* The next call will want a connection of its own soon, as one that is sent but once does: it is
 * opened ahead, so that the call costs one round trip instead of two. Nothing where that costs a
 * command on the server, before the origin is known to work, or while one is ready already. It goes
 * when a call takes it, when the far side ends it, or after 45 s. */
void origin_ready(struct origin *);

/* A port on this machine's loopback that leads through the origin too, for a program of ours that
 * runs here; our own user alone gets in. NULL and err when none can be opened. gone: the origin
 * went, and with it every connection; it may not close the port from there. Closed, the number
 * stays taken for ten seconds, until whoever was told it has ended. */
struct origin_port;
typedef void origin_port_gone(void *arg);
struct origin_port *origin_port_open(struct origin *, origin_port_gone *, void *arg, struct err *);
int origin_port_number(const struct origin_port *);
void origin_port_close(struct origin_port *); /* NULL is fine */

struct call_spec {
	const char *method;         /* NULL: GET */
	const char *path;           /* "/v1.41/containers/json?all=1"; the caller has encoded it */
	const char *const *headers; /* "Name: value" ended by NULL; or NULL */
	const char *body;           /* copied; or NULL */
	size_t body_len;
	const char *content_type; /* of body; NULL: application/json */
	/* most bytes of an answer kept; 0: 16 MB. Not for streams */
	size_t max;
	/* never sent a second time: curl repeats what a kept connection took without an answer */
	bool once;
	/* whole call; 0: 30 s; a stream has none once it was answered */
	int64_t timeout_ms;

	/* A stream: every piece of a 2xx answer comes here as it arrives; returns false to pause
	 * until call_resume. NULL: the whole answer comes in done. */
	bool (*data)(struct call *, const char *, size_t, void *arg);
	/* A stream's 2xx head came, before any data; or NULL. */
	void (*answered)(struct call *, void *arg);
	/* Once, at the end, unless the call is cancelled. reply is borrowed. */
	void (*done)(struct call *, const struct reply *, void *arg);
	void *arg;
};
struct reply {
	int status;       /* 0: no answer, see err */
	const char *body; /* NUL-ended, not washed */
	size_t len;
	const char *content_type; /* "" when none */
	/* code ERR_NONE when the server answered, whatever it said */
	struct err err;
};

struct call *call_start(struct origin *, const struct call_spec *);
void call_cancel(struct call *); /* NULL is fine; done is not called */
void call_resume(struct call *);
/* of the answer, inside done and data; or NULL */
const char *call_header(struct call *, const char *name);

/* Percent-encodes one path segment or query value into new memory, which the caller frees. */
char *http_encode(const char *);

#endif
