/* teller.h: decides which message one channel sends, and when. Pure: no loop, no clock, no file, no
 * store.
 *
 * The caller shows the teller all rows that need the user, again and again, and takes messages:
 *
 *     teller_begin(t, now_ms);
 *     teller_see(t, &need, frozen, quiet);    for each row that needs the user
 *     teller_end(t, is_well, arg);
 *     while ((m = teller_take(t, now_ms, wall_ms, quiet_hours))) ...
 *     arm a timer for teller_wait_ms(t, now_ms, quiet_hours)
 *
 * A condition is one row that needs the user. It is announced when it has held for hold_ms. Its end
 * is announced when it has been over for as long. A condition is announced once. It is announced
 * again when it gets worse, when a session asks something else, or when `repeat` says so.
 *
 * STORM_LEAST conditions within STORM_MS become one message. Those that follow without a pause of
 * STORM_PAUSE_MS join it: a busy engine reports the end of 200 containers over 15 s. Their
 * recovery is one message too. now_ms is a clock that no one sets (loop_now). */
#ifndef NOTIFY_TELLER_H
#define NOTIFY_TELLER_H

#include <stdbool.h>
#include <stdint.h>

#include "backends/notify/message.h"

#define STORM_MS 2000
#define STORM_LEAST 3
#define STORM_PAUSE_MS 5000
#define GATHER_MS 60000 /* how long the end of one of a storm waits for the ends of the others */
#define STORM_MOST_MS 20000 /* how long the first of a storm waits for the others at most */
/* A condition that came so often but never held is announced at once. */
#define FLAPS_ANNOUNCED 4
#define PAST_MS (10 * 60000) /* how long it is known that a condition was there before */
#define CLEAR_MOST_MS (10 * 60000)

struct teller_rules {
	int64_t hold_ms;
	int64_t stands_ms; /* how long the queue holds a condition back at most */
	int64_t repeat_ms; /* 0: never */
	bool resolved;     /* tell that it is over */
};

struct teller;
struct teller *teller_create(const struct teller_rules *);
void teller_destroy(struct teller *); /* NULL is fine */

void teller_begin(struct teller *, int64_t now_ms);
/* How a condition stands in the queue. */
enum teller_place {
	TELLER_STANDS,
	TELLER_QUIET, /* the user acknowledged or snoozed it: neither announced nor repeated */
	TELLER_HELD /* it began just now: not announced yet, but others of its storm wait for it */
};
/* frozen: nothing new is known of it, because its server is away. It begins nothing then. */
void teller_see(struct teller *, const struct notify_need *, bool frozen, enum teller_place);
/* is_well: whether a row that was announced, and is not among the needs, is known to be well or
 * gone. */
typedef bool teller_well_fn(const char *id, enum health announced, void *arg);
void teller_end(struct teller *, teller_well_fn *is_well, void *arg);

/* The next message that is due, owned by the caller; NULL: none. In quiet hours none is. */
struct message *teller_take(struct teller *, int64_t now_ms, int64_t wall_ms, bool quiet_hours);
/* ms until teller_take may have one; -1: not before something changes. */
int64_t teller_wait_ms(const struct teller *, int64_t now_ms, bool quiet_hours);

/* The messages with the numbers from..to will never be sent. What they said is withdrawn, so that
 * it is announced again when it is still there. */
void teller_withdraw(struct teller *, uint64_t from, uint64_t to, int64_t now_ms);

/* The ids of the rows that the message of this number announced and that are not over. Returns how
 * many. The caller frees the ids and the array. */
size_t teller_told(const struct teller *, uint64_t number, char ***ids);

/* What was announced and is not over, for the state file: a cJSON array of the newest
 * ANNOUNCED_KEPT. teller_read takes it after a restart. What happened between is found out by the
 * first looks. unsent: without what the message of this number and later ones say; 0: with all. */
#define ANNOUNCED_KEPT 5000
void *teller_write(const struct teller *, int64_t now_ms, int64_t wall_ms, uint64_t unsent);
void teller_read(struct teller *, const void *cjson, int64_t now_ms, int64_t wall_ms);

#endif
