/* offer.c: see offer.h. A server sees its published ports at its own 127.0.0.1, unless a port is
 * bound to one address. So every offered check is made from the server itself. */
#include "backends/checks/offer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"
#include "backends/store/dismissed.h"

#define LOOPBACK "127.0.0.1"
#define PORTS_MOST 256 /* of one container */
#define RANGE_LEAST 4  /* so many neighbours are one range: 80 and 81 are two services */
#define BASE_BYTES 40  /* of a container's name within the name of a section */

static const int offer_http_ports[] = { 80, 3000, 5000, 8000, 8080, 8081, 8888 };

/* Where well-known services listen by default, the best port first. */
static const struct offer_service {
	const char *unit; /* without its instance and ".service" */
	uint16_t ports[2];
} offer_services[] = {
	{ "apache2", { 80, 443 } },    { "caddy", { 80, 443 } },
	{ "dovecot", { 993, 143 } },   { "elasticsearch", { 9200 } },
	{ "forgejo", { 3000 } },       { "gitea", { 3000 } },
	{ "grafana-server", { 3000 } }, { "haproxy", { 80, 443 } },
	{ "httpd", { 80, 443 } },      { "influxdb", { 8086 } },
	{ "jellyfin", { 8096 } },      { "lighttpd", { 80, 443 } },
	{ "mariadb", { 3306 } },       { "memcached", { 11211 } },
	{ "minio", { 9000 } },         { "mongod", { 27017 } },
	{ "mosquitto", { 1883, 8883 } }, { "mysql", { 3306 } },
	{ "mysqld", { 3306 } },        { "named", { 53 } },
	{ "nfs-server", { 2049 } },    { "nginx", { 80, 443 } },
	{ "pihole-FTL", { 53 } },      { "postfix", { 25, 587 } },
	{ "postgresql", { 5432 } },    { "prometheus", { 9090 } },
	{ "rabbitmq-server", { 5672 } }, { "redis", { 6379 } },
	{ "redis-server", { 6379 } },  { "smbd", { 445 } },
	{ "ssh", { 22 } },             { "sshd", { 22 } },
	{ "traefik", { 80, 443 } },    { "valkey", { 6379 } },
	{ "valkey-server", { 6379 } }, { "vsftpd", { 21 } },
};

static bool offer_is_http(int port)
{
	for (size_t i = 0; i < ARRAY_LEN(offer_http_ports); i++)
		if (offer_http_ports[i] == port)
			return true;
	return false;
}

/* --- what nobody needs to be offered --------------------------------------- */

/* Does the address of a check lead to the offered port? */
static bool offer_is_taken(const struct offers *o, const struct offer *one,
                           const struct offer_taken *t)
{
	char host[sizeof(t->host)];
	size_t len = strlen(t->host);
	bool brackets = len > 2 && t->host[0] == '[' && t->host[len - 1] == ']';
	snprintf(host, sizeof(host), "%.*s", (int)(brackets ? len - 2 : len), t->host + brackets);
	if (t->port != one->port)
		return false;
	for (size_t i = 0; o->names[i]; i++)
		if (*o->names[i] && !strcasecmp(host, o->names[i]))
			return true;
	bool loopback = !strncmp(host, "127.", 4) || !strcasecmp(host, "localhost") ||
	                !strcmp(host, "::1") || !strcmp(host, "0.0.0.0");
	if (loopback)
		return t->here &&
		       (!strncmp(one->host, "127.", 4) || !strcmp(one->host, "::1"));
	return !strcasecmp(host, one->host);
}

void offer_key(const struct offer *one, char *buf, size_t size)
{
	snprintf(buf, size, "%s at %s:%d", one->by, one->host, one->port);
}

