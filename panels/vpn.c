/* VPN peers: one row a peer, whoever sees it; who sees it how stands under the table. */
#include <stdio.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/vpn/peer.h"
#include "panels/panels.h"

static const struct peer *of(const struct row *r)
{
	return const_peer_of(r);
}

/* What others know of it says more about the way to it than what it knows of itself. */
static const struct peer *told(const struct row *r)
{
	const struct peer *w = of(r)->primary ? peer_witness(of(r)) : NULL;
	return w ? w : of(r);
}

static bool wants(const struct row *r)
{
	return of(r)->primary;
}

static bool wants_in(const struct row *r, const struct server *s)
{
	return of(r)->primary_here && r->server == s;
}

static void server_cell(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_PLAIN, "%s", of(r)->is);
}

static void address_cell(const struct row *r, struct cell *c)
{
	const struct vpn_peer *at = &told(r)->at;
	cell_set(c, TONE_PLAIN, "%s", at->n_addrs ? at->addrs[0] : of(r)->at.n_addrs ? of(r)->at.addrs[0] : "");
}

static void state_cell(const struct row *r, struct cell *c)
{
	const struct peer *p = of(r), *w = told(r);
	int64_t since;
	if (cell_order(r, c))
		return;
	if (p->control && r->health >= HEALTH_ATTENTION && source_fails(r, c))
		return;
	/* Its own daemon's word first, when that is not just "running". */
	const char *own = peer_state(p, &since), *state = strcmp(own, "online") && strcmp(own, "up") ? own : peer_state(w, &since);
	bool well = !strcmp(state, "online") || !strcmp(state, "up") || !strcmp(state, "answers");
	bool idle = !strcmp(state, "offline") || !strcmp(state, "idle") || !strcmp(state, "no handshake") || !strcmp(state, "stopped");
	cell_set(c, r->health >= HEALTH_ATTENTION ? tone_health(r->health) : well ? TONE_PLAIN : idle ? TONE_IDLE : TONE_WARN, "%s", state);
	if (since && !well) {
		cell_add(c, " ");
		cell_add_age(c, since);
	}
}

static void path_cell(const struct row *r, struct cell *c)
{
	char path[128];
	peer_path(told(r), path, sizeof(path));
	if (of(r)->control)
		cell_set(c, TONE_DIM, "%s", of(r)->at.endpoint);
	else
		cell_set(c, !strncmp(path, "relay", 5) || !strncmp(path, "peer relay", 10) ? TONE_WARN : TONE_PLAIN, "%s", path);
}

static int64_t last_of(const struct row *r)
{
	const struct vpn_peer *at = &told(r)->at;
	return at->handshake_ms ? at->handshake_ms : at->seen_ms;
}

static void last_cell(const struct row *r, struct cell *c)
{
	cell_age(c, last_of(r));
	c->tone = TONE_DIM;
}

static int last_compare(const struct row *a, const struct row *b)
{
	return compare_numbers((double)last_of(a), (double)last_of(b));
}

static void rate_cell(struct cell *c, double rate)
{
	char text[HUMAN_SIZE];
	cell_set(c, rate >= 1 ? TONE_PLAIN : TONE_DIM, "%s", rate >= 1 ? human_rate(text, rate) : "");
}

static void traffic_cell(const struct row *r, struct cell *c, int64_t bytes)
{
	if (of(r)->control)
		cell_set(c, TONE_DIM, "%s", "");
	else
		cell_bytes(c, (double)bytes);
}

static void rx_cell(const struct row *r, struct cell *c) { traffic_cell(r, c, told(r)->at.rx); }
static void tx_cell(const struct row *r, struct cell *c) { traffic_cell(r, c, told(r)->at.tx); }
static void rx_rate_cell(const struct row *r, struct cell *c) { rate_cell(c, told(r)->rx_rate); }
static void tx_rate_cell(const struct row *r, struct cell *c) { rate_cell(c, told(r)->tx_rate); }

