/* spawn.h: starting programs of this machine: commands and terminals of the local link, ssh's
 * helpers, the user's editor, tmux. The only way to a child: it has its standard streams and no
 * other descriptor of ours, no blocked signal and no handler. */
#ifndef LINK_SPAWN_H
#define LINK_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "backends/base/err.h"

struct endpoint;

/* A program that runs, in a session (and process group) of its own. The descriptors are the
 * caller's, non-blocking and close-on-exec. On a terminal in and out are the same and err is -1. */
struct spawned {
	pid_t pid;
	int in, out, err;
};

/* Starts a ROAD_EXEC by /bin/sh -c with pipes, or a ROAD_TERMINAL (NULL command: the login shell)
 * on a terminal of its own. Goes down with the thread that called it. */
bool spawn_endpoint(const struct endpoint *, struct spawned *, struct err *);

/* Starts argv (found in PATH) with these as its standard streams; -1 is /dev/null. They stay the
 * caller's. 0 on success of the fork: a program that cannot be run ends with code 127. Returns the
 * pid, or -1 with errno. */
pid_t spawn_argv(const char *const *argv, int in, int out, int err);

/* Starts argv on our own terminal, in our session and process group, as a shell starts its
 * foreground. Else as spawn_argv. */
pid_t spawn_foreground(const char *const *argv);

#endif
