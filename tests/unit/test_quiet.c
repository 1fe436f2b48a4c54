/* What the user sets aside: when it comes back, and what two consoles and a restart make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/state_file.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/store/internal.h"
#include "backends/store/need.h"
#include "backends/store/report.h"
#include "tests/unit/turns.h"

#define MINUTE 60000
#define HOUR (60 * INT64_C(60000))

static char home[] = "/tmp/mocr-quiet-XXXXXX";

static int make_home(void **state)
{
	(void)state;
	if (!mkdtemp(home))
		return -1;
	setenv("HOME", home, 1);
	setenv("XDG_STATE_HOME", home, 1);
	unsetenv("XDG_CONFIG_HOME");
	setenv("MOCR_CHECK", "1", 1);
	return 0;
}

static int remove_home(void **state)
{
	char *line = xasprintf("rm -rf -- %s", home);
	int code = system(line);
	(void)state;
	free(line);
	return code;
}

/* --- the list alone ------------------------------------------------------ */

static bool same_reason(const char *before, const char *after)
{
	struct quiets q = { 0 };
	char gist[QUIET_GIST_MAX];
	quiet_gist(before, gist, sizeof(gist));
	quiet_set(&q, "a/unit/x", HEALTH_BAD, gist, QUIET_ACKNOWLEDGED, 1000, 0);
	quiet_gist(after, gist, sizeof(gist));
	bool holds = quiet_holds(quiet_find(&q, "a/unit/x"), HEALTH_BAD, gist, 2000);
	quiets_finish(&q);
	return holds;
}

static void numbers_that_grow_are_the_same_reason(void **state)
{
	(void)state;
	assert_true(same_reason("exit code 1, ran 3s, restarts 4",
	                        "exit code 1, ran 2h 10m, restarts 12"));
	assert_true(same_reason("disk / 81% full", "disk / 85% full"));
	assert_true(same_reason("disk / 81% full", "disk / 60% full"));
	assert_true(
		same_reason("unhealthy, failed 3 checks: no", "unhealthy, failed 41 checks: no"));
	assert_true(same_reason("uses 4.5G of memory", "uses 812M of memory"));
	assert_true(same_reason("restart loop: runs just now, last exit code 1",
	                        "restart loop: exit code 1, ran 3s"));
	assert_true(same_reason("failed: exit code 3; last: \"12:01 no\"",
	                        "failed: exit code 3; last: \"12:02 still no\""));
	assert_true(same_reason(NULL, ""));
}

static void what_says_something_else_is_another_reason(void **state)
{
	(void)state;
	assert_false(same_reason("disk /srv 8.5G 80% full", "disk /srv 9.9G 95% full"));
	assert_false(same_reason("exit code 1", "exit code 137"));
	assert_false(same_reason("exit code 1, ran 3s", "oom-killed (limit 512M)"));
	assert_false(same_reason("disk / 81% full", "disk / 87% full"));
	assert_false(same_reason("disk / 81% full", "disk /var 81% full"));
	assert_false(same_reason("may run `rm -rf a`?", "may run `rm -rf b`?"));
	assert_false(same_reason("node2 is away", "node3 is away"));
	assert_false(same_reason("failed", NULL));
}

static void a_reason_of_any_length_has_a_gist(void **state)
{
	char small[8], *much = xcalloc(1, 3000);
	(void)state;
	memset(much, '7', 2999);
	quiet_gist(much, small, sizeof(small));
	assert_string_equal(small, "#");
	much[2998] = '%';
	quiet_gist(much, small, sizeof(small));
	assert_int_equal(strlen(small), sizeof(small) - 1);
	quiet_gist("exit code 12345678", small, sizeof(small));
	assert_string_equal(small, "exit co");
	free(much);
}

