/* ws.c: a WebSocket client. The handshake follows RFC 6455 section 4, the frames section 5 (by
 * wslay), the close codes section 7.4. */
#include "backends/link/ws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include <wslay/wslay.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"

#define HEAD_MAX (16u << 10)
#define ANSWER_MS 15000

/* --- frames -------------------------------------------------------------- */

#define CONTROL_MAX 125

struct ws_frames {
	wslay_frame_context_ptr wslay;
	const struct ws_frames_events *events;
	void *arg;
	const char *bytes; /* bytes being fed */
	size_t len;
	uint64_t left;             /* bytes of the frame still to come */
	char control[CONTROL_MAX]; /* payload of a control frame */
	size_t n_control;
};

static ssize_t ws_frames_recv(uint8_t *buf, size_t len, int flags, void *arg)
{
	struct ws_frames *f = arg;
	size_t n = len < f->len ? len : f->len;
	if (!n)
		return -1; /* wslay reports WSLAY_ERR_WANT_READ */
	memcpy(buf, f->bytes, n);
	f->bytes += n;
	f->len -= n;
	return (ssize_t)n;
}

static ssize_t ws_frames_send(const uint8_t *data, size_t len, int flags, void *arg)
{
	struct ws_frames *f = arg;
	f->events->send((const char *)data, len, f->arg);
	return (ssize_t)len;
}

static int ws_frames_mask(uint8_t *buf, size_t len, void *arg)
{
	return getrandom(buf, len, 0) == (ssize_t)len ? 0 : -1;
}

struct ws_frames *ws_frames_create(const struct ws_frames_events *events, void *arg)
{
	static const struct wslay_frame_callbacks callbacks = { ws_frames_send, ws_frames_recv,
		                                                ws_frames_mask };
	struct ws_frames *f = xcalloc(1, sizeof(*f));
	f->events = events;
	f->arg = arg;
	if (wslay_frame_context_init(&f->wslay, &callbacks, f) != 0)
		abort(); /* out of memory, as in mem.c */
	return f;
}

void ws_frames_destroy(struct ws_frames *f)
{
	if (!f)
		return;
	wslay_frame_context_free(f->wslay);
	free(f);
}

/* Answers with the payload of the control frame that just came. */
static void ws_frames_answer(struct ws_frames *f, uint8_t opcode)
{
	struct wslay_frame_iocb out = { .fin = 1,
		                        .opcode = opcode,
		                        .mask = 1,
		                        .payload_length = f->n_control,
		                        .data = (const uint8_t *)f->control,
		                        .data_length = f->n_control };
	wslay_frame_send(f->wslay, &out);
}

bool ws_frames_feed(struct ws_frames *f, const char *bytes, size_t len)
{
	struct wslay_frame_iocb in;
	ssize_t got;
	f->bytes = bytes;
	f->len = len;
	while ((got = wslay_frame_recv(f->wslay, &in)) >= 0) {
		/* wslay checks lengths and the rules of control frames. No extension was
		 * negotiated, so the reserved bits are 0. A server must not mask. */
		bool known = in.opcode <= WSLAY_BINARY_FRAME ||
		             (in.opcode >= WSLAY_CONNECTION_CLOSE && in.opcode <= WSLAY_PONG);
		if (!(known && !in.rsv && !in.mask))
			return false;
		if (!f->left) {
			f->left = in.payload_length;
			f->n_control = 0;
		}
		f->left -= in.data_length;
		if (!wslay_is_ctrl_frame(in.opcode)) {
			if (in.data_length)
				f->events->data((const char *)in.data, in.data_length, f->arg);
			continue;
		}
		memcpy(f->control + f->n_control, in.data, in.data_length);
		f->n_control += in.data_length;
		if (!f->left && in.opcode == WSLAY_PING)
			ws_frames_answer(f, WSLAY_PONG);
		if (!f->left && in.opcode == WSLAY_CONNECTION_CLOSE) {
			const unsigned char *b = (const unsigned char *)f->control;
			size_t n = f->n_control, code = n < 2 ? n : 2;
			ws_frames_answer(f, in.opcode);
			f->events->close(n < 2 ? 0 : (unsigned)b[0] << 8 | b[1], f->control + code,
			                 n - code, f->arg);
		}
	}
	return got == WSLAY_ERR_WANT_READ;
}

