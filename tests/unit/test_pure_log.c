/* Logs against a list of lines that is sorted each time: places, finds, what is seen, histograms,
 * bounds of memory. Sizes and counts at each step are kept in tests/unit/answers/log.txt. */
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
#include "backends/store/log.h"
#include "tests/unit/expected.h"

#define LINES_MOST 4000

static uint32_t dice;
static unsigned pick(unsigned n)
{
	dice = dice * 1664525 + 1013904223;
	return (dice >> 16) % n;
}

static struct model {
	int64_t time_us;
	uint64_t number;
	unsigned len;
	bool error;
} lines[LINES_MOST];
static size_t n_lines;

static int compare_lines(const void *a, const void *b)
{
	const struct model *x = a, *y = b;
	if (x->time_us != y->time_us)
		return x->time_us < y->time_us ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static void add(struct log *log, unsigned source, int64_t time_us, size_t len, bool error)
{
	static char text[3000];
	memset(text, 'x', sizeof(text));
	struct model *m = &lines[n_lines++];
	*m = (struct model){ .time_us = time_us, .len = (unsigned)len, .error = error };
	m->number = log_add(log, source, time_us, error ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, 0, text,
	                    len);
}

static bool is_long(const struct log_line *line, void *arg)
{
	(void)arg;
	return line->len >= 100;
}

/* The model without what the log dropped: the oldest. */
static void check_places(const struct log *log)
{
	qsort(lines, n_lines, sizeof(*lines), compare_lines);
	uint64_t first = log_first(log), last = log_last(log);
	size_t kept = last - first + 1;
	assert_int_equal(first, log_dropped(log) + 1);
	assert_int_equal(last, log_total(log));
	assert_null(log_get(log, first - 1));
	assert_null(log_get(log, last + 1));
	for (size_t i = 0; i < kept; i++) {
		const struct log_line *line = log_get(log, first + i);
		const struct model *m = &lines[n_lines - kept + i];
		assert_non_null(line);
		assert_true(line->time_us == m->time_us && line->number == m->number &&
		            line->len == m->len);
		assert_int_equal(log_find(log, m->time_us, m->number), first + i);
		/* what is between two lines belongs before the later one */
		assert_int_equal(log_find(log, m->time_us, m->number + 1), first + i + 1);
	}
	assert_int_equal(log_find(log, 0, 0), first);
	assert_int_equal(log_find(log, INT64_MAX, 0), last + 1);
}

static void check_seen(struct log *log)
{
	uint64_t first = log_first(log), last = log_last(log), sum = 0, before = 0;
	while (!log_judge_some(log, 1000000))
		;
	for (uint64_t at = first; at <= last; at++) {
		bool seen = log_get(log, at)->len >= 100;
		sum += seen;
		if (seen) {
			assert_int_equal(log_seen_from(log, at), at);
			assert_int_equal(log_seen_to(log, at), at);
			/* all between two of them lead to these */
			for (uint64_t k = before + 1; before && k < at; k++) {
				assert_int_equal(log_seen_from(log, k), at);
				assert_int_equal(log_seen_to(log, k), before);
			}
			before = at;
		}
	}
	assert_int_equal(log_seen_count(log), sum);
	assert_int_equal(log_seen_from(log, 0), log_seen_from(log, first));
	assert_int_equal(log_seen_from(log, last + 1), 0);
	assert_int_equal(log_seen_to(log, last + 1), before);
	assert_int_equal(log_seen_to(log, first - 1), 0);
}

static void check_histogram(const struct log *log, int64_t from_us, int64_t to_us, size_t n)
{
	unsigned seen[20], errors[20], want[20] = { 0 }, want_errors[20] = { 0 };
	int64_t width = to_us > from_us ? (to_us - from_us) / (int64_t)n + 1 : 1;
	log_histogram(log, from_us, to_us, n, seen, errors);
	for (uint64_t at = log_first(log); at <= log_last(log); at++) {
		const struct log_line *line = log_get(log, at);
		int64_t part = (line->time_us - from_us) / width;
		if (line->len < 100 || line->time_us < from_us || part >= (int64_t)n)
			continue;
		want[part]++;
		want_errors[part] += line->level == LOG_LEVEL_ERROR;
	}
	assert_memory_equal(seen, want, n * sizeof(*seen));
	assert_memory_equal(errors, want_errors, n * sizeof(*errors));
}

static void test_lines_in_any_order(void **state)
{
	static const size_t bounds[] = { 1, 40000, 64 << 10, 200000, 4 << 20 };
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 20);
	for (size_t b = 0; b < ARRAY_LEN(bounds); b++) {
		struct log *log = log_create(bounds[b]);
		unsigned source = log_source_add(log, "sese/container/web");
		dice = 7;
		n_lines = 0;
		assert_int_equal(log_first(log), 0);
		assert_int_equal(log_last(log), 0);
		assert_int_equal(log_find(log, 5, 5), 1);
		assert_int_equal(log_seen_from(log, 1), 0);
		assert_int_equal(log_seen_to(log, 1), 0);
		log_set_judge(log, is_long, NULL);
		int64_t newest = 1000000000;
		for (int step = 0; step < 900; step++) {
			size_t len = pick(9) ? pick(200) : pick(2900);
			bool late = !pick(3);
			int64_t time_us = late ? newest - pick(90) * 1000 : newest;
			bool error = !pick(4);
			newest += pick(3) * 1000;
			/* a line older than all that is kept goes away with its chunk at once */
			if (n_lines && log_dropped(log) &&
			    time_us < log_get(log, log_first(log))->time_us)
				time_us = newest;
			add(log, source, time_us, len, error);
			if (step % 60 != 59)
				continue;
			buf_addf(&out, "%zu, %d: places %llu to %llu, %zu bytes, seen %llu\n",
			         bounds[b], step, (unsigned long long)log_first(log),
			         (unsigned long long)log_last(log), log_bytes(log),
			         (unsigned long long)log_seen_count(log));
			check_seen(log);
			check_histogram(log, 1000000000, newest, 20);
			check_histogram(log, newest - 40000, newest - 10000, 7);
			check_histogram(log, newest, newest, 1);
			check_histogram(log, 900000000, 999000000, 3);
		}
		check_places(log);
		/* another judge, and none */
		log_set_judge(log, NULL, NULL);
		assert_int_equal(log_seen_from(log, log_last(log)), log_last(log));
		assert_int_equal(log_seen_to(log, log_last(log) + 5), log_last(log));
		assert_int_equal(log_seen_count(log), log_last(log) - log_first(log) + 1);
		log_destroy(log);
	}
	expected_check(&out, "tests/unit/answers/log.txt");
	buf_finish(&out);
}

