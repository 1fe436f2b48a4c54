/* probe_http.c: one request by HTTP or HTTPS, and those that its redirects ask for.
 *
 * Redirects are followed here and not by libcurl: each one may lead to another host, and through a
 * server's link each host needs an origin of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/checks/expect.h"
#include "backends/checks/internal.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/url.h"

#define BODY_MAX (1u << 20) /* bytes that are searched for text or JSON */
#define GRACE_MS 5000       /* the probe's own timer comes before the call's */

struct probe_http {
	struct probe probe;
	struct origin *origin;
	struct call *call;
	struct buf body; /* of a 2xx answer, where its content matters */
	size_t len;      /* bytes of the body so far */
	char *next;      /* owned: where a redirect leads */
	int redirects;
};

static void http_run_hop(struct probe_http *h, const char *url);

/* A redirect for a sentence: without a password and without the query, which may hold a token. */
static const char *http_run_place(const char *url, char *buf, size_t size)
{
	const char *at = strstr(url, "://");
	size_t scheme = at ? (size_t)(at + 3 - url) : 0;
	const char *rest = url + scheme;
	size_t host = strcspn(rest, "/?#");
	const char *user_end = memrchr(rest, '@', host);
	const char *from = user_end ? user_end + 1 : rest;
	snprintf(buf, size, "%.*s%.*s", (int)scheme, url, (int)strcspn(from, "?#"), from);
	return buf;
}

/* The certificate that ends first counts: any of the hops can break the way. */
static void http_run_see_certificate(struct probe_http *h, const struct call *call)
{
	int64_t end = call_certificate_end_ms(call), *first = &h->probe.result.certificate_end_ms;
	if (end && (!*first || end < *first))
		*first = end;
}

static void http_run_judge(struct probe_http *h, int status, const char *body, size_t len)
{
	char why[EXPECT_WHY_SIZE];
	h->probe.result.status = status;
	if (!expect_answer(h->probe.spec, status, body, len, why, sizeof(why)))
		probe_end_bad(&h->probe, "%s", why);
	else if (h->redirects)
		probe_end_good(&h->probe, "%d after %d redirect%s", status, h->redirects,
		               h->redirects == 1 ? "" : "s");
	else
		probe_end_good(&h->probe, "%d", status);
}

static bool http_run_on_data(struct call *call, const char *bytes, size_t len, void *arg)
{
	struct probe_http *h = arg;
	h->len += len;
	if (*h->probe.spec->text || h->probe.spec->json) {
		if (!buf_add(&h->body, bytes, len))
			probe_end_bad(&h->probe, "the answer is larger than 1 MB, which is too "
			                         "long to search");
	} else if (h->len > BODY_MAX) {
		http_run_see_certificate(h, call);
		http_run_judge(h, call_status(call), "", 0);
	}
	return !h->probe.ended;
}

static void http_run_on_next(void *arg)
{
	struct probe_http *h = arg;
	char *url = h->next;
	h->next = NULL;
	origin_destroy(h->origin);
	h->origin = NULL;
	http_run_hop(h, url);
	free(url);
}

/* True: the answer is a redirect, and the run continues or has ended there. */
static bool http_run_follows(struct probe_http *h, struct call *call, int status)
{
	const char *url = call_redirect(call);
	char place[160];
	if (status < 300 || status > 399 || !url || !h->probe.spec->redirects)
		return false;
	if (h->redirects == h->probe.spec->redirects) {
		h->probe.result.status = status;
		probe_end_bad(&h->probe, "more than %d redirects, the last one to %s", h->redirects,
		              http_run_place(url, place, sizeof(place)));
		return true;
	}
	h->redirects++;
	h->next = xstrdup(url);
	loop_defer(probe_loop(&h->probe), http_run_on_next, h);
	return true;
}

static void http_run_on_done(struct call *call, const struct reply *r, void *arg)
{
	struct probe_http *h = arg;
	h->call = NULL;
	if (h->probe.ended)
		return;
	http_run_see_certificate(h, call);
	if (r->err.code)
		probe_end_err(&h->probe, &r->err);
	else if (http_run_follows(h, call, r->status))
		return;
	else if (r->status / 100 == 2)
		http_run_judge(h, r->status, h->body.data ? h->body.data : "", h->body.len);
	else
		http_run_judge(h, r->status, r->body, r->len);
}

static void http_run_hop(struct probe_http *h, const char *url)
{
	struct probe *p = &h->probe;
	struct endpoint endpoint;
	char host[URL_HOST_SIZE], place[160], *path;
	if (!url_read(url, &endpoint, host, sizeof(host), &path)) {
		probe_end_bad(p, "a redirect leads to %s, which is not an http or https address",
		              http_run_place(url, place, sizeof(place)));
		return;
	}
	p->stage = h->redirects ? "the answer to a redirect" : "the answer";
	h->origin = origin_create(store_http(p->source->store), source_link(p->source), &endpoint,
	                          1);
	h->call = call_start(h->origin, &(struct call_spec){
						.path = path,
						.alone = true,
						.insecure = p->spec->insecure,
						.timeout_ms = p->spec->within_ms + GRACE_MS,
						.data = http_run_on_data,
						.done = http_run_on_done,
						.arg = h,
					});
	free(path);
}

static void http_run_begin(struct probe *p)
{
	struct probe_http *h = (struct probe_http *)p;
	buf_init(&h->body, BODY_MAX);
	h->body.secret = true;
	http_run_hop(h, p->spec->url);
}

static void http_run_end(struct probe *p)
{
	struct probe_http *h = (struct probe_http *)p;
	loop_defer_cancel(probe_loop(p), http_run_on_next, h);
	call_cancel(h->call);
	origin_destroy(h->origin);
	buf_finish(&h->body);
	free(h->next);
}

const struct probe_ops probe_http = {
	.size = sizeof(struct probe_http),
	.begin = http_run_begin,
	.end = http_run_end,
};
