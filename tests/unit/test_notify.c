/* What is told when: the teller with a clock of our own, the words, the bytes for a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/notify/hours.h"
#include "backends/notify/teller.h"
#include "backends/notify/terminal.h"

#define WALL INT64_C(1764500000000)
#define HOLD 10000
#define MONTH (30 * INT64_C(86400000))

/* --- the teller ---------------------------------------------------------- */

static struct teller *teller;
static int64_t now; /* its clock */
static bool nothing_is_known;

static bool is_well(const char *id, enum health announced, void *arg)
{
	(void)id;
	(void)announced;
	(void)arg;
	return !nothing_is_known;
}

static int teller_up(void **state)
{
	(void)state;
	now = 1000;
	nothing_is_known = false;
	teller = teller_create(&(struct teller_rules){ .hold_ms = HOLD, .resolved = true });
	return 0;
}

static int teller_down(void **state)
{
	(void)state;
	teller_destroy(teller);
	return 0;
}

struct seen {
	const char *id;
	enum health health;
	const char *why;
	bool frozen, quiet, held;
};

static enum teller_place look_place(const struct seen *seen)
{
	if (seen->held)
		return TELLER_HELD;
	return seen->quiet ? TELLER_QUIET : TELLER_STANDS;
}

static void look(int64_t at, const struct seen *list)
{
	now = at;
	teller_begin(teller, now);
	for (; list->id; list++)
		teller_see(teller,
		           &(struct notify_need){ .id = list->id,
		                           .server = "sese",
		                           .kind = "container",
		                           .name = strrchr(list->id, '/') + 1,
		                           .why = list->why,
		                           .health = list->health,
		                           .since_ms = WALL },
		           list->frozen, look_place(list));
	teller_end(teller, is_well, NULL);
}

#define LOOK(at, ...) look(at, (const struct seen[]){ __VA_ARGS__, ROW(NULL, 0, NULL) })
#define NOTHING(at) look(at, (const struct seen[]){ ROW(NULL, 0, NULL) })
#define ROW(row_id, is, because, ...) { .id = row_id, .health = is, .why = because, __VA_ARGS__ }
#define A(...) ROW("sese/container/a", HEALTH_BAD, "exited 1", __VA_ARGS__)

/* The title of the next message at this time; "" none. */
static const char *next_title(int64_t at)
{
	static char title[256];
	now = at;
	struct message *m = teller_take(teller, now, WALL + now, false);
	snprintf(title, sizeof(title), "%s", m ? m->word[WORD_TITLE] : "");
	message_free(m);
	return title;
}

static void test_holds_then_once(void **state)
{
	(void)state;
	LOOK(1000, A());
	assert_string_equal(next_title(1000), "");
	assert_int_equal(teller_wait_ms(teller, 1000, false), HOLD);
	assert_string_equal(next_title(1000 + HOLD - 1), "");
	assert_string_equal(next_title(1000 + HOLD), "sese: container a failed");
	assert_string_equal(next_title(1000 + HOLD), "");
	LOOK(50000, A());
	assert_string_equal(next_title(900000), "");
	assert_int_equal(teller_wait_ms(teller, 900000, false), -1);
}

static void test_short_is_not_told(void **state)
{
	(void)state;
	LOOK(1000, A());
	NOTHING(1000 + HOLD - 1);
	assert_string_equal(next_title(90000), "");
}

static void test_resolved_holds_too(void **state)
{
	(void)state;
	LOOK(1000, A());
	assert_string_equal(next_title(11000), "sese: container a failed");
	NOTHING(20000);
	assert_string_equal(next_title(29999), "");
	assert_string_equal(next_title(30000), "sese: container a is well again");
	assert_string_equal(next_title(90000), "");
	LOOK(91000, A()); /* it is told again when it comes again */
	assert_string_equal(next_title(101000), "sese: container a failed");
}

static void test_comes_back_within_its_time(void **state)
{
	(void)state;
	LOOK(1000, A());
	assert_string_equal(next_title(11000), "sese: container a failed");
	for (int64_t at = 20000; at < 200000; at += 10000) {
		NOTHING(at);
		assert_string_equal(next_title(at + 5000), "");
		LOOK(at + 5000, A());
		assert_string_equal(next_title(at + 5000), "");
	}
}

