/* system.h: the row kind of services with an API of their own: metrics, alerts, models, CI. Each
 * [SECTION NAME] has one row with state, version and a few figures. What it lists, such as alerts
 * or targets that are down, are further rows.
 *
 * A system is a const struct platform (apps/platform.h) made with SYSTEM_PLATFORM. It adds steps,
 * and a struct system_ops with its actions. A whole small system:
 *
 *   static bool tiny_take(struct site *s, const char *ref, const char *json, size_t len,
 *                         struct err *err)
 *   {
 *           struct tiny t;
 *           if (!tiny_parse(json, len, &t, err))          // pure, in tiny_parse.c
 *                   return false;                         // err becomes "Tiny NAME: ..."
 *           site_answered(s);
 *           system_figure(system_own(s), "queue", DOC_PLAIN, "%d", t.queue);
 *           return true;
 *   }
 *   static const struct platform platform_tiny = {
 *           SYSTEM_PLATFORM("Tiny", "tiny", tinies, platform_config, &tiny_ops),
 *           .steps = (const struct platform_step[]){
 *                   { "state", "/state", STEP_MUST, tiny_take }, { .what = NULL } },
 *           .shown_ms = 5000, .hidden_ms = 60000, .retry_ms = 10000,
 *   };
 *   const struct backend backend_tiny = PLATFORM_BACKEND("tiny", platform_tiny);
 *
 * It also needs its line in backends.c and in systems.c, its section in the settings, and a part
 * of mocr-config(5). */
#ifndef SYSTEMS_SYSTEM_H
#define SYSTEMS_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/apps/platform.h"
#include "backends/store/doc.h"
#include "backends/store/store.h"

struct system;

/* What an action does. Every action of the kind has one; a system supplies those that it has. */
enum system_do {
	SYSTEM_SILENCE,
	SYSTEM_UNSILENCE,
	SYSTEM_LOAD,
	SYSTEM_UNLOAD,
	SYSTEM_PULL,
	SYSTEM_DELETE,
	SYSTEM_BLOCK,
	SYSTEM_UNBLOCK,
	SYSTEM_RERUN,
	SYSTEM_CANCEL,
	SYSTEM_DISPATCH,
	SYSTEM_ADD,
	SYSTEM_CHANGE,
	SYSTEM_CREATE,
	SYSTEM_MOVE,
	SYSTEM_START,
	SYSTEM_STOP,
	SYSTEM_RESTART,
	SYSTEM_WRITE,
	SYSTEM_DISMISS,
	SYSTEM_TEST,
	SYSTEM_SEND,
	SYSTEM_ABORT,
	SYSTEM_ANSWER,
	SYSTEM_DOS
};

struct system_act {
	/* does the action make sense for the row now? NULL: always */
	bool (*can)(const struct system_act *, const struct system *);
	/* the request as shown before confirming; washed by the caller */
	void (*command)(const struct system_act *, const struct system *, char *buf, size_t size);
	/* carries out the order; must end the order, now or later */
	void (*run)(const struct system_act *, struct order *, struct system *);
	/* checks the argument; NULL: any is valid */
	bool (*fits)(const struct system_act *, const char *argument, struct err *);
	/* the same where it depends on the row, instead */
	bool (*fits_row)(const struct system_act *, const struct system *, const char *argument,
	                 struct err *);
	/* the request, for functions that several actions share. verb must be static. */
	const char *verb, *method, *path;
};

struct system_ops {
	const char *asks; /* what is asked for, for the man page: "up targets, alerts" */
	struct system_act acts[SYSTEM_DOS];
	/* Does the row have a log now? NULL: none of them ever has. */
	bool (*has_log)(const struct system *);
	/* As kind.follow and kind.follow_query. query NULL: the log of the row. */
	struct follow *(*follow)(struct system *, const char *query, struct log *, struct err *);
	bool takes_queries;
	/* adds to the details of a row; NULL: nothing to add */
	void (*detail)(const struct system *, struct doc *);
};

struct system_figure {
	char name[20], text[60]; /* washed */
	double share;            /* of what may be used, 0 to 1; below 0: not known */
	enum doc_tone tone;
};
#define SYSTEM_FIGURES_MAX 8
#define SYSTEM_REF_SIZE 513 /* with its NUL; a longer id is cut, see inexact */
#define SYSTEM_ROWS_MAX 200 /* rows of one list of one site; the rest is left out */

