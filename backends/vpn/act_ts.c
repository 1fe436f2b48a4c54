/* act_ts.c: actions of tailscaled, and pings.
 *
 * Source: Tailscale LocalAPI and the CLI, as in the source of tailscale/tailscale (August 2026).
 *
 * `tailscale up` waits forever while Headscale is down. So mocr first asks Headscale from that
 * server, and limits the run time too. A pre-auth key goes through standard input
 * (--auth-key=file:/dev/stdin), because every user there can read argv. If the login lacks the
 * right, the command runs again with sudo. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/list.h"
#include "backends/servers/server.h"
#include "backends/base/mem.h"
#include "backends/base/quote.h"
#include "backends/base/human.h"
#include "backends/base/number.h"
#include "backends/link/ask.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/sudo.h"
#include "backends/store/settings.h"
#include "backends/vpn/acts.h"
#include "backends/vpn/tailscale.h"

#define UP_SECONDS "30s"
#define OTHER_SECONDS "20"
#define RUN_MS 45000
#define CHECK_MS 8000
#define PING_MS 6000
#define OUTPUT_MAX (64u << 10)
#define WORDS_MAX 8

struct ts_act {
	struct order *order;
	struct ts *ts; /* NULL: a ping by a WireGuard witness */
	struct source *source;
	struct ts_act *next;
	struct call *call;
	struct origin *check; /* to Headscale */
	struct run *run;
	struct sudo_run *sudo;
	struct stream *probe;
	struct ask *ask;
	struct secret *key;
	char url[200];
	/* --login-server=... if it differs from before, or --exit-node=...; "" */
	char server_words[240];
	char socket_words[200]; /* --socket=..., from the configuration */
	char peer[48];
	char key_id[ID_KEEP]; /* id of the row to ping */
	bool shown;           /* the login URL was shown */
	bool unchecked;       /* could not check whether Headscale answers */
	int64_t asked_ms;
};

static struct ts_act *ts_act_new(struct order *order, struct source *source)
{
	struct ts_act *a = xcalloc(1, sizeof(*a));
	*a = (struct ts_act){ .order = order,
		              .source = source,
		              .ts = (source->backend == &backend_tailscale) ? (struct ts *)source
		                                                            : NULL };
	if (a->ts) {
		a->next = a->ts->acts;
		a->ts->acts = a;
	}
	order->run = a;
	return a;
}

static void ts_act_end(struct ts_act *a, const struct err *err, const char *output)
{
	struct order *order = a->order;
	struct source *source = a->source;
	if (a->ts)
		LIST_DROP(a->ts->acts, a);
	call_cancel(a->call);
	origin_destroy(a->check);
	run_cancel(a->run);
	sudo_run_cancel(a->sudo);
	stream_close(a->probe);
	if (a->ask)
		server_ask_drop(source->server, a->ask);
	secret_destroy(a->key);
	bool ts = a->ts;
	free(a);
	if (ts)
		ts_poll_now(source);
	order_end(order, err, output);
}

void ts_acts_end(struct source *source)
{
	struct ts *t = (struct ts *)source;
	while (t->acts) {
		struct err err;
		err_set(&err, ERR_LOST,
		        "%s: the link was lost while it ran; whether it finished is not known",
		        source->server->name);
		ts_act_end(t->acts, &err, NULL);
	}
}

/* --- run the program ------------------------------------------------------ */

/* Without the PATH before it, which would fill the sentence. */
static void ts_act_name_run(struct run *run, const char *quoted)
{
	char *name = xasprintf("`%s`", quoted);
	run_name(run, name);
	free(name);
}

