/* container.h: a container as a row, the same for every engine. */
#ifndef CONTAINERS_CONTAINER_H
#define CONTAINERS_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>

#include "backends/store/store.h"

enum container_state {
	CONTAINER_UNKNOWN,
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_RESTARTING,
	CONTAINER_EXITED,
	CONTAINER_REMOVING,
	CONTAINER_DEAD
};
enum container_health {
	CTR_HEALTH_NONE,
	CTR_HEALTH_STARTING,
	CTR_HEALTH_HEALTHY,
	CTR_HEALTH_UNHEALTHY
};
enum death_class {
	DEATH_NONE,
	DEATH_OOM,
	DEATH_MISSING_DEPENDENCY,
	DEATH_NONZERO_EXIT,
	DEATH_SIGNAL,
	DEATH_UNEXPECTED_EXIT
};
/* Who chose the compose labels of a container. A container inherits its image's labels, and an
 * image may name any folder and files. */
enum compose_origin {
	COMPOSE_NOT,     /* labels are missing, or the image carries them */
	COMPOSE_CLAIMED, /* has compose's own labels; whether its image carries them is unknown */
	COMPOSE_MADE     /* compose chose them */
};
const char *container_state_name(enum container_state);
const char *container_health_name(enum container_health);
const char *death_class_name(enum death_class); /* "oom", "missing_dependency", ... */

struct container {
	struct row row;
	char *engine_id;                                     /* 64 hex digits */
	char *image, *image_id, *command, *ports, *networks; /* owned, washed; NULL unknown */
	/* from compose labels; NULL none */
	char *project, *service, *project_dir, *project_files, *project_env;
	enum compose_origin by_compose;
	enum container_state state;
	enum container_health health;
	int64_t created_ms, started_ms, finished_ms; /* wall clock of the server; 0 unknown */
	int restarts;                                /* -1 unknown */
	bool tty, tty_known;
	/* From stats; -1 unknown. */
	double cpu;            /* % of one core */
	double mem, mem_limit; /* bytes */
	double net_rx, net_tx; /* bytes/s */
	/* Of the last death. */
	int exit_code; /* -1 unknown */
	char exit_signal[16];
	bool oom;
	enum death_class death;
	/* last 20 log lines, washed, separated by \n; NULL not fetched yet */
	char *last_lines;
	/* What the registry has, as updates.c found out. digest: of the image in use; newer: what
	 * the registry has for its tag instead; why: the registry's answer is not known. Owned,
	 * washed; NULL unknown or none. */
	char *digest, *newer, *update_why;
	int64_t update_ms; /* wall clock: when the registry was asked; 0 never */
	void *priv; /* struct ctr of the backend (engine.h); NULL */
};

#endif
