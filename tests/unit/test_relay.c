/* An AI relay and its legs: the answers, and a stand-in of all three that refuses wrong verbs and
 * bodies. The relay calls itself healthy whatever its legs do, as the real one does. */
#include "tests/unit/systems_world.h"

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/systems/relay_parse.h"

/* --- the stand-in -------------------------------------------------------- */

static struct {
	const char *status;  /* of the relay: "healthy" */
	const char *ollama;  /* the answer of that leg; NULL: it hangs */
	const char *claude;  /* the address of that leg; NULL: here */
	const char *webhook; /* how ollama took it */
	bool no_ollama;      /* the relay no longer names it */
	bool down, odd;      /* down: the relay answers 500; odd: its answers are not its own */
	unsigned claudes, ollamas, tests, tokens;
} re;

static bool re_health(int fd, const struct httpd_request *q)
{
	char body[600], ollama[120] = "", claude[120];
	pthread_mutex_lock(&lock);
	snprintf(claude, sizeof(claude), "%s", re.claude ? re.claude : "");
	if (!re.claude)
		snprintf(claude, sizeof(claude), "%s/claude", w.url);
	if (!re.no_ollama)
		snprintf(ollama, sizeof(ollama), ",\"ollama\":\"%s/ollama/\"", w.url);
	snprintf(body, sizeof(body),
	         "{\"status\":\"%s\",\"server\":\"ai-relay-server\",\"version\":\"1.0.0\","
	         "\"timestamp\":\"x\",\"endpoints\":{\"claude\":\"%s\"%s}}",
	         re.status, claude, ollama);
	bool down = re.down;
	pthread_mutex_unlock(&lock);
	if (down)
		return httpd_answer(fd, "500 Internal Server Error", NULL,
		                    "{\"error\":\"Internal server error\",\"message\":\"x\"}");
	return httpd_answer(fd, NULL, "Content-Type: application/json\r\n", body);
}

static bool re_leg(int fd, const struct httpd_request *q)
{
	bool is_claude = !strncmp(q->path, "/claude", 7);
	pthread_mutex_lock(&lock);
	re.claudes += is_claude;
	re.ollamas += !is_claude;
	re.tokens += strstr(q->head, "Authorization") != NULL;
	const char *body = is_claude ? "{\"status\":\"healthy\",\"service\":\"claude-endpoint\"}"
	                             : re.ollama;
	pthread_mutex_unlock(&lock);
	return body ? httpd_answer(fd, NULL, NULL, body) : httpd_pause(fd, 60000);
}

static bool re_test(int fd, const struct httpd_request *q)
{
	char body[300];
	cJSON *o = cJSON_Parse(q->body);
	bool good = cJSON_IsString(cJSON_GetObjectItemCaseSensitive(o, "branch")) &&
	            cJSON_IsString(cJSON_GetObjectItemCaseSensitive(o, "message")) &&
	            strstr(q->head, "Content-Type: application/json");
	cJSON_Delete(o);
	pthread_mutex_lock(&lock);
	re.tests++;
	snprintf(body, sizeof(body),
	         "{\"status\":\"success\",\"duration\":\"120ms\",\"notifications\":{\"claude\":"
	         "\"success\",\"ollama\":\"%s\"}}",
	         re.webhook);
	if (re.odd)
		snprintf(body, sizeof(body), "{\"status\":\"success\"}");
	pthread_mutex_unlock(&lock);
	return good ? httpd_answer(fd, NULL, NULL, body)
	            : httpd_answer(fd, "400 Bad Request", NULL, "{\"error\":\"Invalid payload\"}");
}

static const struct httpd_route re_routes[] = {
	{ .path = "/health", .method = "GET", .answer = re_health },
	{ .path = "/claude/health", .method = "GET", .answer = re_leg },
	{ .path = "/ollama/health", .method = "GET", .answer = re_leg },
	{ .path = "/test-webhook", .method = "POST", .answer = re_test },
	{ 0 }
};

static char right[] = "echo relay-1";
static struct platform_config section;
#define HEALTHY "{\"status\":\"healthy\",\"service\":\"ollama-endpoint\"}"

static void begin(const struct httpd_route *routes)
{
	world_serve(routes);
	section = (struct platform_config){ .name = "box", .url = w.url, .token_command = right };
	w.settings.relays = &section;
	world_begin(&backend_relay);
}

static void fresh(void)
{
	memset(&re, 0, sizeof(re));
	re.status = "healthy";
	re.ollama = HEALTHY;
	re.webhook = "success";
}

#define BOX "relay/box"
#define LEG(name) BOX "/leg/" name

static bool has_latency(const char *id)
{
	struct system *y = at(id);
	return y && strstr(system_figure_text(y, "latency"), " ms");
}

/* --- rows ---------------------------------------------------------------- */

