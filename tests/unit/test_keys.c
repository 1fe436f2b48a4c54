/* Bytes of a terminal as keys: names, sequences, an Esc alone, pasting, rubbish. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tui/keys.h"

/* Feeds all bytes at once at time 0 and writes the names of all keys that come by time at, parted
 * by spaces. */
static const char *names_of(const char *bytes, size_t len, int64_t at)
{
	static char out[1024];
	char name[KEY_NAME_SIZE];
	struct keys *k = keys_create(-1);
	struct key key;

	*out = 0;
	keys_feed(k, bytes, len, 0);
	while (keys_next(k, &key, at)) {
		if (*out)
			strcat(out, " ");
		strcat(out, key_name(&key, name));
	}
	keys_destroy(k);
	return out;
}

static void test_sequences(void **state)
{
	static const struct {
		const char *bytes, *keys;
	} cases[] = {
		{ "jG", "j G" },
		{ " ", "Space" },
		{ "\r", "Enter" },
		{ "\n", "Enter" },
		{ "\t", "Tab" },
		{ "\033[Z", "S-Tab" },
		{ "\177", "Backspace" },
		{ "\010", "Backspace" },
		{ "\004\025", "C-d C-u" },
		{ "\035", "C-]" },
		{ "\037", "C-_" },
		{ "\033[A\033OB", "Up Down" },
		{ "\033[1;5C", "C-Right" },
		{ "\033[1;2D", "S-Left" },
		{ "\033[1;3A", "M-Up" },
		{ "\033[5~\033[6~", "PgUp PgDn" },
		{ "\033[H\033[F\033[1~\033[4~\033[7~\033[8~", "Home End Home End Home End" },
		{ "\033[2~\033[3~", "Ins Del" },
		{ "\033OP\033[11~\033[[A", "F1 F1 F1" },
		{ "\033[24~", "F12" },
		{ "\033[15;2~", "S-F5" },
		{ "\033x", "M-x" },
		{ "\033\177", "M-Backspace" },
		{ "\033\004", "C-M-d" },
		{ "ü€日😀", "ü € 日 😀" },
		{ "\033ü", "M-ü" },
		{ "\033[97;5u", "C-a" },
		{ "\033[27;5;93~", "C-]" },
		{ "\033[13;2u", "S-Enter" },
		{ "\033[105;5u", "Tab" },
		{ "\033Oj\033OM", "* Enter" },
		{ "\0333", "M-3" },
		{ "\033[3^", "C-Del" },
		/* Answers of the terminal, mouse and focus: nothing of them runs as a key. */
		{ "a\033[?62;22cb", "a b" },
		{ "a\033[Ib", "a b" },
		{ "a\033[<0;10;10Mb", "a b" },
		{ "a\033[M !!b", "a b" },
		{ "a\033]11;rgb:0000/0000/0000\007b", "a b" },
		{ "a\033]11;rgb:0/0/0\033\\b", "a b" },
		{ "a\033P1+r\033\\b", "a b" },
		{ "\033[99~x", "x" },
		{ "\377\376x", "x" },
		{ "\302\205x", "x" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(names_of(cases[i].bytes, strlen(cases[i].bytes), 0),
		                    cases[i].keys);
	assert_string_equal(names_of("\0", 1, 0), "C-Space");
}

/* Reports of the mouse are keys where they are wanted, and nothing elsewhere. */
static void test_mouse(void **state)
{
	static const struct {
		const char *bytes;
		struct mouse mouse;
	} cases[] = {
		{ "\033[<0;11;5M", { MOUSE_PRESS, 4, 10 } },
		{ "\033[<0;11;5m", { MOUSE_RELEASE, 4, 10 } },
		{ "\033[<32;300;200M", { MOUSE_DRAG, 199, 299 } },
		{ "\033[<64;1;1M", { MOUSE_WHEEL_UP, 0, 0 } },
		{ "\033[<65;1;1M", { MOUSE_WHEEL_DOWN, 0, 0 } },
	};
	static const char *const nothing[] = { "\033[<1;2;3M",   "\033[<0;0;5M",  "\033[<0;5M",
		                               "\033[<0;1;2;3M", "\033[<35;1;1M", "\033[<M",
		                               "\033[<0;1;1A" };
	struct keys *k = keys_create(-1);
	struct key key;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		keys_set_mouse(k, false);
		keys_feed(k, cases[i].bytes, strlen(cases[i].bytes), 1000);
		assert_false(keys_next(k, &key, 1000));
		keys_set_mouse(k, true);
		keys_feed(k, cases[i].bytes, strlen(cases[i].bytes), 1000);
		assert_true(keys_next(k, &key, 1000));
		assert_int_equal(key.code, K_MOUSE);
		assert_int_equal(key.mouse.what, cases[i].mouse.what);
		assert_int_equal(key.mouse.y, cases[i].mouse.y);
		assert_int_equal(key.mouse.x, cases[i].mouse.x);
	}
	for (size_t i = 0; i < sizeof(nothing) / sizeof(*nothing); i++) {
		keys_feed(k, nothing[i], strlen(nothing[i]), 1000);
		keys_feed(k, "x", 1, 1000);
		assert_true(keys_next(k, &key, 1000));
		assert_true(key_is(&key, "x"));
	}
	keys_destroy(k);
}

static void test_escape_alone(void **state)
{
	struct keys *k = keys_create(-1);
	struct key key;

	keys_feed(k, "\033", 1, 1000);
	assert_false(keys_next(k, &key, 1000 + KEYS_ESC_MS - 1));
	assert_true(keys_next(k, &key, 1000 + KEYS_ESC_MS));
	assert_true(key_is(&key, "Esc"));
	/* A sequence in two pieces within the time is one key. */
	keys_feed(k, "\033", 1, 2000);
	keys_feed(k, "[A", 2, 2010);
	assert_true(keys_next(k, &key, 2010));
	assert_true(key_is(&key, "Up"));
	/* Later it is two, even when nobody looked in between. */
	keys_feed(k, "\033", 1, 3000);
	keys_feed(k, "j", 1, 3100);
	assert_true(keys_next(k, &key, 3100));
	assert_true(key_is(&key, "Esc"));
	assert_true(keys_next(k, &key, 3100));
	assert_true(key_is(&key, "j"));
	/* Half a sequence that can be nothing else gets more time, then vanishes. */
	keys_feed(k, "\033[1;", 4, 4000);
	assert_false(keys_next(k, &key, 4100));
	keys_feed(k, "5A", 2, 4110);
	assert_true(keys_next(k, &key, 4110));
	assert_true(key_is(&key, "C-Up"));
	keys_feed(k, "\033[1;", 4, 5000);
	assert_false(keys_next(k, &key, 6000));
	keys_feed(k, "q", 1, 6000);
	assert_true(keys_next(k, &key, 6000));
	assert_true(key_is(&key, "q"));
	/* M-[ and M-O typed by hand. */
	assert_string_equal(names_of("\033[", 2, KEYS_ESC_MS), "M-[");
	assert_string_equal(names_of("\033O", 2, KEYS_ESC_MS), "M-O");
	assert_string_equal(names_of("\033\033", 2, KEYS_ESC_MS), "Esc Esc");
	keys_destroy(k);
}

static void test_utf8_in_pieces(void **state)
{
	struct keys *k = keys_create(-1);
	struct key key;

	keys_feed(k, "\xe6", 1, 0);
	assert_false(keys_next(k, &key, 5));
	keys_feed(k, "\x97\xa5", 2, 6);
	assert_true(keys_next(k, &key, 6));
	assert_true(key_is(&key, "日"));
	keys_destroy(k);
}

static void test_paste(void **state)
{
	static const char bytes[] = "a\033[200~rm -rf /\rq\033[A\033[201~b";
	struct key key;

	/* However it is cut, the paste is one event with these bytes. */
	for (size_t cut = 0; cut < sizeof(bytes); cut++) {
		struct keys *k = keys_create(-1);
		keys_feed(k, bytes, cut, 0);
		if (cut >= 1) {
			assert_true(keys_next(k, &key, 0));
			assert_true(key_is(&key, "a"));
		}
		if (cut > 1 && cut < sizeof(bytes) - 2)
			assert_false(keys_next(k, &key, 0));
		keys_feed(k, bytes + cut, sizeof(bytes) - 1 - cut, 1);
		if (cut < 1) {
			assert_true(keys_next(k, &key, 1));
			assert_true(key_is(&key, "a"));
		}
		if (cut < sizeof(bytes) - 2 || keys_next(k, &key, 1)) {
			if (cut < sizeof(bytes) - 2)
				assert_true(keys_next(k, &key, 1));
			assert_int_equal(key.code, K_PASTE);
			assert_int_equal(key.paste_len, 13);
			assert_memory_equal(key.paste, "rm -rf /\nq\033[A", 13);
		}
		assert_true(keys_next(k, &key, 1));
		assert_true(key_is(&key, "b"));
		keys_destroy(k);
	}
}

static void test_paste_bounds(void **state)
{
	struct keys *k = keys_create(-1);
	char chunk[1024];
	struct key key;

	memset(chunk, 'x', sizeof(chunk));
	keys_feed(k, "\033[200~", 6, 0);
	for (int i = 0; i < 100; i++) {
		keys_feed(k, chunk, sizeof(chunk), i);
		assert_false(keys_next(k, &key, i));
	}
	/* Its end never comes: silence ends it, and keys work again. */
	assert_true(keys_next(k, &key, 5000));
	assert_int_equal(key.code, K_PASTE);
	assert_int_equal(key.paste_len, KEYS_PASTE_MAX);
	assert_true(key.paste_cut);
	keys_feed(k, "q", 1, 5001);
	assert_true(keys_next(k, &key, 5001));
	assert_true(key_is(&key, "q"));
	keys_destroy(k);
}

static void test_names(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "j", "j" },           { "G", "G" },         { "C-d", "C-d" },
		{ "C-D", "C-d" },       { "^d", "C-d" },      { "Ctrl-d", "C-d" },
		{ "M-x", "M-x" },       { "alt-x", "M-x" },   { "pgdn", "PgDn" },
		{ "PageDown", "PgDn" }, { "S-Tab", "S-Tab" }, { "Space", "Space" },
		{ " ", "Space" },       { "C-i", "Tab" },     { "C-m", "Enter" },
		{ "C-[", "Esc" },       { "S-a", "A" },       { "-", "-" },
		{ "C--", "C--" },       { "^", "^" },         { "ü", "ü" },
		{ "F12", "F12" },       { "C-@", "C-Space" }, { "C-]", "C-]" },
		{ "?", "?" },
	};
	struct key k;
	char name[KEY_NAME_SIZE];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_true(key_parse(cases[i].in, &k));
		assert_string_equal(key_name(&k, name), cases[i].out);
		assert_true(key_is(&k, cases[i].out));
	}
	assert_false(key_parse("", &k));
	assert_false(key_parse("Banana", &k));
	assert_false(key_parse("C-", &k) && k.code == K_NONE);
	assert_false(key_parse(NULL, &k));
}

