/* HTTP and origins: against a server of our own that behaves badly on purpose, straight and through
 * a origin whose endpoints fail one after another. Everything on this machine, no network. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/http.h"
#include "backends/link/loop.h"
#include "backends/link/origin.h"
#include "tests/unit/httpd.h"

/* --- the server ---------------------------------------------------------- */

static struct httpd *server;

static bool answer_without_end(int fd, const struct httpd_request *q)
{
	char piece[16384];
	memset(piece, 'x', sizeof(piece));
	httpd_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
	while (httpd_send(fd, piece, sizeof(piece)))
		;
	return false;
}

static bool answer_slowly(int fd, const struct httpd_request *q)
{
	httpd_say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 5; i++) {
		httpd_say(fd, "3\r\nab\n\r\n");
		usleep(15000);
	}
	return httpd_say(fd, "0\r\n\r\n");
}

static bool answer_big(int fd, const struct httpd_request *q)
{
	char *piece = malloc(1 << 20);
	char head[100];
	bool good = true;
	for (int i = 0; i < 1 << 20; i++)
		piece[i] = (char)('a' + i % 23);
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", 8 << 20);
	httpd_say(fd, head);
	for (int i = 0; i < 8 && good; i++)
		good = httpd_send(fd, piece, 1 << 20);
	free(piece);
	return good;
}

/* Echoes method and body. */
static bool echo(int fd, const struct httpd_request *q)
{
	char reply[20000];
	snprintf(reply, sizeof(reply), "%s %s", q->method, q->body);
	return httpd_answer(fd, "201 Created", "X-Seen: yes\r\n", reply);
}

static const struct httpd_route routes[] = {
	{ .path = "/html",
	  .status = "502 Bad Gateway",
	  .headers = "Content-Type: text/html\r\n",
	  .body = "<html></html>" },
	{ .path = "/half",
	  .raw = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,2",
	  .hangs_up = true },
	{ .path = "/junk", .raw = "\x16\x03\x01 this is no HTTP\r\n\r\n", .hangs_up = true },
	{ .path = "/refused", .status = "404 Not Found", .body = "{\"message\":\"x\"}" },
	{ .path = "/empty", .raw = "", .hangs_up = true },
	{ .path = "/endless", .answer = answer_without_end },
	{ .path = "/slow", .answer = answer_slowly },
	{ .path = "/big", .answer = answer_big },
	{ .path = "/echo", .answer = echo },
	{ .path = "/hang", .raw = "", .delay_ms = 3000 },
	{ .path = "*", .headers = "Content-Type: application/json\r\n", .body = "[1,2,3]" },
	{ 0 }
};

/* --- the kernel, as origin_port.c sees it -------------------------------- */

static int tables;      /* times that /proc/net/tcp was opened */
static bool no_diag;    /* the kernel has no sock_diag */
static int lines_first; /* lines of other sockets that the table then begins with */

int socket(int family, int type, int protocol)
{
	if (no_diag && family == AF_NETLINK) {
		errno = EPROTONOSUPPORT;
		return -1;
	}
	return (int)syscall(SYS_socket, family, type, protocol);
}

FILE *fopen(const char *path, const char *mode)
{
	FILE *real = fopen64(path, mode);
	char line[256];
	if (strcmp(path, "/proc/net/tcp") != 0 || !real)
		return real;
	tables++;
	FILE *longer = tmpfile();
	assert_non_null(longer);
	for (int i = 0; i < lines_first; i++)
		fprintf(longer, "%4d: 0200007F:0001 0200007F:0002 01 00000000:00000000 "
		                "00:00000000 00000000  1000        0 1 1 0\n", i);
	while (fgets(line, sizeof(line), real))
		fputs(line, longer);
	fclose(real);
	rewind(longer);
	return longer;
}

/* --- the world ----------------------------------------------------------- */

static char dir[] = "/tmp/mocr-test-XXXXXX";
static char socket_path[64];

struct world {
	struct loop *loop;
	struct http *http;
	struct link *link;
	struct origin *origin;
	struct httpd *tcp;  /* another one, on a port; NULL */
	int done;           /* calls that ended */
	struct reply reply; /* of the last; body and type are copies */
	char *body;
	size_t streamed;
	bool pause, answered;
	struct call *call;
};

