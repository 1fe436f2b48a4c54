/* json.h: small readers that take several spellings of a member and never trust a type. For
 * parsers. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "backends/base/err.h"

/* The only way from bytes to cJSON (tests/lint holds that). cJSON takes 41 bytes for a byte of
 * [0,0,0,...], so what the tree would take is counted first. */
#define JSON_TREE_MAX                                                                              \
	(32u << 20) /* bytes; a list of 10 000 containers takes 23 MB, and a Raspberry Pi has that \
	               much to spare */
#define JSON_NESTED_MAX 100 /* brackets within brackets */

struct json_size {
	size_t tree; /* bytes that cJSON allocates, at most */
	size_t nested;
};
/* One pass, no memory. Of bytes that are no JSON it tells an upper bound all the same. */
struct json_size json_size(const char *bytes, size_t len);
/* True: json_parse will read them. False: err is ERR_TOO_BIG, "WHAT has ...", with the limit. what:
 * "sese: the answer to GET /x". */
bool json_fits(const char *what, const char *bytes, size_t len, struct err *);
/* The caller's, for cJSON_Delete. NULL: no JSON, or more than is taken (json_fits says why). bytes
 * may be NULL when len is 0. */
cJSON *json_parse(const char *bytes, size_t len);
/* The same when nothing but blanks stands behind the document; else NULL. */
cJSON *json_whole(const char *bytes, size_t len);

/* Adds the document without the members, at any depth, that keep does not name; keep may change a
 * value. Nothing when it is no JSON. */
struct buf;
void json_reduce(const char *bytes, size_t len, bool (*keep)(cJSON *member), struct buf *out);

/* What is too big for one tree is read in pieces. Both find their way by brackets and quotes; what
 * they find is not checked. A member of the outermost object, or false; *value points into bytes.
 */
bool json_member(const char *bytes, size_t len, const char *name, const char **value,
                 size_t *value_len);
/* How many elements an array has, each read by itself. -1: it is no array, or an element is no JSON
 * or too big for a tree. */
long json_count(const char *bytes, size_t len);

/* The member called by camelCase name, or by its snake_case or Go form given as other (NULL: none).
 */
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
/* The document that a program printed, perhaps behind warnings: it begins at the first unindented
 * line with [, { or n from which the rest is one whole document. NULL: no line does. The caller
 * deletes the document. */
cJSON *vj_document(const char *text, size_t len);
/* JSON, or ERR_TOO_BIG, or ERR_GARBLED with the first words of what it is instead; who:
 * "Headscale", "tailscaled". */
cJSON *vj_read(const char *json, size_t len, const char *who, struct err *);

#endif
