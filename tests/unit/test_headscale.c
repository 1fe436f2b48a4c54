/* Every action on Headscale, in the words of every release from 0.23 to 0.30, by REST and by its
 * program. The fake is as strict as that release (fakes/headscale). Also what a release cannot do.
 * The real one of 0.26.1 is in tests/lab. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/http.h"
#include "backends/link/loop.h"
#include "backends/store/record.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"
#include "backends/vpn/headscale.h"

#define FAKE "tests/unit/fakes/headscale"
#define PATIENCE_MS 20000

struct world {
	char dir[64], state[80];
	struct headscale_config config;
	struct settings settings;
	struct loop *loop;
	struct http *http;
	struct store *store;
	struct server *server;
	struct hs *hs;
	pid_t fake;
	char shown[200]; /* the key that was shown once */
};

static void no_link(struct link *link, void *arg) {}

/* The fake of that release, started: its port. */
static int start_rest(struct world *w, int minor)
{
	int out[2], port = 0;
	char number[16];
	snprintf(number, sizeof(number), "%d", minor);
	assert_int_equal(pipe(out), 0);
	w->fake = fork();
	if (!w->fake) {
		dup2(out[1], 1);
		execl(FAKE, FAKE, "rest", number, w->state, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	FILE *f = fdopen(out[0], "r");
	assert_int_equal(fscanf(f, "%d", &port), 1);
	fclose(f);
	return port;
}

/* The next look shows it, or the one after that. */
#define UNTIL(w, condition)                                                       \
	do {                                                                      \
		for (int64_t end_ = now_mono_ms() + PATIENCE_MS;                  \
		     !(condition) && now_mono_ms() < end_;)                       \
			loop_turn((w)->loop, 10);                                 \
		if (!(condition))                                                 \
			fail_msg("never so: %s; the source says: %s", #condition, \
			         (w)->hs->source.err.text);                       \
	} while (0)

static struct world *world_new(int minor, bool rest, const char *key)
{
	static const struct link_events events = { .changed = no_link };
	struct world *w = xcalloc(1, sizeof(*w));
	snprintf(w->dir, sizeof(w->dir), "/tmp/test_headscale.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->state, sizeof(w->state), "%s/state", w->dir);
	w->config = (struct headscale_config){ .name = "home" };
	if (rest) {
		w->config.url = xasprintf("http://127.0.0.1:%d", start_rest(w, minor));
		w->config.token_command = xasprintf("echo %s", key);
	} else {
		char *here = get_current_dir_name();
		w->config.command = xasprintf("%s/" FAKE " cli %d %s", here, minor, w->state);
		free(here);
	}
	w->settings = (struct settings){ .state_dir = w->dir, .headscales = &w->config };
	w->loop = loop_create();
	w->http = http_create(w->loop);
	w->store = store_create(w->loop, w->http, &w->settings);
	w->server = server_add(w->store, "here");
	w->server->is_local = true;
	w->server->uid = 0;
	w->server->link = link_create_local(w->loop, "here", &events, NULL);
	link_connect(w->server->link);
	for (int i = 0; i < 100 && w->server->link->state != LINK_UP; i++)
		loop_turn(w->loop, 10);
	w->hs = hs_of(server_source(w->server, "headscale"));
	w->hs->source.backend->up(&w->hs->source);
	return w;
}

/* Ends the look by program that is on its way. */
static void stop_poll(struct world *w)
{
	run_cancel(w->hs->run);
	w->hs->run = NULL;
	fetch_cancel(&w->hs->poll);
}

static void world_end(struct world *w)
{
	char command[128];
	store_destroy(w->store);
	http_destroy(w->http);
	loop_destroy(w->loop);
	if (w->fake > 0) {
		kill(w->fake, SIGKILL);
		waitpid(w->fake, NULL, 0);
	}
	snprintf(command, sizeof(command), "rm -rf '%s'", w->dir);
	assert_int_equal(system(command), 0);
	free(w->config.url);
	free(w->config.token_command);
	free(w->config.command);
	free(w);
}

static void on_show(struct order *order, const char *what, const char *text, void *arg)
{
	struct world *w = arg;
	snprintf(w->shown, sizeof(w->shown), "%s", text);
}

static struct row *row_of(const struct world *w, const char *local)
{
	char id[100];
	snprintf(id, sizeof(id), "here/peer/%s", local);
	return store_find(w->store, id);
}

/* What Headscale tells of the node, or of nothing. */
static const struct vpn_peer *node(const struct world *w, const char *local)
{
	static const struct vpn_peer none;
	const struct row *row = row_of(w, local);
	return row ? &const_peer_of(row)->at : &none;
}

/* Does it to the row of that name and waits for its end; what is worth saying: the error, or "". */
static const char *act(struct world *w, const char *local, const char *verb, const char *argument)
{
	static char said[400];
	struct err err = { 0 };
	const struct action *a = action_find(&kind_peer, verb);
	assert_non_null(a);
	UNTIL(w, row_of(w, local));
	struct order *order = order_start(row_of(w, local), a, argument, &err);
	if (!order)
		fail_msg("%s: %s", verb, err.text);
	order->show = on_show;
	order->done_arg = w;
	UNTIL(w, order->state != ORDER_RUNNING);
	snprintf(said, sizeof(said), "%s", order->state == ORDER_DONE ? "" : order->err.text);
	return said;
}

#define DOES(w, local, verb, argument) assert_string_equal(act(w, local, verb, argument), "")
#define SAYS(w, local, verb, argument, words)                                          \
	do {                                                                           \
		const char *said_ = act(w, local, verb, argument);                     \
		if (!strstr(said_, words))                                             \
			fail_msg("%s said \"%s\" and not \"%s\"", verb, said_, words); \
	} while (0)

/* The last line of what the fake was told to change. */
static const char *last_change(const struct world *w)
{
	static char line[300];
	char path[100];
	snprintf(path, sizeof(path), "%s.log", w->state);
	FILE *f = fopen(path, "r");
	line[0] = '\0';
	while (f && fgets(line, sizeof(line), f))
		line[strcspn(line, "\n")] = '\0';
	if (f)
		fclose(f);
	return line;
}

#define CHANGED(w, line) assert_string_equal(last_change(w), line)

static bool kept_anywhere(const struct world *w, const char *word)
{
	char command[300];
	snprintf(command, sizeof(command), "grep -rq --exclude='state*' '%s' '%s'", word, w->dir);
	return system(command) == 0;
}

static void nodes_of(struct world *w)
{
	const struct vpn_peer *pi = node(w, "headscale:pi");
	assert_string_equal(pi->id, "7");
	assert_string_equal(pi->user, "default");
	assert_string_equal(pi->tags, "tag:a");
	assert_string_equal(pi->routes, "10.0.0.0/24");
	assert_string_equal(pi->offered, "0.0.0.0/0, ::/0");
	DOES(w, "headscale:pi", "rename", "pi-two");
	CHANGED(w, "node 7 rename pi-two");
	DOES(w, "headscale:pi-two", "tag", "tag:x, tag:y");
	CHANGED(w, "node 7 tags tag:x,tag:y");
	UNTIL(w, !strcmp(node(w, "headscale:pi-two")->tags, "tag:x, tag:y"));
	DOES(w, "headscale:pi-two", "approve routes", "0.0.0.0/0 ::/0");
	UNTIL(w, !strcmp(node(w, "headscale:pi-two")->routes, "0.0.0.0/0, ::/0"));
	assert_string_equal(node(w, "headscale:pi-two")->offered, "10.0.0.0/24");
	assert_true(node(w, "headscale:pi-two")->exit_option);
	SAYS(w, "headscale:pi-two", "rename", "Two Words", "a name has a-z");
	SAYS(w, "headscale:pi-two", "tag", "x", "a tag reads tag:NAME");
	SAYS(w, "headscale:pi-two", "approve routes", "everything", "a route reads");
}

static void keys_of(struct world *w, int minor)
{
	assert_int_equal(w->hs->users.n, 2);
	DOES(w, "headscale", "list users", NULL);
	DOES(w, "headscale", "make key", "ops 48h reusable ephemeral tag:srv");
	CHANGED(w, "key user=ops reusable=True ephemeral=True tags=tag:srv hours=48");
	assert_true(strlen(w->shown) >= 48);
	assert_false(kept_anywhere(w, w->shown));
	DOES(w, "headscale", "list keys", NULL);
	assert_int_equal(w->hs->keys.n, 1);
	assert_string_equal(w->hs->keys.at[0].user, "ops");
	assert_true(strlen(w->hs->keys.at[0].shown) < strlen(w->shown));
	DOES(w, "headscale", "expire key", "1");
	CHANGED(w, "key 1 expired");
	DOES(w, "headscale", "make key", "default 30m");
	CHANGED(w, "key user=default reusable=False ephemeral=False tags= hours=0");
	SAYS(w, "headscale", "make key", "nobody 24h", "not a user of this Headscale");
	if (minor >= 28) {
		SAYS(w, "headscale", "expire key", "hskey-auth-prefix000002", "by its number");
		DOES(w, "headscale", "make key", "24h tag:srv");
		CHANGED(w, "key user=None reusable=False ephemeral=False tags=tag:srv hours=24");
	} else {
		SAYS(w, "headscale", "expire key", "abcdef", "no such key");
		SAYS(w, "headscale", "make key", "24h tag:srv", "needs a user");
	}
}

static void ends_of(struct world *w, int minor)
{
	if (minor >= 28)
		SAYS(w, "headscale:pi-two", "tag", "", "cannot be left without any");
	else
		DOES(w, "headscale:pi-two", "tag", "");
	DOES(w, "headscale:pi-two", "expire", NULL);
	CHANGED(w, "node 7 expire");
	UNTIL(w, row_of(w, "headscale:pi-two") &&
	                 row_of(w, "headscale:pi-two")->health == HEALTH_ATTENTION);
	DOES(w, "headscale:pi-two", "delete", NULL);
	CHANGED(w, "node 7 delete");
	UNTIL(w, !row_of(w, "headscale:pi-two"));
}

static void one_release(int minor, bool rest)
{
	struct world *w = world_new(minor, rest, "hskey");
	char version[16];
	UNTIL(w, w->hs->source.state == SOURCE_LIVE);
	snprintf(version, sizeof(version), minor < 27 && rest ? "like 0.%d" : "0.%d.1",
	         minor < 26 && rest ? 25 : minor);
	assert_string_equal(w->hs->version, version);
	/* by its program the routes of old releases come with the second look, when the release is
	 * known */
	if (minor < 26 && !rest)
		hs_poll_now(&w->hs->source);
	UNTIL(w, *node(w, "headscale:pi")->routes);
	nodes_of(w);
	keys_of(w, minor);
	ends_of(w, minor);
	world_end(w);
}

#define REST(minor)                                      \
	static void test_rest_of_0_##minor(void **state) \
	{                                                \
		one_release(minor, true);                \
	}
#define PROGRAM(minor)                                      \
	static void test_program_of_0_##minor(void **state) \
	{                                                   \
		one_release(minor, false);                  \
	}
REST(23)
REST(24)
REST(25)
REST(26)
REST(27)
REST(28)
REST(29)
REST(30)
/* what lies between is called as its neighbour */
PROGRAM(23)
PROGRAM(25)
PROGRAM(26)
PROGRAM(28)
PROGRAM(30)

/* Up to 0.26 a wrong key is answered with 500. */
static void test_a_wrong_key(void **state)
{
	for (int minor = 26; minor <= 30; minor += 4) {
		struct world *w = world_new(minor, true, "wrong");
		UNTIL(w, w->hs->source.state == SOURCE_DENIED);
		assert_non_null(strstr(w->hs->source.err.text, "rejects the API key"));
		world_end(w);
	}
}

/* A login page of a proxy is 200, too. */
static void test_a_web_page(void **state)
{
	struct world *w = world_new(0, true, "hskey");
	UNTIL(w, w->hs->source.state == SOURCE_FAILED);
	assert_non_null(strstr(w->hs->source.err.text, "web page"));
	world_end(w);
}

/* It goes away: its row says so, the rows of its nodes stay. */
static void test_one_that_goes_away(void **state)
{
	struct world *w = world_new(29, true, "hskey");
	UNTIL(w, w->hs->source.state == SOURCE_LIVE);
	kill(w->fake, SIGKILL);
	waitpid(w->fake, NULL, 0);
	w->fake = 0;
	hs_poll_now(&w->hs->source);
	UNTIL(w, w->hs->source.state == SOURCE_STALE);
	assert_non_null(row_of(w, "headscale:pi"));
	struct row *own = row_of(w, "headscale");
	assert_int_equal(own->health, HEALTH_BAD);
	assert_non_null(strstr(own->why, "does not answer"));
	world_end(w);
}

/* What is named in the configuration and is not there. */
static void test_no_such_program(void **state)
{
	struct world *w = world_new(26, false, "");
	free(w->config.command);
	w->config.command = xstrdup("/nonexistent/headscale");
	stop_poll(w);
	w->hs->shown = true;
	hs_poll_now(&w->hs->source);
	UNTIL(w, w->hs->source.state != SOURCE_WAITING);
	assert_non_null(strstr(w->hs->source.err.text, "there is no /nonexistent/headscale"));
	/* each look that fails makes the next pause longer */
	assert_int_equal(w->hs->poll.state, FETCH_FAILED);
	assert_int_equal(w->hs->pause.fails, 1);
	hs_poll_now(&w->hs->source);
	UNTIL(w, w->hs->pause.fails == 2);
	world_end(w);
}

/* The sentence names the section and the exit code. It holds no word of the command, which may be a
 * secret. */
static void test_a_command_that_fails(void **state)
{
	struct world *w =
		world_new(26, true,
	                  "hskey; v=s.hvs12345; echo \"the vault does not know $v\" >&2; exit 3");
	UNTIL(w, w->hs->source.state == SOURCE_DENIED);
	assert_non_null(strstr(w->hs->source.err.text, "[headscale home]: token_command ended with "
	                                               "code 3: *** ***** **** *** ****"));
	assert_null(strstr(w->hs->source.err.text, "hvs"));
	world_end(w);
}

/* A url of another form is no end: the right one of a later :reload is asked at once. */
static void test_a_wrong_url_is_mended(void **state)
{
	(void)state;
	struct world *w = world_new(26, true, "hskey");
	struct source *source = &w->hs->source;
	UNTIL(w, source->state != SOURCE_WAITING);
	struct headscale_config wrong = w->config;
	struct settings bad = w->settings;
	wrong.url = (char *)"headscale.example";
	bad.headscales = &wrong;
	servers_reconfigure(w->store, &bad, false);
	UNTIL(w, strstr(source->err.text, "url must read http://HOST:PORT"));
	struct settings good = w->settings;
	servers_reconfigure(w->store, &good, false);
	UNTIL(w, !strstr(source->err.text, "url must read"));
	UNTIL(w, !source->err.code);
	servers_reconfigure(w->store, &w->settings, false);
	world_end(w);
}

/* Its program warns before the JSON, and the JSON has keys: the nodes are there, and the keys are
 * not in what is recorded. */
static void test_warnings_before_the_nodes(void **state)
{
	static const char secret[] = "hs7secret00hs7secret11hs7secret22hs7secret33hs7s";
	struct world *w = world_new(26, false, "");
	struct err err;
	char *script = xasprintf("%s/headscale", w->dir), *folder = xasprintf("%s/rec", w->dir),
	     *answers = xasprintf("%s/answers", folder), all[65536] = "";
	FILE *f = fopen(script, "w");
	fprintf(f,
	        "#!/bin/sh\ncase $* in *nodes*) echo '2026-01-02T03:04:05Z WRN a setting is "
	        "deprecated'; echo '[WARN] key %s will end'\n"
	        "echo "
	        "'[{\"id\":1,\"name\":\"pi\",\"given_name\":\"pi\",\"ip_addresses\":[\"100.64.0."
	        "7\"],\"pre_auth_key\":{\"id\":3,\"key\":\"%s\"}}]'\n"
	        ";; *) echo 0.26.1;; esac\n",
	        secret, secret);
	fclose(f);
	chmod(script, 0700);
	stop_poll(w);
	free(w->config.command);
	w->config.command = xstrdup(script);
	assert_true(record_start(w->store, folder, &err));
	hs_poll_now(&w->hs->source);
	UNTIL(w, w->hs->source.state == SOURCE_LIVE);
	assert_non_null(row_of(w, "headscale:pi"));
	record_stop(w->store);
	f = fopen(answers, "r");
	assert_true(fread(all, 1, sizeof(all) - 1, f) > 0);
	fclose(f);
	assert_non_null(strstr(all, "100.64.0.7"));
	assert_null(strstr(all, "secret11"));
	/* And when it says nothing but that. */
	struct buf said = { 0 };
	hs_mask_keys(&said, all, 0);
	char *text = xasprintf("2026-01-02 WRN old\nkey: %s and %s", secret, secret);
	hs_mask_keys(&said, text, strlen(text));
	assert_null(strstr(said.data, "secret11"));
	assert_non_null(strstr(said.data, "WRN old"));
	buf_finish(&said);
	free(text);
	free(script);
	free(folder);
	free(answers);
	world_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rest_of_0_23),
		cmocka_unit_test(test_rest_of_0_24),
		cmocka_unit_test(test_rest_of_0_25),
		cmocka_unit_test(test_rest_of_0_26),
		cmocka_unit_test(test_rest_of_0_27),
		cmocka_unit_test(test_rest_of_0_28),
		cmocka_unit_test(test_rest_of_0_29),
		cmocka_unit_test(test_rest_of_0_30),
		cmocka_unit_test(test_program_of_0_23),
		cmocka_unit_test(test_program_of_0_25),
		cmocka_unit_test(test_program_of_0_26),
		cmocka_unit_test(test_program_of_0_28),
		cmocka_unit_test(test_program_of_0_30),
		cmocka_unit_test(test_a_wrong_key),
		cmocka_unit_test(test_a_web_page),
		cmocka_unit_test(test_one_that_goes_away),
		cmocka_unit_test(test_no_such_program),
		cmocka_unit_test(test_a_command_that_fails),
		cmocka_unit_test(test_a_wrong_url_is_mended),
		cmocka_unit_test(test_warnings_before_the_nodes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
