/* The table on a real (pseudo) terminal: selection by id, widths, what is drawn, what reaches the
 * terminal; and the pager. */
#include <fcntl.h>
#include <locale.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <curses.h>

#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/store/doc.h"
#include "tui/pager.h"
#include "tui/table.h"

/* --- a terminal nobody sees ---------------------------------------------- */

static int master = -1, slave = -1, real_in = -1, real_out = -1;

static void open_terminal(int rows, int cols, const char *term)
{
	struct winsize ws = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };
	char why[256] = "";

	setlocale(LC_ALL, "C.UTF-8");
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("TERM", term, 1);
	unsetenv("NO_COLOR");
	unsetenv("COLORTERM");
	assert_int_equal(openpty(&master, &slave, NULL, NULL, &ws), 0);
	fcntl(master, F_SETFL, O_NONBLOCK);
	fflush(stdout);
	real_in = dup(0);
	real_out = dup(1);
	dup2(slave, 0);
	dup2(slave, 1);
	if (!canvas_start("default", false, why, sizeof(why))) {
		dup2(real_out, 1);
		fail_msg("%s", why);
	}
}

/* Everything that was written to the terminal since the last time. */
static size_t drain(void)
{
	char bytes[65536];
	ssize_t n;
	size_t sum = 0;

	while ((n = read(master, bytes, sizeof(bytes))) > 0)
		sum += (size_t)n;
	return sum;
}

static void close_terminal(void)
{
	canvas_stop();
	drain();
	dup2(real_in, 0);
	dup2(real_out, 1);
	close(real_in);
	close(real_out);
	close(master);
	close(slave);
}

/* Row y of the screen without blanks at its end. */
static const char *seen(int y)
{
	static char text[4096];
	wchar_t w[1024];
	int n = mvinnwstr(y, 0, w, 1000);
	size_t len = 0;

	for (int i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%lc", (wint_t)w[i]);
	while (len && text[len - 1] == ' ')
		len--;
	text[len] = 0;
	return text;
}

/* --- rows ---------------------------------------------------------------- */

static struct link up = { .state = LINK_UP };
static struct server sese = { .name = (char *)"sese", .link = &up };
static struct source live = { .state = SOURCE_LIVE, .server = &sese },
		     stale = { .state = SOURCE_STALE, .server = &sese };

#define ROWS_MAX 10000
static const struct kind thing = { .name = "thing", .plural = "things" };
static struct row all[ROWS_MAX];
static const struct row *view[ROWS_MAX];

static void make_rows(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		all[i] = (struct row){ .server = &sese, .source = &live, .health = HEALTH_GOOD };
		all[i].name = xasprintf("thing-%zu", i);
		all[i].kind = &thing;
		all[i].id = xasprintf("sese/thing/%zu", i);
		all[i].mark = (uint32_t)i;
		view[i] = &all[i];
	}
}

static void free_rows(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(all[i].name);
		free(all[i].id);
		free(all[i].why);
	}
}

static void glyph_cell(const struct row *r, struct cell *c)
{
	snprintf(c->text, sizeof(c->text), "%s", glyph_health(r->health));
}
static void name_cell(const struct row *r, struct cell *c)
{
	snprintf(c->text, sizeof(c->text), "%s", r->name);
}
static void why_cell(const struct row *r, struct cell *c)
{
	snprintf(c->text, sizeof(c->text), "%s", r->why ? r->why : "");
}
static void number_cell(const struct row *r, struct cell *c)
{
	snprintf(c->text, sizeof(c->text), "%u", r->mark * 7 % 100);
}
static void nothing_cell(const struct row *r, struct cell *c)
{
	c->text[0] = 0;
}

static void clock_cell(const struct row *r, struct cell *c)
{
	snprintf(c->text, sizeof(c->text), "3s");
	c->changes_ms = 5000 - (int64_t)r->mark;
}

static int number_compare(const struct row *a, const struct row *b)
{
	unsigned x = a->mark * 7 % 100, y = b->mark * 7 % 100;

	return x < y ? -1 : x > y;
}

