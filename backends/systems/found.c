/* found.c: systems that run on a server and have no section: offers.
 *
 * An offer is a row of kind_system, idle, so nobody is called. One action writes its section into
 * the configuration, another dismisses it for good (dismissed.h).
 *
 * Containers are known by their image. A port that listens without such a container is asked once
 * what it is, through the link (found_kinds). What an unknown service answers is neither kept nor
 * recorded. A recording has no configuration of its own, so it has no offers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/containers/containers.h"
#include "backends/link/api.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/link/wire.h"
#include "backends/store/action.h"
#include "backends/store/config_add.h"
#include "backends/store/dismissed.h"
#include "backends/store/record.h"
#include "backends/store/settings.h"
#include "backends/systems/found_parse.h"
#include "backends/systems/system.h"
#include "backends/vitals/vitals.h"

#define FOUND_ASK_MS 5000
#define FOUND_ANSWER_MAX (64u << 10)
#define FOUND_PORTS 32
#define NAME_SIZE 48

/* One port of found_kinds that listens. */
struct found_port {
	int port;
	const struct found_kind *next; /* the kind to be asked for next; NULL: all were */
	const struct found_kind *is;   /* NULL: none of them, or not known yet */
};

struct found {
	struct source source;
	struct system_site site; /* the offers are its rows; it is never opened */
	struct found_port ports[FOUND_PORTS];
	size_t n_ports;
	struct api *api; /* owned, with its call: the running question; NULL none */
	int asked_port;  /* which it is about */
	char *dismissed; /* owned: of dismissed_read; NULL: not read */
	bool up;
};

static struct found *found_of(struct source *source)
{
	return (struct found *)source;
}

/* --- sections that are there ---------------------------------------------- */

static const void *found_section(const struct found_kind *k, const struct settings *s,
                                 const void *after)
{
	const void *next;
	if (after)
		memcpy(&next, (const char *)after + k->next_at, sizeof(next));
	else
		memcpy(&next, (const char *)s + k->list_at, sizeof(next));
	return next;
}

static struct found_address found_address(const struct found_kind *k, const struct site_config *c,
                                          const struct server *v)
{
	struct found_address a = { .here = c->server ? server_is_called(v, c->server) : v->is_local,
		                   .anywhere = !c->server };
	const char *prefix;
	struct endpoint endpoint;
	struct wire_url wire;
	size_t n;
	if (c->url && k->before && wire_url_read(c->url, k->section, &wire, NULL)) {
		snprintf(a.host, sizeof(a.host), "%s", wire.host);
		a.port = wire.port;
	} else if (c->url && !k->before &&
	           api_url_endpoint(c->url, &endpoint, a.host, sizeof(a.host), &prefix, &n)) {
		a.port = endpoint.port;
	} else {
		a.host[0] = '\0';
	}
	return a;
}

/* place NULL: reached nowhere */
static bool found_is_covered(const struct found *f, const struct found_kind *k,
                             const struct found_place *place)
{
	const struct server *v = f->source.server;
	const char *const names[] = { v->name, v->link->hostname, v->hostname, NULL };
	const struct source *headscale = server_source(v, "headscale");
	/* its program on the server is found without a section */
	if (!strcmp(k->section, "headscale") && headscale && headscale->state == SOURCE_LIVE)
		return true;
	const void *section = NULL;
	while ((section = found_section(k, store_settings(f->source.store), section))) {
		struct site_config c;
		memcpy(&c, section, sizeof(c));
		struct found_address a = found_address(k, &c, v);
		if (found_covers(&a, place, names))
			return true;
	}
	return false;
}

/* --- what was dismissed --------------------------------------------------- */

static void found_read_dismissed(struct found *f)
{
	free(f->dismissed);
	f->dismissed = dismissed_read(f->source.store);
}

static bool found_is_dismissed(const struct found *f, const struct found_kind *k, const char *name)
{
	return dismissed_has(f->dismissed, f->source.server->name, k->section, name);
}

/* --- offers ---------------------------------------------------------------- */

/* Makes its row. key: two engines may have a container of one name. setting: the line that says
 * where it is; "" nowhere. */
static void found_offer(struct found *f, const struct found_kind *k, const char *key,
                        const char *name, const char *where, const char *setting)
{
	struct site *s = &f->site.site;
	if (found_is_dismissed(f, k, name))
		return;
	struct system *y = system_row_as(s, k->section, key, name, setting);
	y->product = k->product;
	system_figure(y, "at", DOC_DIM, "%s", where);
	system_settle(y, "found", HEALTH_IDLE, NULL);
}

/* Finds where the container is reached. False: nowhere. */
static bool found_place_of(const struct container *c, const struct found_kind *k,
                           struct found_place *at)
{
	if (c->networks && !strcmp(c->networks, "host")) {
		*at = (struct found_place){ "127.0.0.1", k->inside };
		return true;
	}
	return found_published(c->ports, k->inside, at);
}

