/* The panes: which rows each shows, in which order, and where its cursor is.
 *
 * A pane keeps an array of rows, filtered and sorted. The array is rebuilt only while the pane is
 * on the screen. A rebuild needs a change of the filter, the order, the current server, a link or a
 * source. When a single row comes, changes or goes, only this row is moved. So a change costs no
 * more than the rows it touches, and a key costs no pass over the rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/store/doc.h"
#include "backends/store/need.h"
#include "tui/aside.h"
#include "tui/console_internal.h"
#include "tui/fold.h"
#include "tui/look.h"
#include "tui/remember.h"

void panes_init_with(struct console *c, const struct panel *const *list)
{
	while (list[c->n_panes])
		c->n_panes++;
	c->panes = xcalloc(c->n_panes, sizeof(*c->panes));
	c->pane_order = xcalloc(c->n_panes, sizeof(*c->pane_order));
	c->pane_rows = xcalloc(c->n_panes, sizeof(*c->pane_rows));
	for (size_t i = 0; i < c->n_panes; i++) {
		struct pane *p = &c->panes[i];
		p->panel = list[i];
		p->state = ROWS_DIRTY;
		p->hole = SIZE_MAX;
		if (p->panel->columns) {
			p->table = table_create(p->panel);
			table_lent_on_change(p->table);
		}
	}
	c->other = PANE_CONTAINERS;
	panes_order(c);
}

void panes_init(struct console *c)
{
	panes_init_with(c, panels);
}

void panes_finish(struct console *c)
{
	for (size_t i = 0; i < c->n_panes; i++) {
		table_destroy(c->panes[i].table);
		fold_finish(&c->panes[i]);
		free(c->panes[i].rows);
		free(c->panes[i].changes);
		free(c->panes[i].want);
	}
	free(c->panes);
	free(c->pane_order);
	free(c->pane_rows);
}

/* --- the user's order ---------------------------------------------------- */

#define NAME_MAX_BYTES 64
#define NAMES_MAX 64

/* Takes the next word of a list of names. False: the list ends. */
static bool pane_next_name(const char **list, char *name, size_t size)
{
	*list += strspn(*list, " \t,");
	size_t n = strcspn(*list, " \t,");
	snprintf(name, size, "%.*s", (int)n, *list);
	*list += n;
	return n > 0;
}

static void pane_order_add(struct console *c, size_t *n, size_t index)
{
	for (size_t i = 0; i < *n; i++)
		if (c->pane_order[i] == index)
			return;
	c->pane_order[(*n)++] = index;
}

void panes_order(struct console *c)
{
	const char *list = c->settings && c->settings->panels ? c->settings->panels : "";
	char name[NAME_MAX_BYTES];
	size_t n = 0;
	while (pane_next_name(&list, name, sizeof(name)))
		for (size_t i = 0; i < c->n_panes; i++)
			if (!strcmp(c->panes[i].panel->name, name) ||
			    !strcmp(c->panes[i].panel->tab, name))
				pane_order_add(c, &n, i);
	for (size_t i = 0; i < c->n_panes; i++)
		pane_order_add(c, &n, i);
}

void console_check_panels(const struct settings *s, struct doc *complaints)
{
	look_check(s, complaints);
	const char *list = s->panels ? s->panels : "";
	char name[NAME_MAX_BYTES];
	while (pane_next_name(&list, name, sizeof(name))) {
		const char *names[NAMES_MAX];
		size_t n = 0;
		bool found = false;
		for (; n < NAMES_MAX && panels[n]; n++) {
			names[n] = panels[n]->name;
			found |= !strcmp(panels[n]->name, name) || !strcmp(panels[n]->tab, name);
		}
		const char *file = s->file ? s->file : "configuration";
		const char *near = found ? NULL : nearest(name, names, n);
		if (near)
			doc_add(complaints, DOC_WARN,
			        "%s: panels: there is no panel \"%s\"; did you mean %s?", file,
			        name, near);
		else if (!found)
			doc_add(complaints, DOC_WARN,
			        "%s: panels: there is no panel \"%s\"; mocr(1) lists them", file,
			        name);
	}
}

