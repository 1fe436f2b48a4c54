/* The channels of [notify NAME] with a store of their own: what leaves, by HTTP against a strict
 * server on loopback and by commands, what is tried again, and what a restart keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/notify/notify.h"
#include "backends/notify/senders.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/store/activity.h"
#include "backends/store/doc.h"
#include "backends/store/settings.h"
#include "backends/store/store.h"
#include "tests/unit/httpd.h"
#include "tests/unit/turns.h"

/* --- the server ---------------------------------------------------------- */

#define BODIES 16
static struct httpd *server;
static volatile int n_bodies; /* messages that it took */
static char bodies[BODIES][4096], paths[BODIES][2100];
static volatile int busy_left;
static volatile int64_t busy_at, taken_at;

static bool take(int fd, const struct httpd_request *q)
{
	cJSON *json = json_whole(q->body, q->body_len);
	bool good = json && strstr(q->head, "\r\nContent-Type: application/json");
	cJSON_Delete(json);
	if (!good)
		return httpd_answer(fd, "400 Bad Request", NULL, "{\"message\":\"not JSON\"}");
	snprintf(bodies[n_bodies % BODIES], sizeof(bodies[0]), "%s", q->body);
	snprintf(paths[n_bodies % BODIES], sizeof(paths[0]), "%s%s%s", q->path,
	         *q->query ? "?" : "", q->query);
	taken_at = now_mono_ms();
	n_bodies++;
	return httpd_answer(fd, NULL, NULL, "{\"id\":\"1\",\"event\":\"message\"}");
}

static bool take_busy(int fd, const struct httpd_request *q)
{
	if (busy_left <= 0)
		return take(fd, q);
	busy_left--;
	busy_at = now_mono_ms();
	return httpd_answer(fd, "429 Too Many Requests", "Retry-After: 1\r\n",
	                    "{\"message\":\"You are being rate "
	                    "limited.\",\"retry_after\":1.337,\"global\":false}");
}

/* As Discord while no message is left in this window: a float of seconds. */
static bool take_last_of_window(int fd, const struct httpd_request *q)
{
	static const char window[] = "X-RateLimit-Limit: 5\r\nX-RateLimit-Remaining: 0\r\n"
				     "X-RateLimit-Reset-After: 1.25\r\n";
	if (n_bodies)
		return take(fd, q);
	busy_at = now_mono_ms();
	n_bodies++;
	return httpd_answer(fd, "200 OK", window, "{}");
}

/* As ntfy: JSON at the root, a topic of certain signs, the token. */
static bool take_ntfy(int fd, const struct httpd_request *q)
{
	cJSON *json = json_whole(q->body, q->body_len);
	const cJSON *topic = cJSON_GetObjectItem(json, "topic");
	const cJSON *priority = cJSON_GetObjectItem(json, "priority");
	bool good = cJSON_IsString(topic) && !strcmp(topic->valuestring, "alerts") &&
	            cJSON_IsNumber(priority);
	cJSON_Delete(json);
	if (!strstr(q->head, "\r\nAuthorization: Bearer tk_0123456789\r\n"))
		return httpd_answer(fd, "401 Unauthorized", NULL,
		                    "{\"code\":40101,\"http\":401,\"error\":\"unauthorized\"}");
	if (!good)
		return httpd_answer(fd, "400 Bad Request", NULL,
		                    "{\"code\":40009,\"http\":400,\"error\":\"invalid topic\"}");
	return take(fd, q);
}

/* As some webhook servers: the refusal repeats the address, in JSON that escapes the slashes, and
 * so late that the sentence is cut inside the address. */
static bool refuse_with_path(int fd, const struct httpd_request *q)
{
	char body[2400], escaped[1100];
	size_t n = 0;
	for (const char *s = q->path; *s && n + 2 < sizeof(escaped); s++) {
		if (*s == '/')
			escaped[n++] = '\\';
		escaped[n++] = *s;
	}
	escaped[n] = '\0';
	snprintf(body, sizeof(body),
	         "{\"message\":\"key %s is over its limit, api_key=abcd1234; %0*d %s\"}",
	         strrchr(q->path, '/') + 1, *q->query ? 50 : 1, 0, escaped);
	return httpd_answer(fd, "400 Bad Request", NULL, body);
}

static bool take_no_poison(int fd, const struct httpd_request *q)
{
	if (strstr(q->body, "poison"))
		return httpd_answer(fd, "400 Bad Request", NULL,
		                    "{\"message\":\"a sign that I do not take\"}");
	return take(fd, q);
}

static const struct httpd_route routes[] = {
	{ .path = "/", .method = "POST", .answer = take_ntfy },
	{ .path = "/hook", .method = "POST", .answer = take },
	{ .path = "/bot123:AA-secret/sendMessage", .method = "POST", .answer = take },
	{ .path = "/api/webhooks/1/secret-token", .method = "POST", .answer = take },
	{ .path = "/poison", .method = "POST", .answer = take_no_poison },
	{ .path = "/window", .method = "POST", .answer = take_last_of_window },
	{ .path = "/busy", .method = "POST", .answer = take_busy },
	{ .path = "/gone/secret-token",
	  .status = "404 Not Found",
	  .body = "{\"message\":\"Unknown Webhook\",\"code\":10015}" },
	{ .path = "/echo/*", .method = "POST", .answer = refuse_with_path },
	{ .path = "/page", .body = "<html><title>Sign in</title></html>" },
	{ .path = "/hang/secret-token", .raw = "", .delay_ms = 20000 },
	{ .path = "/cut/secret-token", .raw = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
	  .hangs_up = true },
	{ 0 }
};

/* --- a program ----------------------------------------------------------- */

static char home[64];
static struct settings *settings;
static struct loop *loop;
static struct http *http;
static struct store *store;
static struct server *box;
static struct notify *notify;
static struct notify_hooks hooks;

