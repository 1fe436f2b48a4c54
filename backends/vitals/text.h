/* text.h: parse words and numbers in text without a NUL at its end. */
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

/* The next line without its newline. False at the end. A last line without a newline was cut off
 * and is ignored. */
bool text_line(struct text *in, struct text *line);

/* The next word between blanks. False if only blanks are left. */
bool text_word(struct text *line, struct text *word);

bool text_is(struct text word, const char *s);
bool text_starts(struct text word, const char *s);
bool text_same(struct text a, struct text b);

/* Parses the whole word as a number. False if any part of the word is not a number; text_u64 then
 * leaves out unchanged. */
bool text_u64(struct text word, uint64_t *out);
bool text_decimal(struct text word, double *out);
bool text_next_u64(struct text *line, uint64_t *out);

#endif
