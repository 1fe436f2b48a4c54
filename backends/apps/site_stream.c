#include "backends/apps/site_stream.h"

#include <string.h>

#include "backends/apps/platform.h"
#include "backends/link/loop.h"

#define LEAST_MS 1000
#define MOST_MS 60000
#define REFUSED_MS 600000 /* after 401, 403, 404: only somebody there can change that */
#define STEADY_MS 10000   /* one that was live for so long begins with the least pause again */

static void site_stream_ask(struct site_stream *t);

static struct loop *site_stream_loop(const struct site_stream *t)
{
	return store_loop(t->site->source->store);
}

static void site_stream_broke(struct site_stream *t, const struct err *err)
{
	int64_t pause;
	bool steady = t->live && loop_now(site_stream_loop(t)) - t->live_ms >= STEADY_MS;
	api_cancel(t->call);
	t->call = NULL;
	sse_finish(&t->sse);
	t->live = false;
	t->err = *err;
	if (t->page)
		err_set(&t->err, ERR_GARBLED, "%s %s answers %s with a web page",
		        t->site->platform->product, t->site->name, t->path);
	else if (!err->code)
		err_set(&t->err, ERR_LOST, "%s %s ended its events", t->site->platform->product,
		        t->site->name);
	if (steady)
		backoff_reset(&t->pause);
	pause = backoff_ms(&t->pause, LEAST_MS, MOST_MS);
	if (err->code == ERR_DENIED || err->code == ERR_ABSENT)
		pause = REFUSED_MS;
	loop_timer_set(t->timer, pause);
	t->changed(t->site);
}

/* Time for the next try, or too long without a byte. */
static void site_stream_due(struct loop_timer *timer, void *arg)
{
	struct site_stream *t = arg;
	struct err err;
	if (!t->call) {
		site_stream_ask(t);
		return;
	}
	err_set(&err, ERR_TIMEOUT, "%s %s sent no event and no keep-alive for %lld s",
	        t->site->platform->product, t->site->name, (long long)t->silent_ms / 1000);
	site_stream_broke(t, &err);
}

static bool site_stream_data(struct api_call *call, const char *bytes, size_t len, void *arg)
{
	struct site_stream *t = arg;
	loop_timer_set(t->timer, t->silent_ms);
	if (!t->live && len && bytes[0] == '<') {
		/* the call must not end within its own data */
		t->page = true;
		loop_timer_set(t->timer, 0);
		return false;
	}
	if (!t->live && len) {
		t->live = true;
		t->live_ms = loop_now(site_stream_loop(t));
		err_clear(&t->err);
		t->changed(t->site);
		site_poke(t->site);
	}
	sse_feed(&t->sse, bytes, len, t->event, t->site);
	return true;
}

static void site_stream_done(const struct api_answer *r, void *arg)
{
	struct site_stream *t = arg;
	t->call = NULL;
	site_stream_broke(t, &r->err);
}

static void site_stream_ask(struct site_stream *t)
{
	if (!t->site->api)
		return;
	t->page = false;
	loop_timer_set(t->timer, t->silent_ms);
	t->call = site_call(t->site, &(struct api_request){ .path = t->path,
	                                                    .data = site_stream_data,
	                                                    .done = site_stream_done,
	                                                    .arg = t });
}

void site_stream_open(struct site_stream *t)
{
	if (t->timer)
		return;
	t->timer = loop_timer_add(site_stream_loop(t), -1, site_stream_due, t);
	site_stream_ask(t);
}

void site_stream_stop(struct site_stream *t)
{
	api_cancel(t->call);
	t->call = NULL;
	sse_finish(&t->sse);
	loop_timer_remove(t->timer);
	t->timer = NULL;
	t->live = false;
	backoff_reset(&t->pause);
	err_clear(&t->err);
}
