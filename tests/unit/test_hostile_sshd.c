/* test_hostile_sshd.c: a server that asks things of its client. It runs here, by libssh's side of
 * the server, in a process of its own: it lets everybody in, really runs commands, and asks while
 * one of them runs. mocr grants nothing, keeps nothing of it in memory, and the command ends as if
 * nothing had been asked. */
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <libssh/libssh.h>
#include <libssh/server.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/ask.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"

#define WAIT_MS 60000 /* a busy machine takes its time */
#define ASKED 100     /* times each question that wants an answer */
#define FLOOD 20000   /* requests that want none */
#define KEPT_MAX                                                                             \
	(256u << 10) /* bytes of memory more than before; libssh keeps 500 of a request that \
	                nobody takes */

#define WAITS_MAX (8u << 20) /* a queue of 1 MB, buffers that double, and the answers */

/* --- the server ---------------------------------------------------------- */

struct tally {
	int granted, refused;
};

static ssh_session ssh;
static ssh_channel ran; /* the channel of the command that runs now */

/* A channel of the server's, by one of libssh's functions. */
#define OPENS(name, call)                                   \
	static int name(void)                               \
	{                                                   \
		ssh_channel channel = ssh_channel_new(ssh); \
		int r = call;                               \
		ssh_channel_free(channel);                  \
		return r;                                   \
	}
OPENS(open_session, ssh_channel_open_session(channel))
OPENS(open_forward, ssh_channel_open_forward(channel, "127.0.0.1", 22, "127.0.0.1", 1))
OPENS(open_reverse, ssh_channel_open_reverse_forward(channel, "127.0.0.1", 22, "127.0.0.1", 1))
OPENS(open_x11, ssh_channel_open_x11(channel, "127.0.0.1", 6000))
OPENS(open_agent, ssh_channel_open_auth_agent(channel))

static int ask_pty(void)
{
	return ssh_channel_request_pty_size(ran, "xterm", 80, 24);
}
static int ask_env(void)
{
	return ssh_channel_request_env(ran, "LD_PRELOAD", "/tmp/x.so");
}
static int ask_shell(void)
{
	return ssh_channel_request_shell(ran);
}
static int ask_exec(void)
{
	return ssh_channel_request_exec(ran, "touch /tmp/mocr-was-had");
}
static int ask_subsystem(void)
{
	return ssh_channel_request_subsystem(ran, "sftp");
}
static int ask_x11(void)
{
	return ssh_channel_request_x11(ran, 0, NULL, NULL, 0);
}
static int ask_listen(void)
{
	return ssh_channel_listen_forward(ssh, "0.0.0.0", 0, NULL);
}

static int (*const opens[])(void) = { open_session, open_forward, open_reverse, open_x11,
	                              open_agent };
static int (*const requests[])(void) = {
	ask_pty, ask_env, ask_shell, ask_exec, ask_subsystem, ask_x11, ask_listen,
};

static struct tally ask_all(int (*const *questions)(void), size_t n)
{
	struct tally t = { 0 };
	for (size_t q = 0; q < n; q++)
		for (int i = 0; i < ASKED; i++) {
			int r = questions[q]();
			t.granted += r == SSH_OK;
			t.refused += r == SSH_ERROR && ssh_is_connected(ssh);
		}
	return t;
}

static struct tally do_opens(void)
{
	return ask_all(opens, ARRAY_LEN(opens));
}
static struct tally do_requests(void)
{
	return ask_all(requests, ARRAY_LEN(requests));
}
static struct tally do_flood(void)
{
	for (int i = 0; i < FLOOD; i++) {
		ssh_channel_change_pty_size(ran, 80 + i % 2, 24);
		ssh_channel_request_send_signal(ran, "TERM");
		ssh_channel_request_auth_agent(ran);
	}
	return (struct tally){ 0 };
}
static struct tally do_nothing(void)
{
	return (struct tally){ 0 };
}

/* Between the client and libssh's server: carries bytes both ways, until *deaf. Then the client's
 * bytes stay in the kernel, as of a server that never reads. What the server says still leaves. */
static bool *deaf;

