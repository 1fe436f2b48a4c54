/* Web services: the token, waiting as asked, and the sentence for each thing that can go wrong,
 * against a server of our own on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"
#include "backends/link/api.h"
#include "backends/link/http.h"
#include "backends/link/loop.h"
#include "tests/unit/httpd.h"

/* --- the server ---------------------------------------------------------- */

static struct httpd *server;
static int port;
static int busy_left;   /* this many answers more are 429 */
static char wanted[64]; /* the token that it takes */

static bool in_or_out(int fd, const struct httpd_request *q)
{
	const char *at = strstr(q->head, "x-api-key: ");
	bool in = at && !strncmp(at + 11, wanted, strlen(wanted)) &&
	          !strncmp(at + 11 + strlen(wanted), "\r\n", 2);
	if (in)
		return httpd_answer(fd, NULL, NULL, "{\"in\":true}");
	return httpd_answer(fd, "401 Unauthorized", NULL, "{\"message\":\"Unauthorized\"}");
}

static bool busy(int fd, const struct httpd_request *q)
{
	if (busy_left <= 0)
		return in_or_out(fd, q);
	busy_left--;
	return httpd_answer(fd, "429 Too Many Requests", "Retry-After: 1\r\n", "{}");
}

/* u:first-secret */
static bool basic(int fd, const struct httpd_request *q)
{
	if (strstr(q->head, "\r\nAuthorization: Basic dTpmaXJzdC1zZWNyZXQ=\r\n"))
		return httpd_answer(fd, NULL, "Content-Type: application/json\r\n", "{}");
	return httpd_answer(fd, "401 Unauthorized", NULL, "");
}

static bool half(int fd, const struct httpd_request *q)
{
	return httpd_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,2") &&
	       httpd_pause(fd, 5000);
}

static const struct httpd_route routes[] = {
	{ .path = "/p/good", .body = "{\"a\":1}" },
	{ .path = "/p/text", .headers = "Content-Type: text/html\r\n", .body = "OK" },
	{ .path = "/p/denied",
	  .status = "403 Forbidden",
	  .body = "{\"success\":true,\"message\":\"API is disabled.\"}" },
	{ .path = "/p/never",
	  .status = "401 Unauthorized",
	  .body = "{\"message\":\"Unauthorized\"}" },
	{ .path = "/p/absent",
	  .status = "404 Not Found",
	  .body = "{\"message\":\"Application not found\",\"code\":\"NOT_FOUND\"}" },
	{ .path = "/p/absentpage",
	  .status = "404 Not Found",
	  .body = "<!DOCTYPE html><title>404 page\x1b[2J not found</title>" },
	{ .path = "/p/fields",
	  .status = "422 Unprocessable",
	  .body = "{\"message\":\"Validation failed.\",\"errors\":{\"name\":[\"is "
	          "taken\"],\"host\":\"is none\"}}" },
	{ .path = "/p/issues",
	  .status = "400 Bad Request",
	  .body = "{\"message\":\"Input validation "
	          "failed\",\"issues\":[{\"message\":\"Required\",\"path\":[\"environmentId\"]}]"
	          "}" },
	{ .path = "/p/broken",
	  .status = "500 Internal Server Error",
	  .body = "Something \x1b]0;x\x07went wrong\nat line 1" },
	{ .path = "/p/gateway",
	  .status = "502 Bad Gateway",
	  .body = "<html><head><TITLE>502 Bad Gateway</TITLE></head></html>" },
	{ .path = "/p/login", .body = "\n<html><title>Sign in</title></html>" },
	{ .path = "/p/moved",
	  .status = "301 Moved Permanently",
	  .headers = "Location: https://elsewhere.example/api\r\n" },
	{ .path = "/p/method",
	  .status = "405 Method Not Allowed",
	  .body = "{\"message\":\"This endpoint has changed to a POST request.\"}" },
	{ .path = "/p/rude",
	  .status = "500 Internal Server Error",
	  .headers = "Date: Tue, 25 Nov 2025 22:06:14 GMT\r\n",
	  .body = "Unauthorized" },
	{ .path = "/p/later",
	  .status = "429 Too Many Requests",
	  .headers = "Retry-After: 3600\r\n",
	  .body = "{\"message\":\"Too Many Attempts.\"}" },
	{ .path = "/p/cut",
	  .raw = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,2",
	  .hangs_up = true },
	{ .path = "/p/hang", .raw = "", .delay_ms = 5000 },
	{ .path = "/p/half", .answer = half },
	{ .path = "/p/busy", .answer = busy },
	{ .path = "/p/stream",
	  .headers = "Content-Type: text/event-stream\r\n",
	  .body = "data: 1\n\ndata: 2\n\n" },
	{ .path = "/basic", .answer = basic },
	{ .path = "*", .answer = in_or_out },
	{ 0 }
};

