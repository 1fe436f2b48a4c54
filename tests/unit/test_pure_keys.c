/* Stories of keys, against files of tests/unit/answers: bytes of a terminal that become keys, and
 * keys that edit a line with a history and completion. The stories are made from a fixed row of
 * numbers. The rules themselves are in test_keys and test_lineedit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "tests/unit/expected.h"
#include "tui/keys.h"
#include "tui/lineedit.h"

static uint32_t dice;
static int start_dice(void **state)
{
	(void)state;
	dice = 7;
	return 0;
}
/* 0 to n - 1. One in each statement: C leaves open which of several would come first. */
static unsigned pick(unsigned n)
{
	dice = dice * 1664525 + 1013904223;
	return (dice >> 16) % n;
}

/* --- bytes become keys ---------------------------------------------------- */

static void write_key(struct buf *out, const struct key *k)
{
	char name[KEY_NAME_SIZE], words[KEY_NAME_SIZE], text[8];
	size_t n = key_text(k, text);
	buf_addf(out, " %s", key_name(k, name));
	if (strcmp(name, key_words(k, words)) != 0)
		buf_addf(out, "(%s)", words);
	if (n)
		buf_addf(out, "'%.*s'", (int)n, text);
	if (k->code == K_PASTE)
		buf_addf(out, "[%.*s]%s", (int)k->paste_len, k->paste, k->paste_cut ? " cut" : "");
	if (k->code == K_MOUSE)
		buf_addf(out, "[%d at %d,%d mods %u]", (int)k->mouse.what, k->mouse.x, k->mouse.y,
		         k->mods);
}

static void write_bytes(struct buf *out, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] > ' ' && bytes[i] < 127)
			buf_addf(out, "%c", bytes[i]);
		else
			buf_addf(out, "\\%02x", (unsigned char)bytes[i]);
	buf_puts(out, ":");
}

/* Feeds the bytes at once, takes what comes, waits for what does not, and takes the rest. */
static void write_keys_of(struct buf *out, const char *bytes, size_t len, bool mouse)
{
	struct keys *keys = keys_create(-1);
	struct key k;
	keys_set_mouse(keys, mouse);
	write_bytes(out, bytes, len);
	keys_feed(keys, bytes, len, 1000);
	while (keys_next(keys, &k, 1000))
		write_key(out, &k);
	buf_puts(out, " |");
	while (keys_next(keys, &k, 5000))
		write_key(out, &k);
	char rest[64];
	size_t left = keys_take(keys, rest, sizeof(rest));
	if (left)
		buf_addf(out, " left %zu", left);
	buf_puts(out, "\n");
	keys_destroy(keys);
}

