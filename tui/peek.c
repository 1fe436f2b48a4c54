/* peek.c: see peek.h. */
#include "tui/peek.h"

#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "tui/pager.h"

#define PEEK_WIDE 120  /* from this width of the pane on it is at its side */
#define PEEK_HEIGHT 10 /* a lower pane has no room for two */

struct peek {
	struct canvas at; /* height 0: no room now */
	char *id;         /* of the row it shows; owned; NULL none */
	struct doc doc;
	struct pager *pager; /* NULL: nothing shown yet */
	uint64_t built_at;   /* generation of the store */
};

static const struct panel *peek_panel(const struct console *c)
{
	const struct panel *panel = c->panes[c->focus].panel;
	return panel->extra && panel->extra->peek ? panel : NULL;
}

static void peek_forget(struct peek *p)
{
	pager_destroy(p->pager);
	p->pager = NULL;
	doc_finish(&p->doc);
	doc_init(&p->doc);
	free(p->id);
	p->id = NULL;
}

void peek_destroy(struct peek *p)
{
	if (!p)
		return;
	peek_forget(p);
	free(p);
}

void peek_toggle(struct console *c)
{
	if (c->peek) {
		peek_destroy(c->peek);
		c->peek = NULL;
	} else {
		c->peek = xcalloc(1, sizeof(*c->peek));
		doc_init(&c->peek->doc);
		peek_lay_out(c);
		if (!c->peek->at.height)
			console_flash(c, TONE_WARN, "There is no room to peek; a larger screen or "
			                            "[z] gives some.");
	}
	console_redraw(c);
}

void peek_lay_out(struct console *c)
{
	if (!c->peek)
		return;
	c->peek->at = (struct canvas){ 0 };
	if (c->layout.beside.height > 0)
		return; /* the row's details are there already */
	for (size_t i = 0; i < c->layout.n && peek_panel(c); i++)
		if (c->layout.panes[i].panel == c->focus) {
			/* Divides the pane: the rest of it is where the row is shown. */
			struct canvas *list = &c->layout.panes[i].at, *rest = &c->peek->at;
			*rest = *list;
			if (list->width >= PEEK_WIDE) {
				rest->width = list->width / 2;
				list->width -= rest->width;
				rest->x += list->width;
			} else if (list->height >= PEEK_HEIGHT) {
				rest->height = list->height / 2;
				list->height -= rest->height;
				rest->y += list->height;
			} else {
				rest->height = 0;
			}
		}
}

void peek_draw(struct console *c)
{
	struct peek *p = c->peek;
	if (!p || !p->at.height || !peek_panel(c))
		return;
	const struct pane *pane = &c->panes[c->focus];
	const struct row *under = pane->table ? table_cursor(pane->table) : NULL;
	struct row *r = under ? store_find(c->store, under->id) : NULL;
	struct canvas text = canvas_part(&p->at, 1, 1, p->at.height - 1, p->at.width - 1);
	canvas_clear(&p->at);
	canvas_fill(&p->at, 0, 0, -1, TONE_BORDER, glyph_rule());
	if (!r || !r->source) {
		peek_forget(p);
		return;
	}
	/* The row is read again if anything changed. The place in the text stays while the row
	 * does. */
	if (p->id && strcmp(p->id, r->id) != 0)
		peek_forget(p);
	if (!p->id || p->built_at != store_generation(c->store)) {
		struct doc fresh;
		doc_init(&fresh);
		peek_panel(c)->extra->peek(r, &fresh);
		if (p->pager)
			pager_set_doc(p->pager, &fresh);
		doc_finish(&p->doc);
		p->doc = fresh;
		if (p->pager)
			pager_set_doc(p->pager, &p->doc);
		else
			p->pager = pager_create_doc(&p->doc);
		p->built_at = store_generation(c->store);
		xreplace(&p->id, r->id);
	}
	canvas_textf(&p->at, 0, 1, p->at.width - 2, TONE_PLAIN, " %s ", r->name);
	pager_draw(p->pager, &text);
}
