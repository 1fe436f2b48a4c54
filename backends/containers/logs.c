/* logs.c: follows a container's log across restarts, replacement, a lost stream or a lost link.
 *
 * A follower belongs to the row's name, not to one container. When the stream ends, the follower
 * stays. It then asks the engine for everything since a little before the last line shown. It drops
 * lines already shown, by time and text (seen_lines.h). Each such reconnect is marked by a line in
 * the log.
 *
 * Podman loses lines when one request combines tail= and follow=. Seen on 4.3.1: two lines in one
 * of twenty tries. So Podman is asked first for the existing lines, and then for everything since.
 * Once the container has ended, Podman's stream drops unread lines at random, also those of the
 * next run. So the stream is cancelled when the end is known, and the existing lines are requested
 * without follow=. Until they have arrived, the log is held.
 *
 * Source: Docker Engine API v1.41, "Containers > Get container logs". */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/containers/engine.h"
#include "backends/containers/frames.h"
#include "backends/containers/seen_lines.h"
#include "backends/link/origin.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/logs/stamp.h"
#include "backends/store/log.h"

#define LOGS_FIRST 500           /* lines requested at the start */
#define EARLIER_BYTES (4u << 20) /* buffer for lines of an earlier run */
/* delay before reconnecting when the stream ended but the container runs */
#define LOGS_AGAIN_MS 700
#define ANSWER_WORTH_MS \
	3000 /* with no answer for this long, the status line says that the call waits */
#define GAP_WORTH_MS 1000 /* shorter gaps get no line in the log */
#define TURN_BYTES \
	(256u << 10)   /* limit per stream and loop turn: other streams and keys get theirs */
#define TURN_NEXT_MS 1 /* 0 would run in the same turn */
#define NS_FMT "%lld.%09lld"
#define NS_ARGS(ns) (long long)((ns) / 1000000000), (long long)((ns) % 1000000000)
/* an event and an inspect may report the same start with slightly different times */
#define LIFE_SLACK_MS 1000
#define AGAIN_NS \
	2000000000 /* span fetched again on reconnect: Docker's lines are slightly out of order */
#define AGAIN_PODMAN_NS \
	10000000000 /* the same for Podman: lines sent after the container's end may have holes */

struct log_follow {
	struct follow follow;
	struct engine *engine; /* NULL: the source was removed */
	struct log_follow *next;
	struct store *store;     /* borrowed */
	char *row_id;            /* owned */
	char id[CTR_ID_SIZE];    /* of the followed container; "" none yet */
	struct call *call;       /* the log stream, or the inspect before it */
	char asked[CTR_ID_SIZE]; /* id of the inspected container */
	struct fetch inspect;    /* state of that inspect */
	bool streaming;          /* call is the log stream, and its answer began */
	struct frames frames;
	struct loop_timer *again_timer;
	struct loop_timer *resume; /* continues a stream that reached TURN_BYTES */
	int64_t turn_ms;
	size_t turn_bytes;
	bool paused; /* the log is not on screen */
	/* request for lines before the first line shown, or of the previous run */
	struct call *older;
	struct frames older_frames;
	int64_t first_ns;  /* time of the oldest line shown; 0 none */
	int64_t before_ns; /* older lines must be before this time; 0 no limit */
	/* All lines shown of the time first_ns. Podman up to 4.9 gives all lines of a second the
	 * same time, so the first line shown may stand in the middle of them. */
	struct seen_lines first;
	/* copy of first while older lines arrive; empty: lines at before_ns are not wanted */
	struct seen_lines cut;
	uint64_t older_seen;
	/* Owned. Collects lines of the previous run. The last earlier_lines of them are shown.
	 * NULL: no search. Its times are in ns, because several lines may share a microsecond and
	 * the next request ends at the first line's time. */
	struct log *earlier;
	struct seen_lines earlier_seen; /* the lines of earlier, by their raw text */
	unsigned earlier_lines, earlier_span;
	/* the search ends before the present run, not at the oldest line shown */
	bool earlier_run;
	/* with earlier_run: start of the present run, as the engine reports it */
	int64_t begun_ns;
	/* Lines are missing between lines shown. So tail=, which counts from the end, cannot be
	 * used. */
	bool hole;
	uint64_t seen_lines;      /* lines shown of this container */
	int64_t last_ns;          /* time of the newest line shown; 0 none */
	struct seen_lines recent; /* the last lines shown */
	/* copy of recent from the start of the stream; marks lines that came again */
	struct seen_lines again;
	/* lines up to this time may come again; 0: none will */
	int64_t again_ns;
	bool history; /* the call returns existing lines only; a following call comes next */
	/* The call fetches lines that an ended stream left out. The log is held meanwhile. */
	bool catching;
	bool ran;    /* the container was running when the call was made */
	int then_ms; /* delay before following again, ms */
	/* the engine may have lines not shown yet, also of an ended container */
	bool behind;
	int64_t away_ms; /* wall clock ms since nothing is followed; 0 */
	int64_t life_ms; /* start of the followed run, ms; 0 unknown */
	bool ended;      /* a gap line already reported the end */
	/* the engine refused; no retry before something changes */
	bool refused;
};

