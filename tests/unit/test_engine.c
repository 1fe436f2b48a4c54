/* An engine's source against an engine of our own. One is too new for 1.41, one is a web page, one
 * stops in the middle, one goes away and comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/containers/engine.h"
#include "backends/store/activity.h"
#include "backends/store/doc.h"
#include "backends/store/log.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"
#include "httpd.h"
#include "turns.h"

/* --- the engine ---------------------------------------------------------- */

enum mode { MODE_NEW, MODE_HTML, MODE_HALF, MODE_DENIED, MODE_NO_LOG, MODE_LOG, MODE_LOGS };
static int mode;
static int logs_asked, lists_asked, inspects_asked, tails_asked, stats_asked; /* how often */
static int list_takes_ms, inspect_takes_ms;
static int events_fd = -1; /* the connection that events go to */
static char dir[] = "/tmp/mocr-test-XXXXXX";
static char path[64];

static const char one[] =
	"[{\"Id\":\"abc0\",\"Names\":[\"/one\"],\"State\":\"running\",\"Status\":\"Up 2 hours\"}]";
static const char *list_says = one;
static const char *inspect_says; /* NULL: no such container */
static const char *tail_says;    /* NULL: none either */
static const char *image_says;   /* NULL: no such image */
static int images_asked;
static const char *stats_say;    /* NULL: a little more each time */
/* MODE_LOGS: one answer after the other; what is asked for must have the words, and lines come each
 * in a frame of its own. */
struct log_answer {
	const char *asked[2]; /* words of the request; NULL: no more */
	const char *lines;
	bool stays;   /* the answer does not end */
	bool repeats; /* the last one may be asked for again */
	int takes_ms; /* before it begins */
};
static const struct log_answer *log_answers;
static int log_answered;
static int wrong_requests;

static void count(int *what)
{
	__atomic_add_fetch(what, 1, __ATOMIC_SEQ_CST);
}

static int counted(const int *what)
{
	return __atomic_load_n(what, __ATOMIC_SEQ_CST);
}

static void set(int *what, int n)
{
	__atomic_store_n(what, n, __ATOMIC_SEQ_CST);
}

static void says(const char **what, const char *json)
{
	__atomic_store_n(what, json, __ATOMIC_SEQ_CST);
}

static void answer(int fd, const char *status, const char *type, const char *body)
{
	char headers[300];
	snprintf(headers, sizeof(headers),
	         "Api-Version: 1.53\r\nServer: Docker/29.2.0 (linux)\r\nContent-Type: %s\r\n",
	         type);
	httpd_answer(fd, status, headers, body);
}

static void take(const int *ms)
{
	usleep((useconds_t)__atomic_load_n(ms, __ATOMIC_SEQ_CST) * 1000);
}

static void answer_stats(int fd)
{
	const char *json = __atomic_load_n(&stats_say, __ATOMIC_SEQ_CST);
	char more[300];
	int n = __atomic_add_fetch(&stats_asked, 1, __ATOMIC_SEQ_CST);
	snprintf(more, sizeof(more),
	         "{\"read\":\"2026-01-01T00:%02d:%02dZ\",\"cpu_stats\":{\"cpu_usage\":{\"total_"
	         "usage\":%d00000000},"
	         "\"online_cpus\":1},\"memory_stats\":{\"usage\":%d000000,\"limit\":900000000}}\n",
	         n / 60 % 60, n % 60, n, n);
	answer(fd, "200 OK", "application/json", json ? json : more);
}

static void send_frame(int fd, const char *line, size_t len)
{
	const unsigned char head[8] = {
		1, 0, 0, 0, 0, 0, (unsigned char)(len >> 8), (unsigned char)len
	};
	send(fd, head, sizeof(head), MSG_NOSIGNAL);
	send(fd, line, len, MSG_NOSIGNAL);
}

static bool answer_logs(int fd, const char *request)
{
	static const char head[] =
		"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n";
	const struct log_answer *all = __atomic_load_n(&log_answers, __ATOMIC_SEQ_CST);
	int n = __atomic_fetch_add(&log_answered, 1, __ATOMIC_SEQ_CST);
	const struct log_answer *a = all;
	while (n-- > 0 && a->lines && !a->repeats)
		a++;
	for (size_t i = 0; i < ARRAY_LEN(a->asked) && a->asked[i]; i++)
		if (!strstr(request, a->asked[i]))
			count(&wrong_requests);
	if (!a->lines) {
		count(&wrong_requests);
		return false;
	}
	usleep((useconds_t)a->takes_ms * 1000);
	send(fd, head, sizeof(head) - 1, MSG_NOSIGNAL);
	for (const char *line = a->lines, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		send_frame(fd, line, (size_t)(end - line) + 1);
	}
	return a->stays;
}

static bool engine_answers(int fd, const struct httpd_request *q)
{
	const char *request = q->head;
	int now = __atomic_load_n(&mode, __ATOMIC_SEQ_CST);
	/* what there is when it is asked; the answer may take its time */
	const char *list = __atomic_load_n(&list_says, __ATOMIC_SEQ_CST),
		   *inspect = __atomic_load_n(&inspect_says, __ATOMIC_SEQ_CST);
	const char *tail = __atomic_load_n(&tail_says, __ATOMIC_SEQ_CST);
	if (strstr(request, "/abc0/json"))
		count(&inspects_asked);
	if (now == MODE_LOGS && strstr(request, "/abc0/logs?") && !strstr(request, "&tail=20 "))
		return answer_logs(fd, request);
	if (now == MODE_HTML)
		answer(fd, "200 OK", "text/html", "<html>Please log in\x1b[31m</html>");
	else if (now == MODE_DENIED)
		answer(fd, "403 Forbidden", "application/json",
		       "{\"message\":\"authorization denied by plugin\"}");
	else if (strstr(request, " /_ping "))
		answer(fd, "200 OK", "text/plain", "OK");
	else if (now != MODE_LOGS && !strstr(request, " /v1.44/"))
		answer(fd, "400 Bad Request", "application/json",
		       "{\"message\":\"client version 1.41 is too old\"}");
	else if (strstr(request, "/events?")) {
		static const char head[] =
			"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
		send(fd, head, sizeof(head) - 1, MSG_NOSIGNAL);
		__atomic_store_n(&events_fd, fd, __ATOMIC_SEQ_CST);
		return true;
	} else if (strstr(request, "/containers/json")) {
		if (now == MODE_HALF) {
			static const char half[] =
				"HTTP/1.1 200 OK\r\nContent-Length: "
				"90\r\n\r\n[{\"Id\":\"abc\",\"Names\":[\"/one\"],\"State\":\"r";
			send(fd, half, sizeof(half) - 1, MSG_NOSIGNAL);
			return false;
		}
		count(&lists_asked);
		take(&list_takes_ms);
		answer(fd, "200 OK", "application/json", list);
	} else if (inspect && strstr(request, "/abc0/json")) {
		take(&inspect_takes_ms);
		answer(fd, "200 OK", "application/json", inspect);
	} else if (strstr(request, "/images/sha256:ab/json")) {
		const char *image = __atomic_load_n(&image_says, __ATOMIC_SEQ_CST);
		count(&images_asked);
		answer(fd, image ? "200 OK" : "404 Not Found", "application/json",
		       image ? image : "{\"message\":\"no such image\"}");
	} else if (tail && strstr(request, "&tail=20 ")) {
		count(&tails_asked);
		take(&inspect_takes_ms);
		answer(fd, "200 OK", "application/octet-stream", tail);
	} else if (now == MODE_LOG && strstr(request, "follow=1")) {
		static const char quiet[] =
			"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n";
		send(fd, quiet, sizeof(quiet) - 1, MSG_NOSIGNAL);
	} else if (strstr(request, "/abc0/stats?"))
		answer_stats(fd);
	else if (now == MODE_NO_LOG && strstr(request, "/abc0/json"))
		answer(fd, "200 OK", "application/json",
		       "{\"Id\":\"abc0\",\"State\":{\"Status\":\"running\"},\"Config\":{\"Tty\":"
		       "false}}");
	else if (now == MODE_NO_LOG && strstr(request, "/abc0/logs?")) {
		count(&logs_asked);
		answer(fd, "501 Not Implemented", "application/json",
		       "{\"message\":\"configured logging driver does not support reading\"}");
	} else
		answer(fd, "404 Not Found", "application/json", "{\"message\":\"no such thing\"}");
	return true;
}

