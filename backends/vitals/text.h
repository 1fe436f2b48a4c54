/* text.h: readers of words and numbers in a text that has no NUL at its end. */
#ifndef VITALS_TEXT_H
#define VITALS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	const char *p, *end;
};

static inline size_t text_len(struct text t)
{
	return (size_t)(t.end - t.p);
}

/* The next line without its newline; false at the end. A last line without a newline was cut off
 * and does not count. */
bool text_line(struct text *in, struct text *line);

/* The next word between blanks; false when only blanks are left. */
bool text_word(struct text *line, struct text *word);

bool text_is(struct text word, const char *s);
bool text_starts(struct text word, const char *s);
bool text_same(struct text a, struct text b);

/* The whole word as a number; false and out untouched (text_u64) when a part of the word is no
 * digit. */
bool text_u64(struct text word, uint64_t *out);
bool text_decimal(struct text word, double *out);
bool text_next_u64(struct text *line, uint64_t *out);

#endif
