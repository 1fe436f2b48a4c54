/* theme.c: themes from files, and compiled-in themes. */
#include "tui/theme.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"

#define THEME_FILE_MAX (16u << 10)
#define THEME_WORD 32

/* In the order of enum tone. */
static const char *const tone_names[TONE_COUNT] = {
	"plain",    "dim",      "good",     "busy",        "idle",        "warn",
	"bad",      "asks",     "stale",    "title",       "title-focus", "head",
	"key",      "hint",     "cursor",   "cursor-idle", "mark",        "match",
	"border",   "prompt",   "label",    "code",        "accent",      "source-1",
	"source-2", "source-3", "source-4", "source-5",    "source-6",
	"tint-red", "tint-yellow", "tint-green", "tint-cyan", "tint-blue", "tint-magenta",
};

static const char *const color_names[8] = { "black", "red",     "green", "yellow",
	                                    "blue",  "magenta", "cyan",  "white" };

static const struct {
	const char *name;
	unsigned attr;
} attr_names[] = {
	{ "bold", STYLE_BOLD },           { "dim", STYLE_DIM },         { "italic", STYLE_ITALIC },
	{ "underline", STYLE_UNDERLINE }, { "reverse", STYLE_REVERSE },
};

/* The files of themes/ are compiled in, so that the program works without installation. The
 * Makefile turns each into a THEME("name", "its lines"). */
#define THEME(name, text) { name, text },
static const struct {
	const char *name, *text;
} builtins[] = {
#include "tui/themes.inc"
};
#undef THEME
#define THEME(name, text) name,
const char *const theme_names[] = {
#include "tui/themes.inc"
	NULL
};
#undef THEME

const char *tone_name(enum tone tone)
{
	return (unsigned)tone < TONE_COUNT ? tone_names[tone] : "?";
}

const char *theme_builtin(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(builtins); i++)
		if (!strcmp(builtins[i].name, name))
			return builtins[i].text;
	return NULL;
}

__attribute__((format(printf, 3, 4))) static bool theme_complain(char *why, size_t size,
                                                                 const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (why && size)
		wash(why, size, text, strlen(text)); /* may quote a file, cut anywhere */
	return false;
}

/* --- colours ------------------------------------------------------------- */

static bool theme_named_color(const char *word, struct color *out)
{
	unsigned bright = 0;

	if (!strncmp(word, "bright", 6)) {
		bright = 8;
		word += 6;
	}
	for (unsigned i = 0; i < 8; i++) {
		if (strcmp(word, color_names[i]))
			continue;
		*out = (struct color){ COLOR_INDEX, i + bright };
		return true;
	}
	return false;
}

bool color_parse(const char *word, struct color *out)
{
	char *end;
	unsigned long v;

	if (!strcmp(word, "-") || !strcmp(word, "default")) {
		*out = (struct color){ COLOR_OWN, 0 };
		return true;
	}
	if (*word == '#') {
		if (strlen(word) != 7 || strspn(word + 1, "0123456789abcdefABCDEF") != 6)
			return false;
		*out = (struct color){ COLOR_RGB, (unsigned)strtoul(word + 1, NULL, 16) };
		return true;
	}
	if (!isdigit((unsigned char)*word))
		return theme_named_color(word, out);
	v = strtoul(word, &end, 10);
	if (*end || v > 255)
		return false;
	*out = (struct color){ COLOR_INDEX, (unsigned)v };
	return true;
}

/* Common colours 0-15 of terminals. Used only to measure distances, and for true colour without a
 * palette. */
static const unsigned ansi_rgb[16] = {
	0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
	0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
};

static unsigned theme_cube_level(unsigned i)
{
	return i ? 55 + 40 * i : 0;
}

static unsigned theme_index_rgb(unsigned i)
{
	if (i < 16)
		return ansi_rgb[i];
	if (i >= 232)
		return (8 + 10 * (i - 232)) * 0x010101u;
	i -= 16;
	return theme_cube_level(i / 36) << 16 | theme_cube_level(i / 6 % 6) << 8 |
	       theme_cube_level(i % 6);
}

