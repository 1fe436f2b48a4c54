/* log.c: a log of lines sorted by time: its sources, settled lines, the visibility filter, and the
 * memory pool. log_pack.c stores the lines. */
#include "backends/store/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/base/human.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/rate.h"
#include "backends/base/wash.h"
#include "backends/store/level.h"
#include "backends/store/log_pack.h"

#define SOURCES_MAX 256
#define STATUS_SIZE 300
#define CHUNK_MOST (128u << 10)
#define CHUNK_LEAST (4u << 10)
#define CHUNKS_IN_POOL 16 /* at least, so that dropping one chunk does not drop everything */
#define TICK_MS 20        /* resolution of remembered arrival times */
#define TICKS 32          /* TICKS * TICK_MS is more than LOG_SETTLE_MS */
#define RECENT_MS 1000
#define NUMBER_STEP \
	(1ull << 28) /* room for lines inserted one after another before the same line; */
#define NUMBER_GAP (1ull << 12) /* and room between any two of these */

struct log_pool {
	size_t max;
	struct log *logs;
};
struct source_state {
	char *name;       /* owned */
	int64_t last_us;  /* time of its newest line */
	int64_t clock_ms; /* ms that the source's clock is ahead of ours */
	char *status;     /* owned; NULL: no problem */
	bool rests;       /* the status is not a fault */
	bool wavers;
};
struct tick {
	int64_t ms;
	uint64_t number; /* of the last line that had arrived by then */
};
struct log {
	struct pack pack;
	struct log_pool *pool;
	bool own_pool;
	struct log *next; /* in the list of the pool */
	uint64_t total, dropped;
	struct rate rate; /* of lines, also of those that were dropped */
	struct source_state sources[SOURCES_MAX];
	unsigned n_sources;
	struct tick ticks[TICKS]; /* ring buffer; [n_ticks - 1] is the newest */
	unsigned n_ticks;
	bool wavers; /* some source wavers */
	unsigned holds;
	int64_t held_ms;      /* mono, start of the hold */
	uint64_t held_number; /* last settled number at the start of the hold */
	int64_t since_us;
	int64_t until_us;
	int64_t born_us;            /* wall clock; older lines are history, not late */
	int64_t behind_ms, came_ms; /* of the newest line: age on arrival, and mono arrival time */
	char *own_status;           /* of the log itself; owned; NULL: no problem */
	char status[STATUS_SIZE];   /* returned by log_status */
	char said[STATUS_SIZE];
	bool says; /* said was not read yet */
	struct follow *follows;
	bool paused;
	void (*changed)(struct log *, void *arg);
	void *arg;
	void (*late)(struct log *, const struct log_line *, void *arg);
	void *late_arg;
	log_judge_fn *judge;
	void *judge_arg;
	uint8_t epoch; /* of the judge; chunks of another epoch are not judged yet */
};

/* --- the pool ------------------------------------------------------------ */

struct log_pool *log_pool_create(size_t max_bytes)
{
	struct log_pool *pool = xcalloc(1, sizeof(*pool));
	pool->max = max_bytes ? max_bytes : LOG_MAX_DEFAULT;
	return pool;
}

void log_pool_destroy(struct log_pool *pool)
{
	free(pool);
}

size_t log_pool_max(const struct log_pool *pool)
{
	return pool->max;
}

size_t log_pool_bytes(const struct log_pool *pool)
{
	size_t sum = 0;
	for (const struct log *log = pool->logs; log; log = log->next)
		sum += log->pack.bytes;
	return sum;
}

static void log_keep_bound(struct log_pool *pool)
{
	size_t bytes = log_pool_bytes(pool);
	while (bytes > pool->max) {
		/* the log with the oldest line that can spare a chunk: each keeps its newest */
		struct log *oldest = NULL;
		int64_t oldest_us = 0;
		for (struct log *log = pool->logs; log; log = log->next) {
			if (log->pack.n <= 1)
				continue;
			int64_t first_us = chunk_line(log->pack.chunks[0], 0)->time_us;
			if (oldest && first_us >= oldest_us)
				continue;
			oldest = log;
			oldest_us = first_us;
		}
		if (!oldest)
			return;
		bytes -= oldest->pack.bytes;
		oldest->dropped += pack_drop_oldest(&oldest->pack);
		bytes += oldest->pack.bytes;
	}
}