static int world_up(void **state)
{
	(void)state;
	snprintf(home, sizeof(home), "/tmp/mocr-notify-XXXXXX");
	if (!mkdtemp(home))
		return -1;
	setenv("HOME", home, 1);
	setenv("XDG_RUNTIME_DIR", home, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_STATE_HOME");
	unsetenv("TMUX");
	n_bodies = busy_left = 0;
	hooks = (struct notify_hooks){ 0 };
	server = httpd_start(NULL, routes, NULL);
	return 0;
}

static void program_start(const char *fmt)
{
	char *path = xasprintf("%s/config", home), port[16];
	struct doc complaints;
	FILE *f = fopen(path, "w");
	snprintf(port, sizeof(port), "%d", httpd_port(server));
	for (const char *s = fmt; *s; s++)
		if (*s == '@')
			fputs(port, f);
		else
			fputc(*s, f);
	fclose(f);
	doc_init(&complaints);
	settings = settings_load(path, &complaints);
	notify_check_config(settings, &complaints);
	for (size_t i = 0; i < complaints.n; i++)
		print_error("%s\n", complaints.lines[i].text);
	assert_int_equal(complaints.n, 0);
	doc_finish(&complaints);
	free(path);
	loop = loop_create();
	http = http_create(loop);
	store = store_create(loop, http, settings);
	box = server_open_replay(store, "box");
	link_set_state(box->link, LINK_UP, NULL);
	notify = notify_start(store, &hooks);
}

static void program_end(void)
{
	notify_stop(notify);
	notify = NULL;
	store_destroy(store);
	http_destroy(http);
	loop_destroy(loop);
	settings_destroy(settings);
}

static int world_down(void **state)
{
	(void)state;
	httpd_stop(server);
	char *line = xasprintf("rm -rf -- %s", home);
	int code = system(line);
	free(line);
	return code;
}

static void turn(int64_t ms)
{
	for (; ms > 0; ms -= 10) {
		turns_for(loop, 10);
		notify_look(notify);
	}
}

/* Turns until so many messages arrived. */
static void arrive(int n)
{
	for (int64_t end = now_mono_ms() + 10000; n_bodies < n && now_mono_ms() < end;)
		turn(10);
	assert_int_equal(n_bodies, n);
}

static void container(const char *name, enum health health, const char *why)
{
	struct source *s = server_source(box, "docker");
	struct row *row = store_row(s, &kind_container, name, name);
	store_row_health(row, health, now_wall_ms() - 60000, why);
}

/* The sentence of the row of a channel that fails; waits for it. */
static const char *complaint(const char *name)
{
	char *id = xasprintf("box/notify/%s", name);
	struct row *row = NULL;
	for (int64_t end = now_mono_ms() + 10000; !row && now_mono_ms() < end;) {
		turn(10);
		row = store_find(store, id);
	}
	free(id);
	assert_non_null(row);
	assert_int_equal(row->health, HEALTH_ATTENTION);
	return row->why;
}

static void text_of(int i, const char *name, char *buf, size_t size)
{
	cJSON *o = json_parse(bodies[i], strlen(bodies[i]));
	vj_text(o, name, NULL, buf, size);
	cJSON_Delete(o);
}

static char *state_file(void)
{
	static char text[65536];
	char *path = xasprintf("%s/.local/state/mocr/notify.json", home);
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[n] = '\0';
	if (f)
		fclose(f);
	free(path);
	return text;
}

/* --- what leaves --------------------------------------------------------- */

static void test_ntfy(void **state)
{
	(void)state;
	char text[300];
	program_start("[notify phone]\ntype = ntfy\nurl = http://127.0.0.1:@/alerts\nfor = 0\n"
	              "click = https://grafana.example/d/1?a=b\n"
	              "token_command = echo tk_0123456789\n");
	container("n8n", HEALTH_BAD, "exited 137");
	arrive(1);
	text_of(0, "title", text, sizeof(text));
	assert_string_equal(text, "box: container n8n failed");
	text_of(0, "message", text, sizeof(text));
	assert_non_null(strstr(text, "exited 137 (since "));
	assert_non_null(strstr(bodies[0], "\"priority\":4"));
	text_of(0, "click", text, sizeof(text));
	assert_string_equal(text, "https://grafana.example/d/1?a=b");
	turn(200);
	assert_null(store_find(store, "box/notify/phone"));
	assert_null(strstr(state_file(), "tk_0123456789"));
	assert_non_null(
		strstr(state_file(), "\"queue\":[],\"told\":[{\"id\":\"box/container/n8n\""));
	container("n8n", HEALTH_GOOD, NULL);
	arrive(2);
	text_of(1, "title", text, sizeof(text));
	assert_string_equal(text, "box: container n8n is well again");
	turn(300);
	assert_int_equal(n_bodies, 2);
	program_end();
}

static void test_ntfy_refuses_token(void **state)
{
	(void)state;
	program_start("[notify phone]\ntype = ntfy\nurl = http://127.0.0.1:@/alerts\nfor = 0\n"
	              "token_command = echo tk_wrongwrong\n");
	container("n8n", HEALTH_BAD, "exited");
	const char *why = complaint("phone");
	assert_non_null(strstr(why, "notify phone: ntfy at 127.0.0.1 refuses the token (401: "
	                            "unauthorized)"));
	assert_non_null(strstr(why, "it is tried again every 10 minutes"));
	container("web", HEALTH_BAD, "exited");
	turn(500);
	assert_int_equal(httpd_requests(server), 1);
	assert_in_range(notify->channels->not_before_ms - loop_now(loop), 590000, 600000);
	notify->channels->not_before_ms = 0; /* ten minutes later */
	for (int i = 0; i < 500 && httpd_requests(server) < 2; i++)
		turn(10);
	assert_int_equal(httpd_requests(server), 2);
	program_end();
}

/* The window of Discord is empty: nothing leaves before the next one begins, and nothing failed. */
static void test_discord_window(void **state)
{
	(void)state;
	program_start("[notify chat]\ntype = discord\nfor = 0\n"
	              "url = http://127.0.0.1:@/window\n");
	container("n8n", HEALTH_BAD, "exited 137");
	arrive(1);
	container("web", HEALTH_BAD, "exited 1");
	arrive(2);
	assert_in_range(taken_at - busy_at, 1250, 9000);
	assert_int_equal(httpd_requests(server), 2);
	assert_null(store_find(store, "box/notify/chat"));
	program_end();
}

static void test_discord(void **state)
{
	(void)state;
	program_start("[notify chat]\ntype = discord\nfor = 0\ntoken_command = echo secret-token\n"
	              "url = http://127.0.0.1:@/api/webhooks/1/{token}?wait=true\n");
	container("n8n", HEALTH_BAD, "says @everyone");
	arrive(1);
	assert_string_equal(paths[0], "/api/webhooks/1/secret-token?wait=true");
	assert_non_null(strstr(bodies[0], "\"allowed_mentions\":{\"parse\":[]}"));
	assert_non_null(strstr(bodies[0], "says @everyone"));
	char head[4096];
	httpd_last(server, head, sizeof(head));
	assert_null(strstr(head, "Authorization"));
	program_end();
}

static void test_slack_and_telegram(void **state)
{
	(void)state;
	char *path = xasprintf("%s/token", home);
	FILE *f = fopen(path, "w");
	fputs("123:AA-secret\n", f);
	fclose(f);
	chmod(path, 0600);
	program_start("[notify team]\ntype = slack\nfor = 0\nurl = http://127.0.0.1:@/hook\n"
	              "[notify tg]\ntype = telegram\nfor = 0\nto = -100\ntoken_file = ~/token\n"
	              "url = http://127.0.0.1:@/bot{token}/sendMessage\n");
	container("n8n", HEALTH_BAD, "<!channel> & co");
	arrive(2);
	int slack = !strcmp(paths[0], "/hook") ? 0 : 1;
	assert_non_null(strstr(bodies[slack], "&lt;!channel&gt; &amp; co"));
	assert_non_null(strstr(bodies[!slack], "\"chat_id\":\"-100\""));
	assert_non_null(strstr(bodies[!slack], "<!channel> & co"));
	assert_null(strstr(bodies[!slack], "parse_mode"));
	program_end();
	chmod(path, 0644);
	program_start("[notify tg]\ntype = telegram\nfor = 0\nto = -100\ntoken_file = ~/token\n"
	              "url = http://127.0.0.1:@/bot{token}/sendMessage\n");
	container("web", HEALTH_BAD, "exited");
	assert_non_null(strstr(complaint("tg"), "can be read by other users"));
	program_end();
	free(path);
}

static void write_token(const char *token)
{
	char *path = xasprintf("%s/token", home);
	FILE *f = fopen(path, "w");
	fprintf(f, "%s\n", token);
	fclose(f);
	chmod(path, 0600);
	free(path);
}

/* A bot got another token: the address of the old one is not there, the new one is read. */
static void test_token_changes(void **state)
{
	(void)state;
	write_token("123:old");
	program_start("[notify tg]\ntype = telegram\nfor = 0\nto = -100\ntoken_file = ~/token\n"
	              "url = http://127.0.0.1:@/bot{token}/sendMessage\n");
	container("n8n", HEALTH_BAD, "exited");
	assert_non_null(strstr(complaint("tg"), "it is tried again every 10 minutes"));
	write_token("123:not for an url");
	notify->channels->not_before_ms = 0;
	turn(300);
	assert_non_null(strstr(complaint("tg"), "signs that cannot stand in url; it is tried"));
	write_token("123:AA-secret");
	notify->channels->not_before_ms = 0;
	arrive(1);
	turn(50);
	assert_null(store_find(store, "box/notify/tg"));
	program_end();
}

static void test_template(void **state)
{
	(void)state;
	char text[300];
	program_start("[notify hook]\ntype = webhook\nfor = 0\nurl = http://127.0.0.1:@/hook\n"
	              "body = {\"a\":\"{server}: {why}\",\"n\":{count},\"{x}\":\"{health}\"}\n");
	container("n8n", HEALTH_BAD, "said \"no\\\" {title}");
	arrive(1);
	text_of(0, "a", text, sizeof(text));
	assert_string_equal(text, "box: said \"no\\\" {title}");
	assert_non_null(strstr(bodies[0], "\"n\":1,\"{x}\":\"bad\""));
	program_end();
}

/* Those of the network: libcurl has a pair of its own from the first call on. */
static size_t open_sockets(void)
{
	size_t n = 0;
	for (int fd = 0; fd < 256; fd++) {
		struct sockaddr_storage at;
		socklen_t len = sizeof(at);
		n += getsockname(fd, (struct sockaddr *)&at, &len) == 0 && at.ss_family == AF_INET;
	}
	return n;
}

/* Some servers serve one connection at a time: none stays open until the next message. */
static void test_nothing_stays_open(void **state)
{
	(void)state;
	program_start("[notify hook]\ntype = webhook\nfor = 0\nurl = http://127.0.0.1:@/hook\n");
	turn(100);
	size_t before = open_sockets();
	container("n8n", HEALTH_BAD, "exited");
	arrive(1);
	for (int64_t end = now_mono_ms() + 10000;
	     open_sockets() != before && now_mono_ms() < end;)
		turn(20);
	assert_int_equal(open_sockets(), before);
	program_end();
}

static void test_storm(void **state)
{
	(void)state;
	program_start("[notify hook]\ntype = webhook\nfor = 0\nurl = http://127.0.0.1:@/hook\n");
	for (int i = 0; i < 200; i++) {
		char name[16];
		snprintf(name, sizeof(name), "c%d", i);
		container(name, HEALTH_BAD, "exited 137");
	}
	arrive(1);
	assert_non_null(strstr(bodies[0], "box: 200 containers need you"));
	turn(2500);
	assert_int_equal(n_bodies, 1);
	program_end();
}

static void test_filters(void **state)
{
	(void)state;
	program_start("[notify a]\ntype = webhook\nfor = 0\nurl = http://127.0.0.1:@/hook\n"
	              "kinds = session server\n"
	              "[notify b]\ntype = webhook\nfor = 0\nurl = http://127.0.0.1:@/hook\n"
	              "servers = other\n"
	              "[notify c]\ntype = webhook\nfor = 0\nurl = http://127.0.0.1:@/hook\n"
	              "quiet = 00:00-24:00\n"
	              "[notify d]\ntype = webhook\nfor = 0\nurl = http://127.0.0.1:@/hook?d\n"
	              "kinds = containers\nservers = x box\nquiet = 00:00-00:01\n");
	container("n8n", HEALTH_BAD, "exited");
	arrive(1);
	turn(500);
	assert_int_equal(n_bodies, 1);
	assert_string_equal(paths[0], "/hook?d");
	program_end();
}

/* --- what fails ---------------------------------------------------------- */

static void test_busy(void **state)
{
	(void)state;
	busy_left = 2;
	program_start("[notify hook]\ntype = webhook\nfor = 0\nurl = http://127.0.0.1:@/busy\n");
	container("n8n", HEALTH_BAD, "exited");
	assert_non_null(strstr(complaint("hook"),
	                       "accepts no more messages for now (429); it asks to wait 1s"));
	arrive(1);
	assert_true(taken_at - busy_at >= 1337);
	assert_int_equal(httpd_requests(server), 3);
	turn(50);
	assert_null(store_find(store, "box/notify/hook"));
	program_end();
}

static void test_deleted(void **state)
{
	(void)state;
	program_start(
		"[notify chat]\ntype = discord\nfor = 0\nurl = http://127.0.0.1:@/gone/{token}\n"
		"token_command = echo secret-token\n"
		"[notify other]\ntype = webhook\nfor = 0\nurl = http://127.0.0.1:@/hook\nkinds = "
		"notify\n");
	container("n8n", HEALTH_BAD, "exited");
	const char *why = complaint("chat");
	assert_non_null(strstr(why, "does not know this address (404: Unknown Webhook"));
	assert_null(strstr(why, "secret-token"));
	assert_non_null(strstr(why, "nothing more is sent until :reload or a restart"));
	arrive(1); /* another channel tells of it */
	assert_non_null(strstr(bodies[0], "box: notify chat cannot send"));
	turn(300);
	assert_int_equal(httpd_requests(server), 2);
	program_end();
}

static void check_failure(const char *path, const char *wanted)
{
	char *config = xasprintf("[notify hook]\ntype = webhook\nfor = 0\ntimeout = 1\n"
	                         "token_command = echo secret-token\n"
	                         "url = http://127.0.0.1:@%s\n",
	                         path);
	program_start(config);
	free(config);
	container("n8n", HEALTH_BAD, "exited");
	const char *why = complaint("hook");
	if (!strstr(why, wanted))
		fail_msg("%s: %s", path, why);
	assert_null(strstr(why, "secret-token"));
	turn(300);
	assert_non_null(strstr(state_file(), "\"queue\":[{"));
	program_end();
}

static void test_page(void **state)
{
	(void)state;
	check_failure("/page", "127.0.0.1 answers with a web page");
}
static void test_hang(void **state)
{
	(void)state;
	check_failure("/hang/{token}", "127.0.0.1 did not answer within 1 s");
	assert_non_null(strstr(state_file(), "\"unsure\":true"));
}
static void test_cut(void **state)
{
	(void)state;
	check_failure("/cut/{token}", "the connection to 127.0.0.1 was cut off");
	assert_non_null(strstr(state_file(), "\"unsure\":true"));
}

/* The path of a webhook is its key, also when no token_command made it. */
static void test_path_is_no_word_of_a_refusal(void **state)
{
	static const char *const paths_wanted[] = { "/echo/T0AB1/c0ffeeKEY77",
		                                    "/echo/T0AB1/c0ffeeKEY77?wide" };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths_wanted); i++) {
		char *config = xasprintf("[notify hook]\ntype = webhook\nfor = 0\n"
		                         "url = http://127.0.0.1:@%s\n",
		                         paths_wanted[i]);
		program_start(config);
		free(config);
		container("n8n", HEALTH_BAD, "exited");
		const char *why = complaint("hook");
		if (!strstr(why, "refuses the message (400: key ") || strstr(why, "c0ffee") ||
		    strstr(why, "T0AB1") || strstr(why, "abcd1234"))
			fail_msg("%s", why);
		program_end();
	}
}

