/* All cells of made-up rows: containers, units, sessions and servers whose facts come from a fixed
 * row of numbers, so that many of their combinations are there. Against files of
 * tests/unit/answers. What the cells mean is tested in test_panels and test_pure_cells. */
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
#include "backends/containers/container.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/services/unit.h"
#include "backends/sessions/session.h"
#include "backends/store/settings.h"
#include "backends/vitals/vitals.h"
#include "panels/panels.h"
#include "tests/unit/expected.h"
#include "tui/table.h"

#define NOW INT64_C(1767225600000) /* 2026-01-01 */
#define ROWS 60

static uint32_t dice;
/* 0 to n - 1. One in each statement: C leaves open which of several would come first. */
static unsigned pick(unsigned n)
{
	dice = dice * 1664525 + 1013904223;
	return (dice >> 16) % n;
}
#define ONE_OF(list) ((list)[pick(ARRAY_LEN(list))])

/* The clock runs while the test does: each time is far from where its words change. */
static const int64_t times[] = { 0, NOW - 90500, NOW - 3 * 3600000 - 1830000,
	                         NOW - 9 * 86400000LL };
static int64_t some_time(void)
{
	return ONE_OF(times);
}

static struct settings settings;
static struct loop *loop;
static struct store *store;
static struct server *sese;
static struct source *sources[3];

static int set_up(void **state)
{
	static const char *const names[] = { "docker", "systemd", "sessions" };
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	dice = 12;
	settings.state_dir = (char *)"/dev/null/none";
	loop = loop_create();
	store = store_create(loop, NULL, &settings);
	now_wall_set(NOW);
	sese = server_open_replay(store, "sese");
	sese->link->state = LINK_UP;
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		sources[i] = server_source(sese, names[i]);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	store_destroy(store);
	loop_destroy(loop);
	now_wall_set(0);
	return 0;
}

static void say_cell(struct buf *out, const char *name, const struct cell *c)
{
	if (*c->text || c->tone != TONE_PLAIN)
		buf_addf(out, " %s=%s/%d%s", name, c->text, (int)c->tone, c->changes_ms ? "*" : "");
}

static void say_row(struct buf *out, const struct panel *p, const struct row *r)
{
	struct cell lines[PANEL_STRIP_MAX], c = { 0 };
	now_wall_set(NOW);
	buf_addf(out, "%s:", r->id);
	for (const struct column *col = p->columns; col->name; col++) {
		c = (struct cell){ 0 };
		column_cell(col, r, &c);
		say_cell(out, col->name, &c);
		if (column_has_number(col) && column_number(col, r) >= 0)
			buf_addf(out, "(%.1f)", column_number(col, r));
	}
	c = (struct cell){ 0 };
	if (panel_brief(p, r, &c))
		say_cell(out, "BRIEF", &c);
	c = (struct cell){ 0 };
	if (p->instead && p->instead(r, &c))
		say_cell(out, "INSTEAD", &c);
	for (size_t max = 1; p->strip && max <= PANEL_STRIP_MAX; max += PANEL_STRIP_MAX - 1) {
		memset(lines, 0, sizeof(lines));
		size_t n = p->strip(r, lines, max);
		buf_addf(out, " strip %zu", n);
		for (size_t i = 0; i < n; i++)
			say_cell(out, "line", &lines[i]);
	}
	buf_puts(out, "\n");
}

/* The ids in the order of the panel, and of each column that sorts by itself. */
static void say_orders(struct buf *out, const struct panel *p, const struct row *const *rows,
                       size_t n)
{
	const struct row *sorted[ROWS];
	for (const struct column *col = p->columns; col->name; col++) {
		struct table *t = table_create(p);
		memcpy(sorted, rows, n * sizeof(*rows));
		if (col > p->columns)
			assert_true(table_sort_by(t, col->name, false));
		table_sort(t, sorted, n);
		buf_addf(out, "by %s:", col > p->columns ? col->name : "itself");
		for (size_t i = 0; i < n; i++)
			buf_addf(out, " %s", sorted[i]->name);
		buf_puts(out, "\n");
		table_destroy(t);
	}
}

static void check_written(struct buf *out, const char *path)
{
	expected_check(out, path);
	buf_finish(out);
}

static void begin_row(struct row *r, const struct kind *kind, struct source *source, int number)
{
	static const enum health healths[] = { HEALTH_GOOD,   HEALTH_GOOD,      HEALTH_IDLE,
		                               HEALTH_BUSY,   HEALTH_ATTENTION, HEALTH_BAD,
		                               HEALTH_UNKNOWN };
	r->kind = kind;
	r->server = sese;
	r->source = source;
	r->name = xasprintf("n%d", number);
	r->id = xasprintf("sese/%s/n%d", kind->name, number);
	r->health = ONE_OF(healths);
	r->why = pick(3) ? NULL : (char *)"it is so";
	r->health_ms = some_time();
}

