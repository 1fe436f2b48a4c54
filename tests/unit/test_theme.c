/* Themes: the compiled-in copies are the files, mistakes are told with their line, colours are
 * reduced well. */
#include <dirent.h>
#include <math.h>
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

/* --- what can be read ---------------------------------------------------- */

/* Relative luminance and contrast by WCAG 2.1, section 1.4.3. */
static double linear(unsigned byte)
{
	double c = byte / 255.0;
	return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static void linear_of(unsigned rgb, double out[3])
{
	for (int i = 0; i < 3; i++)
		out[i] = linear(rgb >> (16 - 8 * i) & 0xff);
}

static double contrast(unsigned a, unsigned b)
{
	double x[3], y[3];
	linear_of(a, x);
	linear_of(b, y);
	double light = 0.2126 * x[0] + 0.7152 * x[1] + 0.0722 * x[2] + 0.05;
	double other = 0.2126 * y[0] + 0.7152 * y[1] + 0.0722 * y[2] + 0.05;
	return light > other ? light / other : other / light;
}

static double lab_part(double t)
{
	return t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116;
}

/* CIE L*a*b*, white point D65, of linear red, green and blue. */
static void lab_of(const double c[3], double out[3])
{
	double x = lab_part((0.4124 * c[0] + 0.3576 * c[1] + 0.1805 * c[2]) / 0.95047);
	double y = lab_part(0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]);
	double z = lab_part((0.0193 * c[0] + 0.1192 * c[1] + 0.9505 * c[2]) / 1.08883);
	out[0] = 116 * y - 16;
	out[1] = 500 * (x - y);
	out[2] = 200 * (y - z);
}

/* Protanopia, deuteranopia and tritanopia by Machado, Oliveira and Fernandes (2009), severity 1. */
static const double blindness[3][3][3] = {
	{ { 0.152286, 1.052583, -0.204868 },
	  { 0.114503, 0.786281, 0.099216 },
	  { -0.003882, -0.048116, 1.051998 } },
	{ { 0.367322, 0.860646, -0.227968 },
	  { 0.280085, 0.672501, 0.047413 },
	  { -0.011820, 0.042940, 0.968881 } },
	{ { 1.255528, -0.076749, -0.178779 },
	  { -0.078411, 0.930809, 0.147602 },
	  { 0.004733, 0.691367, 0.303900 } },
};

/* How far apart two colours are for such an eye; about 2 is just seen side by side. */
static double distance_for(const double eye[3][3], unsigned a, unsigned b)
{
	const unsigned both[2] = { a, b };
	double lab[2][3], sum = 0;
	for (int k = 0; k < 2; k++) {
		double c[3], seen[3];
		linear_of(both[k], c);
		for (int i = 0; i < 3; i++) {
			seen[i] = eye[i][0] * c[0] + eye[i][1] * c[1] + eye[i][2] * c[2];
			seen[i] = fmin(1, fmax(0, seen[i]));
		}
		lab_of(seen, lab[k]);
	}
	for (int i = 0; i < 3; i++)
		sum += (lab[0][i] - lab[1][i]) * (lab[0][i] - lab[1][i]);
	return sqrt(sum);
}

/* Every text of a theme with colours of its own stands out from its ground. */
static void test_every_text_can_be_read(void **state)
{
	unsigned looked = 0;
	for (size_t i = 0; theme_names[i]; i++) {
		struct theme t;
		char why[256];
		assert_true(theme_load(&t, theme_names[i], why, sizeof(why)));
		for (int tone = 0; tone < TONE_COUNT; tone++) {
			const struct style *s = &t.styles[tone];
			if (tone == TONE_BORDER || s->fg.kind != COLOR_RGB)
				continue;
			assert_int_equal(s->bg.kind, COLOR_RGB);
			looked++;
			if (contrast(s->fg.value, s->bg.value) < 4.5)
				fail_msg("%s: %s has a contrast of %.2f", theme_names[i],
				         tone_name((enum tone)tone),
				         contrast(s->fg.value, s->bg.value));
		}
	}
	assert_true(looked > 200);
}

/* Well, look, failed and asks differ for every eye, in each theme with colours of its own. */
static void test_states_differ_for_every_eye(void **state)
{
	static const enum tone states[] = { TONE_GOOD, TONE_WARN, TONE_BAD, TONE_ASKS };
	for (size_t i = 0; theme_names[i]; i++) {
		struct theme t;
		char why[256];
		assert_true(theme_load(&t, theme_names[i], why, sizeof(why)));
		for (int a = 0; a < 4 && t.styles[TONE_GOOD].fg.kind == COLOR_RGB; a++)
			for (int b = a + 1; b < 4; b++)
				for (int eye = 0; eye < 3; eye++) {
					double d = distance_for(blindness[eye],
					                        t.styles[states[a]].fg.value,
					                        t.styles[states[b]].fg.value);
					if (d < 10)
						fail_msg("%s: %s and %s are %.1f apart for eye %d",
						         theme_names[i], tone_name(states[a]),
						         tone_name(states[b]), d, eye);
				}
	}
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
		cmocka_unit_test(test_every_text_can_be_read),
		cmocka_unit_test(test_states_differ_for_every_eye),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
