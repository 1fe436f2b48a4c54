/* What systems answer: each reader and each step gets the same bytes, and the rows that come of
 * them are washed. A line of a pull, an argument of a silence. */
#include "backends/apps/platform.h"
#include "backends/base/buf.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/systems/alerts_parse.h"
#include "backends/systems/litellm_parse.h"
#include "backends/systems/logdb_parse.h"
#include "backends/systems/mission_parse.h"
#include "backends/systems/ollama_parse.h"
#include "backends/systems/relay_parse.h"
#include "backends/systems/system.h"
#include "backends/systems/zlh_parse.h"
#include "tests/fuzz/world.h"

static void readers(const char *text, size_t len)
{
	char says[160], id[64], title[520], priority[16];
	const char *why;
	bool over;
	int64_t ms;
	struct err err;
	struct buf once = { 0 }, twice = { 0 };
	ollama_pull_line(text, len, says, sizeof(says), &over);
	MUST_BE_WASHED(says);
	if (silence_id_parse(text, len, id))
		MUST_BE_WASHED(id);
	if (silence_argument(text, &ms, &why, &err))
		MUST(ms >= 60000 && ms <= INT64_C(366) * 86400000);
	alerts_reduce(text, len, &once);
	if (once.len)
		alerts_reduce(once.data, once.len, &twice);
	MUST(once.len == twice.len);
	buf_finish(&once);
	buf_finish(&twice);
	struct logdb_page page = { 0 };
	struct vlogs_metrics metrics;
	size_t ill;
	loki_page_parse(text, len, "{a=\"b\"}", &page, &err);
	vlogs_page_parse(text, len, "a:b", &page, &ill, &err);
	for (size_t i = 0; i < page.n; i++)
		MUST(page.at[i].ns > 0 && page.at[i].len <= LOGDB_TEXT_MAX &&
		     strlen(page.at[i].text) <= page.at[i].len);
	logdb_page_finish(&page);
	vlogs_metrics_parse(text, len, &metrics);
	MUST_BE_WASHED(metrics.version);
	litellm_reduce(text, len, &once);
	MUST(!once.data || !strstr(once.data, "\"key_name\""));
	buf_clear(&once);
	mission_reduce(text, len, &once);
	MUST(!once.data || !strstr(once.data, "\"description\""));
	if (mission_new_parse(text, title, sizeof(title), priority, &err))
		MUST(*title && strlen(title) <= 500);
	buf_finish(&once);
	static const char *const pointers[ZLH_MEMBERS] = { "/a", "/b", "/c/0", "/d", "/e", "/f",
		                                           "/g", "/h", "/i", "/j", "/k" };
	struct zlh_status status;
	struct relay_probe probe, again;
	if (relay_leg_parse(text, len, &probe, &err)) {
		relay_leg_write(&probe, &once);
		MUST(relay_leg_read(once.data, once.len, &again, &err));
		MUST(!strcmp(probe.status, again.status));
		buf_finish(&once);
	}
	if (zlh_pick(text, len, pointers, &once, &err))
		MUST(zlh_parse(once.data, once.len, &status, &err));
	buf_finish(&once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = as_text(data, len), what[80];
	struct world w = world_create();
	struct server *v = server_open_replay(w.store, "pi");
	readers(text, len);
	for (const struct backend *const *b = backends; *b; b++) {
		const struct platform *p = (*b)->up == sites_up ? (*b)->param : NULL;
		if (!p || p->kind != &kind_system)
			continue;
		for (const struct platform_step *step = p->steps; step->what; step++) {
			snprintf(what, sizeof(what), "box\t%s", step->what);
			source_feed(server_source(v, (*b)->name), what, text, len);
		}
	}
	must_be_washed_rows(w.store);
	world_destroy(&w);
	free(text);
	return 0;
}
