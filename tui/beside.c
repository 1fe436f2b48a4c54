/* beside.c: see beside.h. */
#include "tui/beside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/store/doc.h"

struct beside {
	char id[ID_MAX];   /* of the row under the cursor; "": none */
	int64_t since_ms;  /* wall clock, since when the cursor is there */
	bool looked;       /* the details of that row were made */
	uint64_t built_at; /* generation of the store */
	int width;         /* of the place, in cells */
	struct doc doc;
	struct pager *pager; /* owned; NULL: nothing was made yet */
};

static void beside_forget(struct beside *b)
{
	pager_destroy(b->pager);
	b->pager = NULL;
	doc_finish(&b->doc);
	b->looked = false;
}

void beside_finish(struct console *c)
{
	if (!c->beside)
		return;
	beside_forget(c->beside);
	free(c->beside);
	c->beside = NULL;
}

void beside_draw(struct console *c, const struct canvas *at)
{
	if (!c->beside) {
		c->beside = xcalloc(1, sizeof(*c->beside));
		doc_init(&c->beside->doc);
	}
	struct beside *b = c->beside;
	struct pane *p = pane_focused(c);
	const struct row *under = p->table ? table_cursor(p->table) : NULL;
	struct row *r = under ? store_find(c->store, under->id) : NULL;
	struct canvas text = canvas_part(at, 1, 1, -1, -1);
	const char *id = r ? r->id : "";
	if (strcmp(b->id, id) != 0) {
		beside_forget(b);
		snprintf(b->id, sizeof(b->id), "%s", id);
		b->since_ms = now_wall_ms();
	}
	canvas_fill(at, 0, 0, -1, TONE_BORDER, glyph_rule());
	if (!r || !r->kind->detail)
		return;
	struct canvas head = canvas_part(at, 0, 1, 1, at->width - 2);
	canvas_textf(&head, 0, 0, -1, TONE_TITLE, " %s ", r->id);
	bool rests = b->looked || now_wall_ms() >= b->since_ms + BESIDE_REST_MS;
	if (!rests) {
		note_change(c, b->since_ms + BESIDE_REST_MS);
		return;
	}
	bool old = b->built_at != store_generation(c->store) || b->width != text.width;
	if (!b->looked || old) {
		struct doc fresh;
		doc_init(&fresh);
		if (!b->looked)
			r->details_opened++;
		b->looked = true;
		b->built_at = store_generation(c->store);
		b->width = text.width;
		view_details(c, r, false, text.width, &fresh);
		if (b->pager)
			pager_set_doc(b->pager, &fresh);
		doc_finish(&b->doc);
		b->doc = fresh;
		if (b->pager)
			pager_set_doc(b->pager, &b->doc);
		else
			b->pager = pager_create_doc(&b->doc);
	}
	pager_draw(b->pager, &text);
}
