/* OpenCode 2 against a strict server of our own, made from its published types: it refuses a wrong
 * verb, path, header or member, and remembers the first one. */
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

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/ask.h"
#include "backends/servers/server.h"
#include "backends/sessions/oc_dialect.h"
#include "backends/store/doc.h"
#include "httpd.h"
#include "turns.h"

/* --- the server ----------------------------------------------------------- */

enum speaks { RELEASED, EARLY, PREVIEW, WEB_ONLY };
static _Atomic int speaks, event_fd, sent_prompts, replies, pages, interrupts, deletes;
static _Atomic bool runs, asks_permission, asks_form, gone, loses_a_message;
/* status of the answer to each prompt; NULL: it is taken; "": none comes; "page": the web page */
static const char *_Atomic refuses;
static const char *_Atomic password; /* Basic of "opencode:" and it; NULL: none is wanted */
static char complaint[3000], last_body[2000], last_path[2200];
static char outcome[40];

static bool refuse(int fd, const struct httpd_request *r, const char *why)
{
	if (!complaint[0])
		snprintf(complaint, sizeof complaint, "%s: %s %s?%s %.200s", why, r->method,
		         r->path, r->query, r->body);
	return httpd_answer(fd, "400 Bad Request", "Content-Type: application/json\r\n",
	                    "{\"_tag\":\"InvalidRequestError\",\"message\":\"refused\"}");
}

static bool json(int fd, const char *body)
{
	return httpd_answer(fd, "200 OK", "Content-Type: application/json\r\n", body);
}

static bool no_content(int fd)
{
	return httpd_say(fd, "HTTP/1.1 204 No Content\r\n\r\n");
}

static bool web_page(int fd)
{
	return httpd_answer(fd, "200 OK", "Content-Type: text/html\r\n",
	                    "<!doctype html><title>OpenCode</title>");
}

static bool empty_404(int fd)
{
	return httpd_answer(fd, "404 Not Found", "", "");
}

/* Every member of the body must be among names, and every name must be there. */
static bool has_only(const struct httpd_request *r, const char *const *names)
{
	cJSON *o = cJSON_Parse(r->body);
	int n = 0;
	bool good = cJSON_IsObject(o) && strcasestr(r->head, "content-type: application/json");
	for (; *names; names++, n++)
		good &= cJSON_HasObjectItem(o, *names);
	good &= cJSON_GetArraySize(o) == n;
	cJSON_Delete(o);
	return good;
}

#define HAS(r, ...) has_only(r, (const char *const[]){ __VA_ARGS__, NULL })

#define SESSION(id, more)                                                                      \
	"{\"id\":\"" id "\",\"projectID\":\"p\",\"cost\":0.5,\"tokens\":{\"input\":10,"        \
	"\"output\":5,\"reasoning\":0,\"cache\":{\"read\":0,\"write\":0}},\"title\":\"" id     \
	"\",\"time\":{\"created\":%lld,\"updated\":%lld},\"location\":{\"directory\":\"/srv/a" \
	"\"},\"futureMember\":{\"x\":1}" more "}"

static bool list(int fd, const struct httpd_request *r)
{
	char body[2000];
	long long now = (long long)now_wall_ms();
	pages++;
	if (strstr(r->query, "directory") || !strstr(r->query, "limit="))
		return refuse(fd, r, "query of the list");
	if (strstr(r->query, "cursor=c2"))
		return json(fd, "{\"data\":[],\"cursor\":{\"previous\":null,\"next\":null}}");
	if (strstr(r->query, "cursor=c1")) {
		snprintf(body, sizeof body,
		         "{\"data\":[" SESSION(
				 "ses_b", ",\"parentID\":\"ses_a\"") "],\"cursor\":{\"previous\":"
		                                                     "\"p\",\"next\":\"c2\"}}",
		         now, now);
		return json(fd, body);
	}
	if (strstr(r->query, "cursor"))
		return refuse(fd, r, "cursor");
	snprintf(body, sizeof body,
	         "{\"data\":[" SESSION("ses_a",
	                               "%s") "],\"cursor\":{\"previous\":\"p\",\"next\":\"c1\"}}",
	         now, now, outcome);
	return json(fd, body);
}

#define PERMISSION                                                                             \
	"{\"id\":\"per_1\",\"sessionID\":\"ses_a\",\"action\":\"shell\",\"resources\":[\""     \
	"make test\"],\"save\":[\"make test *\"],\"source\":{\"type\":\"tool\",\"messageID\":" \
	"\"msg_1\",\"id\":\"call_1\"}}"
#define FIELDS                                                                                \
	"{\"key\":\"q0\",\"title\":\"Database\",\"description\":\"Which database?\","         \
	"\"type\":\"string\",\"options\":[{\"value\":\"pg\",\"label\":\"PostgreSQL\"},{"      \
	"\"value\":\"lite\",\"label\":\"SQLite\"}],\"custom\":true},"                         \
	"{\"key\":\"q1\",\"title\":\"Features\",\"type\":\"multiselect\",\"options\":[{"      \
	"\"value\":\"Auth\",\"label\":\"Auth\"},{\"value\":\"Audit\",\"label\":\"Audit\"}]}," \
	"{\"key\":\"q2\",\"title\":\"How many?\",\"type\":\"integer\"},"                      \
	"{\"key\":\"q3\",\"title\":\"Sure?\",\"type\":\"boolean\"},"                          \
	"{\"key\":\"q4\",\"title\":\"Secret default\",\"type\":\"string\",\"hidden\":true}"
#define FORM \
	"{\"id\":\"frm_1\",\"sessionID\":\"ses_a\",\"title\":\"Questions\",\"fields\":[" FIELDS "]}"

static bool event_stream(int fd)
{
	event_fd = fd;
	if (!httpd_say(fd,
	               "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
	               "data: {\"id\":\"evt_0\",\"type\":\"server.connected\",\"data\":{}}\n\n"))
		return false;
	while (!gone && httpd_pause(fd, 20))
		if (!httpd_say(fd, ": heartbeat\n\n"))
			return false;
	return false;
}

static bool messages(int fd, const struct httpd_request *r)
{
	if (!strstr(r->query, "order=desc") || !strstr(r->query, "limit="))
		return refuse(fd, r, "query of the messages");
	if (atoi(strstr(r->query, "limit=") + 6) > 200)
		return refuse(fd, r, "limit of the messages");
	return json(
		fd,
		"{\"data\":[{\"id\":\"msg_3\",\"type\":\"idle\",\"outcome\":\"succeeded\",\"time\""
		":{\"created\":3}},{\"id\":\"msg_2\",\"type\":\"assistant\",\"agent\":\"build\","
		"\"model\":{\"id\":\"m1\",\"providerID\":\"fake\"},\"content\":[{\"type\":\"text\","
		"\"text\":\"Hello there\"},{\"type\":\"hologram\"},{\"type\":\"tool\",\"id\":"
		"\"call_1\",\"name\":\"shell\",\"state\":{\"status\":\"completed\",\"input\":{"
		"\"command\":\"make test\"},\"content\":[]}}],\"time\":{\"created\":2,"
		"\"completed\":3},\"finish\":\"stop\",\"cost\":0.5,\"tokens\":{\"input\":10,"
		"\"output\":5,\"reasoning\":0,\"cache\":{\"read\":0,\"write\":0}}},{\"id\":\"msg_"
		"1\","
		"\"type\":\"user\",\"text\":\"say hello\",\"time\":{\"created\":1}}],\"cursor\":{"
		"\"previous\":null,\"next\":null}}");
}