static void ts_act_say_result(struct ts_act *a, const struct run_result *r)
{
	struct err err = r->end.err;
	char said[240];
	const char *words = r->err_len ? r->err_out : r->out;
	if (!err.code && r->end.exit_code == 124)
		err_set(&err, ERR_TIMEOUT, "tailscale on %s did not finish within %s s",
		        a->source->server->name, OTHER_SECONDS);
	else if (!err.code && r->end.exit_code != 0)
		err_set(&err, strstr(words, "timeout waiting") ? ERR_TIMEOUT : ERR_REFUSED,
		        "tailscale on %s: %s", a->source->server->name,
		        hs_message(said, sizeof(said), words, strlen(words)));
	ts_act_end(a, &err,
	           a->unchecked ? "done; Headscale could not be asked before, as sshd forbids "
	                          "forwarded ports"
	                        : "");
}

static void ts_act_on_sudo(const struct run_result *r, void *arg)
{
	struct ts_act *a = arg;
	a->sudo = NULL;
	ts_act_say_result(a, r);
}

static void ts_act_on_run(const struct run_result *r, void *arg);

static bool ts_act_is_up(const struct ts_act *a)
{
	const struct ts_request *request = a->order->action->data; /* NULL: of a ping */
	return request && request->what == TS_UP;
}

static bool ts_act_needs_login(const struct ts_act *a)
{
	return !strcmp(a->ts->state, "NeedsLogin") || *a->server_words ||
	       !strcmp(a->ts->state, "NoState");
}

/* A tailscaled that is only stopped comes up with a plain `tailscale up`. Any flag, even --timeout,
 * makes it demand every non-default setting (seen with 1.86). So `timeout` limits its run. */
static size_t ts_act_words_of(const struct ts_act *a, const char **argv)
{
	const struct ts_request *request = a->order->action->data;
	size_t n = 0;
	if (ts_act_is_up(a) && (a->key || ts_act_needs_login(a))) {
		const char *const up[] = { "tailscale", "up", ("--timeout=" UP_SECONDS), "--json" };
		for (; n < ARRAY_LEN(up); n++)
			argv[n] = up[n];
		if (*a->server_words)
			argv[n++] = a->server_words;
		if (a->key)
			argv[n++] = "--auth-key=file:/dev/stdin";
	} else {
		const char *const other[] = { "timeout", OTHER_SECONDS, "tailscale" };
		for (; n < ARRAY_LEN(other); n++)
			argv[n] = other[n];
		argv[n++] = request->verb;
		if (request->what == TS_SET)
			argv[n++] = a->server_words;
	}
	argv[n] = NULL;
	return n;
}

/* --socket belongs between the program and its verb. */
static void ts_act_add_socket(struct ts_act *a, const char **argv)
{
	const char *own = ts_own_socket(a->source);
	size_t n = 0, at = 0;
	if (!own)
		return;
	while (argv[n]) {
		at = strcmp(argv[n], "tailscale") == 0 ? n + 1 : at;
		n++;
	}
	snprintf(a->socket_words, sizeof(a->socket_words), "--socket=%s", own);
	memmove(&argv[at + 1], &argv[at], (n - at + 1) * sizeof(*argv));
	argv[at] = a->socket_words;
}

static void ts_act_start_run(struct ts_act *a, bool by_sudo)
{
	const char *argv[WORDS_MAX + 1];
	ts_act_words_of(a, argv);
	ts_act_add_socket(a, argv);
	const char *key = a->key ? a->key->text : NULL;
	size_t len = a->key ? a->key->len : 0;
	if (by_sudo) {
		a->sudo = sudo_run_input(a->source->server->sudo, argv, key, len, OUTPUT_MAX,
		                         RUN_MS, ts_act_on_sudo, a);
		return;
	}
	char *quoted = quote_command(argv), *command = xasprintf(TS_PROGRAM_PATH "%s", quoted);
	a->run = link_run(source_link(a->source), command, key, len, OUTPUT_MAX, RUN_MS,
	                  ts_act_on_run, a);
	ts_act_name_run(a->run, quoted);
	free(command);
	free(quoted);
}

