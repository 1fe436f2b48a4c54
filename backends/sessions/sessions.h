/* sessions.h: internals of the sessions room: the sessions of one server, or of this machine.
 *
 * - scan.c: one look over the link: who listens, tmux, Claude Code
 * - oc.c: life of one OpenCode server: probe, follow, snapshot
 * - oc_dialect.h: what differs between OpenCode's generations; oc_v1.c, oc_v2.c: one table each
 * - oc_file.c: the password of a server of OpenCode 2, from its service file
 * - oc_parse.c: parses OpenCode's answers and events
 * - apply.c: turns parsed answers and events into rows
 * - judge.c: assesses what a session shows
 * - unseen.c: which sessions ended a turn that nobody looked at yet
 * - conversation.c: the conversation as details and as a log
 * - programs.c: sessions of other programs; program.h has the list of their files
 * - spend.c: what they cost today
 * - git.c: the git state of their directories
 * - watch.c: state of live Claude Code sessions
 * - stored.c: sessions known only from OpenCode's database
 * - acts.c: the orders
 * - move.c: export to a file, import, move between servers
 * - attach.c: the real program in a full-screen terminal
 * - request.c: requests as text; answers from text
 * - redact.c: what a recording keeps
 * - kind.c: the kind of row: details, JSON, completion
 * - backend.c: the source: when to look */
#ifndef SESSIONS_SESSIONS_H
#define SESSIONS_SESSIONS_H

#include <uthash.h>

#include "backends/base/buf.h"
#include "backends/base/secret.h"
#include "backends/base/sync.h"
#include "backends/link/api.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/sessions/oc_parse.h"
#include "backends/sessions/plan_parse.h"
#include "backends/sessions/session.h"
#include "backends/store/action.h"
#include "backends/servers/sudo.h"
#include "backends/store/settings.h"

#define OC_SERVERS_MAX 16
#define OC_EVENT_MAX (12u << 20) /* bytes of one event's line; longer events are skipped */
#define OC_HELD_MAX (8u << 20)   /* bytes of events held during a snapshot */
#define OC_SILENCE_MS 75000
extern int64_t oc_silence_ms; /* OC_SILENCE_MS; shorter in tests */
#define OC_SEEN_MS 15000      /* wait before looking for the message of a prompt */
extern int64_t oc_seen_ms;    /* OC_SEEN_MS; shorter in tests */
#define OC_DIRS_MAX 24        /* directories asked in each snapshot */
#define OC_LASTS_AT_ONCE 4

struct sessions;
struct oc;
struct oc_dialect;

/* How the last turn went wrong, as far as events said. Stopped: aborted by the user. */
enum ses_turn { TURN_FINE, TURN_FAILED, TURN_STOPPED };

/* One session as its OpenCode server knows it. It is the priv of its row. */
struct ses {
	char id[SESSION_ID_SIZE];
	UT_hash_handle hh;
	struct session *row;
	struct oc *home; /* the server that serves it; NULL none */
	char *directory; /* byte for byte: every call must pass exactly this string */
	char *share;
	struct oc_status run;
	bool tells_cost;               /* its server states costs; older servers do not */
	char counted[SESSION_ID_SIZE]; /* id of the last message added to the cost */
	uint32_t stored_round;
	struct run *export_run;
	bool was_busy; /* since the end of the last turn was announced */
	enum ses_turn turn;
	enum oc_outcome outcome; /* of the last turn, where the server states it */
	/* wall clock, ms: when to announce the end of a turn; 0: nothing to announce */
	int64_t quiet_ms;
	struct oc_message last;
	bool last_known; /* false: last is stale */
	struct fetch last_fetch;
	struct api_call *last_call; /* the fetch of the last message; NULL: not running */
	/* raw JSON of the conversation, fetched for the details; NULL */
	char *messages;
	size_t messages_len;
	bool messages_more; /* a fetch of older messages is running */
	/* messages held; the limit of the last fetch */
	size_t messages_n, messages_asked;
	struct fetch messages_fetch;    /* wanted: fetch when the conversation is next read */
	struct api_call *messages_call; /* the fetch of the messages; NULL: not running */
	char *messages_err; /* why the last fetch of the messages failed, as a sentence; NULL */
	char *todo;         /* raw JSON; NULL */
	char *diff;         /* 2.x: raw JSON of the last turn's changes; NULL */
	struct api_call *diff_call; /* its fetch; NULL: not running */
	uint32_t seen;              /* number of the list that named it last */
	struct oc_follow *follow;   /* logs that follow the conversation */
};

