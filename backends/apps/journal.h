/* journal.h: what a site must remember after mocr ends, in files of the state folder. One line per
 * thing: "SITE TAB word TAB word...". All sites of a platform share a file. Each reads and changes
 * only its own lines. A replay reads and writes nothing. */
#ifndef APPS_JOURNAL_H
#define APPS_JOURNAL_H

#include <stdbool.h>

#include "backends/base/buf.h"

struct site;

#define JOURNAL_WORDS 5
#define JOURNAL_SIZE 256
struct journal_line {
	char word[JOURNAL_WORDS]
		 [JOURNAL_SIZE]; /* the words after the site's name, washed; "" missing */
};

/* Calls line for each line of the site, oldest first. */
void journal_read(const struct site *, const char *file,
                  void (*line)(const struct journal_line *, void *), void *arg);
/* Appends a line. Its words must contain no tab and no newline. True: the line is on the disk.
 * False: the line waits in memory, and an activity note says so once. */
bool journal_add(const struct site *, const char *file, const struct journal_line *);
/* Replaces all lines of the site by these n, atomically. False: the old lines stay, and an activity
 * note says so. */
bool journal_replace(const struct site *, const char *file, const struct journal_line *, size_t n);

#endif
