/* replay.h: play a recording (store/record.h) as servers without a connection. */
#ifndef SERVERS_REPLAY_H
#define SERVERS_REPLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/err.h"
#include "backends/store/store.h"

/* Plays dir into the store. at_once: everything now, with the clock set to the last record.
 * Otherwise records keep their original pauses, each at most REPLAY_PAUSE_MS. False and err: dir
 * holds no recording. */
bool replay_start(struct store *, const char *dir, bool at_once, struct err *);
#define REPLAY_PAUSE_MS 3000

/* Adds a server for a replay. Nothing connects. */
struct server *server_open_replay(struct store *, const char *name);

/* Applies one "@state" record of a server's link. */
void server_replay_state(struct server *, const char *bytes, size_t len);

#endif
