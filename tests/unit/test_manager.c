/* A manager of our own on a real dbus-daemon, told step by step what to answer and when to say that
 * something changed: what comes between the answers to one query must not be overwritten by them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/servers/server.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/services/systemd.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"
#include "tests/unit/listens.h"

#define WAIT_MS 10000
#define UNIT "quick.service"
#define OBJECT SYSTEMD_PATH "/unit/quick_2eservice"

/* What the manager does once it has answered the Get of a property. */
enum turn {
	FAILS_AFTER_SUBSTATE, /* tells that the unit has failed */
	GOES_AFTER_SUBSTATE   /* lets go of it */
};

static char dir[] = "/tmp/mocr-test-manager-XXXXXX";
static char socket_path[64], address[80];
static pid_t daemon_pid, manager_pid;
static struct {
	struct loop *loop;
	struct settings *settings;
	struct store *store;
	struct server *server;
	struct source *source;
} w;

/* --- the manager: a process of its own ----------------------------------- */

static enum turn turn;
static bool is_failed, has_begun;

static void must(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "manager: %s: %s\n", what, strerror(-r));
	_exit(1);
}

static void tell_failed(sd_bus *bus)
{
	sd_bus_message *m = NULL;
	must(sd_bus_message_new_signal(bus, &m, OBJECT, BUS_PROPERTIES, "PropertiesChanged"),
	     "signal");
	must(sd_bus_message_append(m, "sa{sv}as", SYSTEMD_NAME ".Unit", 2, "ActiveState", "s",
	                           "failed", "SubState", "s", "failed", 0),
	     "append");
	must(sd_bus_send(bus, m, NULL), "send");
	sd_bus_message_unref(m);
	is_failed = true;
}

static void tell_gone(sd_bus *bus)
{
	must(sd_bus_emit_signal(bus, SYSTEMD_PATH, SYSTEMD_MANAGER, "UnitRemoved", "so", UNIT,
	                        OBJECT),
	     "removed");
}

static int answer_get(sd_bus_message *call)
{
	const char *interface, *prop;
	sd_bus *bus = sd_bus_message_get_bus(call);
	must(sd_bus_message_read(call, "ss", &interface, &prop), "read");
	const char *state = is_failed ? "failed" : "active";
	bool is_state = strcmp(prop, "ActiveState") == 0, is_sub = strcmp(prop, "SubState") == 0;
	if (strcmp(prop, "Version") == 0)
		return sd_bus_reply_method_return(call, "v", "s", "252 (a test)");
	if (strcmp(prop, "ExecMainStatus") == 0)
		return sd_bus_reply_method_return(call, "v", "i", is_failed ? 7 : 0);
	if (strcmp(prop, "Result") == 0)
		return sd_bus_reply_method_return(call, "v", "s",
		                                  is_failed ? "exit-code" : "success");
	if (strcmp(prop, "LoadState") == 0)
		return sd_bus_reply_method_return(call, "v", "s", "loaded");
	if (!is_state && !is_sub)
		return sd_bus_reply_method_errorf(call,
		                                  "org.freedesktop.DBus.Error.UnknownProperty",
		                                  "no %s", prop);
	int r = sd_bus_reply_method_return(call, "v", "s",
	                                   is_sub && !is_failed ? "running" : state);
	if (is_sub && turn == FAILS_AFTER_SUBSTATE && !is_failed)
		tell_failed(bus);
	else if (is_sub && turn == GOES_AFTER_SUBSTATE)
		tell_gone(bus);
	return r;
}

/* Every list but the first names the unit, as one that runs. */
static int answer_list(sd_bus_message *call)
{
	sd_bus_message *m = NULL;
	must(sd_bus_message_new_method_return(call, &m), "return");
	must(sd_bus_message_open_container(m, 'a', "(ssssssouso)"), "open");
	if (has_begun)
		must(sd_bus_message_append(m, "(ssssssouso)", UNIT, "Quick", "loaded", "active",
		                           "running", "", OBJECT, 0u, "", "/"),
		     "item");
	must(sd_bus_message_close_container(m), "close");
	must(sd_bus_send(NULL, m, NULL), "send");
	sd_bus_message_unref(m);
	return 1;
}

