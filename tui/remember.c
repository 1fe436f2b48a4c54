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
	bool on; /* the console writes the file when it ends */
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
	return p->columns && p->kind && p->kind != &kind_server && !p->needs && !p->forgets;
}

/* What the lines before said about those that follow. */
struct remember_reading {
	struct console *c;
	char **field;
	size_t n;
	const struct panel *panel;     /* of the columns line */
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

static void remember_read_row(struct remember_reading *r)
{
	struct server *v = r->n > ROW_SERVER
	                           ? store_server_find(r->c->store, r->field[ROW_SERVER])
	                           : NULL;
	if (!r->panel || !v || r->n < ROW_CELLS || kept.n == REMEMBER_ROWS)
		return;
	struct remembered *m = &kept.rows[kept.n++];
	m->panel = r->panel;
	m->source = r->field[ROW_SOURCE];
	m->brief = r->field[ROW_BRIEF];
	m->at_ms = number_long(r->field[ROW_AT]);
	m->row.kind = r->panel->kind;
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
	size_t len = strlen(field);
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

static void remember_add_row(struct buf *out, const struct panel *p, const struct row *r,
                             int64_t at_ms, const char *source)
{
	struct cell brief = { 0 };
	char at[32];
	snprintf(at, sizeof(at), "%lld", (long long)at_ms);
	panel_brief(p, r, &brief);
	buf_puts(out, "row");
	remember_add(out, r->server->name);
	remember_add(out, r->id);
	remember_add(out, r->name);
	remember_add(out, health_name(r->health));
	remember_add(out, source);
	remember_add(out, at);
	remember_add(out, r->why);
	remember_add(out, brief.text);
	for (size_t i = 0; i < TABLE_COLUMNS_MAX && p->columns[i].name; i++) {
		struct cell cell = { 0 };
		row_cell(p, &p->columns[i], r, &cell);
		remember_add(out, cell.text);
	}
	buf_puts(out, "\n");
}

static bool remember_is_alive(const struct console *c, const struct remembered *m)
{
	if (!m->panel || store_find(c->store, m->row.id))
		return false;
	const struct source *s = server_source(m->row.server, m->source);
	/* an engine that is stopped since before this console began has said nothing of its rows */
	if (s)
		return s->state == SOURCE_WAITING || (s->state == SOURCE_FAILED && !s->fresh_ms);
	return !store_count(c->store, m->row.kind, m->row.server);
}

static void remember_add_panel(const struct console *c, const struct panel *p, struct buf *out,
                               size_t *left)
{
	size_t n;
	struct row **rows = report_rows(c->store, p->kind, NULL, REPORT_BY_NEED, &n);
	buf_puts(out, "columns");
	remember_add(out, p->name);
	for (size_t i = 0; i < TABLE_COLUMNS_MAX && p->columns[i].name; i++)
		remember_add(out, p->columns[i].name);
	buf_puts(out, "\n");
	for (size_t i = 0; i < n && *left && out->len < REMEMBER_BYTES - LEFT_FOR_PLACES; i++) {
		int64_t since, at = now_wall_ms();
		if (p->wants && !p->wants(rows[i]))
			continue;
		if (row_stale(rows[i], &since) && since)
			at = since;
		remember_add_row(out, p, rows[i], at,
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
		remember_add_row(out, p, &m->row, m->at_ms, m->source);
		--*left;
	}
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
	buf_puts(&out, "place");
	remember_add(&out, c->panes[c->focus].panel->name);
	remember_add(&out, c->panes[c->other].panel->name);
	remember_add(&out, c->scope);
	remember_add(&out, c->zoom ? "zoom" : "");
	remember_add(&out, c->hide_hints ? "hidden" : "");
	buf_puts(&out, "\n");
	for (size_t i = 0; i < c->n_panes; i++) {
		const struct pane *p = &c->panes[i];
		const char *sort = p->table ? table_sort_name(p->table) : NULL;
		const char *at = p->table && p->moved ? table_cursor_id(p->table) : p->want;
		buf_puts(&out, "pane");
		remember_add(&out, p->panel->name);
		remember_add(&out, p->problems ? "problems" : "");
		remember_add(&out, sort);
		remember_add(&out, sort && table_sort_is_reversed(p->table) ? "reverse" : "");
		remember_add(&out, p->panel->forgets ? "" : at);
		remember_add(&out, p->panel->forgets ? "" : p->filter);
		buf_puts(&out, "\n");
	}
	if (c->hosts_later)
		buf_puts(&out, "hosts-later\n");
	for (size_t i = 0; i < c->n_panes; i++)
		if (remember_keeps(c->panes[i].panel))
			remember_add_panel(c, c->panes[i].panel, &out, &left);
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
		if (m->panel != p->panel || (p->limit && m->row.server != p->limit))
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
