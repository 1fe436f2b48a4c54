/* quote.h: the one place where words become a remote shell's command line.
 *
 * There are two levels. Every command of ours is a script for a POSIX sh, and quote_word puts
 * foreign words into such a script. sshd gives a command to the user's login shell, which may be
 * fish or csh: quote_login makes the line that starts the script by sh from any of them. Only the
 * link calls that (ssh_stream.c), so no other file thinks of login shells. */
#ifndef BASE_QUOTE_H
#define BASE_QUOTE_H

#include <stdbool.h>

#include "buf.h"

/* Appends word so that any POSIX shell reads it as exactly one argument with these bytes, and fish
 * too; csh reads all words but those with a newline. A NUL cannot be in a C string; nothing else is
 * special. Plain words stay bare so that they read well in a confirmation. */
void quote_word(struct buf *, const char *word);

/* Appends the words of argv (ended by NULL), quoted, with spaces between them. */
void quote_argv(struct buf *, const char *const *argv);

/* The command line of argv in new memory, which the caller frees. */
char *quote_command(const char *const *argv);

/* What comes before a command's own output, on both of its streams, when it is started by
 * quote_login with begin. */
#define QUOTE_BEGIN "\036mocr\n"

/* The line that runs script by /bin/sh, whichever login shell reads it: sh, dash, bash, zsh,
 * BusyBox ash, fish, csh, tcsh. Its exit code is the script's. begin: QUOTE_BEGIN is printed first,
 * because start-up files of the login shell may print lines of their own. In new memory, which the
 * caller frees. */
char *quote_login(const char *script, bool begin);

#endif
