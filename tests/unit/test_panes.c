/* The panes in the user's order: the first nine have a key, all others a name, and every pane is
 * reached by Tab. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backends/base/mem.h"
#include "backends/store/doc.h"
#include "tui/console_internal.h"

#define MANY 12

static struct panel made[MANY];
static const struct panel *list[MANY + 1];
static const char *const names[MANY] = {
	"fleet", "boxes", "units", "needs", "log", "six",
	"seven", "eight", "nine",  "ten",   "el",  "tw",
};

static void make_console(struct console *c, struct settings *s, const char *order)
{
	for (size_t i = 0; i < MANY; i++) {
		made[i] = (struct panel){ .name = names[i], .title = names[i], .tab = names[i] };
		list[i] = &made[i];
	}
	memset(c, 0, sizeof(*c));
	*s = (struct settings){ .panels = (char *)order };
	c->settings = s;
	panes_init_with(c, list);
}

static void press(struct console *c, const char *name)
{
	const struct action *a = console_action_find(name);
	assert_non_null(a);
	c->action = a;
	a->show(c);
}

static void test_more_than_nine(void **state)
{
	struct console c;
	struct settings s;
	make_console(&c, &s, NULL);
	assert_int_equal(c.n_panes, MANY);
	press(&c, "pane-9");
	assert_int_equal(c.focus, 8);
	press(&c, "pane-next");
	press(&c, "pane-next");
	assert_int_equal(c.focus, 10);
	press(&c, "pane-next");
	press(&c, "pane-next");
	assert_int_equal(c.focus, 0);
	press(&c, "pane-previous");
	assert_int_equal(c.focus, MANY - 1);
	panes_finish(&c);
}

static void test_order(void **state)
{
	struct console c;
	struct settings s;
	make_console(&c, &s, "tw,  needs nothing tw fleet");
	assert_int_equal(pane_at(&c, 0), 11);
	assert_int_equal(pane_at(&c, 1), 3);
	assert_int_equal(pane_at(&c, 2), 0);
	assert_int_equal(pane_at(&c, 3), 1);
	assert_int_equal(pane_at(&c, 11), 10);
	assert_int_equal(pane_at(&c, 12), SIZE_MAX);
	assert_int_equal(pane_place_in_order(&c, 11), 0);
	press(&c, "pane-1");
	assert_int_equal(c.focus, 11);
	press(&c, "pane-next");
	assert_int_equal(c.focus, 3);
	assert_string_equal(action_panel(&c, console_action_find("pane-2"))->name, "needs");
	assert_null(action_panel(&c, console_action_find("pane-zoom")));
	panes_finish(&c);
}

static void test_complaint(void **state)
{
	struct settings s = { .file = (char *)"conf", .panels = (char *)"apps seshions vpn" };
	struct doc doc;
	doc_init(&doc);
	console_check_panels(&s, &doc);
	assert_int_equal(doc.n, 1);
	assert_non_null(strstr(doc.lines[0].text, "\"seshions\"; did you mean sessions?"));
	doc_finish(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_more_than_nine),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_complaint),
	};
	return cmocka_run_group_tests_name("panes", tests, NULL, NULL);
}
