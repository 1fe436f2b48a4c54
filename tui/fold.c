/* fold.c: see fold.h. */
#include "tui/fold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/link.h"
#include "backends/servers/tags.h"
#include "tui/aside.h"
#include "tui/console_internal.h"
#include "tui/look.h"
#include "tui/remember.h"

#define FOLD_TAG 64   /* bytes of a tag with its @ and NUL */
#define FOLD_MAX 200  /* heads of a pane; servers of further tags stand under the last head */
#define FOLD_NONE "@" /* the tag of servers without one */

/* A head and the rows under it. */
struct fold_head {
	struct row row; /* of kind_head; its id is the tag */
	char tag[FOLD_TAG];
	bool closed;
	const struct panel *panel; /* borrowed */
	const struct row **rows; /* owned array of borrowed rows, in the pane's order */
	size_t n, cap;
};
struct fold {
	struct fold_head *heads[FOLD_MAX]; /* owned */
	size_t n;
	size_t ordered; /* so many stand first, in the order of the configuration */
};

static const struct kind kind_head = { .name = "group", .plural = "groups" };

bool row_is_head(const struct row *r)
{
	return r->kind == &kind_head;
}

static struct fold_head *fold_head_of(const struct row *r)
{
	return r && row_is_head(r) ? (struct fold_head *)r : NULL;
}

/* --- putting rows under heads ---------------------------------------------- */

/* The head of the tag, which is made when it is new. */
static struct fold_head *fold_find(struct fold *f, const char *tag)
{
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->heads[i]->tag, tag))
			return f->heads[i];
	if (f->n == FOLD_MAX)
		return f->heads[FOLD_MAX - 1];
	struct fold_head *h = xcalloc(1, sizeof(*h));
	snprintf(h->tag, sizeof(h->tag), "%s", tag);
	h->row.kind = &kind_head;
	h->row.id = h->row.name = h->tag;
	f->heads[f->n++] = h;
	return h;
}

/* Moves the head of the tag behind those that were ordered before. */
static void fold_order_one(const char *tag, void *fold)
{
	struct fold *f = fold;
	struct fold_head *h = fold_find(f, tag);
	size_t at = f->ordered;
	while (at < f->n && f->heads[at] != h)
		at++;
	if (at == f->n) /* ordered already: there are more tags than heads */
		return;
	f->heads[at] = f->heads[f->ordered];
	f->heads[f->ordered++] = h;
}

/* Makes the heads that are missing. Servers without a tag come after those with one. */
static void fold_order(struct console *c, struct fold *f)
{
	f->ordered = 0;
	tags_each(store_settings(c->store), fold_order_one, f);
	fold_find(f, FOLD_NONE);
}

/* Writes the first tag of the server. */
static void fold_tag_of(const struct server *v, char tag[FOLD_TAG])
{
	char tags[FOLD_TAG * 4];
	server_tags(v, tags, sizeof(tags));
	tags[strcspn(tags, " ")] = '\0';
	snprintf(tag, FOLD_TAG, "%.*s", FOLD_TAG - 1, *tags ? tags : FOLD_NONE);
}

void fold_clear(struct pane *p)
{
	for (size_t i = 0; p->fold && i < p->fold->n; i++)
		p->fold->heads[i]->n = 0;
}

void fold_finish(struct pane *p)
{
	for (size_t i = 0; p->fold && i < p->fold->n; i++) {
		free(p->fold->heads[i]->rows);
		free(p->fold->heads[i]);
	}
	free(p->fold);
	p->fold = NULL;
}

void fold_arrange(struct console *c, struct pane *p)
{
	struct fold *f = p->fold;
	char tag[FOLD_TAG];
	fold_clear(p);
	fold_order(c, f);
	for (size_t i = 0; i < p->n; i++) {
		const struct row *r = p->rows[i];
		fold_tag_of(r->server, tag);
		struct fold_head *h = fold_find(f, tag);
		h->panel = p->panel;
		if (h->n == h->cap) {
			h->cap = h->cap ? h->cap * 2 : 16;
			h->rows = xrealloc(h->rows, h->cap * sizeof(*h->rows));
		}
		/* the head is as unwell as the worst row under it */
		if (!h->n || r->health > h->row.health)
			h->row.health = r->health;
		h->row.server = h->n ? h->row.server : r->server;
		h->rows[h->n++] = r;
	}
	if (p->n + f->n > p->cap) {
		p->cap = p->n + f->n;
		p->rows = xrealloc(p->rows, p->cap * sizeof(*p->rows));
	}
	p->n = 0;
	for (size_t i = 0; i < f->n; i++) {
		/* the head's line, then the rows under it unless it is closed */
		const struct fold_head *h = f->heads[i];
		if (h->n)
			p->rows[p->n++] = &h->row;
		for (size_t k = 0; !h->closed && k < h->n; k++)
			p->rows[p->n++] = h->rows[k];
	}
}

