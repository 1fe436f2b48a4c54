/* sync.h against a model of a server: random orders of lists, answers, events, losses and
 * reconnects always end in the server's state. The room in here uses the types as the header's
 * examples say.
 *
 *	SYNC_SEED=17 test_sync     one seed, the one that a failure names
 *	SYNC_SEEDS=100000          more of them than usual */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/base/mem.h"
#include "backends/base/sync.h"

#define SEEDS 3000
#define ROWS 6
#define QUIET_MS 2500 /* from then on nothing changes and nothing fails */
#define END_MS 12000
#define TICK_MS 5
#define LAG_MS 60 /* a death is in the server's own list after at most so long */
#define MESSAGES_MAX 4096

/* --- chance -------------------------------------------------------------- */

static uint64_t seed_state;

static unsigned chance(unsigned n)
{
	seed_state ^= seed_state << 13;
	seed_state ^= seed_state >> 7;
	seed_state ^= seed_state << 17;
	return (unsigned)(seed_state >> 20) % n;
}

/* Mostly short, now and then so long that anything may overtake it. */
static int64_t latency(void)
{
	return 1 + chance(chance(4) ? 15 : 250);
}

/* --- what has to be seen, or the test tests nothing ---------------------- */

enum saw {
	SAW_LIST_OVERTAKEN,
	SAW_LIST_LAGS,
	SAW_GONE_LISTED,
	SAW_NEW_UNLISTED,
	SAW_FETCH_OVERTAKEN,
	SAW_HEALTH_NEWER,
	SAW_ASKED_AGAIN,
	SAW_RESTART_UNHEARD,
	SAW_HELD,
	SAW_HELD_OVERFLOW,
	SAW_GONE_OVERFLOW,
	SAW_PART_FAILED,
	SAW_FETCH_FAILED,
	SAW_LOSS_WHILE_ASKED,
	SAW_BEFORE_STREAM,
	SAW_N
};
static const char *const saw_names[SAW_N] = {
	"fcb8a2c: a list that is older than an event of its row",
	"c455eff: a list that does not know of a death yet",
	"a list that names what went",
	"a list that lacks what came",
	"ea02de4, 8cd7e5c: an answer that an event overtook",
	"fd34b2a: a health that an event told while the answer was on its way",
	"9f70a73: a question that was wanted once more while it was on its way",
	"e00d3f8: a row that was restarted while nobody heard, and looks the same",
	"b52ed08: an event that was held",
	"more events than may be held",
	"more rows that went than may be noted",
	"931dfee: a part of the list that failed",
	"a question that failed",
	"a loss while a list was on its way",
	"a question that was answered before the stream stood",
};
static unsigned long saw[SAW_N];

/* --- the server ---------------------------------------------------------- */

struct facts {
	bool exists, runs;
	int life;   /* counts starts: told by events of starts and answers about a row */
	int detail; /* no event tells it */
	int health;
	unsigned runs_at, health_at; /* the number of the change that made it so */
};

enum event_type { EV_CREATE, EV_START, EV_DIE, EV_DESTROY, EV_UPDATE, EV_HEALTH };

struct event {
	enum event_type type;
	int row;
	struct facts facts; /* of which it tells life, or health */
};

enum message_type {
	M_SUBSCRIBE,
	M_STANDS,
	M_EVENT,
	M_ASK_LIST,
	M_LIST,
	M_ASK_PART,
	M_PART,
	M_ASK_ROW,
	M_ROW,
	M_RECONNECT,
	M_WANT
};

struct message {
	int64_t at;
	uint64_t order; /* of those of one moment */
	enum message_type type;
	unsigned connection; /* messages of one that was lost do not arrive */
	int row;             /* or part */
	unsigned row_age;    /* the row that asked */
	bool failed;
	struct event event;
	struct facts facts[ROWS];
};

struct row {
	bool exists;
	struct facts known;
	struct sync_mark heard, changed;
	unsigned runs_told, health_told; /* runs_at and health_at of the newest event */
	struct fetch fetch;
	unsigned age; /* rows that were here before it */
	struct backoff pause;
};

