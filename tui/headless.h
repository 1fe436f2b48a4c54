/* headless.h: mocr without a screen. The same rows and actions, on standard output. All waits
 * (wait_ms) are in ms. */
#ifndef TUI_HEADLESS_H
#define TUI_HEADLESS_H

#include <stdbool.h>

#include "backends/store/store.h"

enum {
	EXIT_WELL = 0,
	EXIT_ATTENTION = 1,   /* something needs attention, or an action failed */
	EXIT_UNREACHABLE = 2, /* a server could not be reached */
	/* nothing is known to be wrong, but some answers are missing after --wait */
	EXIT_LATE = 3,
	EXIT_WRONG_USAGE = 64
};

enum status_form {
	STATUS_TEXT,
	STATUS_JSON,
	STATUS_TMUX,      /* one short text for the status line of tmux */
	STATUS_PROMETHEUS /* metrics in Prometheus' text format 0.0.4 */
};
/* Waits until every server has answered or failed, at most wait_ms. Then prints the rows that need
 * attention. all: also the healthy rows. */
int headless_status(struct store *, enum status_form, bool all, int wait_ms);
/* headless_forms.c: the two forms for other programs. code: the verdict, enum above. */
void headless_print_tmux(const struct store *, int code);
void headless_print_prometheus(const struct store *, int code);

/* Prints what the activity file keeps, oldest first: from since_ms on (0: all), of the n servers
 * (0: of all). No server is connected. */
int headless_activity(const struct store *, char **servers, int n, bool json, int64_t since_ms);

/* Prints the sessions of all servers. Returns EXIT_ATTENTION when a session asks something. */
int headless_sessions(struct store *, bool json, int wait_ms);

/* Runs the action word ("restart", "container-restart") on the row with that id. yes: without
 * confirmation. */
int headless_do(struct store *, const char *word, const char *id, const char *argument, bool yes,
                int wait_ms);

/* Lends the terminal to a shell in the row with that id, until the shell ends. says_end: a failure
 * is told on stderr, with the last line of the program. */
int headless_shell(struct store *, const char *id, int wait_ms, bool says_end);

/* Prints the lines of the targets (logs.h), sorted by time. Starts with the last few hundred lines
 * of each, or at since_ms (wall clock; 0: not given). follow: continues with new lines until mocr
 * is ended. json: one JSON object per line. */
int headless_logs(struct store *, char **targets, int n, bool follow, bool json, int64_t since_ms,
                  int wait_ms);

/* Runs [deploy NAME] (word "deploy-run") or its rollback ("deploy-rollback") with n words
 * "VAR=VALUE". Prints the output until the run ends. Returns the exit code of the command. */
int headless_deploy(struct store *, const char *word, const char *name, char **words, int n,
                    bool yes, int wait_ms);
/* The same for a row and one of its actions, including compose projects. */
int headless_deploy_row(struct store *, const struct action *, struct row *, const char *argument);
int headless_deploys(struct store *, bool json, int wait_ms);

/* Prints what works between this machine and the servers, and what to run where something does not.
 * complaints: how many the configuration has. Starts nothing that stays, changes nothing. */
int headless_doctor(struct store *, size_t complaints, int wait_ms);

/* Prints the words that can follow the n words of a command line, for the completion of a shell.
 * The last word is the one at the cursor, "" if nothing is typed yet. A line is a word, a tab, and
 * what the word means. The line ":files" stands for the names of files. commands ends at NULL.
 * Connects to the server that the last word names, at most 4 s, and asks nothing. */
int headless_complete(struct store *, const char *const *commands, char **words, int n);
/* Sends a test message by [notify NAME]. Prints whether it was sent. */
int headless_notify_test(struct store *, const char *name, int wait_ms);

/* Shows the message of the environment (MOCR_TITLE, MOCR_TEXT, MOCR_HEALTH, MOCR_WHAT) on the
 * desktop: what a child of the console or of `mocr watch` does. */
int headless_show_on_desktop(void);
/* Tells by [notify NAME] what needs the user, until a signal ends it. The settings of the store
 * must have gone through headless_watch_settings before a server was opened. */
int headless_watch(struct store *);
/* Sets what a program without a user wants. before: the settings of the command line stay; NULL. */
void headless_watch_settings(struct settings *, const struct settings *before);
#define WATCH_VITALS_S 15 /* seconds between two looks at load and disks, at least */
/* Prints a user unit of systemd for it. config: the file of --config; NULL. */
int headless_watch_unit(const char *config, char **servers, int n);

/* Asks the open asks of servers on the terminal. */
void headless_answer(struct store *);
/* True when every server has answered or failed. */
bool headless_settled(const struct store *);
/* Waits for that, at most wait_ms. */
void headless_wait(struct store *, int wait_ms);
/* Waits until ready says so, at most wait_ms. */
void headless_wait_for(struct store *, bool (*ready)(const struct store *), int wait_ms);

/* Opens the server at the start of id ("sese/container/n8n" or "sese"). On failure prints why and
 * returns false. */
bool headless_open(struct store *, const char *id);

#endif
