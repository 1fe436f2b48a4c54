/* What rows of checks and systems look like in cells, graphs of the last hour, and the line editor
 * on a (pseudo) terminal: exact texts, tones and orders. */
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

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/checks/checks.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/doc.h"
#include "backends/sessions/session.h"
#include "backends/store/settings.h"
#include "backends/systems/system.h"
#include "backends/vitals/vitals.h"
#include "panels/graphs.h"
#include "panels/panels.h"
#include "tui/lineedit.h"

static struct settings settings;
static struct loop *loop;
static struct store *store;
static struct link line_up = { .state = LINK_UP };
static struct server sese;
static struct source source;
static const struct backend backend = { .name = "checks" };

static int set_up(void **state)
{
	(void)state;
	settings.state_dir = xstrdup("/dev/null/none");
	loop = loop_create();
	store = store_create(loop, NULL, &settings);
	sese = (struct server){ .name = (char *)"sese", .store = store, .link = &line_up };
	source = (struct source){
		.backend = &backend, .server = &sese, .store = store, .state = SOURCE_LIVE
	};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	store_destroy(store);
	loop_destroy(loop);
	free(settings.state_dir);
	return 0;
}

static const struct column *column_of(const struct panel *p, const char *name)
{
	const struct column *col = p->columns;
	while (col->name && strcmp(col->name, name) != 0)
		col++;
	if (!col->name)
		fail_msg("no column %s", name);
	return col;
}

static struct cell cell_of(const struct panel *p, const char *name, const struct row *r)
{
	struct cell c = { 0 };
	column_cell(column_of(p, name), r, &c);
	return c;
}

/* The order of two rows by a column that sorts by something else than its text. */
static int ordered(const struct column *col, const struct row *a, const struct row *b)
{
	if (col->compare)
		return col->compare(a, b);
	assert_true(column_has_number(col));
	return compare_numbers(column_number(col, a), column_number(col, b));
}

#define CHECK_CELL(panel, name, row, wanted, wanted_tone)             \
	do {                                                          \
		struct cell seen_cell = cell_of(&(panel), name, row); \
		assert_string_equal(seen_cell.text, wanted);          \
		assert_int_equal(seen_cell.tone, wanted_tone);        \
	} while (0)

/* --- checks --------------------------------------------------------------- */

static struct check *make_check(const char *name)
{
	struct check *k = xcalloc(1, sizeof(*k));
	k->row.kind = &kind_check;
	k->row.server = &sese;
	k->row.source = &source;
	k->row.name = (char *)name;
	k->row.health = HEALTH_GOOD;
	k->what = PROBE_HTTP;
	k->fails_most = 2;
	k->ran = true;
	k->certificate_warn = 21;
	k->certificate_bad = 7;
	return k;
}