struct world {
	uint64_t seed;
	int64_t now;
	struct message *queue;
	size_t n;
	uint64_t order;
	/* the server */
	struct facts truth[ROWS];
	int64_t died[ROWS];
	int lives;
	unsigned changes;
	bool subscribed;
	int64_t last_event; /* when the last event arrives */
	/* the room */
	bool holds; /* events wait for the list on its way; else they apply at once */
	unsigned connection;
	struct sync sync;
	struct row rows[ROWS];
	struct backoff pause, part_pause;
	bool part_again[2], list_failed;
	unsigned asked; /* questions about rows on their way */
};

static struct message *post(struct world *w, int64_t at, enum message_type type)
{
	assert_true(w->n < MESSAGES_MAX);
	struct message *m = &w->queue[w->n++];
	memset(m, 0, sizeof(*m));
	m->at = at;
	m->order = w->order++;
	m->type = type;
	m->connection = w->connection;
	return m;
}

static void server_tells(struct world *w, enum event_type type, int i)
{
	if (!w->subscribed)
		return;
	int64_t at = w->now + latency();
	w->last_event = at > w->last_event ? at : w->last_event;
	struct message *m = post(w, w->last_event, M_EVENT);
	m->event = (struct event){ .type = type, .row = i, .facts = w->truth[i] };
}

static void server_starts(struct world *w, int i)
{
	w->truth[i].runs = true;
	w->truth[i].life++;
	w->truth[i].health = 0;
	w->truth[i].runs_at = w->truth[i].health_at = ++w->changes;
	server_tells(w, EV_START, i);
}

static void server_dies(struct world *w, int i)
{
	w->truth[i].runs = false;
	w->died[i] = w->now;
	w->truth[i].runs_at = ++w->changes;
	server_tells(w, EV_DIE, i);
}

static void server_destroys(struct world *w, int i)
{
	w->truth[i].exists = false;
	server_tells(w, EV_DESTROY, i);
}

static void server_changes(struct world *w)
{
	int i = (int)chance(ROWS);
	struct facts *f = &w->truth[i];
	if (!f->exists) {
		*f = (struct facts){ .exists = true,
			             .life = w->lives += 1000,
			             .detail = f->detail + 1 };
		f->runs_at = f->health_at = ++w->changes;
		server_tells(w, EV_CREATE, i);
		return;
	}
	switch (chance(6)) {
	case 0:
		f->detail++;
		server_tells(w, EV_UPDATE, i);
		return;
	case 1:
		f->health = (int)chance(3);
		f->health_at = ++w->changes;
		server_tells(w, EV_HEALTH, i);
		return;
	case 2:
		if (!f->runs && chance(2)) {
			server_destroys(w, i);
			return;
		}
		break;
	case 3: /* a restart */
		if (f->runs)
			server_dies(w, i);
		server_starts(w, i);
		return;
	}
	if (f->runs)
		server_dies(w, i);
	else
		server_starts(w, i);
}

/* Its own list may not know of a death yet; an answer about one row does. */
static void server_lists(struct world *w, struct facts *out)
{
	memcpy(out, w->truth, sizeof(w->truth));
	for (int i = 0; i < ROWS; i++)
		if (!w->holds && out[i].exists && !out[i].runs &&
		    w->now - w->died[i] < (int)chance(LAG_MS) && w->died[i])
			out[i].runs = true;
}

/* A question reached the server: what it answers is of this moment. */
static void server_answers(struct world *w, const struct message *ask)
{
	static const enum message_type answers[] = { [M_ASK_LIST] = M_LIST,
		                                     [M_ASK_PART] = M_PART,
		                                     [M_ASK_ROW] = M_ROW,
		                                     [M_SUBSCRIBE] = M_STANDS };
	struct message asked = *ask;
	if (asked.type == M_SUBSCRIBE)
		w->subscribed = true;
	struct message *m = post(w, w->now + latency(), answers[asked.type]);
	m->row = asked.row;
	m->row_age = asked.row_age;
	m->failed = w->now < QUIET_MS && asked.type != M_SUBSCRIBE && !chance(8);
	if (asked.type == M_ASK_LIST)
		server_lists(w, m->facts);
	else
		memcpy(m->facts, w->truth, sizeof(w->truth));
	/* The stream's head comes before its first event. */
	if (asked.type == M_SUBSCRIBE)
		w->last_event = m->at;
}

/* --- the room ------------------------------------------------------------ */

