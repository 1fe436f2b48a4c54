/* Peers of made-up VPNs: which rows are one peer, which server it is, and all that is said about
 * it. The facts come from a fixed row of numbers, so that many of their combinations are there.
 * Against tests/unit/answers/peers.txt. The rules themselves are in test_vpn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "backends/base/human.h"
#include "backends/base/mem.h"
#include "backends/link/link.h"
#include "backends/link/loop.h"
#include "backends/servers/replay.h"
#include "backends/servers/server.h"
#include "backends/store/report.h"
#include "backends/store/settings.h"
#include "backends/vpn/peer.h"
#include "panels/panels.h"
#include "tests/unit/expected.h"
#include "tui/table.h"

#define NOW INT64_C(1767225600000) /* 2026-01-01 */
#define FLEETS 40
#define AGE_OF_FACTS_MS 150000

static uint32_t dice;
/* 0 to n - 1. One in each statement: C leaves open which of several would come first. */
static unsigned pick(unsigned n)
{
	dice = dice * 1664525 + 1013904223;
	return (dice >> 16) % n;
}
#define ONE_OF(list) ((list)[pick(ARRAY_LEN(list))])

static const struct machine {
	const char *name, *key, *ip, *wire;
} machines[] = { { "sese", "aa", "100.64.0.1", "SESEKEY" },
	         { "pi", "bb", "100.64.0.2", "PIKEY" },
	         { "seko", "cc", "100.64.0.3", "SEKOKEY" },
	         { "phone", "dd", "100.64.0.4", "PHONEKEY" },
	         { "laptop", "ee", "100.64.0.5", "LAPKEY" } };
#define SERVERS 3 /* of them */

/* --- what the places say -------------------------------------------------- */

static size_t no_nets(char nets[][HUB_NET_SIZE], size_t max)
{
	(void)nets;
	(void)max;
	return 0;
}

static void feed(struct server *v, const char *backend, const char *what, struct buf *bytes)
{
	source_feed(server_source(v, backend), what, bytes->data, bytes->len);
	buf_finish(bytes);
}

static void write_time(struct buf *out, const char *name, int64_t from_now_ms)
{
	time_t at = (time_t)((NOW + from_now_ms) / 1000);
	struct tm tm;
	char text[40];
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
	buf_addf(out, ",\"%s\":\"%s\"", name, text);
}

/* The clock runs while the test does: each age is far from where its words change. */
#define MINUTE INT64_C(60000)
#define DAY (24 * 60 * MINUTE)
static const int64_t expiries[] = { -5 * MINUTE - 30000, 90 * MINUTE + 30000,
	                            14 * DAY - 30 * MINUTE - 30000, 14 * DAY + 30 * MINUTE + 30000,
	                            99 * DAY + DAY / 2 };
static const int64_t agos[] = { 5 * MINUTE, -MINUTE - 30000, -210 * MINUTE - 30000,
	                        -9 * DAY - DAY / 2 };

static void write_node(struct buf *out, const struct machine *m, size_t number)
{
	static const char *const online[] = { ",\"Online\":true", ",\"Online\":false", "",
		                              ",\"Online\":true,\"Active\":true" };
	static const char *const paths[] = { "", ",\"CurAddr\":\"10.0.0.9:41641\"",
		                             ",\"Relay\":\"fra\"",
		                             ",\"PeerRelay\":\"192.0.2.9:7:vni:1\"",
		                             ",\"Relay\":\"ams\",\"PeerRelay\":\"\"" };
	static const char *const more[] = { "",
		                            "",
		                            ",\"Expired\":true",
		                            ",\"ExitNode\":true",
		                            ",\"ExitNodeOption\":true,\"OS\":\"linux\"",
		                            ",\"PrimaryRoutes\":[\"10.9.0.0/24\"]" };
	/* a client that logged in again has another key */
	buf_addf(out,
	         "{\"ID\":\"%zu\",\"PublicKey\":\"nodekey:%s%s\",\"HostName\":\"%s\",\"DNSName\":"
	         "\"%s.lab.\",\"TailscaleIPs\":[\"%s\"]",
	         number, m->key, pick(8) ? "" : "0", m->name, m->name, m->ip);
	buf_puts(out, ONE_OF(online));
	buf_puts(out, ONE_OF(paths));
	buf_puts(out, ONE_OF(more));
	if (!pick(3))
		write_time(out, "KeyExpiry", ONE_OF(expiries));
	if (pick(2))
		write_time(out, "LastSeen", ONE_OF(agos));
	unsigned rx = pick(3) * 700, tx = pick(3) * 90000;
	buf_addf(out, ",\"RxBytes\":%u,\"TxBytes\":%u}", rx, tx);
}

