/* What had no test near by: the command lines of tails, stamps without a year, limits of lists of
 * VPN peers, which rows a target takes. */
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
#include "backends/logs/stamp.h"
#include "backends/logs/tail_command.h"
#include "backends/sessions/oc_parse.h"
#include "backends/systems/alerts_parse.h"
#include "backends/vpn/parse.h"
#include "tests/unit/expected.h"

/* --- command lines -------------------------------------------------------- */

static void say_command(struct buf *out, const char *what, char *command)
{
	buf_addf(out, "%s: %s\n", what, command ? command : "NULL");
	free(command);
}

static void test_commands_of_tails(void **state)
{
	static const char *const one[] = { "/var/log/a b" }, *const two[] = { "a.service",
		                                                              "b.timer" };
	static const struct tail_query queries[] = {
		{ .what = TAIL_UNIT, .names = two, .n_names = 2, .lines = 5, .cursor = "" },
		{ .what = TAIL_UNIT,
		  .names = two,
		  .n_names = 1,
		  .lines = 5,
		  .user = true,
		  .cursor = "" },
		{ .what = TAIL_UNIT, .names = two, .n_names = 2, .lines = 5, .cursor = "s=1;i=2" },
		{ .what = TAIL_JOURNAL, .names = two, .n_names = 2, .lines = 7, .cursor = "" },
		{ .what = TAIL_JOURNAL, .lines = 7, .cursor = "", .since_us = 1700000000000007 },
		{ .what = TAIL_JOURNAL, .lines = 7, .cursor = "", .since_us = 1999999 },
		{ .what = TAIL_JOURNAL, .lines = 7, .cursor = "", .first = "f" },
		{ .what = TAIL_JOURNAL, .lines = 7, .cursor = "", .first = "" },
		{ .what = TAIL_JOURNAL, .lines = 7, .cursor = "", .reach_us = 1, .first = "f" },
		{ .what = TAIL_JOURNAL, .lines = 7, .cursor = "", .before_us = 2500000 },
		{ .what = TAIL_JOURNAL,
		  .lines = 7,
		  .cursor = "",
		  .reach_us = 1,
		  .before_us = 2500000 },
		{ .what = TAIL_KERNEL, .lines = 1, .cursor = "" },
		{ .what = TAIL_FILE,
		  .names = one,
		  .n_names = 1,
		  .lines = 9,
		  .cursor = "",
		  .mark = "/./" },
		{ .what = TAIL_FILE,
		  .names = one,
		  .n_names = 1,
		  .lines = 9,
		  .cursor = "",
		  .inode = 4,
		  .offset = 1 },
	};
	static const uint64_t marks[] = { 0, 1, 2, 5, UINT64_C(1) << 63, UINT64_MAX };
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		say_command(&out, "follow", tail_follow_command(&queries[i]));
		say_command(&out, "older", tail_older_command(&queries[i]));
		say_command(&out, "previous", tail_previous_command(&queries[i]));
	}
	say_command(&out, "inode", tail_inode_command("/a b"));
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		char mark[TAIL_MARK_SIZE];
		tail_mark(mark, marks[i]);
		buf_addf(&out, "%zu %s\n", strlen(mark), mark);
	}
	/* as many names as there is room for, and one more */
	for (size_t n = TAIL_NAMES_MAX - 1; n <= TAIL_NAMES_MAX + 1; n++) {
		const char *names[TAIL_NAMES_MAX + 1];
		for (size_t i = 0; i < n; i++)
			names[i] = "u";
		struct tail_query q = { .what = TAIL_UNIT, .names = names, .n_names = n };
		char *command = tail_previous_command(&q);
		buf_addf(&out, "%zu names: %zu\n", n, strlen(command));
		free(command);
	}
	expected_check(&out, "tests/unit/answers/tails.txt");
	buf_finish(&out);
}

/* --- stamps without a year ------------------------------------------------ */

