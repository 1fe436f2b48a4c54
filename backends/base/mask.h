/* mask.h: what looks like a secret, and text without it. Pure. */
#ifndef BASE_MASK_H
#define BASE_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"

#define MASK "******"

/* Does a variable, label or option of this name hold a secret? "DB_PASSWORD", "--api-key",
 * "NPM_TOKEN". */
bool mask_is_secret(const char *name, size_t len);

/* Appends text with what looks like a secret replaced by MASK: values of NAME=VALUE and
 * --name=value with a secret name, passwords in URLs, bearer tokens. */
void mask_text(struct buf *out, const char *text, size_t len);

/* The same for every string of a JSON document, knowing members' names and arguments behind options
 * ("-p", "x"). Of several documents, one a line, each is masked; what is no JSON is masked as text.
 */
void mask_json(struct buf *out, const char *json, size_t len);

/* Appends text with an x for each letter and digit: its shape without its words. */
void mask_words(struct buf *out, const char *text, size_t len);
/* Appends text with MASK for each run of 24 letters, digits, - _ . or more, as keys and tokens are.
 */
void mask_long_words(struct buf *out, const char *text, size_t len);

#endif
