#include "backends/systems/mission_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"

static const struct mission_word {
	const char *word;
	enum mission_group group;
	bool may_move; /* every version takes it as a new state */
} states[] = {
	{ "planning", MISSION_OPEN, true },          { "inbox", MISSION_OPEN, true },
	{ "pending_dispatch", MISSION_OPEN, false }, { "assigned", MISSION_WORK, true },
	{ "in_progress", MISSION_WORK, true },       { "convoy_active", MISSION_WORK, false },
	{ "testing", MISSION_WORK, true },           { "verification", MISSION_WORK, false },
	{ "review", MISSION_REVIEW, true },          { "done", MISSION_DONE, true },
};

static const struct mission_word *mission_word(const char *word)
{
	for (size_t i = 0; word && i < ARRAY_LEN(states); i++)
		if (!strcmp(states[i].word, word))
			return &states[i];
	return NULL;
}

bool mission_is_state(const char *word)
{
	const struct mission_word *known = mission_word(word);
	return known && known->may_move;
}

/* False: it has no id that an order could name. */
static bool mission_read(const cJSON *o, struct mission_task *t)
{
	char reason[120];
	const cJSON *id = vj_get(o, "id", NULL), *agent = vj_get(o, "assigned_agent", NULL);
	*t = (struct mission_task){ .group = MISSION_OTHER };
	bool named = cJSON_IsString(id) && vj_text(o, "id", NULL, t->id, sizeof(t->id)) &&
	             !strcmp(id->valuestring, t->id);
	vj_text(o, "title", NULL, t->title, sizeof(t->title));
	vj_text(o, "status", NULL, t->state, sizeof(t->state));
	vj_text(o, "priority", NULL, t->priority, sizeof(t->priority));
	if (!vj_text(o, "assigned_agent_name", NULL, t->agent, sizeof(t->agent)))
		vj_text(agent, "name", NULL, t->agent, sizeof(t->agent));
	t->agent_by_id = !*t->agent &&
	                 vj_text(o, "assigned_agent_id", NULL, reason, sizeof(reason));
	if (t->agent_by_id)
		wash(t->agent, 9, reason, strlen(reason));
	t->updated_ms = vj_time(o, "updated_at", NULL);
	const struct mission_word *known = mission_word(t->state);
	if (known)
		t->group = known->group;
	t->by_person = t->group == MISSION_REVIEW && !vj_get(o, "status_reason", NULL);
	if (vj_text(o, "planning_dispatch_error", NULL, reason, sizeof(reason)))
		snprintf(t->why, sizeof(t->why), "it could not be dispatched: %s", reason);
	else if (vj_text(o, "status_reason", NULL, reason, sizeof(reason)) &&
	         strcasestr(reason, "fail"))
		snprintf(t->why, sizeof(t->why), "%s", reason);
	if (t->group == MISSION_DONE)
		t->why[0] = '\0';
	return named && *t->state;
}

bool mission_tasks_parse(const char *json, size_t len, struct mission_tasks *l, struct err *err)
{
	cJSON *root = vj_read(json, len, "Mission Control", err);
	bool good = cJSON_IsArray(root);
	*l = (struct mission_tasks){ 0 };
	if (root && !good)
		err_set(err, ERR_GARBLED, "the answer is not a list of tasks");
	if (good)
		l->at = xcalloc(MISSION_TASKS_MAX, sizeof(*l->at));
	for (const cJSON *v = good ? root->child : NULL; v; v = v->next) {
		struct mission_task t;
		bool named = mission_read(v, &t);
		if (named && l->n < MISSION_TASKS_MAX)
			l->at[l->n++] = t;
		else
			l->left_out++;
	}
	cJSON_Delete(root);
	return good;
}

void mission_tasks_finish(struct mission_tasks *l)
{
	free(l->at);
	*l = (struct mission_tasks){ 0 };
}

enum mission_event mission_event_parse(const char *json, size_t len, struct mission_task *task)
{
	enum mission_event event = MISSION_NEWS;
	char type[32] = "";
	cJSON *root = json_parse(json, len);
	const cJSON *o = vj_get(root, "payload", NULL);
	vj_text(root, "type", NULL, type, sizeof(type));
	bool whole = mission_read(o, task);
	if (!strcmp(type, "task_deleted") && *task->id)
		event = MISSION_DELETED;
	else if (whole && (!strcmp(type, "task_created") || !strcmp(type, "task_updated")))
		event = MISSION_CHANGED;
	cJSON_Delete(root);
	return event;
}