/* A day of the last year, or of this one up to a day ahead. */
static void test_stamps_without_a_year(void **state)
{
	static const int hours[] = { -360 * 24, -300 * 24, -40 * 24, -3,      0,       3,
		                     20,        30,        49,       60 * 24, 364 * 24 };
	time_t now = time(NULL);
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_LEN(hours); i++)
		for (int pad = 0; pad < 2; pad++) {
			time_t at = now + hours[i] * 3600;
			struct tm tm;
			char line[60];
			gmtime_r(&at, &tm);
			if (tm.tm_mon == 1 && tm.tm_mday == 29)
				continue;
			/* a program pads the day with a blank or with 0 */
			strftime(line, sizeof(line),
			         pad ? "%b %d %H:%M:%S host x" : "%b %e %H:%M:%S x", &tm);
			time_t wanted = at;
			tm.tm_year--;
			if (at > now + 86400)
				wanted = timegm(&tm);
			struct zone utc = { .known = true };
			assert_int_equal(stamp_find(line, strlen(line), utc),
			                 wanted * INT64_C(1000000));
			assert_int_equal(stamp_find(line, strlen(line), zone_parse("+0100")),
			                 (wanted - 3600) * INT64_C(1000000));
			assert_int_equal(stamp_len(line, strlen(line)), 16);
		}
	static const char *const bad[] = {
		"Nov 31x00:00:00 x", "Nov 32 00:00:00 x", "Nov  0 00:00:00 x", "Nov 01 24:00:00 x",
		"Nov 01 00:60:00 x", "Nov 01 00:00:61 x", "Nov 01 00-00:00 x", "Nov 01 00:00-00 x",
		"Nox 01 00:00:00 x", "Nov-01 00:00:00 x", "Nov 01 00:00:0",    "Nov  1-00:00:00 x",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(stamp_find(bad[i], strlen(bad[i]), (struct zone){ 0 }), 0);
		assert_int_equal(stamp_len(bad[i], strlen(bad[i])), 0);
	}
	/* said: within the unit */
	static const char line[] = "2026-11-21T06:40:08.5Z text";
	static const int64_t at_us = 1795243208500000;
	assert_int_equal(stamp_said(line, strlen(line), at_us, 1000000), 23);
	assert_int_equal(stamp_said(line, strlen(line), at_us + 499999, 1000000), 23);
	assert_int_equal(stamp_said(line, strlen(line), at_us + 500000, 1000000), 0);
	assert_int_equal(stamp_said(line, strlen(line), at_us - 500000, 1000000), 23);
	assert_int_equal(stamp_said(line, strlen(line), at_us - 500001, 1000000), 0);
	assert_int_equal(stamp_said("text", 4, at_us, 1000000), 0);
}

