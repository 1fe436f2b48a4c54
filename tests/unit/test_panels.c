/* Panels: what rows made by hand look like in cells, ages that know when they change, hostile text,
 * sentences for nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/apps/app.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/containers/container.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/services/unit.h"
#include "backends/sessions/session.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"
#include "backends/systems/system.h"
#include "backends/vitals/vitals.h"
#include "backends/vpn/peer.h"
#include "panels/panels.h"

static const struct action restart_action = { .name = "container-restart",
	                                      .verb = "restart",
	                                      .doing = "restarting" };
static const struct backend docker = { .name = "docker" };

/* One server with one container and one unit, on the stack of each test. */
struct scene {
	struct settings settings;
	struct store *store;
	struct loop *loop;
	struct link link;
	struct server server;
	struct source source;
	struct container ctr;
	struct unit unit;
	struct vitals vitals;
};

static void scene_row(struct scene *s, struct row *row, const struct kind *kind, const char *name)
{
	row->kind = kind;
	row->server = &s->server;
	row->source = kind == &kind_server ? NULL : &s->source;
	row->id = xasprintf("sese/%s/%s", kind->name, name);
	row->name = wash_dup(name, 0);
	row->health = HEALTH_GOOD;
}

static int set_up(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));
	s->settings.disk_warn = 80;
	s->settings.memory_warn = s->settings.cpu_warn = 90;
	s->settings.vitals_interval = 3;
	s->settings.state_dir = xstrdup("/dev/null/none");
	s->loop = loop_create();
	s->store = store_create(s->loop, NULL, &s->settings);
	s->link = (struct link){
		.state = LINK_UP, .latency_ms = 12, .loop = s->loop, .since_ms = now_wall_ms()
	};
	s->server = (struct server){
		.name = xstrdup("sese"), .store = s->store, .link = &s->link, .sources = &s->source
	};
	s->source = (struct source){
		.backend = &docker, .server = &s->server, .store = s->store, .state = SOURCE_LIVE
	};
	scene_row(s, &s->server.row, &kind_server, "sese");
	scene_row(s, &s->ctr.row, &kind_container, "javisi_n8n");
	scene_row(s, &s->unit.row, &kind_unit, "caddy.service");
	s->ctr.cpu = s->ctr.mem = s->ctr.net_rx = s->ctr.net_tx = -1;
	s->ctr.restarts = s->ctr.exit_code = -1;
	s->unit.memory = s->unit.cpu_ns = s->unit.restarts = -1;
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	struct row *rows[] = { &s->server.row, &s->ctr.row, &s->unit.row };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		free(rows[i]->id);
		free(rows[i]->name);
	}
	store_destroy(s->store);
	loop_destroy(s->loop);
	free(s->server.name);
	free(s->settings.state_dir);
	free(s);
	return 0;
}

static struct cell cell_of(const struct panel *p, const char *column, const struct row *r)
{
	struct cell c = { 0 };
	for (const struct column *col = p->columns; col->name; col++)
		if (!strcmp(col->name, column)) {
			column_cell(col, r, &c);
			return c;
		}
	fail_msg("no column %s", column);
	return c;
}

static void check(const struct panel *p, const char *column, const struct row *r, const char *text)
{
	struct cell c = cell_of(p, column, r);
	assert_string_equal(c.text, text);
}

static void test_container_states(void **state)
{
	struct scene *s = *state;
	struct container *k = &s->ctr;
	k->state = CONTAINER_RUNNING;
	k->health = CTR_HEALTH_HEALTHY;
	k->started_ms = now_wall_ms() - 34 * 3600000LL - 1000;
	check(&panel_containers, "state", &k->row, "healthy 34h");
	k->health = CTR_HEALTH_NONE;
	check(&panel_containers, "state", &k->row, "up 34h");
	k->state = CONTAINER_EXITED;
	k->exit_code = 137;
	k->oom = true;
	k->row.health = HEALTH_BAD;
	k->finished_ms = now_wall_ms() - 180500;
	check(&panel_containers, "state", &k->row, "exited 137 oom 3m");
	assert_int_equal(cell_of(&panel_containers, "state", &k->row).tone, TONE_BAD);
}

