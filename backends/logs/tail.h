/* tail.h: follow the output of a command on a server: a journal, the kernel's messages, a file.
 * After a reconnect the follower continues after the last line it delivered. The journal's cursor
 * or the file's offset ensures that no line is doubled or missing. */
#ifndef LOGS_TAIL_H
#define LOGS_TAIL_H

#include <stdbool.h>

#include "backends/store/log.h"
#include "backends/store/store.h"

enum tail_what { TAIL_UNIT, TAIL_JOURNAL, TAIL_KERNEL, TAIL_FILE };
struct tail_spec {
	enum tail_what what;
	const char *name; /* unit or path; borrowed during the call */
	bool user;        /* the user's own journal */
};

/* Follows one unit, journal or file. Units of one server that join one log in the same turn share
 * one command, because sshd limits the number of sessions (MaxSessions). NULL and err: logs of this
 * server cannot be followed. */
struct follow *tail_follow(struct server *, const struct tail_spec *, const char *source_name,
                           struct log *, struct err *);

/* A backend without rows. It tells tails when their link comes up or goes down. */
extern const struct backend backend_logs;

#endif
