/* Functions from text to something, with every beginning of every sample, and with every byte of a
 * sample replaced: each in memory of exactly its length, so that a read beyond its end is seen.
 * What they make of it is kept in tests/unit/answers/prefixes.txt and bytes_*.txt (see expected.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "backends/base/base64.h"
#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/jsonl.h"
#include "backends/base/number.h"
#include "backends/base/quote.h"
#include "backends/base/sse.h"
#include "backends/logs/journal_line.h"
#include "backends/logs/tail_command.h"
#include "backends/checks/expect.h"
#include "backends/store/probe_spec.h"
#include "backends/store/quiet.h"
#include "backends/store/settings.h"
#include "backends/store/settings_lines.h"
#include "tui/fuzzy.h"
#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/logs/fold.h"
#include "backends/logs/logs.h"
#include "backends/logs/stamp.h"
#include "backends/logs/when.h"
#include "backends/store/level.h"
#include "backends/vpn/parse.h"
#include "backends/vpn/peer.h"
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

static void make_json(struct buf *out, const char *text, size_t len)
{
	static const char *const names[] = { "a", "b", "cd" };
	static const char *const places[] = { "/a", "/a/1/b", "/b/x~1y", "/cd/-" };
	struct json_size size = json_size(text, len);
	buf_addf(out, "%zu %zu %ld", size.tree, size.nested, json_count(text, len));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value;
		size_t n;
		if (json_member(text, len, names[i], &value, &n))
			buf_addf(out, " %s=%.*s", names[i], (int)n, value);
	}
	cJSON *o = json_parse(text, len), *whole = json_whole(text, len);
	buf_addf(out, " %s%s", o ? "parsed" : "", whole ? " whole" : "");
	for (size_t i = 0; o && i < ARRAY_LEN(places); i++) {
		char *shown = cJSON_PrintUnformatted(json_pointer(o, places[i]));
		buf_addf(out, " %s:%s", places[i], shown ? shown : "");
		cJSON_free(shown);
	}
	cJSON_Delete(o);
	cJSON_Delete(whole);
}

static void make_time(struct buf *out, const char *text, size_t len)
{
	char *copy = xstrndup(text, len);
	buf_addf(out, "%lld %lld", (long long)parse_rfc3339_ms(copy),
	         (long long)vj_http_date_ms(copy));
	free(copy);
}

static void make_number(struct buf *out, const char *text, size_t len)
{
	char *copy = xstrndup(text, len);
	struct buf bytes = { 0 };
	buf_addf(out, "%lld %d %lld ", (long long)number_read(copy, -20, 1000, -77),
	         number_int(copy), (long long)number_long(copy));
	buf_addf(out, "%d", base64_decode(copy, &bytes));
	for (size_t i = 0; i < bytes.len; i++)
		buf_addf(out, " %02x", (unsigned char)bytes.data[i]);
	char *back = base64_encode(bytes.len ? bytes.data : "", bytes.len);
	buf_addf(out, " %s", back);
	free(back);
	free(copy);
	buf_finish(&bytes);
}

/* Each line as the file of settings has it. */
static void make_settings(struct buf *out, const char *text, size_t len)
{
	struct settings_lines *lines = settings_lines_create();
	char *copy = xstrndup(text, len);
	int number = 1;
	for (char *line = copy, *end; line; line = end ? end + 1 : NULL, number++) {
		char why[300] = "";
		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		if (!settings_lines_see(lines, line, number, why, sizeof(why)))
			buf_addf(out, "%d: %s ", number, why);
	}
	buf_addf(out, "wrong %d", settings_lines_wrong(lines));
	settings_lines_destroy(lines);
	free(copy);
}

static void make_near(struct buf *out, const char *text, size_t len)
{
	static const char *const names[] = { "ab",      "web",      "restart", "containers",
		                             "journal", "interval", "poll" };
	char *copy = xstrndup(text, len);
	const char *near = nearest(copy, names, ARRAY_LEN(names));
	buf_addf(out, "%s %s", near ? near : "-", level_name(level_of_word(text, len)));
	free(copy);
}

