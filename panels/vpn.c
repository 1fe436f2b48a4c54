/* VPN peers, one row per peer. The lines under the table show which servers see the peer, and
 * how. */
#include <string.h>

#include "backends/base/human.h"
#include "backends/vpn/peer.h"
#include "panels/panels.h"

/* The peer as another server sees it, which says more about the path than the peer's own data.
 * Without such a server: the peer itself. */
static const struct peer *vpn_told(const struct row *r)
{
	const struct peer *w = const_peer_of(r)->primary ? peer_witness(const_peer_of(r)) : NULL;
	return w ? w : const_peer_of(r);
}

static bool vpn_wants(const struct row *r)
{
	return const_peer_of(r)->primary;
}

static bool vpn_wants_in(const struct row *r, const struct server *s)
{
	return const_peer_of(r)->primary_here && r->server == s;
}

static void vpn_address_cell(const struct row *r, struct cell *c)
{
	const struct vpn_peer *at = &vpn_told(r)->at;
	const char *address;
	if (at->n_addrs)
		address = at->addrs[0];
	else if (const_peer_of(r)->at.n_addrs)
		address = const_peer_of(r)->at.addrs[0];
	else
		address = "";
	cell_set(c, TONE_PLAIN, "%s", address);
}

static void vpn_state_cell(const struct row *r, struct cell *c)
{
	const struct peer *p = const_peer_of(r), *w = vpn_told(r);
	int64_t since;
	if (cell_order(r, c))
		return;
	if (p->control && source_fails(r, c))
		return;
	/* The state from its own daemon comes first, unless it is just "online" or "up". */
	const char *own = peer_state(p, &since), *state = strcmp(own, "online") && strcmp(own, "up")
	                                                          ? own
	                                                          : peer_state(w, &since);
	bool well = !strcmp(state, "online") || !strcmp(state, "up") || !strcmp(state, "answers");
	bool idle = !strcmp(state, "offline") || !strcmp(state, "idle") ||
	            !strcmp(state, "no handshake") || !strcmp(state, "stopped");
	enum tone tone;
	if (r->health >= HEALTH_ATTENTION)
		tone = tone_health(r->health);
	else if (well)
		tone = TONE_PLAIN;
	else if (idle)
		tone = TONE_IDLE;
	else
		tone = TONE_WARN;
	cell_set(c, tone, "%s", state);
	if (since && !well) {
		cell_add(c, " ");
		cell_add_age(c, since);
	}
}

static void vpn_path_cell(const struct row *r, struct cell *c)
{
	char path[128];
	peer_path(vpn_told(r), path, sizeof(path));
	if (const_peer_of(r)->control)
		cell_set(c, TONE_DIM, "%s", const_peer_of(r)->at.endpoint);
	else
		cell_set(c,
		         !strncmp(path, "relay", 5) || !strncmp(path, "peer relay", 10)
		                 ? TONE_WARN
		                 : TONE_PLAIN,
		         "%s", path);
}

static double vpn_last_of(const struct row *r)
{
	const struct vpn_peer *at = &vpn_told(r)->at;
	return (double)(at->handshake_ms ? at->handshake_ms : at->seen_ms);
}

static void vpn_rate(struct cell *c, double rate)
{
	char text[HUMAN_SIZE];
	if (rate >= 1)
		cell_set(c, TONE_PLAIN, "%s", human_rate(text, rate));
	else
		cell_set(c, TONE_DIM, "%s", "");
}

#define VPN_NO_TRAFFIC (-2) /* nothing goes through a Headscale */

static void vpn_bytes(struct cell *c, double bytes)
{
	if (bytes == VPN_NO_TRAFFIC)
		cell_set(c, TONE_DIM, "%s", "");
	else
		cell_bytes(c, bytes);
}

