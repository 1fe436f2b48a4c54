/* lineedit.h: edits one line: `:` commands, `/` filters, prompts, passwords. A state machine fed
 * with keys.
 *
 * Its keys are line_actions. The history is limited to lines that start with the typed text. Pasted
 * text is inserted with line ends and tabs as spaces. */
#ifndef TUI_LINEEDIT_H
#define TUI_LINEEDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/secret.h"
#include "tui/canvas.h"
#include "tui/keymap.h"
#include "tui/keys.h"

#define LINEEDIT_MAX 1024  /* default of config.max, bytes */
#define COMPLETION_MAX 200 /* candidates kept; more are only counted */

struct lineedit;
struct history;
struct completion;

enum lineedit_result {
	LINEEDIT_IGNORED,  /* not a key of the editor: the caller may use it */
	LINEEDIT_MOVED,    /* draw again */
	LINEEDIT_CHANGED,  /* the text changed: filter again, draw again */
	LINEEDIT_DONE,     /* Enter: read lineedit_text; the line is already in the history */
	LINEEDIT_CANCELLED /* Esc, C-c, C-g, or Backspace in an empty line */
};

/* Called on Tab with the text and the byte offset of the cursor. Adds candidates. They replace the
 * word that starts after the last space before the cursor, unless completion_start sets another
 * start. */
typedef void lineedit_complete_fn(struct completion *, const char *text, size_t cursor, void *arg);
void completion_start(struct completion *, size_t byte);
/* both copied; help NULL: none */
void completion_add(struct completion *, const char *word, const char *help);

struct lineedit_config {
	const char *prompt; /* ":" or "Password: "; copied */
	const char *text;   /* initial text; NULL */
	size_t max;         /* bytes; 0: LINEEDIT_MAX */
	bool secret;        /* shown as dots, kept in locked memory, never in a history */
	/* may be a password for another program: never kept as a draft or noted */
	bool unkept;
	bool keep_empty;                /* Backspace in an empty line does not cancel */
	struct history *history;        /* borrowed; NULL: none */
	lineedit_complete_fn *complete; /* NULL: Tab is ignored */
	/* Where no candidate begins with the word, complete is called without the word, and what
	 * matches the word by fragments (fuzzy.h) is offered, best first. */
	bool by_fragments;
	void *arg;
};
struct lineedit *lineedit_create(const struct lineedit_config *);
void lineedit_destroy(struct lineedit *); /* wipes a secret; NULL is fine */
enum lineedit_result lineedit_key(struct lineedit *, const struct key *);
/* The same for a line in a box with keys of its own. The action is what the box found for the key;
 * NULL: none, the key is text. */
enum lineedit_result lineedit_do(struct lineedit *, const struct action *, const struct key *);
/* Completes once more, as if the user pressed Tab: more words have arrived. */
enum lineedit_result lineedit_complete_again(struct lineedit *);
const char *lineedit_text(const struct lineedit *);     /* also the text of a secret; borrowed */
void lineedit_set(struct lineedit *, const char *text); /* moves the cursor to the end */
/* a copy of the text; the caller destroys it */
struct secret *lineedit_secret(const struct lineedit *);
/* Draws prompt and line into row y from x on (width -1: the rest). Scrolls to keep the cursor
 * visible. Shows the terminal's cursor when focused. */
void lineedit_draw(const struct lineedit *, const struct canvas *, int y, int x, int width,
                   bool focused);
/* The list of candidates while Tab walks it. lineedit_list_rows returns the rows the list wants, 0
 * for no list. */
int lineedit_list_rows(const struct lineedit *, int max_rows);
void lineedit_list_draw(struct lineedit *, const struct canvas *);
/* Takes the candidate that was drawn at this place of the screen, as if it were typed; the list
 * closes. False: none is there. */
bool lineedit_list_click(struct lineedit *, int y, int x);

/* Lines typed before, newest last, without duplicates. */
struct history *history_create(size_t max_lines);
void history_destroy(struct history *);
/* skips empty lines and lines that start with a space */
void history_add(struct history *, const char *line);
/* false: the file could not be read; a missing file counts as empty */
bool history_load(struct history *, const char *file);
struct err;
/* Appends the lines typed here to those that other consoles saved meanwhile. On failure returns
 * false with err, and the lines stay unsaved for a later try. */
bool history_save(struct history *, const char *file, struct err *);
size_t history_count(const struct history *);
const char *history_get(const struct history *, size_t newest_first);

#endif
