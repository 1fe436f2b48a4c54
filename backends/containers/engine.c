/* engine.c: finds, lists and follows one container engine on one server.
 *
 * When the link comes up, three requests leave at once: a ping, the subscription to events, and the
 * list. They use the API version that nearly every engine speaks. If the ping names another
 * version, the other two are sent again. The list may be older than the subscription. So the list
 * is requested once more when the subscription is open. Thus the first rows appear after one round
 * trip, and no change in between is lost.
 *
 * All input from the engine goes through source_feed. feed needs no live connection, so a recording
 * makes the same rows. */
#include "backends/containers/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/wash.h"
#include "backends/containers/frames.h"
#include "backends/base/mask.h"
#include "backends/containers/updates.h"

#define RELIST_DELAY_MS 50
#define RELIST_GAP_MS 300 /* minimum between two list requests, however many events arrive */
#define RETRY_MIN_MS 500
#define RETRY_MAX_MS 30000
#define LOOK_AGAIN_MS 60000 /* interval for looking whether an absent engine has appeared */
/* The same where no shell reports sockets. There each failed attempt writes a line to the server's
 * journal. */
#define LOOK_UNTOLD_MS 300000
#define GONE_MAX (64u << 10)

static void engine_begin(struct engine *);
static void engine_start_list(struct engine *);
static void engine_follow(struct engine *);
static void engine_hears(struct engine *);
static void engine_prepare(struct engine *);

int64_t engine_now(const struct engine *e)
{
	return now_wall_ms();
}

int64_t engine_mono(const struct engine *e)
{
	return loop_now(store_loop(e->source.store));
}

struct sync_mark engine_mark(const struct engine *e)
{
	return sync_now(&e->sync, engine_mono(e));
}

bool engine_has_socket(const struct engine *e)
{
	const struct endpoint *r = e->origin ? origin_endpoint(e->origin) : NULL;
	return !r || r->kind != ENDPOINT_EXEC;
}

struct call *engine_get(struct engine *e, const char *path, struct call_spec spec)
{
	char *full = xasprintf("/v%s%s", e->api, path);
	spec.path = full;
	struct call *c = call_start(e->origin, &spec);
	free(full);
	return c;
}

/* --- stopping and failing ------------------------------------------------ */

static void engine_cancel(struct call **c)
{
	call_cancel(*c);
	*c = NULL;
}

void engine_cancel_ctr(struct ctr *c)
{
	if (c->call) {
		engine_cancel(&c->call);
		c->engine->inspects--;
	}
	fetch_cancel(&c->inspect);
	fetch_cancel(&c->tail);
	fetch_cancel(&c->image);
	stats_stop(c);
}

static void engine_stop_calls(struct engine *e)
{
	engine_cancel(&e->ping);
	engine_cancel(&e->list);
	engine_cancel(&e->events);
	json_lines_finish(&e->event_lines);
	sync_close(&e->sync);
	loop_timer_set(e->relist, -1);
	loop_timer_set(e->retry, -1);
	loop_timer_set(e->look, -1);
	for (struct ctr *c = e->ctrs; c; c = c->hh.next)
		engine_cancel_ctr(c);
}

/* Says what the user can do to gain access. Docker's own message names only the socket. */
static void engine_denied_sentence(const struct engine *e, const struct err *why, struct err *out)
{
	const char *cli = e->param->cli, *server = e->source.server->name;
	const char *user = "the login user", *name = "USER";
	if (*e->source.server->user)
		user = name = e->source.server->user;
	if (strstr(why->text, LINK_FORBIDS))
		err_set(out, ERR_DENIED, "%s on %s cannot be asked: %s", e->param->title, server,
		        why->text);
	else if (e->param->is_podman)
		err_set(out, ERR_DENIED,
		        "%s may not use %s's socket on %s: log in as root there, or use the user's "
		        "own engine (%s)",
		        user, e->param->title, server, why->text);
	else
		err_set(out, ERR_DENIED,
		        "%s is not in group docker on %s: `sudo usermod -aG docker %s` there and "
		        "log in again, or allow "
		        "`sudo -n %s`",
		        user, server, name, cli);
}

/* Does the vitals shell report on this engine's socket? A socket named by DOCKER_HOST may be
 * anywhere. */
static bool engine_is_listed(const struct engine *e)
{
	struct endpoint endpoints[ENGINE_ENDPOINTS_MAX] = { 0 };
	char path[ENGINE_PATH_SIZE];
	size_t n = e->param->endpoints(&e->source, endpoints, path, sizeof(path));
	return n && endpoints[0].kind == ENDPOINT_UNIX &&
	       server_socket_is_told(e->source.server, e->param->socket, endpoints[0].path);
}

