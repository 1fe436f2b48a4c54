/* pager_draw.c: draws lines of docs and logs. Only visible lines are laid out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/logs/stamp.h"
#include "tui/pager_internal.h"

#define LABEL_MAX 30    /* cells of the left column of a doc: the keys of one action fit */
#define LABEL_NARROW 24 /* the same where the text needs the room */
#define LABEL_WIDE_FROM 70
#define LABEL_GAP 2
#define SOURCE_CELLS 22
#define SOURCE_LEAST 8
#define DATE_WIDTH 60     /* screen width from which full times include the date */
#define WRAP_MIN 8        /* least width of the text */
#define ROW_BYTES 4096    /* bytes of one row of the screen */
#define MATCH_BYTES 1024  /* a visible match may reach that many bytes beyond the visible text */
#define CELL_BYTES 4      /* bytes per cell in most texts */
#define HISTOGRAM_LEAST 4 /* least rows of text below the histogram */

/* --- what a line is ------------------------------------------------------ */

static void pager_draw_stamp_of(const struct pager *p, int64_t time_us, char *buf, size_t size)
{
	time_t s = (time_t)(time_us / 1000000);
	struct tm tm;

	*buf = 0;
	if (p->times == PAGER_TIME_NONE)
		return;
	bool narrow = p->width < DATE_WIDTH; /* a date would leave no room for the text */
	if (time_us <= 0 || !localtime_r(&s, &tm)) {
		int blank;
		if (p->times == PAGER_TIME_CLOCK)
			blank = 9;
		else if (narrow)
			blank = 13;
		else
			blank = 24;
		snprintf(buf, size, "%*s", blank, "");
		return;
	}
	if (p->times == PAGER_TIME_CLOCK) {
		strftime(buf, size, "%H:%M:%S ", &tm);
	} else {
		size_t n = strftime(buf, size, narrow ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm);
		snprintf(buf + n, size - n, ".%03d ", (int)(time_us / 1000 % 1000));
	}
}

static void pager_draw_source_name(const struct log *log, unsigned source, bool servers, char *buf,
                                   size_t size)
{
	static const char suffix[] = ".service";
	const char *name = log_source_name(log, source), *slash = strrchr(name, '/');
	if (servers)
		snprintf(buf, size, "%.*s/%s", (int)strcspn(name, "/"), name,
		         slash ? slash + 1 : "");
	else
		snprintf(buf, size, "%s", slash ? slash + 1 : name);
	size_t n = strlen(buf);
	if (n > strlen(suffix) && strcmp(buf + n - strlen(suffix), suffix) == 0)
		buf[n - strlen(suffix)] = '\0';
}

/* All source names get the width of the widest, so that texts are aligned. The maximum is a quarter
 * of the screen, within limits. */
static size_t pager_draw_source_width(const struct pager *p, bool servers)
{
	char name[256];
	const struct log *log = p->log;
	size_t widest = 0, most = SOURCE_CELLS;
	if (p->width / 4 < SOURCE_LEAST)
		most = SOURCE_LEAST;
	else if (p->width / 4 < SOURCE_CELLS)
		most = (size_t)p->width / 4;
	for (unsigned i = 0; i < log_sources(log) && widest < most; i++) {
		pager_draw_source_name(log, i, servers, name, sizeof(name));
		size_t w = cells(name);
		widest = w > widest ? w : widest;
	}
	return widest < most ? widest : most;
}

static void pager_draw_source_of(const struct pager *p, unsigned source, char *buf, size_t size)
{
	char name[256], cut[SOURCE_CELLS * 4];

	*buf = 0;
	if (log_sources(p->log) < 2) /* one source needs no name */
		return;
	/* Do the sources belong to several servers? Then their names include the server. */
	const char *first = log_source_name(p->log, 0);
	size_t n = strcspn(first, "/");
	bool servers = false;
	for (unsigned i = 1; i < log_sources(p->log) && !servers; i++) {
		const char *other = log_source_name(p->log, i);
		servers = strcspn(other, "/") != n || strncmp(other, first, n) != 0;
	}
	size_t width = pager_draw_source_width(p, servers);
	pager_draw_source_name(p->log, source, servers, name, sizeof(name));
	cells_cut(cut, sizeof(cut), name, width, CUT_MIDDLE, glyph_ellipsis());
	snprintf(buf, size, "%s%*s", cut, (int)(width - cells(cut)) + 1, "");
}