static void test_a_check_in_cells(void **state)
{
	static const struct {
		double ms;
		const char *text;
	} latencies[] = { { -1, "-" },      { 0, "0.0ms" },     { 9.94, "9.9ms" },
		          { 10, "10ms" },   { 9999, "9999ms" }, { 10000, "10s" },
		          { 60000, "60s" }, { 123.4, "123ms" } };
	static const struct {
		double days;
		const char *text;
		enum tone tone;
	} ends[] = { { 30.5, "30d", TONE_DIM },  { 21.5, "21d", TONE_DIM },
		     { 20.5, "20d", TONE_WARN }, { 7.5, "7d", TONE_WARN },
		     { 6.5, "6d", TONE_BAD },    { 0.5, "0d", TONE_BAD },
		     { -0.5, "ended", TONE_BAD } };
	struct check *k = make_check("shop");
	struct row *r = &k->row;
	CHECK_CELL(panel_checks, "state", r, "up", TONE_GOOD);
	k->insecure = true;
	CHECK_CELL(panel_checks, "state", r, "up, insecure", TONE_BAD);
	r->health = HEALTH_ATTENTION;
	assert_int_equal(cell_of(&panel_checks, "state", r).tone, TONE_BAD);
	r->health = HEALTH_GOOD;
	k->insecure = false;
	k->fails = 1;
	CHECK_CELL(panel_checks, "state", r, "failing", TONE_WARN);
	k->fails = 2;
	r->health = HEALTH_BAD;
	CHECK_CELL(panel_checks, "state", r, "down", TONE_BAD);
	k->fails = 0;
	r->health = HEALTH_GOOD;
	k->paused = true;
	CHECK_CELL(panel_checks, "state", r, "paused", TONE_DIM);
	k->paused = false;
	snprintf(k->unable, sizeof(k->unable), "no such server");
	CHECK_CELL(panel_checks, "state", r, "not made", TONE_GOOD);
	k->unable[0] = '\0';
	k->ran = false;
	CHECK_CELL(panel_checks, "state", r, "not yet run", TONE_DIM);
	assert_string_equal(cell_of(&panel_checks, "latency", r).text, "-");
	k->ran = true;
	for (size_t i = 0; i < ARRAY_LEN(latencies); i++) {
		k->latency_ms = latencies[i].ms;
		assert_string_equal(cell_of(&panel_checks, "latency", r).text, latencies[i].text);
	}
	assert_string_equal(cell_of(&panel_checks, "certificate", r).text, "");
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		k->certificate_end_ms = now_wall_ms() + (int64_t)(ends[i].days * 86400000);
		CHECK_CELL(panel_checks, "certificate", r, ends[i].text, ends[i].tone);
	}
	free(k);
}

static void test_the_runs_of_a_check_in_cells(void **state)
{
	struct check *k = make_check("shop");
	struct row *r = &k->row;
	assert_string_equal(cell_of(&panel_checks, "good", r).text, "-");
	for (int i = 0; i < 19; i++)
		lately_add(&k->lately, loop_now(loop), true, 80);
	CHECK_CELL(panel_checks, "good", r, "100%", TONE_DIM);
	assert_string_equal(cell_of(&panel_checks, "line", r).text, "███████████████████");
	lately_add(&k->lately, loop_now(loop), false, 80);
	CHECK_CELL(panel_checks, "good", r, "95.0%", TONE_WARN);
	lately_add(&k->lately, loop_now(loop), true, 10);
	CHECK_CELL(panel_checks, "good", r, "95.2%", TONE_WARN);
	assert_string_equal(cell_of(&panel_checks, "line", r).text, "██████████████████✗▂");
	free(k);
}

static void test_why_of_a_check(void **state)
{
	struct check *k = make_check("shop");
	struct row *r = &k->row;
	snprintf(k->said, sizeof(k->said), "200");
	snprintf(k->failure, sizeof(k->failure), "timed out");
	CHECK_CELL(panel_checks, "why", r, "200", TONE_DIM);
	k->failed_ms = now_wall_ms() - 3 * 60000 - 100;
	CHECK_CELL(panel_checks, "why", r, "200; failed before: timed out", TONE_DIM);
	CHECK_CELL(panel_checks, "failed", r, "3m", TONE_DIM);
	r->why = (char *)"slow";
	CHECK_CELL(panel_checks, "why", r, "slow", TONE_WARN);
	r->health = HEALTH_ATTENTION;
	assert_int_equal(cell_of(&panel_checks, "why", r).tone, tone_health(HEALTH_ATTENTION));
	r->why = NULL;
	free(k);
}

/* Each column that sorts by something else than its text. */
static void test_checks_are_sorted(void **state)
{
	static const char *const columns[] = { "latency", "line", "good", "failed", "certificate" };
	struct check *low = make_check("low"), *high = make_check("high");
	low->latency_ms = 9;
	high->latency_ms = 100;
	lately_add(&low->lately, loop_now(loop), false, 0);
	lately_add(&high->lately, loop_now(loop), true, 1);
	low->failed_ms = low->certificate_end_ms = now_wall_ms() - 1000;
	high->failed_ms = high->certificate_end_ms = now_wall_ms();
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		const struct column *col = column_of(&panel_checks, columns[i]);
		assert_true(ordered(col, &low->row, &high->row) < 0);
		assert_true(ordered(col, &high->row, &low->row) > 0);
		assert_int_equal(ordered(col, &low->row, &low->row), 0);
	}
	free(low);
	free(high);
}

