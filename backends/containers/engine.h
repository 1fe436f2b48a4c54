/* engine.h: internals of the containers room: one container engine on one server, its rows, and its
 * running calls. */
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

/* version required; used until the ping says what the engine speaks */
#define ENGINE_API "1.41"
/* newest version understood; used where the engine no longer speaks 1.41 */
#define ENGINE_API_MAX "1.44"
#define ENGINE_ENDPOINTS_MAX 4
#define ENGINE_LIST_MAX (16u << 20)
#define ENGINE_INSPECTS 4   /* concurrent inspect and tail requests */
#define IMAGE_AGAIN_MS 60000 /* before an image that could not be read is asked for again */
#define ENGINE_TAIL 20      /* last log lines fetched of a dead container */
#define ENGINE_STATS_MAX 32 /* concurrent stats streams */

/* How one engine differs from another. A const per backend, in source->backend->param. */
struct engine_param {
	const char *cli;   /* "docker" */
	const char *title; /* "Docker" */
	/* Fills endpoints (room for ENGINE_ENDPOINTS_MAX) and returns their number; 0: not known
	 * yet, or none. path is scratch space of size bytes, at least ENGINE_PATH_SIZE. Endpoints
	 * may point into path. */
	size_t (*endpoints)(const struct source *, struct endpoint *endpoints, char *path,
	                    size_t size);
	bool is_podman;
	/* runs for the login user only; a server without such an engine is healthy */
	bool of_user;
	/* the socket id of endpoints[0], when that is a socket of the server */
	enum socket_id socket;
};

struct engine {
	struct source source;
	const struct engine_param *param;
	struct origin *origin; /* NULL: not connected */
	char api[16];          /* "1.41" */
	char version[64];      /* "Docker/20.10.24" */
	struct call *ping, *list, *events;
	char list_api[16], events_api[16]; /* API versions of the requests in flight */
	struct json_lines event_lines;
	char last_event[40]; /* time of the newest event; since= of the next subscription */
	bool greeted;        /* a list arrived since the link came up */
	struct sync sync;    /* orders events and list answers */
	struct loop_timer *relist, *retry, *settle, *look;
	struct backoff pause; /* between two attempts */
	/* the engine was absent: only its socket is tried */
	bool only_socket;
	bool stopped;  /* it is set up, but has not run since the link came up */
	bool waits; /* for the vitals shell to report on the socket */
	/* podman answers on Docker's socket; another source shows its containers */
	bool not_ours;
	struct ctr *ctrs;  /* by engine id */
	unsigned inspects; /* requests in flight: inspects, tails and images */
	unsigned stats;    /* open streams */
	struct act_run *acts;
	struct pull *pulls;
	struct log_follow *follows;
	struct updates *updates; /* owned; NULL: never connected */
	struct exec *execs, *dead_execs; /* dead: freed at the end of the turn */
};

/* The backend's part of a row: container->priv. */
struct ctr {
	char id[CTR_ID_SIZE];
	UT_hash_handle hh;
	struct engine *engine;
	struct container *row;
	/* opened by the user: the whole answer is kept for the details */
	struct fetch inspect;
	struct fetch tail;        /* the last log lines */
	struct fetch image;       /* the labels of its image, if its own labels prove nothing */
	/* what the image's labels say about this container's; CLAIMED: not known */
	enum compose_origin by_image;
	struct sync_mark heard;   /* last event of this container */
	struct sync_mark changed; /* last event that changed more than its health */
	/* last change of its state, reported by an event, a list or an inspect */
	struct sync_mark life;
	struct sync_mark inspected; /* last inspect that was applied */
	bool rough_start;           /* row->started_ms is a guess from a list's words */
	struct call *call;          /* inspect or tail in flight */
	struct buf tail_in;         /* tail bytes received so far */
	char *answer;               /* owned: raw inspect answer for the details; NULL */
	size_t answer_len;
	char *detail_err; /* owned: why there is no answer; NULL */
	/* from inspect and events */
	char policy[24], error[256], health_output[256];
	int failing_streak;
	bool stopping;  /* a kill or stop was seen since it started */
	bool stopped;   /* that kill or stop caused the death */
	bool witnessed; /* mocr received the die event */
	int64_t mem_limit;
	int64_t deaths[4]; /* wall clock ms, newest first; 0 none */
	/* stats stream */
	struct call *stats;
	struct json_lines stats_lines;
	struct ctr_sample sample;
	struct loop_timer *rest; /* delay before the next stats request */
	bool resting;            /* that timer is running */
	int64_t checked_ms;      /* loop clock: updates.c failed on it; 0 never */
};

