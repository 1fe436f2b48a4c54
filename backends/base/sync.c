/* sync.c: the order of events and answers; see sync.h. */
#include "backends/base/sync.h"

#include <assert.h>
#include <string.h>

/* --- marks --------------------------------------------------------------- */

struct sync_mark sync_now(const struct sync *s, int64_t now_ms)
{
	return (struct sync_mark){ .at = s->heard + 1, .ms = now_ms };
}

struct sync_mark sync_event(struct sync *s, int64_t now_ms)
{
	s->heard++;
	return sync_now(s, now_ms);
}

struct sync_mark sync_at(int64_t now_ms)
{
	return (struct sync_mark){ .at = 1, .ms = now_ms };
}

/* --- the stream ---------------------------------------------------------- */

/* Requests sent before this moment no longer count. */
static void sync_count_again(struct sync *s)
{
	s->heard++;
	s->from = s->heard + 1;
}

void sync_open(struct sync *s)
{
	assert(s->stream == SYNC_DEAF && s->list == SYNC_NONE);
	s->stream = SYNC_OPENING;
	sync_count_again(s);
	s->opened = s->from;
}

void sync_hears(struct sync *s, int64_t now_ms)
{
	assert(s->stream != SYNC_DEAF);
	if (s->stream == SYNC_HEARS)
		return;
	s->stream = SYNC_HEARS;
	sync_count_again(s);
	sync_want(s, now_ms);
}

void sync_close(struct sync *s)
{
	s->stream = SYNC_DEAF;
	s->list = SYNC_NONE;
	s->parts = 0;
	s->handed = 0;
	s->want_after = false;
	buf_clear(&s->held);
	buf_clear(&s->handing);
	buf_clear(&s->gone);
}

void sync_finish(struct sync *s)
{
	sync_close(s);
	buf_finish(&s->held);
	buf_finish(&s->handing);
	buf_finish(&s->gone);
}

bool sync_is_listed(const struct sync *s)
{
	return s->stream != SYNC_DEAF && s->listed.at >= s->opened;
}

/* --- the list ------------------------------------------------------------ */

bool sync_is_asked(const struct sync *s)
{
	return s->list == SYNC_ASKED || s->list == SYNC_ASKED_WANTED;
}

void sync_want(struct sync *s, int64_t now_ms)
{
	if (s->stream == SYNC_DEAF)
		return;
	if (s->list == SYNC_NONE) {
		s->list = SYNC_WANTED;
		s->wanted_ms = now_ms;
	} else if (s->list == SYNC_ASKED) {
		s->list = SYNC_ASKED_WANTED;
		s->wanted_ms = now_ms;
	} else if (s->list == SYNC_HANDING) {
		s->want_after = true;
		s->wanted_ms = now_ms;
	}
}

int64_t sync_wait(const struct sync *s, int64_t now_ms)
{
	if (s->list != SYNC_WANTED)
		return -1;
	int64_t due = s->wanted_ms + s->delay_ms;
	if (s->asked.at && s->asked.ms + s->gap_ms > due)
		due = s->asked.ms + s->gap_ms;
	return due > now_ms ? due - now_ms : 0;
}

void sync_ask(struct sync *s, int64_t now_ms)
{
	assert(s->stream != SYNC_DEAF);
	assert(s->list == SYNC_NONE || s->list == SYNC_WANTED);
	assert(!s->parts && !s->held.len);
	s->list = SYNC_ASKED;
	s->asked = sync_now(s, now_ms);
	s->parts = 1;
	buf_clear(&s->gone);
}

void sync_part(struct sync *s)
{
	assert(sync_is_asked(s) && s->parts);
	s->parts++;
}

bool sync_part_done(struct sync *s)
{
	assert(sync_is_asked(s) && s->parts);
	s->parts--;
	return s->parts == 0;
}

/* The list has arrived or failed, or all held events are applied. Sets the next state. */
static void sync_settle(struct sync *s, bool again)
{
	s->parts = 0;
	if (s->held.len) {
		s->list = SYNC_HANDING;
		s->want_after = again;
		return;
	}
	s->list = again ? SYNC_WANTED : SYNC_NONE;
	s->want_after = false;
}

static struct sync_view sync_view_of(const struct sync *s)
{
	return (struct sync_view){ .asked = s->asked, .is_first = s->listed.at < s->from };
}

struct sync_view sync_take(struct sync *s)
{
	assert(sync_is_asked(s));
	assert(s->parts <= 1);
	struct sync_view view = sync_view_of(s);
	s->listed = s->asked;
	sync_settle(s, s->list == SYNC_ASKED_WANTED);
	return view;
}

struct sync_view sync_told(struct sync *s, int64_t now_ms)
{
	assert(!sync_is_asked(s));
	s->asked = sync_now(s, now_ms);
	s->listed = s->asked;
	return sync_view_of(s);
}

void sync_refused(struct sync *s, int64_t now_ms)
{
	assert(sync_is_asked(s));
	s->wanted_ms = now_ms;
	sync_settle(s, true);
}

void sync_give_up(struct sync *s)
{
	assert(sync_is_asked(s));
	sync_settle(s, s->list == SYNC_ASKED_WANTED);
}

/* --- rows ---------------------------------------------------------------- */

