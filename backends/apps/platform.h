/* platform.h: the shared part of all web platforms. A new platform adds only what differs.
 *
 * A platform is a const struct platform: its names, the steps of a polling round, how each answer
 * becomes rows, and its actions. This room does the rest. It keeps the sites of its sections
 * ([coolify NAME]), their API clients, and polling with back-off. It also keeps the states of
 * sources and rows, runs orders of several calls, follows deployments, and shows logs.
 *
 * A whole small platform that lists services and restarts them. Add it to backends.c, and its
 * section to the settings:
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
 *           site_listed(s);                                  // removes rows not in the list
 *           return true;
 *   }
 *   static void tiny_restarted(struct job *j, const struct api_answer *r)
 *   {
 *           job_end(j, &r->err, NULL);                       // the next round updates the row
 *   }
 *   static void tiny_run(struct order *order, struct app *a, enum app_do what)
 *   {
 *           struct job *j = job_begin(a->instance, order, sizeof(*j), "restart");
 *           char *path = platform_path("/services/", a->ref, "/restart");
 *           if (j)                                           // NULL: the order was ended
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
#include "backends/base/backoff.h"
#include "backends/base/err.h"
#include "backends/base/sync.h"
#include "backends/link/api.h"
#include "backends/store/store.h"

struct buf;
struct job;
struct order;
struct platform;
struct rollout;
struct site_log;
struct wire;
struct wire_talk;

/* What the section of a site says. Strings are borrowed from the settings; NULL missing. Section
 * structs in the settings begin with these members, in this order. */
struct site_config {
	const char *name, *url, *server, *token_command;
};

/* --- one site: [SECTION NAME] -------------------------------------------- */

struct site {
	struct site *next;
	const struct platform *platform; /* borrowed */
	struct source *source;           /* borrowed */
	char name[64];
	char version[80];  /* as the platform states it, washed; "" unknown */
	struct api *api;   /* owned; NULL: a recording, no link, or a wrong url */
	struct wire *wire; /* owned; instead of api, for a platform with a talk */
	/* owned: url and token_command that api was made with; NULL: never opened */
	char *opened;
	struct api_call *call;    /* the running call of the round; NULL: between rounds */
	struct loop_timer *timer; /* starts the next round; NULL: never opened */
	/* position in the round: index in platform->steps, then questions about rows */
	size_t step;
	unsigned once; /* bit set of STEP_ONCE steps already asked over this link */
	char *about;   /* owned: id of the row being asked about; NULL: none yet */
	/* one round; in flight from its first call to its end or failure */
	struct fetch poll;
	struct backoff pause; /* after failed rounds */
	int soon_ms;          /* see site_soon; 0: not asked for */
	bool up;              /* calls are allowed */
	bool shown;           /* rows of its source are on the screen */
	bool complete;        /* a round has asked all that it could ask */
	uint32_t round;       /* number of the list, from 1; 0: no list has arrived */
	/* its clock minus this machine's, ms; known to about a second; 0: not known */
	int64_t skew_ms;
	size_t left_out; /* items of its list beyond the limit, or without a usable id */
	char unfit[240]; /* why an item of its list has no row, a sentence; "" nothing */
	/* why the last round failed; ERR_NONE: a list arrived since */
	struct err err;
	struct site_log *logs; /* that were asked here; each leaves when it is closed */
	struct job *jobs;      /* running orders */
};

/* The source struct of a backend made by PLATFORM_BACKEND. */
struct sites {
	struct source source;
	struct site *first; /* owned */
};

/* --- a platform ---------------------------------------------------------- */

enum {
	STEP_MUST = 1, /* the round fails without its answer */
	STEP_ONCE = 2, /* once per link */
	/* without token and prefix, but only after token_command has run */
	STEP_OPEN = 4,
	STEP_RAW = 8, /* the answer is not JSON and is not reduced */
	/* only while a row is on the screen, and in the first round */
	STEP_SHOWN = 16,
};