static void end_row(struct row *r)
{
	free(r->name);
	free(r->id);
}

/* --- containers ----------------------------------------------------------- */

static void make_container(struct container *k, int number)
{
	static const int codes[] = { -1, 0, 1, 137 };
	static const double cpus[] = { -1, 0, 5.04, 89.9, 90, 250 };
	static const double mems[] = { -1, 0, 900, 999, 1000, 3e9 };
	static const double rates[] = { -1, 0, 1234, 5e6 };
	static char *const lines[] = { NULL, (char *)"", (char *)"one", (char *)"one\ntwo",
		                       (char *)"1\n2\n3\n4\n5\n6\n7\n8\n9" };
	begin_row(&k->row, &kind_container, sources[0], number);
	k->state = pick(2) ? (enum container_state)pick(CONTAINER_DEAD + 1) : CONTAINER_EXITED;
	k->health = (enum container_health)pick(CTR_HEALTH_UNHEALTHY + 1);
	k->started_ms = some_time();
	k->finished_ms = some_time();
	k->restarts = (int)pick(4) - 1;
	k->cpu = ONE_OF(cpus);
	k->mem = ONE_OF(mems);
	k->mem_limit = pick(2) ? 1000 : 0;
	k->net_rx = ONE_OF(rates);
	k->net_tx = ONE_OF(rates);
	k->exit_code = ONE_OF(codes);
	snprintf(k->exit_signal, sizeof(k->exit_signal), "%s", pick(3) ? "" : "TERM");
	k->oom = !pick(4);
	k->death = (enum death_class)pick(DEATH_UNEXPECTED_EXIT + 1);
	k->last_lines = ONE_OF(lines);
	k->newer = pick(3) ? NULL : (char *)"sha256:1";
	k->project = pick(2) ? (char *)"shop" : NULL;
	k->service = pick(2) ? (char *)"web" : NULL;
	k->image = pick(4) ? (char *)"nginx:1" : NULL;
	k->ports = pick(2) ? (char *)"80" : NULL;
}

static void test_cells_of_containers(void **state)
{
	static struct container all[ROWS];
	const struct row *rows[ROWS];
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 20);
	memset(all, 0, sizeof(all));
	for (int i = 0; i < ROWS; i++) {
		make_container(&all[i], i);
		rows[i] = &all[i].row;
		say_row(&out, &panel_containers, rows[i]);
	}
	say_orders(&out, &panel_containers, rows, ROWS);
	for (int i = 0; i < ROWS; i++)
		end_row(&all[i].row);
	check_written(&out, "tests/unit/answers/cells_containers.txt");
}

/* --- units ---------------------------------------------------------------- */

static void test_cells_of_units(void **state)
{
	static const char *const loads[] = { "loaded", "loaded", "not-found" };
	static const char *const actives[] = { "active", "inactive", "failed" };
	static const char *const subs[] = { "running", "", "exited" };
	static const int64_t nexts[] = { 0, NOW - 5000, NOW + 90500, NOW + 3 * 3600000 + 1830000 };
	static const int64_t counts[] = { -1, 0, 999500000, 90500000000, 5000000000000 };
	static struct unit all[ROWS];
	const struct row *rows[ROWS];
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 20);
	memset(all, 0, sizeof(all));
	for (int i = 0; i < ROWS; i++) {
		struct unit *u = &all[i];
		begin_row(&u->row, &kind_unit, sources[1], i);
		snprintf(u->load, sizeof(u->load), "%s", ONE_OF(loads));
		snprintf(u->active, sizeof(u->active), "%s", ONE_OF(actives));
		snprintf(u->sub, sizeof(u->sub), "%s", ONE_OF(subs));
		snprintf(u->file_state, sizeof(u->file_state), "%s", pick(2) ? "enabled" : "");
		u->description = pick(2) ? (char *)"about" : NULL;
		u->nearest = pick(2) ? (char *)"near.service" : NULL;
		u->user = !pick(3);
		u->active_ms = some_time();
		u->inactive_ms = some_time();
		u->next_ms = pick(2) ? 0 : ONE_OF(nexts);
		u->main_pid = (int)pick(3) - 1;
		u->memory = ONE_OF(counts);
		u->cpu_ns = ONE_OF(counts);
		u->restarts = (int)pick(4) - 1;
		u->triggers = pick(3) ? NULL : (char *)"other.service";
		rows[i] = &u->row;
		say_row(&out, &panel_services, rows[i]);
	}
	say_orders(&out, &panel_services, rows, ROWS);
	for (int i = 0; i < ROWS; i++)
		end_row(&all[i].row);
	check_written(&out, "tests/unit/answers/cells_units.txt");
}