static void ctr_log_go_on(struct log_follow *f);
static void ctr_log_start_stream(struct log_follow *f, struct ctr *c, bool history);
static void ctr_log_ask_stream(struct log_follow *f, struct ctr *c);
static void ctr_log_older_forget(struct log_follow *f);

/* --- lines --------------------------------------------------------------- */

/* Was this line shown before the stream broke? If not, *before is the number of the line it belongs
 * before; 0: after all lines. */
static bool ctr_log_listed_before(struct log_follow *f, int64_t ns, uint64_t hash, uint64_t *before)
{
	*before = 0;
	if (!f->again_ns || !ns)
		return false;
	if (ns <= f->again_ns)
		return seen_lines_take(&f->again, ns, hash, before);
	f->again_ns = 0;
	seen_lines_finish(&f->again);
	return false;
}

static void ctr_log_note_first(struct log_follow *f, const struct seen_line *line, uint64_t before)
{
	if (!line->ns || (f->first_ns && line->ns > f->first_ns))
		return;
	if (line->ns != f->first_ns)
		seen_lines_finish(&f->first);
	f->first_ns = line->ns;
	seen_lines_add(&f->first, line, before);
}

static void ctr_log_on_line(const char *time, const char *line, size_t len, bool error, void *arg)
{
	struct log_follow *f = arg;
	struct seen_line seen = { .ns = stamp_utc_ns(time, strlen(time)),
		                  .hash = seen_line_hash(line, len, error) };
	enum log_mark mark = error ? LOG_ERROR_LINE : LOG_LINE;
	uint64_t before;
	if (ctr_log_listed_before(f, seen.ns, seen.hash, &before))
		return;
	f->away_ms = 0;
	if (before)
		seen.number = log_add_before(f->follow.log, before, f->follow.source,
		                             seen.ns / 1000, LOG_LEVEL_UNKNOWN, mark, line, len);
	else
		seen.number = log_add(f->follow.log, f->follow.source, seen.ns / 1000,
		                      LOG_LEVEL_UNKNOWN, mark, line, len);
	if (seen.ns > f->last_ns)
		f->last_ns = seen.ns;
	ctr_log_note_first(f, &seen, before);
	if (seen.ns)
		seen_lines_add(&f->recent, &seen, before);
	f->seen_lines++;
}

/* --- lost streams -------------------------------------------------------- */

static struct ctr *ctr_log_target(const struct log_follow *f)
{
	struct row *row = store_find(f->store, f->row_id);
	return row && row->kind == &kind_container ? ctr_of(row) : NULL;
}

static void ctr_log_set_catching(struct log_follow *f, bool on)
{
	if (f->catching != on)
		log_hold(f->follow.log, on);
	f->catching = on;
}

static void ctr_log_broke(struct log_follow *f)
{
	ctr_log_set_catching(f, false);
	const struct link *link = f->engine ? source_link(&f->engine->source) : NULL;
	if (!f->away_ms && *f->id)
		f->away_ms = link && link->state != LINK_UP ? link_last_heard(link) : now_wall_ms();
	f->streaming = false;
}

static void ctr_log_say_end(struct log_follow *f, const struct ctr *c)
{
	char ran[HUMAN_SIZE];
	const struct container *row = c->row;
	if (f->ended)
		return;
	f->ended = true;
	struct log *log = f->follow.log;
	if (row->exit_code >= 0 && row->finished_ms > row->started_ms && row->started_ms)
		log_gap(log, f->follow.source, "the container ended with code %d%s after %s",
		        row->exit_code, row->oom ? " (out of memory)" : "",
		        human_span(ran, row->finished_ms - row->started_ms));
	else
		log_gap(log, f->follow.source, "the container ended");
	/* with several sources in one log, the gap line is enough */
	log_set_rest(log, f->follow.source,
	             log_sources(log) > 1 ? "" : "ended; follows again when it starts");
}

