/* platform.h: what every web platform has in common, so that a new one is its words alone.
 *
 * A platform is a const struct platform: what it is called, what one round of polling asks for, how
 * each answer becomes rows, what can be done. Everything else happens here: the sites of its
 * sections ([coolify NAME]), their API clients, the rounds with back-off, the states of source and
 * rows, orders of many calls, deployments followed to their end, logs.
 *
 * A whole small platform that lists services and restarts them (add it to backends.c, its rows to
 * the settings):
 *
 *   static bool tiny_take_list(struct site *s, const char *ref, const char *json, size_t len,
 *                              struct err *err)
 *   {
 *           struct tiny_list l;
 *           if (!tiny_list_parse(json, len, &l, err))        // pure, in tiny_parse.c
 *                   return false;                            // err becomes "Tiny NAME: ..."
 *           site_answered(s);                                // a new list begins
 *           for (size_t i = 0; i < l.n; i++)
 *                   tiny_judge(site_app(s, NULL, NULL, l.at[i].name, l.at[i].id), &l.at[i]);
 *           site_listed(s);                                  // rows that it did not name go
 *           return true;
 *   }
 *   static void tiny_restarted(struct job *j, const struct api_answer *r)
 *   {
 *           job_end(j, &r->err, NULL);                       // the next round shows the rest
 *   }
 *   static void tiny_run(struct order *order, struct app *a, enum app_do what)
 *   {
 *           struct job *j = job_begin(a->instance, order, sizeof(*j), "restart");
 *           char *path = platform_path("/services/", a->ref, "/restart");
 *           if (j)                                           // NULL: the order has its end
 *                   job_call(j, "POST", path, NULL, tiny_restarted);
 *           free(path);
 *   }
 *   static const struct platform platform_tiny = {
 *           .app = { .name = "Tiny", .can = tiny_can, .command = tiny_command, .run = tiny_run },
 *           .product = "Tiny", .section = "tiny", PLATFORM_SECTION(tinies, platform_config),
 *           .steps = (const struct platform_step[]){
 *                   { "list", "/services", STEP_MUST, tiny_take_list }, { .what = NULL } },
 *           .shown_ms = 5000, .hidden_ms = 60000, .retry_ms = 10000,
 *   };
 *   const struct backend backend_tiny = PLATFORM_BACKEND("tiny", platform_tiny); */
#ifndef APPS_PLATFORM_H
#define APPS_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/apps/app.h"
#include "backends/base/err.h"
#include "backends/link/api.h"
#include "backends/store/store.h"

struct buf;
struct job;
struct order;
struct platform;
struct rollout;
struct site_log;

/* What the section of a site says; strings are borrowed from the settings, NULL where nothing is
 * said. The structs of the settings begin with these members, in this order. */
struct site_config {
	const char *name, *url, *server, *token_command;
};

/* --- one site: [SECTION NAME] -------------------------------------------- */

struct site {
	struct site *next;
	const struct platform *platform; /* borrowed */
	struct source *source;           /* borrowed */
	char name[64];
	char version[80];         /* what it says of itself, washed; "" unknown */
	struct api *api;          /* owned; NULL: a recording, no link, a wrong url */
	struct api_call *call;    /* of the round; NULL: it rests */
	struct loop_timer *timer; /* of the next round; NULL: never opened */
	/* of the round: platform->steps, then questions about rows */
	size_t step;
	unsigned once;   /* bits: STEP_ONCE steps that this link has asked */
	char about[200]; /* id of the row that is asked about */
	bool up;         /* it may be asked */
	bool hurry;      /* the next round begins at once */
	bool shown;      /* rows of its source are on the screen */
	bool answered;   /* a list came once */
	bool complete;   /* and all that was to be asked about its rows */
	bool failed;     /* this round, so far */
	unsigned fails;  /* rounds in a row */
	uint32_t round;  /* counts lists, from 1 */
	size_t left_out; /* of its list, beyond what is read */
	/* why the last round failed; ERR_NONE: since then a list came */
	struct err err;
	struct job *jobs;      /* orders that run */
	struct site_log *logs; /* that were asked here; each leaves when it is closed */
};

/* The source of a platform whose backend is PLATFORM_BACKEND. */
struct sites {
	struct source source;
	struct site *first; /* owned */
};

/* --- a platform ---------------------------------------------------------- */

