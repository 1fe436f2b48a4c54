/* Checks: what a section means, what an answer must be, what is kept of the runs and when a check
 * is bad; addresses and JSON pointers; and runs against a server of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/checks/expect.h"
#include "backends/checks/internal.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/url.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/store/action.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"
#include "tests/unit/httpd.h"

#define MINUTE_MS 60000LL
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define NOW_MS 1796000000000LL

static struct check_config config(void)
{
	return (struct check_config){ .name = "x",
		                      .status = "200-299",
		                      .every = 30,
		                      .within = 10,
		                      .fails = 2,
		                      .redirects = 5,
		                      .certificate_warn = 14,
		                      .certificate_bad = 3 };
}

/* --- addresses ------------------------------------------------------------ */

static void test_urls(void **state)
{
	static const struct {
		const char *url, *host, *path;
		int port;
		bool tls;
	} good[] = {
		{ "http://a", "a", "/", 80, false },
		{ "HTTPS://a.b-c_d:8443/x?y=1#z", "a.b-c_d", "/x?y=1", 8443, true },
		{ "http://[::1]:8080?q", "[::1]", "/?q", 8080, false },
		{ "https://192.0.2.1/", "192.0.2.1", "/", 443, true },
		{ "http://a#b", "a", "/", 80, false },
	};
	static const char *const bad[] = {
		"",
		"a",
		"ftp://a",
		"http://",
		"http://:80",
		"http://a:",
		"http://a:0",
		"http://a:x",
		"http://a:65536",
		"http://a:123456",
		"http://u@a",
		"http://u:p@a/",
		"http://a b",
		"http://a/b c",
		"http://a/\x01",
		"http://a\n",
		"http://[::1",
		"http://[]/",
		"http://a/\xc3\xa9",
		"http://a\\b",
	};
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct endpoint e;
		char host[URL_HOST_SIZE], *path;
		assert_true(url_read(good[i].url, &e, host, sizeof(host), &path));
		assert_string_equal(host, good[i].host);
		assert_string_equal(path, good[i].path);
		assert_int_equal(e.port, good[i].port);
		assert_int_equal(e.tls, good[i].tls);
		free(path);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct endpoint e;
		char host[URL_HOST_SIZE], *path;
		if (url_read(bad[i], &e, host, sizeof(host), &path))
			fail_msg("taken: %s", bad[i]);
		assert_null(path);
	}
	struct endpoint e;
	char small[4], *path;
	assert_false(url_read("http://abcd/", &e, small, sizeof(small), &path));
}

static void test_pointers(void **state)
{
	static const char text[] = "{\"a\":{\"b\":[10,{\"c\":\"x\"}]},\"a/b\":1,\"m~n\":2,\"\":3,"
				   "\"0\":4,\"A\":5}";
	static const struct {
		const char *pointer, *value; /* NULL: no such place */
	} all[] = {
		{ "/a/b/0", "10" },  { "/a/b/1/c", "\"x\"" },
		{ "/a~1b", "1" },    { "/m~0n", "2" },
		{ "/", "3" },        { "/0", "4" },
		{ "/A", "5" },       { "/a/b/00", NULL },
		{ "/a/b/2", NULL },  { "/a/b/-", NULL },
		{ "/a/b/-1", NULL }, { "/a/b/", NULL },
		{ "a", NULL },       { "/a/b/1/c/d", NULL },
		{ "/B", NULL },      { "/a/b/99999999999999999999", NULL },
		{ "/a/b/1x", NULL },
	};
	cJSON *json = cJSON_Parse(text);
	assert_ptr_equal(json_pointer(json, ""), json);
	assert_null(json_pointer(NULL, ""));
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const cJSON *at = json_pointer(json, all[i].pointer);
		char *got = at ? cJSON_PrintUnformatted(at) : NULL;
		if ((got != NULL) != (all[i].value != NULL))
			fail_msg("%s: %s", all[i].pointer, got ? got : "no place");
		if (got)
			assert_string_equal(got, all[i].value);
		cJSON_free(got);
	}
	cJSON_Delete(json);
}

/* --- sections -------------------------------------------------------------- */

static void assert_reads(const struct check_config *c, struct probe_spec *p)
{
	struct err err = { 0 };
	if (!probe_spec_read(c, p, &err))
		fail_msg("%s", err.text);
}

static void assert_wrong(const struct check_config *c, const char *said)
{
	struct probe_spec p;
	struct err err = { 0 };
	assert_false(probe_spec_read(c, &p, &err));
	if (!strstr(err.text, said))
		fail_msg("said: %s", err.text);
}

