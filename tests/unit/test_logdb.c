/* Loki and VictoriaLogs as sources of a log: what they answer, what was shown already, and a
 * follower against strict stand-ins on loopback. Each refuses what the real one refuses. A real
 * VictoriaLogs 1.52.1 gave the answers of its stand-in. */
#include <inttypes.h>
#include <pthread.h>
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
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/logs/logs.h"
#include "backends/logs/stamp.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"
#include "backends/systems/logdb.h"
#include "tests/unit/httpd.h"

/* --- what is read ----------------------------------------------------------- */

static struct logdb_page page;

/* The line of that place, "LEVEL NS TEXT"; "" none. */
static const char *line(size_t i)
{
	static char text[400];
	*text = '\0';
	if (i < page.n)
		snprintf(text, sizeof(text), "%d %" PRId64 " %s", (int)page.at[i].level,
		         page.at[i].ns, page.at[i].text);
	return text;
}

static bool loki(const char *json, const char *query, struct err *err)
{
	logdb_page_finish(&page);
	return loki_page_parse(json, strlen(json), query, &page, err);
}

static void loki_lines(void **unused)
{
	struct err err;
	assert_true(loki("{\"status\":\"success\",\"data\":{\"resultType\":\"streams\",\"result\":["
	                 "{\"stream\":{\"app\":\"web\",\"pod\":\"web-1\"},\"values\":["
	                 "[\"1588889221000000003\",\"third\"],[\"1588889221000000001\",\"b\"],"
	                 "[\"1588889221000000001\",\"a\"],[\"0\",\"no time\"],[1,\"no text\"],"
	                 "[\"x\",\"\"],{},[\"12\"],[\"9223372036854775807\",\"the end\"]]},"
	                 "{\"stream\":{\"app\":\"db\",\"detected_level\":\"error\"},\"values\":["
	                 "[\"1588889221000000002\",\"bad\"]]},"
	                 "{\"stream\":{\"other\":\"x\"},\"values\":[[\"1588889221000000004\",\"l\","
	                 "{\"structuredMetadata\":{\"level\":\"warn\"}}]]},{\"stream\":{}},null],"
	                 "\"stats\":{}}}",
	                 "{app=\"web\"}", &err));
	assert_int_equal(page.n, 5);
	/* newest first comes oldest first, also within one nanosecond */
	assert_string_equal(line(0), "0 1588889221000000001 web-1: a");
	assert_string_equal(line(1), "0 1588889221000000001 web-1: b");
	assert_string_equal(line(2), "5 1588889221000000002 db: bad");
	assert_string_equal(line(3), "0 1588889221000000003 web-1: third");
	assert_string_equal(line(4), "4 1588889221000000004 l");
	/* the stream is a part of what a line is */
	uint64_t hash = page.at[0].hash;
	assert_true(page.at[0].hash != page.at[1].hash);
	assert_true(loki("{\"data\":{\"resultType\":\"streams\",\"result\":[{\"stream\":{\"pod\":"
	                 "\"web-1\",\"app\":\"web\"},\"values\":[[\"1\",\"a\"]]},{\"stream\":{"
	                 "\"pod\":\"web-2\",\"app\":\"web\"},\"values\":[[\"2\",\"a\"]]}]}}",
	                 "{pod=~\".+\"}", &err));
	assert_true(page.at[0].hash == hash && page.at[1].hash != hash);
	assert_string_equal(line(1), "0 2 web-2: a");
	assert_true(loki("{\"data\":{\"resultType\":\"streams\",\"result\":[]}}", "", &err));
	assert_int_equal(page.n, 0);
	/* what is no lines */
	assert_false(loki("{\"data\":{\"resultType\":\"matrix\",\"result\":[]}}", "", &err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.text, "asks for numbers (matrix)"));
	assert_false(loki("{\"data\":{}}", "", &err));
	assert_int_equal(err.code, ERR_GARBLED);
	assert_false(loki("{\"data\":{\"resultType\":\"streams\",\"result\":{}}}", "", &err));
	assert_false(loki("[", "", &err));
	logdb_page_finish(&page);
}

/* Each reads every beginning of the answer, and one byte changed. */
static void answers_cut(void **unused)
{
	static const char loki_answer[] =
		"{\"data\":{\"resultType\":\"streams\",\"result\":[{\"stream\":{\"app\":\"x\"},"
		"\"values\":[[\"12\",\"l\",{\"structuredMetadata\":{\"level\":\"warn\"}}]]}]}}";
	static const char vlogs_answer[] =
		"{\"_msg\":\"a\",\"_stream\":\"{app=\\\"x\\\"}\",\"_time\":"
		"\"2026-11-30T20:26:31.5Z\",\"app\":\"x\",\"ms\":\"6\"}\n";
	static const char *const all[] = { loki_answer, vlogs_answer };
	static const char odd[] = { '"', '}', '\0', '\xff', '9', '\n' };
	for (size_t k = 0; k < ARRAY_LEN(all); k++)
		for (size_t i = 0; i <= strlen(all[k]); i++)
			for (size_t o = 0; o < sizeof(odd); o++) {
				struct err err;
				size_t ill;
				char *cut = xstrndup(all[k], i), *changed = xstrdup(all[k]);
				if (i < strlen(all[k]))
					changed[i] = odd[o];
				logdb_page_finish(&page);
				loki_page_parse(cut, i, "{a=\"", &page, &err);
				vlogs_page_parse(cut, i, "app:", &page, &ill, &err);
				loki_page_parse(changed, strlen(all[k]), "app", &page, &err);
				vlogs_page_parse(changed, strlen(all[k]), "x", &page, &ill, &err);
				for (size_t n = 0; n < page.n; n++)
					assert_true(page.at[n].ns > 0);
				free(changed);
				free(cut);
			}
	logdb_page_finish(&page);
}

