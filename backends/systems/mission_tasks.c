/* mission_tasks.c: the tasks of a Mission Control, and its orders: create, move, dispatch, delete.
 *
 * Source: as in mission_parse.h. A task that is moved to "assigned" is dispatched there by itself,
 * if it has an agent. A dispatch may be refused with a 200 that says success: false. */
#include "backends/systems/mission_tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/store/action.h"
#include "backends/systems/mission_parse.h"
#include "backends/systems/system.h"

#define TASK_TYPE "task"

/* --- rows ---------------------------------------------------------------- */

static void mission_row(struct site *s, const struct mission_task *t)
{
	static const enum health health[] = {
		[MISSION_OPEN] = HEALTH_IDLE,     [MISSION_WORK] = HEALTH_BUSY,
		[MISSION_REVIEW] = HEALTH_BUSY,   [MISSION_DONE] = HEALTH_GOOD,
		[MISSION_OTHER] = HEALTH_UNKNOWN,
	};
	const char *why = t->why;
	enum health h = health[t->group];
	struct system *y = system_row_as(s, TASK_TYPE, t->id, *t->title ? t->title : t->id, t->id);
	if (*t->why) {
		h = HEALTH_BAD;
	} else if (t->by_person) {
		h = HEALTH_ATTENTION;
		why = "it is finished and waits for your review";
	}
	system_figure(y, "agent", DOC_PLAIN, "%s", t->agent);
	system_figure(y, "priority", DOC_PLAIN, "%s", t->priority);
	y->state_ms = t->updated_ms ? t->updated_ms - s->skew_ms : 0;
	system_settle(y, t->state, h, why);
}

/* "2 inbox, 1 planning" of one group; "" none */
static void mission_count(struct site *s, enum mission_group group, const char *figure)
{
	static const char *const states[][6] = {
		[MISSION_OPEN] = { "inbox", "planning", "pending_dispatch" },
		[MISSION_WORK] = { "in_progress", "assigned", "testing", "verification",
		                   "convoy_active" },
		[MISSION_REVIEW] = { "review" },
	};
	struct buf text = { 0 };
	for (size_t i = 0; states[group][i]; i++) {
		size_t n = 0;
		for (const struct system *y = system_next(s, NULL); y; y = system_next(s, y))
			n += !strcmp(y->state, states[group][i]);
		if (n)
			buf_addf(&text, "%s%zu %s", text.len ? ", " : "", n, states[group][i]);
	}
	system_figure(system_own(s), figure, DOC_PLAIN, "%s", text.len ? text.data : "");
	buf_finish(&text);
}

static void mission_count_all(struct site *s)
{
	mission_count(s, MISSION_WORK, "at work");
	mission_count(s, MISSION_REVIEW, "to review");
	mission_count(s, MISSION_OPEN, "open");
}

bool mission_take_tasks(struct site *s, const char *ref, const char *json, size_t len,
                        struct err *err)
{
	struct mission_tasks l;
	if (!mission_tasks_parse(json, len, &l, err))
		return false;
	mission_answered(s);
	system_begin(s, TASK_TYPE);
	for (size_t i = 0; i < l.n; i++)
		mission_row(s, &l.at[i]);
	system_end(s, TASK_TYPE, l.left_out);
	mission_tasks_finish(&l);
	mission_count_all(s);
	return true;
}

bool mission_take_event(struct site *s, const char *ref, const char *json, size_t len,
                        struct err *err)
{
	struct mission_task t;
	enum mission_event event = mission_event_parse(json, len, &t);
	size_t tasks = 0;
	struct system *old = system_next(s, NULL);
	for (; old && strcmp(old->ref, t.id) != 0; old = system_next(s, old))
		tasks += !old->is_site;
	if (event == MISSION_CHANGED && !old && tasks >= MISSION_TASKS_MAX)
		return true; /* the next list says which are left out */
	/* An update without the joined name of the agent says only its id. */
	if (event == MISSION_CHANGED && old && t.agent_by_id)
		snprintf(t.agent, sizeof(t.agent), "%s", system_figure_text(old, "agent"));
	if (event == MISSION_CHANGED)
		mission_row(s, &t);
	else if (event == MISSION_DELETED && old)
		store_row_remove(&old->row);
	if (event != MISSION_NEWS)
		mission_count_all(s);
	return true;
}

