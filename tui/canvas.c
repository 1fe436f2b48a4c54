/* canvas.c: the terminal through ncursesw. The only file that includes <curses.h>.
 *
 * Each frame is drawn into curses' stdscr. curses sends only the difference to the screen, so that
 * an unchanged frame costs no byte. A second array keeps one byte per cell, its tone. So a row can
 * be overlaid (cursor, mark) without losing the meaning of its colours. Keys are read by keys.c,
 * without curses.
 *
 * curses blocks until the terminal has taken everything. But a terminal may block for hours: its
 * ssh is dead, or the user typed Ctrl-S. So curses writes a frame into a memory file. From there
 * the bytes go out as the terminal takes them. No other frame is made until the whole frame is
 * out. */
#include "tui/canvas.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <utf8proc.h>
#include <wchar.h>

#include "backends/base/buf.h"
#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "tui/theme.h"

#undef lines /* term.h defines common words as macros */
#undef columns
#undef tab
#undef tone

#define CELLS_MAX 1024 /* cells of a row; the rest of a wider terminal stays empty */
#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
/* presses, releases and drags, as numbers of any size */
#define MOUSE_ON "\033[?1002h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1002l"
#define LAST_SILENCE_MS \
	200 /* ms without progress before we give up, when the terminal changes hands */
#define LAST_WORDS_MS 600 /* ms for all of the last bytes together */
#define WAITING_MAX \
	(1u << 20) /* bytes waiting for the terminal at which canvas_write_raw drops its own */

enum overlay { OVER_NONE, OVER_CURSOR, OVER_CURSOR_IDLE, OVER_MARK, OVER_COUNT };

struct look {
	attr_t attrs;
	int pair;
};

/* One terminal per process, like curses. */
static struct {
	SCREEN *screen;
	bool active; /* we have the terminal now */
	bool ascii;
	bool mouse; /* the terminal reports the mouse while we have it */
	int colors;
	struct theme theme;
	struct look looks[OVER_COUNT][TONE_COUNT];
	unsigned char *tones; /* rows * cols of enum tone; owned */
	int rows, cols;
	int cursor_y, cursor_x; /* position wanted in this frame; y -1: hidden */
	/* owned; the output file of curses: a memory file once the modes are set */
	FILE *out;
	struct buf waiting;    /* frame bytes that the terminal has not taken yet */
	struct termios before; /* modes before we started */
	struct termios modes;  /* modes set by curses */
	char panic[256];       /* bytes that restore the terminal */
	size_t panic_len;
} term = { .cursor_y = -1 };

__attribute__((format(printf, 3, 4))) static bool canvas_refuse(char *why, size_t size,
                                                                const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (why && size)
		vsnprintf(why, size, fmt, ap);
	va_end(ap);
	return false;
}

/* --- looks: tones as curses has them ------------------------------------- */

static struct look canvas_make_look(const struct style *s)
{
	static const struct {
		unsigned ours;
		attr_t theirs;
	} map[] = {
		{ STYLE_BOLD, A_BOLD },       { STYLE_DIM, A_DIM },
		{ STYLE_ITALIC, A_ITALIC },   { STYLE_UNDERLINE, A_UNDERLINE },
		{ STYLE_REVERSE, A_REVERSE },
	};
	attr_t a = A_NORMAL;

	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (s->attrs & map[i].ours)
			a |= map[i].theirs;
	struct look l = { a, 0 };
	bool bold;
	int fg, bg;

	if (!term.colors)
		return l;
	fg = color_reduce(&s->fg, term.colors, &bold);
	/* many terminals show bright black (bold black) as plain black */
	if (fg == COLOR_BLACK && bold) {
		fg = -1;
		l.attrs |= A_DIM;
	} else if (bold) {
		l.attrs |= A_BOLD;
	}
	bg = color_reduce(&s->bg, term.colors, NULL);
	if (fg < 0 && bg < 0)
		return l;
	l.pair = alloc_pair(fg, bg);
	if (l.pair < 0) /* out of pairs: glyphs and words still carry the meaning */
		l.pair = 0;
	return l;
}