size_t pane_at(const struct console *c, size_t place)
{
	return place < c->n_panes ? c->pane_order[place] : SIZE_MAX;
}

size_t pane_place_in_order(const struct console *c, size_t index)
{
	size_t place = 0;
	while (place < c->n_panes && c->pane_order[place] != index)
		place++;
	return place;
}

void panes_dirty(struct console *c)
{
	for (size_t i = 0; i < c->n_panes; i++) {
		c->panes[i].state = ROWS_DIRTY;
		c->panes[i].counted = false;
	}
	console_redraw(c);
}

struct pane *pane_focused(struct console *c)
{
	return &c->panes[c->focus];
}

void pane_focus(struct console *c, size_t index)
{
	if (index >= c->n_panes || index == c->focus)
		return;
	if (c->focus != PANE_FLEET && c->focus != PANE_NEEDS)
		c->other = c->focus;
	c->focus = index;
	console_redraw(c);
}

struct pane *pane_of_kind(struct console *c, const struct kind *kind)
{
	for (size_t i = 0; i < c->n_panes; i++)
		if (c->panes[i].panel->kind == kind)
			return &c->panes[i];
	return NULL;
}

/* --- what a panel adds --------------------------------------------------- */

static const struct panel_extra *panel_extra_of(struct console *c, const struct row *r)
{
	static const struct panel_extra none = { 0 };
	const struct pane *p = r ? pane_of_kind(c, r->kind) : NULL;
	return p && p->panel->extra ? p->panel->extra : &none;
}

bool panel_ask(struct console *c, const struct action *a, struct row **rows, size_t n)
{
	const struct panel_extra *extra = panel_extra_of(c, rows[0]);
	return extra->ask && extra->ask(c, a, rows, n);
}

bool panel_open(struct console *c, struct row *r)
{
	const struct panel_extra *extra = panel_extra_of(c, r);
	return extra->open && extra->open(c, r);
}

void panel_pictures(struct console *c, struct row *r, int width, struct doc *doc)
{
	const struct panel_extra *extra = panel_extra_of(c, r);
	if (extra->pictures)
		extra->pictures(r, width, doc);
}

bool panel_at_end(struct console *c, struct row *r)
{
	const struct panel_extra *extra = panel_extra_of(c, r);
	return extra->at_end && extra->at_end(c, r);
}

void panels_changed(struct console *c)
{
	for (size_t i = 0; i < c->n_panes; i++) {
		const struct panel_extra *extra = c->panes[i].panel->extra;
		if (extra && extra->changed)
			extra->changed(c);
	}
}

/* --- rows ---------------------------------------------------------------- */

/* The server that limits a pane. The fleet is the overview and always shows all servers. */
static const struct server *pane_limit_of(const struct console *c, const struct pane *p)
{
	return c->scope[0] && p->panel->kind != &kind_server ? store_server_find(c->store, c->scope)
	                                                     : NULL;
}

static void pane_push(struct pane *p, const struct row *row)
{
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 64;
		p->rows = xrealloc(p->rows, p->cap * sizeof(*p->rows));
	}
	p->rows[p->n++] = row;
}

static const struct row *pane_first(const struct console *c, const struct pane *p,
                                    const struct server *only)
{
	return p->panel->needs ? store_need_first(c->store, only)
	                       : store_first(c->store, p->panel->kind, only);
}

static const struct row *pane_next(const struct pane *p, const struct row *r,
                                   const struct server *only)
{
	return p->panel->needs ? store_need_next(r, only) : store_next(r, p->panel->kind, only);
}

/* Does the row belong to the panel, apart from the user's filter? */
static bool pane_wants(const struct pane *p, const struct row *r, const struct server *only)
{
	const struct panel *panel = p->panel;
	if (r->gone || (only && r->server != only))
		return false;
	if (panel->kind && r->kind != panel->kind)
		return false;
	if (only && panel->wants_in)
		return panel->wants_in(r, only);
	return !panel->wants || panel->wants(r);
}

