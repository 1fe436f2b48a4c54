/* stats.c: CPU, memory and network of the rows on screen. Each row has a stream. If each connection
 * is a command on the server, requests run one after another instead.
 *
 * Source: Docker Engine API v1.41, "Containers > Get container stats based on resource usage". */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/containers/engine.h"

#define ASK_EACH_MS 3000 /* between the end of an answer and the next request */

static void stats_ask(struct ctr *);

/* Is the difference large enough to show on screen? */
static bool stats_differs(double old, double now, double grain)
{
	return (old < 0) != (now < 0) || fabs(old - now) > grain;
}

void stats_feed(struct ctr *c, const char *json, size_t len)
{
	struct ctr_sample s;
	struct container *row = c->row, old = *row;
	if (!ctr_sample_parse(&s, json, len) || row->state != CONTAINER_RUNNING)
		return;
	const struct ctr_sample *before = c->sample.valid ? &c->sample : NULL;
	double seconds = before ? (double)(s.read_ms - before->read_ms) / 1000 : 0;
	double cpu = ctr_sample_cpu(&s, before);
	row->cpu = cpu >= 0 || !s.valid ? cpu : row->cpu;
	row->mem = s.valid ? s.mem : -1;
	row->mem_limit = s.valid ? s.mem_limit : -1;
	bool rates = seconds > 0 && s.valid && s.rx >= before->rx && before->rx >= 0 &&
	             s.tx >= before->tx;
	row->net_rx = rates ? (s.rx - before->rx) / seconds : -1;
	row->net_tx = rates ? (s.tx - before->tx) / seconds : -1;
	c->sample = s;
	if (stats_differs(old.cpu, row->cpu, 0.05) ||
	    stats_differs(old.mem, row->mem, row->mem / 256) ||
	    stats_differs(old.mem_limit, row->mem_limit, 0) ||
	    stats_differs(old.net_rx, row->net_rx, row->net_rx / 64) ||
	    stats_differs(old.net_tx, row->net_tx, row->net_tx / 64))
		store_touch_figures(&row->row);
}

static void stats_line(const char *line, size_t len, void *arg)
{
	struct ctr *c = arg;
	char what[16 + CTR_ID_SIZE];
	if (!c->stats)
		return;
	snprintf(what, sizeof(what), "stats:%s", c->id);
	source_feed(&c->engine->source, what, line, len);
}

static bool stats_data(struct call *call, const char *bytes, size_t len, void *arg)
{
	struct ctr *c = arg;
	json_lines_feed(&c->stats_lines, bytes, len, stats_line, c);
	return true;
}

static void stats_on_rest(struct loop_timer *t, void *arg)
{
	struct ctr *c = arg;
	c->resting = false;
	if (c->engine->origin && !c->stats && c->row->row.shown &&
	    c->row->state == CONTAINER_RUNNING)
		stats_ask(c);
}

static void stats_end_rest(struct ctr *c)
{
	if (c->rest)
		loop_timer_set(c->rest, -1);
	c->resting = false;
}

static void stats_done(struct call *call, const struct reply *r, void *arg)
{
	struct ctr *c = arg;
	c->stats = NULL;
	c->engine->stats--;
	/* Podman ends the answer without a newline */
	if (r->status == 200 && !engine_has_socket(c->engine) && c->stats_lines.line.len) {
		struct buf line = c->stats_lines.line;
		c->stats_lines.line = (struct buf){ 0 };
		char what[16 + CTR_ID_SIZE];
		snprintf(what, sizeof(what), "stats:%s", c->id);
		source_feed(&c->engine->source, what, line.data, line.len);
		buf_finish(&line);
	}
	json_lines_finish(&c->stats_lines);
	if (!c->rest)
		c->rest = loop_timer_add(store_loop(c->engine->source.store), -1, stats_on_rest, c);
	loop_timer_set(c->rest, ASK_EACH_MS);
	c->resting = true;
	if (!engine_has_socket(c->engine))
		stats_shown(c->engine);
}

static void stats_ask(struct ctr *c)
{
	char path[96 + CTR_ID_SIZE];
	struct engine *e = c->engine;
	snprintf(path, sizeof(path), "/containers/%s/stats?stream=%s", c->id,
	         engine_has_socket(e) ? "1" : "0&one-shot=1");
	c->stats = engine_get(e, path,
	                      (struct call_spec){
				      .data = stats_data, .done = stats_done, .arg = c });
	e->stats++;
	stats_end_rest(c);
}

void stats_stop(struct ctr *c)
{
	stats_end_rest(c);
	c->sample.valid = false; /* too old to compute a rate from */
	if (!c->stats)
		return;
	call_cancel(c->stats);
	c->stats = NULL;
	c->engine->stats--;
	json_lines_finish(&c->stats_lines);
}

void stats_shown(struct engine *e)
{
	if (!e->origin || e->source.state != SOURCE_LIVE)
		return;
	unsigned most = engine_has_socket(e) ? ENGINE_STATS_MAX : 1;
	for (struct ctr *c = e->ctrs; c; c = c->hh.next)
		if (!c->row->row.shown || c->row->state != CONTAINER_RUNNING)
			stats_stop(c);
	for (struct ctr *c = e->ctrs; c && e->stats < most; c = c->hh.next)
		if (c->row->row.shown && c->row->state == CONTAINER_RUNNING && !c->stats &&
		    !c->resting)
			stats_ask(c);
}
