/* act.c: actions on units.
 *
 * Actions use D-Bus. RestartUnit answers with a job, and JobRemoved reports how that job ended. So
 * the result is real, not just an accepted command. If polkit refuses, systemctl runs through sudo
 * instead, and sudo may ask for a password. The login user's own manager needs neither.
 *
 * Source: org.freedesktop.systemd1(5). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/link/loop.h"
#include "backends/servers/sudo.h"
#include "backends/services/systemd.h"
#include "backends/store/settings.h"

#include <cjson/cJSON.h>

/* longer than systemd's default of 90 s, after which systemd kills */
#define JOB_TIMEOUT_MS 100000
#define SUDO_OUTPUT_MAX (64u << 10)

/* How a verb is carried out. */
enum way {
	WAY_JOB,  /* METHOD(name, "replace") returns a job; JobRemoved ends it */
	WAY_UNIT, /* METHOD(name) */
	/* METHOD([name], runtime false, force false), then Reload, as systemctl does */
	WAY_FILES_ON,
	WAY_FILES_OFF, /* METHOD([name], runtime false), then Reload */
	WAY_MANAGER    /* METHOD() */
};

/* action->data. The verb itself is action->verb, as in systemctl. */
struct unit_request {
	const char *method;
	enum way way;
};

struct op {
	struct systemd_source *sd;
	struct order *order;
	const char *verb; /* of the action */
	const struct unit_request *request;
	char unit[UNIT_NAME_SIZE];
	struct bus_call *call;
	struct sudo_run *sudo;
	struct loop_timer *timer;
	char job[128];     /* path of the expected job; "" */
	struct err denied; /* D-Bus's refusal, shown if sudo refuses too */
	struct op *next, **prev;
};

static void unit_act_reload_manager(struct op *);

/* --- the life of an operation -------------------------------------------- */

static void unit_act_op_end(struct op *op, const struct err *err, const char *output)
{
	struct order *order = op->order;
	*op->prev = op->next;
	if (op->next)
		op->next->prev = op->prev;
	bus_call_cancel(op->call);
	sudo_run_cancel(op->sudo);
	loop_timer_remove(op->timer);
	free(op);
	order_end(order, err, output);
}

void ops_drop(struct systemd_source *sd, const struct err *err)
{
	while (sd->ops)
		unit_act_op_end(sd->ops, err, NULL);
}

static const char *unit_act_server_name(const struct op *op)
{
	return op->sd->source.server->name;
}

static void unit_act_fail(struct op *op, enum err_code code, const char *text)
{
	struct err err;
	size_t n = strlen(unit_act_server_name(op));
	if (strncmp(text, unit_act_server_name(op), n) == 0 && strncmp(text + n, ": ", 2) == 0)
		text += n + 2; /* the sentence below names the server itself */
	if (op->request->way == WAY_MANAGER)
		err_set(&err, code, "%s on %s: %s", op->verb, unit_act_server_name(op), text);
	else
		err_set(&err, code, "%s %s on %s: %s", op->verb, op->unit,
		        unit_act_server_name(op), text);
	unit_act_op_end(op, &err, NULL);
}

static void unit_act_on_late(struct loop_timer *timer, void *arg)
{
	struct op *op = arg;
	struct unit *u = unit_find(op->sd, op->unit);
	char text[128];
	snprintf(text, sizeof text, "not finished after %d s (it is %s now); it goes on there",
	         JOB_TIMEOUT_MS / 1000, u ? u->sub : "unknown");
	unit_act_fail(op, ERR_TIMEOUT, text);
}

/* --- the end of a job ---------------------------------------------------- */

static const char *unit_act_job_words(const char *result)
{
	static const struct {
		const char *result, *words;
	} known[] = {
		{ "canceled", "the job was cancelled by another one" },
		{ "timeout", "the job took longer than its time limit" },
		{ "dependency", "a unit that it needs could not be started" },
		{ "skipped", "not done: it does not apply to the unit's state" },
		{ "invalid", "not done: the unit cannot be reloaded in its state" },
		{ "assert", "an assertion of its unit file does not hold" },
		{ "unsupported", "this kind of unit is not supported on that machine" },
		{ "collected", "the unit went away meanwhile" },
		{ "once", "the unit may run only once per boot" },
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i].result, result) == 0)
			return known[i].words;
	return result;
}

