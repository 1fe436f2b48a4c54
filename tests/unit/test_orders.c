/* Orders from their start to what is kept of them, the followers of a log, the set of a log's
 * targets. The store's servers are links made here; nothing is connected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/servers/replay.h"
#include "backends/base/mem.h"
#include "backends/containers/container.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/logs/logs.h"
#include "backends/services/unit.h"
#include "backends/store/action.h"
#include "backends/store/activity.h"
#include "backends/store/log.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"

static struct {
	struct settings *settings;
	struct loop *loop;
	struct store *store;
	struct server *server;
	struct row *row;
	struct order *run; /* the last that was started */
	int ended, steps;
} w;

static int make_world(void **state)
{
	memset(&w, 0, sizeof(w));
	w.settings = settings_load("/dev/null", NULL);
	free(w.settings->state_dir);
	w.settings->state_dir = NULL;
	w.loop = loop_create();
	w.store = store_create(w.loop, NULL, w.settings);
	w.server = server_open_replay(w.store, "sese");
	w.server->link->state = LINK_UP;
	struct source *docker = server_source(w.server, "docker");
	w.row = store_row(docker, &kind_container, "web", "web");
	store_row(docker, &kind_container, "db-1", "db-1");
	store_row(docker, &kind_container, "db-2", "db-2");
	store_row(server_source(w.server, "systemd"), &kind_unit, "caddy.service", "caddy.service");
	return 0;
}

static int end_world(void **state)
{
	store_destroy(w.store);
	loop_turn(w.loop, 0);
	loop_destroy(w.loop);
	settings_destroy(w.settings);
	return 0;
}

/* --- orders -------------------------------------------------------------- */

static void run(struct order *order)
{
	w.run = order;
}

static bool never(const struct row *row)
{
	return false;
}

static void command(const struct row *row, char *buf, size_t size)
{
	snprintf(buf, size, "docker restart %s", row->name);
}

static bool fits_x(const struct row *row, const char *argument, struct err *err)
{
	return (argument && !strcmp(argument, "x")) || err_set(err, ERR_USAGE, "expected x");
}

static const struct action restart = { .name = "a-restart",
	                               .verb = "restart",
	                               .run = run,
	                               .command = command,
	                               .flags = ACTION_CHANGES };
static const struct action look = { .name = "a-look", .verb = "look", .run = run };
static const struct action useless = {
	.name = "a-useless", .verb = "useless", .run = run, .applies = never
};
static const struct action particular = {
	.name = "a-particular", .verb = "particular", .run = run, .fits = fits_x
};

static void on_done(struct order *order, void *arg)
{
	w.ended++;
}

static void on_step(struct order *order, void *arg)
{
	w.steps++;
}

static void refused(const struct action *a, const char *argument, enum err_code code,
                    const char *why)
{
	struct err err = { 0 };
	assert_null(order_start(w.row, a, argument, &err));
	assert_int_equal(err.code, code);
	assert_string_equal(err.text, why);
}

/* Why an action does not fit, in the words of the kind: the console and `mocr do` say the same. */
static void test_why_not_now(void **state)
{
	struct container *web = ROW_AS(container, w.row);
	struct row *caddy = store_find(w.store, "sese/unit/caddy.service");
	struct unit *u = ROW_AS(unit, caddy);
	struct check {
		struct row *row;
		const char *verb;
		enum container_state container;
		const char *active, *file, *load, *why;
	} checks[] = {
		{ w.row, "start", CONTAINER_RUNNING, "", "", "", "start: web runs already" },
		{ w.row, "start", CONTAINER_PAUSED, "", "", "",
		  "start: web is paused; unpause resumes it" },
		{ w.row, "stop", CONTAINER_EXITED, "", "", "", "stop: web does not run" },
		{ w.row, "kill", CONTAINER_DEAD, "", "", "", "kill: web does not run" },
		{ w.row, "pause", CONTAINER_PAUSED, "", "", "", "pause: web is paused already" },
		{ w.row, "unpause", CONTAINER_RUNNING, "", "", "", "unpause: web is not paused" },
		{ w.row, "remove", CONTAINER_RUNNING, "", "", "",
		  "remove: web runs; stop it first" },
		{ caddy, "start", 0, "active", "enabled", "loaded",
		  "start: caddy.service runs already" },
		{ caddy, "start", 0, "inactive", "masked", "masked",
		  "start: caddy.service is masked; unmask it first" },
		{ caddy, "restart", 0, "inactive", "enabled", "loaded",
		  "restart: caddy.service does not run; start it" },
		{ caddy, "stop", 0, "failed", "enabled", "loaded",
		  "stop: caddy.service does not run" },
		{ caddy, "enable", 0, "active", "enabled", "loaded",
		  "enable: caddy.service is enabled already" },
		{ caddy, "disable", 0, "active", "disabled", "loaded",
		  "disable: caddy.service is disabled already" },
		{ caddy, "unmask", 0, "active", "enabled", "loaded",
		  "unmask: caddy.service is not masked" },
		{ caddy, "reset-failed", 0, "active", "enabled", "loaded",
		  "reset-failed: caddy.service has not failed" },
	};
	u->can_start = u->can_stop = u->can_reload = true;
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		const struct check *c = &checks[i];
		const struct action *a = action_find(c->row->kind, c->verb);
		struct err err = { 0 };
		web->state = c->container;
		snprintf(u->active, sizeof(u->active), "%s", c->active);
		snprintf(u->file_state, sizeof(u->file_state), "%s", c->file);
		snprintf(u->load, sizeof(u->load), "%s", c->load);
		assert_non_null(a);
		assert_false(action_applies_to(a, c->row));
		assert_false(action_not_now(a, c->row, &err));
		assert_string_equal(err.text, c->why);
	}
}

