/* deploy.h: deploys as rows: one row for each [deploy NAME] of a server, for each compose project,
 * and for each deploy that others ran.
 *
 * A run lives on the server in its own session, with its output in a file. So it ends without a
 * link and without a console. Consoles follow the server's list of events and read the output by
 * byte offset. */
#ifndef DEPLOY_DEPLOY_H
#define DEPLOY_DEPLOY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/store/store.h"

struct deploy_config;

#define DEPLOY_ID_SIZE 96

enum deploy_state {
	DEPLOY_NEVER, /* no run yet */
	DEPLOY_RUNNING,
	DEPLOY_CHECKING, /* the command succeeded; the checks are not all true yet */
	DEPLOY_DONE,
	DEPLOY_FAILED, /* the command failed, or a check did not become true in time */
	DEPLOY_CANCELLED,
	/* it ended without an end event: the server restarted, or the run was killed */
	DEPLOY_VANISHED
};
const char *deploy_state_name(enum deploy_state);

#define PROJECT_NAME_SIZE 64
/* A compose project. Its row is named "compose:NAME". */
struct deploy_project {
	char name[PROJECT_NAME_SIZE];
	/* name of the source that has its containers: "docker" */
	char engine[16];
	/* dir "": not known. files and env (of --env-file) are comma-separated lists, as in the
	 * labels. */
	char dir[512], files[1024], env[1024];
	int containers, up;
	/* dir, files and env come from labels that an image may carry. No action applies then. */
	bool doubtful;
	bool seen; /* used only inside deploy_projects */
};

/* One run. Times are by the server's clock, in s. */
struct deploy_run {
	char id[DEPLOY_ID_SIZE]; /* "1763712000123-caddy" */
	char what[16];  /* "deploy", "rollback"; for compose "pull", "up", "restart", "down" */
	char by[128];   /* "ops from workstation", washed */
	char args[256]; /* the values given for its variables, washed */
	char how[16];   /* what keeps it running: "system", "user", "sudo", "session" */
	char before[48], after[48]; /* git revision; "" not a repository */
	int64_t started_s, ended_s; /* ended_s 0: still running */
	int64_t size;               /* bytes of output at its end; -1 unknown */
	int code;                   /* exit code; -1 unknown */
	bool ended, gone, cancelled;
	int checked;            /* 0 not yet, 1 all true, -1 one did not become true in time */
	char failed_check[200]; /* the check that was not true, as a sentence */
	char changed[200];      /* compose: "web: busybox:1 OLD -> NEW; ..." */
};

struct deploy {
	struct row row;
	enum deploy_state state;
	struct deploy_project *project; /* owned; NULL: not a compose project */
	bool configured;                /* this configuration has a [deploy] section for it */
	struct deploy_run run;          /* the last run; id "" when there is none */
	int64_t usual_s;                /* median duration of successful runs; 0 unknown */
	int64_t check_until_ms;         /* for DEPLOY_CHECKING: end of the checks, wall clock */
	void *priv;                     /* struct dep of the backend (internal.h) */
};

extern const struct kind kind_deploy;
extern const struct backend backend_deploy;

/* backend->watched: called when containers changed. Updates the compose projects. */
void deploy_projects(struct source *);

/* Reads a run's output as raw bytes. done is called once, when the run has ended and all output was
 * delivered. */
struct deploy_watch;
struct deploy_watch_events {
	void (*bytes)(struct deploy_watch *, const char *, size_t, void *arg);
	/* the link was lost, or is back */
	void (*note)(struct deploy_watch *, const char *text, void *arg);
	void (*done)(struct deploy_watch *, void *arg);
};
/* Watches the row's last run from the start of its output. The caller closes the watch, also from
 * within done. */
struct deploy_watch *deploy_watch(struct deploy *, const struct deploy_watch_events *, void *arg);
void deploy_watch_close(struct deploy_watch *); /* NULL is allowed */

/* Duration of the run in ms; -1 unknown. A running run is measured by this machine's clock. */
int64_t deploy_span_ms(const struct deploy *);
/* NULL: not configured here */
const struct deploy_config *deploy_config_of(const struct deploy *);
/* Is the configuration valid, as far as this machine can tell? */
bool deploy_config_sound(const struct deploy_config *, struct err *);
/* Adds complaints about the [deploy] sections, as far as this machine can tell. */
void deploy_check_config(const struct settings *, struct doc *complaints);
/* The section [deploy NAME]; NULL: none. */
const struct deploy_config *deploy_config_find(const struct store *, const char *name);

#endif
