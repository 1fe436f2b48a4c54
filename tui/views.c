/* Texts over the panes: details of a row, and logs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/rate.h"
#include "backends/base/wash.h"
#include "backends/link/loop.h"
#include "backends/logs/logs.h"
#include "backends/store/doc.h"
#include "backends/store/log.h"
#include "tui/console_internal.h"
#include "tui/graph.h"
#include "tui/logview.h"

#define LOGS_MAX 64    /* rows merged into one log */
#define TITLE_CELLS 40 /* of a log's title, to leave room for its status */
#define JUDGE_US 3000  /* per turn, for judging old lines after a new filter */
#define JUDGE_AGAIN_MS \
	1 /* not 0: a timer of 0 ms would run in the same turn, before the typed keys are drawn */

static struct view *view_push(struct console *c, enum view_what what, const char *id)
{
	struct view *v = xcalloc(1, sizeof(*v));
	v->what = what;
	v->id = xstrdup(id);
	v->below = c->view;
	doc_init(&v->doc);
	c->view = v;
	view_logs_pause(c);
	console_redraw(c);
	return v;
}

void view_close(struct console *c)
{
	struct view *v = c->view;
	c->view = v->below;
	pager_destroy(v->pager);
	log_set_destroy(v->set);
	log_destroy(v->log);
	loop_timer_remove(v->work);
	doc_finish(&v->doc);
	free(v->id);
	free(v->title);
	free(v);
	view_logs_pause(c);
	console_redraw(c);
}

/* --- details ------------------------------------------------------------- */

#define SHARE_CELLS 12
#define SHARE_FROM 56 /* width from which there is room for bars */

void view_details(struct console *c, struct row *r, bool reveal, int width, struct doc *doc)
{
	r->kind->detail(r, doc, reveal);
	for (row_addition *const *add = row_additions; *add; add++)
		(*add)(r, doc);
	/* Puts the bar of what is full before its text. */
	char bar[GRAPH_TEXT];
	if (width >= SHARE_FROM) {
		for (size_t i = 0; i < doc->n; i++) {
			struct doc_line *line = &doc->lines[i];
			if (line->share < 0)
				continue;
			graph_bar(bar, line->share, SHARE_CELLS, canvas_ascii());
			char *text = xasprintf("%s  %s", bar, line->text);
			free(line->text);
			line->text = text;
		}
	}
	panel_pictures(c, r, width, doc);
	if (!doc->n)
		doc_add(doc, DOC_DIM, "Nothing is known yet.");
}

static void view_detail_build(struct console *c, struct view *v)
{
	struct row *r = store_find(c->store, v->id);
	v->built_at = store_generation(c->store);
	v->built_width = canvas_screen().width;
	v->gone = !r && !v->fill;
	if (v->gone)
		return;
	struct doc fresh;
	doc_init(&fresh);
	if (v->fill) {
		v->fill(c->store, c->scope[0] ? store_server_find(c->store, c->scope) : NULL,
		        v->built_width, &fresh);
	} else {
		view_details(c, r, v->reveal, v->built_width, &fresh);
	}
	if (v->pager)
		pager_set_doc(v->pager, &fresh);
	doc_finish(&v->doc);
	v->doc = fresh;
	if (v->pager)
		pager_set_doc(v->pager, &v->doc);
	else
		v->pager = pager_create_doc(&v->doc);
}

void view_open_detail(struct console *c, struct row *r)
{
	if (!r || !r->kind->detail)
		return;
	if (c->view && c->view->what == VIEW_DETAIL && !strcmp(c->view->id, r->id))
		return;
	r->details_opened++;
	struct view *v = view_push(c, VIEW_DETAIL, r->id);
	v->title = xstrdup(r->id);
	view_detail_build(c, v);
}

void view_open_built(struct console *c, const char *title, view_fill *fill)
{
	struct view *v = view_push(c, VIEW_DETAIL, "");
	v->fill = fill;
	v->title = xstrdup(title);
	view_detail_build(c, v);
}

/* --- logs ---------------------------------------------------------------- */

static void view_log_changed(struct log *log, void *arg)
{
	struct console *c = arg;
	(void)log;
	console_redraw_for(c, REDRAW_LOG);
}

/* Pauses hidden logs. Their lines wait at the source and arrive when the log is shown again. */
void view_logs_pause(struct console *c)
{
	for (struct view *v = c->view; v; v = v->below)
		if (v->log)
			log_pause(v->log, v != c->view);
}

