/* table.c: rows, order and cursor of a table. table_draw.c draws it. */
#include "tui/table.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backends/base/mem.h"
#include "backends/servers/tags.h"
#include "tui/fold.h"
#include "tui/keymap.h"
#include "tui/remember.h"
#include "tui/table_internal.h"

#define ROW_TEXT_MAX 4096

struct table *table_create(const struct panel *panel)
{
	assert(panel->columns);
	struct table *t = xcalloc(1, sizeof(*t));

	t->panel = panel;
	t->sort = -1;
	table_columns_default(t);
	return t;
}

void table_destroy(struct table *t)
{
	if (!t)
		return;
	table_marks_clear(t);
	free(t->cursor_id);
	free(t->cells);
	free(t);
}

/* --- filter -------------------------------------------------------------- */

static size_t table_add_word(char *buf, size_t len, size_t size, const char *word)
{
	size_t n = word ? strlen(word) : 0;

	if (!n || len + 2 >= size)
		return len;
	if (n > size - len - 2)
		n = size - len - 2;
	buf[len++] = ' ';
	memcpy(buf + len, word, n);
	buf[len + n] = 0;
	return len + n;
}

bool table_row_matches(const struct table *t, const struct fuzzy *f, const struct row *r)
{
	char text[ROW_TEXT_MAX] = "";
	char tags[256];
	size_t len, size = sizeof(text);
	bool inverts = false;

	if (fuzzy_empty(f))
		return true;
	len = table_add_word(text, 0, size, t->panel->random_ids ? r->server->name : r->id);
	len = table_add_word(text, len, size, r->name);
	len = table_add_word(text, len, size, r->why);
	if (r->kind->word && !row_is_remembered(r, NULL))
		len = table_add_word(text, len, size, r->kind->word(r));
	if (server_tags(r->server, tags, sizeof(tags)))
		len = table_add_word(text, len, size, tags);
	/* The names usually decide. Cells cost more, so they are made only when the names do not
	 * match. */
	for (size_t i = 0; i < f->n; i++)
		inverts |= f->words[i].inverted;
	if (!inverts && fuzzy_match(f, text, NULL))
		return true;
	for (size_t i = 0; i < t->n_columns; i++) {
		struct cell c = { .tone = TONE_PLAIN };
		/* skip glyphs and numbers */
		if (!t->columns[i].title[0] || t->columns[i].align == ALIGN_RIGHT)
			continue;
		row_cell(t->panel, &t->columns[i], r, &c);
		len = table_add_word(text, len, sizeof(text), c.text);
	}
	return fuzzy_match(f, text, NULL) > 0;
}

size_t table_filter(const struct table *t, const struct fuzzy *f, const struct row **rows, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (table_row_matches(t, f, rows[i]))
			rows[kept++] = rows[i];
	return kept;
}

/* --- order --------------------------------------------------------------- */

struct sortable {
	const struct row *row;
	char *text; /* owned; the cell in lower case, for a column without compare */
};
struct order_by {
	int (*compare)(const struct row *, const struct row *);
	const struct column *numbers; /* compares the numbers of this column; NULL: not */
	bool descending;
};

bool table_sort_descending(const struct table *t)
{
	return (t->sort >= 0 && t->columns[t->sort].descending) != t->reverse;
}

static int table_worst_first(const struct row *a, const struct row *b)
{
	if (a->health != b->health)
		return a->health > b->health ? -1 : 1;
	if (!a->name || !b->name)
		return (a->name != NULL) - (b->name != NULL);
	return strverscmp(a->name, b->name);
}

static int table_compare_sortable(const void *pa, const void *pb, void *arg)
{
	const struct sortable *a = pa, *b = pb;
	const struct order_by *by = arg;
	if (row_is_remembered(a->row, NULL) || row_is_remembered(b->row, NULL))
		return remember_order(a->row, b->row);
	int d;
	if (by->compare)
		d = by->compare(a->row, b->row);
	else if (by->numbers)
		d = compare_numbers(column_number(by->numbers, a->row),
		                    column_number(by->numbers, b->row));
	else
		d = strverscmp(a->text, b->text);
	if (d)
		return by->descending ? -d : d;
	return strcmp(a->row->id, b->row->id);
}

