/* The configuration file: whatever it holds, there are settings within their bounds, and complaints
 * are washed. */
#include "backends/store/doc.h"
#include "backends/store/settings.h"
#include "tests/fuzz/fuzz.h"
#include "tui/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char path[64];
	int fd = as_file(data, len, path, sizeof(path));
	struct doc complaints;
	doc_init(&complaints);
	struct settings *s = settings_load(path, &complaints);
	for (const struct setting_row *row = setting_rows; row->key; row++) {
		int n;
		memcpy(&n, (const char *)s + row->offset, sizeof(n));
		/* 0 is what a number without a fallback has until it is set */
		MUST(strcmp(row->section, "settings") != 0 || row->type != SETTING_NUMBER ||
		     (n == 0 && !row->fallback) || (n >= row->min && n <= row->max));
	}
	for (size_t i = 0; i < complaints.n; i++)
		MUST_BE_WASHED(complaints.lines[i].text);
	for (const struct key_config *k = s->keys; k; k = k->next) {
		struct key key;
		(void)key_parse(k->key, &key);
	}
	settings_destroy(s);
	doc_finish(&complaints);
	close(fd);
	return 0;
}
