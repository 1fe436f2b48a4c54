/* Answers into rows, through the backends' own feed. The input is pieces parted by form feeds: a
 * letter for the source, what it is up to a newline, and the answer. (A recording has lengths,
 * which a fuzzer seldom gets right.) */
#include "backends/servers/replay.h"
#include "tests/fuzz/world.h"

static const char *source_name(char letter)
{
	switch (letter) {
	case 'd': return "docker";
	case 'p': return "podman";
	case 's': return "systemd";
	case 'u': return "systemd-user";
	default: return "vitals";
	}
}

static void feed_piece(struct server *v, const char *piece, size_t len)
{
	char what[128];
	const char *nl = memchr(piece, '\n', len);
	size_t n = nl ? (size_t)(nl - piece) : 0;
	struct source *s = n ? server_source(v, source_name(*piece)) : NULL;
	if (!s || n > sizeof(what))
		return;
	snprintf(what, sizeof(what), "%.*s", (int)n - 1, piece + 1);
	char *bytes = as_text((const uint8_t *)nl + 1, len - n - 1);
	source_feed(s, what, bytes, len - n - 1);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct world w = world_create();
	struct server *v = server_open_replay(w.store, "sese");
	for (const uint8_t *end; len; data = end + (len != 0)) {
		end = memchr(data, '\f', len);
		end = end ? end : data + len;
		size_t n = (size_t)(end - data);
		feed_piece(v, (const char *)data, n);
		len -= n < len ? n + 1 : n;
	}
	loop_turn(w.loop, 0);
	must_be_washed_rows(w.store);
	world_destroy(&w);
	return 0;
}
