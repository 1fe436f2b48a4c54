/* ask.c: requests properties of one unit. GetAll of a service returns 20 KB, and a row shows a
 * tenth of that. So single Gets are sent at once and take one round trip. Their answers are joined
 * into one object for feed.
 *
 * Source: org.freedesktop.systemd1(5), and Properties.Get of the D-Bus specification. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/services/systemd.h"

#define UNIT_IFACE "org.freedesktop.systemd1.Unit"
#define QUERY_MAX (256u << 10) /* bytes of the answers of one query */
#define GETS_MAX 40

struct query;

struct get {
	struct query *query;
	const char *prop;
	struct bus_call *call; /* NULL: answered */
};

struct query {
	struct systemd_source *sd;
	char unit[UNIT_NAME_SIZE];
	struct buf json;
	struct get gets[GETS_MAX];
	size_t n, waiting;
	struct query *next, **prev;
};

static const char *const start_props[] = { "ActiveEnterTimestamp", NULL };
static const char *const start_service[] = { "CanReload", NULL };
static const char *const new_unit[] = { "LoadState",
	                                "ActiveState",
	                                "SubState",
	                                "Description",
	                                "UnitFileState",
	                                "FragmentPath",
	                                "Triggers",
	                                "ActiveEnterTimestamp",
	                                "InactiveEnterTimestamp",
	                                "StateChangeTimestamp",
	                                "CanStart",
	                                "CanStop",
	                                "CanReload",
	                                NULL };
static const char *const idle_unit[] = { "InactiveEnterTimestamp", "CanStart", NULL };
static const char *const row_unit[] = { "FragmentPath",
	                                "ActiveEnterTimestamp",
	                                "InactiveEnterTimestamp",
	                                "StateChangeTimestamp",
	                                "CanStart",
	                                "CanStop",
	                                "CanReload",
	                                NULL };
static const char *const row_service[] = {
	"Result", "MainPID", "ExecMainStatus", "MemoryCurrent", "CPUUsageNSec", "NRestarts", NULL
};
static const char *const timer_unit[] = { "ActiveEnterTimestamp", "ActiveEnterTimestampMonotonic",
	                                  "Triggers", NULL };
static const char *const idle_type[] = { "Result", NULL };
static const char *const row_timer[] = { "Result", "NextElapseUSecRealtime",
	                                 "NextElapseUSecMonotonic", NULL };
static const char *const row_socket[] = { "Result", "MemoryCurrent", NULL };
static const char *const moving_service[] = { "MemoryCurrent", "CPUUsageNSec", NULL };
static const char *const detail_unit[] = {
	"TriggeredBy",      "Triggers", "DropInPaths", "Documentation",
	"NeedDaemonReload", "WantedBy", NULL
};
static const char *const detail_service[] = { "ExecStart", "ExecMainCode",     "TasksCurrent",
	                                      "MemoryMax", "MemoryPeak",       "Restart",
	                                      "User",      "WorkingDirectory", "StatusText",
	                                      "Type",      "ControlGroup",     NULL };
static const char *const detail_timer[] = { "LastTriggerUSec", NULL };
static const char *const detail_socket[] = { "Listen", "NAccepted", "NConnections", NULL };

static const char *const row_result[] = { "Result", NULL };
static const char *const detail_mount[] = { "What", "Where", "Type", "Options", NULL };
static const char *const detail_where[] = { "Where", NULL };
static const char *const detail_what[] = { "What", NULL };

/* Properties of each unit type beyond those of every unit. */
static const struct type {
	const char *suffix, *iface;
	const char *const *row, *const *detail;
} types[] = {
	{ ".service", "org.freedesktop.systemd1.Service", row_service, detail_service },
	{ ".timer", "org.freedesktop.systemd1.Timer", row_timer, detail_timer },
	{ ".socket", "org.freedesktop.systemd1.Socket", row_socket, detail_socket },
	{ ".mount", "org.freedesktop.systemd1.Mount", row_result, detail_mount },
	{ ".automount", "org.freedesktop.systemd1.Automount", row_result, detail_where },
	{ ".swap", "org.freedesktop.systemd1.Swap", row_result, detail_what },
	{ ".path", "org.freedesktop.systemd1.Path", row_result, NULL },
	{ ".scope", "org.freedesktop.systemd1.Scope", row_result, NULL },
	{ ".target", "org.freedesktop.systemd1.Target", NULL, NULL },
	{ ".device", "org.freedesktop.systemd1.Device", NULL, NULL },
	{ ".slice", "org.freedesktop.systemd1.Slice", NULL, NULL },
};

static const struct type *unit_ask_type_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(unit_suffix(name), types[i].suffix) == 0)
			return &types[i];
	return &types[0];
}

static void unit_ask_query_free(struct query *q)
{
	*q->prev = q->next;
	if (q->next)
		q->next->prev = q->prev;
	for (size_t i = 0; i < q->n; i++)
		bus_call_cancel(q->gets[i].call);
	buf_finish(&q->json);
	free(q);
}

