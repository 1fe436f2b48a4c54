/* token.h: runs the user's command that prints a token or password: `pass show dokploy`.
 *
 * The command runs on this machine by sh. Its output goes into locked memory only. */
#ifndef LINK_TOKEN_H
#define LINK_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "backends/base/backoff.h"
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

/* When may the command run again? It may ask the user to touch a key. So it waits after a refusal
 * of what it printed, and after a failure of its own: TOKEN_PAUSE_LEAST_MS, then twice as long each
 * time, at most TOKEN_PAUSE_MOST_MS. A zeroed struct is valid. */
struct token_pause {
	int64_t least_ms; /* the first pause; 0: TOKEN_PAUSE_LEAST_MS */
	struct backoff grows;
	int64_t failed_ms; /* loop clock: the last failure; 0: never */
	int64_t ends_ms;   /* loop clock */
};
#define TOKEN_PAUSE_LEAST_MS 10000
#define TOKEN_PAUSE_MOST_MS (15 * 60000)

/* at_once: the first failure after a calm needs no pause. now: loop clock. */
void token_pause_failed(struct token_pause *, int64_t now, bool at_once);
bool token_pause_is_over(const struct token_pause *, int64_t now);

#endif
