/* headscale.c: Headscale on a server, or reached through it.
 *
 * Source: Headscale's REST API (/swagger up to 0.29, /api/v1/openapi.yaml from 0.30) and its CLI,
 * tags v0.23.0 to v0.29.2.
 *
 * Without a section, one shell on the server runs Headscale's program and prints version, users and
 * nodes as blocks. With a [headscale NAME] section, mocr calls the REST API through that server or
 * from this machine, and makes the same blocks. So one parser serves both, and a recording needs no
 * Headscale. Pre-auth keys appear in the list of keys and in the nodes that used them. They are cut
 * to their first characters before anything is stored or recorded. */
#include "backends/vpn/headscale.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/json.h"
#include "backends/base/mem.h"
#include "backends/base/number.h"
#include "backends/base/quote.h"
#include "backends/base/wash.h"
#include "backends/link/absent.h"
#include "backends/link/loop.h"
#include "backends/servers/sudo.h"
#include "backends/store/doc.h"
#include "backends/servers/server.h"
#include "backends/store/settings.h"

#define REST_SHOWN_MS 5000
#define REST_HIDDEN_MS 60000
#define CLI_SHOWN_MS 15000 /* each look starts three processes there */
#define CLI_HIDDEN_MS 600000
#define RETRY_MS 15000
#define RETRY_MOST_MS 90000
#define START_AGAIN_MS 4000 /* right after login all session slots of sshd may be taken */
#define START_TRIES 5
#define POLL_MS 30000
#define POLL_MAX (16u << 20)
#define CLOCK_NEAR_MS 3000 /* the HTTP Date header has whole seconds */

static void hs_poll(void *arg);
static void hs_take_config(struct hs *);

struct hs *hs_of(struct source *source)
{
	return (struct hs *)source;
}

int64_t hs_skew(const struct source *source)
{
	return source->backend == &backend_headscale ? ((const struct hs *)source)->skew_ms : 0;
}

bool hs_by_rest(const struct hs *h)
{
	return h->config && h->config->url;
}

/* --- apply an answer ------------------------------------------------------ */

/* Finds a block in a look: from the line after "=name" to the next "=". NULL: none. */
static const char *hs_block(const char *look, size_t len, const char *name, size_t *n)
{
	size_t word = strlen(name);
	const char *end = look + len;
	*n = 0;
	for (const char *line = look; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		const char *next = stop ? stop + 1 : end;
		if (*line == '=' && (size_t)(next - line) > word &&
		    !strncmp(line + 1, name, word) && strchr("\n ", line[1 + word])) {
			const char *to = next;
			while (to < end && *to != '=') {
				const char *nl = memchr(to, '\n', (size_t)(end - to));
				to = nl ? nl + 1 : end;
			}
			*n = (size_t)(to - next);
			return next;
		}
		line = next;
	}
	return NULL;
}

/* The row of Headscale itself. Actions on users, keys and records belong to it. */
static struct peer *hs_control_row(struct hs *h)
{
	struct peer *p = peer_of(store_row(&h->source, &kind_peer, "headscale", "Headscale"));
	peer_init(p);
	p->family = VPN_HEADSCALE;
	p->control = true;
	p->at.online = -1;
	p->at.rx = p->at.tx = -1;
	snprintf(p->at.version, sizeof(p->at.version), "%s", h->version);
	if (hs_by_rest(h))
		snprintf(p->at.endpoint, sizeof(p->at.endpoint), "%.63s", h->config->url);
	return p;
}

static void hs_control_health(struct hs *h, const struct err *err)
{
	struct peer *p = hs_control_row(h);
	enum health health = err ? HEALTH_BAD : HEALTH_GOOD;
	int64_t since = p->row.health == health ? p->row.health_ms : now_wall_ms();
	store_row_health(&p->row, health, since, err ? err->text : NULL);
	p->at.online = !err;
}

