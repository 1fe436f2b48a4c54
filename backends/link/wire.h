/* wire.h: one short exchange with a service that speaks its own protocol, not HTTP: Redis,
 * PostgreSQL.
 *
 * A wire holds the address and the password of the service. wire_ask opens a stream, exchanges a
 * few bytes as a struct wire_talk says, and closes the stream again. So at rest nothing is open on
 * the server. Failures become one sentence here. There is no TLS: the link protects the bytes as
 * far as the server.
 *
 * password_command runs before the first exchange, and before the next one after a working password
 * was refused. After that, and after a failure of the command, it waits as struct token_pause says.
 * Meanwhile exchanges send the refused password, or fail with the command's sentence. */
#ifndef LINK_WIRE_H
#define LINK_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"

struct api_answer;
struct buf;
struct link;
struct wire;

/* SCHEME://[USER@]HOST[:PORT][/DATABASE], or SCHEME://[USER@]/SOCKET */
struct wire_url {
	char host[256]; /* "" when path is set */
	char path[108]; /* of a Unix socket; "" none */
	char user[64], database[64]; /* "" not set */
	int port;
};
/* scheme: "redis", "postgres", "openclaw" (its addresses begin with ws://); it names the port too.
 * False and why: not such an address, or it has a password. */
bool wire_url_read(const char *url, const char *scheme, struct wire_url *, struct err *why);

/* WIRE_REFUSED: it failed because the password is wrong */
enum wire_next { WIRE_MORE, WIRE_DONE, WIRE_FAILED, WIRE_REFUSED };
struct wire_login {
	const char *user, *database; /* "" not set */
	const char *password;        /* NULL: none is configured */
	const char *request;         /* of wire_config; NULL none */
};
/* A protocol. Pure: it sees bytes only. state is zeroed memory of size bytes. */
struct wire_talk {
	const char *scheme;
	size_t size;
	/* appends what is sent first */
	void (*begin)(void *state, const struct wire_login *, struct buf *out);
	/* Reads whole messages from bytes and sets *used to their length. Appends what to send.
	 * WIRE_FAILED, WIRE_REFUSED: err has a phrase, such as "it refuses the password". */
	enum wire_next (*heard)(void *state, const struct wire_login *, const char *bytes,
	                        size_t len, size_t *used, struct buf *out, struct err *err);
	/* appends what was learned, as a struct platform_step reads it; ms: from the first byte
	 * sent to the last one received */
	void (*report)(const void *state, double ms, struct buf *);
	void (*finish)(void *state); /* frees and wipes what it owns; NULL: nothing */
	/* Was the request sent, and is its answer still missing? NULL: it has no requests. */
	bool (*is_open)(const void *state);
};

/* All strings are copied. */
struct wire_config {
	const char *section, *name, *product, *url;
	const char *password_command; /* run on this machine; NULL none */
	const struct wire_talk *talk;
	const char *request; /* what the talk is to do instead of its usual; NULL */
};
/* NULL and err: the url is wrong. link is borrowed. */
struct wire *wire_create(struct link *, const struct wire_config *, struct err *);
void wire_destroy(struct wire *); /* NULL is fine; a running exchange ends without done */
/* Starts an exchange; one at a time. done is called once, never before wire_ask returns, unless
 * wire_stop comes first. */
void wire_ask(struct wire *, int64_t timeout_ms, void (*done)(const struct api_answer *, void *),
              void *arg);
bool wire_is_busy(const struct wire *); /* NULL: false */
/* The request was sent and has no answer: the server may have done it. A failed exchange says so in
 * its answer (unsure, and the sentence). */
bool wire_is_unsure(const struct wire *);
void wire_stop(struct wire *);          /* NULL is fine */

#endif
