/* pager.c: position, search and keys of the pager. pager_draw.c draws the lines.
 *
 * The position is a line number, and the row inside a wrapped line. A pager that follows has no
 * position: the last line is at the bottom. Lines of a log may be dropped while they are on the
 * screen. The position then moves to the first line left. */
#include "tui/pager.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "tui/pager_internal.h"

#define SIDE_STEP 8
#define NEEDLE_MAX 256

static struct pager *pager_create(void)
{
	struct pager *p = xcalloc(1, sizeof(*p));

	p->height = 1;
	p->width = 80;
	p->times = PAGER_TIME_CLOCK;
	return p;
}

struct pager *pager_create_doc(const struct doc *doc)
{
	struct pager *p = pager_create();

	p->wrap = true;
	pager_set_doc(p, doc);
	return p;
}

struct pager *pager_create_log(struct log *log)
{
	struct pager *p = pager_create();

	p->log = log;
	p->view = logview_create(log);
	p->follow = true;
	return p;
}

void pager_destroy(struct pager *p)
{
	if (!p)
		return;
	lineedit_destroy(p->typing);
	history_destroy(p->searches);
	match_destroy(p->match);
	logview_destroy(p->view);
	free(p);
}

void pager_set_doc(struct pager *p, const struct doc *doc)
{
	assert(!p->log);
	p->doc = doc;
	pager_doc_changed(p);
}

/* --- the place ----------------------------------------------------------- */

uint64_t pager_last(const struct pager *p)
{
	if (p->log)
		return log_seen_to(p->log, log_settled(p->log, NULL));
	if (p->doc)
		return p->doc->n;
	return 0;
}

uint64_t pager_first(const struct pager *p)
{
	if (!p->log)
		return p->doc && p->doc->n ? 1 : 0;
	return pager_last(p) ? log_seen_from(p->log, log_first(p->log)) : 0;
}

uint64_t pager_next(const struct pager *p, uint64_t line)
{
	if (!p->log)
		return p->doc && line < p->doc->n ? line + 1 : 0;
	uint64_t next = log_seen_from(p->log, line + 1);
	return next <= log_settled(p->log, NULL) ? next : 0;
}

uint64_t pager_previous(const struct pager *p, uint64_t line)
{
	if (!p->log)
		return line > 1 ? line - 1 : 0;
	return log_seen_to(p->log, line - 1);
}

static struct place pager_place_up(const struct pager *p, struct place at, size_t rows)
{
	while (rows > 0) {
		size_t step = at.row < rows ? at.row : rows;
		at.row -= step;
		rows -= step;
		uint64_t previous = rows ? pager_previous(p, at.line) : 0;
		if (!previous)
			break;
		at.line = previous;
		at.row = pager_rows(p, at.line) - 1;
		rows--;
	}
	return at;
}

struct place pager_down(const struct pager *p, struct place at, size_t rows)
{
	while (rows > 0) {
		size_t left = pager_rows(p, at.line) - 1 - at.row;
		uint64_t next = rows > left ? pager_next(p, at.line) : 0;
		if (!next) {
			at.row += rows < left ? rows : left;
			break;
		}
		rows -= left + 1;
		at.line = next;
		at.row = 0;
	}
	return at;
}

/* The current line number for a key, or of the nearest visible line. */
static uint64_t pager_place_of(const struct pager *p, struct line_key key)
{
	uint64_t at = log_find(p->log, key.time_us, key.number), last = pager_last(p);
	uint64_t seen = log_seen_from(p->log, at);
	return seen && seen <= last ? seen : last;
}

static void pager_find_places(struct pager *p)
{
	if (!p->log)
		return;
	const struct log_line *top = p->top.line ? log_get(p->log, p->top.line) : NULL;
	if (p->top.line && (!top || top->number != p->top_key.number)) {
		uint64_t line = pager_place_of(p, p->top_key);
		p->top = (struct place){ line, top && line == p->top.line ? p->top.row : 0 };
	} else if (top && !top->judged && logview_filtered(p->view)) {
		p->top = (struct place){ pager_place_of(p, p->top_key), 0 };
	}
	if (p->cursor)
		p->cursor = pager_place_of(p, p->cursor_key);
	uint64_t paused = log_find(p->log, p->paused_key.time_us, p->paused_key.number);
	const struct log_line *line = p->follow ? NULL : log_get(p->log, paused);
	if (line && line->number == p->paused_key.number)
		p->paused_place = paused;
}

