/* Logs: order, bounds, judging, regular expressions, targets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/match.h"
#include "backends/base/mem.h"
#include "backends/logs/fold.h"
#include "backends/logs/logs.h"
#include "backends/logs/stamp.h"
#include "backends/logs/tail_command.h"
#include "backends/logs/when.h"
#include "backends/store/log.h"
#include "backends/store/log_pack.h"
#include "tui/logview.h"
#include "tui/pager_internal.h"

static void add(struct log *log, unsigned source, int64_t time, const char *text)
{
	log_add(log, source, time, LOG_LEVEL_INFO, LOG_LINE, text, strlen(text));
}

static void in_order(const struct log *log)
{
	const struct log_line *before = NULL;
	char kept[sizeof(struct log_line)];
	for (uint64_t at = log_first(log); at && at <= log_last(log); at++) {
		const struct log_line *line = log_get(log, at);
		assert_non_null(line);
		if (before)
			assert_true(before->time_us < line->time_us ||
			            (before->time_us == line->time_us &&
			             before->number < line->number));
		memcpy(kept, line, sizeof(kept));
		before = (const void *)kept;
		assert_int_equal(log_find(log, line->time_us, line->number), at);
	}
}

static void test_merge_order(void **state)
{
	struct log *log = log_create(0);
	char text[64];
	unsigned a = log_source_add(log, "a/container/x"), b = log_source_add(log, "b/unit/y");
	/* a's history, then b's, which lies between a's lines; then both at random. */
	for (int i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "a %d", i);
		add(log, a, 1000000 + i * 10, text);
	}
	for (int i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "b %d", i);
		add(log, b, 1000005 + i * 10, text);
	}
	in_order(log);
	assert_string_equal(log_get(log, 1)->text, "a 0");
	assert_string_equal(log_get(log, 2)->text, "b 0");
	assert_string_equal(log_get(log, 4000)->text, "b 1999");
	srand(7);
	for (int i = 0; i < 20000; i++)
		add(log, i & 1 ? a : b, 1 + rand() % 2000000,
		    "at random, with some text so that chunks fill and are split in two");
	in_order(log);
	assert_int_equal(log_last(log) - log_first(log) + 1, 24000);
	log_destroy(log);
}

/* Lines of one moment keep the order in which they came. */
static void test_same_time(void **state)
{
	struct log *log = log_create(0);
	unsigned a = log_source_add(log, "a");
	add(log, a, 5000000, "one");
	add(log, a, 5000000, "two");
	add(log, a, 6000000, "four");
	add(log, a, 5000000, "three");
	assert_string_equal(log_get(log, 3)->text, "three");
	assert_string_equal(log_get(log, 4)->text, "four");
	log_gap(log, a, "a gap");
	assert_int_equal(log_get(log, 5)->mark, LOG_GAP);
	/* behind the last line, before what was missed */
	assert_int_equal(log_get(log, 5)->time_us, 6000000);
	add(log, a, 6000001, "missed");
	assert_string_equal(log_get(log, 6)->text, "missed");
	log_destroy(log);
}

static void test_settling(void **state)
{
	struct log *log = log_create(0);
	int wait;
	unsigned a = log_source_add(log, "a");
	add(log, a, 1000000, "one");
	assert_int_equal(log_settled(log, &wait), 1); /* nobody else to wait for */
	assert_int_equal(wait, -1);
	log_source_add(log, "b");
	assert_int_equal(log_settled(log, &wait), 0);
	assert_true(wait > 0 && wait <= LOG_SETTLE_MS);
	int64_t end = now_mono_ms() + 5000;
	while (log_settled(log, &wait) == 0 && now_mono_ms() < end)
		;
	assert_int_equal(log_settled(log, &wait), 1);
	assert_int_equal(wait, -1);
	log_destroy(log);
}

static int late_lines;
static void count_late(struct log *log, const struct log_line *line, void *arg)
{
	late_lines++;
	assert_string_equal(line->text, "late");
}

static void test_late(void **state)
{
	struct log *log = log_create(0);
	unsigned a = log_source_add(log, "a");
	log_set_late(log, count_late, NULL);
	add(log, a, 1000000, "one");
	add(log, a, 3000000, "three");
	assert_int_equal(late_lines, 0);
	add(log, a, 2000000, "late");
	assert_int_equal(late_lines, 1);
	log_destroy(log);
}

/* All logs together stay below the bound, and the oldest lines go first, whosever they are. */
static void test_pool(void **state)
{
	struct log_pool *pool = log_pool_create(1 << 20);
	struct log *old = log_create_in(pool), *new = log_create_in(pool);
	unsigned a = log_source_add(old, "a"), b = log_source_add(new, "b");
	for (int i = 0; i < 5000; i++)
		add(old, a, 1000 + i,
		    "a line of the older log that has some length to it, as lines do");
	assert_int_equal(log_dropped(old), 0);
	for (int i = 0; i < 200000; i++) {
		add(new, b, 1000000 + i,
		    "a line of the newer log that has some length to it, as lines do");
		assert_true(log_pool_bytes(pool) <= 1 << 20);
	}
	assert_true(log_dropped(old) > 3000);
	assert_true(log_dropped(new) > 100000);
	assert_int_equal(log_first(new) - 1, log_dropped(new));
	in_order(new);
	log_destroy(new);
	log_destroy(old);
	log_pool_destroy(pool);
}

