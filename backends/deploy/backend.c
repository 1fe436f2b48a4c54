/* backend.c: the deploys of one server as a source. One stream delivers all known runs, then each
 * event as it happens. The stream is opened only if this configuration deploys to the server, or
 * did so earlier. So other servers start no process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/deploy/internal.h"
#include "backends/deploy/script.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"

#define LINE_MOST (8u << 10)
#define RETRY_FIRST_MS 5000
#define RETRY_MOST_MS 300000

static void deploy_open_watch(void *arg);

/* Feeds whole lines only, so that a recording has whole lines. */
static size_t deploy_on_data(struct stream *s, const char *bytes, size_t len, void *arg)
{
	struct deploys *ds = arg;
	buf_add(&ds->in, bytes, len);
	const char *last = ds->in.len ? memrchr(ds->in.data, '\n', ds->in.len) : NULL;
	if (last) {
		size_t n = (size_t)(last + 1 - ds->in.data);
		source_feed(&ds->source, "events", ds->in.data, n);
		buf_consume(&ds->in, n);
	} else if (ds->in.len > LINE_MOST) {
		buf_clear(&ds->in);
	}
	return len;
}

static void deploy_on_error_data(struct stream *s, const char *bytes, size_t len, void *arg)
{
	struct deploys *ds = arg;
	wash(ds->complaint, sizeof(ds->complaint), bytes, len);
}

static void deploy_on_closed(struct stream *s, const struct stream_end *end, void *arg)
{
	struct deploys *ds = arg;
	struct err err;
	ds->watch = NULL;
	ds->listed = false;
	buf_clear(&ds->in);
	if (end->err.code == ERR_LOST || source_link(&ds->source)->state != LINK_UP)
		return;
	if (end->err.code)
		err = end->err;
	else
		err_set(&err, ERR_REFUSED, "the list of runs cannot be read%s%s",
		        ds->complaint[0] ? ": " : "", ds->complaint + (ds->complaint[0] == '='));
	source_set_state(&ds->source, SOURCE_FAILED, &err);
	loop_timer_set(ds->retry, backoff_ms(&ds->pause, RETRY_FIRST_MS, RETRY_MOST_MS));
}

static void deploy_open_watch(void *arg)
{
	struct deploys *ds = arg;
	static const struct stream_events events = { .data = deploy_on_data,
		                                     .error_data = deploy_on_error_data,
		                                     .closed = deploy_on_closed };
	struct buf script = { 0 };
	struct err err;
	struct link *link = source_link(&ds->source);
	if (ds->watch || link->state != LINK_UP)
		return;
	ds->complaint[0] = '\0';
	script_watch(&script);
	ds->watch = link_open(link,
	                      &(struct endpoint){ .kind = ENDPOINT_EXEC, .command = "exec sh -s" },
	                      &events, ds, &err);
	if (ds->watch)
		stream_write(ds->watch, script.data, script.len);
	else
		loop_timer_set(ds->retry, backoff_ms(&ds->pause, RETRY_FIRST_MS, RETRY_MOST_MS));
	buf_finish(&script);
}

void events_again(struct deploys *ds)
{
	stream_close(ds->watch);
	ds->watch = NULL;
	ds->listed = false;
	loop_timer_set(ds->retry, 0);
}

void events_wanted(struct deploys *ds)
{
	if (!ds->watch && ds->prepared)
		loop_timer_set(ds->retry, 0);
}

/* A compose project came on screen. Only the server's events know its runs. */
static void deploy_shown(struct source *s)
{
	for (struct row *r = store_first(s->store, &kind_deploy, s->server); r;
	     r = store_next(r, &kind_deploy, s->server))
		if (r->shown)
			events_wanted(deploys_of(s));
}

static void deploy_prepare(struct deploys *ds)
{
	if (ds->prepared)
		return;
	ds->prepared = true;
	buf_init(&ds->in, 1u << 20);
	ds->retry = loop_timer_call(store_loop(ds->source.store), -1, deploy_open_watch, ds);
	deploy_history_load(ds);
}

static void deploy_up(struct source *s)
{
	struct deploys *ds = deploys_of(s);
	deploy_prepare(ds);
	backoff_reset(&ds->pause);
	size_t n = 0;
	for (const struct deploy_config *c = store_settings(ds->source.store)->deploys; c;
	     c = c->next)
		if (c->server && server_is_called(ds->source.server, c->server)) {
			deploy_judge(deploy_row(ds, c->name));
			n++;
		}
	/* A server with only compose projects needs no stream before one is on screen. */
	for (struct row *r = store_first(s->store, &kind_deploy, s->server); r;
	     r = store_next(r, &kind_deploy, s->server))
		n += ROW_AS(deploy, r)->run.id[0] || r->shown;
	if (!n) {
		source_set_state(s, SOURCE_ABSENT, NULL);
		return;
	}
	if (ds->watch)
		events_again(ds); /* a refresh */
	else
		deploy_open_watch(ds);
	watches_up(ds);
}

static void deploy_down(struct source *s)
{
	struct deploys *ds = deploys_of(s);
	stream_close(ds->watch);
	ds->watch = NULL;
	ds->listed = false;
	buf_clear(&ds->in);
	if (ds->retry)
		loop_timer_set(ds->retry, -1);
	if (source_link(s)->state != LINK_UP) {
		watches_down(ds);
		acts_finish(ds);
	}
	if (s->state == SOURCE_LIVE)
		source_set_state(s, SOURCE_STALE, NULL);
}

static void deploy_feed(struct source *s, const char *what, const char *bytes, size_t len)
{
	struct deploys *ds = deploys_of(s);
	deploy_prepare(ds);
	for (size_t at = 0; at < len;) {
		const char *nl = memchr(bytes + at, '\n', len - at);
		size_t n = nl ? (size_t)(nl - bytes) - at : len - at;
		runs_apply(ds, bytes + at, n);
		at += n + 1;
	}
}

static void deploy_finish(struct source *s)
{
	struct deploys *ds = deploys_of(s);
	acts_finish(ds);
	watches_finish(ds);
	stream_close(ds->watch);
	loop_timer_remove(ds->retry);
	buf_finish(&ds->in);
}

const struct backend backend_deploy = {
	.name = "deploy",
	.source_size = sizeof(struct deploys),
	.up = deploy_up,
	.down = deploy_down,
	.feed = deploy_feed,
	.shown = deploy_shown,
	.finish = deploy_finish,
	.watches = &kind_container,
	.watched = deploy_projects,
};
