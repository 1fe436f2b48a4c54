/* json_write.h: write members of an object for `mocr status --json`. An unknown value is null,
 * never 0. */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* Copies text. NULL means unknown, "" means known to be empty. */
void json_add_text(cJSON *o, const char *name, const char *text);
/* Same, but "" also means unknown. */
void json_add_filled(cJSON *o, const char *name, const char *text);
/* Writes null unless known. Whole numbers are exact up to 2^53. */
void json_add_number(cJSON *o, const char *name, double n, bool known);
/* A time in ms since 1970; 0 or less means unknown. */
void json_add_time(cJSON *o, const char *name, int64_t ms);

#endif
