/* graph.c: see graph.h. */
#include "tui/graph.h"

#include <string.h>

#define BRAILLE_ROWS 4 /* dots of a cell, one above the other */
#define ASCII_ROWS 2   /* levels of an ASCII cell: "." and ":" */
#define BRAILLE_FIRST 0x2800
#define EIGHTHS 8

size_t graph_points(bool ascii, size_t cells)
{
	cells = cells < GRAPH_CELLS_MAX ? cells : GRAPH_CELLS_MAX;
	return ascii ? cells : cells * 2;
}

void graph_merge(const float *values, size_t n_values, float *points, size_t n)
{
	size_t each = n ? (n_values + n - 1) / n : 0;
	for (size_t i = 0; i < n; i++)
		points[i] = -1;
	for (size_t i = 0; each && i < n_values; i++) {
		float *point = &points[n - 1 - i / each];
		float value = values[n_values - 1 - i];
		*point = value > *point ? value : *point;
	}
}

float graph_top(const float *points, size_t n, float least)
{
	for (size_t i = 0; i < n; i++)
		least = points[i] > least ? points[i] : least;
	return least;
}

/* How many levels of this row the value fills: 0 to per_row. All rows together reach max. A value
 * below 0 is unknown and fills none. */
static int graph_level_in(float value, float max, int row, int rows, int per_row)
{
	if (value < 0)
		return 0;
	int levels = rows * per_row;
	int level = max > 0 ? (int)(value / max * (float)levels + 0.5f) : 1;
	level = level > levels ? levels : level;
	level = level < 1 ? 1 : level;
	level -= (rows - 1 - row) * per_row; /* those of the rows below */
	level = level > per_row ? per_row : level;
	return level < 0 ? 0 : level;
}

static size_t graph_put_dots(char *buf, unsigned dots)
{
	unsigned code = BRAILLE_FIRST + dots;
	if (!dots) {
		*buf = ' ';
		return 1;
	}
	buf[0] = (char)(0xe0 | code >> 12);
	buf[1] = (char)(0x80 | (code >> 6 & 0x3f));
	buf[2] = (char)(0x80 | (code & 0x3f));
	return 3;
}

void graph_row(char *buf, const float *points, size_t n, float max, int row, int rows, bool ascii)
{
	static const char plain[ASCII_ROWS + 1] = { ' ', '.', ':' };
	/* the dots of a braille cell, of each column from below */
	static const unsigned lefts[] = { 0x40, 0x04, 0x02, 0x01 };
	static const unsigned rights[] = { 0x80, 0x20, 0x10, 0x08 };
	size_t len = 0, most = graph_points(ascii, GRAPH_CELLS_MAX);
	n = n < most ? n : most;
	if (ascii) {
		for (size_t i = 0; i < n; i++)
			buf[len++] = plain[graph_level_in(points[i], max, row, rows, ASCII_ROWS)];
		buf[len] = '\0';
		return;
	}
	for (size_t i = 0; i < n; i += 2) {
		float next = i + 1 < n ? points[i + 1] : -1;
		int left = graph_level_in(points[i], max, row, rows, BRAILLE_ROWS);
		int right = graph_level_in(next, max, row, rows, BRAILLE_ROWS);
		unsigned dots = 0;
		for (int k = 0; k < left; k++)
			dots |= lefts[k];
		for (int k = 0; k < right; k++)
			dots |= rights[k];
		len += graph_put_dots(buf + len, dots);
	}
	buf[len] = '\0';
}

static size_t graph_put(char *buf, const char *text)
{
	size_t n = strlen(text);
	memcpy(buf, text, n + 1);
	return n;
}

void graph_bar(char *buf, double share, size_t cells, bool ascii)
{
	static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	int parts = ascii ? 1 : EIGHTHS;
	cells = cells < GRAPH_CELLS_MAX ? cells : GRAPH_CELLS_MAX;
	share = share > 1 ? 1 : share;
	int filled = share > 0 ? (int)(share * (double)cells * parts + 0.5) : 0;
	if (share > 0 && !filled)
		filled = 1;
	size_t whole = (size_t)(filled / parts), used = whole, len = 0;
	for (size_t i = 0; i < whole; i++)
		len += graph_put(buf + len, ascii ? "#" : "█");
	buf[len] = '\0';
	if (filled % parts) {
		len += graph_put(buf + len, eighths[filled % parts]);
		used++;
	}
	for (; used < cells; used++)
		buf[len++] = ascii ? '.' : ' ';
	buf[len] = '\0';
}