static int start_server(void **state)
{
	server = httpd_start(NULL, routes, NULL);
	port = httpd_port(server);
	return 0;
}

static int stop_server(void **state)
{
	httpd_stop(server);
	return 0;
}

/* The last request has this in it. */
static bool was_asked(const char *words)
{
	static char last[HTTPD_REQUEST_MAX];
	httpd_last(server, last, sizeof(last));
	return strstr(last, words) != NULL;
}

/* --- the world ----------------------------------------------------------- */

struct world {
	struct loop *loop;
	struct http *http;
	struct link *link;
	struct api *api;
	char dir[32];
	int done, waited;
	struct api_answer answer; /* of the last; its body is a copy */
	char *body;
	char stream[200];
	bool destroy;
};

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
	snprintf(w->dir, sizeof(w->dir), "/tmp/mocr-api-XXXXXX");
	snprintf(wanted, sizeof(wanted), "first-secret");
	busy_left = 0;
	*state = w;
	return w->link->state == LINK_UP && mkdtemp(w->dir) ? 0 : -1;
}

static int end_world(void **state)
{
	struct world *w = *state;
	char path[64];
	api_destroy(w->api);
	http_destroy(w->http);
	link_destroy(w->link);
	loop_destroy(w->loop);
	snprintf(path, sizeof(path), "%s/count", w->dir);
	unlink(path);
	rmdir(w->dir);
	free(w->body);
	free(w);
	return 0;
}

static int64_t token_pause; /* of the next api; 0: the usual one */

static void open_api(struct world *w, const char *token_command, int at_port)
{
	char url[64];
	struct err err;
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/p/", at_port);
	w->api = api_create(w->http, w->link,
	                    &(struct api_config){ .section = "dokploy",
	                                          .name = "home",
	                                          .product = "Dokploy",
	                                          .url = url,
	                                          .token_command = token_command,
	                                          .token_pause_ms = token_pause,
	                                          .token_header = "x-api-key: ",
	                                          .token_help = "Settings makes one" },
	                    &err);
	assert_non_null(w->api);
}

static void on_done(const struct api_answer *r, void *arg)
{
	struct world *w = arg;
	w->done++;
	w->answer = *r;
	free(w->body);
	w->body = xstrndup(r->body, r->len);
	if (w->destroy) {
		api_destroy(w->api);
		w->api = NULL;
	}
}

static void on_waits(struct api_call *c, int64_t ms, void *arg)
{
	((struct world *)arg)->waited = (int)ms;
}

static bool on_data(struct api_call *c, const char *bytes, size_t len, void *arg)
{
	struct world *w = arg;
	snprintf(w->stream + strlen(w->stream), sizeof(w->stream) - strlen(w->stream), "%.*s",
	         (int)len, bytes);
	return true;
}

static void turn_until(struct world *w, int done)
{
	for (int64_t end = now_mono_ms() + 8000; w->done < done && now_mono_ms() < end;)
		loop_turn(w->loop, 20);
	assert_int_equal(w->done, done);
}

