/* glyph.c: one-cell glyphs, in UTF-8 and ASCII. A glyph always shows the state, so colour is never
 * the only sign. */
#include <string.h>

#include "backends/base/mem.h"
#include "tui/canvas.h"

static const struct {
	const char *fine, *plain;
	enum tone tone;
} healths[] = {
	[HEALTH_UNKNOWN] = { "~", "~", TONE_DIM },    [HEALTH_GOOD] = { "●", "*", TONE_GOOD },
	[HEALTH_IDLE] = { "○", "o", TONE_IDLE },      [HEALTH_BUSY] = { "◐", "+", TONE_BUSY },
	[HEALTH_ATTENTION] = { "!", "!", TONE_WARN }, [HEALTH_BAD] = { "✗", "x", TONE_BAD },
	[HEALTH_ASKS] = { "?", "?", TONE_ASKS },
};

const char *glyph_health(enum health h)
{
	if ((unsigned)h >= ARRAY_LEN(healths))
		h = HEALTH_UNKNOWN;
	return canvas_ascii() ? healths[h].plain : healths[h].fine;
}

enum tone tone_health(enum health h)
{
	return (unsigned)h < ARRAY_LEN(healths) ? healths[h].tone : TONE_DIM;
}

const char *glyph_ellipsis(void)
{
	return canvas_ascii() ? "~" : "…";
}

const char *glyph_rule(void)
{
	return canvas_ascii() ? "-" : "─";
}

void glyph_spark(char *buf, size_t size, const float *values, size_t n, float max)
{
	static const char *const fine[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const plain[] = { ".", ":", "-", "=", "+", "*", "#", "@" };
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		const char *g;
		float share = max > 0 ? values[i] / max : 0;
		int step;
		if (share >= 1)
			step = 7;
		else if (share > 0)
			step = (int)(share * 8);
		else
			step = 0;
		/* below 0: unknown, drawn as a gap */
		if (values[i] < 0)
			g = " ";
		else
			g = (canvas_ascii() ? plain : fine)[step];
		if (len + strlen(g) >= size)
			break;
		memcpy(buf + len, g, strlen(g));
		len += strlen(g);
	}
	if (size)
		buf[len] = 0;
}
