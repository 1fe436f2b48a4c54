/* sync.h: keep rows in step with a server whose answers its events may overtake. Pure: no I/O, no
 * clock.
 *
 * A server has rows. It sends changes as events on one stream. It answers a request for all rows
 * with a list (the snapshot), and it answers requests about one row. Events and answers come on
 * different connections. So an answer may describe a moment before an event already applied: the
 * event has overtaken the answer. Two types keep the order:
 *
 *   struct sync    one event stream and its snapshot
 *   struct fetch   one request about one row, or one poll of a server without events
 *
 * struct sync_mark is a position in the order of both. No answer can be applied without a mark.
 * Only sync_take and fetch_answer end the state "asked", and they say whether the answer still
 * counts.
 *
 * Example: a room that applies events at once (containers).
 *
 *	up:        sync_open(&e->sync);  open the stream
 *	           sync_ask(&e->sync, now);  request the list
 *	ready:     sync_hears(&e->sync, now); set the timer to sync_wait(&e->sync, now)
 *	event:     row->heard = sync_event(&e->sync, now); change the row as the event says
 *	           a row was removed: sync_gone(&e->sync, id)
 *	list:      struct sync_view view = sync_take(&e->sync);
 *	           for each item: sync_is_gone(&e->sync, id): skip
 *	                          sync_row(&e->sync, &view, row->heard, 0, now):
 *	                          SYNC_ROW_TAKE: update the row from the item
 *	           for each row missing from the list: SYNC_ROW_OVERTAKEN keeps the row
 *	failed:    sync_refused(&e->sync, now)             the list is wanted again
 *	timer:     sync_ask(&e->sync, now);  request the list
 *	loss:      sync_close(&e->sync)
 *
 * Example: a room that needs several answers for a snapshot, and holds events until all have
 * arrived (sessions).
 *
 *	event:     if (!sync_hold(&oc->sync, bytes, len)) apply(bytes);
 *	ask:       sync_ask(&oc->sync, now);  then sync_part(&oc->sync) for each further request
 *	answer:    apply it;  if (!sync_part_done(&oc->sync)) return
 *	           sync_take(&oc->sync);  while (sync_next(&oc->sync, &bytes, &len)) apply(bytes)
 *	           if the list itself failed: sync_refused instead of sync_take
 *
 * Example: polling a platform without events (apps, vpn). poke is called after an order.
 *
 *	poke:      fetch_want(&p->round);                  during a round: another one follows
 *	timer:     fetch_ask(&p->round, sync_at(now));  send the request
 *	answer:    if (fetch_answer(&p->round, NULL, SYNC_NEVER) == FETCH_TAKE) apply
 *	           backoff_reset(&p->pause)
 *	failed:    fetch_failed(&p->round, now)
 *	           set the timer to backoff_ms(&p->pause, LEAST_MS, MOST_MS)
 *	both:      fetch_is_wanted(&p->round): fetch_wait(&p->round, GAP_MS, now) instead
 *
 * Wrong use fails an assert: asking twice, taking a list that nobody requested, ending a part that
 * is not open, forgetting held events. All times are ms of one monotonic clock. A zeroed struct is
 * valid. */
#ifndef BASE_SYNC_H
#define BASE_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/backoff.h"

#include "backends/base/buf.h"

/* The time of an event or a request. at: 1 plus the number of events before it; 0: never. */
struct sync_mark {
	uint64_t at;
	int64_t ms;
};
#define SYNC_NEVER ((struct sync_mark){ 0 })

enum sync_stream {
	SYNC_DEAF,    /* no stream */
	SYNC_OPENING, /* requested; events may still be missed */
	SYNC_HEARS    /* the server confirmed the stream */
};

enum sync_list {
	SYNC_NONE,         /* no list is needed */
	SYNC_WANTED,       /* to be requested, see sync_wait */
	SYNC_ASKED,        /* requested */
	SYNC_ASKED_WANTED, /* requested, but maybe too old: another request follows */
	SYNC_HANDING       /* arrived; held events are being applied */
};

struct sync {
	enum sync_stream stream;
	enum sync_list list;
	/* number of events so far, openings and confirmations included; never decreases */
	uint64_t heard;
	uint64_t opened;         /* mark of the opening of the stream */
	uint64_t from;           /* a request before this mark may have missed a change */
	struct sync_mark asked;  /* mark of the request in flight */
	struct sync_mark listed; /* mark of the last list taken */
	unsigned parts;          /* answers that the list still needs */
	int64_t wanted_ms;
	/* set by the room: wait after sync_want, so that one list covers many changes */
	int64_t delay_ms;
	int64_t gap_ms;     /* set by the room: least time between two requests */
	struct buf held;    /* held events; the room sets held.max */
	struct buf handing; /* held events that are being applied */
	size_t handed;      /* bytes of handing already applied */
	bool want_after;    /* sync_want was called while held events were applied */
	struct buf gone;    /* ids removed since the request, each with its NUL */
};

/* A snapshot that was taken. sync_row needs it. */
struct sync_view {
	struct sync_mark asked;
	bool is_first; /* first of this stream: changes before it were not heard */
};

enum sync_row {
	SYNC_ROW_TAKE,     /* the list is newer than the row's last event */
	SYNC_ROW_OVERTAKEN /* an event is newer: keep the row, even if the list lacks it */
};

/* The stream is being requested now. Requests from here on count until the stream is confirmed. The
 * stream must be closed before. */
void sync_open(struct sync *);
/* The server confirmed the stream. Requests sent before may have missed a change. So the list is
 * wanted again and fetches are stale. If the server never confirms, the room calls this at once. */
void sync_hears(struct sync *, int64_t now_ms);
/* The stream is gone, and with it the request for the list. Held events are dropped: the next list
 * includes their changes. */
