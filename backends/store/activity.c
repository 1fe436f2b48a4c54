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

static void activity_entry_finish(struct activity_entry *e)
{
	free(e->id);
	free(e->text);
	free(e->by);
}

static struct activity_entry *activity_slot(struct activity *a)
{
	struct activity_entry *e = &a->entries[a->added % ACTIVITY_KEPT];
	activity_entry_finish(e);
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

/* Reads one line of the file. An earlier run wrote the line, but it may hold anything. The caller
 * frees the texts. */
static bool activity_parse_line(const char *line, struct activity_entry *e)
{
	cJSON *o = json_parse(line, strlen(line));
	const cJSON *text = cJSON_GetObjectItem(o, "text"), *id = cJSON_GetObjectItem(o, "id");
	const cJSON *ms = cJSON_GetObjectItem(o, "ms"), *by = cJSON_GetObjectItem(o, "by");
	bool good = cJSON_IsString(text) && cJSON_IsString(id) && cJSON_IsNumber(ms) &&
	            fabs(ms->valuedouble) < MS_MAX;
	if (good) {
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
	return good;
}

/* Reads the last max bytes of a file. False: each wanted no more, or the file cannot be read. */
static bool activity_read_file(const char *path, size_t max,
                               bool (*each)(const struct activity_entry *, void *), void *arg,
                               struct err *err)
{
	char *text = state_read(path, max, NULL, err), *save = NULL;
	bool more = text != NULL;
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line && more;
	     line = strtok_r(NULL, "\n", &save)) {
		struct activity_entry e = { 0 };
		if (!activity_parse_line(line, &e))
			continue;
		more = each(&e, arg);
		activity_entry_finish(&e);
	}
	free(text);
	return more;
}

bool activity_read(const char *state_dir, bool (*each)(const struct activity_entry *, void *),
                   void *arg, struct err *err)
{
	char *path = xasprintf("%s/activity.jsonl", state_dir), *older = xasprintf("%s.1", path);
	struct err none = { 0 };
	bool more = activity_read_file(older, 2 * ACTIVITY_FILE_MAX, each, arg, &none) &&
	            activity_read_file(path, 2 * ACTIVITY_FILE_MAX, each, arg, &none);
	free(older);
	free(path);
	if (none.code)
		*err = none;
	return more || !none.code;
}

static bool activity_keep_past(const struct activity_entry *e, void *arg)
{
	struct activity_entry *slot = activity_slot(arg);
	uint64_t number = slot->number;
	*slot = *e;
	slot->number = number;
	slot->id = xstrdup(e->id);
	slot->text = xstrdup(e->text);
	slot->by = xstrdup(e->by);
	return true;
}

struct activity *activity_create(const char *state_dir)
{
	struct activity *a = xcalloc(1, sizeof(*a));
	struct passwd *pw = getpwuid(getuid());
	a->by = xstrdup(pw ? pw->pw_name : "?");
	/* with /dev/null nothing can be kept; the user was warned at the start */
	if (state_dir && strcmp(state_dir, "/dev/null") != 0) {
		a->path = xasprintf("%s/activity.jsonl", state_dir);
		activity_read_file(a->path, PAST_READ, activity_keep_past, a, NULL);
	}
	return a;
}

void activity_destroy(struct activity *a)
{
	loop_timer_remove(a->again);
	state_flush();
	for (size_t i = 0; i < ACTIVITY_KEPT; i++)
		activity_entry_finish(&a->entries[i]);
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

char *activity_json(const struct activity_entry *e)
{
	cJSON *o = cJSON_CreateObject();
	cJSON_AddNumberToObject(o, "ms", (double)e->wall_ms);
	cJSON_AddStringToObject(o, "what", what_names[e->what]);
	cJSON_AddStringToObject(o, "health", health_names[e->health]);
	cJSON_AddStringToObject(o, "id", e->id);
	cJSON_AddStringToObject(o, "text", e->text);
	if (e->by)
		cJSON_AddStringToObject(o, "by", e->by);
	char *printed = cJSON_PrintUnformatted(o), *text = xstrdup(printed);
	cJSON_free(printed);
	cJSON_Delete(o);
	return text;
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
	if (!replay_is_on(s) && a->path) {
		struct err err;
		char *json = activity_json(e), *line = xasprintf("%s\n", json);
		if (!state_append(a->path, line, false, &err))
			activity_not_written(s, &err);
		free(line);
		free(json);
		state_rotate(a->path, ACTIVITY_FILE_MAX);
	}
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
