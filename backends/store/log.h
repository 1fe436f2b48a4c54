/* log.h: the log lines of one or many sources, merged by time, in bounded memory.
 *
 * A follower is backend code that reads a source. It adds each line with the source, the source's
 * own timestamp and a level, and it reports gaps. Lines are sorted by time. A late line is inserted
 * at its place among the lines already there. Logs share a memory pool. When the pool is full, the
 * oldest lines of all its logs are dropped and counted.
 *
 * Places: log_first to log_last number the lines. The place of a line changes when an older line
 * arrives late. The key of a line (time_us, number) never changes. log_find finds the current place
 * of a key. */
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
	/* our own text: link lost, container restarted, lines dropped */
	LOG_GAP,
	LOG_ERROR_LINE /* a line from the stderr of the source */
};
struct log_line {
	/* The source's timestamp. A line without one gets the time of the line before it, or its
	 * arrival time. */
	int64_t time_us;
	/* grows with every line, never reused; orders lines with equal time */
	uint64_t number;
	uint32_t len;
	uint16_t source; /* index into the log's sources */
	uint8_t level, mark;
	uint8_t judged; /* used by log.c only */
	char text[];    /* washed, NUL-ended */
};
struct log;
struct log_pool;
struct follow;

/* The memory that several logs share. max_bytes 0: LOG_MAX_DEFAULT. */
struct log_pool *log_pool_create(size_t max_bytes);
void log_pool_destroy(struct log_pool *); /* only after all its logs; NULL is fine */
/* memory of all logs in the pool, never over log_pool_max */
size_t log_pool_bytes(const struct log_pool *);
size_t log_pool_max(const struct log_pool *);

/* Makes a log with a pool of its own. max_bytes 0: LOG_MAX_DEFAULT. */
struct log *log_create(size_t max_bytes);
struct log *log_create_in(struct log_pool *);
#define LOG_MAX_DEFAULT (64u << 20)
#define LOG_LINE_MAX (64u << 10) /* longer lines are cut, with a note in the text */
void log_destroy(struct log *);  /* stops all followers */
/* Followers start at this time, instead of with the last few hundred lines. 0 (default): the last
 * few hundred lines. */
void log_set_since(struct log *, int64_t since_us);
int64_t log_since(const struct log *);
/* Limits the log to lines that exist at this time. A follower whose source can end stops there. 0
 * (default): no limit. */
void log_set_until(struct log *, int64_t until_us);
int64_t log_until(const struct log *);
void log_set_changed(struct log *, void (*fn)(struct log *, void *arg), void *arg);

/* For the reader. Places run from log_first to log_last (both 0 when empty). log_get returns NULL
 * for a place outside. The line is borrowed until the next line is added. */
uint64_t log_first(const struct log *);
uint64_t log_last(const struct log *);
const struct log_line *log_get(const struct log *, uint64_t place);
/* Place of the first line whose key is not before this key. last + 1 if all lines are before it. */
uint64_t log_find(const struct log *, int64_t time_us, uint64_t number);
uint64_t log_dropped(const struct log *); /* lines dropped for lack of memory */
uint64_t log_total(const struct log *);   /* lines ever added */
/* Lines per second over the last hour (rate_read of rate.h), whatever the filter. */
double log_rate(const struct log *, int64_t now_us, float *out);
size_t log_bytes(const struct log *);
unsigned log_sources(const struct log *);
const char *log_source_name(const struct log *, unsigned source);
/* ms that the source's clock is ahead of ours; LOG_CLOCK_UNKNOWN */
int64_t log_source_clock(const struct log *, unsigned source);
/* A sentence about the state of following, from the first source with a problem. "" if all is
 * well. */
const char *log_status(const struct log *);
#define LOG_CLOCK_UNKNOWN INT64_MIN

/* The last settled line: no older line is expected to arrive before it. If there are many sources,
 * or one that wavers, lines wait LOG_SETTLE_MS at the end. So lines of other sources can still be
 * sorted in before anybody reads them.
 *
 * Returns 0 if no line is settled. settle_ms (may be NULL) gets the ms until more lines are
 * settled. -1: no line waits. */
#define LOG_SETTLE_MS 250
uint64_t log_settled(const struct log *, int *settle_ms);
/* Age of the newest line on arrival, by the clock of its server, in ms. 0 if nothing arrived within
 * a second. */
int64_t log_behind(const struct log *);

