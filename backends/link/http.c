/* http.c: libcurl's multi interface on the event loop.
 *
 * curl names the sockets and the timeout it waits for, and the loop reports their events. Nothing
 * here blocks. curl's callbacks must not call curl again, but our callers may do anything inside
 * theirs. So starting, resuming or cancelling a call only sets a mark. http_work acts on the marks
 * after the callbacks of the turn.
 *
 * The loop, not curl, keeps the timeouts, because a stream has a timeout only until its head
 * arrives. */
#include "backends/link/http.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"
#include "backends/link/origin.h"

#define CALL_MAX_DEFAULT (16u << 20)
#define CALL_TIMEOUT_MS 30000
#define HEADERS_MAX \
	(256u << 10) /* bytes of a call's header lines; libcurl 7.88 sets no limit itself */
#define ERROR_BODY_MAX (64u << 10) /* of a refused stream */
#define CONNECTIONS_KEPT 32
#define AUTHORITIES_KEPT_S 600 /* until the file of certificate authorities is read again */

struct http {
	struct loop *loop;
	CURLM *multi;
	struct loop_timer *timer;
	struct call *calls;
	bool work_waits;
	struct origin_port *ports;
};

struct call {
	struct http *http;
	struct call *next;
	struct origin *origin; /* NULL once dropped */
	struct call_spec spec; /* callbacks and numbers; its strings are copied below */
	char *method, *path, *body_out;
	CURL *easy; /* NULL until started */
	struct curl_slist *headers;
	struct loop_timer *timer;
	struct buf body;
	size_t headers_len;          /* bytes of the answer's header lines so far */
	struct err err;              /* why we ended the call ourselves */
	char words[CURL_ERROR_SIZE]; /* curl's error text */
	bool dead;                   /* cancelled: to be freed, done is not called */
	bool resume;
	bool ending; /* inside done */
};

struct loop *http_loop(const struct http *h)
{
	return h->loop;
}

struct origin_port **http_ports(struct http *h)
{
	return &h->ports;
}

static void http_work(void *arg);

static void http_want_work(struct http *h)
{
	if (!h->work_waits)
		loop_defer(h->loop, http_work, h);
	h->work_waits = true;
}

/* --- how a call ends ----------------------------------------------------- */

static void http_call_free(struct call *c)
{
	LIST_DROP(c->http->calls, c);
	if (c->easy) {
		curl_multi_remove_handle(c->http->multi, c->easy);
		curl_easy_cleanup(c->easy);
	}
	for (struct curl_slist *h = c->headers; h; h = h->next)
		wipe(h->data, strlen(h->data)); /* a header may hold a token or a password */
	curl_slist_free_all(c->headers);
	loop_timer_remove(c->timer);
	buf_finish(&c->body);
	free(c->method);
	free(c->path);
	wipe(c->body_out, c->body_out ? c->spec.body_len : 0);
	free(c->body_out);
	http_want_work(c->http); /* another call may have waited for this one's place */
	free(c);
}

int call_status(const struct call *c)
{
	long status = 0;
	if (c->easy)
		curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

#define SHOWN_PATH 100

/* Length of the path for a sentence. A query may hold a key, so it is not shown. */
static int http_shown(const struct call *c)
{
	size_t n = strcspn(c->path, "?");
	return (int)(n < SHOWN_PATH ? n : SHOWN_PATH);
}

/* Turns curl's result into a sentence. When the origin carried the connection, its error is the
 * more precise one. */
static void http_explain(const struct call *c, CURLcode code, struct err *err)
{
	const struct origin *d = c->origin;
	const char *name = d->link->name,
		   *words = c->words[0] ? c->words : curl_easy_strerror(code);
	const struct endpoint *endpoint = &d->endpoints[d->at];
	char place[300];
	long os = 0;
	curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os);
	if (endpoint->kind == ENDPOINT_TCP)
		snprintf(place, sizeof(place), "%s:%d", endpoint->host, endpoint->port);
	else
		snprintf(place, sizeof(place), "%s",
		         endpoint->path ? endpoint->path : "the server");
	if (d->link->state != LINK_UP)
		err_set(err, ERR_LOST, "%s: the link was lost during %s %.*s", name, c->method,
		        http_shown(c), c->path);
	else if (!d->decided && d->err.code)
		*err = d->err;
	else if (d->last.code)
		*err = d->last;
	else if (code == CURLE_COULDNT_CONNECT) {
		enum err_code kind;
		if (os == ENOENT)
			kind = ERR_ABSENT;
		else if (os == EACCES)
			kind = ERR_DENIED;
		else
			kind = ERR_REFUSED;
		err_set(err, kind, "%s: connecting to %s: %s", name, place,
		        os ? strerror((int)os) : words);
	} else if (code == CURLE_PARTIAL_FILE || code == CURLE_GOT_NOTHING ||
	           code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR)
		err_set(err, ERR_LOST, "%s: the answer to %s %.*s was cut off: %s", name, c->method,
		        http_shown(c), c->path, words);
	else
		err_set(err, ERR_GARBLED, "%s: %s %.*s: %s", name, c->method, http_shown(c),
		        c->path, words);
}