static void test_text(void **state)
{
	struct key k;
	char text[8];

	key_parse("é", &k);
	assert_int_equal(key_text(&k, text), 2);
	assert_string_equal(text, "é");
	key_parse("Space", &k);
	assert_int_equal(key_text(&k, text), 1);
	key_parse("C-a", &k);
	assert_int_equal(key_text(&k, text), 0);
	key_parse("Up", &k);
	assert_int_equal(key_text(&k, text), 0);
}

/* Any bytes, in any pieces: it ends, and gives nothing that is no key. */
static void test_rubbish(void **state)
{
	unsigned seed = 7;

	for (int round = 0; round < 2000; round++) {
		struct keys *k = keys_create(-1);
		struct key key;
		int64_t now = 0;
		for (int i = 0; i < 40; i++) {
			char bytes[16];
			size_t n = (size_t)(rand_r(&seed) % 16);
			for (size_t j = 0; j < n; j++)
				bytes[j] =
					(char)(rand_r(&seed) % 3
				                       ? "\033[O]P;0159~MuAz\\"[rand_r(&seed) % 16]
				                       : rand_r(&seed));
			now += rand_r(&seed) % 60;
			keys_feed(k, bytes, n, now);
			while (keys_next(k, &key, now))
				assert_true(key.code != K_NONE && key.code <= K_HANGUP);
		}
		now += 5000;
		while (keys_next(k, &key, now))
			;
		keys_feed(k, "q", 1, now);
		assert_true(keys_next(k, &key, now));
		keys_destroy(k);
	}
}

