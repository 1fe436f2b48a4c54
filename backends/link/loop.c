/* loop.c: the one event loop, a thin layer over sd-event.
 *
 * sd-event dispatches one source at a time. A turn dispatches every ready source (limited in number
 * and time), then the deferred calls, then the after-turn functions. So ten streams with new bytes
 * cost one redraw, not ten.
 *
 * Threads reach the loop only through the mailbox: a list under a mutex, and an eventfd that wakes
 * the loop. The mailbox is reference-counted, because a worker stuck in a name look-up may outlive
 * the loop. Later posts are dropped. */
#include "backends/link/loop.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "backends/base/list.h"
#include "backends/base/mem.h"

/* per turn, so that the screen is drawn even under a flood of events */
#define TURN_DISPATCHES_MAX 256
#define TURN_MS_MAX 10
#define TIMER_ACCURACY_US 2000
#define WORKER_STACK (1u << 20)
#define THREAD_AGAIN_MS 200

struct later {
	loop_fn *fn;
	void *arg;
	struct later *prev, *next;
};

struct work;
struct mailbox {
	pthread_mutex_t lock;
	int wake_fd;
	struct later *waiting;
	unsigned refs; /* one of the loop and one per worker */
	bool closed;   /* the loop is gone */
};

struct loop {
	sd_event *event;
	struct mailbox *mail;
	sd_event_source *mail_source;
	struct later *deferred;
	struct later *running; /* deferred calls of this turn that are still to run */
	struct later *after;   /* after-turn functions, in order of registration */
	struct work *early;    /* jobs from before the first turn, which starts them */
	int64_t now_ms;        /* during a turn */
	bool in_turn, stopped, turned;
	int code;
};

struct loop_io {
	sd_event_source *source;
	loop_io_fn *fn;
	void *arg;
	int fd;
	unsigned events;
	/* a file or /dev/null: epoll refuses it, so it counts as always ready */
	bool always;
};

struct loop_timer {
	sd_event_source *source;
	loop_timer_fn *fn; /* NULL: call */
	loop_fn *call;
	void *arg;
};

struct loop_signal {
	sd_event_source *source;
	loop_signal_fn *fn;
	void *arg;
};

struct loop_child {
	sd_event_source *source;
	loop_child_fn *fn; /* NULL: after loop_child_remove */
	void *arg;
	pid_t pid;
};

static void loop_must(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "mocr: the event loop failed: %s: error %d\n", what, -r);
	abort();
}

static int64_t loop_clock_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void loop_start_early(struct loop *);

/* --- lists of waiting calls ---------------------------------------------- */

static struct later *loop_later_new(loop_fn *fn, void *arg)
{
	struct later *l = xcalloc(1, sizeof(*l));
	l->fn = fn;
	l->arg = arg;
	return l;
}

static void loop_later_free_all(struct later *l)
{
	struct later *one, *next;
	LL_FOREACH_SAFE (l, one, next)
		free(one);
}

/* --- the mailbox --------------------------------------------------------- */

static void loop_mailbox_unref(struct mailbox *m)
{
	pthread_mutex_lock(&m->lock);
	bool last = --m->refs == 0;
	pthread_mutex_unlock(&m->lock);
	if (!last)
		return;
	loop_later_free_all(m->waiting);
	close(m->wake_fd);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static void loop_mailbox_post(struct mailbox *m, loop_fn *fn, void *arg)
{
	struct later *l = loop_later_new(fn, arg);
	uint64_t one = 1;
	pthread_mutex_lock(&m->lock);
	if (m->closed) {
		free(l);
	} else {
		DL_APPEND(m->waiting, l);
		/* Never blocks: the counter has 64 bits. */
		if (write(m->wake_fd, &one, sizeof(one)) < 0)
			abort();
	}
	pthread_mutex_unlock(&m->lock);
}

static int loop_on_mail(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct loop *loop = arg;
	uint64_t count;
	pthread_mutex_lock(&loop->mail->lock);
	if (read(loop->mail->wake_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		abort();
	struct later *list = loop->mail->waiting, *l, *next;
	loop->mail->waiting = NULL;
	pthread_mutex_unlock(&loop->mail->lock);
	LL_FOREACH_SAFE (list, l, next) {
		l->fn(l->arg);
		free(l);
	}
	return 0;
}

/* --- the loop ------------------------------------------------------------ */

struct loop *loop_create(void)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));
	/* sd-event requires a blocked SIGCHLD even when it watches children by pidfd. */
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	/* Writing to a pipe or socket without a reader then fails with an error and does not kill
	 * the program. */
	signal(SIGPIPE, SIG_IGN);

	loop_must(sd_event_new(&loop->event), "sd_event_new");
	struct mailbox *m = xcalloc(1, sizeof(*m));
	pthread_mutex_init(&m->lock, NULL);
	m->refs = 1;
	m->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	loop_must(m->wake_fd < 0 ? -errno : 0, "eventfd");
	loop->mail = m;
	loop_must(sd_event_add_io(loop->event, &loop->mail_source, loop->mail->wake_fd, EPOLLIN,
	                          loop_on_mail, loop),
	          "mailbox");
	return loop;
}