/* Each row: how, the health then and now, the same reason, hours later; whether it stays out. */
static void it_comes_back_when_it_should(void **state)
{
	static const struct {
		enum quiet_how how;
		enum health then, now;
		bool same;
		int hours;
		bool holds;
	} rows[] = {
		{ QUIET_ACKNOWLEDGED, HEALTH_BAD, HEALTH_BAD, true, 5000, true },
		{ QUIET_ACKNOWLEDGED, HEALTH_BAD, HEALTH_BAD, false, 1, false },
		{ QUIET_ACKNOWLEDGED, HEALTH_BAD, HEALTH_ATTENTION, true, 1, true },
		{ QUIET_ACKNOWLEDGED, HEALTH_ATTENTION, HEALTH_BAD, true, 1, false },
		{ QUIET_ACKNOWLEDGED, HEALTH_BAD, HEALTH_ASKS, true, 1, false },
		{ QUIET_UNTIL, HEALTH_ASKS, HEALTH_ASKS, true, 1, true },
		{ QUIET_UNTIL, HEALTH_ASKS, HEALTH_ASKS, true, 2, false },
		{ QUIET_UNTIL, HEALTH_ASKS, HEALTH_ASKS, false, 1, false },
		{ QUIET_MORNING, HEALTH_BAD, HEALTH_BAD, true, 1, true },
		{ QUIET_MORNING, HEALTH_BAD, HEALTH_BAD, true, 40, false },
		{ QUIET_CLEARED, HEALTH_BAD, HEALTH_BAD, false, 5000, true },
		{ QUIET_CLEARED, HEALTH_ATTENTION, HEALTH_BAD, true, 1, false },
	};
	struct quiets q = { 0 };
	int64_t now = INT64_C(1796022000000); /* Mon 30 Nov 2026, 07:00 */
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		quiet_set(&q, "x", rows[i].then, "w", rows[i].how, now, now + 2 * HOUR);
		bool holds = quiet_holds(quiet_find(&q, "x"), rows[i].now, rows[i].same ? "w" : "v",
		                         now + rows[i].hours * HOUR);
		if (holds != rows[i].holds)
			fail_msg("row %zu: holds %d", i, holds);
	}
	quiets_finish(&q);
}

static void clear_is_what_was_seen_or_lasts(void **state)
{
	struct quiet one = { .at_ms = 1000000 };
	(void)state;
	assert_true(quiet_cleared(&one, HEALTH_BAD, HEALTH_GOOD, 1000001));
	assert_true(quiet_cleared(&one, HEALTH_BAD, HEALTH_BUSY, 1000001));
	assert_false(quiet_cleared(&one, HEALTH_BAD, HEALTH_UNKNOWN, 1000001));
	assert_false(quiet_cleared(&one, HEALTH_BAD, HEALTH_ATTENTION, 1000001));
	/* after a restart: not known yet, or on its way */
	assert_false(quiet_cleared(&one, HEALTH_UNKNOWN, HEALTH_UNKNOWN, 9000000));
	assert_false(quiet_cleared(&one, HEALTH_UNKNOWN, HEALTH_BUSY, 9000000));
	assert_true(quiet_cleared(&one, HEALTH_UNKNOWN, HEALTH_GOOD, 9000000));
	/* another console saw it fail just now */
	assert_false(quiet_cleared(&one, HEALTH_GOOD, HEALTH_GOOD, 1000001));
}

static void morning_is_the_next_one(void **state)
{
	static const struct {
		const char *zone;
		int64_t now, morning; /* s */
	} rows[] = {
		{ "UTC0", 1796022000, 1796112000 }, /* Mon 07:00 -> Tue 08:00 */
		{ "UTC0", 1796007600, 1796025600 }, /* Mon 03:00 -> Mon 08:00 */
		{ "UTC0", 1796011200, 1796112000 }, /* Mon 04:00 -> Tue 08:00 */
		{ "UTC0", 1796083199, 1796112000 }, /* Mon 23:59:59 */
		/* Sat 28 Mar 2026 22:00 CET; in that night the clock goes from 2 to 3 */
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 1774731600, 1774764000 },
		/* Sat 24 Oct 2026 22:00 CEST; in that night it goes from 3 to 2 */
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 1792872000, 1792911600 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		setenv("TZ", rows[i].zone, 1);
		tzset();
		assert_int_equal(quiet_morning_ms(rows[i].now * 1000), rows[i].morning * 1000);
	}
	setenv("TZ", "UTC0", 1);
	tzset();
}