/* Takes the offer, unless it is known already. */
static void offers_push(struct offers *o, struct offer *one, const char *from)
{
	char base[BASE_BYTES + 1];
	size_t n = 0;
	for (const char *p = from; *p && n < BASE_BYTES; p++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *p))
			base[n++] = *p;
	base[n] = '\0';
	snprintf(one->name, sizeof(one->name), "%s-%d", n ? base : "port", one->port);
	for (size_t i = 0; i < o->n_taken; i++)
		if (offer_is_taken(o, one, &o->taken[i]))
			return;
	for (size_t i = 0, again = 2; i < o->n; i++) {
		const struct offer *other = &o->list[i];
		if (other->port == one->port && !strcmp(other->host, one->host))
			return;
		if (strcmp(other->name, one->name) != 0)
			continue;
		/* two addresses of one port: the number makes the name another one */
		snprintf(one->name, sizeof(one->name), "%s-%d-%zu", n ? base : "port", one->port,
		         again++);
		i = (size_t)-1;
	}
	char key[OFFER_KEY_SIZE];
	offer_key(one, key, sizeof(key));
	if (dismissed_has(o->dismissed, o->server, "check", key))
		return;
	if (o->n < OFFERS_MOST) {
		o->list[o->n++] = *one;
		return;
	}
	size_t known = o->left_out < OFFERS_LEFT ? o->left_out : OFFERS_LEFT;
	for (size_t i = 0; i < known; i++)
		if (o->left[i].port == one->port && !strcmp(o->left[i].host, one->host))
			return;
	if (o->left_out < OFFERS_LEFT) {
		struct offer_place *place = &o->left[o->left_out];
		memcpy(place->host, one->host, sizeof(place->host));
		place->port = one->port;
	}
	o->left_out++;
}

/* --- containers ------------------------------------------------------------ */

struct offer_port {
	char host[48];
	int outside, inside;
	int more; /* further ports of its range */
	int rank; /* of several addresses for one port the least is taken */
};

/* "8080->80", "[::1]:8000-8010->8000-8010": one word without "/tcp". */
static bool offer_read_port(char *word, struct offer_port *p)
{
	unsigned char raw[16];
	char *arrow = strstr(word, "->"), *host = word;
	if (!arrow)
		return false;
	*arrow = '\0';
	char *colon = strrchr(word, ':'), *outside = colon ? colon + 1 : word;
	char *dash = strchr(outside, '-');
	*p = (struct offer_port){ .outside = (int)number_read(outside, 1, 65535, 0),
		                  .inside = (int)number_read(arrow + 2, 1, 65535, 0) };
	int last = dash ? (int)number_read(dash + 1, 1, 65535, 0) : p->outside;
	p->more = last - p->outside;
	if (!p->outside || !p->inside || p->more < 0)
		return false;
	if (colon)
		*colon = '\0';
	else
		host = "";
	size_t len = strlen(host);
	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		host++;
	}
	if (!*host || !strcmp(host, "0.0.0.0") || !strcmp(host, "::") || !strcmp(host, "*")) {
		snprintf(p->host, sizeof(p->host), LOOPBACK);
		return true;
	}
	bool four = inet_pton(AF_INET, host, raw) == 1;
	if (strlen(host) >= sizeof(p->host) || (!four && inet_pton(AF_INET6, host, raw) != 1))
		return false;
	snprintf(p->host, sizeof(p->host), "%s", host);
	if (!strncmp(host, "127.", 4))
		p->rank = 1;
	else
		p->rank = strcmp(host, "::1") ? 3 : 2;
	return true;
}

static int offer_compare_ports(const void *a, const void *b)
{
	const struct offer_port *x = a, *y = b;
	return x->outside != y->outside ? x->outside - y->outside : x->rank - y->rank;
}

