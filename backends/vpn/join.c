/* join.c: joins the views of one peer: which rows are the same node, which server it is, and its
 * health.
 *
 * Tailscale and Headscale identify a node by its node key, WireGuard by its public key. Both are
 * certain. A machine that is logged out has no key, so it joins by its server. A node's server is
 * found by its own daemon's view, else by an address that SSH uses, else by name. Everything is
 * rebuilt after every change: 1500 rows take well under a millisecond. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"
#include "backends/vpn/peer.h"

struct peer *peer_of(struct row *row)
{
	return ROW_AS(peer, row);
}

const struct peer *const_peer_of(const struct row *row)
{
	return ROW_AS(peer, row);
}

void peer_init(struct peer *p)
{
	if (p->next)
		return;
	p->next = p->prev = p;
	p->at.online = -1;
	p->rx_rate = p->tx_rate = p->ping_ms = -1;
}

void peer_unlink(struct peer *p)
{
	if (!p->next)
		return;
	p->next->prev = p->prev;
	p->prev->next = p->next;
	p->next = p->prev = p;
}

static void join_link_into(struct peer *ring, struct peer *p)
{
	p->next = ring->next;
	p->prev = ring;
	ring->next->prev = p;
	ring->next = p;
}

static bool join_is_live(const struct peer *p)
{
	return p->row.source && p->row.source->state == SOURCE_LIVE;
}

/* --- find the server ------------------------------------------------------ */

/* The address that SSH connects to, or the name if there is no address: "192.0.2.10 port 804" gives
 * the address. In a recording the link's detail has it: "ssh 192.0.2.10 port 804 as ops, ...". */
void vpn_ssh_address(const struct server *v, char *buf, size_t size)
{
	const char *from = v->link ? v->link->address : "";
	if (!*from && v->link && !strncmp(v->link->detail, "ssh ", 4))
		from = v->link->detail + 4;
	snprintf(buf, size, "%.*s", (int)strcspn(from, " ,"), from);
}

static bool join_has_name(const struct peer *p, const char *name)
{
	return *name && (!strcasecmp(p->at.name, name) || !strcasecmp(p->at.host, name));
}

struct place {
	const struct server *server;
	char address[96];
};
struct places {
	struct place *at;
	size_t n;
};

static void join_places_read(struct places *s, const struct store *store)
{
	size_t n = 0;
	for (const struct server *v = store_servers(store); v; v = v->next)
		n++;
	s->at = xcalloc(n + 1, sizeof(*s->at));
	s->n = 0;
	for (const struct server *v = store_servers(store); v; v = v->next) {
		s->at[s->n].server = v;
		vpn_ssh_address(v, s->at[s->n].address, sizeof(s->at[s->n].address));
		s->n++;
	}
}

static const struct server *join_by_address(const struct places *s, const struct peer *p)
{
	char endpoint[64];
	vpn_plain_address(endpoint, sizeof(endpoint), p->at.endpoint);
	for (size_t i = 0; i < s->n; i++) {
		const char *address = s->at[i].address;
		bool has = !p->at.self && !strcmp(endpoint, address);
		for (size_t k = 0; k < p->at.n_addrs; k++)
			has = has || !strcmp(p->at.addrs[k], address);
		if (has && *address)
			return s->at[i].server;
	}
	return NULL;
}

static const struct server *join_by_name(const struct places *s, const struct peer *p)
{
	for (size_t i = 0; i < s->n; i++)
		if (join_has_name(p, s->at[i].server->name) ||
		    join_has_name(p, s->at[i].server->hostname))
			return s->at[i].server;
	return NULL;
}

const struct peer *peer_self(const struct peer *ring)
{
	const struct peer *p = ring;
	do {
		if (p->at.self)
			return p;
		p = p->next;
	} while (p != ring);
	return NULL;
}