static void pager_keep_places(struct pager *p)
{
	const struct log_line *top = p->log ? log_get(p->log, p->top.line) : NULL;
	const struct log_line *cursor = p->log ? log_get(p->log, p->cursor) : NULL;
	if (top)
		p->top_key = line_key_of(top);
	if (cursor)
		p->cursor_key = line_key_of(cursor);
}

static int pager_compare_places(struct place a, struct place b)
{
	if (a.line != b.line)
		return a.line < b.line ? -1 : 1;
	return a.row < b.row ? -1 : a.row > b.row;
}

/* The first place on the screen when the last line is at the bottom. */
static struct place pager_bottom_top(const struct pager *p)
{
	struct place at = { pager_last(p), 0 };

	if (!at.line)
		return at;
	at.row = pager_rows(p, at.line) - 1;
	return pager_place_up(p, at, (size_t)p->height - 1);
}

/* Moves to the awaited line, again whenever a better match arrives. */
static void pager_go_awaited(struct pager *p)
{
	uint64_t at = log_find(p->log, p->awaited_us, 0);
	uint64_t line = p->awaited_above ? log_seen_to(p->log, at - 1) : log_seen_from(p->log, at);
	const struct log_line *found = line && line <= pager_last(p) ? log_get(p->log, line) : NULL;
	if (!found || found->number == p->awaited_number)
		return;
	p->awaited_number = found->number;
	p->cursor = line;
	p->top = pager_place_up(p, (struct place){ line, 0 },
	                        p->awaited_above ? (size_t)p->height - 1 : (size_t)p->height / 3);
	pager_keep_places(p);
}

void pager_await(struct pager *p, int64_t time_us, bool above)
{
	p->awaited_us = time_us;
	p->awaited_above = above;
	p->awaited_number = 0;
}

void pager_settle(struct pager *p)
{
	uint64_t first, last;
	struct place bottom;

	pager_find_places(p);
	if (p->awaited_us && !p->follow)
		pager_go_awaited(p);
	first = pager_first(p);
	last = pager_last(p);
	if (!last) {
		p->top = (struct place){ 0, 0 };
		p->cursor = 0;
		return;
	}
	bottom = pager_bottom_top(p);
	if (p->top.line < first)
		p->top = (struct place){ first, 0 };
	if (p->follow || p->top.line > last)
		p->top = bottom;
	if (p->top.row >= pager_rows(p, p->top.line))
		p->top.row = pager_rows(p, p->top.line) - 1;
	if (pager_compare_places(p->top, bottom) > 0)
		p->top = bottom;
	/* The cursor of a log stays on the screen. */
	uint64_t lowest = p->log ? pager_down(p, p->top, (size_t)p->height - 1).line : 0;
	if (p->log && p->follow)
		p->cursor = last;
	else if (p->log && p->cursor < p->top.line)
		p->cursor = p->top.line;
	else if (p->log && p->cursor > lowest)
		p->cursor = lowest;
	pager_keep_places(p);
}

/* Going up pauses. Reaching the bottom again does not resume, only G does. Otherwise scrolling one
 * line too far would make the text run away. */
static void pager_pause_following(struct pager *p)
{
	if (!p->follow)
		return;
	pager_settle(p);
	p->follow = false;
	p->paused_key = p->cursor_key;
	p->paused_place = p->cursor;
}