/* A look failed: keep the rows, which become stale. */
static void hs_failed(struct hs *h, const struct err *err)
{
	struct err said = *err;
	bool known = h->round || h->config;
	if (source_link(&h->source) && source_link(&h->source)->state != LINK_UP &&
	    !link_is_local(source_link(&h->source)))
		return;
	enum source_state state;
	if (err->code == ERR_DENIED)
		state = SOURCE_DENIED;
	else if (h->round)
		state = SOURCE_STALE;
	else
		state = SOURCE_FAILED;
	source_set_state(&h->source, state, &said);
	if (known && err->code != ERR_DENIED)
		hs_control_health(h, err);
	else if (known) /* the row says "denied"; its source stands in the queue, once */
		store_row_health(&hs_control_row(h)->row, HEALTH_UNKNOWN, now_wall_ms(), NULL);
	vpn_join(h->source.store);
}

/* REST states its version from 0.27. Before that, /routes shows the release: it exists up to 0.25,
 * even if empty, and is gone in 0.26. */
static void hs_set_release(struct hs *h, const char *look, size_t len, const char *nodes,
                           size_t nodes_len)
{
	size_t n;
	const char *said = hs_block(look, len, "version", &n);
	int seen = hs_nodes_release(nodes, nodes_len);
	h->release = said ? hs_version(said, n, h->version, sizeof(h->version)) : 0;
	if (h->release)
		return;
	if (seen)
		h->release = seen;
	else if (hs_block(look, len, "routes", &n))
		h->release = 25;
	else if (hs_block(look, len, "noroutes", &n))
		h->release = 26;
	else
		h->release = 0;
	if (h->release)
		snprintf(h->version, sizeof(h->version), "like 0.%d", h->release);
}

static void hs_take_extras(struct hs *h, const char *look, size_t len)
{
	struct hs_users users;
	struct hs_keys keys;
	struct hs_routes routes;
	struct dns_records records;
	struct err err;
	size_t n;
	const char *at = hs_block(look, len, "users", &n);
	if (at && hs_users_parse(&users, at, n, &err)) {
		free(h->users.at);
		h->users = users;
	}
	at = hs_block(look, len, "keys", &n);
	if (at && hs_keys_parse(&keys, at, n, &err)) {
		free(h->keys.at);
		h->keys = keys;
	}
	at = hs_block(look, len, "routes", &n);
	if (at && hs_routes_parse(&routes, at, n, &err)) {
		free(h->routes.at);
		h->routes = routes;
	}
	at = hs_block(look, len, "path", &n);
	if (at) {
		size_t line = strcspn(at, "\n");
		char clean[200];
		wash(clean, sizeof(clean), at, line < n ? line : n);
		const char *from = clean + strspn(clean, " \"'");
		snprintf(h->records_path, sizeof(h->records_path), "%.*s",
		         (int)strcspn(from, " \"'"), from);
	}
	at = hs_block(look, len, "records", &n);
	if (at && (h->has_records = dns_records_parse(&records, at, n, &err))) {
		free(h->records.at);
		h->records = records;
	}
}

static void hs_feed_poll(struct hs *h, const char *look, size_t len)
{
	struct vpn_list nodes;
	struct err err;
	size_t n;
	const char *at = hs_block(look, len, "nodes", &n);
	hs_take_extras(h, look, len);
	if (!hs_nodes_parse(&nodes, at ? at : "", n, &err)) {
		struct err said;
		err_set(&said, err.code, "%s: %s", h->source.server->name, err.text);
		hs_failed(h, &said);
		return;
	}
	hs_set_release(h, look, len, at ? at : "", n);
	int64_t clock_s = number_long(hs_block(look, len, "clock", &n)), skew = 0;
	if (clock_s > 0 && clock_s < 1LL << 40)
		skew = now_wall_ms() - clock_s * 1000;
	h->skew_ms = skew > -CLOCK_NEAR_MS && skew < CLOCK_NEAR_MS ? 0 : skew;
	/* Up to 0.25 routes are separate objects: copy them to their nodes. */
	for (size_t i = 0; i < h->routes.n; i++) {
		const struct hs_route *r = &h->routes.at[i];
		for (size_t k = 0; k < nodes.n; k++) {
			struct vpn_peer *p = &nodes.peers[k];
			char *to = r->enabled ? p->routes : p->offered;
			size_t used = strlen(to),
			       size = r->enabled ? sizeof(p->routes) : sizeof(p->offered);
			if (strcmp(p->id, r->node_id) != 0 || used + strlen(r->prefix) + 3 > size)
				continue;
			snprintf(to + used, size - used, "%s%s", used ? ", " : "", r->prefix);
			p->exit_option = p->exit_option ||
			                 (r->enabled && (!strcmp(r->prefix, "0.0.0.0/0") ||
			                                 !strcmp(r->prefix, "::/0")));
		}
	}
	backoff_reset(&h->pause);
	h->round++;
	store_rows_begin(&h->source, &kind_peer);
	for (size_t i = 0; i < nodes.n; i++) {
		if (nodes.peers[i].seen_ms)
			nodes.peers[i].seen_ms += h->skew_ms;
		peer_set(&h->source, VPN_HEADSCALE, &nodes.peers[i], h->round);
	}
	struct peer *own = peer_of(store_row(&h->source, &kind_peer, "headscale", "Headscale"));
	store_rows_end(&h->source, &kind_peer);
	(void)own;
	source_left_out(&h->source, &kind_peer, nodes.left_out);
	vpn_list_finish(&nodes);
	const char *how;
	if (hs_by_rest(h))
		how = ", by REST";
	else if (h->by_sudo)
		how = ", by sudo -n headscale";
	else
		how = ", by its program";
	snprintf(h->source.detail, sizeof(h->source.detail), "Headscale %s, %zu users%s",
	         *h->version ? h->version : "of an unknown release", h->users.n, how);
	source_set_state(&h->source, SOURCE_LIVE, NULL);
	hs_control_health(h, NULL);
	vpn_join(h->source.store);
}

