/* Tables as they stand on the screen, with the tones of their cells, at many sizes and in every
 * state that a user gives them: against tests/unit/answers/tables.txt. The rules themselves are in
 * test_table. */
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
#include <unistd.h>

#include <curses.h>

#include <cmocka.h>
#include <utf8proc.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/settings.h"
#include "tests/unit/expected.h"
#include "tui/table.h"

/* --- a terminal nobody sees ----------------------------------------------- */

#define LINES_MOST 14
#define WIDTH_MOST 130

static int master = -1, slave = -1, real_in = -1, real_out = -1;
static struct settings settings;
static struct loop *loop;
static struct link up = { .state = LINK_UP };
static struct server sese = { .name = (char *)"sese", .link = &up };

static int open_terminal(void **state)
{
	loop = loop_create();
	sese.store = store_create(loop, NULL, &settings);
	struct winsize ws = { .ws_row = LINES_MOST, .ws_col = WIDTH_MOST };
	char why[256] = "";
	(void)state;
	setlocale(LC_ALL, "C.UTF-8");
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("TERM", "xterm-256color", 1);
	unsetenv("NO_COLOR");
	unsetenv("COLORTERM");
	assert_int_equal(openpty(&master, &slave, NULL, NULL, &ws), 0);
	fcntl(master, F_SETFL, O_NONBLOCK);
	fflush(stdout);
	real_in = dup(0);
	real_out = dup(1);
	dup2(slave, 0);
	dup2(slave, 1);
	return canvas_start("default", false, why, sizeof(why)) ? 0 : -1;
}

static int close_terminal(void **state)
{
	(void)state;
	canvas_stop();
	dup2(real_in, 0);
	dup2(real_out, 1);
	close(real_in);
	close(real_out);
	close(master);
	close(slave);
	store_destroy(sese.store);
	loop_destroy(loop);
	return 0;
}

/* The lines of a part of the screen, each with the lengths of its tones: a letter is a colour with
 * its attributes, the same one in the whole file. */
static void write_screen(struct buf *out, const struct canvas *c)
{
	static struct {
		attr_t attr;
		short pair;
	} tones[60];
	static size_t n_tones;
	for (int y = 0; y < c->height; y++) {
		char text[WIDTH_MOST * 8 + 1], last = 0;
		size_t len = 0, run = 0;
		struct buf shown = { 0 };
		for (int x = 0; x < c->width; x++) {
			cchar_t cell;
			wchar_t w[CCHARW_MAX + 1] = { 0 };
			attr_t attr = 0;
			short pair = 0;
			size_t tone = 0;
			mvin_wch(c->y + y, c->x + x, &cell);
			getcchar(&cell, w, &attr, &pair, NULL);
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%ls", w);
			attr &= A_BOLD | A_DIM | A_REVERSE | A_UNDERLINE | A_ITALIC;
			while (tone < n_tones &&
			       (tones[tone].attr != attr || tones[tone].pair != pair))
				tone++;
			if (tone == n_tones && n_tones + 1 < ARRAY_LEN(tones)) {
				tones[n_tones].attr = attr;
				tones[n_tones++].pair = pair;
			}
			if (last && last != (char)('A' + tone)) {
				buf_addf(&shown, "%c%zu", last, run);
				run = 0;
			}
			last = (char)('A' + tone);
			run++;
			if (utf8proc_charwidth((utf8proc_int32_t)w[0]) == 2) {
				run++; /* the second cell of the same character */
				x++;
			}
		}
		buf_addf(out, "|%s| %.*s%c%zu\n", text, (int)shown.len, shown.len ? shown.data : "",
		         last ? last : '-', run);
		buf_finish(&shown);
	}
}

/* --- rows ----------------------------------------------------------------- */

static struct source live = { .state = SOURCE_LIVE, .server = &sese },
		     stale = { .state = SOURCE_STALE, .server = &sese };
static const struct kind thing = { .name = "thing", .plural = "things" };

#define ROW(row_name, row_health, row_why, row_source)                                       \
	{                                                                                    \
		.server = &sese, .kind = &thing, .source = row_source, .health = row_health, \
		.id = (char *)"sese/thing/" row_name, .name = (char *)row_name,              \
		.why = (char *)(row_why)                                                     \
	}
static struct row all[] = {
	ROW("alpha", HEALTH_GOOD, NULL, &live),
	ROW("a-name-that-is-longer-than-its-column", HEALTH_BAD,
	    "listen tcp :443: bind: address already in use", &live),
	ROW("日本語のサーバー", HEALTH_ATTENTION, "slow", &live),
	ROW("gone", HEALTH_GOOD, "only a sentence that stands instead of all cells", &stale),
	ROW("asks", HEALTH_ASKS, "may I?", &live),
	ROW("idle", HEALTH_IDLE, NULL, &live),
	ROW("busy", HEALTH_BUSY, NULL, &stale),
	ROW("seven", HEALTH_GOOD, NULL, &live),
	ROW("eight", HEALTH_UNKNOWN, NULL, &live),
	ROW("nine", HEALTH_GOOD, NULL, &live),
	ROW("ten", HEALTH_GOOD, NULL, &live),
};
#define ROWS ARRAY_LEN(all)
static const struct row *view[ROWS];

