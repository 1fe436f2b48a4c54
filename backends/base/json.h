/* json.h: safe readers for JSON members, for parsers. They accept several spellings of a name and
 * check every type. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "backends/base/err.h"

/* All JSON bytes must pass through this file to reach cJSON (tests/lint holds that). cJSON takes 41
 * bytes for each byte of [0,0,0,...]. So the size of the tree is counted before parsing. */
#define JSON_TREE_MAX \
	(32u << 20) /* bytes; 10 000 containers take 23 MB, which a Raspberry Pi can spare */
#define JSON_NESTED_MAX 100 /* levels of nested brackets */

struct json_size {
	size_t tree; /* upper bound of the bytes that cJSON allocates */
	size_t nested;
};
/* One pass, no allocation. Also returns an upper bound for bytes that are not JSON. */
struct json_size json_size(const char *bytes, size_t len);
/* True: json_parse will accept the size of these bytes. False: err is ERR_TOO_BIG with the limit,
 * "WHAT has ...". what: "sese: the answer to GET /x". */
bool json_fits(const char *what, const char *bytes, size_t len, struct err *);
/* The caller frees the tree with cJSON_Delete. NULL: not JSON, or over the limits (json_fits says
 * which). bytes may be NULL if len is 0. */
cJSON *json_parse(const char *bytes, size_t len);
/* Same, but only blanks may follow the document; else NULL. */
cJSON *json_whole(const char *bytes, size_t len);

/* Appends the document to out without the members, at any depth, that keep does not want. keep may
 * change a value. JSON_KEEP looks at the members below too; JSON_KEEP_WHOLE does not, for a map
 * whose names are somebody else's. Appends nothing if the bytes are not JSON. A \u0000, where a C
 * string would end, becomes U+FFFD. */
enum json_keep { JSON_DROP, JSON_KEEP, JSON_KEEP_WHOLE };
struct buf;
void json_reduce(const char *bytes, size_t len, enum json_keep (*keep)(cJSON *member),
                 struct buf *out);

/* Reads in pieces what is too big for one tree. json_member and json_count only follow brackets and
 * quotes and do not validate. json_member finds a member of the outermost object; *value points
 * into bytes. False: no such member. */
bool json_member(const char *bytes, size_t len, const char *name, const char **value,
                 size_t *value_len);
/* Number of elements of an array, each parsed by itself. -1: not an array, or an element is not
 * JSON or too big for a tree. */
long json_count(const char *bytes, size_t len);

/* The value that a JSON pointer names (RFC 6901): "" the document itself, "/data/0/a~1b". NULL: no
 * such place. */
const cJSON *json_pointer(const cJSON *document, const char *pointer);

/* The member with this camelCase name, or else with the name other, its snake_case or Go form
 * (NULL: none). */
const cJSON *vj_get(const cJSON *o, const char *name, const char *other);
/* Writes a string or number, washed, into buf. False: missing, empty, or of another type; buf is
 * then "". */
bool vj_text(const cJSON *o, const char *name, const char *other, char *buf, size_t size);
bool vj_true(const cJSON *o, const char *name, const char *other);
int64_t vj_int(const cJSON *o, const char *name, const char *other, int64_t otherwise);
/* RFC 3339, or {seconds,nanos}, or seconds, to ms since 1970. 0: missing, never, or before 2001. */
int64_t vj_time(const cJSON *o, const char *name, const char *other);
/* HTTP's Date, "Tue, 25 Nov 2026 22:06:14 GMT" (RFC 9110), to ms since 1970. 0: not such a date. */
int64_t vj_http_date_ms(const char *);
/* Writes an array of strings, separated by ", ". An item that does not fit is left out as a
 * whole. */
void vj_words(const cJSON *array, char *buf, size_t size);
/* Finds the JSON document in the output of a program, which may print warnings first. The document
 * begins at the first unindented line with [, { or n from which the rest is one whole document.
 * NULL: no such line. The caller deletes the document. */
cJSON *vj_document(const char *text, size_t len);
/* Parses an answer. NULL and err: ERR_TOO_BIG, or ERR_GARBLED with the first words of the answer.
 * who: "Headscale", "tailscaled". */
cJSON *vj_read(const char *json, size_t len, const char *who, struct err *);

#endif
