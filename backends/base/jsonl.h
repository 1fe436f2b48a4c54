/* jsonl.h: JSON documents, one per line, from a stream that may never end. */
#ifndef BASE_JSONL_H
#define BASE_JSONL_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"

#define JSON_LINE_MAX (1u << 20) /* bytes; a longer line is skipped */

/* A zeroed struct is valid. */
struct json_lines {
	struct buf line;
	bool skip; /* the current line is too long: skip to its end */
};

/* Gets one line without its newline: borrowed, not empty, not washed, NUL-ended. It may call
 * json_lines_finish. */
typedef void json_line_fn(const char *line, size_t len, void *arg);
/* Calls fn for every line that bytes complete. Keeps the rest until more bytes arrive. */
void json_lines_feed(struct json_lines *, const char *bytes, size_t len, json_line_fn *fn,
                     void *arg);
/* Drops an unfinished line. The struct stays usable. */
void json_lines_finish(struct json_lines *);

#endif
