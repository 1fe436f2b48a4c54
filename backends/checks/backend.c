/* backend.c: the checks of one server as a source: which there are, and when each one runs.
 *
 * Every check has one timer. Between two runs nothing else exists: no connection, no process, no
 * byte. The pauses differ by a tenth, so that many checks spread over time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "backends/base/buf.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/checks/internal.h"
#include "backends/link/link.h"
#include "backends/store/action.h"
#include "backends/store/settings.h"

#define SPREAD_MS 20   /* between the first runs of two checks */
#define DECIDE_MS 2000 /* between the first bad runs of a check that never was good */

static struct checks *checks_of(struct source *s)
{
	return (struct checks *)s;
}

/* --- one check ------------------------------------------------------------ */

/* ms, plus or minus up to a tenth. */
static int64_t runner_jitter(int64_t ms)
{
	uint32_t random;
	int64_t tenth = ms / 10;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = 0;
	return tenth ? ms - tenth + (int64_t)random % (2 * tenth + 1) : ms;
}

static void runner_order_end(struct check_runner *n, const struct err *err, const char *output)
{
	struct order *order = n->order;
	n->order = NULL;
	if (order)
		order_end(order, err, output);
}

static void checks_start_waiting(struct checks *);

static void runner_on_result(const struct probe_result *r, void *arg)
{
	struct check_runner *n = arg;
	struct checks *all = n->home;
	struct buf line = { 0 };
	n->probe = NULL;
	all->running--;
	if (!r->lost && n->row) {
		outcome_write(n, r, &line);
		source_feed(&n->home->source, "result", line.data, line.len);
		kept_after(n);
		buf_finish(&line);
	}
	const struct check *c = n->row;
	if (n->runs && c && !c->paused) {
		bool decide = c->fails && !c->decided && n->spec.every_ms > DECIDE_MS;
		loop_timer_set(n->timer, decide ? DECIDE_MS : runner_jitter(n->spec.every_ms));
	}
	char said[sizeof(r->said) + 40];
	struct err err = { 0 };
	snprintf(said, sizeof(said), "%s in %.1f ms", r->said, r->ms);
	if (!r->good)
		err_set(&err, r->unable ? ERR_DENIED : ERR_REFUSED, "%s", r->why);
	runner_order_end(n, &err, said);
	checks_start_waiting(all);
}

static void runner_wait_no_more(struct check_runner *n)
{
	if (n->waits)
		DL_DELETE(n->home->waiting, n);
	n->waits = false;
}

/* Starts what waits, as far as there is room. */
static void checks_start_waiting(struct checks *all)
{
	while (all->waiting && all->running < RUNNING_MOST) {
		struct check_runner *n = all->waiting;
		runner_wait_no_more(n);
		n->home->running++;
		n->probe = probe_start(&n->home->source, &n->spec, runner_on_result, n);
	}
}

/* Runs it as soon as there is room: first come, first served, but what the user asked for first. */
static void runner_want(struct check_runner *n, bool first)
{
	if (n->probe)
		return;
	runner_wait_no_more(n);
	n->waits = true;
	if (first)
		DL_PREPEND(n->home->waiting, n);
	else
		DL_APPEND(n->home->waiting, n);
	checks_start_waiting(n->home);
}

static void runner_on_timer(struct loop_timer *t, void *arg)
{
	(void)t;
	runner_want(arg, false);
}

/* Ends a run, or the wait for one. why: for the user who asked for it. The caller sees to it that
 * others that wait start. */
static void runner_stop(struct check_runner *n, const char *why)
{
	struct err err;
	if (n->probe)
		n->home->running--;
	probe_cancel(n->probe);
	n->probe = NULL;
	runner_wait_no_more(n);
	loop_timer_set(n->timer, -1);
	err_set(&err, ERR_CANCELLED, "%s", why);
	runner_order_end(n, &err, NULL);
}

void runner_run_now(struct check_runner *n, struct order *order)
{
	n->order = order;
	loop_timer_set(n->timer, -1);
	runner_want(n, true);
}

void runner_pause(struct check_runner *n, bool pause)
{
	n->row->paused = pause;
	runner_stop(n, "the check was paused");
	checks_start_waiting(n->home);
	if (!pause)
		loop_timer_set(n->timer, 0);
	outcome_judge(n->row);
}

/* --- all checks of a server ------------------------------------------------ */

