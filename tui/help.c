/* Help and the menu of all actions. Help lists what the keys do here and now: the tables of keys
 * say what there is, and each key is looked up as if it were pressed. */
#include <stdio.h>
#include <string.h>

#include "backends/store/doc.h"
#include "tui/console_internal.h"
#include "tui/fold.h"

static void help_action(struct console *c, struct doc *doc, const struct action *a, bool always)
{
	char keys[ACTION_KEYS_SIZE], shown[ACTION_KEYS_SIZE];
	const struct panel *panel = action_panel(c, a);
	/* Writes the keys of the action that start it now. */
	char all[ACTION_KEYS_SIZE], *rest = action_keys(a, all), *name;
	struct key key;
	size_t len = 0;
	keys[0] = '\0';
	while ((name = strsep(&rest, " ")))
		if (key_parse(name, &key) && console_find(c, &key) == a)
			len += (size_t)snprintf(keys + len, ACTION_KEYS_SIZE - len, "%s%s",
			                        len ? " " : "", name);
	key_brackets(keys, shown, sizeof(shown));
	if (!action_exists(c, a) || (!*keys && !always))
		return;
	if (panel)
		doc_pair(doc, DOC_PLAIN, shown, "%s: %s", a->verb, panel->title);
	else
		doc_pair(doc, DOC_PLAIN, shown, "%s: %s", a->verb, a->help);
}

static void help_context(struct console *c, struct doc *doc, enum action_context context)
{
	const struct action *table;
	doc_head(doc, context_of(context)->title);
	for (size_t i = 0; (table = context_table(context, i)); i++)
		for (const struct action *a = table; a->name; a++)
			help_action(c, doc, a, false);
}

static void help_console(struct console *c, struct doc *doc, const struct row *r, unsigned of_row,
                         const char *title)
{
	const struct action *table;
	doc_head(doc, title);
	for (size_t i = 0; (table = console_table(i)); i++)
		for (const struct action *a = table; a->name; a++)
			if ((a->flags & CONSOLE_ROW) == of_row && !action_lacks_panel(c, a) &&
			    action_applies(c, a, r))
				help_action(c, doc, a, false);
}

void console_help(struct console *c)
{
	struct doc doc;
	const struct row *r = console_row(c);
	char title[160];
	doc_init(&doc);
	if (c->settings->read_only)
		doc_add(&doc, DOC_WARN,
		        "Read-only: whatever changes a server or types into it is refused.");
	if (c->view) { /* help for the current view comes first */
		help_context(c, &doc, c->view->log ? CONTEXT_LOG : CONTEXT_DETAILS);
		if (c->view->log)
			commands_help_log(&doc);
		help_context(c, &doc, CONTEXT_TEXT);
	}
	if (r) {
		/* The actions of the row's kind that apply now. Over a view only those with a key:
		 * the others are in the menu. */
		const struct action *now[MENU_MAX];
		size_t n = actions_of(r, now, MENU_MAX);
		snprintf(title, sizeof(title), "What can be done with this %s now", r->kind->name);
		if (n)
			doc_head(&doc, title);
		for (size_t i = 0; i < n; i++)
			help_action(c, &doc, now[i], !c->view);
		help_console(c, &doc, r, CONSOLE_ROW, "On the row under the cursor");
	}
	if (!c->view)
		help_context(c, &doc, CONTEXT_TABLE);
	help_console(c, &doc, r, 0, context_of(CONTEXT_CONSOLE)->title);
	if (r && !c->view)
		keymap_help(&doc, CONTEXT_SHELL, CONTEXT_SHELL);
	snprintf(title, sizeof(title), "Help: %s",
	         c->view ? c->view->title : pane_focused(c)->panel->name);
	c->dialog = dialog_text(title, &doc, NULL, NULL);
	console_redraw(c);
}

void console_help_line(struct console *c)
{
	struct doc doc;
	doc_init(&doc);
	keymap_help(&doc, CONTEXT_LINE, CONTEXT_LINE);
	c->dialog = dialog_text("Help: a line", &doc, NULL, NULL);
	console_redraw(c);
}

/* --- the menu ------------------------------------------------------------ */

static void help_menu_chosen(const struct dialog_result *result, void *arg)
{
	struct console *c = arg;
	console_redraw(c);
	if (result->choice >= 0 && (size_t)result->choice < c->n_menu)
		action_begin(c, c->menu[result->choice]);
}

void console_menu(struct console *c)
{
	struct dialog_item items[MENU_MAX] = { 0 };
	char names[MENU_MAX][KEY_NAME_SIZE];
	struct row *r = console_row(c);
	c->n_menu = actions_now(c, c->menu, MENU_MAX);
	for (size_t i = 0; i < c->n_menu; i++)
		items[i] = (struct dialog_item){ .key = action_key(c->menu[i], names[i]),
			                         .label = c->menu[i]->verb,
			                         .help = c->menu[i]->help };
	char title[320];
	/* Says what the actions work on: "2 marked: web, db", or the row under the cursor. */
	size_t size = sizeof(title);
	struct row *rows[ROWS_MAX];
	const struct pane *p = pane_focused(c);
	bool marked = !c->view && p->table && table_marks(p->table, NULL, 0);
	size_t n = marked ? console_rows(c, rows, ROWS_MAX) : 0;
	size_t len = (size_t)snprintf(title, size, "%zu marked", n);
	for (size_t i = 0; i < n && len < size; i++)
		len += (size_t)snprintf(title + len, size - len, "%s%s", i ? ", " : ": ",
		                        rows[i]->name);
	const struct row *head = marked || r ? NULL : fold_at(c);
	if (head)
		snprintf(title, size, "%s: %zu rows", head->name,
		         fold_rows(c, head, rows, ROWS_MAX));
	else if (!marked && r && r->kind != &kind_server)
		snprintf(title, size, "%s on %s", r->name, r->server->name);
	else if (!marked)
		snprintf(title, size, "%s", r ? r->name : "mocr");
	c->dialog = dialog_menu(title, items, c->n_menu, help_menu_chosen, c);
	console_redraw(c);
}
