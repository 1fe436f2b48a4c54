/* manual.h: tables for the man pages, made from the tables that the program itself reads. */
#ifndef TUI_MANUAL_H
#define TUI_MANUAL_H

#include <stdbool.h>
#include <stdio.h>

struct option_row {
	int letter; /* under 256: a short option too */
	const char *name, *argument, *help;
};
extern const struct option_row option_rows[]; /* main.c; ends at .name == NULL */

/* Writes the table called name ("options", "keys", "actions", "settings", "themes") as mdoc; false:
 * there is none. */
bool manual_dump(const char *name, FILE *);

#endif
