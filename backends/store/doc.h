/* doc.h: text for people as a list of lines: details, a unit file, help. */
#ifndef STORE_DOC_H
#define STORE_DOC_H

#include <stdbool.h>
#include <stddef.h>

enum doc_tone { DOC_PLAIN, DOC_HEAD, DOC_LABEL, DOC_DIM, DOC_GOOD, DOC_WARN, DOC_BAD, DOC_CODE };

struct doc_line {
	enum doc_tone tone;
	char *label; /* owned, washed: the left column; NULL */
	char *text;  /* owned, washed */
	/* how full something is, 0 to 1: a bar stands before the text; below 0: none */
	double share;
};
struct doc {
	struct doc_line *lines;
	size_t n, cap; /* at most DOC_MAX_LINES; the last line then says that more follow */
};
#define DOC_MAX_LINES 20000

void doc_init(struct doc *);
void doc_finish(struct doc *);
void doc_head(struct doc *, const char *text); /* a section's title */
void doc_add(struct doc *, enum doc_tone, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void doc_pair(struct doc *, enum doc_tone, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* how full the thing of the last line is, 0 to 1 */
void doc_share(struct doc *, double share);
/* adds many lines of foreign text; each is washed */
void doc_text(struct doc *, enum doc_tone, const char *text, size_t len);

#endif
