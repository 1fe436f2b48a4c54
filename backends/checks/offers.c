/* offers.c: checks without a section: offers, as a source of each server.
 *
 * An offer is a row of kind_check, idle, so nobody is called. One action writes its section into
 * the configuration, another dismisses it for good (dismissed.h). Offers come from what the store
 * knows already: nothing is asked and nothing runs on a server. A recording has no configuration
 * of its own, so it has no offers. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/checks/internal.h"
#include "backends/containers/container.h"
#include "backends/link/link.h"
#include "backends/link/url.h"
#include "backends/services/unit.h"
#include "backends/store/action.h"
#include "backends/store/config_add.h"
#include "backends/store/dismissed.h"
#include "backends/store/doc.h"
#include "backends/store/record.h"
#include "backends/store/settings.h"
#include "backends/vitals/vitals.h"

struct offers_source {
	struct source source;
	char *dismissed; /* owned: of dismissed_read; NULL: not read */
	uint64_t seen;   /* a digest of what the rows were made from; 0: make them again */
	bool up;
};

static struct offers_source *offers_of(struct source *s)
{
	return (struct offers_source *)s;
}

/* --- from what the offers arise --------------------------------------------- */

static uint64_t offers_digest(uint64_t digest, const void *bytes, size_t n)
{
	for (const unsigned char *p = bytes; n--; p++)
		digest = (digest ^ *p) * 1099511628211u; /* FNV-1a */
	return digest;
}

/* Whether the unit is one to offer a check for. */
static bool offers_takes_unit(const struct unit *u)
{
	return !u->user && !strcmp(u->active, "active") && offers_knows_service(u->row.name);
}

/* A digest of all that decides, without the settings and what was dismissed. Never 0. */
static uint64_t offers_look(const struct source *s)
{
	const struct server *v = s->server;
	uint64_t digest = 14695981039346656037u;
	struct row *r = store_first(s->store, &kind_container, v);
	for (; r; r = store_next(r, &kind_container, v)) {
		const struct container *c = ROW_AS(container, r);
		if (c->state != CONTAINER_RUNNING || !c->ports)
			continue;
		digest = offers_digest(digest, r->name, strlen(r->name) + 1);
		digest = offers_digest(digest, c->ports, strlen(c->ports) + 1);
	}
	r = store_first(s->store, &kind_unit, v);
	for (; r; r = store_next(r, &kind_unit, v))
		if (offers_takes_unit(ROW_AS(unit, r)))
			digest = offers_digest(digest, r->name, strlen(r->name) + 1);
	if (v->vitals)
		digest = offers_digest(digest, v->vitals->ports,
		                       v->vitals->n_ports * sizeof(*v->vitals->ports));
	return digest ? digest : 1;
}

/* The addresses of all [check] sections. Returns how many; the caller frees them. */
static size_t offers_taken(const struct source *s, struct offer_taken **taken)
{
	const struct check_config *all = store_settings(s->store)->checks, *c;
	size_t n = 0;
	for (c = all; c; c = c->next)
		n++;
	*taken = xcalloc(n ? n : 1, sizeof(**taken));
	n = 0;
	for (c = all; c; c = c->next) {
		struct offer_taken *t = &(*taken)[n];
		struct probe_spec spec;
		struct endpoint endpoint;
		struct err err;
		char *path = NULL;
		t->here = c->from ? server_is_called(s->server, c->from) : s->server->is_local;
		if (!probe_spec_read(c, &spec, &err))
			continue;
		if (spec.what == PROBE_TCP) {
			snprintf(t->host, sizeof(t->host), "%s", spec.host);
			t->port = spec.port;
			n++;
		} else if (spec.what == PROBE_HTTP &&
		           url_read(spec.url, &endpoint, t->host, sizeof(t->host), &path)) {
			t->port = endpoint.port;
			n++;
		}
		free(path);
	}
	return n;
}

/* --- the rows ---------------------------------------------------------------- */

