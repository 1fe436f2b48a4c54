/* containers.h: the engines that containers live in, and how a death is told. */
#ifndef CONTAINERS_CONTAINERS_H
#define CONTAINERS_CONTAINERS_H

#include "backends/base/buf.h"
#include "backends/containers/container.h"
#include "backends/store/store.h"

extern const struct backend backend_docker, backend_docker_user, backend_podman,
	backend_podman_user;

/* How its program is called on that server: "docker", "sudo -n docker". */
/* Where a Synology and a Mac have it, for shells that do not look there. */
#define ENGINE_PATH "PATH=$PATH:/usr/local/bin:/opt/homebrew/bin; export PATH; "
#define ENGINE_COMMAND_SIZE 256
void engine_command(const struct source *, char *buf, size_t size);

/* The words after "compose": " -p NAME -f FILE --env-file FILE". Lists are as in the labels,
 * separated by commas; NULL: empty. */
void compose_words(struct buf *, const char *project, const char *files, const char *env_files);
/* Shell text that ends with 1 and a sentence where one of them cannot be read: compose may go on
 * with blank values instead. */
void compose_check(struct buf *, const char *env_files);

#endif
