/* zlh-agent: what JSON pointers name in its status, and a stand-in that refuses wrong verbs, paths
 * and tokens. */
#include "tests/unit/systems_world.h"

#include "backends/base/buf.h"
#include "backends/store/doc.h"
#include "backends/systems/zlh_parse.h"

/* --- the stand-in -------------------------------------------------------- */

static struct {
	const char *status; /* the whole answer; %s: whether code-server runs */
	const char *token;
	bool code, hangs, fails;
	unsigned asked;
} ag;

static bool ag_may(int fd, const struct httpd_request *q)
{
	char line[100];
	snprintf(line, sizeof(line), "\r\nAuthorization: Bearer %s\r\n", ag.token ? ag.token : "");
	if (!ag.token || strstr(q->head, line))
		return true;
	httpd_answer(fd, "401 Unauthorized", NULL, "{\"error\":\"token\"}");
	return false;
}

static bool ag_status(int fd, const struct httpd_request *q)
{
	char body[2000];
	pthread_mutex_lock(&lock);
	ag.asked++;
	bool hangs = ag.hangs, may = hangs || ag_may(fd, q);
	snprintf(body, sizeof(body), ag.status, ag.code ? "true" : "false");
	pthread_mutex_unlock(&lock);
	if (hangs)
		return httpd_pause(fd, 60000);
	return !may || httpd_answer(fd, NULL, NULL, body);
}

static bool ag_code(int fd, const struct httpd_request *q)
{
	pthread_mutex_lock(&lock);
	bool may = ag_may(fd, q), fails = ag.fails;
	const char *verb = q->path + strlen("/dev/codeserver/");
	bool known = !strcmp(verb, "start") || !strcmp(verb, "stop") || !strcmp(verb, "restart");
	if (may && known && !fails)
		ag.code = strcmp(verb, "stop") != 0;
	pthread_mutex_unlock(&lock);
	if (!may)
		return true;
	if (fails)
		return httpd_answer(fd, "500 Internal Server Error", NULL,
		                    "{\"error\":\"code-server is not installed\"}");
	return httpd_answer(fd, known ? NULL : "404 Not Found", NULL, "{}");
}

static const struct httpd_route ag_routes[] = {
	{ .path = "/status", .method = "GET", .answer = ag_status },
	{ .path = "/dev/codeserver/*", .method = "POST", .answer = ag_code },
	{ 0 }
};

static char right[] = "echo zlh-1", wrong[] = "echo zlh-2";
static struct zlh_config section;

/* As the settings have it by themselves. */
static struct zlh_config section_of(char *token)
{
	static char state[] = "/state", provisioned[] = "/provisioningComplete",
		    code[] = "/codeServer/running", version[] = "/version",
		    backoff[] = "/restartInSeconds", time[] = "/crash/time",
		    class[] = "/crash/classification", exit[] = "/crash/exitCode",
		    signal[] = "/crash/signal", uptime[] = "/crash/uptimeSeconds",
		    log[] = "/crash/logTail", name[] = "box";
	return (struct zlh_config){ .name = name,
		                    .url = w.url,
		                    .token_command = token,
		                    .state = state,
		                    .provisioned = provisioned,
		                    .code_server = code,
		                    .version = version,
		                    .backoff = backoff,
		                    .crash_time = time,
		                    .crash_class = class,
		                    .crash_exit = exit,
		                    .crash_signal = signal,
		                    .crash_uptime = uptime,
		                    .crash_log = log };
}

static void begin(const struct httpd_route *routes, char *token)
{
	world_serve(routes);
	section = section_of(token);
	w.settings.zlhs = &section;
	world_begin(&backend_zlh);
}

static void fresh(const char *status)
{
	memset(&ag, 0, sizeof(ag));
	ag.status = status;
}

