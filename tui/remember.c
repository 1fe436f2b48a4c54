/* remember.c: see remember.h. */
#include "tui/remember.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/state_file.h"
#include "backends/base/wash.h"
#include "backends/store/activity.h"
#include "backends/store/report.h"
#include "tui/console_internal.h"

#define FIRST_LINE "mocr-last 1"
#define FIELDS_MAX (TABLE_COLUMNS_MAX + 16) /* ROW_CELLS and the columns */
#define LEFT_FOR_PLACES (64u << 10) /* bytes that rows leave for the lines behind them */
#define FIELD_MAX 1024 /* bytes of one text */

/* A row of last time. Its texts point into the text of the file. */
struct remembered {
	struct row row;
	const struct panel *panel; /* borrowed; NULL: forgotten */
	const char *source;        /* name of its backend; "": none */
	const char *brief;
	int64_t at_ms; /* wall clock */
	/* by the index of the panel's column; NULL: not known then */
	const char *cells[TABLE_COLUMNS_MAX];
};
/* What was read. It belongs to the process, as the terminal does: tables know no console. */
static struct {
	char *text;              /* owned: the file, cut into fields */
	struct remembered *rows; /* owned */
	size_t n;
	size_t servers; /* the first so many rows are those of servers */
	bool on;        /* the console writes the file when it ends */
} kept;

static struct remembered *remember_of(const struct row *r)
{
	const char *at = (const char *)r, *from = (const char *)kept.rows;
	if (!kept.n || at < from || at >= from + kept.n * sizeof(*kept.rows))
		return NULL;
	return &kept.rows[(size_t)(at - from) / sizeof(*kept.rows)];
}

bool row_is_remembered(const struct row *r, int64_t *at_ms)
{
	const struct remembered *m = remember_of(r);
	if (m && at_ms)
		*at_ms = m->at_ms;
	return m != NULL;
}

/* --- reading ------------------------------------------------------------- */

static struct pane *remember_pane(struct console *c, const char *name)
{
	for (size_t i = 0; i < c->n_panes; i++)
		if (!strcmp(c->panes[i].panel->name, name))
			return &c->panes[i];
	return NULL;
}

static bool remember_keeps(const struct panel *p)
{
	return p->columns && (p->kind || p->needs);
}

/* What the lines before said about those that follow. */
struct remember_reading {
	struct console *c;
	char **field;
	size_t n;
	const struct panel *panel;     /* of the columns line */
	struct server *server;         /* of the last row; NULL: none yet */
	int column[TABLE_COLUMNS_MAX]; /* index in the panel, by place in the line; -1: gone */
	size_t n_columns;
};

static void remember_read_columns(struct remember_reading *r)
{
	const struct panel *p = NULL;
	for (size_t i = 0; r->n > 1 && panels[i]; i++)
		if (!strcmp(panels[i]->name, r->field[1]))
			p = panels[i];
	r->panel = p && remember_keeps(p) ? p : NULL;
	r->n_columns = 0;
	for (size_t i = 2; r->panel && i < r->n && r->n_columns < TABLE_COLUMNS_MAX; i++) {
		int found = -1;
		for (int k = 0; k < TABLE_COLUMNS_MAX && p->columns[k].name; k++)
			if (!strcmp(p->columns[k].name, r->field[i]))
				found = k;
		r->column[r->n_columns++] = found;
	}
}

/* Fields of a row, behind its first word. */
enum {
	ROW_SERVER = 1,
	ROW_ID,
	ROW_NAME,
	ROW_HEALTH,
	ROW_SOURCE,
	ROW_AT,
	ROW_WHY,
	ROW_BRIEF,
	ROW_CELLS
};

/* The kind of a row among the needs, by the cell that names it. NULL: unknown. */
static const struct kind *remember_read_kind(const struct remember_reading *r)
{
	for (size_t i = 0; i < r->n_columns && ROW_CELLS + i < r->n; i++) {
		int at = r->column[i];
		if (at < 0 || strcmp(r->panel->columns[at].name, "kind") != 0)
			continue;
		for (const struct kind *const *k = kinds; *k; k++)
			if (!strcmp((*k)->name, r->field[ROW_CELLS + i]))
				return *k;
	}
	return NULL;
}

