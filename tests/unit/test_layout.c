/* layout(): something is drawn at every size, panes never overlap or leave the screen, and the
 * sizes of the sketches have the panes they should have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "backends/base/mem.h"
#include "tui/layout.h"

#define PANELS 5
#define PANELS_MAX 40

/* The rows of the panels that want() returned last. */
static size_t rows[PANELS_MAX];

static struct layout_want want(int width, int height, size_t focus)
{
	static const size_t usual[PANELS_MAX] = { 4, 13, 30, 3, 8 };
	memcpy(rows, usual, sizeof(rows));
	return (struct layout_want){ .height = height,
		                     .width = width,
		                     .n = PANELS,
		                     .focus = focus,
		                     .other = PANE_CONTAINERS,
		                     .hints = true,
		                     .rows = rows };
}

static bool inside(const struct canvas *c, int height, int width)
{
	return c->y >= 0 && c->x >= 0 && c->height > 0 && c->width > 0 &&
	       c->y + c->height <= height && c->x + c->width <= width;
}

static bool overlap(const struct canvas *a, const struct canvas *b)
{
	if (!a->height || !b->height)
		return false;
	return a->y < b->y + b->height && b->y < a->y + a->height && a->x < b->x + b->width &&
	       b->x < a->x + a->width;
}

static void check_sane(const struct layout_want *w, const struct layout *l)
{
	assert_true(l->n >= 1);
	assert_true(layout_shows(l, w->focus));
	for (size_t i = 0; i < l->n; i++) {
		assert_true(inside(&l->panes[i].at, w->height, w->width));
		for (size_t j = 0; j < i; j++) {
			assert_false(overlap(&l->panes[i].at, &l->panes[j].at));
			assert_int_not_equal(l->panes[i].panel, l->panes[j].panel);
		}
		const struct canvas *bars[] = { &l->header, &l->says, &l->bar, &l->hint };
		for (size_t b = 0; b < ARRAY_LEN(bars); b++)
			assert_false(overlap(&l->panes[i].at, bars[b]));
	}
}

static const bool all_hidden[PANELS_MAX] = { [PANE_CONTAINERS] = true,
	                                     [PANE_SERVICES] = true,
	                                     [PANE_ACTIVITY] = true };

static const struct canvas *pane_at(const struct layout *l, size_t panel)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->panes[i].panel == panel)
			return &l->panes[i].at;
	return NULL;
}

/* Each style shows what it is for, from the size of two panes on. A small screen knows none. */
static void test_styles(void **state)
{
	struct layout l, small;
	struct layout_want w = want(80, 24, PANE_SERVICES);
	w.style = LAYOUT_AS_BIG;
	layout(&w, &l);
	assert_int_equal(l.n, 2);
	assert_int_equal(pane_at(&l, PANE_NEEDS)->height, 3);
	assert_int_equal(pane_at(&l, PANE_SERVICES)->width, 80);
	assert_false(layout_shows(&l, PANE_FLEET));
	w.style = LAYOUT_AS_COLUMNS;
	layout(&w, &l);
	assert_int_equal(pane_at(&l, PANE_NEEDS)->width, 40);
	assert_int_equal(pane_at(&l, PANE_FLEET)->x, 0);
	assert_int_equal(pane_at(&l, PANE_SERVICES)->x, 40);
	w.style = LAYOUT_AS_BESIDE;
	layout(&w, &l);
	assert_int_equal(l.beside.x, 40);
	assert_int_equal(l.beside.height, pane_at(&l, PANE_FLEET)->height +
	                                          pane_at(&l, PANE_SERVICES)->height);
	w = want(40, 12, PANE_FLEET);
	layout(&w, &small);
	for (int style = 0; style < LAYOUT_STYLES; style++) {
		w.style = (enum layout_style)style;
		layout(&w, &l);
		assert_memory_equal(&l, &small, sizeof(l));
	}
}

/* The user moves borders as far as there is room, and learns how far that was. */
static void test_borders(void **state)
{
	struct layout before, l;
	struct layout_want w = want(120, 40, PANE_FLEET);
	layout(&w, &before);
	w.upper = 2;
	w.left = -10;
	layout(&w, &l);
	assert_int_equal(l.border_y, before.border_y + 2);
	assert_int_equal(l.border_x, before.border_x - 10);
	assert_int_equal(pane_at(&l, PANE_CONTAINERS)->y, l.border_y);
	assert_int_equal(pane_at(&l, PANE_SERVICES)->x, l.border_x);
	w.upper = w.left = 1000;
	layout(&w, &l);
	assert_true(l.upper < 40 && l.left < 120);
	w.upper = l.upper;
	w.left = l.left;
	layout(&w, &before);
	assert_memory_equal(&l, &before, sizeof(l));
}