static bool session_call(int fd, const struct httpd_request *r, const char *rest)
{
	bool post = !strcmp(r->method, "POST"), get = !strcmp(r->method, "GET");
	bool preview = speaks == PREVIEW;
	if (!get) { /* a question may come between an order and the look at what came */
		snprintf(last_body, sizeof last_body, "%s", r->body);
		snprintf(last_path, sizeof last_path, "%s %s?%s", r->method, r->path, r->query);
	}
	if (get && !strcmp(rest, "/message"))
		return messages(fd, r);
	if (get && !strcmp(rest, "/diff") && !preview)
		return json(fd, "{\"data\":[{\"file\":\"a.c\",\"patch\":\"@@ -1 +1 "
		                "@@\\n-old\\n+new\\n\","
		                "\"additions\":1,\"deletions\":1,\"status\":\"modified\"}]}");
	if (get && !strcmp(rest, "/permission"))
		return json(fd, asks_permission ? "{\"data\":[" PERMISSION "]}" : "{\"data\":[]}");
	if (get && !strcmp(rest, preview ? "/question" : "/form"))
		return json(fd, asks_form ? "{\"data\":[" FORM "]}" : "{\"data\":[]}");
	if (post && !strcmp(rest, "/prompt")) {
		if (preview ? !HAS(r, "prompt") : !HAS(r, "text"))
			return refuse(fd, r, "body of the prompt");
		sent_prompts++;
		if (refuses && !strcmp(refuses, "page"))
			return web_page(fd);
		if (refuses)
			return *refuses && httpd_answer(fd, refuses,
			                                "Content-Type: application/json\r\n"
			                                "Retry-After: 1\r\n",
			                                "{\"message\":\"not now\"}");
		return json(fd, "{\"data\":{\"id\":\"msg_9\",\"sessionID\":\"ses_a\"}}");
	}
	if (post && !strcmp(rest, "/interrupt")) {
		interrupts++;
		runs = asks_form = asks_permission = false;
		return preview ? no_content(fd) : json(fd, "{\"interrupted\":true}");
	}
	if (post && !strcmp(rest, "/permission/per_1/reply")) {
		bool good = speaks == RELEASED ? HAS(r, "decision") : HAS(r, "reply");
		good |= speaks == RELEASED ? HAS(r, "decision", "message")
		                           : HAS(r, "reply", "message");
		good |= speaks == EARLY && HAS(r, "reply", "decision");
		if (!good)
			return refuse(fd, r, "body of the reply");
		replies++;
		if (!asks_permission)
			return httpd_answer(fd, "404 Not Found",
			                    "Content-Type: application/json\r\n",
			                    "{\"_tag\":\"PermissionNotFoundError\",\"message\":"
			                    "\"gone\"}");
		asks_permission = false;
		return no_content(fd);
	}
	if (post && !strcmp(rest, "/form/frm_1/reply") && !preview) {
		if (!HAS(r, "answer"))
			return refuse(fd, r, "body of the form");
		replies++;
		if (!asks_form)
			return httpd_answer(fd, "409 Conflict",
			                    "Content-Type: application/json\r\n",
			                    "{\"_tag\":\"FormAlreadySettledError\",\"message\":"
			                    "\"settled\"}");
		asks_form = false;
		return no_content(fd);
	}
	if (!strcmp(r->method, "DELETE") && !strcmp(rest, "/form/frm_1")) {
		asks_form = false;
		return no_content(fd);
	}
	if (!strcmp(r->method, "DELETE") && !*rest && !preview) {
		deletes++;
		return no_content(fd);
	}
	if (!strcmp(r->method, "PATCH") && !*rest && !preview)
		return HAS(r, "title") ? no_content(fd) : refuse(fd, r, "body of the title");
	if (post && !strcmp(rest, "/agent"))
		return HAS(r, "agent") ? no_content(fd) : refuse(fd, r, "body of the agent");
	if (post && !strcmp(rest, "/model"))
		return HAS(r, "model") ? no_content(fd) : refuse(fd, r, "body of the model");
	if (post && !strcmp(rest, "/compact") && !preview)
		return !strcmp(r->body, "{}") ? json(fd, "{\"data\":{\"id\":\"msg_8\"}}")
		                              : refuse(fd, r, "body of the summary");
	if (post && !strcmp(rest, "/revert/stage"))
		return HAS(r, "messageID", "files") ? json(fd, "{\"data\":{}}")
		                                    : refuse(fd, r, "body of the revert");
	if (preview ? post && !strcmp(rest, "/revert/clear")
	            : !strcmp(r->method, "DELETE") && !strcmp(rest, "/revert"))
		return *r->body ? refuse(fd, r, "body of the unrevert") : no_content(fd);
	if (post && !strcmp(rest, "/command") && !preview)
		return HAS(r, speaks == EARLY ? "command" : "name", "text")
		               ? no_content(fd)
		               : refuse(fd, r, "body of the slash command");
	if (post && !strcmp(rest, "/fork") && !preview)
		return json(fd, "{\"data\":{\"id\":\"ses_c\"}}");
	return refuse(fd, r, "no such call");
}

/* A session as 2.x exports it, of 2 messages. */
#define ID26 "229171b4d002hhbahvuuLxkKXN"
#define EXPORT(id, messages)                                                 \
	"{\"info\":{\"id\":\"" id                                            \
	"\",\"parentID\":\"ses_p\",\"projectID\":\"p\",\"title\":\"ses_a\"," \
	"\"location\":{\"directory\":\"/srv/a\"}},\"messages\":[" messages "]}"
#define TWO_MESSAGES                                                          \
	"{\"id\":\"msg_" ID26 "\",\"type\":\"user\",\"text\":\"say hello\"}," \
	"{\"id\":\"msg_2\",\"type\":\"assistant\",\"content\":[]}"

#define EXPERIMENTAL "/api/experimental/session/"

