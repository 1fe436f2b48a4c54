/* api.c: all calls wait in one ordered list until the token is available and no Retry-After blocks
 * them. Each answer of http.c then becomes an answer or an error sentence. */
#include "backends/link/api.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/base64.h"
#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/list.h"
#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"
#include "backends/base/wash.h"
#include "backends/link/http.h"
#include "backends/link/loop.h"
#include "backends/link/token.h"
#include "backends/link/ws.h"

#define AGAIN_MS 5000 /* ms of back-off after a 429 without Retry-After */
#define WAITS_MAX 5   /* 429s in a row for one call */
#define WORDS 160
#define SHOWN_PATH 60

enum token_state {
	TOKEN_UNPROVEN,
	TOKEN_PROVEN,  /* the service accepted this token once */
	TOKEN_REFUSED, /* by the service: run token_command again after the pause */
	TOKEN_GIVEN,   /* by api_give_token: token_command does not replace it */
};

struct api {
	struct http *http; /* borrowed */
	struct link *link; /* borrowed */
	struct loop *loop; /* borrowed */
	char *who;         /* begins every sentence: "Dokploy home" */
	char *label;       /* "[dokploy home]"; NULL: no section is for it */
	char *prefix;      /* of every path */
	char *product, *token_command, *command_word, *token_header, *token_help, *token_word;
	char *user; /* NULL: no Basic login */
	bool only_json;
	bool (*denies)(int status, const char *body);
	struct origin *origin;
	struct endpoint endpoint; /* of the url; host is owned */
	struct secret *token;     /* NULL: run token_command first */
	struct token_ask *asking;
	unsigned token_no; /* number of the current token */
	enum token_state state;
	bool asks_late, waits_alone;
	struct token_pause pause;
	struct err no_token;      /* why token_command printed none */
	int64_t not_before;       /* loop clock: no call starts earlier */
	struct loop_timer *timer; /* fires at not_before */
	struct api_call *calls;   /* oldest first */
};

struct api_call {
	struct api *api;
	struct api_call *next;
	struct api_request spec; /* its strings are copied below */
	char *method, *path, *body;
	char **headers;
	struct call *call; /* NULL: still waiting */
	struct err err;    /* ended before it started: report this */
	unsigned token_no, waits;
	bool asked_again; /* token_command ran again after this call's 401 */
};

static void api_advance(void *arg);

static void api_want_advance(struct api *api)
{
	loop_defer_cancel(api->loop, api_advance, api);
	loop_defer(api->loop, api_advance, api);
}

/* --- errors as sentences -------------------------------------------------- */

static bool api_is_page(const char *body)
{
	return body[strspn(body, " \t\r\n\xef\xbb\xbf")] == '<';
}

static bool api_only_reads(const struct api_call *c)
{
	return !strcmp(c->method, "GET") || !strcmp(c->method, "HEAD");
}

/* Length of the path for a sentence: without the query, at most SHOWN_PATH bytes. */
static int api_shown(const struct api_call *c)
{
	size_t n = strcspn(c->path, "?");
	return (int)(n < SHOWN_PATH ? n : SHOWN_PATH);
}

static bool api_denied(const struct api *api, const struct reply *r)
{
	return r->status == 401 || (api->denies && !r->err.code && api->denies(r->status, r->body));
}

static void api_say_denied(const struct api_call *c, int status, const char *words, struct err *err)
{
	const struct api *api = c->api;
	const char *help = api->token_help;
	bool lacks = !api->token && !c->spec.open && (!api->token_command || api->asks_late);
	if (lacks && !api->token_command && api->label)
		err_set(err, ERR_DENIED, "%s wants a %s (%d: %s), and %s has no %s%s", api->who,
		        api->token_word, status, words, api->label, api->command_word, help);
	else if (lacks)
		err_set(err, ERR_DENIED, "%s wants a %s (%d: %s)%s", api->who, api->token_word,
		        status, words, help);
	else if (status == 403)
		err_set(err, ERR_DENIED, "%s does not allow %s %.*s with this %s (%d: %s)%s",
		        api->who, c->method, api_shown(c), c->path, api->token_word, status, words,
		        help);
	else if (api->token_command)
		err_set(err, ERR_DENIED,
		        "%s rejects the %s (%d: %s); %s of %s must print one that it knows%s",
		        api->who, api->token_word, status, words, api->command_word, api->label,
		        help);
	else
		err_set(err, ERR_DENIED, "%s rejects the %s (%d: %s)%s", api->who, api->token_word,
		        status, words, help);
}

