/* keys.c: decodes the terminal's bytes into keys.
 *
 * Bytes wait in a small buffer, and keys_next looks at its start. A complete key is taken. An
 * incomplete key waits for more bytes until a timeout. The timeout is KEYS_ESC_MS if the bytes
 * could be a key of their own: Esc, or Meta with a letter that also starts sequences. It is
 * KEYS_SLOW_MS if they can only be a sequence that the network split.
 *
 * Most sequences are those of xterm's ctlseqs: CSI, SS3, bracketed paste, modifyOtherKeys. CSI u is
 * the kitty keyboard protocol's. A few come from rxvt and the Linux console. Other sequences are
 * dropped up to their end. */
#include "tui/keys.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <utf8proc.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"

#define KEYS_BUF 4096
#define KEYS_SLOW_MS 200
#define KEYS_PASTE_SILENCE_MS 1000 /* ends a paste without an end marker after this silence */
#define CSI_PARAMS 4

static const struct {
	uint32_t code;
	const char *name;
} names[] = {
	/* key_name writes the first name of a code. */
	{ K_UP, "Up" },         { K_DOWN, "Down" },
	{ K_LEFT, "Left" },     { K_RIGHT, "Right" },
	{ K_HOME, "Home" },     { K_END, "End" },
	{ K_PGUP, "PgUp" },     { K_PGDN, "PgDn" },
	{ K_INSERT, "Ins" },    { K_DELETE, "Del" },
	{ K_ENTER, "Enter" },   { K_ESC, "Esc" },
	{ K_TAB, "Tab" },       { K_BACKSPACE, "Backspace" },
	{ K_SPACE, "Space" },   { K_F1, "F1" },
	{ K_F2, "F2" },         { K_F3, "F3" },
	{ K_F4, "F4" },         { K_F5, "F5" },
	{ K_F6, "F6" },         { K_F7, "F7" },
	{ K_F8, "F8" },         { K_F9, "F9" },
	{ K_F10, "F10" },       { K_F11, "F11" },
	{ K_F12, "F12" },       { K_PASTE, "Paste" },
	{ K_HANGUP, "Hangup" }, { K_PGUP, "PageUp" },
	{ K_PGDN, "PageDown" }, { K_INSERT, "Insert" },
	{ K_DELETE, "Delete" }, { K_ENTER, "Return" },
	{ K_ESC, "Escape" },    { K_BACKSPACE, "BS" },
};

struct keys {
	bool mouse; /* its reports are keys */
	int fd;
	unsigned char buf[KEYS_BUF];
	size_t len;
	int64_t came_ms; /* time of the last bytes, monotonic ms */
	/* that many bytes at the start are an incomplete key after its timeout */
	size_t ripe;
	bool pasting, hung;
	char *paste; /* owned; KEYS_PASTE_MAX + 1 bytes */
	size_t paste_len;
	bool paste_cut;
};

/* --- names --------------------------------------------------------------- */

/* Maps keys that terminals send as the same byte to one key. */
static void key_settle(struct key *k)
{
	static const struct {
		uint32_t from, to;
	} same[] = {
		{ 'i', K_TAB },       { 'm', K_ENTER }, { 'j', K_ENTER },
		{ 'h', K_BACKSPACE }, { '[', K_ESC },   { '@', K_SPACE },
	};

	if (k->code == ' ')
		k->code = K_SPACE;
	if (k->code < K_FIRST) {
		k->mods &= ~(unsigned)MOD_SHIFT;
		if (k->mods & MOD_CTRL && k->code >= 'A' && k->code <= 'Z')
			k->code += 'a' - 'A';
	}
	if (!(k->mods & MOD_CTRL))
		return;
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		if (k->code != same[i].from)
			continue;
		k->code = same[i].to;
		if (k->code != K_SPACE)
			k->mods &= ~(unsigned)MOD_CTRL;
		return;
	}
}

