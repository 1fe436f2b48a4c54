/* containers.h: the container engines as backends, and compose command lines for other rooms. */
#ifndef CONTAINERS_CONTAINERS_H
#define CONTAINERS_CONTAINERS_H

#include "backends/base/buf.h"
#include "backends/containers/container.h"
#include "backends/store/store.h"

extern const struct backend backend_docker, backend_docker_user, backend_podman,
	backend_podman_user;

/* How many containers a server has; how many run, those before their first health check included;
 * how many need attention or worse. */
struct container_counts {
	int all, up, bad;
};
struct container_counts containers_count(const struct server *);

/* Folders where a Synology and a Mac keep docker. A shell without a terminal does not search
 * them. */
#define ENGINE_PATH "PATH=$PATH:/usr/local/bin:/opt/homebrew/bin; export PATH; "
#define ENGINE_COMMAND_SIZE 256
/* How to call the engine's program on that server: "docker", "sudo -n docker". */
void engine_command(const struct source *, char *buf, size_t size);

/* Appends the words after "compose": " -p NAME -f FILE --env-file FILE". files and env_files are
 * comma-separated lists, as in the labels. NULL counts as empty. */
void compose_words(struct buf *, const char *project, const char *files, const char *env_files);
/* Appends shell text that checks env_files. If a file cannot be read, the shell prints a sentence
 * and exits with 1. Without the check, compose may continue with blank values. */
void compose_check(struct buf *, const char *env_files);

#endif