void pager_move(struct pager *p, enum pager_move move)
{
	size_t page = p->height > 2 ? (size_t)p->height - 1 : 1, half = page / 2 + 1;
	const struct {
		int dir;
		size_t rows;
	} steps[] = {
		[PAGER_UP] = { -1, 1 },         [PAGER_DOWN] = { 1, 1 },
		[PAGER_PAGE_UP] = { -1, page }, [PAGER_PAGE_DOWN] = { 1, page },
		[PAGER_HALF_UP] = { -1, half }, [PAGER_HALF_DOWN] = { 1, half },
	};

	pager_settle(p);
	p->awaited_us = 0;
	switch (move) {
	case PAGER_FIRST:
		pager_pause_following(p);
		p->top = (struct place){ pager_first(p), 0 };
		p->cursor = p->top.line;
		break;
	case PAGER_LAST:
		p->follow = true;
		p->top = pager_bottom_top(p);
		break;
	case PAGER_LEFT: p->side = p->side > SIDE_STEP ? p->side - SIDE_STEP : 0; break;
	case PAGER_RIGHT:
		if (!p->wrap && p->side < (int)LOG_LINE_MAX)
			p->side += SIDE_STEP;
		break;
	default:
		if (steps[move].dir < 0)
			pager_pause_following(p);
		if (!p->follow && p->top.line) {
			/* The cursor moves with the text, so that it keeps its place on the screen.
			 * At the end of the text only the cursor moves. */
			p->top = steps[move].dir < 0 ? pager_place_up(p, p->top, steps[move].rows)
			                             : pager_down(p, p->top, steps[move].rows);
			for (size_t i = 0; p->log && i < steps[move].rows; i++) {
				uint64_t next = steps[move].dir < 0 ? pager_previous(p, p->cursor)
				                                    : pager_next(p, p->cursor);
				if (!next)
					break;
				p->cursor = next;
			}
		}
	}
	pager_keep_places(p);
	pager_settle(p);
}

void pager_wrap(struct pager *p, bool on)
{
	p->wrap = on;
	p->side = 0;
	p->top.row = 0;
}

void pager_times(struct pager *p, enum pager_times times)
{
	p->times = times;
}

bool pager_following(const struct pager *p)
{
	return p->follow;
}

void pager_stay(struct pager *p)
{
	p->follow = p->follow && p->log;
}

/* --- searching ----------------------------------------------------------- */

static bool pager_line_matches(const struct pager *p, uint64_t line)
{
	if (p->log) {
		const struct log_line *l = log_get(p->log, line);
		return l && match_in(p->match, l->text, l->len);
	}
	const struct doc_line *l = &p->doc->lines[line - 1];
	return (l->text && match_in(p->match, l->text, strlen(l->text))) ||
	       (l->label && match_in(p->match, l->label, strlen(l->label)));
}

/* The next match after line `from` in direction step, wrapping around once. 0: none. */
static uint64_t pager_find_line(struct pager *p, uint64_t from, int step)
{
	uint64_t first = pager_first(p), last = pager_last(p), at = from;
	bool around = false;

	if (!last)
		return 0;
	do {
		uint64_t next = step > 0 ? pager_next(p, at) : pager_previous(p, at);
		if (!next) {
			if (around)
				return 0;
			around = true;
			next = step > 0 ? first : last;
		}
		at = next;
		if (pager_line_matches(p, at))
			return at;
	} while (!around || (step > 0 ? at < from : at > from));
	return 0;
}

static void pager_show_line(struct pager *p, uint64_t line)
{
	pager_pause_following(p);
	p->cursor = line;
	p->top = (struct place){ line, 0 };
	p->top = pager_place_up(p, p->top, (size_t)p->height / 3);
	pager_keep_places(p);
	pager_settle(p);
}

static bool pager_show_match(struct pager *p, uint64_t from, int step)
{
	uint64_t found = pager_find_line(p, from, step);

	p->found = found ? SEARCH_FOUND : SEARCH_FOUND_NONE;
	if (!found)
		return false;
	if (step > 0 ? found <= from && from >= pager_first(p) : found >= from)
		p->found = SEARCH_FOUND_AROUND;
	pager_show_line(p, found);
	p->match_line = found;
	return true;
}

