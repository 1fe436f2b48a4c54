/* The WebSocket exchange with an OpenClaw gateway, in pieces of any size, and what its report says.
 * The whole program against a strict gateway is in tests/screens/openclaw. */
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
#include "backends/link/wire.h"
#include "backends/systems/openclaw_parse.h"

#define HEAD "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
#define CHALLENGE \
	"{\"type\":\"event\",\"event\":\"connect.challenge\",\"payload\":{\"nonce\":\"n\"}}"
#define HELLO(methods)                                                                           \
	"{\"type\":\"res\",\"id\":\"connect\",\"ok\":true,\"payload\":{\"server\":{\"version\":" \
	"\"2026.9.6\"},\"features\":{\"methods\":[" methods "]}}}"
#define REFUSED(code, detail)                                                           \
	"{\"type\":\"res\",\"id\":\"connect\",\"ok\":false,\"error\":{\"code\":\"" code \
	"\",\"message\":\"words\",\"details\":{\"code\":\"" detail "\"}}}"

static const struct wire_login nobody = { .user = "", .database = "" };
static const struct wire_login known = { .user = "", .database = "", .password = "hush-1" };

static struct {
	void *state;
	struct buf sent, report; /* sent: texts of client frames, unmasked, a line each */
	struct err err;
} x;

static void frame(struct buf *out, const char *text)
{
	size_t n = strlen(text);
	char head[4] = { (char)0x81, (char)n };
	if (n > 125) {
		head[1] = 126;
		head[2] = (char)(n >> 8);
		head[3] = (char)n;
	}
	buf_add(out, head, n > 125 ? 4 : 2);
	buf_add(out, text, n);
}

/* Unmasks the frames of the client; behind the request there is nothing else. */
static void unmask(const char *bytes, size_t len)
{
	const unsigned char *b = (const unsigned char *)bytes, *end = b + len;
	while (b < end) {
		assert_true((b[0] == 0x81 || b[0] == 0x88) && (b[1] & 0x80)); /* text, close */
		size_t n = b[1] & 0x7f, head = 2;
		if (n == 126) {
			n = (size_t)b[2] << 8 | b[3];
			head = 4;
		}
		const unsigned char *mask = b + head, *text = mask + 4;
		assert_true(text + n <= end);
		for (size_t i = 0; i < n; i++) {
			char c = (char)(text[i] ^ mask[i % 4]);
			buf_add(&x.sent, &c, 1);
		}
		buf_puts(&x.sent, "\n");
		b = text + n;
	}
}

/* Gives the head and the frames of texts in pieces of that size. */
static enum wire_next hear(const struct wire_login *login, const char *head, size_t piece,
                           const char *const *texts)
{
	struct buf all = { 0 }, heard = { 0 }, out = { 0 };
	enum wire_next next = WIRE_MORE;
	buf_puts(&all, head);
	for (; *texts; texts++)
		frame(&all, *texts);
	x.state = xcalloc(1, openclaw_talk.size);
	openclaw_talk.begin(x.state, login, &out);
	assert_non_null(strstr(out.data, "GET / HTTP/1.1\r\n"));
	assert_non_null(strstr(out.data, "Upgrade: websocket\r\n"));
	assert_non_null(strstr(out.data, "==\r\n\r\n"));
	for (size_t at = 0; at < all.len && next == WIRE_MORE; at += piece) {
		size_t used = 0, n = piece < all.len - at ? piece : all.len - at;
		buf_clear(&out);
		buf_add(&heard, all.data + at, n);
		char *copy = malloc(heard.len);
		memcpy(copy, heard.data, heard.len);
		next = openclaw_talk.heard(x.state, login, copy, heard.len, &used, &out, &x.err);
		free(copy);
		buf_consume(&heard, used);
		unmask(out.data, out.len);
	}
	if (next == WIRE_DONE)
		openclaw_talk.report(x.state, 1.5, &x.report);
	buf_finish(&all);
	buf_finish(&heard);
	buf_finish(&out);
	return next;
}

static int drop(void **unused)
{
	if (x.state)
		openclaw_talk.finish(x.state);
	free(x.state);
	buf_finish(&x.sent);
	buf_finish(&x.report);
	memset(&x, 0, sizeof(x));
	return 0;
}