static enum tone pager_draw_level_tone(const struct log_line *l)
{
	static const enum tone tones[] = {
		[LOG_LEVEL_UNKNOWN] = TONE_PLAIN, [LOG_LEVEL_DEBUG] = TONE_DIM,
		[LOG_LEVEL_INFO] = TONE_PLAIN,    [LOG_LEVEL_NOTICE] = TONE_PLAIN,
		[LOG_LEVEL_WARN] = TONE_WARN,     [LOG_LEVEL_ERROR] = TONE_BAD,
	};

	if (l->mark == LOG_GAP)
		return TONE_STALE;
	return l->level < ARRAY_LEN(tones) ? tones[l->level] : TONE_PLAIN;
}

static const enum tone doc_tones[] = {
	[DOC_PLAIN] = TONE_PLAIN, [DOC_HEAD] = TONE_TITLE_FOCUS, [DOC_LABEL] = TONE_LABEL,
	[DOC_DIM] = TONE_DIM,     [DOC_GOOD] = TONE_GOOD,        [DOC_WARN] = TONE_WARN,
	[DOC_BAD] = TONE_BAD,     [DOC_CODE] = TONE_CODE,
};

bool pager_line(const struct pager *p, uint64_t line, struct laid *out)
{
	memset(out, 0, sizeof(*out));
	if (p->log) {
		const struct log_line *l = log_get(p->log, line);
		if (!l)
			return false;
		pager_draw_stamp_of(p, l->time_us, out->stamp, sizeof(out->stamp));
		pager_draw_source_of(p, l->source, out->source, sizeof(out->source));
		if (l->mark == LOG_GAP) /* a note of mocr, not a line of the source */
			snprintf(out->source + strlen(out->source),
			         sizeof(out->source) - strlen(out->source), "%s%s ", glyph_rule(),
			         glyph_rule());
		else if (l->level >= LOG_LEVEL_WARN)
			snprintf(out->source + strlen(out->source),
			         sizeof(out->source) - strlen(out->source), "%s ",
			         glyph_health(l->level == LOG_LEVEL_ERROR ? HEALTH_BAD
			                                                  : HEALTH_ATTENTION));
		out->text = logview_text(p->view, l);
		/* The time at the start of the text is skipped if it equals the stamp before it. */
		bool stamped = p->times != PAGER_TIME_NONE && l->mark != LOG_GAP;
		if (stamped && out->text == l->text && !p->view->flat)
			out->text += stamp_said(l->text, l->len, l->time_us,
			                        p->times == PAGER_TIME_CLOCK ? 1000000 : 1000);
		out->tone = pager_draw_level_tone(l);
		out->source_tone = TONE_SOURCE_1 + l->source % (TONE_SOURCE_6 - TONE_SOURCE_1 + 1);
		out->marked = keys_have(&p->view->marks, l);
		out->bookmarked = keys_have(&p->view->bookmarks, l);
		return true;
	}
	if (!p->doc || !line || line > p->doc->n)
		return false;
	out->label = p->doc->lines[line - 1].label;
	out->label_tone = TONE_LABEL;
	out->text = p->doc->lines[line - 1].text ? p->doc->lines[line - 1].text : "";
	unsigned tone = p->doc->lines[line - 1].tone;
	out->tone = tone < ARRAY_LEN(doc_tones) ? doc_tones[tone] : TONE_PLAIN;
	return true;
}

void pager_doc_changed(struct pager *p)
{
	size_t widest = 0;

	for (size_t i = 0; p->doc && i < p->doc->n; i++) {
		size_t w = p->doc->lines[i].label ? cells(p->doc->lines[i].label) : 0;
		widest = w > widest ? w : widest;
	}
	p->label_width = (int)(widest < LABEL_MAX ? widest : LABEL_MAX);
}

/* --- rows of a line ------------------------------------------------------ */

static int pager_draw_label_width(const struct pager *p)
{
	int most = p->width < LABEL_WIDE_FROM ? LABEL_NARROW : LABEL_MAX;
	return p->label_width < most ? p->label_width : most;
}

/* Cells before the text. */
static int pager_draw_indent(const struct pager *p, const struct laid *l)
{
	if (p->log)
		return (int)(cells(l->stamp) + cells(l->source));
	return l->label && p->label_width ? pager_draw_label_width(p) + LABEL_GAP : 0;
}

