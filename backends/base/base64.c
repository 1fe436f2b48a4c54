/* base64.c: our own 30 lines, without libcrypto. EVP_EncodeBlock would need one more library, and
 * its decoder accepts invalid text. */
#include "backends/base/base64.h"

#include <stdint.h>
#include <string.h>

#include "backends/base/mem.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *data, size_t len)
{
	const unsigned char *p = data;
	char *out = xcalloc(1, (len + 2) / 3 * 4 + 1), *o = out;
	for (size_t i = 0; i < len; i += 3) {
		uint32_t n = (uint32_t)p[i] << 16;
		n |= i + 1 < len ? (uint32_t)p[i + 1] << 8 : 0;
		n |= i + 2 < len ? p[i + 2] : 0;
		*o++ = digits[n >> 18];
		*o++ = digits[n >> 12 & 63];
		*o++ = i + 1 < len ? digits[n >> 6 & 63] : '=';
		*o++ = i + 2 < len ? digits[n & 63] : '=';
	}
	return out;
}

bool base64_decode(const char *text, struct buf *out)
{
	size_t len = strcspn(text, "=");
	uint32_t bits = 0;
	if (!len || len % 4 == 1 || strlen(text + len) > 2 || (len + strlen(text + len)) % 4 != 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char *digit = strchr(digits, text[i]);
		if (!digit)
			return false;
		bits = bits << 6 | (uint32_t)(digit - digits);
		char byte = (char)(bits >> (6 - 2 * (i % 4)));
		if (i % 4 != 0)
			buf_add(out, &byte, 1);
	}
	return out->len > 0;
}
