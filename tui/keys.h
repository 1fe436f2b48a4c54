/* keys.h: decodes typed bytes into named keys: "j", "C-d", "M-x", "Up", "S-Tab", "F1", "ü".
 *
 * Only keys.c decodes the terminal's bytes. curses' own key reading is not used. KEYS_ESC_MS
 * separates a lone Esc from the start of a sequence. A paste arrives as one event, never as single
 * keys. Unknown sequences are dropped whole, so that none of their letters runs as a key. */
#ifndef TUI_KEYS_H
#define TUI_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYS_ESC_MS 25
#define KEYS_PASTE_MAX (64u << 10) /* bytes of one paste; the rest is dropped and paste_cut set */
#define KEY_NAME_SIZE 40 /* also with brackets */

/* Codes of keys that are no characters. They start above Unicode, so that one number names any
 * key. */
enum key_code {
	K_NONE = 0,
	K_FIRST = 0x110000,
	K_UP = K_FIRST,
	K_DOWN,
	K_LEFT,
	K_RIGHT,
	K_HOME,
	K_END,
	K_PGUP,
	K_PGDN,
	K_INSERT,
	K_DELETE,
	K_ENTER,
	K_ESC,
	K_TAB,
	K_BACKSPACE,
	K_SPACE,
	K_F1,
	K_F2,
	K_F3,
	K_F4,
	K_F5,
	K_F6,
	K_F7,
	K_F8,
	K_F9,
	K_F10,
	K_F11,
	K_F12,
	K_PASTE, /* sets key.paste, key.paste_len, key.paste_cut */
	K_MOUSE, /* sets key.mouse */
	K_HANGUP /* the terminal is gone: quit */
};
/* MOD_SHIFT only occurs with keys that are no characters */
enum key_mods { MOD_CTRL = 1, MOD_META = 2, MOD_SHIFT = 4 };

/* What the mouse did at a cell of the screen. Only with canvas_set_mouse. */
struct mouse {
	enum {
		MOUSE_PRESS, /* of the left button */
		MOUSE_DRAG,  /* with the left button held */
		MOUSE_RELEASE,
		MOUSE_WHEEL_UP,
		MOUSE_WHEEL_DOWN
	} what;
	int y, x; /* from 0 */
};

struct key {
	/* a Unicode character or an enum key_code; the space bar is K_SPACE */
	uint32_t code;
	unsigned mods;
	/* K_PASTE: the pasted bytes with \r turned into \n; not washed; valid until the next
	 * keys_read */
	const char *paste;
	size_t paste_len;
	struct mouse mouse; /* K_MOUSE */
	bool paste_cut; /* the paste was longer than KEYS_PASTE_MAX */
};

/* Parses a key name ("C-d", "PgDn", "S-Tab", "x"). False: no such key. Also accepts "Ctrl-d", "^d"
 * and any case, so that a configuration need not guess. */
bool key_parse(const char *name, struct key *);
#define key_name key_to_name /* curses exports its own key_name */
/* Writes the name of a key into buf (KEY_NAME_SIZE bytes) and returns buf. key_parse reads the name
 * back. */
char *key_name(const struct key *, char *buf);
/* Writes the name of a key as people read it: "Ctrl-R", "Alt-x", "Shift-Tab". key_parse reads it
 * back. Every text of the program takes the name from here. */
char *key_words(const struct key *, char *buf);
/* Writes each of the names, which have blanks between, in brackets: "[Ctrl-R] [F5]". */
char *key_brackets(const char *list, char *buf, size_t size);
bool key_equal(const struct key *, const struct key *);
bool key_is(const struct key *, const char *name); /* key_is(&k, "C-d") */
/* Writes a character key as UTF-8 into buf (5 bytes) and returns the length. The space bar writes a
 * space. 0: not a character, or with Ctrl or Meta. */
size_t key_text(const struct key *, char *buf);

struct keys;
/* fd: the terminal; -1: only keys_feed provides input (tests) */
struct keys *keys_create(int fd);
void keys_destroy(struct keys *); /* NULL is fine */
/* Whether reports of the mouse are keys (K_MOUSE). Off at first: then they are dropped. */
void keys_set_mouse(struct keys *, bool on);
/* Reads the next key; false: none now. Never blocks. Does not set O_NONBLOCK, because a shell
 * shares the fd. */
bool keys_read(struct keys *, struct key *);
/* ms after which to call keys_read even without new bytes (a lone Esc); -1: no need. */
int keys_wait_ms(const struct keys *);
/* adds bytes as if they were read at now_ms (monotonic) */
void keys_feed(struct keys *, const char *bytes, size_t len, int64_t now_ms);
/* like keys_read, without reading the fd */
bool keys_next(struct keys *, struct key *, int64_t now_ms);
/* The first key in the bytes that is wanted; *n: its length there. NULL: none. Looks for keys that
 * begin with a control character: those with Ctrl or Alt, and those that are no characters. */
const char *keys_find(const char *bytes, size_t len, bool (*wanted)(const struct key *), size_t *n);
/* moves the undecoded bytes into bytes, at most size; returns how many */
size_t keys_take(struct keys *, char *bytes, size_t size);
/* forgets undecoded bytes (after lending the terminal) */
void keys_flush(struct keys *);

#endif
