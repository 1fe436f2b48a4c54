/* fuzzy.c: matches words against names.
 *
 * Each word is first searched as a substring, as most people type. Otherwise it is searched as a
 * subsequence inside one word of the text. This limit keeps long rows from matching everything.
 * Characters are compared one by one, with case folding by utf8proc. ASCII, the usual case, is
 * folded without it. */
#include "tui/fuzzy.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define SPREAD 4 /* a subsequence spans at most that many times its length */

enum {
	SCORE_EXACT = 100,
	SCORE_START = 40,
	SCORE_CHAR = 4,
	SCORE_NEXT = 4,
	SCORE_GAP = -1,
	SCORE_FUZZY = 10
};

static unsigned fuzzy_fold(unsigned c, bool exact)
{
	if (exact)
		return c;
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	return (unsigned)utf8proc_tolower((utf8proc_int32_t)c);
}

/* Reads the character at *s and advances. A byte that is not UTF-8 gets a value above Unicode. */
static unsigned fuzzy_next_char(const char **s)
{
	utf8proc_int32_t c;
	utf8proc_ssize_t n;

	if (!(**s & 0x80))
		return (unsigned char)*(*s)++;
	n = utf8proc_iterate((const utf8proc_uint8_t *)*s, -1, &c);
	if (n <= 0)
		return 0x110000u + (unsigned char)*(*s)++;
	*s += n;
	return (unsigned)c;
}

bool text_has_upper(const char *s)
{
	while (*s) {
		unsigned c = fuzzy_next_char(&s);
		if (c < 0x110000 && fuzzy_fold(c, false) != c)
			return true;
	}
	return false;
}

/* --- compiling ----------------------------------------------------------- */

void fuzzy_compile(struct fuzzy *f, const char *pattern)
{
	f->n = 0;
	while (pattern && *pattern && f->n < FUZZY_WORDS) {
		size_t len;
		pattern += strspn(pattern, " \t");
		len = strcspn(pattern, " \t");
		if (len) {
			struct fuzzy_word *w = &f->words[f->n];
			const char *s = pattern;
			const char *end = s + len;
			bool upper = false;

			memset(w, 0, sizeof(*w));
			w->ascii = true;
			if (*s == '!') {
				w->inverted = true;
				s++;
			}
			while (s < end && w->n < FUZZY_WORD_MAX) {
				unsigned c = fuzzy_next_char(&s);
				w->chars[w->n++] = c;
				w->ascii = w->ascii && c < 0x80;
				upper = upper || (c < 0x110000 && fuzzy_fold(c, false) != c);
			}
			w->exact_case = upper;
		}
		if (len && f->words[f->n].n) /* a lone "!" is not a word yet */
			f->n++;
		pattern += len;
	}
}

/* --- matching one word --------------------------------------------------- */

static bool fuzzy_is_start(const char *text, const char *at)
{
	if (at == text)
		return true;
	return strchr(" -_/.:@,=()[]", at[-1]) != NULL;
}

/* The bytes of w matched at s; 0: no match. */
static size_t fuzzy_word_at(const struct fuzzy_word *w, const char *s)
{
	const char *from = s;

	for (size_t i = 0; i < w->n; i++)
		if (!*s || fuzzy_fold(fuzzy_next_char(&s), w->exact_case) != w->chars[i])
			return 0;
	return (size_t)(s - from);
}

/* The best position of w as a substring: at the start of a part of a name, else the first. */
static const char *fuzzy_substring(const struct fuzzy_word *w, const char *text, size_t *len)
{
	const char *found = NULL, *s = text;
	unsigned first = w->chars[0];

	while (*s) {
		const char *at = s;
		size_t n;
		if (fuzzy_fold(fuzzy_next_char(&s), w->exact_case) != first ||
		    !(n = fuzzy_word_at(w, at)))
			continue;
		if (!found || fuzzy_is_start(text, at)) {
			found = at;
			*len = n;
		}
		if (fuzzy_is_start(text, at))
			break;
	}
	return found;
}

/* Positions of the characters of a subsequence. */
struct trail {
	const char *at[FUZZY_WORD_MAX];
	unsigned char size[FUZZY_WORD_MAX];
};

/* The first subsequence from s on, within one word of the text. False: none starts at s. */
static bool fuzzy_follow_trail(const struct fuzzy_word *w, const char *s, struct trail *t)
{
	size_t i = 0, seen = 0, limit = w->n * SPREAD + SPREAD;

	while (i < w->n && *s && *s != ' ' && seen++ < limit) {
		const char *at = s;
		if (fuzzy_fold(fuzzy_next_char(&s), w->exact_case) != w->chars[i])
			continue;
		t->at[i] = at;
		t->size[i++] = (unsigned char)(s - at);
	}
	return i == w->n;
}

