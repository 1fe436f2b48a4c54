/* Functions from text to something, with every beginning of every sample: each in memory of exactly
 * its length, so that a read beyond its end is seen. What they make of it is kept in
 * tests/unit/answers/prefixes.txt (see expected.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/logs/fold.h"
#include "backends/logs/logs.h"
#include "backends/logs/stamp.h"
#include "backends/logs/when.h"
#include "backends/store/level.h"
#include "backends/vpn/parse.h"
#include "tests/unit/expected.h"
#include "tui/keys.h"

/* Writes what the function makes of text, which is not ended by NUL. */
typedef void maker(struct buf *out, const char *text, size_t len);

static void make_level(struct buf *out, const char *text, size_t len)
{
	buf_puts(out, level_name(level_guess(text, len)));
}

static void make_stamp(struct buf *out, const char *text, size_t len)
{
	buf_addf(out, "%lld %zu %lld", (long long)stamp_find(text, len, zone_parse("+0200")),
	         stamp_len(text, len), (long long)stamp_utc_ns(text, len));
}

static void make_mask(struct buf *out, const char *text, size_t len)
{
	mask_text(out, text, len);
}

static void make_json_mask(struct buf *out, const char *text, size_t len)
{
	mask_json(out, text, len);
}

static void make_long_words(struct buf *out, const char *text, size_t len)
{
	mask_words(out, text, len);
	buf_puts(out, " | ");
	mask_long_words(out, text, len);
}

static void make_fold(struct buf *out, const char *text, size_t len)
{
	struct buf rows = { 0 };
	buf_addf(out, "%s ", fold_json(text, len, out) ? "" : "(no)");
	buf_addf(out, "| %s", unfold_json(text, len, &rows) ? "" : "(no)");
	for (size_t i = 0; i < rows.len; i++)
		buf_addf(out, "%c", rows.data[i] == '\n' ? '/' : rows.data[i]);
	buf_finish(&rows);
	buf_addf(out, " | %lld", (long long)json_time(text, len, zone_parse("+0200")));
}

static void make_wash(struct buf *out, const char *text, size_t len)
{
	char washed[200];
	wash(washed, sizeof(washed), text, len);
	buf_addf(out, "%s", washed);
	for (size_t width = 0; width < 12; width += 3) {
		char end[200], middle[200];
		cells_cut(end, sizeof(end), washed, width, CUT_END, "~");
		cells_cut(middle, sizeof(middle), washed, width, CUT_MIDDLE, "~");
		buf_addf(out, " %zu:[%s][%s]", width, end, middle);
	}
}

static void make_said(struct buf *out, const char *text, size_t len)
{
	char words[200];
	int minor = hs_version(text, len, words, sizeof(words));
	buf_addf(out, "%d \"%s\"", minor, words);
	buf_addf(out, " \"%s\"", hs_message(words, sizeof(words), text, len));
	ts_auth_url(words, sizeof(words), text, len);
	buf_addf(out, " \"%s\"", words);
}

/* The rest want text that is ended. */
static void make_when(struct buf *out, const char *text, size_t len)
{
	char *copy = xstrndup(text, len);
	int64_t at = -1;
	bool good = when_parse(copy, 1795243208000, &at);
	buf_addf(out, "%s %lld", good ? "yes" : "no", good ? (long long)at : 0);
	free(copy);
}

static void make_target(struct buf *out, const char *text, size_t len)
{
	char *copy = xstrndup(text, len), why[256] = "";
	struct target t = { 0 };
	if (target_parse(copy, &t, why, sizeof(why)))
		buf_addf(out, "%d \"%s\" \"%s\"", (int)t.what, t.server, t.name);
	else
		buf_addf(out, "no: %s", why);
	free(copy);
}

static void make_key(struct buf *out, const char *text, size_t len)
{
	char *copy = xstrndup(text, len), name[KEY_NAME_SIZE];
	struct key key = { 0 };
	buf_puts(out, key_parse(copy, &key) ? key_name(&key, name) : "(no)");
	free(copy);
}

static void make_pong(struct buf *out, const char *text, size_t len)
{
	char *copy = xstrndup(text, len);
	struct ts_pong pong = { 0 };
	bool good = ts_pong_words(&pong, copy);
	buf_addf(out, "%s %.1f \"%s\" \"%s\"", good ? "yes" : "no", good ? pong.ms : -1,
	         good ? pong.path : "", good ? pong.err : "");
	free(copy);
}