static void test_bytes_of_a_terminal(void **state)
{
	static const char *const whole[] = {
		"\033[A",
		"\033OA",
		"\033[1;5D",
		"\033[1;2;3C",
		"\033[3~",
		"\033[3;3~",
		"\033[24;8~",
		"\033[25~",
		"\033[Z",
		"\033[1;2Z",
		"\033\033[A",
		"\033x",
		"\033\033x",
		"\033[200~a\rb\033[201~",
		"\033[200~a",
		"\033[27;5;13~",
		"\033[27;6;97~",
		"\033[97;5u",
		"\033[97;6u",
		"\033[65;2u",
		"\033[13;3u",
		"\033[57399u",
		"\033[27u",
		"\033[127;5u",
		"\033[9;2u",
		"\033[0;1u",
		"\033[1114112u",
		"\033[<0;10;20M",
		"\033[<0;10;20m",
		"\033[<32;3;4M",
		"\033[<64;3;4M",
		"\033[<65;3;4M",
		"\033[<16;1;1M",
		"\033[<28;1;1M",
		"\033[<0;0;0M",
		"\033[<2;5;5M",
		"\033[<35;5;5M",
		"\033[<0;5M",
		"\033[M abc",
		"\033]0;x\a",
		"\033]0;x\033\\",
		"\033P1$r\033\\",
		"\033[?62;c",
		"\033[5n",
		"\033[I",
		"\033[O",
		"\xc3\xa4",
		"\xc2\x9f",
		"\xc2\xa0",
		"\xe2\x82\xac",
		"\xf0\x9f\x98\x80",
		"\xc3",
		"\xff",
		"\x7f",
		"\b",
		"\t",
		"\r",
		"\n",
		"\x1a",
		"\x1c",
		"\x1f",
		"\x01",
		" ",
		"\033 ",
		"\033\r",
		"\033\x7f",
		"\033[1~",
		"\033[7~",
		"\033[4~",
		"\033[8~",
		"\033[5;5~",
		"\033OP",
		"\033[15~",
		"\033[1;3R",
		"\033[E",
		"\033O5A",
		"\033[[A",
		"\033[1;9A",
		"\033[1;17A",
		"\033[999999999A",
		"\033[;5A",
	};
	struct buf out;
	(void)state;
	buf_init(&out, 4 << 20);
	/* whole, and every beginning of each */
	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		for (size_t n = strlen(whole[i]); n; n--)
			write_keys_of(&out, whole[i], n, n % 2);
	/* every final of a sequence and every number of one */
	char bytes[64];
	for (int c = 0x40; c < 0x7f; c++) {
		size_t n = (size_t)snprintf(bytes, sizeof(bytes), "\033[%c", c);
		write_keys_of(&out, bytes, n, true);
		n = (size_t)snprintf(bytes, sizeof(bytes), "\033O%c", c);
		write_keys_of(&out, bytes, n, true);
		n = (size_t)snprintf(bytes, sizeof(bytes), "\033[1;6%c", c);
		write_keys_of(&out, bytes, n, true);
	}
	for (int c = 0; c < 36; c++) {
		size_t n = (size_t)snprintf(bytes, sizeof(bytes), "\033[%d~", c);
		write_keys_of(&out, bytes, n, true);
		n = (size_t)snprintf(bytes, sizeof(bytes), "\033[3;%d~", c);
		write_keys_of(&out, bytes, n, true);
		n = (size_t)snprintf(bytes, sizeof(bytes), "\033[%d;5u", c);
		write_keys_of(&out, bytes, n, true);
		n = (size_t)snprintf(bytes, sizeof(bytes), "\033[<%d;7;9M", 2 * c);
		write_keys_of(&out, bytes, n, true);
	}
	for (int c = 1; c < 128; c++) {
		bytes[0] = (char)c;
		write_keys_of(&out, bytes, 1, true);
		bytes[0] = '\033';
		bytes[1] = (char)c;
		write_keys_of(&out, bytes, 2, true);
	}
	/* pieces of all that, one after the other */
	for (int i = 0; i < 300; i++) {
		size_t n = 0;
		for (unsigned k = 1 + pick(4); k; k--) {
			const char *piece = whole[pick(ARRAY_LEN(whole))];
			size_t len = strlen(piece);
			len -= pick(3) ? 0 : pick((unsigned)len);
			if (n + len < sizeof(bytes))
				memcpy(bytes + n, piece, len);
			n += n + len < sizeof(bytes) ? len : 0;
		}
		write_keys_of(&out, bytes, n, i % 2);
	}
	/* every byte: alone, with Esc before it, before and behind others */
	for (int b = 1; b < 256; b++) {
		const char pieces[][5] = { { (char)b },
			                   { '\033', (char)b },
			                   { (char)b, '\200', 'x' },
			                   { '\303', (char)b },
			                   { '\033', '[', (char)b },
			                   { '\033', 'O', (char)b },
			                   { '\033', '[', '1', ';', (char)b } };
		for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
			write_keys_of(&out, pieces[i], strnlen(pieces[i], 5), false);
	}
	expected_check(&out, "tests/unit/answers/keys.txt");
	buf_finish(&out);
}

