/* The life of one OpenCode server against a small one of our own on the loopback: what answers with
 * a web page, with 401, with the next major version; streams that end, fall silent, come byte by
 * byte or as one enormous line; a prompt whose answer never comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/servers/server.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/ask.h"
#include "backends/sessions/sessions.h"
#include "backends/store/activity.h"
#include "backends/store/doc.h"
#include "backends/store/log.h"
#include "httpd.h"
#include "turns.h"

/* --- the server ---------------------------------------------------------- */

enum mode { FINE, HTML, NEXT, PASSWORD, ENDS, SILENT, SLOWLY, HUGE, DROPS };
static struct httpd *httpd;
static _Atomic int mode, lists, prompts, streams;
static const char *_Atomic refuses; /* status of the answer to each prompt; NULL: it is taken */
static _Atomic int event_fd; /* of the newest stream */
/* 1: a question waits; 2: but that cannot be had now */
static _Atomic int asking;
static _Atomic int replies; /* to that question; taken while it waits */
/* for messages; until they are answered */
static _Atomic int asked, slow_ms;
static _Atomic int64_t updated_ms;
static const char *_Atomic said; /* its messages */

static bool answer(int fd, const char *status, const char *type, const char *body)
{
	char header[100];
	snprintf(header, sizeof(header), "Content-Type: %s\r\n", type);
	return httpd_answer(fd, status, header, body);
}

#define JSON "application/json"
#define EVENT(type, more) \
	"data: {\"payload\":{\"type\":\"" type "\",\"properties\":{" more "}}}\n\n"
static const char busy[] = EVENT("session.status",
                                 "\"sessionID\":\"ses_a\",\"status\":{\"type\":\"busy\"}");

static void huge(int fd, size_t len)
{
	static const char head[] =
		"data: "
		"{\"payload\":{\"type\":\"message.part.updated\",\"properties\":{\"sessionID\":"
		"\"ses_a\",\"part\":{\"id\":\"prt_1\",\"type\":\"text\",\"text\":\"";
	char block[65536];
	httpd_say(fd, head);
	memset(block, 'x', sizeof(block));
	for (size_t sent = 0; sent < len; sent += sizeof(block))
		httpd_send(fd, block, sizeof(block));
	httpd_say(fd, "\"}}}}\n\n");
}

/* The stream of events: as it is in this mode, then open until the mode changes. Then it hangs up.
 */
static bool stream(int fd)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
			  hello[] = EVENT("server.connected", ""),
			  beat[] = EVENT("server.heartbeat", "");
	int was = mode;
	streams++;
	event_fd = fd;
	httpd_say(fd, head);
	httpd_say(fd, hello);
	if (was == ENDS) {
		mode = FINE;
		return false;
	}
	httpd_pause(fd, 200); /* the snapshot is in by then */
	for (size_t i = 0; was == SLOWLY && i < sizeof(busy) - 1; i++) {
		httpd_send(fd, busy + i, 1);
		httpd_pause(fd, 1);
	}
	if (was == HUGE) {
		huge(fd, 2u << 20);
		huge(fd, OC_EVENT_MAX + 100000);
		httpd_say(fd, busy);
	}
	while (mode == was && httpd_pause(fd, 20))
		if (was != SILENT)
			httpd_say(fd, beat);
	return false;
}

/* a second page of the list: 1 is there, 2 cannot be had */
static volatile int second;
static bool has_message; /* it has what it was told, though no event said so */

static bool list(int fd, const struct httpd_request *q)
{
	char body[512], headers[100];
	if (strstr(q->query, "cursor=7") && second == 2)
		return answer(fd, "503 X", JSON, "{}");
	if (strstr(q->query, "cursor=7"))
		return answer(fd, NULL, JSON,
		              "[{\"id\":\"ses_b\",\"title\":\"two\",\"directory\":\"/srv/b\","
		              "\"time\":{\"created\":1,\"updated\":1}}]");
	lists++;
	snprintf(body, sizeof(body),
	         "[{\"id\":\"ses_a\",\"title\":\"one\",\"directory\":\"/srv/"
	         "a\",\"time\":{\"created\":%lld,\"updated\":%lld}}]",
	         (long long)updated_ms, (long long)updated_ms);
	snprintf(headers, sizeof(headers), "Content-Type: " JSON "\r\n%s",
	         second ? "x-next-cursor: 7\r\n" : "");
	return httpd_answer(fd, NULL, headers, body);
}

static bool messages(int fd)
{
	char body[300];
	if (!has_message || !prompts) {
		const char *now = said;
		asked++;
		httpd_pause(fd, slow_ms);
		return answer(fd, *now ? NULL : "500 X", JSON, now);
	}
	/* its id is an older one than that of the newest */
	snprintf(body, sizeof(body),
	         "[{\"info\":{\"id\":\"msg_a\",\"sessionID\":\"ses_a\",\"role\":\"user\","
	         "\"time\":{\"created\":%lld}},\"parts\":[]}]",
	         (long long)now_wall_ms());
	return answer(fd, NULL, JSON, body);
}

