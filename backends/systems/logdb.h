/* logdb.h: follows what a query of a Loki or a VictoriaLogs finds, as a source of the log view.
 *
 * The last lines come first. Then the system is asked again every LOGDB_POLL_MS, from a while
 * before the last question on, because lines reach it late and out of order. What was shown already
 * is left out by time, stream and text. A live tail, where there is one, brings lines at once; the
 * questions go on, less often, for what the tail leaves out. So a lost link, a restart or a pause
 * neither loses nor doubles a line. */
#ifndef SYSTEMS_LOGDB_H
#define SYSTEMS_LOGDB_H

#include "backends/systems/logdb_parse.h"
#include "backends/systems/system.h"

#define LOGDB_POLL_MS 2000
#define LOGDB_TAILED_MS 10000      /* the same while a live tail runs */
#define LOGDB_LATE_NS 15000000000  /* lines that come this late are found */
#define LOGDB_REST_NS 600000000000 /* with no new lines, the most that is asked for again */
#define LOGDB_FIRST 500            /* lines at first */
#define LOGDB_PAGE 1000            /* lines of one answer; Loki allows 5000 by default */
#define LOGDB_PAGES_MAX 20         /* answers in a row, for what came during a pause */

struct logdb_follow;
struct logdb_site {
	struct system_site system;
	struct logdb_follow *follows; /* leave when their log is closed */
};

/* How a system is asked. The param of its struct platform holds a struct logdb_ops. */
struct logdb_ops {
	struct system_ops system;
	/* the path of a question, owned: at most limit lines, the newest of those from start_ns to
	 * before end_ns (0: until now) */
	char *(*path)(const char *query, int64_t start_ns, int64_t end_ns, unsigned limit);
	bool (*parse)(const char *body, size_t len, const char *query, struct logdb_page *,
	              struct err *);
	char *(*tail_path)(const char *query); /* NULL: it has no live tail for us */
	/* writes "Name: value" headers of a tenant; returns how many, at most 2 */
	size_t (*tenant)(const char *tenant, char headers[2][120]);
	const char *everything; /* the query of its own row */
};

/* For struct system_ops. */
bool logdb_has_log(const struct system *);
struct follow *logdb_follow(struct system *, const char *query, struct log *, struct err *);
/* For struct platform. */
const char *logdb_user(const struct site *);
void logdb_open(struct site *);
void logdb_close(struct site *, const struct err *why);
void logdb_free(struct site *);

#define LOGDB_PLATFORM                                                                    \
	.user = logdb_user, .open = logdb_open, .close = logdb_close, .free = logdb_free, \
	.shown_ms = 15000, .hidden_ms = 60000, .retry_ms = 10000, .timeout_ms = 10000

#endif
