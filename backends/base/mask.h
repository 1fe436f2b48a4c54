/* mask.h: find text that looks secret, and replace it. Pure. */
#ifndef BASE_MASK_H
#define BASE_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"

#define MASK "******"

/* Whether a variable, label or option with this name holds a secret. Examples: "DB_PASSWORD",
 * "--api-key", "NPM_TOKEN". */
bool mask_is_secret(const char *name, size_t len);

/* Appends text with everything that looks secret replaced by MASK. That covers values of NAME=VALUE
 * and --name=value with a secret name, passwords in URLs, and bearer tokens. */
void mask_text(struct buf *out, const char *text, size_t len);

/* Same for every string of a JSON document. Also uses member names, and options with the argument
 * after them ("-p", "x"). Several documents, one per line, are each masked. Bytes that are not JSON
 * are masked as text. */
void mask_json(struct buf *out, const char *json, size_t len);

/* Appends text with an x for each letter and digit. This keeps the shape and hides the words. */
void mask_words(struct buf *out, const char *text, size_t len);
/* Appends text with MASK for each run of 24 or more letters, digits, - _ . because keys and tokens
 * look like that. */
void mask_long_words(struct buf *out, const char *text, size_t len);

#endif
