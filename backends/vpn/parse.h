/* parse.h: parses answers of tailscaled, wg and Headscale into structs. Pure: no I/O, no clock, no
 * globals. Every text in a result is washed and bounded. Unknown values are "", -1 or 0, as noted.
 *
 * Sources: Tailscale LocalAPI, as in the source of tailscale/tailscale (August 2026). wg(8), "show
 * ... dump". Headscale's REST API (/swagger up to 0.29, /api/v1/openapi.yaml from 0.30) and its
 * CLI, tags v0.23.0 to v0.29.2. */
#ifndef VPN_PARSE_H
#define VPN_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/buf.h"
#include "backends/base/err.h"

#define VPN_PEERS_MAX 10000 /* most peers read from one answer */
#define VPN_ADDRS 4

/* A node or WireGuard peer, as one place sees it. */
struct vpn_peer {
	char key[80];   /* "nodekey:..." or a WireGuard public key; "" none (logged out) */
	char id[24];    /* number in Headscale */
	char name[128]; /* MagicDNS label, or name in Headscale; "" for a WireGuard peer */
	char host[128]; /* hostname of the machine */
	char addrs[VPN_ADDRS][48]; /* VPN addresses, without prefix length */
	size_t n_addrs;
	/* "203.0.113.9:41641": the direct path, or the WireGuard endpoint; "" none */
	char endpoint[64];
	char relay[32];      /* its DERP region: "fra"; "" none */
	char peer_relay[64]; /* peer relay that carries its traffic; "" none */
	char os[24], version[48], user[64], tags[160];
	char routes[200];  /* routes in use */
	char offered[200]; /* Headscale: announced but not approved */
	char health[256];  /* self: warnings of its daemon */
	int online;        /* connected to its control server; -1 unknown */
	bool self;         /* the machine that answered (WireGuard: the interface) */
	bool active;       /* had packets in the last minutes */
	/* used as exit node by the machine that answered; offers to be one */
	bool exit_node, exit_option;
	bool expired;
	int64_t expiry_ms;                         /* of its key; 0 never */
	int64_t seen_ms, handshake_ms, created_ms; /* 0 unknown or never */
	int64_t rx, tx;                            /* bytes in total; -1 unknown */
	int keepalive;                             /* WireGuard, seconds; 0 off */
	char iface[32];                            /* WireGuard */
};
struct vpn_list {
	struct vpn_peer *peers; /* owned */
	size_t n, cap;
	size_t left_out; /* peers beyond VPN_PEERS_MAX */
};
void vpn_list_finish(struct vpn_list *);

/* `tailscale status --json`, the same document as LocalAPI's /status. The first peer is the machine
 * itself. */
struct ts_status {
	char state[24]; /* "Running", "NeedsLogin", "Stopped", ... */
	char version[48], tailnet[96], suffix[96];
	char auth_url[256]; /* login URL; "" none */
	struct vpn_list list;
};
bool ts_status_parse(struct ts_status *, const char *json, size_t len, struct err *);
void ts_status_finish(struct ts_status *);

/* LocalAPI's answer to a ping. */
struct ts_pong {
	double ms;     /* -1: no pong */
	char path[80]; /* "direct 10.77.0.11:41641", "relay fra" */
	char err[160];
};
bool ts_pong_parse(struct ts_pong *, const char *json, size_t len);
/* Parses the output of `tailscale ping`: "pong from pi (100.64.0.3) via DERP(fra) in 12ms". False:
 * no pong. */
bool ts_pong_words(struct ts_pong *, const char *text);

/* The parts of LocalAPI's /prefs that mocr needs. */
struct ts_prefs {
	char control_url[200];
	bool want_running, logged_out;
	bool accepts_routes; /* this node uses the routes of others: RouteAll */
};
bool ts_prefs_parse(struct ts_prefs *, const char *json, size_t len);

/* Extracts the first "AuthURL" from the output of `tailscale up --json`, which may be cut off. "":
 * none yet. */
void ts_auth_url(char *buf, size_t size, const char *text, size_t len);

/* Parses `wg show all dump`, stripped of its secrets and preceded by a line "clock SECONDS"
 * (wireguard.c). SECONDS is the server's clock. wall_ms is ours. The difference is added to every
 * time. */
bool wg_dump_parse(struct vpn_list *, const char *text, size_t len, int64_t wall_ms, struct err *);

/* --- Headscale ----------------------------------------------------------- */

struct hs_user {
	char id[24], name[64], display[64];
};
struct hs_key { /* a pre-auth key; never stored whole */
	char id[24], shown[32], user[64], tags[96];
	bool reusable, ephemeral, used;
	int64_t expiration_ms, created_ms;
};
struct hs_route { /* up to 0.25, where routes are separate objects */
	char id[24], node_id[24], prefix[48];
	bool enabled, advertised;
};

/* Each parser reads REST and CLI answers of all releases, with or without the wrapper object. Text
 * that is not JSON (a proxy's HTML, a sentence) gives ERR_GARBLED with its first words. */
bool hs_nodes_parse(struct vpn_list *, const char *json, size_t len, struct err *);
struct hs_users {
	struct hs_user *at;
	size_t n;
};
bool hs_users_parse(struct hs_users *, const char *json, size_t len, struct err *);
struct hs_keys {
	struct hs_key *at;
	size_t n;
};
bool hs_keys_parse(struct hs_keys *, const char *json, size_t len, struct err *);
struct hs_routes {
	struct hs_route *at;
	size_t n;
};
bool hs_routes_parse(struct hs_routes *, const char *json, size_t len, struct err *);
/* Guesses the release from the members of the nodes: 26 or 28, when the newest known member
 * appeared. 0: unknown. */
int hs_nodes_release(const char *json, size_t len);

/* Extracts the whole new key from the answer to its creation. False: no key. Wipe buf after use. */
bool hs_new_key(char *buf, size_t size, const char *json, size_t len);
/* Finds a key in the list by its id or its first characters, to expire it. user gets the id or name
 * of its owner. */
bool hs_find_key(const char *word, const char *json, size_t len, char *key, size_t key_size,
                 char *user, size_t user_size);
/* Appends a list of keys to out with every key cut to its first characters, safe to record. Text
 * that is not a list loses all words as long as a key. */
void hs_mask_keys(struct buf *out, const char *json, size_t len);

/* 26 for "v0.26.1", "headscale version 0.26.1" or {"version":"v0.26.1"}; 0: no version. text gets
 * "0.26.1". */
int hs_version(const char *said, size_t len, char *text, size_t size);
/* Extracts the text of an error answer: {"message":..}, {"error":..}, problem+json or plain text.
 * Returns buf. */
const char *hs_message(char *buf, size_t size, const char *body, size_t len);

/* The file of dns.extra_records_path: [{"name","type","value"}]. */
struct dns_record {
	char name[256], type[8], value[64];
};
struct dns_records {
	struct dns_record *at;
	size_t n;
};
bool dns_records_parse(struct dns_records *, const char *json, size_t len, struct err *);
char *dns_records_write(const struct dns_records *); /* the whole file; the caller frees */
/* Applies "+ mc.example A 100.64.0.1" or "- mc.example". False: err says what was expected. */
bool dns_records_edit(struct dns_records *, const char *words, struct err *);

/* Strips prefix length, port and brackets: "100.64.0.1/32", "203.0.113.9:41641", "[::1]:51820". */
void vpn_plain_address(char *buf, size_t size, const char *address);

#endif
