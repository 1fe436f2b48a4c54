/* state.c: what was told and what is not sent yet, kept over a restart; and which of a user's
 * programs sends.
 *
 * The lock is a flock, which the kernel lifts when a program ends in any way. The file is written
 * by a thread, because a memory card may take a second for it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/state_file.h"
#include "backends/link/loop.h"
#include "backends/notify/senders.h"
#include "backends/store/activity.h"

/* Each channel writes at most ANNOUNCED_KEPT conditions and its bounded queue. */
#define STATE_MAX (64u << 20)
#define LOCK_AGAIN_MS 3000
#define YIELD_MS 5000 /* how often a console that sends looks for a mocr watch */
#define QUEUE_READ 500
/* How long the state of a channel without a section is kept. So a section that was away for a
 * moment sends nothing twice and loses nothing. */
#define OTHERS_MS (7 * 24 * INT64_C(3600000))
#define OTHERS_MOST 50

/* One write by a thread. It is joined before the file is written or read by anybody else here. */
struct saving {
	pthread_t thread;
	int over[2]; /* a pipe: the thread closes its end when it has written */
	struct loop_io *io;
	char *path, *text;
	uint64_t no;
	bool good;
	struct err err;
};

/* --- the lock ------------------------------------------------------------ */

/* The lock is beside the state, and not in the runtime folder of the login. logind removes that
 * folder at the last logout. A mocr in tmux would go on with a lock that nobody can see. */
static int state_open(const struct notify *n, const char *name, int flags)
{
	const char *dir = n->settings->state_dir;
	char *path = xasprintf("%s/%s", dir ? dir : "/dev/null", name);
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	free(path);
	return fd;
}

static bool state_take_lock(struct notify *n)
{
	int fd = state_open(n, "notify.lock", O_RDWR | O_CREAT);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
		n->lock = fd;
		return true;
	}
	bool busy = fd >= 0 && errno == EWOULDBLOCK;
	if (fd >= 0)
		close(fd);
	/* no lock can be made at all: a message that comes twice is better than none */
	return !busy;
}

bool notify_is_sender(const struct notify *n)
{
	return !n->lock_timer && !n->replays && notify_has_to_send(n->settings);
}

/* --- a console lets mocr watch send ---------------------------------------- */

static void state_on_lock_timer(struct loop_timer *timer, void *arg);

static void state_on_yield_timer(struct loop_timer *timer, void *arg)
{
	struct notify *n = arg;
	loop_timer_set(timer, YIELD_MS);
	/* not while anything is on its way, or is not in the file yet */
	if (n->lock < 0 || n->saving || n->state_no != n->saved_no)
		return;
	for (const struct channel *c = n->channels; c; c = c->next)
		if (!c->sender->own && (c->sending || c->queue))
			return;
	int fd = state_open(n, "notify.watch", O_RDONLY);
	bool watch_runs = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	if (fd >= 0)
		close(fd);
	if (!watch_runs)
		return;
	close(n->lock);
	n->lock = -1;
	n->lock_timer = loop_timer_add(n->loop, LOCK_AGAIN_MS, state_on_lock_timer, n);
}

static void state_on_lock_timer(struct loop_timer *timer, void *arg)
{
	struct notify *n = arg;
	if (!state_take_lock(n)) {
		loop_timer_set(timer, LOCK_AGAIN_MS);
		return;
	}
	loop_timer_remove(timer);
	n->lock_timer = NULL;
	notify_became_sender(n);
}

/* --- writing ------------------------------------------------------------- */

static void state_save(void *arg);

static const struct channel *state_channel(const struct notify *n, const char *name)
{
	const struct channel *c = n->channels;
	while (c && strcmp(c->config->name, name) != 0)
		c = c->next;
	return c;
}

/* Keeps what this state has of channels that are not configured. says: of what is given up. */
static void state_keep_others(struct notify *n, const cJSON *all, bool says)
{
	cJSON *kept = cJSON_CreateObject();
	int64_t now = now_wall_ms();
	int count = 0;
	const cJSON *o;
	cJSON_ArrayForEach(o, all) {
		if (!cJSON_IsObject(o) || !o->string || state_channel(n, o->string))
			continue;
		int64_t since = vj_int(o, "unconfigured", NULL, 0);
		if (since <= 0 || since > now) /* a clock that was set back */
			since = now;
		if (now - since > OTHERS_MS || count++ >= OTHERS_MOST) {
			if (says) {
				int unsent = cJSON_GetArraySize(cJSON_GetObjectItem(o, "queue"));
				if (unsent > 0)
					activity_add(n->store, ACTIVITY_NOTE, HEALTH_ATTENTION,
					             NULL,
					             "notify %.60s: %d never sent: it is not in "
					             "the configuration any more",
					             o->string, unsent);
			}
			continue;
		}
		cJSON *copy = cJSON_Duplicate(o, true);
		cJSON_DeleteItemFromObjectCaseSensitive(copy, "unconfigured");
		cJSON_AddNumberToObject(copy, "unconfigured", (double)since);
		cJSON_AddItemToObject(kept, o->string, copy);
	}
	cJSON_Delete(n->others);
	n->others = kept;
}

