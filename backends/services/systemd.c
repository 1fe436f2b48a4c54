/* systemd.c: connects to a server's manager, requests lists and listens to signals. There is one
 * source per manager.
 *
 * First come Subscribe and the matches, then the lists. Any change in between arrives as a signal
 * after the list, so nothing is missed. After that, single units are queried when they fail or are
 * looked at.
 *
 * Source: org.freedesktop.systemd1(5). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/quote.h"
#include "backends/base/mask.h"
#include "backends/link/loop.h"
#include "backends/services/services.h"
#include "backends/services/systemd.h"
#include "backends/vitals/sockets.h"

#define RETRY_FIRST_MS 2000
#define RETRY_MOST_MS 300000
#define REFRESH_MS 5000
#define RELIST_DELAY_MS 300
#define NAMED_MS 10        /* new units often come in groups; one list serves the group */
#define NEW_NAMES_MOST 200 /* with more names, the whole list is requested */
#define SYSTEM_BUS_SOCKET "/run/dbus/system_bus_socket"

static const char *const patterns[] = { "*.service", "*.timer", "*.socket", NULL };
static const char *const other_patterns[] = { "*.mount", "*.automount", "*.swap",
	                                      "*.path",  "*.target",    "*.device",
	                                      "*.slice", "*.scope",     NULL };
static const char *const failed_state[] = { "failed", NULL };
static const char *const no_words[] = { NULL };

const struct manager *manager_of(const struct source *source)
{
	return source->backend->param;
}

static void systemd_connect_bus(struct systemd_source *);
static void list_again(struct systemd_source *);
static void systemd_forget_names(struct systemd_source *);

static int64_t systemd_now(const struct systemd_source *sd)
{
	return loop_now(store_loop(sd->source.store));
}

/* The bus goes, and the list calls with it. */
static void systemd_forget_lists(struct systemd_source *sd)
{
	sync_close(&sd->sync);
	fetch_cancel(&sd->files);
	fetch_forget(&sd->files);
	fetch_cancel(&sd->failed);
	fetch_forget(&sd->failed);
	sd->picture = SYSTEMD_UNLISTED;
}

/* Everything that waits for the bus ends before the bus itself. */
static void systemd_let_go(struct systemd_source *sd)
{
	struct err lost;
	systemd_forget_lists(sd);
	queries_drop(sd);
	systemd_forget_names(sd);
	last_lines_drop(sd);
	err_set(&lost, ERR_LOST,
	        "%s: the link was lost while it ran; whether it finished there is not known",
	        sd->source.server->name);
	ops_drop(sd, &lost);
	bus_close(sd->bus);
	sd->bus = NULL;
}

/* --- failures ------------------------------------------------------------ */

/* Sets the source's state, with a sentence on what would help. An absent manager is no failure and
 * gets no retry timer. It is tried again when the link or its socket comes up. */
static void systemd_fail(struct systemd_source *sd, const struct err *why)
{
	const char *server = sd->source.server->name, *words = manager_of(&sd->source)->words;
	struct err err;
	enum source_state state = SOURCE_FAILED;
	enum socket_id id = manager_of(&sd->source)->user ? SOCKET_BUS_USER : SOCKET_BUS;
	switch (why->code) {
	case ERR_ABSENT:
		state = SOURCE_ABSENT;
		if (!sd->bus && server_socket(sd->source.server, id) == SOCKET_OPEN)
			server_socket_failed(sd->source.server, id, sd->source.fresh_ms > 0);
		err_set(&err, ERR_ABSENT, "%s: no way to %s: %s", server, words, why->text);
		break;
	case ERR_DENIED:
		state = SOURCE_DENIED;
		err_set(&err, ERR_DENIED,
		        "%s: not allowed to talk to %s: %s; the login needs access to its D-Bus "
		        "socket",
		        server, words, why->text);
		break;
	case ERR_LOST:
		state = sd->source.fresh_ms ? SOURCE_STALE : SOURCE_WAITING;
		err = *why;
		break;
	default: err_set(&err, why->code, "%s: %s cannot be reached: %s", server, words, why->text);
	}
	source_set_state(&sd->source, state, &err);
	if (state != SOURCE_ABSENT)
		loop_timer_set(sd->retry, backoff_ms(&sd->pause, RETRY_FIRST_MS, RETRY_MOST_MS));
}

/* --- lists --------------------------------------------------------------- */

