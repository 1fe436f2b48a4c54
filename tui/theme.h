/* theme.h: how each tone looks. A theme is a text file with `tone foreground background attributes`
 * per line.
 *
 *     # a comment
 *     bad      red       -   bold
 *     cursor   -         -   reverse
 *     accent   #5fafff   -   bold,underline
 *
 * Colours: - (the terminal's own), black red green yellow blue magenta cyan white, these with
 * "bright" in front (brightred), 0-255, #rrggbb. Attributes: - or a comma-separated list of bold,
 * dim, italic, underline, reverse. Missing tones keep their default. This file does not use curses:
 * canvas.c maps styles to the terminal. */
#ifndef TUI_THEME_H
#define TUI_THEME_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/canvas.h"

enum color_kind { COLOR_OWN, COLOR_INDEX, COLOR_RGB };
struct color {
	enum color_kind kind;
	unsigned value; /* 0-255, or 0xrrggbb */
};
enum style_attr {
	STYLE_BOLD = 1,
	STYLE_DIM = 2,
	STYLE_ITALIC = 4,
	STYLE_UNDERLINE = 8,
	STYLE_REVERSE = 16
};
struct style {
	struct color fg, bg;
	unsigned attrs;
};
struct theme {
	char name[64];
	struct style styles[TONE_COUNT];
};

/* Loads a theme. Searches $XDG_CONFIG_HOME/mocr/themes, MOCR_DATADIR/themes, themes/ near the
 * program, then the compiled-in themes. On failure returns false and a reason (file, line, what was
 * expected), and changes nothing. */
bool theme_load(struct theme *, const char *name, char *why, size_t size);
/* Parses a theme on top of the current content. file: name for error messages. */
bool theme_parse(struct theme *, const char *text, const char *file, char *why, size_t size);
bool theme_has_rgb(const struct theme *);
/* The compiled-in copy of themes/NAME, or NULL. */
const char *theme_builtin(const char *name);
extern const char *const theme_names[]; /* names of the compiled-in themes; ends at NULL */

bool color_parse(const char *word, struct color *);
/* The nearest colour of a terminal with that many colours (8, 16, 256), or -1 for the terminal's
 * own. With 1<<24 returns 0xrrggbb, but keeps 0-7. On 8 colours sets *bold where bold gives the
 * bright variant. */
int color_reduce(const struct color *, int colors, bool *bold);

#endif