static int rx_rate_compare(const struct row *a, const struct row *b) { return compare_numbers(told(a)->rx_rate, told(b)->rx_rate); }
static int tx_rate_compare(const struct row *a, const struct row *b) { return compare_numbers(told(a)->tx_rate, told(b)->tx_rate); }

static int rx_compare(const struct row *a, const struct row *b)
{
	return compare_numbers((double)told(a)->at.rx, (double)told(b)->at.rx);
}

static int tx_compare(const struct row *a, const struct row *b)
{
	return compare_numbers((double)told(a)->at.tx, (double)told(b)->at.tx);
}

static void exit_cell(const struct row *r, struct cell *c)
{
	const struct vpn_peer *at = &told(r)->at;
	cell_set(c, at->exit_node ? TONE_ACCENT : TONE_DIM, "%s", at->exit_node ? "in use" : at->exit_option ? "offers" : "");
}

static void routes_cell(const struct row *r, struct cell *c)
{
	const struct peer *hs = peer_in(of(r), VPN_HEADSCALE, false);
	const char *routes = *told(r)->at.routes ? told(r)->at.routes : hs ? hs->at.routes : "";
	cell_set(c, TONE_PLAIN, "%s", routes);
	if (hs && *hs->at.offered)
		cell_add(c, "%s(%s not approved)", *routes ? " " : "", hs->at.offered);
}

/* The first of those who know of one. */
static int64_t expiry_of(const struct row *r)
{
	const struct peer *p = of(r), *o = p;
	do {
		if (o->at.expiry_ms)
			return o->at.expiry_ms;
		o = o->next;
	} while (o != p);
	return 0;
}

static void expiry_cell(const struct row *r, struct cell *c)
{
	int64_t at = expiry_of(r), left = at - now_wall_ms();
	char span[HUMAN_SIZE];
	if (!at)
		cell_set(c, TONE_DIM, "%s", "");
	else if (left <= 0)
		cell_set(c, TONE_BAD, "expired");
	else
		cell_set(c, left < VPN_EXPIRY_WARN_MS ? TONE_WARN : TONE_PLAIN, "%s%s", left < VPN_EXPIRY_WARN_MS ? "! " : "", human_age(span, left));
}

static int expiry_compare(const struct row *a, const struct row *b)
{
	return compare_numbers((double)expiry_of(b), (double)expiry_of(a));
}

/* The others of the ring: "pi relay". */
static void seen_cell(const struct row *r, struct cell *c)
{
	const struct peer *p = of(r), *o = p;
	cell_set(c, TONE_DIM, "%s", "");
	do {
		if (!o->at.self && !o->control && (peer_online(o)))
			cell_add(c, "%s%s", c->text[0] ? " " : "", o->row.server->name);
		o = o->next;
	} while (o != p);
}

static void os_cell(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_DIM, "%s", *of(r)->at.os ? of(r)->at.os : told(r)->at.os);
}

static void version_cell(const struct row *r, struct cell *c)
{
	const struct peer *self = peer_self(of(r));
	cell_set(c, TONE_DIM, "%s", self ? self->at.version : of(r)->at.version);
}

static void why_cell(const struct row *r, struct cell *c)
{
	cell_set(c, tone_health(r->health), "%s", r->health >= HEALTH_ATTENTION && r->why ? r->why : "");
}