/* Copies text with the token of this api replaced: some services repeat a token that they refuse.
 * The caller frees. */
static char *api_without_token(const struct api *api, const char *text, size_t len)
{
	const char *token = api->token ? api->token->text : "", *end = text + len, *at;
	size_t n = strlen(token);
	struct buf out = { 0 };
	buf_puts(&out, "");
	while (n && (at = memmem(text, (size_t)(end - text), token, n))) {
		buf_add(&out, text, (size_t)(at - text));
		buf_puts(&out, MASK);
		text = at + n;
	}
	buf_add(&out, text, (size_t)(end - text));
	return buf_take(&out);
}

/* api_words of the answer, without the token. */
static void api_words_of(const struct api_call *c, const struct reply *r, char *buf, size_t size)
{
	char *clean = api_without_token(c->api, r->body, r->len);
	api_words(buf, size, clean, strlen(clean));
	free(clean);
}

static void api_say_status(const struct api_call *c, const struct reply *r, struct err *err)
{
	const struct api *api = c->api;
	char words[WORDS], wait[HUMAN_SIZE], asks[64] = "";
	const char *where = call_header(c->call, "Location");
	char *to = where ? api_without_token(c->api, where, strlen(where)) : NULL;
	int64_t ms = api_retry_after(call_header(c->call, "Retry-After"), now_wall_ms());
	if (ms > 0)
		snprintf(asks, sizeof(asks), "; it asks to wait %s", human_span(wait, ms));
	api_words_of(c, r, words, sizeof(words));
	if (api_denied(api, r) || r->status == 403)
		api_say_denied(c, r->status, words, err);
	else if (r->status / 100 == 3)
		err_set(err, ERR_GARBLED, "%s sends %s %.*s elsewhere (%d, %.120s)", api->who,
		        c->method, api_shown(c), c->path, r->status,
		        to ? to : "without saying where");
	else if (r->status == 404 && api_is_page(r->body))
		err_set(err, ERR_ABSENT, "%s has no %.*s (404, %s)", api->who, api_shown(c),
		        c->path, words);
	else if (r->status == 404)
		err_set(err, ERR_ABSENT, "%s does not know it (404): %s", api->who, words);
	else if (r->status == 429)
		err_set(err, ERR_REFUSED, "%s accepts no more calls for now (429: %s)%s", api->who,
		        words, asks);
	else if (r->status / 100 == 5 && api_is_page(r->body))
		err_set(err, ERR_REFUSED,
		        "%s is not available (%d, %s): what is in front of it cannot reach it",
		        api->who, r->status, words);
	else if (r->status / 100 == 5)
		err_set(err, ERR_REFUSED, "%s failed at %s %.*s (%d): %s", api->who, c->method,
		        api_shown(c), c->path, r->status, words);
	else
		err_set(err, ERR_REFUSED, "%s refuses %s %.*s (%d): %s", api->who, c->method,
		        api_shown(c), c->path, r->status, words);
	/* what the url of the section may be wrong about */
	const char *wrong = NULL;
	struct err said = *err;
	if (r->status / 100 == 3)
		wrong = "must name where it really is";
	else if (r->status == 404 && api_is_page(r->body))
		wrong = "may lead to another service";
	if (wrong && api->label)
		err_set(err, said.code, "%s; url of %s %s", said.text, api->label, wrong);
	free(to);
}