/* --- systems -------------------------------------------------------------- */

static void test_a_system_in_cells(void **state)
{
	static const float line[] = { 0, 0.5f, 1, -1, 1, 1, 0, 0, 1, 1, 0.2f, 1, -1, -1, 0, 0,
		                      0, 0,    1, 1,  1, 1, 1, 0, 1, 0, 1,    1, 1,  1,  1, 0 };
	float *points = xcalloc(ARRAY_LEN(line), sizeof(*points));
	memcpy(points, line, sizeof(line));
	struct system y = { .row = { .kind = &kind_system,
		                     .server = &sese,
		                     .source = &source,
		                     .id = (char *)"sese/system/prometheus/p/target/web",
		                     .name = (char *)"web",
		                     .health = HEALTH_GOOD } };
	snprintf(y.type, sizeof(y.type), "target");
	snprintf(y.state, sizeof(y.state), "up");
	CHECK_CELL(panel_systems, "name", &y.row, "target web", TONE_PLAIN);
	CHECK_CELL(panel_systems, "state", &y.row, "up", TONE_GOOD);
	y.row.health = HEALTH_IDLE;
	CHECK_CELL(panel_systems, "state", &y.row, "up", TONE_DIM);
	CHECK_CELL(panel_systems, "what", &y.row, "", TONE_PLAIN);
	system_figure(&y, "queue", DOC_PLAIN, "%d", 3);
	CHECK_CELL(panel_systems, "what", &y.row, "queue 3", TONE_PLAIN);
	system_figure(&y, "lag", DOC_WARN, "%s", "4s");
	CHECK_CELL(panel_systems, "what", &y.row, "queue 3  lag 4s", TONE_WARN);
	system_figure(&y, "disk", DOC_BAD, "%s", "99 %");
	CHECK_CELL(panel_systems, "what", &y.row, "queue 3  lag 4s  disk 99 %", TONE_BAD);
	system_figure(&y, "last", DOC_WARN, "%d", 1);
	assert_int_equal(cell_of(&panel_systems, "what", &y.row).tone, TONE_BAD);
	system_figure(&y, "lag", DOC_PLAIN, "%s", "");
	system_figure(&y, "disk", DOC_PLAIN, "%s", "");
	system_figure(&y, "last", DOC_PLAIN, "%s", "");
	y.line = points;
	y.n_line = ARRAY_LEN(line);
	CHECK_CELL(panel_systems, "what", &y.row, "queue 3  ▅██▁██ ▁▁███████", TONE_PLAIN);
	y.row.why = (char *)"it is down";
	y.row.health = HEALTH_BAD;
	y.n_line = 0;
	CHECK_CELL(panel_systems, "what", &y.row, "it is down", TONE_BAD);
	struct cell brief = { 0 };
	assert_true(panel_brief(&panel_systems, &y.row, &brief));
	assert_string_equal(brief.text, "target web  up  it is down");
	assert_int_equal(brief.tone, TONE_BAD);
	y.row.why = NULL;
	free(points);
}

static void test_systems_are_sorted(void **state)
{
	static const enum health healths[] = { HEALTH_BAD, HEALTH_ATTENTION, HEALTH_GOOD,
		                               HEALTH_IDLE };
	static const char *const ids[] = { "a", "b", "c", "d" };
	struct system rows[ARRAY_LEN(ids)] = { 0 };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		rows[i].row = (struct row){ .kind = &kind_system,
			                    .id = (char *)ids[i],
			                    .health = healths[i] };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
			int wanted = i < 2 || k < 2 ? (int)healths[k] - (int)healths[i] : 0;
			if (i >= 2 && k < 2)
				wanted = 1;
			if (i < 2 && k >= 2)
				wanted = -1;
			if (i >= 2 && k >= 2)
				wanted = (i > k) - (i < k);
			int seen = panel_systems.order(&rows[i].row, &rows[k].row);
			assert_int_equal((seen > 0) - (seen < 0), (wanted > 0) - (wanted < 0));
		}
	/* an offer is behind all others, whatever its name */
	struct system offers[2] = { rows[2], rows[3] };
	offers[0].product = offers[1].product = "Redis";
	offers[0].row.id = (char *)"0";
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(panel_systems.order(&offers[0].row, &rows[i].row) > 0);
		assert_true(panel_systems.order(&rows[i].row, &offers[0].row) < 0);
	}
	assert_true(panel_systems.order(&offers[0].row, &offers[1].row) < 0);
}

