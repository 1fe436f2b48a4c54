/* wash.c: make foreign bytes safe to print.
 *
 * One pass over the bytes. Escape sequences are recognized by their form in ECMA-48 and removed as
 * a whole. So "ESC[31mred" becomes "red" and not "[31mred". The Unicode category decides about
 * other characters. Letters, marks, numbers, signs and spaces stay. Control characters, hidden
 * characters and those of unclear width are removed. */
#include "backends/base/wash.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "backends/base/mem.h"

#define MARKS_MAX 4     /* combining marks per character; more would overwrite the line above */
#define STRING_MAX 4096 /* most bytes that an unfinished OSC or DCS may swallow */
static const char replacement[] = "\xEF\xBF\xBD";

/* Length of a sequence after its introducer: [ ] P X ^ _ or intermediates and a final byte. kind is
 * the byte after ESC, or the equivalent C1 code minus 0x40. */
static size_t wash_skip_sequence(unsigned char kind, const unsigned char *rest, size_t len)
{
	size_t i = 0;
	if (kind == '[') {
		/* parameters 0x30-0x3f, intermediates 0x20-0x2f, one final byte 0x40-0x7e */
		while (i < len && rest[i] >= 0x20 && rest[i] <= 0x3f)
			i++;
		return i < len && rest[i] >= 0x40 && rest[i] <= 0x7e ? i + 1 : i;
	}
	if (kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_') {
		/* Length of a string sequence (OSC, DCS, SOS, PM, APC) with its body at s, up to
		 * BEL or ST. A line break also ends the sequence, so that a broken one does not
		 * swallow the text after it. */
		for (; i < len && i < STRING_MAX; i++) {
			if (rest[i] == 0x07)
				return i + 1;
			if (rest[i] == '\n' || rest[i] == '\r')
				return i;
			if (rest[i] == 0x1b)
				return i + 1 < len && rest[i + 1] == '\\' ? i + 2 : i;
			if (rest[i] == 0xc2 && i + 1 < len && rest[i + 1] == 0x9c)
				return i + 2;
		}
		return i;
	}
	return 0;
}

static size_t wash_skip_escape(const unsigned char *s, size_t len) /* s is after the ESC */
{
	if (!len)
		return 0;
	/* intermediates: charset switches and similar */
	if (s[0] >= 0x20 && s[0] <= 0x2f) {
		size_t i = 0;
		while (i < len && s[i] >= 0x20 && s[i] <= 0x2f)
			i++;
		return i < len && s[i] >= 0x30 && s[i] <= 0x7e ? i + 1 : i;
	}
	if (s[0] >= 0x30 && s[0] <= 0x7e)
		return 1 + wash_skip_sequence(s[0], s + 1, len - 1);
	return 0;
}

enum fate { KEEP, MARK, SPACE, DROP };

static enum fate wash_judge(int32_t c)
{
	if ((c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0000 && c <= 0xe0fff) || c == 0x034f ||
	    c == 0x3164 || c == 0x115f || c == 0x1160 || c == 0xffa0)
		return DROP; /* variation selectors, tags, fillers: terminals disagree on widths */
	switch (utf8proc_category(c)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CN: return DROP;
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
	case UTF8PROC_CATEGORY_ZS: return SPACE;
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_ME: return MARK;
	default: return utf8proc_charwidth(c) > 0 ? KEEP : DROP;
	}
}

struct out {
	char *dst;
	size_t size, len;
	unsigned marks; /* on the last character */
	bool any;       /* there is a character for marks */
	bool full;      /* no more room */
};

static void wash_put(struct out *o, const void *bytes, size_t n)
{
	if (o->len + n >= o->size) {
		o->full = true;
		return;
	}
	memcpy(o->dst + o->len, bytes, n);
	o->len += n;
}

static void wash_put_char(struct out *o, int32_t c, const unsigned char *s, size_t n)
{
	switch (wash_judge(c)) {
	case KEEP:
		wash_put(o, s, n);
		o->marks = 0;
		o->any = true;
		break;
	case MARK:
		if (o->any && o->marks++ < MARKS_MAX)
			wash_put(o, s, n);
		break;
	case SPACE:
		wash_put(o, " ", 1);
		o->marks = 0;
		break;
	case DROP: break;
	}
}

