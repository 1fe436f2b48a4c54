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
#include "tui/console.h"
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
				for (const struct action *c = console_table(i); c->name; c++)
					assert_false(share_a_key(a, c));
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

static struct doc help;
static char page[256 << 10];

static void check_documented(enum action_context context, const struct action *a)
{
	char keys[ACTION_KEYS_SIZE], item[128];
	size_t found = 0, n = (size_t)snprintf(item, sizeof(item), ".It Sy \"");
	doc_init(&help);
	keymap_help(&help, context);
	action_keys(a, keys);
	for (size_t i = 0; i < help.n; i++)
		found += help.lines[i].label && !strcmp(help.lines[i].label, keys) &&
		         strstr(help.lines[i].text, a->help);
	assert_int_equal(found, 1);
	doc_finish(&help);
	for (const char *s = a->name; *s; s++)
		n += (size_t)snprintf(item + n, sizeof(item) - n, "%s%c",
		                      *s == '-' ? "\\" : "", *s);
	snprintf(item + n, sizeof(item) - n, "  (");
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
	"row-acknowledge",
	"row-snooze",
	"needs-next",
	"needs-longest",
	"server-refresh",
	"pane-filter",
	"pane-problems",
	"sessions-old",
	"pane-zoom",
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
	"console-help",
	"console-back",
	"console-close",
	"console-redraw",
	"console-suspend",
	"console-quit",
	"server-connect",
	"server-disconnect",
	"server-forget-password",
	"peer-ping",
	"headscale-keys",
	"headscale-users",
	"headscale-dns-list",
	"session-export",
	"check-run",
	"check-pause",
	"check-resume",
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
	assert_non_null(strstr(doc.lines[0].text, "\"lok:f\" is no key"));
	doc_finish(&doc);
	complaints_of("Nokey", "pane-zoom", &doc);
	assert_int_equal(doc.n, 1);
	assert_non_null(strstr(doc.lines[0].text, "config:7: [keys] \"Nokey\" is no key"));
	doc_finish(&doc);
	complaints_of("z", "pane-zom", &doc);
	assert_int_equal(doc.n, 1);
	assert_non_null(strstr(doc.lines[0].text, "the nearest is \"pane-zoom\""));
	doc_finish(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_no_kind_hides_the_console),
		cmocka_unit_test(test_rows_of_contexts),
		cmocka_unit_test(test_every_key_can_be_set),
		cmocka_unit_test(test_every_key_is_documented),
		cmocka_unit_test(test_read_only_knows_every_action),
		cmocka_unit_test(test_keys_section),
	};
	return cmocka_run_group_tests_name("actions", tests, NULL, NULL);
}
