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
	uint64_t generation;
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
