/* activity.c: a ring buffer of entries, and the file that keeps them. */
#include "backends/store/activity.h"

#include <math.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/state_file.h"
#include "backends/base/wash.h"
#include "backends/link/loop.h"
#include "backends/store/internal.h"
#include "backends/store/record.h"

#define PAST_READ (64 << 10) /* bytes read from the end of the file at the start */
#define AGAIN_MS 15000       /* pause before a retry of lines that wait for space */
#define TEXT_MAX 700
#define MS_MAX 9e15 /* upper bound for a plausible wall clock */

struct activity {
	struct activity_entry entries[ACTIVITY_KEPT];
	uint64_t added;
	char *path;               /* owned; NULL: no file */
	struct loop_timer *again; /* owned; retries lines that wait for space */
	char *by;                 /* owned: name of the user of this console */
};

static const char *const what_names[] = {
	[ACTIVITY_ACTION] = "action",
	[ACTIVITY_CHANGE] = "change",
	[ACTIVITY_LINK] = "link",
	[ACTIVITY_NOTE] = "note",
};
static const char *const health_names[] = {
	[HEALTH_UNKNOWN] = "unknown", [HEALTH_GOOD] = "good",           [HEALTH_IDLE] = "idle",
	[HEALTH_BUSY] = "busy",       [HEALTH_ATTENTION] = "attention", [HEALTH_BAD] = "bad",
	[HEALTH_ASKS] = "asks",
};

static struct activity_entry *activity_slot(struct activity *a)
{
	struct activity_entry *e = &a->entries[a->added % ACTIVITY_KEPT];
	free(e->id);
	free(e->text);
	free(e->by);
	*e = (struct activity_entry){ .number = ++a->added };
	return e;
}

static unsigned activity_word_index(const cJSON *item, const char *const *names, size_t n)
{
	for (unsigned i = 0; i < n; i++)
		if (cJSON_IsString(item) && strcmp(item->valuestring, names[i]) == 0)
			return i;
	return 0;
}

/* Reads one line of the file. An earlier run wrote the line, but it may hold anything. */
static void activity_read_line(struct activity *a, const char *line)
{
	cJSON *o = json_parse(line, strlen(line));
	const cJSON *text = cJSON_GetObjectItem(o, "text"), *id = cJSON_GetObjectItem(o, "id");
	const cJSON *ms = cJSON_GetObjectItem(o, "ms"), *by = cJSON_GetObjectItem(o, "by");
	if (cJSON_IsString(text) && cJSON_IsString(id) && cJSON_IsNumber(ms) &&
	    fabs(ms->valuedouble) < MS_MAX) {
		struct activity_entry *e = activity_slot(a);
		e->wall_ms = number_whole(ms->valuedouble, 0);
		e->what = activity_word_index(cJSON_GetObjectItem(o, "what"), what_names,
		                              ARRAY_LEN(what_names));
		e->health = activity_word_index(cJSON_GetObjectItem(o, "health"), health_names,
		                                ARRAY_LEN(health_names));
		e->id = wash_dup(id->valuestring, 0);
		e->text = wash_dup(text->valuestring, 0);
		e->by = cJSON_IsString(by) ? wash_dup(by->valuestring, 0) : NULL;
	}
	cJSON_Delete(o);
}

static void activity_read_past(struct activity *a)
{
	char *text = state_read(a->path, PAST_READ, NULL, NULL), *save = NULL;
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		activity_read_line(a, line);
	free(text);
}

struct activity *activity_create(const char *state_dir)
{
	struct activity *a = xcalloc(1, sizeof(*a));
	struct passwd *pw = getpwuid(getuid());
	a->by = xstrdup(pw ? pw->pw_name : "?");
	/* with /dev/null nothing can be kept; the user was warned at the start */
	if (state_dir && strcmp(state_dir, "/dev/null") != 0) {
		a->path = xasprintf("%s/activity.jsonl", state_dir);
		activity_read_past(a);
	}
	return a;
}

void activity_destroy(struct activity *a)
{
	loop_timer_remove(a->again);
	state_flush();
	for (size_t i = 0; i < ACTIVITY_KEPT; i++) {
		free(a->entries[i].id);
		free(a->entries[i].text);
		free(a->entries[i].by);
	}
	free(a->path);
	free(a->by);
	free(a);
}

static void activity_on_again(struct loop_timer *t, void *arg)
{
	if (!state_flush())
		loop_timer_set(t, AGAIN_MS);
}

/* The line could not be written. This console keeps the entry anyway. The user is warned once. */
static void activity_not_written(struct store *s, const struct err *err)
{
	struct activity *a = s->activity;
	if (!a->again)
		a->again = loop_timer_add(s->loop, -1, activity_on_again, a);
	loop_timer_set(a->again, AGAIN_MS);
	if (!err->code)
		return;
	struct activity_entry *e = activity_slot(a);
	e->wall_ms = now_wall_ms();
	e->what = ACTIVITY_NOTE;
	e->health = HEALTH_BAD;
	e->id = xstrdup("");
	e->text = xstrdup(err->text);
}

static void activity_write_line(struct store *s, const struct activity_entry *e)
{
	struct activity *a = s->activity;
	struct err err;
	if (!a->path)
		return;
	cJSON *o = cJSON_CreateObject();
	cJSON_AddNumberToObject(o, "ms", (double)e->wall_ms);
	cJSON_AddStringToObject(o, "what", what_names[e->what]);
	cJSON_AddStringToObject(o, "health", health_names[e->health]);
	cJSON_AddStringToObject(o, "id", e->id);
	cJSON_AddStringToObject(o, "text", e->text);
	if (e->by)
		cJSON_AddStringToObject(o, "by", e->by);
	char *text = cJSON_PrintUnformatted(o);
	char *line = xasprintf("%s\n", text);
	if (!state_append(a->path, line, false, &err))
		activity_not_written(s, &err);
	free(line);
	cJSON_free(text);
	cJSON_Delete(o);
	state_rotate(a->path, ACTIVITY_FILE_MAX);
}

void activity_add(struct store *s, enum activity_what what, enum health health, const char *id,
                  const char *fmt, ...)
{
	char raw[TEXT_MAX], text[TEXT_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	wash(text, sizeof(text), raw, strlen(raw));
	struct activity *a = s->activity;
	struct activity_entry *e = activity_slot(a);
	e->wall_ms = now_wall_ms();
	e->what = what;
	e->health = health;
	e->id = xstrdup(id ? id : "");
	e->text = xstrdup(text);
	e->by = what == ACTIVITY_ACTION ? xstrdup(a->by) : NULL;
	if (!replay_is_on(s))
		activity_write_line(s, e);
	store_changed(s);
}

size_t activity_count(const struct store *s)
{
	return s->activity->added < ACTIVITY_KEPT ? (size_t)s->activity->added : ACTIVITY_KEPT;
}

const struct activity_entry *activity_get(const struct store *s, size_t newest_first)
{
	if (newest_first >= activity_count(s))
		return NULL;
	return &s->activity->entries[(s->activity->added - 1 - newest_first) % ACTIVITY_KEPT];
}
