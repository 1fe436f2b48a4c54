/* vpn.h: the interface of this room to the rest of the program. */
#ifndef VPN_VPN_H
#define VPN_VPN_H

#include "backends/store/store.h"

extern const struct backend backend_tailscale, backend_wireguard, backend_headscale;
extern const struct kind kind_peer;

/* Writes what the VPN knows about a server that SSH cannot reach: "VPN: peer offline for 3h (pi)".
 * False: nothing. */
bool vpn_reason(const struct server *, char *buf, size_t size);
#define VPN_REASON_MAX 128

/* Writes "vpn_peers names NAME, which no VPN here lists". Only for the first server that lists a
 * VPN, and only while no server is away. False: all are listed, or it is not known. */
bool vpn_unlisted(const struct server *, char *why, size_t size);

/* Writes the server's state in the VPN in a word or two: "direct 11 ms", "relay fra", "online",
 * "logged out". For "offline", *since is when that began (wall clock, ms; 0 unknown). *well: needs
 * no attention. False: the server is in no VPN that mocr sees. */
bool vpn_brief(const struct server *, char *buf, size_t size, int64_t *since, bool *well);

#endif
