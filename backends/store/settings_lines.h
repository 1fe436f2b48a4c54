/* settings_lines.h: what can be wrong with a line of the configuration although inih reads it: a
 * section or key that is there twice, a command that ends at a comment. */
#ifndef STORE_SETTINGS_LINES_H
#define STORE_SETTINGS_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct settings_lines;
struct settings_lines *settings_lines_create(void);
void settings_lines_destroy(struct settings_lines *);

/* Looks at a line as it stands in the file, its number from 1. False, and one sentence in why, when
 * something is wrong. */
bool settings_lines_see(struct settings_lines *, const char *line, int number, char *why,
                        size_t size);
/* The first line that was neither a section nor a key, which is all that inih tells of them; 0:
 * there is none. */
int settings_lines_wrong(const struct settings_lines *);

#endif
