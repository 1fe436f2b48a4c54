/* log_pack.c: chunks of log lines. A chunk is an arena of lines in order of arrival, and a list of
 * their offsets sorted by time. Most new lines are the newest, and go to the end of both. A late
 * line goes to the end of its chunk's arena and into the middle of the list. So only offsets move.
 * A chunk that late lines have doubled is split. */
#include "backends/store/log_pack.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"

#define ALIGN 8u
#define ARENA_FIRST 2048u

void pack_init(struct pack *p, size_t chunk_bytes)
{
	*p = (struct pack){ .chunk_bytes = chunk_bytes, .first = 1 };
}

static void log_pack_chunk_free(struct pack *p, struct chunk *c)
{
	p->bytes -= sizeof(*c) + c->room + c->n_room * sizeof(*c->at);
	free(c->arena);
	free(c->at);
	free(c);
}

void pack_finish(struct pack *p)
{
	for (size_t i = 0; i < p->n; i++)
		log_pack_chunk_free(p, p->chunks[i]);
	free(p->chunks);
	*p = (struct pack){ 0 };
}

static struct chunk *log_pack_chunk_insert(struct pack *p, size_t index, uint64_t base)
{
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 8;
		p->chunks = xrealloc(p->chunks, p->cap * sizeof(*p->chunks));
	}
	memmove(p->chunks + index + 1, p->chunks + index, (p->n - index) * sizeof(*p->chunks));
	struct chunk *c = xcalloc(1, sizeof(*c));
	c->base = base;
	p->chunks[index] = c;
	p->n++;
	p->bytes += sizeof(*c);
	return c;
}

static void log_pack_set_room(struct pack *p, struct chunk *c, uint32_t room)
{
	p->bytes += room;
	p->bytes -= c->room;
	c->arena = xrealloc(c->arena, room);
	c->room = room;
}

static void log_pack_set_list_room(struct pack *p, struct chunk *c, uint32_t n)
{
	p->bytes += n * sizeof(*c->at);
	p->bytes -= c->n_room * sizeof(*c->at);
	c->at = xrealloc(c->at, n * sizeof(*c->at));
	c->n_room = n;
}

static uint32_t log_pack_need(size_t len)
{
	return (uint32_t)((sizeof(struct log_line) + len + 1 + ALIGN - 1) & ~(size_t)(ALIGN - 1));
}

static void log_pack_reserve(struct pack *p, struct chunk *c, uint32_t bytes)
{
	uint32_t room = c->room ? c->room : ARENA_FIRST;
	while (room < c->used + bytes)
		room *= 2;
	if (room != c->room)
		log_pack_set_room(p, c, room);
	if (c->n == c->n_room)
		log_pack_set_list_room(p, c, c->n_room ? c->n_room * 2 : 32);
}

/* No more lines will be appended to the chunk. Releases its spare memory. */
static void log_pack_chunk_seal(struct pack *p, struct chunk *c)
{
	if (c->used && c->used < c->room)
		log_pack_set_room(p, c, c->used);
	if (c->n && c->n < c->n_room)
		log_pack_set_list_room(p, c, c->n);
}

static int log_pack_compare(const struct log_line *line, int64_t time_us, uint64_t number)
{
	if (line->time_us != time_us)
		return line->time_us < time_us ? -1 : 1;
	return line->number < number ? -1 : line->number > number;
}

