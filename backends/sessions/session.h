/* session.h: the row of a session, as panels, the screen and JSON read it: an OpenCode session, a
 * Claude Code session, a tmux session, or the OpenCode server that serves some. */
#ifndef SESSIONS_SESSION_H
#define SESSIONS_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "backends/store/doc.h"
#include "backends/store/store.h"

#define SESSION_ID_SIZE 96
#define SESSION_OLD_MS (14 * 86400000LL) /* idle for longer: folded away */

enum session_type { SESSION_OPENCODE, SESSION_CLAUDE, SESSION_TMUX, SESSION_SERVICE };
const char *session_type_name(enum session_type);

/* What it does or waits for. The order is that of "who needs you": worst last. */
enum session_status {
	SESSION_UNKNOWN,
	SESSION_NOT_SERVED, /* only in the database: no server runs it */
	SESSION_IDLE,
	SESSION_ABORTED,     /* the user stopped its last turn */
	SESSION_UNANSWERED,  /* the turn failed before there was an answer */
	SESSION_INTERRUPTED, /* its server was killed, or another process runs it */
	SESSION_BUSY,
	SESSION_RETRY, /* the model's side refused; it tries again at next_ms */
	SESSION_ERROR,
	SESSION_PERMISSION,
	SESSION_QUESTION
};
const char *session_status_name(enum session_status);

struct question_option {
	char *label, *description; /* owned, as they came */
};
struct question {
	char *text, *header; /* owned, as they came */
	struct question_option *options;
	size_t n_options;
	bool multiple, custom; /* several may be chosen; free text is allowed */
};

/* What a session asks the user. Texts are as they came: wash before showing (request_doc does). */
struct request {
	char id[SESSION_ID_SIZE], session[SESSION_ID_SIZE], call[SESSION_ID_SIZE];
	bool is_question;
	/* what is only the patterns: the older dialect does not tell the command here */
	bool by_patterns;
	char *tool;   /* permission: "bash", "edit", ... free text */
	char *what;   /* permission: the command, or the patterns, one a line */
	char *diff;   /* of an edit; NULL */
	char *always; /* what "always" would allow, one a line; NULL */
	struct question *questions;
	size_t n_questions;
	int64_t asked_ms; /* wall clock, when we heard of it */
	struct request *next;
};
/* Exactly what is asked, to be read before answering. */
void request_doc(const struct request *, struct doc *);
/* One phrase: "bash: make test". */
void request_phrase(const struct request *, char *buf, size_t size);

struct session {
	struct row row; /* name: its title */
	enum session_type type;
	char sid[SESSION_ID_SIZE], parent[SESSION_ID_SIZE]; /* parent "": a root */
	char *directory;                                    /* owned, washed; NULL unknown */
	char *agent, *model;                                /* owned, washed; NULL unknown */
	enum session_status status;                         /* its own */
	enum session_status shown; /* with what its descendants wait for: what to show */
	int64_t status_ms;         /* wall clock, since when; 0 unknown */
	int64_t next_ms;           /* RETRY: of the next try */
	int attempt;
	char *words; /* owned, washed: of an error, a retry; NULL */
	int64_t created_ms, updated_ms, archived_ms;
	double cost;                         /* dollars; below 0 unknown */
	int64_t tokens;                      /* all of them; below 0 unknown */
	int64_t context_used, context_limit; /* tokens; below 0 unknown */
	int children, depth;
	bool unfolded; /* its children are shown */
	bool hidden;   /* under a folded parent, archived or old */
	int port;      /* of the server that serves it; 0 none */
	/* SESSION_SERVICE */
	char *unit;       /* owned: its systemd unit; NULL */
	int64_t memory;   /* bytes; below 0 unknown */
	double cpu;       /* per cent of one processor; below 0 unknown */
	int64_t uptime_s; /* below 0 unknown */
	int sessions, waiting;
	/* the backend's own */
	void *priv;
};

extern const struct kind kind_session;
extern const struct backend backend_sessions;

/* What it or a descendant waits for; NULL: nothing. Borrowed until the next change of the store. */
const struct request *session_request(const struct row *);
/* The user reads what it asks, or writes to it: what is sent to its server next costs one round
 * trip. */
void session_sends_soon(struct row *);
/* Folds its children away, or shows them. */
void session_fold(struct row *);
/* Archived and old ones, of all servers: shown, or put away again; says which. */
bool session_show_old(struct store *);
/* What can be given to a new session or completed: names of agents, models, directories of the
 * server of row, into out (borrowed until the next change of the store); returns how many. */
enum session_list { SESSION_AGENTS, SESSION_MODELS, SESSION_DIRECTORIES, SESSION_COMMANDS };
size_t session_names(const struct row *, enum session_list, const char **out, size_t max);
/* The folders in parent (which ends in "/") on the server of row, borrowed as above. False: they
 * are being asked for, and the store changes when session_directories_come says that no more are on
 * their way. */
bool session_directories_in(struct row *, const char *parent, const char **out, size_t max,
                            size_t *n);
bool session_directories_come(const struct row *);
/* More of the conversation than is there: asks for it. False: it is whole, or on its way. */
bool session_older(struct row *);

#endif
