/* systemd.h: internals of the services room. There is one source per manager: the system's and the
 * login user's.
 *
 *   systemd.c  the bus: connection, requests, signals
 *   ask.c      queries for the properties of one unit
 *   feed.c     answers and signals become rows (also from a recording)
 *   parse.c    names, paths, JSON values: pure
 *   judge.c    a unit's health and its reason: pure
 *   act.c      actions
 *   detail.c   details of a unit
 *   journal.c  its log, as a tail of the journal
 *   unit.c     the kind of row
 */
#ifndef SERVICES_SYSTEMD_H
#define SERVICES_SYSTEMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/sync.h"
#include "backends/link/bus.h"
#include "backends/link/link.h"
#include "backends/services/unit.h"
#include "backends/store/action.h"

struct cJSON;
struct loop_timer;

#define UNIT_NAME_SIZE 257 /* systemd allows names of 255 bytes */
#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define BUS_PROPERTIES "org.freedesktop.DBus.Properties"
#define CALL_TIMEOUT_MS 25000

/* How the two managers differ. A const per backend, in backend->param. */
struct manager {
	bool user;
	const char *prefix;    /* of row ids: "" or "user:" */
	const char *systemctl; /* "systemctl" or "systemctl --user", as a person types it */
	const char *words;     /* "the system's systemd", for sentences */
};

/* How complete the picture of the manager is. */
enum systemd_picture {
	SYSTEMD_UNLISTED,
	/* units are listed; other requests from the same time are still open */
	SYSTEMD_SETTLING,
	SYSTEMD_WHOLE
};

/* Properties of the manager that are requested one by one. */
enum systemd_prop_id { PROP_VERSION, PROP_STATE, PROP_FAILED, PROPS };
struct systemd_prop {
	struct systemd_source *sd;
	const char *what; /* as systemd_feed names it */
};

struct systemd_source {
	struct source source;
	struct bus *bus; /* NULL: not connected */
	struct loop_timer *retry, *relist, *refresh, *named;
	/* owned, NULL-terminated: names of units reported as new, until a list has them */
	char **new_names;
	size_t n_new;
	struct backoff pause; /* between two attempts */
	/* orders signals and unit lists; the bus delivers both in order */
	struct sync sync;
	struct fetch files;  /* the list of unit files */
	struct fetch failed; /* the list of failed units of other types */
	enum systemd_picture picture;
	uint32_t round; /* number of the current unit list */
	bool waits;     /* for the vitals shell to report on the socket (sockets.h) */
	/* items beyond the limit of one list */
	size_t units_left_out, files_left_out;
	bool reloading;
	char state[32]; /* the manager's state: "running", "degraded", ...; "" unknown */
	int n_failed;   /* number of failed units, as the manager counts; -1 unknown */
	char version[64];
	struct systemd_prop props[PROPS]; /* arguments of the calls */
	struct query *queries; /* ask.c: open property queries */
	struct op *ops;        /* act.c: running actions */
	/* detail.c: fetches the last log line of the failed unit last_unit */
	struct run *last_run;
	char last_unit[UNIT_NAME_SIZE];
};

/* Data of a row beyond struct unit: unit->priv. */
struct unit_priv {
	uint32_t round; /* the last unit list that named it */
	bool loaded;    /* the manager has loaded it; false: only its file is known */
	bool in_files;
	bool asked;          /* properties were requested since the row came on screen */
	bool reload_known;   /* can_reload is known */
	bool want_last_line; /* failed: its last log line is worth fetching */
	char *last_line;     /* owned, washed; NULL none */
	/* wall clock of its last state change; 0 unknown */
	int64_t change_ms;
	int64_t flap_ms; /* wall clock of its last automatic restart; 0 none */
	/* one moment by both clocks; converts a timer's monotonic time to wall clock */
	int64_t active_mono_us, active_wall_us;
	int64_t next_real_us, next_mono_us;
	/* For the details. */
	struct cJSON *more;       /* owned: properties that only the details show */
	char *cat, *log;          /* owned, raw: unit file with drop-ins; last log lines */
	struct fetch detail;      /* what only the details show */
	int64_t detail_change_ms; /* change_ms when that was requested */
	struct run *cat_run, *log_run;
};

static inline struct unit *unit_of(const struct row *row)
{
	return ROW_AS(unit, row);
}
static inline struct unit_priv *priv_of(const struct unit *u)
{
	return u->priv;
}
static inline struct systemd_source *systemd_of(struct source *source)
{
	return (struct systemd_source *)source;
}
const struct manager *manager_of(const struct source *);