bool pager_search(struct pager *p, const char *needle)
{
	bool any = needle && *needle;

	match_destroy(p->match);
	p->complaint[0] = '\0';
	p->match = any ? match_create(needle, p->complaint, sizeof(p->complaint)) : NULL;
	p->found = SEARCH_FOUND;
	p->match_line = 0;
	if (!p->match)
		return false;
	pager_settle(p);
	/* A following log is searched backwards from its newest line. Everything else is searched
	 * forwards from the top of the screen. */
	if (p->log && p->follow)
		return pager_show_match(p, pager_last(p) + 1, -1);
	return pager_show_match(p, p->top.line ? p->top.line - 1 : 0, 1);
}

bool pager_search_step(struct pager *p, int step)
{
	uint64_t from;

	if (!p->match)
		return false;
	pager_settle(p);
	from = p->log ? p->cursor : p->match_line;
	if (from < pager_first(p) || from > pager_last(p))
		from = p->top.line;
	return pager_show_match(p, from, step);
}

/* --- in a log ------------------------------------------------------------ */

struct logview *pager_logview(struct pager *p)
{
	return p->view;
}

uint64_t pager_cursor(const struct pager *p)
{
	return p->cursor;
}

bool pager_at_end(const struct pager *p)
{
	return !p->top.line || pager_compare_places(p->top, pager_bottom_top(p)) >= 0;
}

bool pager_at_top(const struct pager *p)
{
	return p->log && (!p->top.line || (p->top.line == pager_first(p) && !p->top.row));
}

bool pager_waits(const struct pager *p, int *ms)
{
	*ms = -1;
	if (p->log)
		log_settled(p->log, ms);
	return *ms >= 0;
}

bool pager_goto(struct pager *p, int64_t wall_ms)
{
	uint64_t line = log_seen_from(p->log, log_find(p->log, wall_ms * 1000, 0));
	if (!line || line > pager_last(p))
		return false;
	pager_show_line(p, line);
	return true;
}

static const struct log_line *pager_cursor_line(struct pager *p)
{
	pager_settle(p);
	return log_get(p->log, p->cursor);
}

static void pager_toggle_key(struct pager *p, struct key_list *list, const char *what)
{
	const struct log_line *line = pager_cursor_line(p);
	if (line && !keys_toggle(list, line))
		snprintf(p->complaint, sizeof(p->complaint), "no more than %d %s", KEYS_MAX, what);
}

static void pager_toggle_mark(struct pager *p)
{
	pager_pause_following(p);
	pager_toggle_key(p, &p->view->marks, "marked lines");
	uint64_t next = pager_next(p, p->cursor);
	if (!next)
		return;
	p->cursor = next;
	if (next > pager_down(p, p->top, (size_t)p->height - 1).line)
		p->top = pager_down(p, p->top, 1);
	pager_keep_places(p);
}

/* Goes to the next bookmark after the cursor, else to the first bookmark. */
static void pager_next_bookmark(struct pager *p)
{
	const struct key_list *list = &p->view->bookmarks;
	const struct log_line *line = pager_cursor_line(p);
	const struct line_key *to = list->n ? &list->keys[0] : NULL;
	char key[KEY_NAME_SIZE];
	for (size_t i = list->n; line && i-- > 0;)
		if (list->keys[i].time_us > line->time_us ||
		    (list->keys[i].time_us == line->time_us && list->keys[i].number > line->number))
			to = &list->keys[i];
	if (to)
		pager_show_line(p, pager_place_of(p, *to));
	else
		snprintf(p->complaint, sizeof(p->complaint), "no bookmark; %s sets one",
		         keymap_key(log_actions, "log-bookmark", key));
}

static void pager_open_line(struct pager *p, const char *prompt, bool filter)
{
	if (!p->searches)
		p->searches = history_create(50);
	struct lineedit_config c = { .prompt = prompt, .max = NEEDLE_MAX, .history = p->searches };
	p->typing = lineedit_create(&c);
	p->typing_filter = filter;
}