static void offers_row(struct source *s, const struct offer *one)
{
	char *local = xasprintf("offer/%s", one->port ? one->name : "more");
	struct check *c = ROW_AS(check, store_row(s, &kind_check, local, one->name));
	free(local);
	if (c->offer && !memcmp(c->offer, one, sizeof(*one)))
		return;
	if (!c->offer)
		c->offer = xcalloc(1, sizeof(*c->offer));
	*c->offer = *one;
	c->what = one->http ? PROBE_HTTP : PROBE_TCP;
	c->fails_most = 1;
	c->latency_ms = -1;
	c->target[0] = '\0';
	if (one->port)
		offer_target(one, c->target, sizeof(c->target));
	store_row_health(&c->row, HEALTH_IDLE, c->row.health_ms ? c->row.health_ms : now_wall_ms(),
	                 NULL);
	store_touch(&c->row);
}

/* Makes the rows again if something changed. */
static void offers_judge(struct offers_source *f)
{
	struct source *s = &f->source;
	const struct server *v = s->server;
	uint64_t look = f->up ? offers_look(s) : f->seen;
	if (look == f->seen)
		return;
	f->seen = look;
	const char *const names[] = { v->name, v->link->hostname, v->hostname, NULL };
	struct offer_taken *taken;
	size_t n_taken = offers_taken(s, &taken);
	struct offers o = { .server = v->name,
		            .names = names,
		            .taken = taken,
		            .n_taken = n_taken,
		            .dismissed = f->dismissed };
	struct row *r = store_first(s->store, &kind_container, v);
	for (; r; r = store_next(r, &kind_container, v)) {
		const struct container *c = ROW_AS(container, r);
		if (c->state == CONTAINER_RUNNING)
			offers_add_container(&o, r->name, c->ports);
	}
	r = v->vitals ? store_first(s->store, &kind_unit, v) : NULL;
	for (; r; r = store_next(r, &kind_unit, v))
		if (offers_takes_unit(ROW_AS(unit, r)))
			offers_add_service(&o, r->name, v->vitals->ports, v->vitals->n_ports);
	store_rows_begin(s, &kind_check);
	for (size_t i = 0; i < o.n; i++)
		offers_row(s, &o.list[i]);
	if (o.left_out) {
		struct offer rest;
		memset(&rest, 0, sizeof(rest));
		snprintf(rest.name, sizeof(rest.name), "%zu more", o.left_out);
		offers_row(s, &rest);
	}
	store_rows_end(s, &kind_check);
	free(taken);
}

/* --- the actions -------------------------------------------------------------- */

/* The server of the section; NULL: this machine, which needs no from. */
static const char *offer_from(const struct row *row)
{
	return row->server->is_local ? NULL : row->server->name;
}

/* A name that no section has. */
static void offer_new_name(const struct row *row, char *buf, size_t size)
{
	const struct offer *one = check_of(row)->offer;
	const struct check_config *c = NULL;
	snprintf(buf, size, "%s", one->name);
	for (int i = 2; i < 100; i++) {
		for (c = store_settings(row->server->store)->checks; c; c = c->next)
			if (!strcmp(c->name, buf))
				break;
		if (!c)
			return;
		snprintf(buf, size, "%s-%d", one->name, i);
	}
}

bool offer_fits(const struct row *row, const char *argument, struct err *err)
{
	const char *from = offer_from(row);
	(void)argument;
	if (store_settings(row->server->store)->read_only)
		return err_set(err, ERR_DENIED,
		               "nothing is written to the configuration: mocr was started "
		               "read-only");
	for (const char *p = from ? from : ""; *p; p++)
		if (iscntrl((unsigned char)*p) || *p == ';' || *p == '#')
			return err_set(err, ERR_USAGE,
			               "the name of this server does not fit into a line of the "
			               "configuration");
	return true;
}

void offer_command(const struct row *row, char *buf, size_t size)
{
	const char *path = store_settings(row->server->store)->path;
	char name[CHECK_NAME_SIZE];
	offer_new_name(row, name, sizeof(name));
	snprintf(buf, size, "adds [check %s] for %s, made from %s, to %s", name,
	         check_of(row)->target, row->server->name, path ? path : "no file");
}

