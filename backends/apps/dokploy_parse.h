/* dokploy_parse.h: parses Dokploy's answers. Pure. Texts are washed and lists bounded. A member of
 * the wrong type counts as missing.
 *
 * Source: Dokploy's tRPC routers at 0.24, 0.25 and 0.29 (docs.dokploy.com/docs/api).
 *
 * Up to 0.24 applications are directly in a project, from 0.25 in its environments. The parser
 * reads both. */
#ifndef APPS_DOKPLOY_PARSE_H
#define APPS_DOKPLOY_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/apps/app.h"

struct buf;

#define DP_NAME 100
#define DP_DOMAINS 8

struct dp_project {
	char id[APP_ID_SIZE], name[DP_NAME];
	/* what it has beside applications and compose stacks, such as "postgres db"; "" nothing */
	char other[DP_NAME + 40];
};
struct dp_env {
	size_t project;
	char id[APP_ID_SIZE], name[64];
	bool usual;
}; /* up to 0.24: one per project, with id "" */
struct dp_app {
	size_t env;
	bool compose;
	char id[APP_ID_SIZE], name[DP_NAME], status[24];
};
struct dp_tree {
	struct dp_project *projects;
	struct dp_env *envs;
	struct dp_app *apps;
	size_t n_projects, n_envs, n_apps;
	size_t left_out;     /* of each of these: beyond the limit, or without a usable id */
	char unfit[DP_NAME]; /* name of one that was left out because of its id; "" none */
	bool by_environment; /* some project has environments */
};
bool dp_tree_parse(const char *json, size_t len, struct dp_tree *out, struct err *);
void dp_tree_finish(struct dp_tree *);

struct dp_domain {
	char id[APP_ID_SIZE], host[160], path[64];
	bool https;
	int port;
};
struct dp_one {
	char id[APP_ID_SIZE], status[24], image[160], source[24], app_name[DP_NAME];
	struct dp_domain domains[DP_DOMAINS];
	size_t n_domains;
	struct app_deployment deployments[APP_DEPLOYMENTS_MAX]; /* newest first */
	size_t n_deployments;
};
/* The answer of application.one or compose.one. */
bool dp_one_parse(const char *json, size_t len, struct dp_one *out, struct err *);
bool dp_deployments_parse(const char *json, size_t len, struct app_deployment *out, size_t *n,
                          struct err *);

/* Ids from answers to create calls; "" if absent. */
bool dp_project_made(const char *json, size_t len, char project[APP_ID_SIZE], char env[APP_ID_SIZE],
                     struct err *);
bool dp_id_made(const char *json, size_t len, const char *member, char id[APP_ID_SIZE],
                struct err *);

/* Health of an application's state ("done", "idle") or a deployment's ("done", "cancelled"). */
enum health dp_health(const char *state);

/* "v0.29.5" as text, returned as 2905; 0: not a version. */
int dp_version(const char *json, size_t len, char *text, size_t size);
/* The text of a deployment log in any wrapping. The caller frees. */
char *dp_log_text(const char *json, size_t len);
/* Keeps only the members that mocr reads: no environment variables, no keys. */
void dp_reduce(const char *json, size_t len, struct buf *out);

#endif