/* --- restarts ------------------------------------------------------------ */

#define HOOK "[notify hook]\ntype = webhook\nfor = 0\nurl = http://127.0.0.1:"

/* A proxy that starts has no way to the service yet. */
static void test_no_way_yet(void **state)
{
	(void)state;
	program_start("[notify hook]\ntype = webhook\nfor = 0\n"
	              "url = http://127.0.0.1:@/gone/secret-token\n");
	container("n8n", HEALTH_BAD, "exited");
	assert_non_null(strstr(complaint("hook"), "it is tried again every 10 minutes"));
	assert_false(notify->channels->stopped);
	program_end();
}

/* Nothing listened; the next program sends it, once, and does not say that it may be there
 * twice. */
static void test_kept_over_restart(void **state)
{
	(void)state;
	program_start(HOOK "1/hook\n");
	container("n8n", HEALTH_BAD, "exited 137");
	assert_non_null(strstr(complaint("hook"), "onnection refused"));
	turn(100);
	assert_non_null(strstr(state_file(), "\"unsure\":false"));
	program_end();
	program_start(HOOK "@/hook\n");
	arrive(1);
	assert_null(strstr(bodies[0], "sent again"));
	container("n8n", HEALTH_BAD, "exited 137");
	turn(300);
	program_end();
	program_start(HOOK "@/hook\n");
	container("n8n", HEALTH_BAD, "exited 137");
	turn(500);
	assert_int_equal(n_bodies, 1);
	program_end();
}

