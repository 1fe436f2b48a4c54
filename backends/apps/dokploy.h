/* dokploy.h: internals of the Dokploy backend.
 *
 * - dokploy.c: polls, deploys, starts and stops
 * - dokploy_log.c: reads logs
 * - dokploy_new.c: makes a new stack, or undoes one
 * - stack_journal.c: remembers what an unfinished stack has made */
#ifndef APPS_DOKPLOY_H
#define APPS_DOKPLOY_H

#include "backends/apps/dokploy_parse.h"
#include "backends/apps/journal.h"
#include "backends/apps/platform.h"
#include "backends/base/buf.h"

struct dokploy_config;

/* Words of a journal line for one thing that a new stack made. MADE_WHAT is "project",
 * "application" or "domain". */
enum { MADE_STACK, MADE_WHAT, MADE_ID, MADE_NAME };
#define MADE_MAX 64

struct dokploy { /* a [dokploy NAME] section */
	struct site site;
	int release; /* 2905 for 0.29.5; 0 unknown */
	struct journal_line made[MADE_MAX];
	size_t n_made;
	bool made_read;
};
/* NULL: no longer configured */
const struct dokploy_config *dokploy_section(const struct dokploy *);

/* An order on an application or a compose. */
struct dokploy_job {
	struct rollout rollout;
	bool compose;
};
/* Remembers the newest deployment, requests a new one and follows it to its end. verb must be
 * static. */
void dokploy_deploy(struct dokploy_job *, const char *ref, bool compose, const char *verb);
char *json_id(const char *member, const char *id); /* {"member":"id"}; the caller frees */

/* dokploy_log.c */
struct dokploy_log {
	struct site_log log;
	struct ws *ws;  /* up to 0.29.4 */
	struct buf all; /* all that the WebSocket sent */
	size_t seen;    /* bytes of it at the last look */
	/* The deployment was over when the text was asked for: the text is the last one. */
	bool last;
};
char *dokploy_log_path(struct site_log *);
void dokploy_log_ask(struct site_log *);
void dokploy_log_read(struct site_log *, const struct api_answer *);
void dokploy_log_stop(struct site_log *);

/* dokploy_new.c */
void dokploy_new(struct order *, struct app *);
void dokploy_undo(struct order *, struct app *);
void dokploy_new_command(const struct app *, char *buf, size_t size);
void dokploy_undo_command(const struct app *, char *buf, size_t size);

/* stack_journal.c keeps $XDG_STATE_HOME/mocr/stacks, one line per thing, so the list survives the
 * end of mocr. */
void stack_journal_read(struct dokploy *);
/* false: it could not be saved */
bool stack_journal_add(struct dokploy *, const char *stack, const char *what, const char *id,
                       const char *name);
void stack_journal_drop(struct dokploy *, const char *what, const char *id);
void stack_journal_forget(struct dokploy *, const char *stack);

#endif