static bool judge_even(const struct log_line *line, void *arg)
{
	return atoi(line->text) % 2 == 0;
}

static void test_judge(void **state)
{
	struct log *log = log_create(0);
	char text[64];
	unsigned a = log_source_add(log, "a");
	for (int i = 1; i <= 10000; i++) {
		snprintf(text, sizeof(text), "%d", i);
		add(log, a, i * 10, text);
	}
	log_set_judge(log, judge_even, NULL);
	while (!log_judge_some(log, 100))
		;
	assert_int_equal(log_seen_count(log), 5000);
	assert_int_equal(log_seen_from(log, 1), 2);
	assert_int_equal(log_seen_to(log, 9999), 9998);
	assert_int_equal(log_seen_from(log, 10001), 0);
	add(log, a, 15, "4"); /* late and even */
	add(log, a, 200000, "7");
	add(log, a, 200001, "8");
	assert_int_equal(log_seen_count(log), 5002);
	assert_int_equal(log_seen_to(log, log_last(log)), log_last(log));
	assert_int_equal(log_seen_from(log, 1), 2);
	log_set_judge(log, NULL, NULL);
	assert_int_equal(log_seen_count(log), 10003);
	assert_int_equal(log_seen_from(log, 1), 1);
	/* A judge set 300 times: the round of its epochs leaves no old verdict behind. */
	for (int i = 0; i < 300; i++)
		log_set_judge(log, judge_even, NULL);
	assert_int_equal(log_seen_count(log), 0);
	assert_true(log_judge_some(log, 1000000));
	assert_int_equal(log_seen_count(log), 5002);
	log_destroy(log);
}

static void test_match(void **state)
{
	char why[256];
	size_t start, end;
	struct match *m = match_create("err(or)?\\s+\\d+", why, sizeof(why));
	assert_non_null(m);
	assert_true(match_in(m, "an ERROR  42 there", 18)); /* no capitals: any case */
	assert_true(match_find(m, "an error 42 there", 17, 0, &start, &end));
	assert_int_equal(start, 3);
	assert_int_equal(end, 11);
	assert_false(match_find(m, "an error 42 there", 17, 11, &start, &end));
	match_destroy(m);
	m = match_create("Error\\S", why, sizeof(why));
	assert_false(match_in(m, "error!", 6));
	assert_true(match_in(m, "Error!", 6));
	match_destroy(m);
	assert_null(match_create("a(b", why, sizeof(why)));
	assert_non_null(strstr(why, "parenthes"));
	/* A pattern that would take for ever gives up. */
	m = match_create("(a+)+$", why, sizeof(why));
	char evil[64];
	memset(evil, 'a', sizeof(evil));
	evil[63] = 'b';
	int64_t began = now_mono_ms();
	assert_false(match_in(m, evil, sizeof(evil)));
	assert_true(now_mono_ms() - began < 2000);
	match_destroy(m);
}

/* --- lines that were left out at first ----------------------------------- */

static void assert_texts(const struct log *log, uint64_t last, const char *want)
{
	char all[200] = "";
	for (uint64_t at = log_first(log); at && at <= last; at++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s ",
		         log_get(log, at)->text);
	assert_string_equal(all, want);
}

static void test_lines_put_before_others(void **state)
{
	struct log *log = log_create(0);
	unsigned a = log_source_add(log, "pod/container/a");
	log_add(log, a, 1000, LOG_LEVEL_UNKNOWN, LOG_LINE, "1", 1);
	uint64_t third = log_add(log, a, 1000, LOG_LEVEL_UNKNOWN, LOG_LINE, "5", 1);
	log_add(log, a, 1000, LOG_LEVEL_UNKNOWN, LOG_LINE, "6", 1);
	assert_int_equal(log_settled(log, NULL), log_last(log));
	uint64_t second = log_add_before(log, third, a, 1000, LOG_LEVEL_UNKNOWN, LOG_LINE, "3", 1);
	log_add_before(log, third, a, 1000, LOG_LEVEL_UNKNOWN, LOG_LINE, "4", 1);
	log_add_before(log, second, a, 1000, LOG_LEVEL_UNKNOWN, LOG_LINE, "2", 1);
	assert_texts(log, log_last(log), "1 2 3 4 5 6 ");
	/* a busy second of which the end was loaded first */
	for (int i = 0; i < 60000; i++)
		log_add_before(log, third, a, 1000, LOG_LEVEL_UNKNOWN, LOG_LINE,
		               i < 59999 ? "" : "x", i < 59999 ? 0 : 1);
	uint64_t place = log_find(log, 1000, third);
	assert_string_equal(log_get(log, place)->text, "5");
	assert_string_equal(log_get(log, place - 1)->text, "x");
	log_destroy(log);
	log = log_create(0);
	log_source_add(log, "pod/container/a");
	for (int i = 0; i < 6; i++)
		log_add(log, a, 1000, LOG_LEVEL_UNKNOWN, LOG_LINE, &"123456"[i], 1);
	/* no such line */
	log_add_before(log, 12345, a, 1000, LOG_LEVEL_UNKNOWN, LOG_LINE, "7", 1);
	/* not of that time */
	log_add_before(log, third, a, 2000, LOG_LEVEL_UNKNOWN, LOG_LINE, "8", 1);
	assert_texts(log, log_last(log), "1 2 3 4 5 6 7 8 ");
	/* one that wavers waits, and what is held does not settle at all */
	int wait;
	log_source_set_wavers(log, a, true);
	assert_int_equal(log_settled(log, &wait), 0);
	assert_true(wait > 0);
	usleep((LOG_SETTLE_MS + 20) * 1000);
	assert_int_equal(log_settled(log, NULL), log_last(log));
	log_hold(log, true);
	log_add(log, a, 3000, LOG_LEVEL_UNKNOWN, LOG_LINE, "9", 1);
	usleep((LOG_SETTLE_MS + 20) * 1000);
	assert_texts(log, log_settled(log, &wait), "1 2 3 4 5 6 7 8 ");
	assert_true(wait > LOG_SETTLE_MS && wait <= LOG_HOLD_MS);
	log_hold(log, false);
	log_hold(log, false); /* once too often does no harm */
	assert_int_equal(log_settled(log, NULL), log_last(log));
	log_destroy(log);
}