static void ts_act_on_run(const struct run_result *r, void *arg)
{
	struct ts_act *a = arg;
	const struct server_config *c = a->source->server->config;
	bool denied = !r->end.err.code && r->end.exit_code != 0 &&
	              (strstr(r->err_out, "ccess denied") || strstr(r->err_out, "sudo tailscale"));
	a->run = NULL;
	if (denied && !(c && c->sudo && !strcmp(c->sudo, "never")))
		ts_act_start_run(a, true);
	else
		ts_act_say_result(a, r);
}

/* --- check Headscale first ------------------------------------------------ */

static void ts_act_on_key(struct ask *ask, struct secret *answer, bool keep, void *arg)
{
	struct ts_act *a = arg;
	struct err err;
	a->ask = NULL;
	if (!answer) {
		err_set(&err, ERR_CANCELLED, "no key was given");
		ts_act_end(a, &err, NULL);
		return;
	}
	if (answer->len)
		a->key = answer;
	else
		secret_destroy(answer);
	ts_act_start_run(a, false);
}

static void ts_act_go_on(struct ts_act *a)
{
	bool interactive = a->order->argument && strstr(a->order->argument, "interactive");
	if (!ts_act_is_up(a) || !ts_act_needs_login(a) || interactive) {
		ts_act_start_run(a, false);
		return;
	}
	struct ask *ask = xcalloc(1, sizeof(*ask));
	ask->kind = ASK_CODE;
	ask->ordered = true;
	snprintf(ask->title, sizeof(ask->title), "%.40s: log in to the VPN",
	         a->source->server->name);
	snprintf(ask->text, sizeof(ask->text),
	         "%.60s logs in to %.200s.\nA pre-auth key does it at once; an empty line asks for "
	         "an address to log in at.",
	         a->source->server->name, a->url);
	snprintf(ask->prompt, sizeof(ask->prompt), "Pre-auth key");
	ask->answered = ts_act_on_key;
	ask->arg = a;
	a->ask = ask;
	server_ask(a->source->server, ask);
}

/* Headscale answers {"status":"pass"} to /health. Tailscale's own control server has no such page,
 * so any status below 500 will do. */
static void ts_act_on_health(struct call *call, const struct reply *r, void *arg)
{
	struct ts_act *a = arg;
	struct err err;
	char said[120];
	a->call = NULL;
	bool own = strstr(a->url, "tailscale.com") != NULL;
	if (r->err.code == ERR_DENIED) {
		a->unchecked = true; /* sshd forbids the check; the time limit protects */
	} else if (r->err.code || (!own && r->status / 100 != 2) || r->status / 100 == 5) {
		hs_message(said, sizeof(said), r->body, r->len);
		err_set(&err, ERR_REFUSED,
		        "not started: %s does not answer from %s (%s), and tailscale would wait "
		        "for it in vain",
		        a->url, a->source->server->name, r->err.code ? r->err.text : said);
		ts_act_end(a, &err, NULL);
		return;
	}
	ts_act_go_on(a);
}

static void ts_act_check(struct ts_act *a)
{
	char host[160];
	bool tls = !strncmp(a->url, "https://", 8);
	const char *at = strstr(a->url, "://") ? strstr(a->url, "://") + 3 : a->url;
	snprintf(host, sizeof(host), "%.*s", (int)strcspn(at, "/"), at);
	char *colon = strrchr(host, ':');
	int port;
	if (colon)
		port = number_int(colon + 1);
	else if (tls)
		port = 443;
	else
		port = 80;
	if (colon)
		*colon = '\0';
	struct endpoint endpoint = {
		.kind = ENDPOINT_TCP, .host = host, .port = port, .tls = tls, .timeout_ms = CHECK_MS
	};
	a->check = origin_create(store_http(a->source->store), source_link(a->source), &endpoint,
	                         1);
	a->call = call_start(a->check, &(struct call_spec){ .path = "/health",
	                                                    .done = ts_act_on_health,
	                                                    .arg = a,
	                                                    .timeout_ms = CHECK_MS });
}