/* Sets the status line while nothing can be followed. */
static void ctr_log_wait_status(struct log_follow *f)
{
	struct ctr *c = ctr_log_target(f);
	struct log *log = f->follow.log;
	if (!f->engine)
		log_set_status(log, f->follow.source, "the server was taken off the list");
	else if (!f->engine->origin)
		log_set_status(log, f->follow.source,
		               "%s is not connected; follows again when it is",
		               f->engine->source.server->name);
	else if (!c)
		log_set_status(log, f->follow.source,
		               "no such container now; follows again when there is one");
	else if (c->row->state != CONTAINER_RUNNING && *f->id)
		ctr_log_say_end(f, c);
}

static void ctr_log_on_again(struct loop_timer *t, void *arg)
{
	struct log_follow *f = arg;
	ctr_log_go_on(f);
	if (!f->call)
		ctr_log_wait_status(f);
	else if (!f->streaming && f->engine->origin && origin_is_exec_only(f->engine->origin))
		log_set_status(f->follow.log, f->follow.source,
		               "waits for its turn: sshd there forbids forwarding, and only so "
		               "many streams "
		               "run as commands");
}

static bool ctr_log_can_follow(const struct log_follow *f, const struct ctr *c)
{
	return c && !strcmp(c->id, f->id) &&
	       (c->row->state == CONTAINER_RUNNING || c->row->state == CONTAINER_PAUSED);
}

static bool ctr_log_is_podman(const struct log_follow *f)
{
	return f->engine && f->engine->param->is_podman;
}

/* Fetches the existing lines, without following, before anything else is shown. */
static void ctr_log_catch_up(struct log_follow *f, int then_ms)
{
	ctr_log_set_catching(f, true);
	f->streaming = false;
	f->then_ms = then_ms;
	/* Docker ends a followed log too when its container has ended */
	f->history = ctr_log_is_podman(f);
	ctr_log_ask_stream(f, ctr_log_target(f));
}

static void ctr_log_stream_done(struct call *call, const struct reply *r, void *arg)
{
	struct log_follow *f = arg;
	char said[200];
	bool whole = !r->err.code && r->status / 100 == 2, caught = f->catching;
	f->call = NULL;
	frames_end(&f->frames, !r->err.code);
	f->behind = (!whole && r->status != 404) ||
	            (ctr_log_is_podman(f) &&
	             (!f->history || (f->ran && !ctr_log_can_follow(f, ctr_log_target(f)))));
	if (whole && f->behind && ctr_log_target(f) && strcmp(ctr_log_target(f)->id, f->id) == 0) {
		ctr_log_catch_up(f, LOGS_AGAIN_MS);
		return;
	}
	if (whole && f->history && !caught && ctr_log_can_follow(f, ctr_log_target(f))) {
		ctr_log_start_stream(f, ctr_log_target(f), false);
		return;
	}
	if (!r->err.code && !whole) {
		f->refused = r->status != 404;
		log_set_status(f->follow.log, f->follow.source, "%s",
		               ctr_message(said, sizeof(said), r->body, r->len));
	} else if (r->err.code && r->err.code != ERR_LOST) {
		log_set_status(f->follow.log, f->follow.source, "%s", r->err.text);
	}
	ctr_log_broke(f);
	/* The event that explains the end may still be in flight. If the engine refused, an
	 * immediate retry would be refused too. */
	if (!f->refused)
		loop_timer_set(f->again_timer, caught && whole ? f->then_ms : LOGS_AGAIN_MS);
}

/* --- resuming ------------------------------------------------------------ */

static bool ctr_log_on_bytes(struct call *call, const char *bytes, size_t len, void *arg)
{
	struct log_follow *f = arg;
	int64_t now = loop_now(store_loop(f->store));
	frames_feed(&f->frames, bytes, len);
	if (now != f->turn_ms) {
		f->turn_ms = now;
		f->turn_bytes = 0;
	}
	f->turn_bytes += len;
	if (f->paused)
		return false;
	if (f->turn_bytes < TURN_BYTES)
		return true;
	loop_timer_set(f->resume, TURN_NEXT_MS);
	return false;
}

