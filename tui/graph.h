/* graph.h: figures as text: graphs of braille dots and bars, or of ASCII characters. Pure: it makes
 * text and draws nothing. */
#ifndef TUI_GRAPH_H
#define TUI_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#define GRAPH_CELLS_MAX 200
#define GRAPH_TEXT (GRAPH_CELLS_MAX * 3 + 1)

/* Points that a cell of a graph holds: two of braille, one of ASCII. */
size_t graph_points(bool ascii, size_t cells);
/* Merges the last values into n points, so that the newest is the last one. A point is the highest
 * of its values, so that a short peak stays. Missing points become unknown (below 0). */
void graph_merge(const float *values, size_t n_values, float *points, size_t n);
/* Writes row `row` (0 is the top) of a graph of `rows` rows into buf (GRAPH_TEXT bytes). n: as many
 * points as fit. An unknown point is blank; zero has the lowest dot. */
void graph_row(char *buf, const float *points, size_t n, float max, int row, int rows, bool ascii);
/* Writes a bar of that many cells, filled to share (0 to 1), into buf (GRAPH_TEXT bytes). Anything
 * above 0 fills a part of the first cell. */
void graph_bar(char *buf, double share, size_t cells, bool ascii);
/* The highest point, but at least `least`. */
float graph_top(const float *points, size_t n, float least);

#endif
