/* portal.h: internals of the portal backend.
 *
 * - portal.c: its health, and orders for new stacks
 * - portal_stack.c: the stacks that this machine asked for: rows, journal, streams of progress */
#ifndef APPS_PORTAL_H
#define APPS_PORTAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/apps/platform.h"
#include "backends/apps/portal_parse.h"
#include "backends/base/sse.h"

#define PORTAL_STACKS_MAX 64
#define PORTAL_NAME 24

struct portal;
struct portal_stack { /* a stack requested from this machine */
	struct portal *portal;
	char name[PORTAL_NAME], id[APP_ID_SIZE], url[200];
	struct portal_state state;
	int64_t began_ms, ended_ms; /* wall clock, ms */
	bool over, lost;            /* lost: the portal no longer knows the stack */
	struct api_call *call;      /* its event stream */
	struct sse sse;
	struct loop_timer *timer;
	unsigned tries; /* to open the stream, without an event in between */
};
struct portal {
	struct site site;
	bool read; /* the journal was read */
	struct portal_stack *stacks[PORTAL_STACKS_MAX];
	size_t n;
	/* names of stacks that made room, owned: they have no row */
	char (*dropped)[PORTAL_NAME];
	size_t n_dropped;
};
struct portal_job { /* order for a new stack: requests the stack, then waits for its end */
	struct job job;
	char name[PORTAL_NAME];
	bool asked; /* the portal accepted the request */
};

/* Finds or makes a stack. NULL: invalid name, or no room. */
struct portal_stack *portal_stack(struct portal *, const char *name);
/* Takes what the portal says of the stack: JSON, or text with the ending "failed". ending: the
 * state that the kind of the event means; "" for none. */
void portal_stack_take(struct portal_stack *, const char *json, size_t len, const char *ending);
/* The portal has accepted the stack under this id: follows it from its beginning. */
void portal_stack_begin(struct portal_stack *, const struct portal_made *);
/* The link is up: reads the journal once, and opens the streams of stacks that are not over. */
void portal_stacks_open(struct site *);
/* A round has ended. If the portal is well, streams that were given up get another try. */
void portal_stacks_again(struct site *);
void portal_stack_rest(struct portal_stack *); /* ends its stream */

#endif
