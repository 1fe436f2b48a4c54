/* The base: washing, quoting, widths, buffers, times. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <utf8proc.h>

#include "backends/base/buf.h"
#include "backends/base/err.h"
#include "backends/base/guard.h"
#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/quote.h"
#include "backends/base/secret.h"
#include "backends/base/wash.h"
#include "tests/unit/left.h"

static const struct {
	const char *from, *to;
} washed[] = {
	{ "plain", "plain" },
	{ "\033[31mred\033[0m", "red" },
	{ "\033]0;title\007after", "after" },
	{ "\033]52;c;ZXZpbA==\033\\after", "after" },
	{ "\033]8;;http://x\033\\link", "link" },
	{ "\033Pq#0\033\\x", "x" },
	{ "\033(0x\033cy\033=z", "xyz" },
	{ "a\033]unfinished\nb", "a b" },
	{ "\xc2\x9b"
	  "31mred",
	  "red" },
	{ "\xc2\x9d"
	  "0;t\xc2\x9c"
	  "x",
	  "x" },
	{ "tab\there\r\n", "tab here  " },
	{ "\x01\x02\x08\x7f", "" },
	{ "\xff\xfe", "\xEF\xBF\xBD\xEF\xBF\xBD" },
	{ "\xe2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD" },
	{ "a\xe2\x80\xae"
	  "b\xe2\x81\xa6"
	  "c\xe2\x80\x8b"
	  "d\xef\xbb\xbf",
	  "abcd" },
	{ "\xf3\xa0\x81\x81tag", "tag" },
	{ "e\xcc\x81", "e\xcc\x81" },
	{ "\xcc\x81x", "x" },
	{ "z\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
	  "z\xcc\x81\xcc\x81\xcc\x81\xcc\x81" },
	{ "\xe6\xbc\xa2\xe5\xad\x97", "\xe6\xbc\xa2\xe5\xad\x97" },
	{ "\xee\x80\x80private", "private" },
	{ "a\xe2\x80\xa8"
	  "b",
	  "a b" },
	/* an escape with intermediates ends with the first byte from 0 to ~ */
	{ "a\033(~b", "ab" },
	{ "a\033(0b", "ab" },
	{ "a\033 /~b", "ab" },
	{ "a\033~b", "ab" },
	{ "a\0330b", "ab" },
	/* a variation selector of the supplement, a tag */
	{ "a\xf3\xa0\x84\x81"
	  "b\xf3\xa0\x81\xa1",
	  "ab" },
};

static void test_wash(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(washed); i++) {
		char out[128];
		wash(out, sizeof(out), washed[i].from, strlen(washed[i].from));
		assert_string_equal(out, washed[i].to);
		char *dup = wash_dup(washed[i].from, 0);
		assert_string_equal(dup, washed[i].to);
		free(dup);
	}
}

/* Whatever comes in, what leaves has no control byte and washing it again changes nothing. */
static void test_wash_random(void **state)
{
	srand(7);
	for (int round = 0; round < 20000; round++) {
		char in[64], out[200], again[200];
		size_t n = (size_t)rand() % sizeof(in);
		for (size_t i = 0; i < n; i++) {
			static const char spice[] =
				"\033[]P;:m\007\\\xc2\x9b\x9d\xe2\x80\xae\xf0\x9f\x98";
			in[i] = rand() % 2 ? spice[(size_t)rand() % (sizeof(spice) - 1)]
			                   : (char)rand();
		}
		size_t len = wash(out, (size_t)(rand() % (int)sizeof(out)) + 1, in, n);
		assert_int_equal(len, strlen(out));
		for (size_t i = 0; i < len; i++)
			assert_true((unsigned char)out[i] >= 0x20 && out[i] != 0x7f);
		assert_int_equal(wash(again, sizeof(again), out, len), len);
		assert_string_equal(out, again);
	}
}

static void test_wash_bounds(void **state)
{
	char out[5];
	assert_int_equal(wash(out, sizeof(out),
	                      "ab\xe2\x82\xac"
	                      "c",
	                      6),
	                 2); /* no half euro */
	assert_string_equal(out, "ab");
	assert_int_equal(wash(out, 0, "x", 1), 0);
	assert_null(wash_dup(NULL, 0));
	char *cut = wash_dup("abcdefghijklmnop", 8);
	assert_string_equal(cut, "abcde\xe2\x80\xa6");
	free(cut);
}

