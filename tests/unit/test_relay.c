/* test_relay.c: a library that closes its end of a relay early. The relay lives on until the far
 * side ends: it must rest, and take what still comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/link/relay.h"

#define WAIT_MS 10000
#define CALM_MS 400
#define TURNS_MAX 40 /* in CALM_MS, when little happens; a busy loop makes thousands */

static struct loop *loop;
static struct link *here;
static bool closed;
static struct stream_end end;

static void on_closed(const struct stream_end *e, const char *complaint, void *arg)
{
	closed = true;
	end = *e;
}

static int turns_in(int64_t ms)
{
	int turns = 0;
	for (int64_t until = now_mono_ms() + ms; now_mono_ms() < until; turns++)
		loop_turn(loop, 50);
	return turns;
}

static struct relay *relay_of(const char *command, int *fd)
{
	struct err err;
	const struct endpoint endpoint = { .kind = ENDPOINT_EXEC, .command = command };
	closed = false;
	struct relay *p = relay_open(here, &endpoint, fd, NULL, on_closed, NULL, &err);
	assert_non_null(p);
	return p;
}

/* read() says 0 then, and poll says so without end. */
static void test_closed_early_it_rests(void **state)
{
	int fd;
	struct relay *p = relay_of("exec sleep 60", &fd);
	turns_in(200);
	close(fd);
	assert_true(turns_in(CALM_MS) < TURNS_MAX);
	assert_false(closed);
	relay_close(p);
}

/* Writing to it is EPIPE then. */
static void test_closed_early_it_takes_what_comes(void **state)
{
	int fd;
	relay_of("sleep 0.3; echo late; sleep 0.3; echo later; sleep 0.1; exit 3", &fd);
	close(fd);
	assert_true(turns_in(CALM_MS) < TURNS_MAX);
	for (int64_t until = now_mono_ms() + WAIT_MS; !closed && now_mono_ms() < until;)
		loop_turn(loop, 50);
	assert_true(closed);
	assert_int_equal(end.exit_code, 3);
}

/* The far side waited for the library to read, and nobody will. */
static void test_closed_while_the_far_side_waits(void **state)
{
	int fd;
	relay_of("head -c 3000000 /dev/zero; exit 4", &fd);
	turns_in(CALM_MS);
	assert_false(closed); /* all buffers are full */
	close(fd);
	for (int64_t until = now_mono_ms() + WAIT_MS; !closed && now_mono_ms() < until;)
		loop_turn(loop, 50);
	assert_true(closed);
	assert_int_equal(end.exit_code, 4);
}

static int begin(void **state)
{
	static const struct link_events events = { 0 };
	loop = loop_create();
	here = link_create_local(loop, "here", &events, NULL);
	link_connect(here);
	for (int64_t until = now_mono_ms() + WAIT_MS;
	     here->state != LINK_UP && now_mono_ms() < until;)
		loop_turn(loop, 50);
	return here->state != LINK_UP;
}

static int finish(void **state)
{
	link_destroy(here);
	loop_destroy(loop);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closed_early_it_rests),
		cmocka_unit_test(test_closed_early_it_takes_what_comes),
		cmocka_unit_test(test_closed_while_the_far_side_waits),
	};
	return cmocka_run_group_tests(tests, begin, finish);
}
