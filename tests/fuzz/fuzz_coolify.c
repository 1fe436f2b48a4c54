/* What a Coolify answers: each reader gets the same bytes, and the rows that come of them are
 * washed. */
#include "backends/apps/app.h"
#include "backends/apps/coolify_parse.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/base/buf.h"
#include "tests/fuzz/world.h"

static void readers(const char *text, size_t len)
{
	struct app_deployment list[APP_DEPLOYMENTS_MAX];
	char names[APP_DEPLOYMENTS_MAX][COOLIFY_NAME], id[APP_ID_SIZE], said[100];
	struct err err;
	struct buf once = { 0 }, twice = { 0 };
	size_t n;
	if (coolify_deployments_parse(text, len, list, names, &n, &err))
		for (size_t i = 0; i < n; i++)
			MUST_BE_WASHED(names[i]);
	coolify_deployment_parse(text, len, &list[0], &err);
	if (coolify_deployment_queued(text, len, id, said, sizeof(said)))
		MUST_BE_WASHED(said);
	free(coolify_log_text(text, len));
	coolify_reduce(text, len, &once);
	if (once.len)
		coolify_reduce(once.data, once.len, &twice);
	MUST(once.len == twice.len);
	buf_finish(&once);
	buf_finish(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const whats[] = { "box\tresources", "box\tservers", "box\trunning",
		                             "box\thistory\ta1", "box\tversion" };
	static const char app[] = "[{\"uuid\":\"a1\",\"name\":\"relay\",\"type\":\"application\","
				  "\"status\":\"running\"}]";
	char *text = as_text(data, len);
	struct world w = world_create();
	struct source *s = server_source(server_open_replay(w.store, "pi"), "coolify");
	readers(text, len);
	source_feed(s, whats[0], app, sizeof(app) - 1);
	for (size_t i = ARRAY_LEN(whats); i > 0; i--)
		source_feed(s, whats[i - 1], text, len);
	must_be_washed_rows(w.store);
	world_destroy(&w);
	free(text);
	return 0;
}