/* --- life ---------------------------------------------------------------- */

struct log *log_create_in(struct log_pool *pool)
{
	struct log *log = xcalloc(1, sizeof(*log));
	size_t chunk = pool->max / CHUNKS_IN_POOL;
	size_t room;
	if (chunk > CHUNK_MOST)
		room = CHUNK_MOST;
	else if (chunk < CHUNK_LEAST)
		room = CHUNK_LEAST;
	else
		room = chunk;
	pack_init(&log->pack, room);
	log->pool = pool;
	log->born_us = now_wall_ms() * 1000;
	log->next = pool->logs;
	pool->logs = log;
	return log;
}

struct log *log_create(size_t max_bytes)
{
	struct log *log = log_create_in(log_pool_create(max_bytes));
	log->own_pool = true;
	return log;
}

void log_destroy(struct log *log)
{
	if (!log)
		return;
	while (log->follows)
		log_unfollow(log->follows);
	LIST_DROP(log->pool->logs, log);
	if (log->own_pool)
		log_pool_destroy(log->pool);
	pack_finish(&log->pack);
	for (unsigned i = 0; i < log->n_sources; i++) {
		free(log->sources[i].name);
		free(log->sources[i].status);
	}
	free(log->own_status);
	free(log);
}

void log_set_changed(struct log *log, void (*fn)(struct log *, void *arg), void *arg)
{
	log->changed = fn;
	log->arg = arg;
}

void log_set_since(struct log *log, int64_t since_us)
{
	log->since_us = since_us;
}
int64_t log_since(const struct log *log)
{
	return log->since_us;
}
void log_set_until(struct log *log, int64_t until_us)
{
	log->until_us = until_us;
}
int64_t log_until(const struct log *log)
{
	return log->until_us;
}

void log_set_late(struct log *log, void (*fn)(struct log *, const struct log_line *, void *arg),
                  void *arg)
{
	log->late = fn;
	log->late_arg = arg;
}

static void log_do_changed(struct log *log)
{
	if (log->changed)
		log->changed(log, log->arg);
}

/* --- reading ------------------------------------------------------------- */

uint64_t log_first(const struct log *log)
{
	return log->pack.lines ? log->pack.first : 0;
}
uint64_t log_last(const struct log *log)
{
	return log->pack.lines ? log->pack.first + log->pack.lines - 1 : 0;
}
uint64_t log_dropped(const struct log *log)
{
	return log->dropped;
}
double log_rate(const struct log *log, int64_t now_us, float *out)
{
	return rate_read(&log->rate, now_us, out);
}

uint64_t log_total(const struct log *log)
{
	return log->total;
}
size_t log_bytes(const struct log *log)
{
	return log->pack.bytes;
}
const char *log_status(const struct log *log)
{
	return log->status;
}
unsigned log_sources(const struct log *log)
{
	return log->n_sources;
}
const struct log_line *log_get(const struct log *log, uint64_t place)
{
	return pack_get(&log->pack, place);
}

uint64_t log_find(const struct log *log, int64_t time_us, uint64_t number)
{
	return pack_find(&log->pack, time_us, number);
}

const char *log_source_name(const struct log *log, unsigned source)
{
	return source < log->n_sources ? log->sources[source].name : "";
}

int64_t log_source_clock(const struct log *log, unsigned source)
{
	return source < log->n_sources ? log->sources[source].clock_ms : LOG_CLOCK_UNKNOWN;
}

int64_t log_behind(const struct log *log)
{
	return log->came_ms && now_mono_ms() - log->came_ms < RECENT_MS ? log->behind_ms : 0;
}

/* The number up to which lines have waited LOG_SETTLE_MS. */
static uint64_t log_waited_number(const struct log *log, int64_t now, int *settle_ms)
{
	*settle_ms = -1;
	if (log->n_sources < 2 && !log->wavers)
		return log->total * NUMBER_STEP;
	for (unsigned i = log->n_ticks; i-- > 0;) {
		const struct tick *t = &log->ticks[i];
		if (now - t->ms >= LOG_SETTLE_MS)
			return t->number;
		*settle_ms = (int)(t->ms + LOG_SETTLE_MS - now);
	}
	return 0;
}

