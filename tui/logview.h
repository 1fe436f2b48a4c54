/* logview.h: which lines of a log are visible, and the reader's choices: filters, level, bookmarks,
 * marks, unfolded lines. The pager (pager.h) owns a logview per log. Lines are identified by keys,
 * because their places change. */
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
	enum log_level least; /* UNKNOWN: all levels */
	struct key_list bookmarks, marks, unfolded;
	bool flat;          /* shows JSON as received */
	enum log_span span; /* span of the histogram */
	struct buf text;    /* the line last folded */
};

struct logview *logview_create(struct log *);
void logview_destroy(struct logview *); /* NULL is fine */

/* A leading "!" inverts. False and a reason on failure. */
bool logview_filter_add(struct logview *, const char *text, char *why, size_t size);
void logview_filter_toggle(struct logview *, size_t index);
void logview_filter_clear(struct logview *);
void logview_level(struct logview *, enum log_level least);
bool logview_filtered(const struct logview *); /* some lines are hidden */

struct line_key line_key_of(const struct log_line *);
bool keys_have(const struct key_list *, const struct log_line *);
bool keys_toggle(struct key_list *, const struct log_line *); /* false: the list is full */

/* The text of a line: folded JSON, JSON on several rows when unfolded, else the plain text.
 * Borrowed until the next call. */
const char *logview_text(struct logview *, const struct log_line *);

/* Writes the facts about a log: lines, visible lines, delay, dropped lines, clock differences.
 * brief: few cells, losses first. */
void logview_facts(const struct logview *, bool brief, char *buf, size_t size);
/* The marked lines as text, as many as a clipboard takes. Without marks: the line at place. The
 * caller frees. */
char *logview_copy(const struct logview *, uint64_t place, size_t *lines);
/* Writes the visible lines, or all, into a new file. Returns the number of lines, or -1 and a
 * reason. */
long logview_save(const struct logview *, const char *path, bool all, char *why, size_t size);

#endif
