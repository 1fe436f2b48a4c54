/* log_pack.h: lines packed into chunks, sorted by their keys. The storage under log.c. */
#ifndef STORE_LOG_PACK_H
#define STORE_LOG_PACK_H

#include "backends/store/log.h"

struct chunk {
	char *arena; /* lines in the order of arrival; owned */
	uint32_t used, room;
	/* offsets of the lines in arena, sorted by key; owned */
	uint32_t *at;
	uint32_t n, n_room;
	uint64_t base;   /* place of the first line */
	uint32_t seen;   /* visible lines; valid if epoch equals that of the log */
	uint32_t errors; /* visible lines at level ERROR */
	uint8_t epoch;
};
struct pack {
	struct chunk **chunks; /* owned; [0] is the oldest */
	size_t n, cap;
	size_t bytes;          /* memory taken in total */
	size_t chunk_bytes;    /* size at which a chunk is closed */
	uint64_t first, lines; /* place of the oldest line; number of lines */
};

void pack_init(struct pack *, size_t chunk_bytes);
void pack_finish(struct pack *);
/* Inserts a line with room for len bytes of text. The caller writes the text with its NUL into
 * line->text. Then pack_close_line releases the unused room. *place gets the place of the line,
 * *where its chunk. */
struct log_line *pack_line(struct pack *, int64_t time_us, uint64_t number, size_t len,
                           uint64_t *place, struct chunk **where);
void pack_close_line(struct pack *, struct chunk *, struct log_line *);
/* drops the oldest chunk; returns the number of its lines */
uint64_t pack_drop_oldest(struct pack *);
struct log_line *pack_get(const struct pack *, uint64_t place);
size_t pack_chunk_of(const struct pack *, uint64_t place);
uint64_t pack_find(const struct pack *, int64_t time_us, uint64_t number);
static inline struct log_line *chunk_line(const struct chunk *c, uint32_t i)
{
	return (struct log_line *)(void *)(c->arena + c->at[i]);
}

#endif
