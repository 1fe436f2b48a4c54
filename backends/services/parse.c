/* parse.c: parses systemd's unit names, object paths and JSON values. Pure.
 *
 * Source: org.freedesktop.systemd1(5), systemd.unit(5) for names, sd_bus_path_encode(3) for
 * paths. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"
#include "backends/services/systemd.h"

#define UNIT_PATH_PREFIX SYSTEMD_PATH "/unit/"
#define TEXT_MAX 1024

/* --- names --------------------------------------------------------------- */

const char *unit_suffix(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot ? dot : "";
}

static const char *const ours[] = { ".service", ".timer", ".socket", NULL };
static const char *const others[] = { ".mount",  ".automount", ".swap",  ".path", ".target",
	                              ".device", ".slice",     ".scope", NULL };

static bool unit_parse_is_one_of(const char *name, const char *const *suffixes)
{
	/* All characters that systemd allows in a name. Patterns and paths are no units. */
	static const char valid[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";
	size_t n = strlen(name);
	const char *at = strchr(name, '@');
	if (n >= UNIT_NAME_SIZE || strspn(name, valid) != n ||
	    (at && at[1] == '.')) /* "getty@.service" is a template */
		return false;
	for (; *suffixes; suffixes++)
		if (strcmp(unit_suffix(name), *suffixes) == 0)
			return n > strlen(*suffixes);
	return false;
}

bool unit_is_ours(const char *name)
{
	return unit_parse_is_one_of(name, ours);
}

bool unit_is_other(const char *name)
{
	return unit_parse_is_one_of(name, others);
}

/* Encodes as sd_bus_path_encode(3) does: letters and digits stay. Other characters, and a digit at
 * the start, become _xx. */
bool unit_path(const char *name, char *path, size_t size)
{
	struct buf out;
	buf_init(&out, size);
	buf_puts(&out, UNIT_PATH_PREFIX);
	for (const char *c = name; *c; c++) {
		bool plain = isalpha((unsigned char)*c) || (c > name && isdigit((unsigned char)*c));
		if (plain && !((unsigned char)*c & 0x80))
			buf_add(&out, c, 1);
		else
			buf_addf(&out, "_%02x", (unsigned char)*c);
	}
	bool fits = !out.overflowed && out.len < size && *name;
	snprintf(path, size, "%s", fits ? out.data : "");
	buf_finish(&out);
	return fits;
}

static int unit_parse_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool unit_of_path(const char *path, char *name, size_t size)
{
	size_t n = 0;
	if (strncmp(path, UNIT_PATH_PREFIX, strlen(UNIT_PATH_PREFIX)) != 0 || !size)
		return false;
	for (const char *c = path + strlen(UNIT_PATH_PREFIX); *c; c++) {
		if (n + 1 >= size)
			return false;
		if (*c != '_') {
			name[n++] = *c;
			continue;
		}
		int high = unit_parse_hex(c[1]), low = high < 0 ? -1 : unit_parse_hex(c[2]);
		if (low < 0 || (high == 0 && low == 0))
			return false;
		name[n++] = (char)(high << 4 | low);
		c += 2;
	}
	name[n] = '\0';
	return n > 0;
}

/* --- values -------------------------------------------------------------- */

int64_t json_int(const cJSON *v, int64_t unknown)
{
	if (cJSON_IsNumber(v))
		return number_whole(v->valuedouble, unknown);
	if (cJSON_IsBool(v))
		return cJSON_IsTrue(v);
	if (!cJSON_IsString(v))
		return unknown;
	char *end;
	unsigned long long n = strtoull(v->valuestring, &end, 10);
	return *end || end == v->valuestring || n > INT64_MAX ? unknown : (int64_t)n;
}

const cJSON *variant(const cJSON *v)
{
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(v, "data");
	return data ? data : v;
}

const char *json_text(const cJSON *v)
{
	return cJSON_IsString(v) ? v->valuestring : "";
}

/* --- properties ---------------------------------------------------------- */

static void unit_parse_take_text(char *dst, size_t size, const cJSON *v)
{
	wash(dst, size, json_text(v), strlen(json_text(v)));
}

static void unit_parse_take_owned(char **slot, const cJSON *v)
{
	char *clean = *json_text(v) ? wash_dup(json_text(v), TEXT_MAX) : NULL;
	free(*slot);
	*slot = clean;
}

static int64_t unit_parse_usec_to_ms(const cJSON *v)
{
	return json_int(v, 0) / 1000;
}

static void unit_parse_take_load(struct unit *u, const cJSON *v)
{
	unit_parse_take_text(u->load, sizeof u->load, v);
}
static void unit_parse_take_active(struct unit *u, const cJSON *v)
{
	unit_parse_take_text(u->active, sizeof u->active, v);
}
static void unit_parse_take_sub(struct unit *u, const cJSON *v)
{
	unit_parse_take_text(u->sub, sizeof u->sub, v);
}
static void unit_parse_take_description(struct unit *u, const cJSON *v)
{
	unit_parse_take_owned(&u->description, v);
}
static void unit_parse_take_fragment(struct unit *u, const cJSON *v)
{
	unit_parse_take_owned(&u->fragment, v);
}
static void unit_parse_take_triggers(struct unit *u, const cJSON *v)
{
	/* Joins an array of strings with blanks. Triggers of a timer has one element. */
	char **slot = &u->triggers;
	struct buf words;
	const cJSON *word;
	buf_init(&words, TEXT_MAX);
	cJSON_ArrayForEach (word, v) {
		if (words.len)
			buf_puts(&words, " ");
		buf_puts(&words, json_text(word));
	}
	free(*slot);
	*slot = words.len ? wash_dup(words.data, TEXT_MAX) : NULL;
	buf_finish(&words);
}
static void unit_parse_take_result(struct unit *u, const cJSON *v)
{
	unit_parse_take_text(u->result, sizeof u->result, v);
}
static void unit_parse_take_inactive(struct unit *u, const cJSON *v)
{
	u->inactive_ms = unit_parse_usec_to_ms(v);
}
static void unit_parse_take_change(struct unit *u, const cJSON *v)
{
	priv_of(u)->change_ms = unit_parse_usec_to_ms(v);
}
static void unit_parse_take_pid(struct unit *u, const cJSON *v)
{
	u->main_pid = (int)json_int(v, 0);
}
static void unit_parse_take_status(struct unit *u, const cJSON *v)
{
	u->exit_status = (int)json_int(v, -1);
}
static void unit_parse_take_memory(struct unit *u, const cJSON *v)
{
	u->memory = json_int(v, -1);
}
static void unit_parse_take_cpu(struct unit *u, const cJSON *v)
{
	u->cpu_ns = json_int(v, -1);
}
static void unit_parse_take_restarts(struct unit *u, const cJSON *v)
{
	u->restarts = (int)json_int(v, -1);
}
static void unit_parse_take_can_start(struct unit *u, const cJSON *v)
{
	u->can_start = cJSON_IsTrue(v);
}
static void unit_parse_take_can_stop(struct unit *u, const cJSON *v)
{
	u->can_stop = cJSON_IsTrue(v);
}

static void unit_parse_take_can_reload(struct unit *u, const cJSON *v)
{
	u->can_reload = cJSON_IsTrue(v);
	priv_of(u)->reload_known = true;
}

static void unit_parse_take_file_state(struct unit *u, const cJSON *v)
{
	if (*json_text(v))
		unit_parse_take_text(u->file_state, sizeof u->file_state, v);
}

static void unit_parse_take_active_enter(struct unit *u, const cJSON *v)
{
	priv_of(u)->active_wall_us = json_int(v, 0);
	u->active_ms = unit_parse_usec_to_ms(v);
}

static void unit_parse_take_active_mono(struct unit *u, const cJSON *v)
{
	priv_of(u)->active_mono_us = json_int(v, 0);
}
static void unit_parse_take_next_real(struct unit *u, const cJSON *v)
{
	priv_of(u)->next_real_us = (uint64_t)json_int(v, 0);
}
static void unit_parse_take_next_mono(struct unit *u, const cJSON *v)
{
	priv_of(u)->next_mono_us = (uint64_t)json_int(v, 0);
}

static const struct {
	const char *name;
	void (*take)(struct unit *, const cJSON *);
} row_props[] = {
	{ "LoadState", unit_parse_take_load },
	{ "ActiveState", unit_parse_take_active },
	{ "SubState", unit_parse_take_sub },
	{ "Description", unit_parse_take_description },
	{ "UnitFileState", unit_parse_take_file_state },
	{ "FragmentPath", unit_parse_take_fragment },
	{ "Triggers", unit_parse_take_triggers },
	{ "Result", unit_parse_take_result },
	{ "ActiveEnterTimestamp", unit_parse_take_active_enter },
	{ "ActiveEnterTimestampMonotonic", unit_parse_take_active_mono },
	{ "InactiveEnterTimestamp", unit_parse_take_inactive },
	{ "StateChangeTimestamp", unit_parse_take_change },
	{ "MainPID", unit_parse_take_pid },
	{ "ExecMainStatus", unit_parse_take_status },
	{ "MemoryCurrent", unit_parse_take_memory },
	{ "CPUUsageNSec", unit_parse_take_cpu },
	{ "NRestarts", unit_parse_take_restarts },
	{ "NextElapseUSecRealtime", unit_parse_take_next_real },
	{ "NextElapseUSecMonotonic", unit_parse_take_next_mono },
	{ "CanStart", unit_parse_take_can_start },
	{ "CanStop", unit_parse_take_can_stop },
	{ "CanReload", unit_parse_take_can_reload },
};

/* Properties for the details. Properties in neither table are dropped. */
static const char *const more_props[] = { "ExecStart",
	                                  "ExecMainCode",
	                                  "TasksCurrent",
	                                  "MemoryPeak",
	                                  "MemoryMax",
	                                  "Restart",
	                                  "User",
	                                  "WorkingDirectory",
	                                  "TriggeredBy",
	                                  "DropInPaths",
	                                  "StatusText",
	                                  "Documentation",
	                                  "NeedDaemonReload",
	                                  "LastTriggerUSec",
	                                  "Listen",
	                                  "NAccepted",
	                                  "NConnections",
	                                  "InvocationID",
	                                  "ControlGroup",
	                                  "Type",
	                                  "WantedBy",
	                                  "What",
	                                  "Where",
	                                  "Options" };

static bool unit_parse_is_more(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(more_props); i++)
		if (strcmp(more_props[i], name) == 0)
			return true;
	return false;
}

