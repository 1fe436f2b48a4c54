/* theme.h: which tone looks how. A theme is a text file: `tone foreground background attributes`
 * per line.
 *
 *     # a comment
 *     bad      red       -   bold
 *     cursor   -         -   reverse
 *     accent   #5fafff   -   bold,underline
 *
 * Colours: - (the terminal's own), black red green yellow blue magenta cyan white, bright before
 * each (brightred), 0-255, #rrggbb. Attributes: - or bold, dim, italic, underline, reverse, parted
 * by commas. A tone that is not named is as in the default theme. No curses here: canvas.c turns
 * styles into what the terminal has. */
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

/* Finds the theme: $XDG_CONFIG_HOME/mocr/themes, MOCR_DATADIR/themes, themes/ near the program,
 * compiled in. False and why (file, line, what was expected): nothing was changed. */
bool theme_load(struct theme *, const char *name, char *why, size_t size);
/* Reads the text of a theme over what is in theme; file is for the sentence. */
bool theme_parse(struct theme *, const char *text, const char *file, char *why, size_t size);
bool theme_has_rgb(const struct theme *);
/* The compiled-in copy of themes/NAME, or NULL. */
const char *theme_builtin(const char *name);
extern const char *const theme_names[]; /* compiled-in ones; ends at NULL */

bool color_parse(const char *word, struct color *);
/* The nearest colour of a terminal with that many (8, 16, 256; 1<<24: 0xrrggbb, but 0-7 as
 * themselves): its number, or -1 for the terminal's own. On 8 colours *bold is set where bold makes
 * it the bright one. */
int color_reduce(const struct color *, int colors, bool *bold);

#endif