/* --- sessions ------------------------------------------------------------- */

static void test_cells_of_sessions(void **state)
{
	static const int64_t tokens[] = { -1, 0, 1, 999, 1000, 999999, 1000000, 5000000 };
	static const double costs[] = { -1, 0, 0.5, 9.99, 10, 99 };
	static char *const models[] = { NULL, (char *)"a/b/sonnet", (char *)"opus" };
	static struct session all[ROWS];
	const struct row *rows[ROWS];
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 20);
	memset(all, 0, sizeof(all));
	for (int i = 0; i < ROWS; i++) {
		struct session *s = &all[i];
		begin_row(&s->row, &kind_session, sources[2], i);
		s->type = (enum session_type)pick(SESSION_SPEND + 1);
		s->shown = (enum session_status)pick(SESSION_QUESTION + 1);
		s->status = s->shown;
		s->status_ms = some_time();
		s->finished_ms = some_time();
		s->next_ms = NOW + 90500;
		s->updated_ms = some_time();
		s->archived_ms = pick(5) ? 0 : 1;
		s->words = pick(2) ? (char *)"words" : NULL;
		s->directory = pick(2) ? (char *)"/srv/a" : NULL;
		s->agent = pick(2) ? (char *)"build" : NULL;
		s->model = ONE_OF(models);
		s->unit = pick(2) ? (char *)"oc.service" : NULL;
		s->cost = ONE_OF(costs);
		s->tokens = ONE_OF(tokens);
		s->context_used = ONE_OF(tokens);
		s->context_limit = pick(4) ? 1000000 : (int64_t)pick(2) - 1;
		s->memory = ONE_OF(tokens);
		s->children = pick(3) ? 0 : 2;
		s->unfolded = pick(2);
		s->depth = pick(3) ? 0 : (int)pick(8);
		s->sessions = (int)pick(3);
		s->git.branch = pick(2) ? (char *)"main" : NULL;
		s->git.changes = (int)pick(2);
		s->git.ahead = (int)pick(3);
		s->git.behind = (int)pick(2);
		s->git.tracks = pick(2);
		s->git.worktree = !pick(3);
		rows[i] = &s->row;
		say_row(&out, &panel_sessions, rows[i]);
	}
	say_orders(&out, &panel_sessions, rows, ROWS);
	for (int i = 0; i < ROWS; i++)
		end_row(&all[i].row);
	check_written(&out, "tests/unit/answers/cells_sessions.txt");
}

/* Children stand under their parents, in the order of the roots. */
static void test_families_of_sessions(void **state)
{
	static const struct {
		const char *id, *parent;
		enum health health;
		int64_t updated_ms;
	} all[] = {
		{ "r1", "", HEALTH_IDLE, 9 },        { "a", "r1", HEALTH_IDLE, 5 },
		{ "a1", "a", HEALTH_IDLE, 4 },       { "b", "r1", HEALTH_IDLE, 3 },
		{ "r2", "", HEALTH_ASKS, 1 },        { "c", "r2", HEALTH_IDLE, 2 },
		{ "d", "r2", HEALTH_ASKS, 1 },       { "lost", "nobody", HEALTH_IDLE, 7 },
		{ "lost2", "lost", HEALTH_IDLE, 8 }, { "r3", "", HEALTH_BAD, 0 },
	};
	static const char wanted[] = "r2 d c r3 r1 a a1 b lost lost2";
	const struct row *rows[ARRAY_LEN(all)];
	char seen[200] = "";
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct row *r = store_row(sources[2], &kind_session, all[i].id, all[i].id);
		struct session *s = ROW_AS(session, r);
		snprintf(s->parent, sizeof(s->parent), "%s", all[i].parent);
		s->updated_ms = all[i].updated_ms;
		s->type = SESSION_OPENCODE;
		s->shown = SESSION_IDLE;
		r->health = all[i].health;
		rows[i] = r;
	}
	for (size_t turn = 0; turn < ARRAY_LEN(all); turn++) {
		struct table *t = table_create(&panel_sessions);
		const struct row *first = rows[0];
		memmove(rows, rows + 1, (ARRAY_LEN(rows) - 1) * sizeof(*rows));
		rows[ARRAY_LEN(rows) - 1] = first;
		table_sort(t, rows, ARRAY_LEN(rows));
		seen[0] = '\0';
		for (size_t i = 0; i < ARRAY_LEN(rows); i++)
			snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s%s",
			         i ? " " : "", rows[i]->name);
		assert_string_equal(seen, wanted);
		/* another order before the next turn */
		for (size_t i = 0; i + 1 < ARRAY_LEN(rows); i += 2) {
			const struct row *r = rows[i];
			rows[i] = rows[i + 1];
			rows[i + 1] = r;
		}
		table_destroy(t);
	}
	/* parents that are each other's: an end all the same */
	struct session *s = ROW_AS(session, store_find(store, "sese/session/r1"));
	snprintf(s->parent, sizeof(s->parent), "a1");
	struct table *t = table_create(&panel_sessions);
	table_sort(t, rows, ARRAY_LEN(rows));
	table_destroy(t);
}

