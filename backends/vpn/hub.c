/* hub.c: which server carries the traffic of this machine to another one: a WireGuard hub, a subnet
 * router of a tailnet.
 *
 * While such a hub is down, servers behind it are down for that reason (store/cause.h). Only what
 * is certain counts: the routes that this machine's own VPN uses now. A node of the VPN with the
 * address itself is reached without a hub. So is one in a network that this machine is in. Of
 * two equal routes nobody knows which one counts. The routes of a tailnet are those that its nodes
 * offer. This machine uses them only if it accepts routes. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/link/link.h"
#include "backends/store/cause.h"
#include "backends/vpn/peer.h"

/* Reads an address. Returns its length in bytes; 0: the text is no address. */
static int hub_read_address(const char *text, unsigned char *out)
{
	if (inet_pton(AF_INET, text, out) == 1)
		return 4;
	return inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}

int hub_covers(const char *route, const char *address)
{
	unsigned char net[16], one[16];
	char text[64];
	const char *slash = strchr(route, '/');
	if (!slash || slash - route >= (long)sizeof(text))
		return -1;
	snprintf(text, sizeof(text), "%.*s", (int)(slash - route), route);
	int len = hub_read_address(text, net);
	char *end;
	long bits = strtol(slash + 1, &end, 10);
	bool good = len && !*end && end != slash + 1 && bits > 0 && bits <= 8L * len;
	/* a default route may be overridden by any other one of the machine */
	if (!good || hub_read_address(address, one) != len)
		return -1;
	long whole = bits / 8, rest = bits % 8;
	if (memcmp(net, one, (size_t)whole) != 0)
		return -1;
	return !rest || (net[whole] ^ one[whole]) >> (8 - rest) == 0 ? (int)bits : -1;
}

/* --- networks that this machine is in ---------------------------------------- */

#define HUB_NETS_MAX 64

static bool hub_net_of(const struct ifaddrs *at, char net[HUB_NET_SIZE])
{
	int bits = 0, family = at->ifa_addr ? at->ifa_addr->sa_family : AF_UNSPEC;
	bool is_four = family == AF_INET;
	if ((!is_four && family != AF_INET6) || !at->ifa_netmask)
		return false;
	size_t from = is_four ? offsetof(struct sockaddr_in, sin_addr)
	                      : offsetof(struct sockaddr_in6, sin6_addr);
	const unsigned char *address = (const unsigned char *)at->ifa_addr + from;
	const unsigned char *mask = (const unsigned char *)at->ifa_netmask + from;
	char text[INET6_ADDRSTRLEN];
	for (size_t i = 0; i < (is_four ? 4u : 16u); i++)
		bits += __builtin_popcount(mask[i]);
	if (!inet_ntop(family, address, text, sizeof(text)))
		return false;
	snprintf(net, HUB_NET_SIZE, "%s/%d", text, bits);
	return true;
}

/* An interface of a VPN is a point to point link or cannot broadcast. */
static size_t hub_read_nets(char nets[][HUB_NET_SIZE], size_t max)
{
	struct ifaddrs *all = NULL;
	size_t n = 0;
	if (getifaddrs(&all) != 0)
		return 0;
	for (const struct ifaddrs *at = all; at && n < max; at = at->ifa_next) {
		bool is_lan = (at->ifa_flags & IFF_UP) && (at->ifa_flags & IFF_BROADCAST) &&
		              !(at->ifa_flags & (IFF_POINTOPOINT | IFF_LOOPBACK));
		n += is_lan && hub_net_of(at, nets[n]);
	}
	freeifaddrs(all);
	return n;
}

size_t (*hub_own_nets)(char nets[][HUB_NET_SIZE], size_t max) = hub_read_nets;

static bool hub_is_near(const char *address)
{
	char nets[HUB_NETS_MAX][HUB_NET_SIZE];
	size_t n = hub_own_nets(nets, HUB_NETS_MAX);
	for (size_t i = 0; i < n; i++)
		if (hub_covers(nets[i], address) >= 0)
			return true;
	return false;
}

/* --- routes ------------------------------------------------------------------ */

/* The longest route among those of all peers that covers an address. */
struct hub_best {
	const struct peer *peer; /* NULL: none, or two have it */
	int bits;                /* -1: none */
	char route[64];
};

static struct hub_best hub_find(const struct store *s, const char *address)
{
	struct hub_best best = { .bits = -1 };
	for (struct row *row = store_first(s, &kind_peer, NULL); row;
	     row = store_next(row, &kind_peer, NULL)) {
		const struct peer *p = const_peer_of(row);
		/* This machine's view, as it is now. */
		bool is_live = row->source && row->source->state == SOURCE_LIVE;
		if (!row->server->is_local || p->control || p->family == VPN_HEADSCALE || !is_live)
			continue;
		bool is_node = false;
		for (size_t i = 0; i < p->at.n_addrs; i++)
			is_node = is_node || !strcmp(p->at.addrs[i], address);
		if (is_node)
			return (struct hub_best){ .bits = -1 };
		bool uses = p->family != VPN_TAILSCALE || ts_accepts_routes(row->source);
		if (!p->at.self && uses) {
			char routes[sizeof(p->at.routes)], *rest = routes, *route;
			snprintf(routes, sizeof(routes), "%s", p->at.routes);
			while ((route = strsep(&rest, ", "))) {
				int bits = hub_covers(route, address);
				if (bits < 0 || bits < best.bits)
					continue;
				best.peer = bits == best.bits && best.peer != p ? NULL : p;
				best.bits = bits;
				snprintf(best.route, sizeof(best.route), "%s", route);
			}
		}
	}
	return best;
}

void hub_find_all(struct store *s)
{
	for (struct server *v = store_servers(s); v; v = v->next)
		if (v->link && !v->is_local && !*v->link->jumps) {
			char address[96];
			const char *hub = "", *route = "";
			vpn_ssh_address(v, address, sizeof(address));
			struct hub_best best = hub_find(v->store, address);
			bool found = best.peer && strcmp(best.peer->is, v->name) != 0;
			if (found && !hub_is_near(address)) {
				hub = best.peer->is;
				route = best.route;
			}
			cause_set_hub(v, hub, *hub ? route : "");
		}
}
