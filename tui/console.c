/* The console's life. It takes the terminal and handles keys, signals and changes of the store. It
 * draws at the end of a turn of the loop when something on the screen may have changed.
 *
 * There are two reasons to draw. Something happened (the store's hook, a key, a log line), or a
 * text on the screen depends on the clock. Each frame finds the time of the next such change and
 * sets one timer. When nothing on the screen has an age, there is no timer. */
#include "backends/store/activity.h"
#include "backends/servers/server.h"
#include "tui/console.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/doc.h"
#include "tui/attach.h"
#include "tui/beside.h"
#include "tui/console_internal.h"
#include "tui/editor.h"
#include "tui/hosts.h"
#include "tui/jump.h"
#include "tui/look.h"
#include "tui/mouse.h"
#include "tui/notices.h"
#include "tui/peek.h"
#include "tui/remember.h"
#include "tui/theme.h"
#include "tui/undo.h"

#define FRAME_MS 50          /* faster changes share a frame; keys are drawn at once */
#define FRAME_NUMBERS_MS 250 /* the same when only figures (CPU, latency) changed */
#define HISTORY_LINES 500
#define CALM_MS 3000           /* after a link came or went, ms */
#define DIALOGS_IN_A_ROW 8     /* dialogs that open each other while the console ends */
#define EXIT_LOST_TERMINAL 129 /* 128 + SIGHUP, as shells report it */

void console_redraw_for(struct console *c, enum redraw reason)
{
	if (reason > c->redraw)
		c->redraw = reason;
}

void console_redraw(struct console *c)
{
	console_redraw_for(c, REDRAW_URGENT);
}

void console_quit(struct console *c, int code)
{
	c->exit_code = code;
	c->running = false;
	loop_stop(c->loop, code);
}