static const char *key_take_prefix(const char *name, unsigned *mods)
{
	static const struct {
		const char *word;
		unsigned mod;
	} prefixes[] = {
		{ "C-", MOD_CTRL },  { "Ctrl-", MOD_CTRL },   { "^", MOD_CTRL },
		{ "M-", MOD_META },  { "Alt-", MOD_META },    { "Meta-", MOD_META },
		{ "S-", MOD_SHIFT }, { "Shift-", MOD_SHIFT },
	};

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		size_t n = strlen(prefixes[i].word);
		if (strncasecmp(name, prefixes[i].word, n) || !name[n])
			continue;
		*mods |= prefixes[i].mod;
		return name + n;
	}
	return NULL;
}

static bool key_one_character(const char *s, uint32_t *code)
{
	utf8proc_int32_t c;
	utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s, -1, &c);

	if (!*s || n <= 0 || s[n] || c < 0x20 || c == 0x7f)
		return false;
	*code = (uint32_t)c;
	return true;
}

bool key_parse(const char *name, struct key *out)
{
	struct key k = { .code = K_NONE };
	const char *rest;

	if (!name)
		return false;
	while ((rest = key_take_prefix(name, &k.mods)))
		name = rest;
	if (key_one_character(name, &k.code)) {
		if (k.mods & MOD_SHIFT && k.code >= 'a' && k.code <= 'z')
			k.code -= 'a' - 'A';
		key_settle(&k);
		*out = k;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcasecmp(names[i].name, name))
			continue;
		k.code = names[i].code;
		key_settle(&k);
		*out = k;
		return true;
	}
	return false;
}

static size_t key_put_char(uint32_t code, char *buf)
{
	utf8proc_ssize_t n = utf8proc_encode_char((utf8proc_int32_t)code, (utf8proc_uint8_t *)buf);

	buf[n > 0 ? n : 0] = 0;
	return n > 0 ? (size_t)n : 0;
}

/* By the bits of enum key_mods. */
#define MODS_ALL (MOD_CTRL | MOD_META | MOD_SHIFT)
static const char *const short_mods[] = { "", "C-", "M-", "C-M-", "S-", "C-S-", "M-S-", "C-M-S-" };
static const char *const long_mods[] = {
	"",       "Ctrl-",       "Alt-",       "Ctrl-Alt-",
	"Shift-", "Ctrl-Shift-", "Alt-Shift-", "Ctrl-Alt-Shift-",
};

char *key_name(const struct key *k, char *buf)
{
	char c[8];
	const char *name = c;

	if (k->code < K_FIRST)
		key_put_char(k->code, c);
	else
		snprintf(c, sizeof(c), "?");
	for (size_t i = 0; i < ARRAY_LEN(names) && name == c && k->code >= K_FIRST; i++)
		if (names[i].code == k->code)
			name = names[i].name;
	snprintf(buf, KEY_NAME_SIZE, "%s%s", short_mods[k->mods & MODS_ALL], name);
	return buf;
}

char *key_words(const struct key *k, char *buf)
{
	struct key plain = *k;
	char name[KEY_NAME_SIZE];

	plain.mods = 0;
	/* with Ctrl a letter has no case, and is written as on the key */
	if (k->mods & MOD_CTRL && k->code >= 'a' && k->code <= 'z')
		plain.code -= 'a' - 'A';
	key_name(&plain, name);
	snprintf(buf, KEY_NAME_SIZE, "%s%.12s", long_mods[k->mods & MODS_ALL], name);
	return buf;
}

char *key_brackets(const char *list, char *buf, size_t size)
{
	size_t n = 0;

	*buf = 0;
	for (const char *at = list; *at && n < size; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");
		n += (size_t)snprintf(buf + n, size - n, "%s[%.*s]", n ? " " : "", (int)len, at);
		at += len;
	}
	return buf;
}

bool key_equal(const struct key *a, const struct key *b)
{
	return a->code == b->code && a->mods == b->mods;
}

bool key_is(const struct key *k, const char *name)
{
	struct key other;

	return key_parse(name, &other) && key_equal(k, &other);
}

