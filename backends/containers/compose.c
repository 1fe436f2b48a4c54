/* compose.c: up, pull and down of a compose project. Runs the server's own compose in the folder
 * that the labels name.
 *
 * A project may have several files. Their order matters and is kept. The same shell command finds
 * out whether compose is a plugin or a separate program.
 *
 * Source: the labels com.docker.compose.* that compose sets, and the command line reference of
 * docker compose. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/wash.h"
#include "backends/containers/acts.h"
#include "backends/containers/updates.h"

#define COMPOSE_TIMEOUT_MS (15 * 60 * 1000) /* a pull over a slow line */
#define COMPOSE_OUTPUT_MAX (1u << 20)

bool compose_applies(const struct row *row)
{
	const struct container *c = ROW_AS(container, row);
	/* Labels are untrusted input. A service name with a leading dash would be read as an
	 * option. */
	return c->project && c->project_dir && c->project_dir[0] == '/' &&
	       (!c->service || c->service[0] != '-');
}

/* Appends the word before and the file, for each file in a label's list. Files are relative to the
 * project folder, or absolute. */
static void compose_add_files(struct buf *b, const char *before, const char *files)
{
	for (const char *p = files; p && *p;) {
		size_t n = strcspn(p, ",");
		char *file = xstrndup(p, n);
		if (*file) {
			buf_puts(b, before);
			quote_word(b, file);
		}
		free(file);
		p += n + (p[n] == ',');
	}
}

void compose_words(struct buf *b, const char *project, const char *files, const char *env_files)
{
	buf_puts(b, " -p ");
	quote_word(b, project);
	compose_add_files(b, " -f ", files);
	compose_add_files(b, " --env-file ", env_files);
}

void compose_check(struct buf *b, const char *env_files)
{
	if (!env_files || !*env_files)
		return;
	buf_puts(b, "for f in");
	compose_add_files(b, " ", env_files);
	buf_puts(b, "; do [ -r \"$f\" ] || { echo \"$f cannot be read: this project was started "
	            "with it as --env-file, and would get "
	            "blank values without it\" >&2; exit 1; }; done; ");
}

/* Appends the steps of one action, joined by &&. The list ends with NULL. */
static void compose_add_steps(struct buf *b, const char *program, const struct container *c,
                              const char *const *steps, bool whole)
{
	for (size_t i = 0; steps[i]; i++) {
		if (i)
			buf_puts(b, " && ");
		/* without this, down leaves services of inactive profiles running */
		if (whole)
			buf_puts(b, "COMPOSE_PROFILES='*' ");
		buf_puts(b, program);
		compose_words(b, c->project, c->project_files, c->project_env);
		buf_addf(b, " %s", steps[i]);
		if (!whole && c->service) {
			buf_puts(b, " ");
			quote_word(b, c->service);
		}
	}
}

const struct compose_steps compose_up = { { "up -d" }, false };
const struct compose_steps compose_pull = { { "pull", "up -d" }, false };
const struct compose_steps compose_down = { { "down" }, true };

void engine_command(const struct source *s, char *buf, size_t size)
{
	/* engine->param is unset until the link was up once */
	const struct engine_param *param = s->backend->param;
	const struct engine *e = engine_of((struct source *)s);
	const char *root = engine_root_prefix(e->origin ? origin_endpoint(e->origin) : NULL);
	struct buf before = { 0 };
	/* sudo or doas if the engine is reached only that way, else DOCKER_HOST if needed */
	buf_puts(&before, root);
	if (!*root)
		engine_environment(s, &before);
	snprintf(buf, size, "%s%s", before.len ? before.data : "", param->cli);
	buf_finish(&before);
}

static char *compose_script(const struct container *c, const struct engine *e,
                            const char *const *steps, bool whole)
{
	struct buf s = { 0 };
	const char *cli = e->param->cli;
	char command[ENGINE_COMMAND_SIZE], plugin[sizeof(command) + 8],
		program[sizeof(command) + 8];
	engine_command(&e->source, command, sizeof(command));
	snprintf(plugin, sizeof(plugin), "%s compose", command);
	snprintf(program, sizeof(program), "%s-compose", command);
	buf_puts(&s, ENGINE_PATH "cd ");
	quote_word(&s, c->project_dir);
	buf_puts(&s, " || exit 1; ");
	/* root may read files that the login may not */
	if (!*engine_root_prefix(e->origin ? origin_endpoint(e->origin) : NULL))
		compose_check(&s, c->project_env);
	buf_addf(&s, "if %s version >/dev/null 2>&1; then ", plugin);
	compose_add_steps(&s, plugin, c, steps, whole);
	buf_addf(&s, "; elif command -v %s-compose >/dev/null 2>&1; then ", cli);
	compose_add_steps(&s, program, c, steps, whole);
	buf_addf(&s,
	         "; else echo 'neither the plugin %s compose nor the program %s-compose is "
	         "installed there' >&2; exit 127; fi",
	         cli, cli);
	return buf_take(&s);
}