static void ctr_log_on_resume(struct loop_timer *t, void *arg)
{
	struct log_follow *f = arg;
	if (f->call && f->streaming && !f->paused)
		call_resume(f->call);
}

/* Unread lines wait in the engine's log. None is lost, and none piles up here. */
static void ctr_log_set_paused(struct follow *follow, bool on)
{
	struct log_follow *f = (struct log_follow *)follow;
	f->paused = on;
	if (!on)
		loop_timer_set(f->resume, 0);
}

static void ctr_log_on_answered(struct call *call, void *arg)
{
	struct log_follow *f = arg;
	f->streaming = true;
	f->away_ms = 0;
	log_set_status(f->follow.log, f->follow.source, "%s", "");
}

static bool ctr_log_other_life(const struct log_follow *f, const struct ctr *c)
{
	return f->life_ms && c->row->state == CONTAINER_RUNNING && !c->rough_start &&
	       llabs(c->row->started_ms - f->life_ms) > LIFE_SLACK_MS;
}

/* Start of the present run, ms; 0: not known precisely enough to tell runs apart. */
static int64_t ctr_log_life_of(const struct ctr *c)
{
	return c->row->state == CONTAINER_RUNNING && !c->rough_start ? c->row->started_ms : 0;
}

static void ctr_log_say_seam(struct log_follow *f, const struct ctr *c, bool other)
{
	char away[HUMAN_SIZE];
	if (!*f->id)
		return;
	if (other)
		log_gap(f->follow.log, f->follow.source, "a new container took its place");
	else if (f->ended || ctr_log_other_life(f, c))
		log_gap(f->follow.log, f->follow.source, "the container %s again",
		        f->ended ? "started" : "ended and started");
	else if (f->away_ms && now_wall_ms() - f->away_ms >= GAP_WORTH_MS)
		log_gap(f->follow.log, f->follow.source,
		        "nothing was heard for %s; what was missed follows",
		        human_span(away, now_wall_ms() - f->away_ms));
}

/* Podman gives each piece of a long line its own time. */
static void ctr_log_begin_frames(struct log_follow *f, struct frames *frames, const struct ctr *c,
                                 frames_line *fn)
{
	frames_finish(frames);
	frames_init(frames, c && c->row->tty_known && c->row->tty, fn, f);
	frames->apart = !f->engine->param->is_podman;
}

static void ctr_log_ask_stream(struct log_follow *f, struct ctr *c)
{
	char path[160 + CTR_ID_SIZE], from[64];
	/* Writes the log query's start: a little before the last line shown, the user's since, or
	 * the last lines. Docker's since= includes that very time, Podman's does not. */
	size_t size = sizeof(from);
	int64_t since_us = log_since(f->follow.log),
		since_ns = seen_lines_since(&f->recent,
	                                    ctr_log_is_podman(f) ? AGAIN_PODMAN_NS : AGAIN_NS);
	if (since_ns)
		snprintf(from, size, "follow=%d&since=" NS_FMT, !f->history, NS_ARGS(since_ns - 1));
	else if (since_us)
		snprintf(from, size, "follow=%d&since=%lld.%06lld", !f->history,
		         (long long)(since_us / 1000000), (long long)(since_us % 1000000));
	else if (f->history || !ctr_log_is_podman(f))
		snprintf(from, size, "follow=%d&tail=%d", !f->history, LOGS_FIRST);
	else
		snprintf(from, size, "follow=1&since=1"); /* no line existed before */
	f->ran = ctr_log_can_follow(f, c);
	f->again_ns = f->last_ns;
	seen_lines_copy(&f->again, &f->recent);
	ctr_log_begin_frames(f, &f->frames, c, ctr_log_on_line);
	snprintf(path, sizeof(path), "/containers/%s/logs?stdout=1&stderr=1&timestamps=1&%s", c->id,
	         from);
	loop_timer_set(f->again_timer, ANSWER_WORTH_MS);
	f->call = engine_get(f->engine, path,
	                     (struct call_spec){ .data = ctr_log_on_bytes,
	                                         .answered = ctr_log_on_answered,
	                                         .done = ctr_log_stream_done,
	                                         .arg = f,
	                                         .timeout_ms = INT32_MAX });
}