static void found_offer_container(struct found *f, const struct container *c,
                                  const struct found_kind *k)
{
	struct found_place at;
	char where[120], url[200], setting[300] = "";
	bool reached = found_place_of(c, k, &at);
	if (found_is_covered(f, k, reached ? &at : NULL))
		return;
	snprintf(where, sizeof(where), "port %d, not published", k->inside);
	if (!strcmp(k->section, "headscale") && c->row.source) {
		/* its own program needs no key */
		char engine[ENGINE_COMMAND_SIZE];
		engine_command(c->row.source, engine, sizeof(engine));
		snprintf(where, sizeof(where), "its own program");
		snprintf(setting, sizeof(setting), "command = %.150s exec %.100s headscale", engine,
		         c->row.name);
	} else if (reached) {
		found_url(k, &at, url, sizeof(url));
		snprintf(where, sizeof(where), "%s:%d", at.host, at.port);
		snprintf(setting, sizeof(setting), "url = %s", url);
	}
	const char *key = c->row.id + strlen(f->source.server->name) + strlen("/container/");
	found_offer(f, k, key, c->row.name, where, setting);
}

/* The kind of a container that runs. NULL: none that mocr knows. */
static const struct found_kind *found_kind_in(const struct container *c)
{
	bool up = c->state == CONTAINER_RUNNING || c->state == CONTAINER_PAUSED;
	return up && c->image ? found_by_image(c->image) : NULL;
}

/* Does a container of a known kind publish this port? Then that one is offered, not the port. */
static bool found_has_container(const struct found *f, int port)
{
	const struct server *v = f->source.server;
	struct row *r = store_first(f->source.store, &kind_container, v);
	for (; r; r = store_next(r, &kind_container, v)) {
		const struct container *c = ROW_AS(container, r);
		const struct found_kind *k = found_kind_in(c);
		struct found_place at;
		if (k && found_place_of(c, k, &at) && at.port == port)
			return true;
	}
	return false;
}

static void found_judge(struct found *f)
{
	struct site *s = &f->site.site;
	const struct server *v = f->source.server;
	if (!f->up)
		return;
	system_begin(s, "");
	struct row *r = store_first(f->source.store, &kind_container, v);
	for (; r; r = store_next(r, &kind_container, v)) {
		const struct container *c = ROW_AS(container, r);
		const struct found_kind *k = found_kind_in(c);
		if (k)
			found_offer_container(f, c, k);
	}
	for (size_t i = 0; i < f->n_ports; i++) {
		const struct found_port *p = &f->ports[i];
		struct found_place at = { "127.0.0.1", p->port };
		char name[32], where[64], url[200], setting[220];
		if (!p->is || found_has_container(f, p->port) || found_is_covered(f, p->is, &at))
			continue;
		found_url(p->is, &at, url, sizeof(url));
		snprintf(name, sizeof(name), "port %d", p->port);
		snprintf(where, sizeof(where), "%s:%d", at.host, at.port);
		snprintf(setting, sizeof(setting), "url = %s", url);
		found_offer(f, p->is, name, name, where, setting);
	}
	for (struct system *y = system_next(s, NULL), *next; y; y = next) {
		next = system_next(s, y);
		if (y->round != f->site.lists)
			store_row_remove(&y->row);
	}
}

/* --- ports ------------------------------------------------------------------ */

static void found_ask(struct found *);

/* The kind after this one that listens at the port; NULL: the first. */
static const struct found_kind *found_kind_at(int port, const struct found_kind *after)
{
	const struct found_kind *k = after ? after + 1 : found_kinds;
	while (k->section && k->outside != port)
		k++;
	return k->section ? k : NULL;
}

static void found_came(const struct api_answer *r, void *arg)
{
	struct found *f = arg;
	for (size_t i = 0; i < f->n_ports; i++) {
		struct found_port *p = &f->ports[i];
		if (p->port != f->asked_port || !p->next)
			continue;
		bool is = !r->err.code && strstr(r->body, p->next->says);
		p->is = is ? p->next : NULL;
		p->next = is ? NULL : found_kind_at(p->port, p->next);
	}
	api_destroy(f->api);
	f->api = NULL;
	found_ask(f);
	found_judge(f);
}

