#include "backends/link/preamble.h"

#include "backends/base/quote.h"

#define PREAMBLE_KEPT 8192

static const char begin[] = QUOTE_BEGIN;

size_t preamble_take(struct preamble *p, const char *data, size_t len)
{
	size_t n = 0;
	while (n < len && !p->over) {
		/* The first byte of QUOTE_BEGIN occurs only once in it, so a false start never
		 * hides a real one. */
		if (data[n] == begin[p->matched])
			p->matched++;
		else
			p->matched = data[n] == begin[0];
		p->over = p->matched == sizeof(begin) - 1;
		n++;
	}
	if (p->over) {
		buf_finish(&p->kept);
	} else {
		size_t room = PREAMBLE_KEPT - p->kept.len;
		buf_add(&p->kept, data, n < room ? n : room);
	}
	return n;
}

void preamble_finish(struct preamble *p)
{
	buf_finish(&p->kept);
}
