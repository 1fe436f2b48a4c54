/* settings_rows.h: what a row of setting_rows does with a value. For settings*.c only. */
#ifndef STORE_SETTINGS_ROWS_H
#define STORE_SETTINGS_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/store/settings.h"

/* The row of a key; section has len bytes. NULL: there is none. */
const struct setting_row *setting_find(const char *section, size_t len, const char *key);
/* Puts value into the member of base that the row names: a text is copied, lines get one more.
 * False: why has one sentence. */
bool setting_set(const struct setting_row *, void *base, const char *value, char *why, size_t size);
/* All fallbacks of a section into base, which is zeroed; its texts are given back by the other. */
void settings_set_fallbacks(const char *section, void *base);
void settings_free_texts(const char *section, void *base);
/* Is word one of words, which have blanks between them? */
bool setting_word_in(const char *word, const char *words);

#endif
