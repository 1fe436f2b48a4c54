/* api.h: a web service that speaks JSON over HTTP, as [dokploy NAME], [coolify NAME] and their like
 * name one: where it is, its token, its calls, and one place where whatever can go wrong with a
 * call becomes a sentence.
 *
 *   api = api_create(store_http(s), source_link(source), &(struct api_config){ .section =
 * "dokploy", .name = c->name, .product = "Dokploy", .url = c->url, .token_command =
 * c->token_command, .token_header = "x-api-key: " }, &err); a->call = api_call(api, &(struct
 * api_request){ .method = "POST", .path = "/api/project.create", .body = json, .done = made, .arg =
 * a }); static void made(const struct api_answer *r, void *arg)
 *   {
 *           struct act *a = arg;
 *           a->call = NULL;                              // it is over
 *           if (r->err.code)
 *                   return act_fail(a, &r->err);         // the sentence says what was tried,
 * where, what was said, what would help parse(r->body, r->len, ...);
 *   }
 *
 * What it does by itself: asks token_command before the first call, and once more when a token that
 * worked is refused (401); waits as long as a 429 asks for (Retry-After) and holds back all other
 * calls until then; gives up on whoever does not answer. What it does not: it repeats nothing that
 * may have been done there. An answer is told as it came, and never recorded here. */
#ifndef LINK_API_H
#define LINK_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"

struct api;
struct api_call;
struct http;
struct link;
struct endpoint;

/* All strings are copied. */
struct api_config {
	const char *section, *name; /* of [SECTION NAME], for the sentences: "dokploy", "home" */
	const char *product;        /* "Dokploy" */
	/* http[s]://HOST[:PORT][/PREFIX]; as seen from where link ends */
	const char *url;
	/* run on this machine, prints the token; NULL: it has none */
	const char *token_command;
	const char *token_header; /* what the token is put behind: "x-api-key: "; NULL:
	                             "Authorization: Bearer " */
	const char *token_help;   /* what a refused token's sentence ends with: "Settings, Profile
	                             there makes a new one"; NULL */
	const char *token_word;   /* what it is called there: "API key"; NULL: "token" */
	/* An answer that means 401, though it says otherwise; static; NULL: none does. */
	bool (*denies)(int status, const char *body);
};

/* link (borrowed): the server to go through (its source_link), or a local one for this machine's
 * own network. NULL and a sentence when the url is none. Nothing is opened or asked before the
 * first call. */
struct api *api_create(struct http *, struct link *, const struct api_config *, struct err *);
/* ends its calls without telling, wipes the token; NULL is fine */
void api_destroy(struct api *);

struct api_answer {
	/* code ERR_NONE: a 2xx answer that is no web page. Else the whole sentence */
	struct err err;
	int status;       /* 0: none came */
	const char *body; /* NUL-ended, not washed; "" when none. Also of a refusal, for who reads
	                     more of it than err says */
	size_t len;
	/* it failed so that what it was to change may have been changed (no answer to a POST) */
	bool unsure;
	/* the far side's clock (its Date header, whole seconds); 0 not told */
	int64_t date_ms;
};

struct api_request {
	const char *method; /* NULL: GET */
	const char *path; /* behind url: "/api/project.all"; encoded by the caller (http_encode) */
	const char *body; /* JSON; NULL: none. Copied, wiped after */
	const char *const *headers; /* more of them, "Name: value", ended by NULL; NULL */
	size_t max;                 /* bytes of an answer; 0: 16 MB */
	/* 0: API_TIMEOUT_MS; of each attempt, not of waiting as asked by a 429 */
	int64_t timeout_ms;
	bool open; /* without the token: /health */
	/* open, but once the token is there: what token_command says comes first */
	bool late;
	bool once; /* a 429 is told at once instead of waited for */

	/* A stream (SSE): each piece of a 2xx answer comes here, false pauses until api_resume;
	 * done then comes at its end, without a body. answered: its head came; from then on it has
	 * no time limit. */
	bool (*data)(struct api_call *, const char *, size_t, void *arg);
	void (*answered)(struct api_call *, void *arg);
	/* It was told to wait this long (429) and does; or NULL. */
	void (*waits)(struct api_call *, int64_t ms, void *arg);
	/* Once, at the end, never before api_call returns, unless it is cancelled; the call is gone
	 * by then. It may do anything, also destroy the api. */
	void (*done)(const struct api_answer *, void *arg);
	void *arg;
};
#define API_TIMEOUT_MS 15000
#define API_WAIT_MAX_MS 120000 /* a Retry-After beyond it is told, not waited for */

struct api_call *api_call(struct api *, const struct api_request *);
void api_cancel(struct api_call *); /* NULL is fine; done is not called */
void api_resume(struct api_call *);

/* A WebSocket of it (ws.h), with the token that calls used before: NULL and err when there is none
 * yet, or the url is https. */
struct ws;
struct ws_events;
struct ws *api_ws(struct api *, const char *path, const struct ws_events *, void *arg,
                  struct err *);

/* --- pure, also for others ----------------------------------------------- */

/* "https://hs.example:8443/base" as a endpoint of a origin; host (size bytes) holds its name.
 * *prefix: what is behind it without a slash at the end, borrowed of url, *prefix_len bytes. False:
 * not http://HOST or https://HOST, a port that is none, a name and password in it. */
bool api_url_endpoint(const char *url, struct endpoint *endpoint, char *host, size_t size,
                      const char **prefix, size_t *prefix_len);

/* The words of an answer that refuses, washed into buf, which is returned: message, error (also
 * error.message), detail or title of a JSON object, what it says field by field (issues, errors),
 * else the first line of a text, "a web page: its title" of HTML; "nothing" for nothing. */
char *api_words(char *buf, size_t size, const char *body, size_t len);

/* Seconds of a Retry-After header as ms: a number or an HTTP date (now: wall clock). -1: none that
 * can be understood. */
int64_t api_retry_after(const char *value, int64_t now_wall_ms);

#endif
