/* Which key means which action. The user's keys come first, then those of the row's kind, then the
 * console's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/store/doc.h"
#include "backends/store/report.h"
#include "tui/console_internal.h"

#define NAMES_MAX 256

/* Action of a key that the user disabled. */
static void binding_nothing(struct console *c)
{
	(void)c;
}
const struct action action_none = {
	.name = "none", .verb = "none", .help = "nothing", .show = binding_nothing
};

/* More keys, from habit. */
static const struct {
	const char *key, *action;
} aliases[] = {
	{ "F1", "console-help" },   { "C-p", "console-menu" }, { "C-c", "console-back" },
	{ "F5", "server-refresh" }, { "Right", "row-open" },   { "Left", "console-back" },
	{ "F10", "console-quit" },
};

/* --- the [keys] section -------------------------------------------------- */

static size_t binding_add_names(const struct action *a, const char **names, size_t n, size_t max)
{
	for (; a && a->name && n < max; a++)
		names[n++] = a->name;
	return n;
}

static size_t binding_all_names(const char **names, size_t max)
{
	size_t n = binding_add_names(console_actions, names, 0, max);
	n = binding_add_names(kind_server.actions, names, n, max);
	for (const struct kind *const *k = kinds; *k; k++)
		n = binding_add_names((*k)->actions, names, n, max);
	if (n < max)
		names[n++] = action_none.name;
	return n;
}

static bool binding_is_action(const char *word)
{
	if (!strcmp(word, action_none.name) || console_action_find(word) ||
	    action_find(&kind_server, word))
		return true;
	for (const struct kind *const *k = kinds; *k; k++)
		if (action_find(*k, word))
			return true;
	return false;
}

/* NULL: valid; else a complaint, freed by the caller. */
static char *binding_complaint_about(const struct settings *s, const struct key_config *k)
{
	const char *names[NAMES_MAX];
	struct key key;
	const char *file = s->file ? s->file : "configuration";
	if (!key_parse(k->key, &key))
		return xasprintf("%s:%d: [keys] \"%s\" is no key; keys are written like r, C-r, "
		                 "M-x, F5, Enter, PgDn",
		                 file, k->line, k->key);
	if (binding_is_action(k->action))
		return NULL;
	const char *near = nearest(k->action, names, binding_all_names(names, NAMES_MAX));
	return xasprintf("%s:%d: [keys] there is no action \"%s\"%s%s%s", file, k->line, k->action,
	                 near ? "; the nearest is \"" : "; mocr(1) lists them", near ? near : "",
	                 near ? "\"" : "");
}

void console_check_keys(const struct settings *s, struct doc *complaints)
{
	for (const struct key_config *k = s->keys; k; k = k->next) {
		char *complaint = binding_complaint_about(s, k);
		if (complaint)
			doc_add(complaints, DOC_WARN, "%s", complaint);
		free(complaint);
	}
}

void bindings_load(struct console *c)
{
	c->n_bindings = 0;
	for (const struct key_config *k = c->settings->keys; k; k = k->next) {
		struct key key;
		if (!key_parse(k->key, &key) || !binding_is_action(k->action))
			continue;
		c->bindings = xrealloc(c->bindings, (c->n_bindings + 1) * sizeof(*c->bindings));
		c->bindings[c->n_bindings++] = (struct binding){ key, k->action };
	}
}

/* --- from key to action -------------------------------------------------- */

static const struct action *binding_named_action(const char *name, const struct row *r)
{
	const struct action *a = r ? action_find(r->kind, name) : NULL;
	if (!strcmp(name, action_none.name))
		return &action_none;
	return a ? a : console_action_find(name);
}

static const struct action *binding_user(struct console *c, const struct key *key,
                                         const struct row *r)
{
	for (size_t i = c->n_bindings; i-- > 0;)
		if (key_equal(&c->bindings[i].key, key)) {
			const struct action *a = binding_named_action(c->bindings[i].action, r);
			if (a)
				return a;
		}
	return NULL;
}

/* Two actions may share a key if only one applies at a time (pause, unpause). Returns the action
 * that applies, else the last with that key. */
static const struct action *binding_kind(struct console *c, const struct key *key,
                                         const struct row *r)
{
	const struct action *found = NULL;
	for (const struct action *a = r ? r->kind->actions : NULL; a && a->name; a++) {
		if (!a->key || !key_is(key, a->key))
			continue;
		if (action_applies(c, a, r))
			return a;
		found = a;
	}
	return found;
}

const struct action *binding_find(struct console *c, const struct key *key, const struct row *r)
{
	const struct action *a = binding_user(c, key, r), *found = NULL;
	if (!a)
		a = binding_kind(c, key, r);
	if (a)
		/* action_begin reports an action that --read-only refuses */
		return a;
	for (a = console_actions; a->name; a++) {
		if (!a->key || !key_is(key, a->key))
			continue;
		if (action_applies(c, a, r))
			return a;
		found = found ? found : a;
	}
	if (found)
		return found;
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (key_is(key, aliases[i].key))
			return console_action_find(aliases[i].action);
	return NULL;
}

const char *binding_key(const struct console *c, const struct action *a, char *buf)
{
	struct key key;
	for (size_t i = 0; i < c->n_bindings; i++)
		if (!strcmp(c->bindings[i].action, a->name) ||
		    !strcmp(c->bindings[i].action, a->verb))
			return key_name(&c->bindings[i].key, buf);
	if (!a->key || !key_parse(a->key, &key))
		return NULL;
	for (size_t i = 0; i < c->n_bindings; i++)
		if (key_equal(&c->bindings[i].key, &key))
			return NULL; /* the user gave this key another action */
	return key_name(&key, buf);
}
