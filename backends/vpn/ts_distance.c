/* ts_distance.c: when a peer's details open, pings the peer from each place that sees it. Each
 * tailscaled gets one ping through its socket. This starts no process, and nothing runs while no
 * details are open. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/http.h"
#include "backends/vpn/acts.h"
#include "backends/vpn/parse.h"
#include "backends/vpn/tailscale.h"

#define LOOK_MS 6000
#define LOOKS_MAX 32 /* per tailscaled, at a time */

struct ts_ping {
	struct ts *ts;
	struct call *call;
	char id[ID_KEEP]; /* row id: the peer as that place sees it */
	struct ts_ping *next, **prev;
};

static void ts_distance_ping_free(struct ts_ping *k)
{
	*k->prev = k->next;
	if (k->next)
		k->next->prev = k->prev;
	call_cancel(k->call);
	free(k);
}

void ts_pings_end(struct ts *ts)
{
	while (ts->pings)
		ts_distance_ping_free(ts->pings);
}

void peer_pinged(struct row *row, double ms, const char *path)
{
	struct peer *p = peer_of(row);
	p->ping_ms = ms;
	p->pinged_ms = now_wall_ms();
	snprintf(p->ping_path, sizeof(p->ping_path), "%s", path);
	store_touch(row);
}

/* Ignores missing answers: the row already has tailscaled's view of the peer. */
static void ts_distance_on_pong(struct call *call, const struct reply *r, void *arg)
{
	struct ts_ping *k = arg;
	struct row *row = store_find(k->ts->source.store, k->id);
	struct ts_pong p;
	(void)call;
	if (row && row->kind == &kind_peer && !r->err.code && r->status == 200 &&
	    ts_pong_parse(&p, r->body, r->len) && p.ms >= 0)
		peer_pinged(row, p.ms, p.path);
	k->call = NULL;
	ts_distance_ping_free(k);
}

static bool ts_distance_ping(const struct peer *p)
{
	struct ts *ts = (struct ts *)p->row.source;
	struct origin *origin = ts_origin(&ts->source);
	size_t n = 0;
	for (const struct ts_ping *other = ts->pings; other; other = other->next)
		n++;
	if (!origin || n >= LOOKS_MAX)
		return false;
	struct ts_ping *k = xcalloc(1, sizeof(*k));
	*k = (struct ts_ping){ .ts = ts, .next = ts->pings, .prev = &ts->pings };
	if (k->next)
		k->next->prev = &k->next;
	ts->pings = k;
	snprintf(k->id, sizeof(k->id), "%s", p->row.id);
	k->call = ts_ping(origin, p->at.addrs[0], LOOK_MS, ts_distance_on_pong, k);
	return true;
}

bool peer_look(const struct peer *p)
{
	bool any = false;
	const struct peer *o = p;
	do {
		if (o->family == VPN_TAILSCALE && !o->control && !o->at.self && o->at.n_addrs &&
		    o->row.source->state == SOURCE_LIVE && peer_online(o))
			any |= ts_distance_ping(o);
		o = o->next;
	} while (o != p);
	return any;
}