static void test_unknown_is_not_zero(void **state)
{
	struct scene *s = *state;
	check(&panel_containers, "cpu", &s->ctr.row, "-");
	check(&panel_containers, "mem", &s->ctr.row, "-");
	check(&panel_containers, "net", &s->ctr.row, "-");
	check(&panel_containers, "restarts", &s->ctr.row, "-");
	check(&panel_services, "mem", &s->unit.row, "-");
	check(&panel_services, "cpu", &s->unit.row, "-");
	check(&panel_fleet, "load", &s->server.row, "-");
	check(&panel_fleet, "disk", &s->server.row, "-");
	s->ctr.cpu = s->ctr.mem = 0;
	check(&panel_containers, "cpu", &s->ctr.row, "0.0");
	check(&panel_containers, "mem", &s->ctr.row, "0");
}

/* The text must differ at the moment a cell names, and not a second before. */
static void test_ages_know_when_they_change(void **state)
{
	static const int64_t ages_s[] = { 0,    5,    59,     60,     3599,    3600,
		                          7199, 7200, 172799, 172800, 1209600, 9999999 };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ages_s); i++) {
		struct cell c = { 0 };
		char before[HUMAN_SIZE], after[HUMAN_SIZE];
		int64_t since = now_wall_ms() - ages_s[i] * 1000 - 500;
		cell_age(&c, since);
		assert_true(c.changes_ms > now_wall_ms() - 10);
		human_age(after, c.changes_ms - since);
		human_age(before, c.changes_ms - since - 1);
		assert_string_not_equal(before, after);
		assert_string_equal(before, c.text);
	}
	struct cell c = { 0 };
	cell_age(&c, 0);
	assert_string_equal(c.text, "");
	assert_int_equal(c.changes_ms, 0);
	cell_age(&c, now_wall_ms() + 3600000); /* a clock that is ahead */
	assert_string_equal(c.text, "0s");
}

static void test_orders(void **state)
{
	struct scene *s = *state;
	struct order o = { .action = &restart_action,
		           .state = ORDER_RUNNING,
		           .started_ms = now_wall_ms() - 3200 };
	s->ctr.row.order = &o;
	check(&panel_containers, "state", &s->ctr.row, "restarting 3s");
	assert_true(cell_of(&panel_containers, "state", &s->ctr.row).changes_ms <=
	            now_wall_ms() + 1000);
	o.state = ORDER_FAILED;
	o.ended_ms = now_wall_ms() - 1000;
	err_set(&o.err, ERR_REFUSED, "no such image");
	check(&panel_containers, "state", &s->ctr.row, "restart failed: no such image");
	o.state = ORDER_DONE;
	check(&panel_containers, "state", &s->ctr.row, "restart: done");
	o.ended_ms = now_wall_ms() - CELL_ORDER_DONE_MS - 1000;
	s->ctr.state = CONTAINER_PAUSED;
	check(&panel_containers, "state", &s->ctr.row, container_state_name(CONTAINER_PAUSED));
	s->ctr.row.order = NULL;
}

