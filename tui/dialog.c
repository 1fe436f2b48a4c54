/* dialog.c: boxes that ask.
 *
 * Every box is the same struct: a title, wrapped text, and a body below. The body is a row of
 * choices, a list, a typed line or a pager. Each body is a table of functions. Their data is in the
 * struct. */
#include "tui/dialog.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/ask.h"
#include "backends/store/doc.h"
#include "tui/box_text.h"
#include "tui/fuzzy.h"
#include "tui/pager.h"

#define BOX_WIDTH 62   /* cells of a box with text, if the screen is wide enough */
#define BOX_NARROW 56  /* a box fills the width of screens below this */
#define TEXT_WIDTH 100 /* cells of a box with a pager */
#define FILTER_MAX 64
#define PICKS_WIDE 46 /* cells of a line with the words of all its keys */

struct item {
	char *label, *help, *words; /* owned */
	struct key key;     /* K_NONE: none */
	char key_text[KEY_NAME_SIZE];
	bool disabled, picked;
	size_t place; /* where the caller listed it */
	int score;    /* how well the filter matches; 0: not shown */
	struct canvas at; /* on the screen, in the last drawing; height 0: it was not drawn */
};

struct body {
	/* Feeds a key; true: over, with d->result set. */
	bool (*key)(struct dialog *, const struct key *);
	int (*rows)(const struct dialog *, int width); /* rows it wants */
	void (*draw)(struct dialog *, const struct canvas *);
};

struct dialog {
	const struct body *body;
	char *title, *text, *command; /* owned; NULL none */
	enum tone tone;               /* of the border */
	struct item *items;           /* owned */
	size_t n;
	int chosen;     /* index of the item under the cursor, or -1 */
	size_t top;     /* first visible item of a list, or row of a text that is too long */
	size_t shown;   /* rows of the list in the last drawing */
	enum {
		FILTER_CLOSED,
		FILTER_OPEN, /* the filter line of a menu, until it is closed */
		FILTER_STAYS /* of a box that finds: never closed */
	} filtering;
	bool ordered;   /* a list to choose several of, and to put in order */
	char *picks;    /* owned; a list to choose several of: the verb that takes them; NULL */
	char filter[FILTER_MAX];
	struct lineedit *line; /* owned */
	char *type_name;       /* owned; name the user must type; NULL */
	enum {
		ASK_NONE,
		ASK_ONCE, /* of a link or a backend */
		ASK_KEEPS /* the answer can be kept for a while */
	} ask;
	bool wrong;             /* the name that was typed is another one */
	bool yes_or_no;         /* the items are those of box-no and box-yes */
	const char *keep_words; /* how long the answer is kept */
	enum {
		TYPED_IS_TEXT,
		TYPED_IS_UNKEPT, /* is never noted */
		TYPED_IS_SECRET  /* leaves only as a struct secret */
	} typed;
	char *given;         /* owned; initial text of the line; NULL */
	struct doc doc;      /* owned */
	struct pager *pager; /* owned */
	struct dialog *help; /* owned; keys of this box, shown over it; NULL */
	struct canvas box;   /* on the screen, in the last drawing */
	struct dialog_result result;
	dialog_fn *fn;
	void *arg;
};

/* --- life ---------------------------------------------------------------- */

static struct dialog *dialog_create(const struct body *body, const char *title, const char *text,
                                    dialog_fn *fn, void *arg)
{
	struct dialog *d = xcalloc(1, sizeof(*d));

	d->body = body;
	d->title = xstrdup(title);
	d->text = text && *text ? xstrndup(text, BOX_TEXT_MAX) : NULL;
	d->tone = TONE_TITLE_FOCUS;
	d->chosen = -1;
	d->result.choice = DIALOG_GIVEN_UP;
	d->fn = fn;
	d->arg = arg;
	return d;
}

static void dialog_add_items(struct dialog *d, const struct dialog_item *items, size_t n)
{
	d->items = xcalloc(n ? n : 1, sizeof(*d->items));
	d->n = n;
	for (size_t i = 0; i < n; i++) {
		struct item *it = &d->items[i];
		it->label = xstrdup(items[i].label ? items[i].label : "");
		it->help = xstrdup(items[i].help);
		it->place = i;
		it->score = 1;
		it->disabled = items[i].disabled;
		if (items[i].key && key_parse(items[i].key, &it->key))
			key_words(&it->key, it->key_text);
	}
}

void dialog_cancel(struct dialog *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n; i++) {
		free(d->items[i].label);
		free(d->items[i].help);
		free(d->items[i].words);
	}
	free(d->items);
	lineedit_destroy(d->line);
	dialog_cancel(d->help);
	pager_destroy(d->pager);
	doc_finish(&d->doc);
	free(d->type_name);
	free(d->given);
	free(d->picks);
	free(d->title);
	free(d->text);
	free(d->command);
	free(d);
}

void dialog_finish(struct dialog *d)
{
	struct dialog_result r = d->result;
	dialog_fn *fn = d->fn;
	void *arg = d->arg;
	char *text = NULL;

	if (d->line && r.choice == 1) {
		if (d->typed == TYPED_IS_SECRET)
			r.secret = lineedit_secret(d->line);
		else
			text = xstrdup(lineedit_text(d->line));
	} else if (d->ask && r.choice == 1) { /* host key: the answer is a word */
		r.secret = secret_create("yes", 3);
	}
	if (d->picks && r.choice == 1) {
		/* The labels of the chosen items, in the order of the list. The caller frees them.
		 */
		struct buf words = { 0 };
		for (size_t i = 0; i < d->n; i++)
			if (d->items[i].picked)
				buf_addf(&words, "%s%s", words.len ? " " : "", d->items[i].label);
		text = words.len ? buf_take(&words) : xstrdup("");
	}
	r.text = text ? text : "";
	bool *picked = NULL; /* which items are chosen, by the caller's order */
	if (d->picks) {
		picked = xcalloc(d->n + 1, sizeof(*picked));
		for (size_t i = 0; i < d->n; i++)
			picked[d->items[i].place] = d->items[i].picked;
	}
	r.picked = picked;
	dialog_cancel(d);
	if (fn)
		fn(&r, arg);
	else
		secret_destroy(r.secret);
	free(picked);
	free(text);
}

