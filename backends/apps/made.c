/* made.c: what new stacks made that are not whole yet: "SECTION TAB stack TAB what TAB id TAB
 * name", all sections in one file, written again as a whole and put in place at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/apps/dokploy.h"
#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/state_file.h"
#include "backends/base/wash.h"
#include "backends/store/activity.h"
#include "backends/store/settings.h"

#define FILE_MOST (256u << 10)

static char *path_of(const struct dok *d)
{
	return xasprintf("%s/stacks", store_settings(d->source->store)->state_dir);
}

/* One word of a line that ends at a tab or the line's end. */
static const char *word(const char *at, char *buf, size_t size)
{
	size_t n = strcspn(at, "\t\n");
	wash(buf, size, at, n);
	return at + n + (at[n] == '\t');
}

static bool is_ours(const struct dok *d, const char *line)
{
	size_t n = strlen(d->name);
	return !strncmp(line, d->name, n) && line[n] == '\t';
}

void made_read(struct dok *d)
{
	if (d->made_read)
		return;
	d->made_read = true;
	char *path = path_of(d), *text = state_read(path, FILE_MOST, NULL, NULL);
	free(path);
	for (char *line = text; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (!is_ours(d, line) || d->n_made >= MADE_MAX)
			continue;
		struct made *m = &d->made[d->n_made];
		const char *at = word(line + strlen(d->name) + 1, m->stack, sizeof(m->stack));
		at = word(at, m->what, sizeof(m->what));
		at = word(at, m->id, sizeof(m->id));
		word(at, m->name, sizeof(m->name));
		d->n_made += *m->id != '\0';
	}
	free(text);
}

/* Our lines as they are now between those of others. */
static bool made_lines(const char *old, size_t len, struct buf *out, void *arg)
{
	const struct dok *d = arg;
	for (const char *line = old; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (!is_ours(d, line)) {
			buf_add(out, line, strcspn(line, "\n"));
			buf_puts(out, "\n");
		}
	for (size_t i = 0; i < d->n_made; i++)
		buf_addf(out, "%s\t%s\t%s\t%s\t%s\n", d->name, d->made[i].stack, d->made[i].what,
		         d->made[i].id, d->made[i].name);
	return true;
}

static bool save(struct dok *d)
{
	struct err err;
	char *path = path_of(d);
	bool good = state_update(path, FILE_MOST, made_lines, d, &err);
	if (!good)
		activity_add(d->source->store, ACTIVITY_NOTE, HEALTH_ATTENTION, NULL, "%s",
		             err.text);
	free(path);
	return good;
}

bool made_add(struct dok *d, const char *stack, const char *what, const char *id, const char *name)
{
	for (size_t i = 0; i < d->n_made; i++)
		if (!strcmp(d->made[i].what, what) && !strcmp(d->made[i].id, id))
			return true;
	if (d->n_made >= MADE_MAX)
		return false;
	struct made *m = &d->made[d->n_made++];
	snprintf(m->stack, sizeof(m->stack), "%s", stack);
	snprintf(m->what, sizeof(m->what), "%s", what);
	snprintf(m->id, sizeof(m->id), "%s", id);
	snprintf(m->name, sizeof(m->name), "%s", name);
	return save(d);
}

void made_drop(struct dok *d, const char *what, const char *id)
{
	for (size_t i = 0; i < d->n_made; i++)
		if (!strcmp(d->made[i].what, what) && !strcmp(d->made[i].id, id)) {
			memmove(&d->made[i], &d->made[i + 1],
			        (d->n_made - i - 1) * sizeof(*d->made));
			d->n_made--;
			save(d);
			return;
		}
}

void made_forget(struct dok *d, const char *stack)
{
	size_t n = 0;
	for (size_t i = 0; i < d->n_made; i++)
		if (strcmp(d->made[i].stack, stack) != 0)
			d->made[n++] = d->made[i];
	if (n == d->n_made)
		return;
	d->n_made = n;
	save(d);
}
