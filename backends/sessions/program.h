/* program.h: sessions of programs other than OpenCode servers: tmux, Claude Code, herdr, and agents
 * in tmux panes. Internal to their files, each of which is one entry of a list.
 *
 * - programs.c: the list, and what all of them share
 * - tmux.c: sessions and panes of tmux
 * - claude.c: Claude Code, by its files */
#ifndef SESSIONS_PROGRAM_H
#define SESSIONS_PROGRAM_H

#include "backends/sessions/sessions.h"

/* Private data of these rows, beyond struct session. */
struct program {
	char target[64]; /* session id in tmux: "$3" */
	/* socket of its tmux server, owned; NULL: the default */
	char *socket;
	char *home; /* owned: its CLAUDE_CONFIG_DIR; NULL: ~/.claude */
	/* "%5": the active pane of a tmux session, or the pane that runs the agent; "" none */
	char pane[32];
	int pane_pid;
	bool named; /* the user named the session */
	int pid;    /* of a live agent; 0 none */
	int parent_pid, was_pid;
	enum session_status was_status;
	char *preview; /* text of the pane, not washed; NULL */
	size_t preview_len;
	struct run *run;
	int64_t asked_ms; /* loop clock */
	uint32_t seen;
};

/* One kind of program. */
struct program_kind {
	enum session_type type;
	/* Appends the command that attaches to the row, when it runs in no tmux pane. */
	void (*command)(const struct row *, struct buf *);
	const char *words_label; /* of the row's words in the details */
};
extern const struct program_kind program_tmux, program_claude;

/* Splits line at tabs into at most n fields. The last field takes the rest. Returns the number of
 * fields. */
size_t program_fields(char *line, char **fields, size_t n);
/* Replaces an owned text by the washed copy of text; NULL if that is empty. */
void program_set_washed(char **slot, const char *text);
/* Finds or makes the row, which the look that runs has seen. */
struct session *program_make(struct sessions *, enum session_type, const char *local_id,
                             const char *name);
struct program *program_of(const struct row *); /* NULL: a row of OpenCode */
void program_show(struct session *, enum session_status, enum health, int64_t since,
                  const char *why);
void program_each(struct sessions *, void (*)(struct row *, struct program *));
/* The process that ran in the pane is gone. */
void program_leave_pane(struct session *, struct program *);

/* tmux.c: reads the lines of tmux in a look, and gives agents their panes. */
void tmux_apply(struct sessions *, char *lines);
/* Appends a quoted tmux command for the socket of that session. */
void tmux_words(struct buf *, const struct program *, const char *const *argv);
void tmux_attach(const struct row *, struct buf *);

/* claude.c: reads lines of a look or of the watch. */
void claude_apply(struct sessions *, char *lines);

#endif