static void test_fleet(void **state)
{
	struct scene *s = *state;
	const struct row *r = &s->server.row;
	check(&panel_fleet, "link", r, "12 ms");
	check(&panel_fleet, "containers", r, "-");
	struct kin kin = { .kind = &kind_container };
	s->server.kin = &kin;
	s->server.n_kin = 1;
	kin.by_health[HEALTH_GOOD] = 10;
	kin.by_health[HEALTH_BUSY] = 2;
	kin.by_health[HEALTH_IDLE] = 1;
	check(&panel_fleet, "containers", r, "12/13");
	kin.by_health[HEALTH_BUSY] = 0;
	kin.by_health[HEALTH_ATTENTION] = 2;
	check(&panel_fleet, "containers", r, "12/13 ! 2");
	s->vitals = (struct vitals){ .cpus = 4,
		                     .load1 = 0.42,
		                     .cpu = 97,
		                     .mem_total = 100,
		                     .mem_used = 41,
		                     .n_disks = 1,
		                     .worst_disk = 0,
		                     .disks = { { .percent = 88 } },
		                     .uptime_s = 90000,
		                     .wall_ms = now_wall_ms() };
	s->server.vitals = &s->vitals;
	check(&panel_fleet, "load", r, "0.42");
	/* Six minutes in six cells: the means of whole parts of the ring, the newest part as far as
	 * it has come. */
	float *ring = s->vitals.cpu_history;
	for (size_t i = 0; i < VITALS_HISTORY; i++) {
		if (i < 20)
			ring[i] = 0;
		else if (i < 40)
			ring[i] = i % 2 ? 100 : 0;
		else if (i < 60)
			ring[i] = -1;
		else
			ring[i] = 100;
	}
	s->vitals.n_history = s->vitals.next_history = 50;
	check(&panel_fleet, "spark", r, "▁▅ ");
	s->vitals.n_history = VITALS_HISTORY;
	s->vitals.next_history = 20;
	check(&panel_fleet, "spark", r, "▅ ███▁");
	/* the second part is being written again: its old half is not shown */
	s->vitals.next_history = 30;
	check(&panel_fleet, "spark", r, " ███▁▅");
	struct doc doc;
	doc_init(&doc);
	kind_server.detail(&s->server.row, &doc, false);
	const char *processor = NULL;
	for (size_t i = 0; i < doc.n; i++)
		if (doc.lines[i].label && !strcmp(doc.lines[i].label, "processor"))
			processor = doc.lines[i].text;
	assert_string_equal(processor, "97 %; 0 to 100 % in the last 6m");
	doc_finish(&doc);
	s->vitals.n_history = s->vitals.next_history = 0;
	s->vitals.load1 = 14.684;
	check(&panel_fleet, "load", r, "14.68");
	s->vitals.load1 = 1234.5;
	check(&panel_fleet, "load", r, "1234");
	check(&panel_fleet, "cpu", r, "! 97");
	check(&panel_fleet, "mem", r, "41");
	check(&panel_fleet, "disk", r, "! 88");
	check(&panel_fleet, "uptime", r, "25h");
	/* What the vitals told is old when they fell silent, link or not, and stays within its five
	 * cells. */
	s->source.state = SOURCE_STALE;
	const struct backend *engine = s->source.backend;
	static const struct backend only_vitals = { .name = "vitals" };
	s->source.backend = &only_vitals;
	check(&panel_fleet, "load", r, "~1234");
	s->vitals.load1 = 14.684;
	check(&panel_fleet, "load", r, "~14.7");
	check(&panel_fleet, "cpu", r, "~! 97");
	check(&panel_fleet, "mem", r, "~41");
	check(&panel_fleet, "disk", r, "~! 88");
	s->source.backend = engine;
	check(&panel_fleet, "mem", r, "41");
	s->source.state = SOURCE_LIVE;
	/* A backend that fell silent while the link is up is told, and what it counted is marked as
	 * old. */
	assert_string_equal(cell_of(&panel_fleet, "note", r).text, "");
	s->source.state = SOURCE_STALE;
	err_set(&s->source.err, ERR_LOST, "Docker ended its stream of events");
	assert_string_equal(cell_of(&panel_fleet, "note", r).text,
	                    "Docker ended its stream of events");
	check(&panel_fleet, "containers", r, "~12/13 ! 2");
}

static void test_lost_server(void **state)
{
	struct scene *s = *state;
	const struct row *r = &s->server.row;
	s->link.state = LINK_LOST;
	s->link.latency_ms = -1;
	s->link.since_ms = now_wall_ms() - 500; /* the last try; it is down for longer */
	s->source.fresh_ms = now_wall_ms() - 3 * 3600000 - 500;
	s->link.retry_at_ms = loop_now(s->loop) + 40000;
	err_set(&s->link.err, ERR_TIMEOUT, "connect timed out after 5 s");
	struct kin kin = { .kind = &kind_container, .by_health = { [HEALTH_GOOD] = 6 } };
	s->server.kin = &kin;
	s->server.n_kin = 1;
	check(&panel_fleet, "link", r, "lost");
	check(&panel_fleet, "containers", r, "~6/6");
	check(&panel_fleet, "age", r, "3h old");
	struct cell note = cell_of(&panel_fleet, "note", r);
	assert_non_null(strstr(note.text, "3h: connect timed out after 5 s; next try in "));
	assert_true(note.changes_ms > 0 && note.changes_ms <= now_wall_ms() + 1500);
	/* One that was never heard of has only its sentence, which does not say again what the
	 * link's column says. */
	struct cell only = { 0 };
	assert_false(panel_fleet.instead(r, &only));
	s->source.fresh_ms = 0;
	assert_true(panel_fleet.instead(r, &only));
	assert_non_null(strstr(only.text, "0s: connect timed out after 5 s; next try in "));
	assert_null(strstr(only.text, "lost"));
	s->server.row.health = HEALTH_BAD; /* for longer than since the last try */
	s->server.row.health_ms = now_wall_ms() - 8 * 60000 - 500;
	assert_true(panel_fleet.instead(r, &only));
	assert_non_null(strstr(only.text, "8m: connect timed out"));
	s->server.row.health_ms = 0;
	assert_string_equal(cell_of(&panel_fleet, "note", r).text, "");
	panel_fleet.brief(r, &only);
	assert_non_null(strstr(only.text, "lost 0s: connect timed out"));
	s->source.state = SOURCE_STALE;
	s->source.fresh_ms = now_wall_ms() - 4 * 60000 - 500;
	check(&panel_containers, "age", &s->ctr.row, "4m old");
}