/* What an event told is not taken back by an answer of a time before it, not even for a moment. */
static void row_says(struct world *w, struct row *r, const struct facts *f, bool runs, bool health)
{
	if (!w->holds && runs && f->runs_at < r->runs_told)
		fail_msg("SYNC_SEED=%llu: an older answer took back a state at %lld ms",
		         (unsigned long long)w->seed, (long long)w->now);
	if (!w->holds && health && f->health_at < r->health_told)
		fail_msg("SYNC_SEED=%llu: an older answer took back a health at %lld ms",
		         (unsigned long long)w->seed, (long long)w->now);
	if (runs)
		r->known.runs = f->runs;
	if (health)
		r->known.health = f->health;
}

static void room_ask_list(struct world *w)
{
	sync_ask(&w->sync, w->now);
	post(w, w->now + latency(), M_ASK_LIST);
	for (int i = 0; w->holds && i < 2; i++) {
		sync_part(&w->sync);
		w->part_again[i] = false;
		post(w, w->now + latency(), M_ASK_PART)->row = i;
	}
}

static void room_opens(struct world *w)
{
	sync_open(&w->sync);
	post(w, w->now + latency(), M_SUBSCRIBE);
	if (!w->holds)
		room_ask_list(w);
}

static void row_drop(struct world *w, struct row *r)
{
	if (fetch_is_asked(&r->fetch))
		w->asked--;
	*r = (struct row){ .age = r->age + 1 };
}

static struct row *row_make(struct world *w, int i)
{
	struct row *r = &w->rows[i];
	if (!r->exists) {
		r->exists = true;
		fetch_want(&r->fetch);
	}
	return r;
}

static void room_loses(struct world *w)
{
	saw[SAW_LOSS_WHILE_ASKED] += sync_is_asked(&w->sync);
	w->connection++;
	w->subscribed = false;
	w->asked = 0;
	w->last_event = 0;
	w->list_failed = false;
	sync_close(&w->sync);
	for (int i = 0; i < ROWS; i++)
		fetch_cancel(&w->rows[i].fetch);
	post(w, w->now + backoff_ms(&w->pause, 20, 300), M_RECONNECT);
}

static void apply_event(struct world *w, const struct event *ev)
{
	struct row *r = &w->rows[ev->row];
	struct sync_mark mark = sync_event(&w->sync, w->now);
	if (ev->type == EV_DESTROY) {
		if (!w->holds) {
			char id[2] = { (char)('a' + ev->row), '\0' };
			sync_gone(&w->sync, id);
			saw[SAW_GONE_OVERFLOW] += w->sync.gone.overflowed;
		}
		if (r->exists)
			row_drop(w, r);
		return;
	}
	if (!r->exists && ev->type == EV_HEALTH)
		return; /* an event of the past: the row is not there */
	r = row_make(w, ev->row);
	r->heard = mark;
	if (ev->type != EV_HEALTH)
		r->changed = mark;
	bool starts = ev->type == EV_START || ev->type == EV_CREATE;
	if (starts)
		r->known.life = ev->facts.life;
	if (starts || ev->type == EV_DIE)
		r->runs_told = ev->facts.runs_at;
	if (starts || ev->type == EV_HEALTH)
		r->health_told = ev->facts.health_at;
	row_says(w, r, &ev->facts, starts || ev->type == EV_DIE, starts || ev->type == EV_HEALTH);
	saw[SAW_ASKED_AGAIN] += r->fetch.state == FETCH_ASKED;
	fetch_want(&r->fetch);
}

static void event_came(struct world *w, const struct event *ev)
{
	size_t before = w->sync.held.len;
	if (!w->holds || !sync_hold(&w->sync, (const char *)ev, sizeof(*ev))) {
		apply_event(w, ev);
		return;
	}
	saw[w->sync.held.len > before ? SAW_HELD : SAW_HELD_OVERFLOW]++;
}

static void hand_on(struct world *w)
{
	const char *bytes;
	size_t len;
	struct event ev;
	while (sync_next(&w->sync, &bytes, &len)) {
		assert_int_equal(len, sizeof(ev));
		memcpy(&ev, bytes, len);
		apply_event(w, &ev);
	}
}

