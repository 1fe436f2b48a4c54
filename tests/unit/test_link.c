/* test_link.c: links and their streams: this machine always, and real SSH servers where the lab
 * runs (MOCR_LAB_DIR or /run/mocr-lab). The same tests run over both, because callers must not see
 * a difference. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/ask.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/link/socket_probe.h"
#include "turns.h"

#define WAIT_MS 20000

static struct loop *loop;
static struct link *up; /* the link that the shared tests use */

static char lab_config[256];

/* Turns the loop until *what is true. */
static bool wait_for(const bool *what)
{
	int64_t end = now_mono_ms() + WAIT_MS;
	while (!*what && now_mono_ms() < end)
		loop_turn(loop, 50);
	return *what;
}

static void turn_for(int ms)
{
	turns_for(loop, ms);
}

/* --- a link and what it says --------------------------------------------- */

static const char *answers[8]; /* to the asks that come, in their order; NULL gives up */
static char asked[8][640];
static int asks;
static char states[256];

static void link_event(struct link *l, void *arg)
{
	static enum link_state last;
	if (last != l->state)
		snprintf(states + strlen(states), sizeof(states) - strlen(states), " %s",
		         link_state_name(l->state));
	last = l->state;
}

static const struct link_events link_event_table = { .changed = link_event };

static void answer(struct link *l)
{
	struct ask *a = l->ask;
	assert_non_null(a);
	assert_true(asks < 8);
	snprintf(asked[asks], sizeof(asked[asks]), "%d|%s|%.300s|%s|%d", a->kind, a->title, a->text,
	         a->prompt, a->echo);
	const char *word = answers[asks++];
	ask_answer(a, word ? secret_create(word, strlen(word)) : NULL, false);
}

/* Connects and answers what is asked until it is up or has failed. */
static enum link_state settle(struct link *l)
{
	int64_t end = now_mono_ms() + WAIT_MS;
	states[0] = 0;
	asks = 0;
	link_connect(l);
	do {
		loop_turn(loop, 50);
		if (l->state == LINK_ASKING)
			answer(l);
	} while (l->state != LINK_UP && l->state != LINK_LOST && now_mono_ms() < end);
	return l->state;
}

/* --- a stream and what came on it ---------------------------------------- */

struct tap {
	struct stream *stream;
	struct buf data, errors;
	size_t room; /* data takes no more than this until it is raised */
	bool opened, ended, drained;
	struct stream_end end;
};

static void tap_opened(struct stream *s, void *arg)
{
	((struct tap *)arg)->opened = true;
}

static size_t tap_data(struct stream *s, const char *data, size_t len, void *arg)
{
	struct tap *t = arg;
	assert_true(t->opened);
	size_t n = len < t->room ? len : t->room;
	t->room -= n;
	buf_add(&t->data, data, n);
	return n;
}

static void tap_errors(struct stream *s, const char *data, size_t len, void *arg)
{
	buf_add(&((struct tap *)arg)->errors, data, len);
}

static void tap_drained(struct stream *s, void *arg)
{
	((struct tap *)arg)->drained = true;
}

static void tap_closed(struct stream *s, const struct stream_end *end, void *arg)
{
	struct tap *t = arg;
	assert_false(t->ended);
	t->ended = true;
	t->end = *end;
	t->stream = NULL;
}

static const struct stream_events tap_events = {
	.opened = tap_opened,
	.data = tap_data,
	.error_data = tap_errors,
	.drained = tap_drained,
	.closed = tap_closed,
};

static struct tap *tap_open(const struct endpoint *endpoint)
{
	struct tap *t = xcalloc(1, sizeof(*t));
	struct err err;
	t->room = SIZE_MAX;
	buf_init(&t->data, 64u << 20);
	t->stream = link_open(up, endpoint, &tap_events, t, &err);
	if (!t->stream) {
		t->ended = true;
		t->end.err = err;
	}
	return t;
}

static void tap_free(struct tap *t)
{
	stream_close(t->stream);
	buf_finish(&t->data);
	buf_finish(&t->errors);
	free(t);
}

static const char *text(const struct buf *b)
{
	return b->data ? b->data : "";
}

/* --- runs ---------------------------------------------------------------- */

struct outcome {
	bool done;
	char *out, *err_out;
	size_t out_len;
	struct stream_end end;
};

static void run_done(const struct run_result *r, void *arg)
{
	struct outcome *o = arg;
	o->out = xstrdup(r->out);
	o->err_out = xstrdup(r->err_out);
	o->out_len = r->out_len;
	o->end = r->end;
	o->done = true;
}

static struct outcome run(const char *command, const char *input, size_t max, int64_t timeout_ms)
{
	struct outcome o = { 0 };
	link_run(up, command, input, input ? strlen(input) : 0, max, timeout_ms, run_done, &o);
	assert_true(wait_for(&o.done));
	return o;
}

