/* Which key means which action over the panes. The user's keys come first, then those of the row's
 * kind, then those of the panels and the console. */
#include <string.h>

#include "tui/console_internal.h"
#include "tui/fold.h"

const struct action *binding_user(enum action_context context, const struct key *key,
                                  const struct row *r)
{
	return keymap_user(context, key, r ? r->kind : NULL);
}

/* Two actions may share a key if only one applies at a time (pause, unpause). Returns the one that
 * applies. *other: the last with that key. */
static const struct action *binding_in(struct console *c, const struct action *table,
                                       const struct key *key, const struct row *r,
                                       const struct action **other)
{
	for (const struct action *a = table; a && a->name; a++) {
		if (!action_has_key(a, key))
			continue;
		if (action_applies(c, a, r))
			return a;
		*other = a;
	}
	return NULL;
}

/* One key may start some rows and stop others. With marks the first marked row decides, because the
 * action is for the marked rows and not for the one under the cursor. */
static const struct action *binding_marked(struct console *c, const struct key *key)
{
	struct row *rows[ROWS_MAX];
	size_t n = console_rows(c, rows, ROWS_MAX);
	if (n == 1 && rows[0] == console_row(c))
		return NULL;
	for (size_t i = 0; i < n; i++)
		for (const struct action *a = rows[i]->kind->actions; a && a->name; a++)
			if ((a->flags & ACTION_MARKED) && action_has_key(a, key) &&
			    action_applies(c, a, rows[i]))
				return a;
	return NULL;
}

const struct action *binding_find(struct console *c, const struct key *key, const struct row *r)
{
	const struct action *a = binding_user(CONTEXT_CONSOLE, key, r), *other = NULL, *table;
	if (!a && (r || fold_at(c)))
		a = binding_marked(c, key);
	if (!a && r)
		a = binding_in(c, r->kind->actions, key, r, &other);
	if (a || other)
		/* action_begin reports an action that --read-only refuses */
		return a ? a : other;
	for (size_t i = 0; !a && (table = console_table(i)); i++) {
		const struct action *here = NULL;
		a = binding_in(c, table, key, r, &here);
		other = other ? other : here;
	}
	return a ? a : other;
}
