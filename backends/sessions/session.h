/* session.h: the row of a session, for panels, the screen and JSON. A row is an OpenCode session, a
 * Claude Code session, a tmux session, another agent, or an OpenCode server. */
#ifndef SESSIONS_SESSION_H
#define SESSIONS_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "backends/store/doc.h"
#include "backends/store/store.h"

#define SESSION_ID_SIZE 96
#define SESSION_OLD_MS (14 * 86400000LL) /* ms; sessions idle for longer are hidden */

enum session_type {
	SESSION_NEW, /* a row that was just made */
	SESSION_OPENCODE,
	SESSION_CLAUDE,
	SESSION_TMUX,
	SESSION_SERVICE, /* an OpenCode server */
	SESSION_HERDR,   /* an agent in a pane of a herdr server */
	SESSION_AGENT,   /* an agent that is known by its process only */
	SESSION_SPEND    /* what the sessions of the server cost today */
};
const char *session_type_name(enum session_type);

/* What a session does or waits for. Ordered by urgency for the user: most urgent last. */
enum session_status {
	SESSION_UNKNOWN,
	SESSION_NOT_SERVED, /* only in OpenCode's database: no running server serves it */
	SESSION_IDLE,
	SESSION_ABORTED,     /* the user stopped its last turn */
	SESSION_UNANSWERED,  /* the turn failed before the model answered */
	SESSION_INTERRUPTED, /* its server was killed, or another process runs it */
	SESSION_BUSY,
	SESSION_RETRY, /* the model provider refused; OpenCode retries at next_ms */
	SESSION_ERROR,
	SESSION_PERMISSION,
	SESSION_QUESTION
};
const char *session_status_name(enum session_status);

struct question_option {
	char *label, *description; /* owned, not washed */
	char *value; /* owned; what the answer is called in a form; NULL: as the label */
};
/* What a field of a form takes. UNKNOWN: mocr cannot fill it in. */
enum question_type { QUESTION_WORDS, QUESTION_NUMBER, QUESTION_YES_NO, QUESTION_UNKNOWN };
struct question {
	char *text, *header; /* owned, not washed */
	char *key;           /* owned; of a field of a form; NULL: answered by its place */
	enum question_type type;
	bool optional; /* may stay empty */
	struct question_option *options;
	size_t n_options;
	bool multiple, custom; /* several options may be chosen; free text is allowed */
};

/* A question or permission that a session waits for. Texts are not washed: wash before showing
 * (request_doc does). */
struct request {
	char id[SESSION_ID_SIZE], session[SESSION_ID_SIZE], call[SESSION_ID_SIZE];
	bool is_question;
	bool is_form;     /* a form of OpenCode 2: answers go by the key of each question */
	bool cannot_fill; /* a form with fields that mocr cannot fill in; it can be refused */
	bool is_lasting;  /* "always" is kept for the project, also after a restart */
	char *note;       /* words of who asks; owned, not washed; NULL */
	/* what holds only the patterns: the 1.2 dialect does not send the command here */
	bool by_patterns;
	char *tool;   /* permission: "bash", "edit" or any other name */
	char *what;   /* permission: the command, or the patterns, one per line */
	char *diff;   /* of an edit; NULL */
	char *always; /* what "always" would allow, one per line; NULL */
	struct question *questions;
	size_t n_questions;
	int64_t asked_ms; /* wall clock, ms: when mocr first saw the request */
	struct request *next;
};
/* Writes the whole request, for the user to read before answering. */
void request_doc(const struct request *, struct doc *);
/* Writes the request as one phrase: "bash: make test". Washed. */
void request_phrase(const struct request *, char *buf, size_t size);

/* Git state of a session's directory, when it was last asked. */
struct session_git {
	char *branch;          /* owned, washed; NULL unknown, or no repository */
	bool worktree, tracks; /* a linked worktree; the branch follows another */
	int changes;           /* files that differ from the last commit */
	int ahead, behind;     /* commits */
	int64_t at_ms;         /* wall clock, ms: when it was asked; 0 never */
	bool gone;             /* the directory is missing, or the login may not see it */
};

/* What a session cost today, in dollars: spend.c. */
struct session_spend {
	int64_t day_ms;     /* wall clock, ms: when the day began that base is of; 0 none */
	double base, last;  /* cost when that day began, as far as known; cost when last seen */
	double all, budget; /* SESSION_SPEND: of all servers today; for a day */
};