static const struct column columns[] = {
	{ .name = "health", .title = "", .min = 1, .max = 1, .cell = glyph_cell },
	{ .name = "name",
	  .title = "NAME",
	  .min = 6,
	  .max = 20,
	  .cut = CUT_MIDDLE,
	  .cell = name_cell },
	{ .name = "number",
	  .title = "N",
	  .min = 3,
	  .max = 5,
	  .importance = 2,
	  .align = ALIGN_RIGHT,
	  .cell = number_cell,
	  .compare = number_compare,
	  .descending = true },
	{ .name = "clock",
	  .title = "FOR",
	  .min = 3,
	  .max = 4,
	  .importance = 4,
	  .align = ALIGN_RIGHT,
	  .cell = clock_cell },
	{ .name = "why", .title = "WHY", .min = 6, .max = -1, .importance = 1, .cell = why_cell },
	{ .name = "nothing",
	  .title = "",
	  .max = 8,
	  .importance = 1,
	  .align = ALIGN_RIGHT,
	  .cell = nothing_cell },
	{ .name = NULL }
};
static void brief(const struct row *r, struct cell *c)
{
	snprintf(c->text, sizeof(c->text), "brief %s", r->name);
}
static const struct panel panel = { .name = "things", .columns = columns };
static const struct panel brief_panel = { .name = "things", .columns = columns, .brief = brief };
static void brief_end(const struct row *r, struct cell *c)
{
	(void)r;
	cell_set(c, TONE_DIM, "retry");
}
static const struct panel step_panel = {
	.name = "things", .columns = columns, .brief = brief, .brief_end = brief_end
};

static bool instead(const struct row *r, struct cell *c)
{
	bool has = r->why && !strncmp(r->why, "only ", 5);

	snprintf(c->text, sizeof(c->text), "%s", has ? r->why : "");
	return has;
}

static const struct column aging_columns[] = {
	{ .name = "health", .title = "", .min = 1, .max = 1, .cell = glyph_cell },
	{ .name = "name",
	  .title = "NAME",
	  .min = 6,
	  .max = 20,
	  .cut = CUT_MIDDLE,
	  .cell = name_cell },
	{ .name = "number",
	  .title = "N",
	  .min = 3,
	  .max = 5,
	  .importance = 2,
	  .align = ALIGN_RIGHT,
	  .cell = number_cell,
	  .compare = number_compare,
	  .descending = true },
	{ .name = "why", .title = "WHY", .min = 6, .max = -1, .importance = 1, .cell = why_cell },
	{ .name = "far",
	  .title = "FAR",
	  .min = 3,
	  .max = 5,
	  .importance = 2,
	  .align = ALIGN_RIGHT,
	  .cell = number_cell,
	  .descending = true },
	{ COLUMN_OF_AGE },
	{ .name = NULL }
};
static const struct panel aging = {
	.name = "things", .columns = aging_columns, .instead = instead, .instead_after = "name"
};

static void draw(struct table *t)
{
	struct canvas screen = canvas_screen();

	table_draw(t, &screen, true);
}

static void press(struct table *t, const char *name)
{
	struct key k;

	assert_true(key_parse(name, &k));
	assert_true(table_key(t, &k));
}

/* --- the cursor ---------------------------------------------------------- */

static void test_cursor_follows_id(void **state)
{
	struct table *t = table_create(&panel);

	make_rows(10);
	table_set_rows(t, view, 10);
	assert_string_equal(table_cursor_id(t), "sese/thing/0");
	press(t, "j");
	press(t, "j");
	assert_string_equal(table_cursor_id(t), "sese/thing/2");
	/* Others come and go before it. */
	table_set_rows(t, NULL, 0);
	table_set_rows(t, view + 1, 9);
	assert_string_equal(table_cursor_id(t), "sese/thing/2");
	assert_int_equal(table_index(t), 1);
	/* It goes itself: the place stays. */
	view[2] = &all[0];
	table_set_rows(t, view + 1, 9);
	assert_int_equal(table_index(t), 1);
	assert_string_equal(table_cursor_id(t), "sese/thing/0");
	/* All go and come back. */
	table_set_rows(t, NULL, 0);
	assert_null(table_cursor(t));
	assert_string_equal(table_cursor_id(t), "");
	view[2] = &all[2];
	table_set_rows(t, view, 10);
	assert_string_equal(table_cursor_id(t), "sese/thing/0");
	press(t, "G");
	table_set_rows(t, view, 3);
	assert_string_equal(table_cursor_id(t), "sese/thing/2");
	assert_true(table_seek(t, "sese/thing/1"));
	assert_false(table_seek(t, "sese/thing/9"));
	table_destroy(t);
	table_destroy(NULL);
	free_rows(10);
}

