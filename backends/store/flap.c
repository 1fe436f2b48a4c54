/* flap.c: see flap.h. */
#include "backends/store/flap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"

#define MINUTE_MS 60000

static void flap_free(struct flaps *all, struct flap *f)
{
	HASH_DEL(all->all, f);
	free(f->id);
	free(f->why);
	free(f);
}

void flaps_finish(struct flaps *all)
{
	while (all->all)
		flap_free(all, all->all);
}

struct flap *flap_find(const struct flaps *all, const char *id)
{
	struct flap *f = NULL;
	HASH_FIND_STR(all->all, id, f);
	return f;
}

/* Index of the first time that still counts. */
static unsigned flap_first(const struct flap *f, int64_t now_ms)
{
	unsigned i = 0;
	while (i < f->n && now_ms - f->begun[i] > FLAP_WINDOW_MS)
		i++;
	return i;
}

static void flap_drop_first(struct flap *f, unsigned n)
{
	f->n -= n;
	memmove(f->begun, f->begun + n, f->n * sizeof(*f->begun));
}

struct flap *flap_begins(struct flaps *all, const char *id, enum health health, const char *why,
                         bool was_well, int64_t now_ms)
{
	struct flap *f = flap_find(all, id);
	if (!f) {
		f = xcalloc(1, sizeof(*f));
		f->id = xstrdup(id);
		HASH_ADD_KEYPTR(hh, all->all, f->id, strlen(f->id), f);
		if (HASH_COUNT(all->all) > FLAPS_MAX)
			flap_free(all, all->all);
	}
	if (!f->bad) {
		if (!flap_times(f, now_ms))
			f->worst = HEALTH_UNKNOWN;
		flap_drop_first(f, flap_first(f, now_ms));
		if (f->n == FLAP_KEPT)
			flap_drop_first(f, 1);
		f->begun[f->n++] = now_ms;
		f->since_ms = now_ms;
		f->watched = was_well;
		f->bad = true;
	}
	f->worst = health > f->worst ? health : f->worst;
	if (why && (!f->why || strcmp(f->why, why) != 0))
		xreplace(&f->why, why);
	return f;
}

void flap_ends(struct flap *f, int64_t now_ms)
{
	if (!f || !f->bad)
		return;
	f->bad = false;
	f->since_ms = now_ms;
}

void flaps_forget(struct flaps *all, int64_t now_ms)
{
	struct flap *f, *next;
	HASH_ITER (hh, all->all, f, next) {
		if (!f->bad && !flap_times(f, now_ms))
			flap_free(all, f);
	}
}

unsigned flap_times(const struct flap *f, int64_t now_ms)
{
	return f->n - flap_first(f, now_ms);
}

bool flap_comes_and_goes(const struct flap *f, int64_t now_ms)
{
	return flap_times(f, now_ms) >= FLAP_TIMES;
}

int64_t flap_wait_ms(const struct flap *f, int64_t hold_ms, int64_t now_ms)
{
	int64_t left = f->since_ms + hold_ms - now_ms;
	if (!f->bad || !f->watched || flap_comes_and_goes(f, now_ms))
		return 0;
	return left > 0 ? left : 0;
}

int64_t flap_calm_ms(const struct flap *f, int64_t now_ms)
{
	int64_t left = f->since_ms + FLAP_CALM_MS - now_ms;
	if (f->bad || !flap_comes_and_goes(f, now_ms))
		return 0;
	return left > 0 ? left : 0;
}

void flap_say(const struct flap *f, int64_t now_ms, char *buf, size_t size)
{
	unsigned first = flap_first(f, now_ms);
	int64_t span = f->n > first ? now_ms - f->begun[first] : 0;
	snprintf(buf, size, "%u times in %d min", f->n - first,
	         (int)((span + MINUTE_MS - 1) / MINUTE_MS));
}