static uint64_t log_settled_number(const struct log *log, int *settle_ms)
{
	int64_t now = now_mono_ms(), held_ms = now - log->held_ms;
	uint64_t number = log_waited_number(log, now, settle_ms);
	if (!log->holds || held_ms >= LOG_HOLD_MS || number <= log->held_number)
		return number;
	*settle_ms = (int)(LOG_HOLD_MS - held_ms);
	return log->held_number;
}

uint64_t log_settled(const struct log *log, int *settle_ms)
{
	int wait;
	uint64_t place = log_last(log), number = log_settled_number(log, &wait);
	while (place >= log->pack.first && place && pack_get(&log->pack, place)->number > number)
		place--;
	if (settle_ms)
		*settle_ms = wait;
	return place < log->pack.first ? 0 : place;
}

void log_hold(struct log *log, bool on)
{
	int wait;
	if (on && !log->holds) {
		log->held_number = log_settled_number(log, &wait);
		log->held_ms = now_mono_ms();
	}
	log->holds += on ? 1 : 0;
	log->holds -= !on && log->holds ? 1 : 0;
	if (!log->holds)
		log_do_changed(log);
}

/* --- visibility ---------------------------------------------------------- */

static void log_count_line(const struct log *log, struct chunk *c, struct log_line *line)
{
	bool seen = !log->judge || log->judge(line, log->judge_arg);
	line->judged = (uint8_t)seen;
	if (!seen)
		return;
	c->seen++;
	c->errors += line->level == LOG_LEVEL_ERROR;
}

void log_set_judge(struct log *log, log_judge_fn *judge, void *arg)
{
	log->judge = judge;
	log->judge_arg = arg;
	log->epoch++;
	if (log->epoch == 0) { /* the epoch wrapped around: no chunk may look judged */
		log->epoch = 1;
		for (size_t i = 0; i < log->pack.n; i++)
			log->pack.chunks[i]->epoch = 0;
	}
	log_do_changed(log);
}

static int64_t log_mono_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

bool log_judge_some(struct log *log, int64_t budget_us)
{
	int64_t end = log_mono_us() + budget_us;
	for (size_t i = log->pack.n; i-- > 0;) {
		struct chunk *c = log->pack.chunks[i];
		if (c->epoch == log->epoch)
			continue;
		if (log_mono_us() >= end)
			return false;
		c->seen = c->errors = 0;
		for (uint32_t k = 0; k < c->n; k++)
			log_count_line(log, c, chunk_line(c, k));
		c->epoch = log->epoch;
	}
	return true;
}

static bool log_chunk_seen(const struct log *log, const struct chunk *c)
{
	return c->epoch == log->epoch && c->seen;
}

uint64_t log_seen_from(const struct log *log, uint64_t place)
{
	const struct pack *p = &log->pack;
	if (place < p->first)
		place = p->first;
	if (!p->lines || place >= p->first + p->lines || !log->judge)
		return p->lines && place < p->first + p->lines ? place : 0;
	for (size_t i = pack_chunk_of(p, place); i < p->n; i++) {
		const struct chunk *c = p->chunks[i];
		for (uint32_t k = place > c->base ? (uint32_t)(place - c->base) : 0;
		     log_chunk_seen(log, c) && k < c->n; k++)
			if (chunk_line(c, k)->judged)
				return c->base + k;
	}
	return 0;
}

uint64_t log_seen_to(const struct log *log, uint64_t place)
{
	const struct pack *p = &log->pack;
	if (!p->lines || place < p->first)
		return 0;
	if (place >= p->first + p->lines)
		place = p->first + p->lines - 1;
	if (!log->judge)
		return place;
	for (size_t i = pack_chunk_of(p, place) + 1; i-- > 0;) {
		const struct chunk *c = p->chunks[i];
		uint64_t end = place + 1 < c->base + c->n ? place + 1 - c->base : c->n;
		for (uint32_t k = (uint32_t)end; log_chunk_seen(log, c) && k-- > 0;)
			if (chunk_line(c, k)->judged)
				return c->base + k;
	}
	return 0;
}

