/* stamp.h: the time that a line of a file begins with. Pure. */
#ifndef LOGS_STAMP_H
#define LOGS_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone {
	bool known; /* false: that of the reader */
	int east_s; /* seconds east of Greenwich */
};
struct zone zone_parse(const char *text); /* "+0200" */

/* µs since 1970 of "2026-11-21T14:02:58.123Z", "2026-11-21 14:02:58,123", "2026/11/21 14:02:58",
 * also in brackets, of syslog's "Nov 21 14:02:58" (the last one there was) at the beginning, and of
 * a web server's "[21/Nov/2026:14:02:58 +0000]" near it; of a line of JSON its "time", "ts" or
 * "timestamp"; 0 when there is none. Without a zone in it it is of the given one. */
int64_t stamp_find(const char *line, size_t len, struct zone);
/* How many bytes such a time takes at the very beginning, with the blanks behind it; 0: none stands
 * there, or nothing else. */
size_t stamp_len(const char *line, size_t len);
/* The same where that time is time_us (the reader's zone counts where it names none), as far as
 * unit_us can tell; else 0: whoever shows time_us before the text leaves these bytes out. */
size_t stamp_said(const char *line, size_t len, int64_t time_us, int64_t unit_us);

/* The same of exactly the engines' form, "2026-11-21T14:02:58.123456789Z" or "...+02:00", in ns and
 * fast; 0 when it is another. */
int64_t stamp_utc_ns(const char *text, size_t len);

#endif
