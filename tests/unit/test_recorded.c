/* All that a recorded fleet leads to: every cell of every panel, every order of every column,
 * details, sentences, JSON. The fleet is the recording of tests/screens and what is fed after it.
 * What is expected is kept in tests/unit/answers/recorded: (see expected.h). */
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
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include <curses.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "backends/servers/replay.h"
#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/activity.h"
#include "backends/store/doc.h"
#include "backends/store/record.h"
#include "backends/store/report.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"
#include "panels/panels.h"
#include "tui/fuzzy.h"
#include "tests/unit/expected.h"
#include "tui/table.h"

#define RECORDING "tests/screens/recording"
#define ANSWERS "tests/unit/answers/"
#define EXPECTED ANSWERS "recorded/"
#define RECORDED_MS 1795245875780 /* its last answer */
#define LATER_MS \
	(RECORDED_MS + 3 * 3600000LL + 1800000) /* so late that no age is about to change */
#define ROWS_MAX 400
#define CALM_MAX 12 /* rows of a kind on one server that nothing is wrong with */

static struct {
	struct settings *settings;
	struct loop *loop;
	struct store *store;
	struct buf out;
} w;

/* --- the fleet ----------------------------------------------------------- */

#define PEERS                                                                                      \
	"{\"BackendState\":\"Running\",\"Version\":\"1.86.0\",\"Self\":{\"ID\":\"2\","             \
	"\"PublicKey\":\"nodekey:bb\","                                                            \
	"\"HostName\":\"pi\",\"TailscaleIPs\":[\"100.64.0.2\"],\"Online\":true},\"Peer\":{"        \
	"\"nodekey:cc\":{\"ID\":\"3\",\"PublicKey\":\"nodekey:cc\",\"HostName\":\"laptop\","       \
	"\"OS\":\"macOS\",\"TailscaleIPs\":"                                                       \
	"[\"100.64.0.3\"],\"Online\":false,\"LastSeen\":\"2026-11-21T04:20:00Z\",\"RxBytes\":"     \
	"5000000,\"TxBytes\":700,"                                                                 \
	"\"PrimaryRoutes\":[\"192.168.7.0/24\"]},"                                                 \
	"\"nodekey:dd\":{\"ID\":\"4\",\"PublicKey\":\"nodekey:dd\",\"HostName\":\"relay\",\"OS\":" \
	"\"linux\",\"TailscaleIPs\":"                                                              \
	"[\"100.64.0.4\"],\"Online\":true,\"Active\":true,\"Relay\":\"fra\",\"ExitNode\":true,"    \
	"\"ExitNodeOption\":true,"                                                                 \
	"\"RxBytes\":123456789,\"TxBytes\":99}}}"
#define SESSION(id, title, more, updated)                                                   \
	"{\"id\":\"ses_" id "\",\"title\":\"" title "\",\"directory\":\"/srv/" id "\"" more \
	",\"time\":{\"created\":1795239600000,\"updated\":" updated "}}"
/* clang-format off */
#define SESSIONS \
	"[" SESSION("root", "Make the cellar dry", "", "1795245870000") "," \
	SESSION("child", "Look for leaks", ",\"parentID\":\"ses_root\"", "1795245871000") "," \
	SESSION("other", "Write to the plumber", "", "1795245670000") "," \
	SESSION("idle", "An old one", "", "1795241000000") "," \
	SESSION("busy", "Count pipes", "", "1795242000000") "]"
/* clang-format on */
#define SAID(session, cost, in, out)                                                               \
	"{\"type\":\"message.updated\",\"properties\":{\"info\":{\"id\":\"msg_" session "\","      \
	"\"sessionID\":\"ses_" session                                                             \
	"\",\"role\":\"assistant\",\"agent\":\"build\",\"mode\":\"build\",\"modelID\":\"sonnet\"," \
	"\"providerID\":\"anthropic\",\"cost\":" cost ",\"tokens\":{\"input\":" in                 \
	",\"output\":" out ",\"reasoning\":70,"                                                    \
	"\"cache\":{\"read\":1000,\"write\":20}},\"time\":{\"created\":1795245870000,"             \
	"\"completed\":1795245871000}}}}"

