/* Words and figures of the pure parsers: each case is a line of a table with the exact answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/scram.h"
#include "backends/base/wash.h"
#include "backends/containers/judge.h"
#include "backends/containers/parse.h"
#include "backends/logs/when.h"
#include "backends/servers/server.h"
#include "backends/servers/tags.h"
#include "backends/sessions/oc_v2_parse.h"
#include "backends/store/settings.h"
#include "backends/systems/dns_parse.h"
#include "backends/vpn/parse.h"
#include "tui/keys.h"

/* --- passwords ------------------------------------------------------------ */

static void test_md5_of_postgres(void **state)
{
	static const struct {
		const char *user, *password;
		unsigned char salt[4];
		const char *wanted;
	} all[] = {
		{ "postgres", "secret", { 1, 2, 3, 4 }, "md5bb41a296aab6baccb36ff243a562abff" },
		{ "me", "", { 255, 0, 16, 9 }, "md5efcb0cb01245a97a11bad47f669aee74" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char out[36];
		assert_true(scram_md5(out, all[i].user, all[i].password, all[i].salt));
		assert_string_equal(out, all[i].wanted);
	}
}

/* --- JSON that is cut ----------------------------------------------------- */

/* Every beginning of an object, each in memory of exactly its size, where a byte too far is seen by
 * the sanitizer. */
static void test_members_of_an_object_that_is_cut(void **state)
{
	static const char whole[] = " { \"a\" : [1, \"]\"] , \"bc\" : {\"d\":2} } ";
	const char *value;
	size_t len;
	for (size_t n = 0; n < sizeof(whole); n++) {
		char *part = xcalloc(1, n ? n : 1);
		memcpy(part, whole, n);
		bool a = json_member(part, n, "a", &value, &len);
		assert_int_equal(a, n >= 17);
		if (a)
			assert_memory_equal(value, "[1, \"]\"]", len);
		bool bc = json_member(part, n, "bc", &value, &len);
		assert_int_equal(bc, n >= 34);
		if (bc)
			assert_memory_equal(value, "{\"d\":2}", len);
		assert_false(json_member(part, n, "b", &value, &len));
		assert_false(json_member(part, n, "d", &value, &len));
		free(part);
	}
}

/* --- the wash ------------------------------------------------------------- */

/* Each character may have as many marks as the first one, also behind a blank and behind what was
 * no character. */
static void test_marks_begin_again_with_each_character(void **state)
{
	static const char *const starts[] = { "a", "ab", "a b", "a b c ", "a\xff" };
	size_t most = 0;
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		char text[400], out[400], bare[64];
		wash(bare, sizeof(bare), starts[i], strlen(starts[i]));
		size_t n = (size_t)snprintf(text, sizeof(text), "%s", starts[i]);
		for (int k = 0; k < 100; k++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "\xcc\x81");
		wash(out, sizeof(out), text, n);
		size_t marks = (strlen(out) - strlen(bare)) / 2;
		if (!i)
			most = marks;
		assert_int_equal(marks, most);
	}
	assert_in_range(most, 1, 99);
}

/* --- spans of time -------------------------------------------------------- */

static void test_every_span_of_time(void **state)
{
	static const int64_t now = 1767225600000; /* 2026-01-01 */
	static const struct {
		const char *text;
		int64_t ago; /* below 0: none */
	} all[] = {
		{ "1s", 1000 },      { "1m", 60000 },
		{ "1h", 3600000 },   { "1d", 86400000 },
		{ "1w", 604800000 }, { "-2h", 7200000 },
		{ "  90s", 90000 },  { "1h30m", 5400000 },
		{ "0s", 0 },         { "999999s", 999999000 },
		{ "9999999s", -1 },  { "12", -1 },
		{ "h", -1 },         { "1x", -1 },
		{ "1h3", -1 },       { "-", -1 },
		{ "", -1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		int64_t wall = -7;
		bool good = when_parse(all[i].text, now, &wall);
		assert_int_equal(good, all[i].ago >= 0);
		if (good)
			assert_int_equal(wall, now - all[i].ago);
	}
}

static void test_every_time_of_day(void **state)
{
	static const int64_t now = 1767225600000 + 43200000; /* 12:00 on 2026-01-01, UTC */
	static const struct {
		const char *text;
		int64_t after_midnight; /* s; below 0: none */
	} all[] = {
		{ "00:00", 0 },       { "11:59", 43140 },    { "12:00", 43200 },
		{ "12:01", -43140 },  { "23:59", -60 },      { "23:59:59", -1 },
		{ "9:05:07", 32707 }, { "11:59:59", 43199 }, { "12:00:01", -43199 },
	};
	static const char *const none[] = { "24:00",    "12:60",     "12:00:60", "-1:00", "12:00x",
		                            "12:00:0x", "12:00:00x", "12:",      "12",    ":12" };
	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		int64_t wall = 0;
		assert_true(when_parse(all[i].text, now, &wall));
		assert_int_equal(wall, 1767225600000 + all[i].after_midnight * 1000);
	}
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		int64_t wall = 0;
		assert_false(when_parse(none[i], now, &wall));
	}
}

