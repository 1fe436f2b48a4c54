/* Copying by OSC 52, which reaches the clipboard of the terminal the user sits at, through SSH and
 * all. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backends/base/base64.h"
#include "backends/base/buf.h"
#include "backends/link/loop.h"
#include "backends/link/spawn.h"
#include "tui/console_internal.h"

#define CLIPBOARD_MAX 74994 /* bytes; what xterm takes at most, in base64 100 kB */

/* What it writes is dropped: the screen is ours. in: its standard input; -1: none. */
static bool spawn_with(struct console *c, const char *const *argv, int in)
{
	pid_t pid = spawn_argv(argv, in, -1, -1);
	if (pid > 0)
		/* reaped, not waited for */
		loop_child_remove(loop_child_add(c->loop, pid, NULL, NULL));
	return pid > 0;
}

bool spawn_quiet(struct console *c, const char *const *argv)
{
	return spawn_with(c, argv, -1);
}

/* By a file in memory: what is copied may be a value that was masked, and words of a command line
 * are seen by all. */
static void clipboard_tmux_buffer(struct console *c, const char *text, size_t len)
{
	const char *const argv[] = { "tmux", "load-buffer", "-w", "-", NULL };
	int fd = memfd_create("mocr-copy", MFD_CLOEXEC);
	if (fd >= 0 && write(fd, text, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0)
		spawn_with(c, argv, fd);
	if (fd >= 0)
		close(fd);
}

/* tmux takes OSC 52 from programs only when set-clipboard is "on": its own buffer is filled as
 * well, and with -w it passes the text on to the terminal. */
void clipboard_copy(struct console *c, const char *text)
{
	size_t len = strlen(text);
	len = len > CLIPBOARD_MAX ? CLIPBOARD_MAX : len;
	struct buf out;
	buf_init(&out, 2 * CLIPBOARD_MAX);
	buf_puts(&out, "\033]52;c;");
	char *code = base64_encode(text, len);
	buf_puts(&out, code);
	free(code);
	buf_puts(&out, "\a");
	canvas_write_raw(out.data, out.len);
	buf_finish(&out);
	if (getenv("TMUX"))
		clipboard_tmux_buffer(c, text, len);
}
