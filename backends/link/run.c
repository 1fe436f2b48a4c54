/* run.c: a command to its end, with what it printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"

#define RUN_SHOWN 60             /* bytes of the command that a sentence shows */

struct run {
	struct link *link;           /* borrowed */
	struct stream *stream;       /* owned; NULL once it ended */
	struct loop_timer *timer;    /* owned; NULL without a limit */
	struct buf out, err_out;
	char *input;                 /* owned; wiped, for it may be a password */
	size_t input_len, input_sent;
	struct stream_end end;
	int64_t timeout_ms;
	char shown[RUN_SHOWN + 4];
	run_fn *done;
	void *arg;
};

static void run_free(struct run *r)
{
	stream_close(r->stream);
	loop_timer_remove(r->timer);
	buf_finish(&r->out);
	buf_finish(&r->err_out);
	if (r->input)
		wipe(r->input, r->input_len);
	free(r->input);
	free(r);
}

static const char *text_of(const struct buf *b)
{
	return b->data ? b->data : "";
}

/* Tells the result and ends the run. */
static void finish(void *arg)
{
	struct run *r = arg;
	stream_close(r->stream);
	r->stream = NULL;
	struct run_result result = {
		.out = text_of(&r->out), .out_len = r->out.len, .err_out = text_of(&r->err_out), .err_len = r->err_out.len,
		.end = r->end,
	};
	loop_timer_remove(r->timer);
	r->timer = NULL;
	r->done(&result, r->arg);
	run_free(r);
}

static void fail(struct run *r, enum err_code code, const char *what)
{
	err_set(&r->end.err, code, "%s: `%s` %s", r->link->name, r->shown, what);
	r->end.exit_code = -1;
	finish(r);
}

static void send_input(struct run *r)
{
	size_t left = r->input_len - r->input_sent;
	if (left)
		r->input_sent += stream_write(r->stream, r->input + r->input_sent, left);
	if (r->input_sent == r->input_len)
		stream_write_eof(r->stream);
}

static void on_drained(struct stream *s, void *arg)
{
	struct run *r = arg;
	if (r->input_sent < r->input_len)
		send_input(r);
}

static void too_much(struct run *r, const struct buf *b, const char *of)
{
	char what[80];
	snprintf(what, sizeof(what), "printed more than the %zu KB%s that are kept", (b->max ? b->max : BUF_MAX_DEFAULT) >> 10, of);
	fail(r, ERR_TOO_BIG, what);
}

static size_t on_data(struct stream *s, const char *data, size_t len, void *arg)
{
	struct run *r = arg;
	if (!buf_add(&r->out, data, len))
		too_much(r, &r->out, "");
	return len;
}

static void on_error_data(struct stream *s, const char *data, size_t len, void *arg)
{
	struct run *r = arg;
	if (!buf_add(&r->err_out, data, len))
		too_much(r, &r->err_out, " of errors");
}

static void on_closed(struct stream *s, const struct stream_end *end, void *arg)
{
	struct run *r = arg;
	r->stream = NULL;            /* gone when this returns */
	r->end = *end;
	finish(r);
}

static const struct stream_events run_events = {
	.data = on_data, .error_data = on_error_data, .drained = on_drained, .closed = on_closed,
};

static void on_timeout(struct loop_timer *t, void *arg)
{
	struct run *r = arg;
	char what[64];
	snprintf(what, sizeof(what), "did not end within %lld s", (long long)((r->timeout_ms + 999) / 1000));
	fail(r, ERR_TIMEOUT, what);
}

struct run *link_run(struct link *link, const char *command, const void *input, size_t input_len, size_t max,
                     int64_t timeout_ms, run_fn *done, void *arg)
{
	struct run *r = xcalloc(1, sizeof(*r));
	r->link = link;
	r->done = done;
	r->arg = arg;
	r->timeout_ms = timeout_ms;
	r->end.exit_code = -1;
	buf_init(&r->out, max);
	buf_init(&r->err_out, max);
	bool cut = strlen(command) > RUN_SHOWN;
	snprintf(r->shown, sizeof(r->shown), "%.*s%s", RUN_SHOWN, command, cut ? "..." : "");
	if (input_len) {
		r->input = xcalloc(1, input_len);
		memcpy(r->input, input, input_len);
		r->input_len = input_len;
	}
	struct road road = {.kind = ROAD_EXEC, .command = command, .timeout_ms = timeout_ms};
	r->stream = link_open(link, &road, &run_events, r, &r->end.err);
	if (!r->stream) {
		loop_defer(link->loop, finish, r);
		return r;
	}
	if (timeout_ms > 0)
		r->timer = loop_timer_add(link->loop, timeout_ms, on_timeout, r);
	send_input(r);
	return r;
}

void run_cancel(struct run *r)
{
	if (!r)
		return;
	if (!r->stream)
		loop_defer_cancel(r->link->loop, finish, r);
	run_free(r);
}