/* The export of any session, and the import of a new one, ses_c. */
static bool experimental(int fd, const struct httpd_request *r)
{
	snprintf(last_path, sizeof last_path, "%s %s?%s", r->method, r->path, r->query);
	if (speaks == PREVIEW || *r->query)
		return refuse(fd, r, "no such call");
	if (!strcmp(r->method, "POST") && !strcmp(r->path, EXPERIMENTAL "import")) {
		snprintf(last_body, sizeof last_body, "%s", r->body);
		if (!HAS(r, "info", "messages", "location") || strstr(r->body, "parentID"))
			return refuse(fd, r, "body of the import");
		if (strstr(r->body, "msg_" ID26))
			return httpd_answer(fd, "409 Conflict",
			                    "Content-Type: application/json\r\n",
			                    "{\"_tag\":\"ConflictError\",\"message\":\"exists\"}");
		return json(fd, "{\"data\":{\"id\":\"ses_c\"}}");
	}
	if (!strcmp(r->method, "GET") && !strcmp(r->path, EXPERIMENTAL "ses_a/export"))
		return json(fd, "{\"data\":" EXPORT("ses_a", TWO_MESSAGES) "}");
	if (!strcmp(r->method, "GET") && !strcmp(r->path, EXPERIMENTAL "ses_c/export"))
		return json(fd, loses_a_message ? "{\"data\":" EXPORT("ses_c", "{}") "}"
		                                : "{\"data\":" EXPORT("ses_c", TWO_MESSAGES) "}");
	return refuse(fd, r, "no such call");
}

static bool told_what_it_is(int fd, const struct httpd_request *r)
{
	if (!strcmp(r->path, "/api/info"))
		return speaks == RELEASED ? json(fd, "{\"version\":\"2.0.22\",\"pid\":42,\"urls\":["
		                                     "],\"paths\":{}}")
		                          : empty_404(fd);
	if (speaks == EARLY)
		return json(fd, "{\"healthy\":true,\"version\":\"2.0.3\",\"pid\":42}");
	return speaks == PREVIEW ? json(fd, "{\"healthy\":true}") : empty_404(fd);
}

static bool answer(int fd, const struct httpd_request *r)
{
	char login[200];
	snprintf(login, sizeof login, "Authorization: Basic %s\r\n", password ? password : "");
	if (password && !strstr(r->head, login))
		return httpd_answer(fd, "401 Unauthorized",
		                    "Content-Type: application/json\r\n"
		                    "www-authenticate: Basic realm=\"Secure Area\"\r\n",
		                    "{\"_tag\":\"UnauthorizedError\",\"message\":\"Authentication "
		                    "required\"}");
	if (strncmp(r->path, "/api/", 5) != 0 || speaks == WEB_ONLY)
		return speaks == PREVIEW ? empty_404(fd) : web_page(fd);
	if (!strcmp(r->path, "/api/info") || !strcmp(r->path, "/api/health"))
		return told_what_it_is(fd, r);
	bool placed = *r->query && !strcmp(r->query, "location%5Bdirectory%5D=%2Fsrv%2Fa");
	bool lists = !strcmp(r->path, "/api/model") || !strcmp(r->path, "/api/agent");
	if (strcasestr(r->head, "x-opencode-directory") ||
	    (strstr(r->query, "directory") && !(placed && lists)))
		return refuse(fd, r, "a directory is not wanted");
	if (!strcmp(r->path, "/api/event"))
		return strcasestr(r->head, "text/event-stream") ? event_stream(fd)
		                                                : refuse(fd, r, "Accept");
	if (!strcmp(r->path, "/api/session") && !strcmp(r->method, "GET"))
		return list(fd, r);
	if (!strcmp(r->path, "/api/session/active"))
		return json(fd, runs ? "{\"data\":{\"ses_a\":{\"type\":\"running\"}}}"
		                     : "{\"data\":{}}");
	if (!strcmp(r->path, "/api/model"))
		return json(fd,
		            "{\"location\":{},\"data\":[{\"id\":\"m1\",\"providerID\":\"fake\","
		            "\"api\":{\"settings\":{\"apiKey\":\"sk-SECRET\"}},\"enabled\":true,"
		            "\"variants\":[{\"id\":\"high\"}],\"limit\":{\"context\":1000}}]}");
	if (!strcmp(r->path, "/api/agent") || !strcmp(r->path, "/api/command"))
		return json(fd,
		            "{\"location\":{},\"data\":[{\"id\":\"build\",\"mode\":\"primary\"}]}");
	if (!strncmp(r->path, EXPERIMENTAL, strlen(EXPERIMENTAL)))
		return experimental(fd, r);
	if (!strncmp(r->path, "/api/session/ses_a", 18))
		return session_call(fd, r, r->path + 18);
	if (!strncmp(r->path, "/api/session/ses_b", 18))
		return session_call(fd, r, r->path + 18);
	return refuse(fd, r, "no such path");
}

static const struct httpd_route routes[] = { { .path = "/*", .answer = answer }, { 0 } };

/* --- the world ------------------------------------------------------------ */

static struct {
	struct loop *loop;
	struct http *http;
	struct settings *settings;
	struct store *store;
	struct server *server;
	struct sessions *sessions;
	struct oc *oc;
	struct httpd *httpd;
	char state[64];
} w;

static void link_announced(struct link *l, void *arg) {}

static int make_world(void **state)
{
	static const struct link_events events = { link_announced };
	struct doc complaints;
	char name[16];
	memset(&w, 0, sizeof w);
	complaint[0] = last_body[0] = outcome[0] = '\0';
	speaks = RELEASED;
	runs = asks_permission = asks_form = gone = loses_a_message = false;
	sent_prompts = replies = pages = interrupts = deletes = 0;
	password = refuses = NULL;
	snprintf(w.state, sizeof w.state, "/tmp/test_oc2.XXXXXX");
	if (!mkdtemp(w.state))
		return -1;
	setenv("XDG_STATE_HOME", w.state, 1);
	doc_init(&complaints);
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
	w.httpd = httpd_start(NULL, routes, NULL);
	snprintf(name, sizeof(name), "%d", httpd_port(w.httpd));
	w.oc = oc_add(w.sessions, name, "127.0.0.1", httpd_port(w.httpd));
	doc_finish(&complaints);
	return 0;
}

static int end_world(void **state)
{
	char command[120];
	gone = true;
	store_destroy(w.store);
	http_destroy(w.http);
	loop_destroy(w.loop);
	settings_destroy(w.settings);
	httpd_stop(w.httpd);
	snprintf(command, sizeof command, "rm -rf %s", w.state);
	return system(command);
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

static void begin(void)
{
	oc_begin(w.oc);
	assert_true(becomes(OC_LIVE, 8000));
	turns_for(w.loop, 100);
}

static void tell(const char *type, const char *data)
{
	static unsigned number;
	char event[3000];
	snprintf(event, sizeof event,
	         "data: {\"id\":\"evt_%u\",\"created\":%lld,\"type\":\"%s\",\"location\":{"
	         "\"directory\":\"/srv/a\"},\"data\":{%s}}\n\n",
	         ++number, (long long)now_wall_ms(), type, data);
	assert_true(httpd_say(event_fd, event));
}

#define OF_A "\"sessionID\":\"ses_a\""

static struct order *ordered(const char *verb, const char *words)
{
	struct err err;
	struct order *o = order_start(&one()->row, action_find(&kind_session, verb), words, &err);
	int64_t end = now_mono_ms() + 6000;
	if (!o)
		print_error("%s\n", err.text);
	assert_non_null(o);
	while (o->state == ORDER_RUNNING && now_mono_ms() < end)
		loop_turn(w.loop, 20);
	return o;
}

static void done(const char *verb, const char *words)
{
	struct order *o = ordered(verb, words);
	if (o->state != ORDER_DONE)
		print_error("%s: %s\n", verb, o->err.text);
	assert_int_equal(o->state, ORDER_DONE);
}

static bool is_offered(const char *verb)
{
	const struct action *a = action_find(&kind_session, verb);
	return action_applies_to(a, &one()->row);
}

static void nothing_was_refused(void)
{
	assert_string_equal(complaint, "");
}

/* --- tests ---------------------------------------------------------------- */

static void the_dialects_are_told_apart(void **state)
{
	static const struct {
		enum speaks speaks;
		const struct oc_dialect *dialect;
		const char *version;
	} cases[] = { { RELEASED, &oc_v2, "2.0.22" },
		      { EARLY, &oc_early, "2.0.3" },
		      { PREVIEW, &oc_preview, "2 preview" } };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		speaks = cases[i].speaks;
		begin();
		assert_ptr_equal(w.oc->dialect, cases[i].dialect);
		assert_string_equal(w.oc->version, cases[i].version);
		oc_stop(w.oc);
	}
	nothing_was_refused();
}

