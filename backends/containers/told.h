/* told.h: the lines of one moment that were told already, for an engine that tells them again when its log is asked for anew. Pure.
 *
 * Podman up to 4.9 gives all lines of a second the same time, and its stream may leave some of them out: so they are known by their
 * text, not by how many they were. */
#ifndef CONTAINERS_TOLD_H
#define CONTAINERS_TOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOLD_MAX 4096            /* lines known by their text; of more only the number is kept */

struct told {
	uint64_t *hash;          /* owned; in the order in which they were told */
	size_t n, room;
	size_t more;             /* lines beyond TOLD_MAX */
};

void told_finish(struct told *);                         /* leaves it empty */
void told_add(struct told *, const char *line, size_t len, bool error);
/* The line came again: it is taken out. False: it was not in there, or came more often than it was told. */
bool told_take(struct told *, const char *line, size_t len, bool error);
void told_copy(struct told *to, const struct told *from);

#endif
