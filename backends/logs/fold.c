/* fold.c: a hand-written parser for one flat JSON object. It must be fast, because every visible
 * line passes here on every redraw. It must also reject everything that is not JSON. Nested values
 * are copied unchanged. */
#include "backends/logs/fold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/store/level.h"

#define PAIRS_MAX 64
#define NESTING_MAX 32

struct piece {
	const char *s;
	size_t len;
};
struct pair {
	struct piece key, value; /* key without its quotes; value unchanged */
};

static const char *fold_blanks(const char *s, const char *end)
{
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	return s;
}

/* The position after the closing quote; NULL: no closing quote. s is at the opening quote. */
static const char *fold_string_end(const char *s, const char *end)
{
	for (s++; s < end && *s != '"'; s++)
		if (*s == '\\')
			s++;
	return s < end ? s + 1 : NULL;
}

static const char *fold_value_end(const char *s, const char *end)
{
	int depth = 0;
	if (s < end && *s == '"')
		return fold_string_end(s, end);
	const char *from = s;
	while (s && s < end) {
		if (*s == '"') {
			s = fold_string_end(s, end);
			continue;
		}
		if (*s == '{' || *s == '[')
			depth++;
		else if (depth && (*s == '}' || *s == ']'))
			depth--;
		else if (!depth && (*s == ',' || *s == '}' || *s == ']'))
			break;
		if (depth > NESTING_MAX)
			return NULL;
		s++;
	}
	while (s && s > from && s[-1] == ' ')
		s--;
	return s && !depth && s > from ? s : NULL;
}

/* Number of pairs. 0: not an object with at least one pair. */
static size_t fold_pairs_of(const char *text, size_t len, struct pair *pairs)
{
	const char *s = fold_blanks(text, text + len), *end = text + len;
	size_t n = 0;
	while (end > s && end[-1] == ' ')
		end--;
	if (end - s < 2 || *s != '{' || end[-1] != '}')
		return 0;
	for (s = fold_blanks(s + 1, end); n < PAIRS_MAX && s < end && *s == '"'; n++) {
		const char *stop = fold_string_end(s, end);
		if (!stop)
			return 0;
		pairs[n].key = (struct piece){ s + 1, (size_t)(stop - s) - 2 };
		s = fold_blanks(stop, end);
		if (s == end || *s != ':')
			return 0;
		s = fold_blanks(s + 1, end);
		stop = fold_value_end(s, end);
		if (!stop)
			return 0;
		pairs[n].value = (struct piece){ s, (size_t)(stop - s) };
		s = fold_blanks(stop, end);
		if (s + 1 == end)
			return n + 1;
		if (s >= end || *s != ',')
			return 0;
		s = fold_blanks(s + 1, end);
	}
	return n == PAIRS_MAX ? n : 0;
}

static bool fold_is_one(struct piece key, const char *const *names)
{
	for (; *names; names++)
		if (strlen(*names) == key.len && memcmp(*names, key.s, key.len) == 0)
			return true;
	return false;
}

/* Appends a string without quotes and with simple escapes resolved. A newline becomes a blank.
 * Other values are appended unchanged. */
static void fold_add_plain(struct buf *out, struct piece v)
{
	if (v.len < 2 || *v.s != '"') {
		buf_add(out, v.s, v.len);
		return;
	}
	for (size_t i = 1; i + 1 < v.len; i++) {
		char c = v.s[i];
		if (c == '\\' && i + 2 < v.len) {
			c = v.s[++i];
			if (c == 'u') { /* rare: kept unchanged */
				buf_puts(out, "\\");
			} else if (strchr("nrtbf", c)) {
				c = ' ';
			}
		}
		buf_add(out, &c, 1);
	}
}

static const char *const levels[] = { "level",    "lvl",       "severity", "levelname",
	                              "loglevel", "log.level", NULL };
static const char *const messages[] = { "msg", "message", "event", "log", NULL };
static const char *const times[] = { "ts",      "time",     "timestamp", "@timestamp", "t",
	                             "asctime", "datetime", "date",      NULL };