static struct api_call *ask(struct world *w, const char *method, const char *path)
{
	return api_call(w->api, &(struct api_request){
					.method = method,
					.path = path,
					.timeout_ms = 700,
					.waits = on_waits,
					.done = on_done,
					.arg = w,
					.body = strcmp(method, "POST") ? NULL : "{\"x\":1}" });
}

static void get(struct world *w, const char *method, const char *path)
{
	ask(w, method, path);
	turn_until(w, w->done + 1);
}

/* --- tests --------------------------------------------------------------- */

static void test_sentences(void **state)
{
	static const struct {
		const char *method, *path;
		enum err_code code;
		const char *words;
		bool unsure;
	} rows[] = {
		{ "GET", "/good", ERR_NONE, "", false },
		{ "GET", "/text", ERR_NONE, "", false },
		{ "GET", "/who", ERR_DENIED,
		  "Dokploy home wants a token (401: Unauthorized), and [dokploy home] has no "
		  "token_command; Settings makes one",
		  false },
		{ "POST", "/denied?x=1", ERR_DENIED,
		  "Dokploy home wants a token (403: API is disabled.), and", false },
		{ "GET", "/absent", ERR_ABSENT,
		  "Dokploy home does not know it (404): Application not found", false },
		{ "GET", "/absentpage", ERR_ABSENT,
		  "Dokploy home has no /absentpage (404, a web page: 404 page not found); url of "
		  "[dokploy home] may",
		  false },
		{ "POST", "/fields", ERR_REFUSED,
		  "refuses POST /fields (422): Validation failed.; name: is taken; host: is none",
		  false },
		{ "POST", "/issues", ERR_REFUSED,
		  "(400): Input validation failed; environmentId: Required", false },
		{ "GET", "/broken", ERR_REFUSED,
		  "Dokploy home failed at GET /broken (500): Something went wrong", false },
		{ "POST", "/gateway", ERR_REFUSED,
		  "is not available (502, a web page: 502 Bad Gateway): what is in front of it "
		  "cannot reach it; whether",
		  true },
		{ "GET", "/login?a=secret", ERR_GARBLED,
		  "Dokploy home answers /login with a web page: Sign in and not as Dokploy",
		  false },
		{ "POST", "/login", ERR_GARBLED, "whether it was done is not known", true },
		{ "GET", "/moved", ERR_GARBLED,
		  "elsewhere (301, https://elsewhere.example/api); url of [dokploy home] must name "
		  "where it really is",
		  false },
		{ "GET", "/method", ERR_REFUSED,
		  "(405): This endpoint has changed to a POST request.", false },
		{ "GET", "/hang", ERR_TIMEOUT, "Dokploy home did not answer GET /hang within 1 s",
		  false },
		{ "POST", "/hang", ERR_TIMEOUT, "within 1 s; whether it was done is not known",
		  true },
		{ "GET", "/half", ERR_TIMEOUT, "did not answer GET /half", false },
		{ "POST", "/cut", ERR_LOST,
		  "Dokploy home: here: the answer to POST /p/cut was cut off", true },
	};
	struct world *w = *state;
	open_api(w, NULL, port);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		get(w, rows[i].method, rows[i].path);
		if (w->answer.err.code != rows[i].code ||
		    !strstr(w->answer.err.text, rows[i].words) ||
		    w->answer.unsure != rows[i].unsure)
			fail_msg("%s %s: code %d, \"%s\"", rows[i].method, rows[i].path,
			         w->answer.err.code, w->answer.err.text);
		assert_null(strchr(w->answer.err.text, '\x1b'));
	}
	assert_int_equal(w->answer.len, 0);
}

static void test_nobody_there(void **state)
{
	struct world *w = *state;
	open_api(w, NULL, 1);
	get(w, "POST", "/good");
	assert_int_equal(w->answer.err.code, ERR_REFUSED);
	assert_false(w->answer.unsure);
	assert_non_null(
		strstr(w->answer.err.text, "Dokploy home: here: connecting to 127.0.0.1:1: "));
}