/* Asks one port what it is. False: it need not be asked, or cannot be. */
static bool found_ask_port(struct found *f, struct found_port *p)
{
	struct found_place at = { "127.0.0.1", p->port };
	char url[80], who[120];
	struct err err;
	if (found_is_covered(f, p->next, &at) || found_has_container(f, p->port))
		return false;
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", p->port);
	snprintf(who, sizeof(who), "port %d of %.80s", p->port, f->source.server->name);
	f->api = api_create(store_http(f->source.store), source_link(&f->source),
	                    &(struct api_config){ .who = who, .product = "it", .url = url }, &err);
	f->asked_port = p->port;
	if (!f->api)
		return false;
	api_call(f->api, &(struct api_request){ .path = p->next->path,
	                                        .max = FOUND_ANSWER_MAX,
	                                        .timeout_ms = FOUND_ASK_MS,
	                                        .open = true,
	                                        .once = true,
	                                        .done = found_came,
	                                        .arg = f });
	return true;
}

/* One question at a time, and each only once while the port listens. */
static void found_ask(struct found *f)
{
	for (size_t i = 0; i < f->n_ports && f->up && !f->api; i++) {
		struct found_port *p = &f->ports[i];
		while (p->next && !f->api) {
			if (!p->next->path) {
				p->is = p->next;
				p->next = NULL;
			} else if (!found_ask_port(f, p)) {
				p->next = found_kind_at(p->port, p->next);
			}
		}
	}
}

/* Takes the list of ports. What is known of a port that still listens stays. */
static void found_ports(struct source *source)
{
	struct found *f = found_of(source);
	struct found_port now[FOUND_PORTS];
	size_t n = 0;
	const struct found_kind *k = found_kinds;
	if (!f->up)
		return;
	for (; k->section && n < FOUND_PORTS; k++) {
		if (!k->outside || found_kind_at(k->outside, NULL) != k ||
		    !vitals_has_port(source->server, k->outside))
			continue;
		now[n] = (struct found_port){ .port = k->outside, .next = k };
		for (size_t i = 0; i < f->n_ports; i++)
			if (f->ports[i].port == k->outside)
				now[n] = f->ports[i];
		n++;
	}
	memcpy(f->ports, now, n * sizeof(*now));
	f->n_ports = n;
	found_ask(f);
	found_judge(f);
}

/* --- the actions ------------------------------------------------------------ */

static const struct found_kind *found_kind_of(const struct system *y)
{
	const struct found_kind *k = found_kinds;
	while (k->section && k->product != y->product)
		k++;
	return k->section ? k : NULL;
}

/* A name that no section of this kind has. */
static void found_new_name(const struct system *y, const struct found_kind *k, char *buf,
                           size_t size)
{
	const struct settings *settings = store_settings(y->row.source->store);
	const struct server *v = y->row.server;
	bool by_port = !strncmp(y->row.name, "port ", 5);
	char base[NAME_SIZE];
	found_name(by_port ? v->name : y->row.name, base, sizeof(base));
	snprintf(buf, size, "%s", base);
	for (int i = 2; i < 100; i++) {
		const void *one = NULL;
		struct site_config c = { .name = "" };
		while ((one = found_section(k, settings, one))) {
			memcpy(&c, one, sizeof(c));
			if (!strcmp(c.name, buf))
				break;
		}
		if (!one)
			return;
		snprintf(buf, size, "%s-%d", base, i);
	}
}

static bool found_can_write(const struct system_act *act, const struct system *y)
{
	return *y->ref && found_kind_of(y);
}

static void found_say_write(const struct system_act *act, const struct system *y, char *buf,
                            size_t size)
{
	const struct found_kind *k = found_kind_of(y);
	char name[NAME_SIZE + 4];
	if (!k)
		return;
	found_new_name(y, k, name, sizeof(name));
	snprintf(buf, size, "adds [%s %s] with server = %s, %s to %s", k->section, name,
	         y->row.server->name, y->ref, store_settings(y->row.source->store)->path);
}

/* Does a line of keys ask for the command that prints its key? */
static bool found_asks(const struct found_kind *k, const struct system *y)
{
	return k && k->key != FOUND_NO_KEY && strncmp(y->ref, "command", 7) != 0;
}

static bool found_fits_write(const struct system_act *act, const struct system *y,
                             const char *argument, struct err *err)
{
	const struct found_kind *k = found_kind_of(y);
	if (store_settings(y->row.source->store)->read_only)
		return err_set(err, ERR_DENIED,
		               "nothing is written to the configuration: mocr was started "
		               "read-only");
	return !found_asks(k, y) || found_key_fits(k, argument ? argument : "", err);
}

static void found_write(const struct system_act *act, struct order *order, struct system *y)
{
	struct store *store = y->row.source->store;
	const struct found_kind *k = found_kind_of(y);
	const char *path = store_settings(store)->path, *command = order->argument;
	char name[NAME_SIZE + 4], *said;
	struct buf keys = { 0 };
	struct err err = { 0 };
	bool good = path || err_set(&err, ERR_USAGE, "this mocr has no configuration file");
	found_new_name(y, k, name, sizeof(name));
	buf_addf(&keys, "server = %s\n%s\n", y->row.server->name, y->ref);
	if (found_asks(k, y) && command && *command)
		buf_addf(&keys, "%s = %s\n", k->before ? "password_command" : "token_command",
		         command);
	buf_puts(&keys, k->more ? k->more : "");
	good = good && config_add_section(path, k->section, name, keys.data, &err);
	said = xasprintf("[%s %s] is in %s", k->section, name, path ? path : "");
	order_end(order, good ? NULL : &err, said);
	if (good)
		store_reread(store);
	free(said);
	buf_finish(&keys);
}

