/* test_loop.c: the event loop: order, removal from inside, timers, children, threads. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/mem.h"
#include "backends/link/loop.h"

static int setup(void **state)
{
	*state = loop_create();
	return 0;
}

static int teardown(void **state)
{
	loop_destroy(*state);
	return 0;
}

static char trace[256];

static void note(void *arg)
{
	strncat(trace, arg, sizeof(trace) - strlen(trace) - 1);
}

struct nest {
	struct loop *loop;
	int depth;
};

static void defer_again(void *arg)
{
	struct nest *n = arg;
	if (n->depth++ < 3)
		loop_defer(n->loop, defer_again, n);
}

static void test_deferred_order_and_cancel(void **state)
{
	struct loop *loop = *state;
	trace[0] = 0;
	loop_defer(loop, note, "a");
	loop_defer(loop, note, "b");
	loop_defer(loop, note, "c");
	char *b = "b";
	loop_defer(loop, note, b);
	loop_defer_cancel(loop, note, b);
	loop_defer(loop, note, "d");
	loop_turn(loop, 0);
	assert_string_equal(trace, "acd");

	struct nest n = { loop, 0 };
	loop_defer(loop, defer_again, &n);
	loop_turn(loop, 0);
	/* a deferred call's own calls wait for the next turn */
	assert_int_equal(n.depth, 1);
	for (int i = 0; i < 5; i++)
		loop_turn(loop, 0);
	assert_int_equal(n.depth, 4);
}

static struct loop_io *ios[8];
static int fired;

static void remove_all(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	fired++;
	for (size_t i = 0; i < ARRAY_LEN(ios); i++) {
		loop_io_remove(ios[i]);
		ios[i] = NULL;
	}
}

static void test_io_removes_itself_and_others(void **state)
{
	struct loop *loop = *state;
	int fds[8][2];
	fired = 0;
	for (int i = 0; i < 8; i++) {
		assert_int_equal(pipe(fds[i]), 0);
		assert_int_equal(write(fds[i][1], "x", 1), 1);
		ios[i] = loop_io_add(loop, fds[i][0], POLLIN, remove_all, NULL);
	}
	loop_turn(loop, 100);
	loop_turn(loop, 0);
	assert_int_equal(fired, 1);
	for (int i = 0; i < 8; i++) {
		close(fds[i][0]);
		close(fds[i][1]);
	}
}

static unsigned seen;

static void see(struct loop_io *io, int fd, unsigned revents, void *arg)
{
	seen |= revents;
	fired++;
}

static void test_io_rests_and_tells_hangup(void **state)
{
	struct loop *loop = *state;
	int fd[2];
	assert_int_equal(pipe(fd), 0);
	seen = 0;
	fired = 0;
	struct loop_io *io = loop_io_add(loop, fd[0], 0, see, NULL);
	assert_int_equal(write(fd[1], "x", 1), 1);
	loop_turn(loop, 5);
	assert_int_equal(fired, 0);
	loop_io_set(io, POLLIN);
	loop_turn(loop, 100);
	assert_true(seen & POLLIN);
	close(fd[1]);
	loop_turn(loop, 100);
	assert_true(seen & POLLHUP);
	loop_io_remove(io);
	close(fd[0]);
}

static void test_io_on_what_epoll_refuses(void **state)
{
	struct loop *loop = *state;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	seen = 0;
	fired = 0;
	struct loop_io *io = loop_io_add(loop, fd, POLLIN, see, NULL);
	loop_turn(loop, 100);
	assert_true(fired >= 1);
	loop_io_remove(io);
	close(fd);
}

static int64_t fired_at;

static void on_time(struct loop_timer *t, void *arg)
{
	fired_at = loop_now(arg);
	fired++;
}

static void test_timer(void **state)
{
	struct loop *loop = *state;
	int64_t start = loop_now(loop);
	fired = 0;
	struct loop_timer *t = loop_timer_add(loop, 30, on_time, loop);
	struct loop_timer *rests = loop_timer_add(loop, -1, on_time, loop);
	while (!fired)
		loop_turn(loop, 1000);
	assert_in_range(fired_at - start, 29, 80);
	loop_turn(loop, 20);
	assert_int_equal(fired, 1); /* once */
	loop_timer_set(t, 0);
	loop_turn(loop, 100);
	assert_int_equal(fired, 2);
	loop_timer_set(t, 5);
	loop_timer_set(t, -1);
	loop_turn(loop, 20);
	assert_int_equal(fired, 2);
	loop_timer_remove(t);
	loop_timer_remove(rests);
}

