/* The tables of actions: names are unique and kebab-case, keys are keys and mean one thing, what
 * destroys has no bare letter; and what is said about a wrong [keys] section. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/store/doc.h"
#include "backends/store/report.h"
#include "backends/store/settings.h"
#include "tui/attach.h"
#include "tui/console_internal.h"
#include "tui/keymap.h"
#include "tui/keys.h"

static void check_words(const struct action *a)
{
	assert_true(strlen(a->name) > 2 && strlen(a->name) < 40);
	assert_int_equal(strspn(a->name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(a->name));
	assert_non_null(strchr(a->name, '-'));
	assert_non_null(a->verb);
	assert_true(a->help && strlen(a->help) > 5);
	assert_int_not_equal(a->help[strlen(a->help) - 1], '.');
}

/* Calls take for each key of the action. */
typedef void take_key(const struct action *, const struct key *);
static void each_key(const struct action *a, take_key *take)
{
	char *keys = strdup(a->key ? a->key : ""), *save = NULL, name[KEY_NAME_SIZE];
	for (char *k = strtok_r(keys, " ", &save); k; k = strtok_r(NULL, " ", &save)) {
		struct key key;
		assert_true(key_parse(k, &key));
		assert_string_equal(key_name(&key, name), k);
		assert_true(action_has_key(a, &key));
		take(a, &key);
	}
	free(keys);
}

static void check_danger(const struct action *a, const struct key *key)
{
	if (a->flags & ACTION_DANGER)
		assert_true(key->mods);
}

static void check_key(const struct action *a)
{
	each_key(a, check_danger);
}

static bool share_a_key(const struct action *a, const struct action *b)
{
	char *keys = strdup(a->key ? a->key : ""), *save = NULL;
	bool shared = false;
	for (char *k = strtok_r(keys, " ", &save); k; k = strtok_r(NULL, " ", &save)) {
		struct key key;
		shared |= key_parse(k, &key) && action_has_key(b, &key);
	}
	free(keys);
	return shared;
}

static void check_table(const struct action *table)
{
	for (const struct action *a = table; a && a->name; a++) {
		check_words(a);
		check_key(a);
		assert_true(!a->run != !a->show);
		assert_int_equal(a->context, CONTEXT_CONSOLE);
		for (const struct action *b = table; b < a; b++) {
			assert_string_not_equal(a->name, b->name);
			assert_string_not_equal(a->verb, b->verb);
			/* pause and unpause, attach and answer may share one */
			if (!(a->applies || a->applies_of) || !(b->applies || b->applies_of))
				assert_false(share_a_key(a, b));
		}
	}
}

static void test_tables(void **state)
{
	(void)state;
	for (size_t i = 0; console_table(i); i++)
		check_table(console_table(i));
	check_table(kind_server.actions);
	for (const struct kind *const *k = kinds; *k; k++)
		check_table((*k)->actions);
}

/* A kind's key comes before the console's: it must not hide one that people need on such a row. */
static void test_no_kind_hides_the_console(void **state)
{
	(void)state;
	for (const struct kind *const *k = kinds; *k; k++)
		for (const struct action *a = (*k)->actions; a && a->name; a++)
			for (size_t i = 0; console_table(i); i++)
				for (const struct action *c = console_table(i); c->name; c++) {
					if (share_a_key(a, c))
						print_error("%s, %s\n", a->name, c->name);
					assert_false(share_a_key(a, c));
				}
}

/* --- keys of a context --------------------------------------------------- */

static void each_row(void (*take)(enum action_context, const struct action *))
{
	const struct action *table;
	for (int i = CONTEXT_CONSOLE + 1; i < CONTEXT_COUNT; i++)
		for (size_t k = 0; (table = context_table(i, k)); k++)
			for (const struct action *a = table; a->name; a++)
				take((enum action_context)i, a);
}