static const struct httpd_route routes[] = { { .path = "/*", .answer = engine_answers }, { 0 } };
static struct httpd *engine_httpd;

static int start_engine(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	setenv("XDG_RUNTIME_DIR", dir, 1);
	setenv("XDG_STATE_HOME", dir, 1);
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	snprintf(path, sizeof(path), "%s/engine", dir);
	engine_httpd = httpd_start(path, routes, NULL);
	return 0;
}

static int stop_engine(void **state)
{
	char command[128];
	httpd_stop(engine_httpd);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

/* --- the world ----------------------------------------------------------- */

static size_t endpoints_here(const struct source *s, struct endpoint *endpoints, char *buf,
                             size_t size)
{
	endpoints[0] = (struct endpoint){ .kind = ENDPOINT_UNIX, .path = path };
	return 1;
}

/* As by `docker system dial-stdio`: a command for each connection. */
static size_t endpoints_by_command(const struct source *s, struct endpoint *endpoints, char *buf,
                                   size_t size)
{
	static char command[128];
	snprintf(command, sizeof(command), "exec socat - UNIX-CONNECT:%s", path);
	endpoints[0] = (struct endpoint){ .kind = ENDPOINT_EXEC, .command = command };
	return 1;
}

static const struct engine_param param_by_command = { .cli = "docker",
	                                              .title = "Docker",
	                                              .endpoints = endpoints_by_command };
static const struct engine_param param_of_podman = {
	.cli = "podman", .title = "Podman", .endpoints = endpoints_here, .is_podman = true
};
static const struct engine_param param = { .cli = "docker",
	                                   .title = "Docker",
	                                   .endpoints = endpoints_here };

struct world {
	struct loop *loop;
	struct http *http;
	struct settings *settings;
	struct store *store;
	struct server *server;
	struct source *source; /* docker's, led to our engine */
	struct backend backend;
};

static void turn(struct world *w, int64_t ms)
{
	turns_for(w->loop, ms);
}

#define PAUSE_MS 1900 /* shorter than any pause between two tries */

/* Turns for ms of the loop's time. At most one request, and one more for each pause that a busy
 * machine makes of it. */
static void turn_asks_seldom(struct world *w, int64_t ms, const int *what)
{
	int64_t from = now_mono_ms();
	turn(w, ms);
	int64_t took = now_mono_ms() - from;
	assert_in_range(counted(what), 1, 1 + took / PAUSE_MS);
}

static void on_link(struct link *link, void *arg) {}

static int make_world(void **state)
{
	static const struct link_events events = { .changed = on_link };
	struct world *w = xcalloc(1, sizeof(*w));
	struct doc complaints;
	says(&list_says, one);
	says(&inspect_says, NULL);
	says(&tail_says, NULL);
	says(&image_says, NULL);
	set(&images_asked, 0);
	says(&stats_say, NULL);
	set(&list_takes_ms, 0);
	set(&inspect_takes_ms, 0);
	doc_init(&complaints);
	w->loop = loop_create();
	w->http = http_create(w->loop);
	w->settings = settings_load(NULL, &complaints);
	doc_finish(&complaints);
	w->store = store_create(w->loop, w->http, w->settings);
	w->server = server_add(w->store, "here");
	w->server->link = link_create_local(w->loop, "here", &events, NULL);
	link_connect(w->server->link);
	for (int i = 0; i < 50 && w->server->link->state != LINK_UP; i++)
		loop_turn(w->loop, 10);
	w->source = server_source(w->server, "docker");
	w->backend = backend_docker;
	w->backend.param = &param;
	w->source->backend = &w->backend;
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	struct world *w = *state;
	store_destroy(w->store);
	http_destroy(w->http);
	settings_destroy(w->settings);
	loop_destroy(w->loop);
	free(w);
	return 0;
}

static void set_mode(enum mode m)
{
	__atomic_store_n(&mode, (int)m, __ATOMIC_SEQ_CST);
}

static void turn_until_state(struct world *w, enum source_state state)
{
	for (int64_t end = now_mono_ms() + 3000; w->source->state != state && now_mono_ms() < end;)
		loop_turn(w->loop, 10);
	assert_int_equal(w->source->state, state);
}

static struct row *row(struct world *w, const char *name)
{
	char id[100];
	snprintf(id, sizeof(id), "here/container/%s", name);
	return store_find(w->store, id);
}

static void send_event(const char *json)
{
	int fd = __atomic_load_n(&events_fd, __ATOMIC_SEQ_CST);
	send(fd, json, strlen(json), MSG_NOSIGNAL);
}

/* --- tests --------------------------------------------------------------- */

/* Docker 29.0 to 29.2 refuse 1.41: what was asked too early is asked again. */
static void test_too_new_for_us(void **state)
{
	struct world *w = *state;
	set_mode(MODE_NEW);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	assert_non_null(row(w, "one"));
	assert_non_null(strstr(w->source->detail, "API 1.44 of 1.53"));
	assert_string_equal(w->source->err.text, "");
	turn(w, 50);
	send_event("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"abc0\","
	           "\"Attributes\":{\"name\":\"one\",\"exitCode\":\"9\"}},"
	           "\"timeNano\":1795250000000000000}\n");
	turn(w, 30);
	assert_int_equal(ROW_AS(container, row(w, "one"))->state, CONTAINER_EXITED);
	assert_int_equal(row(w, "one")->health, HEALTH_BAD);
}

/* An event in pieces, one that is too long to be true, and the next one after it. */
static void test_events_in_pieces(void **state)
{
	struct world *w = *state;
	set_mode(MODE_NEW);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	turn(w, 50);
	send_event("{\"Type\":\"container\",\"Action\":\"pause\",\"Act");
	turn(w, 20);
	send_event("or\":{\"ID\":\"abc0\"}}\n");
	turn(w, 30);
	assert_int_equal(ROW_AS(container, row(w, "one"))->state, CONTAINER_PAUSED);
	char *x = xcalloc(1, 64 * 1024);
	memset(x, 'x', 64 * 1024 - 1);
	for (int i = 0; i < 20; i++) {
		send_event(x);
		turn(w, 5);
	}
	free(x);
	send_event(
		"\n{\"Type\":\"container\",\"Action\":\"unpause\",\"Actor\":{\"ID\":\"abc0\"}}\n");
	turn(w, 30);
	assert_int_equal(ROW_AS(container, row(w, "one"))->state, CONTAINER_RUNNING);
}

static void test_a_web_page(void **state)
{
	struct world *w = *state;
	set_mode(MODE_HTML);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_FAILED);
	assert_non_null(strstr(w->source->err.text, "here"));
	assert_null(strchr(w->source->err.text, 0x1b));
	set_mode(MODE_NEW); /* it heals by itself */
	turn_until_state(w, SOURCE_LIVE);
}

