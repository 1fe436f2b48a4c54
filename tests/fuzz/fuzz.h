/* fuzz.h: what the fuzz targets share: asserting in every build, text with an end, what washed text
 * is, a store.
 *
 * A target is as small as can be: bytes into one parser, then what must hold of the result. Targets
 * of what is static include the .c file. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utf8proc.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MUST(what)                                                                                \
	do {                                                                                      \
		if (!(what)) {                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #what); \
			abort();                                                                  \
		}                                                                                 \
	} while (0)

static inline void must_be_washed(const char *s, const char *what, int line)
{
	size_t n = s ? strlen(s) : 0;
	char *again = xcalloc(1, n + 1);
	wash(again, n + 1, s, n);
	if (s && strcmp(again, s) != 0) {
		fprintf(stderr, "line %d: %s is not washed: \"%s\"\n", line, what, s);
		abort();
	}
	free(again);
}
#define MUST_BE_WASHED(s) must_be_washed(s, #s, __LINE__)

/* The bytes as a C string of exactly that size, so that reading behind its end is seen. The caller
 * frees. */
static inline char *as_text(const uint8_t *data, size_t len)
{
	char *s = xcalloc(1, len + 1);
	if (len)
		memcpy(s, data, len);
	return s;
}

/* A file in memory with these bytes; path gets its name. The caller closes the descriptor. */
static inline int as_file(const uint8_t *data, size_t len, char *path, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	MUST(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	snprintf(path, size, "/proc/self/fd/%d", fd);
	return fd;
}

/* Takes one byte off the front: a choice of the fuzzer. */
static inline unsigned take_byte(const uint8_t **data, size_t *len)
{
	if (!*len)
		return 0;
	--*len;
	return *(*data)++;
}

#endif