#define BOX "zlh/box"
#define SERVER BOX "/server/box"
#define CODE BOX "/code-server/box"
#define WELL                                                                        \
	"{\"state\":\"running\",\"provisioningComplete\":true,\"version\":\"0.9\"," \
	"\"codeServer\":{\"running\":%s},\"secret\":\"SECRET\"}"
#define CRASH(state, more)                                                                         \
	"{\"state\":\"" state "\",\"codeServer\":{\"running\":%s},\"crash\":{\"time\":"            \
	"\"2026-02-20T10:00:00Z\",\"exitCode\":137,\"signal\":\"SIGKILL\",\"uptimeSeconds\":"      \
	"190,\"classification\":\"oom\",\"logTail\":[\"loading\",\"Killed \\u001b[31mred\"]}" more \
	"}"

/* --- rows ---------------------------------------------------------------- */

static void well(void **unused)
{
	fresh(WELL);
	begin(ag_routes, NULL);
	UNTIL(complete());
	assert_true(health(BOX, HEALTH_GOOD) && why(BOX, NULL));
	assert_string_equal(w.sites->first->version, "0.9");
	assert_true(state(SERVER, "running") && health(SERVER, HEALTH_GOOD) && why(SERVER, NULL));
	assert_true(figure(SERVER, "provisioned", "yes") && figure(SERVER, "crash", ""));
	assert_true(state(CODE, "stopped") && health(CODE, HEALTH_IDLE));
	assert_int_equal(ag.asked, 1);
}

static bool details_say(const char *id, const char *words)
{
	struct doc doc;
	bool said = false;
	doc_init(&doc);
	kind_system.detail(&at(id)->row, &doc, false);
	for (size_t i = 0; i < doc.n; i++)
		said = said || strstr(doc.lines[i].text, words);
	doc_finish(&doc);
	return said;
}

static void it_crashed(void **unused)
{
	fresh(CRASH("error", ""));
	begin(ag_routes, NULL);
	UNTIL(complete());
	assert_true(health(BOX, HEALTH_GOOD)); /* the agent itself is well */
	assert_true(state(SERVER, "error") && health(SERVER, HEALTH_BAD));
	assert_true(why(SERVER, "it crashed "));
	assert_true(why(SERVER, "ago: out of memory, exit code 137, signal SIGKILL, after 3m 10s"));
	assert_true(figure(SERVER, "crash", "oom") && figure(SERVER, "signal", "SIGKILL"));
	assert_true(figure(SERVER, "ran for", "3m 10s") && figure(SERVER, "exit code", "137"));
	assert_true(details_say(SERVER, "Killed red") && details_say(SERVER, "loading"));
	assert_false(details_say(CODE, "loading"));
	/* it runs again, and the crash is long ago */
	pthread_mutex_lock(&lock);
	ag.status = CRASH("running", "");
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(state(SERVER, "running"));
	assert_true(health(SERVER, HEALTH_GOOD) && why(SERVER, NULL));
	/* it waits for its next start */
	pthread_mutex_lock(&lock);
	ag.status = CRASH("stopped", ",\"restartInSeconds\":60");
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(state(SERVER, "stopped"));
	assert_true(health(SERVER, HEALTH_ATTENTION) && why(SERVER, "started again in 1m"));
	assert_true(figure(SERVER, "next start in", "1m"));
	pthread_mutex_lock(&lock);
	ag.status = WELL;
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(health(SERVER, HEALTH_GOOD));
	assert_true(figure(SERVER, "crash", "") && figure(SERVER, "next start in", ""));
	assert_false(details_say(SERVER, "loading"));
}

