/* What the shell says of a server's sockets decides what is opened, and what an earlier console saw
 * is believed until then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/mem.h"
#include "backends/base/state_file.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"
#include "backends/vitals/sockets.h"

struct world {
	char dir[32];
	struct loop *loop;
	struct http *http;
	struct settings settings;
	struct store *store;
	struct server *server;
};

/* Far away: a link that nothing connects. */
static void open_server(struct world *w)
{
	static const struct link_events events;
	w->loop = loop_create();
	w->http = http_create(w->loop);
	w->settings = (struct settings){ .state_dir = w->dir };
	w->store = store_create(w->loop, w->http, &w->settings);
	w->server = server_add(w->store, "pi");
	w->server->link = link_create_ssh(w->loop, &(struct link_config){ .name = "pi" }, &events,
	                                  NULL);
	server_sockets_up(w->server);
}

static void close_server(struct world *w)
{
	store_destroy(w->store);
	http_destroy(w->http);
	loop_destroy(w->loop);
}

static int begin(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	strcpy(w->dir, "/tmp/mocr-sockets-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	open_server(w);
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;
	close_server(w);
	char *command = xasprintf("rm -rf %s", w->dir);
	int r = system(command);
	free(command);
	free(w);
	return r;
}

static void told(struct world *w, const char *lines)
{
	server_sockets_feed(w->server, lines, strlen(lines));
}

static void says(struct world *w, enum socket_id id, enum socket_say wanted)
{
	assert_int_equal(server_socket(w->server, id), wanted);
}

static void test_nothing_is_opened_before_the_shell_spoke(void **state)
{
	struct world *w = *state;
	says(w, SOCKET_DOCKER, SOCKET_WAIT);
	told(w, "docker ready\npodman absent\nbus shut\nnew-one ready\nbroken\n");
	says(w, SOCKET_DOCKER, SOCKET_OPEN);
	says(w, SOCKET_PODMAN, SOCKET_ABSENT);
	says(w, SOCKET_BUS, SOCKET_DENIED);
	says(w, SOCKET_TAILSCALE, SOCKET_ABSENT); /* it was not named at all */
	told(w, "podman ready\n");
	says(w, SOCKET_PODMAN, SOCKET_OPEN);
}

static void test_one_that_failed_waits_for_somebody_to_listen(void **state)
{
	struct world *w = *state;
	told(w, "docker ready\ntailscale ready\n");
	server_socket_failed(w->server, SOCKET_DOCKER, false);
	says(w, SOCKET_DOCKER, SOCKET_STOPPED);
	server_socket_failed(w->server, SOCKET_TAILSCALE, false);
	says(w, SOCKET_TAILSCALE, SOCKET_ABSENT); /* no engine */
	told(w, "docker ready\n");
	says(w, SOCKET_DOCKER, SOCKET_STOPPED);
	told(w, "docker listens\n");
	says(w, SOCKET_DOCKER, SOCKET_OPEN);
	server_socket_failed(w->server, SOCKET_DOCKER, true);
	says(w, SOCKET_DOCKER, SOCKET_STOPPED);
	told(w, "docker absent\n");
	told(w, "docker ready\n"); /* made again */
	says(w, SOCKET_DOCKER, SOCKET_OPEN);
}

static void test_without_a_shell_each_is_tried_once(void **state)
{
	struct world *w = *state;
	server_sockets_unknown(w->server);
	assert_true(server_sockets_untellable(w->server));
	says(w, SOCKET_DOCKER, SOCKET_OPEN);
	server_socket_failed(w->server, SOCKET_DOCKER, false);
	says(w, SOCKET_DOCKER, SOCKET_ABSENT);
	server_sockets_up(w->server); /* a new connection */
	server_sockets_unknown(w->server);
	says(w, SOCKET_DOCKER, SOCKET_ABSENT);
	says(w, SOCKET_BUS, SOCKET_OPEN);
	server_sockets_forgive(w->server);
	says(w, SOCKET_DOCKER, SOCKET_OPEN);
}

static void test_the_next_console_believes_what_was_seen(void **state)
{
	struct world *w = *state;
	told(w, "docker ready\nbus ready\npodman ready\ntailscale absent\n");
	server_socket_failed(w->server, SOCKET_PODMAN, false);
	close_server(w);
	open_server(w);
	says(w, SOCKET_DOCKER, SOCKET_OPEN);
	says(w, SOCKET_BUS, SOCKET_OPEN);
	says(w, SOCKET_TAILSCALE, SOCKET_WAIT); /* it may be there by now */
	says(w, SOCKET_PODMAN, SOCKET_WAIT);
	told(w, "docker ready\nbus ready\npodman ready\ntailscale ready\n");
	/* still nobody that listens, as far as is known */
	says(w, SOCKET_PODMAN, SOCKET_STOPPED);
	says(w, SOCKET_TAILSCALE, SOCKET_OPEN);
	char *file = xasprintf("%s/sockets", w->dir), *text = state_read(file, 4096, NULL, NULL);
	assert_string_equal(text, "pi\tdocker ready\tdocker-user \tpodman dead\tpodman-user \tbus "
	                          "ready\tbus-user \ttailscale ready\n");
	free(file);
	free(text);
}

static void turn_for(struct world *w, int ms)
{
	for (int64_t end = loop_now(w->loop) + ms; loop_now(w->loop) < end;)
		loop_turn(w->loop, 10);
}

/* The shell that said so has gone: what was absent may be there by now. */
static void test_what_was_absent_is_tried_again_without_a_shell(void **state)
{
	struct world *w = *state;
	int64_t before = sockets_lost_ms;
	sockets_lost_ms = 60;
	told(w, "docker absent\nbus ready\npodman shut\n");
	server_sockets_unknown(w->server);
	/* not at once: each try in vain is a line in a journal */
	says(w, SOCKET_DOCKER, SOCKET_ABSENT);
	turn_for(w, 100);
	says(w, SOCKET_DOCKER, SOCKET_OPEN);
	says(w, SOCKET_PODMAN, SOCKET_OPEN);
	server_socket_failed(w->server, SOCKET_DOCKER, false);
	says(w, SOCKET_DOCKER, SOCKET_ABSENT);
	turn_for(w, 160); /* twice as long */
	says(w, SOCKET_DOCKER, SOCKET_OPEN);
	told(w, "docker absent\nbus ready\npodman shut\n");
	turn_for(w, 300);
	says(w, SOCKET_DOCKER, SOCKET_ABSENT); /* it speaks again */
	sockets_lost_ms = before;
}

/* What the shell reports of an engine decides whether it is absent or stopped. */
static void test_an_engine_that_is_set_up(void **state)
{
	static const struct {
		const char *word;
		enum socket_say say;
		bool set_up;
	} cases[] = {
		{ "absent", SOCKET_ABSENT, false }, { "stopped", SOCKET_STOPPED, true },
		{ "shut", SOCKET_DENIED, false },   { "ready", SOCKET_OPEN, true },
		{ "listens", SOCKET_OPEN, true },   { "stoppe", SOCKET_ABSENT, false },
		{ "stopped ", SOCKET_ABSENT, false }
	};
	struct world *w = *state;
	assert_false(server_socket_is_set_up(w->server, SOCKET_DOCKER));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *lines = xasprintf("docker %s\nbus ready\n", cases[i].word);
		told(w, lines);
		free(lines);
		says(w, SOCKET_DOCKER, cases[i].say);
		assert_int_equal(server_socket_is_set_up(w->server, SOCKET_DOCKER),
		                 cases[i].set_up);
		assert_false(server_socket_is_set_up(w->server, SOCKET_BUS));
		assert_false(server_socket_is_set_up(w->server, SOCKET_PODMAN));
	}
	told(w, "docker stopped\n");
	server_sockets_unknown(w->server); /* nobody knows any more */
	assert_false(server_socket_is_set_up(w->server, SOCKET_DOCKER));
	close_server(w);
	open_server(w);
	says(w, SOCKET_DOCKER, SOCKET_WAIT); /* it may run by now */
}

