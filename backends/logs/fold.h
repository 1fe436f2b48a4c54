/* fold.h: a line of JSON as people read it. Pure; no allocation but the buffer's. */
#ifndef LOGS_FOLD_H
#define LOGS_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"
#include "backends/logs/stamp.h"

/* {"level":"warn","msg":"slow","ms":12} as `warn slow ms=12`: level first, then the message, then
 * the rest in its order; times are left out, for the line has one. False: it is no JSON object and
 * nothing was added. */
bool fold_json(const char *text, size_t len, struct buf *out);
/* The same with each key on a row of its own (parted by newlines), nested ones indented. */
bool unfold_json(const char *text, size_t len, struct buf *out);
/* Its own time in µs since 1970: the first of "time", "ts", "timestamp" and the like that is a
 * date (of the zone where it has none) or a number of s, ms, µs or ns after the year 2000. 0: it
 * is no JSON object or has none. */
int64_t json_time(const char *text, size_t len, struct zone);

#endif
