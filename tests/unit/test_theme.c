/* Themes: the compiled-in copies are the files, mistakes are told with their line, colours are
 * reduced well. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tui/theme.h"

static void test_files_are_builtin(void **state)
{
	for (size_t i = 0; theme_names[i]; i++) {
		char path[128], text[16384];
		FILE *f;
		size_t n;
		snprintf(path, sizeof(path), "themes/%s", theme_names[i]);
		f = fopen(path, "re");
		if (!f)
			fail_msg("%s: run the tests from the top of the source", path);
		n = fread(text, 1, sizeof(text) - 1, f);
		text[n] = 0;
		fclose(f);
		assert_string_equal(text, theme_builtin(theme_names[i]));
	}
}

static bool is_builtin(const char *name)
{
	for (size_t i = 0; theme_names[i]; i++)
		if (strcmp(theme_names[i], name) == 0)
			return true;
	return false;
}

/* A new file is compiled in by being there. */
static void test_every_file_is_builtin(void **state)
{
	DIR *dir = opendir("themes");
	const struct dirent *e;
	assert_non_null(dir);
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.' && !is_builtin(e->d_name))
			fail_msg("themes/%s is not compiled in", e->d_name);
	closedir(dir);
	assert_string_equal(theme_names[0], "default");
}

static void test_every_tone_is_named(void **state)
{
	for (size_t i = 0; theme_names[i]; i++)
		for (int t = 0; t < TONE_COUNT; t++) {
			char line[64];
			snprintf(line, sizeof(line), "\n%s ", tone_name((enum tone)t));
			assert_non_null(strstr(theme_builtin(theme_names[i]), line));
		}
}

static void test_load(void **state)
{
	struct theme t;
	char why[256] = "";

	assert_true(theme_load(&t, "default", why, sizeof(why)));
	assert_int_equal(t.styles[TONE_BAD].fg.value, 1);
	assert_true(t.styles[TONE_BAD].attrs & STYLE_BOLD);
	assert_false(theme_has_rgb(&t));
	assert_true(theme_load(&t, "dark", why, sizeof(why)));
	assert_true(theme_has_rgb(&t));
	assert_true(theme_load(&t, NULL, why, sizeof(why)));
	assert_false(theme_load(&t, "nosuch", why, sizeof(why)));
	assert_non_null(strstr(why, "nosuch"));
	assert_false(theme_load(&t, "../../etc/passwd", why, sizeof(why)));
	assert_false(theme_load(&t, ".hidden", why, sizeof(why)));
}

static void test_own_file(void **state)
{
	char dir[] = "/tmp/mocr-theme-XXXXXX", path[256], why[256] = "";
	struct theme t;
	FILE *f;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "mkdir -p %s/mocr/themes", dir);
	assert_int_equal(system(path), 0);
	snprintf(path, sizeof(path), "%s/mocr/themes/mine", dir);
	f = fopen(path, "we");
	fputs("# mine\nbad #ff0000 17 underline,bold\n", f);
	fclose(f);
	setenv("XDG_CONFIG_HOME", dir, 1);
	assert_true(theme_load(&t, "mine", why, sizeof(why)));
	assert_int_equal(t.styles[TONE_BAD].fg.value, 0xff0000);
	assert_int_equal(t.styles[TONE_BAD].bg.value, 17);
	assert_int_equal(t.styles[TONE_GOOD].fg.value, 2); /* the rest as in default */
	f = fopen(path, "we");
	fputs("bad red\nbda red\n", f);
	fclose(f);
	assert_false(theme_load(&t, "mine", why, sizeof(why)));
	assert_non_null(strstr(why, "mine:2"));
	assert_int_equal(t.styles[TONE_BAD].fg.value, 0xff0000); /* nothing was changed */
	snprintf(path, sizeof(path), "rm -r %s", dir);
	assert_int_equal(system(path), 0);
}

