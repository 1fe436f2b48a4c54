/* tailscale.c: tailscaled on one server, by LocalAPI over the forwarded socket.
 *
 * Source: Tailscale LocalAPI, as in the source of tailscale/tailscale (August 2026).
 *
 * /status fills the rows. /watch-ipn-bus stays open and only triggers the next /status. The reason:
 * every release changed the bus format, but not that of the status. If sshd forbids forwarded
 * sockets, the program replaces them: `tailscale debug watch-ipn` runs as long as the link. Each
 * line of its output triggers `tailscale status --json`. So at rest no process starts on a
 * server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mask.h"
#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/quote.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/services/unit.h"
#include "backends/store/settings.h"
#include "backends/vitals/sockets.h"
#include "backends/vpn/acts.h"
#include "backends/vpn/tailscale.h"

#define PROGRAM TS_PROGRAM_PATH "command -v tailscale >/dev/null 2>&1 || exit 127; exec "
/* Initial state, no private keys, peer changes (ignored by old daemons). */
#define BUS_MASK (2 | 16 | 4096)
#define BUS_MASK_OLD (2 | 16)
#define ASK_GAP_MS 250 /* minimum between two polls, however many events arrive */
#define SHOWN_MS 5000  /* traffic counters, while rows are visible */
#define HIDDEN_MS 60000
#define PROGRAM_SHOWN_MS \
	60000 /* by program: for counters only, because the watch reports changes */
#define PROGRAM_MS 600000
#define WATCH_MIN_MS 5000 /* a watch that ends sooner does not work at all */
#define ABSENT_MS 30000   /* interval to look for a new tailscaled */
#define ABSENT_SOON_MS 5000
#define ABSENT_UNKNOWN_MS 600000 /* where no systemd source is live */
#define CLOCK_NEAR_MS 3000      /* the HTTP Date header has whole seconds */
#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 60000
#define STATUS_MAX (16u << 20)
#define CALL_MS 10000

static void ts_ask_status(struct ts *);
static void ts_start_bus(struct ts *);
static void ts_begin(struct ts *);

static struct ts *ts_of(struct source *source)
{
	return (struct ts *)source;
}

const char *ts_state(const struct source *source)
{
	return source && source->backend == &backend_tailscale ? ((const struct ts *)source)->state
	                                                       : "";
}

const char *ts_suffix(const struct source *source)
{
	return source && source->backend == &backend_tailscale ? ((const struct ts *)source)->suffix
	                                                       : "";
}

bool ts_accepts_routes(const struct source *source)
{
	return source && source->backend == &backend_tailscale &&
	       ((const struct ts *)source)->accepts_routes;
}

static bool ts_by_program(const struct ts *t)
{
	return t->way == TS_BY_PROGRAM || t->way == TS_BY_PROGRAM_TRY;
}

/* The socket is denied. The program may have the right that the login lacks. */
static void ts_use_program(struct ts *t, const struct err *denied)
{
	t->way = t->way == TS_BY_SOCKET_ONLY ? TS_BY_PROGRAM_TRY : TS_BY_PROGRAM;
	t->denied = *denied;
}

struct origin *ts_origin(struct source *source)
{
	struct ts *t = ts_of(source);
	return ts_by_program(t) ? NULL : t->origin;
}

/* --- stop and fail -------------------------------------------------------- */

static void ts_let_go(struct ts *t)
{
	call_cancel(t->status);
	call_cancel(t->bus);
	call_cancel(t->prefs);
	run_cancel(t->run);
	stream_close(t->watch);
	t->status = t->bus = t->prefs = NULL;
	t->run = NULL;
	t->watch = NULL;
	fetch_cancel(&t->round);
	fetch_forget(&t->round);
	if (t->timer) {
		loop_timer_set(t->timer, -1);
		loop_timer_set(t->retry, -1);
	}
}

const char *ts_own_socket(const struct source *source)
{
	const struct server_config *c = source->server->config;
	return c ? c->tailscale_socket : NULL;
}

static const struct unit *ts_own_unit(const struct server *v)
{
	char *id = xasprintf("%s/unit/tailscaled.service", v->name);
	const struct row *row = store_find(v->store, id);
	free(id);
	return row && row->kind == &kind_unit ? ROW_AS(unit, row) : NULL;
}

