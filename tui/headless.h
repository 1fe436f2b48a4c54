/* headless.h: mocr without a screen: the same rows, the same actions, on standard output. */
#ifndef TUI_HEADLESS_H
#define TUI_HEADLESS_H

#include <stdbool.h>

#include "backends/store/store.h"

enum {
	EXIT_WELL = 0,
	EXIT_ATTENTION = 1,   /* something needs attention; an action failed */
	EXIT_UNREACHABLE = 2, /* a server could not be reached */
	/* nothing is known to be wrong, but not everything answered within --wait */
	EXIT_LATE = 3,
	EXIT_WRONG_USAGE = 64
};

/* Waits until every server has answered or failed, at most wait_ms, and prints. all: also the rows
 * that are well. */
int headless_status(struct store *, bool json, bool all, int wait_ms);

/* Prints the sessions of all servers; ends with EXIT_ATTENTION when one asks something. */
int headless_sessions(struct store *, bool json, int wait_ms);

/* Runs the action word ("restart", "container-restart") on the row called id. yes: without asking.
 */
int headless_do(struct store *, const char *word, const char *id, const char *argument, bool yes,
                int wait_ms);

/* Gives the terminal to a shell in the row called id, until it ends. */
int headless_shell(struct store *, const char *id, int wait_ms);

/* Prints the lines of the targets (logs.h) in order of time: the last few hundred of each, or those
 * since since_ms (wall clock; 0). follow: and those that come, until it is ended. json: a line of
 * JSON for each. */
int headless_logs(struct store *, char **targets, int n, bool follow, bool json, int64_t since_ms,
                  int wait_ms);

/* Runs [deploy NAME] (word "deploy-run") or its rollback ("deploy-rollback") with words "VAR=VALUE"
 * (n) and prints what it prints, to its end; the exit code is its own. */
int headless_deploy(struct store *, const char *word, const char *name, char **words, int n,
                    bool yes, int wait_ms);
/* The same for a row and one of its actions: a compose project too. */
int headless_deploy_row(struct store *, const struct action *, struct row *, const char *argument);
int headless_deploys(struct store *, bool json, int wait_ms);

/* Questions of servers, asked on the terminal. */
void headless_answer(struct store *);
/* Every server has answered or failed. */
bool headless_settled(const struct store *);

/* Opens the server that id begins with ("sese/container/n8n", or "sese"); false after saying why
 * not. */
bool headless_open(struct store *, const char *id);

#endif