/* --- what a head says ------------------------------------------------------- */

/* Adds "3 up" after a comma; nothing for 0. */
static void fold_say(struct cell *c, size_t n, const char *one, const char *many, size_t *said)
{
	if (n)
		cell_add(c, "%s%zu ", (*said)++ ? ", " : "  ", n);
	if (n)
		cell_add(c, "%s", n == 1 ? one : many);
}

void fold_cell(const struct row *head, struct cell *c)
{
	const struct fold_head *h = fold_head_of(head);
	const bool servers = h->panel->kind == &kind_server;
	size_t by_health[HEALTHS] = { 0 }, up = 0, problems = 0, said = 0;
	for (size_t i = 0; i < h->n; i++) {
		const struct server *v = h->rows[i]->server;
		by_health[h->rows[i]->health]++;
		up += v->link && v->link->state == LINK_UP;
		problems += (size_t)v->problems;
	}
	const char *name = strcmp(h->tag, FOLD_NONE) != 0 ? h->tag : "without a tag";
	cell_set(c, tone_health(head->health), "%s %s", h->closed ? "+" : "-", name);
	if (servers) { /* with what needs the user of all that runs on them */
		fold_say(c, up, "up", "up", &said);
		fold_say(c, h->n - up, "down", "down", &said);
		fold_say(c, problems, "needs you", "need you", &said);
		return;
	}
	if (!h->panel->needs) {
		fold_say(c, by_health[HEALTH_GOOD] + by_health[HEALTH_BUSY], "up", "up", &said);
		fold_say(c, by_health[HEALTH_IDLE], "stopped", "stopped", &said);
		fold_say(c, by_health[HEALTH_UNKNOWN], "unknown", "unknown", &said);
	}
	fold_say(c, by_health[HEALTH_ATTENTION] + by_health[HEALTH_BAD], "needs you", "need you",
	         &said);
	fold_say(c, by_health[HEALTH_ASKS], "asks you", "ask you", &said);
}

void fold_names(const struct row *head, struct cell *c)
{
	const struct fold_head *h = fold_head_of(head);
	const struct server *last = NULL;
	cell_set(c, TONE_DIM, "%s", "");
	for (size_t i = 0; i < h->n; i++) {
		bool known = false;
		for (size_t k = 0; k < i && !known; k++)
			known = h->rows[k]->server == h->rows[i]->server;
		if (known)
			continue;
		cell_add(c, "%s%s", last ? ", " : "", h->rows[i]->server->name);
		last = h->rows[i]->server;
		if (cells(c->text) > CELL_MAX / 2) {
			cell_add(c, ", %s", glyph_ellipsis());
			break;
		}
	}
}

/* --- acting on it ------------------------------------------------------------ */

const struct row *fold_at(struct console *c)
{
	const struct pane *p = pane_focused(c);
	if (c->view || !p->table || !p->fold)
		return NULL;
	panes_refresh(c);
	const struct row *r = table_cursor(p->table);
	return r && row_is_head(r) ? r : NULL;
}

size_t fold_rows(struct console *c, const struct row *head, struct row **out, size_t max)
{
	const struct fold_head *h = fold_head_of(head);
	size_t n = 0;
	for (size_t i = 0; i < h->n && n < max; i++)
		if ((out[n] = store_find(c->store, h->rows[i]->id)))
			n++;
	return n;
}

size_t fold_count(const struct pane *p)
{
	size_t n = 0;
	for (size_t i = 0; p->fold && i < p->fold->n; i++)
		n += p->fold->heads[i]->n;
	return n;
}

void fold_open(struct pane *p, const struct row *r)
{
	char tag[FOLD_TAG] = "";
	if (r)
		fold_tag_of(r->server, tag);
	for (size_t i = 0; p->fold && i < p->fold->n; i++)
		if (!r || !strcmp(p->fold->heads[i]->tag, tag))
			p->fold->heads[i]->closed = false;
	if (p->fold)
		p->state = ROWS_DIRTY;
}

size_t fold_under(const struct row *r, const struct row *const **rows)
{
	const struct fold_head *h = fold_head_of(r);
	*rows = h ? h->rows : NULL;
	return h ? h->n : 0;
}