enum {
	STEP_MUST = 1, /* without its answer the round has failed */
	STEP_ONCE = 2, /* once for each link */
	/* without the token, outside the prefix; once there is a token, all the same */
	STEP_OPEN = 4,
	STEP_RAW = 8, /* no JSON: it is not reduced */
};

/* One kind of answer. Those with a path are asked in each round, in this order; those without come
 * of questions about a row (platform->about) or of a stream. */
struct platform_step {
	const char *what; /* of source_feed: "NAME TAB what [TAB ref]" */
	const char *path; /* behind the prefix; NULL */
	unsigned flags;
	/* Into rows. ref: what stands behind the second tab, "" nothing. False and err: it is
	 * useless, the round has failed. What may be missing returns true. */
	bool (*take)(struct site *, const char *ref, const char *json, size_t len, struct err *);
};

struct platform {
	struct app_platform app;       /* what its rows can do; .app.name is in the column */
	const char *product, *section; /* "Coolify", "coolify": in sentences */
	size_t list_at, next_at;       /* PLATFORM_SECTION */
	/* of the struct that starts with a struct site; 0: that one */
	size_t site_size;
	const char *prefix; /* before each path: "/api/v1"; NULL: nothing */
	const char *token_header, *token_help, *token_word; /* as struct api_config has them */
	bool (*denies)(int status, const char *body);       /* likewise */
	const struct platform_step *steps;                  /* ends at .what == NULL */
	int64_t shown_ms, hidden_ms; /* from the end of a round to the next one */
	int64_t busy_ms;             /* while something goes on there; 0: as if nothing did */
	/* after a failed round, times the fails in a row, six at most */
	int64_t retry_ms;
	int64_t timeout_ms; /* of a call of the round; 0: as api.h has it */
	/* leaves what is read; NULL: all */
	void (*reduce)(const char *json, size_t len, struct buf *);

	/* All of these may be NULL. */
	bool (*is_due)(const struct site *, const struct app *); /* ask about this row now? */
	/* its path, the step that reads it */
	char *(*about)(const struct app *, const char **what);
	/* its health, after its deployments changed */
	void (*judge_app)(struct app *);
	/* while it answers; NULL: good */
	enum health (*opinion)(const struct site *, char *why, size_t size);
	void (*open)(struct site *);  /* the link is up (api NULL: the url is wrong) */
	bool (*begin)(struct site *); /* a round is due; false: it is left out */
	void (*over)(struct site *);  /* the round is over; site->failed says how */
	/* link or server go; jobs have ended */
	void (*close)(struct site *, const struct err *why);
	void (*free)(struct site *); /* what it owns beyond struct site */

	/* For platforms whose rows are no apps. judge: site->err changed, NULL: rows of kind_app
	 * and the state of struct sites. came: an answer, or the refusal of a step that need not be
	 * answered; NULL: it is reduced and fed. */
	void (*judge)(struct site *);
	void (*came)(struct site *, const struct platform_step *, const struct api_answer *);

	/* Deployments that are followed (rollout_*). */
	char *(*deployment_path)(const struct rollout *); /* GET: tells how it goes */
	bool (*deployment_read)(const struct rollout *, const char *json, size_t len,
	                        struct app_deployment list[APP_DEPLOYMENTS_MAX], size_t *n,
	                        struct err *);
	int64_t poll_ms, begin_ms; /* between looks; until one must have begun */

	/* Their logs (site_follow). log_path: owned; NULL: log_ask asks in another way. */
	char *(*log_path)(const struct site_log *);
	void (*log_ask)(struct site_log *);
	/* a good answer: app_log_take, app_log_fail */
	void (*log_read)(struct site_log *, const struct api_answer *);
	void (*log_stop)(struct site_log *);
	/* of the struct that starts with a struct site_log; 0: that one */
	size_t log_size;
};

/* Where struct settings has the list of its sections, and the struct of one of them. */
#define PLATFORM_SECTION(list, type) \
	.list_at = offsetof(struct settings, list), .next_at = offsetof(struct type, next)

/* --- the backend --------------------------------------------------------- */

/* param is the platform. */
#define PLATFORM_BACKEND(word, platform)                                                      \
	{                                                                                     \
		.name = word, .source_size = sizeof(struct sites), .param = &(platform),      \
		.up = sites_up, .down = sites_down, .feed = sites_feed, .shown = sites_shown, \
		.finish = sites_finish                                                        \
	}
void sites_up(struct source *);
void sites_down(struct source *);
void sites_feed(struct source *, const char *what, const char *bytes, size_t len);
void sites_shown(struct source *);
void sites_finish(struct source *);