static void test_reading(void **state)
{
	int fds[2];
	struct keys *k;
	struct key key;

	assert_int_equal(pipe(fds), 0);
	k = keys_create(fds[0]);
	assert_false(keys_read(k, &key));
	assert_int_equal(keys_wait_ms(k), -1);
	assert_int_equal(write(fds[1], "\033[Bx", 4), 4);
	assert_true(keys_read(k, &key));
	assert_true(key_is(&key, "Down"));
	assert_true(keys_read(k, &key));
	assert_false(keys_read(k, &key));
	assert_int_equal(write(fds[1], "\033", 1), 1);
	assert_false(keys_read(k, &key));
	assert_in_range(keys_wait_ms(k), 0, KEYS_ESC_MS);
	usleep((KEYS_ESC_MS + 5) * 1000);
	assert_true(keys_read(k, &key));
	assert_true(key_is(&key, "Esc"));
	close(fds[1]);
	assert_true(keys_read(k, &key));
	assert_int_equal(key.code, K_HANGUP);
	keys_destroy(k);
	close(fds[0]);
}

/* The terminal is descriptor 0 most of the time. */
static void test_reading_from_descriptor_0(void **state)
{
	int fds[2], kept = dup(0);
	struct key key;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(dup2(fds[0], 0), 0);
	struct keys *k = keys_create(0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	bool read = keys_read(k, &key);
	keys_destroy(k);
	if (kept >= 0)
		dup2(kept, 0);
	close(kept);
	close(fds[0]);
	close(fds[1]);
	assert_true(read && key_is(&key, "x"));
}

/* One function writes the name of a key for people, and what it writes is a key again. */
static void test_words_of_keys(void **state)
{
	static const struct {
		const char *key, *words;
	} cases[] = {
		{ "C-r", "Ctrl-R" },
		{ "^d", "Ctrl-D" },
		{ "C-]", "Ctrl-]" },
		{ "M-x", "Alt-x" },
		{ "M-X", "Alt-X" },
		{ "S-Tab", "Shift-Tab" },
		{ "C-M-d", "Ctrl-Alt-D" },
		{ "C-Space", "Ctrl-Space" },
		{ "r", "r" },
		{ "R", "R" },
		{ "F5", "F5" },
		{ "ü", "ü" },
		{ "C-M-S-PageDown", "Ctrl-Alt-Shift-PgDn" },
	};
	char buf[KEY_NAME_SIZE], shown[64];
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct key key, again;
		assert_true(key_parse(cases[i].key, &key));
		assert_string_equal(key_words(&key, buf), cases[i].words);
		assert_true(key_parse(buf, &again));
		assert_true(key_equal(&key, &again));
	}
	assert_string_equal(key_brackets("Ctrl-R F5", shown, sizeof(shown)), "[Ctrl-R] [F5]");
	assert_string_equal(key_brackets("]", shown, sizeof(shown)), "[]]");
	assert_string_equal(key_brackets("", shown, sizeof(shown)), "");
	assert_string_equal(key_brackets("abcdef gh", shown, 6), "[abcd");
}