static bool pane_shows(const struct pane *p, const struct row *r)
{
	if (p->panel->needs)
		return r->need == NEED_STANDS || (p->aside && r->need != NEED_HELD);
	return !p->problems || r->health >= HEALTH_ATTENTION;
}

/* The number of rows, which decides the layout. Usually the store has it. */
static size_t pane_total(const struct console *c, const struct pane *p)
{
	const struct panel *panel = p->panel;
	const struct server *only = pane_limit_of(c, p);
	size_t n = 0, asks;
	if (panel->needs) {
		n = only ? (size_t)only->problems : store_needs_count(c->store, &asks);
		return p->aside ? n + needs_aside(c->store, only) : n;
	}
	if (!panel->wants && !panel->wants_in)
		return store_count(c->store, panel->kind, only);
	if (p->state != ROWS_DIRTY || p->counted)
		return p->total;
	for (const struct row *r = pane_first(c, p, only); r; r = pane_next(p, r, only))
		n += pane_wants(p, r, only);
	return n;
}

/* Until the user moves, the cursor is where it was at the end of the last console, else on the
 * first row: rows that arrive later must not push it down. */
static void pane_place_cursor(struct pane *p)
{
	if (!p->moved && !(p->want && table_seek(p->table, p->want)))
		table_move(p->table, TABLE_FIRST);
}

/* Lends the filtered and sorted rows to the table. */
static void pane_lend(struct pane *p)
{
	table_set_match(p->table, fuzzy_empty(&p->fuzzy) ? NULL : &p->fuzzy);
	table_set_rows(p->table, p->rows, p->n);
	pane_place_cursor(p);
}

static struct row *pane_row(const struct pane *p, size_t at)
{
	return (struct row *)p->rows[at];
}

static void pane_rebuild(struct console *c, struct pane *p)
{
	table_set_rows(p->table, NULL, 0);
	const struct server *only = p->limit = pane_limit_of(c, p);
	p->n = p->total = 0;
	for (const struct row *r = pane_first(c, p, only); r; r = pane_next(p, r, only)) {
		if (!pane_wants(p, r, only))
			continue;
		bool shows = pane_shows(p, r);
		p->total += shows || !p->panel->needs;
		if (shows)
			pane_push(p, r);
	}
	remember_gather(c, p, pane_push);
	if (!fuzzy_empty(&p->fuzzy))
		p->n = table_filter(p->table, &p->fuzzy, p->rows, p->n);
	table_sort(p->table, p->rows, p->n);
	if (p->fold)
		fold_arrange(c, p);
	for (size_t i = 0; i < p->n; i++)
		pane_row(p, i)->places[p->panel->needs] = (uint32_t)i;
	table_hide(p->table, "server",
	           p->limit != NULL || !store_servers(c->store) || !store_servers(c->store)->next);
	pane_lend(p);
	p->built_at = store_generation(c->store);
	p->state = ROWS_UNREAD;
	p->misplaced = false;
	p->hole = SIZE_MAX;
}

/* --- what changed -------------------------------------------------------- */

/* Finds the index of the row; false: the pane does not have the row. */
static bool pane_place(const struct pane *p, const struct row *r, size_t *at)
{
	*at = r->places[p->panel->needs];
	return *at < p->n && p->rows[*at] == r;
}

static bool pane_is_on_screen(const struct console *c, size_t index)
{
	return index == c->focus || (!c->view && layout_shows(&c->layout, index));
}

static void pane_spoil(struct pane *p)
{
	p->state = ROWS_DIRTY;
	p->counted = false;
}

/* A change of one row may move others. */
static bool pane_moves_whole(const struct pane *p)
{
	return p->panel->reads_others || p->fold;
}