static void name_cell(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_PLAIN, "%s", r->name);
}
static void size_cell(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_DIM, "%zu", (size_t)(r - all) * 37 % 101);
}
static void why_cell(const struct row *r, struct cell *c)
{
	cell_set(c, tone_health(r->health), "%s", r->why ? r->why : "");
}
static void nothing_cell(const struct row *r, struct cell *c)
{
	(void)r;
	cell_set(c, TONE_PLAIN, "%s", "");
}
static void state_cell(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_ACCENT, "%s", r->health == HEALTH_GOOD ? "up 3h" : "restarting 3s");
	c->changes_ms = 9000 - (int64_t)(r - all);
}
static void brief_cell(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_WARN, "brief %s", r->name);
}
static void end_cell(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_DIM, "%s", r->health == HEALTH_BAD ? "retry" : "");
}
static bool instead(const struct row *r, struct cell *c)
{
	bool has = r->why && !strncmp(r->why, "only ", 5);
	cell_set(c, TONE_DIM, "%s", has ? r->why : "");
	return has;
}
static int size_compare(const struct row *a, const struct row *b)
{
	size_t x = (size_t)(a - all) * 37 % 101, y = (size_t)(b - all) * 37 % 101;
	return x < y ? -1 : x > y;
}

static const struct column columns[] = {
	{ COLUMN_OF_HEALTH },
	{ COLUMN_OF_SERVER, .min = 4, .importance = 6 },
	{ .name = "name",
	  .title = "NAME",
	  .min = 6,
	  .max = 20,
	  .cut = CUT_MIDDLE,
	  .cell = name_cell },
	{ .name = "size",
	  .title = "SIZE",
	  .min = 3,
	  .max = 5,
	  .importance = 2,
	  .align = ALIGN_RIGHT,
	  .cell = size_cell,
	  .compare = size_compare,
	  .descending = true },
	{ .name = "state",
	  .title = "STATE",
	  .min = 4,
	  .max = 14,
	  .importance = 3,
	  .cell = state_cell },
	{ .name = "nothing", .title = "NONE", .max = 8, .importance = 4, .cell = nothing_cell },
	{ .name = "why", .title = "WHY", .min = 6, .max = -1, .importance = 1, .cell = why_cell },
	{ COLUMN_OF_AGE },
	{ .name = NULL }
};
static const struct panel kinds_of_panel[] = {
	{ .name = "plain", .columns = columns },
	{ .name = "brief", .columns = columns, .brief = brief_cell, .brief_end = end_cell },
	{ .name = "joined", .columns = columns, .brief_columns = { "state" }, .brief_why = true },
	{ .name = "instead", .columns = columns, .instead = instead, .instead_after = "name" },
};

/* --- what is drawn -------------------------------------------------------- */

static void write_table(struct buf *out, struct table *t, const char *what, int height, int width,
                        bool focused)
{
	struct canvas screen = canvas_screen();
	struct canvas c = canvas_part(&screen, 1, 2, height, width);
	struct cell left = { 0 };
	canvas_clear(&screen);
	table_draw(t, &c, focused);
	buf_addf(out, "%s, %dx%d: rows %zu+%zu of %zu, cursor %zu %s, ", what, width, height,
	         table_top(t), table_shown(t), table_count(t), table_index(t), table_cursor_id(t));
	/* an age changes with the clock, the cells of this test do so at fixed times */
	int64_t changes = table_changes_ms(t);
	buf_addf(out, changes < 10000 ? "changes %lld\n" : "changes with an age\n",
	         (long long)changes);
	write_screen(out, &c);
	if (table_left_out(t, &left))
		buf_addf(out, "left out: %s\n", left.text);
}

static struct table *table_of(const struct panel *panel)
{
	struct table *t = table_create(panel);
	for (size_t i = 0; i < ROWS; i++)
		view[i] = &all[i];
	table_sort(t, view, ROWS);
	table_set_rows(t, view, ROWS);
	return t;
}

static void test_every_width(void **state)
{
	static const int widths[] = { 1,  2,  3,  6,  8,  9,  12, 16, 20, 25, 30, 33,
		                      38, 42, 47, 52, 58, 59, 60, 61, 70, 80, 95, 128 };
	struct buf out;
	(void)state;
	buf_init(&out, 4 << 20);
	for (size_t p = 0; p < ARRAY_LEN(kinds_of_panel); p++)
		for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
			struct table *t = table_of(&kinds_of_panel[p]);
			write_table(&out, t, kinds_of_panel[p].name, i % 2 ? 6 : 12, widths[i],
			            i % 3);
			table_destroy(t);
		}
	expected_check(&out, "tests/unit/answers/table_widths.txt");
	buf_finish(&out);
}

