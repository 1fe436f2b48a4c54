/* systemd.h: how the files of this room work together. One source per manager: the system's and the
 * login user's.
 *
 *   systemd.c  the bus, what is asked when, what is listened to
 *   ask.c      properties of one unit, asked for together
 *   feed.c     answers and signals become rows (also from a recording)
 *   parse.c    names, paths, JSON values: pure
 *   judge.c    how well a unit is, and why not: pure
 *   act.c      actions
 *   detail.c   what can be read about a unit
 *   journal.c  its log lines; journal_line.c the parser of one
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

#define UNIT_NAME_SIZE 257 /* systemd allows 255 bytes */
#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define BUS_PROPERTIES "org.freedesktop.DBus.Properties"
#define CALL_TIMEOUT_MS 25000

/* What differs between the two managers: backend->param. */
struct manager {
	bool user;
	const char *prefix;    /* of row ids: "" or "user:" */
	const char *systemctl; /* "systemctl" or "systemctl --user" as a person types it */
	const char *words;     /* "the system's manager" for sentences */
};

/* How much of the manager is known. */
enum systemd_picture {
	SYSTEMD_UNLISTED,
	/* units are listed; something that was asked with them is not answered */
	SYSTEMD_SETTLING,
	SYSTEMD_WHOLE
};

struct systemd_source {
	struct source source;
	struct bus *bus; /* NULL: not connected */
	struct loop_timer *retry, *relist, *refresh, *named;
	/* owned: units that were said to be new, until a list names them; ends at NULL */
	char **new_names;
	size_t n_new;
	struct backoff pause; /* between two tries */
	/* signals, and the list of units; the bus keeps them in order */
	struct sync sync;
	struct fetch files;  /* the list of unit files */
	struct fetch failed; /* the list of failed units of other types */
	enum systemd_picture picture;
	uint32_t round; /* counts lists of units */
	bool waits;     /* for what the shell says of its socket (sockets.h) */
	/* of the two lists, beyond what is believed of one */
	size_t units_left_out, files_left_out;
	bool reloading;
	char state[32]; /* the manager's own word: "running", "degraded", ...; "" not told */
	int n_failed;   /* and how many units it counts as failed; -1 not told */
	char version[64];
	struct query *queries; /* ask.c */
	struct op *ops;        /* act.c */
	/* detail.c: the last line of a failed unit is being asked */
	struct run *last_run;
	char last_unit[UNIT_NAME_SIZE];
};

/* What a row keeps for itself: unit->priv. */
struct unit_priv {
	uint32_t round; /* of the list of units that named it last */
	bool loaded;    /* the manager has it; else only its file is known */
	bool in_files;
	bool asked;          /* the properties of a shown row were asked */
	bool reload_known;   /* can_reload was answered */
	bool want_last_line; /* failed: its own last words are worth asking */
	char *last_line;     /* owned, washed */
	/* wall clock of the last change of its state; 0 unknown */
	int64_t change_ms;
	int64_t flap_ms; /* wall clock of its last automatic restart; 0 */
	/* the same moment by both clocks: what turns a timer's clock into ours */
	int64_t active_mono_us, active_wall_us;
	uint64_t next_real_us, next_mono_us;
	/* For the details. */
	struct cJSON *more;       /* owned: properties beyond the row's */
	char *cat, *log;          /* owned, raw: unit file with drop-ins, last log lines */
	int64_t detail_ms;        /* wall clock when they were asked; 0 never */
	int64_t detail_change_ms; /* change_ms at that time */
	uint32_t detail_looks;    /* row.looks at that time */
	struct run *cat_run, *log_run;
};