static void test_only_that_path_is_told_of(void **state)
{
	struct world *w = *state;
	struct server *v = w->server;
	v->uid = 1000;
	assert_true(server_socket_is_told(v, SOCKET_DOCKER_USER, "/run/user/1000/docker.sock"));
	assert_false(
		server_socket_is_told(v, SOCKET_DOCKER_USER, "/run/user/1000/second/docker.sock"));
	assert_false(server_socket_is_told(v, SOCKET_DOCKER_USER, "/run/user/1001/docker.sock"));
	assert_false(
		server_socket_is_told(v, SOCKET_DOCKER_USER, "/run/user/1000/podman/podman.sock"));
	assert_true(
		server_socket_is_told(v, SOCKET_PODMAN_USER, "/run/user/1000/podman/podman.sock"));
	strcpy(v->runtime_dir, "/run/u/ops");
	assert_true(server_socket_is_told(v, SOCKET_DOCKER_USER, "/run/u/ops/docker.sock"));
	assert_false(server_socket_is_told(v, SOCKET_DOCKER_USER, "/run/u/ops2/docker.sock"));
	assert_true(server_socket_is_told(v, SOCKET_DOCKER, "/var/run/docker.sock"));
	assert_false(server_socket_is_told(v, SOCKET_DOCKER, "/var/run/docker.sock2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_opened_before_the_shell_spoke,
		                                begin, end),
		cmocka_unit_test_setup_teardown(test_one_that_failed_waits_for_somebody_to_listen,
		                                begin, end),
		cmocka_unit_test_setup_teardown(test_without_a_shell_each_is_tried_once, begin,
		                                end),
		cmocka_unit_test_setup_teardown(test_the_next_console_believes_what_was_seen, begin,
		                                end),
		cmocka_unit_test_setup_teardown(test_what_was_absent_is_tried_again_without_a_shell,
		                                begin, end),
		cmocka_unit_test_setup_teardown(test_an_engine_that_is_set_up, begin, end),
		cmocka_unit_test_setup_teardown(test_only_that_path_is_told_of, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