/* Handles a changed row. Nothing moves while the row is still in order with its neighbours. */
static void pane_row_changed(struct pane *p, const struct row *r, bool on_screen)
{
	size_t at;
	if (p->state == ROWS_DIRTY || pane_moves_whole(p) || !on_screen) {
		pane_spoil(p);
		return;
	}
	bool in = pane_place(p, r, &at), belongs = pane_wants(p, r, p->limit) && pane_shows(p, r);
	/* once misplaced is set, all changed rows are placed again anyway */
	if (!p->misplaced)
		p->misplaced = in != belongs ||
		               (in && !table_in_order(p->table, p->rows, p->n, at));
	if (in || belongs) {
		if (p->n_changes == p->cap_changes) {
			p->cap_changes = p->cap_changes ? p->cap_changes * 2 : 16;
			p->changes = xrealloc(p->changes, p->cap_changes * sizeof(*p->changes));
		}
		p->changes[p->n_changes++] = r;
	}
}

static void panes_row_changed(struct row *r, void *arg)
{
	struct console *c = arg;
	for (size_t i = 0; i < c->n_panes; i++) {
		struct pane *p = &c->panes[i];
		bool on_screen = pane_is_on_screen(c, i);
		if (!p->table || (!p->panel->needs && p->panel->kind != r->kind))
			continue;
		pane_row_changed(p, r, on_screen);
		if (on_screen)
			says_row_changed(c, p, r);
	}
}

/* A range of a pane's rows: indices from first up to, but without, end. */
struct pane_part {
	size_t first, end;
};

static void pane_part_add(struct pane_part *part, size_t at)
{
	part->first = at < part->first ? at : part->first;
	part->end = at >= part->end ? at + 1 : part->end;
}

/* Inserts the changed rows that belong in the pane, and adds their indices to the part. */
static void pane_put_in(struct pane *p, struct pane_part *part)
{
	size_t k = 0, end = p->n;
	for (size_t i = 0; i < p->n_changes; i++)
		if (pane_wants(p, p->changes[i], p->limit) && pane_shows(p, p->changes[i]))
			p->changes[k++] = p->changes[i];
	p->n_changes = k;
	table_sort(p->table, p->changes, k);
	for (size_t i = 0; i < k; i++)
		pane_push(p, NULL);
	for (size_t i = k; i-- > 0;) {
		size_t at = table_place(p->table, p->rows, end, p->changes[i]);
		memmove(&p->rows[at + i + 1], &p->rows[at], (end - at) * sizeof(*p->rows));
		p->rows[at + i] = p->changes[i];
		pane_part_add(part, at + i);
		end = at;
	}
}

/* Moves a few of many rows. All changed rows are placed again, because some may be neighbours of
 * each other. */
static void pane_settle(struct pane *p)
{
	table_set_match(p->table, fuzzy_empty(&p->fuzzy) ? NULL : &p->fuzzy);
	struct pane_part part = { .first = SIZE_MAX };
	size_t before = p->n;
	/* Removes the changed rows and adds their indices to the part. */
	size_t at, kept, low = p->hole < p->n ? p->hole : p->n;
	if (low < p->n)
		pane_part_add(&part, low);
	p->hole = SIZE_MAX;
	for (size_t i = 0; i < p->n_changes; i++)
		if (pane_place(p, p->changes[i], &at)) {
			p->rows[at] = NULL;
			low = at < low ? at : low;
			pane_part_add(&part, at);
		}
	kept = low;
	for (size_t i = low; i < p->n; i++)
		if (p->rows[i])
			p->rows[kept++] = p->rows[i];
		else /* one of several holes: what stands behind it moves further */
			pane_part_add(&part, i);
	p->n = kept;
	pane_put_in(p, &part);
	/* rows after the part kept their index */
	size_t end = p->n == before ? part.end : p->n;
	for (size_t i = part.first; i < end; i++)
		pane_row(p, i)->places[p->panel->needs] = (uint32_t)i;
	table_move_rows(p->table, p->rows, p->n, p->changes, p->n_changes);
	pane_place_cursor(p);
}

