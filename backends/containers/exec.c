/* exec.c: a shell in a container, as a stream.
 *
 * The API creates an exec. Then a request on a separate connection starts the exec and takes the
 * connection over ("hijacks"). After the head of a 101, both sides send raw bytes. That connection
 * is a stream of the link, and the caller gets a stream wrapped around it. No input may be sent
 * before the 101. At the end, the engine is asked for the exit code.
 *
 * An engine does not end a shell when its connection closes. So each shell gets a unique variable
 * in its environment. Closing the shell sends HUP to every process with that variable.
 *
 * Source: Docker Engine API v1.41, "Exec", and "Attach to a container", section "Hijacking". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <cjson/cJSON.h>

#include "backends/base/json.h"
#include "backends/base/list.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/wash.h"
#include "backends/containers/engine.h"

#define HEAD_MAX 8192
#define REFUSAL_MAX 2048

enum phase { EXEC_MAKING, EXEC_CONNECTING, EXEC_OPEN, EXEC_REFUSED, EXEC_ENDING, EXEC_GONE };

struct exec {
	struct stream stream; /* given to the caller */
	struct engine *engine;
	struct exec *next;
	enum phase phase;
	char *name;           /* owned: the row's name, for messages */
	char id[CTR_ID_SIZE]; /* of the container */
	char exec_id[CTR_ID_SIZE];
	char marker[40]; /* MOCR_SHELL=RANDOM */
	int cols, rows;
	bool first_byte;
	struct call *call;
	struct stream *raw;
	struct buf head; /* the response head, then the body of a refusal */
	struct buf out;  /* input from before the exec was open */
	bool eof;        /* end of input, requested before it was open */
	struct stream_end end;
};

static void exec_free_dead(void *arg)
{
	struct engine *e = arg;
	while (e->dead_execs) {
		struct exec *x = e->dead_execs;
		e->dead_execs = x->next;
		buf_finish(&x->head);
		buf_finish(&x->out);
		free(x->name);
		free(x);
	}
}

void execs_free(struct engine *e)
{
	loop_defer_cancel(store_loop(e->source.store), exec_free_dead, e);
	exec_free_dead(e);
}

/* Releases everything. The memory stays until the end of the turn, because callers may still be
 * using it. */
static void exec_let_go(struct exec *x)
{
	struct engine *e = x->engine;
	x->phase = EXEC_GONE;
	LIST_DROP(x->engine->execs, x);
	call_cancel(x->call);
	stream_close(x->raw);
	x->call = NULL;
	x->raw = NULL;
	x->next = e->dead_execs;
	if (!e->dead_execs)
		loop_defer(store_loop(e->source.store), exec_free_dead, e);
	e->dead_execs = x;
}

static void exec_end(struct exec *x)
{
	const struct stream_events *ev = x->stream.events;
	void *arg = x->stream.arg;
	exec_let_go(x);
	if (ev->closed)
		ev->closed(&x->stream, &x->end, arg);
}

/* --- JSON of the requests ------------------------------------------------ */

static char *exec_print_and_delete(cJSON *o)
{
	char *printed = cJSON_PrintUnformatted(o), *copy = xstrdup(printed);
	cJSON_free(printed);
	cJSON_Delete(o);
	return copy;
}

static bool exec_read_id(const char *body, size_t len, char *id, size_t size)
{
	cJSON *o = json_parse(body, len);
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, "Id");
	bool ok = cJSON_IsString(v) &&
	          strspn(v->valuestring, "0123456789abcdefABCDEF") == strlen(v->valuestring) &&
	          *v->valuestring && strlen(v->valuestring) < size;
	if (ok)
		snprintf(id, size, "%s", v->valuestring);
	cJSON_Delete(o);
	return ok;
}

/* --- ending the shell's processes ---------------------------------------- */

static void exec_hangup_made(struct call *call, const struct reply *r, void *arg)
{
	struct engine *e = arg;
	char id[CTR_ID_SIZE], path[64 + CTR_ID_SIZE];
	static const char body[] = "{\"Detach\":true,\"Tty\":false}";
	if (r->status != 201 || !exec_read_id(r->body, r->len, id, sizeof(id)))
		return;
	snprintf(path, sizeof(path), "/exec/%s/start", id);
	engine_get(e, path,
	           (struct call_spec){
			   .method = "POST", .body = body, .body_len = sizeof(body) - 1 });
}

