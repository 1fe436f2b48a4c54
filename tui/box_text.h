/* box_text.h: words wrapped into a box: lines parted by \n, cut at spaces. */
#ifndef TUI_BOX_TEXT_H
#define TUI_BOX_TEXT_H

#include <stddef.h>

#include "tui/canvas.h"

#define BOX_TEXT_MAX 4096 /* bytes of what a box says */

int box_text_rows(const char *text, int width); /* NULL: 0 */
/* Draws the text from its row `top` on into rows y .. y+rows-1 of the canvas. */
void box_text_draw(const struct canvas *, int y, int rows, enum tone, const char *text, size_t top);

#endif
