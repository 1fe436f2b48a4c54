/* Lets a loop run for a time that a busy machine makes longer. */
#include "turns.h"

#include "backends/base/human.h"
#include "backends/link/loop.h"

enum { TURN_MS = 10 };

void turns_for(struct loop *loop, int64_t ms)
{
	for (int64_t left_ms = ms, began_ms = now_mono_ms(); left_ms > 0;) {
		loop_turn(loop, TURN_MS);
		int64_t now_ms = now_mono_ms(), took_ms = now_ms - began_ms;
		left_ms -= took_ms < TURN_MS ? took_ms : TURN_MS;
		began_ms = now_ms;
	}
}