size_t key_text(const struct key *k, char *buf)
{
	*buf = 0;
	if (k->mods & (MOD_CTRL | MOD_META))
		return 0;
	if (k->code == K_SPACE) {
		strcpy(buf, " ");
		return 1;
	}
	return k->code >= K_FIRST || k->code < 0x20 ? 0 : key_put_char(k->code, buf);
}

/* --- decoding ------------------------------------------------------------ */

/* Result for the start of the buffer: n bytes that mean key. K_NONE: an unknown sequence. n 0:
 * incomplete. Then `alone` says if the bytes could be a key of their own, which shortens the
 * timeout. */
struct front {
	size_t n;
	struct key key;
	bool alone, paste_begins;
};

struct csi {
	unsigned params[CSI_PARAMS];
	size_t n;
	char final;
};

static uint32_t key_letter_code(char c)
{
	static const struct {
		char c;
		uint32_t code;
	} map[] = {
		{ 'A', K_UP },  { 'B', K_DOWN }, { 'C', K_RIGHT }, { 'D', K_LEFT },
		{ 'F', K_END }, { 'H', K_HOME }, { 'P', K_F1 },    { 'Q', K_F2 },
		{ 'R', K_F3 },  { 'S', K_F4 },   { 'M', K_ENTER }, { 'Z', K_TAB },
	};

	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (map[i].c == c)
			return map[i].code;
	return K_NONE;
}

/* A key given by its Unicode number, as in CSI u and modifyOtherKeys. */
static void key_unicode(unsigned code, unsigned mods, struct key *k)
{
	static const struct {
		unsigned from;
		uint32_t to;
	} map[] = {
		{ 9, K_TAB },  { 10, K_ENTER },    { 13, K_ENTER },
		{ 27, K_ESC }, { 8, K_BACKSPACE }, { 127, K_BACKSPACE },
	};

	k->code = code >= 0x20 && code < 0xd800 && !(code >= 0x7f && code < 0xa0) ? code : K_NONE;
	k->mods = mods;
	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (map[i].from == code)
			k->code = map[i].to;
	if (mods & MOD_SHIFT && code >= 'a' && code <= 'z')
		k->code -= 'a' - 'A';
	key_settle(k);
}

static void key_csi(const struct csi *c, struct front *f)
{
	unsigned param = c->n > 1 ? c->params[1] : 0;
	unsigned bits = param ? param - 1 : 0;

	static const unsigned by_bits[] = { /* of xterm: 1 Shift, 2 Meta, 4 Ctrl */
		0,
		MOD_SHIFT,
		MOD_META,
		MOD_SHIFT | MOD_META,
		MOD_CTRL,
		MOD_CTRL | MOD_SHIFT,
		MOD_CTRL | MOD_META,
		MODS_ALL,
	};
	unsigned mods = by_bits[bits & 7];

	if (c->final == '~' && c->params[0] == 200) {
		f->paste_begins = true;
	} else if (c->final == '~' && c->params[0] == 27 && c->n > 2) {
		key_unicode(c->params[2], mods, &f->key);
	} else if (c->final == 'u') {
		key_unicode(c->params[0], mods, &f->key);
	} else if (c->final == '~' || c->final == '^') {
		static const uint32_t map[] = {
			[1] = K_HOME, [2] = K_INSERT, [3] = K_DELETE, [4] = K_END,  [5] = K_PGUP,
			[6] = K_PGDN, [7] = K_HOME,   [8] = K_END,    [11] = K_F1,  [12] = K_F2,
			[13] = K_F3,  [14] = K_F4,    [15] = K_F5,    [17] = K_F6,  [18] = K_F7,
			[19] = K_F8,  [20] = K_F9,    [21] = K_F10,   [23] = K_F11, [24] = K_F12,
		};

		f->key.code = c->params[0] < ARRAY_LEN(map) ? map[c->params[0]] : K_NONE;
		f->key.mods = mods | (c->final == '^' ? MOD_CTRL : 0u);
	} else if (c->n == 0 || c->params[0] <= 1) {
		f->key.code = c->final == 'M' ? K_NONE : key_letter_code(c->final);
		f->key.mods = mods | (c->final == 'Z' ? MOD_SHIFT : 0u);
	}
	if (f->key.code == K_NONE)
		f->key.mods = 0;
}

