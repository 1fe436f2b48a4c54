/* table_draw.c: widths of columns, and drawing.
 *
 * Cells are made for the rows on the screen, and for a sample of all rows to find the widths. A
 * column keeps its width for a while after its widest text has gone. So columns do not jump while
 * values change. On a narrow screen columns are dropped: the empty ones first, then by importance.
 * Spare cells go to the columns that are cut.
 *
 * The age of a row stands at the end of the row. While any row of the list is stale, this place
 * stays free for ages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/store/need.h"
#include "tui/fold.h"
#include "tui/remember.h"
#include "tui/table_internal.h"
#include "tui/tint.h"

#define SAMPLE 24         /* rows sampled for widths, in addition to the visible ones */
#define SAMPLE_SHRINK 256 /* the same before a column shrinks */
#define AGE_CELLS 9       /* "120d old" and a gap */
#define SHORT_TEXT 8      /* up to that many cells, a text is shown whole or dropped */
#define COMFORT 24        /* cells for an important column before others get any */
#define WIDE_GAP_FROM 72  /* canvas width from which the gap between columns is two cells */
#define MARGIN_ROWS 2     /* rows kept visible above and below the cursor */
#define BRIEF_LEAST 26    /* cells of a brief before its last word gets any */

struct layout {
	int width[TABLE_COLUMNS_MAX]; /* 0: not drawn */
	int gap;
	/* cells reserved at the end of a row for its age; 0: no row is stale */
	int age;
};

/* --- widths -------------------------------------------------------------- */

static void table_draw_widen(struct table *t, size_t column, const struct cell *c, int64_t now)
{
	int w = c->passing ? 0 : (int)cells(c->text) + (c->tint != TONE_PLAIN);

	if (w < t->seen[column])
		return;
	t->seen[column] = w;
	t->seen_ms[column] = now;
}

static void table_draw_make_cells(const struct table *t, const struct row *r, struct cell *out)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		out[i].text[0] = 0;
		out[i].tone = TONE_PLAIN;
		out[i].changes_ms = 0;
		out[i].passing = false;
		out[i].tint = TONE_PLAIN;
		if (table_has_column(t, i) && !row_is_head(r))
			row_cell(t->panel, &t->columns[i], r, &out[i]);
	}
}

static void table_draw_look_at_sample(struct table *t, size_t rows, int64_t now)
{
	struct cell *row = xcalloc(t->n_columns, sizeof(*row));
	size_t step = t->n / rows + 1;

	for (size_t i = 0; i < t->n; i += step) {
		table_draw_make_cells(t, t->rows[i], row);
		for (size_t c = 0; c < t->n_columns; c++)
			table_draw_widen(t, c, &row[c], now);
	}
	free(row);
}

static int table_draw_smaller(int a, int b)
{
	return a < b ? a : b;
}

static int table_draw_larger(int a, int b)
{
	return a > b ? a : b;
}

static int table_draw_head_cells(const struct table *t, size_t i)
{
	const struct column *col = &t->columns[i];

	if (col->title[0])
		return (int)cells(col->title) + (t->sort == (int)i ? 1 : 0);
	return 0;
}

/* The width a column wants: its content, within min and max. */
static int table_draw_wanted(const struct table *t, size_t i)
{
	const struct column *col = &t->columns[i];
	int head = table_draw_head_cells(t, i);
	int w = table_draw_larger(table_draw_larger(t->seen[i], head), col->min);

	if (!t->seen[i] && !head && !col->min)
		return 0; /* empty: takes no space */
	return col->max >= 0 ? table_draw_smaller(w, table_draw_larger(col->max, head))
	                     : table_draw_larger(w, 1);
}

/* A glyph column has a gap of one cell. */
static int table_draw_gap_after(const struct table *t, const struct layout *l, size_t i)
{
	return t->columns[i].max == 1 ? 1 : l->gap;
}

static int table_draw_total(const struct table *t, const struct layout *l)
{
	int sum = 1; /* the cell for the mark */
	int gap = 0;

	for (size_t i = 0; i < t->n_columns; i++) {
		if (!l->width[i])
			continue;
		sum += gap + l->width[i];
		gap = table_draw_gap_after(t, l, i);
	}
	return sum;
}

/* Drops the least important column with an importance above `spared`, the rightmost of equals.
 * False: none. */