static void test_half_an_answer(void **state)
{
	struct world *w = *state;
	set_mode(MODE_HALF);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_FAILED);
	assert_non_null(strstr(w->source->err.text, "cut off"));
	set_mode(MODE_NEW);
	turn_until_state(w, SOURCE_LIVE);
	set_mode(MODE_HALF); /* later on rows stay, and say that they are old */
	shutdown(__atomic_load_n(&events_fd, __ATOMIC_SEQ_CST), SHUT_RDWR);
	turn_until_state(w, SOURCE_STALE);
	assert_non_null(row(w, "one"));
}

static void test_events_end(void **state)
{
	struct world *w = *state;
	set_mode(MODE_NEW);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	turn(w, 50);
	shutdown(__atomic_load_n(&events_fd, __ATOMIC_SEQ_CST), SHUT_RDWR);
	turn_until_state(w, SOURCE_STALE);
	assert_non_null(strstr(w->source->err.text, "events"));
	turn_until_state(w, SOURCE_LIVE);
	assert_non_null(row(w, "one"));
}

static void test_down_and_up(void **state)
{
	struct world *w = *state;
	struct err err;
	set_mode(MODE_NEW);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	struct log *log = log_create(0);
	assert_non_null(kind_container.follow(row(w, "one"), log, &err));
	turn(w, 50);
	for (int i = 0; i < 3; i++) {
		w->backend.down(w->source);
		assert_non_null(row(w, "one"));
		assert_true(*log_status(log));
		w->backend.up(w->source);
		turn(w, 20);
	}
	log_destroy(log);
	turn(w, 20);
}

static void test_a_plugin_says_no(void **state)
{
	struct world *w = *state;
	set_mode(MODE_DENIED);
	w->backend.up(w->source);
	turn(w, 200);
	assert_true(w->source->state == SOURCE_FAILED || w->source->state == SOURCE_DENIED);
	assert_non_null(strstr(w->source->err.text, "authorization denied by plugin"));
}

/* Away, and back when it says something else; no event tells what was in between. */
static void away(struct world *w, const char *list, const char *inspect)
{
	((struct engine *)w->source)->last_event[0] = '\0';
	w->server->link->state = LINK_LOST;
	w->backend.down(w->source);
	says(&list_says, list);
	says(&inspect_says, inspect);
	turn(w, 30);
	w->server->link->state = LINK_UP;
	set(&inspects_asked, 0);
	w->backend.up(w->source);
	source_set_state(w->source, SOURCE_STALE, NULL);
	turn_until_state(w, SOURCE_LIVE);
	turn(w, 600);
}

/* --- logs whose lines come again ----------------------------------------- */

/* What is settled, in the order in which it is read. */
struct reader {
	struct log *log;
	int64_t time_us;
	uint64_t number;
	char text[400];
};

static void read_settled(struct reader *r)
{
	uint64_t end = log_settled(r->log, NULL);
	for (uint64_t at = log_find(r->log, r->time_us, r->number + 1); at && at <= end; at++) {
		const struct log_line *line = log_get(r->log, at);
		if (!line)
			break;
		size_t used = strlen(r->text);
		snprintf(r->text + used, sizeof(r->text) - used, "%s%s", used ? "|" : "",
		         line->mark == LOG_GAP ? "--" : line->text);
		r->time_us = line->time_us;
		r->number = line->number;
	}
}

static void turn_reading(struct world *w, struct reader *r, int64_t ms)
{
	for (; ms > 0; ms -= 10) {
		turns_for(w->loop, 10);
		read_settled(r);
	}
}

/* Reads until the text is there, at most 10 s, and a little longer: nothing may come twice. */
static void read_until(struct world *w, struct reader *r, const char *text)
{
	for (int i = 0; i < 100 && strcmp(r->text, text) != 0; i++)
		turn_reading(w, r, 100);
	turn_reading(w, r, 200);
}

static void follow_logs_of(struct world *w, struct reader *r, const struct log_answer *answers,
                           const char *says_inspect)
{
	struct err err;
	*r = (struct reader){ .log = log_create(0) };
	__atomic_store_n(&log_answers, answers, __ATOMIC_SEQ_CST);
	set(&log_answered, 0);
	set(&wrong_requests, 0);
	set_mode(MODE_LOGS);
	says(&inspect_says, says_inspect);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	assert_non_null(kind_container.follow(row(w, "one"), r->log, &err));
}

static void follow_logs(struct world *w, struct reader *r, const struct log_answer *answers)
{
	follow_logs_of(w, r, answers,
	               "{\"Id\":\"abc0\",\"Config\":{\"Tty\":false},\"State\":{\"Status\":"
	               "\"running\","
	               "\"StartedAt\":\"2026-01-01T00:00:00Z\"}}");
}

/* Podman's stream leaves out lines when the container has ended, and gives all lines of a second
 * one time. They are asked for again and stand where the engine has them; nobody reads on before
 * that. */
static void test_a_podman_log_with_holes(void **state)
{
#define AT(s, text) "2026-01-01T00:00:0" #s "Z " text "\n"
	static const struct log_answer answers[] = {
		{ { "follow=0", "tail=500" }, AT(1, "one") AT(2, "two"), .stays = false },
		{ { "follow=1", "since=" },
		  AT(1, "one") AT(2, "two") AT(2, "three") AT(3, "five") AT(3, "seven"),
		  .stays = false },
		{ { "follow=0", "since=" },
		  AT(1, "one") AT(2, "two") AT(2, "three") AT(2, "four") AT(3, "five") AT(3, "six")
		          AT(3, "six") AT(3, "seven") AT(3, "eight"),
		  .stays = false,
		  .takes_ms = 600 },
		{ { "follow=0", "since=" },
		  AT(2, "two") AT(2, "three") AT(2, "four") AT(3, "five") AT(3, "six") AT(3, "six")
		          AT(3, "seven") AT(3, "eight") AT(3, "nine"),
		  .stays = false },
		{ { "follow=1", "since=" },
		  AT(3, "six") AT(3, "seven") AT(3, "eight") AT(3, "nine") AT(3, "ten"),
		  .stays = true },
		{ .lines = NULL },
	};
	struct world *w = *state;
	struct reader r;
	w->backend.param = &param_of_podman;
	follow_logs(w, &r, answers);
	read_until(w, &r, "one|two|three|four|five|six|six|seven|eight|nine|ten");
	assert_string_equal(r.text, "one|two|three|four|five|six|six|seven|eight|nine|ten");
	assert_int_equal(counted(&wrong_requests), 0);
	assert_int_equal(counted(&log_answered), 5);
	log_destroy(r.log);
}

