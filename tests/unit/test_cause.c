/* One cause is one row: old facts of a lost server, and servers behind one that is down. */
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
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/store/cause.h"
#include "backends/store/internal.h"
#include "backends/store/need.h"
#include "tests/unit/turns.h"

static struct settings settings = { .state_dir = NULL, .log_memory = 1 };

struct world {
	struct loop *loop;
	struct store *store;
	struct server *hub, *inner, *deep;
	struct source *docker; /* on hub */
	struct server_config config;
};

static void link_becomes(struct server *v, const char *state)
{
	server_replay_state(v, state, strlen(state));
}
static void up(struct server *v)
{
	link_becomes(v, "up\t3\t0\t\t");
	v->link->up_ms = now_wall_ms();
}
static void lost(struct server *v)
{
	link_becomes(v, "lost\t-1\t1\t\tthe connection was cut");
}

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	w->loop = loop_create();
	w->store = store_create(w->loop, NULL, &settings);
	w->hub = server_open_replay(w->store, "hub");
	w->inner = server_open_replay(w->store, "inner");
	w->deep = server_open_replay(w->store, "deep");
	w->docker = server_source(w->hub, "docker");
	up(w->hub);
	up(w->inner);
	up(w->deep);
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

static struct row *container(struct world *w, const char *name, enum health health)
{
	struct row *row = store_row(w->docker, &kind_container, name, name);
	store_row_health(row, health, now_wall_ms(), health == HEALTH_BAD ? "exit code 1" : NULL);
	return row;
}

/* How many count, after a turn; everything kept agrees with the rows. */
static size_t counted(struct world *w)
{
	size_t asks;
	struct err err;
	turns_for(w->loop, 20);
	assert_true(store_counts_right(w->store, &err));
	return store_needs_count(w->store, &asks);
}

static void assert_says(const struct server *v, const char *after_the_time)
{
	char text[160];
	assert_true(cause_says(v, text, sizeof(text)));
	assert_memory_equal(text, "down since ", 11);
	assert_string_equal(strchr(text, ','), after_the_time);
}

static void a_lost_server_is_one_row(void **state)
{
	struct world *w = *state;
	char words[160];
	struct row *bad = container(w, "n8n", HEALTH_BAD);
	container(w, "db", HEALTH_GOOD);
	assert_int_equal(counted(w), 1);
	lost(w->hub);
	source_set_state(w->docker, SOURCE_STALE, NULL);
	assert_int_equal(counted(w), 1);
	assert_int_equal(w->hub->row.need, NEED_STANDS);
	assert_int_equal(bad->need, NEED_FOLDED);
	assert_says(w->hub, ", 2 things on it unknown");
	assert_true(need_says(bad, words, sizeof(words)));
	assert_string_equal(words, "old, from before hub was lost");
	/* connected again: what is known is still from before */
	link_becomes(w->hub, "connecting\t-1\t1\t\t");
	assert_int_equal(counted(w), 1);
	up(w->hub);
	source_set_state(w->docker, SOURCE_WAITING, NULL);
	assert_int_equal(counted(w), 0);
	/* fresh facts: the fault is still there */
	source_set_state(w->docker, SOURCE_LIVE, NULL);
	assert_int_equal(counted(w), 1);
	assert_int_equal(bad->need, NEED_STANDS);
}

/* The day is told when it is not today. */
static void it_is_said_since_when(void **state)
{
	static const struct {
		int64_t at_s;
		const char *words;
	} all[] = {
		{ 1796126400, "down since 12:00, 2 things on it unknown" },
		{ 1796083200, "down since 00:00, 2 things on it unknown" },
		{ 1796083199, "down since 30 Nov 23:59, 2 things on it unknown" },
		{ 1796126400 - 365 * 86400, "down since 1 Dec 12:00, 2 things on it unknown" },
	};
	struct world *w = *state;
	setenv("TZ", "UTC0", 1);
	tzset();
	container(w, "n8n", HEALTH_BAD);
	container(w, "db", HEALTH_GOOD);
	lost(w->hub);
	source_set_state(w->docker, SOURCE_STALE, NULL);
	counted(w);
	now_wall_set(1796126400999); /* 2026-12-01 12:00:00 UTC */
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char text[160];
		w->hub->row.health_ms = all[i].at_s * 1000 + 999;
		assert_true(cause_says(w->hub, text, sizeof(text)));
		assert_string_equal(text, all[i].words);
		/* in a buffer of any size there is its beginning */
		for (size_t size = 1; size <= strlen(text) + 1; size++) {
			char *exact = xcalloc(1, size);
			assert_true(cause_says(w->hub, exact, size));
			assert_memory_equal(exact, text, size - 1);
			assert_int_equal(exact[size - 1], '\0');
			free(exact);
		}
	}
	now_wall_set(0);
}

