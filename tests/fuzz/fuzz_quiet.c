/* The file of what was set aside, which anybody may have written to, and the gist of any reason. */
#include "backends/base/mem.h"
#include "backends/store/quiet.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xstrndup((const char *)data, len), gist[64];
	struct quiets q = { 0 }, again = { 0 };
	struct buf out = { 0 };
	quiets_read(&q, text);
	quiets_write(&q, &out);
	quiets_read(&again, out.data ? out.data : "");
	MUST(HASH_COUNT(again.all) == HASH_COUNT(q.all));
	for (const struct quiet *one = q.all; one; one = one->hh.next) {
		const struct quiet *two = quiet_find(&again, one->id);
		MUST(two && two->how == one->how && two->health == one->health);
		MUST(two->at_ms == one->at_ms && two->until_ms == one->until_ms);
	}
	quiet_gist(text, gist, sizeof(gist));
	MUST(strlen(gist) < sizeof(gist));
	struct quiet one = { .gist = gist, .health = HEALTH_BAD };
	MUST(quiet_holds(&one, HEALTH_BAD, gist, 1));
	buf_finish(&out);
	quiets_finish(&q);
	quiets_finish(&again);
	free(text);
	return 0;
}