/* One request; false: the connection is over. */
static bool serve(int fd, const struct httpd_request *q)
{
	static const char page[] =
		"<!doctype html><title>OpenCode</title>{\"version\":\"1.18.33\"}";
	size_t n = strlen(q->path);
	/* opencode:right */
	if (mode == PASSWORD && !strcasestr(q->head, "Authorization: Basic b3BlbmNvZGU6cmlnaHQ="))
		return answer(fd, "401 X", "application/octet-stream", "Unauthorized");
	if (mode == HTML || (mode == NEXT && strcmp(q->path, "/api/info") != 0))
		return answer(fd, NULL, "text/html", page);
	if (!strcmp(q->path, "/api/info"))
		return answer(fd, NULL, JSON, "{\"version\":\"3.0.3\",\"pid\":1,\"urls\":[]}");
	if (!strcmp(q->path, "/global/health"))
		return answer(fd, NULL, JSON, "{\"healthy\":true,\"version\":\"1.18.33\"}");
	if (!strcmp(q->path, "/global/event"))
		return stream(fd);
	if (!strcmp(q->path, "/experimental/session"))
		return list(fd, q);
	if (n > 13 && !strcmp(q->path + n - 13, "/prompt_async")) {
		prompts++;
		if (refuses)
			return httpd_answer(fd, refuses,
			                    "Content-Type: " JSON "\r\nRetry-After: 1\r\n",
			                    "{\"name\":\"Error\",\"data\":{\"message\":\"not "
			                    "now\"}}");
		return mode != DROPS && httpd_say(fd, "HTTP/1.1 204 No Content\r\n\r\n");
	}
	if (n > 8 && !strcmp(q->path + n - 8, "/message"))
		return messages(fd);
	if (!strcmp(q->path, "/question/que_1/reply")) {
		replies++;
		if (!asking)
			return answer(fd, "404 X", JSON,
			              "{\"_tag\":\"QuestionNotFoundError\",\"message\":\"not "
			              "found\"}");
		asking = 0;
		return answer(fd, NULL, JSON, "true");
	}
	if (!strcmp(q->path, "/question") && asking == 2)
		return answer(fd, "503 X", JSON,
		              "{\"name\":\"Error\",\"data\":{\"message\":\"the instance is "
		              "starting\"}}");
	if (!strcmp(q->path, "/question") && asking)
		return answer(fd, NULL, JSON,
		              "[{\"id\":\"que_1\",\"sessionID\":\"ses_a\",\"questions\":[{"
		              "\"question\":\"which?\",\"options\":[]}]}]");
	if (!strcmp(q->path, "/session/status"))
		return answer(fd, NULL, JSON, asking ? "{\"ses_a\":{\"type\":\"busy\"}}" : "{}");
	return answer(fd, NULL, JSON, "[]");
}

static int start_server(void **state)
{
	static const struct httpd_route routes[] = { { .path = "/*", .answer = serve }, { 0 } };
	/* any mocr on this machine would take us for an OpenCode server, and talk to it */
	prctl(PR_SET_NAME, "test_oc");
	httpd = httpd_start(NULL, routes, NULL);
	return 0;
}

static int stop_server(void **state)
{
	httpd_stop(httpd);
	return 0;
}

/* --- the world ----------------------------------------------------------- */

static struct {
	struct loop *loop;
	struct http *http;
	struct settings *settings;
	struct store *store;
	struct server *server;
	struct sessions *sessions;
	struct oc *oc;
} w;

static void link_announced(struct link *l, void *arg) {}

static int make_world(void **state)
{
	static const struct link_events events = { link_announced };
	struct doc complaints;
	char name[16];
	memset(&w, 0, sizeof w);
	doc_init(&complaints);
	mode = FINE;
	lists = prompts = streams = asking = replies = asked = slow_ms = 0;
	updated_ms = now_wall_ms();
	said = "[]";
	refuses = NULL;
	oc_silence_ms = OC_SILENCE_MS;
	oc_seen_ms = OC_SEEN_MS;
	has_message = false;
	second = 0;
	w.loop = loop_create();
	w.http = http_create(w.loop);
	w.settings = settings_load("/dev/null", &complaints);
	xreplace(&w.settings->state_dir, NULL);
	w.store = store_create(w.loop, w.http, w.settings);
	w.server = server_add(w.store, "here");
	w.server->link = link_create_local(w.loop, "here", &events, NULL);
	link_connect(w.server->link);
	for (int i = 0; i < 100 && w.server->link->state != LINK_UP; i++)
		loop_turn(w.loop, 10);
	w.sessions = (struct sessions *)server_source(w.server, "sessions");
	snprintf(name, sizeof(name), "%d", httpd_port(httpd));
	w.oc = oc_add(w.sessions, name, "127.0.0.1", httpd_port(httpd));
	doc_finish(&complaints);
	return w.server->link->state == LINK_UP ? 0 : -1;
}

static int end_world(void **state)
{
	mode = FINE;
	store_destroy(w.store);
	http_destroy(w.http);
	loop_destroy(w.loop);
	settings_destroy(w.settings);
	return 0;
}

static bool becomes(enum oc_state wanted, int ms)
{
	int64_t end = now_mono_ms() + ms;
	while (w.oc->state != wanted && now_mono_ms() < end)
		loop_turn(w.loop, 20);
	return w.oc->state == wanted;
}

static struct session *one(void)
{
	return (struct session *)store_find(w.store, "here/session/ses_a");
}

static bool shows(enum session_status wanted, int ms)
{
	int64_t end = now_mono_ms() + ms;
	while (!(one() && one()->shown == wanted) && now_mono_ms() < end)
		loop_turn(w.loop, 20);
	return one() && one()->shown == wanted;
}

static void turns(int ms)
{
	turns_for(w.loop, ms);
}

static void tell(const char *event)
{
	httpd_say(event_fd, event);
}

