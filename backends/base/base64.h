/* base64.h: bytes as text and back (RFC 4648, section 4: the plain alphabet, with padding). */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"

/* Never NULL; the caller frees, and wipes before when the bytes are a secret. */
char *base64_encode(const void *data, size_t len);
/* Adds the bytes of text to out. False: text is empty or not base64; some bytes may be in out then.
 */
bool base64_decode(const char *text, struct buf *out);

#endif