/* The log with the oldest line gives a chunk; each keeps its newest. */
static void test_logs_share_their_memory(void **state)
{
	struct log_pool *pool = log_pool_create(100000);
	struct log *old = log_create_in(pool), *fresh = log_create_in(pool),
		   *small = log_create_in(pool);
	(void)state;
	assert_int_equal(log_pool_max(pool), 100000);
	n_lines = 0;
	add(small, 0, 1, 10, false);
	for (int i = 0; i < 120; i++) {
		add(old, 0, 1000 + i, 500, false);
		add(fresh, 0, 1000000 + i, 500, false);
		size_t bytes = log_bytes(old) + log_bytes(fresh) + log_bytes(small);
		assert_int_equal(log_pool_bytes(pool), bytes);
		assert_true(bytes <= 100000);
	}
	assert_int_equal(log_dropped(small), 0);
	assert_int_equal(log_dropped(fresh), 0);
	assert_in_range(log_dropped(old), 24, 110);
	log_destroy(old);
	log_destroy(fresh);
	log_destroy(small);
	assert_int_equal(log_pool_bytes(pool), 0);
	log_pool_destroy(pool);
	pool = log_pool_create(0);
	assert_int_equal(log_pool_max(pool), LOG_MAX_DEFAULT);
	log_pool_destroy(pool);
}