void offer_write(struct order *order)
{
	struct row *row = order_row(order);
	struct store *store = row->server->store;
	const char *path = store_settings(store)->path;
	char name[CHECK_NAME_SIZE];
	struct buf keys = { 0 };
	struct err err = { 0 };
	bool good = path || err_set(&err, ERR_USAGE, "this mocr has no configuration file");
	offer_new_name(row, name, sizeof(name));
	offer_keys(check_of(row)->offer, offer_from(row), &keys);
	good = good && config_add_section(path, "check", name, keys.data, &err);
	char *said = xasprintf("[check %s] is in %s", name, path ? path : "");
	order_end(order, good ? NULL : &err, said);
	if (good)
		store_reread(store);
	free(said);
	buf_finish(&keys);
}

void offer_say_dismiss(const struct row *row, char *buf, size_t size)
{
	snprintf(buf, size, "stops offering a check of %s on %s", check_of(row)->target,
	         row->server->name);
}

void offer_dismiss(struct order *order)
{
	struct row *row = order_row(order);
	struct offers_source *f = offers_of(row->source);
	struct err err = { 0 };
	char key[OFFER_KEY_SIZE];
	offer_key(check_of(row)->offer, key, sizeof(key));
	bool good = dismissed_add(f->source.store, row->server->name, "check", key, &err);
	order_end(order, good ? NULL : &err, "not offered again");
	free(f->dismissed);
	f->dismissed = dismissed_read(f->source.store);
	f->seen = 0;
	offers_judge(f);
}

void offer_detail(const struct row *row, struct doc *doc)
{
	const struct offer *one = check_of(row)->offer;
	const char *from = offer_from(row);
	char name[CHECK_NAME_SIZE];
	struct buf keys = { 0 };
	if (!one->port) {
		doc_pair(doc, DOC_DIM, "offers",
		         "%s. At most %d are shown per server: write or dismiss some of them",
		         one->name, OFFERS_MOST);
		return;
	}
	doc_pair(doc, DOC_PLAIN, "offered", "%s, by %s", check_of(row)->target, one->by);
	if (one->more)
		doc_pair(doc, DOC_PLAIN, "range", "the first of %d ports", one->more + 1);
	if (one->everywhere)
		doc_pair(doc, DOC_DIM, "from",
		         "%s itself: the port is published at all its addresses, and is checked "
		         "without its firewall",
		         row->server->name);
	else
		doc_pair(doc, DOC_DIM, "from", "%s itself: it listens at %s", row->server->name,
		         one->host);
	offer_new_name(row, name, sizeof(name));
	offer_keys(one, from, &keys);
	doc_head(doc, "The section that can be written");
	doc_add(doc, DOC_CODE, "[check %s]", name);
	for (char *rest = keys.data, *line; (line = strsep(&rest, "\n")) && *line;)
		doc_add(doc, DOC_CODE, "%s", line);
	buf_finish(&keys);
}

/* --- the backend -------------------------------------------------------------- */

static void offers_up(struct source *s)
{
	struct offers_source *f = offers_of(s);
	if (replay_is_on(s->store)) {
		source_set_state(s, SOURCE_ABSENT, NULL);
		return;
	}
	f->up = true;
	f->seen = 0;
	free(f->dismissed);
	f->dismissed = dismissed_read(s->store);
	source_set_state(s, SOURCE_LIVE, NULL);
	offers_judge(f);
}

static void offers_down(struct source *s)
{
	offers_of(s)->up = false;
	if (s->state == SOURCE_LIVE)
		source_set_state(s, SOURCE_STALE, NULL);
}

static void offers_configured(struct source *s)
{
	offers_of(s)->seen = 0;
	offers_judge(offers_of(s));
}

static void offers_changed(struct source *s)
{
	offers_judge(offers_of(s));
}

static void offers_finish(struct source *s)
{
	free(offers_of(s)->dismissed);
	offers_of(s)->dismissed = NULL;
}

const struct backend backend_offers = {
	.by_section = true,
	.name = "offers",
	.source_size = sizeof(struct offers_source),
	.up = offers_up,
	.down = offers_down,
	.configured = offers_configured,
	.finish = offers_finish,
	.ports = offers_changed,
	.watches = &kind_container,
	.watches_too = &kind_unit,
	.watched = offers_changed,
};