/* Who runs it, as the last look saw it. */
enum oc_manager { OC_NO_UNIT, OC_SYSTEM_UNIT, OC_USER_UNIT };
/* In the running look: not named yet, named as a service, named with its process. */
enum oc_seen { OC_UNSEEN, OC_SEEN_SERVICE, OC_SEEN_PROCESS };
/* Old servers have no list of all sessions (/experimental/session), only one of each project. */
enum oc_listing { OC_LISTS_PROJECTS, OC_LISTS_ALL };
/* Where its password is from: password_command, the service file, or the user. */
enum oc_login { OC_BY_COMMAND, OC_BY_FILE, OC_BY_USER };
enum oc_state { OC_FOUND, OC_ASKING, OC_LIVE, OC_LOST, OC_DENIED, OC_STRANGE };

struct oc {
	struct sessions *owner;
	struct oc *next;
	size_t left_out; /* sessions beyond OC_SESSIONS_MAX in the lists of one round */
	uint32_t left_out_round;
	/* its port as text: the name in feeds and rows */
	char name[64];
	char *host; /* address as seen from the server; usually "127.0.0.1" */
	int port, pid;
	bool tls; /* https, from its [opencode] section */
	int64_t started_ticks;
	/* percent of one processor, below 0 unknown; cpu_at: uptime in s at that look */
	double cpu, cpu_at;
	int64_t cpu_ticks;
	/* owned; NULL unknown. program: path of its executable, for attaching */
	char *unit, *cwd, *program;
	enum oc_manager manager; /* the systemd that runs the unit */
	int64_t rss_kb;
	const struct settings *settings; /* holds a reference for config; NULL while config is */
	const struct opencode_config *config; /* its section, borrowed from settings; NULL none */
	const struct oc_dialect *dialect;     /* of its API; 1.x before it answered */
	enum oc_state state;
	struct err err;
	char version[32];
	struct api *api; /* makes its calls; NULL: the link is lost, or none was made yet */
	char *user;
	struct secret *password; /* while it has no api, which otherwise holds it */
	struct ask *ask;         /* the open question for the password; NULL */
	struct run *file_run;    /* reads the password from the service file; NULL */
	unsigned file_reads;     /* since the server was last live */
	enum oc_login login;
	char file_said[200]; /* why the service file gave no password; "" */
	size_t probing;      /* number of the running probe */
	bool refused;        /* the user dismissed the password question */
	struct session *row; /* the row of the OpenCode server itself */
	struct api_call *probe, *stream;
	struct buf line; /* incomplete last line of the stream */
	bool skip;
	int64_t heard_ms; /* loop clock */
	struct loop_timer *silence, *retry;
	struct backoff pause; /* back-off between reconnects */
	struct sync sync;     /* events and snapshot; the parts of a snapshot are calls */
	struct buf pages;     /* worktrees of GET /project still to list, one per line */
	/* places with failed calls, each ended by a NUL: see oc_ask_place */
	struct buf unheard;
	struct loop_timer *unheard_again; /* timer to ask these places again */
	struct fetch unheard_fetch;       /* wanted: that timer is running */
	struct backoff unheard_pause;
	uint32_t round;
	struct request *requests;         /* pending requests of this server */
	char *models, *agents, *commands; /* reduced lists, one entry per line; NULL unknown */
	char last_event[SESSION_ID_SIZE];
	enum oc_seen seen;
	enum oc_listing listing;
	/* a page of the list failed: sessions missing from it may still exist */
	bool list_has_hole;
	unsigned list_pages;   /* pages of the list so far */
	struct oc_call *calls; /* calls of the snapshot */
	struct act *acts;      /* running orders */
};

/* Watches live Claude Code sessions: watch.c. */
struct watch {
	bool wanted;           /* the last look printed lines of Claude Code */
	bool waits;            /* for an answer */
	struct stream *stream; /* NULL: closed */
	struct buf in;
	struct loop_timer *tick;
	char *last; /* the last answer; owned; NULL */
	bool again; /* the last answer is to be applied once more */
};