void loop_destroy(struct loop *loop)
{
	if (!loop)
		return;
	loop_start_early(loop); /* a job frees what it was given */
	sd_event_source_disable_unref(loop->mail_source);
	pthread_mutex_lock(&loop->mail->lock);
	loop->mail->closed = true;
	pthread_mutex_unlock(&loop->mail->lock);
	loop_mailbox_unref(loop->mail);
	loop_later_free_all(loop->deferred);
	loop_later_free_all(loop->after);
	sd_event_unref(loop->event);
	free(loop);
}

/* Dispatches at most one source. False: no source was ready in time. */
static bool loop_dispatch_one(struct loop *loop, uint64_t timeout_us)
{
	int r = sd_event_prepare(loop->event);
	loop_must(r, "prepare");
	if (r == 0) {
		r = sd_event_wait(loop->event, timeout_us);
		if (r == -EINTR)
			return false;
		loop_must(r, "wait");
	}
	if (r == 0)
		return false;
	if (!loop->in_turn) {
		loop->now_ms = loop_clock_us() / 1000;
		loop->in_turn = true;
	}
	loop_must(sd_event_dispatch(loop->event), "dispatch");
	return true;
}

void loop_turn(struct loop *loop, int timeout_ms)
{
	uint64_t timeout_us = timeout_ms < 0 ? UINT64_MAX : (uint64_t)timeout_ms * 1000;
	if (!loop->turned)
		loop_start_early(loop);
	bool any = loop->deferred != NULL;
	if (any)
		timeout_us = 0;
	if (loop_dispatch_one(loop, timeout_us)) {
		any = true;
		int64_t end = loop_clock_us() + TURN_MS_MAX * 1000;
		for (int n = 1; n < TURN_DISPATCHES_MAX && !loop->stopped && loop_clock_us() < end;
		     n++)
			if (!loop_dispatch_one(loop, 0))
				break;
	}
	if (any) {
		if (!loop->in_turn) {
			loop->now_ms = loop_clock_us() / 1000;
			loop->in_turn = true;
		}
		/* Calls deferred by a deferred call run in the next turn, so none can starve the
		 * rest. */
		loop->running = loop->deferred;
		loop->deferred = NULL;
		while (loop->running) {
			struct later *l = loop->running;
			DL_DELETE(loop->running, l);
			l->fn(l->arg);
			free(l);
		}
		for (struct later *l = loop->after; l; l = l->next)
			l->fn(l->arg);
	}
	loop->in_turn = false;
}

int loop_run(struct loop *loop)
{
	loop->stopped = false;
	while (!loop->stopped)
		loop_turn(loop, -1);
	return loop->code;
}

void loop_stop(struct loop *loop, int code)
{
	loop->stopped = true;
	loop->code = code;
}

int64_t loop_now(const struct loop *loop)
{
	return loop->in_turn ? loop->now_ms : loop_clock_us() / 1000;
}

/* --- file descriptors ---------------------------------------------------- */

static int loop_on_io(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct loop_io *io = arg;
	io->fn(io, fd, revents, io->arg); /* fn may have freed io */
	return 0;
}

static int loop_on_always(sd_event_source *s, void *arg)
{
	struct loop_io *io = arg;
	io->fn(io, io->fd, io->events, io->arg);
	return 0;
}