static void a_web_page_is_no_server(void **state)
{
	speaks = WEB_ONLY;
	oc_begin(w.oc);
	assert_true(becomes(OC_STRANGE, 5000));
	assert_non_null(strstr(w.oc->err.text, "web page"));
}

/* 1.18's own answers, and versions to come */
static void what_states_another_version(void **state)
{
	char version[32];
	static const char old[] = "{\"healthy\":true,\"version\":\"1.18.33\"}",
			  next[] = "{\"version\":\"3.1.0\",\"pid\":4}", nothing[] = "{\"ok\":true}";
	assert_ptr_equal(oc_dialect_of(old, strlen(old), version, sizeof version), &oc_v1);
	assert_null(oc_dialect_of(next, strlen(next), version, sizeof version));
	assert_string_equal(version, "3.1.0");
	assert_null(oc_dialect_of(nothing, strlen(nothing), version, sizeof version));
	assert_null(oc_dialect_of("", 0, version, sizeof version));
}

static void all_pages_are_listed(void **state)
{
	begin();
	assert_true(shows(SESSION_IDLE, 3000));
	assert_int_equal(pages, 3); /* the end is an empty page */
	assert_non_null(store_find(w.store, "here/session/ses_b"));
	assert_int_equal(one()->children, 1);
	assert_string_equal(one()->directory, "/srv/a");
	assert_true(one()->cost > 0.4 && one()->tokens == 15);
	assert_non_null(w.oc->models);
	assert_null(strstr(w.oc->models, "SECRET"));
	nothing_was_refused();
}

static void how_the_last_turn_ended(void **state)
{
	static const struct {
		const char *said;
		enum session_status status;
	} cases[] = { { ",\"outcome\":\"failed\"", SESSION_ERROR },
		      { ",\"outcome\":\"interrupted\"", SESSION_ABORTED },
		      { ",\"outcome\":\"succeeded\"", SESSION_IDLE } };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(outcome, sizeof outcome, "%s", cases[i].said);
		begin();
		assert_true(shows(cases[i].status, 3000));
		oc_stop(w.oc);
	}
	nothing_was_refused();
}

static void a_turn_is_followed(void **state)
{
	begin();
	assert_true(shows(SESSION_IDLE, 3000));
	tell("session.execution.started", OF_A);
	assert_true(shows(SESSION_BUSY, 2000));
	tell("session.hologram.projected", OF_A ",\"x\":[]"); /* unknown: skipped */
	tell("session.retry.scheduled",
	     OF_A ",\"assistantMessageID\":\"msg_2\",\"attempt\":2,\"at\":99,\"error\":{\"type\":"
	          "\"provider.rate-limit\",\"message\":\"too many\"}");
	assert_true(shows(SESSION_RETRY, 2000));
	assert_int_equal(one()->attempt, 2);
	assert_non_null(strstr(one()->row.why, "too many"));
	tell("session.step.started", OF_A ",\"assistantMessageID\":\"msg_4\",\"agent\":\"build\"");
	assert_true(shows(SESSION_BUSY, 2000));
	tell("session.renamed", OF_A ",\"title\":\"Greeting\"");
	tell("session.usage.updated", OF_A ",\"cost\":0.75,\"tokens\":{\"input\":30,\"output\":1}");
	tell("session.execution.interrupted", OF_A ",\"reason\":\"user\"");
	assert_true(shows(SESSION_ABORTED, 2000));
	assert_string_equal(one()->row.name, "Greeting");
	assert_true(one()->cost > 0.7 && one()->tokens == 31);
	tell("session.execution.started", OF_A);
	assert_true(shows(SESSION_BUSY, 2000));
	tell("session.execution.failed",
	     OF_A ",\"error\":{\"type\":\"x\",\"message\":\"no money\"}");
	assert_true(shows(SESSION_ERROR, 2000));
	assert_non_null(strstr(one()->row.why, "no money"));
	tell("session.execution.started", OF_A);
	tell("session.execution.interrupted", OF_A ",\"reason\":\"shutdown\"");
	assert_true(shows(SESSION_INTERRUPTED, 2000));
	nothing_was_refused();
}

static struct session *made(void)
{
	return (struct session *)store_find(w.store, "here/session/ses_new");
}

/* Its members are flat. Told again after it was renamed and moved, it changes nothing. */
static void a_session_begins(void **state)
{
	static const char began[] =
		"\"sessionID\":\"ses_new\",\"projectID\":\"p\",\"parentID\":\"ses_a\",\"title\":"
		"\"First\",\"agent\":\"build\",\"model\":{\"id\":\"m1\",\"providerID\":\"fake\"},"
		"\"location\":{\"directory\":\"/srv/new\"}";
	begin();
	tell("session.created", began);
	for (int i = 0; i < 100 && !made(); i++)
		loop_turn(w.loop, 20);
	assert_non_null(made());
	assert_string_equal(made()->row.name, "First");
	assert_string_equal(made()->directory, "/srv/new");
	assert_string_equal(made()->parent, "ses_a");
	assert_string_equal(made()->agent, "build");
	assert_string_equal(made()->model, "fake/m1");
	tell("session.renamed", "\"sessionID\":\"ses_new\",\"title\":\"Second\"");
	tell("session.moved",
	     "\"sessionID\":\"ses_new\",\"location\":{\"directory\":\"/srv/moved\"}");
	tell("session.usage.updated",
	     "\"sessionID\":\"ses_new\",\"cost\":0.5,\"tokens\":{\"input\":7,\"output\":1}");
	turns_for(w.loop, 100);
	tell("session.created", began);
	tell("session.created", "\"sessionID\":\"ses_new\"");
	turns_for(w.loop, 100);
	assert_string_equal(made()->row.name, "Second");
	assert_string_equal(made()->directory, "/srv/moved");
	assert_string_equal(made()->parent, "ses_a");
	assert_string_equal(made()->agent, "build");
	assert_true(made()->cost > 0.4 && made()->tokens == 8);
	nothing_was_refused();
}