/* A program that was killed while a message was on its way: the file says so, and so does what is
 * sent next. */
static void test_killed_while_it_leaves(void **state)
{
	(void)state;
	char text[300];
	program_start(HOOK "@/hang/secret-token\n");
	container("n8n", HEALTH_BAD, "exited 137");
	for (int i = 0; i < 500 && !httpd_requests(server); i++)
		turn(10);
	char *killed = xstrdup(state_file());
	assert_non_null(strstr(killed, "\"unsure\":true"));
	program_end();
	char *path = xasprintf("%s/.local/state/mocr/notify.json", home);
	FILE *f = fopen(path, "w");
	fputs(killed, f);
	fclose(f);
	free(path);
	free(killed);
	program_start(HOOK "@/hook\n");
	arrive(1);
	text_of(0, "text", text, sizeof(text));
	assert_non_null(strstr(text, "it is not known whether it arrived before"));
	program_end();
}

static void test_one_of_two_sends(void **state)
{
	(void)state;
	program_start(HOOK "@/hook\n");
	struct notify *first = notify, *second = notify_start(store, &hooks);
	container("n8n", HEALTH_BAD, "exited 137");
	for (int i = 0; i < 50; i++) {
		notify_look(second);
		turn(10);
	}
	assert_int_equal(n_bodies, 1);
	notify_stop(first);
	notify = second;
	container("web", HEALTH_BAD, "exited 1");
	arrive(2);
	turn(500);
	assert_int_equal(n_bodies, 2);
	assert_non_null(strstr(bodies[1], "container web"));
	program_end();
}

static void test_state_is_garbage(void **state)
{
	(void)state;
	char *dir = xasprintf("mkdir -p %s/.local/state/mocr && "
	                      "echo '{\"channels\":{\"hook\":{\"told\":7,\"queue\":[3,{}]}}}' "
	                      ">%s/.local/state/mocr/notify.json",
	                      home, home);
	assert_int_equal(system(dir), 0);
	free(dir);
	program_start(HOOK "@/hook\n");
	container("n8n", HEALTH_BAD, "exited 137");
	arrive(1);
	program_end();
}

static void write_state(const char *text)
{
	char *dir = xasprintf("mkdir -p -m 700 %s/.local/state/mocr", home);
	char *path = xasprintf("%s/.local/state/mocr/notify.json", home);
	assert_int_equal(system(dir), 0);
	FILE *f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
	free(path);
	free(dir);
}

static size_t count_of(const char *text, const char *what)
{
	size_t n = 0;
	for (const char *at = text; (at = strstr(at, what)); at++)
		n++;
	return n;
}

/* Another program writes its own file in the folder, and the disk is slow. */
static void test_folder_is_locked(void **state)
{
	(void)state;
	program_start(HOOK "@/hook\n");
	char *folder = xasprintf("%s/.local/state/mocr", home);
	int fd = open(folder, O_RDONLY | O_DIRECTORY);
	free(folder);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	container("n8n", HEALTH_BAD, "exited 137");
	arrive(1);
	/* the file is written while the other program still has the folder */
	for (int i = 0; i < 300 && !strstr(state_file(), "\"queue\":[],\"told\":[{"); i++)
		turn(10);
	assert_non_null(strstr(state_file(), "\"queue\":[],\"told\":[{"));
	assert_int_equal(activity_count(store), 0);
	close(fd);
	program_end();
}

