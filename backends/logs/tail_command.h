/* tail_command.h: the command lines of tails, by journalctl(1) and tail(1). Pure. */
#ifndef LOGS_TAIL_COMMAND_H
#define LOGS_TAIL_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "backends/logs/tail.h"

#define TAIL_NAMES_MAX 64
struct tail_query {
	enum tail_what what;
	bool user;
	const char *const *names; /* units, or one path */
	size_t n_names;
	unsigned lines;     /* number of lines at first */
	int64_t since_us;   /* start at this time instead; 0: start by lines */
	const char *cursor; /* journal: start after this cursor; "" none */
	const char *first;  /* journal: only lines older than this cursor; NULL or "" none */
	/* file: put before the path, so that only tail's own messages contain it */
	const char *mark;
	/* file: continue here, or end of the older lines; inode 0: the start */
	uint64_t inode, offset;
	/* older lines between these two times instead of by first; 0: by first */
	int64_t reach_us, before_us;
};
/* The caller frees. NULL: this kind has no such command. */
char *tail_follow_command(const struct tail_query *);
char *tail_inode_command(const char *path); /* prints the file's inode and size */

/* tail writes messages about its file among the lines of the file, at the place of the event. A
 * random spelling of the path distinguishes these messages from lines of the file. */
#define TAIL_MARK_SIZE 160
/* Writes "/.//./" and the like, which do not change a path behind them. */
void tail_mark(char *mark, uint64_t random);
enum tail_word { TAIL_LINE, TAIL_REPLACED, TAIL_EMPTIED, TAIL_GONE, TAIL_OTHER };
/* Classifies a line. *before gets the number of bytes at its start that still belong to the file (a
 * last line without a newline). */
enum tail_word tail_word(const char *line, size_t len, const char *mark, size_t *before);
char *tail_older_command(const struct tail_query *); /* for a journal the newest line comes first */
char *tail_previous_command(const struct tail_query *);

/* A file's follower first prints the line "=mocr INODE OFFSET STATE ZONE SIZE SECONDS TAIL". STATE
 * is begin, again or rotated. ZONE is +0200. SECONDS is the time of the last write. TAIL is speaks
 * or silent: BusyBox does not report a truncated file, BSD reports nothing.
 *
 * tail_previous_command prints "=mocr SECONDS NAME" before the lines of each unit, boot or file.
 * SECONDS is the start of its present run (0: unknown). NAME is the unit, or "boot" or "file". */
#define TAIL_HEAD "=mocr "

#endif
