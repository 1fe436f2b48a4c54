/* store.h: what is known: servers, their sources, their rows, what changed.
 *
 * The only state that rooms share. Backends write it, panels read it, nobody else keeps a pointer
 * into it past a turn of the loop: keep the id. One thread, the loop's. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uthash.h>

#include "backends/base/err.h"

struct loop;
struct http;
struct link;
struct store;
struct server;
struct source;
struct backend;
struct row;
struct order;
struct action;
struct doc;
struct log;
struct log_pool;
struct ask;
struct settings;
struct stream;
struct stream_events;
struct buf;
struct follow;
struct server_config;
struct sudo;
struct pending;
struct vitals;
struct server_sockets;

/* How well something is, from the operator's side. The order is that of "who needs me": worst last.
 */
enum health {
	HEALTH_UNKNOWN,   /* nothing is known (~ or blank) */
	HEALTH_GOOD,      /* ● */
	HEALTH_IDLE,      /* ○ stopped, and that is fine */
	HEALTH_BUSY,      /* ◐ on its way: starting, stopping, restarting once */
	HEALTH_ATTENTION, /* ! works, but look */
	HEALTH_BAD,       /* ✗ */
	HEALTH_ASKS       /* ? waits for the user */
};
#define HEALTHS (HEALTH_ASKS + 1)

/* Where the condition of a row stands in the queue "Needs you" (need.h). */
enum need_state {
	NEED_NONE,   /* there is no condition: the row is well, or nothing is known */
	NEED_STANDS, /* it counts */
	NEED_QUIET,  /* the user acknowledged or snoozed it */
	NEED_FOLDED, /* another row explains it (cause.h) */
	NEED_HELD    /* it began just now and must hold for a time first (flap.h) */
};

/* --- rows: one container, one unit, one server --------------------------- */

/* kind->word of what has newer images or packages: the user types it as a filter. */
#define WORD_UPDATES "@updates"

/* A kind of row. One const of these per kind; every function may be NULL where nothing is to be
 * done. */
struct kind {
	const char *name;   /* "container": in ids, config, JSON */
	const char *plural; /* "containers": the panel's and the JSON array's name */
	const char *alias;  /* another word for name, "service"; its plural has an s; NULL */
	const char *suffix; /* a person may leave it out of a name, ".service"; NULL */
	size_t row_size;    /* of the struct that starts with a struct row */
	const struct action *actions; /* ends at .name == NULL */
	void (*finish)(struct row *); /* frees what the row owns beyond struct row */
	/* What can be read about it: fills doc. reveal: secret-looking values are shown. It may
	 * start asking for more; the row is touched when the answer is there. */
	void (*detail)(struct row *, struct doc *, bool reveal);
	/* Its conditions come and go with the work of people and agents: they count at once, and
	 * coming and going is no fault. */
	bool by_work;
	/* Its rows come from several places with errors of their own, as the sections of one source
	 * do: one that fails says nothing about the others. */
	bool apart;
	/* Does what can be done with the row depend on what other sources of its server say, too?
	 * NULL: never. */
	bool (*by_others)(const struct row *);
	/* Starts following its log into log (log.h) and returns a handle for log_unfollow. */
	struct follow *(*follow)(struct row *, struct log *, struct err *);
	/* Has the row a log? NULL: all rows of a kind with follow have one. */
	bool (*follow_fits)(const struct row *);
	/* The same for a database of logs: what a query finds. takes_query: is word its name, as in
	 * "loki:QUERY"? Both NULL: this kind has no queries. */
	bool (*takes_query)(const struct row *, const char *word);
	struct follow *(*follow_query)(struct row *, const char *query, struct log *, struct err *);
	/* Enter opens its log rather than its details while this says so; NULL: never. */
	bool (*log_first)(const struct row *);
	/* Opens a shell in it on the live connection. */
	struct stream *(*shell)(struct row *, const char *term, int cols, int rows,
	                        const struct stream_events *, void *arg, struct err *);
	/* Its shell is its own program, as of a session: a plain shell opens on the server. */
	bool attaches;
	/* Can a shell be opened in it now? NULL: whenever its server is up. */
	bool (*shell_fits)(const struct row *);
	/* Writes why the action does not fit the row now: "runs already". False: nothing is known.
	 * NULL: never. */
	bool (*not_now)(const struct row *, const struct action *, char *buf, size_t size);
	/* A word that the filter finds beside what the cells say, such as WORD_UPDATES. NULL: none
	 * now. The member NULL: never. */
	const char *(*word)(const struct row *);
	/* Adds its own members to the JSON object (a cJSON *) of `mocr status --json`. */
	void (*json)(const struct row *, void *cjson);
};

