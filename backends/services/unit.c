/* kind_unit: what a row of this kind is and can do. */
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "backends/services/systemd.h"

static void unit_finish(struct row *row)
{
	struct unit *u = unit_of(row);
	unit_detail_finish(u->priv);
	free(u->description);
	free(u->fragment);
	free(u->triggers);
	free(u->nearest);
	if (u->priv)
		free(priv_of(u)->last_line);
	free(u->priv);
}

static void unit_do_add_text(cJSON *obj, const char *name, const char *text)
{
	if (text && *text)
		cJSON_AddStringToObject(obj, name, text);
	else
		cJSON_AddNullToObject(obj, name);
}

static void unit_add_number(cJSON *obj, const char *name, int64_t n, bool known)
{
	if (known)
		cJSON_AddNumberToObject(obj, name, (double)n);
	else
		cJSON_AddNullToObject(obj, name);
}

static void unit_json(const struct row *row, void *cjson)
{
	const struct unit *u = const_unit_of(row);
	cJSON *obj = cjson;
	cJSON_AddBoolToObject(obj, "user", u->user);
	unit_do_add_text(obj, "description", u->description);
	unit_do_add_text(obj, "load", u->load);
	unit_do_add_text(obj, "active", u->active);
	unit_do_add_text(obj, "sub", u->sub);
	unit_do_add_text(obj, "file_state", u->file_state);
	unit_do_add_text(obj, "result", u->result);
	unit_add_number(obj, "active_since_ms", u->active_ms, u->active_ms > 0);
	unit_add_number(obj, "inactive_since_ms", u->inactive_ms, u->inactive_ms > 0);
	unit_add_number(obj, "main_pid", u->main_pid, u->main_pid > 0);
	unit_add_number(obj, "exit_status", u->exit_status, u->exit_status >= 0);
	unit_add_number(obj, "memory_bytes", u->memory, u->memory >= 0);
	unit_add_number(obj, "cpu_ns", u->cpu_ns, u->cpu_ns >= 0);
	unit_add_number(obj, "restarts", u->restarts, u->restarts >= 0);
	unit_add_number(obj, "next_ms", u->next_ms, u->next_ms > 0);
	unit_do_add_text(obj, "triggers", u->triggers);
	unit_do_add_text(obj, "nearest", u->nearest);
	cJSON_AddBoolToObject(obj, "wanted", u->wanted);
}

const struct kind kind_unit = {
	.name = "unit",
	.plural = "units",
	.row_size = sizeof(struct unit),
	.actions = unit_actions,
	.finish = unit_finish,
	.detail = unit_detail,
	.follow = unit_follow,
	.json = unit_json,
};
