/* dokploy_parse.h: what Dokploy answers, pure. Up to 0.24 applications stand right in a project,
 * from 0.25 in its environments; both are read. Texts are washed, lists bounded; a wrong type is as
 * if it were not there. */
#ifndef APPS_DOKPLOY_PARSE_H
#define APPS_DOKPLOY_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/apps/app.h"

struct buf;

#define DP_ID 80
#define DP_NAME 100
#define DP_DOMAINS 8

struct dp_project {
	char id[DP_ID], name[DP_NAME];
};
struct dp_env {
	size_t project;
	char id[DP_ID], name[64];
	bool usual;
}; /* up to 0.24: one of each project, id "" */
struct dp_app {
	size_t env;
	bool compose;
	char id[DP_ID], name[DP_NAME], status[24];
};
struct dp_tree {
	struct dp_project *projects;
	struct dp_env *envs;
	struct dp_app *apps;
	size_t n_projects, n_envs, n_apps;
	size_t left_out;     /* projects, environments and apps beyond the bound */
	bool by_environment; /* some project has environments */
};
bool dp_tree_parse(const char *json, size_t len, struct dp_tree *out, struct err *);
void dp_tree_finish(struct dp_tree *);

struct dp_domain {
	char id[DP_ID], host[160], path[64];
	bool https;
	int port;
};
struct dp_one {
	char id[DP_ID], status[24], image[160], source[24], app_name[DP_NAME];
	struct dp_domain domains[DP_DOMAINS];
	size_t n_domains;
	struct app_deployment deployments[APP_DEPLOYMENTS_MAX]; /* newest first */
	size_t n_deployments;
};
/* application.one, compose.one */
bool dp_one_parse(const char *json, size_t len, struct dp_one *out, struct err *);
bool dp_deployments_parse(const char *json, size_t len, struct app_deployment *out, size_t *n,
                          struct err *);

/* What was made: ids, "" where none is told. */
bool dp_project_made(const char *json, size_t len, char project[DP_ID], char env[DP_ID],
                     struct err *);
bool dp_id_made(const char *json, size_t len, const char *member, char id[DP_ID], struct err *);

/* Of an application ("done", "idle") or a deployment ("done", "cancelled"). */
enum health dp_health(const char *state);

/* "v0.29.5" as text and 2905; 0: none. */
int dp_version(const char *json, size_t len, char *text, size_t size);
/* The log of a deployment in whatever wrapping, as its bytes in new memory. */
char *dp_log_text(const char *json, size_t len);
/* Leaves what this reads and nothing else: no environment variables, no keys. */
void dp_reduce(const char *json, size_t len, struct buf *out);

#endif
