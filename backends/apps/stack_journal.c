/* stack_journal.c: what unfinished new stacks have made: stack, what, id, name. */
#include <stdio.h>
#include <string.h>

#include "backends/apps/dokploy.h"
#include "backends/base/mem.h"

static void stack_journal_line(const struct journal_line *l, void *arg)
{
	struct dokploy *d = arg;
	if (d->n_made < MADE_MAX && *l->word[MADE_ID])
		d->made[d->n_made++] = *l;
}

void stack_journal_read(struct dokploy *d)
{
	if (!d->made_read)
		journal_read(&d->site, "stacks", stack_journal_line, d);
	d->made_read = true;
}

static size_t stack_journal_find(const struct dokploy *d, const char *what, const char *id)
{
	size_t i = 0;
	while (i < d->n_made && (strcmp(d->made[i].word[MADE_WHAT], what) != 0 ||
	                         strcmp(d->made[i].word[MADE_ID], id) != 0))
		i++;
	return i;
}

bool stack_journal_add(struct dokploy *d, const char *stack, const char *what, const char *id,
                       const char *name)
{
	const char *const words[] = { stack, what, id, name };
	if (stack_journal_find(d, what, id) < d->n_made)
		return true;
	if (d->n_made >= MADE_MAX)
		return false;
	struct journal_line *m = &d->made[d->n_made++];
	*m = (struct journal_line){ .word = { "" } };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		snprintf(m->word[i], JOURNAL_SIZE, "%s", words[i]);
	return journal_replace(&d->site, "stacks", d->made, d->n_made);
}

void stack_journal_drop(struct dokploy *d, const char *what, const char *id)
{
	size_t i = stack_journal_find(d, what, id);
	if (i == d->n_made)
		return;
	memmove(&d->made[i], &d->made[i + 1], (d->n_made - i - 1) * sizeof(*d->made));
	d->n_made--;
	journal_replace(&d->site, "stacks", d->made, d->n_made);
}

void stack_journal_forget(struct dokploy *d, const char *stack)
{
	size_t n = 0;
	for (size_t i = 0; i < d->n_made; i++)
		if (strcmp(d->made[i].word[MADE_STACK], stack) != 0)
			d->made[n++] = d->made[i];
	if (n == d->n_made)
		return;
	d->n_made = n;
	journal_replace(&d->site, "stacks", d->made, d->n_made);
}
