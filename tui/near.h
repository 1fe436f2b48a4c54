/* near.h: "did you mean" behind a word that is not known. */
#ifndef TUI_NEAR_H
#define TUI_NEAR_H

#include <stddef.h>

#define NEAR_SIZE 160
/* Writes "; did you mean NAME?" with the nearest of the n names into buf (NEAR_SIZE bytes). quote
 * stands around the name. Writes otherwise if none is near. Returns buf. */
char *near_name(const char *word, const char *const *names, size_t n, const char *quote,
                const char *otherwise, char *buf);

#endif
