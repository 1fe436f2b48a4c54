/* bus.c against a real dbus-daemon of our own, on this machine's link: greeting, calls, errors,
 * signals, every type as JSON, and endpoints that lead nowhere. */
#include <setjmp.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/bus.h"
#include "backends/link/loop.h"
#include "tests/unit/listens.h"

#define PATIENCE_MS 30000 /* a sanitizer on a busy machine takes seconds for 8 MB of items */
#define TURNS 400         /* of 10 ms: no wait is longer */
#define NAME "org.freedesktop.DBus"
#define PATH "/org/freedesktop/DBus"

static char dir[] = "/tmp/mocr-test-bus-XXXXXX";
static char address[80], socket_path[64];
static pid_t daemon_pid;

static struct loop *loop;
static struct link *link_here;

/* Stands before libc's, also for libsystemd. Counts watches of files that were closed before. */
static int watches_of_nothing;

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	long r = syscall(SYS_epoll_ctl, epfd, op, fd, event);
	watches_of_nothing += r < 0;
	return (int)r;
}

/* What came, as the tests look at it. */
static struct {
	bool opened, closed, answered;
	struct err err;
	char name[128], json[65536];
	char path[128], interface[128], member[128], signal[4096];
} got;

static void on_opened(struct bus *bus, void *arg)
{
	got.opened = true;
}

static void on_signal(struct bus *bus, const char *path, const char *interface, const char *member,
                      const char *json, size_t len, void *arg)
{
	snprintf(got.path, sizeof got.path, "%s", path);
	snprintf(got.interface, sizeof got.interface, "%s", interface);
	snprintf(got.member, sizeof got.member, "%s", member);
	snprintf(got.signal, sizeof got.signal, "%s", json);
}

static struct bus_call *waiting; /* cancelled when the bus closes, as an owner would */

static void on_closed(struct bus *bus, const struct err *err, void *arg)
{
	bus_call_cancel(waiting);
	waiting = NULL;
	got.closed = true;
	got.err = *err;
}

static const struct bus_events events = { on_opened, on_signal, on_closed };

static void on_answer(const char *json, size_t len, const struct err *err, const char *name,
                      void *arg)
{
	waiting = NULL;
	got.answered = true;
	got.err = *err;
	snprintf(got.name, sizeof got.name, "%s", name);
	snprintf(got.json, sizeof got.json, "%s", json ? json : "");
	assert_true(!json || strlen(json) == len);
}

static void until(const bool *flag)
{
	for (int64_t end = now_mono_ms() + PATIENCE_MS; !*flag && now_mono_ms() < end;)
		loop_turn(loop, 10);
	assert_true(*flag);
}

static void on_link(struct link *l, void *arg) {}
static const struct link_events link_events = { on_link };

static void run_daemon(void)
{
	char config[128];
	snprintf(config, sizeof config, "--address=%s", address);
	daemon_pid = fork();
	if (daemon_pid == 0) {
		execlp("dbus-daemon", "dbus-daemon", "--session", "--nofork", "--nopidfile",
		       "--nosyslog", config, (char *)NULL);
		_exit(127);
	}
	assert_true(socket_listens(socket_path));
}

/* The service that answers in the tests: dbus-daemon itself, and busctl as the one that emits. */
static int start_daemon(void **state)
{
	assert_non_null(mkdtemp(dir));
	snprintf(socket_path, sizeof socket_path, "%s/bus", dir);
	snprintf(address, sizeof address, "unix:path=%s", socket_path);
	run_daemon();
	loop = loop_create();
	link_here = link_create_local(loop, "here", &link_events, NULL);
	link_connect(link_here);
	for (int i = 0; i < TURNS && link_here->state != LINK_UP; i++)
		loop_turn(loop, 10);
	return link_here->state == LINK_UP ? 0 : -1;
}

static int stop_daemon(void **state)
{
	link_destroy(link_here);
	loop_destroy(loop);
	kill(daemon_pid, SIGTERM);
	waitpid(daemon_pid, NULL, 0);
	unlink(socket_path);
	rmdir(dir);
	return 0;
}