/* A click takes the row that was drawn there: not the head, and nothing below the last row. */
static void test_clicks(void **state)
{
	static const struct {
		size_t rows;
		int line;
		const char *id; /* NULL: there is none */
	} clicks[] = {
		{ 3, -1, NULL }, { 3, 0, NULL },          { 3, 1, "sese/thing/0" },
		{ 3, 3, "sese/thing/2" }, { 3, 4, NULL }, { 9, 1, "sese/thing/4" },
		{ 9, 5, "sese/thing/8" }, { 9, 6, NULL }, { 9, 7, NULL },
	};
	open_terminal(6, 80, "xterm-256color");
	for (size_t i = 0; i < ARRAY_LEN(clicks); i++) {
		struct table *t = table_create(&panel);
		make_rows(clicks[i].rows);
		table_set_rows(t, view, clicks[i].rows);
		draw(t);
		press(t, "G"); /* nine rows are more than fit: the last five are drawn */
		draw(t);
		press(t, "k");
		draw(t);
		size_t before = table_index(t);
		assert_int_equal(table_click(t, clicks[i].line), clicks[i].id != NULL);
		if (clicks[i].id)
			assert_string_equal(table_cursor_id(t), clicks[i].id);
		else
			assert_int_equal(table_index(t), before);
		table_destroy(t);
		free_rows(clicks[i].rows);
	}
	close_terminal();
}

static void test_marks(void **state)
{
	struct table *t = table_create(&panel);
	const char *ids[4];

	make_rows(4);
	table_set_rows(t, view, 4);
	table_mark_toggle(t);
	table_mark_toggle(t);
	assert_int_equal(table_index(t), 2);
	assert_true(table_marked(t, "sese/thing/1"));
	/* a filter hides them: they stay marked */
	table_set_rows(t, view + 2, 2);
	assert_int_equal(table_marks(t, ids, 4), 2);
	assert_int_equal(table_marks(t, NULL, 0), 2);
	table_mark(t, "sese/thing/0", false);
	assert_int_equal(table_marks(t, ids, 4), 1);
	assert_string_equal(ids[0], "sese/thing/1");
	table_marks_clear(t);
	assert_int_equal(table_marks(t, ids, 4), 0);
	table_destroy(t);
	free_rows(4);
}

static void test_filter_and_sort(void **state)
{
	struct table *t = table_create(&panel);
	struct fuzzy f;
	size_t n;

	open_terminal(24, 80, "xterm-256color");
	make_rows(30);
	all[7].why = xstrdup("exited 137");
	all[7].health = HEALTH_BAD;
	table_sort(t, view, 30);
	assert_ptr_equal(view[0], &all[7]); /* worst first */
	assert_ptr_equal(view[1], &all[0]);
	assert_ptr_equal(view[3], &all[2]); /* thing-2 before thing-10 */
	assert_false(table_sort_by(t, "nosuch", false));
	assert_true(table_sort_by(t, "number", false));
	table_sort(t, view, 30);
	assert_int_equal(view[0]->mark * 7 % 100, 98); /* numbers: the largest first */
	table_sort_reverse(t);
	table_sort(t, view, 30);
	assert_int_equal(view[0]->mark * 7 % 100, 0);
	table_sort_by(t, "name", false);
	table_sort(t, view, 30);
	assert_ptr_equal(view[2], &all[2]);
	/* Steps go through the columns on the screen and back to the panel's order. */
	table_set_rows(t, view, 30);
	draw(t);
	table_sort_by(t, NULL, false);
	table_sort_step(t, 1);
	assert_string_equal(table_sort_name(t), "name");
	table_sort_step(t, 1);
	assert_string_equal(table_sort_name(t), "number");
	table_sort_step(t, -1);
	table_sort_step(t, -1);
	assert_null(table_sort_name(t));
	table_sort_step(t, -1);
	assert_string_equal(table_sort_name(t), "why");
	fuzzy_compile(&f, "137");
	n = table_filter(t, &f, view, 30);
	assert_int_equal(n, 1);
	assert_ptr_equal(view[0], &all[7]);
	make_rows(0);
	table_destroy(t);
	close_terminal();
	free_rows(30);
}

/* --- what is drawn ------------------------------------------------------- */