/* More lines in the first second than are loaded at first: the older ones of it stand before them.
 */
static void test_a_second_that_is_cut(void **state)
{
	static const struct log_answer answers[] = {
		{ { "follow=0", "tail=500" }, AT(1, "three") AT(1, "four"), .stays = false },
		{ { "follow=1", "since=" },
		  AT(1, "one") AT(1, "two") AT(1, "three") AT(1, "four") AT(1, "five"),
		  .stays = true },
		{ .lines = NULL },
	};
	struct world *w = *state;
	struct reader r;
	w->backend.param = &param_of_podman;
	follow_logs(w, &r, answers);
	read_until(w, &r, "one|two|three|four|five");
	assert_string_equal(r.text, "one|two|three|four|five");
	assert_int_equal(counted(&wrong_requests), 0);
	log_destroy(r.log);
}

/* Until the log has a line with these words, at most 10 s. */
static const struct log_line *wait_for_line(struct world *w, struct reader *r, const char *words)
{
	for (int i = 0; i < 100; i++) {
		turn_reading(w, r, 100);
		for (uint64_t n = log_first(r->log); n && n <= log_last(r->log); n++) {
			const struct log_line *line = log_get(r->log, n);
			if (line && strstr(line->text, words))
				return line;
		}
	}
	return NULL;
}

/* The first line loaded stands in the middle of a second, whose lines Podman gives one time. What
 * is loaded before it ends at that time: no line of that second is lost, none comes twice. */
static void test_older_lines_of_a_second_that_is_cut(void **state)
{
#define LATE(s, text) "2026-01-01T00:01:0" #s "Z " text "\n"
	static const struct log_answer answers[] = {
		{ { "follow=0", "tail=500" },
		  AT(1, "tick") AT(1, "four") LATE(0, "last"),
		  .stays = false },
		/* ten seconds before the newest line: nothing at the cut comes again by itself */
		{ { "follow=1", "since=" }, LATE(0, "last") LATE(1, "now"), .stays = true },
		{ { "tail=6", "until=1767225601.000000000" },
		  AT(1, "two") AT(1, "tick") AT(1, "three") AT(1, "tick") AT(1, "four"),
		  .stays = false },
		{ { "tail=11", "until=1767225601.000000000" },
		  AT(0, "zero") AT(1, "one") AT(1, "two") AT(1, "tick") AT(1, "three") AT(1, "tick")
		          AT(1, "four"),
		  .stays = false },
		{ { "since=1767225590.000000000", "until=1767225600.000000000" },
		  AT(0, "nil") AT(0, "zero"),
		  .stays = false },
		{ .lines = NULL },
	};
	struct world *w = *state;
	struct reader r;
	const char *why;
	w->backend.param = &param_of_podman;
	follow_logs(w, &r, answers);
	assert_non_null(wait_for_line(w, &r, "now"));
	assert_true(log_older(r.log, 2, &why));
	assert_non_null(wait_for_line(w, &r, "three"));
	turn_reading(w, &r, 200);
	assert_true(log_older(r.log, 4, &why));
	assert_non_null(wait_for_line(w, &r, "zero"));
	turn_reading(w, &r, 200);
	/* by time instead of by number */
	assert_true(log_reach(r.log, 1767225590000000, &why));
	assert_non_null(wait_for_line(w, &r, "nil"));
	turn_reading(w, &r, 200);
	r.time_us = 0;
	r.number = 0;
	r.text[0] = '\0';
	read_settled(&r);
	assert_string_equal(r.text, "nil|zero|one|two|tick|three|tick|four|last|now");
	assert_int_equal(counted(&wrong_requests), 0);
	log_destroy(r.log);
}

/* Docker's lines of two streams may be a little out of order. A line that is older than the last
 * one told, and came after it, is not lost with the stream. */
static void test_a_docker_log_out_of_order(void **state)
{
#define NANO(n, text) "2026-01-01T00:00:01." #n "Z " text "\n"
	static const struct log_answer answers[] = {
		{ { "follow=1", "tail=500" }, NANO(1, "one") NANO(3, "three"), .stays = false },
		{ { "follow=1", "since=" },
		  NANO(1, "one") NANO(3, "three") NANO(2, "two") NANO(3, "again") NANO(4, "four"),
		  .stays = true },
		{ .lines = NULL },
	};
	struct world *w = *state;
	struct reader r;
	follow_logs(w, &r, answers);
	turn_reading(w, &r, 1200);
	assert_int_equal(counted(&wrong_requests), 0);
	r.time_us = 0;
	r.number = 0;
	r.text[0] = '\0';
	read_settled(&r);
	assert_string_equal(r.text, "one|two|three|again|four");
	log_destroy(r.log);
}

/* Docker writes several lines in one microsecond. The first of the lines loaded may be one of
 * those, and what is loaded before it ends exactly there. Docker also notes a start when the
 * container has written for a while: lines from before that are of this run. */
static void test_the_run_before_and_what_is_older_still(void **state)
{
#define FINE(n, text) "2026-01-01T00:00:02." #n "Z " text "\n"
	static const struct log_answer answers[] = {
		{ { "follow=1", "tail=500" },
		  FINE(700000300, "new two") FINE(700000400, "new three"),
		  .stays = true },
		{ { "until=1767225602.400000000" },
		  FINE(100000200, "old one")
		          FINE(100000300, "old two") FINE(100000400, "old three"),
		  .repeats = true },
		{ .lines = NULL },
	}, older[] = {
		{ { "until=1767225602.100000300" },
		  FINE(100000100, "old none")
		          FINE(100000200, "old one") FINE(100000300, "old two"),
		  .repeats = true },
		{ .lines = NULL },
	};
	struct world *w = *state;
	struct reader r;
	const char *why;
	follow_logs_of(w, &r, answers,
	               "{\"Id\":\"abc0\",\"Config\":{\"Tty\":false},\"State\":{\"Status\":"
	               "\"running\","
	               "\"StartedAt\":\"2026-01-01T00:00:02.8Z\",\"FinishedAt\":\"2026-01-01T00:00:"
	               "02Z\"}}");
	assert_non_null(wait_for_line(w, &r, "new three"));
	assert_true(log_previous(r.log, 2, &why));
	assert_non_null(wait_for_line(w, &r,
	                              "the run before ended here; what the present one wrote "
	                              "before"));
	const struct log_line *seam = log_get(r.log, log_first(r.log) + 2);
	assert_non_null(seam);
	assert_non_null(strstr(seam->text, "the run before ended here"));
	__atomic_store_n(&log_answers, older, __ATOMIC_SEQ_CST);
	set(&log_answered, 0);
	assert_true(log_older(r.log, 2, &why));
	assert_non_null(wait_for_line(w, &r, "old none"));
	turn_reading(w, &r, 300);
	r.time_us = 0;
	r.number = 0;
	r.text[0] = '\0';
	read_settled(&r);
	assert_string_equal(r.text, "old none|old one|old two|old three|--|new two|new three");
	assert_int_equal(counted(&wrong_requests), 0);
	log_destroy(r.log);
}