static void what_tells_a_stream(void **unused)
{
	static const struct {
		const char *labels, *query, *begin;
	} all[] = {
		{ "\"container\":\"c\",\"app\":\"a\"", "{x=\"y\"}", "c: " },
		{ "\"container\":\"c\",\"app\":\"a\"", "{container=\"c\"}", "a: " },
		{ "\"container\":\"c\",\"app\":\"a\"", "{container =~ \"c\"}", "c: " },
		{ "\"container\":\"c\",\"app\":\"a\"", "container:c", "a: " },
		{ "\"container\":\"c\",\"app\":\"a\"", "container:=\"c\" or x", "a: " },
		{ "\"container\":\"c\",\"app\":\"a\"", "{app=\"a\",container=\"c\"}", "" },
		{ "\"container\":\"c\",\"app\":\"a\"", "{container=\"d\"} container", "c: " },
		{ "\"job\":\"j\",\"filename\":\"/x\"", "", "j: " },
		{ "\"filename\":\"/x\"", "", "/x: " },
		{ "\"container\":\"\",\"pod\":7,\"unit\":\"u\"", "", "u: " },
		{ "\"container\":\"a\\u001b[31m\\nb\"", "", "a b: " },
		{ "\"none\":\"x\"", "", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct err err;
		char json[300], want[80];
		snprintf(json, sizeof(json),
		         "{\"data\":{\"resultType\":\"streams\",\"result\":[{\"stream\":{%s},"
		         "\"values\":[[\"7\",\"text\"]]}]}}",
		         all[i].labels);
		snprintf(want, sizeof(want), "0 7 %stext", all[i].begin);
		assert_true(loki(json, all[i].query, &err));
		assert_string_equal(line(0), want);
	}
	logdb_page_finish(&page);
}

static void a_long_line_is_cut(void **unused)
{
	struct err err;
	struct buf json = { 0 };
	char *text = xcalloc(1, LOG_LINE_MAX + 1000);
	memset(text, 'a', LOG_LINE_MAX + 999);
	buf_addf(&json,
	         "{\"data\":{\"resultType\":\"streams\",\"result\":[{\"stream\":{\"app\":\"x\"},"
	         "\"values\":[[\"7\",\"%s\"]]}]}}",
	         text);
	assert_true(loki(json.data, "", &err));
	assert_int_equal(page.at[0].len, LOGDB_TEXT_MAX);
	assert_memory_equal(page.at[0].text, "x: aaa", 6);
	logdb_page_finish(&page);
	buf_finish(&json);
	free(text);
}

static void victorialogs_lines(void **unused)
{
	static const char answer[] =
		"{\"_msg\":\"line "
		"2\",\"_stream\":\"{app=\\\"x\\\",host=\\\"h\\\"}\",\"_stream_id\":"
		"\"0\",\"_time\":\"2026-11-30T20:26:31.5Z\",\"app\":\"x\",\"host\":\"h\",\"level\":"
		"\"warn\",\"ms\":\"6\",\"path\":\"a b\"}\n"
		"no json\n\n"
		"{\"_msg\":\"no time\"}\n"
		"{\"_stream\":\"{ap=\\\"y\\\"}\",\"_time\":\"2026-11-30T20:26:30Z\",\"app\":\"x\","
		"\"PRIORITY\":\"3\",\"n\":7,\"b\":\"\"}";
	struct err err;
	size_t ill;
	logdb_page_finish(&page);
	assert_true(vlogs_page_parse(answer, strlen(answer), "{app=\"x\"}", &page, &ill, &err));
	assert_int_equal(ill, 2);
	assert_int_equal(page.n, 2);
	assert_string_equal(line(0), "5 1796070390000000000 app=x PRIORITY=3 b=\"\"");
	assert_string_equal(line(1), "4 1796070391500000000 h: line 2 ms=6 path=\"a b\"");
	/* a tail orders the members in another way */
	static const char other[] =
		"{\"_time\":\"2026-11-30T20:26:31.5Z\",\"_stream\":\"{app=\\\"x\\\",host=\\\"h\\\"}"
		"\","
		"\"_stream_id\":\"0\",\"_msg\":\"line 2\",\"ms\":\"6\",\"path\":\"a b\",\"host\":"
		"\"h\",\"level\":\"warn\",\"app\":\"x\"}";
	uint64_t hash = page.at[1].hash;
	logdb_page_finish(&page);
	assert_true(vlogs_line_parse(other, strlen(other), "", &page));
	assert_true(page.at[0].hash == hash);
	assert_string_equal(line(0), "4 1796070391500000000 x: line 2 ms=6 path=\"a b\"");
	logdb_page_finish(&page);
	assert_true(vlogs_page_parse("", 0, "", &page, &ill, &err) && !page.n && !ill);
	assert_false(vlogs_page_parse("{\"x\":\"35\"}\n", 11, "", &page, &ill, &err));
	assert_int_equal(ill, 1);
	assert_non_null(strstr(err.text, "no | stats"));
	logdb_page_finish(&page);
}

static void victorialogs_says(void **unused)
{
	static const char text[] =
		"vl_storage_rows{type=\"storage/inmemory\"} 6\n"
		"vl_storage_rows{type=\"storage/big\"} 1e3\n"
		"vl_storage_rowsx 5\n"
		"vl_storage_is_read_only{path=\"/a\"} 0\n"
		"vl_storage_is_read_only{path=\"/b\"} 1\n"
		"vm_app_version{version=\"victoria-logs-x\", short_version=\"v1.52.1\"} 1";
	struct vlogs_metrics m;
	vlogs_metrics_parse(text, strlen(text), &m);
	assert_string_equal(m.version, "v1.52.1");
	assert_int_equal((int)m.lines, 1006);
	assert_true(m.read_only);
	vlogs_metrics_parse(text, strlen(text) - 6, &m);
	assert_string_equal(m.version, "");
	vlogs_metrics_parse(text, 90, &m); /* before any word on its disk */
	assert_true(!m.read_only && m.lines >= 0);
	vlogs_metrics_parse("", 0, &m);
	assert_true(m.lines < 0 && !*m.version && !m.read_only);
	for (size_t i = 0; i < sizeof(text); i++) {
		char *part = xstrndup(text, i);
		vlogs_metrics_parse(part, i, &m);
		free(part);
	}
}

static void what_was_shown(void **unused)
{
	struct logdb_seen s = { 0 };
	assert_true(logdb_seen_take(&s, 1, 20, 5));
	assert_true(logdb_seen_take(&s, 1, 10, 5));
	assert_true(logdb_seen_take(&s, 1, 20, 6));
	assert_true(logdb_seen_take(&s, 1, 20, 5)); /* written twice */
	assert_false(logdb_seen_take(&s, 2, 20, 5));
	assert_false(logdb_seen_take(&s, 2, 20, 5));
	assert_true(logdb_seen_take(&s, 2, 20, 5)); /* and now a third time */
	assert_false(logdb_seen_take(&s, 3, 10, 5));
	assert_false(logdb_seen_take(&s, 3, 20, 6));
	assert_int_equal(s.n, 3);
	assert_true(logdb_seen_take(&s, 3, 30, 1));
	logdb_seen_prune(&s, 30, 10);
	assert_int_equal(s.n, 2);
	assert_false(logdb_seen_take(&s, 4, 10, 5));
	assert_false(logdb_seen_take(&s, 4, 30, 1));
	assert_true(logdb_seen_take(&s, 4, 20, 6));
	logdb_seen_finish(&s);
	/* the bound: what is forgotten is not asked for again */
	for (int64_t i = 1; i <= LOGDB_SEEN_MAX; i++)
		assert_true(logdb_seen_take(&s, 1, i, 9));
	assert_true(s.n == LOGDB_SEEN_MAX && !s.forgot_ns);
	assert_true(logdb_seen_take(&s, 1, LOGDB_SEEN_MAX + 1, 9));
	assert_int_equal(s.forgot_ns, LOGDB_SEEN_MAX / 2 + 1);
	assert_int_equal(s.n, LOGDB_SEEN_MAX / 2);
	assert_false(logdb_seen_take(&s, 2, s.forgot_ns + 1, 9));
	logdb_seen_finish(&s);
}

/* --- the stand-ins ------------------------------------------------------------ */

#define STORED_MAX 6000
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	struct stored {
		int64_t ns;
		const char *app;
		char text[40];
		bool untailed; /* VictoriaLogs: its tail leaves this line out */
	} stored[STORED_MAX];
	size_t n;
	const char *tenant; /* without that: 401 */
	bool fails;         /* 500 */
	bool no_tail;
	int asked, tails;
	bool hangs_up; /* the tail */
	char seen[2000];
} far;