static void lose_the_stream(void)
{
	shutdown(event_fd, SHUT_RDWR);
	assert_true(becomes(OC_LOST, 3000));
}

#define ANSWER(more)                                                                           \
	"\"info\":{\"id\":\"msg_5\",\"sessionID\":\"ses_a\",\"role\":\"assistant\",\"time\":{" \
	"\"created\":1790000000000" more "}"
#define COMPLETED ",\"completed\":1790000001000"
#define FAILED "},\"error\":{\"name\":\"APIError\",\"data\":{\"message\":\"no money\"}"
#define TEXT(id, words)                                                                          \
	"{\"id\":\"" id                                                                          \
	"\",\"sessionID\":\"ses_a\",\"messageID\":\"msg_5\",\"type\":\"text\",\"text\":\"" words \
	"\"}"

static void begin_a_turn(void)
{
	oc_begin(w.oc);
	assert_true(becomes(OC_LIVE, 5000));
	assert_true(shows(SESSION_IDLE, 3000));
	turns(300);
	tell(busy);
	tell(EVENT("message.updated", "\"sessionID\":\"ses_a\"," ANSWER("") "}"));
	assert_true(shows(SESSION_BUSY, 3000));
	turns(100);
}

static bool is_listed(const char *words)
{
	bool is = false;
	for (size_t i = 0; i < activity_count(w.store); i++)
		is |= strstr(activity_get(w.store, i)->text, words) != NULL;
	return is;
}

/* --- tests --------------------------------------------------------------- */

static void a_web_page_is_no_answer(void **state)
{
	mode = HTML;
	oc_begin(w.oc);
	assert_true(becomes(OC_STRANGE, 5000));
	assert_non_null(strstr(w.oc->err.text, "web page"));
	assert_null(one());
}

static void the_next_major_version_is_named(void **state)
{
	mode = NEXT;
	oc_begin(w.oc);
	assert_true(becomes(OC_STRANGE, 5000));
	assert_non_null(strstr(w.oc->err.text, "3.0.3"));
	assert_non_null(strstr(w.oc->err.text, "not one that mocr knows"));
}

static void the_password_is_asked_once(void **state)
{
	mode = PASSWORD;
	oc_begin(w.oc);
	assert_true(becomes(OC_ASKING, 5000));
	assert_non_null(w.server->asks);
	ask_answer(w.server->asks, secret_create("wrong", 5), false);
	assert_true(becomes(OC_ASKING, 5000));
	for (int i = 0; i < 100 && !w.server->asks; i++)
		loop_turn(w.loop, 20);
	assert_non_null(strstr(w.server->asks->text, "not accepted"));
	ask_answer(w.server->asks, secret_create("right", 5), false);
	assert_true(becomes(OC_LIVE, 5000));
	assert_null(w.server->asks);
	assert_true(shows(SESSION_IDLE, 3000));
}

static size_t runs_of(const char *path)
{
	char line[100];
	size_t n = 0;
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		n++;
	if (f)
		fclose(f);
	return n;
}

/* password_command runs once the server wants a password, and not again before its pause is over.
 * The row shows why it failed, and no word of its output. Then the user is asked. */
static void a_password_command_that_fails(void **state)
{
	char file[] = "/tmp/mocr-password-XXXXXX", complaint[] = "/tmp/mocr-complaint-XXXXXX";
	char command[300];
	struct opencode_config config = { .name = "home", .password_command = command };
	close(mkstemp(file));
	/* in a file, because the words of the command are hidden too */
	int fd = mkstemp(complaint);
	dprintf(fd, "p4ss-w0rd: the key is locked\n");
	close(fd);
	snprintf(command, sizeof(command), "echo run >>%s; echo p4ss-w0rd; cat %s >&2; exit 3",
	         file, complaint);
	oc_configure(w.oc, &config);
	oc_begin(w.oc);
	assert_true(becomes(OC_LIVE, 5000)); /* no password is wanted, so none is asked for */
	assert_int_equal(runs_of(file), 0);
	mode = PASSWORD;
	assert_true(becomes(OC_DENIED, 5000));
	assert_non_null(strstr(w.oc->err.text, "[opencode home]: password_command ended with "
	                                       "code 3"));
	assert_non_null(strstr(w.oc->err.text, "the key is locked"));
	assert_null(strstr(w.oc->err.text, "p4ss-w0rd"));
	assert_int_equal(runs_of(file), 1);
	oc_begin(w.oc);
	assert_true(becomes(OC_ASKING, 5000));
	assert_null(strstr(w.server->asks->text, "p4ss-w0rd"));
	assert_int_equal(runs_of(file), 1);
	ask_answer(w.server->asks, NULL, false);
	assert_true(becomes(OC_DENIED, 5000));
	/* the user asks for a new try, and the key is there */
	snprintf(command, sizeof(command), "echo run >>%s; echo right", file);
	oc_login_again(w.oc);
	oc_begin(w.oc);
	assert_true(becomes(OC_LIVE, 5000));
	assert_int_equal(runs_of(file), 2);
	oc_configure(w.oc, NULL);
	unlink(complaint);
	unlink(file);
}

static void a_stream_that_ends_is_opened_again(void **state)
{
	mode = ENDS;
	oc_begin(w.oc);
	assert_true(becomes(OC_LOST, 5000));
	assert_non_null(strstr(w.oc->err.text, "ended its stream"));
	assert_true(becomes(OC_LIVE, 5000));
	assert_true(streams >= 2 && lists >= 1); /* and everything was asked again */
}