static void check_row(enum action_context context, const struct action *a)
{
	size_t named = 0;
	check_words(a);
	check_key(a);
	assert_int_equal(a->context, context);
	assert_null(a->run);
	assert_false(a->flags & ACTION_CHANGES);
	const struct action *table;
	for (int i = 0; i < CONTEXT_COUNT; i++)
		for (size_t k = 0; (table = context_table(i, k)); k++)
			for (const struct action *b = table; b->name; b++) {
				named += !strcmp(a->name, b->name);
				if (a != b && b->context == context)
					assert_false(share_a_key(a, b));
			}
	assert_int_equal(named, 1);
}

static void test_rows_of_contexts(void **state)
{
	(void)state;
	each_row(check_row);
}

static const struct action *found_in(enum action_context context, const struct key *key)
{
	for (size_t k = 0; context_table(context, k); k++)
		if (keymap_find(context_table(context, k), key))
			return keymap_find(context_table(context, k), key);
	return NULL;
}

static void use_key(const char *key, const char *action)
{
	struct key_config k = { .key = (char *)key, .action = (char *)action };
	struct settings s = { .keys = &k };
	keymap_load(&s);
}

/* A key that the user sets is one more for the action, in its context and in no other. */
static void check_rebinding(enum action_context context, const struct action *a)
{
	struct key key;
	char name[KEY_NAME_SIZE];
	assert_true(key_parse("F11", &key));
	use_key("F11", a->name);
	assert_ptr_equal(found_in(context, &key), a);
	assert_string_equal(action_key(a, name), "F11");
	for (int i = 0; i < CONTEXT_COUNT; i++)
		if (i != (int)context)
			assert_null(found_in(i, &key));
	assert_true(a->key != NULL);
	key_parse(a->key, &key);
	char *first = strdup(a->key);
	first[strcspn(first, " ")] = '\0';
	char *written = xasprintf("%s:%s", context_of(context)->name, first);
	use_key(written, "none");
	assert_true(key_parse(first, &key));
	assert_ptr_equal(found_in(context, &key), &action_none);
	assert_true(!action_key(a, name) || strcmp(name, first) != 0);
	free(written);
	free(first);
	keymap_load(NULL);
	assert_ptr_equal(found_in(context, &key), a);
}

static void test_every_key_can_be_set(void **state)
{
	(void)state;
	each_row(check_rebinding);
}

/* Which contexts' actions a key of each context can start, "kinds" being those of rows. */
static const char *const reach[CONTEXT_COUNT] = {
	[CONTEXT_CONSOLE] = "console kinds",
	[CONTEXT_TABLE] = "table console kinds",
	[CONTEXT_TEXT] = "text console kinds",
	[CONTEXT_LOG] = "log text console kinds",
	[CONTEXT_DETAILS] = "details text console kinds",
	[CONTEXT_LINE] = "line",
	[CONTEXT_BOX] = "box",
	[CONTEXT_ASK] = "ask line",
	[CONTEXT_MENU] = "menu",
	[CONTEXT_READER] = "reader text",
	[CONTEXT_SHELL] = "shell",
};
static size_t keys_that_work, keys_refused;

static bool should_work(enum action_context context, const struct action *a,
                        const struct kind *kind)
{
	bool of_view = context == CONTEXT_TEXT || context == CONTEXT_LOG ||
	               context == CONTEXT_DETAILS;
	if (of_view && a->flags & CONSOLE_PANES)
		return false;
	if (context == CONTEXT_DETAILS && a->flags & CONSOLE_NOT_DETAILS)
		return false;
	return strstr(reach[context], kind ? "kinds" : context_of(a->context)->name) != NULL;
}

/* Binds a key in the context to the action: the key starts the action, or the check of the
 * configuration says that it does not. A key of an action that cannot start keeps its meaning. */