/* A list of 1.x has no limit of messages; its server may have been replaced meanwhile. */
static void no_more_messages_are_asked_than_it_gives(void **state)
{
	begin();
	assert_true(shows(SESSION_IDLE, 3000));
	struct ses *s = one()->priv;
	s->messages_asked = 960;
	for (int i = 0; i < 100 && !s->messages; i++) {
		ses_want_messages(s);
		loop_turn(w.loop, 20);
	}
	assert_non_null(s->messages);
	assert_int_equal(s->messages_asked, 200);
	nothing_was_refused();
}

/* Between the two calls of an order its server is replaced by one that has no way for the second.
 */
static void a_server_that_changes_within_an_order(void **state)
{
	struct err err;
	begin();
	assert_true(shows(SESSION_IDLE, 3000));
	struct order *o = order_start(&one()->row, action_find(&kind_session, "delete"), NULL,
	                              &err);
	assert_non_null(o);
	w.oc->dialect = &oc_preview;
	for (int i = 0; i < 200 && o->state == ORDER_RUNNING; i++)
		loop_turn(w.loop, 20);
	assert_int_equal(o->state, ORDER_FAILED);
	assert_non_null(strstr(o->err.text, "it was stopped, and not deleted"));
	assert_int_equal(interrupts, 1);
	assert_int_equal(deletes, 0);
}

static char *file_of(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", w.state, name);
	FILE *f = text ? fopen(path, "we") : NULL;
	if (f) {
		fputs(text, f);
		fclose(f);
	}
	return path;
}

/* The file is what the server said, and comes back as a copy with new ids in another directory. */
static void a_session_is_exported_and_imported(void **state)
{
	begin();
	assert_true(shows(SESSION_IDLE, 3000));
	char *path = file_of("out.json", NULL), text[2000] = "";
	struct order *o = ordered("export", path);
	assert_int_equal(o->state, ORDER_DONE);
	assert_string_equal(o->output, "2 messages");
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof text - 1, f) > 0);
	fclose(f);
	assert_string_equal(text, EXPORT("ses_a", TWO_MESSAGES) "\n");
	char *words = xasprintf("%s /tmp", path);
	o = ordered("import", words);
	assert_int_equal(o->state, ORDER_DONE);
	assert_non_null(strstr(o->output, "ses_c with all its 2 messages"));
	assert_non_null(strstr(last_body, "\"location\":{\"directory\":\"/tmp\"}"));
	assert_non_null(strstr(last_body, "say hello"));
	loses_a_message = true;
	o = ordered("import", words);
	assert_int_equal(o->state, ORDER_FAILED);
	assert_non_null(strstr(o->err.text, "only 1 of 2 messages"));
	nothing_was_refused();
	free(words);
	free(path);
}

static void an_export_of_another_generation(void **state)
{
	static const char *const texts[][2] = {
		{ "{\"info\":{\"id\":\"ses_1\",\"directory\":\"/srv/a\"},\"messages\":[]}",
		  "an export of OpenCode 1, and OpenCode on here is of generation 2" },
		{ "{\"info\":\"ses_1\",\"messages\":[]}", "not an export" },
		{ "{\"info\":{\"id\":\"ses_1\",\"location\":{}}}", "not an export" },
		{ "[]", "not an export" },
	};
	begin();
	assert_true(shows(SESSION_IDLE, 3000));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char *path = file_of("in.json", texts[i][0]), *words = xasprintf("%s /tmp", path);
		struct order *o = ordered("import", words);
		assert_int_equal(o->state, ORDER_FAILED);
		assert_non_null(strstr(o->err.text, texts[i][1]));
		free(words);
		free(path);
	}
	assert_string_equal(last_body, "");
	nothing_was_refused();
}

/* On one server a move is a copy in another directory. 2.x has no archive: that is said. */
static void a_session_moves_and_stays(void **state)
{
	begin();
	assert_true(shows(SESSION_IDLE, 3000));
	struct order *o = ordered("move", "here /tmp");
	assert_int_equal(o->state, ORDER_DONE);
	assert_non_null(strstr(o->output,
	                       "it is on here as ses_c with all its 2 messages; OpenCode "
	                       "2.0.22 has no archive, so the one here stays"));
	nothing_was_refused();
}

static void the_preview_neither_exports_nor_moves(void **state)
{
	static const char *const verbs[] = { "export", "import", "move" };
	speaks = PREVIEW;
	begin();
	assert_true(shows(SESSION_IDLE, 3000));
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		struct err err;
		assert_null(order_start(&one()->row, action_find(&kind_session, verbs[i]),
		                        "here /tmp", &err));
	}
	nothing_was_refused();
}

