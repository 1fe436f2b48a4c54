/* probe_spec.c: from the texts of a section to numbers and words, with a sentence for each mistake.
 */
#include "backends/store/probe_spec.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"
#include "backends/link/link.h"
#include "backends/link/url.h"
#include "backends/store/settings.h"

#define STATUS_LEAST 100
#define STATUS_MOST 599

const char *probe_what_name(enum probe_what what)
{
	static const char *const names[] = { [PROBE_HTTP] = "http",
		                             [PROBE_TCP] = "tcp",
		                             [PROBE_DNS] = "dns",
		                             [PROBE_PING] = "ping" };
	return names[what];
}

static bool probe_copy(char *to, size_t size, const char *key, const char *text, struct err *err)
{
	if (strlen(text) >= size)
		return err_set(err, ERR_USAGE, "%s is longer than %zu bytes", key, size - 1);
	memcpy(to, text, strlen(text) + 1);
	return true;
}

/* A name of at most 253 bytes of the letters that names and addresses have. */
static bool probe_is_host(const char *s, size_t n)
{
	if (!n || n > 253 || *s == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("-._:%", s[i]))
			return false;
	return true;
}

static bool probe_read_host(const char *key, const char *text, struct probe_spec *p,
                            struct err *err)
{
	if (!probe_is_host(text, strlen(text)))
		return err_set(err, ERR_USAGE, "%s: expected a name or an address, got \"%s\"", key,
		               text);
	return probe_copy(p->host, sizeof(p->host), key, text, err);
}

static bool probe_read_url(const struct check_config *c, struct probe_spec *p, struct err *err)
{
	struct endpoint endpoint;
	char host[URL_HOST_SIZE], *path;
	bool ok = url_read(c->url, &endpoint, host, sizeof(host), &path);
	free(path);
	if (!ok)
		return err_set(err, ERR_USAGE,
		               "url: expected http://HOST:PORT/PATH or https://HOST/PATH, without "
		               "a user name and a password");
	return probe_copy(p->url, sizeof(p->url), "url", c->url, err);
}

/* "db.example:5432", "[::1]:22" */
static bool probe_read_tcp(const struct check_config *c, struct probe_spec *p, struct err *err)
{
	const char *colon = strrchr(c->tcp, ':'), *from = c->tcp;
	size_t n = colon ? (size_t)(colon - from) : 0;
	size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
	if (n > 2 && *from == '[' && from[n - 1] == ']') {
		from++;
		n -= 2;
	} else if (n && memchr(from, ':', n)) {
		n = 0; /* an IPv6 address needs brackets */
	}
	if (digits && digits < 6 && !colon[1 + digits])
		p->port = (int)number_read(colon + 1, 1, 65535, 0);
	if (!probe_is_host(from, n) || !p->port)
		return err_set(err, ERR_USAGE,
		               "tcp: expected HOST:PORT or [ADDRESS]:PORT, got \"%s\"", c->tcp);
	snprintf(p->host, sizeof(p->host), "%.*s", (int)n, from);
	return true;
}

static bool probe_read_dns(const struct check_config *c, struct probe_spec *p, struct err *err)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr raw;
	int family = c->address && strchr(c->address, ':') ? AF_INET6 : AF_INET;
	if (c->type)
		p->family = strcmp(c->type, "A") ? AF_INET6 : AF_INET;
	if (!probe_read_host("dns", c->dns, p, err))
		return false;
	if (!c->address)
		return true;
	if (inet_pton(family, c->address, &raw) != 1)
		return err_set(err, ERR_USAGE, "address: expected an IP address, got \"%s\"",
		               c->address);
	if (p->family != AF_UNSPEC && p->family != family)
		return err_set(err, ERR_USAGE, "address: %s is not an address of type %s",
		               c->address, c->type);
	inet_ntop(family, &raw, address, sizeof(address));
	snprintf(p->address, sizeof(p->address), "%s", address);
	return true;
}

static bool probe_read_ping(const struct check_config *c, struct probe_spec *p, struct err *err)
{
	return probe_read_host("ping", c->ping, p, err);
}

/* One word of status: "200", "301-308", "4xx". */
static bool probe_read_range(const char *word, size_t n, struct probe_range *range)
{
	char first[4] = "", last[4] = "";
	if (n == 3 && isdigit((unsigned char)word[0]) && word[1] == 'x' && word[2] == 'x') {
		*range = (struct probe_range){ (word[0] - '0') * 100, (word[0] - '0') * 100 + 99 };
	} else if (n == 3 || (n == 7 && word[3] == '-')) {
		memcpy(first, word, 3);
		memcpy(last, word + n - 3, 3);
		if (strspn(first, "0123456789") != 3 || strspn(last, "0123456789") != 3)
			return false;
		*range = (struct probe_range){ number_int(first), number_int(last) };
	} else {
		return false;
	}
	return range->first >= STATUS_LEAST && range->last <= STATUS_MOST &&
	       range->first <= range->last;
}

