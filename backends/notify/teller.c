/* teller.c: conditions by id, and the four states each goes through. */
#include "backends/notify/teller.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "backends/base/json.h"
#include "backends/base/json_write.h"
#include "backends/base/mem.h"
#include "backends/base/wash.h"
#include "backends/store/report.h"

#define REMEMBERED_MS (30 * INT64_C(86400000)) /* a condition that nobody has seen since */

enum condition_state {
	CONDITION_HELD,      /* it is there, and is announced when it has held */
	CONDITION_ANNOUNCED, /* it was announced and is there */
	CONDITION_CLEARED,   /* it is no longer there, and its end is not announced yet */
	CONDITION_PAST       /* it was there lately */
};

struct condition {
	char *id, *server, *kind, *name, *why; /* owned; why NULL */
	enum health health;
	int64_t since_ms; /* wall clock */
	enum condition_state state;
	int64_t from_ms; /* teller clock: since when the state is so */
	int64_t announced_ms; /* teller clock: of the last message about it */
	bool announced;       /* a message says it is so, and none says it is over */
	char *announced_why;
	enum health announced_health;
	uint64_t announced_by; /* number of that message */
	unsigned count; /* how often it came */
	bool seen, frozen;
	enum teller_place place;
	int64_t stood_ms; /* teller clock: when the queue let go of it; 0: it never held it */
	int64_t ends_ms;  /* teller clock: its end is not announced before; 0: it waits for none */
	UT_hash_handle hh;
};

struct teller {
	struct teller_rules rules;
	struct condition *conditions;
	int64_t now_ms;
	uint64_t made; /* number of the last message */
	/* the messages of the last STORM_MS */
	int64_t burst_ms;
	unsigned burst_n;
	bool burst;
};

struct teller *teller_create(const struct teller_rules *rules)
{
	struct teller *t = xcalloc(1, sizeof(*t));
	t->rules = *rules;
	return t;
}

static void condition_free(struct teller *t, struct condition *c)
{
	HASH_DEL(t->conditions, c);
	free(c->id);
	free(c->server);
	free(c->kind);
	free(c->name);
	free(c->why);
	free(c->announced_why);
	free(c);
}

void teller_destroy(struct teller *t)
{
	while (t && t->conditions)
		condition_free(t, t->conditions);
	free(t);
}

/* --- looking ------------------------------------------------------------- */

static void condition_set(struct condition *c, enum condition_state state, int64_t now_ms)
{
	c->state = state;
	c->from_ms = now_ms;
}

static struct condition *teller_condition(struct teller *t, const char *id)
{
	struct condition *c;
	HASH_FIND_STR(t->conditions, id, c);
	return c;
}

static struct condition *teller_add(struct teller *t, const struct notify_need *n)
{
	struct condition *c = xcalloc(1, sizeof(*c));
	c->id = xstrdup(n->id);
	c->server = xstrdup(n->server);
	c->kind = xstrdup(n->kind);
	c->name = xstrdup(n->name);
	HASH_ADD_KEYPTR(hh, t->conditions, c->id, strlen(c->id), c);
	return c;
}

static bool teller_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Whether what was announced does not cover it: it is worse, or it asks something else. Other words
 * about the same fault (a figure in them) are no news. */
static bool condition_is_news(const struct condition *c)
{
	return c->health > c->announced_health ||
	       (c->health == HEALTH_ASKS && !teller_same(c->why, c->announced_why));
}

void teller_begin(struct teller *t, int64_t now_ms)
{
	t->now_ms = now_ms;
	for (struct condition *c = t->conditions; c; c = c->hh.next)
		c->seen = false;
}

void teller_see(struct teller *t, const struct notify_need *n, bool frozen, enum teller_place place)
{
	struct condition *c = teller_condition(t, n->id);
	bool was_there = c && c->state != CONDITION_PAST;
	if (!was_there && frozen)
		return;
	if (!c)
		c = teller_add(t, n);
	c->seen = true;
	if (c->place == TELLER_HELD && place == TELLER_STANDS)
		c->stood_ms = t->now_ms;
	c->place = place;
	c->frozen = frozen;
	if (!was_there) {
		c->count++;
		condition_set(c, CONDITION_HELD, t->now_ms);
	}
	if (frozen) {
		if (c->state == CONDITION_HELD && !c->announced)
			c->from_ms = t->now_ms; /* it has to hold after the server is back */
		return;
	}
	c->health = n->health;
	c->since_ms = n->since_ms;
	xreplace(&c->name, n->name);
	if (!teller_same(c->why, n->why))
		xreplace(&c->why, n->why);
	if (c->state == CONDITION_CLEARED) {
		c->count++;
		condition_set(c, CONDITION_ANNOUNCED, t->now_ms);
	}
	if (c->state == CONDITION_ANNOUNCED && condition_is_news(c))
		condition_set(c, CONDITION_HELD, t->now_ms);
	else if (c->state == CONDITION_HELD && c->announced && !condition_is_news(c))
		condition_set(c, CONDITION_ANNOUNCED,
		              t->now_ms); /* it got better again meanwhile */
}

