/* judge.h: how well a container is, and what a death was. Pure. */
#ifndef CONTAINERS_JUDGE_H
#define CONTAINERS_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/containers/container.h"

/* What a judgement needs beyond the row. */
struct ctr_facts {
	const char *policy;        /* restart policy; "" unknown */
	const char *error;         /* the engine's words why it did not start; "" */
	const char *health_output; /* of the last check; "" */
	int failing_streak;
	bool stopped;      /* somebody stopped or killed it through the engine */
	bool witnessed;    /* we watched when it died: a stop would have been seen */
	bool inspected;    /* restarts, oom, times are known */
	unsigned deaths;   /* seen lately */
	int64_t mem_limit; /* 0 none */
	int64_t now_ms;
};

struct ctr_verdict {
	enum health health;
	int64_t since_ms; /* 0 unknown */
	char why[256];    /* "" well */
};

/* Sets death and exit_signal of c. */
void ctr_classify(struct container *c, const struct ctr_facts *);
void ctr_judge(const struct container *c, const struct ctr_facts *, struct ctr_verdict *);

/* "KILL" for 137; "" when the code is no signal's. */
const char *ctr_exit_signal(int exit_code);

/* A line of the last ones that names what is missing; NULL. len gets its length. */
const char *ctr_missing_line(const char *lines, size_t *len);

/* A container that ran for shorter than this after its last start is not settled yet. */
#define CTR_SETTLED_MS 60000

#endif
