/* journal.h: what a site must remember over the end of mocr: files of the state folder with one
 * line for one thing, "SITE TAB word TAB word...". All sites of a platform share a file; each reads
 * and changes its own lines only. A replay reads and writes none. */
#ifndef APPS_JOURNAL_H
#define APPS_JOURNAL_H

#include <stdbool.h>

#include "backends/base/buf.h"

struct site;

#define JOURNAL_WORDS 5
#define JOURNAL_SIZE 256
struct journal_line {
	char word[JOURNAL_WORDS]
		 [JOURNAL_SIZE]; /* behind the site's name, washed; "" where none stands */
};

/* Calls line for each line of the site, oldest first. */
void journal_read(const struct site *, const char *file,
                  void (*line)(const struct journal_line *, void *), void *arg);
/* Adds one line; its words hold no tab and no newline. It is on the disk when this returns. False:
 * it waits in memory; the operator is told once. */
bool journal_add(const struct site *, const char *file, const struct journal_line *);
/* Puts n lines in the place of all lines of the site, at once. False: the old ones stay, the
 * operator is told. */
bool journal_replace(const struct site *, const char *file, const struct journal_line *, size_t n);

#endif
