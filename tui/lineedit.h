/* lineedit.h: a line being typed: `:` commands, `/` filters, prompts, passwords. A state machine
 * fed with keys.
 *
 * Keys: C-a C-e C-b C-f M-b M-f C-d C-h C-k C-u C-w M-d M-BackSpace C-y C-t, arrows, Home, End,
 * Up/Down and C-p/C-n through the history (only lines that start like what was typed), Tab/S-Tab
 * through completions, Enter, Esc, C-c, C-g. Pasted text is put in as text with its line ends and
 * tabs as spaces. */
#ifndef TUI_LINEEDIT_H
#define TUI_LINEEDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/secret.h"
#include "tui/canvas.h"
#include "tui/keys.h"

#define LINEEDIT_MAX 1024  /* bytes, when config.max is 0 */
#define COMPLETION_MAX 200 /* candidates; more are counted, not kept */

struct lineedit;
struct history;
struct completion;

enum lineedit_result {
	LINEEDIT_IGNORED,  /* not a key of a line editor: somebody else may want it */
	LINEEDIT_MOVED,    /* draw again */
	LINEEDIT_CHANGED,  /* the text changed: filter again, draw again */
	LINEEDIT_DONE,     /* Enter: take lineedit_text; it is in the history */
	LINEEDIT_CANCELLED /* Esc, C-c, C-g, or Backspace in an empty line */
};

/* Called on Tab with the text and the cursor's byte offset; adds candidates. The word that is
 * replaced starts after the last space before the cursor unless completion_start says otherwise. */
typedef void lineedit_complete_fn(struct completion *, const char *text, size_t cursor, void *arg);
void completion_start(struct completion *, size_t byte);
/* help NULL: none; both copied */
void completion_add(struct completion *, const char *word, const char *help);

struct lineedit_config {
	const char *prompt; /* ":" or "Password: "; copied */
	const char *text;   /* what is there at first; NULL */
	size_t max;         /* bytes; 0: LINEEDIT_MAX */
	bool secret;        /* shown as dots, in locked memory, never in a history */
	/* may be a password for somebody else: no draft is made of it, and no note */
	bool unkept;
	bool keep_empty;                /* Backspace in an empty line does not cancel */
	struct history *history;        /* borrowed; NULL: none */
	lineedit_complete_fn *complete; /* NULL: Tab is ignored */
	void *arg;
};
struct lineedit *lineedit_create(const struct lineedit_config *);
void lineedit_destroy(struct lineedit *); /* wipes a secret; NULL is fine */
enum lineedit_result lineedit_key(struct lineedit *, const struct key *);
const char *lineedit_text(const struct lineedit *);     /* also of a secret; borrowed */
void lineedit_set(struct lineedit *, const char *text); /* cursor at the end */
/* a copy of the text the caller destroys */
struct secret *lineedit_secret(const struct lineedit *);
/* Draws prompt and line into row y of the canvas from x on (width -1: the rest), scrolled so that
 * the cursor is seen; shows the terminal's cursor when focused. */
void lineedit_draw(const struct lineedit *, const struct canvas *, int y, int x, int width,
                   bool focused);
/* The list of candidates while Tab goes through them: how many rows it wants (0: no list), and
 * drawing it. */
int lineedit_list_rows(const struct lineedit *, int max_rows);
void lineedit_list_draw(const struct lineedit *, const struct canvas *);

/* Lines typed before, newest last, no two the same. */
struct history *history_create(size_t max_lines);
void history_destroy(struct history *);
/* empty lines and those starting with a space are not kept */
void history_add(struct history *, const char *line);
/* false: could not be read; a missing file is fine */
bool history_load(struct history *, const char *file);
struct err;
/* Behind the lines that other consoles saved meanwhile. False and err: the lines stay here, and may
 * be saved later. */
bool history_save(struct history *, const char *file, struct err *);
size_t history_count(const struct history *);
const char *history_get(const struct history *, size_t newest_first);

#endif