/* Lines before a line of the same time: each right before it, behind those before. */
static void test_lines_before_a_line(void **state)
{
	struct log *log = log_create(0);
	(void)state;
	unsigned source = log_source_add(log, "a/b");
	uint64_t first = log_add(log, source, 5000000, 0, 0, "first", 5);
	uint64_t second = log_add(log, source, 5000000, 0, 0, "second", 6);
	uint64_t last = 0;
	for (int i = 0; i < 40; i++) {
		uint64_t number = log_add_before(log, second, source, 5000000, 0, 0, "between", 7);
		assert_true(number > first && number < second);
		assert_true(number > last);
		last = number;
	}
	assert_string_equal(log_get(log, 1)->text, "first");
	assert_string_equal(log_get(log, 42)->text, "second");
	/* before the very first one too */
	assert_true(log_add_before(log, first, source, 5000000, 0, 0, "zero", 4) < first);
	assert_string_equal(log_get(log, 1)->text, "zero");
	/* a line of that number and time is not there: the newest of its time */
	uint64_t total = log_total(log);
	uint64_t number = log_add_before(log, 12345, source, 5000000, 0, 0, "nowhere", 7);
	assert_true(number > second);
	assert_int_equal(log_total(log), total + 1);
	assert_string_equal(log_get(log, log_last(log))->text, "nowhere");
	assert_true(log_add_before(log, second, source, 6000000, 0, 0, "later", 5) > number);
	/* there is no room between two neighbours */
	uint64_t tight = log_add(log, source, 9000000, 0, 0, "tight", 5);
	uint64_t before = log_add_before(log, tight, source, 9000000, 0, 0, "a", 1);
	for (int i = 0; i < 14; i++)
		before = log_add_before(log, before + 1 == tight ? tight : before, source, 9000000,
		                        0, 0, "b", 1);
	for (uint64_t at = log_first(log); at < log_last(log); at++)
		assert_true(log_get(log, at)->time_us < log_get(log, at + 1)->time_us ||
		            (log_get(log, at)->time_us == log_get(log, at + 1)->time_us &&
		             log_get(log, at)->number < log_get(log, at + 1)->number));
	log_destroy(log);
}

static void test_text_and_time_of_a_line(void **state)
{
	static const struct {
		const char *text, *kept;
		enum log_level given, level;
		enum log_mark mark;
	} all[] = {
		{ "plain ~", "plain ~", LOG_LEVEL_UNKNOWN, LOG_LEVEL_UNKNOWN, 0 },
		{ "\x1b[31mred\x7f", "red", LOG_LEVEL_UNKNOWN, LOG_LEVEL_UNKNOWN, 0 },
		{ "level=error x", "level=error x", LOG_LEVEL_UNKNOWN, LOG_LEVEL_ERROR, 0 },
		{ "level=error x", "level=error x", LOG_LEVEL_INFO, LOG_LEVEL_INFO, 0 },
		{ "level=error x", "level=error x", LOG_LEVEL_UNKNOWN, LOG_LEVEL_UNKNOWN, LOG_GAP },
		{ "caf\xc3\xa9", "caf\xc3\xa9", LOG_LEVEL_UNKNOWN, LOG_LEVEL_UNKNOWN, 0 },
		{ "", "", LOG_LEVEL_UNKNOWN, LOG_LEVEL_UNKNOWN, 0 },
	};
	struct log *log = log_create(0);
	unsigned source = log_source_add(log, "a/b\x1b[1m");
	(void)state;
	assert_string_equal(log_source_name(log, source), "a/b");
	assert_string_equal(log_source_name(log, source + 1), "");
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		log_add(log, source, 1000 + (int64_t)i, all[i].given, all[i].mark, all[i].text,
		        strlen(all[i].text));
		const struct log_line *line = log_get(log, log_last(log));
		assert_string_equal(line->text, all[i].kept);
		assert_int_equal(line->len, strlen(all[i].kept));
		assert_int_equal(line->level, all[i].level);
		assert_int_equal(line->mark, all[i].mark);
	}
	/* a gap stands at the last line of its source, other lines come now */
	log_gap(log, source, "gap %d", 7);
	assert_int_equal(log_get(log, log_last(log))->time_us, 1006);
	assert_string_equal(log_get(log, log_last(log))->text, "gap 7");
	log_add(log, source, 0, 0, 0, "now", 3);
	int64_t now = log_get(log, log_last(log))->time_us;
	assert_in_range(now, (now_wall_ms() - 60000) * 1000, now_wall_ms() * 1000);
	/* the clock of the source is ahead: not before its last line */
	log_add(log, source, now + 3600000000, 0, 0, "ahead", 5);
	log_add(log, source, -1, 0, 0, "behind", 6);
	assert_int_equal(log_get(log, log_last(log))->time_us, now + 3600000000);
	assert_string_equal(log_get(log, log_last(log))->text, "behind");
	unsigned other = log_source_add(log, "a/c");
	log_gap(log, other, "alone");
	assert_in_range(log_get(log, log_last(log) - 2)->time_us, now, now + 60000000);
	log_seam(log, source, 500, 0, "run");
	assert_string_equal(log_get(log, 1)->text, "the run before ended here");
	setenv("TZ", "UTC0", 1);
	log_seam(log, source, 400, 3661000000, "file");
	assert_string_equal(log_get(log, 1)->text,
	                    "the file before ended here; what the present one wrote before "
	                    "01:01:01 is not loaded");
	log_destroy(log);
}