static bool ts_units_are_known(const struct server *v)
{
	const struct source *s = server_source(v, "systemd");
	return s && s->state == SOURCE_LIVE;
}

/* tailscaled never answered: it is not installed or does not run. */
static void ts_fail_absent(struct ts *t)
{
	struct err said;
	/* Its unit is enabled but not active. */
	const struct unit *u = ts_own_unit(t->source.server);
	bool should = u && !strcmp(u->file_state, "enabled") && strcmp(u->active, "active") != 0;
	if (should) {
		err_set(&said, ERR_ABSENT,
		        "%s: tailscaled does not run; `systemctl start tailscaled` there starts it",
		        t->source.server->name);
		source_set_state(&t->source, SOURCE_FAILED, &said);
	} else {
		source_set_state(&t->source, SOURCE_ABSENT, NULL);
	}
	t->look = TS_MISSING;
	if (ts_by_program(t))
		return;
	/* at first the units are not known yet */
	bool soon = should || !t->pause.fails++,
	     are_known = t->source.server->is_local || ts_units_are_known(t->source.server);
	int64_t wait_ms;
	if (soon)
		wait_ms = ABSENT_SOON_MS;
	else if (are_known)
		wait_ms = ABSENT_MS;
	else
		wait_ms = ABSENT_UNKNOWN_MS;
	loop_timer_set(t->retry, wait_ms);
}

static void ts_fail(struct ts *t, const struct err *err)
{
	struct err said = *err;
	ts_let_go(t);
	if (source_link(&t->source)->state != LINK_UP)
		return;
	bool by_shell = !ts_by_program(t) && !ts_own_socket(&t->source);
	if (by_shell && (err->code == ERR_ABSENT || t->greeted) &&
	    server_socket(t->source.server, SOCKET_TAILSCALE) == SOCKET_OPEN)
		server_socket_failed(t->source.server, SOCKET_TAILSCALE, t->greeted);
	if (err->code == ERR_ABSENT && !t->greeted && t->way == TS_BY_SOCKET) {
		/* the program knows where its tailscaled listens */
		t->way = TS_BY_PROGRAM_TRY;
		ts_begin(t);
		return;
	}
	if (err->code == ERR_ABSENT && !t->greeted) {
		if (t->way == TS_BY_PROGRAM_TRY)
			t->way = TS_BY_SOCKET_ONLY;
		ts_fail_absent(t);
		return;
	}
	if (err->code == ERR_ABSENT)
		err_set(&said, ERR_ABSENT,
		        "%s: tailscaled has stopped; `systemctl start tailscaled` there starts it",
		        t->source.server->name);
	enum source_state state;
	if (err->code == ERR_DENIED)
		state = SOURCE_DENIED;
	else if (t->greeted)
		state = SOURCE_STALE;
	else
		state = SOURCE_FAILED;
	source_set_state(&t->source, state, &said);
	int64_t delay = backoff_ms(&t->pause, RETRY_MIN_MS, RETRY_MAX_MS);
	if (ts_by_program(t) && err->code == ERR_DENIED)
		delay = PROGRAM_MS;
	loop_timer_set(t->retry, delay);
	vpn_join(t->source.store);
}

/* --- apply an answer ------------------------------------------------------ */

static void ts_feed(struct source *source, const char *what, const char *bytes, size_t len)
{
	struct ts *t = ts_of(source);
	struct ts_status s;
	struct err err, said;
	if (strcmp(what, "clock") == 0)
		t->skew_ms = number_long(bytes);
	if (strcmp(what, "status") != 0)
		return;
	if (!ts_status_parse(&s, bytes, len, &err)) {
		err_set(&said, err.code, "tailscaled on %s: %s", t->source.server->name, err.text);
		if (t->origin)
			ts_fail(t, &said);
		else
			source_set_state(&t->source, SOURCE_FAILED, &said);
		return;
	}
	t->greeted = true;
	backoff_reset(&t->pause);
	t->lists++;
	snprintf(t->state, sizeof(t->state), "%s", s.state);
	snprintf(t->auth_url, sizeof(t->auth_url), "%s", s.auth_url);
	if (*s.suffix)
		snprintf(t->suffix, sizeof(t->suffix), "%s", s.suffix);
	const char *how = ts_by_program(t) ? ", by its program" : "";
	snprintf(t->source.detail, sizeof(t->source.detail), "Tailscale %.30s, %s%s%.30s%s",
	         s.version, s.state, *s.tailnet ? ", " : "", s.tailnet, how);
	store_rows_begin(&t->source, &kind_peer);
	for (size_t i = 0; i < s.list.n; i++) {
		/* the only time made by the server's own clock */
		if (s.list.peers[i].handshake_ms)
			s.list.peers[i].handshake_ms += t->skew_ms;
		peer_set(&t->source, VPN_TAILSCALE, &s.list.peers[i], t->lists);
	}
	store_rows_end(&t->source, &kind_peer);
	source_left_out(&t->source, &kind_peer, s.list.left_out);
	ts_status_finish(&s);
	source_set_state(&t->source, SOURCE_LIVE, NULL);
	vpn_join(t->source.store);
	if (*t->auth_url)
		ts_acts_auth_url(&t->source, t->auth_url);
}