static size_t pager_draw_text_width(const struct pager *p, const struct laid *l)
{
	int width = p->width - pager_draw_indent(p, l);

	return (size_t)(width > WRAP_MIN ? width : WRAP_MIN);
}

/* Bytes of the next row of text. Breaks at the last space that fits, if there is one in the second
 * half. */
static size_t pager_draw_row_bytes(const char *text, size_t width)
{
	size_t used, n = cells_fit(text, width, &used), space = n;
	size_t line = strcspn(text, "\n"); /* only unfolded text contains newlines */

	if (line <= n)
		return line;
	if (!text[n])
		return n;
	if (!n) /* a character wider than the row */
		return strlen(text) < 4 ? strlen(text) : 4;
	if (text[n] == ' ')
		return n;
	while (space > n / 2 && text[space - 1] != ' ')
		space--;
	return space > n / 2 ? space : n;
}

static const char *pager_draw_next_row(const char *text, size_t width)
{
	text += pager_draw_row_bytes(text, width);
	return *text == ' ' || *text == '\n' ? text + 1 : text;
}

static bool pager_draw_wraps(const struct pager *p, const struct laid *l)
{
	return p->wrap || (p->view && p->view->unfolded.n && strchr(l->text, '\n'));
}

size_t pager_rows(const struct pager *p, uint64_t line)
{
	struct laid l;
	size_t rows = 1, width;

	if ((!p->wrap && !(p->view && p->view->unfolded.n)) || !pager_line(p, line, &l) ||
	    !pager_draw_wraps(p, &l))
		return 1;
	width = pager_draw_text_width(p, &l);
	for (const char *s = pager_draw_next_row(l.text, width); *s;
	     s = pager_draw_next_row(s, width))
		rows++;
	return rows;
}

/* --- drawing ------------------------------------------------------------- */

static int pager_draw_cells_between(const char *from, size_t n)
{
	char part[ROW_BYTES];

	snprintf(part, sizeof(part), "%.*s", (int)n, from);
	return (int)cells(part);
}

/* Iterates over the matches of a whole line. A match may cross the rows of a wrapped line. */
struct found {
	const struct match *match;
	const char *text;
	size_t len, start, end;
	bool any;
};

static void pager_draw_found_next(struct found *f, size_t at)
{
	f->any = f->match && at < f->len &&
	         match_find(f->match, f->text, f->len, at, &f->start, &f->end);
}

/* Searches no more than needed: a line may have 64 KB and is drawn on each key. */
static struct found pager_draw_found_in(const struct pager *p, const char *text, size_t seen)
{
	struct found f = { .match = p->match,
		           .text = text,
		           .len = strnlen(text, seen + MATCH_BYTES) };
	pager_draw_found_next(&f, 0);
	return f;
}

/* Marks the matches within n bytes of the text from `from` on, which were drawn at x. */
static void pager_draw_found(struct found *f, const struct canvas *c, int y, int x, size_t from,
                             size_t n)
{
	for (; f->any && f->start < from + n; pager_draw_found_next(f, f->end)) {
		size_t start = f->start > from ? f->start : from;
		size_t end = f->end < from + n ? f->end : from + n;
		if (end > start)
			canvas_retone(c, y,
			              x + pager_draw_cells_between(f->text + from, start - from),
			              pager_draw_cells_between(f->text + start, end - start),
			              TONE_MATCH);
		if (f->end > from + n)
			return;
	}
}

static void pager_draw_prefix(const struct pager *p, const struct canvas *c, int y,
                              const struct laid *l)
{
	int x = canvas_text(c, y, 0, -1, l->bookmarked ? TONE_MARK : TONE_DIM, l->stamp);
	char label[LABEL_MAX * 4 + 8];

	canvas_text(c, y, x, -1, l->source_tone, l->source);
	const char *sign = canvas_ascii() ? "*" : "◆";
	if (l->bookmarked)
		canvas_text(c, y, x ? x - 1 : 0, 1, TONE_MARK, sign);
	if (!l->label || !p->label_width)
		return;
	int width = pager_draw_label_width(p);
	cells_cut(label, sizeof(label), l->label, (size_t)width, CUT_MIDDLE,
	          glyph_ellipsis());
	canvas_text(c, y, 0, width, l->label_tone, label);
	struct found found = pager_draw_found_in(p, label, sizeof(label));
	pager_draw_found(&found, c, y, 0, 0, found.len);
}

