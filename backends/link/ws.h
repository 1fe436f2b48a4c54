/* ws.h: reads a WebSocket (RFC 6455) over a stream of a link, to follow a log.
 *
 * Debian 12's libcurl (7.88) has no WebSocket. There is no TLS here. The client sends only the
 * request, answers to pings, and the close. */
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
	/* bytes of text or binary messages, as they arrive */
	void (*data)(struct ws *, const char *, size_t, void *arg);
	/* The connection ended; ws is freed when this returns. err says why; code ERR_NONE: the
	 * server closed properly. */
	void (*closed)(struct ws *, const struct err *, void *arg);
};

/* Connects and sends the request. who ("Dokploy home") begins the error sentences. headers are
 * "Name: value" lines, NULL-terminated. NULL and err when the stream cannot be opened at all.
 * closed is never called inside this call. */
struct ws *ws_open(struct link *, const struct endpoint *, const char *who, const char *path,
                   const char *const *headers, const struct ws_events *, void *arg, struct err *);
void ws_close(struct ws *); /* NULL is fine; closed is not called */

/* Makes 16 random bytes in base64, the value of Sec-WebSocket-Key. */
void ws_make_key(char key[25]);
/* Appends a whole text message as one masked frame (RFC 6455 section 5.2). */
struct buf;
void ws_text(struct buf *, const char *text, size_t len);

/* --- pure: client frames, by wslay (RFC 6455 section 5) ------------------ */

struct ws_frames;
struct ws_frames_events {
	/* bytes of text and binary messages, as they arrive; borrowed */
	void (*data)(const char *, size_t, void *arg);
	/* bytes for the server: pongs, the close */
	void (*send)(const char *, size_t, void *arg);
	/* The server's close frame: its code, 0 without one; reason is not washed. The caller can
	 * ignore all that follows. */
	void (*close)(unsigned code, const char *reason, size_t len, void *arg);
};
struct ws_frames *ws_frames_create(const struct ws_frames_events *, void *arg);
/* Takes all of the bytes. False: these are not frames of a server, and parsing cannot continue. */
bool ws_frames_feed(struct ws_frames *, const char *bytes, size_t len);
void ws_frames_destroy(struct ws_frames *); /* NULL is fine */

#endif
