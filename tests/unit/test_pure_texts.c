/* What functions from text to text make of many texts: masks, fuzzy matches, JSON without a tree,
 * sessions and requests of OpenCode. Against files of tests/unit/answers. The meaning is tested in
 * test_base, test_fuzzy and test_sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/sessions/oc_parse.h"
#include "tests/unit/expected.h"
#include "tui/fuzzy.h"

static void check_written(struct buf *out, const char *path)
{
	expected_check(out, path);
	buf_finish(out);
}

/* --- masks ---------------------------------------------------------------- */

static void test_masks(void **state)
{
	static const char *const texts[] = {
		"DB_PASSWORD=hunter2 rest",
		"PASSWORD= x",
		"password: hunter2",
		"--api-key=abc --port=80",
		"--token abc -p 80",
		"-p secret",
		"TOKEN='a b' x",
		"TOKEN=\"a b\" x",
		"https://user:pass@host/path?q=1",
		"https://user@host/",
		"postgres://u:p%40x@h:5432/db",
		"://:@",
		"Authorization: Bearer abc.def",
		"authorization: basic dXNlcg==",
		"bearer x",
		"Bearer  two-blanks",
		"X-Api-Key: 12",
		"MONKEY=1 KEYBOARD=2 KEY=3 SSH_KEY_FILE=4",
		"AUTH_URL=x AUTHOR=y OAUTH=z",
		"PASSPHRASE=a PASSED=b PASS=c BYPASS=d",
		"PGPASSWORD=1;x=2,secret=3&token=4",
		"a=b=c TOKEN==x",
		"=x",
		"token",
		"sk-0123456789abcdef0123456789 end",
		"ghp_012345678901234567890123",
		"0123456789012345678901234",
		"012345678901234567890123",
		"01234567890123456789012 4",
		("{\"password\":\"x\",\"a\":[\"-p\",\"y\",\"--token=z\"],\"n\":5,\"u\":\"http://"
		 "a:b@c\"}"),
		"{\"env\":[\"A=1\",\"API_TOKEN=2\"],\"secret\":{\"x\":\"y\",\"n\":1}}",
		"{\"a\":\"TOKEN=1\"}\n{\"key\":true}\nplain TOKEN=3",
		"[\"--password\",\"x\",\"--password\"]",
		"{\"password\":",
		"\xc3\xa4=\xc3\xb6 TOKEN=\xc3\xbc\xc3\xb6",
		"",
	};
	struct buf out;
	(void)state;
	buf_init(&out, 4 << 20);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		for (size_t cut = 0; cut < 3; cut++) {
			size_t len = strlen(texts[i]);
			len = cut < len ? len - cut * (len / 3) : len;
			char *exact = xcalloc(1, len ? len : 1), sentence[200];
			memcpy(exact, texts[i], len);
			buf_addf(&out, "%.*s\n  text ", (int)len, texts[i]);
			mask_text(&out, exact, len);
			buf_puts(&out, "\n  json ");
			mask_json(&out, exact, len);
			buf_puts(&out, "\n  words ");
			mask_words(&out, exact, len);
			buf_puts(&out, "\n  long ");
			mask_long_words(&out, exact, len);
			snprintf(sentence, sizeof(sentence), "%.*s", (int)len, texts[i]);
			mask_sentence(sentence, sizeof(sentence));
			buf_addf(&out, "\n  sentence %s\n  secret %d\n", sentence,
			         mask_is_secret(exact, len));
			free(exact);
		}
	static const char *const paths[] = { "/hooks/abcdefgh/ijklmnop?token=qrstuvwx", "/abcdefgh",
		                             "/a/b", "", "/abcdefgh/x" };
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		char text[] =
			"POST /hooks/abcdefgh/ijklmnop?token=qrstuvwx: ijklmnop, abcdefg /a/b";
		mask_url_path(text, strlen(text), paths[i]);
		buf_addf(&out, "%s: %s\n", paths[i], text);
	}
	check_written(&out, "tests/unit/answers/masks.txt");
}

/* --- fuzzy matches -------------------------------------------------------- */

