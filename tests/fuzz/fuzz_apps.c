/* What web platforms answer: into rows whose every text is washed, into sentences, into a log that
 * never tells a line twice when only more of it comes. The first byte chooses. */
#include "tests/fuzz/world.h"

#include "backends/apps/app.h"
#include "backends/apps/dokploy_parse.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/base/buf.h"
#include "backends/link/api.h"
#include "backends/link/link.h"
#include "backends/store/log.h"

static const char *const whats[] = { "home\ttree", "home\tone\ta-Web1", "home\tversion",
	                             "other\ttree", "home\tone\tc-Queue" };

static void rows(unsigned which, const char *text, size_t len)
{
	static const char tree[] =
		"[{\"projectId\":\"p\",\"name\":\"shop\",\"environments\":[{\"environmentId\":"
		"\"e\",\"name\":\"x\",\"applications\":"
		"[{\"applicationId\":\"a-Web1\",\"name\":\"web\",\"applicationStatus\":\"done\"}],"
		"\"compose\":[{\"composeId\":\"c-Queue\",\"name\":\"q\"}]}]}]";
	struct world w = world_create();
	struct source *s = server_source(server_open_replay(w.store, "pi"), "dokploy");
	source_feed(s, whats[0], tree, sizeof(tree) - 1);
	source_feed(s, whats[which % ARRAY_LEN(whats)], text, len);
	must_be_washed_rows(w.store);
	world_destroy(&w);
}

static void parsers(const char *text, size_t len)
{
	char a[APP_ID_SIZE], b[APP_ID_SIZE];
	struct err err;
	struct app_deployment list[APP_DEPLOYMENTS_MAX];
	struct buf once = { 0 }, twice = { 0 };
	size_t n;
	if (dp_project_made(text, len, a, b, &err))
		MUST_BE_WASHED(a);
	if (dp_deployments_parse(text, len, list, &n, &err))
		MUST(n <= APP_DEPLOYMENTS_MAX);
	for (size_t i = 1; i < n; i++)
		MUST(list[i - 1].created_ms >= list[i].created_ms);
	free(dp_log_text(text, len));
	dp_reduce(text, len, &once);
	if (once.len)
		dp_reduce(once.data, once.len, &twice);
	MUST(once.len == twice.len);
	buf_finish(&once);
	buf_finish(&twice);
}

static void words(const char *text, size_t len)
{
	char buf[160], host[64];
	struct endpoint endpoint;
	const char *prefix;
	size_t n;
	MUST_BE_WASHED(api_words(buf, sizeof(buf), text, len));
	MUST(*buf);
	MUST(api_retry_after(text, 0) >= -1);
	if (api_url_endpoint(text, &endpoint, host, sizeof(host), &prefix, &n)) {
		MUST(endpoint.port > 0 && endpoint.port < 65536);
		MUST(*host && prefix + n <= text + strlen(text));
	}
}

static void on_ask(struct app_log *l, void *arg) {}
static void on_stop(void *arg) {}

/* Told in pieces, each longer than the one before it: as many lines as there are. */
static void delivered_log(const char *text, size_t len)
{
	static const struct app_log_ops ops = { .ask = on_ask, .stop = on_stop };
	struct world w = world_create();
	struct source *s = server_source(server_open_replay(w.store, "pi"), "dokploy");
	struct app *a = app_row(s, NULL, s, "home", "home", "p", "", "x", "1", 1);
	struct log *log = log_create(1 << 20);
	struct app_log *l = app_log_follow(a, log, "x", &ops, NULL);
	size_t lines = 0;
	for (size_t n = 0; n < len; n += 1 + n / 3)
		app_log_take(l, text, n, false, "");
	app_log_take(l, text, len, true, "over");
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	lines += len && text[len - 1] != '\n';
	MUST(log_total(log) == lines + 1);
	log_destroy(log);
	world_destroy(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	unsigned which = take_byte(&data, &len);
	char *text = as_text(data, len);
	if (which % 8 < 5)
		rows(which % 8, text, strlen(text));
	else if (which % 8 == 5)
		parsers(text, strlen(text));
	else if (which % 8 == 6)
		words(text, strlen(text));
	else
		delivered_log(text, strlen(text));
	free(text);
	return 0;
}