static const struct {
	const char *server, *source, *what, *text, *file;
} fed[] = {
	{ "sese", "tailscale", "status", NULL, "vpn/status-sese-1.86.json" },
	{ "pi", "tailscale", "status", PEERS, NULL },
	{ "pod", "tailscale", "status", NULL, "vpn/status-logged-out-1.86.json" },
	{ "sese", "headscale", "look",
	  "=version\nv0.26.1\n=users\n[{\"id\":1,\"name\":\"default\"}]\n=nodes\n"
	  "[{\"id\":2,\"node_key\":\"nodekey:bb\",\"name\":\"pi\",\"given_name\":\"pi\",\"ip_"
	  "addresses\":[\"100.64.0.2\"],"
	  "\"user\":{\"id\":1,\"name\":\"default\"},\"online\":true,\"approved_routes\":[\"10.9.0."
	  "0/24\"],"
	  "\"available_routes\":[\"10.9.0.0/24\",\"10.8.0.0/"
	  "24\"],\"expiry\":{\"seconds\":1795345872}},"
	  "{\"id\":9,\"node_key\":\"nodekey:99\",\"name\":\"phone\",\"given_name\":\"phone\",\"ip_"
	  "addresses\":[\"100.64.0.9\"],"
	  "\"user\":{\"id\":1,\"name\":\"default\"},\"online\":false,\"last_seen\":{\"seconds\":"
	  "1795145872}}]\n",
	  NULL },
	{ "pi", "wireguard", "dump",
	  "clock 1795245872\nwg0\t-\tPIKEY\t51820\toff\n"
	  "wg0\tSESEKEY\t(none)\t198.51.100.7:51820\t10.7.0.1/32,10.7.1.0/"
	  "24\t1795245800\t4096000\t12\t25\n"
	  "wg0\tGONEKEY\t(none)\t(none)\t10.7.0.9/32\t0\t0\t0\toff\n",
	  NULL },
	{ "pi", "sessions", "scan",
	  "=oc\noc\t4096\t12\t0100007F\t5000000\t777\topencode.service\t/usr/bin/opencode\t/srv/a\n"
	  "=tmux\nsession\t$1\t1795239000\t1795239600\t1\t2\t/srv/b\twork|odd "
	  "name\npane\t$1\t%4\t99\tvim\t1\t/srv/b\ttitle\n"
	  "=claude\nlive\t500\t99\t{\"pid\":7,\"sessionId\":\"0f8fad5b-d9cb-469f-a165-"
	  "70867728950e\",\"cwd\":\"/srv/c\","
	  "\"procStart\":\"500\",\"status\":\"waiting\",\"waitingFor\":\"permission "
	  "prompt\",\"statusUpdatedAt\":1795245850000}\n"
	  "=end\n",
	  NULL },
	{ "pi", "sessions", "4096 health", "{\"healthy\":true,\"version\":\"1.18.33\"}", NULL },
	{ "pi", "sessions", "4096 sessions", SESSIONS, NULL },
	{ "pi", "sessions", "4096 sessions.", "", NULL },
	{ "pi", "sessions", "4096 event", SAID("root", "0.0312", "1500", "120"), NULL },
	{ "pi", "sessions", "4096 event", SAID("busy", "12.6", "2500000", "9"), NULL },
	{ "pi", "sessions", "4096 event", SAID("other", "1.25", "45000", "9"), NULL },
	{ "pi", "sessions", "4096 event",
	  "{\"type\":\"session.status\",\"properties\":{\"sessionID\":\"ses_busy\","
	  "\"status\":{\"type\":\"busy\"}}}",
	  NULL },
	{ "pi", "sessions", "4096 event",
	  "{\"type\":\"session.status\",\"properties\":{\"sessionID\":\"ses_other\","
	  "\"status\":{\"type\":\"retry\",\"attempt\":2,\"message\":\"Overloaded\",\"next\":"
	  "1795258000000}}}",
	  NULL },
	{ "pi", "sessions", "4096 event",
	  "{\"type\":\"permission.asked\",\"properties\":{\"id\":\"per_1\",\"sessionID\":\"ses_"
	  "root\","
	  "\"permission\":\"bash\",\"patterns\":[\"make dry\"],\"metadata\":{\"command\":\"make "
	  "dry\"},\"always\":[\"make *\"]}}",
	  NULL },
	{ "pod", "dokploy", "home\tversion", "\"v0.24.12\"", NULL },
	{ "pod", "dokploy", "home\ttree", NULL, "dokploy/tree-0.24.json" },
	{ "pod", "dokploy", "home\tone\ta-Web1", NULL, "dokploy/one-0.24.json" },
};

