/* keymap.c: the user's keys, and the keys of the tables. The map is the process's own, as the
 * terminal is: boxes, lines and texts get keys without a console. */
#include "tui/keymap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/store/doc.h"
#include "backends/store/report.h"
#include "backends/store/settings.h"
#include "tui/console_internal.h"
#include "tui/near.h"

#define NAMES_MAX 1024

struct user_key {
	enum action_context context;
	struct key key;
	char *action; /* owned: name of an action, or "none" */
};
static struct {
	struct user_key *list; /* owned */
	size_t n;
} user_keys;

static void keymap_nothing(struct console *c)
{
}
const struct action action_none = {
	.name = "none", .verb = "none", .help = "nothing", .show = keymap_nothing
};

/* --- contexts ------------------------------------------------------------ */

#define TABLES(...) ((const struct action *const[]){ __VA_ARGS__, NULL })
static const struct context contexts[CONTEXT_COUNT] = {
	[CONTEXT_CONSOLE] = { "console", "Everywhere", CONTEXT_CONSOLE, CONTEXT_CONSOLE, 0, NULL },
	[CONTEXT_TABLE] = { "table", "Moving", CONTEXT_CONSOLE, CONTEXT_CONSOLE, 0,
	                    TABLES(table_actions) },
	[CONTEXT_TEXT] = { "text", "Reading", CONTEXT_CONSOLE, CONTEXT_CONSOLE, CONSOLE_PANES,
	                   TABLES(text_actions) },
	[CONTEXT_LOG] = { "log", "In a log", CONTEXT_TEXT, CONTEXT_CONSOLE, CONSOLE_PANES,
	                  TABLES(log_actions, view_log_actions) },
	[CONTEXT_DETAILS] = { "details", "In details", CONTEXT_TEXT, CONTEXT_CONSOLE,
	                      CONSOLE_PANES | CONSOLE_NOT_DETAILS, TABLES(view_detail_actions) },
	[CONTEXT_LINE] = { "line", "In a line that is typed", CONTEXT_LINE, CONTEXT_LINE, 0,
	                   TABLES(line_actions) },
	[CONTEXT_BOX] = { "box", "In a box that asks", CONTEXT_BOX, CONTEXT_BOX, 0,
	                  TABLES(box_actions) },
	[CONTEXT_ASK] = { "ask", "In a box that asks for a password", CONTEXT_LINE, CONTEXT_LINE, 0,
	                  TABLES(ask_actions) },
	[CONTEXT_MENU] = { "menu", "In a menu", CONTEXT_MENU, CONTEXT_MENU, 0,
	                   TABLES(menu_actions) },
	[CONTEXT_READER] = { "reader", "In a box with text", CONTEXT_TEXT, CONTEXT_TEXT, 0,
	                     TABLES(reader_actions) },
	[CONTEXT_SHELL] = { "shell", "In a shell or an attached session", CONTEXT_SHELL,
	                    CONTEXT_SHELL, 0, TABLES(shell_actions) },
};

const struct context *context_of(enum action_context context)
{
	return &contexts[context];
}

const struct action *context_table(enum action_context context, size_t i)
{
	return context == CONTEXT_CONSOLE ? console_table(i) : contexts[context].tables[i];
}

/* The kinds' actions, of which each has tables of its own. */
static const struct action *keymap_kind_action(const char *name)
{
	const struct action *a = action_find(&kind_server, name);
	for (const struct kind *const *k = kinds; *k && !a; k++)
		a = action_find(*k, name);
	return a;
}

static bool keymap_is_named(const struct action *a, const char *name)
{
	return !strcmp(a->name, name) || (a->context == CONTEXT_CONSOLE && !strcmp(a->verb, name));
}

static const struct action *keymap_in_table(const struct action *table, const char *name)
{
	for (const struct action *a = table; a->name; a++)
		if (keymap_is_named(a, name))
			return a;
	return NULL;
}