/* A report of the mouse as xterm's mode 1006 has it: ESC [ < BUTTON ; COLUMN ; ROW M, or m for a
 * release. Bit 5 of the button: it moves; bit 6: the wheel. Other buttons and keys held with it
 * mean nothing. */
static void key_mouse(const struct csi *c, struct front *f)
{
	enum { LEFT = 0, MOVES = 32, WHEEL = 64 };
	unsigned button = c->params[0];
	struct mouse m = { .y = (int)c->params[2] - 1, .x = (int)c->params[1] - 1 };
	if (c->n != 3 || m.y < 0 || m.x < 0 || (c->final != 'M' && c->final != 'm'))
		return;
	if (button == WHEEL || button == WHEEL + 1)
		m.what = button == WHEEL ? MOUSE_WHEEL_UP : MOUSE_WHEEL_DOWN;
	else if (c->final == 'm')
		m.what = MOUSE_RELEASE;
	else if (button == LEFT)
		m.what = MOUSE_PRESS;
	else if (button == LEFT + MOVES)
		m.what = MOUSE_DRAG;
	else
		return;
	f->key.code = K_MOUSE;
	f->key.mouse = m;
}

/* s starts with ESC [ */
static void key_csi_front(const unsigned char *s, size_t len, struct front *f)
{
	struct csi c = { .n = 0 };
	bool strange = false;
	size_t i = 2;

	if (len == 2) {
		f->alone = true;
		return;
	}
	if (s[2] == '[') { /* Linux console, F1-F5: ESC [ [ A */
		if (len < 4)
			return;
		f->n = 4;
		f->key.code = s[3] >= 'A' && s[3] <= 'E' ? K_F1 + (s[3] - 'A') : K_NONE;
		return;
	}
	if (s[2] == 'M') { /* X10 mouse report: three more bytes */
		f->n = len < 6 ? 0 : 6;
		return;
	}
	for (; i < len && s[i] >= 0x20 && s[i] < 0x40; i++) {
		if (s[i] >= '0' && s[i] <= '9') {
			if (!c.n)
				c.n = 1;
			if (c.n <= CSI_PARAMS && c.params[c.n - 1] < 0x200000)
				c.params[c.n - 1] = c.params[c.n - 1] * 10 + (s[i] - '0');
		} else if (s[i] == ';') {
			c.n = c.n ? c.n + 1 : 2;
		} else {
			/* private or intermediate byte: an answer of the terminal, no key */
			strange = true;
		}
	}
	if (i == len)
		return;
	/* the sequence breaks off; the next byte is decoded on its own */
	if (s[i] < 0x40 || s[i] > 0x7e) {
		f->n = i;
		return;
	}
	f->n = i + 1;
	c.final = (char)s[i];
	if (c.n > CSI_PARAMS)
		c.n = CSI_PARAMS;
	if (s[2] == '<')
		key_mouse(&c, f);
	else if (!strange)
		key_csi(&c, f);
}

/* s starts with ESC O */
static void key_ss3_front(const unsigned char *s, size_t len, struct front *f)
{
	if (len == 2) {
		f->alone = true;
		return;
	}
	f->n = 3;
	f->key.code = key_letter_code((char)s[2]);
	if (s[2] >= 'j' && s[2] <= 'y') /* keypad in application mode */
		f->key.code = (uint32_t) "*+,-./0123456789"[s[2] - 'j'];
}

/* Drops a string from the terminal (OSC, DCS, ...) up to its end. */
static void key_string_front(const unsigned char *s, size_t len, struct front *f)
{
	f->alone = len == 2;
	for (size_t i = 2; i < len; i++) {
		if (s[i] == 0x07) {
			f->n = i + 1;
			return;
		}
		if (s[i] == 0x1b && i + 1 < len) {
			f->n = s[i + 1] == '\\' ? i + 2 : i;
			return;
		}
	}
	if (len == KEYS_BUF)
		f->n = len;
}