/* New settings: what was told stays told, also when the file is no longer there. */
static void test_reload(void **state)
{
	(void)state;
	program_start(HOOK "@/hook\n");
	container("n8n", HEALTH_BAD, "exited 137");
	arrive(1);
	turn(200);
	char *path = xasprintf("%s/.local/state/mocr/notify.json", home);
	unlink(path);
	free(path);
	notify_reload(notify, settings);
	turn(500);
	assert_int_equal(n_bodies, 1);
	assert_true(notify_is_idle(notify));
	assert_non_null(strstr(state_file(), "\"told\":[{\"id\":\"box/container/n8n\""));
	program_end();
}

/* Waited for the other side for hours: it says so. What waited for more than a day is not sent, and
 * what is still so is told as of now. */
static void test_old_messages(void **state)
{
	(void)state;
	char text[400];
	int64_t now = now_wall_ms(), hour = 3600000;
	char *kept = xasprintf(
		"{\"channels\":{\"hook\":{\"told\":[{\"id\":\"box/container/n8n\",\"server\":"
		"\"box\",\"kind\":\"container\",\"name\":\"n8n\",\"health\":\"bad\",\"told\":%lld,"
		"\"message\":5}],\"queue\":[{\"what\":\"need\",\"title\":\"of days ago\","
		"\"number\":5,"
		"\"made\":%lld},{\"what\":\"need\",\"title\":\"of today\",\"text\":\"exited\","
		"\"number\":6,\"made\":%lld}]}}}\n",
		(long long)(now - 48 * hour), (long long)(now - 48 * hour),
		(long long)(now - 5 * hour));
	write_state(kept);
	free(kept);
	program_start(HOOK "@/hook\n");
	container("n8n", HEALTH_BAD, "exited 137");
	arrive(2);
	text_of(0, "title", text, sizeof(text));
	assert_string_equal(text, "of today");
	assert_non_null(strstr(bodies[0], "exited\\n(from 20"));
	assert_non_null(strstr(bodies[0], ": it could not be sent before)"));
	text_of(1, "title", text, sizeof(text));
	assert_string_equal(text, "box: container n8n failed");
	assert_null(strstr(bodies[1], "(from "));
	assert_string_equal(activity_get(store, 0)->text, "notify hook: never sent: of days ago");
	turn(300);
	assert_int_equal(n_bodies, 2);
	program_end();
}

/* Megabytes of what was told are read again, and no more than a bound is kept. */
static void test_state_is_large(void **state)
{
	(void)state;
	struct buf b = { 0 };
	char *long_why = xcalloc(1, 1001);
	memset(long_why, 'w', 1000);
	buf_puts(&b, "{\"channels\":{\"hook\":{\"queue\":[],\"told\":[");
	for (int i = 0; i < 4500; i++)
		buf_addf(&b,
		         "%s{\"id\":\"box/container/c%d\",\"server\":\"box\","
		         "\"kind\":\"container\",\"name\":\"c%d\",\"health\":\"bad\","
		         "\"why\":\"%s\",\"told\":%lld}",
		         i ? "," : "", i, i, long_why, (long long)now_wall_ms());
	buf_puts(&b, "]}}}\n");
	assert_true(b.len > (4u << 20) + 500000 && b.len < BUF_MAX_DEFAULT);
	write_state(b.data);
	buf_finish(&b);
	free(long_why);
	program_start(HOOK "@/hook\n");
	container("c0", HEALTH_BAD, "exited 137");
	turn(300);
	assert_int_equal(n_bodies, 0);
	assert_int_equal(activity_count(store), 0);
	program_end();
}

/* What could not be sent is bounded in number and in time, and what is dropped is said. */
static void test_queue_is_bounded(void **state)
{
	(void)state;
	struct buf b = { 0 };
	int64_t now = now_wall_ms(), day = 86400000;
	buf_puts(&b, "{\"channels\":{\"hook\":{\"told\":[],\"queue\":[");
	for (int i = 0; i < 300; i++)
		buf_addf(&b, "%s{\"what\":\"need\",\"title\":\"m%d\",\"made\":%lld}",
		         i ? "," : "", i, (long long)(i < 10 ? now - 2 * day : now));
	buf_puts(&b, "]}}}\n");
	write_state(b.data);
	buf_finish(&b);
	program_start(HOOK "1/hook\n");
	complaint("hook");
	turn(300);
	assert_int_equal(count_of(state_file(), "\"title\":\"m"), 100);
	assert_null(strstr(state_file(), "\"m199\""));
	assert_non_null(strstr(state_file(), "\"m200\""));
	assert_int_equal(activity_count(store), 200);
	assert_string_equal(activity_get(store, 199)->text, "notify hook: never sent: m0");
	program_end();
}

/* What found no room is told when messages leave again, as one message. */
static void test_no_room(void **state)
{
	(void)state;
	struct buf b = { 0 };
	int64_t now = now_wall_ms();
	char text[4096];
	buf_puts(&b, "{\"channels\":{\"hook\":{\"queue\":[");
	for (int i = 0; i < 105; i++)
		buf_addf(&b,
		         "%s{\"what\":\"need\",\"title\":\"m%d\",\"number\":%d,\"made\":%lld}",
		         i ? "," : "", i, i + 1, (long long)now);
	buf_puts(&b, "],\"told\":[");
	for (int i = 0; i < 105; i++)
		buf_addf(&b,
		         "%s{\"id\":\"box/container/c%d\",\"server\":\"box\","
		         "\"kind\":\"container\",\"name\":\"c%d\",\"health\":\"bad\","
		         "\"told\":%lld,\"message\":%d}",
		         i ? "," : "", i, i, (long long)now, i + 1);
	buf_puts(&b, "]}}}\n");
	write_state(b.data);
	buf_finish(&b);
	program_start(HOOK "1/hook\n");
	complaint("hook");
	for (int i = 0; i < 500 && !strstr(state_file(), "\"droppedTo\":5"); i++)
		turn(10);
	assert_int_equal(count_of(state_file(), "\"title\":\"m"), 100);
	program_end();
	program_start(HOOK "@/hook\n");
	for (int i = 0; i < 105; i++) {
		char name[16];
		snprintf(name, sizeof(name), "c%d", i);
		container(name, HEALTH_BAD, "exited");
	}
	for (int64_t end = now_mono_ms() + 30000; n_bodies < 101 && now_mono_ms() < end;)
		turn(10);
	assert_int_equal(n_bodies, 101);
	bool told[5] = { false };
	for (int i = 0; i < BODIES; i++) {
		text_of(i, "text", text, sizeof(text));
		for (int c = 0; c < 5; c++) {
			char word[24];
			snprintf(word, sizeof(word), "container c%d: ", c);
			told[c] |= strstr(text, word) != NULL;
		}
	}
	for (int c = 0; c < 5; c++)
		if (!told[c])
			fail_msg("c%d: %s", c, bodies[(n_bodies - 1) % BODIES]);
	for (int i = 0; i < 500 && !strstr(state_file(), "\"queue\":[]"); i++)
		turn(10);
	assert_null(strstr(state_file(), "droppedTo"));
	program_end();
}