static void test_columns(void **state)
{
	struct table *t = table_create(&panel);
	struct canvas part;

	open_terminal(24, 80, "xterm-256color");
	make_rows(3);
	all[1].why = xstrdup("listen tcp :443: bind: address already in use");
	all[1].health = HEALTH_BAD;
	table_set_rows(t, view, 3);
	draw(t);
	assert_string_equal(seen(0), "   NAME       N  FOR  WHY");
	assert_string_equal(seen(1), " ● thing-0    0   3s");
	assert_string_equal(seen(2),
	                    " ✗ thing-1    7   3s  listen tcp :443: bind: address already in use");
	assert_int_equal(table_changes_ms(t), 4998);
	table_sort_by(t, "number", false);
	draw(t);
	assert_string_equal(seen(0), "   NAME      N▼  FOR  WHY");
	/* Narrow: the least important go first, the rest stays whole. */
	part = canvas_screen();
	part = canvas_part(&part, 0, 0, -1, 30);
	erase();
	table_draw(t, &part, true);
	assert_string_equal(seen(0), "   NAME    WHY");
	assert_string_equal(seen(2), " ✗ thing-1 listen tcp :443: b…");
	part = canvas_part(&part, 0, 0, -1, 8);
	erase();
	table_draw(t, &part, true);
	assert_string_equal(seen(1), " ● th…-0");
	for (int w = 0; w < 8; w++) {
		part = canvas_part(&part, 0, 0, -1, w);
		table_draw(t, &part, true);
	}
	/* Two lines: no head. */
	part = canvas_screen();
	part = canvas_part(&part, 5, 0, 2, -1);
	erase();
	table_draw(t, &part, true);
	assert_string_equal(seen(5), " ● thing-0    0   3s");
	table_hide(t, "name", true);
	table_sort_by(t, NULL, false);
	draw(t);
	assert_string_equal(seen(0), "     N  FOR  WHY");
	table_destroy(t);
	close_terminal();
	free_rows(3);
}

/* The user's columns in his order; the rest is as with the panel's own. */
static void test_chosen_columns(void **state)
{
	struct table *t = table_create(&panel);
	char bad[32] = "";
	const char *name;
	bool shown;

	open_terminal(24, 80, "xterm-256color");
	make_rows(3);
	table_set_rows(t, view, 3);
	assert_false(table_columns_chosen(t));
	table_sort_by(t, "number", false);
	assert_true(table_choose_columns(t, "health, number, name", bad, sizeof(bad)));
	assert_true(table_columns_chosen(t));
	draw(t);
	assert_string_equal(seen(0), "    N▼  NAME");
	assert_string_equal(seen(1), " ●   0  thing-0");
	assert_string_equal(table_sort_name(t), "number");
	assert_true(table_column(t, 1, &name, &shown) && shown);
	assert_string_equal(name, "number");
	/* A wrong name changes nothing. */
	assert_false(table_choose_columns(t, "name nummber", bad, sizeof(bad)));
	assert_string_equal(bad, "nummber");
	draw(t);
	assert_string_equal(seen(0), "    N▼  NAME");
	/* What redundancy hides stays hidden in another order. */
	table_hide(t, "name", true);
	assert_true(table_choose_columns(t, "health name number", bad, sizeof(bad)));
	draw(t);
	assert_string_equal(seen(0), "    N▼");
	table_hide(t, "name", false);
	table_sort_by(t, NULL, false);
	assert_true(table_choose_columns(t, "", bad, sizeof(bad)));
	assert_false(table_columns_chosen(t));
	draw(t);
	assert_string_equal(seen(0), "   NAME       N  FOR  WHY");
	table_destroy(t);
	close_terminal();
	free_rows(3);
}

static void test_brief_and_stale(void **state)
{
	struct table *t = table_create(&brief_panel);

	open_terminal(6, 40, "xterm");
	make_rows(2);
	all[1].source = &stale;
	stale.fresh_ms = now_wall_ms() - 4 * 60000 - 500;
	table_set_rows(t, view, 2);
	draw(t);
	assert_string_equal(seen(0), " ● brief thing-0");
	assert_string_equal(seen(1), " ● brief thing-1                  4m old");
	table_mark(t, "sese/thing/0", true);
	draw(t);
	assert_string_equal(seen(0), "»● brief thing-0");
	table_destroy(t);
	close_terminal();
	free_rows(2);
}

/* The number of further rows has a room of its own: it cuts no word, and the columns stand as they
 * do on the other lines. */
static void test_more_has_a_place(void **state)
{
	struct table *t = table_create(&panel);

	open_terminal(2, 40, "xterm");
	make_rows(5);
	for (size_t i = 0; i < 5; i++)
		all[i].why = xstrdup("a long reason that is cut at the end of the line");
	table_set_rows(t, view, 5);
	table_without_head(t, true);
	draw(t);
	assert_non_null(strstr(seen(1), "a long re"));
	char *column = strstr(seen(1), " a long re");
	size_t at = (size_t)(column - seen(1));
	table_says_more(t, true);
	draw(t);
	assert_non_null(strstr(seen(0), "a long re"));
	column = strstr(seen(1), " a long re");
	assert_non_null(column);
	assert_int_equal((size_t)(column - seen(1)), at);
	assert_non_null(strstr(seen(1), "… +3 more"));
	/* at the last row nothing is below */
	table_seek(t, "sese/thing/4");
	draw(t);
	assert_null(strstr(seen(1), "more"));
	table_destroy(t);
	close_terminal();
	for (size_t i = 0; i < 5; i++) {
		free(all[i].why);
		all[i].why = NULL;
	}
	free_rows(5);
}