static void take_item(struct world *w, const struct sync_view *view, int i, const struct facts *f)
{
	struct row *r = &w->rows[i];
	char id[2] = { (char)('a' + i), '\0' };
	if (!w->holds && sync_is_gone(&w->sync, id)) {
		saw[SAW_GONE_LISTED]++;
		return;
	}
	r = row_make(w, i);
	/* Only of a death the server's list may not know. */
	bool may_lag = !w->holds && f->runs && !r->known.runs;
	if (!w->holds && sync_row(&w->sync, view, r->heard, may_lag ? LAG_MS + 300 : 0, w->now) ==
	                         SYNC_ROW_OVERTAKEN) {
		saw[r->heard.at > view->asked.at ? SAW_LIST_OVERTAKEN : SAW_LIST_LAGS]++;
		return;
	}
	if (view->is_first && r->known.runs == f->runs && r->known.life != w->truth[i].life &&
	    r->fetch.state == FETCH_FRESH)
		saw[SAW_RESTART_UNHEARD]++;
	if (r->known.runs != f->runs)
		fetch_want(&r->fetch);
	row_says(w, r, f, true, !w->holds);
}

static void take_list(struct world *w, const struct sync_view *view, const struct facts *list)
{
	for (int i = 0; i < ROWS; i++) {
		struct row *r = &w->rows[i];
		if (list[i].exists)
			take_item(w, view, i, &list[i]);
		else if (r->exists && (w->holds || sync_row(&w->sync, view, r->heard, 0, w->now) ==
		                                           SYNC_ROW_TAKE))
			row_drop(w, r);
		else if (r->exists)
			saw[SAW_NEW_UNLISTED]++;
	}
}

/* The room that holds applies each part as it comes, and its view when all are there. */
static void part_is_over(struct world *w)
{
	if (!sync_part_done(&w->sync))
		return;
	if (w->list_failed)
		sync_refused(&w->sync, w->now);
	else
		sync_take(&w->sync);
	w->list_failed = false;
	hand_on(w);
}

static void list_came(struct world *w, const struct message *m)
{
	if (m->failed && w->holds) {
		w->list_failed = true;
		part_is_over(w);
		return;
	}
	if (m->failed) {
		sync_refused(&w->sync, w->now);
		return;
	}
	backoff_reset(&w->pause);
	if (w->holds) {
		take_list(w, &(struct sync_view){ 0 }, m->facts);
		part_is_over(w);
		return;
	}
	struct sync_view view = sync_take(&w->sync);
	take_list(w, &view, m->facts);
}

/* Part p has the health of every second row. */
static void part_came(struct world *w, const struct message *m)
{
	if (m->failed) {
		saw[SAW_PART_FAILED]++;
		w->part_again[m->row] = true;
		post(w, w->now + backoff_ms(&w->part_pause, 10, 200), M_WANT)->row = ROWS + m->row;
	}
	for (int i = m->row; !m->failed && i < ROWS; i += 2)
		if (w->rows[i].exists)
			w->rows[i].known.health = m->facts[i].health;
	part_is_over(w);
}

static void row_came(struct world *w, const struct message *m)
{
	struct row *r = &w->rows[m->row];
	if (!r->exists || r->age != m->row_age)
		return;
	w->asked--;
	if (m->failed || !m->facts[m->row].exists) {
		saw[SAW_FETCH_FAILED]++;
		fetch_failed(&r->fetch, w->now);
		if (m->failed && r->fetch.state == FETCH_FAILED) {
			struct message *again = post(w, w->now + backoff_ms(&r->pause, 10, 200),
			                             M_WANT);
			again->row = m->row;
			again->row_age = r->age;
		}
		return;
	}
	const struct facts *f = &m->facts[m->row];
	saw[SAW_BEFORE_STREAM] += r->fetch.asked.at < w->sync.from;
	enum fetch_fate fate = fetch_answer(&r->fetch, &w->sync, r->changed);
	r->known.detail = f->detail;
	if (fate == FETCH_OVERTAKEN) {
		saw[SAW_FETCH_OVERTAKEN]++;
		return;
	}
	r->known.life = f->life;
	bool asked_again = fetch_is_wanted(&r->fetch);
	saw[SAW_HEALTH_NEWER] += asked_again;
	row_says(w, r, f, true, !asked_again);
}

/* A part that failed is asked again: a list of that part alone, so events are held meanwhile. */
static void part_again(struct world *w, int part)
{
	if (!w->part_again[part] || w->sync.stream != SYNC_HEARS)
		return;
	w->part_again[part] = false;
	if (sync_is_asked(&w->sync))
		sync_part(&w->sync);
	else
		sync_ask(&w->sync, w->now);
	post(w, w->now + latency(), M_ASK_PART)->row = part;
}

