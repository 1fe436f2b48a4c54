/* oc_dialect.h: what differs between the generations of OpenCode's HTTP API: paths, bodies, the
 * shapes of answers and events. One table each: oc_v1.c and oc_v2.c. All else is common.
 *
 * Source: opencode.ai/docs/server for 1.x; the protocol package of anomalyco/opencode and the types
 * of @opencode/client 2.0.21 for 2.x. Seen on 1.2.6, 1.2.11, 1.18.33 and the preview of 2.0
 * (1.18.18). */
#ifndef SESSIONS_OC_DIALECT_H
#define SESSIONS_OC_DIALECT_H

#include <cjson/cJSON.h>

#include "backends/sessions/sessions.h"

enum oc_act {
	OC_PROMPT,
	OC_COMMAND,
	OC_RENAME,
	OC_ARCHIVE,
	OC_FORK,
	OC_SUMMARIZE,
	OC_REVERT,
	OC_UNREVERT,
	OC_SHARE,
	OC_UNSHARE,
	OC_ABORT,
	OC_DELETE,
	OC_AGENT,
	OC_MODEL,
	OC_ACTS
};

/* How one action is sent. method NULL: this dialect has no way for it, so it is not offered. */
struct oc_how {
	const char *method, *path; /* path: after the session's own */
	/* The caller frees the body. words: the argument of the order, or "". NULL: no body. */
	char *(*body)(const struct ses *, const char *words);
	bool slow; /* the answer comes when the model is done */
};

/* A request that is ready to be sent. free_sent frees it. */
struct oc_sent {
	const char *method;
	char *path, *body; /* owned; body may be NULL */
};
void oc_sent_free(struct oc_sent *);

/* A session to be made. model: "provider/model"; all but directory may be NULL. */
struct oc_wish {
	const char *directory, *agent, *model, *variant;
};

/* One list that is asked for a place: a directory in 1.x, a session in 2.x. */
struct oc_asked {
	const char *word;           /* "permissions": the name of the answer for source_feed */
	const char *before, *after; /* of the place within the path */
};

struct oc_dialect {
	const char *name;    /* "1", "2 preview": for details and tests */
	const char *version; /* shown for servers that state none; NULL: all state it */
	const char *stream;  /* path of the events */
	int64_t silence_ms;  /* a stream that is silent for longer is dead */
	const char *list;    /* path of the first page of the list of all sessions */
	const char *more;    /* path of further pages; the cursor follows */
	const char *running; /* path of the list of busy sessions; NULL: asked by place */
	const char *models, *agents, *commands; /* paths */
	const char *last;                       /* query for the newest messages */
	const char *messages;                   /* query for many; their number follows */
	size_t messages_max;                    /* most in one answer; 0: any number */
	const char *diff;                       /* diff of the last turn; NULL: in messages */
	bool lists_projects;     /* without the list of all sessions there is one by project */
	bool stores_prompts;     /* the answer to a prompt says that it is stored */
	bool drops_requests;     /* a session that falls idle has no requests any more */
	bool has_program;        /* its program attaches, exports and imports as in 1.x */
	bool attaches;           /* it has a program that attaches at all */
	/* The server itself exports and imports: the path of an export before and behind the
	 * session's id, and the path that takes one. NULL: it does not. */
	const char *export_before, *export_after, *import;
	struct oc_asked asks[4]; /* ended by a word of NULL */
	/* 2.x: the member that names a slash command, and the members that get the answer to a
	 * permission; ended by NULL */
	const char *command_name, *decisions[3];
	struct oc_how acts[OC_ACTS];

	/* --- paths and bodies; the caller frees --- */
	char *(*place)(const char *place); /* encodes it for a path */
	/* The same list of models or agents, as a directory has it. NULL: it is not asked before a
	 * session is made. */
	char *(*list_in)(const char *path, const char *directory);
	/* path of a session, with rest behind its id */
	char *(*path)(const struct ses *, const char *rest);
	void (*make)(const struct oc_wish *, struct oc_sent *);
	/* The body of a new session's first prompt. NULL: that of OC_PROMPT. */
	char *(*first_prompt)(const struct oc_wish *, const char *text);
	/* The answer to a request. answer: made by request_answers; NULL: refuse it, why (NULL: no
	 * word). */
	void (*reply)(const struct ses *, const struct request *, const char *answer,
	              const char *why, struct oc_sent *);

	/* --- answers --- */
	/* The cursor of the next page, borrowed from the answer or buf. "": the list is complete.
	 */
	const char *(*next_page)(const struct api_answer *, char *buf, size_t size);
	bool (*is_list)(const struct api_answer *);
	bool (*sessions)(const char *json, size_t len, struct oc_sessions *, struct err *);
	bool (*statuses)(const char *json, size_t len, oc_status_fn *, void *arg, struct err *);
	bool (*requests)(const char *json, size_t len, bool questions, struct request **,
	                 struct err *);
	bool (*event)(const char *json, size_t len, struct oc_event *);
	/* Appends the messages in the shape of 1.x, oldest first, which all readers know. NULL:
	 * they have it. */
	bool (*conversation)(const char *json, size_t len, struct buf *out);
	bool (*read_models)(const char *json, size_t len, struct buf *out);
	bool (*read_names)(const char *json, size_t len, struct buf *out);
};

extern const struct oc_dialect oc_v1, oc_preview, oc_early, oc_v2;

/* What speaks, by the answer to a probe. NULL: no OpenCode server that is known. version gets what
 * it states, or "". */
const struct oc_dialect *oc_dialect_of(const char *json, size_t len, char *version, size_t size);

/* Prints and deletes a tree. The caller frees the text. */
char *oc_body(cJSON *);

/* oc_v1.c */
/* Appends ?directory= to a path. The caller frees. */
char *oc_v1_path_in(const char *directory, const char *path);
char *oc_v1_empty_body(const struct ses *, const char *words);
char *oc_v1_title_body(const struct ses *, const char *words);
/* id of the newest message of the user in the fetched conversation; "" none; buf gets it */
const char *oc_newest_prompt(const struct ses *, char *buf, size_t size);
/* Splits "provider/model" into members of o: "providerID", and the model by the given name. */
void oc_add_model(cJSON *o, const char *model, const char *name);

#endif