static void http_call_end(struct call *c, CURLcode code)
{
	struct reply reply = { .body = "", .content_type = "" };
	if (c->dead) {
		http_call_free(c);
		return;
	}
	loop_timer_set(c->timer, -1);
	if (code == CURLE_OK && !c->err.code) {
		/* Checks every answer before any parser sees it, because a JSON tree needs many
		 * times the size of its text. */
		char what[200];
		size_t skip = c->body.data ? strspn(c->body.data, " \t\r\n") : 0;
		if (skip < c->body.len && strchr("[{", c->body.data[skip])) {
			snprintf(what, sizeof(what), "%.60s: the answer to %.10s %.*s",
			         c->origin->link->name, c->method, http_shown(c), c->path);
			json_fits(what, c->body.data, c->body.len, &c->err);
		}
	}
	if (c->err.code) {
		reply.err = c->err;
	} else if (code != CURLE_OK) {
		http_explain(c, code, &reply.err);
	}
	if (c->easy && !c->err.code) {
		char *type = NULL;
		curl_easy_getinfo(c->easy, CURLINFO_CONTENT_TYPE, &type);
		reply.content_type = type ? type : "";
	}
	if (!reply.err.code) {
		reply.status = call_status(c);
		reply.body = c->body.data ? c->body.data : "";
		reply.len = c->body.len;
		err_clear(&c->origin->last);
	}
	c->ending = true;
	if (c->spec.done)
		c->spec.done(c, &reply, c->spec.arg);
	http_call_free(c);
}

static void http_on_timeout(struct loop_timer *t, void *arg)
{
	struct call *c = arg;
	if (c->dead || c->ending)
		return;
	err_set(&c->err, ERR_TIMEOUT, "%s: no answer to %s %.*s within %lld s",
	        c->origin->link->name, c->method, http_shown(c), c->path,
	        (long long)(c->spec.timeout_ms / 1000));
	http_call_end(c, CURLE_OPERATION_TIMEDOUT);
}

/* --- curl's callbacks ---------------------------------------------------- */

static bool http_is_stream_answer(const struct call *c)
{
	return c->spec.data && call_status(c) / 100 == 2;
}

static size_t http_on_body(char *bytes, size_t one, size_t len, void *arg)
{
	struct call *c = arg;
	if (c->dead)
		return CURL_WRITEFUNC_ERROR;
	if (http_is_stream_answer(c)) {
		bool more = c->spec.data(c, bytes, len, c->spec.arg);
		if (c->dead)
			return CURL_WRITEFUNC_ERROR;
		/* A callback that pauses by its return value gets the same bytes again, but our
		 * caller has taken them. So curl_easy_pause pauses, and http_work resumes. */
		if (!more && !c->resume)
			curl_easy_pause(c->easy, CURLPAUSE_RECV);
		return len;
	}
	if (buf_add(&c->body, bytes, len))
		return len;
	if (c->spec.data) /* drop the rest of a long error body */
		return len;
	char limit[HUMAN_SIZE];
	err_set(&c->err, ERR_TOO_BIG,
	        "%s: the answer to %s %.*s is larger than %s, and more is not taken",
	        c->origin->link->name, c->method, http_shown(c), c->path,
	        human_bytes(limit, c->body.max));
	return CURL_WRITEFUNC_ERROR;
}