static void test_token(void **state)
{
	struct world *w = *state;
	char command[200], path[64], line[8] = "";
	snprintf(path, sizeof(path), "%s/count", w->dir);
	snprintf(command, sizeof(command), "echo x >>%s; echo first-secret; echo more", path);
	open_api(w, command, port);
	for (int i = 0; i < 3; i++)
		ask(w, "GET", "/who");
	turn_until(w, 3);
	assert_int_equal(w->answer.status, 200);
	assert_string_equal(w->body, "{\"in\":true}");
	get(w, "POST", "/who");
	assert_true(was_asked("POST /p/who HTTP/1.1"));
	assert_true(was_asked("\r\nx-api-key: first-secret\r\n"));
	assert_true(was_asked("\r\nContent-Type: application/json\r\n"));
	api_call(w->api,
	         &(struct api_request){ .path = "/good", .open = true, .done = on_done, .arg = w });
	turn_until(w, 5);
	assert_false(was_asked("secret"));
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fread(line, 1, sizeof(line), f), 2); /* the command ran once */
	fclose(f);
}

static void test_token_changed(void **state)
{
	struct world *w = *state;
	char command[200], path[64];
	snprintf(path, sizeof(path), "%s/count", w->dir);
	snprintf(command, sizeof(command),
	         "test -e %s && echo second-secret && exit; : >%s; echo first-secret", path, path);
	open_api(w, command, port);
	get(w, "GET", "/who");
	assert_int_equal(w->answer.err.code, ERR_NONE);
	snprintf(wanted, sizeof(wanted), "second-secret");
	ask(w, "POST", "/who");
	ask(w, "GET", "/who");
	turn_until(w, 3);
	assert_int_equal(w->answer.err.code, ERR_NONE);
	snprintf(wanted, sizeof(wanted), "third-secret");
	get(w, "GET", "/who"); /* asked again once, no more */
	assert_non_null(strstr(w->answer.err.text,
	                       "rejects the token (401: Unauthorized); "
	                       "token_command of [dokploy home] must print one"));
	assert_null(strstr(w->answer.err.text, "secret"));
	char line[] = "log: first-secret, third-place";
	secret_hide(line, strlen(line)); /* as a recording does */
	assert_string_equal(line, "log: ************, third-place");
	get(w, "GET", "/denied");
	assert_non_null(strstr(w->answer.err.text, "does not allow GET /denied with this token "
	                                           "(403: API is disabled.); Settings makes one"));
}

static size_t lines_of(const char *path)
{
	size_t n = 0;
	FILE *f = fopen(path, "r");
	for (int c; f && (c = fgetc(f)) != EOF;)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

/* A command that makes the user touch a key does not run at every poll: neither for a token that is
 * refused, nor when the command fails, nor for a token that one path takes and another one
 * refuses. */
static void test_token_pause(void **state)
{
	static const struct {
		const char *command, *words;
		size_t runs;
	} rows[] = {
		{ "echo x >>%s; echo wrong", "rejects the token (401: Unauthorized)", 1 },
		{ "echo x >>%s; exit 3", "token_command ended with code 3", 1 },
		/* once more for the one that worked */
		{ "echo x >>%s; echo first-secret", "rejects the token (401: Unauthorized)", 2 },
	};
	struct world *w = *state;
	char command[200], path[64];
	snprintf(path, sizeof(path), "%s/count", w->dir);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(command, sizeof(command), rows[i].command, path);
		snprintf(wanted, sizeof(wanted), "first-secret");
		open_api(w, command, port);
		for (int round = 0; round < 5; round++) {
			get(w, "GET", "/who");
			if (i < 2 && !strstr(w->answer.err.text, rows[i].words))
				fail_msg("%s", w->answer.err.text);
			get(w, "GET", "/never");
			if (!strstr(w->answer.err.text, rows[i].words))
				fail_msg("%s", w->answer.err.text);
		}
		assert_int_equal(lines_of(path), rows[i].runs);
		api_destroy(w->api);
		w->api = NULL;
		unlink(path);
	}
}