/* Judges a slice of lines. Keys are handled between two slices. */
static void view_on_work(struct loop_timer *timer, void *arg)
{
	struct console *c = arg;
	struct view *v = c->view;
	while (v && v->work != timer)
		v = v->below;
	if (v && !log_judge_some(v->log, JUDGE_US))
		loop_timer_set(timer, JUDGE_AGAIN_MS);
	console_redraw_for(c, REDRAW_LOG);
}

struct view *view_push_log(struct console *c, struct log *log, const char *id, char *title)
{
	struct view *v = view_push(c, VIEW_LOG, id);
	v->log = log;
	v->title = title;
	v->pager = pager_create_log(log);
	v->work = loop_timer_add(c->loop, -1, view_on_work, c);
	log_set_changed(log, view_log_changed, c);
	return v;
}

/* "log of 2 containers, 1 unit" */
static char *view_log_title(struct row *const *rows, size_t n)
{
	struct buf b = { 0 };
	if (n == 1)
		return xasprintf("log %s/%s", rows[0]->server->name,
		                 rows[0]->kind == &kind_server ? "journal" : rows[0]->name);
	buf_puts(&b, "log of ");
	for (size_t i = 0; i < n; i++) {
		size_t before = 0, same = 0;
		for (size_t k = 0; k < n; k++) {
			before += k < i && rows[k]->kind == rows[i]->kind;
			same += rows[k]->kind == rows[i]->kind;
		}
		const char *word = same == 1 ? rows[i]->kind->name : rows[i]->kind->plural;
		if (!before)
			buf_addf(&b, "%s%zu %s", i ? ", " : "", same, word);
	}
	return buf_take(&b);
}

static void view_follow(struct console *c, struct row **rows, size_t n)
{
	struct log *log = log_create_in(store_logs(c->store));
	size_t followed = 0;
	for (size_t i = 0; i < n; i++) {
		struct err err = { 0 };
		if (row_has_log(rows[i]) && rows[i]->kind->follow(rows[i], log, &err))
			followed++;
		else
			console_flash(c, TONE_BAD, "%s: %s", rows[i]->id,
			              err.text[0] ? err.text : "has no log");
	}
	if (followed)
		view_push_log(c, log, rows[0]->id, view_log_title(rows, n));
	else
		log_destroy(log);
}

void view_open_log(struct console *c)
{
	struct row *rows[LOGS_MAX];
	size_t n = console_rows(c, rows, LOGS_MAX);
	/* if rows are marked here, marked rows of other panels are included */
	const struct pane *here = pane_focused(c);
	bool marks = !c->view && here->table && table_marks(here->table, NULL, 0);
	for (size_t i = 0; marks && i < c->n_panes; i++) {
		const char *ids[LOGS_MAX];
		size_t marked = c->panes[i].table && &c->panes[i] != here
		                        ? table_marks(c->panes[i].table, ids, LOGS_MAX)
		                        : 0;
		for (size_t k = 0; k < marked && k < LOGS_MAX && n < LOGS_MAX; k++) {
			struct row *r = store_find(c->store, ids[k]);
			size_t at = 0;
			while (at < n && rows[at] != r)
				at++;
			if (r && row_has_log(r) && at == n)
				rows[n++] = r;
		}
	}
	view_follow(c, rows, n);
}

void view_open_log_of(struct console *c, struct row *r)
{
	view_follow(c, &r, 1);
}

/* --- both ---------------------------------------------------------------- */

void view_refresh(struct console *c)
{
	struct view *v = c->view;
	const char *said = v && v->log ? log_said(v->log) : NULL;
	if (said)
		console_flash(c, TONE_WARN, "%s", said);
	bool old = v && (v->built_at != store_generation(c->store) ||
	                 v->built_width != canvas_screen().width);
	if (v && v->what == VIEW_DETAIL && old)
		view_detail_build(c, v);
	if (v && v->set && v->set_at != store_generation(c->store)) {
		v->set_at = store_generation(c->store);
		logs_refresh(v);
	} else if (v && v->log) {
		log_set_clocks(c->store, v->log);
	}
}

#define TITLE_LEAST 8
#define MORE_LEAST 16
#define RATE_CELLS 30 /* of the graph of lines per second; a cell is two minutes or more */
#define RATE_LEAST 6
#define GAPS 3 /* blanks around each part, and the rule */

