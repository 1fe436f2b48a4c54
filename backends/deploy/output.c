/* output.c: reads the output of a run from the last offset, across any number of links.
 *
 * Source: the texts of script.c, which run on the server and are part of this program. Output is
 * raw bytes, read by tail(1) from an offset; the time before each line is RFC 3339 (logs/stamp.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/deploy/internal.h"
#include "backends/deploy/script.h"
#include "backends/logs/stamp.h"

#define AGAIN_MS 300
#define AGAIN_MOST \
	20 /* empty streams before slowing down; the list of events is reopened earlier */
#define LINE_MOST (64u << 10)

struct deploy_watch {
	struct deploy_watch *next;
	struct deploys *owner;
	char row_id[256], id[DEPLOY_ID_SIZE];
	const struct deploy_watch_events *events;
	void *arg;
	struct stream *stream;
	struct loop_timer *timer;
	int64_t offset;
	unsigned idle;
	bool refused, over;
	char complaint[200];
};

static void output_open_stream(struct deploy_watch *);

static struct deploy_run *output_run_of(const struct deploy_watch *w)
{
	struct row *r = store_find(w->owner->source.store, w->row_id);
	struct dep *p = r && r->kind == &kind_deploy ? dep_of(r) : NULL;
	for (size_t i = 0; p && i < p->n; i++)
		if (!strcmp(p->runs[i].id, w->id))
			return &p->runs[i];
	return NULL;
}

void deploy_watch_close(struct deploy_watch *w)
{
	if (!w)
		return;
	LIST_DROP(w->owner->watches, w);
	stream_close(w->stream);
	loop_timer_remove(w->timer);
	free(w);
}

/* Is everything delivered? The run has ended, and all bytes of its output have arrived. */
static bool output_all_delivered(const struct deploy_watch *w)
{
	const struct deploy_run *r = output_run_of(w);
	return !r || (r->ended && (w->refused || r->size < 0 || w->offset >= r->size));
}

static void output_over(struct deploy_watch *w)
{
	if (w->over)
		return;
	w->over = true;
	stream_close(w->stream);
	w->stream = NULL;
	loop_timer_set(w->timer, -1);
	if (w->events->done)
		w->events->done(w, w->arg); /* may close it */
}

static size_t output_on_data(struct stream *s, const char *bytes, size_t len, void *arg)
{
	struct deploy_watch *w = arg;
	w->offset += (int64_t)len;
	w->idle = 0;
	w->events->bytes(w, bytes, len, w->arg);
	/* the event of the end may come before the last of the output */
	if (output_all_delivered(w))
		loop_timer_set(w->timer, 0);
	return len;
}

static void output_on_error_data(struct stream *s, const char *bytes, size_t len, void *arg)
{
	struct deploy_watch *w = arg;
	size_t n = strlen(w->complaint);
	snprintf(w->complaint + n, sizeof(w->complaint) - n, "%.*s", (int)(len < 200 ? len : 200),
	         bytes);
	w->refused |= strncmp(w->complaint, "=gone", 5) == 0;
}

static void output_note(struct deploy_watch *w, const char *text)
{
	if (w->events->note)
		w->events->note(w, text, w->arg);
}

static void output_on_closed(struct stream *s, const struct stream_end *end, void *arg)
{
	struct deploy_watch *w = arg;
	w->stream = NULL;
	if (end->err.code == ERR_LOST || source_link(&w->owner->source)->state != LINK_UP) {
		output_note(w, "the connection is lost; the deploy continues there, and its "
		               "output follows when the connection is back");
		return;
	}
	const struct deploy_run *r = output_run_of(w);
	if (output_all_delivered(w)) {
		output_over(w);
		return;
	}
	if (r && !r->ended && ++w->idle % AGAIN_MOST == 3)
		events_again(w->owner); /* the run may have vanished without an end event */
	int64_t wait_ms;
	if (w->idle > AGAIN_MOST)
		wait_ms = 10 * AGAIN_MS;
	else if (w->idle)
		wait_ms = AGAIN_MS;
	else
		wait_ms = 20;
	loop_timer_set(w->timer, wait_ms);
}