static void test_lines_that_are_too_long(void **state)
{
	static const char cut[] = " … cut: the line is longer than 64 KB";
	struct log *log = log_create(0);
	char *text = xcalloc(1, LOG_LINE_MAX + 10);
	(void)state;
	memset(text, 'y', LOG_LINE_MAX + 9);
	for (size_t more = 0; more < 3; more++)
		for (int odd = 0; odd < 2; odd++) {
			text[7] = odd ? '\t' : 'y';
			log_add(log, 0, (int64_t)(more * 2 + (size_t)odd) + 1, 0, 0, text,
			        LOG_LINE_MAX - 1 + more);
			const struct log_line *line = log_get(log, log_last(log));
			size_t len = more < 2 ? LOG_LINE_MAX - 1 + more
			                      : LOG_LINE_MAX + strlen(cut);
			assert_int_equal(line->len, len);
			assert_int_equal(strlen(line->text), len);
			if (more == 2)
				assert_string_equal(line->text + LOG_LINE_MAX, cut);
		}
	free(text);
	log_destroy(log);
}

static int changes;
static void on_changed(struct log *log, void *arg)
{
	(void)log;
	(void)arg;
	changes++;
}

static void test_what_a_log_says_of_itself(void **state)
{
	struct log *log = log_create(0);
	(void)state;
	log_set_changed(log, on_changed, NULL);
	unsigned web = log_source_add(log, "sese/container/web");
	assert_string_equal(log_status(log), "");
	log_set_status(log, web, "bad %d", 1);
	assert_string_equal(log_status(log), "bad 1"); /* the only source has no name */
	assert_int_equal(changes, 1);
	log_set_status(log, web, "bad %d", 1);
	assert_int_equal(changes, 1);
	unsigned db = log_source_add(log, "pi/journal"), odd = log_source_add(log, "odd");
	log_set_status(log, db, "worse");
	assert_string_equal(log_status(log), "sese/web: bad 1 (and 1 more)");
	log_set_status(log, LOG_NO_SOURCE, "own");
	assert_string_equal(log_status(log), "sese/web: bad 1 (and 2 more)");
	log_set_status(log, web, "%s", "");
	assert_string_equal(log_status(log), "pi/journal: worse (and 1 more)");
	log_set_rest(log, db, "it rests");
	assert_null(log_fault(log, db));
	assert_string_equal(log_fault(log, LOG_NO_SOURCE), "own");
	log_set_status(log, db, "%s", "");
	assert_string_equal(log_status(log), "own");
	log_set_status(log, LOG_NO_SOURCE, "%s", "");
	log_set_lost(log, odd, "pi");
	assert_string_equal(log_status(log),
	                    "odd/: the connection to pi is lost; the log continues "
	                    "when it is back");
	assert_non_null(log_fault(log, odd));
	assert_null(log_fault(log, web));
	assert_null(log_said(log));
	log_say(log, "said %s", "it");
	assert_string_equal(log_said(log), "said it");
	assert_null(log_said(log));
	assert_int_equal(log_source_clock(log, web), LOG_CLOCK_UNKNOWN);
	log_source_set_clock(log, web, 42);
	assert_int_equal(log_source_clock(log, web), 42);
	log_source_set_clock(log, 99, 7);
	assert_int_equal(log_source_clock(log, 99), LOG_CLOCK_UNKNOWN);
	log_destroy(log);
	log = log_create(0);
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(log_source_add(log, "x"), i);
	assert_int_equal(log_source_add(log, "x"), 255);
	assert_int_equal(log_sources(log), 256);
	log_destroy(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_in_any_order),
		cmocka_unit_test(test_logs_share_their_memory),
		cmocka_unit_test(test_lines_before_a_line),
		cmocka_unit_test(test_text_and_time_of_a_line),
		cmocka_unit_test(test_lines_that_are_too_long),
		cmocka_unit_test(test_what_a_log_says_of_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
