/* fuzzy.h: finds rows by fragments of their names.
 *
 * A pattern is a list of words separated by spaces. Every word must match. A word matches as a
 * substring anywhere, or as a subsequence inside one word of the text ("ngx" in "nginx", "vmet" in
 * "victoria-metrics"). A word with a capital is case sensitive, others are not. "!word" must not
 * occur as a substring. */
#ifndef TUI_FUZZY_H
#define TUI_FUZZY_H

#include <stdbool.h>
#include <stddef.h>

#define FUZZY_WORDS 8     /* more words are ignored */
#define FUZZY_WORD_MAX 64 /* characters per word */
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
/* Where the pattern matched: sorted byte ranges of the text that do not overlap. */
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
/* 0: no match. Otherwise a score from 1 up, higher is better. hits may be NULL. */
int fuzzy_match(const struct fuzzy *, const char *text, struct fuzzy_hits *hits);
/* Marks every word of the pattern that occurs in text, even if others do not. Used for a row's
 * cells one by one. */
void fuzzy_marks(const struct fuzzy *, const char *text, struct fuzzy_hits *hits);

/* Plain search for needle in text, from byte `at` on. ignore_case folds case. Returns the byte
 * offset and sets *len to the bytes matched, or returns -1. */
long text_find(const char *text, size_t at, const char *needle, bool ignore_case, size_t *len);
bool text_has_upper(const char *); /* smart case: a needle with a capital is case sensitive */

#endif