static void exec_hang_up(struct exec *x)
{
	struct engine *e = x->engine;
	char path[64 + CTR_ID_SIZE], script[256];
	if (!e->origin)
		return;
	snprintf(script, sizeof(script),
	         "for p in /proc/[0-9]*; do grep -q '%s' $p/environ 2>/dev/null && kill -HUP "
	         "${p##*/}; done",
	         x->marker);
	const char *cmd[] = { "sh", "-c", script };
	cJSON *o = cJSON_CreateObject();
	cJSON_AddItemToObject(o, "Cmd", cJSON_CreateStringArray(cmd, ARRAY_LEN(cmd)));
	char *body = exec_print_and_delete(o);
	snprintf(path, sizeof(path), "/containers/%s/exec", x->id);
	engine_get(e, path,
	           (struct call_spec){ .method = "POST",
	                               .body = body,
	                               .body_len = strlen(body),
	                               .done = exec_hangup_made,
	                               .arg = e });
	free(body);
}

/* --- the end and the exit code ------------------------------------------- */

static void exec_code_done(struct call *call, const struct reply *r, void *arg)
{
	struct exec *x = arg;
	x->call = NULL;
	cJSON *o = r->status == 200 ? json_parse(r->body, r->len) : NULL;
	const cJSON *code = cJSON_GetObjectItemCaseSensitive(o, "ExitCode");
	if (cJSON_IsNumber(code))
		x->end.exit_code = number_small(code->valuedouble, -1);
	cJSON_Delete(o);
	exec_end(x);
}

static void exec_fail(struct exec *x, enum err_code code, const char *words, size_t len)
{
	char said[200];
	ctr_message(said, sizeof(said), words, len);
	err_set(&x->end.err, code, "no shell in %s: %s", x->name, said);
	exec_end(x);
}

/* --- the raw connection -------------------------------------------------- */

static void exec_send_size(struct exec *x)
{
	char path[96 + CTR_ID_SIZE];
	if (x->cols <= 0 || x->rows <= 0 || !x->engine->origin)
		return;
	snprintf(path, sizeof(path), "/exec/%s/resize?h=%d&w=%d", x->exec_id, x->rows, x->cols);
	engine_get(x->engine, path, (struct call_spec){ .method = "POST" });
}

static void exec_flush(struct exec *x)
{
	while (x->out.len) {
		size_t n = stream_write(x->raw, x->out.data, x->out.len);
		if (!n)
			return;
		buf_consume(&x->out, n);
	}
	if (x->eof)
		stream_write_eof(x->raw);
}

/* Consumes bytes of the response head. Returns how many of them belonged to the head. The phase
 * tells the result. */
static size_t exec_take_head(struct exec *x, const char *bytes, size_t len)
{
	size_t before = x->head.len;
	if (!buf_add(&x->head, bytes, len < HEAD_MAX ? len : HEAD_MAX)) {
		exec_fail(x, ERR_GARBLED, "its answer has no end", 21);
		return len;
	}
	char *stop = memmem(x->head.data, x->head.len, "\r\n\r\n", 4);
	if (!stop)
		return len;
	size_t used = (size_t)(stop + 4 - x->head.data) - before;
	int status = 0;
	if (sscanf(x->head.data, "HTTP/1.%*1[01] %3d", &status) != 1) {
		exec_fail(x, ERR_GARBLED, "what answers there does not speak HTTP", 33);
		return len;
	}
	buf_clear(&x->head);
	x->phase = status == 101 || status == 200 ? EXEC_OPEN : EXEC_REFUSED;
	if (x->phase == EXEC_OPEN) {
		exec_send_size(x);
		if (x->stream.events->opened)
			x->stream.events->opened(&x->stream, x->stream.arg);
		if (x->phase == EXEC_OPEN)
			exec_flush(x);
	}
	return used;
}

