/* activity.c: a ring of what happened, and the file that keeps it. */
#include "backends/store/activity.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/private.h"
#include "backends/base/wash.h"
#include "backends/store/internal.h"
#include "backends/store/record.h"

#define PAST_READ (64 << 10)      /* bytes of the file's end that are read at the start */
#define TEXT_MAX 700
#define MS_MAX 9e15               /* a wall clock that can be */

struct activity {
	struct activity_entry entries[ACTIVITY_KEPT];
	uint64_t added;
	char *path;                   /* owned; NULL: no file */
	int fd;
	char *by;                     /* owned: who sits here */
};

static const char *const what_names[] = {
	[ACTIVITY_ACTION] = "action", [ACTIVITY_CHANGE] = "change", [ACTIVITY_LINK] = "link", [ACTIVITY_NOTE] = "note",
};
static const char *const health_names[] = {
	[HEALTH_UNKNOWN] = "unknown", [HEALTH_GOOD] = "good", [HEALTH_IDLE] = "idle", [HEALTH_BUSY] = "busy",
	[HEALTH_ATTENTION] = "attention", [HEALTH_BAD] = "bad", [HEALTH_ASKS] = "asks",
};

static struct activity_entry *slot(struct activity *a)
{
	struct activity_entry *e = &a->entries[a->added % ACTIVITY_KEPT];
	free(e->id);
	free(e->text);
	free(e->by);
	*e = (struct activity_entry){ .number = ++a->added };
	return e;
}

static unsigned word_index(const cJSON *item, const char *const *names, size_t n)
{
	for (unsigned i = 0; i < n; i++)
		if (cJSON_IsString(item) && strcmp(item->valuestring, names[i]) == 0)
			return i;
	return 0;
}

/* One line of the file: what an earlier run wrote, or anything at all. */
static void read_line(struct activity *a, const char *line)
{
	cJSON *o = json_parse(line, strlen(line));
	const cJSON *text = cJSON_GetObjectItem(o, "text"), *id = cJSON_GetObjectItem(o, "id");
	const cJSON *ms = cJSON_GetObjectItem(o, "ms"), *by = cJSON_GetObjectItem(o, "by");
	if (cJSON_IsString(text) && cJSON_IsString(id) && cJSON_IsNumber(ms) && fabs(ms->valuedouble) < MS_MAX) {
		struct activity_entry *e = slot(a);
		e->wall_ms = (int64_t)ms->valuedouble;
		e->what = word_index(cJSON_GetObjectItem(o, "what"), what_names, ARRAY_LEN(what_names));
		e->health = word_index(cJSON_GetObjectItem(o, "health"), health_names, ARRAY_LEN(health_names));
		e->id = wash_dup(id->valuestring, 0);
		e->text = wash_dup(text->valuestring, 0);
		e->by = cJSON_IsString(by) ? wash_dup(by->valuestring, 0) : NULL;
	}
	cJSON_Delete(o);
}

static void read_past(struct activity *a)
{
	FILE *f = private_read(a->path);
	if (!f)
		return;
	char *line = NULL;
	size_t cap = 0;
	if (fseek(f, -PAST_READ, SEEK_END) == 0)
		(void)!getline(&line, &cap, f);           /* the rest of a line that was cut */
	else
		rewind(f);
	while (getline(&line, &cap, f) > 0)
		read_line(a, line);
	free(line);
	fclose(f);
}

static void open_file(struct activity *a)
{
	a->fd = private_open(a->path, O_WRONLY | O_APPEND | O_CREAT);
}

struct activity *activity_create(const char *state_dir)
{
	struct activity *a = xcalloc(1, sizeof(*a));
	struct passwd *pw = getpwuid(getuid());
	a->by = xstrdup(pw ? pw->pw_name : "?");
	a->fd = -1;
	if (state_dir) {
		a->path = xasprintf("%s/activity.jsonl", state_dir);
		read_past(a);
		open_file(a);
	}
	return a;
}

void activity_destroy(struct activity *a)
{
	if (a->fd >= 0)
		close(a->fd);
	for (size_t i = 0; i < ACTIVITY_KEPT; i++) {
		free(a->entries[i].id);
		free(a->entries[i].text);
		free(a->entries[i].by);
	}
	free(a->path);
	free(a->by);
	free(a);
}

static void rotate(struct activity *a)
{
	struct stat st, named;
	if (fstat(a->fd, &st) != 0 || st.st_size < (off_t)ACTIVITY_FILE_MAX)
		return;
	char *old = xasprintf("%s.1", a->path);
	/* Another console may have done it already: then only the new file is to be opened. */
	bool ours = stat(a->path, &named) == 0 && named.st_dev == st.st_dev && named.st_ino == st.st_ino;
	if (!ours || rename(a->path, old) == 0) {
		close(a->fd);
		open_file(a);
	}
	free(old);
}

/* One write of one line: two consoles may write to the same file. */
static void write_line(struct activity *a, const struct activity_entry *e)
{
	if (a->fd < 0)
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
	(void)!write(a->fd, line, strlen(line));
	free(line);
	cJSON_free(text);
	cJSON_Delete(o);
	rotate(a);
}

void activity_add(struct store *s, enum activity_what what, enum health health, const char *id, const char *fmt, ...)
{
	char raw[TEXT_MAX], text[TEXT_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	wash(text, sizeof(text), raw, strlen(raw));
	struct activity *a = s->activity;
	struct activity_entry *e = slot(a);
	e->wall_ms = now_wall_ms();
	e->what = what;
	e->health = health;
	e->id = xstrdup(id ? id : "");
	e->text = xstrdup(text);
	e->by = what == ACTIVITY_ACTION ? xstrdup(a->by) : NULL;
	if (!replay_is_on(s))
		write_line(a, e);
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
