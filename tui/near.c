/* near.c: "did you mean". */
#include "tui/near.h"

#include <stdio.h>

#include "backends/store/settings.h"

char *near_name(const char *word, const char *const *names, size_t n, const char *quote,
                const char *otherwise, char *buf)
{
	const char *near = n ? nearest(word, names, n) : NULL;
	if (near)
		snprintf(buf, NEAR_SIZE, "; did you mean %s%.120s%s?", quote, near, quote);
	else
		snprintf(buf, NEAR_SIZE, "%s", otherwise);
	return buf;
}