/* --- servers -------------------------------------------------------------- */

static void make_vitals(struct vitals *v)
{
	static const double loads[] = {
		-1, 0, 0.5, 4, 4.01, 9.99, 10, 99.9, 100, 999, 1000, 12345
	};
	static const double shares[] = { -1, 0, 0.4, 50, 79.9, 80, 89.9, 90, 95, 100 };
	vitals_init(v);
	v->wall_ms = NOW;
	v->cpus = (int)pick(3);
	v->load1 = ONE_OF(loads);
	v->cpu = ONE_OF(shares);
	v->mem_total = pick(4) ? 1000 : 0;
	v->mem_used = 50 * pick(21);
	unsigned up = pick(4);
	v->uptime_s = up ? (int64_t)up * 90500 : -1;
	v->n_disks = pick(3);
	v->worst_disk = (int)pick(4) - 1;
	for (size_t i = 0; i < v->n_disks; i++)
		v->disks[i].percent = ONE_OF(shares);
	v->reboot_pending = !pick(4);
	v->packages = (int)pick(3) - 1;
	v->packages_security = (int)pick(2);
	v->n_history = pick(2) ? pick(VITALS_HISTORY + 1) : VITALS_HISTORY;
	v->next_history = v->n_history < VITALS_HISTORY ? v->n_history : pick(VITALS_HISTORY);
	for (size_t i = 0; i < VITALS_HISTORY; i++)
		v->cpu_history[i] = pick(6) ? (float)pick(101) : -1;
}

static void test_cells_of_servers(void **state)
{
	static const enum link_state links[] = { LINK_UP,         LINK_UP,     LINK_UP,  LINK_DOWN,
		                                 LINK_CONNECTING, LINK_ASKING, LINK_LOST };
	static const enum source_state states[] = { SOURCE_LIVE,   SOURCE_LIVE,   SOURCE_STALE,
		                                    SOURCE_FAILED, SOURCE_DENIED, SOURCE_ABSENT };
	static const int latencies[] = { -1, 0, 1, 12, 999 };
	static struct vitals vitals;
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 20);
	struct vitals *own = sese->vitals;
	struct row *k = store_row(sources[0], &kind_container, "x", "x");
	for (int i = 0; i < 3 * ROWS; i++) {
		struct row *r = &sese->row;
		now_wall_set(NOW);
		make_vitals(&vitals);
		sese->vitals = pick(6) ? &vitals : NULL;
		sese->link->state = ONE_OF(links);
		sese->link->latency_ms = ONE_OF(latencies);
		sese->link->since_ms = NOW - 90500;
		sese->link->err.code = ERR_TIMEOUT;
		snprintf(sese->link->err.text, sizeof(sese->link->err.text), "%s",
		         pick(2) ? "sese: timed out" : "");
		sese->is_local = !pick(5);
		r->health = pick(2) ? HEALTH_GOOD : (enum health)pick(HEALTH_BAD + 1);
		r->health_ms = NOW - 90500;
		r->why = pick(2) ? (char *)"it is so" : NULL;
		k->health = pick(2) ? HEALTH_GOOD : HEALTH_BAD;
		ROW_AS(container, k)->state = pick(2) ? CONTAINER_RUNNING : CONTAINER_EXITED;
		for (struct source *s = sese->sources; s; s = s->next) {
			s->state = ONE_OF(states);
			s->fresh_ms = pick(3) ? NOW - 90500 : 0;
		}
		buf_addf(&out, "%d ", i);
		say_row(&out, &panel_fleet, r);
	}
	sese->vitals = own;
	sese->row.why = NULL;
	sese->link->state = LINK_UP;
	check_written(&out, "tests/unit/answers/cells_servers.txt");
}

#define WITH_STORE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(test_cells_of_containers), WITH_STORE(test_cells_of_units),
		WITH_STORE(test_cells_of_sessions),   WITH_STORE(test_families_of_sessions),
		WITH_STORE(test_cells_of_servers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
