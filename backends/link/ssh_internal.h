/* ssh_internal.h: shared by the files of the SSH link.
 *
 * The login runs in a worker thread (ssh_login.c and its helpers). The live connection runs in the
 * loop (ssh.c), and so do its streams (ssh_stream.c). */
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

/* --- the login: all in a worker thread ---------------------------------- */

/* A question for the user; the worker waits for the answer. */
struct question {
	enum ask_kind kind;
	char title[96], text[640], prompt[96];
	bool echo, can_keep;
	bool waiting, answered, keep;
	struct secret *answer;
};

/* A secret that the link keeps. The user enters it once, and every reconnect uses it. */
struct kept {
	char *key; /* "password", or the path of a key file; owned */
	struct secret *secret;
	bool lasting; /* the user chose to keep it; false: for this login only */
	struct kept *next;
};
struct secret *kept_find(const struct kept *, const char *key); /* borrowed; NULL: not kept */
void kept_add(struct kept **, const char *key, const struct secret *, bool lasting);
void kept_drop(struct kept **, const char *key);
void kept_free(struct kept *);
struct kept *kept_copy(const struct kept *); /* copies the lasting ones only */

/* One login. The worker owns all fields except those under the lock; link belongs to the loop. The
 * last reference frees it. login_abandon drops the link's reference; the end of the worker drops
 * the rest. */
struct login {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned refs;
	bool cancelled; /* the link gave up this login: end soon */
	pid_t helper;   /* process the worker waits for; 0 none */
	/* duplicate of the connection's descriptor, for shutdown(2); -1 none */
	int socket;
	struct question question;

	/* an eventfd, readable once cancelled; never changes */
	int cancel_fd;
	struct loop *loop;
	struct link_ssh *link; /* loop thread only; NULL once given up */

	/* Input; belongs to the worker */
	char *name, *dest, *ssh_config, *identity;
	int connect_timeout_ms;
	bool batch;
	struct kept *kept; /* secrets kept before, and new secrets to keep */

	/* Result; belongs to the worker, then to the loop */
	struct sshconf conf;
	struct ssh_dest where;
	ssh_session session; /* owned; NULL when the login failed */
	/* the connection; libssh owns it once session uses it; -1 none */
	int fd;
	pid_t proxy;     /* 0: none; ends with the link */
	int proxy_words; /* a file with the proxy's stderr; -1 none */
	/* libssh supports none of the algorithms in PubkeyAcceptedAlgorithms */
	bool no_key_fits;
	struct link_cert cert; /* with which it logged in */
	bool asked;            /* the user was asked since the connection was made */
	/* the server closed the last connection while the user was typing; this is a new one */
	bool hung_up;
	struct err asks; /* batch: the unanswered question */
	struct err err;
	char address[80]; /* "10.77.0.11 port 804" or "10.77.0.14 through sese" */
	char detail[160];
};

/* Asks the user and waits. The caller owns the answer. NULL when the user gave up, with err set
 * (ERR_CANCELLED, ERR_ASKS). */
struct secret *login_ask(struct login *, enum ask_kind, bool echo, bool can_keep, bool *keep,
                         const char *prompt, const char *fmt, ...)
	__attribute__((format(printf, 7, 8)));
bool login_cancelled(struct login *);
void login_set_socket(struct login *, int fd); /* -1: no socket any more */
/* Waits for events on fd. False on a timeout (errno ETIMEDOUT) or when the login was cancelled
 * (ECANCELED). */
bool login_wait(struct login *, int fd, short events, int64_t until_ms);
void login_worker(void *login); /* work function for loop_work */
struct login *login_create(struct link_ssh *);
void login_abandon(struct login *);
void login_unref(struct login *);

/* ssh_net.c: settings and the connection. */
bool ssh_net_settings(struct login *); /* runs `ssh -G`; fills conf */
bool ssh_net_connect(struct login *);  /* fills fd, address, proxy */
void ssh_net_settled(struct login *);  /* hands the proxy over to the link */
/* closes the remains of a failed try: the proxy and its stderr file */
void ssh_net_close(struct login *);
void ssh_net_proxy_said(struct login *, char *buf, size_t size);

/* Runs argv to its end and collects its stdout in out. said gets the end of its stderr, washed.
 * Returns its exit code, 127 when the program is missing. Returns -1 when it was stopped because of
 * a timeout or too much output. */
int login_run(struct login *, const char *const *argv, struct buf *out, char *said,
              size_t said_size);
#define LOGIN_RUN_MS 20000 /* ms; `Match exec` and KnownHostsCommand may run a program */

/* ssh_known.c: the lines of known_hosts that match a name. */
enum known_mark { KNOWN_KEY, KNOWN_REVOKED, KNOWN_AUTHORITY };
struct known_key {
	char *file; /* or "KnownHostsCommand" */
	unsigned line;
	enum known_mark mark;
	ssh_key key;
	struct known_key *next;
};
/* Adds the line's key to the list when the line matches name. Modifies line. */
void known_take_line(struct known_key **, const char *name, char *line, const char *file,
                     unsigned number);
struct known_key *known_read(const struct sshconf *, bool with_port);
/* Adds the keys that KnownHostsCommand prints for name. reason is OpenSSH's word: ORDER (server
 * NULL), HOSTNAME. False: no key may be accepted, and err says why. */
bool known_by_command(struct login *, struct known_key **, const char *reason, const char *name,
                      ssh_key server);
void known_free(struct known_key *);

/* ssh_revoked.c: false when RevokedHostKeys forbids the key or is unreadable; err says which. */
bool ssh_revoked_check(struct login *, ssh_key, const char *print);