/* Without this list there is nothing to show. */
static void systemd_on_units(const char *json, size_t len, const struct err *err, const char *name,
                             void *arg)
{
	struct systemd_source *sd = arg;
	if (!json) {
		/* A bus without systemd, as at a first login. NameOwnerChanged reports when systemd
		 * appears. */
		if (err->code == ERR_ABSENT)
			sync_give_up(&sd->sync);
		else
			systemd_let_go(sd);
		systemd_fail(sd, err);
		list_again(sd); /* systemd may have appeared while the list was on its way */
		return;
	}
	backoff_reset(&sd->pause);
	queries_hand_on(sd, NULL);
	source_feed(&sd->source, "units", json, len);
	if (sync_is_asked(&sd->sync)) /* the answer could not be parsed */
		sync_give_up(&sd->sync);
	list_again(sd);
}

/* Without the list of files, rows lack only "enabled". But units that are not loaded have no
 * rows. */
static void systemd_on_files(const char *json, size_t len, const struct err *err, const char *name,
                             void *arg)
{
	struct systemd_source *sd = arg;
	if (json) {
		fetch_answer(&sd->files, &sd->sync, SYNC_NEVER);
		source_feed(&sd->source, "files", json, len);
	} else {
		fetch_failed(&sd->files, systemd_now(sd));
		units_judge_wanted(sd);
	}
	systemd_settle(sd);
	list_again(sd);
}

/* A property of the manager. The call's argument says which. */
static void systemd_on_prop(const char *json, size_t len, const struct err *err, const char *name,
                            void *arg)
{
	const struct systemd_prop *prop = arg;
	if (json)
		source_feed(&prop->sd->source, prop->what, json, len);
}

static void systemd_ask_prop(struct systemd_source *sd, enum systemd_prop_id id)
{
	static const struct {
		const char *name, *what;
	} props[] = {
		[PROP_VERSION] = { "Version", "version" },
		[PROP_STATE] = { "SystemState", "state" },
		[PROP_FAILED] = { "NFailedUnits", "count" },
	};
	sd->props[id] = (struct systemd_prop){ .sd = sd, .what = props[id].what };
	bus_call(sd->bus, SYSTEMD_NAME, SYSTEMD_PATH, BUS_PROPERTIES, "Get", CALL_TIMEOUT_MS,
	         systemd_on_prop, &sd->props[id], "ss", SYSTEMD_MANAGER, props[id].name);
}

static void systemd_on_subscribed(const char *json, size_t len, const struct err *err,
                                  const char *name, void *arg)
{
	struct systemd_source *sd = arg;
	if (!json && err->code != ERR_ABSENT &&
	    strcmp(name, SYSTEMD_NAME ".AlreadySubscribed") != 0)
		snprintf(sd->source.detail, sizeof sd->source.detail, "no live changes: %.90s",
		         err->text);
}

static void systemd_call_manager(struct systemd_source *sd, const char *member, bus_done *done)
{
	bus_call(sd->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, member, CALL_TIMEOUT_MS,
	         done, sd, "asas", no_words, patterns);
}

/* A missing list is reported to the user, because it may hide a failed unit. */
static void systemd_on_failed(const char *json, size_t len, const struct err *err, const char *name,
                              void *arg)
{
	struct systemd_source *sd = arg;
	if (json) {
		fetch_answer(&sd->failed, &sd->sync, SYNC_NEVER);
		queries_hand_on(sd, NULL);
		source_feed(&sd->source, "failed", json, len);
		list_again(sd);
		return;
	}
	fetch_failed(&sd->failed, systemd_now(sd));
	if (err->code != ERR_ABSENT)
		snprintf(sd->source.detail, sizeof sd->source.detail,
		         "failed mounts and the like are not shown: %.70s", err->text);
	systemd_settle(sd);
	list_again(sd);
}

/* Both properties change without a signal (EmitsChangedSignal is false in systemd's
 * dbus-manager.c). So they are requested when a unit fails or recovers. */
void systemd_ask_state(struct systemd_source *sd)
{
	bool whole = sd->picture != SYSTEMD_SETTLING && sd->source.state == SOURCE_LIVE;
	if (!sd->bus || !bus_endpoint(sd->bus) || !whole)
		return;
	systemd_ask_prop(sd, PROP_STATE);
	systemd_ask_prop(sd, PROP_FAILED);
}