static int64_t now_ns(void)
{
	return now_wall_ms() * 1000000;
}

static void write_line(const char *app, int64_t ns, const char *fmt, int n)
{
	pthread_mutex_lock(&lock);
	struct stored *s = &far.stored[far.n++];
	*s = (struct stored){ .ns = ns, .app = app };
	snprintf(s->text, sizeof(s->text), fmt, n);
	pthread_mutex_unlock(&lock);
}

/* The value of a query parameter, decoded; "" none. */
static char *parameter(const struct httpd_request *q, const char *name, char *buf, size_t size)
{
	size_t n = strlen(name), used = 0;
	const char *p = q->query;
	while (p && (strncmp(p, name, n) != 0 || p[n] != '='))
		p = strchr(p, '&') ? strchr(p, '&') + 1 : NULL;
	for (p = p ? p + n + 1 : ""; *p && *p != '&' && used + 1 < size; p++) {
		char hex[3] = { p[0] == '%' ? p[1] : '0', p[0] == '%' ? p[2] : '0', 0 };
		buf[used++] = p[0] == '%' ? (char)strtol(hex, NULL, 16) : p[0];
		p += p[0] == '%' ? 2 : 0;
	}
	buf[used] = '\0';
	return buf;
}

static int newest_first(const void *a, const void *b)
{
	const struct stored *x = a, *y = b;
	return x->ns == y->ns ? 0 : (x->ns < y->ns ? 1 : -1);
}

