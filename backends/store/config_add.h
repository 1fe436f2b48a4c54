/* config_add.h: adds servers and sections of systems to the user's configuration. mocr writes
 * nothing else there. */
#ifndef STORE_CONFIG_ADD_H
#define STORE_CONFIG_ADD_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/err.h"

/* Adds a [server NAME] section at the end of the file for each name that has none yet. What the
 * user wrote stays as it is, byte for byte. A missing file is made with mode 0600, a missing folder
 * with mode 0700. A link is followed to its file. *added: how many sections were added.
 *
 * False and err: nothing was written. */
bool config_add_servers(const char *path, const char *const *names, size_t n, size_t *added,
                        struct err *);

/* The same for one [SECTION NAME] with its keys: whole lines, "url = ...\n". False and err also
 * when the file has that section. */
bool config_add_section(const char *path, const char *section, const char *name, const char *keys,
                        struct err *);

/* Whether a heading can hold the name, so that the settings reader reads the same name back. */
bool config_takes_name(const char *name);

#endif