static size_t exec_on_data(struct stream *s, const char *bytes, size_t len, void *arg)
{
	struct exec *x = arg;
	size_t used = 0;
	if (x->phase == EXEC_CONNECTING)
		used = exec_take_head(x, bytes, len);
	if (x->phase == EXEC_REFUSED) {
		buf_add(&x->head, bytes + used, len - used);
		return len;
	}
	if (x->phase != EXEC_OPEN || used == len)
		return x->phase == EXEC_OPEN ? used : len;
	/* The first output proves that the exec runs. The size sent after the 101 may have come too
	 * early. */
	if (!x->first_byte) {
		x->first_byte = true;
		exec_send_size(x);
	}
	return used + x->stream.events->data(&x->stream, bytes + used, len - used, x->stream.arg);
}

static void exec_on_drained(struct stream *s, void *arg)
{
	struct exec *x = arg;
	if (x->phase == EXEC_OPEN && x->stream.events->drained)
		x->stream.events->drained(&x->stream, x->stream.arg);
}

static void exec_on_closed(struct stream *s, const struct stream_end *e, void *arg)
{
	struct exec *x = arg;
	x->raw = NULL;
	x->end.err = e->err;
	if (x->phase == EXEC_OPEN && !e->err.code && x->engine->origin) {
		/* only the engine knows the exit code */
		char path[64 + CTR_ID_SIZE];
		x->phase = EXEC_ENDING;
		snprintf(path, sizeof(path), "/exec/%s/json", x->exec_id);
		x->call = engine_get(x->engine, path,
		                     (struct call_spec){ .done = exec_code_done,
		                                         .arg = x,
		                                         .timeout_ms = 3000 });
	} else if (x->phase == EXEC_REFUSED) {
		/* the body may be chunked, so look for the JSON between its braces */
		const char *json = x->head.len ? memchr(x->head.data, '{', x->head.len) : NULL;
		const char *close = json ? memrchr(json, '}',
		                                   x->head.len - (size_t)(json - x->head.data))
		                         : NULL;
		if (close)
			exec_fail(x, ERR_REFUSED, json, (size_t)(close + 1 - json));
		else
			exec_fail(x, ERR_REFUSED, x->head.data ? x->head.data : "", x->head.len);
	} else {
		exec_end(x);
	}
}

static const struct stream_events raw_events = { .data = exec_on_data,
	                                         .drained = exec_on_drained,
	                                         .closed = exec_on_closed };

static void exec_made(struct call *call, const struct reply *r, void *arg)
{
	struct exec *x = arg;
	x->call = NULL;
	if (r->err.code) {
		x->end.err = r->err;
		exec_end(x);
		return;
	}
	if (r->status != 201 || !exec_read_id(r->body, r->len, x->exec_id, sizeof(x->exec_id))) {
		exec_fail(x, ERR_REFUSED, r->body, r->len);
		return;
	}
	struct engine *e = x->engine;
	const struct endpoint *endpoint = origin_endpoint(e->origin);
	char body[96], request[640];
	struct err err = { 0 };
	x->phase = EXEC_CONNECTING;
	x->raw = endpoint ? link_open(source_link(&e->source), endpoint, &raw_events, x, &err)
	                  : NULL;
	if (!x->raw) {
		x->end.err = err;
		exec_end(x);
		return;
	}
	snprintf(body, sizeof(body), "{\"Detach\":false,\"Tty\":true}");
	int n = snprintf(request, sizeof(request),
	                 "POST /v%s/exec/%s/start HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
	                 "application/json\r\n"
	                 "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: %zu\r\n\r\n%s",
	                 e->api, x->exec_id, strlen(body), body);
	stream_write(x->raw, request, (size_t)n);
}

/* --- the caller's side --------------------------------------------------- */

static size_t exec_x_write(struct stream *s, const void *bytes, size_t len)
{
	struct exec *x = (struct exec *)s;
	if (x->phase == EXEC_OPEN && !x->out.len)
		return stream_write(x->raw, bytes, len);
	size_t room = STREAM_QUEUE_MAX - x->out.len, n = len < room ? len : room;
	return buf_add(&x->out, bytes, n) ? n : 0;
}