/* What comes and goes faster than its time is told all the same, once, and its end waits longer. */
static void test_flapping(void **state)
{
	(void)state;
	for (int i = 0; i < FLAPS_ANNOUNCED - 1; i++) {
		LOOK(1000 + 4000 * i, A());
		assert_string_equal(next_title(1000 + 4000 * i), "");
		NOTHING(3000 + 4000 * i);
		assert_string_equal(next_title(3000 + 4000 * i), "");
	}
	LOOK(20000, A());
	struct message *m = teller_take(teller, 20000, WALL, false);
	assert_non_null(m);
	assert_non_null(strstr(m->word[WORD_TEXT], "4 times lately"));
	message_free(m);
	NOTHING(21000);
	assert_string_equal(next_title(21000 + 4 * HOLD), "");
	assert_string_equal(next_title(21000 + 8 * HOLD), "sese: container a is well again");
}

static void test_worse_is_news(void **state)
{
	(void)state;
	LOOK(1000, ROW("sese/container/a", HEALTH_ATTENTION, "unhealthy 91 %"));
	assert_string_equal(next_title(11000), "sese: container a needs attention");
	LOOK(12000, ROW("sese/container/a", HEALTH_ATTENTION, "unhealthy 92 %"));
	assert_string_equal(next_title(60000), "");
	LOOK(60000, A());
	assert_string_equal(next_title(70000), "sese: container a failed");
	LOOK(71000, ROW("sese/container/a", HEALTH_ATTENTION, "unhealthy"));
	assert_string_equal(next_title(100000), "");
}

static void test_another_question_is_news(void **state)
{
	(void)state;
	LOOK(1000, ROW("sese/session/a", HEALTH_ASKS, "permission: rm"));
	assert_string_equal(next_title(11000), "sese: container a asks you");
	LOOK(12000, ROW("sese/session/a", HEALTH_ASKS, "permission: rm"));
	assert_string_equal(next_title(30000), "");
	LOOK(30000, ROW("sese/session/a", HEALTH_ASKS, "question: which?"));
	assert_string_equal(next_title(40000), "sese: container a asks you");
}

static void storm(int64_t at, int n)
{
	struct seen list[201] = { 0 };
	char ids[200][32];
	for (int i = 0; i < n; i++) {
		snprintf(ids[i], sizeof(ids[i]), "sese/container/c%03d", i);
		list[i] = (struct seen)ROW(ids[i], HEALTH_BAD, "exited 137");
	}
	look(at, list);
}

static void test_many_are_one(void **state)
{
	(void)state;
	storm(1000, 200);
	struct message *m = teller_take(teller, 11000, WALL, false);
	assert_string_equal(m->word[WORD_TITLE], "sese: 200 containers need you");
	assert_non_null(strstr(m->word[WORD_TEXT], "sese: container c000: exited 137"));
	assert_non_null(strstr(m->word[WORD_TEXT], "and 188 more"));
	assert_string_equal(m->word[WORD_COUNT], "200");
	message_free(m);
	assert_string_equal(next_title(20000), "");
	NOTHING(30000);
	assert_string_equal(next_title(40000), "sese: 200 containers are well again");
	assert_string_equal(next_title(99000), "");
}

/* They come one after the other within two seconds: one message still, and no later than that. */
static void test_many_in_two_seconds(void **state)
{
	(void)state;
	for (int i = 1; i <= 20; i++) {
		storm(1000 + 90 * (i - 1), i);
		assert_string_equal(next_title(1000 + 90 * (i - 1)), "");
	}
	assert_string_equal(next_title(11000), "");
	assert_int_equal(teller_wait_ms(teller, 11000, false), 90 * 19);
	assert_string_equal(next_title(11000 + 90 * 19), "sese: 20 containers need you");
	assert_string_equal(next_title(20000), "");
}

/* A slow engine tells of 200 deaths in ten seconds: one message. One that never ends does not wait
 * for ever. */
static void test_many_that_go_on(void **state)
{
	(void)state;
	for (int i = 1; i <= 200; i++) {
		storm(1000 + 50 * (i - 1), i);
		assert_string_equal(next_title(1000 + 50 * (i - 1)), "");
	}
	for (int64_t at = 11000; at < 11000 + 50 * 199; at += 50)
		assert_string_equal(next_title(at), "");
	assert_string_equal(next_title(11000 + 50 * 199), "sese: 200 containers need you");
	assert_string_equal(next_title(60000), "");
}