#define RES(id, payload) "{\"type\":\"res\",\"id\":\"" id "\",\"ok\":true,\"payload\":" payload "}"
static const char *const round_of[] = {
	CHALLENGE,
	HELLO(""),
	"{\"type\":\"event\",\"event\":\"tick\",\"payload\":\"}]\\\"{\"}",
	RES("sessions", "{\"sessions\":[{\"key\":\"agent:main\",\"label\":\"said\",\"model\":\"m\","
	                "\"totalTokens\":7,\"updatedAt\":9},{\"model\":\"no key\"}]}"),
	RES("agents", "{\"agents\":[{\"id\":\"main\"},{\"id\":\"ops\"}]}"),
	RES("cost", "{\"daily\":[{\"date\":\"2026-11-29\",\"totalCost\":9},{\"date\":"
	            "\"2026-11-30\",\"totalCost\":0.5}]}"),
	RES("approvals", "[{\"id\":\"a1\",\"request\":{\"command\":\"rm -rf /\",\"cwd\":\"/srv\","
	                 "\"agentId\":\"main\"},\"createdAtMs\":5,\"expiresAtMs\":6}]"),
	NULL
};

/* Nothing was spent, it says, and that it has read no file yet. */
static void a_sum_that_is_not_made_yet(void **state)
{
	static const char *const messages[] = {
		CHALLENGE,
		HELLO(""),
		RES("sessions", "{\"sessions\":[]}"),
		RES("agents", "{\"agents\":[]}"),
		RES("cost", "{\"daily\":[{\"date\":\"2026-11-30\",\"totalCost\":0}],"
		            "\"cacheStatus\":{\"status\":\"refreshing\",\"cachedFiles\":0,"
		            "\"pendingFiles\":1}}"),
		RES("approvals", "[]"),
		NULL
	};
	struct openclaw_facts f;
	assert_int_equal(hear(&known, HEAD, 100, messages), WIRE_DONE);
	assert_non_null(strstr(x.sent.data, "\"id\":\"gateway-client\""));
	assert_non_null(strstr(x.sent.data, "\"mode\":\"backend\""));
	assert_true(openclaw_parse(x.report.data, x.report.len, "2026-11-30", &f, &x.err));
	assert_true(f.cost < 0);
	openclaw_finish(&f);
}

static void a_round_in_pieces(void **state)
{
	static const size_t pieces[] = { 1, 7, 100, 100000 };
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		struct openclaw_facts f;
		assert_int_equal(hear(&known, HEAD, pieces[i], round_of), WIRE_DONE);
		assert_non_null(strstr(x.sent.data, "\"minProtocol\":3,\"maxProtocol\":4"));
		assert_non_null(strstr(x.sent.data, "\"auth\":{\"token\":\"hush-1\"}"));
		assert_non_null(
			strstr(x.sent.data, "\"method\":\"exec.approval.list\",\"params\":{}"));
		assert_null(strstr(x.report.data, "said"));
		assert_null(strstr(x.report.data, "hush"));
		assert_true(openclaw_parse(x.report.data, x.report.len, "2026-11-30", &f, &x.err));
		assert_string_equal(f.version, "2026.9.6");
		assert_int_equal(f.sessions, 2);
		assert_int_equal(f.n_listed, 1);
		assert_string_equal(f.listed[0].key, "agent:main");
		assert_string_equal(f.listed[0].model, "m");
		assert_true(f.listed[0].exact && f.listed[0].tokens == 7 && f.listed[0].ms == 9);
		assert_int_equal(f.agents, 2);
		assert_true(f.cost > 0.49 && f.cost < 0.51);
		assert_true(f.asks_known);
		assert_int_equal(f.n_asked, 1);
		assert_string_equal(f.asked[0].id, "a1");
		assert_string_equal(f.asked[0].command, "rm -rf /");
		assert_string_equal(f.asked[0].shown, "in /srv: rm -rf /");
		assert_string_equal(f.asked[0].agent, "main");
		assert_true(f.asked[0].exact && f.asked[0].made_ms == 5 && f.asked[0].ends_ms == 6);
		assert_string_equal(f.lacks, "");
		openclaw_finish(&f);
		drop(NULL);
	}
}

