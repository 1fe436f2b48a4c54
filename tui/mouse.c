/* mouse.c: see mouse.h. */
#include "tui/mouse.h"

#include "tui/look.h"

#define WHEEL_LINES 3

void mouse_use(struct console *c, bool on)
{
	canvas_set_mouse(on);
	keys_set_mouse(c->keys, on);
}

static bool mouse_in(const struct canvas *at, const struct mouse *m)
{
	return m->y >= at->y && m->y < at->y + at->height && m->x >= at->x &&
	       m->x < at->x + at->width;
}

static const struct layout_pane *mouse_pane(const struct console *c, const struct mouse *m)
{
	for (size_t i = 0; i < c->layout.n; i++)
		if (mouse_in(&c->layout.panes[i].at, m))
			return &c->layout.panes[i];
	return NULL;
}

/* The wheel is the arrow key of what is open; among the panes it moves the cursor of the pane under
 * it. */
static void mouse_wheel(struct console *c, const struct mouse *m)
{
	bool up = m->what == MOUSE_WHEEL_UP;
	const struct key arrow = { .code = up ? K_UP : K_DOWN };
	const struct layout_pane *at = mouse_pane(c, m);
	if (c->line && !c->dialog)
		return;
	if (c->dialog || c->view) {
		for (int i = 0; i < (c->view && !c->dialog ? WHEEL_LINES : 1); i++)
			console_key(c, &arrow);
		return;
	}
	struct pane *p = at ? &c->panes[at->panel] : NULL;
	for (int i = 0; p && p->table && i < WHEEL_LINES; i++)
		table_move(p->table, up ? TABLE_UP : TABLE_DOWN);
	if (p)
		p->moved = true;
}

static void mouse_press(struct console *c, const struct mouse *m)
{
	const struct layout_pane *at = mouse_pane(c, m);
	bool body = mouse_in(&c->layout.body, m);
	c->holds = HOLDS_NONE; /* a release may have been lost */
	if (body && m->x == c->layout.border_x)
		c->holds = HOLDS_COLUMN;
	else if (body && m->y == c->layout.border_y)
		c->holds = HOLDS_ROW;
	if (mouse_in(&c->layout.bar, m) && bar_panel_at(c, m->x) < c->n_panes)
		pane_focus(c, bar_panel_at(c, m->x));
	if (!at)
		return;
	struct pane *p = &c->panes[at->panel];
	pane_focus(c, at->panel);
	if (p->table && table_click(p->table, m->y - at->at.y - at->title))
		p->moved = true;
}

/* A candidate is taken; a click above the line and its candidates closes the line. */
static void mouse_press_line(struct console *c, const struct mouse *m)
{
	int last = canvas_screen().height - 1;
	if (m->y < last - lineedit_list_rows(c->line, last / 2))
		console_key(c, &(struct key){ .code = K_ESC });
	else if (lineedit_list_click(c->line, m->y, m->x))
		line_preview(c);
}

static void mouse_press_box(struct console *c, const struct mouse *m)
{
	struct dialog *d = c->dialog;
	if (!dialog_click(d, m->y, m->x))
		return;
	c->dialog = NULL; /* the called function may open another dialog */
	dialog_finish(d);
}

void mouse_take(struct console *c, const struct mouse *m)
{
	console_redraw(c);
	switch (m->what) {
	case MOUSE_WHEEL_UP:
	case MOUSE_WHEEL_DOWN: mouse_wheel(c, m); break;
	case MOUSE_PRESS:
		if (c->dialog)
			mouse_press_box(c, m);
		else if (c->line)
			mouse_press_line(c, m);
		else if (!c->view)
			mouse_press(c, m);
		break;
	case MOUSE_DRAG:
		if (c->holds == HOLDS_ROW)
			look_border_to(c, m->y, -1);
		else if (c->holds == HOLDS_COLUMN)
			look_border_to(c, -1, m->x);
		break;
	case MOUSE_RELEASE:
		if (c->holds != HOLDS_NONE)
			look_keep(c);
		c->holds = HOLDS_NONE;
		break;
	}
}