/* After its pause the command runs again, and the new token counts. */
static void test_token_after_pause(void **state)
{
	struct world *w = *state;
	char command[200], path[64];
	snprintf(path, sizeof(path), "%s/count", w->dir);
	snprintf(command, sizeof(command),
	         "echo x >>%s; test $(wc -l <%s) -lt 3 && echo wrong || echo first-secret", path,
	         path);
	token_pause = 30;
	open_api(w, command, port);
	token_pause = 0;
	int64_t end = now_mono_ms() + 8000, began = now_mono_ms();
	do
		get(w, "GET", "/who");
	while (w->answer.err.code && now_mono_ms() < end);
	assert_int_equal(w->answer.status, 200);
	assert_int_equal(lines_of(path), 3);
	assert_true(now_mono_ms() - began >= 30 + 60);
	unlink(path);
}

/* A refusal that does not look like one, and the far side's clock. */
static bool rude_denies(int status, const char *body)
{
	return status == 500 && !strcmp(body, "Unauthorized");
}

static void test_denied_otherwise(void **state)
{
	struct world *w = *state;
	struct err err;
	char url[64];
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/p", port);
	w->api = api_create(w->http, w->link,
	                    &(struct api_config){ .section = "headscale",
	                                          .name = "home",
	                                          .product = "Headscale",
	                                          .url = url,
	                                          .token_command = "echo wrong",
	                                          .token_word = "API key",
	                                          .denies = rude_denies },
	                    &err);
	assert_non_null(w->api);
	get(w, "GET", "/rude");
	assert_int_equal(w->answer.err.code, ERR_DENIED);
	assert_non_null(strstr(w->answer.err.text,
	                       "Headscale home rejects the API key (500: Unauthorized); "
	                       "token_command of [headscale home] must print one that it knows"));
	assert_int_equal(w->answer.date_ms, 1764108374000);
	get(w, "GET", "/broken");
	assert_int_equal(w->answer.err.code, ERR_REFUSED);
	assert_int_equal(w->answer.date_ms, 0);
	api_destroy(w->api);
	open_api(w, "exit 7", port);
	unsigned asked = httpd_requests(server);
	api_call(w->api,
	         &(struct api_request){
			 .path = "/good", .open = true, .late = true, .done = on_done, .arg = w });
	turn_until(w, 3);
	/* what token_command says comes first */
	assert_int_equal(w->answer.err.code, ERR_DENIED);
	assert_int_equal(httpd_requests(server), asked);
	api_call(w->api,
	         &(struct api_request){ .path = "/good", .open = true, .done = on_done, .arg = w });
	turn_until(w, 4);
	assert_int_equal(w->answer.err.code, ERR_NONE);
}

