/* Names of keys as a configuration has them. */
#include "tests/fuzz/fuzz.h"
#include "tui/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *s = as_text(data, len), name[KEY_NAME_SIZE];
	struct key k, back;
	if (key_parse(s, &k))
		MUST(key_parse(key_name(&k, name), &back) && key_equal(&k, &back));
	free(s);
	return 0;
}