static void output_on_timer(struct loop_timer *t, void *arg)
{
	struct deploy_watch *w = arg;
	if (output_all_delivered(w))
		output_over(w);
	else if (!w->stream)
		output_open_stream(w);
}

static void output_open_stream(struct deploy_watch *w)
{
	static const struct stream_events events = { .data = output_on_data,
		                                     .error_data = output_on_error_data,
		                                     .closed = output_on_closed };
	struct buf script = { 0 };
	struct err err;
	struct link *link = source_link(&w->owner->source);
	if (w->stream || link->state != LINK_UP)
		return;
	w->complaint[0] = '\0';
	script_follow(&script, w->id, w->offset);
	w->stream = link_open(link,
	                      &(struct endpoint){ .kind = ENDPOINT_EXEC, .command = "exec sh -s" },
	                      &events, w, &err);
	if (w->stream)
		stream_write(w->stream, script.data, script.len);
	else
		loop_timer_set(w->timer, 10 * AGAIN_MS);
	buf_finish(&script);
}

struct deploy_watch *deploy_watch(struct deploy *d, const struct deploy_watch_events *events,
                                  void *arg)
{
	struct deploy_watch *w = xcalloc(1, sizeof(*w));
	w->owner = deploys_of(d->row.source);
	w->events = events;
	w->arg = arg;
	snprintf(w->row_id, sizeof(w->row_id), "%s", d->row.id);
	snprintf(w->id, sizeof(w->id), "%s", d->run.id);
	w->timer = loop_timer_add(store_loop(w->owner->source.store), -1, output_on_timer, w);
	w->next = w->owner->watches;
	w->owner->watches = w;
	output_open_stream(w);
	return w;
}

/* --- all watches of a source --------------------------------------------- */

void watches_up(struct deploys *ds)
{
	for (struct deploy_watch *w = ds->watches; w; w = w->next)
		if (!w->over) {
			if (w->offset)
				output_note(w, "the connection is back");
			output_open_stream(w);
		}
}

void watches_down(struct deploys *ds)
{
	for (struct deploy_watch *w = ds->watches; w; w = w->next) {
		stream_close(w->stream);
		w->stream = NULL;
		loop_timer_set(w->timer, -1);
	}
}

/* Lets timers do the work, because the caller is inside deploy_judge. */
void watches_run_ended(struct deploys *ds)
{
	for (struct deploy_watch *w = ds->watches; w; w = w->next)
		if (!w->over && output_all_delivered(w))
			loop_timer_set(w->timer, 0);
}

void watches_finish(struct deploys *ds)
{
	for (struct deploy_watch *w = ds->watches, *next; w; w = next) {
		next = w->next;
		output_over(w);
	}
	while (ds->watches)
		deploy_watch_close(ds->watches);
}

/* --- into a log ---------------------------------------------------------- */

struct deploy_follow {
	struct follow follow;
	struct deploy_watch *watch;
	struct buf line;
	char id[256];
	struct store *store;
	int64_t time_us; /* of the last line; 0 none */
};

#define CLOCKS_APART_S 60

