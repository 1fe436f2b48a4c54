/* probe_tcp.c: a TCP connection that is closed at once, and the look-up of a name alone.
 *
 * Through a server's link the server looks up the name and connects (direct-tcpip, RFC 4254 7.2).
 * On this machine the addresses of the name are tried in turn. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/wash.h"
#include "backends/checks/expect.h"
#include "backends/checks/internal.h"
#include "backends/link/link.h"

struct probe_tcp {
	struct probe probe;
	struct lookup *lookup;
	struct lookup_result found;
	size_t at; /* the address that is tried now */
	struct stream *stream;
};

static void tcp_run_connect(struct probe_tcp *);

static void tcp_run_on_opened(struct stream *s, void *arg)
{
	struct probe_tcp *t = arg;
	if (t->found.n)
		probe_end_good(&t->probe, "connected to %s", t->found.addresses[t->at]);
	else
		probe_end_good(&t->probe, "connected");
}

/* The other side may say something at once. Nobody reads it. */
static size_t tcp_run_on_data(struct stream *s, const char *bytes, size_t len, void *arg)
{
	return len;
}

static void tcp_run_failed(struct probe_tcp *t, const struct err *err)
{
	if (t->at + 1 < t->found.n && !t->probe.ended) {
		t->at++;
		tcp_run_connect(t);
		return;
	}
	if (err->code)
		probe_end_err(&t->probe, err);
	else
		probe_end_bad(&t->probe, "the connection was closed before it was open");
}

static void tcp_run_on_closed(struct stream *s, const struct stream_end *end, void *arg)
{
	struct probe_tcp *t = arg;
	t->stream = NULL;
	if (!t->probe.ended)
		tcp_run_failed(t, &end->err);
}

static void tcp_run_connect(struct probe_tcp *t)
{
	static const struct stream_events events = { .opened = tcp_run_on_opened,
		                                     .data = tcp_run_on_data,
		                                     .closed = tcp_run_on_closed };
	const struct probe_spec *spec = t->probe.spec;
	struct err err = { 0 };
	size_t tries = t->found.n ? t->found.n : 1;
	t->probe.stage = "the connection";
	t->stream = link_open(source_link(t->probe.source),
	                      &(struct endpoint){
				      .kind = ENDPOINT_TCP,
				      .host = t->found.n ? t->found.addresses[t->at] : spec->host,
				      .port = spec->port,
				      .timeout_ms = spec->within_ms / (int64_t)tries + 1,
			      },
	                      &events, t, &err);
	if (!t->stream)
		tcp_run_failed(t, &err);
}

static void tcp_run_on_found(const struct lookup_result *r, void *arg)
{
	struct probe_tcp *t = arg;
	t->lookup = NULL;
	t->found = *r;
	if (r->n)
		tcp_run_connect(t);
	else
		probe_end_bad(&t->probe, "%.200s: %s", t->probe.spec->host, r->error);
}

static void tcp_run_begin(struct probe *p)
{
	struct probe_tcp *t = (struct probe_tcp *)p;
	p->stage = "the look-up of the name";
	if (link_is_local(source_link(p->source)))
		t->lookup = lookup_start(probe_loop(p), p->spec->host, AF_UNSPEC, tcp_run_on_found,
		                         t);
	else
		tcp_run_connect(t);
}

static void tcp_run_end(struct probe *p)
{
	struct probe_tcp *t = (struct probe_tcp *)p;
	lookup_cancel(t->lookup);
	stream_close(t->stream);
}

const struct probe_ops probe_tcp = {
	.size = sizeof(struct probe_tcp),
	.begin = tcp_run_begin,
	.end = tcp_run_end,
};

/* --- a name alone --------------------------------------------------------- */

#define DNS_OUTPUT_MAX (64u << 10)
#define DNS_GRACE_MS 1000
#define DNS_NO_PROGRAM 127 /* exit code of sh: command not found */
#define DNS_UNKNOWN 2      /* exit code of getent(1): no such name, or no resolver answered */

struct probe_dns {
	struct probe probe;
	struct lookup *lookup;
	struct run *run; /* from a server */
};