/* One kind of answer. A round asks the steps with a path in this order. Steps without a path come
 * from questions about a row (platform->about) or from a stream. */
struct platform_step {
	const char *what; /* name in source_feed: "NAME TAB what [TAB ref]" */
	const char *path; /* after the prefix; NULL: not asked in a round */
	unsigned flags;
	/* Applies the answer to rows. ref is the text after the second tab, "" none. False and err:
	 * the answer is useless and the round fails. Return true if the answer is optional. */
	bool (*take)(struct site *, const char *ref, const char *json, size_t len, struct err *);
};

struct platform {
	struct app_platform app;       /* what its rows can do; .app.name is shown in the column */
	const char *product, *section; /* "Coolify" for sentences, "coolify" for the section */
	size_t list_at, next_at;       /* set by PLATFORM_SECTION */
	/* size of a struct that starts with a struct site; 0: of struct site */
	size_t site_size;
	/* its own protocol instead of HTTP: each step is one exchange (link/wire.h); NULL: HTTP */
	const struct wire_talk *talk;
	const char *prefix; /* before each path: "/api/v1"; NULL none */
	const char *token_header, *token_help, *token_word; /* as in struct api_config */
	bool (*denies)(int status, const char *body);       /* as in struct api_config */
	/* whose password the token is, as in struct api_config; NULL, or it gives NULL: nobody's */
	const char *(*user)(const struct site *);
	const struct platform_step *steps;                  /* ends at .what == NULL */
	/* from the end of a round to the next; rows visible or hidden */
	int64_t shown_ms, hidden_ms;
	int64_t busy_ms; /* instead, while a row is busy or an order runs; 0: no difference */
	/* after a failed round; doubles with each further one, up to six times as long */
	int64_t retry_ms;
	int64_t timeout_ms; /* of a call in a round; 0: the default of api.h */
	/* appends only the members to keep; NULL: keep all */
	void (*reduce)(const char *json, size_t len, struct buf *);

	/* All of these may be NULL. */
	/* should this row be asked about now? */
	bool (*is_due)(const struct site *, const struct app *);
	/* returns the path, owned; what gets the name of the step that reads the answer */
	char *(*about)(const struct app *, const char **what);
	/* assesses a row after its deployments changed */
	void (*judge_app)(struct app *);
	/* health of the platform while it answers; NULL: good */
	enum health (*opinion)(const struct site *, char *why, size_t size);
	void (*open)(struct site *);  /* the link is up (api NULL: the url is wrong) */
	bool (*begin)(struct site *); /* a round is due; false: skip the round */
	void (*over)(struct site *);  /* the round ended; see site_round_failed */
	/* the link or the server goes; all jobs have ended */
	void (*close)(struct site *, const struct err *why);
	void (*free)(struct site *); /* frees what it owns beyond struct site */

	/* For platforms with other rows than apps. judge: site->err changed. NULL: the rows are of
	 * kind_app, and sites hold the state. came: an answer, or the failure of an optional step.
	 * NULL: the answer is reduced and fed. */
	void (*judge)(struct site *);
	/* Rows of another kind, while the state of the source stays the work of this room: their
	 * kind (NULL: kind_app), and what site_judge does instead for the platform's own row. */
	const struct kind *kind;
	void (*own_row)(struct site *);
	/* the section is gone: removes all rows that point to the site, its own too. NULL: they are
	 * of kind_app. The site is freed right after. */
	void (*forget)(struct site *);
	/* the path of a step that depends on time or section, owned; NULL: the step's own */
	char *(*path)(const struct site *, const struct platform_step *);
	/* is this step of use now? NULL: always */
	bool (*wants)(const struct site *, const struct platform_step *);
	/* an optional step failed: this version or token lacks it; NULL: nothing */
	void (*lacks)(struct site *, const struct platform_step *, const struct err *);
	const void *param; /* for the room that made the kind */
	void (*came)(struct site *, const struct platform_step *, const struct api_answer *);

