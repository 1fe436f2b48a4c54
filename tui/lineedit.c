/* lineedit.c: editor for one line. The text is a buffer of fixed size, in locked memory for a
 * secret. So realloc never leaves a copy behind. */
#include "tui/lineedit.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "tui/fuzzy.h"

#define SECRET_MAX 512
#define LIST_HELP_GAP 2

struct candidate {
	char *word, *help; /* owned */
	int score;
};
struct completion {
	struct candidate list[COMPLETION_MAX];
	size_t n, dropped;
	size_t start;  /* byte offset of the word to complete */
	size_t chosen; /* index of the candidate; n: the typed text */
	bool open;     /* Tab walks the list */
	/* where the list was drawn last; no height: nowhere */
	struct canvas at;
	size_t top; /* index of the candidate in its first line */
	/* NULL: all candidates are taken, else those that match */
	const struct fuzzy *wanted;
};

struct lineedit {
	char *prompt;        /* owned */
	char *text;          /* max + 1 bytes; owned, or part of held */
	struct secret *held; /* owned; holds text when secret */
	size_t len, cursor, max;
	bool secret, keep_empty, by_fragments;
	char *killed; /* owned; text cut by C-k and the like; never of a secret */
	struct history *history;
	size_t history_at; /* 0: the typed line; else index from the newest line, plus 1 */
	/* owned; the typed line while history or completions are shown */
	char *typed;
	size_t typed_cursor;
	lineedit_complete_fn *complete;
	void *arg;
	struct completion completion;
};

/* --- characters ---------------------------------------------------------- */

static bool lineedit_continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Moves over a character and the combining characters after it. */
static size_t lineedit_step_left(const struct lineedit *e, size_t at)
{
	utf8proc_int32_t c;

	while (at > 0) {
		do
			at--;
		while (at > 0 && lineedit_continues(e->text[at]));
		if (utf8proc_iterate((const utf8proc_uint8_t *)e->text + at, -1, &c) <= 0 ||
		    utf8proc_charwidth(c) > 0)
			break;
	}
	return at;
}

static size_t lineedit_step_right(const struct lineedit *e, size_t at)
{
	utf8proc_int32_t c;

	do {
		if (at < e->len)
			at++;
		while (at < e->len && lineedit_continues(e->text[at]))
			at++;
	} while (at < e->len &&
	         utf8proc_iterate((const utf8proc_uint8_t *)e->text + at, -1, &c) > 0 &&
	         utf8proc_charwidth(c) == 0);
	return at;
}

static bool lineedit_in_word(char c)
{
	return c & 0x80 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
	       c == '_';
}

static size_t lineedit_word_left(const struct lineedit *e, size_t at)
{
	if (e->secret)
		return 0; /* word moves would reveal where words are */
	while (at > 0 && !lineedit_in_word(e->text[at - 1]))
		at--;
	while (at > 0 && lineedit_in_word(e->text[at - 1]))
		at--;
	return at;
}

static size_t lineedit_word_right(const struct lineedit *e, size_t at)
{
	if (e->secret)
		return e->len;
	while (at < e->len && !lineedit_in_word(e->text[at]))
		at++;
	while (at < e->len && lineedit_in_word(e->text[at]))
		at++;
	return at;
}

static size_t lineedit_space_left(const struct lineedit *e, size_t at)
{
	if (e->secret)
		return 0;
	while (at > 0 && e->text[at - 1] == ' ')
		at--;
	while (at > 0 && e->text[at - 1] != ' ')
		at--;
	return at;
}

/* --- changing the text --------------------------------------------------- */

static bool lineedit_insert(struct lineedit *e, const char *s, size_t n)
{
	if (e->len + n > e->max) {
		n = e->max - e->len;
		while (n > 0 && lineedit_continues(s[n]))
			n--;
	}
	if (!n)
		return false;
	memmove(e->text + e->cursor + n, e->text + e->cursor, e->len - e->cursor + 1);
	memcpy(e->text + e->cursor, s, n);
	e->len += n;
	e->cursor += n;
	return true;
}

