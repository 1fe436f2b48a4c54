#include "tui/notices.h"

#include <string.h>

#include "backends/base/buf.h"
#include "backends/notify/notify.h"
#include "backends/notify/terminal.h"
#include "tui/aside.h"
#include "tui/attach.h"
#include "tui/console_internal.h"

/* A message must not come between the bytes of another program. */
static bool notices_write(const char *bytes, size_t len, void *arg)
{
	const struct console *c = arg;
	if (attach_current() || c->editor || !canvas_active())
		return false;
	canvas_write_raw(bytes, len);
	return true;
}

static void notices_hide_title(struct console *c)
{
	if (c->title.shown)
		canvas_write_raw(TERMINAL_TITLE_BACK, strlen(TERMINAL_TITLE_BACK));
	c->title.shown = false;
}

/* The button "Show" of a message on the desktop. A box or a line that is open stays, and so does
 * what it is about. */
static void notices_show(char *const *ids, size_t n, void *arg)
{
	struct console *c = arg;
	const struct row *row = store_find(c->store, ids[0]);
	if (c->dialog || c->line || c->editor || attach_current()) {
		console_flash(c, TONE_PLAIN, "Show: close what is open here first.");
		return;
	}
	while (c->view)
		view_close(c);
	if (n > 1) {
		console_enter_server(c, "");
		pane_focus(c, PANE_NEEDS);
		console_flash(c, TONE_PLAIN, "the message was about %zu things", n);
	} else if (row) {
		aside_go_to(c, row, "the message");
	} else {
		console_flash(c, TONE_WARN, "%s is no longer there", ids[0]);
	}
}

void notices_start(struct console *c)
{
	struct notify_hooks hooks = { .terminal = notices_write, .show = notices_show, .arg = c };
	c->notify = notify_start(c->store, &hooks);
}

void notices_store_changed(struct console *c)
{
	notify_look(c->notify);
	/* The title of the window has the count. It is written only when it changed. */
	struct buf out = { 0 };
	size_t asks, needs = store_needs_count(c->store, &asks);
	bool same = c->title.shown && c->title.needs == needs && c->title.asks == asks;
	if (same || !notify_wants_title(c->notify))
		return;
	if (!c->title.shown)
		buf_puts(&out, TERMINAL_TITLE_KEEP);
	terminal_title(needs, asks, &out);
	if (notices_write(out.data, out.len, c)) {
		c->title.shown = true;
		c->title.needs = needs;
		c->title.asks = asks;
	}
	buf_finish(&out);
}

void notices_reload(struct console *c, const struct settings *settings)
{
	notify_reload(c->notify, settings);
	if (!notify_wants_title(c->notify))
		notices_hide_title(c);
}

void notices_stop(struct console *c)
{
	notify_stop(c->notify);
	c->notify = NULL;
	notices_hide_title(c);
}