static int fresh(void **state)
{
	memset(&got, 0, sizeof got);
	return 0;
}

static struct bus *open_bus(void)
{
	struct err err;
	struct endpoint endpoint = { .kind = ENDPOINT_UNIX, .path = socket_path };
	if (access(socket_path, F_OK) != 0)
		skip();
	struct bus *bus = bus_open(link_here, &endpoint, 1, &events, NULL, &err);
	assert_non_null(bus);
	until(&got.opened);
	return bus;
}

static void call_simple(struct bus *bus, const char *member)
{
	got.answered = false;
	bus_call(bus, NAME, PATH, NAME, member, PATIENCE_MS, on_answer, NULL, "");
	until(&got.answered);
}

static void it_greets_and_answers(void **state)
{
	struct bus *bus = open_bus();
	assert_string_equal(bus_endpoint(bus)->path, socket_path);
	call_simple(bus, "ListNames");
	assert_int_equal(got.err.code, ERR_NONE);
	cJSON *json = cJSON_Parse(got.json);
	assert_int_equal(cJSON_GetArraySize(json), 1);
	assert_true(cJSON_GetArraySize(cJSON_GetArrayItem(json, 0)) >= 2);
	cJSON_Delete(json);
	bus_close(bus);
}

static void properties_come_as_an_object_of_variants(void **state)
{
	struct bus *bus = open_bus();
	bus_call(bus, NAME, PATH, "org.freedesktop.DBus.Properties", "GetAll", 5000, on_answer,
	         NULL, "s", NAME);
	until(&got.answered);
	cJSON *json = cJSON_Parse(got.json),
	      *features = cJSON_GetObjectItem(cJSON_GetArrayItem(json, 0), "Features");
	assert_string_equal(cJSON_GetObjectItem(features, "type")->valuestring, "as");
	assert_true(cJSON_IsArray(cJSON_GetObjectItem(features, "data")));
	cJSON_Delete(json);
	bus_close(bus);
}

static void errors_keep_their_name_and_words(void **state)
{
	struct bus *bus = open_bus();
	call_simple(bus, "NoSuchMethod");
	assert_int_equal(got.err.code, ERR_REFUSED);
	assert_string_equal(got.name, "org.freedesktop.DBus.Error.UnknownMethod");
	assert_non_null(strstr(got.err.text, "NoSuchMethod"));
	got.answered = false;
	bus_call(bus, "org.nobody.Here", "/", "org.nobody.Here", "Ping", 5000, on_answer, NULL, "");
	until(&got.answered);
	assert_int_equal(got.err.code, ERR_ABSENT);
	bus_close(bus);
}

static void a_wrong_call_is_answered_too(void **state)
{
	struct bus *bus = open_bus();
	bus_call(bus, NAME, "not a path", NAME, "ListNames", 5000, on_answer, NULL, "");
	assert_false(got.answered); /* never from inside bus_call */
	until(&got.answered);
	assert_int_equal(got.err.code, ERR_SYSTEM);
	got.answered = false;
	bus_call_cancel(
		bus_call(bus, NAME, "not a path", NAME, "ListNames", 5000, on_answer, NULL, ""));
	bus_call_cancel(bus_call(bus, NAME, PATH, NAME, "ListNames", 5000, on_answer, NULL, ""));
	for (int i = 0; i < 10; i++)
		loop_turn(loop, 5);
	assert_false(got.answered);
	bus_close(bus);
}

static void emit(const char *words)
{
	char line[512];
	snprintf(line, sizeof line, "busctl --address=%s emit -- /some/path org.mocr.Test Thing %s",
	         address, words);
	assert_int_equal(system(line), 0);
}

static const bool *came(void)
{
	static bool flag;
	flag = *got.member != '\0';
	return &flag;
}