/* "KEY VALUE" lines of a section [check x]. */
static void make_probe(struct buf *out, const char *text, size_t len)
{
	struct check_config c = { .name = (char *)"x",
		                  .every = 60,
		                  .within = 10,
		                  .fails = 2,
		                  .redirects = 3,
		                  .certificate_warn = 21,
		                  .certificate_bad = 7,
		                  .status = (char *)"200-299" };
	char *copy = xstrndup(text, len), *at = copy;
	const struct {
		const char *key;
		char **value;
	} keys[] = { { "url", &c.url },   { "tcp", &c.tcp },   { "dns", &c.dns },
		     { "ping", &c.ping }, { "text", &c.text }, { "status", &c.status },
		     { "json", &c.json }, { "type", &c.type }, { "address", &c.address } };
	for (char *line; (line = strsep(&at, "\n"));)
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			if (!strncmp(line, keys[i].key, strlen(keys[i].key)) && strchr(line, ' '))
				*keys[i].value = strchr(line, ' ') + 1;
	static struct probe_spec spec;
	struct err err = { 0 };
	char target[200];
	if (probe_spec_read(&c, &spec, &err)) {
		probe_spec_target(&spec, target, sizeof(target));
		buf_addf(out, "%s %s %d %d \"%s\" \"%s\" %d \"%s\" %d=\"%s\"",
		         probe_what_name(spec.what), target, spec.port, spec.family, spec.address,
		         spec.text, spec.json, spec.pointer, spec.has_value, spec.value);
		for (size_t i = 0; i < spec.n_status; i++)
			buf_addf(out, " %d-%d", spec.status[i].first, spec.status[i].last);
	} else {
		buf_addf(out, "no: %s", err.text);
	}
	free(copy);
}

static void sse_said(const char *event, const char *data, size_t len, void *arg)
{
	buf_addf(arg, "(%s)[%.*s]", event, (int)len, data);
}

static void json_line_said(const char *line, size_t len, void *arg)
{
	buf_addf(arg, "<%.*s>", (int)len, line);
}

static void make_stream(struct buf *out, const char *text, size_t len)
{
	struct sse sse = { 0 };
	struct json_lines lines = { 0 };
	for (size_t at = 0; at < len; at += 5) {
		size_t n = len - at < 5 ? len - at : 5;
		sse_feed(&sse, text + at, n, sse_said, out);
		json_lines_feed(&lines, text + at, n, json_line_said, out);
	}
	sse_finish(&sse);
	json_lines_finish(&lines);
}

static void make_journal(struct buf *out, const char *text, size_t len)
{
	struct journal_line l;
	if (!journal_line_parse(text, len, &l)) {
		buf_puts(out, "no");
		return;
	}
	buf_addf(out, "%lld %s \"%s\" \"%s\" [%.*s] %d", (long long)l.time_us, level_name(l.level),
	         l.cursor, l.identifier, (int)l.len, l.text ? l.text : "-", l.cut);
	for (size_t i = 0; i < ARRAY_LEN(l.units); i++)
		buf_addf(out, " %s", l.units[i]);
	journal_line_finish(&l);
}

static void make_tail(struct buf *out, const char *text, size_t len)
{
	size_t before = 0;
	enum tail_word word = tail_word(text, len, "/./", &before);
	buf_addf(out, "%d %zu", (int)word, before);
}

static void make_quoted(struct buf *out, const char *text, size_t len)
{
	char *copy = xstrndup(text, len);
	quote_argv(out, (const char *const[]){ copy, "", NULL });
	char *login = quote_login(copy, false);
	buf_addf(out, " | %s", login);
	free(login);
	free(copy);
}

static void make_match(struct buf *out, const char *text, size_t len)
{
	static const char *const texts[] = { "sese/container/web_1", "frontEnd Café", "a-b.c 12" };
	char *copy = xstrndup(text, len);
	struct fuzzy f;
	fuzzy_compile(&f, copy);
	buf_addf(out, "%zu", f.n);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct fuzzy_hits hits = { 0 };
		buf_addf(out, " %d", fuzzy_match(&f, texts[i], &hits));
		fuzzy_compile(&f, texts[i]); /* and the other way round */
		buf_addf(out, " %d", fuzzy_match(&f, copy, &hits));
		fuzzy_compile(&f, copy);
	}
	free(copy);
}