static void remember_read_row(struct remember_reading *r)
{
	if (!r->panel || r->n < ROW_CELLS || kept.n == REMEMBER_ROWS)
		return;
	/* rows of one server stand together */
	if (!r->server || strcmp(r->server->name, r->field[ROW_SERVER]) != 0)
		r->server = store_server_find(r->c->store, r->field[ROW_SERVER]);
	struct server *v = r->server;
	const struct kind *kind = r->panel->needs ? remember_read_kind(r) : r->panel->kind;
	if (!v || !kind)
		return;
	struct remembered *m = &kept.rows[kept.n++];
	/* the file has servers first, and the search for one ends at the first other row */
	if (kind == &kind_server && kept.servers + 1 == kept.n)
		kept.servers = kept.n;
	m->panel = r->panel;
	m->source = r->field[ROW_SOURCE];
	m->brief = r->field[ROW_BRIEF];
	m->at_ms = number_long(r->field[ROW_AT]);
	m->row.kind = kind;
	m->row.server = v;
	m->row.id = r->field[ROW_ID];
	m->row.name = r->field[ROW_NAME];
	for (int h = 0; h < HEALTHS; h++)
		if (!strcmp(health_name((enum health)h), r->field[ROW_HEALTH]))
			m->row.health = (enum health)h;
	m->row.why = *r->field[ROW_WHY] ? r->field[ROW_WHY] : NULL;
	for (size_t i = 0; i < r->n_columns && ROW_CELLS + i < r->n; i++)
		if (r->column[i] >= 0)
			m->cells[r->column[i]] = r->field[ROW_CELLS + i];
}

static void remember_read_place(struct remember_reading *r)
{
	struct console *c = r->c;
	if (r->n < 6)
		return;
	struct pane *focus = remember_pane(c, r->field[1]), *other = remember_pane(c, r->field[2]);
	if (focus)
		c->focus = (size_t)(focus - c->panes);
	if (other)
		c->other = (size_t)(other - c->panes);
	if (store_server_find(c->store, r->field[3]))
		snprintf(c->scope, sizeof(c->scope), "%s", r->field[3]);
	c->zoom = !strcmp(r->field[4], "zoom");
	c->hide_hints = !strcmp(r->field[5], "hidden");
}

static void remember_read_pane(struct remember_reading *r)
{
	struct pane *p = r->n > 6 ? remember_pane(r->c, r->field[1]) : NULL;
	if (!p)
		return;
	p->problems = !strcmp(r->field[2], "problems") && !p->panel->needs;
	if (p->table && *r->field[3])
		table_sort_by(p->table, r->field[3], !strcmp(r->field[4], "reverse"));
	xreplace(&p->want, *r->field[5] ? r->field[5] : NULL);
	pane_set_filter(r->c, p, r->field[6]);
}

static const struct {
	const char *word;
	void (*read)(struct remember_reading *);
} remember_lines[] = {
	{ "columns", remember_read_columns }, { "row", remember_read_row },
	{ "place", remember_read_place },     { "pane", remember_read_pane },
};

/* A field that washing would change was not written by mocr: it counts as empty. */
static char *remember_trust(char *field)
{
	char clean[FIELD_MAX];
	size_t len = 0;
	while (field[len] >= ' ' && field[len] <= '~')
		len++;
	if (!field[len] && len < FIELD_MAX) /* washing leaves plain ASCII as it is */
		return field;
	len = strlen(field);
	if (len + 1 > sizeof(clean))
		return field + len;
	wash(clean, sizeof(clean), field, len);
	return strcmp(clean, field) == 0 ? field : field + len;
}

void remember_start(struct console *c)
{
	struct err err = { 0 };
	size_t len;
	const char *dir = c->settings->state_dir;
	if (!c->settings->remember || !dir || kept.on)
		return;
	kept.on = true;
	char *path = xasprintf("%s/last", dir), *rest;
	kept.text = state_read(path, REMEMBER_BYTES, &len, &err);
	free(path);
	rest = kept.text;
	/* a file of another form is left as it is until the end */
	if (!rest || strncmp(rest, FIRST_LINE "\n", strlen(FIRST_LINE "\n")) != 0)
		return;
	kept.rows = xcalloc(REMEMBER_ROWS, sizeof(*kept.rows));
	struct remember_reading r = { .c = c };
	while (rest && *rest) {
		char *line = strsep(&rest, "\n");
		char *field[FIELDS_MAX] = { line };
		r.field = field;
		r.n = 0;
		while (line && r.n < FIELDS_MAX)
			field[r.n++] = remember_trust(strsep(&line, "\t"));
		for (size_t i = 0; i < ARRAY_LEN(remember_lines); i++)
			if (!strcmp(remember_lines[i].word, field[0]))
				remember_lines[i].read(&r);
		c->hosts_later |= !strcmp(field[0], "hosts-later");
	}
	panes_dirty(c);
}

