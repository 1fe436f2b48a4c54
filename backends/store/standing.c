/* standing.c: whether the condition of a row counts as a need, and the file of what the user set
 * aside.
 *
 * Every console of the user reads the file, adds its own changes and writes the file back. When
 * another console replaced the file, it is read again. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "backends/base/human.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/state_file.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/store/cause.h"
#include "backends/store/flap.h"
#include "backends/store/internal.h"
#include "backends/store/need.h"
#include "backends/store/record.h"

#define FILE_NAME "quiet.jsonl"
#define LOOK_MS 60000    /* the clock may be set, and a suspended machine does not count */
#define DIFFERS_MS 60000 /* another reason for this long: the user's word is about the past */

/* A change of this console that the file does not have yet. */
struct standing_change {
	char *id;      /* owned */
	int64_t at_ms; /* a drop concerns only what was set at this time; 0: whenever */
	bool drop;
	bool said; /* by the user; not found out by this program */
	struct standing_change *next;
};

struct standing {
	struct store *store; /* borrowed */
	struct quiets quiets;
	struct flaps flaps;
	char *path; /* owned; NULL: kept in memory only */
	struct standing_change *changes;
	bool write_failed; /* the user knows that the file cannot be written */
	struct loop_timer *timer;
	int64_t due_ms; /* loop clock, when the timer fires; 0: it is not set */
	int watch_fd;   /* inotify on the state folder; -1: none */
	struct loop_io *watch;
};

/* --- the file ------------------------------------------------------------ */

static struct standing_change *standing_change_add(struct standing *st, const char *id,
                                                   int64_t at_ms, bool drop)
{
	struct standing_change *one = xcalloc(1, sizeof(*one));
	*one = (struct standing_change){ .id = xstrdup(id), .at_ms = at_ms, .drop = drop };
	LL_APPEND(st->changes, one);
	return one;
}

/* Keeps those that the user said, if keep_said. */
static void standing_changes_forget(struct standing *st, bool keep_said)
{
	struct standing_change *one, *next;
	LL_FOREACH_SAFE (st->changes, one, next) {
		if (keep_said && one->said)
			continue;
		LL_DELETE(st->changes, one);
		free(one->id);
		free(one);
	}
}

/* What the file holds now, with the changes of this console, becomes the list. */
static void standing_take(struct standing *st, const char *text)
{
	struct quiets fresh = { 0 };
	quiets_read(&fresh, text);
	/* Another console may have set the same condition aside since: then it is not dropped. */
	for (const struct standing_change *one = st->changes; one; one = one->next) {
		const struct quiet *there = quiet_find(&fresh, one->id);
		const struct quiet *ours = quiet_find(&st->quiets, one->id);
		if (!one->drop && ours)
			quiet_copy(&fresh, ours);
		else if (one->drop && there && (!one->at_ms || there->at_ms == one->at_ms))
			quiet_drop(&fresh, one->id);
	}
	quiets_finish(&st->quiets);
	st->quiets = fresh;
}

static bool standing_merge(const char *old, size_t len, struct buf *out, void *arg)
{
	struct standing *st = arg;
	(void)len;
	standing_take(st, old);
	quiets_write(&st->quiets, out);
	return true;
}

static bool standing_write(struct standing *st, struct err *err)
{
	/* Without a screen only the user's own words are written: the buttons of a message. What is
	 * not written is not kept for that. */
	if (!st->path || st->store->settings->started.batch)
		standing_changes_forget(st, st->path != NULL);
	if (!st->changes)
		return true;
	if (!state_update(st->path, QUIET_FILE_MAX, standing_merge, st, err))
		return false;
	standing_changes_forget(st, false);
	return true;
}

static void standing_again(struct standing *st);

static void standing_read(struct standing *st)
{
	char *text = state_read(st->path, QUIET_FILE_MAX, NULL, NULL);
	if (text)
		standing_take(st, text);
	free(text);
}

/* Files of the state folder come by rename. The bytes only say that one came. */
static void standing_on_file(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	_Alignas(struct inotify_event) char bytes[4096];
	struct standing *st = arg;
	bool ours = false;
	ssize_t n;
	(void)io;
	(void)revents;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		for (char *at = bytes; at < bytes + n;) {
			const struct inotify_event *event = (const struct inotify_event *)at;
			ours |= event->len && strcmp(event->name, FILE_NAME) == 0;
			at += sizeof(*event) + event->len;
		}
	if (!ours)
		return;
	standing_read(st);
	standing_again(st);
}

/* --- time ---------------------------------------------------------------- */

static void standing_on_time(struct loop_timer *timer, void *arg);
static void standing_clear(const struct row *row, enum health was);