static void test_death_strip(void **state)
{
	struct scene *s = *state;
	struct container *k = &s->ctr;
	struct cell lines[PANEL_STRIP_MAX] = { 0 };
	char lines_text[] = "one\ntwo\nfatal error: runtime: out of memory";
	assert_int_equal(panel_containers.strip(&k->row, lines, 4), 0);
	k->state = CONTAINER_EXITED;
	k->death = DEATH_OOM;
	k->oom = true;
	k->mem_limit = 64 << 20;
	k->finished_ms = now_wall_ms();
	k->started_ms = k->finished_ms - 7800000;
	k->restarts = 4;
	k->last_lines = lines_text;
	assert_int_equal(panel_containers.strip(&k->row, lines, 3), 3);
	assert_non_null(
		strstr(lines[0].text, "killed for memory (limit 64M), ran 2h 10m, restarts 4"));
	assert_string_equal(lines[1].text, "two");
	assert_string_equal(lines[2].text, "fatal error: runtime: out of memory");
	assert_int_equal(panel_containers.strip(&k->row, lines, PANEL_STRIP_MAX), 4);
	assert_string_equal(lines[1].text, "one");
}

/* No cell ends in half a character or holds a control, however long what it was made of. */
static void check_clean(const char *text)
{
	char again[CELL_MAX];
	wash(again, sizeof(again), text, strlen(text));
	assert_string_equal(again, text);
}

static void test_hostile_text(void **state)
{
	struct scene *s = *state;
	char huge[4000] = "";
	for (size_t i = 0; i + 4 < sizeof(huge); i += 3)
		memcpy(huge + i, "€", 4);
	free(s->ctr.row.name);
	s->ctr.row.name = wash_dup("\033]0;x\a\033[31mevil\xe2\x80\xae\xff", 0);
	s->ctr.image = s->ctr.ports = s->ctr.project = s->ctr.service = huge;
	s->unit.description = s->unit.nearest = huge;
	snprintf(s->unit.load, sizeof(s->unit.load), "not-found");
	s->server.row.why = s->unit.row.why = s->ctr.row.why = huge;
	s->server.row.health = s->unit.row.health = s->ctr.row.health = HEALTH_BAD;
	const struct {
		const struct panel *panel;
		const struct row *row;
	} all[] = {
		{ &panel_fleet, &s->server.row },  { &panel_containers, &s->ctr.row },
		{ &panel_services, &s->unit.row }, { &panel_needs, &s->server.row },
		{ &panel_needs, &s->ctr.row },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct cell c = { 0 };
		for (const struct column *col = all[i].panel->columns; col->name; col++) {
			memset(&c, 0, sizeof(c));
			column_cell(col, all[i].row, &c);
			check_clean(c.text);
		}
		memset(&c, 0, sizeof(c));
		assert_true(panel_brief(all[i].panel, all[i].row, &c));
		check_clean(c.text);
	}
	s->server.row.why = s->unit.row.why = s->ctr.row.why = NULL;
}

static void test_order_of_need(void **state)
{
	struct scene *s = *state;
	s->ctr.row.health = HEALTH_ATTENTION;
	s->unit.row.health = HEALTH_BAD;
	assert_true(order_by_need(&s->unit.row, &s->ctr.row) < 0);
	s->ctr.row.need = NEED_STANDS; /* as the store does */
	assert_true(panel_needs.wants(&s->ctr.row));
	/* what the user set aside comes after what is not even as bad */
	s->unit.row.need = NEED_QUIET;
	assert_true(panel_needs.order(&s->ctr.row, &s->unit.row) < 0);
	s->ctr.row.health = HEALTH_IDLE;
	s->ctr.row.need = s->unit.row.need = NEED_NONE;
	assert_false(panel_needs.wants(&s->ctr.row));
	s->unit.row.health = HEALTH_BUSY; /* well enough: by name */
	assert_true(order_by_need(&s->unit.row, &s->ctr.row) < 0);
}