static void pane_empty(struct pane *p)
{
	p->n = 0;
	p->hole = SIZE_MAX;
	fold_clear(p);
	table_set_rows(p->table, NULL, 0);
}

/* The arrays hold rows until the next build. A freed row must leave them at once. */
static void pane_row_gone(struct pane *p, const struct row *r)
{
	size_t at;
	if (!p->table || (!p->panel->needs && p->panel->kind != r->kind))
		return;
	if (pane_moves_whole(p))
		pane_spoil(p);
	if (p->state == ROWS_DIRTY) {
		pane_empty(p);
		return;
	}
	if (!pane_place(p, r, &at))
		return;
	p->rows[at] = NULL;
	p->hole = at < p->hole ? at : p->hole;
	p->misplaced = true;
	table_move_rows(p->table, NULL, 0, NULL, 0);
}

void panes_row_gone(const struct row *r, void *arg)
{
	struct console *c = arg;
	bool forgotten = remember_row_gone(r);
	for (size_t i = 0; i < c->n_panes; i++) {
		struct pane *p = &c->panes[i];
		if (forgotten && p->table) { /* rows of last time stand in any pane */
			p->state = ROWS_DIRTY;
			pane_empty(p);
		}
		pane_row_gone(p, r);
	}
}

void pane_refresh(struct console *c, struct pane *p)
{
	if (!p->table)
		return;
	if (p->state == ROWS_DIRTY)
		pane_rebuild(c, p);
	else if (store_is_checked(c->store) && p->n) {
		/* MOCR_CHECK=1: checks that an unchanged pane equals one built from all rows. */
		size_t n = p->n;
		const struct row **before = xcalloc(n + 1, sizeof(*before));
		memcpy(before, p->rows, n * sizeof(*before));
		pane_rebuild(c, p);
		if (n != p->n || memcmp(before, p->rows, n * sizeof(*before)) != 0) {
			fprintf(stderr,
			        "mocr: MOCR_CHECK: the pane %s kept %zu rows, all rows make %zu in "
			        "another "
			        "order\n",
			        p->panel->name, n, p->n);
			abort();
		}
		free(before);
	}
	p->built_at = store_generation(c->store);
}

void panes_refresh(struct console *c)
{
	if (c->scope[0] && !store_server_find(c->store, c->scope))
		console_enter_server(c, "");
	bool wide = c->wide_seen != store_wide_generation(c->store);
	c->wide_seen = store_wide_generation(c->store);
	store_changes_take(c->store, panes_row_changed, c);
	for (size_t i = 0; i < c->n_panes; i++) {
		struct pane *p = &c->panes[i];
		bool other = p->table && p->built_at != store_generation(c->store);
		/* A filter and an order by text read cells. Cells may depend on anything: an age,
		 * the counts of a server, a link. */
		if (wide || (other && (!fuzzy_empty(&p->fuzzy) || table_sorts_by_text(p->table))))
			pane_spoil(p);
		if (p->misplaced && p->state != ROWS_DIRTY)
			pane_settle(p);
		p->misplaced = false;
		p->n_changes = 0;
	}
	for (size_t i = 0; i < c->n_panes; i++) {
		struct pane *p = &c->panes[i];
		if (pane_is_on_screen(c, i))
			pane_refresh(c, p);
		if (p->table)
			p->total = pane_total(c, p);
		p->counted = true;
	}
}

void pane_set_filter(struct console *c, struct pane *p, const char *pattern)
{
	if (!p->table && !p->panel->step)
		return;
	/* One more character in a pattern can only remove rows. The rest need not be gathered and
	 * sorted again. */
	bool narrows = p->table && !p->fold && p->filter[0] && p->state != ROWS_DIRTY &&
	               p->built_at == store_generation(c->store) && !strchr(pattern, '!') &&
	               !strncmp(pattern, p->filter, strlen(p->filter));
	snprintf(p->filter, sizeof(p->filter), "%s", pattern);
	fuzzy_compile(&p->fuzzy, p->filter);
	if (!narrows)
		p->state = ROWS_DIRTY;
	if (narrows) {
		table_set_rows(p->table, NULL, 0);
		p->n = table_filter(p->table, &p->fuzzy, p->rows, p->n);
		pane_lend(p);
	}
	console_redraw(c);
}

