/* link.h: the connection to one server over any transport: SSH, this machine itself, a recording.
 *
 * A link owns every stream that is open on it. It connects in the background and asks the user
 * through ask.h. After a loss it retries with back-off and jitter. No caller ever waits for it. */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "backends/base/err.h"
#include "backends/link/stream.h"

struct loop;
struct link;
struct ask;

enum link_state {
	LINK_DOWN, /* not wanted: never connected, or disconnected by the user */
	LINK_CONNECTING,
	LINK_ASKING, /* waits for the user's answer (link->ask) */
	LINK_UP,
	LINK_LOST /* failed or cut; retry_at_ms is the time of the next try */
};
const char *link_state_name(enum link_state);

/* Where a stream leads. Strings are borrowed during link_open only. */
enum endpoint_kind {
	ENDPOINT_UNIX, /* path: a Unix socket on the server */
	ENDPOINT_TCP,  /* host, port: as seen from the server */
	/* command: a script for a POSIX sh without a terminal; quote.h must quote foreign words in
	 * it */
	ENDPOINT_EXEC,
	ENDPOINT_TERMINAL /* command (NULL: the login shell) on a terminal: term, cols, rows */
};
struct endpoint {
	enum endpoint_kind kind;
	const char *path, *host, *command, *term;
	/* a constant: name of the command in sentences; NULL: the command itself */
	const char *shown;
	int port, cols, rows;
	bool tls; /* ENDPOINT_TCP of an origin: HTTPS */
	const char *const
		*env;       /* "NAME=value" words, NULL-terminated; the server may refuse some */
	int64_t timeout_ms; /* time limit until opened; 0: LINK_OPEN_TIMEOUT_MS */
};
#define LINK_OPEN_TIMEOUT_MS 10000

/* Part of the ERR_DENIED sentence when sshd itself forbids forwarding. More rights on the server
 * would not help then. */
#define LINK_FORBIDS "its sshd forbids"

/* A certificate of the user, with which the link logged in, or of a server (vitals.h). */
struct link_cert {
	char path[256];             /* "" none; "the agent" when no file of it is known */
	int64_t from_ms, until_ms; /* wall clock; until_ms 0: for ever */
};

/* Callbacks of a link to its owner (the server, store/server.c). */
struct link_events {
	/* state, ask, err, latency or retry time changed */
	void (*changed)(struct link *, void *arg);
};

struct link_config {
	/* the user's name for the server; also the ssh destination unless dest is set */
	const char *name;
	const char *dest;       /* "[user@]host[:port]" or a Host of ssh_config */
	const char *ssh_config; /* -F file; NULL: OpenSSH's own */
	const char *identity;   /* a key file; or NULL */
	int connect_timeout_ms; /* 0: 5000 */
	int unread_timeout_ms;  /* the server reads nothing for so long: lost; 0: 60000 */
	/* no user is present: a question fails the login, and err quotes it */
	bool batch;
};

struct link_ops {
	const char *name; /* "ssh", "local", "replay" */
	void (*connect)(struct link *);
	/* also stops a running connect; streams end with ERR_LOST */
	void (*disconnect)(struct link *);
	struct stream *(*open)(struct link *, const struct endpoint *, const struct stream_events *,
	                       void *arg, struct err *);
	void (*destroy)(struct link *);
};

struct link {
	const struct link_ops *ops;
	struct loop *loop; /* borrowed */
	const struct link_events *events;
	void *arg;
	char *name; /* owned */
	enum link_state state;
	int64_t since_ms;    /* wall clock, start of this state */
	int64_t up_ms;       /* wall clock, when the link was last up; 0 never */
	int64_t heard_ms;    /* loop clock, when the last byte arrived */
	int64_t retry_at_ms; /* loop clock, LINK_LOST only; 0: only on demand */
	int latency_ms;      /* ms of the last measured round trip; -1 unknown */
	unsigned tries;      /* failures in a row */
	struct ask *ask;     /* LINK_ASKING: the open question; owned by the link */
	struct err err;      /* LINK_LOST: the sentence */
	/* the address in use or tried last: "192.0.2.10 port 804"; a name without an address too */
	char address[96];
	/* of ssh_config, known once a login ended: the host's address, and the hosts of ProxyJump
	 * on the way to it, separated by commas; "" none */
	char hostname[256], jumps[256];
	struct link_cert cert; /* of the last log-in */
	/* transport, for the details: "ssh 192.0.2.10 port 804 as ops, ed25519 key …" */
	char detail[160];

