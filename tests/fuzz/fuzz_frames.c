/* The log stream of an engine: cut anywhere, it gives the same lines, none over its bound. */
#include "backends/containers/frames.h"
#include "tests/fuzz/fuzz.h"

static void on_line(const char *time, const char *line, size_t len, bool error, void *arg)
{
	struct buf *all = arg;
	MUST(len <= FRAMES_LINE_MAX);
	MUST(strspn(time, "0123456789-:.TZ+t z") == strlen(time));
	buf_addf(all, "%s|%d|%zu|", time, error, len);
	buf_add(all, line, len);
}

static void feed(struct buf *all, bool raw, const char *bytes, size_t len, size_t step)
{
	struct frames f;
	frames_init(&f, raw, on_line, all);
	f.apart = len & 2;
	for (size_t i = 0; i < len; i += step)
		frames_feed(&f, bytes + i, len - i < step ? len - i : step);
	frames_end(&f, len & 1);
	frames_finish(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	unsigned how = take_byte(&data, &len);
	struct buf whole = { 0 }, pieces = { 0 };
	feed(&whole, how & 1, (const char *)data, len, len ? len : 1);
	feed(&pieces, how & 1, (const char *)data, len, 1 + how / 2);
	MUST(whole.len == pieces.len &&
	     (!whole.len || memcmp(whole.data, pieces.data, whole.len) == 0));
	buf_finish(&whole);
	buf_finish(&pieces);
	return 0;
}