static void outcome_free(struct outcome *o)
{
	free(o->out);
	free(o->err_out);
}

static void test_run(void **state)
{
	struct outcome o = run("printf out; printf err >&2; exit 3", NULL, 1000, WAIT_MS);
	assert_string_equal(o.out, "out");
	assert_string_equal(o.err_out, "err");
	assert_int_equal(o.end.exit_code, 3);
	assert_int_equal(o.end.err.code, ERR_NONE);
	outcome_free(&o);

	o = run("cat; echo end", "hello\n", 1000, WAIT_MS);
	assert_string_equal(o.out, "hello\nend\n");
	assert_int_equal(o.end.exit_code, 0);
	outcome_free(&o);

	o = run("kill -TERM $$", NULL, 1000, WAIT_MS);
	assert_string_equal(o.end.signal, "TERM");
	assert_int_equal(o.end.exit_code, -1);
	outcome_free(&o);
}

static void test_run_exit_status_of_many(void **state)
{
	struct outcome o[40] = { 0 };
	for (int i = 0; i < 8; i++) {
		for (int k = 0; k < 5; k++) {
			char command[64];
			snprintf(command, sizeof(command), "echo %d; exit %d", i * 5 + k,
			         i * 5 + k);
			link_run(up, command, NULL, 0, 1000, WAIT_MS, run_done, &o[i * 5 + k]);
		}
		for (int k = 0; k < 5; k++)
			assert_true(wait_for(&o[i * 5 + k].done));
	}
	for (int i = 0; i < 40; i++) {
		assert_int_equal(o[i].end.exit_code, i);
		assert_int_equal(atoi(o[i].out), i);
		outcome_free(&o[i]);
	}
}

static void test_run_limits(void **state)
{
	struct outcome o = run("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", NULL,
	                       10000, WAIT_MS);
	assert_int_equal(o.end.err.code, ERR_TOO_BIG);
	assert_non_null(strstr(o.end.err.text, "`while :; do echo xxx"));
	outcome_free(&o);
	o = (struct outcome){ 0 };
	run_name(link_run(up, "while :; do echo x; done", NULL, 0, 10000, WAIT_MS, run_done, &o),
	         "the look at Headscale");
	assert_true(wait_for(&o.done));
	assert_non_null(strstr(o.end.err.text, ": the look at Headscale printed more than the"));
	outcome_free(&o);
	int64_t start = now_mono_ms();
	o = run("sleep 30", NULL, 10000, 300);
	assert_int_equal(o.end.err.code, ERR_TIMEOUT);
	assert_in_range(now_mono_ms() - start, 250, 2000);
	outcome_free(&o);
}

static void test_run_big(void **state)
{
	struct outcome o = run("head -c 5000000 /dev/zero", NULL, 8u << 20, WAIT_MS);
	assert_int_equal(o.out_len, 5000000);
	assert_int_equal(o.end.exit_code, 0);
	outcome_free(&o);
	/* More input than fits the queue at once, and a command that reads it slowly. */
	size_t size = 3u << 20;
	char *input = xcalloc(1, size + 1);
	memset(input, 'a', size);
	o = run("sleep 0.2; wc -c", input, 1000, WAIT_MS);
	assert_int_equal(atol(o.out), (long)size);
	outcome_free(&o);
	free(input);
}

static void test_run_cancel(void **state)
{
	struct outcome o = { 0 };
	struct run *r = link_run(up, "sleep 30", NULL, 0, 100, WAIT_MS, run_done, &o);
	turn_for(100);
	run_cancel(r);
	r = link_run(up, "sleep 30", NULL, 0, 100, WAIT_MS, run_done, &o);
	run_cancel(r);
	turn_for(50);
	assert_false(o.done);
	run_cancel(NULL);
}

static void test_command_gets_hup(void **state)
{
	char command[200], file[] = "/tmp/mocr-test-hup-XXXXXX";
	close(mkstemp(file));
	/* Over SSH only a terminal's end is told to its program; sshd leaves a command alone. */
	snprintf(command, sizeof(command),
	         "trap 'echo hup; rm -f %s; exit' HUP; echo ready; while :; do sleep 0.1; done",
	         file);
	struct tap *t = tap_open(&(struct endpoint){ .kind = ENDPOINT_TERMINAL,
	                                             .term = "xterm",
	                                             .cols = 80,
	                                             .rows = 24,
	                                             .command = command });
	for (int i = 0; i < 200 && !strstr(text(&t->data), "ready"); i++)
		loop_turn(loop, 50);
	tap_free(t);
	if (link_is_local(up)) {
		for (int i = 0; i < 100 && access(file, F_OK) == 0; i++)
			turn_for(20);
		assert_int_equal(access(file, F_OK), -1);
	}
	unlink(file);
}

