/* token.h: a token or password that a command of the user prints: `pass show dokploy`. It runs on
 * this machine, by sh; what it prints goes into locked memory and nowhere else. */
#ifndef LINK_TOKEN_H
#define LINK_TOKEN_H

#include "backends/base/err.h"

struct loop;
struct secret;
struct token_ask;

/* Asks once. done is called once, never before this returns, unless it is cancelled: with the first
 * line that the command printed, which is done's to destroy, or with NULL and why. whose ("[dokploy
 * pi]: token_command") begins that sentence. */
typedef void token_fn(struct secret *, const struct err *, void *arg);
struct token_ask *token_ask(struct loop *, const char *whose, const char *command, token_fn *done,
                            void *arg);
void token_cancel(struct token_ask *); /* NULL is fine */

#define TOKEN_TIMEOUT_MS 15000 /* a key that is touched, a passphrase that an agent asks for */

#endif