/* --- tags ----------------------------------------------------------------- */

static void note_tag(const char *tag, void *arg)
{
	char *all = arg;
	strcat(all, tag);
	strcat(all, "|");
}

static void test_every_tag(void **state)
{
	static const struct {
		const char *tags, *seen;
	} all[] = {
		{ NULL, "" },
		{ "", "" },
		{ " ,\t", "" },
		{ "prod", "@prod" },
		{ "@prod", "@prod" },
		{ "prod home", "@prod @home" },
		{ "\tprod,home, @eu ", "@prod @home @eu" },
	};
	char buf[64];
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct server_config c = { .tags = (char *)all[i].tags };
		struct server v = { .config = &c };
		assert_int_equal(server_tags(&v, buf, sizeof(buf)), strlen(all[i].seen));
		assert_string_equal(buf, all[i].seen);
	}
	/* what does not fit is left out whole */
	struct server_config c = { .tags = (char *)"prod home" };
	struct server v = { .config = &c };
	for (size_t size = 1; size < 14; size++) {
		const char *wanted = size > 11 ? "@prod @home" : size > 5 ? "@prod" : "";
		assert_int_equal(server_tags(&v, buf, size), strlen(wanted));
		assert_string_equal(buf, wanted);
	}
	v.config = NULL;
	assert_int_equal(server_tags(&v, buf, sizeof(buf)), 0);
	assert_true(tag_is("@p"));
	assert_false(tag_is("@"));
	assert_false(tag_is("root@host"));
}

static void test_each_tag_once(void **state)
{
	char all[128] = "";
	struct server_config third = { .tags = (char *)"eu" },
			     second = { .next = &third, .tags = (char *)"@home prod" },
			     untagged = { .next = &second },
			     first = { .next = &untagged, .tags = (char *)"prod eu" };
	struct settings settings = { .servers = &first };
	tags_each(&settings, note_tag, all);
	assert_string_equal(all, "@prod|@eu|@home|");
	*all = '\0';
	settings.servers = NULL;
	tags_each(&settings, note_tag, all);
	assert_string_equal(all, "");
}

/* --- records of a zone ---------------------------------------------------- */

