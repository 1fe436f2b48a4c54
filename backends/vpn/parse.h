/* parse.h: from what tailscaled, wg and Headscale answer to structs. Pure: no I/O, no clock of
 * their own, no globals. Every text in a result is washed and bounded; what was not told is "" or
 * -1 or 0, as noted. */
#ifndef VPN_PARSE_H
#define VPN_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/buf.h"
#include "backends/base/err.h"

#define VPN_PEERS_MAX 10000 /* believed of one answer */
#define VPN_ADDRS 4

/* One node or WireGuard peer as one place sees it. */
struct vpn_peer {
	char key[80];   /* "nodekey:...", a WireGuard public key; "" none (logged out) */
	char id[24];    /* Headscale's number */
	char name[128]; /* the MagicDNS label, what Headscale calls it; a WireGuard peer: "" */
	char host[128]; /* what the machine calls itself */
	char addrs[VPN_ADDRS][48]; /* in the VPN, without prefix length */
	size_t n_addrs;
	char endpoint[64];   /* "203.0.113.9:41641": the direct path, or where WireGuard sends; ""
	                        none */
	char relay[32];      /* DERP region that would carry it: "fra"; "" none */
	char peer_relay[64]; /* another node that carries it; "" none */
	char os[24], version[48], user[64], tags[160];
	char routes[200];            /* in use */
	char offered[200];           /* Headscale: announced and not approved */
	char health[256];            /* self: what its daemon complains of */
	int online;                  /* to its control server; -1 not told */
	bool self;                   /* the machine that was asked (WireGuard: the interface) */
	bool active;                 /* packets in the last minutes */
	bool exit_node, exit_option; /* used as exit node by the one asked; offers to be one */
	bool expired;
	int64_t expiry_ms;                         /* of its key; 0 never */
	int64_t seen_ms, handshake_ms, created_ms; /* 0 not told or never */
	int64_t rx, tx;                            /* bytes so far; -1 not told */
	int keepalive;                             /* WireGuard, s; 0 off */
	char iface[32];                            /* WireGuard */
};
struct vpn_list {
	struct vpn_peer *peers; /* owned */
	size_t n, cap;
	size_t left_out; /* beyond VPN_PEERS_MAX */
};
void vpn_list_finish(struct vpn_list *);

/* `tailscale status --json`, which is LocalAPI's /status. The first peer is the machine itself. */
struct ts_status {
	char state[24]; /* "Running", "NeedsLogin", "Stopped", ... */
	char version[48], tailnet[96], suffix[96];
	char auth_url[256]; /* where to log in; "" none */
	struct vpn_list list;
};
bool ts_status_parse(struct ts_status *, const char *json, size_t len, struct err *);
void ts_status_finish(struct ts_status *);

/* LocalAPI's answer to a ping, as a sentence: "pong from sese in 12 ms, direct
 * by 10.77.0.11:41641". */
struct ts_pong {
	double ms;     /* -1 none */
	char path[80]; /* "direct 10.77.0.11:41641", "relay fra" */
	char err[160];
};
bool ts_pong_parse(struct ts_pong *, const char *json, size_t len);
/* What `tailscale ping` prints: "pong from pi (100.64.0.3) via DERP(fra) in 12ms". False: no pong
 * in it. */
bool ts_pong_words(struct ts_pong *, const char *text);

/* LocalAPI's /prefs, the part that matters. */
struct ts_prefs {
	char control_url[200];
	bool want_running, logged_out;
};
bool ts_prefs_parse(struct ts_prefs *, const char *json, size_t len);

/* The first "AuthURL" in what `tailscale up --json` prints, whole or cut. "" when none came yet. */
void ts_auth_url(char *buf, size_t size, const char *text, size_t len);

/* `wg show all dump` without its secrets (wireguard.c), with a first line "clock SECONDS" of the
 * server. skew_ms is added to every time: ours minus theirs. */
bool wg_dump_parse(struct vpn_list *, const char *text, size_t len, int64_t wall_ms, struct err *);

/* --- Headscale ----------------------------------------------------------- */

struct hs_user {
	char id[24], name[64], display[64];
};
struct hs_key { /* a pre-auth key; the key itself is never kept whole */
	char id[24], shown[32], user[64], tags[96];
	bool reusable, ephemeral, used;
	int64_t expiration_ms, created_ms;
};
struct hs_route { /* up to 0.25, where a route is a thing of its own */
	char id[24], node_id[24], prefix[48];
	bool enabled, advertised;
};

/* Each reads both dialects, REST with its wrapper and the CLI's bare one, of every version. What is
 * not JSON (HTML of a proxy, a sentence) is ERR_GARBLED with its first words. */
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
/* Did the nodes carry a field that only newer releases have? 26 or 28 (the release it came with),
 * 0: no. */
int hs_nodes_release(const char *json, size_t len);

/* The whole new key out of the answer to its making; false: none in it. */
bool hs_new_key(char *buf, size_t size, const char *json, size_t len);
/* The whole key of the list whose shown form or id is word; for expiring. user gets the id or name
 * it belongs to. */
bool hs_find_key(const char *word, const char *json, size_t len, char *key, size_t key_size,
                 char *user, size_t user_size);
/* A list of keys with every key cut to its first signs: what may be recorded, whatever stands
 * before it. What is no list is words without anything as long as a key. */
void hs_mask_keys(struct buf *out, const char *json, size_t len);

/* 26 of "v0.26.1", "headscale version 0.26.1", {"version":"v0.26.1"}; 0 when it is none. text gets
 * "0.26.1". */
int hs_version(const char *said, size_t len, char *text, size_t size);
/* What an answer that is no success says, in Headscale's words: {"message":..}, {"error":..},
 * problem+json, plain text. */
const char *hs_message(char *buf, size_t size, const char *body, size_t len);

/* extra_records: [{"name","type","value"}]; adds or takes away one and writes the whole file again.
 */
struct dns_record {
	char name[256], type[8], value[64];
};
struct dns_records {
	struct dns_record *at;
	size_t n;
};
bool dns_records_parse(struct dns_records *, const char *json, size_t len, struct err *);
char *dns_records_write(const struct dns_records *); /* the caller frees it */
/* "+ mc.example A 100.64.0.1" or "- mc.example"; err says what was expected. */
bool dns_records_edit(struct dns_records *, const char *words, struct err *);

/* "100.64.0.1" of "100.64.0.1/32", "203.0.113.9" of "203.0.113.9:41641", "::1" of "[::1]:51820". */
void vpn_plain_address(char *buf, size_t size, const char *address);

#endif