static enum lineedit_result lineedit_cut(struct lineedit *e, size_t from, size_t to, bool keep)
{
	if (from >= to)
		return LINEEDIT_MOVED;
	if (keep && !e->secret) {
		free(e->killed);
		e->killed = xstrndup(e->text + from, to - from);
	}
	memmove(e->text + from, e->text + to, e->len - to + 1);
	e->len -= to - from;
	wipe(e->text + e->len, e->max - e->len + 1);
	e->cursor = from;
	return LINEEDIT_CHANGED;
}

static void lineedit_set_text(struct lineedit *e, const char *s, size_t cursor)
{
	e->len = e->cursor = 0;
	wipe(e->text, e->max + 1);
	lineedit_insert(e, s, strlen(s));
	e->cursor = cursor < e->len ? cursor : e->len;
}

static enum lineedit_result lineedit_paste(struct lineedit *e, const struct key *k)
{
	char *s = xcalloc(1, k->paste_len + 1);
	size_t n = 0, from = 0, to = k->paste_len;
	bool changed;

	/* A password is pasted unchanged, without line ends around it and control characters. Other
	 * text is washed. */
	while (to > 0 && k->paste[to - 1] == '\n')
		to--;
	if (e->secret) {
		while (from < to && k->paste[from] == '\n')
			from++;
		for (; from < to; from++)
			if ((unsigned char)k->paste[from] >= 0x20)
				s[n++] = k->paste[from];
	} else {
		n = wash(s, k->paste_len + 1, k->paste, to);
	}
	changed = lineedit_insert(e, s, n);
	wipe(s, k->paste_len + 1);
	free(s);
	return changed ? LINEEDIT_CHANGED : LINEEDIT_MOVED;
}

/* --- history ------------------------------------------------------------- */

static void lineedit_remember_typed(struct lineedit *e)
{
	if (e->typed)
		return;
	e->typed = xstrdup(e->text);
	e->typed_cursor = e->cursor;
}

static void lineedit_forget_typed(struct lineedit *e)
{
	free(e->typed);
	e->typed = NULL;
	e->history_at = 0;
}

/* The next line in direction step that starts with the typed text. Index 0 is the typed line. */
static enum lineedit_result lineedit_through_history(struct lineedit *e, int step)
{
	size_t n, at = e->history_at;

	if (!e->history || e->secret)
		return LINEEDIT_IGNORED;
	lineedit_remember_typed(e);
	n = strlen(e->typed);
	for (;;) {
		const char *line;
		if (step < 0 && at == 0)
			return LINEEDIT_MOVED;
		at = step > 0 ? at + 1 : at - 1;
		if (at == 0) {
			lineedit_set_text(e, e->typed, e->typed_cursor);
			lineedit_forget_typed(e);
			return LINEEDIT_CHANGED;
		}
		if (at > history_count(e->history))
			return LINEEDIT_MOVED;
		line = history_get(e->history, at - 1);
		if (strncmp(line, e->typed, n) || !strcmp(line, e->text))
			continue;
		e->history_at = at;
		lineedit_set_text(e, line, strlen(line));
		return LINEEDIT_CHANGED;
	}
}

/* --- completion ---------------------------------------------------------- */

void completion_start(struct completion *c, size_t byte)
{
	c->start = byte;
}

void completion_add(struct completion *c, const char *word, const char *help)
{
	int score = c->wanted ? fuzzy_match(c->wanted, word, NULL) : 1;

	if (!score)
		return;
	if (c->n == COMPLETION_MAX) {
		c->dropped++;
		return;
	}
	c->list[c->n].score = score;
	c->list[c->n].word = xstrdup(word);
	c->list[c->n++].help = xstrdup(help);
}

static void completion_clear(struct completion *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->list[i].word);
		free(c->list[i].help);
	}
	c->n = c->dropped = c->chosen = 0;
	c->at.height = 0;
	c->open = false;
}