/* A server to the east has New Year first; one whose clock is behind has it last. */
static void test_stamps_at_new_year(void **state)
{
	static const struct {
		int64_t now_s;
		const char *line, *zone;
		int64_t wanted_s;
	} all[] = {
		/* 2026-12-31 15:30 UTC */
		{ 1798731000, "Jan  1 00:30:00 x", "+0900", 1798731000 },
		{ 1798731000, "Jan  1 15:30:00 x", "+0000", 1798731000 + 86400 },
		{ 1798731000, "Jan  1 15:30:01 x", "+0000", 1767281401 },
		{ 1798731000, "Dec 31 15:30:00 x", "+0000", 1798731000 },
		{ 1798731000, "Dec 30 15:30:00 x", "+0000", 1798731000 - 86400 },
		/* 2027-01-01 00:10 UTC */
		{ 1798762200, "Dec 31 23:59:59 x", "+0000", 1798761599 },
		{ 1798762200, "Dec 31 16:10:00 x", "-0800", 1798762200 },
		{ 1798762200, "Jan  1 00:09:00 x", "+0000", 1798762140 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		now_wall_set(all[i].now_s * 1000 + 300);
		assert_int_equal(stamp_find(all[i].line, strlen(all[i].line),
		                            zone_parse(all[i].zone)),
		                 all[i].wanted_s * 1000000);
	}
	now_wall_set(0);
}

/* --- lists of the VPN ----------------------------------------------------- */

#define PEERS_MOST 10000

static void test_lists_of_peers_have_a_limit(void **state)
{
	(void)state;
	for (size_t n = PEERS_MOST - 1; n <= PEERS_MOST + 2; n++) {
		struct buf text;
		struct vpn_list l;
		struct hs_users users;
		struct err err = { 0 };
		buf_init(&text, 4 << 20);
		for (size_t i = 0; i < n; i++)
			buf_puts(&text, i ? ",{\"id\":\"1\"}" : "[{\"id\":\"1\"}");
		buf_puts(&text, "]");
		size_t kept = n < PEERS_MOST ? n : PEERS_MOST;
		assert_true(hs_nodes_parse(&l, text.data, text.len, &err));
		assert_int_equal(l.n, kept);
		assert_int_equal(l.left_out, n - kept);
		vpn_list_finish(&l);
		assert_true(hs_users_parse(&users, text.data, text.len, &err));
		assert_int_equal(users.n, kept);
		free(users.at);
		buf_finish(&text);
	}
}

static void test_words_of_a_pong(void **state)
{
	static const struct {
		const char *text;
		bool good;
		double ms;
		const char *path;
	} all[] = {
		{ "pong from pi (1.2.3.4) via DERP(fra) in 999999ms", true, 999999, "DERP(fra)" },
		{ "pong from pi (1.2.3.4) via DERP(fra) in 1000000ms", false, 0, "" },
		{ "pong from pi (1.2.3.4) via DERP(fra) in 0ms", true, 0, "DERP(fra)" },
		{ "pong from pi (1.2.3.4) via DERP(fra) in -1ms", false, 0, "" },
		{ "pong from pi (1.2.3.4) via DERP(fra) in 3s", true, 3000, "DERP(fra)" },
		{ "pong from pi (1.2.3.4) via DERP(fra) in ms", false, 0, "" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct ts_pong pong = { 0 };
		assert_int_equal(ts_pong_words(&pong, all[i].text), all[i].good);
		if (!all[i].good)
			continue;
		assert_true(pong.ms == all[i].ms);
		assert_non_null(strstr(all[i].path, "DERP"));
	}
}

/* Counters that no machine has are not known. */
static void test_counters_of_wireguard(void **state)
{
	static const struct {
		const char *text;
		int64_t wanted;
	} all[] = { { "0", 0 },
		    { "9000000000000000", 9000000000000000 },
		    { "9000000000000001", -1 },
		    { "99999999999999999999", -1 },
		    { "-1", -1 },
		    { "x", -1 },
		    { "", -1 } };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct vpn_list l;
		struct err err = { 0 };
		char *text =
			xasprintf("clock 1700000000\nwg0\t-\tME\t51820\toff\nwg0\tPEER\t(none)\t"
		                  "(none)\t10.8.0.2/32\t0\t%s\t7\toff\n",
		                  all[i].text);
		assert_true(wg_dump_parse(&l, text, strlen(text), 1700000000000, &err));
		assert_int_equal(l.n, 2);
		assert_int_equal(l.peers[1].rx, all[i].wanted);
		assert_int_equal(l.peers[1].tx, 7);
		vpn_list_finish(&l);
		free(text);
	}
}

static void test_silences_are_a_list(void **state)
{
	static struct silence list[SILENCES_MAX];
	struct err err = { 0 };
	size_t n = 7;
	(void)state;
	assert_false(silences_parse("{}", 2, "Prometheus", list, &n, &err));
	assert_string_equal(err.text, "the answer is not a list of silences");
	assert_int_equal(n, 0);
	err_clear(&err);
	assert_true(silences_parse("[]", 2, "Prometheus", list, &n, &err));
	assert_string_equal(err.text, "");
}

/* The id of a new silence is kept up to 63 bytes. */
static void test_ids_of_silences(void **state)
{
	(void)state;
	for (int len = 60; len < 64; len++) {
		char id[64], want[65] = "";
		memset(want, 'a', (size_t)len);
		char *text = xasprintf("{\"silenceID\":\"%s\"}", want);
		assert_true(silence_id_parse(text, strlen(text), id));
		assert_string_equal(id, want);
		free(text);
	}
}

/* What OpenCode itself adds to a conversation is not its last message. */
static void test_last_message_is_of_people_or_models(void **state)
{
	static const char *const roles[] = { "shell", "synthetic", "compaction" };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
		struct oc_message m;
		struct err err = { 0 };
		char *text =
			xasprintf("[{\"info\":{\"id\":\"msg_1\",\"role\":\"user\"}},{\"info\":{"
		                  "\"id\":\"msg_2\",\"role\":\"%s\"}}]",
		                  roles[i]);
		assert_true(oc_parse_last(text, strlen(text), &m, &err));
		assert_string_equal(m.id, "msg_1");
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands_of_tails),
		cmocka_unit_test(test_stamps_without_a_year),
		cmocka_unit_test(test_stamps_at_new_year),
		cmocka_unit_test(test_lists_of_peers_have_a_limit),
		cmocka_unit_test(test_words_of_a_pong),
		cmocka_unit_test(test_counters_of_wireguard),
		cmocka_unit_test(test_silences_are_a_list),
		cmocka_unit_test(test_ids_of_silences),
		cmocka_unit_test(test_last_message_is_of_people_or_models),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