/* Draws the lines per second, and a graph of the last hour where there is room for one. */
static void view_draw_rate(const struct canvas *at, const struct log *log, int x, int room)
{
	float hour[RATE_POINTS], points[RATE_CELLS * 2];
	char graph[GRAPH_TEXT] = "", number[32];
	double now = log_rate(log, now_wall_ms() * 1000, hour);
	if (now < 0)
		return;
	snprintf(number, sizeof(number), "%.*f/s", now < 10 ? 1 : 0, now);
	if (now > 0 && now < 0.1)
		snprintf(number, sizeof(number), "%.0f/min", now * 60 < 1 ? 1 : now * 60);
	int len = (int)cells(number), wide = room - len - 1;
	if (len > room)
		return;
	wide = wide < RATE_CELLS ? wide : RATE_CELLS;
	if (wide >= RATE_LEAST) {
		size_t n = graph_points(canvas_ascii(), (size_t)wide);
		graph_merge(hour, RATE_POINTS, points, n);
		graph_row(graph, points, n, graph_top(points, n, 1.0f / RATE_STEP_S), 0, 1,
		          canvas_ascii());
	}
	canvas_textf(at, 0, x, -1, TONE_DIM, *graph ? " %s %s " : "%s %s ", graph, number);
}

/* Draws title, errors (more) and facts before the status. Without enough room, first the facts
 * become brief. Then the title is cut, then `more`. The title goes last, because the line above
 * shows it too. */
static void view_draw_log_parts(const struct canvas *at, const struct view *v, const char *more,
                                int room)
{
	char title[TITLE_CELLS * 4 + 1], facts[300], text[600];
	cells_cut(title, sizeof(title), v->title, TITLE_CELLS, CUT_END, glyph_ellipsis());
	logview_facts(pager_logview(v->pager), false, facts, sizeof(facts));
	int widths[3] = { (int)cells(title) + GAPS, *more ? (int)cells(more) + GAPS : 0,
		          (int)cells(facts) + GAPS };
	if (widths[0] + widths[1] + widths[2] > room) {
		logview_facts(pager_logview(v->pager), true, facts, sizeof(facts));
		widths[2] = (int)cells(facts) + GAPS;
	}
	int left = room - widths[1] - widths[2];
	if (widths[0] > left)
		widths[0] = left > TITLE_LEAST + GAPS ? left : TITLE_LEAST + GAPS;
	left = room - widths[0] - widths[2];
	if (*more && widths[1] > left)
		widths[1] = left > MORE_LEAST + GAPS ? left : MORE_LEAST + GAPS;
	if (widths[0] + widths[1] + widths[2] > room)
		widths[0] = 0;
	if (widths[1] + widths[2] > room)
		widths[2] = room - widths[1];
	const char *const words[] = { title, more, facts };
	static const enum tone tones[] = { TONE_TITLE_FOCUS, TONE_WARN, TONE_DIM };
	int x = 1;
	for (int i = 0; i < 3; x += widths[i], i++) {
		if (widths[i] <= GAPS)
			continue;
		cells_cut(text, sizeof(text), words[i], (size_t)(widths[i] - GAPS), CUT_END,
		          glyph_ellipsis());
		canvas_textf(at, 0, x, widths[i], tones[i], " %s ", text);
	}
	view_draw_rate(at, v->log, x, room - x + 1 - GAPS);
}

void view_draw(struct console *c, const struct canvas *at)
{
	struct view *v = c->view;
	struct row *r = store_find(c->store, v->id);
	char said[400] = "", status[400];
	if (r)
		store_shown(r);
	struct canvas text = canvas_part(at, 1, 0, -1, -1);
	if (v->log && !log_judge_some(v->log, JUDGE_US))
		loop_timer_set(v->work, JUDGE_AGAIN_MS);
	/* first: this fixes the position in the text */
	pager_draw(v->pager, &text);
	pager_status(v->pager, said, sizeof(said));
	cells_cut(status, sizeof(status), said, at->width > 4 ? (size_t)at->width * 2 / 3 : 0,
	          CUT_MIDDLE, glyph_ellipsis());
	canvas_fill(at, 0, 0, -1, TONE_BORDER, glyph_rule());
	int len = status[0] ? (int)cells(status) + 2 : 0, x = 0;
	if (v->log) {
		view_draw_log_parts(at, v, log_status(v->log), at->width - 2 - len);
		/* Notes changes that happen without new lines. */
		int ms;
		note_change(c, now_wall_ms() + RATE_STEP_S * 1000);
		if (pager_waits(v->pager, &ms))
			note_change(c, now_wall_ms() + ms + 1);
		else if (log_behind(v->log))
			note_change(c, now_wall_ms() + 1000);
	} else {
		x = 1 + canvas_textf(at, 0, 1, at->width - 2, TONE_TITLE_FOCUS, " %s ", v->title);
		if (v->gone)
			x += 1 + canvas_textf(at, 0, x + 1, at->width - x - 2, TONE_WARN,
			                      " no longer there; this is the last that was known ");
	}
	if (status[0] && x + len + 2 < at->width)
		canvas_textf(at, 0, at->width - len - 1, -1, TONE_DIM, " %s ", status);
}