static void signals_come_with_every_type_as_json(void **state)
{
	struct bus *bus = open_bus();
	bus_match(bus, "type='signal',interface='org.mocr.Test'");
	call_simple(bus, "ListNames"); /* answered after the match is in force */
	emit("ybnqiuxtdsogv 7 true -5 9 -70000 4000000000 -9007199254740993 18446744073709551615 "
	     "1.5 "
	     "'a\"b\\c\xc3\xa4' /o/p as s inner");
	for (int i = 0; i < TURNS && !*came(); i++)
		loop_turn(loop, 10);
	assert_string_equal(got.path, "/some/path");
	assert_string_equal(got.interface, "org.mocr.Test");
	assert_string_equal(got.member, "Thing");
	assert_string_equal(
		got.signal,
		"[7,true,-5,9,-70000,4000000000,\"-9007199254740993\",\"18446744073709551615\",1.5,"
		"\"a\\\"b\\\\c\xc3\xa4\",\"/o/p\",\"as\",{\"type\":\"s\",\"data\":\"inner\"}]");
	fresh(NULL);
	emit("'a(sas)a{us}a{sv}aay' 1 x 2 y z 2 1 one 2 two 1 key as 1 v 1 2 0 255");
	for (int i = 0; i < TURNS && !*came(); i++)
		loop_turn(loop, 10);
	assert_string_equal(got.signal, "[[[\"x\",[\"y\",\"z\"]]],{\"1\":\"one\",\"2\":\"two\"},"
	                                "{\"key\":{\"type\":\"as\",\"data\":[\"v\"]}},[[0,255]]]");
	fresh(NULL);
	emit("ass 0 'line\nand\ttab'");
	for (int i = 0; i < TURNS && !*came(); i++)
		loop_turn(loop, 10);
	assert_string_equal(got.signal, "[[],\"line\\u000aand\\u0009tab\"]");
	bus_close(bus);
}

static void endpoints_that_lead_nowhere_say_so(void **state)
{
	struct err err;
	const struct endpoint endpoints[] = {
		{ .kind = ENDPOINT_UNIX, .path = "/nowhere/bus" },
		{ .kind = ENDPOINT_EXEC, .command = "no-such-bridge-program" },
	};
	struct bus *bus = bus_open(link_here, endpoints, 2, &events, NULL, &err);
	assert_non_null(bus);
	until(&got.closed);
	assert_false(got.opened);
	assert_int_equal(got.err.code, ERR_ABSENT);
	assert_non_null(strstr(got.err.text, "/nowhere/bus"));
	assert_non_null(strstr(got.err.text, "no-such-bridge-program"));
}

static void a_endpoint_that_talks_rubbish_fails(void **state)
{
	struct err err;
	const struct endpoint endpoint = {
		.kind = ENDPOINT_EXEC,
		.command = "printf 'HTTP/1.1 400 Bad Request\\r\\n\\r\\n'; sleep 1"
	};
	bus_open(link_here, &endpoint, 1, &events, NULL, &err);
	until(&got.closed);
	assert_int_not_equal(got.err.code, ERR_NONE);
	assert_int_not_equal(got.err.code, ERR_ABSENT);
}

/* The relay: the same bus through a command's standard input and output. */
static void a_bridge_carries_everything(void **state)
{
	struct err err;
	char command[192];
	if (access("/usr/bin/systemd-stdio-bridge", X_OK) != 0)
		skip();
	snprintf(command, sizeof command, "exec systemd-stdio-bridge -p %s", address);
	const struct endpoint endpoints[] = {
		{ .kind = ENDPOINT_UNIX, .path = "/nowhere/bus" },
		{ .kind = ENDPOINT_EXEC, .command = command },
	};
	struct bus *bus = bus_open(link_here, endpoints, 2, &events, NULL, &err);
	until(&got.opened);
	assert_int_equal(bus_endpoint(bus)->kind, ENDPOINT_EXEC);
	bus_match(bus, "type='signal',interface='org.mocr.Test'");
	call_simple(bus, "ListNames");
	assert_int_equal(got.err.code, ERR_NONE);
	emit("s through");
	for (int i = 0; i < TURNS && !*came(); i++)
		loop_turn(loop, 10);
	assert_string_equal(got.signal, "[\"through\"]");
	bus_close(bus);
}

