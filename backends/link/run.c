/* run.c: runs a command to its end and collects its output. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/buf.h"
#include "backends/base/mem.h"
#include "backends/base/secret.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"

#define RUN_SHOWN 60 /* bytes of the command shown in sentences */

/* Of a staged run; any other run starts as STAGE_BEGUN. */
enum run_stage { STAGE_BEGUN, STAGE_ASKS, STAGE_READY, STAGE_TERMINAL };

struct run {
	struct link *link;        /* borrowed */
	struct stream *stream;    /* owned; NULL once ended */
	struct loop_timer *timer; /* owned; NULL: no timeout */
	struct buf out, err_out;
	char *input; /* owned; wiped, because it may be a password */
	size_t input_len, input_sent;
	bool ends; /* no more input follows: send EOF after it */
	enum run_stage stage;
	bool terminal;
	char *answer, *later; /* owned and wiped; later: the input that waits for RUN_BEGUN */
	size_t answer_len, later_len;
	struct stream_end end;
	int64_t timeout_ms;
	char shown[RUN_SHOWN + 8]; /* its name in sentences: run_name, or the head of its command */
	run_fn *done;
	void *arg;
};

static void run_drop(char **bytes, size_t len)
{
	if (*bytes)
		wipe(*bytes, len);
	free(*bytes);
	*bytes = NULL;
}

static char *run_copied(const void *bytes, size_t len)
{
	char *copy = len ? xcalloc(1, len) : NULL;
	if (len)
		memcpy(copy, bytes, len);
	return copy;
}

static void run_do_free(struct run *r)
{
	stream_close(r->stream);
	loop_timer_remove(r->timer);
	buf_finish(&r->out);
	buf_finish(&r->err_out);
	run_drop(&r->input, r->input_len);
	run_drop(&r->answer, r->answer_len);
	run_drop(&r->later, r->later_len);
	free(r);
}

/* Reports the result and frees the run. */
static void run_finish(void *arg)
{
	struct run *r = arg;
	stream_close(r->stream);
	r->stream = NULL;
	const char *out = r->out.data ? r->out.data : "";
	const char *err_out = r->err_out.data ? r->err_out.data : "";
	struct run_result result = {
		.out = out,
		.out_len = r->out.len,
		.err_out = err_out,
		.err_len = r->err_out.len,
		.end = r->end,
		.begun = r->stage == STAGE_BEGUN,
	};
	loop_timer_remove(r->timer);
	r->timer = NULL;
	r->done(&result, r->arg);
	run_do_free(r);
}

static void run_fail(struct run *r, enum err_code code, const char *what)
{
	err_set(&r->end.err, code, "%s: %s %s", r->link->name, r->shown, what);
	r->end.exit_code = -1;
	run_finish(r);
}

static void run_send_input(struct run *r)
{
	size_t left = r->input_len - r->input_sent;
	if (left)
		r->input_sent += stream_write(r->stream, r->input + r->input_sent, left);
	if (r->input_sent == r->input_len && r->ends)
		stream_write_eof(r->stream);
}

/* Appends bytes to the waiting input. Wipes the old copy, because it may hold a password. */
static void run_add_input(struct run *r, const char *bytes, size_t len)
{
	size_t left = r->input_len - r->input_sent;
	char *all = xcalloc(1, left + len + 1);
	if (left)
		memcpy(all, r->input + r->input_sent, left);
	if (len)
		memcpy(all + left, bytes, len);
	run_drop(&r->input, r->input_len);
	r->input = all;
	r->input_len = left + len;
	r->input_sent = 0;
	run_send_input(r);
}

/* Looks for the line word in b. When found, drops b up to the end of that line. */
static bool run_said(struct buf *b, const char *word)
{
	const char *at = b->len ? strstr(b->data, word) : NULL;
	size_t n = at ? strlen(word) + strspn(at + strlen(word), "\r") : 0;
	if (!at || at[n] != '\n')
		return false;
	buf_consume(b, (size_t)(at - b->data) + n + 1);
	return true;
}

static void run_take_stages(struct run *r, struct buf *b)
{
	if (r->stage == STAGE_TERMINAL && run_said(b, RUN_READY))
		r->stage = STAGE_READY;
	if (r->stage == STAGE_BEGUN || r->stage == STAGE_TERMINAL)
		return;
	if (run_said(b, RUN_BEGUN)) {
		r->stage = STAGE_BEGUN;
		r->ends = !r->terminal;
		run_add_input(r, r->later, r->later_len);
	} else if (r->stage == STAGE_READY && b->len) {
		r->stage = STAGE_ASKS;
		run_add_input(r, r->answer, r->answer_len);
	} else if (!r->terminal && run_said(b, RUN_ANSWER)) {
		run_add_input(r, r->answer, r->answer_len);
	}
}