uint64_t log_seen_count(const struct log *log)
{
	uint64_t sum = 0;
	if (!log->judge)
		return log->pack.lines;
	for (size_t i = 0; i < log->pack.n; i++)
		sum += log->pack.chunks[i]->epoch == log->epoch ? log->pack.chunks[i]->seen : 0;
	return sum;
}

/* Most chunks lie completely in one part, so their counts are already known. */
void log_histogram(const struct log *log, int64_t from_us, int64_t to_us, size_t n, unsigned *lines,
                   unsigned *errors)
{
	int64_t width_us = n && to_us > from_us ? (to_us - from_us) / (int64_t)n + 1 : 1;
	memset(lines, 0, n * sizeof(*lines));
	memset(errors, 0, n * sizeof(*errors));
	for (size_t i = 0; i < log->pack.n; i++) {
		const struct chunk *c = log->pack.chunks[i];
		if (c->epoch != log->epoch || !c->seen)
			continue;
		int64_t first = chunk_line(c, 0)->time_us, last = chunk_line(c, c->n - 1)->time_us;
		if (last < from_us || first > to_us)
			continue;
		if (first >= from_us &&
		    (first - from_us) / width_us == (last - from_us) / width_us) {
			size_t at = (size_t)((first - from_us) / width_us);
			lines[at < n ? at : n - 1] += c->seen;
			errors[at < n ? at : n - 1] += c->errors;
			continue;
		}
		for (uint32_t k = 0; k < c->n; k++) {
			const struct log_line *line = chunk_line(c, k);
			if (line->time_us < from_us || !line->judged)
				continue;
			size_t at = (size_t)((line->time_us - from_us) / width_us);
			if (at >= n)
				continue;
			lines[at]++;
			errors[at] += line->level == LOG_LEVEL_ERROR;
		}
	}
}

/* --- adding -------------------------------------------------------------- */

unsigned log_source_add(struct log *log, const char *name)
{
	if (log->n_sources == SOURCES_MAX)
		return SOURCES_MAX - 1;
	log->sources[log->n_sources] = (struct source_state){ .name = wash_dup(name, 0),
		                                              .clock_ms = LOG_CLOCK_UNKNOWN };
	return log->n_sources++;
}

void log_source_set_clock(struct log *log, unsigned source, int64_t ahead_ms)
{
	if (source < log->n_sources)
		log->sources[source].clock_ms = ahead_ms;
}

static void log_note_coming(struct log *log, const struct source_state *s, int64_t time_us)
{
	int64_t now = now_mono_ms();
	struct tick *last = log->n_ticks ? &log->ticks[log->n_ticks - 1] : NULL;
	if (now != log->came_ms) {
		int64_t ahead = s && s->clock_ms != LOG_CLOCK_UNKNOWN ? s->clock_ms : 0;
		int64_t behind = now_wall_ms() + ahead - time_us / 1000;
		log->behind_ms = behind > 0 && time_us >= log->born_us ? behind : 0;
		log->came_ms = now;
	}
	if (last && now - last->ms < TICK_MS) {
		last->number = log->total * NUMBER_STEP;
		return;
	}
	if (log->n_ticks == TICKS) {
		memmove(log->ticks, log->ticks + 1, (TICKS - 1) * sizeof(*log->ticks));
		log->n_ticks--;
	}
	log->ticks[log->n_ticks++] = (struct tick){ now, log->total * NUMBER_STEP };
}