void remember_finish(struct console *c)
{
	(void)c;
	free(kept.text);
	free(kept.rows);
	memset(&kept, 0, sizeof(kept));
}

/* --- writing ------------------------------------------------------------- */

/* Adds a tab and the text, washed and masked. */
static void remember_add(struct buf *out, const char *text)
{
	struct buf masked = { 0 };
	text = text ? text : "";
	mask_text(&masked, text, strlen(text));
	size_t size = masked.len + 1;
	char *clean = xcalloc(1, size);
	wash(clean, size, masked.data ? masked.data : "", masked.len);
	for (char *s = clean; *s; s++)
		if (*s == '\t' || *s == '\n')
			*s = ' ';
	buf_puts(out, "\t");
	buf_puts(out, clean);
	free(clean);
	buf_finish(&masked);
}

static bool remember_is_named(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

/* What of a row is written. name and why: what stands for those of a row with words of people. */
struct remember_writing {
	const struct panel *panel;
	const struct row *row;
	bool words;
	struct cell name, why;
};

/* The text of a column that may be written. An order's progress or result is none. */
static void remember_cell(const struct remember_writing *w, const struct column *col,
                          struct cell *cell)
{
	const struct panel_keeps *keeps = w->panel->keeps;
	*cell = (struct cell){ 0 };
	if (col->flags & COLUMN_NOW)
		return;
	if (!w->words || (keeps && remember_is_named(keeps->columns, col->name)))
		row_cell(w->panel, col, w->row, cell);
	else if (keeps && !strcmp(col->name, keeps->name))
		*cell = w->name;
	else if (keeps && !strcmp(col->name, keeps->why))
		*cell = w->why;
	if (cell->passing)
		*cell = (struct cell){ 0 };
}

static void remember_add_row(const struct console *c, struct buf *out, const struct panel *p,
                             const struct row *r, int64_t at_ms, const char *source)
{
	struct remember_writing w = { .panel = p, .row = r };
	struct cell brief = { 0 };
	char at[32];
	for (size_t i = 0; i < c->n_panes; i++) {
		const struct panel *own = c->panes[i].panel;
		if (own->kind != r->kind || !own->keeps || !own->keeps->name_of)
			continue;
		w.words = true;
		if (row_is_remembered(r, NULL)) { /* no such words are in it */
			cell_set(&w.name, TONE_PLAIN, "%s", r->name);
			cell_set(&w.why, TONE_PLAIN, "%s", r->why ? r->why : "");
		} else {
			own->keeps->name_of(r, &w.name);
			own->keeps->why_of(r, &w.why);
		}
	}
	snprintf(at, sizeof(at), "%lld", (long long)at_ms);
	if (w.words)
		cell_set(&brief, TONE_PLAIN, "%s  %s", w.name.text, w.why.text);
	else
		panel_brief(p, r, &brief);
	buf_puts(out, "row");
	remember_add(out, r->server->name);
	remember_add(out, r->id);
	remember_add(out, w.words ? w.name.text : r->name);
	remember_add(out, health_name(r->health));
	remember_add(out, source);
	remember_add(out, at);
	remember_add(out, w.words ? w.why.text : r->why);
	remember_add(out, brief.text);
	for (size_t i = 0; i < TABLE_COLUMNS_MAX && p->columns[i].name; i++) {
		struct cell cell;
		remember_cell(&w, &p->columns[i], &cell);
		remember_add(out, cell.text);
	}
	buf_puts(out, "\n");
}

/* Have all sources of the server said what they can? */
static bool remember_is_over(const struct server *v)
{
	for (const struct source *s = v->sources; s; s = s->next)
		if (!source_settled(s))
			return false;
	return server_heard_ms(v) != 0;
}

static bool remember_is_alive(const struct console *c, const struct remembered *m)
{
	if (m->panel && m->row.kind == &kind_server)
		return !server_heard_ms(m->row.server);
	if (!m->panel || store_find(c->store, m->row.id))
		return false;
	const struct source *s = server_source(m->row.server, m->source);
	/* an engine that is stopped since before this console began has said nothing of its rows */
	if (s)
		return s->state == SOURCE_WAITING || (s->state == SOURCE_FAILED && !s->fresh_ms);
	return !store_count(c->store, m->row.kind, m->row.server);
}

/* What is known of a server from last time; NULL: nothing. */
static const struct remembered *remember_find_server(const struct server *v)
{
	for (size_t i = 0; i < kept.servers; i++)
		if (kept.rows[i].panel && kept.rows[i].row.server == v)
			return &kept.rows[i];
	return NULL;
}

static int remember_compare(const void *a, const void *b, void *panel)
{
	const struct panel *p = panel;
	return p->order(*(const struct row *const *)a, *(const struct row *const *)b);
}

/* The rows of the panel, the worst first. The caller frees the array. */
static struct row **remember_rows(const struct console *c, const struct panel *p, size_t *n)
{
	size_t asks, most = store_needs_count(c->store, &asks);
	if (!p->needs)
		return report_rows(c->store, p->kind, NULL, REPORT_BY_NEED, n);
	struct row **rows = xcalloc(most + 1, sizeof(*rows));
	*n = 0;
	/* One without a source is this program's own: the next one finds it by itself, or not. */
	for (struct row *r = store_need_first(c->store, NULL); r; r = store_need_next(r, NULL))
		if (*n < most && r->need == NEED_STANDS && r->source && r->kind != &kind_server)
			rows[(*n)++] = r;
	qsort_r(rows, *n, sizeof(struct row *), remember_compare, (void *)p);
	return rows;
}

static void remember_add_panel(const struct console *c, const struct panel *p, struct buf *out,
                               size_t *left)
{
	size_t n;
	struct row **rows = remember_rows(c, p, &n);
	buf_puts(out, "columns");
	remember_add(out, p->name);
	for (size_t i = 0; i < TABLE_COLUMNS_MAX && p->columns[i].name; i++)
		remember_add(out, p->columns[i].name);
	buf_puts(out, "\n");
	for (size_t i = 0; i < n && *left && out->len < REMEMBER_BYTES - LEFT_FOR_PLACES; i++) {
		int64_t since, at = now_wall_ms();
		bool server = rows[i]->kind == &kind_server;
		if ((p->wants && !p->wants(rows[i])) ||
		    (server && !server_heard_ms(rows[i]->server)))
			continue;
		if (row_stale(rows[i], &since) && since)
			at = since;
		/* some cells may still say what they said last time */
		const struct remembered *before = server && !remember_is_over(rows[i]->server)
		                                          ? remember_find_server(rows[i]->server)
		                                          : NULL;
		if (before)
			at = before->at_ms;
		remember_add_row(c, out, p, rows[i], at,
		                 rows[i]->source ? rows[i]->source->backend->name : "");
		--*left;
	}
	free(rows);
	/* of a server that did not answer this time, the rows of last time are still the last */
	for (size_t i = 0; i < kept.n && *left; i++) {
		const struct remembered *m = &kept.rows[i];
		if (m->panel != p || !remember_is_alive(c, m) ||
		    out->len >= REMEMBER_BYTES - LEFT_FOR_PLACES)
			continue;
		remember_add_row(c, out, p, &m->row, m->at_ms, m->source);
		--*left;
	}
}

static void remember_add_places(struct console *c, struct buf *out)
{
	buf_puts(out, "place");
	remember_add(out, c->panes[c->focus].panel->name);
	remember_add(out, c->panes[c->other].panel->name);
	remember_add(out, c->scope);
	remember_add(out, c->zoom ? "zoom" : "");
	remember_add(out, c->hide_hints ? "hidden" : "");
	buf_puts(out, "\n");
	for (size_t i = 0; i < c->n_panes; i++) {
		const struct pane *p = &c->panes[i];
		const char *sort = p->table ? table_sort_name(p->table) : NULL;
		const char *at = p->table && p->moved ? table_cursor_id(p->table) : p->want;
		buf_puts(out, "pane");
		remember_add(out, p->panel->name);
		remember_add(out, p->problems ? "problems" : "");
		remember_add(out, sort);
		remember_add(out, sort && table_sort_is_reversed(p->table) ? "reverse" : "");
		/* What was typed to find words of people is such words, too. The needs show those
		 * of sessions. */
		bool words = p->panel->needs || (p->panel->keeps && p->panel->keeps->name_of);
		remember_add(out, at);
		remember_add(out, words ? "" : p->filter);
		buf_puts(out, "\n");
	}
	if (c->hosts_later)
		buf_puts(out, "hosts-later\n");
}

void remember_save(struct console *c)
{
	struct buf out;
	struct err err = { 0 };
	size_t left = REMEMBER_ROWS;
	if (!kept.on || !c->settings->remember)
		return;
	buf_init(&out, REMEMBER_BYTES);
	buf_puts(&out, FIRST_LINE "\n");
	remember_add_places(c, &out);
	/* the servers first, as remember_read_row wants; then what long lists must not crowd out */
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < c->n_panes; i++) {
			const struct panel *p = c->panes[i].panel;
			int wanted = p->needs || (p->keeps && p->keeps->name_of) ? 1 : 2;
			if (p->kind == &kind_server)
				wanted = 0;
			if (wanted == round && remember_keeps(p))
				remember_add_panel(c, p, &out, &left);
		}
	char *path = xasprintf("%s/last", c->settings->state_dir);
	if (!state_write(path, out.data, out.len, &err))
		activity_add(c->store, ACTIVITY_NOTE, HEALTH_ATTENTION, NULL,
		             "%s; where you were is not remembered", err.text);
	free(path);
	buf_finish(&out);
}

