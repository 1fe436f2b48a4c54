/* when.h: parse a point in time as users type it. Pure except for the time zone. */
#ifndef LOGS_WHEN_H
#define LOGS_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/* Parses "10m", "-10m", "1h30m": that long before now. "14:32", "14:32:05": the last time the local
 * clock showed that. Also "2026-11-21T14:32:00Z" and "2026-11-21 14:32:00". False: none of
 * these. */
bool when_parse(const char *text, int64_t now_wall_ms, int64_t *wall_ms);

#endif