/* The queue holds conditions back for a time, too: what it holds back belongs to the storm. */
static void test_held_back_by_the_queue(void **state)
{
	(void)state;
	teller_destroy(teller);
	teller = teller_create(&(struct teller_rules){ .hold_ms = 1000, .stands_ms = 3000 });
#define B(...) ROW("sese/container/b", HEALTH_BAD, "exited", __VA_ARGS__)
#define C(...) ROW("sese/container/c", HEALTH_BAD, "exited", __VA_ARGS__)
	LOOK(1000, A(.held = true));
	LOOK(2000, A(.held = true), B(.held = true));
	LOOK(2900, A(.held = true), B(.held = true), C(.held = true));
	assert_int_equal(teller_wait_ms(teller, 2900, false), -1);
	LOOK(4000, A(), B(.held = true), C(.held = true));
	assert_string_equal(next_title(4000), "");
	LOOK(5000, A(), B(), C(.held = true));
	assert_string_equal(next_title(5000), "");
	LOOK(5900, A(), B(), C());
	assert_string_equal(next_title(5900), "");
	assert_string_equal(next_title(7900), "sese: 3 containers need you");
	/* alone, what is held back makes nobody wait */
	LOOK(20000, ROW("sese/container/d", HEALTH_BAD, "exited", .held = true));
	LOOK(23000, ROW("sese/container/d", HEALTH_BAD, "exited"), B(.held = true));
	assert_string_equal(next_title(23000), "sese: container d failed");
#undef B
#undef C
}

/* A big storm may pause: as a busy engine does between two parts of what it has to tell. */
static void test_a_big_storm_pauses(void **state)
{
	(void)state;
	teller_destroy(teller);
	teller = teller_create(&(struct teller_rules){ .hold_ms = 3000, .stands_ms = 3000 });
	storm(1000, 43);
	assert_string_equal(next_title(4000), "");
	assert_int_equal(teller_wait_ms(teller, 4000, false), 2000);
	storm(5500, 49);
	assert_string_equal(next_title(6000), "");
	storm(10000, 200);
	assert_string_equal(next_title(13000), "");
	assert_string_equal(next_title(15000), "sese: 200 containers need you");
	assert_string_equal(next_title(60000), "");
}

/* Containers that are started again are well one after the other: one message, when the last one
 * is. */
static void test_a_storm_ends_slowly(void **state)
{
	(void)state;
	storm(1000, 20);
	assert_string_equal(next_title(11000), "sese: 20 containers need you");
	for (int i = 19; i >= 0; i--) {
		storm(20000 + 500 * (20 - i), i);
		assert_string_equal(next_title(20000 + 500 * (20 - i)), "");
	}
	assert_string_equal(next_title(39999), "");
	assert_string_equal(next_title(40000), "sese: 20 containers are well again");
	assert_string_equal(next_title(200000), "");
}

/* The rows of a message are those that it announced and that are still so. */
static size_t count_told(uint64_t number, const char *first)
{
	char **ids;
	size_t n = teller_told(teller, number, &ids);
	if (n)
		assert_string_equal(ids[0], first);
	for (size_t i = 0; i < n; i++)
		free(ids[i]);
	free(ids);
	return n;
}

static void test_rows_of_a_message(void **state)
{
	(void)state;
	storm(1000, 20);
	now = 11000;
	struct message *m = teller_take(teller, now, WALL + now, false);
	assert_int_equal(count_told(m->number, "sese/container/c000"), 20);
	assert_int_equal(count_told(m->number + 1, ""), 0);
	assert_int_equal(count_told(0, ""), 0);
	storm(20000, 2);
	assert_int_equal(count_told(m->number, "sese/container/c000"), 20); /* not over yet */
	now = 20000 + GATHER_MS + HOLD;
	message_free(teller_take(teller, now, WALL + now, false));
	assert_int_equal(count_told(m->number, "sese/container/c000"), 2);
	message_free(m);
}

/* One stays as it is: the others do not wait for it for ever. */
static void test_a_storm_ends_but_for_one(void **state)
{
	(void)state;
	storm(1000, 20);
	assert_string_equal(next_title(11000), "sese: 20 containers need you");
	storm(20000, 10);
	assert_string_equal(next_title(45000), "");
	storm(50000, 1);
	assert_string_equal(next_title(30000 + GATHER_MS - 1), "");
	assert_string_equal(next_title(30000 + GATHER_MS), "sese: 19 containers are well again");
	NOTHING(100000);
	assert_string_equal(next_title(109999), "");
	assert_string_equal(next_title(110000), "sese: container c000 is well again");
}

/* One of them comes and goes, and so must be away for long: the others do not wait for that. */
static void test_a_storm_ends_but_for_one_that_flaps(void **state)
{
	(void)state;
	storm(1000, 3);
	assert_string_equal(next_title(11000), "sese: 3 containers need you");
	for (int i = 0; i < 4; i++) {
		storm(20000 + 2000 * i, 2);
		storm(21000 + 2000 * i, 3);
	}
	NOTHING(30000);
	assert_string_equal(next_title(40000 + GATHER_MS - 1), "");
	assert_string_equal(next_title(40000 + GATHER_MS), "sese: container c000 is well again");
}