static void test_back_pressure(void **state)
{
	struct tap *t = tap_open(&(struct endpoint){
		.kind = ENDPOINT_EXEC, .command = "head -c 20000000 /dev/zero; echo end" });
	t->room = 100000;
	for (int i = 0; i < 100 && t->data.len < 100000; i++)
		loop_turn(loop, 50);
	assert_int_equal(t->data.len, 100000);
	/* While it waits, others go on. */
	struct outcome o = run("echo other", NULL, 100, WAIT_MS);
	assert_string_equal(o.out, "other\n");
	outcome_free(&o);
	turn_for(100);
	assert_int_equal(t->data.len, 100000);
	assert_false(t->ended);
	for (int i = 0; i < 5; i++) {
		t->room = 10;
		stream_resume(t->stream);
		turn_for(20);
		assert_int_equal(t->data.len, 100000 + 10 * (i + 1));
	}
	t->room = SIZE_MAX;
	stream_resume(t->stream);
	assert_true(wait_for(&t->ended));
	assert_int_equal(t->data.len, 20000004);
	assert_int_equal(t->end.exit_code, 0);
	tap_free(t);
}

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SLOW_READER_MEMORY                                                                         \
	(128 << 20) /* they keep several bytes for each, and what was freed; the plain build holds \
	               the bound */
#else
#define SLOW_READER_MEMORY (16 << 20)
#endif

static size_t own_memory(void)
{
	size_t pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	assert_true(f && fscanf(f, "%*u %zu", &pages) == 1);
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* A server that is faster than its reader must wait, whatever the library between them would take
 * in. */
static void test_slow_reader(void **state)
{
	struct tap *t = tap_open(
		&(struct endpoint){ .kind = ENDPOINT_EXEC, .command = "cat /dev/zero" });
	/* what tests before left free must not hide what this one takes */
	mem_give_back();
	size_t before = own_memory();
	for (int i = 0; i < 400; i++) {
		t->room = 4096;
		stream_resume(t->stream);
		turn_for(5);
	}
	size_t grown = own_memory() - before;
	print_message("a slow reader took %zu KB, memory grew by %zd KB\n", t->data.len >> 10,
	              (ssize_t)grown / 1024);
	assert_true(t->data.len >= 500 << 10);
	assert_true((ssize_t)grown < SLOW_READER_MEMORY);
	tap_free(t);
	turn_for(50);
}

static void test_terminal(void **state)
{
	struct tap *t = tap_open(&(struct endpoint){
		.kind = ENDPOINT_TERMINAL,
		.term = "xterm-256color",
		.cols = 91,
		.rows = 33,
		.command = "stty size; echo $TERM; read x; stty size; exit 5" });
	for (int i = 0; i < 200 && !strstr(text(&t->data), "xterm-256color"); i++)
		loop_turn(loop, 50);
	assert_non_null(strstr(text(&t->data), "33 91"));
	assert_non_null(strstr(text(&t->data), "xterm-256color"));
	stream_resize(t->stream, 100, 40);
	stream_write(t->stream, "\n", 1);
	assert_true(wait_for(&t->ended));
	assert_non_null(strstr(text(&t->data), "40 100"));
	assert_int_equal(t->end.exit_code, 5);
	tap_free(t);
}

static void test_shell(void **state)
{
	struct tap *t = tap_open(&(struct endpoint){
		.kind = ENDPOINT_TERMINAL, .term = "xterm", .cols = 80, .rows = 24 });
	stream_write(t->stream, "echo $((6*7))\nexit 4\n", 21);
	assert_true(wait_for(&t->ended));
	assert_non_null(strstr(text(&t->data), "42"));
	assert_int_equal(t->end.exit_code, 4);
	tap_free(t);
}

static void test_absent_endpoints(void **state)
{
	struct tap *t = tap_open(
		&(struct endpoint){ .kind = ENDPOINT_UNIX, .path = "/run/no-such.sock" });
	assert_true(wait_for(&t->ended));
	assert_int_equal(t->end.err.code, ERR_ABSENT);
	assert_non_null(strstr(t->end.err.text, "/run/no-such.sock"));
	assert_false(t->opened);
	tap_free(t);
	t = tap_open(&(struct endpoint){ .kind = ENDPOINT_TCP, .host = "127.0.0.1", .port = 9 });
	assert_true(wait_for(&t->ended));
	print_message("%s\n", t->end.err.text);
	assert_int_equal(t->end.err.code, ERR_ABSENT);
	tap_free(t);
	t = tap_open(&(struct endpoint){ .kind = ENDPOINT_EXEC, .command = "/no/such/program" });
	assert_true(wait_for(&t->ended));
	assert_int_equal(t->end.exit_code, 127);
	tap_free(t);
}

/* --- absent only where something says so --------------------------------- */

/* noise: what the login prints before the command runs. */
static enum socket_seen look(const char *noise, const char *path, char *owner, size_t size)
{
	char *command = socket_probe_command(path), *line = xasprintf("%s%s", noise, command);
	struct tap *t = tap_open(&(struct endpoint){ .kind = ENDPOINT_EXEC, .command = line });
	assert_true(wait_for(&t->ended));
	enum socket_seen seen = socket_probe_read(text(&t->data), owner, size);
	tap_free(t);
	free(line);
	free(command);
	return seen;
}

static void sockets_are_looked_at(void **state)
{
	char dir[] = "/tmp/mocr-look-XXXXXX", path[64], owner[64];
	static const char *const noises[] = { "", "echo Welcome to strict; ",
		                              "echo No mail; exit 3; " };
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < ARRAY_LEN(noises); i++) {
		bool cut = strstr(noises[i], "exit") != NULL;
		struct sockaddr_un sun = { .sun_family = AF_UNIX };
		snprintf(path, sizeof(path), "%s/it's a \"$HOME\"", dir);
		memcpy(sun.sun_path, path, strlen(path));
		assert_int_equal(look(noises[i], path, owner, sizeof(owner)),
		                 cut ? SEEN_UNSEEN : SEEN_ABSENT);
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
		assert_int_equal(listen(fd, 1), 0);
		assert_int_equal(look(noises[i], path, owner, sizeof(owner)),
		                 cut ? SEEN_UNSEEN : SEEN_LISTENS);
		assert_true(cut || strchr(owner, ':'));
		assert_true(socket_is_listed(path));
		/* what was accepted has the name too, and outlives who listened */
		int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(client, (struct sockaddr *)&sun, sizeof(sun)), 0);
		int accepted = accept(fd, NULL, NULL);
		close(fd);
		assert_int_equal(look(noises[i], path, owner, sizeof(owner)),
		                 cut ? SEEN_UNSEEN : SEEN_SILENT);
		assert_false(socket_is_listed(path));
		close(accepted);
		close(client);
		unlink(path);
	}
	rmdir(dir);
}

