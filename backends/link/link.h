/* link.h: the connection to one server, whatever carries it: SSH, this machine itself, a recording.
 *
 * A link owns everything that is open on it. It connects in the background, asks the user through
 * ask.h, comes up, gets lost, tries again with back-off and jitter, all without anybody waiting for
 * it. */
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
	LINK_ASKING, /* waits for an answer of the user (link->ask) */
	LINK_UP,
	LINK_LOST /* failed or cut; retry_at_ms says when it tries again */
};
const char *link_state_name(enum link_state);

/* Where a stream leads. Strings are borrowed during link_open only. */
enum endpoint_kind {
	ENDPOINT_UNIX, /* path: a Unix socket on the server */
	ENDPOINT_TCP,  /* host, port: as seen from the server */
	/* command: a script for a POSIX sh, foreign words in it by quote.h; no terminal */
	ENDPOINT_EXEC,
	ENDPOINT_TERMINAL /* command (NULL: the login shell) on a terminal: term, cols, rows */
};
struct endpoint {
	enum endpoint_kind kind;
	const char *path, *host, *command, *term;
	const char *shown; /* a constant: how sentences call the command; NULL: as it is */
	int port, cols, rows;
	bool tls; /* ROAD_TCP of a origin: HTTPS */
	const char *const
		*env; /* "NAME=value" words ended by NULL, sent as far as the server accepts them */
	int64_t timeout_ms; /* until opened; 0: LINK_OPEN_TIMEOUT_MS */
};
#define LINK_OPEN_TIMEOUT_MS 10000

/* In the sentence of an ERR_DENIED that is sshd's: no right on the server itself would help. */
#define LINK_FORBIDS "its sshd forbids"

/* What a link tells its owner (the server, store/server.c). */
struct link_events {
	/* state, ask, err, latency or retry time changed */
	void (*changed)(struct link *, void *arg);
};

struct link_config {
	/* as the user names the server; also the ssh destination unless dest is set */
	const char *name;
	const char *dest;       /* "[user@]host[:port]" or a Host of ssh_config */
	const char *ssh_config; /* -F file, or NULL for OpenSSH's own */
	const char *identity;   /* a key file, or NULL */
	int connect_timeout_ms; /* 0: 5000 */
	/* nobody is there to answer: an ask is a failure with the sentence of it */
	bool batch;
};

struct link_ops {
	const char *name; /* "ssh", "local", "replay" */
	void (*connect)(struct link *);
	/* also gives up a connect that runs; streams end with ERR_LOST */
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
	int64_t since_ms;    /* wall clock, when this state began */
	int64_t up_ms;       /* wall clock, when it was last up; 0 never */
	int64_t heard_ms;    /* loop clock, when the last byte came from there */
	int64_t retry_at_ms; /* loop clock, LINK_LOST only; 0: only on demand */
	int latency_ms;      /* of the last measured round trip; -1 unknown */
	unsigned tries;      /* in a row without success */
	struct ask *ask;     /* LINK_ASKING: what is asked; owned by the link */
	struct err err;      /* LINK_LOST: the sentence */
	char address[96]; /* where it goes or last tried to go: "192.0.2.10 port 804"; a name that
	                     has no address likewise */
	char detail[160]; /* what carries it, for the details: "ssh 192.0.2.10 port 804 as ops,
	                     ed25519 key …" */

	/* link.c's own */
	bool wanted; /* connect again after a loss */
	/* tries before a connection that has not proved itself yet */
	unsigned flaps;
	struct loop_timer *retry; /* owned; NULL rests */
};

struct link *link_create_ssh(struct loop *, const struct link_config *, const struct link_events *,
                             void *arg);
struct link *link_create_local(struct loop *, const char *name, const struct link_events *,
                               void *arg);
void link_destroy(struct link *);

/* wanted from now on: connects, and again after every loss */
void link_connect(struct link *);
void link_disconnect(struct link *); /* not wanted any more: LINK_DOWN */
/* now, whatever the back-off says; nothing when it is up or connecting */
void link_retry(struct link *);

/* Opens a stream. NULL and err when the link is not up or the endpoint is impossible at once; every
 * later failure comes by closed. */
struct stream *link_open(struct link *, const struct endpoint *, const struct stream_events *,
                         void *arg, struct err *);

/* Runs a command (a script for a POSIX sh, whatever the login shell is) to its end and gathers what
 * it prints, at most max bytes of each stream (more: ERR_TOO_BIG). input (may be NULL) goes to its
 * standard input, which is then closed. done is called exactly once unless the run is cancelled. */
struct run;
struct run_result {
	const char *out, *err_out; /* NUL-ended, not washed; borrowed during done */
	size_t out_len, err_len;
	struct stream_end end;
	/* of link_run_staged: RUN_BEGUN was said; what stood before it is left out */
	bool begun;
};
typedef void run_fn(const struct run_result *, void *arg);
struct run *link_run(struct link *, const char *command, const void *input, size_t input_len,
                     size_t max, int64_t timeout_ms, run_fn *done, void *arg);
void run_cancel(struct run *); /* NULL is fine */

/* Runs a command that says on stderr, in lines of their own, what it is ready for. The input is
 * sent when the command says RUN_BEGUN, never before, so whatever asks for a password first cannot
 * take the input for one. On a terminal both outputs are one: the command says RUN_READY, the
 * answer goes out with the next byte, which is somebody's prompt; input has no end there. */
#define RUN_READY "mocr-ready"
#define RUN_ANSWER "mocr-answer" /* the answer is wanted once more */
#define RUN_BEGUN "mocr-begun"
struct run_stages {
	const char *shown; /* what sentences call the command */
	/* with its line end; sent at once, but for a terminal; or NULL */
	const void *answer;
	size_t answer_len;
	bool terminal;
};
struct run *link_run_staged(struct link *link, const char *command, const struct run_stages *,
                            const void *input, size_t input_len, size_t max, int64_t timeout_ms,
                            run_fn *done, void *arg);

/* --- for the implementations --------------------------------------------- */
/* Fills a zeroed link. Setting a state tells the owner, who may do anything then: it is the last
 * thing a function of an implementation does. */
void link_init(struct link *, const struct link_ops *, struct loop *, const char *name,
               const struct link_events *, void *arg);
/* LINK_ASKING with it, or (NULL) back to LINK_CONNECTING; the old one is given up */
void link_set_ask(struct link *, struct ask *);
void link_changed(struct link *); /* latency or detail changed */
void link_set_state(struct link *, enum link_state, const struct err *); /* err NULL: none */
bool link_is_local(const struct link *);

/* Wall clock, ms, when the last byte came from there: a loss is noticed some seconds after it. Now,
 * when none ever came, and for this machine, from which nothing has to come. */
int64_t link_last_heard(const struct link *);

/* Whether dest can be handed to ssh as a name; false and err, a sentence. */
bool link_is_destination(const char *dest, struct err *);

#endif
