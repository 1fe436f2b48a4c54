/* clock.c: a library to preload. The wall clock is ahead by the seconds in the file $MOCR_CLOCK.
 * The monotonic clock stays as it is, because timers run by it: so it is when somebody sets the
 * clock of a machine. (libfaketime 0.9.10 shifts the timers of timerfd too.) */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long ahead(void)
{
	long seconds = 0;
	FILE *f = fopen(getenv("MOCR_CLOCK"), "re");
	if (f && fscanf(f, "%ld", &seconds) != 1)
		seconds = 0;
	if (f)
		fclose(f);
	return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
	int code = (int)syscall(SYS_clock_gettime, clock, at);
	if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		at->tv_sec += ahead();
	return code;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	at->tv_sec = now.tv_sec;
	at->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *at)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (at)
		*at = now.tv_sec;
	return now.tv_sec;
}