static void close_inside(struct stream *s, void *arg)
{
	struct tap *t = arg;
	t->opened = true;
	stream_close(s);
	t->stream = NULL;
}

static size_t close_inside_data(struct stream *s, const char *data, size_t len, void *arg)
{
	close_inside(s, arg);
	return 1;
}

static void test_close_inside_events(void **state)
{
	static const struct stream_events at_open = { .opened = close_inside,
		                                      .closed = tap_closed };
	static const struct stream_events at_data = { .data = close_inside_data,
		                                      .closed = tap_closed };
	static const struct stream_events at_drained = { .drained = close_inside,
		                                         .closed = tap_closed };
	static const struct stream_events *const tables[] = { &at_open, &at_data, &at_drained };
	struct endpoint endpoint = { .kind = ENDPOINT_EXEC, .command = "echo x; cat" };
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		struct tap t = { 0 };
		t.stream = link_open(up, &endpoint, tables[i], &t, NULL);
		stream_write(t.stream, "y", 1);
		assert_true(wait_for(&t.opened));
		turn_for(20);
		assert_false(t.ended);
	}
	stream_close(NULL);
	/* before anything happened */
	stream_close(link_open(up, &endpoint, &at_open, NULL, NULL));
	turn_for(20);
}

static void test_unix_socket_echo(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/tmp/mocr-test-%d.sock", (int)getpid());
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(server, 1), 0);
	struct tap *t = tap_open(
		&(struct endpoint){ .kind = ENDPOINT_UNIX, .path = addr.sun_path });
	stream_write(t->stream, "ping", 4);
	stream_write_eof(t->stream);
	int fd = accept(server, NULL, NULL);
	turn_for(20);
	char buf[8] = "";
	assert_int_equal(read(fd, buf, sizeof(buf)), 4);
	assert_int_equal(read(fd, buf, sizeof(buf)), 0);
	assert_int_equal(write(fd, "pong", 4), 4);
	close(fd);
	assert_true(wait_for(&t->ended));
	assert_true(t->opened);
	assert_string_equal(text(&t->data), "pong");
	assert_int_equal(t->end.err.code, ERR_NONE);
	tap_free(t);
	close(server);
	unlink(addr.sun_path);
}

