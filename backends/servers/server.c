/* server.c: one server: its link, its sources and its health.
 *
 * The link reports every change here. Sources start when the link comes up and stop when it is
 * gone. Rows stay. */
#include "backends/servers/server.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/list.h"
#include "backends/base/mask.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/ask.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/sudo.h"
#include "backends/store/internal.h"
#include "backends/store/record.h"
#include "backends/vitals/sockets.h"
#include "backends/vitals/vitals.h"

#define TRIM_MS 4000

static void server_on_link(struct link *link, void *arg);
static const struct link_events events = { .changed = server_on_link };
static const struct server_ops server_ops;

/* A question of a backend that is open. Remembers the original callback, so that the answer passes
 * through here. */
struct pending {
	struct server *server;
	struct ask *ask;
	void (*answered)(struct ask *, struct secret *, bool, void *);
	void *arg;
	struct pending *next;
};

/* --- health -------------------------------------------------------------- */

/* Removes the server's name from the start of a sentence, for a place that already shows the
 * name. */
static const char *server_without_name(const struct server *v, const char *text)
{
	size_t n = strlen(v->name);
	return strncmp(text, v->name, n) == 0 && strncmp(text + n, ": ", 2) == 0 ? text + n + 2
	                                                                         : text;
}

/* Adds the opinions of other rooms for a link with this health. False: there are none. */
static bool server_add_opinion(const struct server *v, enum health about, char *why, size_t size)
{
	bool any = false;
	for (const struct server_opinion *o = server_opinions; o->say; o++) {
		char text[SERVER_OPINION_MAX] = "";
		if (o->about != about || !o->say(v, text, sizeof(text)))
			continue;
		snprintf(why + strlen(why), size - strlen(why), "%s%s", *why ? "; " : "", text);
		any = true;
	}
	return any;
}

static void server_assess(struct server *v)
{
	char why[sizeof(v->link->err.text) + SERVER_OPINION_MAX] = "";
	static const enum health by_state[] = {
		[LINK_DOWN] = HEALTH_IDLE,   [LINK_CONNECTING] = HEALTH_BUSY,
		[LINK_ASKING] = HEALTH_ASKS, [LINK_UP] = HEALTH_GOOD,
		[LINK_LOST] = HEALTH_BAD,
	};
	enum health health = by_state[v->link->state];
	/* A lost link stays bad while it reconnects, so that the row does not flicker between
	 * tries. */
	if (v->link->state == LINK_CONNECTING && v->link->tries)
		health = HEALTH_BAD;
	if (v->asks) {
		health = HEALTH_ASKS;
		snprintf(why, sizeof(why), "asks you: %s", server_without_name(v, v->asks->title));
	} else if (health == HEALTH_BAD) {
		/* Narrow rows cut the end. What another room knows is worth more than the guesses
		 * that end the link's sentence. */
		if (server_add_opinion(v, health, why, sizeof(why)))
			snprintf(why + strlen(why), sizeof(why) - strlen(why), "; ");
		snprintf(why + strlen(why), sizeof(why) - strlen(why), "%s",
		         server_without_name(v, v->link->err.text));
		if (v->near)
			snprintf(why + strlen(why), sizeof(why) - strlen(why),
			         "; did you mean %s?", v->near);
	} else if (health == HEALTH_GOOD && server_add_opinion(v, health, why, sizeof(why))) {
		health = HEALTH_ATTENTION;
	}
	int64_t since = v->row.health == health ? v->row.health_ms : now_wall_ms();
	store_row_health(&v->row, health, since, *why ? why : NULL);
}

static void server_choose_ask(struct server *v)
{
	if (v->link->ask)
		v->asks = v->link->ask;
	else if (v->pending)
		v->asks = v->pending->ask;
	else
		v->asks = NULL;
	server_judge(v);
	store_needs_unclear(v);
	store_changed_widely(v->store);
}

/* --- the link ------------------------------------------------------------ */

static void server_sources_up(struct server *v, bool with_facts)
{
	for (struct source *s = v->sources; s; s = s->next)
		if (s->backend->up && s->backend->needs_facts == with_facts)
			s->backend->up(s);
}

