#include "backends/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/secret.h"

#define KEEP_EMPTY (16u << 10)

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_finish(struct buf *b)
{
	struct buf kept = { .max = b->max, .secret = b->secret };
	if (b->secret)
		wipe(b->data, b->cap);
	free(b->data);
	*b = kept;
}

/* Makes room for n more bytes and the NUL. */
static bool buf_reserve(struct buf *b, size_t n)
{
	size_t bound = b->max ? b->max : BUF_MAX_DEFAULT;
	if (n > bound || b->len > bound - n) {
		b->overflowed = true;
		return false;
	}
	size_t need = b->len + n + 1;
	if (need > b->cap) {
		size_t cap = b->cap ? b->cap : 64;
		while (cap < need)
			cap *= 2;
		if (b->secret && b->data) {
			/* realloc may leave a copy of the old bytes behind */
			char *fresh = xrealloc(NULL, cap);
			memcpy(fresh, b->data, b->len + 1);
			wipe(b->data, b->cap);
			free(b->data);
			b->data = fresh;
		} else {
			b->data = xrealloc(b->data, cap);
		}
		b->cap = cap;
	}
	return true;
}

bool buf_add(struct buf *b, const void *bytes, size_t n)
{
	if (!buf_reserve(b, n))
		return false;
	if (n)
		memcpy(b->data + b->len, bytes, n);
	b->len += n;
	b->data[b->len] = '\0';
	return true;
}

bool buf_puts(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

bool buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	bool ok = n >= 0 && buf_reserve(b, (size_t)n);
	if (ok) {
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
	return ok;
}

void buf_consume(struct buf *b, size_t n)
{
	if (n >= b->len && b->cap > KEEP_EMPTY) {
		/* a burst has passed: do not keep its memory for the next one */
		buf_finish(b);
		return;
	}
	if (n >= b->len) {
		buf_clear(b);
		return;
	}
	memmove(b->data, b->data + n, b->len - n + 1);
	b->len -= n;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->overflowed = false;
	if (b->data)
		b->data[0] = '\0';
}

char *buf_take(struct buf *b)
{
	char *s = b->data ? b->data : xcalloc(1, 1);
	size_t max = b->max;
	buf_init(b, max);
	return s;
}