static void test_no_token(void **state)
{
	static const struct {
		const char *command, *words;
	} rows[] = {
		{ "echo hush >&2; exit 3",
		  "[dokploy home]: token_command ended with code 3: ****" },
		{ "\"$SAYS\"",
		  "[dokploy home]: token_command ended with code 9: the vault is locked" },
		/* no argument, however short, and no option or path */
		{ "\"$SAYS\" s3c pw:s3d -ps3e /s3f",
		  "code 9: the vault is locked, no **:***: *** **:*** -**** /***" },
		{ "exit 4", "[dokploy home]: token_command ended with code 4 and said nothing" },
		{ "true", "[dokploy home]: token_command printed nothing" },
		{ "kill -9 $$; echo secret-place", "[dokploy home]: token_command " },
		{ "v=s.hvs12345 ; echo \"no entry for $v, sorry\" >&2; exit 5",
		  "code 5: ** ***** *** *.********, *****" },
		{ "echo the-very-token; echo the-very-token is not for you >&2; exit 6",
		  "code 6: ************** ** *** *** ***" },
		{ "printf 'X-Vault-Token: %s%s was not taken\n' hvs.a b >&2; exit 7",
		  "code 7: *-*****-*****: ****** *** *** *****" },
		{ "head -c 100000 /dev/zero | tr '\\0' s",
		  "[dokploy home]: token_command could not be run to its end" },
	};
	struct world *w = *state;
	char vault[96];
	snprintf(vault, sizeof(vault), "%s/says", w->dir);
	FILE *f = fopen(vault, "w");
	assert_non_null(f);
	fputs("#!/bin/sh\necho \"the vault is locked${1:+, no $2: $*}\" >&2\nexit 9\n", f);
	fclose(f);
	assert_int_equal(chmod(vault, 0700), 0);
	setenv("SAYS", vault, 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		open_api(w, rows[i].command, port);
		ask(w, "GET", "/who");
		ask(w, "GET", "/good");
		turn_until(w, w->done + 2);
		assert_non_null(strstr(w->answer.err.text, rows[i].words));
		assert_null(strstr(w->answer.err.text, "secret-place"));
		assert_null(strstr(w->answer.err.text, " s3"));
		assert_null(strstr(w->answer.err.text, "hvs"));
		assert_null(strstr(w->answer.err.text, "the-very-token"));
		assert_int_equal(w->answer.status, 0);
		api_destroy(w->api);
		w->api = NULL;
	}
	unlink(vault);
}

static int runs_of_command(const struct world *w)
{
	char path[64];
	struct stat st;
	snprintf(path, sizeof(path), "%s/count", w->dir);
	return stat(path, &st) == 0 ? (int)st.st_size : 0;
}

/* A service without a section and an url, such as an OpenCode server that was found: a password
 * that is asked for late, or given, and a Basic login. */
static void test_basic(void **state)
{
	struct world *w = *state;
	struct endpoint at = { .kind = ENDPOINT_TCP, .host = "127.0.0.1", .port = port };
	char command[100];
	struct err err;
	snprintf(command, sizeof(command), "printf x >>%s/count; echo first-secret", w->dir);
	struct api_config config = { .product = "OpenCode",
		                     .who = "OpenCode on here",
		                     .endpoints = &at,
		                     .n_endpoints = 1,
		                     .user = "u",
		                     .token_word = "password",
		                     .command_word = "password_command",
		                     .asks_late = true,
		                     .only_json = true };
	w->api = api_create(w->http, w->link, &config, &err);
	get(w, "GET", "/p/good");
	assert_int_equal(w->answer.err.code, ERR_GARBLED);
	assert_non_null(strstr(w->answer.err.text, "OpenCode on here sent no type at /p/good "
	                                           "where JSON was expected"));
	get(w, "GET", "/basic");
	assert_int_equal(w->answer.status, 401);
	assert_non_null(strstr(w->answer.err.text, "OpenCode on here wants a password (401"));
	/* the settings name a command: it runs once the service wants a password */
	config.section = "opencode";
	config.name = "home";
	config.token_command = command;
	api_set_login(w->api, &config);
	get(w, "GET", "/p/good");
	assert_int_equal(runs_of_command(w), 0);
	get(w, "GET", "/basic");
	assert_int_equal(w->answer.err.code, ERR_NONE);
	assert_int_equal(runs_of_command(w), 1);
	assert_string_equal(api_token(w->api)->text, "first-secret");
	/* one that was typed is never replaced by the command's */
	api_give_token(w->api, secret_create("wrong", 5), false);
	get(w, "GET", "/basic");
	assert_int_equal(w->answer.status, 401);
	assert_non_null(strstr(w->answer.err.text, "rejects the password"));
	assert_int_equal(runs_of_command(w), 1);
	/* one that an earlier api had from the command is, at once */
	api_give_token(w->api, secret_create("older", 5), true);
	get(w, "GET", "/basic");
	assert_int_equal(w->answer.err.code, ERR_NONE);
	assert_int_equal(runs_of_command(w), 2);
	struct secret *taken = api_take_token(w->api);
	assert_string_equal(taken->text, "first-secret");
	secret_destroy(taken);
	assert_null(api_token(w->api));
	/* a command that fails: the call says so, and nothing was sent with a password */
	snprintf(command, sizeof(command), "echo locked >&2; exit 3");
	api_set_login(w->api, &config);
	get(w, "GET", "/basic");
	assert_true(w->answer.no_token);
	assert_non_null(strstr(w->answer.err.text, "[opencode home]: password_command ended with "
	                                           "code 3"));
}