static inline struct unit *unit_of(struct row *row)
{
	return (struct unit *)row;
}
static inline const struct unit *const_unit_of(const struct row *row)
{
	return (const struct unit *)row;
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
/* a service, timer or socket; no template */
bool unit_is_ours(const char *name);
/* a mount, swap, path, ...: a row only while it is failed */
bool unit_is_other(const char *name);
bool unit_path(const char *name, char *path, size_t size); /* its D-Bus object */
bool unit_of_path(const char *path, char *name, size_t size);
const char *unit_suffix(const char *name); /* ".service" or "" */
/* a number, or one kept as a string; 2^64-1 is unknown */
int64_t json_int(const struct cJSON *, int64_t unknown);
const struct cJSON *variant(const struct cJSON *); /* the data of {"type":..,"data":..} */
const char *json_text(const struct cJSON *);       /* "" when it is none */
/* Takes the properties of obj (name -> variant) into u; those of the details go to priv->more. */
void unit_take_props(struct unit *, const struct cJSON *obj);

/* --- judge.c: pure ------------------------------------------------------- */
enum health unit_judge(const struct unit *, int64_t now_wall_ms, char *why, size_t size);
int64_t unit_since_ms(const struct unit *);
#define FLAP_MS 15000 /* after an automatic restart, it has to hold out this long */

/* --- feed.c -------------------------------------------------------------- */
void systemd_feed(struct source *, const char *what, const char *bytes, size_t len);
struct unit *unit_find(struct systemd_source *, const char *name);
struct unit *unit_row(struct systemd_source *, const char *name); /* finds or makes it */
void unit_update(struct unit *);            /* judges it and tells the store */
const char *unit_name(const struct unit *); /* without the prefix of its id: "caddy.service" */
/* names of the configuration that do not exist */
void units_judge_wanted(struct systemd_source *);

/* --- systemd.c ----------------------------------------------------------- */
/* A unit that is not a row was said to be loaded, or changed: asks for it by a list, soon. */
void systemd_new_name(struct systemd_source *, const char *name);
/* A unit failed, or did no longer: asks the manager how it is now, which no signal tells. */
void systemd_ask_state(struct systemd_source *);
/* Soon the list of files, or all lists: signals come in swarms, and one list answers them all. */
void systemd_relist(struct systemd_source *, bool all);
/* The first list of unit files, which tells what can be enabled, is on its way. */
bool systemd_files_due(const struct systemd_source *);
/* What rows and details show may be old: it is asked when it is looked at next. */
void units_forget_asked(struct systemd_source *);

/* --- ask.c: does nothing without a bus ----------------------------------- */
/* when it was listed: since when, and failed ones in full */
void ask_start(struct systemd_source *, const struct unit *);
void ask_row(struct systemd_source *, const struct unit *); /* all that a row shows */
/* what changes without a signal: memory, CPU */
void ask_moving(struct systemd_source *, const struct unit *);
void ask_detail(struct systemd_source *, const struct unit *);
/* all that a new row shows and keeps */
void ask_all(struct systemd_source *, const char *name);
/* What comes next on the bus is newer than what was answered already: that goes first, of one unit
 * or (NULL) of all. Else an "active" that waits for the rest of its query would be taken after the
 * "failed" that was told in between. */
void queries_hand_on(struct systemd_source *, const char *unit);
void queries_drop(struct systemd_source *);
/* live now, if nothing is due any more */
void systemd_settle(struct systemd_source *);

/* --- act.c --------------------------------------------------------------- */
extern const struct action unit_actions[];
void ops_job_removed(struct systemd_source *, const char *job_path, const char *result);
void ops_drop(struct systemd_source *, const struct err *);

/* --- detail.c ------------------------------------------------------------ */
void unit_detail(struct row *, struct doc *, bool reveal);
/* ends what runs for it and frees what it got */
void unit_detail_finish(struct unit_priv *);
/* asks for the last line of the next failed unit */
void last_lines_next(struct systemd_source *);
void last_lines_drop(struct systemd_source *);

/* --- journal.c ----------------------------------------------------------- */
struct follow *unit_follow(struct row *, struct log *, struct err *);
/* "journalctl --user" or "journalctl" and the match of a unit: words for quote_argv; n are written.
 */
size_t journal_words(const struct source *, const char *unit, const char **words);

#endif
