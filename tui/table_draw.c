/* table_draw.c: how wide columns are, and their cells.
 *
 * Cells are made for the rows on the screen and, to know the widths, for a few rows sampled over the whole list. A width
 * once reached is kept, so that columns do not dance while values change. When it is narrow, columns vanish by their
 * importance, the least important first; what then is left over goes to the most important first.
 *
 * How old a row is stands at its end, over what is there: a server that goes away must not move the columns of the others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "tui/table_internal.h"

#define SAMPLE 24            /* rows looked at for widths beside those on the screen */
#define COMFORT 24           /* cells an important column should have before others may have any */
#define WIDE_GAP_FROM 72     /* canvas width from which columns stand two cells apart */
#define MARGIN_ROWS 2        /* rows kept in sight above and below the cursor where there is room */

struct layout {
	int width[TABLE_COLUMNS_MAX];   /* 0: not drawn */
	int gap;
};

/* --- widths ------------------------------------------------------------------------------------------------ */

static const char *sort_arrow(const struct table *t)
{
	if (table_sort_descending(t))
		return canvas_ascii() ? "v" : "▼";
	return canvas_ascii() ? "^" : "▲";
}

static void widen(struct table *t, size_t column, const char *text)
{
	int w = (int)cells(text);

	if (w > t->seen[column])
		t->seen[column] = w;
}

static void make_cells(const struct table *t, const struct row *r, struct cell *out)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		out[i].text[0] = 0;
		out[i].tone = TONE_PLAIN;
		out[i].changes_ms = 0;
		if (!t->hidden[i])
			t->panel->columns[i].cell(r, &out[i]);
	}
}

static void look_at_sample(struct table *t)
{
	struct cell *row = xcalloc(t->n_columns, sizeof(*row));
	size_t step = t->n / SAMPLE + 1;

	for (size_t i = 0; i < t->n; i += step) {
		make_cells(t, t->rows[i], row);
		for (size_t c = 0; c < t->n_columns; c++)
			widen(t, c, row[c].text);
	}
	free(row);
}

static int smaller(int a, int b)
{
	return a < b ? a : b;
}

static int larger(int a, int b)
{
	return a > b ? a : b;
}

/* What a column would like: its content between its bounds. */
static int wanted(const struct table *t, size_t i)
{
	const struct column *col = &t->panel->columns[i];
	int head = col->title[0] ? (int)cells(col->title) + (t->sort == (int)i ? 1 : 0) : 0;
	int w = larger(larger(t->seen[i], head), col->min);

	if (!t->seen[i] && !head && !col->min)
		return 0;                        /* nothing to say: no place */
	return col->max >= 0 ? smaller(w, larger(col->max, head)) : larger(w, 1);
}

/* Glyph columns sit close to what follows them. */
static int gap_after(const struct table *t, const struct layout *l, size_t i)
{
	return t->panel->columns[i].max == 1 ? 1 : l->gap;
}

static int total(const struct table *t, const struct layout *l)
{
	int sum = 1;                         /* the cell of the mark */
	int gap = 0;

	for (size_t i = 0; i < t->n_columns; i++) {
		if (!l->width[i])
			continue;
		sum += gap + l->width[i];
		gap = gap_after(t, l, i);
	}
	return sum;
}

/* Removes the least important column above the importance spared, of equals the rightmost; false: there is none. */
static bool drop_one(const struct table *t, struct layout *l, int spared)
{
	size_t worst = t->n_columns;

	for (size_t i = 0; i < t->n_columns; i++) {
		if (!l->width[i] || t->panel->columns[i].importance <= spared)
			continue;
		if (worst == t->n_columns || t->panel->columns[i].importance >= t->panel->columns[worst].importance)
			worst = i;
	}
	if (worst == t->n_columns)
		return false;
	l->width[worst] = 0;
	return true;
}

/* Takes cells from the widest column, again and again, down to each one's min (or to 1), until it fits. */
static void squeeze(const struct table *t, struct layout *l, int width, bool to_min)
{
	while (total(t, l) > width) {
		size_t widest = t->n_columns;
		for (size_t i = 0; i < t->n_columns; i++) {
			int least = to_min ? larger(t->panel->columns[i].min, 1) : 1;
			if (l->width[i] > least && (widest == t->n_columns || l->width[i] > l->width[widest]))
				widest = i;
		}
		if (widest == t->n_columns)
			return;
		l->width[widest]--;
	}
}

/* Gives spare cells to columns up to what they want, the most important first. */
static int grant(const struct table *t, struct layout *l, int spare)
{
	int last = 0;

	for (size_t i = 0; i < t->n_columns; i++)
		last = larger(last, t->panel->columns[i].importance);
	for (int level = 0; level <= last && spare > 0; level++) {
		for (size_t i = 0; i < t->n_columns && spare > 0; i++) {
			int more;
			if (!l->width[i] || t->panel->columns[i].importance != level)
				continue;
			more = smaller(wanted(t, i) - l->width[i], spare);
			if (more > 0) {
				l->width[i] += more;
				spare -= more;
			}
		}
	}
	return spare;
}