static void carry(int from, int to)
{
	char bytes[65536];
	ssize_t n = read(from, bytes, sizeof(bytes));
	if (n <= 0)
		_exit(0);
	for (ssize_t at = 0, k; at < n; at += k)
		if ((k = write(to, bytes + at, (size_t)(n - at))) <= 0)
			_exit(0);
}

static int between(int client)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	deaf = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fork()) {
		close(pair[1]);
		close(client);
		return pair[0];
	}
	close(pair[0]);
	for (;;) {
		struct pollfd p[] = { { .fd = pair[1], .events = POLLIN },
			              { .fd = *deaf ? -1 : client, .events = POLLIN } };
		poll(p, 2, 20);
		if (p[0].revents)
			carry(pair[1], client);
		if (p[1].revents)
			carry(client, pair[1]);
	}
}

/* Lets the client send 256 MB, and reads none of them. libssh opens the window for what it is asked
 * to read. */
static struct tally do_read_nothing(void)
{
	static char bytes[256u << 20];
	ssh_channel_read_timeout(ran, bytes, sizeof(bytes), 0, 300);
	*deaf = true;
	pause();
	return (struct tally){ 0 };
}

/* Asks for channels all the time, and never reads that they are refused. */
static struct tally do_ask_and_read_nothing(void)
{
	*deaf = true;
	ssh_set_blocking(ssh, 0);
	while (ssh_is_connected(ssh))
		ssh_channel_open_session(ssh_channel_new(ssh));
	return (struct tally){ 0 };
}

static void run_command(const char *command)
{
	char bytes[4096];
	size_t n;
	char *quiet = xasprintf("exec 2>/dev/null\n%s", command);
	FILE *f = popen(quiet, "r");
	while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
		ssh_channel_write(ran, bytes, (uint32_t)n);
	free(quiet);
	ssh_channel_request_send_exit_status(ran, WEXITSTATUS(pclose(f)));
	ssh_channel_send_eof(ran);
	ssh_channel_close(ran);
}

/* What is asked while the first command runs; the others run in peace. The tally goes to the test.
 */
static void on_exec(ssh_message m, struct tally (*harm)(void), int tell)
{
	static bool done;
	char *command = xstrdup(ssh_message_channel_request_command(m));
	ssh_message_channel_request_reply_success(m);
	if (!done) {
		struct tally t = harm();
		if (write(tell, &t, sizeof(t)) < 0)
			_exit(1);
	}
	done = true;
	run_command(command);
	free(command);
}

static int prompts; /* in each round of keyboard-interactive, without end; 0: all are let in */

#define PROMPTS_MOST 200 /* libssh takes up to 256 */

static void on_auth(ssh_message m)
{
	static const char *words[PROMPTS_MOST];
	static char echo[PROMPTS_MOST];
	for (size_t i = 0; i < PROMPTS_MOST; i++)
		words[i] = "Code: ";
	if (!prompts) {
		ssh_message_auth_reply_success(m, 0);
	} else if (ssh_message_subtype(m) == SSH_AUTH_METHOD_INTERACTIVE) {
		ssh_message_auth_interactive_request(m, "second factor", "", (unsigned)prompts,
		                                     words, echo);
	} else {
		ssh_message_auth_set_methods(m, SSH_AUTH_METHOD_INTERACTIVE);
		ssh_message_reply_default(m);
	}
}

static void on_message(ssh_message m, struct tally (*harm)(void), int tell)
{
	int type = ssh_message_type(m), subtype = ssh_message_subtype(m);
	if (type == SSH_REQUEST_SERVICE)
		ssh_message_service_reply_success(m);
	else if (type == SSH_REQUEST_AUTH)
		on_auth(m);
	else if (type == SSH_REQUEST_CHANNEL_OPEN && subtype == SSH_CHANNEL_SESSION)
		ran = ssh_message_channel_request_open_reply_accept(m);
	else if (type == SSH_REQUEST_CHANNEL && subtype == SSH_CHANNEL_REQUEST_EXEC)
		on_exec(m, harm, tell);
	else
		ssh_message_reply_default(m);
	ssh_message_free(m);
}

