/* program.h: sessions of programs other than OpenCode servers: tmux, Claude Code, herdr, and agents
 * in tmux panes. Internal to their files, each of which is one entry of a list.
 *
 * - programs.c: the list, and what all of them share
 * - tmux.c: sessions and panes of tmux
 * - claude.c: Claude Code, by its files
 * - herdr.c: agents in panes of herdr servers
 * - agents.c: agents known by their process only
 * - prompt.c: the question in a pane, and its answer */
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
	/* Wall clock, ms: when its program last said what it does; 0 unknown. */
	int64_t told_ms;
	/* The question that its pane shows (prompt.c): raw text, what it asks, the fetch. Owned. */
	char *prompt;
	struct request *request;
	struct run *prompt_run;
	unsigned prompt_tries;
	int64_t prompt_of_ms; /* told_ms of that question */
	/* Claude Code: id of its background job, hexadecimal; "" none */
	char job[24];
	/* Its place in herdr: name of the server, owned, NULL the usual one; id of the pane, ""
	 * none. */
	char *herdr;
	char herdr_pane[32];
	char *needs;   /* what the job asks; owned, washed; NULL */
	bool job_says; /* a job's file gave the status in this look */
	uint32_t seen;
};

/* One kind of program. */
struct program_kind {
	enum session_type type;
	/* Appends the command that attaches to the row, when it runs in no tmux pane. NULL: none.
	 */
	void (*command)(const struct row *, struct buf *);
	const char *words_label; /* of the row's words in the details */
	/* Appends the command that stops its work. False, or NULL here: no command can. */
	bool (*stop)(const struct row *, struct buf *);
};
extern const struct program_kind program_tmux, program_claude, program_herdr, program_agent;

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

/* Appends a command that enters the directory of a session, or says that this is not possible. */
void program_enter(const char *directory, struct buf *);

/* tmux.c: reads the lines of tmux in a look, and gives agents their panes. */
void tmux_apply(struct sessions *, char *lines);
/* Appends a quoted tmux command for the socket of that session. */
void tmux_words(struct buf *, const struct program *, const char *const *argv);
void tmux_attach(const struct row *, struct buf *);

/* The row waits for the user: phrase says what it asks. */
void program_waits(struct row *, const char *phrase);

/* prompt.c */
/* Parses a question with numbered choices. The caller frees with request_free. NULL: none there. */
struct request *prompt_read(const char *text);
/* Reads the pane if the agent waits and its question is not known; else forgets the question. */
void prompt_follow(struct row *, struct program *);
void prompt_forget(struct program *);
bool prompt_key(const struct request *, const char *words, char *key, size_t size, struct err *);
/* Writes what it asks, as far as that is known of this question; "" unknown. */
void prompt_phrase(const struct program *, char *buf, size_t size);
/* Carries out session-answer. */
void prompt_answer(struct order *);

/* herdr.c: reads the lines of herdr in a look. */
void herdr_apply(struct sessions *, char *lines);
void herdr_attach(const struct row *, struct buf *);
#define HERDR_PATH "PATH=$PATH:$HOME/.local/bin:$HOME/.cargo/bin:/usr/local/bin; "

/* agents.c: reads one line of a look. */
void agents_line(struct sessions *, char *line);

/* claude.c: reads lines of a look or of the watch. */
void claude_apply(struct sessions *, char *lines);

#endif