struct sessions {
	struct source source;
	struct oc *ocs;
	struct ses *table;
	struct fetch look; /* the look over the whole server: scan.c */
	struct run *scan;  /* the running look; NULL */
	struct loop_timer *again, *quiet;
	struct loop_timer *unseen; /* runs while rows have the mark of unseen.c */
	bool scanned;
	struct err scan_err; /* why the last look failed */
	int64_t scanned_ms;  /* loop clock, ms: end of the last look */
	unsigned lasts;      /* running fetches of last messages */
	bool show_old;
	/* a server ended and none was found since: keep looking even while no row is on the
	 * screen */
	bool missing;
	/* number of early looks left: a server ended and may restart, or is about to listen */
	unsigned hurry;
	/* vitals.programs at the last look; 0 unknown */
	uint64_t programs;
	char *unseen_text;   /* of the file of unseen.c; owned; NULL */
	int64_t unseen_size; /* its bytes in the file */
	bool herdr; /* the last look found a herdr server, which announces nothing by itself */
	struct watch watch;
	/* the folder listed last, and its subfolders, one name per line; owned; NULL */
	char *folders_of, *folders;
	struct run *folders_run;
	struct run *git_run;   /* git.c */
	struct session *spend; /* the row of today's cost; NULL */
	char *stored;          /* the database's answer, not yet applied; owned; NULL */
	struct run *stored_run;
	uint32_t stored_round;  /* 0: the database was not read yet */
	size_t stored_left_out; /* sessions of the database that have no row */
	bool stored_started; /* OpenCode was started to query the database since the link came up */
	double uptime;       /* uptime of the server at the last look, s; 0 unknown */
	struct plan codex_plan;   /* as the newest of its sessions says */
	struct act *program_acts; /* orders on rows other than OpenCode sessions */
};

static inline struct sessions *sessions_of(struct source *s)
{
	return (struct sessions *)s;
}
static inline struct ses *ses_of(const struct row *r)
{
	const struct session *s = ROW_AS(session, r);
	return s->type == SESSION_OPENCODE ? s->priv : NULL;
}

/* backend.c */
/* A server ended: looks early a few times, then at intervals until one is found. */
void sessions_hurry(struct sessions *);
void sessions_look_soon(struct sessions *); /* one early look */
/* Looks again, unless the last look is younger than gap_ms. */
void sessions_look(struct sessions *, int64_t gap_ms);

/* Whether a look is due although no session is on the screen. It is when a program with sessions
 * started or ended there since the last look (vitals.programs). Where herdr runs it is due every
 * three minutes. */
bool sessions_look_is_due(struct sessions *, int64_t now_ms);

/* unseen.c */
/* A turn ended at ms, wall clock: marks the session until somebody looks. The caller judges. */
void unseen_mark(struct session *, int64_t ms);
/* Removes the mark; the caller judges. seen: the user looked, so other consoles learn it, too. */
void unseen_drop(struct session *, bool seen);
/* The session turned out to be idle: it gets the mark that an earlier console left. */
void unseen_recall(struct session *);
/* The mark counts as a need. */
bool unseen_counts(const struct session *);
#define UNSEEN_WHY "finished, and not looked at yet"
/* Takes over what other consoles of the user saw; ends marks that are a day old. True: rows have
 * marks, so that it should be called again soon. */
bool unseen_follow(struct sessions *);

/* scan.c */
extern const char scan_script[];

/* Part of other scripts. The function homes prints the folders of Claude Code, one per line, the
 * default first. It also reads CLAUDE_CONFIG_DIR from shell start-up files, which a shell without a
 * terminal would not source. No single quotes: see scan.c. */
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
/* Part of other scripts: $v gets the major version of the program $p. Asking for the version starts
 * nothing. Other commands of version 2 may start the user's background service. */
#define OC_MAJOR "v=$(\"$p\" --version 2>/dev/null | head -n 1); v=${v##* }; v=${v#v}; v=${v%%.*}; "

/* Only versions that know the commands of 1.x get past it; otherwise: what the shell does for
 * others. Every command of 1.x comes after it: the program may have been replaced since its server
 * started. */
#define OC_ONLY_1(otherwise) OC_MAJOR "case $v in 0|1) ;; *) " otherwise ";; esac; "

/* Part of other scripts: who listens on a port. "listeners PORT" fills $i with the sockets of the
 * login's own user, and $f is set if another user listens there too, at whatever address. "listens
 * PID" is true if one of the sockets in $i is that process's, and the process is the login's own.
 * The owner counts because everybody may name a process opencode and listen on a free port.
 * Source: proc(5), /proc/net/tcp: state 0A is LISTEN; the 8th field is the user. */
