/* What logs cost without any server: adding lines, memory over ten million of them, filters over a
 * full buffer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backends/base/match.h"
#include "backends/base/mem.h"
#include "backends/store/log.h"

#define SLICE_US 3000 /* as views.c has it */

/* Of this process: what one core of a quiet machine would need. */
static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

static long resident_kb(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	if (f && fscanf(f, "%*d %ld", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static bool judge(const struct log_line *line, void *match)
{
	return match_in(match, line->text, line->len);
}

static void filter(struct log *log, const char *pattern)
{
	char why[200];
	struct match *m = match_create(pattern, why, sizeof(why));
	double began = now_ms(), worst = 0;
	bool done = false;
	log_set_judge(log, judge, m);
	while (!done) {
		double slice = now_ms();
		done = log_judge_some(log, SLICE_US);
		worst = now_ms() - slice > worst ? now_ms() - slice : worst;
	}
	printf("filter %-34s %6.1f ms of CPU over %zu MB, longest slice %.1f ms, %llu lines seen\n",
	       pattern, now_ms() - began, log_bytes(log) >> 20, worst,
	       (unsigned long long)log_seen_count(log));
	log_set_judge(log, NULL, NULL);
	match_destroy(m);
}

int main(int argc, char **argv)
{
	static const char *const patterns[] = { "nothing like this", "took 97[0-9] ms",
		                                "error|warn|fatal", "from .*things$",
		                                "(?i)PATH=\\S+$" };
	long lines = argc > 1 ? atol(argv[1]) : 10000000, at_tenth = 0;
	struct log *log = log_create(0);
	unsigned source = log_source_add(log, "sese/container/x");
	char text[256];
	double began = now_ms();
	for (long i = 0; i < lines; i++) {
		int n = snprintf(text, sizeof(text),
		                 "2026-11-21T06:40:08Z level=info request %ld from 10.1.2.3 took "
		                 "%ld ms path=/api/v1/things",
		                 i, i % 977);
		log_add(log, source, 1000000 + i, LOG_LEVEL_UNKNOWN, LOG_LINE, text, (size_t)n);
		if (i == lines / 5)
			at_tenth = resident_kb();
	}
	printf("add %ld lines: %.0f a second of CPU\n", lines,
	       (double)lines / (now_ms() - began) * 1000);
	printf("memory: %ld MB after a fifth of them, %ld MB after all, bound %u MB, %llu "
	       "dropped\n",
	       at_tenth >> 10, resident_kb() >> 10, LOG_MAX_DEFAULT >> 20,
	       (unsigned long long)log_dropped(log));
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
		filter(log, patterns[i]);
	log_destroy(log);
	return 0;
}
