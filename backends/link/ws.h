/* ws.h: reading a WebSocket (RFC 6455) over a stream of a link: what a server says to follow a log.
 * Debian 12's libcurl has none. Without TLS; nothing is sent but the request, answers to pings and
 * the close. */
#ifndef LINK_WS_H
#define LINK_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"

struct link;
struct endpoint;
struct ws;

struct ws_events {
	/* bytes of text or binary messages, as they come */
	void (*data)(struct ws *, const char *, size_t, void *arg);
	/* It is over, and gone when this returns: err says why; code ERR_NONE: the far side closed
	 * it properly. */
	void (*closed)(struct ws *, const struct err *, void *arg);
};

/* Connects and asks. who ("Dokploy home") begins its sentences; headers are "Name: value" lines
 * ended by NULL. NULL and err when it cannot even begin. closed never comes from inside this call.
 */
struct ws *ws_open(struct link *, const struct endpoint *, const char *who, const char *path,
                   const char *const *headers, const struct ws_events *, void *arg, struct err *);
void ws_close(struct ws *); /* NULL is fine; tells nothing */

/* --- pure: the frames that a server sends -------------------------------- */

struct ws_frames {
	unsigned char head[10], control[125];
	unsigned n_head, n_control;
	uint64_t left; /* bytes of the payload still to come */
	bool in_payload;
	unsigned char opcode;
};
enum ws_frame { WS_NOTHING, WS_DATA, WS_PING, WS_CLOSE, WS_BAD };
/* Takes some of the bytes and says what they were: *used of them; WS_DATA: *data, *n of payload
 * (borrowed of bytes); WS_PING, WS_CLOSE: the control payload is in control. WS_NOTHING: more is
 * needed. WS_BAD: no frames of a server. */
enum ws_frame ws_next(struct ws_frames *, const char *bytes, size_t len, size_t *used,
                      const char **data, size_t *n);

#endif