/* Lines from start to before end, the newest first, at most limit. */
static size_t choose(int64_t start, int64_t end, size_t limit, struct stored *out)
{
	size_t n = 0;
	for (size_t i = 0; i < far.n; i++)
		if (far.stored[i].ns >= start && far.stored[i].ns < end)
			out[n++] = far.stored[i];
	qsort(out, n, sizeof(*out), newest_first);
	return n < limit ? n : limit;
}

static bool refused(int fd, const struct httpd_request *q, const char *needs, bool *answered)
{
	char line[100], query[200];
	pthread_mutex_lock(&lock);
	const char *tenant = far.tenant;
	bool fails = far.fails;
	far.asked++;
	snprintf(far.seen, sizeof(far.seen), "%.1999s", q->head);
	pthread_mutex_unlock(&lock);
	snprintf(line, sizeof(line), "\r\nX-Scope-OrgID: %s\r\n", tenant ? tenant : "");
	*answered = true;
	parameter(q, "query", query, sizeof(query));
	if (fails)
		return httpd_answer(fd, "500 Internal Server Error", NULL, "too many outstanding");
	if (tenant && !strstr(q->head, line))
		return httpd_answer(fd, "401 Unauthorized", "Content-Type: text/plain\r\n",
		                    "no org id\n");
	if (!*query || !strstr(query, needs))
		return httpd_answer(fd, "400 Bad Request", "Content-Type: text/plain\r\n",
		                    "parse error at line 1, col 5: syntax error\n");
	*answered = false;
	return true;
}

static bool loki_range(int fd, const struct httpd_request *q)
{
	static struct stored out[STORED_MAX];
	char text[200];
	bool answered, good = refused(fd, q, "{", &answered);
	if (answered)
		return good;
	int64_t start = strtoll(parameter(q, "start", text, sizeof(text)), NULL, 10);
	int64_t end = strtoll(parameter(q, "end", text, sizeof(text)), NULL, 10);
	size_t limit = (size_t)strtoul(parameter(q, "limit", text, sizeof(text)), NULL, 10);
	if (!end)
		end = now_ns();
	if (limit > 5000 || end - start > INT64_C(2595600) * 1000000000 || start > end ||
	    strcmp(parameter(q, "direction", text, sizeof(text)), "backward") != 0)
		return httpd_answer(fd, "400 Bad Request", NULL,
		                    "the query time range exceeds the limit");
	if (strstr(parameter(q, "query", text, sizeof(text)), "rate("))
		return httpd_answer(fd, NULL, NULL,
		                    "{\"data\":{\"resultType\":\"matrix\",\"result\":[]}}");
	struct buf b = { 0 };
	pthread_mutex_lock(&lock);
	size_t n = choose(start, end, limit, out);
	buf_puts(&b, "{\"status\":\"success\",\"data\":{\"resultType\":\"streams\",\"result\":[");
	for (int app = 0; app < 2; app++) {
		const char *name = app ? "db" : "web";
		buf_addf(&b, "%s{\"stream\":{\"app\":\"%s\"},\"values\":[", app ? "," : "", name);
		bool first = true;
		for (size_t i = 0; i < n; i++) {
			if (strcmp(out[i].app, name) != 0)
				continue;
			buf_addf(&b, "%s[\"%" PRId64 "\",\"%s\"]", first ? "" : ",", out[i].ns,
			         out[i].text);
			first = false;
		}
		buf_puts(&b, "]}");
	}
	buf_puts(&b, "],\"stats\":{}}}");
	pthread_mutex_unlock(&lock);
	good = httpd_answer(fd, NULL, "Content-Type: application/json\r\n", b.data);
	buf_finish(&b);
	return good;
}

