/* action.h: actions and orders. An action is one row of a table. The row feeds keys, menu, help,
 * command line, man page and `mocr do`.
 *
 * An order is one run of an action on one row. */
#ifndef STORE_ACTION_H
#define STORE_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"
#include "backends/store/store.h"

enum {
	ACTION_CHANGES = 1, /* changes something on a server; disabled by --read-only */
	ACTION_CONFIRM = 2, /* asks first, default no */
	ACTION_MARKED = 4,  /* works on all marked rows */
	ACTION_DANGER = 8,  /* destroys something: asks first, and never has a bare letter as key */
	/* the argument is text that the user wrote; kept when the order fails */
	ACTION_FREE_TEXT = 16,
	ACTION_SECRET = 32, /* the argument may be somebody's password: never written anywhere */
	/* not done if its command is no longer the one that was shown and confirmed */
	ACTION_AS_SHOWN = 64,
	ACTION_RUNS = 128 /* starts a run that `mocr do` follows to its end */
};

/* Where a key works. Only tables of the tui set it; all other actions belong to the console. */
enum action_context {
	CONTEXT_CONSOLE, /* over the panes; also the actions of rows */
	CONTEXT_TABLE,   /* moving in a pane */
	CONTEXT_TEXT,    /* reading any text: a log, details, help */
	CONTEXT_LOG,
	CONTEXT_DETAILS,
	CONTEXT_LINE,   /* a line that is typed */
	CONTEXT_BOX,    /* a box with choices */
	CONTEXT_ASK,    /* a box with a line for what a link asks: a password */
	CONTEXT_MENU,   /* a box with a list */
	CONTEXT_READER, /* a box with text, such as help */
	CONTEXT_SHELL,  /* a shell or a session that has the whole terminal */
	CONTEXT_COUNT
};

struct order;
struct console; /* the tui's; opaque here */

/* The choices of an argument. The first is the default. */
#define ACTION_CHOICES_MAX 12
struct action_choices {
	const char *title; /* "Which signal?" */
	struct action_choice {
		const char *key, *word, *help; /* word: the argument; help: NULL for none */
	} list[ACTION_CHOICES_MAX];            /* ends at .word == NULL */
};

struct action {
	const char *name; /* "container-restart": config, mocr do, log, man page */
	const char *verb; /* "restart": menu, hint line, mocr do; unique within a kind */
	/* default keys as the user writes keys, with blanks between ("r", "C-r", "Enter Right").
	 * The first is shown. NULL: none */
	const char *key;
	enum action_context context;
	const char *help; /* one sentence without full stop */
	unsigned flags;
	/* Whether the action makes sense for the row in its present state. NULL: always. */
	bool (*applies)(const struct row *);
	/* The same for a table whose rows differ only by their data. At most one of the two. */
	bool (*applies_of)(const struct action *, const struct row *);
	/* Writes the command as a user would type it ("docker restart javisi_n8n"), washed. The
	 * confirmation and the log show it. */
	void (*command)(const struct row *, char *buf, size_t size);
	/* The same for a table whose rows differ only by their data. At most one of the two. */
	void (*command_of)(const struct action *, const struct row *, char *buf, size_t size);
	/* Starts the order. The backend ends it with order_end. Exactly one of run and show is set,
	 * but for keys of texts, lines and boxes, which do what their data says. */
	void (*run)(struct order *);
	/* An action of the console itself (zoom, sort, help). Only tables of the tui set it. */
	void (*show)(struct console *);
	/* What the functions above need to know of this row of the table: a request, choices, a
	 * number. Each table defines the type. NULL: nothing. */
	const void *data;
	/* A box of the panel's own that asks for the argument (panel_extra->ask). The kind of the
	 * rows defines the type. NULL: none. */
	const void *box;
	/* The question for an argument: title of the input line. NULL: no argument. suggest fills
	 * in the first text of the line (NULL: nothing). */
	const char *asks;
	void (*suggest)(const struct row *, char *buf, size_t size);
	/* The argument is one of these; NULL: any text. Without an argument (`mocr do`) the action
	 * does what the first says. */
	const struct action_choices *choices;
	/* Adds text for this row under the title. Leaves "" if this row needs no argument after
	 * all. NULL: none. */
	void (*asks_more)(const struct row *, char *buf, size_t size);
	/* Checks the argument before the confirmation and again before the start. False: err says
	 * what was expected. NULL: any argument is valid. */
	bool (*fits)(const struct row *, const char *argument, struct err *);
	/* The same for a table whose rows differ only by their data. At most one of the two. */
	bool (*fits_of)(const struct action *, const struct row *, const char *argument,
	                struct err *);
	const char *doing; /* "restarting": shown in the row while the order runs */
	/* ACTION_FREE_TEXT: the part of the argument that the user wrote; "" if the user only
	 * picked a choice. NULL: the whole argument, which is offered again. */
	const char *(*written)(const char *argument);
	/* ACTION_FREE_TEXT: the action whose unsent text is offered here, too, by name. NULL: only
	 * this one's. */
	const char *draft_of;
};

