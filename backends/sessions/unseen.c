/* unseen.c: which sessions ended a turn that nobody looked at yet, and the file of them.
 *
 * The file of the state folder has a line for each mark, "MS ID", and "seen MS ID" when the user
 * looked. Lines are only appended, so consoles need no lock to agree. A mark that is not newer than
 * the last look counts for nothing: another console may write the end of the same turn later.
 * Earlier versions wrote "0 ID" for a look at all marks before that line. */
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

#define UNSEEN_FILE_MAX (16u << 10) /* then the file is renamed, and both are read */
#define UNSEEN_READ_MAX (UNSEEN_FILE_MAX + 4096)
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

/* What the file says about that id: the time of a mark, 0 seen; -1: nothing. seen_ms: the last
 * look; 0: none. */
static int64_t unseen_in(const char *text, const char *id, int64_t *seen_ms)
{
	static const char seen_word[] = "seen ";
	int64_t found = -1;
	*seen_ms = 0;
	for (const char *line = text; *line;) {
		bool seen = strncmp(line, seen_word, strlen(seen_word)) == 0;
		const char *from = line + (seen ? strlen(seen_word) : 0);
		size_t n = strcspn(from, "\n"), digits = strspn(from, "0123456789");
		const char *who = from + digits + 1;
		bool is = digits && digits < 16 && n > digits + 1 && from[digits] == ' ' &&
		          n - digits - 1 == strlen(id) && !memcmp(who, id, strlen(id));
		int64_t ms = is ? number_long(from) : 0;
		if (is && !seen)
			found = ms;
		else if (is && ms > *seen_ms)
			*seen_ms = ms;
		line = from + n + (from[n] == '\n');
	}
	return *seen_ms && found <= *seen_ms ? 0 : found;
}

/* The text of the file after that of the renamed one, read again when they changed; borrowed. */
static const char *unseen_text(struct sessions *ss)
{
	struct stat st;
	char *path = unseen_path(ss->source.store), *old = path ? xasprintf("%s.1", path) : NULL;
	int64_t size = 0;
	if (path && stat(path, &st) == 0)
		size += (int64_t)st.st_size;
	if (old && stat(old, &st) == 0)
		size += (int64_t)st.st_size;
	if (size != ss->unseen_size) {
		char *before = size ? state_read(old, UNSEEN_READ_MAX, NULL, NULL) : NULL;
		char *text = size ? state_read(path, UNSEEN_READ_MAX, NULL, NULL) : NULL;
		free(ss->unseen_text);
		if (before && text)
			ss->unseen_text = xasprintf("%s%s", before, text);
		else
			ss->unseen_text = text ? xstrdup(text) : NULL;
		ss->unseen_size = size;
		free(before);
		free(text);
	}
	free(old);
	free(path);
	return ss->unseen_text ? ss->unseen_text : "";
}

static void unseen_write(const struct session *r, const char *word, int64_t ms)
{
	struct err err;
	const struct store *s = r->row.server->store;
	/* a command that looks once shows the marks and makes none */
	char *path = store_settings(s)->started.once ? NULL : unseen_path(s);
	if (!path)
		return;
	char *line = xasprintf("%s%lld %s\n", word, (long long)ms, r->row.id);
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
	int64_t seen_ms, now = now_wall_ms();
	/* a server's clock may be ahead */
	ms = ms < now ? ms : now;
	unseen_in(unseen_text(ss), r->row.id, &seen_ms);
	/* the user looked in another console after the turn ended */
	if (ms <= seen_ms)
		return;
	r->finished_ms = ms;
	unseen_write(r, "", ms);
	if (ss->unseen)
		loop_timer_set(ss->unseen, 0);
}

void unseen_drop(struct session *r, bool seen)
{
	if (r->finished_ms && seen)
		unseen_write(r, "seen ", now_wall_ms());
	r->finished_ms = 0;
}

void unseen_recall(struct session *r)
{
	struct sessions *ss = sessions_of(r->row.source);
	int64_t seen_ms, ms = unseen_in(unseen_text(ss), r->row.id, &seen_ms);
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
		int64_t seen_ms;
		bool seen = unseen_in(text, row->id, &seen_ms) == 0;
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
