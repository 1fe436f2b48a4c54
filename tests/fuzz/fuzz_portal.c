/* The portal: its stream of events cut by the input's first byte, its answers, the rows that come
 * of them. */
#include "backends/apps/app.h"
#include "backends/apps/portal_parse.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/base/sse.h"
#include "tests/fuzz/world.h"

struct heard {
	struct buf whole;
	struct source *source;
};

static void on_event(const char *event, const char *data, size_t len, void *arg)
{
	struct heard *h = arg;
	char what[100];
	MUST(strlen(event) < 48 && data[len] == '\0');
	buf_addf(&h->whole, "%s|%zu|", event, len);
	buf_add(&h->whole, data, len);
	snprintf(what, sizeof(what), "box\t%.40s\tblue-2", event);
	if (h->source)
		source_feed(h->source, what, data, len);
}

static void events(const char *bytes, size_t len, size_t piece, struct heard *h)
{
	struct sse s = { .event = "" };
	for (size_t at = 0; at < len; at += piece)
		sse_feed(&s, bytes + at, len - at < piece ? len - at : piece, on_event, h);
	sse_finish(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = as_text(data, len);
	struct portal_check c;
	struct portal_made m;
	struct err err;
	struct world w = world_create();
	struct heard at_once = { .source = server_source(server_open_replay(w.store, "pi"),
		                                         "portal") },
		     in_pieces = { .source = NULL };
	events(text, len, len ? len : 1, &at_once);
	events(text, len, len ? (size_t)data[0] % 7 + 1 : 1, &in_pieces);
	MUST(at_once.whole.len == in_pieces.whole.len &&
	     (!at_once.whole.len ||
	      !memcmp(at_once.whole.data, in_pieces.whole.data, at_once.whole.len)));
	if (portal_check_parse(text, len, &c, &err))
		MUST_BE_WASHED(c.error);
	if (portal_made_parse(text, len, &m, &err))
		MUST_BE_WASHED(m.url);
	source_feed(at_once.source, "box\thealth", text, len);
	source_feed(at_once.source, "box\terror\tred-1", text, len);
	must_be_washed_rows(w.store);
	world_destroy(&w);
	buf_finish(&at_once.whole);
	buf_finish(&in_pieces.whole);
	free(text);
	return 0;
}