const struct action *context_action(enum action_context context, const char *name)
{
	const struct action *table, *a = NULL;
	for (size_t i = 0; !a && (table = context_table(context, i)); i++)
		a = keymap_in_table(table, name);
	return a;
}

/* Can a key in this context start an action of the other context? */
static bool keymap_reaches(enum action_context context, enum action_context other)
{
	for (enum action_context at = context; at != other; at = contexts[at].below)
		if (at == contexts[context].lowest)
			return false;
	return true;
}

/* Finds the action in the context and those below it. A row's kind comes before the console. */
static const struct action *keymap_named(enum action_context context, const char *name,
                                         const struct kind *kind)
{
	const struct action *a = NULL;
	if (!strcmp(name, action_none.name))
		return &action_none;
	for (enum action_context at = context; !a; at = contexts[at].below) {
		if (at == CONTEXT_CONSOLE && kind)
			a = action_find(kind, name);
		if (!a)
			a = context_action(at, name);
		if (at == contexts[context].lowest)
			break;
	}
	return a && !(a->flags & contexts[context].useless) ? a : NULL;
}

/* --- the [keys] section -------------------------------------------------- */

/* Splits "log:f" into context and key. Without a context returns false. */
static bool keymap_split(const char *written, enum action_context *context, const char **key)
{
	size_t n = strcspn(written, ":");
	*key = written;
	for (int i = 0; i < CONTEXT_COUNT && written[n] && written[n + 1]; i++) {
		if (strlen(contexts[i].name) != n || strncmp(contexts[i].name, written, n) != 0)
			continue;
		*context = (enum action_context)i;
		*key = written + n + 1;
		return true;
	}
	return false;
}

/* What one line of [keys] means. False: its action is not known, or not there. */
static bool keymap_read(const struct key_config *k, enum action_context *context, const char **key)
{
	const struct action *a = NULL;
	/* true: a key there can start the action, on some row at least */
	if (keymap_split(k->key, context, key))
		return keymap_named(*context, k->action, NULL) ||
		       (keymap_reaches(*context, CONTEXT_CONSOLE) && keymap_kind_action(k->action));
	*context = CONTEXT_CONSOLE;
	if (!strcmp(k->action, action_none.name))
		return true;
	for (int i = 0; i < CONTEXT_COUNT && !a; i++)
		a = context_action((enum action_context)i, k->action);
	if (!a)
		a = keymap_kind_action(k->action);
	if (a)
		*context = a->context;
	return a != NULL;
}

/* Can the key have this action? All keys of a shell go to its programs, which need most of them.
 * What leaves it is a key with Ctrl, or F1 to F12: the terminal sends these as a whole. */
static bool keymap_fits(enum action_context context, const struct key *key, const char *action)
{
	bool control = key->mods == MOD_CTRL && key->code > 0 && key->code < 0x7f &&
	               strchr("abcdefghijklmnopqrstuvwxyz[\\]^_@ ", (int)key->code);
	bool function = key->code >= K_F1 && key->code <= K_F12;
	return context != CONTEXT_SHELL || control || function ||
	       !strcmp(action, action_none.name);
}

void keymap_load(const struct settings *s)
{
	for (size_t i = 0; i < user_keys.n; i++)
		free(user_keys.list[i].action);
	free(user_keys.list);
	user_keys.list = NULL;
	user_keys.n = 0;
	for (const struct key_config *k = s ? s->keys : NULL; k; k = k->next) {
		struct user_key one;
		const char *key;
		if (!keymap_read(k, &one.context, &key) || !key_parse(key, &one.key) ||
		    !keymap_fits(one.context, &one.key, k->action))
			continue;
		one.action = xstrdup(k->action);
		user_keys.list = xrealloc(user_keys.list, (user_keys.n + 1) * sizeof(one));
		user_keys.list[user_keys.n++] = one;
	}
}

static size_t keymap_add_names(const struct action *a, const char **names, size_t n)
{
	for (; a && a->name && n < NAMES_MAX; a++)
		names[n++] = a->name;
	return n;
}

