/* ssh_internal.h: what the files of the SSH link share: the log-in in its worker thread
 * (ssh_login.c and its helpers), the live connection in the loop (ssh.c), and its streams
 * (ssh_stream.c). */
#ifndef LINK_SSH_INTERNAL_H
#define LINK_SSH_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <libssh/libssh.h>

#include "backends/base/buf.h"
#include "backends/base/err.h"
#include "backends/base/secret.h"
#include "backends/link/ask.h"
#include "backends/link/link.h"
#include "backends/link/sshconf.h"

struct link_ssh;
struct login;

/* --- the log-in: all in a worker thread ---------------------------------- */

/* A question that the worker waits for. */
struct question {
	enum ask_kind kind;
	char title[96], text[640], prompt[96];
	bool echo, can_keep;
	bool waiting, answered, keep;
	struct secret *answer;
};

/* What the user let the link keep: asked for once, used at every reconnect. */
struct kept {
	char *key; /* "password", or the path of a key file; owned */
	struct secret *secret;
	bool lasting; /* the user said so; else it is for this log-in alone */
	struct kept *next;
};
struct secret *kept_find(const struct kept *, const char *key); /* borrowed; NULL: none */
void kept_add(struct kept **, const char *key, const struct secret *, bool lasting);
void kept_drop(struct kept **, const char *key);
void kept_free(struct kept *);
struct kept *kept_copy(const struct kept *); /* of what lasts */

/* One log-in. The worker owns everything but what the lock guards; link belongs to the loop. Freed
 * by whoever is last: the link gives it up (login_abandon) or takes its result (login done). */
struct login {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned refs;
	bool cancelled; /* nobody wants it any more: end soon */
	pid_t helper;   /* a program the worker waits for; 0 none */
	/* a copy of the connection's descriptor, to be shut down; -1 none */
	int socket;
	struct question question;

	/* an eventfd that is readable once cancelled; never changes */
	int cancel_fd;
	struct loop *loop;
	struct link_ssh *link; /* loop thread only; NULL once given up */

	/* What is wanted; the worker's */
	char *name, *dest, *ssh_config, *identity;
	int connect_timeout_ms;
	bool batch;
	struct kept *kept; /* what was kept before, and what is to be kept now */

	/* What came of it; the worker's, then the loop's */
	struct sshconf conf;
	struct ssh_dest where;
	ssh_session session; /* owned; NULL when it failed */
	/* the connection, libssh's once it has a session with it; -1 none */
	int fd;
	pid_t proxy;     /* 0: none; ended with the link */
	int proxy_words; /* a file with what the proxy said on stderr; -1 none */
	/* libssh knows none of the algorithms that PubkeyAcceptedAlgorithms allows */
	bool no_key_fits;
	bool asked; /* the user was asked since the connection was made */
	/* the server did so while it waited for the user, and this is another connection */
	bool hung_up;
	struct err asks; /* batch: the question that nobody could answer */
	struct err err;
	char address[80]; /* "10.77.0.11 port 804" or "10.77.0.14 through sese" */
	char detail[160];
};

/* Asks the user and waits; NULL when given up (err is set: ERR_CANCELLED, ERR_ASKS). The answer is
 * the caller's. */
struct secret *login_ask(struct login *, enum ask_kind, bool echo, bool can_keep, bool *keep,
                         const char *prompt, const char *fmt, ...)
	__attribute__((format(printf, 7, 8)));
bool login_cancelled(struct login *);
void login_set_socket(struct login *, int fd); /* -1: none any more */
/* Waits for events on fd; false when the time is over (errno ETIMEDOUT) or the log-in was given up
 * (ECANCELED). */
bool login_wait(struct login *, int fd, short events, int64_t until_ms);
void login_worker(void *login); /* loop_work's */
struct login *login_create(struct link_ssh *);
void login_abandon(struct login *);
void login_unref(struct login *);

/* ssh_net.c: the way there. */
bool ssh_net_settings(struct login *); /* asks `ssh -G`; fills conf */
bool ssh_net_connect(struct login *);  /* fills fd, address, proxy */
void ssh_net_settled(struct login *);  /* the proxy is the link's from now on */
/* what a failed try left: the proxy and its words */
void ssh_net_close(struct login *);
void ssh_net_proxy_said(struct login *, char *buf, size_t size);

/* Runs argv to its end and gathers its output; said gets the end of what it wrote on stderr,
 * washed. Returns its exit code, 127 when there is no such program, -1 when it had to be
 * stopped: it took too long, or said too much. */
int login_run(struct login *, const char *const *argv, struct buf *out, char *said,
              size_t said_size);
#define LOGIN_RUN_MS 20000 /* `Match exec` and KnownHostsCommand may run a program */

/* ssh_known.c: lines of known_hosts that speak of a name. */
enum known_mark { KNOWN_KEY, KNOWN_REVOKED, KNOWN_AUTHORITY };
struct known_key {
	char *file; /* or "KnownHostsCommand" */
	unsigned line;
	enum known_mark mark;
	ssh_key key;
	struct known_key *next;
};
/* Adds the line's key to the list when it speaks of name; line is changed. */
void known_take_line(struct known_key **, const char *name, char *line, const char *file,
                     unsigned number);
