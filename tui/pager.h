/* pager.h: reading: a doc (details, unit file, help) or a log that grows.
 *
 * Only lines on the screen are laid out. A log follows at its bottom; going up pauses it and says
 * how many new lines there are below; G follows again. A pager keeps line numbers, never pointers,
 * so lines may be dropped at any time. */
#ifndef TUI_PAGER_H
#define TUI_PAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/store/doc.h"
#include "backends/store/log.h"
#include "tui/canvas.h"
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
/* borrowed until pager_destroy; judges its lines (log.h) */
struct pager *pager_create_log(struct log *);
void pager_destroy(struct pager *); /* NULL is fine */
void pager_set_doc(struct pager *,
                   const struct doc *); /* the same text made again: the place is kept */

void pager_move(struct pager *, enum pager_move);
void pager_wrap(struct pager *, bool on);           /* default: on for docs, off for logs */
void pager_times(struct pager *, enum pager_times); /* default: PAGER_TIME_CLOCK */
bool pager_following(const struct pager *);

/* Searches a regular expression (match.h): NULL or "" ends it. Goes to the first match from the top
 * of the screen on, in a log that follows to the newest; false: there is none. One without capitals
 * is found in any case. */
bool pager_search(struct pager *, const char *needle);
/* n: 1, N: -1; goes around the end and says so in the status */
bool pager_search_step(struct pager *, int step);

/* Of a log: the view that knows which lines are seen (logview.h); NULL of a doc. */
struct logview *pager_logview(struct pager *);
/* to the first line at or after that moment; false: there is none */
bool pager_goto(struct pager *, int64_t wall_ms);
/* Older lines were asked for: once they come, and until a key is pressed, the first line at or
 * after that moment is shown, or (above) the line before it at the bottom. */
void pager_await(struct pager *, int64_t time_us, bool above);
uint64_t pager_cursor(const struct pager *); /* place of the line under the cursor */
bool pager_at_end(const struct pager *);     /* the last line is on the screen */
/* the first line there is is on the screen */
bool pager_at_top(const struct pager *);
/* lines will be settled in so many ms: draw again then */
bool pager_waits(const struct pager *, int *ms);

/* Every key a pager knows: j k arrows g G Home End PgUp PgDn Space C-d C-u C-f C-b h l (sideways) w
 * (wrap) t (times) / n N; in a log also & (filter) L (level) J (JSON) Enter (unfold) H (histogram)
 * m ' (bookmarks) and Space, which marks. While its search line is open it takes all keys. false:
 * not one of them (q and Esc are the caller's). */
bool pager_key(struct pager *, const struct key *);
bool pager_typing(const struct pager *); /* its search line is open */

/* Draws into the whole canvas; the search line, while open, takes the last row. */
void pager_draw(struct pager *, const struct canvas *);
/* A word or two for the pane's title: "following", "paused, 12 new below", "35%", "no match for x".
 */
void pager_status(const struct pager *, char *buf, size_t size);
/* What is under the eyes as text, for the clipboard: the lines on the screen without times; the
 * caller frees. */
char *pager_visible_text(const struct pager *);

#endif