static int start_server(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	setenv("XDG_RUNTIME_DIR", dir, 1);
	snprintf(socket_path, sizeof(socket_path), "%s/server", dir);
	server = httpd_start(socket_path, routes, NULL);
	return 0;
}

static int entries(const char *path)
{
	int n = 0;
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static int stop_server(void **state)
{
	httpd_stop(server);
	unlink(socket_path);
	return rmdir(dir); /* fails when a origin left something behind */
}

static void on_link(struct link *link, void *arg) {}

static int make_world(void **state)
{
	static const struct link_events events = { .changed = on_link };
	struct world *w = xcalloc(1, sizeof(*w));
	w->loop = loop_create();
	w->http = http_create(w->loop);
	w->link = link_create_local(w->loop, "here", &events, NULL);
	link_connect(w->link);
	for (int i = 0; i < 50 && w->link->state != LINK_UP; i++)
		loop_turn(w->loop, 20);
	*state = w;
	return w->link->state == LINK_UP ? 0 : -1;
}

static int end_world(void **state)
{
	struct world *w = *state;
	origin_destroy(w->origin);
	httpd_stop(w->tcp);
	assert_int_equal(entries(dir), 1); /* the server's socket alone */
	http_destroy(w->http);
	link_destroy(w->link);
	loop_destroy(w->loop);
	free(w->body);
	free(w);
	return 0;
}

static void open_origin(struct world *w, const char *command)
{
	struct endpoint endpoints[] = {
		{ .kind = ENDPOINT_UNIX, .path = command ? "/dev/null" : socket_path },
		{ .kind = ENDPOINT_EXEC, .command = "echo permission denied >&2; exit 1" },
		{ .kind = ENDPOINT_EXEC, .command = command }
	};
	w->origin = origin_create(w->http, w->link, endpoints, command ? 3 : 1);
}

static void on_done(struct call *c, const struct reply *r, void *arg)
{
	struct world *w = arg;
	w->done++;
	w->reply = *r;
	free(w->body);
	w->body = xstrndup(r->body, r->len);
	w->reply.content_type = strstr(r->content_type, "html") ? "html" : "other";
	w->call = NULL;
}

static bool on_data(struct call *c, const char *bytes, size_t len, void *arg)
{
	struct world *w = arg;
	w->streamed += len;
	return !w->pause;
}

static void on_answered(struct call *c, void *arg)
{
	((struct world *)arg)->answered = true;
}

static void turn_until(struct world *w, int done, int64_t ms)
{
	for (int64_t end = now_mono_ms() + ms; w->done < done && now_mono_ms() < end;)
		loop_turn(w->loop, 20);
}

static void get(struct world *w, const char *path, struct call_spec spec)
{
	spec.path = path;
	spec.done = on_done;
	spec.arg = w;
	w->call = call_start(w->origin, &spec);
	turn_until(w, w->done + 1, 3000);
}

/* --- tests --------------------------------------------------------------- */

static void test_plain(void **state)
{
	struct world *w = *state;
	open_origin(w, NULL);
	assert_null(origin_endpoint(w->origin));
	int before = (int)httpd_connections(server);
	for (int i = 0; i < 5; i++) {
		get(w, "/x", (struct call_spec){ 0 });
		assert_int_equal(w->reply.status, 200);
		assert_string_equal(w->body, "[1,2,3]");
	}
	assert_int_equal(origin_endpoint(w->origin)->kind, ENDPOINT_UNIX);
	/* one to see whether it is there, one that is kept */
	assert_true((int)httpd_connections(server) - before <= 2);
}

static void test_body_and_header(void **state)
{
	struct world *w = *state;
	open_origin(w, NULL);
	get(w, "/echo", (struct call_spec){ .method = "PUT", .body = "hello", .body_len = 5 });
	assert_int_equal(w->reply.status, 201);
	assert_string_equal(w->body, "PUT hello");
	get(w, "/echo", (struct call_spec){ .method = "POST" });
	assert_string_equal(w->body, "POST ");
	get(w, "/echo", (struct call_spec){ .method = "DELETE" });
	assert_string_equal(w->body, "DELETE ");
}

static void test_bad_answers(void **state)
{
	struct world *w = *state;
	open_origin(w, NULL);
	get(w, "/html", (struct call_spec){ 0 });
	assert_int_equal(w->reply.status, 502);
	assert_string_equal(w->reply.content_type, "html");
	get(w, "/half", (struct call_spec){ 0 });
	assert_int_equal(w->reply.status, 0);
	assert_int_equal(w->reply.err.code, ERR_LOST);
	assert_non_null(strstr(w->reply.err.text, "here: the answer to GET /half was cut off"));
	get(w, "/half?key=SECRET", (struct call_spec){ 0 });
	assert_int_equal(w->reply.err.code, ERR_LOST);
	assert_null(strstr(w->reply.err.text, "SECRET"));
	get(w, "/empty", (struct call_spec){ 0 });
	assert_int_equal(w->reply.err.code, ERR_LOST);
	get(w, "/junk", (struct call_spec){ 0 });
	assert_true(w->reply.err.code == ERR_GARBLED || w->reply.err.code == ERR_LOST);
	get(w, "/x", (struct call_spec){ 0 });
	assert_int_equal(w->reply.status, 200);
}

static void test_bounds(void **state)
{
	struct world *w = *state;
	open_origin(w, NULL);
	get(w, "/endless", (struct call_spec){ .max = 1 << 20 });
	assert_int_equal(w->reply.err.code, ERR_TOO_BIG);
	get(w, "/hang", (struct call_spec){ .timeout_ms = 100 });
	assert_int_equal(w->reply.err.code, ERR_TIMEOUT);
	get(w, "/big", (struct call_spec){ 0 });
	assert_int_equal(w->reply.len, 8 << 20);
}

static void test_streams(void **state)
{
	struct world *w = *state;
	open_origin(w, NULL);
	/* only until the head */
	get(w, "/slow",
	    (struct call_spec){ .data = on_data, .answered = on_answered, .timeout_ms = 40 });
	assert_int_equal(w->reply.status, 200);
	assert_true(w->answered);
	assert_int_equal(w->streamed, 15);
	w->streamed = 0;
	get(w, "/refused", (struct call_spec){ .data = on_data });
	assert_int_equal(w->reply.status, 404);
	assert_int_equal(w->streamed, 0);
	assert_string_equal(w->body, "{\"message\":\"x\"}");
}

static void check_pausing(struct world *w)
{
	w->pause = true;
	w->call = call_start(w->origin, &(struct call_spec){ .path = "/endless",
	                                                     .data = on_data,
	                                                     .done = on_done,
	                                                     .arg = w });
	for (int64_t end = now_mono_ms() + 3000; !w->streamed && now_mono_ms() < end;)
		loop_turn(w->loop, 10);
	for (int i = 0; i < 20; i++)
		loop_turn(w->loop, 10);
	size_t first = w->streamed;
	assert_true(first > 0 && first < 1 << 20);
	for (int i = 0; i < 5; i++)
		loop_turn(w->loop, 10);
	assert_int_equal(w->streamed, first); /* nothing comes while it is paused */
	w->pause = false;
	call_resume(w->call);
	for (int64_t end = now_mono_ms() + 5000; w->streamed < 4u << 20 && now_mono_ms() < end;)
		loop_turn(w->loop, 10);
	assert_true(w->streamed >= 4u << 20);
	call_cancel(w->call);
	int done = w->done;
	for (int i = 0; i < 5; i++)
		loop_turn(w->loop, 10);
	assert_int_equal(w->done, done);
}

static void test_pausing(void **state)
{
	struct world *w = *state;
	open_origin(w, NULL);
	check_pausing(w);
}

/* A pipe to the server's socket by what is surely there. */
static const char *bridge(void)
{
	static char command[400];
	snprintf(command, sizeof(command),
	         "exec python3 -c 'import socket,sys,os,threading\n"
	         "s=socket.socket(socket.AF_UNIX); s.connect(\"%s\")\n"
	         "def up():\n"
	         "  while 1:\n"
	         "    b=os.read(0,65536)\n"
	         "    if not b: os._exit(0)\n"
	         "    s.sendall(b)\n"
	         "threading.Thread(target=up,daemon=True).start()\n"
	         "while 1:\n"
	         "  b=s.recv(65536)\n"
	         "  if not b: os._exit(0)\n"
	         "  while b: b=b[os.write(1,b):]\n'",
	         socket_path);
	return command;
}

static bool has_python(void)
{
	return system("python3 -c 0 >/dev/null 2>&1") == 0;
}

static void test_endpoints_in_turn(void **state)
{
	struct world *w = *state;
	struct stat st;
	char path[300] = "";
	if (!has_python())
		skip();
	open_origin(w, bridge());
	get(w, "/echo",
	    (struct call_spec){ .method = "POST", .body = "sent down two roads", .body_len = 19 });
	assert_int_equal(w->reply.status, 201);
	/* and came through the third as one */
	assert_string_equal(w->body, "POST sent down two roads");
	assert_int_equal(origin_endpoint(w->origin)->kind, ENDPOINT_EXEC);
	assert_int_equal(entries(dir), 2);
	DIR *d = opendir(dir);
	for (struct dirent *e; (e = readdir(d));)
		if (strncmp(e->d_name, "mocr-", 5) == 0)
			snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
	closedir(d);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	get(w, "/big", (struct call_spec){ 0 });
	assert_int_equal(w->reply.len, 8 << 20);
	check_pausing(w);
}

static void test_many_at_once_through_commands(void **state)
{
	struct world *w = *state;
	if (!has_python())
		skip();
	open_origin(w, bridge());
	for (int i = 0; i < 12; i++)
		call_start(w->origin,
		           &(struct call_spec){ .path = "/x", .done = on_done, .arg = w });
	turn_until(w, 12, 8000);
	assert_int_equal(w->done, 12);
	assert_int_equal(w->reply.status, 200);
}

static void test_no_endpoint(void **state)
{
	struct world *w = *state;
	open_origin(w, "exit 127");
	for (int i = 0; i < 3; i++)
		call_start(w->origin,
		           &(struct call_spec){ .path = "/x", .done = on_done, .arg = w });
	turn_until(w, 3, 5000);
	assert_int_equal(w->done, 3);
	assert_int_equal(w->reply.err.code, ERR_DENIED);
	assert_non_null(strstr(w->reply.err.text, "permission denied"));
	assert_int_equal(origin_err(w->origin)->code, ERR_DENIED);
	assert_null(origin_endpoint(w->origin));
}

/* sudo-rs and doas have words of their own: whatever they are, the command behind them did not
 * begin. Docker's own words that follow a mere warning of sudo's are no refusal. */
static void test_refused_by_whatever_sudo(void **state)
{
	static const struct {
		const char *command;
		enum err_code code;
	} endpoints[] = {
		{ "echo 'sudo: interactive authentication is required' >&2; exit 1", ERR_DENIED },
		{ "echo 'doas: Authentication required' >&2; exit 1", ERR_DENIED },
		{ "echo 'sudo: something of next year' >&2; echo >&2; exit 1", ERR_DENIED },
		{ "echo 'sudo: unable to resolve host x' >&2; echo 'Cannot connect to the Docker "
		  "daemon' >&2; exit 1",
		  ERR_REFUSED },
		{ "echo 'sudo: it says so' >&2; exit 3", ERR_REFUSED },
	};
	struct world *w = *state;
	for (size_t i = 0; i < ARRAY_LEN(endpoints); i++) {
		struct endpoint way[] = { { .kind = ENDPOINT_UNIX, .path = "/dev/null" },
			                  { .kind = ENDPOINT_EXEC,
			                    .command = endpoints[i].command } };
		origin_destroy(w->origin);
		w->origin = origin_create(w->http, w->link, way, 2);
		call_start(w->origin,
		           &(struct call_spec){ .path = "/x", .done = on_done, .arg = w });
		turn_until(w, (int)i + 1, 5000);
		assert_int_equal(w->reply.err.code, endpoints[i].code);
	}
}

/* A socket that is not there says all: what a client program has to say about it is no fault of the
 * server. */
static void test_absent(void **state)
{
	struct world *w = *state;
	struct endpoint two[] = { { .kind = ENDPOINT_UNIX, .path = "/nonexistent/socket" },
		                  { .kind = ENDPOINT_EXEC,
		                    .command = "echo no daemon >&2; exit 1" } };
	w->origin = origin_create(w->http, w->link, two, 2);
	get(w, "/x", (struct call_spec){ 0 });
	assert_int_equal(w->reply.err.code, ERR_ABSENT);
	origin_destroy(w->origin);
	struct endpoint endpoint = { .kind = ENDPOINT_UNIX, .path = "/nonexistent/socket" };
	w->origin = origin_create(w->http, w->link, &endpoint, 1);
	get(w, "/x", (struct call_spec){ 0 });
	assert_int_equal(w->reply.err.code, ERR_ABSENT);
}

static void test_link_gone(void **state)
{
	struct world *w = *state;
	open_origin(w, NULL);
	link_disconnect(w->link);
	get(w, "/x", (struct call_spec){ 0 });
	assert_int_equal(w->reply.err.code, ERR_LOST);
	link_connect(w->link);
	for (int i = 0; i < 50 && w->link->state != LINK_UP; i++)
		loop_turn(w->loop, 20);
	get(w, "/x", (struct call_spec){ 0 });
	assert_int_equal(w->reply.status, 200);
}

/* A callback may do anything: end all, start again, close the origin. */
static void on_done_again(struct call *c, const struct reply *r, void *arg)
{
	struct world *w = arg;
	if (++w->done < 20) {
		call_start(w->origin,
		           &(struct call_spec){ .path = "/x", .done = on_done_again, .arg = w });
		call_cancel(call_start(w->origin, &(struct call_spec){ .path = "/x",
		                                                       .done = on_done_again,
		                                                       .arg = w }));
		return;
	}
	origin_destroy(w->origin);
	w->origin = NULL;
}

static bool data_that_cancels(struct call *c, const char *bytes, size_t len, void *arg)
{
	struct world *w = arg;
	w->streamed += len;
	call_cancel(c);
	return true;
}

static void test_callbacks_do_anything(void **state)
{
	struct world *w = *state;
	open_origin(w, NULL);
	call_start(w->origin, &(struct call_spec){ .path = "/endless",
	                                           .data = data_that_cancels,
	                                           .done = on_done,
	                                           .arg = w });
	for (int i = 0; i < 10; i++)
		loop_turn(w->loop, 10);
	assert_true(w->streamed > 0);
	assert_int_equal(w->done, 0);
	call_start(w->origin, &(struct call_spec){ .path = "/x", .done = on_done_again, .arg = w });
	turn_until(w, 20, 3000);
	assert_int_equal(w->done, 20);
	assert_null(w->origin);
	for (int i = 0; i < 3; i++)
		loop_turn(w->loop, 10);
}

/* Connects to the port as that user and says what came back: "2" of "HTTP/1.1 200 OK", or "" when
 * nobody answered. */
static void *ask_port(void *arg)
{
	int *ask = arg; /* port, uid; then what came */
	int pipes[2];
	char came[10] = "";
	if (pipe(pipes) != 0)
		return NULL;
	pid_t pid = fork();
	if (!pid) {
		struct sockaddr_in at = { .sin_family = AF_INET,
			                  .sin_port = htons((uint16_t)ask[0]),
			                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		if (ask[1] && setuid((uid_t)ask[1]) != 0)
			_exit(1);
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0) {
			httpd_say(fd, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
			ssize_t n = recv(fd, came, sizeof(came), 0);
			if (n > 9 && write(pipes[1], came + 9, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(pipes[1]);
	ask[2] = read(pipes[0], came, 1) == 1 ? came[0] : 0;
	close(pipes[0]);
	waitpid(pid, NULL, 0);
	ask[3] = 1;
	return NULL;
}

static void went(void *arg)
{
	++*(int *)arg;
}

static char answer_on(struct world *w, int port, int uid)
{
	int ask[4] = { port, uid, 0, 0 };
	pthread_t thread;
	pthread_create(&thread, NULL, ask_port, ask);
	for (int64_t end = now_mono_ms() + 5000;
	     !__atomic_load_n(&ask[3], __ATOMIC_ACQUIRE) && now_mono_ms() < end;)
		loop_turn(w->loop, 20);
	pthread_join(thread, NULL);
	return (char)ask[2];
}

/* Sends a request as that user and is gone before anybody has looked. */
static void send_blindly(int port, uid_t uid)
{
	pid_t pid = fork();
	if (!pid) {
		struct sockaddr_in at = { .sin_family = AF_INET,
			                  .sin_port = htons((uint16_t)port),
			                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		if (setuid(uid) != 0)
			_exit(1);
		close(fd);
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
			_exit(1);
		httpd_say(fd, "POST /blind HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
		_exit(0);
	}
	int status = -1;
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static bool is_taken(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_port = htons((uint16_t)port),
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool taken = bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0;
	close(fd);
	return taken;
}

/* A port of the loopback leads through the origin, for our own user; another one's connection is
 * closed without a word, and what it sent does not arrive, be it alive or not. Two have ports of
 * their own; the number is nobody else's for as long as a program may use it. */
static void test_port(void **state)
{
	struct world *w = *state;
	struct err err = { 0 };
	int gone = 0;
	open_origin(w, NULL);
	struct origin_port *one = origin_port_open(w->origin, went, &gone, &err),
			   *two = origin_port_open(w->origin, went, &gone, &err);
	assert_non_null(one);
	assert_non_null(two);
	int port = origin_port_number(one), other = origin_port_number(two);
	assert_int_not_equal(port, other);
	assert_int_equal(answer_on(w, port, 0), '2');
	if (geteuid() == 0) {
		int before = (int)httpd_connections(server);
		assert_int_equal(answer_on(w, port, 65534), 0);
		send_blindly(port, 65534);
		/* until the kernel has forgotten whose it was */
		usleep(100000);
		for (int i = 0; i < 10; i++)
			loop_turn(w->loop, 20);
		assert_int_equal((int)httpd_connections(server), before);
	}
	origin_port_close(one);
	assert_int_equal(answer_on(w, port, 0), 0);
	assert_true(is_taken(port));
	assert_int_equal(answer_on(w, other, 0), '2');
	origin_destroy(w->origin);
	w->origin = NULL;
	assert_int_equal(gone, 1);
	assert_int_equal(answer_on(w, other, 0), 0);
	assert_true(is_taken(other));
	origin_port_close(two);
}

/* Whose a connection is: the kernel says it of one socket, and its table of all sockets is not
 * read. A kernel without sock_diag is asked by the table, up to a bound. */
static void test_port_on_a_busy_machine(void **state)
{
	struct world *w = *state;
	struct err err = { 0 };
	int gone = 0;
	open_origin(w, NULL);
	struct origin_port *p = origin_port_open(w->origin, went, &gone, &err);
	assert_non_null(p);
	int port = origin_port_number(p);
	tables = 0;
	assert_int_equal(answer_on(w, port, 0), '2');
	assert_int_equal(tables, 0);
	no_diag = true;
	assert_int_equal(answer_on(w, port, 0), '2');
	assert_int_equal(tables, 1);
	lines_first = 3000; /* ours comes too late */
	assert_int_equal(answer_on(w, port, 0), 0);
	assert_int_equal(tables, 2);
	no_diag = false;
	assert_int_equal(answer_on(w, port, 0), '2');
	assert_int_equal(tables, 2);
	lines_first = 0;
	origin_port_close(p);
}

static int connections(struct world *w)
{
	for (int i = 0; i < 10; i++)
		loop_turn(w->loop, 20);
	return (int)httpd_connections(w->tcp);
}

/* A connection that was opened ahead is what the next call goes over; one that the server did not
 * keep is not. */
static void test_ready(void **state)
{
	struct world *w = *state;
	struct call_spec once = { .method = "POST", .body = "x", .body_len = 1, .once = true };
	w->tcp = httpd_start(NULL, routes, NULL);
	/* curl goes to a port of this machine by itself, but not then */
	struct endpoint endpoints[] = {
		{ .kind = ENDPOINT_UNIX, .path = "/dev/null" },
		{ .kind = ENDPOINT_TCP, .host = "127.0.0.1", .port = httpd_port(w->tcp) }
	};
	w->origin = origin_create(w->http, w->link, endpoints, 2);
	int before = connections(w);
	origin_ready(w->origin);
	/* nobody knows yet whether that endpoint leads anywhere */
	assert_int_equal(connections(w), before);
	get(w, "/echo", once);
	assert_int_equal(w->reply.status, 201);
	assert_int_equal(connections(w), before + 1);
	origin_ready(w->origin);
	origin_ready(w->origin);
	assert_int_equal(connections(w), before + 2);
	get(w, "/echo", once);
	assert_string_equal(w->body, "POST x");
	assert_int_equal(connections(w), before + 2);
	get(w, "/echo", once);
	assert_int_equal(connections(w), before + 3);

	httpd_greet(w->tcp, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: "
	                    "close\r\n\r\n");
	origin_ready(w->origin);
	assert_int_equal(connections(w), before + 4);
	httpd_greet(w->tcp, NULL);
	get(w, "/echo", once);
	assert_int_equal(w->reply.status, 201);
	assert_int_equal(connections(w), before + 5);
	/* and the origin goes while one is ready */
	origin_ready(w->origin);
	assert_int_equal(connections(w), before + 6);
}

/* A folder as an origin makes it, with a socket that listens, or one whose process died. Returns
 * the socket. */
static int make_private(char *path, size_t size, const char *name, bool listens)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	snprintf(path, size, "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
	int n = snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/s", path);
	assert_true(n > 0 && (size_t)n < sizeof(sun.sun_path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	if (listens)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* As if made an hour ago. */
static void make_old(const char *path)
{
	struct timespec times[2] = { { .tv_sec = time(NULL) - 3600 }, { 0 } };
	times[1] = times[0];
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void drop_private(const char *path)
{
	char *socket = xasprintf("%s/s", path);
	unlink(socket);
	free(socket);
	rmdir(path);
}

/* A console that was killed leaves its private folder; the next start removes it. One in use stays
 * and is not even connected to. These stay too: one that is new, one that holds more, one that
 * others can read, a link, and names that are not an origin's. */
static void test_left_over_folders(void **state)
{
	char left[64], live[64], young[64], full[64], open[64], other[64], way[64], kept[80];
	close(make_private(left, sizeof(left), "mocr-aB3xYz", false));
	int used = make_private(live, sizeof(live), "mocr-liveon", true);
	close(make_private(young, sizeof(young), "mocr-young0", false));
	close(make_private(full, sizeof(full), "mocr-full00", false));
	close(make_private(open, sizeof(open), "mocr-open00", false));
	close(make_private(other, sizeof(other), "mocr-longer-name", false));
	snprintf(kept, sizeof(kept), "%s/kept", full);
	assert_int_equal(mkdir(kept, 0700), 0);
	assert_int_equal(chmod(open, 0755), 0);
	snprintf(way, sizeof(way), "%s/mocr-link00", dir);
	assert_int_equal(symlink(other, way), 0);
	const char *const old[] = { left, live, full, open, other };
	for (size_t i = 0; i < ARRAY_LEN(old); i++)
		make_old(old[i]);

	struct loop *loop = loop_create();
	struct http *http = http_create(loop);
	const char *const stay[] = { live, young, full, open, other, way };
	for (size_t i = 0; i < ARRAY_LEN(stay); i++)
		if (access(stay[i], F_OK) != 0)
			fail_msg("%s is gone", stay[i]);
	assert_int_not_equal(access(left, F_OK), 0);
	assert_int_equal(accept(used, NULL, NULL), -1);
	close(used);
	make_old(live);
	origin_sweep(dir); /* its console died too */
	assert_int_not_equal(access(live, F_OK), 0);

	http_destroy(http);
	loop_destroy(loop);
	rmdir(kept);
	unlink(way);
	drop_private(young);
	drop_private(full);
	drop_private(open);
	drop_private(other);
	assert_int_equal(entries(dir), 1);
}

static void test_encode(void **state)
{
	char *s = http_encode("a b/\"{}?&=%\xc3\xa4~");
	assert_string_equal(s, "a%20b%2F%22%7B%7D%3F%26%3D%25%C3%A4~");
	free(s);
}

int main(void)
{
#define WORLD(fn) cmocka_unit_test_setup_teardown(fn, make_world, end_world)
	const struct CMUnitTest tests[] = {
		WORLD(test_plain),
		WORLD(test_body_and_header),
		WORLD(test_bad_answers),
		WORLD(test_bounds),
		WORLD(test_streams),
		WORLD(test_pausing),
		WORLD(test_endpoints_in_turn),
		WORLD(test_many_at_once_through_commands),
		WORLD(test_no_endpoint),
		WORLD(test_refused_by_whatever_sudo),
		WORLD(test_absent),
		WORLD(test_link_gone),
		WORLD(test_port),
		WORLD(test_port_on_a_busy_machine),
		WORLD(test_ready),
		WORLD(test_callbacks_do_anything),
		cmocka_unit_test(test_left_over_folders),
		cmocka_unit_test(test_encode),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
