/* quiet.h: conditions that the user acknowledged or snoozed, and when each comes back.
 *
 * Pure: no store, no file, no clock. standing.c keeps such a list for the rows. All times are wall
 * clock, ms since 1970. */
#ifndef STORE_QUIET_H
#define STORE_QUIET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/buf.h"
#include "backends/store/store.h"

/* Until when a condition stays out of the queue. Each also ends when the condition clears or gets
 * worse. All but QUIET_CLEARED end when the reason changes, too. */
enum quiet_how {
	QUIET_ACKNOWLEDGED, /* no time limit */
	QUIET_UNTIL,        /* a time after it was set: until_ms */
	QUIET_MORNING,      /* quiet_morning_ms */
	QUIET_CLEARED       /* no time limit; a new reason alone does not end it */
};
#define QUIET_HOWS (QUIET_CLEARED + 1)
#define QUIET_MAX 2000            /* conditions kept; beyond, the oldest goes */
#define QUIET_FILE_MAX (2u << 20) /* bytes of the file */
#define QUIET_GIST_MAX 400
#define QUIET_SURE_MS 60000 /* what is well this long after it was set has cleared */

struct quiet {
	char *id;           /* owned; of the row */
	char *gist;         /* owned; quiet_gist of the reason when it was set */
	enum health health; /* then */
	enum quiet_how how;
	int64_t at_ms;    /* when it was set */
	int64_t until_ms; /* 0: no time limit */
	/* standing.c: since when the reason is another one; 0: it is not. Not in the file. */
	int64_t differs_ms;
	UT_hash_handle hh;
};
/* A zeroed struct is valid and empty. */
struct quiets {
	struct quiet *all; /* uthash by id, in the order in which they were set */
};

void quiets_finish(struct quiets *);
const struct quiet *quiet_find(const struct quiets *, const char *id); /* NULL: not quiet */
/* Sets or replaces one. until_ms counts for QUIET_UNTIL only. */
void quiet_set(struct quiets *, const char *id, enum health, const char *gist, enum quiet_how,
               int64_t now_ms, int64_t until_ms);
/* Adds or replaces one as it is. */
void quiet_copy(struct quiets *, const struct quiet *);
void quiet_drop(struct quiets *, const char *id); /* does nothing when it is not there */

const char *quiet_how_name(enum quiet_how); /* as in the file and in JSON */

/* One JSON object per line. Reading adds to what is there and skips lines that are not such an
 * object: the file may hold anything. */
void quiets_read(struct quiets *, const char *text);
void quiets_write(const struct quiets *, struct buf *out);
/* A clock that was set back does not make anything longer: the remaining time begins again. */
void quiets_follow_clock(struct quiets *, int64_t now_ms);
bool quiet_is_over(const struct quiet *, int64_t now_ms); /* by time */
/* ms until the next one is over by time; -1: none has a time limit. */
int64_t quiets_next_ms(const struct quiets *, int64_t now_ms);

/* Whether the condition stays out of the queue: as bad as it was set, for the same reason, and in
 * time. health is HEALTH_ATTENTION or worse. */
bool quiet_holds(const struct quiet *, enum health, const char *gist, int64_t now_ms);
/* Whether the condition cleared. was: the health before; the same as now when nothing changed.
 * Early after it was set only a change that was seen counts, because another console may know of a
 * condition first. */
bool quiet_cleared(const struct quiet *, enum health was, enum health now, int64_t now_ms);

/* What of a reason identifies it: numbers that grow by themselves (durations, restarts, sizes) and
 * quoted lines of a log are left out. Codes and per cents stay; a
 * per cent is another reason once it grew by more than QUIET_PERCENT_STEP. The phases of a loop are
 * one reason. why NULL: "". */
#define QUIET_PERCENT_STEP 5
void quiet_gist(const char *why, char *out, size_t size);
/* 08:00 local time of the next morning. Before 04:00 that is the same day: it is still night. */
int64_t quiet_morning_ms(int64_t now_ms);
/* "acknowledged until it changes", "snoozed until Tue 08:00", "snoozed until it clears". */
void quiet_say(const struct quiet *, int64_t now_ms, char *buf, size_t size);

#endif