/* A bus of the other side's making, by tests/fakes/hostile; what it did comes back as text, which
 * the caller frees. */
static char said_path[64];

static struct bus *start_hostile(const char *what)
{
	struct err err;
	char command[256], hostile[PATH_MAX];
	assert_non_null(realpath("tests/fakes/hostile", hostile));
	snprintf(said_path, sizeof said_path, "%s/said", dir);
	unlink(said_path);
	snprintf(command, sizeof command, "PATH=/usr/bin:/bin exec %.120s bus %s %s", hostile, what,
	         said_path);
	const struct endpoint endpoint = { .kind = ENDPOINT_EXEC, .command = command };
	struct bus *bus = bus_open(link_here, &endpoint, 1, &events, NULL, &err);
	assert_non_null(bus);
	return bus;
}

static struct bus *open_hostile(const char *what)
{
	struct bus *bus = start_hostile(what);
	until(&got.opened);
	return bus;
}

static char *read_said(void)
{
	char *text = xcalloc(1, 65536);
	FILE *f = fopen(said_path, "r");
	assert_non_null(f);
	size_t n = fread(text, 1, 65535, f);
	text[n] = '\0';
	fclose(f);
	unlink(said_path);
	return text;
}

static void a_peer_that_calls_us_learns_nothing(void **state)
{
	open_hostile("calls");
	until(&got.closed);
	char *said = read_said();
	assert_string_equal(said, "");
	free(said);
}

static void a_message_without_end_is_cut_at_its_header(void **state)
{
	start_hostile("long"); /* the message may come with the answer to our greeting */
	until(&got.closed);
	assert_int_equal(got.err.code, ERR_TOO_BIG);
	assert_non_null(
		strstr(got.err.text, "it sent a message of 64 MB, and at most 8 MB are taken"));
	for (int i = 0; i < TURNS && access(said_path, F_OK) != 0; i++)
		loop_turn(loop, 10);
	char *said = read_said();
	assert_string_equal(said, "cut\n");
	free(said);
}

static void an_answer_that_would_grow_is_refused(void **state)
{
	struct bus *bus = open_hostile("items");
	call_simple(bus, "ListNames");
	assert_int_equal(got.err.code, ERR_TOO_BIG);
	assert_non_null(strstr(got.err.text, "here: the answer to ListNames over D-Bus"));
	bus_close(bus);
}

static int counted;
static void on_counted(const char *json, size_t len, const struct err *err, const char *name,
                       void *arg)
{
	counted += json != NULL;
}

/* dbus-daemon lets a connection wait for 128 answers; the rest has to wait here. */
static void a_thousand_calls_are_all_answered(void **state)
{
	struct bus *bus = open_bus();
	counted = 0;
	for (int i = 0; i < 1000; i++) {
		struct bus_call *call = bus_call(bus, NAME, PATH, NAME, "GetId", 5000, on_counted,
		                                 NULL, "");
		if (i % 10 == 9)
			bus_call_cancel(call);
	}
	for (int64_t end = now_mono_ms() + 20000; counted < 900 && now_mono_ms() < end;)
		loop_turn(loop, 10);
	assert_int_equal(counted, 900);
	bus_close(bus);
}

static struct bus *closing;
static void close_in_answer(const char *json, size_t len, const struct err *err, const char *name,
                            void *arg)
{
	got.answered = true;
	bus_close(closing);
}

static void it_may_be_closed_from_inside_an_answer(void **state)
{
	closing = open_bus();
	bus_call(closing, NAME, PATH, NAME, "ListNames", 5000, on_answer, NULL, "");
	bus_call(closing, NAME, PATH, NAME, "GetId", 5000, close_in_answer, NULL, "");
	bus_call(closing, NAME, PATH, NAME, "ListNames", 5000, on_answer, NULL, "");
	until(&got.answered);
	for (int i = 0; i < 10; i++)
		loop_turn(loop, 5);
	assert_false(got.closed);
}

/* --- what idle buses cost ------------------------------------------------ */

