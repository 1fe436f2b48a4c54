/* preamble.h: what start-up files of a login shell print before a command of ours begins.
 *
 * sshd starts every command by the login shell, and that reads its start-up files first (bash's
 * .bashrc under sshd, zsh's .zshenv, fish's config.fish, tcsh's .tcshrc). A line printed there
 * would stand in front of what the command says. quote_login prints QUOTE_BEGIN in between, and
 * this takes away all up to it. */
#ifndef LINK_PREAMBLE_H
#define LINK_PREAMBLE_H

#include "backends/base/buf.h"

/* Of one stream of one command. Zeroed: nothing came yet. over: the command itself talks. */
struct preamble {
	bool over;
	size_t matched; /* bytes of QUOTE_BEGIN that came last */
	/* the first of what came, owned; a server on which no command begins says why there */
	struct buf kept;
};

/* How many of the len bytes come before the command's own; they are kept, as far as there is room.
 */
size_t preamble_take(struct preamble *, const char *data, size_t len);

void preamble_finish(struct preamble *);

#endif