static void count(void *arg)
{
	++*(int *)arg;
}

static void test_one_after_turn_for_many(void **state)
{
	struct loop *loop = *state;
	int turns = 0, fd[20][2];
	struct loop_io *io[20];
	loop_after_turn(loop, count, &turns);
	fired = 0;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(pipe(fd[i]), 0);
		io[i] = loop_io_add(loop, fd[i][0], POLLIN, see, NULL);
	}
	loop_turn(loop, 0);
	assert_int_equal(turns, 0); /* nothing happened */
	for (int i = 0; i < 20; i++)
		assert_int_equal(write(fd[i][1], "x", 1), 1);
	loop_turn(loop, 100);
	assert_true(fired >= 20);
	assert_int_equal(turns, 1);
	for (int i = 0; i < 20; i++) {
		loop_io_remove(io[i]);
		close(fd[i][0]);
		close(fd[i][1]);
	}
}

static int status;

static void on_exit_of_child(struct loop_child *c, pid_t pid, int wait_status, void *arg)
{
	status = wait_status;
	fired++;
	if (arg)
		loop_child_remove(c);
}

static pid_t child(int code)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(code);
	return pid;
}

static void test_child(void **state)
{
	struct loop *loop = *state;
	fired = 0;
	struct loop_child *c = loop_child_add(loop, child(7), on_exit_of_child, NULL);
	while (!fired)
		loop_turn(loop, 1000);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	loop_child_remove(c);

	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	loop_child_add(loop, pid, on_exit_of_child, "remove");
	kill(pid, SIGKILL);
	while (fired < 2)
		loop_turn(loop, 1000);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void test_forgotten_child_is_reaped(void **state)
{
	struct loop *loop = *state;
	fired = 0;
	pid_t pid = child(0);
	loop_child_remove(loop_child_add(loop, pid, on_exit_of_child, NULL));
	for (int i = 0; i < 100 && kill(pid, 0) == 0; i++)
		loop_turn(loop, 10);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_int_equal(fired, 0);
}

static void on_usr1(int signo, void *arg)
{
	*(int *)arg = signo;
}

static void test_signal(void **state)
{
	struct loop *loop = *state;
	int got = 0;
	struct loop_signal *s = loop_signal_add(loop, SIGUSR1, on_usr1, &got);
	raise(SIGUSR1);
	loop_turn(loop, 100);
	assert_int_equal(got, SIGUSR1);
	loop_signal_remove(s);
}

struct job {
	struct loop *loop;
	pthread_t worker;
	int in, out, calls, done;
};

static void job_call(void *arg)
{
	((struct job *)arg)->calls++;
}

static void job_work(void *arg)
{
	struct job *j = arg;
	j->worker = pthread_self();
	j->out = j->in * 2;
	for (int i = 0; i < 100; i++)
		loop_call(j->loop, job_call, j);
}

static void job_done(void *arg)
{
	struct job *j = arg;
	j->done = 1;
	assert_int_equal(j->calls, 100); /* what it called came before */
	assert_false(pthread_equal(j->worker, pthread_self()));
}

static void test_work(void **state)
{
	struct loop *loop = *state;
	struct job jobs[8];
	for (int i = 0; i < 8; i++) {
		jobs[i] = (struct job){ .loop = loop, .in = i };
		loop_work(loop, job_work, job_done, &jobs[i]);
	}
	for (int i = 0; i < 8; i++) {
		while (!jobs[i].done)
			loop_turn(loop, 1000);
		assert_int_equal(jobs[i].out, 2 * i);
	}
}

static void slow_work(void *arg)
{
	usleep(50 * 1000);
}

static void test_loop_goes_before_its_worker(void **state)
{
	struct loop *loop = loop_create();
	loop_work(loop, slow_work, note, "late");
	trace[0] = 0;
	loop_destroy(loop);
	usleep(100 * 1000);
	assert_string_equal(trace, "");
}

static void stop(void *arg)
{
	loop_stop(arg, 42);
}

static void test_run_and_stop(void **state)
{
	struct loop *loop = *state;
	loop_defer(loop, stop, loop);
	assert_int_equal(loop_run(loop), 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_deferred_order_and_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_io_removes_itself_and_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_io_rests_and_tells_hangup, setup, teardown),
		cmocka_unit_test_setup_teardown(test_io_on_what_epoll_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_after_turn_for_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_child, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forgotten_child_is_reaped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_work, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loop_goes_before_its_worker, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run_and_stop, setup, teardown),
	};
	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
