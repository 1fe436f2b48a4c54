/* checks.h: checks as rows: one row for each [check NAME], on the server it is made from.
 *
 * A check is made again and again by mocr itself, from this machine or through the link of a
 * server. Between two runs nothing is open and nothing runs on a server. */
#ifndef CHECKS_CHECKS_H
#define CHECKS_CHECKS_H

#include <stdbool.h>
#include <stdint.h>

#include "backends/checks/lately.h"
#include "backends/checks/offer.h"
#include "backends/store/probe_spec.h"
#include "backends/store/store.h"

struct check_runner;

struct check {
	struct row row;
	enum probe_what what;
	char target[256]; /* "https://shop.example/health", washed, without a query */
	bool insecure;
	bool paused;
	bool ran;       /* at least once */
	bool decided;   /* a run was good, or enough runs were bad */
	int fails;      /* bad runs in a row */
	int fails_most; /* so many make it bad */
	int slows;      /* slow runs in a row; fails_most of them need attention */
	int slow_ms;    /* 0: no limit */
	int certificate_warn, certificate_bad; /* days */
	int64_t certificate_end_ms;            /* wall clock; 0 unknown */
	double latency_ms;                     /* of the last run; below 0: it was bad */
	int64_t ran_ms;                        /* wall clock, of the last run */
	int status;                            /* of HTTP; 0 none */
	/* why it cannot be made at all: a mistake in the section, a missing right; "" it can */
	char unable[320];
	char said[160];    /* what a good run found: "200", "192.0.2.7" */
	char failure[320]; /* the last bad run: why */
	int64_t failed_ms; /* and when, wall clock; 0 never */
	int64_t every_ms;
	struct lately lately;
	struct check_runner *runner; /* owned by the source; NULL: a recording, or an offer */
	struct offer *offer;         /* owned: it has no section yet (offer.h); NULL: it has */
};

extern const struct kind kind_check;

static inline struct check *check_of(const struct row *r)
{
	return ROW_AS(check, r);
}

/* "up", "failing", "down", "paused", ... one word for a column. */
const char *check_state(const struct check *);
/* Days until its certificate ends, rounded down; false: unknown. */
bool check_certificate_days(const struct check *, int64_t now_wall_ms, int *days);

extern const struct backend backend_checks, backend_offers;

#endif
