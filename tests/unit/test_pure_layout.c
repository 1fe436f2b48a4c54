/* Where every pane and bar is, at sizes around each bound, for every style, focus and choice of the
 * user: against tests/unit/answers/layout.txt. The rules themselves are in test_layout. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backends/base/mem.h"
#include "tests/unit/expected.h"
#include "tui/layout.h"

static const struct {
	int width, height;
} sizes[] = { { 1, 1 },    { 30, 2 },   { 30, 3 },   { 40, 6 },   { 40, 7 },
	      { 40, 8 },   { 40, 9 },   { 40, 11 },  { 40, 12 },  { 59, 30 },
	      { 60, 15 },  { 60, 16 },  { 61, 24 },  { 80, 29 },  { 99, 40 },
	      { 100, 29 }, { 100, 30 }, { 101, 34 }, { 120, 40 }, { 159, 60 },
	      { 160, 45 }, { 160, 46 }, { 161, 47 }, { 200, 60 }, { 400, 90 } };

/* The rows of nine panels. */
static size_t many[] = { 4, 13, 30, 3, 8, 0, 5, 0, 2 }, none[9],
	      full[] = { 90, 90, 90, 90, 90, 90, 90, 90, 90 },
	      one_each[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 };
static size_t no_services[] = { 2, 7, 0, 1, 8, 0, 5, 6, 2 };
static const bool containers_hidden[9] = { [PANE_CONTAINERS] = true }, most_hidden[9] = {
	[PANE_CONTAINERS] = true, [PANE_SERVICES] = true, [PANE_ACTIVITY] = true
};

static void write_canvas(struct buf *out, const char *name, const struct canvas *c)
{
	if (c->height || c->width)
		buf_addf(out, " %s %d,%d %dx%d", name, c->x, c->y, c->width, c->height);
}

static void write_layout(struct buf *out, const char *what, const struct layout_want *w)
{
	struct layout l;
	layout(w, &l);
	buf_addf(out, "%dx%d %s focus %zu:", w->width, w->height, what, w->focus);
	for (size_t i = 0; i < l.n; i++)
		buf_addf(out, " %zu%s %d,%d %dx%d", l.panes[i].panel, l.panes[i].title ? "t" : "",
		         l.panes[i].at.x, l.panes[i].at.y, l.panes[i].at.width,
		         l.panes[i].at.height);
	buf_addf(out, " borders %d %d moved %d %d", l.border_x, l.border_y, l.left, l.upper);
	write_canvas(out, "header", &l.header);
	write_canvas(out, "says", &l.says);
	write_canvas(out, "bar", &l.bar);
	write_canvas(out, "hint", &l.hint);
	write_canvas(out, "beside", &l.beside);
	write_canvas(out, "view", &l.view);
	buf_add(out, "\n", 1);
}

/* Every focus and style at each size. */
static void write_styles(struct buf *out, int width, int height)
{
	for (size_t focus = 0; focus < 9; focus++)
		for (int style = 0; style < LAYOUT_STYLES; style++)
			write_layout(out, layout_names[style],
			             &(struct layout_want){ .height = height,
			                                    .width = width,
			                                    .n = 9,
			                                    .focus = focus,
			                                    .other = PANE_CONTAINERS,
			                                    .style = (enum layout_style)style,
			                                    .hints = true,
			                                    .rows = many });
}

/* One thing that differs from the usual, each. */
static void write_variants(struct buf *out, int width, int height)
{
	static const struct {
		const char *what;
		size_t n, focus, other;
		size_t *rows;
		const bool *hidden;
		bool in_server, zoom, no_hints;
		int says, upper, left;
	} variants[] = {
		{ "empty", 9, 0, 1, none, NULL, .says = 0 },
		{ "one of each", 9, 0, 1, one_each, NULL, .says = 0 },
		{ "full", 9, 0, 1, full, NULL, .says = 0 },
		{ "full needs", 9, 3, 1, full, NULL, .says = 0 },
		{ "no services", 9, 0, 1, no_services, NULL, .says = 0 },
		{ "no services focused", 9, 2, 1, no_services, NULL, .says = 0 },
		{ "other 3", 9, 0, 3, many, NULL, .says = 0 },
		{ "other 6", 9, 0, 6, many, NULL, .says = 0 },
		{ "other none", 9, 0, 99, many, NULL, .says = 0 },
		{ "containers hidden", 9, 0, 1, many, containers_hidden, .says = 0 },
		{ "most hidden", 9, 0, 1, many, most_hidden, .says = 0 },
		{ "hidden focused", 9, 1, 6, many, most_hidden, .says = 0 },
		{ "in a server", 9, 2, 1, many, NULL, .in_server = true },
		{ "in a server, fleet", 9, 0, 1, many, NULL, .in_server = true },
		{ "in a server, containers", 9, 1, 1, many, NULL, .in_server = true },
		{ "zoom", 9, 0, 1, many, NULL, .zoom = true },
		{ "zoom 4", 9, 4, 1, many, NULL, .zoom = true },
		{ "no hints", 9, 0, 1, many, NULL, .no_hints = true },
		{ "says 1", 9, 0, 1, many, NULL, .says = 1 },
		{ "says 3", 9, 0, 1, many, NULL, .says = 3 },
		{ "says 9", 9, 0, 1, many, NULL, .says = 9 },
		{ "moved", 9, 0, 1, many, NULL, .upper = 3, .left = -7 },
		{ "moved far", 9, 0, 1, many, NULL, .upper = 500, .left = 500 },
		{ "moved back", 9, 0, 1, many, NULL, .upper = -500, .left = -500 },
		{ "three panels", 3, 0, 1, many, NULL, .says = 0 },
		{ "four panels", 4, 3, 1, many, NULL, .says = 0 },
		{ "five panels", 5, 4, 1, many, NULL, .says = 0 },
		{ "seven panels", 7, 6, 5, many, NULL, .says = 0 },
		{ "eight panels", 8, 7, 5, many, NULL, .says = 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(variants); i++)
		write_layout(out, variants[i].what,
		             &(struct layout_want){ .height = height,
		                                    .width = width,
		                                    .n = variants[i].n,
		                                    .focus = variants[i].focus,
		                                    .other = variants[i].other,
		                                    .in_server = variants[i].in_server,
		                                    .zoom = variants[i].zoom,
		                                    .upper = variants[i].upper,
		                                    .left = variants[i].left,
		                                    .hidden = variants[i].hidden,
		                                    .hints = !variants[i].no_hints,
		                                    .rows = variants[i].rows,
		                                    .says = variants[i].says });
}

static void test_every_layout(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 4 << 20);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		write_variants(&out, sizes[i].width, sizes[i].height);
		if (sizes[i].width > 40 && sizes[i].width % 20 != 1)
			write_styles(&out, sizes[i].width, sizes[i].height);
	}
	expected_check(&out, "tests/unit/answers/layout.txt");
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_layout) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