static void test_what_may_start(void **state)
{
	struct err err = { 0 };
	ROW_AS(container, w.row)->state = CONTAINER_EXITED;
	refused(&useless, NULL, ERR_USAGE,
	        "useless: web is exited, and that needs it running; start it first");
	ROW_AS(container, w.row)->state = CONTAINER_RUNNING;
	refused(&useless, NULL, ERR_USAGE,
	        "useless: not possible for web in its present state; possible: restart, stop, "
	        "kill, pause");
	refused(&particular, NULL, ERR_USAGE, "expected x");
	w.settings->read_only = true;
	refused(&restart, NULL, ERR_DENIED, "restart: not done, mocr was started read-only");
	/* changes nothing */
	struct order *order = order_start(w.row, &look, NULL, &err);
	assert_non_null(order);
	order_end(order, NULL, NULL);
	w.settings->read_only = false;
	w.server->link->state = LINK_LOST;
	refused(&restart, NULL, ERR_LOST, "restart: sese is lost; [Ctrl-R] tries now");
	/* a server's own need no link */
	order = order_start(&w.server->row, &look, NULL, &err);
	assert_non_null(order);
	order_end(order, NULL, NULL);
	w.server->link->state = LINK_UP;
	order = order_start(w.row, &particular, "x", &err);
	assert_string_equal(order->argument, "x");
	assert_string_equal(order->command, "particular");
	refused(&restart, NULL, ERR_REFUSED, "restart: \"particular\" still runs on web");
	order_end(order, NULL, NULL);
	assert_non_null(order_start(w.row, &restart, NULL, &err));
	order_end(w.run, NULL, NULL);
}

static void ends_as(const struct err *err, const char *output, enum order_state as,
                    const char *told)
{
	struct err none = { 0 };
	struct order *order = order_start(w.row, &restart, NULL, &none);
	order->done = on_done;
	int before = w.ended;
	order_end(order, err, output);
	assert_int_equal(order->state, as);
	assert_int_equal(w.ended, before + 1);
	order_end(order, NULL, "again"); /* once is enough */
	assert_int_equal(w.ended, before + 1);
	assert_int_equal(order->state, as);
	assert_string_equal(activity_get(w.store, 0)->text, told);
}

static void test_how_orders_end(void **state)
{
	struct err failed, cancelled, none = { 0 };
	err_set(&failed, ERR_REFUSED, "no such container");
	err_set(&cancelled, ERR_CANCELLED, "you said so");
	ends_as(NULL, NULL, ORDER_DONE, "restart: done after 0s");
	ends_as(&none, "well\033[31m", ORDER_DONE, "restart: done after 0s: well");
	ends_as(&failed, NULL, ORDER_FAILED, "restart: failed after 0s: no such container");
	assert_string_equal(w.row->order->err.text, "no such container");
	assert_int_equal(activity_get(w.store, 0)->health, HEALTH_BAD);
	ends_as(&cancelled, NULL, ORDER_CANCELLED, "restart: given up after 0s: you said so");
	assert_int_equal(activity_get(w.store, 0)->health, HEALTH_IDLE);
	assert_string_equal(activity_get(w.store, 1)->text, "restart: docker restart web");
	assert_int_equal(activity_get(w.store, 1)->health, HEALTH_BUSY);
}

