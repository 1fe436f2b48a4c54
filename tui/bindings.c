/* Which key means which action over the panes. The user's keys come first, then those of the row's
 * kind, then the console's. */
#include <string.h>

#include "tui/console_internal.h"

static const struct action *binding_named_action(const char *name, const struct row *r)
{
	const struct action *a = r ? action_find(r->kind, name) : NULL;
	if (!strcmp(name, action_none.name))
		return &action_none;
	return a ? a : console_action_find(name);
}

const struct action *binding_user(enum action_context context, const struct key *key,
                                  const struct row *r)
{
	const char *name = keymap_user(context, key);
	return name ? binding_named_action(name, r) : NULL;
}

/* Two actions may share a key if only one applies at a time (pause, unpause). Returns the action
 * that applies. Without one: the last of a kind with that key, the first of the console. */
static const struct action *binding_in(struct console *c, const struct action *table,
                                       const struct key *key, const struct row *r)
{
	const struct action *found = NULL;
	for (const struct action *a = table; a && a->name; a++) {
		if (!action_has_key(a, key))
			continue;
		if (action_applies(c, a, r))
			return a;
		if (!found || table != console_actions)
			found = a;
	}
	return found;
}

const struct action *binding_find(struct console *c, const struct key *key, const struct row *r)
{
	const struct action *a = binding_user(CONTEXT_CONSOLE, key, r);
	if (!a && r)
		/* action_begin reports an action that --read-only refuses */
		a = binding_in(c, r->kind->actions, key, r);
	return a ? a : binding_in(c, console_actions, key, r);
}
