/* fold.h: show a JSON log line in a readable form. Pure. Allocates only through the buffer. */
#ifndef LOGS_FOLD_H
#define LOGS_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"
#include "backends/logs/stamp.h"

/* Writes {"level":"warn","msg":"slow","ms":12} as `warn slow ms=12`. The level comes first, then
 * the message, then the rest in order. Times are omitted, because the log line already shows one.
 * False: not a JSON object, or an empty one. Then nothing was added. */
bool fold_json(const char *text, size_t len, struct buf *out);
/* Same with each key on its own row (separated by newlines). Nested keys are indented. */
bool unfold_json(const char *text, size_t len, struct buf *out);
/* The time of a JSON log line, in µs since 1970. It is the first of "time", "ts", "timestamp" and
 * similar keys with a date or a number. A date without a zone uses the given zone. A number is s,
 * ms, µs or ns after the year 2000. 0: not a JSON object, or no time. */
int64_t json_time(const char *text, size_t len, struct zone);

#endif