static void found_say_dismiss(const struct system_act *act, const struct system *y, char *buf,
                              size_t size)
{
	snprintf(buf, size, "offers %s %s of %s no more", y->product, y->row.name,
	         y->row.server->name);
}

static void found_dismiss(const struct system_act *act, struct order *order, struct system *y)
{
	struct found *f = found_of(y->row.source);
	const struct found_kind *k = found_kind_of(y);
	struct err err = { 0 };
	bool good = dismissed_add(f->source.store, f->source.server->name, k->section, y->row.name,
	                          &err);
	order_end(order, good ? NULL : &err, "not offered again");
	found_read_dismissed(f);
	found_judge(f);
}

static void found_detail(const struct system *y, struct doc *doc)
{
	const struct found_kind *k = found_kind_of(y);
	char name[NAME_SIZE + 4];
	if (!k)
		return;
	if (!*y->ref) {
		doc_pair(doc, DOC_DIM, "no section",
		         "the server reaches no port of it. Publish port %d of the container at "
		         "127.0.0.1, or write [%s NAME] by hand",
		         k->inside, k->section);
		return;
	}
	found_new_name(y, k, name, sizeof(name));
	doc_head(doc, "The section that can be written");
	doc_add(doc, DOC_CODE, "[%s %s]", k->section, name);
	doc_add(doc, DOC_CODE, "server = %s", y->row.server->name);
	doc_add(doc, DOC_CODE, "%s", y->ref);
	if (found_asks(k, y))
		doc_pair(doc, DOC_DIM, "asks for", "a command that prints %s", k->key_word);
}

/* --- the backend ------------------------------------------------------------ */

static const struct system_ops found_ops = {
	.asks = "once what listens at a usual port without a section",
	.acts = { [SYSTEM_WRITE] = { .can = found_can_write,
	                             .command = found_say_write,
	                             .fits_row = found_fits_write,
	                             .run = found_write },
	          [SYSTEM_DISMISS] = { .command = found_say_dismiss, .run = found_dismiss } },
	.detail = found_detail,
};
static const struct platform platform_found = {
	.product = "found", .section = "found", .kind = &kind_system, .param = &found_ops
};

void system_key_words(const struct row *r, char *buf, size_t size)
{
	const struct system *y = system_const(r);
	const struct found_kind *k = y->product ? found_kind_of(y) : NULL;
	*buf = '\0';
	if (found_asks(k, y))
		snprintf(buf, size, "It prints %s.%s", k->key_word,
		         k->key == FOUND_MAY_KEY ? " Empty: without one." : "");
}

static void found_stop(struct found *f)
{
	api_destroy(f->api);
	f->api = NULL;
	f->up = false;
}

static void found_up(struct source *source)
{
	struct found *f = found_of(source);
	if (replay_is_on(source->store)) {
		source_set_state(source, SOURCE_ABSENT, NULL);
		return;
	}
	if (!f->site.site.platform)
		site_init(&f->site.site, &platform_found, source, "offer");
	f->up = true;
	found_read_dismissed(f);
	source_set_state(source, SOURCE_LIVE, NULL);
	found_judge(f);
	if (source->server->vitals && source->server->vitals->ports_known)
		found_ports(source);
}

static void found_down(struct source *source)
{
	found_stop(found_of(source));
	if (source->state == SOURCE_LIVE)
		source_set_state(source, SOURCE_STALE, NULL);
}

static void found_finish(struct source *source)
{
	struct found *f = found_of(source);
	found_stop(f);
	free(f->dismissed);
	f->dismissed = NULL;
}

static void found_watched(struct source *source)
{
	found_judge(found_of(source));
}

/* A section that went uncovers what it covered. */
static void found_configured(struct source *source)
{
	struct found *f = found_of(source);
	for (size_t i = 0; i < f->n_ports; i++)
		if (!f->ports[i].is)
			f->ports[i].next = found_kind_at(f->ports[i].port, NULL);
	found_ask(f);
	found_judge(f);
}

const struct backend backend_found = {
	.by_section = true,
	.name = "found",
	.source_size = sizeof(struct found),
	.up = found_up,
	.down = found_down,
	.finish = found_finish,
	.configured = found_configured,
	.ports = found_ports,
	.watches = &kind_container,
	.watched = found_watched,
};