static void feed(size_t i)
{
	struct source *s = server_source(store_server_find(w.store, fed[i].server), fed[i].source);
	char *bytes = xcalloc(1, 1 << 20);
	size_t len = fed[i].text ? strlen(fed[i].text) : 0;
	if (fed[i].text) {
		memcpy(bytes, fed[i].text, len);
	} else {
		char *path = xasprintf(ANSWERS "%s", fed[i].file);
		FILE *f = fopen(path, "r");
		assert_non_null(f);
		len = fread(bytes, 1, 1 << 20, f);
		fclose(f);
		free(path);
	}
	now_wall_set(RECORDED_MS);
	source_feed(s, fed[i].what, bytes, len);
	free(bytes);
}

/* The clock of a recording runs on while it is played: what was set by it is some milliseconds off,
 * each time others. */
static int64_t whole(int64_t ms)
{
	return ms - ms % 10000;
}

static void rows_settle(void)
{
	for (struct server *v = store_servers(w.store); v; v = v->next) {
		v->row.health_ms = whole(v->row.health_ms);
		v->link->since_ms = whole(v->link->since_ms);
	}
	for (const struct kind *const *k = kinds; *k; k++)
		for (struct row *r = store_first(w.store, *k, NULL); r; r = store_next(r, *k, NULL))
			r->health_ms = whole(r->health_ms);
}

static int make_fleet(void **state)
{
	struct err err = { 0 };
	setenv("TZ", "UTC", 1);
	tzset();
	memset(&w, 0, sizeof(w));
	w.settings = settings_load("/dev/null", NULL);
	free(w.settings->state_dir);
	w.settings->state_dir = NULL;
	w.loop = loop_create();
	w.store = store_create(w.loop, NULL, w.settings);
	if (!replay_start(w.store, RECORDING, true, &err))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(fed); i++)
		feed(i);
	rows_settle();
	now_wall_set(LATER_MS);
	return 0;
}

static int end_fleet(void **state)
{
	store_destroy(w.store);
	loop_destroy(w.loop);
	settings_destroy(w.settings);
	buf_finish(&w.out);
	now_wall_set(0);
	return 0;
}

/* --- panels -------------------------------------------------------------- */

static const struct row *rows[ROWS_MAX];

/* Of hundreds of calm units a dozen per server says as much. */
static bool is_of_interest(const struct row *r, const struct server **server, int *calm)
{
	if (r->server != *server)
		*calm = 0;
	*server = r->server;
	return r->kind != &kind_unit || r->health >= HEALTH_ATTENTION || (*calm)++ < CALM_MAX;
}

static size_t rows_of(const struct panel *p)
{
	size_t n = 0;
	int calm = 0;
	const struct server *server = NULL;
	for (const struct row *r = store_first(w.store, p->kind, NULL); r;
	     r = store_next(r, p->kind, NULL))
		if (n < ROWS_MAX && (!p->wants || p->wants(r)) && is_of_interest(r, &server, &calm))
			rows[n++] = r;
	return n;
}

/* A short name for each row: its place by id. */
static int compare_ids(const void *a, const void *b)
{
	return strcmp((*(const struct row *const *)a)->id, (*(const struct row *const *)b)->id);
}

static int place_of(const struct row *r, const struct row *const *by_id, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (by_id[i] == r)
			return (int)i;
	return -1;
}

