/* A server's answer to a WebSocket, from its head on: it ends once, with a sentence, or stays open;
 * whatever the pieces are. */
#include "backends/link/ws.c"
#include "tests/fuzz/fuzz.h"

static struct {
	unsigned closed;
	size_t got;
	char said[320];
} seen;

static void take_data(struct ws *w, const char *bytes, size_t len, void *arg)
{
	seen.got += len;
}

static void take_closed(struct ws *w, const struct err *err, void *arg)
{
	seen.closed++;
	MUST_BE_WASHED(err->text);
	snprintf(seen.said, sizeof(seen.said), "%s", err->text);
}

static size_t swallow(struct stream *s, const void *bytes, size_t len)
{
	return len;
}

static void nothing(struct stream *s) {}

static void answered(const uint8_t *bytes, size_t len, size_t piece)
{
	static struct loop *loop;
	static const struct stream_ops ops = { .write = swallow, .close = nothing };
	static const struct ws_events events = { .data = take_data, .closed = take_closed };
	struct stream stream = { .ops = &ops };
	if (!loop)
		loop = loop_create();
	memset(&seen, 0, sizeof(seen));
	struct ws *w = xcalloc(1, sizeof(*w));
	*w = (struct ws){ .loop = loop,
		          .stream = &stream,
		          .who = xstrdup("Dokploy home"),
		          .path = xstrdup("/logs?x=1"),
		          .events = &events };
	w->timer = loop_timer_add(loop, -1, ws_on_timeout, w);
	buf_init(&w->head, HEAD_MAX);
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;
		char *exact = malloc(n);
		memcpy(exact, bytes + at, n);
		MUST(ws_on_data(&stream, exact, n, w) == n);
		free(exact);
	}
	bool over = w->over;
	loop_turn(loop, 0);
	MUST(seen.closed == over);
	if (!over)
		ws_close(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	answered(data, len, len ? len : 1);
	unsigned closed = seen.closed;
	size_t got = seen.got;
	answered(data, len, 1);
	MUST(len >= HEAD_MAX || (closed == seen.closed && got == seen.got));
	return 0;
}
