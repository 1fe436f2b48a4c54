/* look.c: see look.h. */
#include "tui/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/state_file.h"
#include "backends/store/doc.h"
#include "tui/fold.h"
#include "tui/near.h"

#define LOOK_MAX (64u << 10) /* bytes of the file */
#define LOOK_STEP_X 4        /* cells that a key moves a border */
#define BORDER_FAR 500 /* cells that a border may be moved */
#define COLUMN_NAMES 64
#define NAMES_TEXT 1024

/* --- columns ------------------------------------------------------------- */

static size_t look_column_names(const struct panel *p, const char **names)
{
	size_t n = 0;
	for (const struct column *c = p->columns; c && c->name && n < COLUMN_NAMES; c++)
		names[n++] = c->name;
	return n;
}

static const struct look_config *look_section(const struct console *c, const struct pane *p)
{
	const struct look_config *one = c->settings ? c->settings->looks : NULL;
	while (one && strcmp(one->name, p->panel->name) != 0)
		one = one->next;
	return one && one->columns ? one : NULL;
}

/* --- what is kept -------------------------------------------------------- */

static char *look_file(const struct console *c)
{
	const char *dir = c->settings ? c->settings->state_dir : NULL;
	return dir && strcmp(dir, "/dev/null") != 0 ? xasprintf("%s/look", dir) : NULL;
}

void look_keep(struct console *c)
{
	char *path = look_file(c);
	struct buf out;
	struct err err;
	buf_init(&out, LOOK_MAX);
	char names[NAMES_TEXT];
	buf_addf(&out, "layout %s\n", layout_names[c->look.style]);
	for (int i = 0; i < LAYOUT_STYLES; i++)
		if (c->look.upper[i] || c->look.left[i])
			buf_addf(&out, "borders %s %d %d\n", layout_names[i], c->look.upper[i],
			         c->look.left[i]);
	for (size_t i = 0; i < c->n_panes; i++) {
		const struct pane *p = &c->panes[i];
		if (c->look.hidden[i])
			buf_addf(&out, "hide %s\n", p->panel->name);
		fold_write(p, &out);
		if (!p->table || !table_columns_chosen(p->table) || look_section(c, p))
			continue;
		/* The columns that are shown now, by name. The age is no choice: it stands where it
		 * is needed. */
		const char *name;
		bool shown;
		size_t len = 0;
		names[0] = '\0';
		for (size_t k = 0; table_column(p->table, k, &name, &shown); k++)
			if (shown && len < sizeof(names))
				len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s",
				                        len ? " " : "", name);
		buf_addf(&out, "columns %s %s\n", p->panel->name, names);
	}
	if (path && !state_write(path, out.data, out.len, &err))
		console_flash(c, TONE_WARN, "the layout is not kept: %s", err.text);
	buf_finish(&out);
	free(path);
	console_redraw(c);
}

static int look_style(const char *name)
{
	int i = 0;
	while (i < LAYOUT_STYLES && strcmp(layout_names[i], name) != 0)
		i++;
	return i;
}

/* The next word of a line, which ends there. */
static char *look_word(char **rest)
{
	char *word = strsep(rest, " ");
	return word ? word : "";
}

static int look_cells(const char *word)
{
	return (int)number_read(word, -BORDER_FAR, BORDER_FAR, 0);
}

/* A line that this version does not know means nothing. */
static void look_read_line(struct console *c, char *line)
{
	char bad[64], *what = look_word(&line), *name = look_word(&line);
	int style = look_style(name);
	size_t i = 0;
	while (i < c->n_panes && strcmp(c->panes[i].panel->name, name) != 0)
		i++;
	size_t pane = i;
	if (!strcmp(what, "layout") && style < LAYOUT_STYLES) {
		c->look.style = (enum layout_style)style;
	} else if (!strcmp(what, "borders") && style < LAYOUT_STYLES) {
		c->look.upper[style] = look_cells(look_word(&line));
		c->look.left[style] = look_cells(look_word(&line));
	} else if (!strcmp(what, "hide") && pane < c->n_panes) {
		c->look.hidden[pane] = pane != PANE_FLEET && pane != PANE_NEEDS;
	} else if (!strcmp(what, "fold") && pane < c->n_panes) {
		fold_read(&c->panes[pane], line);
	} else if (!strcmp(what, "columns") && pane < c->n_panes && c->panes[pane].table && line) {
		table_choose_columns(c->panes[pane].table, line, bad, sizeof(bad));
	}
}

