/* From a key to an order: collects rows and an argument, confirms, starts the order, and shows the
 * result.
 *
 * Rows may be freed while a box is open. So an intent keeps ids, and looks them up when it is
 * carried out. */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/link/ask.h"
#include "backends/link/link.h"
#include "backends/store/doc.h"
#include "tui/console_internal.h"
#include "tui/fold.h"
#include "tui/tint.h"

#define LISTED_MAX 12 /* rows listed in the confirmation */

/* --- the intent ---------------------------------------------------------- */

void intent_free(struct intent *in)
{
	for (size_t i = 0; i < in->n; i++)
		free(in->ids[i]);
	free(in->ids);
	free(in->argument);
	free(in->commands);
	*in = (struct intent){ 0 };
}

/* --- carrying it out ----------------------------------------------------- */

static void orders_over(struct order *order, void *arg)
{
	struct console *c = arg;
	struct row *r = order_row(order);
	const char *name = r ? r->name : order->id;
	assert(order->state != ORDER_RUNNING);
	for (size_t i = 0; i < c->n_orders; i++)
		if (c->orders[i] == order)
			c->orders[i] = c->orders[--c->n_orders];
	struct intent words = {
		.action = order->action, .ids = &order->id, .n = 1, .argument = order->argument
	};
	if (order->state != ORDER_DONE)
		draft_keep(c, &words, 0,
		           order->state == ORDER_FAILED ? "it failed; what was written"
		                                        : "it was cancelled; what was written");
	if (order->state == ORDER_FAILED)
		console_flash(c, TONE_BAD, "%s %s: %s", order->action->verb, name, order->err.text);
	else if (order->state == ORDER_DONE)
		console_flash(c, TONE_GOOD, "%s %s: %s", order->action->verb, name,
		              order->output[0] ? order->output : "done");
	else
		console_flash(c, TONE_WARN, "%s %s: cancelled", order->action->verb, name);
}

/* Shows a result in a box and copies it. It is stored nowhere else. If a box is already open, it is
 * only copied. */
static void order_shows(struct order *order, const char *what, const char *text, void *arg)
{
	struct console *c = arg;
	struct doc doc;
	clipboard_copy(c, text);
	console_flash(c, TONE_GOOD, "copied: %s", what);
	if (c->dialog)
		return;
	doc_init(&doc);
	doc_add(&doc, DOC_PLAIN, "%s", text);
	doc_add(&doc, DOC_DIM, "It is in your clipboard now (OSC 52) and is written nowhere.");
	c->dialog = dialog_text(what, &doc, NULL, NULL);
	console_redraw(c);
}

/* An order may end before order_start returns. */
static void order_watch(struct console *c, struct order *order)
{
	if (order->state != ORDER_RUNNING) {
		orders_over(order, c);
		return;
	}
	c->orders = xrealloc(c->orders, (c->n_orders + 1) * sizeof(*c->orders));
	c->orders[c->n_orders++] = order;
	order->done = orders_over;
	order->show = order_shows;
	order->done_arg = c;
}

void orders_forget(struct console *c)
{
	for (size_t i = 0; i < c->n_orders; i++) {
		struct order *o = c->orders[i];
		draft_keep(c,
		           &(struct intent){ .action = o->action,
		                             .ids = &o->id,
		                             .n = 1,
		                             .argument = o->argument },
		           0,
		           "mocr ended while it was on its way, whether it arrived is not known; "
		           "what was written");
		o->done = NULL;
		o->show = NULL;
	}
	free(c->orders);
	c->orders = NULL;
	c->n_orders = 0;
}

/* Is what the user confirmed for row i still what would be done? False and err: no. */
static bool order_as_shown(const struct intent *in, size_t i, const struct row *r, struct err *err)
{
	char command[512];
	const char *shown = in->commands;
	if (!(in->action->flags & ACTION_AS_SHOWN) || !shown)
		return true;
	while (i-- && *shown)
		shown += strcspn(shown, "\n") + 1;
	size_t n = strcspn(shown, "\n");
	action_command(in->action, r, command, sizeof(command));
	return (strlen(command) == n && !strncmp(command, shown, n)) ||
	       err_set(err, ERR_USAGE,
	               "%s changed while it was asked for; look at it and ask again", r->name);
}