static uint64_t log_do_add(struct log *log, uint64_t number, unsigned source, int64_t time_us,
                           enum log_level level, enum log_mark mark, const char *text, size_t len)
{
	struct source_state *s = source < log->n_sources ? &log->sources[source] : NULL;
	struct chunk *chunk;
	uint64_t place;
	bool too_long = len > LOG_LINE_MAX, is_plain;
	if (too_long)
		len = LOG_LINE_MAX;
	/* Whether text is plain ASCII. Most lines are, and need no washing. */
	bool odd = false;
	for (size_t i = 0; i < len; i++)
		odd |= (unsigned char)(text[i] - 0x20) >= 0x7f - 0x20;
	is_plain = !odd;
	if (level == LOG_LEVEL_UNKNOWN && mark != LOG_GAP)
		level = level_guess(text, len);
	if (time_us <= 0) {
		/* A gap stands at the last line of its source. A line without a time comes now. */
		int64_t now = now_wall_ms() * 1000, last = s ? s->last_us : 0;
		bool at_last = mark == LOG_GAP ? last != 0 : last > now;
		time_us = at_last ? last : now;
	}
	size_t room = is_plain ? len : 3 * len;
	if (too_long)
		room += 64;
	log->total++;
	if (!number)
		number = log->total * NUMBER_STEP;
	struct log_line *line = pack_line(&log->pack, time_us, number, room, &place, &chunk);
	line->source = (uint16_t)source;
	line->level = level;
	line->mark = mark;
	static const char cut[] = " … cut: the line is longer than 64 KB";
	if (is_plain) {
		memcpy(line->text, text, len);
		line->text[len] = '\0';
		line->len = (uint32_t)len;
	} else {
		line->len = (uint32_t)wash(line->text, room + 1, text, len);
	}
	if (too_long) {
		memcpy(line->text + line->len, cut, sizeof(cut));
		line->len += sizeof(cut) - 1;
	}
	pack_close_line(&log->pack, chunk, line);
	if (s && time_us > s->last_us)
		s->last_us = time_us;
	if (chunk->n == 1)
		chunk->epoch = log->epoch;
	if (chunk->epoch == log->epoch)
		log_count_line(log, chunk, line);
	log_note_coming(log, s, time_us);
	if (mark != LOG_GAP)
		rate_add(&log->rate, time_us, now_wall_ms() * 1000);
	if (log->late && place < log_last(log))
		log->late(log, line, log->late_arg);
	log_keep_bound(log->pool);
	log_do_changed(log);
	return number;
}

uint64_t log_add(struct log *log, unsigned source, int64_t time_us, enum log_level level,
                 enum log_mark mark, const char *text, size_t len)
{
	return log_do_add(log, 0, source, time_us, level, mark, text, len);
}

uint64_t log_add_before(struct log *log, uint64_t number, unsigned source, int64_t time_us,
                        enum log_level level, enum log_mark mark, const char *text, size_t len)
{
	/* a number that sorts right before the given line; 0: there is no room, or the line is
	 * gone */
	uint64_t place = log_find(log, time_us, number), before = 0;
	uint64_t least = (number - 1) / NUMBER_STEP * NUMBER_STEP;
	const struct log_line *next = log_get(log, place), *last = log_get(log, place - 1);
	if (next && next->time_us == time_us && next->number == number) {
		if (last && last->time_us == time_us && last->number > least)
			least = last->number;
		uint64_t half = (number - least) / 2;
		if (half)
			before = least + (half < NUMBER_GAP ? half : NUMBER_GAP);
	}
	return log_do_add(log, before, source, time_us, level, mark, text, len);
}

void log_source_set_wavers(struct log *log, unsigned source, bool on)
{
	if (source >= log->n_sources)
		return;
	log->sources[source].wavers = on;
	log->wavers = false;
	for (unsigned i = 0; i < log->n_sources; i++)
		log->wavers |= log->sources[i].wavers;
}

void log_gap(struct log *log, unsigned source, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_add(log, source, 0, LOG_LEVEL_UNKNOWN, LOG_GAP, text, strlen(text));
}

void log_seam(struct log *log, unsigned source, int64_t end_us, int64_t present_us,
              const char *what)
{
	char text[160], clock[HUMAN_SIZE];
	int n = snprintf(text, sizeof(text), "the %s before ended here", what);
	if (present_us)
		n = snprintf(text, sizeof(text),
		             "the %s before ended here; what the present one wrote before %s is "
		             "not loaded",
		             what, human_clock(clock, present_us / 1000));
	log_add(log, source, end_us, LOG_LEVEL_UNKNOWN, LOG_GAP, text, (size_t)n);
}