static void join_name_ring(const struct places *s, struct peer *ring)
{
	const struct peer *self = peer_self(ring);
	const struct server *v = self ? self->row.server : NULL;
	struct peer *p = ring;
	do {
		v = v ? v : join_by_address(s, p);
		p = p->next;
	} while (p != ring && !v);
	for (p = ring; !v;) {
		v = ring->control ? ring->row.server : join_by_name(s, p);
		p = p->next;
		if (p == ring)
			break;
	}
	p = ring;
	do {
		snprintf(p->is, sizeof(p->is), "%s", v ? v->name : "");
		p = p->next;
	} while (p != ring);
}

/* --- choose the primary row ----------------------------------------------- */

/* Live views rank first, then the peer's own view, because most actions run there. */
static int join_worth(const struct peer *p)
{
	static const int families[] = {
		[VPN_TAILSCALE] = 2, [VPN_WIREGUARD] = 1, [VPN_HEADSCALE] = 0
	};
	return 8 * join_is_live(p) + 4 * (p->at.self || p->control) + families[p->family];
}

static void join_choose(struct peer *ring)
{
	struct peer *best = ring, *p = ring;
	do {
		if (join_worth(p) > join_worth(best) ||
		    (join_worth(p) == join_worth(best) && strcmp(p->row.id, best->row.id) < 0))
			best = p;
		p = p->next;
	} while (p != ring);
	do {
		struct peer *other = p;
		p->primary = p == best;
		p->primary_here = true;
		while ((other = other->next) != p)
			if (other->row.server == p->row.server &&
			    (join_worth(other) > join_worth(p) ||
			     (join_worth(other) == join_worth(p) &&
			      strcmp(other->row.id, p->row.id) < 0)))
				p->primary_here = false;
		p = p->next;
	} while (p != ring);
}

/* --- assess --------------------------------------------------------------- */

const struct peer *peer_in(const struct peer *ring, enum vpn_family family, bool self)
{
	const struct peer *p = ring;
	do {
		if (p->family == family && p->at.self == self && join_is_live(p))
			return p;
		p = p->next;
	} while (p != ring);
	return NULL;
}

/* Prefers live views, then views with current traffic, then Tailscale and WireGuard over
 * Headscale. */
const struct peer *peer_witness(const struct peer *ring)
{
	const struct peer *best = NULL, *p = ring;
	int best_worth = -1;
	do {
		int w = 8 * join_is_live(p) + 4 * p->at.active + 2 * (p->family != VPN_HEADSCALE) +
		        (*p->at.endpoint != '\0');
		if (!p->at.self && !p->control && w > best_worth) {
			best = p;
			best_worth = w;
		}
		p = p->next;
	} while (p != ring);
	return best;
}

bool peer_online(const struct peer *p)
{
	if (p->family == VPN_WIREGUARD)
		return p->at.self ||
		       (p->at.handshake_ms && now_wall_ms() - p->at.handshake_ms < WG_ALIVE_MS);
	return p->at.online == 1;
}

/* The state of its own daemon, if it does not run. */
static const char *join_daemon_words(const struct peer *self)
{
	return self && self->family == VPN_TAILSCALE ? ts_state_words(ts_state(self->row.source))
	                                             : NULL;
}

/* Age since a time. Never negative, even if the other clock is ahead. */
static const char *join_ago(char *buf, int64_t since)
{
	int64_t ms = now_wall_ms() - since;
	return human_age(buf, ms > 0 ? ms : 0);
}

/* The state as that one place knows it. */
static const char *join_sight(const struct peer *p, int64_t *since)
{
	*since = 0;
	if (p->control)
		return join_is_live(p) ? "answers" : "does not answer";
	if (p->at.expired || (p->at.expiry_ms && p->at.expiry_ms < now_wall_ms())) {
		*since = p->at.expiry_ms;
		return "expired";
	}
	if (p->family == VPN_WIREGUARD && !p->at.self) {
		*since = p->at.handshake_ms;
		if (!p->at.handshake_ms)
			return "no handshake yet";
		if (peer_online(p))
			return "up";
		if (p->at.keepalive)
			return "no handshake";
		return "idle";
	}
	if (p->at.online == 0) {
		/* When its control server last saw it. That clock may be wrong, so correct it if
		 * mocr sees that Headscale. */
		const struct peer *o = p;
		*since = p->at.seen_ms;
		while (p->at.seen_ms && p->family == VPN_TAILSCALE && (o = o->next) != p)
			if (o->family == VPN_HEADSCALE && join_is_live(o)) {
				*since += hs_skew(o->row.source);
				break;
			}
		return "offline";
	}
	return peer_online(p) ? "online" : "unknown";
}