static size_t keymap_all_names(const char **names)
{
	const struct action *table;
	size_t n = 0;
	for (int i = 0; i < CONTEXT_COUNT; i++)
		for (size_t k = 0; (table = context_table((enum action_context)i, k)); k++)
			n = keymap_add_names(table, names, n);
	n = keymap_add_names(kind_server.actions, names, n);
	for (const struct kind *const *k = kinds; *k; k++)
		n = keymap_add_names((*k)->actions, names, n);
	if (n < NAMES_MAX)
		names[n++] = action_none.name;
	return n;
}

/* NULL: valid; else a complaint, freed by the caller. */
static char *keymap_complaint(const struct settings *s, const struct key_config *k)
{
	const char *names[NAMES_MAX], *key;
	struct key parsed;
	enum action_context context;
	const char *file = s->file ? s->file : "configuration";
	bool known = keymap_read(k, &context, &key);
	if (!key_parse(key, &parsed))
		return xasprintf("%s:%d: [keys] \"%s\" is not a key; keys are written like r, "
		                 "Ctrl-R, Alt-x, F5, Enter, PgDn, and in a context like log:r",
		                 file, k->line, k->key);
	if (known && keymap_fits(context, &parsed, k->action))
		return NULL;
	if (known)
		return xasprintf("%s:%d: [keys] \"%s\" cannot be %s, because programs in a shell "
		                 "need it; Ctrl with a letter can, or F1 to F12",
		                 file, k->line, key, k->action);
	struct key_config alone = { .key = (char *)key, .action = k->action };
	if (key != k->key && keymap_read(&alone, &context, &key))
		return xasprintf("%s:%d: [keys] \"%s\" does nothing there; it belongs to %s", file,
		                 k->line, k->action, contexts[context].name);
	char near[NEAR_SIZE];
	near_name(k->action, names, keymap_all_names(names), "\"", "; mocr(1) lists them", near);
	return xasprintf("%s:%d: [keys] there is no action \"%s\"%s", file, k->line, k->action,
	                 near);
}

void console_check_keys(const struct settings *s, struct doc *complaints)
{
	for (const struct key_config *k = s->keys; k; k = k->next) {
		char *complaint = keymap_complaint(s, k);
		if (complaint)
			doc_add(complaints, DOC_WARN, "%s", complaint);
		free(complaint);
	}
}

/* --- from key to action -------------------------------------------------- */

/* Takes the next of the keys that a table writes with blanks between. */
static bool keymap_next_key(const char **keys, struct key *key)
{
	char name[KEY_NAME_SIZE];
	*keys += strspn(*keys, " ");
	size_t n = strcspn(*keys, " ");
	snprintf(name, sizeof(name), "%.*s", (int)n, *keys);
	*keys += n;
	return n && key_parse(name, key);
}

bool action_has_key(const struct action *a, const struct key *key)
{
	const char *keys = a->key ? a->key : "";
	struct key one;
	while (keymap_next_key(&keys, &one))
		if (key_equal(&one, key))
			return true;
	return false;
}

static const char *keymap_user_key(enum action_context context, const struct key *key)
{
	for (size_t i = user_keys.n; i-- > 0;)
		if (user_keys.list[i].context == context &&
		    key_equal(&user_keys.list[i].key, key))
			return user_keys.list[i].action;
	return NULL;
}

const struct action *keymap_user(enum action_context context, const struct key *key,
                                 const struct kind *kind)
{
	const char *name = keymap_user_key(context, key);
	return name ? keymap_named(context, name, kind) : NULL;
}

static const struct action *keymap_table_key(const struct action *table, const struct key *key)
{
	for (const struct action *a = table; a->name; a++)
		if (action_has_key(a, key))
			return a;
	return NULL;
}

const struct action *keymap_find(const struct action *table, const struct key *key)
{
	const char *user = table->name ? keymap_user_key(table->context, key) : NULL;
	if (user && !strcmp(user, action_none.name))
		return &action_none;
	const struct action *a = user ? keymap_in_table(table, user) : NULL;
	return a ? a : keymap_table_key(table, key);
}