static void test_steps_of_an_order(void **state)
{
	struct err err;
	struct order *order = order_start(w.row, &restart, NULL, &err);
	order->at = on_step;
	order_progress(order, "step %d\033[31m", 1);
	assert_string_equal(order->progress, "step 1");
	/* the same is no news */
	order_progress(order, "step %d", 1);
	assert_int_equal(w.steps, 1);
	order_progress(order, "step %d", 2);
	assert_int_equal(w.steps, 2);
	order_end(order, NULL, NULL);
}

/* The newest stay, and those that run; a server that goes ends what runs on it and nothing else. */
static void test_which_orders_are_kept(void **state)
{
	struct err err;
	struct server *other = server_open_replay(w.store, "sese-2");
	other->link->state = LINK_UP;
	struct row *elsewhere = store_row(server_source(other, "docker"), &kind_container, "web",
	                                  "web");
	struct order *far = order_start(elsewhere, &restart, NULL, &err);
	for (int i = 0; i < 500; i++) {
		assert_non_null(order_start(w.row, &look, NULL, &err));
		order_end(w.run, NULL, NULL);
	}
	assert_int_equal(far->state, ORDER_RUNNING);
	assert_ptr_equal(elsewhere->order, far);
	struct order *here = order_start(w.row, &restart, NULL, &err);
	assert_ptr_equal(order_row(here), w.row);
	server_close(w.server);
	loop_turn(w.loop, 0);
	assert_string_equal(far->err.text, "");
	assert_int_equal(far->state, ORDER_RUNNING);
	order_end(far, NULL, NULL);
}

/* --- followers ----------------------------------------------------------- */

struct fake {
	struct follow follow;
	int paused, unpaused, stopped;
	unsigned lines;
	int64_t since;
	bool says, owes;
};

static void fake_stop(struct follow *f)
{
	((struct fake *)f)->stopped++;
}
static bool fake_owes(const struct follow *f)
{
	return ((const struct fake *)f)->owes;
}

static void fake_pause(struct follow *f, bool on)
{
	struct fake *fake = (struct fake *)f;
	fake->paused += on;
	fake->unpaused += !on;
}

static bool fake_lines(struct follow *f, unsigned lines, const char **why)
{
	((struct fake *)f)->lines += lines;
	*why = "nothing more";
	return ((struct fake *)f)->says;
}

static bool fake_reach(struct follow *f, int64_t since_us, const char **why)
{
	((struct fake *)f)->since = since_us;
	return ((struct fake *)f)->says;
}

static void test_followers_of_a_log(void **state)
{
	struct log *log = log_create(0);
	struct fake a = { 0 }, b = { 0 }, mute = { 0 };
	struct fake *all[] = { &a, &b, &mute };
	const char *why = NULL;
	assert_false(log_older(log, 10, &why));
	assert_false(log_owed(log));
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		all[i]->follow = (struct follow){ .log = log,
			                          .source = log_source_add(log, "x"),
			                          .stop = fake_stop };
		if (all[i] != &mute) {
			all[i]->follow.pause = fake_pause;
			all[i]->follow.older = fake_lines;
			all[i]->follow.previous = fake_lines;
			all[i]->follow.reach = fake_reach;
			all[i]->follow.owes = fake_owes;
		}
		log_follow(log, &all[i]->follow);
		assert_int_equal(log_followers(log), i + 1);
	}
	log_pause(log, true);
	log_pause(log, true);
	assert_int_equal(a.paused, 1);
	log_pause(log, false);
	assert_int_equal(b.unpaused, 1);
	assert_false(log_older(log, 10, &why));
	assert_string_equal(why, "nothing more");
	/* all are asked, and one that has more is enough */
	a.says = true;
	assert_true(log_older(log, 10, &why));
	assert_int_equal(a.lines, 20);
	assert_int_equal(b.lines, 20);
	assert_true(log_previous(log, 5, &why));
	assert_int_equal(b.lines, 25);
	assert_true(log_reach(log, 77, &why));
	assert_int_equal(b.since, 77);
	a.says = false;
	b.says = true;
	assert_true(log_previous(log, 5, &why));
	assert_true(log_reach(log, 78, &why));
	assert_int_equal(a.since, 78);
	b.says = false;
	assert_false(log_previous(log, 5, &why));
	assert_false(log_reach(log, 79, &why));
	assert_false(log_owed(log));
	b.owes = true;
	assert_true(log_owed(log));
	log_unfollow(&b.follow);
	assert_int_equal(b.stopped, 1);
	assert_false(log_owed(log));
	assert_int_equal(log_followers(log), 2);
	log_set_since(log, 5);
	log_set_until(log, 6);
	assert_int_equal(log_since(log), 5);
	assert_int_equal(log_until(log), 6);
	log_destroy(log);
	assert_int_equal(a.stopped, 1);
	assert_int_equal(mute.stopped, 1);
	assert_int_equal(b.stopped, 1);
}