/* history: existing lines are not shown yet. */
static void ctr_log_start_stream(struct log_follow *f, struct ctr *c, bool history)
{
	bool other = strcmp(f->id, c->id) != 0;
	ctr_log_say_seam(f, c, other);
	if (other) {
		f->last_ns = f->first_ns = 0;
		f->seen_lines = 0;
		f->hole = false;
		seen_lines_finish(&f->recent);
		seen_lines_finish(&f->first);
	}
	f->history = history && ctr_log_is_podman(f);
	log_source_set_wavers(f->follow.log, f->follow.source, ctr_log_is_podman(f));
	snprintf(f->id, sizeof(f->id), "%s", c->id);
	f->ended = false;
	log_set_status(f->follow.log, f->follow.source, "%s", "");
	if (other || ctr_log_life_of(c))
		f->life_ms = ctr_log_life_of(c);
	ctr_log_ask_stream(f, c);
}

static void ctr_log_inspect_done(struct call *call, const struct reply *r, void *arg)
{
	struct log_follow *f = arg;
	struct ctr *c = ctr_log_target(f);
	char what[16 + CTR_ID_SIZE];
	f->call = NULL;
	if (c && strcmp(c->id, f->asked) != 0) { /* about another container */
		ctr_log_go_on(f);
		return;
	}
	if (c && r->status == 200) {
		bool overtaken = fetch_answer(&f->inspect, &c->engine->sync, c->changed) ==
		                 FETCH_OVERTAKEN;
		snprintf(what, sizeof(what), "%s:%s", overtaken ? "overtaken" : "inspect", c->id);
		source_feed(&c->engine->source, what, r->body, r->len);
	}
	c = ctr_log_target(f);
	if (c && c->row->tty_known) {
		ctr_log_start_stream(f, c, true);
		return;
	}
	log_set_status(f->follow.log, f->follow.source, "%s",
	               r->err.code ? r->err.text : "the engine does not tell about this container");
	ctr_log_broke(f);
}

/* Starts following if a container is there and no call is running. */
static void ctr_log_go_on(struct log_follow *f)
{
	char path[64 + CTR_ID_SIZE];
	struct ctr *c = ctr_log_target(f);
	if (f->call || !f->engine || !f->engine->origin || !c || c->engine != f->engine)
		return;
	bool first = strcmp(f->id, c->id) != 0;
	if (!first && !ctr_log_can_follow(f, c)) {
		if (f->behind) /* the last lines of an ended container */
			ctr_log_catch_up(f, 0);
		return;
	}
	if (c->row->tty_known) {
		ctr_log_start_stream(f, c, true);
		return;
	}
	snprintf(f->asked, sizeof(f->asked), "%s", c->id);
	/* an earlier inspect was about another container, or was lost with the link */
	fetch_cancel(&f->inspect);
	fetch_ask(&f->inspect, engine_mark(f->engine));
	snprintf(path, sizeof(path), "/containers/%s/json", c->id);
	f->call = engine_get(f->engine, path,
	                     (struct call_spec){ .done = ctr_log_inspect_done, .arg = f });
}

void logs_poll_now(struct engine *e)
{
	for (struct log_follow *f = e->follows; f; f = f->next) {
		/* calls end with their origin, without a callback */
		if (!e->origin)
			ctr_log_older_forget(f);
		if (!e->origin && f->call) {
			f->call = NULL;
			f->behind = true;
			ctr_log_broke(f);
		}
		if (f->call && *f->id && ctr_log_target(f) &&
		    strcmp(ctr_log_target(f)->id, f->id) != 0 && !f->streaming) {
			call_cancel(f->call);
			f->call = NULL;
			ctr_log_set_catching(f, false);
		}
		struct ctr *c = ctr_log_target(f);
		if (f->call && c && strcmp(c->id, f->id) == 0) {
			bool over = ctr_log_other_life(f, c) || !ctr_log_can_follow(f, c);
			/* Podman's stream continues over a restart */
			if (ctr_log_other_life(f, c)) {
				ctr_log_say_seam(f, c, false);
				f->life_ms = 0;
			}
			if (over && ctr_log_is_podman(f) && !f->history) {
				call_cancel(f->call);
				ctr_log_catch_up(f, 0);
			}
			f->life_ms = f->life_ms ? f->life_ms : ctr_log_life_of(c);
		}
		if (!e->origin || (c && (strcmp(c->id, f->id) != 0 || ctr_log_other_life(f, c))))
			f->refused = false;
		if (!f->refused)
			ctr_log_go_on(f);
		if (!f->call && !f->refused)
			ctr_log_wait_status(f);
	}
}

/* --- older lines --------------------------------------------------------- */

