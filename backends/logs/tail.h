/* tail.h: following what a command on a server prints: a journal, the kernel's messages, a file. It
 * goes on after a loss of the link behind the last line it told, by the journal's cursor or the
 * file's offset, so that nothing is doubled or missing. */
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

/* Units of one server that are followed into one log in the same turn share one command: sshd
 * allows few at once. */
struct follow *tail_follow(struct server *, const struct tail_spec *, const char *source_name,
                           struct log *, struct err *);

/* The backend without rows that tells tails when their link comes and goes. */
extern const struct backend backend_logs;

#endif