static void api_judge(const struct api_call *c, const struct reply *r, struct api_answer *out)
{
	static const enum err_code unsure[] = { ERR_TIMEOUT, ERR_LOST, ERR_TOO_BIG, ERR_GARBLED };
	const struct api *api = c->api;
	bool has_body = r->status != 204 && !c->spec.data;
	struct err why;
	if (r->err.code) {
		int64_t limit = c->spec.timeout_ms ? c->spec.timeout_ms : API_TIMEOUT_MS;
		if (r->err.code == ERR_TIMEOUT)
			err_set(&out->err, ERR_TIMEOUT, "%s did not answer %s %.*s within %lld s",
			        api->who, c->method, api_shown(c), c->path,
			        (long long)(limit + 999) / 1000);
		else
			err_set(&out->err, r->err.code, "%s: %s", api->who, r->err.text);
	} else if (r->status / 100 != 2) {
		api_say_status(c, r, &out->err);
	} else if (api->only_json && has_body &&
	           strncmp(r->content_type, "application/json", 16) != 0) {
		err_set(&out->err, ERR_GARBLED,
		        "%s sent %.100s at %.*s where JSON was expected; what answers there may "
		        "not be %s",
		        api->who, r->content_type[0] ? r->content_type : "no type", api_shown(c),
		        c->path, api->product);
	} else if (api_is_page(r->body)) {
		char words[WORDS];
		api_words_of(c, r, words, sizeof(words));
		err_set(&out->err, ERR_GARBLED,
		        "%s answers %.*s with %s and not as %s: a login page or a proxy is in "
		        "front of it, or url leads elsewhere",
		        api->who, api_shown(c), c->path, words, api->product);
	}
	bool may_be_done = r->status / 100 == 2 || r->status == 502 || r->status == 504;
	for (size_t i = 0; !r->status && i < ARRAY_LEN(unsure); i++)
		may_be_done = may_be_done || r->err.code == unsure[i];
	out->unsure = out->err.code && may_be_done && !api_only_reads(c);
	if (!out->unsure)
		return;
	why = out->err;
	err_set(&out->err, why.code, "%.260s; whether it was done is not known", why.text);
}

/* --- how a call ends ----------------------------------------------------- */

static void api_wipe_text(char *text)
{
	if (text)
		wipe(text, strlen(text));
	free(text);
}

static void api_call_drop(struct api_call *c)
{
	LIST_DROP(c->api->calls, c);
	for (size_t i = 0; c->headers[i]; i++)
		free(c->headers[i]);
	free(c->headers);
	free(c->method);
	free(c->path);
	api_wipe_text(c->body);
	free(c);
}

/* Must be the last use of the call: done may destroy even the api. */
static void api_tell(struct api_call *c, const struct api_answer *answer)
{
	void (*done)(const struct api_answer *, void *) = c->spec.done;
	void *arg = c->spec.arg;
	api_call_drop(c);
	if (done)
		done(answer, arg);
}

static bool api_may_ask(const struct api *api)
{
	return token_pause_is_over(&api->pause, loop_now(api->loop));
}

/* A 401 for a token that worked before: the token was changed on the service. A token that did not
 * work yet, or that was just asked for, is sent as it is until the pause is over. */
static bool api_asks_again(struct api_call *c)
{
	struct api *api = c->api;
	if (c->spec.open || !api->token_command || api->state == TOKEN_GIVEN)
		return false;
	bool newer = api->token_no != c->token_no;
	if (!newer && api->state != TOKEN_REFUSED) {
		if (api->token || !api->asks_late)
			token_pause_failed(&api->pause, loop_now(api->loop),
			                   api->state == TOKEN_PROVEN);
		api->state = TOKEN_REFUSED;
	}
	if (c->asked_again || (!newer && !api_may_ask(api)))
		return false;
	c->asked_again = true;
	return true;
}