static inline struct engine *engine_of(struct source *s)
{
	return (struct engine *)s;
}
static inline struct ctr *ctr_of(const struct row *row)
{
	return ROW_AS(container, row)->priv;
}
struct ctr *ctr_find(const struct engine *, const char *id);
void ctr_free(struct ctr *); /* detaches it from its row and engine */

/* endpoints.c */
/* "sudo -n " or "doas -n " when the endpoint runs its command with that; else "". */
const char *engine_root_prefix(const struct endpoint *);
extern const struct engine_param engine_docker, engine_docker_user, engine_podman,
	engine_podman_user;
#define ENGINE_PATH_SIZE 640 /* size of the path buffer of endpoints() */
/* True when the docker program of the login talks to another machine. err then says where. */
bool engine_elsewhere(const struct engine *, struct err *);
/* Appends "DOCKER_HOST=unix:///... " when a command of the login would otherwise reach another
 * engine than this source's. */
void engine_environment(const struct source *, struct buf *);

/* engine.c */
/* path comes after /vX. The function sets spec.path itself. */
struct call *engine_get(struct engine *, const char *path, struct call_spec);
void engine_relist(struct engine *); /* requests the list soon; merges repeated calls */
/* starts the wanted inspects and tails, up to ENGINE_INSPECTS at once */
void engine_fetch(struct engine *);
/* connections are cheap; false: each connection runs a command */
bool engine_has_socket(const struct engine *);
void engine_cancel_ctr(struct ctr *);                /* cancels its requests */
int64_t engine_now(const struct engine *);           /* wall clock, ms */
int64_t engine_mono(const struct engine *);          /* loop clock, ms */
struct sync_mark engine_mark(const struct engine *); /* the mark for a request sent now */

/* apply.c: turns parsed answers into rows */
void apply_list(struct engine *, const struct sync_view *, const struct ctr_list *);
void apply_event(struct engine *, const struct ctr_event *);
/* overtaken by an event: takes only the fields that no event carries */
void apply_inspect(struct ctr *, const struct ctr_inspect *, bool overtaken);
void apply_tail(struct ctr *, const char *text, size_t len);
/* What the labels of this image say about all containers made from it. */
void apply_image(struct engine *, const char *image_id, enum compose_origin);
void ctr_refresh(struct ctr *); /* assesses health again and touches the row */

/* stats.c */
void stats_shown(struct engine *); /* opens and closes streams to match the rows on screen */
void stats_stop(struct ctr *);
void stats_feed(struct ctr *, const char *json, size_t len);

/* acts.c, compose.c */
extern const struct action container_actions[];
bool container_not_now(const struct row *, const struct action *, char *buf, size_t size);
void acts_end(struct engine *);  /* the link went down: ends running orders with an error */
void pulls_end(struct engine *); /* pull.c: the same for pulls */
bool compose_applies(const struct row *);
/* action->data of a compose action: its steps, ending at NULL, and whether they are for the whole
 * project and not for one service. */
struct compose_steps {
	const char *words[3];
	bool whole;
};
extern const struct compose_steps compose_up, compose_pull, compose_down;
void compose_run(struct order *);
void compose_command(const struct action *, const struct row *, char *, size_t);

/* logs.c */
struct follow *logs_follow(struct row *, struct log *, struct err *);
/* A container started, or the engine is back: resumes the followers that can resume. */
void logs_poll_now(struct engine *);
void logs_engine_gone(struct engine *);

/* exec.c */
struct stream *exec_shell(struct row *, const char *term, int cols, int rows,
                          const struct stream_events *, void *arg, struct err *);
void execs_engine_gone(struct engine *);
void execs_free(struct engine *); /* when the source is freed */

/* detail.c */
void ctr_detail(struct row *, struct doc *, bool reveal);

#endif
