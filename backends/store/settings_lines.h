/* settings_lines.h: mistakes in a configuration line that inih accepts silently. Examples are a
 * duplicate section or key, and a command that a comment cuts short. */
#ifndef STORE_SETTINGS_LINES_H
#define STORE_SETTINGS_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct settings_lines;
struct settings_lines *settings_lines_create(void);
void settings_lines_destroy(struct settings_lines *);

/* Checks a line exactly as written in the file. number counts from 1. False and one sentence in why
 * if the line is wrong. */
bool settings_lines_see(struct settings_lines *, const char *line, int number, char *why,
                        size_t size);
/* Number of the first line that is neither a section nor a key. 0: none. inih reports nothing else
 * about such lines. */
int settings_lines_wrong(const struct settings_lines *);

#endif