static void order_carry_out(struct console *c)
{
	struct intent in = c->intent;
	/* an order that ends at once may flash and start a further order */
	c->intent = (struct intent){ 0 };
	size_t started = 0;
	for (size_t i = 0; i < in.n; i++) {
		struct err err = { 0 };
		struct row *r = store_find(c->store, in.ids[i]);
		bool same = r && order_as_shown(&in, i, r, &err);
		struct order *order = same ? order_start(r, in.action, in.argument, &err) : NULL;
		const char *why = r ? err.text : "it is no longer there";
		if (order) {
			draft_sent(c, in.action, in.ids[i], in.argument);
			order_watch(c, order);
			started++;
		} else {
			char *unsent = xasprintf("not sent, %s", why);
			draft_keep(c, &in, i, unsent);
			free(unsent);
			console_flash(c, TONE_BAD, "%s: %s", in.ids[i], why);
		}
	}
	if (started && pane_focused(c)->table)
		table_marks_clear(pane_focused(c)->table);
	intent_free(&in);
	console_redraw(c);
}

static void order_confirmed(const struct dialog_result *result, void *arg)
{
	struct console *c = arg;
	if (result->choice == 1)
		order_carry_out(c);
	else {
		/* Gives up the intent and keeps its text as a draft. why: the reason; NULL: the
		 * user's decision. */
		for (size_t i = 0; i < c->intent.n; i++)
			draft_keep(c, &c->intent, i,
			           c->running ? NULL
			                      : "not sent, mocr ended before it was confirmed");
		intent_free(&c->intent);
	}
	console_redraw(c);
}

/* --- asking -------------------------------------------------------------- */

static void order_describe(struct console *c, struct row **rows, size_t n, struct buf *detail)
{
	for (size_t i = 0; i < n && i < LISTED_MAX; i++) {
		struct cell cell = { 0 };
		char name[TINT_NAME];
		/* A row's current state in one line: "javisi_n8n  healthy 34h". */
		const struct pane *p = pane_of_kind(c, rows[i]->kind);
		if (!p || !panel_brief(p->panel, rows[i], &cell))
			cell_set(&cell, TONE_PLAIN, "%s", rows[i]->name);
		buf_addf(detail, "%s%s  %s", detail->len ? "\n" : "",
		         tint_name(rows[i]->server, name), cell.text);
	}
	if (n > LISTED_MAX)
		buf_addf(detail, "\nand %zu more", n - LISTED_MAX);
}

/* The first protected server among the rows: the user must type its name. NULL: none. */
static const struct server *order_protected_server(struct row **rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i]->server->protect)
			return rows[i]->server;
	return NULL;
}

/* Keeps the commands as they are shown now. They are washed: no line break stands in one. */
static void order_note_commands(struct console *c, struct row **rows, size_t n)
{
	char one[512];
	struct buf all = { 0 };
	for (size_t i = 0; i < n; i++) {
		one[0] = '\0';
		action_command(c->intent.action, rows[i], one, sizeof(one));
		buf_addf(&all, "%s\n", one);
	}
	free(c->intent.commands);
	c->intent.commands = xstrdup(all.data);
	buf_finish(&all);
}

