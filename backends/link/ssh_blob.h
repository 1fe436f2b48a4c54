/* ssh_blob.h: the binary form of public keys and certificates: strings with a length prefix (RFC
 * 4251 section 5; RFC 4253 section 6.6; OpenSSH's PROTOCOL.certkeys). */
#ifndef LINK_SSH_BLOB_H
#define LINK_SSH_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/buf.h"

/* Bytes inside another buffer; borrowed. */
struct blob {
	const char *data;
	size_t len;
};

uint32_t blob_get32(const char *four_bytes);
void blob_put32(struct buf *, uint32_t);
void blob_put(struct buf *, const char *data, size_t len); /* with a length prefix */
/* Reads the string at *at and moves *at behind it. False: the string exceeds len bytes. */
bool blob_get(const char *data, size_t len, size_t *at, struct blob *);
bool blob_is(const struct blob *, const char *word);

/* Extracts the plain public key of a certificate. Input and result are base64. NULL: not a
 * certificate. The caller frees the result. */
char *blob_key_of_cert(const char *base64);
/* Reads from when until when a certificate is valid, in seconds since 1970 (OpenSSH's
 * PROTOCOL.certkeys); *until 0: for ever. base64. False: not a certificate. */
bool blob_cert_times(const char *base64, int64_t *from, int64_t *until);
/* Whether base64 is the certificate of a host (type 2, SSH2_CERT_TYPE_HOST), and not of a user. */
bool blob_cert_is_of_host(const char *base64);

#endif