/* Adds a space after a complete word, but not after a slash. */
static void lineedit_put_candidate(struct lineedit *e, const char *word, bool whole)
{
	assert(e->typed); /* kept by lineedit_remember_typed */
	const char *tail = e->typed + e->typed_cursor;
	size_t len = strlen(word);
	bool space = whole && !(len && word[len - 1] == '/');
	char *text = xasprintf("%.*s%s%s%s", (int)e->completion.start, e->typed, word,
	                       space && *tail != ' ' ? " " : "", tail);
	lineedit_set_text(e, text, strlen(text) - strlen(tail));
	free(text);
}

static int lineedit_by_score(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->score != y->score ? y->score - x->score : strcmp(x->word, y->word);
}

/* No candidate begins with the word: takes those of an empty word that match it. */
static void lineedit_complete_by_fragments(struct lineedit *e)
{
	struct completion *c = &e->completion;
	size_t start = c->start;
	char *word = xstrndup(e->text + start, e->cursor - start);
	char *rest = xasprintf("%.*s%s", (int)start, e->text, e->text + e->cursor);
	struct fuzzy wanted;

	fuzzy_compile(&wanted, word);
	if (!fuzzy_empty(&wanted)) {
		c->wanted = &wanted;
		e->complete(c, rest, start, e->arg);
		c->wanted = NULL;
		c->start = start;
		qsort(c->list, c->n, sizeof(*c->list), lineedit_by_score);
	}
	free(rest);
	free(word);
}

static enum lineedit_result lineedit_complete_first(struct lineedit *e)
{
	struct completion *c = &e->completion;
	size_t prefix, typed;

	completion_clear(c);
	c->start = e->cursor;
	while (c->start > 0 && e->text[c->start - 1] != ' ')
		c->start--;
	e->complete(c, e->text, e->cursor, e->arg);
	if (e->by_fragments && !c->n && c->start < e->cursor)
		lineedit_complete_by_fragments(e);
	if (!c->n || c->start > e->cursor) {
		completion_clear(c);
		return LINEEDIT_MOVED;
	}
	lineedit_forget_typed(e);
	lineedit_remember_typed(e);
	if (c->n == 1) {
		lineedit_put_candidate(e, c->list[0].word, true);
		completion_clear(c);
		lineedit_forget_typed(e);
		return LINEEDIT_CHANGED;
	}
	c->open = true;
	c->chosen = c->n;
	/* The length of the common start of all candidates. */
	size_t n = strlen(c->list[0].word);

	for (size_t i = 1; i < c->n; i++) {
		size_t same = 0;
		while (same < n && c->list[i].word[same] == c->list[0].word[same])
			same++;
		n = same;
	}
	while (n > 0 && lineedit_continues(c->list[0].word[n]))
		n--;
	prefix = n;
	typed = e->cursor - c->start;
	if (prefix > typed) {
		char *word = xstrndup(c->list[0].word, prefix);
		lineedit_put_candidate(e, word, false);
		free(word);
		free(e->typed);
		e->typed = NULL;
		lineedit_remember_typed(e);
		return LINEEDIT_CHANGED;
	}
	return LINEEDIT_MOVED;
}

static enum lineedit_result lineedit_complete(struct lineedit *e, int step)
{
	struct completion *c = &e->completion;

	if (!e->complete || e->secret)
		return LINEEDIT_IGNORED;
	if (!c->open)
		return lineedit_complete_first(e);
	c->chosen = step > 0 ? (c->chosen + 1) % (c->n + 1) : (c->chosen + c->n) % (c->n + 1);
	if (c->chosen == c->n)
		lineedit_set_text(e, e->typed, e->typed_cursor);
	else
		lineedit_put_candidate(e, c->list[c->chosen].word, false);
	return LINEEDIT_CHANGED;
}

/* --- keys ---------------------------------------------------------------- */

static size_t lineedit_home(const struct lineedit *e, size_t at)
{
	return 0;
}

static size_t lineedit_end(const struct lineedit *e, size_t at)
{
	return e->len;
}