static void order_confirm(struct console *c, const struct action *a, struct row **rows, size_t n)
{
	const struct server *guarded = order_protected_server(rows, n);
	char command[512] = "", verb[64], title[512], name[TINT_NAME];
	struct buf detail;
	buf_init(&detail, 8192);
	snprintf(verb, sizeof(verb), "%s", a->verb);
	verb[0] = (char)toupper((unsigned char)verb[0]);
	if (n == 1 && rows[0]->kind == &kind_server)
		snprintf(title, sizeof(title), "%s %s?", verb, tint_name(rows[0]->server, name));
	else if (n == 1)
		snprintf(title, sizeof(title), "%s %s on %s?", verb, rows[0]->name,
		         tint_name(rows[0]->server, name));
	else
		snprintf(title, sizeof(title), "%s these %zu %s?", verb, n, rows[0]->kind->plural);
	order_note_commands(c, rows, n);
	action_command(a, rows[0], command, sizeof(command));
	size_t used = strlen(command);
	if (used && n > 1)
		snprintf(command + used, sizeof(command) - used, "   and %zu more", n - 1);
	order_describe(c, rows, n, &detail);
	enum tone tint = TONE_PLAIN; /* of the first tinted server among the rows */
	for (size_t i = 0; i < n && !tint; i++)
		tint = tint_of(rows[i]->server);
	if (c->intent.argument && *c->intent.argument)
		buf_addf(&detail, "\nwith %s", c->intent.argument);
	struct confirm_spec spec = {
		.title = title,
		.command = command[0] ? command : NULL,
		.detail = detail.data,
		.yes = verb,
		.type_name = guarded ? guarded->name : NULL,
		.danger = a->flags & ACTION_DANGER,
		.tint = tint,
	};
	c->dialog = dialog_confirm(&spec, order_confirmed, c);
	buf_finish(&detail);
	console_redraw(c);
}

static void order_argument_chosen(const struct dialog_result *result, void *arg)
{
	struct console *c = arg;
	const struct action *a = c->intent.action;
	const struct action_choices *choices = a ? a->choices : NULL;
	if (!choices || result->choice < 0 || result->choice >= ACTION_CHOICES_MAX) {
		intent_free(&c->intent);
		console_redraw(c);
		return;
	}
	struct row *rows[ROWS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < c->intent.n && n < ROWS_MAX; i++) {
		struct err err = { 0 };
		rows[n] = store_find(c->store, c->intent.ids[i]);
		if (!rows[n])
			continue;
		if (!order_as_shown(&c->intent, i, rows[n], &err)) {
			console_flash(c, TONE_BAD, "%s", err.text);
			n = 0;
			break;
		}
		n++;
	}
	if (n)
		order_begin_rows(c, a, rows, n, choices->list[result->choice].word);
	else
		intent_free(&c->intent);
	console_redraw(c);
}

/* Asks for one of the choices. Where no confirmation follows, the box itself shows all that is
 * decided, and Enter alone decides nothing. */
static void order_ask_choice(struct console *c, const struct action *a, struct row **rows, size_t n)
{
	struct dialog_item items[ACTION_CHOICES_MAX] = { 0 };
	const struct action_choice *one = a->choices->list;
	bool decides = !(a->flags & (ACTION_CONFIRM | ACTION_DANGER));
	size_t n_items = 0;
	struct buf text = { 0 };
	char name[TINT_NAME];
	for (; n_items < ACTION_CHOICES_MAX && one->word; one++)
		items[n_items++] = (struct dialog_item){ .key = one->key,
			                                 .label = one->word,
			                                 .help = one->help };
	order_note_commands(c, rows, n);
	const char *command = c->intent.commands;
	for (size_t i = 0; decides && i < n; i++) {
		size_t len = strcspn(command, "\n");
		buf_addf(&text, "%son %s: %.*s", i ? "\n" : "", tint_name(rows[i]->server, name),
		         (int)len, command);
		command += len + 1;
	}
	const char *shown = text.len ? text.data : NULL;
	c->dialog = dialog_question(a->choices->title, shown, items, n_items, decides ? -1 : 0,
	                            order_argument_chosen, c);
	buf_finish(&text);
	console_redraw(c);
}

static void order_argument_typed(const struct dialog_result *result, void *arg)
{
	struct console *c = arg;
	struct row *rows[ROWS_MAX];
	size_t n = 0;
	const struct action *a = c->intent.action;
	console_redraw(c);
	for (size_t i = 0; result->choice == 1 && i < c->intent.n && n < ROWS_MAX; i++)
		if ((rows[n] = store_find(c->store, c->intent.ids[i])))
			n++;
	if (n)
		order_begin_rows(c, a, rows, n, result->text);
	else
		intent_free(&c->intent);
}

