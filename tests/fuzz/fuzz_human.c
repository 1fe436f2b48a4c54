/* Times of RFC 3339, and numbers as people read them. */
#include "backends/base/human.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *s = as_text(data, len), buf[HUMAN_SIZE];
	int64_t ms = parse_rfc3339_ms(s);
	MUST(ms >= -1 - 100 * 3600000LL);
	union {
		int64_t i;
		uint64_t u;
		double d;
	} n = { .i = ms };
	memcpy(&n, data, len < sizeof(n) ? len : sizeof(n));
	MUST(strlen(human_age(buf, n.i)) < HUMAN_SIZE);
	MUST(strlen(human_span(buf, n.i)) < HUMAN_SIZE);
	MUST(strlen(human_bytes(buf, n.u)) < HUMAN_SIZE);
	MUST(strlen(human_rate(buf, n.d)) < HUMAN_SIZE);
	MUST(strlen(human_clock(buf, n.i)) < HUMAN_SIZE);
	free(s);
	return 0;
}