/* Has the row a log to follow? */
bool row_has_log(const struct row *);

struct row {
	const struct kind *kind;
	struct server *server; /* borrowed; never NULL */
	struct source *source; /* borrowed; NULL for a server's own row */
	char *id;   /* owned: "sese/container/javisi_n8n"; the place is part of the name */
	char *name; /* owned, washed: what is shown */
	enum health health;
	int64_t health_ms;    /* wall clock, since when health is so; 0 unknown */
	char *why;            /* owned, washed: why it is not well, one phrase; NULL */
	enum need_state need; /* kept by the store */
	/* while its condition comes and goes: the worst health of late; else HEALTH_UNKNOWN */
	enum health need_worst;
	/* what runs or ran last on it; borrowed from the store; NULL */
	struct order *order;
	uint32_t mark; /* of store_rows_begin/end */
	bool shown;    /* on screen now: worth a stats stream */
	/* how often its details were opened: what they show is asked again for each */
	uint32_t details_opened;
	uint32_t shown_round; /* of store_shown */
	bool gone;            /* being removed */
	UT_hash_handle hh;
	/* Kept by store.c. */
	struct row *kin_prev, *kin_next;       /* rows of its kind on its server */
	struct row *change_prev, *change_next; /* rows that changed since store_changes_take */
	struct row *need_prev, *need_next;     /* rows that need the user */
	bool changed, counted;                 /* in the list of changes; in the counts */
	enum health counted_as;
	enum need_state counted_need;
	/* Where the console's panes have it: in the pane of its kind, and among the needs. Only a
	 * hint, which the pane checks. */
	uint32_t places[2];
};

/* The row as the struct of its kind: ROW_AS(container, row) is a struct container *. Asserts that
 * the row is of kind_container. The caller includes that kind's header. NULL stays NULL. */
#define ROW_AS(type, row) ((struct type *)row_of_kind((row), &kind_##type))

static inline void *row_of_kind(const struct row *row, const struct kind *kind)
{
	assert(!row || row->kind == kind);
	return (void *)row;
}

/* --- sources: one backend on one link ------------------------------------ */

enum source_state {
	SOURCE_WAITING, /* the link is not up, or nothing was answered yet */
	SOURCE_ABSENT,  /* not there; no noise */
	SOURCE_DENIED,  /* there, not allowed; err says what would grant it */
	SOURCE_LIVE,
	SOURCE_STALE, /* rows are old: the link or the stream is away */
	SOURCE_FAILED /* it answered rubbish or stopped; err says; it will be tried again */
};
const char *source_state_name(enum source_state);

/* A backend: how one kind of thing is asked, understood and acted on. One file each, one line in
 * backends.c. */