static bool api_waits_as_asked(struct api_call *c)
{
	struct api *api = c->api;
	int64_t ms = api_retry_after(call_header(c->call, "Retry-After"), now_wall_ms());
	if (ms < 0)
		ms = (int64_t)AGAIN_MS << c->waits;
	if (ms > API_WAIT_MAX_MS)
		return false;
	int64_t until = loop_now(api->loop) + ms;
	if (c->spec.once && api->waits_alone)
		return false;
	if (until > api->not_before)
		/* all calls hold back, even when this call itself fails */
		api->not_before = until;
	if (c->spec.once || c->waits++ >= WAITS_MAX)
		return false;
	if (c->spec.waits)
		c->spec.waits(c, ms, c->spec.arg);
	return true;
}

static void api_on_done(struct call *call, const struct reply *r, void *arg)
{
	struct api_call *c = arg;
	struct api *api = c->api;
	const char *date = call_header(call, "Date");
	struct api_answer answer = { .status = r->status,
		                     .body = r->body,
		                     .len = r->len,
		                     .content_type = r->content_type,
		                     .call = r->status ? call : NULL };
	if (date)
		answer.date_ms = vj_http_date_ms(date);
	/* first, while the token is known that the answer may repeat */
	api_judge(c, r, &answer);
	if ((api_denied(api, r) && api_asks_again(c)) ||
	    (r->status == 429 && api_waits_as_asked(c))) {
		c->call = NULL;
		api_want_advance(api);
		return;
	}
	/* what is open to all says nothing about the token */
	bool proves = !c->spec.open && r->status / 100 == 2 && c->token_no == api->token_no;
	if (proves && api->token && api->state != TOKEN_GIVEN)
		api->state = TOKEN_PROVEN;
	c->call = NULL;
	api_tell(c, &answer);
}

/* --- how a call starts --------------------------------------------------- */

static bool api_on_data(struct call *call, const char *bytes, size_t len, void *arg)
{
	struct api_call *c = arg;
	return c->spec.data(c, bytes, len, c->spec.arg);
}

static void api_on_answered(struct call *call, void *arg)
{
	struct api_call *c = arg;
	if (c->spec.answered)
		c->spec.answered(c, c->spec.arg);
}

/* The header with the token, for api_wipe_text. NULL: no token. */
static char *api_login_header(const struct api *api)
{
	if (!api->token)
		return NULL;
	if (!api->user)
		return xasprintf("%s%s", api->token_header, api->token->text);
	char *plain = xasprintf("%s:%s", api->user, api->token->text),
	     *code = base64_encode(plain, strlen(plain));
	char *header = xasprintf("Authorization: Basic %s", code);
	api_wipe_text(plain);
	api_wipe_text(code);
	return header;
}

#define HEADERS_MAX 8
static void api_start(struct api_call *c)
{
	struct api *api = c->api;
	bool (*on_data)(struct call *, const char *, size_t, void *) = NULL;
	if (c->spec.data)
		on_data = api_on_data;
	int64_t timeout_ms = c->spec.timeout_ms ? c->spec.timeout_ms : API_TIMEOUT_MS;
	char *auth = c->spec.open ? NULL : api_login_header(api);
	char *path = xasprintf("%s%s", api->prefix, c->path);
	const char *headers[HEADERS_MAX + 3] = { c->spec.data ? "Accept: text/event-stream"
		                                              : "Accept: application/json" };
	size_t n = 1;
	for (size_t i = 0; c->headers[i]; i++)
		headers[n++] = c->headers[i];
	if (auth)
		headers[n++] = auth;
	c->token_no = api->token_no;
	c->call = call_start(api->origin,
	                     &(struct call_spec){ .method = c->method,
	                                          .path = path,
	                                          .headers = headers,
	                                          .body = c->body,
	                                          .body_len = c->body ? strlen(c->body) : 0,
	                                          .once = !api_only_reads(c),
	                                          .max = c->spec.max,
	                                          .timeout_ms = timeout_ms,
	                                          .data = on_data,
	                                          .answered = api_on_answered,
	                                          .done = api_on_done,
	                                          .arg = c });
	api_wipe_text(auth);
	free(path);
}

static bool api_waits_for_token(const struct api_call *c)
{
	return !c->spec.open || c->spec.late;
}

