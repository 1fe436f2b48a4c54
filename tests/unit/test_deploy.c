/* The words of [deploy NAME]: variables, values, the command, checks; and that a shell reads a
 * value as that text and no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/deploy/script.h"
#include "backends/deploy/template.h"

static void asks_of_all_forms(void **state)
{
	struct ask_word a[ASKS_MAX];
	struct err err = { 0 };
	assert_int_equal(asks_read("ROLE one of caddy  n8n\nTAG like v[0-9]+\n\n_x", a, ASKS_MAX,
	                           &err),
	                 3);
	assert_int_equal(a[0].form, ASK_ONE_OF);
	assert_int_equal(a[1].form, ASK_LIKE);
	assert_int_equal(a[2].form, ASK_ANY);
	assert_string_equal(a[2].name, "_x");
	assert_int_equal(asks_read("A secret\nB secret like x+\nC one of secret\nsecret", a,
	                           ASKS_MAX, &err),
	                 4);
	assert_true(a[0].secret && a[0].form == ASK_ANY && a[1].secret && a[1].form == ASK_LIKE);
	assert_false(a[2].secret || a[3].secret);
	static const char *const wrong[] = { "A secretly", "A secret x", "1A", "A-B",
		                             "A oneof x",  "A; rm",      "$A", "A=1" };
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(asks_read(wrong[i], a, ASKS_MAX, &err), 0);
		assert_int_equal(err.code, ERR_USAGE);
	}
	assert_int_equal(asks_read(NULL, a, ASKS_MAX, &err), 0);
	assert_int_equal(err.code, ERR_NONE);
}

static void values_must_fit(void **state)
{
	static const char ask[] = "ROLE one of caddy n8n\nTAG like v[0-9]+";
	static const struct {
		const char *given;
		bool ok;
	} cases[] = {
		{ "ROLE=caddy TAG=v1", true },
		{ "TAG=v22 ROLE=n8n", true },
		{ "ROLE=cadd TAG=v1", false },
		{ "ROLE=caddy", false },
		{ "ROLE= TAG=v1", false },
		{ "ROLE=caddy TAG=v1x", false },
		{ "ROLE=caddy TAG=xv1", false },
		{ "ROLE=caddy 'TAG=v1\n'", false },
		{ "ROLE=caddy TAG=V1", false },
		{ "ROLE=caddy TAG=v1 X=1", false },
		{ "ROLE='caddy TAG=v1", false },
		{ "'ROLE=caddy n8n' TAG=v1", false },
		{ NULL, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = { 0 };
		struct err err = { 0 };
		if (values_read(ask, cases[i].given, &b, &err) != cases[i].ok)
			fail_msg("%s: %s", cases[i].given ? cases[i].given : "nothing", err.text);
		assert_true(cases[i].ok || err.text[0]);
		buf_finish(&b);
	}
}

static void a_command_takes_values_as_arguments(void **state)
{
	struct buf b = { 0 };
	struct err err = { 0 };
	assert_true(command_build("make role ROLE={ROLE} {other} ${ROLE:-x}", "ROLE", &b, &err));
	assert_string_equal(b.data, "make role ROLE=\"${ROLE}\" {other} ${ROLE:-x}");
	buf_clear(&b);
	assert_true(command_build("echo 'it is' \"fine\" \\' {ROLE}", "ROLE", &b, &err));
	assert_string_equal(b.data, "echo 'it is' \"fine\" \\' \"${ROLE}\"");
	static const char *const wrong[] = { "echo \"{ROLE}\"", "sh -c 'x {ROLE}'", "echo \\{ROLE}",
		                             "echo \"a 'b' {ROLE}\"", "echo ${ROLE} ${{ROLE}}" };
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		buf_clear(&b);
		if (i < 4)
			assert_false(command_build(wrong[i], "ROLE", &b, &err));
	}
	buf_finish(&b);
}

/* What a real sh makes of it. */
static void a_shell_sees_the_text_alone(void **state)
{
	static const char *const values[] = {
		"plain",
		"two words",
		"it's \"quoted\"",
		"$(touch /tmp/mocr-pwned)",
		"`touch /tmp/mocr-pwned`",
		"a\nb",
		"; touch /tmp/mocr-pwned #",
		"${IFS}$HOME",
		"\\",
		"\\'",
		"'",
		"''",
		"-n",
		"*",
		"~",
		"a\\nb",
		"!!",
		"\t",
		"{ROLE}",
		"\xff\xfe",
		"",
	};
	unlink("/tmp/mocr-pwned");
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct buf given = { 0 }, script = { 0 }, word = { 0 };
		struct err err = { 0 };
		char file[] = "/tmp/mocr-deploy-XXXXXX", got[256] = "", want[300];
		buf_addf(&word, "V=%s", values[i]);
		quote_word(&given, word.data);
		assert_true(values_read("V", given.data, &script, &err));
		assert_true(command_build("printf '<%s>' {V} \"$V\"", "V", &script, &err));
		int fd = mkstemp(file);
		assert_true(write(fd, script.data, script.len) == (ssize_t)script.len);
		close(fd);
		char *command = xasprintf("sh %s", file);
		FILE *f = popen(command, "r");
		size_t n = fread(got, 1, sizeof(got) - 1, f);
		got[n] = '\0';
		assert_int_equal(pclose(f), 0);
		snprintf(want, sizeof(want), "<%s><%s>", values[i], values[i]);
		assert_string_equal(got, want);
		unlink(file);
		free(command);
		buf_finish(&given);
		buf_finish(&script);
		buf_finish(&word);
	}
	assert_int_equal(access("/tmp/mocr-pwned", F_OK), -1);
}