/* --- showing ------------------------------------------------------------- */

void row_cell(const struct panel *p, const struct column *col, const struct row *r, struct cell *c)
{
	const struct remembered *m = remember_of(r);
	size_t i = 0;
	bool plain = col->flags & (COLUMN_HEALTH | COLUMN_SERVER | COLUMN_AGE);
	if (!m || plain) { /* those read nothing of the kind */
		column_cell(col, r, c);
		bool unknown = !c->text[0] || !strcmp(c->text, "-");
		if (plain || !unknown || !kept.servers || p->kind != &kind_server ||
		    remember_is_over(r->server) || !(m = remember_find_server(r->server)))
			return;
	}
	/* The place among the panel's own columns: the user may have put them in another order. */
	while (i < TABLE_COLUMNS_MAX && p->columns[i].name &&
	       strcmp(p->columns[i].name, col->name) != 0)
		i++;
	if (i < TABLE_COLUMNS_MAX && p->columns[i].name && m->cells[i])
		cell_set(c, TONE_STALE, "%s", m->cells[i]);
}

bool remember_brief(const struct panel *p, const struct row *r, struct cell *c)
{
	const struct remembered *m = remember_of(r);
	(void)p;
	if (m)
		cell_set(c, TONE_STALE, "%s", *m->brief ? m->brief : r->name);
	return m != NULL;
}

