/* nearest.c: suggestions for mistyped words ("did you mean"). */
#include <ctype.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/store/settings.h"

#define WORD_MAX 64

/* Number of edits from a to b: insert, delete, change, swap of neighbours (optimal string
 * alignment). */
static size_t nearest_distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1], na = strnlen(a, WORD_MAX), nb = strnlen(b, WORD_MAX);
	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			bool same = tolower((unsigned char)a[i - 1]) ==
			            tolower((unsigned char)b[j - 1]);
			now[j] = last[j - 1] + !same;
			if (last[j] + 1 < now[j])
				now[j] = last[j] + 1;
			if (now[j - 1] + 1 < now[j])
				now[j] = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
	}
	return rows[na % 3][nb];
}

const char *nearest(const char *word, const char *const *names, size_t n)
{
	const char *best = NULL;
	/* of four letters one may be wrong */
	size_t len = strlen(word), best_distance = 2;
	if (len > 8)
		best_distance = len / 3 + 1;
	else if (len > 4)
		best_distance = 3;
	for (size_t i = 0; i < n; i++) {
		size_t d = nearest_distance(word, names[i]);
		if (len >= 3 && strlen(names[i]) >= 3 &&
		    (strstr(names[i], word) || strstr(word, names[i])) && d > 2)
			d = 2; /* one contains the other: similar enough */
		if (d < best_distance) {
			best_distance = d;
			best = names[i];
		}
	}
	return best;
}
