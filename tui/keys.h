/* keys.h: what the user typed, as keys with names: "j", "C-d", "M-x", "Up", "S-Tab", "F1", "ü".
 *
 * The terminal's bytes are decoded here and nowhere else (curses' own key reading is not used): an
 * Esc alone is told from a sequence by KEYS_ESC_MS, pasted text comes as one event and never as
 * keys, sequences nobody knows vanish whole instead of running as letters. */
#ifndef TUI_KEYS_H
#define TUI_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYS_ESC_MS 25
#define KEYS_PASTE_MAX (64u << 10) /* bytes of one paste; more is dropped and said */
#define KEY_NAME_SIZE 24

/* Codes of keys that are no characters. Above Unicode, so that one number says it all. */
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
	K_PASTE, /* key.paste, key.paste_len, key.paste_cut */
	K_HANGUP /* the terminal is gone: end */
};
/* SHIFT only with keys that are no characters */
enum key_mods { MOD_CTRL = 1, MOD_META = 2, MOD_SHIFT = 4 };

struct key {
	/* a character of Unicode, or enum key_code. The space bar is K_SPACE */
	uint32_t code;
	unsigned mods;
	/* K_PASTE: as it came but for \r, which is \n; not washed; until the next keys_read */
	const char *paste;
	size_t paste_len;
	bool paste_cut; /* it was longer than KEYS_PASTE_MAX */
};

/* Reads a name ("C-d", "PgDn", "S-Tab", "x"); false: no such key. "Ctrl-d", "^d" and other cases of
 * the names are understood too, so that a configuration need not guess. */
bool key_parse(const char *name, struct key *);
#define key_name key_to_name /* curses exports a key_name of its own */
/* Writes the name of a key into buf (KEY_NAME_SIZE) and returns it. Round trip with key_parse. */
char *key_name(const struct key *, char *buf);
bool key_equal(const struct key *, const struct key *);
bool key_is(const struct key *, const char *name); /* key_is(&k, "C-d") */
/* The bytes of a character key without Ctrl and Meta (the space bar: " ") as UTF-8 into buf (5
 * bytes); 0: it is none. */
size_t key_text(const struct key *, char *buf);

struct keys;
/* fd: the terminal to read; -1: only what keys_feed gives (tests) */
struct keys *keys_create(int fd);
void keys_destroy(struct keys *); /* NULL is fine */
/* The next key; false: none now. Never waits; the fd is left as it is (not made non-blocking: a
 * shell shares it). */
bool keys_read(struct keys *, struct key *);
/* ms until keys_read should be called again although no byte came (a lone Esc is being told apart);
 * -1: no need. */
int keys_wait_ms(const struct keys *);
/* as if read at that time */
void keys_feed(struct keys *, const char *bytes, size_t len, int64_t now_ms);
/* keys_read without reading */
bool keys_next(struct keys *, struct key *, int64_t now_ms);
/* what was read but is no key yet, as it came; it is forgotten */
size_t keys_take(struct keys *, char *bytes, size_t size);
/* forgets what is half read (after the terminal was lent out) */
void keys_flush(struct keys *);

#endif
