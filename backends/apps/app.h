/* app.h: what web platforms deploy: one row for each application, stack or service of a Dokploy, a
 * Coolify or a portal, and one for the platform itself (its reachability, what is made again
 * there).
 *
 * All platforms share this kind, its actions and its panel. A platform brings an app_platform (what
 * it can do, how) and fills rows from its feed with app_row and app_settle; what an action does is
 * shown with order_progress. */
#ifndef APPS_APP_H
#define APPS_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/store/store.h"

struct app;
struct api_call;
struct order;

enum app_do {
	APP_DEPLOY,
	APP_REDEPLOY,
	APP_START,
	APP_STOP,
	APP_RESTART,
	APP_CANCEL,
	APP_NEW,
	APP_UNDO
};

/* One of these per platform, const. */
struct app_platform {
	const char *name; /* "Dokploy" */
	bool (*can)(const struct app *, enum app_do);
	/* as a person would say it; washed by the caller */
	void (*command)(const struct app *, enum app_do, char *buf, size_t size);
	/* ends the order, now or later */
	void (*run)(struct order *, struct app *, enum app_do);
	/* more than the kind itself says; NULL */
	void (*detail)(struct app *, struct doc *);
	/* of its last deployment; NULL: no log is told */
	struct follow *(*follow)(struct app *, struct log *, struct err *);
	/* for APP_NEW; NULL */
	void (*suggest)(const struct app *, char *buf, size_t size);
};

/* One deployment, newest first in app->deployments. */
struct app_deployment {
	char id[80];
	char state[24];               /* in the platform's word */
	enum health health;           /* GOOD, BUSY, BAD, IDLE (cancelled, waiting) */
	char title[120], error[200];  /* washed; "" */
	char log[256];                /* where its log is, in the platform's own terms; "" */
	int64_t created_ms, ended_ms; /* wall clock; 0 unknown or not yet */
};
#define APP_DEPLOYMENTS_MAX 20

struct app {
	struct row row;
	const struct app_platform *platform;
	/* the platform's own: which of its sections the row is of */
	void *instance;
	bool is_platform;                   /* the row of the platform itself */
	char section[64];                   /* NAME of [dokploy NAME] */
	char project[100], environment[64]; /* "" where there is none; environment "" when it is the
	                                       only or usual one */
	char type[24];    /* "application", "compose", "service", "database", "stack", "platform" */
	char state[48];   /* in the platform's word: "done", "running:healthy"; a platform's: its
	                     version */
	char domain[200]; /* "https://x.example"; "" */
	char image[160];
	char ref[80]; /* its id there */
	/* wall clock, since when it is in that state, as told; 0 unknown */
	int64_t state_ms;
	struct app_deployment *deployments; /* owned; NULL */
	size_t n_deployments;
	uint32_t round;       /* of the list that named it last */
	int64_t asked_ms;     /* loop clock, likewise */
	uint32_t asked_round; /* the platform's own: when it was asked about last */
	bool asked;           /* at all */
};

extern const struct kind kind_app;
extern const struct backend backend_dokploy, backend_coolify, backend_portal;

static inline struct app *app_of(struct row *r)
{
	return (struct app *)r;
}

/* Finds or makes the row: SERVER/app/SECTION[/PROJECT[/ENVIRONMENT]]/NAME, or SERVER/app/SECTION
 * for the platform itself (name NULL). ref tells two of one name apart. round: of this list;
 * app_sweep removes rows of instance that have another. */
struct app *app_row(struct source *, const struct app_platform *, void *instance,
                    const char *section, const char *project, const char *environment,
                    const char *name, const char *ref, uint32_t round);
void app_sweep(struct source *, void *instance, uint32_t round);
/* Its deployments (copied, at most APP_DEPLOYMENTS_MAX). */
void app_set_deployments(struct app *, const struct app_deployment *, size_t n);
/* Health with its age: from state_ms when it is told, else since it is so. */
void app_settle(struct app *, enum health, const char *why);
const struct app_deployment *app_last(const struct app *); /* NULL: none known */

/* The rules of a stack's name (3 to 20 of a-z 0-9 -, no - at an end, none of the reserved words):
 * false and a sentence why not. */
bool stack_name_check(const char *name, struct err *);

/* --- the log of a deployment that is asked for as a whole, again and again (app_log.c) --- */

/* A follower: ask is called when the text is to be asked for; the platform answers, later or never,
 * with app_log_take or app_log_fail. */
struct app_log;
struct app_log_ops {
	void (*ask)(struct app_log *, void *arg);
	/* nobody follows any more: cancels what was asked, frees arg */
	void (*stop)(void *arg);
};
struct app_log *app_log_follow(struct app *, struct log *, const char *name,
                               const struct app_log_ops *, void *arg);
struct follow *app_log_handle(struct app_log *);
/* All that there is of it, or its last lines: what was not told yet is added. over: nothing more
 * will come; ending says how it ended. */
void app_log_take(struct app_log *, const char *text, size_t len, bool over, const char *ending);
/* said in the log once; it is asked again */
void app_log_fail(struct app_log *, const struct err *);
/* something came by itself: ask is called in a moment */
void app_log_now(struct app_log *);
/* nothing to tell yet: it is asked again in a moment */
void app_log_later(struct app_log *);
#define APP_LOG_EVERY_MS 1000

#endif