void look_load(struct console *c)
{
	char bad[64];
	bool first = !c->look.hidden;
	if (first) {
		c->look.hidden = xcalloc(c->n_panes, sizeof(*c->look.hidden));
		char *path = look_file(c), *text = NULL, *rest, *line;
		struct err err;
		size_t len;
		if (path)
			text = state_read(path, LOOK_MAX, &len, &err);
		for (rest = text; rest && (line = strsep(&rest, "\n"));)
			look_read_line(c, line);
		free(text);
		free(path);
	}
	if (c->settings->layout)
		c->look.style = (enum layout_style)look_style(c->settings->layout);
	for (size_t i = 0; i < c->n_panes; i++) {
		const struct look_config *one = look_section(c, &c->panes[i]);
		if (one && c->panes[i].table)
			table_choose_columns(c->panes[i].table, one->columns, bad, sizeof(bad));
	}
}

void look_finish(struct console *c)
{
	free(c->look.hidden);
}

/* --- the layout ---------------------------------------------------------- */

static void look_use(struct console *c, enum layout_style style)
{
	c->look.style = style;
	c->zoom = false;
	look_keep(c);
	if (c->settings->layout && strcmp(c->settings->layout, layout_names[style]) != 0)
		console_flash(c, TONE_PLAIN,
		              "layout %s until mocr ends; the configuration has layout = %s",
		              layout_names[style], c->settings->layout);
	else
		console_flash(c, TONE_PLAIN, "layout %s", layout_names[style]);
}

void look_next(struct console *c)
{
	look_use(c, (enum layout_style)((c->look.style + 1) % LAYOUT_STYLES));
}

void look_set(struct console *c, const char *name)
{
	int style = look_style(name);
	if (style < LAYOUT_STYLES) {
		look_use(c, (enum layout_style)style);
		return;
	}
	char near[NEAR_SIZE];
	console_flash(c, TONE_WARN, "there is no layout %s%s", name,
	              near_name(name, layout_names, LAYOUT_STYLES, "",
	                        "; there are panes, big, columns and beside", near));
}

const struct look_step look_steps[] = {
	[LOOK_TALLER] = { 1, 0 },
	[LOOK_LOWER] = { -1, 0 },
	[LOOK_WIDER] = { 0, LOOK_STEP_X },
	[LOOK_NARROWER] = { 0, -LOOK_STEP_X },
};

/* Counts from where the border is now, which may be less far than the user wanted. */
void look_move(struct console *c)
{
	const struct look_step *step = c->action->data;
	int down = step->down, right = step->right;
	enum layout_style style = c->look.style;
	bool can = (down && c->layout.border_y >= 0) || (right && c->layout.border_x >= 0);
	if (!can) {
		console_flash(c, TONE_PLAIN, "this layout has no border between %s here",
		              down ? "above and below" : "left and right");
		return;
	}
	/* a move that is not drawn yet counts whole */
	if (c->look.upper[style] == c->look.drawn_upper)
		c->look.upper[style] = c->layout.upper;
	if (c->look.left[style] == c->look.drawn_left)
		c->look.left[style] = c->layout.left;
	c->look.upper[style] += down;
	c->look.left[style] += right;
	console_redraw(c);
	look_keep(c);
}

void look_border_to(struct console *c, int y, int x)
{
	enum layout_style style = c->look.style;
	if (y >= 0 && c->layout.border_y >= 0)
		c->look.upper[style] = c->layout.upper + y - c->layout.border_y;
	if (x >= 0 && c->layout.border_x >= 0)
		c->look.left[style] = c->layout.left + x - c->layout.border_x;
	console_redraw(c);
}

void look_hide(struct console *c)
{
	size_t here = c->focus;
	const char *title = c->panes[here].panel->title;
	if (here == PANE_FLEET || here == PANE_NEEDS) {
		console_flash(c, TONE_WARN, "%s stays: it shows what needs you", title);
		return;
	}
	c->look.hidden[here] = !c->look.hidden[here];
	look_keep(c);
	if (!c->look.hidden[here]) {
		console_flash(c, TONE_PLAIN, "%s is shown again", title);
		return;
	}
	pane_focus(c, PANE_FLEET);
	c->other = PANE_CONTAINERS;
	console_flash(c, TONE_PLAIN, "%s is hidden; its key or name shows it while you are there",
	              title);
}

