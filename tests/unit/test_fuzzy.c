/* Fuzzy words against names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tui/fuzzy.h"

static int score(const char *pattern, const char *text)
{
	struct fuzzy f;

	fuzzy_compile(&f, pattern);
	return fuzzy_match(&f, text, NULL);
}

static void test_matching(void **state)
{
	assert_true(score("", "anything"));
	assert_true(score("ngx", "nginx"));
	assert_true(score("vmet", "javisi_victoria-metrics"));
	assert_true(score("lite", "sese litellm healthy"));
	assert_false(score("xyz", "nginx"));
	assert_false(score("pi", "postgres is")); /* not across words */
	assert_true(score("sese lm", "sese litellm"));
	assert_false(score("sese pi", "sese litellm"));
	assert_true(score("NGINX", "NGINX"));
	assert_false(score("Nginx", "nginx"));
	assert_true(score("nginx", "NGINX"));
	assert_true(score("grösse", "GRÖSSE"));
	assert_true(score("日本", "x日本語"));
	assert_false(score("aaaa", "aaa"));
}

static void test_inversion(void **state)
{
	assert_false(score("!healthy", "n8n healthy"));
	assert_true(score("!healthy", "n8n exited"));
	assert_false(score("!healthy", "n8n unhealthy"));
	assert_true(score("n8n !exited", "n8n healthy"));
	assert_true(score("!", "anything")); /* a word that is still being typed */
	assert_true(score("!!", "anything"));
}

static void test_better_first(void **state)
{
	assert_true(score("web", "web-1") > score("web", "cobweb"));
	assert_true(score("web", "cobweb") > score("web", "w-e-b"));
	assert_true(score("vm", "victoria-metrics") > score("vm", "xvxxxxmx"));
}

static void test_hits(void **state)
{
	struct fuzzy f;
	struct fuzzy_hits h;

	fuzzy_compile(&f, "lite sese");
	assert_true(fuzzy_match(&f, "sese/container/litellm", &h));
	assert_int_equal(h.n, 2);
	assert_int_equal(h.hit[0].at, 0);
	assert_int_equal(h.hit[0].len, 4);
	assert_int_equal(h.hit[1].at, 15);
	fuzzy_compile(&f, "nx");
	assert_true(fuzzy_match(&f, "üngix", &h));
	assert_int_equal(h.n, 2);
	assert_int_equal(h.hit[0].at, 2); /* bytes */
	fuzzy_compile(&f, "lite nothere");
	fuzzy_marks(&f, "litellm", &h);
	assert_int_equal(h.n, 1);
	fuzzy_compile(&f, "ab bc");
	assert_true(fuzzy_match(&f, "abc", &h));
	assert_int_equal(h.n, 1); /* overlapping hits become one */
	assert_int_equal(h.hit[0].len, 3);
}

static void test_text_find(void **state)
{
	size_t len;

	assert_int_equal(text_find("an Error here", 0, "error", true, &len), 3);
	assert_int_equal(len, 5);
	assert_int_equal(text_find("an Error here", 0, "error", false, &len), -1);
	assert_int_equal(text_find("aXa", 1, "a", false, &len), 2);
	assert_int_equal(text_find("GRÖSSE", 0, "ösS", true, &len), 2);
	assert_int_equal(text_find("abc", 0, "abcd", true, &len), -1);
	assert_int_equal(text_find("abc", 0, "", true, &len), -1);
	assert_true(text_has_upper("aB"));
	assert_false(text_has_upper("ab日"));
}

static void test_bounds(void **state)
{
	char big[10000];
	struct fuzzy f;
	struct fuzzy_hits h;

	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	fuzzy_compile(&f, big);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.words[0].n, FUZZY_WORD_MAX);
	assert_true(fuzzy_match(&f, big, &h));
	fuzzy_compile(&f, "a b c d e f g h i j k l m");
	assert_int_equal(f.n, FUZZY_WORDS);
	fuzzy_compile(&f, "\xff\xfe");
	assert_false(fuzzy_match(&f, "abc", &h));
	fuzzy_compile(&f, NULL);
	assert_true(fuzzy_empty(&f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matching),     cmocka_unit_test(test_inversion),
		cmocka_unit_test(test_better_first), cmocka_unit_test(test_hits),
		cmocka_unit_test(test_text_find),    cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
