/* base64.h: base64 encoding and decoding (RFC 4648, section 4: the standard alphabet, with
 * padding). */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"

/* Never returns NULL. The caller frees the text, and wipes it first if the data is secret. */
char *base64_encode(const void *data, size_t len);
/* Decodes text and appends the bytes to out. False: text is empty or not base64. Then out may hold
 * some of the bytes. */
bool base64_decode(const char *text, struct buf *out);

#endif