	/* Following deployments (rollout_*). */
	char *(*deployment_path)(const struct rollout *); /* path to GET its state; owned */
	bool (*deployment_read)(const struct rollout *, const char *json, size_t len,
	                        struct app_deployment list[APP_DEPLOYMENTS_MAX], size_t *n,
	                        struct err *);
	int64_t poll_ms, begin_ms; /* between two looks; longest wait for its start */

	/* Their logs (site_follow). log_path returns an owned path; NULL: log_ask fetches in
	 * another way. */
	char *(*log_path)(struct site_log *);
	void (*log_ask)(struct site_log *);
	/* handles a good answer: calls app_log_take or app_log_fail */
	void (*log_read)(struct site_log *, const struct api_answer *);
	void (*log_stop)(struct site_log *);
	/* size of a struct that starts with a struct site_log; 0: of struct site_log */
	size_t log_size;
};

/* The list of sections in struct settings, and the struct of one section. */
#define PLATFORM_SECTION(list, type) \
	.list_at = offsetof(struct settings, list), .next_at = offsetof(struct type, next)

/* --- the backend --------------------------------------------------------- */

/* A backend for a platform. Its param is the platform. */
#define PLATFORM_BACKEND(word, platform)                                                      \
	{                                                                                     \
		.name = word, .source_size = sizeof(struct sites), .param = &(platform),      \
		.up = sites_up, .down = sites_down, .feed = sites_feed, .shown = sites_shown, \
		.finish = sites_finish, .configured = sites_configured, .by_section = true    \
	}
void sites_up(struct source *);
void sites_down(struct source *);
void sites_feed(struct source *, const char *what, const char *bytes, size_t len);
void sites_shown(struct source *);
void sites_finish(struct source *);
void sites_configured(struct source *);

/* --- a site -------------------------------------------------------------- */

/* false: no longer configured */
bool site_config(const struct site *, struct site_config *);
/* its whole section struct; NULL: no longer configured */
const void *site_section(const struct site *);
void site_init(struct site *, const struct platform *, struct source *, const char *name);
void site_open(struct site *, const struct site_config *); /* the link is up: starts rounds */
void site_rest(struct site *);                   /* stops rounds; calls of jobs continue */
void site_close(struct site *, const char *why); /* the link is gone: ends jobs */
void site_poke(struct site *);                   /* starts a round soon */
/* From platform.over: the next round begins within ms, however long the pause would be. */
void site_soon(struct site *, int ms);
/* a whole list arrived: starts a new round of rows */
void site_answered(struct site *);
/* n items have no row. For a list that site_listed does not end. */
void site_left_out(struct site *, size_t n);
/* An item of the list has an id that mocr cannot keep (APP_ID_UNFIT). It has no row, and the
 * platform's own row says so. The caller counts it in left_out. */
void site_unfit(struct site *, const char *name);
/* all rows of that list were named: removes the others and reports site->left_out */
void site_listed(struct site *);
void site_fail(struct site *, const struct err *); /* the round failed */
/* Has the round failed that is ending now? For struct platform's over and steps. */
bool site_round_failed(const struct site *);
void site_judge(struct site *);                    /* assesses the row of the platform itself */
/* what its rows are: kind_app unless the platform names another kind */
const struct kind *site_kind(const struct site *);
const char *site_url(const struct site *);         /* "" unknown */

/* Finds or makes a row of this site in the current list (app_row). */
struct app *site_app(struct site *, const char *project, const char *environment, const char *name,
                     const char *ref);
/* after NULL: the first; skips the platform's own row */
struct app *site_next_app(const struct site *, const struct app *after);
struct app *site_app_by_ref(const struct site *, const char *ref); /* NULL none */
/* asks about the row in the next round, which starts soon */
void site_ask_about(struct app *);
/* Starts a call outside rounds and jobs. path comes after the prefix. */
struct api_call *site_call(struct site *, const struct api_request *);
/* Builds a path from before, word (percent-encoded) and after. The caller frees. */
char *platform_path(const char *before, const char *word, const char *after);

