/* Each column, member and bound of what parsers read, in one place per format: wg, OpenCode, DNS
 * records, container answers. */
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
#include "backends/containers/parse.h"
#include "backends/link/api.h"
#include "backends/sessions/oc_parse.h"
#include "backends/vpn/parse.h"

/* --- wg ------------------------------------------------------------------ */

static void test_every_column_of_wg(void **state)
{
	static const char text[] = "clock 1700000000\n"
				   "wg0\t(none)\tSELF\t51820\toff\n"
				   "wg0\tPEER\t(none)\t198.51.100.7:51821\t10.7.0.1/32,10.7.1.0/"
				   "24,fd00::1/128,0.0.0.0/0\t1699999990\t4096\t12\t25\n"
				   "wg1\tBARE\t(none)\t(none)\t(none)\t0\t0\t0\toff\n"
				   "six\tcolumns\tare\tno\tpeer\tx\n";
	struct vpn_list list;
	struct err err;
	assert_true(wg_dump_parse(&list, text, strlen(text), 1700000005000, &err));
	assert_int_equal(list.n, 3);
	const struct vpn_peer *self = &list.peers[0], *peer = &list.peers[1],
			      *bare = &list.peers[2];
	assert_true(self->self);
	assert_string_equal(self->iface, "wg0");
	assert_string_equal(self->key, "SELF");
	assert_string_equal(self->endpoint, "port 51820");
	assert_int_equal(self->online, -1);
	assert_int_equal(self->rx, -1);
	assert_int_equal(self->tx, -1);
	assert_false(peer->self);
	assert_string_equal(peer->iface, "wg0");
	assert_string_equal(peer->key, "PEER");
	assert_string_equal(peer->endpoint, "198.51.100.7:51821");
	assert_int_equal(peer->n_addrs, 2);
	assert_string_equal(peer->addrs[0], "10.7.0.1");
	assert_string_equal(peer->addrs[1], "fd00::1");
	assert_string_equal(peer->routes, "10.7.1.0/24, 0.0.0.0/0");
	assert_true(peer->exit_option);
	assert_int_equal(peer->handshake_ms, 1699999990000 + 5000);
	assert_int_equal(peer->rx, 4096);
	assert_int_equal(peer->tx, 12);
	assert_int_equal(peer->keepalive, 25);
	assert_string_equal(bare->iface, "wg1");
	assert_string_equal(bare->key, "BARE");
	assert_string_equal(bare->endpoint, "");
	assert_int_equal(bare->n_addrs, 0);
	assert_string_equal(bare->routes, "");
	assert_false(bare->exit_option);
	assert_int_equal(bare->handshake_ms, 0);
	assert_int_equal(bare->rx, 0);
	assert_int_equal(bare->keepalive, 0);
	vpn_list_finish(&list);
	static const char *const wrong[] = { "", "x", "clock", "a\tb\n",
		                             "1\t2\t3\t4\t5\t6\t7\t8\t9\t10\n" };
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_false(wg_dump_parse(&list, wrong[i], strlen(wrong[i]), 0, &err));
		assert_int_equal(err.code, ERR_GARBLED);
	}
	/* without an end of its last line, without a clock, with an IPv6 route for all */
	static const char bare_line[] = "w\tK\t-\t-\t::/0\t17\t1\t2\t3";
	assert_true(wg_dump_parse(&list, bare_line, strlen(bare_line), 99, &err));
	assert_int_equal(list.n, 1);
	assert_true(list.peers[0].exit_option);
	assert_int_equal(list.peers[0].handshake_ms, 17000);
	assert_int_equal(list.peers[0].keepalive, 3);
	vpn_list_finish(&list);
}

/* --- DNS records --------------------------------------------------------- */