/* Computes a timer's next run. A timer gives it by wall clock, by monotonic clock, or both; then
 * the earlier time counts. The server's monotonic clock is not ours. The time of activation is
 * known by both clocks and converts one into the other. */
static void unit_parse_set_next(struct unit *u)
{
	const struct unit_priv *p = priv_of(u);
	int64_t real = (int64_t)(p->next_real_us / 1000), mono = 0;
	if (p->next_mono_us && p->active_mono_us && p->active_wall_us)
		mono = ((int64_t)p->next_mono_us - p->active_mono_us + p->active_wall_us) / 1000;
	if (!real)
		u->next_ms = mono;
	else if (!mono || real < mono)
		u->next_ms = real;
	else
		u->next_ms = mono;
}

void unit_take_props(struct unit *u, const cJSON *obj)
{
	const cJSON *v;
	if (!cJSON_IsObject(obj)) /* elements of an array have no names */
		return;
	cJSON_ArrayForEach (v, obj) {
		const cJSON *data = variant(v);
		for (size_t i = 0; i < ARRAY_LEN(row_props); i++)
			if (strcmp(row_props[i].name, v->string) == 0)
				row_props[i].take(u, data);
		if (unit_parse_is_more(v->string)) {
			struct unit_priv *p = priv_of(u);
			if (!p->more)
				p->more = cJSON_CreateObject();
			cJSON_DeleteItemFromObjectCaseSensitive(p->more, v->string);
			cJSON_AddItemToObject(p->more, v->string, cJSON_Duplicate(data, true));
		}
	}
	unit_parse_set_next(u);
}
