/* match.h: regular expressions by PCRE2. A pattern without capitals matches any case. Only this
 * file uses PCRE2. Every match has a step limit, so that no pattern can hang the program. */
#ifndef BASE_MATCH_H
#define BASE_MATCH_H

#include <stdbool.h>
#include <stddef.h>

struct match;

/* Compiles a pattern. NULL if it is invalid; then why says where in the pattern. */
struct match *match_create(const char *pattern, char *why, size_t size);
void match_destroy(struct match *); /* NULL is fine */
const char *match_pattern(const struct match *);
/* Finds the first match in text[from..len). True: the match is the bytes [*start, *end). An empty
 * match counts as none. */
bool match_find(const struct match *, const char *text, size_t len, size_t from, size_t *start,
                size_t *end);
bool match_in(const struct match *, const char *text, size_t len);

#endif
