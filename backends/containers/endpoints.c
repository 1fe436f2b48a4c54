/* endpoints.c: where each engine listens, and how else to reach it. `docker system dial-stdio` is
 * the command that `docker -H ssh://` uses. */
#include <stdio.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/quote.h"
#include "backends/containers/engine.h"
#include "backends/servers/sudo.h"

#define DOCKER_SOCKET "/var/run/docker.sock"
/* A shell without a terminal does not search the folders that hold docker on a Mac or a Synology.
 * DOCKER_HOST overrides a context, which may name another machine. */
#define DOCKER_ENV "env PATH=\"$PATH:/usr/local/bin:/opt/homebrew/bin\" DOCKER_HOST=unix://"

static size_t engine_docker_endpoints(const struct source *s, struct endpoint *endpoints,
                                      char *path, size_t size)
{
	endpoints[0] = (struct endpoint){ .kind = ENDPOINT_UNIX, .path = DOCKER_SOCKET };
	endpoints[1] = (struct endpoint){ .kind = ENDPOINT_EXEC,
		                          .shown = "docker system dial-stdio",
		                          .command = "exec " DOCKER_ENV DOCKER_SOCKET
		                                     " docker system dial-stdio" };
	/* Used only if there is a socket and sudo needs no password. On some servers a refused sudo
	 * is mailed to root. */
	endpoints[2] = (struct endpoint){
		.kind = ENDPOINT_EXEC,
		.shown = "sudo -n docker system dial-stdio",
		.command = "test -S " DOCKER_SOCKET
			   " || exit 127; " SUDO_MAY_OR("docker",
		                                        "1") "exec sudo -n docker system dial-stdio"
	};
	endpoints[3] = (struct endpoint){
		.kind = ENDPOINT_EXEC,
		.shown = "doas -n docker system dial-stdio",
		.command =
			"test -S /var/run/docker.sock || exit 127; ! command -v sudo >/dev/null || "
			"exit 127; exec doas -n docker system dial-stdio"
	};
	return 4;
}

const char *engine_root_prefix(const struct endpoint *r)
{
	if (!r || r->kind != ENDPOINT_EXEC)
		return "";
	if (strstr(r->command, "exec sudo -n "))
		return "sudo -n ";
	if (strstr(r->command, "exec doas -n "))
		return "doas -n ";
	return "";
}

/* The socket that the login's docker program uses. If nothing leads the program elsewhere, the
 * usual socket of a rootless engine. NULL: there is only the system's engine, or nothing is known
 * yet. */
static const char *engine_docker_user_path(const struct server *v, char *path, size_t size)
{
	static const char unix_scheme[] = "unix://";
	size_t n = sizeof(unix_scheme) - 1;
	if (!strncmp(v->docker, unix_scheme, n) && v->docker[n] == '/') {
		snprintf(path, size, "%s", v->docker + n);
		return path;
	}
	/* "none": the shell reports a socket that appears later */
	bool led = *v->docker && strcmp(v->docker, "none") != 0;
	if (v->uid <= 0 || !*v->runtime_dir || led)
		return NULL;
	snprintf(path, size, "%s/docker.sock", v->runtime_dir);
	return path;
}

static size_t engine_docker_user_endpoints(const struct source *s, struct endpoint *endpoints,
                                           char *path, size_t size)
{
	if (!engine_docker_user_path(s->server, path, size))
		return 0;
	endpoints[0] = (struct endpoint){ .kind = ENDPOINT_UNIX, .path = path };
	if (strncmp(s->server->docker, "unix://", 7) != 0)
		return 1;
	/* For servers where sshd forbids sockets. Only for a known socket, because a command costs
	 * a process. */
	struct buf b = { 0 };
	size_t n = strlen(path) + 1;
	buf_puts(&b, "exec " DOCKER_ENV);
	quote_word(&b, path);
	buf_puts(&b, " docker system dial-stdio");
	snprintf(path + n, size - n, "%s", b.data);
	buf_finish(&b);
	endpoints[1] = (struct endpoint){ .kind = ENDPOINT_EXEC,
		                          .command = path + n,
		                          .shown = "docker system dial-stdio" };
	return 2;
}

bool engine_elsewhere(const struct engine *e, struct err *err)
{
	const char *host = e->source.server->docker;
	if (!e->param->of_user || e->param->is_podman || !strncmp(host, "unix://", 7) ||
	    !strstr(host, "://"))
		return false;
	err_set(err, ERR_ABSENT,
	        "docker of %s leads to %s by DOCKER_HOST or its context; what is there is not "
	        "shown as %s's",
	        *e->source.server->user ? e->source.server->user : "the login", host,
	        e->source.server->name);
	return true;
}

/* Sets DOCKER_HOST only where the login's command would reach another engine by itself. */
void engine_environment(const struct source *s, struct buf *b)
{
	const struct engine_param *param = s->backend->param;
	char path[160];
	const char *to = param->of_user ? engine_docker_user_path(s->server, path, sizeof(path))
	                                : DOCKER_SOCKET;
	bool led = strstr(s->server->docker, "://") != NULL;
	if (param->is_podman || !to || (!param->of_user && !led))
		return;
	buf_puts(b, "DOCKER_HOST=unix://");
	quote_word(b, to);
	buf_puts(b, " ");
}

static size_t engine_podman_endpoints(const struct source *s, struct endpoint *endpoints,
                                      char *path, size_t size)
{
	endpoints[0] = (struct endpoint){ .kind = ENDPOINT_UNIX,
		                          .path = "/run/podman/podman.sock" };
	return 1;
}

/* The path is known only after the first sample of the vitals. */
static size_t engine_podman_user_endpoints(const struct source *s, struct endpoint *endpoints,
                                           char *path, size_t size)
{
	const struct server *v = s->server;
	if (v->uid == 0 || (v->uid < 0 && !*v->runtime_dir))
		return 0;
	if (*v->runtime_dir)
		snprintf(path, size, "%s/podman/podman.sock", v->runtime_dir);
	else
		snprintf(path, size, "/run/user/%d/podman/podman.sock", v->uid);
	endpoints[0] = (struct endpoint){ .kind = ENDPOINT_UNIX, .path = path };
	return 1;
}

const struct engine_param engine_docker = { .cli = "docker",
	                                    .title = "Docker",
	                                    .endpoints = engine_docker_endpoints,
	                                    .socket = SOCKET_DOCKER };
const struct engine_param engine_docker_user = { .cli = "docker",
	                                         .title = "Docker of the user",
	                                         .endpoints = engine_docker_user_endpoints,
	                                         .of_user = true,
	                                         .socket = SOCKET_DOCKER_USER };
const struct engine_param engine_podman = { .cli = "podman",
	                                    .title = "Podman",
	                                    .endpoints = engine_podman_endpoints,
	                                    .is_podman = true,
	                                    .socket = SOCKET_PODMAN };
const struct engine_param engine_podman_user = { .cli = "podman",
	                                         .title = "Podman of the user",
	                                         .endpoints = engine_podman_user_endpoints,
	                                         .is_podman = true,
	                                         .of_user = true,
	                                         .socket = SOCKET_PODMAN_USER };
