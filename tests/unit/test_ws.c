/* WebSockets: frames in pieces of any size, what is none, and how a connection ends; the server is
 * a printf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/link/ws.h"

/* Everything that comes of the bytes, told in pieces of one size: data as it is, [ping], [close].
 */
/* What the frames say, as one text; what is answered is unmasked. */
struct heard {
	struct buf out, sent;
};

static void on_frame_data(const char *bytes, size_t len, void *arg)
{
	assert_true(len > 0);
	buf_add(&((struct heard *)arg)->out, bytes, len);
}

static void on_frame_send(const char *bytes, size_t len, void *arg)
{
	buf_add(&((struct heard *)arg)->sent, bytes, len);
}

static void on_frame_close(unsigned code, const char *reason, size_t len, void *arg)
{
	buf_addf(&((struct heard *)arg)->out, "[close %u %.*s]", code, (int)len, reason);
}

static bool told(const char *bytes, size_t len, size_t piece, struct heard *h)
{
	static const struct ws_frames_events events = {
		.data = on_frame_data,
		.send = on_frame_send,
		.close = on_frame_close,
	};
	struct ws_frames *f = ws_frames_create(&events, h);
	bool good = true;
	for (size_t at = 0; at < len && good; at += piece) {
		size_t n = len - at < piece ? len - at : piece;
		char *exact = malloc(n);
		memcpy(exact, bytes + at, n);
		good = ws_frames_feed(f, exact, n);
		free(exact);
	}
	ws_frames_destroy(f);
	return good;
}

static void end_heard(struct heard *h)
{
	buf_finish(&h->out);
	buf_finish(&h->sent);
}

/* One frame of a client: masked, whole. Returns its size. */
static size_t is_sent(const char *at, unsigned char head, const char *payload, size_t n)
{
	const unsigned char *b = (const unsigned char *)at;
	assert_int_equal(b[0], head);
	assert_int_equal(b[1], 0x80 | n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(b[6 + i] ^ b[2 + i % 4], (unsigned char)payload[i]);
	return 6 + n;
}

static void test_frames(void **state)
{
	char long_one[4 + 300];
	char *longer = calloc(1, 10 + 65536);
	struct buf all = { 0 };
	memset(long_one, 'x', sizeof(long_one));
	memcpy(long_one, "\x82\x7e\x01\x2c", 4);
	memset(longer, 'y', 10 + 65536);
	memcpy(longer, "\x82\x7f\0\0\0\0\0\1\0\0", 10);
	buf_add(&all, "\x81\x02hi", 4);
	buf_add(&all, "\x89\x03you", 5);
	/* in three pieces, two of them empty */
	buf_add(&all, "\x01\x00\x00\x01!\x80\x00", 7);
	buf_add(&all, long_one, sizeof(long_one));
	buf_add(&all, longer, 10 + 65536);
	buf_add(&all, "\x8a\x01z", 3); /* a pong nobody asked for */
	buf_add(&all,
	        "\x88\x06\x03\xe8"
	        "done",
	        8);
	for (size_t piece = 1; piece <= all.len; piece += piece < 400 ? 1 : 9973) {
		struct heard h = { .out = { 0 } };
		assert_true(told(all.data, all.len, piece, &h));
		assert_int_equal(h.out.len,
		                 strlen("hi!") + 300 + 65536 + strlen("[close 1000 done]"));
		assert_memory_equal(h.out.data, "hi!xx", 5);
		assert_int_equal(h.out.data[303 + 65535], 'y');
		assert_string_equal(h.out.data + h.out.len - 17, "[close 1000 done]");
		size_t pong = is_sent(h.sent.data, 0x8a, "you", 3);
		assert_int_equal(pong + is_sent(h.sent.data + pong, 0x88,
		                                "\x03\xe8"
		                                "done",
		                                6),
		                 h.sent.len);
		end_heard(&h);
	}
	free(longer);
	buf_finish(&all);
}

static void test_no_frames(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\x81\x82"
		  "maskhi",
		  8 },
		{ "\xc1\x00", 2 },
		{ "\x83\x00", 2 },
		{ "\x8b\x00", 2 },
		{ "\x09\x00", 2 },
		{ "\x89\x7e\x00\x7e", 4 },
		{ "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10 },
		{ "HTTP", 4 },
		{ "\x82\x7f\0\0\0\0\0\0\0\x02ok", 12 }, /* longer than its length needs */
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		for (size_t piece = 1; piece <= bad[i].len; piece += bad[i].len - 1) {
			struct heard h = { .out = { 0 } };
			bool good = told(bad[i].bytes, bad[i].len, piece, &h);
			if (good || strstr(h.out.data ? h.out.data : "", "[close"))
				fail_msg("%zu: %s", i, h.out.data ? h.out.data : "nothing");
			end_heard(&h);
		}
}

struct world {
	struct loop *loop;
	struct link *link;
	struct buf got;
	struct err err;
	bool over, close_in_data;
};

static void on_data(struct ws *w, const char *bytes, size_t len, void *arg)
{
	buf_add(&((struct world *)arg)->got, bytes, len);
}

static void on_closed(struct ws *w, const struct err *err, void *arg)
{
	((struct world *)arg)->err = *err;
	((struct world *)arg)->over = true;
}

static void on_link(struct link *l, void *arg) {}

static struct world open_world(void)
{
	static const struct link_events events = { .changed = on_link };
	struct world w = { .loop = loop_create() };
	w.link = link_create_local(w.loop, "here", &events, NULL);
	link_connect(w.link);
	for (int i = 0; i < 50 && w.link->state != LINK_UP; i++)
		loop_turn(w.loop, 20);
	return w;
}

static void test_connections(void **state)
{
	static const struct {
		const char *server, *got;
		enum err_code code;
		const char *words;
	} rows[] = {
		{ "read a; printf 'HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: "
		  "websocket\\r\\n\\r\\n\\201\\005hello'; sleep 0.1; printf "
		  "'\\201\\001!\\210\\002\\003\\350'; sleep 5",
		  "hello!", ERR_NONE, "" },
		{ "printf 'HTTP/1.1 101 x\\r\\nupgrade: "
		  "WebSocket\\r\\n\\r\\n\\210\\011\\017\\240no path'; sleep 5",
		  "", ERR_REFUSED, "Dokploy home closed /listen with code 4000: no path" },
		{ "printf 'HTTP/1.1 101 x\\r\\nUpgrade: "
		  "websocket\\r\\n\\r\\n\\210\\002\\017\\243'; sleep 5",
		  "", ERR_DENIED, "with code 4003" },
		{ "printf 'HTTP/1.1 401 Unauthorized\\r\\n\\r\\n'; sleep 5", "", ERR_DENIED,
		  "Dokploy home opens no WebSocket at /listen: HTTP/1.1 401 Unauthorized" },
		{ "printf 'HTTP/1.1 200 \\033[31mOK\\r\\nContent-Type: "
		  "text/html\\r\\n\\r\\n<html>'; sleep 5",
		  "", ERR_REFUSED, "opens no WebSocket at /listen: HTTP/1.1 200 OK" },
		{ "printf 'HTTP/1.1 101 x\\r\\n\\r\\n'; sleep 5", "", ERR_REFUSED,
		  "opens no WebSocket" },
		{ "printf 'HTTP/1.1 101 x\\r\\nUpgrade: websocket\\r\\n\\r\\n\\201\\002hi'", "hi",
		  ERR_LOST, "closed the WebSocket of /listen without a word" },
		{ "printf 'HTTP/1.1 101 x\\r\\nUpgrade: "
		  "websocket\\r\\n\\r\\n\\201\\002hi\\377\\377'; sleep 5",
		  "hi", ERR_GARBLED, "not a WebSocket frame" },
		{ "head -c 40000 /dev/zero | tr '\\0' x; sleep 5", "", ERR_TOO_BIG, "has no end" },
		{ "true", "", ERR_LOST, "without a word" },
	};
	static const struct ws_events events = { .data = on_data, .closed = on_closed };
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world w = open_world();
		struct endpoint endpoint = {
			.kind = ENDPOINT_EXEC, .command = rows[i].server, .host = "x", .port = 1
		};
		assert_non_null(ws_open(w.link, &endpoint, "Dokploy home", "/listen?logPath=secret",
		                        (const char *const[]){ "x-api-key: k", NULL }, &events, &w,
		                        &w.err));
		for (int64_t end = now_mono_ms() + 4000; !w.over && now_mono_ms() < end;)
			loop_turn(w.loop, 20);
		if (!w.over || w.err.code != rows[i].code || !strstr(w.err.text, rows[i].words) ||
		    strcmp(w.got.data ? w.got.data : "", rows[i].got))
			fail_msg("%zu: over %d, code %d, \"%s\", got \"%s\"", i, w.over, w.err.code,
			         w.err.text, w.got.data ? w.got.data : "");
		buf_finish(&w.got);
		link_destroy(w.link);
		loop_turn(w.loop, 0);
		loop_destroy(w.loop);
	}
}

