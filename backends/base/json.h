/* json.h: small readers that take several spellings of a member and never trust a type. For parsers. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "backends/base/err.h"

/* The member called by camelCase name, or by its snake_case or Go form given as other (NULL: none). */
const cJSON *vj_get(const cJSON *o, const char *name, const char *other);
/* A string or number, washed into buf; "" when it is neither. True when it was there. */
bool vj_text(const cJSON *o, const char *name, const char *other, char *buf, size_t size);
bool vj_true(const cJSON *o, const char *name, const char *other);
int64_t vj_int(const cJSON *o, const char *name, const char *other, int64_t otherwise);
/* RFC 3339, or {seconds,nanos}, or seconds; 0: not told, never, year 1. */
int64_t vj_time(const cJSON *o, const char *name, const char *other);
/* "Tue, 25 Nov 2026 22:06:14 GMT", as HTTP's Date has it, to ms since 1970; 0: it is none. */
int64_t vj_http_date_ms(const char *);
/* An array of strings as words parted by ", "; a part of what does not fit is left out whole. */
void vj_words(const cJSON *array, char *buf, size_t size);
/* JSON or ERR_GARBLED with the first words of what it is instead; who: "Headscale", "tailscaled". */
cJSON *vj_read(const char *json, size_t len, const char *who, struct err *);

#endif