static void test_matches(void **state)
{
	static const char *const patterns[] = {
		"a", "ab",  "web", "WEB",     "w b",   "!web",      "!w", "db web", "web !db", "-",
		"1", "é",   "E",   "日本",    "x y z", " ",         "",   "sese/c", "wb1",     "aa",
		"!", "! a", "caf", "strasse", "ß",     "front-end", "fe", "zz",
	};
	static const char *const texts[] = { "web",      "sese/container/web_1",
		                             "WebDB",    "db-web-front",
		                             "my_web",   "front-end web",
		                             "Café",     "日本語 web",
		                             "aXbXc",    "a",
		                             "ab",       "ba",
		                             "aaa",      "",
		                             "1 web 1",  "w e b",
		                             "Straße",   "xyz",
		                             "frontEnd", "x/y/z" };
	struct buf out;
	(void)state;
	buf_init(&out, 4 << 20);
	for (size_t p = 0; p < ARRAY_LEN(patterns); p++) {
		struct fuzzy f;
		fuzzy_compile(&f, patterns[p]);
		buf_addf(&out, "=== \"%s\" %zu words%s\n", patterns[p], f.n,
		         fuzzy_empty(&f) ? " empty" : "");
		for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
			struct fuzzy_hits hits = { 0 }, marks = { 0 };
			int score = fuzzy_match(&f, texts[i], &hits);
			assert_int_equal(score, fuzzy_match(&f, texts[i], NULL));
			fuzzy_marks(&f, texts[i], &marks);
			buf_addf(&out, "%s: %d", texts[i], score);
			for (size_t k = 0; score && k < hits.n; k++)
				buf_addf(&out, " %u+%u", hits.hit[k].at, hits.hit[k].len);
			for (size_t k = 0; k < marks.n; k++)
				buf_addf(&out, " m%u+%u", marks.hit[k].at, marks.hit[k].len);
			for (int fold = 0; fold < 2; fold++)
				for (size_t at = 0; at < 4 && at <= strlen(texts[i]); at += 3) {
					size_t len = 0;
					long found = text_find(texts[i], at, patterns[p], fold,
					                       &len);
					if (found >= 0)
						buf_addf(&out, " f%d@%zu:%ld+%zu", fold, at, found,
						         len);
				}
			buf_puts(&out, "\n");
		}
	}
	check_written(&out, "tests/unit/answers/matches.txt");
}

/* --- JSON ----------------------------------------------------------------- */

static void write_read(struct buf *out, const char *json)
{
	static const char *const names[] = { "a", "b", "aB", "missing" };
	static const char *const pointers[] = { "",      "/a",     "/a/0", "/a/1", "/a/b",
		                                "/a~1b", "/a~0b",  "/",    "a",    "/a/-",
		                                "/a/01", "/a/b/c", "//" };
	size_t len = strlen(json);
	char *exact = xcalloc(1, len ? len : 1), text[12];
	memcpy(exact, json, len);
	struct json_size size = json_size(exact, len);
	buf_addf(out, "%s\n  size %zu nested %zu count %ld\n", json, size.tree, size.nested,
	         json_count(exact, len));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value;
		size_t n;
		if (json_member(exact, len, names[i], &value, &n))
			buf_addf(out, "  member %s = %.*s\n", names[i], (int)n, value);
	}
	/* with a NUL at each place: how many elements are read, and whether there is a member */
	buf_puts(out, "  NUL");
	for (size_t i = 0; i < len; i++) {
		const char *value;
		size_t n;
		char was = exact[i];
		exact[i] = '\0';
		buf_addf(out, " %ld%s", json_count(exact, len),
		         json_member(exact, len, "b", &value, &n) ? "b" : "");
		exact[i] = was;
	}
	buf_puts(out, "\n");
	cJSON *whole = json_whole(exact, len), *o = json_parse(exact, len),
	      *inside = vj_document(exact, len);
	buf_addf(out, "  parsed %d whole %d document %d\n", o != NULL, whole != NULL,
	         inside != NULL);
	for (size_t i = 0; o && i < ARRAY_LEN(pointers); i++) {
		const cJSON *at = json_pointer(o, pointers[i]);
		char *shown = at ? cJSON_PrintUnformatted(at) : NULL;
		if (shown)
			buf_addf(out, "  at \"%s\" %s\n", pointers[i], shown);
		cJSON_free(shown);
	}
	for (size_t i = 0; o && i + 1 < ARRAY_LEN(names); i++) {
		const char *other = i ? NULL : "b";
		bool has = vj_text(o, names[i], other, text, sizeof(text));
		buf_addf(out, "  %s text %d \"%s\" true %d int %lld time %lld", names[i], has, text,
		         vj_true(o, names[i], other), (long long)vj_int(o, names[i], other, -5),
		         (long long)vj_time(o, names[i], other));
		vj_words(vj_get(o, names[i], other), text, sizeof(text));
		buf_addf(out, " words \"%s\"\n", text);
	}
	cJSON_Delete(whole);
	cJSON_Delete(inside);
	cJSON_Delete(o);
	free(exact);
}