/* Looks again after ms at the latest. */
static void standing_arm(struct standing *st, int64_t ms)
{
	int64_t due = loop_now(st->store->loop) + ms;
	if (st->due_ms && st->due_ms <= due)
		return;
	if (!st->timer)
		st->timer = loop_timer_add(st->store->loop, -1, standing_on_time, st);
	st->due_ms = due;
	loop_timer_set(st->timer, ms);
}

static void standing_set_timer(struct standing *st)
{
	int64_t next = quiets_next_ms(&st->quiets, now_wall_ms());
	if (st->quiets.all)
		standing_arm(st, next >= 0 && next < LOOK_MS ? next : LOOK_MS);
	else if (st->flaps.all)
		standing_arm(st, LOOK_MS);
}

static bool standing_is_past(const struct standing *st, const struct quiet *one, int64_t now)
{
	const struct row *row = store_find(st->store, one->id);
	if (!row) {
		/* A row that is gone, though its server has been there for a while. */
		char *name = xstrndup(one->id, strcspn(one->id, "/"));
		const struct server *v = store_server_find(st->store, name);
		free(name);
		if (!v || !v->link || v->link->state != LINK_UP)
			return false;
		/* below 0: the clock was set back since */
		int64_t up_ms = now - v->link->since_ms;
		if (up_ms >= 0 && up_ms < LOOK_MS)
			return false;
		for (const struct source *s = v->sources; s; s = s->next)
			if (!source_settled(s) || s->state == SOURCE_STALE ||
			    s->state == SOURCE_FAILED)
				return false;
		return true;
	}
	if (row->need == NEED_NONE)
		return quiet_cleared(one, row->health, row->health, now);
	return one->differs_ms && now - one->differs_ms >= DIFFERS_MS;
}

static void standing_drop(struct standing *st, const char *id, int64_t at_ms)
{
	standing_change_add(st, id, at_ms, true);
	quiet_drop(&st->quiets, id);
}

static void standing_on_time(struct loop_timer *timer, void *arg)
{
	struct standing *st = arg;
	int64_t now = now_wall_ms();
	struct quiet *one, *next;
	(void)timer;
	st->due_ms = 0;
	flaps_forget(&st->flaps, loop_now(st->store->loop));
	/* The time when it was set says which one a console means. So the file follows the clock,
	 * too, before anything is dropped. */
	for (one = st->quiets.all; one; one = one->hh.next)
		if (one->at_ms > now)
			standing_change_add(st, one->id, 0, false);
	quiets_follow_clock(&st->quiets, now);
	standing_write(st, NULL);
	HASH_ITER (hh, st->quiets.all, one, next) {
		const struct row *row = store_find(st->store, one->id);
		if (row && row->need == NEED_NONE)
			standing_clear(row, row->health);
	}
	HASH_ITER (hh, st->quiets.all, one, next) {
		if (quiet_is_over(one, now) || standing_is_past(st, one, now)) {
			char *id = xstrdup(one->id);
			standing_drop(st, id, one->at_ms);
			free(id);
		}
	}
	standing_again(st);
}

/* --- life ---------------------------------------------------------------- */

static void standing_load(struct store *s)
{
	struct standing *st = xcalloc(1, sizeof(*st));
	const char *folder = s->settings->state_dir;
	s->standing = st;
	st->store = s;
	st->watch_fd = -1;
	if (!folder || strcmp(folder, "/dev/null") == 0 || replay_is_on(s))
		return;
	st->path = xasprintf("%s/" FILE_NAME, folder);
	standing_read(st);
	st->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (st->watch_fd >= 0 && inotify_add_watch(st->watch_fd, folder, IN_MOVED_TO) >= 0)
		st->watch = loop_io_add(st->store->loop, st->watch_fd, POLLIN, standing_on_file,
		                        st);
	standing_set_timer(st);
}

static void standing_write_later(void *arg)
{
	struct standing *st = arg;
	struct err err;
	bool good = standing_write(st, &err), failed_before = st->write_failed;
	st->write_failed = !good;
	if (!good && !failed_before)
		activity_add(st->store, ACTIVITY_NOTE, HEALTH_ATTENTION, NULL, "%s", err.text);
}

void standing_destroy(struct standing *st)
{
	if (!st)
		return;
	loop_defer_cancel(st->store->loop, standing_write_later, st);
	standing_write(st, NULL);
	loop_timer_remove(st->timer);
	loop_io_remove(st->watch);
	if (st->watch_fd >= 0)
		close(st->watch_fd);
	standing_changes_forget(st, false);
	quiets_finish(&st->quiets);
	flaps_finish(&st->flaps);
	free(st->path);
	free(st);
}

/* --- the verdict --------------------------------------------------------- */

