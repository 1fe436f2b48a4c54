/* Deploys: the server's list of runs into rows, the words of a configuration, what an engine says
 * of a pull. The first line is for all of them. */
#include "backends/containers/pull.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/deploy/template.h"
#include "tests/fuzz/world.h"

static void words(const char *text)
{
	struct buf b = { 0 };
	struct err err = { 0 };
	struct check_word checks[CHECKS_MAX];
	char *list[8], line[64];
	int n = template_split(text, list, 8, &err);
	if (n > 0)
		template_free(list, (size_t)n);
	if (!values_read("A one of x y\nB like [a-z]+\nC", text, &b, &err))
		MUST(err.code != ERR_NONE);
	values_read(text, "A=1", &b, &err);
	command_build(text, "A", &b, &err);
	command_build("make {A}", text, &b, &err);
	checks_read(text, checks, CHECKS_MAX, &err);
	values_suggest(text, line, sizeof(line));
	buf_finish(&b);
}

static void pull(const char *text, size_t len)
{
	struct pull_progress p = { 0 };
	char said[100];
	for (int i = 0; i < 3; i++)
		pull_line(&p, text, len);
	MUST(p.n <= PULL_LAYERS);
	MUST_BE_WASHED(p.error);
	pull_words(&p, said, sizeof(said));
	MUST_BE_WASHED(said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = as_text(data, len);
	struct world w = world_create();
	struct server *v = server_open_replay(w.store, "sese");
	words(text);
	pull(text, len);
	source_feed(server_source(v, "deploy"), "events", text, len);
	loop_turn(w.loop, 0);
	must_be_washed_rows(w.store);
	world_destroy(&w);
	free(text);
	return 0;
}
