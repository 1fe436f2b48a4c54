/* sessions.h: the inside of the sessions' room: what one server (or this machine) has of them.
 *
 *   scan.c      one look over the link: who listens, tmux, Claude Code     apply.c   parsed answers
 * and events -> rows oc.c        the life of one OpenCode server: probe, follow, snapshot   judge.c
 * what a session shows oc_parse.c  OpenCode's answers understood acts.c    what can be done
 *   others.c    tmux and Claude Code sessions                              kind.c    the row:
 * details, JSON, attach request.c   what is asked, in words; answers, from words stored.c  what
 * only the database knows watch.c     what live Claude Code sessions do move.c    to a file, from a
 * file, from server to server */
#ifndef SESSIONS_SESSIONS_H
#define SESSIONS_SESSIONS_H

#include <uthash.h>

#include "backends/base/buf.h"
#include "backends/base/secret.h"
#include "backends/base/sync.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/sessions/oc_parse.h"
#include "backends/sessions/session.h"
#include "backends/store/action.h"
#include "backends/servers/sudo.h"
#include "backends/store/settings.h"

#define OC_SERVERS_MAX 16
#define OC_EVENT_MAX (12u << 20) /* of one event's line; a longer one is skipped */
#define OC_HELD_MAX (8u << 20)   /* events kept while a snapshot comes in */
#define OC_SILENCE_MS 75000
extern int64_t oc_silence_ms; /* that; shorter in tests */
#define OC_SEEN_MS 15000      /* until the message of a prompt is looked for */
extern int64_t oc_seen_ms;    /* that; shorter in tests */
#define OC_DIRS_MAX 24        /* directories asked at each snapshot */
#define OC_LASTS_AT_ONCE 4

struct sessions;
struct oc;

/* One session as its OpenCode server knows it; the row's priv. */
struct ses {
	char id[SESSION_ID_SIZE];
	UT_hash_handle hh;
	struct session *row;
	struct oc *home; /* who serves it; NULL: nobody */
	char *directory; /* byte for byte, as every call must give it */
	char *share;
	struct oc_status run;
	bool tells_cost;               /* its server does; the older ones do not */
	char counted[SESSION_ID_SIZE]; /* the message whose cost was added last */
	uint32_t stored_round;
	struct run *export_run;
	/* since its last turn began; stopped: aborted by the user */
	bool was_busy, failed, stopped;
	/* wall clock at which it fell idle and nobody was told yet; 0 */
	int64_t quiet_ms;
	struct oc_message last;
	bool last_known; /* not any more: last is what it was */
	struct fetch last_fetch;
	struct call *last_call; /* while that is asked */
	/* the conversation as it was asked for the details; NULL */
	char *messages;
	size_t messages_len;
	bool messages_more; /* older ones were asked for and are not here yet */
	/* how many there are in it; how many were asked for at most */
	size_t messages_n, messages_asked;
	struct fetch messages_fetch; /* wanted: when somebody reads them next */
	struct call *messages_call;  /* while that is asked */
	char *messages_err;          /* why they could not be had, as a sentence; NULL */
	char *todo;                  /* raw; NULL */
	uint32_t seen;               /* of the list that named it last */
	struct oc_follow *follow;    /* logs that follow the conversation */
};

enum oc_state { OC_FOUND, OC_ASKING, OC_LIVE, OC_LOST, OC_DENIED, OC_STRANGE };

struct oc {
	struct sessions *owner;
	struct oc *next;
	size_t left_out; /* of its lists of one round, beyond OC_SESSIONS_MAX */
	uint32_t left_out_round;
	/* in feed and rows: its port, or the name of its [opencode] section */
	char name[64];
	char *host; /* as seen from the server; "127.0.0.1" */
	int port, pid;
	bool tls; /* https, as its [opencode] section says */
	int64_t started_ticks;
	bool user_unit; /* of the login's own systemd */
	/* per cent of one processor, below 0 unknown; and the far uptime in s when it was looked at
	 */
	double cpu, cpu_at;
	int64_t cpu_ticks;
	char *unit, *cwd, *program; /* owned; NULL; program: what it runs, for attaching */
	int64_t rss_kb;
	const struct settings *settings;      /* kept, for config; NULL while that is */
	const struct opencode_config *config; /* its section; NULL: none */
	enum oc_state state;
	struct err err;
	char version[32];
	struct origin *origin;
	char *user;
	struct secret *password;
	struct ask *ask;          /* waits for the password */
	struct token_ask *asking; /* password_command, on this machine */
	bool password_tried;      /* the command has printed one, which was not taken */
	bool refused;             /* the user gave up on the password */
	struct session *row;      /* of itself, as a patient */
	struct call *probe, *stream;
	struct buf line; /* of the stream, not yet whole */
	bool skip;
	int64_t heard_ms; /* loop clock */
	struct loop_timer *silence, *retry;
	struct backoff pause; /* between two tries */
	struct sync sync;     /* its events, and the snapshot whose parts are calls */
	struct buf pages;     /* of GET /project: worktrees still to be listed */
	/* directories that did not say all that was asked of them, each with its NUL */
	struct buf unheard;
	struct loop_timer *unheard_again; /* they are asked again */
	struct fetch unheard_fetch;       /* wanted: until that timer */
	struct backoff unheard_pause;
	uint32_t round;
	struct request *requests;         /* pending here */
	char *models, *agents, *commands; /* reduced, lines; NULL */
	char last_event[SESSION_ID_SIZE];
	bool seen;    /* in the scan that comes in */
	bool has_all; /* /experimental/session is there */
	/* a page of it did not come: who is not in it need not be gone */
	bool list_has_hole;
	struct oc_call *calls; /* of the snapshot */
	struct act *acts;      /* orders that run */
};

