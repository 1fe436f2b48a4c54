/* Graphs of the last hour: of one server in its details, of all servers by `:graphs`. They show
 * what vitals.h keeps. Nothing is asked for them. */
#include "panels/graphs.h"

#include <stdio.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/loop.h"
#include "backends/store/doc.h"
#include "backends/vitals/vitals.h"
#include "tui/console_internal.h"
#include "tui/graph.h"

#define NAME_CELLS 9   /* "latency", with a gap */
#define VALUE_CELLS 14 /* "  1.2M/s most" */
#define LEAST_CELLS 8
#define DETAIL_ROWS 2 /* rows of a graph in the details */

/* least: the top of a graph is at least that, so that noise does not look like a peak. */
static const struct figure {
	enum vitals_trend trend;
	const char *name;
	float least;
	int digits;
	const char *unit; /* NULL: bytes in a second */
} figures[] = {
	{ VITALS_LOAD, "load", 1, 2, "" },          { VITALS_CPU, "cpu", 100, 0, " %" },
	{ VITALS_MEMORY, "memory", 100, 0, " %" },  { VITALS_NET_IN, "received", 10240, 0, NULL },
	{ VITALS_NET_OUT, "sent", 10240, 0, NULL }, { VITALS_LATENCY, "latency", 10, 0, " ms" },
};

/* A figure in words. */
static void graphs_say(const struct figure *f, double value, char *buf, size_t size)
{
	char bytes[HUMAN_SIZE];
	if (f->unit)
		snprintf(buf, size, "%.*f%s", f->digits, value, f->unit);
	else
		snprintf(buf, size, "%s/s", human_bytes(bytes, (uint64_t)value));
}

/* One line: name, a row of the graph, and a figure. */
static void graphs_line(struct doc *doc, const char *name, const char *row, size_t cells_wide,
                        const char *value)
{
	int gap = (int)(cells_wide - cells(row));
	doc_add(doc, DOC_PLAIN, "%-*s%s%*s  %s", NAME_CELLS, name, row, gap, "", value);
}

/* A graph of some rows: the highest value beside its top, the newest one beside its bottom. */
static void graphs_figure(const struct server *s, const struct figure *f, int width, int rows,
                          struct doc *doc)
{
	float hour[TREND_POINTS], points[GRAPH_CELLS_MAX * 2];
	char row[GRAPH_TEXT], most[40], now[40], value[100];
	bool ascii = canvas_ascii();
	int wide = width - NAME_CELLS - VALUE_CELLS - 2;
	size_t room = wide < LEAST_CELLS ? LEAST_CELLS : (size_t)wide;
	size_t n = graph_points(ascii, room), newest = TREND_POINTS;
	if (!trend_read(&s->vitals->trends[f->trend], loop_now(store_loop(s->store)), hour))
		return;
	n = n < TREND_POINTS ? n : TREND_POINTS;
	room = ascii ? n : (n + 1) / 2;
	graph_merge(hour, TREND_POINTS, points, n);
	float highest = graph_top(points, n, 0), last;
	while (newest && hour[newest - 1] < 0)
		newest--;
	last = newest ? hour[newest - 1] : -1;
	float top = graph_top(points, n, f->least);
	graphs_say(f, highest, most, sizeof(most));
	graphs_say(f, last, now, sizeof(now));
	snprintf(value, sizeof(value), "%s most", most);
	for (int i = 0; i + 1 < rows; i++) {
		graph_row(row, points, n, top, i, rows, ascii);
		graphs_line(doc, "", row, room, i ? "" : value);
	}
	graph_row(row, points, n, top, rows - 1, rows, ascii);
	graphs_line(doc, f->name, row, room, now);
}

/* Also for a column: a graph of a fixed width. */
void graphs_small(const struct server *s, enum vitals_trend trend, char buf[GRAPH_TEXT])
{
	float hour[TREND_POINTS], points[GRAPHS_SMALL_CELLS * 2];
	size_t n = graph_points(canvas_ascii(), GRAPHS_SMALL_CELLS);
	buf[0] = '\0';
	if (!s->vitals ||
	    !trend_read(&s->vitals->trends[trend], loop_now(store_loop(s->store)), hour))
		return;
	graph_merge(hour, TREND_POINTS, points, n);
	graph_row(buf, points, n, graph_top(points, n, 1), 0, 1, canvas_ascii());
}

double graphs_now(const struct server *s, enum vitals_trend trend)
{
	float hour[TREND_POINTS];
	if (!s->vitals ||
	    !trend_read(&s->vitals->trends[trend], loop_now(store_loop(s->store)), hour))
		return -1;
	return hour[TREND_POINTS - 1] >= 0 ? hour[TREND_POINTS - 1] : hour[TREND_POINTS - 2];
}

static bool graphs_known(const struct server *s)
{
	float hour[TREND_POINTS];
	int64_t now = loop_now(store_loop(s->store));
	for (size_t i = 0; s->vitals && i < ARRAY_LEN(figures); i++)
		if (trend_read(&s->vitals->trends[figures[i].trend], now, hour))
			return true;
	return false;
}

void graphs_of_server(const struct row *r, int width, struct doc *doc)
{
	const struct server *s = r->server;
	if (!graphs_known(s))
		return;
	doc_head(doc, "The last hour");
	for (size_t i = 0; i < ARRAY_LEN(figures); i++)
		graphs_figure(s, &figures[i], width, DETAIL_ROWS, doc);
}

/* A server per section. */
static void graphs_of_all(const struct store *store, const struct server *only, int width,
                          struct doc *doc)
{
	for (const struct server *s = store_servers(store); s; s = s->next) {
		if (only && s != only)
			continue;
		doc_head(doc, s->name);
		if (!graphs_known(s))
			doc_add(doc, DOC_DIM, "Nothing was heard of it in the last hour.");
		else
			for (size_t i = 0; i < ARRAY_LEN(figures); i++)
				graphs_figure(s, &figures[i], width, only ? DETAIL_ROWS : 1, doc);
	}
}

static void graphs_show(struct console *c)
{
	view_open_built(c, "graphs", graphs_of_all);
}

const struct action graphs_actions[] = {
	{ .name = "server-graphs",
	  .verb = "graphs",
	  .key = "H",
	  .flags = CONSOLE_MENU | CONSOLE_PANES,
	  .show = graphs_show,
	  .help = "graphs of the last hour, of every server or of the one you are in: load, "
	          "CPU, memory, network, latency" },
	{ .name = NULL }
};