static void api_set_token(struct api *api, struct secret *token, enum token_state state)
{
	secret_destroy(api->token);
	api->token = token;
	api->token_no++;
	api->state = state;
}

static void api_on_token(struct secret *token, const struct err *err, void *arg)
{
	struct api *api = arg;
	api->asking = NULL;
	api_set_token(api, token, TOKEN_UNPROVEN);
	if (err) {
		api->no_token = *err;
		token_pause_failed(&api->pause, loop_now(api->loop), false);
	}
	for (struct api_call *c = api->calls; c && err; c = c->next)
		if (!c->call && api_waits_for_token(c))
			c->err = *err;
	api_want_advance(api);
}

/* Starts the call when it may start. A call that has to fail gets its err. */
static void api_try(struct api_call *c)
{
	struct api *api = c->api;
	bool waits = api_waits_for_token(c);
	bool lacks = api->state == TOKEN_REFUSED || (!api->token && !api->asks_late);
	if (waits && lacks && api->token_command && !api->asking && api_may_ask(api)) {
		char *whose = xasprintf("%s: %s", api->label, api->command_word);
		api->asking = token_ask(api->loop, whose, api->token_command, api_on_token, api);
		free(whose);
	}
	if (waits && api->asking)
		return;
	if (waits && api->token_command && !api->token && !api->asks_late)
		c->err = api->no_token;
	else
		api_start(c);
}

/* Starts every call that may start. Reports at most one failed call per turn, because its done may
 * destroy the api. */
static void api_advance(void *arg)
{
	struct api *api = arg;
	int64_t left = api->not_before - loop_now(api->loop);
	for (struct api_call *c = api->calls; c; c = c->next) {
		if (!c->call && !c->err.code && left <= 0)
			api_try(c);
		if (c->call)
			continue;
		if (c->err.code) {
			struct api_answer answer = {
				.err = c->err, .body = "", .content_type = "", .no_token = true
			};
			api_want_advance(api);
			api_tell(c, &answer);
			return;
		}
		if (left > 0)
			loop_timer_set(api->timer, left);
	}
}

struct api_call *api_call(struct api *api, const struct api_request *request)
{
	assert(request->path && request->done);
	struct api_call *c = xcalloc(1, sizeof(*c));
	char **headers = xcalloc(HEADERS_MAX + 1, sizeof(*headers));
	for (size_t i = 0; request->headers && request->headers[i]; i++) {
		assert(i < HEADERS_MAX);
		headers[i] = xstrdup(request->headers[i]);
	}
	*c = (struct api_call){ .api = api,
		                .spec = *request,
		                .method = xstrdup(request->method ? request->method : "GET"),
		                .path = xstrdup(request->path),
		                .body = xstrdup(request->body),
		                .headers = headers };
	LIST_APPEND(api->calls, c);
	api_want_advance(api);
	return c;
}

void api_cancel(struct api_call *c)
{
	if (!c)
		return;
	call_cancel(c->call);
	api_call_drop(c);
}

void api_resume(struct api_call *c)
{
	if (c->call)
		call_resume(c->call);
}

struct ws *api_ws(struct api *api, const char *path, const struct ws_events *events, void *arg,
                  struct err *err)
{
	char *full = xasprintf("%s%s", api->prefix, path), *auth = api_login_header(api);
	const char *const headers[] = { auth, NULL };
	struct ws *ws = NULL;
	if (api->endpoint.tls)
		err_set(err, ERR_ABSENT,
		        "%s tells this by a WebSocket, which is read without TLS only: an url with "
		        "http, through its server, can",
		        api->who);
	else if (api->token_command && !api->token)
		err_set(err, ERR_LOST, "%s has not been asked anything yet", api->who);
	else
		ws = ws_open(api->link, &api->endpoint, api->who, full, headers, events, arg, err);
	api_wipe_text(auth);
	free(full);
	return ws;
}

/* --- the login of a service ---------------------------------------------- */