static void say_cell(const char *label, const struct cell *c)
{
	if (*c->text)
		buf_addf(&w.out, "  %s=%s/%s", label, c->text, tone_name(c->tone));
	if (c->changes_ms)
		buf_puts(&w.out, "/changes");
}

static void say_row(const struct panel *p, const struct row *r)
{
	struct cell c, lines[PANEL_STRIP_MAX];
	buf_addf(&w.out, "%s:", r->id);
	for (const struct column *col = p->columns; col->name; col++) {
		c = (struct cell){ 0 };
		now_wall_set(LATER_MS);
		column_cell(col, r, &c);
		say_cell(col->name, &c);
	}
	c = (struct cell){ 0 };
	if (panel_brief(p, r, &c))
		say_cell("BRIEF", &c);
	c = (struct cell){ 0 };
	if (p->instead && p->instead(r, &c))
		say_cell("INSTEAD", &c);
	memset(lines, 0, sizeof(lines));
	size_t n = p->strip ? p->strip(r, lines, PANEL_STRIP_MAX) : 0;
	for (size_t i = 0; i < n; i++)
		say_cell("STRIP", &lines[i]);
	buf_puts(&w.out, "\n");
}

static void say_panel(const struct panel *p)
{
	struct table *t = table_create(p);
	buf_addf(&w.out, "== %s: %s, %s\n", p->name, p->title, p->tab);
	for (const struct column *c = p->columns; c->name; c++)
		buf_addf(&w.out, "%s \"%s\" %d..%d importance %d%s cut %d%s\n", c->name, c->title,
		         c->min, c->max, c->importance, c->align == ALIGN_RIGHT ? " right" : "",
		         (int)c->cut, c->descending ? " descending" : "");
	size_t n = rows_of(p);
	table_sort(t, rows, n);
	for (size_t i = 0; i < n; i++)
		say_row(p, rows[i]);
	table_destroy(t);
}

static void test_cells_of_every_panel(void **state)
{
	for (const struct panel *const *p = panels; *p; p++)
		if ((*p)->columns)
			say_panel(*p);
	expected_check(&w.out, EXPECTED "cells.txt");
}

static void say_order(const struct panel *p, const char *column, bool reverse)
{
	const struct row *by_id[ROWS_MAX];
	struct table *t = table_create(p);
	size_t n = rows_of(p);
	qsort(rows, n, sizeof(*rows), compare_ids);
	memcpy(by_id, rows, sizeof(by_id));
	now_wall_set(LATER_MS);
	assert_true(table_sort_by(t, column, reverse));
	table_sort(t, rows, n);
	buf_addf(&w.out, "%s by %s%s:", p->name, column, reverse ? ", reversed" : "");
	for (size_t i = 0; i < n; i++)
		buf_addf(&w.out, " %d", place_of(rows[i], by_id, n));
	buf_puts(&w.out, "\n");
	table_destroy(t);
}

static void test_every_column_sorts(void **state)
{
	for (const struct panel *const *p = panels; *p; p++)
		for (const struct column *c = (*p)->columns; c && c->name; c++) {
			say_order(*p, c->name, false);
			say_order(*p, c->name, true);
		}
	expected_check(&w.out, EXPECTED "orders.txt");
}

static void test_sentences_of_empty_panels(void **state)
{
	for (const struct panel *const *p = panels; *p; p++) {
		char text[1024] = "";
		panel_empty(*p, w.store, NULL, text, sizeof(text));
		buf_addf(&w.out, "%s: %s\n", (*p)->name, text);
		for (struct server *v = store_servers(w.store); v; v = v->next) {
			panel_empty(*p, w.store, v, text, sizeof(text));
			buf_addf(&w.out, "%s of %s: %s\n", (*p)->name, v->name, text);
		}
	}
	expected_check(&w.out, EXPECTED "empty.txt");
}

/* --- details and JSON ---------------------------------------------------- */

