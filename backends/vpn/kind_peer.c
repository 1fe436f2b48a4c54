/* kind_peer.c: a peer as a row: identity, rates, details, JSON. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/json_write.h"
#include "backends/base/mem.h"
#include "backends/store/doc.h"
#include "backends/vpn/acts.h"
#include "backends/vpn/headscale.h"
#include "backends/vpn/peer.h"

#define RATE_FROM_MS 900 /* closer samples give no rate */
#define RATE_UP_TO_MS 120000

static void peer_set_rates(struct peer *row, const struct vpn_peer *p, int64_t wall_ms)
{
	int64_t ms = wall_ms - row->sampled_ms;
	if (p->rx < 0 || p->tx < 0) {
		row->rx_rate = row->tx_rate = -1;
		row->sampled_ms = 0;
		return;
	}
	if (row->sampled_ms && ms >= 0 && ms < RATE_FROM_MS)
		return;
	bool fit = row->sampled_ms && ms > 0 && ms <= RATE_UP_TO_MS && p->rx >= row->sampled_rx &&
	           p->tx >= row->sampled_tx;
	row->rx_rate = fit ? (double)(p->rx - row->sampled_rx) * 1000 / (double)ms : -1;
	row->tx_rate = fit ? (double)(p->tx - row->sampled_tx) * 1000 / (double)ms : -1;
	row->sampled_ms = wall_ms;
	row->sampled_rx = p->rx;
	row->sampled_tx = p->tx;
}

/* The last part of its row id: readable and stable between polls. peer_set adds the key if two
 * peers share a name. */
static void peer_local_id(enum vpn_family family, const struct source *source,
                          const struct vpn_peer *p, const char *name, char *buf, size_t size)
{
	const char *hex = strchr(p->key, ':') ? strchr(p->key, ':') + 1 : p->key;
	const char *prefix;
	if (family == VPN_HEADSCALE)
		prefix = "headscale:";
	else if (family == VPN_WIREGUARD)
		prefix = "wg:";
	else
		prefix = "";
	if (p->self && family == VPN_WIREGUARD)
		snprintf(buf, size, "wg:%s", p->iface);
	else if (p->self)
		snprintf(buf, size, "%s", source->server->name);
	else if (family == VPN_WIREGUARD)
		snprintf(buf, size, "wg:%s:%.10s", p->iface, hex);
	else if (family == VPN_TAILSCALE && !strcmp(name, "headscale"))
		/* the server's own Headscale keeps the plain id, in any order of the list */
		snprintf(buf, size, "tailscale:%s", name);
	else
		snprintf(buf, size, "%s%s", prefix, name);
	for (char *c = buf; *c; c++)
		if (*c == '/')
			*c = '-';
}

struct peer *peer_set(struct source *source, enum vpn_family family, const struct vpn_peer *p,
                      uint32_t round)
{
	char name[160], local[220], again[260];
	/* Its display name: the label, else its hostname, else an address, else the start of its
	 * key. */
	size_t size = sizeof(name);
	if (p->self && family == VPN_WIREGUARD)
		snprintf(name, size, "%.60s %s", source->server->name, p->iface);
	else if (*p->name || *p->host)
		snprintf(name, size, "%s", *p->name ? p->name : p->host);
	else if (p->self)
		snprintf(name, size, "%s", source->server->name);
	else if (p->n_addrs)
		snprintf(name, size, "%s", p->addrs[0]);
	else
		snprintf(name, size, "%.12s...", *p->key ? p->key : "?");
	peer_local_id(family, source, p, name, local, sizeof(local));
	struct row *r = store_row(source, &kind_peer, local, name);
	struct peer *row = peer_of(r);
	const char *hex = strchr(p->key, ':') ? strchr(p->key, ':') + 1 : p->key;
	/* a second peer of that name in this list, or a peer named like the machine itself */
	if (row->next && row->round == round) {
		snprintf(again, sizeof(again), "%s:%.10s", local, *p->id ? p->id : hex);
		row = peer_of(store_row(source, &kind_peer, again, name));
	}
	peer_init(row);
	row->family = family;
	row->round = round;
	peer_set_rates(row, p, now_wall_ms());
	row->at = *p;
	store_touch(&row->row);
	return row;
}

static void peer_finish(struct row *row)
{
	peer_unlink(peer_of(row));
}

/* --- details ------------------------------------------------------------- */

static void peer_pair_age(struct doc *doc, const char *label, int64_t since)
{
	char age[HUMAN_SIZE];
	if (since > 0)
		doc_pair(doc, DOC_PLAIN, label, "%s ago",
		         human_span(age, now_wall_ms() > since ? now_wall_ms() - since : 0));
}

static void peer_pair_text(struct doc *doc, const char *label, const char *text)
{
	if (*text)
		doc_pair(doc, DOC_PLAIN, label, "%s", text);
}

static void peer_detail_expiry(const struct vpn_peer *p, struct doc *doc)
{
	char span[HUMAN_SIZE];
	int64_t left = p->expiry_ms - now_wall_ms();
	if (!p->expiry_ms)
		doc_pair(doc, DOC_PLAIN, "key", "never expires, or Headscale did not say");
	else if (left <= 0)
		doc_pair(doc, DOC_BAD, "key", "expired %s ago", human_span(span, -left));
	else
		doc_pair(doc, left < VPN_EXPIRY_WARN_MS ? DOC_WARN : DOC_PLAIN, "key",
		         "expires in %s", human_span(span, left));
}

