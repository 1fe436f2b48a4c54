/* Whether sudo wants a password, read from the list of a login's rules as real ones print it
 * (sudo 1.9.13, 1.9.16). The list and the groups are given by programs of our own in PATH; the real
 * sudo is in tests/lab/e2e/guest.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "backends/base/mem.h"
#include "backends/servers/sudo.h"

static char dir[] = "/tmp/mocr-sudo-XXXXXX";

static void program(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", text);
	fclose(f);
	assert_int_equal(chmod(path, 0755), 0);
	free(path);
}

/* How `may docker` ends in a shell; list NULL: sudo refuses it. */
static int may(const char *shell, const char *groups, const char *list)
{
	setenv("GROUPS_HERE", groups, 1);
	setenv("RULES_HERE", list ? list : "", 1);
	char *command = xasprintf("PATH=%s:$PATH %s -c '%smay docker'", dir, shell, SUDO_MAY);
	int status = system(command);
	free(command);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_rules(void **state)
{
	static const struct {
		const char *groups, *list;
		int code;
	} cases[] = {
		{ "ops sudo", NULL, 1 },
		{ "ops wheel", "    (ALL : ALL) NOPASSWD: ALL", 0 },
		{ "ops sudo", "    (ALL : ALL) ALL\n    (root) NOPASSWD: /usr/bin/wg show all dump",
		  1 },
		{ "ops sudo",
		  "    (ALL : ALL) ALL\n    (root) NOPASSWD: /usr/bin/wg, /usr/bin/docker", 0 },
		{ "ops sudo", "    (root) NOPASSWD: /usr/bin/docker system *, PASSWD: ALL", 0 },
		{ "ops sudo", "    (root) NOPASSWD: /usr/bin/wg, PASSWD: /usr/bin/docker", 1 },
		{ "ops sudo", "    (root) NOPASSWD: /usr/bin/docker-compose", 1 },
		/* listed without a password: it was given a moment ago */
		{ "ops sudo", "    (ALL : ALL) ALL", 0 },
		{ "ops admin", "    (root) NOPASSWD: /usr/bin/docker", 0 },
		{ "ops pseudo", NULL, 0 }, /* sudo is not asked for a list */
	};
	static const char *const shells[] = { "dash", "bash" };
	program("sudo", "[ \"$1 $2\" = \"-n -l\" ] && [ -n \"$RULES_HERE\" ] || exit 1\nprintf "
	                "'%s\\n' \"$RULES_HERE\"");
	program("id", "echo \"$GROUPS_HERE\"");
	for (size_t s = 0; s < ARRAY_LEN(shells); s++)
		for (size_t i = 0; i < ARRAY_LEN(cases); i++)
			if (may(shells[s], cases[i].groups, cases[i].list) != cases[i].code)
				fail_msg("%s, case %zu: not %d", shells[s], i, cases[i].code);
}

static int begin(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	char *command = xasprintf("rm -rf %s", dir);
	int r = system(command);
	free(command);
	return r;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rules) };
	return cmocka_run_group_tests(tests, begin, end);
}