static void words_part_as_a_shell_does(void **state)
{
	char *w[8];
	struct err err = { 0 };
	assert_int_equal(template_split(" a  'b c' \"d \\\"e\\\"\" f\\ g '' ", w, 8, &err), 5);
	assert_string_equal(w[1], "b c");
	assert_string_equal(w[2], "d \"e\"");
	assert_string_equal(w[3], "f g");
	assert_string_equal(w[4], "");
	template_free(w, 5);
	assert_int_equal(template_split("a b c", w, 2, &err), -1);
	assert_int_equal(template_split("a 'b", w, 8, &err), -1);
	assert_int_equal(template_split(NULL, w, 8, &err), 0);
}

static void checks_of_all_kinds(void **state)
{
	struct check_word c[CHECKS_MAX];
	struct err err = { 0 };
	assert_int_equal(checks_read("unit caddy\ncontainer web 1\nurl http://127.0.0.1:80/x", c,
	                             CHECKS_MAX, &err),
	                 3);
	assert_int_equal(c[2].what, CHECK_URL);
	assert_string_equal(c[2].name, "http://127.0.0.1:80/x");
	assert_int_equal(checks_read("units caddy", c, CHECKS_MAX, &err), 0);
	assert_int_equal(err.code, ERR_USAGE);
}

/* A secret one is not among the words, and its value not in a sentence. */
static void secret_values(void **state)
{
	static const char lines[] = "WHO\nPASS secret like [a-z]+";
	struct ask_word a[ASKS_MAX];
	struct buf b = { .secret = true };
	struct err err = { 0 };
	assert_int_equal(asks_read(lines, a, ASKS_MAX, &err), 2);
	assert_true(values_read(lines, "WHO=me", &b, &err));
	assert_null(strstr(b.data, "PASS"));
	assert_false(values_read(lines, "WHO=me PASS=zq", &b, &err));
	assert_null(strstr(err.text, "zq"));
	assert_false(value_export(&a[1], "ZQ", &b, &err));
	assert_null(strstr(err.text, "ZQ"));
	assert_true(value_export(&a[1], "zq", &b, &err));
	assert_non_null(strstr(b.data, "zq"));
	assert_non_null(strstr(b.data, "; export PASS\n"));
	buf_finish(&b);
	char buf[64];
	values_suggest("A secret\nWHO\nB secret", buf, sizeof(buf));
	assert_string_equal(buf, "WHO=");
}

static void what_is_suggested(void **state)
{
	char buf[64];
	values_suggest("ROLE one of caddy n8n\nTAG like v[0-9]+", buf, sizeof(buf));
	assert_string_equal(buf, "ROLE=caddy TAG=");
}

/* What follows the output of a run ends with the run, although nobody closes its input. The event
 * of the end may have come before the last output, and then nothing else ends it. */
static void following_ends_with_the_run(void **state)
{
	char dir[] = "/tmp/test_deploy-XXXXXX", path[80];
	struct buf script = { 0 };
	(void)state;
	assert_non_null(mkdtemp(dir));
	setenv("XDG_STATE_HOME", dir, 1);
	script_follow(&script, "1-demo", 0);
	snprintf(path, sizeof(path), "%s/script", dir);
	FILE *f = fopen(path, "w");
	assert_int_equal(fwrite(script.data, 1, script.len, f), script.len);
	fclose(f);
	int code = system("d=$XDG_STATE_HOME/mocr/runs/1-demo; mkdir -p \"$d\"; "
	                  "echo output >\"$d/log\"; : >\"$d/meta\"; sleep 0.5 & "
	                  "echo \"$! $(cat /proc/sys/kernel/random/boot_id)\" >\"$d/pid\"; "
	                  "cd \"$XDG_STATE_HOME\"; mkfifo in; exec 4<>in; cat script >&4; "
	                  "[ \"$(timeout -s KILL 5 sh -s <in)\" = output ]; code=$?; "
	                  "cd /; rm -r \"$XDG_STATE_HOME\"; exit $code");
	assert_int_equal(code, 0);
	buf_finish(&script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_of_all_forms),
		cmocka_unit_test(values_must_fit),
		cmocka_unit_test(a_command_takes_values_as_arguments),
		cmocka_unit_test(a_shell_sees_the_text_alone),
		cmocka_unit_test(words_part_as_a_shell_does),
		cmocka_unit_test(checks_of_all_kinds),
		cmocka_unit_test(what_is_suggested),
		cmocka_unit_test(following_ends_with_the_run),
		cmocka_unit_test(secret_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