static void tell_tailscale(struct server *const *servers, size_t at)
{
	static const char *const states[] = { "Running", "Running",    "Running",
		                              "Stopped", "NeedsLogin", "Starting" };
	struct buf out = { 0 };
	const char *state = ONE_OF(states);
	const char *suffix = pick(2) ? "lab" : "";
	const char *health = pick(3) ? "" : "\"no DNS\"";
	buf_addf(&out,
	         "{\"BackendState\":\"%s\",\"Version\":\"1.8%zu\",\"MagicDNSSuffix\":\"%s\","
	         "\"Health\":[%s],\"Self\":",
	         state, at, suffix, health);
	write_node(&out, &machines[at], at + 1);
	buf_puts(&out, ",\"Peer\":{");
	bool first = true;
	for (size_t i = 0; i < ARRAY_LEN(machines); i++) {
		if (i == at || !pick(4))
			continue;
		buf_addf(&out, "%s\"nodekey:%s\":", first ? "" : ",", machines[i].key);
		write_node(&out, &machines[i], i + 1);
		first = false;
	}
	buf_puts(&out, "}}");
	feed(servers[at], "tailscale", "status", &out);
}

static void tell_wireguard(struct server *const *servers, size_t at)
{
	static const int64_t now_s = (NOW - AGE_OF_FACTS_MS) / 1000;
	static const int64_t handshakes[] = { 0, 10, 10, 75, 120, 8880 };
	struct buf out = { 0 };
	buf_addf(&out, "clock %lld\nwg0\t-\t%s\t51820\toff\n", (long long)now_s, machines[at].wire);
	for (size_t i = 0; i < ARRAY_LEN(machines); i++) {
		if (i == at || pick(2))
			continue;
		int64_t ago = ONE_OF(handshakes);
		const char *endpoint = pick(3) ? "10.0.0.7:51820" : "(none)";
		const char *keep = pick(2) ? "25" : "off";
		buf_addf(&out, "wg0\t%s\t(none)\t%s\t10.8.0.%zu/32\t%lld\t%u\t12\t%s\n",
		         machines[i].wire, endpoint, i + 1, (long long)(ago ? now_s - ago : 0),
		         pick(3) * 5000, keep);
	}
	feed(servers[at], "wireguard", "dump", &out);
}

static void tell_headscale(struct server *const *servers, size_t at)
{
	static const char *const routes[] = { "", ",\"approved_routes\":[\"10.9.0.0/24\"]",
		                              ",\"available_routes\":[\"10.8.0.0/24\"]" };
	struct buf out = { 0 };
	buf_puts(&out, "=version\nv0.26.1\n=users\n[{\"id\":1,\"name\":\"default\"}]\n=nodes\n[");
	bool first = true;
	for (size_t i = 0; i < ARRAY_LEN(machines); i++) {
		if (!pick(4))
			continue;
		const char *online = pick(3) ? "true" : "false";
		buf_addf(&out,
		         "%s{\"id\":%zu,\"node_key\":\"nodekey:%s\",\"ip_addresses\":[\"%s\"],"
		         "\"given_name\":\"%s\",\"online\":%s%s}",
		         first ? "" : ",", i + 1, machines[i].key, machines[i].ip, machines[i].name,
		         online, ONE_OF(routes));
		first = false;
	}
	buf_puts(&out, "]\n");
	feed(servers[at], "headscale", "look", &out);
	if (!pick(4)) {
		buf_puts(&out, "=nodes\n<html>\n");
		feed(servers[at], "headscale", "look", &out);
	}
}

/* --- what is said --------------------------------------------------------- */

static long long in_minutes(int64_t ms)
{
	return ms ? (ms - NOW) / MINUTE : 77777;
}

/* In a buffer of any size there is the beginning of the text, and nothing behind the buffer. */
static void check_sizes(void (*say)(const struct peer *, char *, size_t), const struct peer *p,
                        const char *whole)
{
	for (size_t size = 1; size <= strlen(whole) + 1; size++) {
		char *exact = xcalloc(1, size);
		say(p, exact, size);
		assert_memory_equal(exact, whole, size - 1);
		assert_int_equal(exact[size - 1], '\0');
		free(exact);
	}
}

static void say_peer(struct buf *out, const struct row *r)
{
	const struct peer *p = const_peer_of(r), *w = peer_witness(p), *self = peer_self(p);
	char text[400];
	int64_t since;
	buf_addf(out, "%s is [%s]%s%s %s since %lld why %s\n", r->id, p->is,
	         p->primary ? " primary" : "", p->primary_here ? " here" : "",
	         health_name(r->health), in_minutes(r->health_ms), r->why ? r->why : "");
	const char *state = peer_state(p, &since);
	peer_path(p, text, sizeof(text));
	buf_addf(out, "  %s %lld online %d path [%s] witness %s self %s\n", state,
	         in_minutes(since), peer_online(p), text, w ? w->row.id : "-",
	         self ? self->row.id : "-");
	check_sizes(peer_path, p, text);
	peer_seen(p, text, sizeof(text));
	buf_addf(out, "  %s\n", text);
	check_sizes(peer_seen, p, text);
}