/* --- orders -------------------------------------------------------------- */

static bool mission_is_itself(const struct system_act *act, const struct system *y)
{
	return y->is_site;
}
static bool mission_is_task(const struct system_act *act, const struct system *y)
{
	return !y->is_site;
}
static bool mission_may_dispatch(const struct system_act *act, const struct system *y)
{
	return !y->is_site && *system_figure_text(y, "agent") && strcmp(y->state, "done") != 0;
}

static void mission_command(const struct system_act *act, const struct system *y, char *buf,
                            size_t size)
{
	if (y->is_site)
		snprintf(buf, size, "POST /api/tasks, Mission Control %s", y->site->name);
	else
		snprintf(buf, size, "%s %.100s: %s /api/tasks/%s%s, Mission Control %s; now: %s",
		         act->verb, y->row.name, act->method, y->ref, act->path, y->site->name,
		         y->state);
}

static bool mission_create_fits(const struct system_act *act, const char *argument, struct err *err)
{
	char title[520], priority[16];
	return mission_new_parse(argument, title, sizeof(title), priority, err);
}

static bool mission_move_fits(const struct system_act *act, const char *argument, struct err *err)
{
	return mission_is_state(argument) ||
	       err_set(err, ERR_USAGE,
	               "\"%.40s\" is not a state: expected inbox, planning, assigned, "
	               "in_progress, testing, review or done",
	               argument ? argument : "");
}

static void mission_dispatched(struct job *j, const struct api_answer *r)
{
	struct err err = r->err;
	if (!err.code)
		mission_sent(r->body, r->len, &err);
	job_end(j, err.code ? &err : NULL, "sent to its agent");
}

static void mission_run(const struct system_act *act, struct order *order, struct system *y)
{
	char title[520], priority[16], *body = NULL;
	struct job *j = job_begin(y->site, order, sizeof(*j), act->verb);
	if (!j)
		return;
	cJSON *o = cJSON_CreateObject();
	char *path = y->is_site ? xstrdup("/api/tasks")
	                        : platform_path("/api/tasks/", y->ref, act->path);
	if (act->fits == mission_create_fits &&
	    mission_new_parse(order->argument, title, sizeof(title), priority, NULL)) {
		cJSON_AddStringToObject(o, "title", title);
		if (*priority)
			cJSON_AddStringToObject(o, "priority", priority);
	} else if (act->fits == mission_move_fits) {
		cJSON_AddStringToObject(o, "status", order->argument);
	}
	if (act->fits)
		body = cJSON_PrintUnformatted(o);
	job_call(j, act->method, path, body,
	         act->can == mission_may_dispatch ? mission_dispatched : job_answer);
	cJSON_Delete(o);
	free(body);
	free(path);
}

const struct system_ops mission_ops = {
	.asks = "health (from 2.2.1 on), tasks that are not done, the gateway; events come by a "
		"stream that stays open",
	.detail = mission_detail,
	.acts = { [SYSTEM_CREATE] = { mission_is_itself, mission_command, mission_run,
	                              mission_create_fits, .verb = "create", .method = "POST",
	                              .path = "" },
	          [SYSTEM_MOVE] = { mission_is_task, mission_command, mission_run,
	                            mission_move_fits, .verb = "move", .method = "PATCH",
	                            .path = "" },
	          [SYSTEM_DISPATCH] = { mission_may_dispatch, mission_command, mission_run,
	                                .verb = "dispatch", .method = "POST",
	                                .path = "/dispatch" },
	          [SYSTEM_DELETE] = { mission_is_task, mission_command, mission_run,
	                              .verb = "delete", .method = "DELETE", .path = "" } },
};