struct backend {
	const char *name;   /* "docker", "podman", "systemd", "vitals" */
	size_t source_size; /* of the struct that starts with a struct source */
	/* the link came up: find out whether it is there, ask everything, then follow */
	void (*up)(struct source *);
	/* the link went: let go of streams and calls; keep rows */
	void (*down)(struct source *);
	/* One raw answer, live or replayed: the only way into the rows. what names its kind
	 * ("list", "event", ...). */
	void (*feed)(struct source *, const char *what, const char *bytes, size_t len);
	/* Takes secrets out of an answer before it is recorded. Adds what may be kept to out. NULL:
	 * mask_json does. */
	void (*redact)(const char *what, const char *bytes, size_t len, struct buf *out);
	/* More of what a verdict needs is on its way, though it is live: figures, the end of a
	 * container. NULL: never. */
	bool (*expects)(const struct source *);
	void (*shown)(struct source *);  /* which of its rows are on screen changed (row->shown) */
	void (*finish)(struct source *); /* frees what it owns beyond struct source */
	/* :reload made other settings, with the link up or not. NULL: it reads them when it needs
	 * them */
	void (*configured)(struct source *);
	/* more is known of the server's sockets (sockets.h); the link is up */
	void (*sockets)(struct source *);
	/* other TCP ports listen than before (vitals.h); the link is up */
	void (*ports)(struct source *);
	/* the settings were replaced while the link is up; NULL: a refresh brings what is new */
	void (*reconfigured)(struct source *);
	/* Rows of these kinds on its server came, changed or went: watched is called. All NULL:
	 * none */
	const struct kind *watches, *watches_too;
	void (*watched)(struct source *);
	const void *param; /* for backends that share code */
	/* The backend whose rows have the plain ids, where both have rows of one kind. The ids of
	 * this backend's rows then begin with its own name. So no id depends on which of the two
	 * was listed first. NULL: its ids are plain. */
	const struct backend *plain;
	/* up is called once the login's uid and runtime_dir are known (server_facts_known) */
	bool needs_facts;
	/* only a section of the configuration brings it: without one, nothing is missing */
	bool by_section;
};

struct source {
	const struct backend *backend;
	struct store *store;   /* borrowed */
	struct server *server; /* borrowed */
	enum source_state state;
	int64_t since_ms; /* wall clock, of this state */
	int64_t fresh_ms; /* wall clock, of the last answer; 0 never */
	struct err err;   /* DENIED, FAILED: the sentence */
	char detail[128]; /* for the details: "API 1.41, Docker 20.10.24, /var/run/docker.sock" */
	/* of whose rows its list holds more than are shown; NULL: all are */
	const struct kind *left_out_kind;
	size_t left_out;     /* how many more */
	bool shown_changed;  /* of store_shown_end */
	bool old;            /* its rows are from before the link was lost */
	bool need_told;      /* there is a row of kind_source for it */
	struct source *next; /* of the server */
};

/* The list of all backends, in the order in which they are started on a link; ends at NULL.
 * backends.c */
extern const struct backend *const backends[];

void source_set_state(struct source *, enum source_state, const struct err *); /* err NULL: none */
struct link *source_link(const struct source *);
/* A whole list came, and n rows of it are not shown because it is longer than its bound (0: all
 * are). */
void source_left_out(struct source *, const struct kind *, size_t n);
/* The sentence about that. False: nothing is left out. */
bool source_left_out_text(const struct source *, char *buf, size_t size);
/* How many rows of a kind are left out on a server (NULL: on all). */
size_t store_left_out(const struct store *, const struct kind *, const struct server *);
/* Whether it needs the user: its server is up and it may not be asked, failed, or fell silent.
 * While it does, and none of its own rows says the same, the store has a row of kind_source for it:
 * "sese/source/docker". */
bool source_needs(const struct source *);
/* Whether all that a verdict on its server needs has been told, or will not be. */
bool source_settled(const struct source *);

/* Hands one raw answer to the backend's feed, and to the recording when there is one. Backends call
 * it for whatever came from outside, so that a replay goes the same way. */
void source_feed(struct source *, const char *what, const char *bytes, size_t len);

/* --- servers ------------------------------------------------------------- */

/* What the room of servers does for the rooms below it. One table, set when a server is opened. */
struct server_ops {
	void (*judge)(struct server *);
	void (*close)(struct server *);
	void (*facts_known)(struct server *);
	bool (*is_called)(const struct server *, const char *word);
};