static void test_json(void **state)
{
	static const char *const texts[] = {
		"{\"a\":1}",
		"{\"a\":[1,2,3],\"b\":\"x\"}",
		"{\"a\":{\"b\":{\"c\":true}}}",
		"{\"a/b\":1,\"a~b\":2,\"\":3}",
		"[1,2,3]",
		"[]",
		"[[],{},\"]\"]",
		"[1,2",
		"[1,]",
		"[,1]",
		"{}",
		"{\"a\":}",
		"{\"a\"}",
		"{\"a\":1,}",
		"{\"a\":1 \"b\":2}",
		"{a:1}",
		"",
		" ",
		"1",
		"\"x\"",
		"null",
		"true",
		"{\"a\":1} x",
		"{\"a\":1}{\"b\":2}",
		"W: warning\n{\"a\":1}\n",
		"W: [x]\n[1]\ntail",
		"n\nnull",
		"  {\"a\":1}",
		"{\"a\":\"a long text of many letters\"}",
		"{\"a\":\"12\"}",
		"{\"a\":\"1x\"}",
		"{\"a\":-3.7}",
		"{\"a\":1e30}",
		"{\"a\":\"-9\"}",
		"{\"a\":true}",
		"{\"a\":\"true\"}",
		"{\"a\":false}",
		"{\"a\":\"2026-01-01T00:00:00Z\"}",
		"{\"a\":\"2000-12-31T23:59:59Z\"}",
		"{\"a\":\"2001-01-01T00:00:00Z\"}",
		"{\"a\":{\"seconds\":1767225600,\"nanos\":500000000}}",
		"{\"a\":{\"seconds\":\"1767225600\"}}",
		"{\"a\":1767225600}",
		"{\"a\":\"0001-01-01T00:00:00Z\"}",
		"{\"a\":\"2026-01-01T01:00:00+01:00\"}",
		"{\"a\":\"2026-01-01T00:00:00.123456789Z\"}",
		"{\"a\":[\"x\",\"yy\",\"zzzzzzzzzzzz\",\"w\",5]}",
		"{\"a\":[\"1234567890\",\"x\"]}",
		"{\"a\":[\"12345678901\"]}",
		"{\"aB\":7}",
		"{\"b\":7}",
		"{\"a\":\"\\u0000x\"}",
		"{\"a\":\"\\\"q\\\"\",\"b\":\"\\\\\"}",
		"{\"a\":\"x\\",
		"{ \"a\" : [ 1 , { \"b\" : 2 } ] , \"b\" : null }",
		"{\"a\":\"\"}",
		"{\"a\":null,\"b\":1}",
		"[{\"a\":[[[[]]]]},\"x\",1.5,null]",
	};
	static const char *const dates[] = {
		"Tue, 25 Nov 2026 22:06:14 GMT",
		"Wed, 25 Nov 2026 22:06:14 GMT",
		"25 Nov 2026 22:06:14 GMT",
		"Tue, 25 Nov 2026 22:06:14 CET",
		"Tue, 25 Foo 2026 22:06:14 GMT",
		"Tue, 25 Dec 1999 22:06:14 GMT",
		"Tue, 1 Jan 2030 00:00:00 GMT",
		"Tue, 01 Jan 2030 00:00:00 GMT",
		"",
		"Tue, 25 Nov 2026",
		"Tue, 29 Feb 2028 23:59:60 GMT",
		"Tue, 25 Nov 2026 24:00:00 GMT",
	};
	struct buf out;
	(void)state;
	buf_init(&out, 4 << 20);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		write_read(&out, texts[i]);
	for (size_t i = 0; i < ARRAY_LEN(dates); i++)
		buf_addf(&out, "%s: %lld\n", dates[i], (long long)vj_http_date_ms(dates[i]));
	check_written(&out, "tests/unit/answers/json.txt");
}

/* --- sessions of OpenCode ------------------------------------------------- */

