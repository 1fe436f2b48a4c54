#include "backends/containers/told.h"

#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"

/* FNV-1a, 64 bits: few lines, and an accident costs one of them. */
static uint64_t hash_of(const char *line, size_t len, bool error)
{
	uint64_t h = error ? 1469598103934665604ull : 1469598103934665603ull;
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)line[i]) * 1099511628211ull;
	return h;
}

void told_finish(struct told *t)
{
	free(t->hash);
	*t = (struct told){ 0 };
}

void told_add(struct told *t, const char *line, size_t len, bool error)
{
	if (t->n == TOLD_MAX) {
		t->more++;
		return;
	}
	if (t->n == t->room) {
		t->room = t->room ? 2 * t->room : 8;
		t->hash = xrealloc(t->hash, t->room * sizeof(*t->hash));
	}
	t->hash[t->n++] = hash_of(line, len, error);
}

/* They come in the order in which they were told: it is the first, as a rule. */
bool told_take(struct told *t, const char *line, size_t len, bool error)
{
	uint64_t h = hash_of(line, len, error);
	for (size_t i = 0; i < t->n; i++)
		if (t->hash[i] == h) {
			t->n--;
			memmove(t->hash + i, t->hash + i + 1, (t->n - i) * sizeof(*t->hash));
			return true;
		}
	if (!t->more)
		return false;
	t->more--;
	return true;
}

void told_copy(struct told *to, const struct told *from)
{
	told_finish(to);
	*to = (struct told){ .n = from->n, .room = from->n, .more = from->more };
	if (from->n) {
		to->hash = xcalloc(from->n, sizeof(*to->hash));
		memcpy(to->hash, from->hash, from->n * sizeof(*to->hash));
	}
}
