/* activity.h: the log of actions and of changes that happened by themselves.
 *
 * A panel shows the entries. They are also JSON lines in $XDG_STATE_HOME/mocr/activity.jsonl. The
 * file is rotated at ACTIVITY_FILE_MAX bytes, and one older file is kept. */
#ifndef STORE_ACTIVITY_H
#define STORE_ACTIVITY_H

#include <stddef.h>
#include <stdint.h>

#include "backends/store/store.h"

#define ACTIVITY_FILE_MAX (4u << 20)
#define ACTIVITY_KEPT 2000

enum activity_what { ACTIVITY_ACTION, ACTIVITY_CHANGE, ACTIVITY_LINK, ACTIVITY_NOTE };

struct activity_entry {
	int64_t wall_ms;
	uint64_t number;
	enum activity_what what;
	enum health health; /* severity of the news */
	char *id;           /* owned: the row concerned */
	char *text; /* owned, washed: "restart: done after 3s", "healthy -> unhealthy: ..." */
	char *by;   /* owned: the user, for actions; NULL for the rest */
};

void activity_add(struct store *, enum activity_what, enum health, const char *id, const char *fmt,
                  ...) __attribute__((format(printf, 5, 6)));
size_t activity_count(const struct store *);
const struct activity_entry *activity_get(const struct store *, size_t newest_first);

/* Reads what the file and its older one keep, oldest first. each may return false to stop. False
 * and err: a file cannot be read. A line that is not understood is left out. */
bool activity_read(const char *state_dir, bool (*each)(const struct activity_entry *, void *arg),
                   void *arg, struct err *);
/* One entry as a line of JSON without its newline, as the file has it. The caller frees. */
char *activity_json(const struct activity_entry *);

#endif