/* --- a site -------------------------------------------------------------- */

/* false: not configured (any more) */
bool site_config(const struct site *, struct site_config *);
const void *site_section(const struct site *); /* the whole struct of it; NULL */
void site_init(struct site *, const struct platform *, struct source *, const char *name);
void site_open(struct site *, const struct site_config *); /* the link is up: rounds begin */
void site_rest(struct site *);                             /* no rounds; calls of jobs go on */
void site_close(struct site *, const char *why);           /* the link is gone: jobs end */
void site_poke(struct site *);                             /* a round soon */
/* a list came, whole: a new round of rows begins */
void site_answered(struct site *);
/* All rows of that list were named: the others go, and site->left_out is told. */
void site_listed(struct site *);
void site_fail(struct site *, const struct err *); /* the round has failed */
void site_judge(struct site *);                    /* the row of the platform itself */
const char *site_url(const struct site *);         /* "" unknown */

/* A row of this site in this round (app_row). */
struct app *site_app(struct site *, const char *project, const char *environment, const char *name,
                     const char *ref);
/* NULL: the first; not its own row */
struct app *site_next_app(const struct site *, const struct app *after);
struct app *site_app_by_ref(const struct site *, const char *ref); /* NULL */
/* in the next round, which begins soon */
void site_ask_about(struct app *);
/* A call outside rounds and jobs; path behind the prefix. */
struct api_call *site_call(struct site *, const struct api_request *);
/* A path: the word between before and after is encoded; owned. */
char *platform_path(const char *before, const char *word, const char *after);

/* --- jobs: orders of many calls ------------------------------------------ */

struct job {
	struct job *next;
	struct site *site;     /* borrowed */
	struct order *order;   /* borrowed */
	struct api_call *call; /* NULL: none is on its way */
	struct loop_timer *timer;
	int64_t began_ms; /* loop clock */
	const char *verb; /* "deploy"; static */
	void (*answered)(struct job *, const struct api_answer *);
	void (*woken)(struct job *);
};
typedef void job_answered(struct job *, const struct api_answer *);

/* size: of the struct that starts with a struct job, zeroed. NULL: the site is not connected, the
 * order has its end. */
void *job_begin(struct site *, struct order *, size_t size, const char *verb);
/* One call at a time; path behind the prefix, body JSON or NULL. A wait that a 429 asks for is
 * shown. */
void job_call(struct job *, const char *method, const char *path, const char *body, job_answered *);
void job_wake(struct job *, int64_t ms, void (*woken)(struct job *));
/* err NULL or ERR_NONE: done. The job is gone. Its row is asked about soon. */
void job_end(struct job *, const struct err *, const char *output);
void site_jobs_end(struct site *, const struct err *);

/* --- rollouts: a deployment, followed to its end ------------------------- */

struct rollout {
	struct job job;
	char ref[80];      /* the application there */
	char id[80];       /* the deployment; "" not known yet */
	char before[80];   /* the newest deployment until then; "" none */
	bool silent;       /* the last look failed */
	struct err unsure; /* it was asked for and no answer came */
	/* NULL: the order makes progress, the order ends. */
	void (*say)(struct rollout *, const char *how);
	void (*over)(struct rollout *, const struct err *, const char *said);
};
/* Its time begins. */
void rollout_begin(struct rollout *, const char *ref);
void rollout_say(struct rollout *, const char *how);
/* Looks until it is over, or an hour. What the platform does goes on without mocr. */
void rollout_follow(struct rollout *);
/* What rollout_follow calls at the end. */
void rollout_over(struct rollout *, const struct err *, const char *said);

/* --- the log of the last deployment of a row ----------------------------- */

struct site_log {
	struct site_log *next; /* of home->logs */
	struct site *home;     /* NULL: in no list */
	const struct platform *platform;
	struct store *store; /* borrowed */
	struct api_call *call;
	struct app_log *log;
	struct site *site;     /* while it is asked: connected */
	char row[200], id[80]; /* of the row; of the deployment, "" not known yet */
};
/* The connection of the site goes: a question on its way ends, and the log asks again later. */
void site_logs_lose(struct site *, const struct err *);
/* The site goes. */
void site_logs_forget(struct site *);
/* For app_platform.follow. NULL and err: the row has none. */
struct follow *site_follow(struct app *, struct log *, struct err *);
/* Whether a deployment with this health goes on. */
bool deployment_runs(const struct app_deployment *);

#endif