static double vpn_rx(const struct row *r)
{
	return const_peer_of(r)->control ? VPN_NO_TRAFFIC : (double)vpn_told(r)->at.rx;
}
static double vpn_tx(const struct row *r)
{
	return const_peer_of(r)->control ? VPN_NO_TRAFFIC : (double)vpn_told(r)->at.tx;
}
static double vpn_rx_rate(const struct row *r)
{
	return vpn_told(r)->rx_rate;
}
static double vpn_tx_rate(const struct row *r)
{
	return vpn_told(r)->tx_rate;
}

static void vpn_exit_cell(const struct row *r, struct cell *c)
{
	const struct vpn_peer *at = &vpn_told(r)->at;
	const char *use;
	if (at->exit_node)
		use = "in use";
	else if (at->exit_option)
		use = "offers";
	else
		use = "";
	cell_set(c, at->exit_node ? TONE_ACCENT : TONE_DIM, "%s", use);
}

static void vpn_routes_cell(const struct row *r, struct cell *c)
{
	const struct peer *hs = peer_in(const_peer_of(r), VPN_HEADSCALE, false);
	const char *routes;
	if (*vpn_told(r)->at.routes)
		routes = vpn_told(r)->at.routes;
	else if (hs)
		routes = hs->at.routes;
	else
		routes = "";
	cell_set(c, TONE_PLAIN, "%s", routes);
	if (hs && *hs->at.offered)
		cell_add(c, "%s(%s not approved)", *routes ? " " : "", hs->at.offered);
}

/* The first known expiry of the peer's key. */
static int64_t vpn_expiry_of(const struct row *r)
{
	const struct peer *p = const_peer_of(r), *o = p;
	do {
		if (o->at.expiry_ms)
			return o->at.expiry_ms;
		o = o->next;
	} while (o != p);
	return 0;
}

static void vpn_expiry_cell(const struct row *r, struct cell *c)
{
	int64_t at = vpn_expiry_of(r), left = at - now_wall_ms();
	char span[HUMAN_SIZE];
	if (!at)
		cell_set(c, TONE_DIM, "%s", "");
	else if (left <= 0)
		cell_set(c, TONE_BAD, "expired");
	else if (left < VPN_EXPIRY_WARN_MS)
		cell_set(c, TONE_WARN, "! %s", human_age(span, left));
	else
		cell_set(c, TONE_PLAIN, "%s", human_age(span, left));
}

static int vpn_expiry_compare(const struct row *a, const struct row *b)
{
	return compare_numbers((double)vpn_expiry_of(b), (double)vpn_expiry_of(a));
}

/* Other servers that see the peer online: "pi relay". */
static void vpn_seen_cell(const struct row *r, struct cell *c)
{
	const struct peer *p = const_peer_of(r), *o = p;
	cell_set(c, TONE_DIM, "%s", "");
	do {
		if (!o->at.self && !o->control && peer_online(o))
			cell_add(c, "%s%s", c->text[0] ? " " : "", o->row.server->name);
		o = o->next;
	} while (o != p);
}

static void vpn_os_cell(const struct row *r, struct cell *c)
{
	cell_set(c, TONE_DIM, "%s",
	         *const_peer_of(r)->at.os ? const_peer_of(r)->at.os : vpn_told(r)->at.os);
}

static void vpn_version_cell(const struct row *r, struct cell *c)
{
	const struct peer *self = peer_self(const_peer_of(r));
	cell_set(c, TONE_DIM, "%s", self ? self->at.version : const_peer_of(r)->at.version);
}

static void vpn_why_cell(const struct row *r, struct cell *c)
{
	cell_set(c, tone_health(r->health), "%s",
	         r->health >= HEALTH_ATTENTION && r->why ? r->why : "");
}