static void test_brief_ends_with_a_word(void **state)
{
	struct table *t = table_create(&step_panel);

	open_terminal(2, 40, "xterm");
	make_rows(5);
	table_set_rows(t, view, 5);
	table_says_more(t, true);
	draw(t);
	assert_string_equal(seen(0), " ● brief thing-0                   retry");
	assert_string_equal(seen(1), " ● brief thing-1                 +3 more");
	close_terminal();
	open_terminal(2, 28, "xterm");
	draw(t);
	assert_string_equal(seen(0), " ● brief thing-0");
	assert_string_equal(seen(1), " ● brief thing-1     +3 more");
	table_destroy(t);
	close_terminal();
	free_rows(5);
}

/* The age of an old row has a place of its own: it stands under no heading and over no number. */
static void test_age_has_a_place(void **state)
{
	struct table *t = table_create(&aging);
	int64_t now = now_wall_ms();

	open_terminal(6, 50, "xterm");
	make_rows(2);
	all[0].why = xstrdup("well enough");
	all[1].why = xstrdup("well enough");
	table_set_rows(t, view, 2);
	draw(t);
	assert_string_equal(seen(1), " ● thing-0   0 well enough                       0");
	all[1].source = &stale;
	stale.fresh_ms = now - 4 * 60000 - 500;
	draw(t);
	assert_string_equal(seen(0), "   NAME      N WHY                    FAR");
	assert_string_equal(seen(1), " ● thing-0   0 well enough              0");
	assert_string_equal(seen(2), " ● thing-1   7 well enough              7   4m old");
	assert_true(table_changes_ms(t) > 0);
	/* It is fresh again. For a while the columns stay where they are. */
	all[1].source = &live;
	draw(t);
	assert_string_equal(seen(1), " ● thing-0   0 well enough              0");
	assert_true(table_changes_ms(t) > now);
	now_wall_set(now + TABLE_KEEP_MS + 1000);
	draw(t);
	assert_string_equal(seen(1), " ● thing-0   0 well enough                       0");
	now_wall_set(0);
	table_destroy(t);
	close_terminal();
	free_rows(2);
}

/* A row of which nothing but a sentence is known has it where its cells would say nothing, and as
 * wide as the table. */
static void test_sentence_instead(void **state)
{
	struct table *t = table_create(&aging);

	open_terminal(6, 40, "xterm");
	make_rows(2);
	all[0].why = xstrdup("only this: no address for that name");
	table_set_rows(t, view, 2);
	draw(t);
	assert_string_equal(seen(1), " ● thing-0 only this: no address for th…");
	assert_string_equal(seen(2), " ● thing-1   7");
	table_destroy(t);
	close_terminal();
	free_rows(2);
}

/* A column keeps the width of a text that has gone for a while, and for no longer. */
static void test_widths_stay_a_while(void **state)
{
	struct table *t = table_create(&panel);
	int64_t now = now_wall_ms();
	char *name;

	open_terminal(10, 80, "xterm");
	make_rows(2);
	name = all[0].name;
	all[0].name = xstrdup("a-much-longer-name");
	table_set_rows(t, view, 2);
	now_wall_set(now);
	draw(t);
	assert_string_equal(seen(2), " ● thing-1               7   3s");
	free(all[0].name);
	all[0].name = name;
	draw(t);
	assert_string_equal(seen(2), " ● thing-1               7   3s");
	now_wall_set(now + TABLE_KEEP_MS + 1000);
	draw(t);
	assert_string_equal(seen(2), " ● thing-1    7   3s");
	now_wall_set(0);
	table_destroy(t);
	close_terminal();
	free_rows(2);
}

static void passing_cell(const struct row *r, struct cell *c)
{
	bool busy = !strcmp(r->name, "thing-1");

	snprintf(c->text, sizeof(c->text), "%s", busy ? "restarting, 12 of 40 layers" : "up");
	c->passing = busy;
}

/* The progress of an action widens no column. Its row gives the text the columns after it, the
 * other rows stay as they were. */