/* Refuses a Content-Length over the limit before the body arrives. */
static bool http_says_it_fits(struct call *c, const char *line, size_t len)
{
	static const char name[] = "content-length:";
	char limit[HUMAN_SIZE], size[HUMAN_SIZE];
	if (c->spec.data || len < sizeof(name) || strncasecmp(line, name, sizeof(name) - 1) != 0)
		return true;
	/* strtoull stops at the line end, \r\n */
	unsigned long long says = strtoull(line + sizeof(name) - 1, NULL, 10);
	if (says <= c->body.max)
		return true;
	err_set(&c->err, ERR_TOO_BIG,
	        "%s: the answer to %s %.*s is %s long; more than %s is not taken",
	        c->origin->link->name, c->method, http_shown(c), c->path, human_bytes(size, says),
	        human_bytes(limit, c->body.max));
	return false;
}

static size_t http_on_header(char *bytes, size_t one, size_t len, void *arg)
{
	struct call *c = arg;
	if (c->dead)
		return 0;
	c->headers_len += len;
	if (c->headers_len > HEADERS_MAX) {
		err_set(&c->err, ERR_TOO_BIG,
		        "%s: the answer to %s %.*s has more than %u KB of headers, which is too "
		        "much "
		        "to be true",
		        c->origin->link->name, c->method, http_shown(c), c->path,
		        HEADERS_MAX >> 10);
		return 0;
	}
	if (!http_says_it_fits(c, bytes, len))
		return 0;
	bool end = len <= 2 && (bytes[0] == '\r' || bytes[0] == '\n');
	if (end && http_is_stream_answer(c)) {
		loop_timer_set(c->timer, -1);
		if (c->spec.answered)
			c->spec.answered(c, c->spec.arg);
	}
	return len;
}

static void http_reap(struct http *h)
{
	CURLMsg *m;
	int left;
	while ((m = curl_multi_info_read(h->multi, &left))) {
		if (m->msg != CURLMSG_DONE)
			continue;
		CURLcode code = m->data.result;
		char *c = NULL;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
		http_call_end((struct call *)c, code);
	}
}

static void http_on_socket(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	struct http *h = arg;
	int running, what = 0;
	if (revents & (POLLIN | POLLHUP))
		what |= CURL_CSELECT_IN;
	if (revents & POLLOUT)
		what |= CURL_CSELECT_OUT;
	if (revents & POLLERR)
		what |= CURL_CSELECT_ERR;
	curl_multi_socket_action(h->multi, fd, what, &running);
	http_reap(h);
}

static int http_watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *watch)
{
	struct http *h = arg;
	unsigned events = what & CURL_POLL_IN ? POLLIN : 0;
	if (what & CURL_POLL_OUT)
		events |= POLLOUT;
	if (what == CURL_POLL_REMOVE) {
		loop_io_remove(watch);
		curl_multi_assign(h->multi, fd, NULL);
	} else if (watch) {
		loop_io_set(watch, events);
	} else {
		curl_multi_assign(h->multi, fd,
		                  loop_io_add(h->loop, fd, events, http_on_socket, h));
	}
	return 0;
}

static void http_on_timer(struct loop_timer *t, void *arg)
{
	struct http *h = arg;
	int running;
	curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	http_reap(h);
}

static int http_watch_timer(CURLM *multi, long ms, void *arg)
{
	struct http *h = arg;
	loop_timer_set(h->timer, ms);
	return 0;
}

/* --- how a call starts --------------------------------------------------- */

/* curl's own sockets lack close-on-exec. */
static curl_socket_t http_open_socket(void *unused, curlsocktype purpose, struct curl_sockaddr *a)
{
	(void)unused;
	(void)purpose;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* On this machine curl connects to a TCP port itself and looks up the name without blocking. */
static bool http_is_direct(const struct call *c)
{
	return link_is_local(c->origin->link) && c->origin->endpoints[0].kind == ENDPOINT_TCP;
}

static void http_set_common(struct call *c, const char *socket)
{
	CURL *e = c->easy;
	const struct endpoint *r = &c->origin->endpoints[0];
	char *url;
	if (r->kind == ENDPOINT_TCP)
		url = xasprintf("%s://%s:%d%s", r->tls ? "https" : "http", r->host, r->port,
		                c->path);
	else
		url = xasprintf("http://localhost%s", c->path);
	curl_easy_setopt(e, CURLOPT_URL, url);
	free(url);
	if (!http_is_direct(c))
		curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_PROXY, ""); /* ignore http_proxy */
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "mocr");
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->words);
	curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, http_open_socket);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, http_on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, http_on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
}

