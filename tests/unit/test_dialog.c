/* Boxes that ask, by their keys: what they answer, when they do not, and that No is the default. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/link/ask.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"
#include "tui/dialog.h"

static struct {
	int calls, choice;
	char text[128], secret[64];
	bool keep;
} got;

static void result(const struct dialog_result *r, void *arg)
{
	assert_ptr_equal(arg, &got);
	got.calls++;
	got.choice = r->choice;
	got.keep = r->keep;
	snprintf(got.text, sizeof(got.text), "%s", r->text);
	snprintf(got.secret, sizeof(got.secret), "%s", r->secret ? r->secret->text : "-");
	secret_destroy(r->secret);
}

/* Presses keys separated by spaces until the box is over, which it must be with the last one, or
 * (over false) not at all. */
static void press(struct dialog *d, const char *names, bool over)
{
	char *copy = strdup(names), *save = NULL;
	bool is_over = false;

	memset(&got, 0, sizeof(got));
	for (char *n = strtok_r(copy, " ", &save); n; n = strtok_r(NULL, " ", &save)) {
		struct key k;
		assert_false(is_over);
		assert_true(key_parse(n, &k));
		is_over = dialog_key(d, &k);
	}
	free(copy);
	assert_int_equal(is_over, over);
	if (!over) {
		dialog_cancel(d);
		assert_int_equal(got.calls, 0);
		return;
	}
	assert_int_equal(got.calls, 0);
	dialog_finish(d);
	assert_int_equal(got.calls, 1);
}

static struct dialog *confirm(const char *type_name)
{
	struct confirm_spec s = { .title = "Restart x?",
		                  .command = "docker restart x",
		                  .yes = "Restart",
		                  .type_name = type_name };

	return dialog_confirm(&s, result, &got);
}