static const struct sample {
	maker *make;
	const char *name, *text;
} samples[] = {
	{ make_level, "level", "{\"level\":\"warn\",\"msg\":\"ERROR\"}" },
	{ make_level, "level", "t=1 lvl = \"error\" msg=x" },
	{ make_level, "level", "level: 50 x" },
	{ make_level, "level", "E0102 03:04 x" },
	{ make_level, "level", "<3>[warn] x" },
	{ make_level, "level", "x (fatal) y |INFO| z" },
	{ make_level, "level", "Traceback (most recent call last)" },
	{ make_level, "level", "thread 'main' panicked at src" },
	{ make_level, "level", "a TypeError: is [debug]" },
	{ make_level, "level", "my_level=error xlevel=warn 9level=info" },
	{ make_level, "level", "no error, warn: it" },
	{ make_stamp, "stamp", "[2026-11-21T08:40:08.250+02:00] x" },
	{ make_stamp, "stamp", "2026-11-21T06:40:08.123456789Z x" },
	{ make_stamp, "stamp", "2026-11-21 08:40:08,250 +0200 INFO" },
	{ make_stamp, "stamp", "2026/11/21 08:40:08 [error] 12" },
	{ make_stamp, "stamp", "10.0.0.1 - - [21/Nov/2026:07:40:08 +0100] \"GET\"" },
	{ make_stamp, "stamp", "{\"level\":\"info\",\"time\":\"2026-11-21T06:40:08.25Z\"}" },
	{ make_stamp, "stamp", "{\"ts\":1795243208.25,\"msg\":\"x\"}" },
	{ make_stamp, "stamp", "2024-02-29T23:59:60Z" },
	{ make_stamp, "stamp", "2023-02-29 24:00:00 x" },
	{ make_stamp, "stamp", "2026-12-31 23:59:59-0930 y" },
	{ make_stamp, "stamp", "2026-13-01 00:00:00" },
	{ make_stamp, "stamp", "2026-00-10 10:60:00" },
	{ make_mask, "mask", "a=1 DB_PASSWORD=hunter2 b=2" },
	{ make_mask, "mask", "--token=\"a b\\\"c\" x, secret: 'q r';z" },
	{ make_mask, "mask", "http://me:word@host/p?api_key=xyz&b=c" },
	{ make_mask, "mask", "Authorization: Bearer abcdefghij x" },
	{ make_mask, "mask", "basic 12345678 Basic 1234567 xBearer abcdefghij" },
	{ make_mask, "mask", "{\\\"token\\\": \\\"abc\\\", \\\"b\\\":1}" },
	{ make_mask, "mask", "'password' : 'x y' key:value key=//x pass = open" },
	{ make_mask, "mask", "https://host:80/x@y http://u@h http://u:@h" },
	{ make_json_mask, "json mask",
	  "{\"a\":[\"-p\",\"x\",\"y\"],\"token\":\"t\",\"e\":\"DB_PASS=a b\"}" },
	{ make_json_mask, "json mask", "warn\n{\"key\":\"k\"}\n[\"--api-key\",\"z\"]\nx" },
	{ make_json_mask, "json mask", "[{\"n\":{\"secret\":[\"s\",1]}},\"a=b\"]" },
	{ make_long_words, "words",
	  "ab-\303\251 1_ abcdefghijklmnopqrstuvwx yabcdefghijklmnopqrstuvw" },
	{ make_fold, "fold", "{\"level\":\"warn\",\"msg\":\"slow one\",\"ms\":12,\"t\":true}" },
	{ make_fold, "fold",
	  "{\"a\":{\"b\":[1,\"c\"],\"d\":null},\"message\":\"x\\n\\u00e9\\\"y\"}" },
	{ make_fold, "fold",
	  " { \"time\" : 1795243208250 , \"severity\":\"ERROR\", \"error\":\"\" } " },
	{ make_wash, "wash",
	  "a\033[1;31mb\033]0;t\007c\302\205d\t\346\227\245\346\234\254e\314\201f" },
	{ make_wash, "wash",
	  "\033Pq\033\\x\302\233"
	  "1my\302\235z\302\234w\342\200\213v\360\237\230\200u" },
	{ make_wash, "wash", "x\033(Bz\0337y\033\001w\033#8v\033\177u\033 Ft" },
	{ make_stamp, "stamp", "[00/Nov/2026:07:40:08 +0100]" },
	{ make_stamp, "stamp", "[32/Nov/2026:07:40:08 +0100]" },
	{ make_stamp, "stamp", "[01/Dec/1969:07:40:08 +0100]" },
	{ make_stamp, "stamp", "[31/Jan/1970:23:59:60 -1130]" },
	{ make_stamp, "stamp", "[21/Nov/2026:24:00:00 +0000]" },
	{ make_stamp, "stamp", "[21/Nov/2026:00:60:00 +0000]" },
	{ make_stamp, "stamp", "[21/Nov/2026:00:00:61 +0000]" },
	{ make_stamp, "stamp", "2026-01-32 00:00:00 x" },
	{ make_stamp, "stamp", "1969-01-02 00:00:00 x" },
	{ make_stamp, "stamp", "2026-01-01 00:00:61 x" },
	{ make_said, "said", "headscale v0.26.1 x 10.27 0.2" },
	{ make_said, "said", "2026 FTL a/utils.go:124 > Could not connect: x\ny" },
	{ make_said, "said", "{\"message\":\"m\",\"detail\":\"d\"}" },
	{ make_said, "said", "\n <html>" },
	{ make_said, "said", "{\n\"AuthURL\": \"https://login.example/a/b\",\n" },
	{ make_when, "when", "-1h30m10s" },
	{ make_when, "when", "2d3w" },
	{ make_when, "when", "14:32:05" },
	{ make_when, "when", "2026-11-21T06:00:00Z" },
	{ make_when, "when", "23:59" },
	{ make_when, "when", "0:61:00" },
	{ make_target, "target", "sese/containers/javisi_*" },
	{ make_target, "target", "*/services/user:caddy.service" },
	{ make_target, "target", "p?/file:/var/log/x y" },
	{ make_target, "target", "pi/kernel/x" },
	{ make_target, "target", "pi/journal" },
	{ make_target, "target", "a/unit/b" },
	{ make_target, "target", "a/container/c" },
	{ make_key, "key", "C-M-S-PageDown" },
	{ make_key, "key", "Ctrl-Alt-x" },
	{ make_key, "key", "^]" },
	{ make_key, "key", "S-F12" },
	{ make_key, "key", "M-\303\251x" },
	{ make_key, "key", "escape" },
	{ make_key, "key", "Return" },
	{ make_key, "key", "space" },
	{ make_key, "key", "Backspace" },
	{ make_key, "key", "Insert" },
	{ make_key, "key", "Delete" },
	{ make_key, "key", "C-Tab" },
	{ make_pong, "pong", "pong from pi (100.64.0.3) via DERP(fra) in 12ms\n" },
	{ make_pong, "pong", "pong from pi (100.64.0.3) via 10.77.0.11:41641 in 1.5ms" },
	{ make_pong, "pong", "pong from pi (100.64.0.3) via peer-relay(10.7.0.1:4) in 2s" },
};