static struct style canvas_overlaid(const struct style *base, enum tone base_tone,
                                    const struct style *over, bool keep_rest)
{
	struct style s = *over;

	if (base_tone >= TONE_TINT_RED && base_tone <= TONE_TINT_MAGENTA)
		return *base;
	if (base_tone == TONE_MATCH)
		s.attrs |= base->attrs & (STYLE_BOLD | STYLE_UNDERLINE);
	/* the foreground of these tones keeps its meaning under the cursor */
	bool speaks = base_tone == TONE_GOOD || base_tone == TONE_BUSY || base_tone == TONE_WARN ||
	              base_tone == TONE_BAD || base_tone == TONE_ASKS || base_tone == TONE_MATCH;
	if (speaks || keep_rest) {
		s.attrs |= base->attrs & (STYLE_BOLD | (keep_rest ? STYLE_DIM : 0u));
		/* with reverse, the colour would fill the whole cell */
		if (base->fg.kind != COLOR_OWN && !(over->attrs & STYLE_REVERSE))
			s.fg = base->fg;
	}
	return s;
}

static void canvas_make_looks(void)
{
	static const enum tone over_tones[OVER_COUNT] = { TONE_PLAIN, TONE_CURSOR, TONE_CURSOR_IDLE,
		                                          TONE_MARK };
	const struct style *styles = term.theme.styles;

	for (int t = 0; t < TONE_COUNT; t++) {
		term.looks[OVER_NONE][t] = canvas_make_look(&styles[t]);
		for (int o = 1; o < OVER_COUNT; o++) {
			struct style s = canvas_overlaid(&styles[t], (enum tone)t,
			                                 &styles[over_tones[o]],
			                                 o == OVER_CURSOR_IDLE);
			term.looks[o][t] = canvas_make_look(&s);
		}
	}
}

static bool canvas_load_theme(const char *name, struct theme *out, char *why, size_t size)
{
	if (!theme_load(out, name, why, size))
		return false;
	/* Without colours the default theme would lose its meanings. The theme mono uses attributes
	 * instead. */
	if (!term.colors && !strcmp(out->name, "default"))
		theme_load(out, "mono", NULL, 0);
	return true;
}

bool canvas_set_theme(const char *name, char *why, size_t size)
{
	struct theme t;

	if (!canvas_load_theme(name, &t, why, size))
		return false;
	term.theme = t;
	if (term.screen)
		canvas_make_looks();
	return true;
}

/* --- taking the terminal and giving it back ------------------------------ */

/* Adds a terminfo string without its padding. */
static void canvas_panic_add(const char *s)
{
	if (!s || s == (char *)-1)
		return;
	while (*s && term.panic_len < sizeof(term.panic)) {
		if (s[0] == '$' && s[1] == '<') {
			s += strcspn(s, ">");
			s += *s == '>';
			continue;
		}
		term.panic[term.panic_len++] = *s++;
	}
}

static void canvas_make_panic(void)
{
	static const char *const caps[] = { "op", "sgr0", "rmkx", "cnorm", "rmcup" };

	term.panic_len = 0;
	canvas_panic_add("\r\n" PASTE_OFF);
	if (term.mouse)
		canvas_panic_add(MOUSE_OFF);
	for (size_t i = 0; i < ARRAY_LEN(caps); i++)
		canvas_panic_add(tigetstr(caps[i]));
}

/* Writes without blocking. The file description is shared with the shell that started us. So
 * O_NONBLOCK is set for this one write only. */
static ssize_t canvas_write_now(const char *bytes, size_t len)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);
	bool ours = flags >= 0 && !(flags & O_NONBLOCK) &&
	            !fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
	ssize_t n = write(STDOUT_FILENO, bytes, len);
	int error = errno;

	if (ours)
		fcntl(STDOUT_FILENO, F_SETFL, flags);
	errno = error;
	return n;
}