/* The user may start a stopped engine at once, so the first looks come soon. */
static void engine_look_later(struct engine *e)
{
	bool cheap = link_is_local(source_link(&e->source)) || engine_is_listed(e);
	int64_t ms = cheap ? LOOK_AGAIN_MS : LOOK_UNTOLD_MS;
	if (e->stopped)
		ms = backoff_ms(&e->pause, RETRY_MIN_MS, RETRY_MAX_MS);
	loop_timer_set(e->look, ms);
}

static void engine_fail(struct engine *e, const struct err *err)
{
	struct err said = *err;
	const char *unit = e->param->is_podman ? "podman.socket" : "docker";
	engine_stop_calls(e);
	e->stopped = false;
	if (source_link(&e->source)->state != LINK_UP)
		return; /* engine_down() does the rest */
	const struct endpoint *used = e->origin ? origin_endpoint(e->origin) : NULL;
	bool by_command = used && used->kind == ENDPOINT_EXEC;
	if (!by_command && (e->greeted || err->code == ERR_ABSENT)) {
		/* A connection failed, or a working engine disappeared. Marks the socket, so that
		 * the shell looks at the kernel's list before the next attempt. */
		if (engine_is_listed(e) &&
		    server_socket(e->source.server, e->param->socket) == SOCKET_OPEN)
			server_socket_failed(e->source.server, e->param->socket, e->greeted);
	}
	const char *of_user = e->param->of_user ? "--user " : "";
	/* The server has no such engine. That is not a fault. The link reports ERR_ABSENT only when
	 * it is sure. */
	if (!e->greeted && !e->ctrs && err->code == ERR_ABSENT) {
		e->stopped = engine_is_listed(e) && !e->not_ours &&
		             server_socket_is_set_up(e->source.server, e->param->socket);
		if (e->stopped)
			err_set(&said, ERR_ABSENT,
			        "%s on %s is stopped (%s); `systemctl %sstart %s` there starts it",
			        e->param->title, e->source.server->name, err->text, of_user, unit);
		bool elsewhere = !e->stopped && engine_elsewhere(e, &said);
		const struct err *told = e->stopped || elsewhere ? &said : NULL;
		source_set_state(&e->source, e->stopped ? SOURCE_FAILED : SOURCE_ABSENT, told);
		engine_look_later(e);
		return;
	}
	if (err->code == ERR_DENIED) {
		engine_denied_sentence(e, err, &said);
		source_set_state(&e->source, SOURCE_DENIED, &said);
		return;
	}
	if (err->code == ERR_ABSENT) /* the engine answered earlier */
		err_set(&said, ERR_ABSENT,
		        "%s on %s has stopped (%s); `systemctl %sstart %s` there starts it",
		        e->param->title, e->source.server->name, err->text, of_user, unit);
	source_set_state(&e->source, e->ctrs ? SOURCE_STALE : SOURCE_FAILED, &said);
	loop_timer_set(e->retry, backoff_ms(&e->pause, RETRY_MIN_MS, RETRY_MAX_MS));
}

/* --- feeding answers ----------------------------------------------------- */

/* The endpoint in use, in words for the user. */
static const char *engine_way(const struct engine *e)
{
	const struct endpoint *r = e->origin ? origin_endpoint(e->origin) : NULL;
	if (!r || r->kind != ENDPOINT_EXEC)
		return r ? ", by its socket" : "";
	const char *root = engine_root_prefix(r);
	if (*root == 's')
		return ", by sudo -n docker system dial-stdio";
	if (*root)
		return ", by doas -n docker system dial-stdio";
	return ", by docker system dial-stdio";
}

static void engine_feed_ping(struct engine *e, const char *text, size_t len)
{
	char api[32] = "", podman[32], server[64] = "";
	bool is_podman = ctr_head_value(text, len, "Libpod-Api-Version", podman, sizeof(podman));
	ctr_head_value(text, len, "Server", server, sizeof(server));
	ctr_head_value(text, len, "Api-Version", api, sizeof(api));
	/* podman-docker's socket: the Podman source shows these containers */
	if (is_podman && !e->param->is_podman) {
		e->not_ours = true;
		engine_stop_calls(e);
		source_set_state(&e->source, SOURCE_ABSENT, NULL);
		return;
	}
	e->not_ours = false;
	int top = ctr_version(api), want = ctr_version(ENGINE_API),
	    most = ctr_version(ENGINE_API_MAX);
	if (top >= 0 && !e->param->is_podman) {
		/* A newer engine may have dropped 1.41: Docker 29.0 requires 1.44. All engines
		 * from 1.44 on still speak 1.44. */
		int use;
		if (top < want)
			use = top;
		else if (top >= most)
			use = most;
		else
			use = want;
		snprintf(e->api, sizeof(e->api), "%d.%d", use / 1000, use % 1000);
	}
	snprintf(e->version, sizeof(e->version), "%s", *server ? server : e->param->title);
	snprintf(e->source.detail, sizeof(e->source.detail), "%s, API %s of %s%s", e->version,
	         e->api, *api ? api : "?", engine_way(e));
}

