/* console.h: the whole of what an operator sees: panes over the store, keys, actions, questions. */
#ifndef TUI_CONSOLE_H
#define TUI_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "backends/store/action.h"

struct console;
struct doc;
struct settings;
struct store;

/* Takes the terminal. NULL and why when that is not possible. store and settings are borrowed and
 * must outlive it. */
struct console *console_create(struct store *, const struct settings *, char *why, size_t size);
/* What was wrong with the configuration: said once the screen is there. */
void console_complaints(struct console *, const struct doc *);
/* Runs the store's loop until the user leaves or a signal ends it; returns the exit code. */
int console_run(struct console *);
void console_destroy(struct console *); /* gives the terminal back; NULL is fine */

/* What the console itself can do; ends at .name == NULL. */
extern const struct action console_actions[];
/* Every action there is, one per line, tab separated: section, name, verb, key, flags, help. */
void console_dump_actions(FILE *);
/* A theme that cannot be had is complained of, and the default one stands in its place. */
void console_check_theme(struct settings *, struct doc *complaints);
/* Adds complaints about the [keys] section: no such key, no such action and the nearest one. */
void console_check_keys(const struct settings *, struct doc *complaints);

#endif