static void say_details(struct row *r, bool reveal)
{
	struct doc doc;
	doc_init(&doc);
	now_wall_set(LATER_MS);
	r->kind->detail(r, &doc, reveal);
	buf_addf(&w.out, "== %s%s\n", r->id, reveal ? ", revealed" : "");
	for (size_t i = 0; i < doc.n; i++) {
		const struct doc_line *line = &doc.lines[i];
		buf_addf(&w.out, "%d %s: %s\n", (int)line->tone, line->label ? line->label : "",
		         line->text ? line->text : "");
	}
	doc_finish(&doc);
}

static void test_details_of_every_row(void **state)
{
	for (struct server *v = store_servers(w.store); v; v = v->next)
		say_details(&v->row, false);
	for (const struct kind *const *k = kinds; *k; k++) {
		const struct server *server = NULL;
		int calm = 0;
		for (struct row *r = store_first(w.store, *k, NULL); r; r = store_next(r, *k, NULL))
			if ((*k)->detail && is_of_interest(r, &server, &calm)) {
				say_details(r, false);
				say_details(r, true);
			}
	}
	expected_check(&w.out, EXPECTED "details.txt");
}

/* What is of the moment in which the text was made: a time within the recording loses its last
 * seconds. */
static void forget_seconds(char *text)
{
	for (char *at = text; *at; at += *at != '\0') {
		size_t digits = strspn(at, "0123456789");
		if (digits == 13)
			memcpy(at + 9, "0000", 4);
		at += digits;
	}
}

static void test_json_of_the_fleet(void **state)
{
	now_wall_set(LATER_MS);
	char *text = report_json(w.store);
	cJSON *json = cJSON_Parse(text), *server;
	assert_non_null(json);
	cJSON_ArrayForEach (server, cJSON_GetObjectItem(json, "servers")) {
		cJSON *units = cJSON_GetObjectItem(server, "units");
		while (cJSON_GetArraySize(units) > CALM_MAX)
			cJSON_DeleteItemFromArray(units, CALM_MAX);
	}
	free(text);
	text = cJSON_Print(json);
	forget_seconds(text);
	buf_puts(&w.out, text);
	buf_puts(&w.out, "\n");
	cJSON_Delete(json);
	free(text);
	expected_check(&w.out, EXPECTED "json.txt");
}

/* --- drawings on a terminal nobody sees ---------------------------------- */

static int master = -1, slave = -1, real_in, real_out;

static void open_screen(int height, int width)
{
	struct winsize ws = { .ws_row = (unsigned short)height, .ws_col = (unsigned short)width };
	char why[256] = "";
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
	bool good = canvas_start("default", false, why, sizeof(why));
	if (!good) {
		dup2(real_out, 1);
		fail_msg("%s", why);
	}
}

static void close_screen(void)
{
	canvas_stop();
	dup2(real_in, 0);
	dup2(real_out, 1);
	close(real_in);
	close(real_out);
	close(master);
	close(slave);
}

static void say_screen(int height)
{
	for (int y = 0; y < height; y++) {
		wchar_t line[300];
		char text[4096];
		int n = mvinnwstr(y, 0, line, 299);
		size_t len = 0;
		for (int i = 0; i < n; i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%lc",
			                        (wint_t)line[i]);
		while (len && text[len - 1] == ' ')
			len--;
		buf_addf(&w.out, "|%.*s\n", (int)len, text);
	}
}