/* A crash within the hour, and one without a time. */
static void it_crashed_lately(void **unused)
{
	char body[300];
	static const struct {
		const char *state;
		int64_t minutes; /* 0: no time */
		enum health health;
	} all[] = {
		{ "running", 59, HEALTH_ATTENTION }, { "running", 61, HEALTH_GOOD },
		{ "running", 0, HEALTH_GOOD },       { "starting", 0, HEALTH_ATTENTION },
		{ "starting", 61, HEALTH_BUSY },     { "stopped", 61, HEALTH_IDLE },
		{ "odd", 61, HEALTH_UNKNOWN },       { "odd", 1, HEALTH_ATTENTION },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char time[40] = "null";
		if (all[i].minutes)
			snprintf(time, sizeof(time), "%lld",
			         (long long)(now_wall_ms() / 1000 - all[i].minutes * 60));
		snprintf(body, sizeof(body),
		         "{\"state\":\"%s\",\"codeServer\":{\"running\":%%s},\"crash\":{\"time\":"
		         "%s,\"exitCode\":1}}",
		         all[i].state, time);
		fresh(body);
		begin(ag_routes, NULL);
		UNTIL(complete());
		if (!health(SERVER, all[i].health))
			fail_msg("%zu: %d", i, at(SERVER)->row.health);
		world_end(NULL);
	}
}

/* Names of somebody else. */
static void other_names(void **unused)
{
	static char state_[] = "/a/0/s", code[] = "/pid", none[] = "";
	fresh("{\"a\":[{\"s\":\"provisioning\"}],\"pid\":%s,\"crash\":{\"exitCode\":1}}");
	world_serve(ag_routes);
	section = section_of(NULL);
	section.state = state_;
	section.code_server = code;
	section.crash_exit = none;
	w.settings.zlhs = &section;
	world_begin(&backend_zlh);
	UNTIL(complete());
	assert_true(state(SERVER, "provisioning") && health(SERVER, HEALTH_BUSY));
	assert_true(state(CODE, "stopped") && figure(SERVER, "exit code", ""));
}

static void no_name_fits(void **unused)
{
	fresh("{\"health\":%s,\"version\":\"1\"}");
	begin(ag_routes, NULL);
	UNTIL(health(BOX, HEALTH_BAD));
	assert_true(why(BOX,
	                "zlh-agent box: nothing in the answer is where the pointers of its section "
	                "lead: state, provisioned"));
}

/* --- orders -------------------------------------------------------------- */

static void orders(void **unused)
{
	struct err err;
	fresh(WELL);
	ag.token = "zlh-1";
	begin(ag_routes, right);
	UNTIL(complete());
	assert_true(can(CODE, "start") && !can(CODE, "stop") && !can(CODE, "restart"));
	assert_true(!can(SERVER, "start") && !can(BOX, "restart"));
	assert_int_equal(ordered(CODE, "start", NULL, NULL), ORDER_DONE);
	UNTIL(state(CODE, "running"));
	assert_true(!can(CODE, "start") && can(CODE, "stop") && can(CODE, "restart"));
	assert_int_equal(ordered(CODE, "restart", NULL, NULL), ORDER_DONE);
	assert_int_equal(ordered(CODE, "stop", NULL, NULL), ORDER_DONE);
	UNTIL(state(CODE, "stopped"));
	pthread_mutex_lock(&lock);
	ag.fails = true;
	pthread_mutex_unlock(&lock);
	assert_int_equal(ordered(CODE, "start", NULL, &err), ORDER_FAILED);
	assert_non_null(strstr(err.text, "code-server is not installed"));
}

static void what_is_denied(void **unused)
{
	fresh(WELL);
	ag.token = "zlh-1";
	begin(ag_routes, NULL);
	UNTIL(health(BOX, HEALTH_BAD));
	assert_true(why(BOX, "wants a token (401: token), and [zlh box] has no token_command"));
	world_end(NULL);
	begin(ag_routes, wrong);
	UNTIL(health(BOX, HEALTH_BAD));
	assert_true(why(BOX, "rejects the token (401: token); token_command of [zlh box]"));
	assert_int_equal(w.sites->source.state, SOURCE_DENIED);
}

