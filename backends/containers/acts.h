/* acts.h: a running action, shared by acts.c and compose.c. */
#ifndef CONTAINERS_ACTS_H
#define CONTAINERS_ACTS_H

#include "backends/containers/engine.h"

struct act_run {
	struct order *order;   /* borrowed */
	struct engine *engine; /* borrowed */
	struct call *call;     /* a request to the engine's API, or NULL */
	struct run *run;       /* a command on the server, or NULL */
	char checks[CTR_ID_SIZE]; /* container whose registry is asked (updates.c); "" none */
	char newer[60];           /* "sha256:... -> sha256:...", of a pull; "" unknown */
	struct act_run *next;
};

struct act_run *act_create(struct order *, struct engine *);
/* frees the run and ends its order */
void act_end(struct act_run *, const struct err *, const char *output);

#endif