/* --- sessions ------------------------------------------------------------- */

static struct session *make_session(const char *id, enum session_status shown, int64_t updated_ms)
{
	struct session *s = xcalloc(1, sizeof(*s));
	s->row.kind = &kind_session;
	s->row.server = &sese;
	s->row.source = &source;
	s->row.id = (char *)id;
	s->row.name = (char *)strrchr(id, '/') + 1;
	s->row.health = HEALTH_GOOD;
	s->shown = s->status = shown;
	s->updated_ms = updated_ms;
	s->cost = s->tokens = s->context_used = s->context_limit = -1;
	return s;
}

static void test_a_session_in_cells(void **state)
{
	static const struct {
		int depth;
		const char *text;
	} titles[] = { { 0, "one" },
		       { 1, "  - one" },
		       { 3, "      - one" },
		       { 6, "            - one" },
		       { 7, "            - one" } };
	static const struct {
		int64_t tokens;
		const char *text;
	} tokens[] = { { -1, "" },          { 0, "0" },           { 999, "999" },
		       { 1000, "1k" },      { 999499, "999k" },   { 999999, "1000k" },
		       { 1000000, "1.0M" }, { 12345678, "12.3M" } };
	static const struct {
		double cost;
		const char *text;
	} costs[] = { { -1, "" },        { 0, "$0.00" }, { 0.126, "$0.13" },
		      { 9.99, "$9.99" }, { 10, "$10" },  { 123.4, "$123" } };
	struct session *s = make_session("sese/session/one", SESSION_IDLE, 1);
	for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
		s->depth = titles[i].depth;
		CHECK_CELL(panel_sessions, "title", &s->row, titles[i].text, TONE_PLAIN);
	}
	s->depth = 0;
	s->children = 2;
	CHECK_CELL(panel_sessions, "title", &s->row, "one (+2)", TONE_PLAIN);
	s->unfolded = true;
	CHECK_CELL(panel_sessions, "title", &s->row, "one (-2)", TONE_PLAIN);
	s->archived_ms = 1;
	assert_int_equal(cell_of(&panel_sessions, "title", &s->row).tone, TONE_DIM);
	s->archived_ms = 0;
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
		s->tokens = tokens[i].tokens;
		assert_string_equal(cell_of(&panel_sessions, "tokens", &s->row).text,
		                    tokens[i].text);
	}
	for (size_t i = 0; i < ARRAY_LEN(costs); i++) {
		s->cost = costs[i].cost;
		assert_string_equal(cell_of(&panel_sessions, "cost", &s->row).text, costs[i].text);
	}
	free(s);
}

/* Who needs the user, who works, who has rested, who is served by nobody; the newest first. */
static void test_sessions_are_sorted(void **state)
{
	struct session *in_order[] = {
		make_session("sese/session/a", SESSION_IDLE, 1),
		make_session("sese/session/b", SESSION_IDLE, 1),
		make_session("sese/session/c", SESSION_BUSY, 1),
		make_session("sese/session/d", SESSION_IDLE, 9),
		make_session("sese/session/f", SESSION_IDLE, 8),
		make_session("sese/session/g", SESSION_IDLE, 8),
		make_session("sese/session/h", SESSION_NOT_SERVED, 9),
		make_session("sese/session/i", SESSION_IDLE, 9),
	};
	enum { N = ARRAY_LEN(in_order) };
	in_order[0]->row.health = HEALTH_ASKS;
	in_order[1]->row.health = HEALTH_ATTENTION;
	in_order[N - 1]->type = SESSION_SERVICE;
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < N; k++) {
			int d = panel_sessions.order(&in_order[i]->row, &in_order[k]->row);
			assert_int_equal((d > 0) - (d < 0), (i > k) - (i < k));
		}
	static const char *const columns[] = { "tokens", "cost" };
	in_order[0]->tokens = 5;
	in_order[1]->tokens = 6;
	in_order[0]->cost = 5;
	in_order[1]->cost = 6;
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		const struct column *col = column_of(&panel_sessions, columns[i]);
		assert_true(ordered(col, &in_order[0]->row, &in_order[1]->row) < 0);
		assert_true(ordered(col, &in_order[1]->row, &in_order[0]->row) > 0);
	}
	for (size_t i = 0; i < N; i++)
		free(in_order[i]);
}

