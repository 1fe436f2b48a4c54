/* Finding: a pattern against a text; marks lie inside the text, in order, and what a pattern is
 * made of matches it. */
#include "tests/fuzz/fuzz.h"
#include "tui/fuzzy.h"

static void must_lie_inside(const struct fuzzy_hits *h, const char *text)
{
	size_t at = 0;
	MUST(h->n <= FUZZY_HITS);
	for (size_t i = 0; i < h->n; i++) {
		MUST(h->hit[i].at >= at && h->hit[i].len);
		at = h->hit[i].at + h->hit[i].len;
	}
	MUST(at <= strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *all = as_text(data, len), *nl = strchr(all, '\n');
	if (nl)
		*nl = '\0';
	const char *pattern = all;
	char *text = wash_dup(nl ? nl + 1 : "", 0);
	struct fuzzy f;
	struct fuzzy_hits hits = { 0 };
	fuzzy_compile(&f, pattern);
	if (fuzzy_match(&f, text, &hits))
		must_lie_inside(&hits, text);
	memset(&hits, 0, sizeof(hits));
	fuzzy_marks(&f, text, &hits);
	must_lie_inside(&hits, text);
	size_t found_len = 0;
	long at = text_find(text, 0, pattern, len & 1, &found_len);
	MUST(at < 0 || (size_t)at + found_len <= strlen(text));
	free(text);
	free(all);
	return 0;
}
