/* test_left.c: secrets leave memory once their run, call or relay is over. They are a password that
 * a command reads, an answer to sudo, a token of a request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/link/relay.h"
#include "tests/unit/left.h"

#define WAIT_MS 10000
#define SECRET_LEN 600 /* longer than what is allocated next */

static struct loop *loop;
static struct link *here;
static bool over;

static int open_link(void **state)
{
	static const struct link_events events = { 0 };
	loop = loop_create();
	here = link_create_local(loop, "here", &events, NULL);
	link_connect(here);
	for (int i = 0; i < 50 && here->state != LINK_UP; i++)
		loop_turn(loop, 20);
	return here->state == LINK_UP ? 0 : -1;
}

static int close_link(void **state)
{
	link_destroy(here);
	loop_destroy(loop);
	return 0;
}

/* The word, often enough; the caller wipes it. */
static void fill(char secret[SECRET_LEN])
{
	for (size_t at = 0; at + 8 < SECRET_LEN; at += 8)
		memcpy(secret + at, LEFT_WORD " ", 9);
}

static void on_result(const struct run_result *r, void *arg)
{
	over = true;
}

static void until_over(void)
{
	for (int64_t until = now_mono_ms() + WAIT_MS; !over && now_mono_ms() < until;)
		loop_turn(loop, 50);
	assert_true(over);
}

/* The places were in use a moment ago, and hold nothing of it now. */
static void nothing_is_left(const uintptr_t *places, size_t n)
{
	int left = 0;
	for (size_t i = 0; i < n; i++)
		left += is_left_at(places[i], sizeof(LEFT_WORD));
	assert_int_equal(left, 0);
}

/* Input and answer of a run, which ends or is cancelled. */
static void test_runs(void **state)
{
	for (int cancel = 0; cancel < 2; cancel++)
		for (int staged = 0; staged < 2; staged++) {
			char secret[SECRET_LEN];
			uintptr_t places[LEFT_MAX];
			struct run *run;
			fill(secret);
			over = false;
			size_t len = strlen(secret);
			struct run_stages stages = { .shown = "x",
				                     .answer = secret,
				                     .answer_len = len };
			if (staged)
				run = link_run_staged(here, "cat >/dev/null", &stages, secret, len,
				                      0, WAIT_MS, on_result, NULL);
			else
				run = link_run(here, "cat >/dev/null", secret, len, 0, WAIT_MS,
				               on_result, NULL);
			wipe(secret, sizeof(secret));
			size_t n = left_find(places);
			assert_true(n > 0);
			if (cancel || staged) {
				loop_turn(loop, 0);
				run_cancel(run);
			} else {
				until_over();
			}
			loop_turn(loop, 0);
			nothing_is_left(places, n);
		}
}

static void on_done(struct call *c, const struct reply *r, void *arg)
{
	over = true;
}

/* Headers and body of a call, which ends or is cancelled. Nobody has to answer. */
static void test_calls(void **state)
{
	struct http *http = http_create(loop);
	struct endpoint nowhere = { .kind = ENDPOINT_UNIX, .path = "/dev/null" };
	struct origin *origin = origin_create(http, here, &nowhere, 1);
	for (int cancel = 0; cancel < 2; cancel++)
		for (int body = 0; body < 2; body++) {
			char secret[SECRET_LEN] = "";
			uintptr_t places[LEFT_MAX];
			const char *headers[] = { body ? "X-Token: none" : secret, NULL };
			fill(secret);
			over = false;
			struct call *c = call_start(origin,
			                            &(struct call_spec){
							    .method = "POST",
							    .path = "/x",
							    .headers = headers,
							    .body = body ? secret : "x",
							    .body_len = body ? strlen(secret) : 1,
							    .done = on_done });
			wipe(secret, sizeof(secret));
			size_t n = left_find(places);
			assert_true(n > 0);
			if (cancel)
				call_cancel(c);
			else
				until_over();
			for (int i = 0; i < 3; i++)
				loop_turn(loop, 0);
			nothing_is_left(places, n);
		}
	origin_destroy(origin);
	http_destroy(http);
}

static void on_closed(const struct stream_end *end, const char *complaint, void *arg)
{
	over = true;
}

/* The places that are not among the old ones: a copied struct carries what its stack held. */
static size_t find_new(uintptr_t places[LEFT_MAX], const uintptr_t *old, size_t n_old)
{
	size_t n = left_find(places), kept = 0;
	for (size_t i = 0; i < n; i++) {
		bool is_old = false;
		for (size_t k = 0; k < n_old; k++)
			is_old |= places[i] == old[k];
		if (!is_old)
			places[kept++] = places[i];
	}
	return kept;
}

/* What waits in a relay for a program that reads nothing: it is closed, or the program ends. */
static void test_relays(void **state)
{
	static const char stuffing[64 << 10] = "x"; /* fills the pipe, pipe(7) */
	for (int ends = 0; ends < 2; ends++) {
		char secret[SECRET_LEN];
		uintptr_t places[LEFT_MAX], old[LEFT_MAX];
		struct err err;
		int fd = -1;
		size_t n_old = left_find(old);
		const char *command = ends ? "read -r x; kill -9 $$" : "exec sleep 60";
		struct relay *relay = relay_open(
			here, &(struct endpoint){ .kind = ENDPOINT_EXEC, .command = command }, &fd,
			NULL, on_closed, NULL, &err);
		assert_non_null(relay);
		fill(secret);
		over = false;
		for (size_t sent = 0; sent < sizeof(stuffing);) {
			ssize_t n = write(fd, stuffing + sent, sizeof(stuffing) - sent);
			sent += n > 0 ? (size_t)n : 0;
			loop_turn(loop, 0);
		}
		assert_int_equal(write(fd, secret, strlen(secret)), strlen(secret));
		wipe(secret, sizeof(secret));
		for (int i = 0; i < 5; i++)
			loop_turn(loop, 10);
		size_t n = find_new(places, old, n_old);
		assert_true(n > 0);
		if (ends) {
			assert_int_equal(write(fd, "\n", 1), 1);
			until_over();
		} else {
			relay_close(relay);
		}
		loop_turn(loop, 0);
		nothing_is_left(places, n);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_runs, open_link, close_link),
		cmocka_unit_test_setup_teardown(test_calls, open_link, close_link),
		cmocka_unit_test_setup_teardown(test_relays, open_link, close_link),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
