/* coolify_parse.h: what Coolify answers, pure. Texts are washed, lists bounded; a wrong type is as
 * if it were not there. */
#ifndef APPS_COOLIFY_PARSE_H
#define APPS_COOLIFY_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/apps/app.h"

struct buf;

#define CO_ID 80
#define CO_NAME 100

enum co_kind { CO_APPLICATION, CO_SERVICE, CO_DATABASE, CO_SERVER };
struct co_item {
	enum co_kind kind;
	char id[CO_ID], name[CO_NAME], status[48], domain[200], image[160], server[64];
	bool reachable, usable; /* CO_SERVER */
};
struct co_list {
	struct co_item *items;
	size_t n, left_out;
};
/* GET /resources; GET /servers. */
bool co_resources_parse(const char *json, size_t len, struct co_list *out, struct err *);
bool co_servers_parse(const char *json, size_t len, struct co_list *out, struct err *);
void co_list_finish(struct co_list *);

/* A list of deployments in whatever wrapping: an array, an object by number, {"deployments": ...}.
 * Newest first. names (n of them, may be NULL): the application that each is of. */
bool co_deployments_parse(const char *json, size_t len, struct app_deployment *out,
                          char (*names)[CO_NAME], size_t *n, struct err *);
/* GET /deployments/UUID. */
bool co_deployment_parse(const char *json, size_t len, struct app_deployment *out, struct err *);
/* What it printed, hidden commands left out, in new memory; NULL: it is not told, which is so with
 * a token that may not read it. */
char *co_log_text(const char *json, size_t len);
/* What was queued: POST /deploy, /applications/UUID/restart. id "" when none is told; said: its
 * words. */
bool co_queued(const char *json, size_t len, char id[CO_ID], char *said, size_t size);
/* "4.3.10"; false: it is none. */
bool co_version(const char *text, size_t len, char *out, size_t size);
/* Leaves what this reads and nothing else: no secrets of applications, no logs. */
void co_reduce(const char *json, size_t len, struct buf *out);

#endif