/* What is on the screen of a table, as it is, after keys, and with a filter. */
static void say_table(const struct panel *p, struct canvas *c)
{
	struct table *t = table_create(p);
	struct fuzzy filter;
	struct cell left_out = { 0 };
	size_t n = rows_of(p);
	now_wall_set(LATER_MS);
	table_sort(t, rows, n);
	table_set_rows(t, rows, n);
	canvas_fill(c, 0, 0, c->width, TONE_PLAIN, " ");
	erase();
	table_draw(t, c, true);
	buf_addf(&w.out, "== %s at %d x %d\n", p->name, c->width, c->height);
	say_screen(c->height);
	if (table_left_out(t, &left_out))
		buf_addf(&w.out, "left out: %s\n", left_out.text);
	table_move(t, TABLE_PAGE_DOWN);
	table_mark_toggle(t);
	table_sort_step(t, 1);
	table_sort_reverse(t);
	table_sort(t, rows, n);
	table_set_rows(t, rows, n);
	erase();
	table_draw(t, c, false);
	buf_addf(&w.out, "-- by %s, %zu of %zu, from %zu, %zu shown, %zu marked\n",
	         table_sort_name(t) ? table_sort_name(t) : "", table_index(t), table_count(t),
	         table_top(t), table_shown(t), table_marks(t, NULL, 0));
	say_screen(c->height < 4 ? c->height : 4);
	fuzzy_compile(&filter, "se !fail");
	n = table_filter(t, &filter, rows, n);
	table_set_match(t, &filter);
	table_set_rows(t, rows, n);
	buf_addf(&w.out, "-- %zu match\n", n);
	table_destroy(t);
}

static void test_drawings_at_every_width(void **state)
{
	static const struct {
		int height, width;
	} sizes[] = {
		{ 6, 24 }, { 6, 50 }, { 8, 62 }, { 8, 80 }, { 6, 110 }, { 5, 180 }, { 2, 90 }
	};
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		open_screen(sizes[i].height, sizes[i].width);
		struct canvas c = canvas_screen();
		for (const struct panel *const *p = panels; *p; p++)
			if ((*p)->columns)
				say_table(*p, &c);
		close_screen();
	}
	expected_check(&w.out, EXPECTED "tables.txt");
}

/* Whole screens for a person to read: each panel, zoomed, at the sizes that people have. */
static void test_every_panel_at_six_sizes(void **state)
{
	static const struct {
		int height, width;
	} sizes[] = { { 5, 20 }, { 12, 40 }, { 20, 60 }, { 24, 80 }, { 40, 120 }, { 60, 200 } };
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char file[80];
		buf_clear(&w.out);
		open_screen(sizes[i].height, sizes[i].width);
		struct canvas c = canvas_screen();
		for (const struct panel *const *p = panels; *p; p++) {
			struct panel_look look = { .focused = true };
			now_wall_set(LATER_MS);
			canvas_fill(&c, 0, 0, c.width, TONE_PLAIN, " ");
			erase();
			if ((*p)->columns) {
				struct table *t = table_create(*p);
				size_t n = rows_of(*p);
				table_sort(t, rows, n);
				table_set_rows(t, rows, n);
				table_draw(t, &c, true);
				buf_addf(&w.out, "== %s\n", (*p)->name);
				say_screen(c.height);
				table_destroy(t);
			} else {
				(*p)->draw(w.store, &look, &c);
				buf_addf(&w.out, "== %s\n", (*p)->name);
				say_screen(c.height);
			}
		}
		close_screen();
		snprintf(file, sizeof(file), EXPECTED "screens_%dx%d.txt", sizes[i].width,
		         sizes[i].height);
		expected_check(&w.out, file);
	}
}

