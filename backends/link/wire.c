#include "backends/link/wire.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/secret.h"
#include "backends/link/api.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/link/token.h"

#define WIRE_HEARD_MAX (256u << 10) /* bytes of an answer; INFO of Redis has 5 KB */
#define WIRE_TIMEOUT_MS 10000

/* --- the address ----------------------------------------------------------- */

static const struct wire_scheme {
	const char *scheme, *written;
	int port;
} wire_schemes[] = { { "redis", "redis", 6379 },
	             { "postgres", "postgres", 5432 },
	             { "openclaw", "ws", 18789 } };

static bool wire_take(char *to, size_t size, const char *from, size_t len)
{
	if (len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)from[i] <= ' ' || from[i] == 0x7f)
			return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

/* HOST[:PORT], [IPV6][:PORT] */
static bool wire_read_host(struct wire_url *u, const char *from, size_t len)
{
	bool bracket = len && *from == '[';
	const char *end = memchr(from, bracket ? ']' : ':', len);
	size_t n = end ? (size_t)(end - from) : len;
	if (bracket && !end)
		return false;
	if (!wire_take(u->host, sizeof(u->host), from + bracket, n - bracket) || !*u->host)
		return false;
	const char *rest = from + n + (bracket && end);
	size_t left = len - (size_t)(rest - from);
	if (!left)
		return true;
	char port[6];
	if (*rest != ':' || !wire_take(port, sizeof(port), rest + 1, left - 1) || !*port ||
	    port[strspn(port, "0123456789")])
		return false;
	u->port = number_int(port);
	return u->port >= 1 && u->port <= 65535;
}

static bool wire_read_parts(const char *at, struct wire_url *u)
{
	size_t whole = strcspn(at, "/");
	const char *sign = memchr(at, '@', whole);
	if (sign && !wire_take(u->user, sizeof(u->user), at, (size_t)(sign - at)))
		return false;
	const char *host = sign ? sign + 1 : at, *slash = at + whole;
	if (host == slash)
		return slash[0] && slash[1] &&
		       wire_take(u->path, sizeof(u->path), slash, strlen(slash));
	if (*slash && !wire_take(u->database, sizeof(u->database), slash + 1, strlen(slash + 1)))
		return false;
	return !strpbrk(u->database, "/?#") && wire_read_host(u, host, (size_t)(slash - host));
}

bool wire_url_read(const char *url, const char *scheme, struct wire_url *u, struct err *why)
{
	struct wire_scheme of = { scheme, scheme, 0 };
	for (size_t i = 0; i < ARRAY_LEN(wire_schemes); i++)
		if (!strcmp(wire_schemes[i].scheme, scheme))
			of = wire_schemes[i];
	size_t n = strlen(of.written);
	*u = (struct wire_url){ .port = of.port };
	bool good = !strncmp(url, of.written, n) && !strncmp(url + n, "://", 3) &&
	            wire_read_parts(url + n + 3, u);
	if (good && strchr(u->user, ':'))
		return err_set(why, ERR_USAGE,
		               "url must have no password; password_command prints it");
	/* what stands before an @ may be a password */
	bool shown = !strchr(url, '@');
	if (!good)
		err_set(why, ERR_USAGE,
		        "url: expected %s://HOST:PORT or %s:///PATH/OF/SOCKET%s%.*s", of.written,
		        of.written, shown ? ", not " : "", 100 * shown, url);
	return good;
}

/* --- the wire --------------------------------------------------------------- */

struct wire {
	struct link *link; /* borrowed */
	const struct wire_talk *talk;
	struct wire_url url;
	char *section, *name, *product, *password_command, *request;
	struct secret *password; /* NULL: not asked for yet */
	struct token_ask *asking;
	struct token_pause pause;
	struct err no_password; /* why password_command printed none */
	bool proven;            /* the service accepted this password once */
	bool refused;           /* it refused this password: ask again after the pause */
	struct stream *stream;
	struct loop_timer *timer;
	void *state; /* of the talk; NULL: no exchange is under way */
	struct buf heard;
	int64_t sent_us, timeout_ms;
	double ms;
	bool busy, over;
	struct err err;
	void (*done)(const struct api_answer *, void *);
	void *arg;
};

