/* buf.h: a growing byte buffer that knows its bound. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed is valid and empty, with no bound set: call buf_init, or set max. data is always followed
 * by a NUL byte that len does not count, once anything was added. */
struct buf {
	char *data; /* owned */
	size_t len, cap;
	size_t max;      /* most bytes it will hold; 0 means BUF_MAX_DEFAULT */
	bool secret;     /* its memory is wiped when it is freed or grows */
	bool overflowed; /* something did not fit and was not added */
};

#define BUF_MAX_DEFAULT (16u << 20)

void buf_init(struct buf *, size_t max);
/* frees; the buffer is empty and usable again */
void buf_finish(struct buf *);
bool buf_add(struct buf *, const void *, size_t); /* false: over the bound, nothing was added */
bool buf_puts(struct buf *, const char *);
bool buf_addf(struct buf *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_consume(struct buf *, size_t n); /* drops n bytes at the front */
void buf_clear(struct buf *);             /* keeps the memory */
/* the bytes as a string the caller frees; never NULL */
char *buf_take(struct buf *);

#endif
