/* quote.h: the one place where words become a remote shell's command line. */
#ifndef BASE_QUOTE_H
#define BASE_QUOTE_H

#include "buf.h"

/* Appends word so that any POSIX shell reads it as exactly one argument with these bytes. A NUL cannot be
 * in a C string; nothing else is special. Plain words stay bare so that they read well in a confirmation. */
void quote_word(struct buf *, const char *word);

/* Appends the words of argv (ended by NULL), quoted and parted by spaces. */
void quote_argv(struct buf *, const char *const *argv);

/* The command line of argv in new memory, which the caller frees. */
char *quote_command(const char *const *argv);

#endif