static unsigned theme_nearest_index(unsigned rgb)
{
	unsigned best = 16, best_d = UINT_MAX;

	for (unsigned i = 16; i < 256; i++) {
		unsigned other = theme_index_rgb(i);
		int r = (int)(rgb >> 16 & 255) - (int)(other >> 16 & 255);
		int g = (int)(rgb >> 8 & 255) - (int)(other >> 8 & 255);
		int b = (int)(rgb & 255) - (int)(other & 255);
		/* the eye sees green best */
		unsigned d = (unsigned)(2 * r * r + 4 * g * g + 3 * b * b);
		if (d < best_d) {
			best = i;
			best_d = d;
		}
	}
	return best;
}

/* The nearest of 8 or 16 colours. By distance a soft red would become grey, and lose its meaning.
 * So hue comes first, then lightness. The dark grey of 8 colours is bold black, which may look as
 * black as the background. So text becomes lighter, and a background black. */
static unsigned theme_few_index(unsigned rgb, int colors, bool ground)
{
	unsigned channels[3] = { rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255 }, most = 0,
		 least = 255, hue = 0;

	for (size_t i = 0; i < 3; i++) {
		most = channels[i] > most ? channels[i] : most;
		least = channels[i] < least ? channels[i] : least;
	}
	for (size_t i = 0; i < 3; i++)
		hue |= (channels[i] > (most + least) / 2) << i;
	if (most >= 0x40 && (most - least) * 10 >= most * 3)
		return most >= 0xe0 ? hue + 8 : hue;
	if (most < (ground ? 0x60 : 0x40) || (ground && most < 0xa0 && colors < 16))
		return 0;
	if (most >= 0xf0)
		return 15;
	if (most < 0xa0 && colors >= 16)
		return 8;
	return 7;
}

int color_reduce(const struct color *c, int colors, bool *bold)
{
	unsigned i = c->value;

	if (bold)
		*bold = false;
	if (c->kind == COLOR_OWN || colors < 8)
		return -1;
	if (colors > 256) {
		unsigned rgb = c->kind == COLOR_RGB ? c->value : theme_index_rgb(i);
		/* Direct-colour terminals read the numbers 0-7 as the palette, so the darkest blues
		 * become black. */
		if (c->kind == COLOR_INDEX && i < 8)
			return (int)i;
		return (int)(rgb < 8 ? 0 : rgb);
	}
	/* The user may have changed colours 0-15. An RGB colour maps to the fixed ones above. */
	if (c->kind == COLOR_RGB)
		i = colors >= 256 ? theme_nearest_index(c->value)
		                  : theme_few_index(c->value, colors, !bold);
	else if (i > 15 && colors < 256)
		i = theme_few_index(theme_index_rgb(i), colors, !bold);
	if (i > 7 && colors < 16) {
		i -= 8;
		if (bold)
			*bold = true;
	}
	return (int)i;
}

/* --- the text of a theme ------------------------------------------------- */