/* Asks for an argument in a line. The initial text is a suggestion, or the rejected input. */
static void order_ask_argument(struct console *c, const struct action *a, const struct row *row,
                               const char *typed, const struct err *wrong)
{
	char likely[4096] = "", title[160], more[1024] = "";
	if (typed)
		snprintf(likely, sizeof(likely), "%s", typed);
	else if (a->suggest)
		a->suggest(row, likely, sizeof(likely));
	if (a->asks_more)
		a->asks_more(row, more, sizeof(more));
	snprintf(title, sizeof(title), "%s %s", a->verb, row->name);
	struct buf words = { 0 };
	buf_puts(&words, a->asks);
	if (*more)
		buf_addf(&words, "\n%s", more);
	if (wrong)
		buf_addf(&words, "\n\n%s", wrong->text);
	struct lineedit_config line = { .prompt = "> ", .text = likely, .keep_empty = true };
	c->dialog = dialog_prompt(title, words.data, &line, order_argument_typed, c);
	buf_finish(&words);
	console_redraw(c);
}

/* Does the action need an argument for this row? */
static bool asks_first(const struct action *a, const struct row *row)
{
	char more[8] = "?";
	if (a->asks && a->asks_more)
		a->asks_more(row, more, sizeof(more));
	return a->asks && *more;
}

/* Are the rows those under a head? Most of them may be out of sight: every action asks. */
static bool order_is_of_head(struct console *c)
{
	const struct pane *p = pane_focused(c);
	return p->table && !table_marks(p->table, NULL, 0) && fold_at(c);
}

void order_begin_rows(struct console *c, const struct action *a, struct row **rows, size_t n,
                      const char *argument)
{
	struct err err = { 0 };
	assert(n > 0);
	/* a box for the argument may have come between: the cursor may stand elsewhere now */
	bool head = argument ? c->intent.of_head : order_is_of_head(c);
	char *copy = xstrdup(argument); /* argument may belong to the old intent */
	intent_free(&c->intent);
	c->intent.action = a;
	c->intent.of_head = head;
	c->intent.argument = xstrdup(copy);
	c->intent.ids = xcalloc(n, sizeof(*c->intent.ids));
	for (size_t i = 0; i < n; i++)
		c->intent.ids[c->intent.n++] = xstrdup(rows[i]->id);
	free(copy);
	/* The key was pressed with the eyes elsewhere: on several rows, on a marked one, or while a
	 * text is read, where the same letter may be a key of less. Such a change asks first. */
	bool words = argument || a->asks || a->choices;
	bool far = !words && (n > 1 || c->view || rows[0] != console_row(c));
	if (!c->intent.argument && panel_ask(c, a, rows, n)) {
		intent_free(&c->intent);
	} else if (a->choices && !argument) {
		order_ask_choice(c, a, rows, n);
	} else if (!argument && asks_first(a, rows[0])) {
		order_ask_argument(c, a, rows[0], NULL, NULL);
	} else if (argument && !action_fits(a, rows[0], argument, &err)) {
		order_ask_argument(c, a, rows[0], c->intent.argument, &err);
	} else if (head || (a->flags & (ACTION_CONFIRM | ACTION_DANGER)) ||
	           ((a->flags & ACTION_CHANGES) && (order_protected_server(rows, n) || far))) {
		order_confirm(c, a, rows, n);
	} else {
		order_carry_out(c);
	}
}

