/* probe.c: what all runs have in common: the clock, the time limit, and one end.
 *
 * An end only sets the result. The run is freed after the callbacks of the turn, because an end may
 * come from inside a callback of its own call or stream. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/mem.h"
#include "backends/checks/internal.h"
#include "backends/link/link.h"

static int64_t probe_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct loop *probe_loop(const struct probe *p)
{
	return store_loop(p->source->store);
}

static void probe_free(struct probe *p)
{
	p->ops->end(p);
	loop_timer_remove(p->timer);
	free(p);
}

static void probe_over(void *arg)
{
	struct probe *p = arg;
	struct probe_result result = p->result;
	probe_done *done = p->done;
	void *done_arg = p->arg;
	probe_free(p);
	done(&result, done_arg);
}

static void probe_end(struct probe *p, bool good)
{
	if (p->ended)
		return;
	p->ended = true;
	p->result.good = good;
	p->result.ms = (double)(probe_now_us() - p->began_us) / 1000;
	loop_timer_set(p->timer, -1);
	loop_defer(probe_loop(p), probe_over, p);
}

void probe_end_good(struct probe *p, const char *fmt, ...)
{
	va_list ap;
	if (p->ended)
		return;
	va_start(ap, fmt);
	vsnprintf(p->result.said, sizeof(p->result.said), fmt, ap);
	va_end(ap);
	probe_end(p, true);
}

void probe_end_bad(struct probe *p, const char *fmt, ...)
{
	va_list ap;
	if (p->ended)
		return;
	va_start(ap, fmt);
	vsnprintf(p->result.why, sizeof(p->result.why), fmt, ap);
	va_end(ap);
	probe_end(p, false);
}

void probe_end_err(struct probe *p, const struct err *err)
{
	const char *name = p->source->server->name, *text = err->text;
	size_t n = strlen(name);
	if (strncmp(text, name, n) == 0 && strncmp(text + n, ": ", 2) == 0)
		text += n + 2;
	if (source_link(p->source)->state != LINK_UP)
		p->result.lost = true;
	probe_end_bad(p, "%s", text);
}

static void probe_on_timer(struct loop_timer *t, void *arg)
{
	struct probe *p = arg;
	probe_end_bad(p, "%s took longer than %d s", p->stage, p->spec->within_ms / 1000);
}

struct probe *probe_start(struct source *source, const struct probe_spec *spec, probe_done *done,
                          void *arg)
{
	static const struct probe_ops *const kinds_of_runs[PROBES] = {
		[PROBE_HTTP] = &probe_http,
		[PROBE_TCP] = &probe_tcp,
		[PROBE_DNS] = &probe_dns,
		[PROBE_PING] = &probe_ping,
	};
	assert(done && spec->within_ms > 0);
	const struct probe_ops *ops = kinds_of_runs[spec->what];
	struct probe *p = xcalloc(1, ops->size);
	*p = (struct probe){ .ops = ops,
		             .source = source,
		             .spec = spec,
		             .stage = "the check",
		             .began_us = probe_now_us(),
		             .done = done,
		             .arg = arg };
	p->timer = loop_timer_add(probe_loop(p), spec->within_ms, probe_on_timer, p);
	ops->begin(p);
	return p;
}

void probe_cancel(struct probe *p)
{
	if (!p)
		return;
	loop_defer_cancel(probe_loop(p), probe_over, p);
	probe_free(p);
}