static void test_cells(void **state)
{
	char out[64];
	assert_int_equal(cells("abc"), 3);
	assert_int_equal(cells("\xe6\xbc\xa2"), 2);
	assert_int_equal(cells("e\xcc\x81"), 1);
	cells_cut(out, sizeof(out), "javisi_victoriametrics", 12, CUT_MIDDLE, "\xe2\x80\xa6");
	assert_int_equal(cells(out), 12);
	assert_string_equal(out, "javisi\xe2\x80\xa6"
	                         "trics");
	cells_cut(out, sizeof(out), "a longer text", 8, CUT_END, "...");
	assert_string_equal(out, "a lon...");
	cells_cut(out, sizeof(out), "\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2", 4, CUT_END,
	          "\xe2\x80\xa6");
	assert_true(cells(out) <= 4);
	cells_cut(out, sizeof(out), "short", 8, CUT_END, "...");
	assert_string_equal(out, "short");
	cells_cut(out, sizeof(out), "abc", 1, CUT_END, "...");
	assert_string_equal(out, "a");
}

/* The judge of quoting is a real shell. */
static void test_quote(void **state)
{
	static const char *const words[] = { "plain",     "",      "two words", "it's",
		                             "$(reboot)", "`id`",  "a;b",       "a\nb",
		                             "*",         "~",     "-n",        "\\",
		                             "\"",        "!x",    "\033[31m",  "'; rm -rf / #",
		                             "A=b",       "=x",    "\xff\xfe",  "a&b|c>d<e",
		                             "{a,b}",     "[a-z]", "#x",        NULL };
	for (size_t i = 0; words[i]; i++) {
		const char *argv[] = { "printf", "%s", words[i], NULL };
		char *line = quote_command(argv), got[256] = "";
		FILE *f = popen(line, "r");
		size_t n = fread(got, 1, sizeof(got) - 1, f);
		got[n] = '\0';
		assert_int_equal(pclose(f), 0);
		assert_string_equal(got, words[i]);
		free(line);
	}
}

static void test_buf(void **state)
{
	struct buf b;
	buf_init(&b, 10);
	assert_true(buf_puts(&b, "0123456789"));
	assert_false(buf_puts(&b, "x"));
	assert_true(b.overflowed);
	buf_consume(&b, 8);
	assert_string_equal(b.data, "89");
	assert_true(buf_addf(&b, "%d", 12345678));
	assert_false(buf_addf(&b, "%d", 1));
	buf_finish(&b);
}

static void test_human(void **state)
{
	char s[HUMAN_SIZE];
	assert_string_equal(human_age(s, 3000), "3s");
	assert_string_equal(human_age(s, 61000), "1m");
	assert_string_equal(human_age(s, 34 * 3600000LL), "34h");
	assert_string_equal(human_age(s, 49 * 3600000LL), "2d");
	assert_string_equal(human_age(s, -1), "-");
	assert_string_equal(human_span(s, 7800000), "2h 10m");
	assert_string_equal(human_bytes(s, 0), "0");
	assert_string_equal(human_bytes(s, 412u << 20), "412M");
	assert_string_equal(human_bytes(s, 1610612736), "1.5G");
	assert_int_equal(parse_rfc3339_ms("1970-01-01T00:00:01.5Z"), 1500);
	assert_int_equal(parse_rfc3339_ms("2026-11-21T06:00:00.123456789+01:00"), 1795237200123LL);
	assert_int_equal(parse_rfc3339_ms("0001-01-01T00:00:00Z"), -1);
	assert_int_equal(parse_rfc3339_ms("rubbish"), -1);
	assert_int_equal(parse_rfc3339_ms(NULL), -1);
}

static void test_err(void **state)
{
	struct err e;
	assert_false(err_set(&e, ERR_REFUSED, "pi: it said \"%s\"", "\033[31mno\n"));
	assert_string_equal(e.text, "pi: it said \"no \"");
	assert_false(err_set(NULL, ERR_LOST, "x"));
}

static void test_secret(void **state)
{
	struct secret *s = secret_create("hunter2", 7);
	assert_string_equal(s->text, "hunter2");
	secret_destroy(s);
	secret_destroy(NULL);
}

/* What cJSON takes of the heap, with malloc's own share (glibc on 64 bits). */
static size_t taken;