/* A message that the other side refuses for what it says holds up no other one. */
static void test_refused_message(void **state)
{
	(void)state;
	program_start("[notify hook]\ntype = webhook\nfor = 0\nurl = http://127.0.0.1:@/poison\n");
	container("a poison", HEALTH_BAD, "exited");
	container("n8n", HEALTH_BAD, "exited");
	arrive(1);
	assert_non_null(strstr(bodies[0], "n8n"));
	for (int i = 0; i < 500 && !strstr(state_file(), "\"queue\":[]"); i++)
		turn(10);
	assert_non_null(strstr(state_file(), "\"queue\":[]"));
	assert_string_equal(activity_get(store, 0)->text,
	                    "notify hook: never sent, because the other side refuses it: box: "
	                    "container a poison failed");
	assert_null(store_find(store, "box/notify/hook"));
	assert_int_equal(httpd_requests(server), 2);
	program_end();
}

/* It waits for its next try alone: what comes meanwhile leaves at once. */
static void test_refused_alone(void **state)
{
	(void)state;
	program_start("[notify hook]\ntype = webhook\nfor = 0\nurl = http://127.0.0.1:@/poison\n");
	container("poison", HEALTH_BAD, "exited");
	assert_non_null(strstr(complaint("hook"), "refuses the message (400: a sign that I"));
	assert_int_equal(httpd_requests(server), 1);
	assert_int_equal(notify->channels->n_queue, 1);
	container("n8n", HEALTH_BAD, "exited");
	arrive(1);
	assert_non_null(strstr(bodies[0], "n8n"));
	for (int i = 0; i < 500 && !strstr(state_file(), "\"queue\":[]"); i++)
		turn(10);
	assert_int_equal(notify->channels->n_queue, 0);
	assert_string_equal(activity_get(store, 0)->text,
	                    "notify hook: never sent, because the other side refuses it: box: "
	                    "container poison failed");
	assert_null(store_find(store, "box/notify/hook"));
	assert_int_equal(httpd_requests(server), 2);
	program_end();
}

/* Where all is refused, the fault is not in one message: nothing is dropped. */
static void test_all_is_refused(void **state)
{
	(void)state;
	program_start("[notify hook]\ntype = webhook\nfor = 0\nurl = http://127.0.0.1:@/poison\n");
	container("poison", HEALTH_BAD, "exited");
	container("poison2", HEALTH_BAD, "exited");
	assert_non_null(strstr(complaint("hook"), "refuses the message (400: a sign that I"));
	assert_non_null(strstr(complaint("hook"), "it is tried again every 10 minutes"));
	assert_int_equal(httpd_requests(server), 2);
	assert_int_equal(notify->channels->n_queue, 2);
	assert_int_equal(activity_count(store), 0);
	program_end();
}

/* A section that is away for a while: what was told stays told, what waits stays. */
static void test_channel_is_away(void **state)
{
	static const char other[] = "[notify other]\ntype = webhook\nfor = 0\n"
	                            "url = http://127.0.0.1:@/hook?other\n";
	(void)state;
	program_start(HOOK "@/hook\n");
	container("n8n", HEALTH_BAD, "exited");
	arrive(1);
	/* the answer, too: else the message leaves once more */
	for (int i = 0; i < 500 && notify->channels->queue; i++)
		turn(10);
	program_end();
	program_start(other);
	container("n8n", HEALTH_BAD, "exited");
	arrive(2);
	for (int i = 0; i < 500 && !strstr(state_file(), "\"unconfigured\":"); i++)
		turn(10);
	notify_reload(notify, settings); /* in memory, too */
	turn(50);
	assert_non_null(strstr(state_file(), "\"hook\":{"));
	program_end();
	program_start(HOOK "@/hook\n");
	container("n8n", HEALTH_BAD, "exited");
	container("db", HEALTH_BAD, "exited");
	arrive(3);
	assert_non_null(strstr(bodies[2], "container db"));
	turn(100);
	assert_int_equal(n_bodies, 3);
	program_end();
	/* and not for ever */
	write_state("{\"channels\":{\"gone\":{\"unconfigured\":1000,\"told\":[],"
	            "\"queue\":[{\"what\":\"need\",\"title\":\"x\",\"made\":1000}]}}}\n");
	program_start(HOOK "@/hook\n");
	assert_string_equal(activity_get(store, 0)->text,
	                    "notify gone: 1 never sent: it is not in the configuration any more");
	assert_int_equal(activity_count(store), 1);
	program_end();
}

/* --- commands ------------------------------------------------------------ */

static char *read_home(const char *name)
{
	static char text[4096];
	char *path = xasprintf("%s/%s", home, name);
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[n] = '\0';
	if (f)
		fclose(f);
	free(path);
	return text;
}

static char *wait_home(const char *name)
{
	char *text = read_home(name);
	for (int i = 0; i < 500 && !*text; i++) {
		turn(10);
		text = read_home(name);
	}
	return text;
}

static void test_command(void **state)
{
	(void)state;
	program_start("[notify run]\ntype = command\nfor = 0\n"
	              "command = (env | grep ^MOCR_ | grep -v -e ^MOCR_LA | sort; cat) >~/new "
	              "&& mv ~/new ~/out\n");
	container("n8n", HEALTH_BAD, "exited $(touch ~/hacked) `id`");
	char *text = wait_home("out");
	assert_non_null(strstr(text, "MOCR_CHANNEL=run\nMOCR_COUNT=1\nMOCR_HEALTH=bad\n"
	                             "MOCR_ID=box/container/n8n\nMOCR_KIND=container\n"
	                             "MOCR_NAME=n8n\nMOCR_SERVER=box\n"));
	assert_non_null(strstr(text, "MOCR_WHY=exited $(touch ~/hacked) `id`\n"));
	assert_non_null(strstr(text, "\nbox: container n8n failed\nexited $("));
	assert_string_equal(read_home("hacked"), "");
	program_end();
}