void look_show_all(struct console *c)
{
	memset(c->look.hidden, 0, c->n_panes * sizeof(*c->look.hidden));
	look_keep(c);
	console_flash(c, TONE_PLAIN, "all panes are shown");
}

/* --- columns of a panel -------------------------------------------------- */

void look_columns(struct console *c, const char *names)
{
	const char *all[COLUMN_NAMES];
	struct pane *p = pane_focused(c);
	char bad[64] = "";
	if (!p->table) {
		console_flash(c, TONE_PLAIN, "%s has no columns", p->panel->title);
		return;
	}
	if (!strcmp(names, "default"))
		names = "";
	if (!table_choose_columns(p->table, names, bad, sizeof(bad))) {
		char near[NEAR_SIZE];
		near_name(bad, all, look_column_names(p->panel, all), "", "; [Tab] shows them",
		          near);
		console_flash(c, TONE_WARN, "%s has no column %s%s", p->panel->title, bad, near);
		return;
	}
	p->state = ROWS_DIRTY;
	look_keep(c);
	if (look_section(c, p))
		console_flash(c, TONE_PLAIN,
		              "columns of %s until mocr ends; [panel %s] in the configuration has "
		              "others",
		              p->panel->title, p->panel->name);
}

static void look_columns_picked(const struct dialog_result *result, void *arg)
{
	struct console *c = arg;
	console_redraw(c);
	if (result->choice == 1 && result->text[0])
		look_columns(c, result->text);
	else if (result->choice == 1)
		console_flash(c, TONE_WARN, "at least one column must be picked; nothing changed");
}

void look_columns_box(struct console *c)
{
	struct dialog_item items[COLUMN_NAMES] = { 0 };
	bool picked[COLUMN_NAMES];
	struct pane *p = pane_focused(c);
	char title[80];
	size_t n = 0;
	if (!p->table) {
		console_flash(c, TONE_PLAIN, "%s has no columns", p->panel->title);
		return;
	}
	for (; n < COLUMN_NAMES && table_column(p->table, n, &items[n].label, &picked[n]); n++)
		items[n].help = table_column_title(p->table, n);
	snprintf(title, sizeof(title), "Columns of %.40s", p->panel->title);
	dialog_cancel(c->dialog);
	c->dialog = dialog_pick(&(struct pick_spec){ .title = title,
	                                             .word = "keep",
	                                             .items = items,
	                                             .picked = picked,
	                                             .n = n,
	                                             .ordered = true },
	                        look_columns_picked, c);
	console_redraw(c);
}

/* --- the configuration --------------------------------------------------- */

static void look_check_columns(const char *file, const struct panel *p,
                               const struct look_config *one, struct doc *complaints)
{
	const char *names[COLUMN_NAMES], *rest = one->columns ? one->columns : "";
	size_t n = look_column_names(p, names);
	char word[64];
	while (table_next_name(&rest, word, sizeof(word))) {
		bool known = false;
		for (size_t i = 0; i < n; i++)
			known |= !strcmp(names[i], word);
		char near[NEAR_SIZE];
		if (!known)
			doc_add(complaints, DOC_WARN, "%s:%d: [panel %s] has no column \"%s\"%s",
			        file, one->line, p->name, word,
			        near_name(word, names, n, "\"", "", near));
	}
}

void look_check(const struct settings *s, struct doc *complaints)
{
	const char *names[COLUMN_NAMES], *file = s->file ? s->file : "configuration";
	size_t n = 0;
	for (; n < COLUMN_NAMES && panels[n]; n++)
		names[n] = panels[n]->name;
	for (const struct look_config *one = s->looks; one; one = one->next) {
		size_t i = 0;
		while (i < n && strcmp(names[i], one->name) != 0)
			i++;
		char near[NEAR_SIZE];
		if (i < n)
			look_check_columns(file, panels[i], one, complaints);
		else
			doc_add(complaints, DOC_WARN, "%s:%d: there is no panel \"%s\"%s", file,
			        one->line, one->name,
			        near_name(one->name, names, n, "\"", "", near));
	}
}