/* before: as in log_add_before, for a line of the time before_ns; else 0. */
static void ctr_log_tell_older(struct log_follow *f, int64_t ns, uint64_t hash, enum log_mark mark,
                               const char *line, size_t len, uint64_t before)
{
	struct seen_line seen = { .ns = ns, .hash = hash };
	/* a line in the same microsecond must still sort before the existing lines */
	int64_t us = ns / 1000, first_us = f->before_ns / 1000;
	if (before)
		seen.number = log_add_before(f->follow.log, before, f->follow.source, us,
		                             LOG_LEVEL_UNKNOWN, mark, line, len);
	else
		seen.number = log_add(f->follow.log, f->follow.source,
		                      first_us && us >= first_us ? first_us - 1 : us,
		                      LOG_LEVEL_UNKNOWN, mark, line, len);
	ctr_log_note_first(f, &seen, before);
	f->older_seen++;
	f->seen_lines++;
}

static void ctr_log_on_older_line(const char *time, const char *line, size_t len, bool error,
                                  void *arg)
{
	struct log_follow *f = arg;
	int64_t ns = stamp_utc_ns(time, strlen(time));
	enum log_mark mark = error ? LOG_ERROR_LINE : LOG_LINE;
	struct seen_line seen = { .ns = ns, .hash = seen_line_hash(line, len, error) };
	uint64_t before = 0;
	if (!ns || (f->before_ns && ns > f->before_ns))
		return;
	/* At the cut, only lines that stand before a line shown are new. The stream brings the
	 * others. */
	if (f->before_ns && ns == f->before_ns &&
	    (seen_lines_take(&f->cut, ns, seen.hash, &before) || !before))
		return;
	if (!f->earlier) {
		ctr_log_tell_older(f, ns, seen.hash, mark, line, len, before);
		return;
	}
	seen.number = log_add(f->earlier, 0, ns, LOG_LEVEL_UNKNOWN, mark, line, len);
	seen_lines_add(&f->earlier_seen, &seen, 0);
}

static bool ctr_log_on_older_bytes(struct call *call, const char *bytes, size_t len, void *arg)
{
	struct log_follow *f = arg;
	frames_feed(&f->older_frames, bytes, len);
	return true;
}

static void ctr_log_older_forget(struct log_follow *f)
{
	f->older = NULL;
	log_destroy(f->earlier);
	f->earlier = NULL;
	seen_lines_finish(&f->earlier_seen);
}

static void ctr_log_older_done(struct call *call, const struct reply *r, void *arg)
{
	struct log_follow *f = arg;
	f->older = NULL;
	frames_end(&f->older_frames, !r->err.code);
	if (r->err.code)
		log_say(f->follow.log, "older lines are not available: %s", r->err.text);
	else if (!f->older_seen)
		log_say(f->follow.log, "there are no older lines of %s", f->row_id);
}

/* query is the variable part of the log request, in printf format. f supplies the rest. */
__attribute__((format(printf, 3, 4))) static void ctr_log_ask_older(
	struct log_follow *f, void (*done)(struct call *, const struct reply *, void *arg),
	const char *query, ...)
{
	char what[160], path[240 + CTR_ID_SIZE];
	struct ctr *c = ctr_log_target(f);
	va_list ap;
	va_start(ap, query);
	vsnprintf(what, sizeof(what), query, ap);
	va_end(ap);
	ctr_log_begin_frames(f, &f->older_frames, c, ctr_log_on_older_line);
	seen_lines_finish(&f->cut);
	if (f->before_ns == f->first_ns)
		seen_lines_copy(&f->cut, &f->first);
	snprintf(path, sizeof(path), "/containers/%s/logs?stdout=1&stderr=1&timestamps=1&%s", f->id,
	         what);
	f->older = engine_get(f->engine, path,
	                      (struct call_spec){
				      .data = ctr_log_on_older_bytes, .done = done, .arg = f });
}

static bool ctr_log_can_ask(const struct log_follow *f, const char **why)
{
	if (!f->older && f->engine && f->engine->origin && ctr_log_target(f) && *f->id)
		return true;
	*why = f->older ? "older lines are on their way"
	                : "the container's engine is not connected";
	return false;
}