/* --- jobs: orders with several calls -------------------------------------- */

struct job {
	struct job *next;
	struct site *site;     /* borrowed */
	struct order *order;   /* borrowed */
	struct api_call *call; /* NULL: no call is running */
	struct loop_timer *timer;
	int64_t began_ms; /* loop clock, ms */
	const char *verb; /* "deploy"; must be static */
	int64_t timeout_ms; /* of its calls; 0: the default of api.h */
	void (*answered)(struct job *, const struct api_answer *);
	void (*woken)(struct job *);
	void (*data)(struct job *, const char *, size_t);
	int64_t silent_ms;
	void (*finish)(struct job *); /* frees what it owns beyond struct job; NULL: nothing */
};
typedef void job_answered(struct job *, const struct api_answer *);

/* Starts a job. size is that of a struct that starts with a struct job; the memory is zeroed. NULL:
 * the site is not connected, and the order was ended. */
void *job_begin(struct site *, struct order *, size_t size, const char *verb);
/* Starts a call; one at a time. path comes after the prefix, body is JSON or NULL. The order shows
 * a wait that a 429 asks for. */
void job_call(struct job *, const char *method, const char *path, const char *body, job_answered *);
/* Starts a call whose answer is a stream: data receives each piece, answered comes at the end
 * without a body. The stream may be silent for silent_ms before the job ends with an error. */
void job_stream(struct job *, const char *path, const char *body, int64_t silent_ms,
                void (*data)(struct job *, const char *, size_t), job_answered *);
void job_wake(struct job *, int64_t ms, void (*woken)(struct job *));
/* Ends the order and frees the job. err NULL or ERR_NONE: success. The row is asked about soon. */
void job_end(struct job *, const struct err *, const char *output);
/* For job_call: the answer is the end. */
void job_answer(struct job *, const struct api_answer *);
void site_jobs_end(struct site *, const struct err *);

/* --- rollouts: a deployment followed to its end --------------------------- */

struct rollout {
	struct job job;
	char ref[APP_ID_SIZE];    /* id of the application */
	char id[APP_ID_SIZE];     /* id of the deployment; "" not known yet */
	char before[APP_ID_SIZE]; /* newest deployment before the order; "" none */
	bool silent;       /* the last look failed */
	struct err unsure; /* the request got no answer */
	/* progress and end; NULL: the order's own */
	void (*say)(struct rollout *, const char *how);
	void (*over)(struct rollout *, const struct err *, const char *said);
};
/* Starts its clock. */
void rollout_begin(struct rollout *, const char *ref);
void rollout_say(struct rollout *, const char *how);
/* Looks until the deployment ends, for at most an hour. The platform continues without mocr. */
void rollout_follow(struct rollout *);
/* Called by rollout_follow at the end. */
void rollout_over(struct rollout *, const struct err *, const char *said);

/* --- the log of the last deployment of a row ----------------------------- */

struct site_log {
	struct site_log *next; /* of home->logs */
	struct site *home;     /* NULL: in no list */
	const struct platform *platform;
	struct store *store; /* borrowed */
	struct api_call *call;
	struct app_log *log;
	struct site *site;     /* set while asking; connected */
	char *row;    /* owned: id of the row */
	char id[APP_ID_SIZE]; /* of the deployment; "" not known yet */
};
/* The connection of the site goes: a question on its way ends, and the log asks again later. */
void site_logs_lose(struct site *, const struct err *);
/* The site goes. */
void site_logs_forget(struct site *);
/* For app_platform.follow. NULL and err: the row has no log. */
struct follow *site_follow(struct app *, struct log *, struct err *);
/* Is this deployment still running? */
bool deployment_runs(const struct app_deployment *);

#endif