static void silence_is_a_drop(void **state)
{
	oc_silence_ms = 2000; /* many heartbeats of the fake, also on a busy machine */
	mode = SILENT;
	oc_begin(w.oc);
	assert_true(becomes(OC_LIVE, 5000));
	int before = lists;
	assert_true(becomes(OC_LOST, 5000));
	assert_non_null(strstr(w.oc->err.text, "nothing was heard"));
	assert_true(one() != NULL); /* rows stay */
	mode = FINE;
	assert_true(becomes(OC_LIVE, 5000));
	assert_true(lists > before);
	int64_t end = now_mono_ms() + 1500; /* heartbeats are no silence */
	while (now_mono_ms() < end) {
		loop_turn(w.loop, 20);
		assert_int_equal(w.oc->state, OC_LIVE);
	}
}

static void an_event_byte_by_byte(void **state)
{
	mode = SLOWLY;
	oc_begin(w.oc);
	assert_true(shows(SESSION_BUSY, 8000));
}

/* Two megabytes are read; what is over the limit is skipped up to its end, and the state asked for.
 */
static void an_enormous_event(void **state)
{
	mode = HUGE;
	oc_begin(w.oc);
	assert_true(becomes(OC_LIVE, 5000));
	assert_true(shows(SESSION_BUSY, 20000) || lists >= 2);
	int64_t end = now_mono_ms() + 10000;
	while (lists < 2 && now_mono_ms() < end)
		loop_turn(w.loop, 20);
	assert_int_equal(w.oc->state, OC_LIVE);
	assert_true(lists >= 2);
}

/* Whether it arrived is not known: so it is told, kept to be offered again, and not sent a second
 * time. */
static void a_prompt_without_an_answer_is_sent_once(void **state)
{
	struct err err;
	oc_begin(w.oc);
	assert_true(becomes(OC_LIVE, 5000));
	assert_true(shows(SESSION_IDLE, 3000));
	mode = DROPS;
	struct order *o = order_start(&one()->row, action_find(&kind_session, "prompt"),
	                              "words to keep", &err);
	assert_non_null(o);
	int64_t end = now_mono_ms() + 6000;
	while (o->state == ORDER_RUNNING && now_mono_ms() < end)
		loop_turn(w.loop, 20);
	assert_int_equal(o->state, ORDER_FAILED);
	assert_string_equal(o->argument, "words to keep");
	end = now_mono_ms() + 1000;
	while (now_mono_ms() < end)
		loop_turn(w.loop, 20);
	assert_int_equal(prompts, 1);
}

static struct order *sent_and_over(const char *words)
{
	struct err err;
	oc_begin(w.oc);
	assert_true(becomes(OC_LIVE, 5000));
	assert_true(shows(SESSION_IDLE, 3000));
	struct ses *s = ses_find(w.sessions, "ses_a");
	snprintf(s->last.id, sizeof(s->last.id), "msg_z");
	s->last.created_ms = now_wall_ms() - 1000;
	s->last_known = true;
	oc_seen_ms = 200;
	struct order *o = order_start(&one()->row, action_find(&kind_session, "prompt"), words,
	                              &err);
	assert_non_null(o);
	int64_t end = now_mono_ms() + 6000;
	while (o->state == ORDER_RUNNING && now_mono_ms() < end)
		loop_turn(w.loop, 20);
	return o;
}

/* A server takes a prompt before it writes it down: what it then does not have was not sent. */
static void a_prompt_that_was_taken_and_lost(void **state)
{
	struct order *o = sent_and_over("words to keep");
	assert_int_equal(o->state, ORDER_FAILED);
	assert_non_null(strstr(o->err.text, "no such message"));
	assert_string_equal(o->argument, "words to keep");
	assert_int_equal(prompts, 1);
}

/* No event told of it, and its id is not the newest: it is there. */
static void a_prompt_that_is_there_without_a_word(void **state)
{
	has_message = true;
	assert_int_equal(sent_and_over("words")->state, ORDER_DONE);
	assert_int_equal(prompts, 1);
}

static struct order *ordered(const char *verb, const char *words)
{
	struct err err;
	struct order *o = order_start(&one()->row, action_find(&kind_session, verb), words, &err);
	assert_non_null(o);
	int64_t end = now_mono_ms() + 6000;
	while (o->state == ORDER_RUNNING && now_mono_ms() < end)
		loop_turn(w.loop, 20);
	return o;
}

/* While the directory is looked for, the server becomes one that knows no slash commands. */
static void a_server_that_is_replaced_during_the_look(void **state)
{
	struct err err;
	oc_begin(w.oc);
	assert_true(becomes(OC_LIVE, 5000));
	assert_true(shows(SESSION_IDLE, 3000));
	struct ses *s = ses_find(w.sessions, "ses_a");
	xreplace(&s->directory, "/");
	w.oc->pid = getpid();
	struct order *o = order_start(&one()->row, action_find(&kind_session, "command"), "build",
	                              &err);
	assert_non_null(o);
	assert_int_equal(o->state, ORDER_RUNNING);
	oc_feed(w.oc, "health", "{\"healthy\":true}", 16);
	int64_t end = now_mono_ms() + 6000;
	while (o->state == ORDER_RUNNING && now_mono_ms() < end)
		loop_turn(w.loop, 20);
	assert_int_equal(o->state, ORDER_FAILED);
	assert_non_null(strstr(o->err.text, "nothing was sent"));
}

/* The server would take the prompt, and work in a new directory or fail. Where only the server can
 * see the directory, the prompt is sent. */