static void a_permission_is_answered(void **state)
{
	static const struct {
		enum speaks speaks;
		const char *words, *body;
	} cases[] = {
		{ RELEASED, "per_1 once", "{\"decision\":\"once\"}" },
		{ RELEASED, "always", "{\"decision\":\"always\"}" },
		{ RELEASED, "per_1 reject: not now",
		  "{\"decision\":\"reject\",\"message\":\"not now\"}" },
		{ PREVIEW, "once", "{\"reply\":\"once\"}" },
		{ EARLY, "reject", "{\"reply\":\"reject\",\"decision\":\"reject\"}" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		speaks = cases[i].speaks;
		runs = asks_permission = true;
		begin();
		assert_true(shows(SESSION_PERMISSION, 3000));
		assert_non_null(strstr(one()->row.why, "shell: make test"));
		assert_true(session_request(&one()->row)->is_lasting);
		struct err err;
		struct order *o = order_start(&one()->row, action_find(&kind_session, "reply"),
		                              cases[i].words, &err);
		assert_non_null(o);
		for (int k = 0; k < 100 && asks_permission; k++)
			loop_turn(w.loop, 20);
		tell(speaks == PREVIEW ? "permission.v2.replied" : "permission.replied",
		     OF_A ",\"requestID\":\"per_1\",\"reply\":\"once\"");
		for (int k = 0; k < 100 && o->state == ORDER_RUNNING; k++)
			loop_turn(w.loop, 20);
		assert_int_equal(o->state, ORDER_DONE);
		assert_string_equal(last_body, cases[i].body);
		assert_true(shows(SESSION_BUSY, 2000));
		oc_stop(w.oc);
	}
	assert_int_equal(replies, ARRAY_LEN(cases));
	nothing_was_refused();
}

/* another program was faster */
static void a_permission_that_was_answered_elsewhere(void **state)
{
	runs = asks_permission = true;
	begin();
	assert_true(shows(SESSION_PERMISSION, 3000));
	asks_permission = false;
	struct order *o = ordered("reply", "once");
	assert_int_equal(o->state, ORDER_FAILED);
	assert_non_null(strstr(o->err.text, "elsewhere"));
	assert_true(shows(SESSION_BUSY, 3000));
	assert_int_equal(replies, 1);
	nothing_was_refused();
}

static void a_form_is_filled_in(void **state)
{
	runs = true;
	begin();
	assert_true(shows(SESSION_BUSY, 3000));
	asks_form = true;
	tell("form.created", "\"form\":" FORM);
	assert_true(shows(SESSION_QUESTION, 3000));
	assert_int_equal(session_request(&one()->row)->n_questions, 4);
	struct order *o = ordered("reply", "frm_1 2;1,2;many;yes");
	assert_int_equal(o->state, ORDER_FAILED);
	assert_non_null(strstr(o->err.text, "not a number"));
	assert_int_equal(replies, 0);
	asks_form = true;
	struct err err;
	o = order_start(&one()->row, action_find(&kind_session, "reply"), "frm_1 2;1,2;7;no", &err);
	for (int k = 0; k < 100 && asks_form; k++)
		loop_turn(w.loop, 20);
	tell("form.replied", "\"id\":\"frm_1\"," OF_A ",\"answer\":{}");
	for (int k = 0; k < 100 && o->state == ORDER_RUNNING; k++)
		loop_turn(w.loop, 20);
	assert_int_equal(o->state, ORDER_DONE);
	assert_string_equal(last_body, "{\"answer\":{\"q0\":\"lite\",\"q1\":[\"Auth\",\"Audit\"],"
	                               "\"q2\":7,\"q3\":false}}");
	assert_true(shows(SESSION_BUSY, 3000));
	nothing_was_refused();
}

static void a_form_that_was_answered_elsewhere(void **state)
{
	runs = asks_form = true;
	begin();
	assert_true(shows(SESSION_QUESTION, 3000));
	asks_form = false;
	struct order *o = ordered("reply", "frm_1 2;1,2;7;no");
	assert_int_equal(o->state, ORDER_FAILED);
	assert_non_null(strstr(o->err.text, "elsewhere"));
	assert_true(shows(SESSION_BUSY, 3000));
	assert_int_equal(replies, 1);
	nothing_was_refused();
}

static void a_form_is_refused(void **state)
{
	runs = asks_form = true;
	begin();
	assert_true(shows(SESSION_QUESTION, 3000));
	struct err err;
	assert_non_null(order_start(&one()->row, action_find(&kind_session, "reply"),
	                            "frm_1 reject: ask me later", &err));
	for (int k = 0; k < 100 && asks_form; k++)
		loop_turn(w.loop, 20);
	assert_string_equal(last_path,
	                    "DELETE /api/session/ses_a/form/frm_1?message=ask%20me%20later");
	tell("form.cancelled", "\"id\":\"frm_1\"," OF_A);
	assert_true(shows(SESSION_BUSY, 3000));
	nothing_was_refused();
}

static void a_form_that_cannot_be_filled_in(void **state)
{
	runs = true;
	begin();
	tell("form.created",
	     "\"form\":{\"id\":\"frm_2\"," OF_A
	     ",\"title\":\"Sign in\",\"fields\":[{\"key\":\"u\",\"type\":\"external\","
	     "\"url\":\"https://example.net\"}]}");
	assert_true(shows(SESSION_QUESTION, 3000));
	struct order *o = ordered("reply", "frm_2 yes");
	assert_int_equal(o->state, ORDER_FAILED);
	assert_non_null(strstr(o->err.text, "attaches"));
	nothing_was_refused();
}

/* The stream ends within a form. It is asked for again, and answered once. */
static void a_stream_that_ends_within_a_form(void **state)
{
	runs = true;
	begin();
	asks_form = true;
	assert_true(httpd_say(event_fd,
	                      "data: {\"id\":\"evt_x\",\"type\":\"form.created\",\"data\":{"
	                      "\"form\":{\"id\":\"frm_1\",\"sessi"));
	turns_for(w.loop, 100);
	shutdown(event_fd, SHUT_RDWR);
	assert_true(becomes(OC_LOST, 3000));
	assert_true(becomes(OC_LIVE, 8000));
	assert_true(shows(SESSION_QUESTION, 3000));
	assert_int_equal(session_request(&one()->row)->n_questions, 4);
	/* and it ends once more before the answer is confirmed */
	struct err err;
	struct order *o = order_start(&one()->row, action_find(&kind_session, "reply"),
	                              "frm_1 2;1,2;7;no", &err);
	assert_non_null(o);
	for (int k = 0; k < 200 && asks_form; k++)
		loop_turn(w.loop, 20);
	assert_true(httpd_say(event_fd, "data: {\"id\":\"evt_y\",\"type\":\"form.repl"));
	shutdown(event_fd, SHUT_RDWR);
	assert_true(becomes(OC_LOST, 3000));
	assert_true(becomes(OC_LIVE, 8000));
	for (int k = 0; k < 200 && o->state == ORDER_RUNNING; k++)
		loop_turn(w.loop, 20);
	assert_int_equal(o->state, ORDER_DONE);
	assert_true(shows(SESSION_BUSY, 3000));
	assert_int_equal(replies, 1);
	nothing_was_refused();
}

static void orders_are_sent_as_the_dialect_wants(void **state)
{
	begin();
	assert_true(shows(SESSION_IDLE, 3000));
	assert_false(is_offered("archive"));
	assert_false(is_offered("share"));
	done("prompt", "say hello");
	assert_string_equal(last_body, "{\"text\":\"say hello\"}");
	done("rename", "Another");
	done("agent", "build");
	assert_string_equal(last_body, "{\"agent\":\"build\"}");
	done("model", "fake/m1 high");
	assert_string_equal(last_body, "{\"model\":{\"providerID\":\"fake\",\"id\":\"m1\","
	                               "\"variant\":\"high\"}}");
	last_body[0] = '\0';
	assert_non_null(strstr(ordered("agent", "nobody")->err.text, "there are build"));
	assert_non_null(strstr(ordered("model", "fake/m2")->err.text, "no model"));
	assert_non_null(strstr(ordered("model", "fake/m1 low")->err.text, "no variant"));
	assert_string_equal(last_body, "");
	done("fork", NULL);
	runs = true;
	tell("session.execution.started", OF_A);
	assert_true(shows(SESSION_BUSY, 2000));
	done("abort", NULL);
	assert_int_equal(interrupts, 1);
	assert_true(shows(SESSION_IDLE, 3000) || shows(SESSION_ABORTED, 10));
	done("delete", NULL);
	assert_int_equal(deletes, 1);
	assert_int_equal(sent_prompts, 1);
	nothing_was_refused();
}

/* By each of the three dialects: it is refused before anything is sent. A directory that this login
 * cannot look for may be there. */
static void a_directory_that_is_gone_gets_no_prompt(void **state)
{
	static const enum speaks all[] = { RELEASED, EARLY, PREVIEW };
	for (int i = 0; i < (int)ARRAY_LEN(all); i++) {
		speaks = all[i];
		begin();
		assert_true(shows(SESSION_IDLE, 3000));
		w.oc->pid = getpid();
		const struct order *o = ordered("prompt", "say hello");
		assert_int_equal(o->state, ORDER_FAILED);
		assert_non_null(strstr(o->err.text, "gone on here: /srv/a."));
		assert_non_null(strstr(o->err.text, "nothing was sent"));
		assert_int_equal(sent_prompts, i);
		w.oc->pid = 4194304;
		done("prompt", "say hello");
		assert_int_equal(sent_prompts, i + 1);
		nothing_was_refused();
		oc_stop(w.oc);
	}
}

/* At rest only heartbeats come. */
static void at_rest_nothing_is_asked(void **state)
{
	begin();
	assert_true(shows(SESSION_IDLE, 3000));
	turns_for(w.loop, 1000);
	int before = httpd_requests(w.httpd);
	turns_for(w.loop, 3000);
	assert_int_equal(httpd_requests(w.httpd), before);
}

/* Whatever the server answers: the order ends, and the prompt is not sent again, also when the
 * server is found again. The console offers the words to the user again. */
static void what_is_refused_is_not_sent_again(void **state)
{
	static const char *const answers[] = { "400 X", "401 X", "404 X", "409 X", "429 X",
		                               "500 X", "503 X", "",      "page" };
	begin();
	assert_true(shows(SESSION_IDLE, 3000));
	for (int i = 0; i < (int)ARRAY_LEN(answers); i++) {
		refuses = answers[i];
		const struct order *o = ordered("prompt", "words to keep");
		assert_int_equal(o->state, ORDER_FAILED);
		assert_string_equal(o->argument, "words to keep");
		assert_int_equal(sent_prompts, i + 1);
	}
	turns_for(w.loop, 1300); /* longer than it was asked to wait */
	shutdown(event_fd, SHUT_RDWR);
	assert_true(becomes(OC_LOST, 3000));
	assert_true(becomes(OC_LIVE, 8000));
	turns_for(w.loop, 300);
	assert_int_equal(sent_prompts, ARRAY_LEN(answers));
}

/* The last turn is taken back and brought back, by each of the three dialects. */
static void turns_are_taken_back(void **state)
{
	static const enum speaks all[] = { RELEASED, EARLY, PREVIEW };
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		speaks = all[i];
		begin();
		assert_true(shows(SESSION_IDLE, 3000));
		for (int k = 0; k < 100 && !is_offered("revert"); k++) {
			ses_want_messages(one()->priv);
			loop_turn(w.loop, 20);
		}
		done("revert", NULL);
		assert_string_equal(last_body, "{\"messageID\":\"msg_1\",\"files\":true}");
		done("unrevert", NULL);
		assert_string_equal(last_path, speaks == PREVIEW
		                                       ? "POST /api/session/ses_a/revert/clear?"
		                                       : "DELETE /api/session/ses_a/revert?");
		if (speaks != PREVIEW) {
			done("summarize", NULL);
			assert_string_equal(last_path, "POST /api/session/ses_a/compact?");
			done("command", "/init now and here");
			assert_string_equal(
				last_body,
				speaks == EARLY ? "{\"command\":\"init\",\"text\":\"now and here\"}"
						: "{\"name\":\"init\",\"text\":\"now and here\"}");
		}
		oc_stop(w.oc);
	}
	nothing_was_refused();
}