static void test_every_height(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 4 << 20);
	for (int height = 0; height <= 13; height++) {
		struct table *t = table_of(&kinds_of_panel[0]);
		for (int more = 0; more < 2; more++) {
			table_says_more(t, more);
			table_without_head(t, more && height % 2);
			write_table(&out, t, more ? "says more" : "at the top", height, 50, true);
		}
		table_move(t, TABLE_LAST);
		write_table(&out, t, "at the end", height, 50, true);
		for (int i = 0; i < 4; i++)
			table_move(t, TABLE_UP);
		write_table(&out, t, "four up", height, 50, true);
		table_move(t, TABLE_PAGE_UP);
		write_table(&out, t, "a page up", height, 50, true);
		table_move(t, TABLE_HALF_DOWN);
		write_table(&out, t, "half a page down", height, 50, true);
		table_without_head(t, true);
		write_table(&out, t, "without head and keys", height, 50, false);
		table_destroy(t);
	}
	expected_check(&out, "tests/unit/answers/table_heights.txt");
	buf_finish(&out);
}

static void test_every_choice(void **state)
{
	static const char *const chosen[] = {
		"name",       "why name", "size,state",      "age name",
		"health why", "nothing",  "server size name"
	};
	static const char *const words[] = { "a", "sese", "3h", "日本", "use", "443 bind", "gone" };
	static const int widths[] = { 30, 61, 100 };
	struct buf out;
	(void)state;
	buf_init(&out, 4 << 20);
	for (size_t w = 0; w < ARRAY_LEN(widths); w++) {
		struct table *t = table_of(&kinds_of_panel[3]);
		for (int step = 0; step < 8; step++) {
			table_sort_step(t, 1);
			if (step == 5)
				table_sort_reverse(t);
			table_sort(t, view, ROWS);
			table_set_rows(t, view, ROWS);
			buf_addf(&out, "by %s %s%s: ",
			         table_sort_name(t) ? table_sort_name(t) : "(panel)",
			         table_sort_is_reversed(t) ? "reversed" : "",
			         table_sorts_by_text(t) ? " text" : "");
			write_table(&out, t, "sorted", 13, widths[w], true);
		}
		table_sort_by(t, NULL, false);
		table_sort(t, view, ROWS);
		table_set_rows(t, view, ROWS);
		for (size_t i = 0; i < ARRAY_LEN(words); i++) {
			struct fuzzy f;
			const struct row *kept[ROWS];
			memcpy(kept, view, sizeof(kept));
			fuzzy_compile(&f, words[i]);
			table_set_match(t, &f);
			table_set_rows(t, kept, table_filter(t, &f, kept, ROWS));
			write_table(&out, t, words[i], 8, widths[w], true);
		}
		table_set_match(t, NULL);
		table_set_rows(t, view, ROWS);
		table_mark(t, "sese/thing/alpha", true);
		table_seek(t, "sese/thing/gone");
		table_mark_toggle(t);
		write_table(&out, t, "marked", 13, widths[w], false);
		table_mark_shown(t);
		buf_addf(&out, "%zu marks\n", table_marks(t, NULL, 0));
		table_marks_clear(t);
		table_hide(t, "server", true);
		write_table(&out, t, "without the server", 5, widths[w], true);
		table_hide(t, "server", false);
		for (size_t i = 0; i < ARRAY_LEN(chosen); i++) {
			char bad[32] = "";
			const char *name;
			bool shown;
			assert_true(table_choose_columns(t, chosen[i], bad, sizeof(bad)));
			for (size_t k = 0; table_column(t, k, &name, &shown); k++)
				buf_addf(&out, "%s%s \"%s\" ", shown ? "" : "no ", name,
				         table_column_title(t, k));
			write_table(&out, t, chosen[i], 5, widths[w], true);
		}
		table_destroy(t);
	}
	expected_check(&out, "tests/unit/answers/table_choices.txt");
	buf_finish(&out);
}

/* --- columns of the panels -------------------------------------------------- */

#define COLUMNS_MOST 32
#define FILLED 60
struct filled {
	struct row row;
	char text[COLUMNS_MOST][FILLED + 1]; /* a letter of its own for each column */
};

