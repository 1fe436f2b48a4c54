/* buf.h: a growing byte buffer with an upper bound. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

/* A zeroed struct is valid and empty, with the default bound. To set a bound, call buf_init or set
 * max. After the first addition data ends with a NUL byte, which len does not count. */
struct buf {
	char *data; /* owned */
	size_t len, cap;
	size_t max;      /* bound in bytes; 0: BUF_MAX_DEFAULT */
	bool secret;     /* wipe the memory when it is freed or grows */
	bool overflowed; /* some data did not fit and was not added */
};

#define BUF_MAX_DEFAULT (16u << 20)

void buf_init(struct buf *, size_t max);
/* frees the memory; the buffer is empty and usable again */
void buf_finish(struct buf *);
bool buf_add(struct buf *, const void *, size_t); /* false: over the bound, nothing added */
bool buf_puts(struct buf *, const char *);
bool buf_addf(struct buf *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_consume(struct buf *, size_t n); /* drops the first n bytes */
void buf_clear(struct buf *);             /* keeps the memory */
/* returns the bytes as a string and empties the buffer; the caller frees; never NULL */
char *buf_take(struct buf *);

#endif