struct loop_io *loop_io_add(struct loop *loop, int fd, unsigned events, loop_io_fn *fn, void *arg)
{
	assert(fd >= 0 && fn);
	struct loop_io *io = xcalloc(1, sizeof(*io));
	io->fn = fn;
	io->arg = arg;
	io->fd = fd;
	int r = sd_event_add_io(loop->event, &io->source, fd, events, loop_on_io, io);
	if (r == -EPERM) {
		io->always = true;
		r = sd_event_add_defer(loop->event, &io->source, loop_on_always, io);
	}
	loop_must(r, "watch a file descriptor");
	io->events = ~events;
	loop_io_set(io, events);
	return io;
}

void loop_io_set(struct loop_io *io, unsigned events)
{
	if (io->events == events)
		return;
	io->events = events;
	if (events && !io->always)
		loop_must(sd_event_source_set_io_events(io->source, events), "set events");
	loop_must(sd_event_source_set_enabled(io->source, events ? SD_EVENT_ON : SD_EVENT_OFF),
	          "rest");
}

void loop_io_remove(struct loop_io *io)
{
	if (!io)
		return;
	sd_event_source_disable_unref(io->source);
	free(io);
}

/* --- timers -------------------------------------------------------------- */

static int loop_on_timer(sd_event_source *s, uint64_t usec, void *arg)
{
	struct loop_timer *t = arg;
	if (t->fn)
		t->fn(t, t->arg);
	else
		t->call(t->arg);
	return 0;
}

struct loop_timer *loop_timer_add(struct loop *loop, int64_t delay_ms, loop_timer_fn *fn, void *arg)
{
	struct loop_timer *t = xcalloc(1, sizeof(*t));
	t->fn = fn;
	t->arg = arg;
	loop_must(sd_event_add_time(loop->event, &t->source, CLOCK_MONOTONIC, UINT64_MAX,
	                            TIMER_ACCURACY_US, loop_on_timer, t),
	          "add a timer");
	loop_timer_set(t, delay_ms);
	return t;
}

struct loop_timer *loop_timer_call(struct loop *loop, int64_t delay_ms, loop_fn *fn, void *arg)
{
	assert(fn);
	struct loop_timer *t = loop_timer_add(loop, delay_ms, NULL, arg);
	t->call = fn;
	return t;
}

void loop_timer_set(struct loop_timer *t, int64_t delay_ms)
{
	if (delay_ms >= 0)
		loop_must(sd_event_source_set_time(t->source, (uint64_t)loop_clock_us() +
		                                                      (uint64_t)delay_ms * 1000),
		          "set a timer");
	loop_must(sd_event_source_set_enabled(t->source,
	                                      delay_ms >= 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF),
	          "rest a timer");
}

void loop_timer_remove(struct loop_timer *t)
{
	if (!t)
		return;
	sd_event_source_disable_unref(t->source);
	free(t);
}

/* --- deferred calls ------------------------------------------------------ */

void loop_defer(struct loop *loop, loop_fn *fn, void *arg)
{
	assert(fn);
	struct later *l = loop_later_new(fn, arg);
	DL_APPEND(loop->deferred, l);
}

/* Removes the calls of fn with arg from a list. */
static void loop_later_drop(struct later **list, loop_fn *fn, void *arg)
{
	struct later *l, *next;
	DL_FOREACH_SAFE (*list, l, next)
		if (l->fn == fn && l->arg == arg) {
			DL_DELETE(*list, l);
			free(l);
		}
}

void loop_defer_cancel(struct loop *loop, loop_fn *fn, void *arg)
{
	loop_later_drop(&loop->running, fn, arg);
	loop_later_drop(&loop->deferred, fn, arg);
}

void loop_after_turn(struct loop *loop, loop_fn *fn, void *arg)
{
	assert(fn);
	struct later *l = loop_later_new(fn, arg);
	LIST_APPEND(loop->after, l);
}

/* --- signals ------------------------------------------------------------- */

static int loop_on_signal(sd_event_source *s, const struct signalfd_siginfo *info, void *arg)
{
	struct loop_signal *sig = arg;
	sig->fn(sd_event_source_get_signal(s), sig->arg);
	return 0;
}

struct loop_signal *loop_signal_add(struct loop *loop, int signo, loop_signal_fn *fn, void *arg)
{
	assert(signo > 0 && fn);
	struct loop_signal *sig = xcalloc(1, sizeof(*sig));
	sig->fn = fn;
	sig->arg = arg;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, signo);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	loop_must(sd_event_add_signal(loop->event, &sig->source, signo, loop_on_signal, sig),
	          "watch a signal");
	return sig;
}