static enum lineedit_result lineedit_do_cancel(struct lineedit *e)
{
	return LINEEDIT_CANCELLED;
}

static enum lineedit_result lineedit_do_backspace(struct lineedit *e)
{
	if (!e->len && !e->keep_empty)
		return LINEEDIT_CANCELLED;
	return lineedit_cut(e, lineedit_step_left(e, e->cursor), e->cursor, false);
}

static enum lineedit_result lineedit_do_yank(struct lineedit *e)
{
	return e->killed && lineedit_insert(e, e->killed, strlen(e->killed)) ? LINEEDIT_CHANGED
	                                                                     : LINEEDIT_MOVED;
}

/* Swaps the two characters around the cursor, or before it at the end. */
static enum lineedit_result lineedit_do_swap(struct lineedit *e)
{
	size_t right = e->cursor < e->len ? lineedit_step_right(e, e->cursor) : e->len;
	size_t middle = lineedit_step_left(e, right), left = lineedit_step_left(e, middle);
	char one[64];

	if (e->secret || left == middle || middle - left > sizeof(one))
		return LINEEDIT_MOVED;
	memcpy(one, e->text + left, middle - left);
	memmove(e->text + left, e->text + middle, right - middle);
	memcpy(e->text + left + (right - middle), one, middle - left);
	e->cursor = right;
	return LINEEDIT_CHANGED;
}

static enum lineedit_result lineedit_do_enter(struct lineedit *e)
{
	if (e->history && !e->secret)
		history_add(e->history, e->text);
	return LINEEDIT_DONE;
}

static enum lineedit_result lineedit_do_esc(struct lineedit *e)
{
	const struct completion *c = &e->completion;

	/* A list with no word chosen holds nobody back. */
	if (!c->open || c->chosen == c->n)
		return LINEEDIT_CANCELLED;
	lineedit_set_text(e, e->typed, e->typed_cursor); /* closes only the list */
	return LINEEDIT_CHANGED;
}

