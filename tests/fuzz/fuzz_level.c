/* level_guess(): nothing behind the line is read, and a NUL in it is a byte like others. */
#include "backends/store/level.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *exact = xcalloc(1, len ? len : 1);
	memcpy(exact, data, len);
	enum log_level level = level_guess(exact, len);
	MUST(level >= LOG_LEVEL_UNKNOWN && level <= LOG_LEVEL_ERROR);
	MUST(level_of_word(exact, len) <= LOG_LEVEL_ERROR && level_name(level));
	free(exact);
	return 0;
}
