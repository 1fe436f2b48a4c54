/* Conditions that come and go: the time that they must hold, and the one row with a count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/loop.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/sessions/session.h"
#include "backends/store/flap.h"
#include "backends/store/internal.h"
#include "backends/store/need.h"
#include "tests/unit/turns.h"

#define S 1000

/* --- the count alone ----------------------------------------------------- */

static void what_was_seen_to_begin_must_hold(void **state)
{
	struct flaps all = { 0 };
	(void)state;
	struct flap *f = flap_begins(&all, "a", HEALTH_BAD, "exit code 1", true, 100 * S);
	assert_int_equal(flap_wait_ms(f, 10 * S, 100 * S), 10 * S);
	/* still the same condition, with another reason */
	flap_begins(&all, "a", HEALTH_BAD, "exit code 2", false, 104 * S);
	assert_int_equal(flap_wait_ms(f, 10 * S, 104 * S), 6 * S);
	assert_string_equal(f->why, "exit code 2");
	assert_int_equal(flap_wait_ms(f, 10 * S, 110 * S - 1), 1);
	assert_int_equal(flap_wait_ms(f, 10 * S, 110 * S), 0);
	assert_int_equal(flap_wait_ms(f, 10 * S, 110 * S + 1), 0);
	assert_int_equal(flap_times(f, 110 * S), 1);
	flap_ends(f, 120 * S);
	assert_int_equal(flap_calm_ms(f, 120 * S), 0);
	/* found like this: it holds already */
	f = flap_begins(&all, "b", HEALTH_BAD, NULL, false, 100 * S);
	assert_int_equal(flap_wait_ms(f, 10 * S, 100 * S), 0);
	flap_ends(NULL, 1);
	flaps_finish(&all);
}

static struct flap *comes_and_goes(struct flaps *all, int times, int64_t from)
{
	struct flap *f = NULL;
	for (int i = 0; i < times; i++) {
		f = flap_begins(all, "a", i == 1 ? HEALTH_BAD : HEALTH_ATTENTION, "w", true,
		                from + i * 20 * S);
		flap_ends(f, from + i * 20 * S + S);
	}
	return f;
}

static void the_third_time_stays(void **state)
{
	struct flaps all = { 0 };
	char text[40];
	(void)state;
	struct flap *f = comes_and_goes(&all, 2, 100 * S);
	assert_false(flap_comes_and_goes(f, 121 * S));
	assert_int_equal(flap_calm_ms(f, 121 * S), 0);
	f = flap_begins(&all, "a", HEALTH_ATTENTION, "w", true, 140 * S);
	assert_true(flap_comes_and_goes(f, 140 * S));
	assert_int_equal(flap_wait_ms(f, 10 * S, 140 * S), 0);
	flap_ends(f, 141 * S);
	assert_int_equal(flap_calm_ms(f, 141 * S), FLAP_CALM_MS);
	assert_int_equal(flap_calm_ms(f, 142 * S), FLAP_CALM_MS - S);
	assert_int_equal(flap_calm_ms(f, 141 * S + FLAP_CALM_MS - 1), 1);
	assert_int_equal(flap_calm_ms(f, 141 * S + FLAP_CALM_MS), 0);
	assert_int_equal(flap_calm_ms(f, 141 * S + FLAP_CALM_MS + 1), 0);
	assert_int_equal(f->worst, HEALTH_BAD);
	flap_say(f, 142 * S, text, sizeof(text));
	assert_string_equal(text, "3 times in 1 min");
	flap_say(f, 100 * S + FLAP_WINDOW_MS, text, sizeof(text));
	assert_string_equal(text, "3 times in 10 min");
	/* only what began of late counts */
	flap_say(f, 130 * S + FLAP_WINDOW_MS, text, sizeof(text));
	assert_string_equal(text, "1 times in 10 min");
	assert_false(flap_comes_and_goes(f, 130 * S + FLAP_WINDOW_MS));
	flaps_finish(&all);
}

static void what_is_over_is_forgotten(void **state)
{
	struct flaps all = { 0 };
	char id[32];
	(void)state;
	comes_and_goes(&all, 100, 0);
	struct flap *f = flap_find(&all, "a");
	assert_in_range(f->n, FLAP_TIMES, FLAP_KEPT);
	flap_begins(&all, "b", HEALTH_BAD, "w", true, 0);
	flaps_forget(&all, 1980 * S + FLAP_WINDOW_MS);
	assert_non_null(flap_find(&all, "a"));
	flaps_forget(&all, 1981 * S + FLAP_WINDOW_MS);
	assert_null(flap_find(&all, "a"));
	/* it lasts */
	assert_non_null(flap_find(&all, "b"));
	for (int i = 0; i < FLAPS_MAX + 5; i++) {
		snprintf(id, sizeof(id), "row %d", i);
		flap_begins(&all, id, HEALTH_BAD, NULL, true, 0);
	}
	assert_int_equal(HASH_COUNT(all.all), FLAPS_MAX);
	flaps_finish(&all);
}

/* --- with rows ----------------------------------------------------------- */

static struct settings settings = { .state_dir = NULL, .log_memory = 1, .need_for = 1 };