static char *table_sort_text(const struct table *t, const struct row *r)
{
	struct cell c = { .tone = TONE_PLAIN };

	row_cell(t->panel, &t->columns[t->sort], r, &c);
	for (char *s = c.text; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s += 'a' - 'A';
	return xstrdup(c.text);
}

static struct order_by table_order(const struct table *t)
{
	const struct column *col = t->sort >= 0 ? &t->columns[t->sort] : NULL;
	struct order_by by = { .compare = t->panel->order, .descending = table_sort_descending(t) };

	if (col)
		by.compare = col->compare;
	else if (!by.compare)
		by.compare = table_worst_first;
	if (!by.compare && column_has_number(col))
		by.numbers = col;
	return by;
}

bool table_sorts_by_text(const struct table *t)
{
	struct order_by by = table_order(t);
	return !by.compare && !by.numbers;
}

bool table_in_order(const struct table *t, const struct row *const *rows, size_t n, size_t index)
{
	struct order_by by = table_order(t);
	struct sortable here = { .row = rows[index] }, other = { 0 };

	if (table_sorts_by_text(t))
		return false;
	if (index > 0) {
		other.row = rows[index - 1];
		if (table_compare_sortable(&other, &here, &by) > 0)
			return false;
	}
	if (index + 1 < n) {
		other.row = rows[index + 1];
		if (table_compare_sortable(&here, &other, &by) > 0)
			return false;
	}
	return true;
}

size_t table_place(const struct table *t, const struct row *const *rows, size_t n,
                   const struct row *row)
{
	struct order_by by = table_order(t);
	struct sortable wanted = { .row = row }, other = { 0 };
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		other.row = rows[middle];
		if (table_compare_sortable(&other, &wanted, &by) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void table_sort(const struct table *t, const struct row **rows, size_t n)
{
	struct order_by by = table_order(t);
	struct sortable *list;

	if (n < 2)
		return;
	list = xcalloc(n, sizeof(*list));
	for (size_t i = 0; i < n; i++) {
		list[i].row = rows[i];
		list[i].text = table_sorts_by_text(t) ? table_sort_text(t, rows[i]) : NULL;
	}
	qsort_r(list, n, sizeof(*list), table_compare_sortable, &by);
	for (size_t i = 0; i < n; i++) {
		rows[i] = list[i].row;
		free(list[i].text);
	}
	free(list);
}

void table_sort_step(struct table *t, int step)
{
	int n = (int)t->n_columns, at = t->sort;
	bool can; /* be seen and named */

	do { /* cycles through -1 .. n-1 */
		at = (at + 1 + step + n + 1) % (n + 1) - 1;
		can = at < 0 ||
		      (t->drawn[at] && table_has_column(t, (size_t)at) && t->columns[at].title[0]);
	} while (!can && at != t->sort);
	t->sort = at;
	t->reverse = false;
}

void table_sort_reverse(struct table *t)
{
	t->reverse = !t->reverse;
}

bool table_sort_by(struct table *t, const char *column, bool reverse)
{
	int found = -1;

	for (size_t i = 0; column && i < t->n_columns; i++)
		if (!strcasecmp(t->columns[i].name, column) ||
		    !strcasecmp(t->columns[i].title, column))
			found = (int)i;
	if (column && found < 0)
		return false;
	t->sort = found;
	t->reverse = reverse;
	return true;
}

bool table_sort_is_reversed(const struct table *t)
{
	return t->reverse;
}

const char *table_sort_name(const struct table *t)
{
	return t->sort < 0 ? NULL : t->columns[t->sort].name;
}

/* --- rows and the cursor ------------------------------------------------- */

static void table_cursor_to(struct table *t, size_t index)
{
	if (!t->n)
		return;
	t->index = index < t->n ? index : t->n - 1;
	if (!t->cursor_id || strcmp(t->cursor_id, t->rows[t->index]->id))
		xreplace(&t->cursor_id, t->rows[t->index]->id);
}

bool table_seek(struct table *t, const char *id)
{
	if (t->index < t->n && !strcmp(t->rows[t->index]->id, id)) {
		table_cursor_to(t, t->index);
		return true;
	}
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->rows[i]->id, id))
			continue;
		table_cursor_to(t, i);
		return true;
	}
	return false;
}