#define OC_LISTENERS                                                                               \
	"me=$(id -u); "                                                                            \
	"listeners() { i=; f=; [ -n \"$1\" ] || return; h=$(printf %04X \"$1\"); "                 \
	"for t in /proc/net/tcp /proc/net/tcp6; do "                                               \
	"[ -r $t ] && while read -r n l r s q b m v o e z; do case $s:${l##*:} in 0A:$h) "         \
	"if [ \"$v\" = \"$me\" ]; then i=\"$i $e\"; else f=1; fi;; esac; done <$t; done; }; "      \
	"listens() { [ -O \"/proc/$1\" ] || return; for e in $i; do "                              \
	"ls -l \"/proc/$1/fd\" 2>/dev/null | grep -qF \"socket:[$e]\" && return; done; return 1; " \
	"}; "

/* Parses the output of the script and hands it to oc.c and programs.c. */
void scan_apply(struct sessions *, const char *text, size_t len);

/* oc.c */
struct oc *oc_find(struct sessions *, const char *name);
struct oc *oc_add(struct sessions *, const char *name, const char *host, int port);
void oc_remove(struct oc *);
/* Removes conversation text from a recording: redact.c. */
void sessions_redact(const char *what, const char *bytes, size_t len, struct buf *out);
/* Applies the section [opencode NAME] of the store's current settings, which oc then keeps alive.
 * NULL: no section is for this server any more. */
void oc_configure(struct oc *, const struct opencode_config *);
/* Starts to probe, if the link is up and the server is not yet live. */
void oc_begin(struct oc *);
void oc_stop(struct oc *); /* cancels its calls; rows stay */
/* Forgets a password of the service file, so the file is read again before anything gets it. */
void oc_forget_file(struct oc *);
/* Ends its orders and its api; the password is kept. Call oc_stop before. */
void oc_close(struct oc *);
/* password_command may run again, and the settings' login counts. */
void oc_login_again(struct oc *);
/* the password that its calls send, borrowed; NULL: none */
const struct secret *oc_password(const struct oc *);
/* Its process listens at another address now. Call oc_stop before. */
void oc_readdress(struct oc *, const char *host);
void oc_snapshot(struct oc *);                      /* fetches everything again, soon */
void oc_ask_about(struct oc *, const struct ses *); /* fetches its status and requests */
void oc_set_state(struct oc *, enum oc_state, const struct err *);
void sessions_judge_source(struct sessions *);
/* Calls the server's API with its login. path includes the query. done gets arg. NULL: the call did
 * not start. */
struct api_call *oc_call(struct oc *, const char *method, const char *path, const char *body,
                         int64_t timeout_ms, size_t max,
                         void (*done)(const struct api_answer *, void *), void *arg);
/* The path of a session at its server, with rest behind it. The caller frees. */
char *oc_path(const struct ses *, const char *rest);
int64_t oc_now(const struct oc *); /* loop clock */
/* The event stream is up, so an answer fetched now cannot be older than its events. */
bool oc_is_heard(const struct oc *);
void ses_want_last(struct ses *);
/* Feeds messages, in the shape that all readers know. */
void oc_feed_messages(struct oc *, const char *what, const struct api_answer *);

/* The service file was read. password: now owned by oc; NULL: it has none for this server. */
void oc_file_came(struct oc *, struct secret *password);

/* oc_file.c */
/* Reads the service file over the link; oc_file_came gets the result. False: not read. */
bool oc_file_ask(struct oc *);

/* watch.c */
extern const char watch_script[];
/* Starts the watch, unless it runs or there is nothing to watch. */
void watch_begin(struct sessions *);
void watch_end(struct sessions *);
/* Call after a look was applied: the next answer applies even if nothing changed. */
void watch_again(struct sessions *);

/* stored.c */
void stored_look(struct sessions *);
void stored_feed(struct sessions *, const char *bytes, size_t len);
/* Applies the fetched database rows, once every server has listed what it serves. */
void stored_apply(struct sessions *);
void stored_want_messages(struct ses *);

/* apply.c */
/* Finds or makes the row. Servers choose many of the ids, so rows of different types never share
 * one: a row whose id another type has gets "ID~TYPE". */