static void make_gist(struct buf *out, const char *text, size_t len)
{
	char *copy = xstrndup(text, len), gist[100], small[9];
	quiet_gist(copy, gist, sizeof(gist));
	quiet_gist(copy, small, sizeof(small));
	struct quiet one = { .gist = (char *)"disk 8# 80% full (code 7), # of #",
		             .health = HEALTH_ATTENTION };
	buf_addf(out, "%s | %s | %d", gist, small, quiet_holds(&one, HEALTH_ATTENTION, gist, 1));
	free(copy);
}

/* Lines of the file with what was set aside. */
static void make_quiets(struct buf *out, const char *text, size_t len)
{
	struct quiets list = { 0 };
	char *copy = xstrndup(text, len);
	quiets_read(&list, copy);
	quiets_write(&list, out);
	for (const struct quiet *one = list.all; one; one = one->hh.next) {
		char said[100];
		quiet_say(one, 1795243208000, said, sizeof(said));
		buf_addf(out, "%s ", said);
	}
	buf_addf(out, "%lld", (long long)quiets_next_ms(&list, 1795243208000));
	quiets_follow_clock(&list, 1795243000000);
	quiets_write(&list, out);
	quiets_finish(&list);
	free(copy);
}

/* An answer against what a section expects. */
static void make_expected(struct buf *out, const char *text, size_t len)
{
	static struct probe_spec specs[] = {
		{ .text = "all well" },
		{ .json = true },
		{ .json = true, .pointer = "/state/0" },
		{ .json = true, .pointer = "/state", .has_value = true, .value = "up" },
		{ .json = true, .pointer = "/n", .has_value = true, .value = "12.5" },
		{ .json = true, .pointer = "/b", .has_value = true, .value = "true" },
	};
	char *copy = xstrndup(text, len), why[200];
	for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
		specs[i].n_status = 1;
		specs[i].status[0] = (struct probe_range){ 200, 299 };
		why[0] = '\0';
		bool good = expect_answer(&specs[i], 200, copy, len, why, sizeof(why));
		buf_addf(out, "%d %s ", good, good ? "" : why);
	}
	free(copy);
}

static void make_covers(struct buf *out, const char *text, size_t len)
{
	char *route = xstrndup(text, len), *address = strchr(route, ' ');
	if (address)
		*address++ = '\0';
	buf_addf(out, "%d", hub_covers(route, address ? address : ""));
	free(route);
}

static void make_address(struct buf *out, const char *text, size_t len)
{
	char *copy = xstrndup(text, len), plain[40];
	vpn_plain_address(plain, sizeof(plain), copy);
	buf_addf(out, "%s", plain);
	free(copy);
}

/* --- samples --------------------------------------------------------------- */

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