bool table_click(struct table *t, int line)
{
	size_t at = line >= t->head ? table_top(t) + (size_t)(line - t->head) : t->n;
	if (at >= t->n || at >= table_top(t) + table_shown(t))
		return false;
	table_cursor_to(t, at);
	return true;
}

static void table_lend(struct table *t, const struct row *const *rows, size_t n)
{
	assert(rows || !n);
	t->rows = rows;
	t->n = n;
	/* An empty table keeps the cursor's id and index, because the rows often come back. */
	if (t->n && !(t->cursor_id && table_seek(t, t->cursor_id)))
		table_cursor_to(t, t->index);
}

void table_set_rows(struct table *t, const struct row *const *rows, size_t n)
{
	if (t->old != OLD_EACH_TIME)
		t->old = OLD_UNKNOWN;
	table_lend(t, rows, n);
}

void table_move_rows(struct table *t, const struct row *const *rows, size_t n,
                     const struct row *const *changes, size_t n_changes)
{
	int64_t since;

	for (size_t i = 0; i < n_changes && t->old == OLD_NONE; i++)
		if (row_stale(changes[i], &since))
			t->old = OLD_SOME;
	table_lend(t, rows, n);
}

void table_lent_on_change(struct table *t)
{
	t->old = OLD_UNKNOWN;
}

size_t table_count(const struct table *t)
{
	return t->n;
}

const struct row *table_cursor(const struct table *t)
{
	return t->index < t->n ? t->rows[t->index] : NULL;
}

const char *table_cursor_id(const struct table *t)
{
	return t->n && t->cursor_id ? t->cursor_id : "";
}

size_t table_index(const struct table *t)
{
	return t->n ? t->index : 0;
}

void table_move(struct table *t, enum table_move move)
{
	long page = t->page > 1 ? (long)t->page - 1 : 1;
	long half = t->page > 1 ? (long)t->page / 2 : 1;
	const long steps[] = {
		[TABLE_UP] = -1,           [TABLE_DOWN] = 1,         [TABLE_FIRST] = -(long)t->n,
		[TABLE_LAST] = (long)t->n, [TABLE_PAGE_UP] = -page,  [TABLE_PAGE_DOWN] = page,
		[TABLE_HALF_UP] = -half,   [TABLE_HALF_DOWN] = half,
	};
	long at = (long)t->index + steps[move];

	table_cursor_to(t, at > 0 ? (size_t)at : 0);
}

const struct action table_actions[] = {
	{ .name = "table-down",
	  .verb = "down",
	  .key = "j Down",
	  .context = CONTEXT_TABLE,
	  .data = &(const enum table_move){ TABLE_DOWN },
	  .help = "one row down" },
	{ .name = "table-up",
	  .verb = "up",
	  .key = "k Up",
	  .context = CONTEXT_TABLE,
	  .data = &(const enum table_move){ TABLE_UP },
	  .help = "one row up" },
	{ .name = "table-first",
	  .verb = "first row",
	  .key = "g Home",
	  .context = CONTEXT_TABLE,
	  .data = &(const enum table_move){ TABLE_FIRST },
	  .help = "to the first row" },
	{ .name = "table-last",
	  .verb = "last row",
	  .key = "G End",
	  .context = CONTEXT_TABLE,
	  .data = &(const enum table_move){ TABLE_LAST },
	  .help = "to the last row" },
	{ .name = "table-page-down",
	  .verb = "page down",
	  .key = "PgDn C-f",
	  .context = CONTEXT_TABLE,
	  .data = &(const enum table_move){ TABLE_PAGE_DOWN },
	  .help = "a page down" },
	{ .name = "table-page-up",
	  .verb = "page up",
	  .key = "PgUp C-b",
	  .context = CONTEXT_TABLE,
	  .data = &(const enum table_move){ TABLE_PAGE_UP },
	  .help = "a page up" },
	{ .name = "table-half-down",
	  .verb = "half down",
	  .key = "C-d",
	  .context = CONTEXT_TABLE,
	  .data = &(const enum table_move){ TABLE_HALF_DOWN },
	  .help = "half a page down" },
	{ .name = "table-half-up",
	  .verb = "half up",
	  .key = "C-u",
	  .context = CONTEXT_TABLE,
	  .data = &(const enum table_move){ TABLE_HALF_UP },
	  .help = "half a page up" },
	{ .name = NULL }
};

