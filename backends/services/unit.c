/* unit.c: kind_unit, the kind of row for units. */
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "backends/base/json_write.h"
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

static void unit_json(const struct row *row, void *cjson)
{
	const struct unit *u = unit_of(row);
	cJSON *obj = cjson;
	cJSON_AddBoolToObject(obj, "user", u->user);
	json_add_filled(obj, "description", u->description);
	json_add_filled(obj, "load", u->load);
	json_add_filled(obj, "active", u->active);
	json_add_filled(obj, "sub", u->sub);
	json_add_filled(obj, "file_state", u->file_state);
	json_add_filled(obj, "result", u->result);
	json_add_time(obj, "active_since_ms", u->active_ms);
	json_add_time(obj, "inactive_since_ms", u->inactive_ms);
	json_add_number(obj, "main_pid", u->main_pid, u->main_pid > 0);
	json_add_number(obj, "exit_status", u->exit_status, u->exit_status >= 0);
	json_add_number(obj, "memory_bytes", u->memory, u->memory >= 0);
	json_add_number(obj, "cpu_ns", u->cpu_ns, u->cpu_ns >= 0);
	json_add_number(obj, "restarts", u->restarts, u->restarts >= 0);
	json_add_time(obj, "next_ms", u->next_ms);
	json_add_filled(obj, "triggers", u->triggers);
	json_add_filled(obj, "nearest", u->nearest);
	cJSON_AddBoolToObject(obj, "wanted", u->wanted);
}

int units_failed(const struct server *v)
{
	return server_count(v, &kind_unit, HEALTH_BAD, HEALTH_BAD);
}

const struct kind kind_unit = {
	.name = "unit",
	.plural = "units",
	.alias = "service",
	.suffix = ".service",
	.row_size = sizeof(struct unit),
	.actions = unit_actions,
	.finish = unit_finish,
	.detail = unit_detail,
	.follow = unit_follow,
	.not_now = unit_not_now,
	.json = unit_json,
};
