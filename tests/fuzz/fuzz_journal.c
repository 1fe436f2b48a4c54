/* A line of the journal. */
#include "backends/logs/journal_line.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct journal_line line;
	char *s = as_text(data, len);
	if (journal_line_parse(s, len, &line)) {
		MUST(line.level <= LOG_LEVEL_ERROR && line.time_us >= 0);
		MUST(!line.text || memchr(line.text, 0, line.len + 1));
		MUST_BE_WASHED(line.cursor);
		journal_line_finish(&line);
	}
	free(s);
	return 0;
}
