/* says.c: the lines under all panes with details of the row under the cursor.
 *
 * They show how a container died and its last lines, why a unit failed, or why a server is away. A
 * row without such news shows the cells that its table left out. The height is that of the longest
 * text of all rows, independent of the cursor. So no list moves with the cursor, and no space is
 * wasted on blank lines. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/store/need.h"
#include "tui/console_internal.h"
#include "tui/fold.h"
#include "tui/remember.h"

#define TAIL_BYTES 40  /* used to find the rest of a cut sentence */
#define TITLE_MARGIN 5 /* cells of the title line beside the title */

/* Wraps a sentence longer than its line. Returns the number of lines. */
static size_t says_spread(struct cell *lines, const struct row *r, size_t most, int width)
{
	/* A full cell holds only the start of a sentence. The rest comes from the row's why,
	 * because a command to copy must be visible in full. */
	size_t n = 0, len = strlen(lines[0].text);
	const char *tail = len >= CELL_MAX - 4 ? lines[0].text + len - TAIL_BYTES : NULL;
	const char *at = tail && r->why ? strstr(r->why, tail) : NULL;
	char *whole = xasprintf("%s%s", lines[0].text, at ? at + TAIL_BYTES : ""), *rest = whole;
	while (n < most && *rest) {
		len = wrap(rest, width);
		lines[n].tone = lines[0].tone;
		snprintf(lines[n].text, sizeof(lines[n].text), "%.*s", (int)len, rest);
		rest += len + strspn(rest + len, " ");
		n++;
	}
	if (n && *rest) /* cut; d shows all of it */
		cell_add(&lines[n - 1], "%s", glyph_ellipsis());
	free(whole);
	return n;
}

/* For a row without text from its panel: its reason, else cells that the table left out or cut. */
static size_t says_of_row(const struct pane *p, const struct row *r, struct cell *lines)
{
	char aside[120];
	if (remember_says(r, &lines[0]))
		return 1;
	if (row_is_head(r)) {
		fold_names(r, &lines[0]);
		return 1;
	}
	if (need_says(r, aside, sizeof(aside)))
		cell_set(&lines[0], TONE_DIM, "%s, %s: %s", r->name, aside, r->why ? r->why : "");
	else if (r->why && r->health >= HEALTH_ATTENTION)
		cell_set(&lines[0], tone_health(r->health), "%s: %s", r->name, r->why);
	else if (!table_left_out(p->table, &lines[0]))
		return 0;
	return 1;
}

/* The lines a row needs, at least SAYS_LEAST. */
static int says_of(const struct pane *p, const struct row *r, int width)
{
	/* A row that is well and has no text of its own is most rows: no cell is made for it. */
	if ((!p->panel->strip && !r->why) || row_is_remembered(r, NULL) || row_is_head(r))
		return SAYS_LEAST;
	struct cell lines[PANEL_STRIP_MAX];
	for (size_t i = 0; i < PANEL_STRIP_MAX; i++) {
		lines[i].text[0] = '\0';
		lines[i].tone = TONE_PLAIN;
		lines[i].changes_ms = 0;
		lines[i].passing = false;
	}
	size_t n = p->panel->strip ? p->panel->strip(r, lines, PANEL_STRIP_MAX) : 0;
	assert(n <= PANEL_STRIP_MAX);
	if (!n && r->why && r->health >= HEALTH_ATTENTION)
		n = says_of_row(p, r, lines);
	if (n == 1)
		n = says_spread(lines, r, PANEL_STRIP_MAX, width - TITLE_MARGIN);
	return n > SAYS_LEAST ? (int)n : SAYS_LEAST;
}

void says_row_changed(struct console *c, const struct pane *p, const struct row *r)
{
	if (!c->says.lines || c->says.lines == PANEL_STRIP_MAX)
		return;
	int n = says_of(p, r, c->says.width);
	c->says.lines = n > c->says.lines ? n : c->says.lines;
}

/* Words change all the time, an age or a countdown. So the lines grow at once, and shrink only when
 * the number of rows that need the user or the width changes: only then all rows are read. */
int says_want(struct console *c, int width)
{
	size_t asks, problems = console_problems(c, &asks);
	bool all = !c->says.lines || problems != c->says.problems || width != c->says.width;
	int lines = all ? SAYS_LEAST : c->says.lines;
	for (size_t i = 0; i < c->n_panes; i++) {
		struct pane *p = &c->panes[i];
		/* a dirty pane is out of sight, and its rows may have been freed */
		if (!p->table || p->state == ROWS_DIRTY || (!all && p->state != ROWS_UNREAD))
			continue;
		p->state = ROWS_READ;
		for (size_t k = 0; k < p->n && lines < PANEL_STRIP_MAX; k++) {
			int n = says_of(p, p->rows[k], width);
			lines = n > lines ? n : lines;
		}
	}
	c->says.lines = lines;
	c->says.problems = problems;
	c->says.width = width;
	return lines;
}

void draw_says(struct console *c)
{
	const struct canvas *at = &c->layout.says;
	const struct pane *p = &c->panes[c->focus];
	const struct row *r = p->table ? table_cursor(p->table) : NULL;
	struct cell lines[PANEL_STRIP_MAX] = { 0 };
	size_t most = at->height < PANEL_STRIP_MAX ? (size_t)at->height : PANEL_STRIP_MAX, n = 0;
	canvas_fill(at, 0, 0, -1, TONE_BORDER, glyph_rule());
	/* The cursor came to another row: the panel may want to know. */
	const struct panel_extra *extra = p->panel->extra;
	struct row *new = r &&r != c->says.at ? store_find(c->store, r->id) : NULL;
	c->says.at = r;
	if (new &&extra && extra->at_cursor)
		extra->at_cursor(new);
	if (!r)
		return;
	if (p->panel->strip && most >= 2 && !row_is_remembered(r, NULL) && !row_is_head(r))
		n = p->panel->strip(r, lines, most);
	assert(n <= most);
	if (!n)
		n = says_of_row(p, r, lines);
	if (n == 1)
		n = says_spread(lines, r, most, at->width - TITLE_MARGIN);
	if (n)
		canvas_textf(at, 0, 1, at->width - 2, lines[0].tone, " %s ", lines[0].text);
	note_change(c, lines[0].changes_ms);
	for (size_t i = 1; i < n; i++)
		canvas_text(at, (int)i, 2, -1, lines[i].tone, lines[i].text);
}
