#include "backends/base/jsonl.h"

#include <string.h>

void json_lines_feed(struct json_lines *l, const char *bytes, size_t len, json_line_fn *fn,
                     void *arg)
{
	l->line.max = JSON_LINE_MAX;
	while (len) {
		const char *nl = memchr(bytes, '\n', len);
		size_t n = nl ? (size_t)(nl - bytes) : len;
		l->skip |= !l->skip && !buf_add(&l->line, bytes, n);
		bytes += n + (nl != NULL);
		len -= n + (nl != NULL);
		if (!nl)
			return;
		bool whole = !l->skip && l->line.len;
		/* fn may finish the struct, so it gets a line of its own */
		struct buf line = l->line;
		l->line = (struct buf){ .max = JSON_LINE_MAX };
		l->skip = false;
		if (whole)
			fn(line.data, line.len, arg);
		buf_finish(&line);
	}
}

void json_lines_finish(struct json_lines *l)
{
	buf_finish(&l->line);
	l->skip = false;
}