const struct action *keymap_lookup(enum action_context context, const struct key *key)
{
	const struct action *table;
	for (enum action_context at = context;; at = contexts[at].below) {
		const struct action *a = keymap_user(at, key, NULL);
		if (a && a != &action_none && !keymap_reaches(context, a->context))
			a = NULL;
		for (size_t i = 0; !a && (table = context_table(at, i)); i++)
			a = keymap_table_key(table, key);
		if (a || at == contexts[context].lowest)
			return a;
	}
}

bool keymap_is(const struct action *table, const struct key *key, const char *name)
{
	const struct action *a = keymap_find(table, key);
	return a && !strcmp(a->name, name);
}

/* --- the keys of an action, as text -------------------------------------- */

/* Calls take for each key of the action until that returns true: the user's keys, then those of the
 * table that the user has not given another action. */
static void keymap_each_key(const struct action *a, bool (*take)(const struct key *, void *),
                            void *arg)
{
	const char *keys = a->key ? a->key : "";
	struct key key;
	for (size_t i = 0; i < user_keys.n; i++)
		if (keymap_is_named(a, user_keys.list[i].action) &&
		    take(&user_keys.list[i].key, arg))
			return;
	while (keymap_next_key(&keys, &key))
		if (!keymap_user_key(a->context, &key) && take(&key, arg))
			return;
}

static bool keymap_take_first(const struct key *key, void *buf)
{
	key_words(key, buf);
	return true;
}

struct keymap_wanted {
	const struct action *action;
	char *buf;
};

/* Takes the first key that works where the action belongs. */
static bool keymap_take_own(const struct key *key, void *arg)
{
	struct keymap_wanted *w = arg;
	const char *user = keymap_user_key(w->action->context, key);
	if (user ? !keymap_is_named(w->action, user) : !action_has_key(w->action, key))
		return false;
	return keymap_take_first(key, w->buf);
}

const char *action_key(const struct action *a, char *buf)
{
	buf[0] = '\0';
	keymap_each_key(a, keymap_take_own, &(struct keymap_wanted){ a, buf });
	if (!buf[0])
		keymap_each_key(a, keymap_take_first, buf);
	return buf[0] ? buf : NULL;
}

const char *keymap_key(const struct action *table, const char *name, char *buf)
{
	const struct action *a = keymap_in_table(table, name);
	char key[KEY_NAME_SIZE];
	if (!a || !action_key(a, key))
		return "[?]";
	return key_brackets(key, buf, KEY_NAME_SIZE);
}

static bool keymap_take_all(const struct key *key, void *arg)
{
	char *buf = arg, name[KEY_NAME_SIZE];
	size_t len = strlen(buf);
	snprintf(buf + len, ACTION_KEYS_SIZE - len, "%s%s", len ? " " : "",
	         key_words(key, name));
	return false;
}

char *action_keys(const struct action *a, char *buf)
{
	buf[0] = '\0';
	keymap_each_key(a, keymap_take_all, buf);
	return buf;
}

/* Writes the keys that start the action in a place of this context. */
static char *keymap_keys_in(enum action_context place, const struct action *a, char *buf)
{
	char all[ACTION_KEYS_SIZE];
	const char *rest = action_keys(a, all);
	struct key key;
	buf[0] = '\0';
	while (keymap_next_key(&rest, &key))
		if (keymap_lookup(place, &key) == a)
			keymap_take_all(&key, buf);
	return buf;
}

void keymap_help(struct doc *doc, enum action_context context, enum action_context place)
{
	char keys[ACTION_KEYS_SIZE], shown[ACTION_KEYS_SIZE];
	const struct action *table;
	doc_head(doc, contexts[context].title);
	for (size_t i = 0; (table = context_table(context, i)); i++)
		for (const struct action *a = table; a->name; a++)
			if (*keymap_keys_in(place, a, keys))
				doc_pair(doc, DOC_PLAIN, key_brackets(keys, shown, sizeof(shown)),
				         "%s: %s", a->verb, a->help);
}
