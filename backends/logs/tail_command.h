/* tail_command.h: the command lines of tails. Pure. */
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
	unsigned lines;     /* how many at first */
	int64_t since_us;   /* from then on instead; 0: by lines */
	const char *cursor; /* journal: behind it; "" none */
	const char *first;  /* journal: older than that cursor; NULL or "" none */
	/* file: put before its path; only tail's own words have it so */
	const char *mark;
	/* file: go on there, or what is older ends there; inode 0: it begins */
	uint64_t inode, offset;
	/* older ones from then to then, instead of by first; 0: by that */
	int64_t reach_us, before_us;
};
/* The caller frees. NULL: there is no such command for this kind. */
char *tail_follow_command(const struct tail_query *);
char *tail_inode_command(const char *path); /* prints the file's inode and size */

/* What tail says about the file it follows stands among the lines of the file, where it happened. A
 * path that is written in a way nobody can guess tells its words from the file's. */
#define TAIL_MARK_SIZE 160
void tail_mark(char *mark,
               uint64_t random); /* "/.//./", which changes nothing in front of a path */
enum tail_word { TAIL_LINE, TAIL_REPLACED, TAIL_EMPTIED, TAIL_GONE, TAIL_OTHER };
/* What a line is; *before: how much of it still is of the file (a last line without an end). */
enum tail_word tail_word(const char *line, size_t len, const char *mark, size_t *before);
char *tail_older_command(const struct tail_query *); /* of a journal the newest comes first */
char *tail_previous_command(const struct tail_query *);

/* A file's follower begins with the line "=mocr INODE OFFSET STATE ZONE SIZE SECONDS TAIL"; STATE
 * is begin, again or rotated, ZONE is +0200, SECONDS when it was written last, TAIL speaks or
 * silent: BusyBox does not say that a file was emptied, BSD says nothing. What
 * tail_previous_command prints of each unit, boot or file begins with "=mocr SECONDS NAME": when
 * its present run began (0: that is not known), whose it is. */
#define TAIL_HEAD "=mocr "

#endif