/* --- panels that draw themselves ------------------------------------------ */

static struct panel_look pane_look(struct console *c, struct pane *p)
{
	return (struct panel_look){ .server = pane_limit_of(c, p),
		                    .filter = fuzzy_empty(&p->fuzzy) ? NULL : &p->fuzzy,
		                    .problems = p->problems,
		                    .focused = p == pane_focused(c) && !c->view,
		                    .top = p->top,
		                    .cursor = p->cursor };
}

/* --- what the cursor is on ----------------------------------------------- */

struct row *console_row(struct console *c)
{
	struct pane *p = pane_focused(c);
	if (c->view)
		return store_find(c->store, c->view->id);
	panes_refresh(c);
	if (p->table)
		return store_find(c->store, table_cursor_id(p->table));
	/* a panel that draws itself */
	struct panel_look look = pane_look(c, p);
	const char *id = p->panel->id_at ? p->panel->id_at(c->store, &look) : NULL;
	return id ? store_find(c->store, id) : NULL;
}

struct server *console_server(struct console *c)
{
	struct row *r = console_row(c);
	if (r)
		return r->server;
	if (c->scope[0])
		return store_server_find(c->store, c->scope);
	return NULL;
}

size_t console_rows(struct console *c, struct row **out, size_t max)
{
	struct pane *p = pane_focused(c);
	size_t n = 0, marked = 0;
	if (!c->view && p->table)
		marked = table_marks(p->table, NULL, 0);
	if (marked) {
		const char **ids = xcalloc(marked, sizeof(*ids));
		table_marks(p->table, ids, marked);
		for (size_t i = 0; i < marked && n < max; i++) {
			struct row *r = store_find(c->store, ids[i]);
			if (r)
				out[n++] = r;
		}
		free(ids);
	}
	/* what was marked and went is not replaced by what stands under the cursor */
	const struct row *head = marked ? NULL : fold_at(c);
	if (head)
		n = fold_rows(c, head, out, max);
	else if (!marked && max && (out[0] = console_row(c)))
		n = 1;
	return n;
}

void console_enter_server(struct console *c, const char *name)
{
	bool in = c->scope[0];
	snprintf(c->scope, sizeof(c->scope), "%s", name);
	for (size_t i = 0; i < c->n_panes; i++)
		if (c->panes[i].table && c->panes[i].panel->kind != &kind_server)
			table_columns_reset(c->panes[i].table);
	if (name[0])
		pane_focus(c, c->focus == PANE_FLEET || c->focus == PANE_NEEDS ? PANE_CONTAINERS
		                                                               : c->focus);
	else if (in)
		pane_focus(c, PANE_FLEET);
	panes_dirty(c);
}

bool console_goto(struct console *c, const char *id)
{
	struct row *r = store_find_written(c->store, id);
	/* a source has no pane; the row of its server shows its error */
	if (r && r->kind == &kind_source)
		r = &r->server->row;
	id = r ? r->id : id;
	struct pane *p = r ? pane_of_kind(c, r->kind) : NULL;
	if (!p)
		return false;
	if (r->kind != &kind_server && c->scope[0] && strcmp(c->scope, r->server->name) != 0)
		console_enter_server(c, r->server->name);
	pane_focus(c, (size_t)(p - c->panes));
	p->moved = true;
	fold_open(p, r);
	panes_refresh(c);
	/* the filter hides the row: clear the filter, the user asked for this row */
	if (!table_seek(p->table, id)) {
		p->problems = false;
		pane_set_filter(c, p, "");
		panes_refresh(c);
		table_seek(p->table, id);
	}
	console_redraw(c);
	return true;
}

size_t console_problems(struct console *c, size_t *asks)
{
	return store_needs_count(c->store, asks);
}