const char *peer_state(const struct peer *p, int64_t *since)
{
	const struct peer *self = peer_self(p);
	const char *words = self && join_is_live(self) ? join_daemon_words(self) : NULL,
		   *state = join_sight(p, since);
	if (!words || p->control || strcmp(state, "expired") == 0)
		return state;
	*since = 0;
	return words;
}

static enum health join_expiry_health(const struct peer *ring, char *why, size_t size)
{
	const struct peer *p = ring;
	char span[HUMAN_SIZE];
	int64_t left;
	bool soon;
	do {
		left = p->at.expiry_ms - now_wall_ms();
		soon = p->at.expired || (p->at.expiry_ms && left < VPN_EXPIRY_WARN_MS);
		if (soon)
			break;
		p = p->next;
	} while (p != ring);
	if (!soon)
		return HEALTH_UNKNOWN;
	if (p->at.expired || left <= 0)
		snprintf(why, size, "its key has expired: it must log in again (tailscale up)");
	else
		snprintf(why, size, "its key expires in %s: then it must log in again",
		         human_age(span, left));
	return HEALTH_ATTENTION;
}

static bool join_is_called(const struct peer *ring, const char *name)
{
	const struct peer *p = ring;
	bool is = strcasecmp(ring->is, name) == 0;
	do {
		is |= join_has_name(p, name) || strcasecmp(p->row.name, name) == 0;
		p = p->next;
	} while (p != ring);
	return is;
}

/* Walks through the names of vpn_peers. *rest begins at the setting; name has room for size bytes.
 * False: that was the last one. */
static bool join_next_name(const char **rest, char *name, size_t size)
{
	const char *at = *rest ? *rest + strspn(*rest, " \t") : "";
	size_t n = strcspn(at, " \t");
	snprintf(name, size, "%.*s", (int)n, at);
	*rest = at + n;
	return n > 0;
}

/* The first server with a list of the VPN, if all servers are connected and have listed what they
 * know. NULL: a server that is away may know more. */
static const struct server *join_lister(const struct store *store)
{
	static const char *const sources[] = { "tailscale", "wireguard", "headscale" };
	const struct server *first = NULL;
	for (const struct server *v = store_servers(store); v; v = v->next) {
		if (!v->link || v->link->state != LINK_UP)
			return NULL;
		for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
			const struct source *s = server_source(v, sources[i]);
			if (s && s->state == SOURCE_WAITING)
				return NULL;
			if (s && s->state == SOURCE_LIVE && !first)
				first = v;
		}
	}
	return first;
}

bool vpn_unlisted(const struct server *v, char *why, size_t size)
{
	const char *rest = store_settings(v->store)->wants.vpn_peers;
	char name[256];
	if (!rest || join_lister(v->store) != v)
		return false;
	while (join_next_name(&rest, name, sizeof(name))) {
		bool is_listed = false;
		for (struct row *row = store_first(v->store, &kind_peer, NULL); row && !is_listed;
		     row = store_next(row, &kind_peer, NULL)) {
			const struct peer *p = const_peer_of(row);
			is_listed = !p->control && !row->gone && join_is_called(p, name);
		}
		if (is_listed)
			continue;
		snprintf(why, size, "vpn_peers names %.100s, which no VPN here lists", name);
		return true;
	}
	return false;
}

