#include "backends/base/scram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "backends/base/base64.h"
#include "backends/base/number.h"
#include "backends/base/secret.h"

#define HASH 32

static bool scram_hmac(const unsigned char key[HASH], const void *data, size_t len,
                       unsigned char out[HASH])
{
	unsigned n = HASH;
	return HMAC(EVP_sha256(), key, HASH, data, len, out, &n) != NULL;
}

void scram_first(struct scram *s, const char *user, const char *nonce, struct buf *out)
{
	unsigned char random[18] = { 0 };
	if (nonce) {
		snprintf(s->nonce, sizeof(s->nonce), "%s", nonce);
	} else {
		(void)!getrandom(random, sizeof(random), 0);
		char *text = base64_encode(random, sizeof(random));
		snprintf(s->nonce, sizeof(s->nonce), "%s", text);
		free(text);
	}
	buf_addf(out, "n,,n=%s,r=%s", user, s->nonce);
}

/* "r=NONCE,s=SALT,i=ROUNDS". Points to the value of a part. */
static const char *scram_part(const char *message, char name, size_t *len)
{
	for (const char *at = message; at;) {
		if (at[0] == name && at[1] == '=') {
			*len = strcspn(at + 2, ",");
			return at + 2;
		}
		const char *comma = strchr(at, ',');
		at = comma ? comma + 1 : NULL;
	}
	return NULL;
}

static bool scram_salt(struct scram *s, const char *password, struct err *err)
{
	size_t salt_len = 0, rounds_len = 0;
	const char *salt64 = scram_part(s->first.data, 's', &salt_len);
	const char *rounds_text = scram_part(s->first.data, 'i', &rounds_len);
	int64_t rounds = rounds_text ? number_read(rounds_text, 1, INT32_MAX, -1) : -1;
	char text[200];
	struct buf salt = { .max = sizeof(text) };
	if (!salt64 || salt_len >= sizeof(text) || rounds < 1)
		return err_set(err, ERR_GARBLED, "its request for a password is not SCRAM");
	if (rounds > SCRAM_ROUNDS_MAX)
		return err_set(err, ERR_REFUSED,
		               "it asks for %lld rounds of hashing; mocr makes at most %d",
		               (long long)rounds, SCRAM_ROUNDS_MAX);
	memcpy(text, salt64, salt_len);
	text[salt_len] = '\0';
	bool good = base64_decode(text, &salt) &&
	            PKCS5_PBKDF2_HMAC(password, (int)strlen(password),
	                              (const unsigned char *)salt.data, (int)salt.len, (int)rounds,
	                              EVP_sha256(), HASH, s->salted) == 1;
	s->salted_is_known = good;
	buf_finish(&salt);
	return good || err_set(err, ERR_GARBLED, "its request for a password has no valid salt");
}

/* What both sides sign. */
static void scram_signed(const struct scram *s, const char *user, struct buf *out)
{
	size_t len = 0;
	const char *nonce = scram_part(s->first.data, 'r', &len);
	buf_addf(out, "n=%s,r=%s,%s,c=biws,r=%.*s", user, s->nonce, s->first.data, (int)len, nonce);
}

bool scram_second(struct scram *s, const char *user, const char *password, const char *message,
                  size_t len, struct buf *out, struct err *err)
{
	unsigned char key[HASH], stored[HASH], signature[HASH];
	size_t nonce_len = 0, ours = strlen(s->nonce);
	struct buf text = { 0 };
	buf_add(&s->first, message, len);
	buf_add(&s->first, "", 1);
	const char *nonce = scram_part(s->first.data, 'r', &nonce_len);
	if (!nonce || nonce_len <= ours || strncmp(nonce, s->nonce, ours) != 0)
		return err_set(err, ERR_GARBLED, "its request for a password answers another one");
	if (!scram_salt(s, password, err))
		return false;
	scram_signed(s, user, &text);
	bool good = scram_hmac(s->salted, "Client Key", 10, key) &&
	            EVP_Digest(key, HASH, stored, NULL, EVP_sha256(), NULL) == 1 &&
	            scram_hmac(stored, text.data, text.len, signature);
	for (size_t i = 0; good && i < HASH; i++)
		key[i] ^= signature[i];
	char *proof = good ? base64_encode(key, HASH) : NULL;
	if (proof)
		buf_addf(out, "c=biws,r=%.*s,p=%s", (int)nonce_len, nonce, proof);
	free(proof);
	wipe(key, sizeof(key));
	wipe(stored, sizeof(stored));
	buf_finish(&text);
	return good || err_set(err, ERR_SYSTEM, "this machine's OpenSSL cannot make SHA-256");
}

bool scram_is_proven(const struct scram *s, const char *user, const char *message, size_t len)
{
	unsigned char key[HASH], signature[HASH];
	struct buf text = { 0 };
	if (!s->salted_is_known)
		return false;
	scram_signed(s, user, &text);
	bool good = scram_hmac(s->salted, "Server Key", 10, key) &&
	            scram_hmac(key, text.data, text.len, signature);
	char *wanted = base64_encode(signature, HASH);
	size_t n = strlen(wanted);
	good = good && len >= n + 2 && !memcmp(message, "v=", 2) &&
	       !CRYPTO_memcmp(message + 2, wanted, n);
	free(wanted);
	buf_finish(&text);
	return good;
}

void scram_finish(struct scram *s)
{
	wipe(s->salted, sizeof(s->salted));
	buf_finish(&s->first);
}

/* --- MD5 -------------------------------------------------------------------- */

static bool scram_md5_hex(const void *a, size_t a_len, const void *b, size_t b_len, char out[33])
{
	unsigned char hash[16];
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good = c && EVP_DigestInit_ex(c, EVP_md5(), NULL) == 1 &&
	            EVP_DigestUpdate(c, a, a_len) == 1 && EVP_DigestUpdate(c, b, b_len) == 1 &&
	            EVP_DigestFinal_ex(c, hash, NULL) == 1;
	EVP_MD_CTX_free(c);
	for (size_t i = 0; good && i < sizeof(hash); i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
	return good;
}

bool scram_md5(char out[36], const char *user, const char *password, const unsigned char salt[4])
{
	char inner[33] = "", outer[33] = "";
	bool good = scram_md5_hex(password, strlen(password), user, strlen(user), inner) &&
	            scram_md5_hex(inner, 32, salt, 4, outer);
	snprintf(out, 36, "md5%s", outer);
	wipe(inner, sizeof(inner));
	return good;
}
