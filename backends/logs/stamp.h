/* stamp.h: parse the timestamp at the beginning of a log line. Pure. */
#ifndef LOGS_STAMP_H
#define LOGS_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone {
	bool known; /* false: use the reader's zone */
	int east_s; /* seconds east of Greenwich */
};
struct zone zone_parse(const char *text); /* "+0200" */

/* Returns the timestamp of a line in µs since 1970; 0: none. A timestamp without a zone uses the
 * given zone.
 *
 * Recognized at the beginning, also in brackets: "2026-11-21T14:02:58.123Z" (RFC 3339), "2026-11-21
 * 14:02:58,123", "2026/11/21 14:02:58". Also syslog's "Nov 21 14:02:58" (RFC 3164), which means the
 * last such day. Recognized near the beginning: a web server's "[21/Nov/2026:14:02:58 +0000]"
 * (Common Log Format). Of a JSON line: "time", "ts" or "timestamp". */
int64_t stamp_find(const char *line, size_t len, struct zone);
/* Length in bytes of a timestamp at the very beginning, with the blanks after it. 0: no timestamp
 * there, or nothing else in the line. */
size_t stamp_len(const char *line, size_t len);
/* Same if the timestamp equals time_us within unit_us; else 0. A timestamp without a zone uses the
 * reader's zone. A caller that shows time_us before the text skips these bytes. */
size_t stamp_said(const char *line, size_t len, int64_t time_us, int64_t unit_us);

/* Fast version for exactly the engines' format (RFC 3339): "2026-11-21T14:02:58.123456789Z" or
 * "...+02:00". Returns ns since 1970; 0 for another format, or after 2261. */
int64_t stamp_utc_ns(const char *text, size_t len);

#endif
