/* vpn.h: what the rest of the program sees of this room. */
#ifndef VPN_VPN_H
#define VPN_VPN_H

#include "backends/store/store.h"

extern const struct backend backend_tailscale, backend_wireguard, backend_headscale;
extern const struct kind kind_peer;

/* What the VPN knows of a server that SSH does not reach: "VPN: peer offline for 3h". False:
 * nothing. */
bool vpn_reason(const struct server *, char *buf, size_t size);
#define VPN_REASON_MAX 128

/* How a server is seen in the VPN, in a word or two: "direct 11 ms", "relay fra", "online",
 * "offline" since *since, "logged out". False: it is in none that is watched. *well: nothing to
 * look at. */
bool vpn_brief(const struct server *, char *buf, size_t size, int64_t *since, bool *well);

#endif