/* Washes one character or sequence at s. Returns its length in src. */
static size_t wash_one(struct out *o, const unsigned char *s, size_t len)
{
	if (*s == 0x1b)
		return 1 + wash_skip_escape(s + 1, len - 1);
	if (*s < 0x20 || *s == 0x7f) {
		if (*s == '\t' || *s == '\n' || *s == '\r')
			wash_put(o, " ", 1);
		return 1;
	}
	int32_t c;
	utf8proc_ssize_t n = utf8proc_iterate(s, (utf8proc_ssize_t)len, &c);
	if (n <= 0) {
		wash_put(o, replacement, 3);
		o->marks = 0;
		return 1;
	}
	if (c >= 0x80 && c <= 0x9f)
		return (size_t)n +
		       wash_skip_sequence((unsigned char)(c - 0x40), s + n, len - (size_t)n);
	wash_put_char(o, c, s, (size_t)n);
	return (size_t)n;
}

/* Washes as much of src as fits. *used gets the number of bytes taken from src. */
static size_t wash_part(char *dst, size_t size, const char *src, size_t len, size_t *used)
{
	struct out o = { .dst = dst, .size = size };
	const unsigned char *s = (const unsigned char *)src;
	size_t i = 0;
	while (i < len && !o.full) {
		size_t run = 0; /* of plain characters, which are nearly all */
		while (i + run < len && s[i + run] >= 0x20 && s[i + run] < 0x7f)
			run++;
		if (run) {
			size_t room = size - 1 - o.len;
			wash_put(&o, s + i, run < room ? run : room);
			o.full = run > room;
			o.marks = 0;
			o.any = true;
			i += run < room ? run : room;
		} else {
			size_t n = wash_one(&o, s + i, len - i);
			i += o.full ? 0 : n;
		}
	}
	dst[o.len] = '\0';
	if (used)
		*used = i;
	return o.len;
}

size_t wash(char *dst, size_t size, const char *src, size_t len)
{
	if (size)
		return wash_part(dst, size, src, src ? len : 0, NULL);
	return 0;
}

char *wash_ndup(const char *src, size_t len, size_t max)
{
	static const char more[] = "\xE2\x80\xA6";
	if (!src)
		return NULL;
	if (!max)
		max = WASH_MAX;
	/* An invalid byte becomes three bytes, so three times len is enough. The result never
	 * exceeds max. */
	size_t size = len < max / 3 ? len * 3 + 1 : max + 1;
	char *dst = xcalloc(1, size);
	size_t used, n = wash_part(dst, size, src, len, &used);
	if (used < len && max > sizeof(more)) {
		while (n + sizeof(more) > size || (n && ((unsigned char)dst[n] & 0xc0) == 0x80))
			n--;
		memcpy(dst + n, more, sizeof(more));
	}
	return dst;
}

char *wash_dup(const char *src, size_t max)
{
	return src ? wash_ndup(src, strlen(src), max) : NULL;
}

static int wash_width_of(const char *s, size_t *n)
{
	if ((unsigned char)*s < 0x80) {
		*n = 1;
		return 1;
	}
	int32_t c;
	utf8proc_ssize_t len = utf8proc_iterate((const unsigned char *)s, -1, &c);
	*n = len > 0 ? (size_t)len : 1;
	return len > 0 ? utf8proc_charwidth(c) : 1;
}

size_t cells(const char *s)
{
	size_t total = 0, n;
	for (; *s; s += n)
		total += (size_t)wash_width_of(s, &n);
	return total;
}

size_t cells_fit(const char *s, size_t width, size_t *used)
{
	size_t i = 0, total = 0, n;
	while (s[i]) {
		size_t w = (size_t)wash_width_of(s + i, &n);
		if (total + w > width)
			break;
		total += w;
		i += n;
	}
	if (used)
		*used = total;
	return i;
}

/* The longest suffix of s that fits in width cells. */
static const char *wash_suffix(const char *s, size_t width)
{
	size_t total = cells(s), n;
	while (*s && total > width) {
		total -= (size_t)wash_width_of(s, &n);
		s += n;
	}
	/* skip marks whose base character was cut off */
	while (((unsigned char)*s & 0x80) && wash_width_of(s, &n) == 0)
		s += n;
	return s;
}

size_t cells_cut(char *dst, size_t size, const char *s, size_t width, enum cut cut,
                 const char *ellipsis)
{
	size_t dots = cells(ellipsis);
	if (!size)
		return 0;
	const char *tail = "";
	size_t head = cells_fit(s, width, NULL);
	if (s[head] && width > dots) {
		size_t room = width - dots, back = cut == CUT_MIDDLE ? room / 2 : 0;
		head = cells_fit(s, room - back, NULL);
		tail = wash_suffix(s + head, back);
	} else {
		ellipsis = "";
	}
	size_t need = head + strlen(ellipsis) + strlen(tail);
	if (need >= size) {
		wash(dst, size, s, head);
		return cells(dst);
	}
	memcpy(dst, s, head);
	strcpy(dst + head, ellipsis);
	strcat(dst + head, tail);
	return cells(dst);
}