bool fold_take(struct console *c, const struct action *a)
{
	const struct row *head = fold_at(c);
	struct row *rows[ROWS_MAX];
	size_t n = head ? fold_rows(c, head, rows, ROWS_MAX) : 0;
	bool logs = false;
	if (!head)
		return false;
	for (size_t i = 0; i < n; i++)
		logs = logs || row_has_log(rows[i]);
	if (!strcmp(a->name, "row-open")) {
		fold_toggle(c);
	} else if (!strcmp(a->name, "row-mark")) {
		pane_focused(c)->moved = true;
		table_mark_toggle(pane_focused(c)->table);
		console_redraw(c);
	} else if (!strcmp(a->name, "row-mark-all")) {
		table_mark_shown(pane_focused(c)->table);
		console_redraw(c);
	} else if (!strcmp(a->name, "row-acknowledge") && n) {
		aside_ask(c, head->name);
	} else if (!strcmp(a->name, "row-snooze") && n) {
		aside_snooze(c);
	} else if (!strcmp(a->name, "row-logs") && logs) {
		view_open_log(c);
	} else {
		const char *how = fold_head_of(head)->closed ? "[Enter] opens" : "go to one under";
		console_flash(c, TONE_PLAIN, "%s: for one row; %s %s", a->verb, how, head->name);
	}
	return true;
}

/* --- folding ------------------------------------------------------------------ */

/* Can the pane be folded? Says why not. */
static bool fold_can(struct console *c, const struct pane *p)
{
	bool tagged = false;
	for (const struct server_config *s = store_settings(c->store)->servers; s; s = s->next)
		tagged = tagged || (s->tags && *s->tags);
	if (!p->table || p->panel->reads_others)
		console_flash(c, TONE_PLAIN,
		              "%s cannot be grouped by tag; servers, needs and containers can",
		              p->panel->title);
	else if (!tagged)
		console_flash(c, TONE_PLAIN,
		              "No server has a tag; `tags = prod home` in [server NAME] makes "
		              "groups.");
	return p->table && !p->panel->reads_others && tagged;
}

static void fold_changed(struct console *c, struct pane *p)
{
	p->state = ROWS_DIRTY;
	p->moved = true;
	look_keep(c);
}

void fold_toggle(struct console *c)
{
	struct pane *p = pane_focused(c);
	char tag[FOLD_TAG];
	panes_refresh(c);
	if (!fold_can(c, p))
		return;
	const struct row *r = table_cursor(p->table);
	struct fold_head *h = fold_head_of(r);
	if (!p->fold)
		p->fold = xcalloc(1, sizeof(*p->fold));
	if (!h && r) {
		fold_tag_of(r->server, tag);
		fold_order(c, p->fold);
		h = fold_find(p->fold, tag);
	}
	if (h)
		h->closed = !h->closed;
	fold_changed(c, p);
	pane_refresh(c, p);
	if (h)
		table_seek(p->table, h->tag);
}

void fold_cycle(struct console *c)
{
	struct pane *p = pane_focused(c);
	bool any = false;
	if (!p->fold) {
		if (!fold_can(c, p))
			return;
		p->fold = xcalloc(1, sizeof(*p->fold));
		fold_order(c, p->fold);
		for (size_t i = 0; i < p->fold->n; i++)
			p->fold->heads[i]->closed = true;
		fold_changed(c, p);
		return;
	}
	for (size_t i = 0; i < p->fold->n; i++)
		any = any || (p->fold->heads[i]->closed && p->fold->heads[i]->n);
	if (any) {
		fold_open(p, NULL);
	} else {
		table_set_rows(p->table, NULL, 0);
		p->n = 0;
		fold_finish(p);
		console_flash(c, TONE_PLAIN, "%s: no longer by tag", p->panel->title);
	}
	fold_changed(c, p);
}

void fold_write(const struct pane *p, struct buf *out)
{
	if (!p->fold)
		return;
	buf_addf(out, "fold %s", p->panel->name);
	for (size_t i = 0; i < p->fold->n; i++)
		if (p->fold->heads[i]->closed)
			buf_addf(out, " %s", p->fold->heads[i]->tag);
	buf_puts(out, "\n");
}

void fold_read(struct pane *p, const char *tags)
{
	char tag[FOLD_TAG];
	if (!p->table || p->panel->reads_others)
		return;
	fold_finish(p);
	p->fold = xcalloc(1, sizeof(*p->fold));
	while (tags && table_next_name(&tags, tag, sizeof(tag)))
		if (tag[0] == '@')
			fold_find(p->fold, tag)->closed = true;
}