static void pager_draw_piece(struct found *found, const struct canvas *c, int y, int x,
                             const struct laid *l, const char *text, size_t n)
{
	char row[ROW_BYTES];

	n = n < sizeof(row) ? n : sizeof(row) - 1;
	snprintf(row, sizeof(row), "%.*s", (int)n, text);
	canvas_text(c, y, x, -1, l->tone, row);
	pager_draw_found(found, c, y, x, (size_t)(text - l->text), n);
}

/* Draws the rows of a line, starting with row `skip`, at y. Returns the number of rows. */
static int pager_draw_wrapped(const struct pager *p, const struct canvas *c, int y,
                              const struct laid *l, size_t skip)
{
	size_t width = pager_draw_text_width(p, l), row = 0;
	int x = pager_draw_indent(p, l), from = y;
	const char *s = l->text;
	struct found found = pager_draw_found_in(p, l->text,
	                                         (skip + (size_t)c->height) * width * CELL_BYTES);

	do {
		size_t n = pager_draw_row_bytes(s, width);
		if (row >= skip && y < c->height) {
			if (row == 0)
				pager_draw_prefix(p, c, y, l);
			pager_draw_piece(&found, c, y++, x, l, s, n);
		}
		s = pager_draw_next_row(s, width);
		row++;
	} while (*s && y < c->height);
	return y - from;
}

static void pager_draw_flat(const struct pager *p, const struct canvas *c, int y,
                            const struct laid *l)
{
	int x = pager_draw_indent(p, l), width = c->width - x;
	const char *s = l->text;
	size_t used = 0, n;
	struct canvas rest = canvas_part(c, y, x, 1, -1);

	pager_draw_prefix(p, c, y, l);
	if (p->side)
		s += cells_fit(s, (size_t)p->side, &used);
	n = cells_fit(s, width > 0 ? (size_t)width : 0, &used);
	struct found found = pager_draw_found_in(p, l->text, (size_t)(s - l->text) + n);
	pager_draw_piece(&found, &rest, 0, 0, l, s, n);
	if (s[n] && width > 0)
		canvas_text(&rest, 0, width - 1, 1, TONE_DIM, canvas_ascii() ? ">" : "›");
	if (p->side && *l->text && width > 0)
		canvas_text(&rest, 0, 0, 1, TONE_DIM, canvas_ascii() ? "<" : "‹");
}

static void pager_draw_lines(const struct pager *p, const struct canvas *c)
{
	struct place at = p->top;
	struct laid l;

	for (int y = 0; y < c->height && at.line && pager_line(p, at.line, &l);
	     at.line = pager_next(p, at.line), at.row = 0) {
		int from = y;
		if (pager_draw_wraps(p, &l)) {
			y += pager_draw_wrapped(p, c, y, &l, at.row);
		} else {
			pager_draw_flat(p, c, y, &l);
			y++;
		}
		bool under_cursor = p->log && !p->follow && at.line == p->cursor;
		for (; from < y; from++) {
			if (l.marked)
				canvas_row_tone(c, from, TONE_MARK);
			if (under_cursor)
				canvas_row_tone(c, from, TONE_CURSOR);
		}
	}
}

void pager_draw(struct pager *p, const struct canvas *c)
{
	struct canvas text = *c;

	canvas_clear(c);
	if (p->typing && c->height > 0)
		text = canvas_part(c, 0, 0, c->height - 1, -1);
	if (p->view && p->view->span && text.height > HISTOGRAM_LEAST) {
		struct canvas bars = canvas_part(&text, 0, 0, 1, -1);
		histogram_draw(p, &bars);
		text = canvas_part(&text, 1, 0, -1, -1);
	}
	p->height = text.height > 0 ? text.height : 1;
	p->width = c->width;
	pager_settle(p);
	pager_draw_lines(p, &text);
	if (p->typing)
		lineedit_draw(p->typing, c, c->height - 1, 0, -1, true);
}

char *pager_visible_text(const struct pager *p)
{
	struct place at = p->top;
	struct laid l;
	struct buf out;
	int rows = 0;

	buf_init(&out, 0);
	while (rows < p->height && at.line && pager_line(p, at.line, &l)) {
		if (l.label)
			buf_addf(&out, "%s: ", l.label);
		buf_puts(&out, l.text);
		buf_puts(&out, "\n");
		rows += (int)(pager_rows(p, at.line) - at.row);
		at.line = pager_next(p, at.line);
		at.row = 0;
	}
	return buf_take(&out);
}