/* Sends the wanted lists. A list in flight is sent again afterwards. */
static void systemd_ask_lists(struct systemd_source *sd)
{
	struct sync_mark now = sync_now(&sd->sync, systemd_now(sd));
	if (sync_wait(&sd->sync, now.ms) == 0) {
		sync_ask(&sd->sync, now.ms);
		systemd_call_manager(sd, "ListUnitsByPatterns", systemd_on_units);
	}
	if (fetch_is_wanted(&sd->failed)) {
		fetch_ask(&sd->failed, now);
		bus_call(sd->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
		         "ListUnitsByPatterns", CALL_TIMEOUT_MS, systemd_on_failed, sd, "asas",
		         failed_state, other_patterns);
	}
	if (fetch_is_wanted(&sd->files)) {
		fetch_ask(&sd->files, now);
		systemd_call_manager(sd, "ListUnitFilesByPatterns", systemd_on_files);
	}
}

static void systemd_want_units(struct systemd_source *sd)
{
	sync_want(&sd->sync, systemd_now(sd));
	fetch_want(&sd->failed);
}

static void systemd_list_all(struct systemd_source *sd)
{
	systemd_want_units(sd);
	fetch_want(&sd->files);
	systemd_ask_lists(sd);
}

/* Sets the timer if a list was wanted again while in flight. */
static void list_again(struct systemd_source *sd)
{
	bool wanted = sync_wait(&sd->sync, systemd_now(sd)) >= 0 || fetch_is_wanted(&sd->failed) ||
	              fetch_is_wanted(&sd->files);
	if (sd->bus && wanted && sd->relist)
		loop_timer_set(sd->relist, RELIST_DELAY_MS);
}

void systemd_relist(struct systemd_source *sd, bool all)
{
	if (!sd->relist)
		return;
	if (all)
		systemd_want_units(sd);
	fetch_want(&sd->files);
	loop_timer_set(sd->relist, RELIST_DELAY_MS);
}

bool systemd_files_due(const struct systemd_source *sd)
{
	return fetch_is_asked(&sd->files) && sd->picture != SYSTEMD_WHOLE;
}

static void systemd_forget_names(struct systemd_source *sd)
{
	while (sd->n_new)
		free(sd->new_names[--sd->n_new]);
	free(sd->new_names);
	sd->new_names = NULL;
}

/* Units reported as new are requested by a list, because a list loads nothing. A query to the
 * object of an unloaded unit makes systemd load the unit, report it as new, and unload it again. A
 * client that queries each new unit then loops for ever (seen on systemd 257 with transient
 * units).
 *
 * A name used as a pattern matches itself. "\\x2d" is no escape there (FNM_NOESCAPE), and unit
 * names have no other pattern characters. */
void systemd_new_name(struct systemd_source *sd, const char *name)
{
	if (!sd->bus || !sd->named || sd->n_new > NEW_NAMES_MOST)
		return;
	for (size_t i = 0; i < sd->n_new; i++)
		if (strcmp(sd->new_names[i], name) == 0)
			return;
	if (!sd->n_new)
		loop_timer_set(sd->named, NAMED_MS);
	sd->new_names = xrealloc(sd->new_names, (sd->n_new + 2) * sizeof(*sd->new_names));
	sd->new_names[sd->n_new++] = xstrdup(name);
	sd->new_names[sd->n_new] = NULL;
}

static void systemd_on_new_units(const char *json, size_t len, const struct err *err,
                                 const char *name, void *arg)
{
	struct systemd_source *sd = arg;
	if (!json)
		return;
	queries_hand_on(sd, NULL);
	source_feed(&sd->source, "new", json, len);
}

static void systemd_on_named(struct loop_timer *timer, void *arg)
{
	struct systemd_source *sd = arg;
	if (sd->bus && sd->n_new > NEW_NAMES_MOST) {
		systemd_want_units(sd);
		systemd_ask_lists(sd);
	} else if (sd->bus && sd->n_new) {
		bus_call(sd->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
		         "ListUnitsByPatterns", CALL_TIMEOUT_MS, systemd_on_new_units, sd, "asas",
		         no_words, (const char *const *)sd->new_names);
	}
	systemd_forget_names(sd);
}

static void systemd_subscribe(struct systemd_source *sd)
{
	bus_call(sd->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe", CALL_TIMEOUT_MS,
	         systemd_on_subscribed, sd, "");
}

/* --- the bus ------------------------------------------------------------- */