static void wire_tell(void *arg);

static int64_t wire_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static struct wire_login wire_login_of(const struct wire *w)
{
	return (struct wire_login){ .user = w->url.user,
		                    .database = w->url.database,
		                    .password = w->password ? w->password->text : NULL,
		                    .request = w->request };
}

static void wire_end(struct wire *w)
{
	if (w->over)
		return;
	w->over = true;
	w->ms = (double)(wire_now_us() - w->sent_us) / 1000;
	loop_timer_set(w->timer, -1);
	loop_defer(w->link->loop, wire_tell, w);
}

static void wire_fail(struct wire *w, enum err_code code, const char *text)
{
	if (!w->over)
		err_set(&w->err, code, "%s %s: %s", w->product, w->name, text);
	wire_end(w);
}

/* Frees what belongs to one exchange. */
static void wire_drop(struct wire *w)
{
	stream_close(w->stream);
	w->stream = NULL;
	token_cancel(w->asking);
	w->asking = NULL;
	if (w->state && w->talk->finish)
		w->talk->finish(w->state);
	free(w->state);
	w->state = NULL;
	buf_finish(&w->heard);
	loop_timer_set(w->timer, -1);
	w->busy = false;
}

bool wire_is_unsure(const struct wire *w)
{
	return w->request && w->state && w->talk->is_open && w->talk->is_open(w->state);
}

static void wire_tell(void *arg)
{
	struct wire *w = arg;
	struct buf body = { 0 };
	struct api_answer answer = { .err = w->err, .status = w->err.code ? 0 : 200 };
	answer.unsure = w->err.code && wire_is_unsure(w);
	if (answer.unsure)
		err_set(&answer.err, w->err.code, "%.260s; whether it was done is not known",
		        w->err.text);
	if (!w->err.code) {
		w->proven = true;
		w->refused = false;
		w->talk->report(w->state, w->ms, &body);
	}
	answer.len = body.len;
	answer.body = body.len ? body.data : "";
	void (*done)(const struct api_answer *, void *) = w->done;
	void *user = w->arg;
	wire_drop(w);
	done(&answer, user); /* may destroy the wire */
	buf_finish(&body);
}

/* --- the stream -------------------------------------------------------------- */

static void wire_send(struct wire *w, struct buf *out)
{
	if (out->len && w->stream && stream_write(w->stream, out->data, out->len) < out->len)
		wire_fail(w, ERR_LOST, "the request could not be sent");
	buf_finish(out);
}

static void wire_on_opened(struct stream *s, void *arg)
{
	struct wire *w = arg;
	struct buf out = { .secret = true };
	struct wire_login login = wire_login_of(w);
	w->sent_us = wire_now_us();
	w->talk->begin(w->state, &login, &out);
	wire_send(w, &out);
}

static size_t wire_on_data(struct stream *s, const char *bytes, size_t len, void *arg)
{
	struct wire *w = arg;
	struct buf out = { .secret = true };
	struct wire_login login = wire_login_of(w);
	struct err why = { 0 };
	size_t used = 0;
	if (w->over)
		return len;
	if (!buf_add(&w->heard, bytes, len)) {
		wire_fail(w, ERR_TOO_BIG, "its answer has no end");
		return len;
	}
	enum wire_next next = w->talk->heard(w->state, &login, w->heard.data, w->heard.len, &used,
	                                     &out, &why);
	buf_consume(&w->heard, used);
	wire_send(w, &out);
	if (next == WIRE_DONE)
		wire_end(w);
	else if (next == WIRE_REFUSED) {
		/* The password may have been changed there. A refusal that lasts counts again after
		 * each pause. */
		if (!w->over && w->password_command && !w->refused) {
			token_pause_failed(&w->pause, loop_now(w->link->loop), w->proven);
			w->refused = true;
			w->proven = false;
		}
	}
	if (next == WIRE_FAILED || next == WIRE_REFUSED)
		wire_fail(w, why.code, why.text);
	return len;
}