static void *count_malloc(size_t n)
{
	size_t room = (n + 8 + 15) / 16 * 16;
	max_align_t *p = malloc(sizeof(*p) + n);
	memcpy(p, &room, sizeof(room));
	taken += room < 32 ? 32 : room;
	return p + 1;
}

static void count_free(void *what)
{
	max_align_t *p = what;
	size_t room;
	if (!p)
		return;
	memcpy(&room, --p, sizeof(room));
	taken -= room < 32 ? 32 : room;
	free(p);
}

static void json_is_counted_before_it_is_read(void **state)
{
	static const char *const texts[] = {
		"[]",
		"{}",
		"1",
		"[1,2,3,4,5]",
		"[[],[[]],{}]",
		"{\"a\":\"b\",\"c\":{\"d\":[\"\\\"\",\"\\\\\"]}}",
		"[\"a,b,[[[\",\"\\u00e4\\n\"]",
		" [ null , true , false , -1.5e9 ] ",
		"{\"a very long name of a member, over 32\":1}",
	};
	cJSON_InitHooks(&(cJSON_Hooks){ .malloc_fn = count_malloc, .free_fn = count_free });
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		taken = 0;
		cJSON *o = json_parse(texts[i], strlen(texts[i]));
		assert_non_null(o);
		assert_true(taken <= json_size(texts[i], strlen(texts[i])).tree);
		cJSON_Delete(o);
	}
	cJSON_InitHooks(NULL);
}

/* A text of n times what, in brackets. */
static char *repeated(const char *open, const char *what, size_t n, const char *close)
{
	struct buf b;
	buf_init(&b, 64u << 20);
	buf_puts(&b, open);
	for (size_t i = 0; i < n; i++)
		buf_puts(&b, what);
	buf_puts(&b, close);
	return buf_take(&b);
}

static void json_that_would_grow_is_refused_with_its_size(void **state)
{
	struct err err = { 0 };
	char *zeros = repeated("[", "0,", 4u << 20, "0]"), *deep = repeated("", "[", 200, ""),
	     *flat = repeated("[", "0,", 100000, "0]");
	assert_false(json_fits("pi: the answer to GET /x", zeros, strlen(zeros), &err));
	assert_int_equal(err.code, ERR_TOO_BIG);
	assert_string_equal(err.text, "pi: the answer to GET /x is 8193 KB that would take 320 MB "
	                              "to read; more than 32 MB are not read");
	assert_null(json_parse(zeros, strlen(zeros)));
	assert_false(json_fits("pi: it", deep, strlen(deep), &err));
	assert_string_equal(err.text,
	                    "pi: it has brackets nested 200 deep; more than 100 are not read");
	assert_null(json_parse(deep, strlen(deep)));
	cJSON *o = json_parse(flat, strlen(flat));
	assert_int_equal(cJSON_GetArraySize(o), 100001);
	cJSON_Delete(o);
	assert_int_equal(json_count(flat, strlen(flat)), 100001);
	assert_int_equal(json_count(zeros, strlen(zeros)), (4 << 20) + 1);
	free(zeros);
	free(deep);
	free(flat);
}

static void json_is_found_in_pieces(void **state)
{
	static const struct {
		const char *text;
		long n;
	} counts[] = {
		{ "[]", 0 },          { " [ ] ", 0 },
		{ "[1]", 1 },         { "[{\"a\":[1,2]},\"],[\",[],null]", 4 },
		{ "[1,2", -1 },       { "[1,]", -1 },
		{ "[,1]", -1 },       { "[1 2]", 1 },
		{ "{}", -1 },         { "", -1 },
		{ "[\"x]", -1 },      { "[1]x", -1 },
		{ "[{\"a\":}]", -1 }, { "[[1}]", -1 },
	};
	static const char *const objects[][3] = {
		{ "{\"info\":{\"x\":1},\"messages\":[1,2]}", "messages", "[1,2]" },
		{ "{\"a\":\"}\",\"b\" : 12 }", "b", "12 " },
		{ "{\"a\":{\"b\":1}}", "b", NULL },
		{ "{\"a\":1", "a", "1" },
		{ "[\"a\",1]", "a", NULL },
		{ "{}", "a", NULL },
		{ "{\"a\"", "a", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		assert_int_equal(json_count(counts[i].text, strlen(counts[i].text)), counts[i].n);
	for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
		const char *at = NULL, *text = objects[i][0];
		size_t len = 0;
		bool found = json_member(text, strlen(text), objects[i][1], &at, &len);
		assert_int_equal(found, objects[i][2] != NULL);
		if (found) {
			assert_int_equal(len, strlen(objects[i][2]));
			assert_memory_equal(at, objects[i][2], len);
		}
	}
}

/* --- secrets ------------------------------------------------------------- */

/* What it held is not where it was, neither after it grew nor after it went; of an ordinary one it
 * is. */
static void test_secret_buffers(void **state)
{
	for (int secret = 0; secret < 2; secret++) {
		struct buf b = { .secret = secret };
		while (b.len < 800)
			assert_true(buf_puts(&b, "zq7word "));
		uintptr_t first = (uintptr_t)b.data;
		char *between = malloc(64); /* so that it cannot grow where it is */
		while (b.len < 3000)
			assert_true(buf_puts(&b, "zq7word "));
		uintptr_t second = (uintptr_t)b.data;
		assert_true(second == first || is_left_at(first, 800) == !secret);
		assert_int_equal(strlen(b.data), b.len);
		buf_finish(&b);
		assert_int_equal(is_left_at(second, 3000), !secret);
		assert_true(b.secret == secret && !b.data);
		free(between);
	}
}

static bool is_hidden(const char *value)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "key=%s;", value);
	secret_hide(text, (size_t)len);
	assert_true(!strncmp(text, "key=", 4) && text[len - 1] == ';');
	return strspn(text + 4, "*") == strlen(value);
}