static const char *const rules[] = {
	"type='signal',sender='" SYSTEMD_NAME "',interface='" SYSTEMD_MANAGER
	"',path='" SYSTEMD_PATH "'",
	"type='signal',sender='" SYSTEMD_NAME "',interface='" BUS_PROPERTIES
	"',member='PropertiesChanged',"
	"path_namespace='" SYSTEMD_PATH "/unit'",
	"type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='"
	"NameOwnerChanged',"
	"arg0='" SYSTEMD_NAME "'",
};

static void systemd_on_opened(struct bus *bus, void *arg)
{
	struct systemd_source *sd = arg;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		bus_match(bus, rules[i]);
	sync_open(&sd->sync);
	/* all later calls on this bus are answered after the subscription */
	sync_hears(&sd->sync, systemd_now(sd));
	systemd_subscribe(sd);
	systemd_list_all(sd);
	systemd_ask_prop(sd, PROP_VERSION);
	systemd_ask_prop(sd, PROP_STATE);
	systemd_ask_prop(sd, PROP_FAILED);
}

static void systemd_on_signal(struct bus *bus, const char *path, const char *interface,
                              const char *member, const char *json, size_t len, void *arg)
{
	static const char *const fed[] = { "UnitNew", "UnitRemoved", "UnitFilesChanged",
		                           "Reloading" };
	struct systemd_source *sd = arg;
	char name[UNIT_NAME_SIZE], what[UNIT_NAME_SIZE + 16];
	if (strcmp(member, "PropertiesChanged") == 0) {
		if (!unit_of_path(path, name, sizeof name))
			return;
		/* Devices, scopes and slices change all the time. They matter only once they have
		 * failed. */
		bool other = unit_is_other(name) &&
		             (strstr(json, "\"failed\"") || unit_find(sd, name));
		if (!other && !unit_is_ours(name))
			return;
		snprintf(what, sizeof what, "changed:%s", name);
		queries_hand_on(sd, name);
		source_feed(&sd->source, what, json, len);
	} else if (strcmp(member, "JobRemoved") == 0) {
		/* Job signals concern our own actions. They change no row and are not recorded. */
		enum { ID, PATH, UNIT, RESULT };
		cJSON *body = json_parse(json, len);
		ops_job_removed(sd, json_text(cJSON_GetArrayItem(body, PATH)),
		                json_text(cJSON_GetArrayItem(body, RESULT)));
		cJSON_Delete(body);
	} else if (strcmp(member, "NameOwnerChanged") == 0) {
		/* systemd restarted and lost our subscription */
		systemd_subscribe(sd);
		systemd_list_all(sd);
	}
	snprintf(what, sizeof what, "signal:%s", member);
	for (size_t i = 0; i < ARRAY_LEN(fed); i++)
		if (strcmp(member, fed[i]) == 0) {
			queries_hand_on(sd, NULL);
			source_feed(&sd->source, what, json, len);
		}
}

static void systemd_on_closed(struct bus *bus, const struct err *err, void *arg)
{
	struct systemd_source *sd = arg;
	struct err lost;
	sd->bus = NULL;
	systemd_forget_lists(sd);
	queries_drop(sd);
	systemd_forget_names(sd);
	err_set(&lost, ERR_LOST, "%s: the connection to %s ended while it ran: %s",
	        sd->source.server->name, manager_of(&sd->source)->words, err->text);
	ops_drop(sd, &lost);
	systemd_fail(sd, err);
}

static const struct bus_events bus_events = { systemd_on_opened, systemd_on_signal,
	                                      systemd_on_closed };

