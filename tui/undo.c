/* undo.c: see undo.h. A place is compared as a whole. A cursor that moves row by row is no change
 * of place, but the place that is left remembers where the cursor was. */
#include "tui/undo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "tui/console_internal.h"

#define UNDO_MAX 50 /* places; the oldest goes first */

struct place {
	size_t focus;
	char scope[sizeof(((struct console *)0)->scope)];
	char filter[FILTER_MAX], cursor[ID_MAX], sort[64];
	bool zoom, problems, aside, reverse;
};
struct undo {
	bool known; /* now is set */
	struct place now, before[UNDO_MAX];
	size_t n;
};

void undo_finish(struct console *c)
{
	free(c->undo);
	c->undo = NULL;
}

static struct place undo_here(struct console *c)
{
	const struct pane *p = pane_focused(c);
	struct place at = { .focus = c->focus,
		            .zoom = c->zoom,
		            .problems = p->problems,
		            .aside = p->aside };
	const char *sort = p->table ? table_sort_name(p->table) : NULL;
	snprintf(at.scope, sizeof(at.scope), "%s", c->scope);
	snprintf(at.filter, sizeof(at.filter), "%s", p->filter);
	snprintf(at.sort, sizeof(at.sort), "%s", sort ? sort : "");
	if (p->table) {
		at.reverse = table_sort_is_reversed(p->table);
		snprintf(at.cursor, sizeof(at.cursor), "%s", table_cursor_id(p->table));
	}
	return at;
}

void undo_note(struct console *c)
{
	if (c->line || c->dialog || c->view || !c->n_panes)
		return;
	if (!c->undo)
		c->undo = xcalloc(1, sizeof(*c->undo));
	struct undo *u = c->undo;
	struct place here = undo_here(c);
	const struct place *was = &u->now;
	bool same = was->focus == here.focus && was->zoom == here.zoom &&
	            was->problems == here.problems && was->aside == here.aside &&
	            was->reverse == here.reverse && !strcmp(was->scope, here.scope) &&
	            !strcmp(was->filter, here.filter) && !strcmp(was->sort, here.sort);
	if (u->known && !same) {
		if (u->n == UNDO_MAX)
			memmove(&u->before[0], &u->before[1], --u->n * sizeof(u->before[0]));
		u->before[u->n++] = u->now;
	}
	u->now = here;
	u->known = true;
}

void undo_step(struct console *c)
{
	struct undo *u = c->undo;
	if (!u || !u->n) {
		console_flash(c, TONE_PLAIN, "Nothing to undo: this is where you began.");
		return;
	}
	struct place to = u->before[--u->n];
	if (strcmp(c->scope, to.scope) != 0)
		console_enter_server(c, to.scope);
	pane_focus(c, to.focus);
	c->zoom = to.zoom;
	struct pane *p = pane_focused(c);
	p->problems = to.problems;
	p->aside = to.aside;
	if (p->table)
		table_sort_by(p->table, *to.sort ? to.sort : NULL, to.reverse);
	pane_set_filter(c, p, to.filter);
	p->state = ROWS_DIRTY;
	panes_refresh(c);
	if (p->table && *to.cursor)
		p->moved |= table_seek(p->table, to.cursor);
	console_redraw(c);
	u->now = undo_here(c); /* going back is no change to take back */
}