static uint64_t put(struct log *log, unsigned source, int64_t time_us, const char *text)
{
	return log_add(log, source, time_us, LOG_LEVEL_INFO, LOG_LINE, text, strlen(text));
}

static void texts(const struct log *log, const char *expected)
{
	char all[256] = "";
	for (uint64_t at = log_first(log); at && at <= log_last(log); at++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s ",
		         log_get(log, at)->text);
	assert_string_equal(all, expected);
}

/* A line that was left out stands right before the one it belongs to, however many of its time
 * there are. */
static void test_lines_that_were_left_out(void **state)
{
	struct log *log = log_create(0);
	unsigned s = log_source_add(log, "x");
	put(log, s, 100, "a");
	uint64_t b = put(log, s, 100, "b");
	uint64_t c = put(log, s, 200, "c");
	log_add_before(log, b, s, 100, LOG_LEVEL_INFO, LOG_LINE, "a2", 2);
	log_add_before(log, c, s, 200, LOG_LEVEL_INFO, LOG_LINE, "b2", 2);
	log_add_before(log, c, s, 200, LOG_LEVEL_INFO, LOG_LINE, "b3", 2);
	texts(log, "a a2 b b2 b3 c ");
	/* its place is gone: a line like others */
	log_add_before(log, 12345, s, 150, LOG_LEVEL_INFO, LOG_LINE, "lost", 4);
	texts(log, "a a2 b lost b2 b3 c ");
	log_destroy(log);
}

static void test_holding_what_is_settled(void **state)
{
	struct log *log = log_create(0);
	int wait;
	unsigned s = log_source_add(log, "x");
	put(log, s, 100, "a");
	assert_int_equal(log_settled(log, &wait), 1);
	log_hold(log, true);
	log_hold(log, true);
	put(log, s, 200, "b");
	assert_int_equal(log_settled(log, &wait), 1);
	log_hold(log, false);
	assert_int_equal(log_settled(log, &wait), 1); /* calls are counted */
	log_hold(log, false);
	log_hold(log, false); /* one too many is none */
	assert_int_equal(log_settled(log, &wait), 2);
	log_hold(log, true);
	put(log, s, 300, "c");
	assert_int_equal(log_settled(log, &wait), 2);
	log_hold(log, false);
	log_source_set_wavers(log, s, true);
	put(log, s, 400, "d");
	assert_int_equal(log_settled(log, &wait), 0);
	assert_true(wait > 0 && wait <= LOG_SETTLE_MS);
	log_source_set_wavers(log, s, false);
	assert_int_equal(log_settled(log, &wait), 4);
	log_source_set_wavers(log, 99, true); /* no such source */
	assert_int_equal(log_settled(log, &wait), 4);
	log_destroy(log);
}

/* --- the set of targets -------------------------------------------------- */

static void test_targets_of_a_log(void **state)
{
	char why[256];
	struct log *log = log_create(0);
	struct log_set *set = log_set_create(w.store, log);
	assert_false(log_set_add(set, "sese/container5/x", why, sizeof(why)));
	assert_null(log_set_idle(set));
	assert_true(log_set_add(set, "s*/containers/db-?", why, sizeof(why)));
	log_set_refresh(set);
	assert_null(log_set_idle(set));
	assert_true(log_set_add(set, "sese/services/caddy", why, sizeof(why)));
	log_set_refresh(set);
	assert_null(log_set_idle(set));
	/* by the id behind the kind, where a name alone would not do */
	store_row(server_source(w.server, "systemd"), &kind_unit, "user:notes.service",
	          "notes.service");
	static const char *const taken[] = { "sese/services/user:notes", "sese/services/notes",
		                             "sese/services/user:notes.service" };
	for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
		struct log_set *one = log_set_create(w.store, log);
		assert_true(log_set_add(one, taken[i], why, sizeof(why)));
		log_set_refresh(one);
		assert_null(log_set_idle(one));
		log_set_destroy(one);
	}
	static const char *const idle[] = { "sese/services/ser:notes",
		                            "pi/containers/*",
		                            "sese/containers/web2",
		                            "sese/services/none",
		                            "pi",
		                            "p?/kernel" };
	for (size_t i = 0; i < ARRAY_LEN(idle); i++) {
		struct log_set *one = log_set_create(w.store, log);
		assert_true(log_set_add(one, idle[i], why, sizeof(why)));
		assert_int_equal(log_set_refresh(one), 0);
		assert_string_equal(log_set_idle(one), idle[i]);
		log_set_destroy(one);
	}
	for (int i = 0; i < 62; i++)
		assert_true(log_set_add(set, "sese/services/caddy", why, sizeof(why)));
	assert_false(log_set_add(set, "sese", why, sizeof(why)));
	assert_string_equal(why, "at most 64 targets make one log");
	log_set_destroy(set);
	log_set_destroy(NULL);
	log_destroy(log);
}