void api_give_token(struct api *api, struct secret *token, bool kept)
{
	/* the answer of a command that still runs would replace it */
	if (api->asking) {
		token_cancel(api->asking);
		api->asking = NULL;
		api_want_advance(api);
	}
	if (!token)
		api_set_token(api, NULL, TOKEN_UNPROVEN);
	else
		api_set_token(api, token, kept ? TOKEN_PROVEN : TOKEN_GIVEN);
}

const struct secret *api_token(const struct api *api)
{
	return api->token;
}

struct secret *api_take_token(struct api *api)
{
	struct secret *token = api->token;
	api->token = NULL;
	api_set_token(api, NULL, TOKEN_UNPROVEN);
	return token;
}

void api_set_login(struct api *api, const struct api_config *config)
{
	free(api->label);
	api->label = config->section ? xasprintf("[%s %s]", config->section, config->name) : NULL;
	xreplace(&api->user, config->user);
	xreplace(&api->token_command, config->token_command);
	api->pause = (struct token_pause){ .least_ms = api->pause.least_ms };
}

struct origin *api_origin(const struct api *api)
{
	return api->origin;
}

/* --- one service --------------------------------------------------------- */

struct api *api_create(struct http *http, struct link *link, const struct api_config *config,
                       struct err *err)
{
	struct endpoint endpoint = { 0 };
	char host[256] = "";
	const char *prefix = "";
	size_t n = 0;
	const char *url = config->url;
	if (!config->n_endpoints &&
	    (!url || !api_url_endpoint(url, &endpoint, host, sizeof(host), &prefix, &n))) {
		char *not = url ? xasprintf(", not %.120s", url) : xstrdup("");
		char *of = config->section ? xasprintf("[%s %s]", config->section, config->name)
		                           : xstrdup(config->who);
		err_set(err, ERR_USAGE, "%s: url must read http://HOST:PORT or https://HOST%s", of,
		        not );
		free(of);
		free(not );
		return NULL;
	}
	struct api *api = xcalloc(1, sizeof(*api));
	const char *header = config->token_header ? config->token_header : "Authorization: Bearer ";
	const char *word = config->token_word ? config->token_word : "token";
	const char *setting = config->command_word ? config->command_word : "token_command";
	const char *help = config->token_help;
	*api = (struct api){ .http = http,
		             .link = link,
		             .loop = link->loop,
		             .product = xstrdup(config->product),
		             .prefix = xstrndup(prefix, n),
		             .only_json = config->only_json,
		             .asks_late = config->asks_late,
		             .waits_alone = config->waits_alone,
		             .command_word = xstrdup(setting),
		             .token_help = help ? xasprintf("; %s", help) : xstrdup(""),
		             .token_word = xstrdup(word),
		             .denies = config->denies,
		             .pause = { .least_ms = config->token_pause_ms },
		             .token_header = xstrdup(header) };
	api_set_login(api, config);
	api->who = config->who ? xstrdup(config->who)
	                       : xasprintf("%s %s", config->product, config->name);
	if (config->n_endpoints)
		api->origin = origin_create(http, link, config->endpoints, config->n_endpoints);
	else
		api->origin = origin_create(http, link, &endpoint, 1);
	api->endpoint = endpoint;
	api->endpoint.host = xstrdup(host);
	api->timer = loop_timer_call(api->loop, -1, api_advance, api);
	return api;
}

void api_destroy(struct api *api)
{
	if (!api)
		return;
	while (api->calls)
		api_cancel(api->calls);
	token_cancel(api->asking);
	loop_defer_cancel(api->loop, api_advance, api);
	origin_destroy(api->origin);
	loop_timer_remove(api->timer);
	secret_destroy(api->token);
	char *owned[] = { (char *)api->endpoint.host,
		          api->who,
		          api->label,
		          api->product,
		          api->prefix,
		          api->token_command,
		          api->command_word,
		          api->token_header,
		          api->token_help,
		          api->token_word,
		          api->user };
	for (size_t i = 0; i < ARRAY_LEN(owned); i++)
		free(owned[i]);
	free(api);
}
