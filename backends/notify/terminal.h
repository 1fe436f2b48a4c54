/* terminal.h: what is written to the terminal so that it tells the user. Pure.
 *
 * BEL: every terminal; tmux marks the window (monitor-bell). OSC 9: iTerm2, WezTerm, Ghostty, foot
 * and others show the text. OSC 777 "notify": rxvt-unicode, foot. OSC 99: kitty
 * (sw.kovidgoyal.net/kitty/desktop-notifications). tmux passes a sequence on when it is wrapped in
 * DCS "tmux;" with every ESC doubled; since 3.3 only with its option allow-passthrough
 * (tmux(1)). */
#ifndef NOTIFY_TERMINAL_H
#define NOTIFY_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

enum terminal_way { WAY_BELL, WAY_OSC9, WAY_OSC777, WAY_OSC99 };
struct terminal_facts {
	const char *term;    /* of the terminal itself, not of tmux: "xterm-kitty"; "" unknown */
	const char *program; /* TERM_PROGRAM outside of tmux; "" unknown */
	bool tmux;           /* tmux stands between */
	bool passes;         /* tmux lets sequences through */
};

/* The way for "how" of [notify NAME]: auto, bell, osc9, osc777, osc99. */
enum terminal_way terminal_way(const char *how, const struct terminal_facts *);
/* Appends the bytes of one message: a bell, and the sequence of the way. */
void terminal_bytes(enum terminal_way, const struct terminal_facts *, const char *title,
                    const char *text, struct buf *out);
/* Whether tmux lets sequences through, by its version ("3.3a") and its option as a format shows it:
 * "on", "all", "off"; in 3.3a "1" and "0"; "" not known to this version. */
bool terminal_tmux_passes(const char *version, const char *option);
/* The title of the window: how many things need the user. tmux shows it as the title of the
 * pane. */
void terminal_title(size_t needs, size_t asks, struct buf *out);
#define TERMINAL_TITLE_KEEP "\033[22;2t" /* xterm, tmux: remember the title of before */
#define TERMINAL_TITLE_BACK "\033[23;2t"

#endif