static void server_sources_down(struct server *v)
{
	static const struct err none;
	for (struct source *s = v->sources; s; s = s->next) {
		if (s->backend->down)
			s->backend->down(s);
		if (s->state == SOURCE_LIVE)
			source_set_state(s, SOURCE_STALE, &none);
	}
}

static void server_tell_state(struct server *v, enum link_state before)
{
	const struct link *l = v->link;
	if (l->state == LINK_UP)
		activity_add(v->store, ACTIVITY_LINK, HEALTH_GOOD, v->row.id, "connected: %s",
		             l->detail);
	else if (l->state == LINK_LOST && (before == LINK_UP || l->tries == 1))
		activity_add(v->store, ACTIVITY_LINK, HEALTH_BAD, v->row.id, "%s", l->err.text);
	else if (l->state == LINK_ASKING && l->ask)
		activity_add(v->store, ACTIVITY_LINK, HEALTH_ASKS, v->row.id, "asks: %s",
		             l->ask->title);
	else if (l->state == LINK_DOWN && before != LINK_DOWN)
		activity_add(v->store, ACTIVITY_LINK, HEALTH_IDLE, v->row.id, "disconnected");
}

/* The first lists of a server are long text that is parsed and freed. malloc would keep that memory
 * for days. */
static void server_trim(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	malloc_trim(0);
}

static void server_on_link(struct link *link, void *arg)
{
	struct server *v = arg;
	if (!v->link) /* the link is still being made */
		return;
	enum link_state before = v->link_seen;
	v->link_seen = link->state;
	struct buf b = { 0 };
	buf_addf(&b, "%s\t%d\t%u\t%s\t", link_state_name(link->state), link->latency_ms,
	         link->tries, link->detail);
	mask_text(&b, link->err.text, strlen(link->err.text));
	record_add(v->store, v->name, "link", "@state", b.data, b.len);
	buf_finish(&b);
	if (before != link->state) {
		/* A name that leads nowhere may be a mistyped one. The files are read once per
		 * name. */
		bool nowhere = link->state == LINK_LOST && link->err.code == ERR_ABSENT;
		if (nowhere && !v->near && !v->config && !v->store->replay)
			v->near = hosts_nearest(v->store, v->name);
		if (link->state == LINK_UP) {
			free(v->near);
			v->near = NULL;
		}
		server_tell_state(v, before);
		if (before == LINK_UP) {
			server_sockets_down(v);
			server_sources_down(v);
		}
		if (link->state == LINK_UP) {
			v->facts_known = false;
			server_sockets_up(v);
			server_sources_up(v, false);
			if (v->store->trim)
				loop_timer_set(v->store->trim, TRIM_MS);
			else
				v->store->trim = loop_timer_add(v->store->loop, TRIM_MS,
				                                server_trim, v->store);
		}
	}
	/* A new round-trip time concerns only the server's row. */
	const struct ask *waiting = v->pending ? v->pending->ask : NULL;
	if (before == link->state && link->state == LINK_UP && !link->ask && v->asks == waiting)
		store_touch(&v->row);
	else
		server_choose_ask(v);
}

static void server_on_facts(struct server *v)
{
	bool first = !v->facts_known;
	v->facts_known = true;
	store_changed_widely(v->store);
	if (first && v->link->state == LINK_UP && !v->store->replay)
		server_sources_up(v, true);
}

/* --- questions ----------------------------------------------------------- */

static struct pending *server_take_pending(struct server *v, struct ask *ask)
{
	for (struct pending **slot = &v->pending; *slot; slot = &(*slot)->next)
		if ((*slot)->ask == ask) {
			struct pending *p = *slot;
			*slot = p->next;
			return p;
		}
	return NULL;
}

static void server_pending_answered(struct ask *ask, struct secret *answer, bool keep, void *arg)
{
	struct pending *p = arg;
	struct server *v = p->server;
	server_take_pending(v, ask);
	ask->answered = p->answered;
	ask->arg = p->arg;
	free(p);
	server_choose_ask(v);
	ask->answered(ask, answer, keep, ask->arg);
}

