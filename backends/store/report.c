#include "backends/store/report.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/store/action.h"
#include "backends/store/cause.h"
#include "backends/store/need.h"

const char *health_name(enum health health)
{
	static const char *const names[] = {
		[HEALTH_UNKNOWN] = "unknown",     [HEALTH_GOOD] = "good",
		[HEALTH_IDLE] = "idle",           [HEALTH_BUSY] = "busy",
		[HEALTH_ATTENTION] = "attention", [HEALTH_BAD] = "bad",
		[HEALTH_ASKS] = "asks",
	};
	return names[health];
}

/* Sorts numbers inside names by value: web_2 before web_10. */
static int report_by_id(const void *a, const void *b)
{
	const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;
	return strverscmp(x->id, y->id);
}

static int report_by_need(const void *a, const void *b)
{
	const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;
	int need_x = x->health >= HEALTH_ATTENTION ? (int)x->health : 0;
	int need_y = y->health >= HEALTH_ATTENTION ? (int)y->health : 0;
	return need_x != need_y ? need_y - need_x : report_by_id(a, b);
}

struct row **report_rows(const struct store *s, const struct kind *kind,
                         const struct server *server, enum report_order order, size_t *n)
{
	struct row **rows = xcalloc(store_count(s, kind, server) + 1, sizeof(*rows));
	*n = 0;
	for (struct row *row = store_first(s, kind, server); row;
	     row = store_next(row, kind, server))
		rows[(*n)++] = row;
	qsort(rows, *n, sizeof(*rows), order == REPORT_BY_NEED ? report_by_need : report_by_id);
	return rows;
}

static cJSON *report_row_json(const struct row *row)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "id", row->id);
	cJSON_AddStringToObject(o, "name", row->name);
	cJSON_AddStringToObject(o, "health", health_name(row->health));
	if (row->health_ms > 0)
		cJSON_AddNumberToObject(o, "since_ms", (double)row->health_ms);
	if (row->why)
		cJSON_AddStringToObject(o, "why", row->why);
	/* a condition that does not count: "set_aside":{"how":..,"at_ms":..,"until_ms":..} */
	const struct quiet *quiet = need_quiet_of(row);
	if (row->need == NEED_FOLDED) {
		char *under = cause_id(row);
		cJSON_AddStringToObject(o, "folded_under", under);
		free(under);
	}
	if (quiet) {
		cJSON *aside = cJSON_AddObjectToObject(o, "set_aside");
		cJSON_AddStringToObject(aside, "how", quiet_how_name(quiet->how));
		cJSON_AddNumberToObject(aside, "at_ms", (double)quiet->at_ms);
		if (quiet->until_ms)
			cJSON_AddNumberToObject(aside, "until_ms", (double)quiet->until_ms);
	}
	if (row->source)
		cJSON_AddBoolToObject(o, "stale", row->source->state != SOURCE_LIVE);
	if (row->kind->json)
		row->kind->json(row, o);
	return o;
}

static void report_add_rows(cJSON *array, const struct store *s, const struct kind *kind,
                            const struct server *server)
{
	size_t n;
	struct row **rows = report_rows(s, kind, server, REPORT_BY_ID, &n);
	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(array, report_row_json(rows[i]));
	free(rows);
}

char *report_json(const struct store *s)
{
	cJSON *root = cJSON_CreateObject();
	cJSON_AddNumberToObject(root, "version", 1);
	cJSON_AddNumberToObject(root, "time_ms", (double)now_wall_ms());
	cJSON *servers = cJSON_AddArrayToObject(root, "servers");
	for (struct server *v = store_servers(s); v; v = v->next) {
		cJSON *o = report_row_json(&v->row);
		for (const struct kind *const *k = kinds; *k; k++)
			report_add_rows(cJSON_AddArrayToObject(o, (*k)->plural), s, *k, v);
		cJSON_AddItemToArray(servers, o);
	}
	char *text = cJSON_Print(root);
	cJSON_Delete(root);
	return text;
}

char *report_rows_json(const struct store *s, const struct kind *kind)
{
	cJSON *rows = cJSON_CreateArray();
	report_add_rows(rows, s, kind, NULL);
	char *text = cJSON_Print(rows);
	cJSON_Delete(rows);
	return text;
}
