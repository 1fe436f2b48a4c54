/* Copying by OSC 52, which reaches the clipboard of the terminal the user sits at, through SSH and all. */
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/link/loop.h"
#include "tui/console_internal.h"

#define CLIPBOARD_MAX 74994      /* bytes; what xterm takes at most, in base64 100 kB */

extern char **environ;

static void base64(struct buf *out, const char *text, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *s = (const unsigned char *)text;
	for (size_t i = 0; i < len; i += 3) {
		unsigned v = (unsigned)s[i] << 16 | (i + 1 < len ? (unsigned)s[i + 1] << 8 : 0) | (i + 2 < len ? s[i + 2] : 0);
		char four[4] = { digits[v >> 18], digits[v >> 12 & 63], i + 1 < len ? digits[v >> 6 & 63] : '=',
			         i + 2 < len ? digits[v & 63] : '=' };
		buf_add(out, four, sizeof(four));
	}
}

/* The child must not inherit the signals that the loop blocks, nor write onto the screen. in: its standard input; -1: none. */
static bool spawn_with(struct console *c, const char *const *argv, int in)
{
	posix_spawnattr_t attr;
	posix_spawn_file_actions_t files;
	sigset_t none, all;
	pid_t pid;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawn_file_actions_init(&files);
	if (in >= 0)
		posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	else
		posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", 0, 0);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", 1, 0);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", 1, 0);
	int failed = posix_spawnp(&pid, argv[0], &files, &attr, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	if (!failed)
		loop_child_remove(loop_child_add(c->loop, pid, NULL, NULL));     /* reaped, not waited for */
	return !failed;
}

bool spawn_quiet(struct console *c, const char *const *argv)
{
	return spawn_with(c, argv, -1);
}

/* By a file in memory: what is copied may be a value that was masked, and words of a command line are seen by all. */
static void tmux_buffer(struct console *c, const char *text, size_t len)
{
	const char *const argv[] = { "tmux", "load-buffer", "-w", "-", NULL };
	int fd = memfd_create("mocr-copy", MFD_CLOEXEC);
	if (fd >= 0 && write(fd, text, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0)
		spawn_with(c, argv, fd);
	if (fd >= 0)
		close(fd);
}

/* tmux takes OSC 52 from programs only when set-clipboard is "on": its own buffer is filled as well, and with -w it
 * passes the text on to the terminal. */
void clipboard_copy(struct console *c, const char *text)
{
	size_t len = strlen(text);
	len = len > CLIPBOARD_MAX ? CLIPBOARD_MAX : len;
	struct buf out;
	buf_init(&out, 2 * CLIPBOARD_MAX);
	buf_puts(&out, "\033]52;c;");
	base64(&out, text, len);
	buf_puts(&out, "\a");
	canvas_write_raw(out.data, out.len);
	buf_finish(&out);
	if (getenv("TMUX"))
		tmux_buffer(c, text, len);
}
