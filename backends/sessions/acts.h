/* acts.h: one running order on a session. Internal to the files that carry out orders. */
#ifndef SESSIONS_ACTS_H
#define SESSIONS_ACTS_H

#include "backends/sessions/oc_dialect.h"
#include "backends/sessions/sessions.h"

#define ACT_MS 30000

struct act {
	struct order *order; /* borrowed */
	struct oc *oc;       /* NULL: the order runs a command over the link only */
	struct act **list;   /* the list this act is in */
	struct act *next;
	struct api_call *call;
	struct run *run;
	struct sudo_run *sudo;
	struct loop_timer *timer;
	char sid[SESSION_ID_SIZE], request[SESSION_ID_SIZE];
	char *directory, *prompt, *agent, *model, *variant; /* of a new session; owned */
	/* Called once the agent and the model are known to exist: see act_check. */
	void (*then)(struct act *);
	bool knows_agent, knows_model;
	char *text;      /* move: the exported session; owned */
	size_t messages; /* move: number of messages the copy must have */
	/* move: name of the target server, owned; NULL: an import or an export */
	char *to;
	/* move: loop clock, when the wait for that server began */
	int64_t since_ms;
	/* prompt: id of the newest message when the prompt was sent */
	char before[SESSION_ID_SIZE];
	/* prompt: when that message was created, by the server's clock; 0 unknown */
	int64_t before_ms;
	unsigned waits; /* times the check for the prompt's message was put off */
	bool prompts, confirmed;
	bool looks; /* for the directory of its session: nothing was sent yet */
};

struct act *oc_act_add(struct order *, struct oc *, struct act **list);
/* NULL: the order was ended with an error */
struct act *oc_act_begin(struct order *, struct ses **);
void oc_act_end(struct act *, const struct err *, const char *output);
/* How the act's server does it now. It may have been replaced by another version since the action
 * was offered, or since the act's last call. NULL: it has no way, and the act was ended; done: what
 * happened so far, as the end of that sentence. */
const struct oc_how *oc_act_how(struct act *, enum oc_act, const char *done);
/* Looks whether the agent and the model that an act names exist in its directory, then calls then.
 * A server of 2.x takes any name, and then never answers the prompt. */
void act_check(struct act *, void (*then)(struct act *));
const char *act_path(const char *words, char **path); /* the caller frees path */
void oc_act_fail(struct order *, enum err_code, const char *words);

/* move.c */
void session_export(struct order *), session_import(struct order *), session_move(struct order *);

#endif