struct session *session_row_of(struct sessions *, enum session_type, const char *local_id,
                               const char *name);
/* Finds or creates the session. */
struct ses *ses_make(struct sessions *, struct oc *home, const struct oc_session *);
void ses_describe(struct ses *, const struct oc_session *); /* copies title, directory, times */
/* Call for each session in a list. A later update time than the row's means missed messages, so
 * last becomes stale. */
void ses_listed(struct ses *, const struct oc_session *);
void ses_take_messages(struct ses *, const char *json, size_t len);
/* Cancels whatever is being asked about the session; the fetches are wanted no more. */
void ses_ask_nothing(struct ses *);
void oc_feed(struct oc *, const char *what, const char *bytes, size_t len);
struct ses *ses_find(const struct sessions *, const char *id);
void ses_free(struct ses *);   /* removes the row too */
void ses_unlink(struct ses *); /* called when the row is being removed */
struct request *oc_request_find(struct oc *, const char *id);

/* judge.c */
void ses_judge(struct ses *);           /* the session and its ancestors */
void sessions_judge(struct sessions *); /* all sessions */
/* The servers' lists, or the servers themselves, changed: how many sessions have no row? */
void sessions_sum_left_out(struct sessions *);
const struct request *ses_request(const struct ses *);
void oc_judge(struct oc *); /* the row of the server itself */

/* programs.c */
bool session_is_program(const struct row *); /* a program other than OpenCode */
/* The sections of a look. */
struct program_lines {
	const char *tmux, *claude, *herdr;
};
/* agents: the lines of agents known by their process. */
void programs_apply(struct sessions *, const char *agents, const struct program_lines *);
/* applies the state of live Claude Code sessions */
void programs_live(struct sessions *, const char *text);
void programs_detail(struct row *, struct doc *);
/* What its program says of the user's plan. NULL: it says nothing. */
const struct plan *program_plan(const struct row *);
void program_finish(struct session *);
/* The question in its pane; NULL: none, or not read yet. Borrowed as for session_request. */
const struct request *program_request(const struct row *);
bool program_is_asked(const struct sessions *); /* a question is being read */
/* Appends the command that stops what it does. False: it has none now. */
bool program_stop_command(const struct row *, struct buf *);
bool program_has_pane(const struct row *); /* the session runs in a tmux pane */
enum tmux_act { TMUX_SEND, TMUX_RENAME, TMUX_NEW, TMUX_KILL };
bool tmux_act_command(const struct row *, const enum tmux_act *, const char *argument,
                      struct buf *command);
void program_command(const struct row *, struct buf *command); /* the command that attaches to it */

/* spend.c */
void spend_judge(struct store *); /* sums up all servers, once a minute and when a list came */
void spend_detail(const struct session *, struct doc *);
int64_t spend_midnight(int64_t now_ms);
/* Dollars that the session cost since midnight, at least. Call it now and then over the day. */
double spend_of(struct session *, int64_t midnight_ms);

/* git.c */
/* now_ms: wall clock, when it was asked. */
void git_feed(struct sessions *, const char *text, int64_t now_ms);
void git_detail(const struct session *, struct doc *);
void git_end(struct sessions *);

/* acts.c, kind.c */
extern const struct action session_actions[];
void acts_lost(struct oc *);
void acts_programs_end(struct sessions *);
void acts_requests_changed(struct oc *);
void acts_message_heard(struct oc *, const struct ses *, const struct oc_message *);
struct stream *session_attach(struct row *, const char *term, int cols, int rows,
                              const struct stream_events *, void *arg, struct err *);
void session_detail(struct row *, struct doc *, bool reveal);
void session_conversation(struct ses *, struct doc *);
struct follow *session_follow(struct row *, struct log *, struct err *);
void follow_event(struct ses *, const struct oc_event *, const char *json, size_t len);
void follow_messages(struct ses *);                       /* the messages arrived */
void follow_unanswered(struct ses *, const struct err *); /* their fetch failed */
void follow_lost(struct ses *);                           /* its event stream is gone */
void follow_resume(struct ses *);                         /* its event stream is back */
void follow_gone(struct ses *);
void ses_want_messages(struct ses *);

/* kind.c */
void folders_end(struct sessions *); /* cancels the folder listing */

/* request.c */
bool request_answers(const struct request *, const char *words, struct buf *json, struct err *);

#endif
