/* internal.h: the store's inside, for the files of this folder and of servers/. */
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
	const struct settings *settings; /* kept */
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
	/* owned array: how many rows of each kind there are; rows: NULL */
	struct kin *kin;
	size_t n_kin;
	struct row *changes; /* by change_next: for store_changes_take */
	struct row *needs;   /* by need_next: health is HEALTH_ATTENTION or worse */
	size_t n_needs, n_asks;
	bool needs_unclear; /* some server's is */
	bool checked;       /* MOCR_CHECK=1 */
	/* owned array: on the screen in this round or the last one */
	struct row **shown;
	size_t n_shown, cap_shown;
	uint32_t mark;        /* of the list that is coming in */
	uint32_t shown_round; /* of what is on the screen */
	/* the changed hook is waiting for the end of the turn */
	bool told;
	/* of store_touch_figures; armed while figures wait to be told */
	struct loop_timer *figures;
	bool figures_wait;
	/* gives memory back to the system some seconds after a server came up (server.c) */
	struct loop_timer *trim;
	bool closing;
};

/* A server's name as it stands in ids: washed, without slashes; the caller frees it. */
char *store_server_name(const char *name);
/* something did; tells once a turn */
void store_changed(struct store *);
/* the same for what rows of several kinds read */
void store_changed_widely(struct store *);
/* sources_tell_needs must look at its sources */
void store_needs_unclear(struct server *);
/* an order on it began or ended; NULL: the row has gone */
void store_order_changed(struct row *);
/* check.c. False and err: a count or list that is kept differs from the rows. */
bool store_counts_right(const struct store *, struct err *);
void store_check(const struct store *); /* aborts when they differ */
/* puts a row made elsewhere (a server's) in */
void store_row_adopt(struct store *, struct row *);
/* rows of kind_source, as it is now */
void sources_tell_needs(struct store *);
/* takes it out again; frees only what struct row owns */
void store_row_drop(struct row *);

struct activity *activity_create(const char *state_dir);
void activity_destroy(struct activity *);

void orders_destroy(struct store *);
void orders_forget_server(struct store *, const struct server *);
void record_destroy(struct record *);

#endif
