/* What a program did to the terminal is known, can be done again, and is undone, however its bytes
 * are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tui/attach.h"
#include "tui/attach_modes.h"

/* Feeds in pieces of size step; what may be shown again is checked against again, the restoring
 * bytes against restore. */
static void check(const char *in, size_t step, const char *again, const char *restore)
{
	struct modes m = { .n = 0 };
	struct buf b, r;
	size_t len = strlen(in);

	buf_init(&b, 0);
	buf_init(&r, 0);
	buf_puts(&b, "");
	buf_puts(&r, "");
	for (size_t i = 0; i < len; i += step)
		modes_feed(&m, in + i, len - i < step ? len - i : step, &b);
	modes_restore(&m, &r);
	assert_string_equal(b.len ? b.data : "", again);
	assert_string_equal(r.len ? r.data : "", restore);
	buf_finish(&b);
	buf_finish(&r);
}

static void test_modes(void **state)
{
	static const struct {
		const char *in, *again, *restore;
	} cases[] = {
		{ "plain ü\r\n", "plain ü\r\n", "" },
		{ "\033[1;31mred\033[m", "\033[1;31mred\033[m", "" },
		{ "a\033[?1049h\033[?1hb", "ab", "\033[?1h\033[?1049h" },
		{ "a\033[?1049h\033[?47lb", "ab", "" }, /* one screen by two names */
		{ "\033[?1000;1006;2004h", "", "\033[?1000h\033[?1006h\033[?2004h" },
		{ "\033[?25lx\033[?25h", "x", "" },
		{ "\033[?25l", "", "\033[?25l" },
		{ "\033=", "", "\033=" },
		{ "\033=\033>", "", "" },
		{ "\033[?1h\033cx", "\033cx", "" },
		/* Questions, whose answers would come as typing. */
		{ "a\033[cb\033[>cc\033[6nd", "abcd", "" },
		{ "a\033[?1$pb", "ab", "" },
		{ "a\033Zb", "ab", "" },
		{ "a\005b", "ab", "" },
		{ "a\033]11;?\007b\033]0;title\033\\c", "abc", "" },
		{ "a\033P+q544e\033\\b", "ab", "" },
		{ "a\033[>qb", "ab", "" },
		{ "a\033[21tb", "ab", "" },
		/* The same by C1 controls, which a terminal of UTF-8 obeys too. */
		{ "a\xc2\x9b"
		  "6nb",
		  "ab", "" },
		{ "a\xc2\x9d"
		  "52;c;cHduZWQ=\ab\xc2\x9d"
		  "0;t\xc2\x9c"
		  "c",
		  "abc", "" },
		{ "a\xc2\x9a"
		  "b",
		  "ab", "" },
		{ "a\xc2\x90+q54\033\\b", "ab", "" },
		{ "\xc2\x9b"
		  "31mr",
		  "\033[31mr", "" },
		{ "\xc2\x9b?25l", "", "\033[?25l" },
		{ "\033]52;c;\xc2\x9b"
		  "6n\ab",
		  "b", "" },
		{ "a\033[3\xc2\x9b"
		  "6nb",
		  "ab", "" },
		{ "\xc2\xa0\xc2\xb5", "\xc2\xa0\xc2\xb5", "" },
		/* Halves that would meet. */
		{ "a\xc2\030\x9b"
		  "6n",
		  "a\030\x9b"
		  "6n",
		  "" },
		{ "a\xc2\005\x9b"
		  "6n",
		  "a\x9b"
		  "6n",
		  "" },
		{ "a\xc2\033[6n\x9b"
		  "6n",
		  "a\x9b"
		  "6n",
		  "" },
		/* Character sets, cursor movement: these draw. */
		{ "\033(0x\033(B\033[3;4H\033[K\0337", "\033(0x\033(B\033[3;4H\033[K\0337", "" },
		/* Broken off. */
		{ "a\033[1;3\030b", "ab", "" },
		{ "a\033[1;\033[mb", "a\033[mb", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t step = 1; step < 20; step += 3)
			check(cases[i].in, step, cases[i].again, cases[i].restore);
}

static void test_endless(void **state)
{
	struct modes m = { .n = 0 };
	struct buf b;
	char big[5000];

	buf_init(&b, 0);
	memset(big, '1', sizeof(big));
	modes_feed(&m, "\033[", 2, &b);
	modes_feed(&m, big, sizeof(big), &b);
	modes_feed(&m, "mx", 2, &b);
	assert_int_equal(b.len, 1); /* too long to be shown again, and over */
	modes_feed(&m, "\033]0;", 4, &b);
	modes_feed(&m, big, sizeof(big), &b);
	modes_feed(&m, "\007y", 2, &b);
	assert_int_equal(b.len, 2);
	buf_finish(&b);
}

static void test_reset(void **state)
{
	struct modes m = { .n = 0 };
	struct buf b;

	buf_init(&b, 0);
	modes_reset(&m, &b);
	assert_non_null(strstr(b.data, "\033[?1000l"));
	assert_non_null(strstr(b.data, "\033[?2004l"));
	assert_non_null(strstr(b.data, "\033[?25h"));
	assert_non_null(strstr(b.data, "\033[r"));
	/* was never there: it would move the cursor */
	assert_null(strstr(b.data, "1049"));
	buf_clear(&b);
	modes_feed(&m, "\033[?1049h\033[>1u\033[2 q", 18, NULL);
	assert_true(modes_alt_screen(&m));
	modes_reset(&m, &b);
	assert_non_null(strstr(b.data, "\033[?1049l"));
	assert_non_null(strstr(b.data, "\033[=0;1u"));
	assert_non_null(strstr(b.data, "\033[0 q"));
	buf_finish(&b);
}

static void test_rubbish(void **state)
{
	unsigned seed = 3;

	for (int round = 0; round < 3000; round++) {
		struct modes m = { .n = 0 };
		struct buf b;
		char bytes[200];
		buf_init(&b, 0);
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] =
				(char)(rand_r(&seed) % 2
			                       ? "\033[?]0;149hlmP\\\007\030c"[rand_r(&seed) % 17]
			                       : rand_r(&seed));
		modes_feed(&m, bytes, sizeof(bytes), &b);
		assert_true(b.len <= sizeof(bytes));
		modes_restore(&m, &b);
		modes_reset(&m, &b);
		buf_finish(&b);
	}
}

static void test_term(void **state)
{
	setenv("TERM", "xterm-kitty", 1);
	assert_string_equal(attach_term(), "xterm-256color");
	setenv("TERM", "tmux-256color", 1);
	assert_string_equal(attach_term(), "tmux-256color");
	unsetenv("TERM");
	assert_string_equal(attach_term(), "xterm-256color");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes), cmocka_unit_test(test_endless),
		cmocka_unit_test(test_reset), cmocka_unit_test(test_rubbish),
		cmocka_unit_test(test_term),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