/* While it comes and goes, the reason is that of the last time. */
static void standing_gist(const struct row *row, char *gist, size_t size)
{
	const struct standing *st = row->server->store->standing;
	const struct flap *flap = row->need_worst ? flap_find(&st->flaps, row->id) : NULL;
	const char *why = flap && !flap->bad ? flap->why : row->why;
	/* a server that is away is one condition, whatever the last try met */
	const struct link *link = row->kind == &kind_server ? row->server->link : NULL;
	bool away = link && row->health == HEALTH_BAD && !row->server->asks &&
	            link->state != LINK_UP && link->err.code != ERR_DENIED &&
	            link->err.code != ERR_USAGE;
	away |= flap && !flap->bad && row->kind == &kind_server;
	quiet_gist(away ? "away" : why, gist, size);
}

/* While more is expected, the reason is not whole. */
static bool standing_holds(struct quiet *one, const struct row *row, int64_t now)
{
	char gist[QUIET_GIST_MAX];
	standing_gist(row, gist, sizeof(gist));
	bool holds = quiet_holds(one, need_health(row), gist, now);
	if (!holds && row->source && !source_settled(row->source) && row->health <= one->health)
		return !quiet_is_over(one, now);
	if (holds)
		one->differs_ms = 0;
	else if (!one->differs_ms)
		one->differs_ms = now;
	return holds;
}

static struct quiet *standing_find(const struct row *row)
{
	const struct standing *st = row->server->store->standing;
	struct quiet *one = NULL;
	if (st)
		HASH_FIND_STR(st->quiets.all, row->id, one);
	return one;
}

static void standing_clear(const struct row *row, enum health was)
{
	struct standing *st = row->server->store->standing;
	const struct quiet *one = standing_find(row);
	/* it came and went, and is calm now */
	was = row->counted_need == NEED_QUIET ? HEALTH_BAD : was;
	int64_t now = now_wall_ms();
	if (!one || st->store->closing || !quiet_cleared(one, was, row->health, now))
		return;
	/* This program did not see the condition. Another one may have seen it come and go, and be
	 * in the middle of that. */
	int64_t well_ms = row->health_ms > 0 && row->health_ms <= now ? now - row->health_ms : 0;
	if (was < HEALTH_ATTENTION && well_ms < FLAP_CALM_MS) {
		standing_arm(st, FLAP_CALM_MS);
		return;
	}
	standing_drop(st, row->id, one->at_ms);
	loop_defer_cancel(st->store->loop, standing_write_later, st);
	loop_defer(st->store->loop, standing_write_later, st);
}

/* Remembers that the condition began or ended. Questions never flap. */
static struct flap *standing_flap(struct standing *st, const struct row *row, enum health was)
{
	int64_t now = loop_now(st->store->loop);
	struct flap *flap = flap_find(&st->flaps, row->id);
	bool was_well = was == HEALTH_GOOD || was == HEALTH_IDLE;
	bool bad = row->health == HEALTH_ATTENTION || row->health == HEALTH_BAD;
	/* a recording is played without its pauses */
	if (row->kind->by_work || !st->store->settings->need_for || replay_is_on(st->store))
		return NULL;
	if (bad)
		flap = flap_begins(&st->flaps, row->id, row->health, row->why, was_well, now);
	else if (row->health != HEALTH_UNKNOWN)
		flap_ends(flap, now);
	return flap;
}

void standing_gone(const struct row *row)
{
	struct standing *st = row->server->store->standing;
	if (st)
		flap_ends(flap_find(&st->flaps, row->id), loop_now(st->store->loop));
}

enum need_state standing_judge(struct row *row, enum health was)
{
	struct store *s = row->server->store;
	bool well = row->health < HEALTH_ATTENTION;
	if (!s->standing && well)
		return NEED_NONE;
	if (!s->standing)
		standing_load(s);
	struct flap *flap = standing_flap(s->standing, row, was);
	/* Whether the condition has not held long enough, or (a row that is well) comes and goes.
	 * Both are judged again when that is over. */
	int64_t now = loop_now(s->loop), ms = 0;
	if (flap && well)
		ms = flap_calm_ms(flap, now);
	else if (flap && !s->settings->started.once)
		ms = flap_wait_ms(flap, 1000 * (int64_t)s->settings->need_for, now);
	if (ms)
		standing_arm(s->standing, ms);
	bool waits = ms > 0;
	row->need_worst = HEALTH_UNKNOWN;
	if (flap && flap_comes_and_goes(flap, now) && (!well || waits))
		row->need_worst = flap->worst;
	if (well && !waits) {
		standing_clear(row, was);
		return NEED_NONE;
	}
	if (cause_folds(row))
		return NEED_FOLDED;
	if (!well && waits)
		return NEED_HELD;
	struct quiet *one = standing_find(row);
	return one && standing_holds(one, row, now_wall_ms()) ? NEED_QUIET : NEED_STANDS;
}

