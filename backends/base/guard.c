#include "backends/base/guard.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static struct rlimit before;
static bool is_on;

/* Leak checks of the sanitizers need ptrace. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

void guard_memory(void)
{
	const char *dumps = getenv("MOCR_DUMPS");
	if (IS_SANITIZED || (dumps && strcmp(dumps, "yes") == 0) ||
	    getrlimit(RLIMIT_CORE, &before) != 0)
		return;
	struct rlimit none = { .rlim_cur = 0, .rlim_max = before.rlim_max };
	/* a core_pattern program that gets cores by a pipe obeys only this limit */
	is_on = setrlimit(RLIMIT_CORE, &none) == 0;
	(void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
}

void guard_lift(void)
{
	if (is_on)
		(void)setrlimit(RLIMIT_CORE, &before);
}
