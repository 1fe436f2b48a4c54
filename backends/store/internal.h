/* internal.h: the inside of the store, only for the files of this folder and of servers/. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "backends/store/activity.h"
#include "backends/store/action.h"
#include "backends/store/settings.h"
#include "backends/store/store.h"

#define ORDERS_KEPT 200

struct store {
	struct loop *loop;               /* borrowed */
	struct http *http;               /* borrowed */
	const struct settings *settings; /* one reference, from settings_keep */
	struct store_hooks hooks;
	struct row *rows; /* uthash by id */
	struct server *servers;
	struct order *orders; /* newest first */
	struct activity *activity;
	struct log_pool *logs; /* owned */
	struct record *record; /* NULL: not recording */
	struct replay *replay; /* NULL: live */
	void (*replay_destroy)(struct replay *);
	uint64_t generation, wide_generation, news;
	/* owned array: number of rows per kind; the member rows of each stays NULL */
	struct kin *kin;
	size_t n_kin;
	struct row *changes; /* list by change_next, for store_changes_take */
	struct row *needs;   /* list by need_next: rows whose need is not NEED_NONE */
	size_t n_needs, n_asks;
	bool needs_unclear; /* needs_unclear is set for some server */
	/* counts changes of the rows of servers; cause.c: what its answers are from */
	uint64_t servers_news, causes_at, causes_wide;
	uint64_t judged_at; /* wide_generation when all conditions were judged last */
	/* what the user set aside; NULL: no row had a condition yet */
	struct standing *standing;
	bool checked; /* MOCR_CHECK=1 */
	/* owned array: rows on the screen in this round or the last one */
	struct row **shown;
	size_t n_shown, cap_shown;
	uint32_t mark;        /* of the list that is arriving */
	uint32_t shown_round; /* the current round of rows on the screen */
	/* the changed hook is called at the end of the turn */
	bool hook_waits;
	/* the timer of store_touch_figures; armed while figures wait for their notification */
	struct loop_timer *figures;
	bool figures_wait;
	/* returns memory to the system some seconds after a server came up (server.c) */
	struct loop_timer *trim;
	bool closing;
};

/* Returns a server's name in the form that ids use: washed, without slashes. The caller frees
 * it. */
char *store_server_name(const char *name);
/* something changed; calls the hook once a turn */
void store_changed(struct store *);
/* same, for a change that rows of several kinds read */
void store_changed_widely(struct store *);
/* sources_tell_needs must check the sources of this server again */
void store_needs_unclear(struct server *);
/* an order on this row began or ended; NULL: the row is gone */
void store_order_changed(struct row *);
/* In check.c. False and err: a stored count or list differs from the rows. */
bool store_counts_right(const struct store *, struct err *);
void store_check(const struct store *); /* aborts if a stored count or list differs from the rows */
/* inserts a row that other code made (a server's row) */
void store_row_adopt(struct store *, struct row *);
/* brings the rows of kind_source up to date */
void sources_tell_needs(struct store *);
/* removes an adopted row; frees only the members of struct row */
void store_row_drop(struct row *);

/* the condition of the row may stand elsewhere now */
void store_need_again(struct row *);

/* standing.c. was: the health at the last verdict. */
enum need_state standing_judge(struct row *, enum health was);
void standing_gone(const struct row *); /* the row is being removed */
/* all rows with a condition, after something that many of them depend on changed */
void standing_judge_all(struct store *);
void standing_destroy(struct standing *);

struct activity *activity_create(const char *state_dir);
void activity_destroy(struct activity *);

void orders_destroy(struct store *);
void orders_forget_server(struct store *, const struct server *);
void record_destroy(struct record *);

#endif
