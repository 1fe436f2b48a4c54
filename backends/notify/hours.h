/* hours.h: the quiet hours of [notify NAME]: "22:00-07:00", more than one separated by blanks, in
 * the local time of this machine. */
#ifndef NOTIFY_HOURS_H
#define NOTIFY_HOURS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether text is understood. "" is, and never quiet. */
bool hours_are_good(const char *text);
/* Whether it is quiet at this time. text may be NULL. */
bool hours_are_quiet(const char *text, int64_t wall_ms);
/* ms until the quiet hours that are now end, by a clock that does not change between summer and
 * winter; 0: it is not quiet. */
int64_t hours_left_ms(const char *text, int64_t wall_ms);

#endif
