/* acts.h: an order on a session that runs, for the files that carry orders out. */
#ifndef SESSIONS_ACTS_H
#define SESSIONS_ACTS_H

#include "backends/sessions/sessions.h"

#define ACT_MS 30000

struct act {
	struct order *order; /* borrowed */
	struct oc *oc;       /* NULL: a command over the link only */
	struct act **list;   /* it is in */
	struct act *next;
	struct call *call;
	struct run *run;
	struct loop_timer *timer;
	char sid[SESSION_ID_SIZE], request[SESSION_ID_SIZE];
	char *directory, *prompt, *agent, *model; /* of a new session */
	char *text;                               /* of a move: what is carried */
	size_t messages;                          /* of a move: how many there must be */
	/* of a move: the server it goes to; NULL: an import, an export */
	char *to;
	/* of a move: loop clock, when it began to wait for that server */
	int64_t since_ms;
	char before[SESSION_ID_SIZE]; /* of a prompt: the newest message when it was sent */
	int64_t before_ms;            /* by its server's clock, when that was made; 0 unknown */
	unsigned waits;               /* times that it was waited for its message */
	bool prompts, confirmed;
};

struct act *oc_act_add(struct order *, struct oc *, struct act **list);
struct act *oc_act_begin(struct order *, struct ses **); /* NULL: the order was ended */
void oc_act_end(struct act *, const struct err *, const char *output);
const char *act_path(const char *words, char **path); /* the caller frees path */
void oc_act_fail(struct order *, enum err_code, const char *words);

/* move.c */
void session_export(struct order *), session_import(struct order *), session_move(struct order *);

#endif