/* --- keys edit a line ----------------------------------------------------- */

static void complete(struct completion *c, const char *text, size_t cursor, void *arg)
{
	static const char *const words[] = { "alpha", "alpine", "beta", "be ta", "日本" };
	size_t start = cursor;
	(void)arg;
	while (start && text[start - 1] != ' ')
		start--;
	if (cursor % 3 == 1)
		completion_start(c, start);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strncmp(words[i], text + start, cursor - start))
			completion_add(c, words[i], i % 2 ? "help" : NULL);
}

static void write_line(struct buf *out, const char *key, enum lineedit_result result,
                       const struct lineedit *e)
{
	static const char *const results[] = { "ignored", "moved", "changed", "done", "cancelled" };
	buf_addf(out, "%s %s \"%s\"", key, results[result], lineedit_text(e));
	int rows = lineedit_list_rows(e, 9);
	if (rows)
		buf_addf(out, " list %d", rows);
	buf_puts(out, "\n");
}

static void write_story(struct buf *out, struct history *h, bool secret, size_t max)
{
	static const char *const names[] = {
		"a",      "b",       "p",      "Space",     "/",   ".",     "Left", "Right",
		"Home",   "End",     "Up",     "Down",      "Tab", "S-Tab", "C-w",  "C-u",
		"C-k",    "C-y",     "C-t",    "C-a",       "C-e", "C-b",   "C-f",  "C-d",
		"C-h",    "C-p",     "C-n",    "C-r",       "M-b", "M-f",   "M-d",  "M-Backspace",
		"C-Left", "C-Right", "Delete", "Backspace", "M-y", "C-_",   "C-v",  "F5",
		"Enter",  "Esc",     "C-g",    "PgUp"
	};
	struct lineedit *e = lineedit_create(&(struct lineedit_config){ .prompt = ":",
	                                                                .text = "be alp",
	                                                                .max = max,
	                                                                .secret = secret,
	                                                                .history = h,
	                                                                .complete = complete });
	buf_addf(out, "--- max %zu%s\n", max, secret ? " secret" : "");
	for (int i = 0; i < 500; i++) {
		struct key k = { 0 };
		unsigned what = pick(10);
		const char *name = names[pick(ARRAY_LEN(names))];
		if (!what) {
			static const char paste[] = "x\ny\tz\xc3\xa4\x01 end";
			k = (struct key){ .code = K_PASTE, .paste = paste };
			k.paste_len = 1 + pick(sizeof(paste) - 1);
			name = "paste";
		} else if (what < 4) {
			static const uint32_t letters[] = { 'a', 'l', 'b', 0xe4, 0x65e5, 0x301 };
			k.code = letters[pick(ARRAY_LEN(letters))];
			name = "letter";
		} else if (!key_parse(name, &k)) {
			fail_msg("%s is no key", name);
		}
		enum lineedit_result result = lineedit_key(e, &k);
		write_line(out, name, result, e);
		if (result == LINEEDIT_DONE || result == LINEEDIT_CANCELLED || !pick(60))
			lineedit_set(e, result == LINEEDIT_DONE ? "" : "alp be 日");
	}
	lineedit_destroy(e);
}

static void test_a_line_is_edited(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 4 << 20);
	struct history *h = history_create(5);
	history_add(h, "first line");
	history_add(h, "second");
	history_add(h, " not kept");
	history_add(h, "second");
	history_add(h, "");
	write_story(&out, h, false, 0);
	write_story(&out, h, false, 12);
	write_story(&out, NULL, true, 0);
	write_story(&out, h, false, 3);
	for (size_t i = 0; i < history_count(h); i++)
		buf_addf(&out, "history %zu: %s\n", i, history_get(h, i));
	history_destroy(h);
	expected_check(&out, "tests/unit/answers/lines.txt");
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_bytes_of_a_terminal, start_dice),
		cmocka_unit_test_setup(test_a_line_is_edited, start_dice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
