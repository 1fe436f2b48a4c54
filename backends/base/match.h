/* match.h: regular expressions (PCRE2), the way one types them: a pattern without capitals matches
 * any case. The only origin to PCRE2. Every match has a limit, so that no pattern can hang the
 * program. */
#ifndef BASE_MATCH_H
#define BASE_MATCH_H

#include <stdbool.h>
#include <stddef.h>

struct match;

/* NULL and why (a sentence that says where in the pattern) when it is none. */
struct match *match_create(const char *pattern, char *why, size_t size);
void match_destroy(struct match *); /* NULL is fine */
const char *match_pattern(const struct match *);
/* Where in text[from..len) it matches first: true and the bytes [*start, *end). An empty match
 * counts as none. */
bool match_find(const struct match *, const char *text, size_t len, size_t from, size_t *start,
                size_t *end);
bool match_in(const struct match *, const char *text, size_t len);

#endif