/* A hidden panel gives its place to another one, and comes back with the focus. */
static void test_hidden(void **state)
{
	bool hidden[PANELS] = { [PANE_SERVICES] = true };
	struct layout l;
	struct layout_want w = want(120, 40, PANE_FLEET);
	layout(&w, &l);
	assert_true(layout_shows(&l, PANE_SERVICES));
	w.hidden = hidden;
	layout(&w, &l);
	assert_false(layout_shows(&l, PANE_SERVICES));
	assert_int_equal(l.n, 4);
	w.focus = PANE_SERVICES;
	layout(&w, &l);
	assert_true(layout_shows(&l, PANE_SERVICES));
	w = want(200, 60, PANE_FLEET);
	hidden[PANE_SERVICES] = false;
	hidden[PANE_ACTIVITY] = true;
	w.hidden = hidden;
	layout(&w, &l);
	assert_false(layout_shows(&l, PANE_ACTIVITY));
}

static void test_every_size(void **state)
{
	(void)state;
	for (int height = 1; height <= 70; height++)
		for (int width = 1; width <= 220; width += 3)
			for (unsigned i = 0; i < PANELS * 8; i++) {
				struct layout_want w = want(width, height, i % PANELS);
				struct layout l;
				unsigned style = (i + (unsigned)height) % LAYOUT_STYLES;
				w.style = (enum layout_style)style;
				w.upper = (int)(i % 3) * 40 - 40;
				w.left = (int)(i % 5) * 60 - 120;
				w.hidden = i % 7 ? NULL : all_hidden;
				w.in_server = i / PANELS & 1;
				w.zoom = i / PANELS & 2;
				if (i / PANELS & 4)
					memset(rows, 0, sizeof(rows));
				layout(&w, &l);
				check_sane(&w, &l);
			}
}

/* More panels than keys and than places: the focused one is always on the screen. */
static void test_many_panels(void **state)
{
	(void)state;
	for (int width = 20; width <= 400; width += 19)
		for (size_t focus = 0; focus < PANELS_MAX; focus++) {
			struct layout_want w = want(width, 60, focus);
			struct layout l;
			w.n = PANELS_MAX;
			for (size_t i = PANELS; i < PANELS_MAX; i++)
				w.rows[i] = i;
			layout(&w, &l);
			check_sane(&w, &l);
			assert_true(l.n <= LAYOUT_PANES);
			for (size_t i = 0; i < l.n && width >= 160; i++)
				assert_true(l.panes[i].at.width >= 19);
		}
}

static void check_panes(int width, int height, size_t focus, bool in_server, const size_t *panels,
                        size_t n)
{
	struct layout_want w = want(width, height, focus);
	struct layout l;
	w.in_server = in_server;
	layout(&w, &l);
	assert_int_equal(l.n, n);
	for (size_t i = 0; i < n; i++)
		assert_true(layout_shows(&l, panels[i]));
}

static void test_sketches(void **state)
{
	(void)state;
	const size_t small[] = { PANE_FLEET, PANE_NEEDS },
		     two[] = { PANE_NEEDS, PANE_FLEET, PANE_CONTAINERS };
	const size_t server[] = { PANE_NEEDS, PANE_CONTAINERS, PANE_SERVICES };
	const size_t four[] = { PANE_NEEDS, PANE_FLEET, PANE_CONTAINERS, PANE_SERVICES };
	const size_t log[] = { PANE_NEEDS, PANE_FLEET, PANE_CONTAINERS, PANE_ACTIVITY };
	const size_t all[] = { PANE_NEEDS, PANE_FLEET, PANE_CONTAINERS, PANE_SERVICES,
		               PANE_ACTIVITY };
	check_panes(40, 12, PANE_FLEET, false, small, 2);
	check_panes(40, 12, PANE_SERVICES, false, (size_t[]){ PANE_SERVICES }, 1);
	check_panes(80, 24, PANE_FLEET, false, two, 3);
	check_panes(80, 24, PANE_CONTAINERS, true, server, 3);
	check_panes(80, 24, PANE_NEEDS, false, two, 2);
	check_panes(120, 40, PANE_FLEET, false, four, 4);
	check_panes(120, 40, PANE_ACTIVITY, false, log, 4);
	check_panes(200, 60, PANE_SERVICES, true, all, 5);
}