static void peer_detail(struct row *row, struct doc *doc, bool reveal)
{
	struct peer *p = peer_of(row);
	char line[400];
	(void)reveal;
	if (p->control) {
		hs_detail(row->source, doc);
		return;
	}
	const struct peer *hs = peer_in(p, VPN_HEADSCALE, false);
	if (p->looks != row->details_opened && peer_look(p))
		p->looks = row->details_opened;
	const struct vpn_peer *at = &p->at;
	char rx[HUMAN_SIZE], tx[HUMAN_SIZE], path[128];
	doc_head(doc, "Peer");
	peer_pair_text(doc, "name", p->row.name);
	peer_pair_text(doc, "calls itself", at->host);
	peer_pair_text(doc, "server", p->is);
	for (size_t i = 0; i < at->n_addrs; i++)
		doc_pair(doc, DOC_PLAIN, i ? "" : "in the VPN", "%s", at->addrs[i]);
	peer_path(p, path, sizeof(path));
	peer_pair_text(doc, "path", path);
	peer_pair_age(doc, "last seen", at->seen_ms);
	peer_pair_age(doc, "handshake", at->handshake_ms);
	if (at->rx >= 0)
		doc_pair(doc, DOC_PLAIN, "traffic", "%s received, %s sent",
		         human_bytes(rx, (uint64_t)at->rx), human_bytes(tx, (uint64_t)at->tx));
	peer_pair_text(doc, "user", at->user);
	peer_pair_text(doc, "tags", at->tags);
	peer_pair_text(doc, "routes", at->routes);
	if (*at->offered)
		doc_pair(doc, DOC_WARN, "announces", "%s, not approved", at->offered);
	if (at->exit_node || at->exit_option)
		doc_pair(doc, DOC_PLAIN, "exit node", "%s",
		         at->exit_node ? "in use" : "offers to be one");
	peer_pair_text(doc, "system", at->os);
	peer_pair_text(doc, "version", at->version);
	if (p->family != VPN_WIREGUARD)
		peer_detail_expiry(at, doc);
	peer_pair_text(doc, "complains", at->health);
	peer_pair_text(doc, "public key", at->key);
	if (hs && hs != p) {
		doc_head(doc, "In Headscale");
		doc_pair(doc, DOC_PLAIN, "node", "%s, %s, of %s", hs->at.id, hs->row.name,
		         *hs->at.user ? hs->at.user : "nobody");
		peer_pair_text(doc, "tags", hs->at.tags);
		peer_pair_text(doc, "routes", hs->at.routes);
		peer_pair_text(doc, "announces", hs->at.offered);
		peer_detail_expiry(&hs->at, doc);
	}
	doc_head(doc, "Who sees it how");
	const struct peer *o = p;
	do {
		peer_seen(o, line, sizeof(line));
		doc_add(doc, DOC_PLAIN, "%s", line);
		o = o->next;
	} while (o != p);
}

/* --- JSON ---------------------------------------------------------------- */

static void peer_json(const struct row *row, void *cjson)
{
	static const char *const families[] = { "tailscale", "wireguard", "headscale" };
	const struct peer *p = const_peer_of(row);
	const struct vpn_peer *at = &p->at;
	cJSON *o = cjson;
	char path[128];
	int64_t since;
	cJSON_AddStringToObject(o, "vpn", families[p->family]);
	cJSON_AddBoolToObject(o, "primary", p->primary);
	cJSON_AddBoolToObject(o, "self", at->self);
	cJSON_AddBoolToObject(o, "control", p->control);
	json_add_filled(o, "is_server", p->is);
	cJSON_AddStringToObject(o, "state", peer_state(p, &since));
	cJSON_AddBoolToObject(o, "online", peer_online(p));
	peer_path(p, path, sizeof(path));
	json_add_filled(o, "path", path);
	cJSON *addrs = cJSON_AddArrayToObject(o, "addresses");
	for (size_t i = 0; i < at->n_addrs; i++)
		cJSON_AddItemToArray(addrs, cJSON_CreateString(at->addrs[i]));
	json_add_filled(o, "endpoint", at->endpoint);
	json_add_filled(o, "relay", at->relay);
	json_add_filled(o, "os", at->os);
	json_add_filled(o, "version", at->version);
	json_add_filled(o, "user", at->user);
	json_add_filled(o, "tags", at->tags);
	json_add_filled(o, "routes", at->routes);
	json_add_filled(o, "routes_offered", at->offered);
	json_add_number(o, "rx_bytes", (double)at->rx, at->rx >= 0);
	json_add_number(o, "tx_bytes", (double)at->tx, at->tx >= 0);
	json_add_time(o, "last_seen_ms", at->seen_ms);
	json_add_time(o, "handshake_ms", at->handshake_ms);
	json_add_time(o, "key_expiry_ms", at->expiry_ms);
	cJSON_AddBoolToObject(o, "exit_node", at->exit_node);
	cJSON_AddBoolToObject(o, "exit_node_option", at->exit_option);
	if (p->primary) {
		cJSON *seen = cJSON_AddArrayToObject(o, "seen_by");
		const struct peer *w = p;
		char line[400];
		do {
			cJSON *one = cJSON_CreateObject();
			peer_seen(w, line, sizeof(line));
			cJSON_AddStringToObject(one, "id", w->row.id);
			cJSON_AddStringToObject(one, "how", line);
			cJSON_AddItemToArray(seen, one);
			w = w->next;
		} while (w != p);
	}
}

const struct kind kind_peer = {
	.name = "peer",
	.plural = "peers",
	.row_size = sizeof(struct peer),
	.actions = peer_actions,
	.finish = peer_finish,
	.detail = peer_detail,
	.json = peer_json,
};
