#include "backends/checks/lately.h"

#include <string.h>

#define SLOT_FULL 60000 /* one run a second for 15 minutes is 900 */

/* Slots count from a day before the clock began: runs of an earlier boot have one, too. */
int64_t lately_slot(int64_t now_ms)
{
	return (now_ms > 0 ? now_ms : 0) / LATELY_SLOT_MS + LATELY_SLOTS;
}

/* Empties the slots from the newest one to this one. */
static void lately_reach(struct lately *h, int64_t slot)
{
	int64_t from = h->newest;
	if (slot - from >= LATELY_SLOTS)
		from = slot + 1 - LATELY_SLOTS;
	for (int64_t i = from; i <= slot; i++)
		memset(&h->slots[i % LATELY_SLOTS], 0, sizeof(h->slots[0]));
	if (slot >= h->newest)
		h->newest = slot + 1;
}

void lately_add(struct lately *h, int64_t now_ms, bool good, double ms)
{
	int64_t slot = lately_slot(now_ms);
	h->line[h->next] = good ? (float)ms : -1;
	h->next = (h->next + 1) % LATELY_LINE;
	if (h->n < LATELY_LINE)
		h->n++;
	lately_reach(h, slot);
	if (h->slots[slot % LATELY_SLOTS].all >= SLOT_FULL)
		return;
	h->slots[slot % LATELY_SLOTS].all++;
	h->slots[slot % LATELY_SLOTS].good += good;
}

unsigned lately_count(const struct lately *h, int64_t now_ms, unsigned *good)
{
	int64_t slot = lately_slot(now_ms);
	int64_t from = slot + 1 - LATELY_SLOTS;
	unsigned all = 0;
	*good = 0;
	for (int64_t i = from > 0 ? from : 0; i < h->newest; i++) {
		all += h->slots[i % LATELY_SLOTS].all;
		*good += h->slots[i % LATELY_SLOTS].good;
	}
	return all;
}

bool lately_at(const struct lately *h, int64_t slot, int64_t *start_ms, unsigned *good,
               unsigned *all)
{
	if (slot < 0 || slot >= h->newest || slot + LATELY_SLOTS < h->newest)
		return false;
	if (!h->slots[slot % LATELY_SLOTS].all)
		return false;
	*start_ms = (slot - LATELY_SLOTS) * LATELY_SLOT_MS;
	*good = h->slots[slot % LATELY_SLOTS].good;
	*all = h->slots[slot % LATELY_SLOTS].all;
	return true;
}

void lately_restore(struct lately *h, int64_t now_ms, int64_t start_ms, unsigned good, unsigned all)
{
	int64_t now = lately_slot(now_ms);
	int64_t from_ms = start_ms + LATELY_SLOTS * (int64_t)LATELY_SLOT_MS + LATELY_SLOT_MS / 2;
	int64_t slot = from_ms / LATELY_SLOT_MS;
	if (from_ms < 0 || slot > now || slot + LATELY_SLOTS <= now || good > all ||
	    all > SLOT_FULL || slot + LATELY_SLOTS < h->newest)
		return;
	if (slot >= h->newest)
		lately_reach(h, slot);
	h->slots[slot % LATELY_SLOTS].good = (uint16_t)good;
	h->slots[slot % LATELY_SLOTS].all = (uint16_t)all;
}

size_t lately_line(const struct lately *h, float *out, size_t max)
{
	size_t n = h->n < max ? h->n : max;
	for (size_t i = 0; i < n; i++)
		out[i] = h->line[(h->next + LATELY_LINE - n + i) % LATELY_LINE];
	return n;
}
