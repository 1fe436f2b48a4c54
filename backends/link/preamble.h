/* preamble.h: drops the output of the login shell's start-up files.
 *
 * sshd runs every command through the login shell. The shell reads its start-up files first (bash's
 * .bashrc under sshd, zsh's .zshenv, fish's config.fish, tcsh's .tcshrc). A line printed there
 * would precede the output of the command. quote_login prints QUOTE_BEGIN between the two, and this
 * code drops all bytes up to that mark. */
#ifndef LINK_PREAMBLE_H
#define LINK_PREAMBLE_H

#include "backends/base/buf.h"

/* State of one stream of one command; starts zeroed. over: QUOTE_BEGIN has passed, the command's
 * own output follows. */
struct preamble {
	bool over;
	size_t matched; /* bytes of QUOTE_BEGIN matched so far */
	/* The first dropped bytes, owned. A server that runs no commands gives its reason here. */
	struct buf kept;
};

/* Returns how many of the len bytes belong to the preamble. Keeps them while there is room. */
size_t preamble_take(struct preamble *, const char *data, size_t len);

void preamble_finish(struct preamble *);

#endif