static void hs_feed(struct source *source, const char *what, const char *bytes, size_t len)
{
	struct hs *h = hs_of(source);
	struct hs_keys more;
	struct err err;
	if (strcmp(what, "look") == 0)
		hs_feed_poll(h, bytes, len);
	else if (strcmp(what, "records") == 0)
		hs_take_extras(h, bytes, len);
	else if (strncmp(what, "keys:", 5) == 0 && hs_keys_parse(&more, bytes, len, &err)) {
		size_t before = what[5] == 'f' ? 0 : h->keys.n; /* f: the first ones */
		h->keys.at = xrealloc(h->keys.at, (before + more.n + 1) * sizeof(*h->keys.at));
		memcpy(h->keys.at + before, more.at, more.n * sizeof(*more.at));
		h->keys.n = before + more.n;
		free(more.at);
	}
	/* Something shown in the details changed. */
	if (h->round)
		store_touch(&hs_control_row(h)->row);
}

/* Adds a block to out. Cuts the keys in blocks that may contain some. */
static void hs_add_block(struct buf *out, const char *name, const char *text, size_t len)
{
	bool keys = !strcmp(name, "nodes") || !strcmp(name, "keys");
	buf_addf(out, "=%s\n", name);
	if (keys && len)
		hs_mask_keys(out, text, len);
	else
		buf_add(out, text, len);
	buf_puts(out, "\n");
}

static void hs_feed_masked(struct hs *h, const char *raw, size_t len)
{
	static const char *const names[] = { "clock",    "version", "users", "nodes",  "routes",
		                             "noroutes", "keys",    "path",  "records" };
	struct buf out;
	buf_init(&out, POLL_MAX);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t n;
		const char *at = hs_block(raw, len, names[i], &n);
		if (at) {
			char *copy = xstrndup(at, n);
			hs_add_block(&out, names[i], copy, n);
			explicit_bzero(copy, n);
			free(copy);
		}
	}
	source_feed(&h->source, "look", out.data ? out.data : "", out.len);
	buf_finish(&out);
}

/* --- schedule ------------------------------------------------------------- */

static int64_t hs_now(const struct hs *h)
{
	return loop_now(store_loop(h->source.store));
}

/* Sets the timer for the next look by program. */
static void hs_poll_later(struct hs *h)
{
	int64_t wait = h->shown ? CLI_SHOWN_MS : CLI_HIDDEN_MS;
	if (h->source.state != SOURCE_LIVE && h->shown)
		wait = backoff_ms(&h->pause, RETRY_MS, RETRY_MOST_MS);
	if (fetch_is_wanted(&h->poll))
		wait = fetch_wait(&h->poll, 0, hs_now(h));
	if (h->state == HS_UP)
		loop_timer_set(h->timer, wait);
}

