/* ssh_blob.c: public keys and certificates in the wire format of SSH (RFC 4251 section 5), parsed
 * without libssh. */
#include "backends/link/ssh_blob.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/base64.h"
#include "backends/base/mem.h"

#define CERT_OF_HOST 2 /* PROTOCOL.certkeys: SSH2_CERT_TYPE_HOST */

uint32_t blob_get32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;
	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

void blob_put32(struct buf *b, uint32_t n)
{
	char bytes[4] = { (char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n };
	buf_add(b, bytes, sizeof(bytes));
}

void blob_put(struct buf *b, const char *data, size_t len)
{
	blob_put32(b, (uint32_t)len);
	buf_add(b, data, len);
}

bool blob_get(const char *data, size_t len, size_t *at, struct blob *out)
{
	if (*at > len || len - *at < 4 || blob_get32(data + *at) > len - *at - 4)
		return false;
	out->len = blob_get32(data + *at);
	out->data = data + *at + 4;
	*at += 4 + out->len;
	return true;
}

/* Certificate types, and the number of fields that form the key (OpenSSH's PROTOCOL.certkeys,
 * PROTOCOL.u2f). */
static const struct {
	const char *certificate, *key;
	int fields;
} kinds[] = {
	{ "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", 1 },
	{ "ssh-rsa-cert-v01@openssh.com", "ssh-rsa", 2 },
	{ "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256", 2 },
	{ "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384", 2 },
	{ "ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521", 2 },
	{ "sk-ssh-ed25519-cert-v01@openssh.com", "sk-ssh-ed25519@openssh.com", 2 },
	{ "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", 3 },
};

/* Copies the plain key out of a certificate: the type name, then after a nonce the key's fields.
 * *end is then behind them. */
static bool ssh_blob_take_key(const struct buf *cert, struct buf *key, size_t *end)
{
	struct blob name, field;
	size_t at = 0, kind = 0;
	if (!blob_get(cert->data, cert->len, &at, &name))
		return false;
	while (kind < ARRAY_LEN(kinds) && !blob_is(&name, kinds[kind].certificate))
		kind++;
	if (kind == ARRAY_LEN(kinds) || !blob_get(cert->data, cert->len, &at, &field))
		return false;
	blob_put(key, kinds[kind].key, strlen(kinds[kind].key));
	for (int i = 0; i < kinds[kind].fields; i++) {
		if (!blob_get(cert->data, cert->len, &at, &field))
			return false;
		blob_put(key, field.data, field.len);
	}
	*end = at;
	return true;
}

bool blob_is(const struct blob *b, const char *word)
{
	return strlen(word) == b->len && memcmp(b->data, word, b->len) == 0;
}

char *blob_key_of_cert(const char *base64)
{
	struct buf cert = { 0 }, key = { 0 };
	size_t end;
	bool ok = base64_decode(base64, &cert) && ssh_blob_take_key(&cert, &key, &end);
	char *text = ok ? base64_encode(key.data, key.len) : NULL;
	buf_finish(&cert);
	buf_finish(&key);
	return text;
}

/* A time from 2^50 on is for ever; OpenSSH writes 2^64 - 1. */
static int64_t ssh_blob_get_time(const char *eight_bytes)
{
	uint64_t high = blob_get32(eight_bytes), low = blob_get32(eight_bytes + 4);
	uint64_t seconds = high << 32 | low;
	return seconds < UINT64_C(1) << 50 ? (int64_t)seconds : 0;
}

/* After the key: serial (8 bytes), type (4 bytes), key id, principals, the two times (8 bytes
 * each). */
static bool ssh_blob_take_times(const struct buf *cert, size_t at, int64_t *from, int64_t *until)
{
	struct blob field;
	if (at > cert->len || cert->len - at < 12)
		return false;
	at += 12;
	for (int i = 0; i < 2; i++)
		if (!blob_get(cert->data, cert->len, &at, &field))
			return false;
	if (cert->len - at < 16)
		return false;
	*from = ssh_blob_get_time(cert->data + at);
	*until = ssh_blob_get_time(cert->data + at + 8);
	return true;
}

bool blob_cert_is_of_host(const char *base64)
{
	struct buf cert = { 0 }, key = { 0 };
	size_t end;
	bool ok = base64_decode(base64, &cert) && ssh_blob_take_key(&cert, &key, &end) &&
	          end <= cert.len && cert.len - end >= 12 &&
	          blob_get32(cert.data + end + 8) == CERT_OF_HOST;
	buf_finish(&cert);
	buf_finish(&key);
	return ok;
}

bool blob_cert_times(const char *base64, int64_t *from, int64_t *until)
{
	struct buf cert = { 0 }, key = { 0 };
	size_t end;
	bool ok = base64_decode(base64, &cert) && ssh_blob_take_key(&cert, &key, &end) &&
	          ssh_blob_take_times(&cert, end, from, until);
	buf_finish(&cert);
	buf_finish(&key);
	return ok;
}