static bool probe_read_status(const char *text, struct probe_spec *p, struct err *err)
{
	for (const char *s = text + strspn(text, " "); *s; s += strspn(s, " ")) {
		size_t n = strcspn(s, " ");
		if (p->n_status == PROBE_RANGES_MAX)
			return err_set(err, ERR_USAGE, "status: at most %d words",
			               PROBE_RANGES_MAX);
		if (!probe_read_range(s, n, &p->status[p->n_status++]))
			return err_set(err, ERR_USAGE,
			               "status: expected words like 200, 301-308 or 4xx, got "
			               "\"%.*s\"",
			               (int)n, s);
		s += n;
	}
	return p->n_status || err_set(err, ERR_USAGE, "status: expected a status such as 200");
}

/* "/data/0/state = ready" */
static bool probe_read_json(const char *text, struct probe_spec *p, struct err *err)
{
	const char *equals = strchr(text, '=');
	size_t n = equals ? (size_t)(equals - text) : strlen(text);
	while (n && text[n - 1] == ' ')
		n--;
	if (n && *text != '/')
		return err_set(err, ERR_USAGE,
		               "json: expected a JSON pointer, then = and a value: /status = ok; "
		               "got "
		               "\"%s\"",
		               text);
	char *pointer = xstrndup(text, n);
	bool ok = probe_copy(p->pointer, sizeof(p->pointer), "json", pointer, err);
	free(pointer);
	p->json = true;
	p->has_value = equals != NULL;
	if (!ok || !equals)
		return ok;
	equals += 1 + strspn(equals + 1, " ");
	return probe_copy(p->value, sizeof(p->value), "json", equals, err);
}

/* Keys that mean nothing for this kind of check are mistakes: the user expects them to work. */
static bool probe_keys_fit(const struct check_config *c, enum probe_what what, struct err *err)
{
	const struct {
		const char *key;
		bool is_set;
		bool fits;
	} keys[] = {
		{ "text", c->text != NULL, what == PROBE_HTTP },
		{ "json", c->json != NULL, what == PROBE_HTTP },
		{ "insecure", c->insecure, what == PROBE_HTTP },
		{ "type", c->type != NULL, what == PROBE_DNS },
		{ "address", c->address != NULL, what == PROBE_DNS },
	};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (keys[i].is_set && !keys[i].fits)
			return err_set(err, ERR_USAGE, "%s means nothing for a check of %s",
			               keys[i].key, probe_what_name(what));
	return true;
}

bool probe_spec_read(const struct check_config *c, struct probe_spec *p, struct err *err)
{
	static bool (*const readers[PROBES])(const struct check_config *, struct probe_spec *,
	                                     struct err *) = {
		[PROBE_HTTP] = probe_read_url,
		[PROBE_TCP] = probe_read_tcp,
		[PROBE_DNS] = probe_read_dns,
		[PROBE_PING] = probe_read_ping,
	};
	const char *const wanted[PROBES] = { c->url, c->tcp, c->dns, c->ping };
	int n = 0;
	memset(p, 0, sizeof(*p)); /* padding too: two of them are compared as bytes */
	p->redirects = c->redirects;
	p->certificate_warn = c->certificate_warn;
	p->certificate_bad = c->certificate_bad;
	p->insecure = c->insecure;
	p->every_ms = c->every * 1000;
	p->within_ms = c->within * 1000;
	p->slow_ms = c->slow;
	p->fails = c->fails;
	for (int i = 0; i < PROBES; i++)
		if (wanted[i]) {
			p->what = (enum probe_what)i;
			n++;
		}
	if (n != 1)
		return err_set(err, ERR_USAGE, "needs one of url, tcp, dns and ping, %s",
		               n ? "not more" : "and has none");
	if (!probe_keys_fit(c, p->what, err) || !readers[p->what](c, p, err))
		return false;
	if (p->what != PROBE_HTTP)
		return true;
	if (!probe_read_status(c->status, p, err))
		return false;
	if (c->text && !probe_copy(p->text, sizeof(p->text), "text", c->text, err))
		return false;
	return !c->json || probe_read_json(c->json, p, err);
}

void probe_spec_target(const struct probe_spec *p, char *buf, size_t size)
{
	char raw[PROBE_TEXT_MAX + 16];
	if (p->what == PROBE_HTTP)
		snprintf(raw, sizeof(raw), "%.*s", (int)strcspn(p->url, "?#"), p->url);
	else if (p->what == PROBE_TCP)
		snprintf(raw, sizeof(raw), strchr(p->host, ':') ? "[%s]:%d" : "%s:%d", p->host,
		         p->port);
	else
		snprintf(raw, sizeof(raw), "%s", p->host);
	wash(buf, size, raw, strlen(raw));
}
