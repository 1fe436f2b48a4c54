/* Frames of a WebSocket: whatever comes, pieces of another size say the same and end in the same
 * way; what is sent is frames of a client. */
#include "tests/fuzz/fuzz.h"

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/link/ws.h"

struct heard {
	struct buf out, sent;
	unsigned closed;
	bool good;
};

static void on_data(const char *bytes, size_t len, void *arg)
{
	struct heard *h = arg;
	MUST(len > 0);
	buf_add(&h->out, bytes, len);
}

static void on_send(const char *bytes, size_t len, void *arg)
{
	buf_add(&((struct heard *)arg)->sent, bytes, len);
}

static void on_close(unsigned code, const char *reason, size_t len, void *arg)
{
	struct heard *h = arg;
	MUST(len <= 123);
	h->closed++;
	buf_addf(&h->out, "<%u %.*s>", code, (int)len, reason);
}

static struct heard told(const uint8_t *bytes, size_t len, size_t piece)
{
	static const struct ws_frames_events events = { .data = on_data,
		                                        .send = on_send,
		                                        .close = on_close };
	struct heard h = { .good = true };
	struct ws_frames *f = ws_frames_create(&events, &h);
	for (size_t at = 0; at < len && h.good; at += piece) {
		size_t n = len - at < piece ? len - at : piece;
		char *exact = malloc(n);
		memcpy(exact, bytes + at, n);
		h.good = ws_frames_feed(f, exact, n);
		free(exact);
	}
	ws_frames_destroy(f);
	return h;
}

/* Control frames, whole and masked. */
static void must_be_a_client(const struct buf *sent)
{
	for (size_t at = 0; at < sent->len;) {
		const unsigned char *b = (const unsigned char *)sent->data + at;
		MUST(sent->len - at >= 6);
		MUST((b[0] == 0x88 || b[0] == 0x8a) && b[1] & 0x80 && (b[1] & 0x7f) <= 125);
		at += 6 + (size_t)(b[1] & 0x7f);
		MUST(at <= sent->len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct heard whole = told(data, len, len ? len : 1), bytewise = told(data, len, 1);
	MUST(whole.closed == bytewise.closed && whole.good == bytewise.good);
	MUST(whole.out.len == bytewise.out.len);
	MUST(!whole.out.len || !memcmp(whole.out.data, bytewise.out.data, whole.out.len));
	MUST(whole.sent.len == bytewise.sent.len);
	must_be_a_client(&whole.sent);
	buf_finish(&whole.out);
	buf_finish(&whole.sent);
	buf_finish(&bytewise.out);
	buf_finish(&bytewise.sent);
	return 0;
}
