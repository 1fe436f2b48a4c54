/* Theme files. */
#include "tests/fuzz/fuzz.h"
#include "tui/theme.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const int colors[] = { 8, 16, 256, 1 << 24 };
	struct theme t = { 0 };
	char *s = as_text(data, len), why[200] = "";
	if (!theme_parse(&t, s, "a-theme", why, sizeof(why))) {
		MUST(*why);
		MUST_BE_WASHED(why);
	}
	for (size_t i = 0; i < TONE_COUNT; i++)
		for (size_t c = 0; c < ARRAY_LEN(colors); c++) {
			bool bold = false;
			int n = color_reduce(&t.styles[i].fg, colors[c], &bold);
			MUST(n >= -1 && n < colors[c]);
		}
	free(s);
	return 0;
}
