/* attach_modes.c: a small parser of terminal output. It knows the shape of all sequences (ECMA-48).
 * It knows the meaning only of those with effects that stay when a program dies without cleaning up
 * (xterm's ctlseqs). */
#include "tui/attach_modes.h"

#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"

/* DEC private modes that programs set. on_at_start: the terminal's initial state. */
static const struct mode {
	int number;
	bool on_at_start, alt;
} table[] = {
	{ 1, false, false }, /* application cursor keys */
	{ 5, false, false }, /* reverse video */
	{ 6, false, false }, /* origin mode */
	{ 7, true, false },  /* autowrap */
	{ 25, true, false }, /* visible cursor */
	{ 47, false, true },    { 1047, false, true },  { 1049, false, true },
	{ 9, false, false },    { 1000, false, false }, { 1002, false, false },
	{ 1003, false, false }, { 1004, false, false }, /* focus events */
	{ 1005, false, false }, { 1006, false, false }, { 1015, false, false },
	{ 1016, false, false }, { 2004, false, false }, /* bracketed paste */
	{ 2026, false, false },                         /* synchronized output */
};

/* Three modes select the alternate screen. Resetting any of them leaves it. */
static unsigned modes_alt(void)
{
	unsigned bits = 0;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		bits |= table[i].alt ? 1u << i : 0;
	return bits;
}

static void modes_put(struct modes *m, unsigned bits, bool on)
{
	if (on)
		m->set |= bits;
	else
		m->set &= ~bits;
}

/* Applies a sequence such as ESC [ ? 1 ; 2004 h. */
static void attach_modes_set(struct modes *m, bool on)
{
	const char *s = m->seq + 3;

	while (*s) {
		char *end;
		long number = strtol(s, &end, 10);
		if (end == s)
			return;
		for (size_t i = 0; i < ARRAY_LEN(table); i++) {
			if (table[i].number != ((int)number))
				continue;
			if (on == table[i].on_at_start)
				m->changed &= ~(1u << i);
			else
				m->changed |= 1u << i;
			if (table[i].alt)
				modes_put(m, MODES_ALT, on);
			if (table[i].alt && !on)
				m->changed &= ~modes_alt();
		}
		if (*end != ';')
			return;
		s = end + 1;
	}
}

/* Handles the complete CSI in seq. Returns whether it is safe to show again. */
static bool modes_csi_done(struct modes *m)
{
	char final = m->seq[m->n - 1], first = m->seq[2];
	char before = m->seq[m->n - 2];

	if (first == '?' && (final == 'h' || final == 'l')) {
		attach_modes_set(m, final == 'h');
		return false; /* modes_restore sets it again */
	}
	if (final == 'u' && strchr(">=<", first))
		modes_put(m, MODES_KITTY, first != '<');
	if (final == 'm' && first == '>')
		m->set |= MODES_OTHER_KEYS;
	if (final == 'q' && before == ' ')
		m->set |= MODES_CURSOR_STYLE;
	if (strchr("cntxpu", final) || (final == 'q' && first == '>'))
		return false; /* queries, window operations, key protocols */
	return !strchr("<=>?", first);
}

static void modes_finish(struct modes *m, bool show, struct buf *again)
{
	if (show && again && !m->too_long)
		buf_add(again, m->seq, m->n);
	m->n = 0;
	m->too_long = false;
	m->state = MODES_TEXT;
}

static void modes_collect(struct modes *m, char c)
{
	if (m->n + 1 < sizeof(m->seq)) {
		m->seq[m->n++] = c;
		m->seq[m->n] = 0;
	} else {
		m->too_long = true;
		m->seq[m->n - 1] = c; /* keep the final byte, which selects the meaning */
	}
}

static void modes_start(struct modes *m, char c)
{
	m->n = 0;
	m->too_long = false;
	modes_collect(m, c);
	m->state = MODES_ESC;
}

static void modes_feed_escape(struct modes *m, char c, struct buf *again)
{
	modes_collect(m, c);
	if (m->n == 2 && c == '[')
		m->state = MODES_CSI;
	else if (m->n == 2 && strchr("]P_^X", c) && c)
		m->state = MODES_STRING;
	else if (c >= 0x30) {
		/* a complete escape: two bytes, or more with intermediates */
		char final = m->n == 2 ? m->seq[1] : '\0';
		if (final == '=')
			m->set |= MODES_KEYPAD;
		else if (final == '>')
			m->set &= ~MODES_KEYPAD;
		else if (final == 'c') { /* full reset */
			m->changed = 0;
			m->set &= MODES_CURSOR_STYLE;
		}
		modes_finish(m, final != '=' && final != '>' && final != 'Z', again);
	}
}

