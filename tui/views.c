/* Texts over the panes: details of a row, and logs. Also help and the menu, which are boxes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/loop.h"
#include "backends/logs/logs.h"
#include "backends/store/doc.h"
#include "backends/store/log.h"
#include "tui/console_internal.h"
#include "tui/logview.h"
#include "tui/sessions.h"

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

static void view_detail_build(struct console *c, struct view *v)
{
	struct row *r = store_find(c->store, v->id);
	v->built_at = store_generation(c->store);
	v->gone = !r;
	if (!r)
		return;
	struct doc fresh;
	doc_init(&fresh);
	r->kind->detail(r, &fresh, v->reveal);
	if (!fresh.n)
		doc_add(&fresh, DOC_DIM, "Nothing is known yet.");
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
	r->looks++;
	struct view *v = view_push(c, VIEW_DETAIL, r->id);
	v->title = xstrdup(r->id);
	view_detail_build(c, v);
}

/* --- logs ---------------------------------------------------------------- */

static void view_log_changed(struct log *log, void *arg)
{
	struct console *c = arg;
	(void)log;
	c->dirty = c->log_dirty = true;
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
	c->dirty = c->log_dirty = true;
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

static size_t view_follow_all(struct console *c, struct log *log, struct row **rows, size_t n)
{
	size_t followed = 0;
	for (size_t i = 0; i < n; i++) {
		struct err err = { 0 };
		if (rows[i]->kind->follow && rows[i]->kind->follow(rows[i], log, &err))
			followed++;
		else
			console_flash(c, TONE_BAD, "%s: %s", rows[i]->id,
			              err.text[0] ? err.text : "has no log");
	}
	return followed;
}

static bool view_is_among(struct row *const *rows, size_t n, const struct row *r)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i] == r)
			return true;
	return false;
}

/* If rows are marked here, marked rows of other panels are included. */
static size_t view_rows_to_follow(struct console *c, struct row **rows)
{
	size_t n = console_rows(c, rows, LOGS_MAX);
	const struct pane *here = pane_focused(c);
	if (c->view || !here->table || !table_marks(here->table, NULL, 0))
		return n;
	for (size_t i = 0; i < c->n_panes; i++) {
		const char *ids[LOGS_MAX];
		size_t marked = c->panes[i].table && &c->panes[i] != here
		                        ? table_marks(c->panes[i].table, ids, LOGS_MAX)
		                        : 0;
		for (size_t k = 0; k < marked && k < LOGS_MAX && n < LOGS_MAX; k++) {
			struct row *r = store_find(c->store, ids[k]);
			if (r && r->kind->follow && !view_is_among(rows, n, r))
				rows[n++] = r;
		}
	}
	return n;
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
		if (!before)
			buf_addf(&b, "%s%zu %s", i ? ", " : "", same,
			         same == 1 ? rows[i]->kind->name : rows[i]->kind->plural);
	}
	return buf_take(&b);
}

void view_open_log(struct console *c)
{
	struct row *rows[LOGS_MAX];
	size_t n = view_rows_to_follow(c, rows);
	struct log *log = log_create_in(store_logs(c->store));
	if (!n || !view_follow_all(c, log, rows, n)) {
		log_destroy(log);
		return;
	}
	view_push_log(c, log, rows[0]->id, view_log_title(rows, n));
}

/* --- both ---------------------------------------------------------------- */

void view_refresh(struct console *c)
{
	struct view *v = c->view;
	const char *said = v && v->log ? log_said(v->log) : NULL;
	if (said)
		console_flash(c, TONE_WARN, "%s", said);
	if (v && v->what == VIEW_DETAIL && v->built_at != store_generation(c->store))
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
#define GAPS 3 /* blanks around each part, and the rule */

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
	for (int i = 0, x = 1; i < 3; x += widths[i], i++) {
		if (widths[i] <= GAPS)
			continue;
		cells_cut(text, sizeof(text), words[i], (size_t)(widths[i] - GAPS), CUT_END,
		          glyph_ellipsis());
		canvas_textf(at, 0, x, widths[i], tones[i], " %s ", text);
	}
}

/* Returns the next free cell. */
static int view_draw_doc_parts(const struct canvas *at, const struct view *v)
{
	int x = 1 + canvas_textf(at, 0, 1, at->width - 2, TONE_TITLE_FOCUS, " %s ", v->title);
	if (v->gone)
		x += 1 + canvas_textf(at, 0, x + 1, at->width - x - 2, TONE_WARN,
		                      " not there any more; this is the last that was known ");
	return x;
}

