/* ask.c: answers a question exactly once. */
#include "backends/link/ask.h"

#include <stdlib.h>

void ask_answer(struct ask *ask, struct secret *answer, bool keep)
{
	if (!ask)
		return;
	if (ask->answered)
		ask->answered(ask, answer, keep, ask->arg);
	else
		secret_destroy(answer);
	free(ask);
}