static void key_char_front(const unsigned char *s, size_t len, struct front *f)
{
	utf8proc_int32_t c;
	utf8proc_ssize_t n;
	size_t want;
	if (*s < 0xc0)
		want = 1;
	else if (*s < 0xe0)
		want = 2;
	else if (*s < 0xf0)
		want = 3;
	else if (*s < 0xf8)
		want = 4;
	else
		want = 1;

	if (len < want)
		return;
	n = utf8proc_iterate(s, (utf8proc_ssize_t)want, &c);
	f->n = n > 0 ? (size_t)n : 1;
	if (n > 0 && c >= 0xa0)
		f->key.code = (uint32_t)c;
}

static void key_plain_front(const unsigned char *s, size_t len, struct front *f)
{
	if (*s >= 0x80) {
		key_char_front(s, len, f);
		return;
	}
	f->n = 1;
	f->key.code = *s;
	if (*s == 8 || *s == 127) {
		f->key.code = K_BACKSPACE;
	} else if (*s < 0x20) {
		f->key.code = *s < 27 && *s ? (uint32_t)*s + 'a' - 1 : (uint32_t)*s + '@';
		f->key.mods = MOD_CTRL;
	}
	key_settle(&f->key);
}

static struct front key_look(const unsigned char *s, size_t len)
{
	struct front f = { .n = 0 };

	if (*s != 0x1b) {
		key_plain_front(s, len, &f);
	} else if (len == 1) {
		f.alone = true;
	} else if (s[1] == '[') {
		key_csi_front(s, len, &f);
	} else if (s[1] == 'O') {
		key_ss3_front(s, len, &f);
	} else if (strchr("]P_^X", s[1])) {
		key_string_front(s, len, &f);
	} else if (s[1] == 0x1b) {
		f.n = 1;
		f.key.code = K_ESC;
	} else {
		key_plain_front(s + 1, len - 1, &f);
		if (f.n) {
			f.n++;
			f.key.mods |= MOD_META;
		}
	}
	return f;
}

const char *keys_find(const char *bytes, size_t len, bool (*wanted)(const struct key *), size_t *n)
{
	const unsigned char *s = (const unsigned char *)bytes;

	for (size_t i = 0; i < len; i++) {
		struct front f;
		if (s[i] >= 0x20 && s[i] != 0x7f)
			continue;
		f = key_look(s + i, len - i);
		*n = f.n;
		if (f.n && wanted(&f.key))
			return bytes + i;
	}
	return NULL;
}

/* --- pasting ------------------------------------------------------------- */

static void key_paste_add(struct keys *k, const unsigned char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (k->paste_len == KEYS_PASTE_MAX) {
			k->paste_cut = true;
			return;
		}
		k->paste[k->paste_len++] = (char)(s[i] == '\r' ? '\n' : s[i]);
	}
}

static void key_consume(struct keys *k, size_t n)
{
	k->len -= n;
	memmove(k->buf, k->buf + n, k->len);
	wipe(k->buf + k->len, n); /* may have been a password */
	k->ripe = k->ripe > n ? k->ripe - n : 0;
}

static bool key_paste_end(struct keys *k, struct key *out)
{
	k->pasting = false;
	k->paste[k->paste_len] = 0;
	*out = (struct key){ .code = K_PASTE,
		             .paste = k->paste,
		             .paste_len = k->paste_len,
		             .paste_cut = k->paste_cut };
	return true;
}

static bool key_paste_next(struct keys *k, struct key *out, int64_t now)
{
	static const char end[] = "\033[201~";
	const size_t n = sizeof(end) - 1;
	unsigned char *at = memmem(k->buf, k->len, end, n);
	size_t safe;

	if (at) {
		size_t before = (size_t)(at - k->buf);
		key_paste_add(k, k->buf, before);
		key_consume(k, before + n);
		return key_paste_end(k, out);
	}
	safe = k->len >= n ? k->len - (n - 1) : 0; /* the rest may be the start of the end marker */
	key_paste_add(k, k->buf, safe);
	key_consume(k, safe);
	if (now - k->came_ms < KEYS_PASTE_SILENCE_MS)
		return false;
	key_paste_add(k, k->buf, k->len);
	k->len = k->ripe = 0;
	return key_paste_end(k, out);
}

