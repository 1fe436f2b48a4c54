/* A log: lines of any time and source, within its bound, in the order of their times, found by
 * their keys. */
#include "backends/store/log.h"
#include "tests/fuzz/fuzz.h"

static void must_be_in_order(const struct log *log)
{
	const struct log_line *before = NULL;
	MUST(log_first(log) || !log_last(log));
	for (uint64_t at = log_first(log); at && at <= log_last(log); at++) {
		const struct log_line *line = log_get(log, at);
		MUST(line && strlen(line->text) == line->len && line->source < log_sources(log));
		MUST(!before || before->time_us < line->time_us ||
		     (before->time_us == line->time_us && before->number < line->number));
		MUST(log_find(log, line->time_us, line->number) == at);
		MUST_BE_WASHED(line->text);
		before = line;
	}
	MUST(!log_get(log, log_last(log) + 1));
}

static bool judge(const struct log_line *line, void *arg)
{
	return line->len % 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const size_t sizes[] = { 0, 100000, 200000 };
	struct log_pool *pool = log_pool_create(sizes[take_byte(&data, &len) % ARRAY_LEN(sizes)]);
	struct log *log = log_create_in(pool);
	log_source_add(log, "sese/container/a");
	log_source_add(log, "pi/unit/b");
	if (len && *data & 1)
		log_set_judge(log, judge, NULL);
	while (len) {
		unsigned what = take_byte(&data, &len), time = take_byte(&data, &len),
			 source = what & 1;
		const uint8_t *end = memchr(data, '\n', len);
		/* the same line often: it gets full */
		size_t n = end ? (size_t)(end - data) : len, more = what & 2 ? 3000 : 1;
		for (size_t i = 0; i < more; i++)
			log_add(log, source, time * 1000LL, LOG_LEVEL_UNKNOWN,
			        what & 4 ? LOG_ERROR_LINE : LOG_LINE, (const char *)data, n);
		if (what & 8)
			log_gap(log, source, "%.*s", (int)n, (const char *)data);
		MUST(log_pool_bytes(pool) <= log_pool_max(pool));
		data += n + (end != NULL);
		len -= n + (end != NULL);
	}
	must_be_in_order(log);
	log_judge_some(log, 1000000);
	MUST(log_seen_count(log) <= log_last(log));
	MUST(log_settled(log, NULL) <= log_last(log));
	log_destroy(log);
	log_pool_destroy(pool);
	return 0;
}
