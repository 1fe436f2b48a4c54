/* systemd: names and object paths both ways, and properties into a unit. */
#include <cjson/cJSON.h>

#include "backends/services/systemd.h"
#include "tests/fuzz/fuzz.h"

static void paths(const char *s)
{
	char path[4 * UNIT_NAME_SIZE + 64], name[UNIT_NAME_SIZE], back[UNIT_NAME_SIZE];
	if (unit_path(s, path, sizeof(path))) {
		MUST(strlen(s) >= sizeof(back) ||
		     (unit_of_path(path, back, sizeof(back)) && strcmp(back, s) == 0));
	}
	if (unit_of_path(s, name, sizeof(name)))
		MUST(strlen(name) < sizeof(name));
	(void)unit_is_ours(s);
	MUST(unit_suffix(s));
}

static void props(const char *json, size_t len)
{
	struct unit_priv priv = { 0 };
	struct unit u = { .row.id = (char[]){ "pi/unit/a.service" },
		          .row.name = (char[]){ "a.service" },
		          .priv = &priv };
	cJSON *o = cJSON_ParseWithLength(json, len);
	char why[200] = "";
	unit_take_props(&u, o);
	unit_take_props(&u, o);
	unit_judge(&u, 1700000000000, why, sizeof(why));
	const char *texts[] = { u.description, u.load,     u.active,   u.sub, u.file_state,
		                u.result,      u.fragment, u.triggers, why };
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		MUST_BE_WASHED(texts[i]);
	cJSON_Delete(o);
	cJSON_Delete(priv.more);
	free(u.description);
	free(u.fragment);
	free(u.triggers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *s = as_text(data, len);
	paths(s);
	props(s, len);
	free(s);
	return 0;
}