bool remember_of_server(const struct server *v, int64_t *at_ms)
{
	const struct remembered *m = remember_find_server(v);
	if (m && at_ms)
		*at_ms = m->at_ms;
	return m && !server_heard_ms(v);
}

bool remember_server_brief(const struct server *v, struct cell *c)
{
	const struct remembered *m = remember_find_server(v);
	if (m && *m->brief)
		cell_set(c, TONE_STALE, "%s", m->brief);
	return m && *m->brief;
}

bool remember_says(const struct row *r, struct cell *c)
{
	const struct remembered *m = remember_of(r);
	char age[HUMAN_SIZE];
	if (!m)
		return false;
	cell_set(c, TONE_DIM, "%s, as of %s ago", r->name,
	         human_age(age, now_wall_ms() - m->at_ms));
	if (r->why)
		cell_add(c, ": %s", r->why);
	return true;
}

int remember_order(const struct row *a, const struct row *b)
{
	const struct remembered *old_a = remember_of(a), *old_b = remember_of(b);
	if (!old_a || !old_b)
		return (old_a != NULL) - (old_b != NULL);
	return (old_a > old_b) - (old_a < old_b);
}

void remember_gather(struct console *c, struct pane *p,
                     void (*push)(struct pane *, const struct row *))
{
	p->remembered = 0;
	for (size_t i = 0; i < kept.n; i++) {
		const struct remembered *m = &kept.rows[i];
		if (m->panel != p->panel || m->row.kind == &kind_server ||
		    (p->limit && m->row.server != p->limit))
			continue;
		if ((p->problems && m->row.health < HEALTH_ATTENTION) || !remember_is_alive(c, m))
			continue;
		push(p, &m->row);
		p->remembered++;
	}
}

void remember_title(const struct pane *p, char *buf, size_t size)
{
	char age[HUMAN_SIZE];
	int64_t oldest = INT64_MAX, at;
	*buf = '\0';
	for (size_t i = 0; p->remembered && i < p->n; i++)
		if (row_is_remembered(p->rows[i], &at) && at < oldest)
			oldest = at;
	if (oldest == INT64_MAX)
		return;
	snprintf(buf, size, " · as of %s ago", human_age(age, now_wall_ms() - oldest));
}

bool remember_row_gone(const struct row *r)
{
	bool some = false;
	for (size_t i = 0; r->kind == &kind_server && i < kept.n; i++)
		if (kept.rows[i].row.server == r->server) {
			some |= kept.rows[i].panel != NULL;
			kept.rows[i].panel = NULL;
		}
	return some;
}