/* A judge is a filter: it says which lines are visible. It is called once for each new line.
 * Existing lines are judged in slices, newest first. log_judge_some works for about budget_us and
 * returns true when all lines are judged. NULL: all lines are visible. */
typedef bool log_judge_fn(const struct log_line *, void *arg);
void log_set_judge(struct log *, log_judge_fn *, void *arg);
bool log_judge_some(struct log *, int64_t budget_us);
/* the next visible line at or after place; 0: none */
uint64_t log_seen_from(const struct log *, uint64_t place);
uint64_t log_seen_to(const struct log *, uint64_t place); /* at or before place */
uint64_t log_seen_count(const struct log *);

/* Splits the time from from_us to to_us into n equal parts. Counts in each the visible lines, and
 * those at level ERROR. */
void log_histogram(const struct log *, int64_t from_us, int64_t to_us, size_t n, unsigned *lines,
                   unsigned *errors);

/* fn gets each line that arrives late, before a line already there. A reader who has passed that
 * place has missed the line. */
void log_set_late(struct log *, void (*fn)(struct log *, const struct log_line *, void *arg),
                  void *arg);

/* For the follower. */
unsigned log_source_add(struct log *, const char *name); /* "sese/container/javisi_n8n" */
void log_source_set_clock(struct log *, unsigned source, int64_t ahead_ms);
/* Adds a line and returns its number. The text is washed here. Level UNKNOWN: the level is guessed
 * from the text. */
uint64_t log_add(struct log *, unsigned source, int64_t time_us, enum log_level, enum log_mark,
                 const char *text, size_t len);
/* Adds a line right before the line with this time and number, because the source left it out at
 * first. If that line is gone, this works like log_add. */
uint64_t log_add_before(struct log *, uint64_t number, unsigned source, int64_t time_us,
                        enum log_level, enum log_mark, const char *text, size_t len);
/* Marks a source that may leave out lines and send them soon after. Its lines wait to be settled
 * even if it is the only source. */
void log_source_set_wavers(struct log *, unsigned source, bool on);
/* While a follower requests lines that may be missing, no more lines are settled, for LOG_HOLD_MS
 * at most. Calls are counted. */
void log_hold(struct log *, bool on);
#define LOG_HOLD_MS 5000
void log_gap(struct log *, unsigned source, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Adds a separator between an earlier run (or boot, or file) and the present one. end_us is the
 * time of the last line of the earlier run. present_us is the time of the first line we have of the
 * present run. 0: we have the run from its beginning. what: "run". */
void log_seam(struct log *, unsigned source, int64_t end_us, int64_t present_us, const char *what);
#define LOG_NO_SOURCE UINT32_MAX
/* Sets the state of one source (LOG_NO_SOURCE: of the log itself). "" means well. */
void log_set_status(struct log *, unsigned source, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Same for a source whose server is not connected any more. */
void log_set_lost(struct log *, unsigned source, const char *server);
/* Same for a source that has ended normally, such as an exited container. It is not a fault. */
void log_set_rest(struct log *, unsigned source, const char *text);
/* Why a source (LOG_NO_SOURCE: the log itself) is not read, or only in part. NULL: it is read. */
const char *log_fault(const struct log *, unsigned source);

/* log_say stores why a request to the log (older, previous) failed. log_said returns that sentence
 * once, then NULL. The text is valid until the next log_say. */
void log_say(struct log *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *log_said(struct log *);

/* A follower begins its struct with this one. log_destroy and log_unfollow call stop, which frees
 * the follower. The other functions may be NULL. They return false if there is nothing to request
 * now, and *why says the reason.
 *
 * pause stops reading, so that the far side waits and no line is lost. older requests lines from
 * before the first line. reach requests the lines between since_us and the first line. previous
 * requests the run (container, unit) or boot (journal) before the present one. owes says whether
 * lines from before log_until are still to arrive. */
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
void log_follow(struct log *, struct follow *); /* adds the follower to the log */
void log_unfollow(struct follow *);
void log_pause(struct log *, bool on); /* all followers of the log */
bool log_older(struct log *, unsigned lines, const char **why);
bool log_reach(struct log *, int64_t since_us, const char **why);
bool log_previous(struct log *, unsigned lines, const char **why);
unsigned log_followers(const struct log *);
bool log_owed(const struct log *); /* whether any follower still owes lines */

#endif
