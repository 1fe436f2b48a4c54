/* acts.h: functions behind the action table in acts.c, by the file that defines them.
 *
 * - can_: does the action apply to the row?
 * - run_: carries out the order
 * - say_: the command as shown before confirming
 * - suggest_: prefills the argument */
#ifndef VPN_ACTS_H
#define VPN_ACTS_H

#include "backends/store/action.h"
#include "backends/vpn/peer.h"

struct call;
struct origin;
struct reply;

#define ID_KEEP 640

#define VPN_ACT(name)                        \
	bool can_##name(const struct row *); \
	void run_##name(struct order *);     \
	void say_##name(const struct row *, char *buf, size_t size);

/* act_ts.c */
VPN_ACT(ping)
VPN_ACT(up)
VPN_ACT(down)
VPN_ACT(logout)
VPN_ACT(exit)
VPN_ACT(exit_off)
void suggest_up(const struct row *, char *buf, size_t size);
void suggest_exit(const struct row *, char *buf, size_t size);
/* Sends one disco ping through tailscaled's LocalAPI behind origin. Parse the answer with
 * ts_pong_parse. */
struct call *ts_ping(struct origin *origin, const char *peer, int64_t timeout_ms,
                     void (*done)(struct call *, const struct reply *, void *), void *arg);
void ts_acts_auth_url(struct source *, const char *url);
/* ts_distance.c */
/* Call when a peer's details open: pings the peer from every place that sees it. False: no place
 * can be asked yet. */
bool peer_look(const struct peer *);
void peer_pinged(struct row *, double ms, const char *path);
/* act_hs.c */
VPN_ACT(expire)
VPN_ACT(rename)
VPN_ACT(delete)
VPN_ACT(tags)
VPN_ACT(routes)
VPN_ACT(key)
VPN_ACT(key_expire)
VPN_ACT(keys)
VPN_ACT(users)
VPN_ACT(dns_list)
VPN_ACT(dns)
void suggest_name(const struct row *, char *buf, size_t size);
void suggest_tags(const struct row *, char *buf, size_t size);
void suggest_routes(const struct row *, char *buf, size_t size);
void suggest_key(const struct row *, char *buf, size_t size);
void suggest_dns(const struct row *, char *buf, size_t size);

#endif