static void say_cells(struct buf *out, const struct row *r)
{
	struct cell lines[4];
	for (const struct column *c = panel_vpn.columns; c->name; c++) {
		struct cell cell = { 0 };
		column_cell(c, r, &cell);
		if (*cell.text)
			buf_addf(out, "  %s=%s/%d%s", c->name, cell.text, (int)cell.tone,
			         cell.changes_ms ? "*" : "");
	}
	memset(lines, 0, sizeof(lines));
	size_t n = panel_vpn.strip(r, lines, ARRAY_LEN(lines));
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "\n  | %s/%d", lines[i].text, (int)lines[i].tone);
	buf_puts(out, "\n");
}

static void say_server(struct buf *out, const struct server *v)
{
	char why[200] = "", brief[80] = "";
	int64_t since = 0;
	bool well = false;
	bool reason = vpn_reason(v, why, sizeof(why));
	bool has = vpn_brief(v, brief, sizeof(brief), &since, &well);
	buf_addf(out, "%s: carried %d hub [%s] %d %s | %d %s %lld well %d\n", v->name,
	         vpn_carries(v), v->hub, reason, why, has, has ? brief : "", in_minutes(since),
	         well);
}

static void say_store(struct buf *out, struct store *store)
{
	const struct row *rows[64];
	size_t n = 0;
	for (struct row *r = store_first(store, &kind_peer, NULL); r;
	     r = store_next(r, &kind_peer, NULL)) {
		say_peer(out, r);
		if (panel_vpn.wants(r) && n < ARRAY_LEN(rows))
			rows[n++] = r;
	}
	struct table *t = table_create(&panel_vpn);
	for (int by = 0; by < 2; by++) {
		table_sort_by(t, by ? "expiry" : NULL, false);
		table_sort(t, rows, n);
		buf_addf(out, "sorted%s:", by ? " by expiry" : "");
		for (size_t i = 0; i < n; i++)
			buf_addf(out, " %s", rows[i]->id);
		buf_puts(out, "\n");
	}
	table_destroy(t);
	for (size_t i = 0; i < n; i++)
		say_cells(out, rows[i]);
	for (const struct server *v = store_servers(store); v; v = v->next)
		say_server(out, v);
}

static void change_places(struct server *const *servers)
{
	static const char *const addresses[] = {
		"",           "100.64.0.2",         "10.0.0.9",          "sese.lab",
		"100.63.0.1", "100.64.0.1 port 22", "fd7a:115c:a1e0::2", "100.127.9.9",
		"100.128.0.1"
	};
	static const char *const families[] = { "tailscale", "wireguard", "headscale" };
	for (size_t i = 0; i < SERVERS; i++) {
		struct link *l = servers[i]->link;
		l->state = pick(3) ? LINK_UP : LINK_LOST;
		snprintf(l->address, sizeof(l->address), "%s", ONE_OF(addresses));
		for (size_t k = 0; k < ARRAY_LEN(families); k++)
			if (!pick(5))
				source_set_state(server_source(servers[i], families[k]),
				                 SOURCE_STALE, NULL);
	}
}

static void make_pings(struct store *store)
{
	for (struct row *r = store_first(store, &kind_peer, NULL); r;
	     r = store_next(r, &kind_peer, NULL)) {
		struct peer *p = peer_of(r);
		if (pick(3))
			continue;
		p->ping_ms = 12.4;
		p->pinged_ms = NOW - 90000;
		snprintf(p->ping_path, sizeof(p->ping_path), "%s", pick(2) ? "DERP(fra)" : "");
	}
}

static void test_peers_of_many_fleets(void **state)
{
	static struct settings settings;
	struct buf out;
	(void)state;
	buf_init(&out, 8 << 20);
	setenv("TZ", "UTC0", 1);
	tzset();
	settings.state_dir = (char *)"/dev/null/none";
	hub_own_nets = no_nets;
	dice = 12;
	for (int fleet = 0; fleet < FLEETS; fleet++) {
		struct loop *loop = loop_create();
		struct store *store = store_create(loop, NULL, &settings);
		struct server *servers[SERVERS];
		now_wall_set(NOW);
		for (size_t i = 0; i < SERVERS; i++) {
			servers[i] = server_open_replay(store, machines[i].name);
			servers[i]->link->state = LINK_UP;
		}
		for (size_t i = 0; i < SERVERS; i++) {
			now_wall_set(NOW - AGE_OF_FACTS_MS);
			if (pick(4))
				tell_tailscale(servers, i);
			if (!pick(3))
				tell_wireguard(servers, i);
			if (!pick(3))
				tell_headscale(servers, i);
			now_wall_set(NOW);
			if (!pick(3))
				tell_tailscale(servers, i);
		}
		change_places(servers);
		make_pings(store);
		now_wall_set(NOW);
		vpn_join(store);
		buf_addf(&out, "=== %d\n", fleet);
		say_store(&out, store);
		store_destroy(store);
		loop_destroy(loop);
	}
	now_wall_set(0);
	expected_check(&out, "tests/unit/answers/peers.txt");
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_peers_of_many_fleets) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