/* Appends a level. A numeric level becomes a word. */
static void fold_add_level(struct buf *out, struct piece v)
{
	char key[32];
	if (v.len && v.len < 8 && *v.s >= '0' && *v.s <= '9') {
		int n = snprintf(key, sizeof(key), "level=%.*s", (int)v.len, v.s);
		enum log_level level = level_guess(key, (size_t)n);
		if (level) {
			buf_puts(out, level_name(level));
			return;
		}
	}
	fold_add_plain(out, v);
}

static void fold_add_first(struct buf *out, const struct pair *pairs, size_t n,
                           const char *const *names, size_t *taken)
{
	*taken = n;
	for (size_t i = 0; i < n; i++) {
		if (!fold_is_one(pairs[i].key, names))
			continue;
		if (out->len)
			buf_puts(out, " ");
		if (names == levels)
			fold_add_level(out, pairs[i].value);
		else
			fold_add_plain(out, pairs[i].value);
		*taken = i;
		return;
	}
}

bool fold_json(const char *text, size_t len, struct buf *out)
{
	struct pair pairs[PAIRS_MAX];
	size_t n = fold_pairs_of(text, len, pairs), level, message;
	if (!n)
		return false;
	fold_add_first(out, pairs, n, levels, &level);
	fold_add_first(out, pairs, n, messages, &message);
	for (size_t i = 0; i < n; i++) {
		if (i == level || i == message || fold_is_one(pairs[i].key, times))
			continue;
		if (out->len)
			buf_puts(out, " ");
		buf_add(out, pairs[i].key.s, pairs[i].key.len);
		buf_puts(out, "=");
		/* A value with blanks keeps its quotes in key=value. */
		if (pairs[i].value.len > 2 && *pairs[i].value.s == '"' &&
		    !memchr(pairs[i].value.s, ' ', pairs[i].value.len) &&
		    !memchr(pairs[i].value.s, '\\', pairs[i].value.len))
			fold_add_plain(out, pairs[i].value);
		else
			buf_add(out, pairs[i].value.s, pairs[i].value.len);
	}
	return true;
}

#define YEAR_2000 946684800.0
#define YEAR_2100 4102444800.0

/* Reads a number as s, ms, µs or ns since 1970: the unit that gives a time of this century. */
static int64_t fold_number_time(struct piece v)
{
	char text[40], *end;
	if (v.len >= sizeof(text))
		return 0;
	memcpy(text, v.s, v.len);
	text[v.len] = '\0';
	double n = strtod(text, &end);
	if (*end)
		return 0;
	for (double unit = 1; unit <= 1e9; unit *= 1000)
		if (n / unit >= YEAR_2000 && n / unit < YEAR_2100)
			return (int64_t)(n / unit * 1e6 + 0.5);
	return 0;
}

int64_t json_time(const char *text, size_t len, struct zone zone)
{
	struct pair pairs[PAIRS_MAX];
	size_t n = fold_pairs_of(text, len, pairs);
	for (size_t i = 0; i < n; i++) {
		struct piece v = pairs[i].value;
		bool quoted = v.len > 2 && *v.s == '"';
		struct piece inner = quoted ? (struct piece){ v.s + 1, v.len - 2 } : v;
		int64_t us = 0;
		if (fold_is_one(pairs[i].key, times) && quoted && *inner.s != '{')
			us = stamp_find(inner.s, inner.len, zone);
		if (fold_is_one(pairs[i].key, times) && !us)
			us = fold_number_time(inner);
		if (us)
			return us;
	}
	return 0;
}

static void fold_add_deeper(struct buf *out, struct piece v, int depth)
{
	struct pair pairs[PAIRS_MAX];
	size_t n = depth < 4 ? fold_pairs_of(v.s, v.len, pairs) : 0;
	for (size_t i = 0; i < n; i++) {
		buf_addf(out, "%s%*s%.*s: ", out->len ? "\n" : "", depth * 2, "",
		         (int)pairs[i].key.len, pairs[i].key.s);
		if (*pairs[i].value.s == '{')
			fold_add_deeper(out, pairs[i].value, depth + 1);
		else
			fold_add_plain(out, pairs[i].value);
	}
	if (!n)
		buf_add(out, v.s, v.len);
}

bool unfold_json(const char *text, size_t len, struct buf *out)
{
	struct pair pairs[PAIRS_MAX];
	if (!fold_pairs_of(text, len, pairs))
		return false;
	fold_add_deeper(out, (struct piece){ text, len }, 0);
	return true;
}
