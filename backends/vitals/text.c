/* text.c: parse words and numbers. strtod is not used, because its decimal point depends on the
 * locale. */
#include <string.h>

#include "backends/vitals/text.h"

bool text_line(struct text *in, struct text *line)
{
	const char *nl = in->p < in->end ? memchr(in->p, '\n', (size_t)(in->end - in->p)) : NULL;
	if (!nl)
		return false;
	*line = (struct text){ in->p, nl };
	in->p = nl + 1;
	return true;
}

bool text_word(struct text *line, struct text *word)
{
	while (line->p < line->end && (*line->p == ' ' || *line->p == '\t'))
		line->p++;
	word->p = line->p;
	while (line->p < line->end && *line->p != ' ' && *line->p != '\t')
		line->p++;
	word->end = line->p;
	return word->p < word->end;
}

bool text_is(struct text word, const char *s)
{
	size_t n = strlen(s);
	return (size_t)(word.end - word.p) == n && memcmp(word.p, s, n) == 0;
}

bool text_starts(struct text word, const char *s)
{
	size_t n = strlen(s);
	return (size_t)(word.end - word.p) >= n && memcmp(word.p, s, n) == 0;
}

bool text_same(struct text a, struct text b)
{
	return text_len(a) == text_len(b) && memcmp(a.p, b.p, text_len(a)) == 0;
}

bool text_u64(struct text word, uint64_t *out)
{
	uint64_t v = 0;
	if (word.p == word.end)
		return false;
	for (; word.p < word.end; word.p++) {
		if (*word.p < '0' || *word.p > '9' || v > (UINT64_MAX - 9) / 10)
			return false;
		v = v * 10 + (uint64_t)(*word.p - '0');
	}
	*out = v;
	return true;
}

bool text_decimal(struct text word, double *out)
{
	bool negative = word.p < word.end && *word.p == '-';
	double v = 0, unit = 1;
	bool point = false, any = false;
	for (word.p += negative; word.p < word.end; word.p++) {
		if (*word.p == '.' && !point) {
			point = true;
		} else if (*word.p >= '0' && *word.p <= '9') {
			any = true;
			v = v * 10 + (*word.p - '0');
			unit *= point ? 10 : 1;
		} else {
			return false;
		}
	}
	*out = (negative ? -v : v) / unit;
	return any;
}

bool text_next_u64(struct text *line, uint64_t *out)
{
	struct text word;
	return text_word(line, &word) && text_u64(word, out);
}