static void dns_run_on_found(const struct lookup_result *r, void *arg)
{
	struct probe_dns *d = arg;
	const char *addresses[LOOKUP_MOST];
	char why[EXPECT_WHY_SIZE];
	d->lookup = NULL;
	for (size_t i = 0; i < r->n; i++)
		addresses[i] = r->addresses[i];
	if (!r->n)
		probe_end_bad(&d->probe, "%.200s: %s", d->probe.spec->host, r->error);
	else if (!expect_addresses(d->probe.spec, addresses, r->n, why, sizeof(why)))
		probe_end_bad(&d->probe, "%s", why);
	else if (r->n > 1)
		probe_end_good(&d->probe, "%s and %zu more", addresses[0], r->n - 1);
	else
		probe_end_good(&d->probe, "%s", addresses[0]);
}

/* Lines of getent(1) ahosts: "192.0.2.1 STREAM shop.example", one for each type of socket. */
static void dns_run_read(const char *out, int family, struct lookup_result *found)
{
	for (const char *line = out, *next; *line; line = next) {
		struct in6_addr raw;
		char text[INET6_ADDRSTRLEN];
		size_t n = strcspn(line, " \t\n");
		next = line + strcspn(line, "\n");
		next += *next == '\n';
		if (!n || n >= sizeof(text))
			continue;
		snprintf(text, sizeof(text), "%.*s", (int)n, line);
		int is = strchr(text, ':') ? AF_INET6 : AF_INET;
		bool known = inet_pton(is, text, &raw) != 1 || (family && family != is);
		for (size_t i = 0; i < found->n; i++)
			known |= strcmp(found->addresses[i], text) == 0;
		if (!known && found->n < LOOKUP_MOST)
			snprintf(found->addresses[found->n++], sizeof(found->addresses[0]), "%s",
			         text);
	}
}

static void dns_run_on_program(const struct run_result *r, void *arg)
{
	struct probe_dns *d = arg;
	struct lookup_result found = { .error = "has no address" };
	d->run = NULL;
	if (r->end.exit_code == DNS_NO_PROGRAM) {
		d->probe.result.unable = true;
		probe_end_bad(&d->probe, "there is no getent program on %s, which looks names up",
		              d->probe.source->server->name);
		return;
	}
	if (r->end.err.code && r->end.exit_code <= 0) {
		probe_end_err(&d->probe, &r->end.err);
		return;
	}
	if (r->end.exit_code != 0 && r->end.exit_code != DNS_UNKNOWN) {
		char said[160];
		wash(said, sizeof(said), r->err_out, strcspn(r->err_out, "\n"));
		d->probe.result.unable = true;
		probe_end_bad(&d->probe, "getent failed on %s (exit code %d): %s",
		              d->probe.source->server->name, r->end.exit_code,
		              *said ? said : "it said nothing");
		return;
	}
	dns_run_read(r->out, d->probe.spec->family, &found);
	if (r->end.exit_code == DNS_UNKNOWN)
		snprintf(found.error, sizeof(found.error), "did not resolve there");
	dns_run_on_found(&found, d);
}

static void dns_run_begin(struct probe *p)
{
	struct probe_dns *d = (struct probe_dns *)p;
	p->stage = "the look-up of the name";
	if (!p->source->server->is_local) {
		const char *words[] = { "getent", "ahosts", p->spec->host, NULL };
		char *command = quote_command(words);
		d->run = link_run(source_link(p->source), command, NULL, 0, DNS_OUTPUT_MAX,
		                  p->spec->within_ms + DNS_GRACE_MS, dns_run_on_program, d);
		free(command);
		return;
	}
	d->lookup = lookup_start(probe_loop(p), p->spec->host, p->spec->family, dns_run_on_found,
	                         d);
}

static void dns_run_end(struct probe *p)
{
	struct probe_dns *d = (struct probe_dns *)p;
	lookup_cancel(d->lookup);
	run_cancel(d->run);
}

const struct probe_ops probe_dns = {
	.size = sizeof(struct probe_dns),
	.begin = dns_run_begin,
	.end = dns_run_end,
};
