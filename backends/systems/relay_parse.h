/* relay_parse.h: reads the answers of an AI relay and of its legs. Pure.
 *
 * Source: Manu5921/ai-relay-server: index.js, claude-endpoint.js, ollama-endpoint.js. The health of
 * the relay names its legs and never asks them. A webhook that reached no leg is a "success", too:
 * what failed is in its notifications. */
#ifndef SYSTEMS_RELAY_PARSE_H
#define SYSTEMS_RELAY_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"

struct buf;

#define RELAY_LEGS_MAX 6

/* All texts are washed; "" unknown. */
struct relay_place {
	char name[32]; /* "claude" */
	char url[200]; /* as seen from the relay; "": not one that may be asked */
};
struct relay_health {
	char status[24], version[24];
	struct relay_place legs[RELAY_LEGS_MAX];
	size_t n, left_out;
};
bool relay_health_parse(const char *json, size_t len, struct relay_health *, struct err *);

/* One probe of a leg, as relay_leg_write puts it together. */
struct relay_probe {
	char status[24], service[40];
	int64_t ms;      /* from the question to the answer; -1 unknown */
	char error[320]; /* "" it answered */
};
/* The leg's own answer. False and err: it is not that of a leg. */
bool relay_leg_parse(const char *json, size_t len, struct relay_probe *, struct err *);
void relay_leg_write(const struct relay_probe *, struct buf *);
bool relay_leg_read(const char *json, size_t len, struct relay_probe *, struct err *);

struct relay_webhook {
	char duration[24],
		failed[120]; /* failed: the legs that it did not reach, "claude, ollama" */
	size_t reached;
};
/* False and err: it was not taken. */
bool relay_webhook_parse(const char *json, size_t len, struct relay_webhook *, struct err *);

/* Does the url lead to the machine that asks? */
bool relay_is_loopback(const char *url);

#endif
