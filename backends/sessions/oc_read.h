/* oc_read.h: readers shared by the parsers of OpenCode's dialects: oc_parse.c, oc_v2_parse.c. Pure.
 * Every member may be missing or of another type. */
#ifndef SESSIONS_OC_READ_H
#define SESSIONS_OC_READ_H

#include <cjson/cJSON.h>

#include "backends/sessions/oc_parse.h"

const cJSON *oc_parse_get(const cJSON *o, const char *name);
const char *oc_parse_text(const cJSON *o, const char *name); /* borrowed; NULL: no text */
double oc_parse_number(const cJSON *o, const char *name, double otherwise);
/* A whole number from untrusted JSON. Values outside 0 to 9e15 count as unknown. */
int64_t oc_parse_whole(const cJSON *o, const char *name, int64_t otherwise);
/* Copies an id of at most SESSION_ID_SIZE - 1 bytes. False and "": unsafe in a URL, or none. */
bool oc_parse_id_copy(char *out, const char *id);
void oc_parse_washed(char *out, size_t size, const char *s);
/* The caller deletes the tree. NULL and err: not JSON. */
cJSON *oc_parse_parse(const char *json, size_t len, struct err *err);
/* Adds up "input", "output", "reasoning" and "cache". -1: t is no object. */
int64_t oc_parse_sum_tokens(const cJSON *t);
/* The strings of an array, one per line; the caller frees. NULL: none. */
char *oc_parse_lines_of(const cJSON *array);
/* The member "diff" without the two lines that npm's "diff" puts before it ("Index: FILE", a line
 * of "="): "---" names the file too. Seen of OpenCode 1.18. The caller frees. NULL: none. */
char *oc_parse_diff(const cJSON *meta);
/* One session in the shape of 1.x. False: it has no usable id. Free with oc_session_free. */
bool oc_parse_session_of(const cJSON *o, struct oc_session *);
/* One permission or question of 1.x; the caller frees with request_free. NULL: no usable ids. */
struct request *oc_parse_request_of(const cJSON *o);
#define QUESTIONS_MAX 20
#define OPTIONS_MAX 50

#endif
