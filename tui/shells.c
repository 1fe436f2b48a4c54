/* Lends the terminal to a shell, and returns to shells left running. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/mem.h"
#include "backends/base/tmux.h"
#include "backends/base/wash.h"
#include "tui/attach.h"
#include "tui/console_internal.h"

static size_t shell_index_of(const struct console *c, const struct attach *a)
{
	size_t i = 0;
	while (i < c->n_shells && c->shells[i] != a)
		i++;
	return i;
}

static void shell_drop(struct console *c, size_t i)
{
	struct attach *a = c->shells[i];
	attach_destroy(a);
	free(c->shell_ids[i]);
	for (size_t k = 0; k < SHELLS_MAX; k++)
		if (c->shells_listed[k] == a)
			c->shells_listed[k] = NULL;
	c->n_shells--;
	memmove(&c->shells[i], &c->shells[i + 1], (c->n_shells - i) * sizeof(c->shells[0]));
	memmove(&c->shell_ids[i], &c->shell_ids[i + 1],
	        (c->n_shells - i) * sizeof(c->shell_ids[0]));
	console_redraw(c);
}

static void shell_enter(struct console *c, struct attach *a)
{
	console_listening(c, false);
	attach_enter(a);
	if (attach_current())
		return;
	console_listening(c, true);
	console_flash(c, TONE_BAD,
	              "%s: the terminal could not be lent to it; it keeps running; [W] lists it",
	              attach_title(a));
}

/* Called after shell-leave. The shell may have ended while the question was open. Then the choice
 * must not apply to another shell. */
static void shell_left_chosen(const struct dialog_result *result, void *arg)
{
	struct console *c = arg;
	struct attach *a = c->shells_listed[0];
	char shell[KEY_NAME_SIZE], list[KEY_NAME_SIZE];
	console_redraw(c);
	if (!a)
		return;
	if (result->choice == LEFT_CLOSE)
		shell_drop(c, shell_index_of(c, a));
	else if (result->choice == LEFT_BACK || result->choice == LEFT_SEND_KEY)
		shell_enter(c, a);
	else
		console_flash(c, TONE_PLAIN, "%s keeps running; %s on its row or %s goes back",
		              attach_title(a), keymap_key(console_actions, "row-shell", shell),
		              keymap_key(console_actions, "shells-list", list));
	if (result->choice == LEFT_SEND_KEY)
		attach_send_leave_key(a);
}

/* Moves the shell just used to the end of the list. */
static void shell_make_last(struct console *c, size_t i)
{
	struct attach *a = c->shells[i];
	char *id = c->shell_ids[i];
	memmove(&c->shells[i], &c->shells[i + 1], (c->n_shells - i - 1) * sizeof(c->shells[0]));
	memmove(&c->shell_ids[i], &c->shell_ids[i + 1],
	        (c->n_shells - i - 1) * sizeof(c->shell_ids[0]));
	c->shells[c->n_shells - 1] = a;
	c->shell_ids[c->n_shells - 1] = id;
}

static void shell_left(struct attach *a, enum attach_how how, void *arg)
{
	struct console *c = arg;
	size_t i = shell_index_of(c, a);
	if (!attach_current())
		console_listening(c, true);
	console_redraw(c);
	if (i == c->n_shells)
		return;
	if (how == ATTACH_ENDED) {
		if (c->dialog && c->dialog == c->shell_choice && c->shells_listed[0] == a) {
			dialog_cancel(c->dialog); /* no shell left to choose for */
			c->dialog = NULL;
		}
		/* After a failure its last line often says why. */
		const struct stream_end *end = attach_end(a);
		char last[160] = "";
		attach_last_line(a, last, sizeof(last));
		const char *colon = last[0] ? ": " : "";
		if (end && end->err.code != ERR_NONE)
			console_flash(c, TONE_BAD, "%s: %s", attach_title(a), end->err.text);
		else if (end && end->signal[0])
			console_flash(c, TONE_WARN, "%s: ended by signal %s%s%s", attach_title(a),
			              end->signal, colon, last);
		else if (end && end->exit_code > 0)
			console_flash(c, TONE_PLAIN, "%s: ended with code %d%s%s", attach_title(a),
			              end->exit_code, colon, last);
		else
			console_flash(c, TONE_PLAIN, "%s: ended", attach_title(a));
		shell_drop(c, i);
		return;
	}
	shell_make_last(c, i);
	dialog_cancel(c->dialog);
	if (c->asked) /* announce an ask again that arrived meanwhile */
		c->asked = c->announced_ask = NULL;
	c->shells_listed[0] = a;
	c->dialog = c->shell_choice = attach_choice(a, shell_left_chosen, c);
}

/* Keys typed into a shell can change anything. So --read-only refuses every way to open a shell. */
static bool shell_refused(struct console *c, const struct row *r)
{
	if (c->settings->read_only)
		console_flash(c, TONE_WARN, "%s: not opened, mocr was started read-only", r->id);
	return c->settings->read_only;
}

