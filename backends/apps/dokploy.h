/* dokploy.h: the inside of the Dokploy backend: dokploy.c looks, dokploy_act.c deploys, starts and
 * stops, dokploy_new.c makes a stack, made.c remembers what a stack that is not whole yet has made.
 */
#ifndef APPS_DOKPLOY_H
#define APPS_DOKPLOY_H

#include "backends/apps/app.h"
#include "backends/apps/dokploy_parse.h"
#include "backends/link/api.h"
#include "backends/store/action.h"

struct dokploy_config;
struct act;

/* One thing that a new stack made. */
struct made {
	char stack[64], what[16], id[DP_ID],
		name[DP_NAME]; /* what: "project", "application", "domain" */
};
#define MADE_MAX 64

struct dok { /* one [dokploy NAME] */
	struct dok *next;
	size_t left_out;       /* of its tree, beyond what is read */
	struct source *source; /* borrowed */
	char name[64];
	struct api *api;             /* NULL: a recording, a wrong url */
	struct api_call *look, *one; /* what is asked now */
	struct loop_timer *timer;
	char version[24];
	int release; /* 2905 of 0.29.5; 0 unknown */
	bool version_asked, by_environment, up, again;
	bool answered, detailed; /* a list came; and what was to be asked about each */
	unsigned fails;
	uint32_t round, ones; /* lists; answers about one */
	/* why the last look failed; code ERR_NONE: it did not */
	struct err err;
	char one_id[200]; /* the row that is asked about */
	struct act *acts; /* orders that run */
	struct made made[MADE_MAX];
	size_t n_made;
	bool made_read;
};

struct doks { /* the source */
	struct source source;
	struct dok *first;
	bool shown;
};

extern const struct app_platform platform_dokploy;

struct app *dok_row(struct dok *);                           /* the platform's own */
const struct dokploy_config *dok_config(const struct dok *); /* NULL: not configured (any more) */
void dok_poll_now(struct dok *);                             /* look soon */
void dok_ask_about(struct app *);                            /* ask about this one soon */
void dok_judge(struct dok *);                                /* the platform's own row again */
/* A call of its API; path behind /api/. */
struct api_call *dok_call(struct dok *, const char *method, const char *path, const char *body,
                          void (*done)(const struct api_answer *, void *), void *arg);

/* dokploy_act.c */
void dok_acts_end(struct dok *, const char *why);
void dok_run(struct order *, struct app *, enum app_do);
struct follow *dok_follow(struct app *, struct log *, struct err *);

/* An order that takes many calls. */
struct act {
	struct act *next;
	struct dok *dok;
	struct order *order;
	struct api_call *call;
	struct loop_timer *timer;
	int64_t began_ms;   /* loop clock */
	char ref[DP_ID];    /* application or compose */
	bool compose, seen; /* seen: the new deployment is in the list */
	char before[DP_ID]; /* the newest deployment until then */
	const char *verb;   /* "deploy", "redeploy", "start", "stop" */
	/* who wants to go on after a deployment */
	void (*deployed)(struct act *, const struct err *, const char *said);
	struct stack *stack; /* dokploy_new.c's own; NULL */
};
struct act *dok_act_begin(struct dok *, struct order *);
/* Its next call; what a 429 makes it wait is shown. */
void dok_act_call(struct act *, const char *method, const char *path, const char *body,
                  void (*done)(const struct api_answer *, void *));
void dok_act_end(struct act *, const struct err *, const char *output);
/* calls deployed, or ends the order */
void dok_act_deploy(struct act *, const char *ref, bool compose, const char *verb);
char *json_id(const char *member, const char *id); /* {"member":"id"}, owned */

/* dokploy_new.c */
void dok_new(struct order *, struct app *);
void dok_undo(struct order *, struct app *);
void stack_free(struct stack *);
void stack_say(struct act *, const char *how); /* of its step */
void dok_new_command(const struct app *, char *buf, size_t size);
void dok_undo_command(const struct app *, char *buf, size_t size);

/* made.c: $XDG_STATE_HOME/mocr/stacks, one line for each thing, so that it outlives the console. */
void made_read(struct dok *);
/* false: it could not be kept */
bool made_add(struct dok *, const char *stack, const char *what, const char *id, const char *name);
void made_drop(struct dok *, const char *what, const char *id);
void made_forget(struct dok *, const char *stack);

#endif
