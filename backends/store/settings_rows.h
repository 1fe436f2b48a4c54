/* settings_rows.h: finds rows of setting_rows and stores their values. Only for settings*.c. */
#ifndef STORE_SETTINGS_ROWS_H
#define STORE_SETTINGS_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/store/settings.h"

/* Finds the row of a key. section has len bytes. NULL: no such row. */
const struct setting_row *setting_find(const char *section, size_t len, const char *key);
/* Stores value in the member of base that the row names. A text is copied. SETTING_LINES appends
 * one line. False: why has one sentence. */
bool setting_set(const struct setting_row *, void *base, const char *value, char *why, size_t size);
/* Stores all defaults of a section in the zeroed struct base. settings_free_texts frees the
 * texts. */
void settings_set_fallbacks(const char *section, void *base);
void settings_free_texts(const char *section, void *base);
/* Whether word is one of words, which are separated by blanks. */
bool setting_word_in(const char *word, const char *words);

#endif
