/* dismissed.h: offers that the user wants to see no more, over a restart. The file
 * $XDG_STATE_HOME/mocr/dismissed has lines "SERVER TAB SECTION TAB NAME". */
#ifndef STORE_DISMISSED_H
#define STORE_DISMISSED_H

#include <stdbool.h>

#include "backends/base/err.h"

struct store;

/* All lines, "\nSERVER\tSECTION\tNAME\n...", for dismissed_has. The caller frees them; a missing
 * file counts as empty. */
char *dismissed_read(const struct store *);
bool dismissed_has(const char *lines, const char *server, const char *section, const char *name);
/* Adds a line. False and err: nothing was written. */
bool dismissed_add(const struct store *, const char *server, const char *section, const char *name,
                   struct err *);

#endif
