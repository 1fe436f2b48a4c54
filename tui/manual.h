/* manual.h: generates tables of the man pages from the tables that the program itself uses. */
#ifndef TUI_MANUAL_H
#define TUI_MANUAL_H

#include <stdbool.h>
#include <stdio.h>

struct option_row {
	int letter; /* below 256: also the short option */
	const char *name, *argument, *help;
};
extern const struct option_row option_rows[]; /* defined in main.c; ends at .name == NULL */

/* Writes the table called name as mdoc: "options", "keys", "actions", "tones", "panels",
 * "contexts" (the keys of all but the console), or a
 * section of the configuration. manual.c lists all names. False: no such table. */
bool manual_dump(const char *name, FILE *);

#endif