static void a_clock_that_was_set_back_makes_nothing_longer(void **state)
{
	struct quiets q = { 0 };
	int64_t now = INT64_C(1796022000000);
	(void)state;
	quiet_set(&q, "hour", HEALTH_BAD, "", QUIET_UNTIL, now, now + HOUR);
	quiet_set(&q, "night", HEALTH_BAD, "", QUIET_MORNING, now, 0);
	quiet_set(&q, "ack", HEALTH_BAD, "", QUIET_ACKNOWLEDGED, now, 0);
	assert_int_equal(quiets_next_ms(&q, now), HOUR);
	int64_t before = now - 100 * 24 * HOUR;
	quiets_follow_clock(&q, before);
	assert_int_equal(quiets_next_ms(&q, before), HOUR);
	assert_true(quiet_is_over(quiet_find(&q, "hour"), before + HOUR));
	assert_true(quiet_is_over(quiet_find(&q, "night"), before + 30 * HOUR));
	assert_false(quiet_is_over(quiet_find(&q, "ack"), before + 30 * HOUR));
	/* set forward: it ends early, which hides nothing */
	assert_true(quiet_is_over(quiet_find(&q, "hour"), now + 24 * HOUR));
	quiets_finish(&q);
}

static void the_file_gives_back_what_was_written(void **state)
{
	struct quiets q = { 0 }, back = { 0 };
	struct buf out = { 0 };
	int64_t now = INT64_C(1796022000000);
	(void)state;
	quiet_set(&q, "a/unit/\"x\"\n", HEALTH_BAD, "exit code 1 ü", QUIET_UNTIL, now, now + HOUR);
	quiet_set(&q, "b/server/b", HEALTH_ASKS, "", QUIET_ACKNOWLEDGED, now, 0);
	quiet_set(&q, "c/server/c", HEALTH_ATTENTION, "w", QUIET_MORNING, now, 0);
	quiet_set(&q, "d/server/d", HEALTH_ATTENTION, "w", QUIET_CLEARED, now, 0);
	quiets_write(&q, &out);
	quiets_read(&back, out.data);
	assert_int_equal(HASH_COUNT(back.all), 4);
	for (const struct quiet *one = q.all; one; one = one->hh.next) {
		const struct quiet *two = quiet_find(&back, one->id);
		assert_non_null(two);
		assert_string_equal(two->gist, one->gist);
		assert_int_equal(two->how, one->how);
		assert_int_equal(two->health, one->health);
		assert_int_equal(two->at_ms, one->at_ms);
		assert_int_equal(two->until_ms, one->until_ms);
	}
	buf_finish(&out);
	quiets_finish(&q);
	quiets_finish(&back);
}

