/* internal.h: shared by the files of this room. */
#ifndef CHECKS_INTERNAL_H
#define CHECKS_INTERNAL_H

#include <arpa/inet.h>

#include "backends/checks/checks.h"
#include "backends/link/loop.h"

#define CHECK_NAME_SIZE 64
#define CHECK_WHY_SIZE 320

/* --- one run: probe.c ----------------------------------------------------- */

struct probe_result {
	bool good;
	bool unable; /* the run could not be made here; why says what would help */
	bool lost;   /* the link was lost meanwhile: the run tells nothing about the target */
	char why[CHECK_WHY_SIZE];   /* !good: a phrase, not washed */
	char said[160];             /* good: what was found; not washed */
	double ms;                  /* from the start to the end, with the name look-up */
	int status;                 /* of HTTP; 0 none */
	int64_t certificate_end_ms; /* wall clock; 0 none or unknown */
};
typedef void probe_done(const struct probe_result *, void *arg);

struct probe {
	const struct probe_ops *ops;
	struct source *source;         /* borrowed */
	const struct probe_spec *spec; /* borrowed until the end */
	struct loop_timer *timer;
	const char *stage; /* a constant: "connecting", for the sentence when the time is over */
	int64_t began_us;
	bool ended; /* the result stands; done follows after the callbacks of this turn */
	struct probe_result result;
	probe_done *done;
	void *arg;
};
/* One kind of run. size is that of a struct that starts with a struct probe. */
struct probe_ops {
	size_t size;
	void (*begin)(struct probe *); /* may end it at once */
	void (*end)(struct probe *);   /* closes and frees what it owns beyond struct probe */
};
extern const struct probe_ops probe_http, probe_tcp, probe_dns, probe_ping;

/* Starts a run. done is called exactly once, after this function has returned, unless the run is
 * cancelled. At the latest it comes when the time limit of the section is over. */
struct probe *probe_start(struct source *, const struct probe_spec *, probe_done *, void *arg);
void probe_cancel(struct probe *); /* NULL is fine; done is not called */

/* For the kinds of runs. The first end counts. */
void probe_end_good(struct probe *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void probe_end_bad(struct probe *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Ends it with a sentence of the link, without the name of its own server in front. */
void probe_end_err(struct probe *, const struct err *);
struct loop *probe_loop(const struct probe *);

/* --- names: lookup.c ------------------------------------------------------ */

#define LOOKUP_MOST 16 /* addresses of a name that are kept */

struct lookup_result {
	size_t n;
	char addresses[LOOKUP_MOST][INET6_ADDRSTRLEN + 20]; /* with the scope */
	char error[128];                                    /* n 0: why; a phrase */
};
typedef void lookup_done(const struct lookup_result *, void *arg);
/* Looks up the addresses of a name in a thread, by getaddrinfo(3). family: AF_INET, AF_INET6 or
 * AF_UNSPEC. done is called once, after the function has returned. While LOOKUPS_MOST look-ups run,
 * also cancelled ones, further ones wait. */
struct lookup;
#define LOOKUPS_MOST 32
struct lookup *lookup_start(struct loop *, const char *host, int family, lookup_done *, void *arg);
void lookup_cancel(struct lookup *); /* NULL is fine; done is not called */

/* --- the rows -------------------------------------------------------------- */

#define RUNNING_MOST 64 /* runs at once on one server */
struct checks {
	struct source source;
	struct check_runner *all;     /* owned; uthash by name, in the order of the file */
	struct check_runner *waiting; /* borrowed: what is due while RUNNING_MOST run; utlist */
	int running;
};
struct check_runner {
	UT_hash_handle hh;
	struct check_runner *prev, *next; /* of those that wait */
	bool waits;
	struct checks *home;
	struct check *row; /* borrowed; NULL: removed with its server */
	char name[CHECK_NAME_SIZE];
	struct probe_spec spec;
	bool runs; /* the section is right */
	bool kept; /* of checks_configure */
	struct loop_timer *timer;
	struct probe *probe; /* NULL: between two runs */
	int64_t slot;         /* of its last run (lately.h); 0: it did not run */
	/* what kept_write wrote last; all 0: nothing */
	struct {
		int64_t slot;
		unsigned good, all;
	} written;
	struct order *order; /* "check now" that waits for its result; NULL */
};

/* Runs it now, or before all that wait. The order ends with the result, or when the run ends
 * without one. */
void runner_run_now(struct check_runner *, struct order *);
void runner_pause(struct check_runner *, bool pause);

/* judge.c. why gets a phrase, or "". */
enum health judge_check(const struct check *, int64_t now_wall_ms, char *why, size_t size);

/* kept.c: the runs of 24 hours, over a restart. */
/* The check ran: keeps the quarter of an hour before, if another one began. */
void kept_after(struct check_runner *);
void kept_write(struct check_runner *); /* keeps the quarter of an hour that runs */
/* Gives the checks that did not run yet what earlier programs kept of them. */
void kept_read(struct checks *);

/* outcome.c: a result as JSON, as it is fed and recorded, and from there into the row. */
struct buf;
void outcome_write(const struct check_runner *, const struct probe_result *, struct buf *);
/* NULL: the bytes are no outcome. */
struct check *outcome_take(struct source *, const char *bytes, size_t len);
void outcome_judge(struct check *);

/* offers.c: what can be done with an offer, and its details. */
bool offer_fits(const struct row *, const char *argument, struct err *);
void offer_command(const struct row *, char *buf, size_t size);
void offer_write(struct order *);
void offer_say_dismiss(const struct row *, char *buf, size_t size);
void offer_dismiss(struct order *);
void offer_detail(const struct row *, struct doc *);

#endif
