/* record.h: every raw answer into a folder, and back.
 *
 * DIR/answers holds one record after another: a header line of MS, SERVER, SOURCE, LENGTH, WHAT
 * parted by tabs and LENGTH raw bytes, ended by a newline. MS is wall clock. Backends take secrets
 * out before (backend->redact). The pseudo-what "@state" holds states. */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <stdbool.h>

#include "backends/base/err.h"
#include "backends/store/store.h"

struct record;
struct replay;

/* Starts recording into dir (made with 0700; must not hold a recording already). */
bool record_start(struct store *, const char *dir, struct err *);
void record_stop(struct store *);

/* Whether a recording is played (servers/replay.h) instead of live servers. */
bool replay_is_on(const struct store *);

/* For store.c and source.c: one record. Nothing when no recording runs. */
void record_add(struct store *, const char *server, const char *source, const char *what,
                const char *bytes, size_t len);

#endif