void sync_close(struct sync *);
/* Frees the buffers. The struct is then closed and empty. */
void sync_finish(struct sync *);
/* Whether a list was taken since the stream was opened. */
bool sync_is_listed(const struct sync *);

/* Counts an event, or a change that only a list showed. Returns its mark. */
struct sync_mark sync_event(struct sync *, int64_t now_ms);
/* Mark of a request sent now. */
struct sync_mark sync_now(const struct sync *, int64_t now_ms);
/* Same for a server without events. */
struct sync_mark sync_at(int64_t now_ms);

/* The list is wanted. Does nothing while the stream is closed: the next opening requests the list
 * anyway. */
void sync_want(struct sync *, int64_t now_ms);
/* ms until the wanted list may be requested. 0: now. -1: not wanted, or already requested. */
int64_t sync_wait(const struct sync *, int64_t now_ms);
/* The request is sent. It counts as one part. No other request may be in flight. */
void sync_ask(struct sync *, int64_t now_ms);
bool sync_is_asked(const struct sync *); /* in flight */
/* One more request that belongs to the list in flight. */
void sync_part(struct sync *);
/* One part was answered, or failed. True: this was the last part, and sync_take is due. */
bool sync_part_done(struct sync *);
/* The list has arrived. The result says how to treat its rows. If events were held, the room then
 * calls sync_next until it returns false. */
struct sync_view sync_take(struct sync *);
/* Same for a list that nobody requested, from a recording. No request may be in flight. */
struct sync_view sync_told(struct sync *, int64_t now_ms);
/* The list failed and is wanted again. Held events are still applied by sync_next. */
void sync_refused(struct sync *, int64_t now_ms);

/* Same if a retry would not help. The list is wanted again only if sync_want was called
 * meanwhile. */
void sync_give_up(struct sync *);

/* Whether the list may change a row whose last event has the mark heard. lag_ms: for so long after
 * an event the server's own list may still be old. Within that time the row is kept and another
 * list is wanted. 0 for servers (and events) without such a lag. */
enum sync_row sync_row(struct sync *, const struct sync_view *, struct sync_mark heard,
                       int64_t lag_ms, int64_t now_ms);
/* A row was removed. The list in flight may still name it. If the ids do not fit (gone.max), the
 * list is wanted again. */
void sync_gone(struct sync *, const char *id);
/* Whether the row was removed after the list was requested. Valid from sync_take to the next
 * sync_ask. */
bool sync_is_gone(const struct sync *, const char *id);

/* Offers an event. True: held, because the list is in flight or held events are being applied.
 * False: apply the event now.
 *
 * An event beyond held.max is dropped, as if the stream had been lost for a moment. Then the list
 * is wanted again and fetches are stale. */
bool sync_hold(struct sync *, const char *bytes, size_t len);
/* The next held event, borrowed until the next call. False: no more. Events held meanwhile come
 * after the others. */
bool sync_next(struct sync *, const char **bytes, size_t *len);

/* --- one request about one row -------------------------------------------- */

enum fetch_state {
	FETCH_IDLE, /* the answer is not needed */
	FETCH_WANTED,
	FETCH_ASKED,
	FETCH_ASKED_AGAIN, /* wanted once more while in flight */
	FETCH_FRESH,
	FETCH_FAILED /* refused; no automatic retry */
};

enum fetch_fate {
	FETCH_TAKE,
	FETCH_OVERTAKEN /* overtaken by an event: take only facts that no event carries */
};

struct fetch {
	enum fetch_state state;
	struct sync_mark asked; /* mark of the last request, or of fetch_given */
	uint64_t opened;        /* number of the opening that requested, plus 1; 0: none */
	int64_t failed_ms;
};

/* A new answer is wanted. Answers to earlier requests do not suffice. */
void fetch_want(struct fetch *);
/* Same, and at once: no gap and no pause applies. */
void fetch_hurry(struct fetch *);
/* The answer is no longer needed. A request in flight stays, since its answer will come. */
void fetch_forget(struct fetch *);
bool fetch_is_wanted(const struct fetch *); /* and not in flight */
bool fetch_is_asked(const struct fetch *);  /* in flight */
/* The answer (or refusal) is older than the last confirmation of the stream. So it may no longer be
 * true. */
bool fetch_is_stale(const struct fetch *, const struct sync *);
/* ms until the request may be sent, gap_ms after the last one. 0: now. -1: not wanted, or in
 * flight. */
int64_t fetch_wait(const struct fetch *, int64_t gap_ms, int64_t now_ms);
/* The request is sent. No other request may be in flight. */
void fetch_ask(struct fetch *, struct sync_mark now);
/* The answer has arrived. changed: mark of the last event that changes the answer. s: the stream,
 * or NULL if there is none. FETCH_OVERTAKEN: the answer is wanted again. FETCH_TAKE: the answer is
 * fresh, or wanted again if fetch_want was called meanwhile. */
enum fetch_fate fetch_answer(struct fetch *, const struct sync *s, struct sync_mark changed);
/* The request was refused. Its state is failed, or wanted again if fetch_want was called
 * meanwhile. */
void fetch_failed(struct fetch *, int64_t now_ms);
/* The request was cancelled and is wanted again. Does nothing if no request is in flight. */
void fetch_cancel(struct fetch *);
/* The facts came another way, as of now: from a complete event or a recording. Does nothing while
 * the answer is wanted or in flight. */
void fetch_given(struct fetch *, struct sync_mark now);
/* A reader opened the answer for the opened-th time. Each opening requests once. A refusal more
 * than again_ms ago is also retried. True: the answer is wanted now. */
bool fetch_open(struct fetch *, uint32_t opened, int64_t again_ms, int64_t now_ms);
bool fetch_was_opened(const struct fetch *);

#endif