/* A condition that comes and goes must be away for longer each time. */
static int64_t teller_clear_ms(const struct teller *t, const struct condition *c)
{
	int64_t ms = t->rules.hold_ms;
	for (unsigned i = 1; i < c->count && ms < CLEAR_MOST_MS; i++)
		ms = ms ? 2 * ms : 1000;
	return ms < CLEAR_MOST_MS ? ms : CLEAR_MOST_MS;
}

static int condition_compare_message(const void *a, const void *b)
{
	const struct condition *x = *(struct condition *const *)a;
	const struct condition *y = *(struct condition *const *)b;
	return (x->announced_by > y->announced_by) - (x->announced_by < y->announced_by);
}

/* What one message announced ends with one message too, although containers that are started again
 * are well one after the other. The end of the first waits for the others, GATHER_MS at most. */
static void teller_gather_ends(struct teller *t)
{
	struct condition **all = xcalloc(HASH_COUNT(t->conditions) + 1, sizeof(struct condition *));
	size_t n = 0;
	for (struct condition *c = t->conditions; c; c = c->hh.next) {
		c->ends_ms = 0;
		if (c->announced && c->announced_by)
			all[n++] = c;
	}
	qsort(all, n, sizeof(struct condition *), condition_compare_message);
	for (size_t i = 0, end; i < n; i = end) {
		int64_t first_ms = INT64_MAX, last_ms = 0;
		bool still = false;
		for (end = i; end < n && all[end]->announced_by == all[i]->announced_by; end++) {
			const struct condition *c = all[end];
			int64_t at_ms = c->from_ms + teller_clear_ms(t, c);
			still |= c->state != CONDITION_CLEARED;
			if (c->state == CONDITION_CLEARED && at_ms < first_ms)
				first_ms = at_ms;
			if (c->state == CONDITION_CLEARED && at_ms > last_ms)
				last_ms = at_ms;
		}
		if (end - i < STORM_LEAST || first_ms == INT64_MAX)
			continue;
		int64_t most_ms = first_ms + GATHER_MS;
		for (size_t k = i; k < end; k++)
			all[k]->ends_ms = still || last_ms > most_ms ? most_ms : last_ms;
	}
	free(all);
}

void teller_end(struct teller *t, teller_well_fn *is_well, void *arg)
{
	struct condition *c, *next;
	HASH_ITER (hh, t->conditions, c, next) {
		bool past = c->state == CONDITION_PAST;
		if (past && t->now_ms - c->from_ms > PAST_MS)
			condition_free(t, c);
		else if (!past && !c->seen && c->state != CONDITION_CLEARED) {
			/* It is not among the needs any more. */
			/* after a long time of being so it is no longer one that comes and goes */
			if (c->state == CONDITION_ANNOUNCED && t->now_ms - c->from_ms > PAST_MS)
				c->count = 1;
			if (is_well(c->id, c->health, arg))
				condition_set(c, c->announced ? CONDITION_CLEARED : CONDITION_PAST,
				              t->now_ms);
			else if (!c->announced) /* it will be seen again when more is known */
				condition_free(t, c);
			else
				c->frozen = true;
		}
	}
	teller_gather_ends(t);
}

/* --- what is due --------------------------------------------------------- */

