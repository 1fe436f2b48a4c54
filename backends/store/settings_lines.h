/* settings_lines.h: what can be wrong with a line of the configuration although inih reads it: a
 * section or key that is there twice, a name that inih cuts, a command that ends at a comment. */
#ifndef STORE_SETTINGS_LINES_H
#define STORE_SETTINGS_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define SETTINGS_SECTION_MAX \
	49 /* bytes of a section's name that inih keeps: MAX_SECTION of its ini.c, less the end */

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

/* Sections without a key that do nothing then, one after the other: *at begins at 0. Returns the
 * line, and one sentence in why; 0: there are no more. */
int settings_lines_empty(const struct settings_lines *, size_t *at, char *why, size_t size);

#endif