static const struct {
	struct httpd_route route;
	const char *why;
} ills[] = {
	{ { .path = "/*", .body = "<html><title>Sign in</title>" }, "web page: Sign in" },
	{ { .path = "/*", .status = "500 Internal Server Error", .body = "{\"error\":\"x\"}" },
	  "(500): x" },
	{ { .path = "/*", .status = "404 Not Found", .body = "{}" }, "(404)" },
	{ { .path = "/*", .status = "429 Too Many Requests", .headers = "Retry-After: 600\r\n" },
	  "(429" },
	{ { .path = "/*", .body = "[1,2]" }, "nothing in the answer" },
	{ { .path = "/*", .body = "{\"state\":" }, "" },
	{ { .path = "/*", .raw = "HTTP/1.1 200 OK\r\nContent-Le", .hangs_up = true }, "" },
};

static void ill_answers(void **unused)
{
	for (size_t i = 0; i < ARRAY_LEN(ills); i++) {
		const struct httpd_route routes[] = { ills[i].route, { 0 } };
		fresh(WELL);
		begin(routes, right);
		UNTIL(health(BOX, HEALTH_BAD));
		if (!why(BOX, ills[i].why))
			fail_msg("%zu: %s", i, at(BOX)->row.why);
		world_end(NULL);
	}
}

static void one_that_hangs(void **unused)
{
	fresh(WELL);
	ag.hangs = true;
	begin(ag_routes, NULL);
	UNTIL(ag.asked == 1);
	world_rest(200);
	assert_int_equal(ag.asked, 1);
	w.settings.zlhs = NULL;
	sites_configured(&w.sites->source);
	assert_int_equal(store_count(w.store, &kind_system, NULL), 0);
	assert_int_equal(w.sites->source.state, SOURCE_ABSENT);
}

/* --- readers ------------------------------------------------------------- */

static struct zlh_status read_status(const char *json)
{
	struct zlh_status s;
	struct err err;
	assert_true(zlh_parse(json, strlen(json), &s, &err));
	return s;
}

static void states(void **unused)
{
	static const struct {
		const char *word;
		enum zlh_state state;
		enum zlh_answer answer;
	} all[] = {
		{ "running", ZLH_WELL, ZLH_YES },
		{ "Online", ZLH_WELL, ZLH_YES },
		{ "ready", ZLH_WELL, ZLH_YES },
		{ "healthy", ZLH_WELL, ZLH_YES },
		{ "ok", ZLH_WELL, ZLH_YES },
		{ "up", ZLH_WELL, ZLH_YES },
		{ "starting", ZLH_BUSY, ZLH_UNKNOWN },
		{ "stopping", ZLH_BUSY, ZLH_UNKNOWN },
		{ "restarting", ZLH_BUSY, ZLH_UNKNOWN },
		{ "installing", ZLH_BUSY, ZLH_UNKNOWN },
		{ "provisioning", ZLH_BUSY, ZLH_UNKNOWN },
		{ "stopped", ZLH_STOPPED, ZLH_NO },
		{ "offline", ZLH_STOPPED, ZLH_NO },
		{ "idle", ZLH_STOPPED, ZLH_NO },
		{ "error", ZLH_FAILED, ZLH_UNKNOWN },
		{ "crashed", ZLH_FAILED, ZLH_UNKNOWN },
		{ "failed", ZLH_FAILED, ZLH_UNKNOWN },
		{ "odd", ZLH_OTHER, ZLH_UNKNOWN },
		{ "", ZLH_UNTOLD, ZLH_UNKNOWN },
		{ "true", ZLH_OTHER, ZLH_YES },
		{ "no", ZLH_OTHER, ZLH_NO },
		{ "yes", ZLH_OTHER, ZLH_YES },
		{ "FALSE", ZLH_OTHER, ZLH_NO },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char json[120];
		snprintf(json, sizeof(json), "{\"state\":\"%s\",\"code_server\":\"%s\"}",
		         all[i].word, all[i].word);
		struct zlh_status s = read_status(json);
		assert_int_equal(s.state, all[i].state);
		assert_int_equal(s.code_server, all[i].answer);
	}
	assert_int_equal(read_status("{\"code_server\":0}").code_server, ZLH_NO);
	assert_int_equal(read_status("{\"code_server\":1}").code_server, ZLH_YES);
	assert_int_equal(read_status("{\"code_server\":-1}").code_server, ZLH_NO);
	assert_int_equal(read_status("{\"provisioned\":true}").provisioned, ZLH_YES);
	assert_int_equal(read_status("{\"provisioned\":false}").provisioned, ZLH_NO);
	assert_int_equal(read_status("{\"provisioned\":[]}").provisioned, ZLH_UNKNOWN);
}