/* ssh_hosts.c: whether to trust a server's key. */
struct known_hosts {
	struct known_key *keys;  /* for the server's name with its port, or its alias */
	struct known_key *alone; /* for the name alone, when the port is not 22 */
};
void ssh_hosts_read(struct known_hosts *, const struct sshconf *);
void ssh_hosts_free(struct known_hosts *);
/* Returns the list with the types of known keys first. The caller frees the result. */
char *ssh_hosts_prefer(const struct known_key *, const char *algorithms);
/* Returns the host key algorithms to offer, without certificates. The caller frees the result.
 * NULL: KnownHostsCommand failed, see err. */
char *ssh_hosts_algorithms(struct login *, const struct known_hosts *);
bool ssh_hosts_check(struct login *, struct known_hosts *);
void ssh_hosts_fingerprint(ssh_key, char *buf, size_t size);

/* ssh_banner.c */
/* tells libssh the server's OpenSSH version when libssh cannot parse the banner */
void ssh_banner_teach(ssh_session);

/* A certificate of the user; all fields are owned. */
struct user_cert {
	char *path;
	ssh_key key;
	/* the certificate and its public key, in base64 */
	char *text, *key_text;
};

/* ssh_agent.c: a proxy in front of the user's agent that orders and filters its keys. All is
 * borrowed until agent_filter_close. */
struct agent_wishes {
	const struct ssh_words *first; /* public keys in base64 that the configuration names */
	const struct ssh_words *skip;  /* keys that were refused already */
	const struct user_cert *certs; /* certificates, offered together with their keys */
	size_t n_certs;
};
struct agent_filter;
/* NULL: no agent. */
struct agent_filter *agent_filter_open(struct login *, const struct agent_wishes *);
/* offered receives the keys that libssh saw, in base64. Returns the key or certificate that the
 * agent signed with last, in base64, for the caller to free; NULL: none. */
char *agent_filter_close(struct agent_filter *, struct ssh_words *offered);

/* ssh_auth.c */
bool ssh_auth(struct login *);

/* --- the live connection ------------------------------------------------- */

struct ssh_stream;

/* What libssh keeps because the server does not read it. */
enum ssh_output {
	OUTPUT_FREE,
	OUTPUT_WAITS, /* something is kept; streams hand over nothing more */
	/* a new exchange of keys is not over, so that libssh queued what a stream wrote */
	OUTPUT_QUEUED
};

/* Whether the server's sshd forwards Unix sockets. */
enum ssh_sockets {
	SOCKETS_UNTRIED,
	SOCKETS_FORBIDDEN,
	SOCKETS_OPEN /* sshd opened one, so a later refusal is not a general ban */
};

struct link_ssh {
	struct link link;
	char *dest, *ssh_config, *identity;
	int connect_timeout_ms;
	bool batch;
	struct login *login; /* while connecting; reference-counted */
	struct kept *kept;   /* secrets that the user chose to keep */

	ssh_session session; /* owned while up */
	ssh_event event;     /* polls the session */
	struct loop_io *io;
	/* sends keepalives, and ends a connection when the peer does not answer */
	struct loop_timer *timer;
	struct loop_child *proxy_child;
	pid_t proxy;
	struct ssh_counter_struct wire; /* bytes that libssh moved on the socket */
	struct ssh_counter_struct packets;
	uint64_t heard_bytes;
	enum ssh_output output;
	uint64_t queued_at;     /* packets.out_packets at that time */
	uint64_t unread_from;   /* packets.out_bytes when nothing was kept last */
	uint64_t written_bytes; /* wire.out_bytes at the last look */
	int64_t unread_ms;      /* loop clock, when the socket took bytes last; 0: nothing kept */
	int unread_timeout_ms;
	/* loop clock, when the unanswered keepalive was sent; 0 none */
	int64_t ping_ms;
	int64_t measured_ms; /* loop clock, time of latency_ms */
	struct ssh_stream *streams;
	unsigned channels; /* channels that libssh has numbered so far on this session */
	enum ssh_sockets sockets;
	struct ssh_probed *probed; /* recent results of socket_probe.h; owned */
	/* inside ssh_relay, which frees streams and the link only at its end */
	bool relaying;
	/* a call inside ssh_relay asked for another round */
	bool again;
	bool kicked; /* ssh_relay is scheduled */
	bool dying;  /* destroyed inside ssh_relay; freed at its end */
};

struct ssh_probed {
	char *path;
	int64_t at_ms; /* loop clock */
	/* a process listens, but sshd failed to open the socket twice; false: no listener */
	bool listens;
	struct ssh_probed *next;
};

/* Schedules a pass in the loop that moves all pending bytes. */
void ssh_kick(struct link_ssh *);
void ssh_measured(struct link_ssh *, int64_t ms); /* a round trip took ms */
/* Looks whether libssh keeps output, and sets output. */
void ssh_note_output(struct link_ssh *);

/* ssh_stream.c */
struct stream *ssh_stream_open(struct link_ssh *, const struct endpoint *,
                               const struct stream_events *, void *arg, struct err *);
/* advances every stream by one step; true: some stream progressed */
bool ssh_streams_step(struct link_ssh *);
size_t ssh_streams_count(const struct link_ssh *);
void ssh_streams_end(struct link_ssh *, const struct err *); /* ends all streams with ERR_LOST */
void ssh_streams_sweep(struct link_ssh *);                   /* frees the ended streams */
void ssh_probed_forget(struct link_ssh *);
#define SSH_READ_SIZE (64u << 10)
#define SSH_WRITE_ONCE (64u << 10) /* bytes that one stream hands to libssh at once */
#define SSH_WAITING_MAX \
	(8u << 20) /* more than libssh ever buffers for a channel when all is read at once */

#endif
