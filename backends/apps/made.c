/* made.c: the things that new stacks made and that are not whole yet: stack, what, id, name. */
#include <stdio.h>
#include <string.h>

#include "backends/apps/dokploy.h"
#include "backends/apps/journal.h"

static void made_line(const struct journal_line *l, void *arg)
{
	struct dokploy *d = arg;
	if (d->n_made >= MADE_MAX || !*l->word[2])
		return;
	struct made *m = &d->made[d->n_made++];
	snprintf(m->stack, sizeof(m->stack), "%.63s", l->word[0]);
	snprintf(m->what, sizeof(m->what), "%.15s", l->word[1]);
	snprintf(m->id, sizeof(m->id), "%.79s", l->word[2]);
	snprintf(m->name, sizeof(m->name), "%.99s", l->word[3]);
}

void made_read(struct dokploy *d)
{
	if (!d->made_read)
		journal_read(&d->site, "stacks", made_line, d);
	d->made_read = true;
}

static bool made_save(struct dokploy *d)
{
	static struct journal_line lines[MADE_MAX];
	for (size_t i = 0; i < d->n_made; i++) {
		const struct made *m = &d->made[i];
		struct journal_line *l = &lines[i];
		*l = (struct journal_line){ .word = { "" } };
		snprintf(l->word[0], JOURNAL_SIZE, "%s", m->stack);
		snprintf(l->word[1], JOURNAL_SIZE, "%s", m->what);
		snprintf(l->word[2], JOURNAL_SIZE, "%s", m->id);
		snprintf(l->word[3], JOURNAL_SIZE, "%s", m->name);
	}
	return journal_replace(&d->site, "stacks", lines, d->n_made);
}

bool made_add(struct dokploy *d, const char *stack, const char *what, const char *id,
              const char *name)
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
	return made_save(d);
}

void made_drop(struct dokploy *d, const char *what, const char *id)
{
	size_t i = 0;
	while (i < d->n_made &&
	       (strcmp(d->made[i].what, what) != 0 || strcmp(d->made[i].id, id) != 0))
		i++;
	if (i == d->n_made)
		return;
	memmove(&d->made[i], &d->made[i + 1], (d->n_made - i - 1) * sizeof(*d->made));
	d->n_made--;
	made_save(d);
}

void made_forget(struct dokploy *d, const char *stack)
{
	size_t n = 0;
	for (size_t i = 0; i < d->n_made; i++)
		if (strcmp(d->made[i].stack, stack) != 0)
			d->made[n++] = d->made[i];
	if (n == d->n_made)
		return;
	d->n_made = n;
	made_save(d);
}