void shell_open(struct console *c, struct row *r)
{
	char title[256];
	struct err err = { 0 };
	struct canvas screen = canvas_screen();
	if (shell_refused(c, r))
		return;
	for (size_t i = 0; i < c->n_shells; i++) /* one that was kept for the row */
		if (!strcmp(c->shell_ids[i], r->id) && attach_running(c->shells[i])) {
			shell_make_last(c, i);
			shell_enter(c, c->shells[c->n_shells - 1]);
			return;
		}
	if (c->n_shells == SHELLS_MAX) {
		console_flash(c, TONE_WARN,
		              "%d shells are kept already; [W] lists them, close one first",
		              SHELLS_MAX);
		return;
	}
	if (r->kind == &kind_server)
		snprintf(title, sizeof(title), "%s: shell", r->name);
	else
		snprintf(title, sizeof(title), r->kind->attaches ? "%s/%s" : "%s/%s: shell",
		         r->server->name, r->name);
	struct attach *a = attach_create(c->loop, c->keys, title, shell_left, c);
	struct stream *s = r->kind->shell(r, attach_term(), screen.width, screen.height,
	                                  &attach_events, a, &err);
	if (!s) {
		attach_destroy(a);
		console_flash(c, TONE_BAD, "%s: %s", title, err.text);
		return;
	}
	attach_set_stream(a, s);
	c->shells[c->n_shells] = a;
	c->shell_ids[c->n_shells++] = xstrdup(r->id);
	shell_enter(c, a);
}

#define WINDOW_WORDS 12

void shell_open_window(struct console *c, struct row *r)
{
	char self[4096], shown[64];
	if (shell_refused(c, r))
		return;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return;
	self[n] = '\0';
	cells_cut(shown, sizeof(shown), r->name, 40, CUT_END, "");
	for (char *s = shown; *s; s++) /* tmux would read "#[...]" in its status line as colours */
		*s = *s == '#' ? '_' : *s;
	/* Switches to the window that is already open for the row, if any. A tmux option of the
	 * window (@mocr_row) holds the row's id. */
	static const char script[] =
		"w=$(tmux list-windows -a -F \"#{window_id} #{@mocr_row}\" | while read -r w id; "
		"do if [ \"$id\" = \"$1\" ]; then echo $w; break; fi; done); "
		"if [ -n \"$w\" ]; then tmux select-window -t \"$w\" && tmux switch-client -t "
		"\"$w\"; exit; fi; id=$2 name=$3; shift 3; "
		"w=$(tmux new-window -P -F \"#{window_id}\" -n \"$name\" -- \"$@\") && tmux "
		"set-option -w -t \"$w\" @mocr_row \"$id\"";
	char *id = tmux_word(r->id), *name = tmux_name(shown), *words[WINDOW_WORDS];
	/* The command after tmux's new-window: mocr itself with the options of our own command
	 * line. It opens its own connection. tmux parses every word first. */
	const struct settings *given = store_settings(c->store);
	size_t n_words = 0;
	words[n_words++] = tmux_word(self);
	if (given->file) {
		words[n_words++] = xstrdup("--config");
		words[n_words++] = tmux_word(given->file);
	}
	if (given->ssh_config) {
		words[n_words++] = xstrdup("-F");
		words[n_words++] = tmux_word(given->ssh_config);
	}
	words[n_words++] = xstrdup(r->kind->attaches ? "attach" : "shell");
	words[n_words++] = tmux_word(r->id);
	const char *argv[8 + WINDOW_WORDS] = { "sh", "-c", script, "sh", r->id, id, name };
	memcpy(argv + 7, words, n_words * sizeof(*words));
	if (spawn_quiet(c, argv))
		console_flash(c, TONE_GOOD, "%s has a tmux window of its own: %s", r->id, shown);
	else
		console_flash(c, TONE_BAD, "tmux could not be started to open a window");
	for (size_t i = 0; i < n_words; i++)
		free(words[i]);
	free(name);
	free(id);
}

static void shell_chosen(const struct dialog_result *result, void *arg)
{
	struct console *c = arg;
	struct attach *a = result->choice >= 0 && result->choice < SHELLS_MAX
	                           ? c->shells_listed[result->choice]
	                           : NULL;
	console_redraw(c);
	if (!a)
		return;
	shell_make_last(c, shell_index_of(c, a));
	shell_enter(c, a);
}

void shells_menu(struct console *c)
{
	struct dialog_item items[SHELLS_MAX] = { 0 };
	for (size_t i = 0; i < c->n_shells; i++) {
		items[i].label = attach_title(c->shells[i]);
		c->shells_listed[i] = c->shells[i];
	}
	if (!c->n_shells) {
		char key[KEY_NAME_SIZE], leave[KEY_NAME_SIZE];
		console_flash(c, TONE_PLAIN,
		              "No shell is kept running; %s opens one, [%s] in it can keep it.",
		              keymap_key(console_actions, "row-shell", key),
		              attach_leave_key(leave));
		return;
	}
	c->dialog = dialog_menu("Shells kept running", items, c->n_shells, shell_chosen, c);
	console_redraw(c);
}

void shells_resized(struct console *c)
{
	for (size_t i = 0; i < c->n_shells; i++)
		attach_resized(c->shells[i]);
}

void shells_finish(struct console *c)
{
	while (c->n_shells)
		shell_drop(c, c->n_shells - 1);
}