static void give_rest(const struct table *t, struct layout *l, int spare)
{
	for (size_t i = t->n_columns; spare > 0 && i-- > 0;) {
		if (!l->width[i] || t->panel->columns[i].max >= 0)
			continue;
		l->width[i] += spare;
		return;
	}
}

static bool is_age(const struct column *col)
{
	return col->cell == cell_stale;
}

static struct layout lay_out(const struct table *t, int width)
{
	struct layout l = { .gap = width >= WIDE_GAP_FROM ? 2 : 1 };

	for (size_t i = 0; i < t->n_columns; i++) {
		const struct column *col = &t->panel->columns[i];
		int want = t->hidden[i] || is_age(col) ? 0 : wanted(t, i);
		int need = col->importance <= 1 ? larger(col->min, COMFORT) : larger(col->min, 1);
		l.width[i] = smaller(want, need);
	}
	/* Columns that are nice to have go before the important ones lose their comfort; those before one of them goes. */
	while (total(t, &l) > width && drop_one(t, &l, 1))
		;
	squeeze(t, &l, width, true);
	while (total(t, &l) > width && drop_one(t, &l, 0))
		;
	squeeze(t, &l, width, false);
	give_rest(t, &l, grant(t, &l, width - total(t, &l)));
	return l;
}

/* --- drawing --------------------------------------------------------------------------------------------------- */

static void draw_matches(const struct table *t, const struct canvas *c, int y, int x, const char *text)
{
	struct fuzzy_hits hits;

	fuzzy_marks(&t->match, text, &hits);
	for (size_t i = 0; i < hits.n; i++) {
		char part[CELL_MAX * 2];
		int from;
		snprintf(part, sizeof(part), "%.*s", (int)hits.hit[i].at, text);
		from = (int)cells(part);
		snprintf(part, sizeof(part), "%.*s", (int)hits.hit[i].len, text + hits.hit[i].at);
		canvas_retone(c, y, x + from, (int)cells(part), TONE_MATCH);
	}
}

static void draw_cell(const struct table *t, const struct canvas *c, int y, int x, int width, const struct column *col,
                      const struct cell *cell, bool stale)
{
	char text[CELL_MAX * 2];
	int used;

	cells_cut(text, sizeof(text), cell->text, (size_t)width, col->cut, glyph_ellipsis());
	used = (int)cells(text);
	if (col->align == ALIGN_RIGHT)
		x += width - used;
	canvas_text(c, y, x, used, stale ? TONE_STALE : cell->tone, text);
	if (t->match.n && col->max != 1)
		draw_matches(t, c, y, x, text);
}

static void finish_row(const struct table *t, const struct canvas *c, int y, const struct row *r, bool cursor,
                       bool focused)
{
	if (table_marked(t, r->id)) {
		canvas_text(c, y, 0, 1, TONE_MARK, canvas_ascii() ? ">" : "»");
		canvas_row_tone(c, y, TONE_MARK);
	}
	if (cursor)
		canvas_row_tone(c, y, focused ? TONE_CURSOR : TONE_CURSOR_IDLE);
}

static void note_change(struct table *t, int64_t at)
{
	if (at && (!t->changes_ms || at < t->changes_ms))
		t->changes_ms = at;
}

/* What stands at the end of the row: its age, or blank. */
static const struct cell *age_of(const struct table *t, const struct cell *row)
{
	for (size_t i = 0; i < t->n_columns; i++)
		if (is_age(&t->panel->columns[i]) && !t->hidden[i] && row[i].text[0])
			return &row[i];
	return NULL;
}

/* A text goes on to where the row ends; a number that would be cut is left out. */
static int room_for(const struct column *col, int x, int width, int end)
{
	if (x + width <= end)
		return width;
	return col->align == ALIGN_RIGHT || x >= end ? 0 : end - x;
}

static void draw_row(struct table *t, const struct canvas *c, int y, const struct layout *l, const struct row *r,
                     const struct cell *row)
{
	static const struct column sentence = { .cut = CUT_END };
	const struct cell *age = age_of(t, row);
	struct cell instead = { .tone = TONE_PLAIN };
	bool one = t->panel->instead && t->panel->instead(r, &instead);
	int64_t since;
	bool stale = row_stale(r, &since);
	int x = 1, end = c->width;

	if (age) {
		end -= (int)cells(age->text) + 1;
		canvas_text(c, y, end + 1, -1, TONE_STALE, age->text);
		note_change(t, age->changes_ms);
	}
	for (size_t i = 0; i < t->n_columns; i++) {
		const struct column *col = &t->panel->columns[i];
		int width = l->width[i] ? room_for(col, x, l->width[i], end) : 0;
		if (width) {
			draw_cell(t, c, y, x, width, col, &row[i], stale);
			note_change(t, row[i].changes_ms);
		}
		if (l->width[i])
			x += l->width[i] + gap_after(t, l, i);
		if (one && !strcmp(col->name, t->panel->instead_after)) {
			draw_cell(t, c, y, x, larger(end - x, 0), &sentence, &instead, stale);
			note_change(t, instead.changes_ms);
			return;
		}
	}
}