struct world {
	struct loop *loop;
	struct store *store;
	struct server *server;
	struct source *docker, *sessions;
};

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	w->loop = loop_create();
	w->store = store_create(w->loop, NULL, &settings);
	w->server = server_open_replay(w->store, "sese");
	server_replay_state(w->server, "up\t3\t0\t\t", 9);
	w->docker = server_source(w->server, "docker");
	w->sessions = server_source(w->server, "sessions");
	source_set_state(w->docker, SOURCE_LIVE, NULL);
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	struct world *w = *state;
	store_destroy(w->store);
	loop_destroy(w->loop);
	free(w);
	return 0;
}

static struct row *say(struct world *w, enum health health)
{
	struct row *row = store_row(w->docker, &kind_container, "n8n", "n8n");
	store_row_health(row, health, now_wall_ms(),
	                 health >= HEALTH_ATTENTION ? "exit code 1" : NULL);
	return row;
}

static size_t counted(struct world *w)
{
	size_t asks;
	struct err err;
	turns_for(w->loop, 10);
	if (!store_counts_right(w->store, &err))
		fail_msg("%s", err.text);
	return store_needs_count(w->store, &asks);
}

static void a_short_fault_is_no_need(void **state)
{
	struct world *w = *state;
	struct row *row = say(w, HEALTH_GOOD);
	say(w, HEALTH_BAD);
	assert_int_equal(counted(w), 0);
	assert_int_equal(row->need, NEED_HELD);
	assert_int_equal(needs_aside(w->store, NULL), 0);
	say(w, HEALTH_GOOD);
	assert_int_equal(counted(w), 0);
	turns_for(w->loop, 1200);
	assert_int_equal(counted(w), 0);
	assert_int_equal(row->need, NEED_NONE);
	/* one that holds comes by itself */
	say(w, HEALTH_BAD);
	assert_int_equal(counted(w), 0);
	turns_for(w->loop, 1200);
	assert_int_equal(counted(w), 1);
}

static void what_was_wrong_already_counts_at_once(void **state)
{
	struct world *w = *state;
	say(w, HEALTH_BAD);
	assert_int_equal(counted(w), 1);
}

static void questions_count_at_once_and_never_flap(void **state)
{
	struct world *w = *state;
	for (int i = 0; i < 5; i++) {
		say(w, HEALTH_GOOD);
		assert_int_equal(counted(w), 0);
		say(w, HEALTH_ASKS);
		assert_int_equal(counted(w), 1);
	}
	say(w, HEALTH_GOOD);
	assert_int_equal(counted(w), 0);
}

static void work_of_people_never_flaps(void **state)
{
	struct world *w = *state;
	struct row *row = store_row(w->sessions, &kind_session, "one", "one");
	for (int i = 0; i < 5; i++) {
		store_row_health(row, HEALTH_GOOD, now_wall_ms(), NULL);
		assert_int_equal(counted(w), 0);
		store_row_health(row, HEALTH_ATTENTION, now_wall_ms(), "finished");
		assert_int_equal(counted(w), 1);
	}
}

static void one_row_with_a_count(void **state)
{
	struct world *w = *state;
	const char *last = NULL;
	char times[40];
	struct err err;
	struct row *row = say(w, HEALTH_GOOD);
	for (int i = 0; i < 2; i++) {
		say(w, HEALTH_BAD);
		assert_int_equal(counted(w), 0);
		say(w, HEALTH_GOOD);
		assert_int_equal(counted(w), 0);
		assert_false(need_flaps(row, &last, times, sizeof(times)));
	}
	say(w, HEALTH_BAD);
	assert_int_equal(counted(w), 1);
	assert_true(need_flaps(row, &last, times, sizeof(times)));
	assert_string_equal(times, "3 times in 1 min");
	assert_null(last);
	/* well just now: it keeps its place */
	say(w, HEALTH_GOOD);
	assert_int_equal(counted(w), 1);
	assert_int_equal(row->need, NEED_STANDS);
	assert_int_equal(need_health(row), HEALTH_BAD);
	assert_true(need_flaps(row, &last, times, sizeof(times)));
	assert_string_equal(last, "exit code 1");
	/* acknowledged, it stays so while it comes and goes */
	assert_true(need_quiet(row, QUIET_ACKNOWLEDGED, 0, &err));
	assert_int_equal(counted(w), 0);
	say(w, HEALTH_BAD);
	assert_int_equal(counted(w), 0);
	say(w, HEALTH_GOOD);
	assert_int_equal(counted(w), 0);
	assert_int_equal(row->need, NEED_QUIET);
}

static void a_row_that_is_made_again_is_the_same(void **state)
{
	struct world *w = *state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(counted(w), 0);
		struct row *row = say(w, HEALTH_BAD);
		assert_int_equal(counted(w), 1);
		const char *last;
		char times[40];
		assert_int_equal(need_flaps(row, &last, times, sizeof(times)), i == 2);
		store_row_remove(row);
	}
	assert_int_equal(counted(w), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_seen_to_begin_must_hold),
		cmocka_unit_test(the_third_time_stays),
		cmocka_unit_test(what_is_over_is_forgotten),
		TEST(a_short_fault_is_no_need),
		TEST(what_was_wrong_already_counts_at_once),
		TEST(questions_count_at_once_and_never_flap),
		TEST(work_of_people_never_flaps),
		TEST(one_row_with_a_count),
		TEST(a_row_that_is_made_again_is_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