	/* private to link.c */
	bool wanted; /* reconnect after a loss */
	/* tries before a connection that has not stayed up long enough yet */
	unsigned flaps;
	struct loop_timer *retry; /* owned; NULL: no retry is due */
};

struct link *link_create_ssh(struct loop *, const struct link_config *, const struct link_events *,
                             void *arg);
struct link *link_create_local(struct loop *, const char *name, const struct link_events *,
                               void *arg);
void link_destroy(struct link *);

/* Connects, and reconnects after every loss until link_disconnect. */
void link_connect(struct link *);
void link_disconnect(struct link *); /* no more reconnects: LINK_DOWN */
/* Retries at once, regardless of the back-off. Does nothing when the link is up or connecting. */
void link_retry(struct link *);

/* Opens a stream. NULL and err when the link is not up or the endpoint is impossible at once. Every
 * later failure comes by closed. */
struct stream *link_open(struct link *, const struct endpoint *, const struct stream_events *,
                         void *arg, struct err *);

/* Runs a command to its end and collects its output, at most max bytes of each stream (more:
 * ERR_TOO_BIG). The command is a script for a POSIX sh, whatever the login shell is. input (may be
 * NULL) goes to its standard input, which is then closed. done is called exactly once unless the
 * run is cancelled. */
struct run;
struct run_result {
	const char *out, *err_out; /* NUL-terminated, not washed; borrowed during done */
	size_t out_len, err_len;
	struct stream_end end;
	/* of link_run_staged: the command printed RUN_BEGUN; out and err_out start after it */
	bool begun;
};
typedef void run_fn(const struct run_result *, void *arg);
struct run *link_run(struct link *, const char *command, const void *input, size_t input_len,
                     size_t max, int64_t timeout_ms, run_fn *done, void *arg);
/* Sentences name the run by these words instead of the head of its command, which says nothing when
 * the command is a script. A name longer than 60 bytes is cut. */
void run_name(struct run *, const char *words);
void run_cancel(struct run *); /* NULL is fine */

/* Runs a command that prints its progress on stderr, one word per line. The input leaves only after
 * RUN_BEGUN. So a password prompt before it (sudo) cannot read the input.
 *
 * On a terminal stdout and stderr are one stream. The command prints RUN_READY, and the answer
 * leaves with the next byte, the first of the prompt. On a terminal the input has no EOF. */
#define RUN_READY "mocr-ready"
#define RUN_ANSWER "mocr-answer" /* send the answer once more */
#define RUN_BEGUN "mocr-begun"
struct run_stages {
	const char *shown; /* name of the command in sentences */
	/* with its line end; or NULL. Sent at once, except on a terminal. */
	const void *answer;
	size_t answer_len;
	bool terminal;
};
struct run *link_run_staged(struct link *link, const char *command, const struct run_stages *,
                            const void *input, size_t input_len, size_t max, int64_t timeout_ms,
                            run_fn *done, void *arg);

/* --- for the implementations --------------------------------------------- */
/* Fills a zeroed link. A change of state calls the owner, and the owner may do anything. So an
 * implementation sets a state as the last step of a function. */
void link_init(struct link *, const struct link_ops *, struct loop *, const char *name,
               const struct link_events *, void *arg);
/* Sets LINK_ASKING with the ask, or goes back to LINK_CONNECTING (NULL). Gives up the old ask. */
void link_set_ask(struct link *, struct ask *);
void link_changed(struct link *); /* latency or detail changed */
void link_set_state(struct link *, enum link_state, const struct err *); /* err NULL: no error */
bool link_is_local(const struct link *);

/* Wall clock, ms, when the last byte arrived: a loss is noticed some seconds later. Returns the
 * current time when no byte ever arrived, and for this machine. */
int64_t link_last_heard(const struct link *);

/* Whether ssh accepts dest as a destination. False: err is a sentence. */
bool link_is_destination(const char *dest, struct err *);

#endif