static void vlogs_add(struct buf *b, const struct stored *s)
{
	time_t seconds = (time_t)(s->ns / 1000000000);
	struct tm tm;
	char when[60];
	gmtime_r(&seconds, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_addf(b,
	         "{\"_msg\":\"%s\",\"_stream\":\"{app=\\\"%s\\\"}\",\"_time\":\"%s.%09dZ\",\"app\":"
	         "\"%s\"}\n",
	         s->text, s->app, when, (int)(s->ns % 1000000000), s->app);
}

static bool vlogs_query(int fd, const struct httpd_request *q)
{
	static struct stored out[STORED_MAX];
	char text[200];
	bool answered, good = refused(fd, q, "", &answered);
	if (answered)
		return good;
	parameter(q, "start", text, sizeof(text));
	int64_t start = stamp_utc_ns(text, strlen(text));
	parameter(q, "end", text, sizeof(text));
	int64_t end = *text ? stamp_utc_ns(text, strlen(text)) : INT64_MAX;
	size_t limit = (size_t)strtoul(parameter(q, "limit", text, sizeof(text)), NULL, 10);
	if (!start || !end || !limit)
		return httpd_answer(fd, "400 Bad Request", NULL, "cannot parse start");
	struct buf b = { 0 };
	pthread_mutex_lock(&lock);
	size_t n = choose(start, end, limit, out);
	for (size_t i = 0; i < n; i++)
		vlogs_add(&b, &out[i]);
	pthread_mutex_unlock(&lock);
	good = httpd_answer(fd, NULL, "Content-Type: application/stream+json\r\n",
	                    b.data ? b.data : "");
	buf_finish(&b);
	return good;
}

/* Each line as it comes, from five seconds ago on. */
static bool vlogs_tail(int fd, const struct httpd_request *q)
{
	char text[200];
	size_t next = 0;
	pthread_mutex_lock(&lock);
	far.tails++;
	bool none = far.no_tail || strcmp(parameter(q, "offset", text, sizeof(text)), "1s") != 0;
	pthread_mutex_unlock(&lock);
	if (none)
		return httpd_answer(fd, "400 Bad Request", NULL,
		                    "the query [*] cannot be used in live tailing");
	int64_t from = now_ns() - 5000000000;
	httpd_say(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: "
	              "close\r\n\r\n");
	for (bool ends = false; !ends;) {
		struct buf b = { 0 };
		pthread_mutex_lock(&lock);
		for (; next < far.n; next++)
			if (far.stored[next].ns >= from && !far.stored[next].untailed)
				vlogs_add(&b, &far.stored[next]);
		ends = far.hangs_up;
		pthread_mutex_unlock(&lock);
		if (b.data && !httpd_say(fd, b.data))
			ends = true;
		buf_finish(&b);
		ends = ends || !httpd_pause(fd, 50);
	}
	return false;
}

static const struct httpd_route routes[] = {
	{ .path = "/loki/api/v1/status/buildinfo",
	  .method = "GET",
	  .body = "{\"version\":\"3.2.1\",\"revision\":\"x\"}" },
	{ .path = "/ready", .method = "GET", .body = "ready\n" },
	{ .path = "/loki/api/v1/query_range", .method = "GET", .answer = loki_range },
	{ .path = "/health", .method = "GET", .body = "OK" },
	{ .path = "/metrics",
	  .method = "GET",
	  .body = "vl_storage_rows{type=\"a\"} 7\nvl_storage_is_read_only{path=\"/a\"} 1\n"
	          "vm_app_version{version=\"x\", short_version=\"v1.52.1\"} 1\n" },
	{ .path = "/select/logsql/query", .method = "GET", .answer = vlogs_query },
	{ .path = "/select/logsql/tail", .method = "GET", .answer = vlogs_tail },
	{ 0 }
};

/* --- a world with one site ----------------------------------------------------- */

static struct {
	struct logs_config section;
	struct settings settings;
	struct loop *loop;
	struct http *http;
	struct store *store;
	struct server *server;
	struct sites *sites;
	struct httpd *httpd;
	struct log *log;
	char url[60];
} w;

static void on_link(struct link *l, void *arg) {}

static struct row *row(const char *id)
{
	char full[100];
	snprintf(full, sizeof(full), "here/system/%s", id);
	return store_find(w.store, full);
}

#define UNTIL(condition)                                                                          \
	do {                                                                                      \
		for (int64_t end_ = now_mono_ms() + 30000; !(condition) && now_mono_ms() < end_;) \
			loop_turn(w.loop, 10);                                                    \
		if (!(condition))                                                                 \
			fail_msg("never so: %s; the log says: %s, %d lines", #condition,          \
			         log_status(w.log), (int)log_total(w.log));                       \
	} while (0)

static void begin(const struct backend *backend, const char *id)
{
	static const struct link_events events = { .changed = on_link };
	w.httpd = httpd_start(NULL, routes, NULL);
	snprintf(w.url, sizeof(w.url), "http://127.0.0.1:%d", httpd_port(w.httpd));
	w.section.name = "box";
	w.section.url = w.url;
	w.settings = (struct settings){ .lokis = &w.section, .victorialogses = &w.section };
	w.loop = loop_create();
	w.http = http_create(w.loop);
	w.store = store_create(w.loop, w.http, &w.settings);
	w.server = server_add(w.store, "here");
	w.server->is_local = true;
	w.server->link = link_create_local(w.loop, "here", &events, NULL);
	link_connect(w.server->link);
	for (int i = 0; i < 100 && w.server->link->state != LINK_UP; i++)
		loop_turn(w.loop, 10);
	w.sites = xcalloc(1, sizeof(*w.sites));
	w.sites->source = (struct source){ .backend = backend,
		                           .store = w.store,
		                           .server = w.server };
	w.log = log_create(0);
	sites_up(&w.sites->source);
	UNTIL(row(id) && w.sites->first->complete);
}

static int fresh(void **state)
{
	memset(&far, 0, sizeof(far));
	memset(&w, 0, sizeof(w));
	return 0;
}

static int end(void **state)
{
	log_destroy(w.log);
	sites_finish(&w.sites->source);
	for (struct row *r; (r = store_first(w.store, &kind_system, w.server));)
		store_row_remove(r);
	store_destroy(w.store);
	http_destroy(w.http);
	loop_turn(w.loop, 0);
	loop_destroy(w.loop);
	httpd_stop(w.httpd);
	free(w.sites);
	return 0;
}

static struct follow *follow(const char *id, const char *query)
{
	struct err err = { 0 };
	struct follow *f = query ? kind_system.follow_query(row(id), query, w.log, &err)
	                         : kind_system.follow(row(id), w.log, &err);
	assert_non_null(f);
	return f;
}

/* How many lines are this text. */
static size_t shown(const char *text)
{
	size_t n = 0;
	for (uint64_t at = log_first(w.log); at && at <= log_last(w.log); at++)
		n += !strcmp(log_get(w.log, at)->text, text);
	return n;
}

/* The text of the line at that place, from 0. */
static const char *text_at(size_t i)
{
	const struct log_line *l = log_get(w.log, log_first(w.log) + i);
	return l ? l->text : "";
}

static int asked(void)
{
	pthread_mutex_lock(&lock);
	int n = far.asked;
	pthread_mutex_unlock(&lock);
	return n;
}
/* A log that is shown again is asked for at once. */
static void ask_again(void)
{
	int before = asked();
	log_pause(w.log, true);
	log_pause(w.log, false);
	UNTIL(asked() > before);
	for (int i = 0; i < 10; i++)
		loop_turn(w.loop, 10);
}
static void set_fails(bool on)
{
	pthread_mutex_lock(&lock);
	far.fails = on;
	pthread_mutex_unlock(&lock);
}

static void loki_follows(void **unused)
{
	int64_t t = now_ns();
	write_line("web", t - 60000000000, "first", 0);
	write_line("db", t - 59000000000, "second", 0);
	write_line("web", t - 58000000000, "third", 0);
	begin(&backend_loki, "loki/box");
	assert_int_equal(row("loki/box")->health, HEALTH_GOOD);
	assert_string_equal(w.sites->first->version, "3.2.1");
	assert_true(row_has_log(row("loki/box")));
	assert_true(kind_system.takes_query(row("loki/box"), "loki"));
	assert_true(kind_system.takes_query(row("loki/box"), "box"));
	assert_false(kind_system.takes_query(row("loki/box"), "lok"));
	follow("loki/box", "{app=~\"web|db\"}");
	UNTIL(log_total(w.log) == 3);
	assert_string_equal(text_at(0), "web: first");
	assert_string_equal(text_at(1), "db: second");
	assert_string_equal(text_at(2), "web: third");
	assert_string_equal(log_source_name(w.log, 0), "here/system/loki/box:{app=~\"web|db\"}");
	/* what comes; what comes late stands at its place; nothing comes twice */
	write_line("web", now_ns() - 1000000, "new", 0);
	UNTIL(shown("web: new"));
	write_line("db", now_ns() - 8000000000, "late", 0);
	UNTIL(shown("db: late"));
	assert_string_equal(text_at(3), "db: late");
	assert_string_equal(text_at(4), "web: new");
	ask_again();
	ask_again();
	assert_int_equal(log_total(w.log), 5);
	assert_string_equal(log_status(w.log), "");
}

/* More than one answer holds what was written while the log was covered. */
static void a_pause_loses_nothing(void **unused)
{
	write_line("web", now_ns() - 60000000000, "first", 0);
	begin(&backend_loki, "loki/box");
	follow("loki/box", NULL);
	UNTIL(log_total(w.log) == 1);
	assert_string_equal(log_source_name(w.log, 0), "here/system/loki/box");
	log_pause(w.log, true);
	int64_t t = now_ns() - 500000000;
	for (int i = 0; i < 2500; i++) /* three of each nanosecond */
		write_line("web", t + i / 3, "n %d", i);
	int before = asked();
	for (int i = 0; i < 30; i++)
		loop_turn(w.loop, 10);
	assert_true(asked() <= before + 1);
	log_pause(w.log, false);
	UNTIL(log_total(w.log) == 2501);
	ask_again();
	assert_int_equal(log_total(w.log), 2501);
	assert_true(shown("web: n 0") == 1 && shown("web: n 1500") == 1 &&
	            shown("web: n 2499") == 1);
}

static void what_fails_comes_back(void **unused)
{
	write_line("web", now_ns() - 60000000000, "first", 0);
	begin(&backend_loki, "loki/box");
	follow("loki/box", "{a=\"b\"}");
	UNTIL(log_total(w.log) == 1);
	set_fails(true);
	UNTIL(strstr(log_status(w.log), "too many outstanding"));
	assert_non_null(strstr(log_status(w.log), "it is tried again"));
	write_line("web", now_ns() - 1000000, "meanwhile", 0);
	set_fails(false);
	UNTIL(shown("web: meanwhile"));
	UNTIL(!*log_status(w.log));
	assert_int_equal(shown("web: first"), 1);
	/* the first, why nothing comes, the gap, what was written meanwhile */
	assert_int_equal(log_total(w.log), 4);
}

static void older_lines(void **unused)
{
	struct follow *f;
	const char *why = "";
	write_line("web", now_ns() - INT64_C(40) * 86400 * 1000000000, "oldest", 0);
	write_line("web", now_ns() - INT64_C(3) * 86400 * 1000000000, "old", 0);
	begin(&backend_loki, "loki/box");
	f = follow("loki/box", "{a=\"b\"}");
	UNTIL(strstr(log_status(w.log), "no line matches in the last 24h"));
	assert_true(f->older(f, 500, &why));
	UNTIL(shown("web: old"));
	assert_true(f->older(f, 500, &why));
	UNTIL(shown("web: oldest"));
	assert_true(f->older(f, 500, &why));
	const char *said = NULL;
	UNTIL(said || (said = log_said(w.log)));
	assert_non_null(strstr(said, "no older lines in the 30 days before"));
	assert_int_equal(log_total(w.log), 2);
	/* those of a time */
	assert_false(f->reach(f, now_ns() / 1000, &why));
}

static void lines_since(void **unused)
{
	int64_t t = now_ns();
	for (int i = 0; i < 2100; i++)
		write_line("db", t - 7200000000000 + i, "n %d", i);
	write_line("db", t - 7300000000000, "before", 0);
	begin(&backend_loki, "loki/box");
	log_set_since(w.log, (t - 7200000000000) / 1000);
	log_set_until(w.log, t / 1000);
	struct follow *f = follow("loki/box", "{a=\"b\"}");
	assert_true(log_owed(w.log));
	UNTIL(!log_owed(w.log));
	assert_int_equal(log_total(w.log), 2100);
	assert_int_equal(shown("db: before"), 0);
	const char *why = "";
	assert_true(f->reach(f, (t - 7400000000000) / 1000, &why));
	UNTIL(shown("db: before"));
	assert_int_equal(log_total(w.log), 2101);
}

static void refusals(void **unused)
{
	far.tenant = "team";
	begin(&backend_loki, "loki/box");
	follow("loki/box", "{a=\"b\"}");
	UNTIL(strstr(log_status(w.log), "no org id"));
	log_destroy(w.log);
	w.log = log_create(0);
	w.section.tenant = "team";
	w.section.user = "me";
	w.section.token_command = "echo secret";
	sites_configured(&w.sites->source);
	UNTIL(w.sites->first->complete && !w.sites->first->call);
	write_line("web", now_ns() - 1000000000, "mine", 0);
	follow("loki/box", "{a=\"b\"}");
	UNTIL(shown("web: mine"));
	pthread_mutex_lock(&lock);
	assert_non_null(strstr(far.seen, "\r\nAuthorization: Basic bWU6c2VjcmV0\r\n"));
	assert_non_null(strstr(far.seen, "\r\nX-Scope-OrgID: team\r\n"));
	pthread_mutex_unlock(&lock);
	/* what is no query is not asked again */
	log_destroy(w.log);
	w.log = log_create(0);
	follow("loki/box", "nonsense");
	UNTIL(strstr(log_status(w.log), "(400): parse error at line 1, col 5"));
	assert_null(strstr(log_status(w.log), "tried again"));
	assert_int_equal(shown("parse error at line 1, col 5: syntax error"), 1);
	log_destroy(w.log);
	w.log = log_create(0);
	follow("loki/box", "rate({a=\"b\"}[1m])");
	UNTIL(strstr(log_status(w.log), "asks for numbers (matrix)"));
	/* its section goes */
	w.settings.lokis = NULL;
	sites_configured(&w.sites->source);
	assert_non_null(strstr(log_status(w.log), "[loki box] is not in the configuration"));
	for (int i = 0; i < 5; i++)
		loop_turn(w.loop, 10);
}

static void victorialogs_follows(void **unused)
{
	write_line("web", now_ns() - 60000000000, "first", 0);
	begin(&backend_victorialogs, "victorialogs/box");
	assert_string_equal(w.sites->first->version, "v1.52.1");
	assert_string_equal(system_figure_text(system_of(row("victorialogs/box")), "lines"), "7");
	assert_string_equal(row("victorialogs/box")->why,
	                    "its disk is full: it takes no more lines");
	follow("victorialogs/box", "*");
	UNTIL(log_total(w.log) == 1);
	UNTIL(far.tails == 1);
	/* the tail and the next question both have it */
	for (int i = 0; i < 20; i++)
		write_line("web", now_ns() - 100000000, "n %d", i);
	UNTIL(shown("web: n 19"));
	ask_again();
	UNTIL(far.tails == 2);
	/* the question finds what the tail leaves out; the tail is opened again */
	write_line("web", now_ns() - 4000000000, "left out", 0);
	pthread_mutex_lock(&lock);
	far.stored[far.n - 1].untailed = true;
	far.hangs_up = true;
	pthread_mutex_unlock(&lock);
	UNTIL(shown("web: left out"));
	pthread_mutex_lock(&lock);
	far.hangs_up = false;
	pthread_mutex_unlock(&lock);
	UNTIL(far.tails >= 3);
	write_line("web", now_ns() - 1000000, "at last", 0);
	UNTIL(shown("web: at last"));
	assert_int_equal(log_total(w.log), 23);
}

static void without_a_tail(void **unused)
{
	far.no_tail = true;
	begin(&backend_victorialogs, "victorialogs/box");
	follow("victorialogs/box", "error | fields _time, _msg");
	UNTIL(far.tails == 1);
	write_line("web", now_ns() - 1000000, "new", 0);
	UNTIL(shown("web: new"));
	ask_again();
	assert_int_equal(log_total(w.log), 1);
	assert_int_equal(far.tails, 1);
}

/* --- names ------------------------------------------------------------------------ */

static bool places(const char *server, void *arg)
{
	buf_addf(arg, "%s ", server);
	return strcmp(server, "broken") != 0;
}

static void targets(void **unused)
{
	struct target t;
	char why[300];
	static const struct {
		const char *text, *server, *query;
	} good[] = {
		{ "loki:{app=\"x\"} |= \"/a\"", "loki", "{app=\"x\"} |= \"/a\"" },
		{ "home:*", "home", "*" },
		{ "home:404 error", "home", "404 error" },
		{ "a:b:c/d", "a", "b:c/d" },
	};
	static const char *const not [] = { "user@host:2222/journal",
		                            "host:2222/journal",
		                            "host:2222",
		                            "*:x/journal",
		                            "[::1]:x/journal",
		                            "pi/unit/user:caddy.service",
		                            "sese/file:/a" };
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(target_parse(good[i].text, &t, why, sizeof(why)));
		assert_int_equal(t.what, TARGET_QUERY);
		assert_string_equal(t.server, good[i].server);
		assert_string_equal(t.name, good[i].query);
	}
	for (size_t i = 0; i < ARRAY_LEN(not ); i++)
		assert_true(target_parse(not [i], &t, why, sizeof(why)) && t.what != TARGET_QUERY);
	assert_false(target_parse("sese:/var/log/x", &t, why, sizeof(why)));
	assert_false(target_parse("sese:", &t, why, sizeof(why)));
	char *text = xcalloc(1, sizeof(t.name) + 10);
	memcpy(text, "l:", 2);
	memset(text + 2, 'x', sizeof(t.name) - 1);
	assert_true(target_parse(text, &t, why, sizeof(why)));
	assert_int_equal(strlen(t.name), sizeof(t.name) - 1);
	text[sizeof(t.name) + 1] = 'x';
	assert_false(target_parse(text, &t, why, sizeof(why)));
	free(text);
	/* which servers are opened for it */
	struct logs_config two = { .name = "two", .server = "pi" },
			   one = { .name = "one", .next = &two };
	struct logs_config vl = { .name = "two", .server = "broken" };
	struct settings s = { .lokis = &one, .victorialogses = &vl };
	static const struct {
		const char *word, *servers;
		bool good;
	} words[] = { { "loki", "local pi ", true },
		      { "one", "local ", true },
		      { "two", "pi broken ", false },
		      { "victorialogs", "broken ", false },
		      { "three", "", false } };
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct buf b = { 0 };
		buf_puts(&b, "");
		t = (struct target){ .what = TARGET_QUERY };
		snprintf(t.server, sizeof(t.server), "%s", words[i].word);
		assert_true(target_each_place(&s, &t, places, &b, why, sizeof(why)) ==
		            words[i].good);
		assert_string_equal(b.data, words[i].servers);
		buf_finish(&b);
	}
	assert_non_null(strstr(why, "no [loki three] and no [victorialogs three]"));
}