struct session {
	struct row row; /* name: its title, washed */
	enum session_type type;
	char sid[SESSION_ID_SIZE], parent[SESSION_ID_SIZE]; /* parent "": a root session */
	char *directory;                                    /* owned, washed; NULL unknown */
	char *agent, *model;                                /* owned, washed; NULL unknown */
	enum session_status status;                         /* of the session itself */
	enum session_status shown; /* to show: includes what its descendants wait for */
	int64_t status_ms;         /* wall clock, ms, when the status began; 0 unknown */
	/* wall clock, ms: a turn ended then and the user has not looked since; 0 otherwise */
	int64_t finished_ms;
	int64_t next_ms; /* RETRY: wall clock, ms, of the next retry */
	int attempt;
	char *words; /* owned, washed: text of an error or retry; NULL */
	int64_t created_ms, updated_ms, archived_ms;
	double cost;                         /* dollars; below 0 unknown */
	int64_t tokens;                      /* tokens of all sorts; below 0 unknown */
	int64_t context_used, context_limit; /* tokens; below 0 unknown */
	struct session_git git;
	struct session_spend spend;
	int children, depth;
	bool unfolded; /* its children are visible */
	bool hidden;   /* not listed: under a folded parent, archived or old */
	int port;      /* of the server that serves the session; 0 none */
	/* SESSION_SERVICE */
	char *unit;       /* owned: its systemd unit; NULL */
	int64_t memory;   /* bytes; below 0 unknown */
	double cpu;       /* percent of one processor; below 0 unknown */
	int64_t uptime_s; /* below 0 unknown */
	int sessions, waiting;
	/* private to the backend */
	void *priv;
};

/* action->box: what the screen asks for before it does an action on a session. */
struct session_box {
	enum session_box_how {
		SESSION_BOX_LINE,   /* a line to type */
		SESSION_BOX_EDITOR, /* $EDITOR */
		SESSION_BOX_ANSWER, /* the open request, with its choices */
	} how;
	/* of a line: its title, what can be typed, what stands before it; text NULL: nothing */
	const char *title, *text, *prompt;
	enum session_box_start {
		SESSION_STARTS_EMPTY,
		SESSION_STARTS_NAME,      /* the name of the row */
		SESSION_STARTS_DIRECTORY, /* the directory of the session */
	} start;
	enum session_box_tab { /* what [Tab] completes */
		               SESSION_TAB_NOTHING,
		               SESSION_TAB_SERVER,
		               SESSION_TAB_COMMAND,
		               SESSION_TAB_AGENT,
		               SESSION_TAB_MODEL,
		               SESSION_TAB_NEW, /* a directory, then agent= and model= */
	} tab;
};

extern const struct kind kind_session;
extern const struct backend backend_sessions;

/* The request that the session or a descendant waits for. NULL: none. Borrowed until the next
 * change of the store. */
const struct request *session_request(const struct row *);
/* Call when the user reads a request or types a prompt. The connection is prepared, so that the
 * next send costs one round trip. */
void session_sends_soon(struct row *);
/* Writes what matters first: the open question with its diff, or else the last words. */
void session_peek(struct row *, struct doc *);
/* The cursor came to the row, or its details are open: its git state may be asked. */
void session_git_want(struct row *);
/* Writes "main* +1 -2": changed, ahead, behind. "" unknown. */
void session_git_say(const struct session *, char *buf, size_t size);
/* The user looked at it: a turn that ended is not marked any more. */
void session_looked_at(struct row *);
/* Folds the children of the row away, or unfolds them. */
void session_fold(struct row *);
/* Toggles archived and old sessions, for all servers. Returns true when they are now visible. */
bool session_show_old(struct store *);
/* Choices for a new session, or for completion: agents, models, directories or commands of the
 * row's server. Fills out with up to max names. They are borrowed until the next call here or the
 * next change of the store. Returns the number of names. */
enum session_list { SESSION_AGENTS, SESSION_MODELS, SESSION_DIRECTORIES, SESSION_COMMANDS };
size_t session_names(const struct row *, enum session_list, const char **out, size_t max);
/* Lists the folders in parent (must end in "/") on the row's server. Names are borrowed as above.
 * False: the listing is still being fetched; the store changes when it arrives. True and n 0: no
 * folders, or no link. session_directories_come says whether a listing is on its way. */
bool session_directories_in(struct row *, const char *parent, const char **out, size_t max,
                            size_t *n);
bool session_directories_come(const struct row *);
/* Fetches older messages of the conversation. False: nothing more to fetch, or a fetch is already
 * running. */
bool session_older(struct row *);

#endif