/* --- graphs --------------------------------------------------------------- */

static void check_line(const struct doc *doc, size_t i, const char *wanted)
{
	assert_true(i < doc->n);
	assert_string_equal(doc->lines[i].text, wanted);
}

static void test_graphs_of_an_hour(void **state)
{
	struct vitals *v = xcalloc(1, sizeof(*v));
	struct doc doc;
	char small[GRAPH_TEXT];
	doc_init(&doc);
	sese.row.server = &sese;
	graphs_of_server(&sese.row, 60, &doc);
	assert_int_equal(doc.n, 0);
	assert_true(graphs_now(&sese, VITALS_LOAD) < 0);
	graphs_small(&sese, VITALS_LOAD, small);
	assert_string_equal(small, "");
	sese.vitals = v;
	graphs_of_server(&sese.row, 60, &doc);
	assert_int_equal(doc.n, 0);
	assert_true(graphs_now(&sese, VITALS_LOAD) < 0);
	for (int64_t i = 0; i < TREND_POINTS; i++) {
		int64_t at = loop_now(loop) - (TREND_POINTS - 1 - i) * TREND_STEP_MS;
		trend_add(&v->trends[VITALS_LOAD], at, i < 60 ? 4 : 0.5);
		trend_add(&v->trends[VITALS_CPU], at, 25);
		trend_add(&v->trends[VITALS_NET_IN], at, 2048);
		trend_add(&v->trends[VITALS_LATENCY], at, 7);
	}
	assert_true(graphs_now(&sese, VITALS_LOAD) == 0.5);
	assert_true(graphs_now(&sese, VITALS_CPU) == 25);
	graphs_small(&sese, VITALS_LOAD, small);
	assert_string_equal(small, "⣿⣿⣿⣿⣿⣿⣿⣇⣀⣀⣀⣀⣀⣀⣀");
	graphs_of_server(&sese.row, 45, &doc);
	assert_string_equal(doc.lines[0].text, "The last hour");
	assert_int_equal(doc.n, 9);
	check_line(&doc, 1, "         ⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿            4.00 most");
	check_line(&doc, 2, "load     ⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀  0.50");
	check_line(&doc, 3, "                               25 % most");
	check_line(&doc, 4, "cpu      ⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤  25 %");
	check_line(&doc, 6, "received ⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤⣤  2.0K/s");
	check_line(&doc, 8, "latency  ⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿  7 ms");
	doc_finish(&doc);
	/* The least width, and the most: a point of the hour in each half of a cell. */
	static const struct {
		int width;
		size_t cells;
	} widths[] = { { 0, 8 }, { 33, 8 }, { 34, 9 }, { 84, 59 }, { 85, 60 }, { 200, 60 } };
	for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
		doc_init(&doc);
		graphs_of_server(&sese.row, widths[i].width, &doc);
		assert_int_equal(cells(doc.lines[4].text), 9 + widths[i].cells + 2 + 4);
		doc_finish(&doc);
	}
	/* The newest figure may be missing, but no more than that one. */
	static const struct {
		double before, now, shown; /* below 0: unknown */
	} newest[] = { { 3, 0.25, 0.25 }, { 3, 0, 0 }, { 3, -1, 3 }, { -1, -1, -1 } };
	for (size_t i = 0; i < ARRAY_LEN(newest); i++) {
		memset(v, 0, sizeof(*v));
		int64_t at = loop_now(loop);
		trend_add(&v->trends[VITALS_LOAD], at - 2 * TREND_STEP_MS, 9);
		if (newest[i].before >= 0)
			trend_add(&v->trends[VITALS_LOAD], at - TREND_STEP_MS, newest[i].before);
		if (newest[i].now >= 0)
			trend_add(&v->trends[VITALS_LOAD], at, newest[i].now);
		assert_true(graphs_now(&sese, VITALS_LOAD) == newest[i].shown);
	}
	free(v);
}