/* --- parse.c: pure ------------------------------------------------------- */
/* service, timer or socket, but no template */
bool unit_is_ours(const char *name);
/* mount, swap, path, ...: has a row only while failed */
bool unit_is_other(const char *name);
/* D-Bus object path of a unit; false: does not fit */
bool unit_path(const char *name, char *path, size_t size);
bool unit_of_path(const char *path, char *name, size_t size);
const char *unit_suffix(const char *name); /* ".service"; "" when the name has no dot */
/* A number, or a number in a string. Values above INT64_MAX count as unknown; systemd uses 2^64-1
 * for that. */
int64_t json_int(const struct cJSON *, int64_t unknown);
const struct cJSON *variant(const struct cJSON *); /* the data of {"type":..,"data":..} */
const char *json_text(const struct cJSON *);       /* "" when it is not a string */
/* Copies the properties of obj (name -> variant) into u. Properties for the details go to
 * priv->more. */
void unit_take_props(struct unit *, const struct cJSON *obj);

/* --- judge.c: pure ------------------------------------------------------- */
enum health unit_judge(const struct unit *, int64_t now_wall_ms, char *why, size_t size);
int64_t unit_since_ms(const struct unit *);
#define FLAP_MS 15000 /* time that a unit must run after an automatic restart */

/* --- feed.c -------------------------------------------------------------- */
void systemd_feed(struct source *, const char *what, const char *bytes, size_t len);
struct unit *unit_find(struct systemd_source *, const char *name);
struct unit *unit_row(struct systemd_source *, const char *name); /* finds or makes the row */
void unit_update(struct unit *); /* assesses health and updates the store */
/* name without the prefix of the row id: "caddy.service" */
const char *unit_name(const struct unit *);
/* Compares all rows with the units that the configuration names now. A row that only the former
 * configuration named leaves. */
void units_mark_wanted(struct systemd_source *);
/* Makes rows for units that the configuration names but the server lacks. */
void units_judge_wanted(struct systemd_source *);

/* --- systemd.c ----------------------------------------------------------- */
/* A unit without a row was reported as loaded or changed. Requests it in a list, soon. */
void systemd_new_name(struct systemd_source *, const char *name);
/* A unit failed or recovered. Requests the manager's state, because no signal reports it. */
void systemd_ask_state(struct systemd_source *);
/* Requests the list of files, or all lists, after a short delay. Signals come in bursts, and one
 * list serves a whole burst. */
void systemd_relist(struct systemd_source *, bool all);
/* The first list of unit files is in flight. That list shows which units can be enabled. */
bool systemd_files_due(const struct systemd_source *);
/* Marks the data of rows and details as stale. Rows and details request it again when shown
 * next. */
void units_forget_asked(struct systemd_source *);

/* --- ask.c: without a bus these do nothing ------------------------------- */
/* For a listed unit: requests its start time. A failed unit gets a full query. */
void ask_start(struct systemd_source *, const struct unit *);
/* requests everything that a row shows */
void ask_row(struct systemd_source *, const struct unit *);
/* requests values that change without a signal: memory, CPU */
void ask_moving(struct systemd_source *, const struct unit *);
void ask_detail(struct systemd_source *, const struct unit *);
/* requests everything that a new row needs */
void ask_all(struct systemd_source *, const char *name);
/* Feeds the answers received so far, of one unit or (NULL) of all. Call this before newer data from
 * the bus is fed. Otherwise an old "active", waiting for the rest of its query, would overwrite a
 * newer "failed". */
void queries_hand_on(struct systemd_source *, const char *unit);
void queries_drop(struct systemd_source *);
/* sets the source live once no request is open */
void systemd_settle(struct systemd_source *);

/* --- act.c --------------------------------------------------------------- */
extern const struct action unit_actions[];
bool unit_not_now(const struct row *, const struct action *, char *buf, size_t size);
void ops_job_removed(struct systemd_source *, const char *job_path, const char *result);
void ops_drop(struct systemd_source *, const struct err *);

/* --- detail.c ------------------------------------------------------------ */
void unit_detail(struct row *, struct doc *, bool reveal);
/* cancels its runs and frees its data */
void unit_detail_finish(struct unit_priv *);
/* fetches the last log line of the next failed unit */
void last_lines_next(struct systemd_source *);
void last_lines_drop(struct systemd_source *);

/* --- journal.c ----------------------------------------------------------- */
struct follow *unit_follow(struct row *, struct log *, struct err *);
/* Writes "journalctl" or "journalctl --user" and the match of a unit, as words for quote_argv.
 * Returns the number of words. */
size_t journal_words(const struct source *, const char *unit, const char **words);

#endif