static void serve(int listener, struct tally (*harm)(void), int tell)
{
	ssh_key key = NULL;
	ssh_bind bind = ssh_bind_new();
	ssh_message m;
	alarm(5 * WAIT_MS / 1000);
	ssh = ssh_new();
	ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key);
	ssh_bind_options_set(bind, SSH_BIND_OPTIONS_IMPORT_KEY, key);
	if (ssh_bind_accept_fd(bind, ssh, between(accept(listener, NULL, NULL))) ||
	    ssh_handle_key_exchange(ssh))
		_exit(1);
	while ((m = ssh_message_get(ssh)))
		on_message(m, harm, tell);
	_exit(0);
}

/* --- the client ---------------------------------------------------------- */

static struct loop *loop;
static struct link *up;
static pid_t server;
static int told = -1;
static char dir[] = "/tmp/mocr-hostile-XXXXXX", config[64];
static bool over;
static char printed[64];
static struct stream_end end;

static void on_result(const struct run_result *r, void *arg)
{
	over = true;
	end = r->end;
	snprintf(printed, sizeof(printed), "%s", r->out);
}

static bool wait_for(const bool *what)
{
	int64_t until = now_mono_ms() + WAIT_MS;
	while (!*what && now_mono_ms() < until)
		loop_turn(loop, 50);
	return *what;
}

static void runs(const char *command, const char *prints, int code)
{
	over = false;
	struct run *run = link_run(up, command, NULL, 0, 0, WAIT_MS, on_result, NULL);
	if (!wait_for(&over))
		run_cancel(run);
	assert_true(over);
	assert_string_equal(end.err.text, "");
	assert_string_equal(printed, prints);
	assert_int_equal(end.exit_code, code);
}

static void write_config(int port)
{
	assert_non_null(mkdtemp(dir));
	snprintf(config, sizeof(config), "%s/config", dir);
	FILE *f = fopen(config, "w");
	assert_non_null(f);
	fprintf(f,
	        "Host hostile\nHostName 127.0.0.1\nPort %d\nStrictHostKeyChecking "
	        "no\nUserKnownHostsFile %s/known\n"
	        "GlobalKnownHostsFile /dev/null\nIdentityAgent none\nIdentityFile "
	        "%s/none\nIdentitiesOnly yes\n",
	        port, dir, dir);
	fclose(f);
}

/* A deaf server's socket takes less than the window that libssh grants (2 MB since 0.11). So the
 * rest waits in the client, however large the kernel would have made its buffers. */
static void keep_little(int listener)
{
	int few = 64 << 10, segment = 1400;
	assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &few, sizeof(few)), 0);
	assert_int_equal(setsockopt(listener, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment)),
	                 0);
}

/* Connects and answers what is asked, until it is up or failed. Returns how often it was asked. */
static int begin(struct tally (*harm)(void))
{
	static const struct link_events events = { 0 };
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int unread_ms = harm == do_read_nothing ? 2000 : WAIT_MS;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), pair[2];
	if (harm == do_read_nothing)
		keep_little(listener);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, size), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
	assert_int_equal(pipe(pair), 0);
	server = fork();
	if (!server)
		serve(listener, harm, pair[1]);
	close(listener);
	close(pair[1]);
	told = pair[0];
	strcpy(dir, "/tmp/mocr-hostile-XXXXXX");
	write_config(ntohs(at.sin_port));
	loop = loop_create();
	up = link_create_ssh(loop,
	                     &(struct link_config){
				     .name = "hostile",
				     .ssh_config = config,
				     .batch = !prompts,
				     .unread_timeout_ms = unread_ms },
	                     &events, NULL);
	link_connect(up);
	int asks = 0;
	for (int64_t until = now_mono_ms() + WAIT_MS;
	     (up->state == LINK_CONNECTING || up->ask) && now_mono_ms() < until;) {
		loop_turn(loop, 50);
		if (up->ask && ++asks)
			ask_answer(up->ask, secret_create("123456", 6), false);
	}
	if (!prompts) {
		assert_string_equal(up->err.text, "");
		assert_int_equal(up->state, LINK_UP);
	}
	return asks;
}

