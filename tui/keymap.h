/* keymap.h: which key means which action, in each context.
 *
 * Every key of the program is a row of an action table. The rows of a context have its number in
 * action.context. The [keys] section of the settings adds keys, for the whole process. A key of the
 * user comes before the keys of the tables. */
#ifndef TUI_KEYMAP_H
#define TUI_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/store/action.h"
#include "tui/keys.h"

struct doc;
struct kind;
struct settings;

/* A context, for help, man page and [keys]. */
struct context {
	const char *name;  /* "log", as in `log:KEY = ACTION` */
	const char *title; /* "In a log" */
	/* The context whose keys work too, unless the key has a meaning here. The same context:
	 * none. */
	enum action_context below;
	/* The last of the contexts below whose actions a key here can start. A box starts none of
	 * the console's. */
	enum action_context lowest;
	unsigned useless; /* CONSOLE_PANES, CONSOLE_NOT_DETAILS: actions without effect here */
	const struct action *const *tables; /* read with context_table */
};
const struct context *context_of(enum action_context);
/* A table of the context, i from 0; NULL: no more. CONTEXT_CONSOLE has those of the panels and the
 * console's own. Those of the kinds are not listed here. */
const struct action *context_table(enum action_context, size_t i);
/* the same of CONTEXT_CONSOLE; in actions.c */
const struct action *console_table(size_t i);

/* The console's table and those of all contexts; each ends at .name == NULL. */
extern const struct action console_actions[], table_actions[], text_actions[], log_actions[],
	view_log_actions[], view_detail_actions[], line_actions[], box_actions[], ask_actions[],
	menu_actions[], reader_actions[], shell_actions[];

/* bound to a key that the user disabled: does nothing */
extern const struct action action_none;

/* Takes the user's keys from the settings, in place of those before. NULL: no user's keys. */
void keymap_load(const struct settings *);
/* Adds complaints about the [keys] section: unknown keys, and unknown actions with the nearest
 * name. */
void console_check_keys(const struct settings *, struct doc *complaints);

/* The action that the user gave the key in this very context. The action can belong to a context
 * below. kind: of the row under the cursor; NULL: no row. action_none: the user took the key away.
 * NULL: not set, or no action of this kind; then the key means what the tables say. */
const struct action *keymap_user(enum action_context, const struct key *, const struct kind *);
/* The action of this table for the key. The user's keys come first; action_none: the user took the
 * key away. NULL: no action of this table. */
const struct action *keymap_find(const struct action *table, const struct key *);
/* The action for the key in this context or those below, as far as a key here can start them. In
 * each context the user's keys come first. For boxes and lines: rows are not looked at. */
const struct action *keymap_lookup(enum action_context, const struct key *);
/* Is that the action of the table for the key? */
bool keymap_is(const struct action *table, const struct key *, const char *name);
/* Is the key one of the action's keys in the table, whatever the user set? */
bool action_has_key(const struct action *, const struct key *);
/* The action of this name in one of the context's tables; NULL: none. */
const struct action *context_action(enum action_context, const char *name);

/* Writes the name of a key that starts the action into buf (KEY_NAME_SIZE bytes). A key of the
 * action's own context comes first. NULL: none. */
const char *action_key(const struct action *, char *buf);
/* The same of an action by its table and name, for sentences: in brackets. "[?]": no key. */
const char *keymap_key(const struct action *table, const char *name, char *buf);
/* Writes all its keys with blanks between. "": none. Returns buf. */
#define ACTION_KEYS_SIZE 160
char *action_keys(const struct action *, char *buf);

/* Adds a heading and one line for each action of the context that has a key in the place: the same
 * context, or one above. */
void keymap_help(struct doc *, enum action_context, enum action_context place);

#endif