static const struct column columns[] = {
	{ "health", "", 1, 1, 0, ALIGN_LEFT, CUT_END, cell_glyph, order_by_need, false },
	{ "name", "PEER", 8, 28, 0, ALIGN_LEFT, CUT_MIDDLE, cell_name, NULL, false },
	{ "is", "SERVER", 6, 12, 4, ALIGN_LEFT, CUT_MIDDLE, server_cell, NULL, false },
	{ "state", "STATE", 11, 40, 1, ALIGN_LEFT, CUT_END, state_cell, NULL, false },
	{ "address", "ADDRESS", 10, 24, 2, ALIGN_LEFT, CUT_END, address_cell, NULL, false },
	{ "path", "PATH", 23, 30, 3, ALIGN_LEFT, CUT_END, path_cell, NULL, false },
	{ "last", "LAST", 4, 4, 5, ALIGN_RIGHT, CUT_END, last_cell, last_compare, true },
	{ "rx", "IN", 4, 5, 6, ALIGN_RIGHT, CUT_END, rx_cell, rx_compare, true },
	{ "in", "IN/S", 6, 7, 7, ALIGN_RIGHT, CUT_END, rx_rate_cell, rx_rate_compare, true },
	{ "tx", "OUT", 4, 5, 6, ALIGN_RIGHT, CUT_END, tx_cell, tx_compare, true },
	{ "out", "OUT/S", 6, 7, 7, ALIGN_RIGHT, CUT_END, tx_rate_cell, tx_rate_compare, true },
	{ "expiry", "KEY", 4, 8, 5, ALIGN_LEFT, CUT_END, expiry_cell, expiry_compare, true },
	{ "seen", "SEEN BY", 8, 24, 7, ALIGN_LEFT, CUT_END, seen_cell, NULL, false },
	{ "exit", "EXIT", 4, 6, 8, ALIGN_LEFT, CUT_END, exit_cell, NULL, false },
	{ "routes", "ROUTES", 8, 30, 8, ALIGN_LEFT, CUT_END, routes_cell, NULL, false },
	{ "os", "OS", 5, 9, 10, ALIGN_LEFT, CUT_END, os_cell, NULL, false },
	{ "version", "VERSION", 7, 10, 10, ALIGN_LEFT, CUT_END, version_cell, NULL, false },
	{ "why", "", 10, -1, 9, ALIGN_LEFT, CUT_END, why_cell, NULL, false },
	{ "age", "", 0, 8, 1, ALIGN_RIGHT, CUT_END, cell_stale, NULL, false },
	{ 0 }
};

static void brief(const struct row *r, struct cell *c)
{
	struct cell state = { 0 }, path = { 0 };
	state_cell(r, &state);
	path_cell(r, &path);
	cell_set(c, state.tone, "%s  %s%s%s", r->name, state.text, path.text[0] ? "  " : "", path.text);
	c->changes_ms = state.changes_ms;
}

static void empty(const struct store *store, const struct server *s, char *buf, size_t size)
{
	static const char *const sources[] = { "tailscale", "wireguard", "headscale", NULL };
	char calm[256];
	snprintf(calm, sizeof(calm), "No VPN was found%s%s: no tailscaled, no WireGuard interface, no Headscale. A Headscale elsewhere is named "
	         "by a [headscale NAME] section.", s ? " on " : "", s ? s->name : "");
	empty_sentence(store, s, sources, calm, buf, size);
}

static size_t strip(const struct row *r, struct cell *lines, size_t max)
{
	const struct peer *p = of(r), *o = p;
	size_t n = 1;
	char words[400];
	if (r->why && r->health >= HEALTH_ATTENTION)
		cell_set(&lines[0], tone_health(r->health), "%s: %s", r->name, r->why);
	else if (p->control)
		return 0;
	else
		cell_set(&lines[0], TONE_PLAIN, "%s, as it is seen", r->name);
	if (p->control)
		return n;
	do {
		peer_seen(o, words, sizeof(words));
		cell_set(&lines[n++], peer_online(o) || o->at.self ? TONE_PLAIN : TONE_DIM, "%s", words);
		o = o->next;
	} while (o != p && n < max);
	return n;
}

const struct panel panel_vpn = {
	.name = "vpn", .title = "VPN", .tab = "vpn", .kind = &kind_peer, .columns = columns, .order = order_by_need, .wants = wants,
	.wants_in = wants_in, .brief = brief, .empty = empty, .strip = strip,
};
