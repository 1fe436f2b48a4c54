/* The readers of a tail: heads, lines of a file and of a journal, and older lines in both
 * directions, as a server may send them. No server is asked: the one command that a replaced file
 * would cost is left out. */
#include "backends/link/link.h"
#include "backends/store/store.h"
#include "tests/fuzz/fuzz.h"

static struct link nowhere;
static struct loop *tail_loop;
#define link_run(link, command, input, len, max, timeout, done, arg) \
	((void)(done), (struct run *)NULL)
#define source_link(source) (&nowhere)
#define store_loop(store) tail_loop
#include "backends/logs/tail.c"

static void must_be_washed_log(const struct log *log)
{
	for (uint64_t at = log_first(log); at && at <= log_last(log); at++) {
		const struct log_line *line = log_get(log, at);
		MUST(line && strlen(line->text) == line->len);
		MUST_BE_WASHED(line->text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct logs_source at;
	if (!tail_loop)
		tail_loop = loop_create();
	struct log *log = log_create(0);
	struct tail t = { .what = (enum tail_what)(take_byte(&data, &len) % 4),
		          .follow.log = log,
		          .at = &at };
	unsigned how = take_byte(&data, &len);
	t.units[0] = (struct unit_of_tail){ .name = "caddy.service",
		                            .source = log_source_add(log, "x/unit/caddy.service") };
	t.units[1] = (struct unit_of_tail){ .name = "x.service",
		                            .source = log_source_add(log, "x/unit/x.service") };
	t.n_units = t.what == TAIL_UNIT ? 2 : 1;
	buf_init(&t.in, 64u << 10);
	tail_mark(t.mark, 7);
	/* what stands behind it are older lines */
	const char *half = len ? memchr(data, 1, len) : NULL;
	size_t n = half ? (size_t)(half - (const char *)data) : len, rest = half ? len - n - 1 : 0;
	if (!buf_add(&t.in, data, n))
		n = 0;
	tail_take_lines(&t);
	MUST(!t.in.len || !memchr(t.in.data, '\n', t.in.len));
	char *tail_older = as_text(half ? (const uint8_t *)half + 1 : data, rest);
	struct run_result result = { .out = tail_older, .out_len = rest, .err_out = "" };
	if (how & 1)
		tail_take_older(&t, &result);
	else
		tail_on_inode_answer(&result, &t);
	MUST(t.written_us >= 0 && t.written_us <= NUMBER_SECONDS * 1000000);
	must_be_washed_log(log);
	free(tail_older);
	buf_finish(&t.in);
	log_destroy(log);
	return 0;
}
