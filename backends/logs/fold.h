/* fold.h: a line of JSON as people read it. Pure; no allocation but the buffer's. */
#ifndef LOGS_FOLD_H
#define LOGS_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"

/* {"level":"warn","msg":"slow","ms":12} as `warn slow ms=12`: level first, then the message, then the rest in its order;
 * times are left out, for the line has one. False: it is no JSON object and nothing was added. */
bool fold_json(const char *text, size_t len, struct buf *out);
/* The same with each key on a row of its own (parted by newlines), nested ones indented. */
bool unfold_json(const char *text, size_t len, struct buf *out);

#endif