void ops_job_removed(struct systemd_source *sd, const char *job_path, const char *result)
{
	struct op *op = sd->ops;
	while (op && (!*op->job || strcmp(op->job, job_path) != 0))
		op = op->next;
	if (!op)
		return;
	struct unit *u = unit_find(sd, op->unit);
	char text[320];
	if (strcmp(result, "done") == 0) {
		snprintf(text, sizeof text, "%s", u ? u->active : "");
		if (u && *u->sub)
			snprintf(text, sizeof text, "%s (%s)", u->active, u->sub);
		unit_act_op_end(op, NULL, text);
	} else if (strcmp(result, "failed") == 0) {
		/* The unit's own reason is better than the job's. It is known by then, because the
		 * unit's signals come before JobRemoved. */
		if (u && u->row.why)
			snprintf(text, sizeof text, "%.220s; [l] shows its log", u->row.why);
		else
			snprintf(text, sizeof text, "the job failed; [l] shows the unit's log");
		unit_act_fail(op, ERR_REFUSED, text);
	} else {
		unit_act_fail(op, strcmp(result, "timeout") == 0 ? ERR_TIMEOUT : ERR_REFUSED,
		              unit_act_job_words(result));
	}
}

/* --- sudo ---------------------------------------------------------------- */

static void unit_act_on_sudo(const struct run_result *r, void *arg)
{
	struct op *op = arg;
	char said[240];
	op->sudo = NULL;
	if (!r->end.err.code && r->end.exit_code == 0) {
		/* the unit's new state may arrive later, by D-Bus */
		unit_act_op_end(op, NULL, "by sudo");
		return;
	}
	const char *text = r->err_len ? r->err_out : r->out;
	while (*text == '\n')
		text++;
	wash(said, sizeof said, text, strcspn(text, "\n"));
	if (r->end.err.code == ERR_DENIED || r->end.err.code == ERR_ABSENT) {
		struct err err;
		err_set(&err, ERR_DENIED,
		        "%s %s on %s: not allowed (%.90s), nor by sudo (%.100s); a polkit rule or "
		        "a line in sudoers "
		        "for the login grants it",
		        op->verb, op->unit, unit_act_server_name(op), op->denied.text,
		        r->end.err.text);
		unit_act_op_end(op, &err, NULL);
	} else if (r->end.err.code) {
		unit_act_fail(op, r->end.err.code, r->end.err.text);
	} else {
		unit_act_fail(op, ERR_REFUSED, *said ? said : "systemctl failed without a word");
	}
}

static void unit_act_by_sudo(struct op *op, const struct err *denied)
{
	const char *with_unit[] = {
		"systemctl", "--no-ask-password", "--no-pager", op->verb, "--", op->unit, NULL
	};
	const char *alone[] = { "systemctl", "--no-ask-password", op->verb, NULL };
	op->denied = *denied;
	const struct server *server = op->sd->source.server;
	const struct server_config *config = server->config;
	if (!(!manager_of(&op->sd->source)->user && server->sudo &&
	      !(config && config->sudo && strcmp(config->sudo, "never") == 0))) {
		char text[280];
		bool user = manager_of(&op->sd->source)->user;
		snprintf(text, sizeof text, "not allowed: %.150s; %s", denied->text,
		         user ? "sudo would not help with the login's own units"
		              : "a polkit rule for the login grants it, or sudo, which the "
		                "configuration forbids here");
		unit_act_fail(op, ERR_DENIED, text);
		return;
	}
	/* The user may take any time for the password. sudo's own limit starts after that. */
	loop_timer_set(op->timer, -1);
	op->sudo = sudo_run(op->sd->source.server->sudo,
	                    op->request->way == WAY_MANAGER ? alone : with_unit, SUDO_OUTPUT_MAX,
	                    JOB_TIMEOUT_MS, unit_act_on_sudo, op);
}

