/* peer.h: the row of a VPN node as one place sees it, and the join of rows from several places. */
#ifndef VPN_PEER_H
#define VPN_PEER_H

#include "backends/store/action.h"
#include "backends/store/store.h"
#include "backends/vpn/parse.h"
#include "backends/vpn/vpn.h"

enum vpn_family { VPN_TAILSCALE, VPN_WIREGUARD, VPN_HEADSCALE };

/* One row per place that sees a peer: "pi/peer/sese" is how pi sees sese. Rows of the same peer
 * form a ring. One row of the ring stands for it in the fleet-wide panel, and one in the panel of
 * each server. */
struct peer {
	struct row row;
	enum vpn_family family;
	bool control;            /* this row is Headscale itself, not a node */
	struct vpn_peer at;      /* the last answer */
	double rx_rate, tx_rate; /* bytes per second; -1 unknown */
	/* wall clock, ms, of the counters that rates start from; 0 none */
	int64_t sampled_ms;
	int64_t sampled_rx, sampled_tx;
	double ping_ms; /* of the last ping from that place, ms; -1 none */
	char ping_path[80];
	int64_t pinged_ms; /* wall clock, ms */
	uint32_t looks;    /* row.details_opened at the last ping; each opening of the details pings
	                      again */
	/* join.c */
	struct peer *next, *prev; /* the ring; the peer itself if alone */
	char is[96];              /* name of the server that this peer is; "" no open server */
	bool primary;             /* stands for its ring */
	bool primary_here;        /* stands for the rows of its ring on its own server */
	uint32_t round;           /* number of the last list of its source that named it */
	UT_hash_handle by_key;
};

extern const struct action peer_actions[];

#define VPN_EXPIRY_WARN_MS (14 * 86400000LL)
#define WG_ALIVE_MS 180000 /* ms; by convention a younger handshake means "up" */

struct peer *peer_of(struct row *);
const struct peer *const_peer_of(const struct row *);
/* Finds or makes the row of p in its source. round is the number of the list. It distinguishes two
 * peers of the same name in one list. */
struct peer *peer_set(struct source *, enum vpn_family, const struct vpn_peer *p, uint32_t round);
void peer_init(struct peer *);   /* initializes a new row */
void peer_unlink(struct peer *); /* removes it from its ring */

/* Call after rows of any VPN changed. Joins rows into rings, finds their servers, chooses the
 * primary rows and assesses them. Servers that are down are assessed too, because the reason may be
 * in the VPN. */
void vpn_join(struct store *);

/* The shown hook of all backends in this room. A visible primary row counts as visible for all
 * sources in its ring. */
void vpn_shown(struct source *);
void ts_shown(struct source *, bool), wg_shown(struct source *, bool),
	hs_shown(struct source *, bool);

/* The best view of the peer in its ring, other than its own. NULL: no other place sees it. */
const struct peer *peer_witness(const struct peer *);
const struct peer *peer_self(const struct peer *); /* the peer's own view; NULL none */
/* a live view of that family; NULL none */
const struct peer *peer_in(const struct peer *, enum vpn_family, bool self);
/* State as words without age: "online", "offline", "no handshake". *since is the start of its age;
 * 0 none. */
const char *peer_state(const struct peer *, int64_t *since);
/* "direct 10.0.0.7:41641", "relay fra", "" unknown. */
void peer_path(const struct peer *, char *buf, size_t size);
/* One line of "Who sees it how": "pi sees it direct 10.0.0.7:41641, 12 ms". */
void peer_seen(const struct peer *, char *buf, size_t size);
bool peer_online(const struct peer *);

/* "logged out" for "NeedsLogin"; NULL if it runs or the state is unknown. */
const char *ts_state_words(const char *state);
/* Why this machine's own tailscaled cannot reach the server that is down: "logged out", "not
 * running". NULL: no such reason, or not known yet. server_judge is called once it is known. */
const char *here_words(const struct server *down);

/* tailscale.c, wireguard.c, headscale.c: what the actions use. */
struct origin;
struct hs;
struct origin *ts_origin(struct source *);   /* NULL: reached by the program only */
const char *ts_state(const struct source *); /* "Running", ... */
const char *ts_suffix(
	const struct source *); /* DNS suffix of its names, without a leading dot; "" unknown */
/* Does it use the subnet routes of other nodes? False: not known either. */
bool ts_accepts_routes(const struct source *);
int64_t hs_skew(const struct source *); /* our clock minus Headscale's, ms */
/* The address that SSH connects to; the name where no address is known. */
void vpn_ssh_address(const struct server *, char *buf, size_t size);
/* hub.c: sets hub and hub_route of all servers, from what this machine's own VPN says. */
void hub_find_all(struct store *);
/* Lists the networks that this machine is in without a VPN, such as "192.168.1.7/24". Returns how
 * many, at most max. Tests replace it. */
#define HUB_NET_SIZE 64
extern size_t (*hub_own_nets)(char nets[][HUB_NET_SIZE], size_t max);
/* Whether route ("10.8.0.0/24") covers the address. Returns its bits of prefix; -1: it does not, or
 * it covers everything, or one of them is no address. */
int hub_covers(const char *route, const char *address);
/* SSH to the server runs, or may run, through the VPN. */
bool vpn_carries(const struct server *);
void ts_poll_now(struct source *); /* polls again soon */
void hs_poll_now(struct source *);
void ts_acts_end(struct source *);
void hs_acts_end(struct source *);
struct hs *hs_of(struct source *);

#endif