static void test_a_storm_without_end(void **state)
{
	(void)state;
	char first[80] = "";
	int64_t left_ms = 0;
	for (int i = 1; i <= 200 && !*first; i++) {
		left_ms = 1000 + 400 * (i - 1);
		storm(left_ms, i);
		snprintf(first, sizeof(first), "%s", next_title(left_ms));
	}
	assert_string_equal(first, "sese: 51 containers need you");
	assert_int_equal(left_ms, 1000 + HOLD + STORM_MOST_MS);
}

static void test_two_are_two(void **state)
{
	(void)state;
	storm(1000, 2);
	assert_string_equal(next_title(11000), "sese: container c000 failed");
	assert_string_equal(next_title(11000), "sese: container c001 failed");
	assert_string_equal(next_title(11000), "");
}

/* Without a time to hold nobody knows that more will come: two leave at once, the rest together. */
static void test_storm_without_hold(void **state)
{
	(void)state;
	teller_destroy(teller);
	teller = teller_create(&(struct teller_rules){ .resolved = true });
	storm(1000, 1);
	assert_string_equal(next_title(1000), "sese: container c000 failed");
	storm(1100, 2);
	assert_string_equal(next_title(1100), "sese: container c001 failed");
	for (int i = 3; i < 50; i++) {
		storm(1100 + i, i);
		assert_string_equal(next_title(1100 + i), "");
	}
	assert_int_equal(teller_wait_ms(teller, 2000, false), 1000);
	assert_string_equal(next_title(3000), "sese: 47 containers need you");
}

/* The server went: what it had is not news, and not over. */
static void test_frozen(void **state)
{
	(void)state;
	LOOK(1000, A());
	assert_string_equal(next_title(11000), "sese: container a failed");
	LOOK(12000, A(.frozen = true),
	     ROW("sese/container/b", HEALTH_BAD, "exited", .frozen = true));
	assert_string_equal(next_title(90000), "");
	nothing_is_known = true;
	NOTHING(90000);
	assert_string_equal(next_title(200000), "");
	nothing_is_known = false;
	LOOK(200000, A());
	assert_string_equal(next_title(300000), "");
	NOTHING(300000);
	assert_string_equal(next_title(310000), "sese: container a is well again");
}

/* Containers die while their machine goes down, then the link is lost: only the server is told. */
static void test_dies_before_its_server(void **state)
{
	(void)state;
	LOOK(1000, A());
	LOOK(4000, A(.frozen = true), ROW("sese/server/sese", HEALTH_BAD, "lost"));
	assert_string_equal(next_title(11000), "");
	LOOK(13000, A(.frozen = true), ROW("sese/server/sese", HEALTH_BAD, "lost"));
	assert_string_equal(next_title(14000), "sese: container sese failed");
	assert_string_equal(next_title(99000), "");
}

static void test_quiet_rows(void **state)
{
	(void)state;
	LOOK(1000, A(.quiet = true));
	assert_string_equal(next_title(90000), "");
	LOOK(90000, A());
	assert_string_equal(next_title(90000), "sese: container a failed");
}

static void test_quiet_hours(void **state)
{
	(void)state;
	storm(1000, 3);
	assert_null(teller_take(teller, 50000, WALL, true));
	assert_int_equal(teller_wait_ms(teller, 50000, true), -1);
	storm(60000, 2); /* one is over before anybody was told */
	assert_string_equal(next_title(70000), "sese: container c000 failed");
}

static void test_repeat(void **state)
{
	(void)state;
	teller_destroy(teller);
	teller = teller_create(
		&(struct teller_rules){ .hold_ms = HOLD, .repeat_ms = 60000, .resolved = false });
	LOOK(1000, A());
	assert_string_equal(next_title(11000), "sese: container a failed");
	assert_int_equal(teller_wait_ms(teller, 11000, false), 60000);
	assert_string_equal(next_title(70999), "");
	assert_string_equal(next_title(71000), "sese: container a has not recovered");
	LOOK(72000, A(.quiet = true)); /* acknowledged */
	assert_string_equal(next_title(200000), "");
	NOTHING(200000);
	assert_string_equal(next_title(300000), ""); /* resolved = no */
	LOOK(300000, A());
	assert_string_equal(next_title(310000), "sese: container a failed");
}

