/* Times at the beginning of lines, tail's own words among them, and levels that are numbers when
 * JSON is folded: nothing behind the line is read. */
#include "backends/logs/fold.h"
#include "backends/logs/stamp.h"
#include "backends/logs/tail_command.h"
#include "backends/logs/when.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *exact = xcalloc(1, len ? len : 1), *text = xcalloc(1, len + 1), mark[TAIL_MARK_SIZE];
	size_t before;
	int64_t at;
	struct buf out = { 0 };
	memcpy(exact, data, len);
	memcpy(text, data, len);
	struct zone zone = zone_parse(text);
	MUST(!zone.known || (zone.east_s > -15 * 3600 && zone.east_s < 15 * 3600));
	stamp_find(exact, len, zone);
	MUST(stamp_len(exact, len) <= len);
	MUST(stamp_utc_ns(exact, len) >= 0);
	when_parse(text, 1795243208000, &at);
	tail_mark(mark, 0);
	enum tail_word word = tail_word(exact, len, mark, &before);
	MUST(before <= len && (word != TAIL_LINE || before == len));
	fold_json(exact, len, &out);
	unfold_json(exact, len, &out);
	buf_finish(&out);
	free(exact);
	free(text);
	return 0;
}
