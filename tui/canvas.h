/* canvas.h: the terminal's cells, drawn in tones instead of colours. Only canvas.c uses curses.
 *
 * A canvas is a rectangle of the screen. Drawing outside of it is clipped. Text must be washed
 * first (wash.h). canvas_flush sends only differences, and no byte when nothing changed. No
 * function waits for a blocked terminal, except those that hand the terminal over. They wait two
 * seconds at most, in total. */
#ifndef TUI_CANVAS_H
#define TUI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/store/store.h"

/* Meanings. The theme maps them to colours. */
enum tone {
	TONE_PLAIN,
	TONE_DIM,
	TONE_GOOD,
	TONE_BUSY,
	TONE_IDLE,
	TONE_WARN,
	TONE_BAD,
	TONE_ASKS,
	TONE_STALE,
	TONE_TITLE,       /* title of a pane */
	TONE_TITLE_FOCUS, /* title of the focused pane */
	TONE_HEAD,        /* titles of columns */
	TONE_KEY,         /* a key in the hint line */
	TONE_HINT,        /* the text in the hint line */
	TONE_CURSOR,      /* laid over the row under the cursor by canvas_row_tone */
	TONE_CURSOR_IDLE, /* the same in an unfocused pane */
	TONE_MARK,        /* a marked row */
	TONE_MATCH,       /* the matched part of a filter or search */
	TONE_BORDER,
	TONE_PROMPT,
	TONE_LABEL,
	TONE_CODE,
	TONE_ACCENT,
	/* sources of a merged log */
	TONE_SOURCE_1,
	TONE_SOURCE_2,
	TONE_SOURCE_3,
	TONE_SOURCE_4,
	TONE_SOURCE_5,
	TONE_SOURCE_6,
	/* name of a server that must be told apart (tint.h); stays under the cursor */
	TONE_TINT_RED,
	TONE_TINT_YELLOW,
	TONE_TINT_GREEN,
	TONE_TINT_CYAN,
	TONE_TINT_BLUE,
	TONE_TINT_MAGENTA,
	TONE_COUNT
};
const char *tone_name(enum tone);

struct canvas {
	int y, x, height, width;
};

/* takes the terminal; false and a reason on failure */
bool canvas_start(const char *theme, bool ascii, char *why, size_t size);
/* restores the terminal; safe to call twice or in a crash */
void canvas_stop(void);
/* Asks the terminal for reports of the mouse (K_MOUSE), or no longer. Off at first: then no
 * sequence for it is ever sent. With Shift the terminal keeps the mouse for itself. */
void canvas_set_mouse(bool on);
void canvas_suspend(void); /* lends the terminal to another program */
void canvas_resume(void);  /* takes the terminal back and repaints everything */
bool canvas_set_theme(const char *name, char *why, size_t size);
struct canvas canvas_screen(void);
bool canvas_resized(void); /* adapts to a new terminal size; true when it changed */
bool canvas_ascii(void);   /* the terminal has no UTF-8 */
void canvas_flush(void);   /* sends the differences; makes no frame while canvas_waiting */
/* True while bytes wait for the terminal. Then wait for POLLOUT on standard output and call
 * canvas_send. Draw the next frame when nothing waits. */
bool canvas_waiting(void);
void canvas_send(void);       /* sends as much of the waiting bytes as the terminal takes */
void canvas_redraw_all(void); /* the next flush repaints everything (Ctrl-L) */
/* queues raw bytes (OSC 52) behind the waiting output; drops them when that reaches 1 MB */
void canvas_write_raw(const char *bytes, size_t len);
/* the screen as lines of UTF-8; the caller frees; NULL: no screen */
char *canvas_screen_text(void);
/* for signal handlers: restores the terminal with write() only */
void canvas_panic(void);
bool canvas_active(void); /* we have the terminal: neither stopped nor suspended */
/* Ctrl-Z: restores the terminal, stops the process, takes the terminal again after fg */
void canvas_job_stop(void);

/* a part of the canvas, clipped to it; height or width -1: the rest */
struct canvas canvas_part(const struct canvas *, int y, int x, int height, int width);
void canvas_clear(const struct canvas *);
/* Writes text at y, x in at most width cells (-1: up to the edge). Does not fill the rest. Returns
 * the cells used. */
int canvas_text(const struct canvas *, int y, int x, int width, enum tone, const char *text);
/* The same up to the edge, with an ellipsis where the text is cut. */
int canvas_text_cut(const struct canvas *, int y, int x, enum tone, const char *text);
int canvas_textf(const struct canvas *, int y, int x, int width, enum tone, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
void canvas_fill(const struct canvas *, int y, int x, int width, enum tone, const char *cell);
/* lays a tone over a whole row; foreground colours with a meaning stay */
void canvas_row_tone(const struct canvas *, int y, enum tone);
/* changes the tone of cells already drawn (matches) */
void canvas_retone(const struct canvas *, int y, int x, int width, enum tone);
void canvas_border(const struct canvas *, enum tone, const char *title);
/* shows the terminal's cursor here; the cursor is hidden otherwise */
void canvas_cursor(const struct canvas *, int y, int x);

/* The glyph for a health, one cell wide: ● ○ ◐ ✗ ! ? ~, or in ASCII * o + x ! ? ~ */
const char *glyph_health(enum health);
enum tone tone_health(enum health);
const char *glyph_ellipsis(void);
const char *glyph_rule(void); /* a horizontal line, one cell */
/* ▁▂▃▄▅▆▇█, or in ASCII .:-=+*#@ */
void glyph_spark(char *buf, size_t size, const float *values, size_t n, float max);

#endif
