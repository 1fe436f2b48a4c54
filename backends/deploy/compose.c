/* compose.c: compose projects, found by the labels of their containers, as rows to deploy. An
 * action on a project is a normal run and does not depend on the link. The engine pulls images
 * first and reports progress.
 *
 * Source: the labels com.docker.compose.* that compose sets, and the command line reference of
 * docker compose. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/containers/containers.h"
#include "backends/deploy/internal.h"

#define PREFIX "compose:"

/* Labels are untrusted input. */
static bool project_name_is_one(const char *name)
{
	static const char signs[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	return name[0] != '-' && name[0] != '.' && *name && !name[strspn(name, signs)] &&
	       strlen(name) < PROJECT_NAME_SIZE;
}

/* The name comes from a file on the server. It must not select a source that is not an engine. */
static bool project_engine_is_one(const char *name)
{
	static const struct backend *const engines[] = { &backend_docker, &backend_docker_user,
		                                         &backend_podman, &backend_podman_user };
	for (size_t i = 0; i < ARRAY_LEN(engines); i++)
		if (!strcmp(engines[i]->name, name))
			return true;
	return false;
}

static bool project_is_line(const char *text)
{
	return !text[strcspn(text, "\t\r\n")];
}

static struct deploy_project *project_of(struct deploy *d, const char *name)
{
	if (!d->project)
		d->project = xcalloc(1, sizeof(*d->project));
	snprintf(d->project->name, sizeof(d->project->name), "%s", name);
	return d->project;
}

void project_found(struct deploy *d, const char *engine, const char *dir, const char *files,
                   const char *env)
{
	if (strncmp(d->row.name, PREFIX, strlen(PREFIX)) != 0 ||
	    !project_name_is_one(d->row.name + strlen(PREFIX)) || dir[0] != '/' ||
	    !project_engine_is_one(engine))
		return;
	struct deploy_project *p = project_of(d, d->row.name + strlen(PREFIX));
	if (p->dir[0])
		return; /* labels are more reliable than a run's event */
	snprintf(p->engine, sizeof(p->engine), "%s", engine);
	snprintf(p->dir, sizeof(p->dir), "%s", dir);
	snprintf(p->files, sizeof(p->files), "%s", files);
	snprintf(p->env, sizeof(p->env), "%s", env);
}

static void project_count(struct deploys *ds, const struct container *c)
{
	char id[PROJECT_NAME_SIZE + 16];
	/* An image's maker must not define the server's projects. */
	if (c->by_compose == COMPOSE_NOT || !c->project || !project_name_is_one(c->project) ||
	    !project_engine_is_one(c->row.source->backend->name))
		return;
	snprintf(id, sizeof(id), PREFIX "%s", c->project);
	struct deploy *d = deploy_row(ds, id);
	struct deploy_project *p = project_of(d, c->project);
	if (!p->seen)
		p->containers = p->up = 0;
	p->seen = true;
	p->containers++;
	p->up += c->state == CONTAINER_RUNNING;
	/* A container of doubtful origin must not move a project either. */
	if (c->by_compose == COMPOSE_CLAIMED && p->dir[0] && !p->doubtful)
		return;
	const char *dir = c->project_dir, *files = c->project_files ? c->project_files : "";
	const char *env = c->project_env ? c->project_env : "";
	if (!project_is_line(env) || strlen(env) >= sizeof(p->env))
		return;
	if (!dir || dir[0] != '/' || !project_is_line(dir) || !project_is_line(files) ||
	    strlen(dir) >= sizeof(p->dir) || strlen(files) >= sizeof(p->files))
		return;
	p->doubtful = c->by_compose == COMPOSE_CLAIMED;
	snprintf(p->engine, sizeof(p->engine), "%s", c->row.source->backend->name);
	snprintf(p->dir, sizeof(p->dir), "%s", dir);
	snprintf(p->files, sizeof(p->files), "%s", files);
	snprintf(p->env, sizeof(p->env), "%s", env);
}

void deploy_projects(struct source *s)
{
	const struct server *v = s->server;
	for (struct row *r = store_first(v->store, &kind_container, v); r;
	     r = store_next(r, &kind_container, v))
		project_count(deploys_of(s), ROW_AS(container, r));
	/* Projects without containers stay if they have a run or a running order. */
	struct deploys *ds = deploys_of(s);
	for (struct row *r = store_first(ds->source.store, &kind_deploy, ds->source.server), *next;
	     r; r = next) {
		struct deploy *d = ROW_AS(deploy, r);
		struct deploy_project *p = d->project;
		next = store_next(r, &kind_deploy, ds->source.server);
		if (!p)
			continue;
		bool seen = p->seen;
		p->seen = false;
		if (!seen)
			p->containers = p->up = 0;
		if (!seen && !d->run.id[0] && !(r->order && r->order->state == ORDER_RUNNING))
			store_row_remove(r);
		else
			store_touch(r);
	}
}

/* --- the run ------------------------------------------------------------- */

static void project_add_words(struct buf *b, const struct deploy_project *p, const char *words)
{
	compose_words(b, p->name, p->files, p->env);
	buf_addf(b, " %s", words);
}

static void project_program(const struct deploy *d, char *buf, size_t size)
{
	const struct source *s = project_engine_is_one(d->project->engine)
	                                 ? server_source(d->row.server, d->project->engine)
	                                 : NULL;
	snprintf(buf, size, "docker");
	if (s)
		engine_command(s, buf, size);
}

/* Writes the commands as a person would type them. */
void project_words(const struct deploy *d, const char *const *steps, struct buf *b)
{
	char cli[ENGINE_COMMAND_SIZE];
	project_program(d, cli, sizeof(cli));
	for (size_t i = 0; steps[i]; i++) {
		buf_addf(b, "%s%s compose", i ? " && " : "", cli);
		project_add_words(b, d->project, steps[i]);
	}
}

/* Builds the run's shell text. Image changes of each service go to the run's file "changed" and to
 * the end of its output. */
void project_script(const struct deploy *d, const char *const *steps, struct buf *b)
{
	char cli[ENGINE_COMMAND_SIZE];
	project_program(d, cli, sizeof(cli));
	buf_puts(b, ENGINE_PATH "r=${0%/*} p=");
	quote_word(b, d->project->name);
	/* the program without sudo, doas or DOCKER_HOST */
	const char *bare = strrchr(cli, ' ') ? strrchr(cli, ' ') + 1 : cli;
	buf_addf(b, "\nD() { %s \"$@\"; }\n", cli);
	buf_addf(b,
	         "if D compose version >/dev/null 2>&1; then C() { D compose \"$@\"; }\n"
	         "elif command -v %s-compose >/dev/null 2>&1; then C() { %s-compose \"$@\"; }\n"
	         "else echo 'neither the plugin %s compose nor the program %s-compose is installed "
	         "there' >&2; exit 127; fi\n",
	         bare, cli, cli, bare);
	buf_puts(b, "images() { i=$(D ps -aq --no-trunc --filter "
	            "\"label=com.docker.compose.project=$p\" 2>/dev/null) && [ -n \"$i\" ] &&\n"
	            "  D inspect -f '{{index .Config.Labels \"com.docker.compose.service\"}} "
	            "{{.Config.Image}} {{.Image}}' $i 2>/dev/null | sort -u; }\n"
	            "images >\"$r/images\"\n");
	compose_check(b, d->project->env);
	/* Sets P to the --profile words for containers of services that belong to a profile. No
	 * label names the profile, and without --profile, up and down skip such services. The
	 * output lists containers of services that belong to no profile (removed from the files).
	 */
	struct buf words = { 0 };
	compose_words(&words, d->project->name, d->project->files, d->project->env);
	buf_addf(b,
	         "W() { C \"$@\" 2>/dev/null; }\nP= s=$(W%s config --services) && [ -n \"$s\" ] && "
	         "{\n",
	         words.data);
	buf_puts(b, "  left=; for x in $(cut -d ' ' -f 1 \"$r/images\" | sort -u); do\n"
	            "    printf '%s\\n' $s | grep -qxF -e \"$x\" || left=\"$left $x\"\n  done\n");
	buf_addf(b,
	         "  [ -z \"$left\" ] || for y in $(W%s config --profiles); do\n"
	         "    t=$(W --profile \"$y\"%s config --services)\n",
	         words.data, words.data);
	buf_puts(b, "    for x in $left; do\n"
	            "      if printf '%s\\n' $t | grep -qxF -e \"$x\"; then P=\"$P --profile $y\"; "
	            "break; fi\n"
	            "    done\n  done\n"
	            "  [ -z \"$left\" ] || [ -n \"$P\" ] || echo \"not in these files, and left as "
	            "they are:$left\"\n"
	            "  [ -z \"$P\" ] || echo \"with$P, by which containers of this project were "
	            "started\"\n}\n");
	buf_finish(&words);
	for (size_t i = 0; steps[i]; i++) {
		buf_puts(b, i ? " && C $P" : "C $P");
		project_add_words(b, d->project, steps[i]);
	}
	buf_puts(b, "\ncode=$?\n"
	            "images >\"$r/images.new\"\n"
	            "while read -r service image id; do\n"
	            "  old=$(sed -n \"s|^$service [^ ]* sha256:\\(.\\{12\\}\\).*|\\1|p\" "
	            "\"$r/images\" | head -n 1)\n"
	            "  new=${id#sha256:}; new=$(printf %.12s \"$new\")\n"
	            "  [ \"$old\" = \"$new\" ] || printf '%s: %s %s -> %s\\n' \"$service\" "
	            "\"$image\" \"${old:-none}\" \"$new\"\n"
	            "done <\"$r/images.new\" >\"$r/changed\"\n"
	            "cat \"$r/changed\"\n"
	            "exit $code\n");
}

/* --- images -------------------------------------------------------------- */

#define IMAGES_MAX 64

struct pull *project_pull(const struct deploy *d, const struct pull_events *events, void *arg,
                          bool *unnamed, struct err *err)
{
	const char *images[IMAGES_MAX];
	size_t n = 0;
	struct source *engine = server_source(d->row.server, d->project->engine);
	*unnamed = false;
	for (struct row *r = store_first(d->row.server->store, &kind_container, d->row.server);
	     r && n < IMAGES_MAX; r = store_next(r, &kind_container, d->row.server)) {
		const struct container *c = ROW_AS(container, r);
		if (r->source != engine || !c->project || strcmp(c->project, d->project->name) != 0)
			continue;
		/* If another image took the name, the container's image is known only by its
		 * digits. */
		if (!c->image || !strncmp(c->image, "sha256:", 7) || !strcspn(c->image, "-")) {
			*unnamed = true;
			continue;
		}
		size_t at = 0;
		while (at < n && strcmp(images[at], c->image) != 0)
			at++;
		if (at == n)
			images[n++] = c->image;
	}
	if (n && engine && project_engine_is_one(d->project->engine))
		return pull_start(engine, images, n, events, arg, err);
	*unnamed = true;
	return NULL;
}