/* --- keys ---------------------------------------------------------------- */

#define FAR 1000000 /* entries: more than any panel that draws itself has */

/* The keys of a panel that draws itself. */
static bool pane_entry_key(struct console *c, struct pane *p, const struct key *key)
{
	static const struct {
		long step, halves;
	} steps[] = {
		[TABLE_DOWN] = { 1, 0 },      [TABLE_UP] = { -1, 0 },
		[TABLE_PAGE_DOWN] = { 0, 2 }, [TABLE_PAGE_UP] = { 0, -2 },
		[TABLE_HALF_DOWN] = { 0, 1 }, [TABLE_HALF_UP] = { 0, -1 },
		[TABLE_FIRST] = { -FAR, 0 },  [TABLE_LAST] = { FAR, 0 },
	};
	enum table_move move;
	if (!table_move_of(key, &move))
		return false;
	struct panel_look look = pane_look(c, p);
	long half = p->height > 1 ? p->height / 2 : 1;
	p->panel->step(c->store, &look, steps[move].step + steps[move].halves * half);
	p->cursor = look.cursor;
	return true;
}

bool pane_key(struct console *c, const struct key *key)
{
	struct pane *p = pane_focused(c);
	panes_refresh(c);
	p->moved = true;
	bool taken = p->table ? table_key(p->table, key) : pane_entry_key(c, p, key);
	if (taken)
		console_redraw(c);
	return taken;
}

/* --- drawing ------------------------------------------------------------- */

/* "2 Containers" and what limits the rows: "/ngx", "3 of 13", "problems only", "by cpu", "2
 * marked". */
static void pane_title_text(const struct console *c, size_t index, char *buf, size_t size)
{
	const struct pane *p = &c->panes[index];
	size_t place = pane_place_in_order(c, index), n = 0;
	if (place < PANE_KEYS)
		n = (size_t)snprintf(buf, size, "%zu ", place + 1);
	n += (size_t)snprintf(buf + n, size - n, "%s", p->panel->title);
	bool limited = p->problems || p->filter[0];
	const char *sort = p->table ? table_sort_name(p->table) : NULL;
	size_t marks = p->table ? table_marks(p->table, NULL, 0) : 0;
	if (p->filter[0])
		n += (size_t)snprintf(buf + n, size - n, " · /%s", p->filter);
	if (p->aside && n < size)
		n += (size_t)snprintf(buf + n, size - n, " · set aside too");
	if (p->problems && n < size)
		n += (size_t)snprintf(buf + n, size - n, " · problems only");
	if (limited && n < size)
		n += (size_t)snprintf(buf + n, size - n, " · %zu of %zu",
		                      p->fold ? fold_count(p) : p->n, p->total + p->remembered);
	if (p->fold && n < size)
		n += (size_t)snprintf(buf + n, size - n, " · by tag");
	if (p->remembered && n < size) {
		char age[40];
		remember_title(p, age, sizeof(age));
		n += (size_t)snprintf(buf + n, size - n, "%s", age);
	}
	if (sort && n < size)
		n += (size_t)snprintf(buf + n, size - n, " · by %s", sort);
	if (marks && n < size)
		n += (size_t)snprintf(buf + n, size - n, " · %zu marked", marks);
	size_t left_out = p->panel->kind
	                          ? store_left_out(c->store, p->panel->kind, pane_limit_of(c, p))
	                          : 0;
	if (left_out && n < size)
		snprintf(buf + n, size - n, " · %zu more are not shown", left_out);
}

static void pane_draw_title(struct console *c, size_t index, const struct canvas *at)
{
	const struct pane *p = &c->panes[index];
	char title[256], place[32] = "";
	bool focused = index == c->focus;
	pane_title_text(c, index, title, sizeof(title));
	canvas_fill(at, 0, 0, -1, TONE_BORDER, glyph_rule());
	int used = canvas_textf(at, 0, 1, at->width - 2, focused ? TONE_TITLE_FOCUS : TONE_TITLE,
	                        " %s ", title);
	if (p->table && p->n > table_shown(p->table) && table_shown(p->table))
		snprintf(place, sizeof(place), " %zu/%zu ", table_index(p->table) + 1, p->n);
	int len = (int)cells(place);
	if (len && used + len + 3 < at->width)
		canvas_text(at, 0, at->width - len - 1, -1, TONE_DIM, place);
}