static bool table_draw_drop_one(const struct table *t, struct layout *l, int spared)
{
	size_t worst = t->n_columns;

	for (size_t i = 0; i < t->n_columns; i++) {
		if (!l->width[i] || t->columns[i].importance <= spared)
			continue;
		if (worst == t->n_columns ||
		    t->columns[i].importance >= t->columns[worst].importance)
			worst = i;
	}
	if (worst == t->n_columns)
		return false;
	l->width[worst] = 0;
	return true;
}

/* Takes single cells from the widest column until the row fits. Columns keep their min (or 1
 * cell). */
static void table_draw_squeeze(const struct table *t, struct layout *l, int width, bool to_min)
{
	while (table_draw_total(t, l) > width) {
		size_t widest = t->n_columns;
		for (size_t i = 0; i < t->n_columns; i++) {
			int least = to_min ? table_draw_larger(t->columns[i].min, 1) : 1;
			if (l->width[i] > least &&
			    (widest == t->n_columns || l->width[i] > l->width[widest]))
				widest = i;
		}
		if (widest == t->n_columns)
			return;
		l->width[widest]--;
	}
}

/* Limits for handing out spare cells. First columns with a max, then columns without a max, then
 * any cut content. */
enum grant { GRANT_BOUNDED, GRANT_UNBOUNDED, GRANT_CONTENT };

/* Gives spare cells to columns, the most important first. Returns the remaining cells. */
static int table_draw_give(const struct table *t, struct layout *l, int spare, enum grant grant)
{
	int last = 0;

	for (size_t i = 0; i < t->n_columns; i++)
		last = table_draw_larger(last, t->columns[i].importance);
	for (int level = 0; level <= last && spare > 0; level++) {
		for (size_t i = 0; i < t->n_columns && spare > 0; i++) {
			const struct column *col = &t->columns[i];
			if (!l->width[i] || col->importance != level)
				continue;
			int most = table_draw_wanted(t, i), more;
			if (grant == GRANT_CONTENT)
				most = col->max == 1 ? 1 : table_draw_larger(t->seen[i], most);
			else if ((col->max < 0) != (grant == GRANT_UNBOUNDED))
				most = 0;
			more = table_draw_smaller(most - l->width[i], spare);
			if (more > 0) {
				l->width[i] += more;
				spare -= more;
			}
		}
	}
	return spare;
}

/* The width a column needs at first. Short texts are not cut: they fit, or the column is
 * dropped. */
static int table_draw_needed(const struct table *t, size_t i, int want)
{
	const struct column *col = &t->columns[i];
	int least = table_draw_larger(col->min,
	                              table_draw_larger(table_draw_head_cells(t, i),
	                                                table_draw_smaller(want, SHORT_TEXT)));

	return table_draw_smaller(want, col->importance <= 1 ? table_draw_larger(least, COMFORT)
	                                                     : table_draw_larger(least, 1));
}

static struct layout table_draw_lay_out(const struct table *t, int width)
{
	struct layout l = { .gap = width >= WIDE_GAP_FROM ? 2 : 1 };

	for (size_t i = 0; i < t->n_columns; i++)
		l.width[i] = !table_has_column(t, i) || (t->columns[i].flags & COLUMN_AGE)
		                     ? 0
		                     : table_draw_wanted(t, i);
	if (table_draw_total(t, &l) > width) {
		/* Drops columns that are empty in all rows, in favour of those that are cut. */
		for (size_t i = 0; i < t->n_columns; i++)
			if (!t->seen[i] && t->columns[i].importance > 0)
				l.width[i] = 0;
	}
	for (size_t i = 0; i < t->n_columns; i++)
		l.width[i] = table_draw_needed(t, i, l.width[i]);
	/* Drop optional columns before important columns lose their comfortable width. Shrink all
	 * columns before dropping an important column. */
	while (table_draw_total(t, &l) > width && table_draw_drop_one(t, &l, 1))
		;
	table_draw_squeeze(t, &l, width, true);
	while (table_draw_total(t, &l) > width && table_draw_drop_one(t, &l, 0))
		;
	table_draw_squeeze(t, &l, width, false);
	int spare = width - table_draw_total(t, &l);
	for (enum grant grant = GRANT_BOUNDED; grant <= GRANT_CONTENT; grant++)
		spare = table_draw_give(t, &l, spare, grant);
	/* the rest goes to the last column without a max */
	for (size_t i = t->n_columns; spare > 0 && i-- > 0;)
		if (l.width[i] && t->columns[i].max < 0) {
			l.width[i] += spare;
			break;
		}
	return l;
}

