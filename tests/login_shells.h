/* login_shells.h: the real shells that a server's login may have, started as sshd starts them:
 * SHELL -c COMMAND. */
#ifndef TESTS_LOGIN_SHELLS_H
#define TESTS_LOGIN_SHELLS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/base/buf.h"

struct login_shell {
	const char *name, *path; /* name: of the link to BusyBox, too */
	/* reads quote_word's words by itself, newlines too: all but csh */
	bool posix_words;
};

static const struct login_shell login_shells[] = {
	{ "dash", "/bin/dash", true },     { "bash", "/bin/bash", true },
	{ "ash", "/bin/busybox", true },   { "zsh", "/bin/zsh", true },
	{ "fish", "/usr/bin/fish", true }, { "tcsh", "/bin/tcsh", false },
	{ "csh", "/bin/bsd-csh", false },
};
#define LOGIN_SHELLS (sizeof(login_shells) / sizeof(login_shells[0]))

/* One that runs; out gets what it says on its standard output, err what it says on the other (NULL:
 * goes to ours). */
struct shell_run {
	pid_t pid;
	int fd[2];
	struct buf *out[2];
};

static inline bool shell_there(const struct login_shell *s)
{
	return access(s->path, X_OK) == 0;
}

/* home: whose start-up files it reads. */
static inline void shell_start(struct shell_run *r, const struct login_shell *s, const char *home,
                               const char *command, struct buf *out, struct buf *err)
{
	char *argv[] = { (char *)s->name, (char *)"-c", (char *)command, NULL }, in_home[4096];
	char *env[] = { in_home,
		        (char *)"PATH=/usr/bin:/bin",
		        (char *)"LC_ALL=C.UTF-8",
		        (char *)"SSH_CLIENT=127.0.0.1 1 22",
		        (char *)"SHLVL=0",
		        NULL };
	int pipes[2][2];
	posix_spawn_file_actions_t files;
	snprintf(in_home, sizeof(in_home), "HOME=%s", home);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	*r = (struct shell_run){ .fd = { -1, -1 }, .out = { out, err } };
	for (int i = 0; i < 2; i++) {
		if (!r->out[i])
			continue;
		if (pipe2(pipes[i], O_CLOEXEC) < 0)
			abort();
		posix_spawn_file_actions_adddup2(&files, pipes[i][1], i + 1);
		r->fd[i] = pipes[i][0];
	}
	if (posix_spawn(&r->pid, s->path, &files, NULL, argv, env) != 0)
		r->pid = -1;
	posix_spawn_file_actions_destroy(&files);
	for (int i = 0; i < 2; i++)
		if (r->out[i])
			close(pipes[i][1]);
}

/* Reads it to its end. Its exit code; -1: it did not start, or a signal ended it. */
static inline int shell_end(struct shell_run *r)
{
	char bytes[65536];
	while (r->fd[0] >= 0 || r->fd[1] >= 0) {
		struct pollfd p[2] = { { .fd = r->fd[0], .events = POLLIN },
			               { .fd = r->fd[1], .events = POLLIN } };
		int ready = poll(p, 2, 60000);
		if (ready < 0 && errno == EINTR) /* the fuzzer's own alarm */
			continue;
		if (ready <= 0)
			abort();
		for (int i = 0; i < 2; i++) {
			ssize_t n = p[i].revents ? read(r->fd[i], bytes, sizeof(bytes)) : -1;
			if (n > 0)
				buf_add(r->out[i], bytes, (size_t)n);
			if (n == 0) {
				close(r->fd[i]);
				r->fd[i] = -1;
			}
		}
	}
	int status = 0;
	pid_t ended = r->pid < 0 ? -1 : waitpid(r->pid, &status, 0);
	while (ended < 0 && r->pid >= 0 && errno == EINTR)
		ended = waitpid(r->pid, &status, 0);
	if (ended < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
