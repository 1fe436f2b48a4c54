/* aside.c: see aside.h. */
#include "tui/aside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/store/need.h"

#define HOUR_MS 3600000

bool aside_applies(const struct row *r)
{
	return r->need == NEED_STANDS || r->need == NEED_QUIET;
}

/* Calls change for the rows. Flashes the result. */
static void aside_change(struct console *c, struct row **rows, size_t n,
                         bool (*change)(struct row *, const void *arg, struct err *),
                         const void *arg)
{
	char words[80] = "back in the queue";
	struct err err = { 0 };
	size_t changed = 0;
	for (size_t i = 0; i < n; i++)
		changed += aside_applies(rows[i]) && change(rows[i], arg, &err);
	if (changed)
		need_keep(c->store, &err);
	for (size_t i = 0; i < n; i++)
		if (need_says(rows[i], words, sizeof(words)))
			break;
	if (err.code)
		console_flash(c, TONE_WARN, "%s", err.text);
	else if (changed == 1)
		console_flash(c, TONE_GOOD, "%s: %s", rows[0]->name, words);
	else if (changed)
		console_flash(c, TONE_GOOD, "%zu things: %s", changed, words);
	if (pane_focused(c)->table)
		table_marks_clear(pane_focused(c)->table);
	console_redraw(c);
}

/* --- acknowledge --------------------------------------------------------- */

static bool aside_wake(struct row *r, const void *arg, struct err *err)
{
	(void)arg;
	return need_wake(r, err);
}

static bool aside_quiet(struct row *r, const void *arg, struct err *err)
{
	enum quiet_how how = *(const enum quiet_how *)arg;
	return need_quiet(r, how, now_wall_ms() + HOUR_MS, err);
}

void aside_acknowledge(struct console *c)
{
	struct row *rows[ROWS_MAX];
	size_t n = console_rows(c, rows, ROWS_MAX);
	enum quiet_how how = QUIET_ACKNOWLEDGED;
	if (n && rows[0]->need == NEED_QUIET)
		aside_change(c, rows, n, aside_wake, NULL);
	else
		aside_change(c, rows, n, aside_quiet, &how);
}

/* The rows may be freed while a box about them is open: their ids are kept. */
static void aside_keep_rows(struct console *c, struct row *const *rows, size_t n)
{
	intent_free(&c->intent);
	c->intent.ids = xcalloc(n + 1, sizeof(*c->intent.ids));
	for (size_t i = 0; i < n; i++)
		c->intent.ids[c->intent.n++] = xstrdup(rows[i]->id);
}

/* Finds the kept rows that still exist, and forgets their ids. Returns how many. */
static size_t aside_take_rows(struct console *c, struct row *rows[ROWS_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < c->intent.n && n < ROWS_MAX; i++)
		if ((rows[n] = store_find(c->store, c->intent.ids[i])))
			n++;
	intent_free(&c->intent);
	console_redraw(c);
	return n;
}

static void aside_acknowledged(const struct dialog_result *result, void *arg)
{
	struct console *c = arg;
	struct row *rows[ROWS_MAX];
	enum quiet_how how = QUIET_ACKNOWLEDGED;
	size_t n = aside_take_rows(c, rows);
	if (result->choice == 1 && n)
		aside_change(c, rows, n, aside_quiet, &how);
	else if (result->choice == 1)
		console_flash(c, TONE_WARN, "acknowledge: the rows are gone");
}

void aside_ask(struct console *c, const char *head)
{
	const struct table *t = pane_focused(c)->table;
	struct row *rows[ROWS_MAX];
	size_t n = console_rows(c, rows, ROWS_MAX), stand = 0;
	bool marked = t && table_marks(t, NULL, 0);
	char title[160];
	for (size_t i = 0; i < n; i++)
		if (rows[i]->need == NEED_STANDS)
			rows[stand++] = rows[i];
	if (marked && n == 1)
		snprintf(title, sizeof(title), "Acknowledge the marked row?");
	else if (marked)
		snprintf(title, sizeof(title), "Acknowledge what needs you of the %zu marked rows?",
		         n);
	else
		snprintf(title, sizeof(title), "Acknowledge what needs you under %.80s?", head);
	if (!stand) {
		console_flash(c, TONE_PLAIN, "acknowledge: nothing needs you among %s",
		              marked ? "the marked rows" : head);
		return;
	}
	aside_keep_rows(c, rows, stand);
	struct confirm_spec spec = { .title = title, .yes = "Acknowledge" };
	c->dialog = dialog_confirm(&spec, aside_acknowledged, c);
	console_redraw(c);
}

