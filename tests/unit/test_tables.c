/* Whole classes of input against what is written of them. Every character of Unicode goes through
 * the wash. Every unit of a figure and every key of the settings is tried at its bounds. So is
 * every sequence of a key, every word of a level, every sign of a secret. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <utf8proc.h>

#include "backends/base/human.h"
#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"
#include "backends/containers/judge.h"
#include "backends/store/doc.h"
#include "backends/store/level.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"
#include "tui/keys.h"

/* --- the wash ------------------------------------------------------------ */

/* What wash.h says of a character between two letters: "" is dropped, " " a space, "=" kept.
 * Sequences are another test's. */
static const char *fate_of(int32_t c)
{
	static const int32_t no_agreed_width[] = { 0x034f, 0x115f, 0x1160, 0x3164, 0xffa0 };
	for (size_t i = 0; i < ARRAY_LEN(no_agreed_width); i++)
		if (c == no_agreed_width[i])
			return "";
	if ((c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0000 && c <= 0xe0fff))
		return ""; /* variation selectors, tags */
	const char *category = utf8proc_category_string(c);
	if (!strcmp(category, "Cc") || !strcmp(category, "Cf") || !strcmp(category, "Cs") ||
	    !strcmp(category, "Co") || !strcmp(category, "Cn"))
		return "";
	if (category[0] == 'Z')
		return " ";
	if (!strcmp(category, "Mn") || !strcmp(category, "Me"))
		return "=";
	return utf8proc_charwidth(c) > 0 ? "=" : "";
}

static void check_char(int32_t c)
{
	char text[16] = "a", out[16], expected[16] = "a";
	utf8proc_ssize_t n = utf8proc_encode_char(c, (utf8proc_uint8_t *)text + 1);
	text[1 + n] = 'b';
	const char *fate = fate_of(c);
	size_t len = 1;
	if (*fate == '=') {
		memcpy(expected + len, text + 1, (size_t)n);
		len += (size_t)n;
	} else if (*fate) {
		expected[len++] = *fate;
	}
	expected[len] = 'b';
	wash(out, sizeof(out), text, (size_t)n + 2);
	if (strcmp(out, expected) != 0)
		fail_msg("U+%04X (%s) became \"%s\", not \"%s\"", (unsigned)c,
		         utf8proc_category_string(c), out, expected);
}

static void test_every_character_of_unicode(void **state)
{
	for (int32_t c = 0x20; c < 0x20000; c++)
		if ((c < 0x7f || c >= 0xa0) && (c < 0xd800 || c > 0xdfff))
			check_char(c);
	for (int32_t c = 0xe0000; c < 0xe0200; c++)
		check_char(c);
	check_char(0xf0000);
	check_char(0x10fffd);
}

/* Sequences vanish whole, each with what ends it; what stands before and after stays. */
static void test_every_kind_of_sequence(void **state)
{
	static const struct {
		const char *raw, *washed;
	} all[] = {
		{ "a\tb\nc\rd", "a b c d" },
		{ "a\001\002\037\177b", "ab" },
		{ "a\033b", "a" },
		{ "a\033[31mb", "ab" },
		{ "a\033[1;2;3Hb", "ab" },
		{ "a\033]0;title\007b", "ab" },
		{ "a\033]0;title\033\\b", "ab" },
		{ "a\033]0;title\302\234b", "ab" },
		{ "a\033Pq#0\033\\b", "ab" },
		{ "a\033_x\033\\b", "ab" },
		{ "a\033^x\033\\b", "ab" },
		{ "a\033Xx\033\\b", "ab" },
		{ "a\033(Bb", "ab" },
		{ "a\033#8b", "ab" },
		{ "a\0337b", "ab" },
		{ "a\033Mb", "ab" },
		{ "a\302\233"
		  "31mb",
		  "ab" },
		{ "a\302\235title\007b", "ab" },
		{ "a\302\220x\302\234b", "ab" },
		{ "a\302\205b", "ab" },
		{ "\377", "\357\277\275" },
		{ "a\300\200b", "a\357\277\275\357\277\275b" },
	};
	char out[128];
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		wash(out, sizeof(out), all[i].raw, strlen(all[i].raw));
		if (strcmp(out, all[i].washed) != 0)
			fail_msg("case %zu: \"%s\", not \"%s\"", i, out, all[i].washed);
	}
}

static void test_marks_on_a_character_have_a_bound(void **state)
{
	char text[200] = "a", out[200];
	for (int i = 0; i < 40; i++)
		strcat(text, "\314\201"); /* U+0301 */
	size_t n = wash(out, sizeof(out), text, strlen(text));
	assert_true(n > 1 + 2 && n < 1 + 2 * 20);
	assert_int_equal(cells(out), 1);
	n = wash(out, sizeof(out), "\314\201x", 3); /* none to put it on */
	assert_string_equal(out, "x");
	assert_int_equal(n, 1);
}

/* Whatever the room, what comes out is a prefix that ends between characters. */
static void test_wash_into_every_size(void **state)
{
	static const char text[] = "aé日😀z";
	static const size_t ends[] = { 0, 1, 3, 6, 10, 11 };
	for (size_t size = 0; size <= sizeof(text); size++) {
		char *out = malloc(size ? size : 1);
		size_t n = wash(out, size, text, sizeof(text) - 1), best = 0;
		for (size_t i = 0; i < ARRAY_LEN(ends); i++)
			if (ends[i] < size)
				best = ends[i];
		assert_int_equal(n, best);
		if (size)
			assert_int_equal(out[n], 0);
		free(out);
	}
}