/* It ended while nothing was heard of it: its last words are there all the same. */
static void last_words(struct world *w, const struct log_answer *answers)
{
	struct reader r;
	follow_logs(w, &r, answers);
	turn_reading(w, &r, 900);
	away(w,
	     "[{\"Id\":\"abc0\",\"Names\":[\"/one\"],\"State\":\"exited\",\"Status\":\"Exited (1) "
	     "2 seconds ago\"}]",
	     "{\"Id\":\"abc0\",\"Config\":{\"Tty\":false},\"State\":{\"Status\":\"exited\","
	     "\"ExitCode\":1}}");
	read_until(w, &r, "one|two|I die|--");
	assert_string_equal(r.text, "one|two|I die|--");
	assert_int_equal(counted(&wrong_requests), 0);
	log_destroy(r.log);
}

static void test_last_words_while_away(void **state)
{
	static const struct log_answer docker[] = {
		{ { "follow=1", "tail=500" }, NANO(1, "one") NANO(2, "two"), .stays = true },
		{ { "follow=1", "since=" },
		  NANO(1, "one") NANO(2, "two") NANO(3, "I die"),
		  .repeats = true },
		{ .lines = NULL },
	};
	last_words(*state, docker);
}

static void test_last_words_of_podman_while_away(void **state)
{
	static const struct log_answer podman[] = {
		{ { "follow=0", "tail=500" }, AT(1, "one"), .stays = false },
		{ { "follow=1", "since=" }, AT(1, "one") AT(1, "two"), .stays = true },
		{ { "since=" }, AT(1, "one") AT(1, "two") AT(1, "I die"), .repeats = true },
		{ .lines = NULL },
	};
	struct world *w = *state;
	w->backend.param = &param_of_podman;
	last_words(w, podman);
}

/* A log that cannot be read is asked for once, not again and again. */
static void test_a_log_that_is_refused(void **state)
{
	struct world *w = *state;
	struct err err;
	set_mode(MODE_NO_LOG);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	set(&logs_asked, 0);
	struct log *log = log_create(0);
	assert_non_null(kind_container.follow(row(w, "one"), log, &err));
	turn_asks_seldom(w, 1600, &logs_asked);
	assert_non_null(strstr(log_status(log), "does not support reading"));
	log_destroy(log);
}

static void turn_until_counted(struct world *w, const int *what, int n)
{
	for (int64_t end = now_mono_ms() + 3000; counted(what) < n && now_mono_ms() < end;)
		loop_turn(w->loop, 10);
	assert_int_equal(counted(what), n);
}

/* An event of what only a list tells, while none is on its way and while one is: each time it is
 * asked once more. */
static void test_the_list_is_asked_again(void **state)
{
	struct world *w = *state;
	static const char update[] =
		"{\"Type\":\"container\",\"Action\":\"update\",\"Actor\":{\"ID\":\"abc0\"}}\n";
	set_mode(MODE_NEW);
	set(&list_takes_ms, 50);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	/* one more may have been asked when the events stood */
	turn(w, 800);
	int asked = counted(&lists_asked);
	for (int i = 0; i < 2; i++) {
		send_event(update);
		turn_until_counted(w, &lists_asked, ++asked);
		says(&list_says, "[{\"Id\":\"abc0\",\"Names\":[\"/"
		                 "one\"],\"State\":\"running\",\"Status\":\"Up 2 hours\","
		                 "\"Ports\":[{\"PrivatePort\":443,\"Type\":\"tcp\"}]}]");
		send_event(update);
		turn_until_counted(w, &lists_asked, ++asked);
		turn(w, 500);
		assert_string_equal(ROW_AS(container, row(w, "one"))->ports, "443/tcp");
	}
	assert_int_equal(counted(&lists_asked), asked);
}

#define INSPECT(state, more) \
	"{\"Id\":\"abc0\",\"Config\":{\"Tty\":false},\"State\":{\"Status\":\"" state "\"}" more "}"
#define EVENT(action, id, more)                                                                    \
	"{\"Type\":\"container\",\"Action\":\"" action "\",\"Actor\":{\"ID\":\"" id "\"" more "}}" \
	"\n"

/* An event while an inspect is on its way: what the answer says may be older, whoever asked. */
static void test_an_inspect_older_than_an_event(void **state)
{
	struct world *w = *state;
	struct err err;
	set_mode(MODE_NEW);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	turn(w, 600);
	struct container *c = ROW_AS(container, row(w, "one"));
	set(&inspects_asked, 0);
	set(&inspect_takes_ms, 60);
	says(&inspect_says, INSPECT("paused", ",\"RestartCount\":1"));
	send_event(EVENT("pause", "abc0", ""));
	turn_until_counted(w, &inspects_asked, 1);
	says(&inspect_says, INSPECT("running", ",\"RestartCount\":2"));
	send_event(EVENT("unpause", "abc0", ""));
	turn(w, 300);
	assert_int_equal(c->state, CONTAINER_RUNNING);
	c->tty_known = false; /* so that its log asks too */
	set(&inspects_asked, 0);
	struct log *log = log_create(0);
	assert_non_null(kind_container.follow(&c->row, log, &err));
	turn_until_counted(w, &inspects_asked, 1);
	says(&inspect_says, NULL);
	send_event(EVENT("pause", "abc0", ""));
	turn(w, 300);
	assert_int_equal(c->state, CONTAINER_PAUSED);
	log_destroy(log);
}

/* It was started and ended again while its last lines were on their way: those of the second end
 * count. */
static void test_last_lines_older_than_an_event(void **state)
{
	struct world *w = *state;
	static const char ended[] = "{\"Id\":\"abc0\",\"Config\":{\"Tty\":true},\"State\":{"
				    "\"Status\":\"exited\",\"ExitCode\":3}}";
	set_mode(MODE_NEW);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	turn(w, 600);
	set(&tails_asked, 0);
	set(&inspect_takes_ms, 60);
	says(&inspect_says, ended);
	says(&tail_says, "first\n");
	says(&list_says, "[{\"Id\":\"abc0\",\"Names\":[\"/"
	                 "one\"],\"State\":\"exited\",\"Status\":\"Exited (3) 1 second ago\"}]");
	send_event(EVENT("die", "abc0", ",\"Attributes\":{\"exitCode\":\"3\"}"));
	turn_until_counted(w, &tails_asked, 1);
	says(&tail_says, "second\n");
	send_event(EVENT("start", "abc0", "")
	                   EVENT("die", "abc0", ",\"Attributes\":{\"exitCode\":\"3\"}"));
	turn(w, 600);
	assert_string_equal(ROW_AS(container, row(w, "one"))->last_lines, "second");
}

