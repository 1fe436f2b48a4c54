/* deploy.h: what can be deployed on a server, and what was: one row for each [deploy NAME] of it,
 * and for each that others ran.
 *
 * A run lives on the server, in a session of its own with its output in a file, so that no link and
 * no console is needed for it to end. Consoles follow the server's list of events and read output
 * by its offset. */
#ifndef DEPLOY_DEPLOY_H
#define DEPLOY_DEPLOY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/store/store.h"

struct deploy_config;

#define DEPLOY_ID_SIZE 96

enum deploy_state {
	DEPLOY_NEVER, /* nobody ran it yet */
	DEPLOY_RUNNING,
	DEPLOY_CHECKING, /* it ended well; what must be true afterwards is not yet */
	DEPLOY_DONE,
	DEPLOY_FAILED, /* its command failed, or the checks did not become true */
	DEPLOY_CANCELLED,
	DEPLOY_VANISHED /* it ended without a word: the server was restarted, or it was killed */
};
const char *deploy_state_name(enum deploy_state);

#define PROJECT_NAME_SIZE 64
/* A project of compose; its row is named "compose:NAME". */
struct deploy_project {
	char name[PROJECT_NAME_SIZE];
	char engine[16];                       /* the source that has its containers: "docker" */
	char dir[512], files[1024], env[1024]; /* dir "": not known. files and those of --env-file:
	                                          as the labels have them, parted by commas */
	int containers, up;
	bool seen; /* inside deploy_projects */
};

/* One run. Times are of the server's clock, in s. */
struct deploy_run {
	char id[DEPLOY_ID_SIZE]; /* "1763712000123-caddy" */
	char what[16];  /* "deploy", "rollback"; of compose "pull", "up", "restart", "down" */
	char by[128];   /* "ops from workstation", washed */
	char args[256]; /* what was given for the variables, washed */
	char how[16];   /* what carries it: "system", "user", "session" */
	char before[48], after[48]; /* git revision; "" no repository */
	int64_t started_s, ended_s; /* ended 0: it runs */
	int64_t size;               /* bytes of output when it ended; -1 unknown */
	int code;                   /* exit code; -1 unknown */
	bool ended, gone, cancelled;
	int checked;            /* 0 not yet, 1 true, -1 never became true */
	char failed_check[200]; /* what was not true, in words */
	char changed[200];      /* compose: "web: busybox:1 OLD -> NEW; ..." */
};

struct deploy {
	struct row row;
	enum deploy_state state;
	struct deploy_project *project; /* owned; NULL: no project of compose */
	bool configured;                /* has a [deploy] section here */
	struct deploy_run run;          /* the last one; id "" when there is none */
	int64_t usual_s;                /* median of the runs that went well; 0 unknown */
	int64_t check_until_ms;         /* wall clock, DEPLOY_CHECKING */
	void *priv;                     /* the backend's own */
};

extern const struct kind kind_deploy;
extern const struct backend backend_deploy;

/* backend->watched: the containers changed; which projects of compose are there now? */
void deploy_projects(struct source *);

/* Reading output as it is. done is called once when the run has ended and all was told, and then it
 * is gone. */
struct deploy_watch;
struct deploy_watch_events {
	void (*bytes)(struct deploy_watch *, const char *, size_t, void *arg);
	/* the link went, it is back */
	void (*note)(struct deploy_watch *, const char *text, void *arg);
	void (*done)(struct deploy_watch *, void *arg);
};
/* the run of now, from its start */
struct deploy_watch *deploy_watch(struct deploy *, const struct deploy_watch_events *, void *arg);
void deploy_watch_close(struct deploy_watch *); /* NULL is fine */

/* ms that the run takes or took by this machine's clock; -1 unknown. */
int64_t deploy_span_ms(const struct deploy *);
/* NULL: not configured here */
const struct deploy_config *deploy_config_of(const struct deploy *);
/* Can it be run at all, as far as this machine can tell? */
bool deploy_config_sound(const struct deploy_config *, struct err *);
/* What is wrong with the words of the [deploy] sections, as far as this machine can tell. */
void deploy_check_config(const struct settings *, struct doc *complaints);
/* Its name in [deploy NAME]; NULL. */
const struct deploy_config *deploy_config_find(const struct store *, const char *name);

#endif
