#include "backends/link/ws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"

#define HEAD_MAX (16u << 10)
#define ANSWER_MS 15000

/* --- frames -------------------------------------------------------------- */

/* Bytes that the head has, as far as it can be said. */
static unsigned ws_head_size(const struct ws_frames *f)
{
	unsigned size = f->n_head < 2 ? 0 : f->head[1] & 0x7f;
	if (size == 126)
		return 4;
	if (size == 127)
		return 10;
	return 2;
}

/* No extension was agreed upon, a server masks nothing, a control frame is short and whole. */
static bool ws_head_is_good(const struct ws_frames *f)
{
	unsigned opcode = f->head[0] & 0x0f;
	bool control = opcode & 0x8, known = opcode <= 2 || (opcode >= 8 && opcode <= 10);
	return known && !(f->head[0] & 0x70) && !(f->head[1] & 0x80) &&
	       (!control || (f->head[1] <= 125 && f->head[0] & 0x80));
}

static bool ws_head_over(struct ws_frames *f)
{
	unsigned size = f->head[1] & 0x7f, from = 2, n = size == 126 ? 2 : size == 127 ? 8 : 0;
	f->opcode = f->head[0] & 0x0f;
	f->left = n ? 0 : size;
	for (unsigned i = 0; i < n; i++)
		f->left = f->left << 8 | f->head[from + i];
	f->in_payload = true;
	f->n_control = f->n_head = 0;
	return f->left >> 62 == 0;
}

static enum ws_frame ws_payload_over(struct ws_frames *f)
{
	f->in_payload = false;
	if (f->opcode == 8)
		return WS_CLOSE;
	if (f->opcode == 9)
		return WS_PING;
	return WS_NOTHING;
}

enum ws_frame ws_next(struct ws_frames *f, const char *bytes, size_t len, size_t *used,
                      const char **data, size_t *n)
{
	*used = *n = 0;
	while (*used < len && !f->in_payload) {
		f->head[f->n_head++] = (unsigned char)bytes[(*used)++];
		if (f->n_head == 2 && !ws_head_is_good(f))
			return WS_BAD;
		if (f->n_head < ws_head_size(f))
			continue;
		if (!ws_head_over(f))
			return WS_BAD;
		if (!f->left)
			return ws_payload_over(f);
	}
	size_t take = len - *used < f->left ? len - *used : (size_t)f->left;
	if (!f->in_payload || !take)
		return WS_NOTHING;
	*data = bytes + *used;
	*used += take;
	f->left -= take;
	bool control = f->opcode & 0x8;
	if (control) {
		memcpy(f->control + f->n_control, *data, take);
		f->n_control += (unsigned)take;
		return f->left ? WS_NOTHING : ws_payload_over(f);
	}
	*n = take;
	if (!f->left)
		ws_payload_over(f);
	return WS_DATA;
}

/* --- one connection ------------------------------------------------------ */

struct ws {
	struct loop *loop;        /* borrowed */
	struct stream *stream;    /* NULL once it ended */
	struct loop_timer *timer; /* until it answered */
	char *who, *path;
	struct buf head; /* of its answer; empty once that was 101 */
	bool answered, over;
	struct ws_frames frames;
	struct err err;
	const struct ws_events *events;
	void *arg;
};

static void ws_tell_over(void *arg);

void ws_close(struct ws *w)
{
	if (!w)
		return;
	loop_defer_cancel(w->loop, ws_tell_over, w);
	stream_close(w->stream);
	loop_timer_remove(w->timer);
	buf_finish(&w->head);
	free(w->who);
	free(w->path);
	free(w);
}

/* The last thing that is done in an event of the stream. */
static void ws_tell_over(void *arg)
{
	struct ws *w = arg;
	void (*closed)(struct ws *, const struct err *, void *) = w->events->closed;
	struct err err = w->err;
	void *user = w->arg;
	closed(w, &err, user);
	ws_close(w);
}

/* It goes a turn later, for we are inside an event of its stream. */
static void ws_end(struct ws *w)
{
	if (w->over)
		return;
	w->over = true;
	loop_timer_set(w->timer, -1);
	loop_defer(w->loop, ws_tell_over, w);
}

static void ws_send_frame(struct ws *w, unsigned char opcode, const unsigned char *payload,
                          unsigned n)
{
	unsigned char out[6 + 125] = { 0x80 | opcode, 0x80 | (unsigned char)n };
	(void)!getrandom(out + 2, 4, 0);
	for (unsigned i = 0; i < n; i++)
		out[6 + i] = payload[i] ^ out[2 + i % 4];
	stream_write(w->stream, out, 6 + n);
}

