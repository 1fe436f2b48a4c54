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

/* --- pure: the frames of a client, by wslay (RFC 6455, 5) ---------------- */

struct ws_frames;
struct ws_frames_events {
	/* of text and binary messages, as they come; borrowed */
	void (*data)(const char *, size_t, void *arg);
	/* goes to the server: pongs, the close */
	void (*send)(const char *, size_t, void *arg);
	/* The server's last word: its code, 0 none; reason is not washed. What comes after it is no
	 * concern of the caller. */
	void (*close)(unsigned code, const char *reason, size_t len, void *arg);
};
struct ws_frames *ws_frames_create(const struct ws_frames_events *, void *arg);
/* Takes all of the bytes. False: no frames of a server, from here on nothing is understood. */
bool ws_frames_feed(struct ws_frames *, const char *bytes, size_t len);
void ws_frames_destroy(struct ws_frames *); /* NULL is fine */

#endif