static void test_bars(void **state)
{
	(void)state;
	struct layout l;
	struct layout_want w = want(40, 12, PANE_FLEET);
	layout(&w, &l);
	assert_int_equal(l.header.height, 1);
	assert_int_equal(l.bar.y, 10);
	assert_int_equal(l.hint.y, 11);
	w = want(20, 5, PANE_FLEET);
	layout(&w, &l);
	assert_int_equal(l.header.height, 1);
	assert_int_equal(l.hint.height, 0);
	assert_int_equal(l.bar.height, 0);
	w = want(80, 24, PANE_FLEET);
	w.hints = false;
	layout(&w, &l);
	assert_int_equal(l.hint.height, 0);
	assert_int_equal(l.bar.y, 23);
	assert_int_equal(l.says.y, 21);
	assert_int_equal(l.view.height, 23);
	w = want(200, 60, PANE_CONTAINERS);
	w.zoom = true;
	layout(&w, &l);
	assert_int_equal(l.n, 1);
	assert_true(l.panes[0].title);
	assert_int_equal(l.bar.height, 1);
}

static int needs_rows(const struct layout *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->panes[i].panel == PANE_NEEDS)
			return l->panes[i].at.height - 2;
	return 0;
}

/* Nine rows are seen where a third of the body holds them, and says takes no lines that no row
 * needs. */
static void test_needs_and_says(void **state)
{
	(void)state;
	struct layout l;
	struct layout_want w = want(120, 40, PANE_FLEET);
	w.rows[PANE_NEEDS] = 9;
	w.rows[PANE_FLEET] = 6;
	layout(&w, &l);
	assert_int_equal(needs_rows(&l), 9);
	assert_int_equal(l.says.height, 4);
	w.says = 2;
	layout(&w, &l);
	assert_int_equal(l.says.height, 2);
	w.says = 8;
	layout(&w, &l);
	assert_int_equal(l.says.height, 4);
	w.rows[PANE_NEEDS] = 500;
	layout(&w, &l);
	assert_true(needs_rows(&l) <= 11);
}

/* A pane whose rows are few leaves its lines to the one below. */
static void test_room_by_need(void **state)
{
	(void)state;
	struct layout l;
	struct layout_want w = want(80, 24, PANE_CONTAINERS);
	w.rows[PANE_NEEDS] = 0;
	w.rows[PANE_FLEET] = 1;
	layout(&w, &l);
	assert_true(l.panes[0].at.height <= 4);
	w.rows[PANE_FLEET] = 500;
	w.rows[PANE_CONTAINERS] = 500;
	layout(&w, &l);
	assert_true(l.panes[0].at.height <= l.body.height / 2);
}

/* 80x24 keeps the promise: who needs the user, four servers, and eight rows of the pane below. */
static void test_eighty_columns(void **state)
{
	(void)state;
	struct layout l;
	struct layout_want w = want(80, 24, PANE_CONTAINERS);
	layout(&w, &l);
	assert_int_equal(l.n, 3);
	assert_int_equal(l.panes[0].at.height, 3);
	assert_false(l.panes[0].title);
	assert_int_equal(l.panes[1].at.height, 6);
	assert_int_equal(l.panes[2].at.height, 10);
}

/* Without services their place goes to the fullest of the others. */
static void test_place_of_empty_services(void **state)
{
	(void)state;
	struct layout l;
	struct layout_want w = want(200, 60, PANE_FLEET);
	w.n = 9;
	w.rows[PANE_SERVICES] = 0;
	w.rows[6] = 5;
	w.rows[7] = 9;
	layout(&w, &l);
	assert_true(layout_shows(&l, 6));
	assert_false(layout_shows(&l, PANE_SERVICES));
	for (size_t i = 0; i < l.n; i++)
		if (l.panes[i].panel == 7)
			assert_int_equal(l.panes[i].at.width, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_styles),
		cmocka_unit_test(test_borders),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_many_panels),
		cmocka_unit_test(test_sketches),
		cmocka_unit_test(test_bars),
		cmocka_unit_test(test_needs_and_says),
		cmocka_unit_test(test_room_by_need),
		cmocka_unit_test(test_eighty_columns),
		cmocka_unit_test(test_place_of_empty_services),
	};
	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
