/* log_pack.h: lines packed into chunks, in the order of their keys. The storage beneath log.c. */
#ifndef STORE_LOG_PACK_H
#define STORE_LOG_PACK_H

#include "backends/store/log.h"

struct chunk {
	char *arena; /* lines, in the order in which they came; owned */
	uint32_t used, room;
	/* offsets of the lines in arena, in the order of their keys; owned */
	uint32_t *at;
	uint32_t n, n_room;
	uint64_t base;   /* place of the first */
	uint32_t seen;   /* lines that the judge lets through, when epoch is the log's */
	uint32_t errors; /* of those, at level ERROR */
	uint8_t epoch;
};
struct pack {
	struct chunk **chunks; /* owned; [0] is the oldest */
	size_t n, cap;
	size_t bytes;          /* taken, all in all */
	size_t chunk_bytes;    /* a chunk is closed when it holds so much */
	uint64_t first, lines; /* place of the oldest line; how many there are */
};

void pack_init(struct pack *, size_t chunk_bytes);
void pack_finish(struct pack *);
/* Puts a line of up to len bytes of text into its place. Its text is written by the caller into
 * line->text, with the NUL; then pack_close_line gives back what was not needed. Returns the place;
 * *where is its chunk. */
struct log_line *pack_line(struct pack *, int64_t time_us, uint64_t number, size_t len,
                           uint64_t *place, struct chunk **where);
void pack_close_line(struct pack *, struct chunk *, struct log_line *);
uint64_t pack_drop_oldest(struct pack *); /* the oldest chunk; how many lines went */
struct log_line *pack_get(const struct pack *, uint64_t place);
size_t pack_chunk_of(const struct pack *, uint64_t place);
uint64_t pack_find(const struct pack *, int64_t time_us, uint64_t number);
static inline struct log_line *chunk_line(const struct chunk *c, uint32_t i)
{
	return (struct log_line *)(void *)(c->arena + c->at[i]);
}

#endif
