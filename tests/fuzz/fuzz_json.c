/* What is counted before cJSON reads: never less than cJSON takes; and the reading of a whole in
 * pieces. */
#include "backends/base/json.h"
#include "tests/fuzz/fuzz.h"

#define ROOM sizeof(max_align_t)

static size_t taken, most;

static void *count_malloc(size_t n)
{
	size_t room = (n + 8 + 15) / 16 * 16;
	char *p = malloc(ROOM + n);
	memcpy(p, &room, sizeof(room));
	taken += room < 32 ? 32 : room;
	most = taken > most ? taken : most;
	return p + ROOM;
}

static void count_free(void *what)
{
	size_t room;
	if (!what)
		return;
	memcpy(&room, (char *)what - ROOM, sizeof(room));
	taken -= room < 32 ? 32 : room;
	free((char *)what - ROOM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *s = as_text(data, len);
	const char *value;
	size_t n;
	cJSON_InitHooks(&(cJSON_Hooks){ .malloc_fn = count_malloc, .free_fn = count_free });
	taken = most = 0;
	cJSON *o = json_parse(s, len);
	/* Debian's cJSON copies a number while it reads one */
	MUST(most <= json_size(s, len).tree + len + 96);
	if (cJSON_IsArray(o)) {
		long count = json_count(s, len);
		MUST(count == -1 || count == cJSON_GetArraySize(o));
	}
	if (json_member(s, len, "a", &value, &n))
		MUST(value >= s && value + n <= s + len);
	if (cJSON_IsObject(o) && cJSON_HasObjectItem(o, "info"))
		json_member(s, len, "info", &value, &n);
	cJSON_Delete(o);
	MUST(taken == 0);
	cJSON_InitHooks(NULL);
	free(s);
	return 0;
}