/* Assesses the ring for its primary row. */
static enum health join_judge(const struct peer *p, char *why, size_t size)
{
	const struct peer *self = peer_self(p), *witness = peer_witness(p);
	const char *words = self && join_is_live(self) ? join_daemon_words(self) : NULL;
	const struct peer *view = witness ? witness : p;
	char span[HUMAN_SIZE];
	int64_t since;
	*why = '\0';
	if (p->control)
		return p->row.health; /* headscale.c assesses this row */
	/* vpn_peers of the settings names it, by any name of the ring */
	const char *rest = store_settings(p->row.server->store)->wants.vpn_peers;
	char name[256];
	bool must = false;
	while (!must && join_next_name(&rest, name, sizeof(name)))
		must = join_is_called(p, name);
	if (words && strcmp(words, "stopped") == 0) {
		if (must)
			snprintf(why, size, "tailscaled there is stopped; `up` connects it "
			                    "(vpn_peers names it)");
		return must ? HEALTH_ATTENTION : HEALTH_IDLE;
	}
	if (words && strcmp(words, "starting") == 0)
		return HEALTH_BUSY;
	if (words) {
		snprintf(why, size, "tailscaled there is %s; `up` logs it in", words);
		return HEALTH_ATTENTION;
	}
	enum health expiry = join_expiry_health(p, why, size);
	if (expiry)
		return expiry;
	join_sight(view, &since);
	if (must && !peer_online(view) && (view->at.online == 0 || view->family == VPN_WIREGUARD)) {
		bool wire = view->family == VPN_WIREGUARD;
		const char *what = wire ? "no handshake" : "offline in the VPN";
		snprintf(why, size, "%s for %s (vpn_peers names it)", what,
		         since ? join_ago(span, since) : "an unknown time");
		return HEALTH_ATTENTION;
	}
	if (peer_online(view) || (view->at.online < 0 && view->family != VPN_WIREGUARD))
		return HEALTH_GOOD;
	const struct server *v = *p->is ? store_server_find(p->row.server->store, p->is) : NULL;
	if (v && v->link && v->link->state == LINK_UP && view->family != VPN_WIREGUARD) {
		snprintf(why, size, "offline in the VPN for %s, though SSH reaches it",
		         since ? join_ago(span, since) : "an unknown time");
		return HEALTH_ATTENTION;
	}
	return HEALTH_IDLE;
}

static void join_show_health(struct peer *p)
{
	char why[200];
	enum health health = join_judge(p, why, sizeof(why));
	if (p->primary) {
		int64_t since = p->row.health == health ? p->row.health_ms : now_wall_ms();
		if (!p->control)
			store_row_health(&p->row, health, since, *why ? why : NULL);
		return;
	}
	/* Only the primary row announces changes. The other rows take only the color. */
	bool well = peer_online(p) || p->at.self;
	enum health color;
	if (p->control)
		color = p->row.health;
	else if (well)
		color = HEALTH_GOOD;
	else
		color = HEALTH_IDLE;
	store_row_color(&p->row, color);
}

/* --- build the rings ------------------------------------------------------ */

static void join_merge(struct peer *a, struct peer *b)
{
	struct peer *after_a = a->next, *after_b = b->next;
	const struct peer *o = a;
	do {
		if (o == b)
			return; /* of one ring already */
		o = o->next;
	} while (o != a);
	a->next = after_b;
	after_b->prev = a;
	b->next = after_a;
	after_a->prev = b;
}

/* Clients get another key for an expired node. Then number, address and name together identify
 * it. */
static void join_merge_by_number(struct peer **all, size_t n)
{
	struct named {
		char name[200];
		struct peer *peer;
		UT_hash_handle hh;
	};
	struct named *names = NULL, *one, *next, *slots = xcalloc(n + 1, sizeof(*slots));
	for (size_t i = 0; i < n; i++) {
		const struct vpn_peer *at = &all[i]->at;
		if (all[i]->family == VPN_WIREGUARD || all[i]->control || !*at->id || !at->n_addrs)
			continue;
		snprintf(slots[i].name, sizeof(slots[i].name), "%s %s %s", at->id, at->addrs[0],
		         *at->name ? at->name : at->host);
		slots[i].peer = all[i];
		HASH_FIND_STR(names, slots[i].name, one);
		if (one)
			join_merge(one->peer, all[i]);
		else
			HASH_ADD_STR(names, name, (&slots[i]));
	}
	HASH_ITER (hh, names, one, next)
		HASH_DEL(names, one);
	free(slots);
}

