/* jsonl.h: JSON documents that come one a line, on a stream that may never end. */
#ifndef BASE_JSONL_H
#define BASE_JSONL_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"

#define JSON_LINE_MAX (1u << 20) /* bytes; a longer line is left out */

/* Zeroed is ready. */
struct json_lines {
	struct buf line;
	bool skip; /* this one is too long: up to its end */
};

/* One line without its end, borrowed, not empty, not washed, NUL-ended. It may call
 * json_lines_finish. */
typedef void json_line_fn(const char *line, size_t len, void *arg);
/* Calls fn with every line that bytes complete; the rest waits for more. */
void json_lines_feed(struct json_lines *, const char *bytes, size_t len, json_line_fn *fn,
                     void *arg);
/* Drops a line that has no end yet; ready again. */
void json_lines_finish(struct json_lines *);

#endif
