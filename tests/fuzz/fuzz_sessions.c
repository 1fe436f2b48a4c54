/* OpenCode's answers, events and the look at a server: into rows whose every text is washed. The
 * first byte chooses what it is. */
#include "tests/fuzz/world.h"

#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/sessions/session.h"

static const char *const whats[] = { "4096 sessions",
	                             "4096 status /srv/a",
	                             "4096 permissions /srv/a",
	                             "4096 questions /srv/a",
	                             "4096 last ses_a",
	                             "4096 messages ses_a",
	                             "4096 event",
	                             "4096 models",
	                             "4096 health",
	                             "scan",
	                             "stored",
	                             "claude",
	                             "stored-messages ses_a",
	                             "git" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char list[] =
		"[{\"id\":\"ses_a\",\"directory\":\"/srv/"
		"a\",\"time\":{\"updated\":9}},{\"id\":\"ses_b\",\"parentID\":\"ses_a\"}]";
	if (!len)
		return 0;
	struct world w = world_create();
	struct server *v = server_open_replay(w.store, "pi");
	struct source *s = server_source(v, "sessions");
	source_feed(s, "4096 sessions", list, sizeof(list) - 1);
	char *text = as_text(data + 1, len - 1);
	source_feed(s, whats[*data % ARRAY_LEN(whats)], text, strlen(text));
	free(text);
	for (struct row *r = store_first(w.store, &kind_session, NULL); r;
	     r = store_next(r, &kind_session, NULL)) {
		MUST_BE_WASHED(r->name);
		MUST_BE_WASHED(r->why);
		must_be_washed_cells(&panel_sessions, r);
		must_be_washed_doc(r, false);
	}
	world_destroy(&w);
	return 0;
}
