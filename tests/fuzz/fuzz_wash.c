/* wash(): what comes out is valid UTF-8 without controls or bidi marks, fits, and is not changed by
 * washing it again. */
#include "tests/fuzz/fuzz.h"

static void must_be_clean(const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		int32_t c;
		utf8proc_ssize_t took = utf8proc_iterate((const uint8_t *)s + i,
		                                         (utf8proc_ssize_t)(n - i), &c);
		MUST(took > 0);
		MUST(c >= 0x20 && (c < 0x7f || c > 0x9f));
		MUST(!(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069) &&
		     !(c >= 0x200b && c <= 0x200f));
		MUST(c != 0x61c && c != 0xfeff && c != 0x2060 && !(c >= 0xe0000 && c <= 0xe0fff));
		i += (size_t)took;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t size = take_byte(&data, &len) * 4;
	char *dst = xcalloc(1, size + 1), *again = xcalloc(1, size + 1);
	memset(dst, 'x', size);
	size_t n = wash(dst, size, (const char *)data, len);
	if (size) {
		MUST(n < size && strlen(dst) == n);
		must_be_clean(dst, n);
		MUST(wash(again, size, dst, n) == n && strcmp(dst, again) == 0);
	}
	char *copy = wash_ndup((const char *)data, len, size);
	MUST(strlen(copy) <= (size ? size : WASH_MAX));
	must_be_clean(copy, strlen(copy));
	free(copy);
	free(again);
	free(dst);
	return 0;
}