/* Feeds the clock difference before its status, and only if it changed. */
static void ts_feed_clock(struct ts *t, const char *date)
{
	char text[24];
	int64_t theirs = date ? vj_http_date_ms(date) : 0;
	int64_t skew = theirs ? now_wall_ms() - theirs : 0;
	if (skew > -CLOCK_NEAR_MS && skew < CLOCK_NEAR_MS)
		skew = 0;
	if (skew - t->skew_ms > -CLOCK_NEAR_MS && skew - t->skew_ms < CLOCK_NEAR_MS)
		return;
	int n = snprintf(text, sizeof(text), "%lld", (long long)skew);
	source_feed(&t->source, "clock", text, (size_t)n);
}

/* --- schedule ------------------------------------------------------------- */

static void ts_poll_later(struct ts *t)
{
	int64_t rest;
	if (!ts_by_program(t))
		rest = t->shown ? SHOWN_MS : HIDDEN_MS;
	else if (t->shown || !t->watch)
		rest = PROGRAM_SHOWN_MS;
	else
		rest = PROGRAM_MS;
	int64_t soon = fetch_wait(&t->round, ASK_GAP_MS, loop_now(store_loop(t->source.store)));
	loop_timer_set(t->timer, soon >= 0 ? soon : rest);
}

static void ts_poll_soon(struct ts *t)
{
	fetch_want(&t->round);
	if (!fetch_is_asked(&t->round))
		loop_timer_set(t->timer, fetch_wait(&t->round, ASK_GAP_MS,
		                                    loop_now(store_loop(t->source.store))));
}

void ts_poll_now(struct source *source)
{
	struct ts *t = ts_of(source);
	if (t->origin && t->source.state == SOURCE_LIVE)
		ts_poll_soon(t);
}

void ts_shown(struct source *source, bool now)
{
	struct ts *t = ts_of(source);
	if (now && !t->shown && t->source.state == SOURCE_LIVE && !ts_by_program(t) && t->origin)
		ts_poll_soon(t);
	t->shown = now;
}

/* --- by socket ------------------------------------------------------------ */

static const char *const headers[] = { "Host: local-tailscaled.sock", NULL };

static void ts_prefs_done(struct call *call, const struct reply *r, void *arg)
{
	struct ts *t = arg;
	struct ts_prefs prefs;
	t->prefs = NULL;
	if (r->err.code || r->status != 200 || !ts_prefs_parse(&prefs, r->body, r->len))
		return;
	snprintf(t->control_url, sizeof(t->control_url), "%s", prefs.control_url);
	if (t->accepts_routes == prefs.accepts_routes)
		return;
	t->accepts_routes = prefs.accepts_routes;
	vpn_join(t->source.store);
}

