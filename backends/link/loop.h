/* loop.h: the one event loop, a thin layer over sd-event, which sd-bus brings along anyway.
 *
 * All code runs on the thread of the loop, except the thread function of loop_work. A callback may
 * remove anything, also its own registration. */
#ifndef LINK_LOOP_H
#define LINK_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct loop;
struct loop_io;
struct loop_timer;
struct loop_signal;
struct loop_child;

struct loop *loop_create(void);
void loop_destroy(struct loop *);

/* Runs until loop_stop; returns its code. */
int loop_run(struct loop *);
void loop_stop(struct loop *, int code);

/* Runs one turn: waits at most timeout_ms (-1: without limit) and runs the callbacks. For tests. */
void loop_turn(struct loop *, int timeout_ms);

/* ms since boot, constant during one turn. */
int64_t loop_now(const struct loop *);

/* Watches fd for events (POLLIN, POLLOUT of <poll.h>; 0: paused). revents may also carry POLLHUP
 * and POLLERR. The caller keeps fd and must remove the watch before closing fd. */
typedef void loop_io_fn(struct loop_io *, int fd, unsigned revents, void *arg);
struct loop_io *loop_io_add(struct loop *, int fd, unsigned events, loop_io_fn *, void *arg);
void loop_io_set(struct loop_io *, unsigned events);
void loop_io_remove(struct loop_io *); /* NULL is fine */

/* Fires once, delay_ms from now. loop_timer_set arms the timer again; delay_ms < 0 disarms it.
 * Fires within 5 ms of its time. */
typedef void loop_timer_fn(struct loop_timer *, void *arg);
typedef void loop_fn(void *arg);
struct loop_timer *loop_timer_add(struct loop *, int64_t delay_ms, loop_timer_fn *, void *arg);
/* The same for a function that others call too, and that needs no timer. */
struct loop_timer *loop_timer_call(struct loop *, int64_t delay_ms, loop_fn *, void *arg);
void loop_timer_set(struct loop_timer *, int64_t delay_ms);
void loop_timer_remove(struct loop_timer *); /* NULL is fine */

/* Runs fn once, after the callbacks of this turn. */
void loop_defer(struct loop *, loop_fn *, void *arg);
void loop_defer_cancel(struct loop *, loop_fn *, void *arg); /* all waiting calls of fn with arg */

/* Runs fn at the end of every turn with events. The screen draws here. */
void loop_after_turn(struct loop *, loop_fn *, void *arg);

/* Blocks signo in the process and delivers it to fn in the loop. */
typedef void loop_signal_fn(int signo, void *arg);
struct loop_signal *loop_signal_add(struct loop *, int signo, loop_signal_fn *, void *arg);
void loop_signal_remove(struct loop_signal *);

/* Reaps pid and passes its wait status to fn. fn may be NULL. */
typedef void loop_child_fn(struct loop_child *, pid_t, int wait_status, void *arg);
struct loop_child *loop_child_add(struct loop *, pid_t, loop_child_fn *, void *arg);
/* fn is not called any more; the child is still reaped */
void loop_child_remove(struct loop_child *);

/* Runs work(job) in a new thread, then done(job) in the loop. Before the loop's first turn the job
 * waits for that turn: log-ins do not take the processor from the first screen. work shares nothing
 * with the loop but job. work may use loop_call to run fn(arg) in the loop; loop_call does not
 * wait. */
void loop_work(struct loop *, void (*work)(void *job), void (*done)(void *job), void *job);
void loop_call(struct loop *, loop_fn *, void *arg); /* from any thread */

#endif