struct lineedit_command {
	enum {
		LINE_DOES,     /* run */
		LINE_MOVES,    /* the cursor, to */
		LINE_CUTS,     /* from the cursor, to, for line-paste */
		LINE_DELETES,  /* from the cursor, to */
		LINE_RECALLS,  /* a line of the history, by step */
		LINE_COMPLETES /* by step */
	} what;
	enum lineedit_result (*run)(struct lineedit *);
	size_t (*to)(const struct lineedit *, size_t at);
	int step;
};
#define DATA(...) .data = &(const struct lineedit_command) { __VA_ARGS__ }
const struct action line_actions[] = {
	{ .name = "line-home",
	  .verb = "start",
	  .key = "C-a Home",
	  .context = CONTEXT_LINE,
	  DATA(LINE_MOVES, .to = lineedit_home),
	  .help = "to the start of the line" },
	{ .name = "line-end",
	  .verb = "end",
	  .key = "C-e End",
	  .context = CONTEXT_LINE,
	  DATA(LINE_MOVES, .to = lineedit_end),
	  .help = "to its end" },
	{ .name = "line-left",
	  .verb = "left",
	  .key = "C-b Left",
	  .context = CONTEXT_LINE,
	  DATA(LINE_MOVES, .to = lineedit_step_left),
	  .help = "one character to the left" },
	{ .name = "line-right",
	  .verb = "right",
	  .key = "C-f Right",
	  .context = CONTEXT_LINE,
	  DATA(LINE_MOVES, .to = lineedit_step_right),
	  .help = "one character to the right" },
	{ .name = "line-word-left",
	  .verb = "word left",
	  .key = "M-b C-Left M-Left",
	  .context = CONTEXT_LINE,
	  DATA(LINE_MOVES, .to = lineedit_word_left),
	  .help = "one word to the left" },
	{ .name = "line-word-right",
	  .verb = "word right",
	  .key = "M-f C-Right M-Right",
	  .context = CONTEXT_LINE,
	  DATA(LINE_MOVES, .to = lineedit_word_right),
	  .help = "one word to the right" },
	{ .name = "line-older",
	  .verb = "older line",
	  .key = "Up C-p",
	  .context = CONTEXT_LINE,
	  DATA(LINE_RECALLS, .step = 1),
	  .help = "the line typed before that begins like this one" },
	{ .name = "line-newer",
	  .verb = "newer line",
	  .key = "Down C-n",
	  .context = CONTEXT_LINE,
	  DATA(LINE_RECALLS, .step = -1),
	  .help = "the line typed after it" },
	{ .name = "line-complete",
	  .verb = "complete",
	  .key = "Tab",
	  .context = CONTEXT_LINE,
	  DATA(LINE_COMPLETES, .step = 1),
	  .help = "complete the word, then go through what fits" },
	{ .name = "line-complete-back",
	  .verb = "complete back",
	  .key = "S-Tab",
	  .context = CONTEXT_LINE,
	  DATA(LINE_COMPLETES, .step = -1),
	  .help = "go back through what fits" },
	{ .name = "line-backspace",
	  .verb = "backspace",
	  .key = "Backspace",
	  .context = CONTEXT_LINE,
	  DATA(LINE_DOES, .run = lineedit_do_backspace),
	  .help = "delete the character before the cursor; in an empty line leave it" },
	{ .name = "line-delete",
	  .verb = "delete",
	  .key = "Del C-d",
	  .context = CONTEXT_LINE,
	  DATA(LINE_DELETES, .to = lineedit_step_right),
	  .help = "delete the character under the cursor" },
	{ .name = "line-cut-end",
	  .verb = "cut to the end",
	  .key = "C-k",
	  .context = CONTEXT_LINE,
	  DATA(LINE_CUTS, .to = lineedit_end),
	  .help = "cut the rest of the line" },
	{ .name = "line-cut-start",
	  .verb = "cut to the start",
	  .key = "C-u",
	  .context = CONTEXT_LINE,
	  DATA(LINE_CUTS, .to = lineedit_home),
	  .help = "cut what is before the cursor" },
	{ .name = "line-cut-word",
	  .verb = "cut a word",
	  .key = "M-d",
	  .context = CONTEXT_LINE,
	  DATA(LINE_CUTS, .to = lineedit_word_right),
	  .help = "cut the word after the cursor" },
	{ .name = "line-cut-space",
	  .verb = "cut to a blank",
	  .key = "C-w",
	  .context = CONTEXT_LINE,
	  DATA(LINE_CUTS, .to = lineedit_space_left),
	  .help = "cut what is before the cursor, back to a blank" },
	{ .name = "line-cut-back",
	  .verb = "cut a word back",
	  .key = "M-Backspace",
	  .context = CONTEXT_LINE,
	  DATA(LINE_CUTS, .to = lineedit_word_left),
	  .help = "cut the word before the cursor" },
	{ .name = "line-paste",
	  .verb = "paste",
	  .key = "C-y",
	  .context = CONTEXT_LINE,
	  DATA(LINE_DOES, .run = lineedit_do_yank),
	  .help = "put back what was cut last" },
	{ .name = "line-swap",
	  .verb = "swap",
	  .key = "C-t",
	  .context = CONTEXT_LINE,
	  DATA(LINE_DOES, .run = lineedit_do_swap),
	  .help = "swap the two characters at the cursor" },
	{ .name = "line-done",
	  .verb = "done",
	  .key = "Enter",
	  .context = CONTEXT_LINE,
	  DATA(LINE_DOES, .run = lineedit_do_enter),
	  .help = "take the line" },
	{ .name = "line-close",
	  .verb = "close",
	  .key = "Esc",
	  .context = CONTEXT_LINE,
	  DATA(LINE_DOES, .run = lineedit_do_esc),
	  .help = "take back the word that was chosen, else leave the line" },
	{ .name = "line-cancel",
	  .verb = "cancel",
	  .key = "C-c C-g",
	  .context = CONTEXT_LINE,
	  DATA(LINE_DOES, .run = lineedit_do_cancel),
	  .help = "leave the line" },
	/* whoever owns the line shows the help */
	{ .name = "line-help",
	  .verb = "help",
	  .key = "F1",
	  .context = CONTEXT_LINE,
	  .help = "the keys of a line" },
	{ .name = NULL }
};