static void restart(void)
{
	void *kept = teller_write(teller, now, WALL + now, 0);
	teller_destroy(teller);
	teller = teller_create(&(struct teller_rules){ .hold_ms = HOLD, .resolved = true });
	now = 500;
	teller_read(teller, kept, now, WALL + 100000);
	cJSON_Delete(kept);
}

static bool kept_is(uint64_t unsent, const char *id)
{
	cJSON *kept = teller_write(teller, now, WALL + now, unsent);
	const cJSON *one = cJSON_GetArrayItem(kept, 0);
	const cJSON *has = cJSON_GetObjectItem(one, "id");
	bool same = id ? has && strcmp(has->valuestring, id) == 0 : !one;
	cJSON_Delete(kept);
	return same;
}

/* A message that was never sent told nothing. */
static void test_unsent(void **state)
{
	(void)state;
	LOOK(1000, A());
	struct message *m = teller_take(teller, 11000, WALL, false);
	uint64_t first = m->number;
	message_free(m);
	LOOK(12000, A(), ROW("sese/container/b", HEALTH_BAD, "exited"));
	m = teller_take(teller, 23000, WALL - 5000, false); /* the clock was set back */
	assert_true(m->number > first);
	assert_true(kept_is(0, "sese/container/a") || kept_is(0, "sese/container/b"));
	assert_true(kept_is(m->number, "sese/container/a"));
	assert_true(kept_is(first, NULL));
	teller_withdraw(teller, first, first, 24000);
	assert_true(kept_is(0, "sese/container/b"));
	message_free(m);
	assert_string_equal(next_title(33999), "");
	assert_string_equal(next_title(34000), "sese: container a failed");
	assert_string_equal(next_title(99000), "");
}

static void test_restart(void **state)
{
	(void)state;
	LOOK(1000, A());
	assert_string_equal(next_title(11000), "sese: container a failed");
	restart();
	nothing_is_known = true; /* no server has answered yet */
	NOTHING(600);
	assert_string_equal(next_title(60000), "");
	nothing_is_known = false;
	LOOK(60000, A());
	assert_string_equal(next_title(90000), "");
	restart();
	NOTHING(1000); /* it became well while no program ran */
	assert_string_equal(next_title(11000), "sese: container a is well again");
	restart();
	LOOK(2000, A());
	assert_string_equal(next_title(12000), "sese: container a failed");
}

/* What was announced how stands in the file: only what is worse than that is news. */
static void test_restart_knows_how_bad(void **state)
{
	static const struct {
		const char *kept; /* a word of a newer version is as bad as can be */
		enum health now;
		bool news;
	} all[] = {
		{ "attention", HEALTH_ATTENTION, false }, { "attention", HEALTH_BAD, true },
		{ "bad", HEALTH_BAD, false },             { "bad", HEALTH_ATTENTION, false },
		{ "asks", HEALTH_BAD, false },            { "good", HEALTH_BAD, false },
		{ "worst", HEALTH_ATTENTION, false },     { "worst", HEALTH_BAD, false },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char *text = xasprintf("[{\"id\":\"sese/container/a\",\"server\":\"sese\","
		                       "\"kind\":\"container\",\"name\":\"a\",\"why\":\"w\","
		                       "\"health\":\"%s\",\"told\":%lld}]",
		                       all[i].kept, (long long)(WALL - 1000));
		cJSON *kept = json_parse(text, strlen(text));
		teller_down(NULL);
		teller_up(NULL);
		teller_read(teller, kept, now, WALL);
		cJSON_Delete(kept);
		free(text);
		LOOK(2000, ROW("sese/container/a", all[i].now, "w"));
		assert_int_equal(next_title(90000)[0] != '\0', all[i].news);
	}
}

/* How often it came and went is kept: the more often, the longer "well again" waits. What cannot
 * be is once. A time to come is now, and what was told a month ago is forgotten. */