static void one_thing_is_not_many(void **state)
{
	struct world *w = *state;
	char text[160];
	lost(w->hub);
	counted(w);
	assert_false(cause_says(w->hub, text, sizeof(text)));
	up(w->hub);
	container(w, "db", HEALTH_GOOD);
	assert_false(cause_says(w->hub, text, sizeof(text)));
	lost(w->hub);
	counted(w);
	assert_says(w->hub, ", 1 thing on it unknown");
}

/* A stopped engine is one row, and the faults of its containers fold under it. */
static void a_stopped_engine_is_one_row(void **state)
{
	struct world *w = *state;
	char words[160];
	struct err gone;
	struct row *bad = container(w, "n8n", HEALTH_BAD), *worse = container(w, "db", HEALTH_BAD);
	container(w, "web", HEALTH_GOOD);
	struct row *unit = store_row(server_source(w->hub, "systemd"), &kind_unit, "x", "x");
	store_row_health(unit, HEALTH_BAD, now_wall_ms(), "failed");
	assert_int_equal(counted(w), 3);
	err_set(&gone, ERR_ABSENT, "Docker on hub has stopped");
	source_set_state(w->docker, SOURCE_STALE, &gone);
	assert_int_equal(counted(w), 2); /* the engine, and the unit that it says nothing about */
	const struct row *engine = store_find(w->store, "hub/source/docker");
	assert_non_null(engine);
	assert_int_equal(engine->health, HEALTH_BAD);
	assert_memory_equal(engine->why, "stopped since ", 14);
	assert_string_equal(strchr(engine->why, ','),
	                    ", 3 containers unknown: Docker on hub has stopped");
	assert_int_equal(bad->need, NEED_FOLDED);
	assert_int_equal(worse->need, NEED_FOLDED);
	assert_int_equal(unit->need, NEED_STANDS);
	assert_true(need_says(bad, words, sizeof(words)));
	assert_string_equal(words, "old, from before docker fell silent");
	char *under = cause_id(bad);
	assert_string_equal(under, "hub/source/docker");
	free(under);
	/* a server that is lost explains its engine, too */
	lost(w->hub);
	assert_int_equal(counted(w), 1);
	up(w->hub);
	source_set_state(w->docker, SOURCE_LIVE, NULL);
	assert_int_equal(counted(w), 3);
	assert_int_equal(bad->need, NEED_STANDS);
	assert_null(store_find(w->store, "hub/source/docker"));
}

/* What asks the user is heard by another way than the program that is silent. */
static void a_session_never_folds_under_its_source(void **state)
{
	struct world *w = *state;
	struct err gone;
	struct source *source = server_source(w->hub, "sessions");
	assert_non_null(source);
	struct row *asks = store_row(source, kind_find("session"), "s", "s");
	store_row_health(asks, HEALTH_ASKS, now_wall_ms(), "asks");
	err_set(&gone, ERR_LOST, "the list cannot be read");
	source_set_state(source, SOURCE_STALE, &gone);
	assert_int_equal(counted(w), 2);
	assert_int_equal(asks->need, NEED_STANDS);
}

/* One section that fails says nothing of the other sections of its source. */
static void sections_do_not_fold_under_one_that_fails(void **state)
{
	struct world *w = *state;
	struct err refused;
	struct source *source = server_source(w->hub, "dokploy");
	assert_non_null(source);
	struct row *bad = store_row(source, kind_find("app"), "a", "a");
	store_row_health(bad, HEALTH_BAD, now_wall_ms(), "its last deployment failed");
	err_set(&refused, ERR_DENIED, "[dokploy b]: the token was refused");
	source_set_state(source, SOURCE_DENIED, &refused);
	assert_int_equal(counted(w), 2);
	assert_int_equal(bad->need, NEED_STANDS);
	const struct row *row = store_find(w->store, "hub/source/dokploy");
	assert_non_null(row);
	assert_string_equal(row->why, "[dokploy b]: the token was refused");
}

/* A row that shows the source's error says the same, whatever is masked in both. */
static void an_error_with_a_secret_is_said_once(void **state)
{
	struct world *w = *state;
	struct err refused;
	struct source *source = server_source(w->hub, "dokploy");
	struct row *bad = store_row(source, kind_find("app"), "a", "a");
	err_set(&refused, ERR_DENIED, "a: it refuses https://me:hunter2@h/x");
	store_row_health(bad, HEALTH_BAD, now_wall_ms(), refused.text);
	assert_null(strstr(bad->why, "hunter2"));
	source_set_state(source, SOURCE_DENIED, &refused);
	assert_int_equal(counted(w), 1);
	assert_null(store_find(w->store, "hub/source/dokploy"));
}