static bool theme_attrs_parse(char *words, unsigned *out)
{
	char *save = NULL;

	*out = 0;
	if (!strcmp(words, "-"))
		return true;
	for (char *w = strtok_r(words, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		size_t i = 0;
		while (i < ARRAY_LEN(attr_names) && strcmp(attr_names[i].name, w))
			i++;
		if (i == ARRAY_LEN(attr_names))
			return false;
		*out |= attr_names[i].attr;
	}
	return true;
}

static bool theme_parse_line(struct theme *t, const char *line, const char *file, int n, char *why,
                             size_t size)
{
	char name[THEME_WORD] = "", fg[THEME_WORD] = "-", bg[THEME_WORD] = "-", attrs[64] = "-",
	     more[2] = "";
	struct style s;
	int words = sscanf(line, " %31s %31s %31s %63s %1s", name, fg, bg, attrs, more), tone = 0;

	if (words <= 0 || *name == '#')
		return true;
	if (words > 4)
		return theme_complain(why, size,
		                      "%s:%d: too many words; a line is: tone foreground "
		                      "background attributes",
		                      file, n);
	while (tone < TONE_COUNT && strcmp(tone_names[tone], name) != 0)
		tone++;
	if (tone == TONE_COUNT)
		return theme_complain(why, size,
		                      "%s:%d: no tone is called \"%s\"; the default theme names "
		                      "them all",
		                      file, n, name);
	if (!color_parse(fg, &s.fg) || !color_parse(bg, &s.bg))
		return theme_complain(why, size,
		                      "%s:%d: \"%s %s\": a colour is -, a name such as brightred, "
		                      "0-255 or #rrggbb",
		                      file, n, fg, bg);
	if (!theme_attrs_parse(attrs, &s.attrs))
		return theme_complain(why, size,
		                      "%s:%d: an attribute is -, bold, dim, italic, underline or "
		                      "reverse, separated by "
		                      "commas",
		                      file, n);
	t->styles[tone] = s;
	return true;
}

bool theme_parse(struct theme *theme, const char *text, const char *file, char *why, size_t size)
{
	struct theme t = *theme;
	char line[256];

	for (int n = 1; *text; n++) {
		size_t len = strcspn(text, "\n");
		snprintf(line, sizeof(line), "%.*s",
		         (int)(len < sizeof(line) ? len : sizeof(line) - 1), text);
		if (!theme_parse_line(&t, line, file, n, why, size))
			return false;
		text += len + (text[len] == '\n');
	}
	*theme = t;
	return true;
}

bool theme_has_rgb(const struct theme *t)
{
	for (int i = 0; i < TONE_COUNT; i++)
		if (t->styles[i].fg.kind == COLOR_RGB || t->styles[i].bg.kind == COLOR_RGB)
			return true;
	return false;
}

/* --- finding it ---------------------------------------------------------- */

static char *theme_read_theme_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text;
	size_t n;

	if (!f)
		return NULL;
	text = xcalloc(1, THEME_FILE_MAX);
	n = fread(text, 1, THEME_FILE_MAX - 1, f);
	if (ferror(f) || strlen(text) != n) { /* a directory, or not a text */
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

static void theme_beside_program(char *buf, size_t size, const char *up, const char *name)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	*buf = 0;
	if (n <= 0)
		return;
	exe[n] = 0;
	slash = strrchr(exe, '/');
	if (!slash)
		return;
	*slash = 0;
	snprintf(buf, size, "%s/%sthemes/%s", exe, up, name);
}

/* The i-th place to look; false: no more places. buf is "" when that place does not exist here. */
static bool theme_place(unsigned i, const char *name, char *buf, size_t size)
{
	/* build/gcc/mocr is two levels below the checkout */
	static const char *const ups[] = { "", "../", "../../" };
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	*buf = 0;
	switch (i) {
	case 0:
		if (config && *config == '/')
			snprintf(buf, size, "%s/mocr/themes/%s", config, name);
		else if (home && *home)
			snprintf(buf, size, "%s/.config/mocr/themes/%s", home, name);
		return true;
	case 1: snprintf(buf, size, MOCR_DATADIR "/themes/%s", name); return true;
	default:
		if (i - 2 >= ARRAY_LEN(ups))
			return false;
		theme_beside_program(buf, size, ups[i - 2], name);
		return true;
	}
}

bool theme_load(struct theme *out, const char *name, char *why, size_t size)
{
	struct theme t = { .name = "" };
	char path[PATH_MAX + 32];
	char *text = NULL;
	bool ok;

	if (!name || !*name)
		name = "default";
	size_t n = strspn(name,
	                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
	if (!n || name[n] || *name == '.' || n >= sizeof(t.name))
		return theme_complain(why, size,
		                      "\"%.40s\" cannot be the name of a theme: letters, digits, - "
		                      "and _ only",
		                      name);
	theme_parse(&t, theme_builtin("default"), "default", NULL, 0);
	snprintf(t.name, sizeof(t.name), "%s", name);
	for (unsigned i = 0; !text && theme_place(i, name, path, sizeof(path)); i++)
		text = *path ? theme_read_theme_file(path) : NULL;
	if (!text && theme_builtin(name)) {
		text = xstrdup(theme_builtin(name));
		snprintf(path, sizeof(path), "%s (compiled in)", name);
	}
	if (!text)
		return theme_complain(why, size,
		                      "there is no theme \"%s\": looked in ~/.config/mocr/themes "
		                      "and %s/themes; "
		                      "default, dark and mono are always there",
		                      name, MOCR_DATADIR);
	ok = theme_parse(&t, text, path, why, size);
	free(text);
	if (ok)
		*out = t;
	return ok;
}