static bool hs_is_busy(const struct hs *h)
{
	return fetch_is_asked(&h->poll) || fetch_is_asked(&h->site.poll);
}

void hs_poll_now(struct source *source)
{
	struct hs *h = hs_of(source);
	if (h->state != HS_UP)
		return;
	if (h->site.up) {
		site_poke(&h->site);
		return;
	}
	fetch_want(&h->poll);
	hs_poll(h);
}

void hs_shown(struct source *source, bool now)
{
	struct hs *h = hs_of(source);
	bool first = now && !h->shown;
	int64_t gap = hs_by_rest(h) ? REST_SHOWN_MS : CLI_SHOWN_MS;
	struct fetch *poll = &h->poll;
	struct loop_timer *timer = h->timer;
	h->shown = h->site.shown = now;
	if (!first || h->state != HS_UP || hs_is_busy(h))
		return;
	if (h->site.up) {
		poll = &h->site.poll;
		timer = h->site.timer;
	}
	fetch_want(poll);
	loop_timer_set(timer, fetch_wait(poll, gap, hs_now(h)));
}

/* --- by its program ------------------------------------------------------ */

static const char *hs_program(const struct hs *h)
{
	return h->config && h->config->command ? h->config->command : "headscale";
}

char *hs_command(const struct hs *h, const char *const *words)
{
	char *tail = quote_command(words);
	char *all = xasprintf("LC_ALL=C %s%s %s", h->by_sudo ? "sudo -n " : "", hs_program(h),
	                      tail);
	free(tail);
	return all;
}

/* POSIX sh without single quotes, because it is quoted once for any login shell. */
static char *hs_poll_script(const struct hs *h)
{
	struct buf b = { 0 };
	const char *sudo = h->by_sudo ? "sudo -n " : "";
	char *first = xstrndup(hs_program(h), strcspn(hs_program(h), " "));
	buf_addf(&b,
	         "PATH=$PATH:/usr/sbin:/usr/local/bin; command -v %s >/dev/null 2>&1 || { "
	         "echo " ABSENT_WORD "; exit 127; }; LC_ALL=C; export LC_ALL; ",
	         first);
	const char *slash = strrchr(first, '/');
	if (h->by_sudo)
		buf_addf(&b,
		         "%sp=%s; may \"$p\" || { echo \"sudo: a password is required\" >&2; exit "
		         "5; }; ",
		         SUDO_MAY, slash ? slash + 1 : first);
	buf_puts(&b, "b=0; while read -r k v l; do case $k in btime) b=$v; break;; esac; done "
	             "</proc/stat; read -r u l </proc/uptime; ");
	buf_addf(&b, "n=$(%s%s nodes list -o json) || { echo \"$n\" >&2; exit 5; }; ", sudo,
	         hs_program(h));
	buf_addf(&b,
	         "echo =clock; echo $((b+${u%%%%.*})); echo =version; %s version 2>/dev/null "
	         "</dev/null; echo; echo =nodes; echo \"$n\"; ",
	         hs_program(h));
	buf_addf(&b, "echo =users; %s%s users list -o json 2>/dev/null; echo; ", sudo,
	         hs_program(h));
	if (h->release && h->release < 26)
		buf_addf(&b, "echo =routes; %s%s routes list -o json 2>/dev/null; echo; ", sudo,
		         hs_program(h));
	free(first);
	return buf_take(&b);
}