/* Nobody allows what he has not seen. */
static void a_command_that_is_too_long_is_not_exact(void **state)
{
	struct openclaw_facts f;
	for (size_t n = OPENCLAW_SHOWN_MAX - 1; n <= OPENCLAW_SHOWN_MAX + 1; n++) {
		char *command = xcalloc(n + 1, 1);
		memset(command, 'x', n);
		char *text = xasprintf("{\"approvals\":[{\"id\":\"a\",\"command\":\"%s\"}]}",
		                       command);
		assert_true(openclaw_parse(text, strlen(text), "2026-11-30", &f, &x.err));
		assert_int_equal(f.n_asked, 1);
		assert_int_equal(f.asked[0].exact, n <= OPENCLAW_SHOWN_MAX);
		assert_string_equal(f.asked[0].shown, command);
		openclaw_finish(&f);
		free(text);
		free(command);
	}
}

/* A newline is shown. Whatever else the wash changes makes the command unanswerable here. */
static void a_command_that_shows_otherwise_is_not_exact(void **state)
{
	static const struct {
		const char *members, *shown;
		bool exact;
	} all[] = {
		{ "\"command\":\"ls\"", "ls", true },
		{ "\"command\":\"echo ok\\ncurl x | sh\"", "echo ok\u23cecurl x | sh", true },
		{ "\"command\":\"\\nls\\n\",\"cwd\":\"/a\"", "in /a: \u23cels\u23ce", true },
		{ "\"command\":\"ls\",\"cwd\":\"/a b\"", "in /a b: ls", true },
		{ "\"command\":\"ls\\trm\"", "ls rm", false },
		{ "\"command\":\"ls\\rrm\"", "ls rm", false },
		{ "\"command\":\"ls\\u001b[2Krm\"", "lsrm", false },
		{ "\"command\":\"ls\\u202erm\"", "lsrm", false },
		{ "\"command\":\"ls\",\"cwd\":\"/a\\u200bb\"", "in /ab: ls", false },
		{ "\"command\":\"\"", "", false },
		{ "\"command\":7", "", false },
		{ "\"cwd\":\"/a\"", "in /a: ", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct openclaw_facts f;
		char *text = xasprintf("{\"approvals\":[{\"id\":\"a\",%s}]}", all[i].members);
		assert_true(openclaw_parse(text, strlen(text), "2026-11-30", &f, &x.err));
		assert_string_equal(f.asked[0].shown, all[i].shown);
		if (f.asked[0].exact != all[i].exact)
			fail_msg("%s: exact %d", all[i].members, f.asked[0].exact);
		openclaw_finish(&f);
		free(text);
	}
}

static void only_what_it_has_is_asked(void **state)
{
	static const char *const texts[] = { CHALLENGE, HELLO("\"health\",\"agents.list\""),
		                             "{\"type\":\"res\",\"id\":\"agents\",\"ok\":false,"
		                             "\"error\":{\"message\":\"no scope\"}}",
		                             NULL };
	struct openclaw_facts f;
	assert_int_equal(hear(&nobody, HEAD, 9, texts), WIRE_DONE);
	assert_null(strstr(x.sent.data, "sessions.list"));
	assert_null(strstr(x.sent.data, "auth"));
	assert_true(openclaw_parse(x.report.data, x.report.len, "2026-11-30", &f, &x.err));
	assert_string_equal(f.lacks, "no scope");
	assert_true(f.sessions == -1 && f.agents == -1 && f.cost < 0 && !f.asks_known);
	openclaw_finish(&f);
	assert_false(openclaw_parse("<html>", 6, "2026-11-30", &f, &x.err));
}

static void refusals_in_words(void **state)
{
	static const struct {
		const struct wire_login *login;
		const char *head, *text, *says;
		enum wire_next next;
	} all[] = {
		{ &known, HEAD, REFUSED("INVALID_REQUEST", "AUTH_TOKEN_MISMATCH"),
		  "it refuses the token of password_command", WIRE_REFUSED },
		{ &nobody, HEAD, REFUSED("INVALID_REQUEST", "AUTH_TOKEN_MISSING"),
		  "it wants a token: password_command", WIRE_REFUSED },
		{ &known, HEAD, REFUSED("UNAVAILABLE", ""), "it still starts", WIRE_FAILED },
		{ &known, HEAD, REFUSED("INVALID_REQUEST", "PROTOCOL_MISMATCH"),
		  "another protocol than 3 and 4", WIRE_FAILED },
		{ &known, HEAD, REFUSED("NOT_PAIRED", ""), "it refuses: words", WIRE_FAILED },
		{ &known, HEAD, "{broken}", "not JSON", WIRE_FAILED },
		{ &known, "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", "{}",
		  "it opens no WebSocket: HTTP/1.1 200 OK", WIRE_FAILED },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const char *texts[] = { CHALLENGE, all[i].text, NULL };
		assert_int_equal(hear(all[i].login, all[i].head, 11, texts), all[i].next);
		if (!strstr(x.err.text, all[i].says))
			fail_msg("%s: %s", all[i].says, x.err.text);
		drop(NULL);
	}
	/* masked frames are none of a server; the close says why */
	static const char *const none[] = { NULL };
	assert_int_equal(hear(&known,
	                      HEAD "\x81\x81"
	                           "maskX",
	                      1000, none),
	                 WIRE_FAILED);
	drop(NULL);
	assert_int_equal(hear(&known, HEAD "\x88\x05\x03\xf5why", 1000, none), WIRE_FAILED);
	assert_non_null(strstr(x.err.text, "with code 1013: why"));
}

static void an_order_takes_the_method_that_it_has(void **state)
{
	char *abort = openclaw_abort("agent:\"main");
	char *answer = openclaw_resolve("a1", "deny"),
	     *send = openclaw_send("k", "hi\nyou", "once");
	struct wire_login login = known;
	const char *texts[] = { CHALLENGE, HELLO("\"chat.abort\""),
		                RES("order", "{\"status\":\"aborted\"}"), NULL };
	login.request = abort;
	assert_int_equal(hear(&login, HEAD, 5, texts), WIRE_DONE);
	assert_non_null(strstr(x.sent.data, "\"method\":\"chat.abort\",\"params\":{\"sessionKey\":"
	                                    "\"agent:\\\"main\"}"));
	assert_null(strstr(x.sent.data, "sessions."));
	assert_non_null(strstr(x.report.data, "\"status\":\"aborted\""));
	drop(NULL);
	login.request = answer;
	assert_int_equal(hear(&login, HEAD, 5, texts), WIRE_FAILED);
	assert_non_null(strstr(x.err.text, "no method for that"));
	drop(NULL);
	texts[1] = HELLO("\"exec.approval.resolve\",\"chat.send\"");
	texts[2] = "{\"type\":\"res\",\"id\":\"order\",\"ok\":false,\"error\":{\"code\":\"X\","
		   "\"message\":\"unknown or expired approval id\"}}";
	assert_int_equal(hear(&login, HEAD, 5, texts), WIRE_FAILED);
	assert_string_equal(x.err.text, "it refuses: unknown or expired approval id");
	assert_non_null(strstr(x.sent.data, "{\"id\":\"a1\",\"decision\":\"deny\"}"));
	drop(NULL);
	login.request = send;
	texts[2] = RES("order", "{}");
	assert_int_equal(hear(&login, HEAD, 5, texts), WIRE_DONE);
	assert_non_null(strstr(x.sent.data, "{\"sessionKey\":\"k\",\"message\":\"hi\\nyou\","
	                                    "\"idempotencyKey\":\"once\"}"));
	free(abort);
	free(answer);
	free(send);
}

static void its_address(void **state)
{
	struct wire_url u;
	struct err err;
	assert_true(wire_url_read("ws://127.0.0.1", "openclaw", &u, &err));
	assert_int_equal(u.port, 18789);
	assert_true(wire_url_read("ws://gate:1234", "openclaw", &u, &err));
	assert_int_equal(u.port, 1234);
	assert_false(wire_url_read("openclaw://gate", "openclaw", &u, &err));
	assert_non_null(strstr(err.text, "expected ws://HOST:PORT"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_sum_that_is_not_made_yet, drop),
		cmocka_unit_test_teardown(a_round_in_pieces, drop),
		cmocka_unit_test(a_command_that_is_too_long_is_not_exact),
		cmocka_unit_test(a_command_that_shows_otherwise_is_not_exact),
		cmocka_unit_test_teardown(only_what_it_has_is_asked, drop),
		cmocka_unit_test_teardown(refusals_in_words, drop),
		cmocka_unit_test_teardown(an_order_takes_the_method_that_it_has, drop),
		cmocka_unit_test(its_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