enum sync_row sync_row(struct sync *s, const struct sync_view *view, struct sync_mark heard,
                       int64_t lag_ms, int64_t now_ms)
{
	bool lags = lag_ms && heard.at && now_ms - heard.ms < lag_ms;
	if (lags)
		sync_want(s, now_ms);
	return lags || heard.at > view->asked.at ? SYNC_ROW_OVERTAKEN : SYNC_ROW_TAKE;
}

void sync_gone(struct sync *s, const char *id)
{
	if (!sync_is_asked(s))
		return;
	if (!buf_add(&s->gone, id, strlen(id) + 1))
		s->list = SYNC_ASKED_WANTED;
}

bool sync_is_gone(const struct sync *s, const char *id)
{
	for (size_t at = 0; at < s->gone.len; at += strlen(s->gone.data + at) + 1)
		if (!strcmp(s->gone.data + at, id))
			return true;
	return false;
}

/* --- held events --------------------------------------------------------- */

bool sync_hold(struct sync *s, const char *bytes, size_t len)
{
	if (!sync_is_asked(s) && s->list != SYNC_HANDING)
		return false;
	size_t before = s->held.len;
	if (buf_add(&s->held, (const char *)&len, sizeof(len)) && buf_add(&s->held, bytes, len))
		return true;
	s->held.len = before;
	sync_count_again(s);
	if (s->list == SYNC_HANDING)
		s->want_after = true;
	else
		s->list = SYNC_ASKED_WANTED;
	return true;
}

bool sync_next(struct sync *s, const char **bytes, size_t *len)
{
	if (s->list != SYNC_HANDING)
		return false;
	if (s->handed == s->handing.len) {
		/* Moves held events to the buffer being applied. The room's current event stays
		 * valid while new events are held. */
		struct buf empty = s->handing;
		s->handing = s->held;
		s->held = empty;
		s->held.max = s->handing.max;
		buf_clear(&s->held);
		s->handed = 0;
	}
	if (s->handed == s->handing.len) {
		sync_settle(s, s->want_after);
		return false;
	}
	memcpy(len, s->handing.data + s->handed, sizeof(*len));
	*bytes = s->handing.data + s->handed + sizeof(*len);
	s->handed += sizeof(*len) + *len;
	return true;
}

/* --- one request about one row -------------------------------------------- */

bool fetch_is_asked(const struct fetch *f)
{
	return f->state == FETCH_ASKED || f->state == FETCH_ASKED_AGAIN;
}

bool fetch_is_wanted(const struct fetch *f)
{
	return f->state == FETCH_WANTED;
}

void fetch_want(struct fetch *f)
{
	f->state = fetch_is_asked(f) ? FETCH_ASKED_AGAIN : FETCH_WANTED;
}

void fetch_hurry(struct fetch *f)
{
	fetch_want(f);
	f->asked.ms = f->failed_ms = INT64_MIN / 2;
}

void fetch_forget(struct fetch *f)
{
	f->state = fetch_is_asked(f) ? FETCH_ASKED : FETCH_IDLE;
}

bool fetch_is_stale(const struct fetch *f, const struct sync *s)
{
	return (f->state == FETCH_FRESH || f->state == FETCH_FAILED) && f->asked.at < s->from;
}

int64_t fetch_wait(const struct fetch *f, int64_t gap_ms, int64_t now_ms)
{
	if (!fetch_is_wanted(f))
		return -1;
	int64_t due = f->asked.at ? f->asked.ms + gap_ms : now_ms;
	return due > now_ms ? due - now_ms : 0;
}

void fetch_ask(struct fetch *f, struct sync_mark now)
{
	assert(!fetch_is_asked(f));
	f->state = FETCH_ASKED;
	f->asked = now;
}

enum fetch_fate fetch_answer(struct fetch *f, const struct sync *s, struct sync_mark changed)
{
	assert(fetch_is_asked(f));
	bool overtaken = changed.at > f->asked.at || (s && f->asked.at < s->from);
	if (overtaken) {
		f->state = FETCH_WANTED;
		return FETCH_OVERTAKEN;
	}
	f->state = f->state == FETCH_ASKED_AGAIN ? FETCH_WANTED : FETCH_FRESH;
	return FETCH_TAKE;
}

void fetch_failed(struct fetch *f, int64_t now_ms)
{
	assert(fetch_is_asked(f));
	f->state = f->state == FETCH_ASKED_AGAIN ? FETCH_WANTED : FETCH_FAILED;
	f->failed_ms = now_ms;
}

void fetch_cancel(struct fetch *f)
{
	if (fetch_is_asked(f))
		f->state = FETCH_WANTED;
}

void fetch_given(struct fetch *f, struct sync_mark now)
{
	if (fetch_is_asked(f) || fetch_is_wanted(f))
		return;
	f->state = FETCH_FRESH;
	f->asked = now;
}

bool fetch_open(struct fetch *f, uint32_t opened, int64_t again_ms, int64_t now_ms)
{
	bool is_new = f->opened != (uint64_t)opened + 1;
	bool failed = f->state == FETCH_FAILED && now_ms - f->failed_ms >= again_ms;
	f->opened = (uint64_t)opened + 1;
	if (!is_new && !failed)
		return false;
	fetch_want(f);
	return true;
}

bool fetch_was_opened(const struct fetch *f)
{
	return f->opened != 0;
}