/* Only with their bytes replaced. */
static const struct sample more_samples[] = {
	{ make_stamp, "stamp", "2026-02-28T23:59:59.5+14:00" },
	{ make_stamp, "stamp", "2026-11-21T06:40:08-00:59" },
	{ make_stamp, "stamp", "2026-11-21T06:40:08Z" },
	{ make_stamp, "stamp", "2262-04-10T00:00:00Z" },
	{ make_stamp, "stamp", "2262-04-09T23:59:59.999999999-13:59" },
	{ make_stamp, "stamp", "[2024-03-01 00:00:00] x" },
	{ make_stamp, "stamp", "[2024-03-01 00:00:00.5Z]  x" },
	{ make_stamp, "stamp", "1970-01-01 19:19:19,09 -1400 x" },
	{ make_stamp, "stamp", "1999/12/31 23:59:59 x" },
	{ make_stamp, "stamp", "2001-10-09 20:00:09+0959 x" },
	{ make_stamp, "stamp", "x [10/Oct/1999:13:55:36] y" },
	{ make_when, "when", "10m" },
	{ make_when, "when", "1s2m3h4d5w" },
	{ make_when, "when", " -999999s" },
	{ make_when, "when", "19:59:59" },
	{ make_when, "when", "2026-11-21 05:00:00" },
	{ make_target, "target", "pi/kernal" },
	{ make_target, "target", "pi/unitt/x" },
	{ make_json, "JSON",
	  "{\"a\":[1,{\"b\":\"x]\"}],\"b\":{\"x/y\":null},\"cd\":[true,-1.5e3]}" },
	{ make_json, "JSON", " [ [] , {} , \"\\\"\" , \"\\\\\" ] " },
	{ make_json, "JSON", "W: x\n{\"a\":\"\\u00e9\",\"cd\":\"\"}\n" },
	{ make_time, "time", "2026-11-21T06:40:08.123456789Z" },
	{ make_time, "time", "2024-02-29T23:59:59+13:59" },
	{ make_time, "time", "1970-01-01T00:00:00.5-00:30" },
	{ make_time, "time", "Sat, 21 Nov 2026 06:40:08 GMT" },
	{ make_time, "time", "Tue, 01 Jan 2030 23:59:60 GMT" },
	{ make_number, "number", "1000" },
	{ make_number, "number", "-20 x" },
	{ make_number, "number", " 9007199254740992" },
	{ make_number, "number", "2147483647" },
	{ make_number, "number", "YWJjZA==" },
	{ make_number, "number", "Zm9v+/Az" },
	{ make_number, "number", "azZ9+/8=" },
	{ make_settings, "settings",
	  "[server  pi]\nuser = a\nuser=b\n[server pi]\n; c\n[check x]\nurl = a ; b" },
	{ make_settings, "settings", "\357\273\277[keys]\nlog:f = x\nlog:f = y\nq : z\n q =1" },
	{ make_settings, "settings",
	  "[deploy x]\nrun = a ; b\nrun = a;b\nrun = c\nbad\n# x\n\n[x" },
	{ make_settings, "settings", "a ;b = c\nuser = a\n[notify n]\ncommand = a ; b\ntype=x" },
	{ make_near, "near", "restrat" },
	{ make_near, "near", "web" },
	{ make_near, "near", "contaners" },
	{ make_near, "near", "intervall" },
	{ make_near, "near", "journ" },
	{ make_near, "near", "warning" },
	{ make_near, "near", "err" },
	{ make_near, "near", "critical" },
	{ make_probe, "probe", "url https://shop.example:8443/a?token=x\nstatus 200 301-308 4xx" },
	{ make_probe, "probe", "tcp db.example:5432" },
	{ make_probe, "probe", "tcp db:65535" },
	{ make_probe, "probe", "url http://x/\nstatus 100 100-100 599-599 1xx" },
	{ make_probe, "probe", "tcp [2001:db8::1]:22" },
	{ make_probe, "probe", "ping 10.0.0.1" },
	{ make_probe, "probe", "dns shop.example\ntype AAAA\naddress ::1" },
	{ make_probe, "probe", "dns shop.example\ntype A\naddress 192.0.2.1" },
	{ make_probe, "probe", "url http://x/\njson /a/b = up\ntext ok" },
	{ make_probe, "probe", "url http://x/\njson /a\nstatus 100-599" },
	{ make_stream, "stream",
	  ": c\nevent: a\ndata: 1\ndata:2\n\ndata\r\nid: 7\r\n\r\ndata: z\r\r" },
	{ make_stream, "stream", "{\"a\":1}\n\n{\"b\":2}\r\nx" },
	{ make_journal, "journal",
	  "{\"__REALTIME_TIMESTAMP\":\"1795243208250000\",\"PRIORITY\":\"3\",\"__CURSOR\":\"s=1;i="
	  "2\","
	  "\"SYSLOG_IDENTIFIER\":\"sshd\",\"_PID\":\"812\",\"MESSAGE\":\"hi\",\"_SYSTEMD_UNIT\":"
	  "\"ssh.service\"}" },
	{ make_journal, "journal",
	  "{\"MESSAGE\":[104,105,255,0],\"UNIT\":\"a.service\",\"PRIORITY\":\"6\",\"USER_UNIT\":"
	  "\"b.service\"}" },
	{ make_journal, "journal",
	  "{\"MESSAGE\":[\"one\",\"two\"],\"COREDUMP_UNIT\":\"c\",\"OBJECT_SYSTEMD_UNIT\":\"d\"}" },
	{ make_tail, "tail", "tail: '/./x' has been replaced;  following new file" },
	{ make_tail, "tail", "last wordtail: /./x: file truncated" },
	{ make_tail, "tail", "tail: cannot open '/./x' for reading: No such file" },
	{ make_tail, "tail", "tail: file inaccessible: /./x" },
	{ make_quoted, "quoted", "a b'c\"d$e\\f!g" },
	{ make_quoted, "quoted", "/usr/bin/x-y_z.0:1,2+3@4%5" },
	{ make_address, "address", "10.0.0.1:41641" },
	{ make_address, "address", "[fd7a::2]:41641" },
	{ make_address, "address", "fd7a::2" },
	{ make_address, "address", "100.64.0.9/32" },
	{ make_address, "address", "name:1" },
	{ make_gist, "gist", "disk 8.5G 80% full (code 7), 3 of 12" },
	{ make_gist, "gist", "exited again after 2h 10m 3s; last: \"x\"" },
	{ make_gist, "gist", "x1 HTTP 502 loop: 7 again and again" },
	{ make_gist, "gist", "stopped (137), status 4 in 5ms and 6mb" },
	{ make_quiets, "quiets",
	  "{\"id\":\"a/unit/b\",\"how\":\"snoozed\",\"health\":\"bad\",\"gist\":\"g\",\"at_ms\":"
	  "1795243200000,\"until_ms\":1795246800000}" },
	{ make_quiets, "quiets",
	  "{\"id\":\"a\",\"how\":\"acknowledged\",\"health\":\"attention\",\"gist\":\"\",\"at_ms\":"
	  "1795243200000}\n{\"id\":\"b\",\"how\":\"snoozed_until_morning\",\"health\":\"bad\","
	  "\"gist\":"
	  "\"g\",\"at_ms\":1795243200000,\"until_ms\":1795334400000}\n{\"id\":\"c\",\"how\":"
	  "\"snoozed_until_clear\",\"health\":\"asks\",\"gist\":\"g\",\"at_ms\":1795243100000}" },
	{ make_expected, "expected", "it is all well" },
	{ make_expected, "expected", "{\"state\":\"up\",\"n\":12.5,\"b\":true}" },
	{ make_expected, "expected", "{\"state\":[\"up\"],\"n\":\"12.5\",\"b\":\"true\"}" },
	{ make_covers, "covers", "10.8.0.0/24 10.8.0.77" },
	{ make_covers, "covers", "10.8.0.128/25 10.8.0.255" },
	{ make_covers, "covers", "fd7a:115c::/32 fd7a:115c:1::2" },
	{ make_covers, "covers", "0.0.0.0/0 10.0.0.1" },
	{ make_covers, "covers", "192.0.2.1/32 192.0.2.1" },
	{ make_match, "match", "we b" },
	{ make_match, "match", "!c 12" },
	{ make_match, "match", "fE caf\303\251" },
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

/* --- every byte replaced --------------------------------------------------- */

static void make_of_copy(struct buf *now, const struct sample *s, const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);
	memcpy(copy, text, len);
	buf_clear(now);
	s->make(now, copy, len);
	buf_add(now, "", 1); /* never without memory */
	now->len--;
	free(copy);
}