static void ts_status_done(struct call *call, const struct reply *r, void *arg)
{
	struct ts *t = arg;
	char said[120];
	struct err err = r->err;
	t->status = NULL;
	fetch_answer(&t->round, NULL, SYNC_NEVER);
	if (err.code == ERR_DENIED && !t->greeted) {
		ts_use_program(t, &err);
		ts_begin(t);
		return;
	}
	if (!err.code && r->status != 200) {
		hs_message(said, sizeof(said), r->body, r->len);
		err_set(&err, r->status == 403 ? ERR_DENIED : ERR_REFUSED,
		        "%s: tailscaled refuses its status (%d): %s", t->source.server->name,
		        r->status, said);
	}
	if (err.code) {
		ts_fail(t, &err);
		return;
	}
	ts_feed_clock(t, call_header(call, "Date"));
	source_feed(&t->source, "status", r->body, r->len);
	if (t->source.state != SOURCE_LIVE)
		return;
	if (!t->bus && t->changes != TS_NO_BUS)
		ts_start_bus(t);
	ts_poll_later(t);
	/* Fetches the login server once, because tailscaled forgets it at log-out. Whether this
	 * machine uses the routes of others may change at any time (hub.c). */
	bool wants = !*t->control_url || t->source.server->is_local;
	if (wants && !t->prefs && t->origin && !ts_by_program(t) &&
	    strcmp(t->state, "Running") == 0)
		t->prefs = call_start(t->origin, &(struct call_spec){ .path = "/localapi/v0/prefs",
		                                                      .headers = headers,
		                                                      .done = ts_prefs_done,
		                                                      .arg = t,
		                                                      .timeout_ms = CALL_MS });
}

static bool ts_bus_data(struct call *call, const char *bytes, size_t len, void *arg)
{
	struct ts *t = arg;
	if (memchr(bytes, '\n', len))
		ts_poll_soon(t);
	return true;
}

static void ts_bus_done(struct call *call, const struct reply *r, void *arg)
{
	struct ts *t = arg;
	struct err err = r->err;
	t->bus = NULL;
	if (r->status == 400 && t->changes != TS_BUS_OLD) {
		t->changes = TS_BUS_OLD;
		ts_start_bus(t);
	} else if (t->status && !t->greeted) {
		/* the running status call will explain why */
		;
	} else if (r->status == 403 || r->status == 404) {
		t->changes = TS_NO_BUS;
	} else {
		if (!err.code)
			err_set(&err, ERR_LOST,
			        "%s: tailscaled ended its stream of changes: it may be restarting",
			        t->source.server->name);
		ts_fail(t, &err);
	}
}

static void ts_start_bus(struct ts *t)
{
	char path[64];
	snprintf(path, sizeof(path), "/localapi/v0/watch-ipn-bus?mask=%d",
	         t->changes == TS_BUS_OLD ? BUS_MASK_OLD : BUS_MASK);
	t->bus = call_start(t->origin, &(struct call_spec){ .path = path,
	                                                    .headers = headers,
	                                                    .data = ts_bus_data,
	                                                    .done = ts_bus_done,
	                                                    .arg = t });
}

/* --- by program ----------------------------------------------------------- */

static size_t ts_watch_data(struct stream *s, const char *bytes, size_t len, void *arg)
{
	struct ts *t = arg;
	if (memchr(bytes, '\n', len))
		ts_poll_soon(t);
	return len;
}

/* The watch ends with its tailscaled and is then restarted. If watching does not work, mocr looks
 * once a minute. */
static void ts_watch_closed(struct stream *s, const struct stream_end *end, void *arg)
{
	struct ts *t = arg;
	t->watch = NULL;
	if (loop_now(store_loop(t->source.store)) - t->watch_ms < WATCH_MIN_MS)
		t->changes = TS_NO_BUS;
	else
		t->changes = TS_BUS;
	ts_poll_soon(t);
}

/* A command that runs the program with these words. The caller frees. */
static char *ts_program_words(const struct ts *t, const char *words)
{
	struct buf b = { 0 };
	const char *own = ts_own_socket(&t->source);
	buf_puts(&b, PROGRAM "tailscale ");
	if (own) {
		buf_puts(&b, "--socket=");
		quote_word(&b, own);
		buf_puts(&b, " ");
	}
	buf_puts(&b, words);
	return buf_take(&b);
}

static void ts_start_watch(struct ts *t)
{
	char *command =
		ts_program_words(t,
	                         "debug watch-ipn --netmap=false --rate-limit=false 2>/dev/null");
	static const struct stream_events events = { .data = ts_watch_data,
		                                     .closed = ts_watch_closed };
	struct err err;
	t->watch_ms = loop_now(store_loop(t->source.store));
	t->watch = link_open(source_link(&t->source),
	                     &(struct endpoint){ .kind = ENDPOINT_EXEC, .command = command },
	                     &events, t, &err);
	free(command);
}