bool mission_health_parse(const char *json, size_t len, struct mission_health *h, struct err *err)
{
	static const char *const ill[] = { "stuck", "stalled", "zombie" };
	cJSON *root = vj_read(json, len, "Mission Control", err);
	const cJSON *parts = vj_get(root, "components", NULL);
	const cJSON *agents = vj_get(parts, "agents", NULL);
	const cJSON *by = vj_get(agents, "by_state", NULL);
	const cJSON *caps = vj_get(vj_get(parts, "costs", NULL), "caps", NULL);
	*h = (struct mission_health){ .cap = -1 };
	bool good = vj_text(root, "status", NULL, h->status, sizeof(h->status)) &&
	            cJSON_IsNumber(vj_get(root, "uptime_seconds", NULL));
	if (root && !good)
		err_set(err, ERR_GARBLED,
		        "what answers /api/health gives no status and uptime, so it is not "
		        "Mission Control");
	vj_text(root, "version", NULL, h->version, sizeof(h->version));
	vj_text(vj_get(parts, "db", NULL), "error", NULL, h->error, sizeof(h->error));
	h->gateway = vj_true(vj_get(parts, "gateway", NULL), "connected", NULL);
	h->active = vj_int(agents, "active_count", NULL, -1);
	h->total = vj_int(agents, "total_count", NULL, -1);
	for (size_t i = 0; i < ARRAY_LEN(ill); i++) {
		int64_t n = vj_int(by, ill[i], NULL, 0);
		h->ill += n > 0 ? n : 0;
	}
	for (const cJSON *v = cJSON_IsArray(caps) ? caps->child : NULL; v; v = v->next) {
		const cJSON *used = vj_get(v, "utilization_pct", NULL);
		if (cJSON_IsNumber(used) && used->valuedouble > h->cap)
			h->cap = used->valuedouble;
	}
	cJSON_Delete(root);
	return good;
}

bool mission_gateway_parse(const char *json, size_t len, struct mission_gateway *g, struct err *err)
{
	cJSON *root = vj_read(json, len, "Mission Control", err);
	const cJSON *connected = vj_get(root, "connected", NULL);
	bool good = cJSON_IsBool(connected);
	*g = (struct mission_gateway){ .connected = cJSON_IsTrue(connected) };
	if (root && !good)
		err_set(err, ERR_GARBLED,
		        "the answer does not say whether the gateway is connected");
	g->sessions = vj_int(root, "sessions_count", NULL, -1);
	vj_text(root, "error", NULL, g->error, sizeof(g->error));
	cJSON_Delete(root);
	return good;
}

bool mission_sent(const char *json, size_t len, struct err *err)
{
	char words[200];
	cJSON *root = json_parse(json, len);
	bool sent = vj_true(root, "success", NULL);
	if (!vj_text(root, "message", "error", words, sizeof(words)) &&
	    !vj_text(root, "warning", NULL, words, sizeof(words)))
		snprintf(words, sizeof(words), "it does not say why");
	if (!sent)
		err_set(err, ERR_REFUSED, "the task was not sent to its agent: %s", words);
	cJSON_Delete(root);
	return sent;
}

bool mission_new_parse(const char *typed, char *title, size_t size, char priority[16],
                       struct err *err)
{
	static const char mark[] = " priority=", known[][8] = { "low", "normal", "high", "urgent" };
	const char *text = typed ? typed : "", *at = NULL;
	for (const char *p = text; (p = strstr(p, mark)); p++)
		at = p;
	text += strspn(text, " ");
	size_t n = at && at > text ? (size_t)(at - text) : strlen(text);
	bool right = !at;
	*priority = '\0';
	while (n && text[n - 1] == ' ')
		n--;
	for (size_t i = 0; at && i < ARRAY_LEN(known); i++)
		if (!strcmp(at + strlen(mark), known[i])) {
			right = true;
			snprintf(priority, 16, "%.8s", known[i]);
		}
	if (!right)
		return err_set(err, ERR_USAGE,
		               "\"%.40s\" is not a priority: expected low, normal, high or urgent",
		               at + strlen(mark));
	if (!n || (at && at < text))
		return err_set(err, ERR_USAGE, "a task needs a title: Fix the login priority=high");
	if (n > 500 || n >= size)
		return err_set(err, ERR_USAGE, "a title has at most 500 characters");
	snprintf(title, size, "%.*s", (int)n, text);
	return true;
}

static enum json_keep mission_keep(cJSON *member)
{
	static const char *const kept[] = {
		"id",
		"title",
		"status",
		"priority",
		"assigned_agent",
		"name",
		"assigned_agent_name",
		"assigned_agent_id",
		"planning_dispatch_error",
		"status_reason",
		"updated_at",
		"type",
		"payload",
		"version",
		"uptime_seconds",
		"components",
		"db",
		"gateway",
		"agents",
		"active_count",
		"total_count",
		"by_state",
		"stuck",
		"stalled",
		"zombie",
		"costs",
		"caps",
		"utilization_pct",
		"connected",
		"sessions_count",
		"error",
	};
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (member->string && !strcmp(member->string, kept[i]))
			return JSON_KEEP;
	return JSON_DROP;
}

void mission_reduce(const char *json, size_t len, struct buf *out)
{
	json_reduce(json, len, mission_keep, out);
}
