/* record.h: record every raw answer into a folder, for a later replay.
 *
 * The file DIR/answers is a list of records. Each record is a header line, the raw bytes and a
 * newline. The header has the fields MS, SERVER, SOURCE, LENGTH and WHAT with tabs between them. MS
 * is wall clock, LENGTH is the number of raw bytes.
 *
 * Backends take secrets out before (backend->redact). The pseudo-what "@state" records source
 * states. */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <stdbool.h>

#include "backends/base/err.h"
#include "backends/store/store.h"

struct record;
struct replay;

/* Starts recording into dir. dir is made with mode 0700 and must not hold a recording already. */
bool record_start(struct store *, const char *dir, struct err *);
void record_stop(struct store *);

/* Whether a recording is played (servers/replay.h) instead of live servers. */
bool replay_is_on(const struct store *);

/* Adds one record. Does nothing if no recording runs. For store.c and source.c. */
void record_add(struct store *, const char *server, const char *source, const char *what,
                const char *bytes, size_t len);

#endif