static void output_add_line(struct deploy_follow *f, const char *text, size_t len)
{
	/* drop text that a progress bar has overwritten */
	const char *cr = len ? memrchr(text, '\r', len - 1) : NULL;
	size_t skip = cr ? (size_t)(cr + 1 - text) : 0;
	text += skip;
	len -= skip;
	/* The time of a line. A timestamp in the text counts if it lies within the run, give or
	 * take CLOCKS_APART_S. Otherwise a line of a running run has the present time. A line of an
	 * ended run has the time of the line before it. The first line has the start of the run. */
	const struct deploy_run *r = f->watch ? output_run_of(f->watch) : NULL;
	int64_t now_us = now_wall_ms() * 1000, began_us = r ? r->started_s * 1000000 : 0;
	int64_t end_us = r && r->ended && r->ended_s ? r->ended_s * 1000000 : now_us,
		us = stamp_find(text, len, (struct zone){ 0 });
	if (us < began_us - CLOCKS_APART_S * 1000000 || us > end_us + CLOCKS_APART_S * 1000000)
		us = 0;
	if (!us)
		us = end_us == now_us || !began_us ? now_us : began_us;
	if (us < f->time_us)
		us = f->time_us;
	f->time_us = us;
	log_add(f->follow.log, f->follow.source, us, LOG_LEVEL_UNKNOWN, LOG_LINE, text, len);
}

static void output_follow_bytes(struct deploy_watch *w, const char *bytes, size_t len, void *arg)
{
	struct deploy_follow *f = arg;
	while (len) {
		const char *nl = memchr(bytes, '\n', len);
		size_t n = nl ? (size_t)(nl - bytes) : len;
		if (f->line.len + n > LINE_MOST || !buf_add(&f->line, bytes, n)) {
			output_add_line(f, f->line.data ? f->line.data : "", f->line.len);
			buf_clear(&f->line);
		}
		if (nl) {
			output_add_line(f, f->line.data ? f->line.data : "", f->line.len);
			buf_clear(&f->line);
		}
		bytes += n + (nl != NULL);
		len -= n + (nl != NULL);
	}
}

static void output_follow_note(struct deploy_watch *w, const char *text, void *arg)
{
	struct deploy_follow *f = arg;
	log_gap(f->follow.log, f->follow.source, "%s", text);
}

static void output_follow_done(struct deploy_watch *w, void *arg)
{
	struct deploy_follow *f = arg;
	struct row *r = store_find(f->store, f->id);
	const struct deploy *d = ROW_AS(deploy, r);
	char span[HUMAN_SIZE];
	if (f->line.len)
		output_add_line(f, f->line.data, f->line.len);
	buf_clear(&f->line);
	f->watch = NULL;
	if (r && d->run.ended) {
		char text[160];
		int64_t end_us = d->run.ended_s * 1000000;
		int n = snprintf(text, sizeof(text),
		                 d->run.code >= 0 ? "%s: %s after %s, exit code %d"
		                                  : "%s: %s after %s",
		                 d->run.what, deploy_state_name(d->state),
		                 human_span(span, deploy_span_ms(d)), d->run.code);
		log_add(f->follow.log, f->follow.source, end_us > f->time_us ? end_us : f->time_us,
		        LOG_LEVEL_UNKNOWN, LOG_GAP, text, (size_t)n);
	}
	deploy_watch_close(w);
}

static void output_follow_stop(struct follow *follow)
{
	struct deploy_follow *f = (struct deploy_follow *)follow;
	deploy_watch_close(f->watch);
	buf_finish(&f->line);
	free(f);
}

struct follow *deploy_follow(struct row *row, struct log *log, struct err *err)
{
	static const struct deploy_watch_events events = { .bytes = output_follow_bytes,
		                                           .note = output_follow_note,
		                                           .done = output_follow_done };
	struct deploy *d = ROW_AS(deploy, row);
	if (!d->run.id[0]) {
		err_set(err, ERR_ABSENT, "%s was never deployed on %s, so there is no output",
		        row->name, row->server->name);
		return NULL;
	}
	struct deploy_follow *f = xcalloc(1, sizeof(*f));
	f->store = row->server->store;
	f->follow.log = log;
	f->follow.stop = output_follow_stop;
	f->follow.source = log_source_add(log, row->id);
	snprintf(f->id, sizeof(f->id), "%s", row->id);
	log_follow(log, &f->follow);
	f->watch = deploy_watch(d, &events, f);
	return &f->follow;
}
