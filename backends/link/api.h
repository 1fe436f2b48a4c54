/* api.h: a web service that speaks JSON over HTTP, such as [dokploy NAME] or [coolify NAME].
 *
 * An api holds the address and the token of the service and makes its calls. Every failure of a
 * call becomes one sentence here.
 *
 *   api = api_create(store_http(s), source_link(source), &(struct api_config){
 *           .section = "dokploy", .name = c->name, .product = "Dokploy", .url = c->url,
 *           .token_command = c->token_command, .token_header = "x-api-key: " }, &err);
 *   a->call = api_call(api, &(struct api_request){
 *           .method = "POST", .path = "/api/project.create", .body = json,
 *           .done = made, .arg = a });
 *
 *   static void made(const struct api_answer *r, void *arg)
 *   {
 *           struct act *a = arg;
 *           a->call = NULL; // the call has ended
 *           if (r->err.code)
 *                   return act_fail(a, &r->err); // a complete sentence
 *           parse(r->body, r->len, ...);
 *   }
 *
 * The error sentence says what was tried, where, the answer, and what would help.
 *
 * The api runs token_command before the first call. It runs the command once more when a working
 * token is refused (401). After that, and after a failure of the command, the next run waits as
 * struct token_pause says (token.h). Meanwhile the calls send the refused token, or fail with the
 * command's sentence. After a 429 it waits as long as
 * Retry-After asks and holds back all other calls. A call without an answer fails after its
 * timeout. The api never repeats a call that may have changed something on the server. It passes
 * answers on unchanged and never records them.
 *
 * A service without an address of its own, such as an OpenCode server that a look found, names its
 * endpoints instead of a url. Its password may come from elsewhere: see api_give_token. */
#ifndef LINK_API_H
#define LINK_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"

struct api;
struct api_call;
struct http;
struct call;
struct link;
struct endpoint;
struct origin;
struct secret;

/* All strings are copied. */
struct api_config {
	const char *section, *name; /* of [SECTION NAME], for error sentences: "dokploy", "home" */
	const char *product;        /* "Dokploy" */
	/* begins every error sentence; NULL: product and name. Required when section is NULL: then
	 * no section is for the service. */
	const char *who;
	/* http[s]://HOST[:PORT][/PREFIX], as seen from the far end of link */
	const char *url;
	/* tried in this order until one opens (http.h), instead of url; n_endpoints 0: see url */
	const struct endpoint *endpoints;
	size_t n_endpoints;
	/* runs on this machine and prints the token; NULL: the service needs no token */
	const char *token_command;
	/* the name of that setting; NULL: "token_command" */
	const char *command_word;
	/* Run token_command only after the service wanted a token (401). Until then the calls are
	 * sent without one. */
	bool asks_late;
	/* The token is the password of this user: sent as a Basic login (RFC 7617). NULL: see
	 * token_header. */
	const char *user;
	/* An answer with a body counts only as application/json. Not for streams. */
	bool only_json;
	/* A 429 of a call with .once holds back no other call: somebody waits for their answers. */
	bool waits_alone;
	/* the first pause before token_command runs again; 0: TOKEN_PAUSE_LEAST_MS */
	int64_t token_pause_ms;
	/* header text in front of the token: "x-api-key: "; NULL: "Authorization: Bearer " */
	const char *token_header;
	/* ends the sentence about a refused token: "Settings, Profile there makes a new one"; NULL:
	 * nothing */
	const char *token_help;
	/* the service's own name for the token: "API key"; NULL: "token" */
	const char *token_word;
	/* Recognizes a refused token behind another status than 401. A static function; NULL: 401
	 * only. */
	bool (*denies)(int status, const char *body);
};

/* Makes an api; it opens and sends nothing before the first call. link (borrowed) is the server to
 * go through (its source_link), or a local link for this machine's own network. Returns NULL and a
 * sentence in err when the url is not valid. */
struct api *api_create(struct http *, struct link *, const struct api_config *, struct err *);
/* Ends all calls without calling done, wipes the token. NULL is fine. */
void api_destroy(struct api *);

/* The calls from now on send this token, which the api owns. NULL: forget the token. kept: an
 * earlier api took it from token_command, which runs again once the token is refused. Otherwise
 * somebody typed it, or a file holds it, and the command never replaces it. */