static void rubbish_in_the_file_is_left_out(void **state)
{
	struct quiets q = { 0 };
	(void)state;
	quiets_read(
		&q,
		"no\n{}\n[1]\n{\"id\":\"x\"}\n\n"
		"{\"id\":\"a\",\"how\":\"forever\",\"health\":\"bad\",\"gist\":\"\",\"at_ms\":1}\n"
		"{\"id\":\"b\",\"how\":\"snoozed\",\"health\":\"bad\",\"gist\":\"\",\"at_ms\":5}\n"
		"{\"id\":\"c\",\"how\":\"snoozed\",\"health\":\"bad\",\"gist\":\"\",\"at_ms\":5,"
		"\"until_ms\":1e300}\n"
		"{\"id\":\"d\",\"how\":\"acknowledged\",\"health\":\"bad\",\"gist\":\"\","
		"\"at_ms\":5,\"until_ms\":9}\n"
		"{\"id\":7,\"how\":\"acknowledged\",\"health\":\"bad\",\"gist\":\"\",\"at_ms\":5}\n"
		"{\"id\":\"good\",\"how\":\"acknowledged\",\"health\":\"bad\",\"gist\":\"\","
		"\"at_ms\":5}");
	assert_int_equal(HASH_COUNT(q.all), 1);
	assert_non_null(quiet_find(&q, "good"));
	for (int i = 0; i < QUIET_MAX + 10; i++) {
		char id[32];
		snprintf(id, sizeof(id), "row %d", i);
		quiet_set(&q, id, HEALTH_BAD, "", QUIET_ACKNOWLEDGED, 1, 0);
	}
	assert_int_equal(HASH_COUNT(q.all), QUIET_MAX);
	assert_null(quiet_find(&q, "good"));
	quiets_finish(&q);
}

/* --- with rows ----------------------------------------------------------- */

struct world {
	struct settings *settings;
	struct loop *loop;
	struct store *store;
	struct source *source;
};

static struct world world_create(void)
{
	struct world w = { .settings = settings_load(NULL, NULL), .loop = loop_create() };
	w.settings->need_for = 0; /* test_flap.c has that */
	w.store = store_create(w.loop, NULL, w.settings);
	w.source = server_source(server_open_replay(w.store, "sese"), "docker");
	source_set_state(w.source, SOURCE_LIVE, NULL);
	return w;
}

static void world_destroy(struct world *w)
{
	store_destroy(w->store);
	loop_destroy(w->loop);
	settings_destroy(w->settings);
}

static struct row *say(struct world *w, const char *name, enum health health, const char *why)
{
	struct row *row = store_row(w->source, &kind_container, name, name);
	store_row_health(row, health, now_wall_ms(), why);
	return row;
}

/* How many count, after a turn in which MOCR_CHECK=1 compared everything. */
static size_t counted(struct world *w)
{
	size_t asks;
	struct err err;
	turns_for(w->loop, 20);
	assert_true(store_counts_right(w->store, &err));
	return store_needs_count(w->store, &asks);
}

static bool set_aside(struct row *row, enum quiet_how how, int64_t until_ms, struct err *err)
{
	return need_quiet(row, how, until_ms, err) && need_keep(row->server->store, err);
}

static bool take_back(struct row *row, struct err *err)
{
	return need_wake(row, err) && need_keep(row->server->store, err);
}

static void forget_file(void)
{
	char *path = xasprintf("%s/mocr/quiet.jsonl", home);
	unlink(path);
	free(path);
}

static void acknowledged_leaves_and_comes_back(void **state)
{
	struct world w = world_create();
	struct err err;
	char words[80];
	(void)state;
	forget_file();
	struct row *n8n = say(&w, "n8n", HEALTH_BAD, "exit code 1, ran 3s");
	struct row *db = say(&w, "db", HEALTH_ATTENTION, "unhealthy");
	struct row *well = say(&w, "well", HEALTH_GOOD, NULL);
	assert_int_equal(counted(&w), 2);
	assert_false(set_aside(well, QUIET_ACKNOWLEDGED, 0, &err));
	assert_true(set_aside(n8n, QUIET_ACKNOWLEDGED, 0, &err));
	assert_int_equal(counted(&w), 1);
	assert_int_equal(w.source->server->problems, 1);
	assert_int_equal(needs_aside(w.store, NULL), 1);
	assert_true(need_says(n8n, words, sizeof(words)));
	assert_string_equal(words, "acknowledged until it changes");
	assert_ptr_equal(need_longest(w.store), db);
	say(&w, "n8n", HEALTH_BAD, "exit code 1, ran 9s");
	assert_int_equal(counted(&w), 1);
	say(&w, "n8n", HEALTH_BAD, "oom-killed");
	assert_int_equal(counted(&w), 2);
	/* the reason of before, within a minute */
	say(&w, "n8n", HEALTH_BAD, "exit code 1, ran 4s");
	assert_int_equal(counted(&w), 1);
	say(&w, "n8n", HEALTH_GOOD, NULL);
	say(&w, "n8n", HEALTH_BAD, "exit code 1, ran 3s");
	assert_int_equal(counted(&w), 2);
	assert_true(set_aside(n8n, QUIET_CLEARED, 0, &err));
	say(&w, "n8n", HEALTH_BAD, "oom-killed");
	assert_int_equal(counted(&w), 1);
	assert_true(take_back(n8n, &err));
	assert_false(take_back(n8n, &err));
	assert_int_equal(counted(&w), 2);
	world_destroy(&w);
}

