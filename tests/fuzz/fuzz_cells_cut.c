/* cells_cut() and cells_fit(): a washed text is never wider than it may be, and no character is
 * halved. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t width = take_byte(&data, &len), size = take_byte(&data, &len) * 2;
	enum cut cut = width & 1 ? CUT_MIDDLE : CUT_END;
	width /= 2;
	char *s = wash_ndup((const char *)data, len, 0), *dst = xcalloc(1, size + 1);
	size_t used = 0, n = cells_fit(s, width, &used);
	MUST(n <= strlen(s) && used <= width);
	cells_cut(dst, size, s, width, cut, size & 2 ? "..." : "\xE2\x80\xA6");
	MUST(cells(dst) <= width && (!size || strlen(dst) < size));
	MUST(utf8proc_iterate((const uint8_t *)dst, -1, &(int32_t){ 0 }) >= 0);
	if (cells(s) <= width && strlen(s) < size)
		MUST(strcmp(s, dst) == 0);
	MUST_BE_WASHED(dst);
	free(dst);
	free(s);
	return 0;
}