const char *dialog_typed(const struct dialog *d)
{
	bool words = d->line && d->typed == TYPED_IS_TEXT && d->ask == ASK_NONE && !d->type_name;
	if (words && strcmp(lineedit_text(d->line), d->given ? d->given : "") != 0)
		return lineedit_text(d->line);
	return "";
}

const char *dialog_title(const struct dialog *d)
{
	return d->title;
}

static bool dialog_over(struct dialog *d, int choice)
{
	d->result.choice = choice;
	return true;
}

/* --- keys ---------------------------------------------------------------- */

enum box_command {
	BOX_NONE,
	BOX_YES,
	BOX_NO,
	BOX_CLOSE,
	BOX_TAKE,
	BOX_NEXT,
	BOX_PREVIOUS,
	BOX_DOWN,
	BOX_UP,
	BOX_FIRST,
	BOX_LAST,
	BOX_PAGE_DOWN,
	BOX_PAGE_UP,
	BOX_FILTER,
	BOX_PICK,
	BOX_PICK_ALL,
	BOX_LATER,
	BOX_EARLIER,
	BOX_REFUSE,
	BOX_KEEP,
	BOX_HELP
};
#define COMMAND(command) (&(const enum box_command){ command })

const struct action box_actions[] = {
	{ .name = "box-yes",
	  .verb = "yes",
	  .key = "y",
	  .context = CONTEXT_BOX,
	  .data = COMMAND(BOX_YES),
	  .help = "answer yes" },
	{ .name = "box-no",
	  .verb = "no",
	  .key = "n",
	  .context = CONTEXT_BOX,
	  .data = COMMAND(BOX_NO),
	  .help = "answer no" },
	{ .name = "box-close",
	  .verb = "later",
	  .key = "Esc C-c C-g",
	  .context = CONTEXT_BOX,
	  .data = COMMAND(BOX_CLOSE),
	  .help = "leave it without an answer" },
	{ .name = "box-take",
	  .verb = "take",
	  .key = "Enter",
	  .context = CONTEXT_BOX,
	  .data = COMMAND(BOX_TAKE),
	  .help = "take the choice shown; between yes and no, that is no" },
	{ .name = "box-next",
	  .verb = "next",
	  .key = "Tab Right",
	  .context = CONTEXT_BOX,
	  .data = COMMAND(BOX_NEXT),
	  .help = "to the next choice" },
	{ .name = "box-previous",
	  .verb = "previous",
	  .key = "S-Tab Left",
	  .context = CONTEXT_BOX,
	  .data = COMMAND(BOX_PREVIOUS),
	  .help = "to the choice before" },
	{ .name = "box-down",
	  .verb = "down",
	  .key = "Down j PgDn",
	  .context = CONTEXT_BOX,
	  .data = COMMAND(BOX_DOWN),
	  .help = "down in a long text" },
	{ .name = "box-up",
	  .verb = "up",
	  .key = "Up k PgUp",
	  .context = CONTEXT_BOX,
	  .data = COMMAND(BOX_UP),
	  .help = "up in a long text" },
	{ .name = "box-help",
	  .verb = "help",
	  .key = "? F1",
	  .context = CONTEXT_BOX,
	  .data = COMMAND(BOX_HELP),
	  .help = "the keys of a box" },
	{ .name = NULL }
};

const struct action ask_actions[] = { { .name = "ask-refuse",
	                                .verb = "refuse",
	                                .key = "C-x",
	                                .context = CONTEXT_ASK,
	                                .data = COMMAND(BOX_REFUSE),
	                                .help = "refuse to answer, and tell the server so" },
	                              { .name = "ask-keep",
	                                .verb = "keep",
	                                .key = "C-o",
	                                .context = CONTEXT_ASK,
	                                .data = COMMAND(BOX_KEEP),
	                                .help = "keep the answer for the time shown, or not" },
	                              { .name = NULL } };