static void a_directory_that_is_gone_gets_no_prompt(void **state)
{
	int arrived = 0;
	has_message = true;
	oc_seen_ms = 200;
	oc_begin(w.oc);
	assert_true(becomes(OC_LIVE, 5000));
	assert_true(shows(SESSION_IDLE, 3000));
	struct ses *s = ses_find(w.sessions, "ses_a");
	xreplace(&s->directory, "/tmp/gone-for-good/below");
	xreplace(&s->row->directory, s->directory);
	w.oc->pid = getpid();
	for (size_t i = 0; i < 2; i++) {
		struct order *o = ordered(i ? "command" : "prompt", "words");
		assert_int_equal(o->state, ORDER_FAILED);
		assert_int_equal(o->err.code, ERR_ABSENT);
		assert_non_null(strstr(o->err.text, "gone on here: /tmp/gone-for-good/below"));
		assert_non_null(strstr(o->err.text, "nothing was sent. Make the directory again"));
		assert_string_equal(o->argument, "words");
	}
	assert_true(s->row->git.gone);
	assert_int_equal(prompts, 0);

	/* a process that began at another time is another one; the last one cannot be looked at */
	const struct {
		int pid;
		int64_t start;
	} unknown[] = { { getpid(), 1 }, { 4194304, 0 }, { 0, 0 } };
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
		w.oc->pid = unknown[i].pid;
		w.oc->started_ticks = unknown[i].start;
		assert_int_equal(ordered("prompt", "words")->state, ORDER_DONE);
		assert_int_equal(prompts, ++arrived);
	}

	/* it was made again */
	xreplace(&s->directory, "/tmp");
	xreplace(&s->row->directory, "/tmp");
	w.oc->pid = getpid();
	w.oc->started_ticks = 0;
	assert_int_equal(ordered("prompt", "words")->state, ORDER_DONE);
	assert_int_equal(prompts, ++arrived);
	assert_false(s->row->git.gone);
}

/* At rest only heartbeats come. */
static void at_rest_nothing_is_asked(void **state)
{
	oc_begin(w.oc);
	assert_true(becomes(OC_LIVE, 5000));
	assert_true(shows(SESSION_IDLE, 3000));
	turns(1000);
	int before = httpd_requests(httpd);
	turns(3000);
	assert_int_equal(httpd_requests(httpd), before);
}

/* Whatever the server answers: the order ends, and the prompt is not sent again, also when the
 * server is found again. The console offers the words to the user again. */
static void what_is_refused_is_not_sent_again(void **state)
{
	static const char *const answers[] = { "400 X", "401 X", "404 X", "415 X",
		                               "429 X", "500 X", "503 X" };
	oc_begin(w.oc);
	assert_true(becomes(OC_LIVE, 5000));
	assert_true(shows(SESSION_IDLE, 3000));
	for (int i = 0; i < (int)ARRAY_LEN(answers); i++) {
		refuses = answers[i];
		const struct order *o = ordered("prompt", "words");
		assert_int_equal(o->state, ORDER_FAILED);
		assert_string_equal(o->argument, "words");
		assert_int_equal(prompts, i + 1);
	}
	turns(1300); /* longer than it was asked to wait */
	lose_the_stream();
	assert_true(becomes(OC_LIVE, 8000));
	turns(300);
	assert_int_equal(prompts, ARRAY_LEN(answers));
}

static void snapshot_again(void)
{
	int before = lists;
	oc_snapshot(w.oc);
	for (int64_t end = now_mono_ms() + 10000;
	     (lists == before || sync_is_asked(&w.oc->sync)) && now_mono_ms() < end;)
		loop_turn(w.loop, 20);
	assert_int_not_equal(lists, before);
}

/* Who is not in a list of which a page did not come is not gone. */
static void a_list_with_a_hole(void **state)
{
	second = 1;
	oc_begin(w.oc);
	assert_true(becomes(OC_LIVE, 10000));
	assert_non_null(store_find(w.store, "here/session/ses_b"));
	second = 2;
	snapshot_again();
	assert_non_null(store_find(w.store, "here/session/ses_b"));
	second = 0;
	snapshot_again();
	assert_null(store_find(w.store, "here/session/ses_b"));
	assert_non_null(one());
}

/* The stream was away when it ended: the row does not say that its server was killed, and the last
 * message is asked for once. */
static void a_turn_that_ended_unheard(void **state)
{
	begin_a_turn();
	lose_the_stream();
	assert_int_equal(one()->shown, SESSION_BUSY); /* as it was */
	said = "[{" ANSWER(COMPLETED) "},\"parts\":[]}]";
	asked = 0;
	for (int64_t end = now_mono_ms() + 3000; now_mono_ms() < end; loop_turn(w.loop, 20))
		assert_int_not_equal(one()->shown, SESSION_INTERRUPTED);
	assert_int_equal(one()->shown, SESSION_IDLE);
	assert_int_equal(asked, 1);
	assert_true(is_listed("complete: one"));
	asked = 0;
	/* in which nothing was going on: nothing is asked */
	lose_the_stream();
	assert_true(becomes(OC_LIVE, 5000));
	turns(500);
	assert_int_equal(asked, 0);
	/* something was said in it: the list tells */
	updated_ms += 5000;
	lose_the_stream();
	assert_true(becomes(OC_LIVE, 5000));
	turns(500);
	assert_int_equal(asked, 1);
}

