/* box_text.c: wraps text into a box. */
#include "tui/box_text.h"

#include <stdio.h>
#include <string.h>

#include "backends/base/wash.h"

#define LINES_MAX 200

struct range {
	const char *s;
	size_t n;
};

static size_t box_text_row_end(const char *s, size_t line, size_t width)
{
	size_t used, n = cells_fit(s, width, &used), space;

	if (n >= line)
		return line;
	if (!n)
		return line < 4 ? line : 4;
	for (space = n; space > n / 2; space--)
		if (s[space] == ' ')
			return space;
	return n;
}

/* Splits text into rows of at most width cells, at newlines and spaces. Returns the number of rows,
 * at most max. */
static size_t box_text_wrap(const char *text, size_t width, struct range *out, size_t max)
{
	size_t n = 0;

	if (!text || !width)
		return 0;
	while (n < max) {
		size_t line = strcspn(text, "\n"), take = box_text_row_end(text, line, width);
		out[n++] = (struct range){ text, take };
		text += take;
		if (take < line) {
			text += *text == ' ';
			continue;
		}
		if (!*text)
			break;
		text++;
	}
	return n;
}

int box_text_rows(const char *text, int width)
{
	struct range r[LINES_MAX];

	return width > 0 ? (int)box_text_wrap(text, (size_t)width, r, LINES_MAX) : 0;
}

void box_text_draw(const struct canvas *c, int y, int rows, enum tone tone, const char *text,
                   size_t top)
{
	struct range r[LINES_MAX];
	size_t n = c->width > 0 ? box_text_wrap(text, (size_t)c->width, r, LINES_MAX) : 0;
	char line[BOX_TEXT_MAX];

	for (int i = 0; i < rows && top + (size_t)i < n; i++) {
		snprintf(line, sizeof(line), "%.*s", (int)r[top + (size_t)i].n,
		         r[top + (size_t)i].s);
		canvas_text(c, y + i, 0, -1, tone, line);
	}
}
