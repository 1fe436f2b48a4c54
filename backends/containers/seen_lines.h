/* seen_lines.h: the last lines that were told of a log, for an engine that tells them again when
 * its log is asked for again. Pure.
 *
 * Podman up to 4.9 gives all lines of a second the same time, so lines are known by time and text.
 * Its stream may leave lines out (4.3.1: after the container ended, each line that is still unread
 * is dropped at random), so a line that comes again may belong between two that were told. */
#ifndef CONTAINERS_SEEN_LINES_H
#define CONTAINERS_SEEN_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEEN_LINES_MAX 4096 /* lines that are known by their text */

struct seen_line {
	int64_t ns;
	uint64_t hash;
	uint64_t number; /* its key in the log */
	bool taken;      /* it came again */
};
struct seen_lines {
	struct seen_line *line; /* owned; in the order of the engine's log */
	size_t n, room;
	size_t next;      /* behind the last one that came again */
	int64_t floor_ns; /* what is older was told, */
	size_t floor_n;   /* and so many of the first lines of that very time */
};

void seen_lines_finish(struct seen_lines *); /* leaves it empty */
/* A line was told; before: number of the line it was put before, 0 none. */
void seen_lines_add(struct seen_lines *, const struct seen_line *, uint64_t before);
uint64_t seen_line_hash(const char *line, size_t len, bool error);
/* From when on the lines must come again: span_ns before the newest, or since the oldest that is
 * known. 0: nothing was told. */
int64_t seen_lines_since(const struct seen_lines *, int64_t span_ns);
/* Does this line come again? It is taken out. Otherwise *before is the number of the first line of
 * the same time that has not come again yet: the line belongs before that one; 0: behind all. */
bool seen_lines_take(struct seen_lines *, int64_t ns, uint64_t hash, uint64_t *before);
void seen_lines_copy(struct seen_lines *to, const struct seen_lines *from);

#endif
