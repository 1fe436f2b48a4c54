/* logs.h: parse the name of a log, and follow all logs that a set of names means.
 *
 *   SERVER or SERVER/journal    its whole journal.
 *   SERVER/kernel               the kernel's messages.
 *   SERVER/file:/PATH           a file there.
 *   SERVER/containers/NAME      a container.
 *   SERVER/services/NAME        a unit; ".service" may be left out.
 *   NAME:QUERY                  what a query of [loki NAME] or [victorialogs NAME] finds; the
 *                               word loki or victorialogs for NAME means all of them.
 *
 * SERVER and NAME may hold * ? [...]; row ids ("sese/container/javisi_n8n") are targets too. A
 * pattern also takes what appears later: log_set_refresh looks again. */
#ifndef LOGS_LOGS_H
#define LOGS_LOGS_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/store/log.h"
#include "backends/store/store.h"

enum target_what { TARGET_JOURNAL, TARGET_KERNEL, TARGET_FILE, TARGET_ROWS, TARGET_QUERY };
struct target {
	enum target_what what;
	const struct kind *kind; /* TARGET_ROWS: of which rows; NULL for the others */
	char server[128];        /* name or pattern; TARGET_QUERY: NAME */
	char name[2048];         /* name or pattern, or path, or query; "" for the others */
};
/* Pure. False and why, with the nearest word when one was mistyped. */
bool target_parse(const char *text, struct target *, char *why, size_t size);
/* Takes the next target off a line. Blanks part targets, except in {...}, in "..." and in '...'.
 * The quotes '...' around a whole target are left out. NULL: there is no more. The caller frees. */
char *target_next(const char **line);
/* Calls fn with the server of each section that a TARGET_QUERY means, "local" without a server.
 * False and why: no section has this name. */
struct settings;
bool target_each_place(const struct settings *, const struct target *,
                       bool (*fn)(const char *server, void *arg), void *arg, char *why,
                       size_t size);
/* Whether it means what (of kind, for TARGET_ROWS) called name on server. */
bool target_takes(const struct target *, enum target_what, const struct kind *, const char *server,
                  const char *name);

struct log_set;
struct log_set *log_set_create(struct store *, struct log *); /* both borrowed */
void log_set_destroy(struct log_set *);                       /* before the log; NULL is fine */
bool log_set_add(struct log_set *, const char *target, char *why, size_t size);
/* Follows what matches and is not followed yet, and tells the log the clocks of the servers.
 * Returns how many are followed. */
size_t log_set_refresh(struct log_set *);
/* the same for a log without a set */
void log_set_clocks(struct store *, struct log *);
/* The first target that takes nothing now; NULL when all take something. */
const char *log_set_idle(const struct log_set *);

/* kind_server.follow: its journal */
struct follow *server_follow(struct row *, struct log *, struct err *);

#endif