/* True for exactly one member of each ring: the first in memory. */
static bool join_leads(const struct peer *p)
{
	for (const struct peer *o = p->next; o != p; o = o->next)
		if (o < p)
			return false;
	return true;
}

void vpn_join(struct store *store)
{
	size_t n = store_count(store, &kind_peer, NULL), used = 0;
	struct peer **all = xcalloc(n + 1, sizeof(*all));
	struct places places;
	for (struct row *row = store_first(store, &kind_peer, NULL); row;
	     row = store_next(row, &kind_peer, NULL))
		if (!row->gone && used < n)
			all[used++] = peer_of(row);
	join_places_read(&places, store);
	/* Keys of Tailscale and WireGuard cannot collide: Tailscale's start with "nodekey:". */
	struct peer *keys = NULL, *found, *next;
	for (size_t i = 0; i < used; i++) {
		all[i]->next = all[i]->prev = all[i];
		if (!*all[i]->at.key)
			continue;
		HASH_FIND(by_key, keys, all[i]->at.key, strlen(all[i]->at.key), found);
		if (found)
			join_link_into(found, all[i]);
		else
			HASH_ADD_KEYPTR(by_key, keys, all[i]->at.key, strlen(all[i]->at.key),
			                all[i]);
	}
	HASH_ITER (by_key, keys, found, next)
		HASH_DELETE(by_key, keys, found);
	join_merge_by_number(all, used);
	for (size_t i = 0; i < used; i++)
		if (join_leads(all[i]))
			join_name_ring(&places, all[i]);
	/* A machine that is logged out joins the ring by which others know it. */
	for (size_t i = 0; i < used; i++) {
		struct peer *p = all[i];
		if (*p->at.key || p->control)
			continue;
		for (size_t k = 0; k < used; k++)
			if (all[k] != p && *all[k]->at.key && all[k]->family != VPN_WIREGUARD &&
			    !strcmp(all[k]->is, p->row.server->name) && !peer_self(all[k]) &&
			    join_has_name(all[k], *p->at.host ? p->at.host : p->row.server->name)) {
				join_link_into(all[k], p);
				break;
			}
	}
	for (size_t i = 0; i < used; i++)
		if (join_leads(all[i]))
			join_choose(all[i]);
	for (size_t i = 0; i < used; i++)
		join_show_health(all[i]);
	free(places.at);
	free(all);
	hub_find_all(store);
	bool named = store_settings(store)->wants.vpn_peers != NULL;
	for (struct server *v = store_servers(store); v; v = v->next)
		if (v->link && (named || v->link->state != LINK_UP))
			server_judge(v);
}

/* --- which sources are visible -------------------------------------------- */

static bool join_is_looked_at(const struct source *source)
{
	for (struct row *r = store_first(source->store, &kind_peer, NULL); r;
	     r = store_next(r, &kind_peer, NULL)) {
		struct peer *p = peer_of(r);
		if (!r->shown)
			continue;
		do {
			if (p->row.source == source)
				return true;
			p = p->next;
		} while (p != peer_of(r));
	}
	return false;
}

void vpn_shown(struct source *any)
{
	static const struct {
		const struct backend *backend;
		void (*shown)(struct source *, bool);
	} all[] = { { &backend_tailscale, ts_shown },
		    { &backend_wireguard, wg_shown },
		    { &backend_headscale, hs_shown } };
	for (struct server *v = store_servers(any->store); v; v = v->next)
		for (struct source *s = v->sources; s; s = s->next)
			for (size_t i = 0; i < ARRAY_LEN(all); i++)
				if (s->backend == all[i].backend)
					all[i].shown(s, join_is_looked_at(s));
}

/* --- text ----------------------------------------------------------------- */