static void what_the_preview_lacks_is_not_offered(void **state)
{
	speaks = PREVIEW;
	begin();
	assert_true(shows(SESSION_IDLE, 3000));
	static const char *const lacking[] = { "rename", "fork", "delete", "summarize", "archive" };
	for (size_t i = 0; i < ARRAY_LEN(lacking); i++)
		assert_false(is_offered(lacking[i]));
	done("prompt", "say hello");
	assert_string_equal(last_body, "{\"prompt\":{\"text\":\"say hello\"}}");
	nothing_was_refused();
}

static bool has_line(const struct doc *doc, const char *words)
{
	bool has = false;
	for (size_t i = 0; i < doc->n; i++)
		has |= strstr(doc->lines[i].text, words) != NULL;
	return has;
}

static void the_conversation_is_shown(void **state)
{
	struct doc doc;
	begin();
	assert_true(shows(SESSION_IDLE, 3000));
	for (int i = 0; i < 20; i++) {
		doc_init(&doc);
		kind_session.detail(&one()->row, &doc, false);
		doc_finish(&doc);
		turns_for(w.loop, 30);
	}
	doc_init(&doc);
	kind_session.detail(&one()->row, &doc, false);
	assert_true(has_line(&doc, "say hello"));
	assert_true(has_line(&doc, "Hello there"));
	assert_true(has_line(&doc, "shell completed: make test"));
	assert_true(has_line(&doc, "a.c  +1 -1") && has_line(&doc, "+new"));
	doc_finish(&doc);
	nothing_was_refused();
}

/* --- the password of the service file -------------------------------------- */

static void write_service_file(const char *word, int pid)
{
	char path[120];
	snprintf(path, sizeof path, "%s/opencode", w.state);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/opencode/service.json", w.state);
	FILE *f = fopen(path, "w");
	fprintf(f,
	        "{\"id\":\"x\",\"version\":\"2.0.22\",\"url\":\"http://127.0.0.1:%d\",\"pid\":%d,"
	        "\"password\":\"%s\"}\n",
	        httpd_port(w.httpd), pid, word);
	fclose(f);
}

static void the_service_file_has_the_password(void **state)
{
	password = "b3BlbmNvZGU6c2VjcmV0LW9uZQ=="; /* secret-one */
	write_service_file("secret-one", getpid());
	begin();
	assert_null(w.server->asks);
	/* it is changed, and the service starts again */
	password = "b3BlbmNvZGU6c2VjcmV0LXR3bw=="; /* secret-two */
	write_service_file("secret-two", getpid());
	shutdown(event_fd, SHUT_RDWR);
	assert_true(becomes(OC_LOST, 3000));
	assert_true(becomes(OC_LIVE, 8000));
	assert_null(w.server->asks);
	/* it is changed and the file does not tell: the user is asked, once */
	password = "b3BlbmNvZGU6c2VjcmV0LXRocmVl"; /* secret-three */
	shutdown(event_fd, SHUT_RDWR);
	assert_true(becomes(OC_ASKING, 8000));
	assert_non_null(strstr(w.server->asks->text, "not accepted"));
	ask_answer(w.server->asks, secret_create("secret-three", 12), false);
	assert_true(becomes(OC_LIVE, 8000));
}

static void the_service_file_of_a_dead_process(void **state)
{
	password = "b3BlbmNvZGU6c2VjcmV0LW9uZQ==";
	write_service_file("secret-one", 4194303);
	oc_begin(w.oc);
	assert_true(becomes(OC_ASKING, 8000));
	assert_non_null(strstr(w.server->asks->text, "4194303"));
	assert_non_null(strstr(w.server->asks->text, "is no longer running"));
}

/* --- attaching -------------------------------------------------------------- */