static void write_sessions(struct buf *out, const char *json)
{
	struct oc_sessions l;
	struct oc_message m;
	struct err err = { 0 };
	buf_addf(out, "%s\n", json);
	for (int stored = 0; stored < 2; stored++) {
		bool good = stored ? oc_parse_stored(json, strlen(json), &l, &err)
		                   : oc_parse_sessions(json, strlen(json), &l, &err);
		buf_addf(out, "  %s %d", stored ? "stored" : "sessions", good);
		if (good)
			buf_addf(out, " n %zu left out %zu", l.n, l.left_out);
		for (size_t i = 0; good && i < l.n; i++)
			buf_addf(out, " [%s<%s %s %s %s %lld %lld %lld %.3f %lld]", l.v[i].id,
			         l.v[i].parent, l.v[i].directory ? l.v[i].directory : "-",
			         l.v[i].title ? l.v[i].title : "-",
			         l.v[i].model ? l.v[i].model : "-", (long long)l.v[i].created_ms,
			         (long long)l.v[i].updated_ms, (long long)l.v[i].archived_ms,
			         l.v[i].cost, (long long)l.v[i].tokens);
		buf_puts(out, "\n");
		oc_sessions_free(&l);
	}
	if (oc_parse_last(json, strlen(json), &m, &err))
		buf_addf(out,
		         "  last %s %d %d cost %.3f context %lld tokens %lld %lld \"%s\" over %d\n",
		         m.id, (int)m.role, m.completed, m.cost, (long long)m.context,
		         (long long)m.tokens, (long long)m.reasoning, m.error, oc_message_over(&m));
}

static void test_sessions(void **state)
{
	static const char *const texts[] = {
		("[{\"id\":\"ses_1\",\"title\":\"t\",\"directory\":\"/"
		 "a\",\"time\":{\"created\":1,\"updated\":2}}]"),
		("[{\"id\":\"ses_1\",\"parentID\":\"ses_0\",\"time\":{\"created\":1,\"archived\":3}"
		 "}"
		 "]"),
		"[{\"id\":\"ses_1\",\"created\":5,\"updated\":6,\"of_all\":1,\"title\":\"s\"}]",
		"[{\"id\":\"ses_1\",\"created\":5,\"of_all\":9},{\"id\":\"ses_2\"}]",
		"[{\"id\":\"ses_1\",\"of_all\":2},{\"id\":\"ses_2\"}]",
		"[{\"id\":\"ses_1\",\"of_all\":0}]",
		"[]",
		"{\"id\":\"ses_1\"}",
		"{}",
		"5",
		"",
		"[{\"id\":\"\"},{\"id\":5},{\"id\":\"a b\"}]",
		("[{\"info\":{\"id\":\"msg_1\",\"role\":\"assistant\",\"cost\":0.5,\"tokens\":{"
		 "\"input\":1,"
		 "\"output\":2,\"reasoning\":3,\"cache\":{\"read\":4,\"write\":5}},\"time\":{"
		 "\"created\":1,"
		 "\"completed\":2}}}]"),
		"[{\"info\":{\"id\":\"msg_1\",\"role\":\"user\",\"time\":{\"created\":1}}}]",
		("[{\"info\":{\"id\":\"msg_1\",\"role\":\"assistant\",\"error\":{\"name\":\"E\","
		 "\"data\":"
		 "{\"message\":\"m\"}}}}]"),
		"[{\"info\":{\"id\":\"msg_1\",\"role\":\"assistant\",\"tokens\":{\"input\":0}}}]",
	};
	static const char *const ids[] = { "msg_0000000000001",
		                           "msg_0000000000002",
		                           "msg_7ffffffffff01",
		                           "msg_8000000000001",
		                           "msg_fffffffffff01",
		                           "msg_1",
		                           "msg_",
		                           "" };
	struct buf out;
	(void)state;
	buf_init(&out, 4 << 20);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		write_sessions(&out, texts[i]);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		buf_addf(&out, "%s:", ids[i]);
		for (size_t k = 0; k < ARRAY_LEN(ids); k++) {
			int d = oc_id_order(ids[i], ids[k]);
			buf_addf(&out, " %d", (d > 0) - (d < 0));
		}
		buf_puts(&out, "\n");
	}
	check_written(&out, "tests/unit/answers/oc_sessions.txt");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_sessions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