static bool ctr_log_reach(struct follow *follow, int64_t since_us, const char **why)
{
	struct log_follow *f = (struct log_follow *)follow;
	if ((f->first_ns && f->first_ns / 1000 <= since_us) || !ctr_log_can_ask(f, why))
		return false;
	f->before_ns = f->first_ns;
	f->older_seen = 0;
	if (f->before_ns)
		ctr_log_ask_older(f, ctr_log_older_done, "since=" NS_FMT "&until=" NS_FMT,
		                  NS_ARGS(since_us * 1000), NS_ARGS(f->before_ns));
	else
		ctr_log_ask_older(f, ctr_log_older_done, "since=" NS_FMT, NS_ARGS(since_us * 1000));
	return true;
}

/* --- the previous run ---------------------------------------------------- */

/* The engine keeps all runs in one log, and tail= cannot count back from a given time. So a span
 * before the present run is requested. If the span holds too few lines, the next request takes a
 * longer span. The last lines of the answer are shown. */
/* 0: everything */
static const int64_t earlier_spans_ms[] = { 2000, 60 * 1000, 3600 * 1000, 86400 * 1000, 0 };

static void ctr_log_ask_earlier(struct log_follow *f);

static void ctr_log_tell_earlier(struct log_follow *f)
{
	uint64_t last = log_last(f->earlier), first = log_first(f->earlier);
	int64_t present_us = f->first_ns / 1000, end_us = 0;
	/* Did the present run write lines before the first line loaded? Lines requested by tail=
	 * begin inside the run only if the run has more of them. For lines requested by since=,
	 * only the start time decides, and the engine records that time late. */
	bool begins_late;
	if (!f->earlier_run || !log_since(f->follow.log))
		begins_late = f->first_ns > f->before_ns;
	else
		begins_late = f->first_ns > f->begun_ns + LIFE_SLACK_MS * 1000000;
	if (last - first >= f->earlier_lines)
		first = last - f->earlier_lines + 1;
	const struct seen_lines *seen = &f->earlier_seen;
	for (uint64_t at = first; at && at <= last; at++) {
		const struct log_line *line = log_get(f->earlier, at);
		size_t i = 0;
		while (i < seen->n && seen->line[i].number != line->number)
			i++;
		end_us = line->time_us / 1000;
		ctr_log_tell_older(f, line->time_us, i < seen->n ? seen->line[i].hash : 0,
		                   line->mark, line->text, line->len, 0);
	}
	if (end_us && f->earlier_run) {
		log_seam(f->follow.log, f->follow.source, end_us, begins_late ? present_us : 0,
		         "run");
		f->hole |= begins_late;
	} else if (!end_us) {
		log_say(f->follow.log,
		        f->earlier_run ? "there is no earlier run of %s in its log"
		                       : "there are no older lines of %s",
		        f->row_id);
	}
}

static void ctr_log_earlier_done(struct call *call, const struct reply *r, void *arg)
{
	struct log_follow *f = arg;
	f->older = NULL;
	frames_end(&f->older_frames, !r->err.code);
	if (r->err.code) {
		log_say(f->follow.log, "the earlier run is not available: %s", r->err.text);
	} else if (log_total(f->earlier) < f->earlier_lines && earlier_spans_ms[f->earlier_span]) {
		f->earlier_span++;
		ctr_log_ask_earlier(f);
		return;
	} else {
		ctr_log_tell_earlier(f);
	}
	ctr_log_older_forget(f);
}

static void ctr_log_ask_earlier(struct log_follow *f)
{
	struct ctr *c = ctr_log_target(f);
	int64_t span = earlier_spans_ms[f->earlier_span], from = f->before_ns;
	ctr_log_older_forget(f);
	f->earlier = log_create(EARLIER_BYTES);
	log_source_add(f->earlier, f->row_id);
	if (f->earlier_run && c && c->row->finished_ms && c->row->finished_ms * 1000000 < from)
		from = c->row->finished_ms * 1000000;
	from -= span * 1000000;
	if (span && from > 0)
		ctr_log_ask_older(f, ctr_log_earlier_done, "since=" NS_FMT "&until=" NS_FMT,
		                  NS_ARGS(from), NS_ARGS(f->before_ns));
	else
		ctr_log_ask_older(f, ctr_log_earlier_done, "until=" NS_FMT, NS_ARGS(f->before_ns));
}

static void ctr_log_look_earlier(struct log_follow *f, unsigned lines, bool run)
{
	f->earlier_lines = lines;
	f->earlier_span = 0;
	f->earlier_run = run;
	ctr_log_ask_earlier(f);
}