static void engine_feed_list(struct engine *e, const char *json, size_t len)
{
	struct ctr_list list;
	struct err err;
	if (!ctr_list_parse(&list, json, len, &err)) {
		struct err said;
		err_set(&said, err.code, "%s on %s: %s", e->param->title, e->source.server->name,
		        err.text);
		if (e->origin)
			engine_fail(e, &said);
		else
			source_set_state(&e->source, SOURCE_FAILED, &said);
		return;
	}
	struct sync_view view = sync_is_asked(&e->sync) ? sync_take(&e->sync)
	                                                : sync_told(&e->sync, engine_mono(e));
	apply_list(e, &view, &list);
	source_left_out(&e->source, &kind_container, list.left_out);
	ctr_list_finish(&list);
	backoff_reset(&e->pause);
	e->greeted = true;
	e->stopped = false;
	source_set_state(&e->source, SOURCE_LIVE, NULL);
	/* The subscription was requested before this list. So it counts as open, even before its
	 * answer. */
	engine_hears(e);
	engine_fetch(e);
	stats_shown(e);
	logs_poll_now(e);
	updates_poll(e);
}

static void engine_feed_event(struct engine *e, const char *json, size_t len)
{
	struct ctr_event ev;
	if (!ctr_event_parse(&ev, json, len))
		return;
	if (*ev.time)
		snprintf(e->last_event, sizeof(e->last_event), "%s", ev.time);
	apply_event(e, &ev);
}

static void engine_take_inspect(struct engine *e, const char *id, const char *json, size_t len,
                                bool overtaken)
{
	struct ctr *c = ctr_find(e, id);
	struct ctr_inspect in;
	if (!c || !ctr_inspect_parse(&in, json, len, NULL))
		return;
	/* an answer about another container; ids from events may be shortened */
	if (*in.id && strncmp(in.id, id, strlen(id)) != 0)
		return;
	if (fetch_was_opened(&c->inspect) || !e->origin) {
		free(c->answer);
		c->answer = xstrndup(json, len);
		/* ends at a NUL, if any: valid JSON has none */
		c->answer_len = strlen(c->answer);
	}
	apply_inspect(c, &in, overtaken);
}

static void engine_feed_inspect(struct engine *e, const char *id, const char *json, size_t len)
{
	engine_take_inspect(e, id, json, len, false);
}

static void engine_feed_overtaken(struct engine *e, const char *id, const char *json, size_t len)
{
	engine_take_inspect(e, id, json, len, true);
}

static void engine_feed_tail(struct engine *e, const char *id, const char *text, size_t len)
{
	struct ctr *c = ctr_find(e, id);
	if (c)
		apply_tail(c, text, len);
}

static void engine_feed_stats(struct engine *e, const char *id, const char *json, size_t len)
{
	struct ctr *c = ctr_find(e, id);
	if (c)
		stats_feed(c, json, len);
}

static void engine_feed_image(struct engine *e, const char *image_id, const char *json, size_t len)
{
	enum compose_origin origin;
	if (ctr_image_parse(&origin, json, len, NULL))
		apply_image(e, image_id, origin);
}

static void engine_feed_newer(struct engine *e, const char *id, const char *line, size_t len)
{
	updates_feed(e, line, len);
}

static void engine_feed(struct source *s, const char *what, const char *bytes, size_t len)
{
	struct engine *e = engine_of(s);
	static const struct {
		const char *what;
		void (*fn)(struct engine *, const char *, size_t);
	} plain[] = { { "ping", engine_feed_ping },
		      { "list", engine_feed_list },
		      { "event", engine_feed_event } };
	static const struct {
		const char *what;
		void (*fn)(struct engine *, const char *id, const char *, size_t);
	} of_one[] = { { "inspect:", engine_feed_inspect }, { "overtaken:", engine_feed_overtaken },
		       { "tail:", engine_feed_tail },       { "stats:", engine_feed_stats },
		       { "image:", engine_feed_image },     { "newer:", engine_feed_newer } };
	engine_prepare(e); /* a recording is fed without engine_up() */
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (strcmp(what, plain[i].what) == 0)
			plain[i].fn(e, bytes, len);
	for (size_t i = 0; i < ARRAY_LEN(of_one); i++)
		if (strncmp(what, of_one[i].what, strlen(of_one[i].what)) == 0)
			of_one[i].fn(e, what + strlen(of_one[i].what), bytes, len);
}

/* --- events -------------------------------------------------------------- */

static void engine_event_line(const char *line, size_t len, void *arg)
{
	struct engine *e = arg;
	if (e->events)
		source_feed(&e->source, "event", line, len);
}

