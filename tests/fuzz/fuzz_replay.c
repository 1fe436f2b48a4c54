/* A recording of anybody: what it makes of rows, states, details and questions is washed. */
#include <sys/stat.h>

#include "backends/servers/replay.h"
#include "tests/fuzz/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char dir[] = "/tmp/mocr-fuzz-XXXXXX", path[sizeof(dir) + 8];
	if (!*path && mkdtemp(dir))
		snprintf(path, sizeof(path), "%s/answers", dir);
	FILE *f = fopen(path, "we");
	MUST(f && fwrite(data, 1, len, f) == len && fclose(f) == 0);
	struct world w = world_create();
	struct err err = { 0 };
	if (!replay_start(w.store, dir, true, &err))
		MUST_BE_WASHED(err.text);
	loop_turn(w.loop, 0);
	must_be_washed_rows(w.store);
	world_destroy(&w);
	unlink(path);
	return 0;
}