/* The unit begins when the list of files is asked for, which is the last of what is asked at the
 * start. */
static int answer_files(sd_bus_message *call)
{
	sd_bus *bus = sd_bus_message_get_bus(call);
	sd_bus_message *m = NULL;
	must(sd_bus_message_new_method_return(call, &m), "return");
	must(sd_bus_message_append(m, "a(ss)", 0), "files");
	must(sd_bus_send(NULL, m, NULL), "send");
	sd_bus_message_unref(m);
	has_begun = true;
	return sd_bus_emit_signal(bus, SYSTEMD_PATH, SYSTEMD_MANAGER, "UnitNew", "so", UNIT,
	                          OBJECT);
}

static int on_call(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	if (sd_bus_message_is_method_call(m, BUS_PROPERTIES, "Get"))
		return answer_get(m);
	if (sd_bus_message_is_method_call(m, SYSTEMD_MANAGER, "ListUnitsByPatterns"))
		return answer_list(m);
	if (sd_bus_message_is_method_call(m, SYSTEMD_MANAGER, "ListUnitFilesByPatterns"))
		return answer_files(m);
	if (sd_bus_message_is_method_call(m, SYSTEMD_MANAGER, "Subscribe"))
		return sd_bus_reply_method_return(m, "");
	return 0;
}

static void manage(int ready)
{
	sd_bus *bus = NULL;
	must(sd_bus_new(&bus), "new");
	must(sd_bus_set_address(bus, address), "address");
	must(sd_bus_set_bus_client(bus, 1), "client");
	must(sd_bus_start(bus), "start");
	must(sd_bus_add_filter(bus, NULL, on_call, NULL), "filter");
	must(sd_bus_request_name(bus, SYSTEMD_NAME, 0), "name");
	if (write(ready, "1", 1) != 1)
		_exit(1);
	for (;;) {
		int r = sd_bus_process(bus, NULL);
		if (r < 0)
			_exit(0); /* the daemon went */
		if (r == 0)
			sd_bus_wait(bus, UINT64_MAX);
	}
}

/* --- the world ----------------------------------------------------------- */

/* The daemon starts no program for a name that nobody owns. */
static void start_daemon(void)
{
	char config[160];
	snprintf(socket_path, sizeof socket_path, "%s/bus", dir);
	snprintf(address, sizeof address, "unix:path=%s", socket_path);
	snprintf(config, sizeof config, "--config-file=%s/bus.conf", dir);
	FILE *f = fopen(strchr(config, '=') + 1, "w");
	assert_non_null(f);
	fprintf(f,
	        "<busconfig><type>session</type><listen>%s</listen>"
	        "<policy context=\"default\">"
	        "<allow send_destination=\"*\" eavesdrop=\"true\"/>"
	        "<allow receive_sender=\"*\"/><allow own=\"*\"/></policy></busconfig>\n",
	        address);
	fclose(f);
	daemon_pid = fork();
	if (daemon_pid == 0) {
		execlp("dbus-daemon", "dbus-daemon", config, "--nofork", "--nopidfile",
		       "--nosyslog", (char *)NULL);
		_exit(127);
	}
	assert_true(socket_listens(socket_path));
}