static void a_refresh_hides_nothing(void **state)
{
	struct world *w = *state;
	struct row *bad = container(w, "n8n", HEALTH_BAD);
	assert_int_equal(counted(w), 1);
	source_set_state(w->docker, SOURCE_STALE, NULL);
	assert_int_equal(counted(w), 1);
	assert_int_equal(bad->need, NEED_STANDS);
}

static void what_was_set_aside_stays_so_while_it_is_folded(void **state)
{
	struct world *w = *state;
	struct err err;
	struct row *bad = container(w, "n8n", HEALTH_BAD);
	assert_true(need_quiet(bad, QUIET_ACKNOWLEDGED, 0, &err));
	lost(w->hub);
	source_set_state(w->docker, SOURCE_STALE, NULL);
	counted(w);
	assert_int_equal(bad->need, NEED_FOLDED);
	up(w->hub);
	source_set_state(w->docker, SOURCE_LIVE, NULL);
	assert_int_equal(counted(w), 0);
	assert_int_equal(bad->need, NEED_QUIET);
}

static void servers_behind_a_jump_fold_under_it(void **state)
{
	struct world *w = *state;
	char words[160];
	snprintf(w->inner->link->jumps, sizeof(w->inner->link->jumps), "ops@hub:2222");
	snprintf(w->deep->link->jumps, sizeof(w->deep->link->jumps), "hub,root@inner");
	lost(w->deep);
	assert_int_equal(counted(w), 1); /* the way is open: it is down by itself */
	lost(w->hub);
	assert_int_equal(counted(w), 1);
	lost(w->inner);
	assert_int_equal(counted(w), 1);
	assert_int_equal(w->hub->row.need, NEED_STANDS);
	assert_ptr_equal(cause_of(w->inner), w->hub);
	assert_ptr_equal(cause_of(w->deep), w->hub);
	assert_int_equal(cause_behind(w->hub), 2);
	assert_says(w->hub, ", 2 servers behind it");
	assert_true(need_says(&w->deep->row, words, sizeof(words)));
	assert_string_equal(words, "behind hub, which is down");
	/* back: what is still away is away by itself */
	up(w->hub);
	assert_int_equal(counted(w), 1);
	assert_int_equal(w->inner->row.need, NEED_STANDS);
	assert_int_equal(w->deep->row.need, NEED_FOLDED);
}

static void a_jump_is_known_by_its_address(void **state)
{
	struct world *w = *state;
	snprintf(w->hub->link->hostname, sizeof(w->hub->link->hostname), "192.0.2.7");
	snprintf(w->inner->link->jumps, sizeof(w->inner->link->jumps), "[192.0.2.7]:22");
	lost(w->hub);
	lost(w->inner);
	assert_int_equal(counted(w), 1);
	assert_ptr_equal(cause_of(w->inner), w->hub);
	snprintf(w->inner->link->jumps, sizeof(w->inner->link->jumps), "192.0.2.70");
	store_changed_widely(w->store);
	assert_int_equal(counted(w), 2);
}

static void parent_of_the_section(void **state)
{
	struct world *w = *state;
	char name[] = "hub", other[] = "inner";
	struct server_config inner = { .parent = name }, hub = { .parent = other };
	w->inner->config = &inner;
	lost(w->hub);
	lost(w->inner);
	assert_int_equal(counted(w), 1);
	assert_ptr_equal(cause_of(w->inner), w->hub);
	/* each behind the other explains nothing: both are shown */
	w->hub->config = &hub;
	store_changed_widely(w->store);
	assert_int_equal(counted(w), 2);
	w->hub->config = w->inner->config = NULL;
}

static void a_refused_log_in_has_its_own_cause(void **state)
{
	struct world *w = *state;
	snprintf(w->inner->link->jumps, sizeof(w->inner->link->jumps), "hub");
	lost(w->hub);
	lost(w->inner);
	w->inner->link->err.code = ERR_DENIED;
	store_changed_widely(w->store);
	assert_int_equal(counted(w), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)
	const struct CMUnitTest tests[] = {
		TEST(a_lost_server_is_one_row),
		TEST(it_is_said_since_when),
		TEST(one_thing_is_not_many),
		TEST(a_stopped_engine_is_one_row),
		TEST(sections_do_not_fold_under_one_that_fails),
		TEST(an_error_with_a_secret_is_said_once),
		TEST(a_session_never_folds_under_its_source),
		TEST(a_refresh_hides_nothing),
		TEST(what_was_set_aside_stays_so_while_it_is_folded),
		TEST(servers_behind_a_jump_fold_under_it),
		TEST(a_jump_is_known_by_its_address),
		TEST(parent_of_the_section),
		TEST(a_refused_log_in_has_its_own_cause),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