static bool engine_events_data(struct call *c, const char *bytes, size_t len, void *arg)
{
	struct engine *e = arg;
	json_lines_feed(&e->event_lines, bytes, len, engine_event_line, e);
	return true;
}

/* Sets the timer for a wanted list. Does nothing while a list request is in flight. */
static void engine_list_later(struct engine *e)
{
	if (!sync_is_asked(&e->sync))
		loop_timer_set(e->relist, sync_wait(&e->sync, engine_mono(e)));
}

/* Events arrive from now on. A list requested at the same time may be older, so sync wants another
 * list. */
static void engine_hears(struct engine *e)
{
	if (e->sync.stream == SYNC_OPENING)
		sync_hears(&e->sync, engine_mono(e));
	if (e->origin)
		engine_list_later(e);
}

static void engine_events_answered(struct call *c, void *arg)
{
	struct engine *e = arg;
	engine_hears(e);
	engine_relist(e);
}

static void engine_events_done(struct call *c, const struct reply *r, void *arg)
{
	struct engine *e = arg;
	struct err err = r->err;
	char said[160];
	e->events = NULL;
	if (e->ping && r->status >= 400) /* wrong API version: the ping will name the right one */
		return;
	if (r->status == 400 && strcmp(e->events_api, e->api) != 0) {
		engine_follow(e);
		return;
	}
	if (!err.code && r->status / 100 != 2)
		err_set(&err, ERR_REFUSED, "%s on %s does not send its events: %s", e->param->title,
		        e->source.server->name, ctr_message(said, sizeof(said), r->body, r->len));
	else if (!err.code)
		err_set(&err, ERR_LOST, "%s on %s ended its stream of events: it may be restarting",
		        e->param->title, e->source.server->name);
	engine_fail(e, &err);
}

/* --- the list ------------------------------------------------------------ */

static void engine_list_done(struct call *c, const struct reply *r, void *arg)
{
	struct engine *e = arg;
	struct err err = r->err;
	char said[160];
	e->list = NULL;
	if (e->ping && (err.code || r->status >= 400)) {
		sync_refused(&e->sync, engine_mono(e));
		return; /* the ping reports the error */
	}
	if (r->status == 400 && strcmp(e->list_api, e->api) != 0) {
		sync_refused(&e->sync, engine_mono(e));
		/* The engine refuses the events of that version too. A list alone would be
		 * requested again with them, and every inspect after it. */
		if (strcmp(e->events_api, e->api) != 0)
			engine_follow(e);
		else
			engine_start_list(e);
		return;
	}
	if (!err.code && r->status != 200)
		err_set(&err, ERR_REFUSED, "%s on %s refuses the list of containers (%d): %s",
		        e->param->title, e->source.server->name, r->status,
		        ctr_message(said, sizeof(said), r->body, r->len));
	if (err.code) {
		engine_fail(e, &err);
		return;
	}
	source_feed(&e->source, "list", r->body, r->len);
	engine_list_later(e);
}

static void engine_start_list(struct engine *e)
{
	sync_ask(&e->sync, engine_mono(e));
	snprintf(e->list_api, sizeof(e->list_api), "%s", e->api);
	e->list = engine_get(e, "/containers/json?all=1",
	                     (struct call_spec){
				     .done = engine_list_done, .arg = e, .max = ENGINE_LIST_MAX });
}

static void engine_on_relist(struct loop_timer *t, void *arg)
{
	struct engine *e = arg;
	if (e->origin && sync_wait(&e->sync, engine_mono(e)) == 0)
		engine_start_list(e);
	else
		engine_list_later(e);
}

void engine_relist(struct engine *e)
{
	if (!e->origin)
		return;
	sync_want(&e->sync, engine_mono(e));
	engine_list_later(e);
}

/* Requests events and list in the current API version. Cancels requests in another version. */
static void engine_follow(struct engine *e)
{
	engine_cancel(&e->list);
	engine_cancel(&e->events);
	loop_timer_set(e->relist, -1);
	sync_close(&e->sync);
	sync_open(&e->sync);
	/* Podman sends no header before the first event, so nothing shows when the stream is
	 * open. */
	if (e->param->is_podman)
		sync_hears(&e->sync, engine_mono(e));
	/* Each health check makes three exec events, so the filter names only the needed events. It
	 * has Docker's names and Podman's. */
	static const char filters[] = "{\"type\":[\"container\"],\"event\":[\"create\",\"start\","
				      "\"die\",\"died\",\"stop\",\"kill\","
				      "\"pause\",\"unpause\",\"destroy\",\"remove\",\"rename\","
				      "\"health_status\",\"oom\",\"restart\","
				      "\"update\"]}";
	char *encoded = http_encode(filters), *path;
	path = *e->last_event ? xasprintf("/events?since=%s&filters=%s", e->last_event, encoded)
	                      : xasprintf("/events?filters=%s", encoded);
	json_lines_finish(&e->event_lines);
	snprintf(e->events_api, sizeof(e->events_api), "%s", e->api);
	/* Podman sends no response header before the first event. So no timeout can tell a slow
	 * stream from a quiet one. */
	e->events = engine_get(e, path,
	                       (struct call_spec){ .data = engine_events_data,
	                                           .answered = engine_events_answered,
	                                           .done = engine_events_done,
	                                           .arg = e,
	                                           .timeout_ms = INT32_MAX });
	free(path);
	free(encoded);
	engine_start_list(e);
}