/* When a message of this sort about the condition is due, on the teller's clock; -1: never. */
static int64_t condition_due(const struct teller *t, const struct condition *c,
                             enum message_what what)
{
	bool may = c->place == TELLER_STANDS && !c->frozen;
	if (what == MESSAGE_NEED && c->state == CONDITION_HELD && may) {
		bool at_once = c->count >= FLAPS_ANNOUNCED && !c->announced;
		int64_t at_ms = c->from_ms + (at_once ? 0 : t->rules.hold_ms);
		return at_ms > c->stood_ms ? at_ms : c->stood_ms;
	}
	if (what == MESSAGE_STILL && c->state == CONDITION_ANNOUNCED && t->rules.repeat_ms && may) {
		/* below 0: announced before this machine started */
		int64_t at_ms = c->announced_ms + t->rules.repeat_ms;
		return at_ms > 0 ? at_ms : 0;
	}
	if (what == MESSAGE_RESOLVED && c->state == CONDITION_CLEARED) {
		int64_t at_ms = c->from_ms + teller_clear_ms(t, c);
		return at_ms > c->ends_ms ? at_ms : c->ends_ms;
	}
	return -1;
}

static int teller_compare_ms(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* How long before it is due a condition is seen. */
static int64_t teller_ahead_ms(const struct teller *t)
{
	return t->rules.hold_ms > t->rules.stands_ms ? t->rules.hold_ms : t->rules.stands_ms;
}

struct due {
	size_t soon;    /* how many come until STORM_MS after now */
	int64_t oldest; /* when the first of all is due; -1: none is */
	int64_t newest; /* when the last one comes that follows without a pause */
	int64_t pause_ms; /* how long after that it is known that no other one follows */
};

/* Follows the sorted times from the one at *last while the pauses between them are short. Returns
 * how many there are. */
static size_t teller_follow(const int64_t *at, size_t n, int64_t pause_ms, int64_t *last)
{
	size_t i = 0;
	for (; i < n && at[i] - *last <= pause_ms; i++)
		*last = at[i] > *last ? at[i] : *last;
	return i;
}

static struct due teller_count_due(const struct teller *t, enum message_what what, int64_t now_ms)
{
	int64_t *at = xcalloc(HASH_COUNT(t->conditions) + 1, sizeof(*at));
	struct due d = { .oldest = -1 };
	size_t n = 0;
	for (const struct condition *c = t->conditions; c; c = c->hh.next) {
		int64_t ms = condition_due(t, c, what);
		if (ms >= 0 && (d.oldest < 0 || ms < d.oldest))
			d.oldest = ms;
		/* one that the queue holds back will be due, if it stays */
		if (ms < 0 && what == MESSAGE_NEED && c->state == CONDITION_HELD && !c->frozen &&
		    c->place == TELLER_HELD)
			ms = c->from_ms + teller_ahead_ms(t);
		if (ms >= 0)
			at[n++] = ms;
	}
	qsort(at, n, sizeof(*at), teller_compare_ms);
	d.newest = d.oldest;
	for (size_t i = 0; i < n; i++)
		d.soon += at[i] <= now_ms + STORM_MS;
	if (teller_follow(at, n, STORM_MS, &d.newest) >= STORM_LEAST) {
		teller_follow(at, n, STORM_PAUSE_MS, &d.newest);
		/* without any hold the user wants no wait either */
		int64_t ahead_ms = teller_ahead_ms(t);
		bool waits = what == MESSAGE_NEED && ahead_ms && ahead_ms < STORM_PAUSE_MS;
		d.pause_ms = waits ? STORM_PAUSE_MS - ahead_ms : 0;
	}
	free(at);
	return d;
}

/* When the next message of this sort leaves; -1: none is known. */
static int64_t teller_leaves(const struct teller *t, enum message_what what, int64_t now_ms)
{
	struct due d = teller_count_due(t, what, now_ms);
	if (d.oldest < 0)
		return -1;
	int64_t at = d.oldest;
	bool bursting = t->burst && now_ms < t->burst_ms + STORM_MS;
	if (bursting && t->burst_n >= STORM_LEAST - 1 && at < t->burst_ms + STORM_MS)
		at = t->burst_ms + STORM_MS; /* it was many messages already: gather the rest */
	else if (d.soon >= STORM_LEAST && d.newest + d.pause_ms > at) {
		int64_t ms = d.newest + d.pause_ms;
		int64_t most_ms = at + STORM_MOST_MS;
		at = ms < most_ms ? ms : most_ms;
	}
	return at;
}

static int condition_compare(const void *a, const void *b)
{
	const struct condition *x = *(struct condition *const *)a;
	const struct condition *y = *(struct condition *const *)b;
	if (x->health != y->health)
		return x->health > y->health ? -1 : 1;
	return strcmp(x->id, y->id);
}

static void condition_mark_announced(struct condition *c, enum message_what what, uint64_t number,
                                     int64_t now_ms)
{
	c->announced_by = number;
	c->announced = what != MESSAGE_RESOLVED;
	c->announced_ms = now_ms;
	condition_set(c, c->announced ? CONDITION_ANNOUNCED : CONDITION_PAST, now_ms);
	c->announced_health = c->announced ? c->health : HEALTH_UNKNOWN;
	xreplace(&c->announced_why, c->announced ? c->why : NULL);
}

static struct message *teller_make(struct teller *t, enum message_what what, int64_t now_ms,
                                   int64_t wall_ms)
{
	size_t n = 0;
	/* the conditions that are due now, worst first */
	struct condition **due = xcalloc(HASH_COUNT(t->conditions) + 1, sizeof(*due));
	for (struct condition *c = t->conditions; c; c = c->hh.next) {
		int64_t at = condition_due(t, c, what);
		if (at >= 0 && at <= now_ms)
			due[n++] = c;
	}
	qsort(due, n, sizeof(*due), condition_compare);
	n = n >= STORM_LEAST ? n : 1;
	struct notify_need *needs = xcalloc(n, sizeof(*needs));
	for (size_t i = 0; i < n; i++) {
		const struct condition *c = due[i];
		/* what is over was as bad as it was announced */
		needs[i] = (struct notify_need){
			.id = c->id,
			.server = c->server,
			.kind = c->kind,
			.name = c->name,
			.why = c->why,
			.health = c->health,
			.since_ms = c->since_ms,
			.count = c->count,
		};
	}
	struct message *m = message_create(what, needs, n, wall_ms);
	free(needs);
	/* the number grows also over a restart that lost the last one */
	uint64_t wall = wall_ms > 0 ? (uint64_t)wall_ms : 0;
	t->made = wall > t->made ? wall : t->made + 1;
	m->number = t->made;
	for (size_t i = 0; i < n; i++)
		condition_mark_announced(due[i], what, m->number, now_ms);
	free(due);
	if (!t->burst || now_ms >= t->burst_ms + STORM_MS) {
		t->burst = true;
		t->burst_ms = now_ms;
		t->burst_n = 0;
	}
	t->burst_n++;
	return m;
}

static const enum message_what in_turn[] = { MESSAGE_NEED, MESSAGE_RESOLVED, MESSAGE_STILL };

struct message *teller_take(struct teller *t, int64_t now_ms, int64_t wall_ms, bool quiet_hours)
{
	/* Without "resolved" what is over is forgotten without a word. */
	for (struct condition *c = t->conditions; c && !t->rules.resolved; c = c->hh.next) {
		int64_t at = condition_due(t, c, MESSAGE_RESOLVED);
		if (at >= 0 && at <= now_ms)
			condition_mark_announced(c, MESSAGE_RESOLVED, 0, now_ms);
	}
	for (size_t i = 0; i < ARRAY_LEN(in_turn) && !quiet_hours; i++) {
		int64_t at = teller_leaves(t, in_turn[i], now_ms);
		if (at >= 0 && at <= now_ms)
			return teller_make(t, in_turn[i], now_ms, wall_ms);
	}
	return NULL;
}

int64_t teller_wait_ms(const struct teller *t, int64_t now_ms, bool quiet_hours)
{
	int64_t wait = -1;
	for (size_t i = 0; i < ARRAY_LEN(in_turn) && !quiet_hours; i++) {
		int64_t at = teller_leaves(t, in_turn[i], now_ms);
		int64_t left = at > now_ms ? at - now_ms : 0;
		if (at >= 0 && (wait < 0 || left < wait))
			wait = left;
	}
	return wait;
}

void teller_withdraw(struct teller *t, uint64_t from, uint64_t to, int64_t now_ms)
{
	for (struct condition *c = t->conditions; c; c = c->hh.next) {
		if (!c->announced || !c->announced_by || c->announced_by < from ||
		    c->announced_by > to)
			continue;
		c->announced = false;
		c->announced_health = HEALTH_UNKNOWN;
		xreplace(&c->announced_why, NULL);
		condition_set(c, c->state == CONDITION_CLEARED ? CONDITION_PAST : CONDITION_HELD,
		              now_ms);
	}
}

size_t teller_told(const struct teller *t, uint64_t number, char ***ids)
{
	size_t n = 0;
	*ids = xcalloc(HASH_COUNT(t->conditions) + 1, sizeof(**ids));
	for (const struct condition *c = t->conditions; c && number; c = c->hh.next)
		if (c->announced && c->announced_by == number)
			(*ids)[n++] = xstrdup(c->id);
	return n;
}

/* --- the state file ------------------------------------------------------ */

static int condition_compare_announced(const void *a, const void *b)
{
	const struct condition *const *x = a, *const *y = b;
	return ((*x)->announced_ms < (*y)->announced_ms) -
	       ((*x)->announced_ms > (*y)->announced_ms);
}

void *teller_write(const struct teller *t, int64_t now_ms, int64_t wall_ms, uint64_t unsent)
{
	cJSON *list = cJSON_CreateArray();
	size_t n = 0;
	/* what a message before unsent announced, the newest first */
	const struct condition **announced = xcalloc(HASH_COUNT(t->conditions) + 1,
	                                             sizeof(*announced));
	for (const struct condition *c = t->conditions; c; c = c->hh.next)
		if (c->announced && (!unsent || c->announced_by < unsent))
			announced[n++] = c;
	qsort(announced, n, sizeof(*announced), condition_compare_announced);
	for (size_t i = 0; i < n && i < ANNOUNCED_KEPT; i++) {
		const struct condition *c = announced[i];
		cJSON *o = cJSON_CreateObject();
		cJSON_AddItemToArray(list, o);
		json_add_text(o, "id", c->id);
		json_add_text(o, "server", c->server);
		json_add_text(o, "kind", c->kind);
		json_add_text(o, "name", c->name);
		json_add_text(o, "why", c->announced_why);
		json_add_text(o, "health", health_name(c->announced_health));
		json_add_time(o, "since", c->since_ms);
		json_add_time(o, "told", wall_ms - (now_ms - c->announced_ms));
		json_add_number(o, "count", c->count, true);
		json_add_number(o, "message", (double)c->announced_by, true);
	}
	free(announced);
	return list;
}

static char *teller_read_text(const cJSON *o, const char *name)
{
	const cJSON *text = cJSON_GetObjectItem(o, name);
	return cJSON_IsString(text) ? wash_dup(text->valuestring, 0) : NULL;
}

static enum health teller_read_health(const char *word)
{
	for (int h = HEALTH_ATTENTION; word && h < HEALTHS; h++)
		if (strcmp(word, health_name(h)) == 0)
			return h;
	return HEALTH_BAD;
}

static void teller_read_one(struct teller *t, const cJSON *o, int64_t now_ms, int64_t wall_ms)
{
	char *id = teller_read_text(o, "id"), *server = teller_read_text(o, "server"),
	     *kind = teller_read_text(o, "kind"), *name = teller_read_text(o, "name"),
	     *health = teller_read_text(o, "health");
	int64_t ago = wall_ms - vj_int(o, "told", NULL, 0);
	if (id && server && kind && name && ago < REMEMBERED_MS && !teller_condition(t, id)) {
		struct notify_need n = { .id = id, .server = server, .kind = kind, .name = name };
		struct condition *c = teller_add(t, &n);
		c->announced_why = teller_read_text(o, "why");
		c->why = xstrdup(c->announced_why);
		c->health = c->announced_health = teller_read_health(health);
		c->since_ms = vj_int(o, "since", NULL, 0);
		c->announced = true;
		c->frozen = true; /* until it is seen */
		/* a clock that was set back makes it announced just now */
		c->announced_ms = now_ms - (ago > 0 ? ago : 0);
		int64_t by = vj_int(o, "message", NULL, 0);
		c->announced_by = by > 0 ? (uint64_t)by : 0;
		t->made = c->announced_by > t->made ? c->announced_by : t->made;
		int64_t count = vj_int(o, "count", NULL, 1);
		c->count = count > 0 && count < FLAPS_ANNOUNCED ? (unsigned)count : 1;
		condition_set(c, CONDITION_ANNOUNCED, now_ms);
	}
	free(id);
	free(server);
	free(kind);
	free(name);
	free(health);
}

void teller_read(struct teller *t, const void *cjson, int64_t now_ms, int64_t wall_ms)
{
	const cJSON *o;
	size_t n = 0;
	cJSON_ArrayForEach(o, (const cJSON *)cjson)
		if (n++ < ANNOUNCED_KEPT)
			teller_read_one(t, o, now_ms, wall_ms);
}
