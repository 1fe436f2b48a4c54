/* cert.h: whether a certificate of SSH ends soon. One let the user in. By the other one, sshd shows
 * who it is. libssh does not support the latter. So the shell of the vitals reads its file on the
 * server (vitals.h, host_cert). */
#ifndef SERVERS_CERT_H
#define SERVERS_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/link/link.h"
#include "backends/store/store.h"

/* Whether the certificate ends soon or has ended: within 7 days, and within the last quarter of the
 * time for which it is valid. One that is made for a day is renewed each day. */
bool cert_ends_soon(const struct link_cert *, int64_t now_ms);
/* For server_opinions: "the certificate of ops ends in 3d (/home/ops/.ssh/id-cert.pub)", or "the
 * certificate of host pi ends in 3d (/etc/ssh/ssh_host_ed25519_key-cert.pub)". */
bool cert_opinion(const struct server *, char *why, size_t size);
/* For the details: "until 2026-12-03 14:00 UTC, /home/ops/.ssh/id-cert.pub". False: there
 * is no certificate. */
bool cert_says(const struct link_cert *, char *buf, size_t size);

#endif