struct known_key *known_read(const struct sshconf *, bool with_port);
/* Adds what KnownHostsCommand says of name. reason is OpenSSH's word: ORDER (server NULL),
 * HOSTNAME. false: no key may be accepted, and err says why. */
bool known_by_command(struct login *, struct known_key **, const char *reason, const char *name,
                      ssh_key server);
void known_free(struct known_key *);

/* ssh_revoked.c: false when RevokedHostKeys forbids the key, or cannot be checked; err says
 * which. */
bool ssh_revoked_check(struct login *, ssh_key, const char *print);

/* ssh_hosts.c: what a server's key is worth. */
struct known_hosts {
	struct known_key *keys;  /* by the server's name with its port, or its alias */
	struct known_key *alone; /* by its name alone, while it is at a port of its own */
};
void ssh_hosts_read(struct known_hosts *, const struct sshconf *);
void ssh_hosts_free(struct known_hosts *);
/* the list, known types first; caller frees */
char *ssh_hosts_prefer(const struct known_key *, const char *algorithms);
/* The host key algorithms to offer, without certificates; the caller frees. NULL:
 * KnownHostsCommand failed, see err. */
char *ssh_hosts_algorithms(struct login *, const struct known_hosts *);
bool ssh_hosts_check(struct login *, struct known_hosts *);
void ssh_hosts_fingerprint(ssh_key, char *buf, size_t size);

/* ssh_banner.c */
/* which OpenSSH it talks to, where libssh cannot tell */
void ssh_banner_teach(ssh_session);

/* A certificate of the user's; all of it owned. */
struct user_cert {
	char *path;
	ssh_key key;
	/* the certificate, and the key it is for: public, in base64 */
	char *text, *key_text;
};

/* ssh_agent.c: a origin in front of the user's agent that sorts its keys. All is borrowed until it
 * is closed. */
struct agent_wishes {
	const struct ssh_words *first; /* public keys in base64 that the configuration names */
	const struct ssh_words *skip;  /* that were refused already */
	const struct user_cert *certs; /* offered with the keys they are for */
	size_t n_certs;
};
struct agent_filter;
/* NULL: there is no agent. */
struct agent_filter *agent_filter_open(struct login *, const struct agent_wishes *);
/* offered gets what libssh was shown, in base64. */
void agent_filter_close(struct agent_filter *, struct ssh_words *offered);

/* ssh_auth.c */
bool ssh_auth(struct login *);

/* --- the live connection ------------------------------------------------- */

struct ssh_stream;

struct link_ssh {
	struct link link;
	char *dest, *ssh_config, *identity;
	int connect_timeout_ms;
	bool batch;
	struct login *login; /* while it connects; counted */
	struct kept *kept;   /* what the user let it keep */

	ssh_session session; /* owned while up */
	ssh_event event;     /* relays it */
	struct loop_io *io;
	/* keepalive, and the end of a peer that does not answer */
	struct loop_timer *timer;
	struct loop_child *proxy_child;
	pid_t proxy;
	struct ssh_counter_struct wire; /* what libssh moved on the socket */
	struct ssh_counter_struct packets;
	uint64_t heard_bytes;
	/* loop clock, when the keepalive that waits for its answer was sent; 0 none */
	int64_t ping_ms;
	int64_t measured_ms; /* loop clock, of latency_ms */
	struct ssh_stream *streams;
	unsigned channels;         /* that libssh has numbered so far on this session */
	bool no_unix;              /* its sshd was found to forbid forwarded sockets */
	bool opens_unix;           /* it has opened one: none of its refusals means that */
	struct ssh_looked *looked; /* what looks have said lately; owned */
	/* streams and the link are freed after the relay, not inside it */
	bool relaying;
	/* something was asked for inside the relay: once more */
	bool again;
	bool kicked; /* a relay is on its way */
	bool dying;  /* destroyed inside the relay */
};

struct ssh_looked {
	char *path;
	int64_t at_ms; /* loop clock */
	/* somebody listens, and sshd did not open it twice; else there is none */
	bool listens;
	struct ssh_looked *next;
};

void ssh_kick(struct link_ssh *);                 /* moves what can move, soon, from the loop */
void ssh_measured(struct link_ssh *, int64_t ms); /* a round trip took that long */

/* ssh_stream.c */
struct stream *ssh_stream_open(struct link_ssh *, const struct endpoint *,
                               const struct stream_events *, void *arg, struct err *);
/* every stream one step further; true: something moved */
bool ssh_streams_step(struct link_ssh *);
void ssh_streams_end(struct link_ssh *, const struct err *); /* all of them end with ERR_LOST */
void ssh_streams_sweep(struct link_ssh *);                   /* frees those that have ended */
void ssh_looked_forget(struct link_ssh *);
#define SSH_READ_SIZE (64u << 10)
#define SSH_WAITING_MAX \
	(8u << 20) /* more than libssh ever has of a channel when all of it is taken at once */

#endif