static void test_what_is_typed_for_a_record(void **state)
{
	static const struct {
		const char *text;
		bool with_name;
		const char *body; /* NULL: refused */
	} all[] = {
		{ "www A 192.0.2.7", true,
		  "{\"name\":\"www\",\"type\":\"A\",\"records\":[{\"value\":\"192.0.2.7\"}]}" },
		{ "  @  mx  10 mail.example.  ttl=300", true,
		  "{\"name\":\"@\",\"type\":\"MX\",\"ttl\":300,\"records\":[{\"value\":\"10 "
		  "mail.example.\"}]}" },
		{ "*.dev aaaa ::1 ; ::2 ttl=60", true,
		  "{\"name\":\"*.dev\",\"type\":\"AAAA\",\"ttl\":60,\"records\":[{\"value\":\"::"
		  "1\"},"
		  "{\"value\":\"::2\"}]}" },
		{ "192.0.2.7 ttl=300", false, "{\"records\":[{\"value\":\"192.0.2.7\"}]}" },
		{ "a ; b ; c", false,
		  "{\"records\":[{\"value\":\"a\"},{\"value\":\"b\"},{\"value\":\"c\"}]}" },
		{ "\"x ttl=300 y\"", false, "{\"records\":[{\"value\":\"\\\"x ttl=300 y\\\"\"}]}" },
		{ "xttl=300", false, "{\"records\":[{\"value\":\"xttl=300\"}]}" },
		{ "v=spf1 ttl=1 ttl=60", false, "{\"records\":[{\"value\":\"v=spf1 ttl=1\"}]}" },
		{ "www A 1 ttl=59", true, NULL },
		{ "www A 1 ttl=", true, NULL },
		{ "ttl=300", false, NULL },
		{ "www A", true, NULL },
		{ "www", true, NULL },
		{ "", true, NULL },
		{ "", false, NULL },
		{ "WWW A 1", true, NULL },
		{ "@@ A 1", true, NULL },
		{ "a@ A 1", true, NULL },
		{ "www SOA 1", true, NULL },
		{ "www AA 1", true, NULL },
	};
	static const char *const types[] = { "A",     "AAAA",  "CAA",  "CNAME", "DS",
		                             "HINFO", "HTTPS", "MX",   "NS",    "PTR",
		                             "RP",    "SRV",   "SVCB", "TLSA",  "TXT" };
	struct dns_typed t;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct err err = { 0 };
		bool good = dns_typed_read(&t, all[i].text, all[i].with_name, &err);
		assert_int_equal(good, all[i].body != NULL);
		assert_int_equal(err.code, good ? ERR_NONE : ERR_USAGE);
		char *body = good ? dns_body(&t, all[i].with_name) : NULL;
		if (good)
			assert_string_equal(body, all[i].body);
		free(body);
	}
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		char text[32];
		snprintf(text, sizeof(text), "x %s y", types[i]);
		assert_true(dns_typed_read(&t, text, true, NULL));
		assert_string_equal(t.type, types[i]);
	}
}

static void test_lengths_of_a_record(void **state)
{
	char text[400], letters[300];
	struct dns_typed t;
	memset(letters, 'a', sizeof(letters));
	for (int n = 252; n < 256; n++) {
		snprintf(text, sizeof(text), "%.*s A 1", n, letters);
		assert_int_equal(dns_typed_read(&t, text, true, NULL), n <= 253);
	}
	for (int n = 254; n < 258; n++) {
		snprintf(text, sizeof(text), "%.*s", n, letters);
		assert_int_equal(dns_typed_read(&t, text, false, NULL), n < 256);
	}
}

