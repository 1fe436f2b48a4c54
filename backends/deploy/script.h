/* script.h: builds the scripts for the server's sh. They go to its standard input, so that no value
 * appears in a list of processes.
 *
 * On the server, a run is a folder $XDG_STATE_HOME/mocr/runs/ID (or /tmp/mocr-UID/ID), mode 0700:
 *   meta     one line: start TAB ID TAB name=... TAB by=... TAB started=... TAB ...
 *   exports  the variables of the run, as lines for sh
 *   command  the command, as lines for sh
 *   log      the output of the command, byte for byte
 *   pid      the pid of the runner and the boot id of the server
 *   end      one line: end TAB ID TAB code=... TAB ended=... TAB size=... TAB after=... TAB ...
 * The file "events" beside the folders collects the lines of all meta and end files, in order of
 * arrival. Consoles follow that file. */
#ifndef DEPLOY_SCRIPT_H
#define DEPLOY_SCRIPT_H

#include <stdint.h>

#include "backends/base/buf.h"

struct start_words {
	const char *id, *name, *what, *by, *args;
	/* the run with the values to use again; NULL: exports has the values */
	const char *of;
	const char *directory;         /* NULL: the home folder */
	const char *exports, *command; /* lines for sh */
	/* like exports, for secret variables; they reach the run through a pipe; NULL */
	const char *secrets;
	const char *more; /* further fields of meta: "\tname=value..."; NULL */
	bool lock;
};
/* Starts a run. Prints "started TAB how" on stdout, or "=STEP words" on stderr. Exit code 75:
 * another run holds the lock. */
void script_start(struct buf *, const struct start_words *);
/* Prints every known run, then "listed", then each event as it happens. Ends with its standard
 * input. */
void script_watch(struct buf *);
/* Prints the output of run id from byte offset on. Ends a moment after the run, or with its
 * standard input. */
void script_follow(struct buf *, const char *id, int64_t offset);
/* Sends TERM to all processes of the run, and KILL after wait_s seconds. */
void script_cancel(struct buf *, const char *id, const char *by, int wait_s);

#endif
