/* box_text.h: text wrapped into a box. \n separates lines, and long lines break at spaces. */
#ifndef TUI_BOX_TEXT_H
#define TUI_BOX_TEXT_H

#include <stddef.h>

#include "tui/canvas.h"

#define BOX_TEXT_MAX 4096 /* bytes of text in a box */

int box_text_rows(const char *text, int width); /* NULL: 0 */
/* Draws the text, starting at its wrapped row `top`, into rows y .. y+rows-1 of the canvas. */
void box_text_draw(const struct canvas *, int y, int rows, enum tone, const char *text, size_t top);

#endif
