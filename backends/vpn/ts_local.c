/* ts_local.c: this machine's own tailscaled, the first suspect when a server behind the VPN is
 * down. If mocr shows this machine as a server, its source knows. Otherwise its socket is asked
 * once per failed connect. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/mem.h"
#include "backends/link/http.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/server.h"
#include "backends/vpn/parse.h"
#include "backends/vpn/peer.h"
#include "backends/vpn/tailscale.h"

#define FRESH_MS 5000
#define CALL_MS 3000

struct ts_local {
	struct ts *ts;     /* of the server that is down */
	struct link *link; /* to this machine */
	struct origin *origin;
	struct call *call;
	int64_t asked_ms; /* loop clock, ms */
	char words[24];   /* "": it runs, or unknown */
};

const char *ts_state_words(const char *state)
{
	static const struct {
		const char *state, *words;
	} all[] = {
		{ "NeedsLogin", "logged out" }, { "NeedsMachineAuth", "waiting for approval" },
		{ "Stopped", "stopped" },       { "Starting", "starting" },
		{ "NoState", "starting" },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (!strcmp(state, all[i].state))
			return all[i].words;
	return NULL;
}

static void ts_local_on_status(struct call *call, const struct reply *r, void *arg)
{
	struct ts_local *h = arg;
	struct ts_status s;
	const char *words = NULL;
	h->call = NULL;
	if (r->err.code == ERR_ABSENT) {
		words = "not running";
	} else if (r->status == 200 && ts_status_parse(&s, r->body, r->len, NULL)) {
		words = ts_state_words(s.state);
		ts_status_finish(&s);
	}
	snprintf(h->words, sizeof(h->words), "%s", words ? words : "");
	server_judge(h->ts->source.server);
}

static void ts_local_ask(struct ts_local *h)
{
	static const char *const headers[] = { "Host: local-tailscaled.sock", NULL };
	static const struct endpoint endpoint = { .kind = ENDPOINT_UNIX, .path = TS_SOCKET };
	if (!h->origin)
		h->origin = origin_create(store_http(h->ts->source.store), h->link, &endpoint, 1);
	h->call = call_start(h->origin,
	                     &(struct call_spec){ .path = "/localapi/v0/status?peers=false",
	                                          .headers = headers,
	                                          .done = ts_local_on_status,
	                                          .arg = h,
	                                          .timeout_ms = CALL_MS });
}

static void ts_local_on_link(struct link *link, void *arg)
{
	struct ts_local *h = arg;
	if (link->state == LINK_UP && h->link == link && !h->call)
		ts_local_ask(h);
}

static void ts_local_poll(struct ts *t)
{
	static const struct link_events events = { .changed = ts_local_on_link };
	struct loop *loop = store_loop(t->source.store);
	if (t->local && (t->local->call || loop_now(loop) - t->local->asked_ms < FRESH_MS))
		return;
	bool first = !t->local;
	if (first) {
		t->local = xcalloc(1, sizeof(*t->local));
		t->local->ts = t;
		t->local->link = link_create_local(loop, "this machine", &events, t->local);
	}
	t->local->asked_ms = loop_now(loop);
	if (first)
		link_connect(t->local->link); /* the link comes up in a later turn of the loop */
	else if (t->local->link->state == LINK_UP)
		ts_local_ask(t->local);
}

const char *here_words(const struct server *down)
{
	const struct source *s;
	for (const struct server *v = store_servers(down->store); v; v = v->next)
		if (v->is_local && v->link && v->link->state == LINK_UP &&
		    (s = server_source(v, "tailscale"))) {
			/* The state that this machine's own source knows. */
			if (s->state == SOURCE_LIVE)
				return ts_state_words(ts_state(s));
			return s->state == SOURCE_ABSENT || s->err.code == ERR_ABSENT
			               ? "not running"
			               : NULL;
		}
	struct ts *t = (struct ts *)server_source(down, "tailscale");
	if (!t || !store_http(down->store) || strcmp(down->link->ops->name, "ssh") != 0)
		return NULL;
	ts_local_poll(t);
	return *t->local->words ? t->local->words : NULL;
}

void ts_local_finish(struct ts *t)
{
	struct ts_local *h = t->local;
	if (!h)
		return;
	call_cancel(h->call);
	origin_destroy(h->origin);
	link_destroy(h->link);
	free(h);
	t->local = NULL;
}