static void check_bound(enum action_context context, const struct action *a,
                        const struct kind *kind)
{
	char *written = xasprintf("%s:F11", context_of(context)->name), why[160];
	struct key_config k = { .key = written, .action = (char *)a->name, .line = 7 };
	struct settings s = { .file = (char *)"config", .keys = &k };
	struct doc doc;
	struct key key;
	bool works = should_work(context, a, kind);
	doc_init(&doc);
	key_parse("F11", &key);
	console_check_keys(&s, &doc);
	keymap_load(&s);
	const struct action *found = keymap_user(context, &key, kind);
	const struct action *in_box = keymap_lookup(context, &key);
	if ((found == a) != works || (doc.n == 0) != works)
		print_error("%s = %s\n", written, a->name);
	assert_ptr_equal(found, works ? a : NULL);
	assert_int_equal(doc.n, works ? 0 : 1);
	snprintf(why, sizeof(why), "config:7: [keys] \"%s\" does nothing there; it belongs to %s",
	         a->name, context_of(a->context)->name);
	if (!works)
		assert_string_equal(doc.lines[0].text, why);
	if (!kind)
		assert_ptr_equal(in_box, works ? a : NULL);
	keys_that_work += works;
	keys_refused += !works;
	doc_finish(&doc);
	free(written);
}

static void check_bound_everywhere(const struct action *table, const struct kind *kind)
{
	for (const struct action *a = table; a && a->name; a++)
		for (int i = 0; i < CONTEXT_COUNT; i++)
			check_bound((enum action_context)i, a, kind);
}

/* All contexts by all actions: no key is accepted that then does nothing. */
static void test_every_bound_key_works_or_is_refused(void **state)
{
	const struct action *table;
	(void)state;
	check_bound_everywhere(kind_server.actions, &kind_server);
	for (const struct kind *const *k = kinds; *k; k++)
		check_bound_everywhere((*k)->actions, *k);
	for (int i = 0; i < CONTEXT_COUNT; i++)
		for (size_t k = 0; (table = context_table((enum action_context)i, k)); k++)
			check_bound_everywhere(table, NULL);
	keymap_load(NULL);
	assert_true(keys_that_work > 500 && keys_refused > 500);
}

static const struct action *looked_up(enum action_context context, const char *name)
{
	struct key key;
	assert_true(key_parse(name, &key));
	return keymap_lookup(context, &key);
}

/* A key keeps its meaning where the user's action cannot start: on a row of another kind, and in a
 * box where only a log can do it. Its help says which keys work there. */
static void test_a_key_keeps_its_meaning(void **state)
{
	struct key key;
	char name[KEY_NAME_SIZE];
	(void)state;
	use_key("table:j", "container-restart");
	key_parse("j", &key);
	assert_null(keymap_user(CONTEXT_TABLE, &key, &kind_server));
	assert_string_equal(keymap_find(table_actions, &key)->name, "table-down");
	use_key("text:j", "row-logs");
	assert_string_equal(keymap_user(CONTEXT_TEXT, &key, NULL)->name, "row-logs");
	assert_string_equal(looked_up(CONTEXT_READER, "j")->name, "text-down");
	use_key("reader:x", "text-down");
	assert_string_equal(looked_up(CONTEXT_READER, "x")->name, "text-down");
	assert_string_equal(looked_up(CONTEXT_TEXT, "x")->name, "console-menu");
	assert_string_not_equal(action_key(looked_up(CONTEXT_TEXT, "j"), name), "x");
	struct doc doc;
	doc_init(&doc);
	keymap_help(&doc, CONTEXT_TEXT, CONTEXT_READER);
	keymap_help(&doc, CONTEXT_TEXT, CONTEXT_TEXT);
	size_t with_x = 0;
	for (size_t i = 0; i < doc.n; i++)
		with_x += doc.lines[i].label && !strncmp(doc.lines[i].label, "[x] ", 4);
	assert_int_equal(with_x, 1);
	doc_finish(&doc);
	keymap_load(NULL);
}

