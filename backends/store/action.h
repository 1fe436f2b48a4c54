/* action.h: what can be done. One table row per action feeds keys, menu, help, command line, man
 * page and `mocr do`. */
#ifndef STORE_ACTION_H
#define STORE_ACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"
#include "backends/store/store.h"

enum {
	ACTION_CHANGES = 1, /* changes something on a server: does not exist with --read-only */
	ACTION_CONFIRM = 2, /* asks first, default no */
	ACTION_MARKED = 4,  /* works on all marked rows */
	ACTION_DANGER = 8,  /* destroys something: asks, and never has a bare letter as key */
	/* its argument is what a person wrote: kept when it does not get there */
	ACTION_FREE_TEXT = 16,
	ACTION_SECRET = 32 /* and may be a password for somebody else: it is written nowhere */
};

struct order;
struct console; /* the tui's; opaque here */

struct action {
	const char *name; /* "container-restart": config, mocr do, log, man page */
	const char *verb; /* "restart": menu, hint line, mocr do; unique within a kind */
	const char *key;  /* default binding as keys are written ("r", "C-r", "Enter"), or NULL */
	const char *help; /* one sentence without full stop */
	unsigned flags;
	/* Does it make sense for row as it is now? NULL: always. */
	bool (*applies)(const struct row *);
	/* The command as a person would type it, for the confirmation and the log: "docker restart
	 * javisi_n8n" (washed). */
	void (*command)(const struct row *, char *buf, size_t size);
	/* Starts it; order_done ends it. Exactly one of run and show is set. */
	void (*run)(struct order *);
	/* An action of the console itself (zoom, sort, help): tui tables only. */
	void (*show)(struct console *);
	/* What must be said first, as the title of a line to type it in; NULL: nothing. suggest
	 * (NULL: none) fills the line. */
	const char *asks;
	void (*suggest)(const struct row *, char *buf, size_t size);
	/* More words for this row, under the title; leaves "" when nothing must be said first after
	 * all. NULL: none. */
	void (*asks_more)(const struct row *, char *buf, size_t size);
	/* Can it be meant? Looked at before the question and before it starts; false: err says what
	 * was expected. NULL: anything. */
	bool (*fits)(const struct row *, const char *argument, struct err *);
	const char *doing; /* "restarting": what the row says meanwhile */
	/* ACTION_WORDS: the part of its argument that was written, "" when it was only chosen.
	 * NULL: all of it, and it is offered again. */
	const char *(*written)(const char *argument);
};

enum order_state { ORDER_RUNNING, ORDER_DONE, ORDER_FAILED, ORDER_CANCELLED };

/* One run of an action on one row. Owned by the store; kept until the next order of its row, or
 * ORDERS_KEPT. */
struct order {
	const struct action *action;
	struct store *store;
	char *id;       /* of the row; the row may be gone when it ends */
	char *command;  /* what action->command said */
	char *argument; /* what the user gave (a signal's name, ...); NULL */
	enum order_state state;
	int64_t started_ms, ended_ms; /* wall clock */
	struct err err;               /* ORDER_FAILED: the far side's own words */
	char output[256];             /* ORDER_DONE: what is worth saying; "" */
	char progress[160]; /* ORDER_RUNNING: which step it is at, of an order with many; "" */
	void (*at)(struct order *, void *arg);   /* it is at another step; or NULL */
	void *run;                               /* the backend's own; it frees it */
	void (*done)(struct order *, void *arg); /* for whoever started it; or NULL */
	/* Something to read and copy now, once, that may be secret: never logged, gone when this
	 * returns; or NULL. */
	void (*show)(struct order *, const char *what, const char *text, void *arg);
	void *done_arg;
	struct order *next;
};

/* Starts action on row, logs it, and returns its order. NULL and err when it cannot be started:
 * read-only, the row's server is not up, another order runs on it, it does not apply. */
struct order *order_start(struct row *, const struct action *, const char *argument, struct err *);
/* Ends it: err NULL or code ERR_NONE: done. Called by the backend exactly once. Safe when the row
 * is gone. */
void order_end(struct order *, const struct err *, const char *output);
/* It is at this step now: shown in the row, printed by `mocr do`. */
void order_progress(struct order *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Hands what to whoever started it; false: nobody listens. */
bool order_show(struct order *, const char *what, const char *text);
struct row *order_row(const struct order *); /* NULL: gone */

/* The actions of row's kind that make sense now, into out (at most max); returns how many. */
size_t actions_of(const struct row *, const struct action **out, size_t max);
const struct action *action_find(const struct kind *, const char *name_or_verb);

#endif