static void ws_take_frames(struct ws *w, const char *bytes, size_t len)
{
	size_t used, n;
	const char *data;
	for (size_t at = 0; at < len && !w->over; at += used) {
		switch (ws_next(&w->frames, bytes + at, len - at, &used, &data, &n)) {
		case WS_DATA: w->events->data(w, data, n, w->arg); break;
		case WS_PING: ws_send_frame(w, 10, w->frames.control, w->frames.n_control); break;
		case WS_CLOSE: {
			unsigned code = w->frames.n_control >= 2
			                        ? (unsigned)w->frames.control[0] << 8 |
			                                  w->frames.control[1]
			                        : 1005;
			unsigned said = w->frames.n_control > 2 ? w->frames.n_control - 2 : 0;
			ws_send_frame(w, 8, w->frames.control, w->frames.n_control);
			if (code != 1000 && code != 1001 && code != 1005)
				err_set(&w->err, code == 4003 ? ERR_DENIED : ERR_REFUSED,
				        "%s closed %.*s with code %u%s%.*s", w->who,
				        (int)strcspn(w->path, "?"), w->path, code, said ? ": " : "",
				        (int)said, (const char *)w->frames.control + 2);
			ws_end(w);
			break;
		}
		case WS_BAD:
			err_set(&w->err, ERR_GARBLED, "%s sent what is no frame of a WebSocket",
			        w->who);
			ws_end(w);
			break;
		case WS_NOTHING: break;
		}
	}
}

/* "HTTP/1.1 101 ..." and that it is a WebSocket now; len: of the head, for frames may stand behind
 * it already. */
static bool ws_is_upgrade(const char *head, size_t len)
{
	static const char status[] = "HTTP/1.1 101 ";
	char *text = xstrndup(head, len);
	bool is = !strncmp(text, status, sizeof(status) - 1) &&
	          strcasestr(text, "\r\nupgrade: websocket\r\n");
	free(text);
	return is;
}

static size_t ws_on_data(struct stream *s, const char *bytes, size_t len, void *arg)
{
	struct ws *w = arg;
	if (w->over)
		return len;
	if (w->answered) {
		ws_take_frames(w, bytes, len);
		return len;
	}
	if (!buf_add(&w->head, bytes, len)) {
		err_set(&w->err, ERR_TOO_BIG, "%s's answer to the WebSocket of %.*s has no end",
		        w->who, (int)strcspn(w->path, "?"), w->path);
		ws_end(w);
		return len;
	}
	const char *body = memmem(w->head.data, w->head.len, "\r\n\r\n", 4);
	if (!body)
		return len;
	w->answered = true;
	loop_timer_set(w->timer, -1);
	if (ws_is_upgrade(w->head.data, (size_t)(body + 2 - w->head.data))) {
		ws_take_frames(w, body + 4, w->head.len - (size_t)(body + 4 - w->head.data));
		return len;
	}
	int line = (int)strcspn(w->head.data, "\r\n");
	err_set(&w->err,
	        strstr(w->head.data, " 401 ") || strstr(w->head.data, " 403 ") ? ERR_DENIED
	                                                                       : ERR_REFUSED,
	        "%s opens no WebSocket at %.*s: %.*s", w->who, (int)strcspn(w->path, "?"), w->path,
	        line < 100 ? line : 100, w->head.data);
	ws_end(w);
	return len;
}

static void ws_on_closed(struct stream *s, const struct stream_end *how, void *arg)
{
	struct ws *w = arg;
	w->stream = NULL;
	if (how->err.code && !w->err.code)
		err_set(&w->err, how->err.code, "%s: %s", w->who, how->err.text);
	else if (!w->over)
		err_set(&w->err, ERR_LOST, "%s closed the WebSocket of %.*s without a word", w->who,
		        (int)strcspn(w->path, "?"), w->path);
	ws_end(w);
}

static void ws_on_timeout(struct loop_timer *t, void *arg)
{
	struct ws *w = arg;
	err_set(&w->err, ERR_TIMEOUT, "%s did not answer the WebSocket of %.*s within %d s", w->who,
	        (int)strcspn(w->path, "?"), w->path, ANSWER_MS / 1000);
	ws_end(w);
}

/* 16 random bytes as base64 has them. */
static void ws_make_key(char key[25])
{
	static const char signs[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char random[22] = { 0 };
	(void)!getrandom(random, sizeof(random), 0);
	for (int i = 0; i < 21; i++)
		key[i] = signs[random[i] % 64];
	key[21] = "AQgw"[random[21] % 4];
	memcpy(key + 22, "==", 3);
}

struct ws *ws_open(struct link *link, const struct endpoint *endpoint, const char *who,
                   const char *path, const char *const *headers, const struct ws_events *events,
                   void *arg, struct err *err)
{
	static const struct stream_events stream_events = { .data = ws_on_data,
		                                            .closed = ws_on_closed };
	struct buf request = { .secret = true };
	char key[25];
	struct ws *w = xcalloc(1, sizeof(*w));
	*w = (struct ws){ .loop = link->loop,
		          .who = xstrdup(who),
		          .path = xstrdup(path),
		          .events = events,
		          .arg = arg };
	buf_init(&w->head, HEAD_MAX);
	w->timer = loop_timer_add(link->loop, ANSWER_MS, ws_on_timeout, w);
	w->stream = link_open(link, endpoint, &stream_events, w, err);
	if (!w->stream) {
		ws_close(w);
		return NULL;
	}
	ws_make_key(key);
	buf_addf(&request,
	         "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: "
	         "Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	         "Sec-WebSocket-Key: %s\r\n",
	         path, endpoint->host, endpoint->port, key);
	for (size_t i = 0; headers && headers[i]; i++)
		buf_addf(&request, "%s\r\n", headers[i]);
	buf_puts(&request, "\r\n");
	stream_write(w->stream, request.data, request.len);
	buf_finish(&request);
	return w;
}