/* "sha256:1b8db4443425 -> sha256:aa081569e178" for a pull whose outcome the registry has told; else
 * "". */
static void compose_newer(const struct container *c, const struct compose_steps *steps, char *buf,
                          size_t size)
{
	char now[24], newer[24];
	*buf = '\0';
	if (steps == &compose_pull && c->digest && c->newer)
		snprintf(buf, size, "%s -> %s", digest_short(now, c->digest),
		         digest_short(newer, c->newer));
}

static void compose_done(const struct run_result *r, void *arg)
{
	struct act_run *a = arg;
	struct err err = r->end.err;
	char last[200], said[280];
	a->run = NULL;
	/* Copies the last line that is not blank. */
	const char *text = r->err_len ? r->err_out : r->out;
	size_t len = r->err_len ? r->err_len : r->out_len;
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r' || text[len - 1] == ' '))
		len--;
	size_t start = len;
	while (start && text[start - 1] != '\n')
		start--;
	wash(last, sizeof(last), text + start, len - start);
	snprintf(said, sizeof(said), "%s%s%s", a->newer, *a->newer ? ": " : "", last);
	if (!err.code && r->end.exit_code != 0)
		err_set(&err, r->end.exit_code == 127 ? ERR_ABSENT : ERR_REFUSED,
		        "compose ended with code %d: %s", r->end.exit_code, last);
	engine_relist(a->engine);
	act_end(a, &err, said);
}

void compose_run(struct order *order)
{
	const struct compose_steps *steps = order->action->data;
	struct row *row = order_row(order);
	struct ctr *c = row ? ctr_of(row) : NULL;
	struct err err;
	if (!c) {
		err_set(&err, ERR_ABSENT, "%s is gone", order->id);
		order_end(order, &err, NULL);
		return;
	}
	struct act_run *a = act_create(order, c->engine);
	compose_newer(c->row, steps, a->newer, sizeof(a->newer));
	char *command = compose_script(c->row, c->engine, steps->words, steps->whole);
	a->run = link_run(source_link(row->source), command, NULL, 0, COMPOSE_OUTPUT_MAX,
	                  COMPOSE_TIMEOUT_MS, compose_done, a);
	free(command);
}

/* The end of the command in the question, unless compose chose folder and files. */
static const char *const compose_marks[] = {
	[COMPOSE_NOT] =
		"   # compose did not make this container: its image may have chosen folder "
		"and files",
	[COMPOSE_CLAIMED] = "   # whether compose made this container is not known: its image may "
			    "have chosen folder and files",
	[COMPOSE_MADE] = "",
};

/* Writes the commands as a person would type them. */
void compose_command(const struct action *a, const struct row *row, char *out, size_t size)
{
	const struct compose_steps *steps = a->data;
	struct buf b = { 0 };
	const struct container *c = ROW_AS(container, row);
	const struct ctr *ctr = ctr_of(row);
	char command[ENGINE_COMMAND_SIZE] = "docker", program[sizeof(command) + 8];
	if (ctr)
		engine_command(&ctr->engine->source, command, sizeof(command));
	snprintf(program, sizeof(program), "%s compose", command);
	buf_puts(&b, "cd ");
	quote_word(&b, c->project_dir);
	buf_puts(&b, " && ");
	compose_add_steps(&b, program, c, steps->words, steps->whole);
	const char *mark = compose_marks[c->by_compose];
	char newer[60];
	compose_newer(c, steps, newer, sizeof(newer));
	if (*newer)
		buf_addf(&b, "   # %s", newer);
	wash(out, size - strlen(mark), b.data, b.len);
	snprintf(out + strlen(out), strlen(mark) + 1, "%s", mark);
	buf_finish(&b);
}