static void test_actions_of_a_zone(void **state)
{
	static const struct {
		const char *json;
		bool good;
		int64_t id;
		const char *status, *error;
	} all[] = {
		{ "{\"action\":{\"id\":1,\"status\":\"running\"}}", true, 1, "running", "" },
		{ "{\"action\":{\"id\":7,\"status\":\"error\",\"error\":{\"message\":\"no\"}}}",
		  true, 7, "error", "no" },
		{ "{\"action\":{\"id\":0,\"status\":\"running\"}}", false, 0, "running", "" },
		{ "{\"action\":{\"id\":1}}", false, 1, "", "" },
		{ "{}", false, 0, "", "" },
		{ "[", false, 0, "", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct dns_action a;
		assert_int_equal(dns_action_parse(all[i].json, strlen(all[i].json), &a),
		                 all[i].good);
		assert_int_equal(a.id, all[i].id);
		assert_string_equal(a.status, all[i].status);
		assert_string_equal(a.error, all[i].error);
	}
}

/* --- containers ----------------------------------------------------------- */

static void test_sums_of_networks(void **state)
{
	static const struct {
		const char *networks;
		double rx, tx;
	} all[] = {
		{ "{}", -1, -1 },
		{ "{\"a\":{\"rx_bytes\":5,\"tx_bytes\":7}}", 5, 7 },
		{ "{\"a\":{\"rx_bytes\":5,\"tx_bytes\":7},\"b\":{\"rx_bytes\":20,\"tx_bytes\":30}}",
		  25, 37 },
		{ "{\"a\":{}}", 0, 0 },
		{ "{\"a\":{\"rx_bytes\":0},\"b\":{\"tx_bytes\":0}}", 0, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char json[400];
		struct ctr_sample s;
		snprintf(json, sizeof(json),
		         "{\"read\":\"2026-01-01T00:00:00Z\",\"cpu_stats\":{\"cpu_usage\":"
		         "{\"total_usage\":1}},\"networks\":%s}",
		         all[i].networks);
		assert_true(ctr_sample_parse(&s, json, strlen(json)));
		assert_true(s.valid);
		assert_true(s.rx == all[i].rx);
		assert_true(s.tx == all[i].tx);
		assert_true(s.cpu_ns == 1);
	}
}

/* --- Headscale ------------------------------------------------------------ */

static void test_lists_of_headscale(void **state)
{
	static const struct {
		const char *json;
		bool good;
		size_t n;
	} all[] = {
		{ "{\"users\":[{\"id\":\"1\",\"name\":\"ops\"}]}", true, 1 },
		{ "[{\"id\":\"1\",\"name\":\"ops\"},{\"id\":\"2\",\"name\":\"b\"}]", true, 2 },
		{ "{\"users\":[]}", true, 0 },
		{ "{\"code\":16,\"message\":\"unauthenticated\"}", false, 0 },
		{ "Unauthorized", false, 0 },
		{ "", false, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct hs_users users = { 0 };
		struct err err = { 0 };
		assert_int_equal(hs_users_parse(&users, all[i].json, strlen(all[i].json), &err),
		                 all[i].good);
		assert_int_equal(users.n, all[i].n);
		assert_int_equal(err.code != ERR_NONE, !all[i].good);
		free(users.at);
	}
}

/* --- events of OpenCode 2 ------------------------------------------------- */

#define EVENT(type, data) \
	"{\"id\":\"evt_1\",\"type\":\"" type "\",\"created\":5000,\"data\":" data "}"
#define OF "\"sessionID\":\"ses_1\",\"assistantMessageID\":\"msg_1\""

static void test_parts_of_a_message(void **state)
{
	static const struct {
		const char *json;
		enum oc_event_type type;
		const char *part, *part_type, *text, *tool, *tool_state;
	} all[] = {
		{ EVENT("session.text.delta", "{" OF ",\"ordinal\":3,\"delta\":\"hi\"}"), OC_DELTA,
		  "msg_1.text-3", "text", "hi", NULL, NULL },
		{ EVENT("session.text.ended", "{" OF ",\"textID\":\"t1\",\"text\":\"all\"}"),
		  OC_PART, "msg_1.t1", "text", "all", NULL, NULL },
		{ EVENT("session.reasoning.delta",
		        "{" OF ",\"reasoningID\":\"r\",\"delta\":\"x\"}"),
		  OC_DELTA, "msg_1.r", "reasoning", "x", NULL, NULL },
		{ EVENT("session.reasoning.started", "{" OF "}"), OC_PART, "msg_1.reasoning-0",
		  "reasoning", "", NULL, NULL },
		{ EVENT("session.tool.called",
		        "{" OF
		        ",\"callID\":\"c\",\"tool\":\"bash\",\"input\":{\"command\":\"ls\"}}"),
		  OC_PART, "msg_1.c", "tool", "ls", "bash", "running" },
		{ EVENT("session.tool.success",
		        "{" OF ",\"id\":\"i\",\"callID\":\"c\",\"name\":\"n\"}"),
		  OC_PART, "msg_1.i", "tool", NULL, "n", "completed" },
		{ EVENT("session.tool.failed",
		        "{" OF ",\"error\":{\"message\":\"no\"},\"input\":{\"command\":\"ls\"}}"),
		  OC_PART, "msg_1.tool", "tool", "no", NULL, "error" },
		{ EVENT("session.inbox.enqueued", "{\"sessionID\":\"ses_1\",\"inboxID\":\"msg_2\","
		                                  "\"item\":{\"type\":\"user\","
		                                  "\"payload\":{\"text\":\"do\"}}}"),
		  OC_PART, "msg_2.user", "text", "do", NULL, NULL },
		{ EVENT("session.inbox.enqueued", "{\"sessionID\":\"ses_1\",\"inboxID\":\"msg_2\","
		                                  "\"item\":{\"type\":\"note\","
		                                  "\"payload\":{\"text\":\"do\"}}}"),
		  OC_OTHER, "", NULL, NULL, NULL, NULL },
		{ EVENT("session.inbox.enqueued", "{\"sessionID\":\"ses_1\",\"item\":{}}"),
		  OC_OTHER, "", NULL, NULL, NULL, NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct oc_event e;
		assert_true(oc_v2_event(all[i].json, strlen(all[i].json), &e));
		assert_int_equal(e.type, all[i].type);
		assert_string_equal(e.session, "ses_1");
		assert_string_equal(e.part_id, all[i].part);
		assert_int_equal(e.of_user, !strcmp(all[i].part, "msg_2.user"));
		const char *const pairs[][2] = { { e.part_type, all[i].part_type },
			                         { e.text, all[i].text },
			                         { e.tool, all[i].tool },
			                         { e.tool_state, all[i].tool_state } };
		for (size_t k = 0; k < ARRAY_LEN(pairs); k++) {
			assert_int_equal(pairs[k][0] != NULL, pairs[k][1] != NULL);
			if (pairs[k][1])
				assert_string_equal(pairs[k][0], pairs[k][1]);
		}
		oc_event_free(&e);
	}
}

static void test_steps_of_a_message(void **state)
{
	static const struct {
		const char *json;
		double cost;
		int64_t tokens, reasoning, context;
		const char *error, *words;
	} all[] = {
		{ EVENT("session.step.ended",
		        "{" OF
		        ",\"cost\":0.5,\"tokens\":{\"input\":10,\"output\":5,\"reasoning\":2}}"),
		  0.5, 17, 2, 15, "", "" },
		{ EVENT("session.step.ended", "{" OF "}"), -1, -1, 0, -1, "", "" },
		{ EVENT("session.step.failed",
		        "{" OF ",\"error\":{\"type\":\"quota\",\"message\":\"none left\"}}"),
		  -1, -1, 0, -1, "quota", "none left" },
		{ EVENT("session.step.failed", "{" OF ",\"error\":{\"type\":\"aborted\"}}"), -1, -1,
		  0, -1, NULL, NULL },
		{ EVENT("session.step.failed", "{" OF ",\"error\":{}}"), -1, -1, 0, -1, "Error",
		  "Error" },
		{ EVENT("session.step.failed", "{" OF "}"), -1, -1, 0, -1, "", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct oc_event e;
		assert_true(oc_v2_event(all[i].json, strlen(all[i].json), &e));
		assert_int_equal(e.type, OC_MESSAGE);
		assert_true(e.message.completed);
		assert_int_equal(e.message.completed_ms, 5000);
		assert_int_equal(e.message.role, OC_ROLE_ASSISTANT);
		assert_true(e.message.cost == all[i].cost);
		assert_int_equal(e.message.tokens, all[i].tokens);
		assert_int_equal(e.message.reasoning, all[i].reasoning);
		assert_int_equal(e.message.context, all[i].context);
		if (all[i].error) {
			assert_string_equal(e.message.error, all[i].error);
			assert_string_equal(e.message.words, all[i].words);
		}
		oc_event_free(&e);
	}
}

static void test_how_a_turn_ends(void **state)
{
	static const struct {
		const char *json;
		enum oc_outcome outcome;
	} all[] = {
		{ EVENT("session.execution.succeeded", "{" OF "}"), OC_OUTCOME_SUCCEEDED },
		{ EVENT("session.execution.failed", "{" OF "}"), OC_OUTCOME_FAILED },
		{ EVENT("session.execution.interrupted", "{" OF "}"), OC_OUTCOME_STOPPED },
		{ EVENT("session.execution.interrupted", "{" OF ",\"reason\":\"user\"}"),
		  OC_OUTCOME_ABORTED },
		{ EVENT("session.execution.interrupted", "{" OF ",\"reason\":\"shutdown\"}"),
		  OC_OUTCOME_INTERRUPTED },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct oc_event e;
		assert_true(oc_v2_event(all[i].json, strlen(all[i].json), &e));
		assert_int_equal(e.type, OC_ENDED);
		assert_int_equal(e.outcome, all[i].outcome);
		assert_true(e.tells_run);
		assert_int_equal(e.status.run, OC_RUN_IDLE);
		assert_int_equal(e.at_ms, 5000);
		oc_event_free(&e);
	}
	struct oc_event e;
	static const char retry[] =
		EVENT("session.retry.scheduled",
	              "{" OF ",\"attempt\":3,\"at\":7000,\"error\":{\"message\":\"overloaded\"}}");
	assert_true(oc_v2_event(retry, strlen(retry), &e));
	assert_int_equal(e.type, OC_STATUS);
	assert_int_equal(e.status.run, OC_RUN_RETRY);
	assert_int_equal(e.status.attempt, 3);
	assert_int_equal(e.status.next_ms, 7000);
	assert_string_equal(e.status.message, "overloaded");
	oc_event_free(&e);
	/* the last step of the preview ends the turn, unless tools were called */
	static const char last[] = EVENT("session.next.step.ended", "{" OF ",\"finish\":\"stop\"}"),
			  tools[] = EVENT("session.next.step.ended",
	                                  "{" OF ",\"finish\":\"tool-calls\"}");
	assert_true(oc_preview_event(last, strlen(last), &e));
	assert_true(e.tells_run && e.status.run == OC_RUN_IDLE);
	oc_event_free(&e);
	assert_true(oc_preview_event(tools, strlen(tools), &e));
	assert_false(e.tells_run);
	oc_event_free(&e);
}

static void test_models_that_may_be_chosen(void **state)
{
	static const char json[] =
		"{\"data\":[{\"providerID\":\"p\",\"id\":\"m\",\"limit\":{\"context\":9}},"
		"{\"providerID\":\"p\",\"id\":\"\"},{\"providerID\":\"\",\"id\":\"m\"},{},"
		"{\"providerID\":\"p\",\"id\":\"off\",\"enabled\":false},"
		"{\"providerID\":\"q\",\"id\":\"v\",\"enabled\":true,\"variants\":[{\"id\":\"low\"}"
		","
		"{\"id\":\"high\"}]}]}";
	struct buf out;
	buf_init(&out, 4096);
	assert_true(oc_v2_models(json, strlen(json), &out));
	assert_string_equal(out.data, "p/m\t9\t\nq/v\t0\tlow high \n");
	buf_finish(&out);
	buf_init(&out, 4096);
	assert_false(oc_v2_models("{\"data\":{}}", 11, &out));
	assert_int_equal(out.len, 0);
	buf_finish(&out);
}

/* --- keys ----------------------------------------------------------------- */

static void test_a_lone_escape_is_waited_for(void **state)
{
	struct keys *k = keys_create(-1);
	char bytes[8];
	assert_int_equal(keys_wait_ms(k), -1);
	keys_feed(k, "\033[", 2, now_mono_ms());
	struct key key;
	assert_false(keys_next(k, &key, now_mono_ms()));
	assert_in_range(keys_wait_ms(k), 1, 10000);
	assert_int_equal(keys_take(k, bytes, 1), 1);
	assert_memory_equal(bytes, "\033", 1);
	assert_int_equal(keys_wait_ms(k), -1);
	keys_feed(k, "\033[", 2, now_mono_ms() - 60000);
	assert_int_equal(keys_wait_ms(k), 0);
	assert_int_equal(keys_take(k, bytes, sizeof(bytes)), 2);
	assert_memory_equal(bytes, "\033[", 2);
	assert_int_equal(keys_take(k, bytes, sizeof(bytes)), 0);
	keys_destroy(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_md5_of_postgres),
		cmocka_unit_test(test_members_of_an_object_that_is_cut),
		cmocka_unit_test(test_marks_begin_again_with_each_character),
		cmocka_unit_test(test_every_span_of_time),
		cmocka_unit_test(test_every_time_of_day),
		cmocka_unit_test(test_every_tag),
		cmocka_unit_test(test_each_tag_once),
		cmocka_unit_test(test_what_is_typed_for_a_record),
		cmocka_unit_test(test_lengths_of_a_record),
		cmocka_unit_test(test_actions_of_a_zone),
		cmocka_unit_test(test_sums_of_networks),
		cmocka_unit_test(test_lists_of_headscale),
		cmocka_unit_test(test_parts_of_a_message),
		cmocka_unit_test(test_steps_of_a_message),
		cmocka_unit_test(test_how_a_turn_ends),
		cmocka_unit_test(test_models_that_may_be_chosen),
		cmocka_unit_test(test_a_lone_escape_is_waited_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