static void finish(void)
{
	char *command = xasprintf("rm -rf %s", dir);
	link_destroy(up);
	loop_destroy(loop);
	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
	close(told);
	assert_int_equal(system(command), 0);
	free(command);
}

static void harmed(struct tally (*harm)(void), int asked)
{
	struct tally t = { -1, -1 };
	begin(harm);
	/* 0 of a sanitizer, which finds what is lost in its own way */
	size_t before = mallinfo2().uordblks;
	runs("echo still here; exit 3", "still here\n", 3);
	assert_int_equal(read(told, &t, sizeof(t)), sizeof(t));
	assert_int_equal(t.granted, 0);
	assert_int_equal(t.refused, asked);
	runs("echo and again", "and again\n", 0);
	assert_int_equal(up->state, LINK_UP);
	size_t after = mallinfo2().uordblks;
	assert_true(after < before + KEPT_MAX);
	finish();
}

static void test_it_can_let_us_in(void **state)
{
	harmed(do_nothing, 0);
}
static void test_channels_are_refused(void **state)
{
	harmed(do_opens, ARRAY_LEN(opens) * ASKED);
}
static void test_requests_are_refused(void **state)
{
	harmed(do_requests, ARRAY_LEN(requests) * ASKED);
}
static void test_a_flood_is_not_kept(void **state)
{
	harmed(do_flood, 0);
}

/* A long input waits in a queue of our own, of a known size, and then the link ends. */
static void unread(struct tally (*harm)(void), size_t len, const char *words)
{
	begin(harm);
	struct mallinfo2 m = mallinfo2();
	size_t before = m.uordblks + m.hblkhd, most = before;
	char *input = xcalloc(1, len + 1);
	over = false;
	struct run *run = link_run(up, "cat >/dev/null", input, len, 0, WAIT_MS, on_result, NULL);
	free(input);
	for (int64_t until = now_mono_ms() + WAIT_MS; !over && now_mono_ms() < until;) {
		loop_turn(loop, 50);
		m = mallinfo2();
		most = m.uordblks + m.hblkhd > most ? m.uordblks + m.hblkhd : most;
	}
	if (!over)
		run_cancel(run);
	assert_true(over);
	if (!strstr(end.err.text, words))
		fail_msg("it says: %s (%zu KB)", end.err.text, (most - before) >> 10);
	/* the run's copy of the input, and what waits */
	assert_true(most < before + len + WAITS_MAX);
	finish();
}

static void test_a_server_that_reads_nothing(void **state)
{
	unread(do_read_nothing, 64u << 20, "has read nothing of what it was sent for 2 s");
}

static void test_a_server_that_asks_and_reads_nothing(void **state)
{
	unread(do_ask_and_read_nothing, 0, "does not read the answers: more than 1024 KB");
}

/* However often a server asks for a code, the user is asked asks times and then reads why not. */
static void asks_too_much(int each, int asks, const char *words)
{
	prompts = each;
	int asked = begin(do_nothing);
	prompts = 0;
	assert_int_equal(asked, asks);
	assert_int_equal(up->state, LINK_LOST);
	assert_int_equal(up->err.code, ERR_TOO_BIG);
	assert_false(up->retry_at_ms); /* or it would ask all of that again */
	if (!strstr(up->err.text, words))
		fail_msg("it says: %s", up->err.text);
	finish();
}

static void test_a_round_with_too_many_prompts(void **state)
{
	asks_too_much(5, 0, "asks 5 things at once to let ");
	asks_too_much(PROMPTS_MOST, 0, "asks 200 things at once to let ");
}

static void test_rounds_without_end(void **state)
{
	asks_too_much(1, 10, "asked 10 times to let ");
	asks_too_much(4, 40, "asked 10 times to let ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_can_let_us_in),
		cmocka_unit_test(test_channels_are_refused),
		cmocka_unit_test(test_requests_are_refused),
		cmocka_unit_test(test_a_flood_is_not_kept),
		cmocka_unit_test(test_a_server_that_reads_nothing),
		cmocka_unit_test(test_a_server_that_asks_and_reads_nothing),
		cmocka_unit_test(test_a_round_with_too_many_prompts),
		cmocka_unit_test(test_rounds_without_end),
	};
	ssh_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