void loop_signal_remove(struct loop_signal *sig)
{
	if (!sig)
		return;
	sd_event_source_disable_unref(sig->source);
	free(sig);
}

/* --- children ------------------------------------------------------------ */

static int loop_on_child(sd_event_source *s, const siginfo_t *si, void *arg)
{
	struct loop_child *c = arg;
	/* the status as waitpid(2) reports it */
	int status = si->si_code == CLD_EXITED ? (si->si_status & 0xff) << 8 : si->si_status & 0x7f;
	if (c->fn)
		c->fn(c, si->si_pid, status, c->arg);
	else
		/* drops the last reference to the source, and frees c */
		sd_event_source_set_floating(s, 0);
	return 0;
}

/* The struct lives as long as its event source. So a child without an owner is still reaped, and
 * the watch is freed then or with the loop. */
static void loop_child_free(void *arg)
{
	free(arg);
}

struct loop_child *loop_child_add(struct loop *loop, pid_t pid, loop_child_fn *fn, void *arg)
{
	assert(pid > 0);
	struct loop_child *c = xcalloc(1, sizeof(*c));
	c->fn = fn;
	c->arg = arg;
	c->pid = pid;
	loop_must(sd_event_add_child(loop->event, &c->source, pid, WEXITED, loop_on_child, c),
	          "watch a child");
	sd_event_source_set_destroy_callback(c->source, loop_child_free);
	return c;
}

void loop_child_remove(struct loop_child *c)
{
	if (!c)
		return;
	c->fn = NULL;
	int enabled = SD_EVENT_OFF;
	sd_event_source_get_enabled(c->source, &enabled);
	if (enabled != SD_EVENT_OFF) /* still running: the loop keeps the source */
		sd_event_source_set_floating(c->source, 1);
	sd_event_source_unref(c->source);
}

/* --- threads ------------------------------------------------------------- */

struct work {
	struct mailbox *mail;
	void (*work)(void *);
	void (*done)(void *);
	void *job;
	struct loop *loop;
	struct loop_timer *again; /* retries while the machine has no free thread */
	struct work *next;        /* of those that wait for the first turn */
};

static void *loop_worker(void *arg)
{
	struct work w = *(struct work *)arg;
	free(arg);
	w.work(w.job);
	loop_mailbox_post(w.mail, w.done, w.job);
	loop_mailbox_unref(w.mail);
	return NULL;
}

/* A thousand servers may need more threads than the machine allows. The remaining jobs retry. */
static void loop_try_thread(struct loop_timer *t, void *arg)
{
	struct work *w = arg;
	struct loop_timer *again = w->again;
	w->again = NULL; /* the thread frees w */
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, WORKER_STACK);
	/* Only the loop's thread handles signals. */
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_t thread;
	int r = pthread_create(&thread, &attr, loop_worker, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (!r) {
		loop_timer_remove(again);
		return;
	}
	if (r != EAGAIN)
		loop_must(-r, "start a thread");
	w->again = again ? again : loop_timer_add(w->loop, -1, loop_try_thread, w);
	loop_timer_set(w->again, THREAD_AGAIN_MS);
}

void loop_work(struct loop *loop, void (*work)(void *job), void (*done)(void *job), void *job)
{
	assert(work && done);
	struct work *w = xcalloc(1, sizeof(*w));
	*w = (struct work){
		.mail = loop->mail, .work = work, .done = done, .job = job, .loop = loop
	};
	pthread_mutex_lock(&loop->mail->lock);
	loop->mail->refs++;
	pthread_mutex_unlock(&loop->mail->lock);
	if (loop->turned) {
		loop_try_thread(NULL, w);
		return;
	}
	struct work **last = &loop->early;
	while (*last)
		last = &(*last)->next;
	*last = w;
}

static void loop_start_early(struct loop *loop)
{
	loop->turned = true;
	while (loop->early) {
		struct work *w = loop->early;
		loop->early = w->next;
		loop_try_thread(NULL, w);
	}
}

void loop_call(struct loop *loop, loop_fn *fn, void *arg)
{
	loop_mailbox_post(loop->mail, fn, arg);
}