static void want_again(struct world *w, const struct message *m)
{
	if (m->row >= ROWS)
		part_again(w, m->row - ROWS);
	else if (w->rows[m->row].exists && w->rows[m->row].age == m->row_age)
		fetch_want(&w->rows[m->row].fetch);
}

static void room_acts(struct world *w)
{
	if (sync_wait(&w->sync, w->now) == 0)
		room_ask_list(w);
	if (!sync_is_listed(&w->sync))
		return;
	for (int i = 0; i < ROWS; i++) {
		struct row *r = &w->rows[i];
		bool due = fetch_is_wanted(&r->fetch) || fetch_is_stale(&r->fetch, &w->sync);
		if (!r->exists || !due || w->asked == 3)
			continue;
		w->asked++;
		fetch_ask(&r->fetch, sync_now(&w->sync, w->now));
		struct message *m = post(w, w->now + latency(), M_ASK_ROW);
		m->row = i;
		m->row_age = r->age;
	}
}

/* --- the simulation ------------------------------------------------------ */

static void stream_stands(struct world *w)
{
	sync_hears(&w->sync, w->now);
}

static void arrives(struct world *w, const struct message *m)
{
	switch (m->type) {
	case M_SUBSCRIBE:
	case M_ASK_LIST:
	case M_ASK_PART:
	case M_ASK_ROW: server_answers(w, m); break;
	case M_STANDS: stream_stands(w); break;
	case M_EVENT: event_came(w, &m->event); break;
	case M_LIST: list_came(w, m); break;
	case M_PART: part_came(w, m); break;
	case M_ROW: row_came(w, m); break;
	case M_RECONNECT: room_opens(w); break;
	case M_WANT: want_again(w, m); break;
	}
}

/* The message that arrives first, by now; false: there is none. */
static bool next_message(struct world *w, struct message *out)
{
	size_t best = w->n;
	for (size_t i = 0; i < w->n; i++) {
		const struct message *m = &w->queue[i], *b = &w->queue[best];
		bool sooner = best == w->n || m->at < b->at ||
		              (m->at == b->at && m->order < b->order);
		if (m->at <= w->now && sooner)
			best = i;
	}
	if (best == w->n)
		return false;
	*out = w->queue[best];
	w->queue[best] = w->queue[--w->n];
	return true;
}

static void world_turns(struct world *w)
{
	struct message m;
	while (next_message(w, &m))
		if (m.connection == w->connection)
			arrives(w, &m);
	if (w->now < QUIET_MS) {
		for (unsigned n = chance(4) ? 0 : chance(3); n; n--)
			server_changes(w);
		if (w->sync.stream != SYNC_DEAF && !chance(90))
			room_loses(w);
	}
	room_acts(w);
}

static const char *differs(const struct world *w, int i)
{
	const struct facts *truth = &w->truth[i], *known = &w->rows[i].known;
	if (w->rows[i].exists != truth->exists)
		return truth->exists ? "is missing" : "went, and is still there";
	if (!truth->exists)
		return NULL;
	if (known->runs != truth->runs)
		return "has another state";
	if (known->life != truth->life)
		return "is of another life";
	if (known->detail != truth->detail)
		return "has another detail";
	return known->health != truth->health ? "has another health" : NULL;
}

static void run_seed(uint64_t seed, bool holds)
{
	struct world w = { .queue = xcalloc(MESSAGES_MAX, sizeof(*w.queue)),
		           .holds = holds,
		           .seed = seed };
	seed_state = seed * 0x9e3779b97f4a7c15ull + 1;
	for (int i = 0; i < 20; i++)
		chance(2);
	w.sync.delay_ms = chance(2) ? 10 : 0;
	w.sync.gap_ms = chance(2) ? 60 : 0;
	w.sync.held.max = chance(3) ? 0 : 3 * (sizeof(struct event) + sizeof(size_t));
	w.sync.gone.max = chance(3) ? 0 : 2;
	room_opens(&w);
	for (w.now = 1; w.now < END_MS; w.now += w.now < QUIET_MS + 2000 ? TICK_MS : 50)
		world_turns(&w);
	for (int i = 0; i < ROWS; i++)
		if (differs(&w, i))
			fail_msg("SYNC_SEED=%llu, a room that %s events: row %d %s",
			         (unsigned long long)seed, holds ? "holds" : "applies", i,
			         differs(&w, i));
	sync_finish(&w.sync);
	free(w.queue);
}