void pager_search_key(struct pager *p, const struct key *k)
{
	enum lineedit_result r = lineedit_key(p->typing, k);

	p->awaited_us = 0;
	if (r == LINEEDIT_DONE) {
		const char *text = lineedit_text(p->typing);
		p->complaint[0] = '\0';
		if (!p->typing_filter)
			pager_search(p, text);
		else if (*text)
			logview_filter_add(p->view, text, p->complaint, sizeof(p->complaint));
		else
			logview_filter_clear(p->view);
	}
	if (r != LINEEDIT_DONE && r != LINEEDIT_CANCELLED)
		return;
	lineedit_destroy(p->typing);
	p->typing = NULL;
}

bool pager_typing(const struct pager *p)
{
	return p->typing != NULL;
}

/* --- keys ---------------------------------------------------------------- */

/* action->data: what a key does. */
struct pager_command {
	enum pager_deed {
		DEED_MOVE,
		DEED_SEARCH,
		DEED_NEXT_MATCH,
		DEED_PREVIOUS_MATCH,
		DEED_WRAP,
		DEED_TIMES,
		/* of a log */
		DEED_FILTER,
		DEED_LEVEL,
		DEED_UNFOLD,
		DEED_FLAT,
		DEED_BARS,
		DEED_BOOKMARK,
		DEED_NEXT_BOOKMARK,
		DEED_MARK,
	} deed;
	enum pager_move move; /* of DEED_MOVE */
};
#define DO(what) (&(const struct pager_command){ .deed = what })
#define MOVE(where) (&(const struct pager_command){ .deed = DEED_MOVE, .move = where })

const struct action text_actions[] = {
	{ .name = "text-down",
	  .verb = "down",
	  .key = "j Down",
	  .context = CONTEXT_TEXT,
	  .data = MOVE(PAGER_DOWN),
	  .help = "one line down" },
	{ .name = "text-up",
	  .verb = "up",
	  .key = "k Up",
	  .context = CONTEXT_TEXT,
	  .data = MOVE(PAGER_UP),
	  .help = "one line up; a log that follows is paused" },
	{ .name = "text-page-down",
	  .verb = "page down",
	  .key = "PgDn C-f Space",
	  .context = CONTEXT_TEXT,
	  .data = MOVE(PAGER_PAGE_DOWN),
	  .help = "a page down" },
	{ .name = "text-page-up",
	  .verb = "page up",
	  .key = "PgUp C-b",
	  .context = CONTEXT_TEXT,
	  .data = MOVE(PAGER_PAGE_UP),
	  .help = "a page up" },
	{ .name = "text-half-down",
	  .verb = "half down",
	  .key = "C-d",
	  .context = CONTEXT_TEXT,
	  .data = MOVE(PAGER_HALF_DOWN),
	  .help = "half a page down" },
	{ .name = "text-half-up",
	  .verb = "half up",
	  .key = "C-u",
	  .context = CONTEXT_TEXT,
	  .data = MOVE(PAGER_HALF_UP),
	  .help = "half a page up" },
	{ .name = "text-first",
	  .verb = "first line",
	  .key = "g Home",
	  .context = CONTEXT_TEXT,
	  .data = MOVE(PAGER_FIRST),
	  .help = "to the first line" },
	{ .name = "text-last",
	  .verb = "last line",
	  .key = "G End",
	  .context = CONTEXT_TEXT,
	  .data = MOVE(PAGER_LAST),
	  .help = "to the end, and on to the new end while more comes" },
	{ .name = "text-left",
	  .verb = "left",
	  .key = "h Left",
	  .context = CONTEXT_TEXT,
	  .data = MOVE(PAGER_LEFT),
	  .help = "sideways to the left, where long lines are not wrapped" },
	{ .name = "text-right",
	  .verb = "right",
	  .key = "l Right",
	  .context = CONTEXT_TEXT,
	  .data = MOVE(PAGER_RIGHT),
	  .help = "sideways to the right" },
	{ .name = "text-search",
	  .verb = "search",
	  .key = "/",
	  .context = CONTEXT_TEXT,
	  .data = DO(DEED_SEARCH),
	  .help = "search a regular expression (PCRE2); without capitals any case "
	          "matches" },
	{ .name = "text-next",
	  .verb = "next match",
	  .key = "n",
	  .context = CONTEXT_TEXT,
	  .data = DO(DEED_NEXT_MATCH),
	  .help = "to the next match" },
	{ .name = "text-previous",
	  .verb = "previous match",
	  .key = "N",
	  .context = CONTEXT_TEXT,
	  .data = DO(DEED_PREVIOUS_MATCH),
	  .help = "to the match before" },
	{ .name = "text-wrap",
	  .verb = "wrap",
	  .key = "w",
	  .context = CONTEXT_TEXT,
	  .data = DO(DEED_WRAP),
	  .help = "wrap long lines, or not" },
	{ .name = "text-times",
	  .verb = "times",
	  .key = "t",
	  .context = CONTEXT_TEXT,
	  .data = DO(DEED_TIMES),
	  .help = "times of the lines: clock, full, none" },
	{ .name = NULL }
};

