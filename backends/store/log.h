/* log.h: lines that follow, from one source or many, in one order of time, packed into bounded
 * memory.
 *
 * A backend that follows something gives each line with its source, the source's own time and a
 * level, and says when there is a gap. Lines stand in the order of their times; a late one takes
 * its place among those that are there. Logs share a pool of memory; when it is full the oldest
 * lines of all its logs go first, and are counted.
 *
 * Places: lines are numbered by their place, from log_first to log_last. A place moves when an
 * older line comes late; what stays is a line's key (time_us, number), with which log_find finds
 * its place again. */
#ifndef STORE_LOG_H
#define STORE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_UNKNOWN,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR
};

enum log_mark {
	LOG_LINE, /* a line of the source */
	/* our own words: the link was away, the container restarted, lines were dropped */
	LOG_GAP,
	LOG_ERROR_LINE /* the same from the source's stderr */
};
struct log_line {
	/* of the source; a line without one has that of the line before it, or of its coming */
	int64_t time_us;
	/* grows with every line added; never reused; lines of one time stand in this order */
	uint64_t number;
	uint32_t len;
	uint16_t source; /* index into the log's sources */
	uint8_t level, mark;
	uint8_t judged; /* log.c's own */
	char text[];    /* washed, NUL-ended */
};
struct log;
struct log_pool;
struct follow;

/* The memory that logs share. */
struct log_pool *log_pool_create(size_t max_bytes); /* 0: LOG_MAX_DEFAULT */
void log_pool_destroy(struct log_pool *);           /* after its logs; NULL is fine */
/* what its logs take, never over its bound */
size_t log_pool_bytes(const struct log_pool *);
size_t log_pool_max(const struct log_pool *);

/* with a pool of its own; 0: LOG_MAX_DEFAULT */
struct log *log_create(size_t max_bytes);
struct log *log_create_in(struct log_pool *);
#define LOG_MAX_DEFAULT (64u << 20)
#define LOG_LINE_MAX (64u << 10) /* longer ones are cut and say so */
void log_destroy(struct log *);  /* unfollows everything */
/* From when on followers tell lines at first, instead of the last few hundred; 0 (default): those.
 */
void log_set_since(struct log *, int64_t since_us);
int64_t log_since(const struct log *);
/* Only what was there at that moment is wanted: a follower whose source has an end stops at it. 0
 * (default): all that comes. */
void log_set_until(struct log *, int64_t until_us);
int64_t log_until(const struct log *);
void log_set_changed(struct log *, void (*fn)(struct log *, void *arg), void *arg);

/* For the reader. Places run from log_first to log_last (both 0 when empty); log_get of one outside
 * is NULL. A line is borrowed until the next line is added. */
uint64_t log_first(const struct log *);
uint64_t log_last(const struct log *);
const struct log_line *log_get(const struct log *, uint64_t place);
/* the first line not before that key; past the last: last + 1 */
uint64_t log_find(const struct log *, int64_t time_us, uint64_t number);
uint64_t log_dropped(const struct log *); /* lines that went for want of memory */
uint64_t log_total(const struct log *);   /* lines ever added */
size_t log_bytes(const struct log *);
unsigned log_sources(const struct log *);
const char *log_source_name(const struct log *, unsigned source);
/* ms that its clock is ahead of ours; LOG_CLOCK_UNKNOWN */
int64_t log_source_clock(const struct log *, unsigned source);
const char *log_status(const struct log *); /* a sentence on how the following goes, of the first
                                               source that has one; "" is well */
#define LOG_CLOCK_UNKNOWN INT64_MIN

/* The last line whose place is settled: lines of many sources, or of one that wavers, wait
 * LOG_SETTLE_MS at the end for what others still send, so that they are not read in the wrong
 * order. settle_ms (may be NULL): how long until more is settled; -1 nothing waits. */
#define LOG_SETTLE_MS 250
uint64_t log_settled(const struct log *, int *settle_ms);
/* How old the newest line was when it came, by the clock of its server, in ms; 0 when nothing came
 * within a second. */
int64_t log_behind(const struct log *);

/* A judge says which lines are to be seen. It is asked once for each line that comes, and for those
 * that are there in slices, newest first: log_judge_some works for about budget_us and is true when
 * all are judged. NULL: all are seen. */