static void server_refuse(void *arg)
{
	struct pending *p = arg;
	ask_answer(p->ask, NULL, false);
}

void server_ask(struct server *v, struct ask *ask)
{
	struct pending *p = xcalloc(1, sizeof(*p));
	*p = (struct pending){
		.server = v, .ask = ask, .answered = ask->answered, .arg = ask->arg
	};
	/* Oldest first, but what the user waits for comes before what a source found out by itself.
	 */
	struct pending **slot = &v->pending;
	while (*slot && ((*slot)->ask->ordered || !p->ask->ordered))
		slot = &(*slot)->next;
	p->next = *slot;
	*slot = p;
	ask->answered = server_pending_answered;
	ask->arg = p;
	/* headless: give up, but only after the caller has returned */
	if (v->store->settings->started.batch)
		loop_defer(v->store->loop, server_refuse, p);
	server_choose_ask(v);
}

void server_ask_drop(struct server *v, struct ask *ask)
{
	struct pending *p = server_take_pending(v, ask);
	if (!p)
		return;
	loop_defer_cancel(v->store->loop, server_refuse, p);
	free(p);
	free(ask);
	server_choose_ask(v);
}

/* --- coming and going ---------------------------------------------------- */

struct server *server_add(struct store *s, const char *name)
{
	struct server *v = xcalloc(1, sizeof(*v));
	v->ops = &server_ops;
	v->store = s;
	v->name = store_server_name(name);
	v->uid = -1;
	v->row.kind = &kind_server;
	v->row.server = v;
	v->row.id = xasprintf("%s/server/%s", v->name, v->name);
	v->row.name = xstrdup(v->name);
	LIST_APPEND(s->servers, v);
	struct source **slot = &v->sources;
	for (const struct backend *const *b = backends; *b; b++) {
		struct source *source = xcalloc(1, (*b)->source_size);
		source->backend = *b;
		source->store = s;
		source->server = v;
		source->since_ms = now_wall_ms();
		*slot = source;
		slot = &source->next;
	}
	store_row_adopt(s, &v->row);
	store_changed_widely(s);
	return v;
}

void server_close(struct server *v)
{
	struct store *s = v->store;
	orders_forget_server(s, v);
	for (size_t i = 0; i < v->n_kin; i++)
		while (v->kin[i].rows && v->kin[i].kind != &kind_server)
			store_row_remove(v->kin[i].rows);
	while (v->sources) {
		struct source *source = v->sources;
		v->sources = source->next;
		if (source->backend->down && v->link->state == LINK_UP)
			source->backend->down(source);
		if (source->backend->finish)
			source->backend->finish(source);
		free(source);
	}
	server_sockets_free(v);
	sudo_destroy(v->sudo);
	while (v->pending)
		server_ask_drop(v, v->pending->ask);
	struct link *link = v->link;
	v->link = NULL; /* ignore what the link reports while it closes */
	link_destroy(link);
	LIST_DROP(s->servers, v);
	store_row_drop(&v->row);
	store_changed_widely(s);
	free(v->kin);
	free(v->near);
	free(v->name);
	free(v);
}

void server_refresh(struct server *v)
{
	if (v->link->state != LINK_UP) {
		link_retry(v->link);
		return;
	}
	server_sources_down(v);
	v->facts_known = false;
	server_sockets_forgive(v);
	server_sockets_up(v);
	server_sources_up(v, false);
}

/* --- by name ------------------------------------------------------------- */

/* The name for a destination. "ops@192.0.2.7:2222" is called 192.0.2.7, or by its full text if
 * another server has that name. */
static char *server_name_of(const struct store *s, const char *dest)
{
	const char *at = strrchr(dest, '@'), *host = at ? at + 1 : dest;
	size_t n = strlen(host);
	const char *colon = strrchr(host, ':');
	if (*host == '[') {
		host++;
		n = strcspn(host, "]");
	} else if (colon && strchr(host, ':') == colon && colon[1] &&
	           colon[1 + strspn(colon + 1, "0123456789")] == '\0') {
		n = (size_t)(colon - host);
	}
	char *name = xstrndup(host, n);
	if (store_server_find(s, name)) {
		free(name);
		name = xstrdup(dest);
	}
	return name;
}