/* Draws why the pane is empty, on as many lines as needed. */
static void pane_draw_empty(struct console *c, const struct pane *p, const struct canvas *at)
{
	char text[2048], *rest = text, *line;
	const struct server *only = pane_limit_of(c, p);
	char key[KEY_NAME_SIZE];
	if (p->total && p->filter[0])
		snprintf(text, sizeof(text), "No row matches /%s; %s shows all %zu.", p->filter,
		         keymap_key(console_actions, "console-back", key), p->total);
	else if (p->total)
		snprintf(text, sizeof(text), "No problems here; %s shows all %zu.",
		         keymap_key(console_actions, "pane-problems", key), p->total);
	else
		panel_empty(p->panel, c->store, only, text, sizeof(text));
	size_t n = strlen(text);
	if (p->panel->needs && !p->total && needs_aside(c->store, only)) {
		text[n++] = '\n';
		aside_say(c, only, text + n, sizeof(text) - n);
	}
	for (int y = 0; y < at->height && (line = strsep(&rest, "\n"));)
		y += draw_wrapped(at, y, 2, TONE_DIM, line);
}

static void pane_draw_table(struct console *c, size_t index, const struct canvas *at, bool title)
{
	struct pane *p = &c->panes[index];
	bool head = title || index == c->focus;
	if (!p->n) {
		pane_draw_empty(c, p, at);
		return;
	}
	table_without_head(p->table, !head);
	table_says_more(p->table, !title);
	table_draw(p->table, at, index == c->focus && !c->view);
	size_t end = table_top(p->table) + table_shown(p->table);
	note_change(c, table_changes_ms(p->table));
	for (size_t i = table_top(p->table); i < end && i < p->n; i++)
		if (!row_is_remembered(p->rows[i], NULL) && !row_is_head(p->rows[i]))
			store_shown((struct row *)p->rows[i]);
}

bool pane_count_lines(struct console *c, size_t index, const struct canvas *at)
{
	struct pane *p = &c->panes[index];
	size_t before = p->lines;
	if (p->table)
		return false;
	struct panel_look look = pane_look(c, p);
	struct canvas nothing = *at;
	nothing.height = 0;
	p->lines = p->panel->draw(c->store, &look, &nothing);
	return p->lines != before;
}

void pane_draw(struct console *c, size_t index, const struct canvas *at, bool title)
{
	struct pane *p = &c->panes[index];
	if (p->state == ROWS_DIRTY) /* first frame that shows the pane */
		pane_refresh(c, p);
	struct canvas rest = canvas_part(at, title, 0, -1, -1);
	if (!p->table && rest.height > 0) {
		/* Counts the entries, and scrolls so that the one under the cursor is seen. */
		struct panel_look look = pane_look(c, p);
		struct canvas nothing = rest;
		nothing.height = 0;
		p->lines = p->panel->draw(c->store, &look, &nothing);
		size_t height = (size_t)rest.height, end = look.cursor_line + look.cursor_lines;
		if (end > p->top + height)
			p->top = end - height;
		if (look.cursor_line < p->top)
			p->top = look.cursor_line;
		p->n = look.shown;
		p->total = look.all;
	}
	if (title)
		pane_draw_title(c, index, at);
	p->height = rest.height;
	if (rest.height <= 0)
		return;
	if (p->table) {
		pane_draw_table(c, index, &rest, title);
	} else if (p->lines) {
		struct panel_look look = pane_look(c, p);
		p->panel->draw(c->store, &look, &rest);
	} else {
		pane_draw_empty(c, p, &rest);
	}
}