/* As text of one line. */
static void say_bytes(struct buf *out, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_addf(out, bytes[i] >= ' ' && bytes[i] < 127 ? "%c" : "\\%03o",
		         (unsigned char)bytes[i]);
	buf_puts(out, "\n");
}

static void say_prefixes(struct buf *out, const struct sample *s)
{
	struct buf now = { 0 }, before = { 0 };
	buf_addf(out, "== %s: ", s->name);
	say_bytes(out, s->text, strlen(s->text));
	size_t all = strlen(s->text);
	for (size_t len = 0; len <= all; len++) {
		char *text = malloc(len ? len : 1);
		memcpy(text, s->text, len);
		buf_clear(&now);
		s->make(&now, text, len);
		free(text);
		if (len && now.len == before.len &&
		    (!now.len || !memcmp(now.data, before.data, now.len)))
			continue; /* as with a byte less */
		buf_addf(out, "%zu: ", len);
		say_bytes(out, now.data, now.len);
		buf_clear(&before);
		if (now.len)
			buf_add(&before, now.data, now.len);
	}
	buf_finish(&now);
	buf_finish(&before);
}

static void test_every_beginning(void **state)
{
	struct buf out = { 0 };
	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		say_prefixes(&out, &samples[i]);
	expected_check(&out, "tests/unit/answers/prefixes.txt");
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_beginning) };
	return cmocka_run_group_tests_name("prefixes", tests, NULL, NULL);
}