static bool is_wanted(const struct key *key)
{
	return key_is(key, "C-]") || key_is(key, "F12");
}

/* A key is found among other bytes in each form that terminals send. */
static void test_finding(void **state)
{
	static const struct {
		const char *bytes;
		int at; /* -1: nowhere */
		size_t n;
	} cases[] = {
		{ "", -1, 0 },
		{ "ls]\r", -1, 0 },
		{ "\035", 0, 1 },
		{ "ls\r\035x\035", 3, 1 },
		{ "\033[A\033[93;5uq", 3, 7 },
		{ "\033[27;5;93~", 0, 10 },
		{ "ab\033[24~\035", 2, 5 },
		{ "\033\035", 1, 1 },
		{ "\033]0;no end\035", 10, 1 },
		{ "\033[93;5", -1, 0 },
		{ "\xc3\xbc\177\035", 3, 1 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *bytes = cases[i].bytes;
		size_t n = 0;
		const char *found = keys_find(bytes, strlen(bytes), is_wanted, &n);
		assert_int_equal(found ? found - bytes : -1, cases[i].at);
		if (found)
			assert_int_equal(n, cases[i].n);
	}
}

static bool is_any(const struct key *k)
{
	return k->code != K_NONE;
}

/* A character is never found, a control character always. */
static void test_finding_any_control_character(void **state)
{
	for (int b = 1; b < 256; b++) {
		const char bytes[] = { 'x', (char)b, 'y' };
		size_t n = 0;
		const char *found = keys_find(bytes, sizeof(bytes), is_any, &n);
		bool control = b < 0x20 || b == 0x7f;
		/* Esc and the y are one key */
		assert_int_equal(found ? found - bytes : -1, control ? 1 : -1);
		assert_int_equal(found ? n : 0, control + (b == 0x1b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_of_keys),
		cmocka_unit_test(test_finding_any_control_character),
		cmocka_unit_test(test_mouse),
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_escape_alone),
		cmocka_unit_test(test_utf8_in_pieces),
		cmocka_unit_test(test_paste),
		cmocka_unit_test(test_paste_bounds),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_rubbish),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_reading_from_descriptor_0),
		cmocka_unit_test(test_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
