/* logview.h: which lines of a log are to be seen and what the reader did with them: filters, level,
 * bookmarks, marks, what is unfolded. The pager (pager.h) has one for a log; it knows lines by
 * their keys, for places move. */
#ifndef TUI_LOGVIEW_H
#define TUI_LOGVIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/buf.h"
#include "backends/base/match.h"
#include "backends/store/log.h"

#define FILTERS_MAX 16
#define KEYS_MAX 512

struct line_key {
	int64_t time_us;
	uint64_t number;
};
struct key_list {
	struct line_key keys[KEYS_MAX];
	size_t n;
};
struct log_filter {
	struct match *match; /* owned */
	bool invert, on;
};
enum log_span { SPAN_OFF, SPAN_MINUTES, SPAN_DAY, SPAN_ALL, SPAN_COUNT };
struct logview {
	struct log *log; /* borrowed */
	struct log_filter filters[FILTERS_MAX];
	size_t n;
	enum log_level least; /* UNKNOWN: all */
	struct key_list bookmarks, marks, unfolded;
	bool flat;          /* JSON as it came */
	enum log_span span; /* of the histogram */
	struct buf text;    /* of the line that was folded last */
};

struct logview *logview_create(struct log *);
void logview_destroy(struct logview *); /* NULL is fine */

/* "!" in front inverts. False and why. */
bool logview_filter_add(struct logview *, const char *text, char *why, size_t size);
void logview_filter_toggle(struct logview *, size_t index);
void logview_filter_clear(struct logview *);
void logview_level(struct logview *, enum log_level least);
bool logview_filtered(const struct logview *); /* not all lines are seen */

struct line_key line_key_of(const struct log_line *);
bool keys_have(const struct key_list *, const struct log_line *);
bool keys_toggle(struct key_list *, const struct log_line *); /* false: it is full */

/* How a line reads: folded JSON, its rows when it is unfolded, else its text. Borrowed until the
 * next call. */
const char *logview_text(struct logview *, const struct log_line *);

/* What is honest to say: lines, seen, behind, dropped, clocks; brief: in few cells, losses first.
 */
void logview_facts(const struct logview *, bool brief, char *buf, size_t size);
/* The marked lines, as many as a clipboard takes, else the one at place, as text; the caller frees.
 */
char *logview_copy(const struct logview *, uint64_t place, size_t *lines);
/* Writes what is seen, or all, into a new file; -1 and why, else how many lines. */
long logview_save(const struct logview *, const char *path, bool all, char *why, size_t size);

#endif