/* Index of the chunk's first line that is not before the key. */
static uint32_t log_pack_chunk_find(const struct chunk *c, int64_t time_us, uint64_t number)
{
	uint32_t low = 0, high = c->n;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (log_pack_compare(chunk_line(c, mid), time_us, number) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Index of the last chunk whose first line is before the key; 0 if there is none. */
static size_t log_pack_chunk_before(const struct pack *p, int64_t time_us, uint64_t number)
{
	size_t low = 0, high = p->n;
	if (p->n && log_pack_compare(chunk_line(p->chunks[p->n - 1], 0), time_us, number) < 0)
		return p->n - 1;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (log_pack_compare(chunk_line(p->chunks[mid], 0), time_us, number) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? low - 1 : 0;
}

uint64_t pack_find(const struct pack *p, int64_t time_us, uint64_t number)
{
	if (!p->n)
		return p->first;
	const struct chunk *c = p->chunks[log_pack_chunk_before(p, time_us, number)];
	return c->base + log_pack_chunk_find(c, time_us, number);
}

/* Splits a chunk into two new ones. The second gets the newer half. */
static void log_pack_chunk_split(struct pack *p, size_t index)
{
	struct chunk *old = p->chunks[index];
	/* made first; the second chunk goes behind it */
	struct chunk *first = log_pack_chunk_insert(p, index + 1, old->base);
	struct chunk *half[2] = { first,
		                  log_pack_chunk_insert(p, index + 2, old->base + old->n / 2) };
	for (uint32_t i = 0; i < old->n; i++) {
		struct chunk *to = half[i >= old->n / 2];
		const struct log_line *line = chunk_line(old, i);
		uint32_t bytes = log_pack_need(line->len);
		log_pack_reserve(p, to, bytes);
		memcpy(to->arena + to->used, line, sizeof(*line) + line->len + 1);
		to->at[to->n++] = to->used;
		to->used += bytes;
		to->seen += line->judged;
		to->errors += line->judged && line->level == LOG_LEVEL_ERROR;
	}
	half[0]->epoch = half[1]->epoch = old->epoch;
	log_pack_chunk_seal(p, half[0]);
	memmove(p->chunks + index, p->chunks + index + 1, (p->n - index - 1) * sizeof(*p->chunks));
	p->n--;
	log_pack_chunk_free(p, old);
}

/* Finds the chunk for a line with this key. It is the last chunk, a new one after it, or one in the
 * middle. */
static struct chunk *log_pack_chunk_for(struct pack *p, int64_t time_us, uint64_t number,
                                        uint32_t bytes, size_t *index)
{
	if (!p->n)
		log_pack_chunk_insert(p, 0, p->first);
	*index = p->n - 1;
	struct chunk *c = p->chunks[*index];
	bool newest = !c->n || log_pack_compare(chunk_line(c, c->n - 1), time_us, number) < 0;
	if (newest && c->n && c->used + bytes > p->chunk_bytes) {
		log_pack_chunk_seal(p, c);
		*index = p->n;
		return log_pack_chunk_insert(p, p->n, c->base + c->n);
	}
	if (newest)
		return c;
	*index = log_pack_chunk_before(p, time_us, number);
	c = p->chunks[*index];
	if (c->used + bytes > 2 * p->chunk_bytes && c->n > 1) {
		log_pack_chunk_split(p, *index);
		*index = log_pack_chunk_before(p, time_us, number);
		c = p->chunks[*index];
	}
	return c;
}

struct log_line *pack_line(struct pack *p, int64_t time_us, uint64_t number, size_t len,
                           uint64_t *place, struct chunk **where)
{
	size_t index;
	uint32_t bytes = log_pack_need(len);
	struct chunk *c = log_pack_chunk_for(p, time_us, number, bytes, &index);
	log_pack_reserve(p, c, bytes);
	uint32_t i = c->n && log_pack_compare(chunk_line(c, c->n - 1), time_us, number) < 0
	                     ? c->n
	                     : log_pack_chunk_find(c, time_us, number);
	memmove(c->at + i + 1, c->at + i, (c->n - i) * sizeof(*c->at));
	c->at[i] = c->used;
	c->n++;
	c->used += bytes;
	p->lines++;
	for (size_t k = index + 1; k < p->n; k++)
		p->chunks[k]->base++;
	*place = c->base + i;
	*where = c;
	struct log_line *line = chunk_line(c, i);
	*line = (struct log_line){ .time_us = time_us, .number = number, .len = (uint32_t)len };
	return line;
}

void pack_close_line(struct pack *p, struct chunk *c, struct log_line *line)
{
	(void)p;
	uint32_t at = (uint32_t)((char *)line - c->arena);
	/* the line is the last in the arena, whatever its position in the list */
	c->used = at + log_pack_need(line->len);
}

uint64_t pack_drop_oldest(struct pack *p)
{
	assert(p->n > 1); /* each log keeps its newest chunk */
	struct chunk *c = p->chunks[0];
	uint64_t n = c->n;
	p->first += n;
	p->lines -= n;
	p->n--;
	memmove(p->chunks, p->chunks + 1, p->n * sizeof(*p->chunks));
	log_pack_chunk_free(p, c);
	return n;
}

size_t pack_chunk_of(const struct pack *p, uint64_t place)
{
	size_t low = 0, high = p->n - 1;
	if (place >= p->chunks[high]->base)
		return high;
	while (low < high) {
		size_t mid = low + (high - low + 1) / 2;
		if (p->chunks[mid]->base <= place)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

struct log_line *pack_get(const struct pack *p, uint64_t place)
{
	if (place < p->first || place - p->first >= p->lines)
		return NULL;
	const struct chunk *c = p->chunks[pack_chunk_of(p, place)];
	return chunk_line(c, (uint32_t)(place - c->base));
}
