/* console.h: everything an operator sees: panes over the store, keys, actions, questions. */
#ifndef TUI_CONSOLE_H
#define TUI_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "backends/store/action.h"
#include "tui/keymap.h"

struct console;
struct doc;
struct settings;
struct store;

/* Takes the terminal. Returns NULL and a reason on failure. The store and the settings are borrowed
 * and must outlive the console. */
struct console *console_create(struct store *, const struct settings *, char *why, size_t size);
/* Shows the mistakes found in the configuration. One mistake is a flash, several open a box. */
void console_complaints(struct console *, const struct doc *);
/* Same when :reload changes nothing: why is the whole sentence. */
void console_keeps_settings(struct console *, const char *why, const struct doc *);
/* Begins where the last console ended, and keeps where this one ends (remember.h). */
void console_remember(struct console *);
/* At a start without a configuration and without names of servers: offers the hosts of ssh_config,
 * or says how to add a server. */
void console_offer_hosts(struct console *);
/* The words of the command with this number, for the manual. argument NULL: it takes none. False:
 * there are no more. */
bool command_words(size_t i, const char **name, const char **argument, const char **help);
/* Runs the store's loop until the user quits or a signal arrives. Returns the exit code. */
int console_run(struct console *);
void console_destroy(struct console *); /* gives the terminal back; NULL is fine */

/* Tries to load the theme of the settings. On failure adds a complaint and sets the default
 * theme. */
void console_check_theme(struct settings *, struct doc *complaints);
/* Adds complaints about names in `panels` of [settings] that are no panel. */
void console_check_panels(const struct settings *, struct doc *complaints);

#endif