static void test_passing_text(void **state)
{
	static const struct column busy_columns[] = { { .name = "name",
		                                        .title = "NAME",
		                                        .min = 6,
		                                        .max = 20,
		                                        .cut = CUT_MIDDLE,
		                                        .cell = name_cell },
		                                      { .name = "state",
		                                        .title = "STATE",
		                                        .min = 5,
		                                        .max = 40,
		                                        .importance = 1,
		                                        .cell = passing_cell },
		                                      { .name = "number",
		                                        .title = "N",
		                                        .min = 3,
		                                        .max = 5,
		                                        .importance = 2,
		                                        .align = ALIGN_RIGHT,
		                                        .cell = number_cell,
		                                        .compare = number_compare,
		                                        .descending = true },
		                                      { .name = "far",
		                                        .title = "FAR",
		                                        .min = 3,
		                                        .max = 5,
		                                        .importance = 2,
		                                        .align = ALIGN_RIGHT,
		                                        .cell = number_cell,
		                                        .descending = true },
		                                      { .name = "why",
		                                        .title = "WHY",
		                                        .min = 6,
		                                        .max = -1,
		                                        .importance = 1,
		                                        .cell = why_cell },
		                                      { .name = NULL } };
	static const struct panel busy = { .name = "things", .columns = busy_columns };
	struct table *t = table_create(&busy);

	open_terminal(6, 60, "xterm");
	make_rows(3);
	all[2].why = xstrdup("well");
	table_set_rows(t, view, 3);
	draw(t);
	assert_string_equal(seen(0), " NAME    STATE   N FAR WHY");
	assert_string_equal(seen(2), " thing-1 restarting, 12 of 40 layers");
	assert_string_equal(seen(3), " thing-2 up     14  14 well");
	table_destroy(t);
	close_terminal();
	free_rows(3);
}

/* Room goes where texts are cut: over a column's own bound, and from a column in which nothing
 * stands. What is left out or cut can be asked for. */
static void test_room_for_what_is_cut(void **state)
{
	static const struct column some[] = { { .name = "name",
		                                .title = "NAME",
		                                .min = 6,
		                                .max = 10,
		                                .cut = CUT_MIDDLE,
		                                .cell = name_cell },
		                              { .name = "why",
		                                .title = "WHY",
		                                .min = 6,
		                                .max = 12,
		                                .importance = 2,
		                                .cell = why_cell },
		                              { .name = "number",
		                                .title = "N",
		                                .min = 3,
		                                .max = 5,
		                                .importance = 3,
		                                .align = ALIGN_RIGHT,
		                                .cell = number_cell,
		                                .compare = number_compare,
		                                .descending = true },
		                              { .name = "nothing",
		                                .title = "NOTHING",
		                                .min = 7,
		                                .max = -1,
		                                .importance = 1,
		                                .cell = nothing_cell },
		                              { .name = NULL } };
	static const struct panel cut = { .name = "things", .columns = some };
	struct table *t = table_create(&cut);
	struct cell left = { 0 };

	open_terminal(6, 60, "xterm");
	make_rows(2);
	all[0].why = xstrdup("longer than its column would have it");
	table_set_rows(t, view, 2);
	draw(t);
	assert_string_equal(seen(1), " thing-0 longer than its column would have it   0");
	assert_false(table_left_out(t, &left));
	struct canvas part = canvas_screen();
	part = canvas_part(&part, 0, 0, -1, 30);
	canvas_clear(&part);
	erase();
	table_draw(t, &part, true);
	assert_string_equal(seen(0), " NAME    WHY                 N");
	assert_string_equal(seen(1), " thing-0 longer than its …   0");
	assert_true(table_left_out(t, &left));
	assert_string_equal(left.text, "WHY longer than its column would have it");
	table_destroy(t);
	close_terminal();
	free_rows(2);
}

static void test_scrolling(void **state)
{
	struct table *t = table_create(&panel);

	open_terminal(11, 80, "xterm");
	make_rows(100);
	table_set_rows(t, view, 100);
	draw(t);
	assert_int_equal(table_shown(t), 10);
	press(t, "PgDn");
	draw(t);
	assert_string_equal(table_cursor_id(t), "sese/thing/9");
	assert_int_equal(table_top(t), 2);
	press(t, "G");
	draw(t);
	assert_int_equal(table_top(t), 90);
	assert_string_equal(table_cursor_id(t), "sese/thing/99");
	press(t, "C-u");
	draw(t);
	assert_string_equal(table_cursor_id(t), "sese/thing/94");
	table_set_rows(t, view, 5);
	draw(t);
	assert_int_equal(table_top(t), 0);
	assert_int_equal(table_shown(t), 5);
	table_destroy(t);
	close_terminal();
	free_rows(100);
}

/* --- what reaches the terminal ------------------------------------------- */