/* The key that leaves a shell is the user's, but for keys that its programs need. */
static void test_what_can_leave_a_shell(void **state)
{
	static const struct {
		const char *key, *action, *leaves;
		bool complains;
	} cases[] = {
		{ "C-q", "shell-leave", "Ctrl-Q", false },
		{ "shell:F12", "shell-leave", "F12", false },
		{ "shell:q", "shell-leave", "Ctrl-]", true },
		{ "Esc", "shell-leave", "Ctrl-]", true },
		{ "C-m", "shell-leave", "Ctrl-]", true }, /* Enter by another name */
		{ "M-x", "shell-leave", "Ctrl-]", true },
		{ "shell:C-1", "shell-leave", "Ctrl-]", true }, /* many terminals send 1 */
		{ "shell:C-]", "none", "Ctrl-]", false }, /* nobody is locked in */
	};
	char name[KEY_NAME_SIZE];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct key_config k = { .key = (char *)cases[i].key,
			                .action = (char *)cases[i].action };
		struct settings s = { .keys = &k };
		struct doc doc;
		doc_init(&doc);
		console_check_keys(&s, &doc);
		assert_int_equal(doc.n, cases[i].complains);
		if (doc.n)
			assert_non_null(strstr(doc.lines[0].text, "Ctrl with a letter can"));
		doc_finish(&doc);
		keymap_load(&s);
		assert_string_equal(attach_leave_key(name), cases[i].leaves);
	}
	keymap_load(NULL);
}

static struct doc help;
static char page[256 << 10];

static void check_documented(enum action_context context, const struct action *a)
{
	char keys[ACTION_KEYS_SIZE], list[ACTION_KEYS_SIZE], item[128];
	size_t found = 0, n = (size_t)snprintf(item, sizeof(item), ".It Sy \"");
	doc_init(&help);
	keymap_help(&help, context, context);
	key_brackets(action_keys(a, list), keys, sizeof(keys));
	for (size_t i = 0; i < help.n; i++)
		found += help.lines[i].label && !strcmp(help.lines[i].label, keys) &&
		         strstr(help.lines[i].text, a->help);
	if (found != 1)
		print_error("not in the help: %s\n", a->name);
	assert_int_equal(found, 1);
	doc_finish(&help);
	for (const char *s = a->name; *s; s++)
		n += (size_t)snprintf(item + n, sizeof(item) - n, "%s%c",
		                      *s == '-' ? "\\" : "", *s);
	snprintf(item + n, sizeof(item) - n, "  [");
	if (!strstr(page, item))
		print_error("not in the man page: %s\n", item);
	assert_non_null(strstr(page, item));
}

/* Every key is in the help of its context and in the man page. */
static void test_every_key_is_documented(void **state)
{
	FILE *f = fopen("man/mocr.1", "r");
	(void)state;
	assert_non_null(f);
	assert_true(fread(page, 1, sizeof(page) - 1, f) < sizeof(page) - 1);
	fclose(f);
	each_row(check_documented);
}

/* What may be done with --read-only. Whatever is not named here says that it changes something, a
 * new action too. */
static const char *const harmless[] = {
	"row-answer",
	"row-open",
	"row-logs",
	"row-details",
	"row-children",
	"row-copy",
	"row-mark",
	"row-mark-all",
	"console-jump",
	"row-acknowledge",
	"row-snooze",
	"needs-next",
	"needs-longest",
	"server-refresh",
	"pane-filter",
	"pane-problems",
	"sessions-old",
	"pane-fold",
	"pane-fold-all",
	"pane-zoom",
	"pane-hide",
	"pane-show-all",
	"pane-columns",
	"layout-next",
	"border-down",
	"border-up",
	"border-right",
	"border-left",
	"server-graphs",
	"sort-next",
	"sort-previous",
	"sort-reverse",
	"pane-next",
	"pane-previous",
	"pane-1",
	"pane-2",
	"pane-3",
	"pane-4",
	"pane-5",
	"pane-6",
	"pane-7",
	"pane-8",
	"pane-9",
	"pane-10",
	"shells-list",
	"console-menu",
	"console-command",
	"console-hosts",
	"console-help",
	"console-back",
	"console-undo",
	"console-close",
	"console-redraw",
	"console-suspend",
	"console-ask-quit",
	"console-quit",
	"server-connect",
	"server-disconnect",
	"server-forget-password",
	"server-check",
	"container-check",
	"peer-ping",
	"headscale-keys",
	"headscale-users",
	"headscale-dns-list",
	"session-export",
	"sessions-peek",
	"check-run",
	"check-pause",
	"check-resume",
	/* these change files of this machine */
	"system-write",
	"system-dismiss",
	"check-write", /* it refuses by itself when read-only */
	"check-dismiss",
};