static void test_mistakes(void **state)
{
	static const char *const wrong[] = {
		"bad reddish", "bad 256",        "bad #12345",
		"bad #12345g", "bad red - loud", "bad red - bold dim extra",
		"nosuch red",
	};
	struct theme t = { .name = "" };
	char why[256];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		*why = 0;
		assert_false(theme_parse(&t, wrong[i], "f", why, sizeof(why)));
		assert_memory_equal(why, "f:1: ", 5);
	}
	assert_true(theme_parse(&t, "", "f", why, sizeof(why)));
	assert_true(theme_parse(&t, "\n\n  # x\nbad\n", "f", why, sizeof(why)));
}

static int reduced(const char *word, int colors, bool *bold)
{
	struct color c;

	assert_true(color_parse(word, &c));
	return color_reduce(&c, colors, bold);
}

static void test_reduction(void **state)
{
	bool bold;

	assert_int_equal(reduced("-", 256, &bold), -1);
	assert_int_equal(reduced("red", 8, &bold), 1);
	assert_false(bold);
	assert_int_equal(reduced("brightred", 8, &bold), 1);
	assert_true(bold);
	assert_int_equal(reduced("brightred", 16, &bold), 9);
	assert_false(bold);
	assert_int_equal(reduced("196", 256, &bold), 196);
	assert_int_equal(reduced("196", 16, &bold), 9);
	assert_int_equal(reduced("#ff0000", 256, &bold), 196);
	assert_int_equal(reduced("#808080", 256, &bold), 244);
	assert_int_equal(reduced("#ff8700", 1 << 24, &bold), 0xff8700);
	assert_int_equal(reduced("red", 1 << 24, &bold), 1);
	assert_int_equal(reduced("brightblack", 1 << 24, &bold), 0x7f7f7f);
	assert_int_equal(reduced("red", 0, &bold), -1);
}

/* A soft red is a red, not the grey that is nearest to it; a grey is no colour; what is dim can
 * still be read. */
static void test_few_colours_keep_the_hue(void **state)
{
	static const struct {
		const char *word;
		int of16, of8;
		bool bold;
	} cases[] = {
		{ "#f07070", 9, 1, true },  { "#8fbf7f", 2, 2, false }, { "#7fb8d8", 6, 6, false },
		{ "#e0b060", 11, 3, true }, { "#d090e8", 13, 5, true }, { "#30405a", 4, 4, false },
		{ "#16181d", 0, 0, false }, { "#7a8290", 8, 7, false }, { "#c8ccd4", 7, 7, false },
		{ "#ffffff", 15, 7, true }, { "#404854", 8, 7, false }, { "52", 1, 1, false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool bold;
		assert_int_equal(reduced(cases[i].word, 16, &bold), cases[i].of16);
		assert_int_equal(reduced(cases[i].word, 8, &bold), cases[i].of8);
		assert_int_equal(bold, cases[i].bold);
	}
	/* grounds: what is written on them is light */
	assert_int_equal(reduced("#2e3440", 16, NULL), 0);
	assert_int_equal(reduced("#2e3440", 8, NULL), 0);
	assert_int_equal(reduced("238", 8, NULL), 0);
	assert_int_equal(reduced("#6c7078", 8, NULL), 0);
	assert_int_equal(reduced("#6c7078", 16, NULL), 8);
	assert_int_equal(reduced("#d8dee9", 8, NULL), 7);
}

static void test_a_complaint_is_washed(void **state)
{
	struct theme t = { 0 };
	char why[200];
	assert_false(theme_parse(&t, "n\033[31m\xff\xff red\n", "x", why, sizeof(why)));
	assert_non_null(strstr(why, "\"n\xEF\xBF\xBD\xEF\xBF\xBD\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_are_builtin),
		cmocka_unit_test(test_every_file_is_builtin),
		cmocka_unit_test(test_every_tone_is_named),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_own_file),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_reduction),
		cmocka_unit_test(test_few_colours_keep_the_hue),
		cmocka_unit_test(test_a_complaint_is_washed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