static void systemd_connect_bus(struct systemd_source *sd)
{
	char path[192] = SYSTEM_BUS_SOCKET;
	struct err err;
	const struct server *server = sd->source.server;
	bool user = manager_of(&sd->source)->user;
	if (user)
		snprintf(path, sizeof path, "%s/bus", server->runtime_dir);
	if (user && !*server->runtime_dir) {
		err_set(&err, ERR_ABSENT, "the login has no runtime folder");
		systemd_fail(sd, &err);
		return;
	}
	enum socket_say say = server_socket(server, user ? SOCKET_BUS_USER : SOCKET_BUS);
	sd->waits = say == SOCKET_WAIT;
	if (sd->waits)
		return;
	if (say != SOCKET_OPEN) {
		if (say == SOCKET_DENIED)
			err_set(&err, ERR_DENIED, "%s: this login may not connect", path);
		else
			err_set(&err, ERR_ABSENT, "%s: nobody listens there", path);
		systemd_fail(sd, &err);
		return;
	}
	/* The bridge's --user is only for containers. Without -p the bridge would connect to the
	 * system's bus. */
	char address[256];
	snprintf(address, sizeof address, "unix:path=%s", path);
	char *command = quote_command(
		(const char *const[]){ "systemd-stdio-bridge", user ? "-p" : NULL, address, NULL });
	const struct endpoint endpoints[] = {
		{ .kind = ENDPOINT_UNIX, .path = path },
		{ .kind = ENDPOINT_EXEC, .command = command },
	};
	/* on this machine the bridge adds nothing to the socket */
	sd->bus = bus_open(source_link(&sd->source), endpoints, server->is_local ? 1 : 2,
	                   &bus_events, sd, &err);
	free(command);
	if (!sd->bus)
		systemd_fail(sd, &err);
}

/* --- timers -------------------------------------------------------------- */

static void systemd_on_retry(struct loop_timer *timer, void *arg)
{
	struct systemd_source *sd = arg;
	if (sd->bus || source_link(&sd->source)->state != LINK_UP)
		return;
	enum socket_id id = manager_of(&sd->source)->user ? SOCKET_BUS_USER : SOCKET_BUS;
	/* the shell looks at the socket before the next attempt */
	sd->waits = server_sockets_ask(sd->source.server, id);
	if (!sd->waits)
		systemd_connect_bus(sd);
}

static void systemd_sockets(struct source *source)
{
	struct systemd_source *sd = systemd_of(source);
	enum socket_id id = manager_of(source)->user ? SOCKET_BUS_USER : SOCKET_BUS;
	if (sd->bus || !sd->retry)
		return;
	bool appeared = server_socket(source->server, id) == SOCKET_OPEN &&
	                source->state != SOURCE_WAITING;
	if (sd->waits || appeared)
		systemd_connect_bus(sd);
}

static void systemd_on_relist(struct loop_timer *timer, void *arg)
{
	struct systemd_source *sd = arg;
	if (sd->bus)
		systemd_ask_lists(sd);
}

static struct unit *systemd_next_own(struct systemd_source *sd, struct row *row)
{
	while (row && row->source != &sd->source)
		row = store_next(row, &kind_unit, sd->source.server);
	return row ? unit_of(row) : NULL;
}

static struct unit *systemd_first_unit(struct systemd_source *sd)
{
	return systemd_next_own(sd, store_first(sd->source.store, &kind_unit, sd->source.server));
}

static struct unit *systemd_next_unit(struct systemd_source *sd, struct unit *u)
{
	return systemd_next_own(sd, store_next(&u->row, &kind_unit, sd->source.server));
}

static bool systemd_moves(const struct unit *u)
{
	return u->row.shown && u->main_pid > 0;
}

static void systemd_set_refresh(struct systemd_source *sd)
{
	bool wanted = false;
	for (struct unit *u = systemd_first_unit(sd); u && !wanted; u = systemd_next_unit(sd, u))
		wanted = systemd_moves(u) || priv_of(u)->flap_ms;
	loop_timer_set(sd->refresh, wanted && sd->bus ? REFRESH_MS : -1);
}

static void systemd_on_refresh(struct loop_timer *timer, void *arg)
{
	struct systemd_source *sd = arg;
	for (struct unit *u = systemd_first_unit(sd); u; u = systemd_next_unit(sd, u)) {
		struct unit_priv *p = priv_of(u);
		/* A restarted unit must run for FLAP_MS. No signal reports that it did. */
		if (p->flap_ms && strcmp(u->sub, "auto-restart") != 0 &&
		    now_wall_ms() - p->flap_ms >= FLAP_MS) {
			p->flap_ms = 0;
			unit_update(u);
		}
		if (systemd_moves(u))
			ask_moving(sd, u);
	}
	systemd_set_refresh(sd);
}

/* --- the backend --------------------------------------------------------- */

static void systemd_shown(struct source *source)
{
	struct systemd_source *sd = systemd_of(source);
	if (!sd->bus)
		return;
	for (struct unit *u = systemd_first_unit(sd); u; u = systemd_next_unit(sd, u))
		if (u->row.shown && !priv_of(u)->asked && strcmp(u->load, "not-found") != 0)
			ask_row(sd, u);
	systemd_set_refresh(sd);
}

