/* unseen.c: which sessions ended a turn that nobody looked at yet, and the file of them.
 *
 * The file of the state folder has a line for each mark, "MS ID", and "0 ID" when the user looked.
 * Lines are only appended, so consoles need no lock to agree: the last line of an id counts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/state_file.h"
#include "backends/sessions/sessions.h"
#include "backends/store/record.h"

#define UNSEEN_FILE_MAX (16u << 10)
#define UNSEEN_LONGEST_MS (24 * INT64_C(3600000)) /* later it is history */
#define UNSEEN_WORK_MS 60000 /* work so long after the mark: somebody was there */

/* Owned; NULL: nothing is kept. */
static char *unseen_path(const struct store *s)
{
	const struct settings *settings = store_settings(s);
	if (!settings->state_dir || replay_is_on(s))
		return NULL;
	return xasprintf("%s/unseen", settings->state_dir);
}

/* The last word of the file about that id: a time, 0 seen; -1: it says nothing. */
static int64_t unseen_in(const char *text, const char *id)
{
	int64_t found = -1;
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n"), digits = strspn(line, "0123456789");
		const char *who = line + digits + 1;
		bool is = digits && digits < 16 && n > digits + 1 && line[digits] == ' ';
		if (is && n - digits - 1 == strlen(id) && !memcmp(who, id, strlen(id)))
			found = number_long(line);
		line += n + (line[n] == '\n');
	}
	return found;
}

/* The text of the file, read again after it grew or became another; borrowed. */
static const char *unseen_text(struct sessions *ss)
{
	struct stat st;
	char *path = unseen_path(ss->source.store);
	int64_t size = path && stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
	if (size != ss->unseen_size) {
		free(ss->unseen_text);
		ss->unseen_text = size ? state_read(path, UNSEEN_FILE_MAX, NULL, NULL) : NULL;
		ss->unseen_size = size;
	}
	free(path);
	return ss->unseen_text ? ss->unseen_text : "";
}

static void unseen_write(const struct session *r, int64_t ms)
{
	struct err err;
	const struct store *s = r->row.server->store;
	/* a command that looks once shows the marks and makes none */
	char *path = store_settings(s)->started.once ? NULL : unseen_path(s);
	if (!path)
		return;
	char *line = xasprintf("%lld %s\n", (long long)ms, r->row.id);
	state_rotate(path, UNSEEN_FILE_MAX);
	/* a mark that is lost is only a mark: nothing is said about it */
	state_append(path, line, false, &err);
	free(line);
	free(path);
}

bool unseen_counts(const struct session *r)
{
	int64_t age = now_wall_ms() - r->finished_ms;
	return r->finished_ms && r->shown == SESSION_IDLE && !r->parent[0] && !r->archived_ms &&
	       age < UNSEEN_LONGEST_MS && store_settings(r->row.server->store)->wants.finished;
}

void unseen_mark(struct session *r, int64_t ms)
{
	struct sessions *ss = sessions_of(r->row.source);
	r->finished_ms = ms;
	unseen_write(r, ms);
	if (ss->unseen)
		loop_timer_set(ss->unseen, 0);
}

void unseen_drop(struct session *r, bool seen)
{
	if (r->finished_ms && seen)
		unseen_write(r, 0);
	r->finished_ms = 0;
}

void unseen_recall(struct session *r)
{
	struct sessions *ss = sessions_of(r->row.source);
	int64_t ms = unseen_in(unseen_text(ss), r->row.id);
	if (ms <= 0 || r->updated_ms > ms + UNSEEN_WORK_MS ||
	    now_wall_ms() - ms >= UNSEEN_LONGEST_MS)
		return;
	r->finished_ms = ms;
	if (ss->unseen)
		loop_timer_set(ss->unseen, 0);
}

bool unseen_follow(struct sessions *ss)
{
	const struct store *store = ss->source.store;
	const char *text = unseen_text(ss);
	bool any = false;
	struct row *row = store_first(store, &kind_session, ss->source.server);
	for (; row; row = store_next(row, &kind_session, ss->source.server)) {
		struct session *r = ROW_AS(session, row);
		if (!r->finished_ms)
			continue;
		bool seen = unseen_in(text, row->id) == 0;
		if (seen || now_wall_ms() - r->finished_ms >= UNSEEN_LONGEST_MS) {
			unseen_drop(r, false);
			if (ses_of(row))
				ses_judge(ses_of(row));
			else if (row->health == HEALTH_ATTENTION)
				store_row_health(row, HEALTH_IDLE, r->status_ms, NULL);
			store_touch(row);
		} else {
			any = true;
		}
	}
	return any;
}
