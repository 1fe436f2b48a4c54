/* The beginning of an attached program's output: what is shown is the same in whatever pieces it
 * comes, and nothing is lost behind the mark. */
#include "backends/sessions/attach.c"
#include "tests/fuzz/fuzz.h"

static size_t take(struct stream *s, const char *bytes, size_t len, void *arg)
{
	buf_add(arg, bytes, len);
	return len;
}

static void shown(const uint8_t *bytes, size_t len, size_t piece, struct buf *out, bool *none)
{
	static const struct stream_events events = { .data = take };
	struct attach_stream a = { .stream = { .events = &events, .arg = out } };
	buf_init(&a.head, HEAD_MAX);
	for (size_t at = 0; at < len;) {
		size_t n = len - at < piece ? len - at : piece;
		char *exact = malloc(n);
		memcpy(exact, bytes + at, n);
		size_t took = attach_on_data(NULL, exact, n, &a);
		MUST(took <= n && took > 0);
		free(exact);
		at += took;
	}
	*none = a.none;
	buf_finish(&a.head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf whole = { 0 }, bytewise = { 0 };
	bool none[2];
	shown(data, len, len ? len : 1, &whole, &none[0]);
	shown(data, len, 1, &bytewise, &none[1]);
	/* a program that is not there says so and ends: what follows is of no interest */
	MUST(none[0] || none[1] ||
	     (whole.len == bytewise.len && !memcmp(whole.data ? whole.data : "",
	                                           bytewise.data ? bytewise.data : "", whole.len)));
	buf_finish(&whole);
	buf_finish(&bytewise);
	return 0;
}