/* --- one container: inspect and last lines ------------------------------- */

/* If an event overtook this answer, its state is not applied. The old state would undo the
 * event. */
static void engine_inspect_done(struct call *call, const struct reply *r, void *arg)
{
	struct ctr *c = arg;
	struct engine *e = c->engine;
	char what[16 + CTR_ID_SIZE], said[160];
	c->call = NULL;
	e->inspects--;
	xreplace(&c->detail_err, NULL);
	if (r->status == 200) {
		enum fetch_fate fate = fetch_answer(&c->inspect, &e->sync, c->changed);
		snprintf(what, sizeof(what), "%s:%s",
		         fate == FETCH_OVERTAKEN ? "overtaken" : "inspect", c->id);
		source_feed(&e->source, what, r->body, r->len);
		/* the inspect may be the only sign of a new start */
		logs_poll_now(e);
		engine_fetch(e);
		return;
	}
	fetch_failed(&c->inspect, engine_mono(e));
	if (fetch_was_opened(&c->inspect)) {
		c->detail_err = xstrdup(r->err.code
		                                ? r->err.text
		                                : ctr_message(said, sizeof(said), r->body, r->len));
		store_touch(&c->row->row);
	}
	engine_fetch(e);
}

static void engine_tail_line(const char *time, const char *line, size_t len, bool error, void *arg)
{
	struct buf *out = arg;
	buf_add(out, line, len);
	buf_add(out, "\n", 1);
}

static bool engine_tail_data(struct call *call, const char *bytes, size_t len, void *arg)
{
	struct ctr *c = arg;
	buf_add(&c->tail_in, bytes, len);
	return true;
}

static void engine_tail_done(struct call *call, const struct reply *r, void *arg)
{
	struct ctr *c = arg;
	struct engine *e = c->engine;
	struct frames frames;
	struct buf text;
	char what[16 + CTR_ID_SIZE];
	c->call = NULL;
	e->inspects--;
	/* overtaken: the lines may belong to an earlier end */
	bool overtaken = fetch_answer(&c->tail, &e->sync, c->changed) == FETCH_OVERTAKEN;
	bool ended = c->row->state != CONTAINER_RUNNING && c->row->state != CONTAINER_PAUSED;
	if (r->status == 200 && (!overtaken || ended)) {
		buf_init(&text, 2u << 20);
		frames_init(&frames, c->row->tty, engine_tail_line, &text);
		frames_feed(&frames, c->tail_in.data ? c->tail_in.data : "", c->tail_in.len);
		frames_end(&frames, true);
		frames_finish(&frames);
		snprintf(what, sizeof(what), "tail:%s", c->id);
		source_feed(&e->source, what, text.data ? text.data : "", text.len);
		buf_finish(&text);
	}
	if (overtaken && ended)
		fetch_want(&c->tail);
	else if (overtaken)
		fetch_forget(&c->tail);
	buf_finish(&c->tail_in);
	engine_fetch(e);
}

/* The image of a container whose own labels do not prove that compose made it. A refusal leaves
 * that unknown, so the container then counts as not made by compose. */
static void engine_image_done(struct call *call, const struct reply *r, void *arg)
{
	struct ctr *c = arg;
	struct engine *e = c->engine;
	c->call = NULL;
	e->inspects--;
	if (r->status == 200) {
		fetch_answer(&c->image, &e->sync, SYNC_NEVER);
		char *what = xasprintf("image:%s", c->row->image_id);
		source_feed(&e->source, what, r->body, r->len);
		free(what);
	}
	/* an answer that says nothing about labels fails, too */
	if (r->status != 200 || c->by_image == COMPOSE_CLAIMED)
		fetch_failed(&c->image, engine_mono(e));
	engine_fetch(e);
}

/* The next request about one container. */
enum engine_due { DUE_NOTHING, DUE_INSPECT, DUE_TAIL, DUE_IMAGE };

