/* redis_parse.h: what Redis, Valkey and KeyDB say, and how they are asked. Pure.
 *
 * Source: redis.io/docs/latest/develop/reference/protocol-spec (RESP2), commands/auth,
 * commands/info; Redis 7.0. -NOAUTH proves that it is alive. INFO is answered while data is
 * loaded. */
#ifndef SYSTEMS_REDIS_PARSE_H
#define SYSTEMS_REDIS_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"
#include "backends/link/wire.h"

extern const struct wire_talk redis_talk;

struct redis_facts {
	char version[40];   /* "7.0.15", "valkey 8.0.1"; "" unknown */
	char role[20];      /* "master", "slave" */
	char primary[120];  /* of a replica: HOST:PORT */
	char refused[160];  /* why INFO was not given: "NOAUTH ..."; "" it was */
	int64_t memory, memory_max; /* bytes; -1 unknown; a limit of 0: none */
	int64_t clients, clients_max, blocked, keys, replicas; /* -1 unknown */
	int64_t evicted, rejected;                             /* since its start */
	bool primary_down, loading, save_failed, append_failed;
	double ms; /* of the exchange; -1 unknown */
};
/* Reads what redis_talk reports. False and err: it is no Redis. */
bool redis_parse(const char *text, size_t len, struct redis_facts *, struct err *);

#endif