static void test_disconnect_ends_streams(void **state)
{
	struct tap *t = tap_open(
		&(struct endpoint){ .kind = ENDPOINT_EXEC, .command = "echo ready; sleep 30" });
	for (int i = 0; i < 200 && !t->data.len; i++)
		loop_turn(loop, 50);
	struct outcome o = { 0 };
	link_run(up, "sleep 30", NULL, 0, 100, WAIT_MS, run_done, &o);
	link_disconnect(up);
	assert_int_equal(up->state, LINK_DOWN);
	assert_true(t->ended && o.done);
	assert_int_equal(t->end.err.code, ERR_LOST);
	assert_int_equal(o.end.err.code, ERR_LOST);
	tap_free(t);
	outcome_free(&o);
	struct err err;
	assert_null(link_open(up, &(struct endpoint){ .kind = ENDPOINT_EXEC, .command = "true" },
	                      &tap_events, NULL, &err));
	assert_int_equal(err.code, ERR_LOST);
	assert_int_equal(settle(up), LINK_UP);
}

/* --- fixtures ------------------------------------------------------------ */

static int local_up(void **state)
{
	loop = loop_create();
	up = link_create_local(loop, "here", &link_event_table, NULL);
	return settle(up) == LINK_UP ? 0 : -1;
}

static int all_down(void **state)
{
	link_destroy(up);
	for (int i = 0; i < 3; i++)
		loop_turn(loop, 0);
	loop_destroy(loop);
	return 0;
}

static struct link *lab_link(const char *name, bool batch)
{
	struct link_config c = {
		.name = name, .ssh_config = lab_config, .connect_timeout_ms = 4000, .batch = batch
	};
	return link_create_ssh(loop, &c, &link_event_table, NULL);
}

static int lab_up(const char *name)
{
	loop = loop_create();
	up = lab_link(name, false);
	if (settle(up) == LINK_UP)
		return 0;
	print_message("%s: %s\n", name, up->err.text);
	return -1;
}

static int sese_up(void **state)
{
	return lab_up("sese");
}
static int seko_up(void **state)
{
	return lab_up("seko");
}
static int relay_up(void **state)
{
	return lab_up("relay");
}

/* --- real servers: ways in ----------------------------------------------- */

struct way_in {
	const char *host;
	const char *answers[4];
	enum link_state state;
	enum err_code code;
	const char *says; /* of the sentence, or of the detail */
	int asks;
};

static const struct way_in ways[] = {
	{ "sese", { 0 }, LINK_UP, ERR_NONE, "10.77.0.11 port 804 as ops", 0 },
	{ "pi", { 0 }, LINK_UP, ERR_NONE, "as pi", 0 },
	{ "relay", { 0 }, LINK_UP, ERR_NONE, "as root", 0 },
	{ "seko", { 0 }, LINK_UP, ERR_NONE, "through sese", 0 },
	{ "strict", { 0 }, LINK_UP, ERR_NONE, "ecdsa", 0 },
	{ "strict-kbd", { "kbd pass" }, LINK_UP, ERR_NONE, "as kbd", 1 },
	{ "strict-kbd", { "wrong", "kbd pass" }, LINK_UP, ERR_NONE, "as kbd", 2 },
	{ "strict-kbd", { NULL }, LINK_LOST, ERR_CANCELLED, "not answered", 1 },
	{ "strict-pwd", { "pwd pass" }, LINK_UP, ERR_NONE, "as pwd", 1 },
	{ "strict-pwd", { "a", "b", "c" }, LINK_LOST, ERR_DENIED, "tried password", 3 },
	{ "pi-password", { "raspberry" }, LINK_UP, ERR_NONE, "as pi", 1 },
	{ "pi-noagent", { "wrong", "PASSPHRASE" }, LINK_UP, ERR_NONE, "as pi", 2 },
	{ "newkey", { "no" }, LINK_LOST, ERR_CANCELLED, "not confirmed", 1 },
	{ "badkey", { 0 }, LINK_LOST, ERR_DENIED, "known_hosts", 0 },
	{ "dead", { 0 }, LINK_LOST, ERR_TIMEOUT, "within 4 s", 0 },
	{ "noroute", { 0 }, LINK_LOST, ERR_REFUSED, "cannot be reached", 0 },
	{ "refused", { 0 }, LINK_LOST, ERR_REFUSED, "refused the connection", 0 },
	{ "no-such-host.invalid", { 0 }, LINK_LOST, ERR_ABSENT, "no address", 0 },
};

