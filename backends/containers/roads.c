/* roads.c: where each engine listens, and how else it can be reached. */
#include <stdio.h>

#include "backends/containers/engine.h"

static size_t docker_roads(const struct source *s, struct road *roads, char *path, size_t size)
{
	roads[0] = (struct road){ .kind = ROAD_UNIX, .path = "/var/run/docker.sock" };
	roads[1] = (struct road){ .kind = ROAD_EXEC, .command = "docker system dial-stdio" };
	/* only where there is a socket: a refused sudo is mailed to root on some servers */
	roads[2] = (struct road){ .kind = ROAD_EXEC, .command = "test -S /var/run/docker.sock || exit 127; "
	                                                         "exec sudo -n docker system dial-stdio" };
	return 3;
}

static size_t podman_roads(const struct source *s, struct road *roads, char *path, size_t size)
{
	roads[0] = (struct road){ .kind = ROAD_UNIX, .path = "/run/podman/podman.sock" };
	return 1;
}

/* Where that is, is known only once the vitals were heard. */
static size_t podman_user_roads(const struct source *s, struct road *roads, char *path, size_t size)
{
	const struct server *v = s->server;
	if (v->uid == 0 || (v->uid < 0 && !*v->runtime_dir))
		return 0;
	if (*v->runtime_dir)
		snprintf(path, size, "%s/podman/podman.sock", v->runtime_dir);
	else
		snprintf(path, size, "/run/user/%d/podman/podman.sock", v->uid);
	roads[0] = (struct road){ .kind = ROAD_UNIX, .path = path };
	return 1;
}

const struct engine_param engine_docker = { .cli = "docker", .title = "Docker", .roads = docker_roads };
const struct engine_param engine_podman = { .cli = "podman", .title = "Podman", .roads = podman_roads, .is_podman = true };
const struct engine_param engine_podman_user = { .cli = "podman", .title = "Podman of the user", .roads = podman_user_roads,
	                                             .is_podman = true };
