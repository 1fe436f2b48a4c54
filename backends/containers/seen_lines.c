#include "backends/containers/seen_lines.h"

#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"

/* FNV-1a, 64 bits. A collision would hide one line, and there are few lines. */
uint64_t seen_line_hash(const char *line, size_t len, bool error)
{
	uint64_t h = error ? 1469598103934665604ull : 1469598103934665603ull;
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)line[i]) * 1099511628211ull;
	return h;
}

void seen_lines_finish(struct seen_lines *t)
{
	free(t->line);
	*t = (struct seen_lines){ 0 };
}

void seen_lines_add(struct seen_lines *t, const struct seen_line *line, uint64_t before)
{
	if (t->n == SEEN_LINES_MAX) {
		/* Drops the first n lines. Keeps only their newest time and the number of lines at
		 * that time. */
		size_t n = SEEN_LINES_MAX / 4;
		for (size_t i = 0; i < n; i++) {
			if (t->line[i].ns > t->floor_ns) {
				t->floor_ns = t->line[i].ns;
				t->floor_n = 0;
			}
			t->floor_n += t->line[i].ns == t->floor_ns;
		}
		t->n -= n;
		memmove(t->line, t->line + n, t->n * sizeof(*t->line));
	}
	size_t at = t->n;
	if (t->n == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->line = xrealloc(t->line, t->room * sizeof(*t->line));
	}
	for (size_t i = t->n; before && i-- > 0;)
		if (t->line[i].number == before)
			at = i;
	memmove(t->line + at + 1, t->line + at, (t->n - at) * sizeof(*t->line));
	t->line[at] = *line;
	t->n++;
}

int64_t seen_lines_since(const struct seen_lines *t, int64_t span_ns)
{
	int64_t first = t->floor_ns, newest = 0;
	for (size_t i = 0; i < t->n; i++) {
		if (!t->floor_ns && (!first || t->line[i].ns < first))
			first = t->line[i].ns;
		if (t->line[i].ns > newest)
			newest = t->line[i].ns;
	}
	return newest - first > span_ns ? newest - span_ns : first;
}

static bool seen_lines_take_between(struct seen_lines *t, size_t from, size_t to, int64_t ns,
                                    uint64_t hash)
{
	for (size_t i = from; i < to; i++) {
		struct seen_line *line = &t->line[i];
		if (line->taken || line->ns != ns || line->hash != hash)
			continue;
		line->taken = true;
		if (i >= t->next)
			t->next = i + 1;
		return true;
	}
	return false;
}

bool seen_lines_take(struct seen_lines *t, int64_t ns, uint64_t hash, uint64_t *before)
{
	*before = 0;
	if (ns < t->floor_ns)
		return true;
	if (ns == t->floor_ns && t->floor_n) {
		t->floor_n--;
		return true;
	}
	/* usually the next line in order */
	if (seen_lines_take_between(t, t->next, t->n, ns, hash) ||
	    seen_lines_take_between(t, 0, t->next, ns, hash))
		return true;
	for (size_t i = t->next; !*before && i < t->n; i++)
		if (!t->line[i].taken && t->line[i].ns == ns)
			*before = t->line[i].number;
	return false;
}

void seen_lines_copy(struct seen_lines *to, const struct seen_lines *from)
{
	seen_lines_finish(to);
	*to = *from;
	to->line = NULL;
	to->room = from->n;
	to->next = 0;
	if (from->n) {
		to->line = xcalloc(from->n, sizeof(*to->line));
		memcpy(to->line, from->line, from->n * sizeof(*to->line));
	}
}