static void a_snooze_ends_by_itself(void **state)
{
	struct world w = world_create();
	struct err err;
	size_t asks;
	(void)state;
	forget_file();
	struct row *row = say(&w, "n8n", HEALTH_ASKS, "may it?");
	assert_true(set_aside(row, QUIET_UNTIL, now_wall_ms() + 300, &err));
	assert_int_equal(counted(&w), 0);
	store_needs_count(w.store, &asks);
	assert_int_equal(asks, 0);
	turns_for(w.loop, 600);
	assert_int_equal(counted(&w), 1);
	store_needs_count(w.store, &asks);
	assert_int_equal(asks, 1);
	world_destroy(&w);
}

static bool file_has(const struct world *w, const char *id)
{
	char *path = xasprintf("%s/quiet.jsonl", w->settings->state_dir);
	char *text = state_read(path, 1 << 20, NULL, NULL);
	bool has = text && strstr(text, id);
	free(text);
	free(path);
	return has;
}

/* What was set aside is forgotten once its row is gone: not while its server cannot say so. */
static void what_is_gone_is_forgotten(void **state)
{
	static const struct {
		enum link_state link;
		int64_t up_ms; /* below 0: the clock was set back since */
		enum source_state source;
		bool forgotten;
	} all[] = {
		{ LINK_UP, HOUR, SOURCE_LIVE, true },
		{ LINK_UP, HOUR, SOURCE_DENIED, true },
		{ LINK_UP, 61000, SOURCE_LIVE, true },
		{ LINK_UP, 58000, SOURCE_LIVE, false },
		{ LINK_UP, 0, SOURCE_LIVE, false },
		{ LINK_UP, -9000, SOURCE_LIVE, true },
		{ LINK_LOST, HOUR, SOURCE_LIVE, false },
		{ LINK_UP, HOUR, SOURCE_STALE, false },
		{ LINK_UP, HOUR, SOURCE_FAILED, false },
		{ LINK_UP, HOUR, SOURCE_WAITING, false },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		forget_file();
		struct world w = world_create();
		struct err err;
		struct row *gone = say(&w, "gone", HEALTH_BAD, "exit code 1");
		struct row *there = say(&w, "there", HEALTH_BAD, "exit code 1");
		struct row *soon = say(&w, "soon", HEALTH_BAD, "exit code 1");
		assert_true(set_aside(gone, QUIET_ACKNOWLEDGED, 0, &err));
		assert_true(set_aside(there, QUIET_ACKNOWLEDGED, 0, &err));
		assert_true(set_aside(soon, QUIET_UNTIL, now_wall_ms() + 20, &err));
		store_row_remove(gone);
		w.source->server->link->state = all[i].link;
		w.source->server->link->since_ms = now_wall_ms() - all[i].up_ms;
		for (struct source *s = w.source->server->sources; s; s = s->next)
			s->state = SOURCE_ABSENT;
		w.source->state = all[i].source;
		turns_for(w.loop, 50);
		assert_false(file_has(&w, "sese/container/soon"));
		if (file_has(&w, "sese/container/gone") == all[i].forgotten)
			fail_msg("case %zu", i);
		assert_true(file_has(&w, "sese/container/there"));
		world_destroy(&w);
	}
}

