/* dialog.h: boxes that ask: confirm, question, menu, prompt, an ask of a link, help.
 *
 * Whoever shows one keeps it and feeds it:
 *     if (dialog_key(d, &key)) { mine = NULL; dialog_finish(d); }
 * dialog_key says true when it was answered or given up; dialog_finish then calls its function once
 * with the result and frees it, so the function may well open the next dialog. Everything given at
 * creation is copied (a doc is taken over). Boxes fit 40x12, where they take the full width; what
 * is too long wraps, and scrolls when it is too high. */
#ifndef TUI_DIALOG_H
#define TUI_DIALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/secret.h"
#include "tui/canvas.h"
#include "tui/keys.h"
#include "tui/lineedit.h"

struct ask;
struct doc;
struct dialog;

#define DIALOG_GIVEN_UP (-1) /* Esc, or dialog_cancel */
struct dialog_result {
	int choice; /* confirm: 1 yes, 0 no; question and menu: index; prompt and ask: 1 answered,
	             * 0 refused for good (an ask: answer it with NULL); DIALOG_GIVEN_UP: later */
	const char *text; /* prompt: what was typed; "" otherwise; borrowed */
	/* ask and secret prompt: owned by the function from now on; else NULL */
	struct secret *secret;
	bool keep; /* ask: the answer may be kept */
};
typedef void dialog_fn(const struct dialog_result *, void *arg);

/* Yes or no; the default is no, and Enter means the default. */
struct confirm_spec {
	const char *title;   /* "Restart litellm on sese?" */
	const char *command; /* "docker restart javisi_litellm"; NULL */
	const char *detail;  /* lines parted by \n: consequences; NULL */
	const char *yes;     /* the verb: "Restart"; NULL: "Yes" */
	/* protected server: this must be typed in place of a y; NULL */
	const char *type_name;
	bool danger; /* drawn as such */
};
struct dialog *dialog_confirm(const struct confirm_spec *, dialog_fn *, void *arg);

struct dialog_item {
	const char *key;   /* "r", "C-k"; NULL: none */
	const char *label; /* "restart" */
	const char *help;  /* NULL: none */
	bool disabled;     /* shown dim, cannot be chosen */
};
/* A few choices, each by its key: [d] keep it running  [c] close it. Enter takes item first (-1:
 * nothing). */
struct dialog *dialog_question(const char *title, const char *text, const struct dialog_item *,
                               size_t n, int first, dialog_fn *, void *arg);
/* A list: arrows, j/k when no item has them as key, Enter, an item's key, or / to narrow it by
 * typing. */
struct dialog *dialog_menu(const char *title, const struct dialog_item *, size_t n, dialog_fn *,
                           void *arg);
/* One line of text. line: prompt, text, secret, completion (borrowed until it ends: history, arg).
 * text: NULL or words above. */
struct dialog *dialog_prompt(const char *title, const char *text,
                             const struct lineedit_config *line, dialog_fn *, void *arg);
/* What was typed into its line so far, unless it is what stood there at first, a secret, unkept, or
 * only confirms something: "". Borrowed. */
const char *dialog_typed(const struct dialog *);
const char *dialog_title(const struct dialog *); /* borrowed */
/* A question of a link (ask.h). The ask is only read here: it may vanish while the box is open, so
 * whoever opened it looks whether it still waits and then calls ask_answer. Esc: later (it goes on
 * waiting); C-x or n: refused. */
struct dialog *dialog_ask(const struct ask *, dialog_fn *, void *arg);
/* Text to read, with the keys of a pager; takes over *doc (which is empty afterwards). fn may be
 * NULL. */
struct dialog *dialog_text(const char *title, struct doc *doc, dialog_fn *, void *arg);

bool dialog_key(struct dialog *, const struct key *);     /* true: over; call dialog_finish */
void dialog_draw(struct dialog *, const struct canvas *); /* into the middle of the canvas */
/* tells the result (when not answered: given up) and frees */
void dialog_finish(struct dialog *);
/* frees without telling; wipes; NULL is fine */
void dialog_cancel(struct dialog *);

#endif