static struct buf shown;
static bool shown_ended;

static size_t attach_data(struct stream *s, const char *bytes, size_t len, void *arg)
{
	buf_add(&shown, bytes, len);
	return len;
}

static struct err attach_err;
static void attach_closed(struct stream *s, const struct stream_end *end, void *arg)
{
	shown_ended = true;
	attach_err = end->err;
}

/* A program that says its version, or what it was told. */
static void write_program(const char *path, const char *version)
{
	FILE *f = fopen(path, "w");
	fprintf(f,
	        "#!/bin/sh\n[ \"$*\" != --version ] || { echo %s; exit; }\n"
	        "printf 'args:'; printf ' <%%s>' \"$@\"; echo; echo \"env: $OPENCODE_PASSWORD\"\n",
	        version);
	fclose(f);
	chmod(path, 0755);
	setenv("PATH", "/usr/bin:/bin", 1);
}

static void attach_now(void)
{
	static const struct stream_events events = { .data = attach_data, .closed = attach_closed };
	struct err err;
	buf_clear(&shown);
	shown_ended = false;
	err_clear(&attach_err);
	assert_non_null(kind_session.shell(&one()->row, "xterm", 80, 24, &events, NULL, &err));
	for (int i = 0; i < 300 && !shown_ended; i++)
		loop_turn(w.loop, 20);
	assert_true(shown_ended);
}

static void attach_with(const char *version)
{
	char program[120];
	snprintf(program, sizeof program, "%s/opencode-program", w.state);
	write_program(program, version);
	xreplace(&w.oc->program, program);
	attach_now();
}

static bool shows_words(const char *words)
{
	return shown.len && memmem(shown.data, shown.len, words, strlen(words));
}

/* Always with --server: without it the program may replace the user's background service. The
 * password goes by the environment, and its way there is not shown. */
static void the_program_is_told_its_server(void **state)
{
	char args[200];
	password = "b3BlbmNvZGU6c2VjcmV0LW9uZQ==";
	write_service_file("secret-one", getpid());
	begin();
	assert_true(shows(SESSION_IDLE, 3000));
	attach_with("2.0.22");
	snprintf(args, sizeof args,
	         "args: <--server> <http://127.0.0.1:%d> <--session> <ses_a> </srv/a>",
	         httpd_port(w.httpd));
	assert_non_null(strstr(shown.data, args));
	const char *env = strstr(shown.data, "env: secret-one");
	assert_non_null(env);
	/* nothing but the program told it */
	assert_ptr_equal(strstr(shown.data, "secret-one"), env + 5);
	attach_with("1.18.33");
	assert_true(!shown.len || !strstr(shown.data, "args:"));
	assert_int_equal(attach_err.code, ERR_ABSENT);
	assert_non_null(strstr(attach_err.text, "of version 2"));
	buf_finish(&shown);
}

/* The program on the disk may be newer than the server that runs: its commands are others. */
static void commands_of_version_1_need_version_1(void **state)
{
	char file[120], words[140];
	begin();
	assert_true(shows(SESSION_IDLE, 3000));
	w.oc->dialect = &oc_v1;
	attach_with("2.0.22");
	assert_false(shows_words("args:"));
	assert_int_equal(attach_err.code, ERR_ABSENT);
	assert_non_null(strstr(attach_err.text, "of version 1"));
	attach_with("1.18.33");
	assert_true(shows_words("args: <attach>"));

	snprintf(file, sizeof file, "%s/export.json", w.state);
	FILE *f = fopen(file, "w");
	fputs("{\"info\":{\"id\":\"ses_x\"},\"messages\":[]}", f);
	fclose(f);
	snprintf(words, sizeof words, "%s /tmp", file);
	const struct order *o = ordered("import", words);
	assert_non_null(strstr(o->err.text, "args: <import>"));
	write_program(w.oc->program, "v2.0.22");
	o = ordered("import", words);
	assert_null(strstr(o->err.text, "args:"));
	assert_non_null(strstr(o->err.text, "of version 2"));
	buf_finish(&shown);
}

static void a_session_is_resumed_as_its_version_wants(void **state)
{
	static const struct {
		const char *version, *shown;
	} cases[] = {
		{ "0.15.2", "args: <--session> <ses_a>" },
		{ "1.18.33", "args: <--session> <ses_a>" },
		{ "2.0.22", "args: <--standalone> <--session> <ses_a>" },
		{ "3.0.0", "of version 3; mocr resumes" },
		{ "", "of version unknown; mocr resumes" },
	};
	char path[160];
	begin();
	assert_true(shows(SESSION_IDLE, 3000));
	struct ses *s = one()->priv;
	s->home = NULL;
	xreplace(&s->directory, "/tmp");
	setenv("HOME", w.state, 1);
	setenv("PATH", "/usr/bin:/bin", 1);
	attach_now();
	assert_true(shows_words("there is no program opencode there"));
	snprintf(path, sizeof path, "%s/.opencode", w.state);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/.opencode/bin", w.state);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/.opencode/bin/opencode", w.state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		write_program(path, cases[i].version);
		attach_now();
		assert_true(shows_words(cases[i].shown));
		assert_int_equal(shows_words("args:"), !strncmp(cases[i].shown, "args:", 5));
	}
	xreplace(&s->directory, "/tmp/gone-for-good");
	attach_now();
	assert_true(shows_words("the directory of this session is gone there"));
	assert_false(shows_words("args:"));
	s->home = w.oc;
	buf_finish(&shown);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_dialects_are_told_apart),
		T(a_web_page_is_no_server),
		T(what_states_another_version),
		T(all_pages_are_listed),
		T(how_the_last_turn_ended),
		T(a_turn_is_followed),
		T(a_session_begins),
		T(no_more_messages_are_asked_than_it_gives),
		T(a_server_that_changes_within_an_order),
		T(a_session_is_exported_and_imported),
		T(an_export_of_another_generation),
		T(a_session_moves_and_stays),
		T(the_preview_neither_exports_nor_moves),
		T(a_permission_is_answered),
		T(a_permission_that_was_answered_elsewhere),
		T(a_form_is_filled_in),
		T(a_form_that_was_answered_elsewhere),
		T(a_form_is_refused),
		T(a_form_that_cannot_be_filled_in),
		T(a_stream_that_ends_within_a_form),
		T(orders_are_sent_as_the_dialect_wants),
		T(a_directory_that_is_gone_gets_no_prompt),
		T(what_is_refused_is_not_sent_again),
		T(at_rest_nothing_is_asked),
		T(turns_are_taken_back),
		T(what_the_preview_lacks_is_not_offered),
		T(the_conversation_is_shown),
		T(the_service_file_has_the_password),
		T(the_service_file_of_a_dead_process),
		T(the_program_is_told_its_server),
		T(commands_of_version_1_need_version_1),
		T(a_session_is_resumed_as_its_version_wants),
	};
	/* any mocr on this machine would take us for an OpenCode server, and talk to it */
	prctl(PR_SET_NAME, "test_oc2");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
