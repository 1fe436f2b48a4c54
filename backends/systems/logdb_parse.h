/* logdb_parse.h: reads the lines that Loki and VictoriaLogs answer, and remembers those that were
 * shown. Pure.
 *
 * Sources:
 *
 * - Loki 3: grafana.com/docs/loki/latest/reference/loki-http-api, GET query_range. Times are
 *   nanoseconds in a string; a double would change them. The streams come one after another.
 * - VictoriaLogs 1.52: docs.victoriametrics.com/victorialogs/querying, seen on a real one. One JSON
 *   object a line, the newest first when limit= is given. _time, _msg, _stream and all fields. */
#ifndef SYSTEMS_LOGDB_PARSE_H
#define SYSTEMS_LOGDB_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"
#include "backends/store/log.h"

#define LOGDB_TEXT_MAX (LOG_LINE_MAX + 1) /* bytes of a line; so the log says that it was cut */

struct logdb_line {
	int64_t ns;    /* since 1970, as its sender stamped it; above 0 */
	uint64_t hash; /* of its stream and its text */
	enum log_level level;
	size_t place; /* in the answer */
	char *text;   /* owned, not washed, with a NUL; may hold several lines */
	size_t len;
};
/* Lines of one answer, the oldest first. A zeroed struct is valid. */
struct logdb_page {
	struct logdb_line *at; /* owned */
	size_t n, room;
};
void logdb_page_finish(struct logdb_page *); /* the page is empty then */

/* Each line begins with what tells its stream from others: its container, pod, unit, job. A label
 * that query already gives is not repeated. False and err: not such an answer. */
bool loki_page_parse(const char *json, size_t len, const char *query, struct logdb_page *,
                     struct err *);
/* The same for JSON lines. Lines that are no JSON, or have no time, are counted in *ill. False and
 * err: there are only such lines. Fields that are not part of the stream follow the message. */
bool vlogs_page_parse(const char *text, size_t len, const char *query, struct logdb_page *,
                      size_t *ill, struct err *);
/* Appends one JSON line to the page. False: not a JSON line, or without a time. */
bool vlogs_line_parse(const char *json, size_t len, const char *query, struct logdb_page *);

/* What /metrics of a VictoriaLogs says. */
struct vlogs_metrics {
	char version[40]; /* washed; "" unknown */
	double lines;     /* stored; below 0 unknown */
	bool read_only;   /* the disk is full */
};
void vlogs_metrics_parse(const char *text, size_t len, struct vlogs_metrics *);

/* --- lines that were shown ------------------------------------------------ */

#define LOGDB_SEEN_MAX 50000

/* A zeroed struct is valid. */
struct logdb_seen {
	struct logdb_seen_line *at; /* owned; by time */
	size_t n, room;
	/* the newest time that was forgotten for lack of room. Answers must begin after this. */
	int64_t forgot_ns;
};
/* Is this line new? Then it is remembered. round is the number of the answer that holds the line:
 * a line that an answer holds twice was written twice. */
bool logdb_seen_take(struct logdb_seen *, uint32_t round, int64_t ns, uint64_t hash);
/* Forgets the lines before before_ns, except those of the time keep_ns. */
void logdb_seen_prune(struct logdb_seen *, int64_t before_ns, int64_t keep_ns);
void logdb_seen_finish(struct logdb_seen *); /* the struct is empty then */

#endif
