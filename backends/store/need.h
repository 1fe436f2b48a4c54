/* need.h: where the conditions of rows stand in the queue "Needs you".
 *
 * row->need says for each row whether the condition counts, and why not. The user sets conditions
 * aside with need_quiet; quiet.h says when these come back. What was set aside is kept in the state
 * folder, and other consoles of the user follow within a moment. */
#ifndef STORE_NEED_H
#define STORE_NEED_H

#include "backends/store/quiet.h"
#include "backends/store/store.h"

/* Sets the condition of a row aside. until_ms: wall clock, for QUIET_UNTIL. False and err: the row
 * needs nobody. The caller ends with need_keep, once for all rows. */
bool need_quiet(struct row *, enum quiet_how, int64_t until_ms, struct err *);
/* Puts it back into the queue. False and err: it was not set aside. The same need_keep follows. */
bool need_wake(struct row *, struct err *);
/* Writes what need_quiet and need_wake changed. False and err: the file cannot be written; this
 * console keeps the changes anyway. */
bool need_keep(struct store *, struct err *);
/* What was set for it; borrowed until the end of the turn. NULL unless row->need is NEED_QUIET. */
const struct quiet *need_quiet_of(const struct row *);
/* Why the condition does not count: "snoozed until 08:00". False: it counts, or there is none. */
bool need_says(const struct row *, char *buf, size_t size);
/* "5 times in 10 min" for a condition that comes and goes. False: it does not. *why: the last
 * reason while the row is well just now, else NULL; borrowed. */
bool need_flaps(const struct row *, const char **why, char *buf, size_t size);
/* How bad the condition is; while it comes and goes, the worst of late. */
enum health need_health(const struct row *);
/* Of all needs, the one that waits longest: of those that ask, else of all. NULL: none counts. */
struct row *need_longest(const struct store *);
/* How many conditions do not count, on one server (NULL: on all). */
size_t needs_aside(const struct store *, const struct server *);

#endif