/* --- words and forms ----------------------------------------------------- */

static void folded(const char *text, const char *want)
{
	struct buf out = { 0 };
	bool done = fold_json(text, strlen(text), &out);
	assert_int_equal(done, want != NULL);
	if (want)
		assert_string_equal(out.data, want);
	buf_finish(&out);
}

static void test_fold(void **state)
{
	folded("{\"ts\":\"2026\",\"msg\":\"slow query\",\"level\":\"warn\",\"ms\":12}",
	       "warn slow query ms=12");
	folded("{ \"a\": \"b c\", \"d\": [1, {\"e\": 2}], \"f\": null }",
	       "a=\"b c\" d=[1, {\"e\": 2}] f=null");
	folded("{\"message\":\"a \\\"quoted\\\" word\\nnext\",\"u\":\"x\"}",
	       "a \"quoted\" word next u=x");
	folded("{\"level\":50,\"time\":1795243208000,\"pid\":7,\"msg\":\"it broke\"}",
	       "error it broke pid=7");
	folded("{\"level\":7000,\"msg\":\"x\"}", "7000 x");
	static const char *const none[] = { "",        "{",          "{}",       "text",
		                            "{\"a\"}", "{\"a\":}",   "{\"a\":1", "{\"a\":\"x}",
		                            "[1]",     "{\"a\":1}}", "{a:1}",    "{\"a\":1,}x" };
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		folded(none[i], NULL);
	char deep[400];
	memset(deep, '[', sizeof(deep));
	memcpy(deep, "{\"a\":", 5);
	deep[399] = '\0';
	deep[398] = '}';
	folded(deep, NULL);
	struct buf out = { 0 };
	const char *nested = "{\"a\":1,\"b\":{\"c\":\"d\"}}";
	assert_true(unfold_json(nested, strlen(nested), &out));
	assert_string_equal(out.data, "a: 1\nb: \n  c: d");
	buf_finish(&out);
}

static void test_targets(void **state)
{
	struct target t;
	char why[256];
	assert_true(target_parse("sese/containers/javisi_*", &t, why, sizeof(why)));
	assert_int_equal(t.what, TARGET_ROWS);
	assert_ptr_equal(t.kind, &kind_container);
	assert_true(target_takes(&t, TARGET_ROWS, &kind_container, "sese", "javisi_n8n"));
	assert_false(target_takes(&t, TARGET_ROWS, &kind_container, "sese", "mini_web_1"));
	assert_false(target_takes(&t, TARGET_ROWS, &kind_container, "pi", "javisi_n8n"));
	assert_false(target_takes(&t, TARGET_ROWS, &kind_unit, "sese", "javisi_n8n"));
	assert_true(target_parse("*/services/opencode", &t, why, sizeof(why)));
	assert_true(target_takes(&t, TARGET_ROWS, &kind_unit, "pi", "opencode.service"));
	assert_false(target_takes(&t, TARGET_ROWS, &kind_unit, "pi", "opencode-x.service"));
	assert_true(target_parse("pi/unit/user:caddy.service", &t, why, sizeof(why)));
	assert_true(target_takes(&t, TARGET_ROWS, &kind_unit, "pi", "user:caddy.service"));
	assert_true(target_parse("sese/containers", &t, why, sizeof(why)));
	assert_true(target_takes(&t, TARGET_ROWS, &kind_container, "sese", "anything"));
	assert_true(target_parse("sese", &t, why, sizeof(why)));
	assert_int_equal(t.what, TARGET_JOURNAL);
	assert_true(target_parse("s?se/kernel", &t, why, sizeof(why)));
	assert_true(target_takes(&t, TARGET_KERNEL, NULL, "sese", ""));
	assert_true(target_parse("sese/file:/var/log/a b.log", &t, why, sizeof(why)));
	assert_string_equal(t.name, "/var/log/a b.log");
	assert_false(target_parse("sese/file:a.log", &t, why, sizeof(why)));
	assert_non_null(strstr(why, "whole path"));
	assert_false(target_parse("sese/container5/x", &t, why, sizeof(why)));
	assert_non_null(strstr(why, "did you mean container"));
	assert_false(target_parse("/x", &t, why, sizeof(why)));
	assert_false(target_parse("", &t, why, sizeof(why)));
}