/* Requests lines before the oldest line shown. The engine counts tail= from the end of the whole
 * log, whatever until= says. So lines already shown are added to the count. */
static bool ctr_log_older(struct follow *follow, unsigned lines, const char **why)
{
	struct log_follow *f = (struct log_follow *)follow;
	if (!ctr_log_can_ask(f, why))
		return false;
	f->before_ns = f->first_ns;
	f->older_seen = 0;
	if (f->hole)
		ctr_log_look_earlier(f, lines, false);
	else if (f->before_ns)
		ctr_log_ask_older(f, ctr_log_older_done, "tail=%llu&until=" NS_FMT,
		                  (unsigned long long)(f->seen_lines + lines),
		                  NS_ARGS(f->before_ns));
	else
		ctr_log_ask_older(f, ctr_log_older_done, "tail=%llu",
		                  (unsigned long long)(f->seen_lines + lines));
	return true;
}

/* If the lines shown already reach into earlier runs, requests lines before those. */
static bool ctr_log_previous(struct follow *follow, unsigned lines, const char **why)
{
	struct log_follow *f = (struct log_follow *)follow;
	struct ctr *c = ctr_log_target(f);
	int64_t started = c ? c->row->started_ms : 0;
	int64_t ended = c ? c->row->finished_ms : 0;
	/* Where the lines of the present run begin. The engine records a start late, when the
	 * container may have written hundreds of lines. It records an end at once. No lines are
	 * written between the end and the next start, so the middle separates the runs. */
	int64_t half = ended && ended < started ? (started - ended) / 2 : 0;
	int64_t begins_ns = (started - half) * 1000000;
	if (begins_ns <= 0 || (f->first_ns && f->first_ns < begins_ns))
		return ctr_log_older(follow, lines, why);
	if (!ctr_log_can_ask(f, why))
		return false;
	f->before_ns = begins_ns;
	f->begun_ns = c->row->started_ms * 1000000;
	f->older_seen = 0;
	ctr_log_look_earlier(f, lines, true);
	return true;
}

static void ctr_log_stop(struct follow *follow)
{
	struct log_follow *f = (struct log_follow *)follow;
	if (f->engine)
		LIST_DROP(f->engine->follows, f);
	ctr_log_set_catching(f, false);
	call_cancel(f->call);
	call_cancel(f->older);
	ctr_log_older_forget(f);
	loop_timer_remove(f->again_timer);
	loop_timer_remove(f->resume);
	frames_finish(&f->frames);
	frames_finish(&f->older_frames);
	seen_lines_finish(&f->recent);
	seen_lines_finish(&f->again);
	seen_lines_finish(&f->first);
	seen_lines_finish(&f->cut);
	free(f->row_id);
	free(f);
}

void logs_engine_gone(struct engine *e)
{
	for (struct log_follow *f = e->follows; f; f = f->next) {
		f->engine = NULL;
		f->call = NULL;
		ctr_log_set_catching(f, false);
		ctr_log_older_forget(f);
		loop_timer_set(f->again_timer, -1);
		ctr_log_wait_status(f);
	}
	e->follows = NULL;
}

struct follow *logs_follow(struct row *row, struct log *log, struct err *err)
{
	struct ctr *c = ctr_of(row);
	if (!c) {
		err_set(err, ERR_ABSENT, "%s: nothing is known of its log yet", row->name);
		return NULL;
	}
	struct log_follow *f = xcalloc(1, sizeof(*f));
	f->follow.log = log;
	f->follow.source = log_source_add(log, row->id);
	f->follow.stop = ctr_log_stop;
	f->follow.pause = ctr_log_set_paused;
	f->follow.older = ctr_log_older;
	f->follow.reach = ctr_log_reach;
	f->follow.previous = ctr_log_previous;
	f->engine = c->engine;
	f->store = row->server->store;
	f->row_id = xstrdup(row->id);
	f->again_timer = loop_timer_add(store_loop(f->store), -1, ctr_log_on_again, f);
	f->resume = loop_timer_add(store_loop(f->store), -1, ctr_log_on_resume, f);
	frames_init(&f->frames, false, ctr_log_on_line, f);
	frames_init(&f->older_frames, false, ctr_log_on_older_line, f);
	f->next = c->engine->follows;
	c->engine->follows = f;
	log_follow(log, &f->follow);
	ctr_log_go_on(f);
	if (!f->call)
		ctr_log_wait_status(f);
	return &f->follow;
}
