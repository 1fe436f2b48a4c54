/* canvas.h: cells of the terminal, in tones instead of colours. The only origin to curses
 * (canvas.c, theme.c, keys.c).
 *
 * A canvas is a rectangle of the screen. Drawing outside it is cut off. Text given here must be
 * washed (wash.h). canvas_flush sends what changed; when nothing changed it sends no byte. No
 * function waits for a terminal that takes no bytes, but for those that give it to somebody else:
 * they wait for two seconds at the most, all together. */
#ifndef TUI_CANVAS_H
#define TUI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/store/store.h"

/* Meanings; the theme maps them to colours. */
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
	TONE_TITLE,       /* of a pane */
	TONE_TITLE_FOCUS, /* of the pane that has the keys */
	TONE_HEAD,        /* of columns */
	TONE_KEY,         /* a key in the hint line */
	TONE_HINT,        /* the words in the hint line */
	TONE_CURSOR,      /* laid over the row under the cursor (with canvas_row_tone) */
	TONE_CURSOR_IDLE, /* the same in a pane without the keys */
	TONE_MARK,        /* a marked row */
	TONE_MATCH,       /* what a filter or search matched */
	TONE_BORDER,
	TONE_PROMPT,
	TONE_LABEL,
	TONE_CODE,
	TONE_ACCENT,
	/* of a merged log */
	TONE_SOURCE_1,
	TONE_SOURCE_2,
	TONE_SOURCE_3,
	TONE_SOURCE_4,
	TONE_SOURCE_5,
	TONE_SOURCE_6,
	TONE_COUNT
};
const char *tone_name(enum tone);

struct canvas {
	int y, x, height, width;
};

/* takes the terminal; false: why not */
bool canvas_start(const char *theme, bool ascii, char *why, size_t size);
/* gives it back as it was; safe twice, safe in a crash */
void canvas_stop(void);
void canvas_suspend(void); /* gives the terminal to somebody else for a while */
void canvas_resume(void);  /* takes it back; everything is drawn again */
bool canvas_set_theme(const char *name, char *why, size_t size);
struct canvas canvas_screen(void);
bool canvas_resized(void); /* follows a new terminal size; true when it changed */
bool canvas_ascii(void);   /* no UTF-8 on this terminal */
int canvas_colors(void);   /* 0 (mono, NO_COLOR), 8, 16, 256, 1<<24 */
void canvas_flush(void);   /* while canvas_waiting, it makes no frame */
/* Whether bytes wait for the terminal. Then the owner of the loop waits for POLLOUT of the standard
 * output, calls canvas_send, and draws again when nothing waits any more. */
bool canvas_waiting(void);
void canvas_send(void);       /* what waits, as much as the terminal takes now */
void canvas_redraw_all(void); /* next flush repaints everything (Ctrl-L) */
/* OSC 52 and the like, behind what waits; dropped when that is 1 MB */
void canvas_write_raw(const char *bytes, size_t len);
/* what was drawn, as lines of UTF-8; the caller frees; NULL: no screen */
char *canvas_screen_text(void);
/* for a signal handler: puts the terminal right with nothing but write() */
void canvas_panic(void);
bool canvas_active(void); /* it has the terminal now: not stopped, not suspended */
/* Ctrl-Z: gives the terminal back, stops the process, takes it again after fg */
void canvas_job_stop(void);

/* clipped; height/width -1: the rest */
struct canvas canvas_part(const struct canvas *, int y, int x, int height, int width);
void canvas_clear(const struct canvas *);
/* Writes text at y, x in at most width cells (-1: to the edge); returns the cells used. Does not
 * fill. */
int canvas_text(const struct canvas *, int y, int x, int width, enum tone, const char *text);
/* The same to the end of the line; an ellipsis where there is more. */
int canvas_text_cut(const struct canvas *, int y, int x, enum tone, const char *text);
int canvas_textf(const struct canvas *, int y, int x, int width, enum tone, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
void canvas_fill(const struct canvas *, int y, int x, int width, enum tone, const char *cell);
/* lays a tone over a whole row, keeping foregrounds that mean something */
void canvas_row_tone(const struct canvas *, int y, enum tone);
/* new tone for cells drawn before (matches) */
void canvas_retone(const struct canvas *, int y, int x, int width, enum tone);
void canvas_border(const struct canvas *, enum tone, const char *title);
/* where the terminal's cursor is shown; hidden otherwise */
void canvas_cursor(const struct canvas *, int y, int x);

/* The glyph of a health, one cell: ● ○ ◐ ✗ ! ? ~ or * o + x ! ? ~ */
const char *glyph_health(enum health);
enum tone tone_health(enum health);
const char *glyph_ellipsis(void);
const char *glyph_rule(void); /* horizontal line */
/* ▁▂▃▄▅▆▇█ or .:-=+*#@ */
void glyph_spark(char *buf, size_t size, const float *values, size_t n, float max);

#endif