struct system {
	struct row row;
	struct site *site; /* borrowed: the section it belongs to */
	/* an offer (found.c), which has no section yet: what it is; else NULL */
	const char *product;
	bool is_site;      /* the row of the system itself */
	char type[16];     /* "alert", "target"; of the system itself its product */
	char state[60];
	char *ref; /* owned: id there, washed, below SYSTEM_REF_SIZE; "" none */
	struct system_figure figures[SYSTEM_FIGURES_MAX];
	size_t n_figures;
	/* wall clock, ms: start of the state as the system states it; 0 unknown */
	int64_t state_ms;
	uint32_t round; /* of the list that named it last */
	char *labels;   /* owned: "\nname=value\n" of an alert; NULL */
	char *asked;    /* owned: the command that waits for an answer, washed; NULL */
	/* what an order would name was cut or washed: labels of an alert, the name of a model. No
	 * order is given. */
	bool inexact;
	/* the line of a metric, oldest first, from 0 to 1; below 0 a gap. Owned; NULL none */
	float *line;
	size_t n_line;
	/* an alert as its own site says it; the row may differ (alerts.h) */
	enum health own_health;
	char own_state[60], own_why[300];
};

extern const struct kind kind_system;
extern const struct backend backend_prometheus, backend_alertmanager, backend_grafana,
	backend_metric, backend_postgres, backend_redis, backend_litellm, backend_ollama,
	backend_ntfy, backend_n8n, backend_qdrant, backend_caddy, backend_ci, backend_dns,
	backend_mission, backend_zlh, backend_relay, backend_loki, backend_victorialogs,
	backend_found, backend_cadvisor, backend_openclaw;

static inline struct system *system_of(struct row *r)
{
	return ROW_AS(system, r);
}
static inline const struct system *system_const(const struct row *r)
{
	return ROW_AS(system, r);
}

/* Of an offer: what its line asks for, "" nothing. */
void system_key_words(const struct row *, char *buf, size_t size);

/* The row of the system itself: SERVER/system/SECTION/NAME. */
struct system *system_own(struct site *);
void system_own_row(struct site *); /* for struct platform: assesses that row */
/* For struct platform: removes every row of the site. Rows elsewhere of the same alerts count
 * again. */
void system_forget(struct site *);
const struct system_ops *system_ops(const struct system *);
/* "Prometheus": its product */
const char *system_product(const struct system *);

/* A list of rows of one type begins. Call system_row for each item, then system_end. That removes
 * the rows of this site and type that were not named, and notes how many are left out. */
void system_begin(struct site *, const char *type);
/* Finds or makes SERVER/system/SECTION/NAME/TYPE/name. Other rows may have the same name: ref then
 * becomes part of the id. unique: no other item of this list has this name. */
struct system *system_row(struct site *, const char *type, const char *name, const char *ref,
                          bool unique);
/* The same with an id of its own: SERVER/system/SECTION/NAME/TYPE/key. For items whose name does
 * not tell them apart: no two items of the site and type have the same key, in any list. */
struct system *system_row_as(struct site *, const char *type, const char *key, const char *name,
                             const char *ref);
void system_end(struct site *, const char *type, size_t left_out);
/* Rows of a site: after NULL the first; skips the system's own row. */
struct system *system_next(const struct site *, const struct system *after);

/* Sets state, health and why (NULL none), and touches the row. */
void system_settle(struct system *, const char *state, enum health, const char *why);
/* Sets the figure of this name; an empty text removes it. */
void system_figure(struct system *, const char *name, enum doc_tone, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The figure is so much of a limit, which its bar shows. No limit: used or limit below 0. */
void system_figure_share(struct system *, const char *name, double used, double limit);
const char *system_figure_text(const struct system *, const char *name); /* "" none */

/* Adds the metrics whose section names this row (of = ID) to its details. */
void metric_details(const struct row *, struct doc *);

/* Has its section a token_command? */
bool system_has_token(const struct site *);
/* For struct platform: without a token only open steps are asked. Others would be a refusal in the
 * log of the system every time. */
bool system_wants_token(const struct site *, const struct platform_step *);

/* An optional step was refused: makes the row of the system need attention, unless it has no token
 * or the system lacks the step. For struct platform. */
void system_lacks(struct site *, const struct platform_step *, const struct err *);

struct system_site {
	struct site site;
	uint32_t lists;  /* number of the running list */
	size_t left_out; /* of all its lists */
	char lack[320];  /* what may not be read, a sentence; "" nothing */
	unsigned lack_step;
	/* what the system says of itself, as system_note sets it */
	enum health note_health;
	char note[240];
};
static inline struct system_site *system_site(struct site *s)
{
	return (struct system_site *)s;
}
/* The health of the system itself while it answers, from the next judgement on: HEALTH_GOOD and ""
 * at first. */
void system_note(struct site *, enum health, const char *why);

/* The common members of a system's const struct platform. */
#define SYSTEM_PLATFORM(title, word, list, type, ops) \
	SYSTEM_PLATFORM_OF(title, word, list, type, ops, struct system_site, system_lacks)
/* The same with a struct of its own, which begins with a struct system_site, and a function for
 * refused steps. */
#define SYSTEM_PLATFORM_OF(title, word, list, type, ops, site_struct, lacks_step)                  \
	.app = { .name = title }, .product = title, .section = word, PLATFORM_SECTION(list, type), \
	.site_size = sizeof(site_struct), .kind = &kind_system, .own_row = system_own_row,         \
	.lacks = lacks_step, .forget = system_forget, .param = (ops)

#endif