static void server_make_link(struct server *v, const char *dest)
{
	const struct settings *set = v->store->settings;
	const struct server_config *c = v->config;
	int timeout_s = c && c->connect_timeout ? c->connect_timeout : set->connect_timeout;
	struct link_config lc = { .name = v->name,
		                  .dest = dest,
		                  .ssh_config = set->ssh_config,
		                  .batch = set->started.batch,
		                  .connect_timeout_ms = 1000 * timeout_s };
	if (c && c->host)
		lc.dest = c->host;
	if (c)
		lc.identity = c->identity;
	v->is_local = c && c->host ? !strcmp(c->host, "local") : here_is(set, dest);
	v->link = v->is_local ? link_create_local(v->store->loop, v->name, &events, v)
	                      : link_create_ssh(v->store->loop, &lc, &events, v);
	v->sudo = sudo_create(v);
}

struct server *server_open(struct store *s, const char *dest, struct err *err)
{
	if (!link_is_destination(dest, err))
		return NULL;
	bool here = here_is(s->settings, dest);
	char *name = here ? here_name(s->settings) : NULL;
	struct server *v = store_server_find(s, name ? name : dest);
	if (v) {
		free(name);
		if (v->link->state == LINK_DOWN)
			link_connect(v->link);
		else
			link_retry(v->link);
		return v;
	}
	const struct server_config *c = here ? here_section(s->settings)
	                                     : server_section(s->settings, dest);
	if (c && c->host && !link_is_destination(c->host, err)) {
		free(name);
		return NULL;
	}
	if (!name)
		name = c ? xstrdup(dest) : server_name_of(s, dest);
	v = server_add(s, name);
	free(name);
	v->config = c;
	v->protect = c && c->protect;
	server_make_link(v, dest);
	v->link_seen = v->link->state;
	link_connect(v->link);
	return v;
}

void servers_reconfigure(struct store *s, const struct settings *fresh, bool open_new)
{
	const struct settings *before = s->settings;
	struct err err;
	s->settings = settings_keep(fresh);
	for (struct server *v = s->servers; v; v = v->next) {
		/* the old section is there until the old settings are released */
		const char *units_before = v->config && v->config->units ? v->config->units : "";
		v->config = v->is_local ? here_section(fresh) : server_section(fresh, v->name);
		v->protect = v->config && v->config->protect;
		const char *units = v->config && v->config->units ? v->config->units : "";
		if (strcmp(units_before, units) != 0 && v->link->state == LINK_UP)
			server_refresh(v);
		for (struct source *one = v->sources; one && v->link->state == LINK_UP;
		     one = one->next)
			if (one->backend->reconfigured)
				one->backend->reconfigured(one);
	}
	for (struct server *v = s->servers; v; v = v->next)
		for (struct source *source = v->sources; source; source = source->next)
			if (source->backend->configured)
				source->backend->configured(source);
	for (const struct server_config *c = open_new ? fresh->servers : NULL; c; c = c->next)
		if (!server_section(before, c->name) && !server_open(s, c->name, &err))
			activity_add(s, ACTIVITY_NOTE, HEALTH_BAD, NULL, "%s", err.text);
	/* by now every server points to a section of the new settings */
	settings_destroy(before);
	store_changed_widely(s);
}

void servers_open_configured(struct store *s)
{
	struct err err;
	if (s->settings->local)
		server_open(s, "local", &err);
	for (const struct server_config *c = s->settings->servers; c; c = c->next)
		if (!server_open(s, c->name, &err))
			activity_add(s, ACTIVITY_NOTE, HEALTH_BAD, NULL, "%s", err.text);
}

static const struct server_ops server_ops = {
	.judge = server_assess,
	.close = server_close,
	.facts_known = server_on_facts,
	.is_called = local_name_is_called,
};