struct sessions {
	struct source source;
	struct oc *ocs;
	struct ses *table;
	struct fetch look; /* over all of the server: scan.c */
	struct run *scan;  /* while that is asked */
	struct loop_timer *again, *quiet;
	bool scanned;
	struct err scan_err; /* why the last look told nothing */
	int64_t scanned_ms;  /* loop clock: when the last look ended */
	unsigned lasts;      /* on their way */
	bool show_old;
	/* a server ended, and none was found since: looked for though nobody looks on */
	bool missing;
	/* looks that come soon, for a server has ended and may come again, or is about to listen */
	unsigned hurry;
	bool has_claude;      /* the login has a ~/.claude */
	struct stream *watch; /* of what live Claude Code sessions do */
	struct buf watch_in;
	struct loop_timer *watch_tick;
	bool watch_waits; /* for an answer */
	char *watch_last; /* the last one; owned; NULL */
	/* the folder that was listed last, and what is in it, a name a line; owned; NULL */
	char *folders_of, *folders;
	struct run *folders_run;
	char *stored; /* the database's answer, not applied yet; owned; NULL */
	struct run *stored_run;
	uint32_t stored_round;
	bool stored_started;     /* OpenCode was started for it since the link came up */
	bool has_store;          /* the database was read */
	double uptime;           /* of that machine at the last look, s; 0 unknown */
	struct act *others_acts; /* orders on what is not OpenCode's */
};

static inline struct sessions *sessions_of(struct source *s)
{
	return (struct sessions *)s;
}
static inline struct ses *ses_of(const struct row *r)
{
	const struct session *s = (const struct session *)r;
	return s->type == SESSION_OPENCODE ? s->priv : NULL;
}

/* backend.c */
/* a server ended: some looks soon, and then until one is found */
void sessions_hurry(struct sessions *);
void sessions_look_soon(struct sessions *); /* one look, soon */
/* looks again, unless that was done within gap_ms */
void sessions_look(struct sessions *, int64_t gap_ms);

/* scan.c */
extern const char scan_script[];

/* A part of scripts: homes says where Claude Code of the login keeps its files, one folder a line,
 * the usual one first. A start-up file that sets CLAUDE_CONFIG_DIR for shells with a terminal alone
 * is read for it. No single quotes: see scan.c. */
#define CLAUDE_HOMES                                                                               \
	"homes() { "                                                                               \
	"h=${CLAUDE_CONFIG_DIR:-$HOME/.claude}; a=\" $h \"; if [ -d \"$h\" ]; then printf "        \
	"\"%s\\n\" \"$h\"; fi; "                                                                   \
	"sed -n -E \"s/^[[:blank:]]*(export |set -[a-zA-Z]+ |setenv "                              \
	")?[[:blank:]]*CLAUDE_CONFIG_DIR[= ]+//p\" "                                               \
	"\"$HOME\"/.bashrc \"$HOME\"/.bash_profile \"$HOME\"/.profile \"$HOME\"/.zshrc "           \
	"\"$HOME\"/.zshenv \"$HOME\"/.zprofile "                                                   \
	"\"$HOME\"/.config/fish/config.fish \"$HOME\"/.config/environment.d/*.conf 2>/dev/null | " \
	"tr -d \"\\042\\047;\" | while read -r h z; do "                                           \
	"case $h in [~]/*|[$]HOME/*|[$]?HOME?/*) h=$HOME/${h#*/};; esac; "                         \
	"case $a in *\" $h \"*) continue;; esac; "                                                 \
	"case $h in /*) if [ -d \"$h\" ]; then a=\"$a$h \"; printf \"%s\\n\" \"$h\"; fi;; esac; "  \
	"done; }; "