static void a_turn_that_failed_unheard(void **state)
{
	begin_a_turn();
	lose_the_stream();
	said = "[{" ANSWER(FAILED) "},\"parts\":[]}]";
	/* it is not called complete meanwhile */
	slow_ms = 800;
	assert_true(shows(SESSION_ERROR, 5000));
	turns(700);
	assert_true(is_listed("error: one"));
	assert_false(is_listed("complete"));
}

static void look_at_details(void)
{
	struct doc doc;
	doc_init(&doc);
	kind_session.detail(&one()->row, &doc, false);
	doc_finish(&doc);
}

/* It was read before the turn ended, and comes after: neither the row nor the conversation stays
 * with it. */
static void an_answer_older_than_an_event(void **state)
{
	begin_a_turn();
	struct ses *s = ses_of(&one()->row);
	said = "[{" ANSWER("") "},\"parts\":[]}]";
	slow_ms = 1200;
	asked = 0;
	look_at_details();
	turns(150);
	assert_int_equal(asked, 1);
	slow_ms = 0;
	said = "[{" ANSWER(COMPLETED) "},\"parts\":[" TEXT("prt_1", "THE END") "]}]";
	tell(EVENT("message.updated", "\"sessionID\":\"ses_a\"," ANSWER(COMPLETED) "}"));
	tell(EVENT("session.idle", "\"sessionID\":\"ses_a\""));
	assert_true(shows(SESSION_IDLE, 3000));
	assert_null(s->messages);
	for (int64_t end = now_mono_ms() + 2500; now_mono_ms() < end; look_at_details()) {
		turns(100);
		assert_int_equal(one()->shown, SESSION_IDLE);
	}
	assert_non_null(strstr(s->messages, "THE END"));
	assert_int_equal(asked, 2);
}

/* One part of a snapshot that is not available is asked for again, with growing pauses and without
 * a new list. */
static void a_question_that_could_not_be_had(void **state)
{
	asking = 2;
	oc_begin(w.oc);
	assert_true(becomes(OC_LIVE, 5000));
	assert_true(shows(SESSION_BUSY, 3000));
	int before = lists;
	for (int i = 0; i < 1000 && w.oc->unheard_pause.fails < 2; i++)
		turns(10);
	assert_int_equal(one()->shown, SESSION_BUSY);
	assert_int_equal(w.oc->unheard_pause.fails, 2); /* it waits for the second time */
	asking = 1;
	assert_true(shows(SESSION_QUESTION, 6000));
	assert_int_equal(w.oc->state, OC_LIVE);
	turns(300);
	assert_int_equal(w.oc->unheard_pause.fails, 0);
	assert_int_equal(lists, before);
}

/* Two programs answer the same question: the other one was faster. Then mocr is, and what the other
 * one sends comes to nothing. */
static void a_question_that_was_answered_elsewhere(void **state)
{
	asking = 1;
	oc_begin(w.oc);
	assert_true(becomes(OC_LIVE, 5000));
	assert_true(shows(SESSION_QUESTION, 3000));
	turns(300);
	asking = 0;
	const struct order *o = ordered("reply", "que_1 mine");
	assert_int_equal(o->state, ORDER_FAILED);
	assert_non_null(strstr(o->err.text, "answered elsewhere"));
	assert_true(shows(SESSION_IDLE, 5000));
	assert_int_equal(replies, 1);
	struct err err;
	assert_null(order_start(&one()->row, action_find(&kind_session, "reply"), "que_1 mine",
	                        &err));
	assert_int_equal(replies, 1);

	asking = 1;
	tell(busy);
	tell(EVENT("question.asked", "\"id\":\"que_1\",\"sessionID\":\"ses_a\",\"questions\":[{"
	                             "\"question\":\"which?\",\"options\":[]}]"));
	assert_true(shows(SESSION_QUESTION, 3000));
	struct order *mine = order_start(&one()->row, action_find(&kind_session, "reply"),
	                                 "que_1 mine", &err);
	assert_non_null(mine);
	for (int i = 0; i < 200 && replies < 2; i++)
		loop_turn(w.loop, 20);
	tell(EVENT("question.replied", "\"sessionID\":\"ses_a\",\"requestID\":\"que_1\""));
	for (int i = 0; i < 200 && mine->state == ORDER_RUNNING; i++)
		loop_turn(w.loop, 20);
	assert_int_equal(mine->state, ORDER_DONE);
	turns(300);
	assert_int_equal(replies, 2);
	assert_null(session_request(&one()->row));
}

/* Two servers of one login have the same sessions: when the one that had them ends, the other has
 * them. */
static void another_server_has_them(void **state)
{
	static const char look[] = "=oc\noc\t9\t12\t0100007F\t3072\t40000\t\t/usr/bin/opencode\t/"
				   "srv/a\n=tmux\n=claude\n=end\n";
	struct oc *first = w.oc;
	oc_begin(first);
	assert_true(becomes(OC_LIVE, 5000));
	assert_true(shows(SESSION_IDLE, 3000));
	w.oc = oc_add(w.sessions, "9", "127.0.0.1", httpd_port(httpd));
	oc_begin(w.oc);
	assert_true(becomes(OC_LIVE, 5000));
	assert_ptr_equal(ses_of(&one()->row)->home, first);
	w.sessions->stored_round = 1;
	source_feed(&w.sessions->source, "scan", look, sizeof(look) - 1);
	assert_int_equal(one()->shown, SESSION_NOT_SERVED);
	assert_true(shows(SESSION_IDLE, 3000));
	assert_ptr_equal(ses_of(&one()->row)->home, w.oc);
}

