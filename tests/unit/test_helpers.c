/* What many rooms need: waits between tries, members of JSON and its lines, base64, lists. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/base/backoff.h"
#include "backends/base/base64.h"
#include "backends/base/json_write.h"
#include "backends/base/jsonl.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"

static void each_wait_is_twice_the_last_up_to_the_bound(void **state)
{
	static const struct {
		unsigned fails;
		int64_t first, most, ms;
	} waits[] = {
		{ 0, 500, 30000, 500 },          { 1, 500, 30000, 1000 },
		{ 5, 500, 30000, 16000 },        { 6, 500, 30000, 30000 },
		{ 63, 500, 30000, 30000 },       { 64, 500, 30000, 30000 },
		{ UINT_MAX, 500, 30000, 30000 }, { UINT_MAX, 1, INT64_MAX, INT64_MAX },
		{ 0, 60000, 30000, 30000 },      { UINT_MAX, 0, 30000, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(waits); i++)
		assert_int_equal(backoff_ms(&(struct backoff){ .fails = waits[i].fails },
		                            waits[i].first, waits[i].most),
		                 waits[i].ms);
}

static void a_failure_is_counted_once_and_forever(void **state)
{
	struct backoff b = { 0 };
	assert_int_equal(backoff_ms(&b, 2000, 300000), 2000);
	assert_int_equal(backoff_ms(&b, 2000, 300000), 4000);
	assert_int_equal(b.fails, 2);
	b.fails = UINT_MAX;
	assert_int_equal(backoff_ms(&b, 2000, 300000), 300000);
	assert_int_equal(backoff_ms(&b, 2000, 300000), 300000);
	backoff_reset(&b);
	assert_int_equal(backoff_ms(&b, 2000, 300000), 2000);
}

static void what_is_unknown_is_null(void **state)
{
	cJSON *o = cJSON_CreateObject();
	json_add_text(o, "none", NULL);
	json_add_text(o, "empty", "");
	json_add_filled(o, "blank", "");
	json_add_filled(o, "filled", "a\"b");
	json_add_number(o, "unknown", 7, false);
	json_add_number(o, "zero", 0, true);
	json_add_time(o, "never", 0);
	json_add_time(o, "then", INT64_C(1796000000123));
	char *text = cJSON_PrintUnformatted(o);
	assert_string_equal(text,
	                    "{\"none\":null,\"empty\":\"\",\"blank\":null,\"filled\":\"a\\\"b\","
	                    "\"unknown\":null,\"zero\":0,\"never\":null,\"then\":1796000000123}");
	cJSON_free(text);
	cJSON_Delete(o);
}

/* The examples of RFC 4648, section 10, and bytes that use the last two signs. */
static void base64_goes_there_and_back(void **state)
{
	static const struct {
		const char *bytes, *text;
	} pairs[] = {
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xfb\xef\xff", "++//" },
	};
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		size_t len = strlen(pairs[i].bytes);
		char *text = base64_encode(pairs[i].bytes, len);
		struct buf back = { 0 };
		assert_string_equal(text, pairs[i].text);
		assert_true(base64_decode(text, &back));
		assert_int_equal(back.len, len);
		assert_memory_equal(back.data, pairs[i].bytes, len);
		buf_finish(&back);
		free(text);
	}
	char *empty = base64_encode("", 0);
	assert_string_equal(empty, "");
	free(empty);
}

static void what_is_no_base64_is_refused(void **state)
{
	static const char *const bad[] = {
		"",      "=",        "====",  "Z",      "Zg",   "Zg=",     "Zg===",
		"Zm9vY", "Zg==Zg==", "Zm 9v", "Zm9v\n", "Z-_v", "Zm9\xc3",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct buf out = { 0 };
		assert_false(base64_decode(bad[i], &out));
		buf_finish(&out);
	}
}

static void add_line(const char *line, size_t len, void *arg)
{
	buf_addf(arg, "<%s %zu>", line, len);
}

/* However the bytes are cut, a line comes once, whole, and one that is too long not at all. */
static void lines_come_whole(void **state)
{
	static const char bytes[] = "{\"a\":1}\n\n{}\r\n[";
	for (size_t step = 1; step < sizeof(bytes); step++) {
		struct json_lines lines = { 0 };
		struct buf seen = { 0 };
		for (size_t at = 0; at < sizeof(bytes) - 1; at += step) {
			size_t left = sizeof(bytes) - 1 - at;
			json_lines_feed(&lines, bytes + at, left < step ? left : step, add_line,
			                &seen);
		}
		assert_string_equal(seen.data, "<{\"a\":1} 7><{}\r 3>");
		json_lines_feed(&lines, "]\n", 2, add_line, &seen);
		assert_string_equal(seen.data, "<{\"a\":1} 7><{}\r 3><[] 2>");
		json_lines_finish(&lines);
		buf_finish(&seen);
	}
}

static void a_line_without_bound_is_left_out(void **state)
{
	struct json_lines lines = { 0 };
	struct buf seen = { 0 };
	char *mega = xcalloc(1, JSON_LINE_MAX + 1);
	memset(mega, 'x', JSON_LINE_MAX);
	json_lines_feed(&lines, mega, JSON_LINE_MAX, add_line, &seen);
	json_lines_feed(&lines, "yy\nok\n", 6, add_line, &seen);
	assert_string_equal(seen.data, "<ok 2>");
	json_lines_finish(&lines);
	buf_finish(&seen);
	free(mega);
}

struct item {
	char sign;
	struct item *next;
};

static void expect_items(const struct item *head, const char *signs)
{
	for (; head; head = head->next)
		assert_int_equal(head->sign, *signs++);
	assert_int_equal(*signs, 0);
}

static void a_list_loses_what_is_in_it_and_nothing_else(void **state)
{
	struct item items[4] = {
		{ .sign = 'a' }, { .sign = 'b' }, { .sign = 'c' }, { .sign = 'x' }
	};
	struct item *head = NULL, *x = &items[3];
	LIST_DROP(head, x);
	expect_items(head, "");
	for (size_t i = 0; i < 3; i++)
		LIST_APPEND(head, &items[i]);
	LIST_DROP(head, x);
	expect_items(head, "abc");
	LIST_DROP(head, &items[1]);
	expect_items(head, "ac");
	assert_ptr_equal(items[1].next, &items[2]);
	LIST_DROP(head, &items[2]);
	LIST_DROP(head, &items[0]);
	expect_items(head, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_wait_is_twice_the_last_up_to_the_bound),
		cmocka_unit_test(a_failure_is_counted_once_and_forever),
		cmocka_unit_test(what_is_unknown_is_null),
		cmocka_unit_test(base64_goes_there_and_back),
		cmocka_unit_test(what_is_no_base64_is_refused),
		cmocka_unit_test(lines_come_whole),
		cmocka_unit_test(a_line_without_bound_is_left_out),
		cmocka_unit_test(a_list_loses_what_is_in_it_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