static void test_command_fails(void **state)
{
	(void)state;
	program_start("[notify run]\ntype = command\nfor = 0\n"
	              "command = echo x >>~/runs; printf 'no \\033[2Jroute\\n' >&2; exit 3\n");
	container("n8n", HEALTH_BAD, "exited");
	assert_string_equal(complaint("run"),
	                    "notify run: the command ended with code 3: no route");
	program_end();
}

/* It ignores TERM and starts a child: both are gone when the sentence is there. */
static void test_command_hangs(void **state)
{
	(void)state;
	program_start("[notify run]\ntype = command\nfor = 0\ntimeout = 1\n"
	              "command = trap '' TERM; sleep 300 & echo $! >~/pid; wait; sleep 300\n");
	container("n8n", HEALTH_BAD, "exited");
	assert_string_equal(complaint("run"),
	                    "notify run: the command did not end within 1 s and was killed");
	int pid = atoi(read_home("pid"));
	assert_true(pid > 1);
	turn(100);
	char *proc = xasprintf("/proc/%d/cmdline", pid), line[64] = "";
	FILE *f = fopen(proc, "r");
	if (f && fread(line, 1, sizeof(line) - 1, f))
		assert_string_not_equal(line, "sleep");
	if (f)
		fclose(f);
	free(proc);
	program_end();
}

static void test_mail(void **state)
{
	(void)state;
	program_start("[notify mail]\ntype = mail\nfor = 0\nto = ops\n"
	              "from = mocr\ncommand = cat >~/new && mv ~/new ~/out\n");
	container("caf\xc3\xa9", HEALTH_BAD, "exited 1");
	char *text = wait_home("out");
	static const char head[] =
		"To: ops\nFrom: mocr\nSubject: =?UTF-8?B?";
	if (strncmp(text, head, strlen(head)) != 0)
		fail_msg("%s", text);
	assert_non_null(strstr(text, "\n\nexited 1 (since "));
	program_end();
}

/* --- a terminal ---------------------------------------------------------- */

static bool lent;
static int rings;

static bool ring(const char *bytes, size_t len, void *arg)
{
	(void)bytes;
	(void)arg;
	rings += !lent && len;
	return !lent;
}

/* Lent to another program: nothing is started and nothing is written, and what was not shown is no
 * secret of a program that ended. */
static void test_lent_terminal(void **state)
{
	(void)state;
	char *script = xasprintf("mkdir %s/bin && printf '#!/bin/sh\\necho x >>%s/asked\\n"
	                         "echo \"3.3a|on|xterm|\"\\n' >%s/bin/tmux && "
	                         "chmod 755 %s/bin/tmux",
	                         home, home, home, home);
	char *before = xstrdup(getenv("PATH")), *path = xasprintf("%s/bin:%s", home, before);
	assert_int_equal(system(script), 0);
	free(script);
	setenv("PATH", path, 1);
	setenv("TMUX", "x", 1);
	setenv("TMUX_PANE", "%0", 1);
	hooks = (struct notify_hooks){ .terminal = ring };
	lent = true;
	rings = 0;
	program_start("[notify screen]\ntype = terminal\nfor = 0\n");
	container("n8n", HEALTH_BAD, "exited 137");
	turn(500);
	assert_string_equal(read_home("asked"), "");
	assert_int_equal(notify->state_no, 0);
	program_end();
	lent = false;
	program_start("[notify screen]\ntype = terminal\nfor = 0\n");
	container("n8n", HEALTH_BAD, "exited 137");
	for (int i = 0; i < 500 && !rings; i++)
		turn(10);
	turn(100);
	assert_int_equal(rings, 1);
	assert_string_equal(read_home("asked"), "x\n");
	assert_int_equal(notify->state_no, 1);
	program_end();
	program_start("[notify screen]\ntype = terminal\nfor = 0\n");
	container("n8n", HEALTH_BAD, "exited 137");
	turn(500);
	assert_int_equal(rings, 1);
	program_end();
	setenv("PATH", before, 1);
	free(before);
	free(path);
}

/* --- messages with buttons ----------------------------------------------- */

/* This program again, as the child that shows a message: says what the test wants, with a pause at
 * each "|". */
static int show_on_desktop(void)
{
	FILE *f = fopen(getenv("FAKE_LOG"), "a");
	fprintf(f, "%s\n", getenv("MOCR_BUTTONS"));
	fclose(f);
	for (const char *s = getenv("FAKE_SAYS"); *s; s++) {
		if (*s != '|') {
			putchar(*s);
			continue;
		}
		fflush(stdout);
		usleep(200000);
	}
	fflush(stdout);
	for (int i = 0; i < 300 && *getenv("FAKE_STAYS"); i++)
		usleep(100000);
	return atoi(getenv("FAKE_CODE"));
}

static void fake_desktop(const char *says, bool stays, const char *code)
{
	char *path = xasprintf("%s/buttons", home);
	remove(path);
	setenv("FAKE_LOG", path, 1);
	setenv("FAKE_SAYS", says, 1);
	setenv("FAKE_STAYS", stays ? "y" : "", 1);
	setenv("FAKE_CODE", code, 1);
	setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent", 1);
	free(path);
}

static int count_children(void)
{
	char *line = xasprintf("pgrep -cP %d -f -- [-]-show-on-desktop", (int)getpid());
	FILE *f = popen(line, "re");
	int n = -1;
	assert_int_equal(fscanf(f, "%d", &n), 1);
	pclose(f);
	free(line);
	return n;
}

static void children_become(int n)
{
	for (int i = 0; i < 50 && count_children() != n; i++)
		turn(50);
	assert_int_equal(count_children(), n);
}

static char shown_id[64];
static size_t n_shown;
static void on_show(char *const *ids, size_t n, void *arg)
{
	(void)arg;
	n_shown += n;
	snprintf(shown_id, sizeof(shown_id), "%s", ids[0]);
}

