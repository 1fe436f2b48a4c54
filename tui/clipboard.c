/* Copies by OSC 52 (xterm's ctlseqs). The sequence reaches the clipboard of the user's own
 * terminal, even through SSH. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backends/base/base64.h"
#include "backends/base/buf.h"
#include "backends/link/loop.h"
#include "backends/link/spawn.h"
#include "tui/console_internal.h"

#define CLIPBOARD_MAX 74994 /* bytes; the most that xterm takes: 100 kB in base64 */

/* Starts a program. Its output is dropped, because the screen is ours. in: its standard input; -1:
 * none. */
static bool clipboard_spawn(struct console *c, const char *const *argv, int in)
{
	pid_t pid = spawn_argv(argv, in, -1, -1);
	if (pid > 0)
		/* the loop reaps it; nobody waits */
		loop_child_remove(loop_child_add(c->loop, pid, NULL, NULL));
	return pid > 0;
}

bool spawn_quiet(struct console *c, const char *const *argv)
{
	return clipboard_spawn(c, argv, -1);
}

/* tmux accepts OSC 52 from programs only with set-clipboard "on". So its buffer is filled too. With
 * -w tmux passes the text on to the terminal. */
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
	if (getenv("TMUX")) {
		/* Passes the text through a memory file. It may be a masked value, and command
		 * lines are visible to all users. */
		const char *const argv[] = { "tmux", "load-buffer", "-w", "-", NULL };
		int fd = memfd_create("mocr-copy", MFD_CLOEXEC);
		if (fd >= 0 && write(fd, text, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0)
			clipboard_spawn(c, argv, fd);
		if (fd >= 0)
			close(fd);
	}
}