static void test_restart_knows_how_often(void **state)
{
	static const struct {
		int count;
		int64_t ago_ms, wait_ms; /* 0: nothing is told */
	} all[] = {
		{ -7, 1000, HOLD },    { 0, 1000, HOLD },     { 1, 1000, HOLD },
		{ 2, 1000, 2 * HOLD }, { 99999, 1000, HOLD }, { 2, -5000, 2 * HOLD },
		{ 1, MONTH - 1, HOLD }, { 1, MONTH, 0 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char *text = xasprintf("[{\"id\":\"sese/container/a\",\"server\":\"sese\","
		                       "\"kind\":\"container\",\"name\":\"a\",\"why\":\"w\","
		                       "\"health\":\"bad\",\"count\":%d,\"told\":%lld}]",
		                       all[i].count, (long long)(WALL - all[i].ago_ms));
		cJSON *kept = json_parse(text, strlen(text));
		teller_down(NULL);
		teller_up(NULL);
		teller_read(teller, kept, now, WALL);
		cJSON_Delete(kept);
		free(text);
		NOTHING(2000);
		if (all[i].wait_ms)
			assert_string_equal(next_title(1999 + all[i].wait_ms), "");
		assert_string_equal(next_title(2000 + (all[i].wait_ms ? all[i].wait_ms : 900000)),
		                    all[i].wait_ms ? "sese: container a is well again" : "");
	}
}

/* What was told before the restart is told again when it is time, and not before it was seen. */
static void test_restart_repeats_what_was_seen(void **state)
{
	(void)state;
	for (int seen = 0; seen < 2; seen++) {
		static const char text[] = "[{\"id\":\"sese/container/a\",\"server\":\"sese\","
					   "\"kind\":\"container\",\"name\":\"a\",\"why\":\"w\","
					   "\"health\":\"bad\",\"told\":1764499980000}]";
		cJSON *kept = json_parse(text, strlen(text));
		teller_destroy(teller);
		teller = teller_create(
			&(struct teller_rules){ .hold_ms = HOLD, .repeat_ms = 30000 });
		now = 50000;
		teller_read(teller, kept, now, WALL); /* it was told 20 s before */
		cJSON_Delete(kept);
		if (seen)
			LOOK(50001, A());
		assert_string_equal(next_title(59999), "");
		assert_string_equal(next_title(60000),
		                    seen ? "sese: container a has not recovered" : "");
	}
}

static void test_state_of_others_is_survived(void **state)
{
	(void)state;
	static const char odd[] =
		"[{\"id\":\"s/container/a\",\"server\":\"s\",\"kind\":\"container\","
		"\"name\":\"a\",\"health\":\"\\u001b[2J\",\"told\":1e300,\"count\":-7}]";
	static const char *const texts[] = { "{}", "[1,null,\"x\",[]]", "[{\"id\":\"a\"}]", odd };
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		cJSON *o = json_parse(texts[i], strlen(texts[i]));
		assert_non_null(o);
		teller_read(teller, o, 1000, WALL);
		cJSON_Delete(o);
	}
	NOTHING(2000);
	next_title(90000);
}

/* --- words --------------------------------------------------------------- */

static void test_words(void **state)
{
	(void)state;
	struct notify_need need = { .id = "sese/session/x",
		             .server = "sese",
		             .kind = "session",
		             .name = "fix \033]0;x\007it",
		             .why = "permission: curl -H 'Authorization: Bearer abcdef0123456789'",
		             .health = HEALTH_ASKS,
		             .since_ms = WALL,
		             .count = 1 };
	struct message *m = message_create(MESSAGE_NEED, &need, 1, WALL + 60000);
	assert_null(strchr(m->word[WORD_TITLE], '\033'));
	assert_null(strstr(m->word[WORD_TEXT], "abcdef0123456789"));
	assert_null(strstr(m->word[WORD_WHY], "abcdef0123456789"));
	assert_string_equal(m->word[WORD_SINCE], "2025-11-30T10:53:20Z");
	assert_string_equal(m->word[WORD_HEALTH], "asks");
	m->unsure = true;
	cJSON *o = message_write(m);
	struct message *back = message_read(o);
	assert_non_null(back);
	for (size_t i = 0; i < WORDS; i++)
		assert_string_equal(back->word[i], m->word[i]);
	char *text = message_text(back);
	assert_non_null(strstr(text, "it is not known whether it arrived before"));
	free(text);
	cJSON_Delete(o);
	message_free(back);
	message_free(m);
}