static void test_no_bytes_at_rest(void **state)
{
	static const char *const terms[] = {
		"xterm-256color", "tmux-256color", "screen", "linux",
		"xterm-direct",   "vt100",         "xterm",
	};

	for (size_t i = 0; i < sizeof(terms) / sizeof(*terms); i++) {
		struct table *t = table_create(&panel);
		size_t moved;
		open_terminal(24, 80, terms[i]);
		make_rows(50);
		table_set_rows(t, view, 50);
		draw(t);
		canvas_flush();
		assert_true(drain() > 500);
		draw(t);
		canvas_flush();
		assert_int_equal(drain(), 0);
		press(t, "j");
		draw(t);
		canvas_flush();
		moved = drain();
		assert_in_range(moved, 1, 1000);
		/* One row changed. */
		all[9].health = HEALTH_BAD;
		all[9].why = xstrdup("exit code 1");
		draw(t);
		canvas_flush();
		assert_in_range(drain(), 1, 199);
		canvas_suspend();
		assert_true(drain() > 0);
		canvas_resume();
		draw(t);
		canvas_flush();
		assert_true(drain() > 500); /* everything again */
		table_destroy(t);
		close_terminal();
		free_rows(50);
	}
}

static void test_refusals(void **state)
{
	char why[256] = "";
	const char *term = getenv("TERM");
	char *before = xstrdup(term ? term : "xterm");
	int in = dup(0), out = dup(1), m, s;

	openpty(&m, &s, NULL, NULL, NULL);
	fflush(stdout);
	dup2(s, 0);
	dup2(s, 1);
	setenv("TERM", "dumb", 1);
	assert_false(canvas_start("default", false, why, sizeof(why)));
	dup2(out, 1);
	assert_non_null(strstr(why, "dumb"));
	dup2(s, 1);
	setenv("TERM", "no-such-terminal", 1);
	assert_false(canvas_start("default", false, why, sizeof(why)));
	dup2(out, 1);
	assert_non_null(strstr(why, "no-such-terminal"));
	dup2(s, 1);
	setenv("TERM", "xterm", 1);
	assert_false(canvas_start("nosuchtheme", false, why, sizeof(why)));
	dup2(out, 1);
	dup2(in, 0);
	close(m);
	close(s);
	assert_non_null(strstr(why, "nosuchtheme"));
	setenv("TERM", before, 1);
	free(before);
	canvas_stop(); /* never started: fine */
}