static void test_copies_are_cut_with_a_sign(void **state)
{
	for (size_t max = 5; max <= 12; max++) {
		char *s = wash_dup("0123456789", max);
		char expected[16];
		if (max >= 10)
			snprintf(expected, sizeof(expected), "0123456789");
		else
			snprintf(expected, sizeof(expected), "%.*s\342\200\246", (int)max - 3,
			         "0123456789");
		assert_string_equal(s, expected);
		free(s);
	}
	assert_null(wash_dup(NULL, 0));
}

static void test_cells_are_counted_and_cut(void **state)
{
	static const struct {
		const char *text;
		size_t width, bytes, used;
	} fits[] = {
		{ "", 3, 0, 0 },           { "abc", 0, 0, 0 },  { "abc", 2, 2, 2 },
		{ "abc", 3, 3, 3 },        { "abc", 4, 3, 3 },  { "日本", 1, 0, 0 },
		{ "日本", 2, 3, 2 },       { "日本", 3, 3, 2 }, { "日本", 4, 6, 4 },
		{ "e\314\201x", 1, 3, 1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(fits); i++) {
		size_t used = 99;
		assert_int_equal(cells_fit(fits[i].text, fits[i].width, &used), fits[i].bytes);
		assert_int_equal(used, fits[i].used);
	}
	static const struct {
		const char *text;
		size_t width;
		enum cut cut;
		const char *expected;
	} cuts[] = {
		{ "abcdef", 6, CUT_END, "abcdef" },
		{ "abcdef", 5, CUT_END, "abcd~" },
		{ "abcdef", 1, CUT_END, "a" },
		{ "abcdef", 0, CUT_END, "" },
		{ "abcdef", 5, CUT_MIDDLE, "ab~ef" },
		{ "abcdef", 4, CUT_MIDDLE, "ab~f" },
		{ "abcdef", 3, CUT_MIDDLE, "a~f" },
		{ "abcdef", 2, CUT_MIDDLE, "a~" },
		{ "日本語日本語", 7, CUT_MIDDLE, "日~本語" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		char out[64];
		size_t n = cells_cut(out, sizeof(out), cuts[i].text, cuts[i].width, cuts[i].cut,
		                     "~");
		assert_true(n <= cuts[i].width);
		assert_int_equal(cells(out), n);
		if (cuts[i].text[0] == 'a')
			assert_string_equal(out, cuts[i].expected);
	}
}

/* --- figures ------------------------------------------------------------- */

#define S 1000LL
#define M (60 * S)
#define H (60 * M)
#define D (24 * H)
#define W (7 * D)

static void test_every_unit_of_time(void **state)
{
	static const struct {
		int64_t ms;
		const char *age, *span;
	} all[] = {
		{ -1, "-", "-" },
		{ 0, "0s", "0s" },
		{ 999, "0s", "0s" },
		{ S, "1s", "1s" },
		{ M - 1, "59s", "59s" },
		{ M, "1m", "1m" },
		{ M + S, "1m", "1m 1s" },
		{ 2 * M - 1, "1m", "1m 59s" },
		{ 2 * M, "2m", "2m" },
		{ H - 1, "59m", "59m 59s" },
		{ H, "60m", "1h" },
		{ H + M - 1, "60m", "1h" },
		{ H + M, "61m", "1h 1m" },
		{ 2 * H - 1, "119m", "1h 59m" },
		{ 2 * H, "2h", "2h" },
		{ D - 1, "23h", "23h 59m" },
		{ D, "24h", "1d" },
		{ 2 * D - 1, "47h", "1d 23h" },
		{ 2 * D, "2d", "2d" },
		{ 2 * D + H, "2d", "2d 1h" },
		{ W - 1, "6d", "6d 23h" },
		{ W, "7d", "1w" },
		{ 2 * W - 1, "13d", "1w 6d" },
		{ 2 * W, "2w", "2w" },
		{ 60 * W + D, "60w", "60w 1d" },
	};
	char buf[HUMAN_SIZE];
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		assert_string_equal(human_age(buf, all[i].ms), all[i].age);
		assert_string_equal(human_span(buf, all[i].ms), all[i].span);
	}
}

static void test_every_unit_of_bytes_and_rates(void **state)
{
	char buf[HUMAN_SIZE];
	static const struct {
		uint64_t n;
		const char *text;
	} bytes[] = {
		{ 0, "0" },
		{ 1, "1" },
		{ 999, "999" },
		{ 1000, "1.0K" },
		{ 1024, "1.0K" },
		{ 1536, "1.5K" },
		{ 10187, "9.9K" },
		{ 10240, "10K" },
		{ 1022976, "999K" },
		{ 1023488, "1.0M" },
		{ 1 << 20, "1.0M" },
		{ 1 << 30, "1.0G" },
		{ 1ULL << 40, "1.0T" },
		{ 1ULL << 50, "1.0P" },
		{ 1ULL << 60, "1.0E" },
		{ UINT64_MAX, "16E" },
	};
	for (size_t i = 0; i < ARRAY_LEN(bytes); i++)
		assert_string_equal(human_bytes(buf, bytes[i].n), bytes[i].text);
	static const struct {
		double n;
		const char *text;
	} rates[] = {
		{ -1, "-" },          { 0, "0/s" },         { 1, "1/s" },       { 999.4, "999/s" },
		{ 999.5, "1.0k/s" },  { 1000, "1.0k/s" },   { 9940, "9.9k/s" }, { 9960, "10k/s" },
		{ 999499, "999k/s" }, { 999500, "1.0M/s" }, { 1e9, "1.0G/s" },  { 1e12, "1.0T/s" },
		{ 1e15, "1000T/s" },
	};
	for (size_t i = 0; i < ARRAY_LEN(rates); i++)
		assert_string_equal(human_rate(buf, rates[i].n), rates[i].text);
}

static void test_every_field_of_a_time(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} all[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01t00:00:01z", 1000 },
		{ "1970-01-01 00:01:00Z", M },
		{ "1970-01-01T01:00:00Z", H },
		{ "1970-01-02T00:00:00Z", D },
		{ "1970-02-01T00:00:00Z", 31 * D },
		{ "1971-01-01T00:00:00Z", 365 * D },
		{ "1970-01-01T00:00:00.5Z", 500 },
		{ "1970-01-01T00:00:00.057Z", 57 },
		{ "1970-01-01T00:00:00.123456789Z", 123 },
		{ "1970-01-01T01:30:00+01:30", 0 },
		{ "1969-12-31T23:00:00-01:00", -1 },
		{ "1970-01-01T00:00:00-01:30", H + 30 * M },
		{ "1970-01-01T00:00:00", -1 },
		{ "1970-01-01", -1 },
		{ "0001-01-01T00:00:00Z", -1 },
		{ "", -1 },
		{ NULL, -1 },
		{ "1970-01-01T00:00:00+x", -1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (parse_rfc3339_ms(all[i].text) != all[i].ms)
			fail_msg("%s is %lld", all[i].text,
			         (long long)parse_rfc3339_ms(all[i].text));
}

/* --- words with a meaning ------------------------------------------------ */

static void test_every_word_of_a_level(void **state)
{
	static const struct {
		enum log_level level;
		const char *words;
	} all[] = {
		{ LOG_LEVEL_DEBUG, "trace debug dbg verbose" },
		{ LOG_LEVEL_INFO, "info information inf log" },
		{ LOG_LEVEL_NOTICE, "notice" },
		{ LOG_LEVEL_WARN, "warn warning wrn" },
		{ LOG_LEVEL_ERROR, "err error fatal crit critical panic alert emerg severe" },
		{ LOG_LEVEL_UNKNOWN, "errors in tr noticed" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char words[200], line[200], *save;
		snprintf(words, sizeof(words), "%s", all[i].words);
		for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
			assert_int_equal(level_of_word(w, strlen(w)), all[i].level);
			static const char *const forms[] = {
				"[%s] it went",  "%s: it went",  "{\"level\":\"%s\"}",
				"t=1 lvl=%s it", "x |%s| y",     "a (%s) b",
				"<%s> c",        "severity: %s", "levelname=%s",
				"loglevel=%s"
			};
			for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
				int n = snprintf(line, sizeof(line), forms[f], w);
				assert_int_equal(level_guess(line, (size_t)n), all[i].level);
				for (char *s = line; *s; s++)
					if (*s >= 'a' && *s <= 'z' && f != 2 && f != 3 && f < 7)
						*s = (char)(*s - 32);
				assert_int_equal(level_guess(line, (size_t)n), all[i].level);
			}
		}
	}
}

static void test_every_number_of_a_level(void **state)
{
	static const enum log_level priorities[] = { LOG_LEVEL_ERROR,   LOG_LEVEL_ERROR,
		                                     LOG_LEVEL_ERROR,   LOG_LEVEL_ERROR,
		                                     LOG_LEVEL_WARN,    LOG_LEVEL_NOTICE,
		                                     LOG_LEVEL_INFO,    LOG_LEVEL_DEBUG,
		                                     LOG_LEVEL_UNKNOWN, LOG_LEVEL_UNKNOWN };
	static const enum log_level tens[] = { LOG_LEVEL_UNKNOWN, LOG_LEVEL_DEBUG,
		                               LOG_LEVEL_DEBUG,   LOG_LEVEL_INFO,
		                               LOG_LEVEL_WARN,    LOG_LEVEL_ERROR,
		                               LOG_LEVEL_ERROR,   LOG_LEVEL_UNKNOWN,
		                               LOG_LEVEL_UNKNOWN, LOG_LEVEL_UNKNOWN };
	char line[64];
	for (int i = 0; i < 10; i++) {
		assert_int_equal(level_of_priority(i), priorities[i]);
		assert_int_equal(level_guess(line, (size_t)snprintf(line, sizeof(line),
		                                                    "<%d>it went", i)),
		                 priorities[i]);
		assert_int_equal(level_guess(line,
		                             (size_t)snprintf(line, sizeof(line), "level=%d", i)),
		                 priorities[i]);
		assert_int_equal(level_guess(line, (size_t)snprintf(line, sizeof(line),
		                                                    "{\"level\":%d0}", i)),
		                 tens[i]);
		assert_int_equal(level_guess(line,
		                             (size_t)snprintf(line, sizeof(line), "level=%d5", i)),
		                 LOG_LEVEL_UNKNOWN);
	}
	assert_int_equal(level_of_priority(-1), LOG_LEVEL_UNKNOWN);
	static const struct {
		const char *text;
		enum log_level level;
	} all[] = {
		{ "I0102 it", LOG_LEVEL_INFO },
		{ "W0102 it", LOG_LEVEL_WARN },
		{ "E0102 it", LOG_LEVEL_ERROR },
		{ "F0102 it", LOG_LEVEL_ERROR },
		{ "I010 it", LOG_LEVEL_UNKNOWN },
		{ "G0102 it", LOG_LEVEL_UNKNOWN },
		{ "I0102x", LOG_LEVEL_UNKNOWN },
		{ "TypeError: x", LOG_LEVEL_ERROR },
		{ "java.io.IOException: x", LOG_LEVEL_ERROR },
		{ "Traceback (most recent", LOG_LEVEL_ERROR },
		{ "Traceback (mos", LOG_LEVEL_UNKNOWN },
		{ "thread panicked at x", LOG_LEVEL_ERROR },
		{ "no error found", LOG_LEVEL_UNKNOWN },
		{ "anError: x", LOG_LEVEL_UNKNOWN },
		{ "", LOG_LEVEL_UNKNOWN },
		{ "E1WARN2 ERROR", LOG_LEVEL_ERROR },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (level_guess(all[i].text, strlen(all[i].text)) != all[i].level)
			fail_msg("%s: %s", all[i].text,
			         level_name(level_guess(all[i].text, strlen(all[i].text))));
}

static void test_every_sign_of_a_secret(void **state)
{
	static const char *const secret[] = { "DB_PASSWORD",
		                              "passwd",
		                              "passphrase",
		                              "client_secret",
		                              "NPM_TOKEN",
		                              "credentials",
		                              "apikey",
		                              "api_key",
		                              "x-api-key",
		                              "private_key",
		                              "private-key",
		                              "privatekey",
		                              "access_key",
		                              "accesskey",
		                              "auth_key",
		                              "authkey",
		                              "encryption_key",
		                              "master_key",
		                              "signing_key",
		                              "salt",
		                              "db_pass",
		                              "db-pass",
		                              "db_pwd",
		                              "db-pwd",
		                              "the_key",
		                              "the-key",
		                              "http_auth",
		                              "sentry_dsn",
		                              "wg_psk",
		                              "gh_pat",
		                              "pass",
		                              "PASS",
		                              "key",
		                              "Key" };
	static const char *const open[] = {
		"password_file", "token_path", "public_key", "pas",  "ke",   "keys", "passed",
		"compass",       "monkey",     "author",     "path", "user", "",     "pwd",
		"auth",          "dsn"
	};
	for (size_t i = 0; i < ARRAY_LEN(secret); i++)
		if (!mask_is_secret(secret[i], strlen(secret[i])))
			fail_msg("%s is a secret", secret[i]);
	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		if (mask_is_secret(open[i], strlen(open[i])))
			fail_msg("%s is no secret", open[i]);
}

static void test_every_signal_of_an_exit_code(void **state)
{
	static const struct {
		int number;
		const char *name;
	} all[] = {
		{ 1, "HUP" },   { 2, "INT" },   { 3, "QUIT" },  { 4, "ILL" },   { 5, "TRAP" },
		{ 6, "ABRT" },  { 7, "BUS" },   { 8, "FPE" },   { 9, "KILL" },  { 10, "USR1" },
		{ 11, "SEGV" }, { 12, "USR2" }, { 13, "PIPE" }, { 14, "ALRM" }, { 15, "TERM" },
		{ 24, "XCPU" }, { 25, "XFSZ" }, { 31, "SYS" },
	};
	for (int code = 0; code < 256; code++) {
		const char *expected = "";
		for (size_t i = 0; i < ARRAY_LEN(all); i++)
			if (code == 128 + all[i].number)
				expected = all[i].name;
		assert_string_equal(ctr_exit_signal(code), expected);
	}
}

/* --- keys ---------------------------------------------------------------- */

static void check_key(const char *bytes, const char *expected)
{
	char names[256] = "", name[KEY_NAME_SIZE];
	struct keys *k = keys_create(-1);
	struct key key;
	keys_feed(k, bytes, strlen(bytes), 0);
	while (keys_next(k, &key, 0))
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
		         *names ? " " : "", key_name(&key, name));
	keys_destroy(k);
	if (strcmp(names, expected) != 0)
		fail_msg("ESC%s is \"%s\", not \"%s\"", bytes + 1, names, expected);
}

static void test_every_sequence_of_a_key(void **state)
{
	static const char *const numbers[] = {
		[1] = "Home", [2] = "Ins",  [3] = "Del", [4] = "End", [5] = "PgUp", [6] = "PgDn",
		[7] = "Home", [8] = "End",  [11] = "F1", [12] = "F2", [13] = "F3",  [14] = "F4",
		[15] = "F5",  [17] = "F6",  [18] = "F7", [19] = "F8", [20] = "F9",  [21] = "F10",
		[23] = "F11", [24] = "F12", [25] = NULL
	};
	static const char letters[] = "ABCDFHPQRS";
	static const char *const named[] = { "Up",   "Down", "Right", "Left", "End",
		                             "Home", "F1",   "F2",    "F3",   "F4" };
	static const struct {
		unsigned n;
		const char *prefix;
	} mods[] = {
		{ 2, "S-" },   { 3, "M-" },   { 4, "M-S-" },   { 5, "C-" },
		{ 6, "C-S-" }, { 7, "C-M-" }, { 8, "C-M-S-" },
	};
	char bytes[64], name[64];
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		snprintf(bytes, sizeof(bytes), "\033[%zu~x", i);
		snprintf(name, sizeof(name), "%s%sx", numbers[i] ? numbers[i] : "",
		         numbers[i] ? " " : "");
		check_key(bytes, name);
		for (size_t m = 0; numbers[i] && m < ARRAY_LEN(mods); m++) {
			snprintf(bytes, sizeof(bytes), "\033[%zu;%u~", i, mods[m].n);
			snprintf(name, sizeof(name), "%s%s", mods[m].prefix, numbers[i]);
			check_key(bytes, name);
		}
	}
	for (size_t i = 0; letters[i]; i++) {
		snprintf(bytes, sizeof(bytes), "\033[%c", letters[i]);
		check_key(bytes, named[i]);
		snprintf(bytes, sizeof(bytes), "\033O%c", letters[i]);
		check_key(bytes, named[i]);
		snprintf(bytes, sizeof(bytes), "\033[1;5%c", letters[i]);
		snprintf(name, sizeof(name), "C-%s", named[i]);
		check_key(bytes, name);
	}
	for (int i = 0; i < 7; i++) {
		snprintf(bytes, sizeof(bytes), "\033[[%c", 'A' - 1 + i);
		snprintf(name, sizeof(name), "F%d", i);
		check_key(bytes, i >= 1 && i <= 5 ? name : "");
	}
}