static void words_of_a_line(void **unused)
{
	static const struct {
		const char *line, *words[4];
	} all[] = {
		{ "", { NULL } },
		{ "   ", { NULL } },
		{ " a  b ", { "a", "b" } },
		{ "loki:{app=\"x\", b=\"}\"} pi", { "loki:{app=\"x\", b=\"}\"}", "pi" } },
		{ "l:{a} b} c", { "l:{a}", "b}", "c" } },
		{ "'l:{a=\"b\"} |= \"c d\"' pi", { "l:{a=\"b\"} |= \"c d\"", "pi" } },
		{ "l:\"a \\\" b\" c", { "l:\"a \\\" b\"", "c" } },
		{ "l:`a b` c", { "l:`a b`", "c" } },
		{ "l:{{a b} c} d", { "l:{{a b} c}", "d" } },
		{ "'a b", { "a b" } },
		{ "'a' 'b'", { "a", "b" } },
		{ "l:{a b", { "l:{a b" } },
		{ "''", { "" } },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const char *at = all[i].line;
		for (size_t k = 0; k < ARRAY_LEN(all[i].words); k++) {
			char *word = target_next(&at);
			if (!all[i].words[k] && word)
				fail_msg("%s: too many words: %s", all[i].line, word);
			if (all[i].words[k])
				assert_string_equal(word ? word : "(none)", all[i].words[k]);
			free(word);
			if (!all[i].words[k])
				break;
		}
	}
}

#define LIVE(test) cmocka_unit_test_setup_teardown(test, fresh, end)
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loki_lines),
		cmocka_unit_test(answers_cut),
		cmocka_unit_test(what_tells_a_stream),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(victorialogs_lines),
		cmocka_unit_test(victorialogs_says),
		cmocka_unit_test(what_was_shown),
		cmocka_unit_test(targets),
		cmocka_unit_test(words_of_a_line),
		LIVE(loki_follows),
		LIVE(a_pause_loses_nothing),
		LIVE(what_fails_comes_back),
		LIVE(older_lines),
		LIVE(lines_since),
		LIVE(refusals),
		LIVE(victorialogs_follows),
		LIVE(without_a_tail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
