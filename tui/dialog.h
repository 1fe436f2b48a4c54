/* dialog.h: boxes that ask: confirm, question, menu, prompt, the ask of a link, help.
 *
 * The caller keeps the dialog and feeds it keys:
 *     if (dialog_key(d, &key)) { mine = NULL; dialog_finish(d); }
 * dialog_key returns true once the dialog is answered or given up. dialog_finish then calls the
 * dialog's function once and frees the dialog, so that the function may open another one. All
 * arguments are copied, except a doc, which is taken over. Boxes fit on 40x12, at full width. Long
 * text wraps, and scrolls when the box is too high. */
#ifndef TUI_DIALOG_H
#define TUI_DIALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/secret.h"
#include "tui/canvas.h"
#include "tui/keymap.h"
#include "tui/keys.h"
#include "tui/lineedit.h"

struct ask;
struct doc;
struct dialog;

#define DIALOG_GIVEN_UP (-1) /* Esc, or dialog_cancel */
struct dialog_result {
	/* Confirm: 1 yes, 0 no. Question and menu: the index. Prompt and ask: 1 answered, 0 refused
	 * for good (answer the ask with NULL). DIALOG_GIVEN_UP: later. */
	int choice;
	/* prompt: the typed text; pick: the labels; "" otherwise; borrowed */
	const char *text;
	/* ask and secret prompt: owned by the called function; else NULL */
	struct secret *secret;
	bool keep; /* ask: the user allows keeping the answer */
	/* pick: which of the items are chosen, by their place; borrowed; else NULL */
	const bool *picked;
};
typedef void dialog_fn(const struct dialog_result *, void *arg);

/* Yes or no. Enter means no, the default. */
struct confirm_spec {
	const char *title;   /* "Restart litellm on sese?" */
	const char *command; /* "docker restart javisi_litellm"; NULL */
	const char *detail;  /* consequences, lines separated by \n; NULL */
	const char *yes;     /* the verb: "Restart"; NULL: "Yes" */
	/* protected server: the user must type this name instead of y; NULL */
	const char *type_name;
	bool danger;    /* drawn as dangerous */
	enum tone tint; /* of the server (tint.h): drawn around the box; TONE_PLAIN: none */
};
struct dialog *dialog_confirm(const struct confirm_spec *, dialog_fn *, void *arg);

struct dialog_item {
	const char *key;   /* "r", "C-k"; NULL: none */
	const char *label; /* "restart" */
	const char *help;  /* NULL: none */
	bool disabled;     /* dim, cannot be chosen */
};
/* A few choices, each with a key: [d] keep it running [c] close it. Enter takes item `first` (-1:
 * nothing). */
struct dialog *dialog_question(const char *title, const char *text, const struct dialog_item *,
                               size_t n, int first, dialog_fn *, void *arg);
/* A list. An item's own key comes before those of menu_actions. */
struct dialog *dialog_menu(const char *title, const struct dialog_item *, size_t n, dialog_fn *,
                           void *arg);
/* The same for a long list, with its filter line open from the start. words: for each item, what
 * the filter matches beside the label and the help. */
struct dialog *dialog_find(const char *title, const struct dialog_item *, const char *const *words,
                           size_t n, dialog_fn *, void *arg);
/* A list of which any number can be chosen. Result: 1, picked, and text with the labels of those
 * chosen, in the order of the list, with blanks between; or given up. */
struct pick_spec {
	const char *title;
	const char *text; /* above the list; NULL */
	const char *word; /* the verb of the key that takes them: "keep" */
	const struct dialog_item *items;
	const bool *picked; /* those chosen at the start; NULL: none */
	size_t n;
	bool ordered; /* two keys move a line up and down */
};
struct dialog *dialog_pick(const struct pick_spec *, dialog_fn *, void *arg);
/* One line of text. line sets prompt, initial text, secret and completion. Its history and arg are
 * borrowed until the dialog ends. text: words above the line; NULL. */
struct dialog *dialog_prompt(const char *title, const char *text,
                             const struct lineedit_config *line, dialog_fn *, void *arg);
/* The text typed so far; borrowed. "" for an unchanged, secret or unkept text, and for a typed
 * confirmation. */
const char *dialog_typed(const struct dialog *);
const char *dialog_title(const struct dialog *); /* borrowed */
/* The ask of a link (ask.h), which is only read here. It may vanish while the box is open: check
 * that it still waits before ask_answer. Esc: later, the ask keeps waiting. C-x or n: refused. */
struct dialog *dialog_ask(const struct ask *, dialog_fn *, void *arg);
/* Text to read, with the keys of a pager. Takes over *doc and leaves it empty. fn may be NULL. */
struct dialog *dialog_text(const char *title, struct doc *doc, dialog_fn *, void *arg);

/* Words for the completion of its line have arrived: completes once more. */
void dialog_complete_again(struct dialog *);
bool dialog_key(struct dialog *, const struct key *);     /* true: over; call dialog_finish */
void dialog_draw(struct dialog *, const struct canvas *); /* draws in the middle of the canvas */
/* A click on that cell of the screen chooses an item; one on the chosen item takes it, or picks it
 * in a list of several. Outside of the box it does what Esc does. True: over, as for dialog_key. */
bool dialog_click(struct dialog *, int y, int x);
/* reports the result (given up if unanswered) and frees */
void dialog_finish(struct dialog *);
/* frees without reporting; wipes; NULL is fine */
void dialog_cancel(struct dialog *);

#endif