/* --- D-Bus --------------------------------------------------------------- */

/* False: the call failed, and the failure was handled. */
static bool unit_act_went_well(struct op *op, const char *json, const struct err *err)
{
	op->call = NULL;
	if (json)
		return true;
	if (err->code == ERR_DENIED)
		unit_act_by_sudo(op, err);
	else
		unit_act_fail(op, err->code, err->text);
	return false;
}

static void unit_act_on_job(const char *json, size_t len, const struct err *err, const char *name,
                            void *arg)
{
	struct op *op = arg;
	if (!unit_act_went_well(op, json, err))
		return;
	cJSON *body = json_parse(json, len);
	snprintf(op->job, sizeof op->job, "%s", json_text(cJSON_GetArrayItem(body, 0)));
	cJSON_Delete(body);
	if (!*op->job)
		unit_act_fail(op, ERR_GARBLED, "systemd took it but named no job");
}

static void unit_act_on_done(const char *json, size_t len, const struct err *err, const char *name,
                             void *arg)
{
	struct op *op = arg;
	if (unit_act_went_well(op, json, err))
		unit_act_op_end(op, NULL, NULL);
}

static void unit_act_on_files(const char *json, size_t len, const struct err *err, const char *name,
                              void *arg)
{
	struct op *op = arg;
	if (unit_act_went_well(op, json, err))
		unit_act_reload_manager(op);
}

/* systemd answers nothing during daemon-reload. The answer comes at its end. */
static void unit_act_reload_manager(struct op *op)
{
	op->call = bus_call(op->sd->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Reload",
	                    JOB_TIMEOUT_MS, unit_act_on_done, op, "");
}

static void unit_act_run(struct order *order)
{
	struct unit *u = unit_of(order_row(order));
	struct systemd_source *sd = systemd_of(u->row.source);
	struct err err;
	if (!sd->bus || !bus_endpoint(sd->bus)) {
		err_set(&err, ERR_LOST, "%s: there is no connection to %s now",
		        sd->source.server->name, manager_of(&sd->source)->words);
		order_end(order, &err, NULL);
		return;
	}
	struct op *op = xcalloc(1, sizeof *op);
	*op = (struct op){ .sd = sd,
		           .order = order,
		           .verb = order->action->verb,
		           .request = order->action->data,
		           .next = sd->ops,
		           .prev = &sd->ops };
	if (op->next)
		op->next->prev = &op->next;
	sd->ops = op;
	snprintf(op->unit, sizeof op->unit, "%s", unit_name(u));
	op->timer = loop_timer_add(store_loop(sd->source.store), JOB_TIMEOUT_MS, unit_act_on_late,
	                           op);
	struct bus *bus = op->sd->bus;
	const char *const files[] = { op->unit, NULL };
	const char *method = op->request->method;
	switch (op->request->way) {
	case WAY_JOB:
		op->call = bus_call(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, method,
		                    CALL_TIMEOUT_MS, unit_act_on_job, op, "ss", op->unit,
		                    "replace");
		break;
	case WAY_UNIT:
		op->call = bus_call(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, method,
		                    CALL_TIMEOUT_MS, unit_act_on_done, op, "s", op->unit);
		break;
	case WAY_FILES_ON:
		op->call = bus_call(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, method,
		                    CALL_TIMEOUT_MS, unit_act_on_files, op, "asbb", files, 0, 0);
		break;
	case WAY_FILES_OFF:
		op->call = bus_call(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, method,
		                    CALL_TIMEOUT_MS, unit_act_on_files, op, "asb", files, 0);
		break;
	case WAY_MANAGER: unit_act_reload_manager(op);
	}
}

/* --- when an action applies ---------------------------------------------- */

static bool unit_act_is_up(const struct unit *u)
{
	return !strcmp(u->active, "active") || !strcmp(u->active, "activating") ||
	       !strcmp(u->active, "reloading");
}

