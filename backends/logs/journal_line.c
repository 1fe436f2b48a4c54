#include "backends/logs/journal_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"
#include "backends/store/level.h"

#define MESSAGE_MAX (256u << 10)

/* Appends what fits. out->overflowed is set if something did not fit. */
static void journal_line_add_bytes(struct buf *out, const char *bytes, size_t n)
{
	size_t room = out->max - out->len;
	buf_add(out, bytes, n < room ? n : room);
	out->overflowed |= n > room;
}

/* Appends a field: a string, or an array of numbers for bytes that are not text. A field that
 * occurs twice is an array of these (journalctl(1), -o json). */
static void journal_line_add_field(struct buf *out, const cJSON *v)
{
	const cJSON *item;
	if (cJSON_IsString(v)) {
		journal_line_add_bytes(out, v->valuestring, strlen(v->valuestring));
		return;
	}
	cJSON_ArrayForEach (item, v) {
		if (cJSON_IsNumber(item)) {
			char byte = (char)(unsigned char)number_small(item->valuedouble, 0);
			journal_line_add_bytes(out, &byte, 1);
			continue;
		}
		if (out->len)
			journal_line_add_bytes(out, "\n", 1);
		journal_line_add_field(out, item);
	}
}

/* The value of a field. If the field occurs twice, its first value. */
static const cJSON *journal_line_field_of(const cJSON *obj, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(obj, name);
	return cJSON_IsArray(v) && !cJSON_IsNumber(v->child) ? v->child : v;
}

static int64_t journal_line_number_of(const cJSON *v, int64_t unknown)
{
	char *end;
	if (!cJSON_IsString(v))
		return unknown;
	long long n = strtoll(v->valuestring, &end, 10);
	return *end || end == v->valuestring || n < 0 ? unknown : n;
}

static void journal_line_take_field(char *dst, size_t size, const cJSON *obj, const char *name)
{
	struct buf text;
	buf_init(&text, size - 1);
	journal_line_add_field(&text, journal_line_field_of(obj, name));
	snprintf(dst, size, "%.*s", (int)text.len, text.len ? text.data : "");
	buf_finish(&text);
}

bool journal_line_parse(const char *line, size_t len, struct journal_line *out)
{
	struct buf text;
	cJSON *obj = len && *line == '{' ? json_parse(line, len) : NULL;
	const cJSON *message = cJSON_GetObjectItemCaseSensitive(obj, "MESSAGE");
	*out = (struct journal_line){ 0 };
	if (!cJSON_IsObject(obj)) {
		cJSON_Delete(obj);
		return false;
	}
	out->time_us =
		journal_line_number_of(cJSON_GetObjectItemCaseSensitive(obj,
	                                                                "__REALTIME_TIMESTAMP"),
	                               0);
	int priority = (int)journal_line_number_of(journal_line_field_of(obj, "PRIORITY"), -1);
	/* Priority 6 is the default for the output of a service. So the level in its text is the
	 * better guess. */
	out->level = priority < 0 || priority == 6 ? LOG_LEVEL_UNKNOWN
	                                           : level_of_priority(priority);
	/* The cursor returns to a command line later, where it is quoted. Still, only characters
	 * that systemd uses are accepted. */
	static const char safe[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789=;-_";
	const cJSON *cursor = cJSON_GetObjectItemCaseSensitive(obj, "__CURSOR");
	const char *at = cJSON_IsString(cursor) ? cursor->valuestring : "";
	if (strlen(at) < JOURNAL_CURSOR_SIZE && strspn(at, safe) == strlen(at))
		memcpy(out->cursor, at, strlen(at) + 1);
	/* who wrote it, and about which units */
	static const char *const units[] = { "UNIT", "USER_UNIT", "OBJECT_SYSTEMD_UNIT",
		                             "_SYSTEMD_USER_UNIT", "_SYSTEMD_UNIT" };
	char writer[96], name[33], pid[11];
	journal_line_take_field(name, sizeof(name), obj, "SYSLOG_IDENTIFIER");
	journal_line_take_field(pid, sizeof(pid), obj, "_PID");
	int n = snprintf(writer, sizeof(writer), *pid ? "%s[%s]" : "%s", name, pid);
	if (*name)
		wash(out->identifier, sizeof(out->identifier), writer, (size_t)n);
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		journal_line_take_field(out->units[i], sizeof(out->units[i]), obj, units[i]);
	if (message && !cJSON_IsNull(message)) {
		buf_init(&text, MESSAGE_MAX);
		journal_line_add_field(&text, message);
		out->len = text.len;
		out->cut = text.overflowed;
		out->text = buf_take(&text);
	}
	cJSON_Delete(obj);
	return true;
}

void journal_line_finish(struct journal_line *line)
{
	free(line->text);
	line->text = NULL;
}