/* What it asks, and that a ping is answered: the server is a cat of what it heard. */
static void test_what_is_sent(void **state)
{
	static const struct ws_events events = { .data = on_data, .closed = on_closed };
	struct world w = open_world();
	struct endpoint endpoint = {
		.kind = ENDPOINT_EXEC,
		.host = "dok.example",
		.port = 3000,
		.command =
			"h=$(sed -u '/^\\r$/q'); n=$(printf '%s' \"$h\" | wc -c); printf 'HTTP/1.1 "
			"101 x\\r\\nUpgrade: websocket\\r\\n\\r\\n\\211\\002hi\\202\\176'; "
			"printf \"\\\\$(printf %03o $((n / 256)))\\\\$(printf %03o $((n % "
			"256)))\"; printf '%s' \"$h\"; dd bs=1 count=8 2>/dev/null | wc -c >&2; "
			"printf '\\210\\000'; sleep 5"
	};
	assert_non_null(ws_open(w.link, &endpoint, "x", "/listen",
	                        (const char *const[]){ "x-api-key: k", NULL }, &events, &w,
	                        &w.err));
	for (int64_t end = now_mono_ms() + 5000; !w.over && now_mono_ms() < end;)
		loop_turn(w.loop, 20);
	/* the pong came, or it would wait still */
	assert_true(w.over);
	assert_non_null(strstr(w.got.data, "GET /listen HTTP/1.1\r\nHost: dok.example:3000\r\n"));
	assert_non_null(strstr(w.got.data, "\r\nx-api-key: k\r\n"));
	char *key = strstr(w.got.data, "Sec-WebSocket-Key: ");
	assert_non_null(key);
	assert_memory_equal(key + 19 + 22, "==\r\n", 4);
	buf_finish(&w.got);
	link_destroy(w.link);
	loop_turn(w.loop, 0);
	loop_destroy(w.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_no_frames),
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_what_is_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