void order_begin(struct console *c, const struct action *a)
{
	struct row *rows[ROWS_MAX], *first = console_row(c);
	size_t all = a->flags & ACTION_MARKED ? console_rows(c, rows, ROWS_MAX) : 0, n = 0;
	bool marked = all > 1;
	const struct row *head = order_is_of_head(c) ? fold_at(c) : NULL;
	bool gone = (a->flags & ACTION_MARKED) && !all && first;
	if (!all && first && !gone) {
		rows[0] = first;
		all = 1;
	}
	/* skip marked rows that the action does not fit now */
	for (size_t i = 0; i < all; i++)
		if (action_find(rows[i]->kind, a->name) == a && action_applies(c, a, rows[i]))
			rows[n++] = rows[i];
	if (n)
		order_begin_rows(c, a, rows, n, NULL);
	else if (head)
		console_flash(c, TONE_WARN, "%s: not possible for any row under %s as it is now",
		              a->verb, head->name);
	else if (marked)
		console_flash(c, TONE_WARN,
		              "%s: not possible for any of the %zu marked rows as they are now",
		              a->verb, all);
	else if (gone)
		console_flash(c, TONE_WARN, "%s: the marked rows are gone", a->verb);
	else if (first)
		action_say_not_now(c, a, all ? rows[0] : first);
	else
		console_flash(c, TONE_WARN, "%s: there is no row under the cursor", a->verb);
}

/* --- questions of links and backends ------------------------------------- */

static void order_ask_answered(const struct dialog_result *result, void *arg)
{
	struct console *c = arg;
	struct row *r = store_find(c->store, c->asked_id);
	struct ask *ask = r && r->server->asks == c->asked ? c->asked : NULL;
	char key[KEY_NAME_SIZE];
	c->asked = NULL;
	console_redraw(c);
	if (ask && result->choice != DIALOG_GIVEN_UP)
		ask_answer(ask, result->secret, result->keep);
	else
		secret_destroy(result->secret);
	if (ask && result->choice == DIALOG_GIVEN_UP)
		console_flash(c, TONE_PLAIN, "%s keeps waiting; %s answers", r->name,
		              keymap_key(console_actions, "row-answer", key));
}

void console_answer(struct console *c, struct server *s)
{
	if (!s || !s->asks) {
		console_flash(c, TONE_PLAIN, "nothing is asked here");
		return;
	}
	c->asked = c->announced_ask = s->asks;
	snprintf(c->asked_id, sizeof(c->asked_id), "%s", s->row.id);
	c->dialog = dialog_ask(s->asks, order_ask_answered, c);
	console_redraw(c);
}

/* Does an order of the user run on that server? Then the ask is probably part of it, and the user
 * is waiting. */
static bool order_ordered_here(const struct console *c, const struct server *s)
{
	size_t n = strlen(s->name);
	if (s->asks->ordered)
		return true;
	if (s->asks != s->link->ask)
		return false;
	for (size_t i = 0; i < c->n_orders; i++)
		if (!strncmp(c->orders[i]->id, s->name, n) && c->orders[i]->id[n] == '/')
			return true;
	return false;
}

/* Called after every change. Closes the box of a vanished ask, and announces a new ask once. */
void asks_check(struct console *c)
{
	struct row *r = c->asked ? store_find(c->store, c->asked_id) : NULL;
	if (c->asked && (!r || r->server->asks != c->asked)) {
		dialog_cancel(c->dialog);
		c->dialog = NULL;
		c->asked = NULL;
		console_flash(c, TONE_WARN,
		              "the question is void: the connection it was for is gone");
	}
	struct server *s = store_servers(c->store), *other = NULL;
	/* asks of the user's own orders come first */
	while (s && !(s->asks && order_ordered_here(c, s))) {
		other = !other && s->asks ? s : other;
		s = s->next;
	}
	bool ours = s;
	s = s ? s : other;
	if (!s || s->asks == c->announced_ask) {
		c->announced_ask = s ? c->announced_ask : NULL;
		return;
	}
	char key[KEY_NAME_SIZE];
	c->announced_ask = s->asks;
	if (ours && !c->dialog && !c->line)
		console_answer(c, s);
	else
		console_flash(c, TONE_ASKS, "%s asks: %s; %s on its row answers", s->name,
		              ask_words(s, s->asks),
		              keymap_key(console_actions, "row-answer", key));
}