/* --- drawing ------------------------------------------------------------- */

static void table_draw_matches(const struct table *t, const struct canvas *c, int y, int x,
                               const char *text)
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

static void table_draw_cell(const struct table *t, const struct canvas *c, int y, int x, int width,
                            const struct column *col, const struct cell *cell, bool stale)
{
	char text[CELL_MAX * 2];
	int used;

	if (cell->tint && width > 1) {
		canvas_text(c, y, x++, 1, cell->tint, "#");
		width--;
	}
	cells_cut(text, sizeof(text), cell->text, (size_t)width, col->cut, glyph_ellipsis());
	used = (int)cells(text);
	if (col->align == ALIGN_RIGHT)
		x += width - used;
	enum tone tone = stale ? TONE_STALE : cell->tone;
	canvas_text(c, y, x, used, cell->tint ? cell->tint : tone, text);
	if (t->match.n && col->max != 1)
		table_draw_matches(t, c, y, x, text);
}

static void table_draw_finish_row(const struct table *t, const struct canvas *c, int y,
                                  const struct row *r, bool cursor, bool focused)
{
	if (table_row_marked(t, r)) {
		canvas_text(c, y, 0, 1, TONE_MARK, canvas_ascii() ? ">" : "»");
		canvas_row_tone(c, y, TONE_MARK);
	}
	if (cursor)
		canvas_row_tone(c, y, focused ? TONE_CURSOR : TONE_CURSOR_IDLE);
}

static void table_draw_note_change(struct table *t, int64_t at)
{
	if (at && (!t->changes_ms || at < t->changes_ms))
		t->changes_ms = at;
}

/* The index of the column with the age, if it is shown; else n_columns. */
static size_t table_draw_age_column(const struct table *t)
{
	size_t i = 0;
	while (i < t->n_columns && !(t->columns[i].flags & COLUMN_AGE && table_has_column(t, i)))
		i++;
	return i;
}

/* Is the row drawn dimmed? Facts are old, or the user set the need aside. */
static bool table_draw_is_dim(const struct table *t, const struct row *r)
{
	int64_t since;
	return row_stale(r, &since) || (t->panel->needs && r->need != NEED_STANDS);
}

/* A passing text covers as many of the following columns as it needs. Returns the last covered
 * column; *width: their total width. */
static size_t table_draw_cover(const struct table *t, const struct layout *l, size_t i,
                               const struct cell *cell, int *width)
{
	int need = (int)cells(cell->text);
	size_t last = i;

	for (size_t next = i + 1; *width < need && next < t->n_columns; next++) {
		if (!l->width[next])
			continue;
		*width += table_draw_gap_after(t, l, last) + l->width[next];
		last = next;
	}
	return last;
}

/* The column after which a sentence replaces the rest. Where the user left that column out, it is
 * the first one with a text. */
static size_t table_draw_instead_after(const struct table *t)
{
	size_t first = t->n_columns;
	for (size_t i = 0; i < t->n_columns; i++) {
		if (!table_has_column(t, i))
			continue;
		if (!strcmp(t->columns[i].name, t->panel->instead_after))
			return i;
		if (first == t->n_columns && t->columns[i].max != 1)
			first = i;
	}
	return first;
}

/* A head takes the whole line: its worst condition, then what it says. */
static void table_draw_fold(const struct canvas *c, int y, const struct row *head)
{
	struct cell cell = { 0 };
	char text[CELL_MAX * 2];
	int width = c->width > 3 ? c->width - 3 : 0;
	fold_cell(head, &cell);
	cells_cut(text, sizeof(text), cell.text, (size_t)width, CUT_END, glyph_ellipsis());
	canvas_text(c, y, 1, 1, tone_health(head->health), glyph_health(head->health));
	canvas_text(c, y, 3, width, TONE_TITLE, text);
}

