/* coolify_parse.h: what Coolify answers, pure. Texts are washed, lists bounded; a wrong type is as
 * if it were not there. */
#ifndef APPS_COOLIFY_PARSE_H
#define APPS_COOLIFY_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/apps/app.h"

struct buf;

#define COOLIFY_ID 80
#define COOLIFY_NAME 100

enum coolify_kind { COOLIFY_APPLICATION, COOLIFY_SERVICE, COOLIFY_DATABASE, COOLIFY_SERVER };
struct coolify_item {
	enum coolify_kind kind;
	char id[COOLIFY_ID], name[COOLIFY_NAME], status[48], domain[200], image[160], server[64];
	bool reachable, usable; /* COOLIFY_SERVER */
};
struct coolify_list {
	struct coolify_item *items;
	size_t n, left_out;
};
/* GET /resources; GET /servers. */
bool coolify_resources_parse(const char *json, size_t len, struct coolify_list *out, struct err *);
bool coolify_servers_parse(const char *json, size_t len, struct coolify_list *out, struct err *);
void coolify_list_finish(struct coolify_list *);

/* A list of deployments in whatever wrapping: an array, an object by number, {"deployments": ...}.
 * Newest first. names (n of them, may be NULL): the application that each is of. */
bool coolify_deployments_parse(const char *json, size_t len, struct app_deployment *out,
                               char (*names)[COOLIFY_NAME], size_t *n, struct err *);
/* GET /deployments/UUID. */
bool coolify_deployment_parse(const char *json, size_t len, struct app_deployment *out,
                              struct err *);
/* What it printed, hidden commands left out, in new memory; NULL: it is not told, which is so with
 * a token that may not read it. */
char *coolify_log_text(const char *json, size_t len);
/* What was queued: POST /deploy, /applications/UUID/restart. id "" when none is told; said: its
 * words. */
bool coolify_deployment_queued(const char *json, size_t len, char id[COOLIFY_ID], char *said,
                               size_t size);
/* "4.3.10"; false: it is none. */
bool coolify_version(const char *text, size_t len, char *out, size_t size);
/* Leaves what this reads and nothing else: no secrets of applications, no logs. */
void coolify_reduce(const char *json, size_t len, struct buf *out);

#endif