static int fuzzy_trail_score(const struct fuzzy_word *w, const char *text, const struct trail *t)
{
	int score = SCORE_FUZZY;

	for (size_t i = 0; i < w->n; i++) {
		score += SCORE_CHAR + (fuzzy_is_start(text, t->at[i]) ? SCORE_CHAR : 0);
		if (i && t->at[i] == t->at[i - 1] + t->size[i - 1])
			score += SCORE_NEXT;
		else if (i)
			score += SCORE_GAP *
			         (int)(t->at[i] - t->at[i - 1] > 8 ? 8 : t->at[i] - t->at[i - 1]);
	}
	return score > 1 ? score : 1;
}

static int fuzzy_subsequence(const struct fuzzy_word *w, const char *text, struct trail *best)
{
	int best_score = 0;
	struct trail t;
	const char *s = text;

	if (w->n < 2)
		return 0;
	while (*s) {
		const char *at = s;
		int score;
		if (fuzzy_fold(fuzzy_next_char(&s), w->exact_case) != w->chars[0] ||
		    !fuzzy_follow_trail(w, at, &t))
			continue;
		score = fuzzy_trail_score(w, text, &t);
		if (score > best_score) {
			best_score = score;
			*best = t;
		}
	}
	return best_score;
}

/* --- hits ---------------------------------------------------------------- */

static void fuzzy_add_hit(struct fuzzy_hits *h, const char *text, const char *at, size_t len)
{
	if (!h || h->n == FUZZY_HITS)
		return;
	h->hit[h->n].at = (unsigned)(at - text);
	h->hit[h->n++].len = (unsigned)len;
}

static int fuzzy_by_place(const void *a, const void *b)
{
	const unsigned *x = a, *y = b;

	return x[0] < y[0] ? -1 : x[0] > y[0];
}

static void fuzzy_tidy_hits(struct fuzzy_hits *h)
{
	size_t n = 0;

	qsort(h->hit, h->n, sizeof(h->hit[0]), fuzzy_by_place);
	for (size_t i = 0; i < h->n; i++) {
		unsigned end = n ? h->hit[n - 1].at + h->hit[n - 1].len : 0;
		unsigned this_end = h->hit[i].at + h->hit[i].len;
		if (n && h->hit[i].at <= end) {
			if (this_end > end)
				h->hit[n - 1].len = this_end - h->hit[n - 1].at;
		} else {
			h->hit[n++] = h->hit[i];
		}
	}
	h->n = n;
}

static int fuzzy_match_word(const struct fuzzy_word *w, const char *text, struct fuzzy_hits *h)
{
	size_t len = 0;
	const char *at = fuzzy_substring(w, text, &len);
	struct trail t;
	int score;

	if (w->inverted)
		return at ? 0 : 1;
	if (at) {
		fuzzy_add_hit(h, text, at, len);
		return SCORE_EXACT + (fuzzy_is_start(text, at) ? SCORE_START : 0) + (int)w->n;
	}
	score = fuzzy_subsequence(w, text, &t);
	for (size_t i = 0; score && i < w->n; i++)
		fuzzy_add_hit(h, text, t.at[i], t.size[i]);
	return score;
}

int fuzzy_match(const struct fuzzy *f, const char *text, struct fuzzy_hits *hits)
{
	int score = 1;

	if (hits)
		hits->n = 0;
	for (size_t i = 0; i < f->n; i++) {
		int s = fuzzy_match_word(&f->words[i], text, hits);
		if (!s) {
			if (hits)
				hits->n = 0;
			return 0;
		}
		score += s;
	}
	if (hits)
		fuzzy_tidy_hits(hits);
	return score;
}

void fuzzy_marks(const struct fuzzy *f, const char *text, struct fuzzy_hits *hits)
{
	hits->n = 0;
	for (size_t i = 0; i < f->n; i++)
		if (!f->words[i].inverted)
			fuzzy_match_word(&f->words[i], text, hits);
	fuzzy_tidy_hits(hits);
}

/* The bytes of needle matched at s, ignoring case; 0: no match. */
static size_t fuzzy_folded_at(const char *s, const char *needle)
{
	const char *from = s;

	while (*needle)
		if (!*s || fuzzy_fold(fuzzy_next_char(&s), false) !=
		                   fuzzy_fold(fuzzy_next_char(&needle), false))
			return 0;
	return (size_t)(s - from);
}

long text_find(const char *text, size_t at, const char *needle, bool ignore_case, size_t *len)
{
	const char *s = text + at;

	if (!*needle)
		return -1;
	if (!ignore_case) {
		s = strstr(s, needle);
		*len = strlen(needle);
		return s ? s - text : -1;
	}
	for (; *s; fuzzy_next_char(&s))
		if ((*len = fuzzy_folded_at(s, needle)))
			return s - text;
	return -1;
}
