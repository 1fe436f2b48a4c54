/* scram.h: how a client proves that it knows a password without sending it: SCRAM-SHA-256, and the
 * MD5 of older PostgreSQL servers. Hashes are OpenSSL's.
 *
 * Source: RFC 5802, RFC 7677; PostgreSQL, "SASL Authentication" and "AuthenticationMD5Password". A
 * password outside ASCII is used as it is, without SASLprep. */
#ifndef BASE_SCRAM_H
#define BASE_SCRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"
#include "backends/base/err.h"

/* the most that a server may ask for: about 50 ms */
#define SCRAM_ROUNDS_MAX 100000

struct scram {
	char nonce[40];
	struct buf first;          /* the server's first message */
	unsigned char salted[32];  /* set by scram_second */
	bool salted_is_known;
};
/* nonce NULL: a random one, as always outside of tests. Appends "n,,n=USER,r=NONCE". PostgreSQL
 * ignores the user here. */
void scram_first(struct scram *, const char *user, const char *nonce, struct buf *out);
/* Reads the server's first message and appends the client's last one. False and err: a phrase. */
bool scram_second(struct scram *, const char *user, const char *password, const char *message,
                  size_t len, struct buf *out, struct err *err);
/* Does the server's last message, "v=...", prove that it knows the password too? */
bool scram_is_proven(const struct scram *, const char *user, const char *message, size_t len);
void scram_finish(struct scram *); /* wipes */

/* "md5" and 32 hex digits, for a salt of 4 bytes. out has 36 bytes. */
bool scram_md5(char out[36], const char *user, const char *password, const unsigned char salt[4]);

#endif