static void run_on_drained(struct stream *s, void *arg)
{
	struct run *r = arg;
	if (r->stream && r->input_sent < r->input_len)
		run_send_input(r);
}

static void run_too_much(struct run *r, const struct buf *b, const char *of)
{
	char what[80];
	snprintf(what, sizeof(what), "printed more than the %zu KB%s that are kept",
	         (b->max ? b->max : BUF_MAX_DEFAULT) >> 10, of);
	run_fail(r, ERR_TOO_BIG, what);
}

static size_t run_on_data(struct stream *s, const char *data, size_t len, void *arg)
{
	struct run *r = arg;
	if (!buf_add(&r->out, data, len))
		run_too_much(r, &r->out, "");
	else if (r->terminal)
		run_take_stages(r, &r->out);
	return len;
}

static void run_on_error_data(struct stream *s, const char *data, size_t len, void *arg)
{
	struct run *r = arg;
	if (!buf_add(&r->err_out, data, len))
		run_too_much(r, &r->err_out, " of errors");
	else if (!r->terminal)
		run_take_stages(r, &r->err_out);
}

static void run_on_closed(struct stream *s, const struct stream_end *end, void *arg)
{
	struct run *r = arg;
	r->stream = NULL; /* the stream is freed when this returns */
	r->end = *end;
	/* the exit code belongs to the login shell and means nothing here */
	if (!end->began && !end->err.code)
		err_set(&r->end.err, ERR_REFUSED,
		        "%s: the login runs no shell commands (it ended with code %d)",
		        r->link->name, end->exit_code);
	run_finish(r);
}

static const struct stream_events run_events = {
	.data = run_on_data,
	.error_data = run_on_error_data,
	.drained = run_on_drained,
	.closed = run_on_closed,
};

static void run_on_timeout(struct loop_timer *t, void *arg)
{
	struct run *r = arg;
	char what[64];
	snprintf(what, sizeof(what), "did not end within %lld s",
	         (long long)((r->timeout_ms + 999) / 1000));
	run_fail(r, ERR_TIMEOUT, what);
}

static struct run *run_create(struct link *link, const char *command, size_t max,
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
	r->out.secret = r->err_out.secret = true; /* a command may print a key */
	bool cut = strlen(command) > RUN_SHOWN;
	snprintf(r->shown, sizeof(r->shown), "`%.*s%s`", RUN_SHOWN, command,
	         cut ? "..." : "");
	return r;
}

void run_name(struct run *r, const char *name)
{
	snprintf(r->shown, sizeof(r->shown), "%s", name);
}

static struct run *run_start(struct run *r, const char *command)
{
	struct link *link = r->link;
	struct endpoint endpoint = { .kind = r->terminal ? ENDPOINT_TERMINAL : ENDPOINT_EXEC,
		                     .command = command,
		                     .term = "dumb",
		                     .cols = 80,
		                     .rows = 24,
		                     .timeout_ms = r->timeout_ms };
	r->stream = link_open(link, &endpoint, &run_events, r, &r->end.err);
	if (!r->stream) {
		loop_defer(link->loop, run_finish, r);
		return r;
	}
	if (r->timeout_ms > 0)
		r->timer = loop_timer_add(link->loop, r->timeout_ms, run_on_timeout, r);
	run_send_input(r);
	return r;
}

struct run *link_run(struct link *link, const char *command, const void *input, size_t input_len,
                     size_t max, int64_t timeout_ms, run_fn *done, void *arg)
{
	assert(input || !input_len);
	struct run *r = run_create(link, command, max, timeout_ms, done, arg);
	r->input = run_copied(input, input_len);
	r->input_len = input_len;
	r->ends = true;
	return run_start(r, command);
}

struct run *link_run_staged(struct link *link, const char *command, const struct run_stages *stages,
                            const void *input, size_t input_len, size_t max, int64_t timeout_ms,
                            run_fn *done, void *arg)
{
	struct run *r = run_create(link, stages->shown, max, timeout_ms, done, arg);
	r->terminal = stages->terminal;
	r->stage = r->terminal ? STAGE_TERMINAL : STAGE_ASKS;
	r->answer = run_copied(stages->answer, stages->answer_len);
	r->answer_len = stages->answer_len;
	r->later = run_copied(input, input_len);
	r->later_len = input_len;
	if (!r->terminal) {
		r->input = run_copied(stages->answer, stages->answer_len);
		r->input_len = stages->answer_len;
	}
	return run_start(r, command);
}

void run_cancel(struct run *r)
{
	if (!r)
		return;
	if (!r->stream)
		loop_defer_cancel(r->link->loop, run_finish, r);
	run_do_free(r);
}
