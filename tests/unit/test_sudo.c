/* Whether sudo wants a password, read from the list of a login's rules as real ones print it
 * (sudo 1.9.13, 1.9.16). And that input for the command never reaches a sudo that asks for a
 * password. Programs of our own in PATH stand for sudo and id; the real sudo is in
 * tests/lab/e2e/guest.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/ask.h"
#include "backends/link/http.h"
#include "backends/link/loop.h"
#include "backends/servers/server.h"
#include "backends/servers/sudo.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"
#include "backends/store/store.h"

static char dir[] = "/tmp/mocr-sudo-XXXXXX";

static void program(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", dir, name);
	unlink(path); /* it may belong to another user */
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

/* --- a password, and input for the command ------------------------------- */

/* Like sudo 1.9 with passwd_tries = 3: -S reads up to three lines of standard input as passwords,
 * and each becomes a line of the file "tries". TICKETS=no is timestamp_timeout = 0. */
static const char asking_sudo[] =
	"cd ${0%/*} || exit 9\n"
	"check() {\n"
	"  for n in 1 2 3; do\n"
	"    IFS= read -r line || break\n"
	"    printf '%s\\n' \"$line\" >>tries\n"
	"    [ \"$line\" = right ] && return\n"
	"    echo 'Sorry, try again.' >&2\n"
	"  done\n"
	"  echo 'sudo: no password was provided' >&2; exit 1\n"
	"}\n"
	"case $1 in\n"
	"-k) rm -f ticket; exit;;\n"
	"-S) check; shift 3; [ \"$TICKETS\" = no ] || : >ticket;;\n"
	"-n) [ -e ticket ] || { echo 'sudo: a password is required' >&2; exit 1; }; shift;;\n"
	"esac\n"
	"case $1 in -v) exit 0;; --) shift;; esac\n"
	"exec \"$@\"";

struct world {
	struct loop *loop;
	struct http *http;
	const struct settings *settings;
	struct store *store;
	struct server *server;
	struct sudo *sudo;
	bool done;
	int exit_code;
	enum err_code code;
	char out[100];
};

static int begin_world(void **state)
{
	static const struct link_events none = { .changed = NULL };
	struct world *w = xcalloc(1, sizeof(*w));
	struct doc complaints;
	/* root needs no sudo; the files are written by whoever this is */
	assert_int_equal(chmod(dir, 0777), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	doc_init(&complaints);
	w->settings = settings_load("/dev/null", &complaints);
	doc_finish(&complaints);
	w->loop = loop_create();
	w->http = http_create(w->loop);
	w->store = store_create(w->loop, w->http, w->settings);
	w->server = server_add(w->store, "here");
	w->server->link = link_create_local(w->loop, "here", &none, NULL);
	link_connect(w->server->link);
	for (int i = 0; i < 50 && w->server->link->state != LINK_UP; i++)
		loop_turn(w->loop, 10);
	w->sudo = sudo_create(w->server);
	char *path = xasprintf("%s:%s", dir, getenv("PATH"));
	setenv("PATH", path, 1);
	free(path);
	setenv("GROUPS_HERE", "ops", 1);
	unsetenv("TICKETS");
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	struct world *w = *state;
	sudo_destroy(w->sudo);
	store_destroy(w->store);
	http_destroy(w->http);
	settings_destroy(w->settings);
	loop_destroy(w->loop);
	free(w);
	setenv("PATH", strchr(getenv("PATH"), ':') + 1, 1);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	return 0;
}

static void on_done(const struct run_result *r, void *arg)
{
	struct world *w = arg;
	w->done = true;
	w->exit_code = r->end.exit_code;
	w->code = r->end.err.code;
	snprintf(w->out, sizeof(w->out), "%s", r->out);
}

/* Gives this answer to the question that is open now, or comes soon. NULL: gives up. */
static void answer(struct world *w, const char *word)
{
	for (int64_t end = now_mono_ms() + 10000; !w->server->asks && now_mono_ms() < end;)
		loop_turn(w->loop, 10);
	struct ask *ask = w->server->asks;
	assert_non_null(ask);
	assert_int_equal(ask->kind, ASK_SUDO);
	ask_answer(ask, word ? secret_create(word, strlen(word)) : NULL, false);
}

static void until_done(struct world *w)
{
	for (int64_t end = now_mono_ms() + 10000; !w->done && now_mono_ms() < end;)
		loop_turn(w->loop, 10);
	assert_true(w->done);
}

/* What sudo read as passwords so far. */
static void assert_tries(const char *expected)
{
	char *path = xasprintf("%s/tries", dir), got[400] = "";
	FILE *f = fopen(path, "r");
	free(path);
	if (f) {
		got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
		fclose(f);
	}
	assert_string_equal(got, expected);
}

static const char three_lines[] = "auth-key-one\nauth-key-two\nright\n";

static void start_with_input(struct world *w)
{
	static const char *const argv[] = { "cat", NULL };
	char *tries = xasprintf("%s/tries", dir);
	unlink(tries);
	free(tries);
	program("sudo", asking_sudo);
	program("id", "echo \"$GROUPS_HERE\"");
	w->done = false;
	sudo_run_input(w->sudo, argv, three_lines, strlen(three_lines), 1000, 20000, on_done, w);
}

/* One line of input is the right password: it must not be taken for one. */
static void test_wrong_password_with_input(void **state)
{
	struct world *w = *state;
	start_with_input(w);
	answer(w, "wrong");
	answer(w, NULL);
	until_done(w);
	assert_int_equal(w->code, ERR_CANCELLED);
	assert_tries("wrong\n");
}

static void test_right_password_with_input(void **state)
{
	static const char *const tries[] = { "wrong\nright\n", "wrong\nright\nright\n" };
	struct world *w = *state;
	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		if (i == 1)
			setenv("TICKETS", "no", 1);
		start_with_input(w);
		answer(w, "wrong");
		answer(w, "right");
		until_done(w);
		assert_int_equal(w->code, ERR_NONE);
		assert_int_equal(w->exit_code, 0);
		assert_string_equal(w->out, three_lines);
		assert_tries(tries[i]);
	}
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test_setup_teardown(test_wrong_password_with_input, begin_world,
		                                end_world),
		cmocka_unit_test_setup_teardown(test_right_password_with_input, begin_world,
		                                end_world),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