/* The name was given to another container while its log asked about the first one. */
static void test_an_inspect_of_the_one_before(void **state)
{
	struct world *w = *state;
	struct err err;
	set_mode(MODE_NEW);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	turn(w, 600);
	set(&inspects_asked, 0);
	set(&inspect_takes_ms, 60);
	says(&inspect_says, INSPECT("running", ",\"RestartCount\":7"));
	struct log *log = log_create(0);
	assert_non_null(kind_container.follow(row(w, "one"), log, &err));
	turn_until_counted(w, &inspects_asked, 1);
	says(&list_says, "[{\"Id\":\"abc1\",\"Names\":[\"/"
	                 "one\"],\"State\":\"running\",\"Status\":\"Up 1 second\"}]");
	send_event(EVENT("destroy", "abc0", ""));
	send_event(EVENT("start", "abc1", ",\"Attributes\":{\"name\":\"one\"}"));
	turn(w, 300);
	struct container *c = ROW_AS(container, row(w, "one"));
	assert_string_equal(c->engine_id, "abc1");
	assert_int_equal(c->restarts, -1);
	source_feed(w->source, "inspect:abc1", INSPECT("running", ""),
	            strlen(INSPECT("running", "")));
	assert_false(c->tty_known); /* nor by anyone else's mistake */
	log_destroy(log);
}

static void show(struct world *w, bool on)
{
	row(w, "one")->shown = on;
	w->backend.shown(w->source);
}

static struct container *up_by_command(struct world *w)
{
	set_mode(MODE_NEW);
	w->backend.param = &param_by_command;
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	turn(w, 100);
	set(&stats_asked, 0);
	return ROW_AS(container, row(w, "one"));
}

#define RUNS(since, restarts)                                                                   \
	"{\"Id\":\"abc0\",\"RestartCount\":" restarts ",\"Config\":{\"Tty\":false},\"State\":{" \
	"\"Status\":\"running\",\"StartedAt\":\"" since "\"}}"

/* A row on the screen is asked about once more after each time away; one off the screen is not, but
 * has the list's word. */
static void test_restarted_while_away(void **state)
{
	struct world *w = *state;
	static const char old[] = "[{\"Id\":\"abc0\",\"Names\":[\"/"
				  "one\"],\"State\":\"running\",\"Status\":\"Up 12 years\"}]";
	static const char young[] = "[{\"Id\":\"abc0\",\"Names\":[\"/"
				    "one\"],\"State\":\"running\",\"Status\":\"Up 3 minutes\"}]";
	set_mode(MODE_NEW);
	says(&list_says, old);
	says(&inspect_says, RUNS("2026-01-01T00:00:00Z", "0"));
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	show(w, true);
	turn(w, 600);
	struct container *c = ROW_AS(container, row(w, "one"));
	struct ctr *k = c->priv;
	int64_t first = c->started_ms;
	assert_int_equal(c->restarts, 0);
	k->stopping = true; /* a kill that was heard before */
	away(w, old, RUNS("2026-01-01T00:00:00Z", "0"));
	assert_int_equal(counted(&inspects_asked), 1);
	assert_true(k->stopping);
	away(w, old, RUNS("2026-06-01T00:00:00Z", "7"));
	assert_int_equal(c->restarts, 7);
	assert_true(c->started_ms > first);
	assert_int_equal(counted(&inspects_asked), 1);
	assert_false(k->stopping);
	show(w, false);
	k->stopping = true;
	away(w, young, NULL);
	assert_int_equal(counted(&inspects_asked), 0);
	assert_true(llabs(now_wall_ms() - c->started_ms - 3 * 60000) < 5000);
	assert_false(k->stopping);
}

static unsigned gaps(const struct log *log, const char *text)
{
	unsigned n = 0;
	for (uint64_t at = log_first(log); at && at <= log_last(log); at++)
		n += memmem(log_get(log, at)->text, log_get(log, at)->len, text, strlen(text)) !=
		     NULL;
	return n;
}

/* A log that goes on after that says so once, though the start comes first in a list's words and
 * then exactly. */
static void test_one_seam_for_a_restart(void **state)
{
	struct world *w = *state;
	struct err err;
	set_mode(MODE_LOG);
	says(&inspect_says, RUNS("2026-01-01T00:00:00Z", "0"));
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	show(w, true);
	turn(w, 600);
	struct log *log = log_create(0);
	assert_non_null(kind_container.follow(row(w, "one"), log, &err));
	turn(w, 100);
	assert_string_equal(log_status(log), "");
	set(&inspect_takes_ms, 100);
	away(w,
	     "[{\"Id\":\"abc0\",\"Names\":[\"/one\"],\"State\":\"running\",\"Status\":\"Up 3 "
	     "minutes\"}]",
	     RUNS("2026-06-01T00:00:00Z", "7"));
	assert_int_equal(ROW_AS(container, row(w, "one"))->restarts, 7);
	assert_int_equal(gaps(log, "ended and started"), 1);
	send_event(EVENT("create", "abc0", "")); /* one more list */
	turn(w, 600);
	assert_int_equal(gaps(log, "ended and started"), 1);
	send_event(EVENT("start", "abc0", "")); /* as Podman's stream, which goes on */
	turn(w, 100);
	assert_int_equal(gaps(log, "ended and started"), 2);
	log_destroy(log);
}

static bool detail_has(struct world *w, const char *text)
{
	struct doc d;
	bool has = false;
	doc_init(&d);
	kind_container.detail(row(w, "one"), &d, false);
	for (size_t i = 0; i < d.n; i++)
		has |= d.lines[i].text && strstr(d.lines[i].text, text);
	doc_finish(&d);
	return has;
}

static void draw_for(struct world *w, int64_t ms)
{
	for (; ms > 0; ms -= 20) {
		detail_has(w, "");
		turn(w, 20);
	}
}

/* Details ask once for each looking, however often they are drawn and whatever the answer, and
 * again after an update. */
static void test_details_ask(void **state)
{
	struct world *w = *state;
	set_mode(MODE_NEW);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	turn(w, 600);
	set(&inspects_asked, 0);
	draw_for(w, 200);
	assert_int_equal(counted(&inspects_asked), 1);
	assert_true(detail_has(w, "no such thing"));
	says(&inspect_says, INSPECT("running", ",\"HostConfig\":{\"Memory\":268435456}"));
	ctr_of(row(w, "one"))->inspect.failed_ms -= 6000; /* refused things are tried again */
	draw_for(w, 200);
	assert_int_equal(counted(&inspects_asked), 2);
	assert_true(detail_has(w, "256M"));
	says(&inspect_says, INSPECT("running", ",\"HostConfig\":{\"Memory\":134217728}"));
	send_event(EVENT("update", "abc0", ""));
	draw_for(w, 200);
	assert_int_equal(counted(&inspects_asked), 3);
	assert_true(detail_has(w, "128M"));
	/* nobody told */
	says(&inspect_says, INSPECT("running", ",\"HostConfig\":{\"Memory\":67108864}"));
	row(w, "one")->details_opened++;
	draw_for(w, 200);
	assert_int_equal(counted(&inspects_asked), 4);
	assert_true(detail_has(w, "64M"));
}