static void hs_cli_done(const struct run_result *r, void *arg)
{
	struct hs *h = arg;
	struct err err = r->end.err;
	char said[160];
	const char *name = h->source.server->name;
	int code = err.code ? -1 : r->end.exit_code;
	h->run = NULL;
	if (code == 0)
		fetch_answer(&h->poll, NULL, SYNC_NEVER);
	else
		fetch_failed(&h->poll, hs_now(h));
	if (code < 0 && err.code != ERR_TIMEOUT && err.code != ERR_TOO_BIG &&
	    h->pause.fails < START_TRIES) {
		loop_timer_set(h->timer, backoff_ms(&h->pause, START_AGAIN_MS, START_AGAIN_MS));
		return;
	}
	if (code == 127 && !h->config && strstr(r->out, ABSENT_WORD)) {
		h->state = HS_ABSENT;
		source_set_state(&h->source, SOURCE_ABSENT, NULL);
		return;
	}
	bool denied = code > 0 && strstr(r->err_out, "permission denied");
	const struct server_config *c = h->source.server->config;
	bool may_sudo = h->source.server->uid != 0 && !(c && c->sudo && !strcmp(c->sudo, "never"));
	if (denied && !h->by_sudo && may_sudo) {
		h->by_sudo = true;
		hs_poll(h);
		return;
	}
	if (code == 0) {
		hs_feed_masked(h, r->out, r->out_len);
	} else if (denied || (h->by_sudo && strstr(r->err_out, "sudo:"))) {
		err_set(&err, ERR_DENIED,
		        "%s: the login may not use Headscale's socket (%s); the group of that "
		        "socket, or a line for "
		        "/usr/bin/headscale in sudoers, grants it",
		        name, hs_message(said, sizeof(said), r->err_out, r->err_len));
		h->state = HS_ABSENT;
		hs_failed(h, &err);
	} else {
		if (!err.code && code == 127 && h->config && strstr(r->out, ABSENT_WORD))
			err_set(&err, ERR_ABSENT,
			        "%s: there is no %.*s; `command` in [headscale %s] says how it is "
			        "called",
			        name, (int)strcspn(hs_program(h), " "), hs_program(h),
			        h->config->name);
		else if (!err.code)
			err_set(&err, ERR_REFUSED, "Headscale on %s does not answer: %s", name,
			        hs_message(said, sizeof(said), r->err_out, r->err_len));
		if (code != 127)
			/* the program exists, so no answer is a fault */
			h->round = h->round ? h->round : 1;
		hs_failed(h, &err);
	}
	hs_poll_later(h);
}

/* --- its section --------------------------------------------------------- */

/* The section that names this server. A section without a server belongs to this machine. */
static const struct headscale_config *hs_config_for(const struct source *source)
{
	const struct headscale_config *c = store_settings(source->store)->headscales;
	const struct server *v = source->server;
	while (c && !(c->server ? server_is_called(v, c->server) : v->is_local))
		c = c->next;
	return c;
}

static bool hs_same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool hs_is_moved(const struct hs *h, const struct headscale_config *fresh)
{
	static const struct headscale_config none;
	const struct headscale_config *a = h->config ? h->config : &none;
	const struct headscale_config *b = fresh ? fresh : &none;
	return !hs_same_text(a->url, b->url) || !hs_same_text(a->token_command, b->token_command);
}

/* Takes new settings at the next look after :reload. A token belongs to one URL and one
 * token_command. If either changed, the API client is closed, once no order uses it. */
static void hs_take_config(struct hs *h)
{
	const struct settings *before = h->settings, *now = store_settings(h->source.store);
	const struct headscale_config *fresh = hs_config_for(&h->source);
	bool moved = hs_is_moved(h, fresh);
	if (before == now || (moved && h->acts))
		return;
	if (moved && h->site.platform)
		site_close(&h->site, "its section changed");
	h->config = fresh;
	h->settings = settings_keep(now);
	settings_destroy(before);
}

/* --- by REST ------------------------------------------------------------- */

/* api.h reports unanswered calls as "Headscale NAME: why". */
static void hs_rest_judge(struct site *s)
{
	struct err said = s->err;
	char *own = xasprintf("Headscale %s: ", s->name);
	size_t n = strlen(own);
	if (!strncmp(s->err.text, own, n))
		err_set(&said, s->err.code, "Headscale %s does not answer: %s", s->name,
		        s->err.text + n);
	free(own);
	hs_failed(hs_of(s->source), &said);
}

bool hs_denies(int status, const char *body)
{
	return status == 500 && !strncmp(body, "Unauthorized", 12);
}

static void hs_rest_came(struct site *s, const struct platform_step *step,
                         const struct api_answer *r)
{
	struct hs *h = hs_of(s->source);
	bool health = !strcmp(step->what, "health");
	if (health)
		buf_clear(&h->blocks);
	if (!r->err.code)
		hs_add_block(&h->blocks, step->what, r->body, r->len);
	if (health) {
		char text[24];
		int n = snprintf(text, sizeof(text), "%lld", (long long)(r->date_ms / 1000));
		if (r->date_ms)
			hs_add_block(&h->blocks, "clock", text, (size_t)n);
	}
	if (r->err.code == ERR_ABSENT && !strcmp(step->what, "routes"))
		hs_add_block(&h->blocks, "noroutes", "", 0);
}