/* Notes changes that happen without new lines. */
static void view_note_log_changes(struct console *c, const struct view *v)
{
	int ms;
	if (pager_waits(v->pager, &ms))
		note_change(c, now_wall_ms() + ms + 1);
	else if (log_behind(v->log))
		note_change(c, now_wall_ms() + 1000);
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
		view_note_log_changes(c, v);
	} else {
		x = view_draw_doc_parts(at, v);
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

/* Details do not scroll sideways. So the row's own keys (l, s, r, ...) come before those of the
 * pager. */
static bool view_row_key(struct console *c, const struct key *key)
{
	static const char *const reading[] = { "Space", "Enter", "Right", "Left", "y", "d", NULL };
	struct row *r = console_row(c);
	for (size_t i = 0; reading[i]; i++)
		if (key_is(key, reading[i]))
			return false;
	const struct action *a = binding_find(c, key, r);
	if (!a || !r || !(a->run || (a->flags & CONSOLE_ROW)))
		return false;
	action_begin(c, a);
	return true;
}

static void view_toggle_reveal(struct console *c)
{
	struct view *v = c->view;
	v->reveal = !v->reveal;
	view_detail_build(c, v);
}

/* Is a console action useful over a view? */
static bool view_general(const struct action *a)
{
	static const char *const prefixes[] = { "console-", "shells-", "server-", "row-" };
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (!strncmp(a->name, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static bool view_works_in(const struct action *a)
{
	return (a->run || view_general(a)) && strcmp(a->name, "row-mark") != 0;
}

static void view_copy_screen(struct console *c)
{
	view_copy_visible(c);
}

/* Handles the keys of logs. The pager handles the others. */
static bool view_log_key(struct console *c, const struct key *key)
{
	static const struct {
		const char *key;
		void (*run)(struct console *);
	} keys[] = {
		{ "y", logs_copy },  { "Y", view_copy_screen }, { "F", logs_filters },
		{ "b", logs_older }, { "p", logs_previous },
	};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (key_is(key, keys[i].key)) {
			keys[i].run(c);
			return true;
		}
	if ((key_is(key, "k") || key_is(key, "Up") || key_is(key, "PgUp")) &&
	    pager_at_top(c->view->pager) && !pager_following(c->view->pager))
		logs_older(c); /* and the key still moves */
	return false;
}

static bool view_goes_down(const struct key *key)
{
	static const char *const keys[] = {
		"j", "Down", "PgDn", "Space", "C-d", "C-f", "G", "End"
	};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (key_is(key, keys[i]))
			return true;
	return false;
}

bool view_key(struct console *c, const struct key *key)
{
	struct view *v = c->view;
	console_redraw(c);
	if (pager_typing(v->pager))
		return pager_key(v->pager, key);
	if (v->log && view_log_key(c, key))
		return true;
	if (v->what == VIEW_DETAIL && key_is(key, "e")) {
		view_toggle_reveal(c);
		return true;
	}
	if (key_is(key, "y")) {
		view_copy_visible(c);
		return true;
	}
	if (v->what == VIEW_DETAIL && view_row_key(c, key))
		return true;
	bool was_end = v->what == VIEW_DETAIL && pager_at_end(v->pager);
	if (pager_key(v->pager, key)) {
		if (was_end && view_goes_down(key))
			session_show_older(c, console_row(c));
		return true;
	}
	const struct action *a = binding_find(c, key, console_row(c));
	if (a && view_works_in(a))
		action_begin(c, a);
	return true;
}

/* --- help and the menu --------------------------------------------------- */

static void view_help_action(struct console *c, struct doc *doc, const struct action *a,
                             bool always)
{
	char key[KEY_NAME_SIZE];
	const char *name = binding_key(c, a, key);
	const struct panel *panel = action_panel(c, a);
	if (!action_exists(c, a) || (!name && !always))
		return;
	if (panel)
		doc_pair(doc, DOC_PLAIN, name ? name : "", "%s: %s", a->verb, panel->title);
	else
		doc_pair(doc, DOC_PLAIN, name ? name : "", "%s: %s", a->verb, a->help);
}

static void view_help_lists(struct doc *doc)
{
	static const char *const rows[][2] = {
		{ "j k", "down, up; also the arrows" },
		{ "g G", "first, last; also Home and End" },
		{ "C-d C-u", "half a page; PgDn and PgUp a whole one" },
	};
	doc_head(doc, "Moving");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		doc_pair(doc, DOC_PLAIN, rows[i][0], "%s", rows[i][1]);
}

static void view_help_reading(struct doc *doc, const struct view *v)
{
	static const char *const rows[][2] = {
		{ "/ n N", "search, next, previous" },
		{ "w", "wrap long lines or not" },
		{ "t", "times: clock, full, none" },
		{ "h l", "sideways (logs)" },
		{ "y", "copy what is on the screen; of a log the line or the marked ones" },
		{ "G", "the end; a log follows again" },
	};
	static const char *const log_rows[][2] = {
		{ "&",
		  "only lines that match, now and from now on; !word leaves out; several combine" },
		{ "F", "the filters, each with a switch" },
		{ "L", "only lines of this level and worse" },
		{ "Enter", "unfold a line of JSON, or fold it" },
		{ "J", "JSON as it came, or folded" },
		{ "H", "lines and errors over time: 15 minutes, a day, all" },
		{ "m '", "set a bookmark; go to the next" },
		{ "Space", "mark a line, for y" },
		{ "Y", "copy what is on the screen" },
		{ "b", "load older lines" },
		{ "p", "the run or boot before this one" },
		{ ":goto", "14:32 or -10m: to that time" },
		{ ":save", "FILE: what is seen; :save-all FILE: every line" },
	};
	for (size_t i = 0; v->log && i < ARRAY_LEN(log_rows); i++) {
		if (!i)
			doc_head(doc, "In a log");
		doc_pair(doc, DOC_PLAIN, log_rows[i][0], "%s", log_rows[i][1]);
	}
	doc_head(doc, "Reading");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		doc_pair(doc, DOC_PLAIN, rows[i][0], "%s", rows[i][1]);
	if (v->what == VIEW_DETAIL)
		doc_pair(doc, DOC_PLAIN, "e", "show secret-looking values, or hide them again");
}

void console_help(struct console *c)
{
	struct doc doc;
	const struct row *r = console_row(c);
	char title[160];
	doc_init(&doc);
	if (c->settings->read_only)
		doc_add(&doc, DOC_WARN,
		        "Read-only: whatever changes a server or types into it is refused.");
	if (c->view) /* help for the current view comes first */
		view_help_reading(&doc, c->view);
	if (r && r->kind->actions && r->kind->actions[0].name) {
		snprintf(title, sizeof(title),
		         "What a %s can be told (x shows what makes sense now)", r->kind->name);
		doc_head(&doc, title);
		for (const struct action *a = r->kind->actions; a->name; a++)
			view_help_action(c, &doc, a, true);
	}
	doc_head(&doc, "On the row under the cursor");
	for (const struct action *a = console_actions; a->name; a++)
		if ((a->flags & CONSOLE_ROW) && (!c->view || view_works_in(a)))
			view_help_action(c, &doc, a, false);
	view_help_lists(&doc);
	doc_head(&doc, "Everywhere");
	for (const struct action *a = console_actions; a->name; a++)
		if (!(a->flags & CONSOLE_ROW) && !action_lacks_panel(c, a))
			view_help_action(c, &doc, a, false);
	snprintf(title, sizeof(title), "Help: %s",
	         c->view ? c->view->title : pane_focused(c)->panel->name);
	c->dialog = dialog_text(title, &doc, NULL, NULL);
	console_redraw(c);
}

static void view_menu_chosen(const struct dialog_result *result, void *arg)
{
	struct console *c = arg;
	console_redraw(c);
	if (result->choice >= 0 && (size_t)result->choice < c->n_menu)
		action_begin(c, c->menu[result->choice]);
}

void console_menu(struct console *c)
{
	struct dialog_item items[MENU_MAX] = { 0 };
	char names[MENU_MAX][KEY_NAME_SIZE];
	struct row *r = console_row(c);
	c->n_menu = actions_now(c, c->menu, MENU_MAX);
	for (const struct action *a = console_actions; a->name && c->n_menu < MENU_MAX; a++)
		if ((a->flags & CONSOLE_MENU) && action_applies(c, a, r))
			c->menu[c->n_menu++] = a;
	for (size_t i = 0; i < c->n_menu; i++)
		items[i] = (struct dialog_item){ .key = binding_key(c, c->menu[i], names[i]),
			                         .label = c->menu[i]->verb,
			                         .help = c->menu[i]->help };
	char title[320];
	bool in = r && r->kind != &kind_server;
	snprintf(title, sizeof(title), "%s%s%s", r ? r->name : "mocr", in ? " on " : "",
	         in ? r->server->name : "");
	c->dialog = dialog_menu(title, items, c->n_menu, view_menu_chosen, c);
	console_redraw(c);
}
