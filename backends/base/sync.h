/* sync.h: to know what a server knows, from its events and from answers that the events may
 * overtake. Pure: no I/O, no clock.
 *
 * A server has rows. It tells changes as events on one stream, answers with a whole list (the
 * snapshot), and answers questions about one row. Events and answers come on different connections,
 * so an answer may describe a moment before an event that was heard already. Two types keep that
 * order:
 *
 *   struct sync    one stream of events with its snapshot: what was heard, was asked, is due
 *   struct fetch   one question about one row, or one round of a server that is only polled
 *
 * and struct sync_mark is a place in the order of both. An answer cannot be applied without a mark:
 * sync_take and fetch_answer are the only ways out of "asked", and they say whether the answer
 * still counts.
 *
 * Example: a room that applies events at once (containers).
 *
 *	up:        sync_open(&e->sync);  open the stream
 *	           sync_ask(&e->sync, now);  ask for the list
 *	stands:    sync_hears(&e->sync, now);              set the timer to sync_wait(&e->sync, now)
 *	event:     row->heard = sync_event(&e->sync, now); change the row as the event says
 *	           a row that went: sync_gone(&e->sync, id)
 *	list:      struct sync_view view = sync_take(&e->sync);
 *	           of each item: sync_is_gone(&e->sync, id): skip
 *	                         sync_row(&e->sync, &view, row->heard, 0, now):
 *	                         SYNC_ROW_TAKE: the row is as the item says
 *	           of each row that the list does not name: SYNC_ROW_OVERTAKEN keeps it
 *	failed:    sync_refused(&e->sync, now)             the list is wanted again
 *	timer:     sync_ask(&e->sync, now);  ask for the list
 *	loss:      sync_close(&e->sync)
 *
 * Example: a room whose snapshot has several answers, and which holds events until all are in
 * (sessions).
 *
 *	event:     if (!sync_hold(&oc->sync, bytes, len)) apply(bytes);
 *	ask:       sync_ask(&oc->sync, now);  then sync_part(&oc->sync) for each further question
 *	answer:    apply it;  if (!sync_part_done(&oc->sync)) return
 *	           sync_take(&oc->sync);  while (sync_next(&oc->sync, &bytes, &len)) apply(bytes)
 *	           where the list itself did not come: sync_refused instead of sync_take
 *
 * Example: a round of a platform that has no events (apps, vpn); poke is called after an order was
 * carried out.
 *
 *	poke:      fetch_want(&p->round);                  during a round: another one follows it
 *	timer:     fetch_ask(&p->round, sync_at(now));  ask
 *	answer:    if (fetch_answer(&p->round, NULL, SYNC_NEVER) == FETCH_TAKE) apply
 *	           backoff_reset(&p->pause)
 *	failed:    fetch_failed(&p->round, now)
 *	           set the timer to backoff_ms(&p->pause, LEAST_MS, MOST_MS)
 *	both:      fetch_is_wanted(&p->round): fetch_wait(&p->round, GAP_MS, now) instead
 *
 * Wrong use is a failed assert: to ask twice, to take what was not asked for, to end a part that
 * does not run, to forget held events. All times are of one monotonic clock in ms. A zeroed struct
 * is a valid one. */
#ifndef BASE_SYNC_H
#define BASE_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/backoff.h"

#include "backends/base/buf.h"

/* When something was heard, or asked: after how many events. at is 0 for "never". */
struct sync_mark {
	uint64_t at;
	int64_t ms;
};
#define SYNC_NEVER ((struct sync_mark){ 0 })

enum sync_stream {
	SYNC_DEAF,    /* there is none */
	SYNC_OPENING, /* asked for; events may be missed still */
	SYNC_HEARS    /* the server said that it stands */
};

enum sync_list {
	SYNC_NONE,         /* nothing is wanted */
	SYNC_WANTED,       /* to be asked for, see sync_wait */
	SYNC_ASKED,        /* on its way */
	SYNC_ASKED_WANTED, /* on its way, and may be too old: another one follows */
	SYNC_HANDING       /* it is in; held events are being handed on */
};

struct sync {
	enum sync_stream stream;
	enum sync_list list;
	uint64_t heard;          /* events so far; never goes back */
	uint64_t opened;         /* the mark of its opening */
	uint64_t from;           /* questions before that mark may have missed a change */
	struct sync_mark asked;  /* for the list that is on its way */
	struct sync_mark listed; /* for the last one that was taken */
	unsigned parts;          /* answers of the list that are due */
	int64_t wanted_ms;
	int64_t delay_ms;   /* the room's: after a wish; one list answers a swarm */
	int64_t gap_ms;     /* the room's: between two questions */
	struct buf held;    /* events; its max is the room's */
	struct buf handing; /* those that are being handed on */
	size_t handed;      /* bytes of it that were */
	bool want_after;    /* wanted while events were handed on */
	struct buf gone;    /* ids that went since the question, each with its NUL */
};

/* A snapshot that was taken: what its rows may say. */
struct sync_view {
	struct sync_mark asked;
	bool is_first; /* of this stream: changes before it were not heard */
};

enum sync_row {
	SYNC_ROW_TAKE,     /* the list is newer than what was heard of that row */
	SYNC_ROW_OVERTAKEN /* an event was newer: the row stays, even unlisted */
};

/* The stream is asked for, now: whatever is asked from here on counts until it stands. It must not
 * run. */
void sync_open(struct sync *);
/* The server answered that the stream stands. What was asked before that may have missed a change:
 * the list is wanted again, fetches are stale. To be called at once by rooms whose server never
 * tells. */
void sync_hears(struct sync *, int64_t now_ms);
/* The stream is gone, and what was asked with it. Held events are dropped: the next list has what
 * they told. */