static void test_drawings_of_activity(void **state)
{
	const struct panel *activity = panels[0];
	for (const struct panel *const *p = panels; *p; p++)
		if (!strcmp((*p)->name, "activity"))
			activity = *p;
	activity_add(w.store, ACTIVITY_LINK, HEALTH_GOOD, "sese", "connected: %s",
	             "a long way of many words that do not fit on one row at all");
	activity_add(w.store, ACTIVITY_CHANGE, HEALTH_BAD, "sese/container/javisi_n8n",
	             "restart: failed after 3s: %s",
	             "no such container, and much more that the far side had to say about what it "
	             "was asked to do with it");
	activity_add(w.store, ACTIVITY_NOTE, HEALTH_IDLE, "", "a note without a row");
	activity_add(w.store, ACTIVITY_CHANGE, HEALTH_ATTENTION,
	             "sese-2/unit/a-unit-with-a-name-that-is-longer-than-its-column.service",
	             "words%swords",
	             "-without-any-blank-in-them-that-could-be-broken-anywhere-at-all-");
	activity_add(w.store, ACTIVITY_CHANGE, HEALTH_BUSY, "pi/container/x", "%s", "");
	static const struct {
		int height, width;
		size_t top;
	} sizes[] = {
		{ 12, 20, 0 },  { 12, 50, 0 }, { 12, 69, 0 }, { 12, 70, 0 },
		{ 10, 120, 0 }, { 5, 60, 3 },  { 4, 100, 2 }, { 3, 8, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		open_screen(sizes[i].height, sizes[i].width);
		struct canvas c = canvas_screen();
		now_wall_set(LATER_MS);
		struct panel_look look = { .top = sizes[i].top };
		size_t all = activity->draw(w.store, &look, &c);
		buf_addf(&w.out, "== %d x %d from %zu: %zu rows\n", sizes[i].width, sizes[i].height,
		         sizes[i].top, all);
		say_screen(c.height);
		erase();
		look = (struct panel_look){ .server = store_server_find(w.store, "sese") };
		all = activity->draw(w.store, &look, &c);
		buf_addf(&w.out, "-- of sese: %zu rows\n", all);
		say_screen(c.height);
		close_screen();
	}
	struct panel_look look = { 0 };
	assert_string_equal(activity->id_at(w.store, &look), "pi/container/x");
	activity->step(w.store, &look, 2);
	assert_null(activity->id_at(w.store, &look)); /* a note has no row */
	activity->step(w.store, &look, 1);
	assert_string_equal(activity->id_at(w.store, &look), "sese/container/javisi_n8n");
	activity_add(w.store, ACTIVITY_CHANGE, HEALTH_GOOD, "pi/container/y", "%s", "new");
	assert_string_equal(activity->id_at(w.store, &look), "sese/container/javisi_n8n");
	struct fuzzy filter;
	fuzzy_compile(&filter, "container/x");
	look.filter = &filter; /* the entry is not shown: the next older one, else the last */
	assert_string_equal(activity->id_at(w.store, &look), "pi/container/x");
	/* where nothing is shown, there is no line under the cursor */
	open_screen(4, 60);
	struct canvas c = canvas_screen();
	fuzzy_compile(&filter, "no such entry");
	look.focused = true;
	assert_int_equal(activity->draw(w.store, &look, &c), 0);
	assert_int_equal(look.cursor_lines, 0);
	assert_int_equal(look.shown, 0);
	assert_int_equal(look.all, activity_count(w.store));
	close_screen();
	look.filter = NULL;
	activity->step(w.store, &look, -1000000);
	assert_int_equal(look.cursor, 0);
	assert_string_equal(activity->id_at(w.store, &look), "pi/container/y");
	activity->step(w.store, &look, 1000000);
	uint64_t last = look.cursor;
	activity->step(w.store, &look, 1);
	assert_int_equal(look.cursor, last);
	look = (struct panel_look){ .problems = true };
	const char *id = activity->id_at(w.store, &look);
	assert_non_null(strstr(id, "sese-2/unit/a-unit-with-a-name-that-is-longer"));
	/* clocks are of this moment */
	for (char *at = w.out.data; (at = strchr(at, ':')); at++)
		if (at - w.out.data > 2 && at[3] == ':' && at[-1] >= '0' && at[-1] <= '9' &&
		    at[1] >= '0' && at[1] <= '9')
			memcpy(at - 2, "00:00:00", 8);
	expected_check(&w.out, EXPECTED "activity.txt");
}

#define FLEET(t) cmocka_unit_test_setup_teardown(t, make_fleet, end_fleet)
int main(void)
{
	const struct CMUnitTest tests[] = {
		FLEET(test_cells_of_every_panel),      FLEET(test_every_column_sorts),
		FLEET(test_sentences_of_empty_panels), FLEET(test_details_of_every_row),
		FLEET(test_json_of_the_fleet),         FLEET(test_drawings_at_every_width),
		FLEET(test_every_panel_at_six_sizes),
		FLEET(test_drawings_of_activity),
	};
	return cmocka_run_group_tests_name("recorded", tests, NULL, NULL);
}