const struct action menu_actions[] = {
	{ .name = "menu-take",
	  .verb = "take",
	  .key = "Enter",
	  .context = CONTEXT_MENU,
	  .data = COMMAND(BOX_TAKE),
	  .help = "take the line under the cursor" },
	{ .name = "menu-close",
	  .verb = "close",
	  .key = "Esc q C-c C-g",
	  .context = CONTEXT_MENU,
	  .data = COMMAND(BOX_CLOSE),
	  .help = "leave the menu" },
	{ .name = "menu-down",
	  .verb = "down",
	  .key = "Down j C-n Tab",
	  .context = CONTEXT_MENU,
	  .data = COMMAND(BOX_DOWN),
	  .help = "to the next line" },
	{ .name = "menu-up",
	  .verb = "up",
	  .key = "Up k C-p S-Tab",
	  .context = CONTEXT_MENU,
	  .data = COMMAND(BOX_UP),
	  .help = "to the line before" },
	{ .name = "menu-first",
	  .verb = "first",
	  .key = "Home g",
	  .context = CONTEXT_MENU,
	  .data = COMMAND(BOX_FIRST),
	  .help = "to the first line" },
	{ .name = "menu-last",
	  .verb = "last",
	  .key = "End G",
	  .context = CONTEXT_MENU,
	  .data = COMMAND(BOX_LAST),
	  .help = "to the last line" },
	{ .name = "menu-page-down",
	  .verb = "page down",
	  .key = "PgDn",
	  .context = CONTEXT_MENU,
	  .data = COMMAND(BOX_PAGE_DOWN),
	  .help = "a page down" },
	{ .name = "menu-page-up",
	  .verb = "page up",
	  .key = "PgUp",
	  .context = CONTEXT_MENU,
	  .data = COMMAND(BOX_PAGE_UP),
	  .help = "a page up" },
	{ .name = "menu-filter",
	  .verb = "filter",
	  .key = "/",
	  .context = CONTEXT_MENU,
	  .data = COMMAND(BOX_FILTER),
	  .help = "show only lines that match what is typed" },
	{ .name = "menu-choose",
	  .verb = "choose",
	  .key = "Space",
	  .context = CONTEXT_MENU,
	  .data = COMMAND(BOX_PICK),
	  .help = "choose the line under the cursor, or not, where several can be chosen" },
	{ .name = "menu-choose-all",
	  .verb = "choose all",
	  .key = "*",
	  .context = CONTEXT_MENU,
	  .data = COMMAND(BOX_PICK_ALL),
	  .help = "choose all lines that are shown, or none of them" },
	{ .name = "menu-later",
	  .verb = "move down",
	  .key = "J",
	  .context = CONTEXT_MENU,
	  .data = COMMAND(BOX_LATER),
	  .help = "where the order counts: move the line down" },
	{ .name = "menu-earlier",
	  .verb = "move up",
	  .key = "K",
	  .context = CONTEXT_MENU,
	  .data = COMMAND(BOX_EARLIER),
	  .help = "where the order counts: move the line up" },
	{ .name = "menu-help",
	  .verb = "help",
	  .key = "F1 ?",
	  .context = CONTEXT_MENU,
	  .data = COMMAND(BOX_HELP),
	  .help = "the keys of a menu" },
	{ .name = NULL }
};

const struct action reader_actions[] = {
	{ .name = "reader-close",
	  .verb = "close",
	  .key = "Esc q Enter ? C-c C-g",
	  .context = CONTEXT_READER,
	  .data = COMMAND(BOX_CLOSE),
	  .help = "close the box" },
	{ .name = "reader-help",
	  .verb = "help",
	  .key = "F1",
	  .context = CONTEXT_READER,
	  .data = COMMAND(BOX_HELP),
	  .help = "the keys of a box with text" },
	{ .name = NULL }
};

/* What the action tells the box; BOX_NONE: the action belongs to a line or a text. */
static enum box_command dialog_command_of(const struct action *a)
{
	bool of_box = a && a->context >= CONTEXT_BOX && a->data;
	return of_box ? *(const enum box_command *)a->data : BOX_NONE;
}

static enum box_command dialog_command(enum action_context context, const struct key *k)
{
	return dialog_command_of(keymap_lookup(context, k));
}

/* Opens the keys of the box over the box. */
static void dialog_help(struct dialog *d, const char *what, enum action_context context,
                        enum action_context more)
{
	struct doc doc;
	char title[80];
	doc_init(&doc);
	keymap_help(&doc, context, context);
	if (more != context)
		keymap_help(&doc, more, context);
	snprintf(title, sizeof(title), "Help: %s", what);
	d->help = dialog_text(title, &doc, NULL, NULL);
}

/* --- body: a row of choices ---------------------------------------------- */

static int dialog_item_width(const struct item *it)
{
	return (int)(cells(it->key_text) + cells(it->label)) + 3; /* "[n] No" */
}

/* Rows of the choices: one row aligned to the right, or one row per choice when they do not fit. */
static int dialog_choices_rows(const struct dialog *d, int width)
{
	int sum = 0;

	for (size_t i = 0; i < d->n; i++)
		sum += dialog_item_width(&d->items[i]) + (i ? 3 : 0);
	return sum <= width ? 1 : (int)d->n;
}

static int dialog_draw_choice(struct dialog *d, const struct canvas *c, int y, int x, size_t i)
{
	struct item *it = &d->items[i];
	bool chosen = d->chosen == (int)i;
	int from = x;

	x += canvas_textf(c, y, x, -1, it->disabled ? TONE_DIM : TONE_KEY, "[%s]", it->key_text);
	x += canvas_text(c, y, x, -1, TONE_PLAIN, " ");
	enum tone tone;
	if (it->disabled)
		tone = TONE_DIM;
	else if (chosen)
		tone = TONE_TITLE_FOCUS;
	else
		tone = TONE_PLAIN;
	x += canvas_text(c, y, x, -1, tone, it->label);
	it->at = canvas_part(c, y, from, 1, x - from);
	if (chosen)
		canvas_row_tone(&it->at, 0, TONE_CURSOR);
	return x;
}

static void dialog_draw_choices(struct dialog *d, const struct canvas *c)
{
	int rows = dialog_choices_rows(d, c->width), sum = 0, x;

	for (size_t i = 0; i < d->n; i++)
		sum += dialog_item_width(&d->items[i]) + (i ? 3 : 0);
	x = rows == 1 ? c->width - sum : 0;
	for (size_t i = 0; i < d->n; i++) {
		int end = dialog_draw_choice(d, c, rows == 1 ? 0 : (int)i, x, i);
		x = rows == 1 ? end + 3 : 0;
	}
}

static bool dialog_choose_by_key(struct dialog *d, const struct key *k, int *choice)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->items[i].key.code == K_NONE || d->items[i].disabled ||
		    !key_equal(&d->items[i].key, k))
			continue;
		*choice = (int)i;
		return true;
	}
	return false;
}

static void dialog_step_choice(struct dialog *d, int step)
{
	for (size_t tries = 0; tries < d->n; tries++) {
		if (d->chosen < 0)
			d->chosen = step > 0 ? 0 : (int)d->n - 1;
		else
			d->chosen = (d->chosen + step + (int)d->n) % (int)d->n;
		if (!d->items[d->chosen].disabled)
			return;
	}
}