void sync_close(struct sync *);
/* Frees the buffers; the struct is deaf and empty then. */
void sync_finish(struct sync *);
/* A list was taken since the stream was opened. */
bool sync_is_listed(const struct sync *);

/* An event was heard, or a list showed a change that no event told: its mark. */
struct sync_mark sync_event(struct sync *, int64_t now_ms);
/* The mark of a question that leaves now. */
struct sync_mark sync_now(const struct sync *, int64_t now_ms);
/* The same where there are no events. */
struct sync_mark sync_at(int64_t now_ms);

/* The list is wanted. Nothing happens while the stream is deaf: the next opening asks anyway. */
void sync_want(struct sync *, int64_t now_ms);
/* ms until the list that is wanted may be asked for; 0: now; -1: it is not wanted, or on its way.
 * */
int64_t sync_wait(const struct sync *, int64_t now_ms);
/* The question leaves, with one part. It must not be on its way. */
void sync_ask(struct sync *, int64_t now_ms);
bool sync_is_asked(const struct sync *); /* on its way */
/* One more question that belongs to the list on its way. */
void sync_part(struct sync *);
/* One was answered, or will not be. True: it was the last, and sync_take is due. */
bool sync_part_done(struct sync *);
/* The list is in: what its rows may say. With held events the room calls sync_next until it is
 * false. */
struct sync_view sync_take(struct sync *);
/* The same of a list that nobody asked for: a recording's. None may be on its way. */
struct sync_view sync_told(struct sync *, int64_t now_ms);
/* The list did not come: it is wanted again. Held events are handed on by sync_next all the same.
 * */
void sync_refused(struct sync *, int64_t now_ms);

/* The same where asking again does not help: it is wanted only where sync_want came meanwhile. */
void sync_give_up(struct sync *);

/* What the list may say of a row that was heard of at that mark. lag_ms: for so long after an event
 * the server's own list may not know of it yet; another list is wanted then. 0 for servers (and
 * events) that do not lag. */
enum sync_row sync_row(struct sync *, const struct sync_view *, struct sync_mark heard,
                       int64_t lag_ms, int64_t now_ms);
/* A row went. The list on its way may name it still. Where ids do not fit (gone.max) the list is
 * wanted again. */
void sync_gone(struct sync *, const char *id);
/* Whether it went after the list was asked for. Valid from sync_take to the next sync_ask. */
bool sync_is_gone(const struct sync *, const char *id);

/* An event while the list is on its way: true, it is kept. Beyond held.max it is dropped as if the
 * stream had been lost for a moment: the list is wanted again and fetches are stale. False: it is
 * to be applied now. */
bool sync_hold(struct sync *, const char *bytes, size_t len);
/* The next held event, borrowed until the next call of sync_next: true; false: there are no more.
 * What is held meanwhile follows. */
bool sync_next(struct sync *, const char **bytes, size_t *len);

/* --- one question about one row ------------------------------------------ */

enum fetch_state {
	FETCH_IDLE, /* nobody wants to know */
	FETCH_WANTED,
	FETCH_ASKED,
	FETCH_ASKED_AGAIN, /* wanted once more while it was on its way */
	FETCH_FRESH,
	FETCH_FAILED /* refused, and not to be asked again by itself */
};

enum fetch_fate {
	FETCH_TAKE,
	FETCH_OVERTAKEN /* by an event: only what no event tells may be taken */
};

struct fetch {
	enum fetch_state state;
	struct sync_mark asked; /* of the last question; of what was given, when */
	uint64_t opened;        /* fetch_open: which opening asked, and 1; 0: none did */
	int64_t failed_ms;
};

/* From now on an answer that was asked for earlier does not do. */
void fetch_want(struct fetch *);
/* The same, and at once: no gap and no pause counts. */
void fetch_hurry(struct fetch *);
/* Nobody wants to know any more. One on its way stays so: its answer comes. */
void fetch_forget(struct fetch *);
bool fetch_is_wanted(const struct fetch *); /* and not on its way */
bool fetch_is_asked(const struct fetch *);  /* on its way */
/* It was answered (or refused) before the stream of events last stood, so nobody knows whether that
 * holds. */
bool fetch_is_stale(const struct fetch *, const struct sync *);
/* ms until it may be asked, gap_ms after the last question; 0: now; -1: it is not wanted, or on its
 * way. */
int64_t fetch_wait(const struct fetch *, int64_t gap_ms, int64_t now_ms);
/* The question leaves. It must not be on its way. */
void fetch_ask(struct fetch *, struct sync_mark now);
/* The answer came. changed: the last event that changes what was asked for; s: the stream, NULL
 * where there is none. FETCH_OVERTAKEN: it is wanted again. FETCH_TAKE: it is fresh, or wanted
 * again where fetch_want came meanwhile. */
enum fetch_fate fetch_answer(struct fetch *, const struct sync *s, struct sync_mark changed);
/* It was refused: failed, or wanted again where fetch_want came meanwhile. */
void fetch_failed(struct fetch *, int64_t now_ms);
/* The question was taken back: it is wanted again. Does nothing when it is not on its way. */
void fetch_cancel(struct fetch *);
/* What it would answer came by another way, as of now: an event that tells all, a recording. A wish
 * and a question stay. */
void fetch_given(struct fetch *, struct sync_mark now);
/* Somebody reads what it answers, for the opened-th time: each opening asks once, and again after a
 * refusal of again_ms ago. True: it is wanted now. */
bool fetch_open(struct fetch *, uint32_t opened, int64_t again_ms, int64_t now_ms);
bool fetch_was_opened(const struct fetch *);

#endif