static void modes_feed_csi(struct modes *m, char c, struct buf *again)
{
	if ((unsigned char)c < 0x20) { /* control characters inside a sequence act at once */
		if (again)
			buf_add(again, &c, 1);
		return;
	}
	modes_collect(m, c);
	if (c >= 0x40)
		modes_finish(m, modes_csi_done(m), again);
}

#define C1_LEAD '\xc2' /* first byte of U+0080 to U+00BF in UTF-8 */

static bool modes_in_string(const struct modes *m)
{
	return m->state == MODES_STRING || m->state == MODES_STRING_ESC;
}

/* Handles the byte after a C1_LEAD. Terminals treat U+009B as ESC [, and likewise the other C1
 * controls. So they are parsed as that, and shown again as that. A lead without its second byte is
 * dropped. Otherwise it might join a later byte, because the bytes between them may be dropped.
 * Returns true when the byte is consumed. */
static bool modes_feed_second(struct modes *m, char c, struct buf *again)
{
	unsigned char second = (unsigned char)c;
	m->lead = false;
	if (second >= 0x80 && second < 0xa0) {
		if (modes_in_string(m) && second != 0x9c)
			return true;
		modes_finish(m, false, again);
		if (second == 0x9c)
			return true;
		modes_start(m, 0x1b);
		modes_feed_escape(m, (char)(second - 0x40), again);
		return true;
	}
	if (second >= 0xa0 && second < 0xc0 && m->state == MODES_TEXT && again)
		buf_add(again, (char[]){ C1_LEAD, c }, 2);
	return second >= 0xa0 && second < 0xc0;
}

void modes_feed(struct modes *m, const char *s, size_t len, struct buf *again)
{
	for (size_t i = 0; i < len;) {
		if (m->lead && modes_feed_second(m, s[i], again)) {
			i++;
			continue;
		}
		if (s[i] == C1_LEAD) {
			if (!modes_in_string(m))
				modes_finish(m, false,
				             again); /* no sequence contains such a byte */
			m->lead = true;
			i++;
			continue;
		}
		size_t text = i;
		while (m->state == MODES_TEXT && text < len && s[text] != 0x1b && s[text] != 0x05 &&
		       s[text] != C1_LEAD)
			text++;
		if (text > i) {
			if (again)
				buf_add(again, s + i, text - i);
			i = text;
		} else if (m->state == MODES_TEXT && s[i] == 0x05) {
			i++; /* ENQ is a query too */
		} else {
			char c = s[i++];
			if (c == 0x18 || c == 0x1a) { /* CAN and SUB abort any sequence */
				modes_finish(m, false, again);
			} else if (m->state == MODES_STRING || m->state == MODES_STRING_ESC) {
				if (c == 0x07 || (m->state == MODES_STRING_ESC && c == '\\'))
					modes_finish(m, false, again);
				else
					m->state = c == 0x1b ? MODES_STRING_ESC : MODES_STRING;
			} else if (c == 0x1b) {
				modes_start(m, c);
			} else if (m->state == MODES_ESC) {
				modes_feed_escape(m, c, again);
			} else {
				modes_feed_csi(m, c, again);
			}
		}
	}
}

bool modes_alt_screen(const struct modes *m)
{
	return m->set & MODES_ALT;
}

void modes_restore(const struct modes *m, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (m->changed & 1u << i)
			buf_addf(out, "\033[?%d%c", table[i].number,
			         table[i].on_at_start ? 'l' : 'h');
	if (m->set & MODES_KEYPAD)
		buf_puts(out, "\033=");
}

void modes_reset(const struct modes *m, struct buf *out)
{
	buf_puts(out, "\030\033\\"); /* ends any unfinished sequence */
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (!table[i].alt || m->changed & 1u << i)
			buf_addf(out, "\033[?%d%c", table[i].number,
			         table[i].on_at_start ? 'h' : 'l');
	buf_puts(out, "\033>\033[4l\033(B\017\033[m");
	if (m->set & MODES_KITTY)
		buf_puts(out, "\033[=0;1u");
	if (m->set & MODES_OTHER_KEYS)
		buf_puts(out, "\033[>4;0m");
	if (m->set & MODES_CURSOR_STYLE)
		buf_puts(out, "\033[0 q");
	buf_puts(out, "\033[r\033[999;1H\r\n");
}