static void exec_x_write_eof(struct stream *s)
{
	struct exec *x = (struct exec *)s;
	x->eof = true;
	if (x->phase == EXEC_OPEN)
		exec_flush(x);
}

static void exec_x_resume(struct stream *s)
{
	struct exec *x = (struct exec *)s;
	if (x->raw)
		stream_resume(x->raw);
}

static void exec_x_resize(struct stream *s, int cols, int rows)
{
	struct exec *x = (struct exec *)s;
	x->cols = cols;
	x->rows = rows;
	if (x->phase == EXEC_OPEN)
		exec_send_size(x);
}

static void exec_x_close(struct stream *s)
{
	struct exec *x = (struct exec *)s;
	if (x->phase == EXEC_GONE)
		return;
	if (x->phase == EXEC_OPEN)
		exec_hang_up(x);
	exec_let_go(x);
}

static const struct stream_ops exec_ops = {
	.write = exec_x_write,
	.write_eof = exec_x_write_eof,
	.resume = exec_x_resume,
	.resize = exec_x_resize,
	.close = exec_x_close,
};

struct stream *exec_shell(struct row *row, const char *term, int cols, int rows,
                          const struct stream_events *events, void *arg, struct err *err)
{
	struct ctr *c = ctr_of(row);
	char path[64 + CTR_ID_SIZE];
	if (!c || !c->engine->origin || !origin_endpoint(c->engine->origin)) {
		err_set(err, ERR_LOST, "%s: its engine cannot be reached now", row->name);
		return NULL;
	}
	if (c->row->state != CONTAINER_RUNNING) {
		err_set(err, ERR_REFUSED, "%s is %s: a shell needs it running; start it first",
		        row->name, container_state_name(c->row->state));
		return NULL;
	}
	struct exec *x = xcalloc(1, sizeof(*x));
	*x = (struct exec){ .stream = { .ops = &exec_ops, .events = events, .arg = arg },
		            .engine = c->engine,
		            .next = c->engine->execs,
		            .name = xstrdup(row->name),
		            .cols = cols,
		            .rows = rows };
	x->end.exit_code = -1;
	c->engine->execs = x;
	snprintf(x->id, sizeof(x->id), "%s", c->id);
	buf_init(&x->head, HEAD_MAX + REFUSAL_MAX);
	buf_init(&x->out, STREAM_QUEUE_MAX);
	uint64_t random[2] = { 0 };
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		random[0] = (uint64_t)(uintptr_t)x;
	snprintf(x->marker, sizeof(x->marker), "MOCR_SHELL=%012llx",
	         (unsigned long long)(random[0] >> 16));
	static const char *const cmd[] = {
		"sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash || exec sh"
	};
	char variable[96];
	snprintf(variable, sizeof(variable), "TERM=%.80s", term && *term ? term : "xterm");
	const char *env[] = { variable, x->marker };
	cJSON *o = cJSON_CreateObject();
	cJSON_AddTrueToObject(o, "AttachStdin");
	cJSON_AddTrueToObject(o, "AttachStdout");
	cJSON_AddTrueToObject(o, "AttachStderr");
	cJSON_AddTrueToObject(o, "Tty");
	cJSON_AddItemToObject(o, "Cmd", cJSON_CreateStringArray(cmd, ARRAY_LEN(cmd)));
	cJSON_AddItemToObject(o, "Env", cJSON_CreateStringArray(env, ARRAY_LEN(env)));
	char *body = exec_print_and_delete(o);
	snprintf(path, sizeof(path), "/containers/%s/exec", c->id);
	x->call = engine_get(c->engine, path,
	                     (struct call_spec){ .method = "POST",
	                                         .body = body,
	                                         .body_len = strlen(body),
	                                         .done = exec_made,
	                                         .arg = x });
	free(body);
	return &x->stream;
}

void execs_engine_gone(struct engine *e)
{
	while (e->execs) {
		struct exec *x = e->execs;
		err_set(&x->end.err, ERR_LOST,
		        "the link to %s was lost; the shell in %s may still run there",
		        e->source.server->name, x->name);
		exec_end(x);
	}
}