const struct action log_actions[] = {
	{ .name = "log-filter",
	  .verb = "filter",
	  .key = "&",
	  .context = CONTEXT_LOG,
	  .data = DO(DEED_FILTER),
	  .help = "see only lines that match, those that are there and those that come; "
	          "!word leaves out; several combine, and an empty one takes all away" },
	{ .name = "log-level",
	  .verb = "level",
	  .key = "L",
	  .context = CONTEXT_LOG,
	  .data = DO(DEED_LEVEL),
	  .help = "see only lines of a level and worse" },
	{ .name = "log-unfold",
	  .verb = "unfold",
	  .key = "Enter",
	  .context = CONTEXT_LOG,
	  .data = DO(DEED_UNFOLD),
	  .help = "unfold the line of JSON under the cursor, or fold it" },
	{ .name = "log-json",
	  .verb = "JSON",
	  .key = "J",
	  .context = CONTEXT_LOG,
	  .data = DO(DEED_FLAT),
	  .help = "show all lines of JSON as they came, or folded" },
	{ .name = "log-bars",
	  .verb = "bars",
	  .key = "H",
	  .context = CONTEXT_LOG,
	  .data = DO(DEED_BARS),
	  .help = "lines and errors over time, as bars: 15 minutes, a day, all" },
	{ .name = "log-bookmark",
	  .verb = "bookmark",
	  .key = "m",
	  .context = CONTEXT_LOG,
	  .data = DO(DEED_BOOKMARK),
	  .help = "set a bookmark, or take it away" },
	{ .name = "log-next-bookmark",
	  .verb = "next bookmark",
	  .key = "'",
	  .context = CONTEXT_LOG,
	  .data = DO(DEED_NEXT_BOOKMARK),
	  .help = "to the next bookmark" },
	{ .name = "log-mark",
	  .verb = "mark",
	  .key = "Space",
	  .context = CONTEXT_LOG,
	  .data = DO(DEED_MARK),
	  .help = "mark a line, to copy several" },
	{ .name = NULL }
};

static bool pager_is_move(const struct action *a, unsigned moves)
{
	const struct pager_command *command = a ? a->data : NULL;
	return command && a->context == CONTEXT_TEXT && command->deed == DEED_MOVE &&
	       moves & 1u << command->move;
}

bool pager_goes_down(const struct action *a)
{
	return pager_is_move(a, 1u << PAGER_DOWN | 1u << PAGER_PAGE_DOWN | 1u << PAGER_HALF_DOWN |
	                                1u << PAGER_LAST);
}

bool pager_goes_up(const struct action *a)
{
	return pager_is_move(a, 1u << PAGER_UP | 1u << PAGER_PAGE_UP);
}