void notify_state_forget(struct notify *n)
{
	cJSON_Delete(n->others);
	n->others = NULL;
}

char *notify_state_text(struct notify *n)
{
	cJSON *o = cJSON_CreateObject(), *all = cJSON_AddObjectToObject(o, "channels");
	int64_t now = loop_now(n->loop), wall = now_wall_ms();
	cJSON_AddNumberToObject(o, "version", 1);
	for (const struct channel *c = n->channels; c; c = c->next) {
		/* A terminal goes with its program, and so do its messages. The next program
		 * announces those things itself. */
		uint64_t unsent = c->sender->own && c->queue ? c->queue->number : 0;
		void *told = teller_write(c->teller, now, wall, unsent);
		cJSON *one = cJSON_AddObjectToObject(all, c->config->name);
		cJSON *queue = cJSON_AddArrayToObject(one, "queue");
		for (const struct message *m = c->queue; m; m = m->next)
			cJSON_AddItemToArray(queue, message_write(m));
		cJSON_AddItemToObject(one, "told", told);
		if (!c->dropped_from)
			continue;
		cJSON_AddNumberToObject(one, "droppedFrom", (double)c->dropped_from);
		cJSON_AddNumberToObject(one, "droppedTo", (double)c->dropped_to);
	}
	/* what the file has of channels that are not configured goes back into it */
	const cJSON *other;
	cJSON_ArrayForEach (other, (const cJSON *)n->others) {
		if (!state_channel(n, other->string))
			cJSON_AddItemToObject(all, other->string, cJSON_Duplicate(other, true));
	}
	char *text = cJSON_PrintUnformatted(o), *line = xasprintf("%s\n", text);
	cJSON_free(text);
	cJSON_Delete(o);
	return line;
}

/* What cannot be kept is sent all the same. It is said once. */
static void state_say_failed(struct notify *n, const struct err *err)
{
	if (!n->save_failed)
		activity_add(n->store, ACTIVITY_NOTE, HEALTH_ATTENTION, NULL,
		             "%s; after a restart you may be told twice", err->text);
	n->save_failed = true;
}

static void *saving_work(void *arg)
{
	struct saving *s = arg;
	s->good = state_write_own(s->path, s->text, strlen(s->text), &s->err);
	close(s->over[1]);
	return NULL;
}

/* Waits for the thread, and takes what it found. */
static void saving_end(struct notify *n)
{
	struct saving *s = n->saving;
	n->saving = NULL;
	loop_io_remove(s->io);
	pthread_join(s->thread, NULL);
	close(s->over[0]);
	n->saved_no = s->no;
	if (s->good)
		n->save_failed = false;
	else
		state_say_failed(n, &s->err);
	free(s->path);
	free(s->text);
	free(s);
}

static void saving_on_over(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	struct notify *n = arg;
	(void)io;
	(void)fd;
	(void)revents;
	saving_end(n);
	if (n->state_no != n->saved_no)
		loop_defer(n->loop, state_save, n);
	notify_state_saved(n);
}

static void state_save(void *arg)
{
	struct notify *n = arg;
	if (n->saving || n->state_no == n->saved_no || !notify_is_sender(n))
		return;
	struct saving *s = xcalloc(1, sizeof(*s));
	s->path = xstrdup(n->path);
	s->text = notify_state_text(n);
	s->no = n->state_no;
	bool piped = pipe2(s->over, O_CLOEXEC) == 0;
	if (piped && pthread_create(&s->thread, NULL, saving_work, s) == 0) {
		n->saving = s;
		s->io = loop_io_add(n->loop, s->over[0], POLLIN, saving_on_over, n);
		return;
	}
	if (piped) {
		close(s->over[0]);
		close(s->over[1]);
	}
	/* A machine without a free thread or descriptor: written here and now. */
	struct err err;
	if (!state_write_own(n->path, s->text, strlen(s->text), &err))
		state_say_failed(n, &err);
	n->saved_no = n->state_no;
	free(s->text);
	notify_state_saved(n);
	free(s->path);
	free(s);
}

static void state_saved_without(void *arg)
{
	notify_state_saved(arg);
}

void notify_state_changed(struct notify *n)
{
	n->state_no++;
	bool keeps = n->path && notify_is_sender(n);
	if (!keeps)
		n->saved_no = n->state_no;
	loop_fn *fn = keeps ? state_save : state_saved_without;
	loop_defer_cancel(n->loop, fn, n);
	loop_defer(n->loop, fn, n);
}