static void run_seeds(bool holds)
{
	const char *one = getenv("SYNC_SEED"), *many = getenv("SYNC_SEEDS");
	unsigned long n = many ? strtoul(many, NULL, 10) : SEEDS;
	if (one)
		run_seed(strtoul(one, NULL, 10), holds);
	for (unsigned long seed = 1; !one && seed <= n; seed++)
		run_seed(seed, holds);
}

static void events_at_once_end_in_the_servers_state(void **state)
{
	run_seeds(false);
}

static void held_events_end_in_the_servers_state(void **state)
{
	run_seeds(true);
}

static void everything_was_seen(void **state)
{
	for (int i = 0; i < SAW_N && !getenv("SYNC_SEED"); i++)
		if (!saw[i])
			fail_msg("not once: %s", saw_names[i]);
}

/* --- what single functions promise --------------------------------------- */

static void a_list_is_asked_after_its_delay_and_gap(void **state)
{
	struct sync s = { .delay_ms = 50, .gap_ms = 300 };
	sync_want(&s, 0); /* deaf: the next opening asks */
	assert_int_equal(sync_wait(&s, 1000), -1);
	sync_open(&s);
	sync_ask(&s, 1000);
	assert_int_equal(sync_wait(&s, 1000), -1);
	sync_take(&s);
	assert_int_equal(sync_wait(&s, 1010), -1);
	sync_want(&s, 1010);
	sync_want(&s, 1100); /* the first wish counts */
	assert_int_equal(sync_wait(&s, 1100), 200);
	assert_int_equal(sync_wait(&s, 1301), 0);
	sync_ask(&s, 2000);
	sync_take(&s);
	sync_want(&s, 4000);
	assert_int_equal(sync_wait(&s, 4000), 50);
	sync_finish(&s);
}

static void what_went_is_of_one_list(void **state)
{
	struct sync s = { 0 };
	sync_open(&s);
	sync_gone(&s, "early"); /* no list is on its way */
	sync_ask(&s, 0);
	sync_gone(&s, "a");
	struct sync_view view = sync_take(&s);
	assert_true(view.is_first);
	assert_true(sync_is_gone(&s, "a"));
	assert_false(sync_is_gone(&s, "early"));
	sync_ask(&s, 1);
	assert_false(sync_is_gone(&s, "a"));
	view = sync_take(&s);
	assert_false(view.is_first);
	sync_finish(&s);
}

static void a_lagging_list_is_asked_again(void **state)
{
	struct sync s = { 0 };
	sync_open(&s);
	struct sync_mark died = sync_event(&s, 1000);
	sync_ask(&s, 1500);
	struct sync_view view = sync_take(&s);
	assert_int_equal(sync_row(&s, &view, died, 0, 2000), SYNC_ROW_TAKE);
	assert_int_equal(s.list, SYNC_NONE);
	assert_int_equal(sync_row(&s, &view, died, 3000, 2000), SYNC_ROW_OVERTAKEN);
	assert_int_equal(s.list, SYNC_WANTED);
	assert_int_equal(sync_row(&s, &view, died, 3000, 4000), SYNC_ROW_TAKE);
	sync_finish(&s);
}

static void an_opening_asks_once(void **state)
{
	struct fetch f = { 0 };
	assert_true(fetch_open(&f, 0, 5000, 0));
	assert_false(fetch_open(&f, 0, 5000, 0));
	fetch_ask(&f, sync_at(0));
	fetch_failed(&f, 100);
	assert_false(fetch_open(&f, 0, 5000, 5000));
	assert_true(fetch_open(&f, 0, 5000, 5100));
	fetch_ask(&f, sync_at(5100));
	assert_true(fetch_open(&f, 1, 5000, 5200));
	assert_int_equal(fetch_answer(&f, NULL, SYNC_NEVER), FETCH_TAKE);
	assert_int_equal(fetch_wait(&f, 300, 5200), 200);
	fetch_hurry(&f);
	assert_int_equal(fetch_wait(&f, 300, 5200), 0);
}