static void test_sentences(void **state)
{
	struct scene *s = *state;
	char text[1024];
	s->source.state = SOURCE_DENIED;
	err_set(&s->source.err, ERR_DENIED,
	        "permission denied on /var/run/docker.sock; being in group docker would grant it");
	assert_true(source_sentence(&s->source, text, sizeof(text)));
	assert_string_equal(text, "docker on sese: permission denied on /var/run/docker.sock; "
	                          "being in group docker would grant it");
	check(&panel_fleet, "containers", &s->server.row, "denied");
	s->source.state = SOURCE_ABSENT;
	assert_false(source_sentence(&s->source, text, sizeof(text)));
	panel_empty(&panel_containers, s->store, NULL, text, sizeof(text));
	assert_string_equal(text, "No containers. `mocr doctor SERVER` says whether Docker or "
	                          "Podman answers.");
	panel_empty(&panel_fleet, s->store, NULL, text, sizeof(text));
	assert_non_null(strstr(text, ":connect"));
	panel_empty(&panel_needs, s->store, &s->server, text, sizeof(text));
	assert_string_equal(text, "Nothing on sese needs you.");
}

/* The column of the state says that a token is refused, wherever one can be. */
static void test_refused_token_is_in_the_state(void **state)
{
	struct scene *s = *state;
	struct peer headscale = { .control = true, .primary = true };
	struct session opencode = { .type = SESSION_SERVICE, .words = (char[]){ "denied" } };
	struct app platform = { .is_platform = true };
	struct system site = { .is_site = true };
	struct row *const rows[] = { &headscale.row, &opencode.row, &platform.row, &site.row };
	static const struct kind *const of[] = { &kind_peer, &kind_session, &kind_app,
		                                 &kind_system };
	peer_init(&headscale);
	s->source.state = SOURCE_DENIED;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scene_row(s, rows[i], of[i], "home");
		rows[i]->health = HEALTH_ATTENTION;
	}
	headscale.row.health = HEALTH_UNKNOWN; /* the queue has its source */
	check(&panel_vpn, "state", &headscale.row, "denied");
	s->source.state = SOURCE_LIVE; /* one source for all programs of sessions */
	check(&panel_sessions, "status", &opencode.row, "denied");
	s->source.state = SOURCE_DENIED;
	check(&panel_apps, "state", &platform.row, "denied");
	check(&panel_systems, "state", &site.row, "denied");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		free(rows[i]->id);
		free(rows[i]->name);
	}
}

static void check_brief(const struct panel *p, const struct row *r, const char *text)
{
	struct cell c = { 0 };
	assert_true(panel_brief(p, r, &c));
	assert_string_equal(c.text, text);
	assert_true(c.changes_ms > now_wall_ms()); /* that of its age */
}

/* A panel of words and columns needs no functions for its line and for its emptiness. */
static void test_words_of_a_plain_panel(void **state)
{
	static const struct panel bare = { .name = "bare", .columns = NULL };
	struct scene *s = *state;
	struct cell c = { 0 };
	struct panel reasons = panel_containers;
	char text[1024];
	s->ctr.state = CONTAINER_RUNNING;
	s->ctr.started_ms = now_wall_ms() - 34 * 3600000LL - 1000;
	check_brief(&panel_containers, &s->ctr.row, "javisi_n8n  up 34h");
	reasons.brief_why = true;
	s->ctr.row.why = xstrdup("is slow");
	check_brief(&reasons, &s->ctr.row, "javisi_n8n  up 34h  is slow");
	free(s->ctr.row.why);
	s->ctr.row.why = NULL;
	snprintf(s->unit.active, sizeof(s->unit.active), "active");
	snprintf(s->unit.sub, sizeof(s->unit.sub), "running");
	s->unit.active_ms = now_wall_ms() - 180500;
	s->unit.user = true;
	check_brief(&panel_services, &s->unit.row, "caddy.service (user)  running 3m");
	assert_false(panel_brief(&bare, &s->ctr.row, &c));
	assert_false(panel_has_brief(&bare));
	panel_empty(&bare, s->store, &s->server, text, sizeof(text));
	assert_string_equal(text, "Nothing here.");
	panel_empty(&panel_containers, s->store, &s->server, text, sizeof(text));
	assert_string_equal(text, "No containers on sese. `mocr doctor SERVER` says whether "
	                          "Docker or Podman answers.");
	panel_empty(&panel_fleet, s->store, &s->server, text, sizeof(text));
	assert_null(strstr(text, "sese"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_container_states, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unknown_is_not_zero, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ages_know_when_they_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_orders, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_fleet, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lost_server, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_death_strip, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_words_of_a_plain_panel, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_order_of_need, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sentences, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused_token_is_in_the_state, set_up,
		                                tear_down),
	};
	return cmocka_run_group_tests_name("panels", tests, NULL, NULL);
}
