/* ask.h: a question to the user that something waits for: a fingerprint, a passphrase, a password,
 * a code.
 *
 * Whoever needs an answer makes an ask and hands it on (link->ask, server's ask list); the screen
 * shows "asks you", opens a prompt when the user turns to it, and answers with ask_answer. */
#ifndef LINK_ASK_H
#define LINK_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/secret.h"

enum ask_kind {
	ASK_HOST_KEY,   /* answer "yes" accepts and writes known_hosts */
	ASK_PASSPHRASE, /* of a key file */
	ASK_PASSWORD,
	ASK_CODE, /* keyboard-interactive, one prompt of the server's words */
	ASK_SUDO  /* the user's own password on the server; may be kept for 5 minutes */
};

struct ask {
	enum ask_kind kind;
	char title[96];  /* "sese: first contact" */
	char text[640];  /* what to know before answering; lines parted by \n; washed */
	char prompt[96]; /* "Passphrase of ~/.ssh/id_ed25519" */
	bool echo;       /* what is typed may be seen */
	bool can_keep;   /* the answer may be kept for a while, if the user says so */
	bool ordered; /* the user started what waits for the answer: it comes before the others */
	/* Called once with the answer, or NULL when the user gave up; the ask is freed after it.
	 * keep: as the user chose. answer is the callee's to destroy. */
	void (*answered)(struct ask *, struct secret *answer, bool keep, void *arg);
	void *arg;
};

void ask_answer(struct ask *, struct secret *answer, bool keep); /* answer NULL: gives up */

#endif
