/* internal.h: internals of the deploy room, for the files of this folder only. */
#ifndef DEPLOY_INTERNAL_H
#define DEPLOY_INTERNAL_H

#include "backends/base/backoff.h"
#include "backends/base/buf.h"
#include "backends/containers/pull.h"
#include "backends/deploy/deploy.h"
#include "backends/deploy/template.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/action.h"
#include "backends/store/log.h"

#define RUNS_KEPT 20

struct checking;
struct act;

struct dep { /* deploy->priv */
	struct deploy *row;
	struct deploy_run runs[RUNS_KEPT]; /* newest first; runs[0] is row->run */
	size_t n;
	struct checking *checking; /* NULL: no checks are running */
};

struct deploys {
	struct source source;
	struct stream *watch; /* stream of the server's list of events */
	struct buf in;
	bool listed;
	char complaint[300];
	struct loop_timer *retry;
	struct backoff pause; /* between two attempts to open watch */
	struct deploy_watch *watches;
	struct act *acts;
	bool prepared;
	/* the local history is being read, so it is not written again */
	bool loading;
};

static inline struct deploys *deploys_of(struct source *s)
{
	return (struct deploys *)s;
}
static inline struct dep *dep_of(const struct row *r)
{
	return ROW_AS(deploy, r)->priv;
}

/* runs.c */
struct deploy *deploy_row(struct deploys *, const char *name);
/* applies one line of the events */
void runs_apply(struct deploys *, const char *line, size_t len);
void deploy_judge(struct deploy *);

/* history.c: the file $XDG_STATE_HOME/mocr/deploys.jsonl */
void deploy_history_add(const struct deploy *, const struct deploy_run *);
void deploy_history_load(struct deploys *);

/* check.c */
void check_begin(struct dep *);
void check_end(struct dep *);

/* output.c */
void watches_up(struct deploys *);
void watches_down(struct deploys *);
void watches_run_ended(struct deploys *);
void watches_finish(struct deploys *);
struct follow *deploy_follow(struct row *, struct log *, struct err *);

/* backend.c: reopens the stream of events */
void events_again(struct deploys *);

void events_wanted(struct deploys *); /* opens it if it is not open yet */

/* compose.c */
/* sets a project's data from the event of a run */
void project_found(struct deploy *, const char *engine, const char *dir, const char *files,
                   const char *env);
void project_words(const struct deploy *, const char *const *steps, struct buf *);
void project_script(const struct deploy *, const char *const *steps, struct buf *);
/* Pulls the project's images through the engine. unnamed: some images have no usable name. NULL
 * with err: nothing can be pulled. NULL without err: no image has a usable name, or the
 * engine is unknown. */
struct pull *project_pull(const struct deploy *, const struct pull_events *, void *arg,
                          bool *unnamed, struct err *);

/* acts.c */
extern const struct action deploy_actions[];
bool deploy_not_now(const struct row *, const struct action *, char *buf, size_t size);
void acts_finish(struct deploys *);
const char *deploy_who(void);

#endif
