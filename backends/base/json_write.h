/* json_write.h: members of an object, as `mocr status --json` prints a row. What is unknown is
 * null, never 0. */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* text is copied; NULL is unknown, "" is known to be empty. */
void json_add_text(cJSON *o, const char *name, const char *text);
/* The same where "" is unknown, too. */
void json_add_filled(cJSON *o, const char *name, const char *text);
/* A number that is known; whole ones are exact up to 2^53. */
void json_add_number(cJSON *o, const char *name, double n, bool known);
/* A time in ms since 1970; 0 and less are unknown. */
void json_add_time(cJSON *o, const char *name, int64_t ms);

#endif