#define DESK "[notify desk]\ntype = desktop\nfor = 0\ntimeout = 5\n"
#define DOTS "................................."
#define FAR_TOO_MUCH "waits\n|" DOTS DOTS DOTS
static void test_words_of_the_child(void **state)
{
	static const struct {
		const char *says;
		bool stays;
		int waiting; /* children that wait at the end */
		bool quiet;  /* the row is set aside */
		size_t shown;
	} rows[] = {
		{ "", false, 0, false, 0 },
		{ "waits\n", false, 0, false, 0 },
		{ "waits\n", true, 1, false, 0 },
		{ "waits\nsnooze\n", true, 0, true, 0 },
		{ "waits\nsnooze\n", false, 0, true, 0 },
		{ "waits\nshow\n", true, 0, false, 1 },
		{ "waits\nshow\n", false, 0, false, 1 },
		{ "waits\nshow\nsnooze\n", true, 0, false, 1 },
		{ "waits\nsnooze\nshow\n", false, 0, true, 0 },
		{ "wa|its\n|sno|oze\n", true, 0, true, 0 },
		{ "snooze\nwaits\n", true, 1, false, 0 },
		{ "waits\nreboot\n snooze\nsnooze \nwaits\n", true, 1, false, 0 },
		{ "waits\nsnooze", true, 1, false, 0 },
		{ "waits\nsnooze", false, 0, false, 0 },
		{ FAR_TOO_MUCH, true, 0, false, 0 },
	};
	(void)state;
	hooks = (struct notify_hooks){ .show = on_show };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		n_shown = 0;
		fake_desktop(rows[i].says, rows[i].stays, "0");
		program_start(DESK);
		container("n8n", HEALTH_BAD, "exited 137");
		assert_string_equal(wait_home("buttons"), "show snooze\n");
		for (int k = 0; k < 500 && notify->channels->queue; k++)
			turn(10);
		turn(300);
		children_become(rows[i].waiting);
		turn(100);
		const struct row *row = store_find(store, "box/container/n8n");
		assert_int_equal(row->need, rows[i].quiet ? NEED_QUIET : NEED_STANDS);
		assert_int_equal(n_shown, rows[i].shown);
		if (n_shown)
			assert_string_equal(shown_id, "box/container/n8n");
		/* it arrived, whatever was pressed */
		assert_null(notify->channels->queue);
		assert_int_equal(notify->channels->err.code, 0);
		program_end();
		assert_int_equal(count_children(), 0);
		char *line = xasprintf("rm -rf -- %s/.local", home);
		assert_int_equal(system(line), 0);
		free(line);
	}
}

/* Without a screen there is nothing to show, and the end of a condition needs nothing. */
static void test_buttons_of_a_watch(void **state)
{
	(void)state;
	fake_desktop("waits\n", false, "0");
	program_start(DESK);
	container("n8n", HEALTH_BAD, "exited 137");
	assert_string_equal(wait_home("buttons"), "snooze\n");
	turn(300);
	container("n8n", HEALTH_GOOD, NULL);
	for (int i = 0; i < 500 && strcmp(read_home("buttons"), "snooze\n\n") != 0; i++)
		turn(10);
	assert_string_equal(read_home("buttons"), "snooze\n\n");
	program_end();
}

/* It says that it waits, and the message failed all the same: it arrived. */
static void test_child_fails(void **state)
{
	(void)state;
	fake_desktop("wait\n", false, "3");
	program_start(DESK);
	container("n8n", HEALTH_BAD, "exited 137");
	assert_string_equal(complaint("desk"), "notify desk: the desktop ended with code 3");
	program_end();
	fake_desktop("waits\n", false, "3");
	program_start(DESK);
	container("n8n", HEALTH_BAD, "exited 137");
	wait_home("buttons");
	turn(300);
	assert_null(notify->channels->queue);
	assert_null(store_find(store, "box/notify/desk"));
	program_end();
}

/* A message about many: all of them are set aside. What is well by now is not. */
static void test_snooze_of_many(void **state)
{
	(void)state;
	hooks = (struct notify_hooks){ .show = on_show };
	fake_desktop("waits\nsnooze\n", false, "0");
	program_start(DESK);
	container("a", HEALTH_BAD, "exited 1");
	container("b", HEALTH_BAD, "exited 1");
	container("c", HEALTH_BAD, "exited 1");
	container("d", HEALTH_GOOD, NULL);
	for (int i = 0; i < 800 && store_find(store, "box/container/c")->need != NEED_QUIET; i++)
		turn(10);
	assert_string_equal(read_home("buttons"), "show snooze\n");
	assert_int_equal(store_find(store, "box/container/a")->need, NEED_QUIET);
	assert_int_equal(store_find(store, "box/container/b")->need, NEED_QUIET);
	assert_int_equal(store_find(store, "box/container/c")->need, NEED_QUIET);
	assert_int_equal(store_find(store, "box/container/d")->need, NEED_NONE);
	program_end();
}

/* Twelve channels, twelve messages: the last eight keep their buttons. Other settings leave them,
 * and none outlives the program. */
static void test_few_children_wait(void **state)
{
	struct buf config = { 0 };
	(void)state;
	for (int i = 0; i < 12; i++)
		buf_addf(&config, "[notify n%d]\ntype = desktop\nfor = 0\n", i);
	fake_desktop("waits\n", true, "0");
	program_start(config.data);
	container("n8n", HEALTH_BAD, "exited 137");
	for (int i = 0; i < 800 && strlen(read_home("buttons")) < 12 * strlen("snooze\n"); i++)
		turn(10);
	assert_int_equal(strlen(read_home("buttons")), 12 * strlen("snooze\n"));
	children_become(8);
	notify_reload(notify, settings);
	turn(100);
	assert_int_equal(count_children(), 8);
	program_end();
	assert_int_equal(count_children(), 0);
	buf_finish(&config);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--show-on-desktop") == 0)
		return show_on_desktop();
#define WORLD(f) cmocka_unit_test_setup_teardown(f, world_up, world_down)
	const struct CMUnitTest tests[] = {
		WORLD(test_ntfy),
		WORLD(test_ntfy_refuses_token),
		WORLD(test_discord),
		WORLD(test_discord_window),
		WORLD(test_slack_and_telegram),
		WORLD(test_token_changes),
		WORLD(test_template),
		WORLD(test_nothing_stays_open),
		WORLD(test_storm),
		WORLD(test_filters),
		WORLD(test_busy),
		WORLD(test_deleted),
		WORLD(test_no_way_yet),
		WORLD(test_page),
		WORLD(test_hang),
		WORLD(test_cut),
		WORLD(test_path_is_no_word_of_a_refusal),
		WORLD(test_kept_over_restart),
		WORLD(test_killed_while_it_leaves),
		WORLD(test_one_of_two_sends),
		WORLD(test_state_is_garbage),
		WORLD(test_folder_is_locked),
		WORLD(test_reload),
		WORLD(test_old_messages),
		WORLD(test_state_is_large),
		WORLD(test_queue_is_bounded),
		WORLD(test_no_room),
		WORLD(test_refused_message),
		WORLD(test_refused_alone),
		WORLD(test_all_is_refused),
		WORLD(test_channel_is_away),
		WORLD(test_lent_terminal),
		WORLD(test_command),
		WORLD(test_command_fails),
		WORLD(test_command_hangs),
		WORLD(test_mail),
		WORLD(test_words_of_the_child),
		WORLD(test_buttons_of_a_watch),
		WORLD(test_child_fails),
		WORLD(test_snooze_of_many),
		WORLD(test_few_children_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