/* Prepares libcurl for the first call: TLS takes ms, and the first screen needs none. */
static void http_prepare(struct http *h)
{
	if (h->multi)
		return;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	h->multi = curl_multi_init();
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, http_watch_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, http_watch_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
}

static void http_begin(struct call *c)
{
	const char *socket = http_is_direct(c) ? "" : origin_socket(c->origin, &c->err);
	if (!socket) {
		http_call_end(c, CURLE_COULDNT_CONNECT);
		return;
	}
	http_prepare(c->http);
	c->easy = curl_easy_init();
	http_set_common(c, socket);
	CURL *e = c->easy;
	if (c->body_out) {
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->spec.body_len);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, c->body_out);
	} else if (strcmp(c->method, "POST") == 0) {
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, 0L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, "");
	}
	if (strcmp(c->method, "HEAD") == 0)
		curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	else if (strcmp(c->method, "GET") != 0)
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, c->method);
	if (c->headers)
		curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->headers);
	if (c->spec.once)
		curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
	if (c->spec.alone) {
		/* CURLOPT_CERTINFO keeps the texts of the server's certificates for
		 * call_certificate_end_ms.
		 *
		 * Reading the file of authorities takes 30 ms, and each new connection would do so.
		 * libcurl keeps them, but not while there is a folder of authorities too, which
		 * Debian's libcurl has by default (lib/vtls/openssl.c, Curl_ssl_setup_x509_store).
		 * update-ca-certificates(8) puts the same authorities into both. */
		curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
		curl_easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
		curl_easy_setopt(e, CURLOPT_SSL_SESSIONID_CACHE, 0L);
		curl_easy_setopt(e, CURLOPT_CERTINFO, 1L);
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
		curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, (long)AUTHORITIES_KEPT_S);
		if (c->spec.insecure) {
			curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
			curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
		}
	}
	if (!c->easy || curl_multi_add_handle(c->http->multi, c->easy) != CURLM_OK) {
		err_set(&c->err, ERR_SYSTEM, "libcurl could not start %s %.*s", c->method,
		        http_shown(c), c->path);
		http_call_end(c, CURLE_FAILED_INIT);
	}
}

/* When each connection is a command, only ORIGIN_EXEC_MAX run at once. Streams leave one place
 * free, so that they cannot block ordinary calls. */
static bool http_may_begin(const struct call *c)
{
	const struct origin *d = c->origin;
	unsigned running = 0, streams = 0;
	if (!origin_is_exec_only(d))
		return true;
	for (const struct call *k = c->http->calls; k; k = k->next)
		if (k->origin == d && k->easy && !k->ending) {
			running++;
			streams += k->spec.data != NULL;
		}
	return running < ORIGIN_EXEC_MAX && (!c->spec.data || streams < ORIGIN_EXEC_MAX - 1);
}

/* Acts on one mark. Any action may change the list, so the caller starts over. */
static bool http_work_one(struct http *h)
{
	for (struct call *c = h->calls; c; c = c->next) {
		if (c->ending)
			continue;
		if (c->dead) {
			http_call_free(c);
			return true;
		}
		if (!c->easy && http_may_begin(c)) {
			http_begin(c);
			return true;
		}
		if (c->resume && c->easy) {
			c->resume = false;
			curl_easy_pause(c->easy, CURLPAUSE_CONT);
			http_reap(h);
			return true;
		}
	}
	return false;
}

static void http_work(void *arg)
{
	struct http *h = arg;
	h->work_waits = false;
	while (http_work_one(h))
		;
	http_reap(h);
}