static void test_later(void **state)
{
	struct world *w = *state;
	open_api(w, NULL, port);
	busy_left = 2;
	int64_t began = now_mono_ms();
	ask(w, "POST", "/busy");
	/* an hour is told, not waited for; nothing else goes out either */
	get(w, "GET", "/later");
	assert_int_equal(w->answer.err.code, ERR_REFUSED);
	assert_non_null(strstr(w->answer.err.text, "accepts no more calls for now (429: Too Many "
	                                           "Attempts.); it asks to wait 1h"));
	wanted[0] = '\0';
	/* it waited twice for a second and was then let in or not: no 429 any more */
	turn_until(w, 2);
	assert_int_equal(w->answer.status, 401);
	assert_int_equal(w->waited, 1000);
	assert_true(now_mono_ms() - began >= 1990);
	busy_left = 1;
	w->waited = 0;
	began = now_mono_ms();
	api_call(w->api, &(struct api_request){ .path = "/busy",
	                                        .once = true,
	                                        .waits = on_waits,
	                                        .done = on_done,
	                                        .arg = w });
	turn_until(w, 3);
	assert_int_equal(w->answer.status, 429);
	assert_int_equal(w->waited, 0);
	get(w, "GET", "/good"); /* held back until the second is over */
	assert_int_equal(w->answer.status, 200);
	assert_true(now_mono_ms() - began >= 990);
}

static void test_ends(void **state)
{
	struct world *w = *state;
	open_api(w, "echo first-secret", port);
	api_cancel(ask(w, "GET", "/who")); /* before it began */
	struct api_call *hanging = ask(w, "GET", "/hang");
	get(w, "GET", "/who");
	api_cancel(hanging); /* while it runs */
	get(w, "GET", "/who");
	assert_int_equal(w->done, 2);
	ask(w, "GET", "/hang");
	ask(w, "GET", "/who");
	w->destroy = true; /* from inside an answer, with one under way */
	turn_until(w, 3);
	assert_null(w->api);
}

static void test_stream(void **state)
{
	struct world *w = *state;
	open_api(w, NULL, port);
	api_call(w->api, &(struct api_request){
				 .path = "/stream", .data = on_data, .done = on_done, .arg = w });
	turn_until(w, 1);
	assert_int_equal(w->answer.err.code, ERR_NONE);
	assert_string_equal(w->stream, "data: 1\n\ndata: 2\n\n");
	assert_true(was_asked("Accept: text/event-stream"));
}