/* A healthy row off screen needs no inspect. */
static enum engine_due engine_due(const struct ctr *c)
{
	const struct container *row = c->row;
	const struct sync *sync = &c->engine->sync;
	if (c->call)
		return DUE_NOTHING;
	bool matters = row->state != CONTAINER_RUNNING || row->health == CTR_HEALTH_UNHEALTHY ||
	               row->row.shown || fetch_was_opened(&c->inspect) || c->deaths[0] ||
	               fetch_is_wanted(&c->tail) || c->engine->param->is_podman;
	if (matters && (fetch_is_wanted(&c->inspect) || fetch_is_stale(&c->inspect, sync)))
		return DUE_INSPECT;
	if (fetch_is_wanted(&c->tail))
		return DUE_TAIL;
	/* the id becomes part of a path */
	static const char id_signs[] = "sha:0123456789bcdef";
	bool unknown = row->by_compose == COMPOSE_CLAIMED && row->image_id &&
	               !row->image_id[strspn(row->image_id, id_signs)];
	if (unknown && (fetch_is_wanted(&c->image) || fetch_is_stale(&c->image, sync)))
		return DUE_IMAGE;
	return DUE_NOTHING;
}

static void engine_fetch_one(struct ctr *c, enum engine_due due)
{
	struct engine *e = c->engine;
	struct call_spec spec = { .arg = c };
	char *path;
	e->inspects++;
	if (due == DUE_INSPECT) {
		path = xasprintf("/containers/%s/json", c->id);
		fetch_ask(&c->inspect, engine_mark(e));
		spec.done = engine_inspect_done;
	} else if (due == DUE_TAIL) {
		path = xasprintf("/containers/%s/logs?stdout=1&stderr=1&tail=%d", c->id,
		                 ENGINE_TAIL);
		buf_clear(&c->tail_in);
		fetch_ask(&c->tail, engine_mark(e));
		spec.data = engine_tail_data;
		spec.done = engine_tail_done;
	} else {
		path = xasprintf("/images/%s/json", c->row->image_id);
		fetch_ask(&c->image, engine_mark(e));
		spec.done = engine_image_done;
	}
	c->call = engine_get(e, path, spec);
	free(path);
}

void engine_fetch(struct engine *e)
{
	if (!e->origin || !sync_is_listed(&e->sync))
		return;
	unsigned most = engine_has_socket(e) ? ENGINE_INSPECTS : 1;
	for (struct ctr *c = e->ctrs; c && e->inspects < most; c = c->hh.next)
		if (engine_due(c) != DUE_NOTHING)
			engine_fetch_one(c, engine_due(c));
}

/* Answers are due that may explain an end or change a container's health. */
static bool engine_expects(const struct source *s)
{
	const struct engine *e = (const struct engine *)s;
	for (const struct ctr *c = e->ctrs; c && e->origin; c = c->hh.next)
		if (c->call || engine_due(c) != DUE_NOTHING)
			return true;
	return false;
}

/* --- the ping ------------------------------------------------------------ */

static void engine_ping_done(struct call *c, const struct reply *r, void *arg)
{
	static const char *const names[] = { "Api-Version", "Libpod-Api-Version", "Server",
		                             "Docker-Experimental" };
	struct engine *e = arg;
	struct err err = r->err;
	char said[80], asked[sizeof(e->api)];
	e->ping = NULL;
	if (!err.code && (r->status != 200 || !call_header(c, "Api-Version"))) {
		wash(said, sizeof(said), r->body, r->len);
		err_set(&err, ERR_GARBLED,
		        "what answers in place of %s on %s is not a container engine (status %d, "
		        "%s): %s",
		        e->param->title, e->source.server->name, r->status,
		        *r->content_type ? r->content_type : "no content type", said);
	}
	if (err.code) {
		engine_fail(e, &err);
		return;
	}
	struct buf head = { 0 };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (call_header(c, names[i]))
			buf_addf(&head, "%s: %s\n", names[i], call_header(c, names[i]));
	snprintf(asked, sizeof(asked), "%s", e->api);
	source_feed(&e->source, "ping", head.data, head.len);
	buf_finish(&head);
	if (e->not_ours)
		return;
	/* Sends requests again that were refused because of their version. Good answers are
	 * kept. */
	bool refused = ctr_version(e->api) < ctr_version(asked) ||
	               (!e->list && e->source.state != SOURCE_LIVE) || !e->events;
	if (refused)
		engine_follow(e);
	else
		engine_list_later(e);
}

/* Creates the origin. If the socket is known not to open, only the endpoints that run a command
 * remain. A search for an absent engine tries only the socket (n is 1). */
static void engine_begin_origin(struct engine *e, enum socket_say say,
                                const struct endpoint *endpoints, size_t n)
{
	struct err err;
	/* kept over a retry, because other streams use the origin too */
	if (e->origin)
		return;
	e->origin = origin_create(store_http(e->source.store), source_link(&e->source), endpoints,
	                          n);
	if (say == SOCKET_OPEN || n == 1)
		return;
	const char *server = e->source.server->name, *path = endpoints[0].path;
	if (say == SOCKET_DENIED)
		err_set(&err, ERR_DENIED, "%s: no permission to open %s", server, path);
	else
		err_set(&err, ERR_ABSENT, "%s: there is no %s", server, path);
	origin_shut(e->origin, &err);
}

