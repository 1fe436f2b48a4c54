/* attach_modes.h: follows a program's terminal output. It tracks the modes that the program set,
 * and filters the output that is safe to show again. Pure: no terminal, no loop.
 *
 * Sources: ECMA-48 for the shape of sequences, xterm's ctlseqs for the modes. */
#ifndef TUI_ATTACH_MODES_H
#define TUI_ATTACH_MODES_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"

#define MODES_SEQ_MAX 64

enum modes_state { MODES_TEXT, MODES_ESC, MODES_CSI, MODES_STRING, MODES_STRING_ESC };
enum {                         /* beside those of the table in attach_modes.c */
       MODES_ALT = 1,          /* the alternate screen */
       MODES_KEYPAD = 2,       /* application keypad */
       MODES_KITTY = 4,        /* kitty's keyboard protocol */
       MODES_OTHER_KEYS = 8,   /* xterm's modifyOtherKeys */
       MODES_CURSOR_STYLE = 16 /* DECSCUSR was used */
};
struct modes {
	/* bit i: the mode in row i of the table in attach_modes.c differs from its initial state */
	unsigned changed;
	unsigned set; /* MODES_ALT, ... */
	enum modes_state state;
	char seq[MODES_SEQ_MAX]; /* the sequence read so far, starting with ESC */
	size_t n;
	bool too_long;
	/* the last byte was 0xc2: the next decides between a C1 control and a character */
	bool lead;
};

/* Follows len bytes and appends to again what is safe to show again (NULL: nothing). Text and
 * drawing sequences are safe. Queries are not, because the answers would arrive as typing. Strings
 * (titles, clipboard) are left out too. */
void modes_feed(struct modes *, const char *bytes, size_t len, struct buf *again);
/* sets the program's modes again */
void modes_restore(const struct modes *, struct buf *out);
/* Resets any terminal to a sane state and puts the cursor on a new line at the bottom. */
void modes_reset(const struct modes *, struct buf *out);
bool modes_alt_screen(const struct modes *);

#endif
