/* script.h: what the server's sh is told, on its standard input, so that no value is seen in a list
 * of processes.
 *
 * On the server a run is a folder $XDG_STATE_HOME/mocr/runs/ID (or /tmp/mocr-UID/ID), mode 0700:
 *   meta     one line: start TAB ID TAB name=... TAB by=... TAB started=... TAB ...
 *   exports  its variables     command  what is run       log  what it printed, byte for byte
 *   pid      who runs it       end  one line: end TAB ID TAB code=... TAB ended=... TAB size=...
 * TAB after=... and the file "events" beside them has the lines of all meta and end files as they
 * came, which consoles follow. */
#ifndef DEPLOY_SCRIPT_H
#define DEPLOY_SCRIPT_H

#include <stdint.h>

#include "backends/base/buf.h"

struct start_words {
	const char *id, *name, *what, *by, *args;
	const char *of;                /* the run whose values it takes; NULL: exports */
	const char *directory;         /* NULL: home */
	const char *exports, *command; /* lines for sh */
	/* the same for secret variables, which reach the run by a pipe; NULL */
	const char *secrets;
	const char *more; /* of meta: "\tname=value..."; NULL */
	bool lock;
};
/* Answers on stdout "started TAB how" or on stderr "=STEP words"; exit 75: another one runs. */
void script_start(struct buf *, const struct start_words *);
/* Every run that is known, then "listed", then each event as it comes; ends with its standard
 * input. */
void script_watch(struct buf *);
/* The output of id from offset on, as bytes; ends by itself a moment after the run, or with its
 * standard input. */
void script_follow(struct buf *, const char *id, int64_t offset);
/* TERM to all of its processes, KILL after wait_s. */
void script_cancel(struct buf *, const char *id, const char *by, int wait_s);

#endif
