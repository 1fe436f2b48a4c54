/* oc_parse.h: OpenCode's answers and events understood. Pure: bytes in, structs out; no clock, no
 * I/O.
 *
 * Both dialects (1.2 and 1.18) and everything between; every field is optional but the id, unknown
 * things are skipped. Ids that could not stand in a URL are refused. */
#ifndef SESSIONS_OC_PARSE_H
#define SESSIONS_OC_PARSE_H

#include "backends/sessions/session.h"

#define OC_SESSIONS_MAX 10000
#define OC_REQUESTS_MAX 200

struct oc_session {
	char id[SESSION_ID_SIZE], parent[SESSION_ID_SIZE];
	char *directory;                        /* byte for byte; NULL */
	char *title, *agent, *model, *provider; /* as they came; NULL */
	int64_t created_ms, updated_ms, archived_ms;
	double cost;    /* below 0: not told */
	int64_t tokens; /* below 0: not told */
	char *share;    /* its public address; NULL */
	bool reverted;
};
struct oc_sessions {
	struct oc_session *v;
	size_t n, left_out; /* read, and beyond OC_SESSIONS_MAX */
};
/* an array, or one object */
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

/* Permissions or questions; the list is the caller's. */
bool oc_parse_requests(const char *json, size_t len, bool questions, struct request **out,
                       struct err *);
void request_free(struct request *);

/* What a message says about its session. */
struct oc_message {
	char id[SESSION_ID_SIZE], session[SESSION_ID_SIZE];
	enum { OC_ROLE_NONE, OC_ROLE_USER, OC_ROLE_ASSISTANT } role;
	bool completed;
	char error[64];                          /* its name; "" none */
	char words[256];                         /* washed: of the error */
	char agent[64], model[96], provider[64]; /* washed */
	int64_t created_ms, completed_ms;
	double cost;     /* below 0 */
	int64_t context; /* tokens that were in it; below 0 */
	/* below 0; reasoning is in tokens, once more where output has it too */
	int64_t tokens, reasoning;
};
/* Which of two ids of messages is the later one, as strcmp says it. They begin with 48 bits of
 * (milliseconds * 4096 + a counter), so they begin again every 2^36 ms, last on the 14th of August
 * 2026: what is less than half of that behind is earlier. */
int oc_id_order(const char *a, const char *b);
bool oc_message_over(const struct oc_message *); /* the model's, and it ended, well or not */
/* The newest message of GET /session/:id/message; role NONE when there is none. */
bool oc_parse_last(const char *json, size_t len, struct oc_message *, struct err *);
/* The whole command of a tool call, out of the messages; NULL: it is not there. The caller frees.
 */
char *oc_parse_command(const char *json, size_t len, const char *call);
/* Sums over all assistant messages; below 0 when none says. */
struct oc_sums {
	size_t messages; /* of both sides */
	double cost;
	int64_t tokens, reasoning;
	char last[SESSION_ID_SIZE]; /* the newest that was summed up; "" */
};
struct oc_sums oc_parse_sums(const char *json, size_t len);
/* The database's rows: id, title, directory, parent, created, updated, archived, cost, tokens. */
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
	OC_DIFF
};
struct oc_event {
	enum oc_event_type type;
	char id[SESSION_ID_SIZE]; /* "evt_..."; "" in the old dialect */
	char session[SESSION_ID_SIZE], request[SESSION_ID_SIZE];
	char *directory;           /* of the envelope; NULL */
	struct oc_session info;    /* SESSION_UPDATED */
	struct oc_status status;   /* STATUS */
	struct oc_message message; /* MESSAGE; ERROR uses error and words */
	struct request *asked;     /* ASKED */
	char message_id[SESSION_ID_SIZE], part_id[SESSION_ID_SIZE]; /* PART, DELTA */
	/* PART: type and text or tool line; DELTA: the delta; as they came */
	char *part_type, *text;
	char *tool, *tool_state; /* PART of type tool; as they came */
};
/* One data: payload of /global/event or /event. False: not JSON. */
bool oc_parse_event(const char *json, size_t len, struct oc_event *);
void oc_event_free(struct oc_event *);

/* Health: the version, or "" when this is no OpenCode 1.x. */
bool oc_parse_health(const char *json, size_t len, char *version, size_t size);
/* The providers' answer holds keys in clear: what may be kept of it, "provider/model\tcontext" a
 * line, into out. */
bool oc_reduce_models(const char *json, size_t len, struct buf *out);
/* Agents a user may choose, or commands: names, one a line. */
bool oc_reduce_names(const char *json, size_t len, struct buf *out);
/* Worktrees of GET /project, one a line; "/" for the global one. */
bool oc_parse_projects(const char *json, size_t len, struct buf *out);
/* The far side's own words out of an error answer of any of its shapes, washed. */
const char *oc_words(char *buf, size_t size, int status, const char *body, size_t len);

#endif
