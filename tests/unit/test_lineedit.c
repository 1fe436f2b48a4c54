/* A line being typed: keys in, text out; history, completion, secrets, pasting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tui/lineedit.h"

/* Types key names separated by spaces; returns what the last one gave. */
static enum lineedit_result type(struct lineedit *e, const char *names)
{
	enum lineedit_result r = LINEEDIT_IGNORED;
	char *copy = strdup(names), *save = NULL;

	for (char *n = strtok_r(copy, " ", &save); n; n = strtok_r(NULL, " ", &save)) {
		struct key k;
		assert_true(key_parse(n, &k));
		r = lineedit_key(e, &k);
	}
	free(copy);
	return r;
}

static struct lineedit *plain(const char *text)
{
	struct lineedit_config c = { .prompt = ":", .text = text };

	return lineedit_create(&c);
}

static void test_editing(void **state)
{
	static const struct {
		const char *text, *keys, *result;
	} cases[] = {
		{ "", "a b c", "abc" },
		{ "abc", "C-a x", "xabc" },
		{ "abc", "Left Left x", "axbc" },
		{ "abc", "C-b C-d", "ab" },
		{ "abc", "Backspace", "ab" },
		{ "abc", "C-a Del", "bc" },
		{ "one two", "C-w", "one " },
		{ "one two", "C-u", "" },
		{ "one two", "C-a C-k", "" },
		{ "one two", "C-a M-f C-k", "one" },
		{ "one two", "M-b M-d", "one " },
		{ "one two", "C-w C-a C-y", "twoone " },
		{ "ab", "C-t", "ba" },
		{ "aé", "Backspace", "a" },
		{ "日本", "C-b x", "日x本" },
		{ "é日", "C-t", "日é" },
		{ "e\xcc\x81x", "Left Backspace", "x" },
		{ "a.b/c", "M-Backspace", "a.b/" },
		{ "abc", "Home Right x End y", "axbcy" },
		{ "x", "Space ü", "x ü" },
		{ "abc", "C-Left X", "Xabc" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lineedit *e = plain(cases[i].text);
		type(e, cases[i].keys);
		assert_string_equal(lineedit_text(e), cases[i].result);
		lineedit_destroy(e);
	}
}

static void test_results(void **state)
{
	struct lineedit *e = plain("");

	assert_int_equal(type(e, "F5"), LINEEDIT_IGNORED);
	assert_int_equal(type(e, "Tab"), LINEEDIT_IGNORED);
	assert_int_equal(type(e, "a"), LINEEDIT_CHANGED);
	assert_int_equal(type(e, "Left"), LINEEDIT_MOVED);
	assert_int_equal(type(e, "Enter"), LINEEDIT_DONE);
	assert_int_equal(type(e, "Esc"), LINEEDIT_CANCELLED);
	assert_int_equal(type(e, "C-g"), LINEEDIT_CANCELLED);
	assert_int_equal(type(e, "C-u"), LINEEDIT_MOVED);
	assert_int_equal(type(e, "Del"), LINEEDIT_CHANGED);
	assert_int_equal(type(e, "Backspace"), LINEEDIT_CANCELLED);
	lineedit_destroy(e);
	lineedit_destroy(NULL);
}

static void test_paste(void **state)
{
	struct lineedit *e = plain("ab");
	struct key k = { .code = K_PASTE, .paste = "x\ny\033[31m\tz\n", .paste_len = 11 };

	type(e, "Left");
	assert_int_equal(lineedit_key(e, &k), LINEEDIT_CHANGED);
	assert_string_equal(lineedit_text(e), "ax y zb");
	lineedit_destroy(e);
}

static void test_max(void **state)
{
	struct lineedit_config c = { .max = 5 };
	struct lineedit *e = lineedit_create(&c);

	type(e, "a b c d é x");
	/* é takes two bytes, which are not there */
	assert_string_equal(lineedit_text(e), "abcdx");
	type(e, "y");
	assert_string_equal(lineedit_text(e), "abcdx");
	lineedit_set(e, "日本");
	assert_string_equal(lineedit_text(e), "日");
	lineedit_destroy(e);
}

static void test_history(void **state)
{
	struct history *h = history_create(3);
	struct lineedit_config c = { .prompt = ":", .history = h };
	struct lineedit *e;

	history_add(h, "one");
	history_add(h, "two");
	history_add(h, "one");
	history_add(h, "");
	history_add(h, " hidden");
	assert_int_equal(history_count(h), 2);
	assert_string_equal(history_get(h, 0), "one");
	history_add(h, "three");
	history_add(h, "four");
	assert_int_equal(history_count(h), 3);
	assert_null(history_get(h, 3));

	e = lineedit_create(&c);
	type(e, "t");
	type(e, "Up");
	assert_string_equal(lineedit_text(e), "three"); /* the newest that starts with t */
	type(e, "Up");
	assert_string_equal(lineedit_text(e), "three"); /* there is no other */
	type(e, "Down");
	assert_string_equal(lineedit_text(e), "t");
	type(e, "C-u Up Up");
	assert_string_equal(lineedit_text(e), "three");
	type(e, "x Enter");
	assert_string_equal(history_get(h, 0), "threex");
	lineedit_destroy(e);
	history_destroy(h);
}

static void test_history_file(void **state)
{
	char path[] = "/tmp/mocr-history-XXXXXX";
	struct history *h = history_create(10), *again = history_create(10);
	struct stat st;
	int fd = mkstemp(path);
	FILE *f;

	close(fd);
	history_add(h, "connect sese");
	history_add(h, "größe");
	assert_true(history_save(h, path, NULL));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(history_load(again, path));
	assert_int_equal(history_count(again), 2);
	assert_string_equal(history_get(again, 0), "größe");
	f = fopen(path, "ae");
	fputs("evil\033]52;c;AAAA\007\n", f);
	fclose(f);
	assert_true(history_load(again, path));
	assert_string_equal(history_get(again, 0), "evil");
	unlink(path);
	assert_true(history_load(again, path)); /* a missing file is no fault */
	assert_false(history_save(h, "/dev/null/history", NULL));
	history_destroy(h);
	history_destroy(again);
}

static void complete(struct completion *c, const char *text, size_t cursor, void *arg)
{
	static const char *const words[] = { "connect", "containers", "config", "quit" };
	size_t start = cursor;

	while (start > 0 && text[start - 1] != ' ')
		start--;
	for (size_t i = 0; i < 4; i++)
		if (!strncmp(words[i], text + start, cursor - start))
			completion_add(c, words[i], NULL);
}

static void test_completion(void **state)
{
	struct lineedit_config c = { .complete = complete };
	struct lineedit *e = lineedit_create(&c);

	type(e, "q Tab");
	assert_string_equal(lineedit_text(e), "quit ");
	assert_int_equal(lineedit_list_rows(e, 10), 0);
	type(e, "c Tab");
	assert_string_equal(lineedit_text(e), "quit con"); /* what they share */
	assert_int_equal(lineedit_list_rows(e, 10), 3);
	assert_int_equal(lineedit_list_rows(e, 2), 2);
	type(e, "Tab");
	assert_string_equal(lineedit_text(e), "quit connect");
	type(e, "Tab Tab");
	assert_string_equal(lineedit_text(e), "quit config");
	type(e, "S-Tab");
	assert_string_equal(lineedit_text(e), "quit containers");
	assert_int_equal(type(e, "Esc"), LINEEDIT_CHANGED); /* closes the list alone */
	assert_string_equal(lineedit_text(e), "quit con");
	assert_int_equal(lineedit_list_rows(e, 10), 0);
	type(e, "Tab");
	assert_int_equal(lineedit_list_rows(e, 10), 3);
	assert_int_equal(type(e, "Esc"), LINEEDIT_CANCELLED); /* no word was chosen */
	lineedit_set(e, "quit con");
	type(e, "Tab Tab x");
	assert_string_equal(lineedit_text(e), "quit connectx");
	assert_int_equal(lineedit_list_rows(e, 10), 0);
	type(e, "C-u z Tab");
	assert_string_equal(lineedit_text(e), "z");
	/* In the middle of a line. */
	lineedit_set(e, "q x");
	type(e, "C-a Right Tab");
	assert_string_equal(lineedit_text(e), "quit x");
	lineedit_destroy(e);
}

/* Where no word begins so, fragments find it. The best comes first; what begins so wins. */
static void test_fragments(void **state)
{
	struct lineedit_config c = { .complete = complete, .by_fragments = true };
	struct lineedit *e = lineedit_create(&c);

	type(e, "t a i Tab");
	assert_string_equal(lineedit_text(e), "containers ");
	type(e, "C-u Space u i t Tab");
	assert_string_equal(lineedit_text(e), " quit ");
	type(e, "C-u o n Tab");
	assert_string_equal(lineedit_text(e), "con"); /* what they share */
	assert_int_equal(lineedit_list_rows(e, 10), 3);
	/* letters together are better than letters apart; as good ones are in the order of names */
	type(e, "C-u n t Tab Tab");
	assert_string_equal(lineedit_text(e), "containers");
	type(e, "C-u n f Tab Tab");
	assert_string_equal(lineedit_text(e), "config ");
	type(e, "C-u z z Tab");
	assert_string_equal(lineedit_text(e), "zz");
	assert_int_equal(lineedit_list_rows(e, 10), 0);
	lineedit_set(e, "q ai x");
	type(e, "C-a M-f M-f Tab");
	assert_string_equal(lineedit_text(e), "q containers x");
	lineedit_destroy(e);
	c.by_fragments = false;
	e = lineedit_create(&c);
	type(e, "t a i Tab");
	assert_string_equal(lineedit_text(e), "tai");
	lineedit_destroy(e);
}

static void test_secret(void **state)
{
	struct history *h = history_create(3);
	struct lineedit_config c = { .secret = true, .history = h, .complete = complete };
	struct lineedit *e = lineedit_create(&c);
	struct key k = { .code = K_PASTE, .paste = "\npa ss\n", .paste_len = 7 };
	struct secret *s;

	type(e, "x");
	lineedit_key(e, &k);
	assert_string_equal(lineedit_text(e), "xpa ss");
	type(e, "C-a M-f y");
	/* word keys do not show where words are */
	assert_string_equal(lineedit_text(e), "xpa ssy");
	assert_int_equal(type(e, "Tab"), LINEEDIT_IGNORED);
	assert_int_equal(type(e, "Up"), LINEEDIT_IGNORED);
	s = lineedit_secret(e);
	assert_int_equal(s->len, 7);
	assert_memory_equal(s->text, "xpa ssy", 8);
	secret_destroy(s);
	type(e, "C-u C-y");
	assert_string_equal(lineedit_text(e), ""); /* nothing of it was kept aside */
	assert_int_equal(type(e, "Enter"), LINEEDIT_DONE);
	assert_int_equal(history_count(h), 0);
	lineedit_destroy(e);
	history_destroy(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_editing),    cmocka_unit_test(test_results),
		cmocka_unit_test(test_paste),      cmocka_unit_test(test_max),
		cmocka_unit_test(test_history),    cmocka_unit_test(test_history_file),
		cmocka_unit_test(test_completion), cmocka_unit_test(test_secret),
		cmocka_unit_test(test_fragments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
