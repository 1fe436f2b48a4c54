/* flap.h: conditions that come and go. Each is one need with a count, not a row that jumps in and
 * out of the queue. A condition that begins while it is watched must hold for a time first.
 *
 * Pure: no store, no clock. All times are those of a clock that is never set, in ms. */
#ifndef STORE_FLAP_H
#define STORE_FLAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/store/store.h"

#define FLAP_WINDOW_MS 600000 /* only what began so long ago counts */
#define FLAP_TIMES 3          /* from so many times on, it comes and goes */
#define FLAP_CALM_MS 120000   /* so long it must be well until it leaves the queue */
#define FLAP_KEPT 32          /* times that are counted at most */
#define FLAPS_MAX 4000        /* conditions remembered; beyond, the oldest is forgotten */

struct flap {
	char *id;                 /* owned; of the row */
	char *why;                /* owned; the last reason; NULL */
	enum health worst;        /* since the first time that counts */
	int64_t begun[FLAP_KEPT]; /* when it began, the oldest first */
	unsigned n;
	bool bad;         /* the condition is there */
	bool watched;     /* it was well before: the beginning was seen */
	int64_t since_ms; /* of bad, or of being well */
	UT_hash_handle hh;
};
/* A zeroed struct is valid and empty. */
struct flaps {
	struct flap *all; /* uthash by id, in the order in which they came */
};

void flaps_finish(struct flaps *);
struct flap *flap_find(const struct flaps *, const char *id); /* NULL: nothing is remembered */
/* The condition is there: health is HEALTH_ATTENTION or worse. was_well: the row was well just
 * before. Returns what is remembered of it. */
struct flap *flap_begins(struct flaps *, const char *id, enum health, const char *why,
                         bool was_well, int64_t now_ms);
/* The row is well, or gone. flap may be NULL. */
void flap_ends(struct flap *, int64_t now_ms);
/* Forgets what is over and no longer counts. */
void flaps_forget(struct flaps *, int64_t now_ms);

/* How often it began of late. */
unsigned flap_times(const struct flap *, int64_t now_ms);
/* It comes and goes: while it is well it stays in the queue until it has been calm. */
bool flap_comes_and_goes(const struct flap *, int64_t now_ms);
/* ms until the condition counts; 0: it does. hold_ms: the time that it must hold. */
int64_t flap_wait_ms(const struct flap *, int64_t hold_ms, int64_t now_ms);
/* ms until a condition that is well leaves the queue; 0: it does not stay. */
int64_t flap_calm_ms(const struct flap *, int64_t now_ms);
/* "5 times in 10 min". */
void flap_say(const struct flap *, int64_t now_ms, char *buf, size_t size);

#endif