static void test_sections(void **state)
{
	struct probe_spec p;
	char target[100];
	struct check_config c = config();
	assert_wrong(&c, "needs one of url, tcp, dns and ping, and has none");
	c.url = "http://a/b?token=x";
	c.status = "200 301-308 4xx";
	c.json = "/data/0/state = ready to go";
	assert_reads(&c, &p);
	assert_int_equal(p.n_status, 3);
	assert_int_equal(p.status[2].last, 499);
	assert_string_equal(p.pointer, "/data/0/state");
	assert_string_equal(p.value, "ready to go");
	assert_int_equal(p.every_ms, 30000);
	probe_spec_target(&p, target, sizeof(target));
	assert_string_equal(target, "http://a/b");
	c.json = "/x";
	assert_reads(&c, &p);
	assert_false(p.has_value);
	c.json = "/x =";
	assert_reads(&c, &p);
	assert_true(p.has_value && !*p.value);
	c.ping = "a";
	assert_wrong(&c, "not more");
}

static void test_tcp_dns_ping_sections(void **state)
{
	static const struct {
		const char *text, *host;
		int port;
	} tcp[] = { { "db.example:5432", "db.example", 5432 }, { "[::1]:22", "::1", 22 } };
	static const char *const bad[] = { "a",      ":1",    "a:",   "a:0",  "a:65536",
		                           "::1:22", "a b:1", "[]:1", "-x:1", "a:1x" };
	struct probe_spec p;
	char target[100];
	for (size_t i = 0; i < ARRAY_LEN(tcp); i++) {
		struct check_config c = config();
		c.tcp = (char *)tcp[i].text;
		assert_reads(&c, &p);
		assert_string_equal(p.host, tcp[i].host);
		assert_int_equal(p.port, tcp[i].port);
		probe_spec_target(&p, target, sizeof(target));
		assert_string_equal(target, tcp[i].text);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct check_config c = config();
		c.tcp = (char *)bad[i];
		assert_wrong(&c, "tcp: expected HOST:PORT");
	}
	struct check_config c = config();
	c.dns = "shop.example";
	c.address = "2001:DB8:0:0::1";
	assert_reads(&c, &p);
	assert_string_equal(p.address, "2001:db8::1");
	assert_int_equal(p.family, AF_UNSPEC);
	c.type = "AAAA";
	assert_reads(&c, &p);
	assert_int_equal(p.family, AF_INET6);
	c.type = "A";
	assert_wrong(&c, "is not an address of type A");
	c.address = "x";
	assert_wrong(&c, "expected an IP address");
	c = config();
	c.ping = "-f";
	assert_wrong(&c, "ping: expected a name or an address");
}

static void test_wrong_sections(void **state)
{
	struct check_config c = config();
	static const char *const status[] = { "",     "20",      "2000", "20x", "xx2",
		                              "200-", "300-200", "099",  "600" };
	c.url = "http://a";
	for (size_t i = 0; i < ARRAY_LEN(status); i++) {
		c.status = (char *)status[i];
		assert_wrong(&c, "status: expected");
	}
	c.status = "1xx 2xx 3xx 4xx 5xx 1xx 2xx 3xx 4xx 5xx 1xx 2xx 3xx 4xx 5xx 1xx 2xx";
	assert_wrong(&c, "at most 16");
	c = config();
	c.url = "http://a";
	c.json = "status = ok";
	assert_wrong(&c, "expected a JSON pointer");
	c = config();
	c.url = "http://me:secret@a";
	assert_wrong(&c, "without a user name");
	c = config();
	c.url = "http://a";
	c.type = "A";
	assert_wrong(&c, "type means nothing for a check of http");
	c = config();
	c.tcp = "a:1";
	c.text = "x";
	assert_wrong(&c, "text means nothing for a check of tcp");
	c = config();
	c.dns = "a; reboot";
	c.from = "pi";
	assert_wrong(&c, "dns: expected a name or an address");
	char text[PROBE_TEXT_MAX + 1];
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	c = config();
	c.url = "http://a";
	c.text = text;
	assert_wrong(&c, "text is longer than 511 bytes");
}

/* --- answers ---------------------------------------------------------------- */

