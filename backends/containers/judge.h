/* judge.h: assesses a container's health and classifies its death. Pure. */
#ifndef CONTAINERS_JUDGE_H
#define CONTAINERS_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/containers/container.h"

/* Facts beyond the row. */
struct ctr_facts {
	const char *policy;        /* restart policy; "" unknown */
	const char *error;         /* the engine's reason why it did not start; "" */
	const char *health_output; /* output of the last health check; "" */
	int failing_streak;
	bool stopped;      /* the engine was asked to stop or kill it */
	bool witnessed;    /* the die event was received, so a stop would have been seen */
	bool inspected;    /* restarts, oom and times are known */
	unsigned deaths;   /* recent deaths */
	int64_t mem_limit; /* bytes; 0 none */
	int64_t now_ms;
};

struct ctr_verdict {
	enum health health;
	int64_t since_ms; /* wall clock, ms; 0 unknown */
	char why[256];    /* "" healthy */
};

/* Sets death and exit_signal of c. */
void ctr_classify(struct container *c, const struct ctr_facts *);
void ctr_judge(const struct container *c, const struct ctr_facts *, struct ctr_verdict *);

/* "KILL" for 137; "" when the code does not stand for a signal. */
const char *ctr_exit_signal(int exit_code);

/* The last line in lines that names something missing; NULL: none. len receives its length in
 * bytes. */
const char *ctr_missing_line(const char *lines, size_t *len);

/* After repeated deaths, a container counts as settled once it has run for this long. */
#define CTR_SETTLED_MS 60000

#endif
