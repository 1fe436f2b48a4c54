/* small_parse.h: reads the health of systems that tell little more. Pure.
 *
 * Sources, as of August 2026:
 *
 * - ntfy: docs.ntfy.sh/publish and its server's GET /v1/health
 * - n8n: docs.n8n.io, "Monitoring", GET /healthz and /healthz/readiness
 * - Qdrant: its openapi.json, GET /readyz, / and /collections
 * - Caddy 2.6: caddyserver.com/docs/api, GET /reverse_proxy/upstreams */
#ifndef SYSTEMS_SMALL_PARSE_H
#define SYSTEMS_SMALL_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/err.h"

/* {"healthy":true}. False and err: no such answer. */
bool ntfy_parse(const char *json, size_t len, bool *healthy, struct err *);
/* {"status":"ok"}; status is washed. */
bool n8n_parse(const char *json, size_t len, char *status, size_t size, struct err *);
/* Does the text say that all is ready? */
bool qdrant_is_ready(const char *text, size_t len);
/* The version of {"title":"qdrant...","version":"1.9"}; "" none. */
void qdrant_version(const char *json, size_t len, char *buf, size_t size);
bool qdrant_collections_parse(const char *json, size_t len, size_t *n, struct err *);

struct caddy_upstreams {
	size_t n, failing;
	char first[100]; /* the first that fails, washed */
};
bool caddy_parse(const char *json, size_t len, struct caddy_upstreams *, struct err *);

#endif