static void systemd_do_feed(struct source *source, const char *what, const char *bytes, size_t len)
{
	struct systemd_source *sd = systemd_of(source);
	systemd_feed(source, what, bytes, len);
	if (sd->refresh && sd->bus && strncmp(what, "changed:", 8) == 0)
		systemd_set_refresh(sd);
}

static void systemd_up(struct source *source)
{
	struct systemd_source *sd = systemd_of(source);
	struct loop *loop = store_loop(source->store);
	if (strcmp(source_link(source)->ops->name, "replay") == 0)
		/* recordings are fed; there is nothing to request */
		return;
	if (!sd->retry) {
		sd->retry = loop_timer_add(loop, -1, systemd_on_retry, sd);
		sd->relist = loop_timer_add(loop, -1, systemd_on_relist, sd);
		sd->refresh = loop_timer_add(loop, -1, systemd_on_refresh, sd);
		sd->named = loop_timer_add(loop, -1, systemd_on_named, sd);
	}
	units_mark_wanted(sd); /* :reload refreshes a server whose units changed */
	if (sd->bus && bus_endpoint(sd->bus)) /* a refresh */
		systemd_list_all(sd);
	if (sd->bus)
		return;
	backoff_reset(&sd->pause);
	systemd_connect_bus(sd);
}

void units_forget_asked(struct systemd_source *sd)
{
	for (struct unit *u = systemd_first_unit(sd); u; u = systemd_next_unit(sd, u)) {
		priv_of(u)->asked = false;
		if (fetch_was_opened(&priv_of(u)->detail))
			fetch_hurry(&priv_of(u)->detail);
	}
}

static void systemd_down(struct source *source)
{
	struct systemd_source *sd = systemd_of(source);
	units_forget_asked(sd);
	if (source_link(source)->state == LINK_UP && sd->bus && bus_endpoint(sd->bus))
		/* only a refresh: actions and requests continue */
		return;
	systemd_let_go(sd);
	if (sd->retry) {
		loop_timer_set(sd->retry, -1);
		loop_timer_set(sd->relist, -1);
		loop_timer_set(sd->refresh, -1);
		loop_timer_set(sd->named, -1);
	}
	if (source->state == SOURCE_LIVE || source->state == SOURCE_STALE)
		source_set_state(source, SOURCE_STALE, NULL);
	else
		source_set_state(source, SOURCE_WAITING, NULL);
}

static void systemd_finish(struct source *source)
{
	struct systemd_source *sd = systemd_of(source);
	systemd_let_go(sd);
	loop_timer_remove(sd->retry);
	loop_timer_remove(sd->relist);
	loop_timer_remove(sd->refresh);
	loop_timer_remove(sd->named);
}

/* Unit files may hold passwords in Environment=, and logs may hold any secret. */
static void systemd_redact(const char *what, const char *bytes, size_t len, struct buf *out)
{
	bool text = strncmp(what, "cat:", 4) == 0 || strncmp(what, "log:", 4) == 0 ||
	            strncmp(what, "last:", 5) == 0;
	if (text)
		mask_text(out, bytes, len);
	else if (strncmp(what, "props:", 6) == 0)
		mask_json(out, bytes, len);
	else
		buf_add(out, bytes, len);
}

static const struct manager system_manager = {
	.user = false,
	.prefix = "",
	.systemctl = "systemctl",
	.words = "the system's systemd",
};
static const struct manager user_manager = {
	.user = true,
	.prefix = "user:",
	.systemctl = "systemctl --user",
	.words = "the login user's systemd",
};

const struct backend backend_systemd = {
	.name = "systemd",
	.source_size = sizeof(struct systemd_source),
	.up = systemd_up,
	.down = systemd_down,
	.feed = systemd_do_feed,
	.redact = systemd_redact,
	.shown = systemd_shown,
	.finish = systemd_finish,
	.sockets = systemd_sockets,
	.param = &system_manager,
};

const struct backend backend_systemd_user = {
	.name = "systemd-user",
	.source_size = sizeof(struct systemd_source),
	.up = systemd_up,
	.down = systemd_down,
	.feed = systemd_do_feed,
	.redact = systemd_redact,
	.shown = systemd_shown,
	.finish = systemd_finish,
	.sockets = systemd_sockets,
	.param = &user_manager,
	.needs_facts = true,
};