static void wire_on_closed(struct stream *s, const struct stream_end *end, void *arg)
{
	struct wire *w = arg;
	w->stream = NULL;
	if (end->err.code)
		wire_fail(w, end->err.code, end->err.text);
	else
		wire_fail(w, ERR_GARBLED, "it closed the connection without an answer");
}

static void wire_connect(struct wire *w)
{
	static const struct stream_events events = { .opened = wire_on_opened,
		                                     .data = wire_on_data,
		                                     .closed = wire_on_closed };
	struct endpoint e = { .kind = ENDPOINT_TCP, .host = w->url.host, .port = w->url.port };
	if (*w->url.path)
		e = (struct endpoint){ .kind = ENDPOINT_UNIX, .path = w->url.path };
	struct err err = { 0 };
	w->sent_us = wire_now_us();
	w->state = xcalloc(1, w->talk->size);
	loop_timer_set(w->timer, w->timeout_ms);
	w->stream = link_open(w->link, &e, &events, w, &err);
	if (!w->stream)
		wire_fail(w, err.code, err.text);
}

static void wire_on_timer(struct loop_timer *t, void *arg)
{
	struct wire *w = arg;
	char text[80];
	snprintf(text, sizeof(text), "no answer within %d s", (int)(w->timeout_ms / 1000));
	wire_fail(w, ERR_TIMEOUT, text);
}

/* --- the password ------------------------------------------------------------- */

static void wire_on_password(struct secret *password, const struct err *err, void *arg)
{
	struct wire *w = arg;
	w->asking = NULL;
	secret_destroy(w->password);
	w->password = password;
	w->proven = w->refused = false;
	if (password) {
		wire_connect(w);
		return;
	}
	w->no_password = w->err = *err;
	token_pause_failed(&w->pause, loop_now(w->link->loop), false);
	wire_end(w);
}

void wire_ask(struct wire *w, int64_t timeout_ms, void (*done)(const struct api_answer *, void *),
              void *arg)
{
	assert(!w->busy);
	w->busy = true;
	w->over = false;
	w->timeout_ms = timeout_ms ? timeout_ms : WIRE_TIMEOUT_MS;
	w->done = done;
	w->arg = arg;
	err_clear(&w->err);
	w->heard = (struct buf){ .max = WIRE_HEARD_MAX, .secret = true };
	bool wants = w->password_command && (!w->password || w->refused);
	if (wants && token_pause_is_over(&w->pause, loop_now(w->link->loop))) {
		char whose[160];
		snprintf(whose, sizeof(whose), "[%s %s]: password_command", w->section, w->name);
		w->asking = token_ask(w->link->loop, whose, w->password_command, wire_on_password,
		                      w);
	} else if (w->password_command && !w->password) {
		w->err = w->no_password;
		wire_end(w);
	} else {
		wire_connect(w);
	}
}

bool wire_is_busy(const struct wire *w)
{
	return w && w->busy;
}

void wire_stop(struct wire *w)
{
	if (!wire_is_busy(w))
		return;
	loop_defer_cancel(w->link->loop, wire_tell, w);
	wire_drop(w);
}

struct wire *wire_create(struct link *link, const struct wire_config *config, struct err *err)
{
	struct wire_url url;
	struct err why;
	if (!wire_url_read(config->url ? config->url : "", config->talk->scheme, &url, &why)) {
		err_set(err, ERR_USAGE, "[%s %s]: %s", config->section, config->name, why.text);
		return NULL;
	}
	struct wire *w = xcalloc(1, sizeof(*w));
	*w = (struct wire){ .link = link,
		            .talk = config->talk,
		            .url = url,
		            .section = xstrdup(config->section),
		            .name = xstrdup(config->name),
		            .product = xstrdup(config->product),
		            .password_command = xstrdup(config->password_command),
		            .request = xstrdup(config->request) };
	w->timer = loop_timer_add(link->loop, -1, wire_on_timer, w);
	return w;
}

void wire_destroy(struct wire *w)
{
	if (!w)
		return;
	wire_stop(w);
	loop_timer_remove(w->timer);
	secret_destroy(w->password);
	free(w->section);
	free(w->name);
	free(w->product);
	free(w->password_command);
	free(w->request);
	free(w);
}
