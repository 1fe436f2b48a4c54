/* token.h: runs the user's command that prints a token or password: `pass show dokploy`.
 *
 * The command runs on this machine by sh. Its output goes into locked memory only. */
#ifndef LINK_TOKEN_H
#define LINK_TOKEN_H

#include "backends/base/err.h"

struct loop;
struct secret;
struct token_ask;

/* Runs the command once. done is called once, unless cancelled, and never before this call returns.
 * done gets the first line of the output and destroys it. On a failure done gets NULL and a
 * sentence that begins with whose ("[dokploy pi]: token_command"). */
typedef void token_fn(struct secret *, const struct err *, void *arg);
struct token_ask *token_ask(struct loop *, const char *whose, const char *command, token_fn *done,
                            void *arg);
void token_cancel(struct token_ask *); /* NULL is fine */

/* time for touching a hardware key, or for an agent to ask for a passphrase */
#define TOKEN_TIMEOUT_MS 15000

#endif
