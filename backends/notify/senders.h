/* senders.h: the inside of this room: a channel, and the ways to send, each a row of a table.
 *
 *     notify.c       life of the channels: look, queue, send, try again.
 *     state.c        the state file, and the lock of the program that sends.
 *     teller.c       decides which message is due.
 *     message.c      the words.
 *     send_run.c     command, mail, desktop: a child process with a time limit.
 *     desktop.c      libnotify, in that child.
 *     send_http.c    ntfy and webhooks.
 *     send_terminal.c, terminal.c   the terminal of this console.
 *     config.c       what a section needs. */
#ifndef NOTIFY_SENDERS_H
#define NOTIFY_SENDERS_H

#include "backends/base/backoff.h"
#include "backends/notify/desktop.h"
#include "backends/notify/message.h"
#include "backends/notify/notify.h"
#include "backends/notify/teller.h"
#include "backends/store/settings.h"

struct channel;
struct http_format;
struct run_job;
struct link;
struct loop;
struct loop_timer;

enum sent_how {
	SENT_WELL,
	SENT_AGAIN,  /* try again later */
	SENT_NEVER,  /* this message is refused for what it says; another one may be accepted */
	SENT_SELDOM, /* it will hardly work before somebody changes something there: try seldom */
	SENT_STOP    /* it will not work before the user changes something here */
};
struct sent {
	enum sent_how how;
	int64_t wait_ms; /* the far side asks for this pause; 0: as usual */
	bool unsure;     /* it failed, and may have arrived */
	struct err err;  /* of a failure: one sentence without secrets */
};

struct sender {
	const char *type;
	const char *key; /* that the section must have; NULL: none */
	bool own;         /* every program sends by itself: its terminal */
	/* Sends one message. channel_sent is called once, never before this returns, unless it is
	 * cancelled. The message stays valid until then. */
	void (*send)(struct channel *, const struct message *);
	/* Ends what runs, or frees what the channel keeps. */
	void (*cancel)(struct channel *);
	const struct http_format *format; /* of send_http.c */
};
extern const struct sender *const senders[]; /* ends at NULL */
const struct sender *sender_find(const char *type);

struct channel {
	struct notify *notify;
	const struct notify_config *config; /* borrowed from the settings that notify keeps */
	const struct sender *sender;
	struct teller *teller;
	struct message *queue; /* owned, oldest first */
	size_t n_queue;
	/* numbers of the oldest and newest message that found no room since one left; 0: none */
	uint64_t dropped_from, dropped_to;
	struct message *sending;  /* borrowed from the queue or from the test; NULL */
	void *job;                /* of the sender */
	struct secret *token;     /* owned; NULL: not asked yet */
	int64_t not_before_ms;    /* loop clock */
	int64_t refused_until_ms; /* the same for messages that were refused for what they say */
	struct backoff backoff;
	struct err err; /* why the last try failed */
	bool stopped;   /* SENT_STOP */
	bool seldom;    /* SENT_SELDOM */
	/* a test */
	struct message *test; /* owned */
	notify_test_fn *tested;
	void *tested_arg;
	struct channel *next;
};

struct notify {
	struct store *store;             /* borrowed */
	struct loop *loop;               /* borrowed */
	const struct settings *settings; /* kept */
	struct notify_hooks hooks;
	struct link *link; /* owned: this machine */
	struct channel *channels;
	struct run_job *waiting; /* send_run.c: messages with buttons, the oldest first */
	struct loop_timer *timer; /* the next thing that is due */
	bool replays; /* nothing is sent: the store shows a recording, or channels are tested */
	bool looking; /* a look is due at the end of the turn */
	uint64_t looked_at; /* generation of the store */
	/* state.c */
	char *path;            /* owned; NULL: nothing is kept */
	int lock;              /* -1: another program sends */
	int watch_lock;        /* held by mocr watch; -1 */
	struct loop_timer *lock_timer;
	struct loop_timer *yield_timer; /* of a console that sends: is there a mocr watch? */
	uint64_t state_no, saved_no; /* what changed; what is on the disk */
	struct saving *saving; /* a thread writes */
	bool save_failed;
	/* owned cJSON object: the state of channels that are not configured now; NULL: none */
	void *others;
};

void channel_sent(struct channel *, const struct sent *);

/* state.c */
void notify_state_start(struct notify *);
void notify_state_stop(struct notify *);
bool notify_is_sender(const struct notify *);
/* Whether the settings have a channel at all. A program without one takes no lock. */
bool notify_has_to_send(const struct settings *);
/* Something that the file holds changed; it is written at the end of the turn, in a thread. */
void notify_state_changed(struct notify *);
/* Reads the file into these channels: those of this program (own), or the others. */
void notify_state_read(struct notify *, bool own);
/* The state as text, and from there into new channels: for new settings, without the disk. The
 * caller frees. */
char *notify_state_text(struct notify *);
void notify_state_take(struct notify *, const char *text);
/* Frees what the file has of channels that are not configured. */
void notify_state_forget(struct notify *);
/* Lets the channels go on at the end of this turn, as when a state is on the disk. arg: the notify.
 */
void notify_advance_soon(void *arg);
/* this program became the one that sends */
void notify_became_sender(struct notify *);

/* The user pressed a button on a message about these rows. */
void notify_pressed(struct notify *, enum desktop_choice, char *const *ids, size_t n);

/* send_run.c: ends the children that wait for a button. */
void run_end_waiting(struct notify *);
extern const struct sender sender_command, sender_mail, sender_desktop;
extern const struct sender sender_terminal;
extern const struct sender sender_ntfy, sender_discord, sender_slack, sender_telegram,
	sender_webhook;
/* send_http.c: the complaint about url and body; NULL: they are good. The caller frees. */
char *http_config_complaint(const struct notify_config *, const struct http_format *);

#endif