static void a_restart_keeps_it(void **state)
{
	struct world w = world_create();
	struct err err;
	(void)state;
	forget_file();
	set_aside(say(&w, "n8n", HEALTH_BAD, "exit code 1"), QUIET_ACKNOWLEDGED, 0, &err);
	world_destroy(&w);
	w = world_create();
	struct row *row = store_row(w.source, &kind_container, "n8n", "n8n");
	assert_int_equal(row->health, HEALTH_UNKNOWN);
	/* the list knows less than the inspection that follows */
	source_set_state(w.source, SOURCE_WAITING, NULL);
	say(&w, "n8n", HEALTH_BAD, "ended");
	assert_int_equal(counted(&w), 0);
	say(&w, "n8n", HEALTH_BAD, "exit code 1");
	source_set_state(w.source, SOURCE_LIVE, NULL);
	assert_int_equal(counted(&w), 0);
	say(&w, "n8n", HEALTH_GOOD, NULL);
	counted(&w);
	world_destroy(&w);
	w = world_create();
	say(&w, "n8n", HEALTH_BAD, "exit code 1");
	assert_int_equal(counted(&w), 1);
	world_destroy(&w);
}

static char *file_text(const struct world *w)
{
	char *path = xasprintf("%s/quiet.jsonl", w->settings->state_dir);
	char *text = state_read(path, 1u << 20, NULL, NULL);
	free(path);
	assert_non_null(text);
	return text;
}

/* A reason that shows a secret: not on the disk, and the word of the user holds all the same. */
static void a_reason_is_masked(void **state)
{
	struct world w = world_create();
	struct err err;
	(void)state;
	forget_file();
	struct row *row = say(&w, "n8n", HEALTH_BAD, "refused DB_PASSWORD=hunter2 for root");
	assert_string_equal(row->why, "refused DB_PASSWORD=****** for root");
	assert_true(set_aside(row, QUIET_ACKNOWLEDGED, 0, &err));
	say(&w, "n8n", HEALTH_BAD, "refused DB_PASSWORD=hunter2 for root");
	assert_int_equal(counted(&w), 0);
	char *text = file_text(&w);
	assert_non_null(strstr(text, "n8n"));
	assert_null(strstr(text, "hunter2"));
	free(text);
	world_destroy(&w);
}

/* It was set before the clock was set back by a day, and then the condition clears. */
static void the_clock_was_set_back(void **state)
{
	struct world w = world_create();
	long long then = now_wall_ms() + 24 * HOUR;
	(void)state;
	forget_file();
	char *path = xasprintf("%s/quiet.jsonl", w.settings->state_dir);
	char *line = xasprintf("{\"id\":\"sese/container/n8n\",\"how\":\"acknowledged\","
	                       "\"health\":\"bad\",\"gist\":\"w\",\"at_ms\":%lld}\n",
	                       then);
	assert_true(state_write(path, line, strlen(line), NULL));
	say(&w, "n8n", HEALTH_BAD, "w");
	assert_int_equal(counted(&w), 0);
	/* something else is to be looked at again in a second, and then the clock is */
	w.settings->need_for = 1;
	say(&w, "x", HEALTH_GOOD, NULL);
	say(&w, "x", HEALTH_BAD, "w");
	assert_int_equal(counted(&w), 0);
	turns_for(w.loop, 1200);
	assert_int_equal(counted(&w), 1);
	say(&w, "n8n", HEALTH_GOOD, NULL);
	assert_int_equal(counted(&w), 1);
	char *text = file_text(&w);
	assert_string_equal(text, "");
	free(text);
	free(line);
	free(path);
	world_destroy(&w);
}

