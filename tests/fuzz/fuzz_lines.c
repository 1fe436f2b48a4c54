/* JSON documents one a line: cut anywhere, they are the same. */
#include "backends/base/jsonl.h"
#include "tests/fuzz/fuzz.h"

static void on_line(const char *line, size_t len, void *arg)
{
	MUST(len && len <= JSON_LINE_MAX && !memchr(line, '\n', len) && line[len] == '\0');
	buf_add(arg, line, len);
	buf_puts(arg, "|");
}

static void feed(struct buf *all, const char *bytes, size_t len, size_t step)
{
	struct json_lines l = { 0 };
	for (size_t i = 0; i < len; i += step)
		json_lines_feed(&l, bytes + i, len - i < step ? len - i : step, on_line, all);
	json_lines_finish(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t step = 1 + take_byte(&data, &len);
	struct buf whole = { 0 }, pieces = { 0 };
	feed(&whole, (const char *)data, len, len ? len : 1);
	feed(&pieces, (const char *)data, len, step);
	MUST(whole.len == pieces.len &&
	     (!whole.len || memcmp(whole.data, pieces.data, whole.len) == 0));
	buf_finish(&whole);
	buf_finish(&pieces);
	return 0;
}