void standing_judge_all(struct store *s)
{
	size_t n = 0;
	for (struct row *row = s->needs; row; row = row->need_next)
		n++;
	struct row **rows = xcalloc(n + 1, sizeof(*rows));
	n = 0;
	for (struct row *row = s->needs; row; row = row->need_next)
		rows[n++] = row;
	for (size_t i = 0; i < n; i++)
		store_need_again(rows[i]);
	free(rows);
}

static void standing_again(struct standing *st)
{
	standing_judge_all(st->store);
	standing_write_later(st);
	standing_set_timer(st);
	store_changed(st->store);
}

/* --- what the user says -------------------------------------------------- */

bool need_quiet(struct row *row, enum quiet_how how, int64_t until_ms, struct err *err)
{
	char gist[QUIET_GIST_MAX], words[80];
	if (row->need == NEED_NONE)
		return err_set(err, ERR_USAGE, "%s is well: there is nothing to set aside",
		               row->name);
	struct standing *st = row->server->store->standing;
	int64_t now = now_wall_ms();
	standing_gist(row, gist, sizeof(gist));
	quiet_set(&st->quiets, row->id, need_health(row), gist, how, now, until_ms);
	standing_change_add(st, row->id, 0, false)->said = true;
	store_need_again(row);
	if (need_says(row, words, sizeof(words)))
		activity_add(st->store, ACTIVITY_ACTION, row->health, row->id, "%s: %s", words,
		             row->why ? row->why : "");
	standing_set_timer(st);
	store_changed(st->store);
	return true;
}

bool need_wake(struct row *row, struct err *err)
{
	struct standing *st = row->server->store->standing;
	if (row->need != NEED_QUIET)
		return err_set(err, ERR_USAGE, "%s was not set aside", row->name);
	standing_drop(st, row->id, 0);
	store_need_again(row);
	activity_add(st->store, ACTIVITY_ACTION, row->health, row->id, "back in the queue");
	standing_set_timer(st);
	return true;
}

bool need_keep(struct store *s, struct err *err)
{
	return !s->standing || standing_write(s->standing, err);
}

const struct quiet *need_quiet_of(const struct row *row)
{
	return row->need == NEED_QUIET ? standing_find(row) : NULL;
}

bool need_says(const struct row *row, char *buf, size_t size)
{
	const struct quiet *one = need_quiet_of(row);
	const struct server *v = row->server, *root = NULL;
	if (one)
		quiet_say(one, now_wall_ms(), buf, size);
	if (one || row->need != NEED_FOLDED)
		return one != NULL;
	const struct source *silent = cause_source_of(row);
	if (row == &v->row)
		root = cause_of(v);
	if (root && cause_is_hub(v))
		snprintf(buf, size, "behind %.60s, which is down (VPN route %s)", root->name,
		         v->hub_route);
	else if (root)
		snprintf(buf, size, "behind %.60s, which is down", root->name);
	else if (silent)
		snprintf(buf, size, "old, from before %.60s fell silent", silent->backend->name);
	else
		snprintf(buf, size, "old, from before %.60s was lost", v->name);
	return true;
}

bool need_flaps(const struct row *row, const char **why, char *buf, size_t size)
{
	const struct standing *st = row->server->store->standing;
	const struct flap *flap = row->need_worst ? flap_find(&st->flaps, row->id) : NULL;
	if (!flap)
		return false;
	*why = NULL;
	if (!flap->bad)
		*why = flap->why ? flap->why : "no reason was given";
	flap_say(flap, loop_now(st->store->loop), buf, size);
	return true;
}

enum health need_health(const struct row *row)
{
	return row->need_worst > row->health ? row->need_worst : row->health;
}

/* --- for the queue ------------------------------------------------------- */

/* Unknown times are newer than known ones. */
static bool need_is_older(const struct row *a, const struct row *b)
{
	bool asks = a->health == HEALTH_ASKS;
	if (asks != (b->health == HEALTH_ASKS))
		return asks;
	if ((a->health_ms > 0) != (b->health_ms > 0))
		return a->health_ms > 0;
	if (a->health_ms != b->health_ms)
		return a->health_ms < b->health_ms;
	return strcmp(a->id, b->id) < 0;
}

struct row *need_longest(const struct store *s)
{
	struct row *oldest = NULL;
	for (struct row *row = s->needs; row; row = row->need_next)
		if (row->need == NEED_STANDS && (!oldest || need_is_older(row, oldest)))
			oldest = row;
	return oldest;
}

size_t needs_aside(const struct store *s, const struct server *only)
{
	size_t n = 0;
	for (struct row *row = store_need_first(s, only); row; row = store_need_next(row, only))
		n += row->need == NEED_QUIET || row->need == NEED_FOLDED;
	return n;
}