static void table_draw_row(struct table *t, const struct canvas *c, int y, const struct layout *l,
                           const struct row *r, const struct cell *row)
{
	static const struct column sentence = { .cut = CUT_END };
	size_t at = table_draw_age_column(t);
	const struct cell *age = at < t->n_columns && row[at].text[0] ? &row[at] : NULL;
	struct cell instead = { .tone = TONE_PLAIN };
	bool one = t->panel->instead && !row_is_remembered(r, NULL) &&
	           t->panel->instead(r, &instead);
	size_t after = one ? table_draw_instead_after(t) : t->n_columns;
	bool stale = table_draw_is_dim(t, r);
	int x = 1, end = c->width - l->age;

	if (age) {
		canvas_text(c, y, c->width - (int)cells(age->text), -1, TONE_STALE, age->text);
		table_draw_note_change(t, age->changes_ms);
	}
	for (size_t i = 0; i < t->n_columns; i++) {
		const struct column *col = &t->columns[i];
		int width = l->width[i];
		size_t last = i;
		if (width && row[i].passing)
			last = table_draw_cover(t, l, i, &row[i], &width);
		if (width) {
			table_draw_cell(t, c, y, x, width, last == i ? col : &sentence, &row[i],
			                stale);
			table_draw_note_change(t, row[i].changes_ms);
			x += width + table_draw_gap_after(t, l, last);
		}
		if (i == after) {
			table_draw_cell(t, c, y, x, table_draw_larger(end - x, 0), &sentence,
			                &instead, stale);
			table_draw_note_change(t, instead.changes_ms);
			return;
		}
		i = last;
	}
}

/* --- the last line -------------------------------------------------------- */

/* Writes "+3 more" at the end of the last line. Returns the part of c that is left for rows on that
 * line. */
static struct canvas table_draw_more(const struct table *t, const struct canvas *c)
{
	char text[32];
	/* How many rows are below the last line, if the table says so; else 0. */
	size_t end = table_top(t) + table_shown(t);
	size_t below = t->says_more && t->n > end ? t->n - end : 0;
	if (!below)
		return *c;
	snprintf(text, sizeof(text), " +%zu more", below);
	int width = (int)cells(text);
	if (width >= c->width)
		return *c;
	canvas_text(c, c->height - 1, c->width - width, width, TONE_DIM, text);
	return canvas_part(c, 0, 0, -1, c->width - width);
}

/* The same columns in a narrower row: the column without a max gives the cells, if it has them. */
static struct layout table_draw_narrower(const struct table *t, const struct layout *l, int width,
                                         int less)
{
	struct layout narrow = *l;
	for (size_t i = t->n_columns; i-- > 0;) {
		const struct column *col = &t->columns[i];
		if (col->max >= 0 || l->width[i] - less < table_draw_larger(col->min, 1))
			continue;
		narrow.width[i] -= less;
		return narrow;
	}
	narrow = table_draw_lay_out(t, table_draw_larger(width - less - l->age, 0));
	narrow.age = l->age;
	return narrow;
}

/* --- rows ------------------------------------------------------------------ */

/* Must a brief name the server? Yes when the panel has a server column and this column is not
 * hidden. */
static bool table_draw_says_server(const struct table *t)
{
	for (size_t i = 0; i < t->n_columns; i++)
		if (t->columns[i].flags & COLUMN_SERVER)
			return table_has_column(t, i);
	return false;
}

/* Writes the last word of a brief. Returns the cells that it takes from the line. */
static int table_draw_brief_end(const struct table *t, const struct canvas *c, int y,
                                const struct row *r)
{
	struct cell word = { .tone = TONE_DIM };
	if (!t->panel->brief_end || row_is_remembered(r, NULL))
		return 0;
	t->panel->brief_end(r, &word);
	int width = (int)cells(word.text), left = c->width - 3 - width - 1;
	if (!width || left < BRIEF_LEAST)
		return 0;
	canvas_text(c, y, c->width - width, width, table_draw_is_dim(t, r) ? TONE_STALE : word.tone,
	            word.text);
	return width + 1;
}