static struct check_runner *checks_runner(struct checks *all, const char *name)
{
	struct check_runner *n;
	HASH_FIND_STR(all->all, name, n);
	if (n)
		return n;
	n = xcalloc(1, sizeof(*n));
	n->home = all;
	snprintf(n->name, sizeof(n->name), "%s", name);
	n->timer = loop_timer_add(store_loop(all->source.store), -1, runner_on_timer, n);
	HASH_ADD_STR(all->all, name, n);
	return n;
}

/* Reads the section again. A changed section counts as a new check, but keeps its history. */
static void runner_configure(struct check_runner *n, const struct check_config *config,
                             int64_t first_ms)
{
	struct probe_spec spec;
	struct err err = { 0 };
	bool runs = probe_spec_read(config, &spec, &err);
	bool same = n->row && n->runs == runs && memcmp(&spec, &n->spec, sizeof(spec)) == 0;
	n->kept = true;
	if (same && (n->probe || n->waits))
		return;
	if (!same)
		runner_stop(n, "the section of the check was changed");
	n->spec = spec;
	n->runs = runs;
	struct check *c = n->row = ROW_AS(check, store_row(&n->home->source, &kind_check, n->name,
	                                                   n->name));
	c->runner = n;
	if (!same) {
		c->what = spec.what;
		c->insecure = spec.insecure;
		c->fails_most = spec.fails;
		c->slow_ms = spec.slow_ms;
		c->certificate_warn = spec.certificate_warn;
		c->certificate_bad = spec.certificate_bad;
		c->every_ms = spec.every_ms;
		c->fails = c->slows = 0;
		c->ran = c->decided = false;
		c->certificate_end_ms = 0;
		c->latency_ms = -1;
		probe_spec_target(&spec, c->target, sizeof(c->target));
		snprintf(c->unable, sizeof(c->unable), "%s", runs ? "" : err.text);
	}
	outcome_judge(c);
	if (runs && !c->paused)
		loop_timer_set(n->timer, first_ms);
}

static void checks_forget(struct checks *all, bool keep_marked)
{
	struct check_runner *n, *next;
	HASH_ITER (hh, all->all, n, next) {
		if (keep_marked && n->kept)
			continue;
		struct check *c = n->row;
		HASH_DEL(all->all, n);
		kept_write(n);
		runner_stop(n, "the check is no longer configured");
		loop_timer_remove(n->timer);
		if (n->row)
			n->row->runner = NULL;
		free(n);
		if (c && keep_marked)
			store_row_remove(&c->row);
	}
}

static void checks_configure(struct source *s)
{
	struct checks *all = checks_of(s);
	int64_t first_ms = 0;
	for (struct check_runner *n = all->all; n; n = n->hh.next)
		n->kept = false;
	for (const struct check_config *c = store_settings(s->store)->checks; c; c = c->next) {
		if (!(c->from ? server_is_called(s->server, c->from) : s->server->is_local))
			continue;
		runner_configure(checks_runner(all, c->name), c, first_ms);
		first_ms += SPREAD_MS;
	}
	checks_forget(all, true);
	kept_read(all);
	checks_start_waiting(all);
	source_set_state(s, all->all ? SOURCE_LIVE : SOURCE_ABSENT, NULL);
}

static void checks_down(struct source *s)
{
	struct err err;
	err_set(&err, ERR_LOST, "the link was lost");
	for (struct check_runner *n = checks_of(s)->all; n; n = n->hh.next) {
		runner_order_end(n, &err, NULL);
		runner_stop(n, err.text);
		kept_write(n);
	}
	if (s->state == SOURCE_LIVE)
		source_set_state(s, SOURCE_STALE, NULL);
}

static void checks_feed(struct source *s, const char *what, const char *bytes, size_t len)
{
	if (strcmp(what, "result") == 0)
		outcome_take(s, bytes, len);
}

/* The first verdict of a check needs one good run, or as many bad ones as its section says. */
static bool checks_expects(const struct source *s)
{
	for (const struct check_runner *n = ((const struct checks *)s)->all; n;
	     n = n->hh.next)
		if (n->runs && n->row && !n->row->paused && !n->row->decided && !*n->row->unable)
			return true;
	return false;
}

static void checks_finish(struct source *s)
{
	checks_forget(checks_of(s), false);
}

const struct backend backend_checks = {
	.by_section = true,
	.name = "checks",
	.source_size = sizeof(struct checks),
	.up = checks_configure,
	.down = checks_down,
	.reconfigured = checks_configure,
	.feed = checks_feed,
	.expects = checks_expects,
	.finish = checks_finish,
};
