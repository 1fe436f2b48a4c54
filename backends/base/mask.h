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

/* Same in place, for a sentence with words of another program or service. It also replaces what
 * secret_know knows, and washes. This is the one place through which such a sentence goes before a
 * row, a file, JSON or a message has it. size is that of text, with its NUL. */
void mask_sentence(char *text, size_t size);
/* Overwrites the path and query of a secret url in text (len bytes) with stars: all of it, and each
 * part of URL_PART_LEAST bytes or more between its signs. */
#define URL_PART_LEAST 4
void mask_url_path(char *text, size_t len, const char *path);

/* mask_text for every string of a JSON document. Also uses member names, and options with the
 * argument after them ("-p", "x"). Several documents, one per line, are each masked. Bytes that are
 * not JSON are masked as text. */
void mask_json(struct buf *out, const char *json, size_t len);

/* Appends text with an x for each letter and digit. This keeps the shape and hides the words. */
void mask_words(struct buf *out, const char *text, size_t len);
/* Appends text with MASK for each run of 24 or more letters, digits, - _ . because keys and tokens
 * look like that. */
void mask_long_words(struct buf *out, const char *text, size_t len);

#endif
