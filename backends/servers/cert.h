/* cert.h: the certificate with which a server let the user in, and whether it ends soon. */
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
/* For server_opinions: "the certificate of ops ends in 3d (/home/ops/.ssh/id-cert.pub)". */
bool cert_opinion(const struct server *, char *why, size_t size);
/* For the details: "until 2026-12-03 14:00 UTC, /home/ops/.ssh/id-cert.pub". False: the link
 * logged in without a certificate. */
bool cert_says(const struct server *, char *buf, size_t size);

#endif