/* Understands the output of the script: oc.c and others.c are told. */
void scan_apply(struct sessions *, const char *text, size_t len);

/* oc.c */
struct oc *oc_find(struct sessions *, const char *name);
struct oc *oc_add(struct sessions *, const char *name, const char *host, int port);
void oc_remove(struct oc *);
/* Login and directory of [opencode NAME], a section of the store's settings, which are kept; NULL:
 * no section is for it any more. */
/* see redact.c */
void sessions_redact(const char *what, const char *bytes, size_t len, struct buf *out);
void oc_configure(struct oc *, const struct opencode_config *);
/* probes it, when the link is up and it is not known to be live */
void oc_begin(struct oc *);
void oc_stop(struct oc *);                                 /* lets go of calls; rows stay */
void oc_snapshot(struct oc *);                             /* everything again, soon */
void oc_ask_directory(struct oc *, const char *directory); /* its statuses and requests */
void oc_set_state(struct oc *, enum oc_state, const struct err *);
void sessions_judge_source(struct sessions *);
/* A call to its API with its login; path is whole. done gets arg. NULL when it cannot be started.
 */
struct call *oc_call(struct oc *, const char *method, const char *path, const char *body,
                     int64_t timeout_ms, size_t max,
                     void (*done)(struct call *, const struct reply *, void *), void *arg);
/* with ?directory=; caller frees */
char *oc_path(const struct ses *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int64_t oc_now(const struct oc *); /* loop clock */
/* its events come: what is asked for now is not older than they are */
bool oc_is_heard(const struct oc *);
/* Is it an answer: 2xx, JSON? Else err says why not. */
bool oc_is_answer(const struct oc *, const struct reply *, struct err *);
void ses_want_last(struct ses *);

/* watch.c */
/* unless it goes on, or there is nothing to watch */
void watch_begin(struct sessions *);
void watch_end(struct sessions *);
/* a look was applied, perhaps an older one: the next answer counts, be it as the last */
void watch_again(struct sessions *);

/* stored.c */
void stored_look(struct sessions *);
void stored_feed(struct sessions *, const char *bytes, size_t len);
/* what came, once every server has said what it serves */
void stored_apply(struct sessions *);
void stored_want_messages(struct ses *);

/* apply.c */
/* found, or new */
struct ses *ses_make(struct sessions *, struct oc *home, const struct oc_session *);
void ses_describe(struct ses *, const struct oc_session *); /* title, directory, times */
/* named by a list: what was said since nobody told */
void ses_listed(struct ses *, const struct oc_session *);
void ses_take_messages(struct ses *, const char *json, size_t len);
void oc_feed(struct oc *, const char *what, const char *bytes, size_t len);
struct ses *ses_find(const struct sessions *, const char *id);
void ses_free(struct ses *);   /* the row goes with it */
void ses_unlink(struct ses *); /* the row is going */
struct request *oc_request_find(struct oc *, const char *id);

/* judge.c */
void ses_judge(struct ses *);           /* it and its ancestors */
void sessions_judge(struct sessions *); /* all of them */
const struct request *ses_request(const struct ses *);
void oc_judge(struct oc *); /* its own row */

/* others.c */
void others_apply(struct sessions *, const char *tmux, const char *claude);
void others_live(struct sessions *, const char *text); /* what live Claude Code sessions do now */
void others_detail(struct row *, struct doc *);
void others_finish(struct session *);
bool others_pane(const struct row *); /* it runs in a tmux pane */
bool others_act(const struct row *, const char *action, const char *argument, struct buf *command);
void others_command(const struct row *, struct buf *command); /* how it is attached */

/* acts.c, kind.c */
extern const struct action session_actions[];
void acts_lost(struct oc *);
void acts_others_end(struct sessions *);
void acts_requests_changed(struct oc *);
void acts_message_heard(struct oc *, const struct ses *, const struct oc_message *);
struct stream *session_attach(struct row *, const char *term, int cols, int rows,
                              const struct stream_events *, void *arg, struct err *);
void session_detail(struct row *, struct doc *, bool reveal);
void session_conversation(struct ses *, struct doc *);
struct follow *session_follow(struct row *, struct log *, struct err *);
void follow_event(struct ses *, const struct oc_event *, const char *json, size_t len);
void follow_messages(struct ses *);                       /* they came */
void follow_unanswered(struct ses *, const struct err *); /* they did not */
void follow_lost(struct ses *);                           /* no more events of it come */
void follow_resume(struct ses *);                         /* they do again */
void follow_gone(struct ses *);
void ses_want_messages(struct ses *);

/* kind.c */
void folders_end(struct sessions *); /* lets go of the listing */

/* request.c */
bool request_answers(const struct request *, const char *words, struct buf *json, struct err *);

#endif