static bool ts_act_is_url(const char *s)
{
	return (!strncmp(s, "http://", 7) || !strncmp(s, "https://", 8)) &&
	       !s[strspn(s,
	                 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:/_-[]")];
}

/* Suggests the login server last seen on the row's machine, else that of another server. */
void suggest_up(const struct row *row, char *buf, size_t size)
{
	const struct peer *p = row ? peer_in(const_peer_of(row), VPN_TAILSCALE, true) : NULL;
	const char *url = p ? ((const struct ts *)p->row.source)->control_url : "";
	for (struct server *v = row ? store_servers(row->server->store) : NULL; v && !*url;
	     v = v->next) {
		const struct source *s = server_source(v, "tailscale");
		url = s ? ((const struct ts *)s)->control_url : "";
	}
	snprintf(buf, size, "%s", url);
}

/* Chooses the login server: the given one, else the one already set. */
static void ts_act_on_prefs(struct call *call, const struct reply *r, void *arg)
{
	struct ts_act *a = arg;
	struct ts_prefs prefs;
	struct err err;
	char given[200] = "";
	if (call)
		a->call = NULL;
	if (a->order->argument)
		sscanf(a->order->argument, "%199s", given);
	if (!strcmp(given, "interactive"))
		given[0] = '\0';
	if (!r || r->err.code || !ts_prefs_parse(&prefs, r->body, r->len))
		prefs = (struct ts_prefs){ .control_url = "" };
	if (*given && !ts_act_is_url(given)) {
		err_set(&err, ERR_USAGE,
		        "\"%s\" is not the address of a login server; expected https://HOST",
		        given);
		ts_act_end(a, &err, NULL);
		return;
	}
	/* after a log-out tailscaled has forgotten its server, and would default to Tailscale's
	 * own */
	if (!*given && !*prefs.control_url)
		suggest_up(order_row(a->order), given, sizeof(given));
	if (!*given && !*prefs.control_url)
		snprintf(prefs.control_url, sizeof(prefs.control_url), "%s",
		         "https://controlplane.tailscale.com");
	snprintf(a->url, sizeof(a->url), "%s", *given ? given : prefs.control_url);
	if (*given && strcmp(given, prefs.control_url) != 0)
		snprintf(a->server_words, sizeof(a->server_words), "--login-server=%s", given);
	if (*a->url && ts_act_is_url(a->url))
		ts_act_check(a);
	else
		ts_act_go_on(a);
}

/* The status announces the login URL while `tailscale up` still waits. */
void ts_acts_auth_url(struct source *source, const char *url)
{
	for (struct ts_act *a = ((struct ts *)source)->acts; a; a = a->next)
		if (!a->shown && !a->key && ts_act_is_up(a) && (a->run || a->sudo))
			a->shown = order_show(a->order, "Log in at this address", url);
}

/* --- actions on the machine's own tailscaled ------------------------------ */

/* The view of its own tailscaled, on a link that is up. */
static struct peer *ts_act_own(const struct row *row)
{
	const struct peer *p = peer_in(const_peer_of(row), VPN_TAILSCALE, true);
	const struct link *link = p ? source_link(p->row.source) : NULL;
	return link && link->state == LINK_UP ? ROW_AS(peer, &p->row) : NULL;
}

static bool ts_act_is_state(const struct row *row, const char *a, const char *b)
{
	const struct peer *p = ts_act_own(row);
	return p && (!strcmp(ts_state(p->row.source), a) || !strcmp(ts_state(p->row.source), b));
}

bool can_up(const struct row *row)
{
	const struct peer *p = ts_act_own(row);
	return p && (!ts_act_is_state(row, "Running", "Starting") || p->at.expired ||
	             (p->at.expiry_ms && p->at.expiry_ms < now_wall_ms()));
}

bool can_down(const struct row *row)
{
	return ts_act_is_state(row, "Running", "Starting");
}
bool can_logout(const struct row *row)
{
	return ts_act_own(row) && !ts_act_is_state(row, "NeedsLogin", "NoState");
}

void run_tailscale(struct order *order)
{
	struct row *row = order_row(order);
	struct peer *p = row ? ts_act_own(row) : NULL;
	struct err err;
	const struct ts_request *request = order->action->data;
	if (!p) {
		err_set(&err, ERR_LOST, "its tailscaled cannot be reached now");
		order_end(order, &err, NULL);
		return;
	}
	/* Refuse to cut the connection in use: the order could not report its result, and nobody
	 * could undo it from here. */
	const struct server *v = p->row.server;
	if (request->what != TS_UP && v->link && !v->is_local && vpn_carries(v)) {
		err_set(&err, ERR_REFUSED,
		        "not done: the connection to %s itself runs through this VPN and would end "
		        "with it",
		        p->row.server->name);
		order_end(order, &err, NULL);
		return;
	}
	static const char *const headers[] = { "Host: local-tailscaled.sock", NULL };
	struct ts_act *a = ts_act_new(order, p->row.source);
	struct origin *origin = ts_origin(a->source);
	if (request->what == TS_DOWN)
		ts_act_start_run(a, false);
	else if (origin)
		a->call = call_start(origin, &(struct call_spec){ .path = "/localapi/v0/prefs",
		                                                  .headers = headers,
		                                                  .done = ts_act_on_prefs,
		                                                  .arg = a,
		                                                  .timeout_ms = CHECK_MS });
	else
		ts_act_on_prefs(NULL, NULL, a);
}

void tailscale_command(const struct action *action, const struct row *row, char *buf, size_t size)
{
	const struct ts_request *request = action->data;
	const struct peer *own = ts_act_own(row);
	const struct peer *p = peer_in(const_peer_of(row), VPN_TAILSCALE, true);
	const char *server = own ? own->row.server->name : row->server->name;
	bool only_down = p && !strcmp(((const struct ts *)p->row.source)->state, "Stopped");
	if (request->what == TS_UP && !only_down)
		snprintf(buf, size, "tailscale up --timeout=%s (on %s)", UP_SECONDS, server);
	else
		snprintf(buf, size, "timeout %s tailscale %s (on %s)", OTHER_SECONDS, request->verb,
		         server);
}

/* --- exit nodes ---------------------------------------------------------- */

static struct server *ts_act_exit_user(const struct row *row, const char *name)
{
	struct store *store = row->server->store;
	if (name && *name)
		return store_server_find(store, name);
	const struct peer *p = peer_in(const_peer_of(row), VPN_TAILSCALE, false);
	for (struct server *v = store_servers(store); v; v = v->next)
		if (v->is_local && server_source(v, "tailscale") &&
		    server_source(v, "tailscale")->state == SOURCE_LIVE)
			return v;
	return p ? p->row.server : NULL;
}

bool can_exit(const struct row *row)
{
	const struct peer *p = peer_in(const_peer_of(row), VPN_TAILSCALE, false);
	return p && p->at.exit_option && !p->at.exit_node;
}

static const struct peer *ts_act_exit_in_use(const struct row *row)
{
	const struct peer *p = const_peer_of(row), *o = p;
	do {
		if (o->at.exit_node)
			return o;
		o = o->next;
	} while (o != p);
	return NULL;
}

bool can_exit_off(const struct row *row)
{
	return ts_act_exit_in_use(row) != NULL;
}

void suggest_exit(const struct row *row, char *buf, size_t size)
{
	struct server *v = ts_act_exit_user(row, NULL);
	snprintf(buf, size, "%s", v ? v->name : "");
}

static void ts_act_set_exit(struct order *order, struct server *v, const char *address)
{
	struct source *s = v ? server_source(v, "tailscale") : NULL;
	struct err err;
	if (!s || s->state != SOURCE_LIVE) {
		const char *given = order->argument ? order->argument : "";
		err_set(&err, ERR_USAGE, "expected the name of a server with a live tailscaled%s%s",
		        *given ? ", not " : "", given);
		order_end(order, &err, NULL);
		return;
	}
	struct ts_act *a = ts_act_new(order, s);
	snprintf(a->server_words, sizeof(a->server_words), "--exit-node=%s", address);
	ts_act_start_run(a, false);
}

void run_exit(struct order *order)
{
	struct row *row = order_row(order);
	ts_act_set_exit(order, ts_act_exit_user(row, order->argument),
	                const_peer_of(row)->at.addrs[0]);
}

void run_exit_off(struct order *order)
{
	const struct peer *p = ts_act_exit_in_use(order_row(order));
	ts_act_set_exit(order, p ? p->row.server : NULL, "");
}

void say_exit(const struct row *row, char *buf, size_t size)
{
	snprintf(buf, size, "tailscale set --exit-node=%s", const_peer_of(row)->at.addrs[0]);
}

void say_exit_off(const struct row *row, char *buf, size_t size)
{
	const struct peer *p = ts_act_exit_in_use(row);
	snprintf(buf, size, "tailscale set --exit-node= (on %s)", p ? p->row.server->name : "?");
}

/* --- ping ---------------------------------------------------------------- */

static struct peer *ts_act_pinger(const struct row *row)
{
	const struct peer *p = const_peer_of(row);
	if (!p->at.self && !p->control && p->family != VPN_HEADSCALE &&
	    row->source->state == SOURCE_LIVE)
		return ROW_AS(peer, row);
	const struct peer *w = peer_in(p, VPN_TAILSCALE, false);
	if (!w)
		w = peer_in(p, VPN_WIREGUARD, false);
	return w ? ROW_AS(peer, &w->row) : NULL;
}

bool can_ping(const struct row *row)
{
	const struct peer *p = ts_act_pinger(row);
	return p && p->at.n_addrs;
}

static void ts_act_pong(struct ts_act *a, double ms, const char *path)
{
	char text[200];
	struct row *row = store_find(a->order->store, a->key_id);
	if (row)
		peer_pinged(row, ms, path);
	snprintf(text, sizeof(text), "%s reaches it in %.*f ms%s%s", a->source->server->name,
	         ms < 10, ms, *path ? ", " : "", path);
	ts_act_end(a, NULL, text);
}

static void ts_act_on_pong(struct call *call, const struct reply *r, void *arg)
{
	struct ts_act *a = arg;
	struct ts_pong p;
	struct err err = r->err;
	char said[160];
	a->call = NULL;
	if (!err.code && r->status == 200 && ts_pong_parse(&p, r->body, r->len) && p.ms >= 0) {
		ts_act_pong(a, p.ms, p.path);
		return;
	}
	if (err.code == ERR_TIMEOUT)
		err_set(&err, ERR_TIMEOUT, "%s got no answer from it within %d s",
		        a->source->server->name, PING_MS / 1000);
	else if (!err.code)
		err_set(&err, ERR_REFUSED, "tailscaled on %s: %s", a->source->server->name,
		        r->status == 200 && *p.err
		                ? p.err
		                : hs_message(said, sizeof(said), r->body, r->len));
	ts_act_end(a, &err, NULL);
}

static void ts_act_probe_closed(struct stream *s, const struct stream_end *end, void *arg)
{
	struct ts_act *a = arg;
	int64_t ms = loop_now(store_loop(a->source->store)) - a->asked_ms;
	a->probe = NULL;
	/* a refused connection is an answer of the machine */
	if (!end->err.code || (end->err.code == ERR_ABSENT && strstr(end->err.text, "refused")))
		ts_act_pong(a, (double)ms, "by TCP");
	else
		ts_act_end(a, &end->err, NULL);
}

static void ts_act_probe_opened(struct stream *s, void *arg)
{
	struct ts_act *a = arg;
	stream_close(s);
	a->probe = NULL;
	ts_act_pong(a, (double)(loop_now(store_loop(a->source->store)) - a->asked_ms), "by TCP");
}

static void ts_act_on_ping_program(struct ts_act *a, const struct run_result *r)
{
	struct ts_pong p;
	struct err err = r->end.err;
	char said[160];
	if (ts_pong_words(&p, r->out)) {
		ts_act_pong(a, p.ms, p.path);
		return;
	}
	const char *words = r->err_len ? r->err_out : r->out;
	if (!err.code)
		err_set(&err, ERR_REFUSED, "tailscale on %s: %s", a->source->server->name,
		        hs_message(said, sizeof(said), words, strlen(words)));
	ts_act_end(a, &err, NULL);
}

static void ts_act_on_ping(const struct run_result *r, void *arg)
{
	struct ts_act *a = arg;
	const char *at = strstr(r->out, "time=");
	a->run = NULL;
	if (!r->end.err.code && r->end.exit_code == 0 && at) {
		ts_act_pong(a, strtod(at + 5, NULL), "by ICMP");
		return;
	}
	if (a->ts) {
		ts_act_on_ping_program(a, r);
		return;
	}
	/* By TCP: there is no ping program, no right to use it, or no answer. */
	static const struct stream_events events = { .opened = ts_act_probe_opened,
		                                     .closed = ts_act_probe_closed };
	struct err err;
	a->asked_ms = loop_now(store_loop(a->source->store));
	a->probe = link_open(source_link(a->source),
	                     &(struct endpoint){ .kind = ENDPOINT_TCP,
	                                         .host = a->peer,
	                                         .port = 22,
	                                         .timeout_ms = PING_MS },
	                     &events, a, &err);
	if (!a->probe)
		ts_act_end(a, &err, NULL);
}

struct call *ts_ping(struct origin *origin, const char *peer, int64_t timeout_ms,
                     void (*done)(struct call *, const struct reply *, void *), void *arg)
{
	static const char *const headers[] = { "Host: local-tailscaled.sock", NULL };
	char *ip = http_encode(peer),
	     *path = xasprintf("/localapi/v0/ping?ip=%s&type=disco&size=0", ip);
	struct call *call = call_start(origin, &(struct call_spec){ .method = "POST",
	                                                            .path = path,
	                                                            .headers = headers,
	                                                            .done = done,
	                                                            .arg = arg,
	                                                            .timeout_ms = timeout_ms });
	free(path);
	free(ip);
	return call;
}

void run_ping(struct order *order)
{
	struct peer *p = ts_act_pinger(order_row(order));
	struct ts_act *a = ts_act_new(order, p->row.source);
	snprintf(a->peer, sizeof(a->peer), "%s", p->at.addrs[0]);
	snprintf(a->key_id, sizeof(a->key_id), "%s", p->row.id);
	struct origin *origin = a->ts ? ts_origin(a->source) : NULL;
	if (origin) {
		a->call = ts_ping(origin, a->peer, PING_MS, ts_act_on_pong, a);
		return;
	}
	const char *by_program[WORDS_MAX + 1] = { "timeout", "10",           "tailscale", "ping",
		                                  "--c=1",   "--timeout=6s", a->peer,     NULL };
	const char *const by_icmp[] = { "ping", "-n", "-c", "1", "-W", "4", a->peer, NULL };
	if (a->ts)
		ts_act_add_socket(a, by_program);
	char *quoted = quote_command(a->ts ? by_program : by_icmp),
	     *command = xasprintf(TS_PROGRAM_PATH "%s", quoted);
	a->run = link_run(source_link(a->source), command, NULL, 0, OUTPUT_MAX, 12000,
	                  ts_act_on_ping, a);
	ts_act_name_run(a->run, quoted);
	free(command);
	free(quoted);
}

void say_ping(const struct row *row, char *buf, size_t size)
{
	const struct peer *p = ts_act_pinger(row);
	if (p)
		snprintf(buf, size, "%s %s (on %s)",
		         p->family == VPN_TAILSCALE ? "tailscale ping" : "ping", p->at.addrs[0],
		         p->row.server->name);
	else
		snprintf(buf, size, "ping");
}