static void test_ways_in(void **state)
{
	const char *passphrase = getenv("MOCR_LAB_PASSPHRASE");
	loop = loop_create();
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		const struct way_in *w = &ways[i];
		for (size_t k = 0; k < ARRAY_LEN(w->answers); k++)
			answers[k] = w->answers[k] && strcmp(w->answers[k], "PASSPHRASE") == 0
			                     ? passphrase ?: "lab passphrase"
			                     : w->answers[k];
		struct link *l = lab_link(w->host, false);
		int64_t start = now_mono_ms();
		settle(l);
		print_message("%-22s %5lld ms, %d asks:%s; %s\n", w->host,
		              (long long)(now_mono_ms() - start), asks, states,
		              l->state == LINK_UP ? l->detail : l->err.text);
		for (int k = 0; k < asks; k++)
			print_message("    %s\n", asked[k]);
		assert_int_equal(l->state, w->state);
		assert_int_equal(l->err.code, w->code);
		assert_non_null(strstr(l->state == LINK_UP ? l->detail : l->err.text, w->says));
		assert_int_equal(asks, w->asks);
		link_destroy(l);
	}
	turn_for(100);
	loop_destroy(loop);
}

static void test_batch_asks_nobody(void **state)
{
	static const char *const hosts[] = { "strict-kbd", "strict-pwd", "pi-noagent", "newkey" };
	loop = loop_create();
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct link *l = lab_link(hosts[i], true);
		assert_int_equal(settle(l), LINK_LOST);
		print_message("%s\n", l->err.text);
		assert_int_equal(l->err.code, ERR_ASKS);
		assert_int_equal(asks, 0);
		link_destroy(l);
	}
	loop_destroy(loop);
}

/* Giving a login up at any moment ends at once and leaves nothing behind. */
static void test_give_up_anytime(void **state)
{
	static const char *const hosts[] = { "sese", "seko", "dead", "strict-kbd", "pi" };
	loop = loop_create();
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		for (int after = 0; after < 260; after += 20) {
			struct link *l = lab_link(hosts[i], false);
			link_connect(l);
			turn_for(after);
			int64_t start = now_mono_ms();
			link_destroy(l);
			assert_in_range(now_mono_ms() - start, 0, 100);
		}
	turn_for(1500);
	loop_destroy(loop);
}

/* --- real servers: losses ------------------------------------------------ */

static bool is_lost(struct link *l, int64_t within_ms)
{
	int64_t end = now_mono_ms() + within_ms;
	while (l->state == LINK_UP && now_mono_ms() < end)
		loop_turn(loop, 20);
	return l->state == LINK_LOST;
}

/* The connection is cut: everything on it ends, the link says so and comes back by itself. */
static void test_cut_and_back(void **state)
{
	struct tap *t = tap_open(
		&(struct endpoint){ .kind = ENDPOINT_EXEC, .command = "echo ready; sleep 60" });
	struct outcome o = { 0 };
	link_run(up, "sleep 0.3; kill -9 $PPID", NULL, 0, 100, WAIT_MS, run_done, &o);
	assert_true(is_lost(up, 5000));
	assert_true(t->ended && o.done);
	assert_int_equal(t->end.err.code, ERR_LOST);
	assert_int_equal(o.end.err.code, ERR_LOST);
	print_message("%s\n", up->err.text);
	assert_int_equal(up->tries, 1);
	assert_in_range(up->retry_at_ms - loop_now(loop), 700, 1200);
	tap_free(t);
	outcome_free(&o);
	int64_t end = now_mono_ms() + 5000;
	while (up->state != LINK_UP && now_mono_ms() < end)
		loop_turn(loop, 20);
	assert_int_equal(up->state, LINK_UP);
	o = run("echo back", NULL, 100, WAIT_MS);
	assert_string_equal(o.out, "back\n");
	outcome_free(&o);
}

/* The far side is there for TCP but answers nothing: known within 10 s, plus the turn it takes. */
static void test_silent_peer(void **state)
{
	struct outcome o = run("echo $PPID", NULL, 100, WAIT_MS);
	int victim = atoi(o.out);
	outcome_free(&o);
	assert_true(victim > 1);
	turn_for(300);
	int64_t start = now_mono_ms();
	link_run(up, "kill -STOP $PPID", NULL, 0, 100, 60000, run_done, &o);
	assert_true(is_lost(up, 20000));
	int64_t took = now_mono_ms() - start;
	print_message("lost after %lld ms: %s\n", (long long)took, up->err.text);
	assert_in_range(took, 8000, 11000);
	assert_non_null(strstr(up->err.text, "no answer for 10 s"));
	outcome_free(&o);
	link_retry(up);
	assert_int_equal(settle(up), LINK_UP);
	char command[64];
	snprintf(command, sizeof(command), "kill -9 %d", victim);
	o = run(command, NULL, 100, WAIT_MS);
	outcome_free(&o);
}

/* An idle link is kept, costs next to nothing and knows its latency. */
static void test_idle(void **state)
{
	int64_t heard = up->heard_ms;
	turn_for(12000);
	assert_int_equal(up->state, LINK_UP);
	assert_true(up->heard_ms > heard);
	assert_in_range(up->latency_ms, 0, 1000);
}