static void ts_program_done(const struct run_result *r, void *arg)
{
	struct ts *t = arg;
	struct err err = r->end.err;
	char said[160];
	t->run = NULL;
	fetch_answer(&t->round, NULL, SYNC_NEVER);
	if (!err.code && !r->end.began)
		err_set(&err, ERR_REFUSED,
		        "%s: the login runs no shell commands, so tailscaled cannot be asked",
		        t->source.server->name);
	else if (!err.code && r->end.exit_code == 127 && t->denied.code)
		err = t->denied; /* there is a socket, but no program with access */
	else if (!err.code && r->end.exit_code == 127)
		err_set(&err, ERR_ABSENT, "%s has no tailscale", t->source.server->name);
	else if (!err.code && r->end.exit_code != 0) {
		/* Only tailscale's own messages prove that no daemon runs. */
		enum err_code code = ERR_REFUSED;
		if (strstr(r->err_out, "ermission denied"))
			code = ERR_DENIED;
		else if (strstr(r->err_out, "doesn't appear to be running") ||
		         strstr(r->err_out, "failed to connect to local"))
			code = ERR_ABSENT;
		err_set(&err, code, "%s: `tailscale status` says: %s", t->source.server->name,
		        hs_message(said, sizeof(said), r->err_out, r->err_len));
	}
	if (err.code) {
		ts_fail(t, &err);
		return;
	}
	source_feed(&t->source, "status", r->out, r->out_len);
	if (t->source.state != SOURCE_LIVE)
		return;
	if (!t->watch && t->changes != TS_NO_BUS)
		ts_start_watch(t);
	ts_poll_later(t);
}

/* --- ask ------------------------------------------------------------------ */

static void ts_ask_status(struct ts *t)
{
	fetch_ask(&t->round, sync_at(loop_now(store_loop(t->source.store))));
	if (ts_by_program(t)) {
		char *command = ts_program_words(t, "status --json");
		t->run = link_run(source_link(&t->source), command, NULL, 0, STATUS_MAX, CALL_MS,
		                  ts_program_done, t);
		run_name(t->run, "`tailscale status --json`");
		free(command);
	} else {
		t->status = call_start(t->origin,
		                       &(struct call_spec){ .path = "/localapi/v0/status",
		                                            .headers = headers,
		                                            .done = ts_status_done,
		                                            .arg = t,
		                                            .max = STATUS_MAX,
		                                            .timeout_ms = CALL_MS });
	}
}

static void ts_on_timer(struct loop_timer *timer, void *arg)
{
	struct ts *t = arg;
	if (t->origin && !fetch_is_asked(&t->round))
		ts_ask_status(t);
}

/* May the socket be opened now? If it is denied, the program may still have access. */
static bool ts_may_open(struct ts *t)
{
	struct err err;
	/* the shell does not check a socket from the configuration */
	bool by_shell = !ts_by_program(t) && !ts_own_socket(&t->source);
	enum socket_say say = by_shell ? server_socket(t->source.server, SOCKET_TAILSCALE)
	                               : SOCKET_OPEN;
	bool guess = t->greeted && server_sockets_untellable(t->source.server);
	t->look = say == SOCKET_WAIT ? TS_WAITS : TS_LOOKS;
	if (say == SOCKET_DENIED) {
		err_set(&err, ERR_DENIED, "%s: no permission to open %s", t->source.server->name,
		        TS_SOCKET);
		ts_use_program(t, &err);
	}
	if (say == SOCKET_ABSENT && !guess) {
		err_set(&err, ERR_ABSENT, "%s: nobody listens at %s", t->source.server->name,
		        TS_SOCKET);
		ts_fail(t, &err);
		return false;
	}
	return t->look != TS_WAITS;
}

static void ts_begin(struct ts *t)
{
	const char *own = ts_own_socket(&t->source);
	const struct endpoint endpoint = { .kind = ENDPOINT_UNIX, .path = own ? own : TS_SOCKET };
	ts_let_go(t);
	t->look = TS_LOOKS;
	if (source_link(&t->source)->state != LINK_UP || !ts_may_open(t))
		return;
	if (!t->origin)
		t->origin = origin_create(store_http(t->source.store), source_link(&t->source),
		                          &endpoint, 1);
	ts_ask_status(t);
	/* One call first, to find out whether tailscaled exists: sshd writes a line to its journal
	 * for each failed connection. */
	if (!ts_by_program(t) && t->source.state != SOURCE_WAITING &&
	    t->source.state != SOURCE_ABSENT)
		ts_start_bus(t);
}

