/* history.c: a file of ended runs, with one JSON line each. Each line is appended whole and synced.
 * So a crash loses no line, and half a line does no harm. A run may have several lines: from two
 * consoles, and another after its checks. Reading keeps the first end and the last result of the
 * checks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/state_file.h"
#include "backends/deploy/internal.h"
#include "backends/store/activity.h"
#include "backends/store/record.h"
#include "backends/store/settings.h"

#define HISTORY_READ_MAX (4u << 20) /* read from the end of the file: some ten thousand runs */

static char *deploy_history_path_of(const struct store *store)
{
	return xasprintf("%s/deploys.jsonl", store_settings(store)->state_dir);
}

static char *deploy_history_line_of(const struct deploy *d, const struct deploy_run *r)
{
	cJSON *o = cJSON_CreateObject();
	const struct {
		const char *name, *value;
	} texts[] = {
		{ "server", d->row.server->name },
		{ "name", d->row.name },
		{ "id", r->id },
		{ "what", r->what },
		{ "by", r->by },
		{ "args", r->args },
		{ "how", r->how },
		{ "before", r->before },
		{ "after", r->after },
		{ "failed_check", r->failed_check },
		{ "changed", r->changed },
		{ "dir", d->project ? d->project->dir : "" },
		{ "files", d->project ? d->project->files : "" },
		{ "envfiles", d->project ? d->project->env : "" },
		{ "engine", d->project ? d->project->engine : "" },
	};
	const struct {
		const char *name;
		double value;
	} numbers[] = {
		{ "started", (double)r->started_s }, { "ended", (double)r->ended_s },
		{ "size", (double)r->size },         { "code", r->code },
		{ "checked", r->checked },           { "gone", r->gone },
		{ "cancelled", r->cancelled },
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		cJSON_AddStringToObject(o, texts[i].name, texts[i].value);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		cJSON_AddNumberToObject(o, numbers[i].name, numbers[i].value);
	char *text = cJSON_PrintUnformatted(o), *line = xasprintf("%s\n", text);
	cJSON_free(text);
	cJSON_Delete(o);
	return line;
}

void deploy_history_add(const struct deploy *d, const struct deploy_run *run)
{
	struct store *store = d->row.server->store;
	if (replay_is_on(store))
		return;
	struct err err;
	char *path = deploy_history_path_of(store), *line = deploy_history_line_of(d, run);
	if (!state_append(path, line, true, &err) && err.code)
		activity_add(store, ACTIVITY_NOTE, HEALTH_ATTENTION, d->row.id, "%s", err.text);
	free(path);
	free(line);
}

/* --- reading ------------------------------------------------------------- */

static const char *deploy_history_text_in(const cJSON *o, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));
	return s ? s : "";
}

static int64_t deploy_history_number_in(const cJSON *o, const char *name, int64_t fallback)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(o, name);
	return cJSON_IsNumber(n) ? number_whole(n->valuedouble, fallback) : fallback;
}

/* Applies a line by turning it into the server's events. */
static void deploy_history_apply(struct deploys *ds, const cJSON *o)
{
	const char *id = deploy_history_text_in(o, "id");
	if (strcmp(deploy_history_text_in(o, "server"), ds->source.server->name) != 0 || !*id)
		return;
	char *start = xasprintf("start\t%s\tname=%s\twhat=%s\tby=%s\tstarted=%lld\thow=%s\tbefore=%"
	                        "s\tengine=%s\tdir=%s\tfiles=%s\tenvfiles=%s\targs=%s",
	                        id, deploy_history_text_in(o, "name"),
	                        deploy_history_text_in(o, "what"), deploy_history_text_in(o, "by"),
	                        (long long)deploy_history_number_in(o, "started", 0),
	                        deploy_history_text_in(o, "how"),
	                        deploy_history_text_in(o, "before"),
	                        deploy_history_text_in(o, "engine"),
	                        deploy_history_text_in(o, "dir"),
	                        deploy_history_text_in(o, "files"),
	                        deploy_history_text_in(o, "envfiles"),
	                        deploy_history_text_in(o, "args"));
	runs_apply(ds, start, strlen(start));
	free(start);
	const char *cancelled = deploy_history_number_in(o, "cancelled", 0) ? "somebody" : "";
	char *end = xasprintf("%s\t%s\tcode=%lld\tended=%lld\tsize=%lld\tafter=%s\tchanged=%"
	                      "s\tcancelled=%s",
	                      deploy_history_number_in(o, "gone", 0) ? "gone" : "end", id,
	                      (long long)deploy_history_number_in(o, "code", -1),
	                      (long long)deploy_history_number_in(o, "ended", 0),
	                      (long long)deploy_history_number_in(o, "size", -1),
	                      deploy_history_text_in(o, "after"),
	                      deploy_history_text_in(o, "changed"), cancelled);
	runs_apply(ds, end, strlen(end));
	free(end);
	struct row *r = (struct row *)deploy_row(ds, deploy_history_text_in(o, "name"));
	for (size_t i = 0; i < dep_of(r)->n; i++)
		if (!strcmp(dep_of(r)->runs[i].id, id) &&
		    deploy_history_number_in(o, "checked", 0)) {
			dep_of(r)->runs[i].checked = (int)deploy_history_number_in(o, "checked", 0);
			snprintf(dep_of(r)->runs[i].failed_check,
			         sizeof(dep_of(r)->runs[i].failed_check), "%s",
			         deploy_history_text_in(o, "failed_check"));
		}
	deploy_judge(ROW_AS(deploy, r));
}

void deploy_history_load(struct deploys *ds)
{
	if (replay_is_on(ds->source.store))
		return;
	char *path = deploy_history_path_of(ds->source.store),
	     *text = state_read(path, HISTORY_READ_MAX, NULL, NULL), *save = NULL;
	free(path);
	ds->loading = true;
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		cJSON *o = json_parse(line, strlen(line));
		if (cJSON_IsObject(o))
			deploy_history_apply(ds, o);
		cJSON_Delete(o);
	}
	free(text);
	ds->loading = false;
}