static void test_stamps(void **state)
{
	static const char engine[] = "2026-11-21T06:40:08.123456789Z";
	assert_int_equal(stamp_utc_ns(engine, strlen(engine)), 1795243208123456789);
	assert_int_equal(stamp_utc_ns("2026-11-21T06:40:08Z", 20), 1795243208000000000);
	/* Podman, by the clock on the wall */
	assert_int_equal(stamp_utc_ns("2026-11-21T08:40:08.5+02:00", 27), 1795243208500000000);
	assert_int_equal(stamp_utc_ns("2026-11-21T06:40:08+02:00x", 26), 0);
	assert_int_equal(stamp_utc_ns("2026-11-21 06:40:08Z", 20), 0);
	assert_int_equal(stamp_utc_ns("", 0), 0);
	/* nanoseconds of later years do not fit */
	assert_int_equal(stamp_utc_ns("2262-04-10T23:47:16Z", 20) / 1000000000, 9223285636);
	assert_int_equal(stamp_utc_ns("2262-04-10T23:47:16.5-14:00", 27) / 1000000000, 9223336036);
	assert_int_equal(stamp_utc_ns("2262-04-10T23:47:17Z", 20), 0);
	assert_int_equal(stamp_utc_ns("9026-11-30T20:26:31.5Z", 22), 0);
	assert_int_equal(stamp_utc_ns("2024-02-29T00:00:00Z", 20), 1709164800000000000);
	const char *line = "[2026-11-21T08:40:08.5+02:00] x";
	assert_int_equal(stamp_find(line, strlen(line), (struct zone){ 0 }), 1795243208500000);
	assert_int_equal(stamp_find("no time here, none at all", 25, (struct zone){ 0 }), 0);
	setenv("TZ", "UTC", 1);
	assert_int_equal(stamp_find("2026-11-21 06:40:08,250 INFO", 28, (struct zone){ 0 }),
	                 1795243208250000);
	/* A server's own zone counts where the line has none; the reader's is not asked. */
	static const struct {
		const char *line;
		const char *zone;
		int64_t us;
	} lines[] = {
		{ "2026-11-21 08:40:08 x", "+0200", 1795243208000000 },
		{ "2026-11-21T01:10:08.25 x", "-0530", 1795243208250000 },
		{ "2026-11-21T06:40:08Z x", "+0200", 1795243208000000 },
		{ "2026/11/21 06:40:08 [error] 12#12: x", "+0000", 1795243208000000 },
		{ "10.0.0.1 - - [21/Nov/2026:07:40:08 +0100] \"GET /\"", "+0500",
		  1795243208000000 },
		{ "2026/11-21 06:40:08 x", "+0000", 0 },
		{ "[21/Nox/2026:07:40:08 +0100]", "+0000", 0 },
		{ "[", "", 0 },
		{ "Nov 21 6:40:08 x", "+0000", 0 },
		{ "[21/Nov/2026:07:40:0", "+0000", 0 },
		{ "2026-11-21 06:40:08+00", "+0000", 0 },
		{ "2026-11-21 08:40:08 +0200 x", "+0500", 1795243208000000 },
		{ "2026-11-21 08:40:08,250 - INFO", "+0200", 1795243208250000 },
	};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_int_equal(stamp_find(lines[i].line, strlen(lines[i].line),
		                            zone_parse(lines[i].zone)),
		                 lines[i].us);
	/* JSON has its time within; only what can be one counts */
	static const struct {
		const char *line;
		int64_t us;
	} json[] = {
		{ "{\"level\":\"info\",\"time\":\"2026-11-21T06:40:08.25Z\"}", 1795243208250000 },
		{ "{\"ts\":1795243208.25,\"msg\":\"x\"}", 1795243208250000 },
		{ "{\"time\":1795243208250}", 1795243208250000 },
		{ "{\"t\":1795243208250000}", 1795243208250000 },
		{ "{\"@timestamp\":\"1795243208250000000\"}", 1795243208250000 },
		{ "{\"t\":12,\"timestamp\":\"2026-11-21 08:40:08\"}", 1795243208000000 },
		{ "{\"msg\":\"2026-11-21T06:40:08Z\"}", 0 },
		{ "{\"time\":\"soon\"}", 0 },
		{ "{\"time\":{\"time\":1795243208}}", 0 },
		{ "{\"time\":1e99}", 0 },
		{ "{\"time\":\"{\\\"time\\\":1795243208}\"}", 0 },
		{ "{\"time\":1795243208", 0 },
		{ "{", 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(json); i++)
		assert_int_equal(stamp_find(json[i].line, strlen(json[i].line),
		                            zone_parse("+0200")),
		                 json[i].us);
	/* how much of a line is its time */
	static const struct {
		const char *line;
		size_t len;
	} heads[] = {
		{ "2026-11-21T06:40:08Z x", 21 },
		{ "2026-11-21 06:40:08,250  INFO", 25 },
		{ "[2026-11-21 06:40:08.5 +0200] x", 30 },
		{ "2026/11/21 06:40:08 [error]", 20 },
		{ "2026-11-21T06:40:08+02:00 x", 26 },
		{ "Nov 21 06:40:08 pi sshd: x", 16 },
		{ "2026-11-21T06:40:08Z", 0 },
		{ "2026-11-21T06:40:08Z ", 0 },
		{ "2026-11-21T06:40:08Zx", 0 },
		{ "[2026-11-21T06:40:08Z x", 0 },
		{ "{\"time\":1}", 0 },
		{ "x", 0 },
		{ "", 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		assert_int_equal(stamp_len(heads[i].line, strlen(heads[i].line)), heads[i].len);
	assert_false(zone_parse("").known);
	assert_false(zone_parse("UTC").known);
	assert_int_equal(zone_parse("-0530").east_s, -19800);
	assert_int_equal(zone_parse("+1459").east_s, 53940);
	assert_int_equal(zone_parse("+05:45").east_s, 20700);
	assert_int_equal(zone_parse("+0000").east_s, 0);
	assert_true(zone_parse("+0000").known);
	static const char *const no_zones[] = { "+0060", "+1500", "+00:60", "0100", "+010", "+1",
		                                "+01:0", "+0a00", "+010a" };
	for (size_t i = 0; i < ARRAY_LEN(no_zones); i++)
		assert_false(zone_parse(no_zones[i]).known);
	/* syslog leaves the year out: it is the last time that this was. */
	char text[64];
	time_t then = time(NULL) - 90 * 86400;
	struct tm tm;
	gmtime_r(&then, &tm);
	strftime(text, sizeof(text), "%b %e %H:%M:%S pi sshd[1]: x", &tm);
	assert_int_equal(stamp_find(text, strlen(text), zone_parse("+0000")),
	                 (int64_t)then * 1000000);
	then += 60 * 86400;
	gmtime_r(&then, &tm);
	strftime(text, sizeof(text), "%b %e %H:%M:%S", &tm);
	assert_int_equal(stamp_find(text, strlen(text), zone_parse("+0100")),
	                 ((int64_t)then - 3600) * 1000000);
	for (size_t n = 0; n < 31; n++) /* any length, no byte beyond it */
		stamp_find("[2026-11-21T08:40:08.5+02:00] x", n, (struct zone){ 0 });
}

static void test_when(void **state)
{
	int64_t now = 1795243208000, at; /* 06:40:08 UTC */
	setenv("TZ", "UTC", 1);
	assert_true(when_parse("-10m", now, &at));
	assert_int_equal(at, now - 600000);
	assert_true(when_parse("1h30m", now, &at));
	assert_int_equal(at, now - 5400000);
	assert_true(when_parse("06:30", now, &at));
	assert_int_equal(at, now - 608000);
	assert_true(when_parse("14:32:05", now, &at)); /* that was yesterday */
	assert_int_equal(at, now - 8000 + (14 * 60 + 32 - 400) * 60000 + 5000 - 86400000);
	assert_true(when_parse("2026-11-21T06:00:00Z", now, &at));
	assert_int_equal(at, now - 2408000);
	static const char *const none[] = { "",          "-",     "10",
		                            "m",         "25:00", "12:61",
		                            "yesterday", "10x",   "99999999999999999999m" };
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_false(when_parse(none[i], now, &at));
}

static void test_commands(void **state)
{
	const char *names[] = { "a b;rm.service" };
	struct tail_query q = {
		.what = TAIL_UNIT, .names = names, .n_names = 1, .lines = 500, .cursor = ""
	};
	char *text = tail_follow_command(&q);
	assert_non_null(strstr(text, "-u 'a b;rm.service'"));
	assert_non_null(strstr(text, "journalctl --no-pager -a -o json"));
	assert_non_null(strstr(text, "-f -n 500"));
	free(text);
	q.cursor = "s=1;i=2";
	text = tail_follow_command(&q);
	assert_non_null(strstr(text, "-n all '--after-cursor=s=1;i=2'"));
	free(text);
	q.what = TAIL_FILE;
	names[0] = "/var/log/it's.log";
	text = tail_follow_command(&q);
	assert_non_null(strstr(text, "'/var/log/it'\\''s.log' 0 0 500"));
	free(text);
	char mark[TAIL_MARK_SIZE], said[400];
	size_t before;
	tail_mark(mark, 5);
	assert_int_equal(strncmp(mark, "/.//.////", 9), 0);
	tail_mark(mark, UINT64_MAX);
	assert_true(strlen(mark) < TAIL_MARK_SIZE);
	/* tail's words are known by the mark in them, behind half a line too; a file that writes
	 * such words is no tail. */
	static const struct {
		const char *form;
		enum tail_word word;
		size_t before;
	} forms[] = {
		{ "tail: '%s/var/log/x' has been replaced;  following new file", TAIL_REPLACED, 0 },
		{ "half a line: tail: '%s/x' has appeared;  following new file", TAIL_REPLACED,
		  13 },
		{ "a tail: of b tail: %s/x: file truncated", TAIL_EMPTIED, 13 },
		{ "tail: '%s/x' has become inaccessible: No such file or directory", TAIL_GONE, 0 },
		{ "tail: %s/x: giving up", TAIL_OTHER, 0 },
		{ "tail: following new file: %s/var/log/x", TAIL_REPLACED, 0 },
		{ "tail: file inaccessible: %s/x", TAIL_GONE, 0 },
		{ "half tail: file truncated: %s/x", TAIL_EMPTIED, 5 },
		{ "tail: %s/x has been replaced; following end of new file", TAIL_REPLACED, 0 },
		{ "tail: %s/x has been renamed or deleted: No such file or directory", TAIL_GONE,
		  0 },
		{ "open(%s/x) = 3", TAIL_LINE, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		int n = snprintf(said, sizeof(said), forms[i].form, mark);
		assert_int_equal(tail_word(said, (size_t)n, mark, &before), forms[i].word);
		assert_int_equal(before, forms[i].word == TAIL_LINE ? (size_t)n : forms[i].before);
	}
	const char *spoof = "tail: '/./././var/log/x' has been replaced;  following new file";
	assert_int_equal(tail_word(spoof, strlen(spoof), mark, &before), TAIL_LINE);
	assert_int_equal(tail_word("", 0, mark, &before), TAIL_LINE);
	assert_null(tail_older_command(&q)); /* told from its beginning */
	q.inode = 7;
	q.offset = 123;
	text = tail_older_command(&q);
	assert_non_null(strstr(text, "'/var/log/it'\\''s.log' 7 123 500"));
	free(text);
	/* Of several units each has a run before. */
	const char *units[] = { "a.service", "b c.service" };
	q = (struct tail_query){ .what = TAIL_UNIT,
		                 .names = units,
		                 .n_names = 2,
		                 .lines = 10,
		                 .user = true,
		                 .cursor = "" };
	text = tail_previous_command(&q);
	assert_non_null(strstr(text, " sh 10 --user a.service 'b c.service'"));
	assert_non_null(strstr(text, "journalctl --no-pager -a $s -u"));
	free(text);
	q.what = TAIL_KERNEL;
	q.user = false;
	text = tail_previous_command(&q);
	assert_non_null(strstr(text, " sh 10 '' _TRANSPORT=kernel"));
	assert_non_null(strstr(text, "journalctl --no-pager -a $s -b -1"));
	free(text);
	q = (struct tail_query){
		.what = TAIL_JOURNAL, .lines = 10, .cursor = "", .first = "s=1;i=2"
	};
	text = tail_older_command(&q);
	assert_non_null(strstr(text, "-r -n 10 '--after-cursor=s=1;i=2'"));
	free(text);
	q.before_us = 5000000;
	q.reach_us = 2000000;
	text = tail_older_command(&q); /* journalctl takes a cursor or a time */
	assert_non_null(strstr(text, "-r -n 10 --since=@2.000000 --until=@5.000000"));
	assert_null(strstr(text, "cursor="));
	free(text);
}

/* What is wrong with one source stays said, whatever the others say. */
static void test_status(void **state)
{
	struct log *log = log_create(0);
	unsigned a = log_source_add(log, "sese/container/a");
	log_set_status(log, a, "the link is %s", "away");
	assert_string_equal(log_status(log), "the link is away");
	unsigned b = log_source_add(log, "pi/unit/b.service");
	log_set_status(log, b, "%s", "");
	assert_string_equal(log_status(log), "sese/a: the link is away");
	log_set_status(log, b, "no");
	assert_string_equal(log_status(log), "sese/a: the link is away (and 1 more)");
	log_set_lost(log, b, "pi");
	log_set_status(log, a, "%s", "");
	assert_string_equal(log_status(log), "pi/b.service: the connection to pi is lost; the log "
	                                     "continues when it is back");
	log_set_status(log, b, "no");
	log_set_status(log, a, "%s", "");
	assert_string_equal(log_status(log), "pi/b.service: no");
	assert_string_equal(log_fault(log, b), "no");
	assert_null(log_fault(log, a));
	log_set_rest(log, a, "ended");
	assert_null(log_fault(log, a)); /* it has said all */
	log_set_status(log, a, "no");
	assert_string_equal(log_fault(log, a), "no");
	log_set_status(log, a, "%s", "");
	log_set_status(log, LOG_NO_SOURCE, "sese is too far away");
	assert_string_equal(log_fault(log, LOG_NO_SOURCE), "sese is too far away");
	assert_string_equal(log_status(log), "pi/b.service: no (and 1 more)");
	log_set_status(log, b, "%s", "");
	assert_string_equal(log_status(log), "sese is too far away");
	assert_null(log_said(log));
	log_say(log, "no %s lines", "older");
	assert_string_equal(log_said(log), "no older lines");
	assert_null(log_said(log));
	log_set_status(log, LOG_NO_SOURCE, "%s", "");
	assert_string_equal(log_status(log), "");
	log_destroy(log);
}

static void status_of(struct pager *p, const char *want)
{
	char said[200];
	pager_settle(p);
	pager_status(p, said, sizeof(said));
	assert_string_equal(said, want);
}

/* New below is what came below: neither older lines that were loaded nor what was dropped changes
 * that. */
static void test_new_below(void **state)
{
	struct log *log = log_create(1 << 20);
	struct pager *p = pager_create_log(log);
	unsigned a = log_source_add(log, "a");
	for (int i = 0; i < 100; i++)
		add(log, a, 1000000 + i, "a line");
	status_of(p, "following");
	pager_move(p, PAGER_UP);
	status_of(p, "paused");
	for (int i = 0; i < 7; i++)
		add(log, a, 2000000 + i, "a new line");
	status_of(p, "paused, 7 new below");
	for (int i = 0; i < 50; i++)
		add(log, a, 500000 + i, "an older line that was loaded");
	status_of(p, "paused, 7 new below");
	for (int i = 0; i < 20000; i++)
		add(log, a, 3000000 + i,
		    "a line that drives out the oldest, with some text to it so that it takes its "
		    "place");
	assert_true(log_dropped(log) > 157);
	status_of(p, "paused, 20007 new below");
	pager_destroy(p);
	log_destroy(log);
}

/* A jump to before what is loaded goes on when it comes, and ends with the next key. */
static void test_awaited(void **state)
{
	struct log *log = log_create(0);
	struct pager *p = pager_create_log(log);
	unsigned a = log_source_add(log, "a");
	for (int i = 0; i < 100; i++)
		add(log, a, 9000000 + i, "a line");
	assert_true(pager_goto(p, 5000));
	pager_await(p, 5000000, false);
	for (int i = 0; i < 100; i++)
		add(log, a, 4999950 + i, "older");
	pager_settle(p);
	assert_int_equal(log_get(log, pager_cursor(p))->time_us, 5000000);
	pager_await(p, 4999950, true);
	add(log, a, 1000000, "of the run before");
	pager_settle(p);
	assert_string_equal(log_get(log, pager_cursor(p))->text, "of the run before");
	pager_move(p, PAGER_LAST);
	add(log, a, 1000001, "of the run before");
	status_of(p, "following");
	pager_destroy(p);
	log_destroy(log);
}

/* How old the newest line was when it came, by its server's own clock; history is not late. */
static void test_behind(void **state)
{
	struct log *log = log_create(0);
	unsigned a = log_source_add(log, "sese/container/a");
	struct logview *v = logview_create(log);
	char said[200];
	add(log, a, (now_wall_ms() - 60000) * 1000, "history");
	assert_int_equal(log_behind(log), 0);
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	/* what it wrote now has a time of 7 s ahead: this one is 7 s old */
	log_source_set_clock(log, a, 7000);
	add(log, a, now_wall_ms() * 1000, "a line");
	assert_in_range(log_behind(log), 6900, 7500);
	logview_facts(v, false, said, sizeof(said));
	assert_string_equal(said, "2 lines, 7s behind, clock of sese +7.0 s");
	logview_facts(v, true, said, sizeof(said));
	assert_string_equal(said, "7s behind, 2, sese +7.0 s");
	logview_destroy(v);
	log_destroy(log);
}

static void test_seam(void **state)
{
	struct log *log = log_create(0);
	unsigned a = log_source_add(log, "a");
	setenv("TZ", "UTC", 1);
	tzset();
	add(log, a, 1795243208000000, "of the present run");
	add(log, a, 1795243100000000, "of the one before");
	log_seam(log, a, 1795243100000000, 1795243208000000, "run");
	assert_string_equal(log_get(log, 2)->text, "the run before ended here; what the present "
	                                           "one wrote before 06:40:08 is not loaded");
	assert_int_equal(log_get(log, 2)->mark, LOG_GAP);
	log_seam(log, a, 1795243100000000, 0, "boot");
	assert_string_equal(log_get(log, 3)->text, "the boot before ended here");
	log_destroy(log);
}

static void test_histogram(void **state)
{
	struct log *log = log_create(0);
	unsigned a = log_source_add(log, "a"), lines[10], errors[10], sum = 0;
	for (int i = 0; i < 50000; i++)
		log_add(log, a, 1000000 + i * 100, i % 100 ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
		        LOG_LINE, "a line of some length, to fill chunks", 37);
	log_histogram(log, 1000000, 1000000 + 49999 * 100, 10, lines, errors);
	for (int i = 0; i < 10; i++) {
		assert_in_range(lines[i], 4990, 5010);
		assert_in_range(errors[i], 49, 51);
		sum += lines[i];
	}
	assert_int_equal(sum, 50000);
	log_histogram(log, 3500000, 5999900, 10, lines, errors);
	assert_in_range(lines[0], 2490, 2510);
	log_destroy(log);
}

static void test_view(void **state)
{
	struct log *log = log_create(0);
	char why[256], text[100];
	unsigned a = log_source_add(log, "sese/container/a");
	struct logview *v = logview_create(log);
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "request %d of %s", i, i % 2 ? "odd" : "even");
		log_add(log, a, 1000000 + i, i % 10 ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, LOG_LINE,
		        text, strlen(text));
	}
	assert_false(logview_filter_add(v, "(", why, sizeof(why)));
	assert_true(logview_filter_add(v, "odd", why, sizeof(why)));
	assert_true(logview_filter_add(v, "!request [0-8]\\d\\d", why, sizeof(why)));
	while (!log_judge_some(log, 100000))
		;
	assert_int_equal(log_seen_count(log), 100); /* odd ones below 100 and from 900 on */
	add(log, a, 2000000, "one more odd one");
	add(log, a, 2000000, "one more that is even");
	log_gap(log, a, "our own words are always seen");
	assert_int_equal(log_seen_count(log), 102);
	logview_filter_toggle(v, 0);
	log_judge_some(log, 1000000);
	assert_int_equal(log_seen_count(log), 203);
	logview_level(v, LOG_LEVEL_ERROR);
	log_judge_some(log, 1000000);
	assert_int_equal(log_seen_count(log), 21);
	logview_facts(v, false, why, sizeof(why));
	assert_string_equal(why, "21 of 1003 lines, 1 filter, error and worse");
	logview_facts(v, true, why, sizeof(why));
	assert_string_equal(why, "21/1003, &1, error+");
	/* Saved is what is seen, judged or not yet when it is asked for; or all; never over a file
	 * that is there. */
	char path[] = "/tmp/mocr-save-XXXXXX";
	assert_non_null(mkdtemp(path));
	char *file = xasprintf("%s/x", path);
	logview_filter_clear(v);
	logview_level(v, LOG_LEVEL_UNKNOWN);
	logview_filter_add(v, "request 99\\d", why, sizeof(why));
	/* and our own words */
	assert_int_equal(logview_save(v, file, false, why, sizeof(why)), 11);
	assert_int_equal(logview_save(v, file, true, why, sizeof(why)), -1);
	assert_non_null(strstr(why, "exists"));
	remove(file);
	assert_int_equal(logview_save(v, file, true, why, sizeof(why)), 1003);
	remove(file);
	remove(path);
	free(file);
	logview_filter_clear(v);
	log_source_set_clock(log, a, -3200);
	logview_facts(v, false, why, sizeof(why));
	assert_non_null(strstr(why, "clock of sese -3.2 s"));
	logview_destroy(v);
	log_destroy(log);
}

/* Late lines fill a chunk in the middle until it is split, and split again: each half stands behind
 * the one before it. */
static void test_late_lines_split_chunks(void **state)
{
	struct pack p;
	size_t before;
	uint64_t n = 0;
	pack_init(&p, 1024);
	for (int i = 0; i < 200; i++) {
		uint64_t place;
		struct chunk *where;
		struct log_line *line = pack_line(&p, i * 1000, ++n, 40, &place, &where);
		memset(line->text, 'a', 41);
		line->text[40] = '\0';
		pack_close_line(&p, where, line);
	}
	before = p.n;
	assert_true(before > 4);
	/* behind the first line, in the middle, before the last */
	for (int i = 0; i < 600; i++) {
		static const int64_t times[] = { 500, 100500, 198500 };
		uint64_t place;
		struct chunk *where;
		struct log_line *line = pack_line(&p, times[i % 3], ++n, 40, &place, &where);
		snprintf(line->text, 41, "late %d", i);
		line->len = (uint32_t)strlen(line->text);
		pack_close_line(&p, where, line);
		assert_ptr_equal(pack_get(&p, place), line);
	}
	assert_true(p.n > before + 6);
	uint64_t base = p.first, lines = 0;
	for (size_t i = 0; i < p.n; i++) {
		assert_int_equal(p.chunks[i]->base, base);
		base += p.chunks[i]->n;
		lines += p.chunks[i]->n;
	}
	assert_int_equal(lines, 800);
	for (uint64_t at = p.first + 1; at < p.first + 800; at++) {
		const struct log_line *a = pack_get(&p, at - 1), *b = pack_get(&p, at);
		assert_true(a->time_us < b->time_us ||
		            (a->time_us == b->time_us && a->number < b->number));
		assert_int_equal(pack_find(&p, b->time_us, b->number), at);
	}
	pack_finish(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge_order), cmocka_unit_test(test_same_time),
		cmocka_unit_test(test_settling),    cmocka_unit_test(test_late),
		cmocka_unit_test(test_pool),        cmocka_unit_test(test_judge),
		cmocka_unit_test(test_match),       cmocka_unit_test(test_lines_put_before_others),
		cmocka_unit_test(test_fold),        cmocka_unit_test(test_targets),
		cmocka_unit_test(test_stamps),      cmocka_unit_test(test_when),
		cmocka_unit_test(test_commands),    cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_view),        cmocka_unit_test(test_status),
		cmocka_unit_test(test_new_below),   cmocka_unit_test(test_awaited),
		cmocka_unit_test(test_seam),        cmocka_unit_test(test_late_lines_split_chunks),
		cmocka_unit_test(test_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