static void well(void **unused)
{
	fresh();
	begin(re_routes);
	UNTIL(complete() && health(LEG("claude"), HEALTH_GOOD));
	UNTIL(health(LEG("ollama"), HEALTH_GOOD));
	assert_true(health(BOX, HEALTH_GOOD) && why(BOX, NULL));
	assert_string_equal(w.sites->first->version, "1.0.0");
	assert_true(state(LEG("claude"), "healthy") && has_latency(LEG("claude")));
	assert_true(figure(LEG("ollama"), "service", "ollama-endpoint"));
	assert_true(can(BOX, "test webhook") && !can(LEG("claude"), "test webhook"));
	assert_int_equal(re.tokens, 0); /* the relay's is not for them */
}

/* One leg hangs: the other and the relay are as before. */
static void a_leg_that_hangs(void **unused)
{
	fresh();
	re.ollama = NULL;
	begin(re_routes);
	UNTIL(health(LEG("claude"), HEALTH_GOOD) && re.ollamas == 1);
	assert_true(state(LEG("ollama"), "not asked yet") && health(BOX, HEALTH_GOOD));
	site_poke(w.sites->first);
	UNTIL(re.claudes == 2);
	assert_int_equal(re.ollamas, 1);
	UNTIL(health(LEG("ollama"), HEALTH_BAD));
	assert_true(why(LEG("ollama"), "the leg ollama of AI relay box did not answer GET /health "
	                               "within 5 s"));
	assert_true(state(LEG("ollama"), "no answer") && !has_latency(LEG("ollama")));
}

static void legs_that_are_not_well(void **unused)
{
	fresh();
	re.ollama = "{\"status\":\"degraded\"}";
	re.claude = "http://127.0.0.1:1";
	begin(re_routes);
	UNTIL(health(LEG("claude"), HEALTH_BAD) && health(LEG("ollama"), HEALTH_BAD));
	assert_true(why(LEG("claude"), "127.0.0.1:1: Connection refused"));
	assert_true(why(LEG("ollama"), "it reports: degraded") && has_latency(LEG("ollama")));
	assert_true(health(BOX, HEALTH_GOOD));
	pthread_mutex_lock(&lock);
	re.ollama = "<html><title>Sign in</title>";
	re.claude = NULL; /* another address */
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(why(LEG("ollama"), "web page: Sign in") && health(LEG("claude"), HEALTH_GOOD));
	pthread_mutex_lock(&lock);
	re.ollama = "{}";
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(why(LEG("ollama"), "gives no status"));
	/* a leg that is no longer named */
	pthread_mutex_lock(&lock);
	re.no_ollama = true;
	re.claude = "http://me:secret@127.0.0.1/x";
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(!at(LEG("ollama")) && why(LEG("claude"), "names no http:// address"));
	assert_true(figure(LEG("claude"), "at", ""));
}

/* Two names that have the same letters in an id are two rows. */
static void names_that_look_alike(void **unused)
{
	static const struct httpd_route alike[] = {
		{ .path = "/health",
		  .method = "GET",
		  .body = "{\"status\":\"healthy\",\"server\":\"ai-relay-server\","
			  "\"version\":\"1\",\"endpoints\":{\"a/b\":\"http://127.0.0.1:1\","
			  "\"a-b\":\"http://x@h\"}}" },
		{ 0 }
	};
	fresh();
	begin(alike);
	UNTIL(health(LEG("a-b"), HEALTH_BAD) && health(LEG("a-b~a-b"), HEALTH_BAD));
	assert_string_equal(at(LEG("a-b"))->row.name, "a/b");
	assert_string_equal(at(LEG("a-b~a-b"))->row.name, "a-b");
	assert_true(why(LEG("a-b~a-b"), "names no http:// address"));
}

/* An address on the relay's own server, asked from here, would be another one. */
static void localhost_of_another_machine(void **unused)
{
	fresh();
	begin(re_routes);
	UNTIL(health(LEG("claude"), HEALTH_GOOD));
	unsigned before = re.claudes;
	static char url[] = "http://relay.example:4200";
	section.url = url; /* not opened again: only what the section says has changed */
	site_poke(w.sites->first);
	UNTIL(health(LEG("claude"), HEALTH_BAD));
	assert_true(why(LEG("claude"), "on the relay's own server, which server = of [relay box]"));
	assert_int_equal(re.claudes, before);
}

/* The legs may be well while the relay is not. */
static void the_relay_is_down(void **unused)
{
	fresh();
	begin(re_routes);
	UNTIL(health(LEG("ollama"), HEALTH_GOOD));
	unsigned before = re.claudes;
	pthread_mutex_lock(&lock);
	re.down = true;
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(health(BOX, HEALTH_BAD) && re.claudes > before);
	assert_true(why(BOX, "(500): x"));
	pthread_mutex_lock(&lock);
	re.down = false;
	re.status = "draining";
	pthread_mutex_unlock(&lock);
	site_poke(w.sites->first);
	UNTIL(why(BOX, "it reports: draining"));
	assert_true(health(BOX, HEALTH_BAD));
}