static void view_copy_visible(struct console *c)
{
	char *text = pager_visible_text(c->view->pager);
	clipboard_copy(c, text ? text : "");
	free(text);
	console_flash(c, TONE_GOOD, "copied what is on the screen");
}

static void view_toggle_reveal(struct console *c)
{
	struct view *v = c->view;
	v->reveal = !v->reveal;
	view_detail_build(c, v);
}

/* --- keys ---------------------------------------------------------------- */

const struct action view_log_actions[] = {
	{ .name = "log-copy",
	  .verb = "copy",
	  .key = "y",
	  .context = CONTEXT_LOG,
	  .show = logs_copy,
	  .help = "copy the marked lines, or the one under the cursor" },
	{ .name = "log-copy-screen",
	  .verb = "copy the screen",
	  .key = "Y",
	  .context = CONTEXT_LOG,
	  .show = view_copy_visible,
	  .help = "copy what is on the screen" },
	{ .name = "log-filters",
	  .verb = "filters",
	  .key = "F",
	  .context = CONTEXT_LOG,
	  .show = logs_filters,
	  .help = "the filters, each with a switch" },
	{ .name = "log-older",
	  .verb = "older lines",
	  .key = "b",
	  .context = CONTEXT_LOG,
	  .show = logs_older,
	  .help = "load older lines" },
	{ .name = "log-run-before",
	  .verb = "run before",
	  .key = "p",
	  .context = CONTEXT_LOG,
	  .show = logs_previous,
	  .help = "the run of the container or unit, the boot or the rotated file before this one: "
	          "a line says where it ended, and whether the present one's beginning is loaded" },
	{ .name = NULL }
};

const struct action view_detail_actions[] = {
	{ .name = "details-copy",
	  .verb = "copy",
	  .key = "y",
	  .context = CONTEXT_DETAILS,
	  .show = view_copy_visible,
	  .help = "copy what is on the screen" },
	{ .name = "details-reveal",
	  .verb = "show secrets",
	  .key = "e",
	  .context = CONTEXT_DETAILS,
	  .show = view_toggle_reveal,
	  .help = "show values that look secret, or hide them again" },
	{ .name = NULL }
};

static enum action_context view_context(const struct view *v)
{
	return v->log ? CONTEXT_LOG : CONTEXT_DETAILS;
}

/* The action that the user bound to the key in this context of the view. */
static const struct action *view_user(const struct view *v, enum action_context context,
                                      const struct key *key, const struct row *r)
{
	const struct action *a = binding_user(context, key, r);
	return a && !(a->flags & context_of(view_context(v))->useless) ? a : NULL;
}

/* The user's keys come first, then those of the context. Details do not scroll sideways. So the
 * row's own keys (l, s, r, ...) come before those for reading. */
const struct action *view_find(struct console *c, const struct key *key)
{
	const struct view *v = c->view;
	const struct row *r = console_row(c);
	const struct action *a = view_user(v, view_context(v), key, r);
	if (!a)
		a = view_user(v, CONTEXT_TEXT, key, r);
	const struct action *table;
	for (size_t i = 0; !a && (table = context_table(view_context(v), i)); i++)
		a = keymap_find(table, key);
	if (a)
		return a;
	/* an action of the console, if it is of use over this view */
	const struct action *of_console = binding_find(c, key, r);
	unsigned useless = context_of(view_context(v))->useless;
	if (of_console && !of_console->run && of_console->flags & useless)
		of_console = NULL;
	if (of_console && r && !v->log && (of_console->run || of_console->flags & CONSOLE_ROW))
		return of_console;
	a = keymap_find(text_actions, key);
	return a ? a : of_console;
}

bool view_typing(const struct console *c)
{
	return c->view && pager_typing(c->view->pager);
}

bool view_key(struct console *c, const struct key *key)
{
	struct view *v = c->view;
	console_redraw(c);
	if (pager_typing(v->pager)) {
		pager_search_key(v->pager, key);
		return true;
	}
	pager_await(v->pager, 0, false);
	const struct action *a = view_find(c, key);
	if (!a)
		return true;
	if (a->context == CONTEXT_CONSOLE)
		action_begin(c, a);
	else if (a->show)
		a->show(c);
	else {
		bool was_end = v->what == VIEW_DETAIL && pager_at_end(v->pager);
		if (v->log && pager_goes_up(a) && pager_at_top(v->pager) &&
		    !pager_following(v->pager))
			logs_older(c); /* and the key still moves */
		pager_do(v->pager, a);
		if (was_end && pager_goes_down(a) && panel_at_end(c, console_row(c)))
			pager_stay(v->pager);
	}
	return true;
}
