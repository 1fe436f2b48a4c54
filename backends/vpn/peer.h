/* peer.h: a node of a VPN as one place sees it, as a row; and what joins the rows of several
 * places. */
#ifndef VPN_PEER_H
#define VPN_PEER_H

#include "backends/store/action.h"
#include "backends/store/store.h"
#include "backends/vpn/parse.h"
#include "backends/vpn/vpn.h"

enum vpn_family { VPN_TAILSCALE, VPN_WIREGUARD, VPN_HEADSCALE };

/* A row per place that sees a peer: "pi/peer/sese" is how pi sees sese. Rows of one peer form a
 * ring; one of it stands for all in the fleet-wide panel, one in each server's own. */
struct peer {
	struct row row;
	enum vpn_family family;
	bool control;            /* not a node but Headscale itself */
	struct vpn_peer at;      /* as it was told last */
	double rx_rate, tx_rate; /* bytes a second; -1 unknown */
	/* wall clock of the figures that the rates start from; 0 none */
	int64_t sampled_ms;
	int64_t sampled_rx, sampled_tx;
	double ping_ms; /* of the last ping from there; -1 none */
	char ping_path[80];
	int64_t pinged_ms; /* wall clock */
	uint32_t looks;    /* row.looks when that was asked for last */
	/* join.c */
	struct peer *next, *prev; /* the ring; itself when alone */
	char is[96];              /* name of the server that it is; "" none that is watched */
	bool primary;             /* stands for its ring */
	bool primary_here;        /* stands for those of its ring on its own server */
	uint32_t round;           /* of its source's list in which it was last */
	UT_hash_handle by_key;
};

extern const struct action peer_actions[];

#define VPN_EXPIRY_WARN_MS (14 * 86400000LL)
#define WG_ALIVE_MS 180000 /* by convention: a handshake younger than that */

struct peer *peer_of(struct row *);
const struct peer *const_peer_of(const struct row *);
/* The row of p as its source sees it now. round counts the source's lists, so that two of one name
 * are told apart. */
struct peer *peer_set(struct source *, enum vpn_family, const struct vpn_peer *p, uint32_t round);
void peer_init(struct peer *);   /* a row that was just made */
void peer_unlink(struct peer *); /* out of its ring */

/* After rows of any VPN changed: who is who, which row stands for them, how well each is; servers
 * that are down learn why. */
void vpn_join(struct store *);

/* Which rows are on the screen changed: the shown of all backends of this room. A row that stands
 * for others is looked at for all of their sources. */
void vpn_shown(struct source *);
void ts_shown(struct source *, bool), wg_shown(struct source *, bool),
	hs_shown(struct source *, bool);

/* Of the ring: how the peer is seen by the best witness other than itself; NULL: nobody else sees
 * it. */
const struct peer *peer_witness(const struct peer *);
const struct peer *peer_self(const struct peer *); /* its own view; NULL */
/* a live view of that family; NULL */
const struct peer *peer_in(const struct peer *, enum vpn_family, bool self);
/* "online", "offline 3h", "handshake 12s", as words without the age; *since is what the age counts
 * from (0 none). */
const char *peer_state(const struct peer *, int64_t *since);
/* "direct 10.0.0.7:41641", "relay fra", "" unknown. */
void peer_path(const struct peer *, char *buf, size_t size);
/* One line of the unfolding: "pi sees it direct 10.0.0.7:41641, 12 ms". */
void peer_seen(const struct peer *, char *buf, size_t size);
bool peer_online(const struct peer *);

/* "logged out" of "NeedsLogin"; NULL when it runs or the state is unknown. */
const char *ts_state_words(const char *state);
/* What keeps this machine's own tailscaled from carrying anything to a server that is down: "logged
 * out", "not running"; NULL: nothing, or it is not known yet (server_judge is called when it is).
 */
const char *here_words(const struct server *down);

/* tailscale.c, wireguard.c, headscale.c: what the actions need. */
struct origin;
struct hs;
struct origin *ts_origin(struct source *);   /* NULL: by the program only */
const char *ts_state(const struct source *); /* "Running", ... */
const char *ts_suffix(
	const struct source *); /* of its names in DNS, without a dot before it; "" unknown */
int64_t hs_skew(const struct source *); /* our clock minus Headscale's, ms */
/* SSH to it goes, or may go, through the VPN */
bool vpn_carries(const struct server *);
void ts_poll_now(struct source *); /* ask again soon */
void wg_poll_now(struct source *);
void hs_poll_now(struct source *);
void ts_acts_end(struct source *);
void hs_acts_end(struct source *);
struct hs *hs_of(struct source *);

#endif