bool table_move_of(const struct key *k, enum table_move *move)
{
	const struct action *a = keymap_find(table_actions, k);
	if (!a || !a->data)
		return false;
	*move = *(const enum table_move *)a->data;
	return true;
}

bool table_key(struct table *t, const struct key *k)
{
	enum table_move move;
	if (!table_move_of(k, &move))
		return false;
	table_move(t, move);
	return true;
}

/* --- marks --------------------------------------------------------------- */

static struct mark *table_find_mark(const struct table *t, const char *id)
{
	struct mark *m;

	HASH_FIND_STR(t->marks, id, m);
	return m;
}

bool table_marked(const struct table *t, const char *id)
{
	return table_find_mark(t, id) != NULL;
}

void table_mark(struct table *t, const char *id, bool on)
{
	struct mark *m = table_find_mark(t, id);

	if (on && !m) {
		m = xcalloc(1, sizeof(*m) + strlen(id) + 1);
		strcpy(m->id, id);
		HASH_ADD_STR(t->marks, id, m);
	} else if (!on && m) {
		HASH_DEL(t->marks, m);
		free(m);
	}
}

/* Adds the row, or those under a head, to the counts: all that can be marked, and those that are.
 * No action takes what is only remembered, so nothing of the kind can be marked. */
static void table_count_marked(const struct table *t, const struct row *r, size_t *can, size_t *are)
{
	const struct row *const *under;
	size_t n = fold_under(r, &under);

	for (size_t i = 0; i < n; i++)
		table_count_marked(t, under[i], can, are);
	if (row_is_head(r) || row_is_remembered(r, NULL))
		return;
	++*can;
	*are += table_marked(t, r->id);
}

bool table_row_marked(const struct table *t, const struct row *r)
{
	size_t can = 0, are = 0;

	table_count_marked(t, r, &can, &are);
	return can && are == can;
}

static void table_mark_row(struct table *t, const struct row *r, bool on)
{
	const struct row *const *under;
	size_t n = fold_under(r, &under);

	for (size_t i = 0; i < n; i++)
		table_mark_row(t, under[i], on);
	if (!row_is_head(r) && !row_is_remembered(r, NULL))
		table_mark(t, r->id, on);
}

void table_mark_toggle(struct table *t)
{
	const struct row *r = table_cursor(t);

	if (!r)
		return;
	table_mark_row(t, r, !table_row_marked(t, r));
	table_move(t, TABLE_DOWN);
}

void table_mark_shown(struct table *t)
{
	size_t can = 0, are = 0;

	for (size_t i = 0; i < t->n; i++)
		table_count_marked(t, t->rows[i], &can, &are);
	for (size_t i = 0; i < t->n; i++)
		table_mark_row(t, t->rows[i], are < can);
}

void table_marks_clear(struct table *t)
{
	struct mark *m, *next;

	HASH_ITER (hh, t->marks, m, next) {
		HASH_DEL(t->marks, m);
		free(m);
	}
}

size_t table_marks(const struct table *t, const char **ids, size_t max)
{
	size_t n = 0;

	for (const struct mark *m = t->marks; m; m = m->hh.next, n++)
		if (n < max)
			ids[n] = m->id;
	return n;
}

/* --- for the drawing ----------------------------------------------------- */

void table_set_match(struct table *t, const struct fuzzy *f)
{
	if (f)
		t->match = *f;
	else
		t->match.n = 0;
}

void table_hide(struct table *t, const char *column, bool hidden)
{
	for (size_t i = 0; i < t->n_columns; i++)
		if (!strcmp(t->columns[i].name, column))
			t->hidden[i] = hidden;
}

void table_without_head(struct table *t, bool headless)
{
	t->headless = headless;
}

void table_says_more(struct table *t, bool says_more)
{
	t->says_more = says_more;
}

void table_columns_reset(struct table *t)
{
	memset(t->seen, 0, sizeof(t->seen));
	t->aged_ms = 0;
}

size_t table_top(const struct table *t)
{
	return t->top < t->n ? t->top : 0;
}

size_t table_shown(const struct table *t)
{
	size_t top = table_top(t);

	return t->n - top < t->page ? t->n - top : t->page;
}

int64_t table_changes_ms(const struct table *t)
{
	return t->changes_ms;
}