static const struct column columns[] = {
	{ COLUMN_OF_HEALTH },
	{ .name = "name",
	  .title = "PEER",
	  .min = 8,
	  .max = 28,
	  .cut = CUT_MIDDLE,
	  .cell = cell_name },
	{ .name = "is",
	  .title = "SERVER",
	  .min = 6,
	  .max = 12,
	  .importance = 4,
	  .cut = CUT_MIDDLE,
	  .field = FIELD_OF(peer, is) },
	{ .name = "state",
	  .title = "STATE",
	  .min = 11,
	  .max = 40,
	  .importance = 1,
	  .cell = vpn_state_cell },
	{ .name = "address",
	  .title = "ADDRESS",
	  .min = 10,
	  .max = 24,
	  .importance = 2,
	  .cell = vpn_address_cell },
	{ .name = "path",
	  .title = "PATH",
	  .min = 23,
	  .max = 30,
	  .importance = 3,
	  .cell = vpn_path_cell },
	{ .name = "last",
	  .title = "LAST",
	  .min = 4,
	  .max = 4,
	  .importance = 5,
	  .align = ALIGN_RIGHT,
	  .number = vpn_last_of,
	  .format = cell_past,
	  .descending = true },
	{ .name = "rx",
	  .title = "IN",
	  .min = 4,
	  .max = 5,
	  .importance = 6,
	  .align = ALIGN_RIGHT,
	  .number = vpn_rx,
	  .format = vpn_bytes,
	  .descending = true },
	{ .name = "in",
	  .title = "IN/S",
	  .min = 6,
	  .max = 7,
	  .importance = 7,
	  .align = ALIGN_RIGHT,
	  .number = vpn_rx_rate,
	  .format = vpn_rate,
	  .descending = true },
	{ .name = "tx",
	  .title = "OUT",
	  .min = 4,
	  .max = 5,
	  .importance = 6,
	  .align = ALIGN_RIGHT,
	  .number = vpn_tx,
	  .format = vpn_bytes,
	  .descending = true },
	{ .name = "out",
	  .title = "OUT/S",
	  .min = 6,
	  .max = 7,
	  .importance = 7,
	  .align = ALIGN_RIGHT,
	  .number = vpn_tx_rate,
	  .format = vpn_rate,
	  .descending = true },
	{ .name = "expiry",
	  .title = "KEY",
	  .min = 4,
	  .max = 8,
	  .importance = 5,
	  .cell = vpn_expiry_cell,
	  .compare = vpn_expiry_compare,
	  .descending = true },
	{ .name = "seen",
	  .title = "SEEN BY",
	  .min = 8,
	  .max = 24,
	  .importance = 7,
	  .cell = vpn_seen_cell },
	{ .name = "exit",
	  .title = "EXIT",
	  .min = 4,
	  .max = 6,
	  .importance = 8,
	  .cell = vpn_exit_cell },
	{ .name = "routes",
	  .title = "ROUTES",
	  .min = 8,
	  .max = 30,
	  .importance = 8,
	  .cell = vpn_routes_cell },
	{ .name = "os", .title = "OS", .min = 5, .max = 9, .importance = 10, .cell = vpn_os_cell },
	{ .name = "version",
	  .title = "VERSION",
	  .min = 7,
	  .max = 10,
	  .importance = 10,
	  .cell = vpn_version_cell },
	{ .name = "why", .title = "", .min = 10, .max = -1, .importance = 9, .cell = vpn_why_cell },
	{ COLUMN_OF_AGE },
	{ .name = NULL }
};

static size_t vpn_strip(const struct row *r, struct cell *lines, size_t max)
{
	const struct peer *p = const_peer_of(r), *o = p;
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
		cell_set(&lines[n++], peer_online(o) || o->at.self ? TONE_PLAIN : TONE_DIM, "%s",
		         words);
		o = o->next;
	} while (o != p && n < max);
	return n;
}

const struct panel panel_vpn = {
	.name = "vpn",
	.title = "VPN",
	.tab = "vpn",
	.kind = &kind_peer,
	.columns = columns,
	.order = order_by_need,
	.wants = vpn_wants,
	.wants_in = vpn_wants_in,
	.reads_others = true,
	.brief_columns = { "state", "path" },
	.strip = vpn_strip,
	.sources = { "tailscale", "wireguard", "headscale" },
	.calm = { "No VPN was found",
	          ": no tailscaled, no WireGuard interface, no Headscale. "
	          "`tailscale up` on a server makes one; a [headscale NAME] section names a "
	          "Headscale elsewhere." },
};
