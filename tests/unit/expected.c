#include "tests/unit/expected.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expected_write(const struct buf *text, const char *path)
{
	FILE *f = fopen(path, "w");
	if (!f)
		fail_msg("%s cannot be written", path);
	fwrite(text->data, 1, text->len, f);
	fclose(f);
}

void expected_check(const struct buf *text, const char *path)
{
	if (getenv("MOCR_WRITE"))
		expected_write(text, path);
	FILE *f = fopen(path, "r");
	if (!f)
		fail_msg("there is no %s", path);
	char *line = NULL;
	size_t cap = 0, left = text->len;
	int number = 1;
	const char *at = text->data;
	for (ssize_t n; (n = getline(&line, &cap, f)) > 0; number++) {
		const char *end = left ? memchr(at, '\n', left) : NULL;
		size_t len = end ? (size_t)(end + 1 - at) : left;
		if (len != (size_t)n || memcmp(at, line, len) != 0) {
			print_error("%s:%d: expected: %snow: %.*s\n", path, number, line, (int)len,
			            at);
			free(line);
			fclose(f);
			fail();
		}
		at += len;
		left -= len;
	}
	free(line);
	fclose(f);
	if (left)
		fail_msg("%s has %d lines; then comes: %.*s", path, number - 1,
		         left < 200 ? (int)left : 200, at);
}
