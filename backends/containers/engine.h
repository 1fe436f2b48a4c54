/* engine.h: the inside of the containers' room: one engine on one server, its rows, and what runs
 * between them. */
#ifndef CONTAINERS_ENGINE_H
#define CONTAINERS_ENGINE_H

#include <uthash.h>

#include "backends/base/buf.h"
#include "backends/base/jsonl.h"
#include "backends/base/sync.h"
#include "backends/containers/container.h"
#include "backends/containers/containers.h"
#include "backends/containers/parse.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/action.h"
#include "backends/vitals/sockets.h"

#define ENGINE_API "1.41"     /* what is needed; asked for before the engine said what it can */
#define ENGINE_API_MAX "1.44" /* what is understood and asked for where 1.41 is too old */
#define ENGINE_ENDPOINTS_MAX 4
#define ENGINE_LIST_MAX (16u << 20)
#define ENGINE_INSPECTS 4   /* at once */
#define ENGINE_TAIL 20      /* last lines of a dead one */
#define ENGINE_STATS_MAX 32 /* streams at once */

/* What tells one engine from another. A const per backend, in source->backend->param. */
struct engine_param {
	const char *cli;   /* "docker" */
	const char *title; /* "Docker" */
	/* Fills endpoints (ENGINE_ROADS_MAX) and returns how many; 0: not known yet. path has room
	 * for a endpoint of its own. */
	size_t (*endpoints)(const struct source *, struct endpoint *endpoints, char *path,
	                    size_t size);
	bool is_podman;
	bool of_user;          /* of the login alone: a server without one is well */
	enum socket_id socket; /* that of endpoints[0], when it is a socket of a server */
};

struct engine {
	struct source source;
	const struct engine_param *param;
	struct origin *origin; /* NULL: down */
	char api[16];          /* "1.41" */
	char version[64];      /* "Docker/20.10.24" */
	struct call *ping, *list, *events;
	char list_api[16], events_api[16]; /* in which these were asked */
	struct json_lines event_lines;
	char last_event[40];   /* for since= after a loss */
	char events_since[40]; /* of the stream that is open */
	bool greeted;          /* the engine answered since the link came up */
	struct sync sync;      /* its events and its list */
	struct loop_timer *relist, *retry, *settle, *look;
	struct backoff pause; /* between two tries */
	/* absent: its socket alone is looked at from time to time */
	bool only_socket;
	bool waits;        /* for what the shell says of its socket */
	bool not_ours;     /* another source shows what answers here */
	struct ctr *ctrs;  /* by engine id */
	unsigned inspects; /* on their way */
	unsigned stats;    /* streams open */
	struct act_run *acts;
	struct pull *pulls;
	struct log_follow *follows;
	struct exec *execs, *dead_execs; /* dead: freed after the turn */
};

/* The backend's part of a row: container->priv. */
struct ctr {
	char id[CTR_ID_SIZE];
	UT_hash_handle hh;
	struct engine *engine;
	struct container *row;
	struct fetch inspect;       /* opened: the whole answer is kept for reading */
	struct fetch tail;          /* its last lines */
	struct sync_mark heard;     /* its last event, */
	struct sync_mark changed;   /* and the last one that changed more than its health */
	struct sync_mark life;      /* when its state changed, whoever told it, */
	struct sync_mark inspected; /* and when an inspect was taken last */
	bool rough_start;           /* row->started_ms is only what a list says */
	struct call *call;          /* inspect or tail on its way */
	struct buf tail_in;         /* coming in */
	char *answer;               /* owned: inspect as it came, for the details; NULL */
	size_t answer_len;
	char *detail_err; /* owned: why there is none */
	/* facts */
	char policy[24], error[256], health_output[256];
	int failing_streak;
	bool stopping;  /* kill or stop seen since it started */
	bool stopped;   /* it died of that */
	bool witnessed; /* the death was seen as it happened */
	int64_t mem_limit;
	int64_t deaths[4]; /* wall clock, newest first */
	/* stats */
	struct call *stats;
	struct json_lines stats_lines;
	struct ctr_sample sample;
	struct loop_timer *rest; /* until they are asked for again */
	bool resting;            /* that timer runs */
};

static inline struct engine *engine_of(struct source *s)
{
	return (struct engine *)s;
}
static inline struct ctr *ctr_of(const struct row *row)
{
	return ((const struct container *)row)->priv;
}
struct ctr *ctr_find(const struct engine *, const char *id);
void ctr_free(struct ctr *); /* takes it from its row and engine */

/* endpoints.c */
/* "sudo -n " or "doas -n " where the endpoint leads by it; else "". */
const char *engine_root_prefix(const struct endpoint *);
extern const struct engine_param engine_docker, engine_docker_user, engine_podman,
	engine_podman_user;
#define ENGINE_PATH_SIZE 640 /* room that endpoints() is given */
/* Docker of the login leads to another machine: err gets the sentence. */
bool engine_elsewhere(const struct engine *, struct err *);
/* Appends "DOCKER_HOST=unix:///... " where a command of the login would go to another engine than
 * that of the source. */
void engine_environment(const struct source *, struct buf *);

/* engine.c */
/* path behind /vX; spec.path is set here */
struct call *engine_get(struct engine *, const char *path, struct call_spec);
void engine_relist(struct engine *); /* soon, and once for many */
/* starts inspects and tails that are wanted, as far as may be */
void engine_fetch(struct engine *);
bool engine_has_socket(const struct engine *); /* connections are cheap: no command for each */
void engine_cancel_ctr(struct ctr *);          /* what is on its way for it */
int64_t engine_now(const struct engine *);     /* wall clock */
int64_t engine_mono(const struct engine *);    /* loop clock */
struct sync_mark engine_mark(const struct engine *); /* of a question that leaves now */

/* apply.c: from parsed answers to rows */
void apply_list(struct engine *, const struct sync_view *, const struct ctr_list *);
void apply_event(struct engine *, const struct ctr_event *);
/* by an event: only what no event tells is taken */
void apply_inspect(struct ctr *, const struct ctr_inspect *, bool overtaken);
void apply_tail(struct ctr *, const char *text, size_t len);
void ctr_refresh(struct ctr *); /* judges it again */

/* stats.c */
void stats_shown(struct engine *); /* streams for what is on screen now */
void stats_stop(struct ctr *);
void stats_feed(struct ctr *, const char *json, size_t len);

/* acts.c, compose.c */
extern const struct action container_actions[];
void acts_end(struct engine *);  /* the link went: what ran is told so */
void pulls_end(struct engine *); /* pull.c: the same */
bool compose_applies(const struct row *);
void compose_up(struct order *), compose_pull(struct order *), compose_down(struct order *);
void compose_up_command(const struct row *, char *, size_t),
	compose_pull_command(const struct row *, char *, size_t),
	compose_down_command(const struct row *, char *, size_t);

/* logs.c */
struct follow *logs_follow(struct row *, struct log *, struct err *);
/* something started, or the engine is back: look who can go on */
void logs_poll_now(struct engine *);
void logs_engine_gone(struct engine *);

/* exec.c */
struct stream *exec_shell(struct row *, const char *term, int cols, int rows,
                          const struct stream_events *, void *arg, struct err *);
void execs_engine_gone(struct engine *);
void execs_free(struct engine *); /* at its end */

/* detail.c */
void ctr_detail(struct row *, struct doc *, bool reveal);

#endif
