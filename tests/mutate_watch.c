/* Linked into the unit tests by tests/mutate, in front of cmocka
 * (-Wl,--wrap=_cmocka_run_group_tests):
 *
 *     MOCR_TESTS=3,7   runs only the tests of these numbers, counted through all groups; unset: all
 *     MOCR_COVER=FILE  notes where the program's library has been: one byte per byte of its code,
 *                      one such part per test
 *     MOCR_TIMES=FILE  gets "begin NUMBER NAME" and "end NUMBER MILLISECONDS" per test; one that
 *                      takes MOCR_LIMIT seconds dies of SIGALRM */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { TESTS_MAX = 200 };

/* the part of the running test; all of them, NULL: nothing is noted */
static unsigned char *seen, *parts;
static uintptr_t base; /* where the library lies */
static size_t size;    /* of a part */
static int times = -1;
static int running; /* number of the test */
static int numbers[TESTS_MAX], counted, chosen, turn;
static int (*setups[TESTS_MAX])(void **), (*teardowns[TESTS_MAX])(void **);
static struct timespec begun, begun_cpu;

void __sanitizer_cov_trace_pc(void);
int __real__cmocka_run_group_tests(const char *, const struct CMUnitTest *, size_t,
                                   CMFixtureFunction, CMFixtureFunction);
int __wrap__cmocka_run_group_tests(const char *, const struct CMUnitTest *, size_t,
                                   CMFixtureFunction, CMFixtureFunction);

void __sanitizer_cov_trace_pc(void)
{
	uintptr_t at = (uintptr_t)__builtin_return_address(0) - base;
	if (seen && at < size)
		seen[at] = 1;
}

static int watch_library(struct dl_phdr_info *info, size_t n, void *arg)
{
	const char *slash = strrchr(info->dlpi_name, '/');
	if (slash && !strcmp(slash, "/libcore.so"))
		base = info->dlpi_addr;
	return 0;
}

static void watch_open(void)
{
	const char *cover = getenv("MOCR_COVER"), *log = getenv("MOCR_TIMES");
	if (log)
		times = open(log, O_WRONLY | O_APPEND | O_CLOEXEC);
	int fd = cover ? open(cover, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	dl_iterate_phdr(watch_library, NULL);
	size_t all = (size_t)lseek(fd, 0, SEEK_END);
	void *map = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		abort();
	size = all / TESTS_MAX;
	parts = map;
}

static int watch_setup(void **state)
{
	running = turn++;
	seen = parts ? parts + (size_t)numbers[running] * size : NULL;
	if (times >= 0) {
		alarm((unsigned)atoi(getenv("MOCR_LIMIT")));
		dprintf(times, "begin %d\n", numbers[running]);
	}
	clock_gettime(CLOCK_MONOTONIC, &begun);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun_cpu);
	return setups[running] ? setups[running](state) : 0;
}

static long watch_since(clockid_t clock, const struct timespec *then)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (now.tv_sec - then->tv_sec) * 1000 + (now.tv_nsec - then->tv_nsec) / 1000000;
}

static int watch_teardown(void **state)
{
	int code = teardowns[running] ? teardowns[running](state) : 0;
	long passed = watch_since(CLOCK_MONOTONIC, &begun),
	     worked = watch_since(CLOCK_PROCESS_CPUTIME_ID, &begun_cpu);
	seen = NULL;
	alarm(0);
	/* On a machine with other work a test waits for it: that is not the test's own time. */
	if (times >= 0)
		dprintf(times, "end %d %ld\n", numbers[running],
		        worked > passed / 4 ? worked : passed / 4);
	return code;
}

static bool watch_is_chosen(int number)
{
	const char *list = getenv("MOCR_TESTS");
	if (!list)
		return true;
	for (char *end; *list; list = *end ? end + 1 : end)
		if (strtol(list, &end, 10) == number)
			return true;
	return false;
}

int __wrap__cmocka_run_group_tests(const char *group, const struct CMUnitTest *tests, size_t n,
                                   CMFixtureFunction setup, CMFixtureFunction teardown)
{
	struct CMUnitTest mine[TESTS_MAX];
	size_t used = 0;
	if (!counted)
		watch_open();
	turn = chosen;
	for (size_t i = 0; i < n; i++) {
		if (counted >= TESTS_MAX)
			abort();
		int number = counted++;
		if (times >= 0)
			dprintf(times, "name %d %s\n", number, tests[i].name);
		if (!watch_is_chosen(number))
			continue;
		mine[used] = tests[i];
		mine[used].setup_func = watch_setup;
		mine[used++].teardown_func = watch_teardown;
		setups[chosen] = tests[i].setup_func;
		teardowns[chosen] = tests[i].teardown_func;
		numbers[chosen++] = number;
	}
	return used ? __real__cmocka_run_group_tests(group, mine, used, setup, teardown) : 0;
}
