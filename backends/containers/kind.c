/* kind.c: the container as a kind of row. */
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "backends/base/json_write.h"
#include "backends/base/mem.h"
#include "backends/containers/containers.h"
#include "backends/containers/engine.h"

static void container_finish(struct row *row)
{
	struct container *c = ROW_AS(container, row);
	ctr_free(c->priv);
	char *owned[] = { c->engine_id,   c->image,         c->image_id,    c->command,
		          c->ports,       c->networks,      c->project,     c->service,
		          c->project_dir, c->project_files, c->project_env, c->last_lines,
		          c->digest,      c->newer,         c->update_why };
	for (size_t i = 0; i < ARRAY_LEN(owned); i++)
		free(owned[i]);
}

static void container_json(const struct row *row, void *out)
{
	const struct container *c = ROW_AS(container, row);
	cJSON *o = out;
	bool died = c->state == CONTAINER_EXITED || c->state == CONTAINER_DEAD ||
	            c->state == CONTAINER_RESTARTING;
	json_add_text(o, "engine", row->source ? row->source->backend->name : NULL);
	json_add_text(o, "engine_id", c->engine_id);
	json_add_text(o, "state", container_state_name(c->state));
	json_add_text(o, "check", container_health_name(c->health));
	json_add_text(o, "image", c->image);
	json_add_text(o, "image_digest", c->digest);
	json_add_text(o, "image_newer", c->newer);
	json_add_time(o, "image_asked_ms", c->update_ms);
	json_add_text(o, "ports", c->ports);
	json_add_text(o, "networks", c->networks);
	json_add_text(o, "project", c->project);
	json_add_text(o, "service", c->service);
	json_add_time(o, "created_ms", c->created_ms);
	json_add_time(o, "started_ms", c->started_ms);
	json_add_time(o, "finished_ms", c->finished_ms);
	json_add_number(o, "restarts", c->restarts, c->restarts >= 0);
	json_add_number(o, "cpu_percent", c->cpu, c->cpu >= 0);
	json_add_number(o, "memory_bytes", c->mem, c->mem >= 0);
	json_add_number(o, "memory_limit_bytes", c->mem_limit, c->mem_limit >= 0);
	json_add_number(o, "net_rx_per_s", c->net_rx, c->net_rx >= 0);
	json_add_number(o, "net_tx_per_s", c->net_tx, c->net_tx >= 0);
	json_add_number(o, "exit_code", c->exit_code, died && c->exit_code >= 0);
	json_add_text(o, "exit_signal", died && *c->exit_signal ? c->exit_signal : NULL);
	cJSON_AddBoolToObject(o, "oom", c->oom);
	json_add_text(o, "death", c->death != DEATH_NONE ? death_class_name(c->death) : NULL);
	json_add_text(o, "last_lines", died ? c->last_lines : NULL);
}

struct container_counts containers_count(const struct server *v)
{
	int well = server_count(v, &kind_container, HEALTH_GOOD, HEALTH_GOOD);
	int busy = server_count(v, &kind_container, HEALTH_BUSY, HEALTH_ATTENTION);
	return (struct container_counts){
		.all = server_count(v, &kind_container, HEALTH_UNKNOWN, HEALTH_ASKS),
		.up = well + busy,
		.bad = server_count(v, &kind_container, HEALTH_ATTENTION, HEALTH_ASKS),
	};
}

static bool ctr_kind_runs(const struct row *row)
{
	return ROW_AS(container, row)->state == CONTAINER_RUNNING;
}

static const char *ctr_kind_word(const struct row *row)
{
	return ROW_AS(container, row)->newer ? WORD_UPDATES : NULL;
}

const struct kind kind_container = {
	.name = "container",
	.plural = "containers",
	.row_size = sizeof(struct container),
	.actions = container_actions,
	.finish = container_finish,
	.detail = ctr_detail,
	.follow = logs_follow,
	.shell = exec_shell,
	.shell_fits = ctr_kind_runs,
	.not_now = container_not_now,
	.word = ctr_kind_word,
	.json = container_json,
};