void peer_path(const struct peer *p, char *buf, size_t size)
{
	buf[0] = '\0';
	if (p->at.self || p->control || p->family == VPN_HEADSCALE)
		return;
	if (p->family == VPN_WIREGUARD)
		snprintf(buf, size, "%s%s", *p->at.endpoint ? "direct " : "", p->at.endpoint);
	else if (*p->at.endpoint)
		snprintf(buf, size, "direct %s", p->at.endpoint);
	else if (*p->at.peer_relay)
		snprintf(buf, size, "peer relay %s", p->at.peer_relay);
	else if (*p->at.relay && peer_online(p) && p->at.active)
		snprintf(buf, size, "relay %s", p->at.relay);
	else if (*p->at.relay && peer_online(p))
		snprintf(buf, size, "idle, %s", p->at.relay);
}

static void join_seen_where(const struct peer *p, char *buf, size_t size)
{
	char path[128], age[HUMAN_SIZE];
	int64_t since;
	const char *state = join_sight(p, &since);
	size_t used = 0;
	peer_path(p, path, sizeof(path));
	if (peer_online(p) && *path)
		used = (size_t)snprintf(buf, size, "sees it %s", path);
	else if (peer_online(p))
		used = (size_t)snprintf(buf, size, "knows it as online");
	else if (p->family == VPN_WIREGUARD && !p->at.handshake_ms)
		used = (size_t)snprintf(buf, size, "has had no handshake with it");
	else if (p->family == VPN_WIREGUARD)
		used = (size_t)snprintf(buf, size, "has had no handshake for %s",
		                        join_ago(age, since));
	else if (since)
		used = (size_t)snprintf(buf, size, "does not see it for %s", join_ago(age, since));
	else
		used = (size_t)snprintf(buf, size, "knows it as %s", state);
	if (p->ping_ms >= 0 && used < size)
		snprintf(buf + used, size - used, ", %.0f ms%s%s (ping %s ago)", p->ping_ms,
		         *p->ping_path ? " by " : "", p->ping_path, join_ago(age, p->pinged_ms));
}

void peer_seen(const struct peer *p, char *buf, size_t size)
{
	char words[200];
	const char *who = p->row.server->name;
	if (p->at.self && p->family == VPN_WIREGUARD)
		snprintf(buf, size, "%s: it is interface %s there%s%s", who, p->at.iface,
		         *p->at.endpoint ? ", " : "", p->at.endpoint);
	else if (p->at.self)
		snprintf(buf, size, "%s: its own tailscaled says %s%s%s", who,
		         ts_state(p->row.source), *p->at.health ? "; " : "", p->at.health);
	else {
		join_seen_where(p, words, sizeof(words));
		const char *seen_by;
		if (p->family == VPN_HEADSCALE)
			seen_by = "'s Headscale";
		else if (p->family == VPN_WIREGUARD)
			seen_by = " (WireGuard)";
		else
			seen_by = "";
		snprintf(buf, size, "%s%s %s", who, seen_by, words);
	}
	if (!join_is_live(p)) {
		char age[HUMAN_SIZE];
		size_t used = strlen(buf);
		int64_t heard = p->row.source ? p->row.source->fresh_ms : 0;
		snprintf(buf + used, size - used, " (%s old)",
		         heard ? join_ago(age, heard) : "very");
	}
}

/* --- why a server is unreachable ------------------------------------------ */

static bool join_reason_of(const struct peer *p, char *buf, size_t size)
{
	char age[HUMAN_SIZE];
	int64_t since;
	const char *state = join_sight(p, &since), *who = p->row.server->name;
	if (!strcmp(state, "expired") && since)
		snprintf(buf, size, "VPN: its key has expired %s ago", join_ago(age, since));
	else if (!strcmp(state, "expired"))
		snprintf(buf, size, "VPN: its key has expired");
	else if (p->family == VPN_WIREGUARD && !peer_online(p) && since)
		snprintf(buf, size, "VPN: no handshake with %s for %s", who, join_ago(age, since));
	else if (p->family == VPN_WIREGUARD && !peer_online(p))
		snprintf(buf, size, "VPN: no handshake with %s yet", who);
	else if (p->at.online == 0 && since)
		snprintf(buf, size, "VPN: peer offline for %s (%s)", join_ago(age, since), who);
	else if (p->at.online == 0)
		snprintf(buf, size, "VPN: peer offline (%s)", who);
	else if (peer_online(p))
		snprintf(buf, size, "VPN: peer online (%s), so look at its sshd or firewall", who);
	else
		return false;
	return true;
}