/* Scrolls a text that is too long. */
static void dialog_scroll_text(struct dialog *d, enum box_command command)
{
	if (command == BOX_DOWN)
		d->top++;
	else if (command == BOX_UP && d->top)
		d->top--;
}

static bool dialog_choices_key(struct dialog *d, const struct key *k)
{
	int choice;

	if (dialog_choose_by_key(d, k, &choice))
		return dialog_over(d, choice);
	enum box_command command = dialog_command(CONTEXT_BOX, k);
	switch (command) {
	case BOX_YES: return d->yes_or_no && dialog_over(d, 1);
	case BOX_NO: return d->yes_or_no && dialog_over(d, 0);
	case BOX_CLOSE: return dialog_over(d, DIALOG_GIVEN_UP);
	case BOX_TAKE: return d->chosen >= 0 && dialog_over(d, d->chosen);
	case BOX_NEXT: dialog_step_choice(d, 1); break;
	case BOX_PREVIOUS: dialog_step_choice(d, -1); break;
	case BOX_HELP: dialog_help(d, "a box that asks", CONTEXT_BOX, CONTEXT_BOX); break;
	default: dialog_scroll_text(d, command);
	}
	return false;
}

static const struct body choices_body = { dialog_choices_key, dialog_choices_rows,
	                                  dialog_draw_choices };

struct dialog *dialog_question(const char *title, const char *text, const struct dialog_item *items,
                               size_t n, int first, dialog_fn *fn, void *arg)
{
	struct dialog *d = dialog_create(&choices_body, title, text, fn, arg);

	assert(first < (int)n);
	dialog_add_items(d, items, n);
	d->chosen = first >= 0 && first < (int)n ? first : -1;
	return d;
}

/* Shows the key of an action beside the item. The key itself is that of the action, not the item's,
 * because an action can have several. */
static void dialog_key_of_item(struct dialog *d, size_t item, const struct action *table,
                               const char *name)
{
	char key[KEY_NAME_SIZE];
	struct item *it = &d->items[item];
	const struct action *a = table;
	while (a->name && strcmp(a->name, name) != 0)
		a++;
	snprintf(it->key_text, sizeof(it->key_text), "%s",
	         a->name && action_key(a, key) ? key : "?");
	it->key.code = K_NONE;
}

/* --- body: a name to be typed -------------------------------------------- */

static bool dialog_typed_key(struct dialog *d, const struct key *k)
{
	if (keymap_is(line_actions, k, "line-help")) {
		dialog_help(d, "a line", CONTEXT_LINE, CONTEXT_LINE);
		return false;
	}
	switch (lineedit_key(d->line, k)) {
	case LINEEDIT_CANCELLED: return dialog_over(d, DIALOG_GIVEN_UP);
	case LINEEDIT_DONE:
		if (!strcmp(lineedit_text(d->line), d->type_name))
			return dialog_over(d, 1);
		d->wrong = true;
		return false;
	case LINEEDIT_CHANGED: d->wrong = false; return false;
	default: return false;
	}
}

static void dialog_typed_words(const struct dialog *d, char *buf, size_t size)
{
	char buffer[KEY_NAME_SIZE];
	const char *key = keymap_key(line_actions, "line-close", buffer);
	if (d->wrong)
		snprintf(buf, size, "That is not \"%s\". %s leaves everything as it is.",
		         d->type_name, key);
	else
		snprintf(buf, size, "Protected: type %s to go on. %s leaves it.", d->type_name,
		         key);
}

static int dialog_typed_rows(const struct dialog *d, int width)
{
	char words[256];

	dialog_typed_words(d, words, sizeof(words));
	return box_text_rows(words, width) + 1;
}

static void dialog_draw_typed(struct dialog *d, const struct canvas *c)
{
	char words[256];

	dialog_typed_words(d, words, sizeof(words));
	box_text_draw(c, 0, c->height - 1, d->wrong ? TONE_BAD : TONE_WARN, words, 0);
	lineedit_draw(d->line, c, c->height - 1, 0, -1, true);
}

static const struct body typed_body = { dialog_typed_key, dialog_typed_rows, dialog_draw_typed };

struct dialog *dialog_confirm(const struct confirm_spec *s, dialog_fn *fn, void *arg)
{
	struct dialog_item items[] = {
		{ NULL, "No", NULL, false },
		{ NULL, s->yes ? s->yes : "Yes", NULL, false },
	};
	struct lineedit_config line = { .prompt = "> ", .max = 128, .keep_empty = true };
	struct dialog *d = dialog_create(s->type_name ? &typed_body : &choices_body, s->title,
	                                 s->detail, fn, arg);

	d->command = xstrdup(s->command);
	if (s->danger || s->type_name)
		d->tone = TONE_BAD;
	if (s->tint)
		d->tone = s->tint;
	if (s->type_name) {
		d->type_name = xstrdup(s->type_name);
		d->line = lineedit_create(&line);
	} else {
		dialog_add_items(d, items, 2);
		dialog_key_of_item(d, 0, box_actions, "box-no");
		dialog_key_of_item(d, 1, box_actions, "box-yes");
		d->yes_or_no = true;
		d->chosen = 0;
	}
	return d;
}

/* --- body: a list -------------------------------------------------------- */

#define LABEL_SCORE 1000000 /* more than any score of fuzzy_match */

static int dialog_item_score(const struct item *it, const char *filter, const struct fuzzy *f)
{
	char text[512];
	int score = fuzzy_match(f, it->label, NULL);

	if (score && strcasecmp(it->label, filter) == 0)
		return 2 * LABEL_SCORE;
	if (score)
		return LABEL_SCORE + score;
	const char *words = it->words ? it->words : "";

	snprintf(text, sizeof(text), "%s %s %s", it->label, words, it->help ? it->help : "");
	return fuzzy_match(f, text, NULL);
}