static void ts_on_retry(struct loop_timer *timer, void *arg)
{
	struct ts *t = arg;
	struct server *v = t->source.server;
	const struct unit *u = ts_own_unit(v);
	/* Could a look at the socket find something new? Each failed look writes a line to the
	 * server's journal. So where the units are known, ask them instead. */
	bool worth = v->is_local || !ts_units_are_known(v) || (u && !strcmp(u->active, "active"));
	if (t->look == TS_MISSING && source_link(&t->source)->state == LINK_UP && !worth) {
		ts_fail_absent(t);
		return;
	}
	if (!ts_by_program(t) && server_sockets_ask(v, SOCKET_TAILSCALE))
		t->look = TS_WAITS;
	else
		ts_begin(t);
}

static void ts_sockets(struct source *source)
{
	struct ts *t = ts_of(source);
	bool away = source->state == SOURCE_ABSENT || source->state == SOURCE_STALE ||
	            source->state == SOURCE_FAILED;
	bool open = server_socket(source->server, SOCKET_TAILSCALE) == SOCKET_OPEN;
	if (!t->timer)
		return;
	if (t->look == TS_WAITS || (open && away && !ts_by_program(t) && !t->status && !t->bus))
		ts_begin(t);
}

/* --- the backend --------------------------------------------------------- */

static void ts_up(struct source *source)
{
	struct ts *t = ts_of(source);
	if (!t->timer) {
		t->timer = loop_timer_add(store_loop(source->store), -1, ts_on_timer, t);
		t->retry = loop_timer_add(store_loop(source->store), -1, ts_on_retry, t);
	}
	backoff_reset(&t->pause);
	t->way = TS_BY_SOCKET;
	t->changes = TS_BUS;
	t->greeted = false;
	err_clear(&t->denied);
	ts_begin(t);
}

static void ts_down(struct source *source)
{
	struct ts *t = ts_of(source);
	ts_let_go(t);
	if (source_link(source)->state != LINK_UP) {
		ts_acts_end(source);
		ts_pings_end((struct ts *)source);
		origin_destroy(t->origin);
		t->origin = NULL;
	}
	if (source->state == SOURCE_LIVE)
		source_set_state(source, SOURCE_STALE, NULL);
	vpn_join(source->store);
}

static void ts_finish(struct source *source)
{
	struct ts *t = ts_of(source);
	ts_let_go(t);
	ts_acts_end(source);
	ts_pings_end((struct ts *)source);
	ts_local_finish(t);
	origin_destroy(t->origin);
	loop_timer_remove(t->timer);
	loop_timer_remove(t->retry);
	vpn_join(source->store);
}

/* Whoever opens "AuthURL" can add this node to a network of their own. The URL is no secret up to
 * its last slash. */
static void ts_redact(const char *what, const char *bytes, size_t len, struct buf *out)
{
	static const char name[] = "\"AuthURL\"";
	const char *at = memmem(bytes, len, name, sizeof(name) - 1), *end = bytes + len;
	(void)what;
	const char *from = at ? memchr(at + sizeof(name) - 1, '"',
	                               (size_t)(end - at) - sizeof(name) + 1)
	                      : NULL;
	const char *to = from ? memchr(from + 1, '"', (size_t)(end - from) - 1) : NULL;
	const char *slash = to ? memrchr(from, '/', (size_t)(to - from)) : NULL;
	if (!slash) {
		mask_json(out, bytes, len);
		return;
	}
	struct buf cut = { 0 };
	buf_add(&cut, bytes, (size_t)(slash + 1 - bytes));
	buf_puts(&cut, MASK);
	buf_add(&cut, to, (size_t)(end - to));
	mask_json(out, cut.data, cut.len);
	buf_finish(&cut);
}

const struct backend backend_tailscale = {
	.name = "tailscale",
	.source_size = sizeof(struct ts),
	.up = ts_up,
	.down = ts_down,
	.feed = ts_feed,
	.redact = ts_redact,
	.shown = vpn_shown,
	.finish = ts_finish,
	.sockets = ts_sockets,
};