#define SAID_MOST 50
/* Where two results differ: "@offset -bytes +text", with "_" for the byte that is new. */
static void say_change(struct buf *out, const struct buf *before, const struct buf *now, char is)
{
	size_t from = 0, same = 0, least = before->len < now->len ? before->len : now->len;
	while (from < least && before->data[from] == now->data[from])
		from++;
	while (same < least - from &&
	       before->data[before->len - 1 - same] == now->data[now->len - 1 - same])
		same++;
	size_t come = now->len - from - same;
	for (size_t i = from; i < from + come; i++)
		if (now->data[i] == is)
			now->data[i] = '_';
	buf_addf(out, "@%zu -%zu +", from, before->len - from - same);
	/* of a long text its beginning and its length */
	if (come > SAID_MOST)
		buf_addf(out, "%zu ", come);
	say_bytes(out, now->data + from, come < SAID_MOST ? come : SAID_MOST);
}

/* All replacements of one byte; those that lead to the same share a line. */
static void say_replaced_at(struct buf *out, const struct sample *s, size_t at,
                            const struct buf *before)
{
	static const char with[] = "09:-+ \"'=/.{x\n\033\303\177";
	enum { WITH = sizeof(with) + 1 };
	struct buf change[WITH] = { 0 };
	char is[WITH], was = s->text[at];
	for (size_t i = 0; i < WITH; i++) {
		/* the bytes beside it come first */
		is[i] = i < 2 ? (char)(was + (i ? 1 : -1)) : with[i - 2];
		if (is[i] == was || !is[i])
			continue;
		struct buf now = { 0 };
		char *text = xasprintf("%.*s%c%s", (int)at, s->text, is[i], s->text + at + 1);
		make_of_copy(&now, s, text, strlen(s->text));
		free(text);
		if (now.len != before->len || memcmp(now.data, before->data, now.len) != 0)
			say_change(&change[i], before, &now, is[i]);
		buf_finish(&now);
	}
	for (size_t i = 0; i < WITH; i++) {
		if (!change[i].len)
			continue;
		buf_addf(out, "%zu", at);
		for (size_t k = WITH; k-- > i;) {
			if (change[k].len != change[i].len ||
			    memcmp(change[k].data, change[i].data, change[i].len) != 0)
				continue;
			buf_addf(out, " %02x", (unsigned char)is[k]);
			if (k > i)
				buf_finish(&change[k]);
		}
		buf_addf(out, ": %.*s", (int)change[i].len, change[i].data);
		buf_finish(&change[i]);
	}
}