static void test_confirm(void **state)
{
	static const struct {
		const char *keys;
		int choice;
	} cases[] = {
		{ "y", 1 },
		{ "n", 0 },
		{ "Enter", 0 },
		{ "Esc", DIALOG_GIVEN_UP },
		{ "C-c", DIALOG_GIVEN_UP },
		{ "Tab Enter", 1 },
		{ "Right Left Enter", 0 },
		{ "x q Space Enter", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		press(confirm(NULL), cases[i].keys, true);
		assert_int_equal(got.choice, cases[i].choice);
	}
	press(confirm(NULL), "r R Y", false); /* other letters are no answer */
}

static void test_protected(void **state)
{
	press(confirm("sese"), "s e s e Enter", true);
	assert_int_equal(got.choice, 1);
	press(confirm("sese"), "y", false);
	press(confirm("sese"), "s e s Enter", false);
	press(confirm("sese"), "Enter Backspace Backspace", false);
	press(confirm("sese"), "s e x Enter Backspace s e Enter", true);
	assert_int_equal(got.choice, 1);
	press(confirm("sese"), "s Esc", true);
	assert_int_equal(got.choice, DIALOG_GIVEN_UP);
}

/* Pasted text, with a line end in it, answers nothing. */
static void test_paste_answers_nothing(void **state)
{
	struct key k = { .code = K_PASTE, .paste = "y\n", .paste_len = 2 };
	struct dialog *d = confirm(NULL);

	assert_false(dialog_key(d, &k));
	dialog_cancel(d);
}

static const struct dialog_item items[] = {
	{ "r", "restart", "stops and starts it", false },
	{ "l", "logs", NULL, false },
	{ NULL, "remove", "for good", false },
	{ "k", "kill", NULL, true },
	{ "C-p", "pause", NULL, false },
};

static struct dialog *menu(void)
{
	return dialog_menu("x", items, 5, result, &got);
}

static void test_menu(void **state)
{
	static const struct {
		const char *keys;
		int choice;
	} cases[] = {
		{ "r", 0 },
		{ "l", 1 },
		{ "Enter", 0 },
		{ "Down Down Enter", 2 },
		{ "j j j Enter", 4 },
		{ "Up Enter", 0 },
		{ "C-p", 4 },
		{ "Esc", DIALOG_GIVEN_UP },
		{ "q", DIALOG_GIVEN_UP },
		{ "End Enter", 4 },
		{ "/ r e m Enter", 2 },
		{ "/ g o o d Enter", 2 },
		{ "/ l Esc r", 0 },
		{ "/ x x x Backspace Backspace Backspace l Enter", 1 },
		{ "G Home Enter", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		press(menu(), cases[i].keys, true);
		assert_int_equal(got.choice, cases[i].choice);
	}
	press(menu(), "/ x y z Enter", false); /* nothing matches */
	press(dialog_menu("empty", NULL, 0, result, &got), "Enter Down Up", false);
}

static void test_question(void **state)
{
	press(dialog_question("t", "text", items, 3, 1, result, &got), "Enter", true);
	assert_int_equal(got.choice, 1);
	press(dialog_question("t", NULL, items, 3, -1, result, &got), "Enter", false);
	press(dialog_question("t", NULL, items, 5, -1, result, &got), "k", false);
	press(dialog_question("t", NULL, items, 3, -1, result, &got), "Tab Tab Enter", true);
	assert_int_equal(got.choice, 1);
}

static void test_prompt(void **state)
{
	struct lineedit_config c = { .prompt = "signal ", .text = "TE" },
			       secret = { .secret = true };

	press(dialog_prompt("t", NULL, &c, result, &got), "R M Enter", true);
	assert_int_equal(got.choice, 1);
	assert_string_equal(got.text, "TERM");
	assert_string_equal(got.secret, "-");
	press(dialog_prompt("t", NULL, &c, result, &got), "C-u Backspace Esc", true);
	assert_int_equal(got.choice, DIALOG_GIVEN_UP);
	assert_string_equal(got.text, "");
	press(dialog_prompt("t", NULL, &secret, result, &got), "a b Enter", true);
	assert_string_equal(got.text, "");
	assert_string_equal(got.secret, "ab");
}

static void use_key(const char *key, const char *action)
{
	struct key_config k = { .key = (char *)key, .action = (char *)action };
	struct settings s = { .keys = &k };
	keymap_load(&s);
}

static void test_asks(void **state)
{
	struct ask host = { .kind = ASK_HOST_KEY,
		            .title = "sese: first contact",
		            .text = "SHA256:x" };
	struct ask sudo = {
		.kind = ASK_SUDO, .title = "pi", .prompt = "Password", .can_keep = true
	};
	struct ask code = { .kind = ASK_CODE, .title = "pi", .prompt = "Code", .echo = true };

	press(dialog_ask(&host, result, &got), "y", true);
	assert_string_equal(got.secret, "yes");
	press(dialog_ask(&host, result, &got), "n", true);
	assert_int_equal(got.choice, 0);
	assert_string_equal(got.secret, "-");
	press(dialog_ask(&host, result, &got), "Esc", true);
	assert_int_equal(got.choice, DIALOG_GIVEN_UP);
	press(dialog_ask(&host, result, &got), "Enter Space a", false);
	press(dialog_ask(&sudo, result, &got), "p w Enter", true);
	assert_string_equal(got.secret, "pw");
	assert_false(got.keep);
	press(dialog_ask(&sudo, result, &got), "n C-o Enter", true);
	assert_string_equal(got.secret, "n");
	assert_true(got.keep);
	use_key("ask:F5", "ask-refuse");
	press(dialog_ask(&sudo, result, &got), "p F5", true);
	assert_int_equal(got.choice, 0);
	press(dialog_ask(&host, result, &got), "F5", true);
	assert_int_equal(got.choice, 0);
	/* a key of the box for an action of its line */
	use_key("ask:C-s", "line-done");
	press(dialog_ask(&sudo, result, &got), "p C-s", true);
	assert_string_equal(got.secret, "p");
	use_key("ask:C-s", "line-help");
	press(dialog_ask(&sudo, result, &got), "p C-s q w Enter", true);
	assert_string_equal(got.secret, "pw");
	use_key("ask:Enter", "none");
	press(dialog_ask(&sudo, result, &got), "p Enter", false);
	keymap_load(NULL);
	/* help lies over the box: its keys answer nothing */
	press(dialog_ask(&sudo, result, &got), "p F1 Esc w F1 q Enter", true);
	assert_string_equal(got.secret, "pw");
	press(dialog_ask(&sudo, result, &got), "p C-x", true);
	assert_int_equal(got.choice, 0);
	assert_string_equal(got.secret, "-");
	press(dialog_ask(&code, result, &got), "1 2 C-o Enter", true);
	assert_string_equal(got.secret, "12");
	assert_false(got.keep);
}

static void test_text(void **state)
{
	struct doc doc;

	doc_init(&doc);
	doc_add(&doc, DOC_PLAIN, "hello");
	press(dialog_text("Help", &doc, result, &got), "j k G / h Enter q", true);
	assert_int_equal(doc.n, 0); /* it was taken over */
	assert_int_equal(got.choice, DIALOG_GIVEN_UP);
	use_key("reader:x", "text-search");
	press(dialog_text("Help", &doc, result, &got), "x q Enter q", true);
	use_key("reader:q", "none");
	press(dialog_text("Help", &doc, result, &got), "q", false);
	keymap_load(NULL);
	doc_finish(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_confirm),
		cmocka_unit_test(test_protected),
		cmocka_unit_test(test_paste_answers_nothing),
		cmocka_unit_test(test_menu),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_prompt),
		cmocka_unit_test(test_asks),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
