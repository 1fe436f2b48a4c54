/* containers.h: the engines that containers live in, and how a death is told. */
#ifndef CONTAINERS_CONTAINERS_H
#define CONTAINERS_CONTAINERS_H

#include "backends/containers/container.h"
#include "backends/store/store.h"

extern const struct backend backend_docker, backend_podman, backend_podman_user;

/* How its program is called on that server: "docker", "sudo -n docker". */
void engine_command(const struct source *, char *buf, size_t size);

#endif