/* --- reading ------------------------------------------------------------- */

static void state_read_channel(struct channel *c, const cJSON *one)
{
	struct notify *n = c->notify;
	const cJSON *o;
	size_t count = 0;
	teller_read(c->teller, cJSON_GetObjectItem(one, "told"), loop_now(n->loop), now_wall_ms());
	int64_t from = vj_int(one, "droppedFrom", NULL, 0), to = vj_int(one, "droppedTo", NULL, 0);
	if (from > 0 && to >= from) {
		c->dropped_from = (uint64_t)from;
		c->dropped_to = (uint64_t)to;
	}
	/* a terminal hears of an unsent condition again, because the condition is still there */
	cJSON_ArrayForEach(o, cJSON_GetObjectItem(one, "queue")) {
		struct message *m = c->sender->own ? NULL : message_read(o);
		if (!m || count++ >= QUEUE_READ) {
			message_free(m);
			continue;
		}
		/* a clock that was set back makes it new */
		int64_t age = now_wall_ms() - m->made_ms;
		m->queued_ms = loop_now(n->loop) - (age > 0 ? age : 0);
		LIST_APPEND(c->queue, m);
		c->n_queue++;
	}
}

/* False: the text is no state. */
static bool state_take(struct notify *n, const char *text, size_t len, bool own)
{
	cJSON *o = json_parse(text, len);
	const cJSON *all = cJSON_GetObjectItem(o, "channels");
	bool good = cJSON_IsObject(all);
	if (good)
		state_keep_others(n, all, !own); /* a sender reads twice */
	for (struct channel *c = n->channels; c; c = c->next)
		if (c->sender->own == own)
			state_read_channel(c, cJSON_GetObjectItemCaseSensitive(all,
			                                                       c->config->name));
	cJSON_Delete(o);
	return good;
}

void notify_state_read(struct notify *n, bool own)
{
	size_t len = 0;
	struct err err = { 0 };
	struct stat st;
	char *text = n->path ? state_read(n->path, STATE_MAX, &len, &err) : NULL;
	/* a file that is there and says nothing is not forgotten silently */
	if (text && !state_take(n, text, len, own) && stat(n->path, &st) == 0 && st.st_size > 0) {
		err_set(&err, ERR_GARBLED, "%s is not what mocr wrote, or larger than %u MB",
		        n->path, STATE_MAX >> 20);
		state_say_failed(n, &err);
	} else if (n->path && !text) {
		state_say_failed(n, &err);
	}
	free(text);
}

void notify_state_take(struct notify *n, const char *text)
{
	state_take(n, text, strlen(text), true);
	if (notify_is_sender(n))
		state_take(n, text, strlen(text), false);
	notify_state_changed(n);
}

/* --- life ---------------------------------------------------------------- */

void notify_state_start(struct notify *n)
{
	const char *dir = n->settings->state_dir;
	n->lock = n->watch_lock = -1;
	if (n->replays)
		return;
	if (dir && strcmp(dir, "/dev/null") != 0)
		n->path = xasprintf("%s/notify.json", dir);
	if (!notify_has_to_send(n->settings))
		return;
	/* mocr watch sees all servers, a console perhaps one of them. */
	if (!n->hooks.terminal) {
		n->watch_lock = state_open(n, "notify.watch", O_RDWR | O_CREAT);
		if (n->watch_lock >= 0)
			(void)flock(n->watch_lock, LOCK_SH | LOCK_NB); /* several may run */
	} else {
		n->yield_timer = loop_timer_add(n->loop, YIELD_MS, state_on_yield_timer, n);
	}
	if (!state_take_lock(n))
		n->lock_timer = loop_timer_add(n->loop, LOCK_AGAIN_MS, state_on_lock_timer, n);
}

void notify_state_stop(struct notify *n)
{
	loop_defer_cancel(n->loop, state_save, n);
	loop_defer_cancel(n->loop, state_saved_without, n);
	if (n->saving)
		saving_end(n);
	bool unsaved = n->path && notify_is_sender(n) && n->state_no != n->saved_no;
	char *text = unsaved ? notify_state_text(n) : NULL;
	if (text)
		state_write_own(n->path, text, strlen(text), NULL);
	free(text);
	loop_timer_remove(n->lock_timer);
	loop_timer_remove(n->yield_timer);
	n->lock_timer = n->yield_timer = NULL;
	if (n->lock >= 0)
		close(n->lock);
	if (n->watch_lock >= 0)
		close(n->watch_lock);
	n->lock = n->watch_lock = -1;
	free(n->path);
	n->path = NULL;
}