static void test_urls(void **state)
{
	static const struct {
		const char *url, *host;
		int port;
		bool tls;
		const char *prefix;
	} good[] = {
		{ "http://a", "a", 80, false, "" },
		{ "https://hs.example:8443/base/", "hs.example", 8443, true, "/base" },
		{ "https://hs.example", "hs.example", 443, true, "" },
		{ "http://[::1]:3000", "[::1]", 3000, false, "" },
		{ "http://10.0.0.1:65535///", "10.0.0.1", 65535, false, "" },
	};
	static const char *const bad[] = { "",
		                           "a",
		                           "ftp://a",
		                           "http://",
		                           "http:///x",
		                           "http://a:0",
		                           "http://a:65536",
		                           "http://a:x",
		                           "http://a:80x/",
		                           "http://u:p@host",
		                           "http://a b",
		                           "http://a?x",
		                           "http://a/x?y",
		                           "http://a/x\r\nX: y",
		                           "http://a:",
		                           "http://:80" };
	struct endpoint endpoint;
	char host[64];
	const char *prefix;
	size_t n;
	struct err err;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(
			api_url_endpoint(good[i].url, &endpoint, host, sizeof(host), &prefix, &n));
		assert_string_equal(host, good[i].host);
		assert_int_equal(endpoint.port, good[i].port);
		assert_int_equal(endpoint.tls, good[i].tls);
		assert_int_equal(n, strlen(good[i].prefix));
		assert_memory_equal(prefix, good[i].prefix, n);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (api_url_endpoint(bad[i], &endpoint, host, sizeof(host), &prefix, &n))
			fail_msg("\"%s\" was taken", bad[i]);
	struct world *w = *state;
	assert_null(api_create(w->http, w->link,
	                       &(struct api_config){
				       .section = "coolify", .name = "x", .product = "Coolify" },
	                       &err));
	assert_string_equal(err.text,
	                    "[coolify x]: url must read http://HOST:PORT or https://HOST");
}

static void test_words(void **state)
{
	static const struct {
		const char *body, *words;
	} rows[] = {
		{ "", "nothing" },
		{ "{}", "{}" },
		{ "\"just so\"", "just so" },
		{ "plain\nmore", "plain" },
		{ "{\"error\":{\"message\":\"deep\"}}", "deep" },
		{ "{\"detail\":\"d\",\"errors\":[\"d\",\"e\"]}", "d; e" },
		{ "{\"error\":\"a\",\"message\":\"b\"}", "b" },
		{ "  <p>x", "a web page" },
		{ "<TITLE> a\tb </TITLE>", "a web page: a b " },
		{ "<title>no end", "a web page" },
	};
	char buf[100];
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t n = 0; n <= strlen(rows[i].body); n++) {
			/* of its exact size, for the sanitizers */
			char *cut = xcalloc(1, n + 1);
			memcpy(cut, rows[i].body, n);
			api_words(buf, sizeof(buf), cut, n);
			if (n == strlen(rows[i].body))
				assert_string_equal(buf, rows[i].words);
			free(cut);
		}
}

static void test_retry_after(void **state)
{
	int64_t now = 1445412480000; /* Wed, 21 Oct 2015 07:28:00 GMT */
	assert_int_equal(api_retry_after("30", now), 30000);
	assert_int_equal(api_retry_after(" 0", now), 0);
	/* Discord's: never too early */
	assert_int_equal(api_retry_after("64.57", now), 64570);
	assert_int_equal(api_retry_after("0.0001", now), 1);
	assert_int_equal(api_retry_after("1.2345000", now), 1235);
	assert_int_equal(api_retry_after("2.000", now), 2000);
	assert_int_equal(api_retry_after("604800.5", now), 7 * 86400000LL);
	assert_int_equal(api_retry_after("99999999999999999999", now), 7 * 86400000LL);
	assert_int_equal(api_retry_after("Wed, 21 Oct 2015 07:28:10 GMT", now), 10000);
	assert_int_equal(api_retry_after("Wed, 21 Oct 2014 07:28:10 GMT", now), 0);
	assert_int_equal(api_retry_after("Wed, 21 ctN 2015 07:28:10 GMT", now), -1);
	assert_int_equal(api_retry_after("soon", now), -1);
	assert_int_equal(api_retry_after("-5", now), -1);
	assert_int_equal(api_retry_after(NULL, now), -1);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, make_world, end_world)
	const struct CMUnitTest tests[] = {
		T(test_sentences),
		T(test_nobody_there),
		T(test_token),
		T(test_token_changed),
		T(test_token_pause),
		T(test_token_after_pause),
		T(test_denied_otherwise),
		T(test_no_token),
		T(test_basic),
		T(test_later),
		T(test_ends),
		T(test_stream),
		T(test_urls),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_retry_after),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