typedef bool log_judge_fn(const struct log_line *, void *arg);
void log_set_judge(struct log *, log_judge_fn *, void *arg);
bool log_judge_some(struct log *, int64_t budget_us);
/* the next seen line at or after place; 0 none */
uint64_t log_seen_from(const struct log *, uint64_t place);
uint64_t log_seen_to(const struct log *, uint64_t place); /* at or before */
uint64_t log_seen_count(const struct log *);

/* Seen lines, and those at level ERROR, in n equal parts of the time from from_us to to_us. */
void log_histogram(const struct log *, int64_t from_us, int64_t to_us, size_t n, unsigned *lines,
                   unsigned *errors);

/* Told of each line that is not the newest when it comes: one who read past its place already has
 * missed it. */
void log_set_late(struct log *, void (*fn)(struct log *, const struct log_line *, void *arg),
                  void *arg);

/* For the follower. */
unsigned log_source_add(struct log *, const char *name); /* "sese/container/javisi_n8n" */
void log_source_set_clock(struct log *, unsigned source, int64_t ahead_ms);
/* Washed here; level UNKNOWN: guessed from the text. Returns the line's number. */
uint64_t log_add(struct log *, unsigned source, int64_t time_us, enum log_level, enum log_mark,
                 const char *text, size_t len);
/* The same for a line that belongs right before the one of that time and number: its source left it
 * out at first. Where that one is not there any more it is a line like others. */
uint64_t log_add_before(struct log *, uint64_t number, unsigned source, int64_t time_us,
                        enum log_level, enum log_mark, const char *text, size_t len);
/* A source that may leave out lines and tell them soon after: its lines wait to be settled even
 * where it is the only one. */
void log_source_set_wavers(struct log *, unsigned source, bool on);
/* While a follower asks for what may have been left out, nothing more is settled, for LOG_HOLD_MS
 * at most. Calls are counted. */
void log_hold(struct log *, bool on);
#define LOG_HOLD_MS 5000
void log_gap(struct log *, unsigned source, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Between an earlier run (or boot, or file) whose last line is of end_us, and the present one: says
 * so, and from when on the present one's lines are here when that is not its beginning (present_us;
 * 0: it is). what: "run". */
void log_seam(struct log *, unsigned source, int64_t end_us, int64_t present_us, const char *what);
#define LOG_NO_SOURCE UINT32_MAX
/* How it goes with one source (LOG_NO_SOURCE: with the log itself); "" is well. */
void log_set_status(struct log *, unsigned source, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same of one that has said all it had to say, as an ended container: no fault. */
void log_set_rest(struct log *, unsigned source, const char *text);
/* Why a source (LOG_NO_SOURCE: the log itself) is not read, or not whole; NULL: it is. */
const char *log_fault(const struct log *, unsigned source);

/* How an order to it (older, previous) went, when it did not go well; log_said tells it once, then
 * NULL. Valid until the next. */
void log_say(struct log *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *log_said(struct log *);

/* A follower starts its struct with this. log_destroy and log_unfollow call stop, which frees it.
 * The others may be NULL: pause stops reading, so that the far side waits and nothing is lost;
 * older asks for lines from before the first one told, reach for those between a moment and the
 * first one told, previous for the run (container, unit) or boot (journal) before this one, owes
 * (may be NULL) says whether lines from before log_until are still to come. false: there is nothing
 * to ask now, *why says. */
struct follow {
	struct log *log;
	unsigned source;
	void (*stop)(struct follow *);
	void (*pause)(struct follow *, bool on);
	bool (*older)(struct follow *, unsigned lines, const char **why);
	bool (*reach)(struct follow *, int64_t since_us, const char **why);
	bool (*previous)(struct follow *, unsigned lines, const char **why);
	bool (*owes)(const struct follow *);
	struct follow *next;
};
void log_follow(struct log *, struct follow *); /* hooks it in */
void log_unfollow(struct follow *);
void log_pause(struct log *, bool on); /* all of its followers */
bool log_older(struct log *, unsigned lines, const char **why);
bool log_reach(struct log *, int64_t since_us, const char **why);
bool log_previous(struct log *, unsigned lines, const char **why);
unsigned log_followers(const struct log *);
bool log_owed(const struct log *); /* does any of them owe lines? */

#endif
