/* The user's editor gets the terminal as a shell would give it. The loop keeps running and learns
 * only of the editor's end. The editor stays in our process group. So its Ctrl-Z stops both, and fg
 * resumes both. */
#include "tui/editor.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/base/mem.h"
#include "backends/link/loop.h"
#include "backends/link/spawn.h"
#include "backends/store/activity.h"
#include "tui/console_internal.h"

struct editor {
	struct console *console;
	char *file, *given; /* owned: the edited file, the initial text */
	pid_t pid;
	struct loop_child *child;
	editor_fn *done;
	void *arg;
};

static char *editor_read_text(const char *file)
{
	char *text = xcalloc(1, EDITOR_TEXT_MAX + 2);
	FILE *f = fopen(file, "re");
	size_t n = f ? fread(text, 1, EDITOR_TEXT_MAX + 1, f) : 0;
	if (f)
		fclose(f);
	/* check the size before trailing blanks are cut: the file may be longer */
	bool fits = n <= EDITOR_TEXT_MAX;
	while (n && strchr("\r\n \t", text[n - 1]))
		n--;
	text[n] = '\0';
	if (f && fits)
		return text;
	free(text);
	return NULL;
}

static void editor_release(struct editor *e)
{
	free(e->file);
	free(e->given);
	free(e);
}

/* An empty or unchanged text is not worth keeping. */
static bool editor_has_work(const struct editor *e)
{
	char *text = editor_read_text(e->file);
	bool work = !text || (*text && strcmp(text, e->given) != 0);
	free(text);
	return work && access(e->file, R_OK) == 0;
}

static void editor_on_end(struct loop_child *child, pid_t pid, int status, void *arg)
{
	struct editor *e = arg;
	struct console *c = e->console;
	bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	char *text = good ? editor_read_text(e->file) : NULL, *why = NULL;
	const char *said;
	if (!good)
		said = "the editor did not end well";
	else if (!text)
		said = "what it saved is over 256 kB, or could not be read";
	else if (!*text)
		said = "nothing was written";
	else
		said = NULL;
	(void)pid;
	loop_child_remove(child);
	if (said && editor_has_work(e)) {
		why = xasprintf("%s; it is kept in %s", said, e->file);
		activity_add(c->store, ACTIVITY_NOTE, HEALTH_ATTENTION, NULL,
		             "nothing was sent: %s", why);
	} else {
		unlink(e->file);
	}
	if (said && !why)
		why = xstrdup(said);
	c->editor = NULL;
	canvas_resume();
	console_listening(c, true);
	canvas_resized();
	console_redraw(c);
	e->done(why ? NULL : text, why, e->arg);
	free(text);
	free(why);
	editor_release(e);
}

void editor_open(struct console *c, const char *text, editor_fn *done, void *arg)
{
	char *file = c->editor ? NULL : draft_file(c->settings, text);
	if (!file) {
		done(NULL,
		     c->editor ? "an editor is open already"
		               : "no folder takes a file for the editor: neither the state folder "
		                 "nor $TMPDIR nor /tmp",
		     arg);
		return;
	}
	struct editor *e = xcalloc(1, sizeof(*e));
	*e = (struct editor){ .console = c,
		              .file = file,
		              .given = xstrdup(text ? text : ""),
		              .done = done,
		              .arg = arg };
	console_listening(c, false);
	canvas_suspend();
	static const char script[] = "exec ${VISUAL:-${EDITOR:-vi}} \"$1\"";
	const char *argv[] = { "sh", "-c", script, "sh", e->file, NULL };
	e->pid = spawn_foreground(argv);
	if (e->pid <= 0) {
		canvas_resume();
		console_listening(c, true);
		done(NULL, "the editor could not be started", arg);
		unlink(e->file);
		editor_release(e);
		return;
	}
	c->editor = e;
	e->child = loop_child_add(c->loop, e->pid, editor_on_end, e);
}

void editor_cancel(struct console *c)
{
	struct editor *e = c->editor;
	if (!e)
		return;
	kill(e->pid, SIGTERM);
	loop_child_remove(e->child);
	c->editor = NULL;
	activity_add(c->store, ACTIVITY_NOTE, HEALTH_ATTENTION, NULL,
	             "mocr ended while the editor was open; what it saved is in %s", e->file);
	e->done(NULL, "mocr ended", e->arg);
	editor_release(e);
}