static void part(const char *id, const char *words)
{
	char event[1000];
	snprintf(event, sizeof(event),
	         EVENT("message.part.updated",
	               "\"sessionID\":\"ses_a\",\"part\":" TEXT("%s", "%s")),
	         id, words);
	tell(event);
}

static void delta(const char *id, const char *words)
{
	char event[1000];
	snprintf(event, sizeof(event),
	         EVENT("message.part.delta",
	               "\"sessionID\":\"ses_a\",\"messageID\":\"msg_5\",\"partID\":\"%s\","
	               "\"field\":\"text\",\"delta\":\"%s\""),
	         id, words);
	tell(event);
}

static struct log *followed(void)
{
	struct err err;
	struct log *log = log_create(0);
	assert_non_null(kind_session.follow(&one()->row, log, &err));
	return log;
}

/* Its lines, each with a bar after it; a gap is a dash. */
static void assert_log(struct log *log, const char *wanted)
{
	struct buf b = { 0 };
	turns(200);
	for (uint64_t i = log_first(log); i && i <= log_last(log); i++)
		buf_addf(&b, "%s|", log_get(log, i)->mark == LOG_GAP ? "-" : log_get(log, i)->text);
	assert_string_equal(b.data ? b.data : "", wanted);
	buf_finish(&b);
}

/* Opened in the middle of a text, over a loss, and on: each word once. */
static void a_conversation_is_followed(void **state)
{
	begin_a_turn();
	said = "[{" ANSWER("") "},\"parts\":[" TEXT("prt_1", "one two three ") "]}]";
	struct log *log = followed();
	assert_log(log, "one two three |");
	/* where it stands nobody knows: a delta before was not heard */
	delta("prt_1", "five ");
	delta("prt_1", "six.");
	part("prt_1", "one two three four five six.");
	part("prt_2", "");
	delta("prt_2", "as it ");
	delta("prt_2", "comes\\nand ");
	assert_log(log, "one two three |four five six.|as it comes|");
	lose_the_stream();
	said = "[{" ANSWER("") "},\"parts\":[" TEXT(
		"prt_1",
		"one two three four five six.") "," TEXT("prt_2",
	                                                 "as it comes\\nand goes "
	                                                 "on") "]},"
							       "{\"info\":{\"id\":"
							       "\"msg_6\","
							       "\"role\":\"user\","
							       "\"time\":{"
							       "\"created\":"
							       "1790000002000}},"
							       "\"parts\":[" TEXT("prt_3",
	                                                                          "do it") "]"
											   "}"
											   "]";
	assert_true(becomes(OC_LIVE, 5000));
	turns(500);
	part("prt_4", "after\\n");
	assert_log(log, "one two three |four five six.|as it comes|and |-|goes on|> do it|after|");
	log_destroy(log);
}

/* What happens between the asking and the answer is told, once, whether the answer has it or not.
 */
static void an_event_before_the_answer_is_followed(void **state)
{
	begin_a_turn();
	slow_ms = 400;
	said = "[{" ANSWER("") "},\"parts\":[" TEXT("prt_1", "one") "," TEXT("prt_2",
	                                                                     "two\\nth") "]}]";
	struct log *log = followed();
	turns(100);
	part("prt_2", "two\\n");
	delta("prt_2", "three\\nfo");
	delta("prt_2", "ur\\n");
	part("prt_3", "five\\n");
	turns(500);
	assert_log(log, "one|two|th|ree|four|five|");
	log_destroy(log);
}

static void what_cannot_be_had_is_said(void **state)
{
	begin_a_turn();
	said = "";
	struct log *log = followed();
	turns(200);
	part("prt_1", "on\\n");
	assert_log(log, "-|on|");
	log_destroy(log);
}

static bool claude_shows(enum session_status wanted, int ms)
{
	for (int64_t end = now_mono_ms() + ms; now_mono_ms() < end; loop_turn(w.loop, 20)) {
		struct session *s = (struct session *)
			store_find(w.store, "here/session/0f8fad5b-d9cb-469f-a165-70867728950e");
		if (s && s->shown == wanted)
			return true;
	}
	return false;
}

/* The file that Claude Code keeps of a session of it: this process is its. */
static void claude_line(const char *start, const char *status, char *line, size_t size)
{
	snprintf(line, size,
	         "{\"pid\":%d,\"sessionId\":\"0f8fad5b-d9cb-469f-a165-70867728950e\",\"cwd\":\"/"
	         "srv/c\",\"procStart\":\"%s\","
	         "\"status\":\"%s\",\"statusUpdatedAt\":%lld}",
	         (int)getpid(), start, status, (long long)now_wall_ms());
}

/* A look that began before it asked, and ends after: what the watch says again is not the last word
 * any more. */
