/* The state file of messages: read as by a start, told again, and shown by a terminal. */
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/json.h"
#include "backends/notify/hours.h"
#include "backends/notify/teller.h"
#include "backends/notify/terminal.h"
#include "tests/fuzz/fuzz.h"

#define WALL INT64_C(1764500000000)

static bool is_well(const char *id, enum health announced, void *arg)
{
	(void)arg;
	return announced == HEALTH_BAD || strchr(id, '/');
}

/* No byte of a text ends its sequence or begins another one. */
static void show(const struct message *m)
{
	static const struct terminal_facts facts = { "foot", "", true, true };
	struct buf out = { 0 };
	size_t escapes = 0, bells = 0;
	char *text = message_text(m);
	terminal_bytes(WAY_OSC777, &facts, m->word[WORD_TITLE], text, &out);
	for (size_t i = 0; i < out.len; i++) {
		unsigned char c = (unsigned char)out.data[i];
		escapes += c == '\033';
		bells += c == '\a';
		MUST(c >= ' ' || c == '\033' || c == '\a');
	}
	MUST(escapes == 6 && bells == 1);
	free(text);
	buf_finish(&out);
}

static void take(struct teller *t, int64_t now)
{
	struct message *m;
	while ((m = teller_take(t, now, WALL + now, false))) {
		show(m);
		cJSON *o = message_write(m);
		struct message *back = message_read(o);
		MUST(back);
		cJSON_Delete(o);
		message_free(back);
		message_free(m);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cJSON *o = json_parse((const char *)data, size);
	struct teller *t = teller_create(
		&(struct teller_rules){ .hold_ms = 1000, .repeat_ms = 60000, .resolved = true });
	const cJSON *m;
	teller_read(t, cJSON_GetObjectItem(o, "told"), 5000, WALL);
	cJSON_ArrayForEach(m, cJSON_GetObjectItem(o, "queue"))
	{
		struct message *read = message_read(m);
		if (read)
			show(read);
		message_free(read);
	}
	const cJSON *hours = cJSON_GetObjectItem(o, "hours");
	if (cJSON_IsString(hours) && hours_are_good(hours->valuestring))
		hours_are_quiet(hours->valuestring, WALL);
	take(t, 5000);
	teller_begin(t, 6000);
	teller_end(t, is_well, NULL);
	take(t, 2000000);
	cJSON_Delete(teller_write(t, 2000000, WALL, 0));
	teller_destroy(t);
	cJSON_Delete(o);
	return 0;
}
