/* The tables of actions: names are unique and kebab-case, keys are keys and mean one thing, what
 * destroys has no bare letter; and what is said about a wrong [keys] section. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/store/doc.h"
#include "backends/store/report.h"
#include "backends/store/settings.h"
#include "tui/console.h"
#include "tui/keys.h"

static void check_words(const struct action *a)
{
	assert_true(strlen(a->name) > 2 && strlen(a->name) < 40);
	assert_int_equal(strspn(a->name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(a->name));
	assert_non_null(strchr(a->name, '-'));
	assert_non_null(a->verb);
	assert_true(a->help && strlen(a->help) > 5);
	assert_int_not_equal(a->help[strlen(a->help) - 1], '.');
	assert_true(!a->run != !a->show);
}

static void check_key(const struct action *a)
{
	struct key key;
	char name[KEY_NAME_SIZE];
	if (!a->key)
		return;
	assert_true(key_parse(a->key, &key));
	assert_string_equal(key_name(&key, name), a->key);
	if (a->flags & ACTION_DANGER)
		assert_true(key.mods);
}

static void check_table(const struct action *table)
{
	for (const struct action *a = table; a && a->name; a++) {
		check_words(a);
		check_key(a);
		for (const struct action *b = table; b < a; b++) {
			assert_string_not_equal(a->name, b->name);
			assert_string_not_equal(a->verb, b->verb);
			/* pause and unpause, attach and answer may share one */
			if (a->key && b->key && (!a->applies || !b->applies))
				assert_string_not_equal(a->key, b->key);
		}
	}
}

static void test_tables(void **state)
{
	(void)state;
	check_table(console_actions);
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
			for (const struct action *c = console_actions; c->name; c++)
				if (a->key && c->key)
					assert_string_not_equal(a->key, c->key);
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
	size_t refused = walk_read_only(console_actions) + walk_read_only(kind_server.actions);
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
		cmocka_unit_test(test_read_only_knows_every_action),
		cmocka_unit_test(test_keys_section),
	};
	return cmocka_run_group_tests_name("actions", tests, NULL, NULL);
}