void pager_do(struct pager *p, const struct action *a)
{
	static const enum log_level after[] = {
		[LOG_LEVEL_UNKNOWN] = LOG_LEVEL_INFO, [LOG_LEVEL_DEBUG] = LOG_LEVEL_INFO,
		[LOG_LEVEL_INFO] = LOG_LEVEL_NOTICE,  [LOG_LEVEL_NOTICE] = LOG_LEVEL_WARN,
		[LOG_LEVEL_WARN] = LOG_LEVEL_ERROR,   [LOG_LEVEL_ERROR] = LOG_LEVEL_UNKNOWN,
	};
	const struct pager_command *command = a ? a->data : NULL;
	p->awaited_us = 0;
	if (!command)
		return; /* a key that the user took away */
	if (command->deed != DEED_MOVE)
		p->complaint[0] = '\0';
	switch (command->deed) {
	case DEED_MOVE: pager_move(p, command->move); break;
	case DEED_SEARCH: pager_open_line(p, "/", false); break;
	case DEED_NEXT_MATCH: pager_search_step(p, 1); break;
	case DEED_PREVIOUS_MATCH: pager_search_step(p, -1); break;
	case DEED_WRAP: pager_wrap(p, !p->wrap); break;
	case DEED_TIMES: p->times = (p->times + 1) % (PAGER_TIME_FULL + 1); break;
	case DEED_FILTER: pager_open_line(p, "&", true); break;
	case DEED_LEVEL: logview_level(p->view, after[p->view->least]); break;
	case DEED_UNFOLD:
		pager_pause_following(p);
		pager_toggle_key(p, &p->view->unfolded, "unfolded lines");
		break;
	case DEED_FLAT: p->view->flat = !p->view->flat; break;
	case DEED_BARS: p->view->span = (p->view->span + 1) % SPAN_COUNT; break;
	case DEED_BOOKMARK: pager_toggle_key(p, &p->view->bookmarks, "bookmarks"); break;
	case DEED_NEXT_BOOKMARK: pager_next_bookmark(p); break;
	case DEED_MARK: pager_toggle_mark(p); break;
	}
}

/* --- what it says -------------------------------------------------------- */

#define FRESH_COUNTED 9999u

/* The number of lines below the last line at the time of the pause. Older lines loaded later do not
 * count. With filters, counts visible lines up to FRESH_COUNTED. Without filters, dropped lines
 * count too, because they keep their line numbers. */
static uint64_t pager_fresh_lines(const struct pager *p)
{
	uint64_t n = 0, last = pager_last(p);
	if (!logview_filtered(p->view))
		return last > p->paused_place ? last - p->paused_place : 0;
	for (uint64_t at = log_find(p->log, p->paused_key.time_us, p->paused_key.number + 1);
	     n < FRESH_COUNTED; at++, n++) {
		at = log_seen_from(p->log, at);
		if (!at || at > last)
			break;
	}
	return n;
}

void pager_status(const struct pager *p, char *buf, size_t size)
{
	char place[64] = "", search[NEEDLE_MAX + 64] = "";
	uint64_t last = pager_last(p), fresh = p->log && !p->follow ? pager_fresh_lines(p) : 0;
	struct place bottom = p->log ? p->top : pager_bottom_top(p);
	/* of a doc; not all of it is on the screen, and some of it was drawn */
	bool scrolls = !p->log && last && p->top.line && (bottom.line > 1 || bottom.row);

	if (!size)
		return;
	if (p->log && p->follow)
		snprintf(place, sizeof(place), "following");
	else if (fresh)
		snprintf(place, sizeof(place), "paused, %llu new below", (unsigned long long)fresh);
	else if (p->log)
		snprintf(place, sizeof(place), "paused");
	else if (scrolls && pager_compare_places(p->top, bottom) >= 0)
		snprintf(place, sizeof(place), "end");
	else if (scrolls)
		snprintf(place, sizeof(place), "%llu%%",
		         (unsigned long long)((p->top.line - 1) * 100 / last));
	if (p->complaint[0])
		snprintf(search, sizeof(search), "%s", p->complaint);
	else if (p->match && p->found == SEARCH_FOUND_NONE)
		snprintf(search, sizeof(search), "no match for %s", match_pattern(p->match));
	else if (p->match)
		snprintf(search, sizeof(search), "/%s%s", match_pattern(p->match),
		         p->found == SEARCH_FOUND_AROUND ? " (around the end)" : "");
	snprintf(buf, size, "%s%s%s", search, *search && *place ? "  " : "", place);
}