static void test_every_character_with_ctrl(void **state)
{
	for (int c = 1; c < 27; c++) {
		char bytes[2] = { (char)c, 0 }, name[8];
		snprintf(name, sizeof(name), "C-%c", 'a' - 1 + c);
		if (c != 8 && c != 9 && c != 10 && c != 13)
			check_key(bytes, name);
	}
	static const struct {
		const char *bytes, *name;
	} all[] = {
		{ "\010", "Backspace" },
		{ "\011", "Tab" },
		{ "\012", "Enter" },
		{ "\015", "Enter" },
		{ "\034", "C-\\" },
		{ "\035", "C-]" },
		{ "\036", "C-^" },
		{ "\037", "C-_" },
		{ "\177", "Backspace" },
		{ " ", "Space" },
		{ "\033[9u", "Tab" },
		{ "\033[10u", "Enter" },
		{ "\033[13u", "Enter" },
		{ "\033[27u", "Esc" },
		{ "\033[8u", "Backspace" },
		{ "\033[127u", "Backspace" },
		{ "\033[32u", "Space" },
		{ "\033[31u", "" },
		{ "\033[128u", "" },
		{ "\033[159u", "" },
		{ "\033[160u", "\302\240" },
		{ "\033[126u", "~" },
		{ "\033[55295u", "\355\237\277" },
		{ "\033[55296u", "" },
		{ "\033[97;2u", "A" },
		{ "\033[122;2u", "Z" },
		{ "\033[123;2u", "{" },
		{ "\033[96;2u", "`" },
		{ "\033[97;3u", "M-a" },
		{ "\033[109;5u", "Enter" },
		{ "\033[106;5u", "Enter" },
		{ "\033[104;5u", "Backspace" },
		{ "\033[91;5u", "Esc" },
		{ "\033[64;5u", "C-Space" },
		{ "\033[27;5;97~", "C-a" },
		{ "\033[27;5~", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		check_key(all[i].bytes, all[i].name);
}

/* --- settings ------------------------------------------------------------ */

static char dir[] = "/tmp/mocr-tables-XXXXXX";

/* The settings of a text, and what is complained of, each after the other with "; " between. */
static struct settings *settings_of(const char *text, char *said, size_t size)
{
	char path[64];
	struct doc complaints;
	snprintf(path, sizeof(path), "%s/config", dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	doc_init(&complaints);
	struct settings *s = settings_load(path, &complaints);
	*said = '\0';
	for (size_t i = 0; i < complaints.n; i++)
		snprintf(said + strlen(said), size - strlen(said), "%s%s", *said ? "; " : "",
		         complaints.lines[i].text + strlen(path) + 1);
	doc_finish(&complaints);
	unlink(path);
	return s;
}

/* What a section is kept in; NULL: there is none. */
static void *place_of(struct settings *s, const char *section)
{
	const struct {
		const char *name;
		void *at;
	} all[] = {
		{ "settings", s },
		{ "server", s->servers },
		{ "headscale", s->headscales },
		{ "opencode", s->opencodes },
		{ "deploy", s->deploys },
		{ "check", s->checks },
		{ "dokploy", s->dokploys },
		{ "coolify", s->coolifys },
		{ "portal", s->portals },
		{ "prometheus", s->prometheuses },
		{ "alertmanager", s->alertmanagers },
		{ "notify", s->notifys },
		{ "grafana", s->grafanas },
		{ "litellm", s->litellms },
		{ "ci", s->cis },
		{ "dns", s->dnses },
		{ "mission", s->missions },
		{ "zlh", s->zlhs },
		{ "relay", s->relays },
		{ "ollama", s->ollamas },
		{ "metric", s->metrics },
		{ "postgres", s->postgreses },
		{ "redis", s->redises },
		{ "ntfy", s->ntfys },
		{ "n8n", s->n8ns },
		{ "qdrant", s->qdrants },
		{ "caddy", s->caddies },
		{ "loki", s->lokis },
		{ "victorialogs", s->victorialogses },
		{ "cadvisor", s->cadvisors },
		{ "openclaw", s->openclaws },
		{ "tag", s->tags },
		{ "panel", s->looks },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (!strcmp(all[i].name, section))
			return all[i].at;
	return NULL;
}

/* An address that the section takes: of its own protocol, else of HTTP. */
static const char *address_for(const char *section)
{
	if (!strcmp(section, "postgres"))
		return "postgres://127.0.0.1:4711";
	if (!strcmp(section, "redis"))
		return "redis://127.0.0.1:4711";
	if (!strcmp(section, "openclaw"))
		return "ws://127.0.0.1:4711";
	return "http://127.0.0.1:4711";
}

/* One line in its section, with what a section needs to be one. The caller lets go. */
static struct settings *one_line(const struct setting_row *row, const char *value, char *said,
                                 size_t size)
{
	char text[512], url[80];
	bool plain = !strcmp(row->section, "settings");
	snprintf(url, sizeof(url), "url = %s\n", address_for(row->section));
	static const char *const with_url[] = { "dokploy",      "coolify", "portal",  "prometheus",
		                                "alertmanager", "grafana", "litellm", "ollama",
		                                "ntfy",         "n8n",     "qdrant",  "caddy",
		                                "postgres",     "redis",   "metric",  "ci",
		                                "dns",          "mission", "zlh",     "relay",
		                                "check", "loki",         "victorialogs", "cadvisor",
		                                "openclaw" };
	bool wants_url = false;
	for (size_t i = 0; i < ARRAY_LEN(with_url); i++)
		wants_url = wants_url || !strcmp(row->section, with_url[i]);
	bool wants_type = !strcmp(row->section, "notify") && strcmp(row->key, "type") != 0;
	bool wants_query = !strcmp(row->section, "metric") && strcmp(row->key, "query") != 0;
	snprintf(text, sizeof(text), "[%s%s]\n%s = %s\n%s%s%s", row->section,
	         plain ? "" : " one", row->key, value, wants_query ? "query = up\n" : "",
	         wants_url && strcmp(row->key, "url") != 0 ? url : "",
	         wants_type ? "type = terminal\n" : "");
	return settings_of(text, said, size);
}

static void check_number(const struct setting_row *row, int value, bool good)
{
	char text[32], said[1024];
	snprintf(text, sizeof(text), "%d", value);
	struct settings *s = one_line(row, text, said, sizeof(said));
	if (good != !*said)
		fail_msg("[%s] %s = %d: %s", row->section, row->key, value, said);
	if (good)
		assert_int_equal(*(int *)((char *)place_of(s, row->section) + row->offset), value);
	else
		assert_non_null(strstr(said, "expected a number from"));
	settings_destroy(s);
}

static void check_yes_no(const struct setting_row *row, const char *word, bool expected)
{
	char said[1024];
	struct settings *s = one_line(row, word, said, sizeof(said));
	assert_string_equal(said, "");
	assert_int_equal(*(bool *)((char *)place_of(s, row->section) + row->offset), expected);
	settings_destroy(s);
}

static void check_text(const struct setting_row *row)
{
	char said[1024], expected[256], word[64];
	const char *url = address_for(row->section);
	snprintf(word, sizeof(word), "%.*s", row->choices ? (int)strcspn(row->choices, " ") : 20,
	         row->choices ? row->choices : "~/some-words");
	bool path = row->type == SETTING_PATH || row->type == SETTING_FILE;
	snprintf(expected, sizeof(expected), "%s%s", path ? getenv("HOME") : "",
	         path ? word + 1 : word);
	if (row->type == SETTING_FILE) { /* one that is not there is complained about */
		FILE *f = fopen(expected, "w");
		assert_non_null(f);
		fclose(f);
	}
	struct settings *s = one_line(row, !strcmp(row->key, "url") ? url : word, said,
	                              sizeof(said));
	/* test_checks.c has what these may say, and with which others they may stand */
	bool limited = row->key[0] && (!strcmp(row->key, "warn") || !strcmp(row->key, "bad") ||
	                               !strcmp(row->key, "prometheus"));
	if (strcmp(row->section, "metric") == 0 && limited)
		assert_non_null(strstr(said, "some-words"));
	else if (row->fallback && row->fallback[0] == '/')
		assert_non_null(strstr(said, "expected a JSON pointer such as /"));
	else if (strcmp(row->section, "check") != 0)
		assert_string_equal(said, "");
	assert_string_equal(*(char **)((char *)place_of(s, row->section) + row->offset),
	                    !strcmp(row->key, "url") ? url : expected);
	settings_destroy(s);
}

static void test_every_key_of_the_settings(void **state)
{
	for (const struct setting_row *row = setting_rows; row->key; row++) {
		assert_true(strlen(row->help) > 10);
		if (row->type == SETTING_NUMBER) {
			check_number(row, row->min, true);
			check_number(row, row->max, true);
			check_number(row, row->min - 1, false);
			check_number(row, row->max + 1, false);
			continue;
		}
		assert_int_equal(row->min, 0); /* bounds are for numbers alone */
		assert_int_equal(row->max, 0);
		if (row->type == SETTING_YES_NO) {
			static const char *const no[] = { "no", "off", "false", "0", "NO" },
						 *const yes[] = { "yes", "on", "true", "1", "Yes" };
			for (size_t i = 0; i < ARRAY_LEN(no); i++) {
				check_yes_no(row, no[i], false);
				check_yes_no(row, yes[i], true);
			}
		} else {
			check_text(row);
		}
	}
}

/* As mocr-config(5) prints them. */
static void test_bounds_and_fallbacks(void **state)
{
	static const struct {
		const char *section, *key;
		int min, max;
		const char *fallback;
	} all[] = {
		{ "settings", "connect_timeout", 1, 120, "5" },
		{ "settings", "vitals_interval", 1, 3600, "3" },
		{ "settings", "opencode_memory", 64, 1048576, "4096" },
		{ "settings", "disk_warn", 1, 100, "80" },
		{ "settings", "memory_warn", 1, 101, "90" },
		{ "settings", "cpu_warn", 1, 101, "90" },
		{ "settings", "warn_for", 1, 86400, "300" },
		{ "settings", "for", 0, 3600, "3" },
		{ "settings", "log_memory", 1, 4096, "64" },
		{ "settings", "image_updates", 0, 720, "0" },
		{ "settings", "package_updates", 0, 720, "0" },
		{ "server", "connect_timeout", 1, 120, NULL },
		{ "server", "disk_warn", 1, 100, NULL },
		{ "server", "memory_warn", 1, 101, NULL },
		{ "server", "cpu_warn", 1, 101, NULL },
		{ "server", "warn_for", 1, 86400, NULL },
		{ "deploy", "within", 1, 3600, "60" },
		{ "check", "every", 5, 86400, "30" },
		{ "check", "within", 1, 120, "10" },
		{ "check", "fails", 1, 100, "2" },
		{ "check", "slow", 1, 120000, NULL },
		{ "check", "redirects", 0, 20, "5" },
		{ "check", "certificate_warn", 0, 365, "14" },
		{ "check", "certificate_bad", 0, 365, "3" },
		{ "dokploy", "stack_port", 1, 65535, "8080" },
		{ "metric", "over", 5, 10080, "60" },
		{ "notify", "for", 0, 3600, "10" },
		{ "notify", "timeout", 1, 300, "15" },
		{ "notify", "repeat", 0, 10080, "0" },
		{ "litellm", "budget", 1, 100000000, NULL },
		{ "settings", "budget", 1, 100000000, NULL },
	};
	size_t numbers = 0;
	for (const struct setting_row *row = setting_rows; row->key; row++)
		numbers += row->type == SETTING_NUMBER;
	assert_int_equal(numbers, ARRAY_LEN(all));
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (const struct setting_row *row = setting_rows; row->key; row++)
			if (!strcmp(row->section, all[i].section) &&
			    !strcmp(row->key, all[i].key)) {
				assert_int_equal(row->min, all[i].min);
				assert_int_equal(row->max, all[i].max);
				assert_string_equal(row->fallback ? row->fallback : "",
				                    all[i].fallback ? all[i].fallback : "");
			}
}

static void test_every_section_counts_once(void **state)
{
	char said[2048];
	static const char *const named[] = { "server",  "headscale", "opencode", "deploy",
		                             "dokploy", "coolify",   "portal",   "prometheus",
		                             "alertmanager", "grafana", "litellm", "ollama",
		                             "ntfy", "n8n", "qdrant", "caddy", "postgres", "redis",
		                             "metric",
		                             "check", "notify", "loki", "victorialogs",
		                             "cadvisor", "openclaw" };
	static const char *const key[] = { "host", "url", "url", "run", "url", "url",
		                           "url",  "url", "url", "url", "url", "url",
		                           "url",  "url", "url", "url", "url", "url", "url",
		                           "url", "url", "url", "url", "url", "url" };
	for (size_t i = 0; i < ARRAY_LEN(named); i++) {
		char text[512];
		snprintf(text, sizeof(text),
		         "[%s one]\n%s = http://a:1\n[%s two]\n%s = http://b:2\n[%s one]\n%s = "
		         "http://c:3\n[%s  three]\n%s = http://d:4\n",
		         named[i], key[i], named[i], key[i], named[i], key[i], named[i], key[i]);
		struct settings *s = settings_of(text, said, sizeof(said));
		assert_non_null(strstr(said, "appears twice, first in line 1"));
		/* each has its name first and its successor last; all begin with a name */
		char *name = *(char **)place_of(s, named[i]);
		assert_string_equal(name, "one");
		settings_destroy(s);
	}
	static const struct {
		const char *text, *said;
	} all[] = {
		{ "[server]\nhost = x\n", "1: a server needs a name: [server NAME]" },
		{ "[opencode]\nurl = x\n", "1: an OpenCode server needs a name: [opencode NAME]" },
		{ "[deploy]\nrun = x\n", "1: a deploy needs a name: [deploy NAME]" },
		{ "[dokploy]\nurl = x\n", "1: a Dokploy needs a name: [dokploy NAME]" },
		{ "[headscale]\nurl = x\n", "1: a Headscale needs a name: [headscale NAME]" },
		{ "[dokploy x]\n",
		  ("1: [dokploy x] has no url: where it is, as seen from the server or this "
		   "machine: http://127.0.0.1:3000, https://dokploy.example") },
		{ "[coolify x]\nurl = nowhere\n", "1: [coolify x]: url: expected http://HOST:PORT "
		                                  "or https://HOST, got \"nowhere\"" },
		{ "[serve x]\n", "1: there is no section [serve x]; did you mean [server]?" },
		{ "[serve x]\nhost = y\nhost = z\n",
		  "1: there is no section [serve x]; did you mean [server]?" },
		{ "[settings\n",
		  "1: this line is not understood; expected [section] or key = value" },
		{ "[settings]\ndisk_warn = 5x\n",
		  "2: disk_warn: expected a number from 1 to 100, got \"5x\"" },
		{ "[settings]\ndisk_warn = \n",
		  "2: disk_warn: expected a number from 1 to 100, got \"\"" },
		{ "[deploy -a/b]\nrun = x\n", "1: [deploy -a/b]: a name has letters, digits and . "
		                              "_ - only, at most 48; other characters became -" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		settings_destroy(settings_of(all[i].text, said, sizeof(said)));
		assert_string_equal(said, all[i].said);
	}
}

static void test_lines_of_many_values_and_long_ones(void **state)
{
	char said[1024];
	struct settings *s = settings_of("[deploy a]\nask = A\nask = B\ncheck = unit x\n[server "
	                                 "x/y]\nprotect = yes\n[keys]\nr = one\nq = two\n",
	                                 said, sizeof(said));
	assert_string_equal(said, "");
	assert_string_equal(s->deploys->ask, "A\nB");
	assert_string_equal(s->deploys->check, "unit x");
	assert_string_equal(s->servers->name, "x-y");
	assert_string_equal(s->keys->key, "r");
	assert_int_equal(s->keys->line, 8);
	assert_string_equal(s->keys->next->action, "two");
	assert_int_equal(s->keys->next->line, 9);
	assert_null(s->keys->next->next);
	settings_destroy(s);
	char *text = xcalloc(1, 70000);
	strcpy(text, "[settings]\ntheme = ");
	memset(text + strlen(text), 'x', 60000);
	strcat(text, "\ndisk_warn = 7\n");
	s = settings_of(text, said, sizeof(said));
	assert_non_null(strstr(said, "2: the line is longer than"));
	assert_string_equal(s->theme, "default");
	assert_int_equal(s->disk_warn, 7);
	settings_destroy(s);
	free(text);
}

/* --- hosts of ssh_config ------------------------------------------------- */

static char heard[256];

static bool hear(const char *name, void *arg)
{
	snprintf(heard + strlen(heard), sizeof(heard) - strlen(heard), "%s ", name);
	return strcmp(name, "uncounted") != 0;
}

static void put_text(const char *name, const char *text)
{
	char path[96];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

static void test_hosts_of_ssh_config(void **state)
{
	char path[64], other[64], text[512];
	struct err err = { 0 };
	snprintf(path, sizeof(path), "%s/ssh", dir);
	snprintf(other, sizeof(other), "%s/other.conf", dir);
	snprintf(text, sizeof(text),
	         "# Host commented\nHost one two # three\n\tHostName x\nhost=four\nHost \"fi ve\" "
	         "six* !seven ei?ht uncounted\nHost *\n"
	         "Include %s/*.conf %s/none\nMatch host nine\nInclude %s/some\nHost ten\n"
	         "Include %s/some\nMatch all\nInclude %s/every\n",
	         dir, dir, dir, dir, dir);
	/* an Include below Host ten is read for ten alone, so its names lead nowhere */
	put_text("some", "Host twelve\n");
	put_text("every", "Host thirteen\n");
	FILE *f = fopen(path, "w"), *g = fopen(other, "w");
	fputs(text, f);
	fputs("Host eleven\nInclude ", g);
	fputs(other, g); /* itself: an end is found */
	fputs("\n", g);
	fclose(f);
	fclose(g);
	struct settings s = { .ssh_config = path };
	*heard = '\0';
	size_t n = hosts_each(&s, hear, NULL, &err);
	assert_string_equal(err.text, "");
	assert_non_null(strstr(heard, "one two four fi ve uncounted eleven "));
	assert_non_null(strstr(heard, " ten "));
	assert_null(strstr(heard, "six"));
	assert_null(strstr(heard, "nine"));
	assert_null(strstr(heard, "three"));
	assert_null(strstr(heard, "twelve"));
	assert_non_null(strstr(heard, "thirteen"));
	size_t elevens = 0;
	for (const char *at = heard; (at = strstr(at, "eleven ")); at++)
		elevens++;
	assert_true(elevens >= 1 && elevens <= 16);
	assert_int_equal(n, 6 + elevens);
	unlink(path);
	unlink(other);
	assert_int_equal(hosts_each(&s, hear, NULL, &err), 0);
	assert_non_null(strstr(err.text, "cannot be read"));
	f = fopen(path, "w");
	fputs("Host *\n", f);
	fclose(f);
	err = (struct err){ 0 };
	assert_int_equal(hosts_each(&s, hear, NULL, &err), 0);
	assert_non_null(strstr(err.text, "has no plain Host"));
	unlink(path);
}

static int make_dir(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	setenv("HOME", dir, 1);
	setenv("XDG_STATE_HOME", dir, 1);
	return 0;
}

static int remove_dir(void **state)
{
	char command[64];
	snprintf(command, sizeof(command), "rm -rf -- '%s'", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_character_of_unicode),
		cmocka_unit_test(test_every_kind_of_sequence),
		cmocka_unit_test(test_marks_on_a_character_have_a_bound),
		cmocka_unit_test(test_wash_into_every_size),
		cmocka_unit_test(test_copies_are_cut_with_a_sign),
		cmocka_unit_test(test_cells_are_counted_and_cut),
		cmocka_unit_test(test_every_unit_of_time),
		cmocka_unit_test(test_every_unit_of_bytes_and_rates),
		cmocka_unit_test(test_every_field_of_a_time),
		cmocka_unit_test(test_every_word_of_a_level),
		cmocka_unit_test(test_every_number_of_a_level),
		cmocka_unit_test(test_every_sign_of_a_secret),
		cmocka_unit_test(test_every_signal_of_an_exit_code),
		cmocka_unit_test(test_every_sequence_of_a_key),
		cmocka_unit_test(test_every_character_with_ctrl),
		cmocka_unit_test(test_every_key_of_the_settings),
		cmocka_unit_test(test_bounds_and_fallbacks),
		cmocka_unit_test(test_every_section_counts_once),
		cmocka_unit_test(test_lines_of_many_values_and_long_ones),
		cmocka_unit_test(test_hosts_of_ssh_config),
	};
	return cmocka_run_group_tests_name("tables", tests, make_dir, remove_dir);
}