void queries_drop(struct systemd_source *sd)
{
	while (sd->queries)
		unit_ask_query_free(sd->queries);
}

/* Feeds the answers received so far. */
static void unit_ask_hand_on(struct query *q)
{
	char what[UNIT_NAME_SIZE + 8];
	struct buf json = q->json;
	if (!json.len)
		return;
	buf_init(&q->json, QUERY_MAX);
	buf_puts(&json, "}");
	snprintf(what, sizeof what, "props:%s", q->unit);
	if (!json.overflowed)
		source_feed(&q->sd->source, what, json.data, json.len);
	buf_finish(&json);
}

void queries_hand_on(struct systemd_source *sd, const char *unit)
{
	for (struct query *q = sd->queries, *next; q; q = next) {
		next = q->next;
		if (!unit || strcmp(q->unit, unit) == 0)
			unit_ask_hand_on(q);
	}
}

/* json is an array with one variant. A property that this systemd does not have is skipped. */
static void unit_ask_on_get(const char *json, size_t len, const struct err *err, const char *name,
                            void *arg)
{
	struct get *get = arg;
	struct query *q = get->query;
	get->call = NULL;
	if (json && len > 2) {
		buf_addf(&q->json, "%s\"%s\":", q->json.len ? "," : "{", get->prop);
		buf_add(&q->json, json + 1, len - 2);
	}
	if (--q->waiting == 0) {
		struct systemd_source *sd = q->sd;
		unit_ask_hand_on(q);
		unit_ask_query_free(q);
		systemd_settle(sd);
	}
}

static void unit_ask_add_gets(struct query *q, const char *path, const char *iface,
                              const char *const *props)
{
	for (; *props && q->n < GETS_MAX; props++) {
		struct get *get = &q->gets[q->n++];
		*get = (struct get){ .query = q, .prop = *props };
		get->call = bus_call(q->sd->bus, SYSTEMD_NAME, path, BUS_PROPERTIES, "Get",
		                     CALL_TIMEOUT_MS, unit_ask_on_get, get, "ss", iface, *props);
		q->waiting++;
	}
}

static void unit_ask_ask(struct systemd_source *sd, const char *unit, const char *const *unit_props,
                         const char *const *type_props)
{
	char path[UNIT_NAME_SIZE * 3 + 64];
	if (!sd->bus || !bus_endpoint(sd->bus) || !unit_path(unit, path, sizeof path))
		return;
	struct query *q = xcalloc(1, sizeof *q);
	q->sd = sd;
	q->next = sd->queries;
	q->prev = &sd->queries;
	if (q->next)
		q->next->prev = &q->next;
	sd->queries = q;
	snprintf(q->unit, sizeof q->unit, "%s", unit);
	buf_init(&q->json, QUERY_MAX);
	if (unit_props)
		unit_ask_add_gets(q, path, UNIT_IFACE, unit_props);
	if (type_props)
		unit_ask_add_gets(q, path, unit_ask_type_of(unit)->iface, type_props);
}

void ask_start(struct systemd_source *sd, const struct unit *u)
{
	const char *name = unit_name(u);
	bool service = strcmp(unit_suffix(name), ".service") == 0;
	if (strcmp(u->active, "failed") == 0 || strcmp(u->active, "activating") == 0)
		ask_row(sd, u);
	else if (strcmp(u->active, "inactive") != 0 && strcmp(unit_suffix(name), ".timer") == 0)
		unit_ask_ask(sd, name, timer_unit, row_timer);
	else if (strcmp(u->active, "inactive") != 0) {
		unit_ask_ask(sd, name, start_props, NULL);
		if (service)
			unit_ask_ask(sd, name, start_service, NULL);
	}
}

void ask_row(struct systemd_source *sd, const struct unit *u)
{
	const char *name = unit_name(u);
	if (!sd->bus)
		return;
	priv_of(u)->asked = true;
	/* A query about an unloaded unit would make systemd load it, for nothing. */
	if (!priv_of(u)->loaded)
		return;
	bool idle = strcmp(u->active, "inactive") == 0;
	const char *const *type_props = unit_ask_type_of(name)->row;
	if (idle)
		unit_ask_ask(sd, name, idle_unit, type_props ? idle_type : NULL);
	else
		unit_ask_ask(sd, name, row_unit, type_props);
	if (strcmp(unit_suffix(name), ".timer") == 0)
		unit_ask_ask(sd, name, timer_unit, NULL);
}

void ask_moving(struct systemd_source *sd, const struct unit *u)
{
	unit_ask_ask(sd, unit_name(u), NULL, moving_service);
}

void ask_detail(struct systemd_source *sd, const struct unit *u)
{
	const char *name = unit_name(u);
	unit_ask_ask(sd, name, detail_unit, unit_ask_type_of(name)->detail);
}

void ask_all(struct systemd_source *sd, const char *name)
{
	unit_ask_ask(sd, name, new_unit, unit_ask_type_of(name)->row);
}