void offers_add_container(struct offers *o, const char *name, const char *ports)
{
	struct offer_port all[PORTS_MOST] = { 0 };
	size_t n = 0;
	for (const char *p = ports ? ports : ""; *p && n < PORTS_MOST; p += strspn(p, ", ")) {
		char word[160];
		size_t len = strcspn(p, ",");
		snprintf(word, sizeof(word), "%.*s", (int)len, p);
		p += len;
		char *slash = strrchr(word, '/');
		if (len >= sizeof(word) || !slash || strcmp(slash, "/tcp") != 0)
			continue;
		*slash = '\0';
		n += offer_read_port(word, &all[n]);
	}
	qsort(all, n, sizeof(*all), offer_compare_ports);
	for (size_t i = 0, next; i < n; i = next) {
		const struct offer_port *p = &all[i];
		int last = p->outside + p->more;
		/* the same port at further addresses, and its neighbours */
		for (next = i + 1; next < n; next++) {
			const struct offer_port *q = &all[next];
			bool follows = q->outside == last + 1 && !strcmp(q->host, p->host) &&
			               q->outside - p->outside == q->inside - p->inside;
			if (q->outside > last && !follows)
				break;
			last = follows ? q->outside + q->more : last;
		}
		if (!p->more && last - p->outside + 1 < RANGE_LEAST) {
			last = p->outside;
			for (next = i + 1; next < n && all[next].outside == last;)
				next++;
		}
		struct offer one;
		memset(&one, 0, sizeof(one));
		snprintf(one.host, sizeof(one.host), "%s", p->host);
		one.port = p->outside;
		one.http = offer_is_http(p->inside);
		one.everywhere = !p->rank;
		one.more = last - p->outside;
		char by[sizeof(one.by) * 2];
		snprintf(by, sizeof(by), "container %s", name);
		wash(one.by, sizeof(one.by), by, strlen(by));
		offers_push(o, &one, name);
	}
}

/* --- services -------------------------------------------------------------- */

static const struct offer_service *offer_service_of(const char *unit)
{
	size_t len = strcspn(unit, "@");
	const char *end = strstr(unit, ".service");
	if (!end || end[strlen(".service")])
		return NULL;
	if (unit + len > end)
		len = (size_t)(end - unit);
	for (size_t i = 0; i < ARRAY_LEN(offer_services); i++)
		if (strlen(offer_services[i].unit) == len &&
		    !strncmp(offer_services[i].unit, unit, len))
			return &offer_services[i];
	return NULL;
}

bool offers_knows_service(const char *unit)
{
	return offer_service_of(unit) != NULL;
}

void offers_add_service(struct offers *o, const char *unit, const uint16_t *ports, size_t n)
{
	const struct offer_service *s = offer_service_of(unit);
	for (size_t i = 0; s && i < ARRAY_LEN(s->ports) && s->ports[i]; i++)
		for (size_t k = 0; k < n; k++) {
			if (ports[k] != s->ports[i])
				continue;
			struct offer one;
			memset(&one, 0, sizeof(one));
			snprintf(one.host, sizeof(one.host), LOOPBACK);
			one.port = ports[k];
			one.http = offer_is_http(one.port);
			wash(one.by, sizeof(one.by), unit, strlen(unit));
			offers_push(o, &one, s->unit);
			return;
		}
}

/* --- what is written ------------------------------------------------------- */

void offer_target(const struct offer *one, char *buf, size_t size)
{
	char place[sizeof(one->host) + 16];
	if (strchr(one->host, ':'))
		snprintf(place, sizeof(place), "[%s]:%d", one->host, one->port);
	else
		snprintf(place, sizeof(place), "%s:%d", one->host, one->port);
	if (one->http)
		snprintf(buf, size, "http://%s/", place);
	else
		snprintf(buf, size, "%s", place);
}

void offer_keys(const struct offer *one, const char *from, struct buf *out)
{
	char target[120];
	offer_target(one, target, sizeof(target));
	buf_addf(out, "%s = %s\n", one->http ? "url" : "tcp", target);
	/* what it answers at / is not known: a login and "not found" are answers, too */
	if (one->http)
		buf_puts(out, "status = 200-499\nredirects = 0\n");
	if (from)
		buf_addf(out, "from = %s\n", from);
}