/* How many cells each column has, as "name 20 cpu 5". */
static void write_widths(char *out, size_t size, const struct panel *p)
{
	struct canvas screen = canvas_screen();
	size_t len = 0, n[COLUMNS_MOST] = { 0 };
	for (int x = 0, last = -1; x < screen.width; x++) {
		cchar_t cell;
		wchar_t w[CCHARW_MAX + 1] = { 0 };
		attr_t attr = 0;
		short pair = 0;
		mvin_wch(1, x, &cell);
		getcchar(&cell, w, &attr, &pair, NULL);
		if (w[0] >= L'A' && w[0] < L'A' + COLUMNS_MOST)
			last = (int)(w[0] - L'A');
		if (last >= 0 && w[0] != L' ')
			n[last]++;
	}
	for (int i = 0; i < COLUMNS_MOST; i++)
		if (n[i])
			len += (size_t)snprintf(out + len, size - len, " %s %zu",
			                        p->columns[i].name, n[i]);
}

/* Which columns a pane has room for, and how much each gets: where all are full, and where each has
 * a letter alone. Only the least of the widths that look alike is written. */
static void write_columns_of(struct buf *out, const struct panel *shown, int filled)
{
	struct column fields[COLUMNS_MOST] = { { .name = NULL } };
	struct panel p = *shown;
	struct filled row = { .row = all[0] };
	const struct row *rows[] = { &row.row };
	char before[1024] = "";
	for (int i = 0; p.columns[i].name; i++) {
		memset(row.text[i], 'A' + i, (size_t)filled);
		fields[i] = p.columns[i];
		fields[i].cell = NULL;
		fields[i].number = NULL;
		fields[i].format = NULL;
		fields[i].flags &= ~(unsigned)COLUMN_SERVER;
		fields[i].field = (struct column_field){
			FIELD_CHARS, offsetof(struct filled, text) + (size_t)i * (FILLED + 1)
		};
	}
	p.columns = fields;
	p.brief = p.brief_name = p.brief_end = NULL;
	p.brief_columns[0] = NULL;
	p.brief_why = false;
	p.instead = NULL;
	p.instead_after = NULL;
	buf_addf(out, "== %s, %d\n", p.name, filled);
	for (int width = 1; width <= WIDTH_MOST; width++) {
		struct canvas screen = canvas_screen();
		struct canvas c = canvas_part(&screen, 0, 0, 2, width);
		struct table *t = table_create(&p);
		char now[1024] = "";
		table_set_rows(t, rows, 1);
		canvas_clear(&screen);
		table_draw(t, &c, true);
		write_widths(now, sizeof(now), shown);
		if (strcmp(now, before))
			buf_addf(out, "%d:%s\n", width, now);
		snprintf(before, sizeof(before), "%s", now);
		table_destroy(t);
	}
}

static void test_columns_of_every_panel(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 4 << 20);
	for (const struct panel *const *p = panels; *p; p++)
		if ((*p)->columns) {
			write_columns_of(&out, *p, FILLED);
			write_columns_of(&out, *p, 1);
		}
	expected_check(&out, "tests/unit/answers/table_columns.txt");
	buf_finish(&out);
}

/* Where a row belongs among sorted ones: at each place, for each order. */
static void test_places_of_rows(void **state)
{
	static const char *const orders[] = { NULL, "name", "size", "why", "health" };
	(void)state;
	for (size_t o = 0; o < ARRAY_LEN(orders); o++)
		for (int reversed = 0; reversed < 2; reversed++) {
			struct table *t = table_of(&kinds_of_panel[0]);
			assert_true(table_sort_by(t, orders[o], reversed));
			table_sort(t, view, ROWS);
			/* what sorts by text is sorted whole */
			for (size_t i = 0; i < ROWS && table_sorts_by_text(t); i++)
				assert_false(table_in_order(t, view, ROWS, i));
			for (size_t i = 0; i < ROWS && !table_sorts_by_text(t); i++) {
				const struct row *rest[ROWS];
				size_t n = 0;
				assert_true(table_in_order(t, view, ROWS, i));
				for (size_t k = 0; k < ROWS; k++)
					if (k != i)
						rest[n++] = view[k];
				assert_int_equal(table_place(t, rest, n, view[i]), i);
				/* one place too far up or down is seen at that place */
				if (i + 1 < ROWS) {
					const struct row *swapped[ROWS];
					memcpy(swapped, view, sizeof(swapped));
					swapped[i] = view[i + 1];
					swapped[i + 1] = view[i];
					assert_false(table_in_order(t, swapped, ROWS, i));
					assert_false(table_in_order(t, swapped, ROWS, i + 1));
				}
			}
			table_destroy(t);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_width, open_terminal, close_terminal),
		cmocka_unit_test_setup_teardown(test_every_height, open_terminal, close_terminal),
		cmocka_unit_test_setup_teardown(test_every_choice, open_terminal, close_terminal),
		cmocka_unit_test_setup_teardown(test_columns_of_every_panel, open_terminal,
		                                close_terminal),
		cmocka_unit_test(test_places_of_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