enum order_state { ORDER_RUNNING, ORDER_DONE, ORDER_FAILED, ORDER_CANCELLED };

/* One run of an action on one row. The store owns it. It stays until the next order of its row, or
 * until ORDERS_KEPT newer orders exist. */
struct order {
	const struct action *action;
	struct store *store;
	char *id;       /* of the row; the row may be gone when the order ends */
	char *command;  /* as written by action->command */
	char *argument; /* the user's argument (a signal's name, ...); NULL: none */
	enum order_state state;
	int64_t started_ms, ended_ms; /* wall clock */
	struct err err;               /* ORDER_FAILED: the far side's own words */
	char output[256];             /* ORDER_DONE: result worth showing; "" for none */
	char progress[160]; /* ORDER_RUNNING: current step of an order with several; "" for none */
	void (*at)(struct order *, void *arg); /* called at each new step; NULL: none */
	void *run;                             /* owned by the backend, which frees it */
	/* called at the end, for the starter of the order; NULL: none */
	void (*done)(struct order *, void *arg);
	/* Shows a text that the user must read and copy now, once. The text may be secret. It is
	 * never logged, and it is invalid after this call. NULL: none. */
	void (*show)(struct order *, const char *what, const char *text, void *arg);
	void *done_arg;
	struct order *next;
};

/* Does the action make sense for the row in its present state? */
bool action_applies_to(const struct action *, const struct row *);
/* Says why the action does not fit the state of the row, or else what does. Returns false. */
bool action_not_now(const struct action *, const struct row *, struct err *);
/* Is the argument valid for the row? False: err says what was expected. */
bool action_fits(const struct action *, const struct row *, const char *argument, struct err *);
/* Writes the action's command for the row; "" if it has none. */
void action_command(const struct action *, const struct row *, char *buf, size_t size);
/* Starts the action on the row, logs it, and returns the order. NULL and err: --read-only is set, a
 * recording is played, the row's server is not up, or another order runs on the row. The same if
 * the action does not apply or the argument does not fit. */
struct order *order_start(struct row *, const struct action *, const char *argument, struct err *);
/* Ends the order: done if err is NULL or has code ERR_NONE, else failed. The backend calls it
 * exactly once. The row may be gone. */
void order_end(struct order *, const struct err *, const char *output);
/* Sets the current step. The row shows the step and `mocr do` prints it. */
void order_progress(struct order *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Passes a text to the starter of the order. what names the text. False: nobody listens. */
bool order_show(struct order *, const char *what, const char *text);
struct row *order_row(const struct order *); /* NULL: gone */

/* Writes the actions of the row's kind that apply now into out, at most max. Returns their
 * number. */
size_t actions_of(const struct row *, const struct action **out, size_t max);
const struct action *action_find(const struct kind *, const char *name_or_verb);

#endif