static void two_consoles_lose_nothing(void **state)
{
	struct world a = world_create(), b = world_create();
	struct err err;
	(void)state;
	forget_file();
	struct row *one = say(&a, "one", HEALTH_BAD, "w"), *two = say(&a, "two", HEALTH_BAD, "w");
	struct row *one_b = say(&b, "one", HEALTH_BAD, "w");
	struct row *two_b = say(&b, "two", HEALTH_BAD, "w");
	assert_true(set_aside(one, QUIET_ACKNOWLEDGED, 0, &err));
	assert_true(set_aside(two_b, QUIET_CLEARED, 0, &err));
	/* each follows the other one's file */
	assert_int_equal(counted(&a), 0);
	assert_int_equal(counted(&b), 0);
	assert_int_equal(two->need, NEED_QUIET);
	assert_true(take_back(one_b, &err));
	assert_int_equal(counted(&a), 1);
	assert_int_equal(one->need, NEED_STANDS);
	/* what clears in one is not what the other set since */
	say(&a, "two", HEALTH_GOOD, NULL);
	set_aside(two_b, QUIET_ACKNOWLEDGED, 0, &err);
	assert_int_equal(counted(&a), 1);
	assert_int_equal(counted(&b), 1);
	assert_int_equal(two_b->need, NEED_QUIET);
	world_destroy(&a);
	world_destroy(&b);
}

static void a_folder_that_takes_nothing_is_said(void **state)
{
	struct world w = world_create();
	struct err err = { 0 };
	char *path = xasprintf("%s/mocr/quiet.jsonl", home);
	(void)state;
	forget_file();
	struct row *row = say(&w, "n8n", HEALTH_BAD, "w");
	counted(&w);
	assert_int_equal(symlink("/nonexistent", path), 0);
	assert_false(set_aside(row, QUIET_ACKNOWLEDGED, 0, &err));
	assert_non_null(strstr(err.text, "is a link"));
	/* this console keeps it */
	assert_int_equal(counted(&w), 0);
	unlink(path);
	world_destroy(&w);
	size_t len;
	char *text = state_read(path, QUIET_FILE_MAX, &len, NULL);
	assert_non_null(strstr(text, "sese/container/n8n"));
	free(text);
	free(path);
}

static void json_says_what_is_set_aside(void **state)
{
	struct world w = world_create();
	struct err err;
	(void)state;
	forget_file();
	set_aside(say(&w, "n8n", HEALTH_BAD, "w"), QUIET_CLEARED, 0, &err);
	char *text = report_json(w.store);
	assert_non_null(strstr(text, "\"set_aside\""));
	assert_non_null(strstr(text, "\"snoozed_until_clear\""));
	free(text);
	world_destroy(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_that_grow_are_the_same_reason),
		cmocka_unit_test(what_says_something_else_is_another_reason),
		cmocka_unit_test(a_reason_of_any_length_has_a_gist),
		cmocka_unit_test(it_comes_back_when_it_should),
		cmocka_unit_test(clear_is_what_was_seen_or_lasts),
		cmocka_unit_test(morning_is_the_next_one),
		cmocka_unit_test(a_clock_that_was_set_back_makes_nothing_longer),
		cmocka_unit_test(the_file_gives_back_what_was_written),
		cmocka_unit_test(rubbish_in_the_file_is_left_out),
		cmocka_unit_test(acknowledged_leaves_and_comes_back),
		cmocka_unit_test(a_snooze_ends_by_itself),
		cmocka_unit_test(what_is_gone_is_forgotten),
		cmocka_unit_test(a_restart_keeps_it),
		cmocka_unit_test(a_reason_is_masked),
		cmocka_unit_test(the_clock_was_set_back),
		cmocka_unit_test(two_consoles_lose_nothing),
		cmocka_unit_test(a_folder_that_takes_nothing_is_said),
		cmocka_unit_test(json_says_what_is_set_aside),
	};
	return cmocka_run_group_tests(tests, make_home, remove_home);
}
