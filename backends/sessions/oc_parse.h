/* oc_parse.h: parses OpenCode's answers and events. Pure: bytes in, structs out; no clock, no I/O.
 *
 * Source: the OpenCode server docs (opencode.ai/docs/server) and the OpenAPI document of each
 * server (GET /doc).
 *
 * Seen on 1.2.6, 1.2.11 and 1.18.33.
 *
 * The parser takes both dialects, 1.2 and 1.18, and the versions between them. Every field but the
 * id is optional. Unknown members are skipped. Ids with characters that are unsafe in a URL are
 * refused. */
#ifndef SESSIONS_OC_PARSE_H
#define SESSIONS_OC_PARSE_H

#include "backends/sessions/session.h"

#define OC_SESSIONS_MAX 10000
#define OC_REQUESTS_MAX 200

/* How the last turn ended, where a server states it (2.x). STOPPED: by whom is not stated. */
enum oc_outcome {
	OC_OUTCOME_NONE,
	OC_OUTCOME_SUCCEEDED,
	OC_OUTCOME_FAILED,
	OC_OUTCOME_STOPPED,
	OC_OUTCOME_ABORTED,
	OC_OUTCOME_INTERRUPTED
};

struct oc_session {
	enum oc_outcome outcome;
	char id[SESSION_ID_SIZE], parent[SESSION_ID_SIZE];
	char *directory; /* byte for byte as the server sent it; NULL unknown */
	char *title, *agent, *model, *provider; /* untrusted, not washed; NULL unknown */
	int64_t created_ms, updated_ms, archived_ms;
	double cost;    /* dollars; below 0 unknown */
	int64_t tokens; /* below 0 unknown */
	char *share;    /* its public URL; NULL: not shared */
	bool reverted;
};
struct oc_sessions {
	struct oc_session *v;
	size_t n, left_out; /* sessions read; sessions beyond OC_SESSIONS_MAX */
};
/* json: an array of sessions, or one session */
bool oc_parse_sessions(const char *json, size_t len, struct oc_sessions *, struct err *);
void oc_sessions_free(struct oc_sessions *);
void oc_session_free(struct oc_session *);

enum oc_run { OC_RUN_IDLE, OC_RUN_BUSY, OC_RUN_RETRY };
struct oc_status {
	enum oc_run run;
	int attempt;
	int64_t next_ms;
	char message[256]; /* washed */
};
typedef void oc_status_fn(const char *id, const struct oc_status *, void *arg);
bool oc_parse_statuses(const char *json, size_t len, oc_status_fn *, void *arg, struct err *);

/* Parses permissions or questions. The caller owns the list: request_free each. */
bool oc_parse_requests(const char *json, size_t len, bool questions, struct request **out,
                       struct err *);
void request_free(struct request *);

/* The facts of a message that matter to its session. */
struct oc_message {
	char id[SESSION_ID_SIZE], session[SESSION_ID_SIZE];
	enum { OC_ROLE_NONE, OC_ROLE_USER, OC_ROLE_ASSISTANT } role;
	bool completed;
	char error[64];                          /* name of the error; "" none */
	char words[256];                         /* washed; text of the error */
	char agent[64], model[96], provider[64]; /* washed */
	int64_t created_ms, completed_ms;
	double cost;     /* dollars; below 0 unknown */
	int64_t context; /* tokens in the model's context; below 0 unknown */
	/* tokens: below 0 unknown; includes reasoning, twice on 1.2.x and older (output has it
	 * too) */
	int64_t tokens, reasoning;
};
/* Compares two message ids by age, with the sign of strcmp: above 0 when a is newer. An id begins
 * with 48 bits of (milliseconds * 4096 + a counter). These bits wrap every 2^36 ms, last on 14
 * August 2026. So an id less than half that range behind the other is the older one. */
int oc_id_order(const char *a, const char *b);
bool oc_message_over(const struct oc_message *); /* an assistant message that completed or failed */
/* The newest message of GET /session/:id/message. role NONE: the session has no messages. */
bool oc_parse_last(const char *json, size_t len, struct oc_message *, struct err *);
/* Finds the whole command of a tool call in the messages. NULL: not there. The caller frees. */
char *oc_parse_command(const char *json, size_t len, const char *call);
/* Sums over all assistant messages. Fields below 0: no message states them. */
struct oc_sums {
	size_t messages; /* of user and assistant */
	double cost;
	int64_t tokens, reasoning;
	char last[SESSION_ID_SIZE]; /* id of the newest message in the sums; "" none */
};
struct oc_sums oc_parse_sums(const char *json, size_t len);
/* Rows of OpenCode's database, as stored.c queries them: id, title, directory, parent, created,
 * updated, archived, cost, tokens. */
bool oc_parse_stored(const char *json, size_t len, struct oc_sessions *, struct err *);

enum oc_event_type {
	OC_OTHER,
	OC_CONNECTED,
	OC_HEARTBEAT,
	OC_SESSION_UPDATED,
	OC_SESSION_DELETED,
	OC_STATUS,
	OC_IDLE,
	OC_ERROR,
	OC_COMPACTED,
	OC_MESSAGE,
	OC_MESSAGE_REMOVED,
	OC_PART,
	OC_DELTA,
	OC_ASKED,
	OC_REPLIED,
	OC_DISPOSED,
	OC_TODO,
	OC_DIFF,
	OC_FACTS, /* 2.x: some members of a session changed */
	OC_ENDED  /* 2.x: the turn ended; outcome tells how */
};
struct oc_event {
	enum oc_event_type type;
	char id[SESSION_ID_SIZE]; /* "evt_..."; "" in the 1.2 dialect */
	char session[SESSION_ID_SIZE], request[SESSION_ID_SIZE];
	char *directory;           /* of the envelope; NULL none */
	struct oc_session info;    /* SESSION_UPDATED */
	struct oc_status status;   /* STATUS */
	struct oc_message message; /* MESSAGE; ERROR uses error and words */
	struct request *asked;     /* ASKED */
	char message_id[SESSION_ID_SIZE], part_id[SESSION_ID_SIZE]; /* PART, DELTA */
	/* PART: its type, and its text or tool line. DELTA: the delta. Not washed. */
	char *part_type, *text;
	char *tool, *tool_state; /* PART of type tool; not washed */
	/* 2.x only */
	bool tells_run;          /* status is given, whatever the type */
	bool of_user;            /* PART: words of the user */
	bool is_new;             /* SESSION_UPDATED: info is how the session began */
	enum oc_outcome outcome; /* ENDED */
	int64_t at_ms;           /* when it happened, by the server's clock; 0 unknown */
};
/* Parses the payload of one "data:" line of /global/event or /event. False: not JSON. */
bool oc_parse_event(const char *json, size_t len, struct oc_event *);
void oc_event_free(struct oc_event *);

/* Reads "version" of a health answer (1.x) or of /api/info (2.x). False and "": no version. */
bool oc_parse_health(const char *json, size_t len, char *version, size_t size);
/* Reduces the answer of /config/providers, which holds API keys in clear. Appends one line per
 * model, "provider/model\tcontext", to out. */
bool oc_reduce_models(const char *json, size_t len, struct buf *out);
/* Reduces agents that a user may choose, or commands, to names, one per line. */
bool oc_reduce_names(const char *json, size_t len, struct buf *out);
/* Worktrees of GET /project, one per line; "/" for the global project. */
bool oc_parse_projects(const char *json, size_t len, struct buf *out);

#endif