/* Writes all bytes, waiting at most LAST_WORDS_MS. Used before the terminal changes hands, and in a
 * crash. */
static void canvas_write_all(const char *bytes, size_t len)
{
	int64_t until = now_mono_ms() + LAST_WORDS_MS;

	while (len) {
		ssize_t n = canvas_write_now(bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && now_mono_ms() < until) {
			struct pollfd p = { STDOUT_FILENO, POLLOUT, 0 };
			if (poll(&p, 1, LAST_SILENCE_MS) > 0)
				continue;
		}
		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

bool canvas_waiting(void)
{
	return term.waiting.len > 0;
}

void canvas_send(void)
{
	while (term.waiting.len) {
		ssize_t n = canvas_write_now(term.waiting.data, term.waiting.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			/* the terminal is gone; its input reports that too */
			buf_clear(&term.waiting);
		if (n <= 0)
			return;
		buf_consume(&term.waiting, (size_t)n);
	}
}

static void canvas_queue(const char *bytes, size_t len)
{
	buf_add(&term.waiting, bytes, len);
	canvas_send();
}

/* --- the file that curses writes to -------------------------------------- */

static void canvas_close_out(void)
{
	if (term.out)
		fclose(term.out);
	term.out = NULL;
	buf_finish(&term.waiting);
}

/* Passes the output of curses since the last call to fn, in pieces. Allocates nothing, because
 * memory may have run out. */
static void canvas_take_out(void (*fn)(const char *, size_t))
{
	int fd = fileno(term.out);
	off_t end = lseek(fd, 0, SEEK_CUR);
	char piece[4096];

	for (off_t at = 0; at < end;) {
		ssize_t n = pread(fd, piece,
		                  end - at < (off_t)sizeof(piece) ? (size_t)(end - at)
		                                                  : sizeof(piece),
		                  at);
		if (n <= 0)
			break;
		fn(piece, (size_t)n);
		at += n;
	}
	if (end > 0 && !ftruncate(fd, 0))
		lseek(fd, 0, SEEK_SET);
}

/* A frame that does not fit counts as lost: the next frame repaints everything. */
static void canvas_add_frame(const char *bytes, size_t len)
{
	if (!buf_add(&term.waiting, bytes, len))
		clearok(curscr, TRUE);
}

/* Hands the terminal over: sends what waits, then curses' reset sequences. Each step waits only a
 * moment. */
static void canvas_let_go(void)
{
	canvas_write_all(term.waiting.data, term.waiting.len);
	buf_clear(&term.waiting);
	endwin();
	canvas_take_out(canvas_write_all);
	canvas_write_all(PASTE_OFF, strlen(PASTE_OFF));
	if (term.mouse)
		canvas_write_all(MOUSE_OFF, strlen(MOUSE_OFF));
	/* TCSANOW, because TCSADRAIN would wait until the terminal has taken the kernel's
	 * buffer. */
	tcsetattr(STDIN_FILENO, TCSANOW, &term.before);
}

/* The terminfo entry to use. Usually the terminal's own. With COLORTERM=truecolor and a theme with
 * RGB colours, the direct-colour variant of a 256-colour entry. Only then, because that variant
 * loses the user's palette above 7. */
static const char *canvas_terminal_entry(const char *name)
{
	static const char *const direct[][2] = {
		{ "xterm-256color", "xterm-direct" },
		{ "tmux-256color", "tmux-direct" },
	};
	int err;

	const char *v = getenv("COLORTERM");

	if (!(v && (!strcmp(v, "truecolor") || !strcmp(v, "24bit"))) || getenv("NO_COLOR") ||
	    !theme_has_rgb(&term.theme))
		return name;
	for (size_t i = 0; i < ARRAY_LEN(direct); i++) {
		if (strcmp(name, direct[i][0]) || setupterm(direct[i][1], STDOUT_FILENO, &err))
			continue;
		del_curterm(cur_term);
		return direct[i][1];
	}
	return name;
}

static bool canvas_usable_terminal(const char *name, char *why, size_t size)
{
	const char *cup;
	int err = 0;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return canvas_refuse(why, size,
		                     "standard %s is not a terminal; `mocr status` prints the same "
		                     "without one",
		                     isatty(STDIN_FILENO) ? "output" : "input");
	if (!name || !*name)
		return canvas_refuse(why, size,
		                     "TERM is not set, so how to draw is unknown; try TERM=xterm");
	if (!strcmp(name, "dumb"))
		return canvas_refuse(why, size,
		                     "TERM is \"dumb\", a terminal that cannot place text; `mocr "
		                     "status` works there");
	if (setupterm(name, STDOUT_FILENO, &err)) {
		if (err == 1)
			return canvas_refuse(why, size,
			                     "TERM is \"%.40s\", which prints on paper; `mocr "
			                     "status` works there",
			                     name);
		return canvas_refuse(why, size,
		                     "this machine does not know the terminal \"%.40s\" (no "
		                     "terminfo entry); install "
		                     "ncurses-term here, or try TERM=xterm-256color",
		                     name);
	}
	cup = tigetstr("cup");
	del_curterm(cur_term);
	if (!cup || cup == (char *)-1)
		return canvas_refuse(why, size,
		                     "TERM is \"%.40s\", a terminal that cannot place text; `mocr "
		                     "status` works there",
		                     name);
	return true;
}

static int canvas_count_colors(void)
{
	const char *no = getenv("NO_COLOR");

	if (no && *no)
		return 0;
	if (!has_colors() || start_color() == ERR || COLORS < 8)
		return 0;
	if (COLORS > 256)
		return 1 << 24;
	if (COLORS >= 256)
		return 256;
	if (COLORS >= 16)
		return 16;
	return 8;
}

static void canvas_sized(void)
{
	int rows, cols;

	getmaxyx(stdscr, rows, cols);
	if (rows == term.rows && cols == term.cols && term.tones)
		return;
	term.rows = rows;
	term.cols = cols;
	free(term.tones);
	term.tones = xcalloc((size_t)rows * (size_t)cols + 1, 1);
}

bool canvas_start(const char *theme, bool ascii, char *why, size_t size)
{
	const char *name = getenv("TERM");

	if (term.screen)
		return true;
	setlocale(LC_CTYPE, "");
	if (!canvas_usable_terminal(name, why, size) || !theme_load(&term.theme, theme, why, size))
		return false;
	tcgetattr(STDIN_FILENO, &term.before);
	term.ascii = ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	/* use the window's size, not $LINES of a parent shell */
	use_tioctl(TRUE);
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	term.out = fd < 0 ? NULL : fdopen(fd, "w");
	if (fd >= 0 && !term.out)
		close(fd);
	buf_init(&term.waiting, 0);
	term.screen = term.out ? newterm((char *)canvas_terminal_entry(name), term.out, stdin)
	                       : NULL;
	if (!term.screen) {
		canvas_close_out();
		return canvas_refuse(why, size, "curses could not set up the terminal \"%.40s\"",
		                     name);
	}
	term.active = true;
	term.cursor_y = -1;
	/* the handler of curses would draw at a bad time; see canvas_job_stop */
	signal(SIGTSTP, SIG_DFL);
	/* Ctrl-C, Ctrl-Z and Ctrl-S arrive as keys; bytes arrive unchanged */
	raw();
	noecho();
	nonl();
	set_escdelay(25);
	leaveok(stdscr, TRUE);
	scrollok(stdscr, FALSE);
	term.colors = canvas_count_colors();
	if (term.colors)
		use_default_colors();
	curs_set(0);
	canvas_make_panic();
	canvas_sized();
	canvas_queue(PASTE_ON, strlen(PASTE_ON));
	tcgetattr(STDIN_FILENO, &term.modes);
	/* Redirects the output of curses into memory. Called after curses has set its modes,
	 * because that needs the terminal. */
	int file = memfd_create("screen", MFD_CLOEXEC);
	bool held = file >= 0 && dup3(file, fileno(term.out), O_CLOEXEC) >= 0;

	if (file >= 0)
		close(file);
	if (!held) {
		canvas_refuse(why, size, "there is no memory for the screen: %s", strerror(errno));
		canvas_stop();
		return false;
	}
	canvas_load_theme(theme, &term.theme, NULL, 0);
	canvas_make_looks();
	return true;
}

void canvas_stop(void)
{
	SCREEN *screen = term.screen;

	if (!screen)
		return;
	term.screen = NULL; /* first: a crash below must not enter again */
	if (term.active) {
		term.active = false;
		canvas_let_go();
	}
	delscreen(screen);
	canvas_close_out();
	free(term.tones);
	term.tones = NULL;
	term.rows = term.cols = 0;
}

void canvas_panic(void)
{
	if (!term.active)
		return;
	term.active = false;
	term.screen = NULL;
	canvas_write_all(term.panic, term.panic_len);
	tcsetattr(STDIN_FILENO, TCSANOW, &term.before);
}

bool canvas_active(void)
{
	return term.active;
}

void canvas_suspend(void)
{
	if (!term.screen || !term.active)
		return;
	term.active = false;
	canvas_let_go();
}

void canvas_resume(void)
{
	if (!term.screen || term.active)
		return;
	term.active = true;
	tcsetattr(STDIN_FILENO, TCSANOW, &term.modes);
	canvas_resized();
	clearok(curscr, TRUE);
	doupdate(); /* leaves the state of endwin: back to the alternate screen */
	canvas_take_out(canvas_add_frame);
	canvas_queue(PASTE_ON, strlen(PASTE_ON));
	if (term.mouse)
		canvas_queue(MOUSE_ON, strlen(MOUSE_ON));
}

void canvas_set_mouse(bool on)
{
	if (!term.screen || on == term.mouse)
		return;
	term.mouse = on;
	canvas_make_panic();
	if (term.active && on)
		canvas_queue(MOUSE_ON, strlen(MOUSE_ON));
	else if (term.active)
		canvas_queue(MOUSE_OFF, strlen(MOUSE_OFF));
}

void canvas_job_stop(void)
{
	bool mine = term.active;

	canvas_suspend();
	/* the whole job, so that a `make run` above us stops too */
	kill(0, SIGTSTP);
	if (mine)
		canvas_resume();
}

/* --- size and flushing --------------------------------------------------- */

bool canvas_resized(void)
{
	struct winsize ws;
	int rows, cols;

	if (!term.screen || ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws))
		return false;
	rows = ws.ws_row ? ws.ws_row : 24;
	cols = ws.ws_col ? ws.ws_col : 80;
	if (rows == term.rows && cols == term.cols)
		return false;
	resizeterm(rows, cols);
	canvas_sized();
	/* terminals move text on a resize, so repaint everything */
	clearok(curscr, TRUE);
	return true;
}

struct canvas canvas_screen(void)
{
	return (struct canvas){ 0, 0, term.rows, term.cols < CELLS_MAX ? term.cols : CELLS_MAX };
}

bool canvas_ascii(void)
{
	return term.ascii;
}

void canvas_redraw_all(void)
{
	if (term.screen)
		clearok(curscr, TRUE);
}

void canvas_flush(void)
{
	bool shown = term.cursor_y >= 0 && term.cursor_y < term.rows && term.cursor_x < term.cols;

	if (!term.screen || !term.active)
		return;
	canvas_send();
	if (canvas_waiting())
		return;
	leaveok(stdscr, !shown);
	if (shown)
		move(term.cursor_y, term.cursor_x);
	curs_set(shown);
	wnoutrefresh(stdscr);
	doupdate();
	term.cursor_y = -1;
	canvas_take_out(canvas_add_frame);
	canvas_send();
}

void canvas_write_raw(const char *bytes, size_t len)
{
	if (term.active && term.waiting.len + len <= WAITING_MAX)
		canvas_queue(bytes, len);
}

char *canvas_screen_text(void)
{
	struct buf out;

	if (!term.screen)
		return NULL;
	buf_init(&out, 0);
	for (int y = 0; y < term.rows; y++) {
		/* without trailing blanks */
		size_t kept;
		wchar_t *line = xcalloc((size_t)term.cols + 1, CCHARW_MAX * sizeof(*line));

		/* a cell has a letter, and the marks over it */
		if (mvinnwstr(y, 0, line, term.cols * CCHARW_MAX) != ERR)
			for (const wchar_t *w = line; *w; w++) {
				utf8proc_uint8_t bytes[4];
				utf8proc_ssize_t n = utf8proc_encode_char((utf8proc_int32_t)*w,
				                                          bytes);
				buf_add(&out, bytes, n > 0 ? (size_t)n : 0);
			}
		free(line);
		for (kept = out.len; kept && out.data[kept - 1] == ' '; kept--)
			;
		out.len = kept;
		buf_add(&out, "\n", 1);
	}
	return buf_take(&out);
}

/* --- drawing ------------------------------------------------------------- */

static int canvas_at_most(int a, int b)
{
	return a < b ? a : b;
}

struct canvas canvas_part(const struct canvas *c, int y, int x, int height, int width)
{
	struct canvas p = { 0, 0, 0, 0 };
	int skip_y = y < 0 ? -y : 0;
	int skip_x = x < 0 ? -x : 0;

	if (height < 0)
		height = c->height - y;
	if (width < 0)
		width = c->width - x;
	p.y = c->y + y + skip_y;
	p.x = c->x + x + skip_x;
	p.height = canvas_at_most(height - skip_y, c->height - y - skip_y);
	p.width = canvas_at_most(width - skip_x, c->width - x - skip_x);
	if (p.height < 0)
		p.height = 0;
	if (p.width < 0)
		p.width = 0;
	return p;
}

/* The number of visible cells in row y from *x on, at most width; 0: none. Raises a negative *x to
 * 0. */
static int canvas_room(const struct canvas *c, int y, int *x, int width)
{
	if (!term.screen || y < 0 || y >= c->height || c->y + y >= term.rows)
		return 0;
	if (width < 0)
		width = c->width - *x;
	if (*x < 0) {
		width += *x;
		*x = 0;
	}
	width = canvas_at_most(width, c->width - *x);
	return canvas_at_most(width, term.cols - c->x - *x);
}

static void canvas_tone_cells(int y, int x, int n, enum tone tone)
{
	memset(term.tones + (size_t)y * (size_t)term.cols + x, (int)tone, (size_t)n);
}

static const struct look *canvas_look_of(enum tone tone)
{
	return &term.looks[OVER_NONE][(unsigned)tone < TONE_COUNT ? tone : TONE_PLAIN];
}

static void canvas_set_cell(cchar_t *cc, const wchar_t *w, const struct look *l)
{
	int pair = l->pair;

	setcchar(cc, w, l->attrs, (short)pair, &pair);
}

/* ASCII replacements of common signs, for terminals without UTF-8. */
static wchar_t canvas_plain_sign(utf8proc_int32_t c)
{
	static const struct {
		utf8proc_int32_t from;
		char to;
	} map[] = {
		{ 0x2026, '~' },  { 0x203a, '>' },  { 0x2039, '<' }, { 0xb7, '.' },
		{ 0x2500, '-' },  { 0x2502, '|' },  { 0x2013, '-' }, { 0x2014, '-' },
		{ 0x2018, '\'' }, { 0x2019, '\'' }, { 0x201c, '"' }, { 0x201d, '"' },
		{ 0x2192, '>' },  { 0x2190, '<' },  { 0xa0, ' ' },   { 0xb0, 'o' },
		{ 0xd7, 'x' },    { 0xbb, '>' },    { 0xab, '<' },   { 0x25cf, '*' },
		{ 0x25cb, 'o' },  { 0x25d0, '+' },  { 0x2717, 'x' }, { 0x2713, 'v' },
		{ 0x25b2, '^' },  { 0x25bc, 'v' },  { 0x2022, '*' }, { 0x2514, '`' },
		{ 0x251c, '|' },
	};

	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (map[i].from == c)
			return (wchar_t)map[i].to;
	return L'?';
}

/* Reads the next cell from *s: a wide string with combining characters, and its width. False at the
 * end. libc and Unicode may disagree on a width. Then curses and the terminal would disagree too,
 * and the rest of the row would shift. Such a character becomes a question mark of the width that
 * Unicode says. */
static bool canvas_next_cell(const char **s, wchar_t w[CCHARW_MAX + 1], int *width)
{
	size_t n = 0;
	utf8proc_int32_t c;

	for (;;) {
		utf8proc_ssize_t used;
		int cw;

		if ((unsigned char)**s < 0x80) { /* most text is ASCII */
			c = (unsigned char)**s;
			used = 1;
			cw = 1;
		} else {
			used = utf8proc_iterate((const utf8proc_uint8_t *)*s, -1, &c);
			if (used <= 0) {
				c = '?';
				used = 1;
			}
			cw = utf8proc_charwidth(c);
		}
		if (!c || (n && cw))
			break;
		*s += used;
		/* combining characters: as many as a cell holds, none that join cells */
		if (!cw) {
			bool joins = c == 0x200d || (c >= 0xfe00 && c <= 0xfe0f);
			if (n && n < CCHARW_MAX - 1 && !term.ascii && !joins &&
			    wcwidth((wchar_t)c) == 0)
				w[n++] = (wchar_t)c;
			continue;
		}
		*width = cw;
		/* the caller should have washed it; never send it */
		if (c < 0x20 || c == 0x7f)
			w[n++] = L'?';
		else if (c < 0x80)
			w[n++] = (wchar_t)c;
		else if (term.ascii)
			w[n++] = canvas_plain_sign(c);
		else
			w[n++] = wcwidth((wchar_t)c) == cw ? (wchar_t)c : L'?';
	}
	w[n] = 0;
	return n > 0;
}

int canvas_text(const struct canvas *c, int y, int x, int width, enum tone tone, const char *text)
{
	cchar_t run[CELLS_MAX];
	wchar_t w[CCHARW_MAX + 1];
	const struct look *look = canvas_look_of(tone);
	int left = canvas_room(c, y, &x, width), used = 0, n = 0, cw;

	if (left <= 0 || !text)
		return 0;
	while (used < left && n < CELLS_MAX && canvas_next_cell(&text, w, &cw)) {
		if (used + cw > left)
			break;
		canvas_set_cell(&run[n++], w, look);
		/* the replacement is one cell wide: fill the second cell */
		if (cw == 2 && (w[0] == L'?'))
			canvas_set_cell(&run[n++], L" ", look);
		used += cw;
	}
	if (!n)
		return 0;
	mvadd_wchnstr(c->y + y, c->x + x, run, n);
	canvas_tone_cells(c->y + y, c->x + x, used, tone);
	return used;
}

int canvas_text_cut(const struct canvas *c, int y, int x, enum tone tone, const char *text)
{
	char part[4 * CELLS_MAX];

	if (x >= c->width)
		return 0;
	cells_cut(part, sizeof(part), text, (size_t)(c->width - x), CUT_END, glyph_ellipsis());
	return canvas_text(c, y, x, -1, tone, part);
}

int canvas_textf(const struct canvas *c, int y, int x, int width, enum tone tone, const char *fmt,
                 ...)
{
	char text[4 * CELLS_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return canvas_text(c, y, x, width, tone, text);
}

void canvas_fill(const struct canvas *c, int y, int x, int width, enum tone tone, const char *cell)
{
	cchar_t run[CELLS_MAX];
	wchar_t w[CCHARW_MAX + 1];
	int left = canvas_room(c, y, &x, width), cw;

	if (left <= 0 || !canvas_next_cell(&cell, w, &cw) || cw != 1)
		return;
	/* one conversion for all: it costs more than everything else about an empty cell */
	canvas_set_cell(&run[0], w, canvas_look_of(tone));
	for (int i = 1; i < left; i++)
		run[i] = run[0];
	mvadd_wchnstr(c->y + y, c->x + x, run, left);
	canvas_tone_cells(c->y + y, c->x + x, left, tone);
}

void canvas_clear(const struct canvas *c)
{
	for (int y = 0; y < c->height; y++)
		canvas_fill(c, y, 0, -1, TONE_PLAIN, " ");
}

/* Changes the look of cells in a row. over selects the table of looks. tone replaces their tone,
 * except TONE_COUNT. */
static void canvas_relook(const struct canvas *c, int y, int x, int width, enum overlay over,
                          enum tone tone)
{
	int left = canvas_room(c, y, &x, width);
	unsigned char *tones = term.tones + (size_t)(c->y + y) * (size_t)term.cols;

	for (int at = c->x + x, end = at + left; at < end;) {
		const struct look *l;
		int from = at;
		if (tone != TONE_COUNT)
			memset(tones + at, (int)tone, (size_t)(end - at));
		while (at < end && tones[at] == tones[from])
			at++;
		l = &term.looks[over][tones[from]];
		mvchgat(c->y + y, from, at - from, l->attrs, (short)l->pair, &l->pair);
	}
}

void canvas_row_tone(const struct canvas *c, int y, enum tone tone)
{
	switch (tone) {
	case TONE_CURSOR: canvas_relook(c, y, 0, -1, OVER_CURSOR, TONE_COUNT); break;
	case TONE_CURSOR_IDLE: canvas_relook(c, y, 0, -1, OVER_CURSOR_IDLE, TONE_COUNT); break;
	case TONE_MARK: canvas_relook(c, y, 0, -1, OVER_MARK, TONE_COUNT); break;
	default: canvas_relook(c, y, 0, -1, OVER_NONE, tone);
	}
}

void canvas_retone(const struct canvas *c, int y, int x, int width, enum tone tone)
{
	canvas_relook(c, y, x, width, OVER_NONE, tone);
}

void canvas_border(const struct canvas *c, enum tone tone, const char *title)
{
	const char *const *g;
	static const char *const fine[] = { "─", "│", "┌", "┐", "└", "┘" };
	static const char *const plain[] = { "-", "|", "+", "+", "+", "+" };
	int right = c->width - 1, bottom = c->height - 1;

	if (right < 1 || bottom < 1)
		return;
	g = term.ascii ? plain : fine;
	canvas_fill(c, 0, 1, right - 1, tone, g[0]);
	canvas_fill(c, bottom, 1, right - 1, tone, g[0]);
	for (int y = 1; y < bottom; y++) {
		canvas_text(c, y, 0, 1, tone, g[1]);
		canvas_text(c, y, right, 1, tone, g[1]);
	}
	canvas_text(c, 0, 0, 1, tone, g[2]);
	canvas_text(c, 0, right, 1, tone, g[3]);
	canvas_text(c, bottom, 0, 1, tone, g[4]);
	canvas_text(c, bottom, right, 1, tone, g[5]);
	if (title && *title && right > 4) {
		char cut[512];
		cells_cut(cut, sizeof(cut), title, (size_t)right - 4, CUT_END, glyph_ellipsis());
		canvas_textf(c, 0, 2, right - 2, tone == TONE_BORDER ? TONE_TITLE : tone, " %s ",
		             cut);
	}
}

void canvas_cursor(const struct canvas *c, int y, int x)
{
	if (y < 0 || y >= c->height || x < 0 || x >= c->width)
		return;
	term.cursor_y = c->y + y;
	term.cursor_x = c->x + x;
}