void api_give_token(struct api *, struct secret *, bool kept);
/* the token in use, borrowed until the next call or answer; NULL: none */
const struct secret *api_token(const struct api *);
/* Hands the token to the caller, who destroys it. NULL: none. */
struct secret *api_take_token(struct api *);
/* The settings changed, or the user wants a new try: takes over section, name, user and
 * token_command. The command may run again without a pause. */
void api_set_login(struct api *, const struct api_config *);
/* for http.h: a connection ahead, a port of ours; borrowed */
struct origin *api_origin(const struct api *);

struct api_answer {
	/* code ERR_NONE: a 2xx answer that is not a web page; otherwise the whole sentence */
	struct err err;
	int status; /* HTTP status; 0: no answer */
	/* NUL-terminated, not washed; "" without an answer. Also set for a refusal, because the
	 * body may say more than err. */
	const char *body;
	size_t len;
	const char *content_type; /* "" without an answer, or when missing */
	struct call *call;        /* for call_header, until done returns; NULL: no answer */
	/* Nothing was sent, because token_command printed no token: err says why. */
	bool no_token;
	/* The call failed, but the server may have made the change (no answer to a POST). */
	bool unsure;
	/* the server's clock from its Date header, ms since 1970, whole seconds; 0 unknown */
	int64_t date_ms;
};

struct api_request {
	const char *method; /* NULL: GET */
	/* appended to url: "/api/project.all"; the caller encodes it (http_encode) */
	const char *path;
	const char *body; /* JSON; NULL: none. Copied, and the copy is wiped afterwards. */
	const char *const *headers; /* extra "Name: value" headers, NULL-terminated; NULL: none */
	size_t max;                 /* size limit of the answer in bytes; 0: 16 MB */
	/* timeout of each attempt, without the wait after a 429; 0: API_TIMEOUT_MS */
	int64_t timeout_ms;
	bool open; /* send no token: /health */
	/* send no token, but wait until token_command has printed one */
	bool late;
	bool once; /* on a 429, fail at once instead of waiting */

	/* For a stream (SSE): receives each piece of a 2xx answer. Return false to pause until
	 * api_resume. done then comes at the end, without a body. answered comes with the response
	 * head, and from then on the stream has no timeout. */
	bool (*data)(struct api_call *, const char *, size_t, void *arg);
	void (*answered)(struct api_call *, void *arg);
	/* The call waits this long after a 429; or NULL. */
	void (*waits)(struct api_call *, int64_t ms, void *arg);
	/* Called exactly once, at the end, unless the call is cancelled. Never called before
	 * api_call returns. The call is already freed, and done may even destroy the api. */
	void (*done)(const struct api_answer *, void *arg);
	void *arg;
};
#define API_TIMEOUT_MS 15000
#define API_WAIT_MAX_MS 120000 /* fail instead of waiting when Retry-After asks for more */

struct api_call *api_call(struct api *, const struct api_request *);
void api_cancel(struct api_call *); /* NULL is fine; done is not called */
void api_resume(struct api_call *);

/* Opens a WebSocket of the service (ws.h) with the token of the earlier calls. NULL and err when no
 * call has fetched the token yet, or when the url is https. */
struct ws;
struct ws_events;
struct ws *api_ws(struct api *, const char *path, const struct ws_events *, void *arg,
                  struct err *);

/* --- pure functions, used elsewhere too ---------------------------------- */

/* Reads a url such as "https://hs.example:8443/base" into endpoint, and its name into host (size
 * bytes). *prefix points into url, at the path without its last slash, *prefix_len bytes. False:
 * not http://HOST or https://HOST, an invalid port, or a user name or password in the url. */
bool api_url_endpoint(const char *url, struct endpoint *endpoint, char *host, size_t size,
                      const char **prefix, size_t *prefix_len);

/* Extracts the message of a refusal into buf, washed, and returns buf. In a JSON object the message
 * is data.message, message, error, detail or title, and the fields of issues or errors. Each may be
 * a text, an object with a message, or a list of such objects. Without any of them the message is
 * name. Otherwise it is the first line of a text, or "a web page: TITLE" for HTML. An empty body
 * gives "nothing". */
char *api_words(char *buf, size_t size, const char *body, size_t len);

/* Converts a Retry-After header, a number of seconds or an HTTP date, to ms from now_wall_ms (RFC
 * 9110 10.2.3). Discord sends seconds with a fraction. -1: missing or not understood. */
int64_t api_retry_after(const char *value, int64_t now_wall_ms);

#endif