/* The rows of one kind on one server. */
struct kin {
	const struct kind *kind;
	struct row *rows; /* borrowed; the first that came is the first */
	size_t n;
	size_t by_health[HEALTHS]; /* how many of them are so */
};

struct server {
	struct row row; /* of kind_server: a server is a row of the fleet panel; id
	                   "sese/server/sese" */
	char *name;     /* owned: as configured; the first part of every id */
	const struct server_ops *ops;
	struct store *store;    /* borrowed */
	struct link *link;      /* owned */
	struct source *sources; /* owned list, in backends[] order */
	/* owned: a known name that is like this one, which leads nowhere; NULL: none */
	char *near;
	/* borrowed: the question that is waiting, or NULL; the link's comes first */
	struct ask *asks;
	/* owned: questions of backends, oldest first (server.c) */
	struct pending *pending;
	int link_seen;    /* enum link_state that the sources know of */
	bool facts_known; /* since the link came up */
	/* owned by the vitals source; NULL before it was heard from */
	struct vitals *vitals;
	bool protect; /* acting on it asks for its name to be typed */
	bool is_local;
	/* What the vitals source found out about the login; "" and -1 until known. */
	char user[64], hostname[96], os[96], kernel[96], runtime_dir[128];
	char docker[160]; /* where the docker program of the login goes: "unix:///...", "tcp://...";
	                     "same", "none", "" */
	int uid;
	struct sudo *sudo;              /* owned: sudo.h */
	struct server_sockets *sockets; /* owned: sockets.h */
	/* of the store's settings, looked up when those change; NULL: no section */
	const struct server_config *config;
	struct server *next;
	struct kin *kin; /* owned array: its rows by kind */
	size_t n_kin;
	/* what its sources need may have changed since sources_tell_needs */
	bool needs_unclear;
	/* kept by the store as rows come, change and go */
	int problems; /* rows with NEED_STANDS */
	size_t facts; /* rows that came from the server: they have a source */
	/* cause.c: the down server that this one is behind, and the farthest one; NULL: none */
	const struct server *cause_next, *cause_root;
	/* the name of the server through which the VPN of this machine reaches it, and the route;
	 * "" none (vpn/hub.c) */
	char hub[96], hub_route[64];
};

struct server *store_server_find(const struct store *, const char *name);
struct server *store_servers(const struct store *); /* the first; follow ->next */
/* A list or an event of rows of this kind was applied: tells the sources that watch it. */
void server_rows_changed(struct server *, const struct kind *);
/* Something its health depends on changed: works out its health and why again. */
void server_judge(struct server *);
/* Whether word, from the configuration or a person, means this server: this machine has several
 * names. */
bool server_is_called(const struct server *, const char *word);
struct source *server_source(const struct server *, const char *backend_name); /* or NULL */
/* the vitals source has set user, uid, runtime_dir, ... */
void server_facts_known(struct server *);

/* --- the store ----------------------------------------------------------- */

struct store_hooks {                /* set once by main: who wants to know */
	void (*changed)(void *arg); /* something changed; at most once a turn; draw after it */
	void *arg;
	/* The row is about to be freed: let go of it. Called at once, many times a turn. May be
	 * NULL. */
	void (*gone)(const struct row *, void *arg);
	/* An order added to the configuration file: read it again, not before this turn ends. May
	 * be NULL. */
	void (*configured)(void *arg);
};
struct store *store_create(struct loop *, struct http *, const struct settings *);
void store_destroy(struct store *);
void store_set_hooks(struct store *, const struct store_hooks *);
void store_reread(struct store *); /* calls configured */
struct loop *store_loop(const struct store *);
struct http *store_http(const struct store *);
const struct settings *store_settings(const struct store *);
/* the memory of all logs: log_memory */
struct log_pool *store_logs(const struct store *);
uint64_t store_generation(const struct store *); /* counts every change */
/* Counts the changes that no single row stands for and that rows read: a link, a source, a
 * question, an order, the settings. */