/* Many streams at once, of every kind, refusals among them: each gets its own answer. */
static void test_many_at_once(void **state)
{
	struct tap *t[60];
	char paths[60][64];
	for (int i = 0; i < 60; i++) {
		snprintf(paths[i], sizeof(paths[i]), "/run/no-such-%d.sock", i);
		bool good = i % 3 == 0;
		t[i] = tap_open(&(struct endpoint){ .kind = ENDPOINT_UNIX,
		                                    .path = good ? "/run/dbus/system_bus_socket"
		                                                 : paths[i] });
	}
	for (int i = 0; i < 60; i++) {
		if (i % 3 == 0) {
			assert_true(wait_for(&t[i]->opened));
		} else {
			assert_true(wait_for(&t[i]->ended));
			assert_int_equal(t[i]->end.err.code, ERR_ABSENT);
			assert_non_null(strstr(t[i]->end.err.text, paths[i]));
		}
	}
	for (int i = 0; i < 60; i++)
		tap_free(t[i]);
}

/* sshd has room for ten sessions on a connection. More wait for their turn, and are told of the
 * limit when it never comes. */
static void test_more_sessions_than_room(void **state)
{
	enum { MANY = 30, ROOM = 10 };
	struct outcome o[MANY] = { 0 };
	struct tap *t[ROOM];
	for (int i = 0; i < MANY; i++) {
		char command[64];
		snprintf(command, sizeof(command), "sleep 0.2; exit %d", i);
		link_run(up, command, NULL, 0, 1000, WAIT_MS, run_done, &o[i]);
	}
	for (int i = 0; i < MANY; i++) {
		assert_true(wait_for(&o[i].done));
		if (o[i].end.err.code)
			print_message("run %d of %d: %s\n", i, MANY, o[i].end.err.text);
		assert_int_equal(o[i].end.exit_code, i);
		outcome_free(&o[i]);
	}
	/* Over so soon that a refusal comes together with what others are told. */
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < MANY; i++) {
			char command[64];
			snprintf(command, sizeof(command), "exit %d", i);
			o[i] = (struct outcome){ 0 };
			link_run(up, command, NULL, 0, 1000, WAIT_MS, run_done, &o[i]);
		}
		for (int i = 0; i < MANY; i++) {
			assert_true(wait_for(&o[i].done));
			if (o[i].end.err.code)
				print_message("run %d of round %d: %s\n", i, round,
				              o[i].end.err.text);
			assert_int_equal(o[i].end.exit_code, i);
			outcome_free(&o[i]);
		}
	}
	for (int i = 0; i < ROOM; i++)
		t[i] = tap_open(&(struct endpoint){ .kind = ENDPOINT_EXEC, .command = "sleep 60" });
	for (int i = 0; i < ROOM; i++)
		assert_true(wait_for(&t[i]->opened));
	struct tap *late = tap_open(&(struct endpoint){
		.kind = ENDPOINT_TERMINAL, .term = "xterm", .timeout_ms = 700 });
	assert_true(wait_for(&late->ended));
	assert_non_null(strstr(late->end.err.text, "MaxSessions"));
	tap_free(late);
	late = tap_open(&(struct endpoint){ .kind = ENDPOINT_EXEC, .command = "true" });
	turn_for(50);
	tap_free(t[0]);
	assert_true(wait_for(&late->ended));
	assert_int_equal(late->end.exit_code, 0);
	tap_free(late);
	for (int i = 1; i < ROOM; i++)
		tap_free(t[i]);
}

/* Somebody listens at the first socket and its queue is full, so sshd cannot open it. That does not
 * mean that sshd forbids sockets: the second one opens. */
