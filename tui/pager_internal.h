/* pager_internal.h: shared by pager.c (position, search) and pager_draw.c (looks of lines). */
#ifndef TUI_PAGER_INTERNAL_H
#define TUI_PAGER_INTERNAL_H

#include <stdint.h>

#include "tui/lineedit.h"
#include "tui/logview.h"
#include "tui/pager.h"

struct place {
	uint64_t line; /* from 1; 0: no lines */
	size_t row;    /* row inside a wrapped line */
};

struct pager {
	const struct doc *doc; /* borrowed; NULL for a log */
	struct log *log;       /* borrowed; NULL for a doc */
	struct logview *view;  /* owned; NULL for a doc */
	/* keys of the lines at top and cursor: line numbers change, keys stay */
	struct line_key top_key, cursor_key;
	uint64_t cursor;  /* line of a log that does not follow; 0: none */
	struct place top; /* first place on the screen */
	bool follow; /* the last line is at the bottom, also of what comes */
	bool wrap;
	enum pager_times times;
	int side;                   /* cells scrolled sideways */
	int height, width;          /* of the last drawing, in cells */
	int label_width;            /* of a doc, in cells */
	struct line_key paused_key; /* key of the last line at the time of the pause */
	uint64_t paused_place;      /* its line number, or the last one before it was dropped */
	int64_t awaited_us;         /* of a log: see pager_await; 0: no wait */
	bool awaited_above;
	uint64_t awaited_number; /* number of the line last shown for the wait */
	struct match *match;     /* owned; NULL: no search */
	enum { SEARCH_FOUND, SEARCH_FOUND_AROUND, SEARCH_FOUND_NONE } found; /* the last step */
	uint64_t match_line;     /* of a doc: line of the last match */
	char complaint[200];     /* error in the typed pattern */
	struct lineedit *typing; /* owned; the search or filter line; NULL: closed */
	bool typing_filter;
	struct history *searches; /* owned; NULL until the first search */
};

/* A line ready to draw: prefix (stamp, source or label), then the text, each with a tone. Pointers
 * are borrowed. */
struct laid {
	char stamp[48], source[96];
	const char *label, *text;
	enum tone label_tone, tone, source_tone;
	bool marked, bookmarked;
};

uint64_t pager_first(const struct pager *);
uint64_t pager_last(const struct pager *);
uint64_t pager_next(const struct pager *, uint64_t line); /* 0: none */
uint64_t pager_previous(const struct pager *, uint64_t line);
struct place pager_down(const struct pager *, struct place, size_t rows);
void histogram_draw(const struct pager *, const struct canvas *);
bool pager_line(const struct pager *, uint64_t line, struct laid *);
size_t pager_rows(const struct pager *, uint64_t line); /* rows on the screen, at least 1 */
void pager_settle(struct pager *);                      /* moves the position to an existing line */
void pager_doc_changed(struct pager *);

#endif
