/* spawn.h: starts programs on this machine: commands and terminals of the local link, ssh's
 * helpers, the user's editor, tmux.
 *
 * All child processes start here. A child gets its standard streams and no other descriptor of
 * ours, no blocked signals and no signal handlers. */
#ifndef LINK_SPAWN_H
#define LINK_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "backends/base/err.h"

struct endpoint;

/* A running program in its own session and process group. The descriptors belong to the caller,
 * non-blocking and close-on-exec. On a terminal in and out are the same, and err is -1. */
struct spawned {
	pid_t pid;
	int in, out, err;
};

/* Starts an ENDPOINT_EXEC by /bin/sh -c with pipes, or an ENDPOINT_TERMINAL (NULL command: the
 * login shell) on a new terminal. The command of an ENDPOINT_EXEC gets HUP when the calling thread
 * ends. */
bool spawn_endpoint(const struct endpoint *, struct spawned *, struct err *);

/* Starts argv (found in PATH) with these standard streams; -1 is /dev/null. The caller keeps the
 * descriptors. Returns the pid, or -1 with errno when the fork failed. A program that cannot be
 * executed ends with code 127. */
pid_t spawn_argv(const char *const *argv, int in, int out, int err);

/* Starts argv on our own terminal, in our session and process group, like a shell's foreground job.
 * Otherwise like spawn_argv. */
pid_t spawn_foreground(const char *const *argv);

#endif
