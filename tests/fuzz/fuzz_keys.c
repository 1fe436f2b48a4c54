/* What a terminal sends: keys that have a name which reads back as the same key; and into a line
 * being typed. */
#include "tests/fuzz/fuzz.h"
#include "tui/keys.h"
#include "tui/lineedit.h"

static void must_have_a_name(const struct key *k)
{
	char name[KEY_NAME_SIZE];
	struct key back;
	if (k->code == K_PASTE) {
		MUST(k->paste_len <= KEYS_PASTE_MAX);
		return;
	}
	if (k->code == K_HANGUP)
		return;
	MUST(key_parse(key_name(k, name), &back) && key_equal(k, &back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct keys *keys = keys_create(-1);
	struct history *history = history_create(4);
	struct lineedit *line = lineedit_create(
		&(struct lineedit_config){ .prompt = ":", .max = 40, .history = history });
	struct key key;
	size_t step = 1 + take_byte(&data, &len);
	int64_t now = 1000;
	for (size_t i = 0; i < len; i += step, now += step & 1 ? 1 : KEYS_ESC_MS + 1) {
		keys_feed(keys, (const char *)data + i, len - i < step ? len - i : step, now);
		while (keys_next(keys, &key, now)) {
			must_have_a_name(&key);
			enum lineedit_result r = lineedit_key(line, &key);
			MUST(strlen(lineedit_text(line)) <= 40);
			if (r == LINEEDIT_DONE || r == LINEEDIT_CANCELLED)
				lineedit_set(line, "");
		}
	}
	while (keys_next(keys, &key, now + 10 * KEYS_ESC_MS))
		must_have_a_name(&key);
	lineedit_destroy(line);
	history_destroy(history);
	keys_destroy(keys);
	return 0;
}