static void start_manager(enum turn what)
{
	int ready[2];
	char byte;
	turn = what;
	assert_int_equal(pipe(ready), 0);
	manager_pid = fork();
	if (manager_pid == 0)
		manage(ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
}

static void link_announced(struct link *l, void *arg) {}
static const struct link_events link_events = { link_announced };

static int make_world(void **state)
{
	struct doc complaints;
	if (!mkdtemp(strcpy(dir, "/tmp/mocr-test-manager-XXXXXX")))
		return -1;
	start_daemon();
	doc_init(&complaints);
	w.loop = loop_create();
	w.settings = settings_load("/dev/null", &complaints);
	w.settings->state_dir = (free(w.settings->state_dir), xstrdup(dir));
	w.store = store_create(w.loop, NULL, w.settings);
	w.server = server_add(w.store, "pi");
	w.server->link = link_create_local(w.loop, "pi", &link_events, NULL);
	w.server->is_local = true;
	snprintf(w.server->runtime_dir, sizeof w.server->runtime_dir, "%s", dir);
	w.source = server_source(w.server, "systemd-user");
	doc_finish(&complaints);
	link_connect(w.server->link);
	for (int64_t end = now_mono_ms() + WAIT_MS;
	     w.server->link->state != LINK_UP && now_mono_ms() < end;)
		loop_turn(w.loop, 10);
	return w.server->link->state == LINK_UP ? 0 : -1;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

static int end_world(void **state)
{
	store_destroy(w.store);
	loop_destroy(w.loop);
	settings_destroy(w.settings);
	if (manager_pid)
		end_child(manager_pid);
	end_child(daemon_pid);
	static const char *const files[] = { "activity.jsonl", "bus.conf", "bus" };
	char path[80];
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		unlink(path);
	}
	return rmdir(dir);
}

static struct unit *quick(void)
{
	return ROW_AS(unit, store_find(w.store, "pi/unit/user:" UNIT));
}

/* Until no query is open any more, and a while longer for what they lead to. */
static void until_quiet(void)
{
	struct systemd_source *sd = systemd_of(w.source);
	int64_t end = now_mono_ms() + WAIT_MS, calm = 0;
	while (now_mono_ms() < end && calm < 30) {
		loop_turn(w.loop, 10);
		calm = w.source->state == SOURCE_LIVE && !sd->queries && !sd->n_new ? calm + 1 : 0;
	}
	assert_int_equal(calm, 30);
}

/* --- tests --------------------------------------------------------------- */

static void what_is_told_between_the_answers_of_a_query_stays(void **state)
{
	start_manager(FAILS_AFTER_SUBSTATE);
	w.source->backend->up(w.source);
	until_quiet();
	assert_non_null(quick());
	assert_string_equal(quick()->active, "failed");
	assert_string_equal(quick()->sub, "failed");
	assert_int_equal(quick()->exit_status, 7);
	assert_int_equal(quick()->row.health, HEALTH_BAD);
}

static void what_has_gone_is_not_brought_back_by_a_late_answer(void **state)
{
	start_manager(GOES_AFTER_SUBSTATE);
	w.source->backend->up(w.source);
	until_quiet();
	assert_null(quick());
}

/* Until a list is on its way. One turn of the loop may send a request and take its answer, so the
 * list is wanted as often as that happens. */
static void until_asked(struct systemd_source *sd)
{
	int64_t end = now_mono_ms() + WAIT_MS;
	while (!sync_is_asked(&sd->sync) && now_mono_ms() < end) {
		loop_turn(w.loop, 10);
		bool over = w.source->state == SOURCE_ABSENT && !sync_is_asked(&sd->sync);
		if (over && sync_wait(&sd->sync, loop_now(w.loop)) < 0)
			systemd_relist(sd, true);
	}
	assert_true(sync_is_asked(&sd->sync));
}

/* The bus is there before its manager, as at a first login. The list was wanted once more while it
 * was on its way. */
static void a_manager_that_comes_later_is_seen(void **state)
{
	struct systemd_source *sd = systemd_of(w.source);
	int64_t end = now_mono_ms() + WAIT_MS;
	manager_pid = 0;
	w.source->backend->up(w.source);
	until_asked(sd);
	sync_want(&sd->sync, loop_now(w.loop));
	while ((w.source->state != SOURCE_ABSENT || fetch_is_asked(&sd->failed) ||
	        fetch_is_asked(&sd->files)) &&
	       now_mono_ms() < end)
		loop_turn(w.loop, 10);
	assert_int_equal(w.source->state, SOURCE_ABSENT);
	while ((sync_wait(&sd->sync, loop_now(w.loop)) >= 0 || sync_is_asked(&sd->sync)) &&
	       now_mono_ms() < end)
		loop_turn(w.loop, 10);
	assert_int_equal(sync_wait(&sd->sync, loop_now(w.loop)), -1);
	start_manager(FAILS_AFTER_SUBSTATE);
	until_quiet();
	assert_non_null(quick());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_told_between_the_answers_of_a_query_stays,
		                                make_world, end_world),
		cmocka_unit_test_setup_teardown(what_has_gone_is_not_brought_back_by_a_late_answer,
		                                make_world, end_world),
		cmocka_unit_test_setup_teardown(a_manager_that_comes_later_is_seen, make_world,
		                                end_world),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