/* Over several servers a line needs to say on which one it is: the column for that exists and is not hidden. */
static bool says_server(const struct table *t)
{
	for (size_t i = 0; i < t->n_columns; i++)
		if (!strcmp(t->panel->columns[i].name, "server"))
			return !t->hidden[i];
	return false;
}

static void draw_brief(struct table *t, const struct canvas *c, int y, const struct row *r)
{
	struct cell cell = { .tone = TONE_PLAIN }, age = { .tone = TONE_STALE };
	char text[CELL_MAX * 2];
	int64_t since;
	bool stale = row_stale(r, &since);
	int width = c->width - 3, age_width;

	t->panel->brief(r, &cell);
	cell_stale(r, &age);
	age_width = (int)cells(age.text);
	if (age_width && width > age_width + 8)
		width -= age_width + 1;
	else
		age_width = 0;
	if (says_server(t)) {
		char whole[CELL_MAX * 2];
		snprintf(whole, sizeof(whole), "%-6s %s", r->server->name, cell.text);
		cells_cut(text, sizeof(text), whole, width > 0 ? (size_t)width : 0, CUT_END, glyph_ellipsis());
	} else {
		cells_cut(text, sizeof(text), cell.text, width > 0 ? (size_t)width : 0, CUT_END, glyph_ellipsis());
	}
	canvas_text(c, y, 1, 1, stale ? TONE_STALE : tone_health(r->health), glyph_health(r->health));
	canvas_text(c, y, 3, width, stale ? TONE_STALE : cell.tone, text);
	if (t->match.n)
		draw_matches(t, c, y, 3, text);
	if (age_width)
		canvas_text(c, y, c->width - age_width, age_width, TONE_STALE, age.text);
	note_change(t, cell.changes_ms);
	note_change(t, age.changes_ms);
}

static void draw_head(const struct table *t, const struct canvas *c, const struct layout *l)
{
	int x = 1;

	for (size_t i = 0; i < t->n_columns; i++) {
		const struct column *col = &t->panel->columns[i];
		char title[64];
		int used;
		if (!l->width[i])
			continue;
		snprintf(title, sizeof(title), "%s%s", col->title, t->sort == (int)i ? sort_arrow(t) : "");
		used = smaller((int)cells(title), l->width[i]);
		canvas_text(c, 0, col->align == ALIGN_RIGHT ? x + l->width[i] - used : x, used,
		            t->sort == (int)i ? TONE_ACCENT : TONE_HEAD, title);
		x += l->width[i] + gap_after(t, l, i);
	}
}

static void scroll_to_cursor(struct table *t)
{
	size_t margin = t->page > 4 * MARGIN_ROWS ? MARGIN_ROWS : 0;
	size_t last = t->n > t->page ? t->n - t->page : 0;

	if (t->index < t->top + margin)
		t->top = t->index > margin ? t->index - margin : 0;
	if (t->index + margin + 1 > t->top + t->page)
		t->top = t->index + margin + 1 - t->page;
	if (t->top > last)
		t->top = last;
}

static void draw_columns(struct table *t, const struct canvas *c, int head, bool focused)
{
	struct layout l;
	size_t shown = table_shown(t);

	if (shown * t->n_columns > t->cells_cap) {
		t->cells_cap = shown * t->n_columns;
		t->cells = xrealloc(t->cells, t->cells_cap * sizeof(*t->cells));
	}
	look_at_sample(t);
	for (size_t y = 0; y < shown; y++) {
		struct cell *row = &t->cells[y * t->n_columns];
		make_cells(t, t->rows[t->top + y], row);
		for (size_t i = 0; i < t->n_columns; i++)
			widen(t, i, row[i].text);
	}
	l = lay_out(t, c->width);
	for (size_t i = 0; i < t->n_columns; i++)
		t->drawn[i] = l.width[i] > 0;
	if (head)
		draw_head(t, c, &l);
	for (size_t y = 0; y < shown; y++) {
		const struct row *r = t->rows[t->top + y];
		draw_row(t, c, head + (int)y, &l, r, &t->cells[y * t->n_columns]);
		finish_row(t, c, head + (int)y, r, t->top + y == t->index, focused);
	}
}

static void draw_briefs(struct table *t, const struct canvas *c, bool focused)
{
	size_t shown = table_shown(t);

	for (size_t y = 0; y < shown; y++) {
		const struct row *r = t->rows[t->top + y];
		draw_brief(t, c, (int)y, r);
		finish_row(t, c, (int)y, r, t->top + y == t->index, focused);
	}
}

void table_draw(struct table *t, const struct canvas *c, bool focused)
{
	bool brief = t->panel->brief && c->width < TABLE_BRIEF_CELLS;
	int head = !brief && (c->height > 2 || (c->height == 2 && t->n <= 1));

	canvas_clear(c);
	t->changes_ms = 0;
	t->page = c->height > head ? (size_t)(c->height - head) : 0;
	if (!t->page)
		return;
	scroll_to_cursor(t);
	if (brief)
		draw_briefs(t, c, focused);
	else if (t->n_columns)
		draw_columns(t, c, head, focused);
}