static bool unit_act_is_masked(const struct unit *u)
{
	return !strcmp(u->load, "masked") || strncmp(u->file_state, "masked", 6) == 0;
}

static bool unit_act_can_start(const struct row *row)
{
	const struct unit *u = unit_of(row);
	return !strcmp(u->load, "loaded") && !unit_act_is_masked(u) && u->can_start &&
	       (!strcmp(u->active, "inactive") || !strcmp(u->active, "failed"));
}

static bool unit_act_can_stop(const struct row *row)
{
	const struct unit *u = unit_of(row);
	return u->can_stop && unit_act_is_up(u);
}

static bool unit_act_can_restart(const struct row *row)
{
	const struct unit *u = unit_of(row);
	return !strcmp(u->load, "loaded") && !unit_act_is_masked(u) && u->can_start &&
	       u->can_stop && (unit_act_is_up(u) || !strcmp(u->active, "failed"));
}

/* Until can_reload is known, reload is offered for a service. systemd refuses if the service cannot
 * reload. */
static bool unit_act_can_reload(const struct row *row)
{
	const struct unit *u = unit_of(row);
	bool maybe = !priv_of(u)->reload_known && strcmp(unit_suffix(row->name), ".service") == 0;
	return (u->can_reload || maybe) && !strcmp(u->active, "active");
}

/* The list of unit files arrives after the rows. */
static bool unit_act_files_due(const struct unit *u)
{
	return !*u->file_state && systemd_files_due(systemd_of(u->row.source));
}

static bool unit_act_can_reset(const struct row *row)
{
	return !strcmp(unit_of(row)->active, "failed");
}

static bool unit_act_can_enable(const struct row *row)
{
	const struct unit *u = unit_of(row);
	return unit_act_files_due(u) || !strcmp(u->file_state, "disabled") ||
	       !strcmp(u->file_state, "enabled-runtime") ||
	       !strcmp(u->file_state, "linked");
}

static bool unit_act_can_disable(const struct row *row)
{
	const struct unit *u = unit_of(row);
	return unit_act_files_due(u) || !strcmp(u->file_state, "enabled") ||
	       !strcmp(u->file_state, "enabled-runtime");
}

/* Masking puts a link into the administrator's folder for unit files. A unit file already there
 * would be in the way. */
static bool unit_act_can_mask(const struct row *row)
{
	const struct unit *u = unit_of(row);
	const char *file = u->fragment ? u->fragment : "";
	bool own = strncmp(file, "/etc/systemd/", 13) == 0 || strstr(file, "/.config/systemd/");
	return strcmp(u->load, "not-found") != 0 && !unit_act_is_masked(u) && !own &&
	       strcmp(u->file_state, "transient") != 0 && strcmp(u->file_state, "generated") != 0;
}

static bool unit_act_can_unmask(const struct row *row)
{
	return unit_act_is_masked(unit_of(row));
}

bool unit_not_now(const struct row *row, const struct action *a, char *buf, size_t size)
{
	const struct unit *u = unit_of(row);
	const struct {
		const char *verb;
		bool holds;
		const char *why;
	} reasons[] = {
		{ "start", unit_act_is_up(u), "runs already" },
		{ "start", unit_act_is_masked(u), "is masked; unmask it first" },
		{ "restart", unit_act_is_masked(u), "is masked; unmask it first" },
		{ "restart", !unit_act_is_up(u), "does not run; start it" },
		{ "stop", !unit_act_is_up(u), "does not run" },
		{ "reload", !unit_act_is_up(u), "does not run" },
		{ "reset-failed", true, "has not failed" },
		{ "enable", !strcmp(u->file_state, "enabled"), "is enabled already" },
		{ "disable", !strcmp(u->file_state, "disabled"), "is disabled already" },
		{ "mask", unit_act_is_masked(u), "is masked already" },
		{ "unmask", true, "is not masked" },
	};
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (!strcmp(reasons[i].verb, a->verb) && reasons[i].holds) {
			snprintf(buf, size, "%s", reasons[i].why);
			return true;
		}
	return false;
}

