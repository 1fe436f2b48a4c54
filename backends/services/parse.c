/* parse.c: parses systemd's unit names, object paths and JSON values. Pure.
 *
 * Source: org.freedesktop.systemd1(5), systemd.unit(5) for names, sd_bus_path_encode(3) for
 * paths. */
#include <ctype.h>
#include <stddef.h>
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

/* Joins an array of strings with blanks. Triggers of a timer has one element. Owned; NULL: empty.
 */
static char *unit_parse_words(const cJSON *v)
{
	struct buf words;
	const cJSON *word;
	buf_init(&words, TEXT_MAX);
	cJSON_ArrayForEach (word, v) {
		if (words.len)
			buf_puts(&words, " ");
		buf_puts(&words, json_text(word));
	}
	char *out = words.len ? wash_dup(words.data, TEXT_MAX) : NULL;
	buf_finish(&words);
	return out;
}

/* How a value is kept. */
enum form {
	FORM_TEXT,   /* char[], washed */
	FORM_FILLED, /* the same, but an empty value changes nothing */
	FORM_OWNED,  /* char *, washed */
	FORM_WORDS,  /* char *: an array of strings, joined */
	FORM_MS,     /* int64_t, ms; given in us */
	FORM_TIME,   /* int64_t, us; 0 unknown */
	FORM_COUNT,  /* int64_t; -1 unknown */
	FORM_PID,    /* int; 0 none */
	FORM_INT,    /* int; -1 unknown */
	FORM_TRUTH,  /* bool */
	FORM_KNOWN   /* bool: the value was given */
};

/* Properties that rows show. A property may be kept in several fields. */
static const struct prop {
	const char *name;
	enum form form;
	bool priv;           /* a field of struct unit_priv, not of struct unit */
	size_t offset, size; /* of the field */
} row_props[] = {
#define UNIT(field) false, offsetof(struct unit, field), sizeof(((struct unit *)NULL)->field)
#define PRIV(field) \
	true, offsetof(struct unit_priv, field), sizeof(((struct unit_priv *)NULL)->field)
	{ "LoadState", FORM_TEXT, UNIT(load) },
	{ "ActiveState", FORM_TEXT, UNIT(active) },
	{ "SubState", FORM_TEXT, UNIT(sub) },
	{ "Description", FORM_OWNED, UNIT(description) },
	{ "UnitFileState", FORM_FILLED, UNIT(file_state) },
	{ "FragmentPath", FORM_OWNED, UNIT(fragment) },
	{ "Triggers", FORM_WORDS, UNIT(triggers) },
	{ "Result", FORM_TEXT, UNIT(result) },
	{ "ActiveEnterTimestamp", FORM_MS, UNIT(active_ms) },
	{ "ActiveEnterTimestamp", FORM_TIME, PRIV(active_wall_us) },
	{ "ActiveEnterTimestampMonotonic", FORM_TIME, PRIV(active_mono_us) },
	{ "InactiveEnterTimestamp", FORM_MS, UNIT(inactive_ms) },
	{ "StateChangeTimestamp", FORM_MS, PRIV(change_ms) },
	{ "MainPID", FORM_PID, UNIT(main_pid) },
	{ "ExecMainStatus", FORM_INT, UNIT(exit_status) },
	{ "MemoryCurrent", FORM_COUNT, UNIT(memory) },
	{ "CPUUsageNSec", FORM_COUNT, UNIT(cpu_ns) },
	{ "NRestarts", FORM_INT, UNIT(restarts) },
	{ "NextElapseUSecRealtime", FORM_TIME, PRIV(next_real_us) },
	{ "NextElapseUSecMonotonic", FORM_TIME, PRIV(next_mono_us) },
	{ "CanStart", FORM_TRUTH, UNIT(can_start) },
	{ "CanStop", FORM_TRUTH, UNIT(can_stop) },
	{ "CanReload", FORM_TRUTH, UNIT(can_reload) },
	{ "CanReload", FORM_KNOWN, PRIV(reload_known) },
#undef UNIT
#undef PRIV
};

static void unit_parse_take(struct unit *u, const struct prop *prop, const cJSON *v)
{
	void *field = (prop->priv ? (char *)u->priv : (char *)u) + prop->offset;
	const char *text = json_text(v);
	char **owned = field;
	int64_t *wide = field;
	int *narrow = field;
	bool *truth = field;
	switch (prop->form) {
	case FORM_FILLED:
		if (!*text)
			break;
		/* fall through */
	case FORM_TEXT: wash(field, prop->size, text, strlen(text)); break;
	case FORM_OWNED:
		free(*owned);
		*owned = *text ? wash_dup(text, TEXT_MAX) : NULL;
		break;
	case FORM_WORDS:
		free(*owned);
		*owned = unit_parse_words(v);
		break;
	case FORM_MS: *wide = json_int(v, 0) / 1000; break;
	case FORM_TIME: *wide = json_int(v, 0); break;
	case FORM_COUNT: *wide = json_int(v, -1); break;
	case FORM_PID: *narrow = (int)json_int(v, 0); break;
	case FORM_INT: *narrow = (int)json_int(v, -1); break;
	case FORM_TRUTH: *truth = cJSON_IsTrue(v); break;
	case FORM_KNOWN: *truth = true; break;
	}
}

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

void unit_take_props(struct unit *u, const cJSON *obj)
{
	struct unit_priv *p = priv_of(u);
	const cJSON *v;
	if (!cJSON_IsObject(obj)) /* elements of an array have no names */
		return;
	cJSON_ArrayForEach (v, obj) {
		const cJSON *data = variant(v);
		for (size_t i = 0; i < ARRAY_LEN(row_props); i++)
			if (strcmp(row_props[i].name, v->string) == 0)
				unit_parse_take(u, &row_props[i], data);
		for (size_t i = 0; i < ARRAY_LEN(more_props); i++) {
			if (strcmp(more_props[i], v->string) != 0)
				continue;
			if (!p->more)
				p->more = cJSON_CreateObject();
			cJSON_DeleteItemFromObjectCaseSensitive(p->more, v->string);
			cJSON_AddItemToObject(p->more, v->string, cJSON_Duplicate(data, true));
		}
	}
	/* A timer gives its next run by wall clock, by monotonic clock, or both; then the earlier
	 * time counts. The server's monotonic clock is not ours. The time of activation is known by
	 * both clocks and converts one into the other. */
	int64_t real = p->next_real_us / 1000, mono = 0;
	if (p->next_mono_us && p->active_mono_us && p->active_wall_us)
		mono = (p->next_mono_us - p->active_mono_us + p->active_wall_us) / 1000;
	if (!real)
		u->next_ms = mono;
	else if (!mono || real < mono)
		u->next_ms = real;
	else
		u->next_ms = mono;
}
