/* acts.h: what acts.c and compose.c share: an action that runs. */
#ifndef CONTAINERS_ACTS_H
#define CONTAINERS_ACTS_H

#include "backends/containers/engine.h"

struct act_run {
	struct order *order;   /* borrowed */
	struct engine *engine; /* borrowed */
	struct call *call;     /* of the engine's API; or */
	struct run *run;       /* a command on the server */
	struct act_run *next;
};

struct act_run *act_create(struct order *, struct engine *);
/* frees it and ends the order */
void act_end(struct act_run *, const struct err *, const char *output);

#endif