static void test_drawing_is_bounded(void **state)
{
	struct canvas screen, part;
	char big[20000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	open_terminal(5, 20, "xterm");
	screen = canvas_screen();
	assert_int_equal(canvas_text(&screen, 0, 0, -1, TONE_PLAIN, big), 20);
	assert_int_equal(canvas_text(&screen, 9, 0, -1, TONE_PLAIN, "x"), 0);
	assert_int_equal(canvas_text(&screen, -1, 0, -1, TONE_PLAIN, "x"), 0);
	part = canvas_part(&screen, 3, 15, 10, 10);
	assert_int_equal(part.height, 2);
	assert_int_equal(part.width, 5);
	/* no half of a wide character */
	assert_int_equal(canvas_text(&part, 0, 0, -1, TONE_PLAIN, "日本語"), 4);
	canvas_textf(&screen, 1, 0, -1, TONE_PLAIN, "a\033[31mb\a");
	assert_null(strchr(seen(1), '\033')); /* washing is others' work, and yet */
	canvas_border(&part, TONE_BORDER, big);
	canvas_row_tone(&screen, 99, TONE_CURSOR);
	canvas_fill(&screen, 0, -5, 100, TONE_PLAIN, "-");
	assert_string_equal(seen(0), "--------------------");
	close_terminal();
}

/* --- speed: 10,000 rows -------------------------------------------------- */

static void test_many_rows(void **state)
{
	struct table *t = table_create(&panel);
	struct timespec a, b;
	double ms;

	open_terminal(60, 200, "xterm-256color");
	make_rows(ROWS_MAX);
	table_set_rows(t, view, ROWS_MAX);
	draw(t);
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < 20; i++) {
		press(t, i % 2 ? "PgDn" : "G");
		table_set_rows(t, view, ROWS_MAX);
		draw(t);
		canvas_flush();
		drain();
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	ms = ((double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6) / 20;
	close_terminal();
	print_message("10,000 rows, 200x60: %.2f ms from key to screen\n", ms);
	table_destroy(t);
	free_rows(ROWS_MAX);
}

/* --- the pager ----------------------------------------------------------- */

static void page(struct pager *p)
{
	struct canvas screen = canvas_screen();

	pager_draw(p, &screen);
}

static void test_pager_log(void **state)
{
	struct log *log = log_create(0);
	struct pager *p = pager_create_log(log);
	char status[128], line[64];

	open_terminal(5, 40, "xterm");
	log_source_add(log, "sese/container/a");
	page(p);
	for (int i = 1; i <= 20; i++) {
		snprintf(line, sizeof(line), "line %d", i);
		log_add(log, 0, 0, LOG_LEVEL_INFO, LOG_LINE, line, strlen(line));
	}
	pager_times(p, PAGER_TIME_NONE);
	page(p);
	assert_string_equal(seen(4), "line 20");
	pager_status(p, status, sizeof(status));
	assert_string_equal(status, "following");
	pager_move(p, PAGER_UP);
	log_add(log, 0, 0, LOG_LEVEL_INFO, LOG_LINE, "new", 3);
	page(p);
	assert_string_equal(seen(4), "line 19");
	pager_status(p, status, sizeof(status));
	assert_string_equal(status, "paused, 1 new below");
	pager_move(p, PAGER_LAST);
	page(p);
	assert_string_equal(seen(4), "new");
	assert_true(pager_following(p));
	assert_true(pager_search(p, "line 7"));
	page(p);
	pager_status(p, status, sizeof(status));
	assert_non_null(strstr(status, "/line 7"));
	assert_false(pager_search(p, "nowhere"));
	pager_move(p, PAGER_FIRST);
	page(p);
	assert_string_equal(seen(0), "line 1");
	close_terminal();
	pager_destroy(p);
	log_destroy(log);
}

static void test_pager_doc(void **state)
{
	struct pager *p;
	struct doc doc;
	char status[128];

	doc_init(&doc);
	doc_head(&doc, "Head");
	doc_pair(&doc, DOC_PLAIN, "image", "registry.example/one two three four five six seven");
	for (int i = 0; i < 10; i++)
		doc_add(&doc, DOC_PLAIN, "plain %d", i);
	open_terminal(6, 30, "xterm");
	p = pager_create_doc(&doc);
	page(p);
	assert_string_equal(seen(0), "Head");
	assert_string_equal(seen(1), "image  registry.example/one");
	assert_string_equal(seen(2), "       two three four five six");
	assert_string_equal(seen(3), "       seven");
	pager_move(p, PAGER_DOWN);
	pager_move(p, PAGER_DOWN);
	page(p);
	assert_string_equal(seen(0), "       two three four five six");
	pager_move(p, PAGER_LAST);
	page(p);
	assert_string_equal(seen(5), "plain 9");
	pager_status(p, status, sizeof(status));
	assert_string_equal(status, "end");
	/* details grow while answers arrive: the end is followed until the user moves up */
	doc_add(&doc, DOC_PLAIN, "plain 10");
	pager_set_doc(p, &doc);
	page(p);
	assert_string_equal(seen(5), "plain 10");
	pager_move(p, PAGER_UP);
	doc_add(&doc, DOC_PLAIN, "plain 11");
	pager_set_doc(p, &doc);
	page(p);
	assert_string_equal(seen(5), "plain 9");
	pager_move(p, PAGER_LAST);
	pager_stay(p);
	doc_add(&doc, DOC_PLAIN, "plain 12");
	pager_set_doc(p, &doc);
	page(p);
	assert_string_equal(seen(5), "plain 11");
	pager_move(p, PAGER_FIRST);
	assert_true(pager_search(p, "PLAIN 3") == false);
	assert_true(pager_search(p, "plain 3"));
	assert_true(pager_search_step(p, 1)); /* around the end to itself */
	pager_wrap(p, false);
	page(p);
	close_terminal();
	pager_destroy(p);
	doc_finish(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cursor_follows_id),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_clicks),
		cmocka_unit_test(test_filter_and_sort),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_chosen_columns),
		cmocka_unit_test(test_brief_and_stale),
		cmocka_unit_test(test_more_has_a_place),
		cmocka_unit_test(test_brief_ends_with_a_word),
		cmocka_unit_test(test_age_has_a_place),
		cmocka_unit_test(test_sentence_instead),
		cmocka_unit_test(test_widths_stay_a_while),
		cmocka_unit_test(test_passing_text),
		cmocka_unit_test(test_room_for_what_is_cut),
		cmocka_unit_test(test_scrolling),
		cmocka_unit_test(test_no_bytes_at_rest),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_drawing_is_bounded),
		cmocka_unit_test(test_many_rows),
		cmocka_unit_test(test_pager_log),
		cmocka_unit_test(test_pager_doc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