static void webhooks(void **unused)
{
	struct err err;
	fresh();
	begin(re_routes);
	UNTIL(health(LEG("ollama"), HEALTH_GOOD));
	assert_true(figure(BOX, "webhook", ""));
	assert_int_equal(ordered(BOX, "test webhook", NULL, NULL), ORDER_DONE);
	assert_true(figure(BOX, "webhook", "120ms, reached 2") && health(BOX, HEALTH_GOOD));
	pthread_mutex_lock(&lock);
	re.webhook = "failed";
	pthread_mutex_unlock(&lock);
	assert_int_equal(ordered(BOX, "test webhook", NULL, &err), ORDER_FAILED);
	assert_string_equal(err.text, "AI relay box took it, but did not reach: ollama");
	assert_true(figure(BOX, "webhook", "120ms, failed: ollama"));
	assert_true(health(BOX, HEALTH_ATTENTION) && why(BOX, "did not reach: ollama"));
	pthread_mutex_lock(&lock);
	re.odd = true;
	pthread_mutex_unlock(&lock);
	assert_int_equal(ordered(BOX, "test webhook", NULL, &err), ORDER_FAILED);
	assert_non_null(strstr(err.text, "does not say which legs"));
	pthread_mutex_lock(&lock);
	re.odd = false;
	re.webhook = "success";
	pthread_mutex_unlock(&lock);
	assert_int_equal(ordered(BOX, "test webhook", NULL, NULL), ORDER_DONE);
	assert_true(health(BOX, HEALTH_GOOD) && why(BOX, NULL));
	assert_int_equal(re.tests, 4);
}

static const struct {
	struct httpd_route route;
	const char *why;
} ills[] = {
	{ { .path = "/*", .body = "<html><title>Sign in</title>" }, "web page: Sign in" },
	{ { .path = "/*", .status = "401 Unauthorized", .body = "{}" }, "token_command of [relay" },
	{ { .path = "/*", .status = "404 Not Found", .body = "{\"error\":\"Route not found\"}" },
	  "(404): Route not found" },
	{ { .path = "/*", .status = "429 Too Many Requests", .headers = "Retry-After: 600\r\n" },
	  "(429" },
	{ { .path = "/*", .body = "{\"status\":\"healthy\"}" }, "so it is not an AI relay" },
	{ { .path = "/*", .body = "{\"status\":" }, "" },
	{ { .path = "/*", .raw = "HTTP/1.1 200 OK\r\nContent-Le", .hangs_up = true }, "" },
};

static void ill_answers(void **unused)
{
	for (size_t i = 0; i < ARRAY_LEN(ills); i++) {
		const struct httpd_route routes[] = { ills[i].route, { 0 } };
		fresh();
		begin(routes);
		UNTIL(health(BOX, HEALTH_BAD));
		if (!why(BOX, ills[i].why))
			fail_msg("%zu: %s", i, at(BOX)->row.why);
		world_end(NULL);
	}
}

static void its_section_goes(void **unused)
{
	fresh();
	re.ollama = NULL;
	begin(re_routes);
	UNTIL(re.ollamas == 1); /* a question is on its way */
	w.settings.relays = NULL;
	sites_configured(&w.sites->source);
	assert_int_equal(store_count(w.store, &kind_system, NULL), 0);
	world_rest(50);
	assert_int_equal(store_count(w.store, &kind_system, NULL), 0);
	pthread_mutex_lock(&lock);
	re.ollama = HEALTHY;
	pthread_mutex_unlock(&lock);
	w.settings.relays = &section;
	sites_configured(&w.sites->source);
	UNTIL(health(LEG("ollama"), HEALTH_GOOD));
}

/* --- readers ------------------------------------------------------------- */

