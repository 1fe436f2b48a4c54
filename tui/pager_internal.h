/* pager_internal.h: what pager.c (place, search) and pager_draw.c (how lines look) share. */
#ifndef TUI_PAGER_INTERNAL_H
#define TUI_PAGER_INTERNAL_H

#include <stdint.h>

#include "tui/lineedit.h"
#include "tui/logview.h"
#include "tui/pager.h"

struct place {
	uint64_t line; /* from 1; 0: there are no lines */
	size_t row;    /* within the line, when it wraps */
};

struct pager {
	const struct doc *doc; /* borrowed; or */
	struct log *log;       /* borrowed */
	struct logview *view;  /* owned; of a log */
	/* of the lines at top and cursor: places move, keys stay */
	struct line_key top_key, cursor_key;
	uint64_t cursor;  /* of a log that does not follow */
	struct place top; /* of the screen */
	bool follow, wrap;
	enum pager_times times;
	int side;                   /* cells scrolled sideways */
	int height, width;          /* of the last drawing */
	int label_width;            /* of a doc */
	struct line_key paused_key; /* of the last line when it was paused */
	uint64_t paused_place;      /* where it is, or was before it was dropped */
	int64_t awaited_us;         /* of a log: pager_await; 0: nothing is */
	bool awaited_above;
	uint64_t awaited_number; /* of the line that was shown for it last */
	struct match *match;     /* owned; NULL: no search */
	bool no_match, around;
	uint64_t match_line;     /* of a doc */
	char complaint[200];     /* what was wrong with what was typed */
	struct lineedit *typing; /* the search or filter line; owned; NULL: closed */
	bool typing_filter;
	struct history *searches; /* owned; NULL until the first search */
};

/* A line as it is shown: prefix label, then the text, each with its tone. Borrowed, or in own. */
struct laid {
	char stamp[48], source[96];
	const char *label, *text;
	enum tone label_tone, tone, source_tone;
	bool marked, bookmarked;
};

uint64_t pager_first(const struct pager *);
uint64_t pager_last(const struct pager *);
uint64_t pager_next(const struct pager *, uint64_t line); /* 0: there is none */
uint64_t pager_previous(const struct pager *, uint64_t line);
struct place pager_down(const struct pager *, struct place, size_t rows);
void histogram_draw(const struct pager *, const struct canvas *);
bool pager_line(const struct pager *, uint64_t line, struct laid *);
size_t pager_rows(const struct pager *, uint64_t line); /* on the screen; at least 1 */
void pager_settle(struct pager *);                      /* puts the place where it can be */
void pager_doc_changed(struct pager *);

#endif