static enum lineedit_result lineedit_run(struct lineedit *e, const struct lineedit_command *c)
{
	size_t at = c->to ? c->to(e, e->cursor) : 0;
	size_t from = at < e->cursor ? at : e->cursor;
	size_t to = at < e->cursor ? e->cursor : at;

	switch (c->what) {
	case LINE_DOES: return c->run(e);
	case LINE_MOVES: e->cursor = at; return LINEEDIT_MOVED;
	case LINE_CUTS: return lineedit_cut(e, from, to, true);
	case LINE_DELETES: return lineedit_cut(e, from, to, false);
	case LINE_RECALLS: return lineedit_through_history(e, c->step);
	case LINE_COMPLETES: return lineedit_complete(e, c->step);
	}
	return LINEEDIT_IGNORED;
}

enum lineedit_result lineedit_do(struct lineedit *e, const struct action *a, const struct key *k)
{
	bool of_line = a && a->context == CONTEXT_LINE;
	const struct lineedit_command *command = of_line ? a->data : NULL;
	enum lineedit_result r = LINEEDIT_IGNORED;
	char text[8];
	size_t n = a ? 0 : key_text(k, text);

	if (command)
		r = lineedit_run(e, command);
	else if (k->code == K_PASTE)
		r = lineedit_paste(e, k);
	else if (n)
		r = lineedit_insert(e, text, n) ? LINEEDIT_CHANGED : LINEEDIT_MOVED;
	wipe(text, sizeof(text));
	if (r == LINEEDIT_IGNORED || (command && command->what == LINE_COMPLETES))
		return r;
	completion_clear(&e->completion);
	if (!command || command->what != LINE_RECALLS)
		lineedit_forget_typed(e);
	return r;
}

enum lineedit_result lineedit_key(struct lineedit *e, const struct key *k)
{
	return lineedit_do(e, keymap_lookup(CONTEXT_LINE, k), k);
}

enum lineedit_result lineedit_complete_again(struct lineedit *e)
{
	return lineedit_complete(e, 1);
}

/* --- life ---------------------------------------------------------------- */

struct lineedit *lineedit_create(const struct lineedit_config *c)
{
	struct lineedit *e = xcalloc(1, sizeof(*e));

	e->prompt = xstrdup(c->prompt ? c->prompt : "");
	e->secret = c->secret;
	if (c->max)
		e->max = c->max;
	else if (c->secret)
		e->max = SECRET_MAX;
	else
		e->max = LINEEDIT_MAX;
	if (c->secret) {
		char *blank = xcalloc(1, e->max + 1);
		/* NULL without a locked page: then the text is not locked */
		e->held = secret_create(blank, e->max);
		free(blank);
	}
	e->text = e->held ? e->held->text : xcalloc(1, e->max + 1);
	e->keep_empty = c->keep_empty;
	e->by_fragments = c->by_fragments;
	e->history = c->history;
	e->complete = c->complete;
	e->arg = c->arg;
	if (c->text)
		lineedit_set(e, c->text);
	return e;
}

void lineedit_destroy(struct lineedit *e)
{
	if (!e)
		return;
	wipe(e->text, e->max + 1);
	if (e->held)
		secret_destroy(e->held);
	else
		free(e->text);
	completion_clear(&e->completion);
	free(e->typed);
	free(e->killed);
	free(e->prompt);
	free(e);
}

const char *lineedit_text(const struct lineedit *e)
{
	return e->text;
}

void lineedit_set(struct lineedit *e, const char *text)
{
	completion_clear(&e->completion);
	lineedit_forget_typed(e);
	lineedit_set_text(e, text, strlen(text));
}

struct secret *lineedit_secret(const struct lineedit *e)
{
	return secret_create(e->text, e->len);
}

/* --- drawing ------------------------------------------------------------- */