static void places(void **unused)
{
	struct relay_health h;
	struct err err;
	struct buf b = { 0 };
	char path[220];
	size_t most = sizeof(h.legs[0].url) - 1;
	memset(path, 'x', sizeof(path));
	path[most - strlen("http://h/")] = '\0';
	buf_addf(&b,
	         "{\"status\":\"healthy\",\"endpoints\":{\"a\":\"http://h/%s\",\"b\":\"http://"
	         "h/%sx\",\"c\":7,\"d\":\"ftp://h\",\"\":\"http://h\",\"e\\u001b[1m\":\"https://"
	         "h:1\",\"f\":null,\"g\":1,\"h\":2}}",
	         path, path);
	assert_true(relay_health_parse(b.data, b.len, &h, &err));
	assert_int_equal(h.n, RELAY_LEGS_MAX);
	assert_int_equal(h.left_out, 2);
	assert_int_equal(strlen(h.legs[0].url), most);
	assert_string_equal(h.legs[1].url, "");
	assert_string_equal(h.legs[2].url, "");
	assert_string_equal(h.legs[3].url, "");
	assert_string_equal(h.legs[4].name, "e");
	assert_string_equal(h.legs[4].url, "https://h:1");
	assert_string_equal(h.legs[5].name, "f");
	buf_finish(&b);
	static const char *const not [] = { "{\"endpoints\":{}}", "{\"status\":\"x\"}", "[]", "",
		                            "{\"status\":\"x\",\"endpoints\":[]}" };
	for (size_t i = 0; i < ARRAY_LEN(not ); i++) {
		assert_false(relay_health_parse(not [i], strlen(not [i]), &h, &err));
		assert_int_equal(err.code, ERR_GARBLED);
		assert_int_equal(h.n, 0);
	}
}

static void probes(void **unused)
{
	struct relay_probe p = { "healthy", "claude-endpoint", 0, "" }, q;
	struct buf b = { 0 };
	struct err err;
	relay_leg_write(&p, &b);
	assert_true(relay_leg_read(b.data, b.len, &q, &err));
	assert_string_equal(q.status, "healthy");
	assert_string_equal(q.service, "claude-endpoint");
	assert_int_equal(q.ms, 0);
	assert_string_equal(q.error, "");
	buf_clear(&b);
	p = (struct relay_probe){ .ms = -1, .error = "gone" };
	relay_leg_write(&p, &b);
	assert_true(relay_leg_read(b.data, b.len, &q, &err));
	assert_int_equal(q.ms, -1);
	assert_string_equal(q.error, "gone");
	buf_finish(&b);
	assert_false(relay_leg_read("[]", 2, &q, &err));
	assert_int_equal(err.code, ERR_GARBLED);
	assert_false(relay_leg_parse("{\"service\":\"x\"}", 15, &q, &err));
	assert_int_equal(err.code, ERR_GARBLED);
	assert_true(relay_leg_parse("{\"status\":\"x\"}", 14, &q, &err));
	assert_int_equal(q.ms, -1);
}

static void results(void **unused)
{
	static const char all[] =
		"{\"status\":\"success\",\"duration\":\"9ms\",\"notifications\":{\"a\":\"success\","
		"\"b\":\"failed\",\"c\":null,\"d\":\"success\"}}";
	struct relay_webhook h;
	struct err err;
	assert_true(relay_webhook_parse(all, strlen(all), &h, &err));
	assert_int_equal(h.reached, 2);
	assert_string_equal(h.failed, "b, c");
	assert_string_equal(h.duration, "9ms");
	static const char none[] = "{\"status\":\"success\",\"notifications\":{}}";
	assert_true(relay_webhook_parse(none, strlen(none), &h, &err));
	assert_true(!h.reached && !*h.failed && !*h.duration);
	assert_false(relay_webhook_parse("{\"status\":\"success\"}", 20, &h, &err));
	assert_int_equal(err.code, ERR_GARBLED);
	assert_false(relay_webhook_parse("{\"notifications\":{}}", 20, &h, &err));
}

static void loopback(void **unused)
{
	static const char *const here[] = { "http://localhost:5050", "http://LocalHost/x",
		                            "https://localhost",     "http://127.0.0.1:1",
		                            "http://127.9.9.9",      "http://[::1]:80" };
	static const char *const there[] = { "http://localhosts:1",
		                             "http://local:1",
		                             "http://10.0.0.1",
		                             "http://[::2]:80",
		                             "http://128.0.0.1",
		                             "http://x.localhost",
		                             "" };
	for (size_t i = 0; i < ARRAY_LEN(here); i++)
		if (!relay_is_loopback(here[i]))
			fail_msg("%s", here[i]);
	for (size_t i = 0; i < ARRAY_LEN(there); i++)
		if (relay_is_loopback(there[i]))
			fail_msg("%s", there[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(probes),
		cmocka_unit_test(results),
		cmocka_unit_test(loopback),
		cmocka_unit_test_teardown(well, world_end),
		cmocka_unit_test_teardown(a_leg_that_hangs, world_end),
		cmocka_unit_test_teardown(legs_that_are_not_well, world_end),
		cmocka_unit_test_teardown(names_that_look_alike, world_end),
		cmocka_unit_test_teardown(localhost_of_another_machine, world_end),
		cmocka_unit_test_teardown(the_relay_is_down, world_end),
		cmocka_unit_test_teardown(webhooks, world_end),
		cmocka_unit_test(ill_answers),
		cmocka_unit_test_teardown(its_section_goes, world_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