struct call *call_start(struct origin *origin, const struct call_spec *spec)
{
	struct call *c = xcalloc(1, sizeof(*c));
	c->http = origin->http;
	c->origin = origin;
	c->spec = *spec;
	if (!c->spec.timeout_ms)
		c->spec.timeout_ms = CALL_TIMEOUT_MS;
	c->method = xstrdup(spec->method ? spec->method : "GET");
	c->path = xstrdup(spec->path);
	if (spec->body) {
		c->body_out = xcalloc(1, spec->body_len + 1);
		memcpy(c->body_out, spec->body, spec->body_len);
	}
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	for (size_t i = 0; spec->headers && spec->headers[i]; i++)
		list = curl_slist_append(list, spec->headers[i]);
	char *type = xasprintf("Content-Type: %s",
	                       spec->content_type ? spec->content_type : "application/json");
	if (spec->body)
		list = curl_slist_append(list, type);
	else if (spec->method && strcmp(spec->method, "POST") == 0)
		list = curl_slist_append(list, "Content-Type:");
	free(type);
	c->headers = list;
	size_t most;
	if (spec->data)
		most = ERROR_BODY_MAX;
	else if (spec->max)
		most = spec->max;
	else
		most = CALL_MAX_DEFAULT;
	buf_init(&c->body, most);
	c->body.secret = true; /* an answer may hold keys */
	c->timer = loop_timer_add(c->http->loop, c->spec.timeout_ms, http_on_timeout, c);
	LIST_APPEND(c->http->calls, c); /* calls start in order */
	http_want_work(c->http);
	return c;
}

void call_cancel(struct call *c)
{
	if (!c || c->ending)
		return;
	c->dead = true;
	loop_timer_set(c->timer, -1);
	http_want_work(c->http);
}

void call_resume(struct call *c)
{
	c->resume = true;
	http_want_work(c->http);
}

const char *call_header(struct call *c, const char *name)
{
	struct curl_header *h;
	return c->easy && curl_easy_header(c->easy, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK
	               ? h->value
	               : NULL;
}

const char *call_redirect(const struct call *c)
{
	char *url = NULL;
	if (c->easy)
		curl_easy_getinfo(c->easy, CURLINFO_REDIRECT_URL, &url);
	return url;
}

/* libcurl describes each certificate by lines "NAME:TEXT". The first certificate is the server's.
 * The text of "Expire date" is "Nov 30 06:47:19 2026 GMT" (ASN1_TIME_print). */
int64_t call_certificate_end_ms(const struct call *c)
{
	static const char name[] = "Expire date:";
	struct curl_certinfo *info = NULL;
	if (!c->easy || curl_easy_getinfo(c->easy, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
	    info->num_of_certs < 1)
		return 0;
	for (struct curl_slist *line = info->certinfo[0]; line; line = line->next) {
		if (strncmp(line->data, name, sizeof(name) - 1) != 0)
			continue;
		time_t end = curl_getdate(line->data + sizeof(name) - 1, NULL);
		return end > 0 ? (int64_t)end * 1000 : 0;
	}
	return 0;
}

void http_drop_calls(struct http *h, const struct origin *origin)
{
	for (struct call *c = h->calls; c; c = c->next)
		if (c->origin == origin) {
			call_cancel(c);
			c->dead = true;
			c->origin = NULL;
		}
}

/* --- one per program ----------------------------------------------------- */

struct http *http_create(struct loop *loop)
{
	struct http *h = xcalloc(1, sizeof(*h));
	for (size_t i = 0; i < ORIGIN_BASES; i++)
		origin_sweep(origin_base(i));
	h->loop = loop;
	h->timer = loop_timer_add(loop, -1, http_on_timer, h);
	return h;
}

void http_destroy(struct http *h)
{
	if (!h)
		return;
	while (h->calls)
		http_call_free(h->calls);
	http_ports_end(h);
	loop_defer_cancel(h->loop, http_work, h);
	if (h->multi) {
		curl_multi_cleanup(h->multi);
		curl_global_cleanup();
	}
	loop_timer_remove(h->timer);
	free(h);
}

char *http_encode(const char *s)
{
	struct buf b;
	buf_init(&b, 0);
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (isalnum(c) || strchr("-._~", c))
			buf_add(&b, s, 1);
		else
			buf_addf(&b, "%%%02X", c);
	}
	return buf_take(&b);
}