static bool is_harmless(const char *name)
{
	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		if (strcmp(harmless[i], name) == 0)
			return true;
	return false;
}

static size_t walk_read_only(const struct action *table)
{
	size_t refused = 0;
	for (const struct action *a = table; a && a->name; a++) {
		bool changes = a->flags & ACTION_CHANGES;
		if (changes == is_harmless(a->name))
			print_error("%s: harmless or not?\n", a->name);
		assert_int_equal(changes, !is_harmless(a->name));
		refused += changes;
	}
	return refused;
}

static void test_read_only_knows_every_action(void **state)
{
	(void)state;
	size_t refused = walk_read_only(kind_server.actions);
	for (size_t i = 0; console_table(i); i++)
		refused += walk_read_only(console_table(i));
	for (const struct kind *const *k = kinds; *k; k++)
		refused += walk_read_only((*k)->actions);
	assert_true(refused > 50);
}

static void complaints_of(const char *key, const char *action, struct doc *doc)
{
	struct key_config k = { .key = (char *)key, .action = (char *)action, .line = 7 };
	struct settings s = { .file = (char *)"config", .keys = &k };
	doc_init(doc);
	console_check_keys(&s, doc);
}

static void test_keys_section(void **state)
{
	struct doc doc;
	(void)state;
	complaints_of("C-t", "pane-zoom", &doc);
	assert_int_equal(doc.n, 0);
	doc_finish(&doc);
	complaints_of("r", "none", &doc);
	assert_int_equal(doc.n, 0);
	doc_finish(&doc);
	const char *const right[][2] = {
		{ "log:R", "container-restart" }, { "log:C-f", "log-filter" },
		{ "f", "log-filter" },            { "log:f", "text-search" },
		{ "table:j", "none" },            { "console::", "pane-zoom" },
		{ "line:C-x", "line-cancel" },    { ":", "console-menu" },
	};
	for (size_t i = 0; i < ARRAY_LEN(right); i++) {
		complaints_of(right[i][0], right[i][1], &doc);
		assert_int_equal(doc.n, 0);
		doc_finish(&doc);
	}
	complaints_of("line:f", "log-filter", &doc);
	assert_int_equal(doc.n, 1);
	assert_non_null(strstr(doc.lines[0].text, "does nothing there; it belongs to log"));
	doc_finish(&doc);
	complaints_of("lok:f", "log-filter", &doc);
	assert_int_equal(doc.n, 1);
	assert_non_null(strstr(doc.lines[0].text, "\"lok:f\" is not a key"));
	doc_finish(&doc);
	complaints_of("Nokey", "pane-zoom", &doc);
	assert_int_equal(doc.n, 1);
	assert_non_null(strstr(doc.lines[0].text, "config:7: [keys] \"Nokey\" is not a key"));
	doc_finish(&doc);
	complaints_of("z", "pane-zom", &doc);
	assert_int_equal(doc.n, 1);
	assert_non_null(strstr(doc.lines[0].text, "did you mean \"pane-zoom\"?"));
	doc_finish(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_no_kind_hides_the_console),
		cmocka_unit_test(test_rows_of_contexts),
		cmocka_unit_test(test_every_key_can_be_set),
		cmocka_unit_test(test_every_bound_key_works_or_is_refused),
		cmocka_unit_test(test_a_key_keeps_its_meaning),
		cmocka_unit_test(test_what_can_leave_a_shell),
		cmocka_unit_test(test_every_key_is_documented),
		cmocka_unit_test(test_read_only_knows_every_action),
		cmocka_unit_test(test_keys_section),
	};
	return cmocka_run_group_tests_name("actions", tests, NULL, NULL);
}