/* What was given does as an answer does, until the stream is another one. */
static void what_was_given_is_fresh(void **state)
{
	struct sync s = { 0 };
	struct fetch f = { 0 };
	sync_open(&s);
	fetch_given(&f, sync_now(&s, 0));
	assert_int_equal(f.state, FETCH_FRESH);
	assert_false(fetch_is_stale(&f, &s));
	sync_hears(&s, 0);
	assert_true(fetch_is_stale(&f, &s));
	fetch_want(&f);
	fetch_given(&f, sync_now(&s, 0));
	assert_true(fetch_is_wanted(&f));
	sync_finish(&s);
}

static void a_wish_outlives_a_refusal(void **state)
{
	struct fetch f = { 0 };
	fetch_ask(&f, sync_at(0));
	fetch_want(&f);
	fetch_failed(&f, 0);
	assert_true(fetch_is_wanted(&f));
}

static void an_answer_from_before_the_stream_is_no_answer(void **state)
{
	struct sync s = { 0 };
	struct fetch f = { 0 };
	sync_open(&s);
	fetch_ask(&f, sync_now(&s, 0));
	sync_hears(&s, 0);
	assert_int_equal(fetch_answer(&f, &s, SYNC_NEVER), FETCH_OVERTAKEN);
	assert_true(fetch_is_wanted(&f));
	sync_finish(&s);
}

/* A list that cannot be had is not asked for in a circle, but a wish that came meanwhile counts. */
static void a_list_is_given_up(void **state)
{
	struct sync s = { 0 };
	sync_open(&s);
	sync_ask(&s, 0);
	sync_give_up(&s);
	assert_int_equal(sync_wait(&s, 0), -1);
	assert_false(sync_is_listed(&s));
	sync_ask(&s, 0);
	sync_want(&s, 0);
	sync_give_up(&s);
	assert_int_equal(sync_wait(&s, 0), 0);
	sync_finish(&s);
}

/* Ids that do not fit may come back by the list on its way: another one takes them out. */
static void too_many_that_went_want_another_list(void **state)
{
	struct sync s = { .gone = { .max = 2 } };
	sync_open(&s);
	sync_ask(&s, 0);
	sync_gone(&s, "a");
	assert_int_equal(s.list, SYNC_ASKED);
	sync_gone(&s, "b");
	sync_take(&s);
	assert_int_equal(s.list, SYNC_WANTED);
	sync_finish(&s);
}

/* A poke during a round is not lost, and not carried out twice. */
static void a_round_follows_a_poke(void **state)
{
	struct fetch round = { 0 };
	fetch_want(&round);
	fetch_ask(&round, sync_at(0));
	fetch_want(&round);
	fetch_want(&round);
	assert_int_equal(fetch_answer(&round, NULL, SYNC_NEVER), FETCH_TAKE);
	assert_true(fetch_is_wanted(&round));
	fetch_ask(&round, sync_at(10));
	fetch_cancel(&round); /* the link went */
	assert_true(fetch_is_wanted(&round));
	fetch_ask(&round, sync_at(20));
	assert_int_equal(fetch_answer(&round, NULL, SYNC_NEVER), FETCH_TAKE);
	assert_int_equal(fetch_wait(&round, 0, 20), -1);
}

static void pauses_grow_to_their_most(void **state)
{
	struct backoff b = { 0 };
	static const int64_t pauses[] = { 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
	for (size_t i = 0; i < ARRAY_LEN(pauses); i++)
		assert_int_equal(backoff_ms(&b, 500, 30000), pauses[i]);
	b.fails = 1u << 31;
	assert_int_equal(backoff_ms(&b, 500, 30000), 30000);
	backoff_reset(&b);
	assert_int_equal(backoff_ms(&b, 500, 30000), 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_asked_after_its_delay_and_gap),
		cmocka_unit_test(what_went_is_of_one_list),
		cmocka_unit_test(a_lagging_list_is_asked_again),
		cmocka_unit_test(an_opening_asks_once),
		cmocka_unit_test(what_was_given_is_fresh),
		cmocka_unit_test(a_round_follows_a_poke),
		cmocka_unit_test(a_wish_outlives_a_refusal),
		cmocka_unit_test(an_answer_from_before_the_stream_is_no_answer),
		cmocka_unit_test(too_many_that_went_want_another_list),
		cmocka_unit_test(a_list_is_given_up),
		cmocka_unit_test(pauses_grow_to_their_most),
		cmocka_unit_test(events_at_once_end_in_the_servers_state),
		cmocka_unit_test(held_events_end_in_the_servers_state),
		cmocka_unit_test(everything_was_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