/* Each log is followed once, and no more of them than one log has places for. */
static void test_places_of_a_log(void **state)
{
	static const struct {
		int units;
		size_t followed, with_journal;
	} all[] = { { 1, 1, 2 }, { 248, 248, 249 }, { 249, 249, 250 }, { 250, 250, 250 },
		    { 251, 250, 250 } };
	struct source *systemd = server_source(w.server, "systemd");
	char why[256], name[32];
	int n = 1;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct log *log = log_create(0);
		struct log_set *set = log_set_create(w.store, log);
		for (; n < all[i].units; n++) {
			snprintf(name, sizeof(name), "u%d.service", n);
			store_row(systemd, &kind_unit, name, name);
		}
		assert_true(log_set_add(set, "sese/services", why, sizeof(why)));
		assert_int_equal(log_set_refresh(set), all[i].followed);
		assert_int_equal(log_set_refresh(set), all[i].followed);
		assert_int_equal(log_sources(log), all[i].followed);
		assert_true(log_set_add(set, "sese", why, sizeof(why)));
		assert_int_equal(log_set_refresh(set), all[i].with_journal);
		assert_int_equal(log_set_refresh(set), all[i].with_journal);
		assert_int_equal(log_sources(log), all[i].with_journal);
		assert_null(log_set_idle(set));
		log_set_destroy(set);
		log_destroy(log);
	}
}

static bool takes_logs(const struct row *row, const char *word)
{
	(void)row;
	return strcmp(word, "logs") == 0;
}

static int asked;
static struct follow *follow_logs(struct row *row, const char *query, struct log *log,
                                  struct err *err)
{
	asked++;
	if (strcmp(query, "wrong") != 0)
		return server_follow(row, log, err);
	err_set(err, ERR_USAGE, "no such query");
	return NULL;
}

/* A query goes to each database of this name, once. */
static void test_queries_of_a_log(void **state)
{
	static const struct kind database = { .name = "database",
		                              .plural = "databases",
		                              .row_size = sizeof(struct row),
		                              .takes_query = takes_logs,
		                              .follow_query = follow_logs };
	static const struct {
		const char *target;
		size_t followed;
		int asked;
		const char *says;
	} all[] = {
		{ "logs:all", 2, 2, NULL },
		{ "logs:wrong", 0, 4, "no such query" },
		{ "other:all", 0, 0, NULL },
	};
	char why[256];
	struct source *source = server_source(w.server, "docker");
	store_row(source, &database, "one", "one");
	store_row(source, &database, "two", "two");
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct log *log = log_create(0);
		struct log_set *set = log_set_create(w.store, log);
		asked = 0;
		assert_true(log_set_add(set, all[i].target, why, sizeof(why)));
		assert_int_equal(log_set_refresh(set), all[i].followed);
		assert_int_equal(log_set_refresh(set), all[i].followed);
		assert_int_equal(asked, all[i].asked);
		assert_int_equal(log_set_idle(set) != NULL, !all[i].asked);
		if (all[i].says)
			assert_string_equal(log_status(log), all[i].says);
		log_set_destroy(set);
		log_destroy(log);
	}
}

#define WORLD(t) cmocka_unit_test_setup_teardown(t, make_world, end_world)
int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD(test_why_not_now),
		WORLD(test_what_may_start),
		WORLD(test_how_orders_end),
		WORLD(test_steps_of_an_order),
		WORLD(test_which_orders_are_kept),
		cmocka_unit_test(test_followers_of_a_log),
		cmocka_unit_test(test_lines_that_were_left_out),
		cmocka_unit_test(test_holding_what_is_settled),
		WORLD(test_targets_of_a_log),
		WORLD(test_places_of_a_log),
		WORLD(test_queries_of_a_log),
	};
	return cmocka_run_group_tests_name("orders", tests, NULL, NULL);
}
