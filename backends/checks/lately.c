#include "backends/checks/lately.h"

#include <string.h>

#define SLOT_FULL 60000 /* one run a second for 15 minutes is 900 */

void lately_add(struct lately *h, int64_t now_ms, bool good, double ms)
{
	int64_t slot = (now_ms > 0 ? now_ms : 0) / LATELY_SLOT_MS;
	h->line[h->next] = good ? (float)ms : -1;
	h->next = (h->next + 1) % LATELY_LINE;
	if (h->n < LATELY_LINE)
		h->n++;
	/* Empties the slots between the newest one and the slot of now. */
	int64_t from = h->newest;
	if (slot - from >= LATELY_SLOTS)
		from = slot + 1 - LATELY_SLOTS;
	for (int64_t i = from; i <= slot; i++)
		memset(&h->slots[i % LATELY_SLOTS], 0, sizeof(h->slots[0]));
	if (slot >= h->newest)
		h->newest = slot + 1;
	if (h->slots[slot % LATELY_SLOTS].all >= SLOT_FULL)
		return;
	h->slots[slot % LATELY_SLOTS].all++;
	h->slots[slot % LATELY_SLOTS].good += good;
}

unsigned lately_count(const struct lately *h, int64_t now_ms, unsigned *good)
{
	int64_t slot = (now_ms > 0 ? now_ms : 0) / LATELY_SLOT_MS;
	int64_t from = slot + 1 - LATELY_SLOTS;
	unsigned all = 0;
	*good = 0;
	for (int64_t i = from > 0 ? from : 0; i < h->newest; i++) {
		all += h->slots[i % LATELY_SLOTS].all;
		*good += h->slots[i % LATELY_SLOTS].good;
	}
	return all;
}

size_t lately_line(const struct lately *h, float *out, size_t max)
{
	size_t n = h->n < max ? h->n : max;
	for (size_t i = 0; i < n; i++)
		out[i] = h->line[(h->next + LATELY_LINE - n + i) % LATELY_LINE];
	return n;
}