static void engine_begin(struct engine *e)
{
	struct endpoint endpoints[ENGINE_ENDPOINTS_MAX] = { 0 };
	char path[ENGINE_PATH_SIZE];
	struct err why;
	engine_stop_calls(e);
	size_t n = e->param->endpoints(&e->source, endpoints, path, sizeof(path));
	if (!n && (e->source.server->uid == 0 || e->param->of_user))
		source_set_state(&e->source, SOURCE_ABSENT,
		                 engine_elsewhere(e, &why) ? &why : NULL);
	if (!n || source_link(&e->source)->state != LINK_UP)
		return;
	const struct endpoint *used = e->origin ? origin_endpoint(e->origin) : NULL;
	bool by_command = used && used->kind == ENDPOINT_EXEC;
	bool by_socket = endpoints[0].kind == ENDPOINT_UNIX && !by_command &&
	                 server_socket_is_told(e->source.server, e->param->socket,
	                                       endpoints[0].path);
	enum socket_say say = by_socket ? server_socket(e->source.server, e->param->socket)
	                                : SOCKET_OPEN;
	e->waits = say == SOCKET_WAIT;
	if (e->waits)
		return;
	if (e->only_socket)
		n = 1;
	bool was_there = used && used->kind == ENDPOINT_UNIX;
	if (was_there && server_sockets_untellable(e->source.server))
		say = SOCKET_OPEN; /* no shell can report when the engine is back */
	/* The socket must not be opened, and there is no other endpoint. */
	if (say == SOCKET_STOPPED || (say != SOCKET_OPEN && (n == 1 || was_there))) {
		const char *server = e->source.server->name, *socket = endpoints[0].path;
		if (say == SOCKET_DENIED)
			err_set(&why, ERR_DENIED, "%s: no permission to open %s", server, socket);
		else
			err_set(&why, ERR_ABSENT, "%s: %s does not run: nobody listens at %s",
			        server, e->param->title, socket);
		engine_fail(e, &why);
		return;
	}
	engine_begin_origin(e, say, endpoints, n);
	if (!*e->api)
		snprintf(e->api, sizeof(e->api), "%s", ENGINE_API);
	e->ping = call_start(e->origin, &(struct call_spec){ .path = "/_ping",
	                                                     .done = engine_ping_done,
	                                                     .arg = e,
	                                                     .max = 65536 });
	/* Most servers do not have these engines. Where no shell reports sockets, each failed
	 * connection writes a line to the server's journal. So only the ping is sent then, and the
	 * other requests follow its answer. */
	bool guess = (e->param->is_podman || e->param->of_user) &&
	             server_sockets_untellable(e->source.server);
	bool likely = e->source.state != SOURCE_ABSENT && !e->stopped;
	if (e->source.state == SOURCE_WAITING)
		likely = !guess;
	if (likely)
		engine_follow(e);
}

/* Lets the shell look at the socket before the next attempt. */
static void engine_on_retry(struct loop_timer *t, void *arg)
{
	struct engine *e = arg;
	bool by_socket = !e->origin || !origin_endpoint(e->origin) ||
	                 origin_endpoint(e->origin)->kind == ENDPOINT_UNIX;
	e->waits = by_socket && engine_is_listed(e) &&
	           server_sockets_ask(e->source.server, e->param->socket);
	if (!e->waits)
		engine_begin(e);
}

/* Tries an absent engine again with a new origin. The old origin carries no streams. */
static void engine_look_at_socket(struct engine *e, bool only)
{
	engine_stop_calls(e);
	origin_destroy(e->origin);
	e->origin = NULL;
	e->only_socket = only;
	engine_begin(e);
}

/* Has an absent engine appeared? An attempt on this machine leaves no trace. On other servers the
 * shell looks, and engine_sockets hears the result. */
static void engine_on_look(struct loop_timer *t, void *arg)
{
	struct engine *e = arg;
	if (link_is_local(source_link(&e->source)) || !engine_is_listed(e))
		engine_look_at_socket(e, true);
	else if (server_sockets_ask(e->source.server, e->param->socket))
		engine_look_later(e);
}

