/* The head of a connection that is taken over for a shell in a container: cut anywhere, its bytes
 * are counted once. */
#include "backends/containers/exec.c"
#include "tests/fuzz/fuzz.h"

static void on_end(struct stream *s, const struct stream_end *exec_end, void *arg)
{
	MUST_BE_WASHED(exec_end->err.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct stream_events events = { .closed = on_end };
	static struct engine engine;
	size_t step = 1 + take_byte(&data, &len), taken = 0;
	struct exec *x = xcalloc(1, sizeof(*x));
	*x = (struct exec){ .stream.events = &events,
		            .engine = &engine,
		            .phase = EXEC_CONNECTING,
		            .name = xstrdup("a"),
		            .head.max = HEAD_MAX };
	engine.dead_execs = x; /* as if others were waiting: the loop is not asked */
	x->next = NULL;
	for (size_t i = 0; i < len && x->phase == EXEC_CONNECTING; i += step) {
		size_t n = len - i < step ? len - i : step,
		       used = exec_take_head(x, (const char *)data + i, n);
		MUST(used <= n);
		taken += used;
	}
	MUST(taken <= len);
	buf_finish(&x->head);
	buf_finish(&x->out);
	free(x->name);
	free(x);
	engine.dead_execs = NULL;
	return 0;
}