/* Figures are asked for one by one here. A row that left the screen, or stood still in the rest
 * between two, has them again when it is back. */
static void test_figures_after_a_rest(void **state)
{
	struct world *w = *state;
	struct container *c = up_by_command(w);
	show(w, true);
	turn_until_counted(w, &stats_asked, 1);
	turn(w, 200);
	assert_true(c->mem > 0);
	show(w, false);
	show(w, true);
	turn_until_counted(w, &stats_asked, 2);
	turn(w, 200);
	send_event(EVENT("pause", "abc0", ""));
	turn(w, 3200);
	assert_int_equal(counted(&stats_asked), 2);
	assert_true(c->mem < 0);
	send_event(EVENT("unpause", "abc0", ""));
	turn_until_counted(w, &stats_asked, 3);
	turn(w, 200);
	assert_true(c->mem > 0);
}

/* An engine that has none is not asked without a pause: each time is a process over there. */
static void test_no_figures(void **state)
{
	struct world *w = *state;
	says(&stats_say, "{\"read\":\"0001-01-01T00:00:00Z\"}\n");
	up_by_command(w);
	show(w, true);
	turn_asks_seldom(w, 1500, &stats_asked);
}

/* What happens faster than an answer comes: a restart loop far away. What no event tells is taken
 * all the same, and its log opens. */
static void relay(struct world *w, int64_t ms, int64_t gap, const char *json)
{
	for (; ms > 0; ms -= gap) {
		send_event(json);
		turn(w, gap);
	}
}

static void overtaken_by(struct world *w, const char *events)
{
	struct err err;
	set_mode(MODE_NO_LOG);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	turn(w, 600);
	struct container *c = ROW_AS(container, row(w, "one"));
	c->tty_known = false;
	c->restarts = -1;
	set(&inspect_takes_ms, 150);
	says(&inspect_says, INSPECT("running", ",\"RestartCount\":7"));
	set(&logs_asked, 0);
	struct log *log = log_create(0);
	assert_non_null(kind_container.follow(&c->row, log, &err));
	relay(w, 1500, 100, events);
	assert_true(c->tty_known);
	assert_int_equal(c->restarts, 7);
	assert_true(counted(&logs_asked) >= 1);
	log_destroy(log);
}

static void test_a_loop_faster_than_answers(void **state)
{
	overtaken_by(*state, EVENT("start", "abc0", "")
	                             EVENT("die", "abc0", ",\"Attributes\":{\"exitCode\":\"3\"}"));
}

static void test_health_faster_than_answers(void **state)
{
	overtaken_by(*state, EVENT("health_status: healthy", "abc0", ""));
}

/* A list that was asked between the signal and the death is older than that: it stays a death on
 * purpose. */
static void test_killed_while_it_was_listed(void **state)
{
	struct world *w = *state;
	set_mode(MODE_NEW);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	turn(w, 800);
	struct container *c = ROW_AS(container, row(w, "one"));
	says(&inspect_says, "{\"Id\":\"abc0\",\"Config\":{\"Tty\":false},\"State\":{\"Status\":"
	                    "\"exited\",\"ExitCode\":137}}");
	set(&list_takes_ms, 120);
	int asked = counted(&lists_asked);
	send_event(EVENT("kill", "abc0", ",\"Attributes\":{\"signal\":\"9\"}")
	                   EVENT("update", "abc0", ""));
	turn_until_counted(w, &lists_asked, asked + 1);
	says(&list_says, "[{\"Id\":\"abc0\",\"Names\":[\"/"
	                 "one\"],\"State\":\"exited\",\"Status\":\"Exited (137) 1 second ago\"}]");
	send_event(EVENT("die", "abc0", ",\"Attributes\":{\"exitCode\":\"137\"}"));
	turn(w, 60);
	assert_int_equal(c->row.health, HEALTH_IDLE);
	turn(w, 1500);
	assert_int_equal(c->row.health, HEALTH_IDLE);
	assert_string_equal(c->row.why ? c->row.why : "", "stopped (137)");
}

/* Brings a list on its way that takes 120 ms and is of now; then the events come. */
static void overtake_the_list(struct world *w, const char *events)
{
	set(&list_takes_ms, 120);
	int asked = counted(&lists_asked);
	send_event(EVENT("update", "abc0", ""));
	turn_until_counted(w, &lists_asked, asked + 1);
	send_event(events);
	turn(w, 60);
}

/* A list from before the new name does not give the old one back, nor takes what is known of it. */
static void test_renamed_while_it_was_listed(void **state)
{
	struct world *w = *state;
	set_mode(MODE_NEW);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	turn(w, 800);
	ROW_AS(container, row(w, "one"))->restarts = 7;
	overtake_the_list(w, EVENT("rename", "abc0", ",\"Attributes\":{\"name\":\"two\"}"));
	says(&list_says, "[{\"Id\":\"abc0\",\"Names\":[\"/"
	                 "two\"],\"State\":\"running\",\"Status\":\"Up 2 hours\"}]");
	turn(w, 150);
	assert_null(row(w, "one"));
	assert_non_null(row(w, "two"));
	assert_int_equal(ROW_AS(container, row(w, "two"))->restarts, 7);
	turn(w, 600);
	assert_int_equal(ROW_AS(container, row(w, "two"))->restarts, 7);
}

/* What happened while a list was on its way happened once. */
static void test_an_event_is_applied_once(void **state)
{
	struct world *w = *state;
	set_mode(MODE_NEW);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	turn(w, 800);
	size_t before = activity_count(w->store);
	overtake_the_list(w, EVENT("die", "abc0", ",\"Attributes\":{\"exitCode\":\"3\"}")
	                             EVENT("start", "abc0", ""));
	size_t told = activity_count(w->store);
	assert_true(told > before);
	turn(w, 600);
	assert_int_equal(activity_count(w->store), told);
}

/* Docker tells of an end before its own list knows of it: that list does not bring it back. */
static void test_a_list_that_does_not_know_yet(void **state)
{
	struct world *w = *state;
	set_mode(MODE_NEW);
	w->backend.up(w->source);
	turn_until_state(w, SOURCE_LIVE);
	turn(w, 800);
	struct container *c = ROW_AS(container, row(w, "one"));
	int asked = counted(&lists_asked);
	says(&inspect_says, "{\"Id\":\"abc0\",\"Config\":{\"Tty\":false},\"State\":{\"Status\":"
	                    "\"exited\",\"ExitCode\":137}}");
	send_event(EVENT("kill", "abc0", ",\"Attributes\":{\"signal\":\"9\"}")
	                   EVENT("die", "abc0", ",\"Attributes\":{\"exitCode\":\"137\"}"));
	turn(w, 1200);
	assert_true(counted(&lists_asked) > asked);
	assert_int_equal(c->state, CONTAINER_EXITED);
	assert_int_equal(c->row.health, HEALTH_IDLE);
	/* with 200 ends to tell of, its list is late by more than 3 s: that it is up for 2 hours is
	 * about the life that ended */
	says(&list_says, "[{\"Id\":\"abc0\",\"Names\":[\"/"
	                 "one\"],\"State\":\"running\",\"Status\":\"Up 2 hours\"}]");
	turn(w, 2600);
	assert_int_equal(c->state, CONTAINER_EXITED);
	says(&list_says, "[{\"Id\":\"abc0\",\"Names\":[\"/"
	                 "one\"],\"State\":\"exited\",\"Status\":\"Exited (137) 1 second ago\"}]");
	turn(w, 3500);
	assert_string_equal(c->row.why ? c->row.why : "", "stopped (137)");
	asked = counted(&lists_asked);
	turn(w, 2000);
	assert_int_equal(counted(&lists_asked), asked);
}