/* --- snooze -------------------------------------------------------------- */

static void aside_chosen(const struct dialog_result *result, void *arg)
{
	static const enum quiet_how hows[] = {
		QUIET_UNTIL,
		QUIET_MORNING,
		QUIET_CLEARED,
		QUIET_ACKNOWLEDGED,
	};
	struct console *c = arg;
	struct row *rows[ROWS_MAX];
	size_t n = aside_take_rows(c, rows);
	if (result->choice >= 0 && (size_t)result->choice < ARRAY_LEN(hows))
		aside_change(c, rows, n, aside_quiet, &hows[result->choice]);
	else if (result->choice >= 0)
		aside_change(c, rows, n, aside_wake, NULL);
}

void aside_snooze(struct console *c)
{
	struct row *rows[ROWS_MAX];
	size_t n = console_rows(c, rows, ROWS_MAX);
	struct quiet morning = { .how = QUIET_MORNING };
	int64_t now = now_wall_ms();
	char words[80], title[160];
	morning.until_ms = quiet_morning_ms(now);
	quiet_say(&morning, now, words, sizeof(words));
	const struct dialog_item items[] = {
		{ .key = "1", .label = "1 hour" },
		{ .key = "t", .label = words + strlen("snoozed ") },
		{ .key = "c", .label = "until it clears" },
		{ .key = "a", .label = "acknowledge", .help = "until it changes" },
		{ .key = "b",
		  .label = "back in the queue",
		  .disabled = !n || rows[0]->need != NEED_QUIET },
	};
	if (!n)
		return;
	aside_keep_rows(c, rows, n);
	if (n == 1)
		snprintf(title, sizeof(title), "Snooze %.120s", rows[0]->name);
	else
		snprintf(title, sizeof(title), "Snooze %zu things", n);
	c->dialog = dialog_menu(title, items, ARRAY_LEN(items), aside_chosen, c);
	console_redraw(c);
}

/* --- the queue ----------------------------------------------------------- */

void aside_go_to(struct console *c, const struct row *r, const char *which)
{
	const char *name = r->kind == &kind_server ? "" : r->name;
	const char *why = r->why ? r->why : "";
	snprintf(c->needs_at, sizeof(c->needs_at), "%s", r->id);
	console_goto(c, c->needs_at);
	const char *colon = *why ? ": " : "";
	console_flash(c, TONE_PLAIN, "%s: %s%s%s%s%s", which, r->server->name, *name ? " " : "",
	              name, colon, why);
}

void aside_go_to_longest(struct console *c)
{
	char age[HUMAN_SIZE] = "?";
	const struct row *r = need_longest(c->store);
	if (!r) {
		console_flash(c, TONE_GOOD, "Nothing needs you.");
		return;
	}
	int64_t ms = now_wall_ms() - r->health_ms;
	if (r->health_ms > 0)
		human_span(age, ms > 0 ? ms : 0);
	char which[HUMAN_SIZE + 32];
	snprintf(which, sizeof(which), "waits longest, %s", age);
	aside_go_to(c, r, which);
}

void aside_toggle(struct console *c, struct pane *p)
{
	p->aside = !p->aside;
	p->state = ROWS_DIRTY;
	if (p->aside && !needs_aside(c->store, NULL))
		console_flash(c, TONE_PLAIN, "Nothing is acknowledged or snoozed.");
	console_redraw(c);
}

void aside_say(const struct console *c, const struct server *only, char *buf, size_t size)
{
	size_t n = needs_aside(c->store, only);
	if (n == 1)
		snprintf(buf, size, "1 thing is set aside: [!] shows it.");
	else if (n)
		snprintf(buf, size, "%zu are set aside: [!] shows them.", n);
	else
		snprintf(buf, size, "%s", "");
}
