/* A change costs what it touches, and nothing is stale: rows come, change, go, servers are lost,
 * filters and orders change, all by chance. After each round the panes and counts that were kept
 * must be those that all rows make. */
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
#include "backends/services/unit.h"
#include "backends/sessions/session.h"
#include "backends/store/internal.h"
#include "backends/store/record.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"
#include "tui/console_internal.h"

#define WORLDS 40
#define ROUNDS 400
#define SERVERS 5
#define NAMES 40

static uint32_t seed;

static uint32_t any(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static struct settings *settings;

static void make_world(struct console *c)
{
	memset(c, 0, sizeof(*c));
	settings = settings_load(NULL, NULL);
	free(settings->state_dir);
	settings->state_dir = NULL;
	c->loop = loop_create();
	/* in every other world conditions must hold, and flap */
	settings->need_for = seed % 2 ? 1 : 0;
	c->store = store_create(c->loop, NULL, settings);
	c->settings = settings;
	panes_init(c);
	store_set_hooks(c->store, &(struct store_hooks){ .gone = panes_row_gone, .arg = c });
}

static void end_world(struct console *c)
{
	store_set_hooks(c->store, &(struct store_hooks){ 0 });
	panes_finish(c);
	store_destroy(c->store);
	loop_destroy(c->loop);
	settings_destroy(settings);
}

/* --- what may happen ----------------------------------------------------- */

static struct server *any_server(struct console *c)
{
	size_t n = 0;
	for (struct server *v = store_servers(c->store); v; v = v->next)
		n++;
	size_t at = n ? any((uint32_t)n) : 0;
	struct server *v = store_servers(c->store);
	while (v && at--)
		v = v->next;
	return v;
}

static const struct {
	const struct kind *kind;
	const char *source;
} sorts[] = {
	{ &kind_container, "docker" },
	{ &kind_container, "podman" },
	{ &kind_unit, "systemd" },
	{ &kind_session, "sessions" },
};

static struct source *any_source(struct console *c, size_t *which)
{
	struct server *v = any_server(c);
	*which = any(ARRAY_LEN(sorts));
	return v ? server_source(v, sorts[*which].source) : NULL;
}

static void set_figures(struct row *r)
{
	if (r->kind == &kind_container) {
		((struct container *)r)->cpu = any(5);
		((struct container *)r)->mem = any(1000);
	}
	if (r->kind == &kind_session) {
		((struct session *)r)->hidden = any(4) == 0;
		((struct session *)r)->tokens = any(3000);
	}
}

static struct row *name_row(struct source *s, const struct kind *kind)
{
	char name[32];
	snprintf(name, sizeof(name), "thing-%u", any(NAMES));
	struct row *r = store_row(s, kind, name, name);
	set_figures(r);
	store_touch(r);
	return r;
}

static struct row *any_row(struct console *c)
{
	size_t at = store_count(c->store, NULL, NULL);
	at = at ? any((uint32_t)at) : 0;
	struct row *r = store_first(c->store, NULL, NULL);
	while (r && at--)
		r = store_next(r, NULL, NULL);
	return r;
}

static void add_server(struct console *c)
{
	char name[16];
	snprintf(name, sizeof(name), "s%u", any(SERVERS));
	if (!store_server_find(c->store, name))
		server_open_replay(c->store, name);
}

static void remove_server(struct console *c)
{
	struct server *v = any_server(c);
	if (v && any(12) == 0)
		server_close(v);
}

static void lose_server(struct console *c)
{
	static const char *const states[] = { "up\t3\t0\t\t", "lost\t-1\t1\t\tcut",
		                              "up\t3\t0\t\t" };
	struct server *v = any_server(c);
	const char *state = states[any(3)];
	if (v)
		server_replay_state(v, state, strlen(state));
}

static void fail_source(struct console *c)
{
	static const enum source_state states[] = { SOURCE_LIVE, SOURCE_STALE, SOURCE_FAILED,
		                                    SOURCE_DENIED, SOURCE_LIVE };
	size_t which;
	struct source *s = any_source(c, &which);
	struct err err;
	enum source_state state = states[any(ARRAY_LEN(states))];
	err_set(&err, ERR_REFUSED, "it said no %u", any(3));
	if (s)
		source_set_state(s, state, state == SOURCE_LIVE ? NULL : &err);
}

static void add_row(struct console *c)
{
	size_t which;
	struct source *s = any_source(c, &which);
	if (s)
		name_row(s, sorts[which].kind);
}

static void list_rows(struct console *c)
{
	size_t which;
	struct source *s = any_source(c, &which);
	if (!s || any(3))
		return;
	store_rows_begin(s, sorts[which].kind);
	for (uint32_t i = any(3 * NAMES); i; i--)
		name_row(s, sorts[which].kind);
	store_rows_end(s, sorts[which].kind);
}

static void change_health(struct console *c)
{
	struct row *r = any_row(c);
	enum health health = (enum health)any(HEALTH_ASKS + 1);
	if (r && r->kind != &kind_source)
		store_row_health(r, health, 1 + any(1000),
		                 health >= HEALTH_ATTENTION ? "it said no" : NULL);
}

static void color_row(struct console *c)
{
	struct row *r = any_row(c);
	if (r && r->kind != &kind_source && r->kind != &kind_server)
		store_row_color(r, (enum health)any(HEALTH_ASKS + 1));
}

static void move_figures(struct console *c)
{
	struct row *r = any_row(c);
	if (!r)
		return;
	set_figures(r);
	store_touch_figures(r);
}

static void remove_row(struct console *c)
{
	struct row *r = any_row(c);
	if (r && r->source && r->kind != &kind_server)
		store_row_remove(r);
}

static void choose_filter(struct console *c)
{
	static const char *const filters[] = { "", "", "thing-1", "s2", "!s1", "failed", "" };
	pane_set_filter(c, &c->panes[any((uint32_t)c->n_panes)], filters[any(ARRAY_LEN(filters))]);
}

static void choose_order(struct console *c)
{
	static const char *const columns[] = { "cpu",        "mem",        "name",   "state",
		                               "containers", "containers", "tokens", "server" };
	struct pane *p = &c->panes[any(3) ? any((uint32_t)c->n_panes) : PANE_FLEET];
	const char *column = any(3) ? columns[any(ARRAY_LEN(columns))] : NULL;
	if (p->table && table_sort_by(p->table, column, any(2)))
		p->state = ROWS_DIRTY;
}

static void choose_problems(struct console *c)
{
	struct pane *p = &c->panes[any((uint32_t)c->n_panes)];
	p->problems = !p->problems && p->table;
	p->state = ROWS_DIRTY;
}

static void choose_scope(struct console *c)
{
	struct server *v = any_server(c);
	console_enter_server(c, v && any(3) == 0 ? v->name : "");
}

static void choose_layout(struct console *c)
{
	c->layout.n = 0;
	for (size_t i = 0; i < c->n_panes; i++)
		if (any(2))
			c->layout.panes[c->layout.n++].panel = i;
	pane_focus(c, any((uint32_t)c->n_panes));
}

static void (*const events[])(struct console *) = {
	add_server,    add_server,   remove_server,   lose_server,  fail_source,   add_row,
	add_row,       add_row,      add_row,         list_rows,    change_health, change_health,
	change_health, color_row,    move_figures,    move_figures, move_figures,  remove_row,
	choose_filter, choose_order, choose_problems, choose_scope, choose_layout,
};

/* --- what must be so ----------------------------------------------------- */

static bool belongs(const struct pane *p, const struct row *r, const struct server *only)
{
	const struct panel *panel = p->panel;
	if ((panel->kind && r->kind != panel->kind) || (only && r->server != only))
		return false;
	return only && panel->wants_in ? panel->wants_in(r, only)
	                               : !panel->wants || panel->wants(r);
}

static void check_pane(struct console *c, struct pane *p, bool rows)
{
	for (size_t i = 0; rows && p->state != ROWS_DIRTY && i < p->n; i++)
		assert_int_equal(p->rows[i]->places[p->panel->needs], i);
	const struct server *only = p->panel->kind != &kind_server && c->scope[0]
	                                    ? store_server_find(c->store, c->scope)
	                                    : NULL;
	const struct row **want = xcalloc(store_count(c->store, NULL, NULL) + 1, sizeof(*want));
	size_t n = 0, total = 0;
	for (const struct row *r = c->store->rows; r; r = r->hh.next) {
		if (!belongs(p, r, only))
			continue;
		/* what a lost server explains, worked out from its link alone */
		bool folded = r != &r->server->row && r->health >= HEALTH_ATTENTION &&
		              (r->server->link->state == LINK_LOST ||
		               (r->source && r->source->old));
		/* what the row of a silent source explains */
		const struct source *s = r->source;
		bool silent = s && s->need_told && !r->kind->by_work &&
		              (s->state == SOURCE_DENIED ||
		               (s->state == SOURCE_STALE && *s->err.text));
		folded |= silent && r->health >= HEALTH_ATTENTION;
		/* what holds or flaps depends on the past: test_flap.c */
		bool past = settings->need_for && r->need != NEED_STANDS;
		if (p->panel->needs && (folded || past))
			continue;
		total++;
		if (!p->problems || p->panel->needs || r->health >= HEALTH_ATTENTION)
			want[n++] = r;
	}
	if (p->total != total)
		fail_msg("%s: total %zu, should be %zu (%s, scope \"%s\")", p->panel->name,
		         p->total, total, rows ? "shown" : "hidden", c->scope);
	n = table_filter(p->table, &p->fuzzy, want, n);
	table_sort(p->table, want, n);
	if (rows) {
		assert_int_equal(p->n, n);
		for (size_t i = 0; i < n; i++)
			assert_string_equal(p->rows[i]->id, want[i]->id);
		assert_int_equal(table_count(p->table), n);
	}
	free(want);
}

static size_t most_rows, most_needs;

static void check_world(struct console *c)
{
	size_t rows = store_count(c->store, &kind_container, NULL), asks;
	most_rows = rows > most_rows ? rows : most_rows;
	most_needs = store_needs_count(c->store, &asks) > most_needs
	                     ? store_needs_count(c->store, &asks)
	                     : most_needs;
	struct err err;
	if (!store_counts_right(c->store, &err))
		fail_msg("%s", err.text);
	panes_refresh(c);
	says_want(c, 60 + (int)any(60)); /* reads rows of all panes */
	for (size_t i = 0; i < c->n_panes; i++) {
		struct pane *p = &c->panes[i];
		bool hidden = i != c->focus && !layout_shows(&c->layout, i);
		if (!p->table)
			continue;
		check_pane(c, p, !hidden);
		if (hidden && any(4) == 0) {
			pane_refresh(c, p);
			check_pane(c, p, true);
		}
	}
}

static void test_what_is_kept_is_what_is_there(void **state)
{
	(void)state;
	for (uint32_t world = 0; world < WORLDS; world++) {
		struct console c;
		seed = world;
		print_message("world %u\n", world);
		make_world(&c);
		for (int round = 0; round < ROUNDS; round++) {
			for (uint32_t i = 1 + any(6); i; i--)
				events[any(ARRAY_LEN(events))](&c);
			loop_turn(c.loop, 0);
			check_world(&c);
		}
		end_world(&c);
	}
	print_message("at most %zu containers, %zu needs\n", most_rows, most_needs);
	assert_true(most_rows > 50 && most_needs > 50);
}

/* --- what must not be done ----------------------------------------------- */

/* Panes that are off the screen are not built, and a figure that moves no row builds none. */
static void test_a_figure_costs_no_build(void **state)
{
	(void)state;
	unsetenv("MOCR_CHECK");
	struct console c;
	make_world(&c);
	struct server *v = server_open_replay(c.store, "s0");
	struct source *s = server_source(v, "docker");
	for (int i = 0; i < 100; i++) {
		char name[32];
		snprintf(name, sizeof(name), "thing-%03d", i);
		store_row(s, &kind_container, name, name);
	}
	pane_focus(&c, PANE_CONTAINERS);
	c.layout.panes[c.layout.n++].panel = PANE_CONTAINERS;
	panes_refresh(&c);
	struct pane *p = &c.panes[PANE_CONTAINERS];
	assert_int_equal(p->n, 100);
	assert_true(c.panes[PANE_SERVICES].state == ROWS_DIRTY);
	struct row *r = store_find(c.store, "s0/container/thing-050");
	/* What a build would put right stays as it is: this row is in a place that only a build
	 * looks at. */
	const struct row *swapped = p->rows[10];
	p->rows[10] = p->rows[11];
	p->rows[11] = swapped;
	store_touch_figures(r);
	panes_refresh(&c);
	assert_ptr_equal(p->rows[11], swapped);
	store_changed_widely(c.store);
	panes_refresh(&c);
	assert_ptr_equal(p->rows[10], swapped);
	end_world(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_kept_is_what_is_there),
		cmocka_unit_test(test_a_figure_costs_no_build),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