/* Every title of one thing is a sentence. */
static void test_titles(void **state)
{
	static const struct {
		const char *kind;
		enum health health;
		const char *is, *still, *over;
	} rows[] = {
		{ "server", HEALTH_BAD, "sese: the server cannot be reached",
		  "sese: the server still cannot be reached", "sese: the server is well again" },
		{ "server", HEALTH_ASKS, "sese: the server asks you",
		  "sese: the server still asks you", "sese: the server no longer asks you" },
		{ "server", HEALTH_ATTENTION, "sese: the server needs attention",
		  "sese: the server still needs attention", "sese: the server is well again" },
		{ "unit", HEALTH_BAD, "sese: unit x failed", "sese: unit x has not recovered",
		  "sese: unit x is well again" },
		{ "container", HEALTH_ATTENTION, "sese: container x needs attention",
		  "sese: container x still needs attention",
		  "sese: container x is well again" },
		{ "session", HEALTH_ASKS, "sese: session x asks you",
		  "sese: session x still asks you", "sese: session x no longer asks you" },
		{ "check", HEALTH_BAD, "sese: check x fails", "sese: check x still fails",
		  "sese: check x is well again" },
		{ "check", HEALTH_ATTENTION, "sese: check x needs attention",
		  "sese: check x still needs attention", "sese: check x is well again" },
		{ "system", HEALTH_BAD, "sese: system x has a problem",
		  "sese: system x still has a problem", "sese: system x is well again" },
		{ "source", HEALTH_BAD, "sese: source x cannot be read",
		  "sese: source x still cannot be read", "sese: source x can be read again" },
		{ "notify", HEALTH_ATTENTION, "sese: notify x cannot send",
		  "sese: notify x still cannot send", "sese: notify x can send again" },
		{ "peer", HEALTH_UNKNOWN, "sese: peer x needs you",
		  "sese: peer x still needs you", "sese: peer x is well again" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *wanted[] = { [MESSAGE_NEED] = rows[i].is,
			                 [MESSAGE_STILL] = rows[i].still,
			                 [MESSAGE_RESOLVED] = rows[i].over };
		struct notify_need need = { .id = "sese/k/x",
			                    .server = "sese",
			                    .kind = rows[i].kind,
			                    .name = "x",
			                    .health = rows[i].health };
		for (int what = 0; what < (int)ARRAY_LEN(wanted); what++) {
			struct message *m = message_create(what, &need, 1, WALL);
			assert_string_equal(m->word[WORD_TITLE], wanted[what]);
			message_free(m);
		}
	}
	struct notify_need two[] = {
		{ .id = "a", .server = "a", .kind = "server", .name = "a", .health = HEALTH_ASKS },
		{ .id = "b", .server = "b", .kind = "server", .name = "b", .health = HEALTH_BAD },
	};
	struct message *m = message_create(MESSAGE_NEED, two, 2, WALL);
	assert_string_equal(m->word[WORD_TITLE], "2 servers need you");
	message_free(m);
	m = message_create(MESSAGE_RESOLVED, two, 2, WALL);
	assert_string_equal(m->word[WORD_TITLE], "2 servers no longer need you");
	message_free(m);
}

/* Whole lines only, and how many there are besides. */
static void test_summary_is_long(void **state)
{
	(void)state;
	struct notify_need needs[200];
	char why[291], *text;
	memset(why, 'w', sizeof(why) - 1);
	why[sizeof(why) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(needs); i++)
		needs[i] = (struct notify_need){ .id = "sese/container/n8n",
			                         .server = "sese",
			                         .kind = "container",
			                         .name = "n8n",
			                         .why = why,
			                         .health = HEALTH_BAD,
			                         .since_ms = WALL - 60000 };
	struct message *m = message_create(MESSAGE_NEED, needs, ARRAY_LEN(needs), WALL);
	size_t lines = 0;
	for (text = m->word[WORD_TEXT]; strncmp(text, "sese: ", 6) == 0; lines++) {
		text += strcspn(text, "\n") + 1;
		assert_memory_equal(text - 15, " (since 10:52)\n", 15);
	}
	assert_in_range(lines, 5, 6);
	char *rest = xasprintf("and %zu more", 200 - lines);
	assert_string_equal(text, rest);
	free(rest);
	message_free(m);
	char *longer = xcalloc(1, 4001);
	memset(longer, 'w', 4000);
	needs[0].why = longer;
	m = message_create(MESSAGE_NEED, needs, 1, WALL);
	assert_non_null(strstr(m->word[WORD_TEXT], "w\xe2\x80\xa6 (since 10:52)"));
	free(longer);
	message_free(m);
}

static void test_hours(void **state)
{
	(void)state;
	/* TZ is UTC in the tests; WALL is 10:53 */
	setenv("TZ", "UTC", 1);
	assert_true(hours_are_quiet("10:00-11:00", WALL));
	assert_true(hours_are_quiet("22:00-07:00 10:53-10:54", WALL));
	assert_false(hours_are_quiet("22:00-07:00", WALL));
	assert_true(hours_are_quiet("22:00-10:54", WALL));
	assert_false(hours_are_quiet("22:00-10:53", WALL));
	assert_true(hours_are_quiet("0:00-24:00", WALL));
	assert_false(hours_are_quiet(NULL, WALL));
	int64_t second = WALL / 1000 % 60;
	assert_int_equal(hours_left_ms("10:00-11:00", WALL - WALL % 1000),
	                 (7 * 60 - second) * 1000);
	assert_int_equal(hours_left_ms("10:00-11:00 10:30-9:53", WALL - WALL % 1000),
	                 (23 * 3600 - second) * 1000);
	assert_int_equal(hours_left_ms("22:00-07:00", WALL), 0);
	assert_false(hours_are_quiet("", WALL));
	assert_true(hours_are_good("22:00-07:00"));
	assert_true(hours_are_good("22:00-07:00  12:30-13:00"));
	assert_false(hours_are_good("22-7"));
	assert_false(hours_are_good("22:00-07:00x"));
	assert_false(hours_are_good("25:00-07:00"));
	assert_false(hours_are_good("22:00-07:00 at night"));
}

/* --- the terminal -------------------------------------------------------- */

static void check_terminal(const char *how, struct terminal_facts facts, const char *wanted)
{
	struct buf out = { 0 };
	terminal_bytes(terminal_way(how, &facts), &facts, "a;b\033[2J", "4;1\007;x", &out);
	assert_string_equal(out.data, wanted);
	buf_finish(&out);
}

static void test_terminal(void **state)
{
	(void)state;
	check_terminal("auto", (struct terminal_facts){ "xterm-256color", "", false, false },
	               "\a\033]9;mocr: a,b: 4;1;x\033\\");
	check_terminal("auto", (struct terminal_facts){ "foot", "", false, false },
	               "\a\033]777;notify;a,b;4;1;x\033\\");
	check_terminal("auto", (struct terminal_facts){ "xterm-kitty", "", false, false },
	               "\a\033]99;i=mocr:d=0:e=1;YSxi\033\\"
	               "\033]99;i=mocr:p=body:e=1;NDsxO3g=\033\\");
	check_terminal("auto", (struct terminal_facts){ "linux", "", false, false }, "\a");
	check_terminal("bell", (struct terminal_facts){ "foot", "", false, false }, "\a");
	check_terminal("auto", (struct terminal_facts){ "xterm-256color", "", true, false }, "\a");
	check_terminal("osc9", (struct terminal_facts){ "xterm-256color", "", true, true },
	               "\a\033Ptmux;\033\033]9;mocr: a,b: 4;1;x\033\033\\\033\\");
}

static void test_tmux_versions(void **state)
{
	(void)state;
	assert_true(terminal_tmux_passes("3.2a", ""));
	assert_true(terminal_tmux_passes("2.9", ""));
	assert_false(terminal_tmux_passes("3.3a", "off"));
	assert_false(terminal_tmux_passes("3.3a", ""));
	assert_true(terminal_tmux_passes("3.3a", "1"));
	assert_false(terminal_tmux_passes("3.3a", "0"));
	assert_true(terminal_tmux_passes("3.3a", "on"));
	assert_true(terminal_tmux_passes("3.5", "all"));
	assert_false(terminal_tmux_passes("next-3.6", "off"));
	assert_false(terminal_tmux_passes("", ""));
}

int main(void)
{
#define TELLER(f) cmocka_unit_test_setup_teardown(f, teller_up, teller_down)
	const struct CMUnitTest tests[] = {
		TELLER(test_holds_then_once),
		TELLER(test_short_is_not_told),
		TELLER(test_resolved_holds_too),
		TELLER(test_comes_back_within_its_time),
		TELLER(test_flapping),
		TELLER(test_worse_is_news),
		TELLER(test_another_question_is_news),
		TELLER(test_many_are_one),
		TELLER(test_many_in_two_seconds),
		TELLER(test_two_are_two),
		TELLER(test_many_that_go_on),
		TELLER(test_held_back_by_the_queue),
		TELLER(test_a_big_storm_pauses),
		TELLER(test_a_storm_without_end),
		TELLER(test_a_storm_ends_slowly),
		TELLER(test_rows_of_a_message),
		TELLER(test_a_storm_ends_but_for_one),
		TELLER(test_a_storm_ends_but_for_one_that_flaps),
		TELLER(test_storm_without_hold),
		TELLER(test_frozen),
		TELLER(test_dies_before_its_server),
		TELLER(test_quiet_rows),
		TELLER(test_quiet_hours),
		TELLER(test_unsent),
		TELLER(test_repeat),
		TELLER(test_restart),
		TELLER(test_restart_knows_how_bad),
		TELLER(test_restart_knows_how_often),
		TELLER(test_restart_repeats_what_was_seen),
		TELLER(test_state_of_others_is_survived),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_titles),
		cmocka_unit_test(test_summary_is_long),
		cmocka_unit_test(test_hours),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_tmux_versions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