void ws_text(struct buf *out, const char *text, size_t len)
{
	unsigned char head[10] = { 0x81 }, mask[4] = { 0 };
	size_t n = 2, wide = 0;
	if (len > 0xffff)
		wide = 8;
	else if (len > CONTROL_MAX)
		wide = 2;
	if (wide)
		head[1] = wide == 2 ? 126 : 127;
	else
		head[1] = (unsigned char)len;
	head[1] |= 0x80;
	for (size_t i = 0; i < wide; i++)
		head[n++] = (unsigned char)((uint64_t)len >> (8 * (wide - 1 - i)));
	(void)!getrandom(mask, sizeof(mask), 0);
	buf_add(out, (const char *)head, n);
	buf_add(out, (const char *)mask, sizeof(mask));
	for (size_t i = 0; i < len; i++) {
		char c = (char)(text[i] ^ mask[i % 4]);
		buf_add(out, &c, 1);
	}
}

/* --- one connection ------------------------------------------------------ */

struct ws {
	struct loop *loop;        /* borrowed */
	struct stream *stream;    /* NULL once ended */
	struct loop_timer *timer; /* until the response head came */
	char *who, *path;
	struct buf head; /* the response head, and the bytes that came with it */
	bool answered, over;
	struct ws_frames *frames;
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
	ws_frames_destroy(w->frames);
	buf_finish(&w->head);
	free(w->who);
	free(w->path);
	free(w);
}

/* Must be the last step of a turn: closed may free anything. */
static void ws_tell_over(void *arg)
{
	struct ws *w = arg;
	void (*closed)(struct ws *, const struct err *, void *) = w->events->closed;
	struct err err = w->err;
	void *user = w->arg;
	closed(w, &err, user);
	ws_close(w);
}

/* Reports the end one turn later, because we are inside an event of the stream. */
static void ws_end(struct ws *w)
{
	if (w->over)
		return;
	w->over = true;
	loop_timer_set(w->timer, -1);
	loop_defer(w->loop, ws_tell_over, w);
}

static void ws_on_frame_data(const char *bytes, size_t len, void *arg)
{
	struct ws *w = arg;
	if (!w->over)
		w->events->data(w, bytes, len, w->arg);
}

static void ws_on_frame_send(const char *bytes, size_t len, void *arg)
{
	struct ws *w = arg;
	if (w->stream)
		stream_write(w->stream, bytes, len);
}

static void ws_on_frame_close(unsigned code, const char *reason, size_t len, void *arg)
{
	struct ws *w = arg;
	enum err_code kind = code == 4003 ? ERR_DENIED : ERR_REFUSED;
	if (!w->over && code && code != 1000 && code != 1001)
		err_set(&w->err, kind, "%s closed %.*s with code %u%s%.*s", w->who,
		        (int)strcspn(w->path, "?"), w->path, code, len ? ": " : "", (int)len,
		        reason);
	ws_end(w);
}

static void ws_take_frames(struct ws *w, const char *bytes, size_t len)
{
	static const struct ws_frames_events events = {
		.data = ws_on_frame_data,
		.send = ws_on_frame_send,
		.close = ws_on_frame_close,
	};
	if (!w->frames)
		w->frames = ws_frames_create(&events, w);
	if (ws_frames_feed(w->frames, bytes, len) || w->over)
		return;
	err_set(&w->err, ERR_GARBLED, "%s sent something that is not a WebSocket frame", w->who);
	ws_end(w);
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
	/* Whether the head is "HTTP/1.1 101 ..." with an upgrade to WebSocket. len excludes frames
	 * that may follow the head already. */
	static const char status[] = "HTTP/1.1 101 ";
	char *text = xstrndup(w->head.data, (size_t)(body + 2 - w->head.data));
	bool is = !strncmp(text, status, sizeof(status) - 1) &&
	          strcasestr(text, "\r\nupgrade: websocket\r\n");
	free(text);
	if (is) {
		ws_take_frames(w, body + 4, w->head.len - (size_t)(body + 4 - w->head.data));
		return len;
	}
	int line = (int)strcspn(w->head.data, "\r\n");
	bool denied = strstr(w->head.data, " 401 ") || strstr(w->head.data, " 403 ");
	enum err_code code = denied ? ERR_DENIED : ERR_REFUSED;
	err_set(&w->err, code, "%s opens no WebSocket at %.*s: %.*s", w->who,
	        (int)strcspn(w->path, "?"), w->path, line < 100 ? line : 100, w->head.data);
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

void ws_make_key(char key[25])
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