static void hs_rest_over(struct site *s)
{
	struct hs *h = hs_of(s->source);
	if (site_round_failed(s))
		return;
	site_answered(s);
	source_feed(s->source, "look", h->blocks.data, h->blocks.len);
	buf_clear(&h->blocks);
	if (h->source.err.code) { /* the answer was unreadable: wait before the next round */
		s->err = h->source.err;
		fetch_failed(&s->poll, hs_now(h));
	}
}

static bool hs_rest_begin(struct site *s)
{
	struct hs *h = hs_of(s->source);
	hs_take_config(h);
	if (hs_by_rest(h) && s->api)
		return true;
	hs_poll(h);
	return false;
}

static const struct platform platform_headscale = {
	.product = "Headscale",
	.section = "headscale",
	PLATFORM_SECTION(headscales, headscale_config),
	.prefix = "/api/v1",
	.token_word = "API key",
	.denies = hs_denies,
	.token_help = "`headscale apikeys create` there makes a new one",
	.steps = (const struct platform_step[]){ { "health", "/health", STEP_MUST | STEP_OPEN,
	                                           NULL },
	                                         { "version", "/version", STEP_OPEN, NULL },
	                                         { "users", "/user", STEP_MUST, NULL },
	                                         { "nodes", "/node", STEP_MUST, NULL },
	                                         { "routes", "/routes", 0, NULL },
	                                         { "keys", "/preauthkey", 0, NULL },
	                                         { .what = NULL } },
	.shown_ms = REST_SHOWN_MS,
	.hidden_ms = REST_HIDDEN_MS,
	.retry_ms = RETRY_MS,
	.timeout_ms = POLL_MS,
	.judge = hs_rest_judge,
	.came = hs_rest_came,
	.begin = hs_rest_begin,
	.over = hs_rest_over,
};

static void hs_poll(void *arg)
{
	struct hs *h = arg;
	if (hs_is_busy(h) || h->state == HS_DOWN || source_link(&h->source)->state != LINK_UP)
		return;
	hs_take_config(h);
	if (hs_by_rest(h)) {
		const struct headscale_config *c = h->config;
		site_init(&h->site, &platform_headscale, &h->source, c->name);
		h->blocks.max = POLL_MAX;
		h->site.shown = h->shown;
		if (h->site.up)
			site_poke(&h->site);
		else
			site_open(&h->site,
			          &(struct site_config){ .name = c->name,
			                                 .url = c->url,
			                                 .server = c->server,
			                                 .token_command = c->token_command });
		/* the url is wrong, so no round of the site comes back to new settings */
		if (!h->site.up)
			loop_timer_set(h->timer, RETRY_MS);
	} else {
		char *script = hs_poll_script(h);
		fetch_ask(&h->poll, sync_at(hs_now(h)));
		h->run = link_run(source_link(&h->source), script, NULL, 0, POLL_MAX, POLL_MS,
		                  hs_cli_done, h);
		run_name(h->run, "the look at Headscale's users, nodes and keys");
		free(script);
	}
}

/* --- the backend --------------------------------------------------------- */

static void hs_let_go(struct hs *h)
{
	site_rest(&h->site);
	run_cancel(h->run);
	h->run = NULL;
	fetch_cancel(&h->poll);
	if (h->timer)
		loop_timer_set(h->timer, -1);
}

static void hs_rest_close(struct hs *h)
{
	if (h->site.platform)
		site_close(&h->site, "the link was lost");
}

static void hs_up(struct source *source)
{
	struct hs *h = hs_of(source);
	if (!h->timer)
		h->timer = loop_timer_call(store_loop(source->store), -1, hs_poll, h);
	h->state = HS_UP;
	h->by_sudo = false;
	backoff_reset(&h->pause);
	hs_poll(h);
}

/* :reload: another address or another key is asked at once. */
static void hs_configured(struct source *source)
{
	const struct hs *h = hs_of(source);
	if (h->settings && hs_is_moved(h, hs_config_for(source)))
		hs_poll_now(source);
}