static void table_draw_brief(struct table *t, const struct canvas *whole_line, int y,
                             const struct row *r)
{
	struct cell cell = { .tone = TONE_PLAIN }, age = { .tone = TONE_STALE };
	char text[CELL_MAX * 2];
	bool stale = table_draw_is_dim(t, r);
	int end = table_draw_brief_end(t, whole_line, y, r);
	struct canvas line = canvas_part(whole_line, 0, 0, -1, whole_line->width - end);
	const struct canvas *c = &line;
	int width = c->width - 3, age_width;

	panel_brief(t->panel, r, &cell);
	cell_stale(r, &age);
	age_width = (int)cells(age.text);
	if (age_width && width > age_width + 8)
		width -= age_width + 1;
	else
		age_width = 0;
	if (table_draw_says_server(t)) {
		char whole[CELL_MAX * 2];
		char name[TINT_NAME];
		snprintf(whole, sizeof(whole), "%-6s %s", tint_name(r->server, name), cell.text);
		cells_cut(text, sizeof(text), whole, width > 0 ? (size_t)width : 0, CUT_END,
		          glyph_ellipsis());
	} else {
		cells_cut(text, sizeof(text), cell.text, width > 0 ? (size_t)width : 0, CUT_END,
		          glyph_ellipsis());
	}
	enum health health = t->panel->needs ? need_health(r) : r->health;
	canvas_text(c, y, 1, 1, stale ? TONE_STALE : tone_health(health), glyph_health(health));
	canvas_text(c, y, 3, width, stale ? TONE_STALE : cell.tone, text);
	if (table_draw_says_server(t) || r->kind == &kind_server)
		tint_drawn(r->server, c, y, 3, text);
	if (t->match.n)
		table_draw_matches(t, c, y, 3, text);
	if (age_width)
		canvas_text(c, y, c->width - age_width, age_width, TONE_STALE, age.text);
	table_draw_note_change(t, cell.changes_ms);
	table_draw_note_change(t, age.changes_ms);
}

static void table_draw_head(const struct table *t, const struct canvas *c, const struct layout *l)
{
	/* ascending and descending, in ASCII and else */
	static const char *const arrows[2][2] = { { "▲", "▼" }, { "^", "v" } };
	int x = 1;

	for (size_t i = 0; i < t->n_columns; i++) {
		const struct column *col = &t->columns[i];
		const char *arrow = arrows[canvas_ascii()][table_sort_descending(t)];
		bool sorts = t->sort == (int)i;
		char title[64];
		if (!l->width[i])
			continue;
		snprintf(title, sizeof(title), "%s%s", col->title, sorts ? arrow : "");
		int used = table_draw_smaller((int)cells(title), l->width[i]);
		int gap = col->align == ALIGN_RIGHT ? l->width[i] - used : 0;
		canvas_text(c, 0, x + gap, used, sorts ? TONE_ACCENT : TONE_HEAD, title);
		x += l->width[i] + table_draw_gap_after(t, l, i);
	}
}

/* Cells at the end of each row for ages: while some row is stale, and TABLE_KEEP_MS longer. */
static int table_draw_age_cells(struct table *t, int64_t now)
{
	bool any = t->old == OLD_SOME;
	int64_t since;

	if (table_draw_age_column(t) == t->n_columns)
		return 0;
	/* Links and sources change rarely, so the answer is kept where the caller allows it. */
	for (size_t i = 0; t->old <= OLD_UNKNOWN && i < t->n && !any; i++)
		any = row_stale(t->rows[i], &since);
	if (t->old == OLD_UNKNOWN)
		t->old = any ? OLD_SOME : OLD_NONE;
	if (any) {
		t->aged_ms = now;
		return AGE_CELLS;
	}
	if (!t->aged_ms || now - t->aged_ms >= TABLE_KEEP_MS)
		return 0;
	table_draw_note_change(t, t->aged_ms + TABLE_KEEP_MS);
	return AGE_CELLS;
}