static void an_older_look_does_not_hide_what_claude_asks(void **state)
{
	char home[] = "/tmp/mocr-claude-XXXXXX", path[100], start[32] = "", line[400], look[600];
	FILE *f = fopen("/proc/self/stat", "r");
	assert_int_equal(fscanf(f,
	                        "%*d %*s %*c %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d "
	                        "%*d %*d %*d %*d %*d %31s",
	                        start),
	                 1);
	fclose(f);
	assert_non_null(mkdtemp(home));
	setenv("CLAUDE_CONFIG_DIR", home, 1);
	snprintf(path, sizeof(path), "%s/sessions", home);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/sessions/%d.json", home, (int)getpid());
	claude_line(start, "waiting", line, sizeof(line));
	f = fopen(path, "w");
	fputs(line, f);
	fclose(f);
	w.sessions->watch.wanted = true;
	watch_begin(w.sessions);
	bool asked_first = claude_shows(SESSION_PERMISSION, 6000);
	claude_line(start, "busy", line, sizeof(line));
	snprintf(look, sizeof(look), "=oc\n=tmux\n=claude\nlive\t%s\t1\t%s\n=end\n", start, line);
	source_feed(&w.sessions->source, "scan", look, strlen(look));
	bool overridden = claude_shows(SESSION_BUSY, 100),
	     asked_again = claude_shows(SESSION_PERMISSION, 6000);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(home);
	unsetenv("CLAUDE_CONFIG_DIR");
	assert_true(asked_first && overridden && asked_again);
}

/* One that runs may have looked already: another follows it. Not for a look that may be a little
 * older. */
static void a_look_that_is_wanted_while_one_runs(void **state)
{
	struct sessions *ss = w.sessions;
	ss->scanned = true;
	fetch_ask(&ss->look, sync_at(loop_now(w.loop)));
	sessions_look(ss, 3000);
	assert_int_equal(ss->look.state, FETCH_ASKED);
	sessions_look(ss, 0);
	assert_int_equal(ss->look.state, FETCH_ASKED_AGAIN);
	fetch_cancel(&ss->look);
}

/* Nothing is said in clear to a server whose address is https. */
static void https_is_spoken(void **state)
{
	w.oc->tls = true;
	oc_begin(w.oc);
	int64_t end = now_mono_ms() + 5000;
	unsigned before = httpd_hellos(httpd);
	while (!(httpd_hellos(httpd) > before && *w.oc->err.text) && now_mono_ms() < end)
		loop_turn(w.loop, 20);
	assert_true(httpd_hellos(httpd) > before && !lists && !streams);
	assert_true(strstr(w.oc->err.text, "SSL") || strstr(w.oc->err.text, "TLS"));
	assert_int_not_equal(w.oc->state, OC_LIVE);
}

/* At the end of a turn OpenCode prunes what old tools said, and tells it; neither then nor after a
 * loss are they told again. */
static void what_is_pruned_is_no_news(void **state)
{
	struct buf b;
	struct err err;
	buf_init(&b, 0);
	buf_puts(&b, "[");
	for (int m = 0; m < 60; m++) {
		buf_addf(&b,
		         "%s{\"info\":{\"id\":\"msg_%02d\",\"sessionID\":\"ses_a\",\"role\":"
		         "\"assistant\",\"time\":{\"created\":179000000%02d00,\"completed\":"
		         "179000000%02d01}},\"parts\":[",
		         m ? "," : "", m, m, m);
		for (int k = 0; k < 5; k++)
			buf_addf(&b,
			         "%s{\"id\":\"prt_%02d%d\",\"sessionID\":\"ses_a\",\"messageID\":"
			         "\"msg_%02d\",\"type\":\"tool\",\"tool\":\"bash\",\"state\":{"
			         "\"status\":\"completed\"}}",
			         k ? "," : "", m, k, m);
		buf_puts(&b, "]}");
	}
	buf_puts(&b, "]");
	said = b.data;
	begin_a_turn();
	struct log *log = log_create(0);
	assert_non_null(kind_session.follow(&one()->row, log, &err));
	turns(800);
	unsigned long long lines = log_total(log);
	assert_int_equal(lines, 300);
	tell(EVENT("message.part.updated",
	           "\"sessionID\":\"ses_a\",\"part\":{\"id\":\"prt_020\",\"sessionID\":\"ses_a\","
	           "\"messageID\":\"msg_02\",\"type\":\"tool\",\"tool\":\"bash\",\"state\":{"
	           "\"status\":\"completed\",\"time\":{\"compacted\":5}}}"));
	turns(300);
	assert_int_equal(log_total(log), lines);
	lose_the_stream();
	assert_true(becomes(OC_LIVE, 5000));
	turns(1500);
	assert_in_range(log_total(log), lines, lines + 1); /* the gap may be told */
	log_destroy(log);
	said = "[]";
	buf_finish(&b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_web_page_is_no_answer),
		T(the_next_major_version_is_named),
		T(the_password_is_asked_once),
		T(a_password_command_that_fails),
		T(a_stream_that_ends_is_opened_again),
		T(silence_is_a_drop),
		T(an_event_byte_by_byte),
		T(an_enormous_event),
		T(a_prompt_without_an_answer_is_sent_once),
		T(a_prompt_that_was_taken_and_lost),
		T(a_prompt_that_is_there_without_a_word),
		T(a_server_that_is_replaced_during_the_look),
		T(a_directory_that_is_gone_gets_no_prompt),
		T(what_is_refused_is_not_sent_again),
		T(at_rest_nothing_is_asked),
		T(https_is_spoken),
		T(a_turn_that_ended_unheard),
		T(a_list_with_a_hole),
		T(what_is_pruned_is_no_news),
		T(a_turn_that_failed_unheard),
		T(an_answer_older_than_an_event),
		T(a_question_that_could_not_be_had),
		T(a_question_that_was_answered_elsewhere),
		T(another_server_has_them),
		T(a_conversation_is_followed),
		T(an_event_before_the_answer_is_followed),
		T(what_cannot_be_had_is_said),
		T(an_older_look_does_not_hide_what_claude_asks),
		T(a_look_that_is_wanted_while_one_runs),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