/* --- the table ----------------------------------------------------------- */

static void unit_act_command(const struct action *a, const struct row *row, char *buf, size_t size)
{
	const struct unit_request *request = a->data;
	const char *systemctl = manager_of(row->source)->systemctl;
	if (request->way == WAY_MANAGER)
		snprintf(buf, size, "%s %s", systemctl, a->verb);
	else
		snprintf(buf, size, "%s %s %s", systemctl, a->verb, row->name);
}

#define REQUEST(method, way)                                     \
	.command_of = unit_act_command, .run = unit_act_run, \
	.data = &(const struct unit_request){ method, way }
const struct action unit_actions[] = {
	{ .name = "unit-restart",
	  .verb = "restart",
	  .key = "r",
	  .help = "stop the unit and start it again",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED,
	  .applies = unit_act_can_restart,
	  REQUEST("RestartUnit", WAY_JOB),
	  .doing = "restarting" },
	{ .name = "unit-start",
	  .verb = "start",
	  .key = "u",
	  .help = "start the unit",
	  .flags = ACTION_CHANGES | ACTION_MARKED,
	  .applies = unit_act_can_start,
	  REQUEST("StartUnit", WAY_JOB),
	  .doing = "starting" },
	{ .name = "unit-stop",
	  .verb = "stop",
	  .key = "b",
	  .help = "stop the unit",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED,
	  .applies = unit_act_can_stop,
	  REQUEST("StopUnit", WAY_JOB),
	  .doing = "stopping" },
	{ .name = "unit-reload",
	  .verb = "reload",
	  .help = "let the running program read its own configuration again",
	  .flags = ACTION_CHANGES | ACTION_MARKED,
	  .applies = unit_act_can_reload,
	  REQUEST("ReloadUnit", WAY_JOB),
	  .doing = "reloading" },
	{ .name = "unit-reset-failed",
	  .verb = "reset-failed",
	  .help = "forget that the unit failed, and its count of restarts",
	  .flags = ACTION_CHANGES | ACTION_MARKED,
	  .applies = unit_act_can_reset,
	  REQUEST("ResetFailedUnit", WAY_UNIT),
	  .doing = "resetting" },
	{ .name = "unit-enable",
	  .verb = "enable",
	  .key = "E",
	  .help = "start the unit at every boot from now on",
	  .flags = ACTION_CHANGES | ACTION_MARKED,
	  .applies = unit_act_can_enable,
	  REQUEST("EnableUnitFiles", WAY_FILES_ON),
	  .doing = "enabling" },
	{ .name = "unit-disable",
	  .verb = "disable",
	  .key = "D",
	  .help = "do not start the unit at boot any more; it keeps running now",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED,
	  .applies = unit_act_can_disable,
	  REQUEST("DisableUnitFiles", WAY_FILES_OFF),
	  .doing = "disabling" },
	{ .name = "unit-mask",
	  .verb = "mask",
	  .help = "make it impossible to start the unit",
	  .flags = ACTION_CHANGES | ACTION_CONFIRM | ACTION_MARKED,
	  .applies = unit_act_can_mask,
	  REQUEST("MaskUnitFiles", WAY_FILES_ON),
	  .doing = "masking" },
	{ .name = "unit-unmask",
	  .verb = "unmask",
	  .help = "make it possible again to start the unit",
	  .flags = ACTION_CHANGES | ACTION_MARKED,
	  .applies = unit_act_can_unmask,
	  REQUEST("UnmaskUnitFiles", WAY_FILES_OFF),
	  .doing = "unmasking" },
	{ .name = "unit-daemon-reload",
	  .verb = "daemon-reload",
	  .help = "let systemd read all unit files again (the programs notice nothing)",
	  .flags = ACTION_CHANGES,
	  REQUEST("Reload", WAY_MANAGER),
	  .doing = "reading unit files" },
	{ 0 }
};