/* Tailscale and Headscale use 100.64.0.0/10 and fd7a:115c:a1e0::/48. */
bool vpn_carries(const struct server *v)
{
	char address[96];
	unsigned a, b;
	vpn_ssh_address(v, address, sizeof(address));
	if (sscanf(address, "%u.%u.", &a, &b) == 2)
		return a == 100 && b >= 64 && b < 128;
	if (!strncasecmp(address, "fd7a:115c:a1e0:", 15))
		return true;
	/* "sese.lab.example" in the tailnet of any open server, now or before. */
	const char *dot = strchr(address, '.');
	for (const struct server *one = dot ? store_servers(v->store) : NULL; one;
	     one = one->next) {
		const char *suffix = ts_suffix(server_source(one, "tailscale"));
		if (*suffix && !strcasecmp(dot + 1, suffix))
			return true;
	}
	return false;
}

bool vpn_reason(const struct server *v, char *buf, size_t size)
{
	const struct peer *best = NULL, *control = NULL;
	bool sure = vpn_carries(v);
	/* The server's name does not resolve: perhaps only the VPN's DNS knows it. */
	bool is_unknown = v->link && *v->link->address && v->link->err.code == ERR_ABSENT;
	const char *words = sure || is_unknown ? here_words(v) : NULL;
	/* For a name that may not be in the VPN at all, "not running" explains nothing. */
	if (words && (sure || strcmp(words, "not running") != 0)) {
		snprintf(buf, size, "VPN: tailscaled is %s on this machine", words);
		return true;
	}
	for (struct row *row = store_first(v->store, &kind_peer, NULL); row;
	     row = store_next(row, &kind_peer, NULL)) {
		const struct peer *p = const_peer_of(row);
		if (p->control && row->health == HEALTH_BAD)
			control = p;
		if (strcmp(p->is, v->name) != 0 || p->control || !p->primary)
			continue;
		const struct peer *w = peer_witness(p);
		if (w && join_is_live(w) &&
		    (!best || (best->family == VPN_WIREGUARD && w->family != VPN_WIREGUARD)))
			best = w;
	}
	if (best && join_reason_of(best, buf, size))
		return true;
	if (control && (best || sure)) {
		snprintf(buf, size, "VPN: Headscale on %s does not answer",
		         control->row.server->name);
		return true;
	}
	return false;
}

bool vpn_brief(const struct server *v, char *buf, size_t size, int64_t *since, bool *well)
{
	/* The primary row of the server's peer. Tailscale ranks before WireGuard. */
	const struct peer *best = NULL;
	for (struct row *row = store_first(v->store, &kind_peer, NULL); row;
	     row = store_next(row, &kind_peer, NULL)) {
		const struct peer *p = const_peer_of(row);
		if (p->primary && !p->control && !strcmp(p->is, v->name) &&
		    (!best || best->family == VPN_WIREGUARD))
			best = p;
	}
	const struct peer *p = best;
	const struct peer *seen = p ? peer_witness(p) : NULL;
	*since = 0;
	*well = true;
	/* an interface alone says nothing about reachability */
	if (!p || (p->family == VPN_WIREGUARD && !seen))
		return false;
	const char *own = peer_state(p, since);
	bool up = !strcmp(own, "online") || !strcmp(own, "up");
	if (seen && (up || !join_is_live(p)))
		own = peer_state(seen, since);
	if (up && seen && peer_online(seen)) {
		own = "online";
		if (seen->family != VPN_HEADSCALE && *seen->at.endpoint)
			own = "direct";
		else if (seen->family != VPN_HEADSCALE && (*seen->at.peer_relay || seen->at.active))
			own = "relay";
		*since = 0;
		snprintf(buf, size, seen->ping_ms >= 0 ? "%s %.0f ms" : "%s", own, seen->ping_ms);
	} else {
		snprintf(buf, size, "%s", own);
		*well = p->row.health < HEALTH_ATTENTION;
	}
	return true;
}