static void log_compose_status(const struct log *log, char *text, size_t size)
{
	unsigned n = 0, first = 0;
	char name[200];
	for (unsigned i = log->n_sources; i-- > 0;)
		if (log->sources[i].status) {
			first = i;
			n++;
		}
	const char *said = n ? log->sources[first].status : log->own_status;
	*text = '\0';
	*name = '\0';
	if (n && log->n_sources > 1) {
		/* "sese/caddy: " */
		const char *whole = log->sources[first].name, *slash = strrchr(whole, '/');
		snprintf(name, sizeof(name), "%.*s/%.60s: ", (int)strcspn(whole, "/"), whole,
		         slash ? slash + 1 : "");
	}
	n += log->own_status != NULL;
	int used = said ? snprintf(text, size, "%s%s", name, said) : 0;
	if (n > 1 && (size_t)used < size)
		snprintf(text + used, size - (size_t)used, " (and %u more)", n - 1);
}

void log_set_status(struct log *log, unsigned source, const char *fmt, ...)
{
	char text[512], all[STATUS_SIZE];
	char **slot = source < log->n_sources ? &log->sources[source].status : &log->own_status;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	free(*slot);
	*slot = text[0] ? wash_dup(text, STATUS_SIZE) : NULL;
	if (source < log->n_sources)
		log->sources[source].rests = false;
	log_compose_status(log, all, sizeof(all));
	if (strcmp(all, log->status) == 0)
		return;
	memcpy(log->status, all, sizeof(all));
	log_do_changed(log);
}

void log_set_lost(struct log *log, unsigned source, const char *server)
{
	log_set_status(log, source,
	               "the connection to %s is lost; the log continues when it is back", server);
}

void log_set_rest(struct log *log, unsigned source, const char *text)
{
	log_set_status(log, source, "%s", text);
	if (source < log->n_sources)
		log->sources[source].rests = true;
}

const char *log_fault(const struct log *log, unsigned source)
{
	if (source >= log->n_sources)
		return log->own_status;
	return log->sources[source].rests ? NULL : log->sources[source].status;
}

void log_say(struct log *log, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	wash(log->said, sizeof(log->said), text, strlen(text));
	log->says = true;
	log_do_changed(log);
}

const char *log_said(struct log *log)
{
	bool says = log->says;
	log->says = false;
	return says ? log->said : NULL;
}

/* --- following ----------------------------------------------------------- */

void log_follow(struct log *log, struct follow *f)
{
	f->log = log;
	f->next = log->follows;
	log->follows = f;
}

void log_unfollow(struct follow *f)
{
	if (!f)
		return;
	LIST_DROP(f->log->follows, f);
	f->stop(f);
}

unsigned log_followers(const struct log *log)
{
	unsigned n = 0;
	for (const struct follow *f = log->follows; f; f = f->next)
		n++;
	return n;
}

void log_pause(struct log *log, bool on)
{
	if (log->paused == on)
		return;
	log->paused = on;
	for (struct follow *f = log->follows; f; f = f->next)
		if (f->pause)
			f->pause(f, on);
}

bool log_older(struct log *log, unsigned lines, const char **why)
{
	bool any = false;
	*why = "this log has no older lines to load";
	for (struct follow *f = log->follows; f; f = f->next)
		any |= f->older && f->older(f, lines, why);
	return any;
}

bool log_reach(struct log *log, int64_t since_us, const char **why)
{
	bool any = false;
	*why = "this log has no older lines to load";
	for (struct follow *f = log->follows; f; f = f->next)
		any |= f->reach && f->reach(f, since_us, why);
	return any;
}

bool log_previous(struct log *log, unsigned lines, const char **why)
{
	bool any = false;
	*why = "this log has no previous run";
	for (struct follow *f = log->follows; f; f = f->next)
		any |= f->previous && f->previous(f, lines, why);
	return any;
}

bool log_owed(const struct log *log)
{
	for (const struct follow *f = log->follows; f; f = f->next)
		if (f->owes && f->owes(f))
			return true;
	return false;
}