void console_flash(struct console *c, enum tone tone, const char *fmt, ...)
{
	char text[FLASH_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	wash(c->flash, sizeof(c->flash), text, strlen(text));
	c->flash_tone = tone;
	c->flash_since_ms = now_wall_ms();
	c->flash_until_ms = now_wall_ms() +
	                    (tone == TONE_BAD || tone == TONE_WARN || tone == TONE_ASKS
	                             ? FLASH_BAD_MS
	                             : FLASH_MS);
	console_redraw(c);
}

/* then: what follows from the complaints. */
static void console_list_complaints(struct console *c, const char *then,
                                    const struct doc *complaints)
{
	struct doc copy;
	doc_init(&copy);
	doc_add(&copy, DOC_PLAIN, "%s", then);
	for (size_t i = 0; i < complaints->n; i++)
		doc_add(&copy, DOC_WARN, "%s", complaints->lines[i].text);
	dialog_cancel(c->dialog);
	c->dialog = dialog_text("The configuration has mistakes", &copy, NULL, NULL);
	console_redraw(c);
}

void console_complaints(struct console *c, const struct doc *complaints)
{
	if (complaints->n == 1)
		console_flash(c, TONE_WARN, "%s", complaints->lines[0].text);
	if (complaints->n > 1)
		console_list_complaints(c, "What was understood is used; the rest is ignored.",
		                        complaints);
}

void console_keeps_settings(struct console *c, const char *why, const struct doc *complaints)
{
	console_flash(c, TONE_BAD, "%s", why);
	if (complaints->n > 1)
		console_list_complaints(c, "Nothing is changed: the previous configuration stays.",
		                        complaints);
}

void console_check_theme(struct settings *s, struct doc *complaints)
{
	struct theme t;
	char why[256] = "";
	if (theme_load(&t, s->theme, why, sizeof(why)))
		return;
	doc_add(complaints, DOC_WARN, "%s: theme: %s", s->file ? s->file : "configuration", why);
	xreplace(&s->theme, "default");
}

/* --- keys ---------------------------------------------------------------- */

const struct action *console_find(struct console *c, const struct key *key)
{
	if (c->view)
		return view_find(c, key);
	const struct row *r = console_row(c);
	const struct action *a = binding_user(CONTEXT_TABLE, key, r);
	if (!a)
		a = binding_find(c, key, r);
	return a ? a : keymap_find(table_actions, key);
}

void console_key(struct console *c, const struct key *key)
{
	console_redraw(c);
	if (key->code == K_HANGUP) {
		console_quit(c, EXIT_LOST_TERMINAL);
		return;
	}
	if (key->code == K_MOUSE) {
		mouse_take(c, &key->mouse);
		return;
	}
	if (c->dialog) {
		struct dialog *d = c->dialog;
		if (dialog_key(d, key)) {
			c->dialog = NULL; /* the called function may open another dialog */
			dialog_finish(d);
		}
		return;
	}
	if ((c->line || view_typing(c)) && keymap_is(line_actions, key, "line-help")) {
		console_help_line(c);
		return;
	}
	if (c->line) {
		line_key(c, key);
		return;
	}
	if (now_wall_ms() >
	    c->flash_since_ms + (c->flash_tone == TONE_BAD ? 2 * FLASH_READ_MS : FLASH_READ_MS))
		c->flash[0] = '\0';
	if (c->view) {
		view_key(c, key);
		return;
	}
	const struct action *a = console_find(c, key);
	if (a && a->context == CONTEXT_TABLE)
		pane_key(c, key);
	else if (a)
		action_begin(c, a);
}

static void console_read_keys(void *arg)
{
	struct console *c = arg;
	struct key key;
	undo_note(c); /* where the first of the keys finds the user */
	while (c->running && !attach_current() && keys_read(c->keys, &key)) {
		console_key(c, &key);
		undo_note(c);
	}
	if (c->running && !attach_current()) {
		/* A short wait separates a lone Esc from the start of a sequence. */
		loop_timer_set(c->esc_timer, keys_wait_ms(c->keys));
	}
}

static void console_on_tty(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	(void)io;
	(void)fd;
	(void)revents;
	console_read_keys(arg);
}

bool console_listening(struct console *c, bool on)
{
	bool was = c->tty != NULL;
	if (on && !c->tty)
		c->tty = loop_io_add(c->loop, STDIN_FILENO, POLLIN, console_on_tty, c);
	if (!on && c->tty) {
		loop_io_remove(c->tty);
		c->tty = NULL;
		loop_timer_set(c->esc_timer, -1);
	}
	return was;
}

void console_suspend(struct console *c)
{
	canvas_job_stop();
	keys_flush(c->keys);
	canvas_resized();
	console_redraw(c);
}

/* --- drawing ------------------------------------------------------------- */

static void console_draw_now(struct console *c)
{
	/* a frame that cannot be written is drawn once the terminal takes bytes again */
	console_redraw_for(c, REDRAW_CHANGE);
	if (canvas_waiting())
		return;
	c->redraw = REDRAW_NONE;
	c->news_drawn = store_news(c->store);
	c->drawn_ms = loop_now(c->loop);
	console_draw(c);
	int64_t wait = c->next_change_ms ? c->next_change_ms - now_wall_ms() : -1;
	int64_t due_ms;
	if (c->next_change_ms) {
		if (wait > 1)
			due_ms = wait;
		else
			due_ms = 1;
	} else
		due_ms = -1;
	loop_timer_set(c->redraw_timer, due_ms);
}

/* The terminal takes bytes again. The next frame includes everything that it missed. */
static void console_can_write(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	canvas_send();
}

static void console_on_turn(void *arg)
{
	struct console *c = arg;
	bool lent = attach_current() || c->editor;
	loop_io_set(c->screen, canvas_waiting() ? POLLOUT : 0);
	/* While another program has the terminal, nobody sees a row. So no figure of a row is asked
	 * for, until the next frame shows rows again. */
	if (lent) {
		store_shown_begin(c->store);
		store_shown_end(c->store);
	}
	if (!c->redraw || !c->running || lent || canvas_waiting())
		return;
	int64_t old = loop_now(c->loop) - c->drawn_ms;
	if (c->redraw < REDRAW_URGENT && old < FRAME_MS)
		loop_timer_set(c->redraw_timer, FRAME_MS - old);
	else if (c->redraw < REDRAW_LOG && old < FRAME_NUMBERS_MS &&
	         store_news(c->store) == c->news_drawn)
		loop_timer_set(c->redraw_timer, FRAME_NUMBERS_MS - old);
	else
		console_draw_now(c);
	loop_io_set(c->screen, canvas_waiting() ? POLLOUT : 0);
}

static void console_on_redraw(struct loop_timer *timer, void *arg)
{
	struct console *c = arg;
	(void)timer;
	console_redraw_for(c, REDRAW_CHANGE); /* drawn at the end of this turn */
}

static void console_reread(void *arg)
{
	command_run(arg, "reload");
}

/* An order wrote it: rows may go with a reload, so the order ends first. */
static void console_on_configured(void *arg)
{
	struct console *c = arg;
	loop_defer_cancel(c->loop, console_reread, c);
	loop_defer(c->loop, console_reread, c);
}

/* Log-ins use much memory that is not needed until the next one. */
static void console_on_calm(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	mem_give_back();
}

static void console_on_store(void *arg)
{
	struct console *c = arg;
	console_redraw_for(c, REDRAW_CHANGE);
	if (c->wide_heard != store_wide_generation(c->store)) {
		c->wide_heard = store_wide_generation(c->store);
		size_t up = 0;
		for (const struct server *s = store_servers(c->store); s; s = s->next)
			up += s->link && s->link->state == LINK_UP;
		if (up != c->links_up)
			loop_timer_set(c->calm_timer, CALM_MS);
		c->links_up = up;
		asks_check(c);
	}
	notices_store_changed(c);
	panels_changed(c);
	hosts_changed(c);
}

/* --- signals ------------------------------------------------------------- */

static void console_on_signal(int signo, void *arg)
{
	struct console *c = arg;
	if (signo == SIGWINCH) {
		if (!attach_current() && !c->editor)
			canvas_resized();
		shells_resized(c);
		console_redraw(c);
	} else if (signo != SIGINT || !c->editor) { /* a Ctrl-C in the editor is the editor's */
		console_quit(c, 128 + signo);
	}
}

/* --- life ---------------------------------------------------------------- */

struct console *console_create(struct store *store, const struct settings *settings, char *why,
                               size_t size)
{
	if (!canvas_start(settings->theme, settings->screen.ascii, why, size))
		return NULL;
	crash_install(MOCR_VERSION);
	struct console *c = xcalloc(1, sizeof(*c));
	c->store = store;
	c->settings = settings_keep(settings);
	c->given = settings;
	c->loop = store_loop(store);
	c->keys = keys_create(STDIN_FILENO);
	c->screen = loop_io_add(c->loop, STDOUT_FILENO, 0, console_can_write, c);
	c->redraw_timer = loop_timer_add(c->loop, -1, console_on_redraw, c);
	c->esc_timer = loop_timer_call(c->loop, -1, console_read_keys, c);
	c->calm_timer = loop_timer_add(c->loop, -1, console_on_calm, c);
	c->history = history_create(HISTORY_LINES);
	if (c->settings->state_dir) {
		c->history_file = xasprintf("%s/history", c->settings->state_dir);
		history_load(c->history, c->history_file);
	}
	panes_init(c);
	look_load(c);
	mouse_use(c, c->settings->screen.mouse);
	keymap_load(c->settings);
	static const int signals[] = { SIGWINCH, SIGTERM, SIGHUP, SIGINT };
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		c->signals[i] = loop_signal_add(c->loop, signals[i], console_on_signal, c);
	console_listening(c, true);
	store_set_hooks(store, &(struct store_hooks){ .changed = console_on_store,
	                                              .arg = c,
	                                              .gone = panes_row_gone,
	                                              .configured = console_on_configured });
	loop_after_turn(c->loop, console_on_turn, c);
	notices_start(c);
	return c;
}

void console_remember(struct console *c)
{
	remember_start(c);
}

void console_offer_hosts(struct console *c)
{
	hosts_first(c);
}

int console_run(struct console *c)
{
	c->running = true;
	asks_check(c);
	console_draw_now(c);
	loop_io_set(c->screen, canvas_waiting() ? POLLOUT : 0);
	crash_prepare();
	loop_run(c->loop);
	return c->exit_code;
}

void console_destroy(struct console *c)
{
	if (!c)
		return;
	remember_save(c);
	store_set_hooks(c->store, &(struct store_hooks){ 0 });
	loop_defer_cancel(c->loop, console_reread, c);
	notices_stop(c);
	editor_cancel(c);
	/* Reports "given up" to the owner of each open dialog. Typed text goes into the activity.
	 * It would be lost otherwise, because a broken login ends the console too. */
	for (int i = 0; c->dialog && i < DIALOGS_IN_A_ROW; i++) {
		struct dialog *d = c->dialog;
		const char *typed = dialog_typed(d);
		c->dialog = NULL;
		char *what = xasprintf("mocr ended before this was sent (%.160s)", dialog_title(d));
		if (*typed)
			draft_note(c, NULL, what, typed);
		free(what);
		dialog_finish(d); /* the called function may open another dialog */
	}
	dialog_cancel(c->dialog);
	c->dialog = NULL;
	orders_forget(c);
	drafts_finish(c);
	shells_finish(c);
	while (c->view)
		view_close(c);
	lineedit_destroy(c->line);
	free(c->theme);
	peek_destroy(c->peek);
	struct err err;
	if (c->history_file && !history_save(c->history, c->history_file, &err))
		activity_add(c->store, ACTIVITY_NOTE, HEALTH_ATTENTION, NULL,
		             "%s; what was typed here is lost", err.text);
	jump_finish(c);
	hosts_finish(c);
	undo_finish(c);
	history_destroy(c->history);
	free(c->history_file);
	intent_free(&c->intent);
	beside_finish(c);
	look_finish(c);
	panes_finish(c);
	remember_finish(c);
	console_listening(c, false);
	for (size_t i = 0; i < ARRAY_LEN(c->signals); i++)
		if (c->signals[i])
			loop_signal_remove(c->signals[i]);
	loop_io_remove(c->screen);
	loop_timer_remove(c->redraw_timer);
	loop_timer_remove(c->esc_timer);
	loop_timer_remove(c->calm_timer);
	keys_destroy(c->keys);
	canvas_stop();
	keymap_load(NULL);
	settings_destroy(c->settings);
	free(c);
}
