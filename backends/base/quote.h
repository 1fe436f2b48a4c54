/* quote.h: the only place that turns words into a remote shell's command line.
 *
 * There are two levels. Every command of ours is a script for a POSIX sh. quote_word puts foreign
 * words into such a script.
 *
 * sshd passes a command to the user's login shell, which may be fish or csh. quote_login makes a
 * line that starts the script by sh from any of them. Only the link calls quote_login
 * (ssh_stream.c), so no other file deals with login shells. */
#ifndef BASE_QUOTE_H
#define BASE_QUOTE_H

#include <stdbool.h>

#include "buf.h"

/* Appends word, quoted: any POSIX shell and fish read exactly one argument with these bytes. csh
 * does too, except for words with a newline. No other byte is special, since a C string cannot hold
 * a NUL. Plain words are not quoted, so that they read well in a confirmation. */
void quote_word(struct buf *, const char *word);

/* Appends the words of argv (ended by NULL), each quoted, with spaces between them. */
void quote_argv(struct buf *, const char *const *argv);

/* Returns the quoted command line of argv. The caller frees it. */
char *quote_command(const char *const *argv);

/* quote_login with begin prints this marker on stdout and stderr before the output of the
 * command. */
#define QUOTE_BEGIN "\036mocr\n"

/* Returns a line that runs script by /bin/sh under any login shell: sh, dash, bash, zsh, BusyBox
 * ash, fish, csh, tcsh. The exit code is that of the script. begin: print QUOTE_BEGIN first,
 * because start-up files of the login shell may print lines. The caller frees the line. */
char *quote_login(const char *script, bool begin);

#endif