static void numbers(void **unused)
{
	assert_int_equal(read_status("{\"backoff\":0}").backoff_ms, 0);
	assert_int_equal(read_status("{\"backoff\":30}").backoff_ms, 30000);
	assert_int_equal(read_status("{\"backoff\":-1}").backoff_ms, -1);
	assert_int_equal(read_status("{\"backoff\":1000000}").backoff_ms, -1);
	assert_int_equal(read_status("{\"backoff\":999999}").backoff_ms, 999999000);
	assert_int_equal(read_status("{\"backoff\":\"30\"}").backoff_ms, -1);
	assert_int_equal(read_status("{}").backoff_ms, -1);
	assert_int_equal(read_status("{\"crash_time\":1771581600}").crash_ms, 1771581600000);
	assert_int_equal(read_status("{\"crash_time\":1771581600123}").crash_ms, 1771581600123);
	assert_int_equal(read_status("{\"crash_time\":100000000000}").crash_ms, 100000000000);
	assert_int_equal(read_status("{\"crash_time\":100000000000000}").crash_ms, 0);
	assert_int_equal(read_status("{\"crash_time\":\"2026-02-20T10:00:00Z\"}").crash_ms,
	                 1771581600000);
	assert_string_equal(read_status("{\"crash_uptime\":0}").crash_uptime, "0s");
	assert_string_equal(read_status("{\"crash_uptime\":-1}").crash_uptime, "-1");
	assert_string_equal(read_status("{\"crash_uptime\":\"3 min\"}").crash_uptime, "3 min");
	assert_false(read_status("{\"crash_uptime\":5}").crashed);
	assert_true(read_status("{\"crash_time\":1771581600}").crashed);
	assert_true(read_status("{\"crash_class\":\"oom\"}").crashed);
	assert_true(read_status("{\"crash_exit\":0}").crashed);
	assert_true(read_status("{\"crash_signal\":9}").crashed);
	struct zlh_status s;
	struct err err;
	assert_false(zlh_parse("[]", 2, &s, &err));
	assert_int_equal(err.code, ERR_GARBLED);
	assert_false(zlh_parse("", 0, &s, &err));
}

/* Of too many lines the last ones are kept, and whole. */
static void last_lines(void **unused)
{
	struct buf b = { 0 };
	struct zlh_status s = read_status("{\"crash_log\":\"a\\n\\nb\\u001b[1m\\nc\"}");
	assert_string_equal(s.log, "a\nb\nc\n");
	assert_string_equal(read_status("{\"crash_log\":[\"a\\nb\",7,\"c\"]}").log, "a\nb\nc\n");
	assert_string_equal(read_status("{\"crash_log\":7}").log, "");
	assert_string_equal(read_status("{\"crash_log\":[]}").log, "");
	assert_string_equal(read_status("{}").log, "");
	buf_puts(&b, "{\"crash_log\":[");
	for (int i = 0; i <= ZLH_LOG_LINES; i++)
		buf_addf(&b, "%s\"%d\"", i ? "," : "", i);
	buf_puts(&b, "]}");
	s = read_status(b.data);
	assert_int_equal(strncmp(s.log, "1\n2\n", 4), 0);
	buf_clear(&b);
	/* 8 lines of 250: with their ends 2008 bytes, more than there is room for */
	buf_puts(&b, "{\"crash_log\":[");
	for (int i = 0; i < 8; i++)
		buf_addf(&b, "%s\"%0250d\"", i ? "," : "", i);
	buf_puts(&b, "]}");
	s = read_status(b.data);
	assert_int_equal(strlen(s.log), 7 * 251);
	buf_clear(&b);
	/* exactly as much as there is room for */
	buf_puts(&b, "{\"crash_log\":[");
	for (int i = 0; i < 10; i++)
		buf_addf(&b, "%s\"%0*d\"", i ? "," : "", i ? 199 : 198, i);
	buf_puts(&b, "]}");
	s = read_status(b.data);
	assert_int_equal(strlen(s.log), sizeof(s.log) - 1);
	buf_finish(&b);
}