#define IDLE_BUSES 60
#define EVENTS 4000
#define MEASURES 5

static void on_event(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	char byte;
	assert_int_equal(read(fd, &byte, 1), 1);
}

/* Processor time of events that have nothing to do with a bus, each a turn of its own; the least of
 * some measures. */
static double time_of_events(void)
{
	double least = 1e9;
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	struct loop_io *io = loop_io_add(loop, fds[0], POLLIN, on_event, NULL);
	for (int m = 0; m < MEASURES; m++) {
		struct timespec begin, end;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
		for (int i = 0; i < EVENTS; i++) {
			assert_int_equal(write(fds[1], "x", 1), 1);
			loop_turn(loop, 10);
		}
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
		double took = (double)(end.tv_sec - begin.tv_sec) +
		              1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
		least = took < least ? took : least;
	}
	loop_io_remove(io);
	close(fds[0]);
	close(fds[1]);
	return least;
}

/* A hundred servers are two hundred buses: an event of one must not ask each of the others. */
static void idle_buses_cost_other_events_nothing(void **state)
{
	struct bus *idle[IDLE_BUSES];
	double alone = time_of_events();
	for (int i = 0; i < IDLE_BUSES; i++) {
		got.opened = false;
		idle[i] = open_bus();
	}
	double among = time_of_events();
	for (int i = 0; i < IDLE_BUSES; i++)
		bus_close(idle[i]);
	print_message("%.2f times as long among %d idle buses\n", among / alone, IDLE_BUSES);
	assert_true(among < 1.5 * alone);
}

/* The daemon closes the connection in good order. sd-bus closes its socket before it says so, and
 * the loop may not watch that number then. */
static void a_bus_that_leaves_is_watched_no_longer(void **state)
{
	open_bus();
	kill(daemon_pid, SIGTERM);
	waitpid(daemon_pid, NULL, 0);
	until(&got.closed);
	assert_int_equal(watches_of_nothing, 0);
	unlink(socket_path);
	run_daemon();
}

/* Last: the daemon dies under it. */
static void a_bus_that_dies_says_so_once(void **state)
{
	struct bus *bus = open_bus();
	kill(daemon_pid, SIGSTOP);
	waiting = bus_call(bus, NAME, PATH, NAME, "ListNames", 5000, on_answer, NULL, "");
	loop_turn(loop, 5);
	kill(daemon_pid, SIGKILL);
	until(&got.closed);
	assert_int_not_equal(got.err.code, ERR_NONE);
	assert_non_null(strstr(got.err.text, "ended"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(it_greets_and_answers, fresh),
		cmocka_unit_test_setup(properties_come_as_an_object_of_variants, fresh),
		cmocka_unit_test_setup(errors_keep_their_name_and_words, fresh),
		cmocka_unit_test_setup(a_wrong_call_is_answered_too, fresh),
		cmocka_unit_test_setup(signals_come_with_every_type_as_json, fresh),
		cmocka_unit_test_setup(endpoints_that_lead_nowhere_say_so, fresh),
		cmocka_unit_test_setup(a_endpoint_that_talks_rubbish_fails, fresh),
		cmocka_unit_test_setup(a_peer_that_calls_us_learns_nothing, fresh),
		cmocka_unit_test_setup(a_message_without_end_is_cut_at_its_header, fresh),
		cmocka_unit_test_setup(an_answer_that_would_grow_is_refused, fresh),
		cmocka_unit_test_setup(a_bridge_carries_everything, fresh),
		cmocka_unit_test_setup(a_thousand_calls_are_all_answered, fresh),
		cmocka_unit_test_setup(it_may_be_closed_from_inside_an_answer, fresh),
		cmocka_unit_test_setup(idle_buses_cost_other_events_nothing, fresh),
		cmocka_unit_test_setup(a_bus_that_leaves_is_watched_no_longer, fresh),
		cmocka_unit_test_setup(a_bus_that_dies_says_so_once, fresh),
	};
	return cmocka_run_group_tests(tests, start_daemon, stop_daemon);
}
