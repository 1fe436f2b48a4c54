/* ask.h: a question to the user: a fingerprint, a passphrase, a password, a code.
 *
 * Code that needs an answer makes an ask and passes it on (link->ask, the server's ask list). The
 * screen shows "asks you" and opens a prompt when the user turns to it. The answer comes by
 * ask_answer. */
#ifndef LINK_ASK_H
#define LINK_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/secret.h"

enum ask_kind {
	ASK_HOST_KEY,   /* the answer "yes" accepts the key and writes known_hosts */
	ASK_PASSPHRASE, /* of a key file */
	ASK_PASSWORD,
	ASK_CODE, /* keyboard-interactive (RFC 4256): one prompt, worded by the server */
	ASK_SUDO  /* the user's own password on the server; may be kept for 5 minutes */
};

struct ask {
	enum ask_kind kind;
	char title[96];  /* "sese: first contact" */
	char text[640];  /* background for the answer; lines separated by \n; washed */
	char prompt[96]; /* "Passphrase of ~/.ssh/id_ed25519" */
	bool echo;       /* show the typed characters */
	bool can_keep;   /* the user may choose to keep the answer for a while */
	/* the user started what waits for the answer; such questions come first */
	bool ordered;
	/* Called once, with the answer or with NULL when the user gave up; the ask is freed
	 * afterwards. keep is the user's choice. The callee destroys answer. */
	void (*answered)(struct ask *, struct secret *answer, bool keep, void *arg);
	void *arg;
};

/* Answers and frees ask. answer NULL: the user gave up. ask NULL is fine. */
void ask_answer(struct ask *, struct secret *answer, bool keep);

#endif
