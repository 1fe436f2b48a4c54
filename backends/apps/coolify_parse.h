/* coolify_parse.h: parses Coolify's answers. Pure. Texts are washed and lists bounded. A member of
 * the wrong type counts as missing.
 *
 * Source: Coolify's openapi.yaml of 4.1 and 4.2. */
#ifndef APPS_COOLIFY_PARSE_H
#define APPS_COOLIFY_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/apps/app.h"

struct buf;

#define COOLIFY_NAME 100

enum coolify_kind { COOLIFY_APPLICATION, COOLIFY_SERVICE, COOLIFY_DATABASE, COOLIFY_SERVER };
struct coolify_item {
	enum coolify_kind kind;
	char id[APP_ID_SIZE], name[COOLIFY_NAME], status[48], domain[200], image[160], server[64];
	bool reachable, usable; /* COOLIFY_SERVER only */
};
struct coolify_list {
	struct coolify_item *items;
	size_t n, left_out;
	/* name of an item that was left out because of its id; "" none */
	char unfit[COOLIFY_NAME];
};
/* GET /resources and GET /servers. On success call coolify_list_finish. */
bool coolify_resources_parse(const char *json, size_t len, struct coolify_list *out, struct err *);
bool coolify_servers_parse(const char *json, size_t len, struct coolify_list *out, struct err *);
void coolify_list_finish(struct coolify_list *);

/* A list of deployments in any wrapping: an array, an object with numbers as names, {"deployments":
 * ...}. Newest first, at most APP_DEPLOYMENTS_MAX. names, if not NULL, gets the application of
 * each. n gets their number. */
bool coolify_deployments_parse(const char *json, size_t len, struct app_deployment *out,
                               char (*names)[COOLIFY_NAME], size_t *n, struct err *);
/* GET /deployments/UUID. */
bool coolify_deployment_parse(const char *json, size_t len, struct app_deployment *out,
                              struct err *);
/* The output of a deployment, without hidden commands. The caller frees. NULL: absent, because the
 * token may not read it. */
char *coolify_log_text(const char *json, size_t len);
/* Answer to POST /deploy or /applications/UUID/restart. id "": no usable deployment was named.
 * said gets the message. */
bool coolify_deployment_queued(const char *json, size_t len, char id[APP_ID_SIZE], char *said,
                               size_t size);
/* Copies a version such as "4.3.10". False: not a version. */
bool coolify_version(const char *text, size_t len, char *out, size_t size);
/* Keeps only the members that mocr reads: no secrets of applications, no logs. */
void coolify_reduce(const char *json, size_t len, struct buf *out);

#endif