uint64_t store_wide_generation(const struct store *);
/* Counts what must be seen at once: a row came, went, fell ill or got well; an order on it began or
 * ended. */
uint64_t store_news(const struct store *);
/* Calls each for every row that changed since the last call, once a row, and forgets the changes.
 * One reader: the console. Rows that went meanwhile are not among them: store_hooks.gone had those.
 */
void store_changes_take(struct store *, void (*each)(struct row *, void *arg), void *arg);
/* Rows of all servers that need the user (NEED_STANDS), and how many of those ask. */
size_t store_needs_count(const struct store *, size_t *asks);
/* Every row with a condition, also one that does not count (not NEED_NONE), of one server (NULL: of
 * all), in no order. */
struct row *store_need_first(const struct store *, const struct server *);
struct row *store_need_next(const struct row *, const struct server *);
/* With MOCR_CHECK=1 in the environment, what is kept is compared with a full count after each turn;
 * a difference aborts. */
bool store_is_checked(const struct store *);

struct row *store_find(const struct store *, const char *id); /* NULL: no such row */
/* For an id that a person wrote, in a command or in the configuration. Where the engine that owns
 * plain ids is absent or denied, "pod/container/web" finds the only web of the others too:
 * "pod/container/podman:web". NULL also while one of them has not answered yet, and where two of
 * them have one. */
struct row *store_find_written(const struct store *, const char *id);
/* All rows of a kind, of one server (NULL: of all) in no order. for (r = store_first(...); r; r =
 * store_next(...)) */
struct row *store_first(const struct store *, const struct kind *, const struct server *);
struct row *store_next(const struct row *, const struct kind *, const struct server *);
size_t store_count(const struct store *, const struct kind *, const struct server *);
/* How many rows of a kind on a server have a health from least to most. */
int server_count(const struct server *, const struct kind *, enum health least, enum health most);

/* Finds or makes the row of a source by the last part of its id; zeroed beyond struct row when new.
 * local_id and name are washed here. */
struct row *store_row(struct source *, const struct kind *, const char *local_id, const char *name);
/* The same for a row about this console or about a source itself: no source stands behind it, and
 * its id is plain. */
struct row *store_row_alone(struct server *, const struct kind *, const char *local_id,
                            const char *name);
/* It changed: health and why are set by the caller through store_row_health. */
void store_touch(struct row *);
/* Only figures moved (CPU, memory, rates). The hook is called with the next real change, at the
 * latest at the next full FIGURES_MS of the clock. So twenty streams of figures are one picture. */
void store_touch_figures(struct row *);
#define FIGURES_MS 1000
void store_row_health(struct row *, enum health, int64_t since_wall_ms, const char *why);
/* Gives a row a health without a reason, a time or a line in the activity: it stands for another
 * row that has those. */
void store_row_color(struct row *, enum health);
void store_row_remove(struct row *);
/* A whole list came: rows of the source and kind that store_row did not name between begin and end
 * are removed. */
void store_rows_begin(struct source *, const struct kind *);
void store_rows_end(struct source *, const struct kind *);

/* Which rows are on the screen: begin, then each, then end; tells sources whose set changed. */
void store_shown_begin(struct store *);
void store_shown(struct row *);
void store_shown_end(struct store *);

/* All kinds of rows besides the servers themselves; ends at NULL. backends.c */
extern const struct kind *const kinds[];

/* What another room adds to the details of any row. Ends at NULL; defined in backends.c. */
typedef void row_addition(const struct row *, struct doc *);
extern row_addition *const row_additions[];
/* By its name or its plural; NULL: no such kind. */
const struct kind *kind_find(const char *word);

extern const struct kind kind_server, kind_source, kind_container, kind_unit;

#endif