/* --- the line editor ------------------------------------------------------ */

static int master = -1, slave = -1, real_in = -1, real_out = -1;

static void open_terminal(int rows, int cols)
{
	struct winsize ws = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };
	char why[256] = "";
	setlocale(LC_ALL, "C.UTF-8");
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("TERM", "xterm-256color", 1);
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

static void close_terminal(void)
{
	canvas_stop();
	dup2(real_in, 0);
	dup2(real_out, 1);
	close(real_in);
	close(real_out);
	close(master);
	close(slave);
}

/* Draws the line alone, and compares row 1 and the place of the cursor. */
static void check_drawn(const struct lineedit *e, int x, int width, const char *wanted, int at)
{
	char bytes[8192], text[512] = "", *screen;
	struct canvas c = canvas_screen();
	canvas_clear(&c);
	canvas_text(&c, 1, 0, -1, TONE_PLAIN, "########################################");
	lineedit_draw(e, &c, 1, x, width, true);
	canvas_flush();
	while (read(master, bytes, sizeof(bytes)) > 0)
		;
	assert_int_equal(getcury(stdscr), 1);
	assert_int_equal(getcurx(stdscr), at);
	screen = canvas_screen_text();
	const char *row = strchr(screen, '\n') + 1;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(row, "\n"), row);
	free(screen);
	assert_string_equal(text, wanted);
}

static struct lineedit *line_of(const char *prompt, const char *text, bool secret)
{
	return lineedit_create(
		&(struct lineedit_config){ .prompt = prompt, .text = text, .secret = secret });
}

static void press(struct lineedit *e, int code, int times)
{
	for (int i = 0; i < times; i++)
		lineedit_key(e, &(struct key){ .code = code });
}

static void test_a_line_is_drawn(void **state)
{
	open_terminal(4, 40);
	struct lineedit *e = line_of(":", "abc", false);
	check_drawn(e, 0, -1, ":abc", 4);
	check_drawn(e, 2, 10, "##:abc      ############################", 6);
	press(e, K_LEFT, 2);
	check_drawn(e, 2, 10, "##:abc      ############################", 4);
	check_drawn(e, 38, -1, "######################################:b", 39);
	lineedit_destroy(e);
	/* A line that is longer than its place is moved by thirds, whole characters at a time. */
	e = line_of("/", "abcdefghijklmnopqrst", false);
	check_drawn(e, 0, 13, "/klmnopqrst  ###########################", 11);
	press(e, K_LEFT, 5);
	check_drawn(e, 0, 13, "/fghijklmnopq###########################", 11);
	lineedit_destroy(e);
	e = line_of("", "日本語日本語", false);
	check_drawn(e, 0, 10, "語日本語  ##############################", 8);
	lineedit_destroy(e);
	/* From right to left, and with marks over letters: a cell for each letter. */
	e = line_of("", "שלום", false);
	check_drawn(e, 0, 10, "שלום      ##############################", 4);
	press(e, K_LEFT, 1);
	check_drawn(e, 0, 10, "שלום      ##############################", 3);
	lineedit_destroy(e);
	e = line_of("", "re\xcc\x81sume\xcc\x81", false);
	check_drawn(e, 0, 10, "re\xcc\x81sume\xcc\x81    ##############################", 6);
	press(e, K_LEFT, 1);
	check_drawn(e, 0, 10, "re\xcc\x81sume\xcc\x81    ##############################", 5);
	lineedit_destroy(e);
	/* A long prompt leaves four cells, in a narrow place half of it. */
	e = line_of("a long prompt: ", "xyz", false);
	check_drawn(e, 0, 12, "a long pxyz ############################", 11);
	check_drawn(e, 0, 8, "a loxyz ################################", 7);
	lineedit_destroy(e);
	close_terminal();
}