static void engine_sockets(struct source *s)
{
	struct engine *e = engine_of(s);
	if (!e->relist || (!e->waits && !engine_is_listed(e)))
		return;
	enum socket_say say = server_socket(s->server, e->param->socket);
	bool open = say == SOCKET_OPEN;
	/* a denied socket may still have another endpoint that works */
	bool missing = s->state == SOURCE_ABSENT || e->stopped;
	bool came = missing && (open || say == SOCKET_DENIED);
	/* its unit was enabled or disabled meanwhile */
	bool turned = missing && !e->not_ours && e->stopped != (say == SOCKET_STOPPED);
	bool away = s->state == SOURCE_STALE || s->state == SOURCE_FAILED;
	if (e->waits)
		engine_begin(e);
	else if (!e->not_ours && (came || (open && s->state == SOURCE_DENIED)))
		engine_look_at_socket(e, false);
	else if (turned && !came)
		engine_begin(e);
	else if (open && away && !e->ping && !e->list && !e->events)
		engine_begin(e);
}

/* Assesses rows that have left a restart loop. */
static void engine_on_settle(struct loop_timer *t, void *arg)
{
	struct engine *e = arg;
	for (struct ctr *c = e->ctrs; c; c = c->hh.next)
		if (c->row->state == CONTAINER_RUNNING)
			ctr_refresh(c);
}

/* --- the backend --------------------------------------------------------- */

static void engine_prepare(struct engine *e)
{
	struct loop *loop = store_loop(e->source.store);
	e->param = e->source.backend->param;
	e->sync.gone.max = GONE_MAX;
	e->sync.delay_ms = RELIST_DELAY_MS;
	e->sync.gap_ms = RELIST_GAP_MS;
	if (e->relist)
		return;
	e->relist = loop_timer_add(loop, -1, engine_on_relist, e);
	e->retry = loop_timer_add(loop, -1, engine_on_retry, e);
	e->look = loop_timer_add(loop, -1, engine_on_look, e);
	e->settle = loop_timer_add(loop, -1, engine_on_settle, e);
}

static void engine_up(struct source *s)
{
	struct engine *e = engine_of(s);
	engine_prepare(e);
	backoff_reset(&e->pause);
	if (e->only_socket) { /* it was absent: try all endpoints again */
		origin_destroy(e->origin);
		e->origin = NULL;
	}
	e->only_socket = false;
	updates_up(e);
	engine_begin(e);
}

static void engine_leave(struct engine *e)
{
	engine_stop_calls(e);
	updates_down(e);
	acts_end(e);
	pulls_end(e);
	execs_engine_gone(e);
	origin_destroy(e->origin);
	e->origin = NULL;
	e->greeted = false;
	e->api[0] = '\0';
	logs_poll_now(e);
}

static void engine_down(struct source *s)
{
	struct engine *e = engine_of(s);
	if (!e->relist)
		return;
	if (source_link(s)->state == LINK_UP)
		/* only a refresh: shells, logs and running actions continue */
		engine_stop_calls(e);
	else
		engine_leave(e);
}

static void engine_shown(struct source *s)
{
	struct engine *e = engine_of(s);
	if (!e->origin)
		return;
	engine_fetch(e);
	stats_shown(e);
}

static void engine_redact(const char *what, const char *bytes, size_t len, struct buf *out)
{
	if (strncmp(what, "tail:", 5) == 0 || strncmp(what, "newer:", 6) == 0)
		mask_text(out, bytes, len);
	else if (strcmp(what, "ping") == 0 || strncmp(what, "stats:", 6) == 0)
		buf_add(out, bytes, len);
	else
		mask_json(out, bytes, len);
}

static void engine_finish(struct source *s)
{
	struct engine *e = engine_of(s);
	if (e->relist)
		engine_leave(e);
	execs_free(e);
	logs_engine_gone(e);
	updates_free(e);
	struct ctr *c, *next;
	HASH_ITER (hh, e->ctrs, c, next)
		ctr_free(c);
	loop_timer_remove(e->relist);
	loop_timer_remove(e->retry);
	loop_timer_remove(e->look);
	loop_timer_remove(e->settle);
	sync_finish(&e->sync);
	json_lines_finish(&e->event_lines);
}

#define ENGINE_BACKEND(backend_name, engine_param, facts, plain_ids)                         \
	{                                                                                    \
		.name = backend_name, .source_size = sizeof(struct engine), .up = engine_up, \
		.down = engine_down, .feed = engine_feed, .redact = engine_redact,           \
		.expects = engine_expects, .shown = engine_shown, .finish = engine_finish,   \
		.sockets = engine_sockets, .needs_facts = facts, .param = engine_param,      \
		.plain = plain_ids                                                           \
	}

const struct backend backend_docker = ENGINE_BACKEND("docker", &engine_docker, false, NULL);
const struct backend backend_docker_user = ENGINE_BACKEND("docker-user", &engine_docker_user, true,
                                                          &backend_docker);
const struct backend backend_podman = ENGINE_BACKEND("podman", &engine_podman, false,
                                                     &backend_docker);
const struct backend backend_podman_user = ENGINE_BACKEND("podman-user", &engine_podman_user, true,
                                                          &backend_docker);
