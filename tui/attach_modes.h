/* attach_modes.h: watches what a program writes to a terminal, to know which modes it has set and
 * what can be shown again later. Pure: bytes in, state and bytes out. */
#ifndef TUI_ATTACH_MODES_H
#define TUI_ATTACH_MODES_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"

#define MODES_SEQ_MAX 64

enum modes_state { MODES_TEXT, MODES_ESC, MODES_CSI, MODES_STRING, MODES_STRING_ESC };
struct modes {
	/* bit i: row i of the table in attach_modes.c is not as terminals start */
	unsigned changed;
	bool keypad, kitty, other_keys, cursor_style, alt;
	enum modes_state state;
	char seq[MODES_SEQ_MAX]; /* of the sequence being read, ESC first */
	size_t n;
	bool too_long;
	/* the first byte of a C1 control in UTF-8, or of a character like it, came */
	bool lead;
};

/* Follows len bytes. What may be shown again goes to again (NULL: nowhere): text and sequences that
 * draw, but no questions to the terminal, whose answers would arrive as typing, and no strings
 * (titles, clipboard, queries). */
void modes_feed(struct modes *, const char *bytes, size_t len, struct buf *again);
/* sets again what the program had set */
void modes_restore(const struct modes *, struct buf *out);
/* Puts any terminal right, whatever was done to it, and the cursor on a new line at the bottom. */
void modes_reset(const struct modes *, struct buf *out);
bool modes_alt_screen(const struct modes *);

#endif
