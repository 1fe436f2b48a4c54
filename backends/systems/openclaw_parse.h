/* openclaw_parse.h: what an OpenClaw gateway says over its WebSocket, and how it is asked. Pure.
 *
 * Source: docs.openclaw.ai/gateway/protocol, protocol 3 and 4, and the gateway of 2026.9.6. One
 * exchange: challenge, connect with the token, some requests, and the stream is closed. A session's
 * words are neither asked for nor kept. On loopback the gateway wants no device, so the url should
 * lead to 127.0.0.1 of its server. */
#ifndef SYSTEMS_OPENCLAW_PARSE_H
#define SYSTEMS_OPENCLAW_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"
#include "backends/link/wire.h"

extern const struct wire_talk openclaw_talk;

#define OPENCLAW_LISTED 100 /* sessions, and approvals */
/* A longer command does not fit whole where an order is confirmed and logged (512 bytes). */
#define OPENCLAW_SHOWN_MAX 360

struct openclaw_session {
	char key[260], model[80];
	bool exact;         /* the key is what the gateway called it */
	int64_t tokens, ms; /* wall clock of its last change; -1, 0 unknown */
};
struct openclaw_approval {
	char id[120], agent[80]; /* washed; "" unknown */
	/* The command, and "in /srv: " before it; owned. Washed; a newline is shown as U+23CE. */
	char *command, *shown;
	/* Nobody allows what he has not seen: the id, the directory and the command are shown
	 * exactly, and shown has at most OPENCLAW_SHOWN_MAX bytes. */
	bool exact;
	int64_t made_ms, ends_ms; /* wall clock; 0 unknown */
};
struct openclaw_facts {
	char version[60];
	char lacks[240];                 /* what it would not answer, a sentence; "" nothing */
	int64_t sessions, agents;        /* -1 unknown */
	double cost;                     /* today, in dollars; below 0 unknown */
	struct openclaw_session *listed; /* owned, n_listed */
	struct openclaw_approval *asked; /* owned, n_asked */
	size_t n_listed, n_asked;
	bool asks_known; /* the approvals were listed */
};
/* Reads what openclaw_talk reports. today: "2026-11-30". False and err: not a report. */
bool openclaw_parse(const char *text, size_t len, const char *today, struct openclaw_facts *,
                    struct err *);
void openclaw_finish(struct openclaw_facts *);

/* A request for wire_config.request: METHOD TAB PARAMS, lines for older gateways after it. The
 * first method that the gateway has is sent. The caller frees. */
char *openclaw_send(const char *key, const char *message, const char *once);
char *openclaw_abort(const char *key);
char *openclaw_resolve(const char *id, const char *decision);

#endif