static void test_every_word_of_a_dns_record(void **state)
{
	char longest[300] = "+ ", name[256];
	memset(name, 'a', 253);
	name[253] = '\0';
	strcat(strcat(longest, name), " A 1.2.3.4");
	const struct {
		const char *words;
		bool good;
	} all[] = {
		{ "+ a.example A 100.64.0.1", true },
		{ "add a.example aaaa fd00::1", true },
		{ "+ *.x_y-z.example A 1.2.3.4", true },
		{ longest, true },
		{ "+ a.example MX 1.2.3.4", false },
		{ "+ a.example A fd00::1", false },
		{ "+ a.example AAAA 1.2.3.4", false },
		{ "+ a.example A 1.2.3.4x", false },
		{ "+ a.example A 1234", false },
		{ "+ a.example A", false },
		{ "+ a.example", false },
		{ "+ a/b A 1.2.3.4", false },
		{ "x a.example A 1.2.3.4", false },
		{ "", false },
		{ "+", false },
		{ "- gone.example", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct dns_records r = { 0 };
		struct err err = { 0 };
		if (dns_records_edit(&r, all[i].words, &err) != all[i].good)
			fail_msg("%s: %s", all[i].words, err.text);
		assert_int_equal(r.n, all[i].good);
		if (all[i].good)
			/* the same again */
			assert_false(dns_records_edit(&r, all[i].words, &err));
		free(r.at);
	}
	struct dns_records r = { 0 };
	struct err err = { 0 };
	static const char *const made[] = { "+ a.x A 1.1.1.1", "+ a.x A 1.1.1.2", "+ a.x AAAA ::1",
		                            "+ b.x A 1.1.1.1" };
	for (size_t i = 0; i < ARRAY_LEN(made); i++)
		assert_true(dns_records_edit(&r, made[i], &err));
	assert_true(dns_records_edit(&r, "- a.x A 1.1.1.2", &err));
	assert_int_equal(r.n, 3);
	assert_true(dns_records_edit(&r, "remove a.x A", &err));
	assert_int_equal(r.n, 2);
	assert_string_equal(r.at[0].type, "AAAA");
	assert_true(dns_records_edit(&r, "- a.x", &err));
	assert_int_equal(r.n, 1);
	assert_string_equal(r.at[0].name, "b.x");
	free(r.at);
}

/* --- OpenCode ------------------------------------------------------------ */

static void test_every_member_of_a_session(void **state)
{
	static const char text[] = "[{\"id\":\"ses_1\",\"parentID\":\"ses_0\",\"directory\":\"/srv/"
				   "a\",\"title\":\"T\",\"agent\":\"build\","
				   "\"model\":{\"id\":\"m\",\"providerID\":\"p\"},\"share\":{"
				   "\"url\":\"https://s\"},\"revert\":{},\"cost\":1.5,"
				   "\"tokens\":{\"input\":1,\"output\":20,\"reasoning\":300,"
				   "\"cache\":{\"read\":4000,\"write\":50000}},"
				   "\"time\":{\"created\":11,\"updated\":22,\"archived\":33}},"
				   "{\"id\":\"ses_2\",\"time\":{\"created\":11}},{\"id\":\"a/"
				   "b\"},{\"id\":\".x\"},{\"id\":\"-x\"},7,{\"id\":\"ses_3\"}]";
	struct oc_sessions list;
	struct err err;
	assert_true(oc_parse_sessions(text, strlen(text), &list, &err));
	assert_int_equal(list.n, 3);
	const struct oc_session *s = &list.v[0];
	assert_string_equal(s->id, "ses_1");
	assert_string_equal(s->parent, "ses_0");
	assert_string_equal(s->directory, "/srv/a");
	assert_string_equal(s->title, "T");
	assert_string_equal(s->agent, "build");
	assert_string_equal(s->model, "m");
	assert_string_equal(s->provider, "p");
	assert_string_equal(s->share, "https://s");
	assert_true(s->reverted);
	assert_int_equal((int)(s->cost * 10), 15);
	assert_int_equal(s->tokens, 54321);
	assert_int_equal(s->created_ms, 11);
	assert_int_equal(s->updated_ms, 22);
	assert_int_equal(s->archived_ms, 33);
	s = &list.v[1];
	assert_int_equal(s->updated_ms, 11);
	assert_int_equal(s->archived_ms, 0);
	assert_int_equal((int)s->cost, -1);
	assert_int_equal(s->tokens, -1);
	assert_false(s->reverted);
	assert_int_equal(list.v[2].created_ms, 0);
	oc_sessions_free(&list);
	/* one object */
	assert_true(oc_parse_sessions("{\"id\":\"ses_9\"}", 14, &list, &err));
	assert_int_equal(list.n, 1);
	oc_sessions_free(&list);
	assert_false(oc_parse_sessions("7", 1, &list, &err));
	assert_non_null(strstr(err.text, "not a list of sessions"));
	assert_false(oc_parse_sessions("", 0, &list, &err));
	assert_non_null(strstr(err.text, "(empty)"));
}

static void test_as_many_sessions_as_are_believed(void **state)
{
	struct buf b = { 0 };
	struct oc_sessions list;
	struct err err;
	for (int i = 0; i < OC_SESSIONS_MAX + 5; i++)
		buf_addf(&b, "%c{\"id\":\"s%d\"}", i ? ',' : '[', i);
	buf_puts(&b, "]");
	assert_true(oc_parse_sessions(b.data, b.len, &list, &err));
	assert_int_equal(list.n, OC_SESSIONS_MAX);
	oc_sessions_free(&list);
	buf_finish(&b);
}

static void test_ids_stand_in_order(void **state)
{
	static const struct {
		const char *a, *b;
		int order;
	} all[] = {
		{ "msg_000000000001x", "msg_000000000002x", -1 },
		{ "msg_000000000002x", "msg_000000000001x", 1 },
		{ "msg_000000000001a", "msg_000000000001b", -1 },
		{ "msg_ffffffffffffx", "msg_000000000001x", -1 },
		{ "msg_000000000001x", "msg_ffffffffffffx", 1 },
		{ "msg_7fffffffffffx", "msg_000000000000x", 1 },
		{ "msg_800000000000x", "msg_000000000000x", -1 },
		{ "msg_1", "msg_2", -1 },
		{ "x", "x", 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		int order = oc_id_order(all[i].a, all[i].b);
		assert_int_equal((order > 0) - (order < 0), all[i].order);
	}
}

static void event(const char *type, const char *properties, struct oc_event *e)
{
	char text[2048];
	int n = snprintf(text, sizeof(text),
	                 "{\"directory\":\"/"
	                 "srv\",\"payload\":{\"id\":\"evt_1\",\"type\":\"%s\",\"properties\":%s}}",
	                 type, properties);
	assert_true(oc_parse_event(text, (size_t)n, e));
}

static void test_every_type_of_event(void **state)
{
	static const struct {
		const char *type;
		enum oc_event_type is;
		const char *properties;
	} all[] = {
		{ "server.connected", OC_CONNECTED, "{}" },
		{ "server.heartbeat", OC_HEARTBEAT, "{}" },
		{ "session.updated", OC_SESSION_UPDATED, "{\"info\":{\"id\":\"ses_1\"}}" },
		{ "session.created", OC_SESSION_UPDATED, "{\"info\":{\"id\":\"ses_1\"}}" },
		{ "session.deleted", OC_SESSION_DELETED, "{\"info\":{\"id\":\"ses_1\"}}" },
		{ "session.status", OC_STATUS,
		  "{\"sessionID\":\"ses_1\",\"status\":{\"type\":\"busy\"}}" },
		{ "session.idle", OC_IDLE, "{\"sessionID\":\"ses_1\"}" },
		{ "session.error", OC_ERROR, "{\"sessionID\":\"ses_1\"}" },
		{ "session.compacted", OC_COMPACTED, "{\"sessionID\":\"ses_1\"}" },
		{ "message.updated", OC_MESSAGE,
		  "{\"info\":{\"id\":\"msg_1\",\"sessionID\":\"ses_1\",\"role\":\"user\"}}" },
		{ "message.removed", OC_MESSAGE_REMOVED, "{\"sessionID\":\"ses_1\"}" },
		{ "message.part.updated", OC_PART,
		  "{\"part\":{\"id\":\"prt_1\",\"sessionID\":\"ses_1\",\"type\":\"text\",\"text\":"
		  "\"x\"}}" },
		{ "message.part.delta", OC_DELTA,
		  "{\"sessionID\":\"ses_1\",\"partID\":\"prt_1\",\"messageID\":\"msg_1\",\"delta\":"
		  "\"d\"}" },
		{ "permission.asked", OC_ASKED,
		  "{\"id\":\"per_1\",\"sessionID\":\"ses_1\",\"permission\":\"bash\",\"patterns\":["
		  "\"x\"]}" },
		{ "permission.replied", OC_REPLIED,
		  "{\"sessionID\":\"ses_1\",\"requestID\":\"per_1\"}" },
		{ "permission.replied", OC_REPLIED,
		  "{\"sessionID\":\"ses_1\",\"permissionID\":\"per_1\"}" },
		{ "server.instance.disposed", OC_DISPOSED, "{\"directory\":\"/other\"}" },
		{ "todo.updated", OC_TODO, "{\"sessionID\":\"ses_1\"}" },
		{ "session.diff", OC_DIFF, "{\"sessionID\":\"ses_1\"}" },
		{ "something.else", OC_OTHER, "{}" },
		{ "session.status", OC_OTHER, "{\"sessionID\":\"ses_1\",\"status\":7}" },
		{ "message.updated", OC_OTHER, "{\"info\":7}" },
		{ "permission.asked", OC_OTHER, "{}" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct oc_event e;
		event(all[i].type, all[i].properties, &e);
		if (e.type != all[i].is)
			fail_msg("%s %s is %d, not %d", all[i].type, all[i].properties, (int)e.type,
			         (int)all[i].is);
		assert_string_equal(e.id, "evt_1");
		assert_string_equal(e.directory, e.type == OC_DISPOSED ? "/other" : "/srv");
		if (e.type == OC_REPLIED)
			assert_string_equal(e.request, "per_1");
		if (e.type == OC_DELTA) {
			assert_string_equal(e.part_id, "prt_1");
			assert_string_equal(e.message_id, "msg_1");
			assert_string_equal(e.text, "d");
		}
		if (e.type == OC_PART) {
			assert_string_equal(e.part_type, "text");
			assert_string_equal(e.text, "x");
			assert_string_equal(e.part_id, "prt_1");
		}
		if (e.type == OC_ASKED)
			assert_non_null(e.asked);
		bool speaks = strstr(all[i].properties, "ses_1") && e.type != OC_OTHER;
		if (speaks)
			assert_string_equal(e.session, "ses_1");
		oc_event_free(&e);
	}
	struct oc_event e;
	assert_false(oc_parse_event("[]", 2, &e));
	assert_false(oc_parse_event("", 0, &e));
}

static void test_every_member_of_the_rest(void **state)
{
	char version[32], words[64];
	struct buf out = { 0 };
	assert_true(oc_parse_health("{\"version\":\"1.2\"}", 17, version, sizeof(version)));
	assert_string_equal(version, "1.2");
	assert_false(oc_parse_health("{}", 2, version, sizeof(version)));
	assert_string_equal(version, "");
	static const char models[] = "{\"providers\":[{\"id\":\"p\",\"key\":\"k\",\"models\":{"
				     "\"a\":{\"limit\":{\"context\":200}},\"b\":{}}},"
				     "{\"models\":{\"c\":{}}},{\"id\":\"q\"}]}";
	assert_true(oc_reduce_models(models, strlen(models), &out));
	assert_string_equal(out.data, "p/a\t200\np/b\t0\n");
	buf_clear(&out);
	assert_false(oc_reduce_models("{}", 2, &out));
	static const char names[] =
		"[{\"name\":\"a\"},{\"name\":\"b\",\"mode\":\"subagent\"},{\"name\":\"c\","
		"\"hidden\":true},"
		"{\"name\":\"d\",\"mode\":\"all\"},{},{\"name\":\"e\",\"hidden\":false}]";
	assert_true(oc_reduce_names(names, strlen(names), &out));
	assert_string_equal(out.data, "a\nd\ne\n");
	buf_clear(&out);
	assert_false(oc_reduce_names("{}", 2, &out));
	static const char projects[] =
		"[{\"id\":\"global\",\"worktree\":\"/x\"},{\"id\":\"a\",\"worktree\":\"/"
		"srv\"},{\"id\":\"b\"},"
		"{\"worktree\":\"/c\"},{\"worktree\":\"a\\nb\"},{\"id\":\"global\"}]";
	assert_true(oc_parse_projects(projects, strlen(projects), &out));
	assert_string_equal(out.data, "/\n/srv\n/c\n/\n");
	buf_clear(&out);
	assert_false(oc_parse_projects("{}", 2, &out));
	static const struct {
		const char *body, *words;
	} all[] = {
		{ "{\"data\":{\"message\":\"one\"},\"message\":\"two\"}", "one" },
		{ "{\"message\":\"two\",\"name\":\"four\"}", "two" },
		{ "{\"error\":[{\"message\":\"three\"}],\"name\":\"four\"}", "three" },
		{ "{\"name\":\"four\"}", "four" },
		{ "{}", "{}" },
		{ "<html>", "a web page" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_string_equal(api_words(words, sizeof(words), all[i].body,
		                              strlen(all[i].body)),
		                    all[i].words);
	buf_finish(&out);
}

static void test_every_member_of_requests(void **state)
{
	static const char text[] =
		"[{\"id\":\"per_1\",\"sessionID\":\"ses_1\",\"permission\":\"bash\",\"patterns\":["
		"\"a\",\"b\"],"
		"\"metadata\":{\"command\":\"c\"},\"always\":[\"c "
		"*\"]},{},{\"id\":\"per_2\",\"sessionID\":\"ses_1\",\"permission\":\"edit\"},7,"
		"{\"id\":\"que_1\",\"sessionID\":\"ses_1\",\"questions\":[{\"question\":\"Which?\","
		"\"header\":\"H\","
		"\"options\":[{\"label\":\"x\",\"description\":\"X\"},{\"label\":\"y\"}]}]}]";
	struct request *list;
	struct err err;
	assert_true(oc_parse_requests(text, strlen(text), false, &list, &err));
	assert_string_equal(list->id, "per_1");
	assert_string_equal(list->next->id, "per_2");
	assert_null(list->next->next);
	for (struct request *next; list; list = next) {
		next = list->next;
		request_free(list);
	}
	assert_true(oc_parse_requests(text, strlen(text), true, &list, &err));
	assert_string_equal(list->id, "que_1");
	assert_null(list->next);
	request_free(list);
	assert_false(oc_parse_requests("{}", 2, false, &list, &err));
	assert_null(list);
}

static void test_the_head_of_a_diff(void **state)
{
	static const struct {
		const char *diff, *shown;
	} all[] = {
		{ "Index: /a\\n===\\n--- /a\\n+++ /a\\n+x", "--- /a\n+++ /a\n+x" },
		{ "--- /a\\n+++ /a", "--- /a\n+++ /a" },
		/* not such a head: all of it is shown */
		{ "Index: /a\\n===\\n+x", "Index: /a\n===\n+x" },
		{ "Index: /a\\n--- /a", "Index: /a\n--- /a" },
		{ "Index: /a", "Index: /a" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct request *r;
		struct err err;
		char *text = xasprintf("[{\"id\":\"per_1\",\"sessionID\":\"ses_1\","
		                       "\"permission\":\"edit\",\"metadata\":{\"diff\":\"%s\"}}]",
		                       all[i].diff);
		assert_true(oc_parse_requests(text, strlen(text), false, &r, &err));
		assert_string_equal(r->diff, all[i].shown);
		request_free(r);
		free(text);
	}
}

/* --- figures of containers ----------------------------------------------- */

#define CPU(total, system, online)                                             \
	"{\"cpu_usage\":{\"total_usage\":" total ",\"percpu_usage\":[1,2,3]}," \
	"\"system_cpu_usage\":" system ",\"online_cpus\":" online "}"
#define AT "\"read\":\"1970-01-01T00:00:01Z\","

static void test_every_member_of_figures(void **state)
{
	static const struct {
		const char *json;
		double mem, limit, rx, tx;
		int cpus;
		bool valid;
		double cpu;
	} all[] = {
		{ "{" AT "\"cpu_stats\":" CPU("300", "2000", "2") ",\"precpu_stats\":" CPU(
			  "100", "1000", "2") ",\"memory_stats\":{\"usage\":1000,\"limit\":4000,"
		                              "\"stats\":{\"inactive_file\":300,\"cache\":1}}"
		                              ",\"networks\":{\"a\":{\"rx_bytes\":1,\"tx_bytes\":"
		                              "20},\"b\":{\"rx_bytes\":2,\"tx_bytes\":30}}}",
		  700, 4000, 3, 50, 2, true, 40 },
		{ "{" AT "\"cpu_stats\":" CPU("300", "2000", "0") ",\"precpu_stats\":" CPU(
			  "100", "1000", "0") ",\"memory_stats\":{\"usage\":1000,\"stats\":{"
		                              "\"total_inactive_file\":1000,\"inactive_file\":1}}}",
		  1000, -1, -1, -1, 3, true, 60 },
		{ "{" AT "\"memory_stats\":{\"usage\":1,\"limit\":1},\"networks\":{\"a\":{}}}", 1,
		  1, 0, 0, 0, true, -1 },
		{ "{" AT "\"memory_stats\":{\"usage\":0,\"limit\":0}}", -1, -1, -1, -1, 0, false,
		  -1 },
		{ "{" AT "\"memory_stats\":{\"stats\":{\"cache\":1}}}", -1, -1, -1, -1, 0, false,
		  -1 },
		{ "{\"memory_stats\":{\"usage\":5}}", 5, -1, -1, -1, 0, false, -1 },
		{ "{}", -1, -1, -1, -1, 0, false, -1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct ctr_sample s;
		assert_true(ctr_sample_parse(&s, all[i].json, strlen(all[i].json)));
		if (s.mem != all[i].mem || s.mem_limit != all[i].limit || s.rx != all[i].rx ||
		    s.tx != all[i].tx || s.cpus != all[i].cpus || s.valid != all[i].valid ||
		    (int)ctr_sample_cpu(&s, NULL) != (int)all[i].cpu)
			fail_msg("%s: %f of %f, %f %f, %d, %d, %f", all[i].json, s.mem, s.mem_limit,
			         s.rx, s.tx, (int)s.cpus, s.valid, ctr_sample_cpu(&s, NULL));
	}
	struct ctr_sample s;
	assert_false(ctr_sample_parse(&s, "[]", 2));
	assert_false(ctr_sample_parse(&s, "", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_column_of_wg),
		cmocka_unit_test(test_every_word_of_a_dns_record),
		cmocka_unit_test(test_every_member_of_a_session),
		cmocka_unit_test(test_as_many_sessions_as_are_believed),
		cmocka_unit_test(test_ids_stand_in_order),
		cmocka_unit_test(test_every_type_of_event),
		cmocka_unit_test(test_every_member_of_the_rest),
		cmocka_unit_test(test_every_member_of_requests),
		cmocka_unit_test(test_the_head_of_a_diff),
		cmocka_unit_test(test_every_member_of_figures),
	};
	return cmocka_run_group_tests_name("parsers", tests, NULL, NULL);
}