static void say_replaced(struct buf *out, const struct sample *s)
{
	struct buf before = { 0 };
	size_t all = strlen(s->text);
	buf_addf(out, "== %s: ", s->name);
	say_bytes(out, s->text, all);
	make_of_copy(&before, s, s->text, all);
	buf_add(&before, "", 1); /* never NULL */
	before.len--;
	for (size_t at = 0; at < all; at++)
		say_replaced_at(out, s, at, &before);
	buf_finish(&before);
}

/* The samples of these names, with a bar between and around them. */
static void check_bytes(const char *names, const char *path)
{
	static const struct {
		const struct sample *samples;
		size_t n;
	} all[] = { { samples, ARRAY_LEN(samples) }, { more_samples, ARRAY_LEN(more_samples) } };
	struct buf out;
	buf_init(&out, 8 << 20);
	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (size_t k = 0; k < all[i].n; k++) {
			char *name = xasprintf("|%s|", all[i].samples[k].name);
			if (strstr(names, name))
				say_replaced(&out, &all[i].samples[k]);
			free(name);
		}
	expected_check(&out, path);
	buf_finish(&out);
}

#define ANSWERS "tests/unit/answers/"
static void test_every_byte_of_times(void **state)
{
	check_bytes("|level|stamp|when|time|number|", ANSWERS "bytes_times.txt");
}
static void test_every_byte_of_secrets(void **state)
{
	check_bytes("|mask|words|", ANSWERS "bytes_secrets.txt");
	check_bytes("|json mask|", ANSWERS "bytes_secrets_in_json.txt");
}
static void test_every_byte_of_logs(void **state)
{
	check_bytes("|fold|journal|tail|stream|", ANSWERS "bytes_logs.txt");
}
static void test_every_byte_of_the_wash(void **state)
{
	check_bytes("|wash|JSON|", ANSWERS "bytes_wash.txt");
}
static void test_every_byte_of_words(void **state)
{
	check_bytes("|said|target|key|pong|near|match|gist|address|covers|quoted|",
	            ANSWERS "bytes_words.txt");
}
static void test_every_byte_of_settings(void **state)
{
	check_bytes("|settings|probe|quiets|expected|", ANSWERS "bytes_settings.txt");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_beginning),
		                            cmocka_unit_test(test_every_byte_of_times),
		                            cmocka_unit_test(test_every_byte_of_secrets),
		                            cmocka_unit_test(test_every_byte_of_logs),
		                            cmocka_unit_test(test_every_byte_of_the_wash),
		                            cmocka_unit_test(test_every_byte_of_words),
		                            cmocka_unit_test(test_every_byte_of_settings) };
	return cmocka_run_group_tests_name("prefixes", tests, NULL, NULL);
}