static void table_draw_columns(struct table *t, const struct canvas *c, int head, bool focused)
{
	struct layout l;
	size_t shown = table_shown(t);
	int64_t now = now_wall_ms();
	/* Forgets the width of columns that lost their widest text long ago. True: measure again.
	 */
	bool any = false;

	for (size_t i = 0; i < t->n_columns; i++) {
		if (!t->seen[i] || now - t->seen_ms[i] < TABLE_KEEP_MS)
			continue;
		t->seen[i] = 0;
		any = true;
	}
	bool measure = any;
	int age = table_draw_age_cells(t, now);

	if (shown * t->n_columns > t->cells_cap) {
		t->cells_cap = shown * t->n_columns;
		t->cells = xrealloc(t->cells, t->cells_cap * sizeof(*t->cells));
	}
	table_draw_look_at_sample(t, measure ? SAMPLE_SHRINK : SAMPLE, now);
	for (size_t y = 0; y < shown; y++) {
		struct cell *row = &t->cells[y * t->n_columns];
		table_draw_make_cells(t, t->rows[t->top + y], row);
		for (size_t i = 0; i < t->n_columns; i++)
			table_draw_widen(t, i, &row[i], now);
	}
	l = table_draw_lay_out(t, table_draw_larger(c->width - age, 0));
	l.age = age;
	for (size_t i = 0; i < t->n_columns; i++)
		t->drawn[i] = l.width[i];
	if (head)
		table_draw_head(t, c, &l);
	struct canvas end = table_draw_more(t, c);
	struct layout narrow = l;
	if (end.width < c->width)
		narrow = table_draw_narrower(t, &l, c->width, c->width - end.width);
	for (size_t y = 0; y < shown; y++) {
		const struct row *r = t->rows[t->top + y];
		const struct cell *row = &t->cells[y * t->n_columns];
		if (row_is_head(r))
			table_draw_fold(y + 1 == shown ? &end : c, head + (int)y, r);
		else if (y + 1 == shown)
			table_draw_row(t, &end, head + (int)y, &narrow, r, row);
		else
			table_draw_row(t, c, head + (int)y, &l, r, row);
		table_draw_finish_row(t, c, head + (int)y, r, t->top + y == t->index, focused);
	}
}

void table_draw(struct table *t, const struct canvas *c, bool focused)
{
	bool brief = panel_has_brief(t->panel) && c->width < TABLE_BRIEF_CELLS;
	int head = !brief && !t->headless && (c->height > 2 || (c->height == 2 && t->n <= 1));

	canvas_clear(c);
	t->changes_ms = 0;
	memset(t->drawn, 0, sizeof(t->drawn));
	t->head = head;
	t->page = c->height > head ? (size_t)(c->height - head) : 0;
	if (!t->page)
		return;
	/* Without a head and without the keys, the table shows its first rows. */
	if (t->headless && !focused)
		t->top = 0;
	else {
		size_t margin = t->page > 4 * MARGIN_ROWS ? MARGIN_ROWS : 0;
		size_t last = t->n > t->page ? t->n - t->page : 0;

		if (t->index < t->top + margin)
			t->top = t->index > margin ? t->index - margin : 0;
		if (t->index + margin + 1 > t->top + t->page)
			t->top = t->index + margin + 1 - t->page;
		if (t->top > last)
			t->top = last;
	}
	if (!brief && t->n_columns)
		table_draw_columns(t, c, head, focused);
	size_t shown = brief ? table_shown(t) : 0;
	struct canvas end = brief ? table_draw_more(t, c) : *c;
	for (size_t y = 0; y < shown; y++) {
		const struct row *r = t->rows[t->top + y];
		const struct canvas *line = y + 1 == shown ? &end : c;
		if (row_is_head(r))
			table_draw_fold(line, (int)y, r);
		else
			table_draw_brief(t, line, (int)y, r);
		table_draw_finish_row(t, c, (int)y, r, t->top + y == t->index, focused);
	}
}

bool table_left_out(const struct table *t, struct cell *out)
{
	const struct row *r = table_cursor(t);
	struct cell *row;

	out->text[0] = 0;
	out->tone = TONE_DIM;
	if (!r)
		return false;
	row = xcalloc(t->n_columns, sizeof(*row));
	table_draw_make_cells(t, r, row);
	for (size_t i = 0; i < t->n_columns; i++) {
		const struct column *col = &t->columns[i];
		bool says = row[i].text[0] && strcmp(row[i].text, "-") != 0;
		if (!col->title[0] || !says || (int)cells(row[i].text) <= t->drawn[i])
			continue;
		const char *gap = canvas_ascii() ? "  " : " · ";
		cell_add(out, "%s%s %s", out->text[0] ? gap : "", col->title, row[i].text);
		if (row[i].changes_ms && (!out->changes_ms || row[i].changes_ms < out->changes_ms))
			out->changes_ms = row[i].changes_ms;
	}
	free(row);
	return out->text[0];
}
