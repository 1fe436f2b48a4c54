/* limits.h: limits of memory, CPU and disks of a server. A figure counts once it was over its limit
 * for a time, so that a short peak is no need.
 *
 * Pure: no store, no clock. now_ms is of a clock that is never set. */
#ifndef VITALS_LIMITS_H
#define VITALS_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/vitals/vitals.h"

#define LIMITS_WORDS 120    /* bytes of what limits_say writes */
#define LIMITS_STEP 5       /* %; so far below the limit a figure is no longer over it */
#define LIMITS_SAMPLES 10   /* the CPU is the mean of so many samples */

struct limits {
	int disk, memory, cpu; /* %; over 100: none */
	int64_t hold_ms;       /* how long they must be over theirs */
	int64_t gap_ms;        /* after so long without a sample, that time begins again */
};

/* A sample came: remembers since when memory and CPU are over their limits. */
void limits_see(struct vitals *, const struct limits *, int64_t now_ms);
/* The disks were listed. first: nothing is known of the time before. */
void limits_see_disks(struct vitals *, const struct limits *, bool first, int64_t now_ms);
/* Whether a disk is full for long enough, or was full at the first look. */
bool limits_disk_counts(const struct vitals *, const struct limits *, int64_t now_ms);
/* Writes "memory over 90% since 14:03; CPU over 90% since 13:50". False: neither is over its limit
 * for long enough. wall_ms: the wall clock at now_ms. */
bool limits_say(const struct vitals *, const struct limits *, int64_t now_ms, int64_t wall_ms,
                char *buf, size_t size);

struct server;
/* Those of its section, else those of [settings]. */
struct limits limits_of(const struct server *);

#endif
