/* Frames of a WebSocket: whatever comes, in whatever pieces, every byte is used or it is bad, and
 * pieces of another size tell the same. */
#include "tests/fuzz/fuzz.h"

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/link/ws.h"

static void told(const uint8_t *bytes, size_t len, size_t piece, struct buf *out)
{
	struct ws_frames f = { .left = 0 };
	for (size_t at = 0; at < len;) {
		size_t used, n, upto = len - at < piece ? len - at : piece;
		const char *data;
		char *exact = malloc(upto);
		memcpy(exact, bytes + at, upto);
		enum ws_frame what = ws_next(&f, exact, upto, &used, &data, &n);
		MUST(used <= upto && n <= used);
		MUST(f.n_control <= sizeof(f.control) && f.n_head < sizeof(f.head));
		if (what == WS_DATA)
			buf_add(out, data, n);
		else if (what != WS_NOTHING)
			buf_addf(out, "<%d %u>", what, f.n_control);
		free(exact);
		if (what == WS_BAD)
			return;
		MUST(used > 0);
		at += used;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf whole = { 0 }, bytewise = { 0 };
	told(data, len, len ? len : 1, &whole);
	told(data, len, 1, &bytewise);
	MUST(whole.len == bytewise.len &&
	     !memcmp(whole.data ? whole.data : "", bytewise.data ? bytewise.data : "", whole.len));
	buf_finish(&whole);
	buf_finish(&bytewise);
	return 0;
}
