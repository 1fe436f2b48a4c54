/* ssh_blob.h: the bytes of public keys and certificates: strings with their length in front (RFC
 * 4251, 5). */
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
void blob_put(struct buf *, const char *data, size_t len); /* with its length in front */
/* Takes the string that begins at *at and moves *at behind it; false: it does not fit into len
 * bytes. */
bool blob_get(const char *data, size_t len, size_t *at, struct blob *);
bool blob_is(const struct blob *, const char *word);

/* A certificate's own key, as a plain public key; both in base64. NULL: it is no certificate.
 * The caller frees. */
char *blob_key_of_cert(const char *base64);

#endif