/* --- the reader ---------------------------------------------------------- */

struct keys *keys_create(int fd)
{
	struct keys *k = xcalloc(1, sizeof(*k));

	k->fd = fd;
	return k;
}

void keys_destroy(struct keys *k)
{
	if (!k)
		return;
	free(k->paste);
	free(k);
}

void keys_set_mouse(struct keys *k, bool on)
{
	k->mouse = on;
}

static int key_patience(const struct keys *k)
{
	if (k->pasting)
		return KEYS_PASTE_SILENCE_MS;
	return key_look(k->buf, k->len).alone ? KEYS_ESC_MS : KEYS_SLOW_MS;
}

void keys_feed(struct keys *k, const char *bytes, size_t len, int64_t now)
{
	size_t room = KEYS_BUF - k->len;

	if (!len)
		return;
	if (k->len && !k->pasting && !k->ripe && now - k->came_ms >= key_patience(k))
		k->ripe = k->len;
	/* callers pass at most what fits; excess bytes of a test are lost */
	if (len > room)
		len = room;
	memcpy(k->buf + k->len, bytes, len);
	k->len += len;
	k->came_ms = now;
}

bool keys_next(struct keys *k, struct key *out, int64_t now)
{
	struct front f;

	if (!k->pasting && k->paste_len) {
		wipe(k->paste, k->paste_len);
		k->paste_len = 0;
	}
	for (;;) {
		if (k->pasting)
			return key_paste_next(k, out, now);
		if (!k->len)
			return false;
		size_t len = k->ripe ? k->ripe : k->len;
		f = key_look(k->buf, len);
		if (!f.n && !k->ripe && now - k->came_ms < key_patience(k))
			return false;
		if (!f.n) {
			/* incomplete after its timeout: Esc, Meta with a character, or nothing */
			bool alone = f.alone;
			f = (struct front){ .n = len };
			if (alone && len == 1)
				f.key.code = K_ESC;
			if (alone && len == 2)
				f.key = (struct key){ .code = k->buf[1], .mods = MOD_META };
		}
		key_consume(k, f.n);
		if (f.paste_begins) {
			if (!k->paste)
				k->paste = xcalloc(1, KEYS_PASTE_MAX + 1);
			k->pasting = true;
			k->paste_len = 0;
			k->paste_cut = false;
		}
		if (f.key.code == K_NONE || (f.key.code == K_MOUSE && !k->mouse))
			continue;
		*out = f.key;
		return true;
	}
}

bool keys_read(struct keys *k, struct key *out)
{
	int64_t now = now_mono_ms();

	if (keys_next(k, out, now))
		return true;
	/* Reads available bytes. Polls first, because the fd is shared and must stay blocking. */
	struct pollfd p = { k->fd, POLLIN, 0 };
	char bytes[KEYS_BUF];
	size_t room = KEYS_BUF - k->len;
	ssize_t n;

	if (k->fd >= 0 && !k->hung && room && poll(&p, 1, 0) > 0) {
		n = read(k->fd, bytes, room);
		if (n > 0) {
			keys_feed(k, bytes, (size_t)n, now);
			wipe(bytes, (size_t)n);
		} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
			k->hung = true;
		}
	}
	if (keys_next(k, out, now))
		return true;
	if (!k->hung)
		return false;
	*out = (struct key){ .code = K_HANGUP };
	return true;
}

int keys_wait_ms(const struct keys *k)
{
	int64_t left;

	if (k->hung || (!k->len && !k->pasting))
		return -1;
	left = k->came_ms + key_patience(k) - now_mono_ms();
	return left > 0 ? (int)left : 0;
}

size_t keys_take(struct keys *k, char *bytes, size_t size)
{
	size_t n = k->len < size ? k->len : size;
	memcpy(bytes, k->buf, n);
	keys_flush(k);
	return n;
}

void keys_flush(struct keys *k)
{
	k->len = k->ripe = 0;
	k->pasting = false;
}
