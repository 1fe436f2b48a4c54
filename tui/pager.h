/* pager.h: shows text: a doc (details, unit file, help) or a growing log.
 *
 * Only lines on the screen are laid out. A log at its bottom follows new lines. Going up pauses it
 * and counts the new lines below. G follows again. A doc follows its end after G, too, because
 * details grow while answers arrive. A pager keeps line numbers, never pointers, so
 * that lines may be dropped at any time. */
#ifndef TUI_PAGER_H
#define TUI_PAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/store/doc.h"
#include "backends/store/log.h"
#include "tui/canvas.h"
#include "tui/keymap.h"
#include "tui/keys.h"

struct pager;

enum pager_move {
	PAGER_UP,
	PAGER_DOWN,
	PAGER_PAGE_UP,
	PAGER_PAGE_DOWN,
	PAGER_HALF_UP,
	PAGER_HALF_DOWN,
	PAGER_FIRST,
	PAGER_LAST,
	PAGER_LEFT,
	PAGER_RIGHT
};
enum pager_times { PAGER_TIME_NONE, PAGER_TIME_CLOCK, PAGER_TIME_FULL };

struct pager *pager_create_doc(const struct doc *); /* borrowed until pager_set_doc or destroy */
/* borrowed until pager_destroy; the pager judges the log's lines (log.h) */
struct pager *pager_create_log(struct log *);
void pager_destroy(struct pager *); /* NULL is fine */
void pager_set_doc(struct pager *,
                   const struct doc *); /* a new version of the same text: the position stays */

void pager_move(struct pager *, enum pager_move);
void pager_wrap(struct pager *, bool on);           /* default: on for docs, off for logs */
void pager_times(struct pager *, enum pager_times); /* default: PAGER_TIME_CLOCK */
bool pager_following(const struct pager *);
/* A doc does not follow its end any more: what comes next shall be read from here. */
void pager_stay(struct pager *);

/* Searches a regular expression (match.h). NULL or "" ends the search. Without capitals the search
 * ignores case. Moves to the first match from the top of the screen on, or to the newest match in a
 * following log. False: no match, or a wrong expression. */
bool pager_search(struct pager *, const char *needle);
/* n: 1, N: -1; wraps around the end and shows so in the status */
bool pager_search_step(struct pager *, int step);

/* The filters and marks of a log (logview.h); NULL for a doc. */
struct logview *pager_logview(struct pager *);
/* moves to the first line at or after that time; false: none */
bool pager_goto(struct pager *, int64_t wall_ms);
/* Call after requesting older lines. When they arrive, shows the first line at or after time_us.
 * With `above`, shows the line before time_us at the bottom instead. Any key ends the wait. */
void pager_await(struct pager *, int64_t time_us, bool above);
uint64_t pager_cursor(const struct pager *); /* place of the line under the cursor */
bool pager_at_end(const struct pager *);     /* the last line is on the screen */
/* the first line is on the screen; logs only */
bool pager_at_top(const struct pager *);
/* lines will settle within *ms: draw again then */
bool pager_waits(const struct pager *, int *ms);

/* Carries out one of text_actions, or in a log of log_actions. Whoever shows the text finds the
 * action of a key. */
void pager_do(struct pager *, const struct action *);
bool pager_goes_down(const struct action *); /* moves towards the end */
bool pager_goes_up(const struct action *);   /* moves up by a line or a page */
bool pager_typing(const struct pager *); /* the search line is open, and takes all keys: */
void pager_search_key(struct pager *, const struct key *);

/* Draws into the whole canvas. The open search line takes the last row. */
void pager_draw(struct pager *, const struct canvas *);
/* Status for the title: "following", "paused, 12 new below", "35%", "no match for x". */
void pager_status(const struct pager *, char *buf, size_t size);
/* The lines on the screen as text without times, for the clipboard. The caller frees. */
char *pager_visible_text(const struct pager *);

#endif