/* The last 64 values are hidden. One that is told again takes no second place. */
static void test_known_secrets(void **state)
{
	enum { N = SECRETS_KNOWN };
	char values[N + 1][16];
	secret_know("abc", 3);
	assert_false(is_hidden("abc"));
	secret_know("abcd", 4);
	assert_true(is_hidden("abcd"));
	for (int i = 0; i <= N; i++)
		snprintf(values[i], sizeof(values[i]), "value%03d", i);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < N; i++)
			secret_know(values[i], strlen(values[i]));
	assert_false(is_hidden("abcd"));
	for (int i = 0; i < N; i++)
		assert_true(is_hidden(values[i]));
	secret_know(values[N], strlen(values[N]));
	assert_false(is_hidden(values[0]));
	for (int i = 1; i <= N; i++)
		assert_true(is_hidden(values[i]));
	char twice[] = "value001value001 value01";
	secret_hide(twice, sizeof(twice) - 1);
	assert_string_equal(twice, "**************** value01");
	/* one is part of another, or overlaps it */
	secret_know("hush", 4);
	secret_know("a-hush-b", 8);
	secret_know("b-rush", 6);
	char parts[] = "a-hush-b-rush c-hush-b";
	secret_hide(parts, sizeof(parts) - 1);
	assert_string_equal(parts, "************* c-****-b");
}

/* In a child, for it cannot be undone. */
/* Memory that was written stays, and so does what is constant. */
static void test_memory_that_is_given_back(void **state)
{
	static char written[70000] = { 1 };
	static const char constant[70000] = { 1, 2, 3 };
	(void)state;
	memset(written, 7, sizeof(written));
	char *own = malloc(70000);
	memset(own, 9, 70000);
	mem_give_back();
	for (size_t i = 0; i < sizeof(written); i++)
		assert_true(written[i] == 7 && own[i] == 9);
	assert_int_equal(constant[2], 3);
	assert_int_equal(constant[sizeof(constant) - 1], 0);
	free(own);
}