static void test_answers(void **state)
{
	static const char json[] =
		"{\"s\":\"ok\",\"n\":3,\"f\":1.5,\"t\":true,\"z\":null,\"o\":{}}";
	static const struct {
		int status;
		const char *text, *json, *body, *why; /* why NULL: good */
	} all[] = {
		{ 204, NULL, NULL, "", NULL },
		{ 502, NULL, NULL, "<html><title>Bad Gateway</title>",
		  "answered 502, expected 200-299: a web page: Bad Gateway" },
		{ 199, NULL, NULL, "", "answered 199, expected 200-299: nothing" },
		{ 200, "well", NULL, "all is well", NULL },
		{ 200, "Well", NULL, "all is well",
		  "the answer does not contain \"Well\": all is well" },
		{ 200, NULL, "/s = ok", json, NULL },
		{ 200, NULL, "/s = no", json, "/s is ok, expected no" },
		{ 200, NULL, "/n = 3", json, NULL },
		{ 200, NULL, "/n = 3.0", json, NULL },
		{ 200, NULL, "/n = 3x", json, "/n is 3, expected 3x" },
		{ 200, NULL, "/n =", json, "/n is 3, expected " },
		{ 200, NULL, "/f = 1.5", json, NULL },
		{ 200, NULL, "/t = true", json, NULL },
		{ 200, NULL, "/t = false", json, "/t is true, expected false" },
		{ 200, NULL, "/z = null", json, NULL },
		{ 200, NULL, "/o", json, NULL },
		{ 200, NULL, "/o = {}", json, "/o is {}, expected {}" },
		{ 200, NULL, "/missing = 1", json, "the JSON has no /missing" },
		{ 200, NULL, "/s = ok", "<html><title>Log in</title>",
		  "expected JSON, got a web page: Log in" },
		{ 200, NULL, "/s = ok", "{\"s\":\"ok\"", "expected JSON, got {\"s\":\"ok\"" },
		{ 200, NULL, "/s", "", "expected JSON, got nothing" },
		{ 200, NULL, "/s = ok", "{\"s\":\"\x1b[31mred\"}", "/s is red, expected ok" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct check_config c = config();
		struct probe_spec p;
		char why[EXPECT_WHY_SIZE] = "";
		c.url = "http://a";
		c.text = (char *)all[i].text;
		c.json = (char *)all[i].json;
		assert_reads(&c, &p);
		bool good = expect_answer(&p, all[i].status, all[i].body, strlen(all[i].body), why,
		                          sizeof(why));
		if (good != !all[i].why)
			fail_msg("%zu: %s", i, good ? "good" : why);
		if (!good)
			assert_string_equal(why, all[i].why);
	}
}

static void test_addresses_of_a_name(void **state)
{
	static const char *const got[] = { "192.0.2.1", "2001:db8::1" };
	struct probe_spec p = { .what = PROBE_DNS, .host = "shop.example" };
	char why[EXPECT_WHY_SIZE];
	assert_true(expect_addresses(&p, got, 2, why, sizeof(why)));
	assert_false(expect_addresses(&p, got, 0, why, sizeof(why)));
	assert_string_equal(why, "shop.example has no address");
	snprintf(p.address, sizeof(p.address), "2001:db8::1");
	assert_true(expect_addresses(&p, got, 2, why, sizeof(why)));
	assert_false(expect_addresses(&p, got, 1, why, sizeof(why)));
	assert_string_equal(why, "shop.example is 192.0.2.1, expected 2001:db8::1");
}

/* --- what is kept ------------------------------------------------------------ */

static void test_share_of_a_day(void **state)
{
	struct lately l = { 0 };
	unsigned good;
	int64_t now = 5 * DAY_MS;
	assert_int_equal(lately_count(&l, now, &good), 0);
	for (int i = 0; i < 10; i++)
		lately_add(&l, now + i * MINUTE_MS, i % 5 != 0, 3);
	assert_int_equal(lately_count(&l, now + HOUR_MS, &good), 10);
	assert_int_equal(good, 8);
	lately_add(&l, now + 23 * HOUR_MS, true, 3);
	assert_int_equal(lately_count(&l, now + 23 * HOUR_MS, &good), 11);
	/* the first ten are older than a day, and no slot holds them any more */
	assert_int_equal(lately_count(&l, now + 24 * HOUR_MS, &good), 1);
	lately_add(&l, now + 24 * HOUR_MS, false, 3);
	assert_int_equal(lately_count(&l, now + 24 * HOUR_MS, &good), 2);
	assert_int_equal(good, 1);
	/* asleep for a week */
	assert_int_equal(lately_count(&l, now + 8 * DAY_MS, &good), 0);
	lately_add(&l, now + 8 * DAY_MS, true, 3);
	assert_int_equal(lately_count(&l, now + 8 * DAY_MS, &good), 1);
	/* a day of runs each five seconds fits */
	struct lately full = { 0 };
	for (int64_t t = 0; t < 3 * DAY_MS; t += 5000)
		lately_add(&full, t, true, 1);
	assert_int_equal(lately_count(&full, 3 * DAY_MS - 1, &good), DAY_MS / 5000);
	assert_int_equal(good, DAY_MS / 5000);
}

/* What a file gives back, from before the clock began, too. */
static void test_a_quarter_comes_back(void **state)
{
	const int64_t slot_ms = LATELY_SLOT_MS, now = 3 * slot_ms + 5000;
	struct lately l = { 0 }, kept = { 0 };
	unsigned good, all;
	int64_t start;
	(void)state;
	assert_false(lately_at(&l, lately_slot(now), &start, &good, &all));
	lately_add(&l, now, true, 3);
	lately_add(&l, now, false, 3);
	assert_true(lately_at(&l, lately_slot(now), &start, &good, &all));
	assert_true(start == 3 * slot_ms && good == 1 && all == 2);
	assert_false(lately_at(&l, lately_slot(now) - 1, &start, &good, &all));
	assert_false(lately_at(&l, lately_slot(now) + 1, &start, &good, &all));
	assert_false(lately_at(&l, lately_slot(now) - LATELY_SLOTS, &start, &good, &all));
	assert_false(lately_at(&l, -1, &start, &good, &all));
	lately_restore(&kept, now, start, good, all);
	assert_int_equal(lately_count(&kept, now, &good), 2);
	assert_int_equal(good, 1);
	lately_restore(&kept, now, start + 9000, 3, 4); /* the clocks differ a little */
	assert_int_equal(lately_count(&kept, now, &good), 4);
	lately_restore(&kept, now, start - 95 * slot_ms, 7, 9); /* the oldest */
	assert_int_equal(lately_count(&kept, now, &good), 13);
	assert_int_equal(good, 10);
	lately_restore(&kept, now, start - 96 * slot_ms, 1, 1); /* too old */
	lately_restore(&kept, now, start + slot_ms, 1, 1);      /* in the future */
	lately_restore(&kept, now, INT64_MIN / 2, 1, 1);
	lately_restore(&kept, now, start, 2, 1);
	lately_restore(&kept, now, start, 0, 60001);
	assert_int_equal(lately_count(&kept, now, &good), 13);
	lately_add(&kept, now + slot_ms, true, 1);
	assert_int_equal(lately_count(&kept, now + slot_ms, &good), 5);
}

static void test_line_of_latencies(void **state)
{
	struct lately l = { 0 };
	float line[LATELY_LINE];
	assert_int_equal(lately_line(&l, line, LATELY_LINE), 0);
	for (int i = 0; i < LATELY_LINE + 3; i++)
		lately_add(&l, 1000, i != LATELY_LINE + 1, i);
	assert_int_equal(lately_line(&l, line, LATELY_LINE), LATELY_LINE);
	assert_true(line[0] > 2.5f && line[0] < 3.5f);
	assert_true(line[LATELY_LINE - 2] < 0);
	assert_int_equal(lately_line(&l, line, 2), 2);
	assert_true(line[0] < 0 && line[1] > 31);
}

static void assert_judged(const struct check *c, enum health health, const char *why)
{
	char got[CHECK_WHY_SIZE];
	assert_int_equal(judge_check(c, NOW_MS, got, sizeof(got)), health);
	assert_string_equal(got, why);
}

static void test_verdicts(void **state)
{
	struct check c = { .fails_most = 2, .certificate_warn = 14, .certificate_bad = 3 };
	assert_judged(&c, HEALTH_UNKNOWN, "");
	assert_string_equal(check_state(&c), "not yet run");
	c.ran = true;
	c.fails = 1;
	snprintf(c.failure, sizeof(c.failure), "refused");
	assert_judged(&c, HEALTH_BUSY, "bad run 1 of 2: refused");
	c.decided = true;
	assert_judged(&c, HEALTH_GOOD, "bad run 1 of 2: refused");
	assert_string_equal(check_state(&c), "failing");
	c.fails = 2;
	assert_judged(&c, HEALTH_BAD, "refused");
	assert_string_equal(check_state(&c), "down");
	c.paused = true;
	assert_judged(&c, HEALTH_IDLE, "");
	c.paused = false;
	c.fails = 0;
	assert_judged(&c, HEALTH_GOOD, "");
	c.slow_ms = 100;
	c.latency_ms = 150;
	c.slows = 1;
	assert_judged(&c, HEALTH_GOOD, "");
	c.slows = 2;
	assert_judged(&c, HEALTH_ATTENTION, "took 150 ms, more than 100 ms");
	assert_string_equal(check_state(&c), "slow");
	c.slow_ms = 0;
	snprintf(c.unable, sizeof(c.unable), "no right");
	assert_judged(&c, HEALTH_ATTENTION, "no right");
}

static void test_verdicts_on_certificates(void **state)
{
	struct check c = { .ran = true,
		           .decided = true,
		           .fails_most = 2,
		           .certificate_warn = 14,
		           .certificate_bad = 3 };
	static const struct {
		int64_t left_ms;
		enum health health;
		const char *why;
	} all[] = {
		{ 14 * DAY_MS, HEALTH_GOOD, "" },
		{ 14 * DAY_MS - 1, HEALTH_ATTENTION, "its certificate ends in 13 days" },
		{ 3 * DAY_MS, HEALTH_ATTENTION, "its certificate ends in 3 days" },
		{ 3 * DAY_MS - 1, HEALTH_BAD, "its certificate ends in 2 days" },
		{ DAY_MS, HEALTH_BAD, "its certificate ends in 1 day" },
		{ 0, HEALTH_BAD, "its certificate ends in 0 days" },
		{ -1, HEALTH_BAD, "its certificate has ended" },
		{ -9 * DAY_MS, HEALTH_BAD, "its certificate has ended" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		c.certificate_end_ms = NOW_MS + all[i].left_ms;
		assert_judged(&c, all[i].health, all[i].why);
	}
	/* with both limits at 0 days only the end itself counts */
	c.certificate_warn = c.certificate_bad = 0;
	c.certificate_end_ms = NOW_MS + 1;
	assert_judged(&c, HEALTH_GOOD, "");
	c.certificate_end_ms = NOW_MS - 1;
	assert_judged(&c, HEALTH_BAD, "its certificate has ended");
	/* the worse limit counts where both are turned round */
	c.certificate_bad = 5;
	c.certificate_end_ms = NOW_MS + 4 * DAY_MS;
	assert_judged(&c, HEALTH_BAD, "its certificate ends in 4 days");
	c.certificate_end_ms = NOW_MS - 1;
	/* one lost answer does not hide it */
	c.fails = 1;
	assert_judged(&c, HEALTH_BAD, "its certificate has ended");
}

/* --- a recording -------------------------------------------------------------- */

static void test_rubbish_in_a_recording(void **state)
{
	static const char *const lines[] = {
		"",
		"x",
		"[]",
		"{}",
		"{\"name\":3}",
		"{\"name\":\"\"}",
		"{\"name\":\"a\",\"what\":\"zz\",\"fails_most\":1e99,\"us\":-1,\"good\":7}",
		("{\"name\":\"b/c\",\"good\":false,\"why\":\"\\u001b[31mred\","
		 "\"certificate_end_ms\":1e300}"),
	};
	struct settings *settings = settings_load("/dev/null", NULL);
	struct loop *loop = loop_create();
	struct store *store = store_create(loop, NULL, settings);
	struct server *v = server_open_replay(store, "pi");
	struct source *s = server_source(v, "checks");
	assert_non_null(s);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		source_feed(s, "result", lines[i], strlen(lines[i]));
	assert_int_equal(store_count(store, &kind_check, NULL), 3);
	struct row *row = store_first(store, &kind_check, NULL);
	for (; row; row = store_next(row, &kind_check, NULL)) {
		struct doc doc;
		cJSON *o = cJSON_CreateObject();
		doc_init(&doc);
		kind_check.detail(row, &doc, true);
		kind_check.json(row, o);
		assert_true(doc.n > 3);
		assert_int_equal(row->health, HEALTH_BAD);
		for (const struct action *a = kind_check.actions; a->name; a++)
			assert_false(a->applies(row));
		doc_finish(&doc);
		cJSON_Delete(o);
	}
	store_destroy(store);
	loop_turn(loop, 0);
	loop_destroy(loop);
	settings_destroy(settings);
}

/* --- runs ---------------------------------------------------------------------- */

struct world {
	struct settings *settings;
	struct loop *loop;
	struct http *http;
	struct store *store;
	struct server *server;
	struct httpd *httpd;
	char dir[40];
};

static const struct httpd_route routes[] = {
	{ .path = "/good", .body = "{\"status\":\"ok\"}" },
	{ .path = "/loop", .status = "302 Found", .headers = "Location: /loop\r\n" },
	{ .path = "/to", .status = "302 Found", .headers = "Location: good\r\n" },
	{ .path = "/away",
	  .status = "302 Found",
	  .headers = "Location: ftp://me:word@127.0.0.1/x?token=t\r\n" },
	{ .path = "/keys",
	  .status = "403 Forbidden",
	  .body = "{\"error\":\"token=abcd1234efgh is unknown\"}" },
	{ .path = "/late", .body = "x", .delay_ms = 5000 },
	{ .path = "/cut",
	  .raw = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
	  .hangs_up = true },
	{ 0 }
};

/* PORT in text becomes the server's. */
static void begin(struct world *w, const char *text)
{
	char path[80], *port = xasprintf("%d", 0), *out;
	snprintf(w->dir, sizeof(w->dir), "/tmp/mocr-checks-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	setenv("XDG_STATE_HOME", w->dir, 1);
	w->httpd = httpd_start(NULL, routes, NULL);
	free(port);
	port = xasprintf("%d", httpd_port(w->httpd));
	out = xstrdup(text);
	for (char *at; (at = strstr(out, "PORT"));) {
		char *more = xasprintf("%.*s%s%s", (int)(at - out), out, port, at + 4);
		free(out);
		out = more;
	}
	snprintf(path, sizeof(path), "%s/config", w->dir);
	FILE *f = fopen(path, "w");
	fputs(out, f);
	fclose(f);
	free(out);
	free(port);
	w->settings = settings_load(path, NULL);
	unlink(path);
	w->loop = loop_create();
	w->http = http_create(w->loop);
	w->store = store_create(w->loop, w->http, w->settings);
	w->server = server_open(w->store, "local", NULL);
}

static void end(struct world *w)
{
	char *command = xasprintf("rm -rf %s", w->dir);
	store_destroy(w->store);
	loop_turn(w->loop, 0);
	http_destroy(w->http);
	loop_turn(w->loop, 0);
	loop_destroy(w->loop);
	settings_destroy(w->settings);
	httpd_stop(w->httpd);
	assert_int_equal(system(command), 0);
	free(command);
}

static struct check *check_named(struct world *w, const char *name)
{
	char id[300];
	snprintf(id, sizeof(id), "%s/check/%s", w->server->name, name);
	return ROW_AS(check, store_find(w->store, id));
}

/* Until the check has a verdict. */
static struct check *verdict(struct world *w, const char *name)
{
	int64_t until = now_mono_ms() + 20000;
	struct check *c = NULL;
	while (now_mono_ms() < until && !(c && (c->decided || *c->unable))) {
		loop_turn(w->loop, 20);
		c = check_named(w, name);
	}
	if (!c || !(c->decided || *c->unable))
		fail_msg("%s: no verdict", name);
	return c;
}

static void test_runs(void **state)
{
	static const struct {
		const char *name;
		enum health health;
		const char *why;
	} all[] = {
		{ "good", HEALTH_GOOD, NULL },
		{ "to", HEALTH_GOOD, NULL },
		{ "no redirect", HEALTH_GOOD, NULL },
		{ "loop", HEALTH_BAD, "more than 2 redirects, the last one to http://127.0.0.1" },
		{ "away", HEALTH_BAD,
		  "a redirect leads to ftp://127.0.0.1/x, which is not an http or https address" },
		{ "late", HEALTH_BAD, "the answer took longer than 1 s" },
		{ "cut", HEALTH_BAD, "cut off" },
		{ "closed", HEALTH_BAD, "127.0.0.1 port 1: nothing listens there" },
		{ "open", HEALTH_GOOD, NULL },
		{ "no name", HEALTH_BAD, "nope.invalid: " },
		{ "name", HEALTH_GOOD, NULL },
		{ "wrong", HEALTH_ATTENTION, "url: expected http://HOST" },
	};
	struct world w = { 0 };
	begin(&w, "[check good]\nurl = http://127.0.0.1:PORT/good\njson = /status = ok\n"
	          "[check to]\nurl = http://127.0.0.1:PORT/to?x\n"
	          "[check no redirect]\nurl = http://127.0.0.1:PORT/to\nredirects = 0\n"
	          "status = 302\n"
	          "[check loop]\nurl = http://127.0.0.1:PORT/loop\nredirects = 2\nfails = 1\n"
	          "[check away]\nurl = http://127.0.0.1:PORT/away\nfails = 1\n"
	          "[check late]\nurl = http://127.0.0.1:PORT/late\nwithin = 1\nfails = 1\n"
	          "[check cut]\nurl = http://127.0.0.1:PORT/cut\nfails = 1\n"
	          "[check closed]\ntcp = 127.0.0.1:1\n"
	          "[check open]\ntcp = localhost:PORT\n"
	          "[check no name]\ntcp = nope.invalid:1\nfails = 1\n"
	          "[check name]\ndns = localhost\ntype = A\naddress = 127.0.0.1\n"
	          "[check wrong]\nurl = gopher://x\n");
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct check *c = verdict(&w, all[i].name);
		if (c->row.health != all[i].health)
			fail_msg("%s: %d %s", all[i].name, c->row.health, c->row.why);
		if (all[i].why && (!c->row.why || !strstr(c->row.why, all[i].why)))
			fail_msg("%s: %s", all[i].name, c->row.why);
	}
	assert_string_equal(check_named(&w, "to")->said, "200 after 1 redirect");
	assert_int_equal(check_named(&w, "closed")->fails, 2);
	assert_int_equal(check_named(&w, "closed")->failed_ms > 0, true);
	end(&w);
}

static void order_done(struct order *order, void *arg)
{
	*(enum order_state *)arg = order->state;
}

/* arg has room for the sentence of an err */
static void order_said(struct order *order, void *arg)
{
	snprintf(arg, sizeof(order->err.text), "%s", order->err.text);
}

static enum order_state do_now(struct world *w, const char *name, const char *verb)
{
	struct err err = { 0 };
	enum order_state got = ORDER_RUNNING;
	struct check *c = check_named(w, name);
	struct order *order = order_start(&c->row, action_find(&kind_check, verb), NULL, &err);
	if (!order)
		fail_msg("%s", err.text);
	if (order->state != ORDER_RUNNING)
		return order->state;
	order->done = order_done;
	order->done_arg = &got;
	for (int i = 0; i < 1000 && got == ORDER_RUNNING; i++)
		loop_turn(w->loop, 20);
	return got;
}

static void test_now_and_pause(void **state)
{
	struct world w = { 0 };
	begin(&w, "[check good]\nurl = http://127.0.0.1:PORT/good\n"
	          "[check bad]\nurl = http://127.0.0.1:PORT/nothing\nfails = 1\n");
	verdict(&w, "good");
	verdict(&w, "bad");
	unsigned before = httpd_connections(w.httpd);
	assert_int_equal(do_now(&w, "good", "check now"), ORDER_DONE);
	assert_int_equal(do_now(&w, "bad", "check now"), ORDER_FAILED);
	/* each run has a connection of its own */
	assert_int_equal(httpd_connections(w.httpd), before + 2);
	struct check *c = check_named(&w, "bad");
	assert_int_equal(do_now(&w, "bad", "pause"), ORDER_DONE);
	assert_int_equal(c->row.health, HEALTH_IDLE);
	struct err err = { 0 };
	assert_null(order_start(&c->row, action_find(&kind_check, "pause"), NULL, &err));
	before = httpd_connections(w.httpd);
	assert_int_equal(do_now(&w, "bad", "resume"), ORDER_DONE);
	for (int i = 0; i < 200 && httpd_connections(w.httpd) == before; i++)
		loop_turn(w.loop, 20);
	assert_true(httpd_connections(w.httpd) > before);
	end(&w);
}

/* What the other side says may repeat a key: no row, no JSON and no order shows it. */
static void test_keys_in_answers(void **state)
{
	struct world w = { 0 };
	struct err err = { 0 };
	char said[sizeof(err.text)] = "";
	begin(&w, "[check keys]\nurl = http://127.0.0.1:PORT/keys\nfails = 1\n");
	struct check *c = verdict(&w, "keys");
	cJSON *o = cJSON_CreateObject();
	kind_check.json(&c->row, o);
	char *text = cJSON_PrintUnformatted(o);
	if (strstr(text, "abcd1234") || !strstr(text, "token=******"))
		fail_msg("%s", text);
	assert_null(strstr(c->row.why, "abcd1234"));
	cJSON_free(text);
	cJSON_Delete(o);
	struct order *order = order_start(&c->row, action_find(&kind_check, "check now"), NULL,
	                                  &err);
	assert_non_null(order);
	order->done = order_said;
	order->done_arg = said;
	for (int i = 0; i < 1000 && !*said; i++)
		loop_turn(w.loop, 20);
	assert_null(strstr(said, "abcd1234"));
	assert_non_null(strstr(said, "token=******"));
	end(&w);
}

/* The runs of the last 24 hours outlive the program; what is no line of the file does no harm. */
static void test_a_day_outlives_the_program(void **state)
{
	struct world w = { 0 };
	unsigned good;
	(void)state;
	begin(&w, "[check site]\nurl = http://127.0.0.1:PORT/good\n"
	          "[check bad]\nurl = http://127.0.0.1:PORT/keys\nfails = 1\n");
	for (int i = 1; i <= 3; i++) {
		const struct lately *l = &verdict(&w, "site")->lately;
		int64_t now = loop_now(w.loop);
		/* a quarter of an hour may end between two of them */
		assert_int_equal(lately_count(l, now, &good), i);
		assert_int_equal(good, i);
		assert_int_equal(lately_count(&verdict(&w, "bad")->lately, now, &good), i);
		assert_int_equal(good, 0);
		store_destroy(w.store);
		loop_turn(w.loop, 0);
		char *path = xasprintf("%s/checks", w.settings->state_dir);
		FILE *f = fopen(path, "a");
		assert_non_null(f);
		fprintf(f, "\n9\nx y z\n%lld 5 5 elsewhere/check/site\n1 1 1\n",
		        (long long)now_wall_ms());
		fclose(f);
		free(path);
		w.store = store_create(w.loop, w.http, w.settings);
		w.server = server_open(w.store, "local", NULL);
	}
	end(&w);
}

/* The row, as soon as it is there. */
static struct check *appears(struct world *w, const char *name)
{
	for (int i = 0; i < 500 && !check_named(w, name); i++)
		loop_turn(w->loop, 20);
	assert_non_null(check_named(w, name));
	return check_named(w, name);
}

/* More checks than may run at once: the rest waits for its turn without a look at the clock, and
 * what the user asks for is the next one. */
static void test_many_at_once(void **state)
{
	struct world w = { 0 };
	struct buf b = { 0 };
	enum order_state got = ORDER_RUNNING;
	struct err err = { 0 };
	for (int i = 0; i < RUNNING_MOST + 6; i++)
		buf_addf(&b,
		         "[check c%d]\nurl = http://127.0.0.1:PORT/late\nwithin = 2\n"
		         "fails = 1\n", i);
	(void)state;
	begin(&w, b.data);
	buf_finish(&b);
	/* all are due at the same time, and which of them wait is open */
	const struct checks *all = appears(&w, "c69")->runner->home;
	for (int i = 0; i < 500 && !(all->waiting && all->waiting->next); i++)
		loop_turn(w.loop, 20);
	assert_int_equal(all->running, RUNNING_MOST);
	assert_non_null(all->waiting);
	char *first = xstrdup(all->waiting->name);
	struct check *last = check_named(&w, all->waiting->prev->name);
	assert_string_not_equal(last->row.name, first);
	struct order *order = order_start(&last->row, action_find(&kind_check, "check now"), NULL,
	                                  &err);
	assert_non_null(order);
	order->done = order_done;
	order->done_arg = &got;
	assert_int_equal(all->running, RUNNING_MOST);
	assert_ptr_equal(all->waiting, last->runner);
	/* a slow machine may end several runs in one turn, and both begin then */
	const struct check_runner *other = check_named(&w, first)->runner;
	for (int i = 0; i < 500 && !last->runner->probe; i++) {
		assert_null(other->probe);
		loop_turn(w.loop, 20);
	}
	assert_non_null(last->runner->probe);
	for (int i = 0; i < 1000 && got == ORDER_RUNNING; i++)
		loop_turn(w.loop, 20);
	assert_int_equal(got, ORDER_FAILED);
	assert_int_equal(verdict(&w, first)->row.health, HEALTH_BAD);
	for (int i = 0; i < 500 && all->waiting; i++)
		loop_turn(w.loop, 20);
	assert_null(all->waiting);
	free(first);
	end(&w);
}

/* The section becomes another one while the user waits for the result. */
static void test_order_ends_with_its_section(void **state)
{
	struct world w = { 0 };
	char path[80];
	enum order_state got = ORDER_RUNNING;
	struct err err = { 0 };
	(void)state;
	begin(&w, "[check a]\nurl = http://127.0.0.1:PORT/late\n");
	struct order *order = order_start(&appears(&w, "a")->row,
	                                  action_find(&kind_check, "check now"), NULL, &err);
	assert_non_null(order);
	order->done = order_done;
	order->done_arg = &got;
	snprintf(path, sizeof(path), "%s/config", w.dir);
	FILE *f = fopen(path, "w");
	fputs("[check a]\nurl = gopher://x\n", f);
	fclose(f);
	struct settings *fresh = settings_load(path, NULL);
	servers_reconfigure(w.store, fresh, true);
	settings_destroy(fresh);
	for (int i = 0; i < 100 && got == ORDER_RUNNING; i++)
		loop_turn(w.loop, 20);
	assert_int_equal(got, ORDER_CANCELLED);
	end(&w);
}

static int looked_up;

static void on_looked_up(const struct lookup_result *r, void *arg)
{
	(void)arg;
	assert_true(r->n > 0);
	looked_up++;
}

/* More look-ups than threads: those that nobody wants any more leave the line. */
static void test_many_lookups(void **state)
{
	struct loop *loop = loop_create();
	struct lookup *all[3 * LOOKUPS_MOST];
	(void)state;
	for (int i = 0; i < 3 * LOOKUPS_MOST; i++)
		all[i] = lookup_start(loop, "127.0.0.1", AF_UNSPEC, on_looked_up, NULL);
	for (int i = 0; i < 3 * LOOKUPS_MOST; i += 3)
		lookup_cancel(all[i]);
	for (int i = 0; i < 500 && looked_up < 2 * LOOKUPS_MOST; i++)
		loop_turn(loop, 20);
	loop_turn(loop, 100);
	assert_int_equal(looked_up, 2 * LOOKUPS_MOST);
	loop_destroy(loop);
}

/* What the file says no more goes; what it says otherwise is run as that. */
static void test_reload(void **state)
{
	struct world w = { 0 };
	char path[80];
	begin(&w, "[check a]\ntcp = 127.0.0.1:PORT\n[check b]\ntcp = 127.0.0.1:PORT\n"
	          "[check d]\nurl = http://127.0.0.1:PORT/late\n");
	verdict(&w, "a");
	verdict(&w, "b");
	snprintf(path, sizeof(path), "%s/config", w.dir);
	FILE *f = fopen(path, "w");
	fputs("[check b]\ntcp = 127.0.0.1:1\nfails = 1\n[check c]\ndns = localhost\n", f);
	fclose(f);
	struct settings *fresh = settings_load(path, NULL);
	servers_reconfigure(w.store, fresh, true);
	settings_destroy(fresh);
	assert_null(check_named(&w, "a"));
	assert_null(check_named(&w, "d"));
	assert_int_equal(verdict(&w, "b")->row.health, HEALTH_BAD);
	assert_int_equal(verdict(&w, "c")->row.health, HEALTH_GOOD);
	assert_int_equal(store_count(w.store, &kind_check, NULL), 2);
	/* closed in the middle of its runs */
	do_now(&w, "c", "pause");
	server_refresh(w.server);
	assert_true(check_named(&w, "c")->paused);
	end(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_tcp_dns_ping_sections),
		cmocka_unit_test(test_wrong_sections),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_addresses_of_a_name),
		cmocka_unit_test(test_share_of_a_day),
		cmocka_unit_test(test_a_quarter_comes_back),
		cmocka_unit_test(test_a_day_outlives_the_program),
		cmocka_unit_test(test_line_of_latencies),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_verdicts_on_certificates),
		cmocka_unit_test(test_rubbish_in_a_recording),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_now_and_pause),
		cmocka_unit_test(test_keys_in_answers),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_order_ends_with_its_section),
		cmocka_unit_test(test_many_lookups),
		cmocka_unit_test(test_reload),
	};
	return cmocka_run_group_tests_name("checks", tests, NULL, NULL);
}