static void hs_down(struct source *source)
{
	struct hs *h = hs_of(source);
	hs_let_go(h);
	h->state = HS_DOWN;
	if (source_link(source)->state != LINK_UP) {
		hs_acts_end(source);
		hs_rest_close(h);
	}
	if (source->state == SOURCE_LIVE)
		source_set_state(source, SOURCE_STALE, NULL);
	vpn_join(source->store);
}

static void hs_finish(struct source *source)
{
	struct hs *h = hs_of(source);
	hs_let_go(h);
	hs_acts_end(source);
	hs_rest_close(h);
	settings_destroy(h->settings);
	loop_timer_remove(h->timer);
	loop_timer_remove(h->site.timer);
	free(h->site.opened);
	buf_finish(&h->blocks);
	free(h->users.at);
	free(h->keys.at);
	free(h->routes.at);
	free(h->records.at);
	vpn_join(source->store);
}

/* Keys were already cut before the feed: hs_add_block, hs_act_keys_came. */
static void hs_redact(const char *what, const char *bytes, size_t len, struct buf *out)
{
	(void)what;
	buf_add(out, bytes, len);
}

const struct backend backend_headscale = {
	.name = "headscale",
	.source_size = sizeof(struct hs),
	.up = hs_up,
	.down = hs_down,
	.feed = hs_feed,
	.redact = hs_redact,
	.shown = vpn_shown,
	.finish = hs_finish,
	.configured = hs_configured,
	.needs_facts = true,
};

/* --- details of Headscale itself ----------------------------------------- */

void hs_detail(struct source *source, struct doc *doc)
{
	const struct hs *h = hs_of(source);
	doc_head(doc, "Headscale");
	doc_pair(doc, DOC_PLAIN, "release", "%s",
	         *h->version ? h->version : "unknown: actions are tried as 0.26 has them");
	const char *how;
	if (hs_by_rest(h))
		how = h->config->url;
	else if (h->by_sudo)
		how = "by its program, with sudo -n";
	else
		how = "by its program";
	doc_pair(doc, DOC_PLAIN, "asked", "%s", how);
	if (*source->err.text)
		doc_pair(doc, DOC_BAD, "why", "%s", source->err.text);
	doc_head(doc, "Users");
	for (size_t i = 0; i < h->users.n; i++)
		doc_pair(doc, DOC_PLAIN, h->users.at[i].id, "%s%s%s", h->users.at[i].name,
		         *h->users.at[i].display ? "  " : "", h->users.at[i].display);
	char span[HUMAN_SIZE];
	doc_head(doc, "Pre-auth keys");
	if (!h->keys.n)
		doc_add(doc, DOC_DIM, "none is known; the action \"list keys\" asks for them");
	for (size_t i = 0; i < h->keys.n; i++) {
		const struct hs_key *k = &h->keys.at[i];
		int64_t left = k->expiration_ms - now_wall_ms();
		bool over = left <= 0 && k->expiration_ms;
		bool spent = k->used && !k->reusable;
		enum doc_tone tone = over || spent ? DOC_DIM : DOC_PLAIN;
		const char *often = k->reusable ? ", reusable" : ", once";
		const char *ephemeral = k->ephemeral ? ", ephemeral" : "";
		const char *used = k->used ? ", used" : "";
		if (over)
			doc_pair(doc, tone, k->id, "%s  %s%s%s%s, expired %s ago", k->shown,
			         k->user, often, ephemeral, used, human_span(span, -left));
		else
			doc_pair(doc, tone, k->id, "%s  %s%s%s%s, for another %s", k->shown,
			         k->user, often, ephemeral, used, human_span(span, left));
	}
	doc_head(doc, "DNS records of its own");
	if (!h->has_records)
		doc_add(doc, DOC_DIM, "%s",
		        *h->records_path
		                ? "its file could not be read; the action \"list dns\" tries again"
		                : "not known; the action \"list dns\" looks for "
		                  "dns.extra_records_path");
	for (size_t i = 0; h->has_records && i < h->records.n; i++)
		doc_pair(doc, DOC_PLAIN, h->records.at[i].type, "%s  %s", h->records.at[i].name,
		         h->records.at[i].value);
}
