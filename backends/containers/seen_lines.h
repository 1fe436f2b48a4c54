/* seen_lines.h: remembers the last log lines shown, to drop them when the engine sends them again
 * after a reconnect. Pure.
 *
 * Podman up to 4.9 gives all lines of a second the same time, so a line is identified by time and
 * text. Podman's stream may leave lines out. Seen on 4.3.1: after the container ended, unread lines
 * are dropped at random. So a new line may belong between two lines that were already shown. */
#ifndef CONTAINERS_SEEN_LINES_H
#define CONTAINERS_SEEN_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEEN_LINES_MAX 4096 /* lines remembered by their text */

struct seen_line {
	int64_t ns;
	uint64_t hash;
	uint64_t number; /* its number in the log */
	bool taken;      /* the engine sent it again */
};
struct seen_lines {
	struct seen_line *line; /* owned; in the order of the engine's log */
	size_t n, room;
	size_t next;      /* index after the last line that came again */
	int64_t floor_ns; /* every line older than this was shown, */
	size_t floor_n;   /* and this many of the first lines at exactly that time */
};

void seen_lines_finish(struct seen_lines *); /* frees the lines; the struct is empty then */
/* Remembers a line that was shown. before: number of the line it was inserted before; 0 none. */
void seen_lines_add(struct seen_lines *, const struct seen_line *, uint64_t before);
uint64_t seen_line_hash(const char *line, size_t len, bool error);
/* The since= for the next request: span_ns before the newest line, or the oldest line still known.
 * 0: no line was shown yet. */
int64_t seen_lines_since(const struct seen_lines *, int64_t span_ns);
/* Was this line shown already? If so, marks the line as taken and returns true. Otherwise *before
 * is the number of the first line with the same time that has not come again yet. The new line
 * belongs before that line; 0: after all lines. */
bool seen_lines_take(struct seen_lines *, int64_t ns, uint64_t hash, uint64_t *before);
void seen_lines_copy(struct seen_lines *to, const struct seen_lines *from);

#endif
