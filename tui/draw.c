/* Draws one frame: lays out the screen, and tells the store which rows are shown. */
#include <string.h>

#include "backends/base/human.h"
#include "tui/attach.h"
#include "tui/beside.h"
#include "tui/console_internal.h"
#include "tui/peek.h"

#define FLASH_LINES 3
#define EMPTY_FLEET_LINES 5

void note_change(struct console *c, int64_t wall_ms)
{
	if (wall_ms && (!c->next_change_ms || wall_ms < c->next_change_ms))
		c->next_change_ms = wall_ms;
}

/* How many lines each pane would like. */
static void draw_count_rows(struct console *c)
{
	for (size_t i = 0; i < c->n_panes; i++) {
		const struct pane *p = &c->panes[i];
		if (!p->table)
			c->pane_rows[i] = p->lines;
		else if (p->fold && p->state != ROWS_DIRTY)
			c->pane_rows[i] = p->n;
		else
			c->pane_rows[i] = p->total + p->remembered;
	}
	/* an empty fleet shows how to add servers */
	if (!c->pane_rows[PANE_FLEET])
		c->pane_rows[PANE_FLEET] = EMPTY_FLEET_LINES;
}

/* Draws the typed line on the bottom line, with its candidates above. */
static void console_draw_line(struct console *c)
{
	struct canvas screen = canvas_screen();
	int y = screen.height > 0 ? screen.height - 1 : 0; /* the last line */
	struct canvas line = canvas_part(&screen, y, 0, 1, -1);
	canvas_clear(&line);
	lineedit_draw(c->line, &line, 0, 0, -1, true);
	int rows = lineedit_list_rows(c->line, y / 2);
	if (rows > 0 && y - rows >= 0) {
		struct canvas list = canvas_part(&screen, y - rows, 0, rows, -1);
		canvas_clear(&list);
		lineedit_list_draw(c->line, &list);
	}
}

size_t wrap(const char *text, int width)
{
	size_t n = cells_fit(text, width > 1 ? (size_t)width : 1, NULL), cut = n;
	if (!text[n])
		return n;
	while (cut > n / 2 && text[cut] != ' ')
		cut--;
	if (cut > n / 2)
		return cut;
	if (n)
		return n;
	return strlen(text);
}

int draw_wrapped(const struct canvas *at, int y, int x, enum tone tone, const char *text)
{
	int first = y;
	while (*text && y < at->height) {
		size_t n = wrap(text, at->width - x - 1);
		canvas_textf(at, y++, x, -1, tone, "%.*s", (int)n, text);
		text += n + strspn(text + n, " ");
	}
	return y - first;
}

/* Draws a message on the bottom line, or up to FLASH_LINES lines. */
static void draw_flash(struct console *c)
{
	struct canvas screen = canvas_screen();
	int lines = 0, most = screen.height / 6 < FLASH_LINES ? screen.height / 6 : FLASH_LINES;
	if (!c->flash[0])
		return;
	if (now_wall_ms() >= c->flash_until_ms) {
		c->flash[0] = '\0';
		return;
	}
	for (const char *t = c->flash; *t && (lines < most || !lines); lines++) {
		t += wrap(t, screen.width - 2);
		t += strspn(t, " ");
	}
	struct canvas at = canvas_part(&screen, screen.height - lines, 0, lines, -1);
	canvas_clear(&at);
	draw_wrapped(&at, 0, 1, c->flash_tone, c->flash);
	note_change(c, c->flash_until_ms);
}

void console_draw(struct console *c)
{
	struct canvas screen = canvas_screen();
	if (attach_current())
		return;
	c->next_change_ms = 0;
	panes_refresh(c);
	view_refresh(c);
	struct layout_want want = {
		.height = screen.height,
		.width = screen.width,
		.n = c->n_panes,
		.focus = c->focus,
		.other = c->other,
		.in_server = c->scope[0],
		.zoom = c->zoom,
		.style = c->look.style,
		.upper = c->look.upper[c->look.style],
		.left = c->look.left[c->look.style],
		.hidden = c->look.hidden,
		.hints = c->settings->screen.hints && !c->hide_hints,
		.rows = c->pane_rows,
	};
	draw_count_rows(c);
	want.says = says_want(c, screen.width);
	struct layout before = c->layout;
	layout(&want, &c->layout);
	bool moved = false;
	/* the height of a pane that was not there depends on lines that nobody counted yet */
	for (size_t i = 0; i < c->layout.n; i++) {
		const struct layout_pane *p = &c->layout.panes[i];
		if (!layout_shows(&before, p->panel))
			moved = pane_count_lines(c, p->panel, &p->at) || moved;
	}
	if (moved) {
		draw_count_rows(c);
		layout(&want, &c->layout);
	}
	peek_lay_out(c);
	c->look.drawn_upper = want.upper;
	c->look.drawn_left = want.left;
	canvas_clear(&screen);
	store_shown_begin(c->store);
	draw_header(c);
	if (c->view)
		view_draw(c, &c->layout.view);
	else {
		for (size_t i = 0; i < c->layout.n; i++) {
			const struct layout_pane *p = &c->layout.panes[i];
			pane_draw(c, p->panel, &p->at, p->title);
		}
		peek_draw(c);
		if (c->layout.beside.height > 0)
			beside_draw(c, &c->layout.beside);
	}
	store_shown_end(c->store);
	if (c->layout.says.height && !c->view)
		draw_says(c);
	if (c->layout.bar.height && !c->view)
		draw_bar(c);
	if (c->layout.hint.height)
		draw_hint(c);
	draw_flash(c);
	if (c->line)
		console_draw_line(c);
	if (c->dialog)
		dialog_draw(c->dialog, &screen);
	canvas_flush();
}
