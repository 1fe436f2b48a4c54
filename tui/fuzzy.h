/* fuzzy.h: finding rows by what people remember of their names.
 *
 * A pattern is words parted by spaces; every word must match. A word matches a text as a substring
 * anywhere, or as a subsequence inside one word of the text ("ngx" in "nginx", "vmet" in
 * "victoria-metrics"). A word with a capital is matched with case, others without. "!word" must not
 * occur (as a substring). */
#ifndef TUI_FUZZY_H
#define TUI_FUZZY_H

#include <stdbool.h>
#include <stddef.h>

#define FUZZY_WORDS 8     /* further words are ignored */
#define FUZZY_WORD_MAX 64 /* characters of one word */
#define FUZZY_HITS 32

struct fuzzy_word {
	unsigned chars[FUZZY_WORD_MAX];
	size_t n;
	bool exact_case, inverted, ascii;
};
struct fuzzy {
	struct fuzzy_word words[FUZZY_WORDS];
	size_t n;
};
/* Where it matched: byte ranges of the text, in order, not overlapping. */
struct fuzzy_hits {
	struct {
		unsigned at, len;
	} hit[FUZZY_HITS];
	size_t n;
};

void fuzzy_compile(struct fuzzy *, const char *pattern);
static inline bool fuzzy_empty(const struct fuzzy *f)
{
	return f->n == 0;
}
/* 0: no match; else a score from 1 on, more is better. hits may be NULL. */
int fuzzy_match(const struct fuzzy *, const char *text, struct fuzzy_hits *hits);
/* Marks in text whatever of the pattern's words is in it, even when not all are (a row's cells, one
 * by one). */
void fuzzy_marks(const struct fuzzy *, const char *text, struct fuzzy_hits *hits);

/* Plain search: the first occurrence of needle in text from byte at on; ignore_case folds case.
 * Returns the byte offset and sets *len to the bytes that matched, or -1. */
long text_find(const char *text, size_t at, const char *needle, bool ignore_case, size_t *len);
bool text_has_upper(const char *); /* smart case: a needle with a capital means it */

#endif