static void test_a_full_socket_hides_no_other(void **state)
{
	static const char server[] =
		"perl -MSocket -e '$| = 1; my $d = `mktemp -d`; chomp $d; my @k;"
		"for my $n (\"full\", \"free\") { socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die; "
		"bind($s, sockaddr_un(\"$d/$n\")) or die;"
		" listen($s, $n eq \"full\" ? 0 : 5) or die; push @k, $s; }"
		"socket(my $c, PF_UNIX, SOCK_STREAM, 0) or die; connect($c, "
		"sockaddr_un(\"$d/full\")) or die;"
		"print \"$d\\n\"; <STDIN>; unlink(\"$d/full\", \"$d/free\"); rmdir $d;'";
	char full[128], free_one[128];
	struct tap *there = tap_open(
		&(struct endpoint){ .kind = ENDPOINT_EXEC, .command = server });
	for (int i = 0; i < 200 && !strchr(text(&there->data), '\n'); i++)
		loop_turn(loop, 50);
	size_t n = strcspn(text(&there->data), "\n");
	assert_int_equal(text(&there->data)[0], '/');
	snprintf(full, sizeof(full), "%.*s/full", (int)n, text(&there->data));
	snprintf(free_one, sizeof(free_one), "%.*s/free", (int)n, text(&there->data));
	struct tap *t = tap_open(&(struct endpoint){ .kind = ENDPOINT_UNIX, .path = full });
	assert_true(wait_for(&t->ended));
	assert_false(t->opened);
	assert_true(t->end.err.code == ERR_DENIED || t->end.err.code == ERR_REFUSED);
	tap_free(t);
	t = tap_open(&(struct endpoint){ .kind = ENDPOINT_UNIX, .path = free_one });
	for (int i = 0; i < 200 && !t->opened && !t->ended; i++)
		loop_turn(loop, 50);
	print_message("%s\n", t->end.err.text);
	assert_true(t->opened);
	tap_free(t);
	/* and now sshd is known to open sockets */
	t = tap_open(&(struct endpoint){ .kind = ENDPOINT_UNIX, .path = full });
	assert_true(wait_for(&t->ended));
	assert_int_equal(t->end.err.code, ERR_REFUSED);
	assert_non_null(strstr(t->end.err.text, "overloaded"));
	tap_free(t);
	stream_write(there->stream, "\n", 1);
	assert_true(wait_for(&there->ended));
	tap_free(there);
}

/* Streams are opened and closed at every moment of their lives; the connection survives it. */
static void test_churn(void **state)
{
	struct endpoint endpoints[] = {
		{ .kind = ENDPOINT_UNIX, .path = "/run/dbus/system_bus_socket" },
		{ .kind = ENDPOINT_EXEC, .command = "head -c 3000000 /dev/zero" },
		{ .kind = ENDPOINT_UNIX, .path = "/run/no-such.sock" },
		{ .kind = ENDPOINT_TERMINAL, .term = "xterm", .command = "echo x" },
	};
	for (int i = 0; i < 120; i++) {
		struct tap *t = tap_open(&endpoints[i % 4]);
		stream_write(t->stream, "x", 1);
		turn_for(i % 13);
		tap_free(t);
	}
	turn_for(500);
	struct outcome o = run("echo alive", NULL, 100, WAIT_MS);
	assert_string_equal(o.out, "alive\n");
	outcome_free(&o);
}

#define SHARED_TESTS                                                                        \
	cmocka_unit_test(test_run), cmocka_unit_test(test_run_exit_status_of_many),         \
		cmocka_unit_test(test_run_limits), cmocka_unit_test(test_run_big),          \
		cmocka_unit_test(test_run_cancel), cmocka_unit_test(test_command_gets_hup), \
		cmocka_unit_test(test_back_pressure), cmocka_unit_test(test_slow_reader),   \
		cmocka_unit_test(test_terminal), cmocka_unit_test(test_shell),              \
		cmocka_unit_test(test_absent_endpoints),                                    \
		cmocka_unit_test(test_close_inside_events),                                 \
		cmocka_unit_test(test_disconnect_ends_streams)

int main(void)
{
	const char *dir = getenv("MOCR_LAB_DIR");
	if (getenv("ONLY"))
		cmocka_set_test_filter(getenv("ONLY"));
	snprintf(lab_config, sizeof(lab_config), "%s/ssh/config", dir ? dir : "/run/mocr-lab");
	const struct CMUnitTest shared[] = { SHARED_TESTS };
	const struct CMUnitTest ways_tests[] = {
		cmocka_unit_test(test_ways_in),
		cmocka_unit_test(test_batch_asks_nobody),
		cmocka_unit_test(test_give_up_anytime),
	};
	const struct CMUnitTest live_tests[] = {
		cmocka_unit_test(test_a_full_socket_hides_no_other),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_more_sessions_than_room),
		cmocka_unit_test(test_churn),
		cmocka_unit_test(test_cut_and_back),
		cmocka_unit_test(test_silent_peer),
		cmocka_unit_test(test_idle),
	};
	const struct CMUnitTest here[] = { SHARED_TESTS, cmocka_unit_test(test_unix_socket_echo),
		                           cmocka_unit_test(sockets_are_looked_at) };
	int failed = cmocka_run_group_tests_name("local", here, local_up, all_down);
	if (access(lab_config, R_OK) != 0) {
		print_message("no lab: SSH is not tested\n");
		return failed;
	}
	failed += cmocka_run_group_tests_name("sese", shared, sese_up, all_down);
	failed += cmocka_run_group_tests_name("seko", shared, seko_up, all_down);
	failed += cmocka_run_group_tests_name("relay", shared, relay_up, all_down);
	failed += cmocka_run_group_tests_name("a live one", live_tests, sese_up, all_down);
	failed += cmocka_run_group_tests_name("ways in", ways_tests, NULL, NULL);
	return failed;
}
