#include "backends/base/backoff.h"

int64_t backoff_ms(struct backoff *b, int64_t least_ms, int64_t most_ms)
{
	int64_t pause = least_ms;
	for (unsigned i = 0; i < b->fails && pause > 0 && pause < most_ms; i++)
		pause = pause > most_ms / 2 ? most_ms : pause * 2;
	if (b->fails < UINT32_MAX)
		b->fails++;
	return pause < most_ms ? pause : most_ms;
}

void backoff_reset(struct backoff *b)
{
	b->fails = 0;
}
