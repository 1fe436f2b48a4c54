/* The activity file of an earlier run, which anybody may have written to. */
#include "backends/store/activity.c"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char path[64];
	int fd = as_file(data, len, path, sizeof(path));
	struct activity *a = activity_create(NULL);
	a->path = xstrdup(path);
	activity_read_file(a->path, PAST_READ, activity_keep_past, a, NULL);
	for (size_t i = 0; i < ACTIVITY_KEPT && i < a->added; i++) {
		MUST_BE_WASHED(a->entries[i].id);
		MUST_BE_WASHED(a->entries[i].text);
		MUST_BE_WASHED(a->entries[i].by);
		MUST(a->entries[i].what < ARRAY_LEN(what_names) &&
		     a->entries[i].health < ARRAY_LEN(health_names));
	}
	activity_destroy(a);
	close(fd);
	return 0;
}