static void test_a_secret_is_drawn_as_dots(void **state)
{
	open_terminal(4, 40);
	struct lineedit *e = line_of("P: ", "äbc", true);
	check_drawn(e, 0, 12, "P: •••      ############################", 6);
	press(e, K_LEFT, 2);
	check_drawn(e, 0, 12, "P: •••      ############################", 4);
	lineedit_destroy(e);
	e = line_of("P: ", "0123456789", true);
	check_drawn(e, 0, 12, "P: •••••••• ############################", 11);
	press(e, K_LEFT, 2);
	check_drawn(e, 0, 12, "P: •••••••••############################", 11);
	press(e, K_LEFT, 8);
	check_drawn(e, 0, 12, "P: •••••••••############################", 3);
	lineedit_destroy(e);
	close_terminal();
}

static void add_words(struct completion *c, const char *text, size_t cursor, void *arg)
{
	char word[16];
	(void)text;
	(void)cursor;
	for (int i = 0; i < *(int *)arg; i++) {
		snprintf(word, sizeof(word), "word%d", i);
		completion_add(c, word, i % 2 ? NULL : "a help");
	}
}

static void test_a_list_of_words_is_drawn(void **state)
{
	int n = 6;
	open_terminal(4, 30);
	struct lineedit *e = lineedit_create(
		&(struct lineedit_config){ .prompt = ":", .complete = add_words, .arg = &n });
	assert_int_equal(lineedit_list_rows(e, 4), 0);
	press(e, K_TAB, 2);
	assert_int_equal(lineedit_list_rows(e, 4), 4);
	assert_int_equal(lineedit_list_rows(e, 0), 0);
	assert_int_equal(lineedit_list_rows(e, 6), 6);
	assert_int_equal(lineedit_list_rows(e, 9), 6);
	struct canvas c = canvas_screen();
	char *screen;
	canvas_clear(&c);
	lineedit_list_draw(e, &c);
	screen = canvas_screen_text();
	assert_string_equal(screen, " word0  a help\n word1\n word2  a help\n word3"
	                            "                +2\n");
	free(screen);
	press(e, K_TAB, 4);
	canvas_clear(&c);
	lineedit_list_draw(e, &c);
	screen = canvas_screen_text();
	assert_string_equal(screen, " word1\n word2  a help\n word3\n word4  a help"
	                            "        +1\n");
	free(screen);
	/* A click takes the word that was drawn there, and nothing beside the list. */
	assert_false(lineedit_list_click(e, 4, 0));
	assert_false(lineedit_list_click(e, -1, 0));
	assert_false(lineedit_list_click(e, 2, 30));
	assert_false(lineedit_list_click(e, 2, -1));
	assert_string_equal(lineedit_text(e), "word4");
	assert_true(lineedit_list_click(e, 0, 29));
	assert_string_equal(lineedit_text(e), "word1 ");
	assert_int_equal(lineedit_list_rows(e, 4), 0);
	assert_false(lineedit_list_click(e, 0, 29));
	/* Fewer words than lines: below the last one there is nothing. */
	n = 2;
	lineedit_set(e, "w");
	press(e, K_TAB, 1);
	canvas_clear(&c);
	lineedit_list_draw(e, &c);
	assert_false(lineedit_list_click(e, 2, 0));
	assert_true(lineedit_list_click(e, 1, 0));
	assert_string_equal(lineedit_text(e), "word1 ");
	lineedit_destroy(e);
	close_terminal();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_check_in_cells, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_runs_of_a_check_in_cells, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(test_why_of_a_check, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_checks_are_sorted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_system_in_cells, set_up, tear_down),
		cmocka_unit_test(test_systems_are_sorted),
		cmocka_unit_test_setup_teardown(test_a_session_in_cells, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sessions_are_sorted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_graphs_of_an_hour, set_up, tear_down),
		cmocka_unit_test(test_a_line_is_drawn),
		cmocka_unit_test(test_a_secret_is_drawn_as_dots),
		cmocka_unit_test(test_a_list_of_words_is_drawn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