/* Labels that prove nothing: the image's own labels decide, and are asked for once. */
static void test_who_chose_the_labels(void **state)
{
#define CLAIMS(name, image, more)                                                                  \
	"{\"Id\":\"" name "0\",\"Names\":[\"/" name "\"],\"State\":\"running\",\"Status\":\"Up 2 " \
	"hours\",\"ImageID\":\"" image "\",\"Labels\":{\"com.docker.compose.config-hash\":\"a\","  \
	"\"com.docker.compose.container-number\":\"1\"" more "}}"
	static const char list[] = "[" CLAIMS("one", "sha256:ab", "") "," CLAIMS(
		"two", "../../ab",
		"") "," CLAIMS("three", "sha256:cd",
	                       ",\"com.docker.compose.image\":\"sha256:cd\"") "]";
	static const struct {
		const char *image;
		enum compose_origin origin;
	} cases[] = {
		{ NULL, COMPOSE_CLAIMED },
		{ "{\"Id\":\"sha256:ab\",\"Config\":{\"Labels\":{}}}", COMPOSE_MADE },
		{ "{\"Id\":\"sha256:ab\",\"Config\":{\"Labels\":{\"com.docker.compose.config-"
		  "hash\":"
		  "\"a\"}}}",
		  COMPOSE_NOT },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (i) {
			end_world(state);
			make_world(state);
		}
		struct world *w = *state;
		set_mode(MODE_NEW);
		says(&list_says, list);
		says(&image_says, cases[i].image);
		w->backend.up(w->source);
		turn_until_state(w, SOURCE_LIVE);
		turn(w, 700);
		assert_int_equal(ROW_AS(container, row(w, "one"))->by_compose, cases[i].origin);
		/* an id that would lead elsewhere is not asked about */
		assert_int_equal(ROW_AS(container, row(w, "two"))->by_compose, COMPOSE_CLAIMED);
		assert_int_equal(ROW_AS(container, row(w, "three"))->by_compose, COMPOSE_MADE);
		/* A later list keeps the verdict. A refusal is asked about once more at most, after
		 * the stream of events is there. */
		engine_relist((struct engine *)w->source);
		turn(w, 600);
		assert_int_equal(ROW_AS(container, row(w, "one"))->by_compose, cases[i].origin);
		assert_in_range(counted(&images_asked), 1, cases[i].image ? 1 : 2);
	}
}

/* As by ssh: a shell whose PATH lacks the folder that has docker, on a Mac or a Synology. */
static void test_docker_outside_of_path(void **state)
{
	struct world *w = *state;
	const struct engine_param *const params[] = { &engine_docker, &engine_docker_user };
	for (size_t i = 0; i < ARRAY_LEN(params); i++) {
		struct endpoint endpoints[ENGINE_ENDPOINTS_MAX] = { 0 };
		char where[ENGINE_PATH_SIZE], file[200], command[1200], said[300] = "";
		snprintf(w->server->docker, sizeof(w->server->docker), "unix:///run/x y.sock");
		size_t n = params[i]->endpoints(w->source, endpoints, where, sizeof(where));
		assert_true(n >= 2);
		assert_int_equal(endpoints[1].kind, ENDPOINT_EXEC);
		/* the folder of the test stands for the one of a Synology */
		snprintf(file, sizeof(file), "%s/local/bin", dir);
		snprintf(command, sizeof(command),
		         "mkdir -p %s/bin %s && ln -sf \"$(command -v env)\" %s/bin/env && printf "
		         "'#!/bin/sh\\necho \"$DOCKER_HOST $*\"' >%s/docker && chmod +x %s/docker",
		         dir, file, dir, file, file);
		assert_int_equal(system(command), 0);
		const char *rest = strstr(endpoints[1].command, "/usr/local/bin");
		assert_non_null(rest);
		int before = (int)(rest - endpoints[1].command);
		/* this machine may have a docker of its own in /bin */
		snprintf(command, sizeof(command), "PATH=%s/bin; %.*s%s%s", dir, before,
		         endpoints[1].command, file, rest + strlen("/usr/local/bin"));
		FILE *f = popen(command, "r");
		assert_non_null(f);
		assert_non_null(fgets(said, sizeof(said), f));
		assert_int_equal(pclose(f), 0);
		assert_string_equal(said, i ? "unix:///run/x y.sock system dial-stdio\n"
		                            : "unix:///var/run/docker.sock system dial-stdio\n");
	}
}

int main(void)
{
#define WORLD(fn) cmocka_unit_test_setup_teardown(fn, make_world, end_world)
	const struct CMUnitTest tests[] = {
		WORLD(test_a_loop_faster_than_answers),
		WORLD(test_health_faster_than_answers),
		WORLD(test_renamed_while_it_was_listed),
		WORLD(test_an_event_is_applied_once),
		WORLD(test_killed_while_it_was_listed),
		WORLD(test_a_list_that_does_not_know_yet),
		WORLD(test_too_new_for_us),
		WORLD(test_events_in_pieces),
		WORLD(test_a_web_page),
		WORLD(test_half_an_answer),
		WORLD(test_events_end),
		WORLD(test_down_and_up),
		WORLD(test_a_plugin_says_no),
		WORLD(test_a_log_that_is_refused),
		WORLD(test_the_list_is_asked_again),
		WORLD(test_an_inspect_older_than_an_event),
		WORLD(test_an_inspect_of_the_one_before),
		WORLD(test_last_lines_older_than_an_event),
		WORLD(test_a_podman_log_with_holes),
		WORLD(test_a_second_that_is_cut),
		WORLD(test_older_lines_of_a_second_that_is_cut),
		WORLD(test_a_docker_log_out_of_order),
		WORLD(test_the_run_before_and_what_is_older_still),
		WORLD(test_last_words_while_away),
		WORLD(test_last_words_of_podman_while_away),
		WORLD(test_restarted_while_away),
		WORLD(test_one_seam_for_a_restart),
		WORLD(test_details_ask),
		WORLD(test_figures_after_a_rest),
		WORLD(test_no_figures),
		WORLD(test_who_chose_the_labels),
		WORLD(test_docker_outside_of_path),
	};
	return cmocka_run_group_tests(tests, start_engine, stop_engine);
}