static int dialog_compare_items(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;

	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

static void dialog_list_step(struct dialog *d, int step)
{
	for (int at = d->chosen + step; at >= 0 && at < (int)d->n; at += step) {
		if (d->items[at].disabled || !d->items[at].score)
			continue;
		d->chosen = at;
		return;
	}
}

static void dialog_list_first(struct dialog *d)
{
	d->chosen = -1;
	d->top = 0;
	dialog_list_step(d, 1);
}

/* While the filter line is open, letters are text. */
static bool dialog_filter_key(struct dialog *d, const struct key *k)
{
	bool closes = keymap_is(line_actions, k, "line-close");
	char text[8];
	size_t len = strlen(d->filter), n = key_text(k, text);

	if (n && len + n < sizeof(d->filter)) {
		strcpy(d->filter + len, text);
	} else if (keymap_is(line_actions, k, "line-backspace") && len) {
		do
			d->filter[--len] = 0;
		while (len && ((unsigned char)d->filter[len] & 0xc0) == 0x80);
	} else if (d->filtering == FILTER_OPEN &&
	           (closes || keymap_is(line_actions, k, "line-backspace"))) {
		d->filter[0] = 0;
		d->filtering = FILTER_CLOSED;
	} else {
		return false;
	}
	/* A menu keeps its order: it is short, and its keys are known by their place. */
	struct fuzzy f;

	fuzzy_compile(&f, d->filter);
	for (size_t i = 0; i < d->n; i++) {
		struct item *it = &d->items[i];
		it->score = fuzzy_empty(&f) ? 1 : dialog_item_score(it, d->filter, &f);
	}
	if (d->filtering == FILTER_STAYS)
		qsort(d->items, d->n, sizeof(*d->items), dialog_compare_items);
	dialog_list_first(d);
	return true;
}

static void dialog_list_steps(struct dialog *d, size_t n, int step)
{
	int before = -2;

	for (size_t i = 0; i < n && d->chosen != before; i++) {
		before = d->chosen;
		dialog_list_step(d, step);
	}
}

/* --- a list to choose several of ----------------------------------------- */

static void dialog_pick_one(struct dialog *d)
{
	if (d->chosen < 0)
		return;
	d->items[d->chosen].picked = !d->items[d->chosen].picked;
	dialog_list_step(d, 1);
}

static void dialog_pick_shown(struct dialog *d)
{
	bool all = true;
	for (size_t i = 0; i < d->n; i++)
		all &= !d->items[i].score || d->items[i].disabled || d->items[i].picked;
	for (size_t i = 0; i < d->n; i++)
		if (d->items[i].score && !d->items[i].disabled)
			d->items[i].picked = !all;
}

static void dialog_pick_move(struct dialog *d, int step)
{
	int to = d->chosen + step;
	if (!d->ordered || d->filter[0] || d->chosen < 0 || to < 0 || to >= (int)d->n)
		return;
	struct item moved = d->items[d->chosen];
	d->items[d->chosen] = d->items[to];
	d->items[to] = moved;
	d->chosen = to;
}

/* Keys of such a list. A name has no blank, so Space chooses also while the filter is typed. */
static bool dialog_pick_key(struct dialog *d, const struct key *k)
{
	enum box_command command = dialog_command(CONTEXT_MENU, k);
	bool types = d->filtering && k->code != K_SPACE;
	if (types)
		return false;
	switch (command) {
	case BOX_PICK: dialog_pick_one(d); return true;
	case BOX_PICK_ALL: dialog_pick_shown(d); return true;
	case BOX_LATER: dialog_pick_move(d, 1); return true;
	case BOX_EARLIER: dialog_pick_move(d, -1); return true;
	default: return false;
	}
}

static bool dialog_list_key(struct dialog *d, const struct key *k)
{
	int choice;

	if (d->picks && dialog_pick_key(d, k))
		return false;
	if (d->filtering && dialog_filter_key(d, k))
		return false;
	if (!d->filtering && dialog_choose_by_key(d, k, &choice))
		return dialog_over(d, choice);
	switch (dialog_command(CONTEXT_MENU, k)) {
	case BOX_CLOSE: return dialog_over(d, DIALOG_GIVEN_UP);
	case BOX_TAKE:
		if (d->picks)
			return dialog_over(d, 1);
		return d->chosen >= 0 && dialog_over(d, (int)d->items[d->chosen].place);
	case BOX_FILTER:
		if (d->filtering == FILTER_CLOSED)
			d->filtering = FILTER_OPEN;
		break;
	case BOX_DOWN: dialog_list_step(d, 1); break;
	case BOX_UP: dialog_list_step(d, -1); break;
	case BOX_FIRST: dialog_list_first(d); break;
	case BOX_LAST: dialog_list_steps(d, d->n, 1); break;
	case BOX_PAGE_DOWN: dialog_list_steps(d, d->shown, 1); break;
	case BOX_PAGE_UP: dialog_list_steps(d, d->shown, -1); break;
	case BOX_HELP: dialog_help(d, "a menu", CONTEXT_MENU, CONTEXT_MENU); break;
	default: break;
	}
	return false;
}

static int dialog_list_rows(const struct dialog *d, int width)
{
	int rows = 0;

	if (d->filtering == FILTER_STAYS) /* the box keeps its height while somebody types */
		return (int)d->n + 1;
	for (size_t i = 0; i < d->n; i++)
		rows += d->items[i].score > 0;
	return (rows ? rows : 1) + (d->filtering != FILTER_CLOSED) + (d->picks != NULL);
}

static void dialog_draw_item(struct dialog *d, const struct canvas *c, int y, size_t i,
                             int key_width, int label_width)
{
	struct item *it = &d->items[i];
	int x = 1;

	it->at = canvas_part(c, y, 0, 1, -1);

	if (d->picks)
		x += it->picked ? canvas_text(c, y, x, -1, TONE_KEY, "[x] ")
		                : canvas_text(c, y, x, -1, TONE_DIM, "[ ] ");
	if (it->key_text[0])
		canvas_textf(c, y, x, -1, it->disabled ? TONE_DIM : TONE_KEY, "[%s]",
		             it->key_text);
	x += key_width ? key_width + 2 : 0;
	struct canvas label = canvas_part(c, 0, x, -1, label_width);
	canvas_text_cut(&label, y, 0, it->disabled ? TONE_DIM : TONE_PLAIN, it->label);
	if (it->help)
		canvas_text_cut(c, y, x + label_width + 2, TONE_DIM, it->help);
	if (d->chosen == (int)i)
		canvas_row_tone(c, y, TONE_CURSOR);
}

/* A label takes at most half the list: one long name leaves room for the words of all. */
static void dialog_list_widths(const struct dialog *d, int width, int *key, int *label)
{
	int most = width / 2;
	*key = *label = 0;
	for (size_t i = 0; i < d->n; i++) {
		const char *of_key = d->items[i].key_text;
		int k = *of_key ? (int)cells(of_key) + 2 : 0; /* with its brackets */
		int l = (int)cells(d->items[i].label);
		*key = k > *key ? k : *key;
		*label = l > *label ? l : *label;
	}
	*label = *label > most ? most : *label;
}

static void dialog_draw_list(struct dialog *d, const struct canvas *all)
{
	int above = d->filtering != FILTER_CLOSED;
	int lines = all->height - above - (d->picks != NULL);
	struct canvas c = canvas_part(all, above, 0, lines, -1);
	int key_width, label_width;
	size_t place = 0, at = 0, rows = (size_t)(c.height > 0 ? c.height : 0);

	if (d->filtering) {
		int x = canvas_textf(all, 0, 0, -1, TONE_PROMPT, "/%s", d->filter);
		canvas_cursor(all, 0, x);
	}
	if (d->picks) {
		/* The last line of the box: the keys, and how many are chosen. */
		char choose[KEY_NAME_SIZE], take[KEY_NAME_SIZE], later[KEY_NAME_SIZE];
		char up[KEY_NAME_SIZE], down[KEY_NAME_SIZE], move[2 * KEY_NAME_SIZE + 16] = "";
		if (d->ordered && all->width >= PICKS_WIDE)
			snprintf(move, sizeof(move), "%s %s move  ",
			         keymap_key(menu_actions, "menu-later", down),
			         keymap_key(menu_actions, "menu-earlier", up));
		const char *chooses = all->width < PICKS_WIDE ? "" : " choose ";
		size_t picked = 0;
		for (size_t i = 0; i < d->n; i++)
			picked += d->items[i].picked;
		canvas_textf(all, all->height - 1, 0, -1, TONE_HINT, "%s%s %s%s %s %zu  %s %s",
		             keymap_key(menu_actions, "menu-choose", choose), chooses, move,
		             keymap_key(menu_actions, "menu-take", take), d->picks,
		             picked, keymap_key(menu_actions, "menu-close", later),
		             d->ordered ? "cancel" : "later");
	}
	dialog_list_widths(d, c.width, &key_width, &label_width);
	for (size_t i = 0; i < d->n && (int)i < d->chosen; i++)
		place += d->items[i].score > 0;
	d->shown = rows > 1 ? rows - 1 : 1;
	if (place < d->top)
		d->top = place;
	if (rows && place >= d->top + rows)
		d->top = place - rows + 1;
	for (size_t i = 0; i < d->n; i++) {
		if (!d->items[i].score)
			continue;
		if (at >= d->top && at < d->top + rows)
			dialog_draw_item(d, &c, (int)(at - d->top), i, key_width, label_width);
		at++;
	}
	if (!at)
		canvas_text(&c, 0, 1, -1, TONE_DIM,
		            d->filter[0] ? "nothing matches" : "nothing can be done here now");
}

static const struct body list_body = { dialog_list_key, dialog_list_rows, dialog_draw_list };

struct dialog *dialog_menu(const char *title, const struct dialog_item *items, size_t n,
                           dialog_fn *fn, void *arg)
{
	struct dialog *d = dialog_create(&list_body, title, NULL, fn, arg);

	dialog_add_items(d, items, n);
	dialog_list_first(d);
	return d;
}

struct dialog *dialog_find(const char *title, const struct dialog_item *items,
                           const char *const *words, size_t n, dialog_fn *fn, void *arg)
{
	struct dialog *d = dialog_menu(title, items, n, fn, arg);

	for (size_t i = 0; i < n; i++)
		d->items[i].words = xstrdup(words[i]);
	d->filtering = FILTER_STAYS;
	return d;
}

struct dialog *dialog_pick(const struct pick_spec *spec, dialog_fn *fn, void *arg)
{
	struct dialog *d = dialog_menu(spec->title, spec->items, spec->n, fn, arg);

	if (spec->text && *spec->text)
		d->text = xstrndup(spec->text, BOX_TEXT_MAX);
	d->picks = xstrdup(spec->word);
	d->ordered = spec->ordered;
	for (size_t i = 0; spec->picked && i < spec->n; i++)
		d->items[i].picked = spec->picked[i];
	return d;
}

/* --- body: a line being typed -------------------------------------------- */

/* Actions of a box around a line. True: done. */
static bool dialog_around_line(struct dialog *d, const struct action *a)
{
	enum action_context context = d->ask ? CONTEXT_ASK : CONTEXT_LINE;
	if (a && !strcmp(a->name, "line-help"))
		dialog_help(d, "a line", context, CONTEXT_LINE);
	else if (dialog_command_of(a) == BOX_KEEP && d->ask == ASK_KEEPS)
		d->result.keep = !d->result.keep;
	else
		return false;
	return true;
}

static bool dialog_line_key(struct dialog *d, const struct key *k)
{
	const struct action *a = keymap_lookup(d->ask ? CONTEXT_ASK : CONTEXT_LINE, k);
	if (dialog_command_of(a) == BOX_REFUSE)
		return dialog_over(d, 0);
	if (dialog_around_line(d, a))
		return false;
	switch (lineedit_do(d->line, a, k)) {
	case LINEEDIT_DONE: return dialog_over(d, 1);
	case LINEEDIT_CANCELLED: return dialog_over(d, DIALOG_GIVEN_UP);
	case LINEEDIT_IGNORED: dialog_scroll_text(d, dialog_command(CONTEXT_BOX, k)); return false;
	default: return false;
	}
}

static int dialog_line_rows(const struct dialog *d, int width)
{
	return 1 + lineedit_list_rows(d->line, 6) + (d->ask != ASK_NONE) + (d->ask == ASK_KEEPS);
}

static void dialog_draw_line(struct dialog *d, const struct canvas *c)
{
	int list = lineedit_list_rows(d->line, 6), y = 0;

	lineedit_draw(d->line, c, y++, 0, -1, true);
	if (list) {
		struct canvas part = canvas_part(c, y, 0, list, -1);
		lineedit_list_draw(d->line, &part);
		y += list;
	}
	char done[KEY_NAME_SIZE], later[KEY_NAME_SIZE], other[KEY_NAME_SIZE];
	if (d->ask == ASK_KEEPS)
		canvas_textf(c, y++, 0, -1, TONE_PLAIN, "[%c] keep it %s (%s)",
		             d->result.keep ? 'x' : ' ', d->keep_words,
		             keymap_key(ask_actions, "ask-keep", other));
	if (d->ask)
		canvas_textf(c, y, 0, -1, TONE_HINT, "%s answer  %s later  %s refuse",
		             keymap_key(line_actions, "line-done", done),
		             keymap_key(line_actions, "line-close", later),
		             keymap_key(ask_actions, "ask-refuse", other));
}

static const struct body line_body = { dialog_line_key, dialog_line_rows, dialog_draw_line };

struct dialog *dialog_prompt(const char *title, const char *text,
                             const struct lineedit_config *line, dialog_fn *fn, void *arg)
{
	struct lineedit_config c = *line;
	struct dialog *d = dialog_create(&line_body, title, text, fn, arg);

	c.keep_empty = true;
	d->line = lineedit_create(&c);
	if (c.unkept)
		d->typed = TYPED_IS_UNKEPT;
	if (c.secret)
		d->typed = TYPED_IS_SECRET;
	d->given = xstrdup(c.text);
	return d;
}

/* --- an ask -------------------------------------------------------------- */

static bool dialog_host_key_key(struct dialog *d, const struct key *k)
{
	if (dialog_command(CONTEXT_ASK, k) == BOX_REFUSE)
		return dialog_over(d, 0);
	enum box_command command = dialog_command(CONTEXT_BOX, k);
	/* No Enter here: the user must accept a host key on purpose. */
	switch (command) {
	case BOX_YES: return dialog_over(d, 1);
	case BOX_NO: return dialog_over(d, 0);
	case BOX_CLOSE: return dialog_over(d, DIALOG_GIVEN_UP);
	case BOX_HELP: dialog_help(d, "a box that asks", CONTEXT_BOX, CONTEXT_BOX); break;
	default: dialog_scroll_text(d, command);
	}
	return false;
}

static const struct body host_key_body = { dialog_host_key_key, dialog_choices_rows,
	                                   dialog_draw_choices };

struct dialog *dialog_ask(const struct ask *a, dialog_fn *fn, void *arg)
{
	static const struct dialog_item yes_no[] = {
		{ NULL, "later", NULL, false },
		{ NULL, "refuse", NULL, false },
		{ NULL, "it is right, remember it", NULL, false },
	};
	struct dialog *d;
	char prompt[sizeof(a->prompt) + 2];

	if (a->kind == ASK_HOST_KEY) {
		d = dialog_create(&host_key_body, a->title, a->text, fn, arg);
		dialog_add_items(d, yes_no, ARRAY_LEN(yes_no));
		dialog_key_of_item(d, 0, box_actions, "box-close");
		dialog_key_of_item(d, 1, box_actions, "box-no");
		dialog_key_of_item(d, 2, box_actions, "box-yes");
		d->ask = ASK_ONCE;
		d->tone = TONE_ASKS;
		return d;
	}
	snprintf(prompt, sizeof(prompt), "%s ", a->prompt);
	struct lineedit_config line = { .prompt = prompt, .secret = !a->echo, .keep_empty = true };
	d = dialog_create(&line_body, a->title, a->text, fn, arg);
	d->line = lineedit_create(&line);
	d->ask = a->can_keep ? ASK_KEEPS : ASK_ONCE;
	d->typed = TYPED_IS_SECRET;
	d->keep_words = a->kind == ASK_SUDO ? "for 5 minutes" : "to connect again, until mocr ends";
	d->tone = TONE_ASKS;
	return d;
}

/* --- text to read -------------------------------------------------------- */

static bool dialog_reader_key(struct dialog *d, const struct key *k)
{
	if (pager_typing(d->pager)) {
		if (keymap_is(line_actions, k, "line-help"))
			dialog_help(d, "a line", CONTEXT_LINE, CONTEXT_LINE);
		else
			pager_search_key(d->pager, k);
		return false;
	}
	const struct action *a = keymap_lookup(CONTEXT_READER, k);
	switch (dialog_command_of(a)) {
	case BOX_CLOSE: return dialog_over(d, DIALOG_GIVEN_UP);
	case BOX_HELP: dialog_help(d, "a box with text", CONTEXT_READER, CONTEXT_TEXT); break;
	default:
		if (a)
			pager_do(d->pager, a);
	}
	return false;
}

static int dialog_reader_rows(const struct dialog *d, int width)
{
	return (int)(d->doc.n < 1000 ? d->doc.n : 1000) + 1;
}

static void dialog_draw_reader(struct dialog *d, const struct canvas *c)
{
	char status[128], close[KEY_NAME_SIZE], search[KEY_NAME_SIZE];
	struct canvas text = canvas_part(c, 0, 0, c->height - 1, -1);

	pager_draw(d->pager, &text);
	pager_status(d->pager, status, sizeof(status));
	canvas_textf(c, c->height - 1, 0, -1, TONE_HINT, "%s closes  %s search%s%s",
	             keymap_key(reader_actions, "reader-close", close),
	             keymap_key(text_actions, "text-search", search), *status ? "  " : "", status);
}

static const struct body reader_body = { dialog_reader_key, dialog_reader_rows,
	                                 dialog_draw_reader };

struct dialog *dialog_text(const char *title, struct doc *doc, dialog_fn *fn, void *arg)
{
	struct dialog *d = dialog_create(&reader_body, title, NULL, fn, arg);

	d->doc = *doc;
	doc_init(doc);
	d->pager = pager_create_doc(&d->doc);
	return d;
}

/* --- the box ------------------------------------------------------------- */

void dialog_complete_again(struct dialog *d)
{
	if (d->line)
		lineedit_complete_again(d->line);
}

bool dialog_key(struct dialog *d, const struct key *k)
{
	if (k->code == K_HANGUP)
		return dialog_over(d, DIALOG_GIVEN_UP);
	if (d->help) {
		if (dialog_key(d->help, k)) {
			dialog_cancel(d->help);
			d->help = NULL;
		}
		return false;
	}
	return d->body->key(d, k);
}

static bool dialog_is_in(const struct canvas *at, int y, int x)
{
	return y >= at->y && y < at->y + at->height && x >= at->x && x < at->x + at->width;
}

bool dialog_click(struct dialog *d, int y, int x)
{
	const struct key escape = { .code = K_ESC };
	const struct dialog *top = d;
	while (top->help)
		top = top->help;
	if (top->box.height == 0) /* not drawn yet: the click was meant for what was there before */
		return false;
	if (!dialog_is_in(&top->box, y, x))
		return dialog_key(d, &escape);
	if (top == d && d->line)
		lineedit_list_click(d->line, y, x);
	for (size_t i = 0; top == d && i < d->n; i++) {
		struct item *it = &d->items[i];
		if (!dialog_is_in(&it->at, y, x) || it->disabled)
			continue;
		bool again = d->chosen == (int)i;
		d->chosen = (int)i;
		if (!again)
			return false;
		if (!d->picks)
			return dialog_over(d, d->body == &list_body ? (int)it->place : (int)i);
		dialog_pick_one(d);
	}
	return false;
}

static int dialog_box_width(const struct dialog *d, int screen)
{
	int want = d->body == &reader_body ? TEXT_WIDTH : BOX_WIDTH, key, label;
	int title = d->title ? (int)cells(d->title) + 6 : 0;

	if (d->body == &list_body) { /* as wide as the longest item */
		dialog_list_widths(d, screen, &key, &label);
		for (size_t i = 0; i < d->n; i++) {
			int w = key + label + 10 +
			        (d->items[i].help ? (int)cells(d->items[i].help) : 0);
			want = w > want ? w : want;
		}
	}
	want = title > want ? title : want;
	return screen < BOX_NARROW || want > screen ? screen : want;
}

/* Draws the box: border, command, text, a blank line if there is room, and the body at the
 * bottom. */
void dialog_draw(struct dialog *d, const struct canvas *screen)
{
	int width = dialog_box_width(d, screen->width), inner = width - 4;
	int command = box_text_rows(d->command, inner), text = box_text_rows(d->text, inner);
	int body = d->body->rows(d, inner), gap = (command || text) && screen->height > 12;
	int height = command + text + gap + body + 2, room;
	struct canvas box, in, part;

	if (height > screen->height)
		height = screen->height;
	box = canvas_part(screen, (screen->height - height) / 2, (screen->width - width) / 2,
	                  height, width);
	d->box = box;
	for (size_t i = 0; i < d->n; i++)
		d->items[i].at = (struct canvas){ 0 };
	canvas_clear(&box);
	canvas_border(&box, d->tone, d->title);
	in = canvas_part(&box, 1, 2, box.height - 2, box.width - 4);
	/* A small screen keeps the body first, then the command, then part of the text. */
	if (body > in.height)
		body = in.height;
	room = in.height - body - gap;
	if (command > room)
		command = room > 0 ? room : 0;
	box_text_draw(&in, 0, command, TONE_CODE, d->command, 0);
	room -= command;
	if (text > room && d->body != &list_body) {
		if (d->top > (size_t)(text - room))
			d->top = (size_t)(text - room);
		box_text_draw(&in, command, room, TONE_PLAIN, d->text, d->top);
		if (room > 0)
			canvas_text(&box, command + room, box.width - 2, 1, TONE_DIM,
			            canvas_ascii() ? "v" : "▼");
	} else {
		int lines = text > room ? room : text;
		box_text_draw(&in, command, lines > 0 ? lines : 0, TONE_PLAIN, d->text, 0);
	}
	part = canvas_part(&in, in.height - body, 0, body, -1);
	d->body->draw(d, &part);
	if (d->help)
		dialog_draw(d->help, screen);
}