static void test_guard(void **state)
{
	pid_t pid = fork();
	if (!pid) {
		struct rlimit core = { 0 };
		unsetenv("MOCR_DUMPS");
		getrlimit(RLIMIT_CORE, &core);
		core.rlim_cur = core.rlim_max;
		setrlimit(RLIMIT_CORE, &core);
		guard_memory();
		struct rlimit now;
		getrlimit(RLIMIT_CORE, &now);
		int bad = prctl(PR_GET_DUMPABLE) != 0 || now.rlim_cur != 0;
		guard_lift();
		getrlimit(RLIMIT_CORE, &now);
		_exit(bad || now.rlim_cur != core.rlim_cur);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
#ifndef __SANITIZE_ADDRESS__
	assert_int_equal(status, 0);
#endif
}

static void numbers_that_do_not_fit_are_none(void **state)
{
	static const struct {
		double d;
		int64_t whole;
		int small;
	} doubles[] = {
		{ 0, 0, 0 },
		{ 1.9, 1, 1 },
		{ -1.9, -1, -1 },
		{ 2147483647, 2147483647, 2147483647 },
		{ 2147483648.0, 2147483648, -7 },
		{ -2147483648.0, -2147483648, INT32_MIN },
		{ 1e300, -7, -7 },
		{ -1e300, -7, -7 },
		{ 1.0 / 0.0, -7, -7 },
		{ 0.0 / 0.0, -7, -7 },
		{ 9007199254740992.0, 9007199254740992, -7 },
		{ 9.1e15, -7, -7 },
		{ 9223372036854775808.0, -7, -7 },
	};
	static const struct {
		const char *text;
		int64_t n;
		int small;
		int64_t seconds;
	} texts[] = {
		{ "12 x", 12, 12, 12 },
		{ "-3", -3, -3, -7 },
		{ "", 0, 0, -7 },
		{ "x", 0, 0, -7 },
		{ "2147483648", 2147483648, 0, 2147483648 },
		{ "9223372036854775807", 0, 0, -7 },
		{ "99999999999999999999999", 0, 0, -7 },
		{ "1e300", 1, 1, 1 },
		{ "nan", 0, 0, -7 },
		{ "253402300800", 253402300800, 0, -7 },
	};
	for (size_t i = 0; i < ARRAY_LEN(doubles); i++) {
		assert_int_equal(number_whole(doubles[i].d, -7), doubles[i].whole);
		assert_int_equal(number_small(doubles[i].d, -7), doubles[i].small);
	}
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(number_long(texts[i].text), texts[i].n);
		assert_int_equal(number_int(texts[i].text), texts[i].small);
		assert_int_equal(number_read(texts[i].text, 0, NUMBER_SECONDS, -7),
		                 texts[i].seconds);
	}
	assert_int_equal(number_long(NULL), 0);
}

static bool is_whole(const char *s)
{
	utf8proc_int32_t c;
	for (utf8proc_ssize_t n; *s; s += n)
		if ((n = utf8proc_iterate((const utf8proc_uint8_t *)s, -1, &c)) <= 0)
			return false;
	return true;
}

/* Any text, width and size: no byte beyond dst, the width as returned, whole characters. */
static void cuts_stay_in_their_bounds(void **state)
{
	static const char *const parts[] = { "a",
		                             " ",
		                             "\xc3\xa9",
		                             "e\xcc\x81",
		                             "\xe6\xbc\xa2",
		                             "\xf0\x9f\x98\x80",
		                             "\xe2\x80\xa6",
		                             "-" };
	static const char *const dots[] = { "\xe2\x80\xa6", "...", "" };
	unsigned seed = 7;
	for (int round = 0; round < 20000; round++) {
		char text[200] = "";
		for (int n = rand_r(&seed) % 24; n > 0; n--)
			strcat(text, parts[(unsigned)rand_r(&seed) % ARRAY_LEN(parts)]);
		size_t size = (unsigned)rand_r(&seed) % 40, width = (unsigned)rand_r(&seed) % 30;
		char *dst = malloc(size + 1);
		dst[size] = '#';
		size_t got = cells_cut(dst, size, text, width, (enum cut)(round & 1),
		                       dots[(unsigned)rand_r(&seed) % ARRAY_LEN(dots)]);
		assert_int_equal(dst[size], '#');
		assert_true(size ? memchr(dst, '\0', size) != NULL : got == 0);
		assert_int_equal(got, size ? cells(dst) : 0);
		assert_true(got <= width);
		assert_true(!size || is_whole(dst));
		free(dst);
		size_t most = (unsigned)rand_r(&seed) % 60 + 1;
		char *clean = wash_ndup(text, strlen(text), most);
		assert_true(strlen(clean) <= most);
		free(clean);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_stay_in_their_bounds),
		cmocka_unit_test(test_wash),
		cmocka_unit_test(test_wash_random),
		cmocka_unit_test(test_wash_bounds),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_buf),
		cmocka_unit_test(numbers_that_do_not_fit_are_none),
		cmocka_unit_test(json_is_counted_before_it_is_read),
		cmocka_unit_test(json_that_would_grow_is_refused_with_its_size),
		cmocka_unit_test(json_is_found_in_pieces),
		cmocka_unit_test(test_human),
		cmocka_unit_test(test_err),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_secret_buffers),
		cmocka_unit_test(test_known_secrets),
		cmocka_unit_test(test_memory_that_is_given_back),
		cmocka_unit_test(test_guard),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