/* The number of characters. A secret shows one dot per character. */
static size_t lineedit_characters(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += !lineedit_continues(s[i]);
	return n;
}

static void lineedit_draw_secret(const struct lineedit *e, const struct canvas *c, int y, int x,
                                 int width, bool focused)
{
	const char *dot = canvas_ascii() ? "*" : "•";
	int n = (int)lineedit_characters(e->text, e->len),
	    before = (int)lineedit_characters(e->text, e->cursor);
	int skip = before >= width ? before - width + 1 : 0;

	for (int i = 0; i < n - skip && i < width; i++)
		canvas_text(c, y, x + i, 1, TONE_PLAIN, dot);
	if (focused)
		canvas_cursor(c, y, x + before - skip);
}

void lineedit_draw(const struct lineedit *e, const struct canvas *c, int y, int x, int width,
                   bool focused)
{
	int before, skip = 0;
	size_t from = 0;

	if (width < 0)
		width = c->width - x;
	canvas_fill(c, y, x, width, TONE_PLAIN, " ");
	before = canvas_text(c, y, x, width > 8 ? width - 4 : width / 2, TONE_PROMPT, e->prompt);
	x += before;
	width -= before;
	if (width <= 0)
		return;
	if (e->secret) {
		lineedit_draw_secret(e, c, y, x, width, focused);
		return;
	}
	char *part = xstrndup(e->text, e->cursor);
	before = (int)cells(part);
	free(part);
	/* scroll by thirds, so that the text rarely moves while typing */
	while (before - skip >= width) {
		size_t used = 0;
		size_t n = cells_fit(e->text + from, (size_t)width / 3 + 1, &used);
		if (!n)
			break;
		from += n;
		skip += (int)used;
	}
	canvas_text(c, y, x, width, TONE_PLAIN, e->text + from);
	if (focused)
		canvas_cursor(c, y, x + before - skip);
}

int lineedit_list_rows(const struct lineedit *e, int max_rows)
{
	const struct completion *c = &e->completion;

	if (!c->open || max_rows <= 0)
		return 0;
	return (int)c->n < max_rows ? (int)c->n : max_rows;
}

bool lineedit_list_click(struct lineedit *e, int y, int x)
{
	struct completion *list = &e->completion;
	const struct canvas *at = &list->at;
	size_t clicked = list->top + (size_t)(y - at->y);

	if (!list->open || y < at->y || y >= at->y + at->height || x < at->x ||
	    x >= at->x + at->width || clicked >= list->n)
		return false;
	lineedit_put_candidate(e, list->list[clicked].word, true);
	completion_clear(list);
	lineedit_forget_typed(e);
	return true;
}

void lineedit_list_draw(struct lineedit *e, const struct canvas *c)
{
	struct completion *list = &e->completion;
	size_t rows = c->height > 0 ? (size_t)c->height : 0;
	size_t chosen = list->chosen < list->n ? list->chosen : 0;
	size_t top = chosen >= rows ? chosen - rows + 1 : 0, widest = 0;

	list->at = *c;
	list->top = top;
	for (size_t i = 0; i < list->n; i++) {
		size_t w = cells(list->list[i].word);
		widest = w > widest ? w : widest;
	}
	for (size_t y = 0; y < rows && top + y < list->n; y++) {
		const struct candidate *one = &list->list[top + y];
		canvas_fill(c, (int)y, 0, -1, TONE_PLAIN, " ");
		canvas_text(c, (int)y, 1, -1, TONE_PLAIN, one->word);
		if (one->help)
			canvas_text_cut(c, (int)y, 1 + (int)widest + LIST_HELP_GAP, TONE_DIM,
			                one->help);
		if (top + y == list->chosen)
			canvas_row_tone(c, (int)y, TONE_CURSOR);
	}
	if (list->n + list->dropped > top + rows && rows > 0)
		canvas_textf(c, (int)rows - 1, c->width - 9, 9, TONE_DIM, " +%zu ",
		             list->n + list->dropped - top - rows);
}
