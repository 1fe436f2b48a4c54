/* variants.h: what a parser makes of a sample in which one value was replaced: each value of the
 * sample by each replacement. One of them is a long text ("much"). An element of a list is also
 * replaced by two of it ("twice"), and by null and it. The sample is also cut in its middle, and
 * left out. Only what came out differently is written. */
#ifndef TESTS_VARIANTS_H
#define TESTS_VARIANTS_H

#include <stddef.h>

struct buf;

/* Writes what a parser makes of the text: a line per member, "name value". */
typedef void dump_fn(struct buf *out, const char *text, size_t len);

/* The text is JSON; its strings have no brackets and quotes. */
void variants_of_json(struct buf *out, const char *what, dump_fn *dump, const char *text);
/* The same for each word of a text between tabs, colons and line ends. */
void variants_of_words(struct buf *out, const char *what, dump_fn *dump, const char *text);

#endif
