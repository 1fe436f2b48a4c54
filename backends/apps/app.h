/* app.h: the row kind of web platforms that deploy: one row per application, stack or service of a
 * Dokploy, Coolify or portal. Each platform also has a row of its own, with its reachability and
 * the action for new stacks.
 *
 * All platforms share this kind, its actions and its panel. A platform supplies an app_platform and
 * fills rows from its feed with app_row and app_settle. Orders show their progress with
 * order_progress. */
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

/* One const struct per platform: what it can do, and how. */
struct app_platform {
	const char *name; /* "Dokploy" */
	bool (*can)(const struct app *, enum app_do);
	/* the command as shown before confirming; washed by the caller */
	void (*command)(const struct app *, enum app_do, char *buf, size_t size);
	/* carries out the order; must end the order, now or later */
	void (*run)(struct order *, struct app *, enum app_do);
	/* adds to the details of the row; NULL: nothing to add */
	void (*detail)(struct app *, struct doc *);
	/* follows the log of the last deployment; NULL: no logs */
	struct follow *(*follow)(struct app *, struct log *, struct err *);
	/* prefills the argument of APP_NEW; NULL: no prefill */
	void (*suggest)(const struct app *, char *buf, size_t size);
};

/* An id on a platform, with its NUL. No longer than a word of a journal (journal.h). */
#define APP_ID_SIZE 256
enum app_id {
	APP_ID_NONE, /* missing, or of another type */
	APP_ID_READ,
	/* longer, or with signs that cannot be shown: cut or washed, the id would name nothing or
	 * something else */
	APP_ID_UNFIT
};
/* Reads an id: a member of a JSON object (cJSON *), as vj_text does. id is "" unless it was
 * read. */
enum app_id app_id_read(const void *object, const char *name, const char *other,
                        char id[APP_ID_SIZE]);

/* One deployment. app->deployments lists the newest first. */
struct app_deployment {
	char id[APP_ID_SIZE];
	char state[24];               /* the platform's word */
	enum health health;           /* GOOD, BUSY, BAD, or IDLE (cancelled, waiting) */
	char title[120], error[200];  /* washed; "" none */
	char log[256];                /* location of its log, in the platform's form; "" none */
	int64_t created_ms, ended_ms; /* wall clock, ms; 0 unknown or not yet */
};
#define APP_DEPLOYMENTS_MAX 20

struct app {
	struct row row;
	const struct app_platform *platform;
	/* private to the platform: the site that the row belongs to */
	void *instance;
	bool is_platform; /* the row of the platform itself */
	char section[64]; /* NAME in [dokploy NAME] */
	/* "" none; environment "" also for the only or default one */
	char project[100], environment[64];
	char type[24]; /* "application", "compose", "service", "database", "stack", "platform" */
	/* the platform's word: "done", "running:healthy"; on the platform's row: its version */
	char state[48];
	char domain[200]; /* "https://x.example"; "" none */
	char image[160];
	char *ref; /* owned: id on the platform, below APP_ID_SIZE; "" for the platform itself */
	/* wall clock, ms: start of the state, as the platform states it; 0 unknown */
	int64_t state_ms;
	struct app_deployment *deployments; /* owned; NULL none */
	size_t n_deployments;
	uint32_t round;   /* number of the last list that named the row */
	int64_t asked_ms; /* loop clock, ms: last time the platform was asked about the row */
	/* for the platform: number of the list at the last question; 0: ask again */
	uint32_t asked_round;
	bool asked; /* false: never asked */
};

extern const struct kind kind_app;
extern const struct backend backend_dokploy, backend_coolify, backend_portal;

static inline struct app *app_of(struct row *r)
{
	return ROW_AS(app, r);
}

/* Finds or makes a row. Its id is SERVER/app/PLACE[/PROJECT[/ENVIRONMENT]]/NAME. With name NULL it
 * is SERVER/app/PLACE, the row of the platform itself. PLACE is the section's name, or
 * PLATFORM:NAME (see site_place). ref distinguishes two rows of the same name. round is the number
 * of the list. app_sweep removes rows of instance with another round. */
struct app *app_row(struct source *, const struct app_platform *, void *instance,
                    const char *place, const char *section, const char *project,
                    const char *environment, const char *name, const char *ref, uint32_t round);
void app_sweep(struct source *, void *instance, uint32_t round);
/* Copies the deployments, at most APP_DEPLOYMENTS_MAX. */
void app_set_deployments(struct app *, const struct app_deployment *, size_t n);
/* Sets health and its age: since state_ms if known, else since the health changed. */
void app_settle(struct app *, enum health, const char *why);
/* the newest deployment; NULL: none known */
const struct app_deployment *app_last(const struct app *);

/* Checks a stack name: 3 to 20 of a-z 0-9 -, no - at either end, no reserved word. False: err says
 * why. */
bool stack_name_check(const char *name, struct err *);

/* --- deployment logs that arrive whole each time (app_log.c) -------------- */

/* A follower polls. When ask is called, the platform fetches the text. It answers later, or never,
 * with app_log_take or app_log_fail. */
struct app_log;
struct app_log_ops {
	void (*ask)(struct app_log *, void *arg);
	/* the follower ended: cancel the fetch and free arg */
	void (*stop)(void *arg);
};
struct app_log *app_log_follow(struct app *, struct log *, const char *name,
                               const struct app_log_ops *, void *arg);
struct follow *app_log_handle(struct app_log *);
/* Takes the whole log, or its last lines, and logs what is new. over: no more will come. ending
 * says how it ended. */
void app_log_take(struct app_log *, const char *text, size_t len, bool over, const char *ending);
/* logs the error once; asks again later, unless it is ERR_ABSENT or ERR_DENIED */
void app_log_fail(struct app_log *, const struct err *);
/* new text arrived unasked: calls ask in a moment */
void app_log_now(struct app_log *);
/* no text yet: calls ask again in a moment */
void app_log_later(struct app_log *);
#define APP_LOG_EVERY_MS 1000

#endif