static void words_of_a_crash(void **unused)
{
	static const struct {
		struct zlh_status s;
		const char *words;
	} all[] = {
		{ { .crash_class = "oom" }, "out of memory" },
		{ { .crash_class = "mod_or_plugin_error" }, "a mod or a plugin failed" },
		{ { .crash_class = "missing_dependency" }, "a dependency is missing" },
		{ { .crash_class = "nonzero_exit", .crash_exit = "2" },
		  "it ended with an error, exit code 2" },
		{ { .crash_class = "unexpected_exit", .crash_signal = "9" },
		  "it ended unexpectedly, signal 9" },
		{ { .crash_class = "odd", .crash_uptime = "3s" }, "odd, after 3s" },
		{ { .crash_exit = "1" }, "why is not told, exit code 1" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char words[160];
		zlh_crash_words(&all[i].s, words, sizeof(words));
		assert_string_equal(words, all[i].words);
	}
}

/* Nothing but what is named leaves the answer. */
static void what_is_picked(void **unused)
{
	static const char json[] = "{\"a\":{\"b\":[1,\"x\"]},\"n\":null,\"v\":2,\"s\":\"SECRET\"}";
	const char *p[ZLH_MEMBERS] = { [ZLH_STATE] = "/a/b/1", [ZLH_PROVISIONED] = "/n" };
	struct buf out = { 0 };
	struct err err;
	assert_true(zlh_pick(json, strlen(json), p, &out, &err));
	assert_string_equal(out.data, "{\"state\":\"x\"}");
	buf_finish(&out);
	p[ZLH_STATE] = "/a/b/2";
	assert_false(zlh_pick(json, strlen(json), p, &out, &err));
	assert_non_null(strstr(err.text, "its section lead: state, provisioned"));
	p[ZLH_VERSION] = "/v"; /* which says nothing of what it is about */
	assert_false(zlh_pick(json, strlen(json), p, &out, &err));
	p[ZLH_CRASH_LOG] = "/v";
	assert_true(zlh_pick(json, strlen(json), p, &out, &err));
	assert_string_equal(out.data, "{\"version\":2,\"crash_log\":2}");
	buf_finish(&out);
	p[ZLH_CRASH_LOG] = ""; /* would be the whole answer */
	assert_false(zlh_pick(json, strlen(json), p, &out, &err));
	assert_int_equal(err.code, ERR_GARBLED);
	assert_false(zlh_pick("{", 1, p, &out, &err));
	assert_null(out.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states),
		cmocka_unit_test(numbers),
		cmocka_unit_test(last_lines),
		cmocka_unit_test(words_of_a_crash),
		cmocka_unit_test(what_is_picked),
		cmocka_unit_test_teardown(well, world_end),
		cmocka_unit_test_teardown(it_crashed, world_end),
		cmocka_unit_test(it_crashed_lately),
		cmocka_unit_test_teardown(other_names, world_end),
		cmocka_unit_test_teardown(no_name_fits, world_end),
		cmocka_unit_test_teardown(orders, world_end),
		cmocka_unit_test_teardown(what_is_denied, world_end),
		cmocka_unit_test(ill_answers),
		cmocka_unit_test_teardown(one_that_hangs, world_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
