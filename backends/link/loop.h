/* loop.h: the one event loop. Thin over sd-event, which is there anyway for D-Bus.
 *
 * Everything but loop_work's thread function runs on the one thread that runs the loop. A callback
 * may remove anything, itself included. */
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

/* One turn: waits at most timeout_ms (-1: for ever) for something to happen, runs its callbacks.
 * For tests. */
void loop_turn(struct loop *, int timeout_ms);

/* ms since boot, the same during one turn. */
int64_t loop_now(const struct loop *);

/* Watches fd for events (POLLIN, POLLOUT of <poll.h>; 0 rests). revents may also carry
 * POLLHUP/POLLERR. The fd stays the caller's, who removes the watch before closing it. */
typedef void loop_io_fn(struct loop_io *, int fd, unsigned revents, void *arg);
struct loop_io *loop_io_add(struct loop *, int fd, unsigned events, loop_io_fn *, void *arg);
void loop_io_set(struct loop_io *, unsigned events);
void loop_io_remove(struct loop_io *); /* NULL is fine */

/* A timer that fires once delay_ms from now; loop_timer_set arms it again; delay_ms < 0 rests it.
 * Fires within 5 ms of its time. */
typedef void loop_timer_fn(struct loop_timer *, void *arg);
struct loop_timer *loop_timer_add(struct loop *, int64_t delay_ms, loop_timer_fn *, void *arg);
void loop_timer_set(struct loop_timer *, int64_t delay_ms);
void loop_timer_remove(struct loop_timer *); /* NULL is fine */

/* Runs fn once, after the callbacks of this turn. */
typedef void loop_fn(void *arg);
void loop_defer(struct loop *, loop_fn *, void *arg);
void loop_defer_cancel(struct loop *, loop_fn *, void *arg); /* all waiting calls of fn with arg */

/* Runs fn at the end of every turn in which anything happened: where the screen is drawn. */
void loop_after_turn(struct loop *, loop_fn *, void *arg);

/* signo is blocked in the process and delivered to fn in the loop. */
typedef void loop_signal_fn(int signo, void *arg);
struct loop_signal *loop_signal_add(struct loop *, int signo, loop_signal_fn *, void *arg);
void loop_signal_remove(struct loop_signal *);

/* Reaps pid and tells its wait status. */
typedef void loop_child_fn(struct loop_child *, pid_t, int wait_status, void *arg);
struct loop_child *loop_child_add(struct loop *, pid_t, loop_child_fn *, void *arg);
/* stops telling; the child is still reaped */
void loop_child_remove(struct loop_child *);

/* Runs work(job) in a thread of its own; afterwards done(job) in the loop. work shares nothing with
 * the loop but job. loop_call may be used by work to run fn(arg) in the loop; it does not wait for
 * it. */
void loop_work(struct loop *, void (*work)(void *job), void (*done)(void *job), void *job);
void loop_call(struct loop *, loop_fn *, void *arg); /* from any thread */

#endif
